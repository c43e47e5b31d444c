//! Steps of a recording, in one pass: by the vendor's numbers, else by where the current starts, stops and turns.

use super::capacity::{Judge, Method};
use super::cycle::Cycles;
use super::fold::Gathered;
use super::fold::moves::{Direction, MOVES_ABOVE};
use super::fold::part::{Fragment, Part};
use super::fold::shape::Form;
use super::step_kind::StepKind;

/// A step's kind, capacity and ends.
///
/// A step of the vendor's that lasts over the turn from one cycle into the next is one step in each, so that the
/// figures of a cycle are the sums over its steps.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct StepSummary {
    /// The vendor's step number, which may come again in each cycle, or a count from 1 where the file has none.
    pub step: i64,
    /// The number of its cycle, as in [`CycleSummary::cycle`](super::CycleSummary::cycle).
    pub cycle: i64,
    /// What it does.
    pub kind: StepKind,
    /// The step's first row, from 0.
    pub first_row: usize,
    /// The number of the step's rows.
    pub rows: usize,
    /// Seconds from the step's first row to its last.
    pub duration_s: f64,
    /// Charged, in Ah, by the method of the cycle; NaN where neither current nor a capacity was recorded.
    pub charge_capacity_ah: f64,
    /// Discharged, in Ah.
    pub discharge_capacity_ah: f64,
    /// Charged, in Wh; NaN where no power and no energy was recorded.
    pub charge_energy_wh: f64,
    /// Discharged, in Wh.
    pub discharge_energy_wh: f64,
    /// The first voltage in V; `None` where none was recorded.
    pub start_voltage_v: Option<f64>,
    /// The last voltage in V.
    pub end_voltage_v: Option<f64>,
    /// Mean current over time in A, charging positive; `None` where none was recorded.
    pub current_mean_a: Option<f64>,
}

/// The sums over a step, in one cycle.
#[derive(Clone, Debug)]
struct Step {
    fragment: Fragment,
    cycle: usize,
    kind: StepKind,
}

impl Step {
    /// Whether a fragment is more of this step.
    fn goes_on_with(&self, next: &Self) -> bool {
        if self.cycle != next.cycle {
            return false;
        }
        // Without the vendor's numbers the current was weighed by the largest so far; by the largest of all, what
        // was told apart can be one step.
        let found = self.fragment.step.is_none() && next.fragment.step.is_none();
        let follows = next.fragment.first_row == self.fragment.first_row + self.fragment.part.rows;
        next.fragment.continues || (found && follows && self.direction() == next.direction())
    }

    /// Which way the current flows, or the power where only that is known; `None` where neither is.
    fn direction(&self) -> Option<Direction> {
        let (charge_ah, discharge_ah) = self.fragment.part.integral.capacity_ah();
        let (charge_wh, discharge_wh) = self.fragment.part.integral.energy_wh();
        let net =
            if charge_ah + discharge_ah > 0.0 { charge_ah - discharge_ah } else { charge_wh - discharge_wh };
        match self.kind {
            StepKind::Unknown => None,
            StepKind::Rest => Some(Direction::Rest),
            _ if net < 0.0 => Some(Direction::Discharge),
            _ => Some(Direction::Charge),
        }
    }

    fn merge(&mut self, next: &Self) {
        if next.fragment.continues || next.fragment.part.rows > self.fragment.part.rows {
            self.kind = next.kind;
        }
        self.fragment.part.merge(&next.fragment.part);
    }
}

/// What a step does, given the current (or power) below which a battery rests.
fn kind(fragment: &Fragment, rests_below: f64, has_current: bool) -> StepKind {
    const LONGEST_PULSE_S: f64 = 60.0;
    if fragment.flow.ends().0.is_none() {
        return StepKind::Unknown;
    }
    if fragment.flow.largest() <= rests_below {
        return StepKind::Rest;
    }
    match fragment.form {
        Form::Current if fragment.part.duration_s() <= LONGEST_PULSE_S => StepKind::Pulse,
        Form::Current if !has_current => StepKind::ConstantPower,
        Form::Current => StepKind::ConstantCurrent,
        Form::Voltage => StepKind::ConstantVoltage,
        Form::CurrentThenVoltage => StepKind::ConstantCurrentConstantVoltage,
        Form::Power => StepKind::ConstantPower,
        Form::Nothing => StepKind::Varying,
    }
}

