//! Battery recordings and forecasts, which come back as they were stored, on every backend.

use grid_core::{
    energy::Name,
    error::Kind,
    store::{NewRecording, Page, Store, StoredForecast, new_id},
};

use crate::{
    store::now,
    store_checks::{checks, is, new_device, new_user},
};

checks! {
    a_file_larger_than_a_packet_comes_back_whole,
    forecasts_come_back_byte_for_byte,
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
