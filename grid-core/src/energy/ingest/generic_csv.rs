//! Any delimited text with a header and one row for each interval.
//!
//! The columns are found by the words of their headers in six languages. Whatever needs the whole file to be known
//! (which decimal mark, whether day or month comes first, which hour of the autumn night a row means, how long the
//! intervals are) is decided after the last row; until then a row is kept as a few numbers, not as text.

use std::{
    collections::{HashMap, HashSet},
    io::Read,
};

use super::{
    Error, Ingested, Options,
    cells::Cells,
    gather::Gather,
    header::{self, Role},
    local_clock::StampConvention,
    options::Format,
    rows::{Rows, TimeRow, Value},
    sorted::Sorted,
    spill::Spill,
    stamp::{self, Stamp},
    table::{Line, Table, rejected, shown},
};
use crate::{energy::Channel, error::excerpt, series::Quality};

/// How many lines before the header are looked at.
const MOST_LINES_BEFORE: usize = 30;

/// Where the date and the time of a stamp stand.
#[derive(Clone, Copy, Debug)]
struct TimePlace {
    date: usize,
    time: Option<usize>,
}

/// A column of energies.
#[derive(Clone, Debug)]
pub(super) struct ValueColumn {
    pub(super) field: usize,
    pub(super) header: String,
    pub(super) device: String,
    pub(super) channel: Option<Channel>,
    pub(super) exponent: i8,
    quality: Option<usize>,
}

/// What the header says.
#[derive(Debug)]
struct Columns {
    start: TimePlace,
    end: Option<TimePlace>,
    stated: Option<StampConvention>,
    is_utc: bool,
    device: Option<usize>,
    channel: Option<usize>,
    /// A quality of the whole row.
    quality: Option<usize>,
    values: Vec<ValueColumn>,
    headers: Vec<String>,
    remarks: Vec<String>,
}

pub(super) fn read(
    head: &[u8],
    source: impl Read,
    file: &str,
    options: &Options,
    spill: Spill<'_>,
) -> Result<Ingested<Sorted>, Error> {
    let mut table = Table::open(head, source, file)?;
    let (header_line, columns) = find_header(&mut table, file, options)?;
    let mut gather = Gather::new(file, options, spill);
    let mut rows = Rows::new(columns.values.clone(), columns.stated, columns.is_utc);
    let mut registers: HashMap<(String, String), u32> = HashMap::new();
    while !gather.is_hopeless()
        && let Some(line) = table.next()?
    {
        if gather.is_too_long(rows.count(), line.number) {
            break;
        }
        columns.take(&line, &mut rows, &mut registers, &mut gather);
    }
    let mut evidence = vec![table.evidence()];
    if header_line > 1 {
        evidence.push(format!("the header is line {header_line}; what stands before it was left out"));
    }
    evidence.extend(columns.remarks);
    if !gather.has_faults() {
        rows.settle(options, &mut gather, &mut evidence);
    }
    Ok(Ingested { format: Format::GenericCsv, evidence, batches: gather.finish()? })
}

/// The line of the header and its columns.
fn find_header<R: Read>(
    table: &mut Table<R>,
    file: &str,
    options: &Options,
) -> Result<(u64, Columns), Error> {
    let mut first = None;
    for _ in 0..MOST_LINES_BEFORE {
        let Some(line) = table.next()? else { break };
        let cells = line.cells();
        if is_header(&cells) {
            let number = line.number;
            return Columns::of(cells, options)
                .map(|columns| (number, columns))
                .map_err(|(expected, got)| rejected(file, number, &expected, got));
        }
        first.get_or_insert((line.number, shown(&cells.join(" "))));
    }
    let (line, got) = first.unwrap_or((1, "nothing but blanks".to_owned()));
    let expected = "a header with a time (`start`, `fecha`, `Datum`, `horodate` …) and energies (`kWh`, `consumo`, `Verbrauch` …)";
    Err(rejected(file, line, expected, got))
}

