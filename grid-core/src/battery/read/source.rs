//! Where the bytes come from, and how much of them is read: a path, a slice, or anything that can be read.

use std::fmt;
use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::path::Path;

use super::super::error::Error;
use super::super::label::Labels;
use super::super::log::{Format, Recording};
use super::super::rows::Rows;
use super::blocks::{Blocks, Progress, Rewind};
use super::columns::{Collected, Columns};
use super::scan::{self, Manner, Read as Found, Sink};

/// How much text is split at a time: it stays in the second-level cache with the columns that it becomes.
pub(super) const BLOCK: usize = 1 << 17;

/// How much of a source is read at most, and how much of it may be unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// The most bytes of text that a recording may have, after decompression.
    pub max_bytes: u64,
    /// The most rows that may be unreadable in a needed column or altogether; `None` for one cell in a hundred of each
    /// needed column, and any number of lines without a number.
    pub max_bad_rows: Option<u64>,
}

impl ReadLimits {
    /// No limit on the bytes, for summaries, which need no memory for them.
    pub const UNLIMITED: Self = Self { max_bytes: u64::MAX, max_bad_rows: None };
}

impl Default for ReadLimits {
    /// One gibibyte, and one unreadable cell in a hundred of a needed column.
    fn default() -> Self {
        Self { max_bytes: 1 << 30, max_bad_rows: None }
    }
}

/// How a source is read.
///
/// ```
/// use std::ops::ControlFlow;
/// use grid_core::battery::{self, ReadOptions, Source};
///
/// let mut most = 0;
/// let mut progress = |done: u64, _total: Option<u64>| {
///     most = done;
///     ControlFlow::Continue(())
/// };
/// let options = ReadOptions { progress: Some(&mut progress), ..ReadOptions::default() };
/// let file = b"t/s,U/V,I/A\n0,3.7,1\n3600,3.9,1\n";
/// let recording = battery::read_with(Source::bytes(file), options)?;
/// assert_eq!((recording.len(), most), (2, 31));
/// # Ok::<(), battery::Error>(())
/// ```
#[derive(Default)]
pub struct ReadOptions<'p> {
    /// How much is read at most.
    pub limits: ReadLimits,
    /// The format, where the caller knows it: that vendor's names and conventions count, and the rest is found in the
    /// file as always. One that the file clearly is not is refused.
    pub format: Option<Format>,
    /// Is told after each block how many bytes of the source were read and how many there are; breaking ends the
    /// reading with [`Error::Cancelled`]. A source that is read again starts again from zero.
    pub progress: Option<Progress<'p>>,
}

impl fmt::Debug for ReadOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadOptions")
            .field("limits", &self.limits)
            .field("format", &self.format)
            .field("progress", &self.progress.is_some())
            .finish()
    }
}

/// Bytes that can be read from their start again, which is what it takes to read in constant memory: what a file is as
/// a whole may be known only at its end.
pub struct Source<'s> {
    from: Box<dyn Rewind + 's>,
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}

impl<'s> Source<'s> {
    /// Bytes in memory.
    pub fn bytes(bytes: &'s [u8]) -> Self {
        Self { from: Box::new(Cursor::new(bytes)) }
    }

    /// Anything that can go back to where it is now: a file, a spooled upload.
    pub fn seekable(source: impl Read + Seek + 's) -> Self {
        Self { from: Box::new(source) }
    }

    /// Anything that can be read once, taken into memory up to a limit.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] beyond the limit, [`Error::Unreadable`] when the source fails.
    pub fn reader(source: impl Read, limits: ReadLimits) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        source
            .take(limits.max_bytes.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|source| Error::Unreadable { source })?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length > limits.max_bytes) {
            return Err(Error::TooLarge { limit: limits.max_bytes });
        }
        Ok(Self { from: Box::new(Cursor::new(bytes)) })
    }

    /// A file, opened.
    ///
    /// # Errors
    ///
    /// [`Error::Unreadable`] when it cannot be opened.
    pub fn path(path: impl AsRef<Path>) -> Result<Source<'static>, Error> {
        let file = File::open(path).map_err(|source| Error::Unreadable { source })?;
        Ok(Source { from: Box::new(file) })
    }
}

