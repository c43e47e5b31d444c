//! The balance of a community over a period.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::{
    Account,
    account::{MemberSlot, MemberSlots},
    arrays::part,
    flows::{Ground, Offered, Shares},
};
use crate::{
    energy::{
        Error, Reading,
        sharing::{CellRounding, Key},
    },
    quantity::{Energy, Share},
    series::Quality,
    time::{Calendar, Interval, Resolution},
};

/// What a community consumed, generated and shared in a period.
///
/// An energy is `None` (JSON `null`) where nothing at all is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Balance {
    /// The first instant of the first slot.
    #[serde(serialize_with = "as_text")]
    pub start: Timestamp,
    /// The first instant after the last slot.
    #[serde(serialize_with = "as_text")]
    pub end: Timestamp,
    /// The length of the slots in which generation was set against consumption.
    #[serde(serialize_with = "as_text")]
    pub resolution: Resolution,
    /// What the loads used.
    pub consumption_kwh: Option<Energy>,
    /// What was generated.
    pub generation_kwh: Option<Energy>,
    /// What was put into batteries.
    pub charge_kwh: Option<Energy>,
    /// What was taken out of batteries.
    pub discharge_kwh: Option<Energy>,
    /// Supply that members used on the spot, each behind their own connection point.
    pub self_consumed_kwh: Option<Energy>,
    /// Surplus of some members that others used in the same slot.
    pub shared_kwh: Option<Energy>,
    /// What came from outside the community.
    pub import_kwh: Option<Energy>,
    /// What went outside the community.
    pub export_kwh: Option<Energy>,
    /// The part of the generation that stayed in the community; `None` without generation.
    pub self_consumption: Option<Share>,
    /// The part of the consumption that the community met itself; `None` without consumption.
    pub self_sufficiency: Option<Share>,
    /// The part of the members' slots in which all their registers are known.
    pub completeness: Share,
    /// The worst quality of any reading.
    pub quality: Quality,
    /// The same for each member, by member id.
    pub members: Vec<MemberBalance>,
    /// The same for each slot, summed over the members.
    #[serde(skip)]
    pub slots: Vec<SlotBalance>,
}

/// One member's part of a [`Balance`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemberBalance {
    /// The member's id.
    pub member_id: Uuid,
    /// What people call the member.
    pub name: String,
    /// What the member's loads used.
    pub consumption_kwh: Option<Energy>,
    /// What the member generated.
    pub generation_kwh: Option<Energy>,
    /// What the member put into batteries.
    pub charge_kwh: Option<Energy>,
    /// What the member took out of batteries.
    pub discharge_kwh: Option<Energy>,
    /// Supply that the member used on the spot.
    pub self_consumed_kwh: Option<Energy>,
    /// Other members' surplus that this member used.
    pub received_kwh: Option<Energy>,
    /// The member's surplus that others used.
    pub given_kwh: Option<Energy>,
    /// What the member took from outside the community.
    pub import_kwh: Option<Energy>,
    /// What the member sent outside the community.
    pub export_kwh: Option<Energy>,
    /// The part of the slots in which all the member's registers are known.
    pub completeness: Share,
    /// The worst quality of any of the member's readings.
    pub quality: Quality,
}

/// One slot of a [`Balance`], summed over the members that are known in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotBalance {
    /// When.
    pub interval: Interval,
    /// The sums; `None` where no member is known.
    pub sums: Option<Sums>,
    /// The worst quality of any member's readings in the slot; missing where any member is not known.
    pub quality: Quality,
    /// The part of the members that is known.
    pub completeness: Share,
}

/// The energies of a balance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// What the loads used.
    pub consumption: Energy,
    /// What was generated.
    pub generation: Energy,
    /// What was put into batteries.
    pub charge: Energy,
    /// What was taken out of batteries.
    pub discharge: Energy,
    /// Supply used on the spot.
    pub own: Energy,
    /// Surplus used by another member.
    pub given: Energy,
    /// Other members' surplus used.
    pub received: Energy,
    /// From outside the community.
    pub import: Energy,
    /// To outside the community.
    pub export: Energy,
}

