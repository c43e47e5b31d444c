//! The one road from an error of the core to a Python exception.

use grid_core::error::{Failure, Kind, Place, excerpt};
use pyo3::{
    prelude::*,
    types::{PyList, PyString},
};

/// Turns an error of the core into the exception of its kind.
///
/// This is the only place where GRID's exceptions are made. The classes live in `grid_py.errors`, because a class that
/// is both a `GridError` and a `ValueError` can only be written in Python.
pub(crate) fn raise(error: impl Failure) -> PyErr {
    Python::attach(|py| exception(py, &error).unwrap_or_else(|failed| failed))
}

fn exception(py: Python<'_>, error: &dyn Failure) -> PyResult<PyErr> {
    let class = match error.kind() {
        Kind::Invalid => "InvalidError",
        Kind::Unauthenticated => "UnauthenticatedError",
        Kind::Forbidden => "ForbiddenError",
        Kind::NotFound => "NotFoundError",
        Kind::Conflict => "ConflictError",
        Kind::Stale => "StaleError",
        Kind::TooLarge => "TooLargeError",
        Kind::Limited => "LimitedError",
        Kind::Unavailable => "UnavailableError",
        Kind::Internal => "InternalError",
    };
    let errors = py.import("grid_py.errors")?;
    let places = PyList::empty(py);
    for Place { pointer, line, column, expected, got } in error.places() {
        places.append(errors.getattr("Place")?.call1((pointer, line, column, expected, got))?)?;
    }
    let retry_after = error.retry_after().map(|wait| wait.as_secs_f64());
    let made = errors.getattr(class)?.call1((message(error), error.hint(), places, retry_after))?;
    Ok(PyErr::from_value(made))
}

/// The message and those of its sources, which no message repeats.
fn message(error: &dyn Failure) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        // Some drivers repeat their sources.
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = cause.source();
    }
    text
}

/// What Python gave could not be turned into what the core takes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A text is none of the words that an argument takes.
    #[error("expected {what} to be {expected}, got `{got}`")]
    NotAChoice { what: &'static str, expected: &'static str, got: String },
    /// A table lacks a column.
    #[error("expected a column `{name}`, got the columns {have}")]
    NoColumn { name: String, have: String },
    /// A column holds something else than it should.
    #[error("column `{name}`: expected {expected}, got {got}")]
    WrongColumn { name: String, expected: &'static str, got: String },
    /// Two columns that belong together differ in length.
    #[error("expected {expected} values in `{name}`, got {got}")]
    UnequalLengths { name: String, expected: usize, got: usize },
    /// An array has another shape than it should.
    #[error("expected {name} to have the shape {expected}, got {got:?}")]
    WrongShape { name: &'static str, expected: &'static str, got: Vec<usize> },
    /// A number of kilowatt-hours or milliwatt-hours is no energy.
    #[error("{place}: expected {expected}, got {got}")]
    NotAnEnergy { place: String, expected: &'static str, got: String },
    /// A text is not a UUID.
    #[error("expected an id like `0198c0de-0000-7000-8000-000000000000`, got `{got}`")]
    NotAnId { got: String },
    /// An argument that only some calls need is missing.
    #[error("expected {what} when {when}")]
    Needed { what: &'static str, when: &'static str },
    /// A table of series has a column that the model does not take.
    #[error(
        "expected the columns `unique_id`, `ds`, `y` and `observed` for the model `{model}`, got `{name}`"
    )]
    NoRegressors { name: String, model: String },
    /// A table names a series that the forecaster has not learnt from.
    #[error("expected a series that was learnt from, got `{name}`")]
    UnknownSeries { name: String },
    /// The work on one of several series failed.
    #[error("series `{name}`")]
    Series { name: String, source: grid_core::forecast::Error },
    /// A table has no rows.
    #[error("expected a table with at least one row, got none")]
    NoRows,
    /// Times are instants where the series is on a local clock, or the other way round.
    #[error("expected {what} with a time zone exactly where the series has one")]
    MixedClocks { what: &'static str },
    /// A dictionary or a text is no key.
    #[error("expected a sharing key, got one that is none: {reason}")]
    NotAKey { reason: String },
    /// A dictionary or a text is not the document that it should be.
    #[error("expected a document, got one that cannot be read: {reason}")]
    NotADocument { reason: String },
    /// What a store may keep is not said by names and numbers.
    #[error("expected whole numbers from 0 on by name in `quotas`, got {got}")]
    NotQuotas { got: String },
    /// Bytes are no UTF-8.
    #[error("expected JSON in UTF-8, got other bytes from byte {at} on")]
    NotText { at: usize },
    /// A key names a member that no column stands for.
    #[error("expected the number of one of the {columns} columns, counted from 0, got `{got}`")]
    NotAColumn { columns: usize, got: String },
    /// A name stands for no member of the community.
    #[error("expected a member's name or id, got `{got}`")]
    NotAMember { got: String },
    /// A name stands for no community, or for several.
    #[error("expected the name or id of one community, got `{got}`, which {found} have")]
    NotACommunity { got: String, found: usize },
    /// An argument makes no sense beside another.
    #[error("expected no {what} when {when}")]
    Unwanted { what: &'static str, when: &'static str },
    /// Two columns that belong together are of different times.
    #[error("expected `{name}` to have the slots of the other series, got {got}")]
    OtherSlots { name: String, got: String },
    /// A forecaster was asked before it was fitted.
    #[error("the forecaster has not been fitted")]
    NotFitted,
}

impl Failure for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::NotAMember { .. } | Self::NotACommunity { found: 0, .. } => Kind::NotFound,
            Self::Series { source, .. } => source.kind(),
            _ => Kind::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::WrongColumn { expected, .. } if *expected == AWARE => Some(
                "say which zone it is in, as with `df[\"start\"].dt.tz_localize(\"Europe/Madrid\")`"
                    .to_owned(),
            ),
            Self::NoRegressors { .. } => {
                Some("leave it out, or ask for `auto`, `ridge` or `trees`, which learn from it".to_owned())
            }
            Self::Series { source, .. } => source.hint(),
            Self::UnknownSeries { .. } => Some("call `.fit(df)` with its past first".to_owned()),
            Self::NotACommunity { found: 2.., .. } => Some("name it by its id".to_owned()),
            Self::NotFitted => Some("call `.fit(df)` first".to_owned()),
            _ => None,
        }
    }
}

/// What a column of instants must hold.
pub(crate) const AWARE: &str = "instants with a time zone";

/// The refusal of a word that an argument does not take.
pub(crate) fn no_choice(what: &'static str, expected: &'static str, got: &str) -> PyErr {
    raise(Error::NotAChoice { what, expected, got: excerpt(got) })
}

/// A printable text for a value of Python, for a message.
pub(crate) fn shown(value: &Bound<'_, PyAny>) -> String {
    excerpt(&value.repr().unwrap_or_else(|_| PyString::new(value.py(), "?")).to_string_lossy())
}
