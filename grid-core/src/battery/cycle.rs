//! Cycles of a recording: by the vendor's count, else by the turns of the charge that has moved.

use std::collections::HashMap;

use super::capacity::{self, Agreement, Method, Moved};
use super::efficiency::discharge_over_charge;
use super::log::Recording;

/// A cycle's capacity, energy and efficiency.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct CycleSummary {
    /// The vendor's cycle number, or a count from 1 where the file has none.
    pub cycle: i64,
    /// Charged, in Ah; NaN where neither current nor a capacity was recorded.
    pub charge_capacity_ah: f64,
    /// Discharged, in Ah; NaN where neither current nor a capacity was recorded.
    pub discharge_capacity_ah: f64,
    /// Charged, in Wh; NaN where no power and no energy was recorded.
    pub charge_energy_wh: f64,
    /// Discharged, in Wh; NaN where no power and no energy was recorded.
    pub discharge_energy_wh: f64,
    /// Discharged over charged Ah of this cycle; `None` where nothing was charged or nothing discharged.
    pub coulombic_efficiency: Option<f64>,
    /// Discharged over charged Wh of this cycle; `None` where nothing was charged or nothing discharged.
    pub energy_efficiency: Option<f64>,
    /// The cycle's first row, from 0.
    pub first_row: usize,
    /// The number of the cycle's rows.
    pub rows: usize,
    /// Seconds from the cycle's first row to its last.
    pub duration_s: f64,
    /// Where the capacities come from.
    pub method: Method,
    /// The vendor's count beside the integral of the current, where there are both; `agrees` is false where they
    /// differ by more than [`DISAGREEMENT_BOUND`](super::DISAGREEMENT_BOUND).
    pub agreement: Option<Agreement>,
}

/// Which cycle each row belongs to.
#[derive(Debug)]
pub(super) struct Cycles {
    of_row: Vec<usize>,
    spans: Vec<Span>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    number: i64,
    first: usize,
    last: usize,
    rows: usize,
}

impl Cycles {
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    pub(super) fn of_row(&self, row: usize) -> usize {
        self.of_row.get(row).copied().unwrap_or(usize::MAX)
    }

    /// Rows with one number are one cycle, in the order in which the numbers first come.
    fn grouped(numbers: impl Iterator<Item = i64>) -> Self {
        let mut spans: Vec<Span> = Vec::new();
        let mut known: HashMap<i64, usize> = HashMap::new();
        let mut last: Option<(i64, usize)> = None;
        let of_row = numbers
            .enumerate()
            .map(|(row, number)| {
                let cycle = match last {
                    Some((before, cycle)) if before == number => cycle,
                    _ => *known.entry(number).or_insert_with(|| {
                        spans.push(Span { number, first: row, last: row, rows: 0 });
                        spans.len() - 1
                    }),
                };
                last = Some((number, cycle));
                if let Some(span) = spans.get_mut(cycle) {
                    span.last = row;
                    span.rows += 1;
                }
                cycle
            })
            .collect();
        Self { of_row, spans }
    }

    /// The cycles of a recording.
    pub(super) fn of(recording: &Recording) -> Self {
        if let Some(numbers) = &recording.cycle_index {
            return Self::grouped(numbers.iter().copied());
        }
        let mut starts = turns(recording).into_iter().peekable();
        let mut cycle = 1;
        Self::grouped((0..recording.len()).map(|row| {
            cycle += i64::from(starts.next_if(|start| *start <= row).is_some());
            cycle
        }))
    }
}

