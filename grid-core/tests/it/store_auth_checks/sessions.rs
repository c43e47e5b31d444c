//! Sessions and revocations, and what is forgotten of them.

use grid_core::{
    auth::{Decision, Ended, Refreshed, Revocation, Revoked, Session, SessionLimits},
    error::Kind,
    store::{Quotas, Store, new_id},
};
use jiff::ToSpan as _;
use uuid::Uuid;

use super::{
    AT_ONCE, at_once, factors::some_throttle, is, new_hash, new_session, revoked, some_session, until,
};
use crate::{
    store::{at, now},
    store_checks::{HASH, new_user},
};

pub(super) async fn the_later_of_two_revocations_counts_and_an_expired_one_is_not_given(store: Store) {
    let id = new_id(now());
    for what in [Revoked::Session(id), Revoked::Token(id), Revoked::User(id)] {
        let first = Revocation { what, at: now() + 2.minutes(), until: now() + 5.minutes() };
        let second = Revocation { what, at: now() + 1.minute(), until: now() + 9.minutes() };
        store.revoke(&first).await.unwrap();
        store.revoke(&second).await.unwrap();
        let merged = Revocation { what, at: first.at, until: second.until };
        let about = async |now| -> Vec<Revocation> {
            let all = store.revocations(now).await.unwrap();
            all.into_iter().filter(|revocation| revocation.what == what).collect()
        };
        assert_eq!(about(now()).await, [merged]);
        assert_eq!(about(now() + 8.minutes()).await, [merged]);
        assert_eq!(about(now() + 9.minutes()).await, []);
    }
}

pub(super) async fn a_session_comes_back_as_it_was(store: Store) {
    let user = new_user(&store).await;
    let (session, _) = some_session(user);
    store.create_session(&session, HASH).await.unwrap();
    assert_eq!(store.session(session.id).await.unwrap(), Some(session.clone()));
    assert_eq!(store.session(Uuid::nil()).await.unwrap(), None);
    is(store.create_session(&session, HASH).await, Kind::Conflict);
    let (whole, _) = some_session(user);
    for why in [Ended::LoggedOut, Ended::Replayed, Ended::Revoked] {
        let mut whole = Session { id: new_id(now()), ..whole.clone() };
        whole.chain.previous = Some((new_hash(), at("2026-01-31T23:59:59.999999Z")));
        whole.end(why, now());
        store.create_session(&whole, HASH).await.unwrap();
        assert_eq!(store.session(whole.id).await.unwrap(), Some(whole));
    }
}

pub(super) async fn a_session_is_changed_by_one_at_a_time(store: Store) {
    let user = new_user(&store).await;
    let id = new_session(&store, user).await;
    at_once(AT_ONCE, |_| {
        let store = store.clone();
        async move {
            let step = |before: &Session| {
                let after = Session { used_at: before.used_at + 1.second(), ..before.clone() };
                (after, ())
            };
            store.update_session(id, step).await.unwrap().unwrap();
        }
    })
    .await;
    let used_at = store.session(id).await.unwrap().unwrap().used_at;
    assert_eq!(used_at, now() + i64::from(AT_ONCE).seconds(), "no change is lost");
    let token = Revoked::Token(new_id(now()));
    let revoking = |before: &Session| {
        (before.clone(), Some(Revocation { what: token, at: now(), until: until() }), "answer")
    };
    assert_eq!(store.update_session_revoking(Uuid::nil(), revoking).await.unwrap(), None);
    assert!(!revoked(&store, token).await);
    assert_eq!(store.update_session_revoking(id, revoking).await.unwrap(), Some("answer"));
    assert!(revoked(&store, token).await);
}

/// Two clients hold the same refresh token, each with its own clock, and refresh as often as they like: each step of the
/// chain gives a token to one of them, and a repeat says which pair is void.
pub(super) async fn refreshers_at_once_never_share_a_step(store: Store) {
    let user = new_user(&store).await;
    for round in 0..6_i64 {
        let (session, first) = some_session(user);
        store.create_session(&session, HASH).await.unwrap();
        let answers = at_once(2, |client| {
            let (store, mut held, id) = (store.clone(), first.clone(), session.id);
            async move {
                let mut got = Vec::new();
                for step in 0..6_i64 {
                    let next = held.next().unwrap();
                    let access_token = new_id(now());
                    let at = now() + (step * (5 + 20 * (round % 3)) + i64::from(client)).seconds();
                    let (before, answer) = store
                        .update_session(id, |before| {
                            let (after, answer) =
                                before.refresh(&held, &next, access_token, SessionLimits::default(), at);
                            (after, (before.chain.clone(), answer))
                        })
                        .await
                        .unwrap()
                        .unwrap();
                    let Ok(refreshed) = answer else { break };
                    got.push((before, refreshed, access_token));
                    held = next;
                }
                got
            }
        })
        .await;
        let got: Vec<_> = answers.into_iter().flatten().collect();
        assert!(!got.is_empty());
        // The state that a token was given from is given up by it: no two come from the same.
        for (position, (before, refreshed, _)) in got.iter().enumerate() {
            assert!(got[..position].iter().all(|(other, ..)| other != before), "{before:?}");
            if let Refreshed::Again { lost } = refreshed {
                assert_eq!(*lost, before.access_token);
            }
        }
        // What stands is what was given last, and every other access token was used up or is void.
        let after = store.session(session.id).await.unwrap().unwrap();
        let given: Vec<Uuid> = got.iter().map(|(.., access_token)| *access_token).collect();
        assert!(given.contains(&after.chain.access_token));
        for token in given.iter().filter(|token| **token != after.chain.access_token) {
            assert_eq!(got.iter().filter(|(before, ..)| before.access_token == *token).count(), 1);
        }
    }
}

