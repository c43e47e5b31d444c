//! Battery recordings.

use std::path::PathBuf;

use grid_core::{
    battery::{self, AnalysisOptions, Charge, CycleSummary, Recording, VoltageGrid},
    chart::{self, BatteryChart, Options, Svg},
};
use jiff::civil::DateTime;
use numpy::{IntoPyArray, PyArray1};
use pyo3::{
    intern,
    prelude::*,
    types::{PyDict, PyList},
};

use crate::{
    battery_source, battery_tables,
    error::raise,
    json, lent,
    table::{PyTable, Table},
};

/// A recording of a battery, as columns of equal length; a missing cell is NaN.
///
/// Times are in seconds, voltages in volts, currents in amperes and positive while charging, whatever the file had.
/// The columns of capacity (Ah) and energy (Wh) are the vendor's own counters, as recorded; ``cycles`` knows what they
/// count.
///
/// >>> import grid_py as grid
/// >>> recording = grid.read_battery(b"time,voltage,current\n0,3.6,1\n3600,4.0,1\n5400,3.7,-1\n7200,3.5,-1\n")
/// >>> len(recording), recording.format
/// (4, 'generic')
/// >>> recording.current_a
/// array([ 1.,  1., -1., -1.])
#[pyclass(frozen, name = "Recording", module = "grid_py")]
#[derive(Debug)]
pub(crate) struct PyRecording {
    pub(crate) recording: Recording,
    pub(crate) cycles: Vec<CycleSummary>,
}

type Floats<'py> = Bound<'py, PyArray1<f64>>;

