//! One entry for every format.

use std::io::{self, Cursor, Read};

use super::{
    Error, Ingested, Options,
    batches::Batches,
    colombia, csv_rows, datadis,
    detect::detect,
    eda, generic_csv, green_button, json_rows,
    options::Format,
    sorted::Sorted,
    spill::{Scratch, Spill},
    table::{self, rejected},
};

/// Reads a file of readings in any format that is known, with no settings where the file says all that is needed.
///
/// The format is found out from the first bytes unless [`Options::format`] states it. A file is streamed; what stays in
/// memory is a few numbers for each reading, of which one file may have [`Options::most_readings`], and [`read_sorted`] is for
/// more than memory should hold. Either every row is good, or the error names up to twenty places. An empty cell is a missing
/// reading, never zero; the same row twice is one reading.
///
/// ```
/// use grid_core::{energy::ingest::{Layout, Options, read_any}, time::Calendar};
/// let file = "Zählpunkt;Datum;Uhrzeit;Verbrauch (kWh)\n\
///     AT01;25.10.2026;02:00;0,25\nAT01;25.10.2026;02:00;0,5\nAT01;25.10.2026;03:00;0,25\n";
/// let mut options = Options::new(Layout::Community);
/// options.calendar = Some(Calendar::new("Europe/Vienna")?);
/// let read = read_any(file.as_bytes(), "october.csv", &options)?;
/// let second = read.batches[0].readings[1].interval();
/// assert_eq!(second.start().to_string(), "2026-10-25T01:00:00Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::Rejected`] with the places, [`Error::FileTooLong`], or [`Error::Unreadable`] where the source fails.
pub fn read_any(source: impl Read, file: &str, options: &Options) -> Result<Ingested, Error> {
    let Ingested { format, evidence, batches } = read(source, file, options, Spill::none())?;
    Ok(Ingested { format, evidence, batches: batches.into_batches()? })
}

/// Reads a file like [`read_any`], in memory that does not grow with it: of a file with more readings than `held` (some
/// [`HELD`](super::HELD) are a good number) they wait in a scratch file, which `scratch` makes when there is need of it.
///
/// The formats of our own need no more than that. Of the others all rows are in memory until what only the whole file tells
/// is known, such as the length of its intervals. What comes of a file is the same with any `held`: its readings, and the
/// places that are wrong. Each channel of a device takes some hundred bytes, so a file with more than 100,000 of them is
/// [`Error::Rejected`], which [`read_any`] takes.
///
/// ```
/// use std::io::Cursor;
/// use grid_core::energy::ingest::{Layout, Options, read_sorted};
/// let mut file = "device,channel,start,end,energy_kwh\n".to_owned();
/// for hour in (0..24).rev() {
///     let day = "2026-01-01T";
///     file += &format!("roof,generation,{day}{hour:02}:00:00Z,{day}{hour:02}:59:00Z,0.5\n");
/// }
/// let options = Options::new(Layout::Community);
/// // On disk this would be `|| Ok(Box::new(tempfile::tempfile()?))`.
/// let read = read_sorted(file.as_bytes(), "roof.csv", &options, 10, || Ok(Box::new(Cursor::new(Vec::new()))))?;
/// let mut starts = Vec::new();
/// for portion in read.batches.portions() {
///     let portion = portion?;
///     assert!(portion.readings.len() <= 10);
///     starts.extend(portion.readings.iter().map(|reading| reading.interval().start()));
/// }
/// assert_eq!(starts.len(), 24);
/// assert!(starts.is_sorted());
/// # Ok::<(), grid_core::energy::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`read_any`], and [`Error::Unkept`] where the scratch file cannot be made or written.
pub fn read_sorted<'s>(
    source: impl Read,
    file: &'s str,
    options: &'s Options,
    held: usize,
    scratch: impl FnOnce() -> io::Result<Box<dyn Scratch>> + 's,
) -> Result<Ingested<Sorted>, Error> {
    read(source, file, options, Spill::above(held, scratch))
}

fn read<'s>(
    mut source: impl Read,
    file: &'s str,
    options: &'s Options,
    spill: Spill<'s>,
) -> Result<Ingested<Sorted>, Error> {
    let head = table::head(&mut source, file)?;
    let (format, why) = match options.format {
        Some(format) => (format, format!("read as `{format}`, as stated")),
        None => match detect(&head) {
            Some(found) => (found.format, format!("read as `{}`: {}", found.format, found.evidence)),
            None => return Err(unknown(&head, file)),
        },
    };
    let own = |batches| Ingested { format, evidence: Vec::new(), batches };
    let rows = |spill| Batches::within(file, options.layout, options.most_readings, spill);
    let mut read = match format {
        Format::Long => csv_rows::read(Cursor::new(head).chain(source), rows(spill)).map(own),
        Format::Json => json_rows::read_document(Cursor::new(head).chain(source), rows(spill)).map(own),
        Format::Lines => json_rows::read_lines(Cursor::new(head).chain(source), rows(spill)).map(own),
        Format::GenericCsv => generic_csv::read(&head, source, file, options, spill),
        Format::GreenButton => green_button::read(&head, source, file, options, spill),
        Format::Datadis => datadis::read(&head, source, file, options, spill),
        Format::Eda => eda::read(&head, source, file, options, spill),
        Format::Colombia => colombia::read(&head, source, file, options, spill),
    }?;
    read.evidence.insert(0, why);
    Ok(read)
}

/// What a file is that cannot be read.
fn unknown(head: &[u8], file: &str) -> Error {
    let got = match head {
        [] => "an empty file",
        [b'P', b'K', 3, 4, ..] => "a ZIP archive or an Excel workbook; save the sheet as CSV",
        [0xd0, 0xcf, 0x11, 0xe0, ..] => "an old Excel workbook; save the sheet as CSV",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "text in UTF-16; save it as UTF-8",
        [0x1f, 0x8b, ..] => "gzip-compressed data; unpack it",
        [b'%', b'P', b'D', b'F', ..] => "a PDF document",
        [b'<', ..] => "XML without resources of ESPI",
        _ if head.contains(&0) => "binary data",
        _ => "text without a header that names a time",
    };
    let expected =
        "a file of readings (CSV with a header, JSON, Green Button, Datadis, EDA, or 24 columns of hours)";
    rejected(file, 1, expected, got.to_owned())
}
