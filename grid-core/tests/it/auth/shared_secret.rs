//! The HS256 mode: the tokens of PyJWT and python-jose, and every way to misuse it.

use std::time::Duration;

use grid_core::auth::{
    Error, Inspection, Issuer, Outcome, RememberingVerifier, Scopes, SharedSecret, SigningKey, Subject,
    inspect_shared,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{KEY, NOW, at, kat, verifier, with};

const SECRET: &[u8] = b"a secret of the old system, 32 bytes and more";

fn secret() -> SharedSecret {
    SharedSecret::new(SECRET).unwrap()
}

/// Signs any claims as another program would.
fn sign(header: &Header, claims: &Value, secret: &[u8]) -> String {
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(secret)).unwrap()
}

fn old(claims: &Value) -> String {
    sign(&Header::new(Algorithm::HS256), claims, SECRET)
}

fn claims() -> Value {
    json!({"username": "kat", "id": "05e3950b-0000-4000-8000-000000000007", "exp": NOW + 900})
}

fn reason(token: &str) -> &'static str {
    secret().verify(token, at(NOW)).unwrap_err().reason()
}

/// Made by PyJWT 2.15.1 and, to the same letter, by python-jose 3.5.0:
/// `encode({"username": "kat", "id": "05e3950b-0000-4000-8000-000000000007", "exp": 1774746900}, SECRET, "HS256")`.
const OF_PYTHON: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImthdCIsImlkIjoiMDVlMzk1MGItMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDA3IiwiZXhwIjoxNzc0NzQ2OTAwfQ.w7uJdPKkBq4PAkYvTYY7PE2xl2_WgYE-_iPBu64PC5o";

#[test]
fn s24_a_token_of_the_old_system_says_who_is_asking() {
    let principal = secret().verify(OF_PYTHON, at(NOW)).unwrap();
    assert_eq!(principal.username, "kat");
    assert_eq!(principal.user_id.to_string(), "05e3950b-0000-4000-8000-000000000007");
    assert_eq!(principal.scopes, Scopes::of_user());
    assert_eq!((principal.session_id, principal.issued_at), (None, None));
    let again = secret().verify(OF_PYTHON, at(NOW + 1)).unwrap();
    assert_eq!(principal.token_id, again.token_id, "a token without an id has the same one each time");
}

#[test]
fn what_is_issued_verifies_and_has_the_old_claims() {
    let subject = Subject { session_id: Some(Uuid::from_u128(5)), ..kat() };
    let issued = secret().issue(&subject, Duration::from_mins(15), at(NOW)).unwrap();
    let principal = secret().verify(&issued.token, at(NOW + 899)).unwrap();
    assert_eq!((principal.token_id, principal.session_id), (issued.id, Some(Uuid::from_u128(5))));
    assert_eq!((principal.user_id, &principal.scopes), (subject.user_id, &subject.scope));
    // Another program reads it.
    let mut validation = jsonwebtoken::Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    let key = jsonwebtoken::DecodingKey::from_secret(SECRET);
    let read = jsonwebtoken::decode::<Value>(&issued.token, &key, &validation).unwrap().claims;
    assert_eq!(read["username"], "kat");
    assert_eq!(read["id"], subject.user_id.to_string());
    assert_eq!(read["exp"], NOW + 900);
}

#[test]
fn a_token_is_refused_from_the_second_of_its_expiry() {
    let token = old(&claims());
    assert!(secret().verify(&token, at(NOW + 899)).is_ok());
    assert_eq!(secret().verify(&token, at(NOW + 900)).unwrap_err().reason(), "token_expired");
}

#[test]
fn signature_and_expiry_are_required() {
    assert_eq!(reason(&old(&with(claims(), "exp", None))), "claim_missing");
    for exp in [json!("never"), json!(-1), json!(1e300), json!(null)] {
        assert_eq!(reason(&old(&with(claims(), "exp", Some(exp)))), "claim_malformed");
    }
    assert!(secret().verify(&old(&with(claims(), "exp", Some(json!(1_774_746_000.5)))), at(NOW - 1)).is_ok());
    let token = old(&claims());
    let stripped = token.get(..=token.rfind('.').unwrap()).unwrap();
    assert_eq!(reason(stripped), "signature_missing");
    assert_eq!(
        reason(&sign(&Header::new(Algorithm::HS256), &claims(), b"another secret of at least 32 bytes")),
        "bad_signature"
    );
    assert_eq!(reason(&sign(&Header::new(Algorithm::HS512), &claims(), SECRET)), "wrong_algorithm");
}

#[test]
fn times_that_are_there_are_checked() {
    assert_eq!(reason(&old(&with(claims(), "nbf", Some(json!(NOW + 31))))), "token_not_yet_valid");
    assert_eq!(reason(&old(&with(claims(), "iat", Some(json!(NOW + 31))))), "issued_in_future");
    assert!(secret().verify(&old(&with(claims(), "iat", Some(json!(NOW + 30)))), at(NOW)).is_ok());
}

#[test]
fn another_type_and_a_critical_extension_are_refused() {
    let mut header = Header::new(Algorithm::HS256);
    header.typ = Some("at+jwt".to_owned());
    assert_eq!(reason(&sign(&header, &claims(), SECRET)), "wrong_type");
    header.typ = None;
    assert!(secret().verify(&sign(&header, &claims(), SECRET), at(NOW)).is_ok());
    header.crit = Some(vec!["b64".to_owned()]);
    assert_eq!(reason(&sign(&header, &claims(), SECRET)), "critical_extension");
}

