//! What goes out: a table of columns that NumPy, pandas, Polars and Arrow can take.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
    cast::AsArray,
    types::{Float64Type, Int64Type, TimestampMicrosecondType},
};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use jiff::{Timestamp, civil::DateTime};
use numpy::{
    PyArray1,
    datetime::{Datetime, units::Microseconds},
};
use pyo3::{
    exceptions::PyKeyError,
    intern,
    prelude::*,
    types::{PyCapsule, PyDict, PyList},
};

use crate::error::{Error, raise};

/// A table with named columns of equal length.
///
/// ``table["name"]`` is a column as a NumPy array; ``to_pandas()``, ``to_polars()`` and ``to_numpy()`` convert the whole
/// table, and any library that knows the Arrow PyCapsule interface takes it as it is. Instants are in UTC: as
/// ``datetime64[us]`` in NumPy, which has no zones, and with their zone everywhere else.
///
/// >>> import grid_py as grid
/// >>> table = grid.Series([0.25, 0.5], start="2026-01-01T00:00:00Z", resolution="15min").to_table()
/// >>> table.columns
/// ['start', 'end', 'energy_kwh', 'quality', 'completeness']
/// >>> table["energy_kwh"]
/// array([0.25, 0.5 ])
#[pyclass(frozen, subclass, name = "Table", module = "grid_py")]
#[derive(Debug)]
pub(crate) struct PyTable(RecordBatch);

#[pymethods]
impl PyTable {
    /// The names of the columns, in order.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.0.schema_ref().fields().iter().map(|field| field.name().clone()).collect()
    }

    /// The names of the columns, in order.
    fn keys(&self) -> Vec<String> {
        self.columns()
    }

    fn __len__(&self) -> usize {
        self.0.num_rows()
    }

    fn __contains__(&self, name: &str) -> bool {
        self.0.column_by_name(name).is_some()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(PyList::new(py, self.columns())?.try_iter()?.into_any())
    }

    fn __getitem__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let column = self.0.column_by_name(name).ok_or_else(|| PyKeyError::new_err(name.to_owned()))?;
        array(py, column)
    }

    /// The columns as a ``dict`` of NumPy arrays, each of shape ``(len,)``.
    fn to_numpy<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let columns = PyDict::new(py);
        for (field, column) in self.0.schema_ref().fields().iter().zip(self.0.columns()) {
            columns.set_item(field.name(), array(py, column)?)?;
        }
        Ok(columns)
    }

    /// The table as a ``pandas.DataFrame``; instants are in UTC.
    fn to_pandas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let pandas = py.import(intern!(py, "pandas"))?;
        let columns = self.to_numpy(py)?;
        for field in self.0.schema_ref().fields() {
            if matches!(field.data_type(), DataType::Timestamp(_, Some(_))) {
                let naive = pandas.call_method1("Series", (columns.get_item(field.name())?,))?;
                columns
                    .set_item(field.name(), naive.getattr("dt")?.call_method1("tz_localize", ("UTC",))?)?;
            }
        }
        pandas.call_method1("DataFrame", (columns,))
    }

    /// The table as a ``polars.DataFrame``; instants are in UTC.
    fn to_polars(slf: Bound<'_, Self>) -> PyResult<Bound<'_, PyAny>> {
        slf.py().import(intern!(slf.py(), "polars"))?.call_method1("DataFrame", (&slf,))
    }

    /// The Arrow PyCapsule interface: the table as a stream of record batches.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let table = pyo3_arrow::PyTable::try_new(vec![self.0.clone()], self.0.schema())?;
        Bound::new(py, table)?.call_method1(intern!(py, "__arrow_c_stream__"), (requested_schema,))
    }

    fn __repr__(&self) -> String {
        format!("<Table of {} rows: {}>", self.0.num_rows(), self.columns().join(", "))
    }
}

