//! The log of what was issued, and what proves that a statement is in it.

use grid_core::{auth::SealingKey, store::blocking::Store};
use pyo3::prelude::*;

use super::PyStore;
use crate::{auth::Id, error::raise, json, proof::PyLogKey};

#[pymethods]
impl PyStore {
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
}
