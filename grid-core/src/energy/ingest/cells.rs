//! The cells of a row under the header of its file.

use super::{
    gather::{Gather, Spot},
    generic_csv::column,
    table::{Line, shown},
    written::{Cell, Marks, Written},
};

/// A row, and the headers that its cells stand under.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a> {
    pub(super) line: &'a Line<'a>,
    pub(super) headers: &'a [String],
}

impl Cells<'_> {
    /// Whether the row has something to the right of the last header.
    pub(super) fn has_surplus(self) -> bool {
        (self.headers.len()..self.line.len()).any(|field| !self.line.cell(field).is_empty())
    }

    /// Refuses the row, for it has too few fields or too many.
    pub(super) fn refuse_length(self, hint: &str, gather: &mut Gather<'_>) {
        let expected = format!("{} fields, as the header has", self.headers.len());
        let got = format!("{} fields{hint}", self.line.len());
        gather.fault(Spot::line(self.line.number), "", expected, got);
    }

    /// Refuses a cell.
    pub(super) fn refuse(self, field: usize, expected: impl Into<String>, gather: &mut Gather<'_>) {
        let spot = Spot { line: self.line.number, column: column(field) };
        let header = self.headers.get(field).map(String::as_str).unwrap_or_default();
        gather.fault(spot, header, expected, shown(&self.line.cell(field)));
    }

    /// The number in a cell, where there is one; `Err` for a cell that was refused.
    pub(super) fn number(
        self,
        field: usize,
        expected: &str,
        marks: &mut Marks,
        gather: &mut Gather<'_>,
    ) -> Result<Option<Written>, Refused> {
        let cell = self.line.cell(field);
        match Cell::of(&cell) {
            Cell::Number(number) => {
                marks.see(number, self.line.number, column(field), &cell);
                Ok(Some(number))
            }
            Cell::Missing => Ok(None),
            Cell::Bad => {
                self.refuse(field, expected, gather);
                Err(Refused)
            }
        }
    }
}

/// A cell was refused, and its fault is told.
pub(super) struct Refused;
