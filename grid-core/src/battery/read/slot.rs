//! One column while it is read: how its cells are written, and the values so far.

use super::column_map::Role;
use super::number::{Cell, DecimalMark, leading, number, trim};
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
        first: Option<Clock>,
    },
    /// A clock written as a number.
    NumericClock {
        first: Option<Clock>,
    },
    /// Charge 1, rest 0, discharge -1.
    State,
}

/// One wanted column and what was read of it.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) role: Role,
    /// Field of the line, from 0.
    pub(super) field: usize,
    pub(super) header: String,
    pub(super) kind: Kind,
    pub(super) values: Vec<f64>,
    /// Cells that are neither a number nor known to be missing.
    /// Whether a value makes a row: numbers of cycles and steps alone do not.
    pub(super) counts: bool,
    pub(super) bad: u64,
    pub(super) first_bad: Option<(u64, String)>,
    /// What the last state cell was, so that a run of equal ones is read once.
    state_text: Vec<u8>,
    state_value: f64,
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

/// The place of the delimiter or line end that ends the field at `at`.
#[inline]
pub(super) fn field_stop(data: &[u8], at: usize, delimiter: u8, end: u8) -> usize {
    let rest = data.get(at..).unwrap_or_default();
    memchr::memchr2(delimiter, end, rest).map_or(data.len(), |length| at + length)
}

impl Slot {
    pub(super) fn new(role: Role, field: usize, header: String, kind: Kind, rows: usize) -> Self {
        Self {
            role,
            field,
            header,
            kind,
            values: Vec::with_capacity(rows),
            counts: !matches!(role, Role::Cycle | Role::Step | Role::State),
            bad: 0,
            first_bad: None,
            state_text: Vec::new(),
            state_value: f64::NAN,
        }
    }

    /// The value of the field at `at`, whether it is neither a number nor missing, and where the field ends.
    #[inline]
    pub(super) fn read_at(&mut self, data: &[u8], at: usize, delimiter: u8, end: u8) -> (f64, bool, usize) {
        let rest = data.get(at..).unwrap_or_default();
        if let Kind::Number(mark) = self.kind
            && let Some((value, after)) = leading(rest, mark)
        {
            let place = data.len() - after.len();
            match after {
                [next, ..] if *next == delimiter || *next == end => return (value, false, place),
                [b'\r', next, ..] if *next == end => return (value, false, place + 1),
                _ => {}
            }
        }
        let stop = field_stop(data, at, delimiter, end);
        let (value, bad) = self.read(data.get(at..stop).unwrap_or_default());
        (value, bad, stop)
    }

    /// The value of a cell, and whether it is neither a number nor missing.
    pub(super) fn read(&mut self, cell: &[u8]) -> (f64, bool) {
        match &mut self.kind {
            Kind::Number(mark) => match number(cell, *mark) {
                Cell::Number(value) => (value, false),
                Cell::Missing => (f64::NAN, false),
                Cell::Bad => (f64::NAN, true),
            },
            Kind::State => {
                if self.state_text != cell {
                    self.state_text.clear();
                    self.state_text.extend_from_slice(cell);
                    self.state_value = state(cell).unwrap_or(f64::NAN);
                }
                (self.state_value, false)
            }
            other => {
                let value = other.moment(cell);
                (value, value.is_nan() && !matches!(number(cell, DecimalMark::Point), Cell::Missing))
            }
        }
    }
}

impl Kind {
    pub(super) fn expected(&self) -> &'static str {
        match self {
            Self::Number(_) | Self::State => "a number",
            Self::Duration => "a time like `12:34:56.7`",
            Self::Clock { .. } | Self::NumericClock { .. } => "a date and time like `2024-05-13 11:19:51`",
        }
    }

    /// Seconds of a duration, or since the first clock of the column.
    fn moment(&mut self, cell: &[u8]) -> f64 {
        let (first, clock) = match self {
            Self::Duration => {
                return time::duration(cell).unwrap_or_else(|| match number(cell, DecimalMark::Point) {
                    Cell::Number(value) => value,
                    Cell::Missing | Cell::Bad => f64::NAN,
                });
            }
            Self::Clock { order, first } => (first, time::clock(cell, *order)),
            Self::NumericClock { first } => {
                let clock = match number(cell, DecimalMark::Point) {
                    Cell::Number(value) => time::numeric_clock(value),
                    Cell::Missing | Cell::Bad => None,
                };
                (first, clock)
            }
            Self::Number(_) | Self::State => return f64::NAN,
        };
        match clock {
            Some(clock) => first.get_or_insert(clock).until(clock),
            None => f64::NAN,
        }
    }
}
