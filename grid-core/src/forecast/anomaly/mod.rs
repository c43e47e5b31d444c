//! What is not as it should be: readings outside their interval, a standby load that changed, a panel that is silent.
//!
//! Each rule says how often it errs, since an alarm that comes for nothing is soon not read any more.

mod interval;
mod panel;
mod rank;
mod standby;

use jiff::civil::DateTime;

pub use interval::IntervalWatch;
pub use panel::silent_panel;
pub use standby::standby_changes;

/// What kind of anomaly it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AnomalyKind {
    /// Readings above the interval of their forecast.
    Above,
    /// Readings below the interval of their forecast.
    Below,
    /// The load that is always there has changed.
    StandbyChange,
    /// A panel that gives nothing although the sky lets it.
    PanelSilent,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Anomaly {
    /// What it is.
    pub kind: AnomalyKind,
    /// When it began, on the local clock.
    pub start: DateTime,
    /// When it ended, or how far it was seen, on the local clock.
    pub end: DateTime,
    /// What was to be expected, in the unit of the readings: the sum of the bounds that were crossed, the level of the
    /// standby load before, or the sum of what the panel gives under a clear sky.
    pub expected: f64,
    /// What was observed instead: the sum of the readings, or the level of the standby load afterwards.
    pub observed: f64,
    /// How bad it is, above zero: the greatest distance from the interval in widths of the interval, the step of the
    /// standby load over the nights' spread, or what was lost over what a whole clear day gives.
    pub severity: f64,
}

impl Anomaly {
    /// How much was observed over what was to be expected, negative where it was less: the energy beyond the interval,
    /// the step of the standby load, or the energy that the panel did not give.
    pub fn difference(&self) -> f64 {
        self.observed - self.expected
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, io::Read, path::PathBuf};

    use jiff::civil::DateTime;

    use crate::forecast::History;

    pub(super) fn hours(start: DateTime, values: Vec<f64>) -> History {
        History::new(start, 60, values).unwrap()
    }

    /// The hourly series of a set of the backtest, where it is at hand: it belongs to others and is not kept here.
    pub(super) fn homes(set: &str) -> Option<BTreeMap<String, History>> {
        let default = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
        let root = std::env::var_os("GRID_SHARED_DATA").map_or(default, PathBuf::from);
        let path = root.join(format!("forecast/{set}.csv.gz"));
        let Ok(file) = std::fs::File::open(&path) else {
            assert!(std::env::var_os("GRID_TEST_NO_SKIP").is_none(), "`{}` is not there", path.display());
            println!("skipped: the set `{set}` (`{}` is not there)", path.display());
            return None;
        };
        let mut text = String::new();
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
        let mut columns: BTreeMap<String, (DateTime, Vec<f64>, Vec<bool>)> = BTreeMap::new();
        for row in csv::Reader::from_reader(text.as_bytes()).records() {
            let row = row.unwrap();
            let column = columns
                .entry(row[0].to_owned())
                .or_insert_with(|| (row[1].parse().unwrap(), Vec::new(), Vec::new()));
            column.1.push(row[2].parse().unwrap_or(f64::NAN));
            column.2.push(&row[3] == "1");
        }
        let history = |(start, values, observed)| hours(start, values).with_observed(observed).unwrap();
        Some(columns.into_iter().map(|(name, column)| (name, history(column))).collect())
    }
}
