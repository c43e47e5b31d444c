//! No header makes the verifier panic, and no change to a good token goes unseen.
//!
//! The first byte of an input says what the rest is: a header's value where it is even, and where it is odd a list of
//! edits to a good token, four bytes each.

#![no_main]

use std::sync::LazyLock;

use grid_core::auth::{Issuer, Scopes, SigningKey, Subject, Verifier, bearer, inspect};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

const ISSUER: &str = "https://grid.example";
const AUDIENCE: &str = "grid-api";

/// The private key of RFC 8037 appendix A.1 in the frame of PKCS#8 (RFC 8410 section 7): always the same, so that what
/// was found stays found.
const KEY: [u8; 48] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20, //
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, //
    0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];

struct World {
    verifier: Verifier,
    token: String,
    now: Timestamp,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let now = Timestamp::from_second(1_774_746_000).unwrap();
    let key = SigningKey::from_pkcs8(&KEY).unwrap();
    let verifier = Verifier::new([key.verifying_key()], ISSUER, AUDIENCE);
    let kat = Subject {
        user_id: uuid::Uuid::from_u128(7),
        username: "kat".to_owned(),
        scope: Scopes::default(),
        session_id: None,
    };
    let token = Issuer::new(key, ISSUER, AUDIENCE).issue(&kat, now).unwrap().token;
    assert!(verifier.verify(&token, now).is_ok());
    World { verifier, token, now }
});

fuzz_target!(|data: &[u8]| {
    let Some((mode, rest)) = data.split_first() else { return };
    let world = &*WORLD;
    if mode % 2 == 0 {
        header(world, rest);
    } else {
        edited(world, rest);
    }
});

fn header(world: &World, value: &[u8]) {
    if let Ok(token) = bearer(Some(value)) {
        both(world, token);
    }
    // The same without the header's rules, which keep most of this from the verifier.
    both(world, &String::from_utf8_lossy(value));
}

/// The explanation and the verdict are of one mind.
fn both(world: &World, token: &str) -> bool {
    let verified = world.verifier.verify(token, world.now).is_ok();
    assert_eq!(inspect(token, Some(&world.verifier), world.now).valid, verified, "{token:?}");
    verified
}

fn edited(world: &World, edits: &[u8]) {
    let mut token = world.token.clone().into_bytes();
    for edit in edits.chunks_exact(4) {
        let &[what, high, low, byte] = edit else { return };
        let at = usize::from(u16::from_be_bytes([high, low])) % (token.len() + 1);
        match what % 4 {
            0 if at < token.len() => token[at] = byte,
            1 => token.insert(at, byte),
            2 if at < token.len() => drop(token.remove(at)),
            // A piece of the token once more.
            3 => {
                let piece = token[at..token.len().min(at + usize::from(byte))].to_vec();
                token.extend(piece);
            }
            _ => {}
        }
    }
    let token = String::from_utf8_lossy(&token);
    assert_eq!(both(world, &token), token == world.token, "{token:?}");
}
