//! Before readings are settled: files, and what looks wrong.

use std::path::PathBuf;

use grid_core::{
    energy::{
        Channel, Reading,
        ingest::{Layout, Options, read_any},
        validate::{self as checking, Expectation, Finding, Raw},
    },
    quantity::{Energy, Power},
    time::{Calendar, Interval, Resolution},
};
use jiff::Timestamp;
use pyo3::{intern, prelude::*, types::PyBytes};

use crate::{
    auth::instant_or_now,
    columns::{Columns, same_length},
    energy::results,
    error::{Error, raise},
    quantity::PyPower,
    series::PySeries,
    table::{PyTable, Table},
    time::{self, Instant},
};

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
    findings(Table::new(), &found.iter().collect::<Vec<_>>()).finish()
}

/// Findings, one a row, behind the columns that are there.
fn findings(table: Table, found: &[&Finding]) -> Table {
    let count = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
    table
        .instants("start", found.iter().map(|finding| finding.interval.start()))
        .instants("end", found.iter().map(|finding| finding.interval.end()))
        .texts("rule", found.iter().map(|finding| Some(finding.rule.as_str())))
        .texts("severity", found.iter().map(|finding| Some(finding.severity.as_str())))
        .integers("rows", found.iter().map(|finding| count(finding.rows)))
        .texts("expected", found.iter().map(|finding| Some(finding.expected.as_str())))
        .texts("got", found.iter().map(|finding| Some(finding.got.as_str())))
}

/// The findings of several channels.
pub(crate) fn findings_by_channel(found: &[(Channel, Finding)]) -> PyResult<PyTable> {
    let table = Table::new().texts("channel", found.iter().map(|(channel, _)| Some(channel.as_str())));
    findings(table, &found.iter().map(|(_, finding)| finding).collect::<Vec<_>>()).finish()
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

/// The rows of a table, faults and all.
pub(crate) fn raw_rows(columns: &Columns<'_>) -> PyResult<Vec<Raw>> {
    let (starts, ends) = (columns.instants("start")?, columns.instants("end")?);
    let energies = columns.energies("energy_kwh")?;
    same_length("end", starts.len(), ends.len())?;
    same_length("energy_kwh", starts.len(), energies.len())?;
    let row = |((start, end), energy): ((Timestamp, Timestamp), Option<Energy>)| {
        Ok(Raw { interval: Interval::new(start, end).map_err(raise)?, energy })
    };
    starts.into_iter().zip(ends).zip(energies).map(row).collect()
}
