//! What the rows show on the way, and what it decides at the end.

use super::super::log::Remark;
use super::column_map::Role;
use super::convention::{self, ClockChanges, Course};
use super::decisions::{Decisions, Direction, Downward, Energies, Numbers};
use super::elapsed::{self, Pace, Restarts};
use super::sign::SignEvidence;
use super::table::Plan;
use super::time::DateOrder;
use super::vendor::Counter;

/// A median voltage above this, said to be in V, is in mV: no cell, and no home battery, has it.
pub(super) const HIGHEST_VOLTAGE_V: f64 = 1100.0;

/// All that was seen of a file with certain [`Decisions`].
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    pub(super) rows: u64,
    pub(super) quoted: bool,
    /// Whether each slot has any value.
    pub(super) present: Vec<bool>,
    /// For each slot that shares its header with an earlier one: whether both had a value and differ.
    pub(super) differs: Vec<bool>,
    pub(super) cycle: NumbersEvidence,
    pub(super) step: NumbersEvidence,
    pub(super) restarts: Restarts,
    /// The first and the last time before the wall clock had a say.
    pub(super) first_time: Option<f64>,
    pub(super) last_time: f64,
    /// What the wall clock ran over, where it stands beside a time.
    pub(super) shown_s: Option<f64>,
    pub(super) above: u64,
    pub(super) capacity_range: (f64, f64),
    pub(super) energy_range: (f64, f64),
    pub(super) sentinels: u64,
    pub(super) largest_charge: f64,
    pub(super) moved: Moved,
    pub(super) sign: SignEvidence,
    pub(super) power: PowerEvidence,
    pub(super) falls: Falls,
    /// The counts of energy into the battery and out of it, and whether any count of energy falls.
    pub(super) energies: [Course; 2],
    pub(super) energy_falls: bool,
    pub(super) clock_changes: ClockChanges,
    pub(super) pace: Pace,
    /// Rows whose label is one too many.
    pub(super) labels_beyond: u64,
}

/// What a column of cycle or step numbers shows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NumbersEvidence {
    pub(super) first: Option<f64>,
    /// The first value that is no whole number.
    pub(super) odd: Option<f64>,
    pub(super) last: Option<i64>,
    pub(super) changes: u64,
    /// Where the numbers start again: how often, and the first: its row and both numbers.
    pub(super) resumed: u64,
    pub(super) first_resumed: Option<(u64, i64, i64)>,
}

impl NumbersEvidence {
    /// Takes the next numbers, of which the first has the row `row`.
    pub(super) fn push(&mut self, numbers: &[i64], row: u64) {
        let mut last = self.last;
        for (number, row) in numbers.iter().zip(row..) {
            if last.is_some_and(|last| last != *number) {
                self.changes += 1;
                if let Some(last) = last.filter(|last| last > number) {
                    self.resumed += 1;
                    self.first_resumed.get_or_insert((row, last, *number));
                }
            }
            last = Some(*number);
        }
        self.last = last;
    }

    fn decide(&self, role: Role, rows: u64, present: bool, remarks: &mut Vec<Remark>) -> Numbers {
        let first = self.first.unwrap_or(0.0);
        if let Some(odd) = self.odd {
            remarks.push(Remark::new(
                "index_not_whole",
                format!("the {role:?} column holds {odd}, which is not a whole number; it was not used"),
            ));
            return Numbers { used: false, first };
        }
        if role == Role::Step && rows > 20 && self.changes * 2 > rows {
            remarks.push(Remark::new(
                "step_index_counts_rows",
                "the step column changes at every row; it was not used",
            ));
            return Numbers { used: false, first };
        }
        Numbers { used: present, first }
    }
}

/// What the current moved beside what was counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moved {
    /// Ah by the current, and by the vendor's counts.
    current_ah: f64,
    counted_ah: f64,
    before: (f64, f64, f64),
}

impl Default for Moved {
    fn default() -> Self {
        Self { current_ah: 0.0, counted_ah: 0.0, before: (f64::NAN, f64::NAN, f64::NAN) }
    }
}

