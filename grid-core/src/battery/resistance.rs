//! Resistance from jumps of the current: how much the voltage answers to each ampere, and how it grows with time.
//!
//! A pulse, the start of a charge, the end of a discharge: wherever the current jumps, the voltage jumps with it. The
//! first row after the jump gives the ohmic part (as nearly as the file's rate allows, so each answer says how long
//! after the jump it was taken); while the current stands, rows after 10 s and 30 s add charge transfer and diffusion.

use super::log::Recording;
use super::numeric::{at, known, range};
use super::refusal::Refusal;
use super::step::{Direction, Step, steps};
use super::step_kind::StepKind;

/// A resistance at some time after a jump.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Resistance {
    /// Seconds since the jump.
    pub delay_s: f64,
    /// Ohm.
    pub resistance_ohm: f64,
}

/// A jump of the current and what the voltage answered.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct CurrentJump {
    /// The first row after the jump.
    pub row: usize,
    /// The time of that row in s.
    pub time_s: f64,
    /// Current in the last row before the jump, in A.
    pub before_a: f64,
    /// Current in the first row after it, in A.
    pub after_a: f64,
    /// Voltage in the last row before the jump, in V.
    pub before_v: f64,
    /// Whether the jump is towards charging or towards discharging.
    pub towards: Direction,
    /// At the first row: ohmic where the delay is short (below about 0.1 s), with more in it where it is not.
    pub first: Resistance,
    /// After 10 s; `None` where the current did not stand for so long, or a row is missing there.
    pub after_10_s: Option<Resistance>,
    /// After 30 s; `None` likewise.
    pub after_30_s: Option<Resistance>,
    /// How long the current stood, in s.
    pub held_s: f64,
    /// State of charge from 0 to 1 before the jump, where the recording has it.
    pub state_of_charge: Option<f64>,
    /// Temperature before the jump in degrees Celsius, where the recording has it.
    pub temperature_c: Option<f64>,
}

/// The smallest jump, as a share of the range of the current.
const LEAST_SHARE: f64 = 0.05;
/// The longest interval between the rows before and after a jump, in s: beyond it the voltage has long moved on.
const LONGEST_INTERVAL_S: f64 = 60.0;
/// Rows of a current on its way that are one jump, in s.
const RAMP_S: f64 = 1.0;

/// The resistance at each jump of the current by more than 5 % of its range.
///
/// `R = (V(t) - V_before) / (I(t) - I_before)`, in ohm. Linear in the rows. Left out is what says nothing of a
/// resistance: a jump inside a step at constant voltage, where the cycler holds the voltage and the current answers,
/// and one that the voltage answers the other way, because it still drifts from something before.
///
/// ```
/// let file = b"time_s,voltage_V,current_A\n0,3.70,0\n1,3.70,0\n1.1,3.65,-1\n11,3.62,-1\n12,3.62,-1\n";
/// let jumps = grid_core::battery::resistances(&grid_core::battery::read_bytes(file)?)?;
/// assert_eq!(jumps.len(), 1);
/// assert!((jumps[0].first.resistance_ohm - 0.05).abs() < 1e-9);
/// assert!((jumps[0].after_10_s.unwrap().resistance_ohm - 0.08).abs() < 1e-9);
/// assert_eq!(jumps[0].after_30_s, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Returns [`Refusal::NotRecorded`] for a recording without voltage or without current.
///
/// # References
///
/// IEC 62660-1:2018, 7.4 (power by pulses) and ISO 12405-4:2018, 7.3: resistance as the change of voltage over the
/// change of current, at stated times after the change.
pub fn resistances(recording: &Recording) -> Result<Vec<CurrentJump>, Refusal> {
    let (low, high) = range(&recording.current_a).ok_or(Refusal::NotRecorded { what: "a current" })?;
    resistances_beyond(recording, LEAST_SHARE * (high - low))
}

/// The same for each jump by more than `least_a` ampere.
///
/// # Errors
///
/// As [`resistances`], and [`Refusal::OutOfRange`] where `least_a` is below zero or no number.
pub fn resistances_beyond(recording: &Recording, least_a: f64) -> Result<Vec<CurrentJump>, Refusal> {
    if least_a.is_nan() || least_a < 0.0 {
        return Err(Refusal::OutOfRange {
            what: "a smallest jump in A",
            expected: "of 0 or more",
            got: least_a,
        });
    }
    range(&recording.current_a).ok_or(Refusal::NotRecorded { what: "a current" })?;
    range(&recording.voltage_v).ok_or(Refusal::NotRecorded { what: "a voltage" })?;
    let rows = Rows { recording, least_a };
    let steps = steps(recording);
    let mut held = steps.iter().filter(|step| step.kind == StepKind::ConstantVoltage).peekable();
    let mut jumps = Vec::new();
    let mut before: Option<usize> = None;
    let mut row = 0;
    while row < recording.len() {
        if rows.is_whole(row) {
            let jumped = before.and_then(|before| Some((before, rows.landing(before, row)?)));
            if let Some((from, landed)) = jumped {
                while held.next_if(|step| step.last_row < from).is_some() {}
                let inside = |step: &&Step| step.first_row <= from && row <= step.last_row;
                if !held.peek().is_some_and(inside) {
                    jumps.extend(rows.answer(from, row, landed));
                }
                row = landed;
            }
            before = Some(row);
        }
        row += 1;
    }
    Ok(jumps)
}

