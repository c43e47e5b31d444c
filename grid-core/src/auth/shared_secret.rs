//! The tokens of the system that GRID replaces: HS256 under a secret that all services share.
//!
//! Whoever can verify such a token can also make one, so this is for services that cannot read public keys yet, and its
//! verifier takes nothing else: neither has the other's keys, so no token can pass for one of the other mode.

use std::{fmt, time::Duration};

use aws_lc_rs::hmac;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::{
    AccessToken, Error, LEEWAY_SECONDS, LONGEST_TOKEN, Principal, Scopes, Subject,
    claims::{instant, malformed, member, optional_uuid, text, uuid},
    issuer::lifetime_in_range,
    new_token_id,
    refresh::sha256,
    token::{Compact, Members, decode, encode},
    verifier::{check_extensions, whole_seconds},
};
use crate::error::describe;

/// The algorithm's name in a header (RFC 7518 section 3.2).
const ALGORITHM: &str = "HS256";

/// A secret that services share, of at least 32 bytes (RFC 7518 section 3.2: no shorter than the hash).
///
/// ```
/// use grid_core::auth::{Scopes, SharedSecret, Subject};
/// # let now: jiff::Timestamp = "2026-03-29T01:00:00Z".parse()?;
/// let secret = SharedSecret::new(b"thirty-two bytes that nobody guesses")?;
/// let kat = Subject { user_id: uuid::Uuid::from_u128(7), username: "kat".into(), scope: Scopes::default(), session_id: None };
/// let issued = secret.issue(&kat, std::time::Duration::from_mins(15), now)?;
/// assert_eq!(secret.verify(&issued.token, now)?.username, "kat");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SharedSecret(hmac::Key);

/// The claims that the old services read, `username`, `id` and `exp`, and those by which GRID can end a token early.
#[derive(Serialize)]
struct Claims<'a> {
    username: &'a str,
    id: String,
    exp: i64,
    iat: i64,
    jti: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    /// Also where it is empty: a token without it allows what a user may do.
    scope: &'a Scopes,
}

impl SharedSecret {
    /// The shortest secret, in bytes.
    pub const LEAST: usize = 32;

    /// Takes a secret.
    ///
    /// # Errors
    ///
    /// [`Error::SecretTooShort`] under [`Self::LEAST`] bytes.
    pub fn new(secret: &[u8]) -> Result<Self, Error> {
        if secret.len() < Self::LEAST {
            return Err(Error::SecretTooShort { least: Self::LEAST, got: secret.len() });
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    /// Issues a token for `subject`, valid from the second of `now`.
    ///
    /// # Errors
    ///
    /// [`Error::LifetimeOutOfRange`] below one second and above [`LONGEST_LIFETIME`], [`Error::SubjectTooLong`] when name
    /// and scopes do not fit in a token, [`Error::NoRandom`] when the machine fails.
    ///
    /// [`LONGEST_LIFETIME`]: super::LONGEST_LIFETIME
    pub fn issue(&self, subject: &Subject, lifetime: Duration, now: Timestamp) -> Result<AccessToken, Error> {
        self.issue_as(new_token_id(now)?, subject, lifetime, now)
    }

    /// Issues a token with an id that was made before, by [`new_token_id`].
    ///
    /// # Errors
    ///
    /// As [`Self::issue`].
    pub fn issue_as(
        &self,
        id: Uuid,
        subject: &Subject,
        lifetime: Duration,
        now: Timestamp,
    ) -> Result<AccessToken, Error> {
        let issued_at = now.as_second();
        let lifetime = lifetime_in_range(lifetime)?;
        let claims = Claims {
            username: &subject.username,
            id: subject.user_id.to_string(),
            exp: issued_at.saturating_add(whole_seconds(lifetime)),
            iat: issued_at,
            jti: id.to_string(),
            sid: subject.session_id.map(|session| session.to_string()),
            scope: &subject.scope,
        };
        let claims = serde_json::to_string(&claims).map_err(|_| Error::SealingFailed)?;
        let header = encode(br#"{"alg":"HS256","typ":"JWT"}"#);
        let message = format!("{header}.{}", encode(claims.as_bytes()));
        let token = format!("{message}.{}", encode(hmac::sign(&self.0, message.as_bytes()).as_ref()));
        if token.len() > LONGEST_TOKEN {
            return Err(Error::SubjectTooLong { most: LONGEST_TOKEN, got: token.len() });
        }
        Ok(AccessToken { token, expires_in: lifetime, id })
    }

    /// Whether a token says that it is of this mode. Nothing else of it is believed or checked.
    pub fn is_meant(token: &str) -> bool {
        Compact::cut(token)
            .and_then(|compact| compact.header())
            .is_ok_and(|header| header.get("alg").and_then(Value::as_str) == Some(ALGORITHM))
    }

    /// Verifies a token at the time `now` and says who is asking.
    ///
    /// Signature and `exp` are required, `nbf` and `iat` are checked where they are there. A token without scopes, as the
    /// old system issued them, allows what a user could do there: [`Scopes::of_user`]. One without an id (`jti`) gets one
    /// from its hash, so that it can be revoked like any other.
    ///
    /// # Errors
    ///
    /// The first reason to refuse it, always of kind `Unauthenticated`.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Principal, Error> {
        let compact = Compact::cut(token)?;
        let header = compact.header()?;
        check_type(&header)?;
        check_extensions(&header)?;
        check_algorithm(&header)?;
        self.check(&compact)?;
        let claims = compact.claims()?;
        let times = Times::read(&claims)?;
        times.check_expiry(now)?;
        times.check_not_before(now)?;
        times.check_issued_at(now)?;
        principal(token, &claims, times)
    }

    /// Checks a token's signature, in a time that does not depend on where it differs.
    pub(super) fn check(&self, compact: &Compact<'_>) -> Result<(), Error> {
        if compact.signature.is_empty() {
            return Err(Error::SignatureMissing);
        }
        let signature = decode("signature", compact.signature)?;
        hmac::verify(&self.0, compact.message.as_bytes(), &signature)
            .map_err(|_| Error::BadSignature { key_id: "the shared secret".to_owned() })
    }
}

/// The times of a token in seconds since 1970, of which only the expiry must be there.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) expires: i64,
    not_before: Option<i64>,
    issued: Option<i64>,
}

impl Times {
    pub(super) fn read(claims: &Members) -> Result<Self, Error> {
        let optional =
            |claim: &'static str| claims.get(claim).map(|value| numeric_date(value, claim)).transpose();
        Ok(Self {
            expires: numeric_date(member(claims, "exp")?, "exp")?,
            not_before: optional("nbf")?,
            issued: optional("iat")?,
        })
    }

