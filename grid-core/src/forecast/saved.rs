//! Models on paper: what was learnt, saved and loaded.

use std::io::{Read, Write};

use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};

use super::{Error, Fitted, History, Regressor, state::State};

/// The version of the format that [`Fitted::save`] writes. A reader takes this one and every older one.
pub const SAVED_VERSION: u32 = 1;
const FORMAT: &str = "grid forecast model";

/// What tells a saved model from other JSON, and one version from another.
#[derive(Deserialize)]
struct Header {
    format: String,
    version: u32,
}

#[derive(Serialize)]
struct SavedRef<'a> {
    format: &'a str,
    version: u32,
    history: SavedHistory,
    state: &'a State,
}

#[derive(Deserialize)]
struct Saved {
    history: SavedHistory,
    state: State,
}

#[derive(Serialize, Deserialize)]
struct SavedHistory {
    /// On the local clock.
    start: String,
    step_minutes: u32,
    /// `null` where one is missing.
    values: Vec<Option<f64>>,
    /// The places of the values that were filled in and not observed.
    filled: Vec<usize>,
    regressors: Vec<SavedRegressor>,
    holidays: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct SavedRegressor {
    name: String,
    known: super::Known,
    values: Vec<Option<f64>>,
}

fn to_json(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().map(|value| value.is_finite().then_some(*value)).collect()
}

fn from_json(values: Vec<Option<f64>>) -> Vec<f64> {
    values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect()
}

impl From<&History> for SavedHistory {
    fn from(history: &History) -> Self {
        let marked = history.observed().iter().zip(history.values()).enumerate();
        let filled = marked.filter(|(_, (observed, value))| !**observed && !value.is_nan());
        Self {
            start: history.start().to_string(),
            step_minutes: history.step_minutes(),
            values: to_json(history.values()),
            filled: filled.map(|(place, _)| place).collect(),
            regressors: history
                .regressors()
                .iter()
                .map(|regressor| SavedRegressor {
                    name: regressor.name.clone(),
                    known: regressor.known,
                    values: to_json(&regressor.values),
                })
                .collect(),
            holidays: history.holidays().iter().map(ToString::to_string).collect(),
        }
    }
}

impl TryFrom<SavedHistory> for History {
    type Error = Error;

    fn try_from(saved: SavedHistory) -> Result<Self, Error> {
        let mut observed = vec![true; saved.values.len()];
        for place in saved.filled {
            if let Some(mark) = observed.get_mut(place) {
                *mark = false;
            }
        }
        let not_a_date = |source: jiff::Error| Error::NotSaved { source: Some(Box::new(source)) };
        let start: DateTime = saved.start.parse().map_err(not_a_date)?;
        let holidays: Vec<Date> =
            saved.holidays.iter().map(|date| date.parse()).collect::<Result<_, _>>().map_err(not_a_date)?;
        let mut history = Self::new(start, saved.step_minutes, from_json(saved.values))?
            .with_observed(observed)?
            .with_holidays(holidays);
        for SavedRegressor { name, known, values } in saved.regressors {
            history = history.with_regressor(Regressor { name, known, values: from_json(values) })?;
        }
        Ok(history)
    }
}

impl Fitted {
    /// Writes the model as JSON, with the history that it goes on from. Loaded again it gives the same forecasts, to the last
    /// bit.
    ///
    /// # Errors
    ///
    /// [`Error::Unsaved`] where it cannot be written.
    pub fn save(&self, into: impl Write) -> Result<(), Error> {
        let saved = SavedRef {
            format: FORMAT,
            version: SAVED_VERSION,
            history: self.history().into(),
            state: self.state(),
        };
        serde_json::to_writer(into, &saved).map_err(|source| Error::Unsaved { source: Box::new(source) })
    }

