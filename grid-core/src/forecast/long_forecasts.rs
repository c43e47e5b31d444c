//! Forecasts of many series in one table: a row per series and slot.

use std::collections::BTreeMap;

use jiff::civil::DateTime;

use super::{Forecast, Point};

/// Rows of forecasts in any order of the series; the rows of one series are in order of time.
///
/// ```
/// use grid_core::forecast::LongForecasts;
/// use jiff::civil::date;
///
/// let start = date(2026, 1, 1).at(0, 0, 0, 0);
/// let table = LongForecasts {
///     names: vec!["ana".into(), "ben".into()],
///     starts: vec![start; 2],
///     means: vec![1.0, 2.0],
///     quantiles: vec![(0.5, vec![0.9, 2.1])],
/// };
/// let forecasts = table.forecasts();
/// assert_eq!(forecasts["ben"].points[0].quantiles, [2.1]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct LongForecasts {
    /// The name of the series that a row belongs to.
    pub names: Vec<String>,
    /// The start of the slot.
    pub starts: Vec<DateTime>,
    /// What is expected on average.
    pub means: Vec<f64>,
    /// The level of each quantile and its values, by ascending level.
    pub quantiles: Vec<(f64, Vec<f64>)>,
}

impl LongForecasts {
    /// The forecast of each series. What a row lacks is NaN.
    pub fn forecasts(&self) -> BTreeMap<String, Forecast> {
        let mut forecasts: BTreeMap<String, Forecast> = BTreeMap::new();
        for (row, (name, &start)) in self.names.iter().zip(&self.starts).enumerate() {
            let at = |column: &[f64]| column.get(row).copied().unwrap_or(f64::NAN);
            let empty = || Forecast {
                model: GIVEN,
                quantile_levels: self.quantiles.iter().map(|(level, _)| *level).collect(),
                points: Vec::new(),
            };
            forecasts.entry(name.clone()).or_insert_with(empty).points.push(Point {
                start,
                mean: at(&self.means),
                quantiles: self.quantiles.iter().map(|(_, column)| at(column)).collect(),
            });
        }
        forecasts
    }
}

/// The model of a forecast that came in a table.
const GIVEN: &str = "given";

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::{ToSpan, civil::date};

    #[test]
    fn rows_of_several_series_may_be_mixed_and_lack_values() {
        let start = date(2026, 1, 1).at(0, 0, 0, 0);
        let table = LongForecasts {
            names: ["b", "a", "b"].map(str::to_owned).to_vec(),
            starts: vec![start, start, start + 1.hour()],
            means: vec![1.0, 2.0],
            quantiles: vec![(0.1, vec![0.5, 1.5, 2.5])],
        };
        let forecasts = table.forecasts();
        assert_eq!(forecasts["b"].points.len(), 2);
        assert!(forecasts["b"].points[1].mean.is_nan());
        assert_eq!(forecasts["b"].quantile(0.1), Some(vec![0.5, 2.5]));
        assert_eq!(forecasts["a"].points[0].start, start);
    }
}
