//! Weighted ridge regression from sums of products, with the error that a row would have had if the others alone had been
//! learnt from.
//!
//! The arithmetic is arranged for many small regressions that share most of their columns. All that a regression needs of
//! its rows are the sums of products of its columns ([`Normal`]): of the columns that the regressions share, they are
//! summed once. With the sums centred and scaled to `R` and `b`, a penalty `l` costs one Cholesky factor
//! `L L' = R + l`: the coefficients are `(R + l)^-1 b`, the degrees of freedom `p - l tr((R + l)^-1)`, and the leverage of
//! a row is `h = w / sum(w) + w |L^-1 x|^2`, from which its leave-one-out error follows exactly: `error / (1 - h)`.
//!
//! linfa has no ridge regression, and its elastic net knows neither weights nor leave-one-out errors, so this
//! one is our own, on ndarray.
//!
//! # References
//!
//! Hoerl and Kennard: "Ridge regression", Technometrics 12(1), 1970. Golub, Heath, Wahba: "Generalized cross-validation
//! as a method for choosing a good ridge parameter", Technometrics 21(2), 1979. Kish: "Survey sampling", 1965, for
//! the effective number of rows of unequal weights, `sum(w)^2 / sum(w^2)`.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::dense::{Cholesky, LANES, add_squares};

/// A row whose leverage comes this near to 1 determines its own forecast, so its error says nothing.
const LEAST_FREEDOM: f64 = 1e-6;
/// A column with a smaller deviation does not move but by rounding; columns are of the size of 1.
const LEAST_DEVIATION: f64 = 1e-9;
/// Nor does one whose variance is a smaller part of the square of its mean.
const LEAST_VARIANCE: f64 = 1e-13;

/// The sums of products of a regression's columns, centred and scaled to a variance of 1.
#[derive(Clone, Debug)]
pub(crate) struct Normal {
    /// The weighted sums of products of the columns, row after row.
    products: Vec<f64>,
    /// Those of the columns and the target.
    with_target: Vec<f64>,
    /// That of the target with itself.
    of_target: f64,
    centres: Vec<f64>,
    /// One over the deviation of each column; zero for a column that does not move.
    scales: Vec<f64>,
    /// The weighted mean of the target.
    average: f64,
    total: f64,
    effective_rows: f64,
}

/// What was learnt with one penalty.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    /// What a column adds to the forecast, for each unit above its centre.
    pub(crate) coefficients: Vec<f64>,
    pub(crate) centres: Vec<f64>,
    /// The forecast where every column is at its centre.
    pub(crate) average: f64,
}

/// A [`Line`], and what gives the leverage of its rows.
#[derive(Clone, Debug)]
pub(crate) struct Solution {
    pub(crate) line: Line,
    factor: Cholesky,
    /// `L^-1 b`, by which the forecast of a row `x` is `b' L'^-1 L^-1 x`.
    along: Vec<f64>,
    scales: Vec<f64>,
    total: f64,
}

impl Normal {
    /// Takes the weighted sums of products of all pairs of: a column of ones, the columns, and the target. Only what lies
    /// on the diagonal and right of it is read. Kish's number of rows goes with them.
    pub(crate) fn new(sums: &Array2<f64>, effective_rows: f64) -> Option<Self> {
        let columns = sums.nrows().checked_sub(2)?;
        let total = *sums.get((0, 0))?;
        let last = columns + 1;
        let centres: Vec<f64> = sums.row(0).iter().skip(1).map(|sum| sum / total).collect();
        let average = *centres.get(columns)?;
        let of_target = (sums.get((last, last))? - total * average * average).max(0.0);
        let variance = |(product, centre): (&f64, &f64)| {
            let variance = (product / total - centre * centre).max(0.0);
            // The difference of two squares is good to the last digits of the squares only.
            let moves = variance > LEAST_VARIANCE * centre * centre && variance > LEAST_DEVIATION.powi(2);
            if moves { variance.sqrt().recip() } else { 0.0 }
        };
        let scales: Vec<f64> = sums.diag().iter().skip(1).take(columns).zip(&centres).map(variance).collect();
        let mut products = Vec::with_capacity(columns * columns);
        let mut with_target = Vec::with_capacity(columns);
        for ((row, centre), scale) in sums.outer_iter().skip(1).zip(&centres).zip(&scales) {
            let row = row.to_slice()?.get(1..)?;
            let (taken, weighed) = (total * centre, *scale);
            let each = row.iter().zip(&centres).zip(&scales);
            products.extend(each.map(|((sum, centre), scale)| (sum - taken * centre) * (weighed * scale)));
            with_target.push((row.last()? - taken * average) * weighed);
        }
        let finite = products.iter().chain(&with_target).all(|sum| sum.is_finite()) && of_target.is_finite();
        let centres = centres.into_iter().take(columns).collect();
        let normal =
            Self { products, with_target, of_target, centres, scales, average, total, effective_rows };
        (finite && total > 0.0).then_some(normal)
    }

