//! Which devices count in a community, for whom and when, and what was ever said of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Error, Store,
    backend::{on, per_driver},
    books::{self, Books as _},
    devices::{DeviceRow, device},
    fault::{Fault, gone, not_found, raced, unknown},
    placing::{self, Misplaced},
    rows::{self, key},
    sql::sql,
};
use crate::energy::{Device, Placement, Stretch, standing};

/// A device of a community, and for whom and how long it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedDevice {
    /// The device.
    pub device: Device,
    /// The member, and when.
    pub stretch: Stretch,
}

/// What was said of each device of a community, in the order in which it was recorded.
pub(super) type ByDevice = BTreeMap<Uuid, Vec<Placement>>;

const PLACEMENT: &str = "placement of a device";

type PlacementRow = (Vec<u8>, i64, Option<Vec<u8>>, Option<i64>, Option<i64>);

fn placement((id, recorded_at, member, from, until): PlacementRow) -> Result<(Uuid, Placement), Error> {
    let instant = |at: Option<i64>| at.map(|at| rows::instant(at, PLACEMENT)).transpose();
    let said = Placement {
        member: member.map(|member| rows::id(&member, PLACEMENT)).transpose()?,
        from: instant(from)?,
        until: instant(until)?,
        recorded_at: rows::instant(recorded_at, PLACEMENT)?,
    };
    Ok((rows::id(&id, PLACEMENT)?, said))
}

fn grouped(found: Vec<PlacementRow>) -> Result<ByDevice, Error> {
    let mut grouped = ByDevice::new();
    for row in found {
        let (id, said) = placement(row)?;
        grouped.entry(id).or_default().push(said);
    }
    Ok(grouped)
}

/// The same instant as the store keeps it.
fn stored(at: Timestamp) -> Result<Timestamp, Error> {
    rows::instant(at.as_microsecond(), PLACEMENT)
}

fn refusal(misplaced: Misplaced, device: Uuid) -> Fault {
    Fault::Refused(match misplaced {
        Misplaced::ForAnother => Error::Taken { thing: "device", value: device.to_string() },
        Misplaced::NotThere => not_found("device of this community", &device),
    })
}

/// The steps of placing devices.
pub(super) trait Placing: sqlx::Database {
    /// What was said of the devices of a community.
    async fn placements(connection: &mut Self::Connection, community: Uuid) -> Result<ByDevice, Fault>;

    /// The devices that count or counted in a community as it was known by `as_of`, by id, and each by start.
    async fn placed(
        connection: &mut Self::Connection,
        community: Uuid,
        as_of: Option<Timestamp>,
    ) -> Result<Vec<PlacedDevice>, Fault>;

    /// Locks a community until the transaction ends, so that what is said of its devices is said one after the other.
    async fn claim_community(connection: &mut Self::Connection, community: Uuid) -> Result<(), Fault>;

    /// Checks that a community has a member.
    async fn has_member(
        connection: &mut Self::Connection,
        community: Uuid,
        member: Uuid,
    ) -> Result<(), Fault>;

    /// What was said of one device, under the community's lock.
    async fn said_of(
        connection: &mut Self::Connection,
        community: Uuid,
        device: Uuid,
    ) -> Result<Vec<Placement>, Fault>;

    /// Adds to what was said of a device; at the same instant of the clock, later than that.
    async fn say(
        connection: &mut Self::Connection,
        community: Uuid,
        device: Uuid,
        before: &[Placement],
        said: Placement,
    ) -> Result<(), Fault>;

    /// The same, for whoever knows up to when the community may have been settled.
    async fn say_after(
        connection: &mut Self::Connection,
        settled_as_of: Option<i64>,
        community: Uuid,
        device: Uuid,
        before: &[Placement],
        said: Placement,
    ) -> Result<(), Fault>;
}

