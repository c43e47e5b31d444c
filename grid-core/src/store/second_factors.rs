//! Second factors: the secret of a user's one-time codes, and the recovery codes that stand in for them.

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Error, Store,
    backend::on,
    fault::{not_found, raced, taken, unknown},
    rows::{self, key},
    sql::sql,
};

/// A user's second factor as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredSecondFactor {
    /// The secret, or its encryption.
    pub secret: Vec<u8>,
    /// Since when it is in force; `None` until a first code was right.
    pub confirmed_at: Option<Timestamp>,
    /// The step of the last code that was accepted.
    pub last_step: Option<i64>,
}

impl fmt::Debug for StoredSecondFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredSecondFactor")
            .field("confirmed_at", &self.confirmed_at)
            .field("last_step", &self.last_step)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Keeps the secret of a second factor that its user has yet to confirm, in place of one that they never did.
    ///
    /// # Errors
    ///
    /// [`Error::HasSecondFactor`] where one is in force, [`Error::NotFound`] where the user is not there, or a fault of
    /// the database.
    pub async fn begin_second_factor(&self, user: Uuid, secret: &[u8], now: Timestamp) -> Result<(), Error> {
        on!(self, write "begin a second factor", |connection| {
            let replaced = sqlx::query::<Db>(sql!(
                "UPDATE second_factors SET secret = ?, created_at = ? WHERE owner = ? AND confirmed_at IS NULL"
            ))
            .bind(secret)
            .bind(now.as_microsecond())
            .bind(key(&user))
            .execute(&mut *connection)
            .await?;
            if replaced.rows_affected() > 0 {
                return Ok(());
            }
            let confirmed: Option<(i64,)> = sqlx::query_as::<Db, (i64,)>(sql!(
                "SELECT confirmed_at FROM second_factors WHERE owner = ? AND confirmed_at IS NOT NULL"
            ))
            .bind(key(&user))
            .fetch_optional(&mut *connection)
            .await?;
            if confirmed.is_some() {
                return Err(Error::HasSecondFactor { user }.into());
            }
            sqlx::query::<Db>(sql!("INSERT INTO second_factors (owner, secret, created_at) VALUES (?, ?, ?)"))
                .bind(key(&user))
                .bind(secret)
                .bind(now.as_microsecond())
                .execute(connection)
                .await
                // Another one has begun since.
                .map_err(raced)
                .map_err(|fault| unknown(fault, "user", &user))?;
            Ok(())
        })
    }

    /// A user's second factor, whether or not it is in force.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn second_factor(&self, user: Uuid) -> Result<Option<StoredSecondFactor>, Error> {
        on!(self, read "load a second factor", |connection| {
            let row: Option<(Vec<u8>, Option<i64>, Option<i64>)> = sqlx::query_as::<Db, _>(sql!(
                "SELECT secret, confirmed_at, last_step FROM second_factors WHERE owner = ?"
            ))
            .bind(key(&user))
            .fetch_optional(connection)
            .await?;
            let Some((secret, confirmed_at, last_step)) = row else { return Ok(None) };
            let confirmed_at = confirmed_at.map(|at| rows::instant(at, "second factor")).transpose()?;
            Ok(Some(StoredSecondFactor { secret, confirmed_at, last_step }))
        })
    }

    /// Puts a user's second factor in force with the step of the code that was right, and keeps the hashes of their
    /// recovery codes, all of it or nothing.
    ///
    /// # Errors
    ///
    /// [`Error::HasSecondFactor`] where one is in force, [`Error::NotFound`] where none was begun with this secret,
    /// [`Error::Taken`] where two codes are the same, or a fault of the database.
    pub async fn confirm_second_factor(
        &self,
        user: Uuid,
        secret: &[u8],
        step: i64,
        recovery: &[[u8; 32]],
        now: Timestamp,
    ) -> Result<(), Error> {
        on!(self, write "confirm a second factor", |connection| {
            let done = sqlx::query::<Db>(sql!(
                "UPDATE second_factors SET confirmed_at = ?, last_step = ? \
                 WHERE owner = ? AND confirmed_at IS NULL AND secret = ?"
            ))
            .bind(now.as_microsecond())
            .bind(step)
            .bind(key(&user))
            .bind(secret)
            .execute(&mut *connection)
            .await?;
            if done.rows_affected() == 0 {
                let there: Option<(Option<i64>,)> =
                    sqlx::query_as::<Db, _>(sql!("SELECT confirmed_at FROM second_factors WHERE owner = ?"))
                        .bind(key(&user))
                        .fetch_optional(connection)
                        .await?;
                return Err(match there.and_then(|(confirmed_at,)| confirmed_at) {
                    Some(_) => Error::HasSecondFactor { user }.into(),
                    None => not_found("second factor of user", &user).into(),
                });
            }
            sqlx::query::<Db>(sql!("DELETE FROM recovery_codes WHERE owner = ?"))
                .bind(key(&user))
                .execute(&mut *connection)
                .await?;
            for hash in recovery {
                sqlx::query::<Db>(sql!("INSERT INTO recovery_codes (owner, hash) VALUES (?, ?)"))
                    .bind(key(&user))
                    .bind(hash.as_slice())
                    .execute(&mut *connection)
                    .await
                    .map_err(|error| taken(error, "recovery code of user", &user.to_string()))?;
            }
            Ok(())
        })
    }

    /// Accepts a step of a user's second factor that is in force: `true` once for each step, and only upwards, however
    /// many ask at once.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    ///
    /// # References
    ///
    /// RFC 6238 section 5.2: a code is not accepted a second time.
    pub async fn accept_step(&self, user: Uuid, step: i64) -> Result<bool, Error> {
        on!(self, write "accept a one-time code", |connection| {
            let done = sqlx::query::<Db>(sql!(
                "UPDATE second_factors SET last_step = ? \
                 WHERE owner = ? AND confirmed_at IS NOT NULL AND (last_step IS NULL OR last_step < ?)"
            ))
            .bind(step)
            .bind(key(&user))
            .bind(step)
            .execute(connection)
            .await?;
            Ok(done.rows_affected() == 1)
        })
    }

    /// Uses a recovery code: `true` once for each code, however many ask at once.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn use_recovery_code(
        &self,
        user: Uuid,
        hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<bool, Error> {
        on!(self, write "use a recovery code", |connection| {
            let done = sqlx::query::<Db>(sql!(
                "UPDATE recovery_codes SET used_at = ? WHERE owner = ? AND hash = ? AND used_at IS NULL"
            ))
            .bind(now.as_microsecond())
            .bind(key(&user))
            .bind(hash.as_slice())
            .execute(connection)
            .await?;
            Ok(done.rows_affected() == 1)
        })
    }

    /// How many recovery codes a user has not used.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn recovery_codes_left(&self, user: Uuid) -> Result<usize, Error> {
        on!(self, read "count recovery codes", |connection| {
            let (left,): (i64,) = sqlx::query_as::<Db, (i64,)>(sql!(
                "SELECT COUNT(*) FROM recovery_codes WHERE owner = ? AND used_at IS NULL"
            ))
            .bind(key(&user))
            .fetch_one(connection)
            .await?;
            Ok(usize::try_from(left).unwrap_or(0))
        })
    }

    /// Removes a user's second factor and their recovery codes.
    ///
    /// # Errors
    ///
    /// A fault of the database; a user without one is no error.
    pub async fn remove_second_factor(&self, user: Uuid) -> Result<(), Error> {
        on!(self, write "remove a second factor", |connection| {
            for text in [
                sql!("DELETE FROM second_factors WHERE owner = ?"),
                sql!("DELETE FROM recovery_codes WHERE owner = ?"),
            ] {
                sqlx::query::<Db>(text).bind(key(&user)).execute(&mut *connection).await?;
            }
            Ok(())
        })
    }
}
