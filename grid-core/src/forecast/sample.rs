//! Whole courses that a forecast leaves open: paths that keep the hours together.
//!
//! Quantiles say how much each hour may be off, not that a cold evening is above its median in all of its hours. A battery
//! that is planned over a day, or the sum over a day, needs that. So paths are drawn whose values of each slot follow the
//! forecast's own quantiles, and whose ranks from slot to slot are those of a past day's errors.
//!
//! # References
//!
//! M. Clark, S. Gangopadhyay, L. Hay, B. Rajagopalan, R. Wilby: "The Schaake shuffle: a method for reconstructing
//! space-time variability in forecasted precipitation and temperature fields", Journal of Hydrometeorology 5(1), 2004.
//! R. Schefzik, T. L. Thorarinsdottir, T. Gneiting: "Uncertainty quantification in complex simulation models using
//! ensemble copula coupling", Statistical Science 28(4), 2013, for the empirical copula behind it.

use super::{Error, Forecast, Point, random::Random, real};

/// With fewer days of errors there is no dependence to see.
const LEAST_DAYS: usize = 7;
/// As many paths as is sensible.
const MOST_PATHS: usize = 100_000;

/// Draws `count` whole paths from a forecast, with the dependence between its slots that past errors had.
///
/// `errors` has one row per past forecast (actual minus forecast, one per slot of `forecast`); a row with a missing (NaN)
/// error is left out. Each path takes the ranks of one row, one row at a time until all were used; the level that belongs
/// to a rank is drawn within that rank's share, and the forecast's quantiles give the value: straight lines between them,
/// and beyond the outermost ones on in the same direction up to the levels 0 and 1. Where no quantile of a slot is below
/// zero, no value is.
///
/// The same input and seed give the same paths, to the last bit.
///
/// ```
/// use grid_core::forecast::{Forecast, Point, sample_paths};
/// use jiff::{ToSpan, civil::date};
///
/// let start = date(2026, 1, 1).at(0, 0, 0, 0);
/// let point = |hour: i64| Point { start: start + hour.hours(), mean: 2.0, quantiles: vec![1.0, 2.0, 3.0] };
/// let forecast = Forecast {
///     model: "ridge", quantile_levels: vec![0.1, 0.5, 0.9], points: (0..2).map(point).collect(),
/// };
/// // On every past day, both hours were off the same way.
/// let errors: Vec<Vec<f64>> = (0..20).map(|day| vec![f64::from(day); 2]).collect();
/// let paths = sample_paths(&forecast, &errors, 100, 1)?;
/// let same_side = paths.iter().filter(|path| (path[0] > 2.0) == (path[1] > 2.0)).count();
/// assert!(same_side >= 95);
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Paths`] for no path or more than 100,000; [`Error::TooFewLevels`] for a forecast with fewer than two
/// quantiles; [`Error::Quantile`] and [`Error::PointQuantiles`] where they are not ascending levels with finite values that
/// never fall; [`Error::ErrorRow`] for a row that has not one error per slot; [`Error::TooFewErrorDays`] for fewer than
/// seven rows without a gap.
pub fn sample_paths(
    forecast: &Forecast,
    errors: &[Vec<f64>],
    count: usize,
    seed: u64,
) -> Result<Vec<Vec<f64>>, Error> {
    if count == 0 || count > MOST_PATHS {
        return Err(Error::Paths { most: MOST_PATHS, got: count });
    }
    check_quantiles(forecast)?;
    let slots = forecast.points.len();
    if let Some((row, errors)) = errors.iter().enumerate().find(|(_, errors)| errors.len() != slots) {
        return Err(Error::ErrorRow { row, slots, got: errors.len() });
    }
    let mut days: Vec<&[f64]> = errors
        .iter()
        .map(Vec::as_slice)
        .filter(|errors| errors.iter().all(|error| error.is_finite()))
        .collect();
    if days.len() < LEAST_DAYS {
        return Err(Error::TooFewErrorDays { need: LEAST_DAYS, got: days.len() });
    }
    let mut random = Random::new(seed);
    let mut paths = Vec::with_capacity(count);
    while paths.len() < count {
        random.shuffle(&mut days);
        let chosen = days.get(..days.len().min(count - paths.len())).unwrap_or(&days);
        let mut drawn = vec![Vec::with_capacity(slots); chosen.len()];
        for (slot, point) in forecast.points.iter().enumerate() {
            // Equal errors, such as those of a panel at night, are ranked by chance.
            let mut order: Vec<(f64, u64, usize)> = chosen
                .iter()
                .enumerate()
                .map(|(place, day)| (day.get(slot).map_or(0.0, |error| error + 0.0), random.bits(), place))
                .collect();
            order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            for (rank, (_, _, place)) in order.into_iter().enumerate() {
                let level = (real(rank) + random.unit()) / real(chosen.len());
                if let Some(path) = drawn.get_mut(place) {
                    path.push(value_at(&forecast.quantile_levels, point, level));
                }
            }
        }
        paths.append(&mut drawn);
    }
    Ok(paths)
}

fn check_quantiles(forecast: &Forecast) -> Result<(), Error> {
    let levels = &forecast.quantile_levels;
    if levels.len() < 2 {
        return Err(Error::TooFewLevels { need: 2, got: levels.len() });
    }
    let mut last = 0.0;
    for (place, &got) in levels.iter().enumerate() {
        if !(got > last && got < 1.0) {
            return Err(Error::Quantile { got, place });
        }
        last = got;
    }
    let sound = |point: &&Point| {
        point.quantiles.len() == levels.len()
            && point.quantiles.iter().all(|value| value.is_finite())
            && point.quantiles.is_sorted()
    };
    match forecast.points.iter().find(|point| !sound(point)) {
        Some(point) => Err(Error::PointQuantiles { levels: levels.len(), start: point.start }),
        None => Ok(()),
    }
}

/// The value of any level between 0 and 1, on straight lines through the known ones.
fn value_at(levels: &[f64], point: &Point, level: f64) -> f64 {
    let known: Vec<(f64, f64)> = levels.iter().copied().zip(point.quantiles.iter().copied()).collect();
    let above =
        known.partition_point(|(known, _)| *known < level).clamp(1, known.len().saturating_sub(1).max(1));
    let (Some(low), Some(high)) = (known.get(above - 1), known.get(above)) else { return point.mean };
    let value = low.1 + (level - low.0) / (high.0 - low.0) * (high.1 - low.1);
    if point.quantiles.iter().all(|quantile| *quantile >= 0.0) { value.max(0.0) } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::metrics::crps_ensemble;
    use jiff::{ToSpan, civil::date};
    use proptest::prelude::*;

    const LEVELS: [f64; 5] = [0.1, 0.25, 0.5, 0.75, 0.9];

    fn forecast(quantiles: &[[f64; 5]]) -> Forecast {
        let start = date(2026, 1, 1).at(0, 0, 0, 0);
        let points = quantiles
            .iter()
            .enumerate()
            .map(|(slot, quantiles)| Point {
                start: start + i64::try_from(slot).unwrap().hours(),
                mean: quantiles[2],
                quantiles: quantiles.to_vec(),
            })
            .collect();
        Forecast { model: "ridge", quantile_levels: LEVELS.to_vec(), points }
    }

    fn three_hours() -> Forecast {
        forecast(&[[1.0, 2.0, 3.0, 5.0, 9.0], [-4.0, -1.0, 0.0, 1.0, 4.0], [0.0, 0.0, 0.0, 0.0, 0.0]])
    }

    /// Errors of which the second hour's follow the first's with the given share.
    fn errors(days: usize, share: f64) -> Vec<Vec<f64>> {
        let mut random = Random::new(99);
        (0..days)
            .map(|_| {
                let (a, b) = (random.unit() - 0.5, random.unit() - 0.5);
                vec![a, share * a + (1.0 - share) * b, 0.0]
            })
            .collect()
    }

    /// Spearman's rank correlation of two slots over all paths (no ties).
    fn rank_correlation(paths: &[Vec<f64>], one: usize, other: usize) -> f64 {
        let ranks = |slot: usize| {
            let mut order: Vec<usize> = (0..paths.len()).collect();
            order.sort_by(|a, b| paths[*a][slot].total_cmp(&paths[*b][slot]));
            let mut ranks = vec![0.0; paths.len()];
            for (rank, path) in order.into_iter().enumerate() {
                ranks[path] = real(rank);
            }
            ranks
        };
        let count = real(paths.len());
        let squares: f64 = ranks(one).iter().zip(ranks(other)).map(|(a, b)| (a - b).powi(2)).sum();
        1.0 - 6.0 * squares / (count * (count * count - 1.0))
    }

    #[test]
    fn many_paths_have_the_quantiles_of_the_forecast() {
        let forecast = three_hours();
        let paths = sample_paths(&forecast, &errors(50, 0.5), 10_000, 4).unwrap();
        for (slot, point) in forecast.points.iter().enumerate() {
            let mut values: Vec<f64> = paths.iter().map(|path| path[slot]).collect();
            values.sort_by(f64::total_cmp);
            for (level, expected) in [(1000, 0), (2500, 1), (5000, 2), (7500, 3), (9000, 4)] {
                let expected = point.quantiles[expected];
                assert!((values[level] - expected).abs() < 0.05, "{slot} {level}: {}", values[level]);
            }
        }
    }

    #[test]
    fn hours_hang_together_as_their_errors_did() {
        for share in [0.0, 0.5, 0.9] {
            let past = errors(200, share);
            let paths = sample_paths(&three_hours(), &past, 2000, 4).unwrap();
            let (got, expected) = (rank_correlation(&paths, 0, 1), rank_correlation(&past, 0, 1));
            assert!((got - expected).abs() < 0.03, "share {share}: expected {expected}, got {got}");
        }
    }

    #[test]
    fn the_spread_of_the_sum_needs_the_dependence() {
        // Two hours that always err together: the sum of both is spread twice as wide as one, not 1.41 times.
        let same = forecast(&[[-9.0, -5.0, 0.0, 5.0, 9.0], [-9.0, -5.0, 0.0, 5.0, 9.0]]);
        let past: Vec<Vec<f64>> = (0..100).map(|day| vec![real(day); 2]).collect();
        let mut sums: Vec<f64> =
            sample_paths(&same, &past, 5000, 4).unwrap().iter().map(|path| path.iter().sum()).collect();
        sums.sort_by(f64::total_cmp);
        assert!((sums[4500] - 18.0).abs() < 0.5, "{}", sums[4500]);
    }

    #[test]
    fn a_fixed_seed_gives_fixed_bytes() {
        let draw = |seed| sample_paths(&three_hours(), &errors(30, 0.5), 100, seed).unwrap();
        let bits = |paths: Vec<Vec<f64>>| paths.concat().into_iter().map(f64::to_bits).collect::<Vec<_>>();
        assert_eq!(bits(draw(5)), bits(draw(5)));
        assert_ne!(bits(draw(5)), bits(draw(6)));
    }

    #[test]
    fn paths_score_as_well_as_the_quantiles_that_they_were_drawn_from() {
        // For the uniform distribution from 0 to 1 and the value 0.5 the CRPS is 1/12 (Gneiting and Raftery 2007).
        let uniform = forecast(&[[0.1, 0.25, 0.5, 0.75, 0.9]]);
        let past: Vec<Vec<f64>> = (0..50).map(|day| vec![real(day)]).collect();
        let paths = sample_paths(&uniform, &past, 5000, 4).unwrap();
        assert!((crps_ensemble(&[0.5], &paths).unwrap() - 1.0 / 12.0).abs() < 1e-3);
    }

    #[test]
    fn what_cannot_be_drawn_from_is_refused() {
        let (good, past) = (three_hours(), errors(10, 0.5));
        assert!(matches!(sample_paths(&good, &past, 0, 1), Err(Error::Paths { got: 0, .. })));
        assert!(matches!(sample_paths(&good, &past, usize::MAX, 1), Err(Error::Paths { .. })));
        let short = vec![vec![0.0; 2]; 10];
        assert!(matches!(
            sample_paths(&good, &short, 1, 1),
            Err(Error::ErrorRow { row: 0, slots: 3, got: 2 })
        ));
        let mut gaps = past.clone();
        gaps[1][1] = f64::NAN;
        gaps.truncate(7);
        assert!(matches!(sample_paths(&good, &gaps, 1, 1), Err(Error::TooFewErrorDays { need: 7, got: 6 })));
        let mut one = good.clone();
        one.quantile_levels.truncate(1);
        assert!(matches!(sample_paths(&one, &past, 1, 1), Err(Error::TooFewLevels { .. })));
        let mut falling = good.clone();
        falling.points[1].quantiles.reverse();
        assert!(matches!(sample_paths(&falling, &past, 1, 1), Err(Error::PointQuantiles { .. })));
        let mut levels = good;
        levels.quantile_levels[1] = 0.05;
        assert!(matches!(sample_paths(&levels, &past, 1, 1), Err(Error::Quantile { place: 1, .. })));
    }

    proptest! {
        #[test]
        fn paths_stay_within_what_the_quantiles_allow(
            mut quantiles in prop::array::uniform5(0.0..1e3_f64), count in 1..60_usize, days in 7..20_usize, seed: u64,
        ) {
            quantiles.sort_by(f64::total_cmp);
            let forecast = forecast(&[quantiles]);
            let past: Vec<Vec<f64>> = (0..days).map(|day| vec![real(day % 5)]).collect();
            let paths = sample_paths(&forecast, &past, count, seed).unwrap();
            prop_assert_eq!(paths.len(), count);
            let highest = quantiles[4] + (quantiles[4] - quantiles[3]);
            prop_assert!(paths.concat().iter().all(|value| (0.0..=highest).contains(value)));
        }
    }
}
