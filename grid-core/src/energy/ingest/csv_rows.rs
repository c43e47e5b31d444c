//! Rows of comma-separated values.

use std::io::{ErrorKind, Read};

use csv::{ByteRecord, ReaderBuilder};

use super::{
    Amount, Fault, Layout,
    batches::{Batches, Column, Moment, Row},
    lines::{LONGEST_LINE, ShortLines},
    sorted::Sorted,
};
use crate::{energy::Error, error::excerpt};

pub(super) fn read(source: impl Read, mut batches: Batches<'_>) -> Result<Sorted, Error> {
    let (file, layout) = (batches.file(), batches.layout());
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(256 * 1024)
        .from_reader(ShortLines::new(source));
    let mut record = ByteRecord::new();
    if !next(&mut reader, &mut record, file)? {
        return Err(rejected(
            file,
            "a header line like `device,channel,start,end,energy_kwh,quality`",
            "an empty file",
        ));
    }
    let columns = Columns::of(&record, layout)
        .map_err(|fault| Error::Rejected { file: file.to_owned(), faults: vec![fault] })?;
    while !batches.is_hopeless() && next(&mut reader, &mut record, file)? {
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != columns.count {
            let hint =
                if record.len() > columns.count { " (a decimal comma splits a value in two)" } else { "" };
            batches.fault(Fault {
                line: Some(line),
                column: Some(number(record.len().min(columns.count + 1))),
                expected: format!("{} fields, as the header has", columns.count),
                got: format!("{} fields{hint}", record.len()),
                ..Fault::default()
            });
            continue;
        }
        match columns.row(&record) {
            Ok(row) => batches.take(row, line, |column| columns.place(line, column)),
            Err(column) => batches.fault(Fault {
                expected: "text in UTF-8".to_owned(),
                got: "bytes of another encoding, such as Latin-1".to_owned(),
                ..columns.place(line, column)
            }),
        }
    }
    batches.finish(|line| Fault { line: Some(line), ..Fault::default() })
}

/// Which field of a row holds which column.
struct Columns {
    at: [Option<usize>; Column::ALL.len()],
    count: usize,
}

impl Columns {
    fn of(header: &ByteRecord, layout: Layout) -> Result<Self, Fault> {
        let fault = |column: Option<usize>, expected: &str, got: String| Fault {
            line: Some(1),
            column: column.map(|at| number(at + 1)),
            expected: expected.to_owned(),
            got,
            row: None,
            header: None,
        };
        let mut at = [None; Column::ALL.len()];
        for (field, name) in header.iter().enumerate() {
            let name = if field == 0 { name.strip_prefix(b"\xef\xbb\xbf").unwrap_or(name) } else { name };
            let name = String::from_utf8_lossy(name).trim().to_ascii_lowercase();
            if header.len() == 1 && name.contains([';', '\t', '|']) {
                let expected = "columns that are separated by commas";
                return Err(fault(Some(field), expected, format!("`{}`", excerpt(&name))));
            }
            let Some(slot) = Column::ALL.iter().zip(&mut at).find(|(column, _)| column.name() == name) else {
                let names = Column::ALL.map(Column::name).join("`, `");
                return Err(fault(
                    Some(field),
                    &format!("one of the columns `{names}`"),
                    format!("`{}`", excerpt(&name)),
                ));
            };
            if slot.1.replace(field).is_some() {
                return Err(fault(Some(field), "each column once", format!("`{name}` twice")));
            }
        }
        let columns = Self { at, count: header.len() };
        let needed: &[Column] = match layout {
            Layout::Community => {
                &[Column::Device, Column::Channel, Column::Start, Column::End, Column::Energy]
            }
            Layout::Device { channel: None } => {
                &[Column::Channel, Column::Start, Column::End, Column::Energy]
            }
            Layout::Device { channel: Some(_) } => &[Column::Start, Column::End, Column::Energy],
        };
        match needed.iter().find(|&&column| columns.field(column).is_none()) {
            Some(missing) => {
                Err(fault(None, &format!("a column `{}`", missing.name()), "a header without it".to_owned()))
            }
            None => Ok(columns),
        }
    }

    fn field(&self, column: Column) -> Option<usize> {
        Column::ALL.iter().zip(self.at).find(|(known, _)| **known == column).and_then(|(_, at)| at)
    }

    fn place(&self, line: u64, column: Column) -> Fault {
        Fault {
            line: Some(line),
            column: self.field(column).map(|at| number(at + 1)),
            header: Some(column.name().to_owned()),
            ..Fault::default()
        }
    }

    fn row<'r>(&self, record: &'r ByteRecord) -> Result<Row<'r>, Column> {
        let text = |column: Column| match self.field(column).and_then(|at| record.get(at)) {
            Some(bytes) => std::str::from_utf8(bytes).map(str::trim).map_err(|_| column),
            None => Ok(""),
        };
        Ok(Row {
            device: text(Column::Device)?,
            member: text(Column::Member)?,
            channel: text(Column::Channel)?,
            start: Moment::Text(text(Column::Start)?),
            end: Moment::Text(text(Column::End)?),
            energy_kwh: Amount::Text(text(Column::Energy)?),
            quality: text(Column::Quality)?,
        })
    }
}

fn next<R: Read>(reader: &mut csv::Reader<R>, record: &mut ByteRecord, file: &str) -> Result<bool, Error> {
    reader.read_byte_record(record).map_err(|error| {
        let line = reader.position().line();
        match error.into_kind() {
            csv::ErrorKind::Io(io) if io.kind() == ErrorKind::FileTooLarge => Error::Rejected {
                file: file.to_owned(),
                faults: vec![Fault {
                    line: Some(line),
                    expected: format!("lines of at most {LONGEST_LINE} bytes"),
                    got: "a longer one; this is no file of readings".to_owned(),
                    ..Fault::default()
                }],
            },
            csv::ErrorKind::Io(io) => {
                Error::Unreadable { file: file.to_owned(), line: line.saturating_sub(1), reason: io.kind() }
            }
            _ => rejected(file, "comma-separated values", "something else"),
        }
    })
}

fn rejected(file: &str, expected: &str, got: &str) -> Error {
    let fault =
        Fault { line: Some(1), expected: expected.to_owned(), got: got.to_owned(), ..Fault::default() };
    Error::Rejected { file: file.to_owned(), faults: vec![fault] }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
