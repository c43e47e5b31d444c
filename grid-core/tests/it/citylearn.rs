//! Seventeen real homes with PV and one year of hours, as a community.
//!
//! The `CityLearn` Challenge 2022 (`intelligent-environments-lab/CityLearn`, MIT); `expected.json` beside the files was
//! computed from them with decimal arithmetic by another program.

use std::{collections::BTreeMap, fmt::Write as _, io::Read as _, path::Path};

use grid_core::{
    energy::{
        Channel, Name,
        balance::{Account, Balance, MemberRegister, community},
        ingest::{Layout, read_csv},
        sharing::Key,
    },
    quantity::{Energy, Rounding},
    time::{Calendar, Interval, Resolution},
};
use jiff::{Timestamp, ToSpan};
use serde_json::Value;
use uuid::Uuid;

use crate::shared_data;

/// The zone of the homes' clock.
pub(crate) const ZONE: &str = "Etc/GMT+8";

/// The homes as one file in the long format, and what it must come to.
pub(crate) struct CityLearn {
    pub(crate) csv: String,
    pub(crate) expected: Value,
    /// The file's own 8,760 hours.
    pub(crate) interval: Interval,
}

pub(crate) fn load() -> Option<CityLearn> {
    let folder = shared_data::folder("energy/citylearn2022")?;
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("schema.json")).unwrap()).unwrap();
    let load = table(&folder.join("load_kwh.csv.gz"));
    let solar = table(&folder.join("solar_w_per_kw.csv.gz"));
    let start: Timestamp = "2016-07-31T23:00:00-08:00".parse().unwrap();
    let mut csv = String::from("device,channel,start,end,energy_kwh,quality\n");
    for (home, load) in &load {
        let number: u32 = home.trim_start_matches('b').parse().unwrap();
        let nominal_kw =
            schema["buildings"][format!("Building_{number}")]["pv"]["attributes"]["nominal_power"]
                .as_f64()
                .unwrap();
        for (step, (load, solar)) in load.iter().zip(&solar[home]).enumerate() {
            let hour = start + i64::try_from(step).unwrap().hours();
            let end = hour + 1.hour();
            writeln!(csv, "{home},consumption,{hour},{end},{load},measured").unwrap();
            let generation = generated_mwh(solar, nominal_kw);
            writeln!(csv, "{home},generation,{hour},{end},{generation}e-6,measured").unwrap();
        }
    }
    let expected =
        serde_json::from_str(&std::fs::read_to_string(folder.join("expected.json")).unwrap()).unwrap();
    let interval = Interval::new(start, start + 8760.hours()).unwrap();
    Some(CityLearn { csv, expected, interval })
}

/// Watts per kilowatt installed, times the kilowatts, over one hour: decimal, half to even, in milliwatt-hours.
fn generated_mwh(watts_per_kw: &str, nominal_kw: f64) -> i64 {
    assert!(nominal_kw.fract().abs() < f64::EPSILON, "the plants' sizes are whole kilowatts");
    let kwh = times(&format!("{watts_per_kw}e-3"), nominal_kw.to_string().parse().unwrap());
    Energy::parse_kwh_rounded(&kwh, Rounding::HalfEven).unwrap().as_mwh()
}

/// A decimal text times a whole number, exactly.
fn times(decimal: &str, factor: i64) -> String {
    let (mantissa, exponent) = decimal.split_once('e').unwrap();
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().unwrap();
    let exponent: i32 = exponent.parse().unwrap();
    format!("{}e{}", digits * i128::from(factor), exponent - i32::try_from(fraction.len()).unwrap())
}

fn table(path: &Path) -> BTreeMap<String, Vec<String>> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines {
        for (name, cell) in names.iter().zip(line.split(',')).skip(1) {
            columns.entry((*name).to_owned()).or_default().push(cell.to_owned());
        }
    }
    columns
}

/// Compares a balance of the year with the other program's figures, to the milliwatt-hour.
pub(crate) fn check(balance: &Balance, expected: &Value) {
    let mwh = |key: &str| Some(Energy::from_mwh(expected[key].as_i64().unwrap()));
    assert_eq!(balance.consumption_kwh, mwh("load_total_mwh"));
    assert_eq!(balance.generation_kwh, mwh("generation_total_mwh"));
    assert_eq!(balance.self_consumed_kwh, mwh("own_total_mwh"));
    assert_eq!(balance.shared_kwh, mwh("shareable_total_mwh"));
    let surplus = balance.shared_kwh.unwrap() + balance.export_kwh.unwrap();
    assert_eq!(Some(surplus), mwh("surplus_total_mwh"));
    let residual = balance.shared_kwh.unwrap() + balance.import_kwh.unwrap();
    assert_eq!(Some(residual), mwh("residual_demand_total_mwh"));
    assert_eq!(balance.members.len(), 17);
    for member in &balance.members {
        let expected = Energy::from_mwh(expected["load_mwh"][&member.name].as_i64().unwrap());
        assert_eq!(member.consumption_kwh, Some(expected), "{}", member.name);
    }
    let received: Energy = balance.members.iter().filter_map(|member| member.received_kwh).sum();
    assert_eq!(Some(received), mwh("shareable_total_mwh"), "what is handed out is what could be shared");
}

#[test]
fn seventeen_homes_come_to_the_published_totals() {
    let Some(files) = load() else { return };
    let batches = read_csv(files.csv.as_bytes(), "citylearn.csv", Layout::Community).unwrap();
    let mut accounts: BTreeMap<String, Account> = BTreeMap::new();
    for (batch, number) in batches.into_iter().zip(1_u128..) {
        let device = batch.device.unwrap();
        let account = accounts.entry(device.clone()).or_insert_with(|| Account {
            member: Uuid::from_u128(number),
            name: Name::new(&device).unwrap(),
            registers: Vec::new(),
        });
        assert!(matches!(batch.channel, Channel::Consumption | Channel::Generation));
        assert_eq!(batch.readings.len(), 8760);
        account.registers.push(MemberRegister::new(batch.channel, batch.readings));
    }
    let accounts: Vec<Account> = accounts.into_values().collect();
    let calendar = Calendar::new(ZONE).unwrap();
    let balance = community(&calendar, files.interval, None, &accounts, &Key::Proportional).unwrap();
    assert_eq!(balance.resolution, Resolution::HOUR);
    check(&balance, &files.expected);
}