/// The first rows of the cycles after the first, by the turns of the net charge: a cycle is one excursion up and one
/// down.
///
/// A turn counts when the charge comes back by more than 5 % of its whole range, so that pulses and noise make no
/// cycles. Rests go with the excursion that they follow.
fn turns(recording: &Recording) -> Vec<usize> {
    const SMALLEST_TURN: f64 = 0.05;
    let charge = net_charge(recording);
    let (low, high) =
        charge.iter().fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(*value), high.max(*value)));
    let turn = (high - low) * SMALLEST_TURN;
    let mut starts: Vec<usize> = Vec::new();
    if turn <= 0.0 {
        return starts;
    }
    // Whether the excursion that is going on rises, whether the first one did, and the extreme so far with its row.
    let mut rising: Option<bool> = None;
    let mut first_rises = false;
    let mut extreme = (0_usize, 0.0_f64);
    for (row, value) in charge.iter().enumerate() {
        let change = value - extreme.1;
        let Some(rises) = rising else {
            if change.abs() > turn {
                first_rises = change > 0.0;
                rising = Some(first_rises);
                extreme = (row, *value);
            }
            continue;
        };
        let ahead = if rises { change } else { -change };
        if ahead > 0.0 {
            extreme = (row, *value);
        } else if ahead < -turn {
            rising = Some(!rises);
            if rises != first_rises {
                starts.push(extreme.0 + 1);
            }
            extreme = (row, *value);
        }
    }
    starts
}

/// Net charge (or energy, where only power is known) up to each row.
fn net_charge(recording: &Recording) -> Vec<f64> {
    let has_current = recording.current_a.iter().any(|value| !value.is_nan());
    let flow = match &recording.power_w {
        Some(power) if !has_current => power,
        _ => &recording.current_a,
    };
    let mut sum = 0.0;
    let mut before: Option<(f64, f64)> = None;
    recording
        .time_s
        .iter()
        .zip(flow)
        .map(|(time, flow)| {
            if let Some((time_before, flow_before)) = before
                && *time > time_before
                && !flow.is_nan()
            {
                sum += 0.5 * (flow + flow_before) * (time - time_before);
            }
            if !flow.is_nan() && !time.is_nan() {
                before = Some((*time, *flow));
            }
            sum
        })
        .collect()
}

/// The summaries of all cycles of a recording, and what the integrals give over all of them.
pub(super) fn summaries(recording: &Recording) -> (Vec<CycleSummary>, Moved) {
    let cycles = Cycles::of(recording);
    let (results, integral) = capacity::per_cycle(recording, &cycles);
    let summaries = cycles
        .spans
        .iter()
        .zip(results)
        .map(|(span, result)| {
            let moved = result.moved;
            let time = |row: usize| recording.time_s.get(row).copied().unwrap_or(f64::NAN);
            CycleSummary {
                cycle: span.number,
                charge_capacity_ah: moved.charge_ah,
                discharge_capacity_ah: moved.discharge_ah,
                charge_energy_wh: moved.charge_wh,
                discharge_energy_wh: moved.discharge_wh,
                coulombic_efficiency: discharge_over_charge(moved.charge_ah, moved.discharge_ah),
                energy_efficiency: discharge_over_charge(moved.charge_wh, moved.discharge_wh),
                first_row: span.first,
                rows: span.rows,
                duration_s: time(span.last) - time(span.first),
                method: result.method,
                agreement: result.agreement,
            }
        })
        .collect();
    (summaries, integral)
}

#[cfg(test)]
mod tests {
    use super::super::read_bytes;

    #[test]
    fn a_cycle_is_one_charge_and_one_discharge_where_the_file_counts_none() {
        use std::fmt::Write as _;
        let mut file = String::from("time_s,voltage_V,current_A\n");
        for row in 0..400 {
            let current = if row / 50 % 2 == 0 { 1 } else { -1 };
            writeln!(file, "{},3.7,{current}", row * 10).unwrap();
        }
        let cycles = read_bytes(file.as_bytes()).unwrap().cycles();
        assert_eq!(cycles.iter().map(|cycle| cycle.cycle).collect::<Vec<_>>(), [1, 2, 3, 4]);
        // 50 rows of 10 s at 1 A; half of the interval in which the sign turns belongs to each direction.
        for cycle in &cycles {
            assert!((cycle.charge_capacity_ah - 500.0 / 3600.0).abs() < 10.0 / 3600.0, "{cycle:?}");
        }
    }

    #[test]
    fn a_pulse_makes_no_cycle() {
        use std::fmt::Write as _;
        let mut file = String::from("time_s,voltage_V,current_A\n");
        for row in 0..300 {
            let current = if row % 30 == 0 { -1 } else { 1 };
            writeln!(file, "{},3.7,{current}", row * 10).unwrap();
        }
        assert_eq!(read_bytes(file.as_bytes()).unwrap().cycles().len(), 1);
    }
}
