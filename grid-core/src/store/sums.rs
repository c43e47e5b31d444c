//! What the registers of a device, of a user's devices or of a community come to, channel by channel.

use std::collections::BTreeMap;

use jiff::{Span, civil::Date};
use uuid::Uuid;

use super::{
    Error, Store,
    backend::{on, per_driver},
    day,
    fault::{Fault, not_found},
    placements::Placing,
    readings::unpack_into,
    rows::{self, key},
    sql::sql,
};
use crate::{
    energy::{self, Channel, Reading, Terms, ledger::Recorded, standing},
    series::Slot,
    time::{self, Calendar, Interval, Resolution},
};

/// Whose readings are summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Those of a device.
    Device(Uuid),
    /// Those of all devices of a user.
    Owner(Uuid),
    /// Those of the devices that count in a community, each while it does.
    Community(Uuid),
}

impl Of {
    const fn id(&self) -> &Uuid {
        match self {
            Self::Device(id) | Self::Owner(id) | Self::Community(id) => id,
        }
    }
}

/// How many slots of how many registers are summed at most.
const MOST: usize = 5_000_000;

/// The devices of each channel, and when each counts.
type Registers = BTreeMap<Channel, Vec<(Uuid, Terms)>>;

/// One statement for each kind of [`Of`]: `$before`, the table with the channels `c` of whom is asked about, `$after`,
/// and the condition on whom.
macro_rules! statement_of {
    ($of:expr, $before:literal, $after:literal, $end:literal) => {
        match $of {
            Of::Device(_) => {
                sql!(concat!($before, "channels c ", $after, " WHERE c.device = ?", $end))
            }
            Of::Owner(_) => sql!(concat!(
                $before,
                "devices m JOIN channels c ON c.device = m.id ",
                $after,
                " WHERE m.owner = ?",
                $end
            )),
            Of::Community(_) => sql!(concat!(
                $before,
                "(SELECT DISTINCT device FROM device_placements WHERE community = ?) m \
                 JOIN channels c ON c.device = m.device ",
                $after,
                " WHERE c.device IS NOT NULL",
                $end
            )),
        }
    };
}

/// The steps of a sum.
pub(super) trait SumQuery: Placing {
    /// The zone of a community, of a device, or of a user's first device; none where the user has no device.
    async fn zone(connection: &mut Self::Connection, of: Of) -> Result<Option<Calendar>, Fault>;

    /// The registers that have readings, and count in `interval`.
    async fn registers_of(
        connection: &mut Self::Connection,
        of: Of,
        interval: Interval,
    ) -> Result<Registers, Fault>;

    /// From when to when the devices of a user have readings of a channel.
    async fn extents_of(
        connection: &mut Self::Connection,
        owner: Uuid,
        channel: Channel,
    ) -> Result<Vec<(Uuid, Interval)>, Fault>;

    /// The readings of one channel that share an instant with `interval`, by device and start.
    async fn readings_of(
        connection: &mut Self::Connection,
        of: Of,
        channel: Channel,
        interval: Interval,
    ) -> Result<BTreeMap<Uuid, Vec<Recorded>>, Fault>;

    /// What a user's devices came to in the whole slots that an interval touches; each counts within its extent.
    async fn owner_slots(
        connection: &mut Self::Connection,
        owner: Uuid,
        channel: Channel,
        extents: &[(Uuid, Interval)],
        asked: (&Calendar, Interval, Resolution),
    ) -> Result<Vec<Slot>, Fault>;
}

