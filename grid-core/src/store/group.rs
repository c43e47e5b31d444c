//! Small uploads that come at the same time, stored in one transaction, so that they wait for the disk together.
//!
//! A database takes as many commits a second as its disk takes waits, and a meter that sends one reading at a time needs
//! one for each. So whoever comes while a transaction is under way waits for its end, and all who have waited are the next
//! one. Who comes alone finds nobody and waits for nobody. Each is told its own outcome, after the commit, and one that is
//! refused leaves the others as they are.
//!
//! Whoever has a budget of time is told before it is spent: out of the queue, that nothing was stored; out of a
//! transaction, which has no more time than the shortest budget in it, what became of that.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Duration,
};

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::{
    sync::{MutexGuard, oneshot},
    time::timeout,
};
use uuid::Uuid;

use super::{
    Error, Ingested, Store,
    backend::{Backend, on},
    budget::Budget,
    ingest::{ByChannel, Retired},
    storing::{Ingest as _, Refusal, Upload},
    together::{Service, Serving, same_for_all},
};
use crate::energy::{Channel, Reading};

/// What is done, for an error to say.
const ACTION: &str = "store readings";
/// The most readings of an upload that is stored together with others: about a day of a meter.
const SMALL: usize = 100;
/// The most uploads of one transaction, so that nobody waits for long for those beside them.
const MOST: usize = 64;
/// How long a group takes at most; a writer of SQLite may wait half a minute for an import.
const LONGEST: Duration = Duration::from_mins(1);
/// What must be left of a budget for an upload to be stored with others, whose time it would shorten.
const ENOUGH: Duration = Duration::from_millis(300);

/// An upload that waits, and who is told what became of it.
#[derive(Debug)]
pub(super) struct Waiting {
    register: (Uuid, Channel),
    readings: Vec<Reading>,
    owner: Option<Uuid>,
    now: Timestamp,
    budget: Option<Budget>,
    answer: oneshot::Sender<Result<Ingested, Error>>,
}

