//! The texts of a column of labels as places in a short list, so that a row costs one byte.

use std::collections::HashMap;

use super::super::label::NO_LABEL;
use super::number::{Cell, DecimalMark, number, trim};
use super::text::shown;

/// So many letters of a label are kept; longer ones that start alike are one.
const LONGEST: usize = 120;

/// The different texts of a column, in the order in which they come.
#[derive(Clone, Debug, Default)]
pub(super) struct Interner {
    names: Vec<String>,
    places: HashMap<String, u8>,
    /// The last cell and what it came to; `None` for a text beyond the list.
    last: Vec<u8>,
    found: Option<f64>,
    beyond: u64,
}

impl Interner {
    /// The place of a cell's text, NaN where it names nothing: a cell that is empty, marks a missing value or is a
    /// number, and a new text once the list is full.
    pub(super) fn place(&mut self, cell: &[u8]) -> f64 {
        let cell = trim(cell);
        if cell.is_empty() {
            return f64::NAN;
        }
        if self.last != cell {
            self.last.clear();
            self.last.extend_from_slice(cell);
            self.found = self.find(cell);
        }
        self.beyond += u64::from(self.found.is_none());
        self.found.unwrap_or(f64::NAN)
    }

    fn find(&mut self, cell: &[u8]) -> Option<f64> {
        if !matches!(number(cell, DecimalMark::Point), Cell::Bad) {
            return Some(f64::NAN);
        }
        let name: String = shown(cell).chars().take(LONGEST).collect();
        if let Some(place) = self.places.get(&name) {
            return Some(f64::from(*place));
        }
        let place = u8::try_from(self.names.len()).ok().filter(|place| *place != NO_LABEL)?;
        self.names.push(name.clone());
        self.places.insert(name, place);
        Some(f64::from(place))
    }

    /// The texts so far.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// How many cells hold a text that the full list does not have.
    pub(super) fn beyond(&self) -> u64 {
        self.beyond
    }
}

/// The byte of a place.
pub(super) fn byte(place: f64) -> u8 {
    if place.is_nan() {
        return NO_LABEL;
    }
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it was made of a byte"
    )]
    let byte = place as u8;
    byte
}
