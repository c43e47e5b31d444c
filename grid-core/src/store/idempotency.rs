//! Requests that a client may send again: each is claimed by one server, and what it was answered is kept for a while.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::Database;
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    Error, Store,
    backend::on,
    rows::{self, key},
    sql::sql,
};

const THING: &str = "idempotent request";
/// The status of a request of which nobody knows what came of it.
const UNKNOWN: i64 = 0;
/// How long a claim whose commit was not answered may take to be there.
const APPEARS: Duration = Duration::from_mins(2);

/// What the store knows of a request that somebody wants to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nobody has run it: the caller does, and then settles the claim of this id.
    Run(Uuid),
    /// Somebody runs it, or ended before settling it.
    Running {
        /// Since when.
        since: Timestamp,
    },
    /// It may have run, and nobody knows what came of it.
    Unknown,
    /// It has run.
    Answered(KeptAnswer),
    /// Nobody has run it, and so many others of its owner are remembered that it is not claimed.
    TooMany,
}

/// What a request was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// What the request was known by.
    pub fingerprint: [u8; 32],
    /// The status of the answer, of HTTP.
    pub status: u16,
    /// The rest of it, sealed by the caller; `None` where that was too large to keep.
    pub answer: Option<Vec<u8>>,
}

/// How the row of a request is made and locked, which each database has in its own way.
pub(super) trait Requests: Database {
    /// Makes the row if it is missing, and locks it until the transaction ends.
    const CLAIM_REQUEST: &str;
}

// The transaction holds the lock of the whole file already.
#[cfg(feature = "sqlite")]
impl Requests for sqlx::Sqlite {
    const CLAIM_REQUEST: &str = "INSERT INTO idempotent_requests (hash, id, owner, begun_at, expires_at) \
                                 VALUES (?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING";
}

// An update that changes nothing locks the row.
#[cfg(feature = "mysql")]
impl Requests for sqlx::MySql {
    const CLAIM_REQUEST: &str = "INSERT INTO idempotent_requests (hash, id, owner, begun_at, expires_at) \
                                 VALUES (?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE begun_at = begun_at";
}

#[cfg(feature = "postgres")]
impl Requests for sqlx::Postgres {
    const CLAIM_REQUEST: &str = "INSERT INTO idempotent_requests (hash, id, owner, begun_at, expires_at) \
                                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (hash) \
                                 DO UPDATE SET begun_at = idempotent_requests.begun_at";
}

/// Id, begun at, expires at, status, fingerprint and answer.
type Row = (Vec<u8>, i64, i64, Option<i64>, Option<Vec<u8>>, Option<Vec<u8>>);

fn claim((id, begun_at, _, status, fingerprint, answer): Row, own: Uuid) -> Result<Claim, Error> {
    if rows::id(&id, THING)? == own {
        return Ok(Claim::Run(own));
    }
    Ok(match (status, fingerprint) {
        (None, _) => Claim::Running { since: rows::instant(begun_at, THING)? },
        (Some(UNKNOWN), _) => Claim::Unknown,
        (Some(status), Some(fingerprint)) => Claim::Answered(KeptAnswer {
            fingerprint: rows::hash(&fingerprint, THING)?,
            status: u16::try_from(status)
                .map_err(|_| Error::Corrupt { thing: THING, reason: "its status is none" })?,
            answer,
        }),
        (Some(_), None) => return Err(Error::Corrupt { thing: THING, reason: "it has no fingerprint" }),
    })
}

