//! What every database must do with logins and what guards them; one list, run on each.

use std::{future::Future, num::NonZeroU32, pin::Pin, time::Duration};

use grid_core::{
    auth::{
        Decision, Ended, RefreshToken, Refreshed, Revocation, Revoked, Scopes, Session, SessionLimits,
        Throttle,
    },
    energy::Name,
    error::{Failure as _, Kind},
    store::{AuditEntry, Error, Page, Store, StoredApiKey, User, new_id},
};
use jiff::{Timestamp, ToSpan as _};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    store::{at, now},
    store_checks::new_user,
};

type Check = fn(Store) -> Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! checks {
    ($($name:ident,)*) => {
        /// The checks and their names.
        pub(crate) fn all() -> Vec<(&'static str, Check)> {
            vec![$((stringify!($name), |store| Box::pin($name(store)))),*]
        }
    };
}

checks! {
    // First, while the database has no administrator.
    a_setup_link_makes_one_administrator_once,
    a_setup_link_gives_way_expires_and_survives_a_refusal,
    an_administrator_is_one_until_told_otherwise,
    users_are_listed_a_page_at_a_time,
    a_disabled_user_has_no_session_and_gets_none,
    a_login_and_a_disabling_at_once_leave_no_live_session,
    another_password_ends_every_other_session,
    signing_keys_are_sealed_and_removed,
    an_api_key_is_found_by_its_hash_and_listed_for_its_owner,
    an_api_key_is_revoked_by_its_owner_alone,
    the_last_use_of_an_api_key_never_goes_back,
    a_second_factor_is_begun_again_until_it_is_confirmed,
    a_step_is_accepted_once_and_only_upwards,
    a_recovery_code_is_good_once_and_for_its_owner,
    audit_entries_come_back_newest_first,
    whatever_a_stranger_writes_is_recorded,
    a_throttle_lets_through_its_burst_however_many_ask_at_once,
    a_passage_is_given_back,
    the_later_of_two_revocations_counts_and_an_expired_one_is_not_given,
    a_session_comes_back_as_it_was,
    a_session_is_changed_by_one_at_a_time,
    refreshers_at_once_never_share_a_step,
    an_ended_session_stays_ended_and_its_tokens_are_revoked,
    sessions_of_a_user_are_the_live_ones,
    what_no_longer_matters_is_forgotten,
}

fn is<T: std::fmt::Debug>(result: Result<T, Error>, kind: Kind) -> Error {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    error
}

/// A hash that no other check has.
fn new_hash() -> [u8; 32] {
    let id = new_id(now());
    let mut hash = [0xff; 32];
    hash[..16].copy_from_slice(id.as_bytes());
    hash
}

fn some_user(name: &str) -> User {
    let id = new_id(now());
    let name = format!("{name}{}", id.simple());
    User::new(id, &name, &format!("{name}@example.org"), "$argon2id$".to_owned()).unwrap()
}

/// What many tasks get that ask the same at once.
async fn at_once<T, F>(tasks: u32, task: impl Fn(u32) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut running = JoinSet::new();
    for number in 0..tasks {
        running.spawn(task(number));
    }
    running.join_all().await
}

const AT_ONCE: u32 = 16;

fn until() -> Timestamp {
    now() + 15.minutes()
}

fn some_session(user_id: Uuid) -> (Session, RefreshToken) {
    let id = new_id(now());
    let first = RefreshToken::first(id).unwrap();
    let session = Session {
        id,
        user_id,
        client_id: "grid".to_owned(),
        scopes: "read write".parse().unwrap(),
        address: "192.0.2.7".to_owned(),
        user_agent: "Mozilla/5.0 (Móvil)".to_owned(),
        created_at: now(),
        used_at: now(),
        expires_at: now() + 720.hours(),
        ended: None,
        chain: Session::start(&first, new_id(now())),
    };
    (session, first)
}

async fn new_session(store: &Store, user: Uuid) -> Uuid {
    let (session, _) = some_session(user);
    store.create_session(&session).await.unwrap();
    session.id
}

async fn revoked(store: &Store, what: Revoked) -> bool {
    store.revocations(now()).await.unwrap().iter().any(|revocation| revocation.what == what)
}

