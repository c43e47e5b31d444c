//! Tokens that ended before their time, told to all servers on one database.

use jiff::Timestamp;
use sqlx::Database;

use super::{
    Error, Store,
    backend::on,
    rows::{self, key},
    sql::sql,
};
use crate::auth::{Revocation, Revoked};

/// How a revocation comes into the table, which each database has in its own way.
pub(super) trait Revoke: Database {
    /// Keeps a revocation; of two about the same tokens both instants become the later ones.
    async fn put_revocation(
        connection: &mut Self::Connection,
        revocation: &Revocation,
    ) -> Result<(), sqlx::Error>;
}

/// One upsert for a database.
macro_rules! revoke {
    ($database:ty, $statement:literal) => {
        impl Revoke for $database {
            async fn put_revocation(
                connection: &mut Self::Connection,
                revocation: &Revocation,
            ) -> Result<(), sqlx::Error> {
                type Db = $database;
                let (kind, id) = match &revocation.what {
                    Revoked::Session(id) => (SESSION, id),
                    Revoked::Token(id) => (TOKEN, id),
                    Revoked::User(id) => (USER, id),
                };
                sqlx::query::<Db>(sql!(concat!(
                    "INSERT INTO revocations (kind, id, said_at, forgotten_at) VALUES (?, ?, ?, ?) ",
                    $statement
                )))
                .bind(kind)
                .bind(key(id))
                .bind(revocation.at.as_microsecond())
                .bind(revocation.until.as_microsecond())
                .execute(connection)
                .await
                .map(|_| ())
            }
        }
    };
}

#[cfg(feature = "sqlite")]
revoke!(
    sqlx::Sqlite,
    "ON CONFLICT (kind, id) DO UPDATE SET said_at = MAX(revocations.said_at, excluded.said_at), \
     forgotten_at = MAX(revocations.forgotten_at, excluded.forgotten_at)"
);
// MariaDB knows `VALUES()` and not the alias that MySQL puts in its place.
#[cfg(feature = "mysql")]
revoke!(
    sqlx::MySql,
    "ON DUPLICATE KEY UPDATE said_at = GREATEST(said_at, VALUES(said_at)), \
     forgotten_at = GREATEST(forgotten_at, VALUES(forgotten_at))"
);
#[cfg(feature = "postgres")]
revoke!(
    sqlx::Postgres,
    "ON CONFLICT (kind, id) DO UPDATE SET said_at = GREATEST(revocations.said_at, excluded.said_at), \
     forgotten_at = GREATEST(revocations.forgotten_at, excluded.forgotten_at)"
);

// As they are stored.
const SESSION: i64 = 1;
const TOKEN: i64 = 2;
const USER: i64 = 3;

fn revocation((kind, id, at, until): (i64, Vec<u8>, i64, i64)) -> Result<Revocation, Error> {
    const THING: &str = "revocation";
    let id = rows::id(&id, THING)?;
    let what = match kind {
        SESSION => Revoked::Session(id),
        TOKEN => Revoked::Token(id),
        USER => Revoked::User(id),
        _ => return Err(Error::Corrupt { thing: THING, reason: "its kind is not known" }),
    };
    Ok(Revocation { what, at: rows::instant(at, THING)?, until: rows::instant(until, THING)? })
}

impl Store {
    /// Keeps a revocation. Of two about the same tokens the later one counts, and it is remembered for as long as
    /// either, as [`Revocations::add`](crate::auth::Revocations::add) has it.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn revoke(&self, revocation: &Revocation) -> Result<(), Error> {
        on!(self, write "revoke tokens", |connection| { Ok(Db::put_revocation(connection, revocation).await?) })
    }

    /// The revocations that still matter.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn revocations(&self, now: Timestamp) -> Result<Vec<Revocation>, Error> {
        on!(self, read "load the revocations", |connection| {
            let found: Vec<(i64, Vec<u8>, i64, i64)> = sqlx::query_as::<Db, _>(sql!(
                "SELECT kind, id, said_at, forgotten_at FROM revocations WHERE forgotten_at > ? ORDER BY kind, id"
            ))
            .bind(now.as_microsecond())
            .fetch_all(connection)
            .await?;
            Ok(found.into_iter().map(revocation).collect::<Result<_, Error>>()?)
        })
    }
}
