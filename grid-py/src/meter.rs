//! Before readings are settled: registers, files, what looks wrong, and what is missing.

use std::path::PathBuf;

use grid_core::{
    energy::{
        Reading,
        ingest::{Layout, Options, read_any},
        meter::{Event, Fault, Read, Register},
        substitute::{self as filling, WithoutPattern},
        validate::{self as checking, Expectation, Raw},
    },
    error::excerpt,
    quantity::{Energy, Power},
    series::{Quality, Series},
    time::{Calendar, Interval, Resolution},
};
use jiff::{Timestamp, civil::Date};
use pyo3::{
    intern,
    prelude::*,
    types::{PyBytes, PyMapping},
};

use crate::{
    auth::instant_or_now,
    columns::{Columns, same_length},
    energy::results,
    error::{Error, no_choice, raise},
    json,
    quantity::PyPower,
    readings::rows,
    series::{PySeries, presumed},
    table::{PyTable, Table},
    tariff::energy_of,
    time::{self, Instant},
};

/// Turns what a register showed into what was used between two looks at it.
///
/// ``reads`` is a table with ``at`` (instants), ``counter_kwh`` and, if wanted, ``quality``, in any order. ``events`` is a
/// list of dictionaries that say what happened to the register: ``{"kind": "rollover", "at": ...}``, ``{"kind":
/// "exchange", "at": ..., "last": "9120.5 kWh", "first": "0 kWh"}``, or ``{"kind": "reset", "at": ..., "from": ..., "to":
/// ...}``, where ``from`` may be left out. ``digits`` is how many whole digits the register has, ``multiplier`` what its
/// counter is multiplied with, and ``rated_power`` what the connection can carry, from which a rollover is told.
///
/// A consumption is never below zero: where a counter fell and no event says why, the reading is missing and a fault
/// names what it looks like. Returns ``Advances(readings, faults)``: a table with ``start, end, energy_kwh, quality``, and
/// one with ``fault, at, message``.
///
/// >>> import grid_py as grid
/// >>> days = ["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"]
/// >>> counted = grid.advances({"at": days, "counter_kwh": ["99990", "99998.5", "3.25"]}, digits=5,
/// ...     events=[{"kind": "rollover", "at": "2026-03-03T00:00:00Z"}])
/// >>> counted.readings["energy_kwh"]
/// array([8.5 , 4.75])
#[pyfunction]
#[pyo3(signature = (reads, *, events=None, digits=None, multiplier=None, rated_power=None))]
pub(crate) fn advances<'py>(
    py: Python<'py>,
    reads: &Bound<'py, PyAny>,
    events: Option<&Bound<'py, PyAny>>,
    digits: Option<u8>,
    multiplier: Option<&Bound<'py, PyAny>>,
    rated_power: Option<PyPower>,
) -> PyResult<Bound<'py, PyAny>> {
    let columns = Columns::of(reads)?;
    let (instants, counters) = (columns.instants("at")?, columns.energies("counter_kwh")?);
    let qualities = if columns.has("quality") {
        columns.qualities("quality")?
    } else {
        vec![Quality::Measured; instants.len()]
    };
    same_length("counter_kwh", instants.len(), counters.len())?;
    same_length("quality", instants.len(), qualities.len())?;
    let known = instants.into_iter().zip(counters).zip(qualities);
    // Nobody looked where there is no counter.
    let reads: Vec<Read> =
        known.filter_map(|((at, counter), quality)| Some(Read { at, counter: counter?, quality })).collect();
    let events = match events {
        Some(events) => events.try_iter()?.map(|event| event_of(&event?)).collect::<PyResult<Vec<_>>>()?,
        None => Vec::new(),
    };
    let mut register = Register::new();
    if let Some(digits) = digits {
        register = register.with_digits(digits).map_err(raise)?;
    }
    if let Some(multiplier) = multiplier {
        register = register.with_multiplier(multiplier.str()?.to_string_lossy().parse().map_err(raise)?);
    }
    if let Some(PyPower(power)) = rated_power {
        register = register.with_rated_power(power);
    }
    let found = py.detach(|| register.advances(&reads, &events));
    let faults = Table::new()
        .texts("fault", found.faults.iter().map(|fault| Some(fault.name())))
        .instants("at", found.faults.iter().map(Fault::at))
        .texts("message", found.faults.iter().map(|fault| Some(fault.to_string())))
        .finish()?;
    results(py)?.getattr(intern!(py, "Advances"))?.call1((rows(&found.readings).finish()?, faults))
}

