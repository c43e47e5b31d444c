//! Requests that may come again, which are run once and remembered for a while, on every backend.

use grid_core::store::{Claim, KeptAnswer, Store, new_id};
use jiff::{Timestamp, ToSpan as _};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    store::now,
    store_checks::{checks, new_user},
};

checks! {
    of_many_who_claim_a_request_at_once_one_runs_it,
    an_answer_comes_back_as_it_was_kept,
    a_claim_that_was_given_back_can_be_taken_again_and_a_lost_one_cannot,
    a_request_is_forgotten_when_its_time_is_over,
    whoever_comes_too_late_changes_nothing,
    of_one_owner_no_more_are_remembered_than_may_be,
}

/// More than any check but one claims.
const MOST: u64 = 1000;

/// A hash that no other check uses.
fn hash() -> [u8; 32] {
    let [first, second] = [(); 2].map(|()| *new_id(now()).as_bytes());
    let both: Vec<u8> = first.into_iter().chain(second).collect();
    both.try_into().unwrap()
}

fn end() -> Timestamp {
    now() + 24.hours()
}

async fn claimed(store: &Store, hash: &[u8; 32], owner: Uuid) -> Uuid {
    match store.claim_request(hash, owner, end(), now(), MOST).await.unwrap() {
        Claim::Run(id) => id,
        other => panic!("{other:?}"),
    }
}

async fn of_many_who_claim_a_request_at_once_one_runs_it(store: Store) {
    let owner = new_user(&store).await;
    for _ in 0..5 {
        let hash = hash();
        let mut claims = JoinSet::new();
        for _ in 0..8 {
            let store = store.clone();
            claims.spawn(async move { store.claim_request(&hash, owner, end(), now(), MOST).await.unwrap() });
        }
        let claims = claims.join_all().await;
        assert_eq!(claims.iter().filter(|claim| matches!(claim, Claim::Run(_))).count(), 1, "{claims:?}");
        assert_eq!(
            claims.iter().filter(|claim| **claim == Claim::Running { since: now() }).count(),
            7,
            "{claims:?}"
        );
    }
}

async fn an_answer_comes_back_as_it_was_kept(store: Store) {
    let owner = new_user(&store).await;
    // As large as one can be, with all bytes.
    let large: Vec<u8> = (0..(256_u32 << 10) + 300).map(|byte| byte.to_le_bytes()[0]).collect();
    for (status, answer) in [(201, Some(large)), (422, Some(Vec::new())), (200, None)] {
        let hash = hash();
        let claim = claimed(&store, &hash, owner).await;
        let kept = KeptAnswer { fingerprint: [7; 32], status, answer };
        store.settle_request(&hash, claim, &kept).await.unwrap();
        let again = store.claim_request(&hash, owner, end(), now() + 1.hour(), MOST).await.unwrap();
        assert_eq!(again, Claim::Answered(kept));
    }
}

async fn a_claim_that_was_given_back_can_be_taken_again_and_a_lost_one_cannot(store: Store) {
    let owner = new_user(&store).await;
    let hash = hash();
    let first = claimed(&store, &hash, owner).await;
    store.give_request_back(&hash, first).await.unwrap();
    let second = claimed(&store, &hash, owner).await;
    assert_ne!(first, second);
    store.lose_request(&hash, second).await.unwrap();
    assert_eq!(store.claim_request(&hash, owner, end(), now(), MOST).await.unwrap(), Claim::Unknown);
}

async fn a_request_is_forgotten_when_its_time_is_over(store: Store) {
    let owner = new_user(&store).await;
    let [old, other] = [hash(), hash()];
    let kept = KeptAnswer { fingerprint: [7; 32], status: 201, answer: None };
    for hash in [&old, &other] {
        let claim = claimed(&store, hash, owner).await;
        store.settle_request(hash, claim, &kept).await.unwrap();
    }
    let last = end() - 1.microsecond();
    store.prune_requests(last).await.unwrap();
    assert_eq!(store.claim_request(&old, owner, end(), last, MOST).await.unwrap(), Claim::Answered(kept));
    // Also where nobody has removed it yet.
    let again = store.claim_request(&old, owner, end() + 24.hours(), end(), MOST).await.unwrap();
    assert!(matches!(again, Claim::Run(_)), "{again:?}");
    let running = store.claim_request(&old, owner, end() + 24.hours(), end(), MOST).await.unwrap();
    assert_eq!(running, Claim::Running { since: end() });
    store.prune_requests(end()).await.unwrap();
    // It was removed, and not only too old.
    assert!(matches!(store.claim_request(&other, owner, end(), now(), MOST).await.unwrap(), Claim::Run(_)));
}

async fn whoever_comes_too_late_changes_nothing(store: Store) {
    let owner = new_user(&store).await;
    let hash = hash();
    let late = claimed(&store, &hash, owner).await;
    store.give_request_back(&hash, late).await.unwrap();
    claimed(&store, &hash, owner).await;
    let kept = KeptAnswer { fingerprint: [7; 32], status: 201, answer: None };
    store.settle_request(&hash, late, &kept).await.unwrap();
    store.lose_request(&hash, late).await.unwrap();
    store.give_request_back(&hash, late).await.unwrap();
    let now = store.claim_request(&hash, owner, end(), now(), MOST).await.unwrap();
    assert!(matches!(now, Claim::Running { .. }), "{now:?}");
}

async fn of_one_owner_no_more_are_remembered_than_may_be(store: Store) {
    let (owner, other) = (new_user(&store).await, new_user(&store).await);
    let claim =
        async |hash: [u8; 32], owner, now| store.claim_request(&hash, owner, end(), now, 3).await.unwrap();
    let kept = [hash(), hash(), hash()];
    for one in kept {
        assert!(matches!(claim(one, owner, now()).await, Claim::Run(_)));
    }
    let next = hash();
    assert_eq!(claim(next, owner, now()).await, Claim::TooMany);
    // Nothing is left of it, and what is there already is told as before.
    assert_eq!(claim(next, owner, now()).await, Claim::TooMany);
    assert!(matches!(claim(kept[0], owner, now()).await, Claim::Running { .. }));
    assert!(matches!(claim(hash(), other, now()).await, Claim::Run(_)));
    // When their time is over there is room again.
    let later = store.claim_request(&next, owner, end() + 24.hours(), end(), 3).await.unwrap();
    assert!(matches!(later, Claim::Run(_)), "{later:?}");
}
