//! Charts as SVG, from tables and recordings.

use grid_core::{
    battery::CycleSummary,
    chart::{self, CyclePoint, EnergySlot, ForecastPoint, Options, Recorded, Svg},
    series::Quality,
    time::Interval,
};
use jiff::Timestamp;
use pyo3::prelude::*;

use crate::{
    battery::PyRecording,
    columns::{self, Columns},
    error::raise,
    time,
};

/// A chart; a notebook shows it by itself.
///
/// >>> import grid_py as grid
/// >>> recording = grid.read_battery(b"t/s,U/V,I/A\n0,3.7,1\n3600,3.9,1\n")
/// >>> grid.chart.voltage_current(recording).svg()[:4]
/// '<svg'
#[pyclass(frozen, name = "Chart", module = "grid_py.chart")]
#[derive(Debug)]
pub(crate) struct PyChart(pub(crate) Svg);

#[pymethods]
impl PyChart {
    /// The chart as SVG text.
    fn svg(&self) -> &str {
        self.0.svg()
    }

    fn _repr_svg_(&self) -> &str {
        self.0.svg()
    }

    fn __repr__(&self) -> String {
        format!("<Chart of {} characters of SVG>", self.0.svg().len())
    }
}

/// Draws the energy of a local day slot by slot: own use, shared and imported energy on top of each other, and
/// generation as a line over them.
///
/// ``data`` is a table with ``start``, ``end`` and any of ``self_consumed_kwh``, ``shared_kwh``, ``import_kwh``,
/// ``generation_kwh`` and ``quality``, such as the slots of a community's balance.
#[pyfunction]
#[pyo3(signature = (data, *, time_zone="UTC", width=960, height=480, theme="auto", language="en", title=None))]
#[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
pub(crate) fn chart_energy_day(
    py: Python<'_>,
    data: &Bound<'_, PyAny>,
    time_zone: &str,
    width: u32,
    height: u32,
    theme: &str,
    language: &str,
    title: Option<String>,
) -> PyResult<PyChart> {
    let options = options(width, height, theme, language, title, None)?;
    let calendar = time::calendar(time_zone)?;
    let columns = Columns::of(data)?;
    let (starts, ends) = (columns.instants("start")?, columns.instants("end")?);
    let rows = starts.len();
    columns::same_length("end", rows, ends.len())?;
    let energies = |name: &str| {
        let column = if columns.has(name) { columns.energies(name)? } else { vec![None; rows] };
        columns::same_length(name, rows, column.len()).map(|()| column.into_iter())
    };
    let (mut own_use, mut shared) = (energies("self_consumed_kwh")?, energies("shared_kwh")?);
    let (mut import, mut generation) = (energies("import_kwh")?, energies("generation_kwh")?);
    let qualities =
        if columns.has("quality") { columns.qualities("quality")? } else { vec![Quality::Measured; rows] };
    columns::same_length("quality", rows, qualities.len())?;
    let slot = |((start, end), quality): ((Timestamp, Timestamp), Quality)| {
        Ok(EnergySlot {
            interval: Interval::new(start, end)?,
            own_use: own_use.next().flatten(),
            shared: shared.next().flatten(),
            import: import.next().flatten(),
            generation: generation.next().flatten(),
            quality,
        })
    };
    let slots = starts.into_iter().zip(ends).zip(qualities).map(slot);
    let slots: Vec<_> = slots.collect::<Result<_, grid_core::time::Error>>().map_err(raise)?;
    py.detach(|| chart::energy_day(&slots, &calendar, &options)).map(PyChart).map_err(raise)
}

/// Draws voltage and current of a battery recording over time.
#[pyfunction]
#[pyo3(signature = (recording, *, width=960, height=480, theme="auto", language="en", title=None))]
pub(crate) fn chart_voltage_current(
    py: Python<'_>,
    recording: &PyRecording,
    width: u32,
    height: u32,
    theme: &str,
    language: &str,
    title: Option<String>,
) -> PyResult<PyChart> {
    let options = options(width, height, theme, language, title, None)?;
    let recording = &recording.recording;
    let columns = Recorded {
        time_s: &recording.time_s,
        voltage_v: &recording.voltage_v,
        current_a: &recording.current_a,
    };
    py.detach(|| chart::voltage_current(columns, &options)).map(PyChart).map_err(raise)
}