pub(super) async fn an_ended_session_stays_ended_and_its_tokens_are_revoked(store: Store) {
    let user = new_user(&store).await;
    let id = new_session(&store, user).await;
    let revocation = Revocation { what: Revoked::Session(id), at: now(), until: until() };
    let ended = store.end_session(id, Ended::LoggedOut, now(), until()).await.unwrap();
    assert_eq!(ended, Some(revocation));
    assert!(store.revocations(now()).await.unwrap().contains(&revocation));
    store.end_session(id, Ended::Revoked, now() + 1.minute(), until() + 1.minute()).await.unwrap();
    assert_eq!(store.session(id).await.unwrap().unwrap().ended, Some((now(), Ended::LoggedOut)));
    let kept = store.revocations(now()).await.unwrap();
    let kept = kept.iter().find(|revocation| revocation.what == Revoked::Session(id)).unwrap();
    assert_eq!(kept.until, until() + 1.minute());
    let nobody = new_id(now());
    assert_eq!(store.end_session(nobody, Ended::LoggedOut, now(), until()).await.unwrap(), None);
    assert!(!revoked(&store, Revoked::Session(nobody)).await);
    // One who ends all sessions, and one who ends each: nobody waits for the other for ever.
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(new_session(&store, user).await);
    }
    at_once(6, |task| {
        let (store, id) = (store.clone(), ids[usize::try_from(5 - task).unwrap()]);
        async move {
            if task % 2 == 0 {
                store.end_sessions_of(user, None, now(), until()).await.unwrap();
            } else {
                store.end_session(id, Ended::LoggedOut, now(), until()).await.unwrap();
            }
        }
    })
    .await;
    assert_eq!(store.sessions_of(user, now()).await.unwrap(), []);
    for id in ids {
        assert!(revoked(&store, Revoked::Session(id)).await);
    }
}

pub(super) async fn sessions_of_a_user_are_the_live_ones(store: Store) {
    let (user, other) = (new_user(&store).await, new_user(&store).await);
    let (kept, ended, others) =
        (new_session(&store, user).await, new_session(&store, user).await, new_session(&store, other).await);
    let (short, _) = some_session(user);
    let short = Session { expires_at: now() + 1.hour(), ..short };
    store.create_session(&short, HASH).await.unwrap();
    store.end_session(ended, Ended::LoggedOut, now(), until()).await.unwrap();
    let live = async |user, now| -> Vec<Uuid> {
        store.sessions_of(user, now).await.unwrap().iter().map(|session| session.id).collect()
    };
    let mut both = vec![kept, short.id];
    both.sort_unstable();
    assert_eq!(live(user, now() + 59.minutes()).await, both);
    assert_eq!(live(user, now() + 1.hour()).await, [kept]);
    let revocations = store.end_sessions_of(user, Some(kept), now(), until()).await.unwrap();
    assert_eq!(revocations, [Revocation { what: Revoked::Session(short.id), at: now(), until: until() }]);
    assert_eq!(live(user, now()).await, [kept]);
    assert_eq!(live(other, now()).await, [others]);
    assert!(!revoked(&store, Revoked::User(user)).await);
}

pub(super) async fn what_no_longer_matters_is_forgotten(store: Store) {
    let user = new_user(&store).await;
    let (live, ended, expired) =
        (new_session(&store, user).await, new_session(&store, user).await, some_session(user).0);
    let expired = Session { expires_at: now(), ..expired };
    store.create_session(&expired, HASH).await.unwrap();
    store.end_session(ended, Ended::LoggedOut, now(), now() + 1.second()).await.unwrap();
    let (key, throttle) = (new_hash(), some_throttle(1));
    store.pass_throttle(&key, &throttle, now()).await.unwrap();
    let there = async |id| store.session(id).await.unwrap().is_some();

    store.prune_auth(now()).await.unwrap();
    assert!(revoked(&store, Revoked::Session(ended)).await);
    let again = store.pass_throttle(&key, &throttle, now()).await.unwrap();
    assert!(matches!(again, Decision::Refused { .. }), "it is not forgotten while it says something");
    store.prune_auth(now() + Store::SESSION_MEMORY).await.unwrap();
    assert!(there(live).await && there(ended).await && there(expired.id).await);
    assert!(!revoked(&store, Revoked::Session(ended)).await);
    let again = store.pass_throttle(&key, &throttle, now()).await.unwrap();
    assert!(matches!(again, Decision::Passed { .. }), "it was forgotten");
    store.prune_auth(now() + Store::SESSION_MEMORY + 1.millisecond()).await.unwrap();
    assert!(there(live).await && !there(ended).await && !there(expired.id).await);
}

pub(super) async fn whoever_logs_in_all_day_loses_the_sessions_that_were_not_used(store: Store) {
    let user = new_user(&store).await;
    let store = store.with_quotas(Quotas { sessions: 3, ..Quotas::NONE });
    let used = |minutes: i64| Session { used_at: now() + minutes.minutes(), ..some_session(user).0 };
    let sessions = [used(5), used(1), used(3), used(9)];
    for session in &sessions[..3] {
        store.create_session(session, HASH).await.unwrap();
    }
    store.end_session(sessions[0].id, Ended::LoggedOut, now(), until()).await.unwrap();
    let there = async |place: usize| store.session(sessions[place].id).await.unwrap().is_some();
    store.create_session(&sessions[3], HASH).await.unwrap();
    assert!(!there(0).await && there(1).await && there(2).await && there(3).await, "the one that had ended");
    store.create_session(&used(0), HASH).await.unwrap();
    assert!(!there(1).await && there(2).await && there(3).await, "the one that was not used for longest");
}