/// The one channel and the few readings of an upload that is stored together with others.
pub(super) fn small(mut channels: ByChannel<'_>) -> Result<((Uuid, Channel), Vec<Reading>), ByChannel<'_>> {
    if channels.len() == 1 && channels.values().all(|readings| readings.len() <= SMALL) {
        channels.pop_first().map(|(register, readings)| (register, readings.into_owned())).ok_or(channels)
    } else {
        Err(channels)
    }
}

impl Waiting {
    /// What is left of the time for it.
    fn left(&self) -> Duration {
        self.budget.as_ref().map_or(Duration::MAX, Budget::left)
    }

    fn tell(self, outcome: Result<Ingested, Error>) {
        // Who went away is not told.
        let _ = self.answer.send(outcome);
    }
}

fn refuse(those: impl IntoIterator<Item = Waiting>, why: impl Fn() -> Error) {
    for one in those {
        one.tell(Err(why()));
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
        let budget = Budget::current();
        let waiting = Waiting { register, readings, owner, now, budget: budget.clone(), answer };
        if let Some(serving) = self.uploads.add(waiting, self.groups()) {
            self.store_groups(serving);
        }
        let Some(budget) = budget else { return self.outcome(&mut told).await };
        let outcome = match self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(ref pools) => pools.locks.turn.spend(&budget, self.outcome(&mut told)).await,
            #[cfg(any(feature = "mysql", feature = "postgres"))]
            _ => budget.spend(self.outcome(&mut told)).await,
        };
        if let Ok(outcome) = outcome {
            return outcome;
        }
        // Nothing of theirs was stored who are still in the queue.
        refuse(self.uploads.take(|one| one.left().is_zero()), || Error::Slow { action: ACTION });
        // Who was not in the queue any more is in a transaction, whose time is over as well.
        self.outcome(&mut told).await
    }

    /// Waits for what became of an upload.
    async fn outcome(
        &self,
        told: &mut oneshot::Receiver<Result<Ingested, Error>>,
    ) -> Result<Ingested, Error> {
        let outcome = self.uploads.wait(told, self.groups(), |serving| self.store_groups(serving)).await;
        outcome.unwrap_or_else(|| {
            let source = "the task that stores readings was broken off".into();
            Err(Error::Uncertain { action: ACTION, source })
        })
    }

    /// Stores one group after the other, in a task of its own: who goes away must not take along those whose readings are
    /// in the same transaction.
    fn store_groups(&self, mut serving: Serving<Waiting>) {
        let store = self.clone();
        tokio::spawn(async move {
            loop {
                // Who comes while it is waited for comes along, and no transaction is open meanwhile.
                let turn = store.turn().await;
                let Some(group) = serving.next(|there| there.min(MOST)) else { break };
                // A connection that has died without a word must not keep those for ever who are on it.
                let _ = timeout(LONGEST, store.store_group(group, turn)).await;
            }
        });
    }

    /// Stores a group, and tells each what became of it.
    async fn store_group(&self, group: Vec<Waiting>, turn: Option<MutexGuard<'_, ()>>) {
        let (mut group, late): (Vec<_>, Vec<_>) = group.into_iter().partition(|one| one.left() >= ENOUGH);
        refuse(late, || Error::Slow { action: ACTION });
        if group.is_empty() {
            return;
        }
        let shortest = group.iter().filter_map(|one| one.budget.as_ref()).map(Budget::left).min();
        let tried = match shortest {
            Some(shortest) => Budget::new(shortest).limit(self.try_group(&group, turn)).await,
            None => self.try_group(&group, turn).await,
        };
        let error = match tried {
            Ok(outcomes) => {
                for (one, outcome) in group.into_iter().zip(outcomes) {
                    one.tell(outcome);
                }
                return;
            }
            Err(error) => error,
        };
        if let Some(why) = same_for_all(&error, ACTION) {
            // The time of the transaction was that of who had least of it.
            let is_slow = matches!(error, Error::Slow { .. });
            let (again, over): (Vec<_>, Vec<_>) =
                group.into_iter().partition(|one| is_slow && one.left() >= ENOUGH);
            refuse(over, why);
            return self.store_alone(again).await;
        }
        if let (Error::Busy { source, .. }, false) = (&error, self.has_many_writers()) {
            // The file has one lock for everybody, and whoever came while it was waited for in vain has waited for it too.
            let said = source.to_string();
            let why = || Error::Busy { action: ACTION, source: said.clone().into() };
            refuse(group, why);
            return refuse(self.uploads.take(|_| true), why);
        }
        if group.len() == 1 {
            if let Some(one) = group.pop() {
                one.tell(Err(error));
            }
            return;
        }
        // One of them is to blame, or waits for a lock, and the others shall not feel it.
        self.store_alone(group).await;
    }

    /// Stores each of a group in a transaction of its own.
    async fn store_alone(&self, group: Vec<Waiting>) {
        let alone = group.into_iter().map(|one| async move {
            let tried = self.try_group(std::slice::from_ref(&one), None);
            let tried = match &one.budget {
                Some(budget) => budget.clone().limit(tried).await,
                None => tried.await,
            };
            let outcome = tried.map(|mut outcomes| outcomes.pop().unwrap_or(Ok(Ingested::default())));
            one.tell(outcome.unwrap_or_else(Err));
        });
        join_all(alone).await;
    }

    /// How many groups are stored at the same time: SQLite has one writer, and elsewhere one works while another waits.
    fn groups(&self) -> Service {
        Service { most: if self.has_many_writers() { 2 } else { 1 }, full: 0 }
    }

    /// Waits for the turn to work on a group, where groups work one after the other.
    #[cfg_attr(not(feature = "postgres"), expect(clippy::unused_async, reason = "the others take none"))]
    async fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        match self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(_) => None,
            #[cfg(feature = "mysql")]
            Backend::MySql(_) => None,
            #[cfg(feature = "postgres")]
            Backend::Postgres(_) => self.working.turn().await,
        }
    }

    fn has_many_writers(&self) -> bool {
        match self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(_) => false,
            #[cfg(feature = "mysql")]
            Backend::MySql(_) => true,
            #[cfg(feature = "postgres")]
            Backend::Postgres(_) => true,
        }
    }

    /// Stores a group in one transaction, without those that are refused. A turn is given
    /// back once the first attempt that got a transaction has only to commit it.
    async fn try_group(
        &self,
        group: &[Waiting],
        mut turn: Option<MutexGuard<'_, ()>>,
    ) -> Result<Vec<Result<Ingested, Error>>, Error> {
        on!(self, write "store readings", |connection| {
            let _turn = turn.take();
            let mut outcomes = BTreeMap::new();
            let mut left: Vec<usize> = (0..group.len()).collect();
            while !left.is_empty() {
                let (round, later) = round(group, left);
                left = later;
                let uploads: Vec<Upload<'_>> = round.values().map(|(_, upload)| *upload).collect();
                let told = Db::ingest_each(&mut *connection, &uploads, &Retired::new(), Refusal::OfOne, &self.bounds).await?;
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
