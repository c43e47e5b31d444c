//! Delimited text as vendors write it: any delimiter, UTF-8 or Windows-1252, lines before the header.

use std::{
    borrow::Cow,
    io::{Cursor, ErrorKind, Read},
};

use csv::{ByteRecord, ReaderBuilder};

use super::{
    Fault,
    lines::{LONGEST_LINE, ShortLines},
};
use crate::{energy::Error, error::excerpt};

/// How much of a file is looked at before it is read.
pub(super) const HEAD: usize = 64 * 1024;

/// The delimiters that are looked for; of two that fit equally, the earlier.
const DELIMITERS: [u8; 4] = [b';', b'\t', b'|', b','];

/// The first bytes of a file.
pub(super) fn head(source: &mut impl Read, file: &str) -> Result<Vec<u8>, Error> {
    let mut head = Vec::new();
    let most = u64::try_from(HEAD).unwrap_or(u64::MAX);
    source.take(most).read_to_end(&mut head).map_err(|error| Error::Unreadable {
        file: file.to_owned(),
        line: 0,
        reason: error.kind(),
    })?;
    Ok(head)
}

/// Cuts a byte order mark of UTF-8.
pub(super) fn without_mark(head: &[u8]) -> &[u8] {
    head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head)
}

/// A cell as text: UTF-8 where it is, else Windows-1252, which is Latin-1 with letters where Latin-1 has controls.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|byte| of_windows_1252(*byte)).collect()),
    }
}

/// The WHATWG table of Windows-1252 for 0x80 to 0x9F.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

fn of_windows_1252(byte: u8) -> char {
    byte.checked_sub(0x80).and_then(|high| HIGH.get(usize::from(high))).copied().unwrap_or(char::from(byte))
}

/// The delimiter that cuts most lines of the head into the same number of fields.
pub(super) fn delimiter(head: &[u8]) -> u8 {
    let whole_lines = match head.iter().rposition(|byte| *byte == b'\n') {
        Some(last) if head.len() >= HEAD => head.get(..last).unwrap_or(head),
        _ => head,
    };
    let lines: Vec<&[u8]> = whole_lines
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .filter(|line| !line.trim_ascii().is_empty())
        .take(60)
        .collect();
    let mut best = (0, b',');
    for delimiter in DELIMITERS {
        let counts: Vec<usize> = lines.iter().map(|line| fields(line, delimiter)).collect();
        let alike = |count: usize| counts.iter().filter(|other| **other == count).count();
        let score = counts.iter().filter(|count| **count > 1).map(|count| alike(*count)).max().unwrap_or(0);
        if score > best.0 {
            best = (score, delimiter);
        }
    }
    best.1
}

fn fields(line: &[u8], delimiter: u8) -> usize {
    let mut quoted = false;
    1 + line
        .iter()
        .filter(|byte| {
            quoted ^= **byte == b'"';
            **byte == delimiter && !quoted
        })
        .count()
}

/// The rows of a delimited text.
pub(super) struct Table<R> {
    reader: csv::Reader<ShortLines<std::io::Chain<Cursor<Vec<u8>>, R>>>,
    record: ByteRecord,
    file: String,
    pub(super) delimiter: u8,
    /// Whether a cell so far was no UTF-8.
    pub(super) is_windows_1252: bool,
}

/// One row.
pub(super) struct Line<'r> {
    pub(super) number: u64,
    record: &'r ByteRecord,
}

impl Line<'_> {
    pub(super) fn len(&self) -> usize {
        self.record.len()
    }

    /// A cell without blanks around it; empty past the end.
    pub(super) fn cell(&self, field: usize) -> Cow<'_, str> {
        match text(self.record.get(field).unwrap_or_default()) {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        }
    }

    pub(super) fn cells(&self) -> Vec<String> {
        (0..self.len()).map(|field| self.cell(field).into_owned()).collect()
    }
}

