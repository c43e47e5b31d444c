//! Weighted ridge regression, with the error that each row would have had if the others alone had been learnt from.
//!
//! Stands on linfa: the rows, targets and weights are a [`linfa::DatasetBase`], the regression is a [`linfa::traits::Fit`]
//! and its result a [`linfa::traits::PredictInplace`], and the one decomposition is `linfa-linalg`'s [`Eigh`] of
//! the columns' covariance. `linfa-elasticnet` has neither weights nor leave-one-out errors, which are what the penalty
//! and the intervals are chosen by here, so it is not used.
//!
//! With the eigenvectors `V` and eigenvalues `d` of the weighted covariance, every penalty `l` costs no more than
//! a product of matrices: the forecasts are `Z V (d + l)^-1 V' Z' y`, the leverage of a row is
//! `h = w / sum(w) + sum((Z V)^2 / (d + l))`, and its leave-one-out error is exactly `error / (1 - h)`.
//!
//! # References
//!
//! Hoerl and Kennard: "Ridge regression", Technometrics 12(1), 1970. Golub, Heath, Wahba: "Generalized cross-validation
//! as a method for choosing a good ridge parameter", Technometrics 21(2), 1979, for leave-one-out in closed form.

use linfa::{
    DatasetBase,
    traits::{Fit, PredictInplace},
};
use linfa_linalg::eigh::EighInto;
use ndarray::{Array1, Array2, Axis, Zip};

/// A row whose leverage comes this near to 1 determines its own forecast, so its error says nothing.
const LEAST_FREEDOM: f64 = 1e-6;

/// A ridge regression; the penalty is the one of `penalties` with the least leave-one-out error.
#[derive(Clone, Debug)]
pub(crate) struct WeightedRidge<'a> {
    /// The penalties to choose from, above zero.
    pub(crate) penalties: &'a [f64],
}

/// A fitted ridge regression.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// One per column, for the column as it came.
    coefficients: Array1<f64>,
    intercept: f64,
    /// What each row's target minus its forecast would have been without that row.
    pub(crate) left_out_errors: Array1<f64>,
}

impl Fit<Array2<f64>, Array1<f64>, linfa::Error> for WeightedRidge<'_> {
    type Object = Line;

    fn fit(&self, rows: &DatasetBase<Array2<f64>, Array1<f64>>) -> Result<Line, linfa::Error> {
        let (count, columns) = rows.records.dim();
        if count < 2 {
            return Err(linfa::Error::NotEnoughSamples);
        }
        let weights = match rows.weights() {
            Some(weights) => weights.iter().map(|weight| f64::from(*weight)).collect(),
            None => Array1::ones(count),
        };
        let total = weights.sum();
        let centre = weights.dot(&rows.records) / total;
        let mean = weights.dot(&rows.targets) / total;

        // Centred, scaled to a variance of 1 and multiplied by the roots of the weights; a constant column becomes zero.
        let roots = weights.mapv(f64::sqrt);
        let mut scaled = &rows.records - &centre;
        let mut spread = Array1::<f64>::zeros(columns);
        for (row, &weight) in scaled.outer_iter().zip(&weights) {
            Zip::from(&mut spread).and(&row).for_each(|sum, value| *sum += weight * value * value);
        }
        Zip::from(&mut spread).and(&centre).for_each(|spread, centre| {
            let deviation = (*spread / total).sqrt();
            *spread =
                if deviation > 1e-9 * centre.abs().max(f64::MIN_POSITIVE) { deviation.recip() } else { 0.0 };
        });
        for (mut row, &root) in scaled.outer_iter_mut().zip(&roots) {
            Zip::from(&mut row).and(&spread).for_each(|value, spread| *value *= spread * root);
        }
        let targets = (&rows.targets - mean) * &roots;

        let covariance = scaled.t().dot(&scaled);
        if covariance.iter().chain(&targets).any(|value| !value.is_finite()) {
            return Err(linfa::Error::NotConverged("the values are not finite".to_owned()));
        }
        let (values, vectors) = decompose(&covariance)?;
        let rotated = scaled.dot(&vectors);
        let along = rotated.t().dot(&targets);

        // One column per penalty.
        let shape = (columns, self.penalties.len());
        let mut shrunk = Array2::zeros(shape);
        let mut inverse = Array2::zeros(shape);
        for ((mut shrunk, mut inverse), value) in
            shrunk.outer_iter_mut().zip(inverse.outer_iter_mut()).zip(values.iter().zip(&along))
        {
            for ((shrunk, inverse), penalty) in shrunk.iter_mut().zip(&mut inverse).zip(self.penalties) {
                *inverse = (value.0.max(0.0) + penalty).recip();
                *shrunk = value.1 * *inverse;
            }
        }
        let mut errors = rotated.dot(&shrunk);
        let leverages = rotated.mapv(|value| value * value).dot(&inverse);
        Zip::from(errors.rows_mut()).and(leverages.rows()).and(&targets).and(&weights).for_each(
            |mut errors, leverages, target, weight| {
                Zip::from(&mut errors).and(&leverages).for_each(|error, leverage| {
                    *error = (target - *error) / (1.0 - weight / total - leverage).max(LEAST_FREEDOM);
                });
            },
        );
        let best = errors
            .axis_iter(Axis(1))
            .zip(shrunk.axis_iter(Axis(1)))
            .min_by(|a, b| a.0.dot(&a.0).total_cmp(&b.0.dot(&b.0)));
        let Some((errors, shrunk)) = best else {
            return Err(linfa::Error::Parameters("no penalty to choose from".to_owned()));
        };
        let coefficients = vectors.dot(&shrunk) * &spread;
        let intercept = mean - coefficients.dot(&centre);
        Ok(Line { coefficients, intercept, left_out_errors: &errors / &roots })
    }
}

