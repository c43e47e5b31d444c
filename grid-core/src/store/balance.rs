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
    readings::{superseded, unpack_into},
    rows::{self, key},
    sql::sql,
};
use crate::{
    energy::{
        Channel, Community, Member, Reading, RegisterReport,
        balance::{self, Account, Balance, SlotBalance},
        ledger::{self, Recorded, Superseded},
        sharing::Key,
    },
    time::{Interval, Resolution},
};

/// The registers of a community: the member of each, and its readings.
type Registers = BTreeMap<(Uuid, Channel), (Uuid, Vec<Recorded>)>;

/// The steps of a community's query.
trait CommunityQuery: sqlx::Database {
    /// The readings of all registers that share an instant with `interval`: of the devices that counted by `as_of`, and
    /// of those the registers that had begun before the interval's end. Whoever joins later is not missing in it.
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
            let (first, last) = day::numbers(interval);
            let known = as_of.map_or(i64::MAX, Timestamp::as_microsecond);
            let found: Vec<(Vec<u8>, i64, Vec<u8>)> = sqlx::query_as::<Db, _>(sql!(
                "SELECT c.device, c.channel, m.member FROM community_devices m JOIN channels c ON c.device = m.device \
                 WHERE m.community = ? AND c.first_start < ? AND m.added_at <= ?"
            ))
            .bind(key(&community))
            .bind(interval.end().as_microsecond())
            .bind(known)
            .fetch_all(&mut *connection)
            .await?;
            let mut registers = Registers::new();
            for (device, channel, member) in found {
                let register = (rows::id(&device, "device")?, rows::channel(channel)?);
                registers.insert(register, (rows::id(&member, "member")?, Vec::new()));
            }
            let days: Vec<(Vec<u8>, i64, i64, Vec<u8>)> = sqlx::query_as::<Db, _>(sql!(
                "SELECT r.device, r.channel, r.day, r.packed FROM community_devices m \
                 JOIN channels c ON c.device = m.device \
                 JOIN reading_days r ON r.device = c.device AND r.channel = c.channel \
                 WHERE m.community = ? AND r.day >= ? - c.reach AND r.day <= ? \
                 ORDER BY r.device, r.channel, r.day"
            ))
            .bind(key(&community))
            .bind(first)
            .bind(last)
            .fetch_all(connection)
            .await?;
            for (device, channel, number, packed) in days {
                let register = (rows::id(&device, "device")?, rows::channel(channel)?);
                if let Some((_, readings)) = registers.get_mut(&register) {
                    unpack_into(readings, register, (number, &packed), interval)?;
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
                 FROM community_devices m JOIN superseded_readings s ON s.device = m.device \
                 WHERE m.community = ? AND s.starts_at < ? AND s.ends_at > ?"
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
        self.load_accounts(community, interval, as_of).await.map(|(_, accounts)| accounts)
    }

    async fn load_accounts(
        &self,
        community: Uuid,
        interval: Interval,
        as_of: Option<Timestamp>,
    ) -> Result<(Community, Vec<Account>), Error> {
        on!(self, snapshot "load a community's accounts", |connection| {
            let found = load_community!(&mut *connection, community);
            let members = load_members!(&mut *connection, community);
            let mut registers = Db::registers(&mut *connection, community, interval, as_of).await?;
            if let Some(instant) = as_of {
                let replaced = Db::replaced(connection, community, interval).await?;
                for (register, (_, readings)) in &mut registers {
                    let old = replaced.get(register).map_or(&[][..], Vec::as_slice);
                    *readings = ledger::as_of(readings, old, instant);
                }
            }
            Ok((found, accounts(members, registers)))
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
        let (community, accounts) = self.load_accounts(community, wide, None).await?;
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
        let (community, accounts) = self.load_accounts(community, wide, None).await?;
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
            .map(|((device, channel), (_, recorded))| {
                let readings: Vec<Reading> = recorded.iter().map(|recorded| recorded.reading).collect();
                let report =
                    RegisterReport::new(device, channel, &found.calendar, resolution, interval, &readings);
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

fn accounts(members: Vec<Member>, registers: Registers) -> Vec<Account> {
    let mut by_member: BTreeMap<Uuid, Vec<(Channel, Vec<Reading>)>> = BTreeMap::new();
    for ((_, channel), (member, readings)) in registers {
        let readings = readings.into_iter().map(|recorded| recorded.reading).collect();
        by_member.entry(member).or_default().push((channel, readings));
    }
    members
        .into_iter()
        .map(|member| Account {
            readings: by_member.remove(&member.id).unwrap_or_default(),
            member: member.id,
            name: member.name,
        })
        .collect()
}
