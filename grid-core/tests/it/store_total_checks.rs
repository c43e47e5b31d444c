//! What a user's devices came to in all, and what users tell of their households, on every backend.

use grid_core::{
    energy::{Channel, Device, EnergyBehavior, Household, HousingType, Name, Occupants, Reading},
    error::Kind,
    quantity::Energy,
    series::Quality,
    store::{Store, new_id},
    time::{Calendar, Interval, Resolution},
};
use jiff::{ToSpan as _, civil::date};
use uuid::Uuid;

use crate::{
    store::now,
    store_checks::{batch, checks, is, new_device, new_user},
};

checks! {
    an_entry_over_midnight_counts_on_each_of_its_days_exactly,
    a_month_without_a_year_is_the_last_one_with_a_reading,
    each_device_comes_to_the_sum_of_its_readings_and_missing_is_not_zero,
    the_version_is_another_one_after_any_change_and_else_the_same,
    a_household_is_kept_and_replaced,
}

fn entry(start: &str, end: &str, mwh: i64) -> Reading {
    let interval = Interval::parse(start, end).unwrap();
    Reading::new(interval, Some(Energy::from_mwh(mwh)), Quality::Measured).unwrap()
}

async fn keep(store: &Store, device: Uuid, readings: Vec<Reading>) {
    store.ingest(&[batch(device, Channel::Consumption, readings)], now()).await.unwrap();
}

/// The dates and amounts of slots, in milliwatt-hours.
async fn totals(store: &Store, user: Uuid, resolution: Resolution) -> Vec<(String, i64)> {
    let (calendar, slots) = store.owner_totals(user, Channel::Consumption, resolution).await.unwrap();
    slots
        .iter()
        .map(|slot| (calendar.date_of(slot.interval.start()).to_string(), slot.energy.unwrap().as_mwh()))
        .collect()
}

async fn an_entry_over_midnight_counts_on_each_of_its_days_exactly(store: Store) {
    let user = new_user(&store).await;
    assert_eq!(totals(&store, user, Resolution::Day).await, []);
    // On the clock of Madrid, an hour ahead of UTC in winter; the one of Bogotá is of no account, for it came later.
    let first = new_device(&store, user).await;
    let second = Device {
        id: new_id(now() + 1.second()),
        calendar: Calendar::new("America/Bogota").unwrap(),
        ..first.clone()
    };
    store.create_device(&second, now()).await.unwrap();
    assert_eq!(totals(&store, user, Resolution::Day).await, []);
    // Two hours before midnight and four after it: a third, and the milliwatt-hour over goes to the larger part.
    keep(&store, first.id, vec![entry("2026-01-31T21:00:00Z", "2026-02-01T03:00:00Z", 6_000_001)]).await;
    keep(&store, second.id, vec![entry("2026-02-01T10:00:00Z", "2026-02-01T11:00:00Z", 500_000)]).await;
    let day = |date: &str, mwh: i64| (date.to_owned(), mwh);
    assert_eq!(
        totals(&store, user, Resolution::Day).await,
        [day("2026-01-31", 2_000_000), day("2026-02-01", 4_500_001)]
    );
    assert_eq!(
        totals(&store, user, Resolution::Month).await,
        [day("2026-01-01", 2_000_000), day("2026-02-01", 4_500_001)]
    );
    assert_eq!(totals(&store, user, Resolution::Year).await, [day("2026-01-01", 6_500_001)]);
    assert_eq!(store.calendar_of(user).await.unwrap().name(), "Europe/Madrid");
    is(store.owner_totals(Uuid::nil(), Channel::Consumption, Resolution::Day).await, Kind::NotFound);
}

