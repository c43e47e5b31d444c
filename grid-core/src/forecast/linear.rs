//! Weighted ridge regressions that share columns, from sums of products, with the error that a row would have had if the
//! others alone had been learnt from.
//!
//! The arithmetic is arranged for many small regressions that share most of their columns and their rows. All that a
//! regression needs of its rows are the sums of products of its columns ([`Sums`]): of the columns that the regressions
//! share, they are summed once. With the sums centred and scaled to `R` and `b`, and the inverse `M` of the Cholesky factor of
//! `R + l` for a penalty `l`, the coefficients are `M' M b`, the degrees of freedom `p - l |M|^2`, and the leverage of
//! a row is `h = w / sum(w) + w |M x|^2`, from which its leave-one-out error follows exactly: `error / (1 - h)`.
//!
//! The shared columns come first, so the rows of `M` that are theirs are the same for all regressions, and so is what they
//! say of the leverage of a row. Each regression adds the rows of its own columns, by the Schur complement.
//!
//! linfa has no ridge regression, and its elastic net knows neither weights nor leave-one-out errors, so this
//! one is our own, on ndarray.
//!
//! # References
//!
//! Hoerl and Kennard: "Ridge regression", Technometrics 12(1), 1970. Golub, Heath, Wahba: "Generalized cross-validation
//! as a method for choosing a good ridge parameter", Technometrics 21(2), 1979. Kish: "Survey sampling", 1965, for
//! the effective number of rows of unequal weights, `sum(w)^2 / sum(w^2)`.

use ndarray::{Array1, Array2, ArrayView2, Axis, Slice, linalg::general_mat_mul};
use serde::{Deserialize, Serialize};

use super::dense::{inverse_root, part, squares};

/// A row whose leverage comes this near to 1 determines its own forecast, so its error says nothing.
const LEAST_FREEDOM: f64 = 1e-6;
/// A column with a smaller deviation does not move but by rounding; columns are of the size of 1.
const LEAST_DEVIATION: f64 = 1e-9;
/// Nor does one whose variance is a smaller part of the square of its mean.
const LEAST_VARIANCE: f64 = 1e-13;

/// The weighted sums of products over the rows of some regressions, all of which have the same rows and as many columns.
#[derive(Clone, Debug)]
pub(crate) struct Sums {
    /// Of a column of ones and the shared columns among themselves.
    pub(crate) shared: Array2<f64>,
    /// Of those and the other columns of each regression, one regression beside the other: its own, and then its target.
    pub(crate) cross: Array2<f64>,
    /// Of the other columns of each regression among themselves, one regression below the other.
    pub(crate) own: Array2<f64>,
    /// Kish's number of rows.
    pub(crate) effective_rows: f64,
}

/// Where a column lies, and what its values are multiplied by.
#[derive(Clone, Copy, Debug)]
struct Scale {
    /// The weighted mean.
    centre: f64,
    /// One over the deviation; zero for a column that does not move; 1 for a target.
    by: f64,
}

/// [`Sums`] about the means of the columns, which are scaled to a variance of 1.
#[derive(Clone, Debug)]
pub(crate) struct Normals {
    shared: Array2<f64>,
    cross: Array2<f64>,
    own: Array2<f64>,
    shared_scales: Vec<Scale>,
    own_scales: Vec<Scale>,
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

/// What the shared columns come to with one penalty.
struct Shared {
    /// Their rows of `M`.
    inverse: Array2<f64>,
    /// Those times the sums with the other columns, one regression beside the other.
    along: Array2<f64>,
}

/// What the own columns of one regression come to with one penalty.
struct Own {
    /// Their part of their rows of `M`.
    inverse: Array2<f64>,
    /// Their part of `M b`.
    along: Array1<f64>,
}

/// The [`Line`]s of all regressions, and what gives the leverage of their rows.
pub(crate) struct Solutions<'a> {
    normals: &'a Normals,
    shared: Shared,
    own: Vec<Own>,
    pub(crate) lines: Vec<Line>,
}

