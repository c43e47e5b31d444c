//! The migrations of each database, compiled in, and what they say when they cannot run.
//!
//! The numbers mean the same in the three databases. A migration that has been released never changes; MySQL ends a
//! transaction at each change of a table, so there each file has one statement.

use std::{borrow::Cow, time::Duration};

use sqlx::{
    SqlSafeStr,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};

use super::{
    Error, Store,
    backend::{Backend, Driver, MigrateFault, on},
    sql::sql,
};

/// The files of one database, in order; the number of a migration is that of its name.
macro_rules! files {
    ($database:literal) => {
        files!(
            $database,
            "0001_users",
            "0002_signing_keys",
            "0003_devices",
            "0004_communities",
            "0005_members",
            "0006_community_devices",
            "0007_community_keys",
            "0008_channels",
            "0009_reading_days",
            "0010_superseded_readings",
            "0011_recordings",
            "0012_recording_parts",
            "0013_forecasts",
            "0014_user_rights",
            "0015_sealed_keys",
            "0016_throttles",
            "0017_revocations",
            "0018_api_keys",
            "0019_second_factors",
            "0020_recovery_codes",
            "0021_setup_links",
            "0022_audit_entries",
            "0023_sessions",
            "0024_community_contracts",
            "0025_community_tariffs",
            "0026_prices",
            "0027_settlements",
            "0028_statements",
            "0029_log_nodes",
            "0030_log_heads",
            "0031_log_keys",
            "0032_register_reads",
            "0033_register_events",
            "0034_device_placements",
            "0035_placements_until_now",
            "0036_no_community_devices",
            "0037_battery_levels",
            "0038_households",
            "0039_idempotent_requests",
            "0040_events",
            "0041_event_numbers",
            "0042_devices_settled_as_of",
            "0043_communities_settled_as_of",
            "0044_idempotent_requests_by_owner"
        )
    };
    ($database:literal, $($name:literal),*) => {
        [$(($name, include_str!(concat!("migrations/", $database, "/", $name, ".sql"))),)*]
    };
}

#[cfg(feature = "sqlite")]
const SQLITE: [(&str, &str); NUMBER] = files!("sqlite");
#[cfg(feature = "mysql")]
const MYSQL: [(&str, &str); NUMBER] = files!("mysql");
#[cfg(feature = "postgres")]
const POSTGRES: [(&str, &str); NUMBER] = files!("postgres");

/// How many migrations there are.
pub(super) const NUMBER: usize = 44;

#[cfg(feature = "sqlite")]
pub(super) fn sqlite() -> Migrator {
    migrator(&SQLITE)
}

#[cfg(feature = "mysql")]
pub(super) fn mysql() -> Migrator {
    migrator(&MYSQL)
}

#[cfg(feature = "postgres")]
pub(super) fn postgres() -> Migrator {
    migrator(&POSTGRES)
}

/// Without the lock of the library, which waits for ever; `lock` takes one before.
fn migrator(files: &[(&'static str, &'static str)]) -> Migrator {
    let migrations = files
        .iter()
        .zip(1..)
        .map(|(&(name, text), place)| {
            let (number, description) = name.split_once('_').unwrap_or((name, name));
            let (version, description) = (number.parse().unwrap_or(place), Cow::Borrowed(description));
            Migration::new(version, description, MigrationType::Simple, text.into_sql_str(), false)
        })
        .collect();
    let mut migrator = Migrator::with_migrations(migrations);
    migrator.set_locking(false);
    migrator
}

impl Store {
    /// How long [`Store::migrate`] waits for another process that is migrating.
    pub const MIGRATION_WAIT: Duration = Duration::from_mins(1);

