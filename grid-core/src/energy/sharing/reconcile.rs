//! An operator's own figures against the rule that they should follow.
//!
//! Operators publish per interval what each member was given and what was left of each plant. Such files need not add
//! up: in one real community's 75 days, 284 of 4,714 generating quarter-hours failed "shared and surplus is what was
//! generated". [`reconcile`] recomputes the figures and says where they do not fit, and how much is in nobody's account.

mod report;

use jiff::Timestamp;

use super::{CellRounding, Columns, Key, share};
use crate::{
    energy::Error,
    quantity::{Energy, Share},
    series::Quality,
    time::Interval,
};

pub use report::{Finding, ReconciledMember, Reconciliation, Tally};

/// So many intervals are recomputed at once, so that a year of a thousand members needs no second copy of itself.
const BLOCK: usize = 2048;

/// An operator's figures and the readings that they were made of: tables of one row an interval, row by row.
///
/// `None` is a figure that is missing; it is never taken for zero.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures<'a> {
    /// The interval of each row; empty where times are not known, and then findings have only the row's number.
    pub intervals: &'a [Interval],
    /// How many members there are, in the order of their ids.
    pub members: usize,
    /// How many plants there are.
    pub plants: usize,
    /// What each plant generated.
    pub generation: &'a [Option<Energy>],
    /// What each member used.
    pub demand: &'a [Option<Energy>],
    /// What the operator says that each member was given.
    pub allocated: &'a [Option<Energy>],
    /// What the operator says that was left of each plant.
    pub surplus: &'a [Option<Energy>],
}

/// How exact figures must be, and how many findings are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strictness {
    /// How far one cell may be from its recomputation; an interval may be off by this for each of its cells. What is
    /// left of a plant follows from all members' rounded cells, so a file whose intervals add up exactly needs as many
    /// units as there are members.
    pub tolerance: Energy,
    /// How many findings of each kind are listed; the rest are only counted.
    pub most_findings: usize,
}

impl Default for Strictness {
    /// One milliwatt-hour a cell, the sixth decimal that operators publish, and a hundred findings of each kind.
    fn default() -> Self {
        Self { tolerance: Energy::from_mwh(1), most_findings: 100 }
    }
}

/// Checks an operator's figures against what was generated and used, and against the key.
///
/// Three things are asked of each interval, as far as its figures are known: that what was given and what was left is
/// what was generated; that nobody was given more than they used; and that each figure is the key's, in the operator's
/// rounding (each cell half up), within the tolerance. A missing figure is not zero: the interval is then not asked what
/// cannot be known, and `completeness` says so.
///
/// ```
/// use grid_core::{energy::sharing::{Figures, Key, Strictness, reconcile}, quantity::Energy};
/// let kwh = |kwh: i64| Some(Energy::from_mwh(kwh * 1_000_000));
/// let found = reconcile(
///     &Figures {
///         members: 2,
///         plants: 1,
///         generation: &[kwh(9)],
///         demand: &[kwh(2), kwh(4)],
///         allocated: &[kwh(2), kwh(4)],
///         surplus: &[kwh(1)],
///         ..Figures::default()
///     },
///     &Key::Proportional,
///     Strictness::default(),
/// )?;
/// assert_eq!(found.unaccounted_kwh.to_string(), "2 kWh");
/// assert_eq!(found.does_not_add_up.intervals, 1);
/// # Ok::<(), grid_core::energy::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::UnequalLengths`] where the tables do not have their shapes, [`Error::NegativeFlow`] for a generation or a
/// demand below zero, [`Error::SharesDoNotFit`] where a static key has other members, [`Error::Quantity`] where a sum
/// does not fit.
///
/// # References
///
/// `ElWOG` (Austria) §16e, and RD 244/2019 (Spain), Anexo I, point 4: shared and surplus add up to what was generated.
pub fn reconcile(figures: &Figures<'_>, key: &Key, strictness: Strictness) -> Result<Reconciliation, Error> {
    let intervals = figures.shape()?;
    let mut audit = Audit::new(figures, strictness, intervals);
    let mut first = 0;
    while first < intervals {
        let end = first.saturating_add(BLOCK).min(intervals);
        let known: Vec<Row<'_>> = (first..end).map(|interval| figures.row(interval)).collect();
        let complete = || known.iter().filter(|row| row.has_inputs());
        let plants: Vec<Energy> = complete().flat_map(|row| row.generation).copied().flatten().collect();
        let needs: Vec<Energy> = complete().flat_map(|row| row.demand).copied().flatten().collect();
        let rows = complete().count();
        let of = |rounding| {
            let generation = Columns::with_rows(&plants, rows, figures.plants)?;
            share(generation, Columns::with_rows(&needs, rows, figures.members)?, key, rounding)
        };
        let (operator, exact) = (of(CellRounding::Operator)?, of(CellRounding::Exact)?);
        let mut at = 0;
        for row in &known {
            let recomputed = row.has_inputs().then(|| Recomputed {
                allocated: part(&operator.allocated, at, figures.members),
                surplus: part(&operator.surplus, at, figures.plants),
                exact: part(&exact.allocated, at, figures.members),
            });
            at += usize::from(recomputed.is_some());
            audit.take(row, recomputed)?;
        }
        first = end;
    }
    Ok(audit.found)
}