    /// The generalised cross-validation score of a penalty: the squared error that a row left out would have, for a target
    /// of variance 1. None where the target does not move.
    pub(crate) fn score(&self, penalty: f64) -> Option<f64> {
        if self.of_target <= LEAST_VARIANCE * self.average * self.average * self.total {
            return None;
        }
        let factor = self.factor(penalty)?;
        let mut coefficients = self.with_target.clone();
        factor.forward(&mut coefficients);
        factor.backward(&mut coefficients);
        let explained: f64 = coefficients.iter().zip(&self.with_target).map(|(a, b)| a * b).sum();
        let shrunk: f64 = coefficients.iter().map(|value| value * value).sum();
        let unexplained = (self.of_target - explained - penalty * shrunk).max(0.0);
        let freedom = super::real(self.with_target.len()) - penalty * factor.inverse_trace();
        let left = (1.0 - (1.0 + freedom) / self.effective_rows).max(LEAST_FREEDOM);
        Some(unexplained / self.of_target / (left * left))
    }

    /// Learns with one penalty, above zero.
    pub(crate) fn solve(&self, penalty: f64) -> Option<Solution> {
        let factor = self.factor(penalty)?;
        let mut along = self.with_target.clone();
        factor.forward(&mut along);
        let mut coefficients = along.clone();
        factor.backward(&mut coefficients);
        coefficients.iter_mut().zip(&self.scales).for_each(|(value, scale)| *value *= scale);
        let line = Line { coefficients, centres: self.centres.clone(), average: self.average };
        Some(Solution { line, factor, along, scales: self.scales.clone(), total: self.total })
    }

    fn factor(&self, penalty: f64) -> Option<Cholesky> {
        Cholesky::new(&self.products, self.with_target.len(), penalty)
    }
}

impl Line {
    /// The forecast of a row.
    pub(crate) fn expect<'a>(&self, row: impl Iterator<Item = &'a f64>) -> f64 {
        self.average + self.parts(row).sum::<f64>()
    }

    /// What each column adds to the average in the forecast of a row.
    pub(crate) fn parts<'a>(&self, row: impl Iterator<Item = &'a f64>) -> impl Iterator<Item = f64> {
        row.zip(&self.centres).zip(&self.coefficients).map(|((value, centre), by)| (value - centre) * by)
    }
}

