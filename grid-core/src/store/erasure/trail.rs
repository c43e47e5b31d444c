//! Taking a person's name out of the account and of the trail of what was done.

use jiff::Timestamp;
use sqlx::Database;
use uuid::Uuid;

use crate::store::{backend::per_driver, fault::Fault, rows::key, sql::sql};

/// What the account of somebody who was forgotten is called.
pub(super) fn nobody(user: Uuid) -> String {
    format!("erased-{}", user.simple())
}

/// The step with the account and the trail.
pub(super) trait ForgetName: Database {
    /// Takes a user's name out of the account and of the trail.
    async fn forget_name(connection: &mut Self::Connection, user: Uuid, now: Timestamp) -> Result<(), Fault>;
}

per_driver! {
    impl ForgetName for Db {
        async fn forget_name(connection: &mut Self::Connection, user: Uuid, now: Timestamp) -> Result<(), Fault> {
            let (name, email): (String, String) =
                sqlx::query_as::<Db, _>(sql!("SELECT username_key, email FROM users WHERE id = ?"))
                    .bind(key(&user))
                    .fetch_one(&mut *connection)
                    .await?;
            sqlx::query::<Db>(sql!("UPDATE audit_entries SET actor_name = '', address = '' WHERE actor = ?"))
                .bind(key(&user))
                .execute(&mut *connection)
                .await?;
            // Whoever tried to log in by that name, and what was done to it from the command line.
            for text in [
                sql!("UPDATE audit_entries SET actor_name = '', address = '' WHERE actor IS NULL AND LOWER(actor_name) IN (?, ?)"),
                sql!("UPDATE audit_entries SET target = '' WHERE LOWER(target) IN (?, ?)"),
            ] {
                sqlx::query::<Db>(text).bind(name.as_str()).bind(email.as_str()).execute(&mut *connection).await?;
            }
            let nobody = nobody(user);
            sqlx::query::<Db>(sql!(
                "UPDATE users SET username = ?, username_key = ?, email = ?, password = '', administrator = 0, \
                 disabled_at = COALESCE(disabled_at, ?) WHERE id = ?"
            ))
            .bind(nobody.as_str())
            .bind(nobody.as_str())
            .bind(format!("{nobody}@erased.invalid"))
            .bind(now.as_microsecond())
            .bind(key(&user))
            .execute(connection)
            .await?;
            Ok(())
        }
    }
}
