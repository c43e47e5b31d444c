//! Transactions, locks and faults, which each database has in its own way.

use std::time::Duration;

#[cfg(feature = "sqlite")]
use sqlx::Pool;
use sqlx::{Connection, Transaction, error::DatabaseError};

#[cfg(feature = "sqlite")]
use tokio::time::Instant;

#[cfg(feature = "sqlite")]
use super::{Error, budget::Spent};
use super::{
    backend::{Driver, MigrateFault, Pools},
    fault::Fault,
    held::Held,
    migrations,
    sql::Notation,
};

#[cfg(feature = "sqlite")]
impl Driver for sqlx::Sqlite {
    const NOTATION: Notation = Notation::Plain;
    const HOLDS_ROWS: bool = false;
    const IS_REMOTE: bool = false;

    async fn begin<'c>(
        pools: &Pools<Self>,
        held: &'c mut Option<Held<Self>>,
    ) -> Result<Transaction<'c, Self>, Fault> {
        let since = Instant::now();
        let mut refused = pools.locks.turn.wait().await?;
        if refused.is_some_and(|at| at >= since) {
            // Whoever was before this one waited in vain meanwhile; a queue must not wait again for each of its places.
            let source = "another program holds the file's lock".into();
            return Err(Fault::Refused(Error::Busy { action: "begin to write", source }));
        }
        // There is one connection to write, which the writer before this one may hold.
        let writer = pools.locks.turn.beside_writers(pools.writer()).await;
        let held = held.insert(writer.map_err(|Spent| Fault::Late)??);
        // Takes the file's lock now: a transaction that first reads and then writes could not be tried again.
        let asking = pools.locks.turn.ask();
        let begun = held.connection().begin_with("BEGIN IMMEDIATE").await.map_err(Fault::Connection);
        drop(asking);
        if begun.as_ref().is_err_and(Fault::is_transient::<Self>) {
            *refused = Some(Instant::now());
        }
        begun
    }

    async fn begin_snapshot(connection: &mut Self::Connection) -> Result<Transaction<'_, Self>, sqlx::Error> {
        connection.begin_with("BEGIN DEFERRED").await
    }

    fn is_transient(error: &dyn DatabaseError) -> bool {
        // https://sqlite.org/rescode.html: SQLITE_BUSY (5) and SQLITE_LOCKED (6), with or without an extension.
        error
            .code()
            .and_then(|code| code.parse::<i32>().ok())
            .is_some_and(|code| matches!(code & 0xff, 5 | 6))
    }

    fn is_lost(error: &dyn DatabaseError) -> bool {
        // SQLITE_READONLY (8), SQLITE_IOERR (10), SQLITE_FULL (13) and SQLITE_CANTOPEN (14).
        error
            .code()
            .and_then(|code| code.parse::<i32>().ok())
            .is_some_and(|code| matches!(code & 0xff, 8 | 10 | 13 | 14))
    }

    fn is_broken_off(error: &dyn DatabaseError) -> bool {
        // SQLITE_INTERRUPT
        error.code().is_some_and(|code| code == "9")
    }

    fn lacks_table(error: &dyn DatabaseError) -> bool {
        // SQLITE_ERROR (1) stands for much else.
        error.code().is_some_and(|code| code == "1") && error.message().starts_with("no such table")
    }

    async fn migrate(pools: &Pools<Self>, wait: Duration) -> Result<(), MigrateFault> {
        let mut connection = acquire_patiently(&pools.write, wait).await?;
        set_busy_timeout(&mut connection, wait).await.map_err(MigrateFault::Connection)?;
        let outcome = async {
            let mut transaction =
                connection.begin_with("BEGIN IMMEDIATE").await.map_err(|error| {
                    match error.as_database_error() {
                        Some(busy) if Self::is_transient(busy) => MigrateFault::Waited,
                        _ => MigrateFault::Connection(error),
                    }
                })?;
            // Each migration is a savepoint in the one transaction: all of them, or none.
            migrations::sqlite()
                .run_direct(None, &mut *transaction, false)
                .await
                .map_err(MigrateFault::Migration)?;
            transaction.commit().await.map_err(MigrateFault::Connection)
        }
        .await;
        set_busy_timeout(&mut connection, pools.locks.wait).await.map_err(MigrateFault::Connection)?;
        outcome
    }
}

