//! What holds for every bill.

use jiff::civil::date;
use proptest::prelude::*;

use super::tests::{EXAMPLES, tariff};
use super::*;
use crate::quantity::{Currency, Energy, Money, Power, Price};
use crate::time::{Calendar, Interval, Resolution};

const SLOTS: usize = 72;

/// Three days of hours, of which the second has 23.
fn spring() -> (Calendar, Interval, Vec<Interval>) {
    let madrid = Calendar::new("Europe/Madrid").unwrap();
    let start = madrid.day(date(2026, 3, 28)).unwrap().start();
    let period = Interval::new(start, madrid.day(date(2026, 3, 30)).unwrap().end()).unwrap();
    let slots = madrid.slots(period, Resolution::HOUR).unwrap();
    assert_eq!(slots.len(), SLOTS - 1);
    (madrid, period, slots)
}

fn book(slots: &[Interval], currency: Currency) -> PriceBook {
    let mut book = PriceBook::new();
    let price = |slot: usize| {
        Price::from_micros_per_kwh(i64::try_from(slot).unwrap() * 7_919 % 300_000 - 50_000, currency)
    };
    book.insert("bolsa", slots.iter().enumerate().map(|(index, slot)| (*slot, price(index)))).unwrap();
    book
}

fn priced(tariff: &Tariff, columns: &[Vec<Energy>]) -> Bill {
    let (calendar, period, slots) = spring();
    let prepared = tariff.prepare(&calendar, period, &slots, &book(&slots, tariff.currency())).unwrap();
    let mut usage = Usage::new(slots.len())
        .with_contracted("punta", Power::from_watt(4600).unwrap())
        .with_contracted("valle", Power::from_watt(3450).unwrap());
    for (quantity, column) in Quantity::ALL.into_iter().zip(columns) {
        usage = usage.with(quantity, column).unwrap();
    }
    prepared.price(&usage).unwrap()
}

fn columns() -> impl Strategy<Value = Vec<Vec<Energy>>> {
    let energy = prop_oneof![Just(0_i64), 0..5_000_000_i64].prop_map(Energy::from_mwh);
    prop::collection::vec(prop::collection::vec(energy, SLOTS - 1), Quantity::ALL.len())
}