/// Whether a line can be the header: it names a time, and holds none.
pub(super) fn is_header(cells: &[String]) -> bool {
    let holds_a_time =
        |cell: &String| !cell.bytes().all(|byte| byte.is_ascii_digit()) && Stamp::parse(cell).is_some();
    cells.iter().filter(|cell| !cell.is_empty()).count() > 1
        && cells.iter().any(|cell| matches!(header::role(cell), Role::Start | Role::End | Role::Stamp))
        && !cells.iter().any(holds_a_time)
}

impl Columns {
    fn of(headers: Vec<String>, options: &Options) -> Result<Self, (String, String)> {
        let roles: Vec<Role> = headers.iter().map(|header| header::role(header)).collect();
        for (field, (header, role)) in headers.iter().zip(&roles).enumerate() {
            let is_time = matches!(role, Role::Start | Role::End | Role::Stamp | Role::Time);
            if is_time && headers.iter().take(field).any(|before| before == header) {
                return Err(("each column of times once".to_owned(), format!("`{}` twice", excerpt(header))));
            }
        }
        let fields_of = |wanted: Role| -> Vec<usize> {
            roles.iter().enumerate().filter(|(_, role)| **role == wanted).map(|(field, _)| field).collect()
        };
        let name = |field: usize| headers.get(field).map(String::as_str).unwrap_or_default();
        let mut remarks = Vec::new();
        let (stamps, times) = (fields_of(Role::Stamp), fields_of(Role::Time));
        let (starts, ends) = (fields_of(Role::Start), fields_of(Role::End));
        let stamp = stamps.iter().find(|field| header::is_utc(name(**field))).or(stamps.first()).copied();
        let pair = |fields: &[usize]| match *fields {
            [] => None,
            [date] => Some(TimePlace { date, time: None }),
            [date, time, ..] => Some(TimePlace { date, time: Some(time) }),
        };
        let (start, end, stated) = match (stamp, starts.as_slice(), ends.as_slice()) {
            // One date for both times.
            (Some(date), [start], [end]) => (
                TimePlace { date, time: Some(*start) },
                Some(TimePlace { date, time: Some(*end) }),
                Some(StampConvention::Start),
            ),
            (Some(date), [time], []) => {
                (TimePlace { date, time: Some(*time) }, None, Some(StampConvention::Start))
            }
            (Some(date), [], [time]) => {
                (TimePlace { date, time: Some(*time) }, None, Some(StampConvention::End))
            }
            (_, [_, ..], _) => {
                let start = pair(&starts).unwrap_or(TimePlace { date: 0, time: None });
                (start, pair(&ends), Some(StampConvention::Start))
            }
            (_, [], [date, rest @ ..]) => (
                TimePlace { date: *date, time: rest.first().or(times.first()).copied() },
                None,
                Some(StampConvention::End),
            ),
            (Some(date), [], []) => (TimePlace { date, time: times.first().copied() }, None, None),
            (None, [], []) => {
                return Err(("a column with a time".to_owned(), "a header without one".to_owned()));
            }
        };
        let device = fields_of(Role::Device).first().copied();
        let channel = fields_of(Role::Channel).first().copied();
        let mut values: Vec<ValueColumn> = Vec::new();
        for (field, role) in roles.iter().enumerate() {
            let Role::Energy(energies) = role else { continue };
            let exponent = energies.exponent.unwrap_or(6);
            if energies.exponent.is_none() {
                remarks.push(format!("`{}` names no unit; taken as kilowatt-hours", excerpt(name(field))));
            }
            let (header, channel) = (name(field).to_owned(), energies.channel);
            values.push(ValueColumn {
                field,
                header,
                device: String::new(),
                channel,
                exponent,
                quality: None,
            });
        }
        if values.is_empty() && device.is_none() {
            // A column for each meter, by its name.
            for (field, _) in roles
                .iter()
                .enumerate()
                .filter(|(field, role)| **role == Role::Other && !name(*field).is_empty())
            {
                let header = name(field).to_owned();
                values.push(ValueColumn {
                    field,
                    device: header.clone(),
                    header,
                    channel: None,
                    exponent: 6,
                    quality: None,
                });
            }
            if !values.is_empty() {
                remarks
                    .push("the columns are taken as meters, by their headers, in kilowatt-hours".to_owned());
            }
        }
        if values.is_empty() {
            let expected =
                "a column of energies (`energy_kwh`, `consumo`, `Verbrauch`, `Einspeisung` …)".to_owned();
            return Err((expected, shown(&headers.join(" "))));
        }
        name_meters(&mut values, options)?;
        let qualities = fields_of(Role::Quality);
        if qualities.len() > 1 {
            for field in &qualities {
                if let Some(value) = values.iter_mut().rev().find(|value| value.field < *field) {
                    // Nothing else may stand between a value and its quality.
                    let between = roles.get(value.field + 1..*field).unwrap_or_default();
                    if between.iter().all(|role| *role == Role::Quality) {
                        value.quality = Some(*field);
                    }
                }
            }
        }
        let used = |field: usize| {
            [
                Some(start.date),
                start.time,
                end.map(|end| end.date),
                end.and_then(|end| end.time),
                device,
                channel,
            ]
            .contains(&Some(field))
                || qualities.contains(&field)
                || values.iter().any(|value| value.field == field)
        };
        let left_out: Vec<String> = headers
            .iter()
            .enumerate()
            .filter(|(field, header)| !header.is_empty() && !used(*field))
            .map(|(_, header)| format!("`{}`", excerpt(header)))
            .take(20)
            .collect();
        if !left_out.is_empty() {
            remarks.push(format!("left out, for they hold no reading of a meter: {}", left_out.join(", ")));
        }
        let is_utc =
            header::is_utc(name(start.date)) || start.time.is_some_and(|time| header::is_utc(name(time)));
        let quality = if qualities.len() == 1 { qualities.first().copied() } else { None };
        Ok(Self { start, end, stated, is_utc, device, channel, quality, values, headers, remarks })
    }

