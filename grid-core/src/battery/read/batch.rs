//! A block of raw columns to rows: units, time, directions, as decided, and what it shows for the next decision.

use super::column_map::Role;
use super::columns::{CHANNELS, Columns, Shown};
use super::convention::Total;
use super::decisions::{Decisions, Energies, Numbers};
use super::elapsed::RunOn;
use super::evidence::{Evidence, HIGHEST_VOLTAGE_V, NumbersEvidence};
use super::labels;
use super::sign::{self, Unturned};
use super::slot::{Kind, Slot};
use super::table::Plan;

/// Below absolute zero no temperature was measured: `-9999` and `-2500` mark a missing sensor.
const ABSOLUTE_ZERO_C: f64 = -273.15;
/// Roles whose columns have their own way to their unit, or none.
const WITHOUT_SCALE: [Role; 7] =
    [Role::TestTime, Role::Clock, Role::StateOfCharge, Role::Cycle, Role::Step, Role::State, Role::Label];
/// Counts of energy into the battery and out of it.
const COUNTED: [Role; 2] = [Role::ChargeEnergy, Role::DischargeEnergy];
/// Roles whose column is not shown where it has no value.
const OPTIONAL: [Role; 12] = [
    Role::Power,
    Role::ChargePower,
    Role::DischargePower,
    Role::Temperature,
    Role::StateOfCharge,
    Role::ChargeCapacity,
    Role::DischargeCapacity,
    Role::Capacity,
    Role::ChargeEnergy,
    Role::DischargeEnergy,
    Role::Energy,
    Role::StepTime,
];

/// The way of the blocks of one scan, with what goes on from block to block.
#[derive(Debug)]
pub(super) struct Batches<'p> {
    plan: &'p Plan,
    decisions: &'p Decisions,
    pub(super) columns: Columns,
    pub(super) shown: Shown,
    pub(super) evidence: Evidence,
    run_on: RunOn,
    cycle: Option<f64>,
    step: Option<f64>,
    totals: [Total; 2],
    /// Whether the energy in the battery is its level times what it can hold.
    stores: bool,
    energies_before: Vec<(Role, f64)>,
}

impl<'p> Batches<'p> {
    pub(super) fn new(plan: &'p Plan, decisions: &'p Decisions, slots: usize) -> Self {
        let has = |role: Role| {
            plan.kept(role, &decisions.instead).and_then(|slot| decisions.present.get(slot)) == Some(&true)
        };
        let mut roles: Vec<Role> = OPTIONAL.into_iter().filter(|role| has(*role)).collect();
        if plan.time.role == Role::StepTime {
            roles.retain(|role| *role != Role::StepTime);
        }
        if !plan.takes_charge() {
            roles.retain(|role| *role != Role::StateOfCharge);
        }
        let both_ways = [Role::ChargePower, Role::DischargePower];
        if !roles.contains(&Role::Power) && both_ways.into_iter().any(|role| plan.slot(role).is_some()) {
            roles.push(Role::Power);
        }
        let stores = !roles.contains(&Role::Energy)
            && roles.contains(&Role::StateOfCharge)
            && plan.slot(Role::EnergyCapacity).is_some();
        if stores {
            roles.push(Role::Energy);
        }
        Self {
            plan,
            decisions,
            columns: Columns::default(),
            shown: Shown { roles, net_discharge: decisions.net_discharge },
            evidence: Evidence::new(slots),
            run_on: RunOn::default(),
            cycle: None,
            step: None,
            totals: [Total::default(); 2],
            stores,
            energies_before: Vec::new(),
        }
    }

    /// Takes the values of a block from the slots.
    pub(super) fn push(&mut self, slots: &mut [Slot], rows: usize) {
        self.look(slots);
        self.merge(slots);
        self.columns.take(slots, self.plan, &self.decisions.instead, rows);
        self.numbers();
        self.labels(slots);
        self.scale();
        self.temperature();
        self.time();
        self.counts();
        self.power();
        self.current();
        self.energies();
        self.stored_energy();
        if self.plan.has_wall_clock() {
            self.evidence.clock_changes.push(&self.columns.time_s);
        }
        self.evidence.pace.push(&self.columns.time_s, self.columns.or_missing(Role::Current));
        self.evidence.rows += u64::try_from(rows).unwrap_or(u64::MAX);
    }

