//! What all requests share.

use std::{
    sync::{
        Arc, OnceLock, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde::Serialize;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use crate::{config::Config, hashing::Hashing, problem::Problem, services::Services};

/// What all requests share; cloning it is cheap.
#[derive(Clone, Debug)]
pub struct App(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Config,
    hashing: Hashing,
    analyses: Semaphore,
    services: OnceLock<Services>,
    start_up: RwLock<StartUp>,
    stopping: AtomicBool,
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
    pub fn new(config: Config) -> Self {
        let hashing = Hashing::new(config.password_workers);
        let analyses = std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get);
        Self(Arc::new(Inner {
            config,
            hashing,
            analyses: Semaphore::new(analyses),
            services: OnceLock::new(),
            start_up: RwLock::new(StartUp::Connecting),
            stopping: AtomicBool::new(false),
        }))
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn hashing(&self) -> &Hashing {
        &self.0.hashing
    }

    /// A place for an analysis that keeps a core busy; there is one for each core.
    pub(crate) async fn analysis(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Problem> {
        match tokio::time::timeout(Duration::from_secs(5), self.0.analyses.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(Problem::unavailable("all places for analyses are taken", Duration::from_secs(5))),
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

    /// Tells the readiness check that the end has begun.
    pub(crate) fn stop(&self) {
        self.0.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::Relaxed)
    }
}
