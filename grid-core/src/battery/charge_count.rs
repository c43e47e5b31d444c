//! The net charge up to each row, by the integral of the current.

use super::fold::whole::Intervals;
use super::log::Recording;
use super::numeric::at;

/// Net Ah up to each row, charging positive, from zero at the first row; as long as the recording.
///
/// Trapezoids within a step. An interval in which the step changes belongs to the new step as far as the step's own
/// time says, and to the old one for the rest, so nothing is averaged over both. A row without a current keeps the
/// count of the row before, and the interval is bridged from the last row that has one. Of a home log an interval
/// beyond [`longest_interval`] counts for nothing.
pub(super) fn net_charge_ah(recording: &Recording) -> Vec<f64> {
    let (time, current) = (&recording.time_s, &recording.current_a);
    let steps = recording.step_index.as_deref();
    let longest = longest_interval(recording);
    let mut sum = 0.0;
    let mut before: Option<(usize, f64, f64)> = None;
    time.iter()
        .zip(current)
        .enumerate()
        .map(|(row, (&now_s, &now_a))| {
            if now_s.is_nan() || now_a.is_nan() {
                return sum;
            }
            if let Some((last, last_s, last_a)) = before {
                let interval = now_s - last_s;
                if interval > 0.0 && interval <= longest {
                    let new_step = steps.is_some_and(|steps| steps.get(row) != steps.get(last));
                    sum += if new_step {
                        let own = recording.step_time_s.as_deref().map_or(f64::NAN, |own| at(own, row));
                        let new = if own.is_nan() { interval } else { own.clamp(0.0, interval) };
                        (now_a * new + last_a * (interval - new)) / 3600.0
                    } else {
                        0.5 * (now_a + last_a) * interval / 3600.0
                    };
                }
            }
            before = Some((row, now_s, now_a));
            sum
        })
        .collect()
}

/// Seconds beyond which an interval is a gap, as for the sums of a cycle.
pub(super) fn longest_interval(recording: &Recording) -> f64 {
    intervals(&recording.time_s).longest(recording.format)
}

/// The median of the intervals between rows, in s.
pub(super) fn usual_interval(time_s: &[f64]) -> Option<f64> {
    intervals(time_s).usual()
}

fn intervals(time_s: &[f64]) -> Intervals {
    let mut intervals = Intervals::default();
    intervals.push(time_s);
    intervals
}

#[cfg(test)]
mod tests {
    use super::super::read_bytes;
    use super::*;

    #[test]
    fn a_step_change_is_not_averaged_over_both_steps() {
        // 1 A for an hour, then rest: the interval of the change belongs to the rest but for the 60 s that the step's
        // own time leaves to the charge.
        let file = b"time_s,voltage_V,current_A,step_index,step_time_s\n\
            0,3.7,1,1,0\n3600,3.8,1,1,3600\n3720,3.8,0,2,60\n3780,3.8,0,2,120\n";
        let net = net_charge_ah(&read_bytes(file).unwrap());
        assert!((net[1] - 1.0).abs() < 1e-12);
        assert!((net[2] - (1.0 + 60.0 / 3600.0)).abs() < 1e-12);
        assert!((net[3] - net[2]).abs() < 1e-12);
    }

    #[test]
    fn a_missing_current_is_bridged_and_not_taken_for_zero() {
        let file = b"time_s,voltage_V,current_A\n0,3.7,1\n1800,3.75,NaN\n3600,3.8,1\n";
        let net = net_charge_ah(&read_bytes(file).unwrap());
        assert!((net[2] - 1.0).abs() < 1e-12);
    }
}
