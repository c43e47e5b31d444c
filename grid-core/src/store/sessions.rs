//! Sessions: logins, and where the chain of their refresh tokens stands.

use jiff::{SignedDuration, Timestamp};
use sqlx::Database;
use uuid::Uuid;

use super::{
    Error, Store,
    backend::{on, per_driver},
    fault::{Fault, not_found, taken, unknown},
    revocations::Revoke,
    rows::{self, foreign_text, key},
    sql::sql,
};
use crate::auth::{Chain, Ended, Revocation, Revoked, Session};

type Row = (
    Vec<u8>,
    Vec<u8>,
    String,
    String,
    String,
    String,
    i64,
    i64,
    i64,
    Option<i64>,
    Option<String>,
    Vec<u8>,
    Vec<u8>,
    Vec<u8>,
    Option<Vec<u8>>,
    Option<i64>,
);

/// The columns of a [`Row`].
macro_rules! columns {
    () => {
        "id, owner, client_id, scopes, address, user_agent, created_at, used_at, expires_at, ended_at, ended_why, \
         family_hash, current_hash, access_token, previous_hash, previous_used_at"
    };
}

const THING: &str = "session";

fn session(
    (
        id,
        owner,
        client_id,
        scopes,
        address,
        user_agent,
        created_at,
        used_at,
        expires_at,
        ended_at,
        ended_why,
        family,
        current,
        access_token,
        previous,
        previous_used_at,
    ): Row,
) -> Result<Session, Error> {
    let ended = match (ended_at, ended_why) {
        (Some(at), Some(why)) => Some((rows::instant(at, THING)?, ended(&why)?)),
        (None, None) => None,
        _ => return Err(Error::Corrupt { thing: THING, reason: "it has half an end" }),
    };
    let previous = match (previous, previous_used_at) {
        (Some(hash), Some(at)) => Some((rows::hash(&hash, THING)?, rows::instant(at, THING)?)),
        (None, None) => None,
        _ => return Err(Error::Corrupt { thing: THING, reason: "it has half a previous token" }),
    };
    Ok(Session {
        id: rows::id(&id, THING)?,
        user_id: rows::id(&owner, THING)?,
        client_id,
        scopes: rows::scopes(&scopes, THING)?,
        address,
        user_agent,
        created_at: rows::instant(created_at, THING)?,
        used_at: rows::instant(used_at, THING)?,
        expires_at: rows::instant(expires_at, THING)?,
        ended,
        chain: Chain {
            family: rows::hash(&family, THING)?,
            current: rows::hash(&current, THING)?,
            access_token: rows::id(&access_token, THING)?,
            previous,
        },
    })
}

/// Why a session ended, as it is stored.
const fn word(ended: Ended) -> &'static str {
    match ended {
        Ended::LoggedOut => "logged_out",
        Ended::Replayed => "replayed",
        Ended::Revoked => "revoked",
    }
}

fn ended(text: &str) -> Result<Ended, Error> {
    [Ended::LoggedOut, Ended::Replayed, Ended::Revoked]
        .into_iter()
        .find(|ended| word(*ended) == text)
        .ok_or(Error::Corrupt { thing: THING, reason: "why it ended is not known" })
}

/// The steps with sessions within a transaction. Transactions lock a user before sessions, and sessions before
/// revocations, so that two of them do not wait for each other.
pub(super) trait Sessions: Database {
    /// Removes those that are over the `most` that a user may have beside a new one: first those that have ended, then
    /// those that were not used for longest. Nobody is kept from logging in, and whoever never logs out has the sessions
    /// that are in use; an access token that a removed one gave is good for its minutes. The user is locked.
    async fn drop_sessions(connection: &mut Self::Connection, new: &Session, most: u64) -> Result<(), Fault>;

    /// Ends a session that has not ended, and says whether it did.
    async fn end(
        connection: &mut Self::Connection,
        id: Uuid,
        why: Ended,
        now: Timestamp,
    ) -> Result<bool, Fault>;