/// The steps of a recording, given the methods of its cycles, and the place of each step's cycle.
pub(super) fn summaries(
    gathered: &Gathered,
    cycles: &Cycles,
    judge: &Judge<'_>,
    methods: &[Method],
) -> (Vec<StepSummary>, Vec<usize>) {
    let rests_below = MOVES_ABOVE * gathered.largest_flow();
    let mut steps: Vec<Step> = Vec::new();
    for (fragment, cycle) in gathered.fragments.iter().zip(&cycles.of_fragment) {
        let kind = kind(fragment, rests_below, judge.has_current);
        let next = Step { fragment: fragment.clone(), cycle: *cycle, kind };
        match steps.last_mut() {
            Some(last) if last.goes_on_with(&next) => last.merge(&next),
            _ => steps.push(next),
        }
    }
    let summary = |(count, step): (i64, &Step)| {
        let part: &Part = &step.fragment.part;
        let moved = judge.moved(part, methods.get(step.cycle).copied().unwrap_or(Method::Integral));
        // A single row that no interval led to has a current, but no time.
        let mean = part.integral.current_a().or_else(|| part.flow.ends().0);
        StepSummary {
            step: step.fragment.step.unwrap_or(count),
            cycle: cycles.sums.get(step.cycle).map_or(0, |cycle| cycle.number),
            kind: step.kind,
            first_row: step.fragment.first_row,
            rows: part.rows,
            duration_s: part.duration_s(),
            charge_capacity_ah: moved.charge_ah,
            discharge_capacity_ah: moved.discharge_ah,
            charge_energy_wh: moved.charge_wh,
            discharge_energy_wh: moved.discharge_wh,
            start_voltage_v: part.voltages_v.map(|voltages| voltages.0),
            end_voltage_v: part.voltages_v.map(|voltages| voltages.1),
            current_mean_a: mean.filter(|_| judge.has_current),
        }
    };
    ((1..).zip(&steps).map(summary).collect(), steps.iter().map(|step| step.cycle).collect())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::read_bytes;
    use super::*;

    /// Rest, 1 A up to 4.2 V, 4.2 V while the current fades, rest, a pulse of 10 s, 8 W out; with the number of each.
    fn rows() -> Vec<(i64, f64, f64, f64)> {
        let mut rows = Vec::new();
        for minute in 0..10 {
            rows.push((1, f64::from(minute) * 60.0, 3.5, 0.0004 * f64::from(minute % 2)));
        }
        for minute in 10..70 {
            rows.push((2, f64::from(minute) * 60.0, 3.5 + 0.7 * f64::from(minute - 10) / 59.0, 1.0));
        }
        for minute in 70..130 {
            rows.push((3, f64::from(minute) * 60.0, 4.2, 0.98 * (-f64::from(minute - 70) / 20.0).exp()));
        }
        for minute in 130..140 {
            rows.push((4, f64::from(minute) * 60.0, 4.18 - 0.001 * f64::from(minute - 130), 0.0));
        }
        for second in 0..=10 {
            rows.push((5, 8400.0 + f64::from(second), 4.1, -1.5));
        }
        for minute in 141..200 {
            let voltage = 4.1 - 0.02 * f64::from(minute - 141);
            rows.push((6, f64::from(minute) * 60.0, voltage, -8.0 / voltage));
        }
        rows
    }

    fn kinds(number: fn(i64) -> i64) -> Vec<(i64, StepKind, usize)> {
        let mut file = String::from("Test_Time(s),Step_Index,Voltage(V),Current(A)\n");
        for (step, time, voltage, current) in rows() {
            writeln!(file, "{time},{},{voltage:.6},{current:.6}", number(step)).unwrap();
        }
        let steps = read_bytes(file.as_bytes()).unwrap().steps();
        steps.iter().map(|step| (step.step, step.kind, step.first_row)).collect()
    }

    #[test]
    fn the_vendors_steps_are_told_apart_by_what_they_hold_constant() {
        let expected = [
            (1, StepKind::Rest, 0),
            (2, StepKind::ConstantCurrent, 10),
            (3, StepKind::ConstantVoltage, 70),
            (4, StepKind::Rest, 130),
            (5, StepKind::Pulse, 140),
            (6, StepKind::ConstantPower, 151),
        ];
        assert_eq!(kinds(|step| step), expected);
        let joined = kinds(|step| if step == 3 { 2 } else { step });
        assert_eq!(joined[1], (2, StepKind::ConstantCurrentConstantVoltage, 10));
    }

    #[test]
    fn without_the_vendors_numbers_the_current_makes_the_steps() {
        let mut file = String::from("time_s,voltage_V,current_A\n");
        for (_, time, voltage, current) in rows() {
            writeln!(file, "{time},{voltage:.6},{current:.6}").unwrap();
        }
        let steps = read_bytes(file.as_bytes()).unwrap().steps();
        let found: Vec<_> = steps.iter().map(|step| (step.step, step.kind, step.first_row)).collect();
        // The noise at the start counts as rest, though nothing stronger was seen before it.
        assert_eq!(
            found,
            [
                (1, StepKind::Rest, 0),
                (2, StepKind::ConstantCurrentConstantVoltage, 10),
                (3, StepKind::Rest, 130),
                (4, StepKind::Varying, 140),
            ]
        );
    }

    #[test]
    fn a_file_without_current_and_power_does_not_rest() {
        let file = b"time_s,voltage_V,current_A\n0,3.7,\n60,3.7,\n";
        let steps = read_bytes(file).unwrap().steps();
        assert_eq!(steps.iter().map(|step| step.kind).collect::<Vec<_>>(), [StepKind::Unknown]);
        assert_eq!(steps[0].current_mean_a, None);
        assert!(steps[0].charge_capacity_ah.is_nan());
    }
}
