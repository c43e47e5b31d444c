//! What there is to learn from for some slots of the day.

use std::ops::Range;

use ndarray::{Array2, Axis, CowArray, Ix2, linalg::general_mat_mul};

use super::{Days, Design, Past};
use crate::forecast::{
    dense::part,
    learnt::faded,
    linear::{Solutions, Sums},
    real,
};

/// Days before the first one that is learnt from, so that it has a week to look back on.
const LEAST_DAYS_BACK: usize = 7;
/// With fewer observed days, a time of day is learnt from what its gaps were filled with.
pub(crate) const LEAST_ROWS: usize = 8;

/// About how many columns a slot has of its own.
const COLUMNS_EXPECTED: usize = 18;

/// The columns and targets of some slots of the day, for every day that can be learnt from, from old to new. They hold
/// a column a row, and each value times the root of its day's weight.
#[derive(Debug)]
pub(crate) struct Table {
    /// How many days each day is older than the one to forecast from.
    pub(crate) ages: Vec<f64>,
    /// The root of each day's weight.
    pub(crate) roots: Vec<f64>,
    /// A column of ones, and those that all slots share.
    shared: Array2<f64>,
    /// Those of each slot and its target, slot after slot; zero in days without a target.
    own: Array2<f64>,
    own_per_slot: usize,
    /// The days without a target, by slot.
    unknown: Vec<Vec<usize>>,
}

impl Table {
    /// Collects the columns of `slots`, which lie on one date, a further `ahead` days ahead; old days fade with that half-life.
    pub(crate) fn new(
        past: &Past,
        days: &Days,
        design: &Design<'_>,
        slots: Range<usize>,
        ahead: usize,
        half_life_days: f64,
    ) -> Self {
        let origins = LEAST_DAYS_BACK..days.count().saturating_sub(ahead).max(LEAST_DAYS_BACK);
        let rows = origins.len();
        let ages: Vec<f64> = origins.clone().map(|origin| real(days.count() - origin)).collect();
        let roots: Vec<f64> = ages.iter().map(|age| faded(*age, 2.0 * half_life_days)).collect();

        let mut shared = vec![1.0; rows];
        design.shared(slots.start, ahead, origins.clone(), &mut shared);
        weigh(&mut shared, &roots);

        let mut own = Vec::with_capacity(slots.len() * rows * COLUMNS_EXPECTED);
        let mut unknown = Vec::with_capacity(slots.len());
        let mut own_per_slot = 0;
        for slot in slots {
            let start = own.len();
            design.own(slot, ahead, origins.clone(), &mut own);
            let targets = days.slot(slot).get(origins.start + ahead..).unwrap_or_default();
            own.extend_from_slice(targets.get(..rows).unwrap_or_default());
            own_per_slot = (own.len() - start) / rows.max(1);

            let observed = |origin: usize| past.history().is_observed(days.place(origin + ahead, slot));
            let mut gaps: Vec<usize> = origins
                .clone()
                .filter(|origin| !observed(*origin))
                .map(|origin| origin - origins.start)
                .collect();
            if rows - gaps.len() < LEAST_ROWS {
                // What the gaps are filled with is the best there is.
                gaps.clear();
            }
            let fresh = own.get_mut(start..).unwrap_or_default();
            if gaps.is_empty() {
                weigh(fresh, &roots);
            } else {
                let mut masked = roots.clone();
                for gap in &gaps {
                    if let Some(root) = masked.get_mut(*gap) {
                        *root = 0.0;
                    }
                }
                weigh(fresh, &masked);
            }
            unknown.push(gaps);
        }
        Self { ages, roots, shared: table(shared, rows), own: table(own, rows), own_per_slot, unknown }
    }

    /// The slots, counted from the first one asked for, that have a target on the same days.
    pub(crate) fn alike(&self) -> Vec<Vec<usize>> {
        let mut groups: Vec<(&[usize], Vec<usize>)> = Vec::new();
        for (number, unknown) in self.unknown.iter().enumerate() {
            match groups.iter_mut().find(|(other, _)| *other == unknown) {
                Some((_, numbers)) => numbers.push(number),
                None => groups.push((unknown, vec![number])),
            }
        }
        groups.into_iter().map(|(_, numbers)| numbers).collect()
    }

