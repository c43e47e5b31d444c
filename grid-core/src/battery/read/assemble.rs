//! Columns to a recording: units, time, missing values, and what does not add up.

use super::super::error::Error;
use super::super::log::{Channel, Format, Recording, Remark};
use super::column_map::Role;
use super::detect::Layout;
use super::elapsed::{stated_start, time_remarks, times};
use super::sign::{self, Evidence};
use super::slot::Slot;
use super::table::Table;
use super::time::Clock;
use super::vendor;

/// Below absolute zero no temperature was measured: `-9999` and `-2500` mark a missing sensor.
const ABSOLUTE_ZERO_C: f64 = -273.15;
/// A median voltage above this, said to be in V, is in mV: no cell, and no home battery, has it.
const HIGHEST_VOLTAGE_V: f64 = 1100.0;

/// Makes the recording.
///
/// # Errors
///
/// [`Error::DuplicateColumn`] when two columns with one header differ, [`Error::NotARecording`] without any time.
pub(super) fn recording(mut table: Table, layout: &Layout) -> Result<Recording, Error> {
    let (format, why) = vendor::recognised(layout);
    let mut evidence = vec![
        why.to_owned(),
        format!("header on line {}, columns set apart by {}", layout.header_line, layout.delimiter_name()),
    ];
    for slot in &table.slots {
        let unit = layout.columns.get(slot.field).and_then(|column| column.unit);
        let unit = unit.map(|unit| format!(", times {}", unit.scale)).unwrap_or_default();
        evidence.push(format!("{:?}: \"{}\"{unit}", slot.role, slot.header));
    }
    merge(&mut table, layout)?;
    let mut remarks = std::mem::take(&mut table.remarks);
    let rows = table.slots.iter().map(|slot| slot.values.len()).max().unwrap_or(0);
    let cycle_index = whole_numbers(&mut table, Role::Cycle, &mut remarks);
    let step_index = whole_numbers(&mut table, Role::Step, &mut remarks);
    let (time_s, clock, is_step_time) = times(&mut table, layout, step_index.as_deref(), &mut remarks)?;
    let started_at = clock.and_then(Clock::civil).or_else(|| stated_start(&layout.preamble));
    let mut column = |role: Role| scaled(&mut table, layout, role);
    let step_time_s = if is_step_time { None } else { column(Role::StepTime).and_then(measured) };
    let mut voltage_v = column(Role::Voltage).unwrap_or_else(|| vec![f64::NAN; rows]);
    let mut current_a = column(Role::Current).unwrap_or_else(|| vec![f64::NAN; rows]);
    let charge_capacity_ah = column(Role::ChargeCapacity).and_then(measured);
    let mut discharge_capacity_ah = column(Role::DischargeCapacity).and_then(measured).map(upward);
    let mut capacity_ah = column(Role::Capacity).and_then(measured);
    let mut charge_energy_wh = column(Role::ChargeEnergy).and_then(measured);
    let mut discharge_energy_wh = column(Role::DischargeEnergy).and_then(measured).map(upward);
    let energy_wh = column(Role::Energy).and_then(measured);
    let temperature_c = column(Role::Temperature).and_then(|values| temperature(values, &mut remarks));
    let mut power_w = column(Role::Power).and_then(measured);
    if power_w.is_none() {
        power_w = difference(column(Role::ChargePower), column(Role::DischargePower));
    }
    let channels = channels(&mut column);
    let state_of_charge = table
        .slot(Role::StateOfCharge)
        .is_some()
        .then(|| state_of_charge(&mut table, layout, format))
        .flatten();
    millivolts(&mut voltage_v, &mut remarks);
    let state = table.take(Role::State);
    sign::charging_positive(
        &mut current_a,
        &Evidence {
            format,
            time_s: &time_s,
            voltage_v: &voltage_v,
            state: state.as_deref(),
            charge_ah: charge_capacity_ah.as_deref(),
            discharge_ah: discharge_capacity_ah.as_deref(),
        },
        &mut remarks,
    );
    if let Some(power) = &mut power_w {
        turn_power(power, &channels, &mut remarks);
    }
    if charge_capacity_ah.is_none() && discharge_capacity_ah.as_deref().is_some_and(falls_too) {
        // One column that falls while charging counts net, from full downwards.
        capacity_ah =
            discharge_capacity_ah.take().map(|values| values.into_iter().map(|value| -value).collect());
    }
    if format == Format::Home {
        running_sums(&mut charge_energy_wh, &mut discharge_energy_wh, &channels, &mut remarks);
    }
    time_remarks(&time_s, &mut remarks);
    Ok(Recording {
        format,
        evidence,
        remarks,
        started_at,
        time_s,
        voltage_v,
        current_a,
        power_w,
        temperature_c,
        state_of_charge,
        charge_capacity_ah,
        discharge_capacity_ah,
        capacity_ah,
        charge_energy_wh,
        discharge_energy_wh,
        energy_wh,
        cycle_index,
        step_index,
        step_time_s,
        channels,
    })
}

