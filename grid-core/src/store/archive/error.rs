//! What is wrong with an archive, or with the database that it is to fill.

use std::io;

use crate::error::{Failure, Kind, is_full};

/// An archive cannot be written, read or restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// Where the archive goes refuses it.
    #[error("failed to write the archive")]
    Unwritable {
        /// What was said.
        source: io::Error,
    },
    /// Where the archive comes from does not give it.
    #[error("failed to read the archive")]
    Unreadable {
        /// What was said.
        source: io::Error,
    },
    /// A file is no archive of GRID.
    #[error("expected an archive that `grid-server export` wrote: {reason}")]
    NotAnArchive {
        /// What is amiss.
        reason: &'static str,
    },
    /// An archive ends before its manifest.
    #[error("the archive is cut off in `{file}`")]
    CutOff {
        /// The file of the archive in which it ends.
        file: String,
    },
    /// An archive is written in a later way than this program knows.
    #[error("expected an archive of format {known} or before, got one of format {got}, made by {made_by}")]
    NewerFormat {
        /// The latest format that this program reads.
        known: u32,
        /// The archive's.
        got: u32,
        /// What made it, cut to a printable length.
        made_by: String,
    },
    /// An archive is of a database with later tables than this program knows.
    #[error(
        "expected an archive of a database with {known} migrations or fewer, got one with {got}, made by {made_by}"
    )]
    NewerSchema {
        /// How many migrations this program has.
        known: usize,
        /// How many had run where the archive was made.
        got: usize,
        /// What made it, cut to a printable length.
        made_by: String,
    },
    /// An archive holds something else than everything.
    #[error("expected an archive of everything, got one that holds `{got}`")]
    OtherContent {
        /// What it says that it holds, cut to a printable length.
        got: String,
    },
    /// Another file comes than should.
    #[error("expected {expected} in the archive, got `{got}`")]
    UnexpectedFile {
        /// What may come there.
        expected: String,
        /// The name that came, cut to a printable length.
        got: String,
    },
    /// A file of an archive is not what the manifest says.
    #[error("expected `{file}` with {what} {expected}, as the manifest says, got {got}")]
    Changed {
        /// The file.
        file: String,
        /// What differs.
        what: &'static str,
        /// What the manifest says.
        expected: String,
        /// What came.
        got: String,
    },
    /// A file of an archive cannot be read as what it is.
    #[error("`{file}` cannot be read: {reason}")]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A column that a table does not have, or has and the archive lacks.
    #[error("`{file}`, line {line}: expected the columns {expected}, got {got}")]
    OtherColumns {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: u64,
        /// The table's columns.
        expected: String,
        /// What came, cut to a printable length.
        got: String,
    },
    /// A value that its column cannot have.
    #[error("`{file}`, line {line}, column `{column}`: expected {expected}, got `{got}`")]
    NotAValue {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: u64,
        /// The column.
        column: &'static str,
        /// What it may have.
        expected: &'static str,
        /// What came, cut to a printable length.
        got: String,
    },
    /// A row or a file is longer than any that is written.
    #[error("`{file}`: expected at most {most} bytes, got {got}")]
    TooLong {
        /// The file.
        file: String,
        /// How many bytes it may have.
        most: u64,
        /// How many it has.
        got: u64,
    },
    /// A row contradicts one that came before it.
    #[error("`{file}`, line {line}: the database refuses the row")]
    Refused {
        /// The file.
        file: String,
        /// The line of the first of the rows that were refused together, counted from 1.
        line: u64,
        /// What the driver said.
        source: super::super::Source,
    },
    /// The database that is to be filled has rows.
    #[error("expected a database without rows, got one with rows in `{table}`")]
    NotEmpty {
        /// The first table that has some.
        table: &'static str,
    },
    /// The database is being filled by another restore.
    #[error("another restore fills the database now")]
    BeingRestored,
}

impl Failure for ArchiveError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unwritable { source } if is_full(source) => Kind::Unavailable,
            Self::Unwritable { .. } | Self::Unreadable { .. } => Kind::Internal,
            Self::NotAnArchive { .. }
            | Self::CutOff { .. }
            | Self::NewerFormat { .. }
            | Self::NewerSchema { .. }
            | Self::OtherContent { .. }
            | Self::UnexpectedFile { .. }
            | Self::Changed { .. }
            | Self::Damaged { .. }
            | Self::OtherColumns { .. }
            | Self::NotAValue { .. }
            | Self::Refused { .. } => Kind::Invalid,
            Self::TooLong { .. } => Kind::TooLarge,
            Self::NotEmpty { .. } | Self::BeingRestored => Kind::Conflict,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotAnArchive { .. } => "give the `.tar.gz` itself, as it was written",
            Self::CutOff { .. } => {
                "copy it again from where it was made, and compare the sizes; nothing was restored"
            }
            Self::NewerFormat { .. } | Self::NewerSchema { .. } => {
                "restore it with the program that made it, or a later one"
            }
            Self::OtherContent { .. } => "one person's own data is for that person; it fills no database",
            Self::Changed { .. } => {
                "the archive was changed or damaged since it was made: copy it again; nothing was restored"
            }
            Self::UnexpectedFile { .. }
            | Self::Damaged { .. }
            | Self::OtherColumns { .. }
            | Self::NotAValue { .. }
            | Self::TooLong { .. } => {
                "restore the archive as `grid-server export` wrote it, with a program at least as new; nothing was restored"
            }
            Self::NotEmpty { .. } => {
                "give the address of a new, empty database, before any server has started on it; nothing was changed"
            }
            Self::BeingRestored => {
                "wait until it has ended, and look whether it filled the database; this one changed nothing"
            }
            Self::Unwritable { .. } | Self::Unreadable { .. } | Self::Refused { .. } => return None,
        };
        Some(hint.to_owned())
    }
}
