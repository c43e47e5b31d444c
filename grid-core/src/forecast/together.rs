//! Forecasts of a community and its members that add up.

use std::{collections::BTreeMap, str::FromStr};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use rayon::prelude::*;

use super::{
    Error, Fit, Fitted, Forecast, Hierarchy, History, LEARNT_DAYS, Method, Point, Predict, apportion_energy,
    last_days, reconcile,
};
use crate::{error::excerpt, quantity::Energy};

/// The days whose errors say how far each forecast is moved, where they do.
const ERROR_DAYS: u32 = 28;

/// How forecasts are made to add up, by its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reconciling {
    /// The community's own forecast stands, and is divided among its members: [`Method::TopDown`].
    #[default]
    TopDown,
    /// The members' forecasts stand, and are added up: [`Method::BottomUp`].
    BottomUp,
    /// All move, as far as their errors of the last 28 days say: [`Method::MinT`].
    MinTrace,
}

impl Reconciling {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TopDown => "top_down",
            Self::BottomUp => "bottom_up",
            Self::MinTrace => "min_trace",
        }
    }
}

impl FromStr for Reconciling {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        [Self::TopDown, Self::BottomUp, Self::MinTrace]
            .into_iter()
            .find(|known| known.as_str() == text)
            .ok_or_else(|| Error::UnknownMethod { got: excerpt(text) })
    }
}

/// The forecast of a community or of a member.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its means and quantiles, moved so that the means add up.
    pub forecast: Forecast,
    /// Its means to the milliwatt-hour, one a slot; those of the members add up to the community's exactly.
    pub energy: Vec<Energy>,
}

/// What is expected of a slot at an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct EnergyInTime {
    /// The start of the slot.
    pub start: Timestamp,
    /// The mean.
    pub energy: Energy,
    /// One value in kWh per level of [`Forecast::quantile_levels`], never falling.
    pub quantiles: Vec<f64>,
}

impl Part {
    /// The slots at their instants in `zone`; see [`Forecast::local_to_instants`].
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] where an instant lies outside the years -9999 to 9999.
    pub fn instants(&self, zone: &TimeZone) -> Result<Vec<EnergyInTime>, Error> {
        let places = self.forecast.places_in_time(zone)?;
        let point = |(start, place): (Timestamp, usize)| {
            let quantiles = self.forecast.points.get(place).map(|point| point.quantiles.clone());
            Some(EnergyInTime { start, energy: *self.energy.get(place)?, quantiles: quantiles? })
        };
        Ok(places.into_iter().filter_map(point).collect())
    }
}

/// The forecasts of a community and of its members.
#[derive(Clone, Debug, PartialEq)]
pub struct Together {
    /// The community's.
    pub whole: Part,
    /// The members', by name.
    pub parts: BTreeMap<String, Part>,
    /// The members of whom too little is known to forecast anything.
    pub left_out: Vec<String>,
}