/// A column as a NumPy array.
fn array<'py>(py: Python<'py>, column: &ArrayRef) -> PyResult<Bound<'py, PyAny>> {
    Ok(match column.data_type() {
        DataType::Float64 => {
            let values = column.as_primitive::<Float64Type>();
            if values.null_count() == 0 {
                PyArray1::from_slice(py, values.values()).into_any()
            } else {
                PyArray1::from_iter(py, values.iter().map(|value| value.unwrap_or(f64::NAN))).into_any()
            }
        }
        DataType::Boolean => PyArray1::from_iter(py, column.as_boolean().values().iter()).into_any(),
        DataType::Int64 => PyArray1::from_slice(py, column.as_primitive::<Int64Type>().values()).into_any(),
        DataType::Timestamp(..) => {
            // NumPy's NaT.
            let counts = column
                .as_primitive::<TimestampMicrosecondType>()
                .iter()
                .map(|count| count.unwrap_or(i64::MIN));
            PyArray1::from_iter(py, counts.map(Datetime::<Microseconds>::from)).into_any()
        }
        _ => {
            let texts = PyList::new(py, column.as_string::<i32>().iter())?;
            py.import(intern!(py, "numpy"))?.call_method1(intern!(py, "array"), (texts, "object"))?
        }
    })
}

/// The columns of a table to be.
#[derive(Debug, Default)]
pub(crate) struct Table {
    fields: Vec<Field>,
    columns: Vec<ArrayRef>,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a column of instants, in UTC.
    #[must_use]
    pub(crate) fn instants(self, name: &str, values: impl IntoIterator<Item = Timestamp>) -> Self {
        let values =
            TimestampMicrosecondArray::from_iter_values(values.into_iter().map(Timestamp::as_microsecond));
        self.column(name, Arc::new(values.with_timezone("UTC")))
    }

    /// Adds a column of instants, in UTC, null where there is none.
    #[must_use]
    pub(crate) fn optional_instants(
        self,
        name: &str,
        values: impl IntoIterator<Item = Option<Timestamp>>,
    ) -> Self {
        let values = values.into_iter().map(|at| at.map(Timestamp::as_microsecond));
        let values = values.collect::<TimestampMicrosecondArray>();
        self.column_or_null(name, Arc::new(values.with_timezone("UTC")), true)
    }

    /// Adds a column of local times, without a zone.
    #[must_use]
    pub(crate) fn local_times(self, name: &str, values: impl IntoIterator<Item = DateTime>) -> Self {
        let count = |at: DateTime| {
            at.to_zoned(jiff::tz::TimeZone::UTC).map_or(0, |zoned| zoned.timestamp().as_microsecond())
        };
        let values = TimestampMicrosecondArray::from_iter_values(values.into_iter().map(count));
        self.column(name, Arc::new(values))
    }

    /// Adds a column of numbers, NaN where there is none.
    #[must_use]
    pub(crate) fn floats(self, name: &str, values: impl IntoIterator<Item = f64>) -> Self {
        self.column(name, Arc::new(Float64Array::from_iter_values(values)))
    }

    /// Adds a column of numbers, null where there is none.
    #[must_use]
    pub(crate) fn optional_floats(self, name: &str, values: impl IntoIterator<Item = Option<f64>>) -> Self {
        self.column(name, Arc::new(values.into_iter().collect::<Float64Array>()))
    }

    /// Adds a column of whole numbers.
    #[must_use]
    pub(crate) fn integers(self, name: &str, values: impl IntoIterator<Item = i64>) -> Self {
        self.column(name, Arc::new(Int64Array::from_iter_values(values)))
    }

    /// Adds a column of yes and no.
    #[must_use]
    pub(crate) fn booleans(self, name: &str, values: impl IntoIterator<Item = bool>) -> Self {
        self.column(name, Arc::new(values.into_iter().map(Some).collect::<BooleanArray>()))
    }

    /// Adds a column of text, null where there is none.
    #[must_use]
    pub(crate) fn texts<T: AsRef<str>>(
        self,
        name: &str,
        values: impl IntoIterator<Item = Option<T>>,
    ) -> Self {
        self.column(name, Arc::new(values.into_iter().collect::<StringArray>()))
    }

    fn column(self, name: &str, column: ArrayRef) -> Self {
        let nullable = !matches!(column.data_type(), DataType::Timestamp(TimeUnit::Microsecond, _));
        self.column_or_null(name, column, nullable)
    }

    fn column_or_null(mut self, name: &str, column: ArrayRef, nullable: bool) -> Self {
        self.fields.push(Field::new(name, column.data_type().clone(), nullable));
        self.columns.push(column);
        self
    }

    /// Makes the table.
    pub(crate) fn finish(self) -> PyResult<PyTable> {
        let wrong = |error: arrow_schema::ArrowError| Error::WrongColumn {
            name: "*".to_owned(),
            expected: "columns of one length",
            got: error.to_string(),
        };
        RecordBatch::try_new(Arc::new(Schema::new(self.fields)), self.columns)
            .map(PyTable)
            .map_err(|error| raise(wrong(error)))
    }
}
