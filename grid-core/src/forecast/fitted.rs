//! A model that has learnt, in one type whatever the model.

use super::{
    Contribution, Error, Explanation, Forecast, Group, History, Point, Predict, bounds::Bounds,
    features::Past, model, state::State,
};

/// A model that has learnt from a history, and forecasts what comes after it.
///
/// ```
/// use grid_core::forecast::{Fit, History, Predict, Season, SeasonalNaive};
/// use jiff::civil::date;
///
/// let values = |days: u32| (0..24 * days).map(|hour| f64::from(hour)).collect();
/// let start = date(2026, 1, 1).at(0, 0, 0, 0);
/// let mut fitted = SeasonalNaive::new(Season::Day).fit(&History::new(start, 60, values(3))?)?;
/// assert_eq!(fitted.predict(1, &[])?.points[0].mean, 48.0);
/// fitted.update(&History::new(start, 60, values(4))?)?; // a day later
/// assert_eq!(fitted.predict(1, &[])?.points[0].mean, 72.0);
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fitted {
    past: Past,
    state: State,
    bounds: Bounds,
}

/// A model that a forecast was made by, and how much it counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Member {
    /// The model's name, as [`Model`](super::Model) reads it.
    pub model: &'static str,
    /// Its weight; those of all members add up to 1.
    pub weight: f64,
}

impl Fitted {
    /// Lets the model of that name learn from a history of at least `need` days.
    pub(crate) fn of(
        history: &History,
        model: &'static str,
        need: u32,
        learn: impl FnOnce(&Past) -> Result<State, Error>,
    ) -> Result<Self, Error> {
        if history.is_empty() || history.days() < f64::from(need) {
            return Err(Error::TooShort { model, need, got: history.days() });
        }
        let past = Past::new(history).ok_or(Error::AllMissing { slots: history.values().len() })?;
        let state = learn(&past)?;
        Ok(Self { past, state, bounds: Bounds::of(history) })
    }