/// Forecasts a community and its members from their histories in kWh, so that the members add up to the community.
///
/// Members are forecast side by side on the threads of rayon. One whose history is empty or too short is left out.
///
/// ```
/// use std::collections::BTreeMap;
/// use grid_core::{forecast::{History, Model, Reconciling, forecast_together}, quantity::Energy};
/// use jiff::civil::date;
///
/// let history = |kwh: f64| History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, vec![kwh; 24 * 14]);
/// let members = BTreeMap::from([("ana".to_owned(), history(1.0)?), ("ben".to_owned(), history(2.0 / 3.0)?)]);
/// let whole = history(1.0 + 2.0 / 3.0)?;
/// let together = forecast_together(&Model::SeasonalNaiveDay, &whole, &members, 24, &[0.1, 0.9], Reconciling::TopDown)?;
/// assert_eq!(together.whole.energy[0], Energy::from_mwh(1_666_667));
/// let sum = together.parts["ana"].energy[0].as_mwh() + together.parts["ben"].energy[0].as_mwh();
/// assert_eq!(sum, 1_666_667);
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// What the model refuses of the community's history; [`Error::AllMissing`] where no member can be forecast; those of
/// [`reconcile`] and [`apportion_energy`].
pub fn forecast_together(
    model: &(impl Fit<Fitted = Fitted> + Sync),
    whole: &History,
    parts: &BTreeMap<String, History>,
    horizon: usize,
    quantiles: &[f64],
    reconciling: Reconciling,
) -> Result<Together, Error> {
    let predict = |history: &History| model.fit(history)?.predict(horizon, quantiles);
    let each: Vec<(&String, Result<Forecast, Error>)> =
        parts.par_iter().map(|(name, history)| (name, predict(history))).collect();
    // No member's id is empty, so that no name of theirs is the whole's.
    let mut own = BTreeMap::from([(String::new(), predict(whole)?)]);
    let mut left_out = Vec::new();
    for (name, forecast) in each {
        match forecast {
            Ok(forecast) => {
                own.insert(name.clone(), forecast);
            }
            Err(Error::AllMissing { .. } | Error::TooShort { .. }) => left_out.push(name.clone()),
            Err(error) => return Err(error),
        }
    }
    if own.len() == 1 {
        return Err(Error::AllMissing { slots: whole.values().len() });
    }
    let nodes = own.keys().map(|name| (name.clone(), (!name.is_empty()).then(String::new)));
    let hierarchy = Hierarchy::new(nodes)?;
    let method = match reconciling {
        Reconciling::TopDown => Method::TopDown,
        Reconciling::BottomUp => Method::BottomUp,
        Reconciling::MinTrace => Method::MinT { errors: errors(model, whole, parts, &own)? },
    };
    let reconciled = reconcile(&hierarchy, &own, &method)?;
    let mut energies = apportion_energy(&hierarchy, &reconciled)?;
    let mut made: BTreeMap<String, Part> = reconciled
        .into_iter()
        .map(|(name, forecast)| {
            let energy = energies.remove(&name).unwrap_or_default();
            (name, Part { forecast, energy })
        })
        .collect();
    let whole = made.remove("").ok_or_else(|| Error::MissingNode { node: String::new() })?;
    Ok(Together { whole, parts: made, left_out })
}

/// What each node that has a forecast was off in the last days, each day forecast from its start; NaN where too little was known.
fn errors(
    model: &(impl Fit<Fitted = Fitted> + Sync),
    whole: &History,
    parts: &BTreeMap<String, History>,
    own: &BTreeMap<String, Forecast>,
) -> Result<BTreeMap<String, Vec<f64>>, Error> {
    let origins = last_days(whole, ERROR_DAYS);
    own.keys()
        .map(|name| {
            let history = parts.get(name).unwrap_or(whole);
            let of_day = |origin: &DateTime| day_errors(model, history, *origin);
            let days: Vec<Vec<f64>> = origins.par_iter().map(of_day).collect::<Result<_, Error>>()?;
            Ok((name.clone(), days.concat()))
        })
        .collect()
}

