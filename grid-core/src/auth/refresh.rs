//! The text of a refresh token: opaque to whoever holds it, and worthless to whoever reads the database.

use std::fmt;

use aws_lc_rs::{digest, rand};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    Error, checksum,
    token::{decode, encode},
};

/// The session's id, the secret that all of its tokens share, and the secret of this one.
const LENGTHS: (usize, usize, usize) = (16, 16, 32);
const LENGTH: usize = LENGTHS.0 + LENGTHS.1 + LENGTHS.2;

/// A refresh token: it names its session, proves that it comes from it, and is one step of it.
///
/// The proof is a secret that all tokens of a session share, so that a stranger who learns a session's id cannot end it
/// with a token that was made up. `Debug` shows the session alone.
///
/// ```
/// use grid_core::auth::RefreshToken;
/// let token = RefreshToken::first(uuid::Uuid::from_u128(7))?;
/// assert_eq!(RefreshToken::parse(token.expose())?.session_id(), uuid::Uuid::from_u128(7));
/// assert_eq!(RefreshToken::parse("rubbish").unwrap_err().reason(), "refresh_malformed");
/// # Ok::<(), grid_core::auth::Error>(())
/// ```
#[derive(Clone)]
pub struct RefreshToken {
    text: Zeroizing<String>,
    bytes: Zeroizing<[u8; LENGTH]>,
}

impl RefreshToken {
    /// What every refresh token begins with, so that it is known where it should not be, in a log or in a repository.
    pub const PREFIX: &str = "gridrt_";

    /// Makes the first token of a session.
    ///
    /// # Errors
    ///
    /// [`Error::NoRandom`] when the operating system gives no random bytes.
    pub fn first(session_id: Uuid) -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        let (id, secrets) = bytes.split_at_mut(LENGTHS.0);
        id.copy_from_slice(session_id.as_bytes());
        rand::fill(secrets).map_err(|_| Error::NoRandom)?;
        Ok(Self::of(bytes))
    }

    /// Makes another token of the same session.
    ///
    /// # Errors
    ///
    /// [`Error::NoRandom`] when the operating system gives no random bytes.
    pub fn next(&self) -> Result<Self, Error> {
        let mut bytes = self.bytes.clone();
        let (_, secret) = bytes.split_at_mut(LENGTHS.0 + LENGTHS.1);
        rand::fill(secret).map_err(|_| Error::NoRandom)?;
        Ok(Self::of(bytes))
    }

    /// Reads a token; rubbish is refused here, before anybody asks a database.
    ///
    /// # Errors
    ///
    /// [`Error::RefreshMalformed`], which does not repeat the text.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let bytes = text
            .strip_prefix(Self::PREFIX)
            .and_then(|_| checksum::strip(text))
            .and_then(|body| body.strip_prefix(Self::PREFIX))
            .and_then(|body| decode("token", body).ok())
            .and_then(|bytes| Zeroizing::new(bytes).as_slice().try_into().ok())
            .ok_or(Error::RefreshMalformed { got: text.len() })?;
        Ok(Self { text: Zeroizing::new(text.to_owned()), bytes: Zeroizing::new(bytes) })
    }

    fn of(bytes: Zeroizing<[u8; LENGTH]>) -> Self {
        let mut text = Zeroizing::new(format!("{}{}", Self::PREFIX, encode(&*bytes)));
        checksum::append(&mut text);
        Self { text, bytes }
    }

    /// The token as its owner keeps it: whoever has it can log in as them.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The session that it belongs to, if it is what it says.
    pub fn session_id(&self) -> Uuid {
        let (id, _) = self.bytes.split_at(LENGTHS.0);
        Uuid::from_slice(id).unwrap_or_default()
    }

    /// The SHA-256 of the token, by which it is known again. A secret of 256 random bits needs no slow hash.
    pub fn hash(&self) -> [u8; 32] {
        sha256(&*self.bytes)
    }

    /// The SHA-256 of what proves that the token belongs to its session.
    pub fn family_hash(&self) -> [u8; 32] {
        let (family, _) = self.bytes.split_at(LENGTHS.0 + LENGTHS.1);
        sha256(family)
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken").field("session_id", &self.session_id()).finish_non_exhaustive()
    }
}

/// SHA-256 (FIPS 180-4): what is kept of a secret that is random and long, so that it is known again and not told.
///
/// ```
/// let hash = grid_core::auth::sha256(b"abc");
/// assert_eq!(hash[..4], [0xba, 0x78, 0x16, 0xbf]); // FIPS 180-4, the example of one block
/// ```
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(digest::digest(&digest::SHA256, bytes).as_ref()) {
        *to = *from;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tokens_of_a_session_share_its_proof_and_nothing_else() {
        let first = RefreshToken::first(Uuid::from_u128(7)).unwrap();
        let second = first.next().unwrap();
        let stranger = RefreshToken::first(Uuid::from_u128(7)).unwrap();
        assert_eq!((first.session_id(), second.session_id()), (Uuid::from_u128(7), Uuid::from_u128(7)));
        assert_eq!(first.family_hash(), second.family_hash());
        assert_ne!(first.hash(), second.hash());
        assert_ne!(first.family_hash(), stranger.family_hash());
    }

    #[test]
    fn a_token_does_not_show_itself() {
        let token = RefreshToken::first(Uuid::from_u128(7)).unwrap();
        let secret = token.expose().get(40..60).unwrap();
        assert!(!format!("{token:?}").contains(secret));
        let other = format!("{}x", token.expose());
        assert!(!RefreshToken::parse(&other).unwrap_err().to_string().contains(secret));
    }

    #[test]
    fn a_hash_is_that_of_the_standard() {
        // FIPS 180-4, the example of one block: `abc`.
        let expected: u128 = 0xba78_16bf_8f01_cfea_4141_40de_5dae_2223;
        assert_eq!(sha256(b"abc")[..16], expected.to_be_bytes());
    }

    proptest! {
        #[test]
        fn a_token_reads_back_and_a_changed_one_is_refused(at in any::<prop::sample::Index>(), other in "[A-Za-z0-9_-]") {
            let token = RefreshToken::first(Uuid::from_u128(7)).unwrap();
            let text = token.expose().to_owned();
            let read = RefreshToken::parse(&text).unwrap();
            prop_assert_eq!((read.hash(), read.family_hash()), (token.hash(), token.family_hash()));
            let mut changed = text.clone();
            let at = at.index(text.len());
            changed.replace_range(at..=at, &other);
            prop_assert_eq!(RefreshToken::parse(&changed).is_ok(), changed == text);
        }

        #[test]
        fn no_text_is_too_odd(text in "(gridrt_)?\\PC{0,120}") {
            prop_assert!(RefreshToken::parse(&text).is_err());
        }
    }
}
