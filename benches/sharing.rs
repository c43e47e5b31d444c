//! Apportioning one amount, and sharing a year of quarter-hours.
//!
//! The peers share the same draws of one plant, which never suffices: `metering` here, in exact decimals of which it cuts
//! the quotients to six places, and NumPy, in floats, in `peers/share.py`.
#![allow(clippy::unwrap_used, reason = "a bench may stop at what it did not expect")]

use std::collections::BTreeMap;

use divan::{Bencher, black_box, counter::ItemsCount};
use grid_benches::{draws, energies};
use grid_core::{
    energy::sharing::{
        Cascade, CellRounding, Columns, Key, Priority, Shared, SharingKey, apportion_by_weights, share,
    },
    quantity::{Energy, Share, largest_remainder},
};
use metering::{
    DayBoundary, MeloId, MeterInterval, QualityFlag, Resolution, Series,
    allocation::{
        community::{AllocationKey, allocate},
        formula::SplitFactor,
    },
    prelude::Decimal,
};
use time::{Duration, OffsetDateTime};

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
    let key = if key == "static" { static_key(MEMBERS) } else { Key::Proportional };
    bencher.counter(ItemsCount::new(demand.len())).bench(|| {
        let plants = Columns::new(&generation, PLANTS).unwrap();
        let members = Columns::new(&demand, MEMBERS).unwrap();
        share(plants, members, &key, CellRounding::Exact).unwrap()
    });
}

/// A year of one plant and so many members; an item is one member's quarter-hour.
struct Year {
    generation: Vec<Energy>,
    demand: Vec<Energy>,
    members: usize,
}

impl Year {
    /// On average the members need twice what the plant can generate, so that hardly an interval can be copied.
    fn of(members: usize) -> Self {
        let most = 200_000 * u64::try_from(members).unwrap();
        let generation = energies(2, INTERVALS, most);
        Self { generation, demand: energies(3, INTERVALS * members, 400_000), members }
    }

    fn share(&self, key: &Key, rounding: CellRounding) -> Shared {
        let plants = Columns::new(&self.generation, 1).unwrap();
        share(plants, Columns::new(&self.demand, self.members).unwrap(), key, rounding).unwrap()
    }

    /// Like [`Year::on`], and each answer is written over the one before: no fresh memory is asked for.
    fn over_an_earlier_answer(&self, threads: usize, bencher: Bencher, key: &Key) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let ids: Vec<String> = (0..self.members).map(member).collect();
        let key = key.for_members(&ids).unwrap();
        let mut shared = self.share(&Key::Proportional, CellRounding::Exact);
        bencher.counter(ItemsCount::new(self.demand.len())).bench_local(|| {
            pool.install(|| {
                let plants = Columns::new(&self.generation, 1).unwrap();
                let demand = Columns::new(black_box(&self.demand), self.members).unwrap();
                key.share_into(plants, demand, CellRounding::Exact, &mut shared).unwrap();
            });
        });
    }

    fn on(&self, threads: usize, bencher: Bencher, key: &Key, rounding: CellRounding) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        bencher
            .counter(ItemsCount::new(self.demand.len()))
            .bench(|| pool.install(|| self.share(black_box(key), rounding)));
    }
}

#[divan::bench_group(sample_count = 10, sample_size = 1)]
mod year_on_one_core {
    use super::{Bencher, CellRounding, Key, Year, equal_then_by_need, in_groups, static_key};

    #[divan::bench(args = [50, 1_000])]
    fn proportional(bencher: Bencher, members: usize) {
        Year::of(members).on(1, bencher, &Key::Proportional, CellRounding::Exact);
    }

    #[divan::bench(args = [50, 1_000])]
    fn proportional_as_operators_round(bencher: Bencher, members: usize) {
        Year::of(members).on(1, bencher, &Key::Proportional, CellRounding::Operator);
    }

    #[divan::bench(args = [50, 1_000])]
    fn fixed_shares(bencher: Bencher, members: usize) {
        Year::of(members).on(1, bencher, &static_key(members), CellRounding::Exact);
    }

    #[divan::bench(args = [50, 1_000])]
    fn proportional_over_an_earlier_answer(bencher: Bencher, members: usize) {
        Year::of(members).over_an_earlier_answer(1, bencher, &Key::Proportional);
    }

    #[divan::bench(args = [50, 1_000])]
    fn fixed_shares_over_an_earlier_answer(bencher: Bencher, members: usize) {
        Year::of(members).over_an_earlier_answer(1, bencher, &static_key(members));
    }

    #[divan::bench(args = [50, 1_000])]
    fn equal(bencher: Bencher, members: usize) {
        Year::of(members).on(1, bencher, &Key::Equal, CellRounding::Exact);
    }

    #[divan::bench(args = [50, 1_000])]
    fn priority(bencher: Bencher, members: usize) {
        Year::of(members).on(1, bencher, &in_groups(members), CellRounding::Exact);
    }

    #[divan::bench(args = [50, 1_000])]
    fn cascade(bencher: Bencher, members: usize) {
        Year::of(members).on(1, bencher, &equal_then_by_need(), CellRounding::Exact);
    }
}

/// On as many threads as there are cores.
#[divan::bench_group(sample_count = 10, sample_size = 1)]
mod year_on_all_cores {
    use super::{Bencher, CellRounding, Key, Year, static_key};

    #[divan::bench(args = [50, 1_000])]
    fn proportional(bencher: Bencher, members: usize) {
        Year::of(members).on(0, bencher, &Key::Proportional, CellRounding::Exact);
    }

