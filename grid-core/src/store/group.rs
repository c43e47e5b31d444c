//! Small uploads that come at the same time, stored in one transaction, so that they wait for the disk together.
//!
//! A database takes as many commits a second as its disk takes waits, and a meter that sends one reading at a time needs
//! one for each. So whoever comes while a transaction is under way waits for its end, and all who have waited are the next
//! one. Who comes alone finds nobody and waits for nobody. Each is told its own outcome, after the commit, and one that is
//! refused leaves the others as they are.

use std::{
    collections::{BTreeMap, VecDeque, btree_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::{sync::oneshot, time::timeout};
use uuid::Uuid;

use super::{
    Error, Ingested, Store,
    backend::{Backend, on},
    ingest::{ByChannel, Ingest, Refusal, Retired, Upload},
};
use crate::energy::{Channel, Reading};

/// The most readings of an upload that is stored together with others: about a day of a meter.
const SMALL: usize = 100;
/// The most uploads of one transaction, so that nobody waits for long for those beside them.
const MOST: usize = 64;
/// How long an upload waits for those who serve before another one does.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a group takes at most; a writer of SQLite may wait half a minute for an import.
const LONGEST: Duration = Duration::from_mins(1);

/// The uploads that wait.
#[derive(Clone, Debug, Default)]
pub(super) struct Group(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// How many tasks take from the queue.
    serving: usize,
}

/// An upload that waits, and who is told what became of it.
#[derive(Debug)]
struct Waiting {
    register: (Uuid, Channel),
    readings: Vec<Reading>,
    owner: Option<Uuid>,
    now: Timestamp,
    answer: oneshot::Sender<Result<Ingested, Error>>,
}

/// The one who takes from the queue. However its task ends, another one can begin.
#[derive(Debug)]
struct Serving {
    group: Group,
    is_over: bool,
}

impl Serving {
    /// Takes those who have waited; where there are none, this one does not serve any more.
    fn next(&mut self) -> Option<Vec<Waiting>> {
        let mut queue = self.group.lock();
        let count = queue.waiting.len().min(MOST);
        if count == 0 {
            queue.serving -= 1;
            self.is_over = true;
            return None;
        }
        Some(queue.waiting.drain(..count).collect())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if !self.is_over {
            // The task was broken off: those who wait are told so, since there may be nobody else to serve them.
            let mut queue = self.group.lock();
            queue.serving -= 1;
            queue.waiting.clear();
        }
    }
}

impl Group {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an upload at the end of the queue, which `most` tasks serve at most, and gives it to serve where there are fewer.
    fn add(&self, waiting: Waiting, most: usize) -> Option<Serving> {
        let mut queue = self.lock();
        queue.waiting.push_back(waiting);
        (queue.serving < most).then(|| self.one_more(&mut queue))
    }

    /// Gives the queue to one more to serve.
    fn also(&self) -> Serving {
        self.one_more(&mut self.lock())
    }

    fn one_more(&self, queue: &mut Queue) -> Serving {
        queue.serving += 1;
        Serving { group: self.clone(), is_over: false }
    }
}

/// The one channel and the few readings of an upload that is stored together with others.
pub(super) fn small(mut channels: ByChannel) -> Result<((Uuid, Channel), Vec<Reading>), ByChannel> {
    if channels.len() == 1 && channels.values().all(|readings| readings.len() <= SMALL) {
        channels.pop_first().ok_or(channels)
    } else {
        Err(channels)
    }
}

impl Waiting {
    fn tell(self, outcome: Result<Ingested, Error>) {
        // Who went away is not told.
        let _ = self.answer.send(outcome);
    }
}

impl Store {
    /// Stores an upload together with those that come at the same time.
    pub(super) async fn ingest_together(
        &self,
        register: (Uuid, Channel),
        readings: Vec<Reading>,
        owner: Option<Uuid>,
        now: Timestamp,
    ) -> Result<Ingested, Error> {
        let (answer, mut told) = oneshot::channel();
        let waiting = Waiting { register, readings, owner, now, answer };
        if let Some(serving) = self.group.add(waiting, self.writers()) {
            self.serve(serving);
        }
        loop {
            match timeout(PATIENCE, &mut told).await {
                Ok(Ok(outcome)) => return outcome,
                Ok(Err(_)) => {
                    let source = "the task that stores readings was broken off".into();
                    return Err(Error::Uncertain { action: "store readings", source });
                }
                // Those who serve wait for a lock, or for a database that is gone: another one looks after who came since.
                Err(_) => self.serve(self.group.also()),
            }
        }
    }

    /// Stores one group after the other, in a task of its own: who goes away must not take along those whose readings are
    /// in the same transaction.
    fn serve(&self, mut serving: Serving) {
        let store = self.clone();
        tokio::spawn(async move {
            while let Some(group) = serving.next() {
                // A connection that has died without a word must not keep those for ever who are on it.
                let _ = timeout(LONGEST, store.store_group(group)).await;
            }
        });
    }

    /// Stores a group, and tells each what became of it.
    async fn store_group(&self, mut group: Vec<Waiting>) {
        match self.try_group(&group).await {
            Ok(outcomes) => {
                for (one, outcome) in group.into_iter().zip(outcomes) {
                    one.tell(outcome);
                }
            }
            Err(error) if group.len() == 1 => {
                if let Some(one) = group.pop() {
                    one.tell(Err(error));
                }
            }
            // Alone they would wait as long for the same answer.
            Err(Error::Unreachable { source }) => {
                let said = source.to_string();
                for one in group {
                    one.tell(Err(Error::Unreachable { source: said.clone().into() }));
                }
            }
            Err(Error::Uncertain { action, source }) => {
                let said = source.to_string();
                for one in group {
                    one.tell(Err(Error::Uncertain { action, source: said.clone().into() }));
                }
            }
            // One of them is to blame, or waits for a lock, and the others shall not feel it.
            Err(_) => {
                let alone = group.into_iter().map(|one| async move {
                    let outcome = match self.try_group(std::slice::from_ref(&one)).await {
                        Ok(mut outcomes) => outcomes.pop().unwrap_or(Ok(Ingested::default())),
                        Err(error) => Err(error),
                    };
                    one.tell(outcome);
                });
                join_all(alone).await;
            }
        }
    }

    /// How many groups are stored at the same time: SQLite has one writer, and elsewhere one works while another waits.
    fn writers(&self) -> usize {
        match self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(_) => 1,
            #[cfg(feature = "mysql")]
            Backend::MySql(_) => 2,
            #[cfg(feature = "postgres")]
            Backend::Postgres(_) => 2,
        }
    }

    /// Stores a group in one transaction, without those that are refused.
    async fn try_group(&self, group: &[Waiting]) -> Result<Vec<Result<Ingested, Error>>, Error> {
        on!(self, write "store readings", |connection| {
            let mut outcomes = BTreeMap::new();
            let mut left: Vec<usize> = (0..group.len()).collect();
            while !left.is_empty() {
                let (round, later) = round(group, left);
                left = later;
                let uploads: Vec<Upload<'_>> = round.values().map(|(_, upload)| *upload).collect();
                let told = Db::ingest_each(&mut *connection, &uploads, &Retired::new(), Refusal::OfOne).await?;
                outcomes.extend(round.values().map(|(place, _)| *place).zip(told));
            }
            Ok(outcomes.into_values().collect())
        })
    }
}

/// The first upload of each register among those that are left, by register and with its place, and those that come after
/// them: whoever sends two readings of a register at once is answered as if each came alone.
type Round<'a> = BTreeMap<(Uuid, Channel), (usize, Upload<'a>)>;

fn round(group: &[Waiting], left: Vec<usize>) -> (Round<'_>, Vec<usize>) {
    let (mut round, mut later) = (Round::new(), Vec::new());
    for place in left {
        let Some(Waiting { register, readings, owner, now, .. }) = group.get(place) else { continue };
        match round.entry(*register) {
            Entry::Vacant(free) => {
                free.insert((place, Upload { register: *register, readings, owner: *owner, now: *now }));
            }
            Entry::Occupied(_) => later.push(place),
        }
    }
    (round, later)
}
