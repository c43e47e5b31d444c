//! What a community settles by and what was issued, as Python has them.

use grid_core::store::{Page, StoredContract, StoredTariff};
use grid_core::time::Interval;
use pyo3::{prelude::*, types::PyDict};
use uuid::Uuid;

use super::PyStore;
use crate::{error::raise, json, statement::PyStatement, tariff::PyTariff};

pub(super) fn contract<'py>(py: Python<'py>, stored: &StoredContract) -> PyResult<Bound<'py, PyDict>> {
    let contract = PyDict::new(py);
    contract.set_item("valid_from", stored.valid_from)?;
    contract.set_item("created_at", stored.created_at)?;
    contract.set_item("contract", json::to_python(py, &stored.contract)?)?;
    Ok(contract)
}

pub(super) fn tariff(py: Python<'_>, stored: StoredTariff) -> PyResult<Bound<'_, PyDict>> {
    let tariff = PyDict::new(py);
    tariff.set_item("id", stored.id.to_string())?;
    tariff.set_item("member_id", stored.member.map(|id| id.to_string()))?;
    tariff.set_item("created_at", stored.created_at)?;
    tariff.set_item("tariff", Bound::new(py, PyTariff(stored.tariff))?)?;
    Ok(tariff)
}

impl PyStore {
    /// All statements, page by page.
    pub(super) fn statements_of(
        &self,
        py: Python<'_>,
        community: Uuid,
        member: Option<Uuid>,
        period: Option<Interval>,
    ) -> PyResult<Vec<PyStatement>> {
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
}
