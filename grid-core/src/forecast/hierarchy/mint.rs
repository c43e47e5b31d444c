//! The least error that can be had from all nodes' forecasts together (`MinT` with shrinkage).
//!
//! With the constraints `C` (a row per node with parts: the node minus its parts), the covariance `W` of the errors and
//! the forecasts `y`, the reconciled forecasts are `y - W C' (C W C')^-1 C y`: the same as the form with a summing
//! matrix, and the equations are only as many as there are nodes with parts. The covariance itself is never laid out.
//!
//! # References
//!
//! S. L. Wickramasuriya, G. Athanasopoulos, R. J. Hyndman: "Optimal forecast reconciliation for hierarchical and grouped
//! time series through trace minimization", Journal of the American Statistical Association 114(526), 2019. J. Schaefer,
//! K. Strimmer: "A shrinkage approach to large-scale covariance matrix estimation", Statistical Applications in Genetics
//! and Molecular Biology 4(1), 2005, for the share of the diagonal.

use std::collections::BTreeMap;

use linfa_linalg::cholesky::SolveC;
use ndarray::{Array1, Array2, Axis};

use super::Hierarchy;
use crate::{
    error::excerpt,
    forecast::{Error, real},
};

/// With fewer rows the correlations are noise; two weeks of days.
const LEAST_ROWS: usize = 14;

/// How much each node gives way, for each constraint, when the forecasts break it.
#[derive(Debug)]
pub(super) struct Gain {
    /// One row per node, one column per node with parts.
    matrix: Array2<f64>,
    constraints: Array2<f64>,
}

impl Gain {
    /// Learns the gain from past errors, one column of them per node; rows with a gap are left out.
    pub(super) fn new(hierarchy: &Hierarchy, errors: &BTreeMap<String, Vec<f64>>) -> Result<Self, Error> {
        let errors = complete_rows(hierarchy, errors)?;
        let constraints = constraints(hierarchy);
        let (count, _) = errors.dim();
        let degrees = real(count) - 1.0;
        let centred = &errors - &errors.sum_axis(Axis(0)) / real(count);
        let variances = centred.map_axis(Axis(0), |column| column.dot(&column) / degrees);
        // A node that was never off is not moved; the ratio keeps rounding from making it a divisor.
        let scale = variances.mapv(|variance| if variance > 0.0 { variance.sqrt().recip() } else { 0.0 });
        let share = diagonal_share(&(&centred * &scale));

        // W C' = share * D C' + (1 - share) * X' (X C') / (count - 1)
        let diagonal = &constraints.t() * &variances.insert_axis(Axis(1));
        let full = centred.t().dot(&centred.dot(&constraints.t())) / degrees;
        let weighted = diagonal * share + full * (1.0 - share);
        let mut between = constraints.dot(&weighted);
        let inner = hierarchy.nodes().iter().filter(|node| !node.parts.is_empty());
        if let Some((node, _)) = inner.zip(between.diag()).find(|(_, variance)| **variance <= 0.0) {
            return Err(Error::FlatErrors { node: excerpt(&node.name) });
        }
        let unsolved = |source: linfa_linalg::LinalgError| Error::Unsolved {
            rows: count,
            columns: constraints.nrows(),
            source: Box::new(source),
        };
        // Gain' = (C W C')^-1 (W C')'
        let solution = between.solvec(&weighted.t()).map_err(unsolved)?;
        Ok(Self { matrix: solution.reversed_axes(), constraints })
    }

    /// Moves the values of all nodes of one slot so that the parts add up.
    pub(super) fn apply(&self, values: &mut [f64]) {
        let own = Array1::from(values.to_vec());
        let moved = &own - &self.matrix.dot(&self.constraints.dot(&own));
        for (value, moved) in values.iter_mut().zip(moved) {
            *value = moved;
        }
    }
}

