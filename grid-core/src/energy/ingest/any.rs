//! One entry for every format.

use std::io::Read;

use super::{
    Error, Ingested, Options, colombia, csv_rows, datadis,
    detect::detect,
    eda, generic_csv, green_button, json_rows,
    options::Format,
    table::{self, rejected},
};

/// Reads a file of readings in any format that is known, with no settings where the file says all that is needed.
///
/// The format is found out from the first bytes unless [`Options::format`] states it. A file is streamed; what stays in
/// memory is a few numbers for each reading, of which one file may have eight million. Either every row is good, or the
/// error names up to twenty places. An empty cell is a missing reading, never zero; the same row twice is one reading.
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
/// [`Error::Rejected`] with the places, or [`Error::Unreadable`] where the source fails.
pub fn read_any(mut source: impl Read, file: &str, options: &Options) -> Result<Ingested, Error> {
    let head = table::head(&mut source, file)?;
    let (format, why) = match options.format {
        Some(format) => (format, format!("read as `{format}`, as stated")),
        None => match detect(&head) {
            Some(found) => (found.format, format!("read as `{}`: {}", found.format, found.evidence)),
            None => return Err(unknown(&head, file)),
        },
    };
    let own = |batches| Ingested { format, evidence: Vec::new(), batches };
    let layout = options.layout;
    let mut read = match format {
        Format::Long => csv_rows::read(std::io::Cursor::new(head).chain(source), file, layout).map(own),
        Format::Json => {
            json_rows::read_document(std::io::Cursor::new(head).chain(source), file, layout).map(own)
        }
        Format::Lines => {
            json_rows::read_lines(std::io::Cursor::new(head).chain(source), file, layout).map(own)
        }
        Format::GenericCsv => generic_csv::read(&head, source, file, options),
        Format::GreenButton => green_button::read(&head, source, file, options),
        Format::Datadis => datadis::read(&head, source, file, options),
        Format::Eda => eda::read(&head, source, file, options),
        Format::Colombia => colombia::read(&head, source, file, options),
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
