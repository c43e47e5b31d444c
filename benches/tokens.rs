//! Issuing and verifying access tokens, one call at a time on one core; `item/s` is tokens a second.
#![allow(clippy::unwrap_used, reason = "a bench may stop at what it did not expect")]

use std::{fs, path::Path, sync::LazyLock, time::Duration};

use divan::{Bencher, black_box, counter::ItemsCount};
use grid_core::auth::{Issuer, RememberingVerifier, Scopes, SharedSecret, SigningKey, Subject};
use jiff::Timestamp;
use uuid::Uuid;

const NOW: i64 = 1_767_225_600;
const SECRET: &[u8] = b"a secret of the old system, 32 bytes and more";

static ISSUER: LazyLock<Issuer> =
    LazyLock::new(|| Issuer::new(SigningKey::generate().unwrap(), "grid", "grid-api"));
static SHARED: LazyLock<SharedSecret> = LazyLock::new(|| SharedSecret::new(SECRET).unwrap());
static TOKEN: LazyLock<String> = LazyLock::new(issued);
static OLD_TOKEN: LazyLock<String> = LazyLock::new(issued_old);

fn main() {
    // The peers verify the same tokens, with the same checks.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::write(folder.join("token.txt"), &*TOKEN).unwrap();
    fs::write(folder.join("token_key.bin"), ISSUER.key().verifying_key().as_bytes()).unwrap();
    fs::write(folder.join("token_hs256.txt"), &*OLD_TOKEN).unwrap();
    fs::write(folder.join("token_secret.bin"), SECRET).unwrap();
    divan::main();
}

fn issued() -> String {
    ISSUER.issue(&subject(), at(0)).unwrap().token
}

fn issued_old() -> String {
    SHARED.issue(&subject(), Duration::from_mins(15), at(0)).unwrap().token
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(NOW + second).unwrap()
}

/// Who logged in, as the server has it: with a session.
fn subject() -> Subject {
    Subject {
        user_id: Uuid::from_u128(0x05e3_950b_cdf9_4cb0_9a57_90d6_0ee3_18a8),
        username: "kat".to_owned(),
        scope: Scopes::of_user(),
        session_id: Some(Uuid::from_u128(0x0198_c0de_0000_7000_8000_0000_0000_0009)),
    }
}

#[divan::bench(counters = [ItemsCount::new(1_usize)])]
fn issue_eddsa(bencher: Bencher) {
    let subject = subject();
    bencher.bench(|| ISSUER.issue(black_box(&subject), at(0)).unwrap());
}

#[divan::bench(counters = [ItemsCount::new(1_usize)])]
fn issue_hs256(bencher: Bencher) {
    let subject = subject();
    bencher.bench(|| SHARED.issue(black_box(&subject), Duration::from_mins(15), at(0)).unwrap());
}

#[divan::bench(counters = [ItemsCount::new(1_usize)])]
fn verify_eddsa(bencher: Bencher) {
    let verifier = ISSUER.verifier();
    bencher.bench(|| verifier.verify(black_box(&TOKEN), at(60)).unwrap());
}

#[divan::bench(counters = [ItemsCount::new(1_usize)])]
fn verify_hs256(bencher: Bencher) {
    bencher.bench(|| SHARED.verify(black_box(&OLD_TOKEN), at(60)).unwrap());
}

/// Tokens that were seen before, in turn: one, which stays in the processor's caches, and more than fit there.
#[divan::bench(counters = [ItemsCount::new(1_usize)], args = [1, 10_000], sample_size = 1000)]
fn verify_known_eddsa(bencher: Bencher, tokens: usize) {
    known(bencher, tokens, issued);
}

#[divan::bench(counters = [ItemsCount::new(1_usize)], args = [1, 10_000], sample_size = 1000)]
fn verify_known_hs256(bencher: Bencher, tokens: usize) {
    known(bencher, tokens, issued_old);
}

fn known(bencher: Bencher, tokens: usize, issued: fn() -> String) {
    let verifier = RememberingVerifier::new(ISSUER.verifier(), Some(SHARED.clone()), 100_000);
    let tokens: Vec<_> = std::iter::repeat_with(issued).take(tokens).collect();
    for token in &tokens {
        verifier.verify(token, at(60)).unwrap();
    }
    assert_eq!(verifier.remembered(), tokens.len());
    let mut next = tokens.iter().cycle();
    bencher.bench_local(|| verifier.verify(black_box(next.next().unwrap()), at(60)).unwrap());
}

#[divan::bench(counters = [ItemsCount::new(1_usize)])]
fn refuse_garbage(bencher: Bencher) {
    let verifier = ISSUER.verifier();
    bencher.bench(|| verifier.verify(black_box("Bearer undefined"), at(60)).unwrap_err());
}
