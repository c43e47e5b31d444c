//! What happened: new readings, and jobs that were done.

use grid_core::store::EventFilter;
use pyo3::prelude::*;

use super::PyStore;
use crate::{auth::Id, json};

#[pymethods]
impl PyStore {
    /// What ``reader``, a user, may be told of, after the event with the id ``after``, the oldest first: dictionaries with
    /// ``id``, ``at``, ``kind`` and what belongs to the kind. Events are kept for 24 hours.
    #[pyo3(signature = (reader, *, after=0, limit=100, device=None, community=None))]
    fn events<'py>(
        &self,
        py: Python<'py>,
        reader: Id,
        after: i64,
        limit: u32,
        device: Option<Id>,
        community: Option<Id>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let filter = EventFilter { device: device.map(|id| id.0), community: community.map(|id| id.0) };
        let found = self.ask(py, |store| {
            store.number_events()?;
            store.events(reader.0, filter, after, limit)
        })?;
        json::to_python(py, &found)
    }
}
