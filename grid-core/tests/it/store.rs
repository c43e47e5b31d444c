//! The store on every database that can be had: SQLite always, MySQL or MariaDB and PostgreSQL where
//! `GRID_TEST_MYSQL_URL` and `GRID_TEST_POSTGRES_URL` name a server.

use std::path::PathBuf;

use grid_core::store::{Options, Store, new_id};
use jiff::Timestamp;

/// A database of a test's own.
pub(crate) struct TestDatabase {
    pub(crate) kind: &'static str,
    pub(crate) address: String,
    pub(crate) store: Store,
    folder: Option<PathBuf>,
    #[cfg_attr(
        not(any(feature = "mysql", feature = "postgres")),
        expect(dead_code, reason = "servers only")
    )]
    server: Option<(String, String)>,
}

/// An instant of the year 2026.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn now() -> Timestamp {
    at("2026-02-01T12:00:00Z")
}

impl TestDatabase {
    /// One database of each kind that can be had, migrated.
    pub(crate) async fn all() -> Vec<Self> {
        let mut databases = Vec::new();
        for kind in ["SQLite", "MySQL", "PostgreSQL"] {
            if let Some(database) = Self::create(kind).await {
                database.store.migrate().await.unwrap();
                databases.push(database);
            }
        }
        databases
    }

    /// A new, empty database, or `None` with a line that says what is skipped.
    pub(crate) async fn create(kind: &'static str) -> Option<Self> {
        let name = format!("grid_test_{}", new_id(now()).simple());
        let database = match kind {
            #[cfg(feature = "sqlite")]
            "SQLite" => {
                let folder = std::env::temp_dir().join(&name);
                std::fs::create_dir(&folder).unwrap();
                let address = format!("sqlite:{}", folder.join("grid.db").display());
                let store = Store::connect(&address, Options::default()).await.unwrap();
                Self { kind, address, store, folder: Some(folder), server: None }
            }
            #[cfg(feature = "mysql")]
            "MySQL" => Self::on_server(kind, "GRID_TEST_MYSQL_URL", name).await?,
            #[cfg(feature = "postgres")]
            "PostgreSQL" => Self::on_server(kind, "GRID_TEST_POSTGRES_URL", name).await?,
            _ => return None,
        };
        Some(database)
    }

    #[cfg(any(feature = "mysql", feature = "postgres"))]
    async fn on_server(kind: &'static str, variable: &str, name: String) -> Option<Self> {
        let Ok(server) = std::env::var(variable) else {
            assert!(std::env::var_os("GRID_TEST_NO_SKIP").is_none(), "{variable} is not set");
            println!("skipped: {kind} ({variable} is not set)");
            return None;
        };
        execute(&server, &format!("CREATE DATABASE {name}")).await;
        let (scheme, rest) = server.split_once("://").unwrap();
        let host = rest.split(['/', '?']).next().unwrap();
        let address = format!("{scheme}://{host}/{name}");
        let store = Store::connect(&address, Options::default()).await.unwrap();
        Some(Self { kind, address, store, folder: None, server: Some((server, name)) })
    }

    /// The store as `docs/deploy/database.md` lets a server have it: as a user who may read and write rows and nothing else.
    /// SQLite has no users.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    async fn for_serving(&self) -> Store {
        let Some((server, _)) = &self.server else { return self.store.clone() };
        let (scheme, rest) = self.address.split_once("://").unwrap();
        let address = format!("{scheme}://grid_serve:grid_serve@{}", rest.rsplit('@').next().unwrap());
        #[cfg(feature = "postgres")]
        if scheme == "postgres" {
            for rights in
                ["USAGE ON SCHEMA public", "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public"]
            {
                try_to(&self.address, &format!("GRANT {rights} TO grid_serve")).await.ok();
            }
        }
        let store = Store::connect(&address, Options::default()).await.unwrap();
        if store.ping().await.is_err() {
            assert!(std::env::var_os("GRID_TEST_NO_SKIP").is_none(), "{server} has no user grid_serve");
            println!("skipped: {} as a user with few rights (no user grid_serve)", self.kind);
            return self.store.clone();
        }
        let refused = try_to(&address, "CREATE TABLE not_allowed (id BIGINT)").await.unwrap_err();
        assert!(refused.to_string().contains("denied"), "{refused}");
        store
    }

    /// Closes the connections and removes the database.
    pub(crate) async fn remove(self) {
        self.store.close().await;
        if let Some(folder) = &self.folder {
            std::fs::remove_dir_all(folder).unwrap();
        }
        #[cfg(any(feature = "mysql", feature = "postgres"))]
        if let Some((server, name)) = &self.server {
            execute(server, &format!("DROP DATABASE {name}")).await;
        }
    }
}

/// Executes a statement on a server, as its administrator.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) async fn execute(server: &str, statement: &str) {
    try_to(server, statement).await.unwrap();
}

/// Executes a statement on a server, as whoever the address names.
#[cfg(any(feature = "mysql", feature = "postgres"))]
async fn try_to(server: &str, statement: &str) -> Result<(), sqlx::Error> {
    use sqlx::{AssertSqlSafe, Connection as _};
    let statement = AssertSqlSafe(statement.to_owned());
    match server.split(':').next().unwrap() {
        #[cfg(feature = "mysql")]
        "mysql" => {
            let mut connection = sqlx::MySqlConnection::connect(server).await?;
            sqlx::raw_sql(statement).execute(&mut connection).await?;
            connection.close().await
        }
        #[cfg(feature = "postgres")]
        "postgres" => {
            let mut connection = sqlx::PgConnection::connect(server).await?;
            sqlx::raw_sql(statement).execute(&mut connection).await?;
            connection.close().await
        }
        other => unreachable!("expected a server that this test was built with, got {other}"),
    }
}

/// What every database must do.
pub(crate) fn checks() -> Vec<(&'static str, crate::store_checks::Check)> {
    // One line for each file of checks.
    [
        crate::store_user_checks::all(),
        crate::store_device_checks::all(),
        crate::store_community_checks::all(),
        crate::store_placement_checks::all(),
        crate::store_reading_checks::all(),
        crate::store_register_checks::all(),
        crate::store_writer_checks::all(),
        crate::store_import_checks::all(),
        crate::store_document_checks::all(),
        crate::store_total_checks::all(),
        crate::store_agreement_checks::all(),
        crate::store_contract_checks::all(),
        crate::store_finding_checks::all(),
        crate::store_settlement_checks::all(),
        crate::store_auth_checks::all(),
        crate::store_request_checks::all(),
        crate::store_event_checks::all(),
        crate::store_quota_checks::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

async fn suite(kind: &'static str) {
    let Some(database) = TestDatabase::create(kind).await else { return };
    database.store.migrate().await.unwrap();
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    let store = database.for_serving().await;
    #[cfg(not(any(feature = "mysql", feature = "postgres")))]
    let store = database.store.clone();
    store.migrate().await.unwrap();
    for (name, check) in checks() {
        println!("{kind}: {}", name.replace('_', " "));
        check(store.clone()).await;
    }
    store.close().await;
    database.remove().await;
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread")]
async fn sqlite_passes_the_suite() {
    suite("SQLite").await;
}

#[cfg(feature = "mysql")]
#[tokio::test(flavor = "multi_thread")]
async fn s1_s6_mysql_passes_the_suite() {
    suite("MySQL").await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn s6_s104_postgresql_passes_the_suite() {
    suite("PostgreSQL").await;
}