/// One row per time at which the error of every node is known, one column per node.
fn complete_rows(hierarchy: &Hierarchy, errors: &BTreeMap<String, Vec<f64>>) -> Result<Array2<f64>, Error> {
    let mut columns = Vec::with_capacity(hierarchy.nodes().len());
    for node in hierarchy.nodes() {
        let column =
            errors.get(&node.name).ok_or_else(|| Error::MissingNode { node: excerpt(&node.name) })?;
        let first = columns.first().map_or(column.len(), |first: &&Vec<f64>| first.len());
        if column.len() != first {
            return Err(Error::ErrorColumn { node: excerpt(&node.name), rows: first, got: column.len() });
        }
        columns.push(column);
    }
    let rows = columns.first().map_or(0, |column| column.len());
    let row = |row: usize| columns.iter().filter_map(move |column| column.get(row).copied());
    let complete: Vec<usize> = (0..rows).filter(|place| row(*place).all(f64::is_finite)).collect();
    if complete.len() < LEAST_ROWS {
        return Err(Error::TooFewErrors { need: LEAST_ROWS, got: complete.len() });
    }
    let values: Vec<f64> = complete.iter().flat_map(|place| row(*place)).collect();
    Array2::from_shape_vec((complete.len(), columns.len()), values).map_err(|source| Error::Unsolved {
        rows: complete.len(),
        columns: columns.len(),
        source: Box::new(source),
    })
}

fn constraints(hierarchy: &Hierarchy) -> Array2<f64> {
    let nodes = hierarchy.nodes();
    let inner: Vec<_> = nodes.iter().enumerate().filter(|(_, node)| !node.parts.is_empty()).collect();
    let mut constraints = Array2::zeros((inner.len(), nodes.len()));
    for (mut row, (place, node)) in constraints.outer_iter_mut().zip(inner) {
        for (column, value) in row.iter_mut().enumerate() {
            if column == place {
                *value = 1.0;
            } else if node.parts.contains(&column) {
                *value = -1.0;
            }
        }
    }
    constraints
}

