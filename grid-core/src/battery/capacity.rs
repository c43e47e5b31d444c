//! How much went in and out: from the vendor's count where there is one, else from the current itself.
//!
//! Vendors restart their counts at each step, at each cycle, now and then, or never. One rule fits them all: take each
//! row's increase, take a restart as counting from zero, and add it up by direction. Where there is no count, current
//! and power are integrated by trapezoids within a step. An interval in which the step changes is not averaged over
//! both steps, which would be up to 1 % off at one row in 30 s: as much of it as the step's own time says belongs to
//! the new step, and the rest to the old one.

use super::cycle::Cycles;
use super::log::{Format, Recording};

/// How far the vendor's count and the integral of the current may differ before a cycle is flagged: 2 % of what
/// moved in the cycle, beside the rounding of the vendor's count.
pub const DISAGREEMENT_BOUND: f64 = 0.02;

/// Where the capacities of a cycle come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// The increases of the vendor's own count.
    VendorIncrements,
    /// The current over time, step by step.
    Integral,
}

/// The vendor's count beside the integral of the current.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Agreement {
    /// Charged Ah by the vendor's count.
    pub vendor_charge_ah: f64,
    /// Discharged Ah by the vendor's count.
    pub vendor_discharge_ah: f64,
    /// Charged Ah by the integral of the current.
    pub integral_charge_ah: f64,
    /// Discharged Ah by the integral of the current.
    pub integral_discharge_ah: f64,
    /// The larger of both differences, as a share of the larger of charge and discharge.
    pub difference: f64,
    /// Whether the difference is within [`DISAGREEMENT_BOUND`].
    pub agrees: bool,
}

/// What moved in one cycle.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moved {
    pub(super) charge_ah: f64,
    pub(super) discharge_ah: f64,
    pub(super) charge_wh: f64,
    pub(super) discharge_wh: f64,
}

/// What each cycle moved, and where that is known from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Result {
    pub(super) moved: Moved,
    pub(super) method: Method,
    pub(super) agreement: Option<Agreement>,
}

/// What moved in each cycle, and what the integrals give over all of them.
pub(super) fn per_cycle(recording: &Recording, cycles: &Cycles) -> (Vec<Result>, Moved) {
    let integrals = integrals(recording, cycles);
    let whole = integrals.iter().fold(Moved::default(), |sum, moved| Moved {
        charge_ah: sum.charge_ah + moved.charge_ah,
        discharge_ah: sum.discharge_ah + moved.discharge_ah,
        charge_wh: sum.charge_wh + moved.charge_wh,
        discharge_wh: sum.discharge_wh + moved.discharge_wh,
    });
    let counted = counted_capacity(recording, cycles);
    let energies = counted_energy(recording, cycles);
    let current_step = counted.as_ref().map_or(0.0, |_| resolution(&recording.current_a));
    let largest_current = recording.current_a.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    let has_current = recording.current_a.iter().any(|value| !value.is_nan());
    let has_power = has_current || recording.power_w.is_some();
    let results = integrals
        .into_iter()
        .enumerate()
        .map(|(cycle, integral)| {
            let mut result = Result { moved: integral, method: Method::Integral, agreement: None };
            if !has_current {
                (result.moved.charge_ah, result.moved.discharge_ah) = (f64::NAN, f64::NAN);
            }
            if !has_power {
                (result.moved.charge_wh, result.moved.discharge_wh) = (f64::NAN, f64::NAN);
            }
            let vendor =
                counted.as_ref().and_then(|counted| Some((counted.moved.get(cycle)?, counted.resolution)));
            if let Some((&(charge_ah, discharge_ah), rounding)) = vendor {
                // A count of one direction leaves the other to the integral.
                let or_integral = |count: f64, integral: f64| if count.is_nan() { integral } else { count };
                let charge_ah = or_integral(charge_ah, result.moved.charge_ah);
                let discharge_ah = or_integral(discharge_ah, result.moved.discharge_ah);
                let most = charge_ah.max(discharge_ah);
                // A count of few digits is worse than the integral, unless the current has fewer still.
                let coarse = has_current
                    && rounding > 0.001 * most.max(integral.charge_ah.max(integral.discharge_ah))
                    && current_step < 0.001 * largest_current;
                if !coarse {
                    result.method = Method::VendorIncrements;
                    (result.moved.charge_ah, result.moved.discharge_ah) = (charge_ah, discharge_ah);
                }
                result.agreement = has_current.then(|| {
                    agreement(charge_ah, discharge_ah, integral.charge_ah, integral.discharge_ah, rounding)
                });
            }
            let or_integral = |count: f64, integral: f64| if count.is_nan() { integral } else { count };
            if (result.method == Method::VendorIncrements || !has_power)
                && let Some(&(charge_wh, discharge_wh)) =
                    energies.as_ref().and_then(|energies| energies.get(cycle))
            {
                result.moved.charge_wh = or_integral(charge_wh, result.moved.charge_wh);
                result.moved.discharge_wh = or_integral(discharge_wh, result.moved.discharge_wh);
            }
            result
        })
        .collect();
    (results, whole)
}