/// Draws the charge that went in and came out of a battery, cycle by cycle.
#[pyfunction]
#[pyo3(signature = (recording, *, width=960, height=480, theme="auto", language="en", title=None))]
pub(crate) fn chart_capacity_over_cycles(
    py: Python<'_>,
    recording: &PyRecording,
    width: u32,
    height: u32,
    theme: &str,
    language: &str,
    title: Option<String>,
) -> PyResult<PyChart> {
    let options = options(width, height, theme, language, title, None)?;
    let point = |cycle: &CycleSummary| CyclePoint {
        // A cycle's number is small; one that is not cannot be drawn.
        cycle: i32::try_from(cycle.cycle).map_or(f64::NAN, f64::from),
        charge_capacity_ah: cycle.charge_capacity_ah,
        discharge_capacity_ah: cycle.discharge_capacity_ah,
        coulombic_efficiency: cycle.coulombic_efficiency.unwrap_or(f64::NAN),
    };
    let points: Vec<CyclePoint> = recording.cycles.iter().map(point).collect();
    py.detach(|| chart::capacity_over_cycles(&points, &options)).map(PyChart).map_err(raise)
}

/// Draws a forecast of one series with its bands of 50 and 80 percent.
///
/// ``data`` is a table with ``ds, mean, q10, q25, q50, q75, q90``, as ``Forecaster.predict`` gives it; ``history``, if
/// any, has ``ds`` and ``y``. Times without a zone are taken as those of ``time_zone``. ``unit`` is that of the values.
#[pyfunction]
#[pyo3(signature = (data, history=None, *, time_zone="UTC", unit="kWh", width=960, height=480, theme="auto", language="en", title=None))]
#[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
pub(crate) fn chart_forecast(
    py: Python<'_>,
    data: &Bound<'_, PyAny>,
    history: Option<&Bound<'_, PyAny>>,
    time_zone: &str,
    unit: &str,
    width: u32,
    height: u32,
    theme: &str,
    language: &str,
    title: Option<String>,
) -> PyResult<PyChart> {
    let options = options(width, height, theme, language, title, Some(unit.to_owned()))?;
    let calendar = time::calendar(time_zone)?;
    let columns = Columns::of(data)?;
    let mut known = columns.floats("mean")?.into_iter();
    let quantile = |name: &str| columns.floats(name).map(Vec::into_iter);
    let (mut q10, mut q25, mut q50) = (quantile("q10")?, quantile("q25")?, quantile("q50")?);
    let (mut q75, mut q90) = (quantile("q75")?, quantile("q90")?);
    let mut next = |start: Option<Timestamp>| {
        let point = ForecastPoint {
            start: start.unwrap_or_default(),
            mean: known.next()?,
            q10: q10.next()?,
            q25: q25.next()?,
            q50: q50.next()?,
            q75: q75.next()?,
            q90: q90.next()?,
        };
        Some(start.map(|_| point))
    };
    let points: Vec<_> =
        columns.times("ds")?.on(&calendar)?.into_iter().map_while(&mut next).flatten().collect();
    let past = match history {
        Some(history) => {
            let columns = Columns::of(history)?;
            let starts = columns.times("ds")?.on(&calendar)?.into_iter();
            starts.zip(columns.floats("y")?).filter_map(|(start, value)| Some((start?, value))).collect()
        }
        None => Vec::new(),
    };
    py.detach(|| chart::forecast(&past, &points, &calendar, &options)).map(PyChart).map_err(raise)
}

pub(crate) fn options(
    width: u32,
    height: u32,
    theme: &str,
    language: &str,
    title: Option<String>,
    unit: Option<String>,
) -> PyResult<Options> {
    Ok(Options {
        width,
        height,
        theme: theme.parse().map_err(raise)?,
        language: language.parse().map_err(raise)?,
        title,
        unit,
    })
}
