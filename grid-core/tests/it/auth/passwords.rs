//! Passwords and hashes, also those of another implementation.

use grid_core::{
    auth::{Error, Password, PasswordHasher},
    error::{Failure as _, Kind},
};
use proptest::prelude::*;

/// Made by the reference implementation in C, through argon2-cffi 25.1.0 (`low_level.hash_secret`).
const BY_THE_REFERENCE: [(&str, &str); 2] = [
    (
        "correct horse battery staple",
        "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$gy5SuVm5Z7Vw7keB9se9p87QGcomaseB/S2U1OhTsM0",
    ),
    (
        "contraseña ñandú €",
        "$argon2id$v=19$m=64,t=3,p=4$ZmVkY2JhOTg3NjU0MzIxMA$tjVYUSbip/RqOSZytqcdGkkTyH1NC8UfAmnm3av6eoU",
    ),
];

#[test]
fn hashes_of_another_implementation_verify() {
    let hasher = PasswordHasher::default();
    for (text, phc) in BY_THE_REFERENCE {
        let password = Password::parse(text).unwrap();
        assert_eq!(hasher.verify(&password, phc), Ok(true));
        assert_eq!(hasher.verify(&Password::parse("correct horse battery stable").unwrap(), phc), Ok(false));
    }
    assert!(!hasher.needs_rehash(BY_THE_REFERENCE[0].1));
    assert!(hasher.needs_rehash(BY_THE_REFERENCE[1].1), "another cost");
}

#[test]
fn an_older_version_verifies_and_is_hashed_again() {
    // argon2-cffi 25.1.0, version 0x10.
    let phc =
        "$argon2id$v=16$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$qE2NAJv+l00hufrIZfQRUx+K4huY0JAVlc2AoCy4oc4";
    let hasher = PasswordHasher::new(64, 2, 1).unwrap();
    let password = Password::parse("correct horse battery staple").unwrap();
    assert_eq!(hasher.verify(&password, phc), Ok(true));
    assert!(hasher.needs_rehash(phc));
}

#[test]
fn a_malformed_hash_is_an_error_and_not_a_wrong_password() {
    let hasher = PasswordHasher::new(64, 1, 1).unwrap();
    let password = Password::parse("correct horse battery staple").unwrap();
    let good = hasher.hash(&password).unwrap();
    assert_eq!(hasher.verify(&password, &good), Ok(true));
    let (without_hash, _) = good.rsplit_once('$').unwrap();
    let (without_salt, _) = without_hash.rsplit_once('$').unwrap();
    let broken = [
        "",
        "$",
        "hunter2",
        without_hash,
        without_salt,
        &good.replace("argon2id", "argon2i"),
        &good.replace("argon2id", "pbkdf2"),
        &good.replace("v=19", "v=20"),
        &good.replace("$v=19", ""),
        &good.replace("m=64,", ""),
        &good.replace("t=1,", ""),
        &good.replace(",p=1", ""),
        &good.replace("m=64,t=1,p=1$", ""),
        &good.replace("m=64", "m=4294967295"),
        &good.replace("t=1", "t=4000000000"),
        &good.replace("p=1", "p=0"),
        &good[..good.len() - 30],
        "$2b$12$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzabcdefghi",
    ];
    for phc in broken {
        let refused = hasher.verify(&password, phc).unwrap_err();
        assert_eq!((refused.reason(), refused.kind()), ("hash_malformed", Kind::Internal), "{phc}");
        assert!(hasher.needs_rehash(phc));
    }
}

#[test]
fn nobody_has_the_password_of_nobody() {
    let hasher = PasswordHasher::new(64, 1, 1).unwrap();
    assert_eq!(hasher.verify_nobody(&Password::parse("correct horse battery staple").unwrap()), Ok(false));
}

#[test]
fn a_password_is_counted_in_characters() {
    assert!(Password::parse(&"ñ".repeat(128)).is_ok());
    assert_eq!(
        Password::parse(&"ñ".repeat(129)).unwrap_err(),
        Error::PasswordTooLong { most: 128, got: 129 }
    );
    let short = Password::parse("1234567").unwrap_err();
    assert_eq!(short.to_string(), "expected a password of at least 8 characters, got 7");
    assert_eq!(short.kind(), Kind::Invalid);
    assert_eq!(format!("{:?}", Password::parse("12345678").unwrap()), "Password(…)");
}

#[test]
fn a_cost_out_of_range_is_refused() {
    for (memory, passes, lanes) in
        [(7, 1, 1), (64, 0, 1), (64, 1, 0), (64, 1, 9), (u32::MAX, 1, 1), (4_096, 65, 1)]
    {
        assert_eq!(PasswordHasher::new(memory, passes, lanes).unwrap_err().reason(), "cost_out_of_range");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_password_verifies_against_its_own_hash_alone(text in ".{8,128}", other in ".{8,128}") {
        prop_assume!(text != other);
        let hasher = PasswordHasher::new(64, 1, 1).unwrap();
        let password = Password::parse(&text).unwrap();
        let phc = hasher.hash(&password).unwrap();
        prop_assert!(!phc.contains(&text));
        prop_assert_eq!(hasher.verify(&password, &phc), Ok(true));
        prop_assert_eq!(hasher.verify(&Password::parse(&other).unwrap(), &phc), Ok(false));
        prop_assert!(!hasher.needs_rehash(&phc));
        prop_assert_ne!(hasher.hash(&password).unwrap(), phc, "a salt of its own");
    }

    #[test]
    fn any_text_as_a_hash_is_an_error(text in any::<String>()) {
        let hasher = PasswordHasher::new(64, 1, 1).unwrap();
        prop_assert!(hasher.verify(&Password::parse("correct horse").unwrap(), &text).is_err());
    }
}