fn sum(amounts: impl Iterator<Item = Money>) -> i64 {
    amounts.map(Money::as_micros).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_total_is_the_sum_of_its_lines_in_whole_cents(columns in columns(), example in 0..EXAMPLES.len()) {
        let bill = priced(&tariff(EXAMPLES[example]), &columns);
        prop_assert_eq!(sum(bill.lines.iter().map(|line| line.amount)), bill.total.as_micros());
        prop_assert_eq!(bill.net.as_micros() + bill.taxes.as_micros(), bill.total.as_micros());
        prop_assert!(bill.lines.iter().all(|line| line.amount.as_micros() % 10_000 == 0));
    }

    #[test]
    fn the_bands_have_all_of_the_energy(columns in columns()) {
        let bill = priced(&tariff(EXAMPLES[0]), &columns);
        let bands: Energy =
            bill.lines.iter().filter(|line| line.component == "energy").filter_map(|line| line.energy).sum();
        let import = Quantity::ALL.iter().position(|quantity| *quantity == Quantity::Import).unwrap();
        prop_assert_eq!(bands, columns[import].iter().sum());
    }

    #[test]
    fn a_credit_never_makes_its_cap_negative(columns in columns()) {
        let bill = priced(&tariff(EXAMPLES[0]), &columns);
        let of = |id: &str| sum(bill.lines.iter().filter(|line| line.component == id).map(|line| line.amount));
        let surplus = bill.lines.iter().find(|line| line.component == "surplus").unwrap();
        prop_assert!(of("energy") + of("surplus") >= 0);
        let export: i128 = columns[6].iter().map(|energy| i128::from(energy.as_mwh())).sum();
        let worth = crate::quantity::divide(export * 60_000, 10_000_000_000, crate::quantity::Rounding::HalfUp);
        let paid_and_lost = surplus.forfeited.unwrap().as_micros() - surplus.amount.as_micros();
        prop_assert_eq!(worth.unwrap() * 10_000, i128::from(paid_and_lost));
    }

    #[test]
    fn toml_and_json_give_the_same_bill(columns in columns(), example in 0..EXAMPLES.len()) {
        let tariff = tariff(EXAMPLES[example]);
        let again = Tariff::parse_json(&tariff.to_json().to_string()).unwrap();
        prop_assert_eq!(priced(&tariff, &columns), priced(&again, &columns));
    }

    #[test]
    fn the_order_of_the_components_changes_no_amount(
        columns in columns(),
        (example, order) in (0..EXAMPLES.len()).prop_flat_map(|example| {
            let count = tariff(EXAMPLES[example]).components().len();
            (Just(example), Just((0..count).collect::<Vec<_>>()).prop_shuffle())
        }),
    ) {
        let first = tariff(EXAMPLES[example]);
        let mut json = first.to_json();
        let components = json["components"].as_array().unwrap().clone();
        json["components"] = order.iter().map(|index| components[*index].clone()).collect();
        let second = Tariff::parse_json(&json.to_string()).unwrap();
        let lines = |tariff: &Tariff| {
            let mut lines = priced(tariff, &columns).lines;
            lines.sort_by(|a, b| a.component.cmp(&b.component));
            lines.into_iter().map(|line| (line.component, line.band, line.tier, line.amount.as_micros(), line.energy)).collect::<Vec<_>>()
        };
        let (mut left, mut right) = (lines(&first), lines(&second));
        left.sort();
        right.sort();
        prop_assert_eq!(left, right);
    }

    #[test]
    fn two_bills_in_one_tier_period_come_to_one(
        first in 0..100_000_000_i64,
        second in 0..100_000_000_i64,
        volume in any::<bool>(),
    ) {
        let price = |cents: i64| Price::from_micros_per_kwh(cents * 10_000, Currency::EUR);
        let tier = |up_to: Option<i64>, cents, fee: i64| Tier {
            up_to: up_to.map(|kwh| Energy::from_mwh(kwh * 1_000_000)),
            price: price(cents),
            fee: Money::from_micros(fee * 1_000_000, Currency::EUR),
        };
        let tiers = Tiers {
            mode: if volume { TierMode::Volume } else { TierMode::Graduated },
            steps: vec![tier(Some(20), 30, 1), tier(Some(80), 20, 2), tier(None, 10, 3)],
            per: TierPeriod::Bill,
            prorate: false,
        };
        let cost = |start: i64, energy: i64| {
            tiers
                .parts(fraction::Fraction::ONE, Energy::from_mwh(start), Energy::from_mwh(energy))
                .unwrap()
                .iter()
                .try_fold(fraction::Fraction::ZERO, |sum, part| sum.plus(part.amount))
                .unwrap()
        };
        prop_assume!(first > 0);
        prop_assert_eq!(cost(0, first).plus(cost(first, second)), Some(cost(0, first + second)));
    }

    #[test]
    fn a_slots_band_is_that_of_each_of_its_minutes(
        zone in prop::sample::select(vec!["Europe/Madrid", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Bogota"]),
        day in prop::sample::select(vec![
            date(2026, 3, 29), date(2026, 4, 5), date(2026, 10, 4), date(2026, 10, 25), date(2026, 5, 1), date(2026, 7, 1),
        ]),
        resolution in prop::sample::select(vec![Resolution::Seconds(300), Resolution::QUARTER_HOUR, Resolution::HOUR]),
    ) {
        let tariff = tariff(EXAMPLES[0]);
        let schedule = tariff.schedules().next().unwrap();
        let calendar = Calendar::new(zone).unwrap();
        let slots = calendar.slots(calendar.day(day).unwrap(), resolution).unwrap();
        for slot in slots {
            let minutes: Vec<&str> = (0..slot.duration().as_secs() / 60)
                .map(|minute| slot.start() + std::time::Duration::from_secs(minute * 60))
                .map(|instant| schedule.band_at(&calendar, instant).unwrap())
                .collect();
            match schedule.bands_of(&calendar, &[slot]) {
                Ok(band) => prop_assert!(minutes.iter().all(|minute| *minute == schedule.bands()[band[0]])),
                Err(Error::SlotAcrossBands { first, second, .. }) => {
                    prop_assert_eq!(minutes[0], first);
                    prop_assert!(minutes.contains(&second.as_str()));
                }
                Err(other) => prop_assert!(false, "{}", other),
            }
        }
    }

    #[test]
    fn two_stretches_that_meet_have_the_days_and_months_of_both(
        start in 1_767_000_000_i64..1_800_000_000,
        first in 1..10_000_000_i64,
        second in 1..10_000_000_i64,
    ) {
        let madrid = Calendar::new("Europe/Madrid").unwrap();
        let at = |second: i64| jiff::Timestamp::from_second(second).unwrap();
        let span = |from: i64, to: i64| {
            span::Span::of(&span::dates_of(&madrid, Interval::new(at(from), at(to)).unwrap()).unwrap()).unwrap()
        };
        let (left, right) = (span(start, start + first), span(start + first, start + first + second));
        let both = span(start, start + first + second);
        for per in [PerTime::Day, PerTime::Month, PerTime::Year] {
            prop_assert_eq!(left.times(per).plus(right.times(per)), Some(both.times(per)));
        }
    }

    #[test]
    fn any_document_is_read_or_refused(at in 0..2000_usize, length in 0..20_usize, put in "[\"=\\[\\]{}a-z0-9.\n -]{0,8}") {
        let mut text = EXAMPLES[0].to_owned();
        let (mut start, mut end) = (at.min(text.len()), (at + length).min(text.len()));
        while !text.is_char_boundary(start) { start -= 1; }
        while !text.is_char_boundary(end) { end += 1; }
        text.replace_range(start..end, &put);
        if let Ok(tariff) = Tariff::parse_toml(&text) {
            prop_assert_eq!(Tariff::parse_json(&tariff.to_json().to_string()), Ok(tariff));
        }
    }
}
