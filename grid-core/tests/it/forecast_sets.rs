//! The real sets of day-ahead forecasts, for the tests, `examples/accuracy.rs` and the bench, which all read them here.

use std::{collections::BTreeMap, io::Read, path::Path};

use grid_core::forecast::{History, Known, Regressor, read_long};
use jiff::{civil::DateTime, tz::TimeZone};

pub(crate) const NAMES: [&str; 6] =
    ["citylearn_load", "citylearn_pv", "uci_home", "pjm_aep", "emhass_home", "openstef_sub"];
/// The quantiles that are forecast.
pub(crate) const LEVELS: [f64; 5] = [0.1, 0.25, 0.5, 0.75, 0.9];
/// So much of the past may be looked at.
pub(crate) const AT_MOST_DAYS: u32 = 400;

pub(crate) struct Set {
    /// Local midnights from which is forecast.
    pub(crate) origins: Vec<DateTime>,
    /// How many hours.
    pub(crate) horizon: usize,
    /// The series whose forecasts are scored.
    pub(crate) scored: Vec<String>,
    /// Every series by its name, with what explains it.
    pub(crate) histories: BTreeMap<String, History>,
}

impl Set {
    /// Reads a set and what the manifest of the folder says of it.
    pub(crate) fn read(folder: &Path, name: &str) -> Self {
        let manifest = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        let texts = |key: &str| -> Vec<String> {
            let list = manifest[name][key].as_array().unwrap();
            list.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
        };
        let file = std::fs::File::open(folder.join(format!("{name}.csv.gz"))).unwrap();
        let mut table = Vec::new();
        flate2::read::GzDecoder::new(file).read_to_end(&mut table).unwrap();
        // The clocks of the sets have fixed offsets, so that it does not matter which.
        let series = read_long(table.as_slice(), &TimeZone::UTC, Some(60)).unwrap();
        Self {
            origins: texts("origins").iter().map(|text| text.parse().unwrap()).collect(),
            horizon: usize::try_from(manifest[name]["h"].as_u64().unwrap()).unwrap(),
            scored: texts("scored"),
            histories: series.into_iter().map(|series| (series.name, marked(&series.history))).collect(),
        }
    }

    /// The scored series without what explains them.
    pub(crate) fn alone(&self) -> Vec<History> {
        self.scored.iter().map(|id| alone(&self.histories[id])).collect()
    }
}

/// The column `obs` says which values were observed; the weather was forecast, and so known ahead.
fn marked(history: &History) -> History {
    let mut marked = alone(history);
    for regressor in history.regressors() {
        marked = if regressor.name == "obs" {
            let mask = regressor.values.iter().take(history.values().len()).map(|mark| *mark > 0.5);
            marked.with_observed(mask.collect()).unwrap()
        } else {
            marked.with_regressor(Regressor { known: Known::Ahead, ..regressor.clone() }).unwrap()
        };
    }
    marked
}

/// The same values and marks without what explains them.
pub(crate) fn alone(history: &History) -> History {
    let bare = History::new(history.start(), history.step_minutes(), history.values().to_vec()).unwrap();
    bare.with_observed(history.observed().to_vec()).unwrap()
}
