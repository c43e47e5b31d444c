//! What every member did in every slot, and how the members' surpluses were shared.

use std::ops::Range;

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
    /// The accounts, by member id; those without any register are left out.
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
        let mut accounts: Vec<&Account> =
            accounts.iter().filter(|account| !account.readings.is_empty()).collect();
        accounts.sort_by_key(|account| account.member);
        let resolution = resolution.unwrap_or_else(|| {
            super::typical_resolution(
                accounts.iter().flat_map(|account| account.readings.iter().map(|(_, r)| r.as_slice())),
            )
        });
        let intervals = calendar.slots(interval, resolution)?;
        let registers: usize = accounts.iter().map(|account| account.readings.len()).sum();
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
    /// the first. Only accounts whose registers are all known in a slot take part in it.
    pub(crate) fn share(
        &self,
        keys: &[(Timestamp, Key)],
        offered: Offered,
        rounding: CellRounding,
    ) -> Result<Shares, Error> {
        let ids: Vec<String> = self.accounts.iter().map(|account| account.member.to_string()).collect();
        let mut plans = keys
            .iter()
            .map(|(from, key)| Ok((*from, key.for_members(&ids)?)))
            .collect::<Result<Vec<(Timestamp, PreparedKey)>, Error>>()?;
        plans.sort_by_key(|(from, _)| *from);
        let before = Key::Proportional.for_members(&ids)?;
        let cells = self.surplus.len();
        let mut shares = Shares {
            received: vec![Energy::ZERO; cells],
            unused: match offered {
                Offered::OnlyWhatIsUsed => Vec::new(),
                Offered::All => vec![Energy::ZERO; cells],
            },
            left: Vec::with_capacity(cells),
        };
        let plan_of = |slot: &Interval| {
            plans.iter().rposition(|(from, _)| *from <= slot.start()).map_or(0, |position| position + 1)
        };
        let chosen: Vec<usize> = self.intervals.iter().map(plan_of).collect();
        let mut first = 0;
        for run in chosen.chunk_by(|a, b| a == b) {
            let rows = first..first + run.len();
            first = rows.end;
            let plan = run.first().and_then(|&at| plans.get(at.checked_sub(1)?));
            let key = plan.map_or(&before, |(_, key)| key);
            self.share_run(&mut shares, rows, key, offered, rounding)?;
        }
        Ok(shares)
    }

    /// Shares the slots of one key.
    fn share_run(
        &self,
        shares: &mut Shares,
        rows: Range<usize>,
        key: &PreparedKey,
        offered: Offered,
        rounding: CellRounding,
    ) -> Result<(), Error> {
        let width = self.members.len();
        let cells = rows.start * width..rows.end * width;
        let surplus = self.surplus.get(cells.clone()).unwrap_or_default();
        let residual = self.residual.get(cells.clone()).unwrap_or_default();
        let received = shares.received.get_mut(cells.clone()).unwrap_or_default();
        let unused = shares.unused.get_mut(cells).unwrap_or_default();
        let generation = Columns::with_rows(surplus, rows.len(), width)?;
        let shared = match offered {
            Offered::OnlyWhatIsUsed => {
                key.share(generation, Columns::with_rows(residual, rows.len(), width)?, rounding)?
            }
            Offered::All => {
                // Whatever is offered is taken; who is not known in a slot takes nothing, or it would be in nobody's bill.
                let mut demand = Vec::with_capacity(surplus.len());
                for (at, made) in rows.clone().zip(rows_of(surplus, width)) {
                    let all = Energy::checked_sum(made.iter().copied())?;
                    let is_known = |member: &MemberSlots| member.slots.get(at).copied().flatten().is_some();
                    let takes = |member| if is_known(member) { all } else { Energy::ZERO };
                    demand.extend(self.members.iter().map(takes));
                }
                key.share(generation, Columns::with_rows(&demand, rows.len(), width)?, rounding)?
            }
        };
        for ((received, offer), need) in received.iter_mut().zip(&shared.allocated).zip(residual) {
            *received = *offer.min(need);
        }
        for ((unused, offer), used) in unused.iter_mut().zip(&shared.allocated).zip(&*received) {
            *unused = *offer - *used;
        }
        shares.left.extend(shared.surplus);
        Ok(())
    }
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
