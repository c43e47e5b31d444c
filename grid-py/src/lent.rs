//! Columns that NumPy takes where they lie, without a copy.

use numpy::PyArray1;
use pyo3::{PyClass, intern, prelude::*, types::PyDict};

/// A column of an object that never changes, by NumPy's array interface, version 3.
///
/// NumPy keeps this object as the base of the array, and this object keeps the owner, so the memory lives as long as
/// any array over it. The arrays are read-only.
#[pyclass(frozen, module = "grid_py._native")]
#[derive(Debug)]
struct Lent {
    address: usize,
    length: usize,
    kind: &'static str,
    /// Keeps the memory at `address`.
    _owner: Py<PyAny>,
}

#[pymethods]
impl Lent {
    #[getter(__array_interface__)]
    fn array_interface<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        const READ_ONLY: bool = true;
        let interface = PyDict::new(py);
        interface.set_item("version", 3)?;
        interface.set_item("shape", (self.length,))?;
        interface.set_item("typestr", self.kind)?;
        interface.set_item("data", (self.address, READ_ONLY))?;
        Ok(interface)
    }
}

/// An array over a column of floats that `owner`, which never changes, holds.
pub(crate) fn floats<'py, T: PyClass>(
    owner: &Bound<'py, T>,
    values: &[f64],
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    lend(owner, values.as_ptr().expose_provenance(), values.len(), kind("<f8", ">f8"))
}

/// The same of whole numbers.
pub(crate) fn integers<'py, T: PyClass>(
    owner: &Bound<'py, T>,
    values: &[i64],
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    lend(owner, values.as_ptr().expose_provenance(), values.len(), kind("<i8", ">i8"))
}

const fn kind(little: &'static str, big: &'static str) -> &'static str {
    if cfg!(target_endian = "little") { little } else { big }
}

fn lend<'py, T: PyClass, E: numpy::Element>(
    owner: &Bound<'py, T>,
    address: usize,
    length: usize,
    kind: &'static str,
) -> PyResult<Bound<'py, PyArray1<E>>> {
    let py = owner.py();
    let lent = Lent { address, length, kind, _owner: owner.clone().into_any().unbind() };
    let array = py.import(intern!(py, "numpy"))?.call_method1(intern!(py, "asarray"), (lent,))?;
    Ok(array.cast_into::<PyArray1<E>>()?)
}
