//! Settling a period: from a store, or from series in memory.

use std::collections::BTreeMap;

use grid_core::{
    energy::{
        Channel, Community, Name, Reading,
        balance::{Account, MemberRegister},
        settlement::{self, Contract, Missing, Order, Settlement, document},
        sharing::Key,
        tariff::{PriceBook, Tariff},
    },
    quantity::Currency,
    series::Series,
    time::{Interval, Resolution},
};
use jiff::Timestamp;
use pyo3::{prelude::*, types::PyMapping};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    auth::{Id, instant_or_now},
    columns,
    error::{Error, no_choice, raise},
    json, prices,
    series::{PySeries, presumed},
    sharing_key::{self, Asked},
    statement::{self, PyStatement},
    store::PyStore,
    table::{PyTable, Table},
    tariff::tariffs_of,
    time::{self, Instant},
};

/// A settled period: a statement for each member, and the community's account, which they add up to.
#[pyclass(frozen, eq, name = "Settlement", module = "grid_py")]
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PySettlement(pub(crate) Settlement);

#[pymethods]
impl PySettlement {
    /// What all statements come to, as a dictionary.
    #[getter]
    fn account<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_python(py, &self.0.account)
    }

    /// One ``Statement`` for each member that has registers, by member id.
    #[getter]
    fn statements(&self) -> Vec<PyStatement> {
        self.0.statements.iter().cloned().map(PyStatement).collect()
    }

    /// All lines of all statements: a table with ``member_id, member``, and what ``Statement.lines`` has.
    #[getter]
    fn lines(&self) -> PyResult<PyTable> {
        let owners: Vec<_> = self
            .0
            .statements
            .iter()
            .flat_map(|statement| statement.lines.iter().map(|_| &statement.member))
            .collect();
        let table = Table::new()
            .texts("member_id", owners.iter().map(|member| Some(member.id.to_string())))
            .texts("member", owners.iter().map(|member| Some(member.name.as_str())));
        statement::table(table, &self.0.statements)?.finish()
    }

    /// All lines as CSV text, for a spreadsheet.
    fn csv(&self) -> String {
        document::statements_csv(&self.0.statements)
    }

    fn __len__(&self) -> usize {
        self.0.statements.len()
    }

    fn __repr__(&self) -> String {
        let account = &self.0.account;
        let (name, total) = (&account.community.name, account.total);
        format!("<Settlement of {name}: {} statements, {total} {}>", account.statements, account.currency)
    }
}