/// Adds columns that are to be added, and settles columns with one header: equal is fine, different is an error.
fn merge(table: &mut Table, layout: &Layout) -> Result<(), Error> {
    let mut kept: Vec<Slot> = Vec::new();
    for slot in std::mem::take(&mut table.slots) {
        let Some(first) = kept.iter_mut().find(|kept| kept.role == slot.role) else {
            kept.push(slot);
            continue;
        };
        if first.header != slot.header {
            for (sum, value) in first.values.iter_mut().zip(&slot.values) {
                *sum = if sum.is_nan() {
                    *value
                } else if value.is_nan() {
                    *sum
                } else {
                    *sum + value
                };
            }
            continue;
        }
        let empty = |values: &[f64]| values.iter().all(|value| value.is_nan());
        let same = first
            .values
            .iter()
            .zip(&slot.values)
            .all(|(a, b)| a.total_cmp(b).is_eq() || a.is_nan() && b.is_nan());
        if empty(&first.values) {
            *first = slot;
        } else if !same && !empty(&slot.values) {
            let counted = |field: usize| u64::try_from(field).unwrap_or(u64::MAX).saturating_add(1);
            return Err(Error::DuplicateColumn {
                line: layout.header_line,
                header: slot.header.clone(),
                first: counted(first.field),
                second: counted(slot.field),
            });
        } else {
            table.remarks.push(Remark::at(
                "duplicate_column",
                format!("the column \"{}\" is there twice with the same values", slot.header),
                layout.header_line,
            ));
        }
    }
    table.slots = kept;
    Ok(())
}

/// A column in the unit of [`Recording`].
fn scaled(table: &mut Table, layout: &Layout, role: Role) -> Option<Vec<f64>> {
    let field = table.slot(role)?.field;
    let mut values = table.take(role)?;
    if let Some(unit) = layout.columns.get(field).and_then(|column| column.unit)
        && unit.changes()
    {
        for value in &mut values {
            *value = *value * unit.scale + unit.offset;
        }
    }
    Some(values)
}

/// The column, unless every cell of it is missing.
fn measured(values: Vec<f64>) -> Option<Vec<f64>> {
    values.iter().any(|value| !value.is_nan()).then_some(values)
}

/// A count of discharge that runs below zero, as BioLogic's energy does, turned to run above it.
fn upward(mut values: Vec<f64>) -> Vec<f64> {
    let (low, high) =
        values.iter().fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(*value), high.max(*value)));
    if low < 0.0 && high <= 0.0 {
        multiply(&mut values, -1.0);
    }
    values
}

fn difference(plus: Option<Vec<f64>>, minus: Option<Vec<f64>>) -> Option<Vec<f64>> {
    match (plus, minus) {
        (Some(plus), Some(minus)) => {
            Some(plus.iter().zip(&minus).map(|(plus, minus)| plus - minus).collect())
        }
        (Some(plus), None) => Some(plus),
        (None, Some(minus)) => Some(minus.iter().map(|minus| -minus).collect()),
        (None, None) => None,
    }
}

/// Cycle or step numbers: whole, the last one carried over empty cells; `None` where there are none.
fn whole_numbers(table: &mut Table, role: Role, remarks: &mut Vec<Remark>) -> Option<Vec<i64>> {
    const LARGEST: f64 = 9e15;
    let values = measured(table.take(role)?)?;
    if let Some(odd) =
        values.iter().find(|value| !value.is_nan() && (value.fract() != 0.0 || value.abs() > LARGEST))
    {
        remarks.push(Remark::new(
            "index_not_whole",
            format!("the {role:?} column holds {odd}, which is not a whole number; it was not used"),
        ));
        return None;
    }
    let mut last = values.iter().copied().find(|value| !value.is_nan()).unwrap_or(0.0);
    let whole: Vec<i64> = values
        .into_iter()
        .map(|value| {
            last = if value.is_nan() { last } else { value };
            #[expect(
                clippy::as_conversions,
                clippy::cast_possible_truncation,
                reason = "whole and below 9e15"
            )]
            let whole = last as i64;
            whole
        })
        .collect();
    let changes = whole.windows(2).filter(|pair| pair.first() != pair.last()).count();
    if role == Role::Step && whole.len() > 20 && changes * 2 > whole.len() {
        remarks.push(Remark::new(
            "step_index_counts_rows",
            "the step column changes at every row; it was not used",
        ));
        return None;
    }
    Some(whole)
}

/// Multiplies a column, unless by one.
pub(super) fn multiply(values: &mut [f64], factor: f64) {
    if (factor - 1.0).abs() > 0.0 {
        for value in values {
            *value *= factor;
        }
    }
}

/// Temperatures with sentinels made missing; `None` where no sensor was there.
fn temperature(mut values: Vec<f64>, remarks: &mut Vec<Remark>) -> Option<Vec<f64>> {
    let mut sentinels = 0_usize;
    for value in &mut values {
        if *value < ABSOLUTE_ZERO_C {
            *value = f64::NAN;
            sentinels += 1;
        }
    }
    if sentinels > 0 {
        remarks.push(Remark::new(
            "temperature_missing",
            format!(
                "{sentinels} temperatures below absolute zero mark a missing sensor and count as missing"
            ),
        ));
    }
    measured(values)
}

