//! What is missing, filled in and marked.

use grid_core::{
    energy::{
        Reading,
        substitute::{self as filling, Fill, WithoutPattern},
    },
    error::excerpt,
    series::Series,
};
use jiff::civil::Date;
use pyo3::{intern, prelude::*};

use crate::{
    columns::Columns,
    energy::results,
    error::{Error, no_choice, raise},
    json,
    meter::raw_rows,
    series::{PySeries, presumed},
    table::{PyTable, Table},
    time::{self, Instant},
};

/// Fills what is missing in a series, and marks it: gaps of up to two hours along the line between their neighbours,
/// longer ones by what the same local time had on comparable days.
///
/// ``advances`` is a table with ``start, end, energy_kwh`` of what a register counted, as ``grid.advances`` gives it: the
/// filled slots are rescaled so that they and the measured ones add up to it, to the milliwatt-hour. ``holidays`` are dates
/// that count as Sundays. Where no method works a slot stays missing; with ``without_pattern="spread_evenly"`` an advance
/// is then spread evenly. ``start`` and ``end`` say which part is filled, all of it if they are left out. A measured value
/// is never changed.
///
/// Returns ``Substituted(series, fills, remarks)``; ``fills`` is a table with ``start, end, energy_kwh, method``.
///
/// >>> import grid_py as grid
/// >>> series = grid.Series([1.0, float("nan"), 2.0], start="2026-03-01T00:00:00Z", resolution="1h")
/// >>> filled = grid.substitute(series)
/// >>> filled.series.values, filled.fills["method"].tolist()
/// (array([1. , 1.5, 2. ]), ['linear_interpolation'])
#[pyfunction]
#[pyo3(signature = (
    series, advances=None, *, start=None, end=None, holidays=None, without_pattern="leave_missing"
))]
pub(crate) fn substitute<'py>(
    series: &Bound<'py, PySeries>,
    advances: Option<&Bound<'py, PyAny>>,
    start: Option<Instant>,
    end: Option<Instant>,
    holidays: Option<Vec<Bound<'py, PyAny>>>,
    without_pattern: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let py = series.py();
    let series: &Series = &series.get().0;
    let advances = advances.map_or_else(|| Ok(Vec::new()), advances_of)?;
    let rules = rules_of(holidays, without_pattern)?;
    let whole = series.interval();
    let period = match (start, end, whole) {
        (Some(start), Some(end), _) => time::interval(&start, &end)?,
        (None, None, Some(whole)) => whole,
        (None, None, None) => return Err(raise(Error::NoRows)),
        _ => return Err(raise(Error::Needed { what: "`start` and `end`", when: "a period is told" })),
    };
    let found = py.detach(|| filling::substitute(series, period, &advances, &rules)).map_err(raise)?;
    let fills = fills(&found.fills)?;
    let remarks = json::to_python(py, &found.remarks)?;
    let filled = Bound::new(py, PySeries(found.series))?;
    results(py)?.getattr(intern!(py, "Substituted"))?.call1((filled, fills, remarks))
}

/// How missing slots are filled.
pub(crate) fn rules_of(
    holidays: Option<Vec<Bound<'_, PyAny>>>,
    without_pattern: &str,
) -> PyResult<filling::Rules> {
    let mut rules = filling::Rules::default();
    for day in holidays.unwrap_or_default() {
        let text = time::text(&day)?;
        let wrong = || Error::NotAChoice {
            what: "a holiday",
            expected: "a date like `2026-08-15`",
            got: excerpt(&text),
        };
        rules.holidays.insert(text.parse::<Date>().map_err(|_| raise(wrong()))?);
    }
    rules.without_pattern = match without_pattern {
        "leave_missing" => WithoutPattern::LeaveMissing,
        "spread_evenly" => WithoutPattern::SpreadEvenly,
        _ => {
            let expected = "`leave_missing` or `spread_evenly`";
            return Err(no_choice("what to do without a pattern", expected, without_pattern));
        }
    };
    Ok(rules)
}

/// What a register counted, from a table; where nothing is known nothing is told.
pub(crate) fn advances_of(table: &Bound<'_, PyAny>) -> PyResult<Vec<Reading>> {
    let rows = raw_rows(&Columns::of(table)?)?.into_iter().filter(|row| row.energy.is_some());
    rows.map(|row| Reading::new(row.interval, row.energy, presumed(row.energy)).map_err(raise)).collect()
}

/// What was filled, one slot a row.
pub(crate) fn fills(fills: &[Fill]) -> PyResult<PyTable> {
    Table::new()
        .instants("start", fills.iter().map(|fill| fill.interval.start()))
        .instants("end", fills.iter().map(|fill| fill.interval.end()))
        .floats("energy_kwh", fills.iter().map(|fill| fill.energy.to_kwh_f64()))
        .texts("method", fills.iter().map(|fill| Some(fill.method.as_str())))
        .finish()
}
