//! Passwords and hashes, also those of another implementation.

use grid_core::{
    auth::{Error, Password, PasswordHasher},
    error::{Failure as _, Kind},
};
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization as _;

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
        "$2b$",
        &BY_BCRYPT[0].1.replace("$05$", "$16$"),
        &BY_BCRYPT[0].1.replace("$05$", "$31$"),
        &BY_BCRYPT[0].1.replace("$05$", "$03$"),
        &BY_BCRYPT[0].1.replace("$05$", "$+5$"),
        &BY_BCRYPT[0].1.replace("$2a$", "$2x$"),
        &BY_BCRYPT[0].1.replace("$2a$", "$2$"),
        &BY_BCRYPT[0].1.replace("AD6y0", "AD!y0"),
        &BY_BCRYPT[0].1.replace("AD6y0", "ADé0"),
    ];
    for phc in broken {
        let refused = hasher.verify(&password, phc).unwrap_err();
        assert_eq!((refused.reason(), refused.kind()), ("hash_malformed", Kind::Internal), "{phc}");
        assert!(hasher.needs_rehash(phc));
    }
}

/// From the tests of passlib 1.7.4 (`test_handlers_bcrypt.py`), which name John the Ripper 1.7.9, Openwall's
/// `crypt_blowfish` 1.2 (the long one, of which bcrypt reads 72 bytes) and py-bcrypt.
const BY_BCRYPT: [(&str, &str); 4] = [
    ("U*U*U*U*", "$2a$05$c92SVSfjeiCD6F2nAD6y0uBpJDjdRkt0EgeC4/31Rf2LUZbDRDE.O"),
    ("*U*U*U*U", "$2a$05$.WRrXibc1zPgIdRXYfv.4uu6TD1KWf0VnHzq/0imhUhuxSxCyeBs2"),
    (
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored",
        "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
    ),
    ("abcdefghijklmnopqrstuvwxyz", "$2a$10$fVH8e28OQRj9tqiDXs1e1uxpsjN0c7II7YPKXua2NAKYvM6iQk7dq"),
];

#[test]
fn hashes_of_bcrypt_verify_and_are_made_again() {
    let hasher = PasswordHasher::new(64, 1, 1).unwrap();
    let wrong = Password::parse("U*U*U*U*U").unwrap();
    for (text, hash) in BY_BCRYPT {
        let password = Password::parse(text).unwrap();
        // The variants differ only in what their first implementations did wrong, and not for these texts.
        for variant in ["$2a$", "$2b$", "$2y$"] {
            let hash = hash.replace("$2a$", variant);
            assert_eq!(hasher.verify(&password, &hash), Ok(true), "{hash}");
            assert_eq!(hasher.verify(&wrong, &hash), Ok(false), "{hash}");
            assert!(hasher.needs_rehash(&hash));
        }
    }
}

#[test]
fn bcrypt_hashed_what_was_typed_and_either_form_is_tried() {
    // Python's bcrypt 5.0.0: `hashpw(unicodedata.normalize(form, "contraseña ñandú €").encode(), gensalt(5))`.
    let decomposed = "$2b$05$gx/Vesa3Y5E6xBofv7lNWuwxAX0wvkOWS0/gC.EbPmgB08JuR88zy";
    let composed = "$2b$05$UVauohazerGi889zNwB9Zu3FPoH1b4JUrp.OSiDrR84M.xFVXWsya";
    let hasher = PasswordHasher::new(64, 1, 1).unwrap();
    let typed_composed = Password::parse("contrase\u{f1}a \u{f1}and\u{fa} €").unwrap();
    let typed_decomposed = Password::parse("contrasen\u{303}a n\u{303}andu\u{301} €").unwrap();
    assert_eq!(hasher.verify(&typed_composed, composed), Ok(true));
    assert_eq!(hasher.verify(&typed_decomposed, composed), Ok(true));
    assert_eq!(hasher.verify(&typed_decomposed, decomposed), Ok(true));
    assert_eq!(hasher.verify(&typed_composed, decomposed), Ok(false), "it was typed with other characters");

    let again = hasher.hash(&typed_decomposed).unwrap();
    assert_eq!(hasher.verify(&typed_composed, &again), Ok(true), "but the new hash is that of both");
}