    /// Sees which slots have a value at all.
    fn look(&mut self, slots: &[Slot]) {
        for (present, slot) in self.evidence.present.iter_mut().zip(slots) {
            let measured = |value: &f64| {
                !value.is_nan()
                    && (slot.role != Role::Temperature
                        || self.plan.in_celsius(slot, *value) >= ABSOLUTE_ZERO_C)
            };
            // Where labels start late, the rows before need not be read again.
            *present = *present || slot.role == Role::Label || slot.values.iter().any(measured);
        }
    }

    /// Adds up columns that are to be added, and compares columns with one header.
    fn merge(&mut self, slots: &mut [Slot]) {
        for (first, second) in &self.plan.twins {
            let (Some(one), Some(other)) = (slots.get(*first), slots.get(*second)) else { continue };
            let differs = one
                .values
                .iter()
                .zip(&other.values)
                .any(|(a, b)| !(a.total_cmp(b).is_eq() || a.is_nan() && b.is_nan()));
            if let Some(all) = self.evidence.differs.get_mut(*second) {
                *all |= differs;
            }
        }
        for (first, second) in &self.plan.sums {
            let Some((before, after)) = slots.split_at_mut_checked(*second) else { continue };
            let (Some(one), Some(other)) = (before.get_mut(*first), after.first()) else { continue };
            for (sum, value) in one.values.iter_mut().zip(&other.values) {
                *sum = if sum.is_nan() {
                    *value
                } else if value.is_nan() {
                    *sum
                } else {
                    *sum + value
                };
            }
        }
    }

    /// Cycle and step numbers: whole, the last one carried over empty cells.
    fn numbers(&mut self) {
        let row = self.evidence.rows;
        for (role, decided, last, evidence) in [
            (Role::Cycle, self.decisions.cycle, &mut self.cycle, &mut self.evidence.cycle),
            (Role::Step, self.decisions.step, &mut self.step, &mut self.evidence.step),
        ] {
            let Some(values) = self.columns.get(role) else { continue };
            let whole = whole_numbers(values, decided, last, evidence);
            evidence.push(&whole, row);
            let place = if role == Role::Cycle {
                &mut self.columns.cycle_index
            } else {
                &mut self.columns.step_index
            };
            *place = decided.used.then_some(whole);
        }
    }

    /// Labels: their places among the names, and the names.
    fn labels(&mut self, slots: &[Slot]) {
        let Some(slot) = slots.iter().find(|slot| slot.role == Role::Label) else { return };
        let Some(values) = self.columns.out(Role::Label) else { return };
        let places = self.columns.labels.get_or_insert_default();
        places.clear();
        places.extend(values.iter().copied().map(labels::byte));
        self.columns.put(Role::Label, values);
        let names = slot.labels.names();
        if names.len() > self.columns.label_names.len() {
            self.columns.label_names = names.to_vec();
        }
        self.evidence.labels_beyond = slot.labels.beyond();
    }

    /// Every column into its unit.
    fn scale(&mut self) {
        for (role, scale, offset) in &self.plan.scales {
            let timed = *role == self.plan.time.role;
            if WITHOUT_SCALE.contains(role) || timed {
                continue;
            }
            if let Some(values) = self.columns.of_mut(*role) {
                for value in values {
                    *value = *value * scale + offset;
                }
            }
        }
        if let Some(values) = self.columns.of_mut(Role::StateOfCharge) {
            let largest = values.iter().copied().fold(self.evidence.largest_charge, f64::max);
            multiply(values, self.decisions.charge_factor);
            self.evidence.largest_charge = largest;
        }
        if let Some(values) = self.columns.of_mut(Role::Voltage) {
            let above = values.iter().filter(|value| value.abs() > HIGHEST_VOLTAGE_V).count();
            self.evidence.above += u64::try_from(above).unwrap_or(u64::MAX);
            if self.decisions.millivolts {
                multiply(values, 1e-3);
            }
        }
    }

