//! A verifier that remembers: a token that it has seen costs a hash instead of a signature.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use jiff::Timestamp;
use quick_cache::sync::Cache;

use super::{
    Error, LONGEST_TOKEN, Principal, Revocation, Revocations, SharedSecret, Verifier, refresh::sha256,
};

/// Verifies tokens of one service, remembers the good ones, and refuses those that were revoked.
///
/// The memory is bounded: it holds the SHA-256 of as many tokens as it was made for and who is behind each, and forgets
/// those that are asked for least. What it remembers never outlives a token: expiry and revocations are looked at on
/// each call, and other keys empty it. It can be shared by threads.
///
/// ```
/// use grid_core::auth::{Issuer, RememberingVerifier, Scopes, SigningKey, Subject};
/// # let now: jiff::Timestamp = "2026-03-29T01:00:00Z".parse()?;
/// let issuer = Issuer::new(SigningKey::generate()?, "https://grid.example", "grid-api");
/// let kat = Subject { user_id: uuid::Uuid::from_u128(7), username: "kat".into(), scope: Scopes::default(), session_id: None };
/// let issued = issuer.issue(&kat, now)?;
///
/// let verifier = RememberingVerifier::new(issuer.verifier(), None, 10_000);
/// assert_eq!(verifier.verify(&issued.token, now)?.username, "kat");
/// assert_eq!(verifier.verify(&issued.token, now)?.username, "kat"); // some 80 times faster
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RememberingVerifier {
    verifier: RwLock<Arc<Verifier>>,
    shared_secret: Option<SharedSecret>,
    seen: Cache<[u8; 32], Arc<Principal>>,
    revocations: RwLock<Revocations>,
}

impl RememberingVerifier {
    /// Makes a verifier of tokens that `verifier` takes, and of those of the HS256 mode where there is a secret, that
    /// remembers up to `most` of them.
    pub fn new(verifier: Verifier, shared_secret: Option<SharedSecret>, most: usize) -> Self {
        Self {
            verifier: RwLock::new(Arc::new(verifier)),
            shared_secret,
            seen: Cache::new(most),
            revocations: RwLock::default(),
        }
    }

    /// Verifies a token at the time `now` and says who is asking.
    ///
    /// # Errors
    ///
    /// The first reason to refuse it, always of kind `Unauthenticated`.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Arc<Principal>, Error> {
        if token.len() > LONGEST_TOKEN {
            return Err(Error::TokenTooLong { most: LONGEST_TOKEN, got: token.len() });
        }
        let hash = sha256(token.as_bytes());
        let principal = match self.seen.get(&hash).filter(|principal| now < principal.expires_at) {
            Some(principal) => principal,
            None => self.look_at(token, hash, now)?,
        };
        self.revocations.read().unwrap_or_else(PoisonError::into_inner).check(&principal)?;
        Ok(principal)
    }

    /// Verifies a token for the first time.
    fn look_at(&self, token: &str, hash: [u8; 32], now: Timestamp) -> Result<Arc<Principal>, Error> {
        let verifier = self.verifier();
        // The header only says which of the two is meant; each then takes its own algorithm alone.
        let verified = match &self.shared_secret {
            Some(secret) if SharedSecret::is_meant(token) => secret.verify(token, now),
            _ => verifier.verify(token, now),
        };
        let principal = match verified {
            Ok(principal) => Arc::new(principal),
            Err(error) => {
                self.seen.remove(&hash);
                return Err(error);
            }
        };
        self.seen.insert(hash, Arc::clone(&principal));
        // Keys that were changed in the meantime have emptied the memory before this token came in.
        if !Arc::ptr_eq(&verifier, &self.verifier()) {
            self.seen.remove(&hash);
        }
        Ok(principal)
    }

    /// The verifier that signatures are checked with.
    pub fn verifier(&self) -> Arc<Verifier> {
        Arc::clone(&self.verifier.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Goes on with other keys; what was verified with the old ones is forgotten.
    pub fn replace(&self, verifier: Verifier) {
        *self.verifier.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(verifier);
        self.seen.clear();
    }

    /// Refuses from now on what a revocation concerns.
    pub fn revoke(&self, revocation: Revocation) {
        self.revocations.write().unwrap_or_else(PoisonError::into_inner).add(revocation);
    }

    /// Takes in revocations that were made elsewhere, and forgets those that no longer matter at the time `now`.
    pub fn revoke_all(&self, all: impl IntoIterator<Item = Revocation>, now: Timestamp) {
        let mut revocations = self.revocations.write().unwrap_or_else(PoisonError::into_inner);
        all.into_iter().for_each(|revocation| revocations.add(revocation));
        revocations.forget(now);
    }

    /// How many tokens are remembered.
    pub fn remembered(&self) -> usize {
        self.seen.len()
    }
}

impl fmt::Debug for RememberingVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RememberingVerifier").field("remembered", &self.remembered()).finish_non_exhaustive()
    }
}
