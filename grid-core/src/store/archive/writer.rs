//! Writing an archive: a part of a table at a time is in memory, and nothing else.

use std::{io::Write, mem};

use aws_lc_rs::digest::{Context, SHA256};
use flate2::{Compression, write::GzEncoder};
use jiff::Timestamp;

use super::{
    ArchiveError, ArchiveProgress, Archived,
    cell::Value,
    manifest::{FOLDER, FORMAT, Format, Listed, MANIFEST, Manifest, README},
    tables::{Shape, Sheet},
    tar::{self, Entry},
};
use crate::store::Error;

/// After how many bytes a part of a table ends.
pub(super) const PART: usize = 8 << 20;

/// How far it is, to whoever asked.
pub(super) type Tell<'a> = dyn FnMut(ArchiveProgress) + Send + 'a;

/// An archive that is being written.
pub(super) struct Writer<'a> {
    out: GzEncoder<&'a mut (dyn Write + Send)>,
    format: Format,
    made_at: Timestamp,
    files: Vec<Listed>,
    archived: Vec<(&'static str, u64)>,
    rows: u64,
    tell: &'a mut Tell<'a>,
    /// The table that is being written, and the part of it that is not written yet.
    part: Option<Part>,
    /// The file that is being written, its hash and how much is to come.
    file: Option<(Entry, Context, u64)>,
}

struct Part {
    sheet: &'static Sheet,
    number: u32,
    rows: u64,
    content: Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Begins an archive that holds what `format` says, described by `readme`.
    pub(super) fn begin(
        out: &'a mut (dyn Write + Send),
        format: Format,
        readme: &str,
        made_at: Timestamp,
        tell: &'a mut Tell<'a>,
    ) -> Result<Self, Error> {
        let mut writer = Self {
            out: GzEncoder::new(out, Compression::new(4)),
            format,
            made_at,
            files: Vec::new(),
            archived: Vec::new(),
            rows: 0,
            tell,
            part: None,
            file: None,
        };
        writer.put(README, readme.as_bytes())?;
        let format = pretty(&writer.format)?;
        writer.put(FORMAT, &format)?;
        Ok(writer)
    }

    /// Begins a table.
    pub(super) fn table(&mut self, sheet: &'static Sheet) {
        self.archived.push((sheet.name, 0));
        self.part = Some(Part { sheet, number: 1, rows: 0, content: head(sheet) });
    }

    /// Writes a row of the table that was begun, its values in the order of the columns.
    pub(super) fn row(&mut self, values: &[Value]) -> Result<(), Error> {
        let Some(part) = self.part.as_mut() else { return Ok(()) };
        put_row(&mut part.content, part.sheet, values)?;
        part.rows += 1;
        self.rows += 1;
        if let Some((_, rows)) = self.archived.last_mut() {
            *rows += 1;
        }
        let table = part.sheet.name;
        if part.content.len() >= PART {
            self.end_part()?;
        }
        if self.rows.is_multiple_of(256) {
            (self.tell)(ArchiveProgress { table, rows: self.rows });
        }
        Ok(())
    }

    /// Ends the table that was begun; one without rows has a file, too.
    pub(super) fn end_table(&mut self) -> Result<(), Error> {
        if self.part.as_ref().is_some_and(|part| part.rows > 0 || part.number == 1) {
            self.end_part()?;
        }
        self.part = None;
        Ok(())
    }

    fn end_part(&mut self) -> Result<(), Error> {
        let Some(part) = self.part.as_mut() else { return Ok(()) };
        let name = part_name(part.sheet, part.number);
        let rows = mem::take(&mut part.rows);
        part.number += 1;
        let content = mem::replace(&mut part.content, head(part.sheet));
        self.files.push(Listed {
            name: name.clone(),
            rows: Some(rows),
            bytes: length(&content),
            sha256: hex(&crate::auth::sha256(&content)),
        });
        self.put(&name, &content)
    }

    /// Begins a file of so many bytes, which then come by [`Writer::more`].
    pub(super) fn file(&mut self, name: String, size: u64) -> Result<(), Error> {
        let entry = Entry { name: format!("{FOLDER}{name}"), size };
        self.put_header(&entry)?;
        self.file = Some((Entry { name, size }, Context::new(&SHA256), size));
        Ok(())
    }

