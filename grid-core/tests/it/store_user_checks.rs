//! Users and signing keys, and the database itself, on every backend.

use grid_core::{
    error::Kind,
    store::{Store, User, new_id},
};
use jiff::ToSpan as _;
use uuid::Uuid;

use crate::{
    store::now,
    store_checks::{checks, is},
};

checks! {
    the_database_is_ready_after_its_migrations,
    a_user_is_found_by_name_and_address_whatever_the_case,
    a_second_user_of_one_name_or_address_is_refused,
    signing_keys_come_back_in_order_and_once,
}

async fn the_database_is_ready_after_its_migrations(store: Store) {
    store.ping().await.unwrap();
    store.ready().await.unwrap();
    store.migrate().await.unwrap();
}

async fn a_user_is_found_by_name_and_address_whatever_the_case(store: Store) {
    let ana = User::new(new_id(now()), "Ana_Núñez", "Ana@Example.org", "$argon2id$x".to_owned()).unwrap();
    store.create_user(&ana, now()).await.unwrap();
    for name in ["Ana_Núñez", "ana_núñez", "ANA@example.org", " ana_núñez "] {
        assert_eq!(store.user_by_name(name).await.unwrap().as_ref(), Some(&ana), "{name}");
    }
    for nobody in ["", "\0", "ana\0", "a\nb", "' OR 1=1 --", "%", &"x".repeat(100_000)] {
        assert_eq!(store.user_by_name(nobody).await.unwrap(), None);
    }
    assert_eq!(store.user_by_name("ana_nunez").await.unwrap(), None, "an accent is a difference");
    assert_eq!(store.user(ana.id()).await.unwrap().unwrap().password(), "$argon2id$x");
    assert_eq!(store.user(Uuid::nil()).await.unwrap(), None);
    store.renew_password(ana.id(), "$argon2id$x", "$argon2id$y").await.unwrap();
    assert_eq!(store.user(ana.id()).await.unwrap().unwrap().password(), "$argon2id$y");
    // Another password came first: a login that began before it does not bring the old one back.
    store.renew_password(ana.id(), "$argon2id$x", "$argon2id$z").await.unwrap();
    assert_eq!(store.user(ana.id()).await.unwrap().unwrap().password(), "$argon2id$y");
}

async fn a_second_user_of_one_name_or_address_is_refused(store: Store) {
    let user = |name: &str, email: &str| User::new(new_id(now()), name, email, String::new()).unwrap();
    store.create_user(&user("ben", "ben@example.org"), now()).await.unwrap();
    let error = is(store.create_user(&user("BEN", "other@example.org"), now()).await, Kind::Conflict);
    assert_eq!(error.to_string(), "the username `BEN` is taken");
    let error = is(store.create_user(&user("other", "Ben@example.org"), now()).await, Kind::Conflict);
    assert_eq!(error.to_string(), "the e-mail address `ben@example.org` is taken");
    assert_eq!(store.user_by_name("other").await.unwrap(), None);
    // At once, so that neither sees the other before it is refused by the table.
    let (first, second) = (user("cleo", "cleo@example.org"), user("cleo", "cleo2@example.org"));
    let (first, second) = tokio::join!(store.create_user(&first, now()), store.create_user(&second, now()));
    assert!(first.is_ok() != second.is_ok());
    is(first.and(second), Kind::Conflict);
}

async fn signing_keys_come_back_in_order_and_once(store: Store) {
    store.add_signing_key("b", &[0, 255, 1], false, now()).await.unwrap();
    store.add_signing_key("a", &[2], false, now() + 1.second()).await.unwrap();
    is(store.add_signing_key("a", &[3], false, now()).await, Kind::Conflict);
    let keys = store.signing_keys().await.unwrap();
    assert_eq!(keys.iter().map(|key| key.kid.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!(keys[0].pkcs8, [0, 255, 1]);
    assert_eq!(keys[1].created_at, now() + 1.second());
}
