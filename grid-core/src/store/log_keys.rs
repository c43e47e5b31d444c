//! The keys of the log of what was issued: kept, sealed where there is a key for that, and opened to sign.
//!
//! There is one that signs for as long as the database lives: whoever has its public half can verify every statement that
//! was ever issued.

use jiff::Timestamp;

use super::{
    Error, Store, StoredKey,
    backend::on,
    fault::{not_found, taken},
    signing_keys::{KeyRow, stored},
    sql::sql,
};
use crate::{auth::SealingKey, proof::LogKey};

/// What a sealed key of the log is bound to.
fn context(kid: &str) -> String {
    format!("log key {kid}")
}

fn open(stored: &StoredKey, sealing_key: Option<&SealingKey>) -> Result<LogKey, Error> {
    match (stored.sealed, sealing_key) {
        (false, _) => Ok(LogKey::from_pkcs8(&stored.pkcs8)?),
        (true, Some(sealing_key)) => {
            Ok(LogKey::from_pkcs8(&sealing_key.open(&stored.pkcs8, &context(&stored.kid))?)?)
        }
        (true, None) => Err(Error::LogKeySealed { key_id: stored.kid.clone() }),
    }
}

impl Store {
    /// The key that signs the log; `None` while none was made. `sealing_key` opens it where it is sealed.
    ///
    /// # Errors
    ///
    /// [`Error::LogKeySealed`] where it is sealed and there is no key for that, [`Error::Auth`] where it was sealed by
    /// another, or a fault of the database.
    pub async fn log_key(&self, sealing_key: Option<&SealingKey>) -> Result<Option<LogKey>, Error> {
        // Where two servers made one at the same time, the first counts.
        self.log_keys().await?.first().map(|stored| open(stored, sealing_key)).transpose()
    }

    /// The key that signs the log, which is made where there is none, and kept sealed where there is a key for that.
    ///
    /// # Errors
    ///
    /// As [`Store::log_key`]; [`Error::LogKeyElsewhere`] where the log was signed by a key that is not stored here.
    pub async fn ensure_log_key(
        &self,
        sealing_key: Option<&SealingKey>,
        now: Timestamp,
    ) -> Result<LogKey, Error> {
        if let Some(key) = self.log_key(sealing_key).await? {
            return Ok(key);
        }
        if let Some(head) = self.log_head().await? {
            return Err(Error::LogKeyElsewhere { key_id: head.key_id().to_string() });
        }
        let key = LogKey::generate()?;
        let (kid, pkcs8) = (key.key_id().to_string(), key.to_pkcs8()?);
        let added = match sealing_key {
            Some(sealing_key) => {
                self.add_log_key(&kid, &sealing_key.seal(&pkcs8, &context(&kid))?, true, now).await
            }
            None => self.add_log_key(&kid, &pkcs8, false, now).await,
        };
        match added {
            // Another server made one at the same moment: that one counts.
            Ok(()) | Err(Error::Taken { .. }) => {}
            Err(other) => return Err(other),
        }
        let gone = Error::Corrupt { thing: "key of the log", reason: "it is gone" };
        self.log_key(sealing_key).await?.ok_or(gone)
    }

    /// Seals the keys of the log that were made before there was a key for that.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] where sealing fails, or a fault of the database.
    pub async fn seal_log_keys(&self, sealing_key: &SealingKey) -> Result<(), Error> {
        for key in self.log_keys().await?.iter().filter(|key| !key.sealed) {
            self.seal_log_key(&key.kid, &sealing_key.seal(&key.pkcs8, &context(&key.kid))?).await?;
        }
        Ok(())
    }

    /// All keys of the log, in the order in which they were added.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn log_keys(&self) -> Result<Vec<StoredKey>, Error> {
        on!(self, read "load the keys of the log", |connection| {
            let keys: Vec<KeyRow> = sqlx::query_as::<Db, KeyRow>(sql!(
                "SELECT kid, pkcs8, sealed, created_at FROM log_keys ORDER BY place"
            ))
            .fetch_all(connection)
            .await?;
            Ok(keys.into_iter().map(|row| stored(row, "key of the log")).collect::<Result<_, _>>()?)
        })
    }

    /// Puts the encryption of a key of the log in its place.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], or a fault of the database.
    pub async fn seal_log_key(&self, kid: &str, sealed: &[u8]) -> Result<(), Error> {
        on!(self, write "seal a key of the log", |connection| {
            let done = sqlx::query::<Db>(sql!("UPDATE log_keys SET pkcs8 = ?, sealed = 1 WHERE kid = ?"))
                .bind(sealed)
                .bind(kid)
                .execute(connection)
                .await?;
            if done.rows_affected() == 0 { Err(not_found("key of the log", &kid).into()) } else { Ok(()) }
        })
    }

    /// Keeps a new key of the log, in PKCS #8 or sealed. Its place is behind those that are there, whatever the clocks of
    /// those who add keys say.
    ///
    /// # Errors
    ///
    /// [`Error::Taken`] where there is one of that id, or another was added at the same moment; or a fault of the database.
    pub async fn add_log_key(
        &self,
        kid: &str,
        pkcs8: &[u8],
        sealed: bool,
        now: Timestamp,
    ) -> Result<(), Error> {
        on!(self, write "add a key of the log", |connection| {
            let (place,): (i64,) =
                sqlx::query_as::<Db, _>(sql!("SELECT COUNT(*) FROM log_keys")).fetch_one(&mut *connection).await?;
            sqlx::query::<Db>(sql!("INSERT INTO log_keys (place, kid, pkcs8, sealed, created_at) VALUES (?, ?, ?, ?, ?)"))
                .bind(place)
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
}
