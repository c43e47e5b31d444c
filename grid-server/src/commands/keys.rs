//! `grid-server keys`: the keys that sign access tokens.

use clap::Subcommand;
use grid_core::{
    auth::SealingKey,
    store::{Store, StoredKey},
};

use super::{Failed, record};
use crate::{cli, clock, config::Config, serve, services, telemetry};

/// What to do about signing keys.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// List the keys: id, since when, what for, whether they are sealed.
    List,
    /// Make another key sign from now on; the one before it verifies until its last token has expired.
    Rotate,
    /// Remove a key that others may know: what it signed is refused at once.
    Remove {
        /// The id of the key.
        // An id may begin with `-`, which is a letter of base64url.
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
}

/// Does it.
pub(crate) fn run(config: &Config, command: Command) -> Result<(), Failed> {
    telemetry::start(config);
    let sealing_key = config.sealing_key()?;
    serve::with_store(config, |store| async move {
        let stored = store.signing_keys().await?;
        if sealing_key.is_none() && stored.iter().any(|key| key.sealed) {
            return Err(
                "the signing keys are sealed: set GRID_SEALING_KEY to the key that they were sealed with"
                    .into(),
            );
        }
        match command {
            Command::List => list(&stored, sealing_key.as_ref()),
            Command::Rotate => rotate(&store, sealing_key.as_ref()).await,
            Command::Remove { kid } => remove(&store, &stored, sealing_key.as_ref(), &kid).await,
        }
    })
}

fn list(stored: &[StoredKey], sealing_key: Option<&SealingKey>) -> Result<(), Failed> {
    // A database that no server has started on.
    if stored.is_empty() {
        return Ok(());
    }
    let now = clock::now();
    for (key, since, until) in services::ring(stored, sealing_key)?.keys() {
        let kid = key.key_id().as_str();
        let purpose = match until {
            None => "signs".to_owned(),
            Some(until) if until <= now => "spent".to_owned(),
            Some(until) => format!("verifies until {until}"),
        };
        let is_sealed = stored.iter().any(|stored| stored.kid == kid && stored.sealed);
        let sealed = if is_sealed { "sealed" } else { "not sealed" };
        cli::print(&format!("{kid}\tsince {since}\t{purpose}\t{sealed}\n"))?;
    }
    Ok(())
}

async fn rotate(store: &Store, sealing_key: Option<&SealingKey>) -> Result<(), Failed> {
    let key = services::add_key(store, sealing_key, clock::now()).await?;
    let kid = key.key_id().as_str();
    record(store, "key.rotate", kid).await?;
    cli::print(&format!("{kid} signs from now on\n"))
}

async fn remove(
    store: &Store,
    stored: &[StoredKey],
    sealing_key: Option<&SealingKey>,
    kid: &str,
) -> Result<(), Failed> {
    if stored.iter().all(|key| key.kid != kid) {
        return Err(format!("there is no signing key `{}`", grid_core::error::excerpt(kid)).into());
    }
    // There is always one that signs, and it is never an older one that has been followed.
    if stored.last().is_some_and(|newest| newest.kid == kid) {
        rotate(store, sealing_key).await?;
    }
    store.remove_signing_key(kid).await?;
    record(store, "key.remove", kid).await?;
    cli::print(&format!("{kid} is removed; what it signed is refused\n"))
}
