//! A level, a profile of the day, one of the week, and what is left.

use serde::{Deserialize, Serialize};

use super::lasting::lasting;
use crate::forecast::{
    Error, Fit, Fitted, History,
    features::Past,
    learnt::{Learnt, faded},
    limits::Limits,
    real,
    state::State,
};

const NAME: &str = "decomposition";
const LEAST_DAYS: u32 = 14;
/// With fewer observed days there is nothing to take apart.
const LEAST_OBSERVED_DAYS: usize = 7;
/// The level is the mean of as many days, so that every weekday is in it once.
const LEVEL_DAYS: usize = 7;
/// No error counts before so many days have gone by.
const PASSED_DAYS: usize = 21;
/// What is left is learnt from at most so many days.
const MOST_DAYS: usize = 120;
/// The day is cut into as many parts, each of which sees what is left in its own way.
const PARTS: usize = 24;
/// The last one of as many parts of a day is recent.
const RECENT: usize = 8;
/// Each further day ahead keeps this much of what is left.
const DAMPING: f64 = 0.7;
/// A weekday's difference stands beside this many weeks without one.
const STILL_WEEKS: f64 = 2.0;
/// After how many days, and weeks, a day counts for half in the profiles: what there is to choose from.
const HALF_LIVES: [(f64, f64); 6] =
    [(4.0, 3.0), (4.0, 8.0), (10.0, 3.0), (10.0, 8.0), (30.0, 8.0), (90.0, 20.0)];
/// How many numbers describe what is left.
const TRACES: usize = 4;

/// Takes the past apart into a level, a profile of the day, one of the week and what is left, and puts the parts together
/// again for the days ahead.
///
/// Like the seasonal decomposition by loess with several seasons (MSTL), but each day is taken apart with what was known
/// then, in one pass: the level is the mean of the last seven days without their seasons; the profiles are averages of what
/// lies over the level, in which old days fade, and the profile of the week is smoothed over its neighbouring slots. What is
/// left is expected to last as far as it used to, by a small regression on the last errors for each hour of the day ahead;
/// of that, each further day keeps seven tenths. How fast old days fade is chosen by the errors of the last 120 days. Gaps
/// count for nothing. The intervals are read off the errors of the last eight weeks.
///
/// ```
/// use grid_core::forecast::{Decomposition, Fit, History, Predict};
/// use jiff::civil::date;
///
/// let values = (0..24 * 35).map(|hour| f64::from(hour % 24) + f64::from(hour / 24 % 7)).collect();
/// let history = History::new(date(2026, 1, 5).at(0, 0, 0, 0), 60, values)?;
/// let forecast = Decomposition.fit(&history)?.predict(24, &[])?;
/// assert!((forecast.points[12].mean - 12.0).abs() < 0.6); // at noon on the first weekday
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # References
///
/// Bandara, Hyndman, Bergmeir: "MSTL: a seasonal-trend decomposition algorithm for time series with multiple seasonal
/// patterns", International Journal of Operational Research 52(1), 2025, for the parts; the causal averages are this
/// program's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decomposition;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DecompositionState {
    limits: Limits,
    /// After how many days a day counts for half in the profile of the day.
    day_half_life: f64,
    /// After how many weeks a day counts for half in the profile of the week.
    week_half_life: f64,
    /// For each part of the day, what each trace of what is left counts for.
    lasting: Vec<[f64; TRACES]>,
}

/// The values of the past up to some slot and how fast they fade.
struct Pass<'a> {
    values: &'a [f64],
    length: usize,
    fading_day: f64,
    fading_week: f64,
}

/// What is known at the origin of a day.
#[derive(Clone, Debug)]
struct Parts {
    level: f64,
    /// The faded sum and weight per slot of the day, over the level.
    day: Vec<(f64, f64)>,
    /// The faded sum and weight per slot of the week, over the profile of the day.
    week: Vec<(f64, f64)>,
    /// What the last day left over, NaN where it is not known.
    left: Vec<f64>,
}

