//! What every error of GRID can say about itself, so that each face answers it in one place.
//!
//! Each domain has one error enum; all of them implement [`Failure`]. The server turns a [`Kind`] into a status
//! and Python turns it into an exception, without knowing the enum.

use std::{error::Error, io, time::Duration};

/// What sort of refusal an error is; exhaustive on purpose, so that a new kind must be handled everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The input breaks a rule (HTTP 400 or 422).
    Invalid,
    /// Nobody, or nobody that can be believed, is asking (HTTP 401).
    Unauthenticated,
    /// The caller is known and may not (HTTP 403).
    Forbidden,
    /// There is no such thing, as far as the caller may know (HTTP 404).
    NotFound,
    /// The input contradicts what is stored (HTTP 409).
    Conflict,
    /// The caller's copy is out of date (HTTP 412).
    Stale,
    /// The input is larger than the limit (HTTP 413).
    TooLarge,
    /// The caller asks too often (HTTP 429).
    Limited,
    /// Something that GRID needs cannot be reached now (HTTP 503).
    Unavailable,
    /// A fault of GRID's own (HTTP 500).
    Internal,
}

/// Where in the input a fault lies, and what stood there.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Place {
    /// JSON pointer (RFC 6901) or column header of the faulty value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Line in the input, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Column (field) of the line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// What was expected there.
    pub expected: String,
    /// What was found there, cut to a printable length.
    pub got: String,
}

/// What an error says beside its message.
pub trait Failure: std::error::Error {
    /// The sort of refusal.
    fn kind(&self) -> Kind;

    /// What the caller can do about it, if anything.
    fn hint(&self) -> Option<String> {
        None
    }

    /// How long to wait before the same call may succeed.
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// Whether what was asked for may have been done although the answer says that it failed: it is then not to be done
    /// again without looking.
    fn may_have_happened(&self) -> bool {
        false
    }

    /// Where the faults lie, if the input has places.
    fn places(&self) -> Vec<Place> {
        Vec::new()
    }
}

/// Whether a file cannot be written because there is no room for it, or none that may be written to: that is no fault of
/// the program's, and may be otherwise later. What writes a file may have wrapped the system's error in one of its own.
///
/// ```
/// use std::io::{Error, ErrorKind};
///
/// assert!(grid_core::error::is_full(&Error::other(Error::from(ErrorKind::StorageFull))));
/// assert!(!grid_core::error::is_full(&Error::from(ErrorKind::PermissionDenied)));
/// ```
pub fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};

    if matches!(error.kind(), StorageFull | QuotaExceeded | ReadOnlyFilesystem) {
        return true;
    }
    let mut at = error.get_ref().map(|inner| -> &(dyn Error + 'static) { inner });
    while let Some(inner) = at {
        if let Some(inner) = inner.downcast_ref::<io::Error>() {
            return is_full(inner);
        }
        at = inner.source();
    }
    false
}

/// Cuts a text that came from outside to a length that fits a message, control characters replaced.
///
/// ```
/// assert_eq!(grid_core::error::excerpt("a\tb"), "a\u{fffd}b");
/// assert_eq!(grid_core::error::excerpt(&"x".repeat(100)).chars().count(), 41);
/// ```
pub fn excerpt(text: &str) -> String {
    excerpt_of(text, 40)
}

/// Cuts a text that came from outside to `longest` characters, control characters replaced.
pub(crate) fn excerpt_of(text: &str, longest: usize) -> String {
    let mut short: String = text
        .chars()
        .take(longest)
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .collect();
    if text.chars().nth(longest).is_some() {
        short.push('…');
    }
    short
}

/// Says what stands somewhere, at a length that fits a message.
#[cfg(any(feature = "auth", feature = "proof"))]
pub(crate) fn describe(value: Option<&serde_json::Value>) -> String {
    use serde_json::Value;

    match value {
        None => "nothing".to_owned(),
        Some(Value::Null) => "null".to_owned(),
        Some(Value::Bool(value)) => value.to_string(),
        Some(Value::Number(number)) => format!("the number {}", excerpt(&number.to_string())),
        Some(Value::String(text)) => format!("`{}`", excerpt(text)),
        Some(Value::Array(values)) => format!("a list of {}", values.len()),
        Some(Value::Object(_)) => "an object".to_owned(),
    }
}
