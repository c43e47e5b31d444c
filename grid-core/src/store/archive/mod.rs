//! Everything that a store keeps, in one file: a `tar.gz` of CSV and of JSON lines that a person can open without GRID,
//! and that another store, of whatever kind, is filled from.
//!
//! ```text
//! grid-archive/README.txt            what this is, and what each column means
//! grid-archive/format.json           format, version, schema, what it holds, and what made it
//! grid-archive/users.ndjson          a table: one row a line, as a JSON object
//! grid-archive/readings.csv          a table of many short rows, as CSV with a header
//! grid-archive/readings.2.csv        and its next part, with a header of its own: a part ends after 8 MiB
//! grid-archive/recordings/<id>       the file of a battery recording, byte for byte
//! grid-archive/manifest.json         the same as format.json, when it was made, and of each file its rows, bytes and SHA-256
//! ```
//!
//! - `NULL` is `null` in JSON and an empty cell in CSV. Ids are UUIDs, instants RFC 3339 in UTC, to the microsecond;
//!   energies are kWh with six decimals; bytes are base64. What is kept as text stays that text, so that a statement's
//!   canonical JSON and its hash are the same afterwards.
//! - Readings leave the days that they are packed in, and are packed again: nothing in a file is in a form of this program.
//! - The tables stand in the order in which rows refer to each other, and rows in the order of their keys: two archives of
//!   the same content differ in `made_at` alone.
//! - An export reads one state of the database, and holds one part in memory. A restore takes a database without rows,
//!   reads the file once, from a pipe if need be, and is one transaction: what is cut off, changed or unknown leaves nothing.
//!
//! Which tables are left out, and why, stands in `tables`. `docs/decisions/0010-archive-and-erasure.md` has the reasons,
//! `docs/deploy/archive.md` the commands.

mod cell;
mod error;
mod export;
mod manifest;
mod own;
mod reader;
mod readings;
mod recordings;
mod restore;
mod rows;
mod tables;
mod tar;
mod writer;

pub use error::ArchiveError;
pub use manifest::{ArchiveProgress, Archived};
