//! Boosted trees over all slots of the day.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::forecast::{
    Error, Fit, Fitted, History,
    boosting::{Booster, Boosting, Crossed, Growth, Table},
    features::{Days, Design, LEAST_ROWS, Past, Usual},
    interval::Residuals,
    learnt::{ERRORS_HALF_LIFE_DAYS, Learnt, Outlook, faded},
    limits::Limits,
    real,
    state::State,
};

const NAME: &str = "trees";
/// With fewer days the four-week means would stand on less than three weeks.
const LEAST_DAYS: u32 = 28;
/// More rows than these cost time and teach little: 400 days of hours are about twice as many.
const MOST_ROWS: usize = 5000;
/// Each part of the trees leaves out one of so many days, whose errors the intervals are read off.
const FOLDS: usize = 2;
/// What a day is compared with: the same slot of so many days.
const LEVEL_DAYS: usize = 7;
/// How many days a forecast looks back at most.
const DAYS_LOOKED_BACK: usize = 42;

/// Boosted trees over all slots of the day, on lags and the calendar.
///
/// One model for the whole day (and one for all later days), unlike [`Ridge`](super::Ridge). It does not look at regressors or
/// holidays, and is no member of `auto`, which it did not make better on real sets. It learns by how much a slot differs from the same slot of the
/// last seven days, since trees by themselves never forecast more than they have seen. Old days count for less. Two
/// halves of the trees have each seen every other day, and the quantiles are read off their errors on the days between.
///
/// # References
///
/// Friedman: "Stochastic gradient boosting", Computational Statistics and Data Analysis 38(4), 2002. Barber et al.:
/// "Predictive inference with the jackknife+", Annals of Statistics 49(1), 2021, for intervals by folds (CV+).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trees {
    /// After how many days a day counts for half in the trees; at least 1, infinite where all days count alike. In
    /// the intervals an error counts for half after four weeks, or after this if it is less.
    pub half_life_days: f64,
    /// Which rows and columns each tree sees follows from it; the same seed gives the same forecast.
    pub seed: u64,
}

impl Default for Trees {
    fn default() -> Self {
        Self { half_life_days: 120.0, seed: 0 }
    }
}

/// The trees of the first day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TreesState {
    half_life_days: f64,
    seed: u64,
    usual: Usual,
    first_day: Pooled,
}

/// What was learnt of some days ahead, from all slots together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pooled {
    booster: Booster,
    /// One per slot of the day.
    residuals: Vec<Residuals>,
}

impl Fit for Trees {
    type Fitted = Fitted;

    fn fit(&self, history: &History) -> Result<Fitted, Error> {
        Fitted::of(history, NAME, LEAST_DAYS, |past| self.learn(past).map(State::Trees))
    }
}

impl Trees {
    pub(crate) fn learn(self, past: &Past) -> Result<TreesState, Error> {
        let Self { half_life_days, seed } = self;
        if half_life_days.is_nan() || half_life_days < 1.0 {
            return Err(Error::HalfLife { got: half_life_days });
        }
        let observed = past.history().observed().iter().filter(|mark| **mark).count();
        if observed < LEAST_ROWS * past.slots_per_day() {
            let got = real(observed) / real(past.slots_per_day());
            return Err(Error::TooShort { model: NAME, need: LEAST_DAYS, got });
        }
        let usual = Usual::of(past);
        let first_day = self.pooled(past, &usual, 0..1)?;
        Ok(TreesState { half_life_days, seed, usual, first_day })
    }