per_driver! {
    impl SumQuery for Db {
        async fn zone(connection: &mut Self::Connection, of: Of) -> Result<Option<Calendar>, Fault> {
            let (thing, text) = match of {
                Of::Device(_) => ("device", sql!("SELECT zone FROM devices WHERE id = ?")),
                Of::Owner(_) => {
                    ("user", sql!("SELECT zone FROM devices WHERE owner = ? ORDER BY id LIMIT 1"))
                }
                Of::Community(_) => ("community", sql!("SELECT zone FROM communities WHERE id = ?")),
            };
            let zone: Option<(String,)> = sqlx::query_as::<Db, (String,)>(text)
                .bind(key(of.id()))
                .fetch_optional(&mut *connection)
                .await?;
            if let Some((zone,)) = zone {
                return Ok(Some(rows::calendar(&zone, thing)?));
            }
            let there: Option<(i64,)> = match of {
                Of::Device(_) | Of::Community(_) => None,
                Of::Owner(id) => {
                    sqlx::query_as::<Db, (i64,)>(sql!("SELECT created_at FROM users WHERE id = ?"))
                        .bind(key(&id))
                        .fetch_optional(connection)
                        .await?
                }
            };
            if there.is_some() { Ok(None) } else { Err(not_found(thing, of.id()).into()) }
        }

        async fn registers_of(
            connection: &mut Self::Connection,
            of: Of,
            interval: Interval,
        ) -> Result<Registers, Fault> {
            let said = match of {
                Of::Community(id) => Some(Db::placements(&mut *connection, id).await?),
                Of::Device(_) | Of::Owner(_) => None,
            };
            let terms_of = |device: &Uuid| match &said {
                None => Terms::always(),
                Some(said) => {
                    let said = said.get(device).map_or(&[][..], Vec::as_slice);
                    Terms::new(standing(said, None).into_iter().map(|stretch| stretch.during))
                }
            };
            let found: Vec<(Vec<u8>, i64)> = sqlx::query_as::<Db, _>(statement_of!(
                of,
                "SELECT c.device, c.channel FROM ",
                "",
                " AND c.first_start IS NOT NULL"
            ))
            .bind(key(of.id()))
            .fetch_all(connection)
            .await?;
            let mut registers = Registers::new();
            for (device, channel) in found {
                let device = rows::id(&device, "device")?;
                let terms = terms_of(&device);
                if terms.overlaps(interval) {
                    registers.entry(rows::channel(channel)?).or_default().push((device, terms));
                }
            }
            Ok(registers)
        }

        async fn extents_of(
            connection: &mut Self::Connection,
            owner: Uuid,
            channel: Channel,
        ) -> Result<Vec<(Uuid, Interval)>, Fault> {
            let found: Vec<(Vec<u8>, i64, i64)> = sqlx::query_as::<Db, _>(sql!(
                "SELECT c.device, c.first_start, c.last_end FROM devices m JOIN channels c ON c.device = m.id \
                 WHERE m.owner = ? AND c.channel = ? AND c.first_start IS NOT NULL AND c.last_end IS NOT NULL"
            ))
            .bind(key(&owner))
            .bind(i64::from(channel.code()))
            .fetch_all(connection)
            .await?;
            let mut extents = Vec::with_capacity(found.len());
            for (device, start, end) in found {
                let (start, end) = (rows::instant(start, "channel")?, rows::instant(end, "channel")?);
                extents.push((rows::id(&device, "device")?, Interval::new(start, end).map_err(energy::Error::from)?));
            }
            Ok(extents)
        }

        async fn readings_of(
            connection: &mut Self::Connection,
            of: Of,
            channel: Channel,
            interval: Interval,
        ) -> Result<BTreeMap<Uuid, Vec<Recorded>>, Fault> {
            let (first, last) = day::numbers(interval);
            let days: Vec<(Vec<u8>, i64, Vec<u8>)> = sqlx::query_as::<Db, _>(statement_of!(
                of,
                "SELECT r.device, r.day, r.packed FROM ",
                "JOIN reading_days r ON r.device = c.device AND r.channel = c.channel",
                " AND c.channel = ? AND r.day >= ? - c.reach AND r.day <= ? ORDER BY r.device, r.day"
            ))
            .bind(key(of.id()))
            .bind(i64::from(channel.code()))
            .bind(first)
            .bind(last)
            .fetch_all(connection)
            .await?;
            let mut readings = BTreeMap::<_, Vec<Recorded>>::new();
            for (device, number, packed) in days {
                let device = rows::id(&device, "device")?;
                unpack_into(readings.entry(device).or_default(), (device, channel), (number, &packed), interval)?;
            }
            Ok(readings)
        }

        async fn owner_slots(
            connection: &mut Self::Connection,
            owner: Uuid,
            channel: Channel,
            extents: &[(Uuid, Interval)],
            (calendar, interval, resolution): (&Calendar, Interval, Resolution),
        ) -> Result<Vec<Slot>, Fault> {
            let (whole, slots) = whole_slots(calendar, interval, resolution).map_err(energy::Error::from)?;
            if slots.saturating_mul(extents.len()) > MOST {
                return Err(Error::TooManySums { slots, registers: extents.len(), most: MOST }.into());
            }
            let mut found = Db::readings_of(connection, Of::Owner(owner), channel, whole).await?;
            let registers: Vec<(Vec<Reading>, Terms)> = extents
                .iter()
                .map(|(device, extent)| (found.remove(device).unwrap_or_default(), Terms::new([*extent])))
                .map(|(recorded, terms)| {
                    (recorded.into_iter().map(|recorded| recorded.reading).collect(), terms)
                })
                .collect();
            let registers = registers.iter().map(|(readings, terms)| (readings.as_slice(), terms));
            Ok(energy::sum_within(calendar, whole, resolution, registers)?)
        }
    }
}

