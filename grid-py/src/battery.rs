//! Battery recordings.

use std::path::PathBuf;

use grid_core::battery::{self, CycleSummary, Recording};
use jiff::civil::DateTime;
use numpy::PyArray1;
use pyo3::{
    intern,
    prelude::*,
    types::{PyBytes, PyDict, PyList},
};

use crate::{
    error::raise,
    json,
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

    /// What in the file speaks for that layout.
    #[getter]
    fn evidence(&self) -> Vec<String> {
        self.recording.evidence.clone()
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
    fn time_s<'py>(&self, py: Python<'py>) -> Floats<'py> {
        PyArray1::from_slice(py, &self.recording.time_s)
    }

    /// Voltage in V; shape `(len,)`.
    #[getter]
    fn voltage_v<'py>(&self, py: Python<'py>) -> Floats<'py> {
        PyArray1::from_slice(py, &self.recording.voltage_v)
    }

    /// Current in A, charging positive; shape `(len,)`.
    #[getter]
    fn current_a<'py>(&self, py: Python<'py>) -> Floats<'py> {
        PyArray1::from_slice(py, &self.recording.current_a)
    }

    /// Power in W, charging positive; ``None`` where it was not recorded.
    #[getter]
    fn power_w<'py>(&self, py: Python<'py>) -> Option<Floats<'py>> {
        array(py, self.recording.power_w.as_deref())
    }

    /// Temperature in degrees Celsius; ``None`` where it was not recorded.
    #[getter]
    fn temperature_c<'py>(&self, py: Python<'py>) -> Option<Floats<'py>> {
        array(py, self.recording.temperature_c.as_deref())
    }

    /// State of charge, as recorded; ``None`` where it was not.
    #[getter]
    fn state_of_charge<'py>(&self, py: Python<'py>) -> Option<Floats<'py>> {
        array(py, self.recording.state_of_charge.as_deref())
    }

    /// The vendor's counter of charge that went in, in Ah; ``None`` where there is none.
    #[getter]
    fn charge_capacity_ah<'py>(&self, py: Python<'py>) -> Option<Floats<'py>> {
        array(py, self.recording.charge_capacity_ah.as_deref())
    }

    /// The vendor's counter of charge that came out, in Ah; ``None`` where there is none.
    #[getter]
    fn discharge_capacity_ah<'py>(&self, py: Python<'py>) -> Option<Floats<'py>> {
        array(py, self.recording.discharge_capacity_ah.as_deref())
    }

    /// The vendor's counter of charge in both directions, in Ah; ``None`` where there is none.
    #[getter]
    fn capacity_ah<'py>(&self, py: Python<'py>) -> Option<Floats<'py>> {
        array(py, self.recording.capacity_ah.as_deref())
    }

    /// The vendor's counter of energy that went in, in Wh; ``None`` where there is none.
    #[getter]
    fn charge_energy_wh<'py>(&self, py: Python<'py>) -> Option<Floats<'py>> {
        array(py, self.recording.charge_energy_wh.as_deref())
    }

    /// The vendor's counter of energy that came out, in Wh; ``None`` where there is none.
    #[getter]
    fn discharge_energy_wh<'py>(&self, py: Python<'py>) -> Option<Floats<'py>> {
        array(py, self.recording.discharge_energy_wh.as_deref())
    }

    /// The vendor's counter of energy in both directions, in Wh; ``None`` where there is none.
    #[getter]
    fn energy_wh<'py>(&self, py: Python<'py>) -> Option<Floats<'py>> {
        array(py, self.recording.energy_wh.as_deref())
    }

    /// The vendor's number of the cycle; ``None`` where there is none.
    #[getter]
    fn cycle_index<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyArray1<i64>>> {
        self.recording.cycle_index.as_deref().map(|values| PyArray1::from_slice(py, values))
    }

    /// The vendor's number of the step; ``None`` where there is none.
    #[getter]
    fn step_index<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyArray1<i64>>> {
        self.recording.step_index.as_deref().map(|values| PyArray1::from_slice(py, values))
    }

    /// Further columns of a home battery's log by their name with its unit, such as ``solar_power_w``.
    #[getter]
    fn channels<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let channels = PyDict::new(py);
        for channel in &self.recording.channels {
            channels.set_item(channel.name, PyArray1::from_slice(py, &channel.values))?;
        }
        Ok(channels)
    }

    /// The cycles as a table.
    ///
    /// Columns: ``cycle, charge_capacity_ah, discharge_capacity_ah, charge_energy_wh, discharge_energy_wh,
    /// coulombic_efficiency, energy_efficiency, first_row, rows, duration_s``; an efficiency is from 0 to about 1, and
    /// missing where nothing was charged.
    #[getter]
    fn cycles(&self) -> PyResult<PyTable> {
        let cycles = &self.cycles;
        let column = |of: fn(&CycleSummary) -> f64| cycles.iter().map(of);
        let rows = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        Table::new()
            .integers("cycle", cycles.iter().map(|cycle| cycle.cycle))
            .floats("charge_capacity_ah", column(|cycle| cycle.charge_capacity_ah))
            .floats("discharge_capacity_ah", column(|cycle| cycle.discharge_capacity_ah))
            .floats("charge_energy_wh", column(|cycle| cycle.charge_energy_wh))
            .floats("discharge_energy_wh", column(|cycle| cycle.discharge_energy_wh))
            .optional_floats("coulombic_efficiency", cycles.iter().map(|cycle| cycle.coulombic_efficiency))
            .optional_floats("energy_efficiency", cycles.iter().map(|cycle| cycle.energy_efficiency))
            .integers("first_row", cycles.iter().map(|cycle| rows(cycle.first_row)))
            .integers("rows", cycles.iter().map(|cycle| rows(cycle.rows)))
            .floats("duration_s", column(|cycle| cycle.duration_s))
            .finish()
    }

    fn __len__(&self) -> usize {
        self.recording.len()
    }

    fn __repr__(&self) -> String {
        let (rows, cycles) = (self.recording.len(), self.cycles.len());
        format!("<Recording of {rows} rows and {cycles} cycles, {}>", self.recording.format)
    }
}

