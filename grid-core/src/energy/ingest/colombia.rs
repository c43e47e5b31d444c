//! Daily rows with a column for each of the 24 hours, as Colombian metering files have.
//!
//! A row has a date, mostly the code of the boundary meter (`frontera`) and what it counts, and 24 energies. Hour 1, or
//! period 1, is the one from 00:00 to 01:00; Colombia's clocks are never changed.
//!
//! # References
//!
//! CREG 038 de 2014 (Código de Medida): active energy is recorded by hour, imports and exports apart. XM's APIs name
//! the columns `Values_Hour01` to `Values_Hour24`; meter reading files write `H1`, `Hora 1` or `Periodo 1`.

use std::io::Read;

use jiff::{SignedDuration, ToSpan};

use super::{
    Error, Ingested, Options,
    cells::Cells,
    country::{Country, Dates, Settled},
    gather::{Gather, Spot, Subject},
    generic_csv::column,
    header::{self, Role},
    options::Format,
    sorted::Sorted,
    spill::Spill,
    stamp::{self, WrittenDate},
    table::{Line, Table, rejected},
    written::{Marks, Written},
};
use crate::{energy::Channel, series::Quality, time::Interval};

const HOURS: usize = 24;

const COUNTRY: Country = Country {
    zone: "America/Bogota",
    day_first: Some("the day is taken as the first part of the dates, as Colombia writes them"),
};

struct Columns {
    date: usize,
    device: Option<usize>,
    channel: Option<usize>,
    hours: [usize; HOURS],
    exponent: i8,
    headers: Vec<String>,
}

struct Row {
    line: u64,
    date: WrittenDate,
    device: String,
    channel: Option<Channel>,
    first: usize,
}

/// Whether these are the headers of such a file.
pub(super) fn is_header(cells: &[String]) -> bool {
    Columns::of(cells.to_vec()).is_some()
}

/// The number in a header like `H1`, `Hora 01`, `Periodo 1`, `Values_Hour01` or `1`.
fn hour_of(header: &str) -> Option<usize> {
    let words = header::words(header);
    let text: String =
        words.into_iter().filter(|word| !matches!(word.as_str(), "kwh" | "wh" | "mwh")).collect();
    let at = text.find(|c: char| c.is_ascii_digit())?;
    let (name, digits) = text.split_at_checked(at)?;
    let known = ["", "h", "hr", "hora", "hour", "p", "periodo", "period", "valueshour"].contains(&name);
    if known && digits.len() <= 2 { digits.parse().ok().filter(|hour| *hour <= HOURS) } else { None }
}

impl Columns {
    fn of(headers: Vec<String>) -> Option<Self> {
        let fields = |hour: usize| {
            let mut found = headers.iter().enumerate().filter(|(_, header)| hour_of(header) == Some(hour));
            found.next().map(|(field, _)| field).filter(|_| found.next().is_none())
        };
        let from = usize::from(fields(0).is_none());
        let mut hours = [0; HOURS];
        for (slot, hour) in hours.iter_mut().zip(from..) {
            *slot = fields(hour)?;
        }
        let has = |header: &String, list: &[&str]| header::any(&header::words(header), list);
        let free = |field: &usize| !hours.contains(field);
        let find = |list: &[&str]| headers.iter().position(|header| has(header, list)).filter(free);
        let date = find(&["fecha", "date", "dia"])?;
        let device = headers
            .iter()
            .position(|header| header::role(header) == Role::Device)
            .filter(free)
            .or_else(|| find(&["frontera", "codigo", "code", "sic", "niu"]));
        let channel = find(&["tipo", "type", "sentido", "canal", "channel", "direccion", "flujo", "energia"]);
        let first = hours.first().and_then(|field| headers.get(*field))?;
        let exponent = match header::words(first).last().map(String::as_str) {
            Some("wh") => 3,
            Some("mwh") => 9,
            _ => 6,
        };
        Some(Self {
            date,
            device,
            channel: channel.filter(|field| Some(*field) != device),
            hours,
            exponent,
            headers,
        })
    }

    fn take(
        &self,
        line: &Line<'_>,
        values: &mut Vec<Option<Written>>,
        marks: &mut Marks,
        gather: &mut Gather<'_>,
    ) -> Option<Row> {
        let cells = Cells { line, headers: &self.headers };
        let last = self.hours.iter().copied().chain([self.date]).max().unwrap_or(0);
        if line.len() <= last || cells.has_surplus() {
            cells.refuse_length("", gather);
            return None;
        }
        let Some(date) = stamp::parse_date(&line.cell(self.date)) else {
            cells.refuse(self.date, "a date like `2026-03-29` or `29/03/2026`", gather);
            return None;
        };
        let channel = match self.channel.map(|field| (field, line.cell(field))) {
            Some((field, cell)) if !cell.is_empty() => {
                let channel = channel_of(&cell);
                if channel.is_none() {
                    let expected = "`importación` or `exportación`, or `consumo` or `generación`";
                    cells.refuse(field, expected, gather);
                    return None;
                }
                channel
            }
            _ => None,
        };
        let first = values.len();
        for field in self.hours {
            let number = cells.number(field, "a number, or an empty cell", marks, gather);
            values.push(number.unwrap_or(None));
        }
        let device = self.device.map(|field| line.cell(field).into_owned()).unwrap_or_default();
        Some(Row { line: line.number, date, device, channel, first })
    }
}

