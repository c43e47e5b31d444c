//! API keys: what devices and programs authenticate with.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Error, Listed, Page, Store,
    backend::on,
    fault::{not_found, taken, unknown},
    quotas::{Kept, Room as _},
    rows::{self, key},
    sql::sql,
};
use crate::{auth::Scopes, energy::Name};

/// What is known of an API key; the key itself is known to its owner alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredApiKey {
    /// Its id, from [`new_id`](super::new_id).
    pub id: Uuid,
    /// The user who made it, and for whom it speaks.
    pub owner: Uuid,
    /// What its owner calls it.
    pub name: Name,
    /// Its beginning, by which its owner knows it again.
    pub hint: String,
    /// What it allows.
    pub scopes: Scopes,
    /// The one device that it is for.
    pub device: Option<Uuid>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The first instant at which it is no longer good.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, as far as that was noted.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

type Row =
    (Vec<u8>, Vec<u8>, String, String, String, Option<Vec<u8>>, i64, Option<i64>, Option<i64>, Option<i64>);

fn api_key(
    (id, owner, name, hint, scopes, device, created_at, expires_at, last_used_at, revoked_at): Row,
) -> Result<StoredApiKey, Error> {
    const THING: &str = "API key";
    let instant = |at: Option<i64>| at.map(|at| rows::instant(at, THING)).transpose();
    Ok(StoredApiKey {
        id: rows::id(&id, THING)?,
        owner: rows::id(&owner, THING)?,
        name: rows::name(&name, THING)?,
        hint,
        scopes: rows::scopes(&scopes, THING)?,
        device: device.map(|device| rows::id(&device, THING)).transpose()?,
        created_at: rows::instant(created_at, THING)?,
        expires_at: instant(expires_at)?,
        last_used_at: instant(last_used_at)?,
        revoked_at: instant(revoked_at)?,
    })
}

impl Store {
    /// Keeps a new API key and its hash.
    ///
    /// # Errors
    ///
    /// [`Error::Taken`] where there is one of that id or hash, [`Error::NotFound`] where its owner is not there,
    /// [`Error::Full`], or a fault of the database.
    pub async fn create_api_key(&self, new: &StoredApiKey, hash: &[u8; 32]) -> Result<(), Error> {
        let scopes = new.scopes.to_string();
        on!(self, write "create an API key", |connection| {
            sqlx::query::<Db>(sql!(
                "INSERT INTO api_keys (id, hash, owner, name, hint, scopes, device, created_at, expires_at, \
                 last_used_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            ))
            .bind(key(&new.id))
            .bind(hash.as_slice())
            .bind(key(&new.owner))
            .bind(new.name.as_str())
            .bind(new.hint.as_str())
            .bind(scopes.as_str())
            .bind(new.device.as_ref().map(key))
            .bind(new.created_at.as_microsecond())
            .bind(new.expires_at.map(Timestamp::as_microsecond))
            .bind(new.last_used_at.map(Timestamp::as_microsecond))
            .bind(new.revoked_at.map(Timestamp::as_microsecond))
            .execute(&mut *connection)
            .await
            .map_err(|error| taken(error, "API key id or hash", &new.id.to_string()))
            .map_err(|fault| unknown(fault, "user", &new.owner))?;
            if let Some(most) = self.bounds.most(Kept::ApiKeys) {
                Db::claim_share(&mut *connection, new.owner).await?;
                let over = Db::kept(&mut *connection, Kept::ApiKeys, new.owner).await?.saturating_sub(most);
                // What is no longer good makes room, the oldest first.
                let spent: Vec<(Vec<u8>,)> = sqlx::query_as::<Db, _>(sql!(
                    "SELECT id FROM api_keys WHERE owner = ? AND (revoked_at IS NOT NULL OR expires_at <= ?) \
                     ORDER BY id LIMIT ?"
                ))
                .bind(key(&new.owner))
                .bind(new.created_at.as_microsecond())
                .bind(i64::try_from(over).unwrap_or(i64::MAX))
                .fetch_all(&mut *connection)
                .await?;
                for (id,) in spent {
                    sqlx::query::<Db>(sql!("DELETE FROM api_keys WHERE id = ?"))
                        .bind(id)
                        .execute(&mut *connection)
                        .await?;
                }
            }
            Db::keeps(connection, &self.bounds, Kept::ApiKeys, new.owner, 1).await
        })
    }

    /// The API key of a hash, whether or not it is still good.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn api_key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<StoredApiKey>, Error> {
        on!(self, read "look for an API key", |connection| {
            let row: Option<Row> = sqlx::query_as::<Db, Row>(sql!(
                "SELECT id, owner, name, hint, scopes, device, created_at, expires_at, last_used_at, revoked_at \
                 FROM api_keys WHERE hash = ?"
            ))
            .bind(hash.as_slice())
            .fetch_optional(connection)
            .await?;
            Ok(row.map(api_key).transpose()?)
        })
    }

    /// The API keys that a user made, also those that are no longer good.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn api_keys_of(&self, owner: Uuid, page: Page) -> Result<Listed<StoredApiKey>, Error> {
        on!(self, read "list a user's API keys", |connection| {
            let found: Vec<Row> = sqlx::query_as::<Db, Row>(sql!(
                "SELECT id, owner, name, hint, scopes, device, created_at, expires_at, last_used_at, revoked_at \
                 FROM api_keys WHERE owner = ? AND id > ? ORDER BY id LIMIT ?"
            ))
            .bind(key(&owner))
            .bind(page.after_key())
            .bind(page.limit_and_one())
            .fetch_all(connection)
            .await?;
            let keys = found.into_iter().map(api_key).collect::<Result<_, _>>()?;
            Ok(Listed::of(keys, page, |key| key.id))
        })
    }

    /// Revokes one of a user's API keys. One that is revoked already stays so since then.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where there is none, or another user has it; or a fault of the database.
    pub async fn revoke_api_key(&self, owner: Uuid, id: Uuid, now: Timestamp) -> Result<(), Error> {
        on!(self, write "revoke an API key", |connection| {
            let done = sqlx::query::<Db>(sql!(
                "UPDATE api_keys SET revoked_at = COALESCE(revoked_at, ?) WHERE id = ? AND owner = ?"
            ))
            .bind(now.as_microsecond())
            .bind(key(&id))
            .bind(key(&owner))
            .execute(connection)
            .await?;
            if done.rows_affected() == 0 { Err(not_found("API key", &id).into()) } else { Ok(()) }
        })
    }

    /// Notes that an API key was used. The last use never goes back in time.
    ///
    /// # Errors
    ///
    /// A fault of the database; a key that is not there is no error.
    pub async fn note_api_key_use(&self, id: Uuid, now: Timestamp) -> Result<(), Error> {
        on!(self, write "note the use of an API key", |connection| {
            sqlx::query::<Db>(sql!(
                "UPDATE api_keys SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at < ?)"
            ))
            .bind(now.as_microsecond())
            .bind(key(&id))
            .bind(now.as_microsecond())
            .execute(connection)
            .await?;
            Ok(())
        })
    }
}