async fn a_month_without_a_year_is_the_last_one_with_a_reading(store: Store) {
    let user = new_user(&store).await;
    let month = |month: i8, year: Option<i16>| store.month_total(user, Channel::Consumption, month, year);
    assert_eq!(month(3, None).await.unwrap(), None);
    let device = new_device(&store, user).await.id;
    keep(
        &store,
        device,
        vec![
            entry("2024-03-05T10:00:00Z", "2024-03-05T11:00:00Z", 3_000_000),
            entry("2025-03-05T10:00:00Z", "2025-03-05T11:00:00Z", 4_000_000),
            entry("2026-02-05T10:00:00Z", "2026-02-05T11:00:00Z", 5_000_000),
        ],
    )
    .await;
    assert_eq!(month(3, None).await.unwrap(), Some(Energy::from_mwh(4_000_000)));
    assert_eq!(month(3, Some(2024)).await.unwrap(), Some(Energy::from_mwh(3_000_000)));
    assert_eq!(month(3, Some(2026)).await.unwrap(), None, "the readings end before");
    assert_eq!(month(4, None).await.unwrap(), None);
    is(month(13, None).await, Kind::Invalid);
}

async fn each_device_comes_to_the_sum_of_its_readings_and_missing_is_not_zero(store: Store) {
    let user = new_user(&store).await;
    let first = new_device(&store, user).await;
    for (seconds, name) in [(1, "Lavadora"), (2, "Televisor")] {
        let id = new_id(now() + seconds.seconds());
        let device = Device { id, name: Name::new(name).unwrap(), ..first.clone() };
        store.create_device(&device, now()).await.unwrap();
        let hour = Interval::parse("2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z").unwrap();
        let missing = Reading::new(hour, None, Quality::Missing).unwrap();
        let known = entry("2026-01-02T00:00:00Z", "2026-01-02T01:00:00Z", 7);
        keep(&store, id, if name == "Lavadora" { vec![missing, known] } else { vec![missing] }).await;
    }
    let found = store.device_totals(user, Channel::Consumption).await.unwrap();
    let found: Vec<_> =
        found.iter().map(|(device, energy)| (device.name.as_str(), energy.as_mwh())).collect();
    assert_eq!(found, [("Lavadora", 7)]);
    assert_eq!(store.device_totals(user, Channel::Generation).await.unwrap(), []);
}

async fn the_version_is_another_one_after_any_change_and_else_the_same(store: Store) {
    let user = new_user(&store).await;
    let version =
        || async { store.version_before(user, Channel::Consumption, date(2026, 2, 1), 30).await.unwrap() };
    let mut seen = vec![version().await];
    let device = new_device(&store, user).await;
    let hours = |first: i64, second: i64| {
        vec![
            entry("2026-01-05T10:00:00Z", "2026-01-05T11:00:00Z", first),
            entry("2026-01-05T11:00:00Z", "2026-01-05T12:00:00Z", second),
        ]
    };
    keep(&store, device.id, hours(1, 2)).await;
    seen.push(version().await);
    // The same again is the same, and so is what lies after the day or on another channel.
    keep(&store, device.id, hours(1, 2)).await;
    let other = batch(device.id, Channel::Generation, hours(5, 5));
    store.ingest(&[other], now()).await.unwrap();
    assert_eq!(version().await, seen[1]);
    // A correction that leaves the day's sum and count as they were.
    store.ingest(&[batch(device.id, Channel::Consumption, hours(2, 1))], now() + 1.hour()).await.unwrap();
    seen.push(version().await);
    let moved = Device { calendar: Calendar::new("America/Bogota").unwrap(), ..device.clone() };
    store.update_device(&device, &moved).await.unwrap();
    seen.push(version().await);
    let mut different = seen.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), seen.len(), "{seen:?}");
}

async fn a_household_is_kept_and_replaced(store: Store) {
    let (user, other) = (new_user(&store).await, new_user(&store).await);
    assert_eq!(store.household(user).await.unwrap(), Household::default());
    let first = Household {
        behavior: Some(EnergyBehavior::Efficient),
        occupants: Some(Occupants::new(4).unwrap()),
        housing: Some(HousingType::HouseOfThreeFloors),
    };
    store.set_household(user, &first, now()).await.unwrap();
    assert_eq!(store.household(user).await.unwrap(), first);
    for housing in HousingType::ALL {
        let second = Household { behavior: None, occupants: None, housing: Some(housing) };
        store.set_household(user, &second, now()).await.unwrap();
        assert_eq!(store.household(user).await.unwrap(), second);
    }
    assert_eq!(store.household(other).await.unwrap(), Household::default());
    is(store.set_household(Uuid::nil(), &first, now()).await, Kind::NotFound);
}