/// Reads a battery recording of any known or unknown vendor, to the end of the source.
///
/// # Errors
///
/// As [`read_bytes`]; [`Error::TooLarge`] beyond one gibibyte, [`Error::Unreadable`] when the source fails.
pub fn read(source: impl Read) -> Result<Recording, Error> {
    read_within(source, ReadLimits::default())
}

/// Reads a battery recording, giving up beyond a limit.
///
/// # Errors
///
/// As [`read`], with the given limit.
pub fn read_within(source: impl Read, limits: ReadLimits) -> Result<Recording, Error> {
    read_with(Source::reader(source, limits)?, ReadOptions { limits, ..ReadOptions::default() })
}

/// Reads a battery recording from a file.
///
/// # Errors
///
/// [`Error::File`] with the path, and as [`read`] in its source.
pub fn read_path(path: impl AsRef<Path>) -> Result<Recording, Error> {
    let path = path.as_ref();
    named(path, Source::path(path).and_then(|source| read_with(source, ReadOptions::default())))
}

/// Reads a battery recording from bytes, without being told the vendor, the delimiter, the units or the encoding.
///
/// ```
/// let recording = grid_core::battery::read_bytes(b"Zeit [min];Spannung [V];Strom [mA]\n0;3,70;100\n1;3,71;100\n")?;
/// assert_eq!(recording.time_s, [0.0, 60.0]);
/// assert_eq!(recording.voltage_v, [3.70, 3.71]);
/// assert_eq!(recording.current_a, [0.1, 0.1]);
/// # Ok::<(), grid_core::battery::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Empty`], [`Error::NotText`], [`Error::NotARecording`] when no header line names a time and something
/// measured, [`Error::NoRows`], [`Error::NotANumber`] and [`Error::DuplicateColumn`], each with its place.
pub fn read_bytes(bytes: &[u8]) -> Result<Recording, Error> {
    let limits = ReadLimits { max_bytes: u64::MAX, ..ReadLimits::default() };
    read_with(Source::bytes(bytes), ReadOptions { limits, ..ReadOptions::default() })
}

/// Reads a battery recording that is said to be of a format, although its signature does not show it.
///
/// The names of that vendor's columns and its conventions count; delimiter, encoding, units and marks are still found
/// in the file.
///
/// ```
/// use grid_core::battery::{Format, read_bytes_as};
///
/// // A tool wrote sonnen's power alone, and the name says nothing: discharging is positive there.
/// let file = b"Timestamp,Power,USOC\n2024-01-01 10:00:00,500,80\n2024-01-01 10:01:00,400,79\n";
/// let recording = read_bytes_as(file, Format::Sonnen)?;
/// assert_eq!(recording.format, Format::Sonnen);
/// assert_eq!(recording.power_w, Some(vec![-500.0, -400.0]));
/// # Ok::<(), grid_core::battery::Error>(())
/// ```
///
/// # Errors
///
/// As [`read_bytes`]; [`Error::OtherFormat`] when the file surely is another vendor's.
pub fn read_bytes_as(bytes: &[u8], format: Format) -> Result<Recording, Error> {
    let limits = ReadLimits { max_bytes: u64::MAX, ..ReadLimits::default() };
    read_with(Source::bytes(bytes), ReadOptions { limits, format: Some(format), ..ReadOptions::default() })
}

/// Reads a battery recording from a source with options.
///
/// # Errors
///
/// As [`read`]; [`Error::Cancelled`] when the progress says so, [`Error::OtherFormat`] when the stated format is not the
/// file's, [`Error::TooManyBadRows`] beyond the limit.
pub fn read_with(source: Source<'_>, options: ReadOptions<'_>) -> Result<Recording, Error> {
    read_in_blocks(source, options, BLOCK)
}

