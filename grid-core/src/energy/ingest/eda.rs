//! The energy data sheet of the Austrian EDA portal, saved as CSV.
//!
//! The first cell of a line says what the line is: `MeteringpointID`, `Name`, `Energy direction`, …, `Metercode`, and
//! below that a local start of a quarter-hour. Each metering point has a column for each of its codes, mostly with a
//! column of qualities (`L1`, `L2`, `L3`, headed `MM`) beside it; columns headed `TOTAL` are sums. Everything that the
//! operator computed is in the [`EdaTable`]; the readings are what the meters counted.
//!
//! # References
//!
//! The codes: ebUtilities, process documents for energy communities, and §16a and §16e `ElWOG` 2010: `G.01` what was
//! consumed or generated, `G.01T` its part by the participation factor, `G.02` the share by the key, `G.03` what of it
//! was consumed at once, `G.03R` of that from renewables, `P.01` the surplus of a plant, `P.01T` that by the factor.

use std::{collections::HashMap, io::Read};

use jiff::{Timestamp, ToSpan};

use super::{
    Error, Fault, Ingested, Options,
    eda_columns::{Above, Place},
    gather::{Gather, Spot, Subject},
    generic_csv::column,
    local_clock::{self, StampConvention},
    metering_code::{EnergyDirection, MeteringCode},
    options::Format,
    sorted::Sorted,
    spill::Spill,
    stamp::{self, DateOrder, Stamp},
    table::{self, Table, rejected, shown},
    written::{Marks, Written},
};
use crate::{
    energy::Channel,
    error::excerpt,
    quantity::Energy,
    series::Quality,
    time::{Calendar, Interval},
};

/// One column of the sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdaColumn {
    /// The metering point (`AT…`).
    pub metering_point: String,
    /// The name beside it, empty where there is none.
    pub name: String,
    /// Which way it counts.
    pub direction: EnergyDirection,
    /// What the column holds.
    pub code: MeteringCode,
    /// The energies, one for each interval of the table; `None` where the cell is empty.
    pub energies: Vec<Option<Energy>>,
    /// The qualities, one for each interval of the table.
    pub qualities: Vec<Quality>,
}

/// The whole sheet, as the operator computed it; what a computation of one's own can be set against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdaTable {
    /// The quarter-hours of the rows, in order, each once.
    pub intervals: Vec<Interval>,
    /// The columns, in the order of the file.
    pub columns: Vec<EdaColumn>,
    /// How the file was understood.
    pub evidence: Vec<String>,
}

impl EdaTable {
    /// The column of a metering point and a code.
    pub fn column(&self, metering_point: &str, code: MeteringCode) -> Option<&EdaColumn> {
        self.columns.iter().find(|column| column.metering_point == metering_point && column.code == code)
    }
}

/// The seconds of a quarter-hour.
const QUARTER: i64 = 900;

/// Reads the sheet whole.
///
/// Times are those of Europe/Vienna unless another calendar is stated, and name the start of a quarter-hour; in the
/// night in autumn the first rows of the repeated hour are the first pass.
///
/// ```
/// use grid_core::energy::ingest::{EdaTable, Layout, MeteringCode, Options, read_eda};
/// let sheet = "MeteringpointID;AT01;AT01\nEnergy direction;CONSUMPTION;CONSUMPTION\nMetercode;G.01;G.03\n\
///     01.06.2026 00:00:00;0,25;0,1\n01.06.2026 00:15:00;0,30;\n";
/// let table: EdaTable = read_eda(sheet.as_bytes(), "june.csv", &Options::new(Layout::Community))?;
/// assert_eq!(table.column("AT01", MeteringCode::G03).unwrap().energies[1], None);
/// # Ok::<(), grid_core::energy::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Rejected`] with the places, or [`Error::Unreadable`] where the source fails.
pub fn read_eda(mut source: impl Read, file: &str, options: &Options) -> Result<EdaTable, Error> {
    let head = table::head(&mut source, file)?;
    table_of(&head, source, file, options).map(|(table, _)| table)
}

/// Where the cells of a table stood: the line of each row, and the field of each column.
struct Origin {
    lines: Vec<u64>,
    fields: Vec<usize>,
}

