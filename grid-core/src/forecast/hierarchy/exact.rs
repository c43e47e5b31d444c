//! Reconciled forecasts in whole milliwatt-hours that add up at every level.

use std::collections::BTreeMap;

use super::{Hierarchy, reconcile::in_order};
use crate::{
    error::excerpt,
    forecast::{Error, Forecast},
    quantity::{Energy, largest_remainder},
};

/// The means of reconciled forecasts in kilowatt-hours as exact amounts, one per slot and node: the whole is rounded once,
/// to the nearest milliwatt-hour, and divided among its parts by largest remainder, level by level, so that the parts add
/// up to their whole to the last milliwatt-hour.
///
/// Each part first gets its mean rounded down, and what that leaves over of the whole goes to the largest remainders. A
/// part is less than a milliwatt-hour from its mean, for each level above it. Forecasts that do not add up are made to: the
/// whole stands.
///
/// ```
/// use std::collections::BTreeMap;
/// use grid_core::{forecast::{Forecast, Hierarchy, Point, apportion_energy}, quantity::Energy};
/// use jiff::civil::date;
///
/// let start = date(2026, 1, 1).at(0, 0, 0, 0);
/// let of = |mean: f64| Forecast {
///     model: "ridge", quantile_levels: vec![], points: vec![Point { start, mean, quantiles: vec![] }],
/// };
/// let hierarchy = Hierarchy::new([("all", None), ("a", Some("all")), ("b", Some("all")), ("c", Some("all"))])?;
/// let third = 1.0 / 3.0;
/// let reconciled = BTreeMap::from([("all", 1.0), ("a", third), ("b", third), ("c", third)].map(|(node, mean)| (node.to_owned(), of(mean))));
/// let energy = apportion_energy(&hierarchy, &reconciled)?;
/// assert_eq!(energy["a"], [Energy::from_mwh(333_334)]);
/// assert_eq!(energy["c"], [Energy::from_mwh(333_333)]);
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`reconcile`](super::reconcile) for forecasts that are missing or of other slots; [`Error::EnergyRange`] for a
/// mean past 9.2 million gigawatt-hours.
///
/// # References
///
/// [`largest_remainder`], which says where the method is from.
pub fn apportion_energy(
    hierarchy: &Hierarchy,
    reconciled: &BTreeMap<String, Forecast>,
) -> Result<BTreeMap<String, Vec<Energy>>, Error> {
    let forecasts = in_order(hierarchy, reconciled)?;
    let slots = forecasts.first().map_or(0, |whole| whole.points.len());
    let mut energies: Vec<Vec<Energy>> = vec![Vec::with_capacity(slots); forecasts.len()];
    for slot in 0..slots {
        let means: Vec<f64> = forecasts
            .iter()
            .filter_map(|forecast| forecast.points.get(slot))
            .map(|point| point.mean)
            .collect();
        let refused = |place: usize| Error::EnergyRange {
            node: hierarchy.names().nth(place).map_or_else(String::new, excerpt),
            got: means.get(place).copied().unwrap_or(f64::NAN),
        };
        let mut amounts = vec![0_i64; means.len()];
        let whole = means.first().copied().and_then(Energy::from_kwh_f64).ok_or_else(|| refused(0))?;
        if let Some(amount) = amounts.first_mut() {
            *amount = whole.as_mwh();
        }
        for (place, node) in hierarchy.nodes().iter().enumerate().filter(|(_, node)| !node.parts.is_empty()) {
            let total = amounts.get(place).copied().unwrap_or(0);
            let parts: Vec<f64> = node.parts.iter().filter_map(|part| means.get(*part).copied()).collect();
            let divided = divide(total, &parts).ok_or_else(|| refused(place))?;
            for (part, amount) in node.parts.iter().zip(divided) {
                if let Some(known) = amounts.get_mut(*part) {
                    *known = amount;
                }
            }
        }
        for (energy, amount) in energies.iter_mut().zip(amounts) {
            energy.push(Energy::from_mwh(amount));
        }
    }
    Ok(hierarchy.names().map(str::to_owned).zip(energies).collect())
}

