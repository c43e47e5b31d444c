//! Reading battery recordings: a million rows, recognised, parsed, cut into cycles.
#![allow(clippy::unwrap_used, reason = "a bench may stop at what it did not expect")]

use std::{fs, path::Path};

use divan::{
    Bencher,
    counter::{BytesCount, ItemsCount},
};
use grid_benches::recordings;
use grid_core::battery;

const ROWS: u32 = 1_000_000;

fn main() {
    // The peers read the same bytes.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::write(folder.join("recording_plain.csv"), recordings::plain(ROWS)).unwrap();
    fs::write(folder.join("recording_neware.csv"), recordings::neware(ROWS)).unwrap();
    divan::main();
}

fn file(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("recording_{name}.csv"))).unwrap()
}

/// From bytes to columns.
#[divan::bench(args = ["plain", "neware"], sample_count = 10, sample_size = 1)]
fn read(bencher: Bencher, name: &str) {
    let bytes = file(name);
    bencher
        .counter(ItemsCount::new(ROWS))
        .counter(BytesCount::of_slice(&bytes))
        .bench(|| battery::read_bytes(&bytes).unwrap());
}

/// From columns to cycles with capacity and efficiency.
#[divan::bench(args = ["plain", "neware"], sample_count = 10, sample_size = 1)]
fn summarise(bencher: Bencher, name: &str) {
    let recording = battery::read_bytes(&file(name)).unwrap();
    bencher.counter(ItemsCount::new(ROWS)).bench(|| battery::summarise(&recording));
}