impl Normals {
    /// Centres and scales sums. None where one is not finite, or no row has a weight.
    pub(crate) fn new(sums: &Sums) -> Option<Self> {
        let total = *sums.shared.get((0, 0))?;
        let per = sums.own.ncols();
        let scale = |sum: f64, square: f64| {
            let centre = sum / total;
            let variance = (square / total - centre * centre).max(0.0);
            // The difference of two squares is good to the last digits of the squares only.
            let moves = variance > LEAST_VARIANCE * centre * centre && variance > LEAST_DEVIATION.powi(2);
            Scale { centre, by: if moves { variance.sqrt().recip() } else { 0.0 } }
        };
        let of_ones = sums.shared.row(0).into_iter().zip(sums.shared.diag()).skip(1);
        let shared_scales: Vec<Scale> = of_ones.map(|(sum, square)| scale(*sum, *square)).collect();
        let places = sums.cross.row(0).into_iter().zip(sums.own.outer_iter()).zip((0..per).cycle());
        let own_scales: Vec<Scale> = places
            .map(|((sum, row), place)| match row.get(place) {
                Some(square) if place + 1 < per => scale(*sum, *square),
                _ => Scale { centre: sum / total, by: 1.0 },
            })
            .collect();
        let centred = |sums: ArrayView2<'_, f64>, of: &[Scale], with: &mut dyn Iterator<Item = &[Scale]>| {
            let mut values = Vec::with_capacity(sums.len());
            for ((row, scale), with) in sums.outer_iter().zip(of).zip(with) {
                let taken = total * scale.centre;
                let each = row.into_iter().zip(with);
                values.extend(each.map(|(sum, other)| (sum - taken * other.centre) * (scale.by * other.by)));
            }
            let finite = values.iter().all(|value| value.is_finite());
            Array2::from_shape_vec(sums.raw_dim(), values).ok().filter(|_| finite)
        };
        let same = |scales| std::iter::repeat(scales);
        let mut blocks = own_scales.chunks(per.max(1)).flat_map(|scales| std::iter::repeat_n(scales, per));
        Some(Self {
            shared: centred(
                part(sums.shared.view(), 1.., 1..),
                &shared_scales,
                &mut same(shared_scales.as_slice()),
            )?,
            cross: centred(
                part(sums.cross.view(), 1.., ..),
                &shared_scales,
                &mut same(own_scales.as_slice()),
            )?,
            own: centred(sums.own.view(), &own_scales, &mut blocks)?,
            shared_scales,
            own_scales,
            total,
            effective_rows: sums.effective_rows,
        })
        .filter(|_| total > 0.0)
    }

    /// How many regressions there are.
    fn count(&self) -> usize {
        self.own.nrows() / self.own.ncols().max(1)
    }

    /// The places of the columns of one regression, and its target.
    fn places(&self, number: usize) -> Slice {
        let per = self.own.ncols();
        Slice::from(number * per..(number + 1) * per)
    }

    /// Some of the regressions.
    pub(crate) fn only(&self, numbers: &[usize]) -> Self {
        let per = self.own.ncols();
        let places: Vec<usize> = numbers.iter().flat_map(|number| number * per..(number + 1) * per).collect();
        Self {
            shared: self.shared.clone(),
            cross: self.cross.select(Axis(1), &places),
            own: self.own.select(Axis(0), &places),
            shared_scales: self.shared_scales.clone(),
            own_scales: places.iter().filter_map(|place| self.own_scales.get(*place).copied()).collect(),
            ..*self
        }
    }

    fn solve_shared(&self, penalty: f64) -> Option<Shared> {
        let inverse = inverse_root(self.shared.view(), penalty)?;
        let along = inverse.dot(&self.cross);
        Some(Shared { inverse, along })
    }

    fn solve_own(&self, shared: &Shared, number: usize, penalty: f64) -> Option<Own> {
        let across = shared.along.slice_axis(Axis(1), self.places(number));
        let mut rest = self.own.slice_axis(Axis(0), self.places(number)).to_owned();
        general_mat_mul(-1.0, &across.t(), &across, 1.0, &mut rest);
        let inverse = inverse_root(part(rest.view(), ..-1, ..-1), penalty)?;
        let along = inverse.dot(&part(rest.view(), ..-1, -1..).column(0));
        Some(Own { inverse, along })
    }

    /// The coefficients of the shared and of the own columns of a regression.
    fn coefficients(&self, shared: &Shared, own: &Own, number: usize) -> (Array1<f64>, Array1<f64>) {
        let of_own = own.inverse.t().dot(&own.along);
        let across = shared.along.slice_axis(Axis(1), self.places(number));
        let rest = &part(across, .., -1..).column(0) - &part(across, .., ..-1).dot(&of_own);
        (shared.inverse.t().dot(&rest), of_own)
    }

    /// The sum of the generalised cross-validation scores of a penalty over all regressions: the squared error that a row
    /// left out would have, for a target of variance 1. Targets that do not move have no say.
    pub(crate) fn score(&self, penalty: f64) -> f64 {
        let Some(shared) = self.solve_shared(penalty) else { return 0.0 };
        let of_shared = squares(&shared.inverse);
        (0..self.count()).filter_map(|number| self.score_of(&shared, of_shared, number, penalty)).sum()
    }

    fn score_of(&self, shared: &Shared, of_shared: f64, number: usize, penalty: f64) -> Option<f64> {
        let sums = self.own.slice_axis(Axis(0), self.places(number));
        let of_target = sums.last()?.max(0.0);
        let scales = self.own_scales.get((number + 1) * self.own.ncols() - 1)?;
        if of_target <= LEAST_VARIANCE * scales.centre * scales.centre * self.total {
            return None;
        }
        let own = self.solve_own(shared, number, penalty)?;
        let across = shared.along.slice_axis(Axis(1), self.places(number));
        let along = across.index_axis(Axis(1), self.own.ncols() - 1);
        let explained = along.dot(&along) + own.along.dot(&own.along);
        let (of_shared_columns, of_own_columns) = self.coefficients(shared, &own, number);
        let shrunk = of_shared_columns.dot(&of_shared_columns) + of_own_columns.dot(&of_own_columns);
        let unexplained = (of_target - explained - penalty * shrunk).max(0.0);
        let below = own.inverse.dot(&part(across, .., ..-1).t()).dot(&shared.inverse);
        let trace = of_shared + squares(&own.inverse) + squares(&below);
        let freedom = super::real(self.shared.nrows() + self.own.ncols() - 1) - penalty * trace;
        let left = (1.0 - (1.0 + freedom) / self.effective_rows).max(LEAST_FREEDOM);
        Some(unexplained / of_target / (left * left))
    }

    /// Learns with one penalty, above zero.
    pub(crate) fn solve(&self, penalty: f64) -> Option<Solutions<'_>> {
        let shared = self.solve_shared(penalty)?;
        let own: Vec<Own> = (0..self.count())
            .map(|number| self.solve_own(&shared, number, penalty))
            .collect::<Option<_>>()?;
        let line = |(number, own): (usize, &Own)| {
            let (of_shared, of_own) = self.coefficients(&shared, own, number);
            let (target, scales) = self.scales(number).split_last()?;
            let scales = || self.shared_scales.iter().chain(scales);
            let coefficients =
                of_shared.iter().chain(&of_own).zip(scales()).map(|(value, scale)| value * scale.by);
            Some(Line {
                coefficients: coefficients.collect(),
                centres: scales().map(|scale| scale.centre).collect(),
                average: target.centre,
            })
        };
        let lines = own.iter().enumerate().map(line).collect::<Option<_>>()?;
        Some(Solutions { normals: self, shared, own, lines })
    }

    /// The scales of the columns of one regression, and of its target.
    fn scales(&self, number: usize) -> &[Scale] {
        let per = self.own.ncols();
        self.own_scales.get(number * per..(number + 1) * per).unwrap_or_default()
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

impl Solutions<'_> {
    /// What the targets of some rows minus their forecasts would have been if each had been left out, regression by
    /// regression. `shared` has the shared columns, one a row, and `own` the own columns and target of each regression, one
    /// below the other. Each value is times the root of its row's weight; a row of no weight has no error but NaN.
    pub(crate) fn left_out_errors(
        &self,
        shared: ArrayView2<'_, f64>,
        own: ArrayView2<'_, f64>,
        roots: &[f64],
    ) -> Vec<Vec<f64>> {
        let seen = self.shared.inverse.dot(&scaled(shared, &self.normals.shared_scales, roots));
        let mut leverages: Vec<f64> = roots.iter().map(|root| root * root / self.normals.total).collect();
        add_squares(&mut leverages, &seen);
        // What the shared columns say of each own column and of each target.
        let said = self.shared.along.t().dot(&seen);
        let errors = |(number, solved): (usize, &Own)| -> Vec<f64> {
            let (own, said) = (
                own.slice_axis(Axis(0), self.normals.places(number)),
                said.slice_axis(Axis(0), self.normals.places(number)),
            );
            let mut rest = scaled(own, self.normals.scales(number), roots);
            rest -= &said;
            let (columns, target) = rest.view().split_at(Axis(0), solved.inverse.nrows());
            let seen = solved.inverse.dot(&columns);
            let mut leverages = leverages.clone();
            add_squares(&mut leverages, &seen);
            let expected = solved.along.dot(&seen);
            let found = target.iter().zip(&expected).zip(roots.iter().zip(&leverages));
            found
                .map(|((target, expected), (root, leverage))| {
                    (target - expected) / root / (1.0 - leverage).max(LEAST_FREEDOM)
                })
                .collect()
        };
        self.own.iter().enumerate().map(errors).collect()
    }
}

