//! The rows under the header, one pass over the bytes: only the wanted columns are parsed, straight into `f64`.

use std::collections::BTreeMap;

use super::super::error::Error;
use super::super::log::Remark;
use super::column_map::{Column, Role};
use super::detect::{Layout, Nesting};
use super::number::{Cell, DecimalMark, number, trim};
use super::slot::{Kind, Slot, field_stop, state};
use super::text::{fields, lines};
use super::time::{self, Clock, DateOrder};

/// How many rows are sampled to find out how a column is written.
const SAMPLED: usize = 200;

/// The columns of a file.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) slots: Vec<Slot>,
    /// The clock of the first and the last row, and the date order, where the clock is not itself the time.
    pub(super) clock: Option<(Clock, Clock)>,
    pub(super) remarks: Vec<Remark>,
    skipped: u64,
    first_skipped: Option<u64>,
}

/// Which columns are read: the surest of each role, and equals of it.
fn chosen(columns: &[Column]) -> BTreeMap<Role, Vec<usize>> {
    let mut best: BTreeMap<Role, (u8, Vec<usize>)> = BTreeMap::new();
    for (field, column) in columns.iter().enumerate() {
        let Some((role, sure)) = column.role else { continue };
        let entry = best.entry(role).or_default();
        if sure > entry.0 {
            *entry = (sure, vec![field]);
        } else if sure == entry.0 && (adds_up(role) || same_header(columns, entry.1.first(), column)) {
            entry.1.push(field);
        }
    }
    let mut wanted: BTreeMap<Role, Vec<usize>> =
        best.into_iter().map(|(role, (_, fields))| (role, fields)).collect();
    let both = |wanted: &BTreeMap<Role, Vec<usize>>, a, b| wanted.contains_key(&a) && wanted.contains_key(&b);
    if both(&wanted, Role::ChargeCapacity, Role::DischargeCapacity) {
        wanted.remove(&Role::Capacity);
    }
    if both(&wanted, Role::ChargeEnergy, Role::DischargeEnergy) {
        wanted.remove(&Role::Energy);
    }
    if both(&wanted, Role::Voltage, Role::Current) {
        wanted.remove(&Role::Power);
    }
    let timed = wanted.contains_key(&Role::TestTime) || wanted.contains_key(&Role::Clock);
    if timed && !wanted.contains_key(&Role::Step) {
        wanted.remove(&Role::StepTime);
    }
    wanted
}

/// Roles of which a home log may have several that are to be added.
fn adds_up(role: Role) -> bool {
    matches!(role, Role::ChargeEnergy | Role::DischargeEnergy | Role::LoadEnergy | Role::ExportEnergy)
}

fn same_header(columns: &[Column], first: Option<&usize>, column: &Column) -> bool {
    first.and_then(|field| columns.get(*field)).is_some_and(|first| first.header == column.header)
}