/// What happened to a register.
fn event_of(event: &Bound<'_, PyAny>) -> PyResult<Event> {
    let event = event.cast::<PyMapping>()?;
    let field = |name: &'static str| -> PyResult<Option<Bound<'_, PyAny>>> {
        if event.contains(name)? {
            Ok(Some(event.get_item(name)?).filter(|value| !value.is_none()))
        } else {
            Ok(None)
        }
    };
    let needed = |name: &'static str| {
        field(name)?
            .ok_or_else(|| raise(Error::Needed { what: name, when: "something happened to a register" }))
    };
    let at = needed("at")?.extract::<Instant>()?.0;
    let kind: String = needed("kind")?.extract()?;
    Ok(match kind.as_str() {
        "rollover" => Event::Rollover { at },
        "exchange" => Event::Exchange {
            at,
            last: energy_of(&needed("last")?)?,
            first: energy_of(&needed("first")?)?,
            register: None,
        },
        "reset" => Event::Reset {
            at,
            from: field("from")?.map(|energy| energy_of(&energy)).transpose()?,
            to: energy_of(&needed("to")?)?,
        },
        _ => return Err(no_choice("the event", "`rollover`, `exchange` or `reset`", &kind)),
    })
}

/// Reads a file of readings in any format that is known: GRID's own CSV and JSON, any delimited text with a header, Green
/// Button XML, the hourly files of Datadis and Spanish distributors, Austrian EDA sheets as CSV, and Colombian rows of 24
/// hours.
///
/// ``source`` is a path or ``bytes``. The format is found out, and ``evidence`` says how the file was understood, a
/// sentence each. What the file does not say may be stated: ``time_zone`` of its local times, the ``channel`` of its
/// values, the ``meter`` of a file that names none. Either every row is good, or the error names up to twenty places.
///
/// Returns ``MeterFile(readings, format, evidence)``; ``readings`` is a table with ``meter, channel, start, end,
/// energy_kwh, quality``.
///
/// >>> import grid_py as grid
/// >>> file = "Zählpunkt;Datum;Uhrzeit;Verbrauch (kWh)\nAT01;25.10.2026;02:00;0,25\nAT01;25.10.2026;02:00;0,5\n"
/// >>> read = grid.read_readings(file.encode(), time_zone="Europe/Vienna")
/// >>> read.format, read.readings["start"].astype(str).tolist()
/// ('csv', ['2026-10-25T00:00:00.000000', '2026-10-25T01:00:00.000000'])
#[pyfunction]
#[pyo3(signature = (source, *, time_zone=None, channel=None, meter=None))]
pub(crate) fn read_readings<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    time_zone: Option<&str>,
    channel: Option<&str>,
    meter: Option<String>,
) -> PyResult<Bound<'py, PyAny>> {
    let mut options = Options::new(Layout::Community);
    options.calendar = time_zone.map(time::calendar).transpose()?;
    options.channel = channel.map(|channel| channel.parse().map_err(raise)).transpose()?;
    options.device = meter;
    let read = if let Ok(bytes) = source.cast::<PyBytes>() {
        let bytes = bytes.as_bytes();
        py.detach(|| read_any(bytes, "data", &options))
    } else {
        let path: PathBuf = source.extract()?;
        let file = std::fs::File::open(&path)?;
        py.detach(|| read_any(file, &path.display().to_string(), &options))
    };
    let read = read.map_err(raise)?;
    let all =
        || read.batches.iter().flat_map(|batch| batch.readings.iter().map(move |reading| (batch, reading)));
    let kwh = |reading: &Reading| reading.energy().map_or(f64::NAN, Energy::to_kwh_f64);
    let table = Table::new()
        .texts("meter", all().map(|(batch, _)| batch.device.as_deref()))
        .texts("channel", all().map(|(batch, _)| Some(batch.channel.as_str())))
        .instants("start", all().map(|(_, reading)| reading.interval().start()))
        .instants("end", all().map(|(_, reading)| reading.interval().end()))
        .floats("energy_kwh", all().map(|(_, reading)| kwh(reading)))
        .texts("quality", all().map(|(_, reading)| Some(reading.quality().as_str())))
        .finish()?;
    let class = results(py)?.getattr(intern!(py, "MeterFile"))?;
    class.call1((table, read.format.as_str(), read.evidence))
}

