//! What there is to learn from for some slots of the day.

use std::{borrow::Cow, ops::Range};

use ndarray::{Array2, ArrayView2, Axis, Slice};

use super::{Days, Design, Past};
use crate::forecast::{learnt::faded, linear::Solution, real};

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
    pub(crate) shared: Array2<f64>,
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

    /// The columns of a slot, counted from the first one asked for, and its target.
    pub(crate) fn own(&self, number: usize) -> ArrayView2<'_, f64> {
        let start = number * self.own_per_slot;
        self.own.slice_axis(Axis(0), Slice::from(start..start + self.own_per_slot))
    }

    /// The weighted sums of products of every slot's ones, columns and target (on the diagonal and right of it), and the
    /// effective number of its days.
    pub(crate) fn sums(&self) -> Vec<(Array2<f64>, f64)> {
        let of_shared = self.shared.dot(&self.shared.t());
        let cross = self.shared.dot(&self.own.t());
        let shared = self.shared.nrows();
        let size = shared + self.own_per_slot;
        let of_weights = self.roots.iter().map(|root| root.powi(4)).sum::<f64>();
        let sums = |(number, unknown): (usize, &Vec<usize>)| {
            let mut with_target = Cow::Borrowed(&of_shared);
            let mut squares = of_weights;
            for row in unknown {
                // Without a target a day counts for nothing in the shared columns either.
                let values = self.shared.column(*row);
                for (mut line, value) in with_target.to_mut().outer_iter_mut().zip(values) {
                    line.scaled_add(-value, &values);
                }
                squares -= self.roots.get(*row).map_or(0.0, |root| root.powi(4));
            }
            let own = self.own(number);
            let of_own = own.dot(&own.t());
            let mut sums = Vec::with_capacity(size * size);
            for (left, right) in with_target.outer_iter().zip(cross.outer_iter()) {
                sums.extend(left);
                sums.extend(right.iter().skip(number * self.own_per_slot).take(self.own_per_slot));
            }
            for row in of_own.outer_iter() {
                sums.resize(sums.len() + shared, 0.0);
                sums.extend(row);
            }
            let total = sums.first().copied().unwrap_or_default();
            (table(sums, size), total * total / squares)
        };
        self.unknown.iter().enumerate().map(sums).collect()
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

    /// The errors of a slot's days of at most that age if each had been left out, with their ages.
    pub(crate) fn left_out_errors(
        &self,
        number: usize,
        solution: &Solution,
        oldest_days: f64,
    ) -> impl Iterator<Item = (f64, f64)> {
        let start = self.ages.partition_point(|age| *age > oldest_days);
        let columns: Vec<&[f64]> = self.columns(number).filter_map(|column| column.get(start..)).collect();
        let (targets, columns) = columns.split_last().unwrap_or((&EMPTY, &[]));
        let roots = self.roots.get(start..).unwrap_or_default();
        let errors = solution.left_out_errors(columns, targets, roots);
        let unknown = self.unknown.get(number).map_or(&[][..], Vec::as_slice);
        let known = (start..).zip(errors).filter(|(row, _)| unknown.binary_search(row).is_err());
        known.filter_map(|(row, error)| Some((*self.ages.get(row)?, error)))
    }
}

const EMPTY: &[f64] = &[];

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
