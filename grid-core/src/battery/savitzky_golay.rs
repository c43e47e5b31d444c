//! Savitzky-Golay smoothing: a polynomial through each window, read at its middle.

use super::numeric::to_f64;
use super::refusal::Refusal;

/// Smooths evenly spaced values by polynomials of degree `order` through `window` values each.
///
/// The first and the last half window are read off the polynomial through the first and the last window, so the ends
/// are not drawn towards zero. Keeps the height and width of peaks better than a mean of as many values.
///
/// # Errors
///
/// Returns [`Refusal::OutOfRange`] where the window is even or not longer than `order`, and [`Refusal::TooFew`] where
/// there are fewer values than the window has.
///
/// # References
///
/// Savitzky, Golay: "Smoothing and differentiation of data by simplified least squares procedures", Analytical
/// Chemistry 36(8), 1964; ends as `scipy.signal.savgol_filter(mode="interp")`.
pub(super) fn savitzky_golay(values: &[f64], window: usize, order: usize) -> Result<Vec<f64>, Refusal> {
    if window.is_multiple_of(2) || window <= order {
        return Err(Refusal::OutOfRange {
            what: "a smoothing window",
            expected: "that is odd and longer than the degree of its polynomial",
            got: to_f64(window),
        });
    }
    if values.len() < window {
        return Err(Refusal::TooFew { what: "classes of voltage", least: window, got: values.len() });
    }
    let projection = Projection::new(window, order);
    let half = window / 2;
    let middle = projection.row(half);
    let last = values.len() - window;
    let smoothed = values.windows(window).map(|values| dot(&middle, values));
    let ends = |rows: std::ops::Range<usize>, start: usize| -> Vec<f64> {
        let values = values.get(start..start + window).unwrap_or_default();
        rows.map(|row| dot(&projection.row(row), values)).collect()
    };
    Ok(ends(0..half, 0).into_iter().chain(smoothed).chain(ends(half + 1..window, last)).collect())
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The least-squares fit of a window, as orthonormal polynomials on its places.
struct Projection {
    basis: Vec<Vec<f64>>,
}

impl Projection {
    fn new(window: usize, order: usize) -> Self {
        let half = to_f64(window - 1) / 2.0;
        let places: Vec<f64> = (0..window).map(|place| (to_f64(place) - half) / half.max(1.0)).collect();
        let mut basis: Vec<Vec<f64>> = Vec::new();
        let mut power: Vec<f64> = vec![1.0; window];
        for _ in 0..=order {
            let mut next = power.clone();
            // Twice, so that rounding leaves nothing of the lower degrees in.
            for _ in 0..2 {
                for known in &basis {
                    let share = dot(&next, known);
                    next.iter_mut().zip(known).for_each(|(value, known)| *value -= share * known);
                }
            }
            let length = dot(&next, &next).sqrt();
            basis.push(next.iter().map(|value| value / length).collect());
            power.iter_mut().zip(&places).for_each(|(value, place)| *value *= place);
        }
        Self { basis }
    }

    /// The weight of each value of the window in the fit at `place`.
    fn row(&self, place: usize) -> Vec<f64> {
        let mut weights = vec![0.0; self.basis.first().map_or(0, Vec::len)];
        for polynomial in &self.basis {
            let here = polynomial.get(place).copied().unwrap_or(f64::NAN);
            weights.iter_mut().zip(polynomial).for_each(|(weight, value)| *weight += here * value);
        }
        weights
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_published_weights_of_five_points_come_out() {
        // Savitzky and Golay (1964), table I, quadratic and cubic, five points: -3, 12, 17, 12, -3 over 35.
        let weights = Projection::new(5, 3).row(2);
        for (weight, published) in weights.iter().zip([-3.0, 12.0, 17.0, 12.0, -3.0]) {
            assert!((weight - published / 35.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_window_that_fits_nothing_is_refused() {
        assert!(savitzky_golay(&[1.0; 9], 4, 3).is_err());
        assert!(savitzky_golay(&[1.0; 9], 3, 3).is_err());
        assert!(matches!(savitzky_golay(&[1.0; 4], 5, 3), Err(Refusal::TooFew { least: 5, got: 4, .. })));
    }

    proptest! {
        #[test]
        fn a_cubic_passes_unchanged(a in -1.0..1.0_f64, b in -1.0..1.0_f64, c in -1.0..1.0_f64, d in -1.0..1.0_f64) {
            let values: Vec<f64> = (0..30).map(|x| f64::from(x) / 10.0).map(|x| a + x * (b + x * (c + x * d))).collect();
            for (smoothed, value) in savitzky_golay(&values, 11, 3).unwrap().iter().zip(&values) {
                prop_assert!((smoothed - value).abs() < 1e-9);
            }
        }
    }
}
