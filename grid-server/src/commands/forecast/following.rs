//! Long work that tells how far it is, and ends soon and cleanly at Ctrl-C.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{RecvTimeoutError, channel},
    },
    thread,
    time::Duration,
};

use grid_core::forecast::{Error, Watch};

use super::super::{Failed, progress::Progress};
use crate::serve;

/// How often it is looked how far the work is.
const TICK: Duration = Duration::from_millis(50);

/// Somebody asked the program to stop.
#[derive(Debug)]
pub(crate) struct Interrupted {
    /// How many series have been told.
    pub(super) told: usize,
    /// Of how many.
    pub(super) of: usize,
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stopped on request after {} of {} series", self.told, self.of)
    }
}

impl std::error::Error for Interrupted {}

/// Listens for the request to stop, from now until the program ends.
pub(super) struct Followed(Arc<Watch>);

impl Followed {
    /// Begins to listen: from now on Ctrl-C and SIGTERM end the work instead of the process.
    pub(super) fn begin() -> Result<Self, Failed> {
        let watch = Arc::new(Watch::default());
        let watched = Arc::clone(&watch);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (listening, listens) = channel();
        // The thread is left behind when the program ends.
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            runtime.block_on(async {
                let stop = serve::stop_signal();
                tokio::pin!(stop);
                // The first look registers for the signals.
                tokio::select! {
                    biased;
                    () = &mut stop => watched.stop(),
                    () = std::future::ready(()) => {}
                }
                let _ = listening.send(());
                stop.await;
                watched.stop();
            });
        })?;
        let _ = listens.recv();
        Ok(Self(watch))
    }

    /// Does work on another thread, which counts what is done, and tells how far it is.
    pub(super) fn run<T: Send>(
        &self,
        progress: &mut Progress,
        how_far: impl Fn(usize) -> String,
        work: impl FnOnce(&Watch, &(dyn Fn() + Sync)) -> Result<T, (usize, Error)> + Send,
    ) -> Result<T, (usize, Error)> {
        let watch = &*self.0;
        let done = AtomicUsize::new(0);
        thread::scope(|scope| {
            let (ended, end) = channel::<()>();
            let done = &done;
            let worker = scope.spawn(move || {
                // Dropped at the end, come what may, which ends the waiting.
                let _ended = ended;
                work(watch, &|| {
                    done.fetch_add(1, Ordering::Relaxed);
                })
            });
            while matches!(end.recv_timeout(TICK), Err(RecvTimeoutError::Timeout)) {
                progress.tell(|| how_far(done.load(Ordering::Relaxed)));
            }
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}
