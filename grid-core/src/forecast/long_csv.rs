//! Series from a table in the long format: `ds,y`, perhaps `unique_id`, and a column for each regressor.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    io::Read,
};

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};

use super::{Error, History, Known, Regressor};
use crate::error::{Failure, Kind, Place, excerpt};

/// A table of series was broken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// A column is missing in the header, or is there twice.
    #[error("line 1: expected one column `{column}`, got {got} of it")]
    Column {
        /// The column's name.
        column: String,
        /// How many there are.
        got: usize,
    },
    /// A cell is not what its column holds.
    #[error("line {line}, column `{column}`: expected {expected}, got `{got}`")]
    Cell {
        /// The line, from 1.
        line: u64,
        /// The column's name.
        column: String,
        /// What the column holds.
        expected: &'static str,
        /// The cell, cut to a printable length.
        got: String,
    },
    /// A time comes twice in a series.
    #[error(
        "line {line}, column `ds`: expected each time once in a series, got `{got}` of line {first} again"
    )]
    Twice {
        /// The second line.
        line: u64,
        /// The first line.
        first: u64,
        /// The time.
        got: String,
    },
    /// Nothing tells how long a slot is.
    #[error("expected two times in a series to tell the frequency by, got none")]
    NoFrequency,
    /// There is no row.
    #[error("expected at least one row under the header, got none")]
    Empty,
    /// The series is none that can be learnt from.
    #[error("failed to read the series `{series}`")]
    Series {
        /// Its name.
        series: String,
        /// Why.
        source: Error,
    },
    /// The table is no CSV in UTF-8, or could not be read.
    #[error("failed to read the table{}", line.map(|line| format!(" at line {line}")).unwrap_or_default())]
    Unreadable {
        /// The line, from 1, if it is known.
        line: Option<u64>,
        /// What the reader said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Failure for TableError {
    fn kind(&self) -> Kind {
        match self {
            Self::Column { .. }
            | Self::Cell { .. }
            | Self::Twice { .. }
            | Self::NoFrequency
            | Self::Empty
            | Self::Unreadable { .. } => Kind::Invalid,
            Self::Series { source, .. } => source.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Column { .. } => Some(
                "the columns are `ds` (the start of a slot), `y`, perhaps `unique_id`, and one for each regressor"
                    .to_owned(),
            ),
            Self::Series { source, .. } => source.hint(),
            _ => None,
        }
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::Cell { line, column, expected, got } => vec![Place {
                pointer: Some(column.clone()),
                line: Some(*line),
                expected: (*expected).to_owned(),
                got: got.clone(),
                ..Place::default()
            }],
            _ => Vec::new(),
        }
    }
}

/// A series of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct LongSeries {
    /// Its `unique_id`; empty where the table has no such column.
    pub name: String,
    /// From its first row to the last one with a value; its regressors go on where the table has values for them.
    pub history: History,
}

/// The rows of one series, by time, each with its line, `y` and the regressors.
type Rows = BTreeMap<Timestamp, Vec<(u64, f64, Vec<f64>)>>;

/// Reads series from CSV with a header: `ds` is the start of a slot, as an instant (RFC 3339) or on the clock of `zone`, `y`
/// its value, empty where it is missing; each further column but `unique_id` is a regressor.
///
/// Rows after the last value of a series are the future: a regressor that has values there is known ahead, another one is
/// only observed. The slots are `step_minutes` long; where nothing is said, as long as the two times next to each other.
///
/// ```
/// use grid_core::forecast::{Known, read_long};
/// use jiff::tz::TimeZone;
///
/// let table = "ds,y,temperature\n2026-01-01 00:00,1.5,8\n2026-01-01 01:00,,7.5\n2026-01-01 02:00,1.25,7\n2026-01-01 03:00,,6\n";
/// let series = read_long(table.as_bytes(), &TimeZone::UTC, None)?;
/// let history = &series[0].history;
/// assert_eq!((history.step_minutes(), history.values().len(), history.observed_value(1)), (60, 3, None));
/// assert_eq!((history.regressors()[0].known, history.regressors()[0].values.len()), (Known::Ahead, 4));
/// # Ok::<(), grid_core::forecast::TableError>(())
/// ```
///
/// # Errors
///
/// A [`TableError`] that names the line and the column.
pub fn read_long(
    source: impl Read,
    zone: &TimeZone,
    step_minutes: Option<u32>,
) -> Result<Vec<LongSeries>, TableError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(source);
    let header: Vec<String> = reader
        .headers()
        .map_err(unreadable)?
        .iter()
        .map(|name| name.trim_start_matches('\u{feff}').to_owned())
        .collect();
    let columns = Columns::of(&header)?;
    let mut names: Vec<String> = Vec::new();
    let mut series: BTreeMap<String, Rows> = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |place: usize| record.get(place).unwrap_or_default();
        let name = columns.name.map(cell).unwrap_or_default();
        let y = number(line, "y", cell(columns.y))?;
        let others = columns
            .others
            .iter()
            .map(|(place, column)| number(line, column, cell(*place)))
            .collect::<Result<Vec<f64>, _>>()?;
        let text = cell(columns.ds);
        let (at, is_twice) = instant(line, text, zone)?;
        let rows = match series.entry(name.to_owned()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                names.push(name.to_owned());
                new.insert(Rows::new())
            }
        };
        let there = rows.entry(at).or_default();
        if let Some((first, ..)) = there.last()
            && (!is_twice || there.len() > 1)
        {
            return Err(TableError::Twice { line, first: *first, got: excerpt(text) });
        }
        there.push((line, y, others));
    }
    if series.is_empty() {
        return Err(TableError::Empty);
    }
    let step_minutes = step_minutes.map_or_else(|| frequency(series.values()), Ok)?;
    names
        .into_iter()
        .map(|name| {
            let rows = series.remove(&name).unwrap_or_default();
            match history(&rows, &columns, zone, step_minutes) {
                Ok(history) => Ok(LongSeries { name, history }),
                Err(source) => Err(TableError::Series { series: excerpt(&name), source }),
            }
        })
        .collect()
}

