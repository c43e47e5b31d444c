//! One column while it is read: how its cells are written, and the values of the block at hand.

use super::column_map::Role;
use super::decimal::{clock_time, decimal, decimals};
use super::labels::Interner;
use super::number::{Cell, DecimalMark, number, trim};
use super::split::{Row, Split};
use super::time::{self, Clock, DateOrder};

/// How the cells of a column are written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Number(DecimalMark),
    /// `hh:mm:ss`, in seconds.
    Duration,
    /// A wall clock, kept as seconds since the first one.
    Clock {
        order: DateOrder,
    },
    /// A clock written as a number.
    NumericClock,
    /// Charge 1, rest 0, discharge -1.
    State,
    /// A text, as its place among the different ones.
    Label,
}

impl Kind {
    pub(super) fn expected(&self) -> &'static str {
        match self {
            Self::Number(_) | Self::State | Self::Label => "a number",
            Self::Duration => "a time like `12:34:56.7`",
            Self::Clock { .. } | Self::NumericClock => "a date and time like `2024-05-13 11:19:51`",
        }
    }
}

/// One wanted column and what was read of it.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) role: Role,
    /// Field of the line, from 0.
    pub(super) field: usize,
    pub(super) header: String,
    pub(super) kind: Kind,
    /// The values of the block at hand.
    pub(super) values: Vec<f64>,
    /// Whether a value makes a row: numbers of cycles and steps, states and labels alone do not.
    pub(super) counts: bool,
    /// Rows of the block at hand whose cell is neither a number nor known to be missing.
    pub(super) bad: Vec<usize>,
    /// The first clock of the column.
    pub(super) first: Option<Clock>,
    /// The different texts of a column of labels.
    pub(super) labels: Interner,
    memory: Memory,
}

/// What the last cells were, so that what they share is read once.
#[derive(Clone, Debug, Default)]
struct Memory {
    /// The last state word, or the date of the last clock.
    text: Vec<u8>,
    /// The state that it meant.
    value: f64,
    /// The start of the day of the last date.
    day: Option<Clock>,
}

/// What a word says about the direction: charge 1, rest 0, discharge -1.
pub(super) fn state(cell: &[u8]) -> Option<f64> {
    let lower = trim(cell).to_ascii_lowercase();
    let text = String::from_utf8_lossy(&lower);
    let has = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    if text.as_ref() == "d" || has(&["dchg", "disc", "dch", "entlad", "放电", "descarga"]) {
        Some(-1.0)
    } else if text.as_ref() == "c" || has(&["chg", "charge", "cha", "laden", "充电", "carga", "cccv"]) {
        Some(1.0)
    } else if ["r", "p", "s", "o", "i"].contains(&text.as_ref())
        || has(&["rest", "paus", "ocv", "idle", "standby", "静置", "搁置", "open", "wait", "stop", "finish"])
    {
        Some(0.0)
    } else {
        None
    }
}

/// Where the cells of a block are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a> {
    pub(super) text: &'a [u8],
    pub(super) split: &'a Split,
}

impl Slot {
    pub(super) fn new(role: Role, field: usize, header: String, kind: Kind) -> Self {
        Self {
            role,
            field,
            header,
            kind,
            values: Vec::new(),
            counts: !matches!(role, Role::Cycle | Role::Step | Role::State | Role::Label),
            bad: Vec::new(),
            first: None,
            labels: Interner::default(),
            memory: Memory::default(),
        }
    }

    /// Reads the column's cells of the rows, in place of the values of the block before.
    pub(super) fn read(&mut self, block: Block<'_>, rows: &[Row]) {
        let Self { field, kind, values, bad, first, labels, memory, .. } = self;
        values.clear();
        bad.clear();
        let (text, split, field) = (block.text, block.split, *field);
        // One loop for each kind, so that nothing is asked in it twice.
        let mut each = |read: &mut dyn FnMut(&[u8]) -> Option<f64>| {
            for (index, row) in rows.iter().enumerate() {
                let value = read(split.text(text, *row, field));
                if value.is_none() {
                    bad.push(index);
                }
                values.push(value.unwrap_or(f64::NAN));
            }
        };
        match kind {
            Kind::Number(mark) => numbers(block, rows, field, *mark, values, bad),
            Kind::State => each(&mut |cell| Some(memory.state(cell))),
            Kind::Label => each(&mut |cell| Some(labels.place(cell))),
            Kind::Duration => each(&mut duration),
            Kind::Clock { order } => {
                let order = *order;
                each(&mut |cell| since(first, memory.clock(cell, order), cell));
            }
            Kind::NumericClock => each(&mut |cell| {
                let clock = match number(cell, DecimalMark::Point) {
                    Cell::Number(value) => time::numeric_clock(value),
                    Cell::Missing | Cell::Bad => None,
                };
                since(first, clock, cell)
            }),
        }
    }

    /// Reads one cell.
    pub(super) fn value(&self, cell: &[u8]) -> f64 {
        match &self.kind {
            Kind::State => state(cell).unwrap_or(f64::NAN),
            Kind::Number(mark) => match number(cell, *mark) {
                Cell::Number(value) => value,
                Cell::Missing | Cell::Bad => f64::NAN,
            },
            Kind::Duration | Kind::Clock { .. } | Kind::NumericClock | Kind::Label => f64::NAN,
        }
    }
}