/// Balances the accounts of a community over the slots that `interval` touches, sharing by one key.
///
/// Behind each connection point, what is generated and used in the same slot is own use. The members' surpluses are
/// then shared among the members' residual demands as `key` says; only members whose registers are all known in a
/// slot take part in it. A member whom a static key does not name has no share; one without registers gets nothing of
/// theirs, and it is surplus ([`Key::for_members`]). Without a `resolution`, the [`typical_resolution`] of the readings is taken: sharing by
/// coarser slots makes the shared energy look larger than it was.
///
/// `accounts` must come with the readings of the whole slots at both ends, and are taken by member id.
///
/// # Errors
///
/// [`Error::Time`] where the slots, or the slots of all registers together, would be too many, [`Error::MemberTwice`]
/// where a member has two accounts, [`Error::Quantity`] where a sum does not fit.
///
/// # References
///
/// RD 244/2019 (Spain), Anexo I, own use; DM MASE 414/2023 (Italy), art. 2: shared energy is the lesser of what
/// members feed in and take out in the same hour. Luthander et al. (2015) for the two rates.
pub fn community(
    calendar: &Calendar,
    interval: Interval,
    resolution: Option<Resolution>,
    accounts: &[Account],
    key: &Key,
) -> Result<Balance, Error> {
    community_by_keys(calendar, interval, resolution, accounts, &[(Timestamp::MIN, key.clone())])
}

/// Balances like [`community`], by keys that begin at instants: a slot is shared by the last key that began by its
/// start, and in proportion to demand before the first.
///
/// # Errors
///
/// Those of [`community`].
pub fn community_by_keys(
    calendar: &Calendar,
    interval: Interval,
    resolution: Option<Resolution>,
    accounts: &[Account],
    keys: &[(Timestamp, Key)],
) -> Result<Balance, Error> {
    let (ground, resolution) = Ground::new(calendar, interval, resolution, accounts)?;
    let Shares { received, left, .. } = ground.share(keys, Offered::OnlyWhatIsUsed, CellRounding::Exact)?;
    let Ground { accounts, intervals, members, .. } = ground;

    let mut by_member = vec![Sums::default(); accounts.len()];
    let mut known_slots = vec![0_u64; accounts.len()];
    let mut slots = Vec::with_capacity(intervals.len());
    for (at, &slot) in intervals.iter().enumerate() {
        let now = |member: &MemberSlots| member.slots.get(at).copied().flatten();
        let row = at * members.len()..(at + 1) * members.len();
        let received = received.get(row.clone()).unwrap_or_default();
        let left = left.get(row).unwrap_or_default();
        let mut sums = Sums::default();
        let mut known = 0_usize;
        let mut quality = Quality::Measured;
        let parts = members.iter().zip(received).zip(left);
        for (((member, &received), &left), (total, slots)) in
            parts.zip(by_member.iter_mut().zip(&mut known_slots))
        {
            quality = quality.worst(member.qualities.get(at).copied().unwrap_or(Quality::Missing));
            let Some(member) = now(member) else { continue };
            let part = Sums::of(&member, received, left);
            total.add(&part)?;
            sums.add(&part)?;
            known += 1;
            *slots += 1;
        }
        slots.push(SlotBalance {
            interval: slot,
            sums: (known > 0).then_some(sums),
            quality: if members.is_empty() { Quality::Missing } else { quality },
            completeness: Share::of(number(known), number(members.len())),
        });
    }

    let mut total = Sums::default();
    for sums in &by_member {
        total.add(sums)?;
    }
    let all_slots = number(intervals.len());
    let known: u64 = known_slots.iter().sum();
    let energy = |energy: Energy| (known > 0).then_some(energy);
    let quality = members.iter().fold(Quality::Measured, |worst, member| worst.worst(member.quality));
    Ok(Balance {
        start: intervals.first().map_or(interval.start(), |slot| slot.start()),
        end: intervals.last().map_or(interval.end(), |slot| slot.end()),
        resolution,
        consumption_kwh: energy(total.consumption),
        generation_kwh: energy(total.generation),
        charge_kwh: energy(total.charge),
        discharge_kwh: energy(total.discharge),
        self_consumed_kwh: energy(total.own),
        shared_kwh: energy(total.received),
        import_kwh: energy(total.import),
        export_kwh: energy(total.export),
        self_consumption: part(total.generation - total.export, total.generation),
        self_sufficiency: part(total.consumption - total.import, total.consumption),
        completeness: Share::of(known, all_slots.saturating_mul(number(members.len()))),
        quality: if known > 0 { quality } else { Quality::Missing },
        members: accounts
            .iter()
            .zip(&members)
            .zip(by_member.iter().zip(&known_slots))
            .map(|((account, member), (sums, &known))| {
                member_balance(account, member, sums, known, all_slots)
            })
            .collect(),
        slots,
    })
}

