//! The links that make the first administrator of a new database.

use jiff::Timestamp;

use super::{Error, Store, User, backend::on, sql::sql, users::Users};

/// There is no link that is good, for whatever reason: the caller learns no more than that.
fn no_link() -> Error {
    Error::NotFound { thing: "setup link", id: "…".to_owned() }
}

/// Where a link lies among the others: a number of its own, drawn with it.
fn slot(hash: &[u8; 32]) -> i64 {
    hash.first_chunk().map_or(0, |start| i64::from_be_bytes(*start))
}

impl Store {
    /// Keeps the hash of a setup link beside those of other servers, and forgets those that have expired.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn keep_setup_link(
        &self,
        hash: &[u8; 32],
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        on!(self, write "keep a setup link", |connection| {
            sqlx::query::<Db>(sql!("DELETE FROM setup_links WHERE expires_at <= ?"))
                .bind(now.as_microsecond())
                .execute(&mut *connection)
                .await?;
            sqlx::query::<Db>(sql!(
                "INSERT INTO setup_links (slot, hash, expires_at, created_at) VALUES (?, ?, ?, ?)"
            ))
                .bind(slot(hash))
                .bind(hash.as_slice())
                .bind(expires_at.as_microsecond())
                .bind(now.as_microsecond())
                .execute(connection)
                .await?;
            Ok(())
        })
    }

    /// Makes `user` the first administrator by a setup link. All links are used up then: it is done once, however many ask
    /// at once and by whichever of them. They stay where the user is refused.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where the link is not there or has expired, or where there is an administrator;
    /// [`Error::Taken`] where another user has the username or the e-mail address; or a fault of the database.
    pub async fn use_setup_link(&self, hash: &[u8; 32], user: &User, now: Timestamp) -> Result<(), Error> {
        let administrator = user.clone().administrator();
        on!(self, write "use a setup link", |connection| {
            let good: Option<(i64,)> = sqlx::query_as::<Db, (i64,)>(sql!(
                "SELECT created_at FROM setup_links WHERE slot = ? AND hash = ? AND expires_at > ?"
            ))
            .bind(slot(hash))
            .bind(hash.as_slice())
            .bind(now.as_microsecond())
            .fetch_optional(&mut *connection)
            .await?;
            if good.is_none() {
                return Err(no_link().into());
            }
            // Whoever deletes them is the one who uses one; the others wait here for the end of the transaction.
            let links = sqlx::query::<Db>(sql!("DELETE FROM setup_links")).execute(&mut *connection).await?;
            if links.rows_affected() == 0 {
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
