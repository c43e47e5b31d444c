//! Sharing and balance over arrays.

use grid_core::{
    energy::{
        balance::of_arrays,
        sharing::{self, CellRounding, Coefficients, Columns, Key, PreparedKey},
    },
    flow::Flow,
    quantity::{Energy, Share},
};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadwriteArray2, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::{
    intern,
    prelude::*,
    types::{PyMapping, PyString},
};

use crate::{
    columns,
    error::{Error, no_choice, raise, shown},
    quantity::{PyEnergy, PyShare},
    sharing_key::{self, Asked},
};

/// Splits ``total`` in proportion to ``weights``, so that the parts add up to it exactly.
///
/// ``total`` is an ``Energy``, or a whole number of milliwatt-hours; the parts are of the same type. ``weights`` are
/// finite numbers from zero on, or shares (``Share``, or its text). Whole numbers count as they are; where one of them is
/// not whole, each is the decimal that Python prints, so that ``0.1`` is a tenth, exactly (to nineteen digits of the
/// largest). What rounding down leaves over goes, one milliwatt-hour each, to the largest remainders; ties go to the
/// larger weight and then to the earlier position.
///
/// >>> import grid_py as grid
/// >>> grid.apportion(100, [1, 1, 1])
/// [34, 33, 33]
/// >>> grid.apportion(1000, [2.5, 1.5])
/// [625, 375]
/// >>> grid.apportion(grid.Energy("1 kWh"), [0.333334, 0.333333, 0.333333])
/// [Energy("0.333334 kWh"), Energy("0.333333 kWh"), Energy("0.333333 kWh")]
#[pyfunction]
pub(crate) fn apportion<'py>(
    total: &Bound<'py, PyAny>,
    weights: &Bound<'py, PyAny>,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let py = total.py();
    let weights = weights_of(weights)?;
    if let Ok(PyEnergy(total)) = total.extract() {
        let parts = sharing::apportion_by_weights(total, &weights).map_err(raise)?;
        return parts.into_iter().map(|part| Ok(Bound::new(py, PyEnergy(part))?.into_any())).collect();
    }
    let parts = sharing::apportion_by_weights(Energy::from_mwh(total.extract()?), &weights).map_err(raise)?;
    parts.into_iter().map(|part| Ok(part.as_mwh().into_pyobject(py)?.into_any())).collect()
}