    /// The last field that a row must have.
    fn needed(&self) -> usize {
        let times = [Some(self.start.date), self.start.time, self.device, self.channel];
        let ends = [self.end.map(|end| end.date), self.end.and_then(|end| end.time)];
        let values = self.values.iter().map(|value| value.field);
        times.into_iter().chain(ends).flatten().chain(values).max().unwrap_or(0)
    }

    fn take(
        &self,
        line: &Line<'_>,
        rows: &mut Rows,
        registers: &mut HashMap<(String, String), u32>,
        gather: &mut Gather<'_>,
    ) {
        let cells = Cells { line, headers: &self.headers };
        let has_surplus = cells.has_surplus();
        if line.len() <= self.needed() || has_surplus {
            let hint = if has_surplus { " (a decimal comma splits a value in two)" } else { "" };
            return cells.refuse_length(hint, gather);
        }
        let start = Self::stamp(line, self.start);
        let end = self.end.map(|place| Self::stamp(line, place)).transpose();
        let ((start, in_span), end) = match (start, end) {
            (Ok(start), Ok(end)) => (start, end.map(|(end, _)| end)),
            (Err((field, expected)), _) | (_, Err((field, expected))) => {
                return cells.refuse(field, expected, gather);
            }
        };
        let device = self.device.map(|field| line.cell(field).into_owned()).unwrap_or_default();
        let channel_cell = self.channel.map(|field| line.cell(field).into_owned()).unwrap_or_default();
        let channel = header::channel(&channel_cell);
        if let Some(field) = self.channel.filter(|_| channel.is_none() && !channel_cell.is_empty()) {
            let names = Channel::ALL.map(Channel::as_str).join("`, `");
            let expected = format!("a channel (`{names}`, or its word in one of the languages)");
            return cells.refuse(field, expected, gather);
        }
        let register = *registers
            .entry((device, channel_cell))
            .or_insert_with_key(|(device, _)| rows.register(device.clone(), channel));
        let row = TimeRow {
            line: line.number,
            register,
            start,
            end: end.or(in_span),
            column: column(self.start.date),
        };
        if let Err(fault) = rows.time(row, self.end.is_none_or(|end| end.date == self.start.date)) {
            gather.push(fault);
            return;
        }
        let row_quality = match self.quality.map(|field| (field, quality_of(&line.cell(field)))) {
            Some((field, None)) => {
                return cells.refuse(field, "a quality", gather);
            }
            Some((_, Some(quality))) => quality,
            None => Quality::Measured,
        };
        for (position, value) in self.values.iter().enumerate() {
            let quality = match value.quality.map(|field| (field, quality_of(&line.cell(field)))) {
                Some((field, None)) => {
                    cells.refuse(field, "a quality", gather);
                    continue;
                }
                Some((_, Some(quality))) => quality.worst(row_quality),
                None => row_quality,
            };
            let expected = "a number, or an empty cell";
            let Ok(number) = cells.number(value.field, expected, &mut rows.marks, gather) else { continue };
            rows.value(Value { column: u16::try_from(position).unwrap_or(u16::MAX), number, quality });
        }
    }

