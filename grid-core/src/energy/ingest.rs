//! Readings from files.
use crate::error::Place;
/// One fault of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line, counted from 1.
    pub line: u64,
    /// Field of the line, counted from 1.
    pub column: Option<u64>,
    /// The column's header.
    pub header: Option<String>,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub got: String,
}
impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        if let Some(header) = &self.header {
            write!(f, " (`{header}`)")?;
        }
        write!(f, ": expected {}, got {}", self.expected, self.got)
    }
}
impl Fault {
    pub(crate) fn place(&self) -> Place {
        Place {
            pointer: self.header.clone(),
            line: Some(self.line),
            column: self.column,
            expected: self.expected.clone(),
            got: self.got.clone(),
        }
    }
}
