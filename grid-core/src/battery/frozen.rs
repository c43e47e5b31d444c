//! Sensors that stand still while another one moves.

use super::flags::{Flag, FlagKind};
use super::log::Recording;
use super::numeric::{at, quantile, range, to_f64};
use super::state_of_charge::BoundSource;

/// The least rows and seconds for which a frozen sensor stands.
const LEAST_ROWS: usize = 30;
const LEAST_S: f64 = 60.0;
/// How often the usual standstill of the same column it has to last.
const USUAL_TIMES: f64 = 10.0;
/// How much of its range the other column has to rise and to fall meanwhile.
const SWING: f64 = 0.1;

/// Rows in which a column has one and the same value.
struct Run {
    first: usize,
    last: usize,
    value: f64,
    rows: usize,
}

/// Flags where `values` stand still, to the last digit, while `other` rises and falls.
///
/// A regulated voltage stands while the current only falls, a regulated current while the voltage only rises, and a
/// battery at rest has no current: none of these is frozen. A coarse sensor stands often; it has to stand ten times
/// as long as nine of ten of its own standstills.
pub(super) fn frozen(
    recording: &Recording,
    values: &[f64],
    other: &[f64],
    kind: FlagKind,
    found: &mut Vec<Flag>,
) {
    let Some((low, high)) = range(other).filter(|(low, high)| high > low) else { return };
    let swing = SWING * (high - low);
    let runs = runs(values);
    let usual = quantile(runs.iter().map(|run| to_f64(run.rows)), 0.9).unwrap_or(f64::NAN);
    // A column of one value has no usual standstill.
    let longest = if runs.len() > 1 { USUAL_TIMES * usual } else { 0.0 }.max(to_f64(LEAST_ROWS));
    for run in runs {
        let (start_s, end_s) = (at(&recording.time_s, run.first), at(&recording.time_s, run.last));
        let rests = kind == FlagKind::FrozenCurrent && run.value == 0.0;
        if rests || to_f64(run.rows) < longest || end_s - start_s < LEAST_S {
            continue;
        }
        let (rise, fall) = swings(other.get(run.first..=run.last).unwrap_or_default());
        if rise > swing && fall > swing {
            found.push(Flag {
                kind,
                start_s,
                end_s,
                first_row: run.first,
                last_row: run.last,
                value: run.value,
                bound: longest,
                source: BoundSource::Detected,
            });
        }
    }
}

/// The runs of equal values; missing ones are passed over.
fn runs(values: &[f64]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (row, &value) in values.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
        match runs.last_mut() {
            Some(run) if run.value.to_bits() == value.to_bits() => {
                run.last = row;
                run.rows += 1;
            }
            _ => runs.push(Run { first: row, last: row, value, rows: 1 }),
        }
    }
    runs
}

/// The largest rise and the largest fall from an earlier to a later value.
fn swings(values: &[f64]) -> (f64, f64) {
    let (mut lowest, mut highest) = (f64::INFINITY, f64::NEG_INFINITY);
    let (mut rise, mut fall) = (0.0_f64, 0.0_f64);
    for &value in values.iter().filter(|value| !value.is_nan()) {
        lowest = lowest.min(value);
        highest = highest.max(value);
        rise = rise.max(value - lowest);
        fall = fall.max(highest - value);
    }
    (rise, fall)
}