fn agreement(charge: f64, discharge: f64, by_charge: f64, by_discharge: f64, rounding: f64) -> Agreement {
    let most = charge.max(discharge).max(by_charge).max(by_discharge);
    let apart = (charge - by_charge).abs().max((discharge - by_discharge).abs());
    let difference = if most > 0.0 { apart / most } else { 0.0 };
    Agreement {
        vendor_charge_ah: charge,
        vendor_discharge_ah: discharge,
        integral_charge_ah: by_charge,
        integral_discharge_ah: by_discharge,
        difference,
        agrees: apart <= DISAGREEMENT_BOUND * most + rounding,
    }
}

/// Integrals of current and power over each cycle.
#[expect(
    clippy::indexing_slicing,
    reason = "all columns of a recording have its length, and `row` runs over it"
)]
fn integrals(recording: &Recording, cycles: &Cycles) -> Vec<Moved> {
    let mut moved = vec![Moved::default(); cycles.len()];
    let (time, current, voltage) = (&recording.time_s, &recording.current_a, &recording.voltage_v);
    let steps = recording.step_index.as_deref();
    let step_time = recording.step_time_s.as_deref();
    let longest = longest_interval(recording);
    let mut power_before = f64::NAN;
    let mut before: Option<usize> = None;
    for row in 0..time.len().min(current.len()).min(voltage.len()) {
        let now = current[row];
        let power = match &recording.power_w {
            Some(power) if now.is_nan() => power[row],
            _ => now * voltage[row],
        };
        if time[row].is_nan() || (now.is_nan() && power.is_nan()) {
            continue;
        }
        if let Some(last) = before {
            let hours = (time[row] - time[last]) / 3600.0;
            if hours > 0.0
                && hours <= longest
                && let Some(sum) = moved.get_mut(cycles.of_row(row))
            {
                if steps.is_some_and(|steps| steps[row] != steps[last]) {
                    let own = step_time.map_or(f64::NAN, |step_time| step_time[row] / 3600.0);
                    let new = if own.is_nan() { hours } else { own.clamp(0.0, hours) };
                    add(&mut sum.charge_ah, &mut sum.discharge_ah, now, now, new);
                    add(&mut sum.charge_wh, &mut sum.discharge_wh, power, power, new);
                    let before = current[last];
                    add(&mut sum.charge_ah, &mut sum.discharge_ah, before, before, hours - new);
                    add(&mut sum.charge_wh, &mut sum.discharge_wh, power_before, power_before, hours - new);
                } else {
                    add(&mut sum.charge_ah, &mut sum.discharge_ah, current[last], now, hours);
                    add(&mut sum.charge_wh, &mut sum.discharge_wh, power_before, power, hours);
                }
            }
        }
        power_before = power;
        before = Some(row);
    }
    moved
}

/// Hours beyond which an interval is a gap: of a home log, six times its usual interval; a cycler has no gaps.
fn longest_interval(recording: &Recording) -> f64 {
    const USUAL_TIMES: f64 = 6.0;
    if recording.format != Format::Home {
        return f64::INFINITY;
    }
    let mut intervals: Vec<f64> = recording
        .time_s
        .windows(2)
        .filter_map(|pair| if let [before, now] = pair { Some(now - before) } else { None })
        .filter(|interval| *interval > 0.0)
        .collect();
    intervals.sort_by(f64::total_cmp);
    intervals.get(intervals.len() / 2).map_or(f64::INFINITY, |usual| usual * USUAL_TIMES / 3600.0)
}

