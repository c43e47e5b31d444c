//! Small dense linear algebra: Cholesky factors and triangular systems of some dozens of unknowns.
//!
//! Right sides are solved [`LANES`] at a time, beside each other, so that the innermost loop runs over an array
//! that fits into the registers. (Compiling these loops for the wider registers of newer processors as well, by the crate
//! `pulp`, gained a seventh of the time of a ridge, which its dependencies were not worth.)
//!
//! # References
//!
//! Golub and Van Loan: "Matrix computations", 4th edition, algorithms 4.2.1 (outer product Cholesky) and 3.1.3 (forward
//! substitution).

/// How many right sides are solved beside each other.
pub(crate) const LANES: usize = 8;
/// One value of each of the right sides.
pub(crate) type Lanes = [f64; LANES];

/// The Cholesky factor of a symmetric, positive definite matrix.
#[derive(Clone, Debug)]
pub(crate) struct Cholesky {
    size: usize,
    /// `L`, row after row, with `L L'` the matrix; zero right of the diagonal.
    lower: Vec<f64>,
}

impl Cholesky {
    /// Factors a matrix with `added` on its diagonal, given row after row; only what lies on the diagonal and right of it
    /// is read. None where the matrix is not positive definite.
    pub(crate) fn new(matrix: &[f64], size: usize, added: f64) -> Option<Self> {
        let mut upper = matrix.to_vec();
        upper.iter_mut().step_by(size + 1).for_each(|value| *value += added);
        eliminate(&mut upper, size)?;
        let mut lower = vec![0.0; size * size];
        for (place, (row, source)) in lower.chunks_exact_mut(size).zip(0..).enumerate() {
            let column = upper.iter().skip(source).step_by(size);
            row.iter_mut().zip(column).take(place + 1).for_each(|(value, other)| *value = *other);
        }
        Some(Self { size, lower })
    }

    /// Solves `L x = right` in place.
    pub(crate) fn forward(&self, right: &mut [f64]) {
        for place in 0..self.size {
            let (solved, rest) = right.split_at_mut(place.min(right.len()));
            let row = self.row(place);
            let known: f64 = solved.iter().zip(row).map(|(value, by)| value * by).sum();
            if let (Some(value), Some(pivot)) = (rest.first_mut(), row.last()) {
                *value = (*value - known) / pivot;
            }
        }
    }

    /// Solves `L' x = right` in place.
    pub(crate) fn backward(&self, right: &mut [f64]) {
        for place in (0..self.size).rev() {
            let (above, rest) = right.split_at_mut(place.min(right.len()));
            let row = self.row(place);
            if let (Some(value), Some(pivot)) = (rest.first_mut(), row.last()) {
                *value /= pivot;
                above.iter_mut().zip(row).for_each(|(other, by)| *other -= by * *value);
            }
        }
    }

    /// Solves `L x = right` in place for each of the right sides, whose first `zeros` values are zero.
    pub(crate) fn forward_lanes(&self, right: &mut [Lanes], zeros: usize) {
        for place in zeros..self.size {
            let (solved, rest) = right.split_at_mut(place.min(right.len()));
            let row = self.row(place);
            let (Some(value), Some(pivot)) = (rest.first_mut(), row.last()) else { return };
            let mut left = *value;
            for (solved, by) in solved.iter().zip(row).skip(zeros) {
                left.iter_mut().zip(solved).for_each(|(left, solved)| *left -= by * solved);
            }
            let scale = pivot.recip();
            *value = left.map(|left| left * scale);
        }
    }

    /// The trace of the inverse of the matrix, which is the sum of squares of the elements of the inverse of `L`.
    pub(crate) fn inverse_trace(&self) -> f64 {
        let mut trace = 0.0;
        for first in (0..self.size).step_by(LANES) {
            let mut right = vec![[0.0; LANES]; self.size];
            for (lane, unit) in right.iter_mut().skip(first).take(LANES).enumerate() {
                if let Some(value) = unit.get_mut(lane) {
                    *value = 1.0;
                }
            }
            self.forward_lanes(&mut right, first);
            let mut sums = [0.0; LANES];
            for solved in right.iter().skip(first) {
                add_squares(&mut sums, solved);
            }
            trace += sums.iter().sum::<f64>();
        }
        trace
    }

