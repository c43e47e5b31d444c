//! One model learnt from many meters, for a meter that has just been installed.

use serde::{Deserialize, Serialize};

use crate::forecast::{
    Error, Forecast, History, Point,
    boosting::{Booster, Boosting, Crossed, Growth, Table},
    bounds::Bounds,
    features::Past,
    interval::Residuals,
    learnt::Outlook,
    model,
    random::Random,
    real,
};

const NAME: &str = "global";
/// A meter needs as many days before it can be forecast.
const LEAST_DAYS: usize = 3;
/// How many days are looked at. The model learns from meters as if they had this many days, or fewer.
const KNOWN_DAYS: [usize; 3] = [14, 7, LEAST_DAYS];
/// More rows than these cost time and teach little.
const MOST_ROWS: usize = 30_000;
/// The errors of a meter are those of trees that have not seen it, but those of the other folds.
const FOLDS: usize = 4;

/// Learns what meters have in common, to forecast one with as little as three days of readings.
///
/// Every meter is divided by its own mean of the last days, so that a small one teaches as much as a large one. Boosted
/// trees then learn by how much a slot differs from the same slot of the days that are known (at most 14). The intervals
/// are read off the errors on meters that the trees had not seen.
///
/// ```
/// use grid_core::forecast::{Global, History};
/// use jiff::civil::date;
///
/// // Eight homes of different size, each with more at noon than at midnight.
/// let start = date(2026, 1, 5).at(0, 0, 0, 0);
/// let home = |size: u32, days: u32| {
///     let hour = |hour: u32| f64::from(size * (12 - hour.abs_diff(12)));
///     History::new(start, 60, (0..24 * days).map(|slot| hour(slot % 24)).collect())
/// };
/// let homes = (1..=8).map(|size| home(size, 40)).collect::<Result<Vec<_>, _>>()?;
/// let learnt = Global::default().fit(&homes)?;
/// let forecast = learnt.forecast_for(&home(20, 3)?, 24, &[0.1, 0.5, 0.9])?;
/// assert!((forecast.points[12].mean - 240.0).abs() < 1.0);
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # References
///
/// Montero-Manso and Hyndman: "Principles and algorithms for forecasting groups of time series", International
/// Journal of Forecasting 37(4), 2021, for one model over many scaled series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Global {
    /// Which rows and columns each tree sees follows from it; the same seed gives the same forecast.
    pub seed: u64,
}

/// What many meters have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GlobalFitted {
    step_minutes: u32,
    booster: Booster,
    /// The errors over the meter's level, one collection per slot ahead.
    residuals: Vec<Residuals>,
}

impl Global {
    /// Learns from meters of one step.
    ///
    /// # Errors
    ///
    /// [`Error::OtherStep`] where the steps differ; [`Error::TooShort`] where no meter has more than three days, or
    /// none is given; [`Error::AllMissing`] for a meter without a value.
    pub fn fit(&self, histories: &[History]) -> Result<GlobalFitted, Error> {
        let step_minutes = histories.first().map_or(60, History::step_minutes);
        let mut pasts = Vec::with_capacity(histories.len());
        for history in histories {
            if history.step_minutes() != step_minutes {
                return Err(Error::OtherStep { need: step_minutes, got: history.step_minutes() });
            }
            pasts.push(Past::new(history).ok_or(Error::AllMissing { slots: history.values().len() })?);
        }
        let length = pasts.first().map_or(24, Past::slots_per_day);
        let all: usize = pasts.iter().map(Past::len).sum();
        let share = real(MOST_ROWS) / real((all * KNOWN_DAYS.len()).max(1));
        let mut table = Table::default();
        let (mut targets, mut folds, mut slots) = (Vec::new(), Vec::new(), Vec::new());
        let mut random = Random::new(self.seed);
        for (meter, past) in pasts.iter().enumerate() {
            for day in LEAST_DAYS..past.len() / length {
                for known in KNOWN_DAYS.into_iter().filter(|known| *known <= day) {
                    let sight = Sight::new(past, past.len() - (past.len() / length - day) * length, known);
                    for slot in 0..length {
                        let taken = random.unit() < share;
                        let Some(value) = past.history().observed_value(sight.origin + slot) else {
                            continue;
                        };
                        if !taken || sight.scale <= 0.0 {
                            continue;
                        }
                        table.push(&sight.row(slot));
                        targets.push((value - sight.level(slot)) / sight.scale);
                        folds.push(meter % FOLDS);
                        slots.push(slot);
                    }
                }
            }
        }
        if targets.is_empty() {
            let got = histories.iter().map(History::days).fold(0.0, f64::max);
            return Err(Error::TooShort { model: NAME, need: 4, got });
        }
        let weights = vec![1.0; targets.len()];
        let Crossed { booster, errors } =
            self.boosting().learn_crossed(&table, &targets, &weights, &folds, FOLDS);
        let mut pairs = vec![Vec::new(); length];
        for (error, slot) in errors.iter().zip(&slots) {
            if let Some(pairs) = pairs.get_mut(*slot) {
                pairs.push((*error, 1.0));
            }
        }
        let residuals = pairs.into_iter().map(Residuals::new).collect();
        Ok(GlobalFitted { step_minutes, booster, residuals })
    }

