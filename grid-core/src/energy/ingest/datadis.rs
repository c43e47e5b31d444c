//! Hourly files of Datadis and of the Spanish distributors.
//!
//! A row has the supply point (`cups`), a date, an hour, the energies and how they came about. The hour ends at its
//! label: hour 1, or `01:00`, is the first of the day. What the label means on the two days when the clocks change
//! differs: distributors number the hours of the day through, 1 to 23 or 25; Datadis writes what the clock shows,
//! leaves out one number in spring and repeats one in autumn. Each such day mostly shows which it is; where neither it
//! nor another day of the file does, the file is refused rather than shifted by an hour.
//!
//! `consumo` is what the meter at the connection point took from the grid ([`Channel::Import`]), `energiaVertida` what
//! it fed in ([`Channel::Export`]); `energiaAutoconsumida` was computed and is left out.
//!
//! # References
//!
//! Datadis, private API, consumption data: `cups, date, time (01:00 to 24:00), consumptionKWh, obtainMethod (Real,
//! Estimada), surplusEnergyKWh, generationEnergyKWh, selfConsumptionEnergyKWh`, <https://datadis.es>.

use std::{collections::HashMap, io::Read};

use jiff::{Timestamp, ToSpan};

use super::{
    Error, Ingested, Options,
    cells::Cells,
    country::{Country, Dates, Settled},
    datadis_hours::Hours,
    gather::{Gather, Spot, Subject},
    generic_csv::column,
    header::{self, Role},
    options::Format,
    sorted::Sorted,
    spill::Spill,
    stamp::{self, WrittenDate},
    table::{Line, Table, rejected, shown},
    written::{DecimalMark, Marks, Written},
};
use crate::{energy::Channel, error::excerpt, series::Quality, time::Interval};

/// Spain writes the day first; a file with months first says so by some day past the twelfth.
const COUNTRY: Country = Country { zone: "Europe/Madrid", day_first: None };

/// Whether these are the headers of such a file.
pub(super) fn is_header(cells: &[String]) -> bool {
    let words: Vec<Vec<String>> = cells.iter().map(|cell| header::words(cell)).collect();
    let has = |list: &[&str]| words.iter().any(|words| header::any(words, list));
    has(&["cups"]) && has(&["fecha", "date", "dia"]) && has(&["hora", "hour", "time"])
}

/// The hour that a cell names, and whether it names the end of it.
pub(super) fn hour(cell: &str) -> Option<u8> {
    if let Ok(hour) = cell.parse::<u8>() {
        return (hour <= 25).then_some(hour);
    }
    if let Some(("25", "00" | "00:00")) = cell.split_once(':') {
        return Some(25);
    }
    let (start, end) = stamp::parse_times(cell)?;
    let seconds = end.unwrap_or(start);
    if seconds % 3600 == 0 { u8::try_from(seconds / 3600).ok() } else { None }
}

struct Columns {
    cups: usize,
    date: usize,
    hour: usize,
    method: Option<usize>,
    values: Vec<(usize, Channel, i8)>,
    headers: Vec<String>,
}

#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) cups: u32,
    pub(super) date: WrittenDate,
    pub(super) hour: u8,
    pub(super) quality: Quality,
    pub(super) first: usize,
}

pub(super) fn read(
    head: &[u8],
    source: impl Read,
    file: &str,
    options: &Options,
    spill: Spill<'_>,
) -> Result<Ingested<Sorted>, Error> {
    let mut table = Table::open(head, source, file)?;
    let mut evidence = Vec::new();
    let columns = loop {
        let Some(line) = table.next()? else {
            return Err(rejected(
                file,
                1,
                "a header like `cups;fecha;hora;consumo_kWh;metodoObtencion`",
                "none".to_owned(),
            ));
        };
        let cells = line.cells();
        if is_header(&cells) {
            let number = line.number;
            break Columns::of(cells, &mut evidence)
                .map_err(|(expected, got)| rejected(file, number, &expected, got))?;
        }
    };
    let mut gather = Gather::new(file, options, spill);
    let (mut rows, mut values): (Vec<Row>, Vec<Option<Written>>) = (Vec::new(), Vec::new());
    let (mut names, mut known): (Vec<String>, HashMap<String, u32>) = (Vec::new(), HashMap::new());
    let (mut marks, mut dates) = (Marks::default(), Dates::default());
    while !gather.is_hopeless()
        && let Some(line) = table.next()?
    {
        if gather.is_too_long(values.len(), line.number) {
            break;
        }
        let Some((cups, row)) = columns.take(&line, &mut values, &mut marks, &mut gather) else { continue };
        let cups = *known.entry(cups).or_insert_with_key(|cups| {
            names.push(cups.clone());
            u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
        });
        dates.see(row.date);
        rows.push(Row { cups, ..row });
    }
    evidence.insert(0, table.evidence());
    if !gather.has_faults() {
        match COUNTRY.settle(&marks, &dates, options, &mut evidence) {
            Ok(Settled { mark, order, calendar }) => {
                let starts = Hours { rows: &rows, order, calendar: &calendar, options }.starts(
                    &values,
                    columns.values.len(),
                    &mut gather,
                    &mut evidence,
                );
                columns.hand_on(&rows, &starts, &values, &names, mark, &mut gather);
            }
            Err(fault) => gather.push(fault),
        }
    }
    Ok(Ingested { format: Format::Datadis, evidence, batches: gather.finish()? })
}

