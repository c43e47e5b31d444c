//! Second factors, the audit and throttles.

use std::{num::NonZeroU32, time::Duration};

use grid_core::{
    auth::{Decision, Session, Throttle},
    error::Kind,
    store::{AuditEntry, Page, Store, new_id},
};
use jiff::{Timestamp, ToSpan as _};
use uuid::Uuid;

use super::{AT_ONCE, at_once, is, new_hash, some_session};
use crate::{
    store::now,
    store_checks::{HASH, new_user},
};

pub(super) async fn a_second_factor_is_begun_again_until_it_is_confirmed(store: Store) {
    let user = new_user(&store).await;
    assert_eq!(store.second_factor(user).await.unwrap(), None);
    is(store.confirm_second_factor(user, b"first", 1, &[], now()).await, Kind::NotFound);
    for outcome in at_once(AT_ONCE, |_| {
        let store = store.clone();
        async move { store.begin_second_factor(user, b"first", now()).await }
    })
    .await
    {
        outcome.unwrap();
    }
    store.begin_second_factor(user, b"second secret", now()).await.unwrap();
    let begun = store.second_factor(user).await.unwrap().unwrap();
    assert_eq!((begun.secret.as_slice(), begun.confirmed_at), (b"second secret".as_slice(), None));
    assert!(!format!("{begun:?}").contains("115, 101, 99"), "the secret is not shown");
    assert!(!store.accept_step(user, 5).await.unwrap(), "it is not in force");

    // A code of the secret that another request has replaced puts nothing in force.
    is(store.confirm_second_factor(user, b"first", 7, &[], now()).await, Kind::NotFound);
    let same = new_hash();
    is(store.confirm_second_factor(user, b"second secret", 7, &[same, same], now()).await, Kind::Conflict);
    assert_eq!(store.second_factor(user).await.unwrap().unwrap().confirmed_at, None, "all of it or nothing");
    store.confirm_second_factor(user, b"second secret", 7, &[new_hash(), new_hash()], now()).await.unwrap();
    let confirmed = store.second_factor(user).await.unwrap().unwrap();
    assert_eq!((confirmed.confirmed_at, confirmed.last_step), (Some(now()), Some(7)));
    assert_eq!(store.recovery_codes_left(user).await.unwrap(), 2);
    is(store.confirm_second_factor(user, b"second secret", 8, &[], now()).await, Kind::Conflict);
    is(store.begin_second_factor(user, b"third", now()).await, Kind::Conflict);
    assert_eq!(store.second_factor(user).await.unwrap().unwrap(), confirmed);

    store.remove_second_factor(user).await.unwrap();
    assert_eq!(store.second_factor(user).await.unwrap(), None);
    assert_eq!(store.recovery_codes_left(user).await.unwrap(), 0);
    store.begin_second_factor(user, b"fourth", now()).await.unwrap();
    is(store.begin_second_factor(Uuid::nil(), b"x", now()).await, Kind::NotFound);
}

pub(super) async fn a_step_is_accepted_once_and_only_upwards(store: Store) {
    let user = new_user(&store).await;
    store.begin_second_factor(user, b"secret", now()).await.unwrap();
    store.confirm_second_factor(user, b"secret", 100, &[], now()).await.unwrap();
    for (step, accepted) in [(100, false), (99, false), (101, true), (101, false), (104, true), (102, false)]
    {
        assert_eq!(store.accept_step(user, step).await.unwrap(), accepted, "{step}");
    }
    for step in 105..110 {
        let accepted = at_once(AT_ONCE, |_| {
            let store = store.clone();
            async move { store.accept_step(user, step).await.unwrap() }
        })
        .await;
        assert_eq!(accepted.iter().filter(|accepted| **accepted).count(), 1, "{accepted:?}");
    }
    assert!(!store.accept_step(new_user(&store).await, 200).await.unwrap());
}

