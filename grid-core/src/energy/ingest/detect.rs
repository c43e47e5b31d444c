//! Which format a file has, by its first bytes.

use super::{
    batches::Column,
    colombia, datadis, eda_columns, generic_csv, header,
    options::Format,
    table::{self, text, without_mark},
};

/// A format, and why it is taken for that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detected {
    /// The format.
    pub format: Format,
    /// Why, in a sentence.
    pub evidence: String,
}

/// Finds out which format the first bytes of a file (some ten kilobytes are plenty) belong to; `None` where it is none
/// that is read.
///
/// ```
/// use grid_core::energy::ingest::{Format, detect};
/// let found = detect(b"CUPS;Fecha;Hora;Consumo_kWh;Metodo_obtencion\n").unwrap();
/// assert_eq!(found.format, Format::Datadis);
/// assert_eq!(detect(b"PK\x03\x04"), None);
/// ```
pub fn detect(head: &[u8]) -> Option<Detected> {
    let found = |format, evidence: &str| Some(Detected { format, evidence: evidence.to_owned() });
    let body = without_mark(head).trim_ascii_start();
    match body.first()? {
        b'<' => return espi(body),
        b'[' => return found(Format::Json, "it begins as a JSON list"),
        b'{' => {
            let lines =
                body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
            let objects = lines
                .take(2)
                .filter(|line| line.first() == Some(&b'{') && line.last() == Some(&b'}'))
                .count();
            return if objects == 2 {
                found(Format::Lines, "it has a JSON object on each line")
            } else {
                found(Format::Json, "it begins as a JSON object")
            };
        }
        _ => {}
    }
    // A NUL is in no text that is read.
    if body.contains(&0) {
        return None;
    }
    let delimiter = table::delimiter(body);
    let lines = body.split(|byte| matches!(byte, b'\n' | b'\r')).filter(|line| !line.trim_ascii().is_empty());
    let rows: Vec<Vec<String>> = lines.take(40).map(|line| cells(line, delimiter)).collect();
    let is_long = rows.first().is_some_and(|header| {
        let known = |cell: &String| Column::ALL.iter().any(|column| column.name().eq_ignore_ascii_case(cell));
        let has = |name: &str| header.iter().any(|cell| cell.eq_ignore_ascii_case(name));
        delimiter == b',' && header.iter().all(known) && has("start") && has("end") && has("energy_kwh")
    });
    if is_long {
        return found(Format::Long, "its header is that of the long format");
    }
    if rows.iter().filter(|row| row.first().is_some_and(|first| eda_columns::is_header(first))).count() > 1 {
        return found(
            Format::Eda,
            "its lines begin with `MeteringpointID`, `Energy direction` and `Metercode`, as the EDA portal's",
        );
    }
    if rows.iter().any(|row| colombia::is_header(row)) {
        return found(Format::Colombia, "its header has a date and 24 hours");
    }
    if let Some(at) = rows.iter().position(|row| datadis::is_header(row)) {
        // The same columns with quarter-hours are any CSV.
        let hour = rows.get(at).and_then(|header| {
            header.iter().position(|cell| header::any(&header::words(cell), &["hora", "hour", "time"]))
        });
        let mut hours = rows.iter().skip(at + 1).filter_map(|row| row.get(hour?));
        return if hours.all(|cell| datadis::hour(cell).is_some()) {
            found(
                Format::Datadis,
                "its header has `CUPS`, `fecha` and `hora`, and the hours are whole, as in files of Datadis and Spanish distributors",
            )
        } else {
            found(
                Format::GenericCsv,
                "its header has `CUPS`, `fecha` and `hora`, but the hours are not whole",
            )
        };
    }
    if rows.iter().take(30).any(|row| generic_csv::is_header(row)) {
        return found(Format::GenericCsv, "it is delimited text, and its header names a time");
    }
    None
}

/// Green Button is Atom with resources of ESPI in it.
fn espi(body: &[u8]) -> Option<Detected> {
    let holds = |needle: &[u8]| memchr::memmem::find(body, needle).is_some();
    let why = if holds(b"naesb.org/espi") {
        "it is XML and names the namespace of ESPI"
    } else if holds(b"IntervalBlock") || holds(b"UsagePoint") {
        "it is XML with resources of ESPI"
    } else {
        return None;
    };
    Some(Detected { format: Format::GreenButton, evidence: why.to_owned() })
}

fn cells(line: &[u8], delimiter: u8) -> Vec<String> {
    let mut quoted = false;
    line.split(|byte| {
        quoted ^= *byte == b'"';
        *byte == delimiter && !quoted
    })
    .map(|cell| text(cell).trim().trim_matches('"').trim().to_owned())
    .collect()
}