fn table_of(
    head: &[u8],
    source: impl Read,
    file: &str,
    options: &Options,
) -> Result<(EdaTable, Origin), Error> {
    let mut table = Table::open(head, source, file)?;
    let mut faults = Gather::new(file, options, Spill::none());
    let (mut above, mut places, mut evidence) = (Above::default(), Vec::new(), Vec::new());
    let (mut times, mut cells, mut marks) = (Vec::new(), Vec::new(), Marks::default());
    while !faults.is_hopeless()
        && let Some(line) = table.next()?
    {
        let first = line.cell(0);
        let Some(stamp) = Stamp::parse(&first).filter(|_| !first.bytes().all(|byte| byte.is_ascii_digit()))
        else {
            if places.is_empty() {
                above.take(&line);
            } else {
                let expected = "a time like `01.06.2026 00:15:00`";
                faults.fault(Spot { line: line.number, column: 1 }, "", expected, shown(&first));
            }
            continue;
        };
        if places.is_empty() {
            match above.columns(line.number, &mut evidence) {
                Ok(found) => places = found,
                Err(fault) => return Err(Error::Rejected { file: file.to_owned(), faults: vec![fault] }),
            }
        }
        if faults.is_too_long(cells.len(), line.number) {
            break;
        }
        if places.last().is_some_and(|last| line.len() <= last.field) {
            let expected = format!(
                "at least {} fields, as the codes have",
                places.last().map_or(0, |last| last.field + 1)
            );
            faults.fault(Spot::line(line.number), "", expected, format!("{} fields", line.len()));
            continue;
        }
        times.push((line.number, stamp));
        for place in &places {
            cells.push(place.cell(&line, &mut marks, &mut faults));
        }
    }
    if times.is_empty() && !faults.has_faults() {
        return Err(rejected(
            file,
            1,
            "metering points, their codes and rows with a time",
            "none".to_owned(),
        ));
    }
    evidence.insert(0, table.evidence());
    if !faults.has_faults() {
        match settle(&times, &cells, &marks, places, options, &mut evidence, &mut faults) {
            Ok(columns) if !faults.has_faults() => return Ok(columns),
            Ok(_) => {}
            Err(fault) => faults.push(fault),
        }
    }
    match faults.finish() {
        Err(error) => Err(error),
        Ok(_) => Err(rejected(file, 1, "a sheet of energy data", "none".to_owned())),
    }
}

fn settle(
    times: &[(u64, Stamp)],
    cells: &[(Option<Written>, Quality)],
    marks: &Marks,
    places: Vec<Place>,
    options: &Options,
    evidence: &mut Vec<String>,
    faults: &mut Gather<'_>,
) -> Result<(EdaTable, Origin), Fault> {
    let (mark, why) = marks.decide(options.decimal)?;
    evidence.push(why);
    let calendar = options.calendar_or("Europe/Vienna")?;
    evidence.push(format!("a time is the start of its quarter-hour in {}", calendar.name()));
    let mut order: Vec<(Timestamp, usize)> = instants(times, &calendar, faults, evidence)
        .into_iter()
        .enumerate()
        .filter_map(|(row, instant)| instant.map(|instant| (instant, row)))
        .collect();
    order.sort_unstable();
    let width = places.len();
    let row = |row: usize| cells.get(row * width..(row + 1) * width).unwrap_or_default();
    order.dedup_by(|later, first| {
        if later.0 != first.0 {
            return false;
        }
        let line = |at: usize| times.get(at).map_or(0, |(line, _)| *line);
        if row(later.1) != row(first.1) {
            let got = format!("{} here and in line {}, with other values", first.0, line(first.1));
            faults.fault(Spot::line(line(later.1)), "", "each quarter-hour once", got);
        }
        true
    });
    let mut intervals = Vec::with_capacity(order.len());
    for (start, at) in &order {
        let line = times.get(*at).map_or(0, |(line, _)| *line);
        match start.checked_add(QUARTER.seconds()).ok().and_then(|end| Interval::new(*start, end).ok()) {
            Some(interval) if start.as_second() % QUARTER == 0 => intervals.push(interval),
            _ => faults.fault(
                Spot { line, column: 1 },
                "",
                "the start of a quarter-hour",
                format!("`{start}`"),
            ),
        }
    }
    let lines = order.iter().map(|(_, at)| times.get(*at).map_or(0, |(line, _)| *line)).collect();
    let origin = Origin { lines, fields: places.iter().map(|place| place.field).collect() };
    let mut columns = Vec::with_capacity(width);
    for (at, place) in places.into_iter().enumerate() {
        let (mut energies, mut qualities) =
            (Vec::with_capacity(order.len()), Vec::with_capacity(order.len()));
        for (_, from) in &order {
            let (number, quality) = row(*from).get(at).copied().unwrap_or((None, Quality::Missing));
            let energy = number.map(|number| number.energy(mark, 6));
            if energy == Some(None) {
                let line = times.get(*from).map_or(0, |(line, _)| *line);
                let spot = Spot { line, column: column(place.field) };
                faults.fault(
                    spot,
                    place.code.as_str(),
                    "an energy that a meter can count",
                    "a larger number",
                );
            }
            energies.push(energy.flatten());
            qualities.push(quality);
        }
        let Place { metering_point, name, direction, code, .. } = place;
        columns.push(EdaColumn { metering_point, name, direction, code, energies, qualities });
    }
    Ok((EdaTable { intervals, columns, evidence: std::mem::take(evidence) }, origin))
}