/// A row of a table.
fn part<T>(table: &[T], row: usize, width: usize) -> &[T] {
    let start = row.saturating_mul(width);
    table.get(start..start.saturating_add(width)).unwrap_or_default()
}

impl<'a> Figures<'a> {
    /// How many intervals there are, once all tables have their shapes and no reading is below zero.
    fn shape(&self) -> Result<usize, Error> {
        // A table without columns says nothing about its rows, so the widest one does.
        let by_plant = self.generation.len().checked_div(self.plants);
        let by_member = self.demand.len().checked_div(self.members);
        let intervals = match self.intervals {
            [] => by_plant.or(by_member).unwrap_or(0),
            intervals => intervals.len(),
        };
        for (table, columns) in [
            (self.generation, self.plants),
            (self.demand, self.members),
            (self.allocated, self.members),
            (self.surplus, self.plants),
        ] {
            let expected = intervals.saturating_mul(columns);
            if table.len() != expected {
                return Err(Error::UnequalLengths { expected, intervals, columns, got: table.len() });
            }
        }
        for (table, columns) in [(self.generation, self.plants), (self.demand, self.members)] {
            let negative = |cell: &Option<Energy>| cell.is_some_and(Energy::is_negative);
            if let Some(at) = table.iter().position(negative) {
                let got = table.get(at).copied().flatten().unwrap_or_default();
                return Err(Error::NegativeFlow { interval: at.checked_div(columns).unwrap_or(0), got });
            }
        }
        Ok(intervals)
    }

    fn row(&self, interval: usize) -> Row<'a> {
        Row {
            interval,
            start: self.intervals.get(interval).map(|interval| interval.start()),
            generation: part(self.generation, interval, self.plants),
            demand: part(self.demand, interval, self.members),
            allocated: part(self.allocated, interval, self.members),
            surplus: part(self.surplus, interval, self.plants),
        }
    }
}

/// One interval's figures.
struct Row<'a> {
    interval: usize,
    start: Option<Timestamp>,
    generation: &'a [Option<Energy>],
    demand: &'a [Option<Energy>],
    allocated: &'a [Option<Energy>],
    surplus: &'a [Option<Energy>],
}

/// One interval as the key gives it.
struct Recomputed<'a> {
    allocated: &'a [Energy],
    surplus: &'a [Energy],
    exact: &'a [Energy],
}

/// The sum of a row, where none of it is missing.
fn sum_of(row: &[Option<Energy>]) -> Result<Option<Energy>, Error> {
    if row.iter().any(Option::is_none) {
        return Ok(None);
    }
    Ok(Some(Energy::checked_sum(row.iter().copied().flatten())?))
}

impl Row<'_> {
    /// Whether all that was generated and used is known.
    fn has_inputs(&self) -> bool {
        self.generation.iter().chain(self.demand).all(Option::is_some)
    }

    fn cells(&self) -> impl Iterator<Item = &Option<Energy>> {
        [self.generation, self.demand, self.allocated, self.surplus].into_iter().flatten()
    }
}

/// The first findings of a kind, and how many more there are.
struct Audit {
    strictness: Strictness,
    /// How many findings of each kind are listed so far.
    listed: [usize; 4],
    known: u64,
    cells: u64,
    found: Reconciliation,
}