impl Moved {
    /// Takes the next rows.
    pub(super) fn push(&mut self, time: &[f64], current: &[f64], charge: &[f64], discharge: &[f64]) {
        let grown = |change: f64| if change > 0.0 { change } else { 0.0 };
        let (mut time_before, mut charge_before, mut discharge_before) = self.before;
        let (mut seconds, mut counted) = (0.0, 0.0);
        for (((time, current), charge), discharge) in time.iter().zip(current).zip(charge).zip(discharge) {
            seconds += grown((time - time_before) * current.abs());
            counted += grown(charge - charge_before) + grown(discharge - discharge_before);
            (time_before, charge_before, discharge_before) = (*time, *charge, *discharge);
        }
        self.current_ah += seconds / 3600.0;
        self.counted_ah += counted;
        self.before = (time_before, charge_before, discharge_before);
    }

    /// A thousandth where the current moved a thousand times what was counted: mA under a header that says A.
    fn decide(&self) -> Option<(f64, Remark)> {
        const BOUND: f64 = 0.05;
        let times = self.current_ah / self.counted_ah;
        ((times / 1000.0 - 1.0).abs() < BOUND).then(|| {
            let remark = Remark::new(
                "current_in_milliamperes",
                "the current moves a thousand times the Ah that the file counts; it was taken as mA",
            );
            (1e-3, remark)
        })
    }
}

/// Whether solar + battery + grid = load when charging, or discharging, is positive.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PowerEvidence {
    /// Whether any power is not zero.
    pub(super) flows: bool,
    discharging: f64,
    charging: f64,
}

impl PowerEvidence {
    /// Takes the next rows.
    pub(super) fn push(&mut self, power: &[f64], solar: &[f64], load: &[f64], grid: &[f64]) {
        for (((battery, solar), load), grid) in power.iter().zip(solar).zip(load).zip(grid) {
            let rest = solar + grid - load;
            if !rest.is_nan() && !battery.is_nan() {
                self.discharging += (rest + battery).abs();
                self.charging += (rest - battery).abs();
            }
        }
    }
}

/// How far a count goes up and down, restarts to zero left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Falls {
    up: f64,
    down: f64,
    before: f64,
}

impl Default for Falls {
    fn default() -> Self {
        Self { up: 0.0, down: 0.0, before: f64::NAN }
    }
}

impl Falls {
    /// Takes the next values.
    pub(super) fn push(&mut self, values: &[f64]) {
        for now in values {
            let change = now - self.before;
            if change > 0.0 {
                self.up += change;
            } else if change < 0.0 && now.abs() > self.before.abs() * 0.5 {
                self.down -= change;
            }
            self.before = *now;
        }
    }

    /// Whether it falls by much more than its rounding.
    fn falls_too(self) -> bool {
        self.down > 0.05 * self.up && self.down > 0.0
    }
}

impl Evidence {
    pub(super) fn new(slots: usize) -> Self {
        Self { present: vec![false; slots], differs: vec![false; slots], ..Self::default() }
    }

