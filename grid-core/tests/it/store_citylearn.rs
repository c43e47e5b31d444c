//! Seventeen real homes, imported as a community into every database that can be had.

use std::time::Instant;

use grid_core::{
    energy::{
        Community, Member, Name, Role,
        ingest::{Layout, read_csv},
        sharing::Key,
    },
    store::new_id,
    time::{Calendar, Resolution},
};
use jiff::ToSpan as _;

use crate::{
    citylearn::{self, ZONE},
    store::{TestDatabase, now},
    store_checks::new_user,
};

#[tokio::test(flavor = "multi_thread")]
async fn seventeen_homes_come_to_the_published_totals_from_every_database() {
    let Some(files) = citylearn::load() else { return };
    let batches = read_csv(files.csv.as_bytes(), "citylearn.csv", Layout::Community).unwrap();
    let total: usize = batches.iter().map(|batch| batch.readings.len()).sum();
    assert_eq!(total, 17 * 2 * 8760);
    for database in TestDatabase::all().await {
        let store = &database.store;
        let owner = new_user(store).await;
        let community = Community {
            id: new_id(now()),
            name: Name::new("CityLearn").unwrap(),
            calendar: Calendar::new(ZONE).unwrap(),
        };
        let operator = Member {
            id: new_id(now()),
            name: Name::new("Operator").unwrap(),
            user: Some(owner),
            role: Role::Operator,
        };
        store.create_community(&community, &operator, now()).await.unwrap();

        let began = Instant::now();
        let done = store.import_community(community.id, owner, batches.clone(), now()).await.unwrap();
        let imported = began.elapsed();
        assert_eq!((done.devices_created, done.members_created, done.inserted), (17, 17, total));

        let began = Instant::now();
        let again =
            store.import_community(community.id, owner, batches.clone(), now() + 1.hour()).await.unwrap();
        let repeated = began.elapsed();
        assert_eq!(
            (again.devices_created, again.inserted, again.unchanged, again.superseded),
            (0, 0, total, 0)
        );

        let began = Instant::now();
        let accounts = store.accounts(community.id, files.interval, None).await.unwrap();
        let read = began.elapsed();
        let registers = accounts.iter().flat_map(|account| &account.registers);
        let found: usize = registers.map(|register| register.readings.len()).sum();
        assert_eq!(found, total);

        let began = Instant::now();
        let balance =
            store.balance(community.id, files.interval, None, Some(&Key::Proportional)).await.unwrap();
        let balanced = began.elapsed();
        assert_eq!(balance.resolution, Resolution::HOUR);
        citylearn::check(&balance, &files.expected);
        println!(
            "{}: {total} readings imported in {} ms, again in {} ms, read in {} ms, balanced in {} ms",
            database.kind,
            imported.as_millis(),
            repeated.as_millis(),
            read.as_millis(),
            balanced.as_millis(),
        );
        if let Some(file) = database.address.strip_prefix("sqlite:") {
            store.close().await;
            println!("SQLite: the file has {} bytes", std::fs::metadata(file).unwrap().len());
        }
        database.remove().await;
    }
}
