//! What a user keeps in the store, as a quota counts it.

use uuid::Uuid;

use super::{Error, Store, backend::on, rows::key, sql::sql};

/// How much a user keeps in the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Holdings {
    /// Devices.
    pub devices: u64,
    /// Battery recordings.
    pub recordings: u64,
    /// The bytes of the files of these recordings.
    pub recording_bytes: u64,
}

impl Store {
    /// How much a user keeps; nothing of a user who is not there.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn holdings(&self, owner: Uuid) -> Result<Holdings, Error> {
        on!(self, read "count what a user keeps", |connection| {
            let (devices,): (i64,) = sqlx::query_as::<Db, (i64,)>(sql!("SELECT COUNT(*) FROM devices WHERE owner = ?"))
                .bind(key(&owner))
                .fetch_one(&mut *connection)
                .await?;
            // Added up here: a sum of integers is a decimal number in two of three databases.
            let sizes: Vec<(i64,)> =
                sqlx::query_as::<Db, (i64,)>(sql!("SELECT size_bytes FROM recordings WHERE owner = ?"))
                    .bind(key(&owner))
                    .fetch_all(connection)
                    .await?;
            let count = |number: i64| u64::try_from(number).unwrap_or(0);
            let bytes = sizes.iter().fold(0_u64, |sum, (size,)| sum.saturating_add(count(*size)));
            Ok(Holdings {
                devices: count(devices),
                recordings: u64::try_from(sizes.len()).unwrap_or(u64::MAX),
                recording_bytes: bytes,
            })
        })
    }
}
