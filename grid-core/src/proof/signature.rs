//! Ed25519 signatures and the public key that checks them, and their text forms.

use std::{fmt, str::FromStr};

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Value, json};

use super::{
    Digest, Error,
    base64::{self, Alphabet},
    canonical::parse_json,
    hash::{from_hex, to_hex},
};
use crate::error::excerpt;

/// How the text of a public key begins.
const PREFIX: &str = "ed25519:";
/// The frame of `SubjectPublicKeyInfo` around the 32 bytes of a key (RFC 8410 section 4).
const FRAME: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// The longest text of a key that is looked at: a JWK with a chain of certificates is not one.
const LONGEST_KEY: usize = 4096;

/// The id of a key: the first eight bytes of the SHA-256 of its 32 public bytes, as 16 hexadecimal digits.
///
/// It tells which key to take and proves nothing; the signature does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

impl KeyId {
    fn of(public: &[u8; 32]) -> Self {
        let digest = Digest::of(public);
        let mut id = [0; 8];
        for (to, from) in id.iter_mut().zip(digest.as_bytes()) {
            *to = *from;
        }
        Self(id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&to_hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        from_hex(text).map(Self).ok_or_else(|| Error::NotAKeyId { got: excerpt(text) })
    }
}

/// An Ed25519 signature: 64 bytes, as text 86 characters of base64url without padding.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Takes the 64 bytes of a signature (RFC 8032 section 5.1.6).
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The signature's bytes.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&base64::encode(&self.0, Alphabet::Url))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

impl FromStr for Signature {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        base64::decode_exactly(text, Alphabet::Url)
            .map(Self)
            .ok_or_else(|| Error::NotASignature { got: excerpt(text) })
    }
}

/// A public Ed25519 key, with which a stranger checks heads.
///
/// Its text is `ed25519:` and 43 characters of base64url. What [`FromStr`] reads may also be a PEM as
/// `openssl pkey -pubout` writes it, or a JWK (RFC 8037).
///
/// ```
/// use grid_core::proof::PublicKey;
/// // The key of RFC 8410 section 10.1, three times.
/// let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
/// let key: PublicKey = pem.parse()?;
/// assert_eq!(key.to_string(), "ed25519:Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE");
/// assert_eq!(key.to_string().parse::<PublicKey>()?, key);
/// assert_eq!(key.to_jwk().to_string().parse::<PublicKey>()?, key);
/// # Ok::<(), grid_core::proof::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Takes the 32 bytes of a key (RFC 8032 section 5.1.5).
    ///
    /// Whether they are a point of the curve turns out when a signature is checked: none is ever right for what is not.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key's bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The id of the key.
    pub fn key_id(&self) -> KeyId {
        KeyId::of(&self.0)
    }

    /// The key as PEM (RFC 8410 section 10.1), for other programs.
    pub fn to_pem(&self) -> String {
        let der = [FRAME.as_slice(), &self.0].concat();
        let text = base64::encode(&der, Alphabet::Standard);
        format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n")
    }

    /// The key as JWK (RFC 8037 section 2), named by its id.
    pub fn to_jwk(&self) -> Value {
        json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "x": base64::encode(&self.0, Alphabet::Url),
            "kid": self.key_id().to_string(),
        })
    }

    /// Whether `signature` is this key's for `message`.
    ///
    /// # References
    ///
    /// RFC 8032 section 5.1.7.
    pub fn is_signature(&self, message: &[u8], signature: &Signature) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message, &signature.0).is_ok()
    }

    fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST_KEY {
            return None;
        }
        let text = text.trim();
        if let Some(bare) = text.strip_prefix(PREFIX) {
            return base64::decode_exactly(bare, Alphabet::Url).map(Self);
        }
        if text.starts_with('{') {
            let jwk = parse_json(text).ok()?;
            let is = |name: &str, expected: &str| jwk.get(name).and_then(Value::as_str) == Some(expected);
            // The private half belongs to nobody who verifies.
            if !is("kty", "OKP") || !is("crv", "Ed25519") || jwk.get("d").is_some() {
                return None;
            }
            return base64::decode_exactly(jwk.get("x")?.as_str()?, Alphabet::Url).map(Self);
        }
        let der = from_pem(text, "PUBLIC KEY")?;
        der.strip_prefix(&FRAME)?.try_into().ok().map(Self)
    }
}

/// The bytes of a PEM with one label (RFC 7468), however its lines are cut.
pub(super) fn from_pem(text: &str, label: &str) -> Option<Vec<u8>> {
    let body = text
        .trim()
        .strip_prefix("-----BEGIN ")?
        .strip_prefix(label)?
        .strip_prefix("-----")?
        .strip_suffix("-----")?
        .strip_suffix(label)?
        .strip_suffix("-----END ")?;
    let digits: String = body.split_ascii_whitespace().collect();
    base64::decode(&digits, Alphabet::Standard)
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{PREFIX}{}", base64::encode(&self.0, Alphabet::Url)))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl FromStr for PublicKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text).ok_or_else(|| {
            // Somebody may have taken the wrong file: a private key does not belong into a message.
            let shown =
                if text.contains("PRIVATE") || text.contains("\"d\"") { "a private key" } else { text };
            Error::NotAPublicKey { got: excerpt(shown) }
        })
    }
}

