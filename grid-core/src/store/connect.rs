//! Opening a store by its address.

use std::time::Duration;

#[cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]
use sqlx::pool::PoolOptions;

use super::{
    DatabaseKind, Error, Store,
    backend::{Backend, Locks, Pools, on},
    quotas::Bounds,
    sql::sql,
    together::Together,
};
use crate::error::excerpt;

/// How a store uses its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The most connections that are open at once; in SQLite, those that read.
    pub connections: u32,
    /// How long a call waits for a connection before it says that the database cannot be reached.
    pub acquire_timeout: Duration,
    /// How long a statement waits for a lock that another holds before it says that the database is busy; whole seconds
    /// on MySQL. A transaction that got in the way of another is tried again for as long.
    pub lock_wait: Duration,
    /// For whoever only looks: a SQLite file is neither made nor put into another mode, and writing fails.
    pub only_looks: bool,
}

/// How many connections a store has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// Those that are open.
    pub open: u32,
    /// Those of them that nobody uses.
    pub idle: u32,
    /// How many may be open.
    pub most: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 8,
            acquire_timeout: Duration::from_secs(1),
            lock_wait: Duration::from_secs(5),
            only_looks: false,
        }
    }
}

impl Store {
    /// Opens a store by its address: `sqlite:grid.db` or `sqlite::memory:`,
    /// `mysql://user:password@host/grid` or `mariadb://…`, `postgres://user:password@host/grid`.
    ///
    /// Nothing is connected yet: a database that is down is seen by [`Store::ping`] and every other call.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownScheme`], [`Error::NotBuiltIn`], [`Error::NotAnAddress`], or [`Error::WrongRuntime`] outside
    /// of a Tokio runtime.
    #[expect(clippy::unused_async, reason = "it needs the runtime that awaiting it implies")]
    pub async fn connect(address: &str, options: Options) -> Result<Self, Error> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::WrongRuntime { problem: "a store must be opened within a Tokio runtime" });
        }
        let (kind, uniform) = split(address)?;
        let backend = match kind {
            DatabaseKind::Sqlite => sqlite(&uniform, options)?,
            DatabaseKind::MySql => mysql(&uniform, options)?,
            DatabaseKind::Postgres => postgres(&uniform, options)?,
        };
        Ok(Self {
            backend,
            address: without_secret(address),
            uploads: Together::default(),
            #[cfg(feature = "postgres")]
            working: super::working::Working::default(),
            questions: Together::default(),
            bounds: Bounds::default(),
        })
    }

    /// How many connections are open now.
    pub fn connections(&self) -> Connections {
        fn of<D: sqlx::Database>(pool: &sqlx::Pool<D>) -> Connections {
            let (open, most) = (pool.size(), pool.options().get_max_connections());
            Connections { open, idle: u32::try_from(pool.num_idle()).unwrap_or(u32::MAX).min(open), most }
        }
        match self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(ref pools) => {
                let (read, write) = (of(&pools.read), of(&pools.write));
                Connections {
                    open: read.open + write.open,
                    idle: read.idle + write.idle,
                    most: read.most + write.most,
                }
            }
            #[cfg(feature = "mysql")]
            Backend::MySql(ref pools) => of(&pools.write),
            #[cfg(feature = "postgres")]
            Backend::Postgres(ref pools) => of(&pools.write),
        }
    }

    /// The address without the password and the options, for people.
    pub fn describe(&self) -> &str {
        &self.address
    }

    /// Asks the database whether it is there.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`].
    pub async fn ping(&self) -> Result<(), Error> {
        on!(self, read "ask the database for an answer", |connection| {
            sqlx::query::<Db>(sql!("SELECT 1")).execute(connection).await?;
            Ok(())
        })
    }

    /// Closes all connections, after the calls that are under way. In SQLite the log is written back into the file.
    pub async fn close(&self) {
        match self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(ref pools) => {
                pools.read.close().await;
                // The log stays where it is when somebody else still reads the file; the next one to close does it.
                let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&pools.write).await;
                pools.write.close().await;
            }
            #[cfg(feature = "mysql")]
            Backend::MySql(ref pools) => pools.write.close().await,
            #[cfg(feature = "postgres")]
            Backend::Postgres(ref pools) => pools.write.close().await,
        }
    }
}