    /// What was saved: see [`Fitted::load`].
    pub(super) fn restored(history: &History, state: State) -> Result<Self, Error> {
        let past = Past::new(history).ok_or(Error::AllMissing { slots: history.values().len() })?;
        Ok(Self { past, state, bounds: Bounds::of(history) })
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Takes in what came after the fit: `history` is the one that was learnt from, longer by what has come since. Its
    /// regressors may go on further than they did.
    ///
    /// The forecast starts at the new end and looks at the new values. What was learnt stays, while the weights of
    /// a combination and the intervals follow the errors made since. A model is tied to the time of day at which it
    /// forecasts, so where the end moves by a part of a day it learns anew.
    ///
    /// # Errors
    ///
    /// [`Error::NotLonger`] where the history has another start or step, or ends earlier; [`Error::AllMissing`] where it
    /// has no value; those of a fit where the model learns anew.
    pub fn update(&mut self, history: &History) -> Result<(), Error> {
        let known = self.past.history();
        if history.start() != known.start()
            || history.step_minutes() != known.step_minutes()
            || history.end() < known.end()
        {
            return Err(Error::NotLonger {
                start: known.start(),
                end: known.end(),
                got_start: history.start(),
                got_end: history.end(),
            });
        }
        let known = self.past.len();
        let past = Past::new(history).ok_or(Error::AllMissing { slots: history.values().len() })?;
        if (past.len() - known).is_multiple_of(past.slots_per_day()) {
            self.state.update(&past, known)?;
        } else {
            self.state = self.state.anew(&past)?;
        }
        self.past = past;
        self.bounds = Bounds::of(history);
        Ok(())
    }

    /// The history that the forecast goes on from.
    pub fn history(&self) -> &History {
        self.past.history()
    }

    /// The errors (actual minus forecast) of the forecasts of `slots` slots that it would have made on the last days, at most
    /// `days` of them, oldest first; NaN where nothing was observed.
    pub(super) fn past_errors(&self, slots: usize, days: usize) -> Result<Vec<Vec<f64>>, Error> {
        let length = self.past.slots_per_day();
        let ended = slots.div_ceil(length);
        let most = (self.past.len() / length).saturating_sub(ended).min(days);
        let origins: Vec<usize> =
            (ended..ended + most).rev().map(|age| self.past.len() - age * length).collect();
        let rows = self.state.learnt().left_out(&self.past, &origins, slots)?;
        let error = |(slot, mean): (usize, &f64)| {
            self.past.history().observed_value(slot).map_or(f64::NAN, |value| value - mean)
        };
        let errors = |(&origin, row): (&usize, &Vec<f64>)| (origin..).zip(row).map(error).collect();
        Ok(origins.iter().zip(&rows).map(errors).collect())
    }

    /// The models that the forecast is made by, the one with the greatest weight first.
    ///
    /// ```
    /// use grid_core::forecast::{Fit, History, Model};
    /// use jiff::civil::date;
    ///
    /// let values = (0..24 * 10).map(|hour| f64::from(hour % 24)).collect();
    /// let fitted = Model::Auto.fit(&History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, values)?)?;
    /// let members = fitted.members();
    /// assert!(members.iter().any(|member| member.model == "weekday_mean")); // ten days are too few for most others
    /// assert!((members.iter().map(|member| member.weight).sum::<f64>() - 1.0).abs() < 1e-9);
    /// # Ok::<(), grid_core::forecast::Error>(())
    /// ```
    pub fn members(&self) -> Vec<Member> {
        let mut members: Vec<Member> = match &self.state {
            State::Combination(state) => state
                .members()
                .map(|(member, weight)| Member { model: member.learnt().name(), weight })
                .collect(),
            state => vec![Member { model: state.learnt().name(), weight: 1.0 }],
        };
        members.sort_by(|one, other| other.weight.total_cmp(&one.weight));
        members
    }

    /// Why the first slots after the history, one day at most, are expected to be as they are.
    ///
    /// A regression says what each group of its columns adds, and a combination that and what each other member moves the
    /// mean by. Other models have one contribution, their own. The average and all contributions of a slot add up to the
    /// mean of the forecast, before that is kept from falling below zero, or at zero at night.
    ///
    /// # Errors
    ///
    /// [`Error::Horizon`] for no slot or for more than a day; [`Error::RegressorEnds`] where a regressor does not go as far.
    pub fn explain(&self, horizon: usize) -> Result<Vec<Explanation>, Error> {
        let length = self.past.slots_per_day();
        model::check(horizon, length, &[])?;
        let average = |slot: usize| {
            let same = (slot..self.past.len())
                .filter(|place| (self.past.len() + slot - place).is_multiple_of(length));
            let (sum, count) = same
                .filter_map(|place| self.past.history().observed_value(place))
                .fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
            if count > 0.0 { sum / count } else { 0.0 }
        };
        let bare = || {
            (0..horizon).map(|slot| Explanation { average: average(slot), contributions: vec![] }).collect()
        };
        let members: Vec<(&State, f64)> = match &self.state {
            State::Combination(state) => state.members().collect(),
            state => vec![(state, 1.0)],
        };
        let regression = members.iter().find_map(|(member, weight)| match member {
            State::Ridge(state) => Some((state, *weight)),
            _ => None,
        });
        let mut explanations: Vec<Explanation> = match regression {
            Some((state, weight)) => {
                let mut explanations = state.explain(&self.past, horizon)?;
                let all = explanations.iter_mut().flat_map(|explanation| &mut explanation.contributions);
                all.for_each(|contribution| contribution.amount *= weight);
                explanations
            }
            None => bare(),
        };
        for (member, weight) in members {
            if matches!(member, State::Ridge(_)) {
                continue;
            }
            let outlooks = member.learnt().outlook(&self.past, horizon, &[])?;
            for (explanation, outlook) in explanations.iter_mut().zip(outlooks) {
                explanation.contributions.push(Contribution {
                    group: Group::Member(member.learnt().name().to_owned()),
                    amount: weight * (outlook.mean - explanation.average),
                });
            }
        }
        Ok(explanations)
    }
}

impl Predict for Fitted {
    fn predict(&self, horizon: usize, quantiles: &[f64]) -> Result<Forecast, Error> {
        model::check(horizon, self.past.slots_per_day() * model::MOST_DAYS, quantiles)?;
        let points = self
            .state
            .learnt()
            .outlook(&self.past, horizon, quantiles)?
            .into_iter()
            .enumerate()
            .map(|(slot, mut outlook)| {
                self.bounds.keep(slot, &mut outlook);
                Ok(Point {
                    start: self.past.history().slot_start(self.past.len() + slot).ok_or(Error::OutOfRange)?,
                    mean: outlook.mean,
                    quantiles: outlook.quantiles,
                })
            })
            .collect::<Result<_, Error>>()?;
        Ok(Forecast { model: self.name(), quantile_levels: quantiles.to_vec(), points })
    }

    fn name(&self) -> &'static str {
        self.state.learnt().name()
    }
}
