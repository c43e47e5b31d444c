//! Figures from outside; each test names where its figures come from.

use jiff::civil::date;

use super::tests::{bill, hours, kwh, tariff};
use super::*;
use crate::quantity::{Currency, Energy, Price};
use crate::time::{Calendar, Interval};

/// `BillingIntegrationTests` of `eegfaktura/eegfaktura-billing`: kWh half up to 0.01 before pricing, net and tax half
/// up to the cent line by line, totals as the sum of the lines.
#[test]
fn invoices_of_the_austrian_community_software_come_out_to_the_cent() {
    let text = r#"
        id = "invoice"
        currency = "EUR"
        valid_from = 2024-01-01
        [rounding]
        energy = "0.01 kWh"
        tax = "per_line"
        [[components]]
        id = "low"
        kind = "energy"
        quantity = "received"
        price_per_kwh = "0.1283"
        [[components]]
        id = "high"
        kind = "energy"
        quantity = "consumption"
        price_per_kwh = "0.1933"
        [[components]]
        id = "vat"
        kind = "tax"
        rate_percent = 0
        on = ["low", "high"]
    "#;
    // The half cent of a kilowatt-hour goes up: 120.345 is billed as 120.35.
    for (received, consumption, nets, total) in
        [("120.345", "0", ["15.44", "0.00"], "15.44"), ("777.60", "2233.22", ["99.77", "431.68"], "531.45")]
    {
        let (received, consumption) = ([kwh(received)], [kwh(consumption)]);
        let bill = bill(text, 1, |usage| {
            usage.with(Quantity::Received, &received)?.with(Quantity::Consumption, &consumption)
        })
        .unwrap();
        let amounts: Vec<String> = bill.lines.iter().map(|line| line.amount.to_amount_string()).collect();
        assert_eq!(amounts, [nets[0], nets[1], "0.00", "0.00"]);
        assert_eq!(bill.total.to_amount_string(), total);
        assert_eq!(bill.lines[2].taxed.as_deref(), Some("low"));
        assert_eq!(bill.lines[2].base, Some(bill.lines[0].amount));
    }
}

fn tiered(mode: &str, tiers: &str, start: &str, quantity: &str) -> String {
    let text = format!(
        r#"
        id = "tiers"
        currency = "EUR"
        valid_from = 2024-01-01
        [[components]]
        id = "energy"
        kind = "energy"
        quantity = "import"
        tier_mode = "{mode}"
        tiers = [{tiers}]
        "#
    );
    let import = [kwh(quantity)];
    let bill = bill(&text, 1, |usage| {
        let usage = usage.with(Quantity::Import, &import)?;
        Ok(if start == "0" { usage } else { usage.starting_at("energy", kwh(start)) })
    })
    .unwrap();
    let energies = bill.lines.iter().filter_map(|line| line.energy);
    assert_eq!(Energy::checked_sum(energies).unwrap(), import[0]);
    bill.total.to_amount_string()
}

/// `tieredvolume_test.go` of `openmeterio/openmeter`.
#[test]
fn a_volume_price_is_that_of_the_tier_of_the_whole() {
    let tiers = "{ up_to_kwh = 5, fee = 100 }, { up_to_kwh = 10, fee = 150 }, \
                 { up_to_kwh = 15, price_per_kwh = 10 }, { price_per_kwh = 5 }";
    for (quantity, total) in [
        ("0", "100.00"),
        ("3", "100.00"),
        ("5", "100.00"),
        ("14", "140.00"),
        ("15", "150.00"),
        ("16", "80.00"),
        ("100", "500.00"),
    ] {
        assert_eq!(tiered("volume", tiers, "0", quantity), total, "{quantity} kWh");
    }
    // Two bills come to the same as one: 100 for 5, and 40 more for what makes it 14.
    assert_eq!(tiered("volume", tiers, "5", "9"), "40.00");
}

/// `tieredgraduated_test.go` of `openmeterio/openmeter`.
#[test]
fn a_graduated_price_is_that_of_each_part() {
    let tiers = "{ up_to_kwh = 5, fee = 100, price_per_kwh = 0 }, { up_to_kwh = 10, fee = 50 }, \
                 { up_to_kwh = 15, price_per_kwh = 5 }, { price_per_kwh = 1 }";
    assert_eq!(tiered("graduated", tiers, "0", "22"), "182.00");
    assert_eq!(tiered("graduated", tiers, "12", "10"), "22.00");
    assert_eq!(tiered("graduated", tiers, "0", "12"), "160.00");
    assert_eq!(tiered("graduated", tiers, "12", "0"), "0.00");
}

