//! Battery recordings, battery levels and forecasts, which come back as they were stored, on every backend.

use std::io::{Cursor, Read, Seek, SeekFrom};

use grid_core::{
    battery::Level,
    energy::Name,
    error::Kind,
    quantity::{Energy, Share},
    store::{NewRecording, Page, Store, StoredForecast, new_id},
    time::Interval,
};
use jiff::ToSpan as _;

use crate::{
    store::now,
    store_checks::{checks, is, new_device, new_user},
};

checks! {
    a_file_larger_than_a_packet_comes_back_whole,
    a_file_that_becomes_shorter_leaves_nothing_behind,
    one_level_an_instant_is_kept,
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
        };
        // Wherever the reader stands, the file is stored from its start.
        let mut reader = Cursor::new(file);
        reader.set_position(u64::try_from(file.len() / 2).unwrap());
        store.save_recording(&new, &mut reader, now()).await.unwrap();
        is(store.save_recording(&new, &mut reader, now()).await, Kind::Conflict);
        let stored = store.recording(new.id).await.unwrap();
        assert_eq!((stored.summary.as_str(), stored.created_at), ("{\"cycles\": 3}", now()));
        assert_eq!(stored.size_bytes, u64::try_from(file.len()).unwrap());
        assert!(store.recording_bytes(new.id).await.unwrap() == file, "the file differs");
        let mut written = Vec::new();
        assert_eq!(store.write_recording(new.id, &mut written).await.unwrap(), stored.size_bytes);
        assert!(written == file, "the written file differs");
    }
    let listed = store.recordings_of(owner, Page::FIRST).await.unwrap();
    assert_eq!(listed.items.len(), 3);
    store.delete_recording(listed.items[0].id).await.unwrap();
    is(store.recording(listed.items[0].id).await, Kind::NotFound);
    is(store.recording_bytes(listed.items[0].id).await, Kind::NotFound);
}

/// A file of two parts and a bit that ends after the first.
struct Shrinking(u64);

impl Read for Shrinking {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = usize::try_from((1_u64 << 20).saturating_sub(self.0)).unwrap();
        let length = buffer.len().min(left);
        buffer[..length].fill(b'x');
        self.0 += u64::try_from(length).unwrap();
        Ok(length)
    }
}

impl Seek for Shrinking {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.0 = match to {
            SeekFrom::End(_) => (2 << 20) + 1,
            _ => 0,
        };
        Ok(self.0)
    }
}

async fn a_file_that_becomes_shorter_leaves_nothing_behind(store: Store) {
    let owner = new_user(&store).await;
    let name = Name::new("cell").unwrap();
    let new =
        NewRecording { id: new_id(now()), owner, name: name.clone(), format: name, summary: "{}".to_owned() };
    is(store.save_recording(&new, &mut Shrinking(0), now()).await, Kind::Internal);
    is(store.recording(new.id).await, Kind::NotFound);
}

async fn one_level_an_instant_is_kept(store: Store) {
    let (ana, ben) = (new_user(&store).await, new_user(&store).await);
    let level = |minute: i64, ppm: u32| Level {
        at: now() + minute.minutes(),
        share: Share::from_ppm(ppm).unwrap(),
        capacity: Energy::from_mwh(10_000_000),
        available: Energy::from_mwh(i64::from(ppm) * 10),
    };
    // More than one statement takes.
    let levels: Vec<Level> = (0..700).map(|minute| level(minute, 500_000)).collect();
    assert_eq!(store.newest_level(ana).await.unwrap(), None);
    assert_eq!(store.save_levels(ana, &levels).await.unwrap(), 700);
    assert_eq!(store.save_levels(ana, &levels).await.unwrap(), 0);
    // Of two of one instant the later stands, and takes the place of what was there.
    let again = [level(699, 1), level(699, 600_001), level(700, 1_000_000)];
    assert_eq!(store.save_levels(ana, &again).await.unwrap(), 1);
    assert_eq!(store.save_levels(ana, &[]).await.unwrap(), 0);
    let span = Interval::new(now() + 698.minutes(), now() + 700.minutes()).unwrap();
    assert_eq!(store.levels(ana, span).await.unwrap(), [level(698, 500_000), level(699, 600_001)]);
    assert_eq!(store.first_levels(ana, span, 1).await.unwrap(), [level(698, 500_000)]);
    assert_eq!(store.newest_level(ana).await.unwrap(), Some(level(700, 1_000_000)));
    assert_eq!(store.levels(ben, span).await.unwrap(), []);
    is(store.save_levels(new_id(now()), &again).await, Kind::NotFound);
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
