//! Forecasts: what was asked, and what was answered.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Error, Listed, Page, Store,
    backend::on,
    events::{Audience, Happening, Tell},
    fault::{not_found, taken, unknown},
    page::{listed, one},
    quotas::{Kept, Room as _},
    rows::{self, key},
    sql::sql,
};

/// A forecast as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredForecast {
    /// Its id, from [`new_id`](super::new_id).
    pub id: Uuid,
    /// The user who asked.
    pub owner: Uuid,
    /// The device whose readings it was made from, if any.
    pub device: Option<Uuid>,
    /// What was asked, as JSON text; given back byte for byte.
    pub request: String,
    /// What was answered, as JSON text; given back byte for byte.
    pub result: String,
    /// When it was stored, to the microsecond.
    pub created_at: Timestamp,
}

type Row = (Vec<u8>, Vec<u8>, Option<Vec<u8>>, String, String, i64);

fn forecast((id, owner, device, request, result, created_at): Row) -> Result<StoredForecast, Error> {
    const THING: &str = "forecast";
    Ok(StoredForecast {
        id: rows::id(&id, THING)?,
        owner: rows::id(&owner, THING)?,
        device: device.map(|device| rows::id(&device, THING)).transpose()?,
        request,
        result,
        created_at: rows::instant(created_at, THING)?,
    })
}

impl Store {
    /// Keeps a forecast.
    ///
    /// # Errors
    ///
    /// [`Error::Taken`] where there is one of that id, [`Error::NotFound`] where its owner is not there, [`Error::Full`], or
    /// a fault of the database.
    pub async fn save_forecast(&self, new: &StoredForecast) -> Result<(), Error> {
        on!(self, write "store a forecast", |connection| {
            sqlx::query::<Db>(sql!(
                "INSERT INTO forecasts (id, owner, device, request, result, created_at) VALUES (?, ?, ?, ?, ?, ?)"
            ))
            .bind(key(&new.id))
            .bind(key(&new.owner))
            .bind(new.device.as_ref().map(key))
            .bind(new.request.as_str())
            .bind(new.result.as_str())
            .bind(new.created_at.as_microsecond())
            .execute(&mut *connection)
            .await
            .map_err(|error| taken(error, "forecast id", &new.id.to_string()))
            .map_err(|fault| unknown(fault, "user", &new.owner))?;
            let what = Happening::Forecast { forecast: new.id, device: new.device };
            Db::tell(&mut *connection, Audience::Owner(new.owner), &what, new.created_at).await?;
            Db::keeps(connection, &self.bounds, Kept::Forecasts, new.owner, 1).await
        })
    }

    /// A forecast.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], or a fault of the database.
    pub async fn forecast(&self, id: Uuid) -> Result<StoredForecast, Error> {
        on!(self, read "load a forecast", |connection| {
            one!(
                connection,
                Row => forecast,
                "forecast",
                &id,
                "SELECT id, owner, device, request, result, created_at FROM forecasts WHERE id = ?",
            )
        })
    }

    /// Removes a forecast.
    ///
    /// # Errors
    ///
    /// A fault of the database; a forecast that is not there is no error.
    pub async fn delete_forecast(&self, id: Uuid) -> Result<(), Error> {
        on!(self, write "delete a forecast", |connection| {
            sqlx::query::<Db>(sql!("DELETE FROM forecasts WHERE id = ?"))
                .bind(key(&id))
                .execute(connection)
                .await?;
            Ok(())
        })
    }

    /// The forecasts that a user asked for.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn forecasts_of(&self, owner: Uuid, page: Page) -> Result<Listed<StoredForecast>, Error> {
        on!(self, read "list a user's forecasts", |connection| {
            listed!(
                connection,
                page,
                Row => forecast,
                "SELECT id, owner, device, request, result, created_at FROM forecasts \
                 WHERE owner = ? AND id > ? ORDER BY id LIMIT ?",
                &owner,
            )
        })
    }

    /// The same without what was asked and answered, which may be long: both are empty.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn forecast_heads_of(&self, owner: Uuid, page: Page) -> Result<Listed<StoredForecast>, Error> {
        on!(self, read "list a user's forecasts", |connection| {
            listed!(
                connection,
                page,
                Row => forecast,
                "SELECT id, owner, device, '' AS request, '' AS result, created_at FROM forecasts \
                 WHERE owner = ? AND id > ? ORDER BY id LIMIT ?",
                &owner,
            )
        })
    }
}
