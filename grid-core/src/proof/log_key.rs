//! Ed25519: the private key that signs heads.

use std::fmt;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

use super::{Error, KeyId, PublicKey, Signature, signature::from_pem};

/// A private Ed25519 key, with which a log's heads are signed.
///
/// `Debug` shows its id alone.
///
/// ```
/// use grid_core::proof::LogKey;
/// let key = LogKey::generate()?;
/// let again = LogKey::from_pkcs8(&key.to_pkcs8()?)?;
/// assert_eq!(again.public_key(), key.public_key());
/// assert!(key.public_key().is_signature(b"a message", &again.sign(b"a message")?));
/// # Ok::<(), grid_core::proof::Error>(())
/// ```
#[derive(Clone)]
pub struct LogKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl LogKey {
    /// Makes a new key from the operating system's random bytes.
    ///
    /// # Errors
    ///
    /// [`Error::NoRandom`] when there are none.
    pub fn generate() -> Result<Self, Error> {
        Ed25519KeyPair::generate().map(Self::of).map_err(|_| Error::NoRandom)
    }

    /// Takes the 32 secret bytes of a key (RFC 8032 section 5.1.5).
    ///
    /// # Errors
    ///
    /// [`Error::LogKeyUnreadable`] when the library refuses them.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, Error> {
        Ed25519KeyPair::from_seed_unchecked(seed)
            .map(Self::of)
            .map_err(|_| Error::LogKeyUnreadable { got: seed.len() })
    }

    /// Reads a key from PKCS#8, version 1 (as `openssl genpkey -algorithm ed25519 -outform DER` writes it) or 2.
    ///
    /// # Errors
    ///
    /// [`Error::LogKeyUnreadable`] when the bytes are anything else.
    ///
    /// # References
    ///
    /// RFC 5958, RFC 8410 section 7.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, Error> {
        Ed25519KeyPair::from_pkcs8(pkcs8)
            .map(Self::of)
            .map_err(|_| Error::LogKeyUnreadable { got: pkcs8.len() })
    }

    /// Reads a key from the PEM that `openssl genpkey -algorithm ed25519` writes.
    ///
    /// # Errors
    ///
    /// [`Error::LogKeyUnreadable`] when the text is anything else.
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        let unreadable = || Error::LogKeyUnreadable { got: text.len() };
        Self::from_pkcs8(&from_pem(text, "PRIVATE KEY").ok_or_else(unreadable)?)
    }

    fn of(pair: Ed25519KeyPair) -> Self {
        let mut public = [0; 32];
        for (to, from) in public.iter_mut().zip(pair.public_key().as_ref()) {
            *to = *from;
        }
        Self { pair, public: PublicKey::from_bytes(public) }
    }

    /// The key as PKCS#8, to be kept where nobody else reads.
    ///
    /// # Errors
    ///
    /// [`Error::LogKeyUnreadable`] when the library cannot write it.
    pub fn to_pkcs8(&self) -> Result<Vec<u8>, Error> {
        let document = self.pair.to_pkcs8().map_err(|_| Error::LogKeyUnreadable { got: 0 })?;
        Ok(document.as_ref().to_vec())
    }

    /// The public half, which checks what this key signs.
    pub const fn public_key(&self) -> PublicKey {
        self.public
    }

    /// The id of the key.
    pub fn key_id(&self) -> KeyId {
        self.public.key_id()
    }

    /// Signs a message. The same message has the same signature each time.
    ///
    /// # Errors
    ///
    /// [`Error::SigningFailed`].
    ///
    /// # References
    ///
    /// RFC 8032 section 5.1.6.
    pub fn sign(&self, message: &[u8]) -> Result<Signature, Error> {
        let signature = self.pair.try_sign(message).ok();
        signature
            .and_then(|signature| signature.as_ref().try_into().ok().map(Signature::from_bytes))
            .ok_or_else(|| Error::SigningFailed { key_id: self.key_id() })
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogKey").field("key_id", &self.key_id()).finish_non_exhaustive()
    }
}
