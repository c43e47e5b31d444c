//! Fitting a forecast to 400 days of hours, and predicting the next day.
#![allow(clippy::unwrap_used, reason = "a bench may stop at what it did not expect")]

use divan::Bencher;
use grid_benches::draws;
use grid_core::forecast::{Fit, History, Model, Predict, quantiles_of_levels};
use jiff::civil::date;

const HOURS: u32 = 400 * 24;

fn main() {
    divan::main();
}

/// A home's load: a shape of the day, a weekend, a season, and noise.
fn history() -> History {
    let noise = draws(5).map(|draw| f64::from(u16::try_from(draw % 1000).unwrap()) * 5e-4);
    let values = (0..HOURS).zip(noise).map(|(hour, noise)| {
        let day = f64::from(hour % 24) / 24.0 * std::f64::consts::TAU;
        let year = f64::from(hour) / 8766.0 * std::f64::consts::TAU;
        let weekend = if hour / 24 % 7 > 4 { 0.3 } else { 0.0 };
        1.5 - 0.6 * day.cos() + 0.4 * year.cos() + weekend + noise
    });
    History::new(date(2025, 1, 6).at(0, 0, 0, 0), 60, values.collect()).unwrap()
}

#[divan::bench(args = ["seasonal_naive", "ridge", "auto"], sample_count = 10, sample_size = 1)]
fn fit(bencher: Bencher, model: &str) {
    let (history, model) = (history(), model.parse::<Model>().unwrap());
    bencher.bench(|| model.fit(&history).unwrap());
}

#[divan::bench(args = ["seasonal_naive", "ridge"], sample_count = 20, sample_size = 1)]
fn predict_a_day(bencher: Bencher, model: &str) {
    let levels = quantiles_of_levels(&[50, 80]).unwrap();
    let fitted = model.parse::<Model>().unwrap().fit(&history()).unwrap();
    bencher.bench(|| fitted.predict(24, &levels).unwrap());
}
