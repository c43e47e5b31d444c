//! Errors of reading a battery recording.

use std::path::PathBuf;

use super::log::Format;
use crate::error::{Failure, Kind, Place};

/// A battery recording could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The source gave an error before its end.
    #[error("failed to read the battery recording")]
    Unreadable {
        /// What the source said.
        source: std::io::Error,
    },
    /// A file could not be read; the source says why.
    #[error("failed to read the battery recording `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was wrong with it.
        source: Box<Error>,
    },
    /// The end of a file's name says no layout that is written.
    #[error("expected a file name that ends in `.csv`, `.parquet` or `.json`, got `{}`", path.display())]
    NotAnExport {
        /// The file.
        path: PathBuf,
    },
    /// A file could not be written.
    #[error("failed to write the battery recording to `{}`", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What was wrong with it.
        source: std::io::Error,
    },
    /// The source is longer than the limit.
    #[error("expected at most {limit} bytes of battery recording, got more")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// There is nothing in the source.
    #[error("expected a battery recording, got an empty file")]
    Empty,
    /// The source is not text.
    #[error("expected a battery recording as text (CSV, TSV, .txt, .mpt), got {found}")]
    NotText {
        /// What the first bytes look like.
        found: &'static str,
    },
    /// No line of the source names the columns of a battery recording.
    #[error(
        "expected a header line with a time and a voltage, current, power or state of charge within the \
         first {lines} lines, got {found}"
    )]
    NotARecording {
        /// How many lines were looked at.
        lines: u64,
        /// The line that came closest, counted from 1.
        line: Option<u64>,
        /// What was found there.
        found: String,
    },
    /// The source is something else that was recognised: a document, an energy meter's readings, a table of cycles.
    #[error(
        "expected a battery recording with a time and a voltage, current, power or state of charge, got {found}"
    )]
    AnotherKind {
        /// The line that shows it, counted from 1.
        line: Option<u64>,
        /// What it is, with the names of its columns where it has some.
        found: String,
        /// What to do.
        advice: &'static str,
    },
    /// There is a header line, and no row of numbers under it.
    #[error("line {line}: expected rows of numbers under the header line, got none")]
    NoRows {
        /// The header line, counted from 1.
        line: u64,
    },
    /// A cell of a needed column is not a number.
    #[error("line {line}, column {column} \"{header}\": expected {expected}, got `{got}`")]
    NotANumber {
        /// The line, counted from 1.
        line: u64,
        /// The column (field) of the line, counted from 1.
        column: u64,
        /// The column's header.
        header: String,
        /// What would have been right.
        expected: &'static str,
        /// The cell, cut to a printable length.
        got: String,
    },
    /// More rows than the limit allows hold no number, or none where one is needed.
    #[error("expected at most {limit} unreadable rows, got more")]
    TooManyBadRows {
        /// The limit.
        limit: u64,
        /// The first of them.
        places: Vec<Place>,
    },
    /// A table does not have a column that it needs.
    #[error("line {line}: expected a column \"{header}\", got `{got}`")]
    MissingColumn {
        /// The header line, counted from 1.
        line: u64,
        /// The column's header.
        header: &'static str,
        /// The headers that are there, cut to a printable length.
        got: String,
    },
    /// A table has more rows than are read.
    #[error("expected at most {limit} rows, got more")]
    TooManyRows {
        /// The limit.
        limit: usize,
    },
    /// The caller stated a format, and the file is of another one.
    #[error("expected a recording of the format `{stated}`, got one of `{found}`: {why}")]
    OtherFormat {
        /// What the caller stated.
        stated: Format,
        /// What the file is.
        found: Format,
        /// How that is seen.
        why: &'static str,
    },
    /// The progress callback ended the reading.
    #[error("the reading was cancelled before the end of the battery recording")]
    Cancelled,
    /// Two columns have the same header and different values.
    #[error(
        "line {line}: expected one column \"{header}\", got columns {first} and {second} with different values"
    )]
    DuplicateColumn {
        /// The header line, counted from 1.
        line: u64,
        /// The header that both have.
        header: String,
        /// The first column, counted from 1.
        first: u64,
        /// The second column, counted from 1.
        second: u64,
    },
}