async fn a_setup_link_makes_one_administrator_once(store: Store) {
    assert!(!store.has_administrator().await.unwrap());
    let hash = new_hash();
    store.replace_setup_link(&hash, now() + 1.hour(), now()).await.unwrap();
    let outcomes = at_once(AT_ONCE, |_| {
        let store = store.clone();
        async move {
            let user = some_user("setup");
            (store.use_setup_link(&hash, &user, now()).await, user.id())
        }
    })
    .await;
    let mut made = 0;
    for (outcome, id) in outcomes {
        let user = store.user(id).await.unwrap();
        if outcome.is_ok() {
            made += 1;
            assert!(user.unwrap().is_administrator());
        } else {
            is(outcome, Kind::NotFound);
            assert_eq!(user, None);
        }
    }
    assert_eq!(made, 1);
    // A link that came too late.
    let late = new_hash();
    store.replace_setup_link(&late, now() + 1.hour(), now()).await.unwrap();
    is(store.use_setup_link(&late, &some_user("late"), now()).await, Kind::NotFound);
    assert!(store.has_administrator().await.unwrap());
}

async fn a_setup_link_gives_way_expires_and_survives_a_refusal(store: Store) {
    for user in store.users(Page { after: None, limit: Page::MOST }).await.unwrap().items {
        store.set_administrator(user.id(), false).await.unwrap();
    }
    let (old, new) = (new_hash(), new_hash());
    store.replace_setup_link(&old, now() + 1.hour(), now()).await.unwrap();
    store.replace_setup_link(&new, now() + 1.hour(), now()).await.unwrap();
    let user = some_user("setup");
    let error = is(store.use_setup_link(&old, &user, now()).await, Kind::NotFound);
    assert_eq!(error.to_string(), "there is no setup link `…`");
    is(store.use_setup_link(&new, &user, now() + 1.hour()).await, Kind::NotFound);
    let taken = some_user("taken");
    store.create_user(&taken, now()).await.unwrap();
    is(store.use_setup_link(&new, &taken, now()).await, Kind::Conflict);
    store.use_setup_link(&new, &user, now() + 59.minutes()).await.unwrap();
    assert_eq!(store.user(user.id()).await.unwrap(), Some(user.administrator()));
    // Servers that start at once leave one link, and none of them fails.
    let hashes = at_once(AT_ONCE, |_| {
        let (store, hash) = (store.clone(), new_hash());
        async move { store.replace_setup_link(&hash, now() + 1.hour(), now()).await.map(|()| hash) }
    })
    .await;
    for user in store.users(Page { after: None, limit: Page::MOST }).await.unwrap().items {
        store.set_administrator(user.id(), false).await.unwrap();
    }
    let mut good = 0;
    for hash in hashes {
        let user = some_user("first");
        if store.use_setup_link(&hash.unwrap(), &user, now()).await.is_ok() {
            store.set_administrator(user.id(), false).await.unwrap();
            good += 1;
        }
    }
    assert_eq!(good, 1);
}

async fn an_administrator_is_one_until_told_otherwise(store: Store) {
    let user = some_user("root").administrator();
    store.create_user(&user, now()).await.unwrap();
    assert_eq!(store.user_by_name(user.username()).await.unwrap(), Some(user.clone()));
    // Twice, because a row that does not change is there nonetheless.
    for _ in 0..2 {
        store.set_administrator(user.id(), false).await.unwrap();
        assert!(!store.user(user.id()).await.unwrap().unwrap().is_administrator());
    }
    store.set_administrator(user.id(), true).await.unwrap();
    assert!(store.has_other_administrator(Uuid::nil()).await.unwrap());
    store.disable_user(user.id(), now(), until()).await.unwrap();
    assert!(store.has_administrator().await.unwrap(), "a disabled one counts");
    is(store.set_administrator(Uuid::nil(), true).await, Kind::NotFound);
}