    /// Ends all sessions of a user but one, revokes their tokens, and gives the revocations.
    async fn end_all(
        connection: &mut Self::Connection,
        user: Uuid,
        except: Option<Uuid>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Revocation>, Fault>;

    /// Ends all sessions of a user but one, revokes all tokens of theirs that belong to no other, and gives the
    /// revocations.
    async fn revoke_user(
        connection: &mut Self::Connection,
        user: Uuid,
        except: Option<Uuid>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Revocation>, Fault>;
}

per_driver! {
    impl Sessions for Db {
        async fn drop_sessions(
            connection: &mut Self::Connection,
            new: &Session,
            most: u64,
        ) -> Result<(), Fault> {
            if most == u64::MAX {
                return Ok(());
            }
            let (there,): (i64,) = sqlx::query_as::<Db, _>(sql!("SELECT COUNT(*) FROM sessions WHERE owner = ?"))
                .bind(key(&new.user_id))
                .fetch_one(&mut *connection)
                .await?;
            let over = there.saturating_sub(i64::try_from(most).unwrap_or(i64::MAX));
            if over <= 0 {
                return Ok(());
            }
            let found: Vec<(Vec<u8>,)> = sqlx::query_as::<Db, _>(sql!(
                "SELECT id FROM sessions WHERE owner = ? AND id <> ? ORDER BY ended_at IS NULL, used_at, id LIMIT ?"
            ))
            .bind(key(&new.user_id))
            .bind(key(&new.id))
            .bind(over)
            .fetch_all(&mut *connection)
            .await?;
            for (id,) in found {
                sqlx::query::<Db>(sql!("DELETE FROM sessions WHERE id = ?"))
                    .bind(id)
                    .execute(&mut *connection)
                    .await?;
            }
            Ok(())
        }

        async fn end(
            connection: &mut Self::Connection,
            id: Uuid,
            why: Ended,
            now: Timestamp,
        ) -> Result<bool, Fault> {
            let done = sqlx::query::<Db>(sql!(
                "UPDATE sessions SET ended_at = ?, ended_why = ? WHERE id = ? AND ended_at IS NULL"
            ))
            .bind(now.as_microsecond())
            .bind(word(why))
            .bind(key(&id))
            .execute(connection)
            .await?;
            Ok(done.rows_affected() == 1)
        }

        async fn end_all(
            connection: &mut Self::Connection,
            user: Uuid,
            except: Option<Uuid>,
            now: Timestamp,
            until: Timestamp,
        ) -> Result<Vec<Revocation>, Fault> {
            let found: Vec<(Vec<u8>,)> = sqlx::query_as::<Db, _>(sql!(
                "SELECT id FROM sessions WHERE owner = ? AND ended_at IS NULL ORDER BY id"
            ))
            .bind(key(&user))
            .fetch_all(&mut *connection)
            .await?;
            let mut revocations = Vec::new();
            for (id,) in found {
                let id = rows::id(&id, THING)?;
                if except != Some(id) && Db::end(&mut *connection, id, Ended::Revoked, now).await? {
                    revocations.push(Revocation { what: Revoked::Session(id), at: now, until });
                }
            }
            for revocation in &revocations {
                Db::put_revocation(&mut *connection, revocation).await?;
            }
            Ok(revocations)
        }

        async fn revoke_user(
            connection: &mut Self::Connection,
            user: Uuid,
            except: Option<Uuid>,
            now: Timestamp,
            until: Timestamp,
        ) -> Result<Vec<Revocation>, Fault> {
            let mut revocations = Db::end_all(&mut *connection, user, except, now, until).await?;
            let revocation = Revocation { what: Revoked::User(user), at: now, until };
            Db::put_revocation(connection, &revocation).await?;
            revocations.push(revocation);
            Ok(revocations)
        }
    }
}

impl Store {
    /// How long a session that has ended or expired is kept, for whoever asks what happened.
    pub const SESSION_MEMORY: SignedDuration = SignedDuration::from_hours(30 * 24);

    /// Keeps a new session of a user who may log in and has the password whose hash is `password`: one who is disabled, or
    /// gets another password, at the same time either has no session afterwards, or an ended one. A zero byte in a text, which PostgreSQL does not keep, becomes U+FFFD.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where the user is not there, [`Error::UserDisabled`], [`Error::PasswordChanged`],
    /// [`Error::Taken`] where there is a
    /// session of that id, or a fault of the database.
    pub async fn create_session(&self, new: &Session, password: &str) -> Result<(), Error> {
        let scopes = new.scopes.to_string();
        on!(self, write "create a session", |connection| {
            // An update that changes nothing locks the row.
            sqlx::query::<Db>(sql!("UPDATE users SET created_at = created_at WHERE id = ?"))
                .bind(key(&new.user_id))
                .execute(&mut *connection)
                .await?;
            let user: Option<(Option<i64>, String)> =
                sqlx::query_as::<Db, _>(sql!("SELECT disabled_at, password FROM users WHERE id = ?"))
                    .bind(key(&new.user_id))
                    .fetch_optional(&mut *connection)
                    .await?;
            let (disabled_at, current) = user.ok_or_else(|| not_found("user", &new.user_id))?;
            if disabled_at.is_some() {
                return Err(Error::UserDisabled { user: new.user_id }.into());
            }
            if current != password {
                return Err(Error::PasswordChanged { user: new.user_id }.into());
            }
            sqlx::query::<Db>(sql!(concat!(
                "INSERT INTO sessions (", columns!(), ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            )))
            .bind(key(&new.id))
            .bind(key(&new.user_id))
            .bind(&*foreign_text(&new.client_id))
            .bind(scopes.as_str())
            .bind(&*foreign_text(&new.address))
            .bind(&*foreign_text(&new.user_agent))
            .bind(new.created_at.as_microsecond())
            .bind(new.used_at.as_microsecond())
            .bind(new.expires_at.as_microsecond())
            .bind(new.ended.map(|(at, _)| at.as_microsecond()))
            .bind(new.ended.map(|(_, why)| word(why)))
            .bind(new.chain.family.as_slice())
            .bind(new.chain.current.as_slice())
            .bind(key(&new.chain.access_token))
            .bind(new.chain.previous.as_ref().map(|(hash, _)| hash.as_slice()))
            .bind(new.chain.previous.map(|(_, at)| at.as_microsecond()))
            .execute(&mut *connection)
            .await
            .map_err(|error| taken(error, "session id", &new.id.to_string()))
            .map_err(|fault| unknown(fault, "user", &new.user_id))?;
            Db::drop_sessions(connection, new, self.bounds.quotas.sessions).await
        })
    }

    /// A session, whether or not it is live.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn session(&self, id: Uuid) -> Result<Option<Session>, Error> {
        on!(self, read "load a session", |connection| {
            let row: Option<Row> =
                sqlx::query_as::<Db, Row>(sql!(concat!("SELECT ", columns!(), " FROM sessions WHERE id = ?")))
                    .bind(key(&id))
                    .fetch_optional(connection)
                    .await?;
            Ok(row.map(session).transpose()?)
        })
    }

    /// Changes a session by a function of what it is, alone: whoever else changes it does so before or after. Gives what
    /// the function gave beside the session, `None` where there is no such session.
    ///
    /// The function is called again when the database says that it got in the way of another.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn update_session<T: Send>(
        &self,
        id: Uuid,
        change: impl Fn(&Session) -> (Session, T) + Send + Sync,
    ) -> Result<Option<T>, Error> {
        self.update_session_revoking(id, |before| {
            let (after, answer) = change(before);
            (after, None, answer)
        })
        .await
    }

