//! The accounts of a community, and its balance.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan};
use uuid::Uuid;

use super::{
    Error, Store,
    backend::{on, per_driver},
    communities::{load_community, load_members},
    day,
    fault::Fault,
    placements::Placing,
    readings::{superseded, unpack_into},
    rows::{self, key},
    sql::sql,
};
use crate::{
    energy::{
        self, Channel, Community, Member, Placement, Reading, RegisterReport, Terms,
        balance::{self, Account, Balance, MemberRegister, SlotBalance},
        ledger::{self, Recorded, Superseded},
        sharing::Key,
        standing,
    },
    time::{Interval, Resolution},
};

/// A register of a community over an interval.
#[derive(Debug)]
struct CommunityRegister {
    /// Whom it counts for, and when.
    whose: Vec<(Uuid, Terms)>,
    /// The start of its first reading.
    begins: Timestamp,
    readings: Vec<Recorded>,
}

/// The registers of a community, by device and channel.
type Registers = BTreeMap<(Uuid, Channel), CommunityRegister>;

/// A register that counts in an interval, and has its first reading after it.
#[derive(Debug)]
pub(super) struct Unbegun {
    pub(super) device: Uuid,
    pub(super) channel: Channel,
    pub(super) member: Uuid,
    pub(super) begins: Timestamp,
}

/// What was loaded of a community over an interval.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) community: Community,
    pub(super) accounts: Vec<Account>,
    /// Registers that begin later, by device and channel; their accounts have them without readings.
    pub(super) unbegun: Vec<Unbegun>,
}

/// The steps of a community's query.
trait CommunityQuery: Placing {
    /// The readings that share an instant with `interval`, of all registers of the devices that count in it, as far as
    /// was known by `as_of` of whom they count for. A register without readings in it is there, and empty.
    async fn registers(
        connection: &mut Self::Connection,
        community: Uuid,
        interval: Interval,
        as_of: Option<Timestamp>,
    ) -> Result<Registers, Fault>;

    /// What was replaced of them.
    async fn replaced(
        connection: &mut Self::Connection,
        community: Uuid,
        interval: Interval,
    ) -> Result<BTreeMap<(Uuid, Channel), Vec<Superseded>>, Fault>;

    /// Whether any reading of a register had been recorded by an instant.
    async fn had_readings(
        connection: &mut Self::Connection,
        register: (Uuid, Channel),
        by: Timestamp,
    ) -> Result<bool, Fault>;
}

type ReplacedRow = (Vec<u8>, i64, i64, i64, Option<i64>, i64, i64, i64);