impl Parts {
    fn season(&self, at: usize) -> f64 {
        let week = self.week.len().max(1);
        let difference = |at: usize| {
            let (sum, weight) = self.week.get(at % week).copied().unwrap_or_default();
            sum / (weight + STILL_WEEKS)
        };
        let smooth = 0.25 * difference(at + week - 1) + 0.5 * difference(at) + 0.25 * difference(at + 1);
        self.daily(at).unwrap_or_default() + smooth
    }

    /// The profile of the day there; none where no day is known.
    fn daily(&self, at: usize) -> Option<f64> {
        let (sum, weight) = self.day.get(at % self.day.len().max(1)).copied()?;
        (weight > 0.0).then(|| sum / weight)
    }

    /// What was left over: by the last slot, by the last three hours, by the whole day, and by the same slot.
    fn traces(&self) -> impl Fn(usize) -> [f64; TRACES] {
        let length = self.left.len().max(1);
        let mean = |slots: usize| {
            let known = self.left.iter().rev().take(slots).filter(|left| !left.is_nan());
            let (sum, count) = known.fold((0.0, 0_usize), |(sum, count), left| (sum + left, count + 1));
            if count > 0 { sum / real(count) } else { 0.0 }
        };
        let (last, recent, day) = (mean(1), mean(length.div_ceil(RECENT)), mean(length));
        move |slot| {
            let same = self.left.get(slot % length).copied().filter(|left| !left.is_nan());
            [last, recent, day, same.unwrap_or_default()]
        }
    }
}

impl Pass<'_> {
    fn new(values: &[f64], length: usize, (day, week): (f64, f64)) -> Pass<'_> {
        Pass { values, length, fading_day: faded(1.0, day), fading_week: faded(1.0, week) }
    }

    /// Goes through the days that start `phase` slots after a multiple of a day, and shows what is known at each start, the
    /// last of which may be the end, and what the day then leaves over, which is empty where it is not over.
    fn each_day(&self, phase: usize, mut show: impl FnMut(usize, &Parts, &[f64])) {
        let length = self.length;
        let mut parts = Parts {
            level: 0.0,
            day: vec![(0.0, 0.0); length],
            week: vec![(0.0, 0.0); 7 * length],
            left: vec![f64::NAN; length],
        };
        let mut days: Vec<(f64, f64)> = Vec::new();
        let mut origin = phase;
        if phase > 0 {
            // The part of a day before the first whole one says only where the level lies, until that is known better.
            parts.level = level(&[sum(self.values.iter().take(phase).copied())]).unwrap_or_default();
        }
        while origin <= self.values.len() {
            let Some(day) = self.values.get(origin..origin + length) else {
                show(origin, &parts, &[]);
                break;
            };
            let before = parts.level;
            let season: Vec<f64> = (origin..origin + length).map(|at| parts.season(at)).collect();
            let values = || day.iter().zip(&season);
            let left: Vec<f64> = values().map(|(value, season)| value - before - season).collect();
            show(origin, &parts, &left);
            parts.left = left;
            days.push(sum(values().map(|(value, season)| value - season)));
            parts.level = level(&days).unwrap_or(before);
            for (at, value) in (origin..).zip(day).filter(|(_, value)| !value.is_nan()) {
                let over = value - parts.level;
                let daily = parts.daily(at);
                fade(&mut parts.day, at, self.fading_day, over);
                // Where no day is known yet, nobody knows how its weekday differs.
                if let Some(daily) = daily {
                    fade(&mut parts.week, at, self.fading_week, over - daily);
                }
            }
            origin += length;
        }
    }
}

/// The sum and the count of what is known.
fn sum(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.filter(|value| !value.is_nan()).fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0))
}