/// Shares what plants generated among members, interval by interval, to the last milliwatt-hour.
///
/// ``generation`` has the shape (intervals, plants), or (intervals,) for one plant; ``demand`` has the shape (intervals,
/// members). Both are in milliwatt-hours, or in kilowatt-hours with ``unit="kWh"``. Nobody gets more than they demand.
///
/// ``key`` says how it is divided:
///
/// - ``"proportional"``: in proportion to what each member demands in the interval;
/// - ``"equal"``: in equal parts;
/// - ``"static"``: by ``shares``, one per member, which add up to one;
/// - ``"priority"``: one group of ``groups``, lists of column numbers, after the other, and within a group in proportion
///   to demand; members whom no group names come last;
/// - a list of these, such as ``["static", "proportional"]``: a cascade, in which what one key leaves over is divided by
///   the next;
/// - a dictionary, as the HTTP API takes it, whose members are the numbers of the columns.
///
/// ``coefficients``, of the shape (intervals, members), are shares that differ from interval to interval; they take the
/// place of the key, and each row adds up to one.
///
/// ``rounding="exact"`` splits by the largest remainder, so that nothing is lost or made; ``rounding="operator"`` rounds
/// each cell for itself, half up, as grid operators publish it, which need not add up.
///
/// Returns ``Shared(allocated, surplus)``: ``allocated`` in mWh, shape (intervals, members), and ``surplus``, what no
/// member took of each plant, in mWh, shape (intervals, plants). ``out``, two such arrays of ``int64`` or an earlier
/// ``Shared``, is written over and returned instead of new ones.
///
/// >>> import grid_py as grid
/// >>> demand = [[2_000_000, 5_000_000, 1_000_000]]
/// >>> shared = grid.share([[10_000_000]], demand, key="static", shares=["0.5", "0.3", "0.2"])
/// >>> shared.allocated.tolist(), shared.surplus.tolist()
/// ([[2000000, 3000000, 1000000]], [[4000000]])
/// >>> grid.share([[6_000_000]], demand, key="priority", groups=[[1], [0, 2]]).allocated.tolist()
/// [[666667, 5000000, 333333]]
#[pyfunction]
#[pyo3(signature = (
    generation, demand, key=None, shares=None, rounding="exact", *, groups=None, coefficients=None, unit="mWh", out=None
))]
#[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
pub(crate) fn share<'py>(
    py: Python<'py>,
    generation: &Bound<'py, PyAny>,
    demand: &Bound<'py, PyAny>,
    key: Option<&Bound<'py, PyAny>>,
    shares: Option<&Bound<'py, PyAny>>,
    rounding: &str,
    groups: Option<&Bound<'py, PyAny>>,
    coefficients: Option<&Bound<'py, PyAny>>,
    unit: &str,
    out: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let rounding = match rounding {
        "exact" => CellRounding::Exact,
        "operator" => CellRounding::Operator,
        _ => return Err(no_choice("the rounding", "`exact` or `operator`", rounding)),
    };
    let generation = Table::of(generation, "generation", unit, 1)?;
    let demand = Table::of(demand, "demand", unit, 2)?;
    if generation.shape.0 != demand.shape.0 {
        let got = vec![generation.shape.0, generation.shape.1];
        return Err(raise(Error::WrongShape {
            name: "generation",
            expected: "(intervals of the demand, plants)",
            got,
        }));
    }
    let out = out.map(|out| Written::of(out, demand.shape, generation.shape)).transpose()?;
    let rule = match coefficients {
        Some(coefficients) if key.is_none() && shares.is_none() && groups.is_none() => {
            SharingRule::Coefficients(coefficients_of(coefficients, demand.shape)?)
        }
        Some(_) => {
            let what = "`key`, `shares` or `groups`";
            return Err(raise(Error::Unwanted { what, when: "there are `coefficients`" }));
        }
        None => SharingRule::Key(key_of_columns(py, key, shares, groups, demand.shape.1)?),
    };
    let shared = py
        .detach(|| {
            let plants = Columns::with_rows(&generation.cells, generation.shape.0, generation.shape.1)?;
            let members = Columns::with_rows(&demand.cells, demand.shape.0, demand.shape.1)?;
            match &rule {
                SharingRule::Key(key) => key.share(plants, members, rounding),
                SharingRule::Coefficients(rows) => {
                    sharing::share_by_coefficients(plants, members, rows, rounding)
                }
            }
        })
        .map_err(raise)?;
    let arrays = match out {
        Some(out) => out.over(&shared),
        None => {
            (to_array(py, shared.allocated, demand.shape)?, to_array(py, shared.surplus, generation.shape)?)
        }
    };
    results(py)?.getattr(intern!(py, "Shared"))?.call1(arrays)
}

/// Arrays of the caller's that an answer is written into.
struct Written<'py> {
    allocated: PyReadwriteArray2<'py, i64>,
    surplus: PyReadwriteArray2<'py, i64>,
}

impl<'py> Written<'py> {
    /// Two arrays that may be written, are of these shapes, and share no memory.
    fn of(out: &Bound<'py, PyAny>, allocated: (usize, usize), surplus: (usize, usize)) -> PyResult<Self> {
        let expected =
            "two arrays of `int64` that may be written: (intervals, members) and (intervals, plants)";
        let wrong = || no_choice("`out`", expected, &shown(out));
        let (first, second): (Bound<'py, PyArray2<i64>>, Bound<'py, PyArray2<i64>>) =
            out.extract().map_err(|_| wrong())?;
        for (array, shape) in [(&first, allocated), (&second, surplus)] {
            let got = array.shape().to_vec();
            if got != [shape.0, shape.1] {
                let expected = "(intervals, members) and (intervals, plants)";
                return Err(raise(Error::WrongShape { name: "`out`", expected, got }));
            }
        }
        let borrowed = |array: Bound<'py, PyArray2<i64>>| array.try_readwrite().map_err(|_| wrong());
        Ok(Self { allocated: borrowed(first)?, surplus: borrowed(second)? })
    }

