//! What looks wrong or is missing in readings, what to ask again, and what is put in its place.

use grid_core::{
    energy::{Reading, request_text},
    series::Quality,
    store::{DeviceBatch, SubstitutionRequest},
};
use pyo3::prelude::*;

use super::{
    PyStore,
    asking::{ingested, result},
    reports,
};
use crate::{
    auth::{Id, instant_or_now},
    columns::{Columns, same_length},
    error::raise,
    json,
    meter::{findings_by_channel, raw_rows},
    substitution::{advances_of, fills, rules_of},
    table::PyTable,
    time::{self, Instant},
};

#[pymethods]
impl PyStore {
    /// Says what looks wrong in a device's readings from ``start`` to ``end``, as ``grid.validate`` does: a table with
    /// ``channel, start, end, rule, severity, rows, expected, got``.
    ///
    /// ``resolution`` is how long a reading should be, as most of them are if it is left out.
    #[pyo3(signature = (device, start, end, *, channel=None, resolution=None, now=None))]
    #[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
    fn findings(
        &self,
        py: Python<'_>,
        device: Id,
        start: Instant,
        end: Instant,
        channel: Option<&str>,
        resolution: Option<&str>,
        now: Option<Instant>,
    ) -> PyResult<PyTable> {
        let now = instant_or_now(py, now)?;
        let channel = channel.map(|channel| channel.parse().map_err(raise)).transpose()?;
        let resolution = resolution.map(time::resolution).transpose()?;
        let interval = time::interval(&start, &end)?;
        findings_by_channel(
            &self.ask(py, |store| store.findings(device.0, channel, interval, resolution, now))?,
        )
    }

    /// Says how much of the time from ``start`` to ``end`` a device's readings cover.
    ///
    /// Returns ``Completeness(channels, gaps)``: a table with ``channel, start, end, completeness, quality`` and the numbers
    /// of readings that are ``measured, estimated, substituted, missing``, and one of the stretches without a known energy,
    /// ``channel, start, end``.
    #[pyo3(signature = (device, start, end, *, channel=None))]
    fn completeness<'py>(
        &self,
        py: Python<'py>,
        device: Id,
        start: Instant,
        end: Instant,
        channel: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let channel = channel.map(|channel| channel.parse().map_err(raise)).transpose()?;
        let interval = time::interval(&start, &end)?;
        let found = self.ask(py, |store| store.completeness(device.0, channel, interval))?;
        result(py, "Completeness", (reports::channels(interval, &found)?, reports::gaps(&found)?))
    }

    /// Says how complete the registers of a community are from ``start`` to ``end``, slot by slot, and what to ask again.
    ///
    /// Returns ``RegisterReports(registers, gaps, ask_again, request)``: a table with ``device, channel, time_zone,
    /// resolution, start, end, expected, known, completeness`` and the numbers of slots that are ``measured, estimated,
    /// substituted, missing``; two with ``device, channel, start, end``; and a text that can be sent to whoever reads the
    /// meters, ``None`` where nothing is missing.
    fn register_reports<'py>(
        &self,
        py: Python<'py>,
        community: &Bound<'py, PyAny>,
        start: Instant,
        end: Instant,
    ) -> PyResult<Bound<'py, PyAny>> {
        let community = self.community_id(py, community)?;
        let interval = time::interval(&start, &end)?;
        let found = self.ask(py, |store| store.register_reports(community, interval))?;
        let gaps = reports::stretches(&found, |report| &report.gaps)?;
        let ask_again = reports::stretches(&found, |report| &report.ask_again)?;
        result(py, "RegisterReports", (reports::registers(&found)?, gaps, ask_again, request_text(&found)))
    }

    /// Fills the missing slots of a register from ``start`` to ``end``, as ``grid.substitute`` does.
    ///
    /// ``advances`` are what the register's reads give where they are left out, and ``resolution`` is how long most
    /// readings are. With ``store=True`` the fills become readings of quality ``substituted``; what was measured is never
    /// touched. Returns ``Substitution(resolution, fills, remarks, stored)``; ``stored`` is ``None`` where nothing was to be.
    #[pyo3(signature = (
        device, channel, start, end, *, resolution=None, advances=None, holidays=None, without_pattern="leave_missing",
        store=false, now=None
    ))]
    #[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
    fn substitute<'py>(
        &self,
        py: Python<'py>,
        device: Id,
        channel: &str,
        start: Instant,
        end: Instant,
        resolution: Option<&str>,
        advances: Option<&Bound<'py, PyAny>>,
        holidays: Option<Vec<Bound<'py, PyAny>>>,
        without_pattern: &str,
        store: bool,
        now: Option<Instant>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let now = instant_or_now(py, now)?;
        let channel = channel.parse().map_err(raise)?;
        let request = SubstitutionRequest {
            device: device.0,
            channel,
            period: time::interval(&start, &end)?,
            resolution: resolution.map(time::resolution).transpose()?,
            advances: advances.map(advances_of).transpose()?,
            rules: rules_of(holidays, without_pattern)?,
        };
        let found = self.ask(py, |opened| opened.substitutes(&request))?;
        let stored = if store {
            let batch = found.batch(device.0, channel).map_err(raise)?;
            Some(ingested(py, self.ask(py, |opened| opened.fill_missing(&batch, now))?)?)
        } else {
            None
        };
        let remarks = json::to_python(py, &found.remarks)?;
        let fields = (found.resolution.to_string(), fills(&found.fills)?, remarks, stored);
        result(py, "Substitution", fields)
    }

    /// Takes in substitutes where nothing is known: a table with ``start, end, energy_kwh`` and, if wanted, ``quality``,
    /// which is ``substituted`` if it is left out.
    ///
    /// One that meets a reading with an energy is left out, and a missing reading that they cover makes place. Returns
    /// ``Ingested(inserted, unchanged, superseded)``.
    #[pyo3(signature = (device, channel, data, *, now=None))]
    fn fill_missing<'py>(
        &self,
        py: Python<'py>,
        device: Id,
        channel: &str,
        data: &Bound<'py, PyAny>,
        now: Option<Instant>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let now = instant_or_now(py, now)?;
        let columns = Columns::of(data)?;
        let rows = raw_rows(&columns)?;
        let qualities = if columns.has("quality") {
            columns.qualities("quality")?
        } else {
            vec![Quality::Substituted; rows.len()]
        };
        same_length("quality", rows.len(), qualities.len())?;
        let readings = rows
            .into_iter()
            .zip(qualities)
            .map(|(row, quality)| Reading::new(row.interval, row.energy, quality).map_err(raise))
            .collect::<PyResult<_>>()?;
        let batch = DeviceBatch { device: device.0, channel: channel.parse().map_err(raise)?, readings };
        ingested(py, self.ask(py, |store| store.fill_missing(&batch, now))?)
    }
}
