//! Summaries straight from a source, in memory that does not grow with its rows.

use std::path::Path;

use super::super::error::Error;
use super::super::fold::{Assumptions, Fold, Outcome};
use super::super::log::Format;
use super::super::rows::Rows;
use super::super::summary::{Summary, summarise};
use super::columns::Columns;
use super::scan::{Read as Found, Sink};
use super::source::{BLOCK, ReadLimits, ReadOptions, Source, named, scanned};

/// Sums a file up without keeping its rows: what [`read_path`](super::read_path) and [`summarise`] give together.
///
/// Memory goes with cycles and steps, not with rows, so there is no limit on the size. Files compressed with gzip are
/// read as they are.
///
/// # Errors
///
/// As [`read_path`](super::read_path), without [`Error::TooLarge`].
pub fn summarise_path(path: impl AsRef<Path>) -> Result<Summary, Error> {
    let path = path.as_ref();
    let options = ReadOptions { limits: ReadLimits::UNLIMITED, ..ReadOptions::default() };
    named(path, Source::path(path).and_then(|source| summarise_with(source, options)))
}

/// Sums a recording in memory up without keeping its rows.
///
/// ```
/// let summary = grid_core::battery::summarise_bytes(b"t/s,U/V,I/A\n0,3.7,1\n3600,3.9,1\n")?;
/// assert_eq!((summary.rows, summary.charge_capacity_ah), (2, 1.0));
/// # Ok::<(), grid_core::battery::Error>(())
/// ```
///
/// # Errors
///
/// As [`read_bytes`](super::read_bytes).
pub fn summarise_bytes(bytes: &[u8]) -> Result<Summary, Error> {
    let options = ReadOptions { limits: ReadLimits::UNLIMITED, ..ReadOptions::default() };
    summarise_with(Source::bytes(bytes), options)
}

/// Sums a source up with options.
///
/// # Errors
///
/// As [`read_with`](super::read_with).
pub fn summarise_with(source: Source<'_>, options: ReadOptions<'_>) -> Result<Summary, Error> {
    summarise_in_blocks(source, options, BLOCK)
}

/// As [`summarise_with`], so many bytes at a time.
pub(super) fn summarise_in_blocks(
    source: Source<'_>,
    options: ReadOptions<'_>,
    block: usize,
) -> Result<Summary, Error> {
    let mut summing = Summing { fold: Fold::new(Format::Generic), assumptions: None, summary: None };
    match scanned(source, options, block, &mut summing)? {
        Found::Whole(recording) => Ok(summarise(&recording)),
        Found::Rows(known) => match summing.summary {
            Some(summary) => Ok(Summary {
                evidence: known.evidence,
                remarks: known.remarks,
                started_at: known.started_at,
                ..*summary
            }),
            // A scan that ended has settled.
            None => Err(Error::NoRows { line: known.header_line }),
        },
    }
}

/// Sums rows up as they come, as often as the fold asks for them.
struct Summing {
    fold: Fold,
    assumptions: Option<Assumptions>,
    summary: Option<Box<Summary>>,
}

impl Sink for Summing {
    fn restart(&mut self, format: Format) {
        self.fold = self.assumptions.take().map_or_else(|| Fold::new(format), Fold::with);
    }

    fn push(&mut self, rows: &Rows<'_>, _: &Columns) {
        self.fold.push(rows);
    }

    fn settle(&mut self) -> bool {
        match std::mem::replace(&mut self.fold, Fold::new(Format::Generic)).finish() {
            Outcome::Summary(summary) => self.summary = Some(summary),
            Outcome::Again(assumptions) => self.assumptions = Some(assumptions),
        }
        self.summary.is_some()
    }
}
