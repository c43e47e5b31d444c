//! What no forecast leaves, whatever the model: nothing falls below zero that never did, and no panel gives anything at
//! night.

use super::{History, Known, ahead::CLEAR_SKY, learnt::Outlook};

/// A series whose readings at night come to more than this part of those by day is no generation.
const MOST_AT_NIGHT: f64 = 0.05;

/// Within what the forecasts that go on from a history must stay.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    floor: f64,
    /// Whether the sun is down all through each slot after the history, as far as that is known; empty where the series
    /// does not come from the sun.
    dark: Vec<bool>,
}

impl Bounds {
    /// The bounds of what comes after a history.
    ///
    /// One that was never negative stays so. Where it knows the [clear sky](History::with_clear_sky) too, it is zero
    /// where that is, unless its own readings say that it does not come from the sun, as those of a home's load do.
    pub(crate) fn of(history: &History) -> Self {
        if !history.is_non_negative() {
            return Self { floor: f64::NEG_INFINITY, dark: vec![] };
        }
        let known_ahead = |name: &str| {
            let mut regressors = history.regressors().iter();
            regressors.find(|regressor| regressor.name == name && regressor.known == Known::Ahead)
        };
        let sky = known_ahead(CLEAR_SKY).map_or(&[][..], |regressor| &regressor.values);
        let to_come = sky.get(history.values().len()..).unwrap_or_default();
        let dark = if is_from_the_sun(history, sky) { to_come } else { &[] };
        Self { floor: 0.0, dark: dark.iter().map(|irradiance| *irradiance <= 0.0).collect() }
    }

    /// Keeps the expectation of the slot `slot` slots after the history within them.
    pub(crate) fn keep(&self, slot: usize, outlook: &mut Outlook) {
        let dark = self.dark.get(slot).copied().unwrap_or_default();
        for value in std::iter::once(&mut outlook.mean).chain(&mut outlook.quantiles) {
            *value = if dark { 0.0 } else { value.max(self.floor) };
        }
    }
}

/// Whether there is next to nothing at night, on average, of what there is by day.
fn is_from_the_sun(history: &History, sky: &[f64]) -> bool {
    let mean = |night: bool| {
        let at = sky.iter().enumerate().filter(|(_, irradiance)| (**irradiance <= 0.0) == night);
        let known = at.filter_map(|(slot, _)| history.observed_value(slot));
        let (sum, count) = known.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
        if count > 0.0 { sum / count } else { 0.0 }
    };
    mean(true) <= MOST_AT_NIGHT * mean(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::{Error, Fit, Model, Predict, Site, random::Random};
    use jiff::{ToSpan, civil::date, tz::TimeZone};
    use proptest::prelude::*;

    /// Hours under the clear sky of Madrid from some hour of 2026 on; `value` is given the irradiance in W/m².
    fn under_the_sun(from: i64, hours: usize, mut value: impl FnMut(f64) -> f64) -> History {
        let start = date(2026, 1, 1).at(0, 0, 0, 0) + from.hours();
        let bare = |values| History::new(start, 60, values).unwrap();
        let site = Site::new(40.4, -3.7).unwrap();
        let sky = bare(vec![0.0; hours]).with_clear_sky(site, &TimeZone::UTC).unwrap();
        let sky = sky.regressors()[0].clone();
        let values = sky.values.iter().take(hours).map(|irradiance| value(*irradiance)).collect();
        bare(values).with_regressor(sky).unwrap()
    }

    fn sky_after(history: &History) -> &[f64] {
        &history.regressors()[0].values[history.values().len()..]
    }

    #[test]
    fn a_load_goes_on_at_night_though_the_sky_is_known() {
        let mut random = Random::new(1);
        let home = under_the_sun(0, 24 * 40, |_| 0.2 + 0.1 * random.unit());
        for point in Model::Ridge.fit(&home).unwrap().predict(24, &[0.1, 0.9]).unwrap().points {
            assert!(point.mean > 0.15 && point.quantiles[0] > 0.1, "{point:?}");
        }
    }

    #[test]
    fn what_is_fed_in_may_be_negative_at_night() {
        let net = under_the_sun(0, 24 * 40, |irradiance| irradiance / 1000.0 - 0.25);
        let points = Model::Ridge.fit(&net).unwrap().predict(24, &[]).unwrap().points;
        assert!((points[1].mean + 0.25).abs() < 0.1, "{:?}", points[1]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn no_panel_gives_anything_at_night_or_takes_anything_by_day(
            seed: u64, from in 0..8760_i64, hours in 24 * 14..24 * 35_usize, gaps in 2..50_u32, size in 0.01..100.0_f64,
            model in prop::sample::select(Model::all().collect::<Vec<_>>()),
        ) {
            let mut random = Random::new(seed);
            let plant = under_the_sun(from, hours, |irradiance| {
                let clouds = random.unit();
                let silent = random.unit() * f64::from(gaps) < 1.0;
                if silent { f64::NAN } else { size * irradiance / 1000.0 * (1.0 - clouds * clouds) }
            });
            let fitted = match model.fit(&plant) {
                Ok(fitted) => fitted,
                Err(Error::TooShort { .. }) => return Ok(()),
                Err(error) => panic!("{model}: {error}"),
            };
            let points = fitted.predict(24, &[0.025, 0.5, 0.975]).unwrap().points;
            for (point, irradiance) in points.iter().zip(sky_after(&plant)) {
                let mut values = point.quantiles.iter().chain([&point.mean]);
                if *irradiance <= 0.0 {
                    prop_assert!(values.all(|value| value.abs() < f64::MIN_POSITIVE), "{model}: {point:?}");
                } else {
                    prop_assert!(values.all(|value| *value >= 0.0), "{model}: {point:?}");
                }
            }
        }

        #[test]
        fn no_path_of_a_panel_leaves_the_ground_at_night(seed: u64, from in 0..8760_i64) {
            let mut random = Random::new(seed);
            let plant = under_the_sun(from, 24 * 35, |irradiance| irradiance * random.unit());
            for path in Model::WeekdayMean.fit(&plant).unwrap().sample(24, 20, seed).unwrap() {
                for (value, irradiance) in path.iter().zip(sky_after(&plant)) {
                    let sound = if *irradiance <= 0.0 { value.abs() < f64::MIN_POSITIVE } else { *value >= 0.0 };
                    prop_assert!(sound, "{value} under {irradiance}");
                }
            }
        }
    }
}
