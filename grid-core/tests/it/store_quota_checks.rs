//! How much one user and one community may keep, also where many come at once, on every backend.

use std::io::Cursor;

use grid_core::{
    battery::Level,
    energy::{
        Channel, Community, Device, DeviceKind, Name, Role,
        ingest::{Layout, read_csv},
        settlement::Contract,
        sharing::Key,
    },
    error::{Failure as _, Kind},
    quantity::{Currency, Energy, Price, Share},
    store::{Error, Kept, NewRecording, Page, Quotas, Store, StoredForecast, new_id},
    time::{Calendar, Interval},
};
use jiff::{Timestamp, ToSpan as _};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    store::{at, now},
    store_checks::{all_time, batch, checks, member, new_community, new_device, new_user, quarters, reading},
    store_street::tariff,
};

checks! {
    of_many_devices_at_once_only_so_many_are_kept,
    of_many_recordings_at_once_only_so_many_bytes_are_kept,
    files_for_two_communities_at_once_make_no_more_devices_than_one_user_may_have,
    communities_are_those_that_a_user_has_made,
    a_community_has_only_so_many_members,
    a_community_agrees_only_so_much,
    levels_and_forecasts_make_room_when_they_are_removed,
    readings_are_counted_by_days_and_by_what_was_replaced,
    nothing_is_counted_where_nothing_was_said,
}

fn full<T: std::fmt::Debug>(result: Result<T, Error>, wanted: Kept) {
    match result.unwrap_err() {
        error @ Error::Full { kept, there, new, most } => {
            assert_eq!((kept, error.kind()), (wanted, Kind::Conflict));
            assert!(there + new > most, "{error}");
            assert!(error.hint().is_some(), "{error}");
        }
        other => panic!("expected that {wanted:?} are full, got {other:?}"),
    }
}

/// How many of `count` calls at once were good; the others were told that there is no room.
async fn good<F>(count: usize, kept: Kept, call: impl Fn(usize) -> F) -> usize
where
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    let mut calls = JoinSet::new();
    for number in 0..count {
        calls.spawn(call(number));
    }
    let mut good = 0;
    for outcome in calls.join_all().await {
        match outcome {
            Ok(()) => good += 1,
            refused => full(refused, kept),
        }
    }
    good
}

async fn of_many_devices_at_once_only_so_many_are_kept(store: Store) {
    let (kat, eva) = (new_user(&store).await, new_user(&store).await);
    let store = store.with_quotas(Quotas { devices: 5, ..Quotas::NONE });
    let new = move |owner| Device {
        id: new_id(now()),
        owner,
        name: Name::new("meter").unwrap(),
        kind: DeviceKind::Meter,
        calendar: Calendar::utc(),
        rated_power: None,
    };
    let of_kat = good(30, Kept::Devices, |_| {
        let store = store.clone();
        async move { store.create_device(&new(kat), now()).await }
    })
    .await;
    let kept = store.devices_of(kat, Page::FIRST).await.unwrap().items;
    assert_eq!((of_kat, kept.len()), (5, 5));
    store.create_device(&new(eva), now()).await.unwrap();
    store.delete_device(kept[0].id).await.unwrap();
    store.create_device(&new(kat), now()).await.unwrap();
    full(store.create_device(&new(kat), now()).await, Kept::Devices);
}

async fn of_many_recordings_at_once_only_so_many_bytes_are_kept(store: Store) {
    let owner = new_user(&store).await;
    let store = store.with_quotas(Quotas { recording_bytes: 1_000_000, ..Quotas::NONE });
    let save = |bytes: usize| {
        let store = store.clone();
        let name = Name::new("cell").unwrap();
        let id = new_id(now());
        let new = NewRecording { id, owner, name: name.clone(), format: name, summary: "{}".to_owned() };
        async move { store.save_recording(&new, &mut Cursor::new(vec![b'x'; bytes]), now()).await }
    };
    assert_eq!(good(8, Kept::RecordingBytes, |_| save(300_000)).await, 3);
    assert_eq!(store.holdings(owner).await.unwrap().recording_bytes, 900_000);
    save(100_000).await.unwrap();
    full(save(1).await, Kept::RecordingBytes);
}