impl Solution {
    /// What the targets of some rows minus their forecasts would have been if each had been left out. Each value and each
    /// target is times the root of its row's weight; a row of no weight has no error but NaN.
    pub(crate) fn left_out_errors(&self, columns: &[&[f64]], targets: &[f64], roots: &[f64]) -> Vec<f64> {
        let mut errors = Vec::with_capacity(roots.len());
        let mut rows = vec![[0.0; LANES]; self.along.len()];
        for (part, (targets, roots)) in targets.chunks(LANES).zip(roots.chunks(LANES)).enumerate() {
            let scaling = self.line.centres.iter().zip(&self.scales);
            for ((row, column), (centre, scale)) in rows.iter_mut().zip(columns).zip(scaling) {
                let values = column.get(part * LANES..).unwrap_or_default();
                for ((value, root), scaled) in values.iter().zip(roots).zip(row) {
                    *scaled = (value - centre * root) * scale;
                }
            }
            self.factor.forward_lanes(&mut rows, 0);
            let (mut expected, mut leverages) = ([0.0; LANES], [0.0; LANES]);
            for (row, by) in rows.iter().zip(&self.along) {
                expected.iter_mut().zip(row).for_each(|(sum, value)| *sum += by * value);
                add_squares(&mut leverages, row);
            }
            let found = targets.iter().zip(roots).zip(expected.iter().zip(&leverages));
            errors.extend(found.map(|((target, root), (expected, leverage))| {
                let freedom = 1.0 - root * root / self.total - leverage;
                (target / root - self.line.average - expected / root) / freedom.max(LEAST_FREEDOM)
            }));
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Columns and targets, each times the root of its weight.
    struct Rows {
        /// A column of ones, the columns and the target.
        columns: Vec<Vec<f64>>,
    }

    impl Rows {
        fn new(columns: &[Vec<f64>], target: &[f64], weights: &[f64]) -> Self {
            let ones = vec![1.0; target.len()];
            let all = std::iter::once(&ones[..]).chain(columns.iter().map(Vec::as_slice)).chain([target]);
            let weigh = |column: &[f64]| column.iter().zip(weights).map(|(a, w)| a * w.sqrt()).collect();
            Self { columns: all.map(weigh).collect() }
        }

        fn normal(&self) -> Option<Normal> {
            let size = self.columns.len();
            let product = |(a, b): (usize, usize)| -> f64 {
                self.columns[a].iter().zip(&self.columns[b]).map(|(a, b)| a * b).sum()
            };
            let squares: f64 = self.columns[0].iter().map(|root| root.powi(4)).sum();
            let sums = Array2::from_shape_fn((size, size), product);
            Normal::new(&sums, sums[[0, 0]].powi(2) / squares)
        }

        fn left_out_errors(&self, penalty: f64) -> Vec<f64> {
            let (target, columns) = self.columns.split_last().unwrap();
            let columns: Vec<&[f64]> = columns[1..].iter().map(Vec::as_slice).collect();
            self.normal().unwrap().solve(penalty).unwrap().left_out_errors(&columns, target, &self.columns[0])
        }
    }

    /// What is forecast for `row` when all others are learnt from, by Gaussian elimination of the normal equations.
    #[expect(
        clippy::needless_range_loop,
        reason = "rows and columns of one matrix, as the textbook counts them"
    )]
    fn forecast_without(row: usize, scaled: &[Vec<f64>], y: &[f64], weights: &[f64], penalty: f64) -> f64 {
        let size = scaled.len() + 1;
        let with_one =
            |row: usize| -> Vec<f64> { std::iter::once(1.0).chain(scaled.iter().map(|x| x[row])).collect() };
        let mut system = vec![vec![0.0; size + 1]; size];
        for other in (0..y.len()).filter(|other| *other != row) {
            let values = with_one(other);
            for i in 0..size {
                system[i][size] += weights[other] * values[i] * y[other];
                for j in 0..size {
                    system[i][j] += weights[other] * values[i] * values[j];
                }
            }
        }
        for i in 1..size {
            system[i][i] += penalty; // the intercept is free
        }
        for i in 0..size {
            for j in (0..size).filter(|j| *j != i) {
                let by = system[j][i] / system[i][i];
                for k in 0..=size {
                    system[j][k] -= by * system[i][k];
                }
            }
        }
        with_one(row).iter().enumerate().map(|(i, value)| value * system[i][size] / system[i][i]).sum()
    }

    /// The columns about their mean, in units of their deviation.
    fn scaled(columns: &[Vec<f64>], weights: &[f64]) -> Option<Vec<Vec<f64>>> {
        let total: f64 = weights.iter().sum();
        let mean = |values: &[f64]| values.iter().zip(weights).map(|(a, w)| a * w).sum::<f64>() / total;
        let each = columns.iter().map(|column| {
            let centre = mean(column);
            let squares: Vec<f64> = column.iter().map(|value| (value - centre).powi(2)).collect();
            let variance = mean(&squares);
            (variance > 0.01).then(|| column.iter().map(|value| (value - centre) / variance.sqrt()).collect())
        });
        each.collect()
    }

