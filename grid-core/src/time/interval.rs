//! Half-open intervals of time, named by their start.

use std::fmt;

use jiff::Timestamp;

use super::Error;
use crate::error::excerpt;

/// A half-open interval: the start belongs to it, the end does not. It is never empty.
///
/// ```
/// use grid_core::time::Interval;
/// let quarter = Interval::parse("2026-03-29T00:45:00Z", "2026-03-29T02:00:00+01:00")?;
/// assert_eq!(quarter.duration().as_secs(), 900);
/// # Ok::<(), grid_core::time::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    start: Timestamp,
    end: Timestamp,
}

impl Interval {
    /// Makes an interval.
    ///
    /// # Errors
    ///
    /// [`Error::EndsBeforeStart`] unless `end` is after `start`.
    pub fn new(start: Timestamp, end: Timestamp) -> Result<Self, Error> {
        if start < end { Ok(Self { start, end }) } else { Err(Error::EndsBeforeStart { start, end }) }
    }

    /// Reads an interval from two RFC 3339 instants.
    ///
    /// # Errors
    ///
    /// [`Error::NotAnInstant`] or [`Error::EndsBeforeStart`].
    pub fn parse(start: &str, end: &str) -> Result<Self, Error> {
        Self::new(parse_instant(start)?, parse_instant(end)?)
    }

    /// The first instant.
    pub const fn start(self) -> Timestamp {
        self.start
    }

    /// The first instant after it.
    pub const fn end(self) -> Timestamp {
        self.end
    }

    /// How long it lasts.
    pub fn duration(self) -> std::time::Duration {
        self.end.duration_since(self.start).unsigned_abs()
    }

    /// How long it lasts in microseconds, the resolution of what is stored; rounded down.
    pub fn microseconds(self) -> u64 {
        u64::try_from(self.duration().as_micros()).unwrap_or(u64::MAX)
    }

    /// Whether an instant lies in it.
    pub fn contains(self, instant: Timestamp) -> bool {
        self.start <= instant && instant < self.end
    }

    /// Whether the two share an instant.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// What the two share.
    pub fn intersection(self, other: Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end)).ok()
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.start, self.end)
    }
}

impl fmt::Debug for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads an RFC 3339 instant, with `Z` or an offset.
pub(crate) fn parse_instant(text: &str) -> Result<Timestamp, Error> {
    text.trim().parse().map_err(|_| Error::NotAnInstant { got: excerpt(text) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn instant(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_local_time_without_an_offset_is_refused() {
        assert!(Interval::parse("2026-10-25T02:30:00", "2026-10-25T02:45:00").is_err());
    }

    proptest! {
        #[test]
        fn neighbours_do_not_overlap(a in 0..1_000_000_i64, b in 1..1_000_i64, c in 1..1_000_i64) {
            let first = Interval::new(instant(a), instant(a + b)).unwrap();
            let second = Interval::new(instant(a + b), instant(a + b + c)).unwrap();
            prop_assert!(!first.overlaps(second));
            prop_assert!(!first.contains(first.end()) && second.contains(first.end()));
        }

        #[test]
        fn an_overlap_is_what_both_contain(a in 0..100_i64, b in 1..100_i64, c in 0..100_i64, d in 1..100_i64, t in 0..200_i64) {
            let x = Interval::new(instant(a), instant(a + b)).unwrap();
            let y = Interval::new(instant(c), instant(c + d)).unwrap();
            let both = x.contains(instant(t)) && y.contains(instant(t));
            prop_assert_eq!(x.intersection(y).is_some_and(|i| i.contains(instant(t))), both);
            prop_assert_eq!(x.intersection(y).is_some(), x.overlaps(y));
        }
    }
}
