//! What comes in: tables with the Arrow stream interface, mappings of arrays, and single arrays.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, RecordBatch, RecordBatchReader,
    cast::AsArray,
    types::{Float64Type, TimestampMicrosecondType},
};
use arrow_cast::cast;
use arrow_schema::{DataType, TimeUnit};
use grid_core::{energy::ingest::Amount, error::excerpt, quantity::Energy, series::Quality, time::Calendar};
use jiff::{
    Timestamp, Zoned,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};
use numpy::{AllowTypeChange, PyArrayLike1};
use pyo3::{
    exceptions::{PyImportError, PyTypeError},
    intern,
    prelude::*,
    types::{PyMapping, PyString},
};
use pyo3_arrow::PyRecordBatchReader;

use crate::{
    error::{AWARE, Error, raise, shown},
    time::{self, from_microsecond},
};

/// A table that came in.
pub(crate) enum Columns<'py> {
    /// Through the Arrow stream interface.
    Arrow { names: Vec<String>, batches: Vec<RecordBatch> },
    /// As a mapping of names to arrays.
    Mapping { names: Vec<String>, table: Bound<'py, PyAny> },
}

impl<'py> Columns<'py> {
    /// Takes any object with the Arrow stream interface, or a mapping of arrays.
    pub(crate) fn of(table: &Bound<'py, PyAny>) -> PyResult<Self> {
        match stream(table) {
            Ok(Some(found)) => return Ok(found),
            // A pandas DataFrame has the interface only where pyarrow is installed; as a mapping it always serves.
            Err(error) if !error.is_instance_of::<PyImportError>(table.py()) => return Err(error),
            Ok(None) | Err(_) => {}
        }
        let keys = if table.cast::<PyMapping>().is_ok() || table.hasattr(intern!(table.py(), "keys"))? {
            table.call_method0(intern!(table.py(), "keys"))?
        } else {
            let message =
                "expected a table: an object with the Arrow stream interface or a mapping of arrays, got ";
            return Err(PyTypeError::new_err(format!("{message}{}", shown(table))));
        };
        let names = keys.try_iter()?.map(|key| key?.str()?.extract()).collect::<PyResult<_>>()?;
        Ok(Self::Mapping { names, table: table.clone() })
    }

    /// The names of the columns.
    pub(crate) fn names(&self) -> &[String] {
        match self {
            Self::Arrow { names, .. } | Self::Mapping { names, .. } => names,
        }
    }

