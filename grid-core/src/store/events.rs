//! What happened, for who listens: new readings, and jobs that were done.
//!
//! An event is written in the transaction of the thing itself, so neither is there without the other, on any database. It
//! gets its number afterwards, from whoever looks first: transactions do not end in the order in which they begin, and a
//! number that was given before the commit could appear behind one that a reader has passed already. Numbers are given
//! under a lock and only to what is committed, so who has been told a number has been told all below it.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use sqlx::Database;
use uuid::Uuid;

use super::{
    Error, Store,
    backend::{on, per_driver},
    bulk::Bulk,
    fault::Fault,
    rows::{self, key},
    sql::sql,
};
use crate::energy::Channel;

/// How many events are numbered in one transaction.
const AT_ONCE: i64 = 256;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Happening {
    /// Readings of a device were stored that were not there, or not with these values.
    Readings {
        /// The device.
        device: Uuid,
        /// The channel.
        channel: Channel,
        /// Where the first of them begins.
        #[serde(serialize_with = "crate::time::rfc3339::serialize")]
        from: Timestamp,
        /// Where the last of them ends.
        #[serde(serialize_with = "crate::time::rfc3339::serialize")]
        to: Timestamp,
        /// How many are new, or stand in the place of another one now.
        count: usize,
    },
    /// A battery recording was stored.
    Recording {
        /// The recording.
        recording: Uuid,
    },
    /// A forecast was made.
    Forecast {
        /// The forecast.
        forecast: Uuid,
        /// The device that it is of, if any.
        device: Option<Uuid>,
    },
    /// Statements of a community were issued.
    Statements {
        /// The community.
        community: Uuid,
        /// The settlement.
        settlement: Uuid,
        /// Where its period begins.
        #[serde(serialize_with = "crate::time::rfc3339::serialize")]
        from: Timestamp,
        /// Where its period ends.
        #[serde(serialize_with = "crate::time::rfc3339::serialize")]
        to: Timestamp,
        /// How many statements and corrections.
        count: usize,
    },
    /// A file of a community's readings was taken in.
    Import {
        /// The community.
        community: Uuid,
        /// How many readings are new.
        inserted: usize,
        /// How many stand in the place of another one now.
        superseded: usize,
        /// How many devices are new.
        devices_created: usize,
    },
}

/// Who may be told: who may read the thing itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    /// A user.
    Owner(Uuid),
    /// The members of a community.
    Community(Uuid),
    /// The owner of a device.
    Device(Uuid),
}

impl Happening {
    /// The word for it, as in the stream of the server.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Readings { .. } => "readings",
            Self::Recording { .. } => "recording",
            Self::Forecast { .. } => "forecast",
            Self::Statements { .. } => "statements",
            Self::Import { .. } => "import",
        }
    }
}

/// Something that happened, with its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Greater than that of every event that was numbered before; `id` in JSON.
    #[serde(rename = "id")]
    pub number: i64,
    /// When it happened, to the millisecond.
    #[serde(serialize_with = "crate::time::rfc3339::serialize")]
    pub at: Timestamp,
    /// The word for what happened, as [`Happening::kind`] has it.
    pub kind: String,
    /// What belongs to the kind, under the names that [`Happening`] has.
    #[serde(flatten)]
    pub payload: serde_json::Map<String, serde_json::Value>,
}

/// What a reader wants to be told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of one device alone.
    pub device: Option<Uuid>,
    /// Of one community alone.
    pub community: Option<Uuid>,
}

/// How the row of the numbers is made and locked, which each database has in its own way.
pub(super) trait Numbers: Database {
    /// Makes the row if it is missing, and locks it until the transaction ends.
    const CLAIM_NUMBERS: &str;
}

// The transaction holds the lock of the whole file already.
#[cfg(feature = "sqlite")]
impl Numbers for sqlx::Sqlite {
    const CLAIM_NUMBERS: &str =
        "INSERT INTO event_numbers (slot, last) VALUES (1, 0) ON CONFLICT (slot) DO NOTHING";
}

// An update that changes nothing locks the row.
#[cfg(feature = "mysql")]
impl Numbers for sqlx::MySql {
    const CLAIM_NUMBERS: &str =
        "INSERT INTO event_numbers (slot, last) VALUES (1, 0) ON DUPLICATE KEY UPDATE slot = slot";
}

#[cfg(feature = "postgres")]
impl Numbers for sqlx::Postgres {
    const CLAIM_NUMBERS: &str = "INSERT INTO event_numbers (slot, last) VALUES (1, 0) \
                                 ON CONFLICT (slot) DO UPDATE SET slot = event_numbers.slot";
}

/// An event as it is stored.
#[derive(Debug)]
pub(super) struct EventRow {
    pub(super) id: Uuid,
    pub(super) kind: &'static str,
    pub(super) owner: Option<Uuid>,
    pub(super) community: Option<Uuid>,
    pub(super) device: Option<Uuid>,
    pub(super) payload: String,
}

impl EventRow {
    /// The row of what happened.
    pub(super) fn new(audience: Audience, what: &Happening, now: Timestamp) -> Result<Self, Error> {
        let payload = serde_json::to_string(what)
            .map_err(|source| Error::Failed { action: "write an event", source: source.into() })?;
        let (owner, community, device) = match audience {
            Audience::Owner(id) => (Some(id), None, None),
            Audience::Community(id) => (None, Some(id), None),
            Audience::Device(id) => (None, None, Some(id)),
        };
        Ok(Self { id: rows::new_id(now), kind: what.kind(), owner, community, device, payload })
    }
}

