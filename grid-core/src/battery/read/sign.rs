//! Which way the current flows: every recording leaves here with charging positive.

use super::super::log::{Format, Remark};

/// What is known about the direction beside the current itself.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    pub(super) format: Format,
    pub(super) time_s: &'a [f64],
    pub(super) voltage_v: &'a [f64],
    /// Charge 1, rest 0, discharge -1, unknown NaN.
    pub(super) state: Option<&'a [f64]>,
    pub(super) charge_ah: Option<&'a [f64]>,
    pub(super) discharge_ah: Option<&'a [f64]>,
}

/// Turns the current so that charging is positive.
///
/// The strongest evidence counts: first the state of each row (charge or discharge), then which of the vendor's two
/// capacity columns grows, and only for a file of no known vendor whether the voltage falls while the current is said
/// to charge.
pub(super) fn charging_positive(current: &mut [f64], evidence: &Evidence<'_>, remarks: &mut Vec<Remark>) {
    let signed = current.iter().any(|value| *value < 0.0);
    if let Some(state) = evidence.state
        && by_state(current, state, signed, remarks)
    {
        return;
    }
    if evidence.charge_ah.is_some() || evidence.discharge_ah.is_some() {
        by_capacity(current, evidence, signed, remarks);
    } else if evidence.format == Format::Generic {
        by_voltage(current, evidence.voltage_v, remarks);
    }
}

fn turned(message: &str) -> Remark {
    Remark::new("current_sign_turned", message)
}

/// By a state letter or word; returns whether it decided.
fn by_state(current: &mut [f64], state: &[f64], signed: bool, remarks: &mut Vec<Remark>) -> bool {
    let mut charging = 0.0;
    let mut discharging = 0.0;
    for (current, state) in current.iter().zip(state) {
        if current.is_nan() {
            continue;
        }
        if *state > 0.0 {
            charging += current;
        } else if *state < 0.0 {
            discharging += current;
        }
    }
    if !signed && discharging > 0.0 {
        for (current, state) in current.iter_mut().zip(state) {
            if *state < 0.0 && *current != 0.0 {
                *current = -*current;
            }
        }
        remarks.push(Remark::new(
            "current_sign_from_state",
            "the current has no sign in the file; rows in the state of discharge were made negative",
        ));
        return true;
    }
    if signed && discharging > charging {
        turn(current);
        remarks.push(turned("the file counts discharging current as positive, by its states; it was turned"));
        return true;
    }
    charging > 0.0 || discharging < 0.0
}

/// By the growth of the vendor's charge and discharge columns.
fn by_capacity(current: &mut [f64], evidence: &Evidence<'_>, signed: bool, remarks: &mut Vec<Remark>) {
    let grown = |column: Option<&[f64]>, row: usize| -> f64 {
        let (Some(before), Some(now)) = (
            row.checked_sub(1).and_then(|before| column?.get(before)),
            column.and_then(|column| column.get(row)),
        ) else {
            return 0.0;
        };
        let growth = now - before;
        if growth.is_finite() { growth.max(0.0) } else { 0.0 }
    };
    let directions: Vec<f64> = (0..current.len())
        .map(|row| grown(evidence.charge_ah, row) - grown(evidence.discharge_ah, row))
        .collect();
    let against: f64 = current
        .iter()
        .zip(&directions)
        .filter(|(current, _)| !current.is_nan())
        .map(|(current, direction)| {
            if *direction < 0.0 {
                *current
            } else if *direction > 0.0 {
                -*current
            } else {
                0.0
            }
        })
        .sum();
    if signed {
        // What was counted must be about what the current moved, or the two are not of one battery.
        let moved = throughput(current, evidence.time_s);
        let counted: f64 = directions.iter().map(|direction| direction.abs()).sum();
        if against > 0.0 && counted > 0.3 * moved && counted < 3.0 * moved {
            turn(current);
            remarks.push(turned(
                "the file counts discharging current as positive, by its capacities; it was turned",
            ));
        }
        return;
    }
    if evidence.discharge_ah.is_none() || !directions.iter().any(|direction| *direction < 0.0) {
        return;
    }
    // A row without growth, such as the first of a step, goes with the row after it, and else with the one before.
    let mut following = 0.0;
    let mut filled = directions;
    for direction in filled.iter_mut().rev() {
        if *direction == 0.0 {
            *direction = following;
        } else {
            following = *direction;
        }
    }
    let mut before = 0.0;
    for direction in &mut filled {
        if *direction == 0.0 {
            *direction = before;
        }
        before = *direction;
    }
    // The discharge count must have grown by about what the current of those rows moved: a count that grew between
    // two rows, during a pulse that no row shows, says nothing about the rows.
    let mut moved = 0.0;
    let mut counted = 0.0;
    for (row, _) in filled.iter().enumerate().skip(1).filter(|(_, direction)| **direction < 0.0) {
        let at = |values: &[f64], row: usize| values.get(row).copied().unwrap_or(f64::NAN);
        let ampere_hours =
            at(current, row) * (at(evidence.time_s, row) - at(evidence.time_s, row - 1)) / 3600.0;
        moved += if ampere_hours.is_finite() { ampere_hours.max(0.0) } else { 0.0 };
        counted += grown(evidence.discharge_ah, row);
    }
    if !(counted > 0.3 * moved && counted < 3.0 * moved) {
        return;
    }
    for (current, direction) in current.iter_mut().zip(filled) {
        if direction < 0.0 && *current != 0.0 {
            *current = -*current;
        }
    }
    remarks.push(Remark::new(
        "current_sign_from_capacity",
        "the current has no sign in the file; rows in which the discharge capacity grows were made negative",
    ));
}

