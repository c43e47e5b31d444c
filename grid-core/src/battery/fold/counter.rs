//! What a vendor's count says went in and out, under each assumption about when it restarts and what it counts.
//!
//! Whether a count starts again with each step, and whether one count for both directions is net, is known only at
//! the end of the file. Until then the sums under each of the assumptions are kept side by side: they differ in the
//! first row of a step alone, or in two additions a row.

use super::super::numeric::at;
use super::super::rows::Rows;
use super::resolution::Resolution;

/// The block of rows that is counted: the serial numbers of the vendor's step, and of its step or cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) step: u64,
    pub(crate) block: u64,
}

/// Increases of a count that only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Increase {
    /// Increases that are the same under all assumptions.
    sure: f64,
    /// At the first rows of steps, when the count runs on over changes of step.
    runs_on: f64,
    /// At the first rows of steps, when it starts again with each step.
    restarts: f64,
    /// By how much the count fell without starting again; it is taken off above.
    fell: f64,
}

impl Increase {
    fn get(&self, restarts: bool) -> f64 {
        self.sure + if restarts { self.restarts } else { self.runs_on }
    }

    fn merge(&mut self, other: &Self) {
        self.sure += other.sure;
        self.runs_on += other.runs_on;
        self.restarts += other.restarts;
        self.fell += other.fell;
    }

    /// Adds what a further row of a step shows.
    fn go_on(&mut self, before: f64, now: f64) {
        let change = inside(before, now);
        self.sure += change;
        self.fell -= change.min(0.0);
    }

    /// Adds what the first row of a step or cycle shows.
    fn enter(&mut self, last: &Last, now: f64, possible: f64) {
        if now < last.value {
            self.sure += now;
        } else {
            self.runs_on += now - last.value;
            // A restart that does not fall: the count is no more than the current can have moved since.
            self.restarts += if now <= possible { now } else { now - last.value };
        }
    }
}

/// The increase from one row of a step to the next; a count that falls below half started again.
#[inline]
fn inside(before: f64, now: f64) -> f64 {
    if now < 0.5 * before { now } else { now - before }
}

/// What a quantity's counts say of some rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counted {
    /// By the pair of counts: charge and discharge.
    pair: [Increase; 2],
    /// By the one count, taken as unsigned and given a direction by the current.
    unsigned: [Increase; 2],
    /// By the one count, taken as net.
    net: [f64; 2],
}

impl Counted {
    pub(crate) fn merge(&mut self, other: &Self) {
        for (sum, other) in self.pair.iter_mut().zip(&other.pair) {
            sum.merge(other);
        }
        for (sum, other) in self.unsigned.iter_mut().zip(&other.unsigned) {
            sum.merge(other);
        }
        for (sum, other) in self.net.iter_mut().zip(&other.net) {
            *sum += other;
        }
    }
}

/// The last row in which a count was there.
#[derive(Clone, Copy, Debug)]
struct Last {
    value: f64,
    time_s: f64,
    current_a: f64,
    place: Place,
}

impl Last {
    /// Twice the Ah that the current of both rows can have moved between them.
    fn possible(&self, time_s: f64, current_a: f64) -> f64 {
        2.0 * current_a.abs().max(self.current_a.abs()) * ((time_s - self.time_s).max(0.0) / 3600.0)
    }
}

/// One count, and what its rows so far say about when it restarts.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    last: Option<Last>,
    restarted: usize,
    ran_on: usize,
    resolution: Resolution,
}

impl Count {
    fn is_there(&self) -> bool {
        self.last.is_some()
    }

    fn restarts_each_step(&self) -> bool {
        self.restarted > self.ran_on
    }

    /// Whether the count starts again at a change of step.
    fn notice(&mut self, now: f64, place: Place) {
        if let Some(last) = self.last
            && last.place.step != place.step
            && last.value > 0.0
        {
            if now < 0.5 * last.value { self.restarted += 1 } else { self.ran_on += 1 }
        }
    }

    /// Adds a count that only grows over rows of one step.
    fn push(&mut self, values: &[f64], rows: &Rows<'_>, place: Place, into: &mut Increase) {
        self.resolution.push(values);
        let mut there = values.iter().enumerate().filter(|(_, value)| !value.is_nan());
        let Some((first, &value)) = there.next() else { return };
        self.notice(value, place);
        match self.last {
            Some(last) if last.place.block == place.block => into.go_on(last.value, value),
            Some(last) => {
                let possible = last.possible(at(rows.time_s, first), at(rows.current_a, first));
                into.enter(&last, value, possible);
            }
            None => {}
        }
        let (mut sums, mut before, mut row) = (*into, value, first);
        for (next, &now) in there {
            sums.go_on(before, now);
            (before, row) = (now, next);
        }
        *into = sums;
        self.last = Some(Last {
            value: before,
            time_s: at(rows.time_s, row),
            current_a: at(rows.current_a, row),
            place,
        });
    }
}

/// One count for both directions, net or unsigned.
#[derive(Clone, Copy, Debug, Default)]
struct Both {
    count: Count,
    current_before: f64,
    /// By how much it falls and grows while discharging.
    falls: f64,
    grows: f64,
}