/// Reads the rows of a file.
///
/// # Errors
///
/// [`Error::NoRows`], or [`Error::NotANumber`] when more than one row in a hundred has a text where a needed column
/// should have a number.
pub(super) fn table(text: &[u8], end: u8, layout: &Layout) -> Result<Table, Error> {
    let mut remarks = Vec::new();
    let data = text.get(layout.data_start..).unwrap_or_default();
    let data = without_cut_line(data, end, layout, &mut remarks);
    let sample: Vec<Vec<&[u8]>> = lines(data, end, 0, layout.data_line)
        .filter(|line| !line.is_blank())
        .take(SAMPLED)
        .map(|line| fields(if layout.wrapped { trim(line.bytes) } else { line.bytes }, layout.delimiter))
        .filter(|row| layout.nesting.is_none() || row.iter().take(2).all(|cell| trim(cell).is_empty()))
        .collect();
    let spread = spread(data, end, layout);
    let mut wanted = chosen(&layout.columns);
    let clock_field = wanted.get(&Role::Clock).and_then(|fields| fields.first().copied());
    let timed = wanted.get(&Role::TestTime).and_then(|fields| fields.first()).is_some_and(|field| {
        sample.iter().filter_map(|row| row.get(*field)).any(|cell| {
            matches!(number(cell, DecimalMark::Point), Cell::Number(_))
                || time::duration(cell).is_some()
                || time::clock(cell, DateOrder::DayFirst).is_some()
                || time::clock(cell, DateOrder::MonthFirst).is_some()
        })
    });
    // `Time` may restart at each step; the clock beside it then says when the steps started.
    let may_restart = wanted
        .get(&Role::TestTime)
        .and_then(|fields| layout.columns.get(*fields.first()?)?.role)
        .is_some_and(|(_, sure)| sure <= 5);
    if timed {
        if !may_restart {
            wanted.remove(&Role::Clock);
        }
    } else {
        wanted.remove(&Role::TestTime);
    }
    let rows = data.len() / sample_width(data, end).max(1) + 1;
    let mut slots = Vec::new();
    for (role, fields) in &wanted {
        for field in fields {
            let cells = || sample.iter().filter_map(|row| row.get(*field).copied());
            let later = || spread.iter().filter_map(|row| row.get(*field).copied());
            if let Some(kind) = kind(*role, cells, later, &mut remarks) {
                let header =
                    layout.columns.get(*field).map(|column| column.header.clone()).unwrap_or_default();
                slots.push(Slot::new(*role, *field, header, kind, rows));
            }
        }
    }
    if layout.nesting.is_some() {
        for role in [Role::Cycle, Role::Step, Role::State] {
            slots.retain(|slot| slot.role != role);
            let kind = if role == Role::State { Kind::State } else { Kind::Number(DecimalMark::Point) };
            slots.push(Slot::new(role, usize::MAX, format!("{role:?} row"), kind, 0));
        }
    }
    let mut table = Table { slots, clock: None, remarks, skipped: 0, first_skipped: None };
    table.read(data, end, layout)?;
    table.finish(layout)?;
    if timed && let Some(field) = clock_field {
        table.clock = edges(layout, field, &sample, &spread);
    }
    Ok(table)
}

/// Length of the first line, to guess the number of rows.
fn sample_width(data: &[u8], end: u8) -> usize {
    memchr::memchr(end, data).map_or(data.len(), |length| length + 1)
}

/// Leaves out a last line that was cut: no line end, and fewer fields than the line before it.
fn without_cut_line<'a>(data: &'a [u8], end: u8, layout: &Layout, remarks: &mut Vec<Remark>) -> &'a [u8] {
    if data.last() == Some(&end) || layout.nesting.is_some() {
        return data;
    }
    let Some(last_start) = memchr::memrchr(end, data).map(|at| at + 1) else { return data };
    let (before, last) = data.split_at(last_start);
    let previous = before.get(..last_start - 1).unwrap_or_default();
    let previous = previous.get(memchr::memrchr(end, previous).map_or(0, |at| at + 1)..).unwrap_or_default();
    let count = |line: &[u8]| fields(line, layout.delimiter).len();
    if !trim(last).is_empty() && count(last) < count(previous).min(layout.columns.len()) {
        let ends = u64::try_from(memchr::memchr_iter(end, before).count()).unwrap_or(u64::MAX);
        let line = layout.data_line.saturating_add(ends);
        remarks.push(Remark::at(
            "last_line_truncated",
            format!("the last line has {} of {} fields and was left out", count(last), count(previous)),
            line,
        ));
        return before;
    }
    data
}

/// How the cells of a column are written, from a sample of them; `None` for a state column without states.
fn kind<'a, I: Iterator<Item = &'a [u8]>, J: Iterator<Item = &'a [u8]>>(
    role: Role,
    cells: impl Fn() -> I,
    later: impl Fn() -> J,
    remarks: &mut Vec<Remark>,
) -> Option<Kind> {
    match role {
        Role::State => {
            let states = cells().filter(|cell| state(cell).is_some()).count();
            let filled = cells().filter(|cell| !trim(cell).is_empty()).count();
            (states > 0 && states * 2 >= filled).then_some(Kind::State)
        }
        Role::TestTime | Role::Clock | Role::StepTime => {
            let first = cells().find(|cell| !matches!(number(cell, DecimalMark::Point), Cell::Missing))?;
            if time::duration(first).is_some() {
                return Some(Kind::Duration);
            }
            if let Cell::Number(value) = number(first, decimal_mark(cells())) {
                let is_clock = role == Role::Clock && time::numeric_clock(value).is_some();
                return Some(if is_clock {
                    Kind::NumericClock { first: None }
                } else {
                    Kind::Number(decimal_mark(cells()))
                });
            }
            let order = date_order(cells().take(1).chain(later()), remarks);
            Some(Kind::Clock { order, first: None })
        }
        _ => Some(Kind::Number(decimal_mark(cells()))),
    }
}