    /// Learns from all slots of all days, as they were seen so many days ahead.
    fn pooled(self, past: &Past, usual: &Usual, days: Range<usize>) -> Result<Pooled, Error> {
        let length = past.slots_per_day();
        let oldest = past.len().saturating_sub(LEVEL_DAYS * length) / length;
        let every = (oldest * length).div_ceil(MOST_ROWS).max(1);
        let mut table = Table::default();
        let (mut targets, mut ages, mut slots) = (Vec::new(), Vec::new(), Vec::new());
        let mut row = Vec::new();
        let known = Days::before(past, usual, past.len(), usize::MAX);
        let design = Design::new(past, &known, false, &[], 0)?;
        for (day, slot) in days.clone().flat_map(|day| (0..length).map(move |slot| (day, slot))) {
            let columns = see(&design, slot, day, 0..known.count());
            // Each day is looked at from one distance, which takes turns.
            let seen = |age: &usize| days.start + age % days.len().max(1) == day;
            for age in (day + 1..=oldest).rev().filter(seen) {
                let origin = past.len() - age * length;
                let value = usual.limits.known(past, origin + day * length + slot);
                let (true, Some(value)) = ((slot + age / FOLDS).is_multiple_of(every), value) else {
                    continue;
                };
                let place = known.count() - age;
                row.clear();
                row.extend(columns.chunks(known.count()).filter_map(|column| column.get(place)));
                table.push(&row);
                targets.push(value - level(past, &usual.limits, origin, slot));
                ages.push(age);
                slots.push(slot);
            }
        }
        let weights: Vec<f64> = ages.iter().map(|age| faded(real(*age), self.half_life_days)).collect();
        let folds: Vec<usize> = ages.iter().map(|age| age % FOLDS).collect();
        let Crossed { booster, errors } =
            self.boosting().learn_crossed(&table, &targets, &weights, &folds, FOLDS);
        let half_life_days = self.half_life_days.min(ERRORS_HALF_LIFE_DAYS);
        let mut pairs = vec![Vec::new(); length];
        for ((error, age), slot) in errors.iter().zip(&ages).zip(&slots) {
            if let Some(pairs) = pairs.get_mut(*slot) {
                pairs.push((*error, faded(real(*age), half_life_days)));
            }
        }
        Ok(Pooled { booster, residuals: pairs.into_iter().map(Residuals::new).collect() })
    }

    /// Small trees, few bins and a third of the columns each. Twice a hundred trees of 15 leaves over all rows gained 2 % on
    /// twelve origins of six real sets, for four times the time.
    fn boosting(self) -> Boosting {
        Boosting {
            trees: 60,
            rate: 0.15,
            growth: Growth { leaves: 8, least_weight: 10.0, penalty: 1.0 },
            bins: 31,
            row_share: 0.5,
            column_share: 0.3,
            seed: self.seed,
            ..Boosting::default()
        }
    }
}

/// What the trees see of a slot from each of `origins`, column after column.
fn see(design: &Design<'_>, slot: usize, day: usize, origins: Range<usize>) -> Vec<f64> {
    let count = origins.len();
    let mut columns = Vec::new();
    design.shared(slot, day, origins.clone(), &mut columns);
    design.own(slot, day, origins, &mut columns);
    for place in [slot, day] {
        columns.resize(columns.len() + count, real(place));
    }
    columns
}

/// The mean of the same slot of the last days before the origin, which is what a slot is compared with.
fn level(past: &Past, limits: &Limits, origin: usize, slot: usize) -> f64 {
    let back = (1..=LEVEL_DAYS).map(|days| days * past.slots_per_day());
    let values = back.filter_map(|back| past.filled().get((origin + slot).checked_sub(back)?));
    let (sum, count) = values
        .filter(|value| !value.is_nan())
        .fold((0.0, 0.0), |(sum, count), value| (sum + limits.draw_in(*value), count + 1.0));
    if count > 0.0 { sum / count } else { limits.level }
}

impl TreesState {
    /// The same trees learnt anew from a past.
    pub(crate) fn anew(&self, past: &Past) -> Result<Self, Error> {
        Trees { half_life_days: self.half_life_days, seed: self.seed }.learn(past)
    }
}