impl Audit {
    fn new(figures: &Figures<'_>, strictness: Strictness, intervals: usize) -> Self {
        Self {
            strictness,
            listed: [0; 4],
            known: 0,
            cells: 0,
            found: Reconciliation {
                intervals,
                complete: 0,
                generating: 0,
                completeness: Share::WHOLE,
                quality: Quality::Measured,
                generation_kwh: None,
                demand_kwh: None,
                allocated_kwh: None,
                surplus_kwh: None,
                recomputed_allocated_kwh: None,
                exact_allocated_kwh: None,
                unaccounted_kwh: Energy::ZERO,
                overaccounted_kwh: Energy::ZERO,
                does_not_add_up: Tally::default(),
                above_demand: Tally::default(),
                allocation_differs: Tally::default(),
                surplus_differs: Tally::default(),
                members: vec![ReconciledMember::default(); figures.members],
                findings: Vec::new(),
                findings_left_out: 0,
            },
        }
    }

    fn take(&mut self, row: &Row<'_>, recomputed: Option<Recomputed<'_>>) -> Result<(), Error> {
        let known = row.cells().filter(|cell| cell.is_some()).count();
        let cells = row.cells().count();
        self.known += u64::try_from(known).unwrap_or(u64::MAX);
        self.cells += u64::try_from(cells).unwrap_or(u64::MAX);
        if self.cells > 0 {
            self.found.completeness = Share::of(self.known, self.cells);
        }
        if known < cells {
            self.found.quality = Quality::Missing;
        }
        self.adds_up(row)?;
        self.below_demand(row)?;
        if let Some(recomputed) = recomputed {
            self.follows_key(row, &recomputed)?;
            if known == cells {
                self.total(row, &recomputed)?;
            }
        }
        Ok(())
    }

    /// What was given and what was left is what was generated.
    fn adds_up(&mut self, row: &Row<'_>) -> Result<(), Error> {
        let sums = (sum_of(row.generation)?, sum_of(row.allocated)?, sum_of(row.surplus)?);
        let (Some(generation_kwh), Some(allocated_kwh), Some(surplus_kwh)) = sums else { return Ok(()) };
        let unaccounted_kwh = difference(generation_kwh, Energy::checked_sum([allocated_kwh, surplus_kwh])?)?;
        let cells = i64::try_from(row.allocated.len() + row.surplus.len()).unwrap_or(i64::MAX);
        let allowed = self.strictness.tolerance.as_mwh().saturating_mul(cells);
        if unaccounted_kwh.as_mwh().saturating_abs() <= allowed {
            return Ok(());
        }
        count(&mut self.found.does_not_add_up, unaccounted_kwh)?;
        self.found.does_not_add_up.intervals += 1;
        if unaccounted_kwh.is_negative() {
            increase(&mut self.found.overaccounted_kwh, difference(Energy::ZERO, unaccounted_kwh)?)?;
        } else {
            increase(&mut self.found.unaccounted_kwh, unaccounted_kwh)?;
        }
        let Row { interval, start, .. } = *row;
        self.list(
            0,
            Finding::DoesNotAddUp {
                interval,
                start,
                generation_kwh,
                allocated_kwh,
                surplus_kwh,
                unaccounted_kwh,
            },
        );
        Ok(())
    }

    /// Nobody was given more than they used.
    fn below_demand(&mut self, row: &Row<'_>) -> Result<(), Error> {
        let before = self.found.above_demand.cells;
        for (member, cells) in row.allocated.iter().zip(row.demand).enumerate() {
            let (Some(allocated_kwh), Some(demand_kwh)) = cells else { continue };
            let above = difference(*allocated_kwh, *demand_kwh)?;
            if above <= self.strictness.tolerance {
                continue;
            }
            count(&mut self.found.above_demand, above)?;
            if let Some(account) = self.found.members.get_mut(member) {
                increase(&mut account.above_demand_kwh, above)?;
            }
            let (interval, start) = (row.interval, row.start);
            let (demand_kwh, allocated_kwh) = (*demand_kwh, *allocated_kwh);
            self.list(1, Finding::AboveDemand { interval, start, member, demand_kwh, allocated_kwh });
        }
        self.found.above_demand.intervals += usize::from(self.found.above_demand.cells > before);
        Ok(())
    }

