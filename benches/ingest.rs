//! Taking a year of a community's quarter-hours into each database, and reading it back.
//!
//! SQLite in a file always; a server where `GRID_BENCH_MYSQL_URL` or `GRID_BENCH_POSTGRES_URL` names an empty database.
#![allow(clippy::unwrap_used, reason = "a bench may stop at what it did not expect")]

use std::{env, fs, path::Path};

use divan::{Bencher, counter::ItemsCount};
use grid_benches::{draws, energies};
use grid_core::{
    energy::{
        Channel, Device, DeviceKind, Name, Reading,
        ingest::{Layout, read_csv},
    },
    series::Quality,
    store::{DeviceBatch, Options, User, blocking::Store, new_id},
    time::{Calendar, Interval},
};
use jiff::Timestamp;
use uuid::Uuid;

const DEVICES: usize = 10;
const QUARTER_HOURS: usize = 35_040;
const START: i64 = 1_767_225_600;

fn main() {
    divan::main();
}

fn databases() -> Vec<&'static str> {
    let servers = [("MySQL", "GRID_BENCH_MYSQL_URL"), ("PostgreSQL", "GRID_BENCH_POSTGRES_URL")];
    let named = servers.into_iter().filter(|(_, variable)| env::var_os(variable).is_some());
    ["SQLite"].into_iter().chain(named.map(|(name, _)| name)).collect()
}

fn now() -> Timestamp {
    Timestamp::from_second(START).unwrap()
}

fn open(database: &str) -> Store {
    let address = match database {
        "MySQL" => env::var("GRID_BENCH_MYSQL_URL").unwrap(),
        "PostgreSQL" => env::var("GRID_BENCH_POSTGRES_URL").unwrap(),
        _ => {
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ingest");
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir(&folder).unwrap();
            format!("sqlite:{}", folder.join("grid.db").display())
        }
    };
    let store = Store::connect(&address, Options::default()).unwrap();
    store.migrate().unwrap();
    store
}

fn quarter_hour(number: usize) -> Interval {
    let at = |number: usize| Timestamp::from_second(START + 900 * i64::try_from(number).unwrap()).unwrap();
    Interval::new(at(number), at(number + 1)).unwrap()
}

/// New devices with a year of readings each.
fn year(store: &Store) -> Vec<DeviceBatch> {
    let owner = new_id(now());
    let name = format!("bench-{}", owner.simple());
    let user = User::new(owner, &name, &format!("{name}@example.org"), "none".to_owned()).unwrap();
    store.create_user(&user, now()).unwrap();
    (0..DEVICES).map(|number| batch(device(store, owner, number), number)).collect()
}

fn device(store: &Store, owner: Uuid, number: usize) -> Uuid {
    let device = Device {
        id: new_id(now()),
        owner,
        name: Name::new(&format!("meter {number}")).unwrap(),
        kind: DeviceKind::Meter,
        calendar: Calendar::utc(),
        rated_power: None,
    };
    store.create_device(&device, now()).unwrap();
    device.id
}

fn batch(device: Uuid, number: usize) -> DeviceBatch {
    let values = energies(u64::try_from(number).unwrap(), QUARTER_HOURS, 500_000);
    let readings = values
        .into_iter()
        .enumerate()
        .map(|(slot, energy)| Reading::new(quarter_hour(slot), Some(energy), Quality::Measured).unwrap());
    DeviceBatch { device, channel: Channel::Consumption, readings: readings.collect() }
}

/// New readings in one transaction; an item is a reading.
#[divan::bench(args = databases(), sample_count = 5, sample_size = 1)]
fn new_readings(bencher: Bencher, database: &str) {
    let store = open(database);
    bencher
        .counter(ItemsCount::new(DEVICES * QUARTER_HOURS))
        .with_inputs(|| year(&store))
        .bench_values(|batches| store.ingest(&batches, now()).unwrap());
}

/// The same readings again, which change nothing.
#[divan::bench(args = databases(), sample_count = 5, sample_size = 1)]
fn the_same_again(bencher: Bencher, database: &str) {
    let store = open(database);
    let batches = year(&store);
    store.ingest(&batches, now()).unwrap();
    bencher
        .counter(ItemsCount::new(DEVICES * QUARTER_HOURS))
        .bench(|| store.ingest(&batches, now()).unwrap());
}

/// A device's year.
#[divan::bench(args = databases(), sample_count = 20, sample_size = 1)]
fn read_a_year(bencher: Bencher, database: &str) {
    let store = open(database);
    let batches = year(&store);
    store.ingest(&batches, now()).unwrap();
    let device = batches.first().unwrap().device;
    let year = Interval::new(quarter_hour(0).start(), quarter_hour(QUARTER_HOURS).start()).unwrap();
    bencher
        .counter(ItemsCount::new(QUARTER_HOURS))
        .bench(|| store.readings(device, Channel::Consumption, year, None).unwrap());
}

/// Parsing alone: the long format, from bytes to checked readings.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn parse_csv(bencher: Bencher) {
    let mut text = String::from("device,channel,start,end,energy_kwh,quality\n");
    for device in 0..DEVICES {
        for (slot, draw) in (0..QUARTER_HOURS).zip(draws(6)) {
            let interval = quarter_hour(slot);
            let row = format!(
                "meter {device},consumption,{},{},0.{:06},measured\n",
                interval.start(),
                interval.end(),
                draw % 1_000_000
            );
            text.push_str(&row);
        }
    }
    bencher
        .counter(ItemsCount::new(DEVICES * QUARTER_HOURS))
        .bench(|| read_csv(text.as_bytes(), "year.csv", Layout::Community).unwrap());
}
