//! Users.

use std::fmt;

use jiff::Timestamp;
use sqlx::Database;
use uuid::Uuid;

use super::{
    Error, Listed, Page, Store,
    backend::{on, per_driver},
    fault::{Fault, not_found, taken},
    rows::{self, key},
    sessions::Sessions,
    sql::sql,
};
use crate::{auth::Revocation, error::excerpt};

/// Who may log in.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    id: Uuid,
    username: String,
    email: String,
    password: String,
    administrator: bool,
    disabled_at: Option<Timestamp>,
}

impl User {
    /// Makes a user. The e-mail address is kept in lower case; no two users have the same username, whatever the
    /// case. `password` is a hash in PHC notation, never the password itself.
    ///
    /// # Errors
    ///
    /// [`Error::NotAUsername`] or [`Error::NotAnEmail`].
    pub fn new(id: Uuid, username: &str, email: &str, password: String) -> Result<Self, Error> {
        let (name, address) = (username.trim(), email.trim().to_lowercase());
        let unfit = |c: char| c.is_whitespace() || c.is_control();
        if name.is_empty() || name.chars().count() > 64 || name.contains(|c: char| c == '@' || unfit(c)) {
            return Err(Error::NotAUsername { got: excerpt(username) });
        }
        let parts =
            address.rsplit_once('@').filter(|(local, domain)| !local.is_empty() && !domain.is_empty());
        if parts.is_none() || address.chars().count() > 254 || address.contains(unfit) {
            return Err(Error::NotAnEmail { got: excerpt(email) });
        }
        Ok(Self {
            id,
            username: name.to_owned(),
            email: address,
            password,
            administrator: false,
            disabled_at: None,
        })
    }

    /// The same user as an administrator.
    #[must_use]
    pub fn administrator(self) -> Self {
        Self { administrator: true, ..self }
    }

    /// The user's id.
    pub const fn id(&self) -> Uuid {
        self.id
    }

    /// The name that they log in with, as they wrote it.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Their e-mail address, in lower case.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// The hash of their password, in PHC notation.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Whether they may do everything.
    pub const fn is_administrator(&self) -> bool {
        self.administrator
    }

    /// Since when they may not log in; `None` where they may.
    pub const fn disabled_at(&self) -> Option<Timestamp> {
        self.disabled_at
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("username", &self.username)
            .field("administrator", &self.administrator)
            .field("disabled_at", &self.disabled_at)
            .finish_non_exhaustive()
    }
}

type Row = (Vec<u8>, String, String, String, i64, Option<i64>);

fn user((id, username, email, password, administrator, disabled_at): Row) -> Result<User, Error> {
    Ok(User {
        id: rows::id(&id, "user")?,
        username,
        email,
        password,
        administrator: administrator != 0,
        disabled_at: disabled_at.map(|at| rows::instant(at, "user")).transpose()?,
    })
}

/// How a user comes into the table.
pub(super) trait Users: Database {
    /// Inserts a user, or says that the name or the address is taken.
    async fn insert_user(connection: &mut Self::Connection, user: &User, now: Timestamp)
    -> Result<(), Fault>;
}