/// Names what looks wrong in readings: gaps, spikes, stuck registers, long runs of zero, negative and impossible values,
/// duplicates, overlaps, clock drift and future dates.
///
/// ``readings`` is a ``Series``, or a table with ``start, end, energy_kwh`` as it came, faults and all. ``resolution`` is
/// how long an interval should be: that of the series, or else of the first row. ``start`` and ``end`` say what should be
/// covered, from the first to the last row if they are left out. ``rated_power`` is what the device can do at most.
/// ``off`` lists rules that are not asked. Nothing is changed.
///
/// Returns a table with ``start, end, rule, severity, rows, expected, got``.
///
/// >>> import grid_py as grid
/// >>> series = grid.Series([0.2, 9.0, float("nan"), 0.2], start="2026-03-01T00:00:00Z", resolution="15min")
/// >>> grid.validate(series, rated_power=grid.Power("4.6 kW"))["rule"].tolist()
/// ['impossible_power', 'gap']
#[pyfunction]
#[pyo3(signature = (
    readings, *, resolution=None, time_zone=None, start=None, end=None, rated_power=None, off=None, now=None
))]
#[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
pub(crate) fn validate(
    py: Python<'_>,
    readings: &Bound<'_, PyAny>,
    resolution: Option<&str>,
    time_zone: Option<&str>,
    start: Option<Instant>,
    end: Option<Instant>,
    rated_power: Option<PyPower>,
    off: Option<Vec<String>>,
    now: Option<Instant>,
) -> PyResult<PyTable> {
    let now = instant_or_now(py, now)?;
    let stated = resolution.map(time::resolution).transpose()?;
    let zone = time_zone.map(time::calendar).transpose()?;
    let given = Given::of(readings)?;
    let needed =
        || raise(Error::Needed { what: "a resolution", when: "no row says how long an interval is" });
    let resolution = stated.or(given.resolution).ok_or_else(needed)?;
    let calendar = zone.or(given.calendar).unwrap_or_else(Calendar::utc);
    let period = match (start, end) {
        (Some(start), Some(end)) => Some(time::interval(&start, &end)?),
        (None, None) => given.whole,
        _ => return Err(raise(Error::Needed { what: "`start` and `end`", when: "a period is told" })),
    };
    let mut rules = checking::Rules::default();
    for name in off.unwrap_or_default() {
        rules.off.insert(name.parse().map_err(raise)?);
    }
    let expectation = Expectation {
        calendar: &calendar,
        resolution,
        period,
        rated_power: rated_power.map(|power: PyPower| -> Power { power.0 }),
        now,
    };
    let found = py.detach(|| checking::validate(&given.rows, &expectation, &rules)).map_err(raise)?;
    let count = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
    Table::new()
        .instants("start", found.iter().map(|finding| finding.interval.start()))
        .instants("end", found.iter().map(|finding| finding.interval.end()))
        .texts("rule", found.iter().map(|finding| Some(finding.rule.as_str())))
        .texts("severity", found.iter().map(|finding| Some(finding.severity.as_str())))
        .integers("rows", found.iter().map(|finding| count(finding.rows)))
        .texts("expected", found.iter().map(|finding| Some(finding.expected.as_str())))
        .texts("got", found.iter().map(|finding| Some(finding.got.as_str())))
        .finish()
}

/// Rows as they came, and what they say of themselves.
struct Given {
    rows: Vec<Raw>,
    resolution: Option<Resolution>,
    calendar: Option<Calendar>,
    whole: Option<Interval>,
}

impl Given {
    fn of(readings: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(series) = readings.cast::<PySeries>() {
            let series = &series.get().0;
            let raw = series.slots().iter().map(|slot| Raw { interval: slot.interval, energy: slot.energy });
            return Ok(Self {
                rows: raw.collect(),
                resolution: Some(series.resolution()),
                calendar: Some(series.calendar().clone()),
                whole: series.interval(),
            });
        }
        let rows = raw_rows(&Columns::of(readings)?)?;
        let resolution = rows.first().and_then(|row| time::length(row.interval));
        Ok(Self { rows, resolution, calendar: None, whole: None })
    }
}