    /// The stamp at a place, and the end of the span if the time's cell is one.
    fn stamp(line: &Line<'_>, place: TimePlace) -> Result<(Stamp, Option<Stamp>), (usize, &'static str)> {
        const STAMP: &str = "a date and time, like `2026-03-29 00:15`, `29.03.2026 00:15` or with an offset";
        let Some(time) = place.time else {
            return Stamp::parse(&line.cell(place.date))
                .map(|stamp| (stamp, None))
                .ok_or((place.date, STAMP));
        };
        let date = stamp::parse_date(&line.cell(place.date))
            .ok_or((place.date, "a date, like `2026-03-29` or `29/03/2026`"))?;
        let cell = line.cell(time);
        match stamp::parse_times(&cell) {
            Some((start, end)) => Ok((Stamp::Local(date, start), end.map(|end| Stamp::Local(date, end)))),
            None => Stamp::with_time(date, &cell)
                .map(|stamp| (stamp, None))
                .ok_or((time, "a time of day, like `00:15`, or a span, like `00:00 - 00:15`")),
        }
    }
}

/// An empty cell says nothing, and that is a measured value.
fn quality_of(cell: &str) -> Option<Quality> {
    if cell.is_empty() { Some(Quality::Measured) } else { header::quality(cell) }
}

/// Where several columns count the same, the rest of their headers is the meter's name.
fn name_meters(values: &mut [ValueColumn], options: &Options) -> Result<(), (String, String)> {
    let channels: Vec<Option<Channel>> =
        values.iter().map(|value| value.channel.or(options.channel())).collect();
    let is_one_meter = channels.iter().collect::<HashSet<_>>().len() == channels.len();
    if is_one_meter || values.iter().any(|value| !value.device.is_empty()) {
        return Ok(());
    }
    for value in values.iter_mut() {
        value.device = header::remainder(&value.header);
    }
    let mut seen: HashSet<(&str, Option<Channel>)> = HashSet::new();
    for value in values.iter() {
        let key = (value.device.as_str(), value.channel);
        if value.device.is_empty() || !seen.insert(key) {
            let expected = "columns that count different things, or that name their meters".to_owned();
            return Err((expected, format!("{} and another one like it", shown(&value.header))));
        }
    }
    Ok(())
}

/// The number of a field, from 1.
pub(super) fn column(field: usize) -> u64 {
    u64::try_from(field).unwrap_or(u64::MAX).saturating_add(1)
}