/// Where the columns stand.
struct Columns {
    ds: usize,
    y: usize,
    name: Option<usize>,
    others: Vec<(usize, String)>,
}

impl Columns {
    fn of(header: &[String]) -> Result<Self, TableError> {
        for column in header {
            let got = header.iter().filter(|other| *other == column).count();
            if got > 1 {
                return Err(TableError::Column { column: excerpt(column), got });
            }
        }
        let place = |wanted: &str| header.iter().position(|column| column == wanted);
        let needed = |wanted: &str| {
            place(wanted).ok_or_else(|| TableError::Column { column: wanted.to_owned(), got: 0 })
        };
        let others = header
            .iter()
            .enumerate()
            .filter(|(_, column)| !["ds", "y", "unique_id"].contains(&column.as_str()));
        Ok(Self {
            ds: needed("ds")?,
            y: needed("y")?,
            name: place("unique_id"),
            others: others.map(|(place, column)| (place, column.clone())).collect(),
        })
    }
}

fn number(line: u64, column: &str, text: &str) -> Result<f64, TableError> {
    if text.is_empty() || ["nan", "na", "null", "none"].contains(&text.to_ascii_lowercase().as_str()) {
        return Ok(f64::NAN);
    }
    text.parse().ok().filter(|value: &f64| value.is_finite()).ok_or_else(|| TableError::Cell {
        line,
        column: excerpt(column),
        expected: "a number with a decimal point, or nothing where it is missing",
        got: excerpt(text),
    })
}

/// The instant of a time, and whether the clock shows that time twice.
fn instant(line: u64, text: &str, zone: &TimeZone) -> Result<(Timestamp, bool), TableError> {
    let refused = |expected| TableError::Cell { line, column: "ds".to_owned(), expected, got: excerpt(text) };
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok((at, false));
    }
    let local: DateTime =
        text.parse().map_err(|_| refused("a time like `2026-03-01 00:00` or `2026-03-01T00:00:00Z`"))?;
    let at = zone.to_ambiguous_timestamp(local);
    let is_twice = match at.offset() {
        AmbiguousOffset::Gap { .. } => {
            return Err(refused("a time that the clock of the zone shows (it is skipped there)"));
        }
        AmbiguousOffset::Fold { .. } => true,
        AmbiguousOffset::Unambiguous { .. } => false,
    };
    Ok((at.compatible().map_err(|_| refused("a time of the years -9999 to 9999"))?, is_twice))
}

/// The minutes between the two times next to each other.
fn frequency<'a>(series: impl Iterator<Item = &'a Rows>) -> Result<u32, TableError> {
    let steps = series.flat_map(|rows| {
        rows.keys().zip(rows.keys().skip(1)).map(|(one, next)| next.duration_since(*one).as_secs())
    });
    let shortest = steps.min().ok_or(TableError::NoFrequency)?;
    Ok(u32::try_from(shortest / 60).unwrap_or(u32::MAX))
}

