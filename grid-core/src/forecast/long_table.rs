//! Many series in one table, as data frames have them: a row per series and slot.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};

use super::{Error, History, Known, Regressor};

/// Rows in any order: the column of the same place belongs to the same row everywhere.
///
/// A column that is shorter than `instants` has no value in the rows that it lacks.
///
/// ```
/// use grid_core::forecast::{Known, LongTable, Regressor};
/// use jiff::{Timestamp, ToSpan, tz::TimeZone};
///
/// let midnight: Timestamp = "2026-01-01T00:00:00Z".parse().expect("an instant");
/// let instants: Vec<Timestamp> = (0..4_i32).map(|hour| midnight + hour.hours()).collect();
/// let temperature = Regressor { name: "temperature".into(), values: vec![3.0, 4.0, 5.0, 6.0], known: Known::Ahead };
/// let table = LongTable {
///     names: vec!["ana".to_owned(); 4],
///     instants,
///     values: vec![1.0, f64::NAN, 2.0], // the last row is the future
///     regressors: vec![temperature],
///     ..LongTable::default()
/// };
/// let (name, history) = table.histories(&TimeZone::UTC, 60)?.remove(0);
/// assert_eq!((name.as_str(), history.values().len()), ("ana", 3));
/// assert_eq!(history.regressors()[0].values, [3.0, 4.0, 5.0, 6.0]);
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct LongTable {
    /// The name of the series that a row belongs to.
    pub names: Vec<String>,
    /// The start of the slot.
    pub instants: Vec<Timestamp>,
    /// The value, in any unit; NaN where it is missing.
    pub values: Vec<f64>,
    /// Whether the value was really observed, as for [`History::with_observed`]; `None` where all were.
    pub observed: Option<Vec<bool>>,
    /// What else is known, one value per row.
    pub regressors: Vec<Regressor>,
}

impl LongTable {
    /// The history of each series on the local clock of `zone`, by name.
    ///
    /// A history ends with the last row of its series. Where something is known ahead, it ends with the last value instead:
    /// rows behind that one say what is known of the future.
    ///
    /// # Errors
    ///
    /// Those of [`History::from_instants`] and [`History::with_regressor`].
    pub fn histories(&self, zone: &TimeZone, step_minutes: u32) -> Result<Vec<(String, History)>, Error> {
        let mut series: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (row, name) in self.names.iter().enumerate().take(self.instants.len()) {
            series.entry(name).or_default().push(row);
        }
        let history = |(name, rows): (&str, Vec<usize>)| {
            Ok((name.to_owned(), self.history(&rows, zone, step_minutes)?))
        };
        series.into_iter().map(history).collect()
    }

    fn history(&self, rows: &[usize], zone: &TimeZone, step_minutes: u32) -> Result<History, Error> {
        let column = |of: &dyn Fn(usize) -> Option<f64>| {
            let points = rows.iter().filter_map(|&row| Some((*self.instants.get(row)?, of(row))));
            History::from_instants(points, zone, step_minutes)
        };
        let known = column(&|row| self.values.get(row).copied())?;
        let ahead = self.regressors.iter().any(|regressor| regressor.known == Known::Ahead);
        let last = known.values().iter().rposition(|value| !value.is_nan());
        let slots = if ahead { last.map_or(0, |last| last + 1) } else { known.values().len() };
        let values = known.values().get(..slots).unwrap_or_default().to_vec();
        let mut history = History::new(known.start(), step_minutes, values)?;
        if let Some(observed) = &self.observed {
            let marks = column(&|row| observed.get(row).map(|mark| f64::from(u8::from(*mark))))?;
            history = history
                .with_observed(marks.values().iter().take(slots).map(|&mark| mark >= 1.0).collect())?;
        }
        for Regressor { name, values, known } in &self.regressors {
            let values = column(&|row| values.get(row).copied())?.values().to_vec();
            history = history.with_regressor(Regressor { name: name.clone(), values, known: *known })?;
        }
        Ok(history)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::{ToSpan, civil::date};

    fn hours(count: i32) -> Vec<Timestamp> {
        let midnight: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        (0..count).map(|hour| midnight + hour.hours()).collect()
    }

    fn table(names: &[&str], values: Vec<f64>) -> LongTable {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut instants = hours(2);
        instants.extend(hours(4));
        instants.truncate(names.len());
        LongTable { names, instants, values, ..LongTable::default() }
    }

    #[test]
    fn series_come_by_name_and_each_has_its_own_rows() {
        let series = table(&["b", "b", "a", "a", "a", "a"], vec![1.0, 2.0, 3.0, f64::NAN, 5.0, f64::NAN])
            .histories(&TimeZone::UTC, 60);
        let series = series.unwrap();
        assert_eq!(series.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(series[1].1.values(), [1.0, 2.0]);
        // Nothing is known ahead, so the last row is a gap and not the future.
        assert_eq!(series[0].1.values().len(), 4);
        assert_eq!(series[0].1.observed(), [true, false, true, false]);
    }

    #[test]
    fn rows_behind_the_last_value_are_the_future_where_something_is_known_of_it() {
        let mut table = table(&["b", "b", "a", "a", "a", "a"], vec![1.0, 2.0, 3.0, 4.0, f64::NAN, f64::NAN]);
        for (name, known) in [("sky", Known::Ahead), ("wind", Known::Observed)] {
            let values = (0..6).map(f64::from).collect();
            table.regressors.push(Regressor { name: name.to_owned(), values, known });
        }
        table.observed = Some(vec![true, false, true, false, true, true]);
        let series = table.histories(&TimeZone::UTC, 60).unwrap();
        let (a, b) = (&series[0].1, &series[1].1);
        assert_eq!((a.values(), a.observed()), (&[3.0, 4.0][..], &[true, false][..]));
        assert_eq!(a.regressors()[0].values, [2.0, 3.0, 4.0, 5.0]);
        assert_eq!(a.regressors()[1].values, [2.0, 3.0], "what is only observed ends with the history");
        assert_eq!((a.end(), b.end()), (date(2026, 1, 1).at(2, 0, 0, 0), date(2026, 1, 1).at(2, 0, 0, 0)));
        assert_eq!(
            (b.observed(), b.regressors()[0].values.as_slice()),
            (&[true, false][..], &[0.0, 1.0][..])
        );
    }

    #[test]
    fn rows_without_any_value_are_all_future() {
        let mut table = table(&["a", "a"], vec![]);
        table.regressors.push(Regressor { name: "sky".into(), values: vec![1.0, 2.0], known: Known::Ahead });
        let (_, history) = table.histories(&TimeZone::UTC, 60).unwrap().remove(0);
        assert!(history.is_empty());
        assert_eq!(history.regressors()[0].values, [1.0, 2.0]);
        assert!(LongTable::default().histories(&TimeZone::UTC, 60).unwrap().is_empty());
    }
}
