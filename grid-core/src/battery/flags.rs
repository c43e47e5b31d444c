//! What looks wrong in a recording: voltages and temperatures out of bounds, sensors that stand still, gaps, and jumps
//! of the capacity.
//!
//! A bound is either given or read off the file. What the file itself can say is coarse: only what lies far outside
//! of all the rest is flagged then, and every flag tells which of the two it was.

use super::cycle::CycleSummary;
use super::frozen::frozen;
use super::health::health;
use super::log::Recording;
use super::numeric::{at, median, quantile};
use super::refusal::Refusal;
use super::state_of_charge::BoundSource;

/// What looks wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FlagKind {
    /// A voltage above its bound.
    OverVoltage,
    /// A voltage below its bound.
    UnderVoltage,
    /// A temperature above its bound.
    OverTemperature,
    /// A voltage that stands still while the current rises and falls.
    FrozenVoltage,
    /// A current that stands still while the voltage rises and falls.
    FrozenCurrent,
    /// A temperature that stands still while the current rises and falls.
    FrozenTemperature,
    /// No row for longer than usual.
    TimeGap,
    /// A capacity that differs from that of the full cycle before.
    CapacityJump,
}

/// One thing that looks wrong, with its interval.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Flag {
    /// What it is.
    pub kind: FlagKind,
    /// When it begins, in s.
    pub start_s: f64,
    /// When it ends, in s.
    pub end_s: f64,
    /// Its first row, from 0.
    pub first_row: usize,
    /// Its last row, which it has, too.
    pub last_row: usize,
    /// The value furthest beyond the bound, in V or degrees Celsius; the value that stands still, in its own unit; the
    /// length of the gap in s; the change of the capacity as a share of the one before.
    pub value: f64,
    /// The bound that it passes, in the same unit; of a sensor that stands still, the number of rows for which it may.
    pub bound: f64,
    /// Where the bound comes from.
    pub source: BoundSource,
}

/// Bounds that the caller knows; what is `None` is read off the file.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FlagLimits {
    /// The highest voltage in V; else 30 % of the usual range above it, the usual range being that of 99 % of rows.
    pub highest_v: Option<f64>,
    /// The lowest voltage in V; else 30 % of the usual range below it, and not below zero where nine of ten rows are
    /// above 0.5 V.
    pub lowest_v: Option<f64>,
    /// The highest temperature in degrees Celsius; else 30 % of the usual range, and at least 10 K, above it.
    pub highest_c: Option<f64>,
    /// The longest interval between rows in s; else ten times what 99 % of intervals do not exceed.
    pub longest_interval_s: Option<f64>,
    /// The largest change of capacity from one full cycle to the next, as a share; else six deviations of the usual
    /// change, and at least 5 %.
    pub largest_jump: Option<f64>,
}

/// Flags what looks wrong, by row; a few passes over each column.
///
/// ```
/// use grid_core::battery::{FlagKind, FlagLimits, flags, read_bytes};
/// let file = b"time_s,voltage_V,current_A\n0,4.1,1\n10,4.26,1\n20,4.27,1\n30,4.1,0\n";
/// let recording = read_bytes(file)?;
/// let limits = FlagLimits { highest_v: Some(4.25), ..FlagLimits::default() };
/// let found = flags(&recording, &recording.cycles(), limits)?;
/// assert_eq!(found.len(), 1);
/// assert_eq!((found[0].kind, found[0].first_row, found[0].last_row), (FlagKind::OverVoltage, 1, 2));
/// assert_eq!(found[0].value, 4.27);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Returns [`Refusal::OutOfRange`] for a limit that is no number.
pub fn flags(
    recording: &Recording,
    cycles: &[CycleSummary],
    limits: FlagLimits,
) -> Result<Vec<Flag>, Refusal> {
    let given = [
        ("a highest voltage in V", limits.highest_v),
        ("a lowest voltage in V", limits.lowest_v),
        ("a highest temperature", limits.highest_c),
        ("a longest interval in s", limits.longest_interval_s),
        ("a largest jump of the capacity", limits.largest_jump),
    ];
    for (what, value) in given {
        if let Some(got) = value
            && !got.is_finite()
        {
            return Err(Refusal::OutOfRange { what, expected: "that is a number", got });
        }
    }
    let mut found = Vec::new();
    let voltage = Usual::of(&recording.voltage_v, 0.0);
    let over = bound(limits.highest_v, voltage.map(|usual| usual.high));
    beyond(recording, &recording.voltage_v, FlagKind::OverVoltage, 1.0, over, &mut found);
    // No battery that works above 0.5 V goes below zero, however often the file says so: that is a sentinel.
    let positive = quantile(recording.voltage_v.iter().copied(), 0.1).is_some_and(|low| low > 0.5);
    let lowest = voltage.map(|usual| if positive { usual.low.max(0.0) } else { usual.low });
    let under = bound(limits.lowest_v, lowest.or(positive.then_some(0.0)));
    beyond(recording, &recording.voltage_v, FlagKind::UnderVoltage, -1.0, under, &mut found);
    if let Some(temperature) = &recording.temperature_c {
        let hot = bound(limits.highest_c, Usual::of(temperature, 10.0).map(|usual| usual.high));
        beyond(recording, temperature, FlagKind::OverTemperature, 1.0, hot, &mut found);
        frozen(recording, temperature, &recording.current_a, FlagKind::FrozenTemperature, &mut found);
    }
    frozen(recording, &recording.voltage_v, &recording.current_a, FlagKind::FrozenVoltage, &mut found);
    frozen(recording, &recording.current_a, &recording.voltage_v, FlagKind::FrozenCurrent, &mut found);
    gaps(recording, limits.longest_interval_s, &mut found);
    jumps(recording, cycles, limits.largest_jump, &mut found);
    found.sort_by_key(|flag| flag.first_row);
    Ok(found)
}