    fn boosting(self) -> Boosting {
        Boosting {
            trees: 60,
            rate: 0.1,
            growth: Growth { leaves: 15, least_weight: 50.0, penalty: 1.0 },
            bins: 63,
            row_share: 0.5,
            column_share: 0.5,
            seed: self.seed,
            ..Boosting::default()
        }
    }
}

impl GlobalFitted {
    /// Forecasts the `horizon` slots after the end of a meter's history, at most one day of them, with the quantiles of
    /// the given levels. Nothing is learnt from that history, so three days of it are enough.
    ///
    /// # Errors
    ///
    /// [`Error::OtherStep`] where the history has another step than those that were learnt from; [`Error::TooShort`] for
    /// less than three days; [`Error::AllMissing`] where they have no value; [`Error::Horizon`] for no slot or more than
    /// a day; [`Error::Quantile`] for levels that are not between 0 and 1 in ascending order.
    pub fn forecast_for(
        &self,
        history: &History,
        horizon: usize,
        quantiles: &[f64],
    ) -> Result<Forecast, Error> {
        if history.step_minutes() != self.step_minutes {
            return Err(Error::OtherStep { need: self.step_minutes, got: history.step_minutes() });
        }
        if history.days() < real(LEAST_DAYS) {
            return Err(Error::TooShort { model: NAME, need: 3, got: history.days() });
        }
        model::check(horizon, history.slots_per_day(), quantiles)?;
        let past = Past::new(history).ok_or(Error::AllMissing { slots: history.values().len() })?;
        let sight = Sight::new(&past, past.len(), past.len() / past.slots_per_day());
        let bounds = Bounds::of(history);
        let point = |slot: usize| {
            let mean = sight.level(slot) + sight.scale * self.booster.predict(&sight.row(slot));
            let residuals = self.residuals.get(slot);
            let error = |level: &f64| residuals.map_or(0.0, |residuals| residuals.quantile(*level));
            let quantiles = quantiles.iter().map(|level| mean + sight.scale * error(level)).collect();
            let mut outlook = Outlook { mean, quantiles };
            bounds.keep(slot, &mut outlook);
            Ok(Point {
                start: history.slot_start(past.len() + slot).ok_or(Error::OutOfRange)?,
                mean: outlook.mean,
                quantiles: outlook.quantiles,
            })
        };
        let points = (0..horizon).map(point).collect::<Result<_, Error>>()?;
        Ok(Forecast { model: NAME, quantile_levels: quantiles.to_vec(), points })
    }

    /// The model's name.
    pub fn name(&self) -> &'static str {
        NAME
    }
}

/// A meter as it is seen from an origin, when so many of the days before it are known.
struct Sight<'a> {
    past: &'a Past,
    origin: usize,
    known: usize,
    /// The mean absolute value of the known days.
    scale: f64,
}

impl<'a> Sight<'a> {
    fn new(past: &'a Past, origin: usize, known: usize) -> Self {
        let most = KNOWN_DAYS.into_iter().max().unwrap_or(LEAST_DAYS);
        let known = known.min(most);
        let from = origin.saturating_sub(known * past.slots_per_day());
        let values = past.filled().get(from..origin).unwrap_or_default();
        let scale = mean(values.iter().map(|value| value.abs()).filter(|value| !value.is_nan()));
        Self { past, origin, known, scale }
    }