/// The cells of a column of numbers; those that are neither a number nor missing are named in `bad`.
fn numbers(
    block: Block<'_>,
    rows: &[Row],
    field: usize,
    mark: DecimalMark,
    values: &mut Vec<f64>,
    bad: &mut Vec<usize>,
) {
    let cell = |row: &Row| block.split.cell(*row, field);
    decimals(block.text, rows, mark, values, cell, |index| {
        let Some((start, stop)) = rows.get(index).and_then(cell) else { return f64::NAN };
        unusual(block.text.get(start..stop).unwrap_or_default(), mark, || bad.push(index))
    });
}

/// What [`decimals`] does not read.
#[inline(never)]
fn unusual(cell: &[u8], mark: DecimalMark, bad: impl FnOnce()) -> f64 {
    match number(cell, mark) {
        Cell::Number(value) => return value,
        Cell::Missing => {}
        // The carriage return of a last cell, and blanks beside a number, are common enough to try again.
        Cell::Bad => bad(),
    }
    f64::NAN
}

/// Seconds since the first clock of a column; `None` for a cell that is neither a clock nor known to be missing.
fn since(first: &mut Option<Clock>, clock: Option<Clock>, cell: &[u8]) -> Option<f64> {
    match clock {
        Some(clock) => Some(first.get_or_insert(clock).until(clock)),
        None => matches!(number(cell, DecimalMark::Point), Cell::Missing).then_some(f64::NAN),
    }
}

impl Memory {
    fn state(&mut self, cell: &[u8]) -> f64 {
        if self.text != cell {
            self.text.clear();
            self.text.extend_from_slice(cell);
            self.value = state(cell).unwrap_or(f64::NAN);
        }
        if cell.is_empty() { f64::NAN } else { self.value }
    }

    /// A wall clock: `hh:mm:ss` in place and the date from memory where it is the last cell's.
    fn clock(&mut self, cell: &[u8], order: DateOrder) -> Option<Clock> {
        if let Some(rest) = cell.strip_prefix(self.text.as_slice())
            && let Some(day) = self.day
            && let Some((seconds, nanos)) = day_time(rest)
        {
            return Some(Clock { seconds: day.seconds + seconds, nanos, ..day });
        }
        let clock = time::clock(cell, order)?;
        // The date is what stands before `hh:mm:ss`, where that is all that follows and is what was read.
        self.day = None;
        if let Some(colon) = memchr::memchr(b':', cell)
            && let Some(start) = colon.checked_sub(2)
            && let Some((date, rest)) = cell.split_at_checked(start)
            && matches!(date, [.., b' ' | b'T'])
            && let Some((seconds, nanos)) = day_time(rest)
            && clock.dated
            && clock.ahead_s == 0
            && nanos == clock.nanos
        {
            self.text.clear();
            self.text.extend_from_slice(date);
            self.day = Some(Clock { seconds: clock.seconds - seconds, nanos: 0, ..clock });
        }
        Some(clock)
    }
}

/// Seconds of a duration; `None` for a cell that is neither one nor a number nor known to be missing.
fn duration(cell: &[u8]) -> Option<f64> {
    if let Some(seconds) = plain_duration(cell).or_else(|| time::duration(cell)) {
        return Some(seconds);
    }
    match number(cell, DecimalMark::Point) {
        Cell::Number(value) => Some(value),
        Cell::Missing => Some(f64::NAN),
        Cell::Bad => None,
    }
}

/// The usual case, `hh:mm:ss` with any number of hours, and `hh:mm:ss.fff`.
#[inline]
fn plain_duration(cell: &[u8]) -> Option<f64> {
    if let Some((before, seconds)) = clock_time(cell) {
        return Some(f64::from(before + seconds));
    }
    let point = memchr::memrchr(b'.', cell)?;
    let (before, _) = clock_time(cell.get(..point)?)?;
    let seconds = decimal(cell, point - 2, cell.len(), DecimalMark::Point)?;
    (0.0..61.0).contains(&seconds).then(|| f64::from(before) + seconds)
}

/// Seconds and nanoseconds of exactly `hh:mm:ss` or `hh:mm:ss.fff`; `None` for all else.
fn day_time(text: &[u8]) -> Option<(i64, i32)> {
    let (clock, fraction) = text.split_at_checked(8)?;
    let (before, seconds) = clock_time(clock)?;
    let seconds = i64::from(before + seconds);
    if seconds >= 86_400 {
        return None;
    }
    let nanos = match fraction {
        [] => 0,
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) => {
            let value = digits.iter().fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
            value * 10_i32.pow(9 - u32::try_from(digits.len()).ok()?)
        }
        _ => return None,
    };
    Some((seconds, nanos))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_duration_is_the_one_that_the_slower_reading_reads(
            cell in "[0-9]{1,7}:[0-5][0-9]:[0-6][0-9](\\.[0-9]{0,12})?|[0-9:.]{0,12}",
        ) {
            if let Some(seconds) = plain_duration(cell.as_bytes()) {
                prop_assert_eq!(Some(seconds.to_bits()), time::duration(cell.as_bytes()).map(f64::to_bits));
            }
        }

        #[test]
        fn a_clock_is_the_same_with_and_without_memory(
            cells in proptest::collection::vec(
                "0[12]/0[123]/2024 [01][0-9]:0[01]:[0-6][0-9](\\.[0-9]{1,3})?( PM)?|2024-01-0[12][ T][12][0-9]:00:0[0-9]Z?",
                1..20,
            ),
        ) {
            let mut memory = Memory::default();
            for cell in cells {
                let alone = time::clock(cell.as_bytes(), DateOrder::DayFirst);
                prop_assert_eq!(memory.clock(cell.as_bytes(), DateOrder::DayFirst), alone, "{}", cell);
            }
        }
    }
}
