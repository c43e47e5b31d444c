//! Settlements, and the statements that are issued.

use grid_core::{
    auth::SealingKey,
    store::{AuditEntry, LogSigner, SettlementRequest},
};
use pyo3::prelude::*;

use super::{
    PyStore,
    asking::{id_text, result},
};
use crate::{
    auth::{Id, instant_or_now},
    error::{Error, raise},
    proof::PyLogKey,
    settlement::{PySettlement, missing_of},
    sharing_key,
    statement::PyStatement,
    time::Instant,
};

/// Who does what is done from Python, in the trail.
const PROGRAM: &str = "grid_py";

#[pymethods]
impl PyStore {
    /// Settles a local month from what is stored, and keeps nothing: a draft, or with ``as_of`` a bill as it would have
    /// stood on another day.
    ///
    /// ``compare`` lists other keys to compare each bill with, eight at most; ``missing`` is ``refuse`` or ``leave_out``. ``as_of`` and
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
    /// nothing did. That it was issued is written into the trail, as by the program ``grid_py``. Returns ``Issued(id,
    /// documents, unchanged)``.
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
        let entry = AuditEntry::by_program(PROGRAM, "settlement.issue", now);
        let issued = match (log_key, sealing_key) {
            (Some(key), None) => {
                let signer = LogSigner { key: &key.0, origin };
                self.ask(py, |store| store.issue(&settlement.0, signer, entry, now))?
            }
            (None, sealing_key) => self.ask(py, |store| {
                let key = store.ensure_log_key(sealing_key.as_ref(), now)?;
                store.issue(&settlement.0, LogSigner { key: &key, origin }, entry, now)
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
}