    /// The same slot so many days before; none where that day is not known.
    fn before(&self, slot: usize, days: usize) -> Option<f64> {
        let back = days * self.past.slots_per_day();
        if days > self.known {
            None
        } else {
            let value = self.past.filled().get((self.origin + slot).checked_sub(back)?).copied();
            value.filter(|value| !value.is_nan())
        }
    }

    /// The mean of the same slot of all known days.
    fn level(&self, slot: usize) -> f64 {
        mean((1..=self.known).filter_map(|days| self.before(slot, days)))
    }

    /// The mean of the `slots` slots that end `back` slots before the origin.
    fn stretch(&self, back: usize, slots: usize) -> f64 {
        let until = self.origin.saturating_sub(back);
        let values = self.past.filled().get(until.saturating_sub(slots)..until).unwrap_or_default();
        mean(values.iter().copied().filter(|value| !value.is_nan()))
    }

    /// What the trees see: values over the scale, by how much they differ from the level of the slot.
    fn row(&self, slot: usize) -> Vec<f64> {
        let length = self.past.slots_per_day();
        let hour = (length / 24).max(1);
        let level = self.level(slot);
        let day = self.stretch(0, self.known * length);
        let weekday = |at: usize| self.past.history().day_kind_of(at).weekday;
        let target = self.origin + slot;
        let weekend = |at: usize| if weekday(at) >= 5 { 1.0 } else { 0.0 };
        let same: Vec<f64> = (1..=self.known)
            .filter(|days| target >= days * length)
            .filter(|days| (weekday(target) >= 5) == (weekday(target - days * length) >= 5))
            .filter_map(|days| self.before(slot, days))
            .collect();
        let alike = if same.is_empty() { level } else { mean(same.into_iter()) };
        let mut row: Vec<f64> =
            [1, 2, 3, 7].map(|days| self.before(slot, days).unwrap_or(level) - level).to_vec();
        row.extend([
            level - day,
            alike - level,
            self.level((slot + hour) % length) - level,
            self.level((slot + length - hour) % length) - level,
            self.stretch(0, 1) - self.level(length - 1),
            self.stretch(0, 6 * hour) - day,
            self.stretch(0, length) - day,
            self.stretch(0, 3 * length) - day,
        ]);
        for value in &mut row {
            *value = if self.scale > 0.0 { *value / self.scale } else { 0.0 };
        }
        row.extend([real(slot), real(weekday(target)), weekend(target), real(self.known)]);
        row
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::{Fit, Model, Predict, metrics};
    use jiff::{ToSpan, civil::date};
    use proptest::prelude::*;

    const LEVELS: [f64; 5] = [0.1, 0.25, 0.5, 0.75, 0.9];

    /// A home of that size: more at night, half as much again at the weekend, and noise from a seed.
    fn home(days: usize, size: f64, seed: u64) -> History {
        let mut random = Random::new(seed);
        let values = (0..days * 24).map(|slot| {
            let hour = real(slot % 24) / 24.0 * std::f64::consts::TAU;
            let weekend = if slot / 24 % 7 >= 5 { 1.5 } else { 1.0 };
            size * (weekend * (2.0 + hour.cos()) + random.unit())
        });
        History::new(date(2026, 1, 5).at(0, 0, 0, 0), 60, values.collect()).unwrap()
    }

    fn homes() -> Vec<History> {
        (1..=8).map(|seed| home(60, real(seed), u64::try_from(seed).unwrap())).collect()
    }

    #[test]
    fn three_days_of_a_new_meter_are_enough_to_beat_yesterday() {
        let learnt = Global::default().fit(&homes()).unwrap();
        let new = home(60, 0.1, 99);
        let (mut actual, mut ours, mut naive) = (Vec::new(), Vec::new(), Vec::new());
        let (mut low, mut high) = (Vec::new(), Vec::new());
        for day in 3..58 {
            let origin = new.start() + i64::from(day).days();
            let short = new.before(origin, 3);
            let at = new.slot_of(origin).unwrap();
            actual.extend_from_slice(&new.values()[at..at + 24]);
            let forecast = learnt.forecast_for(&short, 24, &LEVELS).unwrap();
            assert_eq!((forecast.model, forecast.points[0].start), ("global", origin));
            ours.extend(forecast.medians());
            low.extend(forecast.quantile(0.1).unwrap());
            high.extend(forecast.quantile(0.9).unwrap());
            naive.extend(Model::SeasonalNaiveDay.fit(&short).unwrap().predict(24, &[0.5]).unwrap().medians());
        }
        // It has learnt from the others what a weekend does, which three days alone do not tell.
        let (ours, naive) = (metrics::mae(&actual, &ours).unwrap(), metrics::mae(&actual, &naive).unwrap());
        assert!(ours < 0.7 * naive, "{ours} against {naive}");
        let covered = metrics::coverage(&actual, &low, &high).unwrap();
        assert!((0.72..0.9).contains(&covered), "{covered}");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let learnt = Global::default().fit(&homes()).unwrap();
        let start = date(2026, 1, 5).at(0, 0, 0, 0);
        let of = |step, values| History::new(start, step, values).unwrap();
        let refused = |history: &History| learnt.forecast_for(history, 24, &LEVELS).unwrap_err();
        assert!(matches!(refused(&of(60, vec![1.0; 71])), Error::TooShort { need: 3, .. }));
        assert!(matches!(refused(&of(60, vec![f64::NAN; 72])), Error::AllMissing { slots: 72 }));
        assert!(matches!(refused(&of(30, vec![1.0; 480])), Error::OtherStep { need: 60, got: 30 }));
        let longer = learnt.forecast_for(&of(60, vec![1.0; 72]), 25, &LEVELS);
        assert!(matches!(longer, Err(Error::Horizon { most: 24, got: 25 })));
        assert!(matches!(Global::default().fit(&[]), Err(Error::TooShort { .. })));
        let mixed = [home(10, 1.0, 1), of(30, vec![1.0; 480])];
        assert!(matches!(Global::default().fit(&mixed), Err(Error::OtherStep { .. })));
    }

    #[test]
    fn odd_meters_are_forecast_without_a_number_that_is_none() {
        let start = date(2026, 1, 5).at(0, 0, 0, 0);
        let of = |values| History::new(start, 60, values).unwrap();
        let mut with_odd = homes();
        with_odd.extend([of(vec![0.0; 240]), of(vec![1e99; 240])]);
        let learnt = Global::default().fit(&with_odd).unwrap();
        for level in [0.0, 1e-9, 1e99] {
            let forecast = learnt.forecast_for(&of(vec![level; 72]), 24, &LEVELS).unwrap();
            for point in forecast.points {
                assert!(point.mean >= 0.0 && point.mean <= 3.0 * level, "{level}: {point:?}");
                assert!(point.quantiles.is_sorted() && point.quantiles.iter().all(|value| value.is_finite()));
            }
        }
        // What was learnt is written and read.
        let read: GlobalFitted = serde_json::from_str(&serde_json::to_string(&learnt).unwrap()).unwrap();
        let (one, other) = (home(5, 1.0, 7), learnt.forecast_for(&home(5, 1.0, 7), 24, &[]).unwrap());
        for (a, b) in read.forecast_for(&one, 24, &[]).unwrap().means().iter().zip(other.means()) {
            assert!((a - b).abs() < 1e-9);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4))]