impl Both {
    /// Whether the count falls while discharging.
    fn is_net(&self) -> bool {
        self.falls > self.grows
    }

    fn push(&mut self, values: &[f64], rows: &Rows<'_>, place: Place, into: &mut Counted) {
        self.count.resolution.push(values);
        for ((&now, &current_a), &time_s) in values.iter().zip(rows.current_a).zip(rows.time_s) {
            // A row without current goes with the row before it.
            let direction = if current_a == 0.0 { self.current_before } else { current_a };
            self.current_before = current_a;
            if now.is_nan() {
                continue;
            }
            self.count.notice(now, place);
            if let Some(last) = self.count.last {
                self.weigh(last.value, now, current_a);
                let entered = last.place.block != place.block;
                let possible = if entered { last.possible(time_s, current_a) } else { 0.0 };
                let [charge, discharge] = &mut into.unsigned;
                let unsigned = if direction > 0.0 {
                    Some(charge)
                } else if direction < 0.0 {
                    Some(discharge)
                } else {
                    None
                };
                match unsigned {
                    Some(sum) if entered => sum.enter(&last, now, possible),
                    Some(sum) => sum.go_on(last.value, now),
                    None => {}
                }
                let change = now - last.value;
                let against = change * current_a < 0.0 || current_a == 0.0;
                let restarted = entered && against && change.abs() > possible.max(0.01 * last.value.abs());
                let change = if restarted { now } else { change };
                let [charge, discharge] = &mut into.net;
                if change > 0.0 { *charge += change } else { *discharge -= change }
            }
            self.count.last = Some(Last { value: now, time_s, current_a, place });
        }
    }

    /// Weighs whether the count falls while discharging.
    fn weigh(&mut self, before: f64, now: f64, current_a: f64) {
        if current_a < 0.0 {
            let change = now - before;
            // A restart falls towards zero from above, in a net count and in an unsigned one; it says nothing.
            let restarts = before > 0.0 && now.abs() < 0.5 * before.abs() && now >= 0.0;
            if change > 0.0 {
                self.grows += change;
            } else if !restarts {
                self.falls -= change;
            }
        }
    }
}

/// The counts of one quantity, capacity or energy: a pair, or one for both directions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter {
    pair: [Count; 2],
    both: Both,
}

impl Counter {
    /// Adds rows of one step; the columns are the counts of charge, of discharge, and of both.
    pub(crate) fn push(
        &mut self,
        columns: [Option<&[f64]>; 3],
        rows: &Rows<'_>,
        place: Place,
        into: &mut Counted,
    ) {
        let [charge, discharge, both] = columns;
        let sums = into.pair.iter_mut();
        for ((count, column), sum) in self.pair.iter_mut().zip([charge, discharge]).zip(sums) {
            if let Some(values) = column {
                count.push(values, rows, place, sum);
            }
        }
        if let Some(values) = both {
            self.both.push(values, rows, place, into);
        }
    }

    /// Charged and discharged, by the pair if it is complete or alone and else by the one count; NaN for the
    /// direction that is not counted, `None` where there is no count.
    pub(crate) fn read(&self, counted: &Counted) -> Option<(f64, f64)> {
        if self.is_pair() {
            let [charge, discharge] = &self.pair;
            let of = |count: &Count, sum: &Increase| {
                if count.is_there() { sum.get(count.restarts_each_step()) } else { f64::NAN }
            };
            let [charged, discharged] = &counted.pair;
            return Some((of(charge, charged), of(discharge, discharged)));
        }
        if !self.both.count.is_there() {
            return None;
        }
        if self.both.is_net() {
            let [charged, discharged] = counted.net;
            return Some((charged, discharged));
        }
        let restarts = self.both.count.restarts_each_step();
        let [charged, discharged] = &counted.unsigned;
        Some((charged.get(restarts), discharged.get(restarts)))
    }

    /// By how much the counts fell, though they only grow and did not start again; zero for a net count.
    pub(crate) fn fell(&self, counted: &Counted) -> f64 {
        let both = self.both.count.is_there() && !self.both.is_net();
        let unsigned = if both { counted.unsigned.iter().map(|sum| sum.fell).sum() } else { 0.0 };
        let pair: f64 = counted.pair.iter().map(|sum| sum.fell).sum();
        if self.is_pair() { pair } else { unsigned }
    }

    /// Whether the pair of counts is used: it is complete, or there is no other.
    fn is_pair(&self) -> bool {
        let [charge, discharge] = &self.pair;
        let pairs = usize::from(charge.is_there()) + usize::from(discharge.is_there());
        pairs == 2 || (pairs == 1 && !self.both.count.is_there())
    }

    /// The coarsest step that the counts are rounded to, zero where none is seen.
    pub(crate) fn resolution(&self) -> f64 {
        let [charge, discharge] = &self.pair;
        [charge, discharge, &self.both.count]
            .into_iter()
            .filter(|count| count.is_there())
            .map(|count| count.resolution.step())
            .fold(0.0, f64::max)
    }
}
