//! Made series that the tests of several models share.

use jiff::civil::date;

use crate::forecast::{History, Known, Regressor, real};

/// A home of sorts: a shape over the day, more at the weekend, and noise from a seed.
pub(super) fn home(slots: usize, slots_per_day: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    (0..slots)
        .map(|slot| {
            // Knuth's MMIX generator.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let noise = f64::from(u32::try_from(state >> 33).unwrap()) / f64::from(1_u32 << 31);
            let angle = real(slot % slots_per_day) / real(slots_per_day) * std::f64::consts::TAU;
            2.0 - angle.cos() + noise + if slot / slots_per_day % 7 >= 5 { 0.5 } else { 0.0 }
        })
        .collect()
}

/// The same over whole days.
pub(super) fn home_of_days(days: usize, step_minutes: u32, seed: u64) -> Vec<f64> {
    let slots_per_day = usize::try_from(1440 / step_minutes).unwrap();
    home(days * slots_per_day, slots_per_day, seed)
}

/// A history of those values from a Monday on.
pub(super) fn history(values: Vec<f64>, step_minutes: u32) -> History {
    History::new(date(2026, 1, 5).at(0, 0, 0, 0), step_minutes, values).unwrap()
}

/// A history of hours with the temperature known three days ahead, and what the neighbour used, which is not.
pub(super) fn with_regressors(days: usize, seed: u64, after: f64) -> History {
    let slots = days * 24;
    let temperature: Vec<f64> = home_of_days(days + 3, 60, seed + 1)
        .iter()
        .enumerate()
        .map(|(at, noise)| 10.0 * noise + real(at % 11))
        .collect();
    let mut neighbour = home_of_days(days + 3, 60, seed + 2);
    neighbour.iter_mut().skip(slots).for_each(|value| *value = after);
    let load =
        home_of_days(days, 60, seed).iter().zip(&temperature).map(|(a, b)| 0.1 * a - 0.05 * b).collect();
    let regressor = |name: &str, values, known| Regressor { name: name.to_owned(), values, known };
    history(load, 60)
        .with_regressor(regressor("temperature", temperature, Known::Ahead))
        .and_then(|history| history.with_regressor(regressor("neighbour", neighbour, Known::Observed)))
        .unwrap()
}
