//! Charts as SVG and PNG, from tables and recordings.

use grid_core::{
    battery::AnalysisOptions,
    chart::{self, BatteryChart, EnergySlot, ForecastPoint, Options, Svg},
    series::Quality,
    time::Interval,
};
use jiff::Timestamp;
use pyo3::{prelude::*, types::PyBytes};

use crate::{
    battery::PyRecording,
    chart_options::{chart_function, drawn},
    chart_rows::{energies, intervals, qualities},
    columns::Columns,
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

    /// The chart as a PNG, ``scale`` times as many pixels a side as it was drawn for; the theme ``auto`` is drawn light.
    ///
    /// >>> import grid_py as grid
    /// >>> recording = grid.read_battery(b"t/s,U/V,I/A\n0,3.7,1\n3600,3.9,1\n")
    /// >>> grid.chart.voltage_current(recording).png()[1:4]
    /// b'PNG'
    #[pyo3(signature = (scale=2))]
    fn png<'py>(&self, py: Python<'py>, scale: u32) -> PyResult<Bound<'py, PyBytes>> {
        let png = py.detach(|| self.0.png(scale)).map_err(raise)?;
        Ok(PyBytes::new(py, &png))
    }

    fn _repr_svg_(&self) -> &str {
        self.0.svg()
    }

    fn __repr__(&self) -> String {
        format!("<Chart of {} characters of SVG>", self.0.svg().len())
    }
}

chart_function! {
    /// Draws the energy of a local day slot by slot: own use, shared and imported energy on top of each other, and
    /// generation as a line over them.
    ///
    /// ``data`` is a table with ``start``, ``end`` and any of ``self_consumed_kwh``, ``shared_kwh``, ``import_kwh``,
    /// ``generation_kwh`` and ``quality``, such as the slots of a community's balance.
    #[signature(data, *, time_zone="UTC",)]
    fn chart_energy_day(
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        time_zone: &str,
    ) with options {
        let calendar = time::calendar(time_zone)?;
        let columns = Columns::of(data)?;
        let slots = intervals(&columns)?;
        let of = |name: &str| energies(&columns, name, slots.len());
        let (mut own_use, mut shared) = (of("self_consumed_kwh")?, of("shared_kwh")?);
        let (mut import, mut generation) = (of("import_kwh")?, of("generation_kwh")?);
        let mut quality = qualities(&columns, slots.len())?;
        let slot = |interval: Interval| EnergySlot {
            interval,
            own_use: own_use.next().flatten(),
            shared: shared.next().flatten(),
            import: import.next().flatten(),
            generation: generation.next().flatten(),
            quality: quality.next().unwrap_or(Quality::Measured),
        };
        let day: Vec<EnergySlot> = slots.into_iter().map(slot).collect();
        drawn(py, || chart::energy_day(&day, &calendar, &options))
    }
}

/// What the caller knows of a battery.
fn known(nominal_ah: Option<f64>, end_of_life: f64) -> AnalysisOptions {
    AnalysisOptions { nominal_ah, end_of_life, ..AnalysisOptions::default() }
}

/// Draws one of the charts of a recording.
fn of_recording(
    py: Python<'_>,
    kind: BatteryChart,
    recording: &PyRecording,
    known: AnalysisOptions,
    options: &Options,
) -> PyResult<PyChart> {
    drawn(py, || chart::battery(kind, &recording.recording, &recording.cycles, &known, options))
}

chart_function! {
    /// Draws voltage, current and (where it was recorded) temperature of a battery over time.
    #[signature(recording, *,)]
    fn chart_voltage_current(
        py: Python<'_>,
        recording: &PyRecording,
    ) with options {
        of_recording(py, BatteryChart::Voltage, recording, AnalysisOptions::default(), &options)
    }
}

chart_function! {
    /// Draws the charge that went in and came out of a battery, cycle by cycle, and the coulombic efficiency below it.
    #[signature(recording, *,)]
    fn chart_capacity_over_cycles(
        py: Python<'_>,
        recording: &PyRecording,
    ) with options {
        of_recording(py, BatteryChart::Capacity, recording, AnalysisOptions::default(), &options)
    }
}

chart_function! {
    /// Draws dQ/dV over voltage, coloured from the first cycle to the last; charging above the axis, discharging below.
    #[signature(recording, *,)]
    fn chart_incremental_capacity(
        py: Python<'_>,
        recording: &PyRecording,
    ) with options {
        of_recording(py, BatteryChart::IncrementalCapacity, recording, AnalysisOptions::default(), &options)
    }
}

chart_function! {
    /// Draws the state of charge over days: the recorded one, or else the counted one (``nominal_ah`` is then what full
    /// means, where it is known).
    #[signature(recording, *, nominal_ah=None,)]
    fn chart_state_of_charge(
        py: Python<'_>,
        recording: &PyRecording,
        nominal_ah: Option<f64>,
    ) with options {
        let known = AnalysisOptions { nominal_ah, ..AnalysisOptions::default() };
        of_recording(py, BatteryChart::StateOfCharge, recording, known, &options)
    }
}

chart_function! {
    /// Draws how deep a battery was cycled: a histogram of its swings by rainflow counting.
    #[signature(recording, *, nominal_ah=None,)]
    fn chart_depth_of_discharge(
        py: Python<'_>,
        recording: &PyRecording,
        nominal_ah: Option<f64>,
    ) with options {
        let known = AnalysisOptions { nominal_ah, ..AnalysisOptions::default() };
        of_recording(py, BatteryChart::DepthOfDischarge, recording, known, &options)
    }
}

chart_function! {
    /// Draws the state of health over cycles with what is to be expected, and the end of life.
    ///
    /// ``nominal_ah`` is the capacity when new; without it the first full cycle counts as new.
    #[signature(recording, *, nominal_ah=None, end_of_life=0.8,)]
    fn chart_battery_health(
        py: Python<'_>,
        recording: &PyRecording,
        nominal_ah: Option<f64>,
        end_of_life: f64,
    ) with options {
        of_recording(py, BatteryChart::Health, recording, known(nominal_ah, end_of_life), &options)
    }
}

chart_function! {
    /// Draws a forecast of one series with its bands of 50 and 80 percent.
    ///
    /// ``data`` is a table with ``ds, mean, q10, q25, q50, q75, q90``, as ``Forecaster.predict`` gives it; ``history``, if
    /// any, has ``ds`` and ``y``. Times without a zone are taken as those of ``time_zone``. ``unit`` is that of the values.
    #[signature(data, history=None, *, time_zone="UTC", unit="kWh",)]
    fn chart_forecast(
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        history: Option<&Bound<'_, PyAny>>,
        time_zone: &str,
        unit: &str,
    ) with options {
        let options = Options { unit: Some(unit.to_owned()), ..options };
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
        drawn(py, || chart::forecast(&past, &points, &calendar, &options))
    }
}