    /// Whether there is a column of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names().iter().any(|have| have == name)
    }

    /// A column of numbers, NaN where there is none.
    pub(crate) fn floats(&self, name: &str) -> PyResult<Vec<f64>> {
        match self.column(name)? {
            Column::Arrow(chunks) => {
                let mut values = Vec::new();
                for chunk in cast_all(name, &chunks, &DataType::Float64, "numbers")? {
                    values.extend(
                        chunk.as_primitive::<Float64Type>().iter().map(|value| value.unwrap_or(f64::NAN)),
                    );
                }
                Ok(values)
            }
            Column::Python(column) => floats(&column, name),
        }
    }

    /// A column of text, `None` where there is none.
    pub(crate) fn texts(&self, name: &str) -> PyResult<Vec<Option<String>>> {
        match self.column(name)? {
            Column::Arrow(chunks) => {
                let mut values = Vec::new();
                for chunk in cast_all(name, &chunks, &DataType::Utf8, "text")? {
                    values.extend(chunk.as_string::<i32>().iter().map(|value| value.map(str::to_owned)));
                }
                Ok(values)
            }
            Column::Python(column) => texts(&column),
        }
    }

    /// A column of instants; NumPy's have no zone and are UTC, those of other tables must say theirs.
    pub(crate) fn instants(&self, name: &str) -> PyResult<Vec<Timestamp>> {
        match self.times(name)? {
            Times::Instants(instants) => Ok(instants),
            Times::Numpy(times) => times.into_iter().map(|at| Ok(in_utc(at)?.timestamp())).collect(),
            Times::Local(_) => {
                let got = "local times without one".to_owned();
                Err(raise(Error::WrongColumn { name: name.to_owned(), expected: AWARE, got }))
            }
        }
    }

    /// A column of instants or of local times.
    pub(crate) fn times(&self, name: &str) -> PyResult<Times> {
        let wrong = |got: String| raise(Error::WrongColumn { name: name.to_owned(), expected: TIMES, got });
        match self.column(name)? {
            Column::Arrow(chunks) if chunks.iter().all(|chunk| is_text(chunk.data_type())) => {
                let texts = self.texts(name)?;
                written(texts.into_iter().map(|text| text.ok_or_else(|| wrong("none".to_owned()))))
            }
            Column::Arrow(chunks) => {
                let zone =
                    chunks.iter().any(|chunk| matches!(chunk.data_type(), DataType::Timestamp(_, Some(_))));
                let wanted = DataType::Timestamp(TimeUnit::Microsecond, zone.then(|| Arc::from("UTC")));
                let mut instants = Vec::new();
                for chunk in cast_all(name, &chunks, &wanted, TIMES)? {
                    for microsecond in chunk.as_primitive::<TimestampMicrosecondType>() {
                        instants
                            .push(from_microsecond(microsecond.ok_or_else(|| wrong("none".to_owned()))?)?);
                    }
                }
                Ok(if zone { Times::Instants(instants) } else { Times::Local(to_local(instants)) })
            }
            Column::Python(column) => {
                let py = column.py();
                let accessor = column.getattr_opt(intern!(py, "dt"))?;
                let aware = match &accessor {
                    Some(accessor) => Some(!accessor.getattr(intern!(py, "tz"))?.is_none()),
                    None => None,
                };
                let array = match aware {
                    // NumPy has no zones, and would make objects of these.
                    Some(true) => column.call_method1(intern!(py, "to_numpy"), ("datetime64[us]",))?,
                    _ => as_array(&column, None)?,
                };
                let kind: String =
                    array.getattr(intern!(py, "dtype"))?.getattr(intern!(py, "kind"))?.extract()?;
                if kind != "M" {
                    return written(column.try_iter()?.map(|value| time::text(&value?)));
                }
                let instants = from_numpy(&array)?;
                Ok(match aware {
                    Some(true) => Times::Instants(instants),
                    Some(false) => Times::Local(to_local(instants)),
                    None => Times::Numpy(to_local(instants)),
                })
            }
        }
    }

    /// A column of energies in kWh, as numbers or as decimal text, `None` where missing.
    pub(crate) fn energies(&self, name: &str) -> PyResult<Vec<Option<Energy>>> {
        match self.column(name)? {
            Column::Arrow(chunks) if chunks.iter().all(|chunk| is_text(chunk.data_type())) => {
                let parse = |text: Option<String>| {
                    text.map(|text| Energy::parse_kwh(&text).map_err(raise)).transpose()
                };
                self.texts(name)?.into_iter().map(parse).collect()
            }
            Column::Arrow(_) => from_kwh(&self.floats(name)?, name),
            Column::Python(column) => energies(&column, name, "kWh"),
        }
    }

    /// A column of energies in kWh as it came: numbers, or decimal text.
    pub(crate) fn amounts(&self, name: &str) -> PyResult<Amounts> {
        let column = self.column(name)?;
        let is_text = match &column {
            Column::Arrow(chunks) => chunks.iter().all(|chunk| is_text(chunk.data_type())),
            Column::Python(column) => first_is_text(column)?,
        };
        if is_text { self.texts(name).map(Amounts::Texts) } else { self.floats(name).map(Amounts::Numbers) }
    }

    /// A column of qualities.
    pub(crate) fn qualities(&self, name: &str) -> PyResult<Vec<Quality>> {
        self.texts(name)?.into_iter().map(quality).collect()
    }

    fn column(&self, name: &str) -> PyResult<Column<'py>> {
        if !self.has(name) {
            let have: Vec<String> = self.names().iter().map(|have| format!("`{have}`")).collect();
            return Err(raise(Error::NoColumn { name: name.to_owned(), have: have.join(", ") }));
        }
        Ok(match self {
            Self::Arrow { batches, .. } => Column::Arrow(
                batches.iter().filter_map(|batch| batch.column_by_name(name).cloned()).collect(),
            ),
            Self::Mapping { table, .. } => Column::Python(table.get_item(name)?),
        })
    }
}

/// What a column of times must hold.
const TIMES: &str = "instants or local times";

/// One column, in pieces as Arrow has it or as Python has it.
enum Column<'py> {
    Arrow(Vec<ArrayRef>),
    Python(Bound<'py, PyAny>),
}

/// Energies in kWh as they came.
pub(crate) enum Amounts {
    /// Numbers, NaN where there is none.
    Numbers(Vec<f64>),
    /// Decimal texts.
    Texts(Vec<Option<String>>),
}

impl Amounts {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    /// The amounts in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Amount<'_>> {
        let (numbers, texts): (&[f64], &[Option<String>]) = match self {
            Self::Numbers(numbers) => (numbers, &[]),
            Self::Texts(texts) => (&[], texts),
        };
        let texts = texts.iter().map(|text| text.as_deref().map_or(Amount::Missing, Amount::Text));
        numbers.iter().map(|&kwh| Amount::Kwh(kwh)).chain(texts)
    }
}

