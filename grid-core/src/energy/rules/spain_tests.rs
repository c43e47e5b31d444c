use super::*;
use crate::{quantity::largest_remainder, time::Calendar};
use proptest::prelude::*;

fn mwh(values: &[i64]) -> Vec<Energy> {
    values.iter().copied().map(Energy::from_mwh).collect()
}

fn betas() -> impl Strategy<Value = Vec<Share>> {
    prop::collection::vec(0..100_u64, 1..8).prop_map(|weights| {
        let weights = if weights.iter().all(|&w| w == 0) { vec![1; weights.len()] } else { weights };
        let parts = largest_remainder(1_000_000, &weights).unwrap();
        parts.into_iter().map(|ppm| Share::from_ppm(u32::try_from(ppm).unwrap()).unwrap()).collect()
    })
}

#[test]
fn coefficients_that_are_not_one_whole_are_refused() {
    let third: Share = "0.333333".parse().unwrap();
    let needs = mwh(&[1, 1, 1]);
    let refused = share_hour(Energy::from_mwh(3), &[third; 3], &needs, CellRounding::Exact);
    assert!(matches!(refused, Err(Error::SharesDoNotFit { total: 999_999, .. })));
    let more = share_hour(Energy::from_mwh(3), &[Share::WHOLE; 3], &needs, CellRounding::Exact);
    assert!(matches!(more, Err(Error::SharesDoNotFit { total: 3_000_000, .. })));
    assert!(share_hour(Energy::from_mwh(-1), &[Share::WHOLE], &mwh(&[1]), CellRounding::Exact).is_err());
    assert!(share_hour(Energy::from_mwh(1), &[Share::WHOLE], &needs, CellRounding::Exact).is_err());
}

#[test]
fn an_operators_cells_are_half_up_one_by_one() {
    // 0.5 of 1 mWh is half a unit for each of two: half up gives both one, the exact split gives one of them one.
    let halves = [Share::from_ppm(500_000).unwrap(); 2];
    let needs = mwh(&[9, 9]);
    let assigned = |rounding| -> Vec<i64> {
        let parts = share_hour(Energy::from_mwh(1), &halves, &needs, rounding).unwrap();
        parts.iter().map(|part| part.assigned.as_mwh()).collect()
    };
    assert_eq!(assigned(CellRounding::Operator), [1, 1]);
    assert_eq!(assigned(CellRounding::Exact), [1, 0]);
}

#[test]
fn surplus_that_is_less_than_the_grids_value_is_taken_off_whole() {
    let euros = |text: &str| text.parse::<Money>().unwrap();
    let bill = compensate(euros("20 EUR"), euros("4.50 EUR")).unwrap();
    assert_eq!((bill.compensated, bill.energy_term), (euros("4.50 EUR"), euros("15.50 EUR")));
    assert_eq!(bill.forfeited, Money::zero(Currency::EUR));
    assert!(compensate(euros("20 EUR"), "1 COP".parse().unwrap()).is_err());
}

#[test]
fn a_price_in_another_currency_is_refused() {
    let hour = PricedHour {
        grid: Energy::from_mwh(1),
        surplus: Energy::ZERO,
        grid_price: "1 COP/kWh".parse().unwrap(),
        surplus_price: "1 EUR/kWh".parse().unwrap(),
    };
    assert!(compensate_hours(&[hour], Currency::EUR).is_err());
}

#[test]
fn plants_without_power_are_refused() {
    let (all, used) = (Energy::from_mwh(10), Energy::from_mwh(4));
    let none = [Power::default(); 2];
    let refused = surplus_by_plant(all, used, PlantWeights::InstalledPower(&none));
    assert!(matches!(refused, Err(Error::NoCapacity { plants: 2 })));
    let negative = [Power::from_milliwatt(-1), Power::from_milliwatt(2)];
    assert!(surplus_by_plant(all, used, PlantWeights::InstalledPower(&negative)).is_err());
    assert!(surplus_by_plant(used, all, PlantWeights::Agreed(&[Share::WHOLE])).is_err());
}

/// Invariant (f): a day of 23, 24 or 25 hours keeps all its hours, and each is shared by its own coefficients.
#[test]
fn days_with_a_clock_change_keep_all_their_hours() {
    let madrid = Calendar::new("Europe/Madrid").unwrap();
    let ppm = |hour: u16| Share::from_ppm(u32::from(hour)).unwrap();
    let rest = |hour: u16| Share::from_ppm(1_000_000 - u32::from(hour)).unwrap();
    let coefficients = Coefficients::hourly(vec![
        ("b".to_owned(), (1..=8760).map(rest).collect()),
        ("a".to_owned(), (1..=8760).map(ppm).collect()),
    ])
    .unwrap();
    for (day, count) in [(date(2026, 3, 29), 23), (date(2026, 6, 1), 24), (date(2026, 10, 25), 25)] {
        let slots = madrid.slots(madrid.day(day).unwrap(), Resolution::HOUR).unwrap();
        let hours: Vec<HourOfYear> = slots.iter().map(|slot| HourOfYear::of(&madrid, slot.start())).collect();
        let generation = vec![Energy::from_mwh(1_000_000); hours.len()];
        let consumption = vec![Energy::from_mwh(1_000_000); hours.len() * 2];
        let parts =
            share_hours(&coefficients, &hours, &generation, &consumption, CellRounding::Exact).unwrap();
        assert_eq!(parts.len(), count * 2);
        for (row, hour) in parts.chunks(2).zip(&hours) {
            assert_eq!(row[0].used.as_mwh(), i64::from(hour.number()));
            assert_eq!(row[1].used.as_mwh(), 1_000_000 - i64::from(hour.number()));
        }
        let short = share_hours(&coefficients, &hours, &generation, &consumption[1..], CellRounding::Exact);
        assert!(matches!(short, Err(Error::UnequalLengths { .. })));
    }
}

