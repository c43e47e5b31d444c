//! What is done from the command line, one file a subject. Each deed of an operator is written to the trail that the API
//! writes to, by the actor `command line`.

pub mod archive;
pub mod battery;
pub mod coefficients;
pub mod doctor;
mod file;
pub mod forecast;
pub mod keys;
mod progress;
pub mod settle;
mod source;
pub mod token;
pub mod user;
pub mod verify;

use std::io::{IsTerminal, Read};

use grid_core::{
    auth::LONGEST_LIFETIME,
    energy::Community,
    store::{AuditEntry, Page, Store, User},
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::clock;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Who does what the command line does.
const ACTOR: &str = "command line";

/// Writes a deed down.
async fn record(store: &Store, action: &str, target: impl Into<String>) -> Result<(), Failed> {
    Ok(store.record(&entry(action, target)).await?)
}

/// What is written down of a deed that is done now.
fn entry(action: &str, target: impl Into<String>) -> AuditEntry {
    AuditEntry { target: target.into(), ..AuditEntry::by_program(ACTOR, action, clock::now()) }
}

/// When a token that is issued now has expired, whatever the servers' settings are.
fn last_token(now: Timestamp) -> Timestamp {
    now.checked_add(LONGEST_LIFETIME).unwrap_or(Timestamp::MAX)
}

/// The community of an id or a name.
async fn community(store: &Store, text: &str) -> Result<Community, Failed> {
    if let Ok(id) = text.parse::<Uuid>() {
        return Ok(store.community(id).await?);
    }
    let mut page = Page::FIRST;
    let mut found = Vec::new();
    loop {
        let listed = store.communities(page).await?;
        found.extend(listed.items.into_iter().filter(|community| community.name.as_str() == text));
        match listed.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    let excerpt = grid_core::error::excerpt(text);
    match found.len() {
        0 => Err(format!("there is no community `{excerpt}`").into()),
        1 => found.pop().ok_or_else(|| "a list of one was empty".into()),
        many => Err(format!("{many} communities are called `{excerpt}`: name the one by its id").into()),
    }
}

/// The user of a name or an e-mail address.
async fn find(store: &Store, name: &str) -> Result<User, Failed> {
    let user = store.user_by_name(name).await?;
    Ok(user.ok_or_else(|| format!("there is no user `{}`", grid_core::error::excerpt(name)))?)
}

/// What is piped into the program, without the white space around it; 64 KiB at most.
fn piped() -> Result<String, Failed> {
    let mut text = String::new();
    std::io::stdin().lock().take(65_536).read_to_string(&mut text)?;
    Ok(text.trim().to_owned())
}

/// Whether a person sits in front of the program.
fn is_asked_by_a_person() -> bool {
    std::io::stdin().is_terminal()
}
