//! A ridge regression for each slot of the day.

use serde::{Deserialize, Serialize};

use super::regression::{Method, Regression, regressions};
use crate::forecast::{
    Contribution, Error, Explanation, Fit, Fitted, History,
    features::{Days, Design, LEAST_ROWS, Past, Scaling, Usual},
    learnt::{ERRORS_HALF_LIFE_DAYS, Learnt, Outlook},
    real,
    state::State,
};

pub(super) const NAME: &str = "ridge";
/// With fewer days the four-week means would stand on less than three weeks.
pub(super) const LEAST_DAYS: u32 = 28;
/// Beyond this many days the season shows.
const DAYS_FOR_SEASON: usize = 180;
/// How many days a forecast looks back at most.
const DAYS_LOOKED_BACK: usize = 42;

/// A ridge regression for each slot of the day, on lags and the calendar.
///
/// Each slot of the day (and each day ahead) has a regression of its own, on the same slot of the last days and weeks,
/// its neighbours, how the last day went and which day it is. Old days count for less. The penalty is chosen by
/// generalised cross-validation, one for the whole day, and the quantiles are read off the errors that each day would have
/// had if the others alone had been learnt from.
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

/// The regressions of the first day.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RidgeState {
    method: Method,
    half_life_days: f64,
    usual: Usual,
    seasonal: bool,
    regressors: Vec<Scaling>,
    /// One per slot of the first day.
    first_day: Vec<Regression>,
}

impl Fit for Ridge {
    type Fitted = Fitted;

    fn fit(&self, history: &History) -> Result<Fitted, Error> {
        Fitted::of(history, NAME, LEAST_DAYS, |past| self.learn(past).map(State::Ridge))
    }
}

impl Ridge {
    pub(crate) fn learn(self, past: &Past) -> Result<RidgeState, Error> {
        RidgeState::learn(past, Method::Ridge, self.half_life_days)
    }
}

impl RidgeState {
    /// Learns the regressions of the first day.
    pub(super) fn learn(past: &Past, method: Method, half_life_days: f64) -> Result<Self, Error> {
        if half_life_days.is_nan() || half_life_days < 1.0 {
            return Err(Error::HalfLife { got: half_life_days });
        }
        let history = past.history();
        let observed = history.observed().iter().filter(|mark| **mark).count();
        if observed < LEAST_ROWS * past.slots_per_day() {
            let got = real(observed) / real(past.slots_per_day());
            return Err(Error::TooShort { model: method.name(), need: LEAST_DAYS, got });
        }
        let usual = Usual::of(past);
        let seasonal = past.len() > DAYS_FOR_SEASON * past.slots_per_day();
        let days = Days::before(past, &usual, past.len(), usize::MAX);
        let regressors = Scaling::of(past);
        let design = Design::new(past, &days, seasonal, &regressors, 0)?;
        let first_day = regressions(past, &days, &design, past.slots_per_day(), 0, method, half_life_days)?;
        Ok(Self { method, half_life_days, usual, seasonal, regressors, first_day })
    }
}

impl Learnt for RidgeState {
    fn name(&self) -> &'static str {
        self.method.name()
    }

    /// At most one day.
    fn means(&self, past: &Past, origins: &[usize], slots: usize) -> Result<Vec<Vec<f64>>, Error> {
        let row = |origin: &usize| {
            let days = Days::before(past, &self.usual, *origin, DAYS_LOOKED_BACK);
            let regressions = self.first_day.get(..slots).unwrap_or(&self.first_day);
            let design = Design::new(past, &days, self.seasonal, &self.regressors, regressions.len())?;
            Ok(self.expected(past, &design, &days, 0, regressions))
        };
        origins.iter().map(row).collect()
    }

    fn left_out(&self, past: &Past, origins: &[usize], slots: usize) -> Result<Vec<Vec<f64>>, Error> {
        let length = past.slots_per_day();
        let left_out = |origin: usize| {
            let age = real((past.len() - origin) / length);
            let mean = |(slot, regression): (usize, &Regression)| {
                // From old to new.
                let after = regression.left_out.partition_point(|(days, _)| *days > age + 0.5);
                let (_, error) =
                    regression.left_out.get(after).filter(|(days, _)| (days - age).abs() < 0.5)?;
                Some(self.usual.limits.known(past, origin + slot)? - error * self.usual.spread)
            };
            self.first_day.iter().take(slots).enumerate().map(mean).collect::<Option<Vec<f64>>>()
        };
        let mut rows: Vec<Option<Vec<f64>>> = origins.iter().map(|origin| left_out(*origin)).collect();
        // Where a value is missing there is no error to take from it.
        let unknown: Vec<usize> =
            origins.iter().zip(&rows).filter(|(_, row)| row.is_none()).map(|(origin, _)| *origin).collect();
        let mut means = self.means(past, &unknown, slots)?.into_iter();
        Ok(rows.iter_mut().map(|row| row.take().or_else(|| means.next()).unwrap_or_default()).collect())
    }

    fn outlook(&self, past: &Past, slots: usize, levels: &[f64]) -> Result<Vec<Outlook>, Error> {
        let length = past.slots_per_day();
        let days = Days::before(
            past,
            &self.usual,
            past.len(),
            if slots > length { usize::MAX } else { DAYS_LOOKED_BACK },
        );
        let design = Design::new(past, &days, self.seasonal, &self.regressors, slots)?;
        let mut outlooks = Vec::with_capacity(slots);
        for ahead in 0..slots.div_ceil(length) {
            let of_day = length.min(slots - ahead * length);
            let learnt;
            let regressions = if ahead == 0 {
                &self.first_day
            } else {
                learnt = regressions(past, &days, &design, of_day, ahead, self.method, self.half_life_days)?;
                &learnt
            };
            let regressions = regressions.get(..of_day).unwrap_or(regressions);
            let means = self.expected(past, &design, &days, ahead, regressions);
            for (mean, regression) in means.into_iter().zip(regressions) {
                let quantile = |level: &f64| mean + regression.residuals.quantile(*level) * self.usual.spread;
                outlooks.push(Outlook { mean, quantiles: levels.iter().map(quantile).collect() });
            }
        }
        Ok(outlooks)
    }
}

