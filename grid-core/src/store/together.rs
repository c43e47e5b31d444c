//! Calls that wait for the database together: those that come while one is under way are the next one.
//!
//! Each way to a database and back has a price, whatever is carried. Where many call for the same thing, those who come
//! while the database is busy wait in a queue, and one task takes all of them along. Who comes alone waits for nobody.

use std::{
    collections::VecDeque,
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::timeout};

use super::Error;

/// How long a call waits for those who serve before another one does, as far as there may be more of them ...
const SOON: Duration = Duration::from_millis(100);
/// ... and in all where there may not, because they wait for a lock, or for a database that is gone.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many serve.
#[derive(Clone, Copy, Debug)]
pub(super) struct Service {
    /// How many at the same time.
    pub(super) most: usize,
    /// How many wait before there is one more. Where the database and the program share processors, a few large steps cost
    /// them less than many small ones.
    pub(super) full: usize,
}

/// The calls of one kind that wait.
pub(super) struct Together<W>(Arc<Mutex<Queue<W>>>);

#[derive(Debug)]
struct Queue<W> {
    waiting: VecDeque<W>,
    /// How many tasks take from the queue.
    serving: usize,
}

impl<W> Default for Together<W> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Queue { waiting: VecDeque::new(), serving: 0 })))
    }
}

impl<W> Clone for Together<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<W> fmt::Debug for Together<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue = self.lock();
        f.debug_struct("Together")
            .field("waiting", &queue.waiting.len())
            .field("serving", &queue.serving)
            .finish()
    }
}

impl<W> Together<W> {
    fn lock(&self) -> MutexGuard<'_, Queue<W>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a call at the end of the queue, and gives the queue to serve where too few do.
    pub(super) fn add(&self, waiting: W, service: Service) -> Option<Serving<W>> {
        let mut queue = self.lock();
        queue.waiting.push_back(waiting);
        let wanted = queue.serving == 0 || queue.serving < service.most && queue.waiting.len() > service.full;
        wanted.then(|| self.one_more(&mut queue))
    }

    /// Waits for the answer to a call that was added. `serve` begins a task that takes from the queue, where nobody did for
    /// too long.
    ///
    /// `None` where the task was broken off that had the call.
    pub(super) async fn wait<T>(
        &self,
        answer: &mut oneshot::Receiver<T>,
        service: Service,
        serve: impl Fn(Serving<W>),
    ) -> Option<T> {
        if let Ok(answer) = timeout(SOON, &mut *answer).await {
            return answer.ok();
        }
        let another = {
            let mut queue = self.lock();
            let wanted = queue.serving < service.most && !queue.waiting.is_empty();
            wanted.then(|| self.one_more(&mut queue))
        };
        another.into_iter().for_each(&serve);
        let mut patience = PATIENCE.saturating_sub(SOON);
        loop {
            if let Ok(answer) = timeout(patience, &mut *answer).await {
                return answer.ok();
            }
            patience = PATIENCE;
            // Another one looks after who came since.
            let serving = self.one_more(&mut self.lock());
            serve(serving);
        }
    }

    /// Takes those out of the queue of whom `which` says so.
    pub(super) fn take(&self, which: impl Fn(&W) -> bool) -> Vec<W> {
        let mut queue = self.lock();
        let (taken, waiting): (Vec<W>, Vec<W>) = mem::take(&mut queue.waiting).into_iter().partition(which);
        queue.waiting = waiting.into();
        taken
    }

    fn one_more(&self, queue: &mut Queue<W>) -> Serving<W> {
        queue.serving += 1;
        Serving { queue: self.clone(), is_over: false }
    }
}

/// The one who takes from the queue. However its task ends, another one can begin.
#[derive(Debug)]
pub(super) struct Serving<W> {
    queue: Together<W>,
    is_over: bool,
}

impl<W> Serving<W> {
    /// Takes as many of those who wait as `fit` says of their number; where there are none, this one does not serve any
    /// more.
    pub(super) fn next(&mut self, fit: impl Fn(usize) -> usize) -> Option<Vec<W>> {
        let mut queue = self.queue.lock();
        let there = queue.waiting.len();
        if there == 0 {
            queue.serving -= 1;
            self.is_over = true;
            return None;
        }
        Some(queue.waiting.drain(..fit(there).clamp(1, there)).collect())
    }
}

impl<W> Drop for Serving<W> {
    fn drop(&mut self) {
        if !self.is_over {
            // The task was broken off: those who wait are told so, since there may be nobody else to serve them.
            let mut queue = self.queue.lock();
            queue.serving -= 1;
            queue.waiting.clear();
        }
    }
}

/// Says an error once more.
pub(super) type Again = Box<dyn Fn() -> Error + Send>;

