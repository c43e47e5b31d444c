//! What becomes of connections whose callers leave, and of callers whose database falls silent.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use grid_core::{
    error::{Failure as _, Kind},
    store::{Options, Page, Store},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

use crate::{
    store::TestDatabase,
    store_checks::{new_device, new_user},
};

/// A way to a database that takes its time, or swallows what is sent on it.
#[derive(Clone, Default)]
struct Line {
    milliseconds: Arc<AtomicU64>,
    is_silent: Arc<AtomicBool>,
}

impl Line {
    /// Opens the way to a server and gives the port at its near end.
    async fn to(&self, server: SocketAddr) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let line = self.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(server).await.unwrap();
                let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                tokio::spawn(line.clone().carry(near_in, far_out));
                tokio::spawn(line.clone().carry(far_in, near_out));
            }
        });
        port
    }

    async fn carry(self, mut from: tokio::net::tcp::OwnedReadHalf, mut to: tokio::net::tcp::OwnedWriteHalf) {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            sleep(Duration::from_millis(self.milliseconds.load(Ordering::Relaxed))).await;
            // Neither end is told that the other is gone.
            while self.is_silent.load(Ordering::Relaxed) {
                sleep(Duration::from_millis(20)).await;
            }
            if to.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    }
}

/// A migrated database, and a store that reaches it over a line.
async fn over_a_line(kind: &'static str, options: Options) -> Option<(TestDatabase, Line, Store)> {
    let database = TestDatabase::create(kind).await?;
    database.store.migrate().await.unwrap();
    let (before, rest) = database.address.split_once('@').unwrap();
    let (server, name) = rest.split_once('/').unwrap();
    let server = server.replace("localhost", "127.0.0.1");
    let line = Line::default();
    let port = line.to(server.parse().unwrap()).await;
    let store = Store::connect(&format!("{before}@127.0.0.1:{port}/{name}"), options).await.unwrap();
    Some((database, line, store))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_leaves_at_any_moment_leaves_no_transaction_behind() {
    for kind in ["MySQL", "PostgreSQL"] {
        // One connection, which everybody gets after everybody.
        let options =
            Options { connections: 1, acquire_timeout: Duration::from_secs(5), ..Options::default() };
        let Some((database, line, store)) = over_a_line(kind, options).await else { continue };
        let owner = new_user(&store).await;
        let device = new_device(&store, owner).await;
        for number in 0..24 {
            line.milliseconds.store(6, Ordering::Relaxed);
            let patience = Duration::from_millis(3 + 4 * number);
            // A transaction that writes, and one that reads from one state.
            let mut other = device.clone();
            other.id = grid_core::store::new_id(crate::store::now());
            let _ = timeout(patience, store.create_device(&other, crate::store::now())).await;
            let _ = timeout(patience, store.community_devices(owner, None)).await;
            line.milliseconds.store(0, Ordering::Relaxed);
            // What another process writes is seen, and what is written stays.
            let by_another = new_device(&database.store, owner).await;
            assert_eq!(store.device(by_another.id).await.unwrap(), by_another, "{kind}, {patience:?}");
            let own = new_device(&store, owner).await;
            assert_eq!(database.store.device(own.id).await.unwrap(), own, "{kind}, {patience:?}");
        }
        assert!(store.devices_of(owner, Page::default()).await.unwrap().items.len() >= 49);
        store.close().await;
        database.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_falls_silent_under_a_statement_is_said_to_be_away_within_three_seconds() {
    for kind in ["MySQL", "PostgreSQL"] {
        let options = Options { connections: 4, ..Options::default() };
        let Some((database, line, store)) = over_a_line(kind, options).await else { continue };
        let owner = new_user(&store).await;
        let device = new_device(&store, owner).await;
        line.milliseconds.store(100, Ordering::Relaxed);
        let mut waiting = tokio::task::JoinSet::new();
        for number in 0..4 {
            let (store, device) = (store.clone(), device.clone());
            waiting.spawn(async move {
                if number % 2 == 0 {
                    store.device(device.id).await.map(|_| ())
                } else {
                    let name = grid_core::energy::Name::new(&format!("n{number}")).unwrap();
                    let renamed = grid_core::energy::Device { name, ..device.clone() };
                    store.update_device(&device, &renamed).await
                }
            });
        }
        sleep(Duration::from_millis(150)).await;
        line.is_silent.store(true, Ordering::Relaxed);
        let began = Instant::now();
        for ended in waiting.join_all().await {
            let error = ended.unwrap_err();
            assert_eq!(error.kind(), Kind::Unavailable, "{kind}: {error:?}");
            assert!(error.retry_after().is_some());
        }
        assert!(began.elapsed() < Duration::from_secs(3), "{kind}: {:?}", began.elapsed());
        line.is_silent.store(false, Ordering::Relaxed);
        line.milliseconds.store(0, Ordering::Relaxed);
        // No connection of then stands in the way.
        for _ in 0..8 {
            assert_eq!(store.device(device.id).await.unwrap().id, device.id, "{kind}");
        }
        store.close().await;
        database.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_only_takes_long_is_waited_for() {
    for kind in ["MySQL", "PostgreSQL"] {
        // Longer than a silence is borne, and shorter than a lock is waited for.
        let options = Options { lock_wait: Duration::from_secs(20), ..Options::default() };
        let Some((database, _line, store)) = over_a_line(kind, options).await else { continue };
        let owner = new_user(&store).await;
        let device = new_device(&store, owner).await;
        let lock = match kind {
            "MySQL" => "SELECT SLEEP(4) FROM devices FOR UPDATE",
            _ => "SELECT pg_sleep(4), id FROM devices FOR UPDATE",
        };
        let address = database.address.clone();
        let holding = tokio::spawn(async move { crate::store::execute(&address, lock).await });
        sleep(Duration::from_millis(500)).await;
        let name = grid_core::energy::Name::new("late").unwrap();
        let renamed = grid_core::energy::Device { name, ..device.clone() };
        store.update_device(&device, &renamed).await.unwrap();
        holding.await.unwrap();
        assert_eq!(store.device(device.id).await.unwrap(), renamed, "{kind}");
        store.close().await;
        database.remove().await;
    }
}
