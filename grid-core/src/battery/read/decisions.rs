//! What is settled about a whole file before its values are right: which way the current flows, which unit a header hid.

use super::time::DateOrder;

/// Everything that only the whole file can tell.
///
/// A scan starts from what the file's head says. What it sees on the way is [`Evidence`](super::evidence::Evidence),
/// which decides at the end; where it decides otherwise, the file is scanned again. So the values depend on the file
/// alone, not on how much of it was looked at first.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own, answered yes or no")]
pub(super) struct Decisions {
    /// Whether quotes stand in the rows, so that delimiters may stand in cells.
    pub(super) quoted: bool,
    /// The date order of each slot that holds dates.
    pub(super) orders: Vec<DateOrder>,
    /// Whether each slot has any value at all.
    pub(super) present: Vec<bool>,
    /// Whether each slot that shares its header with an earlier one takes its place, because that one is empty.
    pub(super) instead: Vec<bool>,
    pub(super) cycle: Numbers,
    pub(super) step: Numbers,
    /// Whether a time that restarts is made to run on.
    pub(super) accumulate: bool,
    /// What the time is multiplied by beside its stated unit.
    pub(super) time_factor: f64,
    /// What the current is multiplied by beside its stated unit.
    pub(super) current_factor: f64,
    /// Whether the counts of discharge run below zero.
    pub(super) downward: Downward,
    pub(super) millivolts: bool,
    /// What makes a share of the state of charge.
    pub(super) charge_factor: f64,
    pub(super) direction: Direction,
    /// Whether the power of a home battery is positive while discharging.
    pub(super) power_turned: bool,
    /// Whether the one count of discharge falls while charging: a net count from full downwards.
    pub(super) net_discharge: bool,
    /// What the counts of energy of a home log are.
    pub(super) energies: Energies,
}

/// A column of cycle or step numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Numbers {
    pub(super) used: bool,
    /// The first number, which empty cells before it take.
    pub(super) first: f64,
}

/// Which counts of discharge run below zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Downward {
    pub(super) capacity: bool,
    pub(super) energy: bool,
}

/// What a count of energy in a home log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Energies {
    /// It runs on.
    Running,
    /// It starts again, as at midnight.
    Daily,
    /// Each row holds the energy of its own interval.
    Interval,
}

/// How the current of the file becomes positive while charging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// It is.
    Kept,
    /// Discharging is positive.
    Turned,
    /// It has no sign; the rows in a state of discharge are turned.
    ByState,
    /// It has no sign; from each of these rows on the battery discharges, or charges.
    ByCount(Vec<(u64, bool)>),
}

impl Decisions {
    /// What is assumed of a file with so many slots before any of it is seen.
    pub(super) fn new(slots: usize) -> Self {
        Self {
            quoted: false,
            orders: vec![DateOrder::MonthFirst; slots],
            present: vec![true; slots],
            instead: vec![false; slots],
            cycle: Numbers { used: true, first: 0.0 },
            step: Numbers { used: true, first: 0.0 },
            accumulate: false,
            time_factor: 1.0,
            current_factor: 1.0,
            downward: Downward::default(),
            millivolts: false,
            charge_factor: 1.0,
            direction: Direction::Kept,
            power_turned: false,
            net_discharge: false,
            energies: Energies::Running,
        }
    }
}
