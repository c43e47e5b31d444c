//! What goes into sharing and what comes out of it.

use crate::{energy::Error, quantity::Energy};

/// How the cells of an allocation are rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CellRounding {
    /// By the largest remainder: every interval adds up exactly.
    #[default]
    Exact,
    /// Each cell by itself, half up to the milliwatt-hour, as grid operators publish it; an interval may be a few
    /// milliwatt-hours off.
    Operator,
}

/// A table of energies, one row an interval and one column a plant or a member, row by row.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    values: &'a [Energy],
    rows: usize,
    width: usize,
}

impl<'a> Columns<'a> {
    /// Makes a table of `columns` columns over `values`, which come row by row.
    ///
    /// # Errors
    ///
    /// [`Error::UnequalLengths`] where the values do not fill whole rows, [`Error::NegativeFlow`] where one is below
    /// zero.
    pub fn new(values: &'a [Energy], columns: usize) -> Result<Self, Error> {
        Self::with_rows(values, values.len().div_ceil(columns.max(1)), columns)
    }

    /// Makes a table of `rows` times `columns` values; there may be none of either.
    ///
    /// # Errors
    ///
    /// Those of [`Columns::new`].
    pub fn with_rows(values: &'a [Energy], rows: usize, columns: usize) -> Result<Self, Error> {
        let expected = rows.saturating_mul(columns);
        if expected != values.len() {
            return Err(Error::UnequalLengths { expected, intervals: rows, columns, got: values.len() });
        }
        // One pass without a way out first: it is several times faster than a search, and nearly always enough.
        let all = values.iter().fold(0, |bits, energy| bits | energy.as_mwh());
        if all < 0
            && let Some((at, got)) = values.iter().enumerate().find(|(_, energy)| energy.is_negative())
        {
            return Err(Error::NegativeFlow { interval: at.checked_div(columns).unwrap_or(0), got: *got });
        }
        Ok(Self { values, rows, width: columns })
    }

    /// How many rows there are.
    pub const fn intervals(&self) -> usize {
        self.rows
    }

    /// How many columns there are.
    pub const fn columns(&self) -> usize {
        self.width
    }

    /// All values, row by row.
    pub const fn values(&self) -> &'a [Energy] {
        self.values
    }

    /// The energies of one interval; none past the last.
    pub(super) fn row(&self, row: usize) -> &'a [Energy] {
        let start = row.saturating_mul(self.width);
        self.values.get(start..start.saturating_add(self.width)).unwrap_or_default()
    }
}

/// What each member got and what was left of each plant's production.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// Per interval and member, row by row.
    pub allocated: Vec<Energy>,
    /// Per interval and plant, row by row.
    pub surplus: Vec<Energy>,
}
