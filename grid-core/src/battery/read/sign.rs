//! Which way the current flows: every recording leaves here with charging positive.

use super::super::log::{Format, Remark};
use super::decisions::Direction;

/// Rows as they are before the direction of the current is settled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unturned<'a> {
    pub(super) time_s: &'a [f64],
    pub(super) voltage_v: &'a [f64],
    pub(super) current_a: &'a [f64],
    /// Charge 1, rest 0, discharge -1, unknown NaN.
    pub(super) state: Option<&'a [f64]>,
    pub(super) charge_ah: Option<&'a [f64]>,
    pub(super) discharge_ah: Option<&'a [f64]>,
}

/// What is known about the direction beside the current itself.
///
/// The strongest evidence counts: first the state of each row (charge or discharge), then which of the vendor's two
/// capacity columns grows, and only for a file of no known vendor whether the voltage falls while the current is said
/// to charge.
#[derive(Clone, Debug, Default)]
pub(super) struct SignEvidence {
    rows: u64,
    signed: bool,
    /// Whether any current is not zero.
    flows: bool,
    stated: bool,
    /// Currents of the rows in a state of charge, and of discharge.
    charging: f64,
    discharging: f64,
    counts: Counts,
    stretches: Stretches,
}

impl SignEvidence {
    /// Takes the next rows.
    pub(super) fn push(&mut self, rows: Unturned<'_>) {
        self.flows |= rows.current_a.iter().any(|current| current.abs() > 0.0);
        self.signed |= rows.current_a.iter().any(|current| *current < 0.0);
        if let Some(state) = rows.state {
            self.stated = true;
            for (current, state) in rows.current_a.iter().zip(state) {
                let current = if current.is_nan() { 0.0 } else { *current };
                self.charging += if *state > 0.0 { current } else { 0.0 };
                self.discharging += if *state < 0.0 { current } else { 0.0 };
            }
        }
        if rows.charge_ah.is_some() || rows.discharge_ah.is_some() {
            self.counts.push(rows, self.rows);
        } else {
            self.stretches.push(rows.current_a, rows.voltage_v);
        }
        self.rows += u64::try_from(rows.current_a.len()).unwrap_or(u64::MAX);
    }

    /// Whether the rows have states or counts, which can tell the direction.
    pub(super) fn shown(&self) -> bool {
        self.stated || self.counts.there
    }

    /// Whether any current is not zero.
    pub(super) fn flows(&self) -> bool {
        self.flows
    }

    /// The direction, and what is to be said about it.
    pub(super) fn decide(&self, format: Format) -> (Direction, Option<Remark>) {
        let turned =
            |message: &'static str| (Direction::Turned, Some(Remark::new("current_sign_turned", message)));
        if self.stated && !self.signed && self.discharging > 0.0 {
            let remark = Remark::new(
                "current_sign_from_state",
                "the current has no sign in the file; rows in the state of discharge were made negative",
            );
            return (Direction::ByState, Some(remark));
        }
        if self.stated && self.signed && self.discharging > self.charging {
            return turned("the file counts discharging current as positive, by its states; it was turned");
        }
        if self.stated && (self.charging > 0.0 || self.discharging < 0.0) {
            return (Direction::Kept, None);
        }
        let counts = &self.counts;
        if counts.there && self.signed {
            // What was counted must be about what the current moved, or the two are not of one battery.
            if counts.against > 0.0 && about(counts.counted, counts.moved) {
                return turned(
                    "the file counts discharging current as positive, by its capacities; it was turned",
                );
            }
        } else if counts.there {
            let (runs, counted, moved) = counts.ended();
            if counts.discharges && runs.iter().any(|(_, discharges)| *discharges) && about(counted, moved) {
                let remark = Remark::new(
                    "current_sign_from_capacity",
                    "the current has no sign in the file; rows in which the discharge capacity grows were made negative",
                );
                return (Direction::ByCount(runs), Some(remark));
            }
        } else if format == Format::Generic {
            let (agreed, contradicted) = self.stretches.ended();
            if contradicted > 4.0 * agreed {
                return turned(
                    "the voltage falls while the current is positive and rises while it is negative; the current was \
                     turned, so that charging is positive",
                );
            }
        }
        (Direction::Kept, None)
    }
}

fn about(counted: f64, moved: f64) -> bool {
    counted > 0.3 * moved && counted < 3.0 * moved
}

/// The growth of the vendor's charge and discharge columns beside the current.
#[derive(Clone, Debug, Default)]
struct Counts {
    there: bool,
    discharges: bool,
    /// The last row: time, and both counts.
    before: Option<(f64, f64, f64)>,
    /// Current that flows against the growth.
    against: f64,
    /// Ah that the current moved in either direction, and that was counted.
    moved: f64,
    counted: f64,
    /// Of the rows in which discharge grows: Ah that the current moved, and that was counted.
    moved_out: f64,
    counted_out: f64,
    /// Rows without growth so far, which go with the row after them: where they start, and their Ah.
    pending: Option<(u64, f64)>,
    runs: Vec<(u64, bool)>,
}