async fn files_for_two_communities_at_once_make_no_more_devices_than_one_user_may_have(store: Store) {
    let owner = new_user(&store).await;
    let communities = [new_community(&store, owner).await.id, new_community(&store, owner).await.id];
    let store = store.with_quotas(Quotas { devices: 4, ..Quotas::NONE });
    let head = "device,channel,start,end,energy_kwh\n";
    let made = good(8, Kept::Devices, |number| {
        let store = store.clone();
        let rows = ["a", "b"]
            .map(|name| format!("{name}{number},import,2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,1\n"));
        let file = format!("{head}{}", rows.concat());
        let community = communities[number % 2];
        async move {
            let batches = read_csv(file.as_bytes(), "file.csv", Layout::Community).unwrap();
            store.import_community(community, owner, batches, now()).await.map(|_| ())
        }
    })
    .await;
    assert!((1..=2).contains(&made), "{made}");
    assert_eq!(store.holdings(owner).await.unwrap().devices, u64::try_from(2 * made).unwrap());
}

async fn communities_are_those_that_a_user_has_made(store: Store) {
    let (kat, eva) = (new_user(&store).await, new_user(&store).await);
    let bounded = store.clone().with_quotas(Quotas { communities: 2, ..Quotas::NONE });
    // To run somebody else's is not to have made it.
    for number in 0..3 {
        let of_eva = new_community(&store, eva).await.id;
        let run = member(&format!("Kat {number}"), Some(kat), Role::Operator);
        store.add_member(of_eva, &run, now() + 1.minute()).await.unwrap();
    }
    let made = good(8, Kept::Communities, |_| {
        let store = bounded.clone();
        async move {
            let community = Community {
                id: new_id(now()),
                name: Name::new("Comunidad Sol").unwrap(),
                calendar: Calendar::utc(),
            };
            store.create_community(&community, &member("Kat", Some(kat), Role::Operator), now()).await
        }
    })
    .await;
    assert_eq!(made, 2);
}

async fn a_community_has_only_so_many_members(store: Store) {
    let owner = new_user(&store).await;
    let id = new_community(&store, owner).await.id;
    let store = store.with_quotas(Quotas { members: 3, ..Quotas::NONE });
    let added = good(8, Kept::Members, |number| {
        let store = store.clone();
        let new = member(&format!("Ben {number}"), None, Role::Member);
        async move { store.add_member(id, &new, now()).await }
    })
    .await;
    assert_eq!((added, store.members(id).await.unwrap().len()), (2, 3));
    let file =
        "device,channel,start,end,energy_kwh\nroof,import,2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,1\n";
    let batches = read_csv(file.as_bytes(), "file.csv", Layout::Community).unwrap();
    full(store.import_community(id, owner, batches, now()).await, Kept::Members);
    assert_eq!(store.members(id).await.unwrap().len(), 3);
}

async fn a_community_agrees_only_so_much(store: Store) {
    let owner = new_user(&store).await;
    let id = new_community(&store, owner).await.id;
    // Each is counted as a thousand and twenty-four bytes at least.
    let store = store.with_quotas(Quotas { agreement_bytes: 3 * 1024, prices: 3, ..Quotas::NONE });
    store.set_contract(id, &Contract::default(), now(), now()).await.unwrap();
    store.set_key(id, &Key::Equal, now(), now()).await.unwrap();
    store.add_tariff(id, None, &tariff("0.30"), now()).await.unwrap();
    full(store.set_contract(id, &Contract::default(), now(), now()).await, Kept::AgreementBytes);
    full(store.set_key(id, &Key::Equal, now(), now()).await, Kept::AgreementBytes);
    full(store.add_tariff(id, None, &tariff("0.30"), now()).await, Kept::AgreementBytes);
    assert_eq!(store.tariffs(id).await.unwrap().len(), 1);

    let hours = |from: i64, count: i64| -> Vec<(Interval, Price)> {
        let price = Price::from_micros_per_kwh(1, Currency::EUR);
        let hour = |hour: i64| Interval::new(now() + hour.hours(), now() + (hour + 1).hours()).unwrap();
        (from..from + count).map(|number| (hour(number), price)).collect()
    };
    full(store.add_prices(id, "spot", &hours(0, 4), now()).await, Kept::Prices);
    store.add_prices(id, "spot", &hours(0, 2), now()).await.unwrap();
    full(store.add_prices(id, "other", &hours(0, 2), now()).await, Kept::Prices);
    store.add_prices(id, "other", &hours(0, 1), now()).await.unwrap();
}