    /// Does what [`Store::update_session`] does, and adds the revocation that the function gave, both or neither: that of
    /// a session that has ended, or of an access token that was lost.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn update_session_revoking<T: Send>(
        &self,
        id: Uuid,
        change: impl Fn(&Session) -> (Session, Option<Revocation>, T) + Send + Sync,
    ) -> Result<Option<T>, Error> {
        on!(self, write "change a session", |connection| {
            // An update that changes nothing locks the row.
            sqlx::query::<Db>(sql!("UPDATE sessions SET created_at = created_at WHERE id = ?"))
                .bind(key(&id))
                .execute(&mut *connection)
                .await?;
            let row: Option<Row> =
                sqlx::query_as::<Db, Row>(sql!(concat!("SELECT ", columns!(), " FROM sessions WHERE id = ?")))
                    .bind(key(&id))
                    .fetch_optional(&mut *connection)
                    .await?;
            let Some(before) = row.map(session).transpose()? else { return Ok(None) };
            let (after, revocation, answer) = change(&before);
            if after != before {
                sqlx::query::<Db>(sql!(
                    "UPDATE sessions SET client_id = ?, scopes = ?, address = ?, user_agent = ?, used_at = ?, \
                     expires_at = ?, ended_at = ?, ended_why = ?, family_hash = ?, current_hash = ?, \
                     access_token = ?, previous_hash = ?, previous_used_at = ? WHERE id = ?"
                ))
                .bind(&*foreign_text(&after.client_id))
                .bind(after.scopes.to_string())
                .bind(&*foreign_text(&after.address))
                .bind(&*foreign_text(&after.user_agent))
                .bind(after.used_at.as_microsecond())
                .bind(after.expires_at.as_microsecond())
                .bind(after.ended.map(|(at, _)| at.as_microsecond()))
                .bind(after.ended.map(|(_, why)| word(why)))
                .bind(after.chain.family.as_slice())
                .bind(after.chain.current.as_slice())
                .bind(key(&after.chain.access_token))
                .bind(after.chain.previous.as_ref().map(|(hash, _)| hash.as_slice()))
                .bind(after.chain.previous.map(|(_, at)| at.as_microsecond()))
                .bind(key(&id))
                .execute(&mut *connection)
                .await?;
            }
            if let Some(revocation) = &revocation {
                Db::put_revocation(connection, revocation).await?;
            }
            Ok(Some(answer))
        })
    }

    /// The sessions of a user that can still be refreshed, by id.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn sessions_of(&self, user: Uuid, now: Timestamp) -> Result<Vec<Session>, Error> {
        on!(self, read "list a user's sessions", |connection| {
            let found: Vec<Row> = sqlx::query_as::<Db, Row>(sql!(concat!(
                "SELECT ", columns!(),
                " FROM sessions WHERE owner = ? AND ended_at IS NULL AND expires_at > ? ORDER BY id"
            )))
            .bind(key(&user))
            .bind(now.as_microsecond())
            .fetch_all(connection)
            .await?;
            Ok(found.into_iter().map(session).collect::<Result<_, _>>()?)
        })
    }

    /// Ends a session and revokes its tokens, both or neither. One that has ended already stays so since then, and its
    /// tokens are revoked again, so that whoever asked is sure of it.
    ///
    /// Gives the revocation, which is forgotten at `until`; `None` where there is no such session.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn end_session(
        &self,
        id: Uuid,
        why: Ended,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Revocation>, Error> {
        on!(self, write "end a session", |connection| {
            if !Db::end(&mut *connection, id, why, now).await? {
                let there: Option<(i64,)> =
                    sqlx::query_as::<Db, (i64,)>(sql!("SELECT created_at FROM sessions WHERE id = ?"))
                        .bind(key(&id))
                        .fetch_optional(&mut *connection)
                        .await?;
                if there.is_none() {
                    return Ok(None);
                }
            }
            let revocation = Revocation { what: Revoked::Session(id), at: now, until };
            Db::put_revocation(connection, &revocation).await?;
            Ok(Some(revocation))
        })
    }

    /// Ends all sessions of a user but `except`, and revokes their tokens, all of it or nothing.
    ///
    /// Gives the revocations that it has added, each of which is forgotten at `until`.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn end_sessions_of(
        &self,
        user: Uuid,
        except: Option<Uuid>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Revocation>, Error> {
        on!(self, write "end a user's sessions", |connection| {
            Db::end_all(connection, user, except, now, until).await
        })
    }

    /// Removes what no longer matters: revocations of which every token has expired, throttles that say nothing any
    /// more, sessions that ended or expired longer ago than [`Store::SESSION_MEMORY`], and failed logins of the audit that
    /// are older than [`Store::FAILED_LOGIN_MEMORY`].
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn prune_auth(&self, now: Timestamp) -> Result<(), Error> {
        let old = now.checked_sub(Self::SESSION_MEMORY).unwrap_or(Timestamp::MIN);
        // One by one, so that nobody waits for all of it.
        on!(self, write "forget old revocations", |connection| {
            sqlx::query::<Db>(sql!("DELETE FROM revocations WHERE forgotten_at <= ?"))
                .bind(now.as_microsecond())
                .execute(connection)
                .await?;
            Ok(())
        })?;
        on!(self, write "forget old throttles", |connection| {
            sqlx::query::<Db>(sql!("DELETE FROM throttles WHERE state IS NULL OR state <= ?"))
                .bind(now.as_microsecond())
                .execute(connection)
                .await?;
            Ok(())
        })?;
        on!(self, write "forget old sessions", |connection| {
            sqlx::query::<Db>(sql!("DELETE FROM sessions WHERE ended_at < ? OR expires_at < ?"))
                .bind(old.as_microsecond())
                .bind(old.as_microsecond())
                .execute(connection)
                .await?;
            Ok(())
        })?;
        self.prune_audit(now).await
    }
}
