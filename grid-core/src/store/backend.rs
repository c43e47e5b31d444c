//! The three databases behind one [`Store`], and the one macro that gives each method a body for each of them.

use std::{hash::BuildHasher, time::Duration};
#[cfg(feature = "sqlite")]
use std::{path::Path, sync::Arc};

use sqlx::{Database, Pool, Transaction, error::DatabaseError, migrate::MigrateError};
use tokio::time::Instant;

#[cfg(feature = "sqlite")]
use super::turn::Turn;
#[cfg(feature = "postgres")]
use super::working::Working;
use super::{
    bulk::Bulk,
    day_reads::Question,
    fault::Fault,
    group::Waiting,
    held::{Held, Pulse},
    quotas::Bounds,
    sql::Notation,
    together::Together,
};

/// A store of everything that GRID keeps, in SQLite, MySQL or MariaDB, or PostgreSQL; which one, its address says.
///
/// A clone is cheap and shares the connections.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) backend: Backend,
    /// The address without the password and the options.
    pub(super) address: String,
    /// The small uploads that wait to be stored together.
    pub(super) uploads: Together<Waiting>,
    /// Who works on small uploads, until they wait for the disk.
    #[cfg(feature = "postgres")]
    pub(super) working: Working,
    /// The questions for some days of readings that wait to be asked together.
    pub(super) questions: Together<Question>,
    /// How much one user or one community may keep.
    pub(super) bounds: Bounds,
}

/// The connections to one of the databases.
#[derive(Clone, Debug)]
pub(super) enum Backend {
    #[cfg(feature = "sqlite")]
    Sqlite(Pools<sqlx::Sqlite>),
    #[cfg(feature = "mysql")]
    MySql(Pools<sqlx::MySql>),
    #[cfg(feature = "postgres")]
    Postgres(Pools<sqlx::Postgres>),
}

/// Connections for reading and for writing. In SQLite the writer is one, so that writers queue here and not in the
/// file's lock; in the others the two are the same pool.
#[derive(Debug)]
pub(super) struct Pools<D: Database> {
    pub(super) read: Pool<D>,
    pub(super) write: Pool<D>,
    pub(super) locks: Locks,
    pub(super) pulse: Pulse<D>,
    /// The file of SQLite that is written, if it is one.
    #[cfg(feature = "sqlite")]
    pub(super) file: Option<Arc<Path>>,
}

impl<D: Database> Clone for Pools<D> {
    fn clone(&self) -> Self {
        Self {
            read: self.read.clone(),
            write: self.write.clone(),
            locks: self.locks.clone(),
            pulse: self.pulse.clone(),
            #[cfg(feature = "sqlite")]
            file: self.file.clone(),
        }
    }
}

impl<D: Driver> Pools<D> {
    /// Connections for reading and for writing to one database.
    pub(super) fn new(read: Pool<D>, write: Pool<D>, locks: Locks) -> Self {
        let pulse = Pulse::of(&write);
        Self {
            read,
            write,
            locks,
            pulse,
            #[cfg(feature = "sqlite")]
            file: None,
        }
    }

    /// A connection for reading.
    pub(super) async fn reader(&self) -> Result<Held<D>, Fault> {
        self.held(&self.read).await
    }

    /// A connection for writing.
    pub(super) async fn writer(&self) -> Result<Held<D>, Fault> {
        self.held(&self.write).await
    }

    async fn held(&self, pool: &Pool<D>) -> Result<Held<D>, Fault> {
        #[cfg(feature = "sqlite")]
        if pool.size() == 0
            && let Some(file) = &self.file
        {
            may_be_written(file).map_err(|error| Fault::Connection(sqlx::Error::Io(error)))?;
        }
        Held::of(pool).await
    }
}

