//! Issues access tokens.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use uuid::Uuid;

use super::{Claims, Error, SigningKey, Subject, Verifier, token::LONGEST_TOKEN};

/// How long an access token is valid where nothing else is asked for.
pub const DEFAULT_LIFETIME: Duration = Duration::from_mins(15);

/// The longest that an access token may be valid: one that is stolen cannot be taken back without asking a database.
pub const LONGEST_LIFETIME: Duration = Duration::from_hours(24);

/// The program that tokens are issued to where no other is named.
const CLIENT: &str = "grid";

/// Issues access tokens for one issuer and one audience, signed by one key.
///
/// ```
/// use grid_core::auth::{Issuer, Scopes, SigningKey, Subject};
/// let issuer = Issuer::new(SigningKey::generate()?, "https://grid.example", "grid-api");
/// let kat = Subject { user_id: uuid::Uuid::from_u128(7), username: "kat".into(), scope: Scopes::default(), session_id: None };
/// let now: jiff::Timestamp = "2026-03-29T01:00:00Z".parse()?;
///
/// let issued = issuer.issue(&kat, now)?;
/// let caller = issuer.verifier().verify(&issued.token, now)?;
/// assert_eq!((caller.user_id, caller.username), (kat.user_id, kat.username));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
///
/// RFC 9068 (the profile), RFC 7519 (the claims), RFC 8037 (EdDSA).
#[derive(Clone, Debug)]
pub struct Issuer {
    key: SigningKey,
    name: String,
    audience: String,
    client_id: String,
    lifetime: Duration,
}

impl Issuer {
    /// Makes an issuer whose tokens live [`DEFAULT_LIFETIME`].
    pub fn new(key: SigningKey, issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            key,
            name: issuer.into(),
            audience: audience.into(),
            client_id: CLIENT.to_owned(),
            lifetime: DEFAULT_LIFETIME,
        }
    }

    /// Changes how long tokens live, in whole seconds; parts of a second are cut off.
    ///
    /// # Errors
    ///
    /// [`Error::LifetimeOutOfRange`] below one second and above [`LONGEST_LIFETIME`].
    pub fn with_lifetime(mut self, lifetime: Duration) -> Result<Self, Error> {
        self.lifetime = lifetime_in_range(lifetime)?;
        Ok(self)
    }

    /// Changes the program that tokens are issued to (`client_id`).
    #[must_use]
    pub fn with_client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = client_id.into();
        self
    }

    /// The key that signs.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// A verifier of this issuer's tokens.
    pub fn verifier(&self) -> Verifier {
        Verifier::new([self.key.verifying_key()], &*self.name, &*self.audience)
    }

    /// Issues a token for `subject`, valid from the second of `now`.
    ///
    /// # Errors
    ///
    /// [`Error::SubjectTooLong`] when name and scopes do not fit in a token, [`Error::NoRandom`] and
    /// [`Error::SigningFailed`] when the machine fails.
    pub fn issue(&self, subject: &Subject, now: Timestamp) -> Result<AccessToken, Error> {
        self.issue_as(new_token_id(now)?, subject, now)
    }

    /// Issues a token with an id that was made before, by [`new_token_id`].
    ///
    /// # Errors
    ///
    /// As [`Self::issue`].
    pub fn issue_as(&self, id: Uuid, subject: &Subject, now: Timestamp) -> Result<AccessToken, Error> {
        let issued_at = now.as_second();
        let lifetime = i64::try_from(self.lifetime.as_secs()).unwrap_or(i64::MAX);
        let user_id = subject.user_id.to_string();
        let token = self.key.sign(&Claims {
            iss: self.name.clone(),
            sub: user_id.clone(),
            aud: vec![self.audience.clone()],
            exp: issued_at.saturating_add(lifetime),
            nbf: issued_at,
            iat: issued_at,
            jti: id.to_string(),
            sid: subject.session_id.map(|session| session.to_string()),
            scope: subject.scope.clone(),
            client_id: self.client_id.clone(),
            username: subject.username.clone(),
            id: user_id,
        })?;
        if token.len() > LONGEST_TOKEN {
            return Err(Error::SubjectTooLong { most: LONGEST_TOKEN, got: token.len() });
        }
        Ok(AccessToken { token, expires_in: self.lifetime, id })
    }
}

/// A UUID version 7 of random bytes from the operating system, so that no two issuers need to agree.
///
/// # Errors
///
/// [`Error::NoRandom`] when the operating system gives no random bytes.
pub fn new_token_id(now: Timestamp) -> Result<Uuid, Error> {
    let mut random = [0; 10];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| Error::NoRandom)?;
    let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or_default();
    Ok(uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid())
}

/// A lifetime in whole seconds, if tokens may have it.
pub(super) fn lifetime_in_range(lifetime: Duration) -> Result<Duration, Error> {
    let got = lifetime.as_secs();
    if got == 0 || lifetime > LONGEST_LIFETIME {
        return Err(Error::LifetimeOutOfRange { most: LONGEST_LIFETIME.as_secs(), got });
    }
    Ok(Duration::from_secs(got))
}

/// A token as it is handed to its owner.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessToken {
    /// The token: whoever has it is the subject until it expires. Not shown by `Debug`.
    pub token: String,
    /// How long it is valid from when it was issued.
    pub expires_in: Duration,
    /// The token's own id (`jti`), which may be logged.
    pub id: Uuid,
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("id", &self.id)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}
