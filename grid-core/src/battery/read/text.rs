//! Bytes to lines: encodings, byte order marks, line ends, and what is not text at all.

use super::super::error::Error;

/// First bytes of files that are not text, and what they are.
const MAGIC: [(&[u8], &str); 13] = [
    (b"PK\x03\x04", "a ZIP archive (an Excel workbook or a Neware .ndax?)"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"BZh", "bzip2-compressed data"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
    (b"PAR1", "a Parquet file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"BIO-LOGIC MODULAR FILE", "a BioLogic .mpr file"),
    (b"NEWARE", "a Neware .nda file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)"),
    (b"\x00\x01\x00\x00Standard", "an Access database (an Arbin .res file?)"),
    (b"SQLite format 3", "an SQLite database"),
    (b"MATLAB 5.0", "a MATLAB file"),
    (b"%PDF", "a PDF document"),
];

/// How many bytes at the start are looked at to tell text from something else.
const SNIFFED: usize = 4096;

/// How the characters of a source are written.
///
/// UTF-16 is turned into UTF-8. UTF-8 and the one-byte encodings stay as they are: numbers are ASCII in all of them,
/// and [`shown`] makes text of the few names that are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// ASCII as it is, after a byte order mark of so many bytes.
    AsIs { skipped: usize },
    /// Two bytes a character, the smaller first or the larger.
    Utf16 { little: bool, skipped: usize },
}

impl Encoding {
    /// The encoding that the first bytes of a source are in.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] without any, [`Error::NotText`] where they are those of an archive or a binary file.
    pub(super) fn of(first: &[u8]) -> Result<Self, Error> {
        if first.is_empty() {
            return Err(Error::Empty);
        }
        if let Some((_, found)) = MAGIC.iter().find(|(magic, _)| first.starts_with(magic)) {
            return Err(Error::NotText { found });
        }
        Ok(match first {
            [0xEF, 0xBB, 0xBF, ..] => Self::AsIs { skipped: 3 },
            [0xFF, 0xFE, ..] => Self::Utf16 { little: true, skipped: 2 },
            [0xFE, 0xFF, ..] => Self::Utf16 { little: false, skipped: 2 },
            [first, 0, third, 0, ..] if *first != 0 && *third != 0 => {
                Self::Utf16 { little: true, skipped: 0 }
            }
            _ => Self::AsIs { skipped: 0 },
        })
    }
}

/// Refuses a start of a text that is none.
///
/// # Errors
///
/// [`Error::Empty`] where there is nothing but blanks, [`Error::NotText`] where there are many control characters.
pub(super) fn check(head: &[u8]) -> Result<(), Error> {
    let start = head.get(..SNIFFED).unwrap_or(head);
    let odd = start.iter().filter(|byte| matches!(byte, 0..=8 | 14..=31)).count();
    if start.contains(&0) && odd * 50 > start.len() || odd * 8 > start.len() {
        return Err(Error::NotText { found: "binary data" });
    }
    if head.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::Empty);
    }
    Ok(())
}

/// UTF-16 to UTF-8, piece by piece.
#[derive(Clone, Copy, Debug)]
pub(super) struct FromUtf16 {
    little: bool,
    /// Half of a unit, and half of a pair of units.
    byte: Option<u8>,
    high: Option<u16>,
}

impl FromUtf16 {
    pub(super) fn new(little: bool) -> Self {
        Self { little, byte: None, high: None }
    }

    /// Adds the text of a piece; at the `last`, half a pair becomes a replacement character.
    pub(super) fn push(&mut self, piece: &[u8], last: bool, out: &mut Vec<u8>) {
        let mut units = Vec::with_capacity(piece.len() / 2 + 2);
        units.extend(self.high.take());
        for byte in piece {
            match self.byte.take() {
                None => self.byte = Some(*byte),
                Some(first) => {
                    let pair = [first, *byte];
                    units.push(if self.little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) });
                }
            }
        }
        if !last && units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) {
            self.high = units.pop();
        }
        let mut bytes = [0; 4];
        for c in char::decode_utf16(units) {
            let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
            out.extend_from_slice(c.encode_utf8(&mut bytes).as_bytes());
        }
    }
}

/// Makes tabs of runs of blanks inside a line, and drops those at its start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tabbed {
    least: usize,
    blanks: usize,
    at_start: bool,
}