async fn levels_and_forecasts_make_room_when_they_are_removed(store: Store) {
    let owner = new_user(&store).await;
    let store = store.with_quotas(Quotas { levels: 10, forecasts: 2, ..Quotas::NONE });
    let levels = |from: i64, count: i64| -> Vec<Level> {
        (from..from + count)
            .map(|minute| Level {
                at: now() + minute.minutes(),
                share: Share::from_ppm(500_000).unwrap(),
                capacity: Energy::from_mwh(10),
                available: Energy::from_mwh(5),
            })
            .collect()
    };
    full(store.save_levels(owner, &levels(0, 11)).await, Kept::Levels);
    assert_eq!(store.save_levels(owner, &levels(0, 10)).await.unwrap(), 10);
    full(store.save_levels(owner, &levels(10, 1)).await, Kept::Levels);
    // What is there already takes no more room.
    assert_eq!(store.save_levels(owner, &levels(0, 10)).await.unwrap(), 0);
    let first = Interval::new(Timestamp::MIN, now() + 4.minutes()).unwrap();
    assert_eq!(store.delete_levels(owner, first).await.unwrap(), 4);
    assert_eq!(store.save_levels(owner, &levels(10, 4)).await.unwrap(), 4);

    let forecast = || StoredForecast {
        id: new_id(now()),
        owner,
        device: None,
        request: "{}".to_owned(),
        result: "{}".to_owned(),
        created_at: now(),
    };
    let kept = good(8, Kept::Forecasts, |_| {
        let (store, forecast) = (store.clone(), forecast());
        async move { store.save_forecast(&forecast).await }
    })
    .await;
    let heads = store.forecast_heads_of(owner, Page::FIRST).await.unwrap().items;
    assert_eq!((kept, heads.len()), (2, 2));
    assert!(heads.iter().all(|head| head.result.is_empty() && head.owner == owner));
    store.delete_forecast(heads[0].id).await.unwrap();
    store.save_forecast(&forecast()).await.unwrap();
}

async fn readings_are_counted_by_days_and_by_what_was_replaced(store: Store) {
    let owner = new_user(&store).await;
    let (first, second) = (new_device(&store, owner).await.id, new_device(&store, owner).await.id);
    let store = store.with_quotas(Quotas { reading_days: 10, replaced_readings: 4, ..Quotas::NONE });
    let day = |device: Uuid, day: i64| {
        let readings = vec![reading(at("2026-01-01T00:00:00Z") + (24 * day).hours(), 60, Some(1))];
        [batch(device, Channel::Import, readings)]
    };
    store.ingest(&day(first, 0), now()).await.unwrap();
    store.ingest(&day(first, 8), now()).await.unwrap();
    // What lies between the first and the last is nothing more.
    store.ingest(&day(first, 4), now()).await.unwrap();
    store.ingest(&day(second, 0), now()).await.unwrap();
    full(store.ingest(&day(second, 1), now()).await, Kept::ReadingDays);
    full(store.ingest(&day(first, -1), now()).await, Kept::ReadingDays);
    // More than goes together with others.
    let bulk = batch(second, Channel::Export, quarters("2026-01-01T00:00:00Z", 0..200));
    full(store.ingest(&[bulk], now()).await, Kept::ReadingDays);
    assert!(store.readings(second, Channel::Export, all_time(), None).await.unwrap().is_empty());
    // A day that is there takes as many readings as a day has.
    let rest = quarters("2026-01-01T01:00:00Z", 0..8);
    store.ingest(&[batch(second, Channel::Import, rest.clone())], now()).await.unwrap();

    let corrected = |more: i64, count: usize| {
        let readings = quarters("2026-01-01T01:00:00Z", (0..8).map(|mwh| mwh + more));
        batch(second, Channel::Import, readings.into_iter().take(count).collect())
    };
    full(store.ingest(&[corrected(1, 8)], now()).await, Kept::ReplacedReadings);
    store.ingest(&[corrected(1, 4)], now()).await.unwrap();
    full(store.ingest(&[corrected(2, 1)], now()).await, Kept::ReplacedReadings);
    // Another user's are another's.
    let other = new_device(&store, new_user(&store).await).await.id;
    store.ingest(&day(other, 0), now()).await.unwrap();
}

async fn nothing_is_counted_where_nothing_was_said(store: Store) {
    let owner = new_user(&store).await;
    for _ in 0..3 {
        new_device(&store, owner).await;
    }
    let bounded = store.clone().with_quotas(Quotas { devices: 3, ..Quotas::NONE });
    let device = store.devices_of(owner, Page::FIRST).await.unwrap().items.swap_remove(0);
    let another = Device { id: new_id(now()), ..device };
    full(bounded.create_device(&another, now()).await, Kept::Devices);
    store.create_device(&another, now()).await.unwrap();
}
