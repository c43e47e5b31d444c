//! Sharing against published examples: the numbers come from the laws and operators that the file names.

use grid_core::{
    energy::sharing::{CellRounding, Columns, Key, SharingKey, share},
    quantity::{Energy, Rounding, Share},
};
use serde_json::Value;

use crate::shared_data;

fn vectors() -> Option<Value> {
    let folder = shared_data::folder("energy/vectors")?;
    let text = std::fs::read_to_string(folder.join("spain_italy_austria_france.json")).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

/// A list of decimal numbers or texts of kilowatt-hours.
fn kwh(list: &Value) -> Vec<Energy> {
    let one = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Energy::parse_kwh_rounded(&text, Rounding::HalfEven).unwrap()
    };
    list.as_array().map_or_else(|| vec![one(list)], |items| items.iter().map(one).collect())
}

fn static_key(list: &Value) -> Key {
    let shares = list.as_array().unwrap().iter().enumerate().map(|(n, value)| {
        let share: Share = value.as_str().map_or_else(|| value.to_string(), str::to_owned).parse().unwrap();
        (format!("m{n}"), share)
    });
    Key::Static(SharingKey::new(shares.collect()).unwrap())
}

#[test]
fn spain_shares_an_hour_by_agreed_coefficients() {
    let Some(vectors) = vectors() else { return };
    let hour = &vectors["es_rd244"]["hour"][0];
    let (generation, demand) = (kwh(&hour["eng"]), kwh(&hour["consumption"]));
    let key = static_key(&hour["beta"]);
    let plants = Columns::new(&generation, 1).unwrap();
    let shared = share(plants, Columns::new(&demand, 3).unwrap(), &key, CellRounding::Exact).unwrap();
    assert_eq!(shared.allocated, kwh(&hour["eaut_i"]));
    assert_eq!(shared.surplus[0], kwh(&hour["excess_i"]).into_iter().sum());
}

#[test]
fn austria_shares_a_quarter_hour_as_its_operator_published_it() {
    let Some(vectors) = vectors() else { return };
    let line = &vectors["at_one_line"];
    let (generation, demand) = (kwh(&line["generation_kwh"]), kwh(&line["consumption_kwh"]));
    let expected: Vec<Energy> = kwh(&line["offered_kwh"])
        .into_iter()
        .zip(&demand)
        .map(|(offered, need)| offered.min(*need))
        .collect();
    for rounding in [CellRounding::Operator, CellRounding::Exact] {
        let plants = Columns::new(&generation, 1).unwrap();
        let shared = share(plants, Columns::new(&demand, 6).unwrap(), &Key::Proportional, rounding).unwrap();
        assert_eq!(shared.allocated, expected);
        assert_eq!(shared.surplus, kwh(&line["surplus_kwh"]));
    }
}

#[test]
fn france_shares_a_step_by_fixed_and_by_default_keys() {
    let Some(vectors) = vectors() else { return };
    let step = &vectors["fr_acc"]["step"];
    let (generation, demand) = (kwh(&step["production"]), kwh(&step["consumption"]));
    let table = || (Columns::new(&generation, 1).unwrap(), Columns::new(&demand, 3).unwrap());
    let (plants, members) = table();
    let fixed = share(plants, members, &static_key(&step["static_keys"]), CellRounding::Exact).unwrap();
    assert_eq!(fixed.allocated, kwh(&step["static_alloc"]));
    assert_eq!(fixed.surplus, kwh(&step["static_surplus"]));
    let (plants, members) = table();
    let default = share(plants, members, &Key::Proportional, CellRounding::Exact).unwrap();
    assert_eq!(default.allocated, kwh(&step["default_dynamic_alloc"]));
    assert_eq!(default.surplus, kwh(&step["default_surplus"]));
}
