//! The load of homes: two peaks a day, more at the weekend and in winter, and noise of which half lasts to the next hour.

use crate::draws;

/// Hours of a day, morning and evening above the night.
const SHAPE: [f64; 24] = [
    0.3, 0.25, 0.2, 0.2, 0.2, 0.3, 0.6, 0.9, 0.8, 0.5, 0.4, 0.4, 0.5, 0.5, 0.4, 0.4, 0.5, 0.7, 1.0, 1.2, 1.1,
    0.9, 0.6, 0.4,
];

/// Kilowatt-hours of each hour of so many days from a Monday in early January on. Each seed makes another home: its size, its
/// hours, its weekend and its noise.
pub fn home(seed: u64, days: u32) -> Vec<f64> {
    let mut units =
        draws(seed).map(|draw| f64::from(u32::try_from(draw >> 32).unwrap_or(0)) / f64::from(u32::MAX));
    let mut unit = move || units.next().unwrap_or(0.0);
    let (size, weekend, winter) = (0.5 + 2.0 * unit(), 0.4 * unit(), 0.6 * unit());
    let shape = SHAPE.map(|share| share * (0.7 + 0.6 * unit()));
    let mut lasting = 0.0;
    let mut values = Vec::new();
    for day in 0..days {
        let season = 1.0 + winter * (f64::from(day) / 365.25 * std::f64::consts::TAU).cos();
        let kind = if day % 7 > 4 { 1.0 + weekend } else { 1.0 };
        for share in shape {
            lasting = 0.5 * lasting + 0.5 * (unit() - 0.5);
            values.push(size * (share * season * kind * (1.0 + lasting) + 0.05 * unit()));
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_uses_more_in_the_evening_than_at_night_and_is_the_same_for_the_same_seed() {
        let (one, other) = (home(1, 70), home(2, 70));
        assert_eq!(one, home(1, 70));
        assert_ne!(one, other);
        let of = |hour: usize| one.iter().skip(hour).step_by(24).sum::<f64>();
        assert!(one.iter().all(|kwh| *kwh > 0.0) && of(19) > 2.0 * of(3));
    }
}
