//! `grid-server verify`: whether a statement is unchanged and in the log, with no network and no database.

use std::{fs, io::Read, path::PathBuf};

use grid_core::proof::{Bundle, PublicKey, Receipt, Verified, verify_statement};

use super::Failed;
use crate::cli;

/// What to verify, and with which key.
#[derive(clap::Args, Clone, Debug)]
pub struct Verify {
    /// The statement with its proof, as `GET /api/v1/statements/{id}/proof` answers it; `-` is standard input.
    pub file: PathBuf,
    /// The public key of the log: `ed25519:...`, or a file that holds it as that text, PEM or JWK.
    #[arg(long, value_name = "KEY_OR_FILE")]
    pub key: String,
    /// The proof, where the file holds the statement alone.
    #[arg(long, value_name = "FILE")]
    pub proof: Option<PathBuf>,
}

/// Verifies, and says so; an error says what is wrong.
pub(crate) fn run(wanted: &Verify) -> Result<(), Failed> {
    let key = public_key(&wanted.key)?;
    let text = read(&wanted.file)?;
    let verified: Verified = match &wanted.proof {
        Some(proof) => verify_statement(text.as_str(), &Receipt::parse(&read(proof)?)?, &key)?,
        None => Bundle::parse(&text)?.verify(&key)?,
    };
    let (index, size, origin, at) =
        (verified.leaf_index(), verified.tree_size(), verified.origin(), verified.timestamp());
    cli::print(&format!(
        "verified: entry {index} of the {size} that the log of `{origin}` had at {at}, unchanged\n"
    ))
}

fn public_key(text: &str) -> Result<PublicKey, Failed> {
    if text.starts_with("ed25519:") {
        return Ok(text.parse()?);
    }
    let content =
        fs::read_to_string(text).map_err(|error| format!("failed to read the key `{text}`: {error}"))?;
    Ok(content.trim().parse()?)
}

fn read(file: &std::path::Path) -> Result<String, Failed> {
    if file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text)?;
        return Ok(text);
    }
    let name = file.display();
    Ok(fs::read_to_string(file).map_err(|error| format!("failed to read `{name}`: {error}"))?)
}