    pub(super) fn check_expiry(self, now: Timestamp) -> Result<(), Error> {
        let seconds_ago = now.as_second().saturating_sub(self.expires);
        if seconds_ago < 0 {
            return Ok(());
        }
        Err(Error::TokenExpired { expired_at: instant("exp", self.expires)?, seconds_ago })
    }

    pub(super) fn check_not_before(self, now: Timestamp) -> Result<(), Error> {
        match self.not_before.and_then(|second| ahead(second, now).map(|left| (second, left))) {
            None => Ok(()),
            Some((second, seconds_left)) => {
                Err(Error::TokenNotYetValid { not_before: instant("nbf", second)?, seconds_left })
            }
        }
    }

    pub(super) fn check_issued_at(self, now: Timestamp) -> Result<(), Error> {
        match self.issued.and_then(|second| ahead(second, now).map(|left| (second, left))) {
            None => Ok(()),
            Some((second, seconds_left)) => {
                Err(Error::IssuedInFuture { issued_at: instant("iat", second)?, seconds_left })
            }
        }
    }
}

/// How many seconds a time is ahead, where that is more than two clocks may differ.
fn ahead(second: i64, now: Timestamp) -> Option<i64> {
    Some(second.saturating_sub(now.as_second())).filter(|left| *left > LEEWAY_SECONDS)
}

/// Who is asking, where signature and times are right.
pub(super) fn principal(token: &str, claims: &Members, times: Times) -> Result<Principal, Error> {
    Ok(Principal {
        user_id: uuid("id", &text(claims, "id")?)?,
        username: text(claims, "username")?,
        scopes: match claims.get("scope") {
            None => Scopes::of_user(),
            Some(_) => super::claims::scopes(claims)?,
        },
        session_id: optional_uuid(claims, "sid")?,
        token_id: optional_uuid(claims, "jti")?.unwrap_or_else(|| id_of(token)),
        issued_at: times.issued.map(|second| instant("iat", second)).transpose()?,
        expires_at: instant("exp", times.expires)?,
    })
}

/// An id for a token that has none: a UUID of version 8, of its SHA-256 (RFC 9562 section 5.8).
fn id_of(token: &str) -> Uuid {
    let hash = sha256(token.as_bytes());
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// `typ` is `JWT` or absent: an access token of the other mode says `at+jwt`, and no other kind is taken either.
pub(super) fn check_type(header: &Members) -> Result<(), Error> {
    match header.get("typ") {
        None => Ok(()),
        Some(Value::String(name)) if name.eq_ignore_ascii_case("JWT") => Ok(()),
        got => Err(Error::WrongType { expected: "JWT", got: describe(got) }),
    }
}

/// `alg` must be that of the secret (RFC 8725 sections 3.1 and 3.2).
pub(super) fn check_algorithm(header: &Members) -> Result<(), Error> {
    match header.get("alg") {
        Some(Value::String(name)) if name == ALGORITHM => Ok(()),
        got => Err(Error::WrongAlgorithm { expected: ALGORITHM, got: describe(got) }),
    }
}

/// A time in seconds since 1970, whole or with a fraction (RFC 7519 section 2, `NumericDate`), rounded down.
fn numeric_date(value: &Value, claim: &'static str) -> Result<i64, Error> {
    const EXPECTED: &str = "seconds since 1970, before the year 10000";
    let whole = value.as_i64().or_else(|| {
        // What is beyond the year 9999 is refused below, long before a float becomes coarser than a second.
        let seconds = value.as_f64()?.floor();
        format!("{seconds}").parse().ok()
    });
    whole
        .filter(|seconds| *seconds >= 0 && Timestamp::from_second(*seconds).is_ok())
        .ok_or_else(|| malformed(claim, EXPECTED, value))
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(…)")
    }
}
