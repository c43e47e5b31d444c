//! What one user may take of the server, so that something is left for everybody else.
//!
//! How many of a user's requests and uploads run at the same time is counted here, by each server for itself: it is that
//! server's places that they take. What a user keeps in the database is counted there.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::http::Extensions;
use grid_core::store::{self, Kept, Quotas};
use uuid::Uuid;

use crate::{config::Config, problem::Problem, services::Services, workers::Workers};

/// How many places of one sort each user holds.
#[derive(Clone, Debug)]
pub(crate) struct Quota(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    what: &'static str,
    most: usize,
    taken: Mutex<HashMap<Uuid, usize>>,
}

/// A place that a user holds until this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    quota: Quota,
    user: Uuid,
}

impl Quota {
    /// Gives each user `most` places.
    pub(crate) fn new(what: &'static str, most: usize) -> Self {
        Self(Arc::new(Inner { what, most, taken: Mutex::default() }))
    }

    /// Takes a place for a user, or says that all of theirs are taken.
    pub(crate) fn share(&self, user: Uuid) -> Result<Share, Problem> {
        let Inner { what, most, taken } = &*self.0;
        let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        let places = taken.entry(user).or_default();
        if *places >= *most {
            let text =
                format!("{most} {what} of this user run already, which is as many as may at the same time");
            return Err(Problem::limited(text, Duration::from_secs(1))
                .hint("wait for the answer of some, then go on"));
        }
        *places += 1;
        Ok(Share { quota: self.clone(), user })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut taken = self.quota.0.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = taken.get_mut(&self.user) {
            *places = places.saturating_sub(1);
            if *places == 0 {
                taken.remove(&self.user);
            }
        }
    }
}

/// The places for analyses, as one user may take them.
#[derive(Debug)]
pub(crate) struct Analyses<'a> {
    pub(crate) workers: &'a Workers,
    pub(crate) shares: &'a Quota,
    pub(crate) user: Uuid,
}

impl Analyses<'_> {
    /// Runs `work` on a blocking thread when a place is free; the user's share is taken until it has ended, whether or not
    /// anybody still waits for it.
    pub(crate) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let share = self.shares.share(self.user)?;
        self.workers
            .run(move || {
                let _share = share;
                work()
            })
            .await
    }
}

/// The place of a request, which is taken when it is known whose it is, and given back when it is answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held(Arc<Mutex<Option<Share>>>);

impl Held {
    /// Takes the place of a request, once however often it is asked whose the request is.
    pub(crate) fn take(extensions: &Extensions, quota: &Quota, user: Uuid) -> Result<(), Problem> {
        let Some(Self(slot)) = extensions.get::<Self>() else { return Ok(()) };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_none() {
            *slot = Some(quota.share(user)?);
        }
        Ok(())
    }

    /// Gives the place back before the request ends.
    pub(crate) fn give_back(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// What one user, and one community, may keep. What has no setting has a number that nobody reaches who means well.
pub(crate) fn kept(config: &Config) -> Quotas {
    let megabytes = |count: NonZeroU32| u64::from(count.get()).saturating_mul(1_000_000);
    let reading_days = u64::from(config.user_reading_days.get());
    Quotas {
        devices: u64::from(config.user_devices.get()),
        recording_bytes: megabytes(config.user_storage_mb),
        communities: u64::from(config.user_communities.get()),
        reading_days,
        replaced_readings: reading_days,
        levels: 1_000_000,
        forecasts: 10_000,
        api_keys: 1000,
        sessions: 1000,
        members: u64::from(config.community_members.get()),
        agreement_bytes: megabytes(config.community_storage_mb),
        prices: 1_000_000,
        settlements: 10_000,
    }
}

/// Checks that a user may keep a recording of `bytes` more, before work is put into it; it is counted again where it is
/// stored.
pub(crate) async fn room_for_recording(
    services: &Services,
    config: &Config,
    user: Uuid,
    bytes: u64,
) -> Result<(), Problem> {
    let there = services.store().holdings(user).await?.recording_bytes;
    let most = kept(config).recording_bytes;
    if there.saturating_add(bytes) <= most {
        return Ok(());
    }
    Err(store::Error::Full { kept: Kept::RecordingBytes, there, new: bytes, most }.into())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use axum::http::StatusCode;

    use super::*;

    #[test]
    fn each_user_has_places_of_their_own_and_gets_them_back() {
        let quota = Quota::new("requests", 2);
        let (kat, eva) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let held = [quota.share(kat).unwrap(), quota.share(kat).unwrap()];
        assert_eq!(quota.share(kat).unwrap_err().status(), StatusCode::TOO_MANY_REQUESTS);
        let other = quota.share(eva).unwrap();
        drop(held);
        assert!(quota.share(kat).is_ok());
        drop(other);
        // Nothing is left of whoever has gone.
        assert!(quota.0.taken.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn one_user_cannot_take_all_places_for_analyses_nor_keep_one_by_going_away() {
        let workers = Workers::new("tests", NonZeroUsize::MIN, 3, Duration::from_mins(1));
        let quota = Quota::new("analyses", 2);
        let (kat, eva) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let of = |user| Analyses { workers: &workers, shares: &quota, user };
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let wait = |gate: &Arc<Mutex<std::sync::mpsc::Receiver<()>>>| {
            let gate = Arc::clone(gate);
            move || gate.lock().unwrap().recv().is_ok()
        };
        {
            // The one works, the other waits, and both clients go away.
            let (first, second) = (of(kat).run(wait(&gate)), of(kat).run(wait(&gate)));
            let both = async { tokio::join!(first, second) };
            assert!(tokio::time::timeout(Duration::from_millis(50), both).await.is_err());
        }
        // What has begun keeps its share, what has not gives it back.
        assert_eq!(quota.0.taken.lock().unwrap().get(&kat), Some(&1));
        let more = of(kat).run(wait(&gate));
        tokio::pin!(more);
        assert!(tokio::time::timeout(Duration::from_millis(10), more.as_mut()).await.is_err());
        assert_eq!(of(kat).run(|| ()).await.unwrap_err().status(), StatusCode::TOO_MANY_REQUESTS);
        let other = of(eva).run(|| true);
        for _ in 0..2 {
            open.send(()).unwrap();
        }
        assert!(more.await.unwrap());
        assert!(other.await.unwrap());
        assert!(quota.0.taken.lock().unwrap().is_empty());
    }

    #[test]
    fn a_request_takes_one_place_however_often_its_user_is_looked_at() {
        let quota = Quota::new("requests", 1);
        let mut extensions = Extensions::new();
        let held = Held::default();
        extensions.insert(held.clone());
        for _ in 0..2 {
            Held::take(&extensions, &quota, Uuid::from_u128(1)).unwrap();
        }
        assert!(quota.share(Uuid::from_u128(1)).is_err());
        drop((held, extensions));
        assert!(quota.share(Uuid::from_u128(1)).is_ok());
    }
}
