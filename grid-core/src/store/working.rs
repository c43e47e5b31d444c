//! Whose turn it is to work on a group of small uploads in PostgreSQL. The wait of one for the disk leaves the processors to
//! the next; two that work at the same time make each other wait longer.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::MutexGuard,
    time::{Instant, timeout},
};

/// How long a turn is waited for, counted from its beginning: whoever has it for longer waits for a lock.
const LONG: Duration = Duration::from_millis(100);

/// Who works.
#[derive(Clone, Debug, Default)]
pub(super) struct Working(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    turn: tokio::sync::Mutex<()>,
    /// When the last turn began.
    since: Mutex<Option<Instant>>,
}

impl Working {
    /// Waits for one's turn, which lasts as long as what is given is held; `None` where that would take long.
    pub(super) async fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        let since = *self.since();
        let rest = since.map_or(LONG, |since| LONG.saturating_sub(since.elapsed()));
        let turn = if rest.is_zero() {
            self.0.turn.try_lock().ok()?
        } else {
            timeout(rest, self.0.turn.lock()).await.ok()?
        };
        *self.since() = Some(Instant::now());
        Some(turn)
    }

    fn since(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.0.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn nobody_waits_for_one_who_has_had_the_turn_for_long() {
        let (working, began) = (Working::default(), Instant::now());
        let first = working.turn().now_or_never().unwrap();
        assert!(first.is_some(), "a turn that nobody has is taken at once");
        assert!(working.turn().await.is_none());
        assert!(began.elapsed() >= LONG, "it was not waited for");
        assert!(working.turn().now_or_never().unwrap().is_none(), "it is waited for again");
        drop(first);
        assert!(working.turn().now_or_never().unwrap().is_some(), "a turn that has ended is free");
    }

    #[tokio::test]
    async fn a_turn_that_ends_is_the_next_ones() {
        let working = Working::default();
        let first = working.turn().await;
        let (next, ()) = tokio::join!(working.turn(), async { drop(first) });
        assert!(next.is_some());
    }
}