    /// The weighted sums of products of all slots, and over all days in what they share.
    pub(crate) fn products(&self) -> Sums {
        let per = self.own_per_slot.max(1);
        let mut own = Array2::zeros((self.own.nrows(), self.own_per_slot));
        let blocks = self.own.axis_chunks_iter(Axis(0), per);
        for (block, mut sums) in blocks.zip(own.axis_chunks_iter_mut(Axis(0), per)) {
            general_mat_mul(1.0, &block, &block.t(), 0.0, &mut sums);
        }
        Sums {
            shared: self.shared.dot(&self.shared.t()),
            cross: self.shared.dot(&self.own.t()),
            own,
            effective_rows: self.roots.iter().map(|root| root.powi(4)).sum(),
        }
    }

    /// The sums of some slots that are [`alike`](Self::alike), given those of all.
    pub(crate) fn sums(&self, numbers: &[usize], all: &Sums) -> Sums {
        let mut shared = all.shared.clone();
        let mut of_weights = all.effective_rows;
        for row in self.unknown(numbers) {
            // Without a target a day counts for nothing in the shared columns either.
            let values = self.shared.column(*row).to_owned();
            for (mut line, value) in shared.outer_iter_mut().zip(&values) {
                line.scaled_add(-value, &values);
            }
            of_weights -= self.roots.get(*row).map_or(0.0, |root| root.powi(4));
        }
        let total = shared.first().copied().unwrap_or_default();
        let (cross, own) = if numbers.len() == self.slots() {
            (all.cross.clone(), all.own.clone())
        } else {
            let places = self.places(numbers);
            (all.cross.select(Axis(1), &places), all.own.select(Axis(0), &places))
        };
        Sums { shared, cross, own, effective_rows: total * total / of_weights }
    }

    /// The places of the columns and targets of some slots.
    fn places(&self, numbers: &[usize]) -> Vec<usize> {
        let per = self.own_per_slot;
        numbers.iter().flat_map(|number| number * per..(number + 1) * per).collect()
    }

    /// The days without a target of slots that are alike.
    fn unknown(&self, numbers: &[usize]) -> &[usize] {
        numbers.first().and_then(|first| self.unknown.get(*first)).map_or(&[], Vec::as_slice)
    }

    /// How many columns a slot has, the target left out.
    pub(crate) fn width(&self) -> usize {
        (self.shared.nrows() + self.own_per_slot).saturating_sub(2)
    }

    /// How many slots there are.
    pub(crate) fn slots(&self) -> usize {
        self.unknown.len()
    }

    /// The columns of a slot, and its target, without the ones.
    pub(crate) fn columns(&self, number: usize) -> impl Iterator<Item = &[f64]> {
        let own = self.own.outer_iter().skip(number * self.own_per_slot).take(self.own_per_slot);
        self.shared.outer_iter().skip(1).chain(own).filter_map(|column| column.to_slice())
    }

    /// The days on which a slot has a target.
    pub(crate) fn known(&self, number: usize) -> Vec<usize> {
        let unknown = self.unknown.get(number).map_or(&[][..], Vec::as_slice);
        (0..self.ages.len()).filter(|row| unknown.binary_search(row).is_err()).collect()
    }

    /// The errors of some slots' days of at most that age if each had been left out, with their ages, slot by slot.
    pub(crate) fn left_out_errors(
        &self,
        numbers: &[usize],
        solutions: &Solutions<'_>,
        oldest_days: f64,
    ) -> Vec<Vec<(f64, f64)>> {
        let start = self.ages.partition_point(|age| *age > oldest_days);
        let own: CowArray<'_, f64, Ix2> = if numbers.len() == self.slots() {
            self.own.view().into()
        } else {
            self.own.select(Axis(0), &self.places(numbers)).into()
        };
        let errors = solutions.left_out_errors(
            part(self.shared.view(), 1.., start..),
            part(own.view(), .., start..),
            self.roots.get(start..).unwrap_or_default(),
        );
        let unknown = self.unknown(numbers);
        let known = |errors: Vec<f64>| {
            let known = (start..).zip(errors).filter(|(row, _)| unknown.binary_search(row).is_err());
            known.filter_map(|(row, error)| Some((*self.ages.get(row)?, error))).collect()
        };
        errors.into_iter().map(known).collect()
    }
}

fn weigh(columns: &mut [f64], roots: &[f64]) {
    for column in columns.chunks_exact_mut(roots.len().max(1)) {
        for (value, root) in column.iter_mut().zip(roots) {
            *value *= root;
        }
    }
}

fn table(columns: Vec<f64>, rows: usize) -> Array2<f64> {
    let count = columns.len() / rows.max(1);
    // The shapes fit by construction, so the fallback never comes.
    Array2::from_shape_vec((count, rows), columns).unwrap_or_default()
}