    /// Writes an answer of these shapes.
    fn over(self, shared: &sharing::Shared) -> (Bound<'py, PyArray2<i64>>, Bound<'py, PyArray2<i64>>) {
        let write = |mut array: PyReadwriteArray2<'py, i64>, cells: &[Energy]| {
            for (place, cell) in array.as_array_mut().iter_mut().zip(cells) {
                *place = cell.as_mwh();
            }
            Bound::<'py, PyArray2<i64>>::clone(&array)
        };
        (write(self.allocated, &shared.allocated), write(self.surplus, &shared.surplus))
    }
}

/// By what an array is shared.
enum SharingRule {
    Key(PreparedKey),
    Coefficients(Coefficients),
}

/// A key for the columns of an array, in their order; in proportion to demand where none is named.
fn key_of_columns(
    py: Python<'_>,
    key: Option<&Bound<'_, PyAny>>,
    shares: Option<&Bound<'_, PyAny>>,
    groups: Option<&Bound<'_, PyAny>>,
    columns: usize,
) -> PyResult<PreparedKey> {
    let ids: Vec<String> = (0..columns).map(|number| format!("{number:020}")).collect();
    asked_of_columns(py, key, shares, groups, columns)?.for_members(&ids).map_err(raise)
}

/// The same before it knows its columns.
pub(crate) fn asked_of_columns(
    py: Python<'_>,
    key: Option<&Bound<'_, PyAny>>,
    shares: Option<&Bound<'_, PyAny>>,
    groups: Option<&Bound<'_, PyAny>>,
    columns: usize,
) -> PyResult<Key> {
    // A list has one share for each column; only a mapping may leave some out.
    if let Some(shares) = shares.filter(|shares| shares.cast::<PyMapping>().is_err()) {
        let got = shares.len()?;
        if got != columns {
            return Err(raise(grid_core::energy::Error::SharesDoNotFit { got, members: columns }));
        }
    }
    let proportional = PyString::new(py, "proportional").into_any();
    let asked = Asked { key: key.unwrap_or(&proportional), shares, groups };
    asked.key(&sharing_key::column(columns))
}

/// Shares of the shape (intervals, members), from numbers or decimal text.
fn coefficients_of(coefficients: &Bound<'_, PyAny>, shape: (usize, usize)) -> PyResult<Coefficients> {
    let py = coefficients.py();
    let array = py.import(intern!(py, "numpy"))?.call_method1("asarray", (coefficients,))?;
    let got = array.cast::<PyUntypedArray>()?.shape().to_vec();
    if got != [shape.0, shape.1] {
        return Err(raise(Error::WrongShape {
            name: "coefficients",
            expected: "(intervals, members) of the demand",
            got,
        }));
    }
    let cells = array.call_method0("ravel")?.call_method0("tolist")?;
    let shares = cells.try_iter()?.map(|share| share_of(&share?)).collect::<PyResult<_>>()?;
    Coefficients::new(shares, shape.1).map_err(raise)
}

/// Sets generation against consumption, interval by interval.
///
/// Both have the shape (intervals,), in kilowatt-hours with NaN where missing; with ``unit="mWh"`` in whole
/// milliwatt-hours. In each interval, ``own`` is the generation that is used on the spot, ``surplus`` what is left of it,
/// and ``residual`` the consumption that it does not meet; the three have the shape and unit of the input.
///
/// Returns ``ArrayBalance`` with ``own, surplus, residual``, their exact sums ``own_total, surplus_total,
/// residual_total`` over the intervals in which both are known, the rates ``self_consumption`` (of the generation) and
/// ``self_sufficiency`` (of the consumption) from 0 to 1, and ``completeness``.
///
/// >>> import grid_py as grid
/// >>> balance = grid.balance([1.0, 2.0, float("nan")], [3.0, 0.5, 1.0])
/// >>> balance.own_total, balance.self_sufficiency
/// (Energy("1.5 kWh"), 0.5)
/// >>> balance.surplus
/// array([ 2.,  0., nan])
#[pyfunction]
#[pyo3(signature = (consumption, generation, *, unit="kWh"))]
pub(crate) fn balance<'py>(
    py: Python<'py>,
    consumption: &Bound<'py, PyAny>,
    generation: &Bound<'py, PyAny>,
    unit: &str,
) -> PyResult<Bound<'py, PyAny>> {
    if !matches!(unit, "kWh" | "mWh") {
        return Err(no_choice("the unit", "`kWh` or `mWh`", unit));
    }
    let consumption = columns::energies(consumption, "consumption", unit)?;
    let generation = columns::energies(generation, "generation", unit)?;
    let balance = py.detach(|| of_arrays(&consumption, &generation)).map_err(raise)?;
    let column = |of: fn(&Flow) -> Energy| -> Bound<'py, PyAny> {
        let energies = balance.flows.iter().map(|flow| flow.as_ref().map(of));
        if unit == "mWh" {
            PyArray1::from_iter(py, energies.map(|energy| energy.unwrap_or_default().as_mwh())).into_any()
        } else {
            PyArray1::from_iter(py, energies.map(|energy| energy.map_or(f64::NAN, Energy::to_kwh_f64)))
                .into_any()
        }
    };
    results(py)?.getattr(intern!(py, "ArrayBalance"))?.call1((
        column(|flow| flow.own),
        column(|flow| flow.surplus),
        column(|flow| flow.residual),
        PyEnergy(balance.total.own),
        PyEnergy(balance.total.surplus),
        PyEnergy(balance.total.residual),
        balance.self_consumption.map(Share::to_f64),
        balance.self_sufficiency.map(Share::to_f64),
        balance.completeness.to_f64(),
    ))
}

