//! Bytes to lines: encodings, byte order marks, line ends, and what is not text at all.

use std::borrow::Cow;

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

/// The text of a file as bytes that hold ASCII as it is, without a byte order mark.
///
/// UTF-16 is turned into UTF-8. UTF-8 and the one-byte encodings stay as they are: numbers are ASCII in all of them,
/// and [`shown`] makes text of the few names that are needed.
pub(super) fn decoded(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Error> {
    if bytes.is_empty() {
        return Err(Error::Empty);
    }
    if let Some((_, found)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(Error::NotText { found });
    }
    let text = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => Cow::Borrowed(rest),
        [0xFF, 0xFE, rest @ ..] => Cow::Owned(from_utf16(rest, u16::from_le_bytes)),
        [0xFE, 0xFF, rest @ ..] => Cow::Owned(from_utf16(rest, u16::from_be_bytes)),
        [first, 0, third, 0, ..] if *first != 0 && *third != 0 => {
            Cow::Owned(from_utf16(bytes, u16::from_le_bytes))
        }
        _ => Cow::Borrowed(bytes),
    };
    let head = text.get(..SNIFFED).unwrap_or(&text);
    let odd = head.iter().filter(|byte| matches!(byte, 0..=8 | 14..=31)).count();
    if head.contains(&0) && odd * 50 > head.len() || odd * 8 > head.len() {
        return Err(Error::NotText { found: "binary data" });
    }
    if text.iter().take(SNIFFED).all(u8::is_ascii_whitespace) && text.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::Empty);
    }
    Ok(text)
}

fn from_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Vec<u8> {
    let units = bytes.chunks_exact(2).map(|pair| match pair {
        [first, second] => unit([*first, *second]),
        _ => 0,
    });
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect::<String>()
        .into_bytes()
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
    fn utf_16_becomes_utf_8() {
        let mut little = vec![0xFF, 0xFE];
        "U/V µ".encode_utf16().for_each(|unit| little.extend(unit.to_le_bytes()));
        assert_eq!(decoded(&little).unwrap().as_ref(), "U/V µ".as_bytes());
    }

    #[test]
    fn archives_and_workbooks_are_named() {
        let error = decoded(b"PK\x03\x04rest").unwrap_err().to_string();
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
