//! A month's settlement of a thousand members: readings in, statements out.
//!
//! The month is March 2026 in Madrid, 2,972 quarter-hours; one member in ten has a plant. The tariff is the example of Spain's
//! 2.0TD, with three bands, contracted powers, a capped credit and two taxes.
#![allow(clippy::unwrap_used, reason = "a bench may stop at what it did not expect")]

use divan::{Bencher, black_box, counter::ItemsCount};
use grid_benches::draws;
use grid_core::{
    energy::{
        Channel, Community, Name, Reading,
        balance::{Account, MemberRegister},
        settlement::{Contract, Missing, Order, Settlement, settle},
        sharing::Key,
        tariff::{PriceBook, Tariff},
    },
    proof::CanonicalJson,
    quantity::Energy,
    series::Quality,
    time::{Calendar, Interval, Resolution},
};
use jiff::Timestamp;
use uuid::Uuid;

const MEMBERS: u32 = 1_000;

fn main() {
    divan::main();
}

struct Month {
    community: Community,
    period: Interval,
    contract: Contract,
    accounts: Vec<Account>,
    tariffs: Vec<(Option<Uuid>, Tariff)>,
}

impl Month {
    fn new() -> Self {
        let calendar = Calendar::new("Europe/Madrid").unwrap();
        let period = calendar.month(2026, 3).unwrap();
        let slots = calendar.slots(period, Resolution::QUARTER_HOUR).unwrap();
        let mut contract = Contract::default();
        let mut accounts = Vec::new();
        for number in 0..MEMBERS {
            let member = Uuid::from_u128(u128::from(number) + 1);
            let register = |seed: u64, most: u64| -> Vec<Reading> {
                let energies = draws(seed).map(|draw| i64::try_from(draw % most).unwrap());
                slots
                    .iter()
                    .zip(energies)
                    .map(|(slot, mwh)| {
                        Reading::new(*slot, Some(Energy::from_mwh(mwh)), Quality::Measured).unwrap()
                    })
                    .collect()
            };
            let seed = u64::from(number) * 2 + 10;
            let mut registers = vec![MemberRegister::new(Channel::Consumption, register(seed, 400_000))];
            if number % 10 == 0 {
                registers.push(MemberRegister::new(Channel::Generation, register(seed + 1, 3_000_000)));
            }
            for name in ["punta", "valle"] {
                contract = contract.with_contracted(member, name, "3.45 kW".parse().unwrap());
            }
            accounts.push(Account { member, name: Name::new(&format!("casa {number}")).unwrap(), registers });
        }
        let tariff = Tariff::parse_toml(include_str!("../docs/tariffs/spain-2.0td.toml")).unwrap();
        Self {
            community: Community { id: Uuid::from_u128(7), name: Name::new("Calle Sol").unwrap(), calendar },
            period,
            contract,
            accounts,
            tariffs: vec![(None, tariff)],
        }
    }

    fn settle(&self, compare: &[Key]) -> Settlement {
        let now: Timestamp = "2026-04-01T06:00:00Z".parse().unwrap();
        settle(&Order {
            community: &self.community,
            period: self.period,
            contract: &self.contract,
            accounts: &self.accounts,
            keys: &[(Timestamp::MIN, Key::Proportional)],
            tariffs: &self.tariffs,
            prices: &PriceBook::new(),
            compare,
            missing: Missing::Refuse,
            as_of: now,
            issued_at: now,
        })
        .unwrap()
    }
}

/// Statements of all members, each compared with no community; an item is a member.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn a_month(bencher: Bencher) {
    let month = Month::new();
    bencher.counter(ItemsCount::new(MEMBERS)).bench(|| black_box(&month).settle(&[]));
}

/// The same, each compared with another key as well.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn a_month_beside_another_key(bencher: Bencher) {
    let month = Month::new();
    bencher.counter(ItemsCount::new(MEMBERS)).bench(|| black_box(&month).settle(&[Key::Equal]));
}

/// The same as the first, and each statement in its canonical form, as the log takes it.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn a_month_in_canonical_json(bencher: Bencher) {
    let month = Month::new();
    bencher.counter(ItemsCount::new(MEMBERS)).bench(|| {
        let settled = black_box(&month).settle(&[]);
        settled
            .statements
            .iter()
            .map(|statement| CanonicalJson::from_serialize(statement).unwrap().as_str().len())
            .sum::<usize>()
    });
}
