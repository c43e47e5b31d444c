//! Reading an archive: one file of a table at a time is in memory, a part of a recording's file otherwise.

use std::{
    io::{self, BufRead, BufReader, Read},
    ops::Range,
};

use aws_lc_rs::digest::{Context, SHA256};
use flate2::bufread::GzDecoder;
use serde_json::{Map, Value as Json};

use super::{
    ArchiveError,
    cell::{Cell, Value},
    manifest::{FOLDER, FORMAT, Format, Listed, MANIFEST, Manifest, README},
    tables::{Column, Shape, Sheet},
    tar::{self, Entry},
    writer::{PART, hex},
};
use crate::error::excerpt;

/// The longest file of a table that is read: a part, and one row beyond it.
const MOST_PART: u64 = (1 << 26) + (1 << 23);
const _: () = assert!(PART <= 1 << 23, "a part has room for one row beside what ends it");
/// The longest README or `format.json`.
const MOST_TEXT: u64 = 1 << 20;
/// The longest manifest: one line a file, half a million of them.
const MOST_MANIFEST: u64 = 1 << 27;

/// An archive that is being read.
pub(super) struct Reader<'a> {
    input: GzDecoder<BufReader<&'a mut (dyn Read + Send)>>,
    format: Format,
    /// The file that was opened last, and how much of it is to come.
    now: Entry,
    left: u64,
    /// What has come.
    files: Vec<Listed>,
}

impl<'a> Reader<'a> {
    /// Reads what an archive says of itself, and checks that this program can restore it.
    pub(super) fn open(input: &'a mut (dyn Read + Send)) -> Result<Self, ArchiveError> {
        let mut reader = Self {
            input: GzDecoder::new(BufReader::with_capacity(1 << 16, input)),
            format: Format::of_this_program(""),
            now: Entry { name: README.to_owned(), size: 0 },
            left: 0,
            files: Vec::new(),
        };
        for expected in [README, FORMAT] {
            let name = reader.next()?;
            let name = name.ok_or(ArchiveError::NotAnArchive { reason: "it ends where it should begin" })?;
            if name != expected {
                let (expected, got) = (format!("`{expected}`"), excerpt(&name));
                return Err(ArchiveError::UnexpectedFile { expected, got });
            }
            let content = reader.whole(MOST_TEXT)?;
            if expected == FORMAT {
                reader.format = serde_json::from_slice(&content).map_err(|fault| damaged(FORMAT, &fault))?;
            }
        }
        reader.format.check()?;
        Ok(reader)
    }

    /// How many migrations the archive's database had.
    pub(super) const fn schema(&self) -> usize {
        self.format.schema
    }

    /// Opens the next file, and gives its name; `None` after the last one.
    pub(super) fn next(&mut self) -> Result<Option<String>, ArchiveError> {
        let mut block = [0; tar::BLOCK];
        self.exactly(&mut block)?;
        let Some(entry) = tar::parse(&block)? else { return Ok(None) };
        let name = entry.name.strip_prefix(FOLDER).ok_or_else(|| ArchiveError::UnexpectedFile {
            expected: format!("a file in `{FOLDER}`"),
            got: excerpt(&entry.name),
        })?;
        self.now = Entry { name: name.to_owned(), size: entry.size };
        self.left = entry.size;
        Ok(Some(name.to_owned()))
    }

    /// How many bytes the open file has.
    pub(super) const fn size(&self) -> u64 {
        self.now.size
    }

    /// The open file as a whole.
    fn whole(&mut self, most: u64) -> Result<Vec<u8>, ArchiveError> {
        if self.now.size > most {
            return Err(ArchiveError::TooLong { file: self.now.name.clone(), most, got: self.now.size });
        }
        let mut content = Vec::new();
        // What is not there is not made room for: a header can say anything.
        let read = self.input.by_ref().take(self.left).read_to_end(&mut content);
        read.map_err(|source| self.unreadable(source))?;
        if u64::try_from(content.len()).ok() != Some(self.left) {
            return Err(self.cut_off());
        }
        self.left = 0;
        self.skip_filling()?;
        Ok(content)
    }

    /// The rows of the open file, which is one of `sheet`.
    pub(super) fn rows(&mut self, sheet: &'static Sheet) -> Result<Rows, ArchiveError> {
        let content = self.whole(MOST_PART)?;
        let rows = Rows::of(
            self.now.name.clone(),
            sheet,
            content,
            self.format.schema < Format::of_this_program("").schema,
        )?;
        self.files.push(Listed {
            name: self.now.name.clone(),
            rows: Some(rows.count()),
            bytes: self.now.size,
            sha256: hex(&crate::auth::sha256(&rows.content)),
        });
        Ok(rows)
    }