/// The mean of the last days.
fn level(days: &[(f64, f64)]) -> Option<f64> {
    let last = days.get(days.len().saturating_sub(LEVEL_DAYS)..)?;
    let (sum, count) = last.iter().fold((0.0, 0.0), |all, day| (all.0 + day.0, all.1 + day.1));
    (count > 0.0).then(|| sum / count)
}

fn fade(profile: &mut [(f64, f64)], at: usize, fading: f64, value: f64) {
    let places = profile.len().max(1);
    if let Some(sum) = profile.get_mut(at % places) {
        *sum = (sum.0 * fading + value, sum.1 * fading + 1.0);
    }
}

/// Half-lives, and what each trace of what is left counts for with them.
type Choice = ((f64, f64), Vec<[f64; TRACES]>);

impl Fit for Decomposition {
    type Fitted = Fitted;

    fn fit(&self, history: &History) -> Result<Fitted, Error> {
        Fitted::of(history, NAME, LEAST_DAYS, |past| Self::learn(past).map(State::Decomposition))
    }
}

impl Decomposition {
    pub(crate) fn learn(past: &Past) -> Result<DecompositionState, Error> {
        let length = past.slots_per_day();
        let limits = Limits::of(past);
        let values = limits.all_known(past, past.len());
        let observed = values.iter().filter(|value| !value.is_nan()).count();
        if observed < LEAST_OBSERVED_DAYS * length {
            let got = real(observed) / real(length);
            return Err(Error::TooShort { model: NAME, need: LEAST_DAYS, got });
        }
        let phase = values.len() % length;
        let passed =
            PASSED_DAYS.min(values.len() / length / 2).max((values.len() / length).saturating_sub(MOST_DAYS));
        let mut best: Option<(f64, Choice)> = None;
        for half_lives in HALF_LIVES {
            let mut samples: Vec<Vec<([f64; TRACES], f64)>> = vec![Vec::new(); PARTS.min(length)];
            Pass::new(&values, length, half_lives).each_day(phase, |origin, parts, left| {
                if origin < passed * length {
                    return;
                }
                let traces = parts.traces();
                for (slot, left) in left.iter().enumerate().filter(|(_, left)| !left.is_nan()) {
                    if let Some(samples) = samples.get_mut(part(slot, length)) {
                        samples.push((traces(slot), *left));
                    }
                }
            });
            let lasting: Vec<[f64; TRACES]> = samples.iter().map(|samples| lasting(samples)).collect();
            let error = samples
                .iter()
                .zip(&lasting)
                .flat_map(|(samples, lasting)| {
                    samples.iter().map(move |(traces, left)| (left - dot(traces, lasting)).abs())
                })
                .sum();
            if best.as_ref().is_none_or(|best| error < best.0) {
                best = Some((error, (half_lives, lasting)));
            }
        }
        let (_, ((day_half_life, week_half_life), lasting)) = best.unwrap_or_default();
        Ok(DecompositionState { limits, day_half_life, week_half_life, lasting })
    }
}

fn part(slot: usize, length: usize) -> usize {
    slot % length * PARTS.min(length) / length
}

fn dot(traces: &[f64], lasting: &[f64]) -> f64 {
    traces.iter().zip(lasting).map(|(trace, lasting)| trace * lasting).sum()
}

impl DecompositionState {
    fn row(&self, origin: usize, parts: &Parts, slots: usize) -> Vec<f64> {
        let length = parts.left.len().max(1);
        let traces = parts.traces();
        (0..slots)
            .map(|slot| {
                let lasting =
                    self.lasting.get(part(slot, length)).map_or(0.0, |lasting| dot(&traces(slot), lasting));
                parts.level + parts.season(origin + slot) + DAMPING.powf(real(slot / length)) * lasting
            })
            .collect()
    }
}