impl RidgeState {
    /// The means of the first slots, one per regression, of the day that lies `ahead` further days after the last of `days`.
    fn expected(
        &self,
        past: &Past,
        design: &Design<'_>,
        days: &Days,
        ahead: usize,
        regressions: &[Regression],
    ) -> Vec<f64> {
        let mut means = Vec::with_capacity(regressions.len());
        rows(design, days, ahead, regressions.len(), |slot, row| {
            let Some(regression) = regressions.get(slot) else { return };
            let usual = self.usual.mean(past.clock_slot(days.place(days.count(), slot)));
            means.push(usual + regression.line.expect(row.iter()) * self.usual.spread);
        });
        means
    }

    /// The same regressions learnt anew from a past.
    pub(crate) fn anew(&self, past: &Past) -> Result<Self, Error> {
        Self::learn(past, self.method, self.half_life_days)
    }

    /// Adds the errors that it made on the whole days that came after slot `known` of the past to those that intervals are
    /// read off.
    pub(crate) fn update(&mut self, past: &Past, known: usize) -> Result<(), Error> {
        let length = past.slots_per_day();
        let new = (past.len() - known) / length;
        let origins: Vec<usize> = (1..=new).rev().map(|age| past.len() - age * length).collect();
        let rows = self.means(past, &origins, length)?;
        let errors_half_life = self.half_life_days.min(ERRORS_HALF_LIFE_DAYS);
        for (slot, regression) in self.first_day.iter_mut().enumerate() {
            regression.left_out.iter_mut().for_each(|(age, _)| *age += real(new));
            for (place, (origin, row)) in origins.iter().zip(&rows).enumerate() {
                if let (Some(value), Some(mean)) =
                    (self.usual.limits.known(past, origin + slot), row.get(slot))
                {
                    regression.left_out.push((real(new - place), (value - mean) / self.usual.spread));
                }
            }
            regression.forget(errors_half_life);
        }
        Ok(())
    }

    /// Why the first slots after the end of the past are expected to be as they are, at most one day: what each group of
    /// columns adds to the mean of the slot's past.
    pub(crate) fn explain(&self, past: &Past, slots: usize) -> Result<Vec<Explanation>, Error> {
        let days = Days::before(past, &self.usual, past.len(), DAYS_LOOKED_BACK);
        let slots = slots.min(self.first_day.len());
        let design = Design::new(past, &days, self.seasonal, &self.regressors, slots)?;
        let groups = design.groups();
        let mut explanations = Vec::with_capacity(slots);
        rows(&design, &days, 0, slots, |slot, row| {
            let Some(regression) = self.first_day.get(slot) else { return };
            let usual = self.usual.mean(past.clock_slot(days.place(days.count(), slot)));
            let mut contributions: Vec<Contribution> = Vec::new();
            for (group, part) in groups.iter().zip(regression.line.parts(row.iter())) {
                let amount = part * self.usual.spread;
                match contributions.iter_mut().find(|known| known.group == *group) {
                    Some(known) => known.amount += amount,
                    None => contributions.push(Contribution { group: group.clone(), amount }),
                }
            }
            let average = usual + regression.line.average * self.usual.spread;
            explanations.push(Explanation { average, contributions });
        });
        Ok(explanations)
    }
}

