//! Instants, half-open intervals, and the local calendar that bills follow.
//!
//! Instants are [`jiff::Timestamp`]s (UTC). Civil days, months and hours go through an IANA zone, whose rules are
//! compiled in, so that the same build gives the same bill everywhere. `docs/time.md` has the whole story.

mod calendar;
mod error;
mod interval;
mod resolution;
pub(crate) mod rfc3339;
mod slots;
mod written;

pub use calendar::Calendar;
pub use error::Error;
pub use interval::Interval;
pub use resolution::Resolution;
pub use slots::{MOST_ASKED, few_slots};

pub(crate) use interval::parse_instant;
