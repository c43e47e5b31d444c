//! Doing the intervals of a table, on all cores.

use rayon::prelude::*;

use super::{
    CellRounding, Columns, Shared,
    split::{Splitter, Weight, sum_of},
};
use crate::{energy::Error, quantity::Energy};

/// So many cells are one task: enough that handing it out costs nothing, few enough that all cores have some.
const CELLS_A_TASK: usize = 1 << 15;

/// What decides an interval.
pub(super) trait Rule: Sync {
    /// Writes what each member gets in an interval, and what is left of each plant.
    fn decide(&self, row: Row<'_>, room: &mut Room) -> Result<(), Error>;
}

/// One interval: what was generated and needed, and where the decision goes.
pub(super) struct Row<'a> {
    pub(super) number: usize,
    pub(super) rounding: CellRounding,
    pub(super) produced: &'a [Energy],
    pub(super) needed: &'a [Energy],
    pub(super) allocated: &'a mut [i64],
    pub(super) surplus: &'a mut [i64],
}

/// Room for what is only needed during an interval, kept from one to the next.
#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) splitter: Splitter,
    pub(super) energies: Vec<Energy>,
    pub(super) seats: Vec<i64>,
    pub(super) needs: Vec<Energy>,
    pub(super) parts: Vec<i64>,
    pub(super) group_needs: Vec<Energy>,
    pub(super) group_parts: Vec<i64>,
}

/// Decides all intervals. Each is decided for itself, so that the number of threads changes nothing.
pub(super) fn decide_all(
    generation: Columns<'_>,
    demand: Columns<'_>,
    rounding: CellRounding,
    rule: &impl Rule,
) -> Result<Shared, Error> {
    let mut shared = Shared::default();
    decide_all_into(generation, demand, rounding, rule, &mut shared)?;
    Ok(shared)
}

/// Decides all intervals, in the room that an earlier answer has; on an error that is left empty.
pub(super) fn decide_all_into(
    generation: Columns<'_>,
    demand: Columns<'_>,
    rounding: CellRounding,
    rule: &impl Rule,
    shared: &mut Shared,
) -> Result<(), Error> {
    let Shared { allocated, surplus } = std::mem::take(shared);
    if generation.intervals() != demand.intervals() {
        return Err(Error::UnequalLengths {
            expected: demand.intervals().saturating_mul(generation.columns()),
            intervals: demand.intervals(),
            columns: generation.columns(),
            got: generation.values().len(),
        });
    }
    let (plants, members) = (generation.columns(), demand.columns());
    if plants == 0 || members == 0 {
        // Nothing to share, or nobody to share with.
        *shared = Shared {
            allocated: vec![Energy::ZERO; demand.values().len()],
            surplus: generation.values().to_vec(),
        };
        return Ok(());
    }
    let mut allocated = room_for(demand.values().len(), allocated);
    let mut surplus = room_for(generation.values().len(), surplus);
    let rows = (CELLS_A_TASK / members.max(plants)).max(1);
    let decide = |room: &mut Room, (task, (allocated, surplus)): (usize, (&mut [i64], &mut [i64]))| {
        let first = task.saturating_mul(rows);
        let parts = allocated.chunks_mut(members).zip(surplus.chunks_mut(plants));
        for (at, (allocated, surplus)) in parts.enumerate() {
            let number = first.saturating_add(at);
            let (produced, needed) = (generation.row(number), demand.row(number));
            rule.decide(Row { number, rounding, produced, needed, allocated, surplus }, room)?;
        }
        Ok::<(), Error>(())
    };
    if demand.intervals() <= rows {
        decide(&mut Room::default(), (0, (&mut allocated, &mut surplus)))?;
    } else {
        allocated
            .par_chunks_mut(rows.saturating_mul(members))
            .zip(surplus.par_chunks_mut(rows.saturating_mul(plants)))
            .enumerate()
            .try_for_each_init(Room::default, decide)?;
    }
    // Both are collected in place.
    let energies = |cells: Vec<i64>| cells.into_iter().map(Energy::from_mwh).collect();
    *shared = Shared { allocated: energies(allocated), surplus: energies(surplus) };
    Ok(())
}

/// Room for so many cells, in what an earlier answer took if that holds them; what is in it is of no account, for a rule
/// writes every cell.
fn room_for(cells: usize, earlier: Vec<Energy>) -> Vec<i64> {
    if earlier.capacity() < cells {
        drop(earlier);
        // Plain zeros come from the system without being written.
        return vec![0; cells];
    }
    // Collected in place.
    let mut room: Vec<i64> = earlier.into_iter().map(Energy::as_mwh).collect();
    room.resize(cells, 0);
    room
}

/// Splits by weights that add up to `sum`, rounded as told.
pub(super) fn split<W: Weight>(
    total: i64,
    weights: &[W],
    sum: i64,
    rounding: CellRounding,
    splitter: &mut Splitter,
    parts: &mut [i64],
) -> Result<(), Error> {
    match rounding {
        CellRounding::Exact => splitter.exact(total, weights, sum, parts),
        CellRounding::Operator => {
            splitter.each_half_up(total, weights, sum, parts);
            Ok(())
        }
    }
}

/// Offers parts by weights, lets nobody take more than they need, and tells what was taken.
pub(super) fn offer<W: Weight>(
    total: i64,
    (weights, sum): (&[W], i64),
    needed: &[Energy],
    rounding: CellRounding,
    splitter: &mut Splitter,
    parts: &mut [i64],
) -> Result<i64, Error> {
    split(total, weights, sum, rounding, splitter, parts)?;
    let mut taken = 0_i64;
    for (part, need) in parts.iter_mut().zip(needed) {
        *part = (*part).min(need.as_mwh());
        taken = taken.wrapping_add(*part);
    }
    match rounding {
        // At most the total, and so it has not run over.
        CellRounding::Exact => Ok(taken),
        CellRounding::Operator => sum_of(parts),
    }
}

/// Hands out in proportion to need, and tells what was taken: the lesser of `total` and what is needed.
pub(super) fn follow(
    total: i64,
    needed: &[Energy],
    rounding: CellRounding,
    splitter: &mut Splitter,
    parts: &mut [i64],
) -> Result<i64, Error> {
    let sum = sum_of(needed)?;
    if sum <= total {
        // Everybody's need is met, so there is nothing to divide.
        for (part, need) in parts.iter_mut().zip(needed) {
            *part = need.as_mwh();
        }
        return Ok(sum);
    }
    // A part of less than one whole of a need, rounded either way, is at most the need.
    split(total, needed, sum, rounding, splitter, parts)?;
    match rounding {
        CellRounding::Exact => Ok(total),
        CellRounding::Operator => sum_of(parts),
    }
}

/// Attributes what was not `taken` to the plants, in proportion to what they produced.
///
/// Rounded cell by cell, the members may take a few milliwatt-hours more than there were; a plant then has nothing left,
/// not less than nothing.
pub(super) fn leave(
    produced: &[Energy],
    production: i64,
    taken: i64,
    rounding: CellRounding,
    splitter: &mut Splitter,
    surplus: &mut [i64],
) -> Result<(), Error> {
    if taken == 0 {
        for (left, made) in surplus.iter_mut().zip(produced) {
            *left = made.as_mwh();
        }
        return Ok(());
    }
    match rounding {
        CellRounding::Exact => splitter.exact(production - taken, produced, production, surplus),
        CellRounding::Operator => {
            splitter.each_half_up(taken, produced, production, surplus);
            for (left, made) in surplus.iter_mut().zip(produced) {
                *left = (made.as_mwh() - *left).max(0);
            }
            Ok(())
        }
    }
}