/// Ah that a current moves in either direction.
fn throughput(current: &[f64], time_s: &[f64]) -> f64 {
    let intervals = time_s.windows(2).map(|pair| if let [before, now] = pair { now - before } else { 0.0 });
    intervals
        .zip(current.iter().skip(1))
        .map(|(interval, current)| interval * current.abs() / 3600.0)
        .filter(|moved| *moved > 0.0)
        .sum()
}

/// By the voltage over stretches of one sign: it rises while a battery is charged.
fn by_voltage(current: &mut [f64], voltage: &[f64], remarks: &mut Vec<Remark>) {
    const SHORTEST_STRETCH: usize = 10;
    const SMALLEST_CHANGE_V: f64 = 0.005;
    let mut agreed = 0.0;
    let mut contradicted = 0.0;
    // Whether the stretch charges, its first voltage, and its length.
    let mut stretch: Option<(bool, f64, usize)> = None;
    let mut last = 0.0;
    let rows = current.iter().copied().zip(voltage.iter().copied()).chain(std::iter::once((0.0, 0.0)));
    for (current, voltage) in rows {
        let charges = if current > 0.0 {
            Some(true)
        } else if current < 0.0 {
            Some(false)
        } else {
            None
        };
        match &mut stretch {
            Some((same, _, length)) if Some(*same) == charges => *length += 1,
            other => {
                if let Some((charged, start, length)) = *other {
                    let change: f64 = last - start;
                    if length >= SHORTEST_STRETCH && change.abs() > SMALLEST_CHANGE_V {
                        let sum = if (change > 0.0) == charged { &mut agreed } else { &mut contradicted };
                        *sum += change.abs();
                    }
                }
                *other = charges.filter(|_| voltage.is_finite()).map(|charges| (charges, voltage, 1));
            }
        }
        last = voltage;
    }
    if contradicted > 4.0 * agreed {
        turn(current);
        remarks.push(turned(
            "the voltage falls while the current is positive and rises while it is negative; the current was turned, so \
             that charging is positive",
        ));
    }
}

fn turn(current: &mut [f64]) {
    for value in current {
        if *value != 0.0 {
            *value = -*value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(mut current: Vec<f64>, evidence: &Evidence<'_>) -> (Vec<f64>, Vec<Remark>) {
        let mut remarks = Vec::new();
        charging_positive(&mut current, evidence, &mut remarks);
        (current, remarks)
    }

    #[test]
    fn states_give_an_unsigned_current_its_sign() {
        let evidence = Evidence {
            format: Format::Maccor,
            time_s: &[],
            voltage_v: &[],
            state: Some(&[1.0, 0.0, -1.0]),
            charge_ah: None,
            discharge_ah: None,
        };
        let (current, remarks) = settled(vec![1.0, 0.0, 2.0], &evidence);
        assert_eq!(current, [1.0, 0.0, -2.0]);
        assert_eq!(remarks.first().map(|remark| remark.code), Some("current_sign_from_state"));
    }

    #[test]
    fn capacities_turn_a_current_that_is_positive_while_discharging() {
        let evidence = Evidence {
            format: Format::Bdf,
            time_s: &[0.0, 360.0, 720.0, 1080.0],
            voltage_v: &[],
            state: None,
            charge_ah: Some(&[0.0, 0.0, 0.0, 0.1]),
            discharge_ah: Some(&[0.0, 0.1, 0.2, 0.2]),
        };
        let (current, _) = settled(vec![1.0, 1.0, 1.0, -1.0], &evidence);
        assert_eq!(current, [-1.0, -1.0, -1.0, 1.0]);
    }

    #[test]
    fn a_right_sign_is_left_alone() {
        let evidence = Evidence {
            format: Format::Generic,
            time_s: &[],
            voltage_v: &[4.2, 4.1, 4.0],
            state: None,
            charge_ah: None,
            discharge_ah: Some(&[0.0, 0.1, 0.2]),
        };
        let (current, remarks) = settled(vec![-1.0, -1.0, -1.0], &evidence);
        assert_eq!(current, [-1.0, -1.0, -1.0]);
        assert!(remarks.is_empty());
    }

    #[test]
    fn a_falling_voltage_turns_the_current_of_an_unknown_file() {
        let voltage: Vec<f64> = (0..20).map(|row| 4.2 - 0.01 * f64::from(row)).collect();
        let evidence = Evidence {
            format: Format::Generic,
            time_s: &[],
            voltage_v: &voltage,
            state: None,
            charge_ah: None,
            discharge_ah: None,
        };
        let (current, _) = settled(vec![1.0; 20], &evidence);
        assert_eq!(current, [-1.0; 20]);
    }
}
