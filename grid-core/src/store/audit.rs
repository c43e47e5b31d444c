//! Who did what, when, from where, and whether it worked. Entries are added, and no call changes one; of logins that failed,
//! which anybody can make any number of, the old ones are forgotten.

use jiff::{SignedDuration, Timestamp};
use sqlx::Database;
use uuid::Uuid;

use super::{
    Error, Listed, Page, Store,
    backend::{on, per_driver},
    fault::{Fault, taken},
    rows::{self, foreign_text, key},
    sql::sql,
};

/// One thing that somebody did, or tried to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its id, from [`new_id`](super::new_id), in whose order entries are listed.
    pub id: Uuid,
    /// When it was done.
    pub at: Timestamp,
    /// The user who did it, where that is known.
    pub actor: Option<Uuid>,
    /// The name that they had then, or gave.
    pub actor_name: String,
    /// What was done, like `login`.
    pub action: String,
    /// What it was done to.
    pub target: String,
    /// Whether it worked.
    pub succeeded: bool,
    /// Why it did not.
    pub reason: Option<String>,
    /// The address that it came from.
    pub address: String,
    /// The SHA-256 of the token that it was done with.
    pub token_hash: Option<[u8; 32]>,
    /// The id of the request, which the log has too.
    pub request_id: String,
}

impl AuditEntry {
    /// Something that a program did for whoever runs it, such as the command line, and that worked.
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")] {
    /// use grid_core::store::AuditEntry;
    /// let entry = AuditEntry::by_program("command line", "settlement.issue", jiff::Timestamp::UNIX_EPOCH);
    /// assert_eq!((entry.actor_name.as_str(), entry.actor, entry.succeeded), ("command line", None, true));
    /// # }
    /// ```
    pub fn by_program(name: &str, action: &str, at: Timestamp) -> Self {
        Self {
            id: rows::new_id(at),
            at,
            actor: None,
            actor_name: name.to_owned(),
            action: action.to_owned(),
            target: String::new(),
            succeeded: true,
            reason: None,
            address: String::new(),
            token_hash: None,
            request_id: String::new(),
        }
    }
}

type Row = (
    Vec<u8>,
    i64,
    Option<Vec<u8>>,
    String,
    String,
    String,
    i64,
    Option<String>,
    String,
    Option<Vec<u8>>,
    String,
);

fn entry(
    (id, at, actor, actor_name, action, target, succeeded, reason, address, token_hash, request_id): Row,
) -> Result<AuditEntry, Error> {
    const THING: &str = "audit entry";
    Ok(AuditEntry {
        id: rows::id(&id, THING)?,
        at: rows::instant(at, THING)?,
        actor: actor.map(|actor| rows::id(&actor, THING)).transpose()?,
        actor_name,
        action,
        target,
        succeeded: succeeded != 0,
        reason,
        address,
        token_hash: token_hash.map(|hash| rows::hash(&hash, THING)).transpose()?,
        request_id,
    })
}

/// The columns of a [`Row`].
macro_rules! columns {
    () => {
        "id, happened_at, actor, actor_name, action, target, succeeded, reason, address, token_hash, request_id"
    };
}

/// The step with the trail within a transaction.
pub(super) trait Trail: Database {
    /// Adds an entry.
    async fn put_entry(connection: &mut Self::Connection, entry: &AuditEntry) -> Result<(), Fault>;
}

per_driver! {
    impl Trail for Db {
        async fn put_entry(connection: &mut Self::Connection, entry: &AuditEntry) -> Result<(), Fault> {
            let reason = entry.reason.as_deref().map(foreign_text);
            sqlx::query::<Db>(sql!(concat!(
                "INSERT INTO audit_entries (", columns!(), ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            )))
            .bind(key(&entry.id))
            .bind(entry.at.as_microsecond())
            .bind(entry.actor.as_ref().map(key))
            .bind(&*foreign_text(&entry.actor_name))
            .bind(&*foreign_text(&entry.action))
            .bind(&*foreign_text(&entry.target))
            .bind(i64::from(entry.succeeded))
            .bind(reason.as_deref())
            .bind(&*foreign_text(&entry.address))
            .bind(entry.token_hash.as_ref().map(<[u8; 32]>::as_slice))
            .bind(&*foreign_text(&entry.request_id))
            .execute(connection)
            .await
            .map_err(|error| taken(error, "audit entry id", &entry.id.to_string()))?;
            Ok(())
        }
    }
}

impl Store {
    /// Adds an entry. A zero byte in a text, which PostgreSQL does not keep, becomes U+FFFD.
    ///
    /// # Errors
    ///
    /// [`Error::Taken`] where there is one of that id, or a fault of the database.
    pub async fn record(&self, entry: &AuditEntry) -> Result<(), Error> {
        on!(self, write "record what was done", |connection| { Db::put_entry(connection, entry).await })
    }

    /// How long a login that failed is kept.
    pub const FAILED_LOGIN_MEMORY: SignedDuration = SignedDuration::from_hours(90 * 24);

    /// Forgets logins that failed longer ago than [`Store::FAILED_LOGIN_MEMORY`]; all else is kept.
    pub(super) async fn prune_audit(&self, now: Timestamp) -> Result<(), Error> {
        let old = now.checked_sub(Self::FAILED_LOGIN_MEMORY).unwrap_or(Timestamp::UNIX_EPOCH);
        let bound = rows::first_id(old);
        on!(self, write "forget old logins that failed", |connection| {
            sqlx::query::<Db>(sql!(
                "DELETE FROM audit_entries WHERE action = 'login' AND succeeded = 0 AND id < ?"
            ))
            .bind(bound.as_slice())
            .execute(connection)
            .await?;
            Ok(())
        })
    }

    /// The entries, the newest first, of everybody or of one user, about everything or about one action. The page after
    /// an entry has those that are older.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn audit(
        &self,
        page: Page,
        actor: Option<Uuid>,
        action: Option<&str>,
    ) -> Result<Listed<AuditEntry>, Error> {
        let before = page.after.unwrap_or(Uuid::max());
        let action = action.map(foreign_text);
        on!(self, read "list what was done", |connection| {
            let text = match (actor, &action) {
                (None, None) => sql!(concat!(
                    "SELECT ", columns!(), " FROM audit_entries WHERE id < ? ORDER BY id DESC LIMIT ?"
                )),
                (Some(_), None) => sql!(concat!(
                    "SELECT ", columns!(), " FROM audit_entries WHERE id < ? AND actor = ? ORDER BY id DESC LIMIT ?"
                )),
                (None, Some(_)) => sql!(concat!(
                    "SELECT ", columns!(), " FROM audit_entries WHERE id < ? AND action = ? ORDER BY id DESC LIMIT ?"
                )),
                (Some(_), Some(_)) => sql!(concat!(
                    "SELECT ", columns!(),
                    " FROM audit_entries WHERE id < ? AND actor = ? AND action = ? ORDER BY id DESC LIMIT ?"
                )),
            };
            let mut query = sqlx::query_as::<Db, Row>(text).bind(key(&before));
            if let Some(actor) = &actor {
                query = query.bind(key(actor));
            }
            if let Some(action) = &action {
                query = query.bind(&**action);
            }
            let found: Vec<Row> = query.bind(page.limit_and_one()).fetch_all(connection).await?;
            let entries = found.into_iter().map(entry).collect::<Result<_, _>>()?;
            Ok(Listed::of(entries, page, |entry| entry.id))
        })
    }
}