impl Tabbed {
    /// Of runs of at least `least` blanks; shorter ones stay.
    pub(super) fn new(least: usize) -> Self {
        Self { least, blanks: 0, at_start: true }
    }

    pub(super) fn least(&self) -> usize {
        self.least
    }

    /// Adds the text of a piece.
    pub(super) fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        for byte in piece {
            if *byte == b' ' {
                self.blanks += 1;
                continue;
            }
            if self.blanks >= self.least && !self.at_start {
                out.push(b'\t');
            } else if self.blanks > 0 && !self.at_start {
                out.resize(out.len() + self.blanks, b' ');
            }
            self.blanks = 0;
            self.at_start = matches!(byte, b'\n' | b'\r');
            out.push(*byte);
        }
    }
}

/// A short piece as text: UTF-8 where it is, else Latin-1, which every byte fits.
pub(super) fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// The byte that ends lines: a line feed, or a carriage return where a file has no line feeds.
pub(super) fn line_end(text: &[u8]) -> u8 {
    let head = text.get(..1 << 16).unwrap_or(text);
    if memchr::memchr(b'\n', head).is_none() && memchr::memchr(b'\r', head).is_some() { b'\r' } else { b'\n' }
}

/// A line with its number (from 1) and the place of its first byte.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) number: u64,
    pub(super) start: usize,
    /// Without the line end.
    pub(super) bytes: &'a [u8],
}

impl Line<'_> {
    /// Whether nothing but blanks and delimiters stand there.
    pub(super) fn is_blank(&self) -> bool {
        self.bytes.iter().all(|byte| matches!(byte, b' ' | b'\t' | b',' | b';' | b'\r' | b'"' | b'|'))
    }

    /// The place of the first byte of the next line.
    pub(super) fn next_start(&self) -> usize {
        self.start + self.bytes.len() + 1
    }
}

/// The lines from `start` on, the first having the number `number`.
pub(super) fn lines(text: &[u8], end: u8, start: usize, number: u64) -> impl Iterator<Item = Line<'_>> {
    let mut next = Some((start, number));
    std::iter::from_fn(move || {
        let (start, number) = next?;
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(end, rest);
        let bytes = rest.get(..length.unwrap_or(rest.len())).unwrap_or(rest);
        next = length.map(|length| (start + length + 1, number + 1));
        Some(Line { number, start, bytes })
    })
}

/// Splits one line at the delimiter, leaving alone what stands between quotes.
pub(super) fn fields(line: &[u8], delimiter: u8) -> Vec<&[u8]> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if memchr::memchr(b'"', line).is_none() {
        return line.split(|byte| *byte == delimiter).collect();
    }
    let mut quoted = false;
    line.split(|byte| {
        if *byte == b'"' {
            quoted = !quoted;
        }
        *byte == delimiter && !quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_becomes_utf_8_in_pieces_of_any_size() {
        let text = "U/V µ 𝄞";
        for little in [true, false] {
            let bytes: Vec<u8> = text
                .encode_utf16()
                .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
                .collect();
            for size in 1..bytes.len() {
                let mut utf16 = FromUtf16::new(little);
                let mut out = Vec::new();
                for piece in bytes.chunks(size) {
                    utf16.push(piece, false, &mut out);
                }
                utf16.push(&[], true, &mut out);
                assert_eq!(out, text.as_bytes());
            }
        }
    }

    #[test]
    fn blanks_become_tabs_in_pieces_of_any_size() {
        let text = b"  a  b c   d\n   e  f  ";
        for size in 1..text.len() {
            let mut tabbed = Tabbed::new(2);
            let mut out = Vec::new();
            for piece in text.chunks(size) {
                tabbed.push(piece, &mut out);
            }
            assert_eq!(out, b"a\tb c\td\ne\tf");
        }
    }

    #[test]
    fn archives_and_workbooks_are_named() {
        let error = Encoding::of(b"PK\x03\x04rest").unwrap_err().to_string();
        assert!(error.contains("ZIP"), "{error}");
    }

    #[test]
    fn every_byte_is_latin_1() {
        assert_eq!(shown(b"I/\xb5A"), "I/µA");
        assert_eq!(shown("T/°C".as_bytes()), "T/°C");
    }

    #[test]
    fn quotes_keep_a_delimiter() {
        assert_eq!(fields(b"1,\"a,b\",2\r", b','), [b"1".as_slice(), b"\"a,b\"", b"2"]);
    }
}