pub(crate) fn results(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    py.import(intern!(py, "grid_py.results"))
}

/// Energies by interval (rows) and plant or member (columns).
pub(crate) struct Table {
    pub(crate) cells: Vec<Energy>,
    pub(crate) shape: (usize, usize),
}

impl Table {
    fn of(
        values: &Bound<'_, PyAny>,
        name: &'static str,
        unit: &str,
        least_dimensions: usize,
    ) -> PyResult<Self> {
        let array = values.py().import(intern!(values.py(), "numpy"))?.call_method1("asarray", (values,))?;
        let shape = array.cast::<PyUntypedArray>()?.shape().to_vec();
        let shape = match *shape.as_slice() {
            [intervals] if least_dimensions == 1 => (intervals, 1),
            [intervals, columns] => (intervals, columns),
            _ => return Err(raise(Error::WrongShape { name, expected: "(intervals, columns)", got: shape })),
        };
        let known = |energy: Option<Energy>| {
            let missing = || Error::NotAnEnergy {
                place: format!("`{name}`"),
                expected: "an energy in every cell",
                got: "a missing one".to_owned(),
            };
            energy.ok_or_else(|| raise(missing()))
        };
        let cells = columns::energies(&array.call_method0("ravel")?, name, unit)?;
        Ok(Self { cells: cells.into_iter().map(known).collect::<PyResult<_>>()?, shape })
    }
}

fn to_array(py: Python<'_>, cells: Vec<Energy>, shape: (usize, usize)) -> PyResult<Bound<'_, PyArray2<i64>>> {
    PyArray1::from_iter(py, cells.into_iter().map(Energy::as_mwh)).reshape([shape.0, shape.1])
}

/// Weights as whole numbers: as they are where all are integers, else in the ratio of their decimals.
fn weights_of(weights: &Bound<'_, PyAny>) -> PyResult<Vec<u64>> {
    let weights = weights.try_iter()?.collect::<PyResult<Vec<_>>>()?;
    if let Ok(whole) = weights.iter().map(PyAnyMethods::extract::<u64>).collect() {
        return Ok(whole);
    }
    let weight = |weight: &Bound<'_, PyAny>| match weight.extract::<f64>() {
        Ok(number) => Ok(number),
        Err(_) => share_of(weight).map(Share::to_f64),
    };
    sharing::whole_weights(&weights.iter().map(weight).collect::<PyResult<Vec<_>>>()?).map_err(raise)
}

/// A share: a `Share`, or a decimal as text or number, which goes through its shortest text.
pub(crate) fn share_of(share: &Bound<'_, PyAny>) -> PyResult<Share> {
    if let Ok(PyShare(share)) = share.extract() {
        return Ok(share);
    }
    let text: String = share.str()?.extract()?;
    text.parse().map_err(|error: grid_core::quantity::Error| match error {
        grid_core::quantity::Error::NotAnAmount { expected, .. } => {
            raise(grid_core::quantity::Error::NotAnAmount { expected, got: shown(share) })
        }
        other => raise(other),
    })
}