impl Store {
    /// Claims a request for whoever calls: of many who ask at once, on however many servers, one is told to
    /// [run](Claim::Run) it. `hash` is of what the client calls it by; what is known of it is forgotten at `expires_at`. Of one
    /// owner about `most` are remembered at the same time.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn claim_request(
        &self,
        hash: &[u8; 32],
        owner: Uuid,
        expires_at: Timestamp,
        now: Timestamp,
        most: u64,
    ) -> Result<Claim, Error> {
        let own = super::new_id(now);
        let claimed = on!(self, write "claim a request", |connection| {
            sqlx::query::<Db>(Db::CLAIM_REQUEST)
                .bind(hash.as_slice())
                .bind(key(&own))
                .bind(key(&owner))
                .bind(now.as_microsecond())
                .bind(expires_at.as_microsecond())
                .execute(&mut *connection)
                .await?;
            let row: Row = sqlx::query_as::<Db, _>(sql!(
                "SELECT id, begun_at, expires_at, status, fingerprint, answer \
                 FROM idempotent_requests WHERE hash = ?"
            ))
            .bind(hash.as_slice())
            .fetch_one(&mut *connection)
            .await?;
            if row.2 > now.as_microsecond() {
                let claim = claim(row, own)?;
                if !matches!(claim, Claim::Run(_)) {
                    return Ok(claim);
                }
                let (live,): (i64,) = sqlx::query_as::<Db, (i64,)>(sql!(
                    "SELECT COUNT(*) FROM idempotent_requests WHERE owner = ? AND expires_at > ?"
                ))
                .bind(key(&owner))
                .bind(now.as_microsecond())
                .fetch_one(&mut *connection)
                .await?;
                if u64::try_from(live).unwrap_or(0) <= most {
                    return Ok(claim);
                }
                sqlx::query::<Db>(sql!("DELETE FROM idempotent_requests WHERE hash = ?"))
                    .bind(hash.as_slice())
                    .execute(connection)
                    .await?;
                return Ok(Claim::TooMany);
            }
            // Old enough to be forgotten, though nobody has removed it yet.
            sqlx::query::<Db>(sql!(
                "UPDATE idempotent_requests SET id = ?, owner = ?, begun_at = ?, expires_at = ?, \
                 status = NULL, fingerprint = NULL, answer = NULL WHERE hash = ?"
            ))
            .bind(key(&own))
            .bind(key(&owner))
            .bind(now.as_microsecond())
            .bind(expires_at.as_microsecond())
            .bind(hash.as_slice())
            .execute(connection)
            .await?;
            Ok(Claim::Run(own))
        });
        match claimed {
            // A claim that is there is one's own, and nobody else would ever work on it.
            Err(Error::Uncertain { source, .. }) => match self.request(hash, own).await {
                Ok(Some(found)) => Ok(found),
                // It may come to be there later, where the database is slow and not gone.
                unseen => {
                    self.leave(*hash, own);
                    unseen.and(Err(Error::Unreachable { source }))
                }
            },
            claimed => claimed,
        }
    }

    /// Gives back a claim of which nobody knows whether it was made, as soon as it is seen: its request was not run.
    fn leave(&self, hash: [u8; 32], own: Uuid) {
        let store = self.clone();
        tokio::spawn(async move {
            let since = Instant::now();
            let mut pause = Duration::from_millis(500);
            while since.elapsed() < APPEARS {
                tokio::time::sleep(pause).await;
                if store.give_back_if_there(&hash, own).await.unwrap_or(false) {
                    return;
                }
                pause = (pause * 2).min(Duration::from_secs(10));
            }
        });
    }

    /// What is known of a request by whoever would claim it as `own`.
    async fn request(&self, hash: &[u8; 32], own: Uuid) -> Result<Option<Claim>, Error> {
        on!(self, read "look for a request", |connection| {
            let row: Option<Row> = sqlx::query_as::<Db, _>(sql!(
                "SELECT id, begun_at, expires_at, status, fingerprint, answer \
                 FROM idempotent_requests WHERE hash = ?"
            ))
            .bind(hash.as_slice())
            .fetch_optional(connection)
            .await?;
            Ok(row.map(|row| claim(row, own)).transpose()?)
        })
    }

    /// Keeps what a claimed request was answered.
    ///
    /// # Errors
    ///
    /// A fault of the database; a claim that was forgotten meanwhile is none.
    pub async fn settle_request(
        &self,
        hash: &[u8; 32],
        claim: Uuid,
        answer: &KeptAnswer,
    ) -> Result<(), Error> {
        on!(self, write "keep the answer to a request", |connection| {
            sqlx::query::<Db>(sql!(
                "UPDATE idempotent_requests SET status = ?, fingerprint = ?, answer = ? WHERE hash = ? AND id = ?"
            ))
            .bind(i64::from(answer.status))
            .bind(answer.fingerprint.as_slice())
            .bind(answer.answer.as_deref())
            .bind(hash.as_slice())
            .bind(key(&claim))
            .execute(connection)
            .await?;
            Ok(())
        })
    }

    /// Says of a claimed request that it may have happened, and that nobody will know: it is not run again.
    ///
    /// # Errors
    ///
    /// A fault of the database; a claim that was forgotten meanwhile is none.
    pub async fn lose_request(&self, hash: &[u8; 32], claim: Uuid) -> Result<(), Error> {
        on!(self, write "give a request up", |connection| {
            sqlx::query::<Db>(sql!("UPDATE idempotent_requests SET status = ? WHERE hash = ? AND id = ?"))
                .bind(UNKNOWN)
                .bind(hash.as_slice())
                .bind(key(&claim))
                .execute(connection)
                .await?;
            Ok(())
        })
    }

    /// Gives a claim back, as of a request that did nothing and may be tried again.
    ///
    /// # Errors
    ///
    /// A fault of the database; a claim that was forgotten meanwhile is none.
    pub async fn give_request_back(&self, hash: &[u8; 32], claim: Uuid) -> Result<(), Error> {
        self.give_back_if_there(hash, claim).await.map(|_| ())
    }

    /// The same, and whether it was there.
    async fn give_back_if_there(&self, hash: &[u8; 32], claim: Uuid) -> Result<bool, Error> {
        on!(self, write "give a request back", |connection| {
            let gone = sqlx::query::<Db>(sql!("DELETE FROM idempotent_requests WHERE hash = ? AND id = ?"))
                .bind(hash.as_slice())
                .bind(key(&claim))
                .execute(connection)
                .await?;
            Ok(gone.rows_affected() > 0)
        })
    }

    /// Forgets the requests whose time is over.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn prune_requests(&self, now: Timestamp) -> Result<(), Error> {
        on!(self, write "forget old requests", |connection| {
            sqlx::query::<Db>(sql!("DELETE FROM idempotent_requests WHERE expires_at <= ?"))
                .bind(now.as_microsecond())
                .execute(connection)
                .await?;
            Ok(())
        })
    }
}
