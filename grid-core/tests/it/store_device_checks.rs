//! Devices, on every backend.

use grid_core::{
    energy::{Channel, Device, DeviceKind, Name},
    error::Kind,
    store::{Page, Store, new_id},
    time::Calendar,
};
use uuid::Uuid;

use crate::{
    store::now,
    store_checks::{batch, checks, is, new_community, new_device, new_user, quarters, standing},
};

checks! {
    devices_are_listed_a_page_at_a_time,
    a_device_that_is_not_there_is_not_found,
    a_device_changes_but_for_its_owner,
    a_device_without_readings_can_go_and_one_with_readings_stays,
}

async fn devices_are_listed_a_page_at_a_time(store: Store) {
    let owner = new_user(&store).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(new_device(&store, owner).await.id);
    }
    ids.sort_unstable();
    let (mut listed, mut page) = (Vec::new(), Page { after: None, limit: 2 });
    loop {
        let part = store.devices_of(owner, page).await.unwrap();
        assert!(part.items.len() <= 2);
        listed.extend(part.items.iter().map(|device| device.id));
        match part.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    assert_eq!(listed, ids);
    assert!(store.devices(Page::FIRST).await.unwrap().items.len() >= 5);
    assert_eq!(store.devices_of(Uuid::nil(), Page::FIRST).await.unwrap().items, []);
}

async fn a_device_that_is_not_there_is_not_found(store: Store) {
    let nobody = new_id(now());
    is(store.device(nobody).await, Kind::NotFound);
    is(store.delete_device(nobody).await, Kind::NotFound);
    let device = new_device(&store, new_user(&store).await).await;
    is(
        store.create_device(&Device { id: nobody, owner: nobody, ..device.clone() }, now()).await,
        Kind::NotFound,
    );
    let none = Device { id: nobody, ..device.clone() };
    is(store.update_device(&none, &none).await, Kind::NotFound);
    is(store.create_device(&device, now()).await, Kind::Conflict);
}

async fn a_device_changes_but_for_its_owner(store: Store) {
    let device = new_device(&store, new_user(&store).await).await;
    assert_eq!(store.device(device.id).await.unwrap(), device);
    let changed = Device {
        name: Name::new("Placa ☀ 3").unwrap(),
        kind: DeviceKind::Pv,
        calendar: Calendar::new("America/Bogota").unwrap(),
        rated_power: None,
        ..device.clone()
    };
    store.update_device(&device, &changed).await.unwrap();
    assert_eq!(store.device(changed.id).await.unwrap(), changed);
    store.update_device(&changed, &changed).await.unwrap();
    // Whoever has not seen that overwrites nothing.
    is(store.update_device(&device, &device).await, Kind::Stale);
    assert_eq!(store.device(changed.id).await.unwrap(), changed);
}

async fn a_device_without_readings_can_go_and_one_with_readings_stays(store: Store) {
    let owner = new_user(&store).await;
    let community = new_community(&store, owner).await;
    let holder = store.members(community.id).await.unwrap()[0].id;
    let (empty, full) = (new_device(&store, owner).await, new_device(&store, owner).await);
    for device in [&empty, &full] {
        store.add_device(community.id, device.id, holder, None, now()).await.unwrap();
    }
    store
        .ingest(&[batch(full.id, Channel::Import, quarters("2026-01-01T00:00:00Z", [1]))], now())
        .await
        .unwrap();
    store.delete_device(empty.id).await.unwrap();
    is(store.device(empty.id).await, Kind::NotFound);
    is(store.delete_device(full.id).await, Kind::Conflict);
    let left = store.community_devices(community.id, None).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!((&left[0].device, left[0].stretch.member, left[0].stretch.until()), (&full, holder, None));
    store.remove_device(community.id, full.id, now(), now()).await.unwrap();
    let left = store.community_devices(community.id, None).await.unwrap();
    assert_eq!(left[0].stretch.until(), Some(now()));
    assert_eq!(standing(&store, full.id, Channel::Import).await.len(), 1);
}
