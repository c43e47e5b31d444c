//! What was learnt, by model.

use serde::{Deserialize, Serialize};

use super::{
    Error, SeasonalNaive,
    features::Past,
    learnt::Learnt,
    models::{
        Combination, CombinationState, Decomposition, DecompositionState, Drift, DriftState, HoltWinters,
        HoltWintersState, NearestDays, NearestDaysState, ProfileState, RidgeState, SeasonalNaiveState,
        TreesState, WeekdayMean, WeekdayMeanState,
    },
};

/// What a model has learnt, whichever it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    SeasonalNaive(SeasonalNaiveState),
    Ridge(RidgeState),
    Drift(DriftState),
    WeekdayMean(WeekdayMeanState),
    NearestDays(NearestDaysState),
    HoltWinters(HoltWintersState),
    Decomposition(DecompositionState),
    Profile(ProfileState),
    Trees(TreesState),
    Combination(Box<CombinationState>),
}

impl State {
    /// What it has learnt, whatever the model.
    pub(crate) fn learnt(&self) -> &dyn Learnt {
        match self {
            Self::SeasonalNaive(state) => state,
            Self::Ridge(state) => state,
            Self::Drift(state) => state,
            Self::WeekdayMean(state) => state,
            Self::NearestDays(state) => state,
            Self::HoltWinters(state) => state,
            Self::Decomposition(state) => state,
            Self::Profile(state) => state,
            Self::Trees(state) => state,
            Self::Combination(state) => state.as_ref(),
        }
    }

    /// Takes in the whole days that came after slot `known` of the past, without learning anew.
    pub(crate) fn update(&mut self, past: &Past, known: usize) -> Result<(), Error> {
        match self {
            Self::Ridge(state) => state.update(past, known),
            Self::Combination(state) => state.update(past, known),
            // They read their errors off the past whenever they are asked.
            Self::SeasonalNaive(_)
            | Self::Drift(_)
            | Self::WeekdayMean(_)
            | Self::NearestDays(_)
            | Self::HoltWinters(_)
            | Self::Decomposition(_)
            | Self::Profile(_)
            | Self::Trees(_) => Ok(()),
        }
    }

    /// The same model, learnt anew from a past.
    pub(crate) fn anew(&self, past: &Past) -> Result<Self, Error> {
        Ok(match self {
            Self::SeasonalNaive(state) => Self::SeasonalNaive(SeasonalNaive::new(state.season()).learn(past)),
            Self::Ridge(state) => Self::Ridge(state.anew(past)?),
            Self::Drift(_) => Self::Drift(Drift::learn(past)),
            Self::WeekdayMean(_) => Self::WeekdayMean(WeekdayMean::learn(past)),
            Self::NearestDays(_) => Self::NearestDays(NearestDays::learn(past)),
            Self::HoltWinters(_) => Self::HoltWinters(HoltWinters::learn(past)?),
            Self::Decomposition(_) => Self::Decomposition(Decomposition::learn(past)?),
            Self::Profile(state) => Self::Profile(state.anew(past)),
            Self::Trees(state) => Self::Trees(state.anew(past)?),
            Self::Combination(_) => Self::Combination(Box::new(Combination::learn(past)?)),
        })
    }
}
