//! A ridge regression for each slot of the day.

use linfa::{DatasetBase, traits::Fit as _, traits::Predict as _};
use ndarray::Array1;

use crate::forecast::{
    Error, Fit, Forecast, History, Point, Predict,
    features::{LEAST_ROWS, Past, Rows},
    interval::Residuals,
    linear::WeightedRidge,
    model, real,
};

const NAME: &str = "ridge";
/// With fewer days the four-week means would stand on less than three weeks.
const LEAST_DAYS: u32 = 28;
/// After how many days an error counts for half in the intervals. How load depends on the past lasts longer than how
/// far off such a forecast is: on six real sets, four weeks cover better than the half-life of the regression.
const ERRORS_HALF_LIFE_DAYS: f64 = 28.0;
/// The penalties to choose from, about three per decade.
const PENALTIES: [f64; 8] = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0];

/// A ridge regression for each slot of the day, on lags and the calendar.
///
/// Each slot of the day (and each day ahead) has a regression of its own, on the same slot of the last days and weeks,
/// its neighbours, how the last day went and which day it is. Old days count for less. The penalty is chosen, and the
/// quantiles are read off, by the errors that each day would have had if the others alone had been learnt from.
///
/// # References
///
/// Lago, Marcjasz, De Schutter, Weron: "Forecasting day-ahead electricity prices", Applied Energy 293, 2021, for
/// regularised regressions per hour on daily lags as the benchmark that is hard to beat.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ridge {
    /// After how many days a day counts for half in the regression; at least 1, infinite where all days count alike.
    /// In the intervals an error counts for half after four weeks, or after this if it is less.
    pub half_life_days: f64,
}

impl Default for Ridge {
    fn default() -> Self {
        Self { half_life_days: 120.0 }
    }
}

/// The regressions of the first day, and what those of further days are learnt from.
#[derive(Clone, Debug)]
pub struct FittedRidge {
    past: Past,
    half_life_days: f64,
    non_negative: bool,
    /// One per slot of the first day.
    first_day: Vec<Outlook>,
}

/// What is expected of one slot.
#[derive(Clone, Debug)]
struct Outlook {
    mean: f64,
    residuals: Residuals,
}

impl Fit for Ridge {
    type Fitted = FittedRidge;

    fn fit(&self, history: &History) -> Result<FittedRidge, Error> {
        if self.half_life_days.is_nan() || self.half_life_days < 1.0 {
            return Err(Error::HalfLife { got: self.half_life_days });
        }
        if history.days() < f64::from(LEAST_DAYS) {
            return Err(Error::TooShort { model: NAME, need: LEAST_DAYS, got: history.days() });
        }
        let past = Past::new(history).ok_or(Error::AllMissing { slots: history.values().len() })?;
        let observed = history.observed().iter().filter(|mark| **mark).count();
        if observed < LEAST_ROWS * past.slots_per_day() {
            let got = real(observed) / real(past.slots_per_day());
            return Err(Error::TooShort { model: NAME, need: LEAST_DAYS, got });
        }
        let non_negative = history.is_non_negative();
        let mut fitted =
            FittedRidge { past, half_life_days: self.half_life_days, non_negative, first_day: vec![] };
        fitted.first_day = fitted.outlooks(0, fitted.past.slots_per_day())?;
        Ok(fitted)
    }
}

impl FittedRidge {
    /// What is expected of the first `slots` slots of the day that lies `day` days after the origin.
    fn outlooks(&self, day: usize, slots: usize) -> Result<Vec<Outlook>, Error> {
        (0..slots).map(|slot| self.outlook(&self.past.rows(slot, day))).collect()
    }

    fn outlook(&self, rows: &Rows) -> Result<Outlook, Error> {
        let count = rows.targets.len();
        let weights: Array1<f32> =
            rows.ages.iter().map(|age| single(faded(*age, self.half_life_days))).collect();
        let unsolved = |source: linfa::Error| Error::Unsolved {
            rows: count,
            columns: rows.features.ncols(),
            source: Box::new(source),
        };
        let dataset = DatasetBase::new(rows.features.clone(), rows.targets.clone()).with_weights(weights);
        let line = WeightedRidge { penalties: &PENALTIES }.fit(&dataset).map_err(unsolved)?;
        let half_life_days = self.half_life_days.min(ERRORS_HALF_LIFE_DAYS);
        let recent = rows.ages.iter().map(|age| faded(*age, half_life_days));
        let residuals = Residuals::new(line.left_out_errors.iter().copied().zip(recent));
        let forecast: Array1<f64> = line.predict(&rows.next);
        Ok(Outlook { mean: forecast.sum(), residuals })
    }
}

/// What a day of that age counts for.
fn faded(age_days: f64, half_life_days: f64) -> f64 {
    0.5_f64.powf(age_days / half_life_days)
}