/// RD 244/2019, article 14.3, as computed in the collection of vectors: of 15.00 against 12.34, 2.66 are lost.
#[test]
fn a_credit_cannot_exceed_its_cap_and_says_what_is_lost() {
    let text = |cap: &str| {
        format!(
            r#"
            id = "spain"
            currency = "EUR"
            valid_from = 2024-01-01
            [[components]]
            id = "energy"
            kind = "energy"
            quantity = "import"
            price_per_kwh = "0.1234"
            [[components]]
            id = "surplus"
            kind = "credit"
            quantity = "export"
            price_per_kwh = "0.06"
            cap = {cap}
            "#
        )
    };
    for cap in [r#""import_energy""#, r#"["energy"]"#] {
        let (import, export) = ([kwh("100")], [kwh("250")]);
        let bill = bill(&text(cap), 1, |usage| {
            usage.with(Quantity::Import, &import)?.with(Quantity::Export, &export)
        })
        .unwrap();
        assert_eq!(bill.lines[0].amount.to_amount_string(), "12.34");
        assert_eq!(bill.lines[1].amount.to_amount_string(), "-12.34");
        assert_eq!(bill.lines[1].forfeited.unwrap().to_amount_string(), "2.66");
        assert_eq!(bill.net.to_amount_string(), "0.00");
    }
}

const ANNEX_4: &str = r#"
    id = "colombia"
    currency = "COP"
    valid_from = 2024-01-01
    [[components]]
    id = "surplus"
    kind = "exchange"
    quantity = "export"
    against = "import"
    price_per_kwh = 750
    excess_series = "bolsa"
"#;

fn annex_4(export: &[i64], import: &[i64], bolsa: &[i64]) -> Bill {
    let whole = |values: &[i64]| -> Vec<Energy> {
        values.iter().map(|kwh| Energy::from_mwh(kwh * 1_000_000)).collect()
    };
    let (export, import) = (whole(export), whole(import));
    let (calendar, period, slots) = hours("America/Bogota", date(2026, 3, 2), export.len());
    let mut book = PriceBook::new();
    let prices = bolsa.iter().map(|price| Price::from_micros_per_kwh(price * 1_000_000, Currency::COP));
    book.insert("bolsa", slots.iter().copied().zip(prices)).unwrap();
    let prepared = tariff(ANNEX_4).prepare(&calendar, period, &slots, &book).unwrap();
    let usage = Usage::new(slots.len());
    let usage = usage.with(Quantity::Export, &export).unwrap().with(Quantity::Import, &import).unwrap();
    prepared.price(&usage).unwrap()
}

/// CREG 101 072 of 2025, annex 4, as `Bura-hub/Optimalidad-p2p-col` tests it (`tests/test_oraculo_anexo4.py`): the unit
/// cost is 800, of which 50 are deducted.
#[test]
fn a_colombian_month_credits_up_to_the_import_and_pays_the_rest_by_the_hour() {
    // G 6 0 6 0 6 0 and D 5 5 5 5 5 5: the month never reaches its import.
    let bill = annex_4(&[1, 0, 1, 0, 1, 0], &[0, 5, 0, 5, 0, 5], &[90, 95, 100, 105, 110, 115]);
    assert_eq!(bill.lines[0].energy, Some(kwh("3")));
    assert_eq!(bill.lines[0].amount.to_amount_string(), "-2250.00");
    assert_eq!(bill.lines[1].energy, Some(kwh("0")));
    assert_eq!(bill.lines[1].since, None);

    // G 2 2 3 4 0 0 and D 0 0 0 0 5 0: hour 2 is split, 1 kWh credited and 2 in excess.
    let bill = annex_4(&[2, 2, 3, 4, 0, 0], &[0, 0, 0, 0, 5, 0], &[100, 110, 120, 130, 140, 150]);
    assert_eq!(bill.lines[0].energy, Some(kwh("5")));
    assert_eq!(bill.lines[0].amount.to_amount_string(), "-3750.00");
    assert_eq!(bill.lines[1].kind, LineKind::Excess);
    assert_eq!(bill.lines[1].energy, Some(kwh("6")));
    assert_eq!(bill.lines[1].amount.to_amount_string(), "-760.00");
    assert_eq!(bill.lines[1].since, Some("2026-03-02T02:00:00-05:00".parse().unwrap()));
    assert_eq!(bill.total.to_amount_string(), "-4510.00");
}

/// The same source, "injection only": the quota is what the whole month imports, not what it has imported so far; and
/// a month without import has nothing but excess.
#[test]
fn the_quota_is_that_of_the_whole_month() {
    let excess =
        |export: &[i64], import: &[i64]| annex_4(export, import, &vec![1; export.len()]).lines[1].energy;
    assert_eq!(excess(&[0, 2, 0, 0, 1], &[0, 0, 20, 20, 0]), Some(kwh("0")));
    assert_eq!(excess(&[0, 3, 1], &[0, 0, 0]), Some(kwh("4")));
}