per_driver! {
    impl Placing for Db {
        async fn placements(connection: &mut Self::Connection, community: Uuid) -> Result<ByDevice, Fault> {
            let found: Vec<PlacementRow> = sqlx::query_as::<Db, PlacementRow>(sql!(
                "SELECT device, recorded_at, member, valid_from, valid_until FROM device_placements \
                 WHERE community = ? ORDER BY device, recorded_at"
            ))
            .bind(key(&community))
            .fetch_all(connection)
            .await?;
            Ok(grouped(found)?)
        }

        async fn placed(
            connection: &mut Self::Connection,
            community: Uuid,
            as_of: Option<Timestamp>,
        ) -> Result<Vec<PlacedDevice>, Fault> {
            let said = Db::placements(&mut *connection, community).await?;
            let found: Vec<DeviceRow> = sqlx::query_as::<Db, DeviceRow>(sql!(
                "SELECT id, owner, name, kind, zone, rated_power FROM devices \
                 WHERE id IN (SELECT device FROM device_placements WHERE community = ?) ORDER BY id"
            ))
            .bind(key(&community))
            .fetch_all(connection)
            .await?;
            let mut placed = Vec::with_capacity(found.len());
            for row in found {
                let device = device(row)?;
                let stretches = standing(said.get(&device.id).map_or(&[][..], Vec::as_slice), as_of);
                placed.extend(stretches.into_iter().map(|stretch| PlacedDevice { device: device.clone(), stretch }));
            }
            Ok(placed)
        }

        async fn claim_community(connection: &mut Self::Connection, community: Uuid) -> Result<(), Fault> {
            // An update that changes nothing locks the row.
            sqlx::query::<Db>(sql!("UPDATE communities SET name = name WHERE id = ?"))
                .bind(key(&community))
                .execute(connection)
                .await?;
            Ok(())
        }

        async fn has_member(
            connection: &mut Self::Connection,
            community: Uuid,
            member: Uuid,
        ) -> Result<(), Fault> {
            let there: Option<(i64,)> = sqlx::query_as::<Db, (i64,)>(sql!(
                "SELECT created_at FROM members WHERE id = ? AND community = ?"
            ))
            .bind(key(&member))
            .bind(key(&community))
            .fetch_optional(connection)
            .await?;
            there.map(|_| ()).ok_or_else(|| not_found("member", &member).into())
        }

        async fn said_of(
            connection: &mut Self::Connection,
            community: Uuid,
            device: Uuid,
        ) -> Result<Vec<Placement>, Fault> {
            let found: Vec<PlacementRow> = sqlx::query_as::<Db, PlacementRow>(sql!(
                "SELECT device, recorded_at, member, valid_from, valid_until FROM device_placements \
                 WHERE community = ? AND device = ? ORDER BY recorded_at"
            ))
            .bind(key(&community))
            .bind(key(&device))
            .fetch_all(connection)
            .await?;
            Ok(grouped(found)?.remove(&device).unwrap_or_default())
        }

        async fn say(
            connection: &mut Self::Connection,
            community: Uuid,
            device: Uuid,
            before: &[Placement],
            said: Placement,
        ) -> Result<(), Fault> {
            let settled_as_of = Db::settled_as_of(&mut *connection, community).await?;
            Db::say_after(connection, settled_as_of, community, device, before, said).await
        }

        async fn say_after(
            connection: &mut Self::Connection,
            settled_as_of: Option<i64>,
            community: Uuid,
            device: Uuid,
            before: &[Placement],
            said: Placement,
        ) -> Result<(), Fault> {
            let after = before.iter().map(|before| before.recorded_at.as_microsecond().saturating_add(1)).max();
            let recorded_at = books::recorded_at(said.recorded_at, settled_as_of);
            sqlx::query::<Db>(sql!(
                "INSERT INTO device_placements (community, device, recorded_at, member, valid_from, valid_until) \
                 VALUES (?, ?, ?, ?, ?, ?)"
            ))
            .bind(key(&community))
            .bind(key(&device))
            .bind(after.map_or(recorded_at, |after| after.max(recorded_at)))
            .bind(said.member.as_ref().map(key))
            .bind(said.from.map(Timestamp::as_microsecond))
            .bind(said.until.map(Timestamp::as_microsecond))
            .execute(connection)
            .await
            .map_err(raced)?;
            Ok(())
        }
    }
}

