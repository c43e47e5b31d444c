//! The one place that asks the machine for the time.

use jiff::Timestamp;
use uuid::{NoContext, Uuid};

/// The present instant.
#[expect(
    clippy::disallowed_methods,
    reason = "the server's clock; everything below takes the time as an argument"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// A new id, a `UUIDv7` of `now`, so that ids sort by when they were made.
pub(crate) fn new_id(now: Timestamp) -> Uuid {
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    let nanoseconds = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds))
}
