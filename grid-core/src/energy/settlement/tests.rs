use jiff::{Timestamp, civil::date};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    energy::{
        Channel, Community, Error, Name, Reading,
        balance::{Account, MemberRegister},
        rules::Law,
        sharing::{Key, Participation, SharingKey},
        tariff::{PriceBook, Tariff},
    },
    quantity::{Energy, Share},
    series::Quality,
    time::{Calendar, Interval, Resolution},
};

const TARIFF: &str = r#"
id = "calle-sol"
currency = "EUR"
valid_from = 2020-01-01
name = { en = "Calle Sol", es = "Calle Sol" }

[[components]]
id = "grid"
kind = "energy"
quantity = "import"
price_per_kwh = 0.2417

[[components]]
id = "local"
kind = "energy"
quantity = "received"
price_per_kwh = 0.1133

[[components]]
id = "sold"
kind = "credit"
quantity = "given"
price_per_kwh = 0.1133

[[components]]
id = "surplus"
kind = "credit"
quantity = "export"
price_per_kwh = 0.0512

[[components]]
id = "vat"
kind = "tax"
rate_percent = 21
on = ["grid", "local"]
"#;

fn member(number: u128) -> Uuid {
    Uuid::from_u128(number + 1)
}

fn community(zone: &str) -> Community {
    Community {
        id: Uuid::from_u128(0xC0),
        name: Name::new("Calle Sol").unwrap(),
        calendar: Calendar::new(zone).unwrap(),
    }
}

