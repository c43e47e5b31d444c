//! Files of any length are stored as if they were held in memory, on every database: what comes of them, what stands
//! afterwards, what was superseded, and what those who listen are told.

use std::{collections::BTreeMap, fmt::Write as _, io::Cursor};

use grid_core::{
    energy::{
        Channel,
        ingest::{Ingested, Layout, Options, Scratch, Sorted, read_any, read_sorted},
        ledger::{Recorded, Superseded},
    },
    error::{Failure as _, Kind},
    quantity::Energy,
    store::{Event, EventFilter, Imported, Store},
};
use jiff::ToSpan as _;
use proptest::prelude::*;
use uuid::Uuid;

use crate::{
    store::{TestDatabase, at, now},
    store_checks::{all_time, new_community, new_device, new_user},
};

/// A row of a file: device, channel, quarter-hour, how many of them it lasts, and its energy.
type Row = (usize, Channel, i64, i64, Option<i64>);

/// A file, how many of its readings are in memory at once, and when it is sent.
#[derive(Clone, Debug)]
struct File {
    rows: Vec<Row>,
    held: usize,
    minutes_later: i64,
}

fn row() -> impl Strategy<Value = Row> {
    let channel = prop::sample::select(vec![Channel::Import, Channel::Generation]);
    // Mostly quarter-hours over three days; a few are longer, and meet others.
    let length = prop_oneof![150 => Just(1_i64), 1 => 2..400_i64];
    (0..3_usize, channel, 0..288_i64, length, prop::option::weighted(0.9, 0..4_i64))
}

fn file() -> impl Strategy<Value = File> {
    let rows = prop::collection::vec(row(), 1..60).prop_flat_map(|rows| {
        // One value for a slot, for a file that contradicts itself is refused before anything is stored; and some rows twice.
        let by_slot: BTreeMap<_, _> = rows.into_iter().map(|row| ((row.0, row.1, row.2), row)).collect();
        let mut rows: Vec<Row> = by_slot.into_values().collect();
        let again: Vec<Row> = rows.iter().step_by(7).copied().collect();
        rows.extend(again);
        Just(rows).prop_shuffle()
    });
    (rows, 1..30_usize, 1..300_i64).prop_map(|(rows, held, minutes_later)| File { rows, held, minutes_later })
}

impl File {
    fn text(&self, layout: Layout) -> String {
        let is_of_many = layout == Layout::Community;
        let mut text = if is_of_many { "device,".to_owned() } else { String::new() };
        text.push_str("channel,start,end,energy_kwh,quality\n");
        for (device, channel, slot, length, mwh) in &self.rows {
            let start = at("2026-03-28T12:00:00Z") + (15 * slot).minutes();
            let end = start + (15 * length).minutes();
            let quality = if mwh.is_some() { "measured" } else { "missing" };
            let energy = mwh.map(|mwh| Energy::from_mwh(mwh).to_kwh_string()).unwrap_or_default();
            if is_of_many {
                write!(text, "meter {device},").unwrap();
            }
            writeln!(text, "{channel},{start},{end},{energy},{quality}").unwrap();
        }
        text
    }

    fn whole(&self, layout: Layout) -> Result<Ingested, String> {
        read_any(self.text(layout).as_bytes(), "file", &Options::new(layout))
            .map_err(|error| error.to_string())
    }

    fn sorted(&self, layout: Layout) -> Result<Ingested<Sorted>, String> {
        let scratch = || -> std::io::Result<Box<dyn Scratch>> { Ok(Box::new(Cursor::new(Vec::new()))) };
        let options = Options::new(layout);
        read_sorted(self.text(layout).as_bytes(), "file", &options, self.held, scratch)
            .map_err(|error| error.to_string())
    }
}

/// Whether a file is held, or goes through a scratch file.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Held,
    Scratch,
}

/// What came of a file: what a reader refused, what the store refused, or what was stored.
type Outcome = Result<Result<Imported, Kind>, String>;

/// What stands of a register, and what was superseded.
type Standing = (Vec<Recorded>, Vec<Superseded>);

/// What can be seen of files that were sent to a community and to a device.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    outcomes: Vec<Outcome>,
    standing: BTreeMap<(String, Channel), Standing>,
    events: Vec<String>,
}

async fn standing(store: &Store, device: Uuid, channel: Channel) -> Standing {
    let current = store.readings(device, channel, all_time(), None).await.unwrap();
    let mut history = store.history(device, channel, all_time()).await.unwrap();
    // Of one instant the order is that of random ids.
    history.sort_unstable();
    (current, history)
}