#[test]
fn s92_a_secret_that_can_be_guessed_is_refused() {
    let short = SharedSecret::new(&SECRET[..31]).unwrap_err();
    assert_eq!(short, Error::SecretTooShort { least: 32, got: 31 });
    assert!(!format!("{:?}", secret()).contains("old system"));
}

/// RFC 8725 section 2.1: the public key as the secret of an HMAC.
#[test]
fn neither_mode_takes_a_token_of_the_other() {
    let public = KEY.verifying_key();
    let confused = sign(&Header::new(Algorithm::HS256), &claims(), public.as_bytes());
    let ours = Issuer::new(KEY.clone(), super::ISSUER, super::AUDIENCE).issue(&kat(), at(NOW)).unwrap().token;
    let theirs = old(&claims());
    assert_eq!(reason(&ours), "wrong_type");
    assert!(verifier().verify(&theirs, at(NOW)).is_err());

    let with_secret = RememberingVerifier::new(verifier(), Some(secret()), 10);
    let without = RememberingVerifier::new(verifier(), None, 10);
    assert!(with_secret.verify(&ours, at(NOW)).is_ok() && with_secret.verify(&theirs, at(NOW)).is_ok());
    assert!(without.verify(&ours, at(NOW)).is_ok() && without.verify(&theirs, at(NOW)).is_err());
    for verifier in [with_secret, without] {
        assert!(verifier.verify(&confused, at(NOW)).is_err());
    }
    let key = SigningKey::generate().unwrap();
    assert!(SharedSecret::new(key.as_pkcs8()).unwrap().verify(&ours, at(NOW)).is_err());
}

proptest! {
    #[test]
    fn a_changed_token_is_refused(at_byte in any::<prop::sample::Index>(), other in "[A-Za-z0-9_.-]") {
        let mut token = old(&claims());
        let place = at_byte.index(token.len());
        let before = token.clone();
        token.replace_range(place..=place, &other);
        prop_assert_eq!(secret().verify(&token, at(NOW)).is_ok(), token == before);
    }
}

#[test]
fn a_lifetime_is_bounded_as_in_the_other_mode() {
    for (seconds, allowed) in [(0, false), (1, true), (24 * 3600, true), (24 * 3600 + 1, false)] {
        let issued = secret().issue(&kat(), Duration::from_secs(seconds), at(NOW));
        assert_eq!(issued.is_ok(), allowed, "{seconds} s");
    }
}

#[test]
fn a_token_is_explained_check_by_check() {
    let checks = |inspection: &Inspection, outcome| {
        let of_outcome = inspection.checks.iter().filter(|check| check.outcome == outcome);
        of_outcome.map(|check| check.name).collect::<Vec<_>>()
    };
    let good = inspect_shared(OF_PYTHON, &secret(), at(NOW));
    assert!(good.valid);
    assert_eq!((good.reason, good.seconds_left), (None, Some(900)));
    assert_eq!(good.claims.as_ref().unwrap()["username"], "kat");
    let names = "form header type extensions algorithm signature claims claims_present expiry not_before issued_at identity";
    assert_eq!(checks(&good, Outcome::Passed).join(" "), names);

    // Each check is made, whatever the ones before it say.
    let mut wrong = with(claims(), "nbf", Some(json!(NOW + 2000)));
    wrong = with(wrong, "id", Some(json!("7")));
    let token = sign(&Header::new(Algorithm::HS384), &wrong, b"another secret of at least 32 bytes");
    let shown = inspect_shared(&token, &secret(), at(NOW + 1000));
    assert_eq!((shown.valid, shown.reason, shown.seconds_left), (false, Some("wrong_algorithm"), Some(-100)));
    assert_eq!(
        checks(&shown, Outcome::Failed),
        ["algorithm", "signature", "expiry", "not_before", "identity"]
    );
    let rubbish = inspect_shared("rubbish", &secret(), at(NOW));
    assert_eq!((rubbish.valid, rubbish.reason, rubbish.seconds_left), (false, Some("token_malformed"), None));
}

proptest! {
    /// The explanation and the verifier are two ways through the same checks.
    #[test]
    fn an_explanation_agrees_with_the_verifier(
        exp in -2000_i64..2000, iat in prop::option::of(-100_i64..100), nbf in prop::option::of(-100_i64..100),
        typ in prop::option::of("JWT|jwt|at\\+jwt"), right in any::<bool>(), named in any::<bool>(),
    ) {
        let mut claims = with(claims(), "exp", Some(json!(NOW + exp)));
        claims = with(claims, "iat", iat.map(|iat| json!(NOW + iat)));
        claims = with(claims, "nbf", nbf.map(|nbf| json!(NOW + nbf)));
        if !named {
            claims = with(claims, "username", None);
        }
        let mut header = Header::new(Algorithm::HS256);
        header.typ = typ;
        let token = sign(&header, &claims, if right { SECRET } else { b"another secret of at least 32 bytes" });
        let shown = inspect_shared(&token, &secret(), at(NOW));
        let verified = secret().verify(&token, at(NOW));
        prop_assert_eq!(shown.valid, verified.is_ok());
        prop_assert_eq!(shown.reason, verified.err().map(|error| error.reason()));
        prop_assert_eq!(shown.seconds_left, Some(exp));
    }
}