/// Refuses a file that is there and cannot be written now. SQLite would open it for reading alone and keep it so, for every
/// connection of this process, long after it could be written again. The file is asked about and not opened: to close it
/// would take away the locks that SQLite has on it.
#[cfg(feature = "sqlite")]
fn may_be_written(file: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    match rustix::fs::access(file, rustix::fs::Access::WRITE_OK) {
        // It is made by whoever opens it.
        Ok(()) | Err(rustix::io::Errno::NOENT) => {}
        Err(error) => return Err(error.into()),
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

/// How long a statement waits for a lock that another holds, and how writers of one process learn from each other that
/// another program holds the file of SQLite.
#[derive(Clone, Debug)]
pub(super) struct Locks {
    pub(super) wait: Duration,
    /// Whose turn it is to write, which only SQLite's writers have.
    #[cfg(feature = "sqlite")]
    pub(super) turn: Turn,
}

impl Locks {
    pub(super) fn new(wait: Duration) -> Self {
        Self {
            wait,
            #[cfg(feature = "sqlite")]
            turn: Turn::default(),
        }
    }
}

/// What a database does in a way of its own; one file per matter: locks and transactions in `lock`, many rows at
/// once in `bulk`.
pub(super) trait Driver: Bulk {
    /// How this database writes the parameters of a statement.
    const NOTATION: Notation;

    /// Whether a transaction can hold a row (`FOR UPDATE`) while others write elsewhere. In SQLite a writer is alone anyway.
    const HOLDS_ROWS: bool;

    /// Whether a network lies between, and with it everything that can happen to one.
    const IS_REMOTE: bool;

    /// Begins a transaction that writes, on a connection that is put into `held`: it sees what others have committed once
    /// it holds the lock that it asks for.
    async fn begin<'c>(
        pools: &Pools<Self>,
        held: &'c mut Option<Held<Self>>,
    ) -> Result<Transaction<'c, Self>, Fault>;

    /// Begins a transaction that reads, and sees one state throughout.
    async fn begin_snapshot(connection: &mut Self::Connection) -> Result<Transaction<'_, Self>, sqlx::Error>;

    /// Whether the same transaction may succeed when it is tried again.
    fn is_transient(error: &dyn DatabaseError) -> bool;

    /// Whether the database went away, or does not take connections now.
    fn is_lost(error: &dyn DatabaseError) -> bool;

    /// Whether an administrator, or a time limit of the server, stopped a statement that was under way.
    fn is_broken_off(error: &dyn DatabaseError) -> bool;

    /// Whether a statement failed because a table that it names is not there.
    fn lacks_table(error: &dyn DatabaseError) -> bool;

    /// Runs the migrations that are missing, alone: others wait for at most `wait`.
    async fn migrate(pools: &Pools<Self>, wait: Duration) -> Result<(), MigrateFault>;
}

/// Why migrations did not run.
#[derive(Debug)]
pub(super) enum MigrateFault {
    /// No connection.
    Connection(sqlx::Error),
    /// Another process held the lock all the time.
    Waited,
    /// A migration.
    Migration(MigrateError),
}

/// Gives one body to the three databases: `on!(self, read "load a user", |connection| { … })`.
///
/// In the body `Db` is the driver, `connection` its connection, and `?` takes a driver's error or one of the store's.
/// `read` is for one statement, `snapshot` for several that must see one state, `write` is a transaction that is
/// tried again when the database says that it got in the way of another, so its body must not consume what it uses;
/// `once` is one that is not, for a body that does.
macro_rules! on {
    ($store:expr, $mode:ident $action:literal, |$connection:ident| $body:block) => {
        match $store.backend {
            #[cfg(feature = "sqlite")]
            $crate::store::backend::Backend::Sqlite(ref pools) => {
                type Db = sqlx::Sqlite;
                $crate::store::backend::on!(@$mode pools, $action, $connection, $body)
            }
            #[cfg(feature = "mysql")]
            $crate::store::backend::Backend::MySql(ref pools) => {
                type Db = sqlx::MySql;
                $crate::store::backend::on!(@$mode pools, $action, $connection, $body)
            }
            #[cfg(feature = "postgres")]
            $crate::store::backend::Backend::Postgres(ref pools) => {
                type Db = sqlx::Postgres;
                $crate::store::backend::on!(@$mode pools, $action, $connection, $body)
            }
        }
    };
    (@read $pools:ident, $action:literal, $connection:ident, $body:block) => {{
        let outcome: Result<_, $crate::store::fault::Fault> = async {
            let mut held = $pools.reader().await?;
            let outcome: Result<_, $crate::store::fault::Fault> = {
                let $connection: &mut <Db as sqlx::Database>::Connection = held.connection();
                $pools.pulse.watch(Box::pin(async { $body })).await
            };
            held.end(&outcome);
            outcome
        }
        .await;
        outcome.map_err(|fault| fault.into_error::<Db>($action))
    }};
    (@snapshot $pools:ident, $action:literal, $connection:ident, $body:block) => {{
        let outcome: Result<_, $crate::store::fault::Fault> = async {
            let mut held = $pools.reader().await?;
            let work = Box::pin(async {
                let mut transaction = <Db as $crate::store::backend::Driver>::begin_snapshot(held.connection())
                    .await
                    .map_err($crate::store::fault::Fault::Connection)?;
                let value = {
                    let $connection: &mut <Db as sqlx::Database>::Connection = &mut transaction;
                    let inner: Result<_, $crate::store::fault::Fault> = async { $body }.await;
                    inner?
                };
                transaction.commit().await?;
                Ok(value)
            });
            let outcome: Result<_, $crate::store::fault::Fault> = $pools.pulse.watch(work).await;
            held.end(&outcome);
            outcome
        }
        .await;
        outcome.map_err(|fault| fault.into_error::<Db>($action))
    }};
    (@once $pools:ident, $action:literal, $connection:ident, $body:block) => {{
        let outcome = $crate::store::backend::on!(@attempt $pools, $connection, $body);
        outcome.map_err(|fault| fault.into_error::<Db>($action))
    }};
    (@write $pools:ident, $action:literal, $connection:ident, $body:block) => {{
        let mut patience = $crate::store::backend::Patience::new($pools.locks.wait);
        loop {
            let outcome = $crate::store::backend::on!(@attempt $pools, $connection, $body);
            let again = outcome.as_ref().is_err_and(|fault| fault.is_transient::<Db>());
            if again && patience.wait().await {
                continue;
            }
            break outcome.map_err(|fault| fault.into_error::<Db>($action));
        }
    }};
    (@attempt $pools:ident, $connection:ident, $body:block) => {{
        let mut held = None;
        let commits = std::sync::atomic::AtomicBool::new(false);
        // Three of them stand in every method, and a future is as large as the largest that it waits for.
        let work = Box::pin(async {
            let mut transaction = <Db as $crate::store::backend::Driver>::begin($pools, &mut held).await?;
            let value = {
                let $connection: &mut <Db as sqlx::Database>::Connection = &mut transaction;
                let inner: Result<_, $crate::store::fault::Fault> = async { $body }.await;
                inner?
            };
            commits.store(true, std::sync::atomic::Ordering::Relaxed);
            transaction.commit().await.map_err($crate::store::fault::Fault::Commit)?;
            Ok(value)
        });
        let outcome: Result<_, $crate::store::fault::Fault> = $pools.pulse.watch(work).await;
        let outcome = match outcome {
            // It may have been done all the same.
            Err($crate::store::fault::Fault::Silent | $crate::store::fault::Fault::Late)
                if commits.load(std::sync::atomic::Ordering::Relaxed) =>
            {
                let gone = std::io::Error::from(std::io::ErrorKind::TimedOut);
                Err($crate::store::fault::Fault::Commit(sqlx::Error::Io(gone)))
            }
            outcome => outcome,
        };
        if let Some(held) = held {
            held.end(&outcome);
        }
        outcome
    }};
}
pub(super) use on;

/// Gives one implementation to the three drivers: in it, `Db` is the driver.
macro_rules! per_driver {
    ($($implementation:item)*) => {
        #[cfg(feature = "sqlite")]
        const _: () = {
            type Db = sqlx::Sqlite;
            $($implementation)*
        };
        #[cfg(feature = "mysql")]
        const _: () = {
            type Db = sqlx::MySql;
            $($implementation)*
        };
        #[cfg(feature = "postgres")]
        const _: () = {
            type Db = sqlx::Postgres;
            $($implementation)*
        };
    };
}
pub(super) use per_driver;

/// How often and how long a transaction waits before it is tried again.
#[derive(Debug)]
pub(super) struct Patience {
    tries: u32,
    since: Instant,
    most: Duration,
}

impl Patience {
    const MOST_TRIES: u32 = 5;

    /// Patience for about as long as one statement waits for a lock.
    pub(super) fn new(most: Duration) -> Self {
        Self { tries: 0, since: Instant::now(), most }
    }

    /// Waits a little, longer each time and not as long as others do; `false` when it is time to give up.
    pub(super) async fn wait(&mut self) -> bool {
        self.tries += 1;
        if self.tries >= Self::MOST_TRIES || self.since.elapsed() > self.most {
            return false;
        }
        // The standard library seeds its hasher from the operating system.
        let jitter = std::hash::RandomState::new().hash_one(self.tries) % 20;
        tokio::time::sleep(Duration::from_millis((10 << self.tries) + jitter)).await;
        true
    }
}