/// A member whose registers have an energy in every slot.
fn account(number: u128, slots: &[Interval], consumption: &[i64], generation: &[i64]) -> Account {
    let register = |values: &[i64]| -> Vec<Reading> {
        slots
            .iter()
            .zip(values)
            .map(|(slot, mwh)| Reading::new(*slot, Some(Energy::from_mwh(*mwh)), Quality::Measured).unwrap())
            .collect()
    };
    let mut registers = vec![MemberRegister::new(Channel::Consumption, register(consumption))];
    if !generation.is_empty() {
        registers.push(MemberRegister::new(Channel::Generation, register(generation)));
    }
    Account { member: member(number), name: Name::new(&format!("member {number}")).unwrap(), registers }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

struct World {
    community: Community,
    contract: Contract,
    period: Interval,
    accounts: Vec<Account>,
    keys: Vec<(Timestamp, Key)>,
    tariffs: Vec<(Option<Uuid>, Tariff)>,
    prices: PriceBook,
    compare: Vec<Key>,
    missing: Missing,
}

impl World {
    fn new(zone: &str, day: jiff::civil::Date, values: impl Fn(u128, usize) -> (i64, i64)) -> Self {
        let community = community(zone);
        let period = community.calendar.day(day).unwrap();
        let slots = community.calendar.slots(period, Resolution::QUARTER_HOUR).unwrap();
        let accounts = (0..4)
            .map(|number| {
                let (used, made): (Vec<i64>, Vec<i64>) =
                    (0..slots.len()).map(|at| values(number, at)).unzip();
                account(number, &slots, &used, &made)
            })
            .collect();
        Self {
            community,
            contract: Contract::default(),
            period,
            accounts,
            keys: Vec::new(),
            tariffs: vec![(None, Tariff::parse_toml(TARIFF).unwrap())],
            prices: PriceBook::new(),
            compare: Vec::new(),
            missing: Missing::Refuse,
        }
    }

    fn settle(&self) -> Result<Settlement, Error> {
        settle(&Order {
            community: &self.community,
            period: self.period,
            contract: &self.contract,
            accounts: &self.accounts,
            keys: &self.keys,
            tariffs: &self.tariffs,
            prices: &self.prices,
            compare: &self.compare,
            missing: self.missing,
            as_of: at("2026-04-01T06:00:00Z"),
            issued_at: at("2026-04-01T06:00:01Z"),
        })
    }

    fn with_static_key(mut self, ppm: [u32; 4]) -> Self {
        let shares = (0..).zip(ppm).map(|(n, ppm)| (member(n).to_string(), Share::from_ppm(ppm).unwrap()));
        self.keys = vec![(Timestamp::MIN, Key::Static(SharingKey::new(shares.collect()).unwrap()))];
        self
    }
}

/// Something that differs by member and slot, and is the same each time.
fn some(number: u128, at: usize) -> (i64, i64) {
    let seed = i64::try_from(number).unwrap() * 7919 + i64::try_from(at).unwrap() * 104_729;
    (seed % 730_001, if number < 2 { seed * 31 % 1_200_007 } else { 0 })
}

fn sum(of: impl Fn(&Statement) -> Energy, settlement: &Settlement) -> Energy {
    settlement.statements.iter().map(of).sum()
}

#[test]
fn the_statements_add_up_to_the_communitys_account() {
    let settled = World::new("Europe/Madrid", date(2026, 3, 10), some).settle().unwrap();
    let Settlement { account, statements } = &settled;
    assert_eq!(statements.len(), 4);
    let total: i64 = statements.iter().map(|statement| statement.total.as_micros()).sum();
    assert_eq!(account.total.as_micros(), total);
    assert_eq!(account.net.as_micros() + account.taxes.as_micros(), total);
    let lines: i64 = account.lines.iter().map(|line| line.amount.as_micros()).sum();
    assert_eq!(lines, total);
    for statement in statements {
        let lines: i64 = statement.lines.iter().map(|line| line.amount.as_micros()).sum();
        assert_eq!(lines, statement.total.as_micros());
        assert!(statement.lines.iter().all(|line| line.amount.as_micros() % 10_000 == 0), "whole cents");
    }
    // What some received is what others gave, and the books of each member balance.
    assert_eq!(sum(|s| s.energy.received_kwh, &settled), sum(|s| s.energy.given_kwh, &settled));
    for Quantities {
        consumption_kwh,
        generation_kwh,
        self_consumed_kwh,
        received_kwh,
        given_kwh,
        import_kwh,
        export_kwh,
        ..
    } in statements.iter().map(|statement| statement.energy)
    {
        assert_eq!(consumption_kwh, self_consumed_kwh + received_kwh + import_kwh);
        assert_eq!(generation_kwh, self_consumed_kwh + given_kwh + export_kwh);
    }
}

#[test]
fn the_same_order_gives_the_same_bytes_and_another_reading_another_id() {
    let world = World::new("Europe/Madrid", date(2026, 3, 10), some);
    let text = |settled: &Settlement| serde_json::to_string(&settled.statements).unwrap();
    let once = world.settle().unwrap();
    assert_eq!(text(&once), text(&world.settle().unwrap()));
    let mut turned = World::new("Europe/Madrid", date(2026, 3, 10), some);
    turned.accounts.reverse();
    assert_eq!(text(&once), text(&turned.settle().unwrap()));
    let other = World::new("Europe/Madrid", date(2026, 3, 10), |n, at| {
        let (used, made) = some(n, at);
        (used + i64::from(n == 3 && at == 0), made)
    });
    assert_ne!(once.statements[3].id, other.settle().unwrap().statements[3].id);
}

#[test]
fn a_statement_round_trips_through_its_json() {
    let settled = World::new("America/Bogota", date(2026, 3, 10), some).settle().unwrap();
    for statement in &settled.statements {
        let text = serde_json::to_string(statement).unwrap();
        assert_eq!(&Statement::parse_json(&text).unwrap(), statement);
    }
    let text = serde_json::to_string(&settled.statements[0]).unwrap();
    let refused = Statement::parse_json(&text.replace("grid-statement/1", "grid-statement/9")).unwrap_err();
    assert!(refused.to_string().contains("grid-statement/9"), "{refused}");
    assert!(Statement::parse_json("{").is_err());
}

#[test]
fn days_of_92_96_and_100_quarter_hours_are_settled_whole() {
    for (zone, day, slots) in [
        ("Europe/Madrid", date(2026, 3, 29), 92),
        ("Europe/Madrid", date(2026, 10, 25), 100),
        ("Europe/Vienna", date(2026, 3, 29), 92),
        ("Europe/Vienna", date(2026, 10, 25), 100),
        ("America/Bogota", date(2026, 3, 29), 96),
    ] {
        let world = World::new(zone, day, |_, _| (1_000, 0));
        let settled = world.settle().unwrap();
        for statement in &settled.statements {
            assert_eq!(statement.energy.consumption_kwh, Energy::from_mwh(1_000 * slots), "{zone} {day}");
            assert_eq!(statement.completeness, Share::WHOLE);
        }
    }
}

#[test]
fn a_years_energy_is_the_sum_of_its_days() {
    let (zone, first) = ("Europe/Madrid", date(2026, 1, 1));
    let calendar = Calendar::new(zone).unwrap();
    let year = calendar.slot_of(calendar.day(first).unwrap().start(), Resolution::Year).unwrap();
    let slots = calendar.slots(year, Resolution::HOUR).unwrap();
    let value = |number: u128| -> Vec<i64> { (0..slots.len()).map(|at| some(number, at).0).collect() };
    let made: Vec<i64> = (0..slots.len()).map(|at| some(0, at).1).collect();
    let mut world = World::new(zone, first, some);
    world.contract = Contract::default().with_resolution(Resolution::HOUR).unwrap();
    world.accounts = vec![account(0, &slots, &value(0), &made), account(1, &slots, &value(1), &[])];
    world.period = year;
    let whole = world.settle().unwrap().account.energy;
    let mut days = Quantities::default();
    let mut day = first;
    for _ in 0..365 {
        world.period = calendar.day(day).unwrap();
        days = days.checked_add(&world.settle().unwrap().account.energy).unwrap();
        day = day.tomorrow().unwrap();
    }
    assert_eq!(days, whole);
}

#[test]
fn readings_that_are_missing_are_refused_or_left_out_and_never_zero() {
    let mut world = World::new("Europe/Madrid", date(2026, 3, 10), |_, _| (1_000, 0));
    world.accounts[2].registers[0].readings.remove(5);
    let refused = world.settle().unwrap_err();
    assert!(
        matches!(&refused, Error::IncompleteReadings { members: 1, known: 95, slots: 96, .. }),
        "{refused}"
    );
    assert!(refused.to_string().contains("member 2"), "{refused}");
    world.missing = Missing::LeaveOut;
    let statement = &world.settle().unwrap().statements[2];
    assert_eq!(statement.energy.consumption_kwh, Energy::from_mwh(95_000));
    assert_eq!((statement.quality, statement.completeness.as_ppm()), (Quality::Missing, 989_583));
}

#[test]
fn who_has_no_tariff_is_named_and_a_members_own_tariff_counts_before_the_communitys() {
    let mut world = World::new("Europe/Madrid", date(2026, 3, 10), some);
    world.tariffs = vec![(Some(member(0)), Tariff::parse_toml(TARIFF).unwrap())];
    let refused = world.settle().unwrap_err();
    assert!(matches!(&refused, Error::NoTariff { member, .. } if member == "member 1"), "{refused}");
    let cheap = TARIFF.replace("0.2417", "0.01").replace("calle-sol", "cheap");
    world.tariffs = vec![
        (None, Tariff::parse_toml(TARIFF).unwrap()),
        (Some(member(0)), Tariff::parse_toml(&cheap).unwrap()),
    ];
    let statements = world.settle().unwrap().statements;
    assert_eq!((&*statements[0].tariff.id, &*statements[1].tariff.id), ("cheap", "calle-sol"));
    let foreign = TARIFF.replace("\"EUR\"", "\"COP\"");
    world.tariffs[1].1 = Tariff::parse_toml(&foreign).unwrap();
    assert!(matches!(world.settle(), Err(Error::SeveralCurrencies { .. })));
}

#[test]
fn a_tariff_that_begins_within_the_period_counts_from_its_first_day_on() {
    let mut world = World::new("Europe/Madrid", date(2026, 3, 10), some);
    let calendar = world.community.calendar.clone();
    world.period = Interval::new(
        calendar.day(date(2026, 3, 10)).unwrap().start(),
        calendar.day(date(2026, 3, 12)).unwrap().start(),
    )
    .unwrap();
    let slots = calendar.slots(world.period, Resolution::QUARTER_HOUR).unwrap();
    world.accounts = vec![account(0, &slots, &vec![1_000_000; slots.len()], &[])];
    let dearer = TARIFF.replace("0.2417", "0.5").replace("2020-01-01", "2026-03-11");
    world.tariffs.push((None, Tariff::parse_toml(&dearer).unwrap()));
    let statement = world.settle().unwrap().statements.remove(0);
    let grid: Vec<String> = statement
        .lines
        .iter()
        .filter(|line| line.component == "grid")
        .map(|line| line.amount.to_string())
        .collect();
    // 96 kWh at 0.2417 EUR/kWh, then 96 kWh at 0.50 EUR/kWh.
    assert_eq!(grid, ["23.20", "48.00"]);
    // A cap over the whole period cannot be cut.
    let capped = dearer.replace("quantity = \"export\"", "quantity = \"export\"\ncap = \"import_energy\"");
    world.tariffs[1].1 = Tariff::parse_toml(&capped).unwrap();
    let refused = world.settle().unwrap_err();
    assert!(matches!(&refused, Error::PeriodCut { component, .. } if component == "surplus"), "{refused}");
}

#[test]
fn under_spanish_law_each_member_keeps_what_it_does_not_use() {
    // RD 244/2019, Anexo I: betas 0.5, 0.3, 0.2 of 10 kWh against 2, 5 and 1 kWh.
    let mut world = World::new("Europe/Madrid", date(2026, 3, 10), |_, _| (0, 0));
    world.contract = Contract::default().with_law(Law::Spain);
    let calendar = world.community.calendar.clone();
    let slots = calendar.slots(world.period, Resolution::HOUR).unwrap();
    let first = |mwh: i64| {
        let mut values = vec![0; slots.len()];
        values[12] = mwh;
        values
    };
    world.accounts = vec![
        account(0, &slots, &first(2_000_000), &[]),
        account(1, &slots, &first(5_000_000), &[]),
        account(2, &slots, &first(1_000_000), &[]),
        account(3, &slots, &first(0), &first(10_000_000)),
    ];
    world = world.with_static_key([500_000, 300_000, 200_000, 0]);
    let statements = world.settle().unwrap().statements;
    let of = |which: fn(&Quantities) -> Energy| -> Vec<i64> {
        statements.iter().map(|statement| which(&statement.energy).as_mwh() / 1_000_000).collect()
    };
    assert_eq!(of(|q| q.received_kwh), [2, 3, 1, 0]);
    assert_eq!(of(|q| q.export_kwh), [3, 0, 1, 0]);
    assert_eq!(of(|q| q.import_kwh), [0, 2, 0, 0]);
    assert_eq!(of(|q| q.given_kwh), [0, 0, 0, 10]);
    assert_eq!(statements[0].sharing.law.as_deref(), Some("spain"));
    // What the law does not know is refused, and so is what does not divide the production beforehand.
    world.keys = Vec::new();
    assert!(matches!(world.settle(), Err(Error::KeyNotAllowed { law: "spain", kind: "proportional" })));
    world.contract = Contract::default().with_surplus(Surplus::Member);
    assert!(matches!(world.settle(), Err(Error::KeyDoesNotDivide { kind: "proportional" })));
}

#[test]
fn a_law_is_not_applied_before_it_was() {
    let mut world = World::new("Europe/Madrid", date(2015, 3, 10), some);
    world.contract = Contract::default().with_law(Law::Spain);
    assert!(matches!(world.settle(), Err(Error::LawNotInForce { law: "spain", .. })));
}

#[test]
fn a_meter_of_two_communities_is_divided_to_the_last_milliwatt_hour() {
    // ElWOG §16e, multiple participation: 60 % here and 40 % in another community.
    let world = |community: u128| {
        let mut world = World::new("Europe/Vienna", date(2026, 3, 10), some);
        world.community.id = Uuid::from_u128(community);
        let factor = |ppm| Share::from_ppm(ppm).unwrap();
        let factors = vec![
            (Uuid::from_u128(0xC0).to_string(), factor(600_000)),
            (Uuid::from_u128(0xC1).to_string(), factor(400_000)),
        ];
        world.contract = Contract::default()
            .with_law(Law::Austria)
            .with_participation(member(1), Participation::new(factors).unwrap());
        world.settle().unwrap().statements
    };
    let (here, there) = (world(0xC0), world(0xC1));
    let whole = World::new("Europe/Vienna", date(2026, 3, 10), some).settle().unwrap().statements;
    let consumed = |statements: &[Statement]| statements[1].energy.consumption_kwh;
    assert_eq!(consumed(&here) + consumed(&there), consumed(&whole));
    assert!(consumed(&here) > consumed(&there));
    // The others take part with all of their meters.
    assert_eq!(here[2].energy.consumption_kwh, whole[2].energy.consumption_kwh);
    let contract: Contract = serde_json::from_str(
        r#"{"participation": {"00000000-0000-0000-0000-000000000002": [
            {"community_id": "00000000-0000-0000-0000-0000000000c0", "factor": "0.6"}]}}"#,
    )
    .unwrap();
    assert_eq!(contract.participation(member(1)).unwrap().factors().len(), 1);
}

