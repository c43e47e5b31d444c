//! Taking a person's name out of the account and of the trail of what was done.

use jiff::Timestamp;
use sqlx::Database;
use uuid::Uuid;

use crate::store::{
    backend::per_driver,
    fault::Fault,
    rows::{self, key},
    sql::sql,
};

/// How many entries of the trail are looked at together.
const LOOKED_AT: i64 = 1000;

/// How many characters the trail has of a name that was cut: those that [`excerpt`](crate::error::excerpt) leaves, and
/// its dots.
const CUT: usize = 41;

/// What the account of somebody who was forgotten is called.
pub(super) fn nobody(user: Uuid) -> String {
    format!("erased-{}", user.simple())
}

/// A name as it is compared: as somebody may type it, white space around it and in any case. What stands for a control
/// character in the trail may have been white space; and the last sigma of a word has another form.
fn folded(name: &str) -> String {
    name.trim_matches(|c: char| c.is_whitespace() || c == char::REPLACEMENT_CHARACTER)
        .chars()
        .flat_map(char::to_lowercase)
        .map(|c| if c == 'ς' { 'σ' } else { c })
        .collect()
}

/// The names that a person logs in with.
#[derive(Debug)]
pub(super) struct Names([String; 2]);

impl Names {
    fn of(username: &str, email: &str) -> Self {
        Self([username, email].map(folded))
    }

    /// Whether a text of the trail is one of them, or can be: of one that was cut, the beginning is there.
    fn have(&self, text: &str) -> bool {
        let (whole, cut) = (folded(text), text.strip_suffix('…').map(folded));
        let cut = cut.filter(|cut| !cut.is_empty() && text.chars().count() == CUT);
        self.0.iter().any(|name| {
            *name == whole || cut.as_ref().is_some_and(|beginning| name.starts_with(beginning.as_str()))
        })
    }
}

/// The step with the account and the trail.
pub(super) trait ForgetName: Database {
    /// Takes a user's name out of the account and of the trail.
    async fn forget_name(connection: &mut Self::Connection, user: Uuid, now: Timestamp) -> Result<(), Fault>;

    /// Takes names out of the entries that say of nobody's account who did something.
    async fn forget_typed(connection: &mut Self::Connection, names: &Names) -> Result<(), Fault>;
}

per_driver! {
    impl ForgetName for Db {
        async fn forget_name(connection: &mut Self::Connection, user: Uuid, now: Timestamp) -> Result<(), Fault> {
            let (username, username_key, email): (String, String, String) = sqlx::query_as::<Db, _>(sql!(
                "SELECT username, username_key, email FROM users WHERE id = ?"
            ))
            .bind(key(&user))
            .fetch_one(&mut *connection)
            .await?;
            sqlx::query::<Db>(sql!("UPDATE audit_entries SET actor_name = '', address = '' WHERE actor = ?"))
                .bind(key(&user))
                .execute(&mut *connection)
                .await?;
            // No deed of a user names another one otherwise than by the id; one that does has the name as it is.
            sqlx::query::<Db>(sql!("UPDATE audit_entries SET target = '' WHERE actor IS NOT NULL AND target IN (?, ?, ?)"))
                .bind(username.as_str())
                .bind(username_key.as_str())
                .bind(email.as_str())
                .execute(&mut *connection)
                .await?;
            Db::forget_typed(&mut *connection, &Names::of(&username, &email)).await?;
            let nobody = nobody(user);
            sqlx::query::<Db>(sql!(
                "UPDATE users SET username = ?, username_key = ?, email = ?, password = '', administrator = 0, \
                 disabled_at = COALESCE(disabled_at, ?) WHERE id = ?"
            ))
            .bind(nobody.as_str())
            .bind(nobody.as_str())
            .bind(format!("{nobody}@erased.invalid"))
            .bind(now.as_microsecond())
            .bind(key(&user))
            .execute(connection)
            .await?;
            Ok(())
        }

        async fn forget_typed(connection: &mut Self::Connection, names: &Names) -> Result<(), Fault> {
            // Whoever tried to log in by that name, and what was done to it from the command line. Compared here, because
            // databases differ in what they hold for one letter in two cases.
            let mut after = Uuid::nil();
            loop {
                let entries: Vec<(Vec<u8>, String, String)> = sqlx::query_as::<Db, _>(sql!(
                    "SELECT id, actor_name, target FROM audit_entries WHERE actor IS NULL AND id > ? ORDER BY id LIMIT ?"
                ))
                .bind(key(&after))
                .bind(LOOKED_AT)
                .fetch_all(&mut *connection)
                .await?;
                let Some((last, ..)) = entries.last() else { return Ok(()) };
                after = rows::id(last, "audit entry")?;
                for (id, actor_name, target) in &entries {
                    for (text, is_named) in [
                        (
                            sql!("UPDATE audit_entries SET actor_name = '', address = '' WHERE id = ?"),
                            names.have(actor_name),
                        ),
                        (sql!("UPDATE audit_entries SET target = '' WHERE id = ?"), names.have(target)),
                    ] {
                        if is_named {
                            sqlx::query::<Db>(text).bind(id.as_slice()).execute(&mut *connection).await?;
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::excerpt;

    #[test]
    fn a_name_is_known_however_it_was_typed() {
        let long = format!("{}@example.org", "ñ".repeat(60));
        let names = Names::of("Άννας", &long);
        for typed in
            ["Άννας", " ΆΝΝΑΣ ", "άννασ", "\tΆννας\n", &long, &long.to_uppercase(), &format!("   {long}")]
        {
            assert!(names.have(&excerpt(typed)), "{typed}");
        }
        for other in ["", "Άννα", "command line", "…", "ñ…", &format!("{}o@example.org", "ñ".repeat(30))]
        {
            assert!(!names.have(&excerpt(other)), "{other}");
        }
    }
}