/// State of charge from 0 to 1, whether the file has it so or in per cent.
fn state_of_charge(table: &mut Table, layout: &Layout, format: Format) -> Option<Vec<f64>> {
    let field = table.slot(Role::StateOfCharge)?.field;
    let column = layout.columns.get(field)?;
    let sure = column.role.map_or(0, |(_, sure)| sure);
    if sure < 5 && format != Format::Home {
        return None;
    }
    let unit = column.unit;
    let mut values = measured(table.take(Role::StateOfCharge)?)?;
    let largest = values.iter().copied().fold(0.0, f64::max);
    let factor = unit.map_or(if largest > 1.5 { 0.01 } else { 1.0 }, |unit| unit.scale);
    multiply(&mut values, factor);
    Some(values)
}

/// Millivolts under a header that says volts, or says nothing.
fn millivolts(voltage_v: &mut [f64], remarks: &mut Vec<Remark>) {
    let above = voltage_v.iter().filter(|value| value.abs() > HIGHEST_VOLTAGE_V).count();
    if above * 2 > voltage_v.len() {
        multiply(voltage_v, 1e-3);
        remarks.push(Remark::new(
            "voltage_in_millivolts",
            "most voltages are above 1100, more than a battery has in V; they were taken as mV",
        ));
    }
}

/// Solar, load and grid of a home log.
fn channels(column: &mut impl FnMut(Role) -> Option<Vec<f64>>) -> Vec<Channel> {
    [
        (Role::SolarPower, "solar_power_w"),
        (Role::LoadPower, "load_power_w"),
        (Role::GridPower, "grid_power_w"),
        (Role::ImportPower, "import_power_w"),
        (Role::ExportPower, "export_power_w"),
        (Role::SolarEnergy, "solar_energy_wh"),
        (Role::LoadEnergy, "load_energy_wh"),
        (Role::ImportEnergy, "import_energy_wh"),
        (Role::ExportEnergy, "export_energy_wh"),
    ]
    .into_iter()
    .filter_map(|(role, name)| column(role).map(|values| Channel { name, values }))
    .collect()
}

/// Turns the power of a home battery where solar + battery + grid = load says that discharging was positive.
fn turn_power(power: &mut [f64], channels: &[Channel], remarks: &mut Vec<Remark>) {
    let channel =
        |name: &str| channels.iter().find(|channel| channel.name == name).map(|channel| &channel.values);
    let (Some(solar), Some(load), Some(grid)) =
        (channel("solar_power_w"), channel("load_power_w"), channel("grid_power_w"))
    else {
        return;
    };
    let mut discharging = 0.0;
    let mut charging = 0.0;
    for (((battery, solar), load), grid) in power.iter().zip(solar).zip(load).zip(grid) {
        let rest = solar + grid - load;
        if !rest.is_nan() && !battery.is_nan() {
            discharging += (rest + battery).abs();
            charging += (rest - battery).abs();
        }
    }
    if discharging < charging {
        for value in power.iter_mut() {
            *value = -*value;
        }
        remarks.push(Remark::new(
            "power_sign_turned",
            "solar, battery and grid add up to the load when discharging is positive; the battery's power was turned",
        ));
    }
}

/// Whether a count falls by much more than its rounding, and not only in restarts to zero.
fn falls_too(values: &[f64]) -> bool {
    let mut up = 0.0;
    let mut down = 0.0;
    for pair in values.windows(2) {
        if let [before, now] = pair {
            let change = now - before;
            if change > 0.0 {
                up += change;
            } else if change < 0.0 && now.abs() > before.abs() * 0.5 {
                down -= change;
            }
        }
    }
    down > 0.05 * up && down > 0.0
}

/// Energies per interval become their running sum; counters that only grow stay. One column that falls shows that
/// the whole log is per interval.
fn running_sums(
    charge: &mut Option<Vec<f64>>,
    discharge: &mut Option<Vec<f64>>,
    channels: &[Channel],
    remarks: &mut Vec<Remark>,
) {
    let falls = |values: &[f64]| values.windows(2).any(|pair| matches!(pair, [before, now] if now < before));
    let metered = channels.iter().filter(|channel| channel.name.ends_with("_wh"));
    let columns = [charge.as_deref(), discharge.as_deref()];
    if !columns.into_iter().flatten().any(falls)
        && !metered.map(|channel| channel.values.as_slice()).any(falls)
    {
        return;
    }
    for values in [charge, discharge].into_iter().flatten() {
        let mut sum = 0.0;
        for value in values.iter_mut().filter(|value| !value.is_nan()) {
            sum += *value;
            *value = sum;
        }
        if remarks.last().is_none_or(|remark| remark.code != "interval_energy_summed") {
            remarks.push(Remark::new(
                "interval_energy_summed",
                "energies per interval were summed to a running count",
            ));
        }
    }
}
