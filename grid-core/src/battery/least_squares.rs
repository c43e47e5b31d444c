//! Least squares for the few-parameter models of a fading capacity, with errors that know of neighbouring residuals.

use super::numeric::to_f64;

/// A fitted sum of `K` terms.
#[derive(Clone, Debug)]
pub(super) struct Fit<const K: usize> {
    pub(super) coefficients: [f64; K],
    /// Inverse of the normal matrix.
    inverse: [[f64; K]; K],
    /// The sum of the squared residuals.
    pub(super) squares: f64,
    /// Independent values that the residuals are worth, less the parameters.
    pub(super) freedom: f64,
    /// The variance of one coefficient is this times the diagonal of the inverse.
    variance: f64,
}

/// Fits `y` by the terms that `basis` makes of `x`; `None` where they cannot be told apart, or points are too few.
///
/// Neighbouring residuals of a capacity resemble each other (temperature, rate, a model that bends too little), so `n`
/// of them are worth `n (1 - r) / (1 + r)` with `r` the correlation of neighbours; errors grow accordingly.
///
/// # References
///
/// Bayley, Hammersley: "The effective number of independent observations in an autocorrelated time series",
/// Supplement to the Journal of the Royal Statistical Society 8(2), 1946.
#[expect(clippy::indexing_slicing, reason = "`K` by `K` arrays, and loops that run below `K`")]
pub(super) fn fit<const K: usize>(x: &[f64], y: &[f64], basis: impl Fn(f64) -> [f64; K]) -> Option<Fit<K>> {
    if x.len() <= K {
        return None;
    }
    let mut normal = [[0.0; K]; K];
    let mut right = [0.0; K];
    for (x, y) in x.iter().zip(y) {
        let terms = basis(*x);
        for row in 0..K {
            right[row] += terms[row] * y;
            for column in 0..K {
                normal[row][column] += terms[row] * terms[column];
            }
        }
    }
    let inverse = invert(normal)?;
    let mut coefficients = [0.0; K];
    for row in 0..K {
        coefficients[row] = (0..K).map(|column| inverse[row][column] * right[column]).sum();
    }
    let residual = |(x, y): (&f64, &f64)| y - sum(&coefficients, &basis(*x));
    let mut squares = 0.0;
    let mut neighbours = 0.0;
    let mut before = 0.0;
    for pair in x.iter().zip(y) {
        let now = residual(pair);
        squares += now * now;
        neighbours += now * before;
        before = now;
    }
    let alike = if squares > 0.0 { (neighbours / squares).clamp(0.0, 0.95) } else { 0.0 };
    let count = to_f64(x.len());
    let worth = count * (1.0 - alike) / (1.0 + alike);
    let freedom = (worth - to_f64(K)).max(2.0);
    let variance = squares / count * (freedom + to_f64(K)) / freedom * (count / worth);
    Some(Fit { coefficients, inverse, squares, freedom, variance })
}

impl<const K: usize> Fit<K> {
    /// The fitted value where the basis has these terms.
    pub(super) fn value(&self, terms: &[f64; K]) -> f64 {
        sum(&self.coefficients, terms)
    }

    /// The standard error of the fitted value there.
    pub(super) fn error(&self, terms: &[f64; K]) -> f64 {
        let form: f64 = self.inverse.iter().zip(terms).map(|(row, term)| term * sum(row, terms)).sum();
        (form.max(0.0) * self.variance).sqrt()
    }
}

fn sum<const K: usize>(a: &[f64; K], b: &[f64; K]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The inverse of a symmetric positive matrix by Gauss and Jordan; `None` where it has none to speak of.
#[expect(clippy::indexing_slicing, reason = "`K` by `K` arrays, and loops that run below `K`")]
#[expect(clippy::needless_range_loop, reason = "rows are read and written by the same index")]
fn invert<const K: usize>(matrix: [[f64; K]; K]) -> Option<[[f64; K]; K]> {
    let mut left = matrix;
    let mut right = [[0.0; K]; K];
    for row in 0..K {
        right[row][row] = 1.0;
    }
    for pivot in 0..K {
        let size = left[pivot][pivot];
        if size.is_nan() || size <= 1e-12 * matrix[pivot][pivot] || size <= 0.0 {
            return None;
        }
        for column in 0..K {
            left[pivot][column] /= size;
            right[pivot][column] /= size;
        }
        for row in 0..K {
            if row != pivot {
                let share = left[row][pivot];
                for column in 0..K {
                    left[row][column] -= share * left[pivot][column];
                    right[row][column] -= share * right[pivot][column];
                }
            }
        }
    }
    Some(right)
}

/// 95 % of the standard normal distribution lie below this: both tails of a 90 % interval.
pub(super) const NORMAL_95: f64 = 1.644_853_626_951_472_2;
/// 97.5 % of it lie below this: both tails of a 95 % interval.
pub(super) const NORMAL_97_5: f64 = 1.959_963_984_540_054;

/// The quantile of Student's t for the level at which the normal distribution has the quantile `normal`, within 1 %
/// from three degrees of freedom on.
///
/// # References
///
/// Abramowitz, Stegun: Handbook of Mathematical Functions, 26.7.5.
pub(super) fn student(normal: f64, freedom: f64) -> f64 {
    let x = normal;
    let (x3, x5, x7) = (x.powi(3), x.powi(5), x.powi(7));
    x + (x3 + x) / (4.0 * freedom)
        + (5.0 * x5 + 16.0 * x3 + 3.0 * x) / (96.0 * freedom.powi(2))
        + (3.0 * x7 + 19.0 * x5 + 17.0 * x3 - 15.0 * x) / (384.0 * freedom.powi(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_is_fitted_as_by_the_textbook() {
        // Anscombe's first quartet (The American Statistician 27, 1973): 3.00 + 0.500 x, and the standard errors 1.125
        // of the intercept and 0.118 of the slope.
        let x = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0];
        let y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
        let line = fit(&x, &y, |x| [1.0, x]).unwrap();
        assert!((line.coefficients[0] - 3.0).abs() < 0.005);
        assert!((line.coefficients[1] - 0.5).abs() < 0.0005);
        assert!((line.error(&[1.0, 0.0]) - 1.125).abs() < 0.002);
        assert!((line.error(&[0.0, 1.0]) - 0.118).abs() < 0.0005);
    }

    #[test]
    fn terms_that_cannot_be_told_apart_have_no_fit() {
        assert!(fit(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0], |x| [x, 2.0 * x]).is_none());
        assert!(fit(&[1.0, 2.0], &[1.0, 2.0], |x| [1.0, x]).is_none());
    }

    #[test]
    fn students_quantiles_are_those_of_the_tables() {
        // Abramowitz and Stegun, table 26.10: t for 5 and 2.5 % in each tail.
        for (freedom, five, two_and_half) in [(5.0, 2.015, 2.571), (10.0, 1.812, 2.228), (30.0, 1.697, 2.042)]
        {
            assert!((student(NORMAL_95, freedom) / five - 1.0).abs() < 2e-3);
            assert!((student(NORMAL_97_5, freedom) / two_and_half - 1.0).abs() < 2e-3);
        }
    }
}
