//! The store of a community, for notebooks: every call waits.

mod arriving;
mod asking;
mod documents;
mod tables;

use std::path::PathBuf;

use grid_core::{
    auth::{Password, PasswordHasher, SealingKey},
    energy::{
        Community, Device, DeviceKind, Member, Name,
        rules::{spain_file, spain_key},
    },
    store::{Error as StoreError, LogSigner, Options, SettlementRequest, User, blocking::Store, new_id},
};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict},
};

use self::asking::{id_text, one_of, result};
use crate::{
    auth::{Id, instant_or_now},
    balance::PyBalance,
    error::{Error, raise},
    json, prices,
    proof::PyLogKey,
    quantity::PyPower,
    readings::{devices, sums},
    settlement::{PySettlement, contract_of, missing_of},
    sharing_key::{self, Asked},
    statement::PyStatement,
    table::PyTable,
    tariff::tariff_of,
    time::{self, Instant},
};

/// A community's readings in a database: ``sqlite:grid.db``, ``mysql://user:password@host/grid`` or
/// ``postgres://user:password@host/grid``.
///
/// The tables are made or brought up to date when the store is opened, unless ``migrate=False``. ``now`` is this machine's
/// clock in every call where it is left out. Ids are UUIDs, as text. A store may be used as a context, which closes it.
///
/// >>> import grid_py as grid
/// >>> with grid.Store("sqlite::memory:") as store:
/// ...     ana = store.create_user("ana", "ana@example.org", "correct horse")
/// ...     community = store.create_community("Calle Sol", owner=ana, time_zone="Europe/Madrid")
/// ...     imported = store.import_community(community, {
/// ...         "device": ["casa 1", "casa 1"], "channel": ["consumption", "generation"],
/// ...         "start": ["2026-01-01T12:00:00Z"] * 2, "end": ["2026-01-01T12:15:00Z"] * 2,
/// ...         "energy_kwh": [0.5, 0.75],
/// ...     })
/// ...     balance = store.balance(community, "2026-01-01T12:00:00Z", "2026-01-01T12:15:00Z")
/// >>> balance.self_consumed_kwh, balance.export_kwh
/// (Energy("0.5 kWh"), Energy("0.25 kWh"))
#[pyclass(frozen, name = "Store", module = "grid_py")]
#[derive(Debug)]
pub(crate) struct PyStore(Store);

#[pymethods]
impl PyStore {
    #[new]
    #[pyo3(signature = (url, *, migrate=true))]
    fn new(py: Python<'_>, url: &str, migrate: bool) -> PyResult<Self> {
        let open = || {
            let store = Store::connect(url, Options::default())?;
            if migrate {
                store.migrate()?;
            }
            Ok::<_, StoreError>(store)
        };
        py.detach(open).map(Self).map_err(raise)
    }

    /// The address, without the password.
    #[getter]
    fn url(&self) -> &str {
        self.0.describe()
    }

