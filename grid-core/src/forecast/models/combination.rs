//! Several models, each weighted by how good it has lately been.

use serde::{Deserialize, Serialize};

use super::{Decomposition, HoltWinters, NearestDays, Profile, Ridge, Season, SeasonalNaive, WeekdayMean};
use crate::forecast::{
    Error, Fit, Fitted, History,
    features::Past,
    interval::Residuals,
    learnt::{ERRORS_HALF_LIFE_DAYS, Learnt, Outlook, faded},
    limits::Limits,
    real,
    state::State,
};

const NAME: &str = "auto";
/// The last days that the members are weighed by.
const WEIGHED_DAYS: usize = 28;
/// After how many days a loss counts for half in the weights.
const LOSS_HALF_LIFE_DAYS: f64 = 14.0;
/// The last days whose errors the intervals are read off; those before weigh a sixteenth.
const ERROR_DAYS: usize = 112;
/// With fewer days the intervals are those of the first member.
const LEAST_ERROR_DAYS: usize = 14;
/// What the first member counts for before anything is known of it.
const FIRST: f64 = 0.7;
/// Steps of the descent to the weights, and the length of the first.
const STEPS: u32 = 60;
const RATE: f64 = 2.0;

/// A weighted mean of several models, as many as the length of the history allows.
///
/// Each member is asked what it would have said of the last 28 days, and the weights are those with which the combination would
/// have had the least absolute error there; a day of two weeks ago counts for half. No day after the history is looked at. The
/// regression answers as if the day in question had been left out of what it learnt from; the others look at nothing but
/// what came before the day, with a few constants (a half-life, a gain) that were learnt from all of the history.
///
/// The intervals of the first day are read off the errors that the combination would have made on the last days. Where those
/// are too few, and on later days, they are the first member's, moved to the combination's mean.
///
/// From four weeks on the members are a ridge regression, a decomposition, exponential smoothing, the days most alike, the mean of
/// the last same weekdays, yesterday and last week; before that those of them that need less, and a bare profile in the
/// first day. Only the regression looks at regressors and holidays; the days most alike look at holidays.
///
/// # References
///
/// Kivinen and Warmuth: "Exponentiated gradient versus gradient descent for linear predictors", Information and
/// Computation 132(1), 1997, for the descent to the weights. Gaillard and Goude: "Forecasting electricity consumption by
/// aggregating experts", 2015, for such weights on load. Cesa-Bianchi and Lugosi: "Prediction, learning, and games", 2006,
/// for what decaying them does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Combination;

/// The members and how much each counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CombinationState {
    members: Vec<State>,
    weights: Vec<f64>,
    judged: Vec<JudgedDay>,
    limits: Limits,
}

/// What the members would have said of a day if they had not learnt from it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct JudgedDay {
    /// The slot of the past at which the day starts.
    origin: usize,
    /// One row per member, one mean per slot.
    means: Vec<Vec<f64>>,
}

impl Fit for Combination {
    type Fitted = Fitted;

    fn fit(&self, history: &History) -> Result<Fitted, Error> {
        Fitted::of(history, NAME, 0, |past| {
            Self::learn(past).map(|state| State::Combination(Box::new(state)))
        })
    }
}

impl Combination {
    pub(crate) fn learn(past: &Past) -> Result<CombinationState, Error> {
        let members = members(past)?;
        let mut state =
            CombinationState { members, weights: vec![], judged: vec![], limits: Limits::of(past) };
        // The first week has no week before it.
        let whole = past.len() / past.slots_per_day();
        let days = ERROR_DAYS.min(whole.saturating_sub(if whole > 14 { 7 } else { 1 }));
        state.judge(past, days, |member, origins, slots| member.learnt().left_out(past, origins, slots))?;
        Ok(state)
    }
}

/// How a model learns.
type Learn = fn(&Past) -> Result<State, Error>;

/// The models that may be members, the best first, each with the days of history that it needs.
const CANDIDATES: [(u32, Learn); 7] = [
    (28, |past| Ridge::default().learn(past).map(State::Ridge)),
    (14, |past| Decomposition::learn(past).map(State::Decomposition)),
    (14, |past| HoltWinters::learn(past).map(State::HoltWinters)),
    (7, |past| Ok(State::NearestDays(NearestDays::learn(past)))),
    (1, |past| Ok(State::WeekdayMean(WeekdayMean::learn(past)))),
    (1, |past| Ok(State::SeasonalNaive(SeasonalNaive::new(Season::Day).learn(past)))),
    (7, |past| Ok(State::SeasonalNaive(SeasonalNaive::new(Season::Week).learn(past)))),
];

