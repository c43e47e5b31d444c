//! Issuing and verifying access tokens.
#![allow(clippy::unwrap_used, reason = "a bench may stop at what it did not expect")]

use std::{fs, path::Path};

use divan::{Bencher, black_box};
use grid_core::auth::{Issuer, Scopes, SigningKey, Subject};
use jiff::Timestamp;
use uuid::Uuid;

const NOW: i64 = 1_767_225_600;

fn main() {
    // The peer verifies a token of the same key, with the same checks.
    let (issuer, token) = token();
    let key = issuer.key().verifying_key();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::write(folder.join("token.txt"), token).unwrap();
    fs::write(folder.join("token_key.bin"), key.as_bytes()).unwrap();
    divan::main();
}

fn token() -> (Issuer, String) {
    let issuer = Issuer::new(SigningKey::generate().unwrap(), "grid", "grid-api");
    let token = issuer.issue(&subject(), Timestamp::from_second(NOW).unwrap()).unwrap().token;
    (issuer, token)
}

fn subject() -> Subject {
    let user_id = Uuid::from_u128(0x05e3_950b_cdf9_4cb0_9a57_90d6_0ee3_18a8);
    Subject { user_id, username: "kat".to_owned(), scope: Scopes::default(), session_id: None }
}

#[divan::bench]
fn issue(bencher: Bencher) {
    let (issuer, _) = token();
    let (subject, now) = (subject(), Timestamp::from_second(NOW).unwrap());
    bencher.bench(|| issuer.issue(black_box(&subject), now).unwrap());
}

#[divan::bench]
fn verify(bencher: Bencher) {
    let (issuer, token) = token();
    let (verifier, now) = (issuer.verifier(), Timestamp::from_second(NOW + 60).unwrap());
    bencher.bench(|| verifier.verify(black_box(&token), now).unwrap());
}

#[divan::bench]
fn refuse_garbage(bencher: Bencher) {
    let (issuer, _) = token();
    let (verifier, now) = (issuer.verifier(), Timestamp::from_second(NOW).unwrap());
    bencher.bench(|| verifier.verify(black_box("Bearer undefined"), now).unwrap_err());
}
