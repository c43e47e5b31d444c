//! Users, setup links, signing keys and API keys.

use grid_core::{
    auth::{Ended, Revocation, Revoked, Scopes},
    energy::Name,
    error::Kind,
    store::{Error, Page, Quotas, Store, StoredApiKey, User, new_id},
};
use jiff::ToSpan as _;
use uuid::Uuid;

use super::{AT_ONCE, at_once, is, new_hash, new_session, revoked, some_session, some_user, until};
use crate::{
    store::now,
    store_checks::{HASH, new_user},
};

pub(super) async fn a_setup_link_makes_one_administrator_once(store: Store) {
    assert!(!store.has_administrator().await.unwrap());
    let hash = new_hash();
    store.keep_setup_link(&hash, now() + 1.hour(), now()).await.unwrap();
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
    store.keep_setup_link(&late, now() + 1.hour(), now()).await.unwrap();
    is(store.use_setup_link(&late, &some_user("late"), now()).await, Kind::NotFound);
    assert!(store.has_administrator().await.unwrap());
}

pub(super) async fn a_setup_link_stands_beside_others_expires_and_survives_a_refusal(store: Store) {
    for user in store.users(Page { after: None, limit: Page::MOST }).await.unwrap().items {
        store.set_administrator(user.id(), false).await.unwrap();
    }
    let (old, new) = (new_hash(), new_hash());
    store.keep_setup_link(&old, now() + 1.hour(), now()).await.unwrap();
    store.keep_setup_link(&new, now() + 2.hours(), now()).await.unwrap();
    let user = some_user("setup");
    let error = is(store.use_setup_link(&old, &user, now() + 1.hour()).await, Kind::NotFound);
    assert_eq!(error.to_string(), "there is no setup link `…`");
    let taken = some_user("taken");
    store.create_user(&taken, now()).await.unwrap();
    is(store.use_setup_link(&old, &taken, now()).await, Kind::Conflict);
    // The link of another start is as good, and is gone with the one that was used.
    store.use_setup_link(&old, &user, now() + 59.minutes()).await.unwrap();
    assert_eq!(store.user(user.id()).await.unwrap(), Some(user.clone().administrator()));
    store.set_administrator(user.id(), false).await.unwrap();
    is(store.use_setup_link(&new, &some_user("late"), now()).await, Kind::NotFound);
}

pub(super) async fn setup_links_of_many_starts_make_one_administrator(store: Store) {
    for user in store.users(Page { after: None, limit: Page::MOST }).await.unwrap().items {
        store.set_administrator(user.id(), false).await.unwrap();
    }
    let hashes = at_once(AT_ONCE, |_| {
        let (store, hash) = (store.clone(), new_hash());
        async move { store.keep_setup_link(&hash, now() + 1.hour(), now()).await.map(|()| hash) }
    })
    .await;
    let hashes: Vec<_> = hashes.into_iter().map(Result::unwrap).collect();
    let outcomes = at_once(AT_ONCE, |at| {
        let (store, hash) = (store.clone(), hashes[usize::try_from(at).unwrap()]);
        async move { store.use_setup_link(&hash, &some_user("first"), now()).await }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    for refused in outcomes.into_iter().filter(Result::is_err) {
        is(refused, Kind::NotFound);
    }
}

pub(super) async fn an_administrator_is_one_until_told_otherwise(store: Store) {
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

pub(super) async fn users_are_listed_a_page_at_a_time(store: Store) {
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

pub(super) async fn a_disabled_user_has_no_session_and_gets_none(store: Store) {
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
    let error = is(store.create_session(&some_session(user).0, HASH).await, Kind::Conflict);
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
    is(store.create_session(&some_session(Uuid::nil()).0, HASH).await, Kind::NotFound);
}

pub(super) async fn of_administrators_who_send_each_other_away_one_stays(store: Store) {
    for round in 0..4 {
        for user in store.users(Page { after: None, limit: Page::MOST }).await.unwrap().items {
            store.set_administrator(user.id(), false).await.unwrap();
        }
        let both = [new_user(&store).await, new_user(&store).await];
        for user in both {
            store.set_administrator(user, true).await.unwrap();
        }
        let outcomes = at_once(2, |task| {
            let store = store.clone();
            async move {
                let other = both[usize::from(task == 0)];
                if round % 2 == 0 {
                    store.demote(other).await
                } else {
                    store.keep_out(other, now(), until()).await.map(|_| ())
                }
            }
        })
        .await;
        let (gone, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!(gone.len(), 1, "{refused:?}");
        assert!(matches!(refused[..], [Err(Error::OnlyAdministrator)]), "{refused:?}");
        // Who is no administrator may go at any time.
        store.keep_out(new_user(&store).await, now(), until()).await.unwrap();
        is(store.demote(Uuid::nil()).await, Kind::NotFound);
    }
}

pub(super) async fn a_login_and_a_disabling_at_once_leave_no_live_session(store: Store) {
    for _ in 0..4 {
        let user = new_user(&store).await;
        at_once(AT_ONCE, |task| {
            let (store, session) = (store.clone(), some_session(user).0);
            async move {
                if task == AT_ONCE / 2 {
                    store.disable_user(user, now(), until()).await.unwrap();
                } else if let Err(error) = store.create_session(&session, HASH).await {
                    assert!(matches!(error, Error::UserDisabled { .. }), "{error:?}");
                }
            }
        })
        .await;
        assert_eq!(store.sessions_of(user, now()).await.unwrap(), []);
    }
}

pub(super) async fn another_password_ends_every_other_session(store: Store) {
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

pub(super) async fn signing_keys_are_sealed_and_removed(store: Store) {
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

pub(super) async fn an_api_key_is_found_by_its_hash_and_listed_for_its_owner(store: Store) {
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

pub(super) async fn an_api_key_is_revoked_by_its_owner_alone(store: Store) {
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

pub(super) async fn the_last_use_of_an_api_key_never_goes_back(store: Store) {
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

pub(super) async fn api_keys_that_are_no_longer_good_make_room(store: Store) {
    let owner = new_user(&store).await;
    let store = store.with_quotas(Quotas { api_keys: 3, ..Quotas::NONE });
    let good = || StoredApiKey { expires_at: None, revoked_at: None, ..some_api_key(owner) };
    let outcomes = at_once(AT_ONCE, |_| {
        let (store, key) = (store.clone(), good());
        async move { store.create_api_key(&key, &new_hash()).await.is_ok() }
    })
    .await;
    assert_eq!(outcomes.into_iter().filter(|good| *good).count(), 3);
    let error = is(store.create_api_key(&good(), &new_hash()).await, Kind::Conflict);
    assert!(error.to_string().contains("3 API keys"), "{error}");
    let kept = store.api_keys_of(owner, Page::FIRST).await.unwrap().items;
    assert_eq!(kept.len(), 3);
    store.revoke_api_key(owner, kept[1].id, now()).await.unwrap();
    let new = good();
    store.create_api_key(&new, &new_hash()).await.unwrap();
    let left: Vec<Uuid> =
        store.api_keys_of(owner, Page::FIRST).await.unwrap().items.iter().map(|key| key.id).collect();
    let mut wanted = vec![kept[0].id, kept[2].id, new.id];
    wanted.sort_unstable();
    assert_eq!(left, wanted);
}