/// What each model has learnt for which the history is long enough; a bare profile where it is for none.
fn members(past: &Past) -> Result<Vec<State>, Error> {
    let mut members = Vec::new();
    for (_, learn) in CANDIDATES.iter().filter(|(need, _)| past.history().days() >= f64::from(*need)) {
        match learn(past) {
            Ok(state) => members.push(state),
            // Long enough, but nearly silent.
            Err(Error::TooShort { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    if members.is_empty() {
        members.push(State::Profile(Profile::default().learn(past)));
    }
    Ok(members)
}

impl CombinationState {
    /// The members and their weights.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&State, f64)> {
        self.members.iter().zip(self.weights.iter().copied())
    }

    /// Judges the members by the whole days that came after slot `known` of the past too, of which none has learnt.
    pub(crate) fn update(&mut self, past: &Past, known: usize) -> Result<(), Error> {
        let days = (past.len() - known) / past.slots_per_day();
        self.judge(past, days, |member, origins, slots| member.learnt().means(past, origins, slots))?;
        self.members.iter_mut().try_for_each(|member| member.update(past, known))
    }

    /// Asks the members about the last `days` days, and weighs them.
    fn judge(
        &mut self,
        past: &Past,
        days: usize,
        ask: impl Fn(&State, &[usize], usize) -> Result<Vec<Vec<f64>>, Error>,
    ) -> Result<(), Error> {
        let length = past.slots_per_day();
        let origins: Vec<usize> = (1..=days).rev().map(|age| past.len() - age * length).collect();
        let mut rows: Vec<_> = self
            .members
            .iter()
            .map(|member| Ok(ask(member, &origins, length)?.into_iter()))
            .collect::<Result<_, Error>>()?;
        self.judged.extend(origins.iter().map(|&origin| {
            let means = rows.iter_mut().filter_map(Iterator::next).collect();
            JudgedDay { origin, means }
        }));
        self.judged.drain(..self.judged.len().saturating_sub(ERROR_DAYS));
        self.weights = self.weigh(past);
        Ok(())
    }

    fn prior(&self) -> Vec<f64> {
        let others = self.members.len().saturating_sub(1);
        let each = if others == 0 { 0.0 } else { (1.0 - FIRST) / real(others) };
        let weight = |place: usize| if place > 0 { each } else { 1.0 - each * real(others) };
        (0..self.members.len()).map(weight).collect()
    }

    /// The weights of the least absolute error on the last judged days, by exponentiated gradient from the prior; the mean
    /// of the way there, which is steadier than its end.
    fn weigh(&self, past: &Past) -> Vec<f64> {
        let mut weights = self.prior();
        // A mean is no median: what the errors' median is off zero is no member's fault.
        let medians: Vec<f64> =
            self.errors(past, &weights).iter().map(|errors| errors.quantile(0.5)).collect();
        let rows: Vec<(f64, f64, Vec<f64>)> = self
            .observed(past, WEIGHED_DAYS)
            .map(|(age, slot, value, means)| {
                let median = medians.get(slot).copied().unwrap_or_default();
                (faded(age, LOSS_HALF_LIFE_DAYS), value - median, means.collect())
            })
            .collect();
        let size: f64 =
            rows.iter().map(|(counts, value, means)| counts * (value - mean(&weights, means)).abs()).sum();
        if size <= 0.0 || !size.is_finite() {
            return weights;
        }
        let mut sums = vec![0.0; weights.len()];
        for step in 1..=STEPS {
            let mut slopes = vec![0.0; weights.len()];
            for (counts, value, means) in &rows {
                let ours = mean(&weights, means);
                let towards = counts * (value - ours).signum();
                slopes.iter_mut().zip(means).for_each(|(slope, theirs)| *slope += towards * (theirs - ours));
            }
            let rate = RATE / f64::from(step).sqrt() / size;
            weights.iter_mut().zip(&slopes).for_each(|(weight, slope)| *weight *= (rate * slope).exp());
            let total: f64 = weights.iter().sum();
            for (sum, weight) in sums.iter_mut().zip(&mut weights) {
                *weight /= total;
                *sum += *weight;
            }
        }
        sums.iter().map(|sum| sum / f64::from(STEPS)).collect()
    }

    /// The observed slots of the last judged days: the day's age, the place in the day, the value and each member's mean.
    fn observed<'a>(
        &'a self,
        past: &'a Past,
        days: usize,
    ) -> impl Iterator<Item = (f64, usize, f64, impl Iterator<Item = f64>)> {
        let length = past.slots_per_day();
        let first = self.judged.len().saturating_sub(days);
        self.judged.iter().skip(first).flat_map(move |day| {
            let age = real(past.len() - day.origin) / real(length);
            (0..length).filter_map(move |slot| {
                let value = self.limits.known(past, day.origin + slot)?;
                Some((age, slot, value, day.means.iter().filter_map(move |row| row.get(slot).copied())))
            })
        })
    }

    /// The errors that a combination of those weights would have made, by the slot of the day.
    fn errors(&self, past: &Past, weights: &[f64]) -> Vec<Residuals> {
        let mut errors = vec![Vec::new(); past.slots_per_day()];
        for (age, slot, value, means) in self.observed(past, ERROR_DAYS) {
            let expected: f64 = weights.iter().zip(means).map(|(weight, mean)| weight * mean).sum();
            if let Some(errors) = errors.get_mut(slot) {
                errors.push((value - expected, faded(age, ERRORS_HALF_LIFE_DAYS)));
            }
        }
        errors.into_iter().map(Residuals::new).collect()
    }
}

fn mean(weights: &[f64], means: &[f64]) -> f64 {
    weights.iter().zip(means).map(|(weight, mean)| weight * mean).sum()
}

impl Learnt for CombinationState {
    fn name(&self) -> &'static str {
        NAME
    }

    fn means(&self, past: &Past, origins: &[usize], slots: usize) -> Result<Vec<Vec<f64>>, Error> {
        let mut sums = vec![vec![0.0; slots]; origins.len()];
        for (member, weight) in self.members.iter().zip(&self.weights) {
            let rows = member.learnt().means(past, origins, slots)?;
            for (sum, mean) in sums.iter_mut().flatten().zip(rows.iter().flatten()) {
                *sum += weight * mean;
            }
        }
        Ok(sums)
    }

    fn outlook(&self, past: &Past, slots: usize, levels: &[f64]) -> Result<Vec<Outlook>, Error> {
        let mut outlooks = Vec::new();
        for (place, (member, weight)) in self.members.iter().zip(&self.weights).enumerate() {
            // The first member's intervals are taken where the combination has none of its own.
            let levels = if place == 0 { levels } else { &[] };
            let theirs = member.learnt().outlook(past, slots, levels)?;
            if place == 0 {
                outlooks = theirs;
                for outlook in &mut outlooks {
                    outlook.quantiles.iter_mut().for_each(|quantile| *quantile -= outlook.mean);
                    outlook.mean *= weight;
                }
            } else {
                outlooks.iter_mut().zip(theirs).for_each(|(ours, theirs)| ours.mean += weight * theirs.mean);
            }
        }
        let errors =
            if self.judged.len() < LEAST_ERROR_DAYS { vec![] } else { self.errors(past, &self.weights) };
        for (slot, outlook) in outlooks.iter_mut().enumerate() {
            if let Some(errors) = errors.get(slot) {
                outlook.quantiles = levels.iter().map(|level| errors.quantile(*level)).collect();
            }
            outlook.quantiles.iter_mut().for_each(|quantile| *quantile += outlook.mean);
        }
        Ok(outlooks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::{Predict, random::Random};
    use jiff::civil::date;

    fn home(days: u32) -> History {
        let mut random = Random::new(1);
        let values = (0..24 * days).map(|hour| f64::from(hour % 24 / 6) + random.unit()).collect();
        History::new(date(2026, 1, 5).at(0, 0, 0, 0), 60, values).unwrap()
    }

    #[test]
    fn an_interval_has_a_width_however_short_the_history() {
        for days in [1, 2, 3, 5, 7, 8, 10, 14, 15, 21, 27, 28, 40] {
            let forecast = Combination.fit(&home(days)).unwrap().predict(48, &[0.1, 0.5, 0.9]).unwrap();
            for point in &forecast.points {
                assert!(point.quantiles[2] - point.quantiles[0] > 0.1, "{days} days: {point:?}");
                assert!(point.quantiles.is_sorted(), "{days} days: {point:?}");
            }
        }
    }

    #[test]
    fn weights_follow_the_members_after_updates_without_a_new_fit() {
        // Noise about a shape of the day for ten weeks, where averages are better than yesterday; then one and the same day.
        let mut random = Random::new(3);
        let start = date(2026, 1, 5).at(0, 0, 0, 0);
        let mut values: Vec<f64> =
            (0..24 * 70_u32).map(|hour| f64::from(hour % 24 / 6) + 2.0 * random.unit()).collect();
        let weight = |fitted: &Fitted| {
            fitted.members().into_iter().find(|member| member.model == "seasonal_naive").unwrap().weight
        };
        let mut fitted = Combination.fit(&History::new(start, 60, values.clone()).unwrap()).unwrap();
        let mut weights = vec![weight(&fitted)];
        let last: Vec<f64> = (0..24).map(|hour| f64::from(hour * 7 % 24) / 2.0).collect();
        // Past a week, those that look at last week know it too.
        for days in [3, 4] {
            for _ in 0..days {
                values.extend(&last);
            }
            fitted.update(&History::new(start, 60, values.clone()).unwrap()).unwrap();
            weights.push(weight(&fitted));
        }
        assert!(weights.is_sorted_by(|before, after| before < after), "{weights:?}");
        assert!(weights[0] < 0.1 && weights[2] > 0.5, "{weights:?}");
        let total: f64 = fitted.members().iter().map(|member| member.weight).sum();
        assert!((total - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_member_that_is_right_is_given_the_weight() {
        // Each week is as the last one, and no day as the one before.
        let values = (0..24 * 70_u32).map(|hour| f64::from((hour / 24 % 7).pow(3) + hour % 24)).collect();
        let history = History::new(date(2026, 1, 5).at(0, 0, 0, 0), 60, values).unwrap();
        let fitted = Combination.fit(&history).unwrap();
        let naive = fitted.members().into_iter().find(|member| member.model == "seasonal_naive").unwrap();
        assert!(naive.weight < 0.02, "{:?}", fitted.members());
    }
}
