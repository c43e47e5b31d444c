//! Finds the header line: the first line whose fields name a time and something measured, with numbers under it.

use super::super::error::Error;
use super::super::evidence::Evidence;
use super::super::log::Format;
use super::column_map::{Column, Role, squeeze};
use super::foreign;
use super::marks::Marks;
use super::number::{Cell, DecimalMark, number, trim};
use super::text::{Line, fields, lines, shown};
use super::time::{self, DateOrder};
use super::unit;
use super::vendor::{self, Signature, Vendor};
use super::{generic, victron_vrm};

/// How far into a file a header line may be.
const SEARCHED_LINES: usize = 4000;
/// How many bytes are looked through at most; longer preambles are not known.
const SEARCHED_BYTES: usize = 4 << 20;
/// A header line is shorter than this.
const LONGEST_HEADER: usize = 1 << 15;
/// How many lines (units, blank, cycle and step rows) may stand between the header and the first row of numbers.
const LOOKED_AHEAD: usize = 12;

/// How many rows are looked at to see how numbers and dates are written.
const SAMPLED_ROWS: usize = 100;

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
    /// The cells of the line above the header, where it has as many as the header.
    pub(super) above: Vec<String>,
    pub(super) vendor: &'static Vendor,
    /// Why it is this vendor.
    pub(super) signature: Signature,
    /// How numbers and dates are written in the first rows.
    pub(super) marks: Marks,
    /// Which encoding it was, where the bytes as they were are known.
    pub(super) encoding: Option<Evidence>,
}

