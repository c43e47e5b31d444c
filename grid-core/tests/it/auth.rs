//! Tokens, headers and passwords as a stranger would use and attack them.

mod attacks;
mod header;
mod passwords;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use grid_core::{
    auth::{
<<<<<<< HEAD
        Error, Inspection, Issuer, JwkSet, LONGEST_TOKEN, Outcome, Password, PasswordHasher, Principal,
        Scopes, SigningKey, Subject, Verifier, VerifyingKey, bearer, inspect,
=======
        Error, Inspection, Issuer, JwkSet, LONGEST_TOKEN, Outcome, Principal, Scopes, SigningKey, Subject,
        Verifier, VerifyingKey, inspect,
>>>>>>> main
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

<<<<<<< HEAD
// What jsonwebtoken lets through.

#[test]
fn an_issue_time_a_year_ahead_is_refused() {
    assert_eq!(reason_with_claim("iat", json!(NOW + 365 * 86_400)), "issued_in_future");
}

#[test]
fn an_expiry_absurdly_far_is_refused() {
    assert_eq!(reason_with_claim("exp", json!(NOW + 365 * 86_400)), "lifetime_too_long");
    for absurd in [json!(u64::MAX), json!(i64::MAX), json!(1e300), json!(-1), json!(253_402_300_800_i64)] {
        assert_eq!(reason_with_claim("exp", absurd), "claim_malformed");
    }
}

#[test]
fn an_audience_of_another_type_is_refused() {
    for other in [json!(123), json!({}), json!(true), json!([AUDIENCE, 1])] {
        assert_eq!(reason_with_claim("aud", other), "claim_malformed");
    }
    assert_eq!(reason_with_claim("aud", json!(null)), "claim_malformed");
}

#[test]
fn an_absent_audience_is_refused() {
    assert_eq!(reason_with_claim("aud", None), "claim_missing");
    assert_eq!(reason_with_claim("aud", json!([])), "wrong_audience");
}

#[test]
fn an_issuer_of_another_type_is_refused() {
    for other in [json!({}), json!([ISSUER]), json!(1), json!(null)] {
        assert_eq!(reason_with_claim("iss", other), "claim_malformed");
    }
}

#[test]
fn a_critical_extension_is_refused() {
    for any in [json!(["b64"]), json!([]), json!(null)] {
        assert_eq!(reason_with_header("crit", any), "critical_extension");
    }
}

#[test]
fn a_token_of_another_type_is_refused() {
    for other in [
        json!("refresh+jwt"),
        json!("JWT"),
        json!("at+jwt "),
        json!("application/jwt"),
        json!(1),
        json!(null),
    ] {
        assert_eq!(reason_with_header("typ", other), "wrong_type");
    }
    assert_eq!(reason_with_header("typ", None), "wrong_type");
    for same in ["AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        assert_eq!(reason_with_header("typ", json!(same)), "accepted");
    }
}

#[test]
fn a_time_that_is_not_a_whole_number_is_refused() {
    for claim in ["exp", "nbf", "iat"] {
        for other in [json!(NOW.to_string()), json!(1.5), json!([NOW]), json!(null)] {
            assert_eq!(reason_with_claim(claim, other), "claim_malformed", "{claim}");
        }
    }
}

#[test]
fn every_claim_is_required() {
    for claim in ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "username", "id"] {
        assert_eq!(reason_with_claim(claim, None), "claim_missing", "{claim}");
    }
    assert_eq!(reason_with_claim("scope", None), "accepted");
    assert_eq!(reason_with_claim("scope", json!(["a"])), "claim_malformed");
}

#[test]
fn identities_are_uuids_and_agree() {
    for other in ["kat", "{00000000-0000-0000-0000-000000000007}", "00000000000000000000000000000007"] {
        assert_eq!(reason_with_claim("sub", json!(other)), "claim_malformed");
        assert_eq!(reason_with_claim("jti", json!(other)), "claim_malformed");
    }
    assert_eq!(reason_with_claim("id", json!(Uuid::from_u128(8).to_string())), "claim_malformed");
}

#[test]
fn duplicate_names_are_refused() {
    let twice = |object: &Value, more: &str| object.to_string().replacen('{', &format!("{{{more},"), 1);
    let reason = |header: &str, claims: &str| verify(&forge(header, claims), at(NOW)).unwrap_err().reason();
    let (header, claims) = (header(), claims());
    for more in [r#""exp":1"#, r#""e\u0078p":1"#, r#""sub":"x""#] {
        assert_eq!(reason(&header.to_string(), &twice(&claims, more)), "duplicate_name", "{more}");
    }
    assert_eq!(reason(&header.to_string(), &twice(&claims, r#""unknown":1,"unknown":2"#)), "duplicate_name");
    assert_eq!(reason(&twice(&header, r#""alg":"none""#), &claims.to_string()), "duplicate_name");
}

// The attacks of RFC 8725 section 2.

#[test]
fn no_algorithm_is_refused() {
    for name in ["none", "None", "NONE", "nOnE", "", "ES256", "eddsa"] {
        let header = with(header(), "alg", Some(json!(name)));
        assert_eq!(reason_of(&header, &claims()), "wrong_algorithm", "{name}");
        let unsigned = format!(
            "{}.{}.",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims().to_string())
        );
        assert_eq!(verify(&unsigned, at(NOW)).unwrap_err().reason(), "wrong_algorithm");
    }
    assert_eq!(reason_with_header("alg", None), "wrong_algorithm");
}

#[test]
fn a_secret_made_of_the_public_key_signs_nothing() {
    for secret in
        [KEY.verifying_key().as_bytes().to_vec(), serde_json::to_vec(&KEY.verifying_key().to_jwk()).unwrap()]
    {
        for name in ["HS256", "EdDSA"] {
            let header = with(header(), "alg", Some(json!(name)));
            let message = format!(
                "{}.{}",
                URL_SAFE_NO_PAD.encode(header.to_string()),
                URL_SAFE_NO_PAD.encode(claims().to_string())
            );
            let key = EncodingKey::from_secret(&secret);
            let signature = crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
            let expected = if name == "HS256" { "wrong_algorithm" } else { "bad_signature" };
            assert_eq!(verify(&format!("{message}.{signature}"), at(NOW)).unwrap_err().reason(), expected);
        }
    }
}

#[test]
fn a_stripped_or_changed_signature_is_refused() {
    let token = forge(&header().to_string(), &claims().to_string());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let reason = |token: &str| verify(token, at(NOW)).unwrap_err().reason();
    assert_eq!(reason(message), "token_malformed");
    assert_eq!(reason(&format!("{message}.")), "signature_missing");
    assert_eq!(reason(&format!("{message}.{signature}=")), "segment_not_base64");
    assert_eq!(reason(&format!("{message}.{signature}.")), "token_malformed");
    assert_eq!(reason(&format!("{message}.{}", &signature[..80])), "bad_signature");
    assert_eq!(reason(&format!("{message}.{}", URL_SAFE_NO_PAD.encode([0; 64]))), "bad_signature");
    let other = forge(&header().to_string(), &with(claims(), "username", Some(json!("root"))).to_string());
    let (other_message, _) = other.rsplit_once('.').unwrap();
    assert_eq!(reason(&format!("{other_message}.{signature}")), "bad_signature");
}

#[test]
fn a_signature_has_one_spelling() {
    let token = forge(&header().to_string(), &claims().to_string());
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let same_bytes_elsewhere = alphabet
        .chars()
        .map(|last| format!("{}{last}", &token[..token.len() - 1]))
        .filter(|changed| *changed != token && verify(changed, at(NOW)).is_ok())
        .count();
    assert_eq!(same_bytes_elsewhere, 0);
}

#[test]
fn a_wrong_key_id_is_refused() {
    assert_eq!(reason_with_header("kid", json!("another")), "unknown_key");
    assert_eq!(reason_with_header("kid", json!("../../dev/null")), "unknown_key");
    assert_eq!(reason_with_header("kid", None), "key_id_missing");
    assert_eq!(reason_with_header("kid", json!(7)), "key_id_missing");
}

#[test]
fn a_key_in_the_token_is_not_believed() {
    let stranger = SigningKey::generate().unwrap();
    let jwk = serde_json::to_value(stranger.verifying_key().to_jwk()).unwrap();
    let header = with(with(header(), "jwk", Some(jwk)), "jku", Some(json!("https://evil.example/jwks.json")));
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims().to_string())
    );
    let key = EncodingKey::from_ed_der(stranger.as_pkcs8());
    let signature = crypto::sign(message.as_bytes(), &key, Algorithm::EdDSA).unwrap();
    assert_eq!(verify(&format!("{message}.{signature}"), at(NOW)).unwrap_err().reason(), "bad_signature");
}

#[test]
fn a_token_for_another_service_or_from_another_issuer_is_refused() {
    assert_eq!(reason_with_claim("aud", json!("another-api")), "wrong_audience");
    assert_eq!(reason_with_claim("aud", json!("grid-api ")), "wrong_audience");
    assert_eq!(reason_with_claim("aud", json!(["another-api", AUDIENCE])), "accepted");
    assert_eq!(reason_with_claim("iss", json!("https://grid.example/")), "wrong_issuer");
}

#[test]
fn an_oversized_token_is_refused_before_it_is_read() {
    let token =
        forge(&header().to_string(), &with(claims(), "more", Some(json!("x".repeat(9_000)))).to_string());
    assert_eq!(
        verify(&token, at(NOW)).unwrap_err(),
        Error::TokenTooLong { most: LONGEST_TOKEN, got: token.len() }
    );
    assert_eq!(verify(&"a.".repeat(500_000), at(NOW)).unwrap_err().reason(), "token_too_long");
}

#[test]
fn deep_json_is_refused() {
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(2_000), "]".repeat(2_000));
    assert_eq!(verify(&forge(&deep, "{}"), at(NOW)).unwrap_err().reason(), "segment_not_object");
}

#[test]
fn what_is_no_token_is_told_what_one_looks_like() {
    let cases = [
        ("garbage", "expected 3 segments separated by dots, got 1"),
        ("", "expected 3 segments separated by dots, got 1"),
        ("a.b", "expected 3 segments separated by dots, got 2"),
        ("a.b.c.d", "expected 3 segments separated by dots, got 4"),
        (
            "e30 .e30.e30",
            "expected the header as base64url without padding, got something else at byte 4 of it",
        ),
        ("W10.e30.e30", "expected the header as a JSON object, got something else at column 1"),
        ("e30.e30.e30", "expected a token of type `at+jwt`, got nothing"),
    ];
    for (token, message) in cases {
        assert_eq!(verify(token, at(NOW)).unwrap_err().to_string(), message, "{token}");
    }
}

// The header.

#[test]
fn a_header_gives_its_token_or_a_reason() {
    let reason = |header: &str| {
        bearer(Some(header.as_bytes())).map_or_else(
            |error| error.reason(),
            |token| {
                assert_eq!(token, "abc.def.g-h_i");
                "token"
            },
        )
    };
    for good in [
        "Bearer abc.def.g-h_i",
        "bearer abc.def.g-h_i",
        "BEARER   abc.def.g-h_i  ",
        " \tBearer\tabc.def.g-h_i",
    ] {
        assert_eq!(reason(good), "token", "{good:?}");
    }
    let refused = [
        ("", "header_not_bearer"),
        ("abc.def.ghi", "header_not_bearer"),
        ("Basic a2F0OnB3", "header_not_bearer"),
        ("Bearerabc", "header_not_bearer"),
        ("Bearer", "header_empty"),
        ("Bearer   ", "header_empty"),
        ("Bearer undefined", "header_placeholder"),
        ("Bearer null", "header_placeholder"),
        ("Bearer a b", "header_many_values"),
        ("Bearer Bearer a", "header_many_values"),
        ("Bearer a, Bearer b", "header_many_values"),
        ("Bearer a,", "header_many_values"),
        ("Bearer \"abc\"", "header_not_plain"),
        ("Bearer ab\u{e9}", "header_not_plain"),
        ("Bearer ab\0", "header_not_plain"),
        ("Bearer a=b", "header_not_plain"),
        ("Bearer =", "header_not_plain"),
    ];
    for (header, expected) in refused {
        assert_eq!(reason(header), expected, "{header:?}");
    }
    assert_eq!(bearer(None).unwrap_err(), Error::HeaderMissing);
    assert_eq!(bearer(Some(b"Bearer \xff")).unwrap_err(), Error::HeaderNotPlain { position: 8 });
    assert_eq!(bearer(Some(b"  Bearer  ab\"c ")).unwrap_err(), Error::HeaderNotPlain { position: 13 });
    let long = format!("Bearer {}", "a".repeat(LONGEST_TOKEN));
    assert_eq!(reason(&long), "header_too_long");
}

#[test]
fn a_header_is_never_repeated_in_its_refusal() {
    let secret = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiI3In0.c2VjcmV0";
    for header in [secret.to_owned(), format!("Bearer {secret} {secret}"), format!("Bearer \"{secret}\"")] {
        let refused = bearer(Some(header.as_bytes())).unwrap_err();
        assert!(!format!("{refused} {refused:?} {:?}", refused.hint()).contains("eyJ"), "{refused}");
    }
}

=======
>>>>>>> main
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
        let subject = Subject { user_id: Uuid::from_u128(user), username, scope };
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