    /// Writes more of the file that was begun; `false` where that is more than it was to have.
    pub(super) fn more(&mut self, content: &[u8]) -> Result<bool, Error> {
        let Some((_, hash, left)) = self.file.as_mut() else { return Ok(false) };
        let Some(still) = left.checked_sub(length(content)) else { return Ok(false) };
        *left = still;
        hash.update(content);
        self.write(content)?;
        Ok(true)
    }

    /// Ends the file that was begun; `false` where it is not whole.
    pub(super) fn end_file(&mut self) -> Result<bool, Error> {
        let Some((entry, hash, left)) = self.file.take() else { return Ok(false) };
        if left > 0 {
            return Ok(false);
        }
        self.fill(entry.size)?;
        let sha256 = hex(hash.finish().as_ref());
        self.files.push(Listed { name: entry.name, rows: None, bytes: entry.size, sha256 });
        Ok(true)
    }

    /// Writes the manifest, and says what is in the archive.
    pub(super) fn end(mut self) -> Result<Archived, Error> {
        let manifest = Manifest {
            format: self.format.clone(),
            made_at: self.made_at.to_string(),
            files: mem::take(&mut self.files),
        };
        self.put(MANIFEST, &pretty(&manifest)?)?;
        self.write(&[0; 2 * tar::BLOCK])?;
        let out = self.out.finish().map_err(unwritable)?;
        out.flush().map_err(unwritable)?;
        Ok(Archived { tables: self.archived })
    }

    /// Writes a whole file.
    fn put(&mut self, name: &str, content: &[u8]) -> Result<(), Error> {
        let entry = Entry { name: format!("{FOLDER}{name}"), size: length(content) };
        self.put_header(&entry)?;
        self.write(content)?;
        self.fill(entry.size)
    }

    fn put_header(&mut self, entry: &Entry) -> Result<(), Error> {
        let second = u64::try_from(self.made_at.as_second()).unwrap_or(0);
        self.write(&tar::header(entry, second))
    }

    fn fill(&mut self, size: u64) -> Result<(), Error> {
        let zeros = [0; tar::BLOCK];
        self.write(zeros.get(..tar::filling(size)).unwrap_or_default())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.out.write_all(bytes).map_err(unwritable)
    }
}

/// The name of a part of a table: that of the first has no number.
pub(super) fn part_name(sheet: &Sheet, number: u32) -> String {
    let (name, extension) = (sheet.name, sheet.shape.extension());
    if number == 1 { format!("{name}.{extension}") } else { format!("{name}.{number}.{extension}") }
}

/// What stands before the first row.
fn head(sheet: &Sheet) -> Vec<u8> {
    match sheet.shape {
        Shape::Lines => Vec::new(),
        Shape::Csv => {
            let names: Vec<&str> = sheet.columns.iter().map(|column| column.told).collect();
            format!("{}\n", names.join(",")).into_bytes()
        }
    }
}

/// Writes one row.
fn put_row(out: &mut Vec<u8>, sheet: &'static Sheet, values: &[Value]) -> Result<(), Error> {
    for (at, (column, value)) in sheet.columns.iter().zip(values).enumerate() {
        let cell = column.kind.show(value).filter(|_| column.may_be_null || *value != Value::Null);
        let cell =
            cell.ok_or(Error::Corrupt { thing: sheet.name, reason: "a column has what it cannot have" })?;
        match sheet.shape {
            Shape::Csv => {
                out.extend_from_slice(if at == 0 { b"" } else { b"," });
                cell.put_csv(out);
            }
            Shape::Lines => {
                out.extend_from_slice(if at == 0 { b"{\"" } else { b",\"" });
                out.extend_from_slice(column.told.as_bytes());
                out.extend_from_slice(b"\":");
                cell.put_json(out);
            }
        }
    }
    out.extend_from_slice(if sheet.shape == Shape::Csv { b"\n" } else { b"}\n" });
    Ok(())
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().map_or('0', char::from);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn pretty(value: &impl serde::Serialize) -> Result<Vec<u8>, Error> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|source| Error::Failed { action: "write the archive", source: source.into() })?;
    text.push(b'\n');
    Ok(text)
}

fn unwritable(source: std::io::Error) -> Error {
    ArchiveError::Unwritable { source }.into()
}
