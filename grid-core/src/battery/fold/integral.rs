//! Current and power over time, by trapezoids within a step.
//!
//! An interval in which the vendor's step changes is not averaged over both steps, which would be up to 1 % off at one
//! row in 30 s: as much of it as the step's own time says belongs to the new step, and the rest to the old one.

use super::super::numeric::at;
use super::super::rows::Rows;

const SECONDS_AN_HOUR: f64 = 3600.0;

/// What a current and its power moved, in ampere and watt seconds, and for how many seconds they did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Integral {
    charge_as: f64,
    discharge_as: f64,
    charge_ws: f64,
    discharge_ws: f64,
    /// Charge of intervals at whose ends the voltage is not known, and whose energy is not, either.
    unpowered_charge_as: f64,
    unpowered_discharge_as: f64,
    pub(crate) charging_s: f64,
    pub(crate) discharging_s: f64,
    seconds: f64,
}

impl Integral {
    /// Adds one trapezoid: its positive part to the charge and its negative part to the discharge.
    #[inline]
    fn add(&mut self, from: (f64, f64), to: (f64, f64), seconds: f64) {
        let half = 0.5 * seconds;
        let share = |holds: bool| if holds { half } else { 0.0 };
        if !from.0.is_nan() && !to.0.is_nan() {
            self.charge_as += (from.0.max(0.0) + to.0.max(0.0)) * half;
            self.discharge_as -= (from.0.min(0.0) + to.0.min(0.0)) * half;
            self.charging_s += share(from.0 > 0.0) + share(to.0 > 0.0);
            self.discharging_s += share(from.0 < 0.0) + share(to.0 < 0.0);
            self.seconds += seconds;
        }
        if !from.1.is_nan() && !to.1.is_nan() {
            self.charge_ws += (from.1.max(0.0) + to.1.max(0.0)) * half;
            self.discharge_ws -= (from.1.min(0.0) + to.1.min(0.0)) * half;
        } else if !from.0.is_nan() && !to.0.is_nan() {
            self.unpowered_charge_as += (from.0.max(0.0) + to.0.max(0.0)) * half;
            self.unpowered_discharge_as -= (from.0.min(0.0) + to.0.min(0.0)) * half;
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.charge_as += other.charge_as;
        self.discharge_as += other.discharge_as;
        self.charge_ws += other.charge_ws;
        self.discharge_ws += other.discharge_ws;
        self.unpowered_charge_as += other.unpowered_charge_as;
        self.unpowered_discharge_as += other.unpowered_discharge_as;
        self.charging_s += other.charging_s;
        self.discharging_s += other.discharging_s;
        self.seconds += other.seconds;
    }

    /// Charged and discharged Ah.
    pub(crate) fn capacity_ah(&self) -> (f64, f64) {
        (self.charge_as / SECONDS_AN_HOUR, self.discharge_as / SECONDS_AN_HOUR)
    }

    /// Mean voltages in V while charging and discharging: energy over charge, where both are known.
    pub(crate) fn voltages_v(&self) -> (Option<f64>, Option<f64>) {
        (
            ratio(self.charge_ws, self.charge_as - self.unpowered_charge_as),
            ratio(self.discharge_ws, self.discharge_as - self.unpowered_discharge_as),
        )
    }

    /// Mean currents in A while charging and while discharging, over time.
    pub(crate) fn currents_a(&self) -> (Option<f64>, Option<f64>) {
        (ratio(self.charge_as, self.charging_s), ratio(self.discharge_as, self.discharging_s))
    }

    /// Mean current in A over all of the time.
    pub(crate) fn current_a(&self) -> Option<f64> {
        ratio(self.charge_as - self.discharge_as, self.seconds)
    }

    /// Charged and discharged Wh.
    pub(crate) fn energy_wh(&self) -> (f64, f64) {
        (self.charge_ws / SECONDS_AN_HOUR, self.discharge_ws / SECONDS_AN_HOUR)
    }
}

fn ratio(of: f64, over: f64) -> Option<f64> {
    (over > 0.0).then(|| of / over)
}

/// The last row that had a time and a current or a power.
#[derive(Clone, Copy, Debug)]
struct Last {
    time_s: f64,
    current_a: f64,
    power_w: f64,
    step: u64,
}

/// Integrates rows as they come.
#[derive(Clone, Debug)]
pub(crate) struct Integrator {
    last: Option<Last>,
    /// Intervals above it are gaps, in which nothing is known to have moved.
    longest_s: f64,
    /// The longest interval that was taken and the shortest that was left out as a gap.
    taken_s: f64,
    left_s: f64,
}

impl Integrator {
    pub(crate) fn new(longest_s: f64) -> Self {
        Self { last: None, longest_s, taken_s: 0.0, left_s: f64::INFINITY }
    }

    /// Whether another bound for gaps would have taken and left the same intervals.
    pub(crate) fn holds_for(&self, longest_s: f64) -> bool {
        self.taken_s <= longest_s && (longest_s < self.left_s || self.left_s.is_infinite())
    }

    /// Adds rows of one step; what an interval across the change of step leaves to the step before goes there.
    pub(crate) fn push(
        &mut self,
        rows: &Rows<'_>,
        step: u64,
        sums: &mut Integral,
        before: Option<&mut Integral>,
    ) {
        let mut before = before;
        let mut into = *sums;
        let mut last = self.last;
        let (mut taken_s, mut left_s) = (self.taken_s, self.left_s);
        let columns = rows.time_s.iter().zip(rows.current_a).zip(rows.voltage_v).enumerate();
        for (row, ((&time_s, &current_a), &voltage_v)) in columns {
            let power_w = match rows.power_w {
                Some(power) if current_a.is_nan() => at(power, row),
                _ => current_a * voltage_v,
            };
            if time_s.is_nan() || (current_a.is_nan() && power_w.is_nan()) {
                continue;
            }
            if let Some(last) = last {
                let seconds = time_s - last.time_s;
                if seconds > self.longest_s {
                    left_s = left_s.min(seconds);
                } else if seconds > 0.0 {
                    taken_s = taken_s.max(seconds);
                    let (from, to) = ((last.current_a, last.power_w), (current_a, power_w));
                    if last.step == step {
                        into.add(from, to, seconds);
                    } else {
                        let own = rows.step_time_s.map_or(f64::NAN, |own| at(own, row));
                        let new = if own.is_nan() { seconds } else { own.clamp(0.0, seconds) };
                        into.add(to, to, new);
                        match before.as_deref_mut() {
                            Some(before) => before.add(from, from, seconds - new),
                            None => into.add(from, from, seconds - new),
                        }
                    }
                }
            }
            last = Some(Last { time_s, current_a, power_w, step });
        }
        (self.last, self.taken_s, self.left_s) = (last, taken_s, left_s);
        *sums = into;
    }
}
