//! What an archive says of itself.

use serde::{Deserialize, Serialize};

use super::ArchiveError;
use crate::{error::excerpt, store::migrations};

/// The folder that all files of an archive are in.
pub(super) const FOLDER: &str = "grid-archive/";
pub(super) const README: &str = "README.txt";
pub(super) const FORMAT: &str = "format.json";
pub(super) const MANIFEST: &str = "manifest.json";

/// What the word `format` says.
const NAME: &str = "grid-archive";
/// The way in which files are written. It grows when a program that knows only the way before would misread them.
pub(super) const VERSION: u32 = 1;

/// How far an export or a restore is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArchiveProgress {
    /// The table that is being written or read.
    pub table: &'static str,
    /// How many rows of all tables have been.
    pub rows: u64,
}

/// What an archive held, or holds now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Archived {
    /// The rows of each table, in the order of the tables; battery recordings' files count as `recordings` alone.
    #[serde(serialize_with = "as_map")]
    pub tables: Vec<(&'static str, u64)>,
}

impl Archived {
    /// The rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|(_, rows)| rows).sum()
    }
}

fn as_map<S: serde::Serializer>(tables: &[(&'static str, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(tables.iter().copied())
}

/// What `format.json` says, before anything else is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Format {
    #[serde(rename = "format")]
    pub(super) name: String,
    pub(super) version: u32,
    /// How many migrations the database had.
    pub(super) schema: usize,
    /// `everything`, or `own data`.
    pub(super) holds: String,
    pub(super) made_by: String,
}

/// What `holds` says of an archive that can be restored.
pub(super) const EVERYTHING: &str = "everything";

impl Format {
    /// Of what this program writes.
    pub(super) fn of_this_program(holds: &str) -> Self {
        Self {
            name: NAME.to_owned(),
            version: VERSION,
            schema: migrations::NUMBER,
            holds: holds.to_owned(),
            made_by: concat!("grid-core ", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// Checks that this program can restore it.
    pub(super) fn check(&self) -> Result<(), ArchiveError> {
        let made_by = || excerpt(&self.made_by);
        if self.name != NAME {
            return Err(ArchiveError::NotAnArchive { reason: "its `format.json` names another format" });
        }
        if self.version > VERSION {
            return Err(ArchiveError::NewerFormat { known: VERSION, got: self.version, made_by: made_by() });
        }
        if self.schema > migrations::NUMBER {
            let known = migrations::NUMBER;
            return Err(ArchiveError::NewerSchema { known, got: self.schema, made_by: made_by() });
        }
        if self.holds != EVERYTHING {
            return Err(ArchiveError::OtherContent { got: excerpt(&self.holds) });
        }
        Ok(())
    }
}

/// What `manifest.json` says, after everything else.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    #[serde(flatten)]
    pub(super) format: Format,
    /// In RFC 3339.
    pub(super) made_at: String,
    /// Every file but the README, `format.json` and this one, in the order in which they stand.
    pub(super) files: Vec<Listed>,
}

/// A file of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listed {
    pub(super) name: String,
    /// `None` for a file that has none.
    pub(super) rows: Option<u64>,
    pub(super) bytes: u64,
    /// In hexadecimal.
    pub(super) sha256: String,
}

impl Listed {
    /// Checks that a file that came is this one.
    pub(super) fn check(&self, came: &Self) -> Result<(), ArchiveError> {
        let changed = |what, expected: String, got: String| {
            Err(ArchiveError::Changed { file: self.name.clone(), what, expected, got })
        };
        let rows = |listed: &Self| listed.rows.map_or("none".to_owned(), |rows| rows.to_string());
        if self.sha256 != came.sha256 {
            return changed("the SHA-256", excerpt(&self.sha256), came.sha256.clone());
        }
        if self.bytes != came.bytes {
            return changed("the size", self.bytes.to_string(), came.bytes.to_string());
        }
        if self.rows != came.rows {
            return changed("the number of rows", rows(self), rows(came));
        }
        Ok(())
    }
}