/// Adds one trapezoid, its positive part to the charge and its negative part to the discharge.
#[inline]
fn add(charge: &mut f64, discharge: &mut f64, from: f64, to: f64, hours: f64) {
    let half = 0.5 * hours;
    let sum = (from.max(0.0) + to.max(0.0)) * half;
    let out = (from.min(0.0) + to.min(0.0)) * half;
    if !from.is_nan() && !to.is_nan() {
        *charge += sum;
        *discharge -= out;
    }
}

/// Charged and discharged amounts of each cycle by the vendor's count.
struct Counted {
    moved: Vec<(f64, f64)>,
    resolution: f64,
}

fn counted_capacity(recording: &Recording, cycles: &Cycles) -> Option<Counted> {
    let one = recording.capacity_ah.as_deref();
    let charge = recording.charge_capacity_ah.as_deref();
    let discharge = recording.discharge_capacity_ah.as_deref();
    let moved = counted(recording, cycles, charge, discharge, one)?;
    let resolution = [charge, discharge, one]
        .into_iter()
        .flatten()
        .map(resolution)
        .filter(|step| *step > 0.0)
        .fold(0.0, f64::max);
    Some(Counted { moved, resolution })
}

fn counted_energy(recording: &Recording, cycles: &Cycles) -> Option<Vec<(f64, f64)>> {
    let charge = recording.charge_energy_wh.as_deref();
    let discharge = recording.discharge_energy_wh.as_deref();
    counted(recording, cycles, charge, discharge, recording.energy_wh.as_deref())
}

/// By a pair of counts, or by one count for both directions.
fn counted(
    recording: &Recording,
    cycles: &Cycles,
    charge: Option<&[f64]>,
    discharge: Option<&[f64]>,
    one: Option<&[f64]>,
) -> Option<Vec<(f64, f64)>> {
    let mut moved = vec![(0.0, 0.0); cycles.len()];
    match (charge, discharge, one) {
        (Some(_), Some(_), _) | (Some(_), _, None) | (_, Some(_), None) => {
            let mut sums: [Vec<f64>; 2] = [charge, discharge].map(|count| {
                let mut sums = vec![if count.is_some() { 0.0 } else { f64::NAN }; cycles.len()];
                increases(recording, count.unwrap_or_default(), |row, increase| {
                    if let Some(sum) = sums.get_mut(cycles.of_row(row)) {
                        *sum += increase;
                    }
                });
                sums
            });
            let [charged, discharged] = &mut sums;
            moved = charged.drain(..).zip(discharged.drain(..)).collect();
        }
        (_, _, Some(one)) => {
            let net = is_net(recording, one);
            signed_increases(recording, one, net, |row, increase| {
                if let Some(sum) = moved.get_mut(cycles.of_row(row)) {
                    if increase > 0.0 { sum.0 += increase } else { sum.1 -= increase }
                }
            });
        }
        (None, None, None) => return None,
    }
    Some(moved)
}

/// Gives each row's increase of a count that only grows, whenever it restarts.
#[expect(clippy::indexing_slicing, reason = "`row` and `last` are rows of `count`, and steps are as long")]
fn increases(recording: &Recording, count: &[f64], mut give: impl FnMut(usize, f64)) {
    let restarts = restarts_each_step(recording, count);
    let steps = recording.step_index.as_deref();
    let mut last: Option<usize> = None;
    for (row, &now) in count.iter().enumerate() {
        if now.is_nan() {
            continue;
        }
        if let Some(last) = last {
            let before = count[last];
            let boundary =
                steps.is_some_and(|steps| steps[row] != steps[last]) || new_cycle(recording, last, row);
            let restarted = if !boundary {
                now < 0.5 * before
            } else if now < before {
                true
            } else {
                // A restart that does not fall: the count is no more than the current can have moved since.
                restarts && now <= possible(recording, last, row)
            };
            let increase = if restarted { now } else { now - before };
            if increase != 0.0 {
                give(row, increase);
            }
        }
        last = Some(row);
    }
}

/// Twice the Ah that the current of both rows can have moved between them.
fn possible(recording: &Recording, last: usize, row: usize) -> f64 {
    let at = |values: &[f64], row: usize| values.get(row).copied().unwrap_or(f64::NAN);
    let hours = (at(&recording.time_s, row) - at(&recording.time_s, last)).max(0.0) / 3600.0;
    2.0 * at(&recording.current_a, row).abs().max(at(&recording.current_a, last).abs()) * hours
}

