//! Tokens that must be refused: what `jsonwebtoken` lets through, and the attacks of RFC 8725 section 2.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use grid_core::auth::{Error, LONGEST_TOKEN, SigningKey};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    AUDIENCE, ISSUER, KEY, NOW, at, claims, forge, header, reason_of, reason_with_claim, reason_with_header,
    verify, with,
};

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
fn s91_no_algorithm_is_refused() {
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
fn s47_what_is_no_token_is_told_what_one_looks_like() {
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
