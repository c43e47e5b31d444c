//! What a store does while its database is away, not migrated, or shared with another process.

use std::time::{Duration, Instant};

#[cfg(feature = "sqlite")]
use grid_core::store::blocking;
use grid_core::{
    error::{Failure as _, Kind},
    store::{Budget, Error, Options, Store},
};

use crate::store::TestDatabase;

/// Addresses of servers that take a connection and never say a word, and of ports that nobody listens on.
fn dead_addresses() -> Vec<(String, Option<std::net::TcpListener>)> {
    let mut addresses = Vec::new();
    for scheme in ["mysql", "postgres"] {
        if (scheme == "mysql" && !cfg!(feature = "mysql"))
            || (scheme == "postgres" && !cfg!(feature = "postgres"))
        {
            continue;
        }
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        addresses.push((format!("{scheme}://ana:s3cret@127.0.0.1:{port}/grid"), Some(silent)));
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        addresses.push((format!("{scheme}://ana:s3cret@127.0.0.1:{closed}/grid"), None));
    }
    addresses
}

#[tokio::test]
async fn s60_a_dead_database_is_said_to_be_unavailable_within_three_seconds() {
    for (address, _listener) in dead_addresses() {
        let store = Store::connect(&address, Options::default()).await.unwrap();
        let began = Instant::now();
        let error = store.ping().await.unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        assert_eq!(error.kind(), Kind::Unavailable, "{error:?}");
        assert!(error.retry_after().is_some());
        assert_eq!(error.to_string(), "the database cannot be reached");
        let began = Instant::now();
        for error in [store.migrate().await.unwrap_err(), store.ready().await.unwrap_err()] {
            assert_eq!(error.kind(), Kind::Unavailable, "{error:?}");
        }
        assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
        assert!(!store.describe().contains("s3cret"));
        assert!(!format!("{store:?}").contains("s3cret"), "{store:?}");
    }
}

