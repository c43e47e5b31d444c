//! Readings from files: our own CSV and JSON, and what meters, portals and operators of several countries write.
//!
//! [`read_any`] takes any of them: it finds out the [`Format`] by the file's first bytes and says in
//! [`Ingested::evidence`] how the file was understood. [`read_sorted`] does the same for files of any length, in memory that does
//! not grow with them. [`read_csv`], [`read_json`], [`read_ndjson`] and [`from_rows`]
//! take our own long format alone, and [`read_eda`] gives an Austrian operator's sheet with all that it computed.
//!
//! Everything is read and checked before anything is answered: either all rows are good, or the error names up to
//! twenty places, each with its line, its column and what was expected there. An energy with more than six decimals
//! of a kilowatt-hour is rounded to the milliwatt-hour, halves to even; nothing else is repaired.

mod any;
mod batches;
mod cells;
mod colombia;
mod country;
mod csv_rows;
mod datadis;
mod datadis_hours;
mod detect;
mod eda;
mod eda_columns;
mod eda_figures;
mod fault;
mod gather;
mod generic_csv;
mod green_button;
mod green_button_links;
mod header;
mod header_words;
mod json_rows;
mod lines;
mod local_clock;
mod markup;
mod metering_code;
mod options;
mod rows;
mod rows_order;
mod rows_times;
mod sorted;
mod spill;
mod stamp;
mod step;
mod table;
mod table_rows;
mod written;

use std::io::Read;

use jiff::Timestamp;

use super::{Channel, Error, Reading};
use batches::Batches;

pub use any::{read_any, read_sorted};
pub use detect::{Detected, detect};
pub use eda::{EdaColumn, EdaTable, read_eda};
pub use eda_figures::OperatorFigures;
pub use fault::Fault;
pub use local_clock::StampConvention;
pub use metering_code::{EnergyDirection, MeteringCode};
pub use options::{Format, HourLabels, Ingested, Options};
pub use sorted::{Portion, Portions, Register, Sorted};
pub use spill::Scratch;
pub use stamp::DateOrder;
pub use written::DecimalMark;

/// How many readings of a file are well held in memory: some ten megabytes of them.
pub const HELD: usize = 100_000;

/// The readings of one channel of one device, as a file gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The device as the file names it (an id or a name); `None` in a file of one device.
    pub device: Option<String>,
    /// The member that the device belongs to, where the file names one; never two for one device.
    pub member: Option<String>,
    /// The channel.
    pub channel: Channel,
    /// The readings, by start, without duplicates or overlaps.
    pub readings: Vec<Reading>,
}

/// Which columns a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One device: `channel,start,end,energy_kwh,quality`. The channel may be left out where it is told here, the
    /// quality where all is measured.
    Device {
        /// The channel of rows that name none.
        channel: Option<Channel>,
    },
    /// A community, the long format: `device,channel,start,end,energy_kwh,quality`, and `member` if wanted.
    Community,
}

/// One row of a table in memory; an empty text is no text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TableRow<'a> {
    /// The device, by id or name.
    pub device: &'a str,
    /// The member that the device belongs to.
    pub member: &'a str,
    /// The channel's name.
    pub channel: &'a str,
    /// The first instant.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
    /// The energy.
    pub energy_kwh: Amount<'a>,
    /// The quality's name; where there is none, what has an energy is measured and the rest is missing.
    pub quality: &'a str,
}

/// Kilowatt-hours in a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount<'a> {
    /// Decimal text with a point.
    Text(&'a str),
    /// A number, which stands for the shortest decimal text that makes it.
    Kwh(f64),
    /// None.
    Missing,
}

impl Amount<'_> {
    fn trim(self) -> Self {
        match self {
            Self::Text(text) => match text.trim() {
                "" => Self::Missing,
                text => Self::Text(text),
            },
            Self::Kwh(kwh) if kwh.is_nan() => Self::Missing,
            Self::Kwh(_) | Self::Missing => self,
        }
    }
}

/// Takes the rows of a table in memory by the rules of the files; the places of its faults are rows from 0, and columns.
///
/// ```
/// use grid_core::{energy::ingest::{Amount, Layout, TableRow, from_rows}, quantity::Energy};
/// let [start, end] = ["2026-01-01T00:00:00Z", "2026-01-01T00:15:00Z"].map(|at| at.parse().unwrap());
/// let row = TableRow {
///     device: "casa 7", member: "", channel: "import", start, end, energy_kwh: Amount::Kwh(0.1234565), quality: "",
/// };
/// let batches = from_rows([row], "table", Layout::Community)?;
/// assert_eq!(batches[0].readings[0].energy(), Some(Energy::from_mwh(123_456)));
/// # Ok::<(), grid_core::energy::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Rejected`] with the places.
pub fn from_rows<'a>(
    rows: impl IntoIterator<Item = TableRow<'a>>,
    name: &str,
    layout: Layout,
) -> Result<Vec<Batch>, Error> {
    table_rows::gather(rows, name, layout)
}

/// Reads comma-separated values with a header line.
///
/// Instants are RFC 3339 with `Z` or an offset, energies decimal kilowatt-hours with a point, qualities those of
/// [`crate::series::Quality`]; a missing reading has an empty energy. A byte order mark is skipped.
///
/// ```
/// use grid_core::energy::ingest::{Layout, read_csv};
/// let file = "device,channel,start,end,energy_kwh,quality\n\
///     casa 7,import,2026-01-01T00:00:00Z,2026-01-01T00:15:00Z,0.25,measured\n";
/// let batches = read_csv(file.as_bytes(), "readings.csv", Layout::Community)?;
/// assert_eq!(batches[0].readings.len(), 1);
/// # Ok::<(), grid_core::energy::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Rejected`] with the places, or [`Error::Unreadable`] where the source fails.
pub fn read_csv(source: impl Read, file: &str, layout: Layout) -> Result<Vec<Batch>, Error> {
    csv_rows::read(source, Batches::new(file, layout))?.into_batches()
}

/// Reads one JSON object, or a list of them, with the keys that the CSV has as columns.
///
/// # Errors
///
/// [`Error::Rejected`] with the places, or [`Error::Unreadable`] where the source fails.
pub fn read_json(source: impl Read, file: &str, layout: Layout) -> Result<Vec<Batch>, Error> {
    json_rows::read_document(source, Batches::new(file, layout))?.into_batches()
}

/// Reads one JSON object a line.
///
/// # Errors
///
/// [`Error::Rejected`] with the places, or [`Error::Unreadable`] where the source fails.
pub fn read_ndjson(source: impl Read, file: &str, layout: Layout) -> Result<Vec<Batch>, Error> {
    json_rows::read_lines(source, Batches::new(file, layout))?.into_batches()
}

#[cfg(test)]
mod file_tests;
#[cfg(test)]
mod sorted_tests;
#[cfg(test)]
mod tests;
