//! Verifies access tokens, with nothing but public keys and the time.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    Claims, Error, KeyId, LONGEST_LIFETIME, Principal, VerifyingKey,
    claims::instant,
    key::{ALGORITHM, TYPE},
    token::{Compact, Members},
};
use crate::error::describe;

/// How far the clocks of issuer and verifier may differ, in seconds. It is granted to `nbf` and `iat`, which a clock
/// that is behind would refuse though nothing is wrong; never to `exp`, for RFC 7519 section 4.1.4 ends a token's
/// life "on or after" that time.
pub const LEEWAY_SECONDS: i64 = 30;

/// Verifies the access tokens of one issuer for one audience.
///
/// Every check is made here, against the `now` that is passed in: `jsonwebtoken` computes the signature and decides
/// nothing else. The key decides the algorithm; what the token's header says must agree with it.
///
/// ```
/// use grid_core::auth::{JwkSet, Verifier};
/// let published = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
/// let keys = JwkSet::parse(published)?.to_verifying_keys()?;
/// let verifier = Verifier::new(keys, "https://grid.example", "grid-api");
/// let refused = verifier.verify("garbage", jiff::Timestamp::UNIX_EPOCH).unwrap_err();
/// assert_eq!(refused.reason(), "token_malformed");
/// assert_eq!(refused.to_string(), "expected 3 segments separated by dots, got 1");
/// # Ok::<(), grid_core::auth::Error>(())
/// ```
///
/// # References
///
/// RFC 9068 section 4 (validating access tokens), RFC 8725 section 3 (best practices), RFC 7515 section 5.2.
#[derive(Clone, Debug)]
pub struct Verifier {
    keys: HashMap<KeyId, VerifyingKey>,
    issuer: String,
    audience: String,
    longest_lifetime: i64,
}

impl Verifier {
    /// Makes a verifier of tokens from `issuer` for `audience`, signed by one of `keys`.
    pub fn new(
        keys: impl IntoIterator<Item = VerifyingKey>,
        issuer: impl Into<String>,
        audience: impl Into<String>,
    ) -> Self {
        Self {
            keys: keys.into_iter().map(|key| (key.key_id().clone(), key)).collect(),
            issuer: issuer.into(),
            audience: audience.into(),
            longest_lifetime: whole_seconds(LONGEST_LIFETIME),
        }
    }

    /// Refuses tokens that were issued for longer than this; [`LONGEST_LIFETIME`] where nothing is said.
    #[must_use]
    pub fn with_longest_lifetime(mut self, longest: Duration) -> Self {
        self.longest_lifetime = whole_seconds(longest);
        self
    }

    /// Verifies a token at the time `now` and says who is asking.
    ///
    /// # Errors
    ///
    /// The first reason to refuse it, always of kind `Unauthenticated`: form, type, extensions, algorithm, key and
    /// signature in this order, then the claims. Nothing of the claims is read before the signature is right.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Principal, Error> {
        let compact = Compact::cut(token)?;
        let header = compact.header()?;
        check_type(&header)?;
        check_extensions(&header)?;
        check_algorithm(&header)?;
        self.key(&header)?.check(compact.message, compact.signature)?;
        let claims = Claims::read(&compact.claims()?)?;
        self.check_issuer(&claims)?;
        self.check_audience(&claims)?;
        check_lifetime(&claims, self.longest_lifetime)?;
        check_expiry(&claims, now)?;
        check_not_before(&claims, now)?;
        check_issued_at(&claims, now)?;
        claims.principal()
    }

    /// The key that the header names.
    pub(super) fn key(&self, header: &Members) -> Result<&VerifyingKey, Error> {
        let Some(Value::String(name)) = header.get("kid") else {
            return Err(Error::KeyIdMissing { got: describe(header.get("kid")) });
        };
        self.keys
            .get(name.as_str())
            .ok_or_else(|| Error::UnknownKey { keys: self.keys.len(), got: describe(header.get("kid")) })
    }

    pub(super) fn check_issuer(&self, claims: &Claims) -> Result<(), Error> {
        if claims.iss == self.issuer {
            return Ok(());
        }
        let got = describe(Some(&Value::from(claims.iss.as_str())));
        Err(Error::WrongIssuer { expected: self.issuer.clone(), got })
    }

    pub(super) fn check_audience(&self, claims: &Claims) -> Result<(), Error> {
        if claims.aud.contains(&self.audience) {
            return Ok(());
        }
        let got = match claims.aud.as_slice() {
            [one] => Value::from(one.as_str()),
            many => Value::from(many),
        };
        Err(Error::WrongAudience { expected: self.audience.clone(), got: describe(Some(&got)) })
    }

    pub(super) fn longest_lifetime(&self) -> i64 {
        self.longest_lifetime
    }
}