/// The kind of database that an address names, and the address as that driver wants it.
pub(super) fn split(address: &str) -> Result<(DatabaseKind, String), Error> {
    let (scheme, rest) =
        address.split_once(':').ok_or_else(|| Error::UnknownScheme { got: excerpt(address) })?;
    match scheme {
        "sqlite" => Ok((DatabaseKind::Sqlite, address.to_owned())),
        "mysql" | "mariadb" => Ok((DatabaseKind::MySql, format!("mysql:{rest}"))),
        "postgres" | "postgresql" => Ok((DatabaseKind::Postgres, format!("postgres:{rest}"))),
        _ => Err(Error::UnknownScheme { got: excerpt(scheme) }),
    }
}

/// A SQLite file as it is: neither made nor put into another mode.
#[cfg(feature = "sqlite")]
pub(super) fn look_at(
    address: &str,
    lock_wait: Duration,
) -> Result<sqlx::sqlite::SqliteConnectOptions, Error> {
    use std::str::FromStr;

    let file = sqlx::sqlite::SqliteConnectOptions::from_str(address)
        .map_err(|source| Error::NotAnAddress { source: source.into() })?;
    Ok(file.busy_timeout(lock_wait).pragma("query_only", "ON"))
}

#[cfg(feature = "sqlite")]
fn sqlite(address: &str, options: Options) -> Result<Backend, Error> {
    use std::str::FromStr;

    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

    let locks = Locks::new(options.lock_wait);
    if options.only_looks {
        let looking = PoolOptions::new()
            .max_connections(options.connections.max(1))
            .acquire_timeout(options.acquire_timeout)
            .connect_lazy_with(look_at(address, options.lock_wait)?);
        return Ok(Backend::Sqlite(Pools::new(looking.clone(), looking, locks)));
    }
    let file = SqliteConnectOptions::from_str(address)
        .map_err(|source| Error::NotAnAddress { source: source.into() })?
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(options.lock_wait)
        .statement_cache_capacity(200)
        .optimize_on_close(true, 400);
    // sqlx asks each connection whether it is there when it is given back. One to a file does not go away after that.
    let write =
        PoolOptions::new().max_connections(1).test_before_acquire(false).acquire_timeout(super::turn::WAITS);
    if address.contains(":memory:") || address.contains("mode=memory") {
        // The database lives as long as its one connection.
        let pool = write.idle_timeout(None).max_lifetime(None).connect_lazy_with(file);
        return Ok(Backend::Sqlite(Pools::new(pool.clone(), pool, locks)));
    }
    let read = PoolOptions::new()
        .max_connections(options.connections.max(1))
        .test_before_acquire(false)
        .acquire_timeout(options.acquire_timeout)
        .before_acquire(|connection, _| Box::pin(async move { Ok(has_ended(connection)) }))
        .connect_lazy_with(file.clone().pragma("query_only", "ON"));
    let write = write.before_acquire(|connection, _| Box::pin(async move { Ok(has_ended(connection)) }));
    let name = file.get_filename().into();
    let mut pools = Pools::new(read, write.connect_lazy_with(file), locks);
    pools.file = Some(name);
    Ok(Backend::Sqlite(pools))
}

/// Whether a connection's last transaction has ended. A full disk makes SQLite roll back by itself; then the driver's own
/// rollback fails, it goes on believing in the transaction, and would never begin another one on that connection.
#[cfg(feature = "sqlite")]
fn has_ended(connection: &sqlx::SqliteConnection) -> bool {
    use sqlx::Connection;

    !connection.is_in_transaction()
}

