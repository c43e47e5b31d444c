//! Explains a token check by check, for a person who wonders why it is refused.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    Claims, Error, LONGEST_LIFETIME, SharedSecret, Verifier,
    shared_secret::{self, Times},
    token::{Compact, Members},
    verifier::{
        check_algorithm, check_expiry, check_extensions, check_issued_at, check_lifetime, check_not_before,
        check_type, whole_seconds,
    },
};

/// What a token says and which checks it passes. Nothing in it is to be believed unless `valid` is true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Inspection {
    /// Whether every check was made and passed; never without a verifier.
    pub valid: bool,
    /// The code of the first check that failed, as `Verifier::verify` or `SharedSecret::verify` gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// Seconds until the token expires, below zero when it has; absent where it has no readable `exp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<i64>,
    /// The header's members, where they can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<Map<String, Value>>,
    /// The claims, where they can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<Map<String, Value>>,
    /// The checks, in the order in which they are made.
    pub checks: Vec<Check>,
}

/// One check of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Check {
    /// What is checked.
    pub name: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// The code of the failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// What was expected and what came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As expected.
    Passed,
    /// Not as expected.
    Failed,
    /// Not made: there is no verifier to compare with, or what it looks at could not be read.
    Skipped,
}

/// Explains a token: every check of [`Verifier::verify`], also those after the first that fails.
///
/// Without a verifier the checks of key, signature, issuer and audience are skipped, and the token is not `valid`.
///
/// ```
/// use grid_core::auth::inspect;
/// let inspection = inspect("not-a-token", None, jiff::Timestamp::UNIX_EPOCH);
/// assert!(!inspection.valid);
/// assert_eq!(inspection.reason, Some("token_malformed"));
/// ```
pub fn inspect(token: &str, verifier: Option<&Verifier>, now: Timestamp) -> Inspection {
    let mut checks = Checks(Vec::new());
    let compact = checks.made("form", Compact::cut(token));
    let header = compact.and_then(|compact| checks.made("header", compact.header()));
    checks.on("type", header.as_ref(), check_type);
    checks.on("extensions", header.as_ref(), check_extensions);
    checks.on("algorithm", header.as_ref(), check_algorithm);

    let key = match verifier.zip(header.as_ref()) {
        Some((verifier, header)) => checks.made("key", verifier.key(header)),
        None => checks.skipped("key"),
    };
    match key.zip(compact) {
        Some((key, compact)) => {
            checks.made("signature", key.check(compact.message, compact.signature));
        }
        None => {
            checks.skipped::<()>("signature");
        }
    }

    let members = compact.and_then(|compact| checks.made("claims", compact.claims()));
    let claims = members.as_ref().and_then(|members| checks.made("claims_present", Claims::read(members)));
    let expected = verifier.zip(claims.as_ref());
    checks.on("issuer", expected, |(verifier, claims)| verifier.check_issuer(claims));
    checks.on("audience", expected, |(verifier, claims)| verifier.check_audience(claims));
    let longest = verifier.map_or(whole_seconds(LONGEST_LIFETIME), Verifier::longest_lifetime);
    checks.on("lifetime", claims.as_ref(), |claims| check_lifetime(claims, longest));
    checks.on("expiry", claims.as_ref(), |claims| check_expiry(claims, now));
    checks.on("not_before", claims.as_ref(), |claims| check_not_before(claims, now));
    checks.on("issued_at", claims.as_ref(), |claims| check_issued_at(claims, now));
    checks.on("identity", claims.as_ref(), |claims| claims.principal().map(drop));

    let seconds_left = members.as_ref().and_then(|members| seconds_left(members, now));
    checks.inspection(seconds_left, header, members)
}

/// Explains a token of the HS256 mode: every check of [`SharedSecret::verify`], also those after the first that fails.
///
/// ```
/// use grid_core::auth::{Scopes, SharedSecret, Subject, inspect_shared};
/// # let now: jiff::Timestamp = "2026-03-29T01:00:00Z".parse()?;
/// let secret = SharedSecret::new(b"thirty-two bytes that nobody guesses")?;
/// let kat = Subject { user_id: uuid::Uuid::from_u128(7), username: "kat".into(), scope: Scopes::default(), session_id: None };
/// let issued = secret.issue(&kat, std::time::Duration::from_mins(15), now)?;
/// let inspection = inspect_shared(&issued.token, &secret, now);
/// assert!(inspection.valid);
/// assert_eq!(inspection.seconds_left, Some(900));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn inspect_shared(token: &str, secret: &SharedSecret, now: Timestamp) -> Inspection {
    let mut checks = Checks(Vec::new());
    let compact = checks.made("form", Compact::cut(token));
    let header = compact.and_then(|compact| checks.made("header", compact.header()));
    checks.on("type", header.as_ref(), shared_secret::check_type);
    checks.on("extensions", header.as_ref(), check_extensions);
    checks.on("algorithm", header.as_ref(), shared_secret::check_algorithm);
    checks.on("signature", compact.as_ref(), |compact| secret.check(compact));

    let members = compact.and_then(|compact| checks.made("claims", compact.claims()));
    let times = members.as_ref().and_then(|members| checks.made("claims_present", Times::read(members)));
    checks.on("expiry", times, |times| times.check_expiry(now));
    checks.on("not_before", times, |times| times.check_not_before(now));
    checks.on("issued_at", times, |times| times.check_issued_at(now));
    checks.on("identity", members.as_ref().zip(times), |(members, times)| {
        shared_secret::principal(token, members, times).map(drop)
    });
    let seconds_left = times.map(|times| times.expires.saturating_sub(now.as_second()));
    checks.inspection(seconds_left, header, members)
}

fn seconds_left(members: &Members, now: Timestamp) -> Option<i64> {
    Some(members.get("exp")?.as_i64()?.saturating_sub(now.as_second()))
}

struct Checks(Vec<Check>);

impl Checks {
    fn made<T>(&mut self, name: &'static str, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(value) => {
                self.0.push(Check { name, outcome: Outcome::Passed, reason: None, message: None });
                Some(value)
            }
            Err(error) => {
                let (reason, message) = (Some(error.reason()), Some(error.to_string()));
                self.0.push(Check { name, outcome: Outcome::Failed, reason, message });
                None
            }
        }
    }

    fn skipped<T>(&mut self, name: &'static str) -> Option<T> {
        self.0.push(Check { name, outcome: Outcome::Skipped, reason: None, message: None });
        None
    }

    /// What all of them say together.
    fn inspection(
        self,
        seconds_left: Option<i64>,
        header: Option<Members>,
        claims: Option<Members>,
    ) -> Inspection {
        Inspection {
            valid: self.0.iter().all(|check| check.outcome == Outcome::Passed),
            reason: self.0.iter().find_map(|check| check.reason),
            seconds_left,
            header,
            claims,
            checks: self.0,
        }
    }

    /// Makes a check on something that may not be there.
    fn on<T>(&mut self, name: &'static str, subject: Option<T>, check: impl FnOnce(T) -> Result<(), Error>) {
        match subject {
            Some(subject) => self.made(name, check(subject)),
            None => self.skipped(name),
        };
    }
}
