//! The columns of tables that charts of energy share; all but the first may be left out.

use grid_core::{quantity::Energy, series::Quality, time::Interval};
use pyo3::prelude::*;

use crate::{
    columns::{Columns, same_length},
    error::raise,
};

/// The intervals from ``start`` to ``end``.
pub(crate) fn intervals(columns: &Columns<'_>) -> PyResult<Vec<Interval>> {
    let (starts, ends) = (columns.instants("start")?, columns.instants("end")?);
    same_length("end", starts.len(), ends.len())?;
    starts.into_iter().zip(ends).map(|(start, end)| Interval::new(start, end).map_err(raise)).collect()
}

/// A column of energies that may not be there.
pub(crate) fn energies(
    columns: &Columns<'_>,
    name: &str,
    rows: usize,
) -> PyResult<std::vec::IntoIter<Option<Energy>>> {
    let column = if columns.has(name) { columns.energies(name)? } else { vec![None; rows] };
    same_length(name, rows, column.len()).map(|()| column.into_iter())
}

/// The column of qualities; without it all is measured.
pub(crate) fn qualities(columns: &Columns<'_>, rows: usize) -> PyResult<std::vec::IntoIter<Quality>> {
    let column =
        if columns.has("quality") { columns.qualities("quality")? } else { vec![Quality::Measured; rows] };
    same_length("quality", rows, column.len()).map(|()| column.into_iter())
}