    /// Reads the open file by parts of at most `part` bytes, and gives each to `take`.
    pub(super) fn next_part(
        &mut self,
        hash: &mut Context,
        part: u64,
    ) -> Result<Option<Vec<u8>>, ArchiveError> {
        if self.left == 0 {
            return Ok(None);
        }
        let length = self.left.min(part);
        let mut content = Vec::new();
        let read = self.input.by_ref().take(length).read_to_end(&mut content);
        read.map_err(|source| self.unreadable(source))?;
        if u64::try_from(content.len()).ok() != Some(length) {
            return Err(self.cut_off());
        }
        hash.update(&content);
        self.left -= length;
        Ok(Some(content))
    }

    /// A hash for [`Reader::next_part`].
    pub(super) fn hash() -> Context {
        Context::new(&SHA256)
    }

    /// Ends a file that was read by parts.
    pub(super) fn end_file(&mut self, hash: Context) -> Result<(), ArchiveError> {
        let (name, bytes) = (self.now.name.clone(), self.now.size);
        self.files.push(Listed { name, rows: None, bytes, sha256: hex(hash.finish().as_ref()) });
        self.skip_filling()
    }

    /// Reads the open file as the manifest, compares what came with what it says, and sees that nothing follows.
    pub(super) fn finish(mut self) -> Result<(), ArchiveError> {
        let content = self.whole(MOST_MANIFEST)?;
        let manifest: Manifest =
            serde_json::from_slice(&content).map_err(|fault| damaged(MANIFEST, &fault))?;
        if manifest.format != self.format {
            let reason = "it contradicts `format.json`".to_owned();
            return Err(ArchiveError::Damaged { file: MANIFEST.to_owned(), reason });
        }
        for (listed, came) in manifest.files.iter().zip(&self.files) {
            if listed.name != came.name {
                let expected = format!("`{}`, as the manifest says", excerpt(&listed.name));
                return Err(ArchiveError::UnexpectedFile { expected, got: came.name.clone() });
            }
            listed.check(came)?;
        }
        let (listed, came) = (manifest.files.len(), self.files.len());
        if listed != came {
            return Err(ArchiveError::Changed {
                file: MANIFEST.to_owned(),
                what: "the number of files",
                expected: listed.to_string(),
                got: came.to_string(),
            });
        }
        if self.next()?.is_some() {
            let (expected, got) = ("the end after the manifest".to_owned(), excerpt(&self.now.name));
            return Err(ArchiveError::UnexpectedFile { expected, got });
        }
        // The checksum of the whole stands at the end of the compressed bytes, and is compared when that is reached.
        let rest = io::copy(&mut self.input.by_ref().take(1 << 20), &mut io::sink());
        rest.map_err(|source| self.unreadable(source))?;
        let more = self.input.get_mut().fill_buf().map(|bytes| !bytes.is_empty());
        if more.map_err(|source| ArchiveError::Unreadable { source })? {
            return Err(ArchiveError::NotAnArchive { reason: "something follows its end" });
        }
        Ok(())
    }

    fn skip_filling(&mut self) -> Result<(), ArchiveError> {
        let mut zeros = [0; tar::BLOCK];
        match zeros.get_mut(..tar::filling(self.now.size)) {
            Some(zeros) => self.exactly(zeros),
            None => Ok(()),
        }
    }

    fn exactly(&mut self, buffer: &mut [u8]) -> Result<(), ArchiveError> {
        self.input.read_exact(buffer).map_err(|source| self.unreadable(source))
    }

    fn cut_off(&self) -> ArchiveError {
        ArchiveError::CutOff { file: self.now.name.clone() }
    }

    fn unreadable(&self, source: io::Error) -> ArchiveError {
        match source.kind() {
            io::ErrorKind::UnexpectedEof => self.cut_off(),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData if self.files.is_empty() => {
                ArchiveError::NotAnArchive { reason: "it is not compressed by gzip, or damaged at its start" }
            }
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                ArchiveError::Damaged { file: self.now.name.clone(), reason: source.to_string() }
            }
            _ => ArchiveError::Unreadable { source },
        }
    }
}

fn damaged(file: &str, fault: &serde_json::Error) -> ArchiveError {
    ArchiveError::Damaged { file: file.to_owned(), reason: fault.to_string() }
}

/// The rows of a file, one after another.
pub(super) struct Rows {
    file: String,
    sheet: &'static Sheet,
    content: Vec<u8>,
    /// Where the next row begins, and on which line.
    at: usize,
    line: u64,
    /// Where the last line is.
    last: Range<usize>,
    /// For each column its place in the file; `None` where an earlier schema has it not.
    places: Vec<Option<usize>>,
    is_earlier: bool,
}

