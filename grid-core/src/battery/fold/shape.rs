//! What a step holds constant, row by row.

use super::range::{Range, part};

/// How far a constant current or power may stray from where it settled.
const CURRENT_SHARE: f64 = 0.05;
/// How far a constant voltage may stray.
const VOLTAGE_SHARE: f64 = 0.0025;
/// How many rows a constant current before a constant voltage must have, and it, too.
const FEWEST_ROWS: usize = 3;
/// The share of a step's rows for which it must hold.
const MOST_ROWS: f64 = 0.9;

/// What a step holds constant, whether or not it moves charge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    Current,
    Voltage,
    CurrentThenVoltage,
    Power,
    #[default]
    Nothing,
}

/// The rows of a step so far against its second row: the first may still be on the way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shape {
    rows: usize,
    /// Of the current (or power), without the first row where there are more.
    pub(crate) flow: Range,
    settled: Option<(f64, f64)>,
    steady_current: usize,
    steady_voltage: usize,
    steady_power: usize,
    /// The voltage at which the current was first let go, and how many rows held it from there on.
    held: Option<(f64, usize)>,
    /// Rows before that.
    before_held: usize,
}

/// How many of the values are within a share of one.
fn within(values: impl Iterator<Item = f64>, of: f64, share: f64) -> usize {
    let bound = share * of.abs();
    values.map(|value| usize::from((value - of).abs() <= bound)).sum()
}

impl Shape {
    /// Takes further rows of the step.
    pub(crate) fn push(&mut self, flow: &[f64], voltage: &[f64]) {
        if self.rows == 0 {
            self.flow.push(part(flow, 0..1));
        }
        let skipped = usize::from(self.rows == 0);
        let (flow, voltage) = (part(flow, skipped..flow.len()), part(voltage, skipped..voltage.len()));
        if self.rows == 1 || (self.rows == 0 && !flow.is_empty()) {
            self.flow = Range::default();
        }
        self.rows += flow.len() + skipped;
        self.flow.push(flow);
        // What came before it settled says nothing.
        let first =
            if self.settled.is_some() { Some(0) } else { flow.iter().position(|flow| !flow.is_nan()) };
        let Some(first) = first else { return };
        let (flow, voltage) = (part(flow, first..flow.len()), part(voltage, first..voltage.len()));
        let Some((current, held)) = self.settled.or(flow.first().copied().zip(voltage.first().copied()))
        else {
            return;
        };
        self.settled = Some((current, held));
        self.steady_current += within(flow.iter().copied(), current, CURRENT_SHARE);
        self.steady_voltage += within(voltage.iter().copied(), held, VOLTAGE_SHARE);
        let powers = flow.iter().zip(voltage).map(|(flow, voltage)| flow * voltage);
        self.steady_power += within(powers, current * held, CURRENT_SHARE);
        let mut start = 0;
        if self.held.is_none() {
            let bound = CURRENT_SHARE * current.abs();
            let left = flow.iter().position(|flow| (flow - current).abs() > bound);
            start = left.unwrap_or(flow.len());
            self.before_held += start;
            self.held = voltage.get(start).map(|voltage| (*voltage, 0));
        }
        if let Some((held, rows)) = &mut self.held {
            *rows += within(part(voltage, start..voltage.len()).iter().copied(), *held, VOLTAGE_SHARE);
        }
    }

    /// What the step holds constant in nine of ten rows.
    pub(crate) fn form(&self) -> Form {
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "no step has 2^53 rows")]
        let most = |rows: usize| rows as f64 >= MOST_ROWS * self.rows.saturating_sub(1) as f64;
        let held = self.held.map_or(0, |(_, rows)| rows);
        if most(self.steady_current) {
            Form::Current
        } else if most(self.steady_voltage) {
            Form::Voltage
        } else if self.before_held.min(held) >= FEWEST_ROWS && most(self.before_held + held) {
            Form::CurrentThenVoltage
        } else if most(self.steady_power) {
            Form::Power
        } else {
            Form::Nothing
        }
    }
}
