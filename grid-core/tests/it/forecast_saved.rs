//! Models that earlier versions saved still load, and forecast what they forecast then.
//!
//! `forecast_saved_1.json` was written by the first version that could save models, in its format 1: every model
//! that there was then was fitted on thirty days of eight hours from 5 January 2026 on, of which the value of slot `n` is
//! `n % 3` plus a draw from 0 to 1, with slot 40 missing, slot 50 marked as filled, 6 January a holiday, and a second series
//! of draws from 0 to 10 known two days ahead. Beside each saved model stands its forecast of the next day: the mean and the
//! quantiles of 0.1, 0.5 and 0.9 of each slot.
//!
//! `auto` and `decomposition` were written once more before the first release, when the decomposition's profile of the week
//! was put right, which no saved model holds: its forecasts moved with it. A change that fails this test after a release
//! needs a new format, with a file of its own beside this one.

use grid_core::forecast::{Error, Fitted, Predict, SAVED_VERSION};
use serde_json::Value;

const SAVED: &str = include_str!("forecast_saved_1.json");

fn read() -> Vec<Value> {
    serde_json::from_str(SAVED).unwrap()
}

#[test]
fn a_model_saved_in_the_first_version_forecasts_what_it_did() {
    let entries = read();
    assert_eq!(entries.len(), 12);
    for entry in entries {
        let name = entry["model"].as_str().unwrap();
        let saved = entry["saved"].to_string();
        let fitted = Fitted::load(saved.as_bytes()).unwrap();
        assert_eq!(fitted.name(), name);
        let forecast = fitted.predict(3, &[0.1, 0.5, 0.9]).unwrap();
        let expected: Vec<Vec<f64>> = serde_json::from_value(entry["forecast"].clone()).unwrap();
        assert_eq!(forecast.points.len(), expected.len());
        for (point, expected) in forecast.points.iter().zip(&expected) {
            let got = std::iter::once(&point.mean).chain(&point.quantiles);
            // Sums may be added up in another order than then.
            let same = got.clone().zip(expected).all(|(got, expected)| (got - expected).abs() < 1e-9);
            assert!(same && got.count() == expected.len(), "{name}: {point:?} instead of {expected:?}");
        }
    }
}

#[test]
fn a_model_of_a_version_to_come_is_refused_and_what_to_do_is_said() {
    let mut entry = read().swap_remove(0);
    assert_eq!(SAVED_VERSION, 1);
    entry["saved"]["version"] = 2.into();
    let refused = Fitted::load(entry["saved"].to_string().as_bytes()).unwrap_err();
    assert!(matches!(refused, Error::SavedLater { .. }));
    let message = refused.to_string();
    assert!(message.ends_with("got version 2; read it with a newer release"), "{message}");
}
