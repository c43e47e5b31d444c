//! Values that the core writes as JSON, as Python's dictionaries and lists.

use pyo3::{exceptions::PyRuntimeError, intern, prelude::*, types::PyDict};

use crate::error::{Error, raise};

/// Turns what the core serialises into Python's dictionaries, lists, texts and numbers.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &impl serde::Serialize) -> PyResult<Bound<'py, PyAny>> {
    from_text(py, &written(value)?)
}

/// The JSON text of what the core serialises.
pub(crate) fn written(value: &impl serde::Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(|error| PyRuntimeError::new_err(error.to_string()))
}

/// Python's dictionaries and lists from JSON text.
pub(crate) fn from_text<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import(intern!(py, "json"))?.call_method1(intern!(py, "loads"), (text,))
}

/// The JSON text of Python's dictionaries and lists; text passes as it is.
pub(crate) fn to_text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(text) = value.extract() {
        return Ok(text);
    }
    let json = value.py().import(intern!(value.py(), "json"))?;
    json.call_method1(intern!(value.py(), "dumps"), (value,))?.extract()
}

/// The JSON text of a document that a person wrote: ids, dates and exact quantities in it count as their text.
pub(crate) fn document(value: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(text) = value.extract() {
        return Ok(text);
    }
    let py = value.py();
    let options = PyDict::new(py);
    options.set_item("default", py.import("builtins")?.getattr(intern!(py, "str"))?)?;
    options.set_item("ensure_ascii", false)?;
    py.import(intern!(py, "json"))?.call_method(intern!(py, "dumps"), (value,), Some(&options))?.extract()
}

/// The same as a tree.
pub(crate) fn value(value: &Bound<'_, PyAny>) -> PyResult<serde_json::Value> {
    let not_json = |error: serde_json::Error| raise(Error::NotADocument { reason: error.to_string() });
    serde_json::from_str(&document(value)?).map_err(not_json)
}

/// What the core serialises, as a tree.
pub(crate) fn tree(value: &impl serde::Serialize) -> PyResult<serde_json::Value> {
    serde_json::to_value(value).map_err(|error| PyRuntimeError::new_err(error.to_string()))
}