/// `typ` must be that of access tokens, so that no other token of the same issuer passes (RFC 8725 section 3.11); the
/// long form of the media type is the same (RFC 7515 section 4.1.9).
pub(super) fn check_type(header: &Members) -> Result<(), Error> {
    let got = header.get("typ");
    let short = got.and_then(Value::as_str).map(|name| {
        let prefix = "application/";
        match name.get(..prefix.len()) {
            Some(start) if start.eq_ignore_ascii_case(prefix) => name.get(prefix.len()..).unwrap_or_default(),
            _ => name,
        }
    });
    if short.is_some_and(|name| name.eq_ignore_ascii_case(TYPE)) {
        Ok(())
    } else {
        Err(Error::WrongType { expected: TYPE, got: describe(got) })
    }
}

/// A `crit` that is not understood must be refused (RFC 7515 section 4.1.11), and none is understood.
pub(super) fn check_extensions(header: &Members) -> Result<(), Error> {
    match header.get("crit") {
        None => Ok(()),
        got => Err(Error::CriticalExtension { got: describe(got) }),
    }
}

/// `alg` must be that of the keys, which are all of one kind (RFC 8725 sections 3.1 and 3.2).
pub(super) fn check_algorithm(header: &Members) -> Result<(), Error> {
    match header.get("alg") {
        Some(Value::String(name)) if name == ALGORITHM => Ok(()),
        got => Err(Error::WrongAlgorithm { expected: ALGORITHM, got: describe(got) }),
    }
}

pub(super) fn check_lifetime(claims: &Claims, longest: i64) -> Result<(), Error> {
    let lifetime = claims.exp.saturating_sub(claims.iat);
    if lifetime <= longest {
        return Ok(());
    }
    Err(Error::LifetimeTooLong { most: longest.unsigned_abs(), got: lifetime })
}

/// Refused from the very second of `exp` (RFC 7519 section 4.1.4).
pub(super) fn check_expiry(claims: &Claims, now: Timestamp) -> Result<(), Error> {
    let seconds_ago = now.as_second().saturating_sub(claims.exp);
    if seconds_ago < 0 {
        return Ok(());
    }
    Err(Error::TokenExpired { expired_at: instant("exp", claims.exp)?, seconds_ago })
}

pub(super) fn check_not_before(claims: &Claims, now: Timestamp) -> Result<(), Error> {
    let seconds_left = claims.nbf.saturating_sub(now.as_second());
    if seconds_left <= LEEWAY_SECONDS {
        return Ok(());
    }
    Err(Error::TokenNotYetValid { not_before: instant("nbf", claims.nbf)?, seconds_left })
}

pub(super) fn check_issued_at(claims: &Claims, now: Timestamp) -> Result<(), Error> {
    let seconds_left = claims.iat.saturating_sub(now.as_second());
    if seconds_left <= LEEWAY_SECONDS {
        return Ok(());
    }
    Err(Error::IssuedInFuture { issued_at: instant("iat", claims.iat)?, seconds_left })
}

pub(super) fn whole_seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
