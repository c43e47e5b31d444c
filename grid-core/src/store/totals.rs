//! What a user's devices came to in all: by day, month or year, in one month, and device by device.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use jiff::{Span, civil::Date};
use uuid::Uuid;

use super::{
    Error, Store,
    backend::on,
    day,
    devices::{self, DeviceRow},
    rows::key,
    sql::sql,
    sums::{Of, SumQuery as _},
};
use crate::{
    energy::{self, Channel, Device},
    quantity::Energy,
    series::Slot,
    time::{self, Calendar, Interval, Resolution},
};

/// The interval around all of them.
fn around(extents: &[(Uuid, Interval)]) -> Option<Interval> {
    let start = extents.iter().map(|(_, extent)| extent.start()).min()?;
    let end = extents.iter().map(|(_, extent)| extent.end()).max()?;
    Interval::new(start, end).ok()
}

impl Store {
    /// The calendar of a user's days: that of their first device, or UTC where they have none.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for a user who is not there, or a fault of the database.
    pub async fn calendar_of(&self, owner: Uuid) -> Result<Calendar, Error> {
        on!(self, read "load a user's calendar", |connection| {
            Ok(Db::zone(connection, Of::Owner(owner)).await?.unwrap_or_else(Calendar::utc))
        })
    }

    /// What a user's devices came to in each slot in which anything is known of a channel, from their first reading to
    /// their last, and the calendar of those slots, which is that of [`Store::calendar_of`].
    ///
    /// A reading over midnight is spread over its days in proportion to time, exactly. Each device counts from its first
    /// reading to its last, and a slot of which nothing is known is left out.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for a user who is not there; those of [`Store::sums`].
    pub async fn owner_totals(
        &self,
        owner: Uuid,
        channel: Channel,
        resolution: Resolution,
    ) -> Result<(Calendar, Vec<Slot>), Error> {
        on!(self, snapshot "sum up all readings of a user", |connection| {
            let calendar = Db::zone(&mut *connection, Of::Owner(owner)).await?.unwrap_or_else(Calendar::utc);
            let extents = Db::extents_of(&mut *connection, owner, channel).await?;
            let Some(extent) = around(&extents) else { return Ok((calendar, Vec::new())) };
            let asked = (&calendar, extent, resolution);
            let mut slots = Db::owner_slots(connection, owner, channel, &extents, asked).await?;
            slots.retain(|slot| slot.energy.is_some());
            Ok((calendar, slots))
        })
    }

    /// What a user's devices came to in a month, 1 to 12, on the calendar of [`Store::owner_totals`]: of a year, or of the
    /// last one of which anything is known of that month; `None` where nothing is.
    ///
    /// # Errors
    ///
    /// Those of [`Store::owner_totals`]; [`time::Error::OutOfRange`] for a month or a year that there is not.
    pub async fn month_total(
        &self,
        owner: Uuid,
        channel: Channel,
        month: i8,
        year: Option<i16>,
    ) -> Result<Option<Energy>, Error> {
        on!(self, snapshot "sum up a month of a user", |connection| {
            let calendar = Db::zone(&mut *connection, Of::Owner(owner)).await?.unwrap_or_else(Calendar::utc);
            let extents = Db::extents_of(&mut *connection, owner, channel).await?;
            let known = around(&extents);
            let years = match (year, known) {
                (Some(year), _) => year..=year,
                (None, Some(known)) => {
                    calendar.date_of(known.start()).year()..=calendar.date_of(known.end()).year()
                }
                // So that a month that is none is refused all the same.
                (None, None) => 1970..=1970,
            };
            for year in years.rev() {
                let asked = calendar.month(year, month).map_err(energy::Error::from)?;
                if !known.is_some_and(|known| known.overlaps(asked)) {
                    continue;
                }
                let asked = (&calendar, asked, Resolution::Month);
                let slots = Db::owner_slots(&mut *connection, owner, channel, &extents, asked).await?;
                if let Some(energy) = slots.first().and_then(|slot| slot.energy) {
                    return Ok(Some(energy));
                }
            }
            Ok(None)
        })
    }