per_driver! {
    impl CommunityQuery for Db {
        async fn registers(
            connection: &mut Self::Connection,
            community: Uuid,
            interval: Interval,
            as_of: Option<Timestamp>,
        ) -> Result<Registers, Fault> {
            let said = Db::placements(&mut *connection, community).await?;
            let (first, last) = day::numbers(interval);
            let found: Vec<(Vec<u8>, i64, i64)> = sqlx::query_as::<Db, _>(sql!(
                "SELECT c.device, c.channel, c.first_start FROM \
                 (SELECT DISTINCT device FROM device_placements WHERE community = ?) m \
                 JOIN channels c ON c.device = m.device WHERE c.first_start IS NOT NULL"
            ))
            .bind(key(&community))
            .fetch_all(&mut *connection)
            .await?;
            let mut registers = Registers::new();
            for (device, channel, begins) in found {
                let device = rows::id(&device, "device")?;
                let whose = terms_by_member(said.get(&device).map_or(&[][..], Vec::as_slice), interval, as_of);
                if !whose.is_empty() {
                    let begins = rows::instant(begins, "channel")?;
                    let register = CommunityRegister { whose, begins, readings: Vec::new() };
                    registers.insert((device, rows::channel(channel)?), register);
                }
            }
            let days: Vec<(Vec<u8>, i64, i64, Vec<u8>)> = sqlx::query_as::<Db, _>(sql!(
                "SELECT r.device, r.channel, r.day, r.packed FROM \
                 (SELECT DISTINCT device FROM device_placements WHERE community = ?) m \
                 JOIN channels c ON c.device = m.device \
                 JOIN reading_days r ON r.device = c.device AND r.channel = c.channel \
                 WHERE r.day >= ? - c.reach AND r.day <= ? \
                 ORDER BY r.device, r.channel, r.day"
            ))
            .bind(key(&community))
            .bind(first)
            .bind(last)
            .fetch_all(connection)
            .await?;
            for (device, channel, number, packed) in days {
                let register = (rows::id(&device, "device")?, rows::channel(channel)?);
                if let Some(found) = registers.get_mut(&register) {
                    unpack_into(&mut found.readings, register, (number, &packed), interval)?;
                }
            }
            Ok(registers)
        }

        async fn replaced(
            connection: &mut Self::Connection,
            community: Uuid,
            interval: Interval,
        ) -> Result<BTreeMap<(Uuid, Channel), Vec<Superseded>>, Fault> {
            let found: Vec<ReplacedRow> = sqlx::query_as::<Db, _>(sql!(
                "SELECT s.device, s.channel, s.starts_at, s.ends_at, s.energy, s.quality, s.recorded_at, s.superseded_at \
                 FROM (SELECT DISTINCT device FROM device_placements WHERE community = ?) m \
                 JOIN superseded_readings s ON s.device = m.device WHERE s.starts_at < ? AND s.ends_at > ?"
            ))
            .bind(key(&community))
            .bind(interval.end().as_microsecond())
            .bind(interval.start().as_microsecond())
            .fetch_all(connection)
            .await?;
            let mut replaced: BTreeMap<_, Vec<Superseded>> = BTreeMap::new();
            for (device, channel, start, end, energy, quality, at, until) in found {
                let register = (rows::id(&device, "device")?, rows::channel(channel)?);
                replaced.entry(register).or_default().push(superseded((start, end, energy, quality, at, until))?);
            }
            Ok(replaced)
        }

        async fn had_readings(
            connection: &mut Self::Connection,
            (device, channel): (Uuid, Channel),
            by: Timestamp,
        ) -> Result<bool, Fault> {
            let replaced: Option<(i64,)> = sqlx::query_as::<Db, (i64,)>(sql!(
                "SELECT recorded_at FROM superseded_readings \
                 WHERE device = ? AND channel = ? AND recorded_at <= ? LIMIT 1"
            ))
            .bind(key(&device))
            .bind(i64::from(channel.code()))
            .bind(by.as_microsecond())
            .fetch_optional(&mut *connection)
            .await?;
            if replaced.is_some() {
                return Ok(true);
            }
            // A day at a time: the first one nearly always says it.
            let mut after = i64::MIN;
            loop {
                let next: Option<(i64, Vec<u8>)> = sqlx::query_as::<Db, _>(sql!(
                    "SELECT day, packed FROM reading_days \
                     WHERE device = ? AND channel = ? AND day > ? ORDER BY day LIMIT 1"
                ))
                .bind(key(&device))
                .bind(i64::from(channel.code()))
                .bind(after)
                .fetch_optional(&mut *connection)
                .await?;
                let Some((number, packed)) = next else { return Ok(false) };
                let mut readings = Vec::new();
                let all = day::MICROSECONDS.saturating_mul(number);
                let day = Interval::new(rows::instant(all, "day")?, Timestamp::MAX).map_err(energy::Error::from)?;
                unpack_into(&mut readings, (device, channel), (number, &packed), day)?;
                if readings.iter().any(|recorded| recorded.at <= by) {
                    return Ok(true);
                }
                after = number;
            }
        }
    }
}

impl Store {
    /// The members of a community and the readings of their registers that share an instant with `interval`, as they
    /// stand now or as they stood at `as_of`; by member id. All of it is one state of the database.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::CorruptDay`], or a fault of the database.
    pub async fn accounts(
        &self,
        community: Uuid,
        interval: Interval,
        as_of: Option<Timestamp>,
    ) -> Result<Vec<Account>, Error> {
        self.load_accounts(community, interval, as_of).await.map(|loaded| loaded.accounts)
    }

    /// The same, with the community and what has not begun.
    pub(super) async fn load_accounts(
        &self,
        community: Uuid,
        interval: Interval,
        as_of: Option<Timestamp>,
    ) -> Result<Loaded, Error> {
        on!(self, snapshot "load a community's accounts", |connection| {
            let found = load_community!(&mut *connection, community);
            let members = load_members!(&mut *connection, community);
            let mut registers = Db::registers(&mut *connection, community, interval, as_of).await?;
            if let Some(instant) = as_of {
                let replaced = Db::replaced(&mut *connection, community, interval).await?;
                let mut unknown = Vec::new();
                for (register, found) in &mut registers {
                    let old = replaced.get(register).map_or(&[][..], Vec::as_slice);
                    found.readings = ledger::as_of(&found.readings, old, instant);
                    if found.readings.is_empty()
                        && !Db::had_readings(&mut *connection, *register, instant).await?
                    {
                        unknown.push(*register);
                    }
                }
                // Nobody knew of such a register then.
                registers.retain(|register, _| !unknown.contains(register));
            }
            let unbegun = unbegun(&registers, interval);
            Ok(Loaded { community: found, accounts: accounts(members, registers, interval), unbegun })
        })
    }

    /// Balances a community over the slots that `interval` touches; see [`balance::community`]. Where no key is given,
    /// each slot is shared by the community's key that counts at its start, and in proportion where there is none.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`]; [`Error::Energy`] as [`balance::community`] has it; or a fault of the database.
    pub async fn balance(
        &self,
        community: Uuid,
        interval: Interval,
        resolution: Option<Resolution>,
        key: Option<&Key>,
    ) -> Result<Balance, Error> {
        let keys = match key {
            Some(key) => vec![(Timestamp::MIN, key.clone())],
            None => self.keys(community).await?,
        };
        let wide = self.whole_slots(community, interval, resolution).await?;
        let Loaded { community, accounts, .. } = self.load_accounts(community, wide, None).await?;
        Ok(balance::community_by_keys(&community.calendar, interval, resolution, &accounts, &keys)?)
    }

