//! Communities, their members, devices and keys, on every backend.

use grid_core::{
    energy::{
        Role,
        sharing::{Key, SharingKey},
    },
    error::Kind,
    quantity::Share,
    store::{Page, Store, new_id},
};
use jiff::ToSpan as _;

use crate::{
    store::{at, now},
    store_checks::{checks, is, member, new_community, new_device, new_user},
};

checks! {
    a_community_has_its_members_and_devices,
    names_differ_by_case_and_accent,
    a_device_counts_for_one_member_of_a_community,
    the_key_that_counts_is_the_last_one_set_for_the_time,
    a_key_names_members_only,
}

async fn a_community_has_its_members_and_devices(store: Store) {
    let (owner, other) = (new_user(&store).await, new_user(&store).await);
    let community = new_community(&store, owner).await;
    assert_eq!(store.community(community.id).await.unwrap(), community);
    is(store.community(new_id(now())).await, Kind::NotFound);
    let casa = member("Casa 7", Some(other), Role::Member);
    store.add_member(community.id, &casa, now()).await.unwrap();
    is(store.add_member(community.id, &member("Casa 7", None, Role::Member), now()).await, Kind::Conflict);
    is(store.add_member(new_id(now()), &member("Casa 8", None, Role::Member), now()).await, Kind::NotFound);
    let ghost = member("Casa 9", Some(new_id(now())), Role::Member);
    is(store.add_member(community.id, &ghost, now()).await, Kind::NotFound);
    // Whoever runs it is found as that, also where they have a home in it.
    store.add_member(community.id, &member("Casa 1", Some(owner), Role::Member), now()).await.unwrap();
    assert_eq!(store.member_of(community.id, owner).await.unwrap().unwrap().role, Role::Operator);
    assert_eq!(store.member_of(community.id, other).await.unwrap(), Some(casa.clone()));
    assert_eq!(store.member_of(community.id, new_id(now())).await.unwrap(), None);
    assert_eq!(store.members(community.id).await.unwrap().len(), 3);
    assert_eq!(
        store.communities_of(owner, Page::FIRST).await.unwrap().items,
        std::slice::from_ref(&community)
    );
    assert!(store.communities(Page::FIRST).await.unwrap().items.contains(&community));
}

async fn names_differ_by_case_and_accent(store: Store) {
    let community = new_community(&store, new_user(&store).await).await;
    let names = ["ana", "Aña", "Ana ", "anA", "ß", "ss", "☀", "🌞"];
    for name in ["ana", "Aña", "anA", "ß", "ss", "☀", "🌞"] {
        store.add_member(community.id, &member(name, None, Role::Member), now()).await.unwrap();
    }
    for name in names {
        is(store.add_member(community.id, &member(name, None, Role::Member), now()).await, Kind::Conflict);
    }
}

async fn a_device_counts_for_one_member_of_a_community(store: Store) {
    let owner = new_user(&store).await;
    let community = new_community(&store, owner).await;
    let device = new_device(&store, owner).await;
    let holder = store.members(community.id).await.unwrap()[0].id;
    let casa = member("Casa 7", None, Role::Member);
    store.add_member(community.id, &casa, now()).await.unwrap();
    store.add_device(community.id, device.id, holder, None, now()).await.unwrap();
    store.add_device(community.id, device.id, holder, None, now()).await.unwrap();
    is(store.add_device(community.id, device.id, casa.id, None, now()).await, Kind::Conflict);
    is(store.add_device(community.id, new_id(now()), holder, None, now()).await, Kind::NotFound);
    is(store.add_device(community.id, device.id, new_id(now()), None, now()).await, Kind::NotFound);
    // In another community it may count, too.
    let second = new_community(&store, owner).await;
    is(store.add_device(second.id, device.id, holder, None, now()).await, Kind::NotFound);
    let other = store.members(second.id).await.unwrap()[0].id;
    store.add_device(second.id, device.id, other, None, now()).await.unwrap();
    let mut both = vec![community.id, second.id];
    both.sort_unstable();
    assert_eq!(store.communities_of_device(device.id).await.unwrap(), both);
}

async fn the_key_that_counts_is_the_last_one_set_for_the_time(store: Store) {
    let community = new_community(&store, new_user(&store).await).await.id;
    let holder = store.members(community).await.unwrap()[0].id;
    let (may, june) = (at("2026-05-01T00:00:00Z"), at("2026-06-01T00:00:00Z"));
    assert_eq!(store.key(community, june).await.unwrap(), None);
    let whole = Key::Static(SharingKey::new(vec![(holder.to_string(), Share::WHOLE)]).unwrap());
    store.set_key(community, &Key::Proportional, may, now()).await.unwrap();
    store.set_key(community, &whole, june, now()).await.unwrap();
    assert_eq!(store.key(community, may - 1.second()).await.unwrap(), None);
    assert_eq!(store.key(community, may).await.unwrap(), Some(Key::Proportional));
    assert_eq!(store.key(community, june).await.unwrap(), Some(whole.clone()));
    store.set_key(community, &Key::Proportional, june, now() + 1.second()).await.unwrap();
    assert_eq!(store.key(community, june).await.unwrap(), Some(Key::Proportional));
    let keys = store.keys(community).await.unwrap();
    assert_eq!(keys, [(may, Key::Proportional), (june, whole), (june, Key::Proportional)]);
}

async fn a_key_names_members_only(store: Store) {
    let community = new_community(&store, new_user(&store).await).await.id;
    let stranger = SharingKey::new(vec![(new_id(now()).to_string(), Share::WHOLE)]).unwrap();
    is(store.set_key(community, &Key::Static(stranger), now(), now()).await, Kind::NotFound);
    // Neither a member of another community, nor a member's name.
    let elsewhere = new_community(&store, new_user(&store).await).await.id;
    let theirs = store.members(elsewhere).await.unwrap()[0].clone();
    let own = store.members(community).await.unwrap()[0].clone();
    for stranger in [theirs.id.to_string(), own.name.to_string()] {
        let half = Share::from_ppm(500_000).unwrap();
        let shares = SharingKey::new(vec![(own.id.to_string(), half), (stranger, half)]).unwrap();
        is(store.set_key(community, &Key::Static(shares), now(), now()).await, Kind::NotFound);
    }
    is(store.set_key(new_id(now()), &Key::Proportional, now(), now()).await, Kind::NotFound);
    assert_eq!(store.keys(community).await.unwrap(), []);
    // A member without a device may have a share, and another one none.
    let second = member("second", None, Role::Member);
    store.add_member(community, &second, now()).await.unwrap();
    let whole = SharingKey::new(vec![(second.id.to_string(), Share::WHOLE)]).unwrap();
    store.set_key(community, &Key::Static(whole), now(), now()).await.unwrap();
    assert_eq!(store.keys(community).await.unwrap().len(), 1);
}
