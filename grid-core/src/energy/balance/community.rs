//! The balance of a community over a period.

use serde::Serialize;
use uuid::Uuid;

use super::{Account, account::MemberSlots, arrays::part};
use crate::{
    energy::{
        Error, Reading,
        sharing::{self, CellRounding, Columns, Key},
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
    pub start: jiff::Timestamp,
    /// The first instant after the last slot.
    #[serde(serialize_with = "as_text")]
    pub end: jiff::Timestamp,
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

/// Balances the accounts of a community over the slots that `interval` touches.
///
/// Behind each connection point, what is generated and used in the same slot is own use. The members' surpluses are
/// then shared among the members' residual demands as `key` says; only members whose registers are all known in a
/// slot take part in it. Without a `resolution`, the [`typical_resolution`] of the readings is taken: sharing by
/// coarser slots makes the shared energy look larger than it was.
///
/// `accounts` must come with the readings of the whole slots at both ends, and are taken by member id.
///
/// # Errors
///
/// [`Error::SharesDoNotFit`] where a static key does not name exactly the members, [`Error::Time`] where the slots
/// would be too many, [`Error::Quantity`] where a sum does not fit.
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
    let mut accounts: Vec<&Account> =
        accounts.iter().filter(|account| !account.readings.is_empty()).collect();
    accounts.sort_by_key(|account| account.member);
    let resolution = resolution.unwrap_or_else(|| {
        typical_resolution(
            accounts.iter().flat_map(|account| account.readings.iter().map(|(_, r)| r.as_slice())),
        )
    });
    let intervals = calendar.slots(interval, resolution)?;
    let key = restrict(key, &accounts)?;
    let members: Vec<MemberSlots> = accounts
        .iter()
        .map(|account| account.slots(calendar, interval, resolution))
        .collect::<Result<_, _>>()?;

    let mut by_member = vec![Sums::default(); accounts.len()];
    let mut known_slots = vec![0_u64; accounts.len()];
    let mut slots = Vec::with_capacity(intervals.len());
    let (mut surplus, mut residual) = (Vec::new(), Vec::new());
    for (at, &slot) in intervals.iter().enumerate() {
        let now = |member: &MemberSlots| member.slots.get(at).copied().flatten();
        surplus.clear();
        residual.clear();
        surplus.extend(members.iter().map(|m| now(m).map_or(Energy::ZERO, |m| m.flow.surplus)));
        residual.extend(members.iter().map(|m| now(m).map_or(Energy::ZERO, |m| m.flow.residual)));
        let columns = members.len();
        let shared = sharing::share(
            Columns::new(&surplus, columns)?,
            Columns::new(&residual, columns)?,
            &key,
            CellRounding::Exact,
        )?;
        let mut sums = Sums::default();
        let mut known = 0_usize;
        let parts = members.iter().zip(&shared.allocated).zip(&shared.surplus);
        for (((member, &received), &left), (total, slots)) in
            parts.zip(by_member.iter_mut().zip(&mut known_slots))
        {
            let Some(member) = now(member) else { continue };
            let part = Sums {
                consumption: member.consumption,
                generation: member.generation,
                charge: member.charge,
                discharge: member.discharge,
                own: member.flow.own,
                given: member.flow.surplus - left,
                received,
                import: member.flow.residual - received,
                export: left,
            };
            total.add(&part)?;
            sums.add(&part)?;
            known += 1;
            *slots += 1;
        }
        slots.push(SlotBalance {
            interval: slot,
            sums: (known > 0).then_some(sums),
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

/// The key over the members that take part: a static key must name exactly them.
fn restrict(key: &Key, accounts: &[&Account]) -> Result<Key, Error> {
    if let Key::Static(shares) = key {
        let named = accounts.iter().all(|account| shares.share_of(&account.member.to_string()).is_some());
        if !named || shares.len() != accounts.len() {
            return Err(Error::SharesDoNotFit { got: shares.len(), members: accounts.len() });
        }
    }
    Ok(key.clone())
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
mod tests {
    use super::*;
    use crate::energy::{Channel, Name};
    use jiff::Timestamp;
    use proptest::prelude::*;

    const QUARTER: i64 = 900;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn day() -> Interval {
        Interval::new(at(0), at(4 * QUARTER)).unwrap()
    }

    fn register(channel: Channel, mwh: &[Option<i64>]) -> (Channel, Vec<Reading>) {
        let readings = mwh.iter().zip(0..).map(|(&mwh, n)| {
            let interval = Interval::new(at(n * QUARTER), at((n + 1) * QUARTER)).unwrap();
            let quality = if mwh.is_some() { Quality::Measured } else { Quality::Missing };
            Reading::new(interval, mwh.map(Energy::from_mwh), quality).unwrap()
        });
        (channel, readings.collect())
    }

    fn account(number: u128, readings: Vec<(Channel, Vec<Reading>)>) -> Account {
        Account { member: Uuid::from_u128(number), name: Name::new(&format!("m{number}")).unwrap(), readings }
    }

    fn balance(accounts: &[Account], key: &Key) -> Balance {
        community(&Calendar::utc(), day(), None, accounts, key).unwrap()
    }

    #[test]
    fn what_a_home_uses_itself_is_not_shared() {
        let accounts = [
            account(
                1,
                vec![
                    register(Channel::Consumption, &[Some(100), Some(100), Some(100), Some(100)]),
                    register(Channel::Generation, &[Some(0), Some(300), Some(50), Some(0)]),
                ],
            ),
            account(2, vec![register(Channel::Consumption, &[Some(10), Some(150), Some(10), Some(10)])]),
        ];
        let balance = balance(&accounts, &Key::Proportional);
        assert_eq!(balance.resolution, Resolution::QUARTER_HOUR);
        assert_eq!(balance.self_consumed_kwh, Some(Energy::from_mwh(150)));
        assert_eq!(balance.shared_kwh, Some(Energy::from_mwh(150)));
        assert_eq!(balance.export_kwh, Some(Energy::from_mwh(50)));
        assert_eq!(balance.import_kwh, Some(Energy::from_mwh(280)));
        assert_eq!(balance.completeness, Share::WHOLE);
        assert_eq!(balance.members[0].given_kwh, balance.members[1].received_kwh);
        assert_eq!(balance.self_consumption.unwrap().as_ppm(), 857_142); // 300 of 350
    }

    #[test]
    fn a_slot_with_a_missing_register_is_left_out_and_told() {
        let accounts = [account(
            1,
            vec![
                register(Channel::Consumption, &[Some(100), Some(100), Some(100), Some(100)]),
                register(Channel::Generation, &[Some(0), None, Some(50)]),
            ],
        )];
        let balance = balance(&accounts, &Key::Proportional);
        assert_eq!(balance.consumption_kwh, Some(Energy::from_mwh(200)));
        assert_eq!(balance.completeness.as_ppm(), 500_000);
        assert_eq!(balance.quality, Quality::Missing);
    }

    #[test]
    fn nothing_known_is_not_zero() {
        let accounts = [account(1, vec![register(Channel::Consumption, &[])])];
        let balance = balance(&accounts, &Key::Proportional);
        assert_eq!((balance.consumption_kwh, balance.completeness), (None, Share::NONE));
        let json = serde_json::to_value(&balance).unwrap();
        assert!(json["consumption_kwh"].is_null(), "{json}");
        let empty = self::balance(&[], &Key::Proportional);
        assert_eq!((empty.consumption_kwh, empty.quality), (None, Quality::Missing));
    }

    #[test]
    fn a_metered_connection_point_says_what_crossed_it() {
        // In one quarter-hour a home can draw and feed in; only the meter knows.
        let accounts = [account(
            1,
            vec![
                register(Channel::Import, &[Some(40); 4]),
                register(Channel::Export, &[Some(30); 4]),
                register(Channel::Generation, &[Some(100); 4]),
            ],
        )];
        let balance = balance(&accounts, &Key::Proportional);
        assert_eq!(balance.consumption_kwh, Some(Energy::from_mwh(440)));
        assert_eq!(balance.self_consumed_kwh, Some(Energy::from_mwh(280)));
        // Its own surplus meets its own demand in the next step: nobody else is there.
        assert_eq!(balance.shared_kwh, Some(Energy::from_mwh(120)));
    }

    #[test]
    fn a_static_key_must_name_exactly_the_members() {
        let accounts = [account(1, vec![register(Channel::Consumption, &[Some(1); 4])])];
        let key = |member: u128| {
            let shares = vec![(Uuid::from_u128(member).to_string(), Share::WHOLE)];
            Key::Static(sharing::SharingKey::new(shares).unwrap())
        };
        assert!(community(&Calendar::utc(), day(), None, &accounts, &key(1)).is_ok());
        let wrong = community(&Calendar::utc(), day(), None, &accounts, &key(2));
        assert!(matches!(wrong, Err(Error::SharesDoNotFit { .. })));
    }

    fn registers() -> impl Strategy<Value = Vec<(Channel, Vec<Reading>)>> {
        let values = || prop::collection::vec(prop::option::weighted(0.9, 0..1_000_000_i64), 4);
        (values(), values(), values(), values(), 0..4_u8).prop_map(|(a, b, c, d, shape)| match shape {
            0 => vec![register(Channel::Consumption, &a)],
            1 => vec![register(Channel::Consumption, &a), register(Channel::Generation, &b)],
            2 => vec![
                register(Channel::Consumption, &a),
                register(Channel::Generation, &b),
                register(Channel::Charge, &c),
                register(Channel::Discharge, &d),
            ],
            _ => vec![
                register(Channel::Import, &a),
                register(Channel::Export, &b),
                register(Channel::Generation, &c),
            ],
        })
    }

    proptest! {
        #[test]
        fn the_books_balance(members in prop::collection::vec(registers(), 1..6)) {
            let accounts: Vec<_> = members.into_iter().zip(1..).map(|(r, n)| account(n, r)).collect();
            let b = balance(&accounts, &Key::Proportional);
            if let (Some(load), Some(made), Some(charge), Some(discharge), Some(own), Some(shared), Some(import), Some(export)) =
                (b.consumption_kwh, b.generation_kwh, b.charge_kwh, b.discharge_kwh, b.self_consumed_kwh, b.shared_kwh, b.import_kwh, b.export_kwh)
            {
                prop_assert_eq!(load + charge, own + shared + import);
                prop_assert_eq!(made + discharge, own + shared + export);
                let of = |read: fn(&MemberBalance) -> Option<Energy>| b.members.iter().filter_map(read).sum::<Energy>();
                prop_assert_eq!(of(|m| m.received_kwh), shared);
                prop_assert_eq!(of(|m| m.given_kwh), shared);
                prop_assert_eq!(of(|m| m.import_kwh), import);
            }
        }

        #[test]
        fn the_order_of_the_members_changes_nothing(members in prop::collection::vec(registers(), 1..6)) {
            let mut accounts: Vec<_> = members.into_iter().zip(1..).map(|(r, n)| account(n, r)).collect();
            let forward = balance(&accounts, &Key::Proportional);
            accounts.reverse();
            prop_assert_eq!(forward, balance(&accounts, &Key::Proportional));
        }

        #[test]
        fn refining_the_interval_never_raises_what_is_shared(members in prop::collection::vec(registers(), 1..6)) {
            let whole = |r: &(Channel, Vec<Reading>)| r.1.iter().all(|reading| reading.energy().is_some()) && r.0 != Channel::Import && r.0 != Channel::Export;
            let accounts: Vec<_> = members.into_iter().filter(|r| r.iter().all(whole)).zip(1..).map(|(r, n)| account(n, r)).collect();
            let with = |resolution| {
                let b = community(&Calendar::utc(), day(), Some(resolution), &accounts, &Key::Proportional).unwrap();
                b.self_consumed_kwh.unwrap_or_default() + b.shared_kwh.unwrap_or_default()
            };
            prop_assert!(with(Resolution::QUARTER_HOUR) <= with(Resolution::HOUR));
        }
    }
}