#[pymethods]
impl PyRecording {
    /// The layout that was recognised, such as ``arbin``, ``maccor``, ``neware``, ``bdf`` or ``generic``.
    #[getter]
    fn format(&self) -> &'static str {
        self.recording.format.as_str()
    }

    /// How the file was understood, and why: ``Evidence(what, found, why, confidence)``.
    #[getter]
    fn evidence<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let class = py.import(intern!(py, "grid_py.results"))?.getattr(intern!(py, "Evidence"))?;
        let evidence = PyList::empty(py);
        for judged in &self.recording.evidence {
            evidence.append(class.call1((judged.what, &judged.found, &judged.why, judged.confidence))?)?;
        }
        Ok(evidence)
    }

    /// What was odd and what was done about it: ``Remark(code, message, line)``.
    #[getter]
    fn remarks<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let class = py.import(intern!(py, "grid_py.results"))?.getattr(intern!(py, "Remark"))?;
        let remarks = PyList::empty(py);
        for remark in &self.recording.remarks {
            remarks.append(class.call1((remark.code, &remark.message, remark.line))?)?;
        }
        Ok(remarks)
    }

    /// When it started, as the file says, without a zone; ``None`` where it does not say.
    #[getter]
    fn started_at(&self) -> Option<DateTime> {
        self.recording.started_at
    }

    /// Seconds since the start; shape `(len,)`.
    #[getter]
    fn time_s<'py>(slf: &Bound<'py, Self>) -> PyResult<Floats<'py>> {
        lent::floats(slf, &slf.get().recording.time_s)
    }

    /// Voltage in V; shape `(len,)`.
    #[getter]
    fn voltage_v<'py>(slf: &Bound<'py, Self>) -> PyResult<Floats<'py>> {
        lent::floats(slf, &slf.get().recording.voltage_v)
    }

    /// Current in A, charging positive; shape `(len,)`.
    #[getter]
    fn current_a<'py>(slf: &Bound<'py, Self>) -> PyResult<Floats<'py>> {
        lent::floats(slf, &slf.get().recording.current_a)
    }

    /// Power in W, charging positive; ``None`` where it was not recorded.
    #[getter]
    fn power_w<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Floats<'py>>> {
        column(slf, slf.get().recording.power_w.as_deref())
    }

    /// Temperature in degrees Celsius; ``None`` where it was not recorded.
    #[getter]
    fn temperature_c<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Floats<'py>>> {
        column(slf, slf.get().recording.temperature_c.as_deref())
    }

    /// State of charge, as recorded; ``None`` where it was not.
    #[getter]
    fn state_of_charge<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Floats<'py>>> {
        column(slf, slf.get().recording.state_of_charge.as_deref())
    }

    /// The vendor's counter of charge that went in, in Ah; ``None`` where there is none.
    #[getter]
    fn charge_capacity_ah<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Floats<'py>>> {
        column(slf, slf.get().recording.charge_capacity_ah.as_deref())
    }

    /// The vendor's counter of charge that came out, in Ah; ``None`` where there is none.
    #[getter]
    fn discharge_capacity_ah<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Floats<'py>>> {
        column(slf, slf.get().recording.discharge_capacity_ah.as_deref())
    }

    /// The vendor's counter of charge in both directions, in Ah; ``None`` where there is none.
    #[getter]
    fn capacity_ah<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Floats<'py>>> {
        column(slf, slf.get().recording.capacity_ah.as_deref())
    }

    /// The vendor's counter of energy that went in, in Wh; ``None`` where there is none.
    #[getter]
    fn charge_energy_wh<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Floats<'py>>> {
        column(slf, slf.get().recording.charge_energy_wh.as_deref())
    }

    /// The vendor's counter of energy that came out, in Wh; ``None`` where there is none.
    #[getter]
    fn discharge_energy_wh<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Floats<'py>>> {
        column(slf, slf.get().recording.discharge_energy_wh.as_deref())
    }

    /// The vendor's counter of energy in both directions, in Wh; ``None`` where there is none.
    #[getter]
    fn energy_wh<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Floats<'py>>> {
        column(slf, slf.get().recording.energy_wh.as_deref())
    }

    /// The vendor's number of the cycle; ``None`` where there is none.
    #[getter]
    fn cycle_index<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyArray1<i64>>>> {
        slf.get().recording.cycle_index.as_deref().map(|values| lent::integers(slf, values)).transpose()
    }

    /// The vendor's number of the step; ``None`` where there is none.
    #[getter]
    fn step_index<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyArray1<i64>>>> {
        slf.get().recording.step_index.as_deref().map(|values| lent::integers(slf, values)).transpose()
    }

    /// Further columns of a home battery's log by their name with its unit, such as ``solar_power_w``.
    #[getter]
    fn channels<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
        let channels = PyDict::new(slf.py());
        for channel in &slf.get().recording.channels {
            channels.set_item(channel.name, lent::floats(slf, &channel.values)?)?;
        }
        Ok(channels)
    }

    /// The cycles as a table.
    ///
    /// Columns: ``cycle, charge_capacity_ah, discharge_capacity_ah, charge_energy_wh, discharge_energy_wh``, the
    /// efficiencies each by its definition (from 0 to about 1; missing where nothing was charged), mean voltages and
    /// currents, C-rates, rest voltages, ranges of voltage and temperature, the vendor's count beside the integral
    /// (``vendor_...``, ``integral_...``, ``agrees``), ``first_row, rows, duration_s``.
    #[getter]
    fn cycles(&self) -> PyResult<PyTable> {
        battery_tables::cycles(&self.cycles)
    }

    /// The steps as a table: rest, constant current, constant voltage, pulse and so on.
    ///
    /// Columns: ``step, cycle, kind, first_row, rows, duration_s, charge_capacity_ah, discharge_capacity_ah,
    /// charge_energy_wh, discharge_energy_wh, start_voltage_v, end_voltage_v, current_mean_a``.
    #[getter]
    fn steps(&self, py: Python<'_>) -> PyResult<PyTable> {
        battery_tables::steps(&py.detach(|| self.recording.steps()))
    }

    /// What the recording says beyond its cycles, as a ``dict``: ``health``, ``knee``, ``remaining_life``,
    /// ``resistances``, ``incremental_capacity`` (peaks), ``state_of_charge``, ``depth_of_discharge``, ``home_storage``
    /// and ``flags``. What cannot be known is ``{"not_known": reason}``.
    ///
    /// ``nominal_ah`` is the capacity when new; without it the first full cycle counts as new. ``end_of_life`` is the
    /// state of health at which its life ends.
    #[pyo3(signature = (*, nominal_ah=None, end_of_life=0.8))]
    fn analysis<'py>(
        &self,
        py: Python<'py>,
        nominal_ah: Option<f64>,
        end_of_life: f64,
    ) -> PyResult<Bound<'py, PyAny>> {
        let known = AnalysisOptions { nominal_ah, end_of_life, ..AnalysisOptions::default() };
        let analysis = py.detach(|| battery::analyse(&self.recording, &self.cycles, &known));
        json::to_python(py, &analysis)
    }

    /// dQ/dV and dV/dQ of each cycle on one grid of voltages, as a table.
    ///
    /// Columns: ``cycle, direction, voltage_v, capacity_ah, dq_dv_ah_per_v, dv_dq_v_per_ah``; ``direction`` is
    /// ``charge`` or ``discharge``. ``step_v`` is the width of a class of the grid, about a 200th of the range where
    /// nothing is said; ``window`` (odd) and ``order`` are those of the smoothing polynomial.
    #[pyo3(signature = (*, step_v=None, window=11, order=3))]
    fn incremental_capacity(
        &self,
        py: Python<'_>,
        step_v: Option<f64>,
        window: usize,
        order: usize,
    ) -> PyResult<PyTable> {
        let usual = VoltageGrid::of(&self.recording).map_err(raise)?;
        let grid = VoltageGrid { step_v: step_v.unwrap_or(usual.step_v), window, order, ..usual };
        let curves = py.detach(|| battery::incremental_capacities(&self.recording, &self.cycles, grid));
        let mut rows: Vec<(i64, &'static str, [f64; 4])> = Vec::new();
        for of_cycle in &curves {
            for (direction, curve) in [("charge", &of_cycle.charge), ("discharge", &of_cycle.discharge)] {
                let Ok(curve) = curve else { continue };
                let columns = curve.voltage_v.iter().zip(&curve.capacity_ah);
                let slopes = curve.dq_dv_ah_per_v.iter().zip(&curve.dv_dq_v_per_ah);
                rows.extend(columns.zip(slopes).map(|((volt, charge), (slope, inverse))| {
                    (of_cycle.cycle, direction, [*volt, *charge, *slope, *inverse])
                }));
            }
        }
        let float = |place: usize| rows.iter().map(move |row| row.2.get(place).copied().unwrap_or(f64::NAN));
        Table::new()
            .integers("cycle", rows.iter().map(|row| row.0))
            .texts("direction", rows.iter().map(|row| Some(row.1)))
            .floats("voltage_v", float(0))
            .floats("capacity_ah", float(1))
            .floats("dq_dv_ah_per_v", float(2))
            .floats("dv_dq_v_per_ah", float(3))
            .finish()
    }

    /// The state of charge of each row from 0 to 1: the recorded one, or else counted with anchors at full and empty;
    /// shape ``(len,)``.
    #[pyo3(signature = (*, nominal_ah=None))]
    fn charge_levels<'py>(&self, py: Python<'py>, nominal_ah: Option<f64>) -> PyResult<Floats<'py>> {
        let charge = py.detach(|| Charge::of(&self.recording, nominal_ah)).map_err(raise)?;
        Ok(charge.levels.into_pyarray(py))
    }

    /// Writes the recording to a file by the end of its name: ``.csv`` and ``.parquet`` in the Battery Data Format,
    /// ``.json`` with everything that was read.
    fn write(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let written = py.detach(|| self.recording.write_path(&path));
        written.map_err(raise)
    }

    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        let options = Options { height: 320, ..Options::default() };
        let known = AnalysisOptions::default();
        let kinds: &[BatteryChart] = if self.cycles.len() > 1 {
            &[BatteryChart::Voltage, BatteryChart::Capacity]
        } else {
            &[BatteryChart::Voltage]
        };
        let draw = || {
            let of = |kind: &BatteryChart| {
                chart::battery(*kind, &self.recording, &self.cycles, &known, &options).map(Svg::into_string)
            };
            kinds.iter().map(of).collect::<Result<Vec<String>, chart::Error>>()
        };
        let charts = py.detach(draw).map_err(raise)?;
        Ok(format!("<div><p>{}</p>{}</div>", self.said(), charts.concat()))
    }

    fn __len__(&self) -> usize {
        self.recording.len()
    }

    fn __repr__(&self) -> String {
        format!("<{}>", self.said())
    }
}