/// Settles a month: shares what was generated, prices it, and makes a statement for each member.
///
/// With ``store``, ``community`` is an id or a name, and the readings, keys, tariffs, prices and the contract are those of
/// the store; what ``Store.settle`` does.
///
/// Without, ``community`` maps each member's name (or UUID) to a mapping of channels (``consumption``, ``generation``,
/// ``import``, ``export``, ``charge``, ``discharge``) to a ``Series``, or to an array in kWh with one value for each slot
/// of the month. The other arguments say what was agreed:
///
/// - ``tariff``, a ``Tariff`` or its document, or a list of several of different days; ``member_tariffs`` maps members to
///   tariffs of their own;
/// - ``key``, with ``shares`` (a mapping of members to shares) and ``groups``, as ``grid.share`` takes them; members are
///   named by their names;
/// - ``contract``, a dictionary with ``resolution``, ``law``, ``surplus``, ``cells`` and ``contracted``, all of which may
///   be left out;
/// - ``prices``, the series of prices that the tariff names, as ``Tariff.price`` takes them;
/// - ``name``, ``community_id`` and ``time_zone`` of the community.
///
/// A member whose name is no UUID has the id ``uuid.uuid5(uuid.NAMESPACE_OID, name)``, and so has the community.
///
/// ``compare`` lists other keys to compare each bill with, eight at most. ``missing="refuse"`` settles nothing where readings are missing;
/// ``"leave_out"`` leaves such slots out. ``as_of`` and ``issued_at`` are now where they are left out; the same four give
/// the same bytes everywhere.
///
/// >>> import grid_py as grid
/// >>> hours = 31 * 24
/// >>> settled = grid.settle(
/// ...     {"ana": {"consumption": [1.0] * hours}, "ben": {"generation": [0.5] * hours}},
/// ...     "2026-03",
/// ...     contract={"resolution": "1h"},
/// ...     tariff={"id": "flat", "currency": "EUR", "valid_from": "2026-01-01", "components": [
/// ...         {"id": "grid", "kind": "energy", "quantity": "import", "price_per_kwh": "0.18"},
/// ...         {"id": "local", "kind": "energy", "quantity": "received", "price_per_kwh": "0.11"},
/// ...         {"id": "given", "kind": "credit", "quantity": "given", "price_per_kwh": "0.10"},
/// ...     ]},
/// ... )
/// >>> {statement.member: str(statement.total) for statement in settled.statements}
/// {'ana': '107.88 EUR', 'ben': '-37.20 EUR'}
#[pyfunction]
#[pyo3(signature = (
    community, month, *, store=None, tariff=None, member_tariffs=None, key=None, shares=None, groups=None,
    contract=None, prices=None, compare=None, missing="refuse", as_of=None, issued_at=None, time_zone=None,
    community_id=None, name=None
))]
#[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
pub(crate) fn settle(
    py: Python<'_>,
    community: &Bound<'_, PyAny>,
    month: &str,
    store: Option<&Bound<'_, PyStore>>,
    tariff: Option<&Bound<'_, PyAny>>,
    member_tariffs: Option<&Bound<'_, PyMapping>>,
    key: Option<&Bound<'_, PyAny>>,
    shares: Option<&Bound<'_, PyAny>>,
    groups: Option<&Bound<'_, PyAny>>,
    contract: Option<&Bound<'_, PyAny>>,
    prices: Option<&Bound<'_, PyAny>>,
    compare: Option<&Bound<'_, PyAny>>,
    missing: &str,
    as_of: Option<Instant>,
    issued_at: Option<Instant>,
    time_zone: Option<&str>,
    community_id: Option<Id>,
    name: Option<&str>,
) -> PyResult<PySettlement> {
    if let Some(store) = store {
        let agreed = [tariff, key, shares, groups, contract, prices];
        let other =
            member_tariffs.is_some() || time_zone.is_some() || community_id.is_some() || name.is_some();
        if other || agreed.iter().any(Option::is_some) {
            let what = "tariff, key, contract, prices, zone or name";
            return Err(raise(Error::Unwanted { what, when: "everything comes from the store" }));
        }
        return store.get().settle(py, community, month, compare, missing, as_of, issued_at);
    }
    let name = Name::new(name.unwrap_or("community")).map_err(raise)?;
    let id = community_id.map_or_else(|| id_of(name.as_str()), |id| id.0);
    let community_of = Community { id, name, calendar: time::calendar(time_zone.unwrap_or("UTC"))? };
    let period = community_of.calendar.month_named(month).map_err(raise)?;
    let members = Members::of(community.cast::<PyMapping>()?)?;
    let naming = |text: &str| members.id_text(text);
    let contract =
        contract.map_or_else(|| Ok(Contract::default()), |document| contract_of(document, &naming))?;
    let first_day = community_of.calendar.date_of(period.start());
    let resolution = contract.resolution_on(first_day).map_err(raise)?;
    let slots = community_of.calendar.slots(period, resolution).map_err(raise)?;
    let accounts = members.accounts(&community_of, period, resolution, slots.len())?;
    let key = match key {
        Some(key) => Asked { key, shares, groups }.key(&naming)?,
        None if shares.is_none() && groups.is_none() => Key::Proportional,
        None => return Err(raise(Error::Needed { what: "a key", when: "there are `shares` or `groups`" })),
    };
    let tariffs = agreed_tariffs(tariff, member_tariffs, &members)?;
    let currency = tariffs.first().map_or(Currency::EUR, |(_, tariff)| tariff.currency());
    let prices: PriceBook = prices::book(prices, currency, &slots)?;
    let compare = compare.map_or_else(|| Ok(Vec::new()), |keys| sharing_key::keys(keys, &naming))?;
    let (as_of, issued_at) = (instant_or_now(py, as_of)?, instant_or_now(py, issued_at)?);
    let missing = missing_of(missing)?;
    let order = Order {
        community: &community_of,
        period,
        contract: &contract,
        accounts: &accounts,
        keys: &[(Timestamp::MIN, key)],
        tariffs: &tariffs,
        prices: &prices,
        compare: &compare,
        missing,
        as_of,
        issued_at,
    };
    py.detach(|| settlement::settle(&order)).map(PySettlement).map_err(raise)
}

/// What to do where readings are missing, by its word.
pub(crate) fn missing_of(word: &str) -> PyResult<Missing> {
    match word {
        "refuse" => Ok(Missing::Refuse),
        "leave_out" => Ok(Missing::LeaveOut),
        _ => Err(no_choice("what to do where readings are missing", "`refuse` or `leave_out`", word)),
    }
}

