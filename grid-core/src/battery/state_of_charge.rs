//! State of charge by counting, put right wherever the battery is known to be full or empty.
//!
//! Counting drifts: with the current sensor's offset, with the coulombic efficiency, with a capacity that is not quite
//! right. Where a charge ends at the upper cut-off the battery is full, and where a discharge ends at the lower one it
//! is empty, whatever the count says. What the count is off by there is the drift; it is spread over the way between
//! both anchors in proportion to the charge that moved, so the state of charge has no jumps.

use super::charge_count::net_charge_ah;
use super::log::Recording;
use super::numeric::{at, known, median, range, to_f64};
use super::refusal::Refusal;
use super::step::{Direction, Step, steps};
use super::step_kind::StepKind;

/// Where a bound comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BoundSource {
    /// The caller stated it.
    Given,
    /// It was read off the file itself.
    Detected,
}

/// What the caller knows of the battery; what is `None` is read off the recording.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StateOfChargeOptions {
    /// Ah between empty and full; else the median of the last three ways from one to the other, as a battery that ages
    /// needs.
    pub capacity_ah: Option<f64>,
    /// The voltage at which a charge ends, in V; else the highest at which one ended.
    pub upper_v: Option<f64>,
    /// The voltage at which a discharge ends, in V; else the lowest at which one ended.
    pub lower_v: Option<f64>,
    /// The state of charge at the first row, from 0 to 1.
    pub initial: Option<f64>,
}

/// Why the state of charge is known at a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnchorKind {
    /// A charge ended at the upper cut-off: 1.
    Full,
    /// A discharge ended at the lower cut-off: 0.
    Empty,
    /// The caller stated it for the first row.
    Given,
    /// The recording has it, and nothing else is known.
    Recorded,
}

/// A row at which the state of charge is known.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Anchor {
    /// The row, from 0.
    pub row: usize,
    /// Its time in s.
    pub time_s: f64,
    /// Why it is known.
    pub kind: AnchorKind,
    /// What it is, from 0 to 1.
    pub state_of_charge: f64,
    /// What counting from the anchor before gives here, less what is true: the drift; `None` at the first anchor.
    pub drift: Option<f64>,
    /// Charge that moved in and out since the anchor before, in Ah; `None` at the first anchor.
    pub moved_ah: Option<f64>,
}

/// The counted state of charge beside the one that the recording has.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct RecordedComparison {
    /// Rows that have both.
    pub rows: usize,
    /// Counted less recorded, on average, from -1 to 1.
    pub mean_difference: f64,
    /// The root of the mean square of the differences.
    pub root_mean_square: f64,
    /// The difference that is largest in size.
    pub largest_difference: f64,
    /// The row where it is.
    pub largest_row: usize,
}

/// The state of charge of each row, and what it stands on.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct StateOfCharge {
    /// From 0 to 1, one a row.
    pub state_of_charge: Vec<f64>,
    /// Ah between empty and full: given, or the median of the last three ways from one to the other.
    pub capacity_ah: f64,
    /// Where the capacity comes from.
    pub capacity_source: BoundSource,
    /// The upper cut-off in V; `None` where no charge ended.
    pub upper_v: Option<f64>,
    /// The lower cut-off in V; `None` where no discharge ended.
    pub lower_v: Option<f64>,
    /// Rows at which it is known, by row.
    pub anchors: Vec<Anchor>,
    /// Rows whose count left 0 to 1 by more than a thousandth; all that did were put back to the nearer end.
    pub clamped_rows: usize,
    /// Beside the recording's own state of charge, where it has one.
    pub against_recorded: Option<RecordedComparison>,
}

/// How near a cut-off a voltage has to come, as a share of it.
const AT_CUT_OFF: f64 = 0.005;

