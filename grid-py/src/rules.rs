//! The laws by which communities share, and formulas of some of them.

use std::path::PathBuf;

use grid_core::{
    energy::rules::{Law, colombia, italy, spain, spain_coefficients::HourOfYear, spain_file},
    quantity::Energy,
};
use jiff::civil::Date;
use numpy::PyArray1;
use pyo3::{
    intern,
    prelude::*,
    types::{PyBytes, PyDict},
};

use crate::{
    columns,
    energy::{results, share_of},
    error::{Error, no_choice, raise},
    json,
    quantity::{PyEnergy, PyMoney, PyPrice},
    table::{PyTable, Table},
    tariff::power_of,
};

/// The rules of a law that are in force on a day: its settlement ``resolution``, the ``keys`` that may be agreed, and each
/// of the ``articles`` with a citation, what it says, and how sure this engine is of it.
///
/// ``law`` is ``spain``, ``colombia``, ``austria``, ``italy``, ``france`` or ``germany``; ``day`` is a date.
///
/// >>> import grid_py as grid
/// >>> grid.rules.rules_on("spain", "2026-03-01")["resolution"]
/// '1h'
#[pyfunction]
pub(crate) fn rules_on_day<'py>(
    py: Python<'py>,
    law: &str,
    day: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let law: Law = law.parse().map_err(raise)?;
    let text = crate::time::text(day)?;
    let day: Date =
        text.trim().parse().map_err(|_| no_choice("the day", "a local date like `2026-03-29`", &text))?;
    json::to_python(py, law.rules_on(day).map_err(raise)?)
}

/// Spain: sets the value of a month's surplus against that of the energy from the grid, at most to zero (RD 244/2019,
/// article 14.3).
///
/// Returns ``Compensation(grid_value, surplus_value, compensated, energy_term, forfeited)``.
///
/// >>> import grid_py as grid
/// >>> grid.rules.spain_compensate(grid.Money("12.34 EUR"), grid.Money("15.00 EUR")).forfeited
/// Money("2.66 EUR")
#[pyfunction]
pub(crate) fn rules_spain_compensate(
    py: Python<'_>,
    grid_value: PyMoney,
    surplus_value: PyMoney,
) -> PyResult<Bound<'_, PyAny>> {
    let found = spain::compensate(grid_value.0, surplus_value.0).map_err(raise)?;
    let amounts = (
        PyMoney(found.grid_value),
        PyMoney(found.surplus_value),
        PyMoney(found.compensated),
        PyMoney(found.energy_term),
        PyMoney(found.forfeited),
    );
    results(py)?.getattr(intern!(py, "Compensation"))?.call1(amounts)
}

/// Spain: reads a file of coefficients, ``<CAU>_<YYYY>.txt``, from its path or ``bytes``.
///
/// Returns a table with ``consumer, share`` where each consumer has one share, and ``consumer, hour, share`` where they
/// have one for each hour of the year, from 1 to 8760. Shares are exact decimal text.
#[pyfunction]
pub(crate) fn rules_spain_coefficients(py: Python<'_>, source: &Bound<'_, PyAny>) -> PyResult<PyTable> {
    let read = if let Ok(bytes) = source.cast::<PyBytes>() {
        let bytes = bytes.as_bytes();
        py.detach(|| spain_file::read(bytes, "data"))
    } else {
        let path: PathBuf = source.extract()?;
        let file = std::fs::File::open(&path)?;
        py.detach(|| spain_file::read(file, &path.display().to_string()))
    };
    let read = read.map_err(raise)?;
    let hours: Vec<HourOfYear> =
        HourOfYear::all().take(if read.is_hourly() { usize::MAX } else { 1 }).collect();
    let rows = || {
        hours.iter().zip(1_i64..).flat_map(|(hour, number)| {
            read.consumers()
                .iter()
                .zip(read.of_hour(*hour))
                .map(move |(consumer, share)| (consumer, number, share))
        })
    };
    let mut table = Table::new().texts("consumer", rows().map(|(consumer, ..)| Some(consumer)));
    if read.is_hourly() {
        table = table.integers("hour", rows().map(|(_, number, _)| number));
    }
    table.texts("share", rows().map(|(.., share)| Some(share.to_string()))).finish()
}