#[test]
fn what_is_divided_falls_to_nobody_whose_readings_are_missing() {
    let mut world =
        World::new("Europe/Madrid", date(2026, 3, 10), |n, _| if n == 0 { (0, 1_000) } else { (400, 0) });
    world.contract = Contract::default().with_surplus(Surplus::Member);
    world.missing = Missing::LeaveOut;
    world.accounts.truncate(2);
    world.keys = vec![(Timestamp::MIN, Key::Equal)];
    // The second member's reading of one slot is not there.
    world.accounts[1].registers[0].readings.pop();
    let settled = world.settle().unwrap();
    // 95 slots divide 1,000 mWh in halves: the second member uses 400 of its own and is paid for 100.
    let energy = settled.account.energy;
    assert_eq!(energy.received_kwh, Energy::from_mwh(95 * 400));
    // In the other slot the plant keeps the half that nobody could take, beside its own.
    assert_eq!(energy.export_kwh, Energy::from_mwh(95 * (500 + 100) + 1_000));
    assert_eq!(energy.given_kwh, Energy::from_mwh(95 * 1_000 + 500));
}

#[test]
fn in_italy_everybody_buys_as_before_and_what_was_shared_is_counted() {
    // DM MASE 414/2023: injected 3 and 1 kWh, withdrawn 1, 2 and 4 kWh in one hour: 4 kWh are shared.
    let mut world = World::new("Europe/Rome", date(2026, 3, 10), |_, _| (0, 0));
    world.contract = Contract::default().with_law(Law::Italy);
    let slots = world.community.calendar.slots(world.period, Resolution::HOUR).unwrap();
    let noon = |mwh: i64| -> Vec<i64> { (0..slots.len()).map(|at| if at == 12 { mwh } else { 0 }).collect() };
    world.accounts = vec![
        account(0, &slots, &noon(0), &noon(3_000_000)),
        account(1, &slots, &noon(0), &noon(1_000_000)),
        account(2, &slots, &noon(1_000_000), &[]),
        account(3, &slots, &noon(2_000_000), &[]),
        account(4, &slots, &noon(4_000_000), &[]),
    ];
    let energy = world.settle().unwrap().account.energy;
    assert_eq!(energy.received_kwh, Energy::from_mwh(4_000_000));
    assert_eq!(energy.import_kwh, Energy::from_mwh(7_000_000));
    assert_eq!(energy.export_kwh, Energy::from_mwh(4_000_000));
}