#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "linfa weighs in f32")]
fn single(weight: f64) -> f32 {
    weight as f32
}

impl Predict for FittedRidge {
    fn predict(&self, horizon: usize, quantiles: &[f64]) -> Result<Forecast, Error> {
        let length = self.past.slots_per_day();
        model::check(horizon, length * model::MOST_DAYS, quantiles)?;
        let history = self.past.history();
        let floor = if self.non_negative { 0.0 } else { f64::NEG_INFINITY };
        let mut points = Vec::with_capacity(horizon);
        for day in 0..horizon.div_ceil(length) {
            let slots = length.min(horizon - day * length);
            let later = if day == 0 { vec![] } else { self.outlooks(day, slots)? };
            let outlooks = if day == 0 { &self.first_day } else { &later };
            for (slot, outlook) in outlooks.iter().take(slots).enumerate() {
                let place = self.past.len() + day * length + slot;
                points.push(Point {
                    start: history.slot_start(place).ok_or(Error::OutOfRange)?,
                    mean: outlook.mean.max(floor),
                    quantiles: quantiles
                        .iter()
                        .map(|level| (outlook.mean + outlook.residuals.quantile(*level)).max(floor))
                        .collect(),
                });
            }
        }
        Ok(Forecast { model: NAME, quantile_levels: quantiles.to_vec(), points })
    }

    fn name(&self) -> &'static str {
        NAME
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::{Model, backtest};
    use jiff::{ToSpan, civil::date};
    use proptest::prelude::*;

    const LEVELS: [f64; 5] = [0.1, 0.25, 0.5, 0.75, 0.9];

    /// A home of sorts: a shape over the day, more at the weekend, and noise from a seed.
    fn home(days: usize, step_minutes: u32, seed: u64) -> Vec<f64> {
        let length = usize::try_from(1440 / step_minutes).unwrap();
        let mut state = seed;
        (0..days * length)
            .map(|slot| {
                // Knuth's MMIX generator.
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let noise = f64::from(u32::try_from(state >> 33).unwrap()) / f64::from(1_u32 << 31);
                let hour = real(slot % length) / real(length) * std::f64::consts::TAU;
                let weekend = if slot / length % 7 >= 5 { 0.5 } else { 0.0 };
                2.0 - hour.cos() + weekend + noise
            })
            .collect()
    }

    fn history(values: Vec<f64>, step_minutes: u32) -> History {
        History::new(date(2026, 1, 5).at(0, 0, 0, 0), step_minutes, values).unwrap()
    }

    fn forecast(history: &History, horizon: usize) -> Forecast {
        Ridge::default().fit(history).unwrap().predict(horizon, &LEVELS).unwrap()
    }

    #[test]
    fn a_series_that_never_changes_goes_on_without_doubt() {
        for level in [0.0, 0.1, 5.0, -3.0, 1e90] {
            let forecast = forecast(&history(vec![level; 24 * 40], 60), 48);
            for point in forecast.points {
                assert!((point.mean - level).abs() <= 1e-9 * level.abs(), "{level}: {point:?}");
                assert!(point.quantiles.iter().all(|value| (value - level).abs() <= 1e-9 * level.abs()));
            }
        }
    }

    #[test]
    fn a_weekly_pattern_is_learnt_for_every_step_and_any_time_of_day() {
        for (step, hour) in [(15, 0), (30, 0), (60, 14), (80, 0), (240, 0), (720, 0)] {
            let all = history(home(120, step, 1), step);
            let origin = date(2026, 4, 10).at(hour, 0, 0, 0);
            let origins: Vec<_> = (0..14).map(|day| origin + day.days()).collect();
            let horizon = all.slots_per_day();
            let report = |model| backtest(&model, &all, &origins, horizon, &LEVELS, 400).unwrap();
            let (ridge, naive) = (report(Model::Ridge), report(Model::SeasonalNaiveDay));
            assert_eq!(ridge.forecasts[0].points[0].start, origin);
            assert_eq!(ridge.scored, 14 * horizon);
            assert!(ridge.mae < naive.mae, "{step} minutes: {} against {}", ridge.mae, naive.mae);
        }
    }

    #[test]
    fn too_little_history_is_said_and_auto_goes_on_with_less() {
        let short = history(home(27, 60, 1), 60);
        let refused = Ridge::default().fit(&short);
        assert!(matches!(refused, Err(Error::TooShort { model: "ridge", need: 28, .. })));
        assert_eq!(Model::Auto.fit(&short).unwrap().name(), "seasonal_naive");
        let empty = history(vec![], 60);
        for model in [Model::Auto, Model::Ridge, Model::SeasonalNaiveDay, Model::SeasonalNaiveWeek] {
            assert!(matches!(model.fit(&empty), Err(Error::TooShort { .. })), "{model}");
            let missing = history(vec![f64::NAN; 24 * 60], 60);
            assert!(matches!(model.fit(&missing), Err(Error::AllMissing { slots: 1440 })), "{model}");
        }
        // Long enough on the clock, but nearly silent.
        let mut values = vec![f64::NAN; 24 * 60];
        values[100] = 1.0;
        assert!(matches!(Ridge::default().fit(&history(values.clone(), 60)), Err(Error::TooShort { .. })));
        assert_eq!(Model::Auto.fit(&history(values, 60)).unwrap().name(), "seasonal_naive");
    }