per_driver! {
    impl Users for Db {
        async fn insert_user(connection: &mut Self::Connection, user: &User, now: Timestamp) -> Result<(), Fault> {
            let username_key = user.username.to_lowercase();
            for (thing, value, found) in [
                ("username", &user.username, {
                    sqlx::query_as::<Db, (i64,)>(sql!("SELECT created_at FROM users WHERE username_key = ?"))
                        .bind(username_key.as_str())
                        .fetch_optional(&mut *connection)
                        .await?
                }),
                ("e-mail address", &user.email, {
                    sqlx::query_as::<Db, (i64,)>(sql!("SELECT created_at FROM users WHERE email = ?"))
                        .bind(user.email.as_str())
                        .fetch_optional(&mut *connection)
                        .await?
                }),
            ] {
                if found.is_some() {
                    return Err(Fault::Refused(Error::Taken { thing, value: value.clone() }));
                }
            }
            sqlx::query::<Db>(sql!(
                "INSERT INTO users (id, username, username_key, email, password, administrator, disabled_at, created_at) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            ))
            .bind(key(&user.id))
            .bind(user.username.as_str())
            .bind(username_key.as_str())
            .bind(user.email.as_str())
            .bind(user.password.as_str())
            .bind(i64::from(user.administrator))
            .bind(user.disabled_at.map(Timestamp::as_microsecond))
            .bind(now.as_microsecond())
            .execute(connection)
            .await
            .map_err(|error| taken(error, "username, e-mail address or id", &user.username))?;
            Ok(())
        }
    }
}

impl Store {
    /// Keeps a new user.
    ///
    /// # Errors
    ///
    /// [`Error::Taken`] where another user has the username or the e-mail address, or a fault of the database.
    pub async fn create_user(&self, user: &User, now: Timestamp) -> Result<(), Error> {
        on!(self, write "create a user", |connection| { Db::insert_user(connection, user, now).await })
    }

    /// Finds a user by their username, whatever its case, or by their e-mail address.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn user_by_name(&self, name: &str) -> Result<Option<User>, Error> {
        let name_key = name.trim().to_lowercase();
        // Nobody has such a name, and PostgreSQL refuses a text with a zero byte.
        if name_key.contains(char::is_control) {
            return Ok(None);
        }
        on!(self, read "look for a user", |connection| {
            // A username has no `@` and an address has one, so at most one row fits.
            let row: Option<Row> = sqlx::query_as::<Db, Row>(sql!(
                "SELECT id, username, email, password, administrator, disabled_at FROM users WHERE username_key = ? OR email = ?"
            ))
            .bind(name_key.as_str())
            .bind(name_key.as_str())
            .fetch_optional(connection)
            .await?;
            Ok(row.map(user).transpose()?)
        })
    }

    /// Finds a user by their id.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn user(&self, id: Uuid) -> Result<Option<User>, Error> {
        on!(self, read "load a user", |connection| {
            let row: Option<Row> =
                sqlx::query_as::<Db, Row>(sql!("SELECT id, username, email, password, administrator, disabled_at FROM users WHERE id = ?"))
                    .bind(key(&id))
                    .fetch_optional(connection)
                    .await?;
            Ok(row.map(user).transpose()?)
        })
    }

    /// All users of the store, for whoever runs it.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn users(&self, page: Page) -> Result<Listed<User>, Error> {
        on!(self, read "list all users", |connection| {
            let found: Vec<Row> = sqlx::query_as::<Db, Row>(sql!(
                "SELECT id, username, email, password, administrator, disabled_at FROM users \
                 WHERE id > ? ORDER BY id LIMIT ?"
            ))
            .bind(page.after_key())
            .bind(page.limit_and_one())
            .fetch_all(connection)
            .await?;
            let users = found.into_iter().map(user).collect::<Result<_, _>>()?;
            Ok(Listed::of(users, page, |user| user.id))
        })
    }

    /// Whether there is an administrator. One who is disabled counts: who disables the last one does not mean to leave
    /// the place to whoever comes first.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn has_administrator(&self) -> Result<bool, Error> {
        on!(self, read "look for an administrator", |connection| {
            let found: Option<(i64,)> = sqlx::query_as::<Db, (i64,)>(sql!(
                "SELECT created_at FROM users WHERE administrator = 1 LIMIT 1"
            ))
            .fetch_optional(connection)
            .await?;
            Ok(found.is_some())
        })
    }

    /// Whether another user than this one is an administrator who may log in.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn has_other_administrator(&self, than: Uuid) -> Result<bool, Error> {
        on!(self, read "look for another administrator", |connection| {
            let found: Option<(i64,)> = sqlx::query_as::<Db, (i64,)>(sql!(
                "SELECT created_at FROM users WHERE administrator = 1 AND disabled_at IS NULL AND id <> ? LIMIT 1"
            ))
            .bind(key(&than))
            .fetch_optional(connection)
            .await?;
            Ok(found.is_some())
        })
    }

    /// Makes a user an administrator, or no longer one.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], or a fault of the database.
    pub async fn set_administrator(&self, id: Uuid, administrator: bool) -> Result<(), Error> {
        on!(self, write "change what a user may do", |connection| {
            let done = sqlx::query::<Db>(sql!("UPDATE users SET administrator = ? WHERE id = ?"))
                .bind(i64::from(administrator))
                .bind(key(&id))
                .execute(connection)
                .await?;
            if done.rows_affected() == 0 { Err(not_found("user", &id).into()) } else { Ok(()) }
        })
    }

    /// Keeps a user from logging in, ends their sessions and revokes their tokens, all of it or nothing. A user who is
    /// disabled already stays so since then.
    ///
    /// Gives the revocations that it has added, each of which is forgotten at `until`.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], or a fault of the database.
    pub async fn disable_user(
        &self,
        id: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Revocation>, Error> {
        on!(self, write "disable a user", |connection| {
            let done = sqlx::query::<Db>(sql!("UPDATE users SET disabled_at = COALESCE(disabled_at, ?) WHERE id = ?"))
                .bind(now.as_microsecond())
                .bind(key(&id))
                .execute(&mut *connection)
                .await?;
            if done.rows_affected() == 0 {
                return Err(not_found("user", &id).into());
            }
            Db::revoke_user(connection, id, None, now, until).await
        })
    }

    /// Lets a user log in again; their sessions stay ended, and their API keys are good again.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], or a fault of the database.
    pub async fn enable_user(&self, id: Uuid) -> Result<(), Error> {
        on!(self, write "enable a user", |connection| {
            let done = sqlx::query::<Db>(sql!("UPDATE users SET disabled_at = NULL WHERE id = ?"))
                .bind(key(&id))
                .execute(connection)
                .await?;
            if done.rows_affected() == 0 { Err(not_found("user", &id).into()) } else { Ok(()) }
        })
    }

    /// Gives a user another hash of the same password, in PHC notation, in the place of `old`; their sessions stay. What
    /// sets another password is [`Store::change_password`]; where that came first, this changes nothing.
    ///
    /// # Errors
    ///
    /// A fault of the database; a user who is not there, or has another hash by now, is no error.
    pub async fn renew_password(&self, id: Uuid, old: &str, renewed: &str) -> Result<(), Error> {
        on!(self, write "renew the hash of a password", |connection| {
            sqlx::query::<Db>(sql!("UPDATE users SET password = ? WHERE id = ? AND password = ?"))
                .bind(renewed)
                .bind(key(&id))
                .bind(old)
                .execute(connection)
                .await?;
            Ok(())
        })
    }

    /// Gives a user another password, as a hash in PHC notation, ends all their sessions but `keep`, and revokes their
    /// tokens, all of it or nothing.
    ///
    /// Gives the revocations that it has added, each of which is forgotten at `until`.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], or a fault of the database.
    pub async fn change_password(
        &self,
        id: Uuid,
        password: &str,
        keep: Option<Uuid>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Revocation>, Error> {
        on!(self, write "change a password", |connection| {
            let done = sqlx::query::<Db>(sql!("UPDATE users SET password = ? WHERE id = ?"))
                .bind(password)
                .bind(key(&id))
                .execute(&mut *connection)
                .await?;
            if done.rows_affected() == 0 {
                return Err(not_found("user", &id).into());
            }
            Db::revoke_user(connection, id, keep, now, until).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_be_mistaken_are_refused() {
        let make = |name: &str, email: &str| User::new(Uuid::nil(), name, email, String::new());
        assert!(
            make(" ana ", "Ana@Example.org")
                .is_ok_and(|user| user.username() == "ana" && user.email() == "ana@example.org")
        );
        for name in ["", "a b", "a@b", "a\u{0}", &"x".repeat(65)] {
            assert!(matches!(make(name, "a@b.org"), Err(Error::NotAUsername { .. })), "{name}");
        }
        for email in ["", "ana", "@example.org", "ana@", "a na@example.org"] {
            assert!(matches!(make("ana", email), Err(Error::NotAnEmail { .. })), "{email}");
        }
    }
}