/// Circular CNMC 3/2020, article 7.2: punta from 10 to 14 and from 18 to 22, llano from 8 to 10, 14 to 18 and 22 to
/// 24, valle at night, at weekends, on 6 January and on the national holidays of a fixed date.
#[test]
fn the_spanish_bands_are_those_of_the_circular() {
    let tariff = tariff(include_str!("../../../../docs/tariffs/spain-2.0td.toml"));
    let schedule = tariff.schedules().next().unwrap();
    let madrid = Calendar::new("Europe/Madrid").unwrap();
    let band = |moment: &str| {
        let local: jiff::civil::DateTime = moment.parse().unwrap();
        let instant = local.to_zoned(madrid.zone().clone()).unwrap().timestamp();
        schedule.band_at(&madrid, instant).unwrap().to_owned()
    };
    // A Wednesday.
    for (hour, expected) in [
        (0, "valle"),
        (7, "valle"),
        (8, "llano"),
        (9, "llano"),
        (10, "punta"),
        (13, "punta"),
        (14, "llano"),
        (17, "llano"),
        (18, "punta"),
        (21, "punta"),
        (22, "llano"),
        (23, "llano"),
    ] {
        for (month, day) in [("02", "04"), ("07", "15")] {
            assert_eq!(band(&format!("2026-{month}-{day}T{hour:02}:00")), expected, "{hour} h");
            assert_eq!(band(&format!("2026-{month}-{day}T{hour:02}:59")), expected, "{hour} h");
        }
    }
    assert_eq!(band("2026-02-07T11:00"), "valle"); // Saturday
    assert_eq!(band("2026-01-06T11:00"), "valle"); // Epiphany, a Tuesday
    assert_eq!(band("2026-05-01T11:00"), "valle"); // Friday
    assert_eq!(band("2026-04-03T11:00"), "punta"); // Good Friday has no fixed date
}

/// Ley 38/1992, article 99 (5.11269 %), and Ley 37/1992, article 78: value added tax is raised on the electricity tax
/// too. 100.00 gives 5.11 and then 22.07.
#[test]
fn a_tax_on_a_tax_comes_after_it() {
    let text = |first: &str, second: &str| {
        format!(
            r#"
            id = "taxes"
            currency = "EUR"
            valid_from = 2024-01-01
            [[components]]
            id = "energy"
            kind = "energy"
            quantity = "import"
            price_per_kwh = "0.1"
            {first}
            {second}
            "#
        )
    };
    let electricity =
        "[[components]]\nid = \"iee\"\nkind = \"tax\"\nrate_percent = 5.11269\non = [\"energy\"]";
    let vat = "[[components]]\nid = \"vat\"\nkind = \"tax\"\nrate_percent = 21\non = [\"energy\", \"iee\"]";
    for text in [text(electricity, vat), text(vat, electricity)] {
        let import = [kwh("1000")];
        let bill = bill(&text, 1, |usage| usage.with(Quantity::Import, &import)).unwrap();
        assert_eq!(bill.net.to_amount_string(), "100.00");
        assert_eq!(bill.taxes.to_amount_string(), "27.18");
        let vat = bill.lines.iter().find(|line| line.component == "vat").unwrap();
        assert_eq!(vat.base.unwrap().to_amount_string(), "105.11");
        assert_eq!(vat.amount.to_amount_string(), "22.07");
    }
}

/// A year's contracted power costs the year's price, whether the year has 365 days or 366 (Circular CNMC 3/2020,
/// article 8: the prices of power are in EUR per kW and year, and bills are by days).
#[test]
fn a_years_power_costs_a_years_price() {
    let tariff = tariff(
        r#"
        id = "power"
        currency = "EUR"
        valid_from = 2024-01-01
        [[components]]
        id = "power"
        kind = "capacity"
        contracted = "p1"
        price_per_kw = "28.5"
        per = "year"
        "#,
    );
    let madrid = Calendar::new("Europe/Madrid").unwrap();
    for year in [2024, 2026] {
        let period = Interval::new(
            madrid.day(date(year, 1, 1)).unwrap().start(),
            madrid.day(date(year, 12, 31)).unwrap().end(),
        )
        .unwrap();
        let prepared = tariff.prepare(&madrid, period, &[period], &PriceBook::new()).unwrap();
        let bill = prepared.price(&Usage::new(1).with_contracted("p1", "4.6 kW".parse().unwrap())).unwrap();
        assert_eq!(bill.total.to_amount_string(), "131.10");
    }
}
