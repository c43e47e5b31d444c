//! Rows of JSON.

use std::{
    borrow::Cow,
    fmt,
    io::{self, BufRead, BufReader, Read},
};

use serde::{
    Deserialize as _, Deserializer as _,
    de::{MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use super::{
    Amount, Fault,
    batches::{Batches, Column, Moment, Row},
    lines::{LONGEST_LINE, ShortLines},
    sorted::Sorted,
};
use crate::energy::Error;

/// A document that ends before so many bytes is read from memory: to make a reader's buffer takes as long as to parse it.
const AT_ONCE: u64 = 64 << 10;

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
    energy_kwh: Option<Written>,
    #[serde(default)]
    quality: String,
}

/// A decimal string, or a plain number.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Number(serde_json::Number),
}

impl Object {
    fn take(&self, batches: &mut Batches<'_>, number: u64, place: impl Fn(Column) -> Fault) {
        let energy = match &self.energy_kwh {
            None => Cow::Borrowed(""),
            Some(Written::Text(text)) => Cow::Borrowed(text.trim()),
            Some(Written::Number(number)) => Cow::Owned(number.to_string()),
        };
        let row = Row {
            device: self.device.trim(),
            member: self.member.trim(),
            channel: self.channel.trim(),
            start: Moment::Text(self.start.trim()),
            end: Moment::Text(self.end.trim()),
            energy_kwh: Amount::Text(&energy),
            quality: self.quality.trim(),
        };
        batches.take(row, number, place);
    }
}

/// A source whose whole lines are counted. What fails after a document is told by the parser without a place.
struct Counted<R> {
    source: R,
    lines: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        let ends = buffer.iter().take(count).map(|byte| u64::from(*byte == b'\n'));
        self.lines += ends.sum::<u64>();
        Ok(count)
    }
}

pub(super) fn read_document(source: impl Read, mut batches: Batches<'_>) -> Result<Sorted, Error> {
    let file = batches.file();
    let mut source = Counted { source, lines: 0 };
    let unreadable = |line, reason| Error::Unreadable { file: file.to_owned(), line, reason };
    let mut head = Vec::new();
    let failed = source.by_ref().take(AT_ONCE).read_to_end(&mut head).err();
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    let mut is_list = false;
    let rows = Rows { batches: &mut batches, is_list: &mut is_list };
    let is_over = failed.is_some() || u64::try_from(head.len()).is_ok_and(|length| length < AT_ONCE);
    let outcome = if is_over {
        document(&mut serde_json::Deserializer::from_slice(text), rows)
    } else {
        let reader = BufReader::with_capacity(256 * 1024, text.chain(&mut source));
        document(&mut serde_json::Deserializer::from_reader(reader), rows)
    };
    if let Some(failed) = failed
        && !batches.is_hopeless()
        && outcome.as_ref().err().is_none_or(serde_json::Error::is_eof)
    {
        return Err(unreadable(source.lines, failed.kind()));
    }
    if let Err(error) = outcome
        && !batches.is_hopeless()
    {
        if let Some(reason) = error.io_error_kind() {
            return Err(unreadable(source.lines, reason));
        }
        batches.fault(unparsed(&error, 0));
    }
    batches.finish(|number| pointer(is_list, number, None))
}

/// Reads a document to its end.
fn document<'de, R: serde_json::de::Read<'de>>(
    json: &mut serde_json::Deserializer<R>,
    rows: Rows<'_, '_>,
) -> serde_json::Result<()> {
    json.deserialize_any(rows)?;
    json.end()
}

/// Where in a document a row or its field is.
fn pointer(is_list: bool, number: u64, column: Option<Column>) -> Fault {
    let item = if is_list { format!("/{number}") } else { String::new() };
    let field = column.map_or_else(String::new, |column| format!("/{}", column.name()));
    Fault { header: Some(format!("{item}{field}")), ..Fault::default() }
}

/// Takes an object, or the objects of a list one by one, so that no document is held whole.
struct Rows<'b, 'f> {
    batches: &'b mut Batches<'f>,
    is_list: &'b mut bool,
}

impl<'de> Visitor<'de> for Rows<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let object = Object::deserialize(MapAccessDeserializer::new(map))?;
        object.take(self.batches, 0, |column| pointer(false, 0, Some(column)));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        *self.is_list = true;
        let mut number = 0;
        // What is hopeless is not read to its end.
        while !self.batches.is_hopeless()
            && let Some(object) = list.next_element::<Object>()?
        {
            object.take(self.batches, number, |column| pointer(true, number, Some(column)));
            number += 1;
        }
        Ok(())
    }
}

pub(super) fn read_lines(source: impl Read, mut batches: Batches<'_>) -> Result<Sorted, Error> {
    let file = batches.file();
    let mut reader = BufReader::with_capacity(256 * 1024, ShortLines::new(source));
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
        row: None,
        header: None,
        expected: "an object with `channel`, `start`, `end`, `energy_kwh` and `quality`".to_owned(),
        got: crate::error::excerpt_of(said, 120),
    }
}
