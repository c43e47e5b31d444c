//! Where the bytes come from: a reader, a slice or a path.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::super::error::Error;
use super::super::log::Recording;
use super::{assemble, detect, home_assistant, table, text};

/// How much of a source is read at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// The most bytes that a recording may have.
    pub max_bytes: u64,
}

impl Default for ReadLimits {
    /// One gibibyte.
    fn default() -> Self {
        Self { max_bytes: 1 << 30 }
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
    let mut bytes = Vec::new();
    source
        .take(limits.max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| Error::Unreadable { source })?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > limits.max_bytes) {
        return Err(Error::TooLarge { limit: limits.max_bytes });
    }
    read_bytes(&bytes)
}

/// Reads a battery recording from a file.
///
/// # Errors
///
/// [`Error::File`] with the path, and as [`read`] in its source.
pub fn read_path(path: impl AsRef<Path>) -> Result<Recording, Error> {
    let path = path.as_ref();
    File::open(path)
        .map_err(|source| Error::Unreadable { source })
        .and_then(read)
        .map_err(|source| Error::File { path: path.to_owned(), source: Box::new(source) })
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
    let decoded = text::decoded(bytes)?;
    let end = text::line_end(&decoded);
    if let Some(recording) = home_assistant::read(&decoded, end) {
        return recording;
    }
    let (decoded, layout) = match detect::layout(&decoded, end) {
        Ok(layout) => (decoded, layout),
        Err(error) => match between_blanks(&decoded, end) {
            Some((tabbed, layout)) => (Cow::Owned(tabbed), layout),
            None => return Err(error),
        },
    };
    let table = table::table(&decoded, end, &layout)?;
    assemble::recording(table, &layout)
}

/// Tries columns that are set apart by blanks alone: two or more, then one.
fn between_blanks(text: &[u8], end: u8) -> Option<(Vec<u8>, detect::Layout)> {
    const LOOKED_AT: usize = 1 << 16;
    let head = text.get(..LOOKED_AT).unwrap_or(text);
    if memchr::memchr(b'\t', head).is_some() {
        return None;
    }
    for least in [2, 1] {
        if detect::layout(&tabbed(head, least), end).is_ok() {
            let tabbed = tabbed(text, least);
            let layout = detect::layout(&tabbed, end).ok()?;
            return Some((tabbed, layout));
        }
    }
    None
}

/// Replaces runs of at least `least` blanks inside a line by a tab, and drops those at its start.
fn tabbed(text: &[u8], least: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut blanks = 0;
    for byte in text {
        if *byte == b' ' {
            blanks += 1;
            continue;
        }
        let at_start = out.last().is_none_or(|last| matches!(last, b'\n' | b'\r'));
        if blanks >= least && !at_start {
            out.push(b'\t');
        } else if blanks > 0 && !at_start {
            out.resize(out.len() + blanks, b' ');
        }
        blanks = 0;
        out.push(*byte);
    }
    out
}