    #[divan::bench(args = [50, 1_000])]
    fn proportional_over_an_earlier_answer(bencher: Bencher, members: usize) {
        Year::of(members).over_an_earlier_answer(0, bencher, &Key::Proportional);
    }

    #[divan::bench(args = [50, 1_000])]
    fn fixed_shares(bencher: Bencher, members: usize) {
        Year::of(members).on(0, bencher, &static_key(members), CellRounding::Exact);
    }
}

/// The first days of the same year by the crate `metering`: its rows take over a hundred bytes a cell, so a year of a
/// thousand members would fill some machines. It uses one core.
#[divan::bench_group(sample_count = 5, sample_size = 1)]
mod weeks_by_metering {
    use super::{AllocationKey, Bencher, ItemsCount, MeteringYear, Year, allocate, black_box};

    #[divan::bench(args = [50, 1_000])]
    fn proportional(bencher: Bencher, members: usize) {
        measure(bencher, members, |_| AllocationKey::Proportional);
    }

    #[divan::bench(args = [50, 1_000])]
    fn fixed_shares(bencher: Bencher, members: usize) {
        measure(bencher, members, MeteringYear::constant_key);
    }

    fn measure(bencher: Bencher, members: usize, key: impl Fn(&MeteringYear) -> AllocationKey) {
        let intervals = 672 * 1_000 / members;
        let year = MeteringYear::of(&Year::of(members), intervals);
        let key = key(&year);
        let participants = year.participants();
        // Where its quotients are cut to six places it may give each member a millionth of the generation less.
        year.check(&allocate(&year.plant, &participants, &AllocationKey::Proportional).unwrap());
        bencher
            .counter(ItemsCount::new(intervals * members))
            .bench(|| allocate(black_box(&year.plant), &participants, &key).unwrap());
    }
}

/// The same draws as `metering` wants them.
struct MeteringYear {
    plant: Series,
    members: Vec<(MeloId, Series)>,
    /// What the proportional key gives, by ours.
    allocated: Vec<Energy>,
}

impl MeteringYear {
    fn of(year: &Year, intervals: usize) -> Self {
        let series = |energies: &mut dyn Iterator<Item = &Energy>| {
            let quarters = energies.take(intervals).zip(0..).map(|(energy, quarter)| {
                let start = OffsetDateTime::UNIX_EPOCH + Duration::minutes(15 * quarter);
                let kwh = Decimal::new(energy.as_mwh(), 6);
                MeterInterval::quarter_hour(start, kwh, QualityFlag::Measured).unwrap()
            });
            Series::new(Resolution::QUARTER_HOUR, DayBoundary::Strom, quarters.collect()).unwrap()
        };
        let member = |member: usize| {
            let id = format!("DE0001234567890000000000000{member:06}").parse().unwrap();
            (id, series(&mut year.demand.iter().skip(member).step_by(year.members)))
        };
        let mut allocated = year.share(&Key::Proportional, CellRounding::Exact).allocated;
        allocated.truncate(intervals * year.members);
        Self {
            plant: series(&mut year.generation.iter()),
            members: (0..year.members).map(member).collect(),
            allocated,
        }
    }

    fn participants(&self) -> Vec<(MeloId, &Series)> {
        self.members.iter().map(|(id, series)| (*id, series)).collect()
    }

    /// The shares of [`static_key`].
    fn constant_key(&self) -> AllocationKey {
        let Key::Static(key) = static_key(self.members.len()) else { unreachable!() };
        let factor = |ppm: u32| SplitFactor::new(Decimal::new(i64::from(ppm), 6)).unwrap();
        let shares = self.members.iter().zip(key.shares());
        let fractions: BTreeMap<_, _> =
            shares.map(|((id, _), (_, share))| (*id, factor(share.as_ppm()))).collect();
        AllocationKey::Constant { fractions }
    }

    fn check(&self, rows: &[metering::allocation::community::AllocationRow]) {
        let theirs = rows.iter().flat_map(|row| row.shares.iter().map(|share| (row.generation, share)));
        let mut cells = 0;
        for ((generation, share), ours) in theirs.zip(&self.allocated) {
            let off = (Decimal::new(ours.as_mwh(), 6) - share.allocated).abs();
            assert!(off <= generation * Decimal::new(1, 6) + Decimal::new(1, 6), "{off}");
            cells += 1;
        }
        assert_eq!(cells, self.allocated.len());
    }
}

fn member(number: usize) -> String {
    format!("m{number:04}")
}

/// Shares of members in their order, none of them nothing.
fn static_key(members: usize) -> Key {
    let weights: Vec<u64> = draws(4).map(|draw| draw % 1000 + 100).take(members).collect();
    let parts = largest_remainder(1_000_000, &weights).unwrap();
    let shares = parts
        .into_iter()
        .enumerate()
        .map(|(number, ppm)| (member(number), Share::from_ppm(u32::try_from(ppm).unwrap()).unwrap()));
    Key::Static(SharingKey::new(shares.collect()).unwrap())
}

/// Four groups.
fn in_groups(members: usize) -> Key {
    let group = |group: usize| (group..members).step_by(4).map(member).collect();
    Key::Priority(Priority::new((0..4).map(group).collect()).unwrap())
}

fn equal_then_by_need() -> Key {
    Key::Cascade(Cascade::new(Key::Equal, Key::Proportional).unwrap())
}
