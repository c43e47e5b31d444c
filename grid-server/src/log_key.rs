//! The key that signs the heads of the log of statements.
//!
//! There is one for as long as the database lives: whoever has the public key can verify every statement that was ever
//! issued. It is made when the first statement is issued, and sealed where there is a key for that.

use grid_core::{
    auth::SealingKey,
    proof::LogKey,
    store::{self, Store, StoredKey},
};
use jiff::Timestamp;

use crate::problem::Problem;

/// The key of the log, if there is one.
pub(crate) async fn existing(
    store: &Store,
    sealing_key: Option<&SealingKey>,
) -> Result<Option<LogKey>, Problem> {
    // Where two servers made one at the same time, the first counts.
    store.log_keys().await?.first().map(|stored| open(stored, sealing_key)).transpose()
}

/// The key of the log, which is made where there is none.
pub(crate) async fn ensured(
    store: &Store,
    sealing_key: Option<&SealingKey>,
    now: Timestamp,
) -> Result<LogKey, Problem> {
    if let Some(key) = existing(store, sealing_key).await? {
        return Ok(key);
    }
    let key = LogKey::generate()?;
    let (kid, pkcs8) = (key.key_id().to_string(), key.to_pkcs8()?);
    let added = match sealing_key {
        Some(sealing_key) => {
            store.add_log_key(&kid, &sealing_key.seal(&pkcs8, &context(&kid))?, true, now).await
        }
        None => store.add_log_key(&kid, &pkcs8, false, now).await,
    };
    match added {
        // Another server made one at the same moment: that one counts.
        Ok(()) | Err(store::Error::Taken { .. }) => {}
        Err(other) => return Err(other.into()),
    }
    existing(store, sealing_key).await?.ok_or_else(|| Problem::internal("the key of the log is gone"))
}

/// Seals a key of the log that was made before there was a key for that.
pub(crate) async fn seal_what_is_open(
    store: &Store,
    sealing_key: Option<&SealingKey>,
) -> Result<(), Problem> {
    let Some(sealing_key) = sealing_key else { return Ok(()) };
    for key in store.log_keys().await?.iter().filter(|key| !key.sealed) {
        store.seal_log_key(&key.kid, &sealing_key.seal(&key.pkcs8, &context(&key.kid))?).await?;
    }
    Ok(())
}

fn open(stored: &StoredKey, sealing_key: Option<&SealingKey>) -> Result<LogKey, Problem> {
    match (stored.sealed, sealing_key) {
        (false, _) => Ok(LogKey::from_pkcs8(&stored.pkcs8)?),
        (true, Some(sealing_key)) => {
            Ok(LogKey::from_pkcs8(&sealing_key.open(&stored.pkcs8, &context(&stored.kid))?)?)
        }
        (true, None) => Err(Problem::internal(
            "the key of the log is sealed: set GRID_SEALING_KEY to the key that it was sealed with",
        )),
    }
}

/// What a sealed key of the log is bound to.
fn context(kid: &str) -> String {
    format!("log key {kid}")
}
