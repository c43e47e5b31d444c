//! Instants as people and programs write them.

use jiff::{Timestamp, civil::DateTime, tz::AmbiguousOffset};

use super::{Calendar, Error, parse_instant};
use crate::error::excerpt;

impl Calendar {
    /// The instant of a text: with an offset (RFC 3339), or without one on the clock of this calendar.
    ///
    /// Of a local time that comes twice in autumn the first is meant.
    ///
    /// ```
    /// use grid_core::time::Calendar;
    /// let bogota = Calendar::new("America/Bogota")?;
    /// for text in ["2026-03-01T05:00:00Z", "2026-03-01T00:00:00-05:00", "2026-03-01T00:00:00", "2026-03-01 00:00"] {
    ///     assert_eq!(bogota.instant(text)?.to_string(), "2026-03-01T05:00:00Z");
    /// }
    /// // The clocks of Madrid skip this half hour.
    /// assert!(Calendar::new("Europe/Madrid")?.instant("2026-03-29 02:30").is_err());
    /// # Ok::<(), grid_core::time::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NotAnInstant`], also for a local time that the clock skips in spring.
    pub fn instant(&self, text: &str) -> Result<Timestamp, Error> {
        let wrong = || Error::NotAnInstant { got: excerpt(text) };
        let text = text.trim();
        if let Ok(instant) = parse_instant(text) {
            return Ok(instant);
        }
        let local: DateTime = text.parse().map_err(|_| wrong())?;
        match self.zone().to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
                offset.to_timestamp(local).map_err(|_| wrong())
            }
            AmbiguousOffset::Gap { .. } => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_that_comes_twice_is_the_first_and_nonsense_is_none() {
        let madrid = Calendar::new("Europe/Madrid").unwrap();
        let twice = madrid.instant("2026-10-25T02:30:00").unwrap();
        assert_eq!(twice.to_string(), "2026-10-25T00:30:00Z");
        for text in ["", "soon", "2026-02-30T00:00:00", "2026-13-01", "25:00"] {
            assert!(matches!(madrid.instant(text), Err(Error::NotAnInstant { .. })), "{text}");
        }
    }
}