/// Colombia: exchanges a month's injections against its imports, hour by hour (CREG 174 of 2021, article 25).
///
/// ``injected`` and ``imported`` are arrays in kWh, one value an hour. What is injected up to the month's whole import is
/// credit; from the hour on in which the injections reach it, the rest is excess. Returns a dictionary with ``injected``,
/// ``imported``, ``credit``, ``excess``, ``first_excess_hour`` (counted from 0, ``None`` without excess), and the arrays
/// ``credit_by_hour_kwh`` and ``excess_by_hour_kwh``.
///
/// >>> import grid_py as grid
/// >>> month = grid.rules.colombia_month([2, 2, 3, 4, 0, 0], [0, 0, 0, 0, 5, 0])
/// >>> month["credit"], month["excess"], month["first_excess_hour"]
/// (Energy("5 kWh"), Energy("6 kWh"), 2)
#[pyfunction]
pub(crate) fn rules_colombia_month<'py>(
    py: Python<'py>,
    injected: &Bound<'py, PyAny>,
    imported: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyDict>> {
    let (injected, imported) = (known(injected, "injected")?, known(imported, "imported")?);
    let month = py.detach(|| colombia::settle_month(&injected, &imported)).map_err(raise)?;
    let hours = |hours: &[Energy]| PyArray1::from_iter(py, hours.iter().map(|energy| energy.to_kwh_f64()));
    let found = PyDict::new(py);
    for (name, energy) in [
        ("injected", month.injected),
        ("imported", month.imported),
        ("credit", month.credit),
        ("excess", month.excess),
    ] {
        found.set_item(name, PyEnergy(energy))?;
    }
    found.set_item("first_excess_hour", month.first_excess_hour)?;
    found.set_item("credit_by_hour_kwh", hours(&month.credit_by_hour))?;
    found.set_item("excess_by_hour_kwh", hours(&month.excess_by_hour))?;
    Ok(found)
}

/// Italy: the premium of one hour for energy that is shared (TIP; DM MASE 414/2023), per kilowatt-hour.
///
/// ``power`` is the plant's, ``zone`` is ``north``, ``centre`` or ``south``, ``zonal_price`` that of the hour. ``source`` is
/// ``photovoltaic`` or ``other``; ``grant`` is a capital grant as a share of the plant's cost, at most 40 %.
///
/// >>> import grid_py as grid
/// >>> grid.rules.italy_premium("150 kW", "north", grid.Price("0.1 EUR/kWh"))
/// Price("0.13 EUR/kWh")
#[pyfunction]
#[pyo3(signature = (power, zone, zonal_price, *, source="photovoltaic", grant=None))]
pub(crate) fn rules_italy_premium(
    power: &Bound<'_, PyAny>,
    zone: &str,
    zonal_price: PyPrice,
    source: &str,
    grant: Option<&Bound<'_, PyAny>>,
) -> PyResult<PyPrice> {
    let zone = match zone {
        "north" => italy::Zone::North,
        "centre" => italy::Zone::Centre,
        "south" => italy::Zone::South,
        _ => return Err(no_choice("the zone", "`north`, `centre` or `south`", zone)),
    };
    let source = match source {
        "photovoltaic" => italy::Source::Photovoltaic,
        "other" => italy::Source::Other,
        _ => return Err(no_choice("the source", "`photovoltaic` or `other`", source)),
    };
    let grant = match grant {
        Some(grant) => italy::Grant::new(share_of(grant)?).map_err(raise)?,
        None => italy::Grant::NONE,
    };
    let bracket = italy::Bracket::of(power_of(power)?).map_err(raise)?;
    italy::premium(bracket, zone, source, zonal_price.0, grant).map(PyPrice).map_err(raise)
}

/// Energies of an array in kWh, all of which must be known.
fn known(values: &Bound<'_, PyAny>, name: &str) -> PyResult<Vec<Energy>> {
    let missing = |hour: usize| Error::NotAnEnergy {
        place: format!("`{name}`, hour {hour}"),
        expected: "an energy in every hour",
        got: "a missing one".to_owned(),
    };
    let energies = columns::energies(values, name, "kWh")?;
    energies
        .into_iter()
        .enumerate()
        .map(|(hour, energy)| energy.ok_or_else(|| raise(missing(hour))))
        .collect()
}
