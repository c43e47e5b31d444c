//! The keys that access tokens are signed with, shared by all servers on one database.

use std::fmt;

use jiff::Timestamp;

use super::{
    Error, Store,
    backend::on,
    fault::{not_found, taken},
    rows,
    sql::sql,
};

/// A private key as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Its id, which tokens name.
    pub kid: String,
    /// The key in PKCS #8; where it is sealed, the encryption of that.
    pub pkcs8: Vec<u8>,
    /// Whether it is encrypted with a key that the database does not have.
    pub sealed: bool,
    /// Since when it is there.
    pub created_at: Timestamp,
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKey")
            .field("kid", &self.kid)
            .field("sealed", &self.sealed)
            .finish_non_exhaustive()
    }
}

/// A row of a table of private keys.
pub(super) type KeyRow = (String, Vec<u8>, i64, i64);

/// The key of a row; `thing` is what the key is.
pub(super) fn stored(
    (kid, pkcs8, sealed, created_at): KeyRow,
    thing: &'static str,
) -> Result<StoredKey, Error> {
    Ok(StoredKey { kid, pkcs8, sealed: sealed != 0, created_at: rows::instant(created_at, thing)? })
}

impl Store {
    /// All signing keys, the newest last.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn signing_keys(&self) -> Result<Vec<StoredKey>, Error> {
        on!(self, read "load the signing keys", |connection| {
            let keys: Vec<KeyRow> = sqlx::query_as::<Db, KeyRow>(sql!(
                "SELECT kid, pkcs8, sealed, created_at FROM signing_keys ORDER BY created_at, kid"
            ))
            .fetch_all(connection)
            .await?;
            Ok(keys.into_iter().map(|row| stored(row, "signing key")).collect::<Result<_, _>>()?)
        })
    }

    /// Keeps a new signing key, in PKCS #8 or sealed.
    ///
    /// # Errors
    ///
    /// [`Error::Taken`] where there is one of that id, or a fault of the database.
    pub async fn add_signing_key(
        &self,
        kid: &str,
        pkcs8: &[u8],
        sealed: bool,
        now: Timestamp,
    ) -> Result<(), Error> {
        on!(self, write "add a signing key", |connection| {
            sqlx::query::<Db>(sql!("INSERT INTO signing_keys (kid, pkcs8, sealed, created_at) VALUES (?, ?, ?, ?)"))
                .bind(kid)
                .bind(pkcs8)
                .bind(i64::from(sealed))
                .bind(now.as_microsecond())
                .execute(connection)
                .await
                .map_err(|error| taken(error, "key id", kid))?;
            Ok(())
        })
    }

    /// Puts the encryption of a signing key in its place.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], or a fault of the database.
    pub async fn seal_signing_key(&self, kid: &str, sealed: &[u8]) -> Result<(), Error> {
        on!(self, write "seal a signing key", |connection| {
            let done = sqlx::query::<Db>(sql!("UPDATE signing_keys SET pkcs8 = ?, sealed = 1 WHERE kid = ?"))
                .bind(sealed)
                .bind(kid)
                .execute(connection)
                .await?;
            if done.rows_affected() == 0 { Err(not_found("signing key", &kid).into()) } else { Ok(()) }
        })
    }

    /// Removes a signing key: what it signed is no longer believed.
    ///
    /// # Errors
    ///
    /// A fault of the database; a key that is not there is no error.
    pub async fn remove_signing_key(&self, kid: &str) -> Result<(), Error> {
        on!(self, write "remove a signing key", |connection| {
            sqlx::query::<Db>(sql!("DELETE FROM signing_keys WHERE kid = ?")).bind(kid).execute(connection).await?;
            Ok(())
        })
    }
}