    /// What one member did in each slot of the community's balance; see [`balance::member_slots`].
    ///
    /// # Errors
    ///
    /// Those of [`Store::balance`].
    pub async fn member_slots(
        &self,
        community: Uuid,
        member: Uuid,
        interval: Interval,
        resolution: Option<Resolution>,
    ) -> Result<Vec<SlotBalance>, Error> {
        let keys = self.keys(community).await?;
        let wide = self.whole_slots(community, interval, resolution).await?;
        let Loaded { community, accounts, .. } = self.load_accounts(community, wide, None).await?;
        let calendar = &community.calendar;
        Ok(balance::member_slots(calendar, interval, resolution, &accounts, &keys, member)?)
    }

    /// How complete the registers of a community's devices are over a period, each in slots of the contract's resolution
    /// at its start, and what to ask again; by device and channel.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`]; [`Error::Energy`] where the slots would be too many; or a fault of the database.
    pub async fn register_reports(
        &self,
        community: Uuid,
        interval: Interval,
    ) -> Result<Vec<RegisterReport>, Error> {
        let found = self.community(community).await?;
        let contract = self.agreements(community, interval, Timestamp::MAX).await?.contract;
        let resolution = contract.resolution_on(found.calendar.date_of(interval.start()))?;
        let wide = self.whole_slots(community, interval, Some(resolution)).await?;
        let registers = on!(self, snapshot "load a community's registers", |connection| {
            Db::registers(connection, community, wide, None).await
        })?;
        registers
            .into_iter()
            .map(|((device, channel), register)| {
                let readings: Vec<Reading> =
                    register.readings.iter().map(|recorded| recorded.reading).collect();
                let terms = register.whose.iter().flat_map(|(_, terms)| terms.intervals().iter().copied());
                let of = (device, channel);
                let report = RegisterReport::within(
                    of,
                    &found.calendar,
                    (resolution, interval),
                    &readings,
                    &Terms::new(terms),
                );
                Ok(report?)
            })
            .collect()
    }

    /// The whole slots at both ends of an interval; without a resolution they last an hour at most.
    async fn whole_slots(
        &self,
        community: Uuid,
        interval: Interval,
        resolution: Option<Resolution>,
    ) -> Result<Interval, Error> {
        let calendar = self.community(community).await?.calendar;
        let (first, last) = match resolution {
            None => (
                interval.start().saturating_sub(1.hour()).unwrap_or(interval.start()),
                interval.end().saturating_add(1.hour()).unwrap_or(interval.end()),
            ),
            Some(resolution) => {
                let slots = calendar.slots(interval, resolution).map_err(crate::energy::Error::from)?;
                (
                    slots.first().map_or(interval.start(), |slot| slot.start()),
                    slots.last().map_or(interval.end(), |slot| slot.end()),
                )
            }
        };
        Ok(Interval::new(first, last).map_err(crate::energy::Error::from)?)
    }
}

/// Whom a device counts for in an interval, and when.
fn terms_by_member(said: &[Placement], interval: Interval, as_of: Option<Timestamp>) -> Vec<(Uuid, Terms)> {
    let mut by_member: BTreeMap<Uuid, Vec<Interval>> = BTreeMap::new();
    for stretch in standing(said, as_of) {
        by_member.entry(stretch.member).or_default().push(stretch.during);
    }
    by_member
        .into_iter()
        .map(|(member, intervals)| (member, Terms::new(intervals)))
        .filter(|(_, terms)| terms.overlaps(interval))
        .collect()
}

fn unbegun(registers: &Registers, interval: Interval) -> Vec<Unbegun> {
    let late = registers.iter().filter(|(_, register)| register.begins >= interval.end());
    late.filter_map(|(&(device, channel), register)| {
        let (member, _) = register.whose.first()?;
        Some(Unbegun { device, channel, member: *member, begins: register.begins })
    })
    .collect()
}

/// The accounts of members, to each of which come the registers that count for it.
fn accounts(members: Vec<Member>, registers: Registers, interval: Interval) -> Vec<Account> {
    let mut by_member: BTreeMap<Uuid, Vec<MemberRegister>> = BTreeMap::new();
    for ((_, channel), register) in registers {
        let mut readings: Vec<Reading> =
            register.readings.into_iter().map(|recorded| recorded.reading).collect();
        let mut left = register.whose.len();
        for (member, terms) in register.whose {
            left -= 1;
            // Mostly there is one, and the readings need not be copied.
            let mut own = if left == 0 { std::mem::take(&mut readings) } else { readings.clone() };
            if !terms.cover(interval) {
                own.retain(|reading| terms.overlaps(reading.interval()));
            }
            by_member.entry(member).or_default().push(MemberRegister { channel, readings: own, terms });
        }
    }
    members
        .into_iter()
        .map(|member| Account {
            registers: by_member.remove(&member.id).unwrap_or_default(),
            member: member.id,
            name: member.name,
        })
        .collect()
}