    #[test]
    fn without_a_penalty_it_is_the_line_of_anscombes_first_set() {
        // F. J. Anscombe: "Graphs in statistical analysis", The American Statistician 27(1), 1973: y = 3.00 + 0.500 x.
        let x = vec![10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0];
        let y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
        let line = Rows::new(&[x], &y, &[1.0; 11]).normal().unwrap().solve(1e-9).unwrap().line;
        assert!((line.expect([0.0].iter()) - 3.0).abs() < 0.005);
        assert!((line.expect([20.0].iter()) - 13.0).abs() < 0.01);
    }

    #[test]
    fn a_column_that_never_changes_has_no_say() {
        let columns = [vec![0.1; 3], vec![1.0, 2.0, 4.0]];
        let rows = Rows::new(&columns, &[1.0, 2.0, 4.0], &[1.0; 3]);
        let line = rows.normal().unwrap().solve(1e-9).unwrap().line;
        assert!((line.expect([77.0, 3.0].iter()) - 3.0).abs() < 1e-6);
    }

    #[test]
    fn values_that_are_not_finite_are_refused() {
        for faulty in [f64::NAN, f64::INFINITY] {
            assert!(Rows::new(&[vec![1.0, faulty, 2.0]], &[1.0, 2.0, 3.0], &[1.0; 3]).normal().is_none());
            assert!(Rows::new(&[vec![1.0, 5.0, 2.0]], &[1.0, faulty, 3.0], &[1.0; 3]).normal().is_none());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn errors_left_out_are_those_of_learning_anew_without_the_row(
            values in prop::collection::vec(-10.0..10.0_f64, 20 * 4),
            weights in prop::collection::vec(0.1..1.0_f64, 20),
            penalty in 0.1..100.0_f64,
        ) {
            let columns: Vec<Vec<f64>> = values.chunks(20).map(<[f64]>::to_vec).collect();
            let (y, x) = columns.split_last().unwrap();
            // The scale is part of the penalty, and held as all rows have it.
            let Some(scaled) = scaled(x, &weights) else { return Ok(()) };
            let errors = Rows::new(x, y, &weights).left_out_errors(penalty);
            for row in 0..20 {
                let anew = y[row] - forecast_without(row, &scaled, y, &weights, penalty);
                prop_assert!((errors[row] - anew).abs() < 1e-7, "{} {anew}", errors[row]);
            }
        }

        #[test]
        fn the_score_of_rows_of_one_weight_is_the_textbooks(
            values in prop::collection::vec(-10.0..10.0_f64, 20 * 4), penalty in 0.1..100.0_f64,
        ) {
            // n |(I - H) y|^2 / tr(I - H)^2, for a target of variance 1; H is found by learning from unit targets.
            let columns: Vec<Vec<f64>> = values.chunks(20).map(<[f64]>::to_vec).collect();
            let (y, x) = columns.split_last().unwrap();
            let Some(of_y) = scaled(std::slice::from_ref(y), &[1.0; 20]) else { return Ok(()) };
            let line = |target: &[f64]| Rows::new(x, target, &[1.0; 20]).normal().unwrap().solve(penalty).unwrap().line;
            let row = |row: usize| -> Vec<f64> { x.iter().map(|column| column[row]).collect() };
            let unit = |at: usize| -> Vec<f64> { (0..20).map(|row| if row == at { 1.0 } else { 0.0 }).collect() };
            let trace: f64 = (0..20).map(|at| line(&unit(at)).expect(row(at).iter())).sum();
            let learnt = line(&of_y[0]);
            let unexplained: f64 = (0..20).map(|at| (of_y[0][at] - learnt.expect(row(at).iter())).powi(2)).sum();
            let expected = 20.0 * unexplained / (20.0 - trace).powi(2);
            let score = Rows::new(x, y, &[1.0; 20]).normal().unwrap().score(penalty).unwrap();
            prop_assert!((score - expected).abs() < 1e-7 * expected, "{score} {expected}");
        }
    }
}