/// As [`read_with`], so many bytes at a time.
pub(super) fn read_in_blocks(
    source: Source<'_>,
    options: ReadOptions<'_>,
    block: usize,
) -> Result<Recording, Error> {
    let mut all = Collected::default();
    match scanned(source, options, block, &mut all)? {
        Found::Whole(recording) => Ok(*recording),
        Found::Rows(known) => Ok(Recording {
            format: known.format,
            evidence: known.evidence,
            remarks: known.remarks,
            started_at: known.started_at,
            time_s: all.time_s,
            voltage_v: all.voltage_v,
            current_a: all.current_a,
            power_w: all.power_w,
            temperature_c: all.temperature_c,
            state_of_charge: all.state_of_charge,
            charge_capacity_ah: all.charge_capacity_ah,
            discharge_capacity_ah: all.discharge_capacity_ah,
            capacity_ah: all.capacity_ah,
            charge_energy_wh: all.charge_energy_wh,
            discharge_energy_wh: all.discharge_energy_wh,
            energy_wh: all.energy_wh,
            cycle_index: all.cycle_index,
            step_index: all.step_index,
            step_time_s: all.step_time_s,
            labels: Labels::new(all.label_names, all.labels.unwrap_or_default()),
            channels: all.channels,
        }),
    }
}

pub(super) fn scanned(
    source: Source<'_>,
    options: ReadOptions<'_>,
    block: usize,
    sink: &mut dyn Sink,
) -> Result<Found, Error> {
    let manner = Manner { block, format: options.format, max_bad_rows: options.limits.max_bad_rows };
    let from = unpacked(source.from, options.limits)?;
    let mut blocks = Blocks::new(from, options.limits.max_bytes, options.progress)?;
    scan::scan(&mut blocks, manner, sink)
}

/// A Parquet file as the text that it would be; anything else as it is.
#[cfg(feature = "parquet")]
fn unpacked<'s>(mut from: Box<dyn Rewind + 's>, limits: ReadLimits) -> Result<Box<dyn Rewind + 's>, Error> {
    use super::super::parquet::{MAGIC, ParquetText};
    let unreadable = |source| Error::Unreadable { source };
    let start = from.stream_position().map_err(unreadable)?;
    let mut first = Vec::new();
    from.by_ref().take(4).read_to_end(&mut first).map_err(unreadable)?;
    from.seek(std::io::SeekFrom::Start(start)).map_err(unreadable)?;
    if first != MAGIC {
        return Ok(from);
    }
    let mut file = Vec::new();
    from.take(limits.max_bytes.saturating_add(1)).read_to_end(&mut file).map_err(unreadable)?;
    if u64::try_from(file.len()).is_ok_and(|length| length > limits.max_bytes) {
        return Err(Error::TooLarge { limit: limits.max_bytes });
    }
    Ok(Box::new(ParquetText::new(file).map_err(unreadable)?))
}

#[cfg(not(feature = "parquet"))]
#[expect(clippy::unnecessary_wraps, reason = "with the feature `parquet` it can fail")]
fn unpacked<'s>(from: Box<dyn Rewind + 's>, _: ReadLimits) -> Result<Box<dyn Rewind + 's>, Error> {
    Ok(from)
}

impl Sink for Collected {
    fn restart(&mut self, _: Format) {
        *self = Self::default();
    }

    fn push(&mut self, rows: &Rows<'_>, columns: &Columns) {
        self.push(rows, columns);
    }
}

/// A result with the path it is about.
pub(super) fn named<T>(path: &Path, result: Result<T, Error>) -> Result<T, Error> {
    result.map_err(|source| Error::File { path: path.to_owned(), source: Box::new(source) })
}