impl Learnt for DecompositionState {
    fn name(&self) -> &'static str {
        NAME
    }

    fn means(&self, past: &Past, origins: &[usize], slots: usize) -> Result<Vec<Vec<f64>>, Error> {
        let length = past.slots_per_day();
        let last = origins.iter().copied().max().unwrap_or_default();
        let values = self.limits.all_known(past, last);
        let pass = Pass::new(&values, length, (self.day_half_life, self.week_half_life));
        let mut rows = vec![Vec::new(); origins.len()];
        let mut phases: Vec<usize> = origins.iter().map(|origin| origin % length).collect();
        phases.sort_unstable();
        phases.dedup();
        for phase in phases {
            pass.each_day(phase, |at, parts, _| {
                for (origin, row) in origins.iter().zip(&mut rows).filter(|(origin, _)| **origin == at) {
                    *row = self.row(*origin, parts, slots);
                }
            });
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::Predict;
    use jiff::civil::date;

    fn means(values: Vec<f64>, slots: usize) -> Vec<f64> {
        let history = History::new(date(2026, 1, 5).at(0, 0, 0, 0), 60, values).unwrap();
        Decomposition.fit(&history).unwrap().predict(slots, &[]).unwrap().means()
    }

    fn week(slots: u32) -> Vec<f64> {
        (0..slots).map(|hour| f64::from(hour % 24) + if hour / 24 % 7 >= 5 { 10.0 } else { 0.0 }).collect()
    }

    #[test]
    fn days_and_weekends_come_again_also_after_a_gap() {
        let mut values = week(24 * 70);
        values[24 * 50..24 * 57].fill(f64::NAN);
        values[24 * 60 + 5] = f64::NAN;
        // Without a profile of the week the working days would be off by 20/7 and the weekend by 50/7, so 4.1 on average.
        let errors = means(values, 24 * 7)
            .iter()
            .zip(week(24 * 7))
            .map(|(mean, value)| (mean - value).abs())
            .sum::<f64>();
        assert!(errors / (24.0 * 7.0) < 4.1 / 3.0, "{errors}");
    }

    #[test]
    fn a_day_that_always_comes_again_is_forecast_exactly_also_days_ahead() {
        let shape = |slot: u32| f64::from(slot * 7 % 24) + 0.5 * f64::from(slot % 5 % 2);
        for phase in [0, 5] {
            let values = (0..24 * 30 + phase).map(|hour| shape(hour % 24)).collect();
            for (hour, mean) in (24 * 30 + phase..).zip(means(values, 24 * 7)) {
                assert!((mean - shape(hour % 24)).abs() < 1e-9, "{hour}: {mean}");
            }
        }
    }

    #[test]
    fn what_is_left_lasts_as_long_as_it_used_to() {
        // Every day is shifted by a number of its own, which lasts from six to six.
        let shift = |hour: u32| f64::from((hour + 18) / 24 * 7 % 11);
        let values =
            |until: u32| (0..until).map(|hour| f64::from(hour % 24) + shift(hour)).collect::<Vec<_>>();
        let all = values(24 * 61);
        let error = |means: &[f64]| -> f64 {
            means.iter().zip(&all[24 * 60..]).take(6).map(|(mean, value)| (mean - value).abs()).sum()
        };
        let at_midnight = means(values(24 * 60), 24);
        let shifted_away = all[24 * 59..24 * 60].to_vec();
        assert!(
            error(&at_midnight) < 0.25 * error(&shifted_away),
            "{} {}",
            error(&at_midnight),
            error(&shifted_away)
        );
    }

    #[test]
    fn less_than_two_weeks_is_refused() {
        let fit =
            |values| Decomposition.fit(&History::new(date(2026, 1, 5).at(0, 0, 0, 0), 60, values).unwrap());
        assert!(matches!(fit(vec![1.0; 24 * 13]), Err(Error::TooShort { need: 14, .. })));
        let mut silent = vec![f64::NAN; 24 * 60];
        silent[100] = 1.0;
        assert!(matches!(fit(silent), Err(Error::TooShort { need: 14, .. })));
    }
}