/// What one member did in each slot that `interval` touches, while the community shared by the keys: the slots of
/// [`community_by_keys`] for that member alone. Empty where the member has no registers.
///
/// # Errors
///
/// Those of [`community`].
pub fn member_slots(
    calendar: &Calendar,
    interval: Interval,
    resolution: Option<Resolution>,
    accounts: &[Account],
    keys: &[(Timestamp, Key)],
    member: Uuid,
) -> Result<Vec<SlotBalance>, Error> {
    let (ground, _) = Ground::new(calendar, interval, resolution, accounts)?;
    let Some(at) = ground.accounts.iter().position(|account| account.member == member) else {
        return Ok(Vec::new());
    };
    let Some(slots) = ground.members.get(at) else { return Ok(Vec::new()) };
    let Shares { received, left, .. } = ground.share(keys, Offered::OnlyWhatIsUsed, CellRounding::Exact)?;
    let width = ground.members.len();
    let cell = |table: &[Energy], row: usize| table.get(row * width + at).copied().unwrap_or(Energy::ZERO);
    let rows = ground.intervals.iter().zip(&slots.slots).zip(&slots.qualities).enumerate();
    Ok(rows
        .map(|(row, ((&interval, slot), &quality))| SlotBalance {
            interval,
            sums: slot.as_ref().map(|slot| Sums::of(slot, cell(&received, row), cell(&left, row))),
            quality,
            completeness: if slot.is_some() { Share::WHOLE } else { Share::NONE },
        })
        .collect())
}

/// The coarsest of the registers' most common reading lengths, at most an hour; an hour without readings.
///
/// ```
/// use grid_core::{energy::balance::typical_resolution, time::Resolution};
/// assert_eq!(typical_resolution([]), Resolution::HOUR);
/// ```
pub fn typical_resolution<'a>(registers: impl IntoIterator<Item = &'a [Reading]>) -> Resolution {
    let typical = registers.into_iter().filter_map(|readings| {
        let mut lengths: Vec<u64> =
            readings.iter().map(|reading| reading.interval().duration().as_secs()).collect();
        lengths.sort_unstable();
        lengths.chunk_by(|a, b| a == b).max_by_key(|run| run.len()).and_then(|run| run.first().copied())
    });
    let seconds = typical.max().unwrap_or(3600).clamp(1, 3600);
    u32::try_from(seconds).map_or(Resolution::HOUR, Resolution::Seconds)
}

fn member_balance(
    account: &Account,
    member: &MemberSlots,
    sums: &Sums,
    known: u64,
    all_slots: u64,
) -> MemberBalance {
    let energy = |energy: Energy| (known > 0).then_some(energy);
    MemberBalance {
        member_id: account.member,
        name: account.name.to_string(),
        consumption_kwh: energy(sums.consumption),
        generation_kwh: energy(sums.generation),
        charge_kwh: energy(sums.charge),
        discharge_kwh: energy(sums.discharge),
        self_consumed_kwh: energy(sums.own),
        received_kwh: energy(sums.received),
        given_kwh: energy(sums.given),
        import_kwh: energy(sums.import),
        export_kwh: energy(sums.export),
        completeness: Share::of(known, all_slots),
        quality: member.quality,
    }
}

impl Sums {
    /// What one member did in a slot in which it received so much, and so much of its surplus was left.
    fn of(member: &MemberSlot, received: Energy, left: Energy) -> Self {
        Self {
            consumption: member.consumption,
            generation: member.generation,
            charge: member.charge,
            discharge: member.discharge,
            own: member.flow.own,
            given: member.flow.surplus - left,
            received,
            import: member.flow.residual - received,
            export: left,
        }
    }

    fn add(&mut self, other: &Self) -> Result<(), Error> {
        let pairs = [
            (&mut self.consumption, other.consumption),
            (&mut self.generation, other.generation),
            (&mut self.charge, other.charge),
            (&mut self.discharge, other.discharge),
            (&mut self.own, other.own),
            (&mut self.given, other.given),
            (&mut self.received, other.received),
            (&mut self.import, other.import),
            (&mut self.export, other.export),
        ];
        for (sum, part) in pairs {
            *sum = Energy::checked_sum([*sum, part])?;
        }
        Ok(())
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn as_text<T: std::fmt::Display, S: serde::Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
