//! What a model does, and what it answers.

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};

use super::{Error, History};

/// A way to learn from the past.
pub trait Fit {
    /// What it has learnt.
    type Fitted: Predict;

    /// Learns from `history`.
    ///
    /// # Errors
    ///
    /// [`Error::TooShort`] or [`Error::AllMissing`] where there is too little to learn from, [`Error::Unsolved`] where
    /// the numbers cannot be solved.
    fn fit(&self, history: &History) -> Result<Self::Fitted, Error>;
}

/// Something that was learnt, and says what comes next.
pub trait Predict {
    /// Forecasts the `horizon` slots after the end of the history, with the quantiles of the given levels.
    ///
    /// # Errors
    ///
    /// [`Error::Horizon`] for no slot or for more than the model can see; [`Error::Quantile`] for levels that are not
    /// between 0 and 1 in ascending order.
    fn predict(&self, horizon: usize, quantiles: &[f64]) -> Result<Forecast, Error>;

    /// The model's name, as [`Model`](super::Model) reads it.
    fn name(&self) -> &'static str;
}

/// The forecast of one slot.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The start of the slot on the local clock.
    pub start: DateTime,
    /// What is expected on average, in the unit of the history.
    pub mean: f64,
    /// One value per level of [`Forecast::quantile_levels`], never falling.
    pub quantiles: Vec<f64>,
}

/// The forecast of one slot at an instant.
#[derive(Debug, Clone, PartialEq)]
pub struct PointInTime {
    /// The start of the slot.
    pub start: Timestamp,
    /// What is expected on average, in the unit of the history.
    pub mean: f64,
    /// One value per level of [`Forecast::quantile_levels`], never falling.
    pub quantiles: Vec<f64>,
}

/// What a model expects of the slots after its history.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// The name of the model that made it.
    pub model: &'static str,
    /// The levels of the quantiles, ascending.
    pub quantile_levels: Vec<f64>,
    /// One point per slot, in order.
    pub points: Vec<Point>,
}

impl Forecast {
    /// The quantile of that level of every point, if the forecast has it.
    pub fn quantile(&self, level: f64) -> Option<Vec<f64>> {
        let place = self.quantile_levels.iter().position(|known| (known - level).abs() < 1e-9)?;
        self.points.iter().map(|point| point.quantiles.get(place).copied()).collect()
    }

    /// The mean of every point.
    pub fn means(&self) -> Vec<f64> {
        self.points.iter().map(|point| point.mean).collect()
    }

    /// The median of every point where the forecast has it, else the mean: what has the least absolute error.
    pub fn medians(&self) -> Vec<f64> {
        self.quantile(0.5).unwrap_or_else(|| self.means())
    }

    /// The points at their instants in `zone`, in order of time.
    ///
    /// A slot that the clock skips in spring has no instant and is left out; one that it repeats in autumn has two,
    /// and both carry the same values.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] where an instant lies outside the years -9999 to 9999.
    pub fn local_to_instants(&self, zone: &TimeZone) -> Result<Vec<PointInTime>, Error> {
        let places = self.places_in_time(zone)?;
        let point = |(start, place): (Timestamp, usize)| {
            let Point { mean, quantiles, .. } = self.points.get(place)?.clone();
            Some(PointInTime { start, mean, quantiles })
        };
        Ok(places.into_iter().filter_map(point).collect())
    }

    /// The instants of the slots in `zone`, in order of time, each with the place of its point.
    pub(super) fn places_in_time(&self, zone: &TimeZone) -> Result<Vec<(Timestamp, usize)>, Error> {
        let mut instants = Vec::with_capacity(self.points.len() + 4);
        for (place, point) in self.points.iter().enumerate() {
            let offsets = match zone.to_ambiguous_timestamp(point.start).offset() {
                AmbiguousOffset::Unambiguous { offset } => vec![offset],
                AmbiguousOffset::Gap { .. } => vec![],
                AmbiguousOffset::Fold { before, after } => vec![before, after],
            };
            for offset in offsets {
                instants.push((offset.to_timestamp(point.start).map_err(|_| Error::OutOfRange)?, place));
            }
        }
        instants.sort_unstable();
        Ok(instants)
    }
}

