//! Devices and readings, from and to tables.

use std::collections::BTreeMap;

use grid_core::{
    energy::{Channel, Device, Error as EnergyError, Reading, ingest::Batch},
    quantity::{Energy, Power},
    time::Interval,
};

use pyo3::prelude::*;

use crate::{
    columns::{Columns, same_length},
    error::{Error, raise},
    series::presumed,
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

/// The rows of a table by device and channel.
pub(crate) fn batches(columns: &Columns<'_>) -> PyResult<Vec<Batch>> {
    let (devices, channels) = (columns.texts("device")?, columns.texts("channel")?);
    let (starts, ends) = (columns.instants("start")?, columns.instants("end")?);
    let energies = columns.energies("energy_kwh")?;
    let qualities = if columns.has("quality") {
        columns.qualities("quality")?
    } else {
        energies.iter().copied().map(presumed).collect()
    };
    let members = if columns.has("member") { columns.texts("member")? } else { vec![None; devices.len()] };
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
    let mut gathered: BTreeMap<(Option<String>, Channel, Option<String>), Vec<Reading>> = BTreeMap::new();
    let cells = devices.into_iter().zip(channels).zip(members).zip(starts.into_iter().zip(ends));
    for (row, ((((device, channel), member), (start, end)), (energy, quality))) in
        cells.zip(energies.into_iter().zip(qualities)).enumerate()
    {
        let reading = || {
            let channel: Channel = channel.unwrap_or_default().parse()?;
            let interval = Interval::new(start, end)?;
            Ok::<_, EnergyError>((channel, Reading::new(interval, energy, quality)?))
        };
        let (channel, reading) = reading().map_err(|source| raise(Error::Row { row, source }))?;
        gathered.entry((device, channel, member)).or_default().push(reading);
    }
    let batch = |((device, channel, member), mut readings): (_, Vec<Reading>)| {
        readings.sort_by_key(|reading| reading.interval());
        Batch { device, member, channel, readings }
    };
    Ok(gathered.into_iter().map(batch).collect())
}

/// Watts as the nearest float.
fn watts(power: Power) -> f64 {
    Energy::from_mwh(power.as_milliwatt()).to_kwh_f64() * 1e3
}
