//! The store of a community, for notebooks: every call waits.

use std::path::PathBuf;

use grid_core::{
    auth::{Password, PasswordHasher},
    energy::{
        Community, Device, DeviceKind, Member, Name, Reading, Role,
        ingest::{Batch, Layout, read_csv},
    },
    error::excerpt,
    store::{
        DeviceBatch, Error as StoreError, Listed, LogSigner, Of, Options, Page, SettlementRequest,
        StoredContract, StoredTariff, User, blocking::Store, new_id,
    },
    time::Interval,
};
use pyo3::{
    intern,
    prelude::*,
    types::{PyBytes, PyDict},
};
use uuid::Uuid;

use crate::{
    auth::{Id, instant_or_now},
    balance::PyBalance,
    columns::Columns,
    error::{Error, raise},
    json, prices,
    proof::PyLogKey,
    quantity::PyPower,
    readings::{batches, devices, rows, sums},
    settlement::{PySettlement, contract_of, missing_of},
    sharing_key::{self, Asked},
    statement::PyStatement,
    table::{PyTable, Table},
    tariff::{PyTariff, tariff_of},
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
        let user = self.ask(py, |store| store.user(owner.0))?;
        // A user who is not there is refused by the store, which says so.
        let creator = user.map_or_else(|| owner.0.to_string(), |user| user.username().to_owned());
        let creator = Member {
            id: new_id(now),
            name: Name::new(&creator).map_err(raise)?,
            user: Some(owner.0),
            role: Role::Operator,
        };
        self.ask(py, |store| store.create_community(&community, &creator, now))?;
        Ok(community.id.to_string())
    }

    /// All communities: a table with ``id, name, time_zone``.
    fn communities(&self, py: Python<'_>) -> PyResult<PyTable> {
        let communities = self.all(py, Store::communities, |community| community.id)?;
        Table::new()
            .texts("id", communities.iter().map(|community| Some(community.id.to_string())))
            .texts("name", communities.iter().map(|community| Some(community.name.as_str())))
            .texts("time_zone", communities.iter().map(|community| Some(community.calendar.name())))
            .finish()
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
        let members = self.ask(py, |store| store.members(community.0))?;
        Table::new()
            .texts("id", members.iter().map(|member| Some(member.id.to_string())))
            .texts("name", members.iter().map(|member| Some(member.name.as_str())))
            .texts("user", members.iter().map(|member| member.user.map(|user| user.to_string())))
            .texts("role", members.iter().map(|member| Some(member.role.as_str())))
            .finish()
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

    /// Puts a device into a community, as one of a member's.
    #[pyo3(signature = (community, device, member, *, now=None))]
    fn add_device(
        &self,
        py: Python<'_>,
        community: Id,
        device: Id,
        member: Id,
        now: Option<Instant>,
    ) -> PyResult<()> {
        let now = instant_or_now(py, now)?;
        self.ask(py, |store| store.add_device(community.0, device.0, member.0, now))
    }

    /// Takes a device out of a community; its readings stay.
    fn remove_device(&self, py: Python<'_>, community: Id, device: Id) -> PyResult<()> {
        self.ask(py, |store| store.remove_device(community.0, device.0))
    }

    /// Deletes a device that has no readings; one that has raises ``ConflictError``.
    fn delete_device(&self, py: Python<'_>, device: Id) -> PyResult<()> {
        self.ask(py, |store| store.delete_device(device.0))
    }

    /// All devices, or those of a community: a table with ``id, name, kind, time_zone, rated_power_w, owner`` and, of
    /// a community, ``member``.
    #[pyo3(signature = (community=None))]
    fn devices(&self, py: Python<'_>, community: Option<Id>) -> PyResult<PyTable> {
        let Some(community) = community else {
            return devices(&self.all(py, Store::devices, |device| device.id)?).finish();
        };
        let placed = self.ask(py, |store| store.community_devices(community.0))?;
        let (found, members): (Vec<Device>, Vec<Uuid>) = placed.into_iter().unzip();
        devices(&found).texts("member", members.iter().map(|member| Some(member.to_string()))).finish()
    }

    /// The channels of a device with their first start and last end: a table with ``channel, start, end``.
    fn channels(&self, py: Python<'_>, device: Id) -> PyResult<PyTable> {
        let channels = self.ask(py, |store| store.channels(device.0))?;
        Table::new()
            .texts("channel", channels.iter().map(|(channel, _)| Some(channel.as_str())))
            .instants("start", channels.iter().map(|(_, extent)| extent.start()))
            .instants("end", channels.iter().map(|(_, extent)| extent.end()))
            .finish()
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
        let batch = |batch: Batch| {
            let device = batch.device.unwrap_or_default();
            let not_an_id = || Error::NotAnId { got: grid_core::error::excerpt(&device) };
            let device = device.parse().map_err(|_| raise(not_an_id()))?;
            Ok(DeviceBatch { device, channel: batch.channel, readings: batch.readings })
        };
        let batches = batches(&Columns::of(data)?)?.into_iter().map(batch).collect::<PyResult<Vec<_>>>()?;
        let ingested = self.ask(py, |store| store.ingest(&batches, now))?;
        let counts = (ingested.inserted, ingested.unchanged, ingested.superseded);
        py.import(intern!(py, "grid_py.results"))?.getattr(intern!(py, "Ingested"))?.call1(counts)
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
        let batches = if let Ok(bytes) = data.cast::<PyBytes>() {
            let bytes = bytes.as_bytes();
            py.detach(|| read_csv(bytes, "data", Layout::Community)).map_err(raise)?
        } else if let Ok(path) = data.extract::<PathBuf>() {
            let file = std::fs::File::open(&path)?;
            py.detach(|| read_csv(file, &path.display().to_string(), Layout::Community)).map_err(raise)?
        } else {
            batches(&Columns::of(data)?)?
        };
        let owner = if let Some(owner) = owner {
            owner.0
        } else {
            let members = self.ask(py, |store| store.members(community.0))?;
            let runs = |member: &Member| member.user.filter(|_| member.role == Role::Operator);
            let needed = || raise(Error::Needed { what: "an owner", when: "no user runs the community" });
            members.iter().find_map(runs).ok_or_else(needed)?
        };
        let imported = self.ask(py, |store| store.import_community(community.0, owner, batches, now))?;
        let counts = (
            imported.devices_created,
            imported.members_created,
            imported.inserted,
            imported.unchanged,
            imported.superseded,
        );
        py.import(intern!(py, "grid_py.results"))?.getattr(intern!(py, "Imported"))?.call1(counts)
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
        let found = self.ask(py, |store| store.readings(device.0, channel, interval, as_of))?;
        let readings: Vec<Reading> = found.iter().map(|recorded| recorded.reading).collect();
        rows(&readings).instants("recorded_at", found.iter().map(|recorded| recorded.at)).finish()
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
        let found = self.ask(py, |store| store.history(device.0, channel, interval))?;
        let readings: Vec<Reading> = found.iter().map(|old| old.reading).collect();
        rows(&readings)
            .instants("recorded_at", found.iter().map(|old| old.at))
            .instants("replaced_at", found.iter().map(|old| old.until))
            .finish()
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
        let of = match (device, owner, community) {
            (Some(device), None, None) => Of::Device(device.0),
            (None, Some(owner), None) => Of::Owner(owner.0),
            (None, None, Some(community)) => Of::Community(community.0),
            _ => {
                let what = "one of `device`, `owner` and `community`";
                return Err(raise(Error::Needed { what, when: "readings are summed" }));
            }
        };
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
        let dictionary = |stored: StoredContract| {
            let contract = PyDict::new(py);
            contract.set_item("valid_from", stored.valid_from)?;
            contract.set_item("created_at", stored.created_at)?;
            contract.set_item("contract", json::to_python(py, &stored.contract)?)?;
            Ok(contract)
        };
        contracts.into_iter().map(dictionary).collect()
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
        let dictionary = |stored: StoredTariff| {
            let tariff = PyDict::new(py);
            tariff.set_item("id", stored.id.to_string())?;
            tariff.set_item("member_id", stored.member.map(|id| id.to_string()))?;
            tariff.set_item("created_at", stored.created_at)?;
            tariff.set_item("tariff", Bound::new(py, PyTariff(stored.tariff))?)?;
            Ok(tariff)
        };
        tariffs.into_iter().map(dictionary).collect()
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
    /// ``log_key`` signs the log's new head, in which ``origin`` is the log's name. A log has one key and one name for as
    /// long as it lives. A member to whom a statement was issued for this period gets a correction of what changed since,
    /// or nothing where nothing did. Returns ``Issued(id, documents, unchanged)``.
    #[pyo3(signature = (settlement, log_key, origin, *, now=None))]
    fn issue<'py>(
        &self,
        py: Python<'py>,
        settlement: &PySettlement,
        log_key: &PyLogKey,
        origin: &str,
        now: Option<Instant>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let now = instant_or_now(py, now)?;
        let signer = LogSigner { key: &log_key.0, origin };
        let issued = self.ask(py, |store| store.issue(&settlement.0, signer, now))?;
        let documents: Vec<PyStatement> = issued.documents.into_iter().map(PyStatement).collect();
        let id = issued.id.map(|id| id.to_string());
        let class = py.import(intern!(py, "grid_py.results"))?.getattr(intern!(py, "Issued"))?;
        class.call1((id, documents, issued.unchanged))
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
        let mut documents = Vec::new();
        let mut after = None;
        loop {
            let found =
                self.ask(py, |store| store.statements(community, member, period, (after, Page::MOST)))?;
            let Some(last) = found.last() else { return Ok(documents) };
            after = Some(last.leaf);
            for stored in &found {
                documents.push(PyStatement(stored.statement().map_err(raise)?));
            }
        }
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

impl PyStore {
    /// Asks the database while other threads run.
    fn ask<T: Send>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(&Store) -> Result<T, StoreError> + Send,
    ) -> PyResult<T> {
        py.detach(|| call(&self.0)).map_err(raise)
    }

    /// The community of an id or a name.
    fn community_id(&self, py: Python<'_>, asked: &Bound<'_, PyAny>) -> PyResult<Uuid> {
        let text = asked.str()?.to_string_lossy().into_owned();
        if let Ok(id) = text.trim().parse() {
            return Ok(id);
        }
        let all = self.all(py, Store::communities, |community| community.id)?;
        let mut named = all.iter().filter(|community| community.name.as_str() == text);
        match (named.next(), named.count()) {
            (Some(community), 0) => Ok(community.id),
            (first, more) => {
                let found = usize::from(first.is_some()).saturating_add(more);
                Err(raise(Error::NotACommunity { got: excerpt(&text), found }))
            }
        }
    }

    /// The members of a community by name.
    fn names(&self, py: Python<'_>, community: Uuid) -> PyResult<Vec<(String, Uuid)>> {
        let members = self.ask(py, |store| store.members(community))?;
        Ok(members.into_iter().map(|member| (member.name.to_string(), member.id)).collect())
    }

    /// The member of an id or a name, where one is told.
    fn member_id(
        &self,
        py: Python<'_>,
        community: Uuid,
        asked: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Option<Uuid>> {
        let Some(asked) = asked else { return Ok(None) };
        let text = id_text(&self.names(py, community)?, &asked.str()?.to_string_lossy())?;
        text.parse().map(Some).map_err(|_| raise(Error::NotAnId { got: text }))
    }

    /// The local month of a community.
    fn month(&self, py: Python<'_>, community: Uuid, month: &str) -> PyResult<Interval> {
        let community = self.ask(py, |store| store.community(community))?;
        community.calendar.month_named(month).map_err(raise)
    }

    /// Asks for every page of a list.
    fn all<T: Send>(
        &self,
        py: Python<'_>,
        list: fn(&Store, Page) -> Result<Listed<T>, StoreError>,
        id: fn(&T) -> Uuid,
    ) -> PyResult<Vec<T>> {
        let mut items: Vec<T> = Vec::new();
        loop {
            let page = Page { after: items.last().map(id), limit: Page::MOST };
            let listed = self.ask(py, |store| list(store, page))?;
            items.extend(listed.items);
            if listed.next.is_none() {
                return Ok(items);
            }
        }
    }
}

/// The id of a member that is told by id or by name, as the core's keys call it.
fn id_text(members: &[(String, Uuid)], text: &str) -> PyResult<String> {
    if let Ok(id) = text.trim().parse::<Uuid>() {
        return Ok(id.to_string());
    }
    let named = members.iter().find(|(name, _)| name == text);
    let unknown = || raise(Error::NotAMember { got: excerpt(text) });
    named.map(|(_, id)| id.to_string()).ok_or_else(unknown)
}