/// A contract from its dictionary, the members of its powers called as the core calls them.
pub(crate) fn contract_of(
    document: &Bound<'_, PyAny>,
    naming: &sharing_key::Naming<'_>,
) -> PyResult<Contract> {
    let mut value = json::value(document)?;
    if let Some(Value::Object(contracted)) = value.get_mut("contracted") {
        let renamed =
            std::mem::take(contracted).into_iter().map(|(member, powers)| Ok((naming(&member)?, powers)));
        *contracted = renamed.collect::<PyResult<_>>()?;
    }
    serde_json::from_value(value).map_err(|error| raise(Error::NotADocument { reason: error.to_string() }))
}

/// The id of a name: itself where it is a UUID, or else the one that follows from it.
fn id_of(name: &str) -> Uuid {
    name.trim().parse().unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
}

/// The members of a community in memory, by name, with what their registers say.
struct Members<'py> {
    ids: BTreeMap<String, Uuid>,
    registers: Vec<(String, Uuid, Bound<'py, PyMapping>)>,
}

impl<'py> Members<'py> {
    fn of(community: &Bound<'py, PyMapping>) -> PyResult<Self> {
        let mut members = Self { ids: BTreeMap::new(), registers: Vec::new() };
        for item in community.items()? {
            let (name, registers): (Bound<'py, PyAny>, Bound<'py, PyAny>) = item.extract()?;
            let name = name.str()?.to_string_lossy().into_owned();
            let id = id_of(&name);
            // A name and the id that follows from it are one member.
            if members.ids.values().any(|known| *known == id) {
                return Err(raise(grid_core::energy::Error::MemberTwice { member: name }));
            }
            members.ids.insert(name.clone(), id);
            members.registers.push((name, id, registers.cast_into::<PyMapping>()?));
        }
        Ok(members)
    }

    /// The id of a member, who is named or told by id.
    fn id(&self, text: &str) -> PyResult<Uuid> {
        let by_id = || text.parse().ok().filter(|id| self.ids.values().any(|known| known == id));
        let unknown = || raise(Error::NotAMember { got: grid_core::error::excerpt(text) });
        self.ids.get(text).copied().or_else(by_id).ok_or_else(unknown)
    }

    fn id_text(&self, text: &str) -> PyResult<String> {
        self.id(text).map(|id| id.to_string())
    }

    fn accounts(
        &self,
        community: &Community,
        period: Interval,
        resolution: Resolution,
        slots: usize,
    ) -> PyResult<Vec<Account>> {
        let register = |item: Bound<'_, PyAny>| {
            let (channel, values): (String, Bound<'_, PyAny>) = item.extract()?;
            let channel: Channel = channel.parse().map_err(raise)?;
            let series = if let Ok(series) = values.cast::<PySeries>() {
                series.get().0.clone()
            } else {
                let energies = columns::energies(&values, channel.as_str(), "kWh")?;
                columns::same_length(channel.as_str(), slots, energies.len())?;
                let qualities: Vec<_> = energies.iter().copied().map(presumed).collect();
                let calendar = community.calendar.clone();
                Series::new(period.start(), resolution, calendar, &energies, &qualities).map_err(raise)?
            };
            let inside = series.slots().iter().filter(|slot| slot.interval.overlaps(period));
            let readings = inside.map(|slot| Reading::new(slot.interval, slot.energy, slot.quality));
            Ok(MemberRegister::new(channel, readings.collect::<Result<Vec<_>, _>>().map_err(raise)?))
        };
        let account = |(name, id, registers): &(String, Uuid, Bound<'_, PyMapping>)| {
            Ok(Account {
                member: *id,
                name: Name::new(name).map_err(raise)?,
                registers: registers.items()?.iter().map(register).collect::<PyResult<_>>()?,
            })
        };
        self.registers.iter().map(account).collect()
    }
}

/// The tariffs that were agreed, the community's before those of members.
fn agreed_tariffs(
    tariff: Option<&Bound<'_, PyAny>>,
    of_members: Option<&Bound<'_, PyMapping>>,
    members: &Members<'_>,
) -> PyResult<Vec<(Option<Uuid>, Tariff)>> {
    let mut all = Vec::new();
    if let Some(tariff) = tariff {
        all.extend(tariffs_of(tariff)?.into_iter().map(|tariff| (None, tariff)));
    }
    if let Some(of_members) = of_members {
        for item in of_members.items()? {
            let (member, tariff): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
            let member = members.id(&member.str()?.to_string_lossy())?;
            all.extend(tariffs_of(&tariff)?.into_iter().map(|tariff| (Some(member), tariff)));
        }
    }
    Ok(all)
}