impl Layout {
    /// Whether a column has one of these roles.
    pub(super) fn names_a(&self, roles: &[Role]) -> bool {
        names_a(&self.columns, roles)
    }

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
/// [`Error::OtherFormat`] when the stated format surely is another, [`Error::NotARecording`] when no line names what is needed, [`Error::AnotherKind`] when the text is something else
/// that is known, [`Error::NoRows`] when nothing follows the line that names what is needed.
pub(super) fn layout(text: &[u8], end: u8, told: Option<Format>) -> Result<Layout, Error> {
    if let Some(error) = foreign::document(text) {
        return Err(error);
    }

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
                    Some(layout) => return layout.of_vendor(told),
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
    if let Some(error) = foreign::table(text, end) {
        return Err(error);
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

/// Whether a column has one of the roles.
fn names_a(columns: &[Column], roles: &[Role]) -> bool {
    columns.iter().any(|column| column.role.is_some_and(|(role, _)| roles.contains(&role)))
}

/// Names from which on a power is that of the battery and not of anything.
const BATTERY_POWER: u8 = 8;

/// Whether something is named that only a battery has.
fn names_a_battery(columns: &[Column]) -> bool {
    names_a(
        columns,
        &[
            Role::Voltage,
            Role::Current,
            Role::ChargePower,
            Role::DischargePower,
            Role::StateOfCharge,
            Role::ChargeEnergy,
            Role::DischargeEnergy,
            Role::ChargeCapacity,
            Role::DischargeCapacity,
        ],
    ) || columns.iter().any(|column| matches!(column.role, Some((Role::Power, BATTERY_POWER..))))
}

impl Layout {
    /// Reads the columns by the vendor's own table, once the vendor is known or told.
    fn of_vendor(mut self, told: Option<Format>) -> Result<Self, Error> {
        (self.vendor, self.signature) = vendor::recognised(&self);
        if let Some(stated) = told {
            let found = self.vendor.format;
            if found != stated && stated != Format::Generic && self.signature.is_own() {
                return Err(Error::OtherFormat { stated, found, why: self.signature.why });
            }
            self.vendor = vendor::of(stated);
            self.signature =
                Signature { why: "it was said that the file is of this format", confidence: 1.0 };
        }
        for column in &mut self.columns {
            let mut own = Column::of(self.vendor, &column.header);
            if let Some(unit) = column.unit_below {
                own.set_unit(unit);
            }
            // A column that was taken for the clock by its cells stays one: no table knows its name, or it is `time`.
            let by_cells = matches!(column.role, Some((Role::Clock, _)));
            if by_cells && matches!(own.role, None | Some((Role::TestTime, _))) {
                (own.role, own.unit) = (column.role, None);
            }
            *column = own;
        }
        if self.vendor.format == Format::VictronVrm {
            self.by_device();
        }
        // SMA's and Enphase's logs are of houses that may have no battery; they say what the house does all the same.
        let house = [Format::Sma, Format::Enphase, Format::Tesla].contains(&self.vendor.format);
        if !house && told.is_none() && !names_a_battery(&self.columns) {
            return Err(foreign::meter(self.header_line, &self.names()));
        }
        Ok(self)
    }

    /// Leaves the voltage, current and charge of chargers, inverters and meters alone; the row above names the devices.
    fn by_device(&mut self) {
        let named = self.above.iter().any(|device| victron_vrm::is_battery(device));
        for (column, device) in self.columns.iter_mut().zip(&self.above) {
            let own = [
                Role::Voltage,
                Role::Current,
                Role::Power,
                Role::StateOfCharge,
                Role::Temperature,
                Role::State,
                Role::Capacity,
            ];
            let (Some((role, sure)), true) = (column.role, named) else { continue };
            if own.contains(&role) {
                if victron_vrm::is_battery(device) {
                    // The battery's monitor measures; the overview repeats what others measured.
                    let monitor = device.to_lowercase().contains("monitor");
                    column.role = Some((role, sure + u8::from(monitor)));
                } else {
                    column.role = None;
                }
            }
            if !device.is_empty() {
                column.header = format!("{device} {}", column.header);
            }
        }
    }

    /// The names of the header line, for a message.
    fn names(&self) -> String {
        names(&self.columns)
    }
}

/// The names of a header line, for a message.
pub(super) fn names(columns: &[Column]) -> String {
    let mut names = String::new();
    for column in columns.iter().filter(|column| !column.header.is_empty()) {
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

impl Candidate<'_> {
    fn names_a(&self, roles: &[Role]) -> bool {
        names_a(&self.columns, roles)
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
        let counted = self.names_a(&[Role::Clock])
            && self.names_a(&[Role::ChargeEnergy, Role::DischargeEnergy])
            && !self.names_a(&[Role::Cycle]);
        let metered = self.names_a(&[Role::Clock])
            && self.names_a(&[Role::SolarEnergy, Role::LoadEnergy, Role::SolarPower, Role::LoadPower]);
        let timed = self.names_a(&[Role::TestTime, Role::Clock, Role::StepTime]);
        // A first column without a name may be the time; the rows will show it.
        let unnamed_time = self.columns.first().is_some_and(|column| column.name.is_empty())
            && self.names_a(&[Role::SolarEnergy, Role::SolarPower]);
        (measured && (timed || self.score >= 9)) || metered || counted || unnamed_time
    }

    /// The names of the line, for a message.
    fn names(&self) -> String {
        names(&self.columns)
    }

    /// The layout, if rows of numbers follow.
    fn followed(mut self, text: &[u8], end: u8, before: &[Line<'_>]) -> Option<Layout> {
        let nesting = nesting(before, self.delimiter);
        let start = self.line.next_start();
        let above = above(before, self.delimiter, self.columns.len());
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
        let rows = lines(text, end, data_start, data_line).filter(|line| !line.is_blank());
        let sample: Vec<Vec<&[u8]>> = rows
            .take(SAMPLED_ROWS)
            .map(|line| fields(if self.wrapped { trim(line.bytes) } else { line.bytes }, self.delimiter))
            .filter(|row| nesting.is_none() || row.iter().take(2).all(|cell| trim(cell).is_empty()))
            .collect();
        self.unix_time(&sample);
        let marks = Marks::of(&sample, &self.columns);
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
            above,
            vendor: &generic::VENDOR,
            signature: generic::SIGNATURE,
            marks,
            encoding: None,
        })
    }

    /// A `time` without a unit that counts seconds, or parts of them, since 1970 is a clock.
    fn unix_time(&mut self, sample: &[Vec<&[u8]>]) {
        const EARLIEST_S: f64 = 3.0e8;
        if self.names_a(&[Role::Clock]) {
            return;
        }
        for (field, column) in self.columns.iter_mut().enumerate() {
            let Some((Role::TestTime, sure @ ..=5)) = column.role else { continue };
            let cells: Vec<f64> = sample
                .iter()
                .filter_map(|row| match number(row.get(field)?, DecimalMark::Point) {
                    Cell::Number(value) => Some(value),
                    Cell::Missing | Cell::Bad => None,
                })
                .collect();
            let since_1970 = |value: &f64| *value > EARLIEST_S && time::numeric_clock(*value).is_some();
            if !cells.is_empty() && cells.iter().all(since_1970) {
                column.role = Some((Role::Clock, sure));
                column.unit = None;
            }
        }
    }

    /// Whether a line is a row: a number in a measured column and a time beside it. A column without a known name
    /// that holds a clock becomes the clock where no other does.
    fn is_row(&mut self, cells: &[&[u8]]) -> bool {
        let mut measured = false;
        let mut timed = false;
        for (column, cell) in self.columns.iter().zip(cells) {
            match column.role.map(|(role, _)| role) {
                Some(Role::TestTime | Role::Clock | Role::StepTime) => timed |= is_time(cell),
                Some(Role::State | Role::Label) | None => {}
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
                column.unit_below = Some(unit);
            }
        }
    }
}

/// The cells of the line above the header, where it names as many columns.
fn above(before: &[Line<'_>], delimiter: u8, columns: usize) -> Vec<String> {
    let Some(line) = before.last() else { return Vec::new() };
    let cells: Vec<String> =
        fields(line.bytes, delimiter).into_iter().map(|cell| shown(trim(cell))).collect();
    if cells.len() == columns && columns > 1 { cells } else { Vec::new() }
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