impl Failure for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::File { source, .. } => source.kind(),
            Self::Unreadable { source } if source.kind() == std::io::ErrorKind::NotFound => Kind::NotFound,
            Self::Unreadable { .. } | Self::Unwritable { .. } => Kind::Internal,
            Self::TooLarge { .. } | Self::TooManyRows { .. } => Kind::TooLarge,
            Self::Empty
            | Self::NotText { .. }
            | Self::NotARecording { .. }
            | Self::AnotherKind { .. }
            | Self::NoRows { .. }
            | Self::NotANumber { .. }
            | Self::TooManyBadRows { .. }
            | Self::OtherFormat { .. }
            | Self::MissingColumn { .. }
            | Self::Cancelled
            | Self::NotAnExport { .. }
            | Self::DuplicateColumn { .. } => Kind::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::File { source, .. } => source.hint(),
            Self::TooLarge { .. } => Some("split the recording, or raise the limit".to_owned()),
            Self::NotText { .. } => {
                Some("export the recording as CSV or text from the cycler's own program".to_owned())
            }
            Self::NotARecording { .. } => {
                Some("name the columns with their units, for example `time_s,voltage_v,current_a`".to_owned())
            }
            Self::AnotherKind { advice, .. } => Some((*advice).to_owned()),
            Self::NotANumber { .. } => {
                Some("correct the cell, or leave it empty where nothing was measured".to_owned())
            }
            Self::MissingColumn { .. } => Some("name the columns in the first line".to_owned()),
            Self::TooManyRows { .. } => Some("send the table in parts".to_owned()),
            Self::TooManyBadRows { .. } => Some("correct the rows, or raise the limit".to_owned()),
            Self::OtherFormat { found, .. } => Some(format!("leave the format out, or state `{found}`")),
            Self::DuplicateColumn { .. } => Some("delete or rename one of the two columns".to_owned()),
            Self::NotAnExport { .. } => {
                Some("write `.csv` for spreadsheets, `.parquet` for data frames".to_owned())
            }
            Self::Unreadable { .. }
            | Self::Unwritable { .. }
            | Self::Empty
            | Self::NoRows { .. }
            | Self::Cancelled => None,
        }
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::File { source, .. } => source.places(),
            Self::NotARecording { line, found, .. } | Self::AnotherKind { line, found, .. } => vec![Place {
                pointer: None,
                line: *line,
                column: None,
                expected: "names of a time and of a voltage, current, power or state of charge".to_owned(),
                got: found.clone(),
            }],
            Self::NoRows { line } => vec![Place {
                pointer: None,
                line: line.checked_add(1),
                column: None,
                expected: "a row of numbers".to_owned(),
                got: "the end of the file".to_owned(),
            }],
            Self::NotANumber { line, column, header, expected, got } => vec![Place {
                pointer: Some(header.clone()),
                line: Some(*line),
                column: Some(*column),
                expected: (*expected).to_owned(),
                got: got.clone(),
            }],
            Self::DuplicateColumn { line, header, second, .. } => vec![Place {
                pointer: Some(header.clone()),
                line: Some(*line),
                column: Some(*second),
                expected: "a header that no other column has".to_owned(),
                got: header.clone(),
            }],
            Self::MissingColumn { line, header, got } => vec![Place {
                pointer: Some((*header).to_owned()),
                line: Some(*line),
                column: None,
                expected: "a column of that name".to_owned(),
                got: got.clone(),
            }],
            Self::TooManyBadRows { places, .. } => places.clone(),
            Self::Unreadable { .. }
            | Self::Unwritable { .. }
            | Self::NotAnExport { .. }
            | Self::TooLarge { .. }
            | Self::TooManyRows { .. }
            | Self::Empty
            | Self::NotText { .. }
            | Self::OtherFormat { .. }
            | Self::Cancelled => Vec::new(),
        }
    }
}