    /// Reads a model that [`Fitted::save`] wrote, in this version of the format or an older one.
    ///
    /// ```
    /// use grid_core::forecast::{Fit, Fitted, History, Model, Predict};
    /// use jiff::civil::date;
    ///
    /// let values = (0..24 * 40).map(|hour| f64::from(hour * 7 % 24)).collect();
    /// let fitted = Model::Auto.fit(&History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, values)?)?;
    /// let mut saved = Vec::new();
    /// fitted.save(&mut saved)?;
    /// assert_eq!(Fitted::load(&saved[..])?.predict(24, &[0.5])?, fitted.predict(24, &[0.5])?);
    /// # Ok::<(), grid_core::forecast::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NotSaved`] for what is no saved model; [`Error::SavedLater`] for one of a newer version.
    pub fn load(mut from: impl Read) -> Result<Self, Error> {
        let not_saved = |source: serde_json::Error| Error::NotSaved { source: Some(Box::new(source)) };
        let mut text = Vec::new();
        from.read_to_end(&mut text).map_err(|source| Error::NotSaved { source: Some(Box::new(source)) })?;
        let header: Header = serde_json::from_slice(&text).map_err(not_saved)?;
        if header.format != FORMAT {
            return Err(Error::NotSaved { source: None });
        }
        if header.version > SAVED_VERSION {
            return Err(Error::SavedLater { newest: SAVED_VERSION, got: header.version });
        }
        let saved: Saved = serde_json::from_slice(&text).map_err(not_saved)?;
        Self::restored(&saved.history.try_into()?, saved.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::{Fit, Known, Model, Predict};
    use jiff::civil::date;

    const LEVELS: [f64; 5] = [0.1, 0.25, 0.5, 0.75, 0.9];

    fn history() -> History {
        let draw = |hour: u32| f64::from(hour.wrapping_mul(2_654_435_761) >> 16) / 65_536.0;
        let mut values: Vec<f64> = (0..24 * 60).map(|hour| f64::from(hour % 24 / 6) + draw(hour)).collect();
        values[100] = f64::NAN;
        let mut observed = vec![true; values.len()];
        observed[200] = false;
        let warmth = (0..24 * 70).map(|hour| if hour == 9 { f64::NAN } else { draw(hour + 7) }).collect();
        History::new(date(2026, 1, 5).at(0, 0, 0, 0), 60, values)
            .unwrap()
            .with_observed(observed)
            .unwrap()
            .with_holidays([date(2026, 1, 6)])
            .with_regressor(Regressor { name: "warmth".into(), values: warmth, known: Known::Ahead })
            .unwrap()
    }

    #[test]
    fn every_model_forecasts_the_same_after_it_was_saved_and_loaded_also_when_it_goes_on() {
        for model in Model::all() {
            let earlier = history().before(date(2026, 3, 1).at(0, 0, 0, 0), 400);
            let mut fitted = model.fit(&earlier).unwrap();
            let mut text = Vec::new();
            fitted.save(&mut text).unwrap();
            let mut loaded = Fitted::load(&text[..]).unwrap();
            assert_eq!(loaded.history().observed(), fitted.history().observed());
            assert_eq!(loaded.predict(30, &LEVELS).unwrap(), fitted.predict(30, &LEVELS).unwrap(), "{model}");
            loaded.update(&history()).unwrap();
            fitted.update(&history()).unwrap();
            assert_eq!(loaded.predict(30, &LEVELS).unwrap(), fitted.predict(30, &LEVELS).unwrap(), "{model}");
        }
    }

    #[test]
    fn what_is_no_saved_model_is_refused_and_a_later_version_is_named() {
        for text in ["", "{}", "[1]", r#"{"format":"something else","version":1}"#] {
            assert!(matches!(Fitted::load(text.as_bytes()), Err(Error::NotSaved { .. })), "{text}");
        }
        let later = format!(r#"{{"format":"{FORMAT}","version":{}}}"#, SAVED_VERSION + 1);
        let refused = Fitted::load(later.as_bytes()).unwrap_err();
        assert!(
            matches!(refused, Error::SavedLater { newest: SAVED_VERSION, got } if got == SAVED_VERSION + 1)
        );
    }
}
