//! Rows of JSON.

use std::{
    borrow::Cow,
    io::{BufRead, BufReader, Read},
};

use super::{
    Batch, Fault, Layout,
    batches::{Batches, Column, Row},
    lines::{LONGEST_LINE, ShortLines},
};
use crate::energy::Error;

/// One reading as JSON has it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Object {
    #[serde(default)]
    device: String,
    #[serde(default)]
    member: String,
    #[serde(default)]
    channel: String,
    start: String,
    end: String,
    #[serde(default)]
    energy_kwh: Option<Amount>,
    #[serde(default)]
    quality: String,
}

/// A decimal string, or a plain number.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Amount {
    Text(String),
    Number(serde_json::Number),
}

impl Object {
    fn take(&self, batches: &mut Batches<'_>, number: u64, place: impl Fn(Column) -> Fault) {
        let energy = match &self.energy_kwh {
            None => Cow::Borrowed(""),
            Some(Amount::Text(text)) => Cow::Borrowed(text.trim()),
            Some(Amount::Number(number)) => Cow::Owned(number.to_string()),
        };
        let row = Row {
            device: self.device.trim(),
            member: self.member.trim(),
            channel: self.channel.trim(),
            start: self.start.trim(),
            end: self.end.trim(),
            energy_kwh: &energy,
            quality: self.quality.trim(),
        };
        batches.take(row, number, place);
    }
}

pub(super) fn read_document(mut source: impl Read, file: &str, layout: Layout) -> Result<Vec<Batch>, Error> {
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes).map_err(|error| Error::Unreadable {
        file: file.to_owned(),
        line: 0,
        reason: error.kind(),
    })?;
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let is_list = text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let objects: Vec<Object> = if is_list {
        serde_json::from_slice(text)
    } else {
        serde_json::from_slice(text).map(|one: Object| vec![one])
    }
    .map_err(|error| Error::Rejected { file: file.to_owned(), faults: vec![unparsed(&error, 0)] })?;
    let pointer = |number: u64, column: Option<Column>| {
        let item = if is_list { format!("/{number}") } else { String::new() };
        let field = column.map_or_else(String::new, |column| format!("/{}", column.name()));
        Fault { header: Some(format!("{item}{field}")), ..Fault::default() }
    };
    let mut batches = Batches::new(file, layout);
    for (object, number) in objects.iter().zip(0..) {
        if batches.is_hopeless() {
            break;
        }
        object.take(&mut batches, number, |column| pointer(number, Some(column)));
    }
    batches.finish(|number| pointer(number, None))
}

pub(super) fn read_lines(source: impl Read, file: &str, layout: Layout) -> Result<Vec<Batch>, Error> {
    let mut reader = BufReader::with_capacity(256 * 1024, ShortLines::new(source));
    let mut batches = Batches::new(file, layout);
    let mut text = Vec::new();
    let mut line = 0_u64;
    while !batches.is_hopeless() {
        text.clear();
        line += 1;
        match reader.read_until(b'\n', &mut text) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
                batches.fault(Fault {
                    line: Some(line),
                    expected: format!("lines of at most {LONGEST_LINE} bytes"),
                    got: "a longer one; this is no file of readings".to_owned(),
                    ..Fault::default()
                });
                break;
            }
            Err(error) => {
                return Err(Error::Unreadable {
                    file: file.to_owned(),
                    line: line - 1,
                    reason: error.kind(),
                });
            }
        }
        let json = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text).trim_ascii();
        if json.is_empty() {
            continue;
        }
        match serde_json::from_slice::<Object>(json) {
            Ok(object) => object.take(&mut batches, line, |column| Fault {
                line: Some(line),
                header: Some(format!("/{}", column.name())),
                ..Fault::default()
            }),
            Err(error) => batches.fault(unparsed(&error, line - 1)),
        }
    }
    batches.finish(|line| Fault { line: Some(line), ..Fault::default() })
}

fn unparsed(error: &serde_json::Error, lines_before: u64) -> Fault {
    let said = error.to_string();
    // serde_json appends its own place, which is told apart here.
    let said = said.split(" at line ").next().unwrap_or_default();
    Fault {
        line: Some(lines_before + u64::try_from(error.line()).unwrap_or(0).max(1)),
        column: Some(u64::try_from(error.column()).unwrap_or(0)),
        header: None,
        expected: "an object with `channel`, `start`, `end`, `energy_kwh` and `quality`".to_owned(),
        got: crate::error::excerpt_of(said, 120),
    }
}