/// Divides `total` milliwatt-hours among parts of these kilowatt-hours; none where an amount does not fit.
fn divide(total: i64, parts_kwh: &[f64]) -> Option<Vec<i64>> {
    let mut floors = Vec::with_capacity(parts_kwh.len());
    let mut remainders = Vec::with_capacity(parts_kwh.len());
    for kwh in parts_kwh {
        let floor = (kwh * 1e6).floor();
        floors.push(Energy::from_kwh_f64(floor / 1e6)?.as_mwh());
        // A fraction of a milliwatt-hour, counted in its millionths.
        remainders.push(Energy::from_kwh_f64(kwh * 1e6 - floor)?.as_mwh().unsigned_abs());
    }
    let given: i128 = floors.iter().map(|floor| i128::from(*floor)).sum();
    let left = i64::try_from(i128::from(total) - given).ok()?;
    // By the remainders; by the size of the parts where there are none, or where something must be taken back.
    let sizes: Vec<u64> = floors.iter().map(|floor| floor.unsigned_abs()).collect();
    let weights = [remainders, sizes, vec![1; floors.len()]]
        .into_iter()
        .skip(usize::from(left < 0))
        .find(|weights| weights.iter().any(|weight| *weight > 0))?;
    let extra = largest_remainder(left, &weights).ok()?;
    floors.iter().zip(extra).map(|(floor, extra)| floor.checked_add(extra)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Method, reconcile, tree::tests::tree};
    use super::*;
    use crate::forecast::Point;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn of(mean: f64) -> Forecast {
        let start = date(2026, 1, 1).at(0, 0, 0, 0);
        Forecast {
            model: "ridge",
            quantile_levels: vec![],
            points: vec![Point { start, mean, quantiles: vec![] }],
        }
    }

    fn named(means: &[f64]) -> BTreeMap<String, Forecast> {
        means.iter().enumerate().map(|(node, mean)| (format!("n{node}"), of(*mean))).collect()
    }

    #[test]
    fn what_rounding_leaves_goes_to_the_largest_remainders() {
        // By hand: 1.9, 0.8 and 0.3 milliwatt-hours of 3; rounded down 1, 0 and 0, and the two left go to 0.9 and 0.8.
        assert_eq!(divide(3, &[1.9e-6, 0.8e-6, 0.3e-6]), Some(vec![2, 1, 0]));
        // -1.5 is rounded down to -2, so that 0.5 remains of both.
        assert_eq!(divide(0, &[1.5e-6, -1.5e-6]), Some(vec![2, -2]));
        assert_eq!(divide(5, &[0.0, 0.0]), Some(vec![3, 2]));
        assert_eq!(divide(1, &[2e-6, 0.0]), Some(vec![1, 0]));
    }

    #[test]
    fn a_part_that_is_missing_or_past_all_bounds_is_named() {
        let hierarchy = tree(&[0]);
        let missing = apportion_energy(&hierarchy, &named(&[1.0, f64::NAN]));
        assert!(matches!(missing, Err(Error::MissingValue { node, .. }) if node == "n1"));
        let huge = apportion_energy(&hierarchy, &named(&[1e14, 1.0]));
        assert!(matches!(huge, Err(Error::EnergyRange { node, .. }) if node == "n0"));
    }

    proptest! {
        #[test]
        fn every_level_adds_up_to_the_last_milliwatt_hour(
            parents in prop::collection::vec(0..99_usize, 1..20),
            means in prop::collection::vec(-1e4..1e4_f64, 21), positive: bool, bottom_up: bool,
        ) {
            let hierarchy = tree(&parents);
            let means: Vec<f64> = means.iter().map(|mean| if positive { mean.abs() } else { *mean }).collect();
            let method = if bottom_up { Method::BottomUp } else { Method::TopDown };
            let reconciled = reconcile(&hierarchy, &named(&means[..=parents.len()]), &method).unwrap();
            let energy = apportion_energy(&hierarchy, &reconciled).unwrap();
            for node in hierarchy.names() {
                let parts = hierarchy.parts(node);
                if !parts.is_empty() {
                    let sum = Energy::checked_sum(parts.into_iter().map(|part| energy[part][0])).unwrap();
                    prop_assert_eq!(sum, energy[node][0]);
                }
                prop_assert!(!positive || !energy[node][0].is_negative());
                let off = energy[node][0].to_kwh_f64() - reconciled[node].points[0].mean;
                prop_assert!(off.abs() < 25e-6, "{off}");
            }
        }
    }
}