/// Counts the state of charge, with anchors at full and empty; a few passes over the rows.
///
/// A charge that ends at the upper cut-off (within 0.5 %), at constant voltage where the recording has such steps, is
/// full; a discharge that ends at the lower one is empty. A cut-off that is not given is the highest (lowest) voltage
/// at which a charge (discharge) of the recording ended; the step that the end of the file cuts off does not count.
///
/// ```
/// use grid_core::battery::{StateOfChargeOptions, count_state_of_charge, read_bytes};
/// // 1 Ah in, rest, 1 Ah out, rest.
/// let file = b"time_s,voltage_V,current_A\n0,3.0,0\n1,3.1,1\n3601,4.2,1\n3602,4.1,0\n3700,4.1,0\n\
///     3701,4.0,-1\n5501,3.5,-1\n7301,3.0,-1\n7302,3.1,0\n7400,3.1,0\n";
/// let counted = count_state_of_charge(&read_bytes(file)?, StateOfChargeOptions::default())?;
/// assert!((counted.capacity_ah - 1.0).abs() < 1e-3);
/// assert!((counted.state_of_charge[6] - 0.5).abs() < 1e-3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Returns [`Refusal::NotRecorded`] without a current, [`Refusal::OutOfRange`] for a given value that cannot be,
/// [`Refusal::NoAnchor`] where neither full nor empty nor a first state of charge is known, and [`Refusal::TooFew`]
/// where the capacity is not given and there is no way from full to empty to measure it on.
///
/// # References
///
/// Ng, Moo, Chen, Hsieh: "Enhanced coulomb counting method", Applied Energy 86(9), 2009: re-anchoring at both ends.
pub fn count_state_of_charge(
    recording: &Recording,
    options: StateOfChargeOptions,
) -> Result<StateOfCharge, Refusal> {
    range(&recording.current_a).ok_or(Refusal::NotRecorded { what: "a current" })?;
    check(options)?;
    let net = net_charge_ah(recording);
    let steps = steps(recording);
    let upper_v = options.upper_v.or_else(|| cut_off(recording, &steps, Direction::Charge));
    let lower_v = options.lower_v.or_else(|| cut_off(recording, &steps, Direction::Discharge));
    let mut anchors = ends(recording, &steps, upper_v, lower_v);
    let ways = match options.capacity_ah {
        Some(capacity) => vec![(0, capacity)],
        None => measured_ways(&anchors, &net)?,
    };
    let anchor = |row: usize, kind: AnchorKind, state_of_charge: f64| Anchor {
        row,
        time_s: at(&recording.time_s, row),
        kind,
        state_of_charge,
        drift: None,
        moved_ah: None,
    };
    if let Some(initial) = options.initial
        && anchors.first().is_none_or(|first| first.row > 0)
    {
        anchors.insert(0, anchor(0, AnchorKind::Given, initial));
    }
    if anchors.is_empty() {
        let first = recording.state_of_charge.iter().flatten().position(|value| (0.0..=1.0).contains(value));
        let row = first.ok_or(Refusal::NoAnchor)?;
        let value = recording.state_of_charge.as_ref().map_or(f64::NAN, |values| at(values, row));
        anchors.push(anchor(row, AnchorKind::Recorded, value));
    }
    let counted = spread(&net, &ways, &mut anchors);
    let mut clamped_rows = 0;
    let state_of_charge: Vec<f64> = counted
        .into_iter()
        .map(|value| {
            // Less is the current's own noise at rest.
            clamped_rows += usize::from(!(-0.001..=1.001).contains(&value));
            value.clamp(0.0, 1.0)
        })
        .collect();
    Ok(StateOfCharge {
        against_recorded: recording.state_of_charge.as_deref().and_then(|own| compare(&state_of_charge, own)),
        state_of_charge,
        capacity_ah: capacity_by(&ways, recording.len()),
        capacity_source: match options.capacity_ah {
            Some(_) => BoundSource::Given,
            None => BoundSource::Detected,
        },
        upper_v,
        lower_v,
        anchors,
        clamped_rows,
    })
}