    /// What all of it decides, and what is to be said about that.
    pub(super) fn decide(
        &self,
        plan: &Plan,
        before: &Decisions,
        orders: Vec<DateOrder>,
        remarks: &mut Vec<Remark>,
    ) -> Decisions {
        let instead: Vec<bool> = (0..self.present.len())
            .map(|slot| plan.twin(slot).is_some_and(|first| self.present.get(first) == Some(&false)))
            .collect();
        for slot in 0..self.present.len() {
            if plan.twin(slot).is_some() && instead.get(slot) == Some(&false) {
                remarks.push(Remark::at(
                    "duplicate_column",
                    format!("the column \"{}\" is there twice with the same values", plan.header(slot)),
                    plan.layout.header_line,
                ));
            }
        }
        let present = |role: Role| {
            plan.kept(role, &before.instead).and_then(|slot| self.present.get(slot)) == Some(&true)
        };
        let cycle = self.cycle.decide(Role::Cycle, self.rows, present(Role::Cycle), remarks);
        let step = self.step.decide(Role::Step, self.rows, present(Role::Step), remarks);
        let mut accumulate = false;
        let mut time_factor = 1.0;
        if plan.time.from_clock {
            remarks.push(Remark::new(
                "time_from_clock",
                "seconds were counted from the wall clock of the first row",
            ));
        } else {
            if plan.may_accumulate(before.step.used && present(Role::Step))
                && let Some(remark) = self.restarts.decide(plan.time.role == Role::StepTime)
            {
                accumulate = true;
                remarks.push(remark);
            }
            if let (Some(first), Some(shown)) = (self.first_time, self.shown_s)
                && let Some((factor, remark)) =
                    elapsed::by_clock(self.last_time - first, shown, plan.time.unit_stated)
            {
                time_factor = factor;
                remarks.push(remark);
            }
        }
        if self.labels_beyond > 0 {
            remarks.push(Remark::new(
                "labels_too_many",
                format!(
                    "the column \"{}\" holds more than 255 different texts; {} rows with later ones count as having none",
                    plan.slot(Role::Label).map_or("", |slot| slot.header.as_str()),
                    self.labels_beyond
                ),
            ));
        }
        if self.sentinels > 0 {
            remarks.push(Remark::new(
                "temperature_missing",
                format!(
                    "{} temperatures below absolute zero mark a missing sensor and count as missing",
                    self.sentinels
                ),
            ));
        }
        let millivolts = self.above * 2 > self.rows;
        if millivolts {
            remarks.push(Remark::new(
                "voltage_in_millivolts",
                "most voltages are above 1100, more than a battery has in V; they were taken as mV",
            ));
        }
        let mut current_factor = 1.0;
        if plan.counts_ampere_hours()
            && let Some((factor, remark)) = self.moved.decide()
        {
            current_factor = factor;
            remarks.push(remark);
        }
        let vendor = plan.layout.vendor;
        let (mut direction, remark) = self.sign.decide(vendor.format);
        remarks.extend(remark);
        if let Some(remark) = convention::charging_positive(vendor, self.sign.shown(), self.sign.flows()) {
            direction = Direction::Turned;
            remarks.push(remark);
        }
        let mut power_turned = self.power.discharging < self.power.charging;
        if power_turned {
            remarks.push(Remark::new(
                "power_sign_turned",
                "solar, battery and grid add up to the load when discharging is positive; the battery's power was turned",
            ));
        }
        // Of two columns of power each says its direction, and a balance has just been seen.
        let shown = !present(Role::Power) || plan.balances();
        if let Some(remark) = convention::charging_positive(vendor, shown, self.power.flows) {
            power_turned = true;
            remarks.push(remark);
        }
        let net_discharge = !present(Role::ChargeCapacity) && self.falls.falls_too();
        let is_home = vendor.format.is_home();
        let mut energies = Energies::Running;
        if is_home && (present(Role::ChargeEnergy) || present(Role::DischargeEnergy)) {
            let (counted, remark) = convention::energies(vendor, self.energies, self.energy_falls);
            energies = counted;
            remarks.extend(remark);
        }
        self.pace.remarks(is_home, remarks);
        if let Some((row, last, number)) = self.cycle.first_resumed.filter(|_| cycle.used) {
            remarks.push(Remark::new(
                "cycle_number_restarts",
                format!(
                    "the cycle number falls {} times, first at row {row} from {last} to {number}; the file's numbers were \
                     kept, so that rows with one number are one cycle",
                    self.cycle.resumed
                ),
            ));
        }
        // A net count of discharge runs below zero where charging comes first.
        let net = vendor.counter == Counter::Net;
        let below = |(low, high): (f64, f64)| !net && low < 0.0 && high <= 0.0;
        Decisions {
            quoted: self.quoted,
            orders,
            present: self.present.clone(),
            instead,
            cycle,
            step,
            accumulate,
            time_factor,
            current_factor,
            downward: Downward { capacity: below(self.capacity_range), energy: below(self.energy_range) },
            millivolts,
            charge_factor: plan.charge_factor(self.largest_charge),
            direction,
            power_turned,
            net_discharge,
            energies,
        }
    }
}
