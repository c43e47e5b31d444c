//! Finds the header line: the first line whose fields name a time and something measured, with numbers under it.

use super::super::error::Error;
use super::column_map::{Column, Role, squeeze};
use super::number::{Cell, DecimalMark, number, trim};
use super::text::{Line, fields, lines, shown};
use super::time::{self, DateOrder};
use super::unit;

/// How far into a file a header line may be.
const SEARCHED_LINES: usize = 4000;
/// How many bytes are looked through at most; longer preambles are not known.
const SEARCHED_BYTES: usize = 4 << 20;
/// A header line is shorter than this.
const LONGEST_HEADER: usize = 1 << 15;
/// How many lines (units, blank, cycle and step rows) may stand between the header and the first row of numbers.
const LOOKED_AHEAD: usize = 12;

/// Where the columns of a nested Neware export (cycle rows, step rows, record rows) stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nesting {
    /// Number of fields of a cycle row.
    pub(super) cycle_fields: usize,
    /// Field of the step number in a step row.
    pub(super) step: usize,
    /// Field of the step's name in a step row.
    pub(super) state: Option<usize>,
}

/// What was found out about the layout of a file.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) delimiter: u8,
    /// Whether every line is one quoted field that holds the delimiters.
    pub(super) wrapped: bool,
    pub(super) header_line: u64,
    pub(super) header: String,
    pub(super) columns: Vec<Column>,
    /// The text before the header line, cut to some kilobytes.
    pub(super) preamble: String,
    /// Place and number of the first line with numbers.
    pub(super) data_start: usize,
    pub(super) data_line: u64,
    pub(super) nesting: Option<Nesting>,
}

impl Layout {
    /// Whether a column has this name, in lower case letters and digits.
    pub(super) fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|column| squeeze(&column.header) == name || column.name == name)
    }

    /// The delimiter's name.
    pub(super) fn delimiter_name(&self) -> &'static str {
        match self.delimiter {
            b'\t' => "tab",
            b',' => "comma",
            b';' => "semicolon",
            b'|' => "vertical bar",
            _ => "blanks",
        }
    }
}

/// Finds the header of a battery recording.
///
/// # Errors
///
/// [`Error::NotARecording`] when no line names what is needed, [`Error::NoRows`] when nothing follows the line that
/// does.
pub(super) fn layout(text: &[u8], end: u8) -> Result<Layout, Error> {
    let mut best: Option<(u32, u64, String)> = None;
    let mut header_only: Option<u64> = None;
    let mut searched = 0;
    let mut before: Vec<Line<'_>> = Vec::new();
    for line in lines(text, end, 0, 1).take(SEARCHED_LINES) {
        if line.start > SEARCHED_BYTES {
            break;
        }
        searched = line.number;
        if line.is_blank() || line.bytes.len() > LONGEST_HEADER {
            continue;
        }
        if let Some(candidate) = candidate(line) {
            let (score, names) = (candidate.score, candidate.names());
            if candidate.acceptable() {
                match candidate.followed(text, end, &before) {
                    Some(layout) => return Ok(layout),
                    None => header_only = header_only.or(Some(line.number)),
                }
            }
            if best.as_ref().is_none_or(|(highest, ..)| score > *highest) {
                best = Some((score, line.number, names));
            }
        }
        before.push(line);
        if before.len() > 3 {
            before.remove(0);
        }
    }
    if let Some(line) = header_only {
        return Err(Error::NoRows { line });
    }
    let (line, found) = match best {
        Some((_, line, names)) => (Some(line), names),
        None => (None, "no line with two or more named columns".to_owned()),
    };
    Err(Error::NotARecording { lines: searched, line, found })
}

/// A line that may be the header.
struct Candidate<'a> {
    line: Line<'a>,
    delimiter: u8,
    wrapped: bool,
    columns: Vec<Column>,
    score: u32,
}