/// Energies in an array of numbers of `unit` (or decimal text with its unit), `None` where NaN or missing.
///
/// Integers of `mWh` are taken as they are; everything else is rounded to the milliwatt-hour.
pub(crate) fn energies(values: &Bound<'_, PyAny>, name: &str, unit: &str) -> PyResult<Vec<Option<Energy>>> {
    let per_kwh = match unit {
        "kWh" => 1.0,
        "Wh" => 1e3,
        "MWh" => 1e-3,
        "mWh" => 1e6,
        _ => return Err(crate::error::no_choice("the unit", "`kWh`, `Wh`, `MWh` or `mWh`", unit)),
    };
    let array = as_array(values, None)?;
    let kind: String = array.getattr("dtype")?.getattr("kind")?.extract()?;
    if unit == "mWh" && kind == "i" {
        let counts: PyArrayLike1<'_, i64, AllowTypeChange> = array.extract()?;
        return Ok(counts.as_array().iter().map(|&mwh| Some(Energy::from_mwh(mwh))).collect());
    }
    if unit == "mWh" && kind == "u" {
        // NumPy would make negative numbers of the large ones.
        let counts: PyArrayLike1<'_, u64, AllowTypeChange> = array.extract()?;
        let energy = |(row, &mwh): (usize, &u64)| {
            let wrong = |_| not_an_energy(name, row, format!("{mwh} mWh"));
            i64::try_from(mwh).map(|mwh| Some(Energy::from_mwh(mwh))).map_err(wrong)
        };
        return counts.as_array().iter().enumerate().map(energy).collect();
    }
    if unit == "kWh" && matches!(kind.as_str(), "U" | "O" | "T") && first_is_text(values)? {
        let parse =
            |text: Option<String>| text.map(|text| Energy::parse_kwh(&text).map_err(raise)).transpose();
        return texts(values)?.into_iter().map(parse).collect();
    }
    let mut kwh = floats(values, name)?;
    if unit != "kWh" {
        for value in &mut kwh {
            *value /= per_kwh;
        }
    }
    from_kwh(&kwh, name)
}

/// Energies of kilowatt-hours, `None` where NaN.
fn from_kwh(kwh: &[f64], name: &str) -> PyResult<Vec<Option<Energy>>> {
    let energy = |(row, &value): (usize, &f64)| {
        if value.is_nan() {
            return Ok(None);
        }
        Energy::from_kwh_f64(value).map(Some).ok_or_else(|| not_an_energy(name, row, format!("{value} kWh")))
    };
    kwh.iter().enumerate().map(energy).collect()
}

fn not_an_energy(name: &str, row: usize, got: String) -> PyErr {
    let expected = "a finite energy that fits 64 bits of milliwatt-hours";
    raise(Error::NotAnEnergy { place: format!("`{name}`, row {row}"), expected, got })
}

/// Qualities in an array of text.
pub(crate) fn qualities(values: &Bound<'_, PyAny>) -> PyResult<Vec<Quality>> {
    texts(values)?.into_iter().map(quality).collect()
}

fn quality(text: Option<String>) -> PyResult<Quality> {
    text.map_or(Ok(Quality::Missing), |text| text.parse().map_err(raise))
}

/// What a column of times holds.
pub(crate) enum Times {
    /// Instants.
    Instants(Vec<Timestamp>),
    /// Times of a local clock, without a zone.
    Local(Vec<DateTime>),
    /// NumPy's times, which cannot have a zone.
    Numpy(Vec<DateTime>),
}

impl Times {
    /// The instants, local times being those of a calendar; `None` for one that its clock skips.
    pub(crate) fn on(self, calendar: &Calendar) -> PyResult<Vec<Option<Timestamp>>> {
        let instant = |at: DateTime| {
            let ambiguous = calendar.zone().to_ambiguous_timestamp(at);
            if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
                return Ok(None);
            }
            ambiguous.earlier().map(Some).map_err(|_| raise(grid_core::time::Error::OutOfRange))
        };
        match self {
            Self::Instants(instants) => Ok(instants.into_iter().map(Some).collect()),
            Self::Local(times) | Self::Numpy(times) => times.into_iter().map(instant).collect(),
        }
    }
}

/// Times of a single array or list.
pub(crate) fn times(values: &Bound<'_, PyAny>) -> PyResult<Times> {
    let array = as_array(values, None)?;
    let kind: String = array.getattr("dtype")?.getattr("kind")?.extract()?;
    if kind == "M" {
        return Ok(Times::Numpy(to_local(from_numpy(&array)?)));
    }
    written(values.try_iter()?.map(|value| time::text(&value?)))
}