#[test]
fn what_a_member_saved_is_told_beside_no_community_and_beside_another_key() {
    let mut world =
        World::new("Europe/Madrid", date(2026, 3, 10), some).with_static_key([0, 0, 900_000, 100_000]);
    world.compare = vec![Key::Equal, Key::Proportional, Key::Equal];
    for statement in world.settle().unwrap().statements {
        let with: Vec<&str> = statement.comparisons.iter().map(|other| other.with.as_str()).collect();
        assert_eq!(with, ["without_community", "equal", "proportional", "equal 2"]);
        for other in &statement.comparisons {
            assert_eq!(other.saved.as_micros(), other.total.as_micros() - statement.total.as_micros());
        }
        // Local energy is cheaper than that of the grid, and better paid than what is fed in.
        assert!(statement.comparisons[0].saved >= Amount::ZERO, "{statement:?}");
    }
}

#[test]
fn only_whole_slots_are_settled() {
    let mut world = World::new("Europe/Madrid", date(2026, 3, 10), some);
    world.period = Interval::parse("2026-03-10T00:07:00Z", "2026-03-10T12:00:00Z").unwrap();
    assert!(matches!(world.settle(), Err(Error::NotWholeSlots { .. })));
    world.period = community("Europe/Madrid").calendar.day(date(2026, 3, 10)).unwrap();
    world.accounts = Vec::new();
    assert!(matches!(world.settle(), Err(Error::NobodyToSettle)));
}

