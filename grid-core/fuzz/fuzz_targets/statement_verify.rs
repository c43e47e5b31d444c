//! No text makes the verifier of statements panic, and no change to what a good bundle says goes unseen.
//!
//! The first byte of an input, by its remainder of four, says what the rest is: a bundle's text, a statement's text, a
//! public key's text, or a list of edits to a good bundle, four bytes each.

#![no_main]

use std::sync::LazyLock;

use grid_core::proof::{
    Bundle, CanonicalJson, LogKey, PublicKey, Receipt, SignedHead, TreeHead, merkle::Log, parse_json,
    verify_log, verify_statement,
};
use libfuzzer_sys::fuzz_target;

/// The secret key of RFC 8032 section 7.1, TEST 1: always the same, so that what was found stays found.
const SEED: [u8; 32] = [
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, //
    0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];

struct World {
    key: PublicKey,
    head: SignedHead,
    bundle: Bundle,
    text: String,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let key = LogKey::from_seed(&SEED).unwrap();
    let statement = |number: u64| {
        let text = format!(
            r#"{{"amount":"{number}.25","lines":[{{"energy_kwh":"1.250000"}}],"member":"m{number}"}}"#
        );
        CanonicalJson::parse(&text).unwrap()
    };
    let mut log = Log::default();
    log.extend((0..5).map(|number| statement(number).leaf_hash()));
    let now = "2026-04-01T06:00:00Z".parse().unwrap();
    let head = TreeHead::new("grid.example", 5, log.root(5).unwrap(), now).unwrap().sign(&key).unwrap();
    let path = log.inclusion_path(3, 5).unwrap();
    let bundle = Bundle::new(statement(3), Receipt::new(3, statement(3).leaf_hash(), path, head.clone()));
    assert!(bundle.verify(&key.public_key()).is_ok());
    World { key: key.public_key(), head, text: bundle.to_string(), bundle }
});

fuzz_target!(|data: &[u8]| {
    let Some((mode, rest)) = data.split_first() else { return };
    let world = &*WORLD;
    match mode % 4 {
        0 => bundle(world, &String::from_utf8_lossy(rest)),
        1 => statement(world, &String::from_utf8_lossy(rest)),
        2 => public_key(&String::from_utf8_lossy(rest)),
        _ => edited(world, rest),
    }
});

/// What verifies says what the good bundle says: nobody else has the key.
fn bundle(world: &World, text: &str) {
    if let Ok(read) = Bundle::parse(text) {
        assert_eq!(Bundle::parse(&read.to_string()).as_ref(), Ok(&read), "{text:?}");
        if read.verify(&world.key).is_ok() {
            assert_eq!(read, world.bundle, "{text:?}");
        }
    }
    let _said = (Receipt::parse(text), SignedHead::parse(text));
    assert!(verify_log(text.lines(), [&world.head], &world.key).is_err(), "{text:?}");
}

fn statement(world: &World, text: &str) {
    let verified = verify_statement(text, world.bundle.receipt(), &world.key);
    match CanonicalJson::parse(text) {
        Ok(read) => {
            assert_eq!(verified.is_ok(), read == *world.bundle.statement(), "{text:?}");
            // The canonical form is its own, and the value has the same.
            assert_eq!(CanonicalJson::parse(read.as_str()).as_ref(), Ok(&read), "{text:?}");
            assert_eq!(CanonicalJson::from_value(&parse_json(text).unwrap()), Ok(read), "{text:?}");
        }
        Err(_) => assert!(verified.is_err(), "{text:?}"),
    }
}

fn public_key(text: &str) {
    if let Ok(key) = text.parse::<PublicKey>() {
        for form in [key.to_string(), key.to_pem(), key.to_jwk().to_string()] {
            assert_eq!(form.parse::<PublicKey>(), Ok(key), "{text:?}");
        }
    }
}

fn edited(world: &World, edits: &[u8]) {
    let mut text = world.text.clone().into_bytes();
    for edit in edits.chunks_exact(4) {
        let &[what, high, low, byte] = edit else { return };
        let at = usize::from(u16::from_be_bytes([high, low])) % (text.len() + 1);
        match what % 4 {
            0 if at < text.len() => text[at] = byte,
            1 => text.insert(at, byte),
            2 if at < text.len() => drop(text.remove(at)),
            // A piece of the bundle once more.
            3 => {
                let piece = text[at..text.len().min(at + usize::from(byte))].to_vec();
                text.extend(piece);
            }
            _ => {}
        }
    }
    bundle(world, &String::from_utf8_lossy(&text));
}