/// The same error for each of those who were in one call, where alone they would wait as long for the same answer.
pub(super) fn same_for_all(error: &Error, action: &'static str) -> Option<Again> {
    match error {
        Error::Unreachable { source } => {
            let said = source.to_string();
            Some(Box::new(move || Error::Unreachable { source: said.clone().into() }))
        }
        Error::Uncertain { source, .. } => {
            let said = source.to_string();
            Some(Box::new(move || Error::Uncertain { action, source: said.clone().into() }))
        }
        Error::Slow { .. } => Some(Box::new(move || Error::Slow { action })),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Service = Service { most: 1, full: 0 };
    const TWO: Service = Service { most: 2, full: 0 };

    #[test]
    fn who_comes_while_one_serves_is_in_the_next_round() {
        let queue = Together::default();
        let mut serving = queue.add(1, ONE).unwrap();
        assert!(queue.add(2, ONE).is_none());
        assert_eq!(serving.next(|there| there), Some(vec![1, 2]));
        assert!(queue.add(3, ONE).is_none(), "one serves already");
        assert!(queue.add(4, TWO).is_some_and(|mut second| second.next(|_| 1) == Some(vec![3])));
        assert_eq!(queue.lock().waiting.len(), 0, "a task that is broken off leaves nobody waiting");
        assert_eq!(serving.next(|there| there), None);
        assert!(queue.add(5, ONE).is_some(), "the queue is free again");
    }

    #[test]
    fn an_error_is_told_to_each_where_it_is_the_same_for_all() {
        let gone = Error::Unreachable { source: "connection refused".into() };
        let again = same_for_all(&gone, "store readings").unwrap();
        for told in [again(), again()] {
            assert!(
                matches!(&told, Error::Unreachable { source } if source.to_string() == "connection refused")
            );
        }
        // Who waits for a lock is one of them.
        let busy = Error::Busy { action: "store readings", source: "deadlock".into() };
        assert!(same_for_all(&busy, "store readings").is_none());
    }

    #[test]
    fn who_is_taken_out_of_the_queue_is_not_served() {
        let queue = Together::default();
        let mut serving = queue.add(1, ONE).unwrap();
        assert!(queue.add(2, ONE).is_none() && queue.add(3, ONE).is_none());
        assert_eq!(queue.take(|number| number % 2 == 1), [1, 3]);
        assert_eq!(serving.next(|there| there), Some(vec![2]));
    }

    #[tokio::test]
    async fn who_was_with_a_task_that_is_broken_off_is_told() {
        let queue = Together::default();
        let (answer, mut told) = oneshot::channel::<u8>();
        drop(queue.add(answer, ONE));
        assert_eq!(queue.wait(&mut told, ONE, drop).await, None);
    }

    #[tokio::test]
    async fn who_waits_for_long_is_served_by_another_one() {
        let queue: Together<oneshot::Sender<u8>> = Together::default();
        let stuck = {
            let mut waiting = queue.lock();
            queue.one_more(&mut waiting)
        };
        let (answer, mut told) = oneshot::channel();
        let serve = |mut serving: Serving<oneshot::Sender<u8>>| {
            for answer in serving.next(|there| there).unwrap_or_default() {
                answer.send(7).unwrap();
            }
        };
        assert!(queue.add(answer, ONE).is_none());
        assert_eq!(queue.wait(&mut told, ONE, serve).await, Some(7));
        drop(stuck);
    }

    #[test]
    fn a_second_one_begins_where_more_wait_than_one_takes() {
        let queue = Together::default();
        let service = Service { most: 2, full: 2 };
        let _first = queue.add(1, service).unwrap();
        assert!(queue.add(2, service).is_none());
        let _second = queue.add(3, service).unwrap();
        assert!(queue.add(4, service).is_none());
    }

    #[tokio::test]
    async fn a_second_one_begins_where_the_first_takes_long() {
        let queue: Together<oneshot::Sender<u8>> = Together::default();
        let service = Service { most: 2, full: 9 };
        let (answer, _first) = oneshot::channel();
        let stuck = queue.add(answer, service).map(|mut serving| (serving.next(|there| there), serving));
        let (answer, mut told) = oneshot::channel();
        let serve = |mut serving: Serving<oneshot::Sender<u8>>| {
            for answer in serving.next(|there| there).unwrap_or_default() {
                answer.send(7).unwrap();
            }
        };
        assert!(queue.add(answer, service).is_none());
        let began = tokio::time::Instant::now();
        assert_eq!(queue.wait(&mut told, service, serve).await, Some(7));
        assert!(began.elapsed() < PATIENCE);
        drop(stuck);
    }
}