fn check(options: StateOfChargeOptions) -> Result<(), Refusal> {
    let above_zero = [
        ("a capacity in Ah", options.capacity_ah),
        ("an upper voltage in V", options.upper_v),
        ("a lower voltage in V", options.lower_v),
    ];
    for (what, value) in above_zero {
        if let Some(got) = value
            && (!got.is_finite() || got <= 0.0)
        {
            return Err(Refusal::OutOfRange { what, expected: "above 0", got });
        }
    }
    match options.initial {
        Some(got) if !(0.0..=1.0).contains(&got) => {
            Err(Refusal::OutOfRange { what: "a first state of charge", expected: "from 0 to 1", got })
        }
        _ => Ok(()),
    }
}

/// The last step of each run of steps that go one way, with whether anything comes after it.
fn ends_of_runs(steps: &[Step], direction: Direction) -> impl Iterator<Item = (&Step, bool)> {
    steps.iter().enumerate().filter_map(move |(number, step)| {
        // A pulse is no charge to an end, and what goes on in the same direction after a rest has not ended.
        let after = steps.get(number + 1..).unwrap_or_default();
        let next = after.iter().find_map(|step| step.direction);
        let ended =
            step.direction == Some(direction) && step.kind != StepKind::Pulse && next != Some(direction);
        ended.then_some((step, !after.is_empty()))
    })
}

/// The voltage furthest out at which a charge or a discharge of the recording ended.
fn cut_off(recording: &Recording, steps: &[Step], direction: Direction) -> Option<f64> {
    ends_of_runs(steps, direction)
        .filter(|(_, goes_on)| *goes_on)
        .filter_map(|(step, _)| end_voltage(recording, step, direction))
        .reduce(|a, b| match direction {
            Direction::Charge => a.max(b),
            Direction::Discharge => a.min(b),
        })
}

/// The voltage that a step reached at its end: the last or last but one row, since some cyclers record the first
/// moment of the rest with the step.
fn end_voltage(recording: &Recording, step: &Step, direction: Direction) -> Option<f64> {
    let last = at(&recording.voltage_v, step.last_row);
    let before =
        if step.last_row > step.first_row { at(&recording.voltage_v, step.last_row - 1) } else { last };
    known(match direction {
        Direction::Charge => last.max(before),
        Direction::Discharge => last.min(before),
    })
}

/// The rows at which the battery is full or empty.
fn ends(recording: &Recording, steps: &[Step], upper_v: Option<f64>, lower_v: Option<f64>) -> Vec<Anchor> {
    let held = steps
        .iter()
        .any(|step| step.kind == StepKind::ConstantVoltage && step.direction == Some(Direction::Charge));
    let anchor = |step: &Step, kind, state_of_charge| Anchor {
        row: step.last_row,
        time_s: at(&recording.time_s, step.last_row),
        kind,
        state_of_charge,
        drift: None,
        moved_ah: None,
    };
    let full = ends_of_runs(steps, Direction::Charge).filter_map(|(step, _)| {
        let limit = upper_v?;
        let reached = end_voltage(recording, step, Direction::Charge)? >= limit * (1.0 - AT_CUT_OFF);
        let complete = !held || step.kind == StepKind::ConstantVoltage;
        (reached && complete).then(|| anchor(step, AnchorKind::Full, 1.0))
    });
    let empty = ends_of_runs(steps, Direction::Discharge).filter_map(|(step, _)| {
        let reached = end_voltage(recording, step, Direction::Discharge)? <= lower_v? * (1.0 + AT_CUT_OFF);
        reached.then(|| anchor(step, AnchorKind::Empty, 0.0))
    });
    let mut anchors: Vec<Anchor> = full.chain(empty).collect();
    anchors.sort_by_key(|anchor| anchor.row);
    anchors
}

