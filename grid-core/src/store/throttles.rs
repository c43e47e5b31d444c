//! How often somebody has tried, counted once for all servers on one database.

use jiff::Timestamp;
use sqlx::Database;

use super::{Error, Store, backend::on, rows, sql::sql};
use crate::auth::{Decision, Throttle};

/// How the row of a throttle is made and locked, which each database has in its own way.
pub(super) trait Claim: Database {
    /// Makes the row if it is missing, and locks it until the transaction ends, in one statement: two transactions that
    /// first looked and then inserted would each wait for the other.
    const CLAIM: &str;
}

// The transaction holds the lock of the whole file already.
#[cfg(feature = "sqlite")]
impl Claim for sqlx::Sqlite {
    const CLAIM: &str = "INSERT INTO throttles (hash, state) VALUES (?, NULL) ON CONFLICT (hash) DO NOTHING";
}

// An update that changes nothing locks the row.
#[cfg(feature = "mysql")]
impl Claim for sqlx::MySql {
    const CLAIM: &str =
        "INSERT INTO throttles (hash, state) VALUES (?, NULL) ON DUPLICATE KEY UPDATE state = state";
}

#[cfg(feature = "postgres")]
impl Claim for sqlx::Postgres {
    const CLAIM: &str = "INSERT INTO throttles (hash, state) VALUES ($1, NULL) \
                         ON CONFLICT (hash) DO UPDATE SET state = throttles.state";
}

impl Store {
    /// Asks a throttle whether one more may pass, and keeps what it answers: of many who ask at once, no more pass than
    /// the throttle lets through. `key` is a hash of whom it is about.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn pass_throttle(
        &self,
        key: &[u8; 32],
        throttle: &Throttle,
        now: Timestamp,
    ) -> Result<Decision, Error> {
        on!(self, write "ask a throttle", |connection| {
            sqlx::query::<Db>(Db::CLAIM).bind(key.as_slice()).execute(&mut *connection).await?;
            let (state,): (Option<i64>,) =
                sqlx::query_as::<Db, _>(sql!("SELECT state FROM throttles WHERE hash = ?"))
                    .bind(key.as_slice())
                    .fetch_one(&mut *connection)
                    .await?;
            let state = state.map(|state| rows::instant(state, "throttle")).transpose()?;
            let decision = throttle.ask(state, now);
            if let Decision::Passed { state } = decision {
                sqlx::query::<Db>(sql!("UPDATE throttles SET state = ? WHERE hash = ?"))
                    .bind(state.as_microsecond())
                    .bind(key.as_slice())
                    .execute(connection)
                    .await?;
            }
            Ok(decision)
        })
    }

    /// What the throttle knows of `key`, for [`Throttle::ask`]: to refuse early what would be refused later, without
    /// counting it.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn throttle_state(&self, key: &[u8; 32]) -> Result<Option<Timestamp>, Error> {
        on!(self, read "look at a throttle", |connection| {
            let row: Option<(Option<i64>,)> =
                sqlx::query_as::<Db, _>(sql!("SELECT state FROM throttles WHERE hash = ?"))
                    .bind(key.as_slice())
                    .fetch_optional(connection)
                    .await?;
            Ok(row.and_then(|(state,)| state).map(|state| rows::instant(state, "throttle")).transpose()?)
        })
    }

    /// Gives one passage back, as to a login that was right.
    ///
    /// # Errors
    ///
    /// A fault of the database; a throttle of which nothing is known is no error.
    pub async fn give_back(&self, key: &[u8; 32], throttle: &Throttle) -> Result<(), Error> {
        on!(self, write "give a passage back", |connection| {
            sqlx::query::<Db>(Db::CLAIM).bind(key.as_slice()).execute(&mut *connection).await?;
            let (state,): (Option<i64>,) =
                sqlx::query_as::<Db, _>(sql!("SELECT state FROM throttles WHERE hash = ?"))
                    .bind(key.as_slice())
                    .fetch_one(&mut *connection)
                    .await?;
            if let Some(state) = state {
                let state = throttle.give_back(rows::instant(state, "throttle")?);
                sqlx::query::<Db>(sql!("UPDATE throttles SET state = ? WHERE hash = ?"))
                    .bind(state.as_microsecond())
                    .bind(key.as_slice())
                    .execute(connection)
                    .await?;
            }
            Ok(())
        })
    }
}
