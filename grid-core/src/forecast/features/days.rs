//! The past, day by day, as seen from one time of day.

use serde::{Deserialize, Serialize};

use super::Past;
use crate::forecast::{limits::Limits, real};

/// The slots of a day are averaged in this many blocks.
const BLOCKS: usize = 12;

/// What is usual at each time of day, and how much the values move about it.
///
/// Regressions look at what is unusual, in units of this spread: then no column has a large mean, and sums of squares
/// lose no digits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Usual {
    /// The mean of each slot of the day, counted from local midnight, in the unit of the history.
    means: Vec<f64>,
    /// The standard deviation about those means, above zero, in the unit of the history.
    pub(crate) spread: f64,
    /// How far readings go.
    pub(crate) limits: Limits,
}

impl Usual {
    /// What was usual in the past.
    pub(crate) fn of(past: &Past) -> Self {
        let length = past.slots_per_day();
        let midnight = (length - past.clock_slot(0)) % length;
        let mut sums = vec![(0.0, 0.0); length];
        let limits = Limits::of(past);
        let values: Vec<f64> = past.filled().iter().map(|value| limits.draw_in(*value)).collect();
        let (head, tail) = values.split_at(midnight.min(values.len()));
        let days = tail.chunks(length);
        let mut add = |(sum, value): (&mut (f64, f64), &f64)| {
            if !value.is_nan() {
                *sum = (sum.0 + value, sum.1 + 1.0);
            }
        };
        for day in days.clone() {
            sums.iter_mut().zip(day).for_each(&mut add);
        }
        sums.iter_mut().rev().zip(head.iter().rev()).for_each(add);
        let means: Vec<f64> =
            sums.iter().map(|(sum, count)| if *count > 0.0 { sum / count } else { 0.0 }).collect();
        let differences = days.flat_map(|day| day.iter().zip(&means)).map(|(value, mean)| value - mean);
        let (squares, count) = differences
            .filter(|difference| !difference.is_nan())
            .fold((0.0, 0_usize), |(sum, count), difference| (sum + difference * difference, count + 1));
        let largest = means.iter().fold(0.0_f64, |largest, mean| largest.max(mean.abs()));
        // What moves by less than rounding does not move.
        let spread = (squares / real(count.max(1))).sqrt().max(1e-12 * largest);
        Self { means, spread: if spread > 0.0 { spread } else { 1.0 }, limits }
    }

    /// What is usual in that slot of the day, counted from local midnight.
    pub(crate) fn mean(&self, clock_slot: usize) -> f64 {
        self.means.get(clock_slot % self.means.len().max(1)).copied().unwrap_or_default()
    }
}

/// How far the values of the last whole days before an origin lay from the usual, in units of its spread. A day runs from
/// the time of day of the origin to the same time on the next; the last one ends at the origin.
#[derive(Clone, Debug)]
pub(crate) struct Days {
    length: usize,
    count: usize,
    /// The place of the first slot of the first day in the past.
    first: usize,
    /// One run of days after the other, by slot.
    by_slot: Vec<f64>,
    /// The sum of all values before each slot, in order of time.
    sums: Vec<f64>,
}

impl Days {
    /// Lays out at most `most` whole days before the place `origin`.
    pub(crate) fn before(past: &Past, usual: &Usual, origin: usize, most: usize) -> Self {
        let length = past.slots_per_day();
        let origin = origin.min(past.len());
        let count = (origin / length).min(most);
        let first = origin - count * length;
        let values = past.filled().get(first..origin).unwrap_or_default();
        let means: Vec<f64> = (0..length).map(|slot| usual.mean(past.clock_slot(first + slot))).collect();
        let mut by_slot = vec![0.0; count * length];
        let mut sums = Vec::with_capacity(values.len() + 1);
        let mut sum = 0.0;
        sums.push(sum);
        for (day, row) in values.chunks(length).enumerate() {
            let places = by_slot.iter_mut().skip(day).step_by(count);
            for ((value, mean), place) in row.iter().zip(&means).zip(places) {
                // Before the first reading nothing is known, and so nothing unusual.
                let value = if value.is_nan() { *mean } else { usual.limits.draw_in(*value) };
                *place = (value - mean) / usual.spread;
                sum += *place;
                sums.push(sum);
            }
        }
        Self { length, count, first, by_slot, sums }
    }

    /// How many days there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// How many slots a day has.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// The place in the past of a slot of a day; days past the last one are counted on.
    pub(crate) fn place(&self, day: usize, slot: usize) -> usize {
        self.first + day * self.length + slot
    }

    /// One slot of each day.
    pub(crate) fn slot(&self, slot: usize) -> &[f64] {
        self.by_slot.get(slot * self.count..(slot + 1) * self.count).unwrap_or_default()
    }

    /// The mean of the slots from `from` to `until` of each day; `from` may reach into the day before.
    fn means(&self, from: isize, until: usize) -> Vec<f64> {
        let shift = from.unsigned_abs();
        let mean = |day: usize| {
            let start = day * self.length;
            let low = if from < 0 { start.saturating_sub(shift) } else { start + shift };
            let high = start + until;
            match (self.sums.get(low), self.sums.get(high)) {
                (Some(before), Some(after)) if high > low => (after - before) / real(high - low),
                _ => 0.0,
            }
        };
        (0..self.count).map(mean).collect()
    }

    /// The mean of each day.
    pub(crate) fn whole(&self) -> Vec<f64> {
        self.means(0, self.length)
    }

    /// The means of the blocks of each day, the last block first.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Vec<f64>> {
        let block = self.length.div_ceil(BLOCKS);
        (0..self.length / block).map(move |number| {
            let until = self.length - number * block;
            self.means(isize::try_from(until - block).unwrap_or(0), until)
        })
    }

    /// The mean of the hour before the slot on each day.
    pub(crate) fn hour_before(&self, slot: usize) -> Vec<f64> {
        let hour = isize::try_from(self.hour()).unwrap_or(1);
        self.means(isize::try_from(slot).unwrap_or(0) - hour, slot)
    }

    /// The mean of the hour after the slot on each day, as far as that day goes; at its end the slot itself.
    pub(crate) fn hour_after(&self, slot: usize) -> Vec<f64> {
        let from = (slot + 1).min(self.length - 1);
        self.means(isize::try_from(from).unwrap_or(0), (from + self.hour()).min(self.length))
    }

    fn hour(&self) -> usize {
        (self.length / 24).max(1)
    }
}
