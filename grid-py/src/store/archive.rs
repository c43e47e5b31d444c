//! Everything in one file, and one person's data, out and away.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use grid_core::{
    auth::LONGEST_LIFETIME,
    store::{Archived, AuditEntry, Error as StoreError},
};
use jiff::Timestamp;
use pyo3::{prelude::*, types::PyDict};

use super::PyStore;
use crate::{
    auth::{Id, instant_or_now},
    error::raise,
    time::Instant,
};

#[pymethods]
impl PyStore {
    /// Writes everything that the store keeps into one archive, a ``tar.gz`` of CSV and JSON lines, and returns the rows of
    /// each table. ``restore`` fills a store of any kind with it.
    ///
    /// The file has people's data, the hashes of their passwords and the keys of tokens and statements: it is made for its
    /// owner alone. One that is there is not written over.
    ///
    /// >>> import grid_py as grid, tempfile
    /// >>> path = tempfile.mkdtemp() + "/grid.tar.gz"
    /// >>> with grid.Store("sqlite::memory:") as store:
    /// ...     ana = store.create_user("ana", "ana@example.org", "correct horse")
    /// ...     rows = store.export(path)
    /// >>> rows["users"]
    /// 1
    /// >>> with grid.Store("sqlite::memory:") as other:
    /// ...     rows = other.restore(path)
    /// ...     other.find_user("ana") == ana
    /// True
    #[pyo3(signature = (path, *, now=None))]
    fn export<'py>(
        &self,
        py: Python<'py>,
        path: PathBuf,
        now: Option<Instant>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let now = instant_or_now(py, now)?;
        let archived = py.detach(|| written(&path, |file| self.0.export(file, now, &mut |_| ())))?;
        rows(py, &archived.map_err(raise)?)
    }

    /// Fills the store, which has to be without rows, from an archive that ``export`` wrote, all of it or nothing, and
    /// returns the rows of each table.
    fn restore<'py>(&self, py: Python<'py>, path: PathBuf) -> PyResult<Bound<'py, PyDict>> {
        let restored = py.detach(|| {
            let mut file = File::open(&path)?;
            Ok::<_, io::Error>(self.0.restore(&mut file, &mut |_| ()))
        })?;
        rows(py, &restored.map_err(raise)?)
    }

    /// Writes all that the store knows of a user into one archive for that user, and returns the rows of each file.
    #[pyo3(signature = (user, path, *, now=None))]
    fn export_user<'py>(
        &self,
        py: Python<'py>,
        user: Id,
        path: PathBuf,
        now: Option<Instant>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let now = instant_or_now(py, now)?;
        let archived =
            py.detach(|| written(&path, |file| self.0.export_user(user.0, file, now, &mut |_| ())))?;
        rows(py, &archived.map_err(raise)?)
    }

    /// Forgets a user: account, logins, household, devices with their readings, recordings, forecasts. What others'
    /// accounts stand on stays without a name; the answer says how much.
    #[pyo3(signature = (user, *, now=None))]
    fn erase_user<'py>(
        &self,
        py: Python<'py>,
        user: Id,
        now: Option<Instant>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let now = instant_or_now(py, now)?;
        let until = now.checked_add(LONGEST_LIFETIME).unwrap_or(Timestamp::MAX);
        let entry =
            AuditEntry { target: user.0.to_string(), ..AuditEntry::by_program("", "user.erase", now) };
        let erased = self.ask(py, |store| store.erase_user(user.0, &entry, now, until))?;
        let told = PyDict::new(py);
        told.set_item("devices", erased.devices)?;
        told.set_item("devices_kept", erased.devices_kept)?;
        told.set_item("devices_handed_over", erased.devices_handed_over)?;
        told.set_item("statements_kept", erased.statements_kept)?;
        Ok(told)
    }
}

fn rows<'py>(py: Python<'py>, archived: &Archived) -> PyResult<Bound<'py, PyDict>> {
    let told = PyDict::new(py);
    for (table, rows) in &archived.tables {
        told.set_item(table, rows)?;
    }
    Ok(told)
}

/// Writes a file that was not there before, for its owner alone; where that fails, none is left.
fn written(
    path: &Path,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<Archived, StoreError>,
) -> io::Result<Result<Archived, StoreError>> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = BufWriter::new(options.open(path)?);
    let outcome = write(&mut file);
    let ended = file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| file.sync_all());
    if outcome.is_err() || ended.is_err() {
        // Half of an archive is none.
        let _ = fs::remove_file(path);
    }
    ended.map(|()| outcome)
}
