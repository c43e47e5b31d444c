//! Users.

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Error, Store,
    backend::on,
    fault::{Fault, taken},
    rows::{self, key},
    sql::sql,
};
use crate::error::excerpt;

/// Who may log in.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    id: Uuid,
    username: String,
    email: String,
    password: String,
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
        Ok(Self { id, username: name.to_owned(), email: address, password })
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
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("id", &self.id).field("username", &self.username).finish_non_exhaustive()
    }
}

type Row = (Vec<u8>, String, String, String);

fn user((id, username, email, password): Row) -> Result<User, Error> {
    Ok(User { id: rows::id(&id, "user")?, username, email, password })
}

impl Store {
    /// Keeps a new user.
    ///
    /// # Errors
    ///
    /// [`Error::Taken`] where another user has the username or the e-mail address, or a fault of the database.
    pub async fn create_user(&self, user: &User, now: Timestamp) -> Result<(), Error> {
        let username_key = user.username.to_lowercase();
        on!(self, write "create a user", |connection| {
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
                "INSERT INTO users (id, username, username_key, email, password, created_at) VALUES (?, ?, ?, ?, ?, ?)"
            ))
            .bind(key(&user.id))
            .bind(user.username.as_str())
            .bind(username_key.as_str())
            .bind(user.email.as_str())
            .bind(user.password.as_str())
            .bind(now.as_microsecond())
            .execute(connection)
            .await
            .map_err(|error| taken(error, "username, e-mail address or id", &user.username))?;
            Ok(())
        })
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
                "SELECT id, username, email, password FROM users WHERE username_key = ? OR email = ?"
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
                sqlx::query_as::<Db, Row>(sql!("SELECT id, username, email, password FROM users WHERE id = ?"))
                    .bind(key(&id))
                    .fetch_optional(connection)
                    .await?;
            Ok(row.map(user).transpose()?)
        })
    }

    /// Gives a user another password, as a hash in PHC notation.
    ///
    /// # Errors
    ///
    /// A fault of the database; a user who is not there is no error.
    pub async fn set_password(&self, id: Uuid, password: &str) -> Result<(), Error> {
        on!(self, write "set a password", |connection| {
            sqlx::query::<Db>(sql!("UPDATE users SET password = ? WHERE id = ?"))
                .bind(password)
                .bind(key(&id))
                .execute(connection)
                .await?;
            Ok(())
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