impl Store {
    /// Sums readings per slot, channel by channel, of one state of the database; see [`energy::sum_within`]. Every
    /// register that has readings at all counts, of a community's while it does there, and a channel without one is left out.
    ///
    /// The slots are the whole ones that `interval` touches, on `calendar`; where none is given, on that of the
    /// device or the community, or of the user's first device, or on UTC where the user has none.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`]; [`Error::TooManySums`] past five million slots over all registers; [`Error::CorruptDay`];
    /// [`Error::Energy`] as [`energy::sum`] has it; or a fault of the database.
    pub async fn sums(
        &self,
        of: Of,
        channel: Option<Channel>,
        interval: Interval,
        resolution: Resolution,
        calendar: Option<&Calendar>,
    ) -> Result<Vec<(Channel, Vec<Slot>)>, Error> {
        on!(self, snapshot "sum up readings", |connection| {
            let zone = Db::zone(&mut *connection, of).await?;
            let calendar = calendar.cloned().or(zone).unwrap_or_else(Calendar::utc);
            let (whole, slots) =
                whole_slots(&calendar, interval, resolution).map_err(energy::Error::from)?;
            let mut registers = Db::registers_of(&mut *connection, of, whole).await?;
            registers.retain(|of_register, _| channel.is_none_or(|wanted| wanted == *of_register));
            let count = registers.values().map(Vec::len).sum::<usize>();
            if slots.saturating_mul(count) > MOST {
                return Err(Error::TooManySums { slots, registers: count, most: MOST }.into());
            }
            let mut sums = Vec::with_capacity(registers.len());
            for (channel, devices) in registers {
                // One channel at a time: the readings of the one before are not held.
                let mut found = Db::readings_of(&mut *connection, of, channel, whole).await?;
                let readings: Vec<(Vec<Reading>, Terms)> = devices
                    .into_iter()
                    .map(|(device, terms)| (found.remove(&device).unwrap_or_default(), terms))
                    .map(|(recorded, terms)| {
                        (recorded.into_iter().map(|recorded| recorded.reading).collect(), terms)
                    })
                    .collect();
                let registers = readings.iter().map(|(readings, terms)| (readings.as_slice(), terms));
                sums.push((channel, energy::sum_within(&calendar, whole, resolution, registers)?));
            }
            Ok(sums)
        })
    }
}

impl Store {
    /// What a user's devices came to in each hour of the `days` days before a local date, and the calendar of those days:
    /// that of the user's first device, or UTC where the user has none.
    ///
    /// Each device counts from its first reading to its last, so that one that is new, or gone, leaves no gap.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for a user who is not there; those of [`Store::sums`].
    pub async fn hours_before(
        &self,
        owner: Uuid,
        channel: Channel,
        date: Date,
        days: u32,
    ) -> Result<(Calendar, Vec<Slot>), Error> {
        on!(self, snapshot "sum up a user's readings", |connection| {
            let calendar = Db::zone(&mut *connection, Of::Owner(owner)).await?.unwrap_or_else(Calendar::utc);
            let first = date
                .checked_sub(Span::new().days(i64::from(days)))
                .map_err(|_| energy::Error::from(time::Error::OutOfRange))?;
            let midnight = |date: Date| calendar.day(date).map(Interval::start).map_err(energy::Error::from);
            let whole = Interval::new(midnight(first)?, midnight(date)?).map_err(energy::Error::from)?;
            let extents = Db::extents_of(&mut *connection, owner, channel).await?;
            let asked = (&calendar, whole, Resolution::HOUR);
            let slots = Db::owner_slots(connection, owner, channel, &extents, asked).await?;
            Ok((calendar, slots))
        })
    }
}

/// The whole slots that an interval touches, as one interval, and how many they are.
fn whole_slots(
    calendar: &Calendar,
    interval: Interval,
    resolution: Resolution,
) -> Result<(Interval, usize), time::Error> {
    let slots = calendar.slots(interval, resolution)?;
    let start = slots.first().map_or(interval.start(), |slot| slot.start());
    let end = slots.last().map_or(interval.end(), |slot| slot.end());
    Ok((Interval::new(start, end)?, slots.len()))
}
