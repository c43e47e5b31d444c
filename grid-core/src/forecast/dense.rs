//! Small dense linear algebra: symmetric systems of some dozens of unknowns.
//!
//! A symmetric, positive definite matrix is solved by the inverse `M` of its Cholesky factor: with `A = L L'` and
//! `M = L^-1`, the solution of `A x = b` is `M' M b`, and the trace of `A^-1` is the sum of squares of `M`. The matrices are
//! small, and a penalty keeps them far from singular, so that nothing is lost by the inverse; and it turns all the rest
//! into products of matrices, for which `matrixmultiply`, below ndarray, has kernels for the processor at hand.
//!
//! # References
//!
//! Golub and Van Loan: "Matrix computations", 4th edition, algorithm 4.2.1 (outer product Cholesky).

use ndarray::{Array2, ArrayView2, Axis, Slice};

/// The inverse of the Cholesky factor of a symmetric matrix with `added` on its diagonal; zero right of the diagonal. Only
/// what lies on the diagonal of the matrix and right of it is read. None where it is not positive definite.
pub(crate) fn inverse_root(matrix: ArrayView2<'_, f64>, added: f64) -> Option<Array2<f64>> {
    let size = matrix.nrows();
    let mut upper: Vec<f64> = matrix.iter().copied().collect();
    upper.iter_mut().step_by(size + 1).for_each(|value| *value += added);
    let mut inverse = vec![0.0; size * size];
    inverse.iter_mut().step_by(size + 1).for_each(|value| *value = 1.0);
    // Whatever turns the matrix into `L'` row by row turns the unit matrix into the inverse of `L`.
    let (mut rest, mut inverse_rest) = (&mut upper[..], &mut inverse[..]);
    for place in 0..size {
        let (row, below) = rest.split_at_mut_checked(size)?;
        let (inverse_row, inverse_below) = inverse_rest.split_at_mut_checked(size)?;
        let (row, inverse_row) = (row.get_mut(place..)?, inverse_row.get_mut(..=place)?);
        let pivot = *row.first()?;
        if pivot.is_nan() || pivot <= 0.0 {
            return None;
        }
        let scale = pivot.sqrt().recip();
        row.iter_mut().chain(inverse_row.iter_mut()).for_each(|value| *value *= scale);
        let others = below.chunks_exact_mut(size).zip(inverse_below.chunks_exact_mut(size));
        for (number, (other, inverse_other)) in others.enumerate() {
            let tail = row.get(number + 1..)?;
            let by = *tail.first()?;
            let other = other.get_mut(place + number + 1..)?;
            other.iter_mut().zip(tail).for_each(|(value, above)| *value -= by * above);
            inverse_other.iter_mut().zip(&*inverse_row).for_each(|(value, above)| *value -= by * above);
        }
        (rest, inverse_rest) = (below, inverse_below);
    }
    Array2::from_shape_vec((size, size), inverse).ok()
}

/// Some of the rows and of the columns of a matrix.
pub(crate) fn part(
    mut matrix: ArrayView2<'_, f64>,
    rows: impl Into<Slice>,
    columns: impl Into<Slice>,
) -> ArrayView2<'_, f64> {
    matrix.slice_axis_inplace(Axis(0), rows.into());
    matrix.slice_axis_inplace(Axis(1), columns.into());
    matrix
}

/// The sum of the squares of all elements.
pub(crate) fn squares(matrix: &Array2<f64>) -> f64 {
    matrix.iter().map(|value| value * value).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_not_positive_definite_has_no_factor() {
        let refused = |matrix: Vec<f64>, size, added| {
            inverse_root(Array2::from_shape_vec((size, size), matrix).unwrap().view(), added).is_none()
        };
        assert!(refused(vec![1.0, 2.0, 2.0, 1.0], 2, 0.0));
        assert!(refused(vec![f64::NAN], 1, 0.0));
        assert!(!refused(vec![1.0, 2.0, 2.0, 1.0], 2, 2.0));
    }

    #[test]
    fn the_root_of_a_known_matrix_is_undone() {
        // By hand: [2 -2; -2 5] is G G' with G = [sqrt 2, 0; -sqrt 2, sqrt 3].
        let matrix = ndarray::array![[2.0, -2.0], [-2.0, 5.0]];
        let inverse = inverse_root(matrix.view(), 0.0).unwrap();
        let root = ndarray::array![[2.0_f64.sqrt(), 0.0], [-(2.0_f64.sqrt()), 3.0_f64.sqrt()]];
        let product = inverse.dot(&root);
        assert!(squares(&(product - Array2::<f64>::eye(2))) < 1e-24);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn the_inverse_of_the_root_makes_a_matrix_the_unit_matrix(
            values in prop::collection::vec(-1.0..1.0_f64, 400), added in 0.5..2.0_f64,
        ) {
            let any = Array2::from_shape_vec((20, 20), values).unwrap();
            let matrix = any.dot(&any.t()) + Array2::<f64>::eye(20);
            let inverse = inverse_root(matrix.view(), added).unwrap();
            for (place, value) in inverse.indexed_iter() {
                prop_assert!(place.1 <= place.0 || value.abs() < f64::EPSILON);
            }
            let unit = inverse.dot(&(matrix + added * Array2::<f64>::eye(20))).dot(&inverse.t());
            prop_assert!(squares(&(unit - Array2::<f64>::eye(20))) < 1e-18);
        }
    }
}
