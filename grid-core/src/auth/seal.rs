//! Encryption of the secrets that a database keeps: signing keys and the seeds of second factors.

use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf, rand,
};
use zeroize::Zeroizing;

use super::Error;

/// The first byte of what is sealed: how it was sealed.
const VERSION: u8 = 1;

/// A key that seals secrets before they are stored: who reads the database without it reads nothing of use.
///
/// What is sealed is bound to a context, the name of what it belongs to, so that a row cannot be exchanged for another.
///
/// ```
/// use grid_core::auth::SealingKey;
/// let key = SealingKey::new("a text of at least 32 bytes, best made at random")?;
/// let sealed = key.seal(b"a secret", "signing key 7")?;
/// assert_eq!(key.open(&sealed, "signing key 7")?.as_slice(), b"a secret");
/// assert!(key.open(&sealed, "signing key 8").is_err());
/// # Ok::<(), grid_core::auth::Error>(())
/// ```
///
/// # References
///
/// AES-256-GCM with a random nonce of 96 bits (NIST SP 800-38D section 8.2.2); the key is derived from the text by HKDF
/// with SHA-256 (RFC 5869).
#[derive(Clone)]
pub struct SealingKey(Zeroizing<[u8; 32]>);

impl SealingKey {
    /// The shortest text that a key is made of, in bytes.
    pub const LEAST: usize = 32;

    /// Makes a key of a text, which must be long enough not to be guessed: the output of `openssl rand -base64 32` is.
    ///
    /// # Errors
    ///
    /// [`Error::SecretTooShort`] under [`Self::LEAST`] bytes; white space around the text does not count.
    pub fn new(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.len() < Self::LEAST {
            return Err(Error::SecretTooShort { least: Self::LEAST, got: text.len() });
        }
        Self::derived(text.as_bytes(), "sealing key, version 1")
    }

    /// Makes a key of any secret for one purpose: as hard to guess as the secret is, and no harder.
    pub(super) fn derived(secret: &[u8], purpose: &str) -> Result<Self, Error> {
        let mut key = Zeroizing::new([0; 32]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"grid")
            .extract(secret)
            .expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|expanded| expanded.fill(key.as_mut_slice()))
            .map_err(|_| Error::SealingFailed)?;
        Ok(Self(key))
    }

    /// Seals a secret for a context.
    ///
    /// # Errors
    ///
    /// [`Error::NoRandom`] when the operating system gives no nonce, [`Error::SealingFailed`] for secrets of more than
    /// 64 GiB.
    pub fn seal(&self, secret: &[u8], context: &str) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| Error::NoRandom)?;
        let mut text = Zeroizing::new(secret.to_vec());
        let tag = self
            .key()?
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut text)
            .map_err(|_| Error::SealingFailed)?;
        Ok([&[VERSION], &nonce[..], text.as_slice(), tag.as_ref()].concat())
    }

    /// Opens what was sealed for the same context.
    ///
    /// # Errors
    ///
    /// [`Error::NotSealedByThisKey`] when it was sealed by another key or for another context, or has been changed.
    pub fn open(&self, sealed: &[u8], context: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
        let broken = || Error::NotSealedByThisKey { context: context.to_owned() };
        let rest = sealed.strip_prefix(&[VERSION]).ok_or_else(broken)?;
        let (nonce, text) = rest.split_at_checked(NONCE_LEN).ok_or_else(broken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
        let mut text = Zeroizing::new(text.to_vec());
        let length =
            self.key()?.open_in_place(nonce, Aad::from(context), &mut text).map_err(|_| broken())?.len();
        text.truncate(length);
        Ok(text)
    }

    fn key(&self) -> Result<LessSafeKey, Error> {
        UnboundKey::new(&AES_256_GCM, self.0.as_slice())
            .map(LessSafeKey::new)
            .map_err(|_| Error::SealingFailed)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> SealingKey {
        SealingKey::new("0123456789abcdef0123456789abcdef").unwrap()
    }

    #[test]
    fn a_short_text_is_no_key() {
        let short = SealingKey::new(" 0123456789abcdef0123456789abcde ").unwrap_err();
        assert_eq!(short, Error::SecretTooShort { least: 32, got: 31 });
    }

    #[test]
    fn another_key_opens_nothing() {
        let sealed = key().seal(b"secret", "a").unwrap();
        let other = SealingKey::new("0123456789abcdef0123456789abcdeF").unwrap();
        assert_eq!(other.open(&sealed, "a").unwrap_err().reason(), "not_sealed_by_this_key");
    }

    #[test]
    fn the_same_secret_is_sealed_differently_each_time() {
        assert_ne!(key().seal(b"secret", "a").unwrap(), key().seal(b"secret", "a").unwrap());
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_and_one_changed_bit_does_not(
            secret in prop::collection::vec(any::<u8>(), 0..100),
            context in "\\PC{0,20}",
            at in any::<prop::sample::Index>(),
            bit in 0_u32..8,
        ) {
            let sealed = key().seal(&secret, &context).unwrap();
            let opened = key().open(&sealed, &context).unwrap();
            prop_assert_eq!(opened.as_slice(), &*secret);
            let mut changed = sealed.clone();
            let at = at.index(changed.len());
            changed[at] ^= 1_u8 << bit;
            prop_assert!(key().open(&changed, &context).is_err());
            prop_assert!(key().open(&sealed[..at], &context).is_err());
        }
    }
}
