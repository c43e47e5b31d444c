//! Apportioning one amount, and sharing a year of quarter-hours.
#![allow(clippy::unwrap_used, reason = "a bench may stop at what it did not expect")]

use divan::{Bencher, black_box, counter::ItemsCount};
use grid_benches::{draws, energies};
use grid_core::{
    energy::sharing::{CellRounding, Columns, Key, SharingKey, apportion_by_weights, share},
    quantity::{Energy, Share, largest_remainder},
};

const INTERVALS: usize = 35_040;
const MEMBERS: usize = 100;
const PLANTS: usize = 4;

fn main() {
    divan::main();
}

/// One amount among so many members.
#[divan::bench(args = [1_000, 100_000])]
fn apportion(bencher: Bencher, members: usize) {
    let weights: Vec<u64> = draws(1).map(|draw| draw % 1_000_000).take(members).collect();
    let total = Energy::from_mwh(987_654_321_987);
    bencher
        .counter(ItemsCount::new(members))
        .bench(|| apportion_by_weights(black_box(total), &weights).unwrap());
}

/// A year of quarter-hours of four plants and a hundred members; an item is one member's quarter-hour.
#[divan::bench(args = ["proportional", "static"], sample_count = 10, sample_size = 1)]
fn share_a_year(bencher: Bencher, key: &str) {
    let generation = energies(2, INTERVALS * PLANTS, 5_000_000);
    let demand = energies(3, INTERVALS * MEMBERS, 400_000);
    let key = if key == "static" { static_key() } else { Key::Proportional };
    bencher.counter(ItemsCount::new(demand.len())).bench(|| {
        let plants = Columns::new(&generation, PLANTS).unwrap();
        let members = Columns::new(&demand, MEMBERS).unwrap();
        share(plants, members, &key, CellRounding::Exact).unwrap()
    });
}

fn static_key() -> Key {
    let weights: Vec<u64> = draws(4).map(|draw| draw % 1000 + 1).take(MEMBERS).collect();
    let parts = largest_remainder(1_000_000, &weights).unwrap();
    let shares = parts.into_iter().enumerate().map(|(member, ppm)| {
        (format!("m{member:03}"), Share::from_ppm(u32::try_from(ppm).unwrap()).unwrap())
    });
    Key::Static(SharingKey::new(shares.collect()).unwrap())
}