/// The sum of a statement and its corrections, line by line.
fn standing(documents: &[Statement]) -> (i64, i64, Energy, Vec<(String, i64)>) {
    let mut lines = std::collections::BTreeMap::<String, i64>::new();
    for line in documents.iter().flat_map(|document| &document.lines) {
        *lines.entry(line.component.clone()).or_default() += line.amount.as_micros();
    }
    lines.retain(|_, amount| *amount != 0);
    (
        documents.iter().map(|document| document.net.as_micros()).sum(),
        documents.iter().map(|document| document.total.as_micros()).sum(),
        documents.iter().map(|document| document.energy.import_kwh).sum(),
        lines.into_iter().collect(),
    )
}

fn one(consumption: i64) -> Statement {
    let mut world = World::new("Europe/Madrid", date(2026, 3, 10), |_, _| (consumption, 0));
    world.accounts.truncate(1);
    world.settle().unwrap().statements.remove(0)
}

#[test]
fn nothing_changed_is_no_correction() {
    let statement = one(1_000);
    assert_eq!(correct(std::slice::from_ref(&statement), &statement), Ok(None));
    // Made again later, with the same readings, it is still the same bill.
    let again = Statement { issued_at: at("2026-05-01T00:00:00Z"), ..statement.clone() };
    assert_eq!(correct(&[statement], &again), Ok(None));
}

