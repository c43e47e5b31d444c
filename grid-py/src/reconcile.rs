//! An operator's own figures, checked.

use grid_core::{
    energy::sharing::{self, Figures, Strictness},
    quantity::Energy,
};
use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::{intern, prelude::*};

use crate::{
    columns,
    energy::asked_of_columns,
    error::{Error, raise},
    json,
};

/// Checks a grid operator's figures against what was generated and used, and against the key.
///
/// All are arrays in kWh with NaN where a figure is missing, or in mWh with ``unit="mWh"``: ``generation`` and
/// ``surplus`` of the shape (intervals, plants), ``demand`` and ``allocated`` of the shape (intervals, members). ``key``,
/// ``shares`` and ``groups`` are as for ``grid.share``. A figure may be ``tolerance_mwh`` from its recomputation in the
/// operator's rounding; ``most_findings`` of each kind are listed.
///
/// Returns a dictionary: how many ``intervals`` are ``complete``, the sums, what is ``unaccounted_kwh`` (generated, and in
/// nobody's account), how often figures ``does_not_add_up``, are ``above_demand`` or differ from the key
/// (``allocation_differs``, ``surplus_differs``), ``members`` and ``findings``.
///
/// >>> import grid_py as grid
/// >>> found = grid.reconcile([[9.0]], [[2.0, 4.0]], allocated=[[2.0, 4.0]], surplus=[[1.0]])
/// >>> found["unaccounted_kwh"], found["does_not_add_up"]["intervals"]
/// ('2.000000', 1)
#[pyfunction]
#[pyo3(signature = (
    generation, demand, *, allocated, surplus, key=None, shares=None, groups=None, tolerance_mwh=1,
    most_findings=100, unit="kWh"
))]
#[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
pub(crate) fn reconcile<'py>(
    py: Python<'py>,
    generation: &Bound<'py, PyAny>,
    demand: &Bound<'py, PyAny>,
    allocated: &Bound<'py, PyAny>,
    surplus: &Bound<'py, PyAny>,
    key: Option<&Bound<'py, PyAny>>,
    shares: Option<&Bound<'py, PyAny>>,
    groups: Option<&Bound<'py, PyAny>>,
    tolerance_mwh: i64,
    most_findings: usize,
    unit: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let table = |values, name| cells(values, name, unit);
    let (generation, plants) = table(generation, "generation")?;
    let (demand, members) = table(demand, "demand")?;
    let (allocated, _) = table(allocated, "allocated")?;
    let (surplus, _) = table(surplus, "surplus")?;
    let key = asked_of_columns(py, key, shares, groups, members)?;
    let figures = Figures {
        intervals: &[],
        members,
        plants,
        generation: &generation,
        demand: &demand,
        allocated: &allocated,
        surplus: &surplus,
    };
    let strictness = Strictness { tolerance: Energy::from_mwh(tolerance_mwh), most_findings };
    let found = py.detach(|| sharing::reconcile(&figures, &key, strictness)).map_err(raise)?;
    json::to_python(py, &found)
}

/// The cells of a table, row by row, and how many columns it has.
fn cells(
    values: &Bound<'_, PyAny>,
    name: &'static str,
    unit: &str,
) -> PyResult<(Vec<Option<Energy>>, usize)> {
    let array = values.py().import(intern!(values.py(), "numpy"))?.call_method1("asarray", (values,))?;
    let got = array.cast::<PyUntypedArray>()?.shape().to_vec();
    let [_, columns] = *got.as_slice() else {
        return Err(raise(Error::WrongShape { name, expected: "(intervals, columns)", got }));
    };
    Ok((columns::energies(&array.call_method0("ravel")?, name, unit)?, columns))
}
