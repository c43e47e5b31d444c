//! What documents are refused, and what bills say.

use std::collections::BTreeSet;

use jiff::civil::{Date, date};

use super::*;
use crate::error::Failure;
use crate::quantity::{Currency, Energy, Power, Price};
use crate::time::{Calendar, Interval, Resolution};

pub(super) const EXAMPLES: [&str; 4] = [
    include_str!("../../../../docs/tariffs/spain-2.0td.toml"),
    include_str!("../../../../docs/tariffs/austria-eeg.toml"),
    include_str!("../../../../docs/tariffs/colombia.toml"),
    include_str!("../../../../docs/tariffs/flat.toml"),
];

pub(super) fn tariff(text: &str) -> Tariff {
    Tariff::parse_toml(text).unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn kwh(text: &str) -> Energy {
    Energy::parse_kwh(text).unwrap()
}

/// The first hours of a day.
pub(super) fn hours(zone: &str, day: Date, count: usize) -> (Calendar, Interval, Vec<Interval>) {
    let calendar = Calendar::new(zone).unwrap();
    let day = calendar.day(day).unwrap();
    let mut slots = calendar.slots(day, Resolution::HOUR).unwrap();
    slots.truncate(count);
    let period = Interval::new(day.start(), slots[slots.len() - 1].end()).unwrap();
    (calendar, period, slots)
}

/// The bill of the first hours of a Monday in Madrid.
pub(super) fn bill<'a>(
    text: &str,
    slots: usize,
    fill: impl FnOnce(Usage<'a>) -> Result<Usage<'a>, Error>,
) -> Result<Bill, Error> {
    let (calendar, period, intervals) = hours("Europe/Madrid", date(2026, 3, 2), slots);
    tariff(text).prepare(&calendar, period, &intervals, &PriceBook::new())?.price(&fill(Usage::new(slots))?)
}

fn month(zone: &str, year: i16, month: i8, resolution: Resolution) -> (Calendar, Interval, Vec<Interval>) {
    let calendar = Calendar::new(zone).unwrap();
    let period = calendar.month(year, month).unwrap();
    let slots = calendar.slots(period, resolution).unwrap();
    (calendar, period, slots)
}

fn with_components(components: &str) -> String {
    format!("id = \"t\"\ncurrency = \"EUR\"\nvalid_from = 2026-01-01\n{components}")
}

#[test]
fn the_examples_are_tariffs_and_json_says_the_same() {
    for text in EXAMPLES {
        let tariff = tariff(text);
        let json = serde_json::to_string_pretty(&tariff.to_json()).unwrap();
        assert_eq!(Tariff::parse_json(&json).unwrap_or_else(|error| panic!("{error}")), tariff);
        assert!(tariff.name().get("es").is_some());
        assert!(tariff.components().iter().all(|component| component.names().get("en").is_some()));
    }
}

/// Every key that a definition of the schema allows.
fn properties(definition: &serde_json::Value) -> BTreeSet<String> {
    definition["properties"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn the_schema_has_the_keys_of_the_parser_and_no_other() {
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    let keys =
        |lists: &[&[&str]]| -> BTreeSet<String> { lists.concat().into_iter().map(str::to_owned).collect() };
    assert_eq!(properties(&schema), keys(&[read::TARIFF_KEYS]));
    let definition = |name: &str| &schema["$defs"][name];
    assert_eq!(properties(definition("rounding")), keys(&[read::ROUNDING_KEYS]));
    assert_eq!(properties(definition("schedule")), keys(&[read::SCHEDULE_KEYS]));
    assert_eq!(properties(definition("rule")), keys(&[read::RULE_KEYS]));
    assert_eq!(properties(definition("tier")), keys(&[read_component::TIER_KEYS]));
    for (name, kind) in read_component::KINDS {
        assert_eq!(properties(definition(name)), keys(kind.keys()), "{name}");
        assert_eq!(definition(name)["properties"]["kind"]["const"], name);
    }
    let words = |name: &str| -> Vec<String> {
        definition(name)["enum"].as_array().unwrap().iter().map(|w| w.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(words("quantity"), Quantity::ALL.map(Quantity::as_str));
    assert_eq!(words("per"), read_component::PERIODS.map(|(word, _)| word));
}

/// Line, column and message of a document that is refused.
fn refused(result: Result<Tariff, Error>) -> (u64, u64, String) {
    let error = result.unwrap_err();
    assert!(error.hint().is_some());
    let message = error.to_string();
    match error {
        Error::Document { line, column, .. } => (line, column, message),
        other => panic!("{other}"),
    }
}

#[test]
fn a_fault_is_named_by_line_and_column_in_both_formats() {
    let toml = with_components(
        "[[components]]\nid = \"e\"\nkind = \"energy\"\nquantity = \"import\"\nprise_per_kwh = 1\n",
    );
    let (line, column, message) = refused(Tariff::parse_toml(&toml));
    assert_eq!((line, column), (8, 1), "{message}");
    assert!(message.contains("such as `price_per_kwh`, got the key `prise_per_kwh`"), "{message}");

    let json = "{\n  \"id\": \"t\", \"currency\": \"EUR\", \"valid_from\": \"2026-01-01\",\n  \"components\": [\n    {\"id\": \"e\", \"kind\": \"enrgy\"}]}";
    let (line, column, message) = refused(Tariff::parse_json(json));
    assert_eq!((line, column), (4, 25), "{message}");
    assert!(message.contains("`/components/0/kind`") && message.contains("(`energy`?)"), "{message}");

    let (line, column, _) = refused(Tariff::parse_toml("id = \"t\"\nname = = 3\n"));
    assert_eq!((line, column), (2, 8));
    let (line, _, _) = refused(Tariff::parse_json("{\n\"id\": }"));
    assert_eq!(line, 2);
    let (line, column, message) = refused(Tariff::parse_json("{\"id\": \"t\",\n \"id\": \"u\"}"));
    assert_eq!((line, column), (2, 2), "{message}");
}

#[test]
fn what_is_wrong_is_said_with_what_was_expected() {
    let energy = |keys: &str| {
        with_components(&format!(
            "[[components]]\nid = \"e\"\nkind = \"energy\"\nquantity = \"import\"\n{keys}\n"
        ))
    };
    let tax = |id: &str, on: &str| {
        format!("[[components]]\nid = \"{id}\"\nkind = \"tax\"\nrate_percent = 21\non = [{on}]\n")
    };
    for (text, part) in [
        (energy(""), "a key `price_per_kwh`, `prices_per_kwh`, `tiers` or `series`"),
        (energy("price_per_kwh = 0.1\nseries = \"spot\""), "`price_per_kwh` and `series`"),
        (energy("price_per_kwh = 0.12345678"), "a price per kWh with up to six decimals"),
        (energy("price_per_kwh = \"cheap\""), "got `cheap`"),
        (energy("price_per_kwh = nan"), "got `nan`"),
        (energy("price_per_kwh = 0.1\nmultiplier = 2"), "`multiplier`"),
        (energy("price_per_kwh = 0.1\nfrom = 2026-03-02\nto = 2026-03-02"), "a date after `from`"),
        (energy("schedule = \"x\"\nprices_per_kwh = { a = 1 }"), "a schedule of the tariff"),
        (
            energy("tier_mode = \"volume\"\ntiers = [{ up_to_kwh = 5, fee = 1 }]"),
            "a last tier without an end",
        ),
        (
            energy(
                "tier_mode = \"volume\"\ntiers = [{ up_to_kwh = 5, fee = 1 }, { up_to_kwh = 5, fee = 2 }, { fee = 1 }]",
            ),
            "above the tier before",
        ),
        (energy("tier_mode = \"volume\"\nprorate = true\ntiers = [{ fee = 1 }]"), "`tiers_per` is `month`"),
        (with_components(&tax("vat", "\"energy\"")), "the id or the group of a component"),
        (energy("tier_mode = \"volume\"\ntiers = []"), "a list of tiers, from 1 to 100"),
        (
            with_components(
                "[[components]]\nid = \"c\"\nkind = \"credit\"\nquantity = \"export\"\nprice_per_kwh = 1\ncap = \"import_energy\"",
            ),
            "a component `energy` that prices `import`",
        ),
        (with_components(&(tax("a", "\"b\"") + &tax("b", "\"a\""))), "a circle in `a` and `b`"),
        (with_components(&tax("a", "\"a\"")), "a circle in `a`"),
        (with_components(&(tax("a", "\"b\"") + &tax("a", "\"b\""))), "each id once"),
        ("id = \"t\"\ncurrency = \"eur\"\nvalid_from = 2026-01-01".to_owned(), "an ISO 4217 code"),
        ("id = \"a b\"\ncurrency = \"EUR\"\nvalid_from = 2026-01-01".to_owned(), "an id of 1 to 64"),
        ("id = \"t\"\ncurrency = \"EUR\"\nvalid_from = 2026-02-30".to_owned(), "TOML"),
        ("id = \"t\"\ncurrency = \"EUR\"".to_owned(), "a key `valid_from`"),
    ] {
        let (_, _, message) = refused(Tariff::parse_toml(&text));
        assert!(message.contains(part), "{message} should have {part}");
    }
}

#[test]
fn a_schedule_with_a_hole_is_refused_and_the_hole_is_named() {
    let text = r#"
        [[schedules.s.rules]]
        band = "day"
        hours = ["08:00-22:00"]
        [[schedules.s.rules]]
        band = "night"
        hours = ["22:00-07:30"]
    "#;
    let (_, _, message) = refused(Tariff::parse_toml(&with_components(text)));
    assert!(message.contains("none for a monday on 01-01 from 07:30 to 08:00"), "{message}");
    let text = r#"
        [[schedules.s.rules]]
        band = "summer"
        seasons = ["03-01..10-31"]
        [[schedules.s.rules]]
        band = "winter"
        seasons = ["11-01..02-28"]
    "#;
    let (_, _, message) = refused(Tariff::parse_toml(&with_components(text)));
    assert!(message.contains("on 02-29 from 00:00 to 24:00"), "{message}");
}

#[test]
fn a_slot_over_a_border_is_refused_and_named() {
    let text = with_components(
        r#"
        [[schedules.s.rules]]
        band = "night"
        hours = ["22:30-06:00"]
        [[schedules.s.rules]]
        band = "day"
        [[components]]
        id = "e"
        kind = "energy"
        quantity = "import"
        schedule = "s"
        prices_per_kwh = { day = 2, night = 1 }
        "#,
    );
    let tariff = tariff(&text);
    let (calendar, period, slots) = hours("Europe/Madrid", date(2026, 3, 2), 24);
    let error = tariff.prepare(&calendar, period, &slots, &PriceBook::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "schedule `s`: the slot 2026-03-02T21:00:00Z/2026-03-02T22:00:00Z starts in band `day` and reaches into `night`"
    );
    let halves = calendar.slots(period, "30min".parse().unwrap()).unwrap();
    assert!(tariff.prepare(&calendar, period, &halves, &PriceBook::new()).is_ok());
}

#[test]
fn days_of_92_96_and_100_quarter_hours_have_bands_and_one_fixed_day() {
    let tariff = tariff(EXAMPLES[0]);
    for (zone, day, quarters) in [
        ("Europe/Madrid", date(2026, 3, 28), 96),
        ("Europe/Madrid", date(2026, 3, 29), 92),
        ("Europe/Madrid", date(2026, 10, 25), 100),
        ("Europe/Vienna", date(2026, 3, 29), 92),
        ("Europe/Vienna", date(2026, 10, 25), 100),
        ("America/Bogota", date(2026, 10, 25), 96),
    ] {
        let calendar = Calendar::new(zone).unwrap();
        let period = calendar.day(day).unwrap();
        let slots = calendar.slots(period, Resolution::QUARTER_HOUR).unwrap();
        assert_eq!(slots.len(), quarters);
        let energies = vec![kwh("1"); quarters];
        let usage = Usage::new(quarters)
            .with(Quantity::Import, &energies)
            .and_then(|usage| usage.with(Quantity::Export, &energies))
            .unwrap()
            .with_contracted("punta", Power::from_watt(4600).unwrap())
            .with_contracted("valle", Power::from_watt(4600).unwrap());
        let bill =
            tariff.prepare(&calendar, period, &slots, &PriceBook::new()).unwrap().price(&usage).unwrap();
        let bands: Energy = bill
            .lines
            .iter()
            .filter(|line| line.component == "energy" && line.band.is_some())
            .filter_map(|line| line.energy)
            .sum();
        assert_eq!(bands, energies.iter().sum());
        let meter = bill.lines.iter().find(|line| line.component == "meter").unwrap();
        assert_eq!(meter.days, Some(1));
        assert_eq!(meter.amount.to_amount_string(), "0.03");
    }
}

#[test]
fn components_are_cut_where_their_dates_cut_the_period() {
    let text = with_components(
        r#"
        [[components]]
        id = "old"
        kind = "energy"
        quantity = "import"
        price_per_kwh = 1
        to = 2026-03-11
        [[components]]
        id = "new"
        kind = "energy"
        quantity = "import"
        price_per_kwh = 2
        from = 2026-03-11
        [[components]]
        id = "fee"
        kind = "fixed"
        price = 31
        per = "month"
        from = 2026-03-11
        [[components]]
        id = "later"
        kind = "fixed"
        price = 31
        per = "day"
        from = 2026-04-01
        [[components]]
        id = "vat"
        kind = "tax"
        rate_percent = 10
        on = ["old", "new"]
        to = 2026-03-31
        "#,
    );
    let (calendar, period, slots) = month("Europe/Madrid", 2026, 3, Resolution::Day);
    let import = vec![kwh("1"); 31];
    let prepared = tariff(&text).prepare(&calendar, period, &slots, &PriceBook::new()).unwrap();
    let bill = prepared.price(&Usage::new(31).with(Quantity::Import, &import).unwrap()).unwrap();
    let amounts: Vec<(&str, String)> =
        bill.lines.iter().map(|line| (line.component.as_str(), line.amount.to_amount_string())).collect();
    // Ten days at 1, twenty-one at 2 and of the fee; the tax no longer holds on the last day.
    assert_eq!(amounts, [("old", "10.00".into()), ("new", "42.00".into()), ("fee", "21.00".into())]);
    assert_eq!(bill.lines[2].months.unwrap().to_string(), "0.677419");

    let error = tariff(&text).prepare(&calendar, period, &[period], &PriceBook::new()).unwrap_err();
    assert!(
        matches!(error, Error::SlotAcrossDates { date: border, .. } if border == date(2026, 3, 11)),
        "{error}"
    );
}

#[test]
fn a_price_that_is_missing_is_an_error_only_where_energy_flowed() {
    let text = with_components(
        "[[components]]\nid = \"spot\"\nkind = \"energy\"\nquantity = \"import\"\nseries = \"spot\"\nmultiplier = 1.02\nadder_per_kwh = 0.01\n",
    );
    let (calendar, period, slots) = hours("Europe/Madrid", date(2026, 3, 2), 3);
    let price = |micros: i64| Price::from_micros_per_kwh(micros, Currency::EUR);
    let mut book = PriceBook::new();
    book.insert("spot", [(slots[2], price(50_000)), (slots[0], price(-100_000))]).unwrap();
    let prepared = tariff(&text).prepare(&calendar, period, &slots, &book).unwrap();
    let priced = |middle: &str| {
        let import = [kwh("100"), kwh(middle), kwh("10")];
        prepared.price(&Usage::new(3).with(Quantity::Import, &import).unwrap())
    };
    // 100 * (-0.102 + 0.01) + 10 * (0.051 + 0.01): below zero, as prices at noon are.
    let bill = priced("0").unwrap();
    assert_eq!(bill.total.to_amount_string(), "-8.59");
    assert_eq!(bill.lines[0].unit_price, None);
    assert_eq!(
        priced("0.000001").unwrap_err().to_string(),
        "no price in `spot` for the slot at 2026-03-02T00:00:00Z, in which 0.000001 kWh flowed"
    );
    let error = tariff(&text).prepare(&calendar, period, &slots, &PriceBook::new()).unwrap_err();
    assert!(matches!(error, Error::UnknownSeries { .. }));
    book.insert("spot", [(slots[1], price(7))]).unwrap();
    let error = tariff(&text).prepare(&calendar, period, &[period], &book).unwrap_err();
    assert!(matches!(error, Error::SlotAcrossPrices { .. }));
    assert!(matches!(book.insert("spot", [(slots[1], price(7))]), Err(Error::PricesOverlap { .. })));
}

#[test]
fn prices_are_read_from_rows_and_a_wrong_one_is_named() {
    let mut book = PriceBook::new();
    let rows = "start,end,price\n2026-03-02T00:00:00Z,2026-03-02T01:00:00Z,0.1\n";
    book.read_csv("spot", rows.as_bytes(), Currency::EUR).unwrap();
    assert_eq!(book.series("spot").unwrap()[0].1.as_micros_per_kwh(), 100_000);
    for (rows, line, column) in [
        ("", 1, 1),
        ("start,end,cost\n", 1, 3),
        ("start,end,price\n2026-03-02 00:00,2026-03-02T01:00:00Z,0.1\n", 2, 1),
        ("start,end,price\n2026-03-02T01:00:00Z,2026-03-02T01:00:00Z,0.1\n", 2, 2),
        ("start,end,price\n2026-03-02T00:00:00Z,2026-03-02T01:00:00Z,0,1\n", 2, 1),
        ("start,end,price\n2026-03-02T00:00:00Z,2026-03-02T01:00:00Z,\n", 2, 3),
    ] {
        let error = PriceBook::new().read_csv("spot", rows.as_bytes(), Currency::EUR).unwrap_err();
        assert!(
            matches!(error, Error::PriceRow { line: l, column: c, .. } if (l, c) == (line, column)),
            "{error}"
        );
    }
}

#[test]
fn the_peak_of_a_month_is_the_highest_mean_power_of_a_slot() {
    let text = with_components(
        "[[components]]\nid = \"peak\"\nkind = \"capacity\"\npeak = \"import\"\nprice_per_kw = 2\nper = \"month\"\n",
    );
    let (calendar, period, slots) = month("Europe/Madrid", 2026, 3, Resolution::QUARTER_HOUR);
    let mut import = vec![kwh("0.25"); slots.len()];
    import[1000] = kwh("1.5");
    let prepared = tariff(&text).prepare(&calendar, period, &slots, &PriceBook::new()).unwrap();
    let bill = prepared.price(&Usage::new(slots.len()).with(Quantity::Import, &import).unwrap()).unwrap();
    // 1.5 kWh in a quarter of an hour are 6 kW.
    assert_eq!(bill.lines[0].power, Some("6 kW".parse().unwrap()));
    assert_eq!(bill.lines[0].month.as_deref(), Some("2026-03"));
    assert_eq!(bill.total.to_amount_string(), "12.00");
}

#[test]
fn tiers_of_a_month_begin_anew_and_shrink_only_where_the_tariff_says_so() {
    let text = |prorate: bool| {
        with_components(&format!(
            "[[components]]\nid = \"e\"\nkind = \"energy\"\nquantity = \"import\"\ntier_mode = \"graduated\"\ntiers_per = \"month\"\nprorate = {prorate}\ntiers = [{{ up_to_kwh = 30, price_per_kwh = 1 }}, {{ price_per_kwh = 2 }}]\n"
        ))
    };
    let madrid = Calendar::new("Europe/Madrid").unwrap();
    let period = Interval::new(
        madrid.day(date(2026, 4, 1)).unwrap().start(),
        madrid.day(date(2026, 5, 15)).unwrap().start(),
    )
    .unwrap();
    let slots = madrid.slots(period, Resolution::Day).unwrap();
    let import = vec![kwh("2"); slots.len()];
    let total = |prorate| {
        let prepared = tariff(&text(prorate)).prepare(&madrid, period, &slots, &PriceBook::new()).unwrap();
        let bill = prepared.price(&Usage::new(slots.len()).with(Quantity::Import, &import).unwrap()).unwrap();
        bill.total.to_amount_string()
    };
    // April: 60 kWh, 30 at 1 and 30 at 2. May: 28 kWh, all at 1; or, where the tier is 14/31 of 30, 13.548387 at 1
    // and 14.451613 at 2: 13.55 and 28.90.
    assert_eq!(total(false), "118.00");
    assert_eq!(total(true), "132.45");
}

#[test]
fn lines_of_nothing_are_left_out_only_on_request() {
    let text = |skip: bool| {
        with_components(&format!(
            "[[components]]\nid = \"e\"\nkind = \"energy\"\nquantity = \"import\"\nprice_per_kwh = 1\nskip_when_zero = {skip}\n"
        ))
    };
    let import = [Energy::ZERO];
    for (skip, lines) in [(false, 1), (true, 0)] {
        let bill = bill(&text(skip), 1, |usage| usage.with(Quantity::Import, &import)).unwrap();
        assert_eq!(bill.lines.len(), lines);
        assert_eq!(bill.total.to_amount_string(), "0.00");
    }
}

#[test]
fn what_a_bill_needs_and_is_not_there_is_named() {
    let text = with_components(
        "[[components]]\nid = \"e\"\nkind = \"energy\"\nquantity = \"import\"\nprice_per_kwh = 1\n[[components]]\nid = \"p\"\nkind = \"capacity\"\ncontracted = \"p1\"\nprice_per_kw = 1\nper = \"day\"\n",
    );
    let import = [kwh("1")];
    assert_eq!(
        bill(&text, 1, Ok),
        Err(Error::NoColumn { component: "e".into(), quantity: Quantity::Import })
    );
    assert!(matches!(
        bill(&text, 1, |usage| usage.with(Quantity::Import, &import)),
        Err(Error::NoPower { .. })
    ));
    assert!(matches!(
        bill(&text, 1, |usage| Ok(usage.with(Quantity::Import, &import)?.starting_at("e", kwh("1")))),
        Err(Error::NoTiers { .. })
    ));
    let negative = [kwh("-1")];
    assert!(matches!(
        Usage::new(1).with(Quantity::Import, &negative),
        Err(Error::NegativeEnergy { slot: 0, .. })
    ));
    let (calendar, period, slots) = hours("Europe/Madrid", date(2026, 3, 2), 3);
    let tariff = tariff(&text);
    for slots in [&slots[..2], &slots[1..], &[]] {
        let error = tariff.prepare(&calendar, period, slots, &PriceBook::new()).unwrap_err();
        assert!(matches!(error, Error::SlotsDoNotCover { .. }));
    }
    let (calendar, period, slots) = hours("Europe/Madrid", date(2025, 12, 31), 3);
    let error = tariff.prepare(&calendar, period, &slots, &PriceBook::new()).unwrap_err();
    assert!(matches!(error, Error::NotYetValid { .. }));
}

#[test]
fn a_bill_is_json_that_people_can_read() {
    let text = with_components(
        "[[components]]\nid = \"e\"\nkind = \"energy\"\nname = { en = \"Energy\", es = \"Energía\" }\nquantity = \"import\"\nprice_per_kwh = 0.1234\n[[components]]\nid = \"vat\"\nkind = \"tax\"\nrate_percent = 21\non = [\"e\"]\n",
    );
    let import = [kwh("1.25")];
    let bill = bill(&text, 1, |usage| usage.with(Quantity::Import, &import)).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&bill).unwrap(), @r#"
    {
      "currency": "EUR",
      "lines": [
        {
          "component": "e",
          "kind": "energy",
          "names": {
            "en": "Energy",
            "es": "Energía"
          },
          "quantity": "import",
          "energy_kwh": "1.250000",
          "unit_price": "0.1234",
          "per": "kWh",
          "amount": "0.15"
        },
        {
          "component": "vat",
          "kind": "tax",
          "base": "0.15",
          "rate_percent": "21",
          "amount": "0.03"
        }
      ],
      "net": "0.15",
      "taxes": "0.03",
      "total": "0.18"
    }
    "#);
}

#[test]
fn two_credits_with_one_cap_share_it() {
    let text = with_components(
        r#"
        [[components]]
        id = "b"
        kind = "credit"
        quantity = "export"
        price_per_kwh = 1
        cap = "import_energy"
        [[components]]
        id = "a"
        kind = "credit"
        quantity = "given"
        price_per_kwh = 1
        cap = ["e"]
        [[components]]
        id = "e"
        kind = "energy"
        quantity = "import"
        price_per_kwh = 1
        "#,
    );
    let (import, given, export) = ([kwh("10")], [kwh("7")], [kwh("5")]);
    let bill = bill(&text, 1, |usage| {
        usage.with(Quantity::Import, &import)?.with(Quantity::Given, &given)?.with(Quantity::Export, &export)
    })
    .unwrap();
    let amounts: Vec<String> = bill.lines.iter().map(|line| line.amount.to_amount_string()).collect();
    assert_eq!(amounts, ["-3.00", "-7.00", "10.00"]);
    assert_eq!(bill.lines[0].forfeited.unwrap().to_amount_string(), "2.00");
}

#[test]
fn one_tariff_serves_many_threads() {
    const fn shared<T: Sync + Send>() {}
    shared::<Prepared>();
}