    /// The row of `L` up to the diagonal.
    fn row(&self, place: usize) -> &[f64] {
        let start = place * self.size;
        self.lower.get(start..=start + place).unwrap_or_default()
    }
}

/// Adds the squares of `values` to `sums`, lane by lane.
#[inline]
pub(crate) fn add_squares(sums: &mut Lanes, values: &Lanes) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value * value);
}

/// Replaces the upper triangle of a symmetric matrix by `L'`; none where it is not positive definite.
fn eliminate(matrix: &mut [f64], size: usize) -> Option<()> {
    let mut rest = matrix;
    for place in 0..size {
        let (row, below) = rest.split_at_mut_checked(size)?;
        let row = row.get_mut(place..)?;
        let pivot = *row.first()?;
        if pivot.is_nan() || pivot <= 0.0 {
            return None;
        }
        let scale = pivot.sqrt().recip();
        for value in row.iter_mut() {
            *value *= scale;
        }
        for (number, other) in below.chunks_exact_mut(size).enumerate() {
            let tail = row.get(number + 1..)?;
            let by = *tail.first()?;
            for (value, above) in other.get_mut(place + number + 1..)?.iter_mut().zip(tail) {
                *value -= by * above;
            }
        }
        rest = below;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A matrix `A A' + 1`, which is positive definite, of 20 unknowns.
    fn matrix(values: &[f64]) -> Vec<f64> {
        let product =
            |i: usize, j: usize| (0..20).map(|k| values[i * 20 + k] * values[j * 20 + k]).sum::<f64>();
        (0..400).map(|at| product(at / 20, at % 20) + f64::from(u8::from(at / 20 == at % 20))).collect()
    }

    #[test]
    fn what_is_not_positive_definite_has_no_factor() {
        assert!(Cholesky::new(&[1.0, 2.0, 2.0, 1.0], 2, 0.0).is_none());
        assert!(Cholesky::new(&[f64::NAN], 1, 0.0).is_none());
        assert!(Cholesky::new(&[1.0, 2.0, 2.0, 1.0], 2, 2.0).is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn what_was_solved_gives_the_right_side_again(
            values in prop::collection::vec(-1.0..1.0_f64, 400), right in prop::collection::vec(-1.0..1.0_f64, 20),
        ) {
            let matrix = matrix(&values);
            let factor = Cholesky::new(&matrix, 20, 0.0).unwrap();
            let mut solved = right.clone();
            factor.forward(&mut solved);
            let mut lanes: Vec<Lanes> = right.iter().map(|value| [*value; LANES]).collect();
            factor.forward_lanes(&mut lanes, 0);
            for (lane, value) in lanes.iter().zip(&solved) {
                prop_assert!(lane.iter().all(|other| (other - value).abs() < 1e-12 * value.abs().max(1.0)));
            }
            factor.backward(&mut solved);
            for (row, expected) in matrix.chunks(20).zip(&right) {
                let product: f64 = row.iter().zip(&solved).map(|(a, b)| a * b).sum();
                prop_assert!((product - expected).abs() < 1e-9, "{product} {expected}");
            }
        }

        #[test]
        fn the_trace_of_the_inverse_is_that_of_solving_for_every_unit(values in prop::collection::vec(-1.0..1.0_f64, 400)) {
            let factor = Cholesky::new(&matrix(&values), 20, 0.0).unwrap();
            let diagonal = (0..20).map(|at| {
                let mut unit = vec![0.0; 20];
                unit[at] = 1.0;
                factor.forward(&mut unit);
                factor.backward(&mut unit);
                unit[at]
            });
            let trace: f64 = diagonal.sum();
            prop_assert!((factor.inverse_trace() - trace).abs() < 1e-9 * trace);
        }
    }
}
