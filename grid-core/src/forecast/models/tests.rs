//! What holds for every model.

use jiff::{ToSpan, tz::TimeZone};
use proptest::prelude::*;

use super::{
    made::{history, home},
    *,
};
use crate::forecast::{Error, Fit, Forecast, History, Predict, features::Past, learnt::Learnt};

const LEVELS: [f64; 5] = [0.025, 0.1, 0.5, 0.9, 0.975];

fn with(mut values: Vec<f64>, change: impl FnOnce(&mut Vec<f64>)) -> Vec<f64> {
    change(&mut values);
    values
}

/// The forecast of two days, which must be sound.
fn sound(model: Model, history: &History) -> Result<Forecast, Error> {
    let fitted = model.fit(history)?;
    let day = history.slots_per_day();
    // Beyond the first day these learn once more for each; their own tests look further.
    let forecast = fitted.predict(
        if matches!(model, Model::Ridge | Model::ElasticNet | Model::Trees | Model::Auto) {
            day
        } else {
            2 * day
        },
        &LEVELS,
    )?;
    for point in &forecast.points {
        assert!(point.mean.is_finite(), "{model}: {point:?}");
        assert!(point.quantiles.iter().all(|value| value.is_finite()), "{model}: {point:?}");
        assert!(point.quantiles.is_sorted(), "{model}: {point:?}");
    }
    Ok(forecast)
}

/// The models that look at nothing but what was observed; the others may look at a filled gap as at yesterday's value.
fn observing() -> impl Iterator<Item = Model> {
    use Model::{Decomposition, Drift, HoltWinters, NearestDays, Profile, WeekdayMean};
    [Drift, WeekdayMean, NearestDays, HoltWinters, Decomposition, Profile].into_iter()
}

#[test]
fn a_long_history_is_forecast_soundly_however_strange_it_is() {
    let usual = || home(24 * 50, 24, 1);
    let cases = [
        ("constant", vec![5.0; 24 * 50]),
        ("all zero", vec![0.0; 24 * 50]),
        ("huge", usual().iter().map(|value| value * 1e90).collect()),
        ("huge and negative", usual().iter().map(|value| value * -1e90).collect()),
        ("minute", usual().iter().map(|value| value * 1e-90).collect()),
        ("one outlier", with(usual(), |values| values[24 * 48 + 9] = 3e6)),
        ("one negative outlier", with(usual(), |values| values[24 * 48 + 9] = -3e6)),
        ("silent for its last week", with(usual(), |values| values[24 * 43..].fill(f64::NAN))),
        ("silent for a week", with(usual(), |values| values[24 * 30..24 * 37].fill(f64::NAN))),
        ("silent for its first week", with(usual(), |values| values[..24 * 7].fill(f64::NAN))),
        ("of both signs", usual().iter().map(|value| value - 2.5).collect()),
        ("hardly ever on", (0..24 * 50).map(|slot| if slot % 311 == 5 { 2.0 } else { 0.0 }).collect()),
        (
            "without one time of day",
            with(usual(), |values| values.iter_mut().skip(7).step_by(24).for_each(|value| *value = f64::NAN)),
        ),
    ];
    for (case, values) in cases {
        for model in Model::all() {
            let forecast = sound(model, &history(values.clone(), 60));
            assert!(forecast.is_ok(), "{model}, {case}: {forecast:?}");
        }
    }
}

#[test]
fn what_never_changes_goes_on() {
    for level in [0.0, 0.1, 5.0, -3.0, 1e90] {
        for model in Model::all() {
            for point in sound(model, &history(vec![level; 24 * 40], 60)).unwrap().points {
                assert!((point.mean - level).abs() <= 1e-9 * level.abs(), "{model}, {level}: {point:?}");
            }
        }
    }
}

#[test]
fn one_absurd_reading_does_not_carry_a_forecast_away() {
    // The home's readings lie between 1 and 4.5, so that they are drawn in to three times that range beyond it.
    for outlier in [3e6, -3e6, 1e90] {
        for at in [24 * 20 + 9, 24 * 48 + 9, 24 * 50 - 1] {
            let values = with(home(24 * 50, 24, 1), |values| values[at] = outlier);
            for model in Model::all() {
                for point in sound(model, &history(values.clone(), 60)).unwrap().points {
                    assert!((-9.6..15.1).contains(&point.mean), "{model}, {outlier} at {at}: {point:?}");
                }
            }
        }
    }
}

#[test]
fn too_little_is_said_and_the_profile_does_with_one_reading() {
    for model in Model::all() {
        assert!(matches!(sound(model, &history(vec![], 60)), Err(Error::TooShort { .. })), "{model}");
        let missing = history(vec![f64::NAN; 24 * 40], 60);
        assert!(matches!(sound(model, &missing), Err(Error::AllMissing { slots: 960 })), "{model}");
        for few in [vec![1.0], vec![1.0, 2.0], home(23, 24, 1)] {
            let forecast = sound(model, &history(few, 60));
            match model {
                Model::Profile | Model::Auto => assert!(forecast.is_ok()),
                _ => assert!(matches!(forecast, Err(Error::TooShort { .. })), "{model}: {forecast:?}"),
            }
        }
        // Long on the clock, but nearly silent.
        let silent = sound(model, &history(with(vec![f64::NAN; 24 * 40], |values| values[100] = 2.0), 60));
        match silent {
            Ok(forecast) => {
                assert!(forecast.points.iter().all(|point| (point.mean - 2.0).abs() < 1e-9), "{model}");
            }
            Err(error) => assert!(matches!(error, Error::TooShort { .. }), "{model}: {error}"),
        }
    }
}

