//! The trail of what was done: who, what, when, from where, and whether it worked.

use grid_core::store::{AuditEntry, new_id};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{clock, origin::Origin, problem::Problem, services::Services};

/// One thing that was done, or tried.
#[derive(Clone, Debug)]
pub(crate) struct Deed<'a> {
    /// What: `login`, `session.end`, ...
    pub(crate) action: &'a str,
    /// Who, where it is known.
    pub(crate) actor: Option<Uuid>,
    /// The name that they have, or gave.
    pub(crate) name: &'a str,
    /// What it was done to.
    pub(crate) target: String,
    /// Why it did not work; nothing where it did.
    pub(crate) refused: Option<&'a str>,
    /// SHA-256 of the token or key that was used or made.
    pub(crate) token_hash: Option<[u8; 32]>,
}

impl<'a> Deed<'a> {
    /// Something that somebody did.
    pub(crate) fn new(action: &'a str, actor: impl Into<Option<Uuid>>, name: &'a str) -> Self {
        Self { action, actor: actor.into(), name, target: String::new(), refused: None, token_hash: None }
    }

    /// To what.
    #[must_use]
    pub(crate) fn to(mut self, target: impl Into<String>) -> Self {
        self.target = target.into();
        self
    }

    /// That it did not work.
    #[must_use]
    pub(crate) fn refused(mut self, reason: &'a str) -> Self {
        self.refused = Some(reason);
        self
    }

    /// With which token or key.
    #[must_use]
    pub(crate) fn with(mut self, token_hash: [u8; 32]) -> Self {
        self.token_hash = Some(token_hash);
        self
    }

    /// Writes it down.
    pub(crate) async fn record(self, services: &Services, origin: &Origin) -> Result<(), Problem> {
        Ok(services.store().record(&self.by(origin, clock::now())).await?)
    }

    /// What is written down of a request, for a call of the store that writes it down itself.
    pub(crate) fn by(self, origin: &Origin, at: Timestamp) -> AuditEntry {
        AuditEntry {
            id: new_id(at),
            at,
            actor: self.actor,
            actor_name: grid_core::error::excerpt(self.name),
            action: self.action.to_owned(),
            target: self.target,
            succeeded: self.refused.is_none(),
            reason: self.refused.map(str::to_owned),
            address: origin.address.to_string(),
            token_hash: self.token_hash,
            request_id: origin.request_id.clone(),
        }
    }
}