/// Columns, one a row and each value times the root of its row's weight, about their centres and scaled.
fn scaled(columns: ArrayView2<'_, f64>, scales: &[Scale], roots: &[f64]) -> Array2<f64> {
    let mut values = Vec::with_capacity(columns.len());
    for (column, scale) in columns.outer_iter().zip(scales) {
        values.extend(column.iter().zip(roots).map(|(value, root)| (value - scale.centre * root) * scale.by));
    }
    // As many scales as columns come with them, so the fallback never comes.
    Array2::from_shape_vec(columns.raw_dim(), values).unwrap_or_default()
}

/// Adds to each sum the squares of a column.
fn add_squares(sums: &mut [f64], values: &Array2<f64>) {
    for row in values.outer_iter() {
        sums.iter_mut().zip(&row).for_each(|(sum, value)| *sum += value * value);
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

        /// The regression, with so many of its columns as those that it might share.
        fn normals(&self, shared: usize) -> Option<Normals> {
            let size = self.columns.len();
            let product = |a: usize, b: usize| -> f64 {
                self.columns[a].iter().zip(&self.columns[b]).map(|(a, b)| a * b).sum()
            };
            let (inner, outer) = (shared + 1, size - shared - 1);
            let sums = Sums {
                shared: Array2::from_shape_fn((inner, inner), |(a, b)| product(a, b)),
                cross: Array2::from_shape_fn((inner, outer), |(a, b)| product(a, inner + b)),
                own: Array2::from_shape_fn((outer, outer), |(a, b)| product(inner + a, inner + b)),
                effective_rows: product(0, 0).powi(2)
                    / self.columns[0].iter().map(|root| root.powi(4)).sum::<f64>(),
            };
            Normals::new(&sums)
        }

        fn line(&self, penalty: f64) -> Line {
            self.normals(1).unwrap().solve(penalty).unwrap().lines.remove(0)
        }

        fn left_out_errors(&self, shared: usize, penalty: f64) -> Vec<f64> {
            let rows = self.columns[0].len();
            let table = Array2::from_shape_vec((self.columns.len(), rows), self.columns.concat()).unwrap();
            let (shared_columns, own) = table.view().split_at(Axis(0), shared + 1);
            let shared_columns = shared_columns.split_at(Axis(0), 1).1;
            let normals = self.normals(shared).unwrap();
            normals.solve(penalty).unwrap().left_out_errors(shared_columns, own, &self.columns[0]).remove(0)
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
        let line = Rows::new(&[x], &y, &[1.0; 11]).line(1e-9);
        assert!((line.expect([0.0].iter()) - 3.0).abs() < 0.005);
        assert!((line.expect([20.0].iter()) - 13.0).abs() < 0.01);
    }

    #[test]
    fn a_column_that_never_changes_has_no_say() {
        let columns = [vec![0.1; 3], vec![1.0, 2.0, 4.0]];
        let rows = Rows::new(&columns, &[1.0, 2.0, 4.0], &[1.0; 3]);
        let line = rows.line(1e-9);
        assert!((line.expect([77.0, 3.0].iter()) - 3.0).abs() < 1e-6);
    }

    #[test]
    fn values_that_are_not_finite_are_refused() {
        for faulty in [f64::NAN, f64::INFINITY] {
            assert!(Rows::new(&[vec![1.0, faulty, 2.0]], &[1.0, 2.0, 3.0], &[1.0; 3]).normals(1).is_none());
            assert!(Rows::new(&[vec![1.0, 5.0, 2.0]], &[1.0, faulty, 3.0], &[1.0; 3]).normals(1).is_none());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn errors_left_out_are_those_of_learning_anew_without_the_row(
            values in prop::collection::vec(-10.0..10.0_f64, 20 * 4),
            weights in prop::collection::vec(0.1..1.0_f64, 20),
            penalty in 0.1..100.0_f64,
            shared in 0..=3_usize,
        ) {
            let columns: Vec<Vec<f64>> = values.chunks(20).map(<[f64]>::to_vec).collect();
            let (y, x) = columns.split_last().unwrap();
            // The scale is part of the penalty, and held as all rows have it.
            let Some(scaled) = scaled(x, &weights) else { return Ok(()) };
            let errors = Rows::new(x, y, &weights).left_out_errors(shared, penalty);
            for row in 0..20 {
                let anew = y[row] - forecast_without(row, &scaled, y, &weights, penalty);
                prop_assert!((errors[row] - anew).abs() < 1e-7, "{} {anew}", errors[row]);
            }
        }

        #[test]
        fn the_score_of_rows_of_one_weight_is_the_textbooks(
            values in prop::collection::vec(-10.0..10.0_f64, 20 * 4), penalty in 0.1..100.0_f64, shared in 0..=3_usize,
        ) {
            // n |(I - H) y|^2 / tr(I - H)^2, for a target of variance 1; H is found by learning from unit targets.
            let columns: Vec<Vec<f64>> = values.chunks(20).map(<[f64]>::to_vec).collect();
            let (y, x) = columns.split_last().unwrap();
            let Some(of_y) = scaled(std::slice::from_ref(y), &[1.0; 20]) else { return Ok(()) };
            let line = |target: &[f64]| Rows::new(x, target, &[1.0; 20]).line(penalty);
            let row = |row: usize| -> Vec<f64> { x.iter().map(|column| column[row]).collect() };
            let unit = |at: usize| -> Vec<f64> { (0..20).map(|row| if row == at { 1.0 } else { 0.0 }).collect() };
            let trace: f64 = (0..20).map(|at| line(&unit(at)).expect(row(at).iter())).sum();
            let learnt = line(&of_y[0]);
            let unexplained: f64 = (0..20).map(|at| (of_y[0][at] - learnt.expect(row(at).iter())).powi(2)).sum();
            let expected = 20.0 * unexplained / (20.0 - trace).powi(2);
            let score = Rows::new(x, y, &[1.0; 20]).normals(shared).unwrap().score(penalty);
            prop_assert!((score - expected).abs() < 1e-7 * expected, "{score} {expected}");
        }
    }
}
