//! Instants and calendars, from and to what Python writes them as.

use grid_core::{
    error::excerpt,
    time::{Calendar, Error, Interval, Resolution},
};
use jiff::{SignedDuration, Timestamp};
use numpy::{
    PyArray1,
    datetime::{Datetime, units::Microseconds},
};
use pyo3::{exceptions::PyTypeError, prelude::*, types::PyString};

use crate::error::{raise, shown};

/// An instant: RFC 3339 text, an aware `datetime` (or a pandas `Timestamp`), or a `numpy.datetime64`, which is UTC.
pub(crate) struct Instant(pub(crate) Timestamp);

impl<'py> FromPyObject<'_, 'py> for Instant {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if value.hasattr("dtype")? {
            let microseconds =
                value.call_method1("astype", ("datetime64[us]",))?.call_method1("astype", ("int64",))?;
            return from_microsecond(microseconds.extract()?).map(Self);
        }
        let text = text(&value)?;
        let not_an_instant = || Error::NotAnInstant { got: excerpt(&text) };
        text.trim().parse().map(Self).map_err(|_| raise(not_an_instant()))
    }
}

/// The text of an instant or a local time, as it is written or as a `datetime` writes it.
pub(crate) fn text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    if value.is_instance_of::<PyString>() {
        return value.extract();
    }
    match value.getattr_opt("isoformat")? {
        Some(isoformat) => isoformat.call0()?.extract(),
        None => Err(PyTypeError::new_err(format!(
            "expected a time as text or as a datetime, got {}",
            shown(value)
        ))),
    }
}

/// The instant of a count of microseconds since the epoch.
pub(crate) fn from_microsecond(microsecond: i64) -> PyResult<Timestamp> {
    Timestamp::from_microsecond(microsecond).map_err(|_| raise(Error::OutOfRange))
}

/// A half-open interval between two instants.
pub(crate) fn interval(start: &Instant, end: &Instant) -> PyResult<Interval> {
    Interval::new(start.0, end.0).map_err(raise)
}

/// The calendar of an IANA zone.
pub(crate) fn calendar(zone: &str) -> PyResult<Calendar> {
    Calendar::new(zone).map_err(raise)
}

/// A resolution by its name.
pub(crate) fn resolution(name: &str) -> PyResult<Resolution> {
    name.parse().map_err(raise)
}

/// The slot that starts at an instant: so many seconds from it, or the local day, month or year that it lies in.
pub(crate) fn slot(calendar: &Calendar, start: Timestamp, resolution: Resolution) -> PyResult<Interval> {
    match resolution.fixed_seconds() {
        Some(seconds) => {
            let end = start
                .checked_add(SignedDuration::from_secs(seconds.into()))
                .map_err(|_| raise(Error::OutOfRange))?;
            Interval::new(start, end).map_err(raise)
        }
        None => calendar.slot_of(start, resolution).map_err(raise),
    }
}

/// The length of an interval that is shorter than any local day.
pub(crate) fn length(interval: Interval) -> Option<Resolution> {
    const SHORTEST_DAY: u64 = 23 * 3600;
    let seconds = interval.duration().as_secs();
    u32::try_from(seconds).ok().filter(|_| seconds < SHORTEST_DAY && seconds > 0).map(Resolution::Seconds)
}

/// Instants as a `datetime64[us]` array, in UTC.
pub(crate) fn array(
    py: Python<'_>,
    instants: impl IntoIterator<Item = Timestamp>,
) -> Bound<'_, PyArray1<Datetime<Microseconds>>> {
    let instants: Vec<_> = instants.into_iter().map(|at| Datetime::from(at.as_microsecond())).collect();
    PyArray1::from_vec(py, instants)
}
