//! The laws against published examples: the numbers come from the laws and projects that the files name.

use grid_core::{
    energy::{
        rules::{
            austria::{self, Model},
            colombia::{
                Deduction, ExcessPrice, Participant, Source, UnitCost, meter, settle_month, value_month,
            },
            france::{self, Key},
            italy::{self, Bracket, Grant, Zone},
            spain,
        },
        sharing::{CellRounding, Figures, Key as SharingKey, Strictness, reconcile},
    },
    quantity::{Currency, Energy, Money, Power, Price, Rounding, Share, largest_remainder},
};
use serde_json::Value;

use crate::shared_data;

fn vectors(file: &str) -> Option<Value> {
    let folder = shared_data::folder("energy/vectors")?;
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

fn europe() -> Option<Value> {
    vectors("spain_italy_austria_france.json")
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A list of decimal numbers or texts of kilowatt-hours.
fn kwh(list: &Value) -> Vec<Energy> {
    let one = |value: &Value| Energy::parse_kwh_rounded(&text(value), Rounding::HalfEven).unwrap();
    list.as_array().map_or_else(|| vec![one(list)], |items| items.iter().map(one).collect())
}

fn shares(list: &Value) -> Vec<Share> {
    list.as_array().unwrap().iter().map(|value| text(value).parse().unwrap()).collect()
}

fn price(value: &Value, currency: &str) -> Price {
    format!("{} {currency}/kWh", text(value)).parse().unwrap()
}

fn power(value: &Value) -> Power {
    format!("{} kW", text(value)).parse().unwrap()
}

#[test]
fn spain_hands_out_an_hour_and_leaves_each_its_surplus() {
    let Some(vectors) = europe() else { return };
    let hour = &vectors["es_rd244"]["hour"][0];
    let (generation, consumption) = (kwh(&hour["eng"])[0], kwh(&hour["consumption"]));
    for rounding in [CellRounding::Exact, CellRounding::Operator] {
        let parts = spain::share_hour(generation, &shares(&hour["beta"]), &consumption, rounding).unwrap();
        let column =
            |of: fn(&grid_core::energy::rules::Allotment) -> Energy| parts.iter().map(of).collect::<Vec<_>>();
        assert_eq!(column(|part| part.assigned), kwh(&hour["eng_i"]));
        assert_eq!(column(|part| part.used), kwh(&hour["eaut_i"]));
        assert_eq!(column(|part| part.surplus), kwh(&hour["excess_i"]));
        assert_eq!(column(|part| part.residual), kwh(&hour["grid_i"]));
    }
    let thirds = &vectors["es_rd244"]["hour"][1];
    let parts = spain::share_hour(
        kwh(&thirds["eng"])[0],
        &shares(&thirds["beta"]),
        &kwh(&thirds["consumption"]),
        CellRounding::Exact,
    )
    .unwrap();
    let assigned: Vec<i64> = parts.iter().map(|part| part.assigned.as_mwh()).collect();
    assert_eq!(assigned, [333_334, 333_333, 333_333]);
}

#[test]
fn spain_compensates_up_to_the_value_from_the_grid() {
    let Some(vectors) = europe() else { return };
    for case in vectors["es_rd244"]["compensation"].as_array().unwrap() {
        let euros = |name: &str| format!("{} EUR", text(&case[name])).parse::<Money>().unwrap();
        let bill = spain::compensate(euros("grid_value_eur"), euros("excess_value_eur")).unwrap();
        assert_eq!(bill.compensated, euros("compensated"));
        assert_eq!(bill.energy_term, euros("energy_term"));
        assert_eq!(bill.forfeited, euros("forfeited"));
    }
}

#[test]
fn italy_shares_an_hour_and_prices_it_by_plant() {
    let Some(vectors) = europe() else { return };
    let hour = &vectors["it_cer"]["shared_hour"];
    let shared = italy::shared(&kwh(&hour["injected"]), &kwh(&hour["withdrawn"])).unwrap();
    assert_eq!(vec![shared], kwh(&hour["shared"]));
    for case in vectors["it_cer"]["tip_eur_mwh"].as_array().unwrap() {
        let zone = match case["zone"].as_str().unwrap() {
            "nord" => Zone::North,
            "centro" => Zone::Centre,
            _ => Zone::South,
        };
        let per_mwh =
            |name: &str| Price::from_micros_per_kwh(case[name].as_i64().unwrap() * 1000, Currency::EUR);
        let bracket = Bracket::of(power(&case["kw"])).unwrap();
        let tip = italy::premium(bracket, zone, italy::Source::Photovoltaic, per_mwh("pz"), Grant::NONE);
        assert_eq!(tip.unwrap(), per_mwh("tip"), "{case}");
    }
    let case = &vectors["it_cer"]["bracket"][0];
    let names: Vec<String> = (0..7).map(|plant| format!("point {plant}")).collect();
    let plants: Vec<(&str, Power)> = names
        .iter()
        .map(String::as_str)
        .zip(case["plants_kw"].as_array().unwrap().iter().map(power))
        .collect();
    assert_eq!(italy::brackets(&plants).unwrap(), [Bracket::Small; 7]);
    assert_eq!(Bracket::of(power(&case["wrong_if_summed"])).unwrap(), Bracket::Medium);
}

#[test]
fn france_hands_out_a_step_by_its_keys() {
    let Some(vectors) = europe() else { return };
    let step = &vectors["fr_acc"]["step"];
    let (production, consumption) = (kwh(&step["production"]), kwh(&step["consumption"]));
    let keys = shares(&step["static_keys"]);
    let used = |key| {
        let shared = france::share_step(&production, &consumption, key).unwrap();
        (shared.members.iter().map(|part| part.used).collect::<Vec<_>>(), shared.surplus)
    };
    let fixed = (kwh(&step["static_alloc"]), kwh(&step["static_surplus"]));
    assert_eq!(used(Key::Static(&keys)), fixed);
    // With one producer, the organiser's keys of a step and of a step and producer are the same.
    assert_eq!(used(Key::Simple(&keys)), fixed);
    assert_eq!(used(Key::Full(&keys)), fixed);
    assert_eq!(used(Key::Default), (kwh(&step["default_dynamic_alloc"]), kwh(&step["default_surplus"])));
}

#[test]
fn austria_offers_a_quarter_hour_as_its_operator_published_it() {
    let Some(vectors) = europe() else { return };
    let line = &vectors["at_one_line"];
    let (generation, consumption) = (kwh(&line["generation_kwh"]), kwh(&line["consumption_kwh"]));
    let quarter =
        austria::share_quarter_hour(&generation, &consumption, Model::Dynamic, CellRounding::Operator)
            .unwrap();
    let offered: Vec<Energy> = quarter.members.iter().map(|part| part.assigned).collect();
    assert_eq!(offered, kwh(&line["offered_kwh"]));
    assert_eq!(quarter.surplus, kwh(&line["surplus_kwh"]));
}

#[test]
fn an_operators_quarter_hour_reconciles_until_a_figure_is_changed() {
    let Some(vectors) = europe() else { return };
    let line = &vectors["at_one_line"];
    let some = |energies: Vec<Energy>| energies.into_iter().map(Some).collect::<Vec<_>>();
    let (generation, demand) = (some(kwh(&line["generation_kwh"])), some(kwh(&line["consumption_kwh"])));
    let offered = kwh(&line["offered_kwh"]);
    let given: Vec<_> =
        offered.iter().zip(&demand).map(|(offer, need)| need.map(|need| need.min(*offer))).collect();
    let mut surplus = some(kwh(&line["surplus_kwh"]));
    let found = |surplus: &[Option<Energy>]| {
        let figures = Figures {
            members: 6,
            plants: 1,
            generation: &generation,
            demand: &demand,
            allocated: &given,
            surplus,
            ..Figures::default()
        };
        reconcile(&figures, &SharingKey::Proportional, Strictness::default()).unwrap()
    };
    assert!(found(&surplus).is_clean());
    surplus[0] = surplus[0].map(|left| left - Energy::from_mwh(309_000));
    assert_eq!(found(&surplus).unaccounted_kwh, Energy::from_mwh(309_000));
}

#[test]
fn colombia_splits_a_month_into_credit_and_excess_and_values_it() {
    let Some(vectors) = vectors("colombia.json") else { return };
    for case in vectors["annex4_month"].as_array().unwrap() {
        let flows = meter(&kwh(&case["G"]), &kwh(&case["D"])).unwrap();
        let injected: Vec<Energy> = flows.iter().map(|flow| flow.surplus).collect();
        let imported: Vec<Energy> = flows.iter().map(|flow| flow.residual).collect();
        let own: Energy = flows.iter().map(|flow| flow.own).sum();
        let month = settle_month(&injected, &imported).unwrap();
        assert_eq!(vec![own], kwh(&case["auto"]));
        assert_eq!(vec![month.credit], kwh(&case["credit"]));
        assert_eq!(vec![month.excess], kwh(&case["excess"]));
        let cut = case["hx"].as_u64().map(|hour| usize::try_from(hour).unwrap());
        assert_eq!(month.first_excess_hour, cut, "{}", case["name"]);
        if case.get("credit_h").is_some() {
            assert_eq!(month.credit_by_hour, kwh(&case["credit_h"]));
            assert_eq!(month.excess_by_hour, kwh(&case["excess_h"]));
        }
        let zero = Price::from_micros_per_kwh(0, Currency::COP);
        let cost = UnitCost {
            cu: price(&case["cu"], "COP"),
            transmission: zero,
            distribution: zero,
            commercialisation: price(&case["deduction"], "COP"),
            losses: zero,
            restrictions: zero,
        };
        let hourly: Vec<Price> =
            case["bolsa"].as_array().unwrap().iter().map(|value| price(value, "COP")).collect();
        let excess = ExcessPrice::Exchange { hourly: &hourly, scarcity: None };
        let value = value_month(&month, own, &cost, Deduction::Commercialisation, excess).unwrap();
        let money = |name: &str| format!("{} COP", text(&case["money"][name])).parse::<Money>().unwrap();
        assert_eq!(value.own_use, money("auto"));
        assert_eq!(value.credit, money("credit"));
        assert_eq!(value.excess, money("excess"));
        assert_eq!(value.total, money("total"));
    }
    for case in vectors["injection_only"].as_array().unwrap() {
        let month = settle_month(&kwh(&case["inj"]), &kwh(&case["imp"])).unwrap();
        assert_eq!(month.excess_by_hour, kwh(&case["excess"]), "{case}");
    }
}

#[test]
fn colombia_deducts_by_capacity_and_by_case() {
    let Some(vectors) = vectors("colombia.json") else { return };
    let case = &vectors["deduction_by_capacity"];
    let zero = Price::from_micros_per_kwh(0, Currency::COP);
    let cost = UnitCost {
        cu: "800 COP/kWh".parse().unwrap(),
        transmission: price(&case["t_d_pr_r"], "COP"),
        distribution: zero,
        commercialisation: price(&case["cv"], "COP"),
        losses: zero,
        restrictions: zero,
    };
    for (capacity, deduction) in
        case["kw"].as_array().unwrap().iter().zip(case["deduction"].as_array().unwrap())
    {
        let of_plant = Deduction::of_plant(power(capacity)).unwrap();
        assert_eq!(of_plant.of_cost(&cost).unwrap(), price(deduction, "COP"));
    }
    for case in vectors["art20_case"].as_array().unwrap() {
        let pde = match case.get("pde_n") {
            None => shares(&case["pde"]),
            // The file's equal parts have more than six decimals, so the last unit goes to some of them.
            Some(members) => {
                let weights = vec![1; usize::try_from(members.as_u64().unwrap()).unwrap()];
                let parts = largest_remainder(1_000_000, &weights).unwrap();
                parts.into_iter().map(|ppm| Share::from_ppm(u32::try_from(ppm).unwrap()).unwrap()).collect()
            }
        };
        let capacity = power(&case["kw_each"]);
        let participants: Vec<Participant> =
            pde.into_iter().map(|pde| Participant { capacity, pde }).collect();
        let deduction = Deduction::of_collective(Source::NonConventionalRenewable, &participants).unwrap();
        assert_eq!(u64::from(deduction.number()), case["case"].as_u64().unwrap(), "{case}");
    }
}

/// A static key leaves energy unused that others need, and no order of members makes two equal ones unequal
/// (`billing.json`, "fairness": numbers of a simulator's own tests).
#[test]
fn a_static_key_wastes_what_a_dynamic_one_shares_and_equal_homes_get_the_same() {
    let Some(vectors) = vectors("billing.json") else { return };
    let case = &vectors["fairness"]["static_key_waste"];
    let (production, consumption) = (kwh(&case["production"]), kwh(&case["consumption"]));
    // What a home makes and does not use is shared with what homes lack.
    let flows = meter(&production, &consumption).unwrap();
    let surplus: Vec<Energy> = flows.iter().map(|flow| flow.surplus).collect();
    let lacking: Vec<Energy> = flows.iter().map(|flow| flow.residual).collect();
    assert_eq!(vec![surplus.iter().copied().sum::<Energy>()], kwh(&case["community_surplus"]));
    let coefficients = shares(&case["coeff"]);
    let shared = |model| austria::share_quarter_hour(&surplus, &lacking, model, CellRounding::Exact).unwrap();
    let fixed = shared(Model::Static(&coefficients));
    assert_eq!(vec![fixed.used().unwrap()], kwh(&case["bought_from_community"]));
    assert_eq!(vec![fixed.surplus.iter().copied().sum::<Energy>()], kwh(&case["sold_to_grid"]));
    assert_eq!(shared(Model::Dynamic).used().unwrap(), surplus.iter().copied().sum());

    let case = &vectors["fairness"]["order_dependence"];
    let flows = meter(&kwh(&case["production"]), &kwh(&case["consumption"])).unwrap();
    let surplus: Vec<Energy> = flows.iter().map(|flow| flow.surplus).collect();
    let lacking: Vec<Energy> = flows.iter().map(|flow| flow.residual).collect();
    let coefficients = shares(&case["coeff"]);
    let quarter =
        austria::share_quarter_hour(&surplus, &lacking, Model::Static(&coefficients), CellRounding::Exact)
            .unwrap();
    let sold: Vec<Energy> = surplus.iter().zip(&quarter.surplus).map(|(made, left)| *made - *left).collect();
    // The file's note: a fair engine lets each of the two equal homes sell 0.08 kWh to the community.
    assert_eq!(sold, [80_000, 0, 80_000].map(Energy::from_mwh));
}
