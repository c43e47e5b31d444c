//! `from` and `to`: instants, or local dates of the zone that is asked about.

use grid_core::{
    error::{Failure, Place, excerpt},
    time::{self, Calendar, Interval},
};
use jiff::{Timestamp, civil::Date};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::problem::Problem;

/// A period of a query.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Period {
    /// The first instant (RFC 3339), or the first local date; the start of the readings where nothing is said.
    #[param(example = "2026-03-01")]
    pub(crate) from: Option<String>,
    /// The first instant, or the first local date, that is not wanted any more; the end of the readings where nothing is said.
    #[param(example = "2026-04-01")]
    pub(crate) to: Option<String>,
}

impl Period {
    /// The interval on a calendar; where an end is not told, that of `extent` is taken.
    pub(crate) fn interval(
        &self,
        calendar: &Calendar,
        extent: Option<Interval>,
    ) -> Result<Option<Interval>, Problem> {
        let from = self.from.as_deref().map(|text| instant("from", text, calendar)).transpose()?;
        let to = self.to.as_deref().map(|text| instant("to", text, calendar)).transpose()?;
        let from = from.or(extent.map(Interval::start));
        // An open end never turns around: what begins after the last reading is empty.
        let to = match (to, extent, from) {
            (None, Some(extent), Some(from)) if extent.end() <= from => return Ok(None),
            (to, extent, _) => to.or(extent.map(Interval::end)),
        };
        match (from, to) {
            (Some(from), Some(to)) if self.to.is_some() && self.from.is_none() && to <= from => Ok(None),
            (Some(from), Some(to)) => field("to", Interval::new(from, to)).map(Some),
            _ => Ok(None),
        }
    }

    /// Whether both ends are told.
    pub(crate) const fn is_told(&self) -> bool {
        self.from.is_some() && self.to.is_some()
    }

    /// The interval, where both ends are told as instants, which no calendar moves.
    pub(crate) fn of_instants(&self) -> Option<Interval> {
        let (from, to) = (self.from.as_deref()?, self.to.as_deref()?);
        let is_date = |text: &str| text.trim().len() == 10;
        if is_date(from) || is_date(to) {
            return None;
        }
        self.whole(&Calendar::utc()).ok()
    }

    /// The interval, both of whose ends must be told.
    pub(crate) fn whole(&self, calendar: &Calendar) -> Result<Interval, Problem> {
        for (name, text) in [("from", &self.from), ("to", &self.to)] {
            if text.is_none() {
                return Err(Problem::new(
                    axum::http::StatusCode::UNPROCESSABLE_ENTITY,
                    format!("expected `{name}`, an instant like `2026-03-01T00:00:00Z` or a date like `2026-03-01`"),
                )
                .place(Place {
                    pointer: Some(name.to_owned()),
                    expected: "an instant or a local date".to_owned(),
                    got: "nothing".to_owned(),
                    ..Place::default()
                }));
            }
        }
        let interval = self.interval(calendar, None)?;
        interval.ok_or_else(|| Problem::internal("two told ends made no interval"))
    }
}

/// An instant of a query: RFC 3339, or a local date, which stands for its first instant.
pub(crate) fn instant(name: &str, text: &str, calendar: &Calendar) -> Result<Timestamp, Problem> {
    // A `+` that a client forgot to write as %2B arrives as a space.
    let text = text.trim().replace(' ', "+");
    if text.len() == 10
        && let Ok(date) = text.parse::<Date>()
    {
        return field(name, calendar.day(date)).map(Interval::start);
    }
    field(name, text.parse().map_err(|_| time::Error::NotAnInstant { got: excerpt(&text) }))
}

/// A local month of a query, such as `2026-03`.
pub(crate) fn month(name: &str, text: &str, calendar: &Calendar) -> Result<Interval, Problem> {
    field(name, calendar.month_named(text))
}

/// Names the field that an error is about, where the error itself names no place.
pub(crate) fn field<T, E: Failure + 'static>(pointer: &str, result: Result<T, E>) -> Result<T, Problem> {
    result.map_err(|error| {
        let nameless = error.places().is_empty();
        let (expected, got) = halves(&error.to_string());
        let problem = Problem::from(error);
        if nameless {
            problem.place(Place { pointer: Some(pointer.to_owned()), expected, got, ..Place::default() })
        } else {
            problem
        }
    })
}

/// Splits a message `expected ..., got ...`.
fn halves(message: &str) -> (String, String) {
    let (expected, got) = message.rsplit_once(", got ").unwrap_or((message, ""));
    (expected.strip_prefix("expected ").unwrap_or(expected).to_owned(), got.trim_matches('`').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(from: Option<&str>, to: Option<&str>) -> Period {
        Period { from: from.map(Into::into), to: to.map(Into::into) }
    }

    #[test]
    fn a_date_is_the_first_instant_of_the_local_day() {
        let madrid = Calendar::new("Europe/Madrid").unwrap();
        let interval = period(Some("2026-03-29"), Some("2026-03-30")).whole(&madrid).unwrap();
        assert_eq!(interval.to_string(), "2026-03-28T23:00:00Z/2026-03-29T22:00:00Z");
    }

    #[test]
    fn a_plus_that_became_a_space_is_a_plus() {
        let interval = period(Some("2026-03-29T02:00:00 01:00"), Some("2026-03-30")).whole(&Calendar::utc());
        assert_eq!(interval.unwrap().start().to_string(), "2026-03-29T01:00:00Z");
    }

    #[test]
    fn nonsense_and_turned_around_ends_are_refused() {
        let utc = Calendar::utc();
        for (from, to) in [
            ("yesterday", "2026-03-30"),
            ("2026-03-30", "2026-03-29"),
            ("2026-03-30", "2026-03-30"),
            ("2026-02-30", "2026-03-30"),
            ("2026-03-30T00:00:00", "2026-03-31"),
        ] {
            assert!(period(Some(from), Some(to)).whole(&utc).is_err(), "{from} {to}");
        }
        assert!(period(None, Some("2026-03-29")).whole(&utc).is_err());
    }

    #[test]
    fn an_open_end_beyond_the_readings_is_empty_and_no_error() {
        let utc = Calendar::utc();
        let extent = Interval::parse("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z").unwrap();
        assert!(period(Some("2026-03-01"), None).interval(&utc, Some(extent)).unwrap().is_none());
        assert!(period(None, Some("2025-03-01")).interval(&utc, Some(extent)).unwrap().is_none());
        assert!(period(None, None).interval(&utc, None).unwrap().is_none());
        assert_eq!(period(None, None).interval(&utc, Some(extent)).unwrap(), Some(extent));
    }
}
