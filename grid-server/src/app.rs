//! What all requests share.

use std::{
    num::NonZeroUsize,
    sync::{Arc, OnceLock, RwLock},
    time::{Duration, Instant},
};

use grid_core::{
    energy::{balance::Balance, settlement::Settlement, sharing::Key},
    store::{self, Budget, SettlementRequest, Store},
    time::{Interval, Resolution},
};
use jiff::Timestamp;
use serde::Serialize;
use tokio::{
    runtime::Handle,
    sync::{Semaphore, SemaphorePermit, watch},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    config::Config,
    hurry::{self, Asking},
    listeners::Listeners,
    metrics::Metrics,
    outlooks::Outlooks,
    problem::Problem,
    quota::{Analyses, Quota},
    routes::Dependency,
    services::Services,
    spool::Rooms,
    telemetry::traces::Traces,
    upload::Sender,
    workers::{Figures, Workers},
};

/// How many files of users may arrive at the same time.
const UPLOADS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(31);
/// How many files may arrive at the same time from people who are not logged in.
const ANONYMOUS_UPLOADS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(7);

/// How long a page of long documents waits for a core, none of which another page keeps for long; what it waits for the
/// database is counted beside that.
const PAGE_PATIENCE: Duration = Duration::from_millis(700);
/// How many analyses may wait for each core.
const QUEUE: usize = 16;

/// How many who log in are looked up at the same time.
const DESK: usize = 2;

/// How long they wait to be looked up: a database that does not answer is not to be waited for in a row.
const DESK_PATIENCE: Duration = Duration::from_secs(2);

/// How long a login waits for its turn.
const LOGIN_PATIENCE: Duration = Duration::from_secs(5);

/// What all requests share; cloning it is cheap.
#[derive(Clone, Debug)]
pub struct App(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Config,
    traces: Option<Traces>,
    metrics: Metrics,
    passwords: Workers,
    desk: Semaphore,
    counting: Asking,
    analyses: Workers,
    pages: Workers,
    uploads: Workers,
    anonymous_uploads: Workers,
    user_requests: Quota,
    user_uploads: Quota,
    user_analyses: Quota,
    user_exports: Quota,
    own_data: Quota,
    rooms: Rooms,
    outlooks: Outlooks,
    looked: tokio::sync::Mutex<Option<(Instant, Dependency)>>,
    services: OnceLock<Services>,
    start_up: RwLock<StartUp>,
    obstruction: RwLock<Option<Dependency>>,
    listeners: Listeners,
    stopping: watch::Sender<bool>,
}

/// How far the start has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StartUp {
    /// The database has not been reached yet.
    Connecting,
    /// The tables are being brought up to date.
    Migrating,
    /// The demo community is being loaded.
    Loading,
    /// The server does its work.
    Done,
}