    /// Temperatures with sentinels made missing.
    fn temperature(&mut self) {
        let Some(values) = self.columns.of_mut(Role::Temperature) else { return };
        for value in values {
            if *value < ABSOLUTE_ZERO_C {
                *value = f64::NAN;
                self.evidence.sentinels += 1;
            }
        }
    }

    /// The time of the rows: unit, restarts, and the wall clock's word.
    fn time(&mut self) {
        let role = self.plan.time.role;
        let Some(mut time) = self.columns.out(role) else { return };
        if !self.plan.time.from_clock {
            if matches!(self.plan.time.kind, Kind::Number(_))
                && let Some((_, scale, _)) = self.plan.scales.iter().find(|(other, ..)| *other == role)
            {
                multiply(&mut time, *scale);
            }
            self.evidence.restarts.push(&time, self.columns.step_index.as_deref());
            if self.decisions.accumulate {
                self.run_on.apply(&mut time, self.columns.get(Role::Clock));
            }
            if self.evidence.first_time.is_none() {
                self.evidence.first_time = time.iter().copied().find(|time| !time.is_nan());
            }
            if let Some(last) = time.iter().rfind(|time| !time.is_nan()) {
                self.evidence.last_time = *last;
            }
            multiply(&mut time, self.decisions.time_factor);
        }
        // The buffer of the last block goes back in its place.
        std::mem::swap(&mut self.columns.time_s, &mut time);
        self.columns.put(role, time);
    }

    /// Counts of discharge that run below zero, turned to run above it, and the one that is net.
    fn counts(&mut self) {
        for (role, down, range) in [
            (Role::DischargeCapacity, self.decisions.downward.capacity, &mut self.evidence.capacity_range),
            (Role::DischargeEnergy, self.decisions.downward.energy, &mut self.evidence.energy_range),
        ] {
            let Some(values) = self.columns.of_mut(role) else { continue };
            *range = values.iter().fold(*range, |(low, high), value| (low.min(*value), high.max(*value)));
            if down {
                multiply(values, -1.0);
            }
        }
    }

    /// The power of a battery with a column for each direction, and its sign by the house around it.
    fn power(&mut self) {
        if !self.own_power() && self.shown.roles.contains(&Role::Power) {
            let (plus, minus) = (self.columns.get(Role::ChargePower), self.columns.get(Role::DischargePower));
            let difference = match (plus, minus) {
                (Some(plus), Some(minus)) => {
                    plus.iter().zip(minus).map(|(plus, minus)| plus - minus).collect()
                }
                (Some(plus), None) => plus.to_vec(),
                (None, Some(minus)) => minus.iter().map(|minus| -minus).collect(),
                (None, None) => return,
            };
            self.columns.put(Role::Power, difference);
        }
        if !self.shown.roles.contains(&Role::Power) {
            return;
        }
        let Some(mut power) = self.columns.out(Role::Power) else { return };
        self.evidence.power.flows |= power.iter().any(|power| power.abs() > 0.0);
        if let (Some(solar), Some(load), Some(grid)) = (
            self.columns.get(Role::SolarPower),
            self.columns.get(Role::LoadPower),
            self.columns.get(Role::GridPower),
        ) {
            self.evidence.power.push(&power, solar, load, grid);
        }
        if self.decisions.power_turned {
            for value in power.iter_mut().filter(|value| value.abs() > 0.0) {
                *value = -*value;
            }
        }
        self.columns.put(Role::Power, power);
    }

    /// Whether the file has a column of power that has a value.
    fn own_power(&self) -> bool {
        self.plan
            .kept(Role::Power, &self.decisions.instead)
            .is_some_and(|slot| self.decisions.present.get(slot) == Some(&true))
    }

