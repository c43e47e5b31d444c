//! Tokens, headers and passwords as a stranger would use and attack them.

mod attacks;
mod header;
mod passwords;
mod remembering;
mod sessions;
mod shared_secret;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use grid_core::{
    auth::{
        Error, Inspection, Issuer, JwkSet, LONGEST_TOKEN, Outcome, Principal, Scopes, SigningKey, Subject,
        Verifier, VerifyingKey, inspect,
    },
    error::{Failure as _, Kind},
};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::{sync::LazyLock, time::Duration};
use uuid::Uuid;

const ISSUER: &str = "https://grid.example";
const AUDIENCE: &str = "grid-api";
const NOW: i64 = 1_774_746_000;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate().unwrap());

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn verifier() -> Verifier {
    Verifier::new([KEY.verifying_key()], ISSUER, AUDIENCE)
}

fn issuer() -> Issuer {
    Issuer::new(KEY.clone(), ISSUER, AUDIENCE)
}

fn kat() -> Subject {
    Subject {
        user_id: Uuid::from_u128(0x05e3_950b),
        username: "kat".to_owned(),
        scope: "readings:read readings:write".parse().unwrap(),
        session_id: None,
    }
}

fn header() -> Value {
    json!({"alg": "EdDSA", "typ": "at+jwt", "kid": KEY.key_id().as_str()})
}

fn claims() -> Value {
    let user = Uuid::from_u128(7).to_string();
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": user, "id": user, "username": "kat",
        "client_id": "grid", "scope": "", "jti": Uuid::from_u128(9).to_string(),
        "iat": NOW, "nbf": NOW, "exp": NOW + 900,
    })
}

/// Changes a member, or takes it away.
fn with(mut object: Value, name: &str, value: Option<Value>) -> Value {
    let members = object.as_object_mut().unwrap();
    match value {
        Some(value) => members.insert(name.to_owned(), value),
        None => members.remove(name),
    };
    object
}

/// Signs any header and any claims with the right key.
fn forge(header: &str, claims: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let key = EncodingKey::from_ed_der(KEY.as_pkcs8());
    let signature = crypto::sign(message.as_bytes(), &key, Algorithm::EdDSA).unwrap();
    format!("{message}.{signature}")
}

/// Verifies, and holds the explanation to the verdict.
fn verify(token: &str, now: Timestamp) -> Result<Principal, Error> {
    let verdict = verifier().verify(token, now);
    let explained = inspect(token, Some(&verifier()), now);
    assert_eq!(explained.valid, verdict.is_ok());
    assert_eq!(explained.reason, verdict.as_ref().err().map(Error::reason));
    if let Err(error) = &verdict {
        assert_eq!(error.kind(), Kind::Unauthenticated, "{error}");
        assert!(token.len() < 50 || !error.to_string().contains(token), "{error}");
    }
    verdict
}

fn reason_of(header: &Value, claims: &Value) -> &'static str {
    verify(&forge(&header.to_string(), &claims.to_string()), at(NOW))
        .map_or_else(|error| error.reason(), |_| "accepted")
}

fn reason_with_header(name: &str, value: impl Into<Option<Value>>) -> &'static str {
    reason_of(&with(header(), name, value.into()), &claims())
}

fn reason_with_claim(name: &str, value: impl Into<Option<Value>>) -> &'static str {
    reason_of(&header(), &with(claims(), name, value.into()))
}

// What is issued.

#[test]
fn an_issued_token_says_what_the_standard_and_the_old_services_want() {
    let issued = issuer().issue(&kat(), at(NOW)).unwrap();
    let shown = inspect(&issued.token, Some(&verifier()), at(NOW + 60));
    assert!(shown.valid, "{shown:?}");
    assert_eq!(shown.seconds_left, Some(840));
    assert_eq!(Value::Object(shown.header.unwrap()), header());
    let user = kat().user_id.to_string();
    let expected = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": user, "id": user, "username": "kat", "client_id": "grid",
        "scope": "readings:read readings:write", "jti": issued.id.to_string(),
        "iat": NOW, "nbf": NOW, "exp": NOW + 900,
    });
    assert_eq!(Value::Object(shown.claims.unwrap()), expected);
    assert_eq!(issued.expires_in, Duration::from_mins(15));
    assert!(!format!("{issued:?}").contains(&issued.token), "Debug shows no token");
}

