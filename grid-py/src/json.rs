//! Values that the core writes as JSON, as Python's dictionaries and lists.

use pyo3::{exceptions::PyRuntimeError, intern, prelude::*};

/// Turns what the core serialises into Python's dictionaries, lists, texts and numbers.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &impl serde::Serialize) -> PyResult<Bound<'py, PyAny>> {
    let text = serde_json::to_string(value).map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
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
