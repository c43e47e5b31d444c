//! A recording parted for the analyses: rest, constant current, constant voltage, pulse.
//!
//! It differs from [`Recording::steps`], which sums up the vendor's own steps row by row: with the whole recording at
//! hand a step is judged by its middle and its end.
//!
//! A step begins where the vendor's step or cycle number changes. Where the file has no step numbers it begins where
//! the current starts, stops, turns or jumps, with hysteresis, so that noise around zero makes no steps. A vendor's
//! step that charges by constant current and then at constant voltage (`CCCV_Chg`) is parted where the voltage
//! arrives.

use super::log::Recording;
use super::numeric::{at, known, quantile, range};
use super::step_kind::StepKind;

/// Which way the charge goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Into the battery: current above zero.
    Charge,
    /// Out of the battery: current below zero.
    Discharge,
}

/// One part of a recording.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// What it does.
    pub(super) kind: StepKind,
    /// Which way; `None` at rest.
    pub(super) direction: Option<Direction>,
    /// Its first row, from 0.
    pub(super) first_row: usize,
    /// Its last row, which it has, too.
    pub(super) last_row: usize,
}

/// The share of the strongest current below which a battery rests, and above twice which it no longer does.
pub(super) const REST_SHARE: f64 = 0.002;
/// How much the current may jump within a step where the file has no step numbers, as a share of the strongest.
const JUMP_SHARE: f64 = 0.05;
/// How far a constant current may stray from its middle.
const CONSTANT_SHARE: f64 = 0.05;
/// The share of rows at each end of a constant current's range that may be on the way to it.
const ON_THE_WAY: f64 = 0.05;
/// How far a constant voltage may stray from its last value, as a share of it.
const VOLTAGE_SHARE: f64 = 0.0025;
/// The longest pulse in s.
const LONGEST_PULSE_S: f64 = 60.0;

/// Parts a recording into steps, in two passes; rows without a current go with the step before them.
///
/// Empty for a recording without current.
pub(super) fn steps(recording: &Recording) -> Vec<Step> {
    let Some((lowest, highest)) = range(&recording.current_a) else { return Vec::new() };
    let strongest = highest.max(-lowest);
    let bounds = Bounds { rest: strongest * REST_SHARE, jump: strongest * JUMP_SHARE };
    let mut found = Vec::new();
    let mut begin = 0;
    for start in starts(recording, bounds).into_iter().chain([recording.len()]) {
        if start > begin {
            part(recording, begin, start - 1, bounds, &mut found);
        }
        begin = start;
    }
    found
}

/// Currents in A that part steps.
#[derive(Clone, Copy)]
struct Bounds {
    rest: f64,
    jump: f64,
}

/// The first rows of all steps but the first.
fn starts(recording: &Recording, bounds: Bounds) -> Vec<usize> {
    let mut starts = Vec::new();
    let steps = recording.step_index.as_deref();
    let cycles = recording.cycle_index.as_deref();
    // A column of one number (or none: some files leave it empty) says nothing of steps.
    let numbered = steps.filter(|steps| steps.windows(2).any(|pair| pair.first() != pair.last()));
    let mut before: Option<(f64, i8)> = None;
    for (row, &current) in recording.current_a.iter().enumerate() {
        let changes = |numbers: Option<&[i64]>| {
            row > 0 && numbers.is_some_and(|numbers| numbers.get(row) != numbers.get(row - 1))
        };
        let turned = changes(numbered) || changes(cycles);
        if turned {
            starts.push(row);
        }
        if current.is_nan() || numbered.is_some() {
            continue;
        }
        let Some((last, state)) = before else {
            before = Some((current, direction_of(current, 0, bounds.rest)));
            continue;
        };
        let now = direction_of(current, state, bounds.rest);
        if !turned && (now != state || (current - last).abs() > bounds.jump) {
            starts.push(row);
        }
        before = Some((current, now));
    }
    starts
}

/// Charging 1, discharging -1 or resting 0, given what it was: to stop takes less than to start.
fn direction_of(current: f64, before: i8, rest: f64) -> i8 {
    let bound = if before == 0 { 2.0 * rest } else { rest };
    match current {
        current if current > bound => 1,
        current if current < -bound => -1,
        _ => 0,
    }
}

/// Adds the rows from `first` to `last` as one step, or as two where a constant voltage ends them.
fn part(recording: &Recording, first: usize, last: usize, bounds: Bounds, found: &mut Vec<Step>) {
    let current = recording.current_a.get(first..=last).unwrap_or_default();
    let voltage = recording.voltage_v.get(first..=last).unwrap_or_default();
    let (sum, there) = current
        .iter()
        .filter(|value| !value.is_nan())
        .fold((0.0, 0.0), |(sum, there), value| (sum + value, there + 1.0));
    let mean = if there > 0.0 { sum / there } else { f64::NAN };
    let strongest = current.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    if strongest <= 2.0 * bounds.rest || mean.is_nan() {
        found.push(step(recording, first, last, StepKind::Rest));
        return;
    }
    if let Some(arrived) = constant_voltage(current, voltage) {
        if arrived > 0 {
            let before = first + arrived - 1;
            let kind = current_kind(recording, first, before);
            found.push(step(recording, first, before, kind));
        }
        found.push(step(recording, first + arrived, last, StepKind::ConstantVoltage));
        return;
    }
    found.push(step(recording, first, last, current_kind(recording, first, last)));
}