/// What a row counts: a word of any language, or the letters that Colombian files have.
fn channel_of(cell: &str) -> Option<Channel> {
    header::channel(cell).or_else(|| {
        let words = header::words(cell);
        let starts = |with: &str| words.iter().any(|word| word.starts_with(with));
        match words.first()?.as_str() {
            "i" | "imp" | "c" => Some(Channel::Import),
            "e" | "exp" | "g" => Some(Channel::Export),
            _ if starts("import") => Some(Channel::Import),
            _ if starts("export") || starts("inyec") => Some(Channel::Export),
            _ => None,
        }
    })
}

/// Whether a row counts reactive energy, which no balance knows.
fn is_reactive(line: &Line<'_>, field: Option<usize>) -> bool {
    field.is_some_and(|field| {
        let words = header::words(&line.cell(field));
        words.iter().any(|word| word.starts_with("reactiv") || word == "kvarh")
    })
}

pub(super) fn read(
    head: &[u8],
    source: impl Read,
    file: &str,
    options: &Options,
    spill: Spill<'_>,
) -> Result<Ingested<Sorted>, Error> {
    let mut table = Table::open(head, source, file)?;
    let columns = loop {
        let Some(line) = table.next()? else {
            return Err(rejected(
                file,
                1,
                "a header with a date and 24 hours (`fecha;frontera;H1;…;H24`)",
                "none".to_owned(),
            ));
        };
        if let Some(columns) = Columns::of(line.cells()) {
            break columns;
        }
    };
    let mut gather = Gather::new(file, options, spill);
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    let (mut marks, mut dates, mut reactive) = (Marks::default(), Dates::default(), 0_u64);
    while !gather.is_hopeless()
        && let Some(line) = table.next()?
    {
        if is_reactive(&line, columns.channel) {
            reactive += 1;
            continue;
        }
        if gather.is_too_long(values.len(), line.number) {
            break;
        }
        let Some(row) = columns.take(&line, &mut values, &mut marks, &mut gather) else { continue };
        dates.see(row.date);
        rows.push(row);
    }
    let mut evidence = vec![table.evidence()];
    if reactive > 0 {
        evidence.push(format!("left out: {reactive} rows of reactive energy"));
    }
    if !gather.has_faults() {
        match COUNTRY.settle(&marks, &dates, options, &mut evidence) {
            Ok(settled) => {
                for row in &rows {
                    hand_on(&columns, row, &values, &settled, &mut gather);
                }
            }
            Err(fault) => gather.push(fault),
        }
    }
    Ok(Ingested { format: Format::Colombia, evidence, batches: gather.finish()? })
}

fn hand_on(
    columns: &Columns,
    row: &Row,
    values: &[Option<Written>],
    settled: &Settled,
    gather: &mut Gather<'_>,
) {
    let Settled { mark, order, calendar } = settled;
    let line = Spot::line(row.line);
    let Some(day) = row.date.date(*order).and_then(|date| calendar.day(date).ok()) else {
        return gather.fault(line, "", "a date of the calendar", "one that is not");
    };
    if day.start().duration_until(day.end()) != SignedDuration::from_hours(24) {
        let got = format!("a day of another length in {}", calendar.name());
        return gather.fault(line, "", "a day of 24 hours, as the columns are", got);
    }
    let Some(channel) = gather.channel(row.channel, line, "") else { return };
    for ((field, hour), number) in
        columns.hours.iter().zip(0_i64..).zip(values.get(row.first..).unwrap_or_default())
    {
        if gather.is_hopeless() {
            return;
        }
        let spot = Spot { line: row.line, column: column(*field) };
        let header = columns.headers.get(*field).map(String::as_str).unwrap_or_default();
        let at = |hours: i64| day.start().checked_add(hours.hours()).ok();
        let Some(interval) =
            at(hour).zip(at(hour + 1)).and_then(|(start, end)| Interval::new(start, end).ok())
        else {
            continue;
        };
        let of = Subject { spot, header, device: &row.device, channel, interval };
        let energy = |number: Written| number.energy(*mark, columns.exponent);
        gather.take_written(of, *number, energy, Quality::Measured);
    }
}