impl PredictInplace<Array2<f64>, Array1<f64>> for Line {
    fn predict_inplace<'a>(&'a self, rows: &'a Array2<f64>, forecasts: &mut Array1<f64>) {
        forecasts.assign(&(rows.dot(&self.coefficients) + self.intercept));
    }

    fn default_target(&self, rows: &Array2<f64>) -> Array1<f64> {
        Array1::zeros(rows.nrows())
    }
}

/// The eigenvalues of a symmetric matrix and its eigenvectors, one a column.
///
/// `eigh` of linfa-linalg 0.2.1 now and then stops too early: of one covariance of 30 it left 0.005 beside the diagonal,
/// enough to move a forecast in its fifth digit. What is left beside the diagonal is seen here, and decomposed again.
fn decompose(matrix: &Array2<f64>) -> Result<(Array1<f64>, Array2<f64>), linfa::Error> {
    const MOST_ROUNDS: usize = 8;
    const SMALL: f64 = 1e-8;
    let largest = matrix.fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let mut vectors = Array2::eye(matrix.nrows());
    let mut turned = matrix.clone();
    for _ in 0..MOST_ROUNDS {
        let (_, turn) = turned.eigh_into().map_err(|fault| linfa::Error::NotConverged(fault.to_string()))?;
        vectors = vectors.dot(&turn);
        let both = vectors.t().dot(matrix).dot(&vectors);
        turned = (&both + &both.t()) / 2.0;
        let beside = turned.indexed_iter().filter(|((row, column), _)| row != column);
        if beside.fold(0.0_f64, |largest, (_, value)| largest.max(value.abs())) <= SMALL * largest {
            return Ok((turned.diag().to_owned(), vectors));
        }
    }
    Err(linfa::Error::NotConverged("the eigenvalues of the columns' covariance".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use linfa::traits::Predict as _;
    use linfa_linalg::cholesky::SolveC;
    use ndarray::array;
    use proptest::prelude::*;

    #[test]
    fn without_a_penalty_it_is_the_line_of_anscombes_first_set() {
        // F. J. Anscombe: "Graphs in statistical analysis", The American Statistician 27(1), 1973: y = 3.00 + 0.500 x.
        let x = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0];
        let y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
        let rows =
            DatasetBase::new(Array2::from_shape_vec((11, 1), x.to_vec()).unwrap(), Array1::from(y.to_vec()));
        let line = WeightedRidge { penalties: &[1e-9] }.fit(&rows).unwrap();
        let forecast: Array1<f64> = line.predict(&array![[0.0], [20.0]]);
        assert!((forecast[0] - 3.0).abs() < 0.005, "{forecast}");
        assert!((forecast[1] - 13.0).abs() < 0.01, "{forecast}");
    }

    #[test]
    fn a_column_that_never_changes_has_no_say() {
        let rows = DatasetBase::new(array![[0.1, 1.0], [0.1, 2.0], [0.1, 4.0]], array![1.0, 2.0, 4.0]);
        let line = WeightedRidge { penalties: &[1e-9] }.fit(&rows).unwrap();
        let forecast: Array1<f64> = line.predict(&array![[77.0, 3.0]]);
        assert!((forecast[0] - 3.0).abs() < 1e-6, "{forecast}");
    }

    #[test]
    fn values_that_are_not_finite_are_refused() {
        let rows = DatasetBase::new(array![[1.0], [f64::INFINITY], [2.0]], array![1.0, 2.0, 3.0]);
        assert!(WeightedRidge { penalties: &[1.0] }.fit(&rows).is_err());
        let rows = DatasetBase::new(array![[1.0]], array![1.0]);
        assert!(WeightedRidge { penalties: &[1.0] }.fit(&rows).is_err());
    }

    /// What the row's forecast is when all others are learnt from, by the normal equations.
    fn forecast_without(row: usize, scaled: &Array2<f64>, y: &[f64], weights: &[f32], penalty: f64) -> f64 {
        let size = scaled.ncols() + 1;
        let mut normal = Array2::<f64>::zeros((size, size));
        let mut right = Array2::<f64>::zeros((size, 1));
        let with_one = |row: usize| -> Vec<f64> {
            std::iter::once(1.0).chain(scaled.row(row).iter().copied()).collect()
        };
        for other in (0..y.len()).filter(|other| *other != row) {
            let values = with_one(other);
            for i in 0..size {
                right[[i, 0]] += f64::from(weights[other]) * values[i] * y[other];
                for j in 0..size {
                    normal[[i, j]] += f64::from(weights[other]) * values[i] * values[j];
                }
            }
        }
        for i in 1..size {
            normal[[i, i]] += penalty; // the intercept is free
        }
        let solution = normal.solvec(&right).unwrap();
        with_one(row).iter().zip(solution.iter()).map(|(a, b)| a * b).sum()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn errors_left_out_are_those_of_learning_anew_without_the_row(
            values in prop::collection::vec(-10.0..10.0_f64, 12 * 4),
            weights in prop::collection::vec(0.1..1.0_f32, 12),
            penalty in 0.1..100.0_f64,
        ) {
            let table = Array2::from_shape_vec((12, 4), values).unwrap();
            let y = table.column(3).to_vec();
            let x = table.select(Axis(1), &[0, 1, 2]);
            // The scale is part of the penalty, and held as all rows have it.
            let w: Array1<f64> = weights.iter().map(|weight| f64::from(*weight)).collect();
            let centre = w.dot(&x) / w.sum();
            let centred = &x - &centre;
            let variance = w.dot(&centred.mapv(|value| value * value)) / w.sum();
            prop_assume!(variance.iter().all(|variance| *variance > 0.01));
            let scaled = &centred / &variance.mapv(f64::sqrt);

            let rows = DatasetBase::new(x, Array1::from(y.clone())).with_weights(Array1::from(weights.clone()));
            let line = WeightedRidge { penalties: &[penalty] }.fit(&rows).unwrap();
            for row in 0..12 {
                let anew = y[row] - forecast_without(row, &scaled, &y, &weights, penalty);
                prop_assert!((line.left_out_errors[row] - anew).abs() < 1e-7, "{} {anew}", line.left_out_errors[row]);
            }
        }

        #[test]
        fn the_chosen_penalty_has_the_least_error_left_out(
            values in prop::collection::vec(-10.0..10.0_f64, 12 * 4),
        ) {
            let table = Array2::from_shape_vec((12, 4), values).unwrap();
            let rows = DatasetBase::new(table.select(Axis(1), &[0, 1, 2]), table.column(3).to_owned());
            let loss = |penalties: &[f64]| {
                let errors = WeightedRidge { penalties }.fit(&rows).unwrap().left_out_errors;
                errors.dot(&errors)
            };
            let each = [0.1, 10.0, 1000.0];
            let least = each.iter().map(|penalty| loss(&[*penalty])).fold(f64::INFINITY, f64::min);
            prop_assert!((loss(&each) - least).abs() <= 1e-9 * least);
        }
    }
}
