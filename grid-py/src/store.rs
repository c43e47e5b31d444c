//! The store of a community, for notebooks: every call waits. One file a subject.

mod agreements;
mod archive;
mod arriving;
mod asking;
mod devices;
mod documents;
mod events;
mod levels;
mod log;
mod missing;
mod people;
mod readings;
mod registers;
mod reports;
mod settlements;
mod tables;

use grid_core::store::{Error as StoreError, Options, Quotas, blocking::Store};
use pyo3::{prelude::*, types::PyMapping};

use crate::error::{Error, raise};

/// A community's readings in a database: ``sqlite:grid.db``, ``mysql://user:password@host/grid`` or
/// ``postgres://user:password@host/grid``.
///
/// The tables are made or brought up to date when the store is opened, unless ``migrate=False``. ``now`` is this machine's
/// clock in every call where it is left out. Ids are UUIDs, as text. A store may be used as a context, which closes it.
///
/// ``quotas`` limits what one user or community may keep, by ``devices``, ``recording_bytes``, ``communities``,
/// ``reading_days``, ``replaced_readings``, ``levels``, ``forecasts``, ``api_keys``, ``sessions``, ``members``,
/// ``agreement_bytes``, ``prices`` and ``settlements``; what is not named has no limit.
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
    #[pyo3(signature = (url, *, migrate=true, quotas=None))]
    fn new(
        py: Python<'_>,
        url: &str,
        migrate: bool,
        quotas: Option<&Bound<'_, PyMapping>>,
    ) -> PyResult<Self> {
        let quotas = quotas.map_or(Ok(Quotas::NONE), quotas_of)?;
        let open = || {
            let store = Store::connect(url, Options::default())?;
            if migrate {
                store.migrate()?;
            }
            Ok::<_, StoreError>(store.with_quotas(quotas))
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

    fn __repr__(&self) -> String {
        format!("<Store {}>", self.0.describe())
    }
}

/// The limits that are said by name.
fn quotas_of(said: &Bound<'_, PyMapping>) -> PyResult<Quotas> {
    let number = |item: Bound<'_, PyAny>| {
        let (name, value): (String, Bound<'_, PyAny>) = item.extract()?;
        match value.extract::<u64>() {
            Ok(most) => Ok((name, most.into())),
            Err(_) => Err(raise(Error::NotQuotas { got: format!("`{name}: {value}`") })),
        }
    };
    let numbers = said.items()?.into_iter().map(number).collect::<PyResult<serde_json::Map<_, _>>>()?;
    serde_json::from_value(numbers.into()).map_err(|error| raise(Error::NotQuotas { got: error.to_string() }))
}
