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

    /// The shortest interval that has both in it.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
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
    if let Some(instant) = plain(text.as_bytes()) {
        return Ok(instant);
    }
    text.trim().parse().map_err(|_| Error::NotAnInstant { got: excerpt(text) })
}

/// An instant written like `2026-03-29T01:00:00Z`, as machines write them by the million; `None` where it is written in another
/// of the ways that RFC 3339 allows, or is none.
fn plain(text: &[u8]) -> Option<Timestamp> {
    let text: [u8; 20] = text.try_into().ok()?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, b'Z'] = text
    else {
        return None;
    };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    let two = |tens, ones| Some(10 * digit(tens)? + digit(ones)?);
    let (year, month, day) = (100 * two(y1, y2)? + two(y3, y4)?, two(m1, m2)?, two(d1, d2)?);
    let (hour, minute, second) = (two(h1, h2)?, two(n1, n2)?, two(s1, s2)?);
    // A leap second is for whoever knows about them, and the last days of a month as well.
    if year == 0
        || !(1..=12).contains(&month)
        || !(1..=28).contains(&day)
        || hour > 23
        || minute > 59
        || second > 59
    {
        return None;
    }
    // Years that begin in March have the day that is not always there at their end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Timestamp::from_second(86_400 * days + 3600 * hour + 60 * minute + second).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn instant(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn instants_as_machines_write_them_are_read_as_by_jiff() {
        let mut day: jiff::civil::DateTime = jiff::civil::date(1, 1, 1).at(23, 59, 58, 0);
        while day.year() < 9990 {
            let text = format!("{day}Z");
            let expected: Timestamp = text.parse().unwrap();
            assert_eq!(parse_instant(&text).unwrap(), expected, "{text}");
            assert_eq!(plain(text.as_bytes()), (day.day() <= 28).then_some(expected), "{text}");
            day = day.checked_add(jiff::Span::new().days(13).seconds(7919)).unwrap();
        }
        for other in
            ["2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z"]
        {
            assert!(parse_instant(other).is_err(), "{other}");
        }
        for other in [
            "2026-01-31T00:00:00Z",
            "2026-01-01T00:00:00+00:00",
            " 2026-01-01T00:00:00Z",
            "2026-01-01T00:00:0xZ",
        ] {
            assert_eq!(plain(other.as_bytes()), None, "{other}");
        }
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
