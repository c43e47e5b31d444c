//! How complete readings are, as tables.

use grid_core::{
    energy::{Channel, Completeness, RegisterReport},
    time::Interval,
};
use pyo3::prelude::*;

use crate::table::{PyTable, Table};

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Adds a column for each quality, with what there is of it.
fn by_quality<'a>(table: Table, counts: impl Iterator<Item = &'a [u64; 4]> + Clone) -> Table {
    table
        .integers("measured", counts.clone().map(|[measured, ..]| whole(*measured)))
        .integers("estimated", counts.clone().map(|[_, estimated, ..]| whole(*estimated)))
        .integers("substituted", counts.clone().map(|[_, _, substituted, _]| whole(*substituted)))
        .integers("missing", counts.map(|[.., missing]| whole(*missing)))
}

/// The channels of a device, one a row.
pub(super) fn channels(interval: Interval, found: &[(Channel, Completeness)]) -> PyResult<PyTable> {
    let table = Table::new()
        .texts("channel", found.iter().map(|(channel, _)| Some(channel.as_str())))
        .instants("start", found.iter().map(|_| interval.start()))
        .instants("end", found.iter().map(|_| interval.end()))
        .floats("completeness", found.iter().map(|(_, found)| found.completeness.to_f64()))
        .texts("quality", found.iter().map(|(_, found)| Some(found.quality.as_str())));
    by_quality(table, found.iter().map(|(_, found)| &found.readings)).finish()
}

/// The stretches without a known energy, one a row.
pub(super) fn gaps(found: &[(Channel, Completeness)]) -> PyResult<PyTable> {
    let gaps: Vec<(Channel, Interval)> =
        found.iter().flat_map(|(channel, found)| found.gaps.iter().map(|gap| (*channel, *gap))).collect();
    Table::new()
        .texts("channel", gaps.iter().map(|(channel, _)| Some(channel.as_str())))
        .instants("start", gaps.iter().map(|(_, gap)| gap.start()))
        .instants("end", gaps.iter().map(|(_, gap)| gap.end()))
        .finish()
}

/// The registers of a community, one a row.
pub(super) fn registers(found: &[RegisterReport]) -> PyResult<PyTable> {
    let table = Table::new()
        .texts("device", found.iter().map(|report| Some(report.device.to_string())))
        .texts("channel", found.iter().map(|report| Some(report.channel.as_str())))
        .texts("time_zone", found.iter().map(|report| Some(report.time_zone.as_str())))
        .texts("resolution", found.iter().map(|report| Some(report.resolution.to_string())))
        .instants("start", found.iter().map(|report| report.period.start()))
        .instants("end", found.iter().map(|report| report.period.end()))
        .integers("expected", found.iter().map(|report| whole(report.expected)))
        .integers("known", found.iter().map(|report| whole(report.known)))
        .floats("completeness", found.iter().map(|report| report.completeness.to_f64()));
    by_quality(table, found.iter().map(|report| &report.slots)).finish()
}

/// Stretches of the registers of a community, one a row.
pub(super) fn stretches(
    found: &[RegisterReport],
    of: fn(&RegisterReport) -> &Vec<Interval>,
) -> PyResult<PyTable> {
    let rows: Vec<(&RegisterReport, Interval)> =
        found.iter().flat_map(|report| of(report).iter().map(move |stretch| (report, *stretch))).collect();
    Table::new()
        .texts("device", rows.iter().map(|(report, _)| Some(report.device.to_string())))
        .texts("channel", rows.iter().map(|(report, _)| Some(report.channel.as_str())))
        .instants("start", rows.iter().map(|(_, stretch)| stretch.start()))
        .instants("end", rows.iter().map(|(_, stretch)| stretch.end()))
        .finish()
}
