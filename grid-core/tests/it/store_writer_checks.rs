//! Writers that work at the same time, on every backend.

use grid_core::{
    energy::Channel,
    error::{Failure as _, Kind},
    quantity::Energy,
    store::{Store, new_id},
    time::Interval,
};
use jiff::ToSpan as _;

use crate::{
    store::{at, now},
    store_checks::{batch, checks, is, new_device, new_user, quarters, reading, standing},
};

checks! {
    a_device_that_is_deleted_while_readings_come_is_not_found_or_stays,
    writers_at_once_lose_nothing,
    writers_of_the_same_readings_insert_each_once,
    writers_of_overlapping_readings_conflict_cleanly,
    writers_in_opposite_order_do_not_wait_for_each_other,
    writers_who_are_stored_together_are_told_their_own_outcome,
    whose_device_it_is_not_neither_writes_nor_reads_it,
}

async fn whose_device_it_is_not_neither_writes_nor_reads_it(store: Store) {
    let (kat, tom) = (new_user(&store).await, new_user(&store).await);
    let device = new_device(&store, kat).await.id;
    let start = "2026-01-01T00:00:00Z";
    let one = [batch(device, Channel::Import, quarters(start, [1, 2, 3]))];
    let both = [one[0].clone(), batch(device, Channel::Export, quarters(start, [4]))];
    // A few readings and more of them are stored in two ways; and who writes at once must not lend their right.
    for batches in [one.as_slice(), both.as_slice()] {
        let (his, hers) = tokio::join!(
            store.ingest_of_owner(tom, batches.to_vec(), now()),
            store.ingest_of_owner(kat, batches.to_vec(), now())
        );
        is(his, Kind::NotFound);
        hers.unwrap();
    }
    let day = |days: i64| Interval::new(at(start), at(start) + (24 * days).hours()).unwrap();
    for (days, most, expected) in [(1, 10, 3), (1, 2, 2), (300, 1, 1), (300, 10_000, 3)] {
        let hers = store.readings_of_owner(kat, device, Channel::Import, day(days), most).await.unwrap();
        let first = store.first_readings(device, Channel::Import, day(days), None, most).await.unwrap();
        assert_eq!((hers.as_ref(), first.len()), (Some(&first), expected), "{days} days, {most} readings");
        let his = store.readings_of_owner(tom, device, Channel::Import, day(days), most).await.unwrap();
        assert_eq!(his, None);
    }
    let nothing = store.readings_of_owner(kat, device, Channel::Generation, day(1), 10).await.unwrap();
    assert_eq!(nothing, Some(Vec::new()));
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

async fn writers_who_are_stored_together_are_told_their_own_outcome(store: Store) {
    let owner = new_user(&store).await;
    let mut devices = Vec::new();
    for _ in 0..8 {
        devices.push(new_device(&store, owner).await.id);
    }
    let quarter = |mwh| quarters("2026-01-01T00:00:00Z", [mwh]);
    for device in &devices {
        store.ingest(&[batch(*device, Channel::Import, quarter(1))], now()).await.unwrap();
    }
    let upload = |device, readings| {
        let store = store.clone();
        tokio::spawn(async move { store.ingest(&[batch(device, Channel::Import, readings)], now()).await })
    };
    // While the first is stored the others come, so that they are stored together; each round again.
    for round in 0..5_i64 {
        let good: Vec<_> = devices.iter().map(|device| upload(*device, quarter(10 + round))).collect();
        let unknown = upload(new_id(now()), quarter(1));
        let overlapping = upload(devices[1], vec![reading(at("2026-01-01T00:10:00Z"), 15, Some(round))]);
        let same = upload(devices[2], quarter(10 + round));
        let elsewhere = quarters("2026-01-05T00:00:00Z", [round]);
        let other_day = upload(devices[3], elsewhere.clone());
        for (place, outcome) in good.into_iter().enumerate() {
            let done = outcome.await.unwrap().unwrap_or_else(|error| panic!("{place}: {error:?}"));
            // The same from another may have come first.
            let expected = if place == 2 && done.unchanged == 1 { (0, 1, 0) } else { (0, 0, 1) };
            assert_eq!((done.inserted, done.unchanged, done.superseded), expected, "round {round}, {place}");
        }
        is(unknown.await.unwrap(), Kind::NotFound);
        is(overlapping.await.unwrap(), Kind::Conflict);
        let same = same.await.unwrap().unwrap();
        assert_eq!((same.inserted, same.unchanged + same.superseded), (0, 1));
        other_day.await.unwrap().unwrap();
        for (place, device) in devices.iter().enumerate() {
            let mut expected = quarter(10 + round);
            if place == 3 {
                expected.extend(&elsewhere);
            }
            assert_eq!(standing(&store, *device, Channel::Import).await, expected, "round {round}, {place}");
        }
    }
}
