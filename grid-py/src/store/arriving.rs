//! Readings that come in from Python: tables, files and bytes.

use std::path::PathBuf;

use grid_core::{
    energy::ingest::{Batch, Layout, read_csv},
    error::excerpt,
    store::DeviceBatch,
};
use pyo3::{prelude::*, types::PyBytes};

use crate::{
    columns::Columns,
    error::{Error, raise},
    readings::batches,
};

/// A table whose devices are ids.
pub(super) fn of_devices(data: &Bound<'_, PyAny>) -> PyResult<Vec<DeviceBatch>> {
    let batch = |batch: Batch| {
        let device = batch.device.unwrap_or_default();
        let device = device.parse().map_err(|_| raise(Error::NotAnId { got: excerpt(&device) }))?;
        Ok(DeviceBatch { device, channel: batch.channel, readings: batch.readings })
    };
    batches(&Columns::of(data)?)?.into_iter().map(batch).collect()
}

/// The bytes of a CSV file, its path, or a table, whose devices may be names.
pub(super) fn of_community(py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Vec<Batch>> {
    if let Ok(bytes) = data.cast::<PyBytes>() {
        let bytes = bytes.as_bytes();
        return py.detach(|| read_csv(bytes, "data", Layout::Community)).map_err(raise);
    }
    if let Ok(path) = data.extract::<PathBuf>() {
        let file = std::fs::File::open(&path)?;
        let name = path.display().to_string();
        return py.detach(|| read_csv(file, &name, Layout::Community)).map_err(raise);
    }
    batches(&Columns::of(data)?)
}
