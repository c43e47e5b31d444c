//! Ed25519 keys: the private one that signs, the public ones that verify, and their form as JWK.

use std::{borrow::Borrow, fmt, sync::Once};

use aws_lc_rs::{
    digest,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, crypto};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    Error,
    claims::Claims,
    token::{decode, encode},
};
use crate::error::describe;

/// The media type of access tokens, short form (RFC 9068 section 2.1).
pub(super) const TYPE: &str = "at+jwt";
/// The algorithm's name in a header (RFC 8037 section 3.1).
pub(super) const ALGORITHM: &str = "EdDSA";

/// Chooses aws-lc for `jsonwebtoken`, once a process, before the first key exists.
///
/// Without it, a program in which another crate turns on `jsonwebtoken`'s other implementation too would panic at its
/// first token. A program that has chosen before keeps its choice. The example runs in a process of its own and shows
/// that a key is enough: nobody can choose any more, and nobody's features decide.
///
/// ```standalone_crate
/// let key = grid_core::auth::VerifyingKey::from_bytes([7; 32]);
/// assert!(jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default().is_err());
/// ```
fn choose_cryptography() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _chosen_before = crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    });
}

/// The name of a key: its thumbprint (RFC 7638), so that the same key has the same name everywhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct KeyId(String);

impl KeyId {
    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn thumbprint(raw: &[u8; 32]) -> Self {
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(raw));
        Self(encode(digest::digest(&digest::SHA256, members.as_bytes()).as_ref()))
    }
}

impl Borrow<str> for KeyId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A private Ed25519 key, with which tokens are signed.
///
/// Its bytes are overwritten when it is dropped, and `Debug` shows the name alone.
///
/// ```
/// use grid_core::auth::SigningKey;
/// let key = SigningKey::generate()?;
/// let again = SigningKey::from_pkcs8(key.as_pkcs8())?;
/// assert_eq!(again.key_id(), key.key_id());
/// # Ok::<(), grid_core::auth::Error>(())
/// ```
#[derive(Clone)]
pub struct SigningKey {
    pkcs8: Zeroizing<Vec<u8>>,
    encoding: EncodingKey,
    public: VerifyingKey,
}

impl SigningKey {
    /// Makes a new key from the operating system's random bytes.
    ///
    /// # Errors
    ///
    /// [`Error::NoRandom`] when there are none.
    pub fn generate() -> Result<Self, Error> {
        let pair = Ed25519KeyPair::generate().map_err(|_| Error::NoRandom)?;
        let document = pair.to_pkcs8().map_err(|_| Error::NoRandom)?;
        Ok(Self::of(&pair, document.as_ref()))
    }

    /// Reads a key from PKCS#8, version 1 (as `openssl genpkey -algorithm ed25519 -outform DER` writes it) or 2.
    ///
    /// # Errors
    ///
    /// [`Error::SigningKeyUnreadable`] when the bytes are anything else.
    ///
    /// # References
    ///
    /// RFC 5958, RFC 8410 section 7.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, Error> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8)
            .map_err(|_| Error::SigningKeyUnreadable { got: pkcs8.len() })?;
        Ok(Self::of(&pair, pkcs8))
    }

    fn of(pair: &Ed25519KeyPair, pkcs8: &[u8]) -> Self {
        let mut raw = [0; 32];
        for (to, from) in raw.iter_mut().zip(pair.public_key().as_ref()) {
            *to = *from;
        }
        Self {
            pkcs8: Zeroizing::new(pkcs8.to_vec()),
            encoding: EncodingKey::from_ed_der(pkcs8),
            public: VerifyingKey::from_bytes(raw),
        }
    }

    /// The key as PKCS#8, to be stored where nobody else reads.
    pub fn as_pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The name of the key.
    pub fn key_id(&self) -> &KeyId {
        self.public.key_id()
    }

    /// The public half, which verifies what this key signs.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.public.clone()
    }

    /// Signs claims as an access token.
    pub(super) fn sign(&self, claims: &Claims) -> Result<String, Error> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.key_id().to_string());
        jsonwebtoken::encode(&header, claims, &self.encoding)
            .map_err(|_| Error::SigningFailed { key_id: self.key_id().to_string() })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("key_id", self.key_id()).finish_non_exhaustive()
    }
}

/// A public Ed25519 key, with which tokens are verified.
#[derive(Clone)]
pub struct VerifyingKey {
    key_id: KeyId,
    raw: [u8; 32],
    decoding: DecodingKey,
}

