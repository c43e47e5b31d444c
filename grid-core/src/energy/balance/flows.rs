//! What every member did in every slot, and how the members' surpluses were shared.

use std::{borrow::Cow, ops::Range};

use jiff::Timestamp;
use rayon::prelude::*;

use super::{
    Account,
    account::{MemberSlot, MemberSlots},
};
use crate::{
    energy::{
        Error,
        sharing::{CellRounding, Columns, Key, PreparedKey},
    },
    quantity::Energy,
    time::{Calendar, Interval, Resolution},
};

/// The most slots of all registers together: a year of quarter-hours of a thousand registers.
const MOST_CELLS: usize = 36_000_000;

/// To whom belongs what a member was offered and did not use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Offered {
    /// To the plant: a member has what it used, and no more.
    #[default]
    OnlyWhatIsUsed,
    /// To the member: the plants' production is divided before anybody's need is looked at.
    All,
}

/// The slots of all members of a community, before anything is shared.
pub(crate) struct Ground<'a> {
    /// The accounts, by member id; those without any register that counts in the slots are left out.
    pub(crate) accounts: Vec<&'a Account>,
    /// The slots.
    pub(crate) intervals: Vec<Interval>,
    /// What the registers of each account say.
    pub(crate) members: Vec<MemberSlots>,
    surplus: Vec<Energy>,
    residual: Vec<Energy>,
}

/// What each account got of the others' surplus.
///
/// The tables have a row a slot and a column an account, row by row.
pub(crate) struct Shares {
    /// What each account got of the surpluses, and used.
    pub(crate) received: Vec<Energy>,
    /// What of the surpluses was given to each account, and not used; empty where that is the plant's.
    pub(crate) unused: Vec<Energy>,
    /// What was left of each account's surplus.
    pub(crate) left: Vec<Energy>,
}

impl<'a> Ground<'a> {
    /// Lays the registers of the accounts onto the slots that `interval` touches. Without a `resolution`, the
    /// [`typical_resolution`](super::typical_resolution) of the readings is taken.
    pub(crate) fn new(
        calendar: &Calendar,
        interval: Interval,
        resolution: Option<Resolution>,
        accounts: &'a [Account],
    ) -> Result<(Self, Resolution), Error> {
        let resolution = resolution.unwrap_or_else(|| {
            let registers = accounts.iter().flat_map(|account| &account.registers);
            super::typical_resolution(registers.map(|register| register.readings.as_slice()))
        });
        let intervals = calendar.slots(interval, resolution)?;
        let whole = Interval::new(
            intervals.first().map_or(interval.start(), |slot| slot.start()),
            intervals.last().map_or(interval.end(), |slot| slot.end()),
        )?;
        let counts =
            |account: &&Account| account.registers.iter().any(|register| register.terms.overlaps(whole));
        let mut accounts: Vec<&Account> = accounts.iter().filter(counts).collect();
        accounts.sort_by_key(|account| account.member);
        let registers: usize = accounts.iter().map(|account| account.registers.len()).sum();
        let cells = intervals.len().saturating_mul(registers);
        if cells > MOST_CELLS {
            let slots = u64::try_from(cells).unwrap_or(u64::MAX);
            let resolution = format!("{resolution} over {registers} registers");
            return Err(crate::time::Error::TooManySlots { most: MOST_CELLS, slots, resolution }.into());
        }
        let members: Vec<MemberSlots> = accounts
            .par_iter()
            .map(|account| account.slots(calendar, interval, resolution))
            .collect::<Result<_, _>>()?;
        let rows = intervals.len();
        let surplus = table(&members, rows, |member| member.flow.surplus);
        let residual = table(&members, rows, |member| member.flow.residual);
        Ok((Self { accounts, intervals, members, surplus, residual }, resolution))
    }

    /// Shares slot by slot: each by the last of the `keys` that began by its start, and in proportion to demand before
    /// the first. Only accounts whose registers are all known in a slot take part in it; one of which no register counts
    /// then is not there at all, as far as the key is concerned.
    pub(crate) fn share(
        &self,
        keys: &[(Timestamp, Key)],
        offered: Offered,
        rounding: CellRounding,
    ) -> Result<Shares, Error> {
        let mut keys: Vec<(Timestamp, &Key)> = keys.iter().map(|(from, key)| (*from, key)).collect();
        keys.sort_by_key(|(from, _)| *from);
        let cells = self.surplus.len();
        let mut shares = Shares {
            received: vec![Energy::ZERO; cells],
            unused: match offered {
                Offered::OnlyWhatIsUsed => Vec::new(),
                Offered::All => vec![Energy::ZERO; cells],
            },
            left: vec![Energy::ZERO; cells],
        };
        let everybody: Vec<usize> = (0..self.members.len()).collect();
        // Mostly everybody takes part all the time, and nothing has to be looked at slot by slot.
        let hull = self.intervals.first().zip(self.intervals.last());
        let hull = hull.and_then(|(first, last)| Interval::new(first.start(), last.end()).ok());
        let stays = |account: &&Account| {
            account.registers.iter().any(|register| hull.is_some_and(|hull| register.terms.cover(hull)))
        };
        let whole = self.accounts.iter().all(stays);
        let there = |row: usize| {
            if whole { everybody.clone() } else { self.there(row) }
        };
        let plan_of = |slot: &Interval| keys.iter().rposition(|(from, _)| *from <= slot.start());
        let mut first = 0;
        while let Some(slot) = self.intervals.get(first) {
            let (plan, columns) = (plan_of(slot), there(first));
            let same = |row: &usize| {
                self.intervals.get(*row).is_some_and(|slot| plan_of(slot) == plan)
                    && (whole || self.there(*row) == columns)
            };
            let last = (first + 1..self.intervals.len()).take_while(same).last().unwrap_or(first);
            let rows = first..last + 1;
            first = rows.end;
            let key = plan.and_then(|at| keys.get(at)).map_or(&Key::Proportional, |(_, key)| key);
            let ids: Vec<String> = columns
                .iter()
                .filter_map(|&at| self.accounts.get(at))
                .map(|account| account.member.to_string())
                .collect();
            self.share_run(&mut shares, rows, &columns, &key.for_members(&ids)?, (offered, rounding))?;
        }
        Ok(shares)
    }

