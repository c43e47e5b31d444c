//! Readings that one writer stores, on every backend.

use grid_core::{
    energy::{self, Channel, Reading, ledger::Recorded},
    error::Kind,
    quantity::Energy,
    series::Quality,
    store::{Error, Store, new_id},
    time::Interval,
};
use jiff::ToSpan as _;

use crate::{
    store::{at, now},
    store_checks::{all_time, batch, checks, is, new_device, new_user, quarters, reading, standing},
};

checks! {
    the_same_readings_again_change_nothing,
    a_correction_stands_and_the_past_can_be_asked_for,
    a_missing_reading_is_not_zero,
    a_reading_over_midnight_is_found_on_both_days,
    an_overlap_over_midnight_is_seen_from_both_sides,
    nothing_of_a_refused_ingest_is_kept,
    readings_of_many_years_and_channels_come_in_at_once,
    readings_before_1970_are_kept,
    the_first_readings_are_the_beginning_of_all_of_them,
    too_many_readings_a_day_are_refused,
    readings_of_an_unknown_device_are_refused,
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

/// Days of hours and of quarters, one over midnight, a gap of a year, and corrections, now and as they stood.
async fn the_first_readings_are_the_beginning_of_all_of_them(store: Store) {
    let device = new_device(&store, new_user(&store).await).await.id;
    let first = at("2026-01-01T00:00:00Z");
    let mut readings: Vec<Reading> =
        (0..24 * 50).map(|hour| reading(first + hour.hours(), 60, Some(hour))).collect();
    readings.push(reading(first + 1200.hours(), 60 * 40, Some(7)));
    readings.extend(quarters("2027-06-01T00:00:00Z", 0..96 * 3));
    let told = |readings: &[Reading]| [batch(device, Channel::Import, readings.to_vec())];
    store.ingest(&told(&readings), now()).await.unwrap();
    // Every ninth is another one by then.
    let corrected: Vec<Reading> = (0..24 * 50_i64)
        .filter(|hour| hour % 9 == 0)
        .map(|hour| reading(first + hour.hours(), 60, Some(hour + 1)))
        .collect();
    store.ingest(&told(&corrected), now() + 24.hours()).await.unwrap();
    let within = |start: &str, end: &str| Interval::parse(start, end).unwrap();
    for interval in [
        all_time(),
        within("2026-01-03T10:30:00Z", "2026-02-20T13:00:00Z"),
        // In the middle of what runs over midnight.
        within("2026-02-20T12:00:00Z", "2027-06-02T00:00:00Z"),
        within("2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z"),
    ] {
        for as_of in [None, Some(now()), Some(now() + 24.hours()), Some(now() - 1.hour())] {
            let all = store.readings(device, Channel::Import, interval, as_of).await.unwrap();
            for most in [1, 2, 23, 25, 700, 5000] {
                let some =
                    store.first_readings(device, Channel::Import, interval, as_of, most).await.unwrap();
                assert_eq!(some, all[..most.min(all.len())], "{most} of {interval} as of {as_of:?}");
            }
        }
    }
    let of_nobody = store.first_readings(new_id(now()), Channel::Import, all_time(), None, 5).await.unwrap();
    assert_eq!(of_nobody, []);
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
