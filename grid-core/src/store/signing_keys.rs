//! The keys that access tokens are signed with, shared by all servers on one database.

use std::fmt;

use jiff::Timestamp;

use super::{Error, Store, backend::on, fault::taken, rows, sql::sql};

/// A private key as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Its id, which tokens name.
    pub kid: String,
    /// The key in PKCS #8.
    pub pkcs8: Vec<u8>,
    /// Since when it is there.
    pub created_at: Timestamp,
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl Store {
    /// All signing keys, the newest last.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn signing_keys(&self) -> Result<Vec<StoredKey>, Error> {
        on!(self, read "load the signing keys", |connection| {
            let keys: Vec<(String, Vec<u8>, i64)> = sqlx::query_as::<Db, _>(sql!(
                "SELECT kid, pkcs8, created_at FROM signing_keys ORDER BY created_at, kid"
            ))
            .fetch_all(connection)
            .await?;
            let keys = keys.into_iter().map(|(kid, pkcs8, created_at)| {
                Ok(StoredKey { kid, pkcs8, created_at: rows::instant(created_at, "signing key")? })
            });
            Ok(keys.collect::<Result<_, Error>>()?)
        })
    }

    /// Keeps a new signing key.
    ///
    /// # Errors
    ///
    /// [`Error::Taken`] where there is one of that id, or a fault of the database.
    pub async fn add_signing_key(&self, kid: &str, pkcs8: &[u8], now: Timestamp) -> Result<(), Error> {
        on!(self, write "add a signing key", |connection| {
            sqlx::query::<Db>(sql!("INSERT INTO signing_keys (kid, pkcs8, created_at) VALUES (?, ?, ?)"))
                .bind(kid)
                .bind(pkcs8)
                .bind(now.as_microsecond())
                .execute(connection)
                .await
                .map_err(|error| taken(error, "key id", kid))?;
            Ok(())
        })
    }
}