impl Pooled {
    /// The means of the slots `slots` of the day that lies `day` further days after the last of `days`.
    fn means(
        &self,
        past: &Past,
        usual: &Usual,
        origin: usize,
        day: usize,
        slots: usize,
    ) -> Result<Vec<f64>, Error> {
        let days = Days::before(past, usual, origin, DAYS_LOOKED_BACK);
        let design = Design::new(past, &days, false, &[], 0)?;
        let now = days.count()..days.count() + 1;
        let mean = |slot| {
            level(past, &usual.limits, origin, slot)
                + self.booster.predict(&see(&design, slot, day, now.clone()))
        };
        Ok((0..slots).map(mean).collect())
    }
}

impl Learnt for TreesState {
    fn name(&self) -> &'static str {
        NAME
    }

    /// At most one day.
    fn means(&self, past: &Past, origins: &[usize], slots: usize) -> Result<Vec<Vec<f64>>, Error> {
        let slots = slots.min(past.slots_per_day());
        origins.iter().map(|origin| self.first_day.means(past, &self.usual, *origin, 0, slots)).collect()
    }

    fn outlook(&self, past: &Past, slots: usize, levels: &[f64]) -> Result<Vec<Outlook>, Error> {
        let length = past.slots_per_day();
        let days = slots.div_ceil(length);
        let trees = Trees { half_life_days: self.half_life_days, seed: self.seed };
        let later = (days > 1).then(|| trees.pooled(past, &self.usual, 1..days)).transpose()?;
        let mut outlooks = Vec::with_capacity(slots);
        for day in 0..days {
            let pooled = later.as_ref().filter(|_| day > 0).unwrap_or(&self.first_day);
            let of_day = length.min(slots - day * length);
            let means = pooled.means(past, &self.usual, past.len(), day, of_day)?;
            outlooks.extend(means.into_iter().zip(&pooled.residuals).map(|(mean, residuals)| Outlook {
                mean,
                quantiles: levels.iter().map(|level| mean + residuals.quantile(*level)).collect(),
            }));
        }
        Ok(outlooks)
    }
}

#[cfg(test)]
mod tests {
    use super::super::made::{history, home_of_days as home};
    use super::*;
    use crate::forecast::{Forecast, Model, Predict, backtest};
    use jiff::{ToSpan, civil::date};
    use proptest::prelude::*;

    const LEVELS: [f64; 5] = [0.1, 0.25, 0.5, 0.75, 0.9];

    fn forecast(values: Vec<f64>, horizon: usize) -> Forecast {
        Trees::default().fit(&history(values, 60)).unwrap().predict(horizon, &LEVELS).unwrap()
    }

    #[test]
    fn a_weekly_pattern_is_learnt_for_every_step_and_any_time_of_day() {
        for (step, hour) in [(15, 0), (60, 14), (240, 0)] {
            let all = history(home(120, step, 1), step);
            let origin = date(2026, 4, 10).at(hour, 0, 0, 0);
            let origins: Vec<_> = (0..14).map(|day| origin + day.days()).collect();
            let horizon = all.slots_per_day();
            let report = |model| backtest(&model, &all, &origins, horizon, &LEVELS, 400).unwrap();
            let (trees, naive) = (report(Model::Trees), report(Model::SeasonalNaiveDay));
            assert!(trees.mae < 0.85 * naive.mae, "{step} minutes: {} against {}", trees.mae, naive.mae);
        }
    }

    #[test]
    fn a_week_ahead_is_as_good_as_a_day_where_each_week_is_as_the_last() {
        let (values, known) = (home(110, 60, 3), 100 * 24);
        let forecast = forecast(values[..known].to_vec(), 7 * 24);
        let error = |from: usize| -> f64 {
            let ahead = from..from + 24;
            ahead.map(|slot| (forecast.points[slot].mean - values[known + slot]).abs()).sum::<f64>() / 24.0
        };
        // The noise runs evenly from 0 to 1, so that its mean has an error of a quarter.
        assert!(error(0) < 0.35 && error(6 * 24) < 0.4, "{} {}", error(0), error(6 * 24));
    }