#[test]
fn a_text_with_nul_is_no_password_of_bcrypt() {
    let hasher = PasswordHasher::new(64, 1, 1).unwrap();
    for text in ["U*U*U*U*\0", "U*U*U*U*\0U*U*U*U*", "\0\0\0\0\0\0\0\0", &"\0".repeat(128)] {
        assert_eq!(hasher.verify(&Password::parse(text).unwrap(), BY_BCRYPT[0].1), Ok(false));
    }
    let longest = Password::parse(&"€".repeat(128)).unwrap();
    assert_eq!(hasher.verify(&longest, BY_BCRYPT[0].1), Ok(false));
}

#[test]
fn a_new_password_is_none_of_the_most_common() {
    // From SplashData's yearly lists of the worst passwords, 2011 to 2019.
    for common in ["password", "12345678", "iloveyou", "PASSWORD1", "Football", "TrustNo1"] {
        let refused = Password::choose(common).unwrap_err();
        assert_eq!(refused, Error::PasswordTooCommon);
        assert_eq!((refused.reason(), refused.kind()), ("password_too_common", Kind::Invalid));
        assert!(Password::parse(common).is_ok(), "it may have been chosen before");
    }
    for fine in ["correct horse battery", "noon on the roof", "contraseña ñandú"] {
        assert!(Password::choose(fine).is_ok(), "{fine}");
    }
    assert_eq!(Password::choose("1234567").unwrap_err(), Error::PasswordTooShort { least: 8, got: 7 });
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
    assert!(Password::parse(&"n\u{303}".repeat(128)).is_ok(), "in form C these are 128");
    assert_eq!(
        Password::parse(&"n\u{303}".repeat(7)).unwrap_err(),
        Error::PasswordTooShort { least: 8, got: 7 }
    );
    // UAX 15 excludes U+0958 from composition: in form C it is two characters.
    assert_eq!(
        Password::parse(&"\u{958}".repeat(65)).unwrap_err(),
        Error::PasswordTooLong { most: 128, got: 130 }
    );
    assert_eq!(
        Password::parse(&"x".repeat(10_000_000)).unwrap_err(),
        Error::PasswordTooLong { most: 128, got: 10_000_000 }
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
        let normal = |text: &str| text.nfc().collect::<String>();
        prop_assume!(normal(&text) != normal(&other));
        let hasher = PasswordHasher::new(64, 1, 1).unwrap();
        // A few texts are shorter or longer in form C.
        let (Ok(password), Ok(other)) = (Password::parse(&text), Password::parse(&other)) else {
            return Err(TestCaseError::reject("the length in form C"));
        };
        let phc = hasher.hash(&password).unwrap();
        prop_assert!(!phc.contains(&text));
        prop_assert_eq!(hasher.verify(&password, &phc), Ok(true));
        prop_assert_eq!(hasher.verify(&other, &phc), Ok(false));
        prop_assert!(!hasher.needs_rehash(&phc));
        prop_assert_ne!(hasher.hash(&password).unwrap(), phc, "a salt of its own");
    }

    #[test]
    fn the_form_in_which_it_is_typed_does_not_matter(text in "[a-zñáéÅ가각ậ]{8,40}") {
        let hasher = PasswordHasher::new(64, 1, 1).unwrap();
        let phc = hasher.hash(&Password::parse(&text.nfd().collect::<String>()).unwrap()).unwrap();
        prop_assert_eq!(hasher.verify(&Password::parse(&text.nfc().collect::<String>()).unwrap(), &phc), Ok(true));
    }

    #[test]
    fn any_text_as_a_hash_of_bcrypt_is_an_error(text in "\\$2[aby]\\$([0-9]{2}\\$)?\\PC{0,60}") {
        let hasher = PasswordHasher::new(64, 1, 1).unwrap();
        prop_assert!(hasher.verify(&Password::parse("correct horse").unwrap(), &text).is_err());
        prop_assert!(hasher.needs_rehash(&text));
    }

    #[test]
    fn any_text_as_a_hash_is_an_error(text in any::<String>()) {
        let hasher = PasswordHasher::new(64, 1, 1).unwrap();
        prop_assert!(hasher.verify(&Password::parse("correct horse").unwrap(), &text).is_err());
    }
}
