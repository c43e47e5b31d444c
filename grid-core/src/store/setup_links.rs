//! The link that makes the first administrator of a new database.

use jiff::Timestamp;

use super::{Error, Store, User, backend::on, fault::raced, sql::sql, users::Users};

/// There is no link that is good, for whatever reason: the caller learns no more than that.
fn no_link() -> Error {
    Error::NotFound { thing: "setup link", id: "…".to_owned() }
}

impl Store {
    /// Keeps the hash of a setup link, in place of the one before: there is one at a time.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn replace_setup_link(
        &self,
        hash: &[u8; 32],
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        on!(self, write "keep a setup link", |connection| {
            let replaced = sqlx::query::<Db>(sql!(
                "UPDATE setup_links SET hash = ?, expires_at = ?, created_at = ? WHERE slot = 1"
            ))
            .bind(hash.as_slice())
            .bind(expires_at.as_microsecond())
            .bind(now.as_microsecond())
            .execute(&mut *connection)
            .await?;
            if replaced.rows_affected() > 0 {
                return Ok(());
            }
            sqlx::query::<Db>(sql!(
                "INSERT INTO setup_links (slot, hash, expires_at, created_at) VALUES (1, ?, ?, ?)"
            ))
            .bind(hash.as_slice())
            .bind(expires_at.as_microsecond())
            .bind(now.as_microsecond())
            .execute(connection)
            .await
            // Another server has made its own since.
            .map_err(raced)?;
            Ok(())
        })
    }

    /// Makes `user` the first administrator by a setup link, which is then used up: once, however many ask at once. The
    /// link stays where the user is refused.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where the link is not there or has expired, or where there is an administrator;
    /// [`Error::Taken`] where another user has the username or the e-mail address; or a fault of the database.
    pub async fn use_setup_link(&self, hash: &[u8; 32], user: &User, now: Timestamp) -> Result<(), Error> {
        let administrator = user.clone().administrator();
        on!(self, write "use a setup link", |connection| {
            // Whoever deletes the row is the one who uses it; the others wait here for the end of the transaction.
            let link = sqlx::query::<Db>(sql!("DELETE FROM setup_links WHERE slot = 1 AND hash = ? AND expires_at > ?"))
                .bind(hash.as_slice())
                .bind(now.as_microsecond())
                .execute(&mut *connection)
                .await?;
            if link.rows_affected() == 0 {
                return Err(no_link().into());
            }
            let found: Option<(i64,)> = sqlx::query_as::<Db, (i64,)>(sql!(
                "SELECT created_at FROM users WHERE administrator = 1 LIMIT 1"
            ))
            .fetch_optional(&mut *connection)
            .await?;
            if found.is_some() {
                return Err(no_link().into());
            }
            Db::insert_user(connection, &administrator, now).await
        })
    }
}