#[test]
fn a_bill_that_has_a_line_twice_is_not_corrected_for_nothing() {
    // As where a new tariff cuts the month and leaves a price as it was.
    let twice = |consumption| {
        let mut statement = one(consumption);
        let again = statement.lines.clone();
        statement.lines.extend(again);
        statement
    };
    let statement = twice(1_000_000);
    assert_eq!(correct(std::slice::from_ref(&statement), &statement), Ok(None));
    let now = twice(3_000_000);
    let correction = correct(std::slice::from_ref(&statement), &now).unwrap().unwrap();
    let issued = [statement, correction];
    assert_eq!(standing(&issued).0, now.net.as_micros());
    assert_eq!(correct(&issued, &now), Ok(None));
}

#[test]
fn a_correction_is_about_the_same_bill() {
    let statement = one(1_000);
    let other = Statement { currency: "COP".to_owned(), ..one(2_000) };
    assert!(matches!(
        correct(std::slice::from_ref(&statement), &other),
        Err(Error::NotTheSameBill { field: "currency", .. })
    ));
    assert!(matches!(correct(&[], &statement), Err(Error::NothingToCorrect { .. })));
    let correction = correct(std::slice::from_ref(&statement), &one(3_000)).unwrap().unwrap();
    assert!(matches!(correct(&[correction], &statement), Err(Error::NotTheSameBill { field: "kind", .. })));
}

proptest! {
    #[test]
    fn a_statement_and_its_corrections_come_to_what_stands_now(values in prop::collection::vec(0..9_000_000_i64, 2..6)) {
        let mut issued = vec![one(values[0])];
        for &value in &values[1..] {
            let now = one(value);
            if let Some(correction) = correct(&issued, &now).unwrap() {
                prop_assert_eq!(correction.kind, Kind::Correction);
                prop_assert_eq!(correction.corrects, Some(issued[issued.len() - 1].id));
                issued.push(correction);
            }
            prop_assert_eq!(standing(&issued), standing(&[now]));
        }
    }

    #[test]
    fn a_correction_and_its_inverse_come_to_nothing(first in 0..9_000_000_i64, second in 0..9_000_000_i64) {
        let (before, after) = (one(first), one(second));
        let there = correct(std::slice::from_ref(&before), &after).unwrap();
        prop_assume!(there.is_some());
        let there = there.unwrap();
        let back = correct(&[before.clone(), there.clone()], &before).unwrap().unwrap();
        prop_assert_eq!(there.total.as_micros() + back.total.as_micros(), 0);
        prop_assert_eq!(standing(&[there, back]), (0, 0, Energy::ZERO, Vec::new()));
    }

    #[test]
    fn a_settled_day_adds_up_whatever_the_readings(
        cells in prop::collection::vec((0..2_000_000_i64, 0..3_000_000_i64), 4 * 96),
        key in prop_oneof![Just(Key::Proportional), Just(Key::Equal)],
    ) {
        let mut world = World::new("Europe/Madrid", date(2026, 3, 10), |n, at| cells[usize::try_from(n).unwrap() * 96 + at]);
        world.keys = vec![(Timestamp::MIN, key)];
        let settled = world.settle().unwrap();
        let total: i64 = settled.statements.iter().map(|statement| statement.total.as_micros()).sum();
        prop_assert_eq!(settled.account.total.as_micros(), total);
        prop_assert_eq!(sum(|s| s.energy.received_kwh, &settled), sum(|s| s.energy.given_kwh, &settled));
        let energy = settled.account.energy;
        prop_assert_eq!(energy.consumption_kwh, energy.self_consumed_kwh + energy.received_kwh + energy.import_kwh);
        prop_assert_eq!(energy.generation_kwh, energy.self_consumed_kwh + energy.given_kwh + energy.export_kwh);
    }
}
