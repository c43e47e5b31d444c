//! The one place that asks the machine for the time.

use jiff::Timestamp;

/// The present instant, to the microsecond: as fine as it is stored, so that what is answered now and what is read back
/// later are the same.
#[expect(
    clippy::disallowed_methods,
    reason = "the server's clock; everything below takes the time as an argument"
)]
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}