pub(super) async fn a_recovery_code_is_good_once_and_for_its_owner(store: Store) {
    let (user, other) = (new_user(&store).await, new_user(&store).await);
    let codes = [new_hash(), new_hash(), new_hash()];
    store.begin_second_factor(user, b"secret", now()).await.unwrap();
    store.confirm_second_factor(user, b"secret", 1, &codes, now()).await.unwrap();
    assert!(!store.use_recovery_code(other, &codes[0], now()).await.unwrap());
    assert!(!store.use_recovery_code(user, &new_hash(), now()).await.unwrap());
    for (code, left) in codes.into_iter().zip([2, 1, 0]) {
        let used = at_once(AT_ONCE, |_| {
            let store = store.clone();
            async move { store.use_recovery_code(user, &code, now()).await.unwrap() }
        })
        .await;
        assert_eq!(used.iter().filter(|used| **used).count(), 1, "{used:?}");
        assert_eq!(store.recovery_codes_left(user).await.unwrap(), left);
    }
}

fn some_entry(actor: Option<Uuid>, action: &str, second: i64) -> AuditEntry {
    let at = now() + second.seconds();
    AuditEntry {
        id: new_id(at),
        at,
        actor,
        actor_name: "ana".to_owned(),
        action: action.to_owned(),
        target: "user ana".to_owned(),
        succeeded: second % 2 == 0,
        reason: (second % 2 == 1).then(|| "wrong password".to_owned()),
        address: "192.0.2.7".to_owned(),
        token_hash: (second % 2 == 0).then(new_hash),
        request_id: "r1".to_owned(),
    }
}

pub(super) async fn audit_entries_come_back_newest_first(store: Store) {
    let (ana, ben) = (Some(new_user(&store).await), Some(new_user(&store).await));
    let action = format!("act{}", new_id(now()).simple());
    let mut entries = vec![
        some_entry(ana, &action, 1),
        some_entry(ben, &action, 2),
        some_entry(ana, "login", 3),
        some_entry(None, &action, 4),
    ];
    for entry in &entries {
        store.record(entry).await.unwrap();
    }
    entries.reverse();
    let those = |positions: &[usize]| -> Vec<AuditEntry> {
        positions.iter().map(|position| entries[*position].clone()).collect()
    };
    let list = |actor, action| {
        let store = &store;
        async move { store.audit(Page::FIRST, actor, action).await.unwrap().items }
    };
    assert_eq!(list(None, Some(&*action)).await, those(&[0, 2, 3]));
    assert_eq!(list(ana, None).await, those(&[1, 3]));
    assert_eq!(list(ana, Some(&*action)).await, those(&[3]));
    assert_eq!(list(ben, Some("login")).await, []);
    assert_eq!(list(None, Some(&*action.to_uppercase())).await, [], "case counts");
    // What other checks did is later by weeks.
    let these = Page { after: Some(new_id(now() + 5.seconds())), limit: 4 };
    assert_eq!(store.audit(these, None, None).await.unwrap().items, entries);
    let first = store.audit(Page { after: None, limit: 2 }, None, Some(&action)).await.unwrap();
    assert_eq!((first.items, first.next), (those(&[0, 2]), Some(entries[2].id)));
    let second = store.audit(Page { after: first.next, limit: 2 }, None, Some(&action)).await.unwrap();
    assert_eq!((second.items, second.next), (those(&[3]), None));
    is(store.record(&entries[0]).await, Kind::Conflict);
}

