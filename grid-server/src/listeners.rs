//! Who listens to what happens, and the one task that looks for it while somebody does.
//!
//! What happens is written down in the database, by whichever server. While somebody listens here, the database is asked
//! once a second, and at once after a request to this server has changed something; each listener then loads what it may
//! be told. Nothing is held for anybody.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{Notify, Semaphore, SemaphorePermit, watch};
use uuid::Uuid;

use crate::{app::App, problem::Problem};

/// How often the database is asked what other servers have written.
const LOOKS: Duration = Duration::from_secs(1);
/// How soon it is asked again, however much is written here.
const PAUSE: Duration = Duration::from_millis(50);
/// How many streams one user may have open.
const OF_ONE: usize = 8;
/// How many streams a server has open.
const OF_ALL: usize = 2048;
/// How many streams ask the database at the same time: a thousand that hear of one reading at once would leave no connection
/// for anybody else.
const ASK_AT_ONCE: usize = 2;
/// When to ask again for a place.
const LATER: Duration = Duration::from_secs(5);

/// Who listens.
#[derive(Debug)]
pub(crate) struct Listeners {
    by_user: Mutex<HashMap<Uuid, usize>>,
    woken: Notify,
    newest: watch::Sender<i64>,
    asking: Semaphore,
}

impl Default for Listeners {
    fn default() -> Self {
        Self {
            by_user: Mutex::default(),
            woken: Notify::new(),
            newest: watch::Sender::new(0),
            asking: Semaphore::new(ASK_AT_ONCE),
        }
    }
}

impl Listeners {
    /// Something was changed here.
    pub(crate) fn wake(&self) {
        self.woken.notify_one();
    }

    /// The newest number of an event, to be waited for.
    pub(crate) fn newest(&self) -> watch::Receiver<i64> {
        self.newest.subscribe()
    }

    /// Waits for a stream's turn to ask the database.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // Nobody closes it.
        self.asking.acquire().await.ok()
    }

    fn count(&self) -> MutexGuard<'_, HashMap<Uuid, usize>> {
        self.by_user.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among those who listen.
#[derive(Debug)]
pub(crate) struct Seat {
    app: App,
    user: Uuid,
}

impl Seat {
    /// Takes a place for a user.
    ///
    /// # Errors
    ///
    /// 429 where the user has as many as one may have, 503 where all are taken.
    pub(crate) fn take(app: &App, user: Uuid) -> Result<Self, Problem> {
        let mut count = app.listeners().count();
        if count.values().sum::<usize>() >= OF_ALL {
            return Err(Problem::unavailable("too many listen to this server", LATER));
        }
        let own = count.entry(user).or_default();
        if *own >= OF_ONE {
            let detail = format!("a user has {OF_ONE} streams of events at most");
            return Err(
                Problem::limited(detail, LATER).hint("one stream has the events of all that you may see")
            );
        }
        *own += 1;
        drop(count);
        app.listeners().wake();
        Ok(Self { app: app.clone(), user })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut count = self.app.listeners().count();
        if let Some(own) = count.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                count.remove(&self.user);
            }
        }
    }
}

/// Looks for what happens, for as long as somebody listens.
pub(crate) async fn look(app: App) {
    let mut failing = false;
    loop {
        let listeners = app.listeners();
        if listeners.count().is_empty() {
            listeners.woken.notified().await;
            if listeners.count().is_empty() {
                continue;
            }
        } else {
            let _ = tokio::time::timeout(LOOKS, listeners.woken.notified()).await;
        }
        if let Ok(services) = app.services() {
            match services.store().number_events().await {
                Ok(newest) => {
                    listeners.newest.send_if_modified(|known| std::mem::replace(known, newest) != newest);
                    failing = false;
                }
                // Told once, and not every second.
                Err(error) => {
                    if !failing {
                        tracing::warn!("cannot look for events: {}", crate::cli::chain(&error));
                    }
                    failing = true;
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