impl PyRecording {
    fn said(&self) -> String {
        let (rows, cycles) = (self.recording.len(), self.cycles.len());
        format!("Recording of {rows} rows and {cycles} cycles, {}", self.recording.format)
    }
}

fn column<'py>(owner: &Bound<'py, PyRecording>, values: Option<&[f64]>) -> PyResult<Option<Floats<'py>>> {
    values.map(|values| lent::floats(owner, values)).transpose()
}

/// Reads a battery recording of any vendor; the layout is found in the file.
///
/// ``source`` is a path, the file's ``bytes``, or an open binary file: CSV, TSV, ``.txt``, ``.mpt``, Parquet, each
/// compressed with gzip or not. ``format`` names the layout where it is known and not found. ``progress`` is called
/// with the bytes done and the bytes in all (or ``None``). Raises ``InvalidError`` with the line and column where it is
/// no recording.
///
/// >>> import grid_py as grid
/// >>> grid.read_battery(b"Zeit [min];Spannung [V];Strom [mA]\n0;3,70;100\n1;3,71;100\n").time_s
/// array([ 0., 60.])
#[pyfunction]
#[pyo3(signature = (source, *, format=None, progress=None))]
pub(crate) fn read_battery(
    py: Python<'_>,
    source: &Bound<'_, PyAny>,
    format: Option<&str>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<PyRecording> {
    let recording = battery_source::read(py, source, format, progress)?;
    Ok(py.detach(|| PyRecording { cycles: recording.cycles(), recording }))
}

/// Sums a battery recording up: rows, ranges, charge and energy in all, each cycle and each step, as a ``dict``.
///
/// ``source`` is a path, the file's ``bytes``, an open binary file, or a ``Recording``; a file is read in constant
/// memory, however long it is. The keys carry their units, such as ``charge_capacity_ah`` and ``voltage_max_v``.
/// ``format`` and ``progress`` are as in ``read_battery``.
///
/// >>> import grid_py as grid
/// >>> summary = grid.summarise_battery(b"t/s,U/V,I/A\n0,3.7,1\n3600,3.9,1\n")
/// >>> summary["charge_capacity_ah"], summary["voltage_max_v"]
/// (1.0, 3.9)
#[pyfunction]
#[pyo3(signature = (source, *, format=None, progress=None))]
pub(crate) fn summarise_battery<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    format: Option<&str>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let summary = if let Ok(recording) = source.cast::<PyRecording>() {
        let recording = &recording.get().recording;
        py.detach(|| battery::summarise(recording))
    } else {
        battery_source::summarise(py, source, format, progress)?
    };
    json::to_python(py, &summary)
}
