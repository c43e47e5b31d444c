//! The verifier that remembers refuses all that one without a memory refuses.

use std::sync::Arc;

use grid_core::auth::{Issuer, RememberingVerifier, Revocation, Revoked, SigningKey, Subject, Verifier};
use proptest::prelude::*;
use uuid::Uuid;

use super::{AUDIENCE, ISSUER, KEY, NOW, at, issuer, kat, verifier};

fn remembering() -> RememberingVerifier {
    RememberingVerifier::new(verifier(), None, 100)
}

fn subject(session: u128) -> Subject {
    Subject { session_id: Some(Uuid::from_u128(session)), ..kat() }
}

#[test]
fn a_token_that_was_seen_is_the_same_principal() {
    let verifier = remembering();
    let token = issuer().issue(&kat(), at(NOW)).unwrap().token;
    let first = verifier.verify(&token, at(NOW)).unwrap();
    assert_eq!(verifier.remembered(), 1);
    assert!(Arc::ptr_eq(&first, &verifier.verify(&token, at(NOW + 5)).unwrap()));
}

#[test]
fn what_is_remembered_ends_with_the_token() {
    let verifier = remembering();
    let token = issuer().issue(&kat(), at(NOW)).unwrap().token;
    assert!(verifier.verify(&token, at(NOW + 899)).is_ok());
    assert_eq!(verifier.verify(&token, at(NOW + 900)).unwrap_err().reason(), "token_expired");
    assert_eq!(verifier.remembered(), 0);
}

#[test]
fn a_token_that_was_seen_is_refused_once_its_session_ends() {
    let verifier = remembering();
    let [one, other] = [5, 6].map(|session| issuer().issue(&subject(session), at(NOW)).unwrap());
    for issued in [&one, &other] {
        assert!(verifier.verify(&issued.token, at(NOW)).is_ok());
    }
    let until = at(NOW + 900);
    verifier.revoke(Revocation { what: Revoked::Session(Uuid::from_u128(5)), at: at(NOW), until });
    assert_eq!(verifier.verify(&one.token, at(NOW)).unwrap_err().reason(), "token_revoked");
    assert!(verifier.verify(&other.token, at(NOW)).is_ok());
    let elsewhere = Revocation { what: Revoked::Token(other.id), at: at(NOW), until };
    verifier.revoke_all([elsewhere], at(NOW));
    assert_eq!(verifier.verify(&other.token, at(NOW)).unwrap_err().reason(), "token_revoked");
}

#[test]
fn a_token_that_was_seen_is_refused_once_its_key_is_gone() {
    let verifier = remembering();
    let token = issuer().issue(&kat(), at(NOW)).unwrap().token;
    assert!(verifier.verify(&token, at(NOW)).is_ok());
    let other = SigningKey::generate().unwrap();
    verifier.replace(Verifier::new([other.verifying_key()], ISSUER, AUDIENCE));
    assert_eq!(verifier.verify(&token, at(NOW)).unwrap_err().reason(), "unknown_key");
    verifier.replace(Verifier::new([other.verifying_key(), KEY.verifying_key()], ISSUER, AUDIENCE));
    assert!(verifier.verify(&token, at(NOW)).is_ok());
}

#[test]
fn the_memory_is_bounded() {
    let verifier = remembering();
    for _ in 0..500 {
        let token = issuer().issue(&kat(), at(NOW)).unwrap().token;
        assert!(verifier.verify(&token, at(NOW)).is_ok());
    }
    assert!((1..=100).contains(&verifier.remembered()), "{}", verifier.remembered());
}

proptest! {
    /// Whatever is asked in whatever order at whatever time, the memory changes no answer.
    #[test]
    fn the_memory_changes_no_answer(
        questions in prop::collection::vec((0_usize..6, -40_i64..1000), 1..60)
    ) {
        let other = Issuer::new(SigningKey::generate().unwrap(), ISSUER, AUDIENCE);
        let good = issuer().issue(&kat(), at(NOW)).unwrap().token;
        let mut changed = good.clone();
        changed.truncate(changed.len() - 1);
        let tokens = [
            good,
            issuer().issue(&subject(3), at(NOW + 50)).unwrap().token,
            other.issue(&kat(), at(NOW)).unwrap().token,
            changed,
            "x".repeat(9000),
            String::new(),
        ];
        let remembering = remembering();
        let mut clock = NOW;
        for (which, seconds) in questions {
            // Time goes on, and now and then an NTP step takes a little of it back.
            clock = clock.max(NOW + seconds) - 1;
            let now = at(clock);
            let plain = verifier().verify(&tokens[which], now);
            let remembered = remembering.verify(&tokens[which], now).map(|principal| (*principal).clone());
            prop_assert_eq!(remembered, plain);
        }
    }
}