/// Rows from all over the file in their order, the last one among them.
fn spread<'a>(data: &'a [u8], end: u8, layout: &Layout) -> Vec<Vec<&'a [u8]>> {
    const ROWS: usize = 128;
    let data = data.trim_ascii_end();
    let last = memchr::memrchr(end, data).map_or(0, |at| at + 1);
    (0..ROWS)
        .filter_map(|part| memchr::memchr(end, data.get(data.len() / ROWS * part..)?).map(|at| (part, at)))
        .map(|(part, at)| data.len() / ROWS * part + at + 1)
        .chain(std::iter::once(last))
        .filter_map(|start| lines(data, end, start, 0).next())
        .map(|line| fields(if layout.wrapped { trim(line.bytes) } else { line.bytes }, layout.delimiter))
        .collect()
}

/// The date order of a column: by a number above twelve, else by which order lets the clock run evenly; where that
/// cannot tell either, month first, and a remark.
fn date_order<'a>(cells: impl Iterator<Item = &'a [u8]>, remarks: &mut Vec<Remark>) -> DateOrder {
    let cells: Vec<&[u8]> = cells.collect();
    if let Some(order) = time::date_order(cells.iter().copied()) {
        return order;
    }
    // The longest step in either direction; the wrong order turns midnight into a month.
    let longest = |order: DateOrder| -> f64 {
        let clocks: Vec<Clock> = cells.iter().filter_map(|cell| time::clock(cell, order)).collect();
        let steps = clocks
            .windows(2)
            .map(|pair| if let [before, now] = pair { before.until(*now).abs() } else { 0.0 });
        steps.fold(0.0, f64::max)
    };
    let (month_first, day_first) = (longest(DateOrder::MonthFirst), longest(DateOrder::DayFirst));
    if month_first < day_first {
        return DateOrder::MonthFirst;
    }
    if day_first < month_first {
        return DateOrder::DayFirst;
    }
    let one = |order: DateOrder| cells.first().and_then(|cell| time::clock(cell, order));
    if one(DateOrder::MonthFirst) != one(DateOrder::DayFirst) {
        remarks.push(Remark::new(
            "date_order_assumed",
            "day and month cannot be told apart in the dates; month first was assumed",
        ));
    }
    DateOrder::MonthFirst
}

/// A comma where cells have commas as decimal marks, else a point.
fn decimal_mark<'a>(cells: impl Iterator<Item = &'a [u8]>) -> DecimalMark {
    for cell in cells {
        let cell = trim(cell);
        let comma = memchr::memrchr(b',', cell);
        let point = memchr::memrchr(b'.', cell);
        match (comma, point) {
            (Some(comma), Some(point)) => {
                return if comma > point { DecimalMark::Comma } else { DecimalMark::Point };
            }
            (Some(_), None) => return DecimalMark::Comma,
            (None, Some(at)) if cell.len() - at != 4 => return DecimalMark::Point,
            _ => {}
        }
    }
    DecimalMark::Point
}

impl Table {
    /// The values of a role's column; of several, the first.
    pub(super) fn take(&mut self, role: Role) -> Option<Vec<f64>> {
        let slot = self.slots.iter_mut().find(|slot| slot.role == role && !slot.values.is_empty())?;
        Some(std::mem::take(&mut slot.values))
    }