/// JSON as the text of [`Display`](fmt::Display), read back by [`FromStr`].
macro_rules! json_as_text {
    ($($of:ty),+) => {$(
        impl Serialize for $of {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $of {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )+};
}

json_as_text!(KeyId, Signature, PublicKey);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::proof::LogKey;

    /// RFC 8032 section 7.1, TEST 1 to 3: secret key, public key, message, signature.
    const VECTORS: [(&str, &str, &[u8], &str, &str); 3] = [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            &[],
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155",
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            &[0x72],
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            &[0xaf, 0x82],
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac",
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ];

    /// RFC 8410 section 10.3 and 10.1.
    const PRIVATE_PEM: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    const PUBLIC_PEM: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

    fn signature(first: &str, second: &str) -> Signature {
        let bytes = [from_hex::<32>(first).unwrap(), from_hex(second).unwrap()].concat();
        Signature::from_bytes(bytes.try_into().unwrap())
    }

    #[test]
    fn the_vectors_of_rfc_8032_hold() {
        for (seed, public, message, first, second) in VECTORS {
            let key = LogKey::from_seed(&from_hex(seed).unwrap()).unwrap();
            assert_eq!(to_hex(key.public_key().as_bytes()), public);
            let expected = signature(first, second);
            assert_eq!(key.sign(message).unwrap(), expected);
            assert!(key.public_key().is_signature(message, &expected));
            assert!(!key.public_key().is_signature(b"another", &expected));
        }
    }

    #[test]
    fn the_keys_of_rfc_8410_belong_together() {
        let key = LogKey::from_pem(PRIVATE_PEM).unwrap();
        let public: PublicKey = PUBLIC_PEM.parse().unwrap();
        assert_eq!(key.public_key(), public);
        assert_eq!(public.to_pem(), PUBLIC_PEM);
        let windows = PUBLIC_PEM.replace('\n', "\r\n");
        assert_eq!(windows.parse::<PublicKey>(), Ok(public));
    }

    /// RFC 8037 appendix A.2: the public key of the first vector of RFC 8032 as JWK.
    #[test]
    fn the_jwk_of_rfc_8037_is_read() {
        let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let key: PublicKey = jwk.parse().unwrap();
        assert_eq!(to_hex(key.as_bytes()), VECTORS[0].1);
        assert_eq!(key.to_string(), "ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        // `printf d75a98... | xxd -r -p | sha256sum` begins so.
        assert_eq!(key.key_id().to_string(), "21fe31dfa154a261");
        for wrong in [
            jwk.replace("Ed25519", "X25519"),
            jwk.replace("OKP", "EC"),
            jwk.replace("\"x\"", "\"y\""),
            jwk.replace("11q", ""),
            jwk.replace('}', r#","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#),
        ] {
            assert!(wrong.parse::<PublicKey>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_private_key_does_not_show_itself() {
        let key = LogKey::from_pem(PRIVATE_PEM).unwrap();
        assert_eq!(format!("{key:?}"), format!("LogKey {{ key_id: {:?}, .. }}", key.key_id()));
        let jwk =
            r#"{"kty":"OKP","crv":"Ed25519","d":"secret","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        for text in [PRIVATE_PEM, jwk] {
            let refused = text.parse::<PublicKey>();
            assert_eq!(refused, Err(Error::NotAPublicKey { got: "a private key".to_owned() }));
        }
    }

    #[test]
    fn bytes_and_texts_that_are_no_key_are_refused() {
        for bytes in [&b""[..], PRIVATE_PEM.as_bytes(), &[0x30; 48]] {
            assert_eq!(LogKey::from_pkcs8(bytes).unwrap_err(), Error::LogKeyUnreadable { got: bytes.len() });
        }
        assert!(LogKey::from_pem(PUBLIC_PEM).is_err());
        for text in [
            "",
            "ed25519:",
            "ed25519:AAAA",
            "ED25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "{}",
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY-----END PUBLIC KEY-----",
        ] {
            assert!(text.parse::<PublicKey>().is_err(), "{text}");
        }
        // One bit beyond the last byte: another text for the same bytes.
        assert!("ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp".parse::<PublicKey>().is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn keys_come_back_and_every_changed_bit_is_found(
            seed in any::<[u8; 32]>(),
            message in proptest::collection::vec(any::<u8>(), 1..60),
            bit in any::<usize>(),
        ) {
            let key = LogKey::from_seed(&seed).unwrap();
            let public = key.public_key();
            prop_assert_eq!(LogKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap().public_key(), public);
            prop_assert_eq!(public.to_string().parse::<PublicKey>(), Ok(public));
            prop_assert_eq!(public.to_pem().parse::<PublicKey>(), Ok(public));
            let signature = key.sign(&message).unwrap();
            prop_assert_eq!(signature.to_string().parse::<Signature>(), Ok(signature));
            prop_assert!(public.is_signature(&message, &signature));
            let flip = |bytes: &mut [u8]| {
                let at = bit % (8 * bytes.len());
                bytes[at / 8] ^= 1 << (at % 8);
            };
            let mut changed = message.clone();
            flip(&mut changed);
            prop_assert!(!public.is_signature(&changed, &signature));
            let mut changed = signature;
            flip(&mut changed.0);
            prop_assert!(!public.is_signature(&message, &changed));
            let mut changed = public;
            flip(&mut changed.0);
            prop_assert!(!changed.is_signature(&message, &signature));
        }

        #[test]
        fn no_text_is_too_strange(text in "(ed25519:|-----BEGIN PUBLIC KEY-----|\\{\"kty\":)?\\PC{0,80}") {
            let _said = (text.parse::<PublicKey>(), text.parse::<KeyId>(), text.parse::<Signature>(), LogKey::from_pem(&text));
        }
    }
}