fn new_cycle(recording: &Recording, last: usize, row: usize) -> bool {
    recording.cycle_index.as_ref().is_some_and(|cycles| cycles.get(last) != cycles.get(row))
}

/// Whether a count starts again at most changes of step.
fn restarts_each_step(recording: &Recording, count: &[f64]) -> bool {
    let Some(steps) = recording.step_index.as_deref() else { return false };
    let mut restarted = 0_usize;
    let mut kept = 0_usize;
    for (values, steps) in count.windows(2).zip(steps.windows(2)) {
        if let ([before, now], [step_before, step]) = (values, steps)
            && step != step_before
            && *before > 0.0
        {
            if *now < 0.5 * before { restarted += 1 } else { kept += 1 }
        }
    }
    restarted > kept
}

/// Whether one count for both directions falls while discharging.
fn is_net(recording: &Recording, count: &[f64]) -> bool {
    let mut falls = 0.0;
    let mut grows = 0.0;
    for (pair, current) in count.windows(2).zip(recording.current_a.iter().skip(1)) {
        if let [before, now] = pair
            && *current < 0.0
        {
            let change = now - before;
            // A restart falls towards zero from above, in a net count and in an unsigned one; it says nothing.
            let restarts = *before > 0.0 && now.abs() < 0.5 * before.abs() && *now >= 0.0;
            if change > 0.0 {
                grows += change;
            } else if !restarts {
                falls -= change;
            }
        }
    }
    falls > grows
}

/// Gives each row's signed increase of one count for both directions: as counted when it is net, by the sign of the
/// current when it is not.
#[expect(
    clippy::indexing_slicing,
    reason = "`row` and `last` are rows of `count`; other columns are as long"
)]
fn signed_increases(recording: &Recording, count: &[f64], net: bool, mut give: impl FnMut(usize, f64)) {
    let current = &recording.current_a;
    if !net {
        increases(recording, count, |row, increase| {
            let here = current[row];
            let direction =
                if here == 0.0 { row.checked_sub(1).map_or(0.0, |before| current[before]) } else { here };
            if direction > 0.0 {
                give(row, increase);
            } else if direction < 0.0 {
                give(row, -increase);
            }
        });
        return;
    }
    let steps = recording.step_index.as_deref();
    let mut last: Option<usize> = None;
    for (row, &now) in count.iter().enumerate() {
        if now.is_nan() {
            continue;
        }
        if let Some(last) = last {
            let boundary =
                steps.is_some_and(|steps| steps[row] != steps[last]) || new_cycle(recording, last, row);
            let change = now - count[last];
            let against = change * current[row] < 0.0 || current[row] == 0.0;
            let restarted = boundary
                && against
                && change.abs() > possible(recording, last, row).max(0.01 * count[last].abs());
            let change = if restarted { now } else { change };
            if change != 0.0 {
                give(row, change);
            }
        }
        last = Some(row);
    }
}

/// The step that a column is rounded to (0.001 for three decimals), or zero when it has nine decimals or more.
pub(super) fn resolution(values: &[f64]) -> f64 {
    const MOST_DECIMALS: u32 = 9;
    let mut decimals = 0;
    let mut scale = 1.0;
    for value in values.iter().filter(|value| !value.is_nan()) {
        while decimals < MOST_DECIMALS {
            let scaled = value * scale;
            if (scaled - scaled.round()).abs() <= 1e-6 + 1e-12 * scaled.abs() {
                break;
            }
            decimals += 1;
            scale *= 10.0;
        }
        if decimals == MOST_DECIMALS {
            return 0.0;
        }
    }
    // A column of nothing but zeros shows no rounding.
    if decimals == 0 && values.iter().all(|value| value.is_nan() || *value == 0.0) {
        0.0
    } else {
        1.0 / scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rounding_of_a_column_is_seen() {
        assert!((resolution(&[0.016, 0.024, 1.0]) - 0.001).abs() < 1e-12);
        assert!((resolution(&[0.0, 3.0]) - 1.0).abs() < 1e-12);
        assert!(resolution(&[0.123_456_789_123]).abs() < 1e-12);
    }
}
