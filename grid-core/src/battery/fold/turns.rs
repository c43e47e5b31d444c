//! The turns of the charge that has moved: where the cycles are in a file that does not count them.
//!
//! A cycle is one excursion of the net charge up and one down. A turn counts when the charge comes back by more than
//! 5 % of its whole range, so that pulses and noise make no cycles. The whole range is known only at the end; until
//! then turns are taken by the range so far, which is never larger. So every turn that counts in the end is among
//! those taken, and the same rule over the taken ones alone, with the final range, leaves the same turns as over all
//! rows: on the way from one taken turn to the next the charge never comes back by as much as the final rule asks.

/// The share of the whole range by which the charge comes back in a turn.
const SMALLEST_TURN: f64 = 0.05;

/// Where a row stands to the excursion that is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stands {
    /// It is as far out as the charge has come: a cycle may end with it.
    Ahead,
    /// It is behind the farthest row.
    Behind,
    /// The charge has come back so far that the farthest row was a turn; it is the farthest of the next excursion.
    Turned,
}

/// A rule for turns: which way the charge goes, whether it first rose, and how far it came, in which row.
#[derive(Clone, Copy, Debug, Default)]
struct Excursion {
    rises: Option<bool>,
    row: usize,
    charge: f64,
}

impl Excursion {
    /// Takes the next row by a rule that asks for `turn`; gives the turn that it shows, as the row and its charge.
    #[inline]
    fn step(&mut self, row: usize, charge: f64, turn: f64) -> (Stands, Option<(usize, f64)>) {
        let change = charge - self.charge;
        let Some(rises) = self.rises else {
            if change.abs() > turn {
                *self = Self { rises: Some(change > 0.0), row, charge };
            }
            return (Stands::Ahead, None);
        };
        let ahead = if rises { change } else { -change };
        if ahead > 0.0 {
            (self.row, self.charge) = (row, charge);
            (Stands::Ahead, None)
        } else if ahead < -turn {
            let farthest = (self.row, self.charge);
            *self = Self { rises: Some(!rises), row, charge };
            (Stands::Turned, Some(farthest))
        } else {
            (Stands::Behind, None)
        }
    }
}

/// Net charge (or energy, where only power is known), and its turns so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turns {
    rows: usize,
    before: Option<(f64, f64)>,
    charge: f64,
    low: f64,
    high: f64,
    excursion: Excursion,
    taken: Vec<(usize, f64)>,
}

impl Turns {
    /// Takes the next row: its time in s and its current (or power).
    #[inline]
    pub(crate) fn push(&mut self, time_s: f64, flow: f64) -> Stands {
        if let Some((time_before, flow_before)) = self.before
            && time_s > time_before
            && !flow.is_nan()
        {
            self.charge += 0.5 * (flow + flow_before) * (time_s - time_before);
        }
        if !flow.is_nan() && !time_s.is_nan() {
            self.before = Some((time_s, flow));
        }
        self.low = self.low.min(self.charge);
        self.high = self.high.max(self.charge);
        let (stands, turn) =
            self.excursion.step(self.rows, self.charge, (self.high - self.low) * SMALLEST_TURN);
        self.taken.extend(turn);
        self.rows += 1;
        stands
    }

    /// The first rows of the cycles after the first.
    pub(crate) fn starts(&self) -> Vec<usize> {
        let turn = (self.high - self.low) * SMALLEST_TURN;
        if turn <= 0.0 {
            return Vec::new();
        }
        let last = (self.excursion.row, self.excursion.charge);
        starts(self.taken.iter().copied().chain(std::iter::once(last)), turn)
    }
}

/// The rows after the turns that end a cycle: every second one, for a cycle goes up and down.
fn starts(charges: impl Iterator<Item = (usize, f64)>, turn: f64) -> Vec<usize> {
    let mut excursion = Excursion::default();
    let turns = charges.filter_map(|(row, charge)| excursion.step(row, charge, turn).1);
    turns.skip(1).step_by(2).map(|(row, _)| row + 1).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The turns with the whole range known before the first row is looked at.
    fn in_two_passes(flow: &[f64]) -> Vec<usize> {
        let mut charges = Turns::default();
        let charges: Vec<(usize, f64)> = flow
            .iter()
            .enumerate()
            .map(|(row, flow)| {
                #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "few rows")]
                charges.push(row as f64, *flow);
                (row, charges.charge)
            })
            .collect();
        let turn = charges.iter().fold(0.0_f64, |most, charge| most.max(charge.1))
            - charges.iter().fold(0.0_f64, |least, charge| least.min(charge.1));
        if turn <= 0.0 { Vec::new() } else { starts(charges.into_iter(), turn * SMALLEST_TURN) }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn turns_by_the_range_so_far_end_as_those_by_the_whole_range(
            // Stretches of one current each: cycles, pulses, rests, and currents that grow by orders of magnitude.
            stretches in prop::collection::vec((-8..8_i32, -3..4_i32, 1..6_usize), 1..60),
        ) {
            let flow: Vec<f64> = stretches
                .iter()
                .flat_map(|(current, order, rows)| {
                    std::iter::repeat_n(f64::from(*current) * 4_f64.powi(*order), *rows)
                })
                .collect();
            let mut turns = Turns::default();
            for (row, flow) in flow.iter().enumerate() {
                #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "few rows")]
                turns.push(row as f64, *flow);
            }
            prop_assert_eq!(turns.starts(), in_two_passes(&flow));
        }
    }
}