/// Times that are written: all with an offset, or all without.
fn written(texts: impl Iterator<Item = PyResult<String>>) -> PyResult<Times> {
    let texts = texts.collect::<PyResult<Vec<_>>>()?;
    if let Ok(instants) = texts.iter().map(|text| text.trim().parse()).collect() {
        return Ok(Times::Instants(instants));
    }
    let wrong = |text: &str| raise(grid_core::time::Error::NotAnInstant { got: excerpt(text) });
    let local = texts.iter().map(|text| text.trim().parse().map_err(|_| wrong(text)));
    local.collect::<PyResult<_>>().map(Times::Local)
}

fn from_numpy(array: &Bound<'_, PyAny>) -> PyResult<Vec<Timestamp>> {
    let counts = array.call_method1("astype", ("datetime64[us]",))?.call_method1("astype", ("int64",))?;
    let counts: PyArrayLike1<'_, i64, AllowTypeChange> = counts.extract()?;
    counts.as_array().iter().map(|&microsecond| from_microsecond(microsecond)).collect()
}

fn to_local(instants: Vec<Timestamp>) -> Vec<DateTime> {
    instants.into_iter().map(|at| at.to_zoned(TimeZone::UTC).datetime()).collect()
}

/// A local time as if its clock were that of UTC.
pub(crate) fn in_utc(at: DateTime) -> PyResult<Zoned> {
    at.to_zoned(TimeZone::UTC).map_err(|_| raise(grid_core::time::Error::OutOfRange))
}

/// Numbers of an array, NaN where there is none.
pub(crate) fn floats(values: &Bound<'_, PyAny>, name: &str) -> PyResult<Vec<f64>> {
    let wrong =
        || raise(Error::WrongColumn { name: name.to_owned(), expected: "numbers", got: shown(values) });
    let array = as_array(values, Some("float64")).map_err(|_| wrong())?;
    let array: PyArrayLike1<'_, f64, AllowTypeChange> = array.extract().map_err(|_| wrong())?;
    Ok(array.as_array().iter().copied().collect())
}

/// Texts of an array, `None` where there is none.
fn texts(values: &Bound<'_, PyAny>) -> PyResult<Vec<Option<String>>> {
    let text = |value: PyResult<Bound<'_, PyAny>>| {
        let value = value?;
        if value.is_none() || value.extract::<f64>().is_ok_and(f64::is_nan) {
            return Ok(None);
        }
        value.str()?.extract().map(Some)
    };
    values.try_iter()?.map(text).collect()
}

fn first_is_text(values: &Bound<'_, PyAny>) -> PyResult<bool> {
    for value in values.try_iter()? {
        let value = value?;
        if !value.is_none() {
            return Ok(value.is_instance_of::<PyString>());
        }
    }
    Ok(false)
}

/// A NumPy array of what Python gave.
fn as_array<'py>(values: &Bound<'py, PyAny>, dtype: Option<&str>) -> PyResult<Bound<'py, PyAny>> {
    let numpy = values.py().import(intern!(values.py(), "numpy"))?;
    numpy.call_method1(intern!(values.py(), "asarray"), (values, dtype))
}

/// Two columns of one table must be of one length.
pub(crate) fn same_length(name: &str, expected: usize, got: usize) -> PyResult<()> {
    if expected == got {
        Ok(())
    } else {
        Err(raise(Error::UnequalLengths { name: name.to_owned(), expected, got }))
    }
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

fn cast_all(
    name: &str,
    chunks: &[ArrayRef],
    to: &DataType,
    expected: &'static str,
) -> PyResult<Vec<ArrayRef>> {
    let wrong = |got: &DataType| Error::WrongColumn { name: name.to_owned(), expected, got: got.to_string() };
    chunks.iter().map(|chunk| cast(chunk, to).map_err(|_| raise(wrong(chunk.data_type())))).collect()
}

/// Reads a table through the Arrow stream interface, where it has one.
fn stream<'py>(table: &Bound<'py, PyAny>) -> PyResult<Option<Columns<'py>>> {
    if !table.hasattr(intern!(table.py(), "__arrow_c_stream__"))? {
        return Ok(None);
    }
    let reader = table.extract::<PyRecordBatchReader>()?.into_reader()?;
    // pandas sends an index without a name along under a name of its own.
    let is_index = |name: &String| name.starts_with("__index_level_");
    let schema = reader.schema();
    let names =
        schema.fields().iter().map(|field| field.name().clone()).filter(|name| !is_index(name)).collect();
    let wrong = |error: arrow_schema::ArrowError| {
        raise(Error::WrongColumn { name: "*".to_owned(), expected: "a table", got: error.to_string() })
    };
    let batches = reader.collect::<Result<_, _>>().map_err(wrong)?;
    Ok(Some(Columns::Arrow { names, batches }))
}