fn array<'py>(py: Python<'py>, values: Option<&[f64]>) -> Option<Floats<'py>> {
    values.map(|values| PyArray1::from_slice(py, values))
}

/// Reads a battery recording (CSV, TSV, .txt, .mpt) of any vendor; the layout is found in the file.
///
/// ``source`` is a path, or the file's ``bytes``. Raises ``InvalidError`` with the line and column where it is no
/// recording.
#[pyfunction]
pub(crate) fn read_battery(py: Python<'_>, source: &Bound<'_, PyAny>) -> PyResult<PyRecording> {
    let read = if let Ok(bytes) = source.cast::<PyBytes>() {
        let bytes = bytes.as_bytes();
        py.detach(|| battery::read_bytes(bytes).map(with_cycles))
    } else {
        let path: PathBuf = source.extract()?;
        py.detach(|| battery::read_path(&path).map(with_cycles))
    };
    read.map_err(raise)
}

fn with_cycles(recording: Recording) -> PyRecording {
    PyRecording { cycles: recording.cycles(), recording }
}

/// Sums a battery recording up: rows, ranges, charge and energy in all, and each cycle, as a ``dict``.
///
/// ``source`` is a path, the file's ``bytes``, or a ``Recording``. The keys carry their units, such as
/// ``charge_capacity_ah`` and ``voltage_max_v``.
///
/// >>> import grid_py as grid
/// >>> summary = grid.summarise_battery(b"t/s,U/V,I/A\n0,3.7,1\n3600,3.9,1\n")
/// >>> summary["charge_capacity_ah"], summary["voltage_max_v"]
/// (1.0, 3.9)
#[pyfunction]
pub(crate) fn summarise_battery<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let summary = if let Ok(recording) = source.cast::<PyRecording>() {
        let recording = &recording.get().recording;
        py.detach(|| battery::summarise(recording))
    } else {
        let recording = read_battery(py, source)?.recording;
        py.detach(|| battery::summarise(&recording))
    };
    json::to_python(py, &summary)
}
