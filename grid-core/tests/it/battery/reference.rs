//! What the recordings are compared with, computed from their columns in the plainest way, apart from the library.

use std::ops::Range;

use grid_core::battery::Recording;
use serde_json::Value;

/// Charge and discharge in Ah and in Wh as `expected.json` defines them: trapezoids from row to row, also across a
/// change of step, each wholly one or the other; no time where it runs backwards.
pub(super) fn trapezoids(recording: &Recording) -> [f64; 4] {
    let mut sums = [0.0; 4];
    for row in 1..recording.time_s.len() {
        let hours = (recording.time_s[row] - recording.time_s[row - 1]).max(0.0) / 3600.0;
        let (before, now) = (recording.current_a[row - 1], recording.current_a[row]);
        let charge = hours * (before + now) / 2.0;
        let energy = hours * (before * recording.voltage_v[row - 1] + now * recording.voltage_v[row]) / 2.0;
        for (sum, part) in sums.iter_mut().zip([charge, -charge, energy, -energy]) {
            // Not a number is neither.
            *sum += part.max(0.0);
        }
    }
    sums
}

/// Charge and discharge in Ah and in Wh by the file's own counts in some rows, and what half a unit of the count's
/// last digit is: what it grows by from row to row, or, where a new step starts lower, what it then shows.
pub(super) fn vendor_increments(recording: &Recording, rows: Range<usize>) -> [Option<(f64, f64)>; 4] {
    let grown = |count: &[f64], sign: Option<f64>| {
        let steps = recording.step_index.as_deref();
        let mut sum = 0.0;
        for row in rows.start.max(1)..rows.end {
            let (before, now) = (count[row - 1], count[row]);
            let changed = steps.is_some_and(|steps| steps[row] != steps[row - 1]);
            let grown = if now < before && (changed || row == rows.start) { now } else { now - before };
            if sign.is_none_or(|sign| recording.current_a[row] * sign > 0.0) && !grown.is_nan() {
                sum += grown;
            }
        }
        (sum, 0.5 * last_digit(count))
    };
    let either = |own: &Option<Vec<f64>>, both: &Option<Vec<f64>>, sign: f64| match (own, both) {
        (Some(own), _) => Some(grown(own, None)),
        (None, Some(both)) => Some(grown(both, Some(sign))),
        (None, None) => None,
    };
    [
        either(&recording.charge_capacity_ah, &recording.capacity_ah, 1.0),
        either(&recording.discharge_capacity_ah, &recording.capacity_ah, -1.0),
        either(&recording.charge_energy_wh, &recording.energy_wh, 1.0),
        either(&recording.discharge_energy_wh, &recording.energy_wh, -1.0),
    ]
}

/// The last decimal place that a column uses, `0.001` for three; zero beyond nine.
fn last_digit(values: &[f64]) -> f64 {
    let whole = |scale: f64| {
        values.iter().all(|value| value.is_nan() || (value * scale - (value * scale).round()).abs() < 1e-6)
    };
    [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]
        .into_iter()
        .find(|scale| whole(*scale))
        .map_or(0.0, f64::recip)
}

/// What the vendor's columns give in all, if every cycle is listed with them.
pub(super) fn vendor_total(expected: &Value, what: &str) -> Option<f64> {
    if let Some(steps) = expected.get("per_cycle_sum_of_step_max").and_then(Value::as_object) {
        return steps.values().map(|cycle| cycle[what].as_f64()).sum();
    }
    let what = what.strip_suffix("_Ah")?;
    let cycles = expected.get("per_cycle")?.as_object()?;
    let all = u64::try_from(cycles.len()).ok() == expected.get("cycles").and_then(Value::as_u64);
    let end = |cycle: &Value, end: &str| {
        cycle.get(format!("vendor_{what}_column_{end}_Ah")).and_then(Value::as_f64)
    };
    let total: Option<f64> = cycles.values().map(|cycle| Some(end(cycle, "max")? - end(cycle, "min")?)).sum();
    total.filter(|_| all)
}