async fn users_are_listed_a_page_at_a_time(store: Store) {
    let mut new = Vec::new();
    for _ in 0..5 {
        new.push(new_user(&store).await);
    }
    let (mut listed, mut page) = (Vec::new(), Page { after: None, limit: 3 });
    loop {
        let part = store.users(page).await.unwrap();
        assert!(part.items.len() <= 3);
        listed.extend(part.items.iter().map(User::id));
        match part.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    assert!(listed.is_sorted() && new.iter().all(|id| listed.contains(id)));
}

async fn a_disabled_user_has_no_session_and_gets_none(store: Store) {
    let user = new_user(&store).await;
    let other = new_session(&store, new_user(&store).await).await;
    let mut sessions = vec![new_session(&store, user).await, new_session(&store, user).await];
    sessions.sort_unstable();
    let revocations = store.disable_user(user, now(), until()).await.unwrap();
    let expected: Vec<Revocation> = sessions
        .iter()
        .map(|id| Revoked::Session(*id))
        .chain([Revoked::User(user)])
        .map(|what| Revocation { what, at: now(), until: until() })
        .collect();
    assert_eq!(revocations, expected);
    let kept = store.revocations(now()).await.unwrap();
    assert!(expected.iter().all(|revocation| kept.contains(revocation)));
    for id in sessions {
        assert_eq!(store.session(id).await.unwrap().unwrap().ended, Some((now(), Ended::Revoked)));
    }
    assert_eq!(store.session(other).await.unwrap().unwrap().ended, None);
    let error = is(store.create_session(&some_session(user).0).await, Kind::Conflict);
    assert!(matches!(error, Error::UserDisabled { .. }), "{error:?}");
    // Again: they are disabled since the first time.
    store.disable_user(user, now() + 1.hour(), until() + 1.hour()).await.unwrap();
    assert_eq!(store.user(user).await.unwrap().unwrap().disabled_at(), Some(now()));
    for _ in 0..2 {
        store.enable_user(user).await.unwrap();
        assert_eq!(store.user(user).await.unwrap().unwrap().disabled_at(), None);
    }
    new_session(&store, user).await;
    is(store.disable_user(Uuid::nil(), now(), until()).await, Kind::NotFound);
    is(store.enable_user(Uuid::nil()).await, Kind::NotFound);
    is(store.create_session(&some_session(Uuid::nil()).0).await, Kind::NotFound);
}

async fn a_login_and_a_disabling_at_once_leave_no_live_session(store: Store) {
    for _ in 0..4 {
        let user = new_user(&store).await;
        at_once(AT_ONCE, |task| {
            let (store, session) = (store.clone(), some_session(user).0);
            async move {
                if task == AT_ONCE / 2 {
                    store.disable_user(user, now(), until()).await.unwrap();
                } else if let Err(error) = store.create_session(&session).await {
                    assert!(matches!(error, Error::UserDisabled { .. }), "{error:?}");
                }
            }
        })
        .await;
        assert_eq!(store.sessions_of(user, now()).await.unwrap(), []);
    }
}

async fn another_password_ends_every_other_session(store: Store) {
    let user = new_user(&store).await;
    let (kept, ended) = (new_session(&store, user).await, new_session(&store, user).await);
    let revocations = store.change_password(user, "$argon2id$new", Some(kept), now(), until()).await.unwrap();
    let what: Vec<Revoked> = revocations.iter().map(|revocation| revocation.what).collect();
    assert_eq!(what, [Revoked::Session(ended), Revoked::User(user)]);
    assert_eq!(store.user(user).await.unwrap().unwrap().password(), "$argon2id$new");
    let live: Vec<Uuid> = store.sessions_of(user, now()).await.unwrap().iter().map(|one| one.id).collect();
    assert_eq!(live, [kept]);
    store.change_password(user, "$argon2id$new", None, now(), until()).await.unwrap();
    assert_eq!(store.sessions_of(user, now()).await.unwrap(), []);
    assert!(revoked(&store, Revoked::Session(kept)).await);
    is(store.change_password(Uuid::nil(), "", None, now(), until()).await, Kind::NotFound);
}

async fn signing_keys_are_sealed_and_removed(store: Store) {
    let kid = format!("k{}", new_id(now()).simple());
    let find = || async { store.signing_keys().await.unwrap().into_iter().find(|key| key.kid == kid) };
    store.add_signing_key(&kid, b"plain", false, now()).await.unwrap();
    assert!(!find().await.unwrap().sealed);
    for _ in 0..2 {
        store.seal_signing_key(&kid, b"sealed").await.unwrap();
    }
    let key = find().await.unwrap();
    assert_eq!((key.pkcs8.as_slice(), key.sealed, key.created_at), (b"sealed".as_slice(), true, now()));
    for _ in 0..2 {
        store.remove_signing_key(&kid).await.unwrap();
    }
    assert_eq!(find().await, None);
    is(store.seal_signing_key(&kid, b"sealed").await, Kind::NotFound);
    store.add_signing_key(&kid, b"sealed", true, now()).await.unwrap();
    assert!(find().await.unwrap().sealed);
}

fn some_api_key(owner: Uuid) -> StoredApiKey {
    StoredApiKey {
        id: new_id(now()),
        owner,
        name: Name::new("Contador 7").unwrap(),
        hint: "gridkey_Ab12…".to_owned(),
        scopes: "readings:write".parse().unwrap(),
        device: Some(Uuid::from_u128(7)),
        created_at: now(),
        expires_at: Some(now() + 1.hour()),
        last_used_at: None,
        revoked_at: None,
    }
}

async fn an_api_key_is_found_by_its_hash_and_listed_for_its_owner(store: Store) {
    let (owner, hash) = (new_user(&store).await, new_hash());
    let first = some_api_key(owner);
    store.create_api_key(&first, &hash).await.unwrap();
    assert_eq!(store.api_key_by_hash(&hash).await.unwrap(), Some(first.clone()));
    assert_eq!(store.api_key_by_hash(&new_hash()).await.unwrap(), None);
    let plain =
        StoredApiKey { scopes: Scopes::default(), device: None, expires_at: None, ..some_api_key(owner) };
    store.create_api_key(&plain, &new_hash()).await.unwrap();
    let mut both = vec![first.clone(), plain];
    both.sort_by_key(|key| key.id);
    assert_eq!(store.api_keys_of(owner, Page::FIRST).await.unwrap().items, both);
    let page = store.api_keys_of(owner, Page { after: None, limit: 1 }).await.unwrap();
    assert_eq!((page.items.as_slice(), page.next), (&both[..1], Some(both[0].id)));
    is(store.create_api_key(&some_api_key(owner), &hash).await, Kind::Conflict);
    is(store.create_api_key(&first, &new_hash()).await, Kind::Conflict);
    is(store.create_api_key(&some_api_key(Uuid::nil()), &new_hash()).await, Kind::NotFound);
}

async fn an_api_key_is_revoked_by_its_owner_alone(store: Store) {
    let (owner, hash) = (new_user(&store).await, new_hash());
    let key = some_api_key(owner);
    store.create_api_key(&key, &hash).await.unwrap();
    is(store.revoke_api_key(new_user(&store).await, key.id, now()).await, Kind::NotFound);
    assert_eq!(store.api_key_by_hash(&hash).await.unwrap().unwrap().revoked_at, None);
    store.revoke_api_key(owner, key.id, now()).await.unwrap();
    store.revoke_api_key(owner, key.id, now() + 1.hour()).await.unwrap();
    assert_eq!(store.api_key_by_hash(&hash).await.unwrap().unwrap().revoked_at, Some(now()));
    is(store.revoke_api_key(owner, Uuid::nil(), now()).await, Kind::NotFound);
}

async fn the_last_use_of_an_api_key_never_goes_back(store: Store) {
    let (owner, hash) = (new_user(&store).await, new_hash());
    let key = some_api_key(owner);
    store.create_api_key(&key, &hash).await.unwrap();
    for (minute, last) in [(3, 3), (1, 3), (4, 4)] {
        store.note_api_key_use(key.id, now() + minute.minutes()).await.unwrap();
        let found = store.api_key_by_hash(&hash).await.unwrap().unwrap();
        assert_eq!(found.last_used_at, Some(now() + last.minutes()));
    }
    store.note_api_key_use(Uuid::nil(), now()).await.unwrap();
}

async fn a_second_factor_is_begun_again_until_it_is_confirmed(store: Store) {
    let user = new_user(&store).await;
    assert_eq!(store.second_factor(user).await.unwrap(), None);
    is(store.confirm_second_factor(user, 1, &[], now()).await, Kind::NotFound);
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

    let same = new_hash();
    is(store.confirm_second_factor(user, 7, &[same, same], now()).await, Kind::Conflict);
    assert_eq!(store.second_factor(user).await.unwrap().unwrap().confirmed_at, None, "all of it or nothing");
    store.confirm_second_factor(user, 7, &[new_hash(), new_hash()], now()).await.unwrap();
    let confirmed = store.second_factor(user).await.unwrap().unwrap();
    assert_eq!((confirmed.confirmed_at, confirmed.last_step), (Some(now()), Some(7)));
    assert_eq!(store.recovery_codes_left(user).await.unwrap(), 2);
    is(store.confirm_second_factor(user, 8, &[], now()).await, Kind::Conflict);
    is(store.begin_second_factor(user, b"third", now()).await, Kind::Conflict);
    assert_eq!(store.second_factor(user).await.unwrap().unwrap(), confirmed);

    store.remove_second_factor(user).await.unwrap();
    assert_eq!(store.second_factor(user).await.unwrap(), None);
    assert_eq!(store.recovery_codes_left(user).await.unwrap(), 0);
    store.begin_second_factor(user, b"fourth", now()).await.unwrap();
    is(store.begin_second_factor(Uuid::nil(), b"x", now()).await, Kind::NotFound);
}

async fn a_step_is_accepted_once_and_only_upwards(store: Store) {
    let user = new_user(&store).await;
    store.begin_second_factor(user, b"secret", now()).await.unwrap();
    store.confirm_second_factor(user, 100, &[], now()).await.unwrap();
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

async fn a_recovery_code_is_good_once_and_for_its_owner(store: Store) {
    let (user, other) = (new_user(&store).await, new_user(&store).await);
    let codes = [new_hash(), new_hash(), new_hash()];
    store.begin_second_factor(user, b"secret", now()).await.unwrap();
    store.confirm_second_factor(user, 1, &codes, now()).await.unwrap();
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

async fn audit_entries_come_back_newest_first(store: Store) {
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
    assert_eq!(store.audit(Page { after: None, limit: 4 }, None, None).await.unwrap().items, entries);
    let first = store.audit(Page { after: None, limit: 2 }, None, Some(&action)).await.unwrap();
    assert_eq!((first.items, first.next), (those(&[0, 2]), Some(entries[2].id)));
    let second = store.audit(Page { after: first.next, limit: 2 }, None, Some(&action)).await.unwrap();
    assert_eq!((second.items, second.next), (those(&[3]), None));
    is(store.record(&entries[0]).await, Kind::Conflict);
}

async fn whatever_a_stranger_writes_is_recorded(store: Store) {
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
    store.create_session(&session).await.unwrap();
    assert_eq!(store.session(session.id).await.unwrap().unwrap().user_agent, expected);
}

fn some_throttle(burst: u32) -> Throttle {
    Throttle::new(NonZeroU32::new(burst).unwrap(), Duration::from_mins(1))
}

async fn a_throttle_lets_through_its_burst_however_many_ask_at_once(store: Store) {
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

async fn a_passage_is_given_back(store: Store) {
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

async fn the_later_of_two_revocations_counts_and_an_expired_one_is_not_given(store: Store) {
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

async fn a_session_comes_back_as_it_was(store: Store) {
    let user = new_user(&store).await;
    let (session, _) = some_session(user);
    store.create_session(&session).await.unwrap();
    assert_eq!(store.session(session.id).await.unwrap(), Some(session.clone()));
    assert_eq!(store.session(Uuid::nil()).await.unwrap(), None);
    is(store.create_session(&session).await, Kind::Conflict);
    let (whole, _) = some_session(user);
    for why in [Ended::LoggedOut, Ended::Replayed, Ended::Revoked] {
        let mut whole = Session { id: new_id(now()), ..whole.clone() };
        whole.chain.previous = Some((new_hash(), at("2026-01-31T23:59:59.999999Z")));
        whole.end(why, now());
        store.create_session(&whole).await.unwrap();
        assert_eq!(store.session(whole.id).await.unwrap(), Some(whole));
    }
}

async fn a_session_is_changed_by_one_at_a_time(store: Store) {
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
async fn refreshers_at_once_never_share_a_step(store: Store) {
    let user = new_user(&store).await;
    for round in 0..6_i64 {
        let (session, first) = some_session(user);
        store.create_session(&session).await.unwrap();
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

async fn an_ended_session_stays_ended_and_its_tokens_are_revoked(store: Store) {
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

async fn sessions_of_a_user_are_the_live_ones(store: Store) {
    let (user, other) = (new_user(&store).await, new_user(&store).await);
    let (kept, ended, others) =
        (new_session(&store, user).await, new_session(&store, user).await, new_session(&store, other).await);
    let (short, _) = some_session(user);
    let short = Session { expires_at: now() + 1.hour(), ..short };
    store.create_session(&short).await.unwrap();
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

async fn what_no_longer_matters_is_forgotten(store: Store) {
    let user = new_user(&store).await;
    let (live, ended, expired) =
        (new_session(&store, user).await, new_session(&store, user).await, some_session(user).0);
    let expired = Session { expires_at: now(), ..expired };
    store.create_session(&expired).await.unwrap();
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
