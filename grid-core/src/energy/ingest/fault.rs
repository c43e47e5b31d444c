//! One fault of a file.

use std::fmt;

use crate::error::Place;

/// One fault of a file of readings: where it is, what was expected and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// The line, counted from 1; `None` in a JSON document, whose places are pointers.
    pub line: Option<u64>,
    /// The field of the line (CSV) or the character (JSON that does not parse), counted from 1.
    pub column: Option<u64>,
    /// The row, counted from 0, in a table that is no text.
    pub row: Option<u64>,
    /// The column's header, or a JSON pointer.
    pub header: Option<String>,
    /// What was expected.
    pub expected: String,
    /// What was found, cut to a printable length.
    pub got: String,
}

impl Fault {
    pub(crate) fn place(&self) -> Place {
        let pointer = match (self.row, &self.header) {
            (Some(row), Some(header)) => Some(format!("/{row}/{header}")),
            (Some(row), None) => Some(format!("/{row}")),
            (None, header) => header.clone(),
        };
        Place {
            pointer,
            line: self.line,
            column: self.column,
            expected: self.expected.clone(),
            got: self.got.clone(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut place = Vec::new();
        if let Some(line) = self.line {
            place.push(format!("line {line}"));
        }
        if let Some(row) = self.row {
            place.push(format!("row {row}"));
        }
        if let Some(column) = self.column {
            place.push(format!("column {column}"));
        }
        if let Some(header) = &self.header {
            place.push(format!("`{header}`"));
        }
        if !place.is_empty() {
            write!(f, "{}: ", place.join(", "))?;
        }
        write!(f, "expected {}, got {}", self.expected, self.got)
    }
}