/// Whether a current is constant, a pulse, or neither. A few rows may be on the way to it.
fn current_kind(recording: &Recording, first: usize, last: usize) -> StepKind {
    let rows = recording.current_a.get(first..=last).unwrap_or_default();
    let (Some(low), Some(high)) =
        (quantile(rows.iter().copied(), ON_THE_WAY), quantile(rows.iter().copied(), 1.0 - ON_THE_WAY))
    else {
        return StepKind::Varying;
    };
    let middle = 0.5 * (low + high);
    if (high - low) > 2.0 * CONSTANT_SHARE * middle.abs() {
        return StepKind::Varying;
    }
    let own = recording.step_time_s.as_deref().map_or(f64::NAN, |own| at(own, last));
    let seconds = own.max(at(&recording.time_s, last) - at(&recording.time_s, first));
    if seconds <= LONGEST_PULSE_S { StepKind::Pulse } else { StepKind::ConstantCurrent }
}

/// The row (from the step's first) from which on the voltage stands while the current fades by a tenth or more.
fn constant_voltage(current: &[f64], voltage: &[f64]) -> Option<usize> {
    let end = voltage.iter().rev().find(|value| !value.is_nan())?;
    let within = |value: &f64| value.is_nan() || (value - end).abs() <= VOLTAGE_SHARE * end.abs();
    let arrived = voltage.len() - voltage.iter().rev().take_while(|value| within(value)).count();
    let fading = current.get(arrived..)?;
    // A step that arrives at its voltage within its constant current has that current's last rows in here.
    let there = fading.iter().filter(|value| !value.is_nan());
    let strongest = there.clone().fold(0.0_f64, |most, value| most.max(value.abs()));
    let last = there.clone().next_back()?.abs();
    let turned = there.clone().any(|value| *value > 0.0) && there.clone().any(|value| *value < 0.0);
    if there.count() < 3 || last > 0.9 * strongest || turned {
        return None;
    }
    let plateau = fading.iter().rposition(|value| value.abs() >= 0.99 * strongest)?;
    Some(arrived + plateau)
}

fn step(recording: &Recording, first: usize, last: usize, kind: StepKind) -> Step {
    let rows = recording.current_a.get(first..=last).unwrap_or_default();
    let there = || rows.iter().copied().filter(|value| !value.is_nan());
    let count = there().fold(0.0, |count, _| count + 1.0);
    let mean = known(there().sum::<f64>() / count);
    Step {
        kind,
        direction: mean
            .filter(|_| kind != StepKind::Rest)
            .map(|mean| if mean > 0.0 { Direction::Charge } else { Direction::Discharge }),
        first_row: first,
        last_row: last,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::read_bytes;
    use super::*;

    /// Rest, 1 A to 4.2 V, 4.2 V down to 0.05 A, rest, 10 s pulse, rest, and 2 A out; no step numbers.
    fn cell() -> String {
        let mut file = String::from("time_s,voltage_V,current_A\n");
        let mut row = |time: f64, voltage: f64, current: f64| {
            writeln!(file, "{time},{voltage:.4},{current:.4}").unwrap();
        };
        for minute in 0..10 {
            row(f64::from(minute) * 60.0, 3.5, 0.0004 * f64::from(minute % 2));
        }
        for minute in 10..70 {
            row(f64::from(minute) * 60.0, 3.5 + 0.7 * f64::from(minute - 10) / 59.0, 1.0);
        }
        for minute in 70..130 {
            row(f64::from(minute) * 60.0, 4.2, 0.98 * (-f64::from(minute - 70) / 20.0).exp());
        }
        for minute in 130..140 {
            row(f64::from(minute) * 60.0, 4.18, 0.0);
        }
        for second in 0..10 {
            row(8400.0 + f64::from(second), 4.1, -1.5);
        }
        for minute in 141..150 {
            row(f64::from(minute) * 60.0, 4.17, 0.0);
        }
        for minute in 150..180 {
            row(f64::from(minute) * 60.0, 4.1 - 0.03 * f64::from(minute - 150), -2.0);
        }
        file
    }

    #[test]
    fn steps_are_found_by_the_current_where_the_file_numbers_none() {
        let recording = read_bytes(cell().as_bytes()).unwrap();
        let found = steps(&recording);
        let kinds: Vec<_> = found.iter().map(|step| (step.kind, step.direction)).collect();
        assert_eq!(
            kinds,
            [
                (StepKind::Rest, None),
                (StepKind::ConstantCurrent, Some(Direction::Charge)),
                (StepKind::ConstantVoltage, Some(Direction::Charge)),
                (StepKind::Rest, None),
                (StepKind::Pulse, Some(Direction::Discharge)),
                (StepKind::Rest, None),
                (StepKind::ConstantCurrent, Some(Direction::Discharge)),
            ]
        );
        assert_eq!(found[1].first_row, 10);
        assert!((recording.current_a[found[2].last_row] - 0.0513).abs() < 1e-3);
    }

    #[test]
    fn every_row_is_in_one_step() {
        let recording = read_bytes(cell().as_bytes()).unwrap();
        let mut next = 0;
        for step in steps(&recording) {
            assert_eq!(step.first_row, next);
            next = step.last_row + 1;
        }
        assert_eq!(next, recording.len());
    }
}
