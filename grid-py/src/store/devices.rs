//! Devices, and for whom they count.

use grid_core::{
    energy::{Device, DeviceKind, Name},
    store::{blocking::Store, new_id},
};
use pyo3::prelude::*;

use super::{PyStore, tables};
use crate::{
    auth::{Id, instant_or_now},
    error::raise,
    quantity::PyPower,
    readings::devices,
    table::PyTable,
    time::{self, Instant},
};

#[pymethods]
impl PyStore {
    /// Creates a device of ``owner``, a user, and returns its id.
    ///
    /// ``kind`` is ``meter``, ``pv``, ``battery``, ``load``, ``ev_charger`` or ``other``.
    #[pyo3(signature = (name, *, owner, kind, time_zone, rated_power=None, now=None))]
    #[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
    fn create_device(
        &self,
        py: Python<'_>,
        name: &str,
        owner: Id,
        kind: &str,
        time_zone: &str,
        rated_power: Option<PyPower>,
        now: Option<Instant>,
    ) -> PyResult<String> {
        let now = instant_or_now(py, now)?;
        let device = Device {
            id: new_id(now),
            owner: owner.0,
            name: Name::new(name).map_err(raise)?,
            kind: kind.parse::<DeviceKind>().map_err(raise)?,
            calendar: time::calendar(time_zone)?,
            rated_power: rated_power.map(|power| power.0),
        };
        self.ask(py, |store| store.create_device(&device, now))?;
        Ok(device.id.to_string())
    }

    /// Puts a device into a community, as one of a member's from ``valid_from`` on: from the beginning if it is left out,
    /// or from now on where the device counted there before and was removed.
    ///
    /// Said again with another ``valid_from``, since when it counts is corrected. What was known before can still be asked
    /// for.
    #[pyo3(signature = (community, device, member, *, valid_from=None, now=None))]
    fn add_device(
        &self,
        py: Python<'_>,
        community: Id,
        device: Id,
        member: Id,
        valid_from: Option<Instant>,
        now: Option<Instant>,
    ) -> PyResult<()> {
        let now = instant_or_now(py, now)?;
        let from = valid_from.map(|instant| instant.0);
        self.ask(py, |store| store.add_device(community.0, device.0, member.0, from, now))
    }

    /// Lets a device count for another member of its community from ``valid_from`` on, now if it is left out; until then it
    /// counts as before.
    #[pyo3(signature = (community, device, member, *, valid_from=None, now=None))]
    fn move_device(
        &self,
        py: Python<'_>,
        community: Id,
        device: Id,
        member: Id,
        valid_from: Option<Instant>,
        now: Option<Instant>,
    ) -> PyResult<()> {
        let now = instant_or_now(py, now)?;
        let from = valid_from.map_or(now, |instant| instant.0);
        self.ask(py, |store| store.move_device(community.0, device.0, member.0, from, now))
    }

    /// Takes a device out of a community from ``until`` on, now if it is left out; what it counted until then stays.
    #[pyo3(signature = (community, device, *, until=None, now=None))]
    fn remove_device(
        &self,
        py: Python<'_>,
        community: Id,
        device: Id,
        until: Option<Instant>,
        now: Option<Instant>,
    ) -> PyResult<()> {
        let now = instant_or_now(py, now)?;
        let until = until.map_or(now, |instant| instant.0);
        self.ask(py, |store| store.remove_device(community.0, device.0, until, now))
    }

    /// All that was ever said of whom a device counts for in a community: a table with ``member, valid_from, valid_until,
    /// recorded_at``. Without ``member`` it counts for nobody; of two rows that meet the later one counts where they do.
    fn placements(&self, py: Python<'_>, community: Id, device: Id) -> PyResult<PyTable> {
        let said = self.ask(py, |store| store.placements(community.0, device.0))?;
        tables::placements(&said)
    }

    /// Deletes a device that has no readings; one that has raises ``ConflictError``.
    fn delete_device(&self, py: Python<'_>, device: Id) -> PyResult<()> {
        self.ask(py, |store| store.delete_device(device.0))
    }

    /// All devices, or those of a community: a table with ``id, name, kind, time_zone, rated_power_w, owner`` and, of
    /// a community, ``member, valid_from, valid_until``, with a row for each member whom a device counts for.
    ///
    /// Of a community only those are there that count now or later, and with ``ended=True`` all that ever did; with
    /// ``as_of`` as it was known, and as of, then.
    #[pyo3(signature = (community=None, *, ended=false, as_of=None))]
    fn devices(
        &self,
        py: Python<'_>,
        community: Option<Id>,
        ended: bool,
        as_of: Option<Instant>,
    ) -> PyResult<PyTable> {
        let Some(community) = community else {
            return devices(&self.all(py, Store::devices, |device| device.id)?).finish();
        };
        let as_of = as_of.map(|instant| instant.0);
        let now = as_of.map_or_else(|| instant_or_now(py, None), Ok)?;
        let mut placed = self.ask(py, |store| store.community_devices(community.0, as_of))?;
        placed.retain(|placed| ended || placed.stretch.during.end() > now);
        tables::community_devices(placed)
    }

    /// The channels of a device with their first start and last end: a table with ``channel, start, end``.
    fn channels(&self, py: Python<'_>, device: Id) -> PyResult<PyTable> {
        tables::channels(&self.ask(py, |store| store.channels(device.0))?)
    }
}
