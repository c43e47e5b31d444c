//! Readings that come in, are asked for, summed and balanced.

use pyo3::prelude::*;

use super::{
    PyStore, arriving,
    asking::{ingested, one_of, result},
    tables,
};
use crate::{
    auth::{Id, instant_or_now},
    balance::PyBalance,
    error::raise,
    readings::sums,
    table::PyTable,
    time::{self, Instant},
};

#[pymethods]
impl PyStore {
    /// Takes in readings, all of them or none: a table with ``device`` (an id), ``channel, start, end, energy_kwh`` and,
    /// if wanted, ``quality``.
    ///
    /// The same reading twice changes nothing; one with another value supersedes it, and the old one stays in the
    /// history. Returns ``Ingested(inserted, unchanged, superseded)``.
    #[pyo3(signature = (data, *, now=None))]
    fn ingest<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        now: Option<Instant>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let now = instant_or_now(py, now)?;
        let batches = arriving::of_devices(data)?;
        ingested(py, self.ask(py, |store| store.ingest(&batches, now))?)
    }

    /// Takes in a community's readings, all of them or none, with the devices and members that are new.
    ///
    /// ``data`` is the path of a CSV file ``device,channel,start,end,energy_kwh,quality``, its ``bytes``, or a table with
    /// these columns; ``member`` may be there too. A device is an id, or a name in this community; a name that is new
    /// becomes a device of ``owner``, the user who runs the community if it is left out. Returns
    /// ``Imported(devices_created, members_created, inserted, unchanged, superseded)``.
    #[pyo3(signature = (community, data, *, owner=None, now=None))]
    fn import_community<'py>(
        &self,
        py: Python<'py>,
        community: Id,
        data: &Bound<'py, PyAny>,
        owner: Option<Id>,
        now: Option<Instant>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let now = instant_or_now(py, now)?;
        let batches = arriving::of_community(py, data)?;
        let owner = match owner {
            Some(owner) => owner.0,
            None => self.operator_of(py, community.0)?,
        };
        let imported = self.ask(py, |store| store.import_community(community.0, owner, batches, now))?;
        let counts = (
            imported.devices_created,
            imported.members_created,
            imported.inserted,
            imported.unchanged,
            imported.superseded,
        );
        result(py, "Imported", counts)
    }

    /// The readings of a register that share an instant with the interval from ``start`` to ``end``: a table with
    /// ``start, end, energy_kwh, quality, recorded_at``, as they stand now or as they stood at ``as_of``.
    #[pyo3(signature = (device, channel, start, end, as_of=None))]
    fn readings(
        &self,
        py: Python<'_>,
        device: Id,
        channel: &str,
        start: Instant,
        end: Instant,
        as_of: Option<Instant>,
    ) -> PyResult<PyTable> {
        let (channel, interval) = (channel.parse().map_err(raise)?, time::interval(&start, &end)?);
        let as_of = as_of.map(|instant| instant.0);
        tables::readings(&self.ask(py, |store| store.readings(device.0, channel, interval, as_of))?)
    }

    /// The readings of a register that others have replaced: a table with ``start, end, energy_kwh, quality,
    /// recorded_at, replaced_at``.
    fn history(
        &self,
        py: Python<'_>,
        device: Id,
        channel: &str,
        start: Instant,
        end: Instant,
    ) -> PyResult<PyTable> {
        let (channel, interval) = (channel.parse().map_err(raise)?, time::interval(&start, &end)?);
        tables::history(&self.ask(py, |store| store.history(device.0, channel, interval))?)
    }

    /// Sums the readings of a device, of a user's devices (``owner``) or of a community per slot, channel by channel: a
    /// table with ``channel, start, end, energy_kwh, quality, completeness``.
    ///
    /// The slots are the whole ones that the interval from ``start`` to ``end`` touches; ``resolution`` is ``15min``,
    /// ``1h``, ``day``, ``month`` or ``year``. Days are those of ``time_zone``, or else of the device, the community or
    /// the user's first device. A reading that lasts over a slot's end is spread over both in proportion to time.
    #[pyo3(signature = (
        *, device=None, owner=None, community=None, channel=None, start, end, resolution="day", time_zone=None
    ))]
    #[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
    fn sums(
        &self,
        py: Python<'_>,
        device: Option<Id>,
        owner: Option<Id>,
        community: Option<Id>,
        channel: Option<&str>,
        start: Instant,
        end: Instant,
        resolution: &str,
        time_zone: Option<&str>,
    ) -> PyResult<PyTable> {
        let of = one_of(device, owner, community)?;
        let channel = channel.map(|channel| channel.parse().map_err(raise)).transpose()?;
        let (interval, resolution) = (time::interval(&start, &end)?, time::resolution(resolution)?);
        let calendar = time_zone.map(time::calendar).transpose()?;
        let found = self.ask(py, |store| store.sums(of, channel, interval, resolution, calendar.as_ref()))?;
        sums(&found).finish()
    }

    /// Balances a community from ``start`` to ``end``: what it consumed, generated, shared, imported and exported.
    ///
    /// ``resolution`` is the length of the slots in which generation is set against consumption, that of the readings
    /// if it is left out.
    #[pyo3(signature = (community, start, end, *, resolution=None))]
    fn balance(
        &self,
        py: Python<'_>,
        community: Id,
        start: Instant,
        end: Instant,
        resolution: Option<&str>,
    ) -> PyResult<PyBalance> {
        let interval = time::interval(&start, &end)?;
        let resolution = resolution.map(time::resolution).transpose()?;
        self.ask(py, |store| store.balance(community.0, interval, resolution, None)).map(PyBalance)
    }
}
