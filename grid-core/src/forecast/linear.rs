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

use super::real;

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
    /// The penalty that was chosen.
    #[cfg_attr(not(test), expect(dead_code, reason = "read where the choice is tested"))]
    pub(crate) penalty: f64,
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

        let (values, vectors) = scaled
            .t()
            .dot(&scaled)
            .eigh_into()
            .map_err(|fault| linfa::Error::NotConverged(fault.to_string()))?;
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
            .zip(self.penalties)
            .zip(shrunk.axis_iter(Axis(1)))
            .min_by(|a, b| a.0.0.dot(&a.0.0).total_cmp(&b.0.0.dot(&b.0.0)));
        let Some(((errors, &penalty), shrunk)) = best else {
            return Err(linfa::Error::Parameters("no penalty to choose from".to_owned()));
        };
        let coefficients = vectors.dot(&shrunk) * &spread;
        let intercept = mean - coefficients.dot(&centre);
        if !intercept.is_finite() {
            return Err(linfa::Error::NotConverged(format!("with {} rows", real(count))));
        }
        Ok(Line { coefficients, intercept, penalty, left_out_errors: &errors / &roots })
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