/// Writing down what happened, within a transaction.
pub(super) trait Tell: Bulk {
    /// Writes an event down.
    async fn tell(
        connection: &mut Self::Connection,
        audience: Audience,
        what: &Happening,
        now: Timestamp,
    ) -> Result<(), Fault>;
}

per_driver! {
    impl Tell for Db {
        async fn tell(
            connection: &mut Self::Connection,
            audience: Audience,
            what: &Happening,
            now: Timestamp,
        ) -> Result<(), Fault> {
            Db::put_events(connection, &[EventRow::new(audience, what, now)?]).await?;
            Ok(())
        }
    }
}

type Row = (i64, Vec<u8>, String, String);

fn event((number, id, kind, payload): Row) -> Result<Event, Error> {
    let corrupt = Error::Corrupt { thing: "event", reason: "its id says no time" };
    let (seconds, nanoseconds) = rows::id(&id, "event")?.get_timestamp().ok_or(corrupt)?.to_unix();
    let at = i64::try_from(seconds)
        .ok()
        .zip(i32::try_from(nanoseconds).ok())
        .and_then(|(seconds, nanoseconds)| Timestamp::new(seconds, nanoseconds).ok());
    let at = at.ok_or(Error::Corrupt { thing: "event", reason: "its instant is out of range" })?;
    let mut payload: serde_json::Map<_, _> = serde_json::from_str(&payload)
        .map_err(|_| Error::Corrupt { thing: "event", reason: "what it says is no JSON object" })?;
    payload.remove("kind");
    Ok(Event { number, at, kind, payload })
}

impl Store {
    /// How long events are kept.
    pub const EVENT_MEMORY: SignedDuration = SignedDuration::from_hours(24);

    /// Numbers what has happened since the last call, by whichever process, and gives the newest number.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn number_events(&self) -> Result<i64, Error> {
        loop {
            // Looked at before anything is locked: mostly there is nothing to do.
            let waiting: Option<(Vec<u8>,)> = on!(self, read "look for events", |connection| {
                Ok(sqlx::query_as::<Db, (Vec<u8>,)>(sql!("SELECT id FROM events WHERE number IS NULL LIMIT 1"))
                    .fetch_optional(connection)
                    .await?)
            })?;
            if waiting.is_none() {
                return self.last_event().await;
            }
            on!(self, write "number events", |connection| {
                sqlx::query::<Db>(Db::CLAIM_NUMBERS).execute(&mut *connection).await?;
                let (mut last,): (i64,) =
                    sqlx::query_as::<Db, _>(sql!("SELECT last FROM event_numbers WHERE slot = 1"))
                        .fetch_one(&mut *connection)
                        .await?;
                let found: Vec<(Vec<u8>,)> = sqlx::query_as::<Db, _>(sql!(
                    "SELECT id FROM events WHERE number IS NULL ORDER BY id LIMIT ?"
                ))
                .bind(AT_ONCE)
                .fetch_all(&mut *connection)
                .await?;
                for (id,) in found {
                    last += 1;
                    sqlx::query::<Db>(sql!("UPDATE events SET number = ? WHERE id = ?"))
                        .bind(last)
                        .bind(id)
                        .execute(&mut *connection)
                        .await?;
                }
                sqlx::query::<Db>(sql!("UPDATE event_numbers SET last = ? WHERE slot = 1"))
                    .bind(last)
                    .execute(connection)
                    .await?;
                Ok(())
            })?;
        }
    }

    /// The newest number of an event; 0 where none has one.
    async fn last_event(&self) -> Result<i64, Error> {
        on!(self, read "look for the newest event", |connection| {
            let last: Option<(i64,)> =
                sqlx::query_as::<Db, (i64,)>(sql!("SELECT last FROM event_numbers WHERE slot = 1"))
                    .fetch_optional(connection)
                    .await?;
            Ok(last.map_or(0, |(last,)| last))
        })
    }

    /// What `reader` may be told of, after the event of a number, oldest first: their own devices, recordings and
    /// forecasts, and what concerns a community that they are a member of. Only what has been
    /// [numbered](Store::number_events) is told.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn events(
        &self,
        reader: Uuid,
        filter: EventFilter,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Event>, Error> {
        on!(self, read "load events", |connection| {
            let device = filter.device.as_ref().map(key);
            let community = filter.community.as_ref().map(key);
            let one_device = i64::from(device.is_some());
            let one_community = i64::from(community.is_some());
            let found: Vec<Row> = sqlx::query_as::<Db, _>(sql!(
                "SELECT number, id, kind, payload FROM events WHERE number > ? AND (\
                 owner = ? \
                 OR community IN (SELECT community FROM members WHERE account = ?) \
                 OR device IN (SELECT id FROM devices WHERE owner = ?)) \
                 AND (? = 0 OR device = ?) AND (? = 0 OR community = ?) \
                 ORDER BY number LIMIT ?"
            ))
            .bind(after)
            .bind(key(&reader))
            .bind(key(&reader))
            .bind(key(&reader))
            .bind(one_device)
            .bind(device)
            .bind(one_community)
            .bind(community)
            .bind(i64::from(limit))
            .fetch_all(connection)
            .await?;
            Ok(found.into_iter().map(event).collect::<Result<_, Error>>()?)
        })
    }

    /// Forgets events that are older than [`Store::EVENT_MEMORY`].
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn prune_events(&self, now: Timestamp) -> Result<(), Error> {
        let old = now.checked_sub(Self::EVENT_MEMORY).unwrap_or(Timestamp::UNIX_EPOCH);
        let bound = rows::first_id(old);
        on!(self, write "forget old events", |connection| {
            sqlx::query::<Db>(sql!("DELETE FROM events WHERE id < ?"))
                .bind(bound.as_slice())
                .execute(connection)
                .await?;
            Ok(())
        })
    }
}