/// The bounds beyond which a value is far outside of all the rest.
#[derive(Clone, Copy)]
struct Usual {
    low: f64,
    high: f64,
}

impl Usual {
    fn of(values: &[f64], least_margin: f64) -> Option<Self> {
        const TAIL: f64 = 0.005;
        const MARGIN: f64 = 0.3;
        // Below it, the tail is less than a row, and the furthest value itself would be the bound.
        const LEAST_ROWS: usize = 200;
        if values.iter().filter(|value| value.is_finite()).count() < LEAST_ROWS {
            return None;
        }
        let low = quantile(values.iter().copied(), TAIL)?;
        let high = quantile(values.iter().copied(), 1.0 - TAIL)?;
        let margin = (MARGIN * (high - low)).max(least_margin);
        (margin > 0.0).then_some(Self { low: low - margin, high: high + margin })
    }
}

fn bound(given: Option<f64>, detected: Option<f64>) -> Option<(f64, BoundSource)> {
    given
        .map(|bound| (bound, BoundSource::Given))
        .or_else(|| detected.map(|bound| (bound, BoundSource::Detected)))
}

/// Flags each run of rows whose value lies beyond the bound: above it where `side` is 1, below it where it is -1.
fn beyond(
    recording: &Recording,
    values: &[f64],
    kind: FlagKind,
    side: f64,
    bound: Option<(f64, BoundSource)>,
    found: &mut Vec<Flag>,
) {
    let Some((bound, source)) = bound else { return };
    let mut open: Option<Flag> = None;
    for (row, &value) in values.iter().enumerate() {
        if side * (value - bound) > 0.0 {
            let time = at(&recording.time_s, row);
            let flag = open.get_or_insert(Flag {
                kind,
                start_s: time,
                end_s: time,
                first_row: row,
                last_row: row,
                value,
                bound,
                source,
            });
            flag.end_s = time;
            flag.last_row = row;
            if side * (value - flag.value) > 0.0 {
                flag.value = value;
            }
        } else if !value.is_nan() {
            found.extend(open.take());
        }
    }
    found.extend(open);
}

/// Flags intervals between rows that are longer than the bound.
fn gaps(recording: &Recording, given: Option<f64>, found: &mut Vec<Flag>) {
    const USUAL: f64 = 0.99;
    const TIMES: f64 = 10.0;
    let intervals = || {
        recording.time_s.windows(2).map(|pair| if let [before, now] = pair { now - before } else { f64::NAN })
    };
    let usual = quantile(intervals().filter(|interval| *interval > 0.0), USUAL);
    let Some((bound, source)) = bound(given, usual.map(|usual| TIMES * usual)) else { return };
    for (row, interval) in intervals().enumerate() {
        if interval > bound {
            found.push(Flag {
                kind: FlagKind::TimeGap,
                start_s: at(&recording.time_s, row),
                end_s: at(&recording.time_s, row + 1),
                first_row: row,
                last_row: row + 1,
                value: interval,
                bound,
                source,
            });
        }
    }
}

