//! The mean of the last same weekdays.

use serde::{Deserialize, Serialize};

use crate::forecast::{
    Error, Fit, Fitted, History, features::Past, learnt::Learnt, limits::Limits, real, state::State,
};

const NAME: &str = "weekday_mean";
const LEAST_DAYS: u32 = 1;
/// So many same weekdays stand for themselves.
const WEEKS: usize = 4;
/// The days that fill in for weeks that are not there.
const DAYS: usize = 7;

/// The mean of the last four same weekdays at the same time.
///
/// Gaps are left out. Where fewer than four of them are known, as in the first month of a meter, the mean of the last seven
/// days at that time makes up for the rest: with two same weekdays it counts for half, with none for all.
///
/// ```
/// use grid_core::forecast::{Fit, History, Predict, WeekdayMean};
/// use jiff::civil::date;
///
/// let values = (0..24 * 28).map(|hour| f64::from(hour / 24 % 7)).collect(); // 0 on the first weekday, 6 on the last
/// let history = History::new(date(2026, 1, 5).at(0, 0, 0, 0), 60, values)?;
/// let forecast = WeekdayMean.fit(&history)?.predict(48, &[])?;
/// assert_eq!((forecast.points[0].mean, forecast.points[24].mean), (0.0, 1.0));
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WeekdayMean;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WeekdayMeanState {
    limits: Limits,
}

impl Fit for WeekdayMean {
    type Fitted = Fitted;

    fn fit(&self, history: &History) -> Result<Fitted, Error> {
        Fitted::of(history, NAME, LEAST_DAYS, |past| Ok(State::WeekdayMean(Self::learn(past))))
    }
}

impl WeekdayMean {
    pub(crate) fn learn(past: &Past) -> WeekdayMeanState {
        WeekdayMeanState { limits: Limits::of(past) }
    }
}

impl WeekdayMeanState {
    /// The sum and the count of the values that lie whole `season`s before the slot `target`, up to `seasons` of them,
    /// the last of which lies before `origin`.
    fn sum(&self, past: &Past, origin: usize, target: usize, season: usize, seasons: usize) -> (f64, usize) {
        let nearest = (target + 1).saturating_sub(origin).div_ceil(season).max(1);
        (nearest..nearest + seasons)
            .filter_map(|back| self.limits.known(past, target.checked_sub(back * season)?))
            .fold((0.0, 0), |(sum, count), value| (sum + value, count + 1))
    }
}

impl Learnt for WeekdayMeanState {
    fn name(&self) -> &'static str {
        NAME
    }

    fn means(&self, past: &Past, origins: &[usize], slots: usize) -> Result<Vec<Vec<f64>>, Error> {
        let day = past.slots_per_day();
        let mean = |origin: usize, slot: usize| {
            let target = origin + slot;
            let (weekly, weeks) = self.sum(past, origin, target, 7 * day, WEEKS);
            if weeks == WEEKS {
                return weekly / real(weeks);
            }
            let (daily, days) = self.sum(past, origin, target, day, DAYS);
            let daily = match (weeks, days) {
                (0, 0) => self.limits.level,
                (_, 0) => weekly / real(weeks),
                _ => daily / real(days),
            };
            (weekly + daily * real(WEEKS - weeks)) / real(WEEKS)
        };
        Ok(origins.iter().map(|origin| (0..slots).map(|slot| mean(*origin, slot)).collect()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::Predict;
    use jiff::civil::date;

    fn means(values: Vec<f64>, slots: usize) -> Vec<f64> {
        let history = History::new(date(2026, 1, 5).at(0, 0, 0, 0), 720, values).unwrap();
        WeekdayMean.fit(&history).unwrap().predict(slots, &[]).unwrap().means()
    }

    #[test]
    fn the_last_four_same_weekdays_are_averaged_also_a_week_ahead() {
        // Two slots a day; the weeks have the values 0, 1, 2, 3 and 4, of which the last four are averaged.
        let values = (0..70).map(|slot| f64::from(slot / 14)).collect();
        assert_eq!(means(values, 20), [2.5; 20]);
    }

    #[test]
    fn weeks_that_are_not_there_are_made_up_for_by_the_last_days() {
        // Nine days of their number: two days ago was the same weekday, with 2; the last seven have 2 to 8.
        let values: Vec<f64> = (0..18).map(|slot| f64::from(slot / 2)).collect();
        assert_eq!(means(values.clone(), 1), [(2.0 + 3.0 * 5.0) / 4.0]);
        assert_eq!(means(values[..6].to_vec(), 2), [1.0, 1.0]);
    }

    #[test]
    fn a_gap_counts_for_nothing() {
        let mut values: Vec<f64> = (0..56).map(|slot| f64::from(slot / 14)).collect();
        values[42] = f64::NAN; // a week ago
        let six_days = 3.0;
        assert_eq!(means(values, 1), [(0.0 + 1.0 + 2.0 + six_days) / 4.0]);
    }
}