    /// Closes all connections.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.ask(py, Store::close)
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        _kind: Option<&Bound<'_, PyAny>>,
        _error: Option<&Bound<'_, PyAny>>,
        _traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        self.close(py)
    }

    /// Creates a user, whose password is kept as an Argon2id hash, and returns their id.
    ///
    /// The password has 8 to 128 characters and is none of the most common ones.
    #[pyo3(signature = (username, email, password, *, now=None))]
    fn create_user(
        &self,
        py: Python<'_>,
        username: &str,
        email: &str,
        password: &str,
        now: Option<Instant>,
    ) -> PyResult<String> {
        let now = instant_or_now(py, now)?;
        let password = Password::choose(password).map_err(raise)?;
        let hash = py.detach(|| PasswordHasher::default().hash(&password)).map_err(raise)?;
        let user = User::new(new_id(now), username, email, hash).map_err(raise)?;
        self.ask(py, |store| store.create_user(&user, now))?;
        Ok(user.id().to_string())
    }

    /// The id of the user with that name or e-mail address, or ``None``.
    fn find_user(&self, py: Python<'_>, name: &str) -> PyResult<Option<String>> {
        Ok(self.ask(py, |store| store.user_by_name(name))?.map(|user| user.id().to_string()))
    }

    /// Creates a community that ``owner``, a user, runs, and returns its id.
    #[pyo3(signature = (name, *, owner, time_zone, now=None))]
    fn create_community(
        &self,
        py: Python<'_>,
        name: &str,
        owner: Id,
        time_zone: &str,
        now: Option<Instant>,
    ) -> PyResult<String> {
        let now = instant_or_now(py, now)?;
        let name = Name::new(name).map_err(raise)?;
        let community = Community { id: new_id(now), name, calendar: time::calendar(time_zone)? };
        let creator = self.operator_for(py, owner.0, new_id(now))?;
        self.ask(py, |store| store.create_community(&community, &creator, now))?;
        Ok(community.id.to_string())
    }

    /// All communities: a table with ``id, name, time_zone``.
    fn communities(&self, py: Python<'_>) -> PyResult<PyTable> {
        let communities = self.all(py, Store::communities, |community| community.id)?;
        tables::communities(&communities)
    }

    /// Adds a member to a community and returns the member's id.
    ///
    /// ``user`` is the user who sees the member as theirs, if any; ``role`` is ``member`` or ``operator``.
    #[pyo3(signature = (community, name, *, user=None, role="member", now=None))]
    fn add_member(
        &self,
        py: Python<'_>,
        community: Id,
        name: &str,
        user: Option<Id>,
        role: &str,
        now: Option<Instant>,
    ) -> PyResult<String> {
        let now = instant_or_now(py, now)?;
        let member = Member {
            id: new_id(now),
            name: Name::new(name).map_err(raise)?,
            user: user.map(|user| user.0),
            role: role.parse().map_err(raise)?,
        };
        self.ask(py, |store| store.add_member(community.0, &member, now))?;
        Ok(member.id.to_string())
    }

    /// The members of a community: a table with ``id, name, user, role``.
    fn members(&self, py: Python<'_>, community: Id) -> PyResult<PyTable> {
        tables::members(&self.ask(py, |store| store.members(community.0))?)
    }

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
        let ingested = self.ask(py, |store| store.ingest(&batches, now))?;
        let counts = (ingested.inserted, ingested.unchanged, ingested.superseded);
        result(py, "Ingested", counts)
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

    /// Sets how a community shares from ``valid_from`` on.
    ///
    /// ``key`` is a word, a list of words or a dictionary, as ``grid.share`` takes it: ``proportional``, ``equal``,
    /// ``static`` with ``shares`` (a mapping of members to shares that add up to one), or ``priority`` with ``groups``
    /// (lists of members). Members are named by id or by name.
    #[pyo3(signature = (community, key, *, valid_from, shares=None, groups=None, now=None))]
    #[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
    fn set_key(
        &self,
        py: Python<'_>,
        community: &Bound<'_, PyAny>,
        key: &Bound<'_, PyAny>,
        valid_from: Instant,
        shares: Option<&Bound<'_, PyAny>>,
        groups: Option<&Bound<'_, PyAny>>,
        now: Option<Instant>,
    ) -> PyResult<()> {
        let now = instant_or_now(py, now)?;
        let community = self.community_id(py, community)?;
        let members = self.names(py, community)?;
        let key = Asked { key, shares, groups }.key(&|text| id_text(&members, text))?;
        self.ask(py, |store| store.set_key(community, &key, valid_from.0, now))
    }

    /// Sets how a community shares from the file of coefficients of a ``year`` (Spain, RD 244/2019): its path or ``bytes``.
    ///
    /// The coefficients become fixed shares from ``valid_from`` on, the year's first day if it is left out; they must be the
    /// same in each hour. Each supply point (CUPS) is the member's that is called by its code, or that has a device which is.
    #[pyo3(signature = (community, source, year, *, valid_from=None, now=None))]
    fn set_coefficients(
        &self,
        py: Python<'_>,
        community: &Bound<'_, PyAny>,
        source: &Bound<'_, PyAny>,
        year: i16,
        valid_from: Option<Instant>,
        now: Option<Instant>,
    ) -> PyResult<()> {
        let now = instant_or_now(py, now)?;
        let community = self.community_id(py, community)?;
        let calendar = self.ask(py, |store| store.community(community))?.calendar;
        let told = valid_from.map(|instant| instant.0);
        let valid_from = spain_key::start(&calendar, year, told).map_err(raise)?;
        let points = self.ask(py, |store| store.supply_points(community))?;
        let key = if let Ok(bytes) = source.cast::<PyBytes>() {
            let bytes = bytes.as_bytes();
            py.detach(|| points.read(bytes, "data"))
        } else {
            let path: PathBuf = source.extract()?;
            let file = std::fs::File::open(&path)?;
            py.detach(|| points.read(file, &path.display().to_string()))
        };
        let key = key.map_err(raise)?;
        self.ask(py, |store| store.set_key(community, &key, valid_from, now))
    }

    /// A community's fixed shares of a ``year`` as the file for Spain's distributor, which takes it under the name
    /// ``<CAU>_<YYYY>.txt``: those of the last key that begins in the year or before it.
    fn coefficients<'py>(
        &self,
        py: Python<'py>,
        community: &Bound<'py, PyAny>,
        year: i16,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let community = self.community_id(py, community)?;
        let coefficients = self.ask(py, |store| store.coefficients(community, year))?;
        let mut file = Vec::new();
        spain_file::write(&coefficients, &mut file).map_err(raise)?;
        Ok(PyBytes::new(py, &file))
    }

    /// Sets by what a community settles from ``valid_from`` on: a dictionary with ``resolution`` (``5min``, ``15min``,
    /// ``30min``, ``1h``), ``law``, ``surplus``, ``cells`` and ``contracted`` (powers by member and name), all of which may
    /// be left out.
    #[pyo3(signature = (community, contract, *, valid_from, now=None))]
    fn set_contract(
        &self,
        py: Python<'_>,
        community: &Bound<'_, PyAny>,
        contract: &Bound<'_, PyAny>,
        valid_from: Instant,
        now: Option<Instant>,
    ) -> PyResult<()> {
        let now = instant_or_now(py, now)?;
        let community = self.community_id(py, community)?;
        let members = self.names(py, community)?;
        let contract = contract_of(contract, &|text| id_text(&members, text))?;
        self.ask(py, |store| store.set_contract(community, &contract, valid_from.0, now))
    }

    /// All contracts of a community, by when they begin: dictionaries with ``valid_from, created_at, contract``.
    fn contracts<'py>(
        &self,
        py: Python<'py>,
        community: &Bound<'py, PyAny>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let community = self.community_id(py, community)?;
        let contracts = self.ask(py, |store| store.contracts(community))?;
        contracts.into_iter().map(|stored| documents::contract(py, &stored)).collect()
    }

    /// Adds a tariff, for one ``member`` or for all who have none of their own, and returns its id.
    ///
    /// It counts from the local day on that it says itself; of two that begin on one day the one that was added later.
    #[pyo3(signature = (community, tariff, member=None, *, now=None))]
    fn add_tariff(
        &self,
        py: Python<'_>,
        community: &Bound<'_, PyAny>,
        tariff: &Bound<'_, PyAny>,
        member: Option<&Bound<'_, PyAny>>,
        now: Option<Instant>,
    ) -> PyResult<String> {
        let now = instant_or_now(py, now)?;
        let community = self.community_id(py, community)?;
        let member = self.member_id(py, community, member)?;
        let tariff = tariff_of(tariff)?;
        Ok(self.ask(py, |store| store.add_tariff(community, member, &tariff, now))?.to_string())
    }

    /// All tariffs of a community, in the order in which they were added: dictionaries with ``id, member_id, created_at``
    /// and the ``tariff``.
    fn tariffs<'py>(
        &self,
        py: Python<'py>,
        community: &Bound<'py, PyAny>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let community = self.community_id(py, community)?;
        let tariffs = self.ask(py, |store| store.tariffs(community))?;
        tariffs.into_iter().map(|stored| documents::tariff(py, stored)).collect()
    }

    /// Adds prices to a series of a community, by the name that tariffs call it, and returns how many.
    ///
    /// ``data`` is a table with ``start, end, price_per_kwh``, or a CSV file ``start,end,price`` (its path or ``bytes``). A
    /// price that begins when another does replaces it from now on.
    #[pyo3(signature = (community, name, data, *, currency="EUR", now=None))]
    fn add_prices(
        &self,
        py: Python<'_>,
        community: &Bound<'_, PyAny>,
        name: &str,
        data: &Bound<'_, PyAny>,
        currency: &str,
        now: Option<Instant>,
    ) -> PyResult<usize> {
        let now = instant_or_now(py, now)?;
        let community = self.community_id(py, community)?;
        let prices = prices::series(name, data, currency.parse().map_err(raise)?, None)?;
        self.ask(py, |store| store.add_prices(community, name, &prices, now))?;
        Ok(prices.len())
    }

    /// Settles a local month from what is stored, and keeps nothing: a draft, or with ``as_of`` a bill as it would have
    /// stood on another day.
    ///
    /// ``compare`` lists other keys to compare each bill with; ``missing`` is ``refuse`` or ``leave_out``. ``as_of`` and
    /// ``issued_at`` are now where they are left out.
    #[pyo3(signature = (community, month, *, compare=None, missing="refuse", as_of=None, issued_at=None))]
    #[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
    pub(crate) fn settle(
        &self,
        py: Python<'_>,
        community: &Bound<'_, PyAny>,
        month: &str,
        compare: Option<&Bound<'_, PyAny>>,
        missing: &str,
        as_of: Option<Instant>,
        issued_at: Option<Instant>,
    ) -> PyResult<PySettlement> {
        let (as_of, issued_at) = (instant_or_now(py, as_of)?, instant_or_now(py, issued_at)?);
        let community = self.community_id(py, community)?;
        let compare = match compare {
            Some(keys) => {
                let members = self.names(py, community)?;
                sharing_key::keys(keys, &|text| id_text(&members, text))?
            }
            None => Vec::new(),
        };
        let period = self.month(py, community, month)?;
        let missing = missing_of(missing)?;
        let request = SettlementRequest { community, period, compare, missing, as_of };
        self.ask(py, |store| store.settle(&request, issued_at)).map(PySettlement)
    }

    /// Issues a settlement: each statement becomes an entry of the log, and never changes.
    ///
    /// The log's new head is signed with the key that the database keeps, as a server that works on it does; it is made with
    /// the first issue. ``sealing_key`` is the text that it is sealed with, the server's ``GRID_SEALING_KEY``. ``log_key``
    /// signs instead in a database that keeps no key. A log has one key for as long as it lives: another raises
    /// ``ConflictError``. ``origin`` is the name of a log that begins now; one that is there keeps its name.
    ///
    /// A member to whom a statement was issued for this period gets a correction of what changed since, or nothing where
    /// nothing did. Returns ``Issued(id, documents, unchanged)``.
    #[pyo3(signature = (settlement, log_key=None, origin="grid", *, sealing_key=None, now=None))]
    fn issue<'py>(
        &self,
        py: Python<'py>,
        settlement: &PySettlement,
        log_key: Option<&PyLogKey>,
        origin: &str,
        sealing_key: Option<&str>,
        now: Option<Instant>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let now = instant_or_now(py, now)?;
        let sealing_key = sealing_key.map(SealingKey::new).transpose().map_err(raise)?;
        let issued = match (log_key, sealing_key) {
            (Some(key), None) => {
                let signer = LogSigner { key: &key.0, origin };
                self.ask(py, |store| store.issue(&settlement.0, signer, now))?
            }
            (None, sealing_key) => self.ask(py, |store| {
                let key = store.ensure_log_key(sealing_key.as_ref(), now)?;
                store.issue(&settlement.0, LogSigner { key: &key, origin }, now)
            })?,
            (Some(_), Some(_)) => {
                let (what, when) = ("`sealing_key`", "a `log_key` is given");
                return Err(raise(Error::Unwanted { what, when }));
            }
        };
        let documents: Vec<PyStatement> = issued.documents.into_iter().map(PyStatement).collect();
        let id = issued.id.map(|id| id.to_string());
        result(py, "Issued", (id, documents, issued.unchanged))
    }

    /// The statements and corrections that were issued, in the order of the log: of a community, or of one ``member`` of
    /// it, and of a local ``month`` where it is named.
    #[pyo3(signature = (community, month=None, member=None))]
    fn statements(
        &self,
        py: Python<'_>,
        community: &Bound<'_, PyAny>,
        month: Option<&str>,
        member: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Vec<PyStatement>> {
        let community = self.community_id(py, community)?;
        let member = self.member_id(py, community, member)?;
        let period = month.map(|month| self.month(py, community, month)).transpose()?;
        self.statements_of(py, community, member, period)
    }

    /// A statement or correction that was issued.
    fn statement(&self, py: Python<'_>, id: Id) -> PyResult<PyStatement> {
        self.ask(py, |store| store.statement(id.0)?.statement()).map(PyStatement)
    }

    /// A statement with the proof that it is in the log, ``{"proof": ..., "statement": ...}``, as JSON text: the file that a
    /// member keeps, and what ``grid.verify_statement`` takes.
    fn statement_proof(&self, py: Python<'_>, id: Id) -> PyResult<String> {
        Ok(self.ask(py, |store| store.statement_bundle(id.0))?.to_string())
    }

    /// The key that the database keeps for its log, or ``None`` while it keeps none. ``sealing_key`` is the text that it is
    /// sealed with, the server's ``GRID_SEALING_KEY``.
    #[pyo3(signature = (sealing_key=None))]
    fn log_key(&self, py: Python<'_>, sealing_key: Option<&str>) -> PyResult<Option<PyLogKey>> {
        let sealing_key = sealing_key.map(SealingKey::new).transpose().map_err(raise)?;
        Ok(self.ask(py, |store| store.log_key(sealing_key.as_ref()))?.map(PyLogKey))
    }

    /// The newest signed head of the log as a dictionary, or the one it had at ``size``; ``None`` while nothing has been
    /// issued.
    #[pyo3(signature = (size=None))]
    fn log_head<'py>(&self, py: Python<'py>, size: Option<u64>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let head = match size {
            Some(size) => Some(self.ask(py, |store| store.log_head_at(size))?),
            None => self.ask(py, Store::log_head)?,
        };
        head.map(|head| json::to_python(py, &head)).transpose()
    }

    /// The hashes that lead from the log of ``old`` entries to that of ``new`` ones, for ``grid.verify_consistency``.
    fn log_consistency(&self, py: Python<'_>, old: u64, new: u64) -> PyResult<Vec<String>> {
        let path = self.ask(py, |store| store.log_consistency(old, new))?;
        Ok(path.iter().map(ToString::to_string).collect())
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

    fn __repr__(&self) -> String {
        format!("<Store {}>", self.0.describe())
    }
}