/// Asks a server whether a connection that was given back a while ago is still there. One that answered a moment ago, as
/// each does when it is given back, is not asked again: where requests are many that would be a third of what the server
/// is asked.
#[cfg(any(feature = "mysql", feature = "postgres"))]
async fn is_there<C: sqlx::Connection>(connection: &mut C, idle: Duration) -> Result<bool, sqlx::Error> {
    const MOMENT: Duration = Duration::from_millis(20);
    if idle > MOMENT {
        connection.ping().await?;
    }
    Ok(true)
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(_: &str, _: Options) -> Result<Backend, Error> {
    Err(Error::NotBuiltIn { feature: "sqlite" })
}

#[cfg(feature = "mysql")]
fn mysql(address: &str, options: Options) -> Result<Backend, Error> {
    use std::str::FromStr;

    let server = sqlx::mysql::MySqlConnectOptions::from_str(address)
        .map_err(|source| Error::NotAnAddress { source: source.into() })?
        .statement_cache_capacity(200);
    let locks = Locks::new(options.lock_wait);
    let seconds = options.lock_wait.as_secs().max(1);
    let pool = PoolOptions::new()
        .max_connections(options.connections.max(1))
        .acquire_timeout(options.acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, about| Box::pin(is_there(connection, about.idle_for)))
        .after_connect(move |connection, _| {
            Box::pin(async move {
                // A value that does not fit is an error, never cut to what fits. A row's lock and a table's have each a time.
                let settings = format!(
                    "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), \
                     SESSION innodb_lock_wait_timeout = {seconds}, SESSION lock_wait_timeout = {seconds}"
                );
                // A number is all that is put into the text.
                sqlx::raw_sql(sqlx::AssertSqlSafe(settings)).execute(connection).await.map(|_| ())
            })
        })
        .connect_lazy_with(server);
    Ok(Backend::MySql(Pools::new(pool.clone(), pool, locks)))
}

#[cfg(not(feature = "mysql"))]
fn mysql(_: &str, _: Options) -> Result<Backend, Error> {
    Err(Error::NotBuiltIn { feature: "mysql" })
}

#[cfg(feature = "postgres")]
fn postgres(address: &str, options: Options) -> Result<Backend, Error> {
    use std::str::FromStr;

    let server = sqlx::postgres::PgConnectOptions::from_str(address)
        .map_err(|source| Error::NotAnAddress { source: source.into() })?
        .application_name("grid")
        .statement_cache_capacity(200);
    let locks = Locks::new(options.lock_wait);
    let pool = PoolOptions::new()
        .max_connections(options.connections.max(1))
        .acquire_timeout(options.acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, about| Box::pin(is_there(connection, about.idle_for)))
        .after_connect(move |connection, _| {
            Box::pin(async move {
                sqlx::query("SELECT set_config('lock_timeout', $1, false)")
                    .bind(format!("{}ms", options.lock_wait.as_millis()))
                    .execute(connection)
                    .await
                    .map(|_| ())
            })
        })
        .connect_lazy_with(server);
    Ok(Backend::Postgres(Pools::new(pool.clone(), pool, locks)))
}

#[cfg(not(feature = "postgres"))]
fn postgres(_: &str, _: Options) -> Result<Backend, Error> {
    Err(Error::NotBuiltIn { feature: "postgres" })
}

/// Takes the password and the options (which may hold one) out of an address; a socket among them is told.
fn without_secret(address: &str) -> String {
    let (plain, options) = address.split_once('?').unwrap_or((address, ""));
    let Some((scheme, rest)) = plain.split_once("://") else { return plain.to_owned() };
    let described = match rest.rsplit_once('@') {
        Some((user, host)) => {
            let name = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{name}@{host}")
        }
        None => plain.to_owned(),
    };
    let socket = options.split('&').filter_map(|option| option.split_once('=')).find_map(|(name, value)| {
        let value = value.replace("%2F", "/").replace("%2f", "/").replace("%3A", ":").replace("%3a", ":");
        (matches!(name, "host" | "socket") && value.starts_with('/')).then_some(value)
    });
    socket.map_or(described.clone(), |socket| format!("{described} by the socket {}", excerpt(&socket)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_no_secret() {
        for (address, shown) in [
            (
                "postgres://ana:s3cret@db.example.org:5432/grid?sslmode=require&password=x",
                "postgres://ana@db.example.org:5432/grid",
            ),
            ("mysql://ana:p@ss@host/grid", "mysql://ana@host/grid"),
            ("mysql://host/grid", "mysql://host/grid"),
            (
                "postgres://ana:s3cret@localhost/grid?host=%2Fcloudsql%2Fa%3Ab%3Ac&password=x",
                "postgres://ana@localhost/grid by the socket /cloudsql/a:b:c",
            ),
            ("sqlite:grid.db", "sqlite:grid.db"),
            ("sqlite::memory:", "sqlite::memory:"),
        ] {
            assert_eq!(without_secret(address), shown);
        }
    }
}