impl Store {
    /// Lets a device count in a community, for one of its members, from an instant on. The same again changes nothing;
    /// said again with another instant, since when it counts is corrected.
    ///
    /// Without an instant the device counts from the beginning, or, where it counted here and was removed, from now on.
    /// What was known before of the past stays, and can be asked for.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where the community has no such member or the device is not there, [`Error::Taken`] where
    /// the device counts for another member then or later, or a fault of the database.
    pub async fn add_device(
        &self,
        community: Uuid,
        device: Uuid,
        member: Uuid,
        from: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (from, now) = (from.map(stored).transpose()?, stored(now)?);
        on!(self, write "add a device to a community", |connection| {
            Db::claim_community(&mut *connection, community).await?;
            Db::has_member(&mut *connection, community, member).await?;
            let before = Db::said_of(&mut *connection, community, device).await?;
            let said = placing::added(&standing(&before, None), member, from, now)
                .map_err(|misplaced| refusal(misplaced, device))?;
            if let Some(said) = said {
                Db::say(connection, community, device, &before, said)
                    .await
                    .map_err(|fault| unknown(fault, "device", &device))?;
            }
            Ok(())
        })
    }

    /// Lets a device count for another member of its community from an instant on; until then it counts as before. The
    /// same again changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where the community has no such member, or the device does not count in it then or later; or
    /// a fault of the database.
    pub async fn move_device(
        &self,
        community: Uuid,
        device: Uuid,
        member: Uuid,
        from: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (from, now) = (stored(from)?, stored(now)?);
        on!(self, write "move a device to another member", |connection| {
            Db::claim_community(&mut *connection, community).await?;
            Db::has_member(&mut *connection, community, member).await?;
            let before = Db::said_of(&mut *connection, community, device).await?;
            let said = placing::moved(&standing(&before, None), member, from, now)
                .map_err(|misplaced| refusal(misplaced, device))?;
            if let Some(said) = said {
                Db::say(connection, community, device, &before, said).await.map_err(retried)?;
            }
            Ok(())
        })
    }

    /// Lets a device no longer count in a community from an instant on; what it counted until then stays. One that does
    /// not count there is no error. An instant before it came takes all of it back.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn remove_device(
        &self,
        community: Uuid,
        device: Uuid,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (until, now) = (stored(until)?, stored(now)?);
        on!(self, write "remove a device from a community", |connection| {
            Db::claim_community(&mut *connection, community).await?;
            let before = Db::said_of(&mut *connection, community, device).await?;
            if let Some(said) = placing::removed(&standing(&before, None), until, now) {
                Db::say(connection, community, device, &before, said).await.map_err(retried)?;
            }
            Ok(())
        })
    }

    /// The devices that count or counted in a community as it stands now, or as it was known at `as_of`: one item for each
    /// stretch of time and member, by the device's id and by start.
    ///
    /// # Errors
    ///
    /// A fault of the database; a community that is not there has no devices.
    pub async fn community_devices(
        &self,
        community: Uuid,
        as_of: Option<Timestamp>,
    ) -> Result<Vec<PlacedDevice>, Error> {
        on!(self, snapshot "list a community's devices", |connection| {
            Db::placed(connection, community, as_of).await
        })
    }

    /// All that was ever said of whom a device counts for in a community, in the order in which it was recorded.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn placements(&self, community: Uuid, device: Uuid) -> Result<Vec<Placement>, Error> {
        on!(self, read "list the placements of a device", |connection| {
            Db::said_of(connection, community, device).await
        })
    }

    /// The communities in which a device counts or counted.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn communities_of_device(&self, device: Uuid) -> Result<Vec<Uuid>, Error> {
        on!(self, read "list a device's communities", |connection| {
            let found: Vec<PlacementRow> = sqlx::query_as::<Db, PlacementRow>(sql!(
                "SELECT community, recorded_at, member, valid_from, valid_until FROM device_placements \
                 WHERE device = ? ORDER BY community, recorded_at"
            ))
            .bind(key(&device))
            .fetch_all(connection)
            .await?;
            let counts = |(id, said): (Uuid, Vec<Placement>)| (!standing(&said, None).is_empty()).then_some(id);
            Ok(grouped(found)?.into_iter().filter_map(counts).collect())
        })
    }
}

/// A device that was deleted meanwhile; the same transaction again sees it.
fn retried(fault: Fault) -> Fault {
    match fault {
        Fault::Statement(error) => gone(error),
        other => other,
    }
}