/// Flags full cycles whose capacity differs from that of the full cycle before by more than the bound.
fn jumps(recording: &Recording, cycles: &[CycleSummary], given: Option<f64>, found: &mut Vec<Flag>) {
    const LEAST: f64 = 0.05;
    /// Six deviations, one of which is 1.4826 times the median of the sizes.
    const TIMES: f64 = 6.0 * 1.4826;
    // Without a full cycle there is nothing to jump.
    let Ok(health) = health(cycles, None) else { return };
    let full: Vec<(&CycleSummary, f64)> = cycles
        .iter()
        .zip(&health.rows)
        .filter_map(|(cycle, row)| Some((cycle, row.state_of_health.and(row.capacity_ah)?)))
        .collect();
    let changes: Vec<f64> = full
        .windows(2)
        .map(|pair| if let [before, now] = pair { now.1 / before.1 - 1.0 } else { f64::NAN })
        .collect();
    let usual = median(changes.iter().map(|change| change.abs())).map(|usual| (TIMES * usual).max(LEAST));
    let Some((bound, source)) = bound(given, usual) else { return };
    for ((cycle, _), change) in full.iter().skip(1).zip(changes) {
        if change.abs() > bound {
            let last_row = (cycle.first_row + cycle.rows).saturating_sub(1);
            found.push(Flag {
                kind: FlagKind::CapacityJump,
                start_s: at(&recording.time_s, cycle.first_row),
                end_s: at(&recording.time_s, last_row),
                first_row: cycle.first_row,
                last_row,
                value: change,
                bound,
                source,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::read_bytes;
    use super::*;

    /// Charge and discharge by turns, 100 rows of 10 s each, with a voltage and a temperature that follow; `change`
    /// may alter a row's time, voltage, current and temperature.
    fn cycled(change: impl Fn(i32, &mut [f64; 4])) -> Recording {
        let mut file = String::from("time_s,voltage_V,current_A,temperature_C\n");
        for row in 0..1200 {
            let phase = f64::from(row % 200);
            let charging = phase < 100.0;
            let level = if charging { phase } else { 200.0 - phase };
            let current = if charging { 1.0 } else { -1.0 } * (1.0 + 0.001 * (f64::from(row * 7 % 11)));
            let mut cells = [f64::from(row) * 10.0, 3.0 + 0.012 * level, current, 25.0 + 0.02 * level];
            change(row, &mut cells);
            writeln!(file, "{},{:.4},{:.4},{:.3}", cells[0], cells[1], cells[2], cells[3]).unwrap();
        }
        read_bytes(file.as_bytes()).unwrap()
    }

    fn found(recording: &Recording, limits: FlagLimits) -> Vec<(FlagKind, usize, usize, BoundSource)> {
        let found = flags(recording, &recording.cycles(), limits).unwrap();
        found.iter().map(|flag| (flag.kind, flag.first_row, flag.last_row, flag.source)).collect()
    }

    #[test]
    fn a_sound_recording_has_no_flags() {
        assert_eq!(found(&cycled(|_, _| {}), FlagLimits::default()), []);
    }

    #[test]
    fn spikes_are_seen_without_being_told_a_limit() {
        let recording = cycled(|row, cells| match row {
            300 => cells[1] = -3.787,
            700 | 701 => cells[3] = 60.0,
            900 => cells[1] = 6.0,
            _ => {}
        });
        assert_eq!(
            found(&recording, FlagLimits::default()),
            [
                (FlagKind::UnderVoltage, 300, 300, BoundSource::Detected),
                (FlagKind::OverTemperature, 700, 701, BoundSource::Detected),
                (FlagKind::OverVoltage, 900, 900, BoundSource::Detected),
            ]
        );
    }

    #[test]
    fn given_limits_are_kept_to_the_letter() {
        let limits = FlagLimits { highest_v: Some(4.19), ..FlagLimits::default() };
        let found = found(&cycled(|_, _| {}), limits);
        assert_eq!(found.len(), 6);
        assert!(found.iter().all(|flag| flag.0 == FlagKind::OverVoltage && flag.3 == BoundSource::Given));
        let wrong = FlagLimits { highest_v: Some(f64::NAN), ..FlagLimits::default() };
        assert!(flags(&cycled(|_, _| {}), &[], wrong).is_err());
    }

    #[test]
    fn a_sensor_that_stands_still_while_the_other_moves_is_frozen() {
        let voltage = cycled(|row, cells| {
            if (150..450).contains(&row) {
                cells[1] = 3.605;
            }
        });
        assert_eq!(
            found(&voltage, FlagLimits::default()),
            [(FlagKind::FrozenVoltage, 150, 449, BoundSource::Detected)]
        );
        let temperature = cycled(|row, cells| {
            if row >= 600 {
                cells[3] = 25.5;
            }
        });
        assert_eq!(
            found(&temperature, FlagLimits::default()),
            [(FlagKind::FrozenTemperature, 600, 1199, BoundSource::Detected)]
        );
    }

    #[test]
    fn a_voltage_that_is_held_is_not_frozen() {
        let held = cycled(|row, cells| {
            if row % 200 >= 50 && row % 200 < 100 {
                cells[1] = 3.6;
                cells[2] = (-0.05 * f64::from(row % 200 - 50)).exp();
            }
        });
        assert_eq!(found(&held, FlagLimits::default()), []);
    }

    #[test]
    fn a_gap_has_its_length() {
        let recording = cycled(|row, cells| cells[0] += if row >= 500 { 5000.0 } else { 0.0 });
        let flags = flags(&recording, &[], FlagLimits::default()).unwrap();
        assert_eq!(flags.len(), 1);
        assert!((flags[0].value - 5010.0).abs() < 1e-9 && (flags[0].start_s - 4990.0).abs() < 1e-9);
    }

    #[test]
    fn a_capacity_that_falls_between_two_cycles_is_a_jump() {
        // From the fourth cycle on, a tenth less in and out.
        let recording = cycled(|row, cells| cells[2] *= if row >= 600 { 0.9 } else { 1.0 });
        let flags = flags(&recording, &recording.cycles(), FlagLimits::default()).unwrap();
        assert_eq!(flags.len(), 1, "{flags:?}");
        assert_eq!(flags[0].kind, FlagKind::CapacityJump);
        assert!((flags[0].value + 0.1).abs() < 0.01, "{flags:?}");
    }
}
