//! What was there a day or a week ago.

use serde::{Deserialize, Serialize};

use crate::forecast::{
    Error, Fit, Fitted, History,
    features::Past,
    learnt::{Learnt, Outlook},
    limits::Limits,
    normal::normal_quantile,
    real,
    state::State,
};

/// After how long the values come again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
/// A gap is filled from earlier seasons, and a reading absurdly far out is drawn in. The intervals are the textbook's: normal, with the standard deviation of the
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

/// How much the values used to change over one season.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SeasonalNaiveState {
    season: Season,
    /// The standard deviation of the change over one season.
    deviation: f64,
    limits: Limits,
}

impl SeasonalNaive {
    /// Makes the forecast that repeats the last season.
    pub const fn new(season: Season) -> Self {
        Self { season }
    }
}

impl Fit for SeasonalNaive {
    type Fitted = Fitted;

    fn fit(&self, history: &History) -> Result<Fitted, Error> {
        let (name, need) = (name_of(self.season), self.season.days());
        Fitted::of(history, name, need, |past| Ok(State::SeasonalNaive(self.learn(past))))
    }
}

impl SeasonalNaive {
    pub(crate) fn learn(self, past: &Past) -> SeasonalNaiveState {
        let limits = Limits::of(past);
        let lag = length(past, self.season);
        let (sum, count) = (lag..past.len())
            .filter_map(|slot| Some(limits.known(past, slot)? - limits.known(past, slot - lag)?))
            .fold((0.0, 0_usize), |(sum, count), change| (sum + change * change, count + 1));
        let deviation = if count == 0 { 0.0 } else { (sum / real(count)).sqrt() };
        SeasonalNaiveState { season: self.season, deviation, limits }
    }
}

impl SeasonalNaiveState {
    pub(crate) fn season(&self) -> Season {
        self.season
    }
}

/// How many slots a season has.
fn length(past: &Past, season: Season) -> usize {
    past.slots_per_day() * usize::try_from(season.days()).unwrap_or(1)
}

impl Learnt for SeasonalNaiveState {
    fn name(&self) -> &'static str {
        name_of(self.season)
    }

    fn means(&self, past: &Past, origins: &[usize], slots: usize) -> Result<Vec<Vec<f64>>, Error> {
        let length = length(past, self.season);
        let value = |origin: usize, slot: usize| {
            let back = length - slot % length;
            let value = origin.checked_sub(back).and_then(|at| past.filled().get(at)).copied();
            let known = value.filter(|value| !value.is_nan());
            known.map_or(self.limits.level, |value| self.limits.draw_in(value))
        };
        Ok(origins.iter().map(|origin| (0..slots).map(|slot| value(*origin, slot)).collect()).collect())
    }

    fn outlook(&self, past: &Past, slots: usize, levels: &[f64]) -> Result<Vec<Outlook>, Error> {
        let means = self.means(past, &[past.len()], slots)?.pop().unwrap_or_default();
        let length = length(past, self.season);
        let outlook = |(slot, mean): (usize, f64)| {
            let deviation = self.deviation * real(slot / length + 1).sqrt();
            let quantiles = levels.iter().map(|level| mean + deviation * normal_quantile(*level)).collect();
            Outlook { mean, quantiles }
        };
        Ok(means.into_iter().enumerate().map(outlook).collect())
    }
}

fn name_of(season: Season) -> &'static str {
    match season {
        Season::Day => "seasonal_naive",
        Season::Week => "seasonal_naive_week",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::Predict;
    use jiff::civil::date;

    fn fitted(season: Season, values: Vec<f64>) -> Result<Fitted, Error> {
        let history = History::new(date(2026, 1, 5).at(0, 0, 0, 0), 720, values).unwrap();
        SeasonalNaive::new(season).fit(&history)
    }

    #[test]
    fn the_last_season_comes_again_and_again() {
        let values: Vec<f64> = (0..28).map(f64::from).collect();
        let day = fitted(Season::Day, values.clone()).unwrap().predict(5, &[0.5]).unwrap();
        assert_eq!(day.means(), [26.0, 27.0, 26.0, 27.0, 26.0]);
        let week = fitted(Season::Week, values).unwrap().predict(16, &[0.5]).unwrap();
        assert_eq!(week.means()[..2], [14.0, 15.0]);
        assert_eq!(week.means()[14..], [14.0, 15.0]);
        assert_eq!((day.model, week.model), ("seasonal_naive", "seasonal_naive_week"));
    }

    #[test]
    fn intervals_widen_with_the_root_of_the_seasons() {
        // The changes over a day are all 2, so their deviation is 2; the normal quantile of 0.9 is 1.2816.
        let forecast = fitted(Season::Day, vec![10.0, 20.0, 12.0, 22.0, 14.0, 24.0]).unwrap();
        let points = forecast.predict(8, &[0.1, 0.9]).unwrap().points;
        assert!((points[0].quantiles[1] - (14.0 + 2.0 * 1.281_551_565_5)).abs() < 1e-6);
        assert!((points[6].quantiles[1] - (14.0 + 4.0 * 1.281_551_565_5)).abs() < 1e-6);
        assert!((points[6].quantiles[0] - (14.0 - 4.0 * 1.281_551_565_5)).abs() < 1e-6);
    }

    #[test]
    fn a_gap_is_filled_from_the_day_before() {
        let forecast = fitted(Season::Day, vec![1.0, 2.0, f64::NAN, 3.0]).unwrap().predict(2, &[]).unwrap();
        assert_eq!(forecast.means(), [1.0, 3.0]);
    }

    #[test]
    fn less_than_a_season_is_refused() {
        assert!(matches!(fitted(Season::Day, vec![1.0]), Err(Error::TooShort { need: 1, .. })));
        assert!(matches!(fitted(Season::Week, vec![1.0; 13]), Err(Error::TooShort { need: 7, .. })));
        let constant = fitted(Season::Day, vec![1.0; 2]).unwrap().predict(1, &[0.1, 0.9]).unwrap();
        assert_eq!(constant.points[0].quantiles, [1.0, 1.0]);
    }
}