        #[test]
        fn another_unit_gives_the_same_forecast(seed in any::<u64>(), power in -20..20_i32, days in 3..20_usize) {
            let learnt = Global::default().fit(&homes()).unwrap();
            let factor = 2.0_f64.powi(power);
            let one = learnt.forecast_for(&home(days, 1.0, seed), 24, &LEVELS).unwrap();
            let other = learnt.forecast_for(&home(days, factor, seed), 24, &LEVELS).unwrap();
            for (a, b) in one.points.iter().zip(&other.points) {
                prop_assert!((a.mean * factor - b.mean).abs() < 1e-9 * factor);
                for (a, b) in a.quantiles.iter().zip(&b.quantiles) {
                    prop_assert!((a * factor - b).abs() < 1e-9 * factor);
                }
            }
        }

        #[test]
        fn what_comes_after_a_day_changes_nothing_that_is_learnt_of_it(seed in any::<u64>()) {
            // The view from an origin is the same, whatever the past holds behind it.
            let whole = home(20, 1.0, seed);
            let known = whole.before(whole.start() + 10.days(), 400);
            let (whole, known) = (Past::new(&whole).unwrap(), Past::new(&known).unwrap());
            for days in KNOWN_DAYS.into_iter().filter(|days| *days <= 10) {
                let (one, other) = (Sight::new(&whole, 240, days), Sight::new(&known, 240, days));
                for slot in 0..24 {
                    prop_assert_eq!(one.row(slot), other.row(slot));
                }
            }
        }
    }
}
