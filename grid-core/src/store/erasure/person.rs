//! Forgetting a person: the account, and all that hangs on it.

use jiff::Timestamp;
use sqlx::Database;
use uuid::Uuid;

use super::{
    devices::ForgetDevice,
    trail::{ForgetName, nobody},
};
use crate::{
    auth::Revocation,
    store::{
        AuditEntry, Error, Store,
        audit::Trail,
        backend::{on, per_driver},
        fault::{Fault, not_found},
        placements::Placing,
        rows::{self, key},
        sessions::Sessions,
        shares::Shares,
        sql::sql,
    },
};

/// What was done to forget a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Erased {
    /// The tokens that ended with it, for those who check tokens without asking the database.
    pub revocations: Vec<Revocation>,
    /// How many devices are gone with their readings.
    pub devices: usize,
    /// How many devices stay without a name, with the readings that statements stand on or wait for.
    pub devices_kept: usize,
    /// How many devices that counted for others went to an operator of their community.
    pub devices_handed_over: usize,
    /// How many statements stay.
    pub statements_kept: usize,
}

/// The steps of forgetting a person.
trait Erase: Database {
    /// Takes a user out of their communities.
    async fn leave_communities(connection: &mut Self::Connection, user: Uuid) -> Result<usize, Fault>;

    /// Forgets whatever belongs to a user alone.
    async fn forget_own(connection: &mut Self::Connection, user: Uuid) -> Result<(), Fault>;
}

per_driver! {
    impl Erase for Db {
        async fn leave_communities(connection: &mut Self::Connection, user: Uuid) -> Result<usize, Fault> {
            type Row = (Vec<u8>, Vec<u8>, String);
            let memberships: Vec<Row> = sqlx::query_as::<Db, Row>(sql!(
                "SELECT id, community, role FROM members WHERE account = ? ORDER BY community, id"
            ))
            .bind(key(&user))
            .fetch_all(&mut *connection)
            .await?;
            let mut statements = 0;
            for (member, community, role) in memberships {
                let (member, community) = (rows::id(&member, "member")?, rows::id(&community, "community")?);
                // Two operators who leave at once must not both think that the other stays.
                Db::claim_community(&mut *connection, community).await?;
                let (others, operators): (i64, i64) = sqlx::query_as::<Db, (i64, i64)>(sql!(
                    "SELECT COUNT(*), COUNT(CASE WHEN role = 'operator' AND account IS NOT NULL THEN 1 END) \
                     FROM members WHERE community = ? AND (account IS NULL OR account <> ?)"
                ))
                .bind(key(&community))
                .bind(key(&user))
                .fetch_one(&mut *connection)
                .await?;
                if role == "operator" && others > 0 && operators == 0 {
                    return Err(Fault::Refused(Error::OnlyOperator { community }));
                }
                let (issued,): (i64,) =
                    sqlx::query_as::<Db, (i64,)>(sql!("SELECT COUNT(*) FROM statements WHERE member = ?"))
                        .bind(key(&member))
                        .fetch_one(&mut *connection)
                        .await?;
                statements += usize::try_from(issued).unwrap_or(0);
                sqlx::query::<Db>(sql!("UPDATE members SET account = NULL WHERE id = ?"))
                    .bind(key(&member))
                    .execute(&mut *connection)
                    .await?;
                if issued == 0 {
                    // Where statements bear the name, the member of the statements keeps it.
                    sqlx::query::<Db>(sql!("UPDATE members SET name = ? WHERE id = ?"))
                        .bind(format!("former member {}", member.simple()))
                        .bind(key(&member))
                        .execute(&mut *connection)
                        .await?;
                }
            }
            Ok(statements)
        }

        async fn forget_own(connection: &mut Self::Connection, user: Uuid) -> Result<(), Fault> {
            for text in [
                sql!("DELETE FROM sessions WHERE owner = ?"),
                sql!("DELETE FROM api_keys WHERE owner = ?"),
                sql!("DELETE FROM recovery_codes WHERE owner = ?"),
                sql!("DELETE FROM second_factors WHERE owner = ?"),
                sql!("DELETE FROM households WHERE owner = ?"),
                sql!("DELETE FROM forecasts WHERE owner = ?"),
                sql!("DELETE FROM battery_levels WHERE owner = ?"),
                sql!("DELETE FROM recording_parts WHERE recording IN (SELECT id FROM recordings WHERE owner = ?)"),
                sql!("DELETE FROM recordings WHERE owner = ?"),
                sql!("DELETE FROM idempotent_requests WHERE owner = ?"),
                sql!("DELETE FROM events WHERE owner = ?"),
            ] {
                sqlx::query::<Db>(text).bind(key(&user)).execute(&mut *connection).await?;
            }
            Ok(())
        }
    }
}