impl VerifyingKey {
    /// Takes the 32 bytes of a public key (RFC 8032 section 5.1.5).
    pub fn from_bytes(raw: [u8; 32]) -> Self {
        choose_cryptography();
        Self { key_id: KeyId::thumbprint(&raw), raw, decoding: DecodingKey::from_ed_der(&raw) }
    }

    /// The key's 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.raw
    }

    /// The name of the key.
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// The key as JWK, for a set that others read.
    pub fn to_jwk(&self) -> Jwk {
        Jwk {
            kty: "OKP".to_owned(),
            crv: Some("Ed25519".to_owned()),
            x: Some(encode(&self.raw)),
            kid: Some(self.key_id.to_string()),
            alg: Some(ALGORITHM.to_owned()),
            usage: Some("sig".to_owned()),
        }
    }

    /// Checks the signature of a token; `message` is its header, dot and claims.
    pub(super) fn check(&self, message: &str, signature: &str) -> Result<(), Error> {
        if signature.is_empty() {
            return Err(Error::SignatureMissing);
        }
        decode("signature", signature)?;
        match crypto::verify(signature, message.as_bytes(), &self.decoding, Algorithm::EdDSA) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(Error::BadSignature { key_id: self.key_id.to_string() }),
        }
    }
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.key_id == other.key_id && self.raw == other.raw
    }
}

impl Eq for VerifyingKey {}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// A public key as JSON (RFC 7517); of the members, those that matter for Ed25519 (RFC 8037 section 2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Jwk {
    /// The kind of key: `OKP` for Ed25519.
    pub kty: String,
    /// The curve: `Ed25519`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// The public key, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// The key's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// The algorithm that the key is for: `EdDSA`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// What the key is for: `sig`.
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
}

impl Jwk {
    /// Reads the key; its name is its `kid`, or its thumbprint where it has none.
    ///
    /// # Errors
    ///
    /// [`Error::KeyMalformed`] when a member says that it is not an Ed25519 key for signatures, or `x` is not 32 bytes.
    pub fn to_verifying_key(&self) -> Result<VerifyingKey, Error> {
        let is = |member, expected, got: Option<&str>, allowed: &[Option<&str>]| {
            let described = || describe(got.map(serde_json::Value::from).as_ref());
            if allowed.contains(&got) {
                Ok(())
            } else {
                Err(Error::KeyMalformed { member, expected, got: described() })
            }
        };
        is("kty", "`OKP`", Some(&self.kty), &[Some("OKP")])?;
        is("crv", "`Ed25519`", self.crv.as_deref(), &[Some("Ed25519")])?;
        is("use", "`sig`", self.usage.as_deref(), &[Some("sig"), None])?;
        is("alg", "`EdDSA` or `Ed25519`", self.alg.as_deref(), &[Some(ALGORITHM), Some("Ed25519"), None])?;
        let x = self.x.as_deref().unwrap_or_default();
        let raw =
            decode("key", x).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).ok_or_else(|| {
                Error::KeyMalformed {
                    member: "x",
                    expected: "32 bytes as base64url without padding",
                    got: format!("{} characters", x.chars().count()),
                }
            })?;
        let mut key = VerifyingKey::from_bytes(raw);
        if let Some(name) = &self.kid {
            key.key_id = KeyId(name.clone());
        }
        Ok(key)
    }

    /// Whether the key claims to be one that [`Self::to_verifying_key`] reads.
    fn is_ours(&self) -> bool {
        self.kty == "OKP"
            && self.crv.as_deref() == Some("Ed25519")
            && self.usage.as_deref().is_none_or(|usage| usage == "sig")
    }
}

/// A set of public keys, as `/.well-known/jwks.json` has it.
///
/// ```
/// use grid_core::auth::{JwkSet, SigningKey};
/// let key = SigningKey::generate()?;
/// let set = JwkSet { keys: vec![key.verifying_key().to_jwk()] };
/// let text = serde_json::to_string(&set).unwrap();
/// assert_eq!(JwkSet::parse(&text)?.to_verifying_keys()?, [key.verifying_key()]);
/// # Ok::<(), grid_core::auth::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwkSet {
    /// The keys.
    pub keys: Vec<Jwk>,
}

impl JwkSet {
    /// Reads a set from JSON; members that are not known are passed over.
    ///
    /// # Errors
    ///
    /// [`Error::KeyMalformed`] when the text is not a set of keys.
    pub fn parse(text: &str) -> Result<Self, Error> {
        serde_json::from_str(text).map_err(|fault| Error::KeyMalformed {
            member: "keys",
            expected: "a list of JWKs",
            got: format!("something else at line {}, column {}", fault.line(), fault.column()),
        })
    }