fn instants(
    times: &[(u64, Stamp)],
    calendar: &Calendar,
    faults: &mut Gather<'_>,
    evidence: &mut Vec<String>,
) -> Vec<Option<Timestamp>> {
    let mut instants = vec![None; times.len()];
    let (mut places, mut civils) = (Vec::new(), Vec::new());
    for (at, ((line, stamp), slot)) in times.iter().zip(&mut instants).enumerate() {
        match *stamp {
            Stamp::At(instant, _) => *slot = Some(instant),
            Stamp::Local(date, seconds) => {
                match date.date(DateOrder::DayFirst).and_then(|date| stamp::civil(date, seconds)) {
                    Some(civil) => {
                        places.push(at);
                        civils.push(civil);
                    }
                    None => faults.fault(
                        Spot { line: *line, column: 1 },
                        "",
                        "a date of the calendar",
                        "one that is not",
                    ),
                }
            }
        }
    }
    let found = local_clock::resolve(calendar.zone(), &civils, StampConvention::Start);
    if let Some(civil) = local_clock::once(calendar.zone(), &civils, &found, StampConvention::Start) {
        evidence.push(local_clock::told_once(civil));
    }
    for ((at, civil), instant) in places.into_iter().zip(civils).zip(found) {
        if instant.is_none() {
            let line = times.get(at).map_or(0, |(line, _)| *line);
            let expected = format!("a time that there was in {}", calendar.name());
            faults.fault(
                Spot { line, column: 1 },
                "",
                expected,
                format!("`{civil}`, which the clock skipped"),
            );
        }
        if let Some(slot) = instants.get_mut(at) {
            *slot = instant;
        }
    }
    instants
}

/// The readings of the sheet: what each meter counted.
pub(super) fn read(
    head: &[u8],
    source: impl Read,
    file: &str,
    options: &Options,
    spill: Spill<'_>,
) -> Result<Ingested<Sorted>, Error> {
    let (mut table, origin) = table_of(head, source, file, options)?;
    let mut evidence = std::mem::take(&mut table.evidence);
    let mut gather = Gather::new(file, options, spill);
    let keys =
        table.columns.iter().map(|column| (column.metering_point.as_str(), column.direction, column.code));
    let by_code: HashMap<_, usize> = keys.zip(0..).collect();
    for (at, column) in table.columns.iter().enumerate() {
        let of_same = |code| {
            by_code
                .get(&(column.metering_point.as_str(), column.direction, code))
                .and_then(|at| table.columns.get(*at))
        };
        let has_any = |column: &EdaColumn| column.energies.iter().any(Option::is_some);
        let is_the_meter = match column.code {
            MeteringCode::G01 => has_any(column) || !of_same(MeteringCode::G01T).is_some_and(has_any),
            MeteringCode::G01T => match of_same(MeteringCode::G01) {
                Some(whole) => !has_any(whole) && has_any(column),
                None => true,
            },
            _ => false,
        };
        if !is_the_meter {
            continue;
        }
        if column.code == MeteringCode::G01T {
            let id = excerpt(&column.metering_point);
            evidence.push(format!(
                "`{id}` has no G.01; its readings are G.01T, the part by the participation factor"
            ));
        }
        let channel = match column.direction {
            EnergyDirection::Consumption => Channel::Consumption,
            EnergyDirection::Generation => Channel::Generation,
        };
        let field = origin.fields.get(at).copied().unwrap_or(0);
        let values = column.energies.iter().zip(&column.qualities);
        for ((interval, line), (energy, quality)) in table.intervals.iter().zip(&origin.lines).zip(values) {
            let spot = Spot { line: *line, column: self::column(field) };
            if gather.is_hopeless() {
                break;
            }
            let of = Subject {
                spot,
                header: column.code.as_str(),
                device: &column.metering_point,
                channel,
                interval: *interval,
            };
            gather.take(of, *energy, *quality);
        }
    }
    Ok(Ingested { format: Format::Eda, evidence, batches: gather.finish()? })
}