impl Columns {
    fn of(headers: Vec<String>, evidence: &mut Vec<String>) -> Result<Self, (String, String)> {
        let find = |words: &[&str]| {
            headers.iter().position(|header| header::any(&header::words(header), words)).ok_or_else(|| {
                (format!("a column `{}`", words.first().unwrap_or(&"")), shown(&headers.join(" ")))
            })
        };
        let (cups, date, hour) =
            (find(&["cups"])?, find(&["fecha", "date", "dia"])?, find(&["hora", "hour", "time"])?);
        let method = headers.iter().position(|header| {
            header::role(header) == Role::Quality
                || header::any(&header::words(header), &["obtencion", "obtain", "estimado"])
        });
        let mut values: Vec<(usize, Channel, i8)> = Vec::new();
        let mut left_out = Vec::new();
        for (field, header) in headers.iter().enumerate() {
            if [Some(cups), Some(date), Some(hour), method].contains(&Some(field)) || header.is_empty() {
                continue;
            }
            let words = header::words(header);
            // Distributors write AE and AS: active energy entering and leaving.
            let (channel, exponent) = match header::role(header) {
                Role::Energy(energies) => {
                    let channel = match energies.channel {
                        Some(Channel::Consumption) => Some(Channel::Import),
                        None if words.first().is_some_and(|word| word == "ae") => Some(Channel::Import),
                        None if words.first().is_some_and(|word| word == "as") => Some(Channel::Export),
                        other => other,
                    };
                    (channel, energies.exponent.unwrap_or(6))
                }
                _ => (None, 6),
            };
            match channel {
                Some(channel) if values.iter().all(|(_, other, _)| *other != channel) => {
                    values.push((field, channel, exponent));
                }
                _ => left_out.push(format!("`{}`", excerpt(header))),
            }
        }
        if values.is_empty() {
            return Err(("a column like `consumo_kWh`".to_owned(), shown(&headers.join(" "))));
        }
        if !left_out.is_empty() {
            evidence.push(format!("left out, for they hold no reading of a meter: {}", left_out.join(", ")));
        }
        Ok(Self { cups, date, hour, method, values, headers })
    }

    fn take(
        &self,
        line: &Line<'_>,
        values: &mut Vec<Option<Written>>,
        marks: &mut Marks,
        gather: &mut Gather<'_>,
    ) -> Option<(String, Row)> {
        let cells = Cells { line, headers: &self.headers };
        let needed =
            self.values.iter().map(|(field, ..)| *field).chain([self.cups, self.date, self.hour]).max();
        if needed.is_none_or(|needed| line.len() <= needed) {
            cells.refuse_length("", gather);
            return None;
        }
        let Some(date) = stamp::parse_date(&line.cell(self.date)) else {
            cells.refuse(self.date, "a date like `2026/03/29` or `29/03/2026`", gather);
            return None;
        };
        let Some(hour) = hour(&line.cell(self.hour)) else {
            cells.refuse(self.hour, "an hour from 1 to 25, or `01:00` to `24:00`", gather);
            return None;
        };
        let quality = match self.method.map(|field| (field, line.cell(field))) {
            Some((field, cell)) if !cell.is_empty() => {
                let Some(quality) = header::quality(&cell) else {
                    cells.refuse(field, "`R` (real) or `E` (estimada)", gather);
                    return None;
                };
                quality
            }
            _ => Quality::Measured,
        };
        let first = values.len();
        for (field, ..) in &self.values {
            let expected = "a number of kilowatt-hours, or an empty cell";
            values.push(cells.number(*field, expected, marks, gather).unwrap_or(None));
        }
        let cups = line.cell(self.cups).into_owned();
        Some((cups, Row { line: line.number, cups: 0, date, hour, quality, first }))
    }

    fn hand_on(
        &self,
        rows: &[Row],
        starts: &[Option<Timestamp>],
        values: &[Option<Written>],
        names: &[String],
        mark: DecimalMark,
        gather: &mut Gather<'_>,
    ) {
        for (row, start) in rows.iter().zip(starts) {
            let name = usize::try_from(row.cups).ok().and_then(|cups| names.get(cups));
            let interval =
                start.and_then(|start| Interval::new(start, start.checked_add(1.hour()).ok()?).ok());
            if start.is_some() && interval.is_none() {
                gather.fault(
                    Spot::line(row.line),
                    "",
                    "an hour within the years of the calendar",
                    "another one",
                );
            }
            let (Some(name), Some(interval)) = (name, interval) else { continue };
            for ((field, channel, exponent), number) in
                self.values.iter().zip(values.get(row.first..).unwrap_or_default())
            {
                let spot = Spot { line: row.line, column: column(*field) };
                let header = self.headers.get(*field).map(String::as_str).unwrap_or_default();
                let of = Subject { spot, header, device: name, channel: *channel, interval };
                let energy = |number: Written| number.energy(mark, *exponent);
                gather.take_written(of, *number, energy, row.quality);
            }
        }
    }
}