/// Makes the row of columns of each of the first slots of the day that lies `ahead` further days after the last of `days`.
fn rows(design: &Design<'_>, days: &Days, ahead: usize, slots: usize, mut take: impl FnMut(usize, &[f64])) {
    let origin = days.count()..days.count() + 1;
    let mut row = Vec::with_capacity(96);
    for date in design.dates(slots) {
        row.clear();
        design.shared(date.start, ahead, origin.clone(), &mut row);
        let shared = row.len();
        for slot in date {
            row.truncate(shared);
            design.own(slot, ahead, origin.clone(), &mut row);
            take(slot, &row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::made::{history, home_of_days as home, with_regressors};
    use super::*;
    use crate::forecast::{Forecast, Model, Predict, Regressor, backtest};
    use jiff::{ToSpan, civil::date};
    use proptest::prelude::*;

    const LEVELS: [f64; 5] = [0.1, 0.25, 0.5, 0.75, 0.9];

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
        let members = |history: &History| Model::Auto.fit(history).unwrap().members();
        assert!(members(&short).len() > 1 && members(&short).iter().all(|member| member.model != "ridge"));
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
        assert!(members(&history(values, 60)).iter().all(|member| member.model != "ridge"));
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

    #[test]
    fn a_regressor_that_explains_the_series_is_made_use_of() {
        let known = with_regressors(90, 1, 0.0);
        let alone = history(known.values().to_vec(), 60);
        let origins: Vec<_> = (80..88).map(|day| known.start() + i64::from(day).days()).collect();
        let mae =
            |history: &History| backtest(&Model::Ridge, history, &origins, 24, &LEVELS, 400).unwrap().mae;
        assert!(mae(&known) < 0.5 * mae(&alone), "{} {}", mae(&known), mae(&alone));
    }

    #[test]
    fn a_horizon_past_the_known_regressor_is_refused_by_name() {
        let fitted = Ridge::default().fit(&with_regressors(40, 1, 0.0)).unwrap();
        assert!(fitted.predict(72, &LEVELS).is_ok());
        let refused = fitted.predict(73, &LEVELS).unwrap_err();
        assert!(
            matches!(&refused, Error::RegressorEnds { name, need: 1033, got: 1032 } if name == "temperature")
        );
    }

    #[test]
    fn a_missing_regressor_makes_no_missing_forecast() {
        let known = with_regressors(60, 1, 0.0);
        for (from, step) in [(0, 1), (0, 5), (60 * 24 - 30, 1), (60 * 24, 1)] {
            let mut temperature = known.regressors()[0].clone();
            temperature.values.iter_mut().skip(from).step_by(step).for_each(|value| *value = f64::NAN);
            let gaps = history(known.values().to_vec(), 60).with_regressor(temperature).unwrap();
            let points = forecast(&gaps, 48).points;
            assert!(
                points
                    .iter()
                    .all(|point| point.mean.is_finite() && point.quantiles.iter().all(|q| q.is_finite()))
            );
        }
    }

    #[test]
    fn contributions_add_up_to_the_mean() {
        let known = with_regressors(200, 3, 0.0).with_holidays([date(2026, 5, 1), date(2026, 7, 24)]);
        let past = Past::new(&known).unwrap();
        let state = Ridge::default().learn(&past).unwrap();
        let means = state.means(&past, &[past.len()], 24).unwrap().remove(0);
        for (explanation, mean) in state.explain(&past, 24).unwrap().iter().zip(means) {
            let sum: f64 = explanation.contributions.iter().map(|part| part.amount).sum();
            assert!((explanation.average + sum - mean).abs() < 1e-9 * mean.abs().max(1.0));
            assert_eq!(explanation.contributions.len(), 8, "{:?}", explanation.contributions);
        }
    }

    #[test]
    fn what_is_written_down_forecasts_the_same_bits() {
        let past = Past::new(&with_regressors(60, 4, 0.0)).unwrap();
        let state = Ridge::default().learn(&past).unwrap();
        let text = serde_json::to_string(&state).unwrap();
        let read: RidgeState = serde_json::from_str(&text).unwrap();
        let outlook = |state: &RidgeState| state.outlook(&past, 30, &LEVELS).unwrap();
        assert_eq!(outlook(&read), outlook(&state));
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

        #[test]
        fn what_was_observed_past_the_origin_changes_nothing(seed in 0..1_000_000_u64, after in -1e3..1e3_f64) {
            prop_assert_eq!(forecast(&with_regressors(40, seed, 0.0), 30), forecast(&with_regressors(40, seed, after), 30));
        }

        #[test]
        fn no_value_or_observed_regressor_after_an_origin_is_read(seed in 0..1_000_000_u64, day in 35..44_i64) {
            // Past the origin the values, and the neighbour's, are others; the temperature is known ahead.
            let known = with_regressors(45, seed, 0.0);
            let origin = known.start() + day.days();
            let slot = known.slot_of(origin).unwrap();
            let changed = |values: &[f64]| -> Vec<f64> {
                values.iter().enumerate().map(|(at, value)| if at < slot { *value } else { 7e3 }).collect()
            };
            let [temperature, neighbour] = known.regressors() else { panic!("two regressors") };
            let neighbour = Regressor { values: changed(&neighbour.values), ..neighbour.clone() };
            let other = history(changed(known.values()), 60)
                .with_regressor(temperature.clone())
                .and_then(|history| history.with_regressor(neighbour))
                .unwrap();
            let from = |history| backtest(&Model::Ridge, history, &[origin], 24, &LEVELS, 400).unwrap().forecasts;
            prop_assert_eq!(from(&known), from(&other));
        }
    }
}
