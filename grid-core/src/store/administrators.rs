//! Administrators who leave, of whom one stays.

use jiff::Timestamp;
use sqlx::Database;
use uuid::Uuid;

use super::{
    Error, Store,
    backend::{on, per_driver},
    fault::{Fault, not_found},
    rows::key,
    sessions::Sessions,
    sql::sql,
};
use crate::auth::Revocation;

/// The one step of both.
pub(super) trait Administrators: Database {
    /// Locks all administrators until the transaction ends, and checks that there is another than `leaves`, if that is one.
    async fn another_stays(connection: &mut Self::Connection, leaves: Uuid) -> Result<(), Fault>;
}

per_driver! {
    impl Administrators for Db {
        async fn another_stays(connection: &mut Self::Connection, leaves: Uuid) -> Result<(), Fault> {
            // An update that changes nothing locks the rows, so that of two who send each other away one stays.
            sqlx::query::<Db>(sql!(
                "UPDATE users SET administrator = administrator WHERE administrator = 1 OR id = ?"
            ))
            .bind(key(&leaves))
            .execute(&mut *connection)
            .await?;
            let there: Vec<(Vec<u8>,)> = sqlx::query_as::<Db, (Vec<u8>,)>(sql!(
                "SELECT id FROM users WHERE administrator = 1 AND disabled_at IS NULL"
            ))
            .fetch_all(connection)
            .await?;
            match there.as_slice() {
                [(only,)] if only == leaves.as_bytes() => Err(Fault::Refused(Error::OnlyAdministrator)),
                _ => Ok(()),
            }
        }
    }
}

impl Store {
    /// Makes an administrator one no longer, if another is there who may log in.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::OnlyAdministrator`], or a fault of the database.
    pub async fn demote(&self, id: Uuid) -> Result<(), Error> {
        on!(self, write "change what a user may do", |connection| {
            Db::another_stays(&mut *connection, id).await?;
            let done = sqlx::query::<Db>(sql!("UPDATE users SET administrator = 0 WHERE id = ?"))
                .bind(key(&id))
                .execute(connection)
                .await?;
            if done.rows_affected() == 0 { Err(not_found("user", &id).into()) } else { Ok(()) }
        })
    }

    /// Does what [`disable_user`](Self::disable_user) does, where another administrator is there who may log in.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::OnlyAdministrator`], or a fault of the database.
    pub async fn keep_out(
        &self,
        id: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Revocation>, Error> {
        on!(self, write "disable a user", |connection| {
            Db::another_stays(&mut *connection, id).await?;
            let done = sqlx::query::<Db>(sql!("UPDATE users SET disabled_at = COALESCE(disabled_at, ?) WHERE id = ?"))
                .bind(now.as_microsecond())
                .bind(key(&id))
                .execute(&mut *connection)
                .await?;
            if done.rows_affected() == 0 {
                return Err(not_found("user", &id).into());
            }
            Db::revoke_user(connection, id, None, now, until).await
        })
    }
}
