//! Cumulative registers: what they showed, and what happened to them.

use grid_core::store::{Keep, MeterReport};
use jiff::Timestamp;
use pyo3::{
    prelude::*,
    types::{PyBool, PyString},
};

use super::{
    PyStore,
    asking::{ingested, result},
};
use crate::{
    auth::{Id, instant_or_now},
    error::{Error, no_choice, raise, shown},
    readings::rows,
    register::{events_of, faults, reads_of, register_of, told},
    time::{self, Instant},
};

#[pymethods]
impl PyStore {
    /// Takes in what a cumulative register showed, and stores what was used between the looks.
    ///
    /// ``reads``, ``events``, ``digits`` and ``multiplier`` are as ``grid.advances`` takes them; the last two are as told
    /// before where they are left out. ``withdrawn`` lists the instants of reads that were told before and are taken back.
    /// A call goes on from the last read that is stored; a read of the same instant corrects, and one between two that are
    /// stored parts the reading that had been derived across it. All of it is stored, or nothing.
    ///
    /// ``store=True`` keeps the reads and the readings that follow; ``"reads"`` only the reads, for a channel that has
    /// readings of its own; ``False`` nothing. Returns ``Registered(inserted, unchanged, superseded, reads, readings,
    /// faults)``.
    ///
    /// >>> import grid_py as grid
    /// >>> with grid.Store("sqlite::memory:") as store:
    /// ...     ana = store.create_user("ana", "ana@example.org", "correct horse")
    /// ...     meter = store.create_device("meter", owner=ana, kind="meter", time_zone="Europe/Madrid")
    /// ...     days = ["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"]
    /// ...     first = store.record_register(meter, "import", {"at": days, "counter_kwh": [9990, 9998.5]}, digits=4)
    /// ...     turned = {"kind": "rollover", "at": "2026-03-02T12:00:00Z"}
    /// ...     later = {"at": ["2026-03-03T00:00:00Z"], "counter_kwh": [3.25]}
    /// ...     second = store.record_register(meter, "import", later, events=[turned])
    /// >>> first.readings["energy_kwh"], second.readings["energy_kwh"]
    /// (array([8.5]), array([4.75]))
    #[pyo3(signature = (
        device, channel, reads=None, *, events=None, withdrawn=None, digits=None, multiplier=None, store=Keeping::READINGS,
        now=None
    ), text_signature = "($self, device, channel, reads=None, *, events=None, withdrawn=None, digits=None, multiplier=None, store=True, now=None)")]
    #[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
    fn record_register<'py>(
        &self,
        py: Python<'py>,
        device: Id,
        channel: &str,
        reads: Option<&Bound<'py, PyAny>>,
        events: Option<&Bound<'py, PyAny>>,
        withdrawn: Option<Vec<Instant>>,
        digits: Option<u8>,
        multiplier: Option<&Bound<'py, PyAny>>,
        store: Keeping,
        now: Option<Instant>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let now = instant_or_now(py, now)?;
        let register = register_of(digits, multiplier)?;
        let report = MeterReport {
            device: device.0,
            channel: channel.parse().map_err(raise)?,
            reads: reads.map(reads_of).transpose()?.unwrap_or_default(),
            events: events_of(events)?,
            withdrawn: withdrawn.into_iter().flatten().map(|at| at.0).collect::<Vec<Timestamp>>(),
            modulus: register.modulus(),
            multiplier: multiplier.map(|_| register.multiplier()),
        };
        if report.reads.is_empty() && report.events.is_empty() && report.withdrawn.is_empty() {
            let what = "at least one read, event or withdrawal";
            return Err(raise(Error::Needed { what, when: "a register is recorded" }));
        }
        let done = self.ask(py, |opened| opened.record_register(&report, store.0, now))?;
        let readings = rows(&done.advances.readings).finish()?;
        let (reads, faults) = (ingested(py, done.reads)?, faults(&done.advances.faults)?);
        let counts = done.readings;
        let fields = (counts.inserted, counts.unchanged, counts.superseded, reads, readings, faults);
        result(py, "Registered", fields)
    }

    /// What a register counted between its looks, as far as that shares an instant with the interval from ``start`` to
    /// ``end``: ``Advances(readings, faults)``, as ``grid.advances`` gives it.
    fn register_advances<'py>(
        &self,
        py: Python<'py>,
        device: Id,
        channel: &str,
        start: Instant,
        end: Instant,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (channel, interval) = (channel.parse().map_err(raise)?, time::interval(&start, &end)?);
        told(py, &self.ask(py, |store| store.register_advances(device.0, channel, interval))?)
    }
}

/// What is kept of a report: `True`, `"reads"` or `False`, as the HTTP API has it.
struct Keeping(Keep);

impl Keeping {
    const READINGS: Self = Self(Keep::Readings);
}

impl<'py> FromPyObject<'_, 'py> for Keeping {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(all) = value.cast::<PyBool>() {
            return Ok(Self(if all.is_true() { Keep::Readings } else { Keep::Nothing }));
        }
        match value.cast::<PyString>() {
            Ok(text) if text.to_string_lossy() == "reads" => Ok(Self(Keep::Reads)),
            _ => Err(no_choice("`store`", "`True`, `\"reads\"` or `False`", &shown(&value))),
        }
    }
}