/// The charge between neighbouring anchors of different kind, in Ah, with the row at which each is known.
fn measured_ways(anchors: &[Anchor], net: &[f64]) -> Result<Vec<(usize, f64)>, Refusal> {
    let ways: Vec<(usize, f64)> = anchors
        .windows(2)
        .filter_map(|pair| match pair {
            [from, to] if from.kind != to.kind => Some((to.row, (at(net, to.row) - at(net, from.row)).abs())),
            _ => None,
        })
        .filter(|(_, way)| *way > 0.0)
        .collect();
    if ways.is_empty() {
        return Err(Refusal::TooFew {
            what: "ways from full to empty or back to measure the capacity on",
            least: 1,
            got: 0,
        });
    }
    Ok(ways)
}

/// The capacity that is known before a row: the median of the last three ways, or the first way of all.
fn capacity_by(ways: &[(usize, f64)], row: usize) -> f64 {
    let known = ways.partition_point(|(at, _)| *at < row).max(1);
    let last = ways.get(known.saturating_sub(3)..known).unwrap_or_default();
    median(last.iter().map(|(_, way)| *way)).unwrap_or(f64::NAN)
}

/// Counts from anchor to anchor, and spreads what the count is off by at the next over the charge that moved.
fn spread(net: &[f64], ways: &[(usize, f64)], anchors: &mut [Anchor]) -> Vec<f64> {
    let mut moved = 0.0;
    let mut before = 0.0;
    let moved: Vec<f64> = net
        .iter()
        .map(|net| {
            moved += (net - before).abs();
            before = *net;
            moved
        })
        .collect();
    let mut counted: Vec<f64> = Vec::with_capacity(net.len());
    let mut last: Option<Anchor> = None;
    for anchor in anchors.iter_mut() {
        let truth = anchor.state_of_charge;
        let capacity_ah = capacity_by(ways, anchor.row);
        // Before the first anchor the count runs backward from it, and there is no drift to see.
        let start = last.map_or_else(
            || truth - (at(net, anchor.row) - at(net, 0)) / capacity_ah,
            |last| last.state_of_charge,
        );
        let from = last.map_or(0, |last| last.row);
        let way = at(&moved, anchor.row) - at(&moved, from);
        let drift = start + (at(net, anchor.row) - at(net, from)) / capacity_ah - truth;
        for row in counted.len()..=anchor.row {
            let share = if way > 0.0 { (at(&moved, row) - at(&moved, from)) / way } else { 1.0 };
            counted.push(start + (at(net, row) - at(net, from)) / capacity_ah - drift * share);
        }
        if last.is_some() {
            anchor.drift = Some(drift);
            anchor.moved_ah = Some(way);
        }
        last = Some(*anchor);
    }
    if let Some(last) = last {
        let capacity_ah = capacity_by(ways, net.len());
        for row in counted.len()..net.len() {
            counted.push(last.state_of_charge + (at(net, row) - at(net, last.row)) / capacity_ah);
        }
    }
    counted
}