/// The quantile levels that bound the intervals of the given percentages, always with the median: 50 is bounded by 0.25
/// and 0.75, 80 by 0.1 and 0.9.
///
/// ```
/// use grid_core::forecast::quantiles_of_levels;
/// assert_eq!(quantiles_of_levels(&[50, 80])?, [0.1, 0.25, 0.5, 0.75, 0.9]);
/// assert_eq!(quantiles_of_levels(&[])?, [0.5]);
/// assert!(quantiles_of_levels(&[100]).is_err());
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Level`] for a percentage that is not from 1 to 99.
pub fn quantiles_of_levels(levels: &[u8]) -> Result<Vec<f64>, Error> {
    // In thousandths of a half percent, so that 0.1 is the float that a reader writes.
    let mut permille = vec![500_u16];
    for &level in levels {
        if !(1..=99).contains(&level) {
            return Err(Error::Level { got: level });
        }
        permille.extend([500 - u16::from(level) * 5, 500 + u16::from(level) * 5]);
    }
    permille.sort_unstable();
    permille.dedup();
    Ok(permille.into_iter().map(|level| f64::from(level) / 1000.0).collect())
}

/// The short name of a quantile: `q` and the decimals of its level, two at least. So `q10` is the quantile of 0.1, `q05`
/// that of 0.05 and `q025` that of 0.025. No two levels between 0 and 1 share a name.
///
/// ```
/// use grid_core::forecast::quantile_name;
/// let names = [0.025, 0.05, 0.1, 0.25, 0.5, 0.975].map(quantile_name);
/// assert_eq!(names, ["q025", "q05", "q10", "q25", "q50", "q975"]);
/// ```
pub fn quantile_name(level: f64) -> String {
    let text = level.to_string();
    match text.strip_prefix("0.") {
        Some(decimals) => format!("q{decimals:0<2}"),
        None => format!("q{text}"),
    }
}

/// The level of a quantile's short name, if it is one of those that [`quantile_name`] gives.
///
/// ```
/// use grid_core::forecast::{quantile_name, quantile_of_name};
/// assert_eq!(quantile_of_name("q025"), Some(0.025));
/// assert_eq!(quantile_of_name("mean"), None);
/// ```
pub fn quantile_of_name(name: &str) -> Option<f64> {
    let decimals = name.strip_prefix('q')?;
    let level = format!("0.{decimals}").parse().ok()?;
    (quantile_name(level) == name).then_some(level)
}

/// The farthest that a forecast may look.
pub(crate) const MOST_DAYS: usize = 14;

/// Checks what every model is asked.
pub(crate) fn check(horizon: usize, most: usize, quantiles: &[f64]) -> Result<(), Error> {
    if horizon == 0 || horizon > most {
        return Err(Error::Horizon { most, got: horizon });
    }
    let mut last = 0.0;
    for (place, &got) in quantiles.iter().enumerate() {
        if !(got > last && got < 1.0) {
            return Err(Error::Quantile { got, place });
        }
        last = got;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::{ToSpan, civil::date};

    fn hourly(start: DateTime, count: u32) -> Forecast {
        let point = |hour: u32| Point {
            start: start + i64::from(hour).hours(),
            mean: f64::from(hour),
            quantiles: vec![f64::from(hour)],
        };
        Forecast { model: "ridge", quantile_levels: vec![0.5], points: (0..count).map(point).collect() }
    }

    #[test]
    fn instants_follow_each_other_through_both_changes_of_the_clock() {
        let zone = TimeZone::get("Europe/Madrid").unwrap();
        for (day, hours, twice) in [(date(2026, 3, 29), 23, None), (date(2026, 10, 25), 25, Some(2.0))] {
            let instants = hourly(day.at(0, 0, 0, 0), 24).local_to_instants(&zone).unwrap();
            assert_eq!(instants.len(), hours);
            assert!(instants.windows(2).all(|pair| pair[0].start + 1.hour() == pair[1].start));
            let repeated = instants.windows(2).find(|pair| (pair[0].mean - pair[1].mean).abs() < 0.5);
            assert_eq!(repeated.map(|pair| pair[0].mean), twice);
        }
    }

    #[test]
    fn the_median_is_the_mean_where_it_was_not_asked_for() {
        let mut forecast = hourly(date(2026, 1, 1).at(0, 0, 0, 0), 2);
        assert_eq!(forecast.medians(), [0.0, 1.0]);
        forecast.quantile_levels = vec![0.1];
        assert_eq!(forecast.quantile(0.5), None);
        assert_eq!(forecast.medians(), forecast.means());
    }

    #[test]
    fn every_level_has_a_name_of_its_own() {
        let levels = quantiles_of_levels(&(1..=99).collect::<Vec<_>>()).unwrap();
        let names: std::collections::BTreeSet<String> = levels.iter().copied().map(quantile_name).collect();
        assert_eq!(names.len(), levels.len());
        assert!(levels.iter().all(|level| quantile_of_name(&quantile_name(*level)) == Some(*level)));
        assert_eq!((quantile_of_name("q"), quantile_of_name("q1")), (None, None));
        assert_eq!(quantile_name(0.005), "q005");
        assert_eq!(quantile_name(0.123_456), "q123456");
        assert_ne!(quantile_name(1.0), quantile_name(0.1));
    }

    #[test]
    fn levels_out_of_order_or_of_nothing_are_refused() {
        for faulty in [vec![0.5, 0.5], vec![0.9, 0.1], vec![0.0], vec![1.0], vec![f64::NAN], vec![-0.1]] {
            assert!(matches!(check(1, 10, &faulty), Err(Error::Quantile { .. })), "{faulty:?}");
        }
        assert!(matches!(check(0, 10, &[]), Err(Error::Horizon { got: 0, most: 10 })));
        assert!(matches!(check(11, 10, &[]), Err(Error::Horizon { got: 11, .. })));
        assert!(check(10, 10, &[]).is_ok());
        assert!(matches!(quantiles_of_levels(&[0]), Err(Error::Level { got: 0 })));
    }
}