/// Reads a line as a header with each delimiter and keeps the reading that says most.
fn candidate(line: Line<'_>) -> Option<Candidate<'_>> {
    let whole = line.bytes.strip_suffix(b"\r").unwrap_or(line.bytes);
    let quotes = memchr::memchr_iter(b'"', whole).count();
    let wrapped_line = match whole {
        [b'"', inner @ .., b'"'] if quotes == 2 => Some(inner),
        _ => None,
    };
    let letters = whole.iter().filter(|byte| byte.is_ascii_alphabetic() || **byte >= 0x80).count();
    if letters < 2 {
        return None;
    }
    let mut best: Option<Candidate<'_>> = None;
    for delimiter in *b"\t,;|" {
        let (content, wrapped) = match wrapped_line {
            Some(inner) if memchr::memchr(delimiter, inner).is_some() => (inner, true),
            _ => (whole, false),
        };
        if memchr::memchr(delimiter, content).is_none() {
            continue;
        }
        let columns: Vec<Column> =
            fields(content, delimiter).into_iter().map(|field| Column::new(&shown(field))).collect();
        let score = score(&columns);
        if best.as_ref().is_none_or(|other| score > other.score) {
            best = Some(Candidate { line, delimiter, wrapped, columns, score });
        }
    }
    best
}

/// How much a line looks like the header of a battery recording: each role counts once.
fn score(columns: &[Column]) -> u32 {
    let mut roles: Vec<Role> =
        columns.iter().filter_map(|column| column.role.map(|(role, _)| role)).collect();
    roles.sort_unstable();
    roles.dedup();
    roles.into_iter().map(Role::weight).sum()
}

impl Candidate<'_> {
    fn names_a(&self, roles: &[Role]) -> bool {
        self.columns.iter().any(|column| column.role.is_some_and(|(role, _)| roles.contains(&role)))
    }

    /// Whether a time and something measured are named; the time's name may be missing where much else is named.
    fn acceptable(&self) -> bool {
        let measured = self.names_a(&[
            Role::Voltage,
            Role::Current,
            Role::Power,
            Role::ChargePower,
            Role::DischargePower,
            Role::StateOfCharge,
        ]);
        let metered = self.names_a(&[Role::Clock])
            && self.names_a(&[Role::SolarEnergy, Role::LoadEnergy, Role::SolarPower, Role::LoadPower]);
        let timed = self.names_a(&[Role::TestTime, Role::Clock, Role::StepTime]);
        // A first column without a name may be the time; the rows will show it.
        let unnamed_time = self.columns.first().is_some_and(|column| column.name.is_empty())
            && self.names_a(&[Role::SolarEnergy, Role::SolarPower]);
        (measured && (timed || self.score >= 9)) || metered || unnamed_time
    }

    /// The names of the line, for a message.
    fn names(&self) -> String {
        let mut names = String::new();
        for column in self.columns.iter().filter(|column| !column.header.is_empty()) {
            if names.chars().count() > 160 {
                names.push_str(", …");
                break;
            }
            if !names.is_empty() {
                names.push_str(", ");
            }
            names.push('`');
            names.push_str(&crate::error::excerpt(&column.header));
            names.push('`');
        }
        names
    }

    /// The layout, if rows of numbers follow.
    fn followed(mut self, text: &[u8], end: u8, before: &[Line<'_>]) -> Option<Layout> {
        let nesting = nesting(before, self.delimiter);
        let start = self.line.next_start();
        let ahead = lines(text, end, start, self.line.number + 1).filter(|line| !line.is_blank());
        let mut first_rows: Vec<Line<'_>> = Vec::new();
        for line in ahead.take(LOOKED_AHEAD) {
            let content = if self.wrapped { trim(line.bytes) } else { line.bytes };
            let cells = fields(content, self.delimiter);
            if self.is_row(&cells) {
                first_rows.push(line);
                break;
            }
            self.take_units(&cells);
        }
        let first = first_rows.first()?;
        let preamble = text.get(..self.line.start.min(1 << 14)).unwrap_or_default();
        let (data_start, data_line) = match nesting {
            Some(_) => (start, self.line.number + 1),
            None => (first.start, first.number),
        };
        Some(Layout {
            delimiter: self.delimiter,
            wrapped: self.wrapped,
            header_line: self.line.number,
            header: shown(self.line.bytes),
            columns: self.columns,
            preamble: shown(preamble),
            data_start,
            data_line,
            nesting,
        })
    }

    /// Whether a line is a row: a number in a measured column and a time beside it. A column without a known name
    /// that holds a clock becomes the clock where no other does.
    fn is_row(&mut self, cells: &[&[u8]]) -> bool {
        let mut measured = false;
        let mut timed = false;
        for (column, cell) in self.columns.iter().zip(cells) {
            match column.role.map(|(role, _)| role) {
                Some(Role::TestTime | Role::Clock | Role::StepTime) => timed |= is_time(cell),
                Some(Role::State) | None => {}
                Some(_) => measured |= matches!(number(cell, DecimalMark::Point), Cell::Number(_)),
            }
        }
        if measured && !timed && !self.names_a(&[Role::TestTime, Role::Clock, Role::StepTime]) {
            let unnamed = self
                .columns
                .iter_mut()
                .zip(cells)
                .find(|(column, cell)| column.role.is_none() && is_clock(cell));
            if let Some((column, _)) = unnamed {
                column.role = Some((Role::Clock, 5));
                timed = true;
            }
        }
        measured && timed
    }

    /// Takes a line of units under the header: every cell that is not empty is a unit or a pattern of dates.
    fn take_units(&mut self, cells: &[&[u8]]) {
        let units: Vec<Option<unit::Unit>> =
            cells.iter().map(|cell| unit::parse(&shown(trim(cell)))).collect();
        let filled = cells.iter().filter(|cell| !trim(cell).is_empty()).count();
        let known = units.iter().flatten().count();
        if known * 2 <= filled || known == 0 {
            return;
        }
        for (column, unit) in self.columns.iter_mut().zip(units) {
            if let Some(unit) = unit {
                column.set_unit(unit);
            }
        }
    }
}

fn is_time(cell: &[u8]) -> bool {
    matches!(number(cell, DecimalMark::Point), Cell::Number(_))
        || time::duration(cell).is_some()
        || is_clock(cell)
}

fn is_clock(cell: &[u8]) -> bool {
    time::clock(cell, DateOrder::MonthFirst).is_some() || time::clock(cell, DateOrder::DayFirst).is_some()
}

/// Whether the two lines above the header name cycles and steps, as in nested Neware exports.
fn nesting(before: &[Line<'_>], delimiter: u8) -> Option<Nesting> {
    let [.., cycle_line, step_line] = before else { return None };
    let names = |line: &Line<'_>| -> Vec<String> {
        fields(line.bytes, delimiter).into_iter().map(|field| Column::new(&shown(field)).name).collect()
    };
    let (cycles, steps) = (names(cycle_line), names(step_line));
    let is_nested = cycles.first().is_some_and(|name| name.starts_with("cycle"))
        && steps.first().is_some_and(String::is_empty)
        && steps.get(1).is_some_and(|name| name.starts_with("step"));
    if !is_nested {
        return None;
    }
    Some(Nesting {
        cycle_fields: cycles.len(),
        step: 1,
        state: steps.iter().position(|name| name == "steptype" || name == "stepname"),
    })
}