impl<R: Read> Table<R> {
    /// `head` is what was read of `source` already.
    pub(super) fn open(head: &[u8], source: R, file: &str) -> Result<Self, Error> {
        if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
            return Err(rejected(file, 1, "text in UTF-8 or Windows-1252", "text in UTF-16".to_owned()));
        }
        let body = without_mark(head).to_vec();
        if body.is_empty() {
            return Err(rejected(file, 1, "a header line and rows", "an empty file".to_owned()));
        }
        let delimiter = delimiter(&body);
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .buffer_capacity(256 * 1024)
            .from_reader(ShortLines::new(Cursor::new(body).chain(source)));
        let record = ByteRecord::new();
        Ok(Self { reader, record, file: file.to_owned(), delimiter, is_windows_1252: false })
    }

    /// The next row that has anything in it.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, Error> {
        loop {
            match self.reader.read_byte_record(&mut self.record) {
                Ok(false) => return Ok(None),
                Ok(true) => {}
                Err(error) => return Err(self.failed(error)),
            }
            if self.record.iter().any(|cell| !cell.trim_ascii().is_empty()) {
                break;
            }
        }
        self.is_windows_1252 |= std::str::from_utf8(self.record.as_slice()).is_err();
        let number = self.record.position().map_or(0, csv::Position::line);
        Ok(Some(Line { number, record: &self.record }))
    }

    fn failed(&self, error: csv::Error) -> Error {
        let line = self.reader.position().line();
        match error.into_kind() {
            csv::ErrorKind::Io(io) if io.kind() == ErrorKind::FileTooLarge => rejected(
                &self.file,
                line,
                &format!("lines of at most {LONGEST_LINE} bytes"),
                "a longer one; this is no file of readings".to_owned(),
            ),
            csv::ErrorKind::Io(io) => {
                Error::Unreadable { file: self.file.clone(), line: line.saturating_sub(1), reason: io.kind() }
            }
            _ => rejected(&self.file, line, "delimited text", "something else".to_owned()),
        }
    }

    /// How the text was taken apart, for the evidence.
    pub(super) fn evidence(&self) -> String {
        let delimiter = match self.delimiter {
            b';' => "semicolons",
            b'\t' => "tabs",
            b'|' => "bars",
            _ => "commas",
        };
        let encoding = if self.is_windows_1252 { "Windows-1252 (Latin-1)" } else { "UTF-8" };
        format!("the columns are divided by {delimiter}; the text is {encoding}")
    }
}

/// A refusal with one fault.
pub(super) fn rejected(file: &str, line: u64, expected: &str, got: String) -> Error {
    let fault = Fault { line: Some(line), expected: expected.to_owned(), got, ..Fault::default() };
    Error::Rejected { file: file.to_owned(), faults: vec![fault] }
}

/// A cell for a message.
pub(super) fn shown(cell: &str) -> String {
    if cell.is_empty() { "nothing".to_owned() } else { format!("`{}`", excerpt(cell)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_the_one_that_cuts_all_lines_alike() {
        assert_eq!(delimiter(b"a;b\n1;0,5\n2;0,7\n"), b';');
        assert_eq!(delimiter(b"a,b\n1,0.5\n2,0.7\n"), b',');
        assert_eq!(delimiter(b"a\tb\n1\t0,5\n"), b'\t');
        assert_eq!(delimiter(b"a|b\n1|0,5\n"), b'|');
        assert_eq!(delimiter(b"a,b\n1,\"0,5\"\n2,\"0;7\"\n"), b',');
        assert_eq!(delimiter(b"title of it\n\na;b;c\n1;0,5;x\n"), b';');
        assert_eq!(delimiter(b""), b',');
    }

    #[test]
    fn bytes_that_are_no_utf_8_are_windows_1252() {
        assert_eq!(text(b"Generaci\xf3n \x80"), "Generación €");
        assert_eq!(text("Generación €".as_bytes()), "Generación €");
    }
}
