//! Parquet: recordings written as the Battery Data Format asks, and files read by the engine that reads text.
//!
//! A Parquet file names and types its columns, and says nothing of units, direction or vendor: that is told by the same
//! evidence as in text. So a file is turned, row group by row group, into the text that it would be as CSV (shortest
//! digits that give the same number back), and read as such.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use parquet::{
    basic::{Compression, Repetition, Type as Physical},
    data_type::{ByteArray, DoubleType, Int64Type},
    errors::ParquetError,
    file::{
        metadata::KeyValue,
        properties::WriterProperties,
        reader::FileReader,
        serialized_reader::SerializedFileReader,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    record::{Field, Row, reader::RowIter},
    schema::types::Type,
};

use super::export::{Column, Values, columns};
use super::log::Recording;

/// The bytes that a Parquet file begins and ends with.
pub(super) const MAGIC: &[u8; 4] = b"PAR1";

/// How many rows one row group has; a reader needs the memory of one.
const ROWS_IN_GROUP: usize = 1 << 17;

fn broken(error: ParquetError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

impl Recording {
    /// Writes the recording as Parquet with the machine-readable names of the Battery Data Format
    /// (`test_time_second`, `voltage_volt`, …), compressed by Snappy; a null where nothing was measured.
    ///
    /// Counts of charge and energy run on, as in [`write_bdf_csv`](Self::write_bdf_csv).
    ///
    /// ```
    /// let recording = grid_core::battery::read_bytes(b"t/s,U/V,I/A\n0,3.7,1\n1,,1\n")?;
    /// let mut file = Vec::new();
    /// recording.write_parquet(&mut file)?;
    /// let again = grid_core::battery::read_bytes(&file)?;
    /// assert_eq!(again.time_s, recording.time_s);
    /// assert!(again.voltage_v[1].is_nan());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Whatever the writer says.
    pub fn write_parquet(&self, writer: impl Write + Send) -> io::Result<()> {
        let columns = columns(self);
        let schema = schema(&columns).map_err(broken)?;
        let about = vec![KeyValue::new("format".to_owned(), "Battery Data Format".to_owned())];
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("grid-core ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(Some(about))
            .build();
        let mut file = SerializedFileWriter::new(writer, schema, Arc::new(properties)).map_err(broken)?;
        let mut start = 0;
        while start < self.len() {
            let end = self.len().min(start + ROWS_IN_GROUP);
            let mut group = file.next_row_group().map_err(broken)?;
            for column in &columns {
                write_column(&mut group, column, start..end).map_err(broken)?;
            }
            group.close().map_err(broken)?;
            start = end;
        }
        file.close().map_err(broken)?;
        Ok(())
    }
}

fn schema(columns: &[Column<'_>]) -> Result<Arc<Type>, ParquetError> {
    let fields: Result<Vec<Arc<Type>>, ParquetError> = columns
        .iter()
        .map(|column| {
            let (physical, repetition) = match column.values {
                Values::Floats(_) => (Physical::DOUBLE, Repetition::OPTIONAL),
                Values::Integers(_) => (Physical::INT64, Repetition::REQUIRED),
            };
            let field = Type::primitive_type_builder(column.name, physical).with_repetition(repetition);
            Ok(Arc::new(field.build()?))
        })
        .collect();
    Ok(Arc::new(Type::group_type_builder("bdf").with_fields(fields?).build()?))
}

fn write_column<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    column: &Column<'_>,
    rows: std::ops::Range<usize>,
) -> Result<(), ParquetError> {
    let Some(mut writer) = group.next_column()? else { return Ok(()) };
    match &column.values {
        Values::Floats(values) => {
            let values = values.get(rows).unwrap_or_default();
            let there: Vec<i16> = values.iter().map(|value| i16::from(!value.is_nan())).collect();
            let known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
            writer.typed::<DoubleType>().write_batch(&known, Some(&there), None)?;
        }
        Values::Integers(values) => {
            writer.typed::<Int64Type>().write_batch(values.get(rows).unwrap_or_default(), None, None)?;
        }
    }
    writer.close()
}

/// A Parquet file as the text that it would be as CSV; goes back to its start, and nowhere else.
pub(super) struct ParquetText {
    file: bytes::Bytes,
    rows: RowIter<'static>,
    text: Vec<u8>,
    taken: usize,
}

impl ParquetText {
    /// Opens a file that lies in memory.
    pub(super) fn new(file: Vec<u8>) -> io::Result<Self> {
        let file = bytes::Bytes::from(file);
        let (rows, text) = opened(&file)?;
        Ok(Self { file, rows, text, taken: 0 })
    }
}

/// The rows of a file, and its header line.
fn opened(file: &bytes::Bytes) -> io::Result<(RowIter<'static>, Vec<u8>)> {
    let reader = SerializedFileReader::new(file.clone()).map_err(broken)?;
    let mut text = Vec::new();
    let fields = reader.metadata().file_metadata().schema().get_fields();
    for (place, field) in fields.iter().enumerate() {
        if place > 0 {
            text.push(b',');
        }
        quoted(field.name(), &mut text);
    }
    text.push(b'\n');
    Ok((RowIter::from_file_into(Box::new(reader)), text))
}

/// A text between quotes where a comma, a quote or a line end would make it something else.
fn quoted(value: &str, out: &mut Vec<u8>) {
    if value.contains([',', '"', '\n', '\r']) {
        out.push(b'"');
        out.extend_from_slice(value.replace('"', "\"\"").replace(['\n', '\r'], " ").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(value.as_bytes());
    }
}

fn line(row: &Row, out: &mut Vec<u8>) -> io::Result<()> {
    for (place, (_, field)) in row.get_column_iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        cell(field, out)?;
    }
    out.push(b'\n');
    Ok(())
}

fn cell(field: &Field, out: &mut Vec<u8>) -> io::Result<()> {
    match field {
        Field::Null | Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) => Ok(()),
        Field::Double(value) if value.is_nan() => Ok(()),
        Field::Float(value) if value.is_nan() => Ok(()),
        Field::Double(value) => write!(out, "{value}"),
        Field::Float(value) => write!(out, "{value}"),
        Field::Bool(value) => write!(out, "{}", u8::from(*value)),
        Field::Byte(value) => write!(out, "{value}"),
        Field::Short(value) => write!(out, "{value}"),
        Field::Int(value) => write!(out, "{value}"),
        Field::Long(value) => write!(out, "{value}"),
        Field::UByte(value) => write!(out, "{value}"),
        Field::UShort(value) => write!(out, "{value}"),
        Field::UInt(value) => write!(out, "{value}"),
        Field::ULong(value) => write!(out, "{value}"),
        Field::TimestampMillis(value) => instant(SignedDuration::from_millis(*value), out),
        Field::TimestampMicros(value) => instant(SignedDuration::from_micros(*value), out),
        Field::TimeMillis(value) => {
            write!(out, "{}", f64::from(*value) / 1e3)
        }
        Field::Date(days) => {
            let date = civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(*days));
            date.map_or(Ok(()), |date| write!(out, "{date}"))
        }
        Field::Str(text) => {
            quoted(text, out);
            Ok(())
        }
        Field::Bytes(bytes) => {
            quoted(&String::from_utf8_lossy(ByteArray::data(bytes)), out);
            Ok(())
        }
        // Halves, decimals and microseconds of the day: their own display is a plain number or time.
        other => {
            quoted(&other.to_string(), out);
            Ok(())
        }
    }
}