pub(super) async fn whatever_a_stranger_writes_is_recorded(store: Store) {
    let action = format!("act{}", new_id(now()).simple());
    let rubbish = "' OR 1=1 --\0\u{1f980}\u{7}".to_owned() + &"x".repeat(70_000);
    let entry = AuditEntry {
        actor_name: rubbish.clone(),
        target: rubbish.clone(),
        reason: Some(rubbish.clone()),
        address: rubbish.clone(),
        request_id: rubbish.clone(),
        ..some_entry(None, &action, 0)
    };
    store.record(&entry).await.unwrap();
    let kept = store.audit(Page::FIRST, None, Some(&action)).await.unwrap().items;
    let expected = rubbish.replace('\0', "\u{fffd}");
    assert_eq!(kept[0].actor_name, expected);
    assert_eq!(kept[0].reason.as_ref(), Some(&expected));
    assert_eq!(store.audit(Page::FIRST, None, Some("a\0b")).await.unwrap().items, []);
    let (session, _) = some_session(new_user(&store).await);
    let session = Session { client_id: rubbish.clone(), user_agent: rubbish, ..session };
    store.create_session(&session, HASH).await.unwrap();
    assert_eq!(store.session(session.id).await.unwrap().unwrap().user_agent, expected);
}

pub(super) fn some_throttle(burst: u32) -> Throttle {
    Throttle::new(NonZeroU32::new(burst).unwrap(), Duration::from_mins(1))
}

pub(super) async fn a_throttle_lets_through_its_burst_however_many_ask_at_once(store: Store) {
    for burst in [1, 5] {
        let (key, throttle) = (new_hash(), some_throttle(burst));
        let ask = |now: Timestamp| {
            at_once(AT_ONCE, {
                let store = store.clone();
                move |_| {
                    let store = store.clone();
                    async move { store.pass_throttle(&key, &throttle, now).await.unwrap() }
                }
            })
        };
        let passed = |decisions: &[Decision]| {
            decisions.iter().filter(|decision| matches!(decision, Decision::Passed { .. })).count()
        };
        assert_eq!(passed(&ask(now()).await), usize::try_from(burst).unwrap());
        let refused = store.pass_throttle(&key, &throttle, now() + 1.second()).await.unwrap();
        assert_eq!(refused, Decision::Refused { retry_after: Duration::from_secs(59) });
        assert_eq!(passed(&ask(now() + 2.minutes()).await), usize::try_from(burst.min(2)).unwrap());
    }
}

pub(super) async fn a_passage_is_given_back(store: Store) {
    let (key, other, throttle) = (new_hash(), new_hash(), some_throttle(2));
    store.give_back(&key, &throttle).await.unwrap();
    let passes = async |key| {
        let decision = store.pass_throttle(key, &throttle, now()).await.unwrap();
        matches!(decision, Decision::Passed { .. })
    };
    assert_eq!((passes(&key).await, passes(&key).await, passes(&key).await), (true, true, false));
    store.give_back(&other, &throttle).await.unwrap();
    assert!(!passes(&key).await, "what another gives back is not this one's");
    store.give_back(&key, &throttle).await.unwrap();
    assert_eq!((passes(&key).await, passes(&key).await), (true, false));
}

pub(super) async fn failed_logins_are_forgotten_and_all_else_is_kept(store: Store) {
    let user = new_user(&store).await;
    let (old, later) = (now() - Store::FAILED_LOGIN_MEMORY - 1.second(), now() - Store::FAILED_LOGIN_MEMORY);
    let entry = |at, action: &str, succeeded| AuditEntry {
        actor: Some(user),
        succeeded,
        ..AuditEntry::by_program("ana", action, at)
    };
    for (at, action, succeeded) in
        [(old, "login", false), (old, "login", true), (old, "session.end", false), (later, "login", false)]
    {
        store.record(&entry(at, action, succeeded)).await.unwrap();
    }
    store.prune_auth(now()).await.unwrap();
    let left = store.audit(Page::FIRST, Some(user), None).await.unwrap().items;
    let mut left: Vec<_> = left.into_iter().map(|entry| (entry.at, entry.action, entry.succeeded)).collect();
    left.sort();
    let mut wanted = vec![
        (old, "login".to_owned(), true),
        (old, "session.end".to_owned(), false),
        (later, "login".to_owned(), false),
    ];
    wanted.sort();
    assert_eq!(left, wanted);
}
