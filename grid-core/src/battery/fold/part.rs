//! What is kept of some rows: enough for the figures of a step, and of a cycle as the sum of its steps.

use super::super::label::Tally;
use super::super::rows::Rows;
use super::counter::{Counted, Counter, Place};
use super::integral::{Integral, Integrator};
use super::range::Range;
use super::shape::Form;

/// Sums and ranges over consecutive rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Part {
    pub(crate) rows: usize,
    pub(crate) first_time_s: f64,
    pub(crate) last_time_s: f64,
    /// The first and the last voltage that was measured.
    pub(crate) voltages_v: Option<(f64, f64)>,
    pub(crate) integral: Integral,
    pub(crate) capacity: Counted,
    pub(crate) energy: Counted,
    pub(crate) voltage: Range,
    /// Of the current, or of the power where only that was recorded.
    pub(crate) flow: Range,
    pub(crate) temperature: Range,
    temperature_sum: f64,
    temperatures: usize,
    pub(crate) labels: Tally,
}

/// What goes on from row to row beside the sums.
#[derive(Clone, Debug)]
pub(crate) struct Meters {
    pub(crate) integrator: Integrator,
    pub(crate) capacity: Counter,
    pub(crate) energy: Counter,
}

impl Part {
    /// Adds rows of one step, whose current (or power) is `flow`; what an interval across the change of step leaves to
    /// the step before goes to `before`.
    pub(crate) fn push(
        &mut self,
        rows: &Rows<'_>,
        flow: &[f64],
        place: Place,
        meters: &mut Meters,
        before: Option<&mut Integral>,
    ) {
        let (Some(first), Some(last)) = (rows.time_s.first(), rows.time_s.last()) else { return };
        if self.rows == 0 {
            self.first_time_s = *first;
        }
        self.last_time_s = *last;
        self.rows += rows.time_s.len();
        let there = |value: &&f64| !value.is_nan();
        if let (Some(first), Some(last)) =
            (rows.voltage_v.iter().find(there), rows.voltage_v.iter().rfind(there))
        {
            self.voltages_v = Some((self.voltages_v.map_or(*first, |voltages| voltages.0), *last));
        }
        self.voltage.push(rows.voltage_v);
        self.flow.push(flow);
        if let Some(temperature) = rows.temperature_c {
            self.temperature.push(temperature);
            for value in temperature.iter().filter(there) {
                self.temperature_sum += value;
                self.temperatures += 1;
            }
        }
        if let Some(labels) = rows.labels {
            self.labels.push(labels);
        }
        meters.integrator.push(rows, place.step, &mut self.integral, before);
        let columns = [rows.charge_capacity_ah, rows.discharge_capacity_ah, rows.capacity_ah];
        meters.capacity.push(columns, rows, place, &mut self.capacity);
        let columns = [rows.charge_energy_wh, rows.discharge_energy_wh, rows.energy_wh];
        meters.energy.push(columns, rows, place, &mut self.energy);
    }

    /// Adds the rows that follow.
    pub(crate) fn merge(&mut self, other: &Self) {
        if other.rows == 0 {
            return;
        }
        if self.rows == 0 {
            self.clone_from(other);
            return;
        }
        self.rows += other.rows;
        self.last_time_s = other.last_time_s;
        self.voltages_v = match (self.voltages_v, other.voltages_v) {
            (Some((first, _)), Some((_, last))) => Some((first, last)),
            (mine, others) => mine.or(others),
        };
        self.integral.merge(&other.integral);
        self.capacity.merge(&other.capacity);
        self.energy.merge(&other.energy);
        self.voltage.merge(other.voltage);
        self.flow.merge(other.flow);
        self.temperature.merge(other.temperature);
        self.temperature_sum += other.temperature_sum;
        self.temperatures += other.temperatures;
        self.labels.merge(&other.labels);
    }

    pub(crate) fn duration_s(&self) -> f64 {
        self.last_time_s - self.first_time_s
    }

    /// The mean over the rows that have a temperature.
    pub(crate) fn temperature_mean_c(&self) -> Option<f64> {
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "no file has 2^53 rows")]
        (self.temperatures > 0).then(|| self.temperature_sum / self.temperatures as f64)
    }
}

/// Consecutive rows of one step, which lie in one cycle.
#[derive(Clone, Debug)]
pub(crate) struct Fragment {
    pub(crate) first_row: usize,
    /// The vendor's number of the cycle.
    pub(crate) cycle: Option<i64>,
    /// The vendor's number of the step.
    pub(crate) step: Option<i64>,
    /// Whether it is of the same step as the fragment before it.
    pub(crate) continues: bool,
    /// What the step holds constant, as far as its rows were seen.
    pub(crate) form: Form,
    /// The current (or power) of the step as far, without its first row.
    pub(crate) flow: Range,
    pub(crate) part: Part,
}