impl Counts {
    fn push(&mut self, rows: Unturned<'_>, first_row: u64) {
        self.there = true;
        self.discharges |= rows.discharge_ah.is_some();
        let at = |column: Option<&[f64]>, row: usize| {
            column.and_then(|column| column.get(row)).copied().unwrap_or(f64::NAN)
        };
        let growth = |change: f64| if change.is_finite() { change.max(0.0) } else { 0.0 };
        for ((row, own_row), (time, current)) in
            (0..).zip(first_row..).zip(rows.time_s.iter().zip(rows.current_a))
        {
            let (charge, discharge) = (at(rows.charge_ah, row), at(rows.discharge_ah, row));
            let (mut into, mut out, mut ampere_hours) = (0.0, 0.0, 0.0);
            if let Some((time_before, charge_before, discharge_before)) = self.before {
                into = growth(charge - charge_before);
                out = growth(discharge - discharge_before);
                let moved = (time - time_before) * current / 3600.0;
                self.moved += growth(moved.abs() * (time - time_before).signum());
                ampere_hours = growth(moved);
            }
            self.before = Some((*time, charge, discharge));
            let direction = into - out;
            self.counted += direction.abs();
            if direction == 0.0 {
                let (start, sum) = self.pending.unwrap_or((own_row, 0.0));
                self.pending = Some((start, sum + ampere_hours));
            } else {
                if !current.is_nan() {
                    self.against += if direction < 0.0 { *current } else { -*current };
                }
                let (start, sum) = self.pending.take().unwrap_or((own_row, 0.0));
                let discharges = direction < 0.0;
                if discharges {
                    self.moved_out += sum + ampere_hours;
                    self.counted_out += out;
                }
                if self.runs.last().is_none_or(|(_, last)| *last != discharges) {
                    self.runs.push((start, discharges));
                }
            }
        }
    }

    /// The runs of one direction, and the Ah counted and moved in those of discharge: rows at the end without growth
    /// go with those before them.
    fn ended(&self) -> (Vec<(u64, bool)>, f64, f64) {
        let discharges = self.runs.last().is_some_and(|(_, discharges)| *discharges);
        let rest = self.pending.filter(|_| discharges).map_or(0.0, |(_, sum)| sum);
        (self.runs.clone(), self.counted_out, self.moved_out + rest)
    }
}

/// Stretches of one sign and the voltage over them: it rises while a battery is charged.
#[derive(Clone, Debug, Default)]
struct Stretches {
    agreed: f64,
    contradicted: f64,
    /// Whether the stretch charges, its first voltage, and its length.
    open: Option<(bool, f64, usize)>,
    last: f64,
}

impl Stretches {
    fn push(&mut self, current: &[f64], voltage: &[f64]) {
        for (current, voltage) in current.iter().zip(voltage) {
            self.row(*current, *voltage);
        }
    }

    fn row(&mut self, current: f64, voltage: f64) {
        const SHORTEST_STRETCH: usize = 10;
        const SMALLEST_CHANGE_V: f64 = 0.005;
        let charges = if current > 0.0 {
            Some(true)
        } else if current < 0.0 {
            Some(false)
        } else {
            None
        };
        match &mut self.open {
            Some((same, _, length)) if Some(*same) == charges => *length += 1,
            other => {
                if let Some((charged, start, length)) = *other {
                    let change: f64 = self.last - start;
                    if length >= SHORTEST_STRETCH && change.abs() > SMALLEST_CHANGE_V {
                        let sum =
                            if (change > 0.0) == charged { &mut self.agreed } else { &mut self.contradicted };
                        *sum += change.abs();
                    }
                }
                *other = charges.filter(|_| voltage.is_finite()).map(|charges| (charges, voltage, 1));
            }
        }
        self.last = voltage;
    }

    /// Volts that agree with the current and that contradict it, the last stretch closed.
    fn ended(&self) -> (f64, f64) {
        let mut closed = self.clone();
        closed.row(0.0, 0.0);
        (closed.agreed, closed.contradicted)
    }
}

