//! Closing the books of a community: what was settled as of an instant comes out the same whenever it is settled again.
//!
//! Whoever writes takes the clock before waiting for a lock, and another server has another clock. So what counts as recorded
//! before an instant could still arrive after it was settled. Closing the books waits for all who write, and notes the
//! instant; whoever writes afterwards is recorded as later, whatever the clock says.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Error, Store,
    backend::{Driver, on, per_driver},
    fault::Fault,
    placements::Placing,
    rows::key,
    sql::sql,
};

/// When something is recorded that is said at `now`, in microseconds: after the books were closed, if they were.
pub(super) fn recorded_at(now: Timestamp, settled_as_of: Option<i64>) -> i64 {
    let now = now.as_microsecond();
    settled_as_of.map_or(now, |settled| now.max(settled.saturating_add(1)))
}

/// The steps of recording what is said of a community.
pub(super) trait Books: Placing {
    /// Up to when what is said of a community may have been settled; under the community's lock.
    async fn settled_as_of(connection: &mut Self::Connection, community: Uuid) -> Result<Option<i64>, Fault>;

    /// Locks a community until the transaction ends, and says when something is recorded that is said of it at `now`.
    async fn recorded_of_community(
        connection: &mut Self::Connection,
        community: Uuid,
        now: Timestamp,
    ) -> Result<i64, Fault>;
}

per_driver! {
    impl Books for Db {
        async fn settled_as_of(
            connection: &mut Self::Connection,
            community: Uuid,
        ) -> Result<Option<i64>, Fault> {
            let settled: Option<(Option<i64>,)> =
                sqlx::query_as::<Db, _>(sql!("SELECT settled_as_of FROM communities WHERE id = ?"))
                    .bind(key(&community))
                    .fetch_optional(connection)
                    .await?;
            Ok(settled.and_then(|(settled,)| settled))
        }

        async fn recorded_of_community(
            connection: &mut Self::Connection,
            community: Uuid,
            now: Timestamp,
        ) -> Result<i64, Fault> {
            Db::claim_community(&mut *connection, community).await?;
            Ok(recorded_at(now, Db::settled_as_of(connection, community).await?))
        }
    }
}

impl Store {
    /// Waits for all who write what a community's bills are made from, and lets whatever is written from now on be recorded
    /// after `as_of`.
    pub(super) async fn close_books(&self, community: Uuid, as_of: Timestamp) -> Result<(), Error> {
        let as_of = as_of.as_microsecond();
        on!(self, write "close a community's books", |connection| {
            Db::claim_community(&mut *connection, community).await?;
            // Devices before channels: a channel that somebody is making holds its device, and those that are there then
            // are all that somebody may be writing to.
            if <Db as Driver>::HOLDS_ROWS {
                for held in [
                    sql!(
                        "SELECT created_at FROM devices \
                         WHERE id IN (SELECT device FROM device_placements WHERE community = ?) ORDER BY id FOR UPDATE"
                    ),
                    sql!(
                        "SELECT channel FROM channels \
                         WHERE device IN (SELECT device FROM device_placements WHERE community = ?) \
                         ORDER BY device, channel FOR UPDATE"
                    ),
                ] {
                    sqlx::query::<Db>(held).bind(key(&community)).fetch_all(&mut *connection).await?;
                }
            }
            sqlx::query::<Db>(sql!(
                "UPDATE devices SET settled_as_of = ? \
                 WHERE id IN (SELECT device FROM device_placements WHERE community = ?) \
                 AND (settled_as_of IS NULL OR settled_as_of < ?)"
            ))
            .bind(as_of)
            .bind(key(&community))
            .bind(as_of)
            .execute(&mut *connection)
            .await?;
            sqlx::query::<Db>(sql!(
                "UPDATE communities SET settled_as_of = ? \
                 WHERE id = ? AND (settled_as_of IS NULL OR settled_as_of < ?)"
            ))
            .bind(as_of)
            .bind(key(&community))
            .bind(as_of)
            .execute(connection)
            .await?;
            Ok(())
        })
    }
}
