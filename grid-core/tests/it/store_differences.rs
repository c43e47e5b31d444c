//! The same random operations on every database that can be had, and the same answers.

use grid_core::{
    energy::{
        Channel, Reading,
        ledger::{Recorded, Superseded},
    },
    error::{Failure as _, Kind},
    quantity::Energy,
    series::Quality,
    store::{DeviceBatch, Ingested},
    time::Interval,
};
use jiff::{Timestamp, ToSpan as _};
use proptest::prelude::*;
use uuid::Uuid;

use crate::{
    store::{TestDatabase, at, now},
    store_checks::{new_device, new_user},
};

#[derive(Clone, Debug)]
enum Operation {
    Ingest { readings: Vec<(usize, Channel, Reading)>, minutes_later: i64 },
    AsOf { device: usize, channel: Channel, interval: Interval, minutes_later: i64 },
}

/// What can be seen of an operation.
#[derive(Debug, PartialEq)]
enum Seen {
    Ingested(Result<Ingested, (Kind, String)>),
    Readings(Vec<Recorded>, Vec<Recorded>, Vec<Superseded>),
}

fn start() -> Timestamp {
    at("2026-03-28T12:00:00Z")
}

fn interval() -> impl Strategy<Value = Interval> {
    // Mostly quarter-hours over three days, some of them long or out of step.
    let length = prop_oneof![8 => Just(15_i64), 1 => 1..3000_i64];
    (0..288_i64, length, prop_oneof![9 => Just(0_i64), 1 => 0..15_i64]).prop_map(|(slot, length, shift)| {
        let begin = start() + (15 * slot + shift).minutes();
        Interval::new(begin, begin + length.minutes()).unwrap()
    })
}

fn channel() -> impl Strategy<Value = Channel> {
    prop::sample::select(vec![Channel::Import, Channel::Generation])
}

fn operation() -> impl Strategy<Value = Operation> {
    let quality = prop::sample::select(vec![Quality::Measured, Quality::Estimated]);
    let reading =
        (interval(), prop::option::weighted(0.9, 0..5_i64), quality).prop_map(|(interval, mwh, quality)| {
            let quality = if mwh.is_some() { quality } else { Quality::Missing };
            Reading::new(interval, mwh.map(Energy::from_mwh), quality).unwrap()
        });
    prop_oneof![
        3 => (prop::collection::vec((0..2_usize, channel(), reading), 1..8), 0..600_i64)
            .prop_map(|(readings, minutes_later)| Operation::Ingest { readings, minutes_later }),
        1 => (0..2_usize, channel(), interval(), 0..600_i64)
            .prop_map(|(device, channel, interval, minutes_later)| Operation::AsOf { device, channel, interval, minutes_later }),
    ]
}

async fn run(database: &TestDatabase, operations: &[Operation]) -> Vec<Seen> {
    let store = &database.store;
    let owner = new_user(store).await;
    let mut devices = [new_device(store, owner).await.id, new_device(store, owner).await.id];
    // Their ids are random in part, and channels are taken in the order of the ids.
    devices.sort_unstable();
    let mut clock = now();
    let mut seen = Vec::new();
    for operation in operations {
        seen.push(match operation {
            Operation::Ingest { readings, minutes_later } => {
                clock += minutes_later.minutes();
                let batches: Vec<DeviceBatch> = readings
                    .iter()
                    .map(|(device, channel, reading)| DeviceBatch {
                        device: devices[*device],
                        channel: *channel,
                        readings: vec![*reading],
                    })
                    .collect();
                let done = store.ingest(&batches, clock).await;
                Seen::Ingested(done.map_err(|error| (error.kind(), error.to_string())))
            }
            Operation::AsOf { device, channel, interval, minutes_later } => {
                let (device, instant) = (devices[*device], now() + minutes_later.minutes());
                look(database, device, *channel, *interval, instant).await
            }
        });
    }
    let all = Interval::new(start() - 24.hours(), start() + 240.hours()).unwrap();
    for device in devices {
        for channel in Channel::ALL {
            seen.push(look(database, device, channel, all, now() + 60.minutes()).await);
        }
    }
    seen
}

async fn look(
    database: &TestDatabase,
    device: Uuid,
    channel: Channel,
    interval: Interval,
    instant: Timestamp,
) -> Seen {
    let store = &database.store;
    let current = store.readings(device, channel, interval, None).await.unwrap();
    let then = store.readings(device, channel, interval, Some(instant)).await.unwrap();
    let mut history = store.history(device, channel, interval).await.unwrap();
    // Of one instant the order is that of random ids.
    history.sort_unstable();
    Seen::Readings(current, then, history)
}

#[test]
fn s124_all_databases_answer_alike() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let databases = runtime.block_on(TestDatabase::all());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&prop::collection::vec(operation(), 1..25), |operations| {
        let mut first: Option<(&str, Vec<Seen>)> = None;
        for database in &databases {
            let seen = runtime.block_on(run(database, &operations));
            match &first {
                None => first = Some((database.kind, seen)),
                Some((kind, expected)) => prop_assert_eq!(expected, &seen, "{} and {}", kind, database.kind),
            }
        }
        Ok(())
    });
    runtime.block_on(async {
        for database in databases {
            database.remove().await;
        }
    });
    outcome.unwrap();
}
