//! Devices and readings, from and to tables.

use grid_core::{
    energy::{
        Channel, Device, Reading,
        ingest::{Batch, Layout, TableRow, from_rows},
    },
    quantity::{Energy, Power},
    series::Slot,
};
use pyo3::prelude::*;

use crate::{
    columns::{Columns, same_length},
    error::raise,
    table::Table,
};

/// Devices, one a row.
pub(crate) fn devices(devices: &[Device]) -> Table {
    let rated = |device: &Device| device.rated_power.map(watts);
    Table::new()
        .texts("id", devices.iter().map(|device| Some(device.id.to_string())))
        .texts("name", devices.iter().map(|device| Some(device.name.as_str())))
        .texts("kind", devices.iter().map(|device| Some(device.kind.as_str())))
        .texts("time_zone", devices.iter().map(|device| Some(device.calendar.name())))
        .optional_floats("rated_power_w", devices.iter().map(rated))
        .texts("owner", devices.iter().map(|device| Some(device.owner.to_string())))
}

/// Readings, one a row.
pub(crate) fn rows(readings: &[Reading]) -> Table {
    let kwh = |reading: &Reading| reading.energy().map_or(f64::NAN, Energy::to_kwh_f64);
    Table::new()
        .instants("start", readings.iter().map(|reading| reading.interval().start()))
        .instants("end", readings.iter().map(|reading| reading.interval().end()))
        .floats("energy_kwh", readings.iter().map(kwh))
        .texts("quality", readings.iter().map(|reading| Some(reading.quality().as_str())))
}

/// Sums, one slot a row.
pub(crate) fn sums(sums: &[(Channel, Vec<Slot>)]) -> Table {
    let rows: Vec<(Channel, &Slot)> =
        sums.iter().flat_map(|(channel, slots)| slots.iter().map(|slot| (*channel, slot))).collect();
    let kwh = |slot: &Slot| slot.energy.map_or(f64::NAN, Energy::to_kwh_f64);
    Table::new()
        .texts("channel", rows.iter().map(|(channel, _)| Some(channel.as_str())))
        .instants("start", rows.iter().map(|(_, slot)| slot.interval.start()))
        .instants("end", rows.iter().map(|(_, slot)| slot.interval.end()))
        .floats("energy_kwh", rows.iter().map(|(_, slot)| kwh(slot)))
        .texts("quality", rows.iter().map(|(_, slot)| Some(slot.quality.as_str())))
        .floats("completeness", rows.iter().map(|(_, slot)| slot.completeness.to_f64()))
}

/// The rows of a table by device and channel, by the rules of the files.
pub(crate) fn batches(columns: &Columns<'_>) -> PyResult<Vec<Batch>> {
    let (devices, channels) = (columns.texts("device")?, columns.texts("channel")?);
    let (starts, ends) = (columns.instants("start")?, columns.instants("end")?);
    let energies = columns.amounts("energy_kwh")?;
    let or_none = |name: &str| {
        if columns.has(name) { columns.texts(name) } else { Ok(vec![None; devices.len()]) }
    };
    let (qualities, members) = (or_none("quality")?, or_none("member")?);
    for (name, length) in [
        ("channel", channels.len()),
        ("start", starts.len()),
        ("end", ends.len()),
        ("energy_kwh", energies.len()),
        ("quality", qualities.len()),
        ("member", members.len()),
    ] {
        same_length(name, devices.len(), length)?;
    }
    let cells = devices.iter().zip(&channels).zip(members.iter().zip(&qualities));
    let rows = cells.zip(starts.iter().zip(&ends)).zip(energies.iter()).map(
        |((((device, channel), (member, quality)), (start, end)), energy_kwh)| TableRow {
            device: device.as_deref().unwrap_or_default(),
            member: member.as_deref().unwrap_or_default(),
            channel: channel.as_deref().unwrap_or_default(),
            start: *start,
            end: *end,
            energy_kwh,
            quality: quality.as_deref().unwrap_or_default(),
        },
    );
    from_rows(rows, "data", Layout::Community).map_err(raise)
}

/// Watts as the nearest float.
fn watts(power: Power) -> f64 {
    Energy::from_mwh(power.as_milliwatt()).to_kwh_f64() * 1e3
}
