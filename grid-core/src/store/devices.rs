//! Devices.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Error, Listed, Page, Store,
    backend::{Driver, on},
    fault::{Fault, not_found, taken, unknown},
    page::{listed, one},
    quotas::{Kept, Room as _},
    rows::{self, key},
    sql::sql,
};
use crate::{energy::Device, quantity::Power};

pub(super) type DeviceRow = (Vec<u8>, Vec<u8>, String, String, String, Option<i64>);

pub(super) fn device((id, owner, name, kind, zone, rated_power): DeviceRow) -> Result<Device, Error> {
    Ok(Device {
        id: rows::id(&id, "device")?,
        owner: rows::id(&owner, "device")?,
        name: rows::name(&name, "device")?,
        kind: kind
            .parse()
            .map_err(|_| Error::Corrupt { thing: "device", reason: "its kind is not known" })?,
        calendar: rows::calendar(&zone, "device")?,
        rated_power: rated_power.map(Power::from_milliwatt),
    })
}

pub(super) const INSERT_DEVICE: &str =
    "INSERT INTO devices (id, owner, name, kind, zone, rated_power, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)";

/// Inserts a device: `$connection` is that of an [`on!`] body.
macro_rules! insert_device {
    ($connection:expr, $device:expr, $now:expr) => {
        sqlx::query::<Db>($crate::store::sql::sql!($crate::store::devices::INSERT_DEVICE))
            .bind($crate::store::rows::key(&$device.id))
            .bind($crate::store::rows::key(&$device.owner))
            .bind($device.name.as_str())
            .bind($device.kind.as_str())
            .bind($device.calendar.name())
            .bind($device.rated_power.map($crate::quantity::Power::as_milliwatt))
            .bind($now.as_microsecond())
            .execute($connection)
            .await
    };
}
pub(super) use insert_device;

impl Store {
    /// Keeps a new device.
    ///
    /// # Errors
    ///
    /// [`Error::Taken`] where there is one of that id, [`Error::NotFound`] where its owner is not there, [`Error::Full`], or
    /// a fault of the database.
    pub async fn create_device(&self, device: &Device, now: Timestamp) -> Result<(), Error> {
        on!(self, write "create a device", |connection| {
            insert_device!(&mut *connection, device, now)
                .map_err(|error| taken(error, "device id", &device.id.to_string()))
                .map_err(|fault| unknown(fault, "user", &device.owner))?;
            Db::keeps(connection, &self.bounds, Kept::Devices, device.owner, 1).await
        })
    }

    /// A device.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], or a fault of the database.
    pub async fn device(&self, id: Uuid) -> Result<Device, Error> {
        on!(self, read "load a device", |connection| {
            one!(
                connection,
                DeviceRow => device,
                "device",
                &id,
                "SELECT id, owner, name, kind, zone, rated_power FROM devices WHERE id = ?",
            )
        })
    }

    /// The devices that a user registered.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn devices_of(&self, owner: Uuid, page: Page) -> Result<Listed<Device>, Error> {
        on!(self, read "list a user's devices", |connection| {
            listed!(
                connection,
                page,
                DeviceRow => device,
                "SELECT id, owner, name, kind, zone, rated_power FROM devices WHERE owner = ? AND id > ? ORDER BY id LIMIT ?",
                &owner,
            )
        })
    }

    /// All devices of the store, for whoever runs it.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn devices(&self, page: Page) -> Result<Listed<Device>, Error> {
        on!(self, read "list all devices", |connection| {
            listed!(
                connection,
                page,
                DeviceRow => device,
                "SELECT id, owner, name, kind, zone, rated_power FROM devices WHERE id > ? ORDER BY id LIMIT ?",
            )
        })
    }

    /// Changes a device's name, kind, calendar and rated power, if it is still as `seen`; its owner stays.
    ///
    /// # Errors
    ///
    /// [`Error::Changed`] where it is another by now, so that nobody overwrites what they have not seen;
    /// [`Error::NotFound`], or a fault of the database.
    pub async fn update_device(&self, seen: &Device, device: &Device) -> Result<(), Error> {
        on!(self, write "change a device", |connection| {
            let look = if <Db as Driver>::HOLDS_ROWS {
                sql!("SELECT id, owner, name, kind, zone, rated_power FROM devices WHERE id = ? FOR UPDATE")
            } else {
                sql!("SELECT id, owner, name, kind, zone, rated_power FROM devices WHERE id = ?")
            };
            let there: Option<DeviceRow> =
                sqlx::query_as::<Db, DeviceRow>(look).bind(key(&seen.id)).fetch_optional(&mut *connection).await?;
            let there = self::device(there.ok_or_else(|| not_found("device", &seen.id))?)?;
            if there != *seen {
                return Err(Fault::Refused(Error::Changed { thing: "device", id: seen.id }));
            }
            sqlx::query::<Db>(sql!(
                "UPDATE devices SET name = ?, kind = ?, zone = ?, rated_power = ? WHERE id = ?"
            ))
            .bind(device.name.as_str())
            .bind(device.kind.as_str())
            .bind(device.calendar.name())
            .bind(device.rated_power.map(Power::as_milliwatt))
            .bind(key(&seen.id))
            .execute(connection)
            .await?;
            Ok(())
        })
    }

    /// Removes a device that has no readings, also from the communities that it is in. Readings are kept, because
    /// bills stand on them.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::HasReadings`], or a fault of the database.
    pub async fn delete_device(&self, id: Uuid) -> Result<(), Error> {
        on!(self, write "delete a device", |connection| {
            let there: Option<(i64,)> =
                sqlx::query_as::<Db, (i64,)>(sql!("SELECT created_at FROM devices WHERE id = ?"))
                    .bind(key(&id))
                    .fetch_optional(&mut *connection)
                    .await?;
            there.ok_or_else(|| not_found("device", &id))?;
            let read: Option<(i64,)> = sqlx::query_as::<Db, (i64,)>(sql!(
                "SELECT channel FROM channels WHERE device = ? AND first_start IS NOT NULL LIMIT 1"
            ))
            .bind(key(&id))
            .fetch_optional(&mut *connection)
            .await?;
            if read.is_some() {
                return Err(Fault::Refused(Error::HasReadings { device: id }));
            }
            for text in [
                sql!("DELETE FROM device_placements WHERE device = ?"),
                sql!("DELETE FROM channels WHERE device = ?"),
                sql!("DELETE FROM devices WHERE id = ?"),
            ] {
                sqlx::query::<Db>(text).bind(key(&id)).execute(&mut *connection).await.map_err(|error| {
                    // Readings that came in the meantime.
                    match error.as_database_error() {
                        Some(database) if database.is_foreign_key_violation() => {
                            Fault::Refused(Error::HasReadings { device: id })
                        }
                        _ => Fault::Statement(error),
                    }
                })?;
            }
            Ok(())
        })
    }
}