    /// The Ed25519 keys of the set; keys of other kinds and for other uses are passed over (RFC 7517 section 5).
    ///
    /// # Errors
    ///
    /// [`Error::KeyMalformed`] when one that claims to be such a key is broken.
    pub fn to_verifying_keys(&self) -> Result<Vec<VerifyingKey>, Error> {
        self.keys.iter().filter(|key| key.is_ours()).map(Jwk::to_verifying_key).collect()
    }
}

impl<'a> FromIterator<&'a VerifyingKey> for JwkSet {
    fn from_iter<I: IntoIterator<Item = &'a VerifyingKey>>(keys: I) -> Self {
        Self { keys: keys.into_iter().map(VerifyingKey::to_jwk).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037 appendix A.1, A.2: the private key `d` and the public key `x`.
    const D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    const PUBLIC: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    /// RFC 8037 appendix A.3.
    const THUMBPRINT: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
    /// RFC 8037 appendix A.4: the message and the signature of its JWS.
    const MESSAGE: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    const SIGNATURE: &str =
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

    /// The frame of PKCS#8 version 1 around an Ed25519 seed (RFC 8410 section 7).
    fn rfc_8037_key() -> SigningKey {
        let mut pkcs8 = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        pkcs8.extend(decode("key", D).unwrap());
        SigningKey::from_pkcs8(&pkcs8).unwrap()
    }

    #[test]
    fn the_key_of_rfc_8037_has_its_public_half_and_its_thumbprint() {
        let key = rfc_8037_key();
        let jwk: Jwk = serde_json::from_str(PUBLIC).unwrap();
        assert_eq!(jwk.to_verifying_key().unwrap(), key.verifying_key());
        assert_eq!(key.key_id().as_str(), THUMBPRINT);
    }

    #[test]
    fn the_signature_of_rfc_8037_verifies_and_a_changed_one_does_not() {
        let key = rfc_8037_key().verifying_key();
        assert_eq!(key.check(MESSAGE, SIGNATURE), Ok(()));
        assert_eq!(key.check(&MESSAGE[1..], SIGNATURE).unwrap_err().reason(), "bad_signature");
        let flipped = SIGNATURE.replacen('h', "i", 1);
        assert_eq!(key.check(MESSAGE, &flipped).unwrap_err().reason(), "bad_signature");
    }

    #[test]
    fn the_key_of_rfc_8037_signs_as_the_standard_did() {
        let signature = crypto::sign(MESSAGE.as_bytes(), &rfc_8037_key().encoding, Algorithm::EdDSA);
        assert_eq!(signature.unwrap(), SIGNATURE);
    }

    #[test]
    fn a_private_key_does_not_show_itself() {
        let shown = format!("{:?}", rfc_8037_key());
        assert!(shown.contains(THUMBPRINT) && !shown.contains("157"), "{shown}");
    }

    #[test]
    fn keys_of_other_kinds_are_passed_over_and_broken_ones_are_not() {
        let rsa = r#"{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"a"}"#;
        let curve = r#"{"kty":"OKP","crv":"X25519","x":"AAAA"}"#;
        let encryption = PUBLIC.replace('}', r#","use":"enc"}"#);
        let set =
            |keys: &[&str]| JwkSet::parse(&format!(r#"{{"keys":[{}],"more":1}}"#, keys.join(","))).unwrap();
        let read = set(&[rsa, curve, &encryption, PUBLIC]).to_verifying_keys().unwrap();
        assert_eq!(read, [rfc_8037_key().verifying_key()]);
        let short = PUBLIC.replace("11qY", "");
        for broken in [&*short, &PUBLIC.replace("\"x\"", "\"y\""), &PUBLIC.replace('}', r#","alg":"RS256"}"#)]
        {
            let refused = set(&[broken]).to_verifying_keys().unwrap_err();
            assert_eq!(refused.reason(), "key_malformed", "{broken}");
        }
        assert!(JwkSet::parse("[]").is_err());
    }

    #[test]
    fn bytes_that_are_no_key_are_refused() {
        for bytes in [&b""[..], b"-----BEGIN PRIVATE KEY-----", &[0x30; 48]] {
            assert_eq!(
                SigningKey::from_pkcs8(bytes).unwrap_err(),
                Error::SigningKeyUnreadable { got: bytes.len() }
            );
        }
    }
}