#[tokio::test]
async fn calls_that_share_a_budget_wait_no_longer_than_that_together() {
    for (address, listener) in dead_addresses() {
        if listener.is_none() {
            continue;
        }
        let store = Store::connect(&address, Options::default()).await.unwrap();
        let began = Instant::now();
        let budget = Budget::new(Duration::from_millis(1300));
        let errors = budget.limit(async {
            let mut errors = Vec::new();
            for _ in 0..4 {
                errors.push(store.ping().await.unwrap_err());
            }
            errors
        });
        let errors = errors.await;
        // Each would wait a second for its connection.
        assert!(began.elapsed() < Duration::from_millis(2500), "{:?}", began.elapsed());
        assert!(matches!(errors[0], Error::Unreachable { .. }), "{errors:?}");
        for error in &errors[1..] {
            assert!(matches!(error, Error::Slow { .. }), "{errors:?}");
            assert_eq!(error.kind(), Kind::Unavailable);
            assert!(error.retry_after().is_some() && !error.may_have_happened());
        }
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn another_program_s_lock_is_waited_for_no_longer_than_there_is_time() {
    use sqlx::Connection as _;

    let database = TestDatabase::create("SQLite").await.unwrap();
    database.store.migrate().await.unwrap();
    let mut other = sqlx::SqliteConnection::connect(&database.address).await.unwrap();
    let locked = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let began = Instant::now();
    // One waits for the lock and the other behind it; either would wait five seconds.
    let write = || async {
        let budget = Budget::new(Duration::from_millis(300));
        budget
            .limit(database.store.revoke_api_key(
                uuid::Uuid::nil(),
                uuid::Uuid::nil(),
                jiff::Timestamp::UNIX_EPOCH,
            ))
            .await
    };
    for outcome in [tokio::join!(write(), write())].into_iter().flat_map(|(one, two)| [one, two]) {
        assert!(matches!(outcome, Err(Error::Slow { .. })), "{outcome:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    locked.rollback().await.unwrap();
    let done = write().await;
    assert!(matches!(done, Err(Error::NotFound { .. })), "{done:?}");
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    for address in ["", "grid.db", "oracle://host/grid", "http://example.org"] {
        let error = Store::connect(address, Options::default()).await.unwrap_err();
        assert!(matches!(error, Error::UnknownScheme { .. }), "{address}: {error:?}");
    }
    for (address, built_in) in [
        ("sqlite::memory:", cfg!(feature = "sqlite")),
        ("mariadb://ana@host/grid", cfg!(feature = "mysql")),
        ("postgresql://ana@host/grid", cfg!(feature = "postgres")),
    ] {
        match Store::connect(address, Options::default()).await {
            Ok(store) => assert!(built_in && store.describe() == address),
            Err(error) => assert!(!built_in && matches!(error, Error::NotBuiltIn { .. }), "{error:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s18_a_database_without_tables_is_not_ready() {
    for kind in ["SQLite", "MySQL", "PostgreSQL"] {
        let Some(database) = TestDatabase::create(kind).await else { continue };
        database.store.ping().await.unwrap();
        let error = database.store.ready().await.unwrap_err();
        assert!(matches!(error, Error::NotMigrated { missing: 1.. }), "{kind}: {error:?}");
        assert_eq!(error.kind(), Kind::Unavailable);
        // Looking twice finds the same: nothing was made, not even the table of the migrations.
        let all: Vec<_> = database.store.known_migrations().collect();
        for _ in 0..2 {
            assert_eq!(database.store.missing_migrations().await.unwrap(), all, "{kind}");
        }
        database.store.migrate().await.unwrap();
        assert!(database.store.missing_migrations().await.unwrap().is_empty(), "{kind}");
        let connections = database.store.connections();
        assert!((1..=connections.most).contains(&connections.open), "{kind}: {connections:?}");
        database.remove().await;
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread")]
async fn who_only_looks_makes_no_file_and_writes_nothing() {
    let folder = std::env::temp_dir()
        .join(format!("grid_test_{}", grid_core::store::new_id(super::store::now()).simple()));
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("grid.db");
    let looks = Options { only_looks: true, ..Options::default() };
    let store = Store::connect(&format!("sqlite:{}", file.display()), looks).await.unwrap();
    assert!(matches!(store.ready().await, Err(Error::Unreachable { .. })));
    assert!(!file.exists());
    std::fs::write(&file, b"").unwrap();
    assert!(matches!(store.ready().await, Err(Error::NotMigrated { .. })));
    store.migrate().await.unwrap_err();
    store.close().await;
    assert_eq!(std::fs::metadata(&file).unwrap().len(), 0);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_at_once_migrate_once() {
    for kind in ["SQLite", "MySQL", "PostgreSQL"] {
        let Some(database) = TestDatabase::create(kind).await else { continue };
        let mut starting = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let address = database.address.clone();
            starting.spawn(async move {
                let store = Store::connect(&address, Options::default()).await.unwrap();
                store.migrate().await.unwrap();
                store.ready().await.unwrap();
                store.close().await;
            });
        }
        starting.join_all().await;
        database.store.ready().await.unwrap();
        database.remove().await;
    }
}

#[cfg(feature = "mysql")]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_migration_is_named() {
    let Some(database) = TestDatabase::create("MySQL").await else { return };
    database.store.migrate().await.unwrap();
    crate::store::execute(
        &database.address,
        "UPDATE _sqlx_migrations SET success = FALSE WHERE version = 23",
    )
    .await;
    for error in [database.store.migrate().await.unwrap_err(), database.store.ready().await.unwrap_err()] {
        assert!(matches!(error, Error::DirtyMigration { version: 23 }), "{error:?}");
        assert_eq!(error.kind(), Kind::Unavailable);
    }
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_program_is_refused() {
    for database in TestDatabase::all().await {
        let bytes = if database.kind == "PostgreSQL" { r"'\x00'" } else { "x'00'" };
        let run = async |statement: &str| {
            if database.kind == "SQLite" {
                #[cfg(feature = "sqlite")]
                sqlite_file(&database.address, statement).await;
            } else {
                #[cfg(any(feature = "mysql", feature = "postgres"))]
                crate::store::execute(&database.address, statement).await;
            }
        };
        // A newer program has migrated meanwhile: who runs already goes on, and nobody starts.
        let columns = "description, success, checksum, execution_time";
        run(&format!(
            "INSERT INTO _sqlx_migrations (version, {columns}) SELECT 999, {columns} FROM _sqlx_migrations WHERE version = 23"
        ))
        .await;
        database.store.ready().await.unwrap();
        for error in [
            database.store.migrate().await.unwrap_err(),
            database.store.missing_migrations().await.unwrap_err(),
        ] {
            assert!(
                matches!(error, Error::ForeignMigration { version: 999 }),
                "{}: {error:?}",
                database.kind
            );
        }
        run("DELETE FROM _sqlx_migrations WHERE version = 999").await;
        // A migration that is not known here; and, with that put right, one that had another text.
        for (change, named) in [
            ("version = 999 WHERE version = 23".to_owned(), 999),
            (format!("version = 23, checksum = {bytes} WHERE version = 999"), 23),
        ] {
            run(&format!("UPDATE _sqlx_migrations SET {change}")).await;
            let refusals =
                [database.store.migrate().await.unwrap_err(), database.store.ready().await.unwrap_err()];
            for error in refusals {
                assert!(
                    matches!(error, Error::ForeignMigration { version } if version == named),
                    "{}: {error:?}",
                    database.kind
                );
            }
        }
        database.remove().await;
    }
}

#[cfg(feature = "sqlite")]
async fn sqlite_file(address: &str, statement: &str) {
    use sqlx::{AssertSqlSafe, Connection as _};
    let mut connection = sqlx::SqliteConnection::connect(address).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_day_is_named_and_never_read() {
    use grid_core::{energy::Channel, store::DeviceBatch, time::Interval};

    use crate::{
        store::{at, now},
        store_checks::{new_device, new_user, reading},
    };

    let database = TestDatabase::create("SQLite").await.unwrap();
    let store = &database.store;
    store.migrate().await.unwrap();
    let device = new_device(store, new_user(store).await).await.id;
    let one = reading(at("2026-01-01T00:00:00Z"), 15, Some(7));
    let batch = DeviceBatch { device, channel: Channel::Import, readings: vec![one] };
    store.ingest(std::slice::from_ref(&batch), now()).await.unwrap();
    sqlite_file(&database.address, "UPDATE reading_days SET packed = CAST(packed || x'00' AS BLOB)").await;
    let day = Interval::parse("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z").unwrap();
    let error = store.readings(device, Channel::Import, day, None).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Internal);
    assert!(error.to_string().contains("on 2026-01-01 are damaged"), "{error}");
    assert!(store.ingest(&[batch], now()).await.is_err(), "it is not written over");
    database.remove().await;
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread")]
async fn s126_two_processes_write_one_file() {
    use grid_core::{energy::Channel, store::DeviceBatch, time::Interval};
    use jiff::ToSpan as _;

    use crate::{
        store::{at, now},
        store_checks::{new_device, new_user, reading},
    };

    let database = TestDatabase::create("SQLite").await.unwrap();
    database.store.migrate().await.unwrap();
    let device = new_device(&database.store, new_user(&database.store).await).await.id;
    let mut writers = tokio::task::JoinSet::new();
    for process in 0..3_i64 {
        let store = Store::connect(&database.address, Options::default()).await.unwrap();
        writers.spawn(async move {
            for step in 0..10_i64 {
                let one =
                    reading(at("2026-01-01T00:00:00Z") + (15 * (3 * step + process)).minutes(), 15, Some(1));
                let batch = DeviceBatch { device, channel: Channel::Import, readings: vec![one] };
                store.ingest(&[batch], now()).await.unwrap();
            }
            store.close().await;
        });
    }
    writers.join_all().await;
    let day = Interval::parse("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z").unwrap();
    let found = database.store.readings(device, Channel::Import, day, None).await.unwrap();
    assert_eq!(found.len(), 30);
    database.remove().await;
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn the_folder_of_a_file_has_to_be_there() {
    let store = Store::connect("sqlite:/nowhere-at-all/grid.db", Options::default()).await.unwrap();
    let error = store.migrate().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{error:?}");
    assert!(error.hint().is_some_and(|hint| hint.contains("folder")));
}

#[cfg(feature = "sqlite")]
#[test]
fn the_blocking_store_refuses_async_code_and_does_not_panic_in_it() {
    let store = blocking::Store::connect("sqlite::memory:", Options::default()).unwrap();
    store.migrate().unwrap();
    let elsewhere = tokio::runtime::Runtime::new().unwrap();
    elsewhere.block_on(async {
        assert!(matches!(store.ping(), Err(Error::WrongRuntime { .. })));
        assert!(matches!(
            blocking::Store::connect("sqlite::memory:", Options::default()),
            Err(Error::WrongRuntime { .. })
        ));
        drop(store);
    });
}

#[cfg(feature = "sqlite")]
#[test]
fn threads_share_a_blocking_store() {
    let store = blocking::Store::connect("sqlite::memory:", Options::default()).unwrap();
    store.migrate().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| store.ready().unwrap());
        }
    });
    store.close().unwrap();
}