proptest! {
    // Invariant (c): coefficients stand by their consumers' ids, however they were given.
    #[test]
    fn the_order_in_which_consumers_are_given_changes_nothing(shares in betas(), turn in 0..8_usize) {
        let mut named: Vec<(String, Share)> = shares.iter().enumerate().map(|(n, share)| (format!("c{n}"), *share)).collect();
        let given = Coefficients::constant(named.clone()).unwrap();
        let by = turn % named.len();
        named.rotate_left(by);
        prop_assert_eq!(Coefficients::constant(named).unwrap(), given);
    }

    // Invariant (a), and point 4 of the annex.
    #[test]
    fn self_consumption_and_surplus_add_up_to_the_generation(
        generation in 0..1_i64 << 40, shares in betas(), need in prop::collection::vec(0..1_i64 << 40, 8),
    ) {
        let needs = mwh(&need[..shares.len()]);
        let parts = share_hour(Energy::from_mwh(generation), &shares, &needs, CellRounding::Exact).unwrap();
        let used: Energy = parts.iter().map(|part| part.used).sum();
        let surplus: Energy = parts.iter().map(|part| part.surplus).sum();
        prop_assert_eq!((used + surplus).as_mwh(), generation);
        for (part, need) in parts.iter().zip(&needs) {
            prop_assert_eq!(part.used + part.residual, *need);
            prop_assert!(part.used <= part.assigned && !part.surplus.is_negative());
        }
        // Invariant (d): two plants that make the same together change nothing, for only their sum is shared.
        let weights = [Power::from_milliwatt(3), Power::from_milliwatt(5), Power::from_milliwatt(0)];
        let by_plant = surplus_by_plant(Energy::from_mwh(generation), used, PlantWeights::InstalledPower(&weights)).unwrap();
        prop_assert_eq!(by_plant.iter().copied().sum::<Energy>(), surplus);
        prop_assert_eq!(by_plant[2], Energy::ZERO);
    }

    // Invariant (c): equal members get the same to one unit.
    #[test]
    fn equal_consumers_get_the_same_to_one_unit(generation in 0..1_i64 << 40, half in 0..=500_000_u32, need in 0..1_i64 << 38) {
        let shares = [half, 1_000_000 - 2 * half, half].map(|ppm| Share::from_ppm(ppm).unwrap());
        let parts = share_hour(Energy::from_mwh(generation), &shares, &mwh(&[need; 3]), CellRounding::Exact).unwrap();
        prop_assert!((parts[0].used.as_mwh() - parts[2].used.as_mwh()).abs() <= 1);
    }

    // Invariant (e): a finer step never shares more, but for the rounding of each step.
    #[test]
    fn finer_steps_never_share_more(
        steps in prop::collection::vec((0..1_i64 << 36, prop::collection::vec(0..1_i64 << 36, 8)), 1..6), shares in betas(),
    ) {
        let used = |generation: i64, needs: &[i64]| -> i64 {
            let parts = share_hour(Energy::from_mwh(generation), &shares, &mwh(needs), CellRounding::Exact).unwrap();
            parts.iter().map(|part| part.used.as_mwh()).sum()
        };
        let members = shares.len();
        let fine: i64 = steps.iter().map(|(generation, needs)| used(*generation, &needs[..members])).sum();
        let needs: Vec<i64> = (0..members).map(|m| steps.iter().map(|(_, needs)| needs[m]).sum()).collect();
        let coarse = used(steps.iter().map(|(generation, _)| generation).sum(), &needs);
        let units = i64::try_from(steps.len() * members).unwrap();
        prop_assert!(fine <= coarse + units);
    }

    #[test]
    fn compensation_never_pays_out(
        hours in prop::collection::vec((0..1_i64 << 30, 0..1_i64 << 30, 0..1_000_000_i64, 0..1_000_000_i64), 0..50),
    ) {
        let price = |micros| Price::from_micros_per_kwh(micros, Currency::EUR);
        let hours: Vec<PricedHour> = hours
            .into_iter()
            .map(|(grid, surplus, buy, sell)| PricedHour {
                grid: Energy::from_mwh(grid),
                surplus: Energy::from_mwh(surplus),
                grid_price: price(buy),
                surplus_price: price(sell),
            })
            .collect();
        let bill = compensate_hours(&hours, Currency::EUR).unwrap();
        prop_assert!(bill.energy_term.as_micros() >= 0 && bill.forfeited.as_micros() >= 0);
        prop_assert_eq!(bill.compensated.as_micros() + bill.energy_term.as_micros(), bill.grid_value.as_micros());
        prop_assert_eq!(bill.compensated.as_micros() + bill.forfeited.as_micros(), bill.surplus_value.as_micros());
        prop_assert!(bill.energy_term.as_micros() == 0 || bill.forfeited.as_micros() == 0);
    }
}