fn raw_rows(columns: &Columns<'_>) -> PyResult<Vec<Raw>> {
    let (starts, ends) = (columns.instants("start")?, columns.instants("end")?);
    let energies = columns.energies("energy_kwh")?;
    same_length("end", starts.len(), ends.len())?;
    same_length("energy_kwh", starts.len(), energies.len())?;
    let row = |((start, end), energy): ((Timestamp, Timestamp), Option<Energy>)| {
        Ok(Raw { interval: Interval::new(start, end).map_err(raise)?, energy })
    };
    starts.into_iter().zip(ends).zip(energies).map(row).collect()
}

/// Fills what is missing in a series, and marks it: gaps of up to two hours along the line between their neighbours,
/// longer ones by what the same local time had on comparable days.
///
/// ``advances`` is a table with ``start, end, energy_kwh`` of what a register counted, as ``grid.advances`` gives it: the
/// filled slots are rescaled so that they and the measured ones add up to it, to the milliwatt-hour. ``holidays`` are dates
/// that count as Sundays. Where no method works a slot stays missing; with ``without_pattern="spread_evenly"`` an advance
/// is then spread evenly. ``start`` and ``end`` say which part is filled, all of it if they are left out. A measured value
/// is never changed.
///
/// Returns ``Substituted(series, fills, remarks)``; ``fills`` is a table with ``start, end, energy_kwh, method``.
///
/// >>> import grid_py as grid
/// >>> series = grid.Series([1.0, float("nan"), 2.0], start="2026-03-01T00:00:00Z", resolution="1h")
/// >>> filled = grid.substitute(series)
/// >>> filled.series.values, filled.fills["method"].tolist()
/// (array([1. , 1.5, 2. ]), ['linear_interpolation'])
#[pyfunction]
#[pyo3(signature = (
    series, advances=None, *, start=None, end=None, holidays=None, without_pattern="leave_missing"
))]
pub(crate) fn substitute<'py>(
    series: &Bound<'py, PySeries>,
    advances: Option<&Bound<'py, PyAny>>,
    start: Option<Instant>,
    end: Option<Instant>,
    holidays: Option<Vec<Bound<'py, PyAny>>>,
    without_pattern: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let py = series.py();
    let series: &Series = &series.get().0;
    let advances = match advances {
        Some(table) => raw_rows(&Columns::of(table)?)?,
        None => Vec::new(),
    };
    let reading = |raw: Raw| Reading::new(raw.interval, raw.energy, presumed(raw.energy)).map_err(raise);
    let advances: Vec<Reading> =
        advances.into_iter().filter(|raw| raw.energy.is_some()).map(reading).collect::<PyResult<_>>()?;
    let mut rules = filling::Rules::default();
    for day in holidays.unwrap_or_default() {
        let text = time::text(&day)?;
        let wrong = || Error::NotAChoice {
            what: "a holiday",
            expected: "a date like `2026-08-15`",
            got: excerpt(&text),
        };
        rules.holidays.insert(text.parse::<Date>().map_err(|_| raise(wrong()))?);
    }
    rules.without_pattern = match without_pattern {
        "leave_missing" => WithoutPattern::LeaveMissing,
        "spread_evenly" => WithoutPattern::SpreadEvenly,
        _ => {
            let expected = "`leave_missing` or `spread_evenly`";
            return Err(no_choice("what to do without a pattern", expected, without_pattern));
        }
    };
    let whole = series.interval();
    let period = match (start, end, whole) {
        (Some(start), Some(end), _) => time::interval(&start, &end)?,
        (None, None, Some(whole)) => whole,
        (None, None, None) => return Err(raise(Error::NoRows)),
        _ => return Err(raise(Error::Needed { what: "`start` and `end`", when: "a period is told" })),
    };
    let found = py.detach(|| filling::substitute(series, period, &advances, &rules)).map_err(raise)?;
    let fills = Table::new()
        .instants("start", found.fills.iter().map(|fill| fill.interval.start()))
        .instants("end", found.fills.iter().map(|fill| fill.interval.end()))
        .floats("energy_kwh", found.fills.iter().map(|fill| fill.energy.to_kwh_f64()))
        .texts("method", found.fills.iter().map(|fill| Some(fill.method.as_str())))
        .finish()?;
    let remarks = json::to_python(py, &found.remarks)?;
    let filled = Bound::new(py, PySeries(found.series))?;
    results(py)?.getattr(intern!(py, "Substituted"))?.call1((filled, fills, remarks))
}
