//! What every database must do; one list, run on each.

use std::{future::Future, pin::Pin};

use grid_core::{
    energy::{
        self, Channel, Community, Device, DeviceKind, Member, Name, Reading, Role,
        ingest::{Layout, read_csv},
        ledger::Recorded,
        sharing::{Key, SharingKey},
    },
    error::{Failure as _, Kind},
    quantity::{Energy, Power, Share},
    series::{Quality, Slot},
    store::{DeviceBatch, Error, NewRecording, Of, Page, Store, StoredForecast, User, new_id},
    time::{Calendar, Interval, Resolution},
};
use jiff::{Timestamp, ToSpan as _};
use uuid::Uuid;

use crate::store::{at, now};

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
    the_database_is_ready_after_its_migrations,
    a_user_is_found_by_name_and_address_whatever_the_case,
    a_second_user_of_one_name_or_address_is_refused,
    signing_keys_come_back_in_order_and_once,
    devices_are_listed_a_page_at_a_time,
    a_device_that_is_not_there_is_not_found,
    a_device_changes_but_for_its_owner,
    a_device_without_readings_can_go_and_one_with_readings_stays,
    a_community_has_its_members_and_devices,
    names_differ_by_case_and_accent,
    a_device_counts_for_one_member_of_a_community,
    the_key_that_counts_is_the_last_one_set_for_the_time,
    a_key_names_members_only,
    the_same_readings_again_change_nothing,
    a_correction_stands_and_the_past_can_be_asked_for,
    a_missing_reading_is_not_zero,
    a_reading_over_midnight_is_found_on_both_days,
    an_overlap_over_midnight_is_seen_from_both_sides,
    nothing_of_a_refused_ingest_is_kept,
    readings_of_many_years_and_channels_come_in_at_once,
    readings_before_1970_are_kept,
    too_many_readings_a_day_are_refused,
    readings_of_an_unknown_device_are_refused,
    a_device_that_is_deleted_while_readings_come_is_not_found_or_stays,
    writers_at_once_lose_nothing,
    writers_of_the_same_readings_insert_each_once,
    writers_of_overlapping_readings_conflict_cleanly,
    writers_in_opposite_order_do_not_wait_for_each_other,
    a_community_file_makes_its_devices_and_members,
    one_community_file_sent_twice_at_once_makes_its_devices_once,
    a_refused_community_file_leaves_nothing,
    a_community_file_that_names_another_member_for_a_device_is_refused,
    a_balance_is_that_of_the_readings,
    accounts_can_be_asked_for_as_they_stood,
    sums_are_those_of_a_device_a_user_or_a_community,
    a_file_larger_than_a_packet_comes_back_whole,
    forecasts_come_back_byte_for_byte,
}

pub(crate) async fn new_user(store: &Store) -> Uuid {
    let id = Uuid::from_bytes(*new_id(now()).as_bytes());
    let name = format!("u{}", id.simple());
    let user = User::new(id, &name, &format!("{name}@example.org"), "$argon2id$".to_owned()).unwrap();
    store.create_user(&user, now()).await.unwrap();
    id
}

pub(crate) async fn new_device(store: &Store, owner: Uuid) -> Device {
    let device = Device {
        id: new_id(now()),
        owner,
        name: Name::new("Contador 7").unwrap(),
        kind: DeviceKind::Meter,
        calendar: Calendar::new("Europe/Madrid").unwrap(),
        rated_power: Power::from_watt(4600),
    };
    store.create_device(&device, now()).await.unwrap();
    device
}

fn member(name: &str, user: Option<Uuid>, role: Role) -> Member {
    Member { id: new_id(now()), name: Name::new(name).unwrap(), user, role }
}

async fn new_community(store: &Store, owner: Uuid) -> Community {
    let community = Community {
        id: new_id(now()),
        name: Name::new("Comunidad Sol").unwrap(),
        calendar: Calendar::new("Europe/Madrid").unwrap(),
    };
    store.create_community(&community, &member("Ana", Some(owner), Role::Operator), now()).await.unwrap();
    community
}

pub(crate) fn reading(start: Timestamp, minutes: i64, mwh: Option<i64>) -> Reading {
    let interval = Interval::new(start, start + minutes.minutes()).unwrap();
    let quality = if mwh.is_some() { Quality::Measured } else { Quality::Missing };
    Reading::new(interval, mwh.map(Energy::from_mwh), quality).unwrap()
}

fn quarters(start: &str, values: impl IntoIterator<Item = i64>) -> Vec<Reading> {
    let start = at(start);
    values
        .into_iter()
        .zip(0..)
        .map(|(mwh, slot)| reading(start + (15 * slot).minutes(), 15, Some(mwh)))
        .collect()
}