async fn to_community(store: &Store, files: &[File], way: Way) -> Seen {
    let owner = new_user(store).await;
    let community = new_community(store, owner).await.id;
    let (mut seen, mut clock) = (Seen::default(), now());
    for file in files {
        clock += file.minutes_later.minutes();
        let outcome = match way {
            Way::Held => match file.whole(Layout::Community) {
                Ok(read) => Ok(store.import_community(community, owner, read.batches, clock).await),
                Err(error) => Err(error),
            },
            Way::Scratch => match file.sorted(Layout::Community) {
                Ok(read) => Ok(store.import_community_sorted(community, owner, &read.batches, clock).await),
                Err(error) => Err(error),
            },
        };
        seen.outcomes.push(outcome.map(|stored| stored.map_err(|error| error.kind())));
    }
    for placed in store.community_devices(community, None).await.unwrap() {
        let name = placed.device.name.to_string();
        for channel in [Channel::Import, Channel::Generation] {
            let found = standing(store, placed.device.id, channel).await;
            seen.standing.insert((name.clone(), channel), found);
        }
        seen.events.extend(told(store, owner, placed.device.id, &name).await);
    }
    // Devices that were made at once come in the order of random ids.
    seen.events.sort();
    seen
}

async fn to_device(store: &Store, files: &[File], way: Way) -> Seen {
    let owner = new_user(store).await;
    let device = new_device(store, owner).await.id;
    let layout = Layout::Device { channel: None };
    let (mut seen, mut clock) = (Seen::default(), now());
    for file in files {
        clock += file.minutes_later.minutes();
        let outcome = match way {
            Way::Held => match file.whole(layout) {
                Ok(read) => {
                    let read = Sorted::from(read.batches);
                    Ok(store.ingest_sorted(device, None, &read, clock).await)
                }
                Err(error) => Err(error),
            },
            Way::Scratch => match file.sorted(layout) {
                Ok(read) => Ok(store.ingest_sorted(device, Some(owner), &read.batches, clock).await),
                Err(error) => Err(error),
            },
        };
        let imported = |done: grid_core::store::Ingested| Imported {
            inserted: done.inserted,
            unchanged: done.unchanged,
            superseded: done.superseded,
            ..Imported::default()
        };
        seen.outcomes.push(outcome.map(|stored| stored.map(imported).map_err(|error| error.kind())));
    }
    for channel in [Channel::Import, Channel::Generation] {
        seen.standing.insert((String::new(), channel), standing(store, device, channel).await);
    }
    seen.events.extend(told(store, owner, device, "").await);
    seen
}

/// What those who listen to a device were told, without what is different in another one; of one instant in any order.
async fn told(store: &Store, owner: Uuid, device: Uuid, name: &str) -> Vec<String> {
    store.number_events().await.unwrap();
    let wanted = EventFilter { device: Some(device), ..EventFilter::default() };
    let events = store.events(owner, wanted, 0, 10_000).await.unwrap();
    let text = |event: Event| {
        let payload = ["channel", "from", "to", "count"].map(|key| event.payload.get(key).cloned());
        format!("{name} {} {} {payload:?}", event.at, event.kind)
    };
    let mut told: Vec<String> = events.into_iter().map(text).collect();
    told.sort();
    told
}

#[test]
fn a_file_in_pieces_is_stored_like_one_that_is_held() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let databases = runtime.block_on(TestDatabase::all());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 16,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&prop::collection::vec(file(), 1..5), |files| {
        for database in &databases {
            let store = &database.store;
            let (held, scratch) = runtime.block_on(async {
                (
                    to_community(store, &files, Way::Held).await,
                    to_community(store, &files, Way::Scratch).await,
                )
            });
            prop_assert_eq!(held, scratch, "a community on {}", database.kind);
            // Of one device all rows are of the same.
            let of_one = |file: &File| {
                let by_slot: BTreeMap<_, _> = file.rows.iter().map(|row| ((row.1, row.2), *row)).collect();
                File { rows: by_slot.into_values().rev().collect(), ..file.clone() }
            };
            let files: Vec<File> = files.iter().map(of_one).collect();
            let (held, scratch) = runtime.block_on(async {
                (to_device(store, &files, Way::Held).await, to_device(store, &files, Way::Scratch).await)
            });
            prop_assert_eq!(held, scratch, "a device on {}", database.kind);
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