impl App {
    /// Makes the state of a server that has not reached its database yet.
    pub(crate) fn new(config: Config, traces: Option<Traces>) -> Self {
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        // A core stays free for whoever is logged in already.
        let spare = NonZeroUsize::new(cores.get() - 1).unwrap_or(NonZeroUsize::MIN);
        let workers = config.password_workers.unwrap_or(spare);
        // Who waits for a password costs next to nothing, but a place among the requests: the other half of those is for
        // whoever is logged in already, however many want to log in.
        let waiting = config.max_requests.get() / 2;
        let patience = config.request_time();
        let user_requests = Quota::new("requests", config.user_requests.get());
        let rooms = Rooms::new(config.spool_bytes());
        let user_uploads = Quota::new("uploads", config.user_uploads.get());
        let user_exports = Quota::new("exports", config.user_uploads.get());
        let queue = cores.get().saturating_mul(QUEUE);
        // Half of them are for others; as many as a page asks for at once are for everybody.
        let user_analyses = Quota::new("analyses", (cores.get().saturating_add(queue) / 2).max(8));
        Self(Arc::new(Inner {
            config,
            traces,
            metrics: Metrics::new(),
            passwords: Workers::new("passwords", workers, waiting, LOGIN_PATIENCE).on_threads_of_its_own(),
            desk: Semaphore::new(DESK),
            counting: Asking::default(),
            analyses: Workers::new("analyses", cores, queue, patience),
            pages: Workers::new("pages", cores, queue, PAGE_PATIENCE),
            // A file that arrives waits for its network, not for a core.
            uploads: Workers::new("uploads", UPLOADS, 0, patience),
            anonymous_uploads: Workers::new("uploads without a login", ANONYMOUS_UPLOADS, 0, patience),
            user_requests,
            user_uploads,
            user_analyses,
            user_exports,
            own_data: Quota::new("exports of all data", 1),
            rooms,
            outlooks: Outlooks::default(),
            looked: tokio::sync::Mutex::default(),
            services: OnceLock::new(),
            start_up: RwLock::new(StartUp::Connecting),
            obstruction: RwLock::default(),
            listeners: Listeners::default(),
            stopping: watch::Sender::new(false),
        }))
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    /// Where traces are sent, if anywhere.
    pub(crate) fn traces(&self) -> Option<&Traces> {
        self.0.traces.as_ref()
    }

    /// What the server counts of itself.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// The room for files that arrive, and for those that are written to be sent.
    pub(crate) fn rooms(&self) -> &Rooms {
        &self.0.rooms
    }

    /// What was last found of the database, and when.
    pub(crate) fn looked(&self) -> &tokio::sync::Mutex<Option<(Instant, Dependency)>> {
        &self.0.looked
    }

    /// The requests of each user that are worked on.
    pub(crate) fn user_requests(&self) -> &Quota {
        &self.0.user_requests
    }

    /// The recordings of each user that are written to a file and sent.
    pub(crate) fn user_exports(&self) -> &Quota {
        &self.0.user_exports
    }

    /// The archives of all of a user's own data that are written and sent: one at a time.
    pub(crate) fn own_data(&self) -> &Quota {
        &self.0.own_data
    }

    /// The files of each user that arrive.
    pub(crate) fn user_uploads(&self) -> &Quota {
        &self.0.user_uploads
    }

    /// How much there is to do, by sort of work.
    pub(crate) fn queues(&self) -> [(&'static str, Figures); 5] {
        [
            ("passwords", self.0.passwords.figures()),
            ("analyses", self.0.analyses.figures()),
            ("pages", self.0.pages.figures()),
            ("uploads", self.0.uploads.figures()),
            ("anonymous_uploads", self.0.anonymous_uploads.figures()),
        ]
    }

    /// Computes a forecast for a user where a core may be kept busy, and counts it.
    pub(crate) async fn forecast<T: Send + 'static, E: Send + 'static>(
        &self,
        user: Uuid,
        work: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<Result<T, E>, Problem> {
        let app = self.clone();
        self.analyses(user)
            .run(move || {
                let began = Instant::now();
                let made = work();
                if made.is_ok() {
                    app.metrics().forecast(began.elapsed());
                }
                made
            })
            .await
    }

    /// Where passwords are hashed.
    pub(crate) fn passwords(&self) -> &Workers {
        &self.0.passwords
    }

    /// Those whose guess at a password is being counted, while they hold a place to try it.
    pub(crate) fn counting(&self) -> &Asking {
        &self.0.counting
    }

    /// Where those who log in are looked up before they wait, a few at a time: a thousand of them at once must not stand
    /// before the database with all others behind them.
    ///
    /// # Errors
    ///
    /// 503 where their turn does not come soon.
    pub(crate) async fn desk(&self) -> Result<SemaphorePermit<'_>, Problem> {
        let busy = || Problem::unavailable("too many log in at this moment", Duration::from_secs(2));
        let turn = tokio::time::timeout(DESK_PATIENCE, self.0.desk.acquire());
        // Those before this one wait for the database, and so does this one.
        let turn = match Budget::current() {
            Some(budget) => budget.spend(turn).await.map_err(|_| busy())?,
            None => turn.await,
        };
        turn.map_err(|_| busy())?.map_err(|_| busy())
    }

    /// Where what keeps a core busy is computed for a user; there is a place for each core, and nobody takes all of them.
    pub(crate) fn analyses(&self, user: Uuid) -> Analyses<'_> {
        Analyses { workers: &self.0.analyses, shares: &self.0.user_analyses, user }
    }

    /// The weeks that were forecast from readings that are the same since.
    pub(crate) fn outlooks(&self) -> &Outlooks {
        &self.0.outlooks
    }

    /// Asks the store for a user for what it has to compute, where a core may be kept busy and for as long as that takes.
    pub(crate) async fn compute<T, F>(
        &self,
        user: Uuid,
        ask: impl FnOnce(Store) -> F + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, store::Error>>,
    {
        hurry::prompt(self.services()?.store()).await?;
        self.ask_beside(self.analyses(user), None, ask).await
    }

    /// Loads for a user what is read from long documents, or the sums of a device's few readings, beside the analyses and in
    /// the time of the request.
    pub(crate) async fn load<T, F>(
        &self,
        user: Uuid,
        ask: impl FnOnce(Store) -> F + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, store::Error>>,
    {
        let places = Analyses { workers: &self.0.pages, ..self.analyses(user) };
        self.ask_beside(places, Budget::current(), ask).await
    }

    /// Asks the store on a thread of its own. The store computes between its answers; the runtime goes on working while that
    /// thread waits for them.
    async fn ask_beside<T, F>(
        &self,
        places: Analyses<'_>,
        budget: Option<Budget>,
        ask: impl FnOnce(Store) -> F + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, store::Error>>,
    {
        let (store, runtime) = (self.services()?.store().clone(), Handle::current());
        let asked = places.run(move || match budget {
            Some(budget) => runtime.block_on(budget.limit(ask(store))),
            None => runtime.block_on(ask(store)),
        });
        Ok(asked.await??)
    }

    /// Computes for a user what the store balances, and gives `then` what came of it.
    pub(crate) async fn balance<T: Send + 'static>(
        &self,
        user: Uuid,
        community: Uuid,
        interval: Interval,
        resolution: Option<Resolution>,
        key: Option<Key>,
        then: impl FnOnce(Balance) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let balance = move |store: Store| async move {
            store.balance(community, interval, resolution, key.as_ref()).await.map(then)
        };
        self.compute(user, balance).await
    }

    /// Settles a period for a user from what is stored, where a core may be kept busy.
    pub(crate) async fn settle(
        &self,
        user: Uuid,
        request: SettlementRequest,
        issued_at: Timestamp,
    ) -> Result<Settlement, Problem> {
        self.compute(user, move |store| async move { store.settle(&request, issued_at).await }).await
    }

    /// Where files are read while they arrive. Who is not logged in cannot take a user's place.
    pub(crate) fn uploads(&self, sender: Sender) -> &Workers {
        match sender {
            Sender::User(_) => &self.0.uploads,
            Sender::Anybody => &self.0.anonymous_uploads,
        }
    }

    /// What needs the database; 503 before it could be reached for the first time.
    pub(crate) fn services(&self) -> Result<&Services, Problem> {
        self.0.services.get().ok_or_else(|| {
            Problem::unavailable("the server is starting and has no database yet", Duration::from_secs(2))
        })
    }

    pub(crate) fn set_services(&self, services: Services) {
        // Set once, by the one task that starts the server.
        let _ = self.0.services.set(services);
    }

    pub(crate) fn start_up(&self) -> StartUp {
        self.0.start_up.read().map_or(StartUp::Connecting, |stage| *stage)
    }

    pub(crate) fn set_start_up(&self, stage: StartUp) {
        if let Ok(mut at) = self.0.start_up.write() {
            *at = stage;
        }
    }

    /// What kept the server from its database when it last tried to begin with it.
    pub(crate) fn obstruction(&self) -> Option<Dependency> {
        self.0.obstruction.read().ok()?.clone()
    }

    pub(crate) fn set_obstruction(&self, found: Option<Dependency>) {
        if let Ok(mut last) = self.0.obstruction.write() {
            *last = found;
        }
    }

    /// Tells the readiness check that the end has begun.
    pub(crate) fn stop(&self) {
        self.0.stopping.send_replace(true);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        *self.0.stopping.borrow()
    }

    /// Whether the end has begun, to be waited for.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stopping.subscribe()
    }

    /// Who listens to what happens.
    pub(crate) fn listeners(&self) -> &Listeners {
        &self.0.listeners
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use clap::Parser;

    use super::*;

    /// As behind a database that takes questions and does not answer them.
    #[tokio::test]
    async fn who_logs_in_behind_others_that_are_not_answered_is_told_to_come_back() {
        let config = crate::cli::Cli::try_parse_from(["grid-server"]).unwrap().config;
        let app = App::new(config, None);
        let held = [app.desk().await.unwrap(), app.desk().await.unwrap()];
        assert_eq!(held.len(), DESK);
        let refused = tokio::time::timeout(2 * DESK_PATIENCE, app.desk()).await.unwrap().unwrap_err();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        drop(held);
        assert!(app.desk().await.is_ok());
    }
}