    /// What each of a user's devices came to in all, in the order in which they were registered; one of which nothing is
    /// known of the channel is left out.
    ///
    /// # Errors
    ///
    /// [`Error::CorruptDay`]; [`Error::Energy`] where a sum does not fit; or a fault of the database.
    pub async fn device_totals(&self, owner: Uuid, channel: Channel) -> Result<Vec<(Device, Energy)>, Error> {
        on!(self, snapshot "sum up the readings of a user's devices", |connection| {
            let extents = Db::extents_of(&mut *connection, owner, channel).await?;
            let Some(extent) = around(&extents) else { return Ok(Vec::new()) };
            let devices: Vec<DeviceRow> = sqlx::query_as::<Db, _>(sql!(
                "SELECT id, owner, name, kind, zone, rated_power FROM devices WHERE owner = ? ORDER BY id"
            ))
            .bind(key(&owner))
            .fetch_all(&mut *connection)
            .await?;
            let mut found = Db::readings_of(connection, Of::Owner(owner), channel, extent).await?;
            let mut totals = Vec::with_capacity(found.len());
            for row in devices {
                let device = devices::device(row)?;
                let recorded = found.remove(&device.id).unwrap_or_default();
                let known: Vec<Energy> = recorded.iter().filter_map(|one| one.reading.energy()).collect();
                if !known.is_empty() {
                    totals.push((device, Energy::checked_sum(known).map_err(energy::Error::from)?));
                }
            }
            Ok(totals)
        })
    }

    /// A number that is another one as soon as [`Store::hours_before`] would answer otherwise: after a new reading, a
    /// correction, a new device, or another time zone. It is found without reading the readings.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for a user who is not there, or a fault of the database.
    pub async fn version_before(
        &self,
        owner: Uuid,
        channel: Channel,
        date: Date,
        days: u32,
    ) -> Result<u64, Error> {
        on!(self, snapshot "look for new readings of a user", |connection| {
            let calendar = Db::zone(&mut *connection, Of::Owner(owner)).await?.unwrap_or_else(Calendar::utc);
            let out_of_range = |_| energy::Error::from(time::Error::OutOfRange);
            let first = date.checked_sub(Span::new().days(i64::from(days))).map_err(out_of_range)?;
            let midnight = |date: Date| calendar.day(date).map(Interval::start).map_err(energy::Error::from);
            let asked = Interval::new(midnight(first)?, midnight(date)?).map_err(energy::Error::from)?;
            let (first, last) = day::numbers(asked);
            let mut hasher = DefaultHasher::new();
            calendar.name().hash(&mut hasher);
            let extents = Db::extents_of(&mut *connection, owner, channel).await?;
            for (device, extent) in extents {
                (device, extent.start(), extent.end()).hash(&mut hasher);
            }
            let days: Vec<(Vec<u8>, i64, i64, i64)> = sqlx::query_as::<Db, _>(sql!(
                "SELECT r.device, r.day, r.energy, r.readings FROM devices m \
                 JOIN channels c ON c.device = m.id \
                 JOIN reading_days r ON r.device = c.device AND r.channel = c.channel \
                 WHERE m.owner = ? AND c.channel = ? AND r.day >= ? - c.reach AND r.day <= ? \
                 ORDER BY r.device, r.day"
            ))
            .bind(key(&owner))
            .bind(i64::from(channel.code()))
            .bind(first)
            .bind(last)
            .fetch_all(&mut *connection)
            .await?;
            days.hash(&mut hasher);
            // What corrections replaced is kept: where two of them leave a day's sum as it was, there are more of those.
            let (superseded,): (i64,) = sqlx::query_as::<Db, (i64,)>(sql!(
                "SELECT COUNT(*) FROM devices m JOIN superseded_readings s ON s.device = m.id \
                 WHERE m.owner = ? AND s.channel = ?"
            ))
            .bind(key(&owner))
            .bind(i64::from(channel.code()))
            .fetch_one(connection)
            .await?;
            superseded.hash(&mut hasher);
            Ok(hasher.finish())
        })
    }
}