/// The share of the diagonal, from 0 to 1: the variances of all correlations over their squares (Schaefer and Strimmer,
/// their estimator for the target D). `scaled` has columns of mean 0 and variance 1.
///
/// With `G = Z' Z` of `n` rows, a correlation is `G_ij / (n - 1)` and its variance
/// `n / (n - 1)^3 * (sum_k z_ki^2 z_kj^2 - G_ij^2 / n)`; the sum over all pairs of the former part needs no pairs.
fn diagonal_share(scaled: &Array2<f64>) -> f64 {
    let rows = real(scaled.nrows());
    let products = scaled.t().dot(scaled);
    let beside: f64 = products
        .indexed_iter()
        .filter(|((row, column), _)| row != column)
        .map(|(_, product)| product * product)
        .sum();
    let squares = scaled.mapv(|value| value * value);
    let pairs: f64 = squares.outer_iter().map(|row| row.sum().powi(2) - row.dot(&row)).sum();
    let degrees = rows - 1.0;
    let variances = rows / degrees.powi(3) * (pairs - beside / rows);
    let correlations = beside / degrees.powi(2);
    if correlations > 0.0 { (variances / correlations).clamp(0.0, 1.0) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] = ["whole", "left", "c", "a", "b"];
    /// The errors of the five nodes at fourteen times.
    const ERRORS: [[f64; 5]; 14] = [
        [-0.3, -2.3, 0.7, -1.6, -0.2],
        [-1.9, -1.7, 0.1, -1.6, 3.6],
        [0.1, -0.1, 0.0, -0.6, -0.8],
        [0.4, 0.8, 0.1, 1.5, 0.1],
        [1.8, 1.8, 0.8, 0.5, 0.1],
        [2.7, 2.2, 0.0, 1.1, 1.3],
        [-0.9, 0.0, 1.2, 0.7, 0.4],
        [-1.8, -2.5, 1.3, -2.1, -1.4],
        [1.3, 1.0, -0.1, -0.5, 0.3],
        [1.6, 1.7, 1.0, 1.2, 1.4],
        [-0.8, -0.6, 0.9, 0.4, 0.1],
        [-0.3, 0.5, -2.2, 1.1, 0.8],
        [0.6, -0.4, 0.5, 0.3, -0.9],
        [-0.2, 0.9, -0.7, 0.2, 0.6],
    ];

    fn hierarchy() -> Hierarchy {
        Hierarchy::new([
            ("whole", None),
            ("left", Some("whole")),
            ("c", Some("whole")),
            ("a", Some("left")),
            ("b", Some("left")),
        ])
        .unwrap()
    }

    fn errors() -> BTreeMap<String, Vec<f64>> {
        let column = |place: usize| ERRORS.iter().map(|row| row[place]).collect();
        NAMES.iter().enumerate().map(|(place, name)| ((*name).to_owned(), column(place))).collect()
    }

    #[test]
    fn the_reconciled_values_are_those_of_hierarchicalforecast() {
        // hierarchicalforecast 1.5.3: MinTrace("mint_shrink", mint_shr_ridge=0.0).fit_predict(...)["mean"], two slots.
        for (own, expected) in [
            (
                [10.0, 5.0, 6.0, 3.0, 1.0],
                [10.179_085_972, 4.404_236_818, 5.774_849_154, 3.107_858_984, 1.296_377_834],
            ),
            (
                [20.0, 9.0, 8.0, 7.0, 4.0],
                [19.208_726_208, 10.491_697_06, 8.717_029_148, 6.906_864_05, 3.584_833_01],
            ),
        ] {
            let mut values = own;
            Gain::new(&hierarchy(), &errors()).unwrap().apply(&mut values);
            for (got, expected) in values.iter().zip(expected) {
                assert!((got - expected).abs() < 1e-8, "{values:?}");
            }
        }
    }

    #[test]
    fn a_time_at_which_one_error_is_missing_is_left_out() {
        let mut gap = errors();
        for (name, column) in &mut gap {
            column.insert(3, if name == "b" { f64::NAN } else { 50.0 });
        }
        let (with, without) =
            (Gain::new(&hierarchy(), &gap).unwrap(), Gain::new(&hierarchy(), &errors()).unwrap());
        assert_eq!(with.matrix, without.matrix);
        gap.get_mut("a").unwrap()[0] = f64::NAN;
        gap.get_mut("c").unwrap()[1] = f64::NAN;
        let few = Gain::new(&hierarchy(), &gap);
        assert!(matches!(few, Err(Error::TooFewErrors { need: 14, got: 12 })));
        gap.get_mut("a").unwrap().pop();
        assert!(matches!(Gain::new(&hierarchy(), &gap), Err(Error::ErrorColumn { node, .. }) if node == "a"));
        gap.remove("a");
        assert!(matches!(Gain::new(&hierarchy(), &gap), Err(Error::MissingNode { node }) if node == "a"));
    }

    #[test]
    fn a_node_that_was_never_off_keeps_its_forecast() {
        let mut sure = errors();
        sure.insert("whole".to_owned(), vec![0.0; ERRORS.len()]);
        let mut values = [10.0, 5.0, 6.0, 3.0, 1.0];
        Gain::new(&hierarchy(), &sure).unwrap().apply(&mut values);
        assert!((values[0] - 10.0).abs() < 1e-9, "{values:?}");
        assert!((values[0] - values[1] - values[2]).abs() < 1e-9);
    }

    #[test]
    fn errors_that_say_nothing_cannot_reconcile() {
        let none = NAMES.iter().map(|name| ((*name).to_owned(), vec![0.0; 20])).collect();
        assert!(matches!(Gain::new(&hierarchy(), &none), Err(Error::FlatErrors { node }) if node == "whole"));
    }
}
