//! Cells of a column from all over a file, few whatever its length: what tells the order of day and month.

use super::slot::{Block, Kind};
use super::split::Row;
use super::table::{Plan, clock_in, clock_of, date_order};
use super::time::{Clock, DateOrder};

/// So many cells are kept at most.
const MOST: usize = 256;
/// In so many rows the first clock of a column must come.
const SEARCHED: u64 = 200;

/// Every n-th cell of a column, where n doubles when there are too many, and the last.
#[derive(Clone, Debug)]
struct Spread {
    field: usize,
    cells: Vec<Vec<u8>>,
    first_clock: Option<Vec<u8>>,
    last: Vec<u8>,
}

/// The columns of dates and clocks of a file.
#[derive(Clone, Debug)]
pub(super) struct Dates {
    spreads: Vec<Spread>,
    row: u64,
    stride: u64,
}

impl Dates {
    pub(super) fn new(plan: &Plan) -> Self {
        let dated =
            plan.slots.iter().filter(|slot| matches!(slot.kind, Kind::Clock { .. })).map(|slot| slot.field);
        let mut fields: Vec<usize> = dated.chain(plan.clock_field).collect();
        fields.sort_unstable();
        fields.dedup();
        let spread = |field| Spread { field, cells: Vec::new(), first_clock: None, last: Vec::new() };
        Self { spreads: fields.into_iter().map(spread).collect(), row: 0, stride: 1 }
    }

    /// Takes the cells of the next rows.
    pub(super) fn push(&mut self, block: Block<'_>, rows: &[Row]) {
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        if self.spreads.is_empty() {
            self.row += count;
            return;
        }
        let mut next = self.row.next_multiple_of(self.stride);
        while next < self.row + count {
            let Some(row) = usize::try_from(next - self.row).ok().and_then(|index| rows.get(index)) else {
                break;
            };
            for spread in &mut self.spreads {
                spread.cells.push(block.split.text(block.text, *row, spread.field).to_vec());
            }
            if self.spreads.first().is_some_and(|spread| spread.cells.len() > MOST) {
                for spread in &mut self.spreads {
                    let mut index = 0;
                    spread.cells.retain(|_| {
                        index += 1;
                        index % 2 == 1
                    });
                }
                self.stride *= 2;
            }
            next = (next + 1).next_multiple_of(self.stride);
        }
        let searched = usize::try_from(SEARCHED.saturating_sub(self.row)).unwrap_or(0);
        let filled = |row: &&Row| {
            let (start, stop) = block.split.line(**row);
            !block.text.get(start..stop).unwrap_or_default().iter().all(u8::is_ascii_whitespace)
        };
        let last = rows.iter().rfind(filled);
        for spread in &mut self.spreads {
            let cell = |row: &Row| block.split.text(block.text, *row, spread.field);
            if spread.first_clock.is_none() {
                let found = rows.iter().take(searched).map(cell).find(|cell| clock_of(cell).is_some());
                spread.first_clock = found.map(<[u8]>::to_vec);
            }
            if let Some(last) = last {
                let last = cell(last).to_vec();
                spread.last = last;
            }
        }
        self.row += count;
    }

    /// The date order of a column, and whether it could be told.
    fn order(&self, field: usize) -> (DateOrder, bool) {
        let Some(spread) = self.spreads.iter().find(|spread| spread.field == field) else {
            return (DateOrder::MonthFirst, true);
        };
        let cells: Vec<&[u8]> =
            spread.cells.iter().chain(std::iter::once(&spread.last)).map(Vec::as_slice).collect();
        date_order(&cells)
    }

    /// The date order of each slot of dates, and whether all could be told.
    pub(super) fn orders(&self, plan: &Plan) -> (Vec<DateOrder>, bool) {
        let mut told = true;
        let orders = plan
            .slots
            .iter()
            .map(|slot| {
                if !matches!(slot.kind, Kind::Clock { .. }) {
                    return DateOrder::MonthFirst;
                }
                let (order, sure) = self.order(slot.field);
                told &= sure;
                order
            })
            .collect();
        (orders, told)
    }

    /// The clock beside the time, of the first row and of the last.
    ///
    /// Rows of a nested export are many to a file, and its last may be of a cycle or a step: the first stands for both.
    pub(super) fn edges(&self, plan: &Plan) -> Option<(Clock, Clock)> {
        let field = plan.clock_field?;
        let spread = self.spreads.iter().find(|spread| spread.field == field)?;
        let (order, _) = self.order(field);
        let first = spread.first_clock.iter().chain(&spread.cells).find_map(|cell| clock_in(cell, order))?;
        let last = Some(&spread.last).filter(|_| plan.layout.nesting.is_none());
        Some((first, last.and_then(|cell| clock_in(cell, order)).unwrap_or(first)))
    }
}
