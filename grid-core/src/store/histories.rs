//! What a community and its members used or gave in each slot, for forecasts to learn from.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{
    Error, Store,
    backend::{on, per_driver},
    balance::Loaded,
    fault::Fault,
    rows::{self, key},
    sql::sql,
};
use crate::{
    energy::{self, Channel, Reading, Terms, balance::MemberRegister},
    series::Slot,
    time::{Calendar, Interval, Resolution},
};

/// What is known of a community, slot by slot.
#[derive(Clone, Debug, PartialEq)]
pub struct CommunitySlots {
    /// The community's calendar.
    pub calendar: Calendar,
    /// How long a slot is.
    pub resolution: Resolution,
    /// The sums over all members.
    pub whole: Vec<Slot>,
    /// The sums of each member, by id.
    pub members: Vec<(Uuid, energy::Name, Vec<Slot>)>,
}

/// The steps of the query.
trait LastQuery: sqlx::Database {
    /// The end of the last reading of a channel of any device that was ever in a community.
    async fn last_end(
        connection: &mut Self::Connection,
        community: Uuid,
        channel: Channel,
    ) -> Result<Option<Timestamp>, Fault>;
}

per_driver! {
    impl LastQuery for Db {
        async fn last_end(
            connection: &mut Self::Connection,
            community: Uuid,
            channel: Channel,
        ) -> Result<Option<Timestamp>, Fault> {
            let found: Option<(i64,)> = sqlx::query_as::<Db, (i64,)>(sql!(
                "SELECT c.last_end FROM (SELECT DISTINCT device FROM device_placements WHERE community = ?) m \
                 JOIN channels c ON c.device = m.device \
                 WHERE c.channel = ? AND c.last_end IS NOT NULL ORDER BY c.last_end DESC LIMIT 1"
            ))
            .bind(key(&community))
            .bind(i64::from(channel.code()))
            .fetch_optional(connection)
            .await?;
            Ok(found.map(|(end,)| rows::instant(end, "channel")).transpose()?)
        }
    }
}

impl Store {
    /// What a community and each of its members came to in each slot of the `days` days up to the last reading of a
    /// channel; `None` where there is no reading of it.
    ///
    /// Without a `resolution` the slots are those in which the contract of the last reading's day settles, and hours where
    /// nothing was agreed by then.
    ///
    /// A register counts while it does there, and from its first reading in that time to its last, so that one that is new
    /// leaves no gap.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`]; [`Error::Energy`] where the slots would be too many, or the contract's law was not in force
    /// yet; or a fault of the database.
    pub async fn community_slots(
        &self,
        community: Uuid,
        channel: Channel,
        days: u32,
        resolution: Option<Resolution>,
    ) -> Result<Option<CommunitySlots>, Error> {
        let end = on!(self, read "find a community's last reading", |connection| {
            Db::last_end(connection, community, channel).await
        })?;
        let Some(end) = end else { return Ok(None) };
        let start = end.checked_sub(SignedDuration::from_hours(24 * i64::from(days)));
        let start = start.map_err(|_| energy::Error::from(crate::time::Error::OutOfRange))?;
        let interval = Interval::new(start, end).map_err(energy::Error::from)?;
        let Loaded { community, accounts, .. } = self.load_accounts(community, interval, None).await?;
        let calendar = community.calendar;
        let resolution = match resolution {
            Some(resolution) => resolution,
            None => self.agreed_resolution(community.id, &calendar, end).await?.unwrap_or(Resolution::HOUR),
        };
        let whole = calendar.whole_slots(interval, resolution).map_err(energy::Error::from)?;
        let registers: Vec<Vec<(&[Reading], Terms)>> = accounts
            .iter()
            .map(|account| {
                account
                    .registers
                    .iter()
                    .filter(|one| one.channel == channel)
                    .filter_map(while_there)
                    .collect()
            })
            .collect();
        let sum = |of: &mut dyn Iterator<Item = &(&[Reading], Terms)>| {
            let registers = of.map(|(readings, terms)| (*readings, terms));
            energy::sum_within(&calendar, whole, resolution, registers)
        };
        let total = sum(&mut registers.iter().flatten())?;
        let members = accounts
            .iter()
            .zip(&registers)
            .filter(|(_, registers)| !registers.is_empty())
            .map(|(account, registers)| {
                Ok((account.member, account.name.clone(), sum(&mut registers.iter())?))
            })
            .collect::<Result<_, energy::Error>>()?;
        Ok(Some(CommunitySlots { calendar, resolution, whole: total, members }))
    }

    /// The resolution of the contract that counts at an instant; `None` where none does.
    async fn agreed_resolution(
        &self,
        community: Uuid,
        calendar: &Calendar,
        at: Timestamp,
    ) -> Result<Option<Resolution>, Error> {
        let counts = self.contract(community, at, Timestamp::MAX).await?;
        Ok(counts.map(|stored| stored.contract.resolution_on(calendar.date_of(at))).transpose()?)
    }
}

/// A register's readings, and when it counts: within its terms, from its first reading to its last.
fn while_there(register: &MemberRegister) -> Option<(&[Reading], Terms)> {
    let first = register.readings.first()?.interval().start();
    let last = register.readings.iter().map(|reading| reading.interval().end()).max()?;
    let extent = Interval::new(first, last).ok()?;
    let terms = register.terms.intervals().iter().filter_map(|term| term.intersection(extent));
    Some((register.readings.as_slice(), Terms::new(terms)))
}
