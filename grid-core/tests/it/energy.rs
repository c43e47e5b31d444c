//! Sharing against published examples: the numbers come from the laws and operators that the file names.

use grid_core::{
    energy::sharing::{
        Cascade, CellRounding, Coefficients, Columns, Key, SharingKey, share, share_by_coefficients,
    },
    quantity::{Energy, Rounding, Share},
};
use serde_json::Value;

use crate::shared_data;

fn vectors() -> Option<Value> {
    vectors_of("spain_italy_austria_france.json")
}

fn vectors_of(file: &str) -> Option<Value> {
    let folder = shared_data::folder("energy/vectors")?;
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
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

/// What members have over and what they lack, each behind their own connection point.
fn behind_the_meter(of: &Value) -> (Vec<Energy>, Vec<Energy>) {
    let flows = kwh(&of["production"]).into_iter().zip(kwh(&of["consumption"]));
    flows.map(|(made, used)| (made - made.min(used), used - made.min(used))).unzip()
}

#[test]
fn a_static_key_wastes_what_a_proportional_one_delivers() {
    // The first numbers are those of an engine that was published; its note says what a dynamic key would deliver.
    let Some(vectors) = vectors_of("billing.json") else { return };
    let waste = &vectors["fairness"]["static_key_waste"];
    let (surplus, residual) = behind_the_meter(waste);
    let tables = (Columns::new(&surplus, 2).unwrap(), Columns::new(&residual, 2).unwrap());
    let fixed = share(tables.0, tables.1, &static_key(&waste["coeff"]), CellRounding::Exact).unwrap();
    assert_eq!(fixed.allocated, [vec![Energy::ZERO], kwh(&waste["bought_from_community"])].concat());
    assert_eq!(fixed.surplus.iter().sum::<Energy>(), kwh(&waste["sold_to_grid"])[0]);
    let community_surplus = kwh(&waste["community_surplus"])[0];
    for key in
        [Key::Proportional, Key::Cascade(Cascade::new(static_key(&waste["coeff"]), Key::Equal).unwrap())]
    {
        let shared = share(tables.0, tables.1, &key, CellRounding::Exact).unwrap();
        let delivered = shared.allocated.iter().sum::<Energy>();
        if key.follows_demand() {
            assert_eq!(delivered, community_surplus);
        } else {
            assert!(delivered > fixed.allocated.iter().sum() && delivered < community_surplus);
        }
    }
}

#[test]
fn two_homes_alike_sell_the_same() {
    // The engine of the numbers let the first home sell 0.16 kWh to the community and the third, which is alike, none; the
    // note says that a fair one gives 0.08 kWh each.
    let Some(vectors) = vectors_of("billing.json") else { return };
    let homes = &vectors["fairness"]["order_dependence"];
    let (surplus, residual) = behind_the_meter(homes);
    let tables = (Columns::new(&surplus, 3).unwrap(), Columns::new(&residual, 3).unwrap());
    let shared = share(tables.0, tables.1, &static_key(&homes["coeff"]), CellRounding::Exact).unwrap();
    let sold: Vec<Energy> = surplus.iter().zip(&shared.surplus).map(|(over, left)| *over - *left).collect();
    assert_eq!(sold, [80_000, 0, 80_000].map(Energy::from_mwh));
    // What the two sell to the grid together is what it was there.
    assert_eq!(shared.surplus.into_iter().sum::<Energy>(), kwh(&homes["sold_to_grid"]).into_iter().sum());
}

#[test]
fn spain_has_a_row_of_coefficients_for_each_hour() {
    let Some(vectors) = vectors() else { return };
    let hours = vectors["es_rd244"]["hour"].as_array().unwrap();
    let shares = hours.iter().flat_map(|hour| hour["beta"].as_array().unwrap());
    let table = Coefficients::new(shares.map(|beta| beta.as_str().unwrap().parse().unwrap()).collect(), 3);
    // The second row is 0.333334, 0.333333, 0.333333: three equal members cannot have the same six decimals.
    let table = table.unwrap();
    let generation: Vec<Energy> = hours.iter().flat_map(|hour| kwh(&hour["eng"])).collect();
    let demand: Vec<Energy> = hours.iter().flat_map(|hour| kwh(&hour["consumption"])).collect();
    let tables = (Columns::new(&generation, 1).unwrap(), Columns::new(&demand, 3).unwrap());
    let shared = share_by_coefficients(tables.0, tables.1, &table, CellRounding::Exact).unwrap();
    assert_eq!(shared.allocated[..3], kwh(&hours[0]["eaut_i"]));
    assert_eq!(shared.allocated[3..], [333_334, 333_333, 333_333].map(Energy::from_mwh));
    assert_eq!(shared.surplus, [kwh(&hours[0]["excess_i"]).into_iter().sum(), Energy::ZERO]);
}