/// Turns the current of rows of which the first has the number `first_row`.
pub(super) fn turn(current: &mut [f64], direction: &Direction, state: Option<&[f64]>, first_row: u64) {
    let turned = |value: &mut f64| {
        if *value != 0.0 {
            *value = -*value;
        }
    };
    match direction {
        Direction::Kept => {}
        Direction::Turned => current.iter_mut().for_each(turned),
        Direction::ByState => {
            for (value, state) in current.iter_mut().zip(state.unwrap_or_default()) {
                if *state < 0.0 {
                    turned(value);
                }
            }
        }
        Direction::ByCount(runs) => {
            let mut next = runs.partition_point(|(row, _)| *row <= first_row);
            let mut discharges = next.checked_sub(1).and_then(|at| runs.get(at)).is_some_and(|run| run.1);
            for (value, row) in current.iter_mut().zip(first_row..) {
                while let Some(run) = runs.get(next).filter(|run| run.0 <= row) {
                    discharges = run.1;
                    next += 1;
                }
                if discharges {
                    turned(value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Unturned<'_> = Unturned {
        time_s: &[],
        voltage_v: &[],
        current_a: &[],
        state: None,
        charge_ah: None,
        discharge_ah: None,
    };

    /// The current turned, all rows at once and row by row.
    fn settled(rows: Unturned<'_>, format: Format) -> (Vec<f64>, Option<&'static str>) {
        let mut whole = SignEvidence::default();
        whole.push(rows);
        let mut parts = SignEvidence::default();
        for row in 0..rows.current_a.len() {
            let part = |column: &[f64]| column.get(row..=row).unwrap_or_default().to_vec();
            let (time, voltage, current) = (part(rows.time_s), part(rows.voltage_v), part(rows.current_a));
            let (state, charge, discharge) =
                (rows.state.map(part), rows.charge_ah.map(part), rows.discharge_ah.map(part));
            parts.push(Unturned {
                time_s: &time,
                voltage_v: &voltage,
                current_a: &current,
                state: state.as_deref(),
                charge_ah: charge.as_deref(),
                discharge_ah: discharge.as_deref(),
            });
        }
        let (direction, remark) = whole.decide(format);
        assert_eq!(parts.decide(format), (direction.clone(), remark.clone()));
        let mut current = rows.current_a.to_vec();
        turn(&mut current, &direction, rows.state, 0);
        let mut one_by_one = rows.current_a.to_vec();
        for (row, value) in one_by_one.iter_mut().enumerate() {
            let state = rows.state.map(|state| &state[row..=row]);
            turn(std::slice::from_mut(value), &direction, state, u64::try_from(row).unwrap());
        }
        assert_eq!(one_by_one, current);
        (current, remark.map(|remark| remark.code))
    }

    #[test]
    fn states_give_an_unsigned_current_its_sign() {
        let rows = Unturned { current_a: &[1.0, 0.0, 2.0], state: Some(&[1.0, 0.0, -1.0]), ..NONE };
        assert_eq!(settled(rows, Format::Maccor), (vec![1.0, 0.0, -2.0], Some("current_sign_from_state")));
    }

    #[test]
    fn capacities_turn_a_current_that_is_positive_while_discharging() {
        let rows = Unturned {
            time_s: &[0.0, 360.0, 720.0, 1080.0],
            current_a: &[1.0, 1.0, 1.0, -1.0],
            charge_ah: Some(&[0.0, 0.0, 0.0, 0.1]),
            discharge_ah: Some(&[0.0, 0.1, 0.2, 0.2]),
            ..NONE
        };
        assert_eq!(settled(rows, Format::Bdf).0, [-1.0, -1.0, -1.0, 1.0]);
    }

    #[test]
    fn capacities_give_an_unsigned_current_its_sign() {
        let rows = Unturned {
            time_s: &[0.0, 360.0, 720.0, 1080.0, 1440.0],
            current_a: &[1.0, 1.0, 1.0, 1.0, 1.0],
            charge_ah: Some(&[0.0, 0.1, 0.1, 0.1, 0.1]),
            discharge_ah: Some(&[0.0, 0.0, 0.0, 0.1, 0.1]),
            ..NONE
        };
        // The row before growth goes with what follows, the one after the last growth with what was before.
        let expected = vec![1.0, 1.0, -1.0, -1.0, -1.0];
        assert_eq!(settled(rows, Format::Arbin), (expected, Some("current_sign_from_capacity")));
    }

    #[test]
    fn a_right_sign_is_left_alone() {
        let rows = Unturned {
            time_s: &[0.0, 360.0, 720.0],
            voltage_v: &[4.2, 4.1, 4.0],
            current_a: &[-1.0, -1.0, -1.0],
            discharge_ah: Some(&[0.0, 0.1, 0.2]),
            ..NONE
        };
        assert_eq!(settled(rows, Format::Generic), (vec![-1.0, -1.0, -1.0], None));
    }

    #[test]
    fn a_falling_voltage_turns_the_current_of_an_unknown_file() {
        let voltage: Vec<f64> = (0..20).map(|row| 4.2 - 0.01 * f64::from(row)).collect();
        let time: Vec<f64> = (0..20).map(f64::from).collect();
        let rows = Unturned { time_s: &time, voltage_v: &voltage, current_a: &[1.0; 20], ..NONE };
        assert_eq!(settled(rows, Format::Generic).0, [-1.0; 20]);
    }
}
