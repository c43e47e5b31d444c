//! A session: one login, and the chain of refresh tokens that keeps it alive.
//!
//! A refresh token is good once: the answer brings the next one. If an old one comes back, two parties hold the chain,
//! and nobody can tell who stole it, so the session ends (RFC 9700 section 4.14.2). One old token is not a theft: that of
//! a client that never got the answer. So the token before the current one may be used again while the current one has
//! not been used, for [`Session::REPEAT`]; the pair that was lost is then void, and there is still one chain.
//!
//! The rules are a function without a clock or a database; the store applies it to the stored row under a lock.

use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Error, RefreshToken, Scopes};

/// One login of a user with one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session's id, which its access tokens name (`sid`).
    pub id: Uuid,
    /// Who logged in.
    pub user_id: Uuid,
    /// The program that they logged in with.
    pub client_id: String,
    /// The most that its access tokens allow.
    pub scopes: Scopes,
    /// The address that the login came from.
    pub address: String,
    /// What the program said of itself (`User-Agent`).
    pub user_agent: String,
    /// When they logged in.
    pub created_at: Timestamp,
    /// When the session was last refreshed, or made.
    pub used_at: Timestamp,
    /// The first instant at which it can no longer be refreshed.
    pub expires_at: Timestamp,
    /// When it ended, and why.
    pub ended: Option<(Timestamp, Ended)>,
    /// The chain of its refresh tokens.
    pub chain: Chain,
}

/// Where the chain of a session's refresh tokens stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// SHA-256 of the proof that all tokens of the session share.
    pub family: [u8; 32],
    /// SHA-256 of the token that comes next.
    pub current: [u8; 32],
    /// The id of the access token that was handed out with it.
    pub access_token: Uuid,
    /// SHA-256 of the token before it, and when that one was used.
    pub previous: Option<([u8; 32], Timestamp)>,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its user logged out.
    LoggedOut,
    /// An old refresh token came back.
    Replayed,
    /// The user was disabled, got another password, or ended it from elsewhere.
    Revoked,
}

/// How long sessions live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// The longest time between two refreshes.
    pub idle: Duration,
    /// The longest time since the login.
    pub total: Duration,
}

impl Default for SessionLimits {
    /// 30 days between two refreshes, 180 days in all.
    fn default() -> Self {
        Self { idle: Duration::from_hours(30 * 24), total: Duration::from_hours(180 * 24) }
    }
}

/// What a refresh token gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// The chain went one step on.
    Next,
    /// The client asked again because it never got the answer: the pair that was lost is void, and its access token, which
    /// is named here, is to be revoked.
    Again {
        /// The id of the access token that was lost.
        lost: Uuid,
    },
}

impl Session {
    /// How long a refresh may be repeated while the refresh token that it gave has not been used.
    pub const REPEAT: SignedDuration = SignedDuration::from_secs(60);

    /// The chain of a new session, of which `first` is the first refresh token and `access_token` the first access token.
    pub fn start(first: &RefreshToken, access_token: Uuid) -> Chain {
        Chain { family: first.family_hash(), current: first.hash(), access_token, previous: None }
    }

    /// When a session ends that began at `created_at` and is used at `now`.
    pub fn expiry(created_at: Timestamp, limits: SessionLimits, now: Timestamp) -> Timestamp {
        let after = |start: Timestamp, time: Duration| {
            SignedDuration::try_from(time)
                .ok()
                .and_then(|time| start.checked_add(time).ok())
                .unwrap_or(Timestamp::MAX)
        };
        after(now, limits.idle).min(after(created_at, limits.total))
    }

    /// Whether it can still be refreshed.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended.is_none() && now < self.expires_at
    }

    /// Ends the session, if it has not ended already.
    pub fn end(&mut self, why: Ended, now: Timestamp) {
        self.ended.get_or_insert((now, why));
    }

    /// Presents a refresh token at the time `now`, with the pair that is to be handed out next.
    ///
    /// Gives the session as it is afterwards, which is to be kept whether or not the token was good.
    ///
    /// # Errors
    ///
    /// All of kind `Unauthenticated`: [`Error::RefreshUnknown`] for a token that never was one of this session, which
    /// changes nothing; [`Error::SessionOver`] when the session has ended or expired; [`Error::RefreshReplayed`] for an
    /// old token, which ends the session.
    ///
    /// # References
    ///
    /// RFC 6749 section 10.4, RFC 9700 section 4.14.2 (rotation, and what a replayed token means).
    pub fn refresh(
        &self,
        presented: &RefreshToken,
        next: &RefreshToken,
        next_access_token: Uuid,
        limits: SessionLimits,
        now: Timestamp,
    ) -> (Self, Result<Refreshed, Error>) {
        let mut session = self.clone();
        let same = |one: &[u8; 32], other: &[u8; 32]| verify_slices_are_equal(one, other).is_ok();
        if presented.session_id() != self.id || !same(&presented.family_hash(), &self.chain.family) {
            return (session, Err(Error::RefreshUnknown));
        }
        if !self.is_live(now) {
            return (session, Err(Error::SessionOver));
        }
        let hash = presented.hash();
        let repeats = |(token, used_at): &([u8; 32], Timestamp)| {
            same(&hash, token) && now.duration_since(*used_at) <= Self::REPEAT
        };
        let refreshed = if same(&hash, &self.chain.current) {
            session.chain.previous = Some((hash, now));
            Refreshed::Next
        } else if self.chain.previous.as_ref().is_some_and(repeats) {
            Refreshed::Again { lost: self.chain.access_token }
        } else {
            session.end(Ended::Replayed, now);
            return (session, Err(Error::RefreshReplayed));
        };
        session.chain.current = next.hash();
        session.chain.access_token = next_access_token;
        session.used_at = now;
        session.expires_at = Self::expiry(self.created_at, limits, now);
        (session, Ok(refreshed))
    }
}