#[test]
fn two_tokens_of_the_same_instant_have_different_ids() {
    let issuer = issuer();
    let ids = [0; 2].map(|_| issuer.issue(&kat(), at(NOW)).unwrap().id);
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn a_subject_that_does_not_fit_gets_no_token() {
    let subject = Subject { username: "k".repeat(LONGEST_TOKEN), ..kat() };
    let refused = issuer().issue(&subject, at(NOW)).unwrap_err();
    assert_eq!((refused.reason(), refused.kind()), ("subject_too_long", Kind::Invalid));
}

#[test]
fn a_lifetime_is_from_one_second_to_a_day() {
    for refused in [0, 86_401] {
        assert!(issuer().with_lifetime(Duration::from_secs(refused)).is_err());
    }
    let day = issuer().with_lifetime(Duration::from_hours(24)).unwrap().issue(&kat(), at(NOW)).unwrap();
    assert!(verify(&day.token, at(NOW + 86_399)).is_ok());
    let strict = verifier().with_longest_lifetime(Duration::from_hours(1));
    assert_eq!(strict.verify(&day.token, at(NOW)).unwrap_err().reason(), "lifetime_too_long");
}

#[test]
fn old_keys_verify_beside_the_new_one() {
    let new = SigningKey::generate().unwrap();
    let both = Verifier::new([new.verifying_key(), KEY.verifying_key()], ISSUER, AUDIENCE);
    for key in [KEY.clone(), new] {
        let issued = Issuer::new(key, ISSUER, AUDIENCE).issue(&kat(), at(NOW)).unwrap();
        assert!(both.verify(&issued.token, at(NOW)).is_ok());
    }
}

#[test]
fn a_token_of_another_program_verifies() {
    // Made by PyJWT 2.15.1 with the private key of RFC 8037 appendix A.1; the public one is that of A.2.
    let token = "eyJhbGciOiJFZERTQSIsImtpZCI6ImtQcktfcW14VldhWVZBOXd3QkY2SXVvM3ZWeno3VHhIQ1R3WEJ5Z3JTNGsiLCJ0eXAiOiJhdC\
                 tqd3QifQ.eyJpc3MiOiJodHRwczovL2dyaWQuZXhhbXBsZSIsImF1ZCI6ImdyaWQtYXBpIiwic3ViIjoiMDAwMDAwMDAtMDAwMC0wMD\
                 AwLTAwMDAtMDAwMDAwMDAwMDA3IiwiaWQiOiIwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDciLCJ1c2VybmFtZSI6I\
                 mthdCIsImNsaWVudF9pZCI6ImdyaWQiLCJzY29wZSI6InJlYWRpbmdzOnJlYWQiLCJqdGkiOiIwMDAwMDAwMC0wMDAwLTAwMDAtMDAw\
                 MC0wMDAwMDAwMDAwMDkiLCJpYXQiOjE3NzQ3NDYwMDAsIm5iZiI6MTc3NDc0NjAwMCwiZXhwIjoxNzc0NzQ2OTAwfQ.T-e3s2k3GuwQ\
                 NR_62XL_EeYY9iR2hYfzKrUKZxlJ5vIv0sTW03VskSkHY8l1qTD_vzHmsZOgqvQnxILdOfdBCQ";
    let published =
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    let keys = JwkSet::parse(published).unwrap().to_verifying_keys().unwrap();
    let caller = Verifier::new(keys, ISSUER, AUDIENCE).verify(token, at(NOW)).unwrap();
    assert_eq!((caller.user_id, caller.username.as_str()), (Uuid::from_u128(7), "kat"));
    assert_eq!((caller.token_id, caller.expires_at), (Uuid::from_u128(9), at(NOW + 900)));
    assert!(caller.scopes.allows("readings:read") && !caller.scopes.allows("readings:write"));
}

// Time.

#[test]
fn a_token_ends_at_the_very_second_of_its_expiry() {
    let token = forge(&header().to_string(), &claims().to_string());
    let last = Timestamp::new(NOW + 899, 999_999_999).unwrap();
    assert!(verify(&token, last).is_ok());
    let refused = verify(&token, at(NOW + 900)).unwrap_err();
    assert_eq!(refused, Error::TokenExpired { expired_at: at(NOW + 900), seconds_ago: 0 });
    assert_eq!(
        refused.to_string(),
        "expected a token that is valid now, got one that expired at 2026-03-29T01:15:00Z, 0 s ago"
    );
}

#[test]
fn a_clock_that_is_half_a_minute_behind_is_forgiven_and_no_more() {
    let token = forge(&header().to_string(), &claims().to_string());
    assert!(verify(&token, at(NOW - 30)).is_ok());
    assert_eq!(verify(&token, at(NOW - 31)).unwrap_err().reason(), "token_not_yet_valid");
    assert_eq!(reason_with_claim("nbf", json!(NOW + 31)), "token_not_yet_valid");
    assert_eq!(reason_with_claim("iat", json!(NOW + 31)), "issued_in_future");
    assert_eq!(reason_with_claim("iat", json!(NOW + 30)), "accepted");
}

// The explanation.

#[test]
fn without_keys_a_token_is_explained_and_not_valid() {
    let token = forge(&header().to_string(), &claims().to_string());
    let shown = inspect(&token, None, at(NOW + 1_000));
    assert!(!shown.valid);
    assert_eq!((shown.reason, shown.seconds_left), (Some("token_expired"), Some(-100)));
    let skipped: Vec<_> = names(&shown, Outcome::Skipped);
    assert_eq!(skipped, ["key", "signature", "issuer", "audience"]);
    assert!(!inspect(&token, None, at(NOW)).valid, "nobody checked the signature");
    let json = serde_json::to_value(inspect("x", None, at(NOW))).unwrap();
    assert_eq!(json["checks"][0]["outcome"], "failed");
    assert_eq!(json["checks"][0]["message"], "expected 3 segments separated by dots, got 1");
}

#[test]
fn every_check_that_fails_is_shown() {
    let bad = with(with(claims(), "aud", Some(json!("another"))), "exp", Some(json!(NOW)));
    let shown = inspect(&forge(&header().to_string(), &bad.to_string()), Some(&verifier()), at(NOW));
    assert_eq!(names(&shown, Outcome::Failed), ["audience", "expiry"]);
}

fn names(inspection: &Inspection, outcome: Outcome) -> Vec<&'static str> {
    inspection.checks.iter().filter(|check| check.outcome == outcome).map(|check| check.name).collect()
}