/// A connection to a file that others may be making at the same moment: only one of them can put it into the mode in
/// which readers and a writer work side by side, and meanwhile the others are told that it is busy, whatever their time-out.
#[cfg(feature = "sqlite")]
async fn acquire_patiently(
    pool: &Pool<sqlx::Sqlite>,
    wait: Duration,
) -> Result<sqlx::pool::PoolConnection<sqlx::Sqlite>, MigrateFault> {
    let since = tokio::time::Instant::now();
    loop {
        match pool.acquire().await {
            Ok(connection) => return Ok(connection),
            Err(sqlx::Error::Database(busy)) if sqlx::Sqlite::is_transient(busy.as_ref()) => {
                if since.elapsed() >= wait {
                    return Err(MigrateFault::Waited);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => return Err(MigrateFault::Connection(error)),
        }
    }
}

#[cfg(feature = "sqlite")]
async fn set_busy_timeout(
    connection: &mut sqlx::SqliteConnection,
    wait: Duration,
) -> Result<(), sqlx::Error> {
    let pragma = format!("PRAGMA busy_timeout = {}", wait.as_millis());
    // A number is all that is put into the text.
    sqlx::raw_sql(sqlx::AssertSqlSafe(pragma)).execute(connection).await.map(|_| ())
}

#[cfg(feature = "mysql")]
impl Driver for sqlx::MySql {
    const NOTATION: Notation = Notation::Plain;
    const HOLDS_ROWS: bool = true;
    const IS_REMOTE: bool = true;

    async fn begin<'c>(
        pools: &Pools<Self>,
        held: &'c mut Option<Held<Self>>,
    ) -> Result<Transaction<'c, Self>, Fault> {
        let held = held.insert(pools.writer().await?);
        // Without it a transaction reads the state of its first read, and a lock on nothing locks its neighbours.
        let begin = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION";
        held.connection().begin_with(begin).await.map_err(Fault::Connection)
    }

    async fn begin_snapshot(connection: &mut Self::Connection) -> Result<Transaction<'_, Self>, sqlx::Error> {
        connection.begin_with(
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        )
        .await
    }

    fn is_transient(error: &dyn DatabaseError) -> bool {
        // ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK, and MariaDB's ER_CHECKREAD.
        matches!(number(error), 1205 | 1213 | 1020)
    }

    fn is_lost(error: &dyn DatabaseError) -> bool {
        // ER_CON_COUNT_ERROR, ER_SERVER_SHUTDOWN, ER_TOO_MANY_USER_CONNECTIONS, ER_CONNECTION_KILLED; what a full disk
        // says (ER_DISK_FULL, ER_RECORD_FILE_FULL), and a server that only reads (ER_OPTION_PREVENTS_STATEMENT,
        // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, ER_READ_ONLY_MODE). Also ER_USER_LIMIT_REACHED, and what a member of a
        // cluster says that has lost the others (ER_UNKNOWN_COM_ERROR), or a server that logs by statement and so takes no
        // write from anybody who reads what is committed (ER_BINLOG_STMT_MODE_AND_ROW_ENGINE). ER_QUERY_TIMEOUT is not
        // among them.
        matches!(
            number(error),
            1040 | 1047 | 1053 | 1203 | 1226 | 1665 | 1927 | 1021 | 1114 | 1290 | 1792 | 1836
        )
    }

    fn is_broken_off(error: &dyn DatabaseError) -> bool {
        // ER_QUERY_INTERRUPTED, MariaDB's ER_STATEMENT_TIMEOUT and MySQL's ER_QUERY_TIMEOUT.
        matches!(number(error), 1317 | 1969 | 3024)
    }

    fn lacks_table(error: &dyn DatabaseError) -> bool {
        // ER_NO_SUCH_TABLE
        number(error) == 1146
    }

    async fn migrate(pools: &Pools<Self>, wait: Duration) -> Result<(), MigrateFault> {
        let mut connection = pools.write.acquire().await.map_err(MigrateFault::Connection)?;
        let outcome = async {
            // A table may be in use as long as a lock may be held. The names of locks are those of the whole server.
            let patient = format!("SET SESSION lock_wait_timeout = {}", wait.as_secs());
            sqlx::raw_sql(sqlx::AssertSqlSafe(patient))
                .execute(&mut *connection)
                .await
                .map_err(MigrateFault::Connection)?;
            let held: Option<i64> =
                sqlx::query_scalar("SELECT CAST(GET_LOCK(CONCAT('grid:', MD5(DATABASE())), ?) AS SIGNED)")
                    .bind(i64::try_from(wait.as_secs()).unwrap_or(i64::MAX))
                    .fetch_one(&mut *connection)
                    .await
                    .map_err(MigrateFault::Connection)?;
            if held != Some(1) {
                return Err(MigrateFault::Waited);
            }
            migrations::mysql()
                .run_direct(None, &mut *connection, false)
                .await
                .map_err(MigrateFault::Migration)
        }
        .await;
        // The lock goes with the connection, however the migrations ended.
        let _ = connection.detach().close().await;
        outcome
    }
}