    #[test]
    fn a_half_life_of_nothing_is_refused_and_one_without_end_is_not() {
        let history = history(home(40, 60, 1), 60);
        for got in [0.0, -1.0, 0.5, f64::NAN] {
            assert!(matches!(Ridge { half_life_days: got }.fit(&history), Err(Error::HalfLife { .. })));
        }
        assert!(Ridge { half_life_days: f64::INFINITY }.fit(&history).is_ok());
    }

    #[test]
    fn a_horizon_of_nothing_or_past_two_weeks_is_refused() {
        let fitted = Ridge::default().fit(&history(home(40, 60, 1), 60)).unwrap();
        assert!(matches!(fitted.predict(0, &LEVELS), Err(Error::Horizon { got: 0, most: 336 })));
        assert!(matches!(fitted.predict(337, &LEVELS), Err(Error::Horizon { .. })));
        assert_eq!(fitted.predict(336, &LEVELS).unwrap().points.len(), 336);
    }

    #[test]
    fn gaps_cost_little() {
        let whole = home(100, 60, 1);
        let mut holed = whole.clone();
        for slot in (0..holed.len()).filter(|slot| slot % 7 == 3 || (600..700).contains(slot)) {
            holed[slot] = f64::NAN;
        }
        let (whole, holed) = (forecast(&history(whole, 60), 24), forecast(&history(holed, 60), 24));
        for (with, without) in whole.points.iter().zip(&holed.points) {
            assert!((with.mean - without.mean).abs() < 0.5, "{with:?} {without:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn quantiles_never_fall_and_nothing_drops_below_zero(
            seed in any::<u64>(), days in 28..60_usize, horizon in 1..72_usize, gaps in 2..30_usize,
        ) {
            let mut values = home(days, 60, seed);
            for slot in (0..values.len()).step_by(gaps) {
                values[slot] = f64::NAN;
            }
            let forecast = forecast(&history(values, 60), horizon);
            prop_assert_eq!(forecast.points.len(), horizon);
            for point in &forecast.points {
                prop_assert!(point.mean >= 0.0 && point.quantiles[0] >= 0.0);
                prop_assert!(point.quantiles.is_sorted(), "{:?}", point);
            }
        }

        #[test]
        fn another_unit_gives_the_same_forecast(seed in any::<u64>(), factor in 0.001..1000.0_f64) {
            let values = home(40, 60, seed);
            let scaled = values.iter().map(|value| value * factor).collect();
            let (one, other) = (forecast(&history(values, 60), 24), forecast(&history(scaled, 60), 24));
            for (a, b) in one.points.iter().zip(&other.points) {
                prop_assert!((a.mean * factor - b.mean).abs() < 1e-6 * factor, "{} {} {:?}", a.mean, b.mean / factor, a.start);
                for (a, b) in a.quantiles.iter().zip(&b.quantiles) {
                    prop_assert!((a * factor - b).abs() < 1e-6 * factor);
                }
            }
        }

        #[test]
        fn whole_weeks_later_the_forecast_is_the_same(seed in any::<u64>(), weeks in 1..200_i32) {
            let values = home(40, 60, seed);
            let start = date(2026, 1, 5).at(0, 0, 0, 0);
            let later = start + (weeks * 7).days();
            let one = forecast(&History::new(start, 60, values.clone()).unwrap(), 24);
            let other = forecast(&History::new(later, 60, values).unwrap(), 24);
            for (a, b) in one.points.iter().zip(&other.points) {
                prop_assert_eq!(&a.quantiles, &b.quantiles);
                prop_assert_eq!(a.start + (weeks * 7).days(), b.start);
            }
        }

        #[test]
        fn what_comes_after_the_origin_changes_nothing(seed in any::<u64>(), hours in 0..24_i64) {
            let values = home(50, 60, seed);
            let start = date(2026, 1, 5).at(0, 0, 0, 0);
            let origin = start + 40.days() + hours.hours();
            let known = history(values.clone(), 60).slot_of(origin).unwrap();
            let other = values.iter().enumerate().map(|(slot, value)| if slot < known { *value } else { 999.0 }).collect();
            let from = |values| {
                backtest(&Model::Ridge, &history(values, 60), &[origin], 30, &LEVELS, 400).unwrap().forecasts
            };
            prop_assert_eq!(from(values), from(other));
        }
    }
}