// Laws.

proptest! {
    #[test]
    fn any_text_as_a_token_is_refused(text in any::<String>(), now in any::<i32>()) {
        prop_assert!(verify(&text, at(now.into())).is_err());
    }

    #[test]
    fn any_signed_json_is_refused_or_right(header in ".{0,60}", claims in ".{0,60}") {
        prop_assert!(verify(&forge(&header, &claims), at(NOW)).is_err());
        prop_assert!(verify(&forge(&self::header().to_string(), &claims), at(NOW)).is_err());
    }

    #[test]
    fn any_byte_changed_in_a_token_is_noticed(position in any::<prop::sample::Index>(), byte in 0x20..0x7f_u8) {
        let token = forge(&header().to_string(), &claims().to_string());
        let mut changed = token.clone().into_bytes();
        let position = position.index(changed.len());
        prop_assume!(changed[position] != byte);
        changed[position] = byte;
        prop_assert!(verify(&String::from_utf8(changed).unwrap(), at(NOW)).is_err());
    }

    #[test]
    fn what_is_issued_verifies_while_it_lives(
        user in any::<u128>(), username in ".{1,40}", scope in "[a-z]{0,8}( [a-z:]{1,8}){0,3}",
        now in 0..250_000_000_000_i64, lifetime in 1..=86_400_i64, later in any::<prop::sample::Index>(),
    ) {
        let scope: Scopes = scope.parse().unwrap();
        let subject = Subject { user_id: Uuid::from_u128(user), username, scope, session_id: None };
        let issuer = issuer().with_lifetime(Duration::from_secs(lifetime.unsigned_abs())).unwrap();
        let issued = issuer.issue(&subject, at(now)).unwrap();
        let later = i64::try_from(later.index(usize::try_from(lifetime).unwrap())).unwrap();
        let caller = verify(&issued.token, at(now + later)).unwrap();
        prop_assert_eq!(caller.user_id, subject.user_id);
        prop_assert_eq!(caller.username, subject.username);
        prop_assert_eq!(caller.scopes, subject.scope);
        prop_assert_eq!(caller.token_id, issued.id);
        prop_assert_eq!(caller.expires_at, at(now + lifetime));
        prop_assert!(verify(&issued.token, at(now + lifetime)).is_err());
    }

    #[test]
    fn a_public_key_round_trips_as_jwk(raw in any::<[u8; 32]>()) {
        let key = VerifyingKey::from_bytes(raw);
        prop_assert_eq!(key.to_jwk().to_verifying_key(), Ok(key));
    }
}
