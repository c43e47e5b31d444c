//! `grid-server token inspect`: why a token is refused, check by check.

use std::path::Path;

use clap::Subcommand;
use grid_core::{
    auth::{self, Inspection, Outcome, Revocations, SharedSecret, Verifier},
    store::Store,
};
use jiff::Timestamp;

use super::{Failed, piped};
use crate::{cli, clock, config::Config, serve, services, telemetry};

/// What to do about tokens.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Say which check of a token fails, and how many seconds it has left; exit code 0 if it is good.
    Inspect {
        /// The token; standard input is read where it is `-` or absent.
        token: Option<String>,
    },
}

/// What the database knows about tokens.
struct Known {
    verifier: Verifier,
    revocations: Revocations,
}

/// Does it.
pub(crate) fn run(config: &Config, command: Command) -> Result<(), Failed> {
    telemetry::start(config);
    let Command::Inspect { token } = command;
    let text = match token {
        Some(token) if token != "-" => token,
        _ => piped()?,
    };
    // As it is copied out of a header.
    let token = text.trim();
    let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
    let now = clock::now();
    let known = known(config, now);
    if let Err(error) = &known {
        cli::print(&format!("not compared with the database: {error}\n"))?;
    }
    let known = known.ok();
    let secret = config.shared_secret()?.filter(|_| SharedSecret::is_meant(token));
    let inspection = match &secret {
        Some(secret) => auth::inspect_shared(token, secret, now),
        None => auth::inspect(token, known.as_ref().map(|known| &known.verifier), now),
    };
    let revoked = known.as_ref().filter(|_| inspection.valid).map(|known| {
        let principal = match &secret {
            Some(secret) => secret.verify(token, now),
            None => known.verifier.verify(token, now),
        };
        principal.and_then(|principal| known.revocations.check(&principal))
    });
    cli::print(&told(&inspection, revoked.as_ref())?)?;
    match (&inspection.reason, revoked) {
        (Some(reason), _) => Err(format!("the token is refused: {reason}").into()),
        (None, Some(Err(error))) => Err(format!("the token is refused: {}", error.reason()).into()),
        (None, _) if !inspection.valid => Err("not every check could be made".into()),
        (None, _) => Ok(()),
    }
}

/// The report; of the token's text it has the header and the claims, and nothing of the signature.
fn told(inspection: &Inspection, revoked: Option<&Result<(), auth::Error>>) -> Result<String, Failed> {
    let mut lines = Vec::new();
    if let Some(header) = &inspection.header {
        lines.push(format!("header: {}", serde_json::to_string(header)?));
    }
    if let Some(claims) = &inspection.claims {
        lines.push(format!("claims: {}", serde_json::to_string(claims)?));
    }
    if let Some(seconds) = inspection.seconds_left {
        lines.push(format!("seconds left: {seconds}"));
    }
    for check in &inspection.checks {
        let outcome = match check.outcome {
            Outcome::Passed => "passed".to_owned(),
            Outcome::Skipped => "skipped".to_owned(),
            Outcome::Failed => format!(
                "failed: {} ({})",
                check.reason.unwrap_or_default(),
                check.message.as_deref().unwrap_or_default()
            ),
        };
        lines.push(format!("{}: {outcome}", check.name));
    }
    match revoked {
        Some(Ok(())) => lines.push("revocation: passed".to_owned()),
        Some(Err(error)) => lines.push(format!("revocation: failed: {} ({error})", error.reason())),
        None => lines.push("revocation: skipped".to_owned()),
    }
    Ok(lines.join("\n") + "\n")
}

/// The keys and revocations of the configured database, which is only looked at: nothing is made or brought up to date.
fn known(config: &Config, now: Timestamp) -> Result<Known, Failed> {
    let address = config.database_if_there()?.url;
    if let Some(file) = address.strip_prefix("sqlite:").map(|rest| rest.trim_start_matches("//")) {
        let file = file.split('?').next().unwrap_or_default();
        if !Path::new(file).exists() {
            return Err("there is none".into());
        }
    }
    let sealing_key = config.sealing_key()?;
    let (issuer, audience) = (config.issuer.clone(), config.audience.clone());
    // As the server does.
    let lifetime = config.token_time();
    serve::with_database(config, &address, |store: Store| async move {
        let stored = store.signing_keys().await?;
        if sealing_key.is_none() && stored.iter().any(|key| key.sealed) {
            return Err("its signing keys are sealed, and GRID_SEALING_KEY is not set".into());
        }
        let keys = services::ring(&stored, sealing_key.as_ref())?.verifying_keys(now);
        let revocations = store.revocations(now).await?.into_iter().collect();
        let verifier = Verifier::new(keys, issuer, audience).with_longest_lifetime(lifetime);
        Ok(Known { verifier, revocations })
    })
}
