use super::*;
use proptest::prelude::*;

fn mwh(values: &[i64]) -> Vec<Energy> {
    values.iter().copied().map(Energy::from_mwh).collect()
}

#[test]
fn a_grant_reduces_only_what_is_not_exempt() {
    let price: Price = "0.16 EUR/kWh".parse().unwrap();
    let energy = Withdrawn { exempt: Energy::from_mwh(1_000_000), other: Energy::from_mwh(2_000_000) };
    let grant = Grant::new(Share::from_ppm(200_000).unwrap()).unwrap();
    // TIP 110 EUR/MWh; F = 0.5 * 20 / 40 = 0.25, so 82.5 EUR/MWh: 0.11 + 2 * 0.0825 EUR.
    let paid = incentive(
        energy,
        Bracket::Small,
        Zone::North,
        Source::Photovoltaic,
        price,
        grant,
        "0.00843 EUR/kWh".parse().unwrap(),
    )
    .unwrap();
    assert_eq!(paid.premium.to_string(), "0.275 EUR");
    assert_eq!(paid.valorisation.to_string(), "0.02529 EUR");
    assert!(Grant::new(Share::from_ppm(400_001).unwrap()).is_err());
    assert!(
        premium(Bracket::Small, Zone::South, Source::Other, "1 COP/kWh".parse().unwrap(), grant).is_err()
    );
}

#[test]
fn only_photovoltaics_have_the_zones_correction() {
    let price: Price = "0.2 EUR/kWh".parse().unwrap();
    let tip = |zone, source| premium(Bracket::Large, zone, source, price, Grant::NONE).unwrap().to_string();
    assert_eq!(tip(Zone::Centre, Source::Photovoltaic), "0.064 EUR/kWh");
    assert_eq!(tip(Zone::North, Source::Other), "0.06 EUR/kWh");
}

#[test]
fn a_plant_above_a_megawatt_has_no_premium() {
    assert!(Bracket::of(Power::from_milliwatt(1_000_000_001)).is_err());
    assert!(brackets(&[("a", Power::from_milliwatt(-1))]).is_err());
    assert!(
        brackets(&[("a", Power::from_milliwatt(600_000_000)), ("a", Power::from_milliwatt(600_000_000))])
            .is_err()
    );
}

#[test]
fn more_than_was_injected_cannot_be_attributed() {
    let plant = PlantHour { commissioned: date(2024, 5, 1), injected: Energy::from_mwh(5) };
    assert!(attribute(Energy::from_mwh(6), &[plant]).is_err());
    assert!(attribute(Energy::from_mwh(-1), &[plant]).is_err());
    assert_eq!(attribute(Energy::ZERO, &[]), Ok(Vec::new()));
}

proptest! {
    // Invariants (a), (c) and (d).
    #[test]
    fn attribution_adds_up_and_does_not_depend_on_the_order(
        plants in prop::collection::vec((1..28_i8, 0..1_i64 << 40), 1..8), part in 0..=100_i64, turn in 0..8_usize,
    ) {
        let mut plants: Vec<PlantHour> = plants.into_iter().map(|(day, mwh)| PlantHour { commissioned: date(2025, 1, day), injected: Energy::from_mwh(mwh) }).collect();
        let injected: Energy = plants.iter().map(|plant| plant.injected).sum();
        let withdrawn = Energy::from_mwh(injected.as_mwh() / 100 * part);
        let shared = shared(&[injected], &[withdrawn]).unwrap();
        let parts = attribute(shared, &plants).unwrap();
        prop_assert_eq!(parts.iter().copied().sum::<Energy>(), shared);
        for (part, plant) in parts.iter().zip(&plants) {
            prop_assert!(!part.is_negative() && *part <= plant.injected);
        }
        let by = turn % plants.len();
        plants.rotate_left(by);
        let turned = attribute(shared, &plants).unwrap();
        for (at, part) in turned.iter().enumerate() {
            let before = parts[(at + by) % plants.len()];
            prop_assert!((part.as_mwh() - before.as_mwh()).abs() <= 1);
        }
    }

    // Invariants (b) and (e).
    #[test]
    fn a_finer_step_never_shares_more(steps in prop::collection::vec((0..1_i64 << 40, 0..1_i64 << 40), 1..20)) {
        let fine: Energy = steps.iter().map(|(made, used)| shared(&mwh(&[*made]), &mwh(&[*used])).unwrap()).sum();
        let (made, used): (Vec<i64>, Vec<i64>) = steps.into_iter().unzip();
        let coarse = shared(&mwh(&made), &mwh(&used)).unwrap();
        prop_assert!(fine <= coarse);
        prop_assert_eq!(coarse.as_mwh(), made.iter().sum::<i64>().min(used.iter().sum()));
    }

    #[test]
    fn the_premium_falls_with_the_zonal_price_and_stays_in_its_bounds(low in -500_000..500_000_i64, more in 0..500_000_i64, ppm in 0..=400_000_u32) {
        let grant = Grant::new(Share::from_ppm(ppm).unwrap()).unwrap();
        let tip = |micros| premium(Bracket::Medium, Zone::North, Source::Photovoltaic, Price::from_micros_per_kwh(micros, Currency::EUR), grant).unwrap().as_micros_per_kwh();
        prop_assert!(tip(low) >= tip(low + more));
        prop_assert!((40_000..=120_000).contains(&tip(low)));
    }
}
