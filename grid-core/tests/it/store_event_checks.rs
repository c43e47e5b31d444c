//! What happens is told with the thing itself, once, and to whoever may read it, on every backend.

use grid_core::{
    energy::{Channel, Role},
    error::Kind,
    store::{Event, EventFilter, Store, StoredForecast, new_id},
};
use jiff::ToSpan as _;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    store::now,
    store_checks::{batch, checks, is, member, new_community, new_device, new_user, quarters},
};

checks! {
    readings_are_told_to_the_owner_of_the_device,
    what_was_refused_or_changed_nothing_is_not_told,
    however_many_write_and_number_at_once_each_event_is_told_once,
    a_community_is_told_to_its_members,
    a_filter_narrows_what_is_told,
    events_are_forgotten_after_a_day,
}

const ALL: EventFilter = EventFilter { device: None, community: None };

async fn told(store: &Store, reader: Uuid) -> Vec<Event> {
    store.number_events().await.unwrap();
    store.events(reader, ALL, 0, 1000).await.unwrap()
}

async fn readings_are_told_to_the_owner_of_the_device(store: Store) {
    let [owner, other] = [new_user(&store).await, new_user(&store).await];
    let device = new_device(&store, owner).await.id;
    let readings = quarters("2026-01-01T00:00:00Z", [1, 2, 3]);
    store.ingest(&[batch(device, Channel::Import, readings)], now()).await.unwrap();
    let events = told(&store, owner).await;
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((event.kind.as_str(), event.at), ("readings", now()));
    let expected = serde_json::json!({
        "device": device, "channel": "import", "from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:45:00Z", "count": 3,
    });
    assert_eq!(serde_json::Value::from(event.payload.clone()), expected);
    assert_eq!(told(&store, other).await, []);
}

async fn what_was_refused_or_changed_nothing_is_not_told(store: Store) {
    let owner = new_user(&store).await;
    let device = new_device(&store, owner).await.id;
    let send = |at: &str, values: &[i64]| {
        let batches = [batch(device, Channel::Import, quarters(at, values.iter().copied()))];
        let store = store.clone();
        async move { store.ingest(&batches, now()).await }
    };
    send("2026-01-01T00:00:00Z", &[1, 2]).await.unwrap();
    send("2026-01-01T00:00:00Z", &[1, 2]).await.unwrap();
    is(send("2026-01-01T00:05:00Z", &[1]).await, Kind::Conflict);
    assert_eq!(told(&store, owner).await.len(), 1);
    // Of four, one is a correction and two are new.
    send("2026-01-01T00:00:00Z", &[1, 5, 3, 4]).await.unwrap();
    let events = told(&store, owner).await;
    assert_eq!((events.len(), &events[1].payload["count"]), (2, &serde_json::json!(3)));
}

async fn however_many_write_and_number_at_once_each_event_is_told_once(store: Store) {
    let owner = new_user(&store).await;
    let mut work = JoinSet::new();
    for writer in 0..4 {
        let (store, device) = (store.clone(), new_device(&store, owner).await.id);
        work.spawn(async move {
            for hour in 0..5 {
                let readings = quarters(&format!("2026-01-0{}T{hour:02}:00:00Z", writer + 1), [1]);
                store.ingest(&[batch(device, Channel::Import, readings)], now()).await.unwrap();
            }
        });
    }
    // Somebody who reads all the while, and never looks back.
    let reader = store.clone();
    work.spawn(async move {
        let (mut last, mut heard) = (0, Vec::new());
        while heard.len() < 20 {
            reader.number_events().await.unwrap();
            for event in reader.events(owner, ALL, last, 3).await.unwrap() {
                assert!(event.number > last, "{event:?} after {last}");
                last = event.number;
                heard.push((event.payload["device"].to_string(), event.payload["from"].to_string()));
            }
        }
        heard.sort();
        heard.dedup();
        assert_eq!(heard.len(), 20);
    });
    for _ in 0..3 {
        let store = store.clone();
        work.spawn(async move {
            for _ in 0..10 {
                store.number_events().await.unwrap();
            }
        });
    }
    while let Some(done) = work.join_next().await {
        done.unwrap();
    }
}

async fn a_community_is_told_to_its_members(store: Store) {
    let [owner, other, stranger] = [new_user(&store).await, new_user(&store).await, new_user(&store).await];
    let community = new_community(&store, owner).await.id;
    store.add_member(community, &member("Ben", Some(other), Role::Member), now()).await.unwrap();
    store.import_community(community, owner, Vec::new(), now()).await.unwrap();
    for (reader, count) in [(owner, 1), (other, 1), (stranger, 0)] {
        let events = told(&store, reader).await;
        assert_eq!(events.len(), count);
        assert!(events.iter().all(|event| event.kind == "import"));
    }
}

async fn a_filter_narrows_what_is_told(store: Store) {
    let owner = new_user(&store).await;
    let [first, second] = [new_device(&store, owner).await.id, new_device(&store, owner).await.id];
    for device in [first, second] {
        let readings = quarters("2026-01-01T00:00:00Z", [1]);
        store.ingest(&[batch(device, Channel::Import, readings)], now()).await.unwrap();
    }
    let forecast = StoredForecast {
        id: new_id(now()),
        owner,
        device: Some(first),
        request: "{}".to_owned(),
        result: "{}".to_owned(),
        created_at: now(),
    };
    store.save_forecast(&forecast).await.unwrap();
    let all = told(&store, owner).await;
    assert_eq!(all.len(), 3);
    let filter = EventFilter { device: Some(second), community: None };
    let found = store.events(owner, filter, 0, 10).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].payload["device"], serde_json::json!(second));
    let community = EventFilter { device: None, community: Some(Uuid::from_u128(7)) };
    assert_eq!(store.events(owner, community, 0, 10).await.unwrap(), []);
    assert_eq!(store.events(owner, ALL, all[0].number, 1).await.unwrap(), all[1..2]);
    assert_eq!(store.events(owner, ALL, all[2].number, 10).await.unwrap(), []);
}

async fn events_are_forgotten_after_a_day(store: Store) {
    let owner = new_user(&store).await;
    let device = new_device(&store, owner).await.id;
    let readings = quarters("2026-01-01T00:00:00Z", [1]);
    store.ingest(&[batch(device, Channel::Import, readings)], now()).await.unwrap();
    let end = now() + Store::EVENT_MEMORY;
    store.prune_events(end).await.unwrap();
    let before = told(&store, owner).await;
    assert_eq!(before.len(), 1);
    store.prune_events(end + 1.millisecond()).await.unwrap();
    assert_eq!(told(&store, owner).await, []);
    // A number is never given again.
    let readings = quarters("2026-01-02T00:00:00Z", [1]);
    store.ingest(&[batch(device, Channel::Import, readings)], now()).await.unwrap();
    assert!(told(&store, owner).await[0].number > before[0].number);
}