    /// The columns of those who take part in a slot, or would if all were known.
    fn there(&self, row: usize) -> Vec<usize> {
        let there = |member: &MemberSlots| {
            member.slots.get(row).is_none_or(|slot| slot.is_none_or(|slot| slot.takes_part))
        };
        self.members.iter().enumerate().filter(|(_, member)| there(member)).map(|(at, _)| at).collect()
    }

    /// Shares the slots of one key among some of the columns.
    fn share_run(
        &self,
        shares: &mut Shares,
        rows: Range<usize>,
        columns: &[usize],
        key: &PreparedKey,
        (offered, rounding): (Offered, CellRounding),
    ) -> Result<(), Error> {
        let (all, width) = (self.members.len(), columns.len());
        let cells = rows.start * all..rows.end * all;
        let [surplus, residual] = [&self.surplus, &self.residual]
            .map(|table| picked(table.get(cells.clone()).unwrap_or_default(), all, columns));
        let generation = Columns::with_rows(&surplus, rows.len(), width)?;
        let shared = match offered {
            Offered::OnlyWhatIsUsed => {
                key.share(generation, Columns::with_rows(&residual, rows.len(), width)?, rounding)?
            }
            Offered::All => {
                // Whatever is offered is taken; who is not known in a slot takes nothing, or it would be in nobody's bill.
                let mut demand = Vec::with_capacity(surplus.len());
                for (at, made) in rows.clone().zip(rows_of(&surplus, width)) {
                    let all = Energy::checked_sum(made.iter().copied())?;
                    let is_known = |column: &usize| {
                        self.members
                            .get(*column)
                            .and_then(|member| member.slots.get(at))
                            .is_some_and(Option::is_some)
                    };
                    demand.extend(
                        columns.iter().map(|column| if is_known(column) { all } else { Energy::ZERO }),
                    );
                }
                key.share(generation, Columns::with_rows(&demand, rows.len(), width)?, rounding)?
            }
        };
        let received: Vec<Energy> =
            shared.allocated.iter().zip(&*residual).map(|(offer, need)| *offer.min(need)).collect();
        if offered == Offered::All {
            let unused: Vec<Energy> =
                shared.allocated.iter().zip(&received).map(|(offer, used)| *offer - *used).collect();
            put(&mut shares.unused, cells.clone(), all, columns, &unused);
        }
        put(&mut shares.received, cells.clone(), all, columns, &received);
        put(&mut shares.left, cells, all, columns, &shared.surplus);
        Ok(())
    }
}

/// Puts a table of some columns into the rows of the whole one: the other way round of [`picked`].
fn put(table: &mut [Energy], cells: Range<usize>, width: usize, columns: &[usize], part: &[Energy]) {
    let Some(target) = table.get_mut(cells) else { return };
    if columns.len() == width {
        target.copy_from_slice(part);
        return;
    }
    for (row, values) in target.chunks_exact_mut(width.max(1)).zip(rows_of(part, columns.len())) {
        for (&column, &value) in columns.iter().zip(values) {
            if let Some(cell) = row.get_mut(column) {
                *cell = value;
            }
        }
    }
}

/// Some of a table's columns as a table; the table itself where these are all.
fn picked<'t>(table: &'t [Energy], width: usize, columns: &[usize]) -> Cow<'t, [Energy]> {
    if columns.len() == width {
        return Cow::Borrowed(table);
    }
    let cell = |row: &[Energy], column: usize| row.get(column).copied().unwrap_or_default();
    rows_of(table, width).flat_map(|row| columns.iter().map(|&column| cell(row, column))).collect()
}

/// One value of every account's slots as a table; zero where the slot is not known.
fn table(members: &[MemberSlots], rows: usize, of: fn(&MemberSlot) -> Energy) -> Vec<Energy> {
    let width = members.len();
    let mut table = vec![Energy::ZERO; rows * width];
    if width > 0 {
        table.par_chunks_mut(width).enumerate().for_each(|(at, row)| {
            for (cell, member) in row.iter_mut().zip(members) {
                *cell = member.slots.get(at).copied().flatten().map_or(Energy::ZERO, |slot| of(&slot));
            }
        });
    }
    table
}

/// The rows of a table; none where it has no columns.
pub(crate) fn rows_of(table: &[Energy], width: usize) -> impl Iterator<Item = &[Energy]> {
    table.chunks_exact(width.max(1))
}