#[test]
fn instants_given_twice_are_one_reading() {
    let zone = TimeZone::get("Europe/Madrid").unwrap();
    let start: jiff::Timestamp = "2026-01-04T23:00:00Z".parse().unwrap();
    let once: Vec<_> = (0_i64..)
        .zip(home(24 * 40, 24, 1))
        .map(|(hour, value)| (start + hour.hours(), Some(value)))
        .collect();
    let twice = once.iter().chain(&once).copied();
    let twice = History::from_instants(twice, &zone, 60).unwrap();
    let once = History::from_instants(once.iter().copied(), &zone, 60).unwrap();
    for model in Model::all() {
        assert_eq!(sound(model, &twice).unwrap(), sound(model, &once).unwrap(), "{model}");
    }
}

#[test]
fn values_that_were_filled_before_are_not_learnt_from() {
    let (values, mask) = (home(24 * 50, 24, 1), (0..24 * 50).map(|slot| slot % 5 != 2));
    let spoilt =
        values.iter().zip(mask.clone()).map(|(value, mark)| if mark { *value } else { 77.0 }).collect();
    let silent: Vec<f64> =
        values.iter().zip(mask.clone()).map(|(value, mark)| if mark { *value } else { f64::NAN }).collect();
    let spoilt = history(spoilt, 60).with_observed(mask.collect()).unwrap();
    for model in observing() {
        assert_eq!(
            sound(model, &spoilt).unwrap(),
            sound(model, &history(silent.clone(), 60)).unwrap(),
            "{model}"
        );
    }
}

#[test]
fn every_step_is_forecast() {
    for (step, day) in [(5, 288), (15, 96), (30, 48), (80, 18), (240, 6), (720, 2)] {
        // Not at midnight.
        let history = history(home(22 * day + day / 2, day, 1), step);
        for model in observing() {
            let forecast = sound(model, &history).unwrap();
            assert!(
                forecast.points.iter().all(|point| (0.0..6.0).contains(&point.mean)),
                "{model}, {step} minutes"
            );
        }
    }
}

fn learnt(past: &Past) -> Vec<Box<dyn Learnt>> {
    vec![
        Box::new(Drift::learn(past)),
        Box::new(WeekdayMean::learn(past)),
        Box::new(NearestDays::learn(past)),
        Box::new(HoltWinters::learn(past).unwrap()),
        Box::new(Decomposition::learn(past).unwrap()),
        Box::new(Profile::default().learn(past)),
    ]
}

fn bits(rows: &[Vec<f64>]) -> Vec<Vec<u64>> {
    rows.iter().map(|row| row.iter().map(|value| value.to_bits()).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nothing_at_or_after_an_origin_is_seen_from_it(
        seed in any::<u64>(), origin in 24 * 15..24 * 45_usize, gaps in 2..40_usize,
        other in prop::sample::select(vec![f64::NAN, 0.0, 999.0, -1e90]),
    ) {
        let values = with(home(24 * 45, 24, seed), |values| {
            values.iter_mut().step_by(gaps).for_each(|value| *value = f64::NAN);
        });
        let changed = with(values.clone(), |values| values[origin..].fill(other));
        let known = history(values[..origin].to_vec(), 60);
        let past = |values| Past::new(&history(values, 60)).unwrap();
        let (past, changed, known) = (past(values), past(changed), Past::new(&known).unwrap());
        for model in learnt(&past) {
            let row = model.means(&past, &[origin], 48).unwrap();
            prop_assert_eq!(bits(&row), bits(&model.means(&changed, &[origin], 48).unwrap()), "{}", model.name());
            prop_assert_eq!(bits(&row), bits(&model.means(&known, &[origin], 48).unwrap()), "{}", model.name());
        }
    }

    #[test]
    fn many_origins_at_once_are_each_origin_alone(
        seed in any::<u64>(), origins in prop::collection::vec(0..=24 * 45_usize, 1..9),
    ) {
        let past = Past::new(&history(home(24 * 45, 24, seed), 60)).unwrap();
        for model in learnt(&past) {
            let rows = model.means(&past, &origins, 30).unwrap();
            prop_assert_eq!(rows.len(), origins.len());
            for (row, origin) in rows.iter().zip(&origins) {
                prop_assert_eq!(row.len(), 30);
                prop_assert!(row.iter().all(|value| value.is_finite()), "{} {}", model.name(), origin);
                prop_assert_eq!(bits(std::slice::from_ref(row)), bits(&model.means(&past, &[*origin], 30).unwrap()));
            }
        }
    }
}

/// A state that was written and read again; `serde_json` may read a float one unit in the last place off.
fn read_again<State: serde::Serialize + serde::de::DeserializeOwned>(state: &State) -> State {
    serde_json::from_str(&serde_json::to_string(state).unwrap()).unwrap()
}

#[test]
fn what_was_learnt_can_be_written_and_read() {
    let past = Past::new(&history(home(24 * 45, 24, 1), 60)).unwrap();
    let again: Vec<Box<dyn Learnt>> = vec![
        Box::new(read_again(&Drift::learn(&past))),
        Box::new(read_again(&WeekdayMean::learn(&past))),
        Box::new(read_again(&NearestDays::learn(&past))),
        Box::new(read_again(&HoltWinters::learn(&past).unwrap())),
        Box::new(read_again(&Decomposition::learn(&past).unwrap())),
        Box::new(read_again(&Profile::default().learn(&past))),
    ];
    for (one, other) in learnt(&past).iter().zip(&again) {
        let (one, other) =
            (one.outlook(&past, 48, &LEVELS).unwrap(), other.outlook(&past, 48, &LEVELS).unwrap());
        for (one, other) in one.iter().zip(&other) {
            assert!((one.mean - other.mean).abs() < 1e-9);
            for (one, other) in one.quantiles.iter().zip(&other.quantiles) {
                assert!((one - other).abs() < 1e-9);
            }
        }
    }
}
