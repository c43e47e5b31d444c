//! What a column means: ids as 16 bytes, instants as microseconds, words as text.

use std::borrow::Cow;

use jiff::Timestamp;
use uuid::Uuid;

use super::Error;
use crate::{
    auth::Scopes,
    energy::{Channel, Name},
    time::Calendar,
};

/// An id as it is stored.
pub(super) const fn key(id: &Uuid) -> &[u8] {
    id.as_bytes().as_slice()
}

/// An id from a column.
pub(super) fn id(bytes: &[u8], thing: &'static str) -> Result<Uuid, Error> {
    Uuid::from_slice(bytes).map_err(|_| Error::Corrupt { thing, reason: "its id does not have 16 bytes" })
}

/// An instant from a column.
pub(super) fn instant(microsecond: i64, thing: &'static str) -> Result<Timestamp, Error> {
    Timestamp::from_microsecond(microsecond)
        .map_err(|_| Error::Corrupt { thing, reason: "an instant is out of range" })
}

/// A name from a column.
pub(super) fn name(text: &str, thing: &'static str) -> Result<Name, Error> {
    Name::new(text).map_err(|_| Error::Corrupt { thing, reason: "its name is not one" })
}

/// A calendar from a column.
pub(super) fn calendar(zone: &str, thing: &'static str) -> Result<Calendar, Error> {
    Calendar::new(zone).map_err(|_| Error::Corrupt { thing, reason: "its time zone is not known" })
}

/// A channel from a column.
pub(super) fn channel(code: i64) -> Result<Channel, Error> {
    u8::try_from(code)
        .ok()
        .and_then(Channel::from_code)
        .ok_or(Error::Corrupt { thing: "channel", reason: "its number is not known" })
}

/// A new id, in whose order things are listed.
///
/// ```
/// let [first, second] = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"].map(|now| now.parse().unwrap());
/// assert!(grid_core::store::new_id(first) < grid_core::store::new_id(second));
/// ```
///
/// # References
///
/// RFC 9562, section 5.7: UUID version 7.
pub fn new_id(now: Timestamp) -> Uuid {
    // Before 1970 all ids count as of 1970.
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    let nanoseconds = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanoseconds))
}

/// What every id of an instant's millisecond, and of later ones, is not below: an id begins with its time.
pub(super) fn first_id(at: Timestamp) -> [u8; 16] {
    let mut bound = *new_id(at).as_bytes();
    for byte in bound.iter_mut().skip(6) {
        *byte = 0;
    }
    bound
}

/// A hash of 32 bytes from a column.
pub(super) fn hash(bytes: &[u8], thing: &'static str) -> Result<[u8; 32], Error> {
    bytes.try_into().map_err(|_| Error::Corrupt { thing, reason: "its hash does not have 32 bytes" })
}

/// Scopes from a column.
pub(super) fn scopes(text: &str, thing: &'static str) -> Result<Scopes, Error> {
    text.parse().map_err(|_| Error::Corrupt { thing, reason: "its scopes are not such" })
}

/// A text that somebody else wrote, as it is stored: PostgreSQL keeps no zero byte, so all keep U+FFFD in its place.
pub(super) fn foreign_text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}
