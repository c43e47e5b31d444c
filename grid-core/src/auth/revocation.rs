//! What ends a token before its time.
//!
//! An access token is verified without a database, so it cannot be taken back; but each verifier can be told which ones
//! not to take any more. What it must remember is little: a revocation is forgotten when the last token that it
//! concerns has expired.

use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::{Error, Principal};

/// Which tokens a revocation concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Revoked {
    /// All tokens of a session.
    Session(Uuid),
    /// The one token with this id (`jti`).
    Token(Uuid),
    /// The tokens of a user that belong to no session and were issued before the revocation, or do not say when.
    User(Uuid),
}

/// Tokens that are no longer to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Which tokens.
    pub what: Revoked,
    /// When it was said.
    pub at: Timestamp,
    /// When the last of the tokens has expired, and the revocation can be forgotten.
    pub until: Timestamp,
}

/// All revocations that still matter.
///
/// ```
/// use grid_core::auth::{Issuer, Revocation, Revocations, Revoked, Scopes, SigningKey, Subject};
/// # let now: jiff::Timestamp = "2026-03-29T01:00:00Z".parse()?;
/// let session_id = Some(uuid::Uuid::from_u128(9));
/// let kat = Subject { user_id: uuid::Uuid::from_u128(7), username: "kat".into(), scope: Scopes::default(), session_id };
/// let issuer = Issuer::new(SigningKey::generate()?, "https://grid.example", "grid-api");
/// let issued = issuer.issue(&kat, now)?;
/// let caller = issuer.verifier().verify(&issued.token, now)?;
///
/// let mut revocations = Revocations::default();
/// assert!(revocations.check(&caller).is_ok());
/// revocations.add(Revocation { what: Revoked::Session(uuid::Uuid::from_u128(9)), at: now, until: caller.expires_at });
/// assert_eq!(revocations.check(&caller).unwrap_err().reason(), "token_revoked");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revocations(HashMap<Revoked, Revocation>);

impl Revocations {
    /// Adds a revocation. Of two about the same tokens the later one counts, and it is remembered for as long as either.
    pub fn add(&mut self, revocation: Revocation) {
        self.0
            .entry(revocation.what)
            .and_modify(|known| {
                known.at = known.at.max(revocation.at);
                known.until = known.until.max(revocation.until);
            })
            .or_insert(revocation);
    }

    /// Forgets the revocations of which every token has expired.
    pub fn forget(&mut self, now: Timestamp) {
        self.0.retain(|_, revocation| now < revocation.until);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks that the token behind a principal has not been revoked.
    ///
    /// # Errors
    ///
    /// [`Error::TokenRevoked`], of kind `Unauthenticated`.
    pub fn check(&self, principal: &Principal) -> Result<(), Error> {
        if self.is_empty() {
            return Ok(());
        }
        let by_token = self.0.get(&Revoked::Token(principal.token_id));
        let by_owner = match principal.session_id {
            Some(session) => self.0.get(&Revoked::Session(session)),
            // Times in tokens are whole seconds: one of the same second may be older than the revocation.
            None => self.0.get(&Revoked::User(principal.user_id)).filter(|revocation| {
                principal.issued_at.is_none_or(|issued| issued.as_second() <= revocation.at.as_second())
            }),
        };
        match by_token.or(by_owner) {
            Some(revocation) => Err(Error::TokenRevoked { at: revocation.at }),
            None => Ok(()),
        }
    }
}

impl FromIterator<Revocation> for Revocations {
    fn from_iter<I: IntoIterator<Item = Revocation>>(all: I) -> Self {
        let mut revocations = Self::default();
        all.into_iter().for_each(|revocation| revocations.add(revocation));
        revocations
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Scopes;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn principal(session: Option<u128>, issued_at: Option<i64>) -> Principal {
        Principal {
            user_id: Uuid::from_u128(7),
            username: "kat".to_owned(),
            scopes: Scopes::default(),
            session_id: session.map(Uuid::from_u128),
            token_id: Uuid::from_u128(1),
            issued_at: issued_at.map(at),
            expires_at: at(900),
        }
    }

    fn revoked(what: Revoked) -> Revocations {
        [Revocation { what, at: at(100), until: at(1000) }].into_iter().collect()
    }

    #[test]
    fn a_revocation_concerns_what_it_names_and_nothing_else() {
        let refuses = |what, principal: &Principal| revoked(what).check(principal).is_err();
        let of_session = principal(Some(5), Some(50));
        assert!(refuses(Revoked::Session(Uuid::from_u128(5)), &of_session));
        assert!(refuses(Revoked::Token(Uuid::from_u128(1)), &of_session));
        assert!(!refuses(Revoked::Session(Uuid::from_u128(6)), &of_session));
        assert!(!refuses(Revoked::Token(Uuid::from_u128(5)), &of_session));
        // A session has revocations of its own, so that one of a user's can be kept.
        assert!(!refuses(Revoked::User(Uuid::from_u128(7)), &of_session));
    }

    #[test]
    fn a_users_tokens_without_a_session_end_unless_they_were_issued_later() {
        let user = Revoked::User(Uuid::from_u128(7));
        assert!(revoked(user).check(&principal(None, None)).is_err());
        assert!(revoked(user).check(&principal(None, Some(100))).is_err());
        assert!(revoked(user).check(&principal(None, Some(101))).is_ok());
    }

    #[test]
    fn a_revocation_is_kept_until_the_last_token_has_expired() {
        let mut revocations = revoked(Revoked::Token(Uuid::from_u128(1)));
        revocations.add(Revocation { what: Revoked::Token(Uuid::from_u128(1)), at: at(50), until: at(2000) });
        assert_eq!(revocations.len(), 1);
        revocations.forget(at(1999));
        assert_eq!(revocations.check(&principal(None, None)), Err(Error::TokenRevoked { at: at(100) }));
        revocations.forget(at(2000));
        assert!(revocations.is_empty());
    }
}
