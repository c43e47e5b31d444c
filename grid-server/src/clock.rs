//! The one place that asks the machine for the time.

use jiff::Timestamp;

/// The present instant.
#[expect(
    clippy::disallowed_methods,
    reason = "the server's clock; everything below takes the time as an argument"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