/// An instant as date and time of UTC.
fn instant(since: SignedDuration, out: &mut Vec<u8>) -> io::Result<()> {
    match Timestamp::from_duration(since) {
        Ok(instant) => write!(out, "{}", TimeZone::UTC.to_datetime(instant)),
        Err(_) => Ok(()),
    }
}

impl Read for ParquetText {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        const READY: usize = 1 << 15;
        if self.taken == self.text.len() {
            self.text.clear();
            self.taken = 0;
            while self.text.len() < READY
                && let Some(row) = self.rows.next()
            {
                line(&row.map_err(broken)?, &mut self.text)?;
            }
        }
        let ready = self.text.get(self.taken..).unwrap_or_default();
        let length = ready.len().min(out.len());
        if let (Some(out), Some(ready)) = (out.get_mut(..length), ready.get(..length)) {
            out.copy_from_slice(ready);
        }
        self.taken += length;
        Ok(length)
    }
}

impl Seek for ParquetText {
    /// To the start only: how long the text is, is not known before its end.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if to != SeekFrom::Start(0) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        (self.rows, self.text) = opened(&self.file)?;
        self.taken = 0;
        Ok(0)
    }

    fn stream_position(&mut self) -> io::Result<u64> {
        if self.taken == 0 { Ok(0) } else { Err(io::ErrorKind::Unsupported.into()) }
    }
}