    /// The direction of the current.
    fn current(&mut self) {
        let Some(mut current) = self.columns.out(Role::Current) else { return };
        let shown = |role: Role| self.columns.get(role).filter(|_| self.shown.roles.contains(&role));
        let (charge, discharge) = (shown(Role::ChargeCapacity), shown(Role::DischargeCapacity));
        let state = self.columns.get(Role::State);
        if let (Some(charge), Some(discharge)) = (charge, discharge) {
            self.evidence.moved.push(&self.columns.time_s, &current, charge, discharge);
        }
        multiply(&mut current, self.decisions.current_factor);
        self.evidence.sign.push(Unturned {
            time_s: &self.columns.time_s,
            voltage_v: self.columns.or_missing(Role::Voltage),
            current_a: &current,
            state,
            charge_ah: charge,
            discharge_ah: discharge,
        });
        let one_count = charge.is_none();
        sign::turn(&mut current, &self.decisions.direction, state, self.evidence.rows);
        self.columns.put(Role::Current, current);
        if let Some(values) = self.columns.get(Role::DischargeCapacity)
            && one_count
        {
            self.evidence.falls.push(values);
        }
        if self.decisions.net_discharge
            && let Some(values) = self.columns.of_mut(Role::DischargeCapacity)
        {
            // One column that falls while charging counts net, from full downwards.
            for value in values {
                *value = -*value;
            }
        }
    }

    /// Energies per interval, and counts that start again, become their running sum; counts that only grow stay. One
    /// column that falls shows that the whole log is per interval.
    fn energies(&mut self) {
        if !self.plan.format().is_home() {
            return;
        }
        for (role, course) in COUNTED.into_iter().zip(&mut self.evidence.energies) {
            course.push(self.columns.get(role).unwrap_or_default());
        }
        // What the battery can hold is no count.
        let metered = CHANNELS
            .iter()
            .filter(|(role, name)| name.ends_with("_wh") && *role != Role::EnergyCapacity)
            .map(|(role, _)| *role);
        for role in COUNTED.into_iter().chain(metered) {
            let Some(values) = self.columns.get(role) else { continue };
            let index = self.energies_before.iter().position(|(other, _)| *other == role);
            let mut before =
                index.and_then(|index| self.energies_before.get(index)).map_or(f64::NAN, |last| last.1);
            for now in values {
                self.evidence.energy_falls |= *now < before;
                before = *now;
            }
            match index.and_then(|index| self.energies_before.get_mut(index)) {
                Some(last) => last.1 = before,
                None => self.energies_before.push((role, before)),
            }
        }
        if self.decisions.energies == Energies::Running {
            return;
        }
        for (role, total) in COUNTED.into_iter().zip(&mut self.totals) {
            total.apply(self.decisions.energies, self.columns.of_mut(role).unwrap_or_default());
        }
    }

    /// The energy in the battery where it is not recorded.
    fn stored_energy(&mut self) {
        if !self.stores {
            return;
        }
        let mut energy = self.columns.out(Role::Energy).unwrap_or_default();
        energy.clear();
        let level = self.columns.or_missing(Role::StateOfCharge);
        let most = self.columns.or_missing(Role::EnergyCapacity);
        energy.extend(level.iter().zip(most).map(|(level, most)| level * most));
        self.columns.put(Role::Energy, energy);
    }
}

/// Multiplies a column, unless by one.
fn multiply(values: &mut [f64], factor: f64) {
    if (factor - 1.0).abs() > 0.0 {
        for value in values {
            *value *= factor;
        }
    }
}

/// Whole numbers, the last one carried over empty cells.
fn whole_numbers(
    values: &[f64],
    decided: Numbers,
    last: &mut Option<f64>,
    evidence: &mut NumbersEvidence,
) -> Vec<i64> {
    const LARGEST: f64 = 9e15;
    let mut number = last.unwrap_or(decided.first);
    let mut odd = None;
    let whole = values
        .iter()
        .map(|value| {
            if !value.is_nan() {
                if evidence.first.is_none() {
                    evidence.first = Some(*value);
                }
                number = *value;
            }
            #[expect(
                clippy::as_conversions,
                clippy::cast_possible_truncation,
                reason = "whole and below 9e15, or not used"
            )]
            let whole = number as i64;
            #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "compared, not kept")]
            let back = whole as f64;
            if ((back - number).abs() > 0.0 || number.abs() > LARGEST) && odd.is_none() {
                odd = Some(number);
            }
            whole
        })
        .collect();
    evidence.odd = evidence.odd.or(odd);
    *last = Some(number);
    whole
}