fn compare(counted: &[f64], recorded: &[f64]) -> Option<RecordedComparison> {
    let mut rows = 0_usize;
    let (mut sum, mut squares) = (0.0, 0.0);
    let mut largest = (0, 0.0_f64);
    for (row, (counted, recorded)) in counted.iter().zip(recorded).enumerate() {
        let difference = counted - recorded;
        if difference.is_nan() {
            continue;
        }
        rows += 1;
        sum += difference;
        squares += difference * difference;
        if difference.abs() > largest.1.abs() {
            largest = (row, difference);
        }
    }
    (rows > 0).then(|| RecordedComparison {
        rows,
        mean_difference: sum / to_f64(rows),
        root_mean_square: (squares / to_f64(rows)).sqrt(),
        largest_difference: largest.1,
        largest_row: largest.0,
    })
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::super::read_bytes;
    use super::*;

    /// Cycles of a 2 Ah cell between 3.0 and 4.2 V at 1 A; the sensor reads `offset` ampere too much. A true state of
    /// charge stands in the last column.
    fn cycled(offset: f64, depths: &[f64]) -> Recording {
        let mut file = String::from("time_s,voltage_V,current_A,soc\n");
        let (mut time, mut charge) = (0.0, 0.0);
        let mut row = |time: f64, charge: f64, current: f64| {
            let (voltage, measured) = (3.0 + 0.6 * charge, current + offset);
            writeln!(file, "{time},{voltage:.6},{measured:.6},{:.6}", charge / 2.0).unwrap();
        };
        for depth in depths {
            for target in [2.0, 2.0 * (1.0 - depth)] {
                let current: f64 = if target > charge { 1.0 } else { -1.0 };
                let hours = (target - charge).abs();
                let minutes = (hours * 60.0).round();
                for minute in 0..=60 {
                    let way = f64::from(minute) / 60.0;
                    row(time + way * minutes * 60.0, charge + current * way * hours, current);
                }
                time += minutes * 60.0 + 1.0;
                charge = target;
                row(time, charge, 0.0);
                time += 600.0;
                row(time, charge, 0.0);
                time += 1.0;
            }
        }
        read_bytes(file.as_bytes()).unwrap()
    }

    #[test]
    fn the_count_agrees_with_the_truth_and_finds_the_capacity() {
        let counted =
            count_state_of_charge(&cycled(0.0, &[1.0, 0.5, 1.0]), StateOfChargeOptions::default()).unwrap();
        assert!((counted.capacity_ah - 2.0).abs() < 2e-3, "{}", counted.capacity_ah);
        assert_eq!(counted.upper_v, Some(4.2));
        assert_eq!(counted.anchors.len(), 5);
        let comparison = counted.against_recorded.unwrap();
        assert!(comparison.largest_difference.abs() < 2e-3, "{comparison:?}");
    }

    #[test]
    fn a_sensors_offset_shows_as_drift_and_is_taken_out() {
        // 0.02 A too much: over a discharge of half the charge (1 h) and back (1 h) the count gains 0.04 Ah of 2 Ah.
        let recording = cycled(0.02, &[1.0, 0.5, 0.5, 1.0]);
        let counted = count_state_of_charge(
            &recording,
            StateOfChargeOptions { capacity_ah: Some(2.0), ..Default::default() },
        )
        .unwrap();
        let drift = counted.anchors[3].drift.unwrap();
        assert!((drift - 0.02).abs() < 4e-3, "{:?}", counted.anchors);
        let comparison = counted.against_recorded.unwrap();
        assert!(comparison.root_mean_square < 0.01, "{comparison:?}");
    }

    #[test]
    fn without_full_or_empty_there_is_no_answer_but_by_what_the_caller_knows() {
        let file = b"time_s,voltage_V,current_A\n0,3.5,1\n3600,3.7,1\n";
        let recording = read_bytes(file).unwrap();
        assert!(matches!(
            count_state_of_charge(&recording, StateOfChargeOptions::default()),
            Err(Refusal::TooFew { .. })
        ));
        let capacity = StateOfChargeOptions { capacity_ah: Some(4.0), ..Default::default() };
        assert_eq!(count_state_of_charge(&recording, capacity), Err(Refusal::NoAnchor));
        let known = StateOfChargeOptions { initial: Some(0.25), ..capacity };
        assert_eq!(count_state_of_charge(&recording, known).unwrap().state_of_charge, [0.25, 0.5]);
        let wrong = StateOfChargeOptions { initial: Some(25.0), ..capacity };
        assert!(matches!(count_state_of_charge(&recording, wrong), Err(Refusal::OutOfRange { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn it_stays_between_empty_and_full_and_hits_every_anchor(
            offset in -0.05..0.05_f64, depths in prop::collection::vec(0.2..1.0_f64, 1..5),
        ) {
            let depths: Vec<f64> = [1.0].into_iter().chain(depths).collect();
            let counted = count_state_of_charge(&cycled(offset, &depths), StateOfChargeOptions::default()).unwrap();
            prop_assert!(counted.state_of_charge.iter().all(|value| (0.0..=1.0).contains(value)));
            for anchor in &counted.anchors {
                prop_assert!((counted.state_of_charge[anchor.row] - anchor.state_of_charge).abs() < 1e-9);
            }
        }
    }
}