    /// Makes the tables that are missing. Any number of processes may do so at once: one does it, the others wait.
    ///
    /// Where none is missing, nothing is locked or written, and a user of the database who may not make tables is enough.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`], [`Error::MigrationWait`] after [`Store::MIGRATION_WAIT`],
    /// [`Error::DirtyMigration`] where one was interrupted (MySQL only), [`Error::ForeignMigration`] where the
    /// database is newer than this program, or [`Error::Failed`].
    pub async fn migrate(&self) -> Result<(), Error> {
        // Whatever else it says may be what another process is about to mend; behind the lock it is looked at again.
        if self.missing_migrations().await.is_ok_and(|missing| missing.is_empty()) {
            return Ok(());
        }
        let wait = Self::MIGRATION_WAIT;
        let outcome: Result<(), MigrateFault> = match self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(ref pools) => Driver::migrate(pools, wait).await,
            #[cfg(feature = "mysql")]
            Backend::MySql(ref pools) => Driver::migrate(pools, wait).await,
            #[cfg(feature = "postgres")]
            Backend::Postgres(ref pools) => Driver::migrate(pools, wait).await,
        };
        outcome.map_err(|fault| match fault {
            MigrateFault::Connection(source) => Error::Unreachable { source: source.into() },
            MigrateFault::Waited => Error::MigrationWait { seconds: wait.as_secs() },
            MigrateFault::Migration(MigrateError::Dirty(version)) => Error::DirtyMigration { version },
            MigrateFault::Migration(
                MigrateError::VersionMissing(version) | MigrateError::VersionMismatch(version),
            ) => Error::ForeignMigration { version },
            MigrateFault::Migration(source) => {
                Error::Failed { action: "migrate the database", source: source.into() }
            }
        })
    }

    fn migrator(&self) -> Migrator {
        match self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(_) => sqlite(),
            #[cfg(feature = "mysql")]
            Backend::MySql(_) => mysql(),
            #[cfg(feature = "postgres")]
            Backend::Postgres(_) => postgres(),
        }
    }

    /// Checks that the database answers and has every table that this program needs.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`], [`Error::NotMigrated`], [`Error::DirtyMigration`] or [`Error::ForeignMigration`].
    pub async fn ready(&self) -> Result<(), Error> {
        // A replica of the next version may have begun its migrations, which only add: this one works on until it is
        // replaced. A newer database is refused at the start.
        let newest = self.migrator().iter().map(|migration| migration.version).max();
        if self.missing_beside(|version| newest.is_some_and(|newest| version > newest)).await?.is_empty() {
            return Ok(());
        }
        Err(Error::NotMigrated { missing: self.missing_migrations().await?.len() })
    }

    /// The migrations that [`Self::migrate`] would run, in their order, as in `0001_users`; nothing is changed.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`], [`Error::DirtyMigration`] or [`Error::ForeignMigration`].
    pub async fn missing_migrations(&self) -> Result<Vec<&'static str>, Error> {
        self.missing_beside(|_| false).await
    }

    /// The migrations that are missing, where those that are not known may be there if `allowed` says so.
    async fn missing_beside(&self, allowed: impl Fn(i64) -> bool) -> Result<Vec<&'static str>, Error> {
        type Row = (i64, bool, Vec<u8>);
        let mut applied: Vec<Row> = on!(self, read "look at the migrations", |connection| {
            let look = sql!("SELECT version, success, checksum FROM _sqlx_migrations");
            match sqlx::query_as::<Db, Row>(look).fetch_all(connection).await {
                Err(sqlx::Error::Database(error)) if <Db as Driver>::lacks_table(error.as_ref()) => Ok(Vec::new()),
                applied => Ok(applied?),
            }
        })?;
        applied.retain(|(version, ..)| !allowed(*version));
        if let Some((version, ..)) = applied.iter().find(|(_, done, _)| !done) {
            return Err(Error::DirtyMigration { version: *version });
        }
        let known = self.migrator();
        let same = |version: i64, checksum: &[u8]| {
            known.iter().any(|migration| migration.version == version && *migration.checksum == *checksum)
        };
        if let Some((version, ..)) = applied.iter().find(|(version, _, checksum)| !same(*version, checksum)) {
            return Err(Error::ForeignMigration { version: *version });
        }
        let missing = self.known_migrations().zip(1..);
        Ok(missing
            .filter(|(_, version)| !applied.iter().any(|(is, ..)| is == version))
            .map(|(name, _)| name)
            .collect())
    }

    /// The migrations that this program has for the store's database, in their order.
    pub fn known_migrations(&self) -> impl Iterator<Item = &'static str> {
        let files = match self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(_) => &SQLITE,
            #[cfg(feature = "mysql")]
            Backend::MySql(_) => &MYSQL,
            #[cfg(feature = "postgres")]
            Backend::Postgres(_) => &POSTGRES,
        };
        files.iter().map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "sqlite")]
    #[tokio::test]
    async fn a_device_that_was_there_counts_from_the_beginning_as_of_when_it_was_added() {
        use sqlx::{AssertSqlSafe, sqlite::SqlitePoolOptions};

        type Row = (Vec<u8>, i64, Option<Vec<u8>>, Option<i64>, Option<i64>);

        let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
        super::migrator(&super::SQLITE[..33]).run(&pool).await.unwrap();
        for text in [
            "INSERT INTO users (id, username, username_key, email, password, created_at) VALUES (x'01', 'ana', 'ana', 'a@b.c', '', 1)",
            "INSERT INTO devices (id, owner, name, kind, zone, created_at) VALUES (x'02', x'01', 'm', 'meter', 'UTC', 1)",
            "INSERT INTO communities (id, name, zone, created_at) VALUES (x'03', 'c', 'UTC', 1)",
            "INSERT INTO members (id, community, name, role, created_at) VALUES (x'04', x'03', 'ana', 'member', 1)",
            "INSERT INTO community_devices (community, device, member, added_at) VALUES (x'03', x'02', x'04', 7)",
        ] {
            sqlx::query(AssertSqlSafe(text)).execute(&pool).await.unwrap();
        }
        super::sqlite().run(&pool).await.unwrap();
        let found: Vec<Row> = sqlx::query_as(
            "SELECT device, recorded_at, member, valid_from, valid_until FROM device_placements",
        )
        .fetch_all(&pool)
        .await
        .unwrap();
        assert_eq!(found, [(vec![2], 7, Some(vec![4]), None, None)]);
    }

    #[cfg(feature = "mysql")]
    #[test]
    fn a_migration_of_mysql_is_one_statement() {
        for (name, text) in super::MYSQL {
            let code: String = text.lines().filter(|line| !line.starts_with("--")).collect();
            assert_eq!(code.matches(';').count(), 1, "{name}");
        }
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn migrations_are_numbered_without_a_gap() {
        let numbers: Vec<usize> =
            super::SQLITE.iter().map(|(name, _)| name.split_once('_').unwrap().0.parse().unwrap()).collect();
        assert_eq!(numbers, (1..=super::NUMBER).collect::<Vec<_>>());
    }

    #[test]
    fn s19_every_file_is_compiled_in() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations");
        for database in std::fs::read_dir(folder).unwrap() {
            let files = std::fs::read_dir(database.unwrap().path()).unwrap().count();
            assert_eq!(files, super::NUMBER);
        }
    }
}