fn batch(device: Uuid, channel: Channel, readings: Vec<Reading>) -> DeviceBatch {
    DeviceBatch { device, channel, readings }
}

fn all_time() -> Interval {
    Interval::new(
        Timestamp::from_second(-100_000_000_000).unwrap(),
        Timestamp::from_second(100_000_000_000).unwrap(),
    )
    .unwrap()
}

async fn standing(store: &Store, device: Uuid, channel: Channel) -> Vec<Reading> {
    let found = store.readings(device, channel, all_time(), None).await.unwrap();
    found.iter().map(|recorded| recorded.reading).collect()
}

fn is<T: std::fmt::Debug>(result: Result<T, Error>, kind: Kind) -> Error {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    error
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
    store.set_password(ana.id(), "$argon2id$y").await.unwrap();
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
    is(store.update_device(&Device { id: nobody, ..device.clone() }).await, Kind::NotFound);
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
        ..device
    };
    store.update_device(&changed).await.unwrap();
    assert_eq!(store.device(changed.id).await.unwrap(), changed);
    store.update_device(&changed).await.unwrap();
}

async fn a_device_without_readings_can_go_and_one_with_readings_stays(store: Store) {
    let owner = new_user(&store).await;
    let community = new_community(&store, owner).await;
    let holder = store.members(community.id).await.unwrap()[0].id;
    let (empty, full) = (new_device(&store, owner).await, new_device(&store, owner).await);
    for device in [&empty, &full] {
        store.add_device(community.id, device.id, holder, now()).await.unwrap();
    }
    store
        .ingest(&[batch(full.id, Channel::Import, quarters("2026-01-01T00:00:00Z", [1]))], now())
        .await
        .unwrap();
    store.delete_device(empty.id).await.unwrap();
    is(store.device(empty.id).await, Kind::NotFound);
    is(store.delete_device(full.id).await, Kind::Conflict);
    let left = store.community_devices(community.id).await.unwrap();
    assert_eq!(left, [(full.clone(), holder)]);
    store.remove_device(community.id, full.id).await.unwrap();
    assert_eq!(store.community_devices(community.id).await.unwrap(), []);
    assert_eq!(standing(&store, full.id, Channel::Import).await.len(), 1);
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
    store.add_device(community.id, device.id, holder, now()).await.unwrap();
    store.add_device(community.id, device.id, holder, now()).await.unwrap();
    is(store.add_device(community.id, device.id, casa.id, now()).await, Kind::Conflict);
    is(store.add_device(community.id, new_id(now()), holder, now()).await, Kind::NotFound);
    is(store.add_device(community.id, device.id, new_id(now()), now()).await, Kind::NotFound);
    // In another community it may count, too.
    let second = new_community(&store, owner).await;
    is(store.add_device(second.id, device.id, holder, now()).await, Kind::NotFound);
    let other = store.members(second.id).await.unwrap()[0].id;
    store.add_device(second.id, device.id, other, now()).await.unwrap();
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

async fn the_same_readings_again_change_nothing(store: Store) {
    let device = new_device(&store, new_user(&store).await).await.id;
    let readings = quarters("2026-01-31T20:00:00Z", 0..40);
    let batches = [batch(device, Channel::Import, readings.clone())];
    let first = store.ingest(&batches, now()).await.unwrap();
    assert_eq!((first.inserted, first.unchanged, first.superseded), (40, 0, 0));
    let again = store.ingest(&batches, now() + 1.hour()).await.unwrap();
    assert_eq!((again.inserted, again.unchanged, again.superseded), (0, 40, 0));
    let found = store.readings(device, Channel::Import, all_time(), None).await.unwrap();
    let expected: Vec<Recorded> = readings.iter().map(|&reading| Recorded { reading, at: now() }).collect();
    assert_eq!(found, expected, "the same again is not recorded again");
    let extent = Interval::parse("2026-01-31T20:00:00Z", "2026-02-01T06:00:00Z").unwrap();
    assert_eq!(store.channels(device).await.unwrap(), [(Channel::Import, extent)]);
    assert_eq!(store.ingest(&[], now()).await.unwrap().inserted, 0);
    assert_eq!(store.ingest(&[batch(device, Channel::Export, Vec::new())], now()).await.unwrap().inserted, 0);
    assert_eq!(store.channels(device).await.unwrap().len(), 1);
}

async fn a_correction_stands_and_the_past_can_be_asked_for(store: Store) {
    let device = new_device(&store, new_user(&store).await).await.id;
    let original = quarters("2026-01-01T00:00:00Z", [1, 2, 3]);
    let corrected = quarters("2026-01-01T00:15:00Z", [20]);
    let (first, second) = (now(), now() + 24.hours());
    store.ingest(&[batch(device, Channel::Generation, original.clone())], first).await.unwrap();
    let done = store.ingest(&[batch(device, Channel::Generation, corrected.clone())], second).await.unwrap();
    assert_eq!((done.inserted, done.unchanged, done.superseded), (0, 0, 1));
    assert_eq!(standing(&store, device, Channel::Generation).await, [original[0], corrected[0], original[2]]);
    let as_of = |instant| store.readings(device, Channel::Generation, all_time(), Some(instant));
    let plain = |found: Vec<Recorded>| found.iter().map(|recorded| recorded.reading).collect::<Vec<_>>();
    assert_eq!(plain(as_of(first - 1.second()).await.unwrap()), []);
    assert_eq!(plain(as_of(first).await.unwrap()), original);
    assert_eq!(plain(as_of(second - 1.microsecond()).await.unwrap()), original);
    assert_eq!(plain(as_of(second).await.unwrap()), [original[0], corrected[0], original[2]]);
    let history = store.history(device, Channel::Generation, all_time()).await.unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!((history[0].reading, history[0].at, history[0].until), (original[1], first, second));
    let elsewhere = Interval::parse("2026-01-01T00:30:00Z", "2026-01-02T00:00:00Z").unwrap();
    assert_eq!(store.history(device, Channel::Generation, elsewhere).await.unwrap(), []);
}

async fn a_missing_reading_is_not_zero(store: Store) {
    let device = new_device(&store, new_user(&store).await).await.id;
    let start = at("2026-01-01T00:00:00Z");
    let readings = [reading(start, 15, None), reading(start + 15.minutes(), 15, Some(0))];
    store.ingest(&[batch(device, Channel::Export, readings.to_vec())], now()).await.unwrap();
    assert_eq!(standing(&store, device, Channel::Export).await, readings);
    // What was missing and comes later is a correction, and the other way round.
    store
        .ingest(&[batch(device, Channel::Export, vec![reading(start, 15, Some(5))])], now() + 1.hour())
        .await
        .unwrap();
    store.ingest(&[batch(device, Channel::Export, vec![readings[0]])], now() + 2.hours()).await.unwrap();
    assert_eq!(standing(&store, device, Channel::Export).await, readings);
    let history = store.history(device, Channel::Export, all_time()).await.unwrap();
    assert_eq!(
        history.iter().map(|old| old.reading.energy()).collect::<Vec<_>>(),
        [None, Some(Energy::from_mwh(5))]
    );
}

async fn a_reading_over_midnight_is_found_on_both_days(store: Store) {
    let device = new_device(&store, new_user(&store).await).await.id;
    let weekend = reading(at("2026-01-02T22:00:00Z"), 60 * 60, Some(7)); // to Monday, 10:00
    let before = reading(at("2026-01-02T21:00:00Z"), 60, Some(1));
    store.ingest(&[batch(device, Channel::Import, vec![before, weekend])], now()).await.unwrap();
    let in_interval = async |start: &str, end: &str| {
        let interval = Interval::parse(start, end).unwrap();
        let found = store.readings(device, Channel::Import, interval, None).await.unwrap();
        found.iter().map(|recorded| recorded.reading).collect::<Vec<_>>()
    };
    assert_eq!(in_interval("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z").await, [weekend]);
    assert_eq!(in_interval("2026-01-05T09:59:59Z", "2026-01-05T11:00:00Z").await, [weekend]);
    assert_eq!(in_interval("2026-01-05T10:00:00Z", "2026-01-06T00:00:00Z").await, []);
    assert_eq!(in_interval("2026-01-02T21:30:00Z", "2026-01-02T22:00:00Z").await, [before]);
    assert_eq!(in_interval("2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z").await, [before, weekend]);
}

async fn an_overlap_over_midnight_is_seen_from_both_sides(store: Store) {
    let device = new_device(&store, new_user(&store).await).await.id;
    let long = reading(at("2026-01-10T12:00:00Z"), 3 * 24 * 60, Some(9));
    store.ingest(&[batch(device, Channel::Import, vec![long])], now()).await.unwrap();
    for wrong in [
        reading(at("2026-01-13T11:45:00Z"), 15, Some(1)),
        reading(at("2026-01-12T00:00:00Z"), 15, Some(1)),
        reading(at("2026-01-05T00:00:00Z"), 10 * 24 * 60, Some(1)),
        reading(at("2026-01-10T12:00:00Z"), 15, Some(1)),
    ] {
        let error =
            is(store.ingest(&[batch(device, Channel::Import, vec![wrong])], now()).await, Kind::Conflict);
        assert!(matches!(error, Error::Energy(energy::Error::Overlap { .. })), "{error:?}");
    }
    let beside =
        [reading(at("2026-01-13T12:00:00Z"), 15, Some(1)), reading(at("2026-01-10T11:45:00Z"), 15, Some(1))];
    store.ingest(&[batch(device, Channel::Import, beside.to_vec())], now()).await.unwrap();
    assert_eq!(standing(&store, device, Channel::Import).await, [beside[1], long, beside[0]]);
}

async fn nothing_of_a_refused_ingest_is_kept(store: Store) {
    let owner = new_user(&store).await;
    let (first, second) = (new_device(&store, owner).await.id, new_device(&store, owner).await.id);
    store
        .ingest(&[batch(second, Channel::Import, quarters("2026-01-01T00:00:00Z", [1]))], now())
        .await
        .unwrap();
    let refused = [
        batch(first, Channel::Import, quarters("2026-01-01T00:00:00Z", 0..500)),
        batch(second, Channel::Import, vec![reading(at("2026-01-01T00:05:00Z"), 15, Some(1))]),
    ];
    is(store.ingest(&refused, now()).await, Kind::Conflict);
    assert_eq!(standing(&store, first, Channel::Import).await, []);
    assert_eq!(store.channels(first).await.unwrap(), []);
    store.delete_device(first).await.unwrap();
}

async fn readings_of_many_years_and_channels_come_in_at_once(store: Store) {
    let device = new_device(&store, new_user(&store).await).await.id;
    let hours = |start: &str, count: i64| -> Vec<Reading> {
        (0..count).map(|hour| reading(at(start) + hour.hours(), 60, Some(hour % 977))).collect()
    };
    let batches = [
        batch(device, Channel::Import, hours("2020-01-01T00:00:00Z", 8784)),
        batch(device, Channel::Export, hours("2025-01-01T00:30:00Z", 2000)),
        batch(device, Channel::Import, hours("2010-01-01T00:00:00Z", 3)),
    ];
    assert_eq!(store.ingest(&batches, now()).await.unwrap().inserted, 8784 + 2000 + 3);
    let mut import = batches[2].readings.clone();
    import.extend(batches[0].readings.iter().copied());
    assert_eq!(standing(&store, device, Channel::Import).await, import);
    assert_eq!(standing(&store, device, Channel::Export).await, batches[1].readings);
    let day = Interval::parse("2020-02-29T00:00:00Z", "2020-03-01T00:00:00Z").unwrap();
    assert_eq!(store.readings(device, Channel::Import, day, None).await.unwrap().len(), 24);
    // Every reading of a year corrected.
    let higher: Vec<Reading> = (0..8784_i64)
        .map(|hour| reading(at("2020-01-01T00:00:00Z") + hour.hours(), 60, Some(hour % 977 + 1)))
        .collect();
    let done = store.ingest(&[batch(device, Channel::Import, higher)], now() + 1.hour()).await.unwrap();
    assert_eq!((done.inserted, done.unchanged, done.superseded), (0, 0, 8784));
    assert_eq!(store.history(device, Channel::Import, all_time()).await.unwrap().len(), 8784);
}

async fn readings_before_1970_are_kept(store: Store) {
    let device = new_device(&store, new_user(&store).await).await.id;
    let readings = quarters("1969-12-31T23:00:00Z", 0..8);
    store.ingest(&[batch(device, Channel::Import, readings.clone())], now()).await.unwrap();
    assert_eq!(standing(&store, device, Channel::Import).await, readings);
    let eve = Interval::parse("1969-12-31T00:00:00Z", "1970-01-01T00:00:00Z").unwrap();
    assert_eq!(store.readings(device, Channel::Import, eve, None).await.unwrap().len(), 4);
}

async fn too_many_readings_a_day_are_refused(store: Store) {
    let device = new_device(&store, new_user(&store).await).await.id;
    let start = at("2026-01-01T00:00:00Z");
    let half_seconds = (0..86_401_i64).map(|number| {
        let start = start + (500 * number).milliseconds();
        let interval = Interval::new(start, start + 500.milliseconds()).unwrap();
        Reading::new(interval, Some(Energy::from_mwh(number)), Quality::Measured).unwrap()
    });
    let mut readings: Vec<Reading> = half_seconds.collect();
    is(store.ingest(&[batch(device, Channel::Import, readings.clone())], now()).await, Kind::TooLarge);
    readings.pop();
    store.ingest(&[batch(device, Channel::Import, readings.clone())], now()).await.unwrap();
    assert_eq!(standing(&store, device, Channel::Import).await, readings);
}

async fn readings_of_an_unknown_device_are_refused(store: Store) {
    let unknown = batch(new_id(now()), Channel::Import, quarters("2026-01-01T00:00:00Z", [1]));
    is(store.ingest(&[unknown], now()).await, Kind::NotFound);
    assert_eq!(standing(&store, new_id(now()), Channel::Import).await, []);
}

async fn a_device_that_is_deleted_while_readings_come_is_not_found_or_stays(store: Store) {
    let owner = new_user(&store).await;
    for round in 0..20 {
        let device = new_device(&store, owner).await.id;
        let channels = [Channel::Import, Channel::Export];
        let batches = channels.map(|channel| batch(device, channel, quarters("2026-01-01T00:00:00Z", [1])));
        let (came, went) = if round % 2 == 0 {
            tokio::join!(store.ingest(&batches, now()), store.delete_device(device))
        } else {
            let (went, came) = tokio::join!(store.delete_device(device), store.ingest(&batches, now()));
            (came, went)
        };
        match (came, went) {
            (Ok(_), went) => drop(is(went, Kind::Conflict)),
            (came, Ok(())) => drop(is(came, Kind::NotFound)),
            both => panic!("expected one of the two to succeed, got {both:?}"),
        }
    }
}

async fn writers_at_once_lose_nothing(store: Store) {
    let device = new_device(&store, new_user(&store).await).await.id;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8_i64 {
        let store = store.clone();
        writers.spawn(async move {
            // Each writes its own quarters of the same days, one at a time.
            for day in 0..5_i64 {
                let start = at("2026-01-01T00:00:00Z") + (24 * day).hours() + (15 * writer).minutes();
                let one = batch(device, Channel::Import, vec![reading(start, 15, Some(writer))]);
                store.ingest(&[one], now()).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    let found = standing(&store, device, Channel::Import).await;
    assert_eq!(found.len(), 40);
    let sum: Energy = found.iter().filter_map(|reading| reading.energy()).sum();
    assert_eq!(sum.as_mwh(), 5 * (0..8).sum::<i64>());
}

async fn writers_of_the_same_readings_insert_each_once(store: Store) {
    let device = new_device(&store, new_user(&store).await).await.id;
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let store = store.clone();
        writers.spawn(async move {
            let same = batch(device, Channel::Import, quarters("2026-01-01T00:00:00Z", 0..200));
            store.ingest(&[same], now()).await.unwrap()
        });
    }
    let done = writers.join_all().await;
    assert_eq!(done.iter().map(|done| done.inserted).sum::<usize>(), 200);
    assert_eq!(done.iter().map(|done| done.unchanged).sum::<usize>(), 5 * 200);
    assert_eq!(done.iter().map(|done| done.superseded).sum::<usize>(), 0);
}

async fn writers_of_overlapping_readings_conflict_cleanly(store: Store) {
    let device = new_device(&store, new_user(&store).await).await.id;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..6_i64 {
        let store = store.clone();
        writers.spawn(async move {
            let start = at("2026-01-01T23:50:00Z") + writer.minutes();
            store
                .ingest(&[batch(device, Channel::Import, vec![reading(start, 30, Some(writer))])], now())
                .await
        });
    }
    let done = writers.join_all().await;
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1);
    for refused in done {
        if let Err(error) = refused {
            assert_eq!(error.kind(), Kind::Conflict, "{error:?}");
        }
    }
    assert_eq!(standing(&store, device, Channel::Import).await.len(), 1);
}

async fn writers_in_opposite_order_do_not_wait_for_each_other(store: Store) {
    let owner = new_user(&store).await;
    let (first, second) = (new_device(&store, owner).await.id, new_device(&store, owner).await.id);
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..10_i64 {
        let store = store.clone();
        writers.spawn(async move {
            let start = at("2026-01-01T00:00:00Z") + (15 * writer).minutes();
            let devices = if writer % 2 == 0 { [first, second] } else { [second, first] };
            let batches =
                devices.map(|device| batch(device, Channel::Import, vec![reading(start, 15, Some(1))]));
            store.ingest(&batches, now()).await.unwrap();
        });
    }
    writers.join_all().await;
    assert_eq!(standing(&store, first, Channel::Import).await.len(), 10);
    assert_eq!(standing(&store, second, Channel::Import).await.len(), 10);
}

const FILE: &str = "device,member,channel,start,end,energy_kwh,quality
roof,,generation,2026-01-01T10:00:00Z,2026-01-01T11:00:00Z,3.0,measured
roof,,generation,2026-01-01T11:00:00Z,2026-01-01T12:00:00Z,1.0,measured
casa,Familia Gil,consumption,2026-01-01T10:00:00Z,2026-01-01T11:00:00Z,1.25,measured
casa,Familia Gil,consumption,2026-01-01T11:00:00Z,2026-01-01T12:00:00Z,2.5,estimated
";

fn file(text: &str) -> Vec<energy::ingest::Batch> {
    read_csv(text.as_bytes(), "file.csv", Layout::Community).unwrap()
}

async fn a_community_file_makes_its_devices_and_members(store: Store) {
    let owner = new_user(&store).await;
    let community = new_community(&store, owner).await.id;
    let done = store.import_community(community, owner, file(FILE), now()).await.unwrap();
    assert_eq!((done.devices_created, done.members_created, done.inserted), (2, 2, 4));
    let devices = store.community_devices(community).await.unwrap();
    let members = store.members(community).await.unwrap();
    let roof = devices.iter().find(|(device, _)| device.name.as_str() == "roof").unwrap();
    assert_eq!((roof.0.kind, roof.0.owner, roof.0.calendar.name()), (DeviceKind::Pv, owner, "Europe/Madrid"));
    let name_of = |id: Uuid| members.iter().find(|member| member.id == id).unwrap().name.to_string();
    assert_eq!(name_of(roof.1), "roof");
    let casa = devices.iter().find(|(device, _)| device.name.as_str() == "casa").unwrap();
    assert_eq!((casa.0.kind, name_of(casa.1)), (DeviceKind::Load, "Familia Gil".to_owned()));
    // The same file again, and one that names a device by its id.
    let again = store.import_community(community, owner, file(FILE), now()).await.unwrap();
    assert_eq!((again.devices_created, again.members_created, again.unchanged), (0, 0, 4));
    let by_id = FILE.replace("casa", &casa.0.id.to_string()).replace("2.5,", "2.6,");
    let done = store.import_community(community, owner, file(&by_id), now() + 1.hour()).await.unwrap();
    assert_eq!((done.devices_created, done.unchanged, done.superseded), (0, 3, 1));
}

async fn one_community_file_sent_twice_at_once_makes_its_devices_once(store: Store) {
    let owner = new_user(&store).await;
    let community = new_community(&store, owner).await.id;
    let mut imports = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let store = store.clone();
        imports
            .spawn(async move { store.import_community(community, owner, file(FILE), now()).await.unwrap() });
    }
    let done = imports.join_all().await;
    assert_eq!(done.iter().map(|done| done.devices_created).sum::<usize>(), 2);
    assert_eq!(done.iter().map(|done| done.inserted).sum::<usize>(), 4);
    assert_eq!(store.community_devices(community).await.unwrap().len(), 2);
}

async fn a_community_file_that_names_another_member_for_a_device_is_refused(store: Store) {
    let owner = new_user(&store).await;
    let community = new_community(&store, owner).await.id;
    store.import_community(community, owner, file(FILE), now()).await.unwrap();
    let other = FILE.replace("Familia Gil", "Familia Sol").replace("2.5,", "2.6,");
    let error = is(store.import_community(community, owner, file(&other), now()).await, Kind::Conflict);
    assert_eq!(
        error.to_string(),
        "expected the member `Familia Gil` for the device `casa`, got `Familia Sol`"
    );
    assert_eq!(store.members(community).await.unwrap().len(), 3);
    // Nothing has changed, and a file that names no member is as good as one that names the right one.
    let nobody = FILE.replace("Familia Gil", "");
    for same in [FILE, &nobody] {
        let done = store.import_community(community, owner, file(same), now()).await.unwrap();
        assert_eq!((done.unchanged, done.members_created), (4, 0));
    }
}

async fn a_refused_community_file_leaves_nothing(store: Store) {
    let owner = new_user(&store).await;
    let community = new_community(&store, owner).await.id;
    let overlapping = "device,channel,start,end,energy_kwh\n\
        roof,generation,2026-01-01T10:00:00Z,2026-01-01T11:00:00Z,3\n";
    store.import_community(community, owner, file(overlapping), now()).await.unwrap();
    let wrong = "device,channel,start,end,energy_kwh\n\
        casa,consumption,2026-01-01T10:00:00Z,2026-01-01T11:00:00Z,3\n\
        roof,generation,2026-01-01T10:30:00Z,2026-01-01T11:30:00Z,3\n";
    is(store.import_community(community, owner, file(wrong), now()).await, Kind::Conflict);
    let stranger = wrong.replace("roof", &new_id(now()).to_string());
    is(store.import_community(community, owner, file(&stranger), now()).await, Kind::NotFound);
    is(store.import_community(new_id(now()), owner, file(overlapping), now()).await, Kind::NotFound);
    assert_eq!(store.community_devices(community).await.unwrap().len(), 1);
    assert_eq!(store.members(community).await.unwrap().len(), 2);
    let mut nameless = file(overlapping);
    nameless[0].device = None;
    is(store.import_community(community, owner, nameless, now()).await, Kind::Invalid);
    // Two devices of one name.
    let holder = store.members(community).await.unwrap()[0].id;
    let twin =
        Device { id: new_id(now()), name: Name::new("roof").unwrap(), ..new_device(&store, owner).await };
    store.create_device(&twin, now()).await.unwrap();
    store.add_device(community, twin.id, holder, now()).await.unwrap();
    is(store.import_community(community, owner, file(overlapping), now()).await, Kind::Invalid);
}

async fn a_balance_is_that_of_the_readings(store: Store) {
    let owner = new_user(&store).await;
    let community = new_community(&store, owner).await.id;
    store.import_community(community, owner, file(FILE), now()).await.unwrap();
    let morning = Interval::parse("2026-01-01T10:00:00Z", "2026-01-01T12:00:00Z").unwrap();
    let balance = store.balance(community, morning, None, None).await.unwrap();
    let kwh = |text: &str| Some(Energy::parse_kwh(text).unwrap());
    // By hand: of 3 kWh the home uses 1.25, of 1 kWh all.
    assert_eq!(balance.resolution, Resolution::HOUR);
    assert_eq!(balance.shared_kwh, kwh("2.25"));
    assert_eq!(balance.export_kwh, kwh("1.75"));
    assert_eq!(balance.import_kwh, kwh("1.5"));
    assert_eq!(balance.quality, Quality::Estimated);
    // A day of Madrid begins at 23:00 UTC and is known in two of its 24 hours.
    let noon = Interval::parse("2026-01-01T11:59:00Z", "2026-01-01T12:00:00Z").unwrap();
    let day = store.balance(community, noon, Some(Resolution::Day), Some(&Key::Proportional)).await.unwrap();
    assert_eq!(day.start, at("2025-12-31T23:00:00Z"));
    is(store.balance(new_id(now()), morning, None, None).await, Kind::NotFound);
    // A static key of the community counts where none is given.
    let roof =
        store.members(community).await.unwrap().into_iter().find(|m| m.name.as_str() == "roof").unwrap();
    let gil = store
        .members(community)
        .await
        .unwrap()
        .into_iter()
        .find(|m| m.name.as_str() != "roof" && m.user.is_none())
        .unwrap();
    let half = Share::from_ppm(500_000).unwrap();
    let shares = SharingKey::new(vec![(roof.id.to_string(), half), (gil.id.to_string(), half)]).unwrap();
    store.set_key(community, &Key::Static(shares), morning.start(), now()).await.unwrap();
    let halved = store.balance(community, morning, None, None).await.unwrap();
    assert_eq!(halved.shared_kwh, kwh("1.75"), "1.25 of half of 3, and half of 1");
}

async fn accounts_can_be_asked_for_as_they_stood(store: Store) {
    let owner = new_user(&store).await;
    let community = new_community(&store, owner).await.id;
    store.import_community(community, owner, file(FILE), now()).await.unwrap();
    let corrected = FILE.replace("2.5,", "2.6,");
    store.import_community(community, owner, file(&corrected), now() + 1.hour()).await.unwrap();
    let sum = async |as_of| {
        let accounts = store.accounts(community, all_time(), as_of).await.unwrap();
        assert_eq!(accounts.len(), 3, "all members, also those without a register");
        let energies =
            accounts.iter().flat_map(|account| &account.readings).flat_map(|(_, readings)| readings);
        energies.filter_map(|reading| reading.energy()).sum::<Energy>()
    };
    assert_eq!(sum(None).await, Energy::parse_kwh("7.85").unwrap());
    assert_eq!(sum(Some(now())).await, Energy::parse_kwh("7.75").unwrap());
    assert_eq!(sum(Some(now() - 1.second())).await, Energy::ZERO);
}

async fn sums_are_those_of_a_device_a_user_or_a_community(store: Store) {
    let owner = new_user(&store).await;
    let community = new_community(&store, owner).await.id;
    let (first, second) = (new_device(&store, owner).await, new_device(&store, owner).await);
    let operator = store.members(community).await.unwrap()[0].id;
    store.add_device(community, first.id, operator, now()).await.unwrap();
    // One hour over the midnight of Madrid, a third of it before; and a quarter at noon of the second day.
    let night = reading(at("2026-01-01T22:40:00Z"), 60, Some(600));
    let noon = reading(at("2026-01-02T12:00:00Z"), 15, Some(50));
    let batches = [
        batch(first.id, Channel::Import, vec![night]),
        batch(second.id, Channel::Import, vec![noon]),
        batch(second.id, Channel::Export, vec![noon]),
    ];
    store.ingest(&batches, now()).await.unwrap();
    let madrid = Calendar::new("Europe/Madrid").unwrap();
    let interval = Interval::parse("2026-01-01T12:00:00Z", "2026-01-02T12:00:00Z").unwrap();
    let sums = async |of, channel| {
        let sums = store.sums(of, channel, interval, Resolution::Day, Some(&madrid)).await.unwrap();
        let energies = |slots: Vec<Slot>| -> Vec<_> {
            slots.into_iter().map(|slot| slot.energy.map(Energy::as_mwh)).collect()
        };
        sums.into_iter().map(|(channel, slots)| (channel, energies(slots))).collect::<Vec<_>>()
    };
    let alone = [(Channel::Import, vec![Some(200), Some(400)])];
    assert_eq!(sums(Of::Device(first.id), None).await, alone);
    assert_eq!(sums(Of::Community(community), None).await, alone);
    assert_eq!(
        sums(Of::Owner(owner), None).await,
        [(Channel::Import, vec![Some(200), Some(450)]), (Channel::Export, vec![None, Some(50)])]
    );
    assert_eq!(
        sums(Of::Owner(owner), Some(Channel::Export)).await,
        [(Channel::Export, vec![None, Some(50)])]
    );
    assert_eq!(sums(Of::Owner(new_user(&store).await), None).await, []);
    let years = Interval::parse("2000-01-01T00:00:00Z", "2019-01-01T00:00:00Z").unwrap();
    let quarters = Resolution::QUARTER_HOUR;
    for channel in [Channel::Consumption, Channel::Generation, Channel::Charge, Channel::Discharge] {
        store
            .ingest(&[batch(first.id, channel, vec![noon]), batch(second.id, channel, vec![noon])], now())
            .await
            .unwrap();
    }
    is(store.sums(Of::Owner(owner), None, years, quarters, None).await, Kind::TooLarge);
    for of in [Of::Device, Of::Owner, Of::Community] {
        is(store.sums(of(new_id(now())), None, interval, Resolution::Day, None).await, Kind::NotFound);
    }
}

async fn a_file_larger_than_a_packet_comes_back_whole(store: Store) {
    let owner = new_user(&store).await;
    // 20 MiB and a bit, above MariaDB's 16 MiB.
    let large: Vec<u8> = (0..(20 << 20) + 7_u32).map(|byte| ((byte * 31) >> 3).to_le_bytes()[0]).collect();
    for file in [large.as_slice(), b"", b"x"] {
        let new = NewRecording {
            id: new_id(now()),
            owner,
            name: Name::new("célula 5.csv").unwrap(),
            format: Name::new("arbin").unwrap(),
            summary: "{\"cycles\": 3}".to_owned(),
            file,
        };
        store.save_recording(&new, now()).await.unwrap();
        is(store.save_recording(&new, now()).await, Kind::Conflict);
        let stored = store.recording(new.id).await.unwrap();
        assert_eq!((stored.summary.as_str(), stored.created_at), ("{\"cycles\": 3}", now()));
        assert_eq!(stored.size_bytes, u64::try_from(file.len()).unwrap());
        assert!(store.recording_bytes(new.id).await.unwrap() == file, "the file differs");
    }
    let listed = store.recordings_of(owner, Page::FIRST).await.unwrap();
    assert_eq!(listed.items.len(), 3);
    store.delete_recording(listed.items[0].id).await.unwrap();
    is(store.recording(listed.items[0].id).await, Kind::NotFound);
    is(store.recording_bytes(listed.items[0].id).await, Kind::NotFound);
}

async fn forecasts_come_back_byte_for_byte(store: Store) {
    let owner = new_user(&store).await;
    let device = new_device(&store, owner).await.id;
    let mut made = Vec::new();
    for device in [Some(device), None] {
        let forecast = StoredForecast {
            id: new_id(now()),
            owner,
            device,
            request: "{\"horizon_hours\":24, \"b\":1,\"a\":0.1000000000000000055}".to_owned(),
            result: format!("[{}\"☀\"]", "0.30000000000000004,".repeat(10_000)),
            created_at: now(),
        };
        store.save_forecast(&forecast).await.unwrap();
        assert_eq!(store.forecast(forecast.id).await.unwrap(), forecast);
        made.push(forecast);
    }
    is(store.save_forecast(&made[0]).await, Kind::Conflict);
    is(store.forecast(new_id(now())).await, Kind::NotFound);
    let mut listed = store.forecasts_of(owner, Page::FIRST).await.unwrap().items;
    listed.sort_by_key(|forecast| forecast.device);
    made.sort_by_key(|forecast| forecast.device);
    assert_eq!(listed, made);
}