    pub(super) fn slot(&self, role: Role) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.role == role)
    }

    fn read(&mut self, data: &[u8], end: u8, layout: &Layout) -> Result<(), Error> {
        if let Some(nesting) = layout.nesting {
            self.read_nested(data, end, layout, nesting);
        } else if !layout.wrapped && memchr::memchr(b'"', data).is_some() {
            self.read_quoted(data, layout)?;
        } else {
            self.read_plain(data, end, layout);
        }
        Ok(())
    }

    /// Lines without quotes: numbers are parsed where they stand, up to the delimiter; other fields are skipped by a
    /// scan for delimiter and line end together.
    #[expect(
        clippy::indexing_slicing,
        reason = "positions are within the same bytes, slots come from `want`"
    )]
    fn read_plain(&mut self, data: &[u8], end: u8, layout: &Layout) {
        const UNWANTED: usize = usize::MAX;
        let delimiter = layout.delimiter;
        let last = self.slots.iter().map(|slot| slot.field).max().unwrap_or(0);
        let mut want = vec![UNWANTED; last + 1];
        for (index, slot) in self.slots.iter().enumerate() {
            want[slot.field] = index;
        }
        let mut number = layout.data_line;
        let mut start = 0;
        while start < data.len() {
            if data[start] == end {
                start += 1;
                number += 1;
                continue;
            }
            let (mut good, mut bad) = (false, 0_u32);
            let mut at = start;
            let mut line_stop = None;
            for (field, wanted) in want.iter().enumerate() {
                let stop = if *wanted == UNWANTED {
                    field_stop(data, at, delimiter, end)
                } else {
                    let slot = &mut self.slots[*wanted];
                    let (value, is_bad, stop) = slot.read_at(data, at, delimiter, end);
                    good |= !value.is_nan() && slot.counts;
                    bad |= u32::from(is_bad) << (wanted & 31);
                    slot.values.push(value);
                    stop
                };
                if stop >= data.len() || data[stop] == end {
                    line_stop = Some(stop);
                    self.fill(&want[field + 1..]);
                    break;
                }
                at = stop + 1;
            }
            let stop = line_stop
                .unwrap_or_else(|| memchr::memchr(end, &data[at..]).map_or(data.len(), |length| at + length));
            if !good || bad != 0 {
                let row = fields(&data[start..stop], delimiter);
                let cells: Vec<&[u8]> =
                    self.slots.iter().map(|slot| row.get(slot.field).copied().unwrap_or_default()).collect();
                self.odd_row(number, &cells, good, bad);
            }
            start = stop + 1;
            number += 1;
        }
    }

    /// Makes the columns missing that a short line does not have.
    fn fill(&mut self, want: &[usize]) {
        for slot in want {
            if let Some(slot) = self.slots.get_mut(*slot) {
                slot.values.push(f64::NAN);
            }
        }
    }

    /// Lines with quotes, where a delimiter or a line end may stand inside a field.
    fn read_quoted(&mut self, data: &[u8], layout: &Layout) -> Result<(), Error> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(layout.delimiter)
            .from_reader(data);
        let mut record = csv::ByteRecord::new();
        let fields: Vec<usize> = self.slots.iter().map(|slot| slot.field).collect();
        loop {
            match reader.read_byte_record(&mut record) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) => return Err(Error::Unreadable { source: error.into() }),
            }
            let line = record.position().map_or(0, csv::Position::line) + layout.data_line - 1;
            let cells: Vec<&[u8]> =
                fields.iter().map(|field| record.get(*field).unwrap_or_default()).collect();
            self.push(line, &cells);
        }
    }

    /// Cycle rows, step rows and record rows of a nested Neware export.
    fn read_nested(&mut self, data: &[u8], end: u8, layout: &Layout, nesting: Nesting) {
        let (mut cycle, mut step, mut state): (&[u8], &[u8], &[u8]) = (b"", b"", b"");
        for line in lines(data, end, 0, layout.data_line).filter(|line| !line.is_blank()) {
            let row = fields(line.bytes, layout.delimiter);
            let get = |field: usize| row.get(field).copied().unwrap_or_default();
            let filled = |field: usize| !trim(get(field)).is_empty();
            if filled(0) {
                cycle = get(0);
                // The first step row of a cycle may stand on the cycle's own line, without its empty first field.
                if row.len() > nesting.cycle_fields {
                    step = get(nesting.cycle_fields + nesting.step - 1);
                    state =
                        nesting.state.map_or(b"".as_slice(), |field| get(nesting.cycle_fields + field - 1));
                }
            } else if filled(1) {
                step = get(nesting.step);
                state = nesting.state.map_or(b"".as_slice(), get);
            } else {
                let cells: Vec<&[u8]> = self
                    .slots
                    .iter()
                    .map(|slot| match slot.role {
                        Role::Cycle => cycle,
                        Role::Step => step,
                        Role::State => state,
                        _ => get(slot.field),
                    })
                    .collect();
                self.push(line.number, &cells);
            }
        }
    }

    /// Adds one row; a row without any number in a measured column is left out.
    fn push(&mut self, line: u64, cells: &[&[u8]]) {
        let (mut good, mut bad) = (false, 0_u32);
        for (index, (slot, cell)) in self.slots.iter_mut().zip(cells).enumerate() {
            let (value, is_bad) = slot.read(cell);
            good |= !value.is_nan() && slot.counts;
            bad |= u32::from(is_bad) << (index & 31);
            slot.values.push(value);
        }
        if !good || bad != 0 {
            self.odd_row(line, cells, good, bad);
        }
    }

    #[cold]
    fn odd_row(&mut self, line: u64, cells: &[&[u8]], good: bool, bad: u32) {
        if !good {
            for slot in &mut self.slots {
                slot.values.pop();
            }
            if cells.iter().any(|cell| !trim(cell).is_empty()) {
                self.skipped += 1;
                self.first_skipped.get_or_insert(line);
            }
            return;
        }
        for (index, (slot, cell)) in self.slots.iter_mut().zip(cells).enumerate() {
            if bad & (1 << (index & 31)) != 0 && index < 32 {
                slot.bad += 1;
                slot.first_bad
                    .get_or_insert_with(|| (line, crate::error::excerpt(&super::text::shown(cell))));
            }
        }
    }

    /// Judges what could not be read: an error where it is much and needed, else a remark.
    fn finish(&mut self, layout: &Layout) -> Result<(), Error> {
        let rows = self.slots.first().map_or(0, |slot| slot.values.len());
        if rows == 0 {
            return Err(Error::NoRows { line: layout.header_line });
        }
        for slot in &self.slots {
            let Some((line, got)) = &slot.first_bad else { continue };
            let needed = matches!(slot.role, Role::TestTime | Role::Clock | Role::Voltage | Role::Current);
            if needed && slot.bad.saturating_mul(100) > u64::try_from(rows).unwrap_or(u64::MAX) {
                return Err(Error::NotANumber {
                    line: *line,
                    column: u64::try_from(slot.field).unwrap_or(u64::MAX).saturating_add(1),
                    header: slot.header.clone(),
                    expected: slot.kind.expected(),
                    got: got.clone(),
                });
            }
            self.remarks.push(Remark::at(
                "cells_unreadable",
                format!(
                    "{} cells of \"{}\" are not numbers and count as missing, first `{got}`",
                    slot.bad, slot.header
                ),
                *line,
            ));
        }
        if let Some(line) = self.first_skipped {
            self.remarks.push(Remark::at(
                "rows_without_numbers",
                format!("{} rows hold no number in a wanted column and were left out", self.skipped),
                line,
            ));
        }
        Ok(())
    }
}

/// The clock of the first and of the last row.
fn edges(
    layout: &Layout,
    field: usize,
    sample: &[Vec<&[u8]>],
    spread: &[Vec<&[u8]>],
) -> Option<(Clock, Clock)> {
    // Rows from all over a nested export may be of cycles and steps.
    let spread = if layout.nesting.is_some() { &[] } else { spread };
    let cells = || sample.iter().chain(spread).filter_map(|row| row.get(field).copied());
    let order = date_order(cells(), &mut Vec::new());
    let clock = |cell: &[u8]| match number(cell, DecimalMark::Point) {
        Cell::Number(value) => time::numeric_clock(value),
        Cell::Missing | Cell::Bad => time::clock(cell, order),
    };
    let first = cells().find_map(clock)?;
    let last = spread.last().and_then(|row| row.get(field).copied()).and_then(clock);
    Some((first, last.unwrap_or(first)))
}
