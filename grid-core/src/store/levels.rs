//! How full each user's battery was: one row an instant, the same again changes nothing.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{
    Error, Store,
    backend::on,
    bulk::{Bulk as _, LevelRow},
    fault::{Fault, unknown},
    quotas::{Kept, Room as _},
    rows::{self, key},
    sql::sql,
};
use crate::{
    battery::Level,
    quantity::{Energy, Share},
    time::Interval,
};

type Row = (i64, i64, i64, i64);

fn level((measured_at, level_ppm, capacity, available): Row) -> Result<Level, Error> {
    const THING: &str = "battery level";
    let share = u32::try_from(level_ppm).ok().and_then(|ppm| Share::from_ppm(ppm).ok());
    Ok(Level {
        at: rows::instant(measured_at, THING)?,
        share: share.ok_or(Error::Corrupt { thing: THING, reason: "its level is out of range" })?,
        capacity: Energy::from_mwh(capacity),
        available: Energy::from_mwh(available),
    })
}

impl Store {
    /// The most levels that [`Store::levels`] gives at once.
    pub const MOST_LEVELS: usize = 200_000;

    /// Keeps levels of a user's battery, to the microsecond, and says for how many instants there was none before.
    ///
    /// There is one level an instant: the same again changes nothing, another takes its place.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where the user is not there, [`Error::Full`], or a fault of the database.
    pub async fn save_levels(&self, owner: Uuid, levels: &[Level]) -> Result<usize, Error> {
        // One statement must not name an instant twice; the later row is the one that stands.
        let by_instant: BTreeMap<i64, &Level> =
            levels.iter().map(|level| (level.at.as_microsecond(), level)).collect();
        let rows: Vec<LevelRow> = by_instant
            .into_iter()
            .map(|(measured_at, level)| LevelRow {
                owner,
                measured_at,
                level_ppm: i64::from(level.share.as_ppm()),
                capacity: level.capacity.as_mwh(),
                available: level.available.as_mwh(),
            })
            .collect();
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(0) };
        let (first, last) = (first.measured_at, last.measured_at);
        on!(self, write "store battery levels", |connection| {
            let mut counts = [0_i64; 2];
            for (count, is_after) in counts.iter_mut().zip([false, true]) {
                if is_after {
                    let put = Db::put_levels(&mut *connection, &rows).await;
                    put.map_err(|error| unknown(Fault::Statement(error), "user", &owner))?;
                }
                (*count,) = sqlx::query_as::<Db, (i64,)>(sql!(
                    "SELECT COUNT(*) FROM battery_levels WHERE owner = ? AND measured_at >= ? AND measured_at <= ?"
                ))
                .bind(key(&owner))
                .bind(first)
                .bind(last)
                .fetch_one(&mut *connection)
                .await?;
            }
            let [before, after] = counts;
            let new = usize::try_from(after - before).unwrap_or(0);
            let more = u64::try_from(new).unwrap_or(u64::MAX);
            // A battery tells its level every few minutes: to count all of them each time would cost more than to store it.
            if self.bounds.is_due(Kept::Levels, owner, more) {
                Db::keeps(connection, &self.bounds, Kept::Levels, owner, more).await?;
            }
            Ok(new)
        })
    }

    /// Removes the levels of a user's battery in an interval, and says how many there were.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn delete_levels(&self, owner: Uuid, interval: Interval) -> Result<u64, Error> {
        on!(self, write "delete battery levels", |connection| {
            let gone = sqlx::query::<Db>(sql!(
                "DELETE FROM battery_levels WHERE owner = ? AND measured_at >= ? AND measured_at < ?"
            ))
            .bind(key(&owner))
            .bind(interval.start().as_microsecond())
            .bind(interval.end().as_microsecond())
            .execute(connection)
            .await?;
            Ok(gone.rows_affected())
        })
    }

    /// The newest level of a user's battery.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn newest_level(&self, owner: Uuid) -> Result<Option<Level>, Error> {
        on!(self, read "load a battery level", |connection| {
            let row: Option<Row> = sqlx::query_as::<Db, Row>(sql!(
                "SELECT measured_at, level_ppm, capacity, available FROM battery_levels \
                 WHERE owner = ? ORDER BY measured_at DESC LIMIT 1"
            ))
            .bind(key(&owner))
            .fetch_optional(connection)
            .await?;
            Ok(row.map(level).transpose()?)
        })
    }

    /// The levels of a user's battery in an interval, by time.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyLevels`] beyond [`Store::MOST_LEVELS`], or a fault of the database.
    pub async fn levels(&self, owner: Uuid, interval: Interval) -> Result<Vec<Level>, Error> {
        let levels = self.first_levels(owner, interval, Self::MOST_LEVELS.saturating_add(1)).await?;
        if levels.len() > Self::MOST_LEVELS {
            return Err(Error::TooManyLevels { most: Self::MOST_LEVELS });
        }
        Ok(levels)
    }

    /// The first `most` levels of a user's battery in an interval, by time.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn first_levels(
        &self,
        owner: Uuid,
        interval: Interval,
        most: usize,
    ) -> Result<Vec<Level>, Error> {
        on!(self, read "load battery levels", |connection| {
            let rows: Vec<Row> = sqlx::query_as::<Db, Row>(sql!(
                "SELECT measured_at, level_ppm, capacity, available FROM battery_levels \
                 WHERE owner = ? AND measured_at >= ? AND measured_at < ? ORDER BY measured_at LIMIT ?"
            ))
            .bind(key(&owner))
            .bind(interval.start().as_microsecond())
            .bind(interval.end().as_microsecond())
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(connection)
            .await?;
            Ok(rows.into_iter().map(level).collect::<Result<Vec<_>, Error>>()?)
        })
    }
}
