//! Connections of a pool while they are used, and databases that fall silent meanwhile.
//!
//! A driver's future may be dropped at any point: whoever waited for it has gone. A statement that was under way then has no
//! end that anybody saw, and a `BEGIN` that was sent has begun a transaction that the driver knows nothing of. Such a
//! connection must not go back to the pool; it is closed, and the next caller opens another one.
//!
//! A database that vanishes without a word (its machine is gone, a firewall forgets the connection) leaves a statement
//! waiting for as long as the system's network does, which is a quarter of an hour and may be for ever. So while a
//! statement is waited for, the database is asked by another connection whether it is there at all.

use std::{sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use sqlx::{Connection as _, Database, Pool, pool::PoolConnection};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, timeout},
};

use super::{backend::Driver, budget::within, fault::Fault};

/// How long a statement may be quiet before the database is asked whether it is there, and how long it has to answer:
/// together less than the three seconds within which a caller is told.
const QUIET: Duration = Duration::from_millis(1200);
const ANSWER: Duration = Duration::from_secs(1);

/// A connection of a pool, which goes back there only when what was done with it has ended.
#[derive(Debug)]
pub(super) struct Held<D: Driver> {
    connection: PoolConnection<D>,
    has_ended: bool,
}

impl<D: Driver> Held<D> {
    /// Takes a connection of a pool.
    pub(super) async fn of(pool: &Pool<D>) -> Result<Self, Fault> {
        // Boxed, as below: each method waits here three times over, and a future is as large as the largest in it.
        let acquired = Box::pin(within(async { pool.acquire().await.map_err(Fault::Connection) }));
        let connection = acquired.await?;
        Ok(Self { connection, has_ended: false })
    }

    /// The connection itself.
    pub(super) fn connection(&mut self) -> &mut D::Connection {
        &mut self.connection
    }

    /// Says that nothing is under way any more, whatever came of it, unless the database was lost.
    pub(super) fn end<T>(mut self, outcome: &Result<T, Fault>) {
        self.has_ended = !outcome.as_ref().is_err_and(|fault| {
            // One that became a copy of another server, and only reads, would refuse the next writer as well.
            matches!(fault, Fault::Silent | Fault::Late | Fault::Commit(_)) || fault.is_lost::<D>()
        });
    }
}

impl<D: Driver> Drop for Held<D> {
    fn drop(&mut self) {
        if D::IS_REMOTE && !self.has_ended {
            self.connection.close_on_drop();
        }
    }
}

/// Whether a database still answers, asked by all who wait for it together.
#[derive(Debug)]
pub(super) struct Pulse<D: Database> {
    pool: Pool<D>,
    /// When the database was asked last, and whether it answered.
    felt: Arc<Mutex<Option<(Instant, bool)>>>,
}

impl<D: Database> Clone for Pulse<D> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), felt: Arc::clone(&self.felt) }
    }
}

impl<D: Driver> Pulse<D> {
    /// Of the database that a pool connects to.
    pub(super) fn of(pool: &Pool<D>) -> Self {
        Self { pool: pool.clone(), felt: Arc::default() }
    }

    /// Does some work, for as long as the database is there and there is time for it.
    pub(super) async fn watch<T>(
        &self,
        work: impl Future<Output = Result<T, Fault>> + Unpin,
    ) -> Result<T, Fault> {
        let watched = async {
            if !D::IS_REMOTE {
                return work.await;
            }
            match select(work, std::pin::pin!(self.stopped())).await {
                Either::Left((outcome, _)) => outcome,
                Either::Right(((), _)) => Err(Fault::Silent),
            }
        };
        Box::pin(within(watched)).await
    }

    /// Ends when the database does not answer any more.
    async fn stopped(&self) {
        loop {
            sleep(QUIET).await;
            if !self.beats().await {
                return;
            }
        }
    }

    /// Whether the database answers a connection of its own, be it with a refusal.
    async fn beats(&self) -> bool {
        let mut felt = self.felt.lock().await;
        // An answer counts for less long than one may take: whoever relied on it has to wait for the next look.
        if let Some((at, beats)) = *felt
            && at.elapsed() < ANSWER / 2
        {
            return beats;
        }
        let options = self.pool.connect_options();
        // In a task of its own: whoever waits may be at work between two looks, and that is no silence of the database.
        let asked = tokio::spawn(async move {
            // A greeting alone tells little: a server may take connections and do nothing with them.
            let answer = timeout(ANSWER, async {
                let mut connection = D::Connection::connect_with(&options).await?;
                connection.ping().await?;
                Ok(connection)
            })
            .await;
            let beats = answers(&answer);
            if let Ok(Ok(connection)) = answer {
                // Whoever waits need not wait for the farewell.
                tokio::spawn(timeout(ANSWER, connection.close()));
            }
            beats
        });
        let beats = asked.await.unwrap_or(true);
        *felt = Some((Instant::now(), beats));
        beats
    }
}

/// Whether a database is there that answered so. It is where it refuses, has no room, or where this machine has none.
fn answers<C>(answer: &Result<Result<C, sqlx::Error>, tokio::time::error::Elapsed>) -> bool {
    use std::io::ErrorKind;

    match answer {
        Err(_) => false,
        Ok(Err(sqlx::Error::Io(error))) => !matches!(
            error.kind(),
            ErrorKind::ConnectionRefused
                | ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe
                | ErrorKind::UnexpectedEof
                | ErrorKind::HostUnreachable
                | ErrorKind::NetworkUnreachable
                | ErrorKind::NetworkDown
                | ErrorKind::TimedOut
                | ErrorKind::NotFound
        ),
        Ok(_) => true,
    }
}
