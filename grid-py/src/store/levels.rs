//! How full a user's battery was.

use std::path::PathBuf;

use grid_core::{
    battery::{Level, read_levels},
    time::Calendar,
};
use pyo3::{prelude::*, types::PyBytes};

use super::{PyStore, asking::result};
use crate::{
    auth::Id,
    error::raise,
    table::{PyTable, Table},
    time::{self, Instant},
};

#[pymethods]
impl PyStore {
    /// Keeps how full a user's battery was: the path of a CSV file, or its ``bytes``, with ``Timestamp, Battery_Level`` (per
    /// cent), ``Battery_Capacity_kW`` (kWh) and, if wanted, ``Energy_Available_kW`` (kWh), which are the names of
    /// ``POST /battery/load``.
    ///
    /// Times without an offset are those of ``time_zone``. There is one level an instant: the same again changes nothing,
    /// another takes its place. Returns ``LevelsLoaded(rows, new)``.
    ///
    /// >>> import grid_py as grid
    /// >>> with grid.Store("sqlite::memory:") as store:
    /// ...     ana = store.create_user("ana", "ana@example.org", "correct horse")
    /// ...     file = b"Timestamp,Battery_Level,Battery_Capacity_kW\n2026-05-01 08:00:00,42.5,10\n"
    /// ...     loaded = store.load_battery_levels(ana, file, time_zone="Europe/Madrid")
    /// ...     levels = store.battery_levels(ana, "2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z")
    /// >>> loaded
    /// LevelsLoaded(rows=1, new=1)
    /// >>> levels["battery_level"], levels["energy_available_kwh"]
    /// (array([42.5]), array([4.25]))
    #[pyo3(signature = (owner, file, *, time_zone="UTC"))]
    fn load_battery_levels<'py>(
        &self,
        py: Python<'py>,
        owner: Id,
        file: &Bound<'py, PyAny>,
        time_zone: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        let levels = levels_in(py, file, &time::calendar(time_zone)?)?;
        let new = self.ask(py, |store| store.save_levels(owner.0, &levels))?;
        result(py, "LevelsLoaded", (levels.len(), new))
    }

    /// How full a user's battery was from ``start`` to before ``end``: a table with ``timestamp, battery_level`` (per cent),
    /// ``battery_capacity_kwh, energy_available_kwh``, by time.
    ///
    /// ``limit`` is how many rows at most, the first ones; without it all are given, or ``TooLargeError`` is raised where
    /// they are more than 200,000.
    #[pyo3(signature = (owner, start, end, *, limit=None))]
    fn battery_levels(
        &self,
        py: Python<'_>,
        owner: Id,
        start: Instant,
        end: Instant,
        limit: Option<usize>,
    ) -> PyResult<PyTable> {
        let interval = time::interval(&start, &end)?;
        let levels = self.ask(py, |store| match limit {
            Some(most) => store.first_levels(owner.0, interval, most),
            None => store.levels(owner.0, interval),
        })?;
        table(&levels)
    }

    /// Removes how full a user's battery was from ``start`` to before ``end``, and gives how many rows there were.
    fn delete_battery_levels(
        &self,
        py: Python<'_>,
        owner: Id,
        start: Instant,
        end: Instant,
    ) -> PyResult<u64> {
        let interval = time::interval(&start, &end)?;
        self.ask(py, |store| store.delete_levels(owner.0, interval))
    }
}

fn levels_in(py: Python<'_>, file: &Bound<'_, PyAny>, calendar: &Calendar) -> PyResult<Vec<Level>> {
    if let Ok(bytes) = file.cast::<PyBytes>() {
        let bytes = bytes.as_bytes();
        return py.detach(|| read_levels(bytes, calendar)).map_err(raise);
    }
    let file = std::fs::File::open(file.extract::<PathBuf>()?)?;
    py.detach(|| read_levels(file, calendar)).map_err(raise)
}

fn table(levels: &[Level]) -> PyResult<PyTable> {
    Table::new()
        .instants("timestamp", levels.iter().map(|level| level.at))
        .floats("battery_level", levels.iter().map(Level::percent))
        .floats("battery_capacity_kwh", levels.iter().map(|level| level.capacity.to_kwh_f64()))
        .floats("energy_available_kwh", levels.iter().map(|level| level.available.to_kwh_f64()))
        .finish()
}