struct Rows<'a> {
    recording: &'a Recording,
    least_a: f64,
}

impl Rows<'_> {
    fn is_whole(&self, row: usize) -> bool {
        !(self.time(row) + self.current(row) + self.voltage(row)).is_nan()
    }

    fn time(&self, row: usize) -> f64 {
        at(&self.recording.time_s, row)
    }

    fn current(&self, row: usize) -> f64 {
        at(&self.recording.current_a, row)
    }

    fn voltage(&self, row: usize) -> f64 {
        at(&self.recording.voltage_v, row)
    }

    /// The row in which a jump from `before` to `after` has landed: the last one of a ramp of a second.
    fn landing(&self, before: usize, after: usize) -> Option<usize> {
        let jump = self.current(after) - self.current(before);
        let interval = self.time(after) - self.time(before);
        if jump.abs() <= self.least_a || jump == 0.0 || !(0.0..=LONGEST_INTERVAL_S).contains(&interval) {
            return None;
        }
        let mut landed = after;
        for row in after + 1..self.recording.len() {
            let more = self.current(row) - self.current(landed);
            let along = more * jump > 0.0 && more.abs() > self.least_a.max(0.01 * jump.abs());
            if !along || !self.is_whole(row) || self.time(row) - self.time(after) > RAMP_S {
                break;
            }
            landed = row;
        }
        Some(landed)
    }

    /// What the voltage answered to the jump that began after row `from` and landed in row `landed`.
    fn answer(&self, from: usize, first: usize, landed: usize) -> Option<CurrentJump> {
        let (before_a, before_v, after_a) = (self.current(from), self.voltage(from), self.current(landed));
        let jump = after_a - before_a;
        // The step's own time says when the jump was; without it, it was after the last row before it.
        let own = self.recording.step_time_s.as_deref().map_or(f64::NAN, |own| at(own, landed));
        let new_step =
            self.recording.step_index.as_deref().is_none_or(|steps| steps.get(first) != steps.get(from));
        let interval = self.time(landed) - self.time(from);
        let delay = if new_step && own >= 0.0 && own <= interval { own } else { interval };
        let jumped_at = self.time(landed) - delay;
        let resistance = |delay_s: f64, voltage: f64, current: f64| Resistance {
            delay_s,
            resistance_ohm: (voltage - before_v) / (current - before_a),
        };
        let mut held_s = delay;
        let mut later = [(10.0, None), (30.0, None)];
        let mut last = landed;
        let bound = (0.5 * self.least_a).max(0.02 * jump.abs());
        for row in landed + 1..self.recording.len() {
            if !self.is_whole(row) {
                continue;
            }
            let now_s = self.time(row) - jumped_at;
            if (self.current(row) - after_a).abs() > bound || now_s < held_s {
                break;
            }
            for (delay_s, found) in &mut later {
                if held_s < *delay_s && now_s >= *delay_s && now_s - held_s <= *delay_s {
                    let way = (*delay_s - held_s) / (now_s - held_s);
                    let between =
                        |of: fn(&Self, usize) -> f64| of(self, last) + way * (of(self, row) - of(self, last));
                    *found = Some(resistance(*delay_s, between(Self::voltage), between(Self::current)));
                }
            }
            held_s = now_s;
            last = row;
        }
        let [(_, after_10_s), (_, after_30_s)] = later;
        let column = |column: Option<&Vec<f64>>| column.and_then(|values| known(at(values, from)));
        let answered = resistance(delay, self.voltage(landed), after_a);
        (answered.resistance_ohm > 0.0 && answered.resistance_ohm.is_finite()).then(|| CurrentJump {
            row: landed,
            time_s: self.time(landed),
            before_a,
            after_a,
            before_v,
            towards: if jump > 0.0 { Direction::Charge } else { Direction::Discharge },
            first: answered,
            after_10_s,
            after_30_s,
            held_s,
            state_of_charge: column(self.recording.state_of_charge.as_ref()),
            temperature_c: column(self.recording.temperature_c.as_ref()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::super::read_bytes;
    use super::*;

    /// A cell of 3.7 V behind `ohm` and one RC element of `slow` ohm and 10 s, under a current, ten rows a second.
    fn cell(ohm: f64, slow: f64, current: impl Fn(i32) -> f64) -> Recording {
        let mut file = String::from("time_s,voltage_V,current_A\n");
        let mut polarised = 0.0;
        for row in 0..900 {
            let now = current(row);
            writeln!(file, "{},{},{now}", f64::from(row) / 10.0, 3.7 + ohm * now + polarised).unwrap();
            polarised += (slow * now - polarised) * (1.0 - (-0.01_f64).exp());
        }
        // As written: a reader would turn the current of a cell that is only discharged.
        let column = |column: usize| -> Vec<f64> {
            let cell = |line: &str| line.split(',').nth(column).unwrap().parse().unwrap();
            file.lines().skip(1).map(cell).collect()
        };
        let (time_s, voltage_v, current_a) = (column(0), column(1), column(2));
        Recording { time_s, voltage_v, current_a, ..read_bytes(file.as_bytes()).unwrap() }
    }

    #[test]
    fn a_pulse_gives_the_ohmic_part_first_and_the_slow_part_later() {
        let recording = cell(0.02, 0.03, |row| if (100..500).contains(&row) { -2.0 } else { 0.0 });
        let jumps = resistances(&recording).unwrap();
        assert_eq!(jumps.len(), 2);
        let [on, off] = &jumps[..] else { panic!("two jumps") };
        assert_eq!((on.towards, off.towards), (Direction::Discharge, Direction::Charge));
        assert!((on.first.resistance_ohm - 0.02).abs() < 1e-9);
        assert!((off.first.resistance_ohm - 0.02).abs() < 3e-4);
        // The law of the RC element: R0 + R1 (1 - exp(-t / 10 s)).
        for (later, delay) in [(on.after_10_s, 10.0_f64), (on.after_30_s, 30.0)] {
            let expected = 0.02 + 0.03 * (1.0 - (-delay / 10.0).exp());
            assert!((later.unwrap().resistance_ohm - expected).abs() < 2e-4, "{later:?}");
        }
        assert!((on.held_s - 40.0).abs() < 0.11);
    }

    #[test]
    fn a_ramp_is_one_jump() {
        let recording = cell(0.05, 0.0, |row| f64::from((row - 100).clamp(0, 4)) * 0.5);
        let jumps = resistances(&recording).unwrap();
        assert_eq!(jumps.len(), 1);
        assert!((jumps[0].after_a - 2.0).abs() < 1e-12);
        assert!((jumps[0].first.resistance_ohm - 0.05).abs() < 1e-9);
    }

    #[test]
    fn a_held_voltage_and_one_that_drifts_the_other_way_say_nothing() {
        let held = cell(0.02, 0.03, |row| f64::from(row.max(100) - 100).mul_add(-0.002, 2.0).max(0.1));
        let voltage_v = held.voltage_v.iter().map(|_| 4.2).collect();
        let mut jumping = Recording { voltage_v, ..held };
        jumping.current_a[500] = 0.3;
        assert_eq!(resistances(&jumping).unwrap(), []);
        let mut drifting = cell(0.02, 0.0, |row| if row < 450 { 0.0 } else { 2.0 });
        for voltage in &mut drifting.voltage_v[450..] {
            *voltage -= 0.1;
        }
        assert_eq!(resistances(&drifting).unwrap(), []);
    }

    #[test]
    fn a_recording_without_voltage_is_refused() {
        let recording = Recording { voltage_v: vec![f64::NAN; 900], ..cell(0.02, 0.03, |_| 1.0) };
        assert_eq!(resistances(&recording), Err(Refusal::NotRecorded { what: "a voltage" }));
    }

    proptest! {
        #[test]
        fn a_plain_resistor_is_found_at_every_jump(
            ohm in 1e-4..1.0_f64, levels in prop::collection::vec(-5_i32..5, 18),
        ) {
            prop_assume!(levels.iter().any(|level| *level != levels[0]));
            let recording = cell(ohm, 0.0, |row| f64::from(levels[usize::try_from(row / 50).unwrap()]));
            let changes = levels.windows(2).filter(|pair| pair[0] != pair[1]).count();
            let jumps = resistances(&recording).unwrap();
            prop_assert_eq!(jumps.len(), changes);
            for jump in jumps {
                prop_assert!((jump.first.resistance_ohm - ohm).abs() < 1e-6);
            }
        }
    }
}