    #[test]
    fn nothing_odd_is_forecast_of_odd_values() {
        let two = |slot: usize| if slot % 5 < 2 { 3.0 } else { 7.0 };
        for level in [0.0, 0.1, -3.0, 1e90] {
            for point in forecast(vec![level; 24 * 40], 48).points {
                let near = |value: f64| (value - level).abs() <= 1e-9 * level.abs();
                assert!(near(point.mean) && point.quantiles.iter().all(|value| near(*value)), "{point:?}");
            }
        }
        for point in forecast((0..24 * 40).map(two).collect(), 48).points {
            assert!((2.0..8.0).contains(&point.mean) && point.quantiles.is_sorted(), "{point:?}");
        }
        let huge = home(40, 60, 1).into_iter().map(|value| value * 1e99).collect();
        assert!(forecast(huge, 48).points.iter().all(|point| point.mean.is_finite() && point.mean > 0.0));
        let silent = history(vec![f64::NAN; 24 * 40], 60);
        assert!(matches!(Trees::default().fit(&silent), Err(Error::AllMissing { .. })));
        let short = history(home(27, 60, 1), 60);
        assert!(matches!(
            Trees::default().fit(&short),
            Err(Error::TooShort { model: "trees", need: 28, .. })
        ));
        let endless = Trees { half_life_days: 0.5, ..Trees::default() };
        assert!(matches!(endless.fit(&history(home(40, 60, 1), 60)), Err(Error::HalfLife { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(6))]

        #[test]
        fn quantiles_never_fall_and_nothing_drops_below_zero(
            seed in any::<u64>(), days in 28..60_usize, horizon in 1..72_usize, gaps in 2..30_usize,
        ) {
            let mut values = home(days, 60, seed);
            for slot in (0..values.len()).step_by(gaps) {
                values[slot] = f64::NAN;
            }
            let forecast = forecast(values, horizon);
            prop_assert_eq!(forecast.points.len(), horizon);
            for point in &forecast.points {
                prop_assert!(point.mean >= 0.0 && point.quantiles[0] >= 0.0);
                prop_assert!(point.quantiles.is_sorted(), "{:?}", point);
            }
        }

        #[test]
        fn another_unit_gives_the_same_forecast(seed in any::<u64>(), power in -20..20_i32) {
            // By powers of two, since rounding may else decide between two splits that save alike.
            let factor = 2.0_f64.powi(power);
            let values = home(40, 60, seed);
            let scaled = values.iter().map(|value| value * factor).collect();
            let (one, other) = (forecast(values, 30), forecast(scaled, 30));
            for (a, b) in one.points.iter().zip(&other.points) {
                prop_assert!((a.mean * factor - b.mean).abs() < 1e-9 * factor, "{} {}", a.mean, b.mean / factor);
                for (a, b) in a.quantiles.iter().zip(&b.quantiles) {
                    prop_assert!((a * factor - b).abs() < 1e-9 * factor);
                }
            }
        }

        #[test]
        fn what_comes_after_the_origin_changes_nothing(seed in any::<u64>(), hours in 0..24_i64) {
            let values = home(50, 60, seed);
            let start = date(2026, 1, 5).at(0, 0, 0, 0);
            let origin = start + 40.days() + hours.hours();
            let known = history(values.clone(), 60).slot_of(origin).unwrap();
            let other: Vec<f64> = (0..values.len()).map(|at| if at < known { values[at] } else { 999.0 }).collect();
            let from = |values: Vec<f64>| {
                backtest(&Model::Trees, &history(values, 60), &[origin], 30, &LEVELS, 400).unwrap().forecasts
            };
            prop_assert_eq!(from(values.clone()), from(other.clone()));
            // What was learnt before, looking at an origin in a past that went on.
            let state = Trees::default().learn(&Past::new(&history(values[..known].to_vec(), 60)).unwrap()).unwrap();
            let means = |values| state.means(&Past::new(&history(values, 60)).unwrap(), &[known], 24).unwrap();
            prop_assert_eq!(means(values), means(other));
        }
    }
}