impl Rows {
    fn of(
        file: String,
        sheet: &'static Sheet,
        content: Vec<u8>,
        is_earlier: bool,
    ) -> Result<Self, ArchiveError> {
        let mut rows =
            Self { file, sheet, content, at: 0, line: 1, last: 0..0, places: Vec::new(), is_earlier };
        if sheet.shape == Shape::Csv {
            let head = rows.text()?.map(<[u8]>::to_vec).unwrap_or_default();
            let head = String::from_utf8_lossy(&head).into_owned();
            let told: Vec<&str> = head.split(',').collect();
            let place = |column: &Column| told.iter().position(|name| *name == column.told);
            rows.places = sheet.columns.iter().map(place).collect();
            let found = rows.places.iter().flatten().count();
            let lacks =
                |(column, place): (&Column, &Option<usize>)| place.is_none() && !rows.may_lack(column);
            if told.len() != found || sheet.columns.iter().zip(&rows.places).any(lacks) {
                return Err(rows.other_columns(1, &head));
            }
        }
        Ok(rows)
    }

    /// The line of the row that comes next.
    pub(super) const fn line(&self) -> u64 {
        self.line
    }

    /// The name of the file.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// How many rows there are: line feeds, as no column of a CSV file has one in it, less the header.
    fn count(&self) -> u64 {
        let lines = memchr::memchr_iter(b'\n', &self.content).count();
        let rows = if self.sheet.shape == Shape::Csv { lines.saturating_sub(1) } else { lines };
        u64::try_from(rows).unwrap_or(u64::MAX)
    }

    /// The next row, its values in the order of the columns.
    pub(super) fn next(&mut self) -> Result<Option<Vec<Value>>, ArchiveError> {
        let line = self.line;
        match self.sheet.shape {
            Shape::Csv => {
                if self.text()?.is_none() {
                    return Ok(None);
                }
                let text = self.content.get(self.last.clone()).unwrap_or_default();
                let text = std::str::from_utf8(text).map_err(|_| self.damaged(line, "is no text"))?;
                let cells: Vec<&str> = text.split(',').collect();
                if cells.len() != self.places.iter().flatten().count() {
                    return Err(self.damaged(line, &format!("has {} cells", cells.len())));
                }
                let columns = self.sheet.columns.iter().zip(&self.places);
                let values = columns.map(|(column, place)| {
                    let text = place.and_then(|place| cells.get(place)).copied().unwrap_or_default();
                    self.value(column, line, Cell::of_csv(text, column.kind).as_ref(), text)
                });
                values.collect::<Result<_, _>>().map(Some)
            }
            Shape::Lines => {
                let Some(text) = self.text()? else { return Ok(None) };
                let object = serde_json::from_slice(text);
                let mut object: Map<String, Json> =
                    object.map_err(|fault| self.damaged(line, &format!("is no JSON object: {fault}")))?;
                let mut values = Vec::with_capacity(self.sheet.columns.len());
                let told = object.keys().cloned().collect::<Vec<_>>().join(", ");
                for column in self.sheet.columns {
                    let json = match object.remove(column.told) {
                        Some(json) => json,
                        None if self.may_lack(column) => Json::Null,
                        None => return Err(self.other_columns(line, &told)),
                    };
                    values.push(self.value(
                        column,
                        line,
                        Cell::of_json(&json).as_ref(),
                        &json.to_string(),
                    )?);
                }
                if object.is_empty() { Ok(Some(values)) } else { Err(self.other_columns(line, &told)) }
            }
        }
    }

    /// The next line, without its end; every line has one.
    fn text(&mut self) -> Result<Option<&[u8]>, ArchiveError> {
        let rest = self.content.get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(None);
        }
        let length = memchr::memchr(b'\n', rest).ok_or_else(|| self.damaged(self.line, "has no end"))?;
        self.last = self.at..self.at + length;
        self.at += length + 1;
        self.line += 1;
        Ok(self.content.get(self.last.clone()))
    }

    fn damaged(&self, line: u64, what: &str) -> ArchiveError {
        ArchiveError::Damaged { file: self.file.clone(), reason: format!("line {line} {what}") }
    }

    /// Whether an archive of an earlier schema may be without a column.
    const fn may_lack(&self, column: &Column) -> bool {
        self.is_earlier && column.may_be_null
    }

    fn value(
        &self,
        column: &Column,
        line: u64,
        cell: Option<&Cell<'_>>,
        text: &str,
    ) -> Result<Value, ArchiveError> {
        let value = cell.and_then(|cell| column.kind.read(cell));
        value.filter(|value| column.may_be_null || *value != Value::Null).ok_or_else(|| {
            ArchiveError::NotAValue {
                file: self.file.clone(),
                line,
                column: column.told,
                expected: column.kind.expected(),
                got: excerpt(text),
            }
        })
    }

    fn other_columns(&self, line: u64, got: &str) -> ArchiveError {
        let expected: Vec<&str> = self.sheet.columns.iter().map(|column| column.told).collect();
        ArchiveError::OtherColumns {
            file: self.file.clone(),
            line,
            expected: expected.join(", "),
            got: excerpt(got),
        }
    }
}