/// The history of the rows up to the last value, with the regressors of all rows.
fn history(rows: &Rows, columns: &Columns, zone: &TimeZone, step_minutes: u32) -> Result<History, Error> {
    let is_known = |rows: &[(u64, f64, Vec<f64>)]| rows.iter().any(|(_, y, _)| !y.is_nan());
    let last = rows.iter().rev().find(|(_, rows)| is_known(rows)).map(|(at, _)| *at);
    let last = last.ok_or(Error::AllMissing { slots: rows.len() })?;
    let values = rows.range(..=last).flat_map(|(at, rows)| rows.iter().map(|(_, y, _)| (*at, Some(*y))));
    let mut history = History::from_instants(values, zone, step_minutes)?;
    for (place, (_, name)) in columns.others.iter().enumerate() {
        let values = rows
            .iter()
            .flat_map(|(at, rows)| rows.iter().map(|(_, _, others)| (*at, others.get(place).copied())));
        let values = History::from_instants(values, zone, step_minutes)?.values().to_vec();
        let ahead = values.iter().skip(history.values().len()).any(|value| !value.is_nan());
        let known = if ahead { Known::Ahead } else { Known::Observed };
        history = history.with_regressor(Regressor { name: name.clone(), values, known })?;
    }
    Ok(history)
}

fn unreadable(error: csv::Error) -> TableError {
    TableError::Unreadable { line: error.position().map(csv::Position::line), source: Box::new(error) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn madrid() -> TimeZone {
        TimeZone::get("Europe/Madrid").unwrap()
    }

    fn refused(table: &str) -> String {
        let error = read_long(table.as_bytes(), &madrid(), None).unwrap_err();
        let source =
            std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
        format!("{error}{source}")
    }

    #[test]
    fn two_series_come_in_the_order_of_their_first_rows() {
        let table = "unique_id,ds,y\nb,2026-01-01T00:00,1\na,2026-01-01T00:00,5\nb,2026-01-01T00:30,2\n";
        let series = read_long(table.as_bytes(), &TimeZone::UTC, None).unwrap();
        assert_eq!(series.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(
            (series[0].history.step_minutes(), series[0].history.values()),
            (30, [1.0, 2.0].as_slice())
        );
    }

    #[test]
    fn instants_and_local_times_name_the_same_slots() {
        // Madrid is an hour ahead of UTC in January.
        let utc =
            read_long("ds,y\n2025-12-31T23:00:00Z,1\n2026-01-01T00:00:00Z,2\n".as_bytes(), &madrid(), None);
        let local = read_long("ds,y\n2026-01-01,1\n2026-01-01 01:00:00,2\n".as_bytes(), &madrid(), None);
        assert_eq!(utc.unwrap(), local.unwrap());
    }

    #[test]
    fn an_hour_that_the_clock_repeats_may_come_twice_and_no_other() {
        let autumn = "ds,y\n2026-10-25 01:00,1\n2026-10-25 02:00,2\n2026-10-25 02:00,4\n2026-10-25 03:00,5\n";
        let series = read_long(autumn.as_bytes(), &madrid(), Some(60)).unwrap();
        assert_eq!(series[0].history.values(), [1.0, 3.0, 5.0]);
        let told = refused("ds,y\n2026-01-01 01:00,1\n2026-01-01 02:00,1\n2026-01-01 01:00,1\n");
        assert_eq!(
            told,
            "line 4, column `ds`: expected each time once in a series, got `2026-01-01 01:00` of line 2 again"
        );
    }

    #[test]
    fn a_regressor_is_known_ahead_where_the_future_has_values_of_it() {
        let table = "ds,y,sun,wind\n2026-01-01 00:00,1,0,3\n2026-01-01 01:00,2,0,4\n2026-01-01 02:00,,5,\n";
        let history = &read_long(table.as_bytes(), &madrid(), None).unwrap()[0].history;
        assert_eq!(history.end(), date(2026, 1, 1).at(2, 0, 0, 0));
        let known: Vec<_> = history.regressors().iter().map(|one| (one.name.as_str(), one.known)).collect();
        assert_eq!(known, [("sun", Known::Ahead), ("wind", Known::Observed)]);
    }

    #[test]
    fn what_is_broken_is_named_with_its_place() {
        for (table, told) in [
            ("when,y\n2026-01-01,1\n", "line 1: expected one column `ds`, got 0 of it"),
            ("ds,y,y\n2026-01-01,1,2\n", "line 1: expected one column `y`, got 2 of it"),
            ("ds,y\nsoon,1\n", "line 2, column `ds`: expected a time like"),
            ("ds,y\n2026-01-01,1\n2026-01-02,1;5\n", "line 3, column `y`: expected a number"),
            ("ds,y\n2026-01-01,inf\n", "line 2, column `y`: expected a number"),
            (
                "ds,y\n2026-03-29 02:30,1\n",
                "line 2, column `ds`: expected a time that the clock of the zone shows",
            ),
            ("ds,y\n", "expected at least one row"),
            ("ds,y\n2026-01-01,1\n", "expected two times in a series"),
            (
                "ds,y\n2026-01-01 00:00,\n2026-01-01 01:00,\n",
                "failed to read the series ``: expected at least one value",
            ),
            ("ds,y\n2026-01-01 00:00,1\n2026-01-01 01:00\n", "failed to read the table at line 3"),
        ] {
            let said = refused(table);
            assert!(said.starts_with(told), "{told} in {said}");
        }
    }
}
