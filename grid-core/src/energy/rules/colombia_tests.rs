use super::*;
use crate::quantity::{Currency, largest_remainder};
use proptest::prelude::*;

fn mwh(values: &[i64]) -> Vec<Energy> {
    values.iter().copied().map(Energy::from_mwh).collect()
}

fn cop(micros: i64) -> Price {
    Price::from_micros_per_kwh(micros, Currency::COP)
}

#[test]
fn the_case_of_a_collective_needs_all_of_its_conditions() {
    let kw = |kw: i64| Power::from_watt(kw * 1000).unwrap();
    let members = |capacity: Power| -> Vec<Participant> {
        let parts = largest_remainder(1_000_000, &[1; 11]).unwrap();
        parts
            .iter()
            .map(|&ppm| Participant { capacity, pde: Share::from_ppm(u32::try_from(ppm).unwrap()).unwrap() })
            .collect()
    };
    let of =
        |source, members: &[Participant]| Deduction::of_collective(source, members).map(Deduction::number);
    let renewable = Source::NonConventionalRenewable;
    assert_eq!(of(renewable, &members(kw(90))), Ok(1));
    assert_eq!(of(Source::Other, &members(kw(90))), Ok(2));
    // 11 times 91 kW is 1,001 kW.
    assert_eq!(of(renewable, &members(kw(91))), Ok(2));
    let mut one_large = members(kw(10));
    one_large[3].capacity = Power::from_milliwatt(100_000_001);
    assert_eq!(of(renewable, &one_large), Ok(2));
    // One of ten percent, the others share the rest below it.
    let mut tenth = members(kw(10));
    let rest = largest_remainder(900_000, &[1; 10]).unwrap();
    for (member, ppm) in tenth.iter_mut().zip([100_000].into_iter().chain(rest)) {
        member.pde = Share::from_ppm(u32::try_from(ppm).unwrap()).unwrap();
    }
    assert_eq!(of(renewable, &tenth), Ok(2));
    assert!(of(renewable, &members(kw(500))).is_err());
    assert!(of(renewable, &members(Power::from_milliwatt(-1))).is_err());
    assert!(of(renewable, &members(kw(1))[1..]).is_err());
}

#[test]
fn the_scarcity_price_caps_each_hour() {
    let month = settle_month(&mwh(&[1_000_000, 1_000_000]), &mwh(&[0, 0])).unwrap();
    let zero = cop(0);
    let cost = UnitCost {
        cu: cop(800_000_000),
        transmission: zero,
        distribution: zero,
        commercialisation: zero,
        losses: zero,
        restrictions: zero,
    };
    let hourly = [cop(100_000_000), cop(900_000_000)];
    let exchange = ExcessPrice::Exchange { hourly: &hourly, scarcity: Some(cop(300_000_000)) };
    let value = value_month(&month, Energy::ZERO, &cost, Deduction::Network, exchange).unwrap();
    assert_eq!(value.excess.to_string(), "400.00 COP");
    let average = ExcessPrice::ContractAverage(cop(250_000_000));
    assert_eq!(
        value_month(&month, Energy::ZERO, &cost, Deduction::Network, average).unwrap().total.to_string(),
        "500.00 COP"
    );
    let short = ExcessPrice::Exchange { hourly: &hourly[1..], scarcity: None };
    assert!(value_month(&month, Energy::ZERO, &cost, Deduction::Network, short).is_err());
    let euros = ExcessPrice::ContractAverage("1 EUR/kWh".parse().unwrap());
    assert!(value_month(&month, Energy::ZERO, &cost, Deduction::Network, euros).is_err());
}

proptest! {
    #[test]
    fn credit_and_excess_are_the_injection_and_credit_comes_first(
        hours in prop::collection::vec((0..1_i64 << 40, 0..1_i64 << 40), 0..60),
    ) {
        let (injected, imported): (Vec<i64>, Vec<i64>) = hours.into_iter().unzip();
        let month = settle_month(&mwh(&injected), &mwh(&imported)).unwrap();
        prop_assert_eq!(month.credit_by_hour.iter().copied().sum::<Energy>(), month.credit);
        prop_assert_eq!(month.excess_by_hour.iter().copied().sum::<Energy>(), month.excess);
        prop_assert_eq!(month.credit + month.excess, month.injected);
        prop_assert_eq!(month.credit, month.injected.min(month.imported));
        // The definition of hx, with its own sum.
        let mut sum = 0;
        let reached = injected.iter().position(|injection| { sum += injection; sum >= month.imported.as_mwh() });
        prop_assert_eq!(month.first_excess_hour, reached);
        for (hour, (credit, excess)) in month.credit_by_hour.iter().zip(&month.excess_by_hour).enumerate() {
            prop_assert_eq!((*credit + *excess).as_mwh(), injected[hour]);
            prop_assert!(*excess == Energy::ZERO || Some(hour) >= reached);
            prop_assert!(*credit == Energy::ZERO || reached.is_none_or(|cut| hour <= cut));
        }
    }

    // Invariants (a), (c) and (d): only the plants' sum is handed out.
    #[test]
    fn a_collective_hands_out_all_that_it_injects(
        injected in prop::collection::vec(0..1_i64 << 40, 1..20), half in 0..=500_000_u32, import in 0..1_i64 << 36,
    ) {
        let pde = [half, 1_000_000 - 2 * half, half].map(|ppm| Share::from_ppm(ppm).unwrap());
        let imported = mwh(&vec![import; injected.len() * 3]);
        let months = settle_collective(&mwh(&injected), &imported, &pde).unwrap();
        let assigned: Energy = months.iter().map(|month| month.injected).sum();
        prop_assert_eq!(assigned.as_mwh(), injected.iter().sum::<i64>());
        let hours = i64::try_from(injected.len()).unwrap();
        prop_assert!((months[0].injected.as_mwh() - months[2].injected.as_mwh()).abs() <= hours);
    }

    // Invariant (e): setting a longer step's generation against its demand never uses less on the spot.
    #[test]
    fn finer_steps_never_use_more_on_the_spot(steps in prop::collection::vec((0..1_i64 << 40, 0..1_i64 << 40), 1..20)) {
        let (made, needed): (Vec<i64>, Vec<i64>) = steps.into_iter().unzip();
        let fine: Energy = meter(&mwh(&made), &mwh(&needed)).unwrap().iter().map(|hour| hour.own).sum();
        let coarse = meter(&mwh(&[made.iter().sum()]), &mwh(&[needed.iter().sum()])).unwrap()[0].own;
        prop_assert!(fine <= coarse);
    }
}