#[cfg(feature = "mysql")]
fn number(error: &dyn DatabaseError) -> u16 {
    error
        .try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>()
        .map_or(0, sqlx::mysql::MySqlDatabaseError::number)
}

#[cfg(feature = "postgres")]
impl Driver for sqlx::Postgres {
    const NOTATION: Notation = Notation::Numbered;
    const HOLDS_ROWS: bool = true;
    const IS_REMOTE: bool = true;

    async fn begin<'c>(
        pools: &Pools<Self>,
        held: &'c mut Option<Held<Self>>,
    ) -> Result<Transaction<'c, Self>, Fault> {
        let held = held.insert(pools.writer().await?);
        let begin = "BEGIN ISOLATION LEVEL READ COMMITTED";
        held.connection().begin_with(begin).await.map_err(Fault::Connection)
    }

    async fn begin_snapshot(connection: &mut Self::Connection) -> Result<Transaction<'_, Self>, sqlx::Error> {
        connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await
    }

    fn is_transient(error: &dyn DatabaseError) -> bool {
        // serialization_failure, deadlock_detected, lock_not_available
        error.code().is_some_and(|code| matches!(&*code, "40001" | "40P01" | "55P03"))
    }

    fn is_lost(error: &dyn DatabaseError) -> bool {
        // Class 08 (connection exception), disk_full, out_of_memory, too_many_connections, the shutdowns of class 57, and
        // read_only_sql_transaction, which a server says that became a copy of another.
        error.code().is_some_and(|code| {
            code.starts_with("08")
                || matches!(
                    &*code,
                    "25006" | "53100" | "53200" | "53300" | "57P01" | "57P02" | "57P03" | "57P05"
                )
        })
    }

    fn is_broken_off(error: &dyn DatabaseError) -> bool {
        // query_canceled
        error.code().is_some_and(|code| code == "57014")
    }

    fn lacks_table(error: &dyn DatabaseError) -> bool {
        // undefined_table
        error.code().is_some_and(|code| code == "42P01")
    }

    async fn migrate(pools: &Pools<Self>, wait: Duration) -> Result<(), MigrateFault> {
        // A number of GRID's own; PostgreSQL keeps these locks apart by database.
        const LOCK: i64 = 0x4752_4944_0000_0001;
        let mut connection = pools.write.acquire().await.map_err(MigrateFault::Connection)?;
        let outcome = async {
            sqlx::query("SELECT set_config('lock_timeout', $1, false)")
                .bind(format!("{}ms", wait.as_millis()))
                .execute(&mut *connection)
                .await
                .map_err(MigrateFault::Connection)?;
            sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut *connection).await.map_err(
                |error| match error.as_database_error() {
                    Some(held) if Self::is_transient(held) => MigrateFault::Waited,
                    _ => MigrateFault::Connection(error),
                },
            )?;
            migrations::postgres()
                .run_direct(None, &mut *connection, false)
                .await
                .map_err(MigrateFault::Migration)
        }
        .await;
        // The lock goes with the connection, however the migrations ended.
        let _ = connection.detach().close().await;
        outcome
    }
}
