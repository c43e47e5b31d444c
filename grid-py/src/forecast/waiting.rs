//! Long work that Python can follow and stop.

use std::{
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use grid_core::forecast::Watch;
use pyo3::prelude::*;

/// How often a signal is looked for, and progress told.
const TICK: Duration = Duration::from_millis(50);

/// Does work on other threads, while this one lets Python run, looks for Ctrl-C, and calls `progress(done, total)`.
///
/// An exception, of the signal or of `progress`, stops the work and is raised once it has ended.
pub(crate) fn followed<T: Send>(
    py: Python<'_>,
    progress: Option<Py<PyAny>>,
    total: usize,
    work: impl FnOnce(&Watch) -> T + Send,
) -> PyResult<T> {
    let watch = Watch::default();
    let tell = |done: usize| {
        Python::attach(|py| {
            py.check_signals()?;
            progress.as_ref().map_or(Ok(()), |progress| progress.call1(py, (done, total)).map(drop))
        })
    };
    let (result, told) = py.detach(|| {
        thread::scope(|scope| {
            let watch = &watch;
            let (ended, end) = channel::<()>();
            let worker = scope.spawn(move || {
                // Dropped at the end, come what may, which ends the waiting.
                let _ended = ended;
                work(watch)
            });
            let mut told = Ok(());
            while matches!(end.recv_timeout(TICK), Err(RecvTimeoutError::Timeout)) {
                if told.is_ok() {
                    told = tell(watch.done());
                    if told.is_err() {
                        watch.stop();
                    }
                }
            }
            (worker.join(), told)
        })
    });
    told?;
    let result = result.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    tell(watch.done())?;
    Ok(result)
}
