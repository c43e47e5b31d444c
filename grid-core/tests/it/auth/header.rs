//! The `Authorization` header, as programs get it wrong.

use grid_core::{
    auth::{Error, LONGEST_TOKEN, bearer},
    error::{Failure as _, Kind},
};
use proptest::prelude::*;

use super::{NOW, at, verify};

#[test]
fn s48_a_header_gives_its_token_or_a_reason() {
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

proptest! {
    #[test]
    fn any_bytes_in_a_header_give_a_token_or_a_reason(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for header in [bytes.clone(), [b"Bearer ".as_slice(), &bytes].concat()] {
            match bearer(Some(&header)) {
                Ok(token) => prop_assert!(verify(token, at(NOW)).is_err()),
                Err(error) => prop_assert_eq!(error.kind(), Kind::Unauthenticated),
            }
        }
    }
}