    /// Each figure is the key's.
    fn follows_key(&mut self, row: &Row<'_>, recomputed: &Recomputed<'_>) -> Result<(), Error> {
        let (interval, start) = (row.interval, row.start);
        let (members, plants) = (self.found.allocation_differs.cells, self.found.surplus_differs.cells);
        for (member, (published, &recomputed_kwh)) in
            row.allocated.iter().zip(recomputed.allocated).enumerate()
        {
            let Some(published_kwh) = *published else { continue };
            let off = difference(published_kwh, recomputed_kwh)?;
            if off.as_mwh().saturating_abs() > self.strictness.tolerance.as_mwh() {
                count(&mut self.found.allocation_differs, off)?;
                self.list(
                    2,
                    Finding::AllocationDiffers { interval, start, member, published_kwh, recomputed_kwh },
                );
            }
        }
        for (plant, (published, &recomputed_kwh)) in row.surplus.iter().zip(recomputed.surplus).enumerate() {
            let Some(published_kwh) = *published else { continue };
            let off = difference(published_kwh, recomputed_kwh)?;
            if off.as_mwh().saturating_abs() > self.strictness.tolerance.as_mwh() {
                count(&mut self.found.surplus_differs, off)?;
                self.list(
                    3,
                    Finding::SurplusDiffers { interval, start, plant, published_kwh, recomputed_kwh },
                );
            }
        }
        self.found.allocation_differs.intervals += usize::from(self.found.allocation_differs.cells > members);
        self.found.surplus_differs.intervals += usize::from(self.found.surplus_differs.cells > plants);
        Ok(())
    }

    fn total(&mut self, row: &Row<'_>, recomputed: &Recomputed<'_>) -> Result<(), Error> {
        let found = &mut self.found;
        found.complete += 1;
        let generation = sum_of(row.generation)?.unwrap_or_default();
        found.generating += usize::from(generation > Energy::ZERO);
        for (sum, more) in [
            (&mut found.generation_kwh, generation),
            (&mut found.demand_kwh, sum_of(row.demand)?.unwrap_or_default()),
            (&mut found.allocated_kwh, sum_of(row.allocated)?.unwrap_or_default()),
            (&mut found.surplus_kwh, sum_of(row.surplus)?.unwrap_or_default()),
            (&mut found.recomputed_allocated_kwh, Energy::checked_sum(recomputed.allocated.iter().copied())?),
            (&mut found.exact_allocated_kwh, Energy::checked_sum(recomputed.exact.iter().copied())?),
        ] {
            increase(sum.get_or_insert_default(), more)?;
        }
        let figures = row.allocated.iter().zip(recomputed.allocated).zip(recomputed.exact);
        for (account, ((published, operator), exact)) in found.members.iter_mut().zip(figures) {
            increase(&mut account.allocated_kwh, published.unwrap_or_default())?;
            increase(&mut account.recomputed_kwh, *operator)?;
            increase(&mut account.exact_kwh, *exact)?;
        }
        Ok(())
    }

    fn list(&mut self, kind: usize, finding: Finding) {
        let listed = self.listed.get_mut(kind).filter(|listed| **listed < self.strictness.most_findings);
        match listed {
            Some(listed) => {
                *listed += 1;
                self.found.findings.push(finding);
            }
            None => self.found.findings_left_out += 1,
        }
    }
}

fn increase(sum: &mut Energy, more: Energy) -> Result<(), Error> {
    *sum = Energy::checked_sum([*sum, more])?;
    Ok(())
}

fn difference(from: Energy, what: Energy) -> Result<Energy, Error> {
    let out_of_range = crate::quantity::Error::OutOfRange { quantity: "energy", unit: "milliwatt-hours" };
    from.as_mwh().checked_sub(what.as_mwh()).map(Energy::from_mwh).ok_or(Error::Quantity(out_of_range))
}

fn count(tally: &mut Tally, off: Energy) -> Result<(), Error> {
    tally.cells += 1;
    increase(&mut tally.off_by_kwh, Energy::from_mwh(off.as_mwh().saturating_abs()))
}

#[cfg(test)]
mod tests;
