//! Peaks of a curve on an even grid: where, how high, how far above their surroundings, and what lies under them.

use super::numeric::at;

/// A peak of an incremental capacity.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Peak {
    /// Where its top is, in V, by the parabola through its three highest classes.
    pub voltage_v: f64,
    /// How high it is, in Ah/V.
    pub height_ah_per_v: f64,
    /// How far it stands above the higher one of the valleys that part it from higher ground, in Ah/V.
    pub prominence_ah_per_v: f64,
    /// The capacity under it down to zero, between the valleys towards its neighbours, in Ah.
    pub area_ah: f64,
    /// The valley (or end) below it, in V.
    pub from_v: f64,
    /// The valley (or end) above it, in V.
    pub to_v: f64,
}

/// The peaks of `heights` over evenly spaced `places` that are at least as prominent as `least`, by place.
///
/// A top is a value, or a run of equal ones, above both neighbours; the ends are none.
///
/// # References
///
/// Prominence as in topography, and as `scipy.signal.peak_prominences` has it.
pub(super) fn peaks(places: &[f64], heights: &[f64], least: f64) -> Vec<Peak> {
    let tops: Vec<(usize, f64)> = tops(heights)
        .into_iter()
        .map(|top| (top, prominence(heights, top)))
        .filter(|(_, prominence)| *prominence >= least && *prominence > 0.0)
        .collect();
    let width = at(places, 1) - at(places, 0);
    let end = heights.len().saturating_sub(1);
    let valley = |from: usize, to: usize| {
        (from..=to).min_by(|a, b| at(heights, *a).total_cmp(&at(heights, *b))).unwrap_or(from)
    };
    let mut bottom = tops.first().map_or(0, |(top, _)| valley(0, *top));
    tops.iter()
        .enumerate()
        .map(|(number, &(top, prominence_ah_per_v))| {
            let next = tops.get(number + 1).map_or(end, |(next, _)| *next);
            let upper = valley(top, next);
            // Each valley's class is shared by halves between the peaks on both sides.
            let inner: f64 = heights.get(bottom..=upper).unwrap_or_default().iter().sum();
            let area_ah = (inner - 0.5 * (at(heights, bottom) + at(heights, upper))) * width;
            let (offset, height_ah_per_v) = summit(heights, top);
            let peak = Peak {
                voltage_v: at(places, top) + offset * width,
                height_ah_per_v,
                prominence_ah_per_v,
                area_ah,
                from_v: at(places, bottom),
                to_v: at(places, upper),
            };
            bottom = upper;
            peak
        })
        .collect()
}

/// The middles of all runs of equal values that are above both of their neighbours.
fn tops(heights: &[f64]) -> Vec<usize> {
    let mut tops = Vec::new();
    let mut risen: Option<usize> = None;
    for (place, pair) in heights.windows(2).enumerate() {
        if let [before, now] = pair {
            if now > before {
                risen = Some(place + 1);
            } else if now < before
                && let Some(first) = risen.take()
            {
                tops.push(first.midpoint(place));
            }
        }
    }
    tops
}

/// How far a top stands above the higher one of the lowest places between it and higher ground (or the end).
fn prominence(heights: &[f64], top: usize) -> f64 {
    let height = at(heights, top);
    let lowest = |side: &mut dyn Iterator<Item = &f64>| {
        side.take_while(|value| **value <= height).fold(height, |low, value| low.min(*value))
    };
    let (left, right) = heights.split_at_checked(top).unwrap_or_default();
    height - lowest(&mut left.iter().rev()).max(lowest(&mut right.iter()))
}

/// The top of the parabola through a top and its neighbours: how many places off, and how high.
fn summit(heights: &[f64], top: usize) -> (f64, f64) {
    let height = at(heights, top);
    let (before, after) =
        (top.checked_sub(1).map_or(f64::NAN, |before| at(heights, before)), at(heights, top + 1));
    let bend = before - 2.0 * height + after;
    let offset = 0.5 * (before - after) / bend;
    if offset.abs() <= 1.0 { (offset, height - 0.25 * (before - after) * offset) } else { (0.0, height) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_are_those_of_scipy() {
        // scipy 1.17.1: find_peaks([0, 2, 1, 5, 5, 5, 0, 1, 0.5, 4, 3], prominence=0.6) gives places 1, 4, 9 with
        // prominences 1, 5, 1; place 7 has 0.5.
        let heights = [0.0, 2.0, 1.0, 5.0, 5.0, 5.0, 0.0, 1.0, 0.5, 4.0, 3.0];
        let places: Vec<f64> = (0..11).map(f64::from).collect();
        let found = peaks(&places, &heights, 0.6);
        let prominences: Vec<f64> = found.iter().map(|peak| peak.prominence_ah_per_v).collect();
        assert_eq!(prominences, [1.0, 5.0, 1.0]);
        let tops: Vec<f64> = found.iter().map(|peak| peak.voltage_v.round()).collect();
        assert_eq!(tops, [1.0, 4.0, 9.0]);
        // Between the lowest places around them, the areas add up to all but half of each end.
        let area: f64 = found.iter().map(|peak| peak.area_ah).sum();
        assert!((area - (heights.iter().sum::<f64>() - 1.5)).abs() < 1e-12);
    }

    #[test]
    fn the_top_of_a_parabola_is_found_between_the_classes() {
        let places: Vec<f64> = (0..9).map(|place| 3.0 + 0.1 * f64::from(place)).collect();
        let heights: Vec<f64> = places.iter().map(|place| 7.0 - (place - 3.43).powi(2)).collect();
        let found = peaks(&places, &heights, 0.0);
        assert_eq!(found.len(), 1);
        assert!((found[0].voltage_v - 3.43).abs() < 1e-9);
        assert!((found[0].height_ah_per_v - 7.0).abs() < 1e-9);
    }
}
