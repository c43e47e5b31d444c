//! What could not be read: cells that are no numbers, lines without any, and when that is too much.

use super::super::error::Error;
use super::super::log::Remark;
use super::column_map::Role;
use super::slot::{Block, Slot};
use super::split::Row;
use super::table::Plan;
use super::text::shown;
use crate::error::{Place, excerpt};

/// So many places are named of each kind of fault.
const NAMED: usize = 10;

/// What was left out of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Damage {
    /// For each slot: how many cells, and the first places.
    cells: Vec<(u64, Vec<Place>)>,
    /// Rows without a number in a measured column.
    rows: (u64, Vec<Place>),
    /// Lines that say the header again.
    headers: (u64, Vec<Place>),
    /// The last line, where it was cut: its line, its cells, and those of the line before it.
    pub(super) cut: Option<(u64, u32, u32)>,
}

fn counted(index: usize) -> u64 {
    u64::try_from(index).unwrap_or(u64::MAX).saturating_add(1)
}

impl Damage {
    pub(super) fn new(slots: usize) -> Self {
        Self { cells: vec![(0, Vec::new()); slots], ..Self::default() }
    }

    /// Rows and cells that are no numbers so far.
    pub(super) fn total(&self) -> u64 {
        self.cells.iter().map(|(count, _)| *count).max().unwrap_or(0).saturating_add(self.rows.0)
    }

    /// Counts the bad cells of a block and leaves out its rows without a measured number; `line` gives a row's line.
    pub(super) fn push(
        &mut self,
        plan: &Plan,
        slots: &mut [Slot],
        block: Block<'_>,
        rows: &mut Vec<Row>,
        line: impl Fn(Row) -> u64,
    ) {
        let dropped = empty_rows(slots, rows.len());
        for (slot, (count, places)) in slots.iter().zip(&mut self.cells) {
            for index in slot.bad.iter().filter(|index| dropped.binary_search(index).is_err()) {
                *count += 1;
                if let Some(row) = rows.get(*index).filter(|_| places.len() < NAMED) {
                    places.push(Place {
                        pointer: Some(slot.header.clone()),
                        line: Some(line(*row)),
                        column: Some(counted(slot.field)),
                        expected: slot.kind.expected().to_owned(),
                        got: excerpt(&shown(block.split.text(block.text, *row, slot.field))),
                    });
                }
            }
        }
        if dropped.is_empty() {
            return;
        }
        for row in dropped.iter().filter_map(|index| rows.get(*index)) {
            let text = |slot: &Slot| block.split.text(block.text, *row, slot.field).trim_ascii();
            let filled = plan.layout.nesting.is_some()
                || slots.iter().any(|slot| slot.role != Role::Label && !text(slot).is_empty());
            if !filled {
                continue;
            }
            let (start, stop) = block.split.line(*row);
            let whole = shown(block.text.get(start..stop).unwrap_or_default());
            let again = whole.trim() == plan.layout.header.trim();
            let (count, places) = if again { &mut self.headers } else { &mut self.rows };
            *count += 1;
            if places.len() < NAMED {
                places.push(Place {
                    pointer: None,
                    line: Some(line(*row)),
                    column: None,
                    expected: "a row of numbers".to_owned(),
                    got: excerpt(whole.trim()),
                });
            }
        }
        let mut keep = vec![true; rows.len()];
        for index in dropped {
            if let Some(keep) = keep.get_mut(index) {
                *keep = false;
            }
        }
        for slot in slots {
            retain(&mut slot.values, &keep);
        }
        retain(rows, &keep);
    }

    /// Judges what could not be read: an error where it is much and needed.
    pub(super) fn judge(&self, plan: &Plan, rows: u64, most: Option<u64>) -> Result<(), Error> {
        for (slot, (count, places)) in plan.slots.iter().zip(&self.cells) {
            let needed = matches!(slot.role, Role::TestTime | Role::Clock | Role::Voltage | Role::Current);
            let much = most.map_or(count.saturating_mul(100) > rows, |most| *count > most);
            if let Some(place) = places.first().filter(|_| needed && much) {
                return Err(Error::NotANumber {
                    line: place.line.unwrap_or(0),
                    column: counted(slot.field),
                    header: slot.header.clone(),
                    expected: slot.kind.expected(),
                    got: place.got.clone(),
                });
            }
        }
        if let Some(place) = self.rows.1.first().filter(|_| most.is_some_and(|most| self.rows.0 > most)) {
            return Err(Error::TooManyBadRows { limit: most.unwrap_or(0), places: vec![place.clone()] });
        }
        Ok(())
    }

    /// Says what was left out.
    pub(super) fn remarks(&self, plan: &Plan, remarks: &mut Vec<Remark>) {
        for (slot, (count, places)) in plan.slots.iter().zip(&self.cells) {
            if let Some(first) = places.first() {
                let message = format!(
                    "{count} cells of \"{}\" are not numbers and count as missing, first `{}`",
                    slot.header, first.got
                );
                remarks.push(Remark::of_places("cells_unreadable", message, places));
            }
        }
        let (count, places) = &self.rows;
        if *count > 0 {
            let message = format!("{count} rows hold no number in a wanted column and were left out");
            remarks.push(Remark::of_places("rows_without_numbers", message, places));
        }
        let (count, places) = &self.headers;
        if *count > 0 {
            let message = format!("{count} lines say the header again and were left out");
            remarks.push(Remark::of_places("header_repeated", message, places));
        }
    }
}

/// Rows in which no measured column has a number.
fn empty_rows(slots: &[Slot], rows: usize) -> Vec<usize> {
    let mut measured = slots.iter().filter(|slot| slot.counts);
    let Some(first) = measured.next() else { return (0..rows).collect() };
    let mut empty: Vec<usize> =
        first.values.iter().enumerate().filter(|(_, value)| value.is_nan()).map(|(index, _)| index).collect();
    for slot in measured {
        if empty.is_empty() {
            break;
        }
        empty.retain(|index| slot.values.get(*index).is_none_or(|value| value.is_nan()));
    }
    empty
}

fn retain<T>(values: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    values.retain(|_| keep.next().is_none_or(|keep| *keep));
}
