//! What was there a day or a week ago.

use crate::forecast::{
    Error, Fit, Forecast, History, Point, Predict, features::Past, model, normal::normal_quantile, real,
};

/// After how long the values come again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Season {
    /// The same slot of yesterday.
    #[default]
    Day,
    /// The same slot a week ago.
    Week,
}

impl Season {
    /// How many days it lasts.
    pub fn days(self) -> u32 {
        match self {
            Self::Day => 1,
            Self::Week => 7,
        }
    }
}

/// The forecast that any other has to beat: the value one season ago.
///
/// A gap is filled from earlier seasons. The intervals are the textbook's: normal, with the standard deviation of the
/// changes over one season times the root of the seasons ahead, so that scores compare with those of other programs.
/// They are too narrow for whatever drifts.
///
/// ```
/// use grid_core::forecast::{Fit, History, Predict, Season, SeasonalNaive};
/// use jiff::civil::date;
///
/// let values = (0..24 * 3).map(|hour| f64::from(hour % 24)).collect();
/// let history = History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, values)?;
/// let forecast = SeasonalNaive::new(Season::Day).fit(&history)?.predict(24, &[0.5])?;
/// assert_eq!(forecast.points[7].mean, 7.0);
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # References
///
/// Hyndman and Athanasopoulos: "Forecasting: principles and practice", 3rd edition, section 5.5, table 5.2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeasonalNaive {
    season: Season,
}

/// The values of the last season, and how much they used to change.
#[derive(Clone, Debug)]
pub struct FittedSeasonalNaive {
    season: Season,
    past: Past,
    /// The standard deviation of the change over one season.
    deviation: f64,
    /// Whether no value was ever below zero.
    non_negative: bool,
}

impl SeasonalNaive {
    /// Makes the forecast that repeats the last season.
    pub const fn new(season: Season) -> Self {
        Self { season }
    }
}

impl Fit for SeasonalNaive {
    type Fitted = FittedSeasonalNaive;

    fn fit(&self, history: &History) -> Result<FittedSeasonalNaive, Error> {
        let need = self.season.days();
        if history.days() < f64::from(need) {
            return Err(Error::TooShort { model: name_of(self.season), need, got: history.days() });
        }
        let past = Past::new(history).ok_or(Error::AllMissing { slots: history.values().len() })?;
        let lag = past.slots_per_day() * usize::try_from(need).unwrap_or(1);
        let (sum, count) = (lag..past.len())
            .filter_map(|slot| Some(history.observed_value(slot)? - history.observed_value(slot - lag)?))
            .fold((0.0, 0_usize), |(sum, count), change| (sum + change * change, count + 1));
        let deviation = if count == 0 { 0.0 } else { (sum / real(count)).sqrt() };
        let non_negative = super::non_negative(history);
        Ok(FittedSeasonalNaive { season: self.season, past, deviation, non_negative })
    }
}

impl Predict for FittedSeasonalNaive {
    fn predict(&self, horizon: usize, quantiles: &[f64]) -> Result<Forecast, Error> {
        let length = self.past.slots_per_day() * usize::try_from(self.season.days()).unwrap_or(1);
        model::check(horizon, self.past.slots_per_day() * super::MOST_DAYS, quantiles)?;
        let history = self.past.history();
        let filled = self.past.filled();
        let slots = filled.len();
        let floor = if self.non_negative { 0.0 } else { f64::NEG_INFINITY };
        let mut points = Vec::with_capacity(horizon);
        for seasons in 1..=horizon.div_ceil(length) {
            let lag = seasons * length;
            let deviation = self.deviation * real(seasons).sqrt();
            let offsets: Vec<f64> =
                quantiles.iter().map(|level| deviation * normal_quantile(*level)).collect();
            for slot in (seasons - 1) * length..horizon.min(lag) {
                let mean = filled.get(slots + slot - lag).copied().unwrap_or_default();
                points.push(Point {
                    start: history.slot_start(slots + slot).ok_or(Error::OutOfRange)?,
                    mean: mean.max(floor),
                    quantiles: offsets.iter().map(|offset| (mean + offset).max(floor)).collect(),
                });
            }
        }
        Ok(Forecast { model: self.name(), quantile_levels: quantiles.to_vec(), points })
    }

    fn name(&self) -> &'static str {
        name_of(self.season)
    }
}

fn name_of(season: Season) -> &'static str {
    match season {
        Season::Day => "seasonal_naive",
        Season::Week => "seasonal_naive_week",
    }
}