fn day_errors(
    model: &impl Fit<Fitted = Fitted>,
    history: &History,
    origin: DateTime,
) -> Result<Vec<f64>, Error> {
    let slots = history.slots_per_day();
    let past = history.before(origin, LEARNT_DAYS);
    let error = |point: &Point| {
        let actual = history.slot_of(point.start).and_then(|slot| history.observed_value(slot));
        actual.map_or(f64::NAN, |actual| actual - point.mean)
    };
    match model.fit(&past).and_then(|fitted| fitted.predict(slots, &[])) {
        Ok(forecast) => Ok(forecast.points.iter().map(error).collect()),
        Err(Error::AllMissing { .. } | Error::TooShort { .. }) => Ok(vec![f64::NAN; slots]),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::Model;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn history(values: Vec<f64>) -> History {
        History::new(date(2026, 10, 1).at(0, 0, 0, 0), 60, values).unwrap()
    }

    fn wave(days: usize, size: f64, shift: usize) -> Vec<f64> {
        (0..24 * days).map(|hour| size * (1.0 + crate::forecast::real((hour * 7 + shift) % 24))).collect()
    }

    fn together(sizes: &[f64], reconciling: Reconciling) -> Together {
        let parts: BTreeMap<String, History> = sizes
            .iter()
            .enumerate()
            .map(|(place, size)| (place.to_string(), history(wave(24, *size, place))))
            .collect();
        let sums = (0..24 * 24).map(|slot| parts.values().map(|part| part.values()[slot]).sum()).collect();
        let model = Model::SeasonalNaiveDay;
        forecast_together(&model, &history(sums), &parts, 48, &[0.1, 0.5, 0.9], reconciling).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn members_add_up_to_the_community_to_the_last_milliwatt_hour_also_when_the_clock_changes(
            sizes in prop::collection::vec(0.001..3.0_f64, 1..6), bottom_up in any::<bool>(),
        ) {
            let reconciling = if bottom_up { Reconciling::BottomUp } else { Reconciling::TopDown };
            let together = together(&sizes, reconciling);
            // Madrid's clock is changed on the first day that is forecast, 25 October 2026.
            let zone = TimeZone::get("Europe/Madrid").unwrap();
            let whole = together.whole.instants(&zone).unwrap();
            prop_assert_eq!(whole.len(), 49);
            let parts: Vec<_> = together.parts.values().map(|part| part.instants(&zone).unwrap()).collect();
            for (place, slot) in whole.iter().enumerate() {
                let sum: i64 = parts.iter().map(|part| part[place].energy.as_mwh()).sum();
                prop_assert_eq!(sum, slot.energy.as_mwh());
                prop_assert!(parts.iter().all(|part| part[place].start == slot.start));
            }
        }
    }

    #[test]
    fn errors_of_the_last_days_move_all_and_they_still_add_up() {
        let parts = BTreeMap::from([
            (
                "a".to_owned(),
                history(
                    wave(40, 1.0, 0)
                        .iter()
                        .zip(wave(40, 0.1, 5))
                        .enumerate()
                        .map(|(slot, (a, b))| a + b * crate::forecast::real(slot % 31))
                        .collect(),
                ),
            ),
            (
                "b".to_owned(),
                history(
                    wave(40, 2.0, 3)
                        .iter()
                        .enumerate()
                        .map(|(slot, a)| a + 0.3 * crate::forecast::real(slot % 17))
                        .collect(),
                ),
            ),
        ]);
        let sums = (0..24 * 40).map(|slot| parts.values().map(|part| part.values()[slot]).sum()).collect();
        let model = Model::SeasonalNaiveDay;
        let made =
            forecast_together(&model, &history(sums), &parts, 24, &[0.5], Reconciling::MinTrace).unwrap();
        for slot in 0..24 {
            let sum: i64 = made.parts.values().map(|part| part.energy[slot].as_mwh()).sum();
            assert_eq!(sum, made.whole.energy[slot].as_mwh());
        }
    }

    #[test]
    fn a_member_without_readings_is_left_out_and_named() {
        let parts = BTreeMap::from([
            ("a".to_owned(), history(wave(14, 1.0, 0))),
            ("new".to_owned(), history(vec![f64::NAN; 24 * 14])),
        ]);
        let made = |parts: &BTreeMap<String, History>| {
            let whole = history(wave(14, 1.0, 0));
            forecast_together(&Model::Auto, &whole, parts, 24, &[], Reconciling::default())
        };
        let together = made(&parts).unwrap();
        assert_eq!((together.parts.len(), together.left_out), (1, vec!["new".to_owned()]));
        assert!(matches!(made(&BTreeMap::new()), Err(Error::AllMissing { .. })));
    }

    #[test]
    fn days_before_anything_was_known_have_no_errors() {
        // Three weeks of readings after three of silence: of the last 28 days seven have nothing to learn from.
        let late = |size: f64, shift: usize| {
            let mut values = vec![f64::NAN; 24 * 21];
            values.extend(
                wave(21, size, shift)
                    .iter()
                    .enumerate()
                    .map(|(slot, kwh)| kwh + crate::forecast::real(slot * (shift + 3) % 11)),
            );
            history(values)
        };
        let parts = BTreeMap::from([("a".to_owned(), late(1.0, 0)), ("b".to_owned(), late(0.3, 4))]);
        let sums = (0..24 * 42).map(|slot| parts.values().map(|part| part.values()[slot]).sum()).collect();
        let made =
            forecast_together(&Model::WeekdayMean, &history(sums), &parts, 24, &[], Reconciling::MinTrace)
                .unwrap();
        let sum: i64 = made.parts.values().map(|part| part.energy[0].as_mwh()).sum();
        assert_eq!(sum, made.whole.energy[0].as_mwh());
    }

    #[test]
    fn a_method_is_read_by_its_name() {
        assert_eq!("min_trace".parse::<Reconciling>().unwrap(), Reconciling::MinTrace);
        let refused = "mint".parse::<Reconciling>().unwrap_err().to_string();
        assert_eq!(refused, "expected a method `top_down`, `bottom_up` or `min_trace`, got `mint`");
    }
}
