//! Errors of reading a battery recording.

use std::path::PathBuf;

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
            Self::Unreadable { .. } => Kind::Internal,
            Self::TooLarge { .. } => Kind::TooLarge,
            Self::Empty
            | Self::NotText { .. }
            | Self::NotARecording { .. }
            | Self::NoRows { .. }
            | Self::NotANumber { .. }
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
            Self::NotANumber { .. } => {
                Some("correct the cell, or leave it empty where nothing was measured".to_owned())
            }
            Self::DuplicateColumn { .. } => Some("delete or rename one of the two columns".to_owned()),
            Self::Unreadable { .. } | Self::Empty | Self::NoRows { .. } => None,
        }
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::File { source, .. } => source.places(),
            Self::NotARecording { line, found, .. } => vec![Place {
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
            Self::Unreadable { .. } | Self::TooLarge { .. } | Self::Empty | Self::NotText { .. } => {
                Vec::new()
            }
        }
    }
}