impl Store {
    /// Forgets a person, all of it or nothing: their name, address and password, logins, tokens, API keys, second factor,
    /// household, battery levels, recordings, forecasts, and their devices with the readings.
    ///
    /// What others' accounts stand on stays, without their name where it can be without: statements and their log; the
    /// readings of settled periods, and those that came after the last one of a community that settles; and what a device
    /// counted for others, which goes to another operator of the community. The account itself stays as
    /// `erased-<id>`, which nobody can log in to.
    ///
    /// `entry` says who does it, and is kept in the same transaction; give it no name. Revocations are forgotten at `until`.
    /// Somebody who was forgotten before is not forgotten again: nothing changes, and nothing is written down.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`]; [`Error::ForeignMigration`] where the database is newer than this program, which would leave
    /// what it does not know; [`Error::OnlyAdministrator`] where nobody else could administer the server;
    /// [`Error::OnlyOperator`] where a community with other members would have no operator; or a fault of the database.
    pub async fn erase_user(
        &self,
        user: Uuid,
        entry: &AuditEntry,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Erased, Error> {
        let now = rows::instant(now.as_microsecond(), "clock")?;
        self.of_this_schema().await?;
        on!(self, write "forget a user", |connection| {
            // An update that changes nothing locks the rows of the administrators, so that one of two who go stays.
            sqlx::query::<Db>(sql!("UPDATE users SET administrator = administrator WHERE administrator = 1 OR id = ?"))
                .bind(key(&user))
                .execute(&mut *connection)
                .await?;
            let there: Option<(i64, String, String)> = sqlx::query_as::<Db, _>(sql!(
                "SELECT administrator, username_key, password FROM users WHERE id = ?"
            ))
            .bind(key(&user))
            .fetch_optional(&mut *connection)
            .await?;
            let (administrator, name, password) = there.ok_or_else(|| not_found("user", &user))?;
            // What was kept of them is nobody's any more, and stays where it is.
            if name == nobody(user) && password.is_empty() {
                return Ok(Erased::default());
            }
            let other: Option<(i64,)> = sqlx::query_as::<Db, (i64,)>(sql!(
                "SELECT created_at FROM users WHERE administrator = 1 AND disabled_at IS NULL AND id <> ? LIMIT 1"
            ))
            .bind(key(&user))
            .fetch_optional(&mut *connection)
            .await?;
            if administrator != 0 && other.is_none() {
                return Err(Fault::Refused(Error::OnlyAdministrator));
            }
            let shares = Db::shares_of(&mut *connection, user).await?;
            let mut erased = Erased { statements_kept: Db::leave_communities(&mut *connection, user).await?, ..Erased::default() };
            erased.revocations = Db::revoke_user(&mut *connection, user, None, now, until).await?;
            for share in shares.iter().filter(|share| share.is_owner) {
                Db::forget_device(&mut *connection, user, share, now, &mut erased).await?;
            }
            Db::forget_own(&mut *connection, user).await?;
            Db::forget_name(&mut *connection, user, now).await?;
            Db::put_entry(connection, entry).await?;
            Ok(erased)
        })
    }
}

#[cfg(test)]
mod tests {
    /// What becomes of each table when a person is forgotten. Whoever adds a table says so here.
    const FATE: &[(&str, &str)] = &[
        ("_sqlx_migrations", "holds nobody"),
        ("api_keys", "deleted"),
        ("audit_entries", "the name and the address are taken out"),
        ("battery_levels", "deleted"),
        ("channels", "deleted where no reading is left"),
        ("communities", "the community's"),
        ("community_contracts", "the community's"),
        ("community_keys", "the community's"),
        ("community_tariffs", "the community's"),
        ("device_placements", "deleted with the device, ended otherwise"),
        ("devices", "deleted, or handed over, or without a name"),
        ("event_numbers", "holds nobody"),
        ("events", "deleted; those of devices are ids, and forgotten within a day"),
        ("forecasts", "deleted"),
        ("households", "deleted"),
        ("idempotent_requests", "deleted"),
        ("log_heads", "the log's"),
        ("log_keys", "the log's"),
        ("log_nodes", "the log's"),
        ("members", "without an account, and without a name where no statement bears it"),
        ("prices", "the community's"),
        ("reading_days", "deleted, but for what statements stand on or wait for"),
        ("recording_parts", "deleted"),
        ("recordings", "deleted"),
        ("recovery_codes", "deleted"),
        ("register_events", "as the readings"),
        ("register_reads", "as the readings"),
        ("revocations", "an id, and forgotten within the hour"),
        ("second_factors", "deleted"),
        ("sessions", "deleted"),
        ("settlements", "the community's"),
        ("setup_links", "holds nobody"),
        ("signing_keys", "holds nobody"),
        ("statements", "the community's, and verified by others"),
        ("superseded_readings", "as the readings"),
        ("throttles", "hashes, and forgotten within minutes"),
        ("users", "a tombstone"),
    ];

    #[cfg(feature = "sqlite")]
    #[tokio::test]
    async fn every_table_has_a_fate_when_a_person_is_forgotten() {
        let pool = sqlx::sqlite::SqlitePoolOptions::new()
            .max_connections(1)
            .connect("sqlite::memory:")
            .await
            .unwrap();
        crate::store::migrations::sqlite().run(&pool).await.unwrap();
        let names: Vec<(String,)> =
            sqlx::query_as("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
                .fetch_all(&pool)
                .await
                .unwrap();
        let names: Vec<&str> = names.iter().map(|(name,)| name.as_str()).collect();
        let known: Vec<&str> = FATE.iter().map(|(name, _)| *name).collect();
        assert_eq!(known, names, "say in `FATE` what becomes of each table, and do it");
    }
}
