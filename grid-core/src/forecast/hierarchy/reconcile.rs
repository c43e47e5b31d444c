//! Forecasts of all nodes, moved so that the parts add up to the whole.

use std::collections::BTreeMap;

use super::{Hierarchy, mint::Gain};
use crate::{
    error::excerpt,
    forecast::{Error, Forecast, Point, real},
};

/// A quantile is scaled with its mean up to this factor; past it the mean was next to nothing, and it is shifted.
const MOST_SCALED: f64 = 2.0;

/// How forecasts are made to add up.
///
/// Measured on `citylearn_load` (17 homes and their sum, 36 days, ridge), as the mean absolute error of the mean in kWh
/// per hour, of the community and of its members: each on its own 3.189 and 0.519, [`TopDown`](Method::TopDown) 3.189
/// and 0.513, [`MinT`](Method::MinT) with the errors of 60 days 3.237 and 0.515, [`BottomUp`](Method::BottomUp) 3.486 and
/// 0.519.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Method {
    /// The leaves stand, and every other node becomes the sum of its parts. Right where only the leaves matter.
    BottomUp,
    /// The whole stands, and what it has more or less than its parts is divided among them in proportion to the size of
    /// their own forecasts, level by level. For parts of one sign that is their share of the whole; where all parts are
    /// zero, each gets as much as the others.
    ///
    /// G. Athanasopoulos, R. A. Ahmed, R. J. Hyndman: "Hierarchical forecasts for Australian domestic tourism",
    /// International Journal of Forecasting 25(1), 2009 (forecasted proportions).
    #[default]
    TopDown,
    /// All nodes move, each as far as its past errors say that it was wrong: the least error in total that can be had,
    /// if the errors to come are like those given. Where no node's own forecast is below zero, leaves that would fall
    /// below zero are set to zero (Di Fonzo and Girolimetto, International Journal of Forecasting 39(1), 2023).
    ///
    /// Wickramasuriya, Athanasopoulos, Hyndman (2019), with the covariance shrunk after Schaefer and Strimmer (2005).
    MinT {
        /// The past errors (actual minus forecast) of every node, in-sample or replayed: the same times in the same
        /// places, NaN where one is missing. A time is used where every node has its error.
        errors: BTreeMap<String, Vec<f64>>,
    },
}

/// Moves the forecasts of all nodes of a hierarchy so that in each slot the means of the parts add up to their whole.
///
/// The quantiles follow their mean: in proportion to it where they and it are positive, since a home of twice the load
/// is twice as uncertain (on `citylearn_load` the members' quantile loss is 0.358 so and 0.360 with a shift, and 80 %
/// intervals cover 0.80 and 0.78), by the same shift where the mean was zero, negative or less than half of what it
/// became. They stay in order, and none falls below zero that was not, unless its mean does. Quantiles themselves do
/// not add up: the sum of all high values is higher than the high value of the sum.
///
/// ```
/// use std::collections::BTreeMap;
/// use grid_core::forecast::{Forecast, Hierarchy, Method, Point, reconcile};
/// use jiff::civil::date;
///
/// let start = date(2026, 1, 1).at(0, 0, 0, 0);
/// let of = |mean: f64| Forecast {
///     model: "ridge", quantile_levels: vec![0.5], points: vec![Point { start, mean, quantiles: vec![mean] }],
/// };
/// let hierarchy = Hierarchy::new([("community", None), ("ana", Some("community")), ("ben", Some("community"))])?;
/// let own = BTreeMap::from([("community", 12.0), ("ana", 2.0), ("ben", 8.0)].map(|(node, mean)| (node.to_owned(), of(mean))));
/// let reconciled = reconcile(&hierarchy, &own, &Method::TopDown)?;
/// let mean = |node: &str| (reconciled[node].points[0].mean * 1e9).round() / 1e9;
/// assert_eq!((mean("community"), mean("ana"), mean("ben")), (12.0, 2.4, 9.6));
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::MissingNode`] where a node has no forecast (or no errors) and [`Error::MissingValue`] where a forecast has a
/// value that is not finite, since what is missing is not zero; [`Error::UnknownNode`] for a forecast of no node;
/// [`Error::NodeSlots`] where a node's slots or levels are not those of the whole. With [`Method::MinT`],
/// [`Error::ErrorColumn`] where the columns of errors differ in length, [`Error::TooFewErrors`] for less than 14 times at
/// which every node has one, [`Error::FlatErrors`] where a node and its parts were never off, and [`Error::Unsolved`].
pub fn reconcile(
    hierarchy: &Hierarchy,
    forecasts: &BTreeMap<String, Forecast>,
    method: &Method,
) -> Result<BTreeMap<String, Forecast>, Error> {
    let own = in_order(hierarchy, forecasts)?;
    let gain = match method {
        Method::MinT { errors } => Some(Gain::new(hierarchy, errors)?),
        Method::BottomUp | Method::TopDown => None,
    };
    let mut reconciled: Vec<Forecast> =
        own.iter().map(|forecast| Forecast { points: Vec::new(), ..(*forecast).clone() }).collect();
    let slots = own.first().map_or(0, |whole| whole.points.len());
    for slot in 0..slots {
        let points: Vec<&Point> = own.iter().filter_map(|forecast| forecast.points.get(slot)).collect();
        let mut means: Vec<f64> = points.iter().map(|point| point.mean).collect();
        match (&gain, method) {
            (Some(gain), _) => {
                let non_negative = means.iter().all(|mean| *mean >= 0.0);
                gain.apply(&mut means);
                if non_negative {
                    for mean in &mut means {
                        *mean = mean.max(0.0);
                    }
                }
            }
            (None, Method::TopDown) => divide(hierarchy, &mut means),
            (None, _) => {}
        }
        hierarchy.add_up(&mut means);
        for ((forecast, point), mean) in reconciled.iter_mut().zip(points).zip(means) {
            forecast.points.push(moved(point, mean));
        }
    }
    Ok(hierarchy.names().map(str::to_owned).zip(reconciled).collect())
}

/// The forecasts in the order of the nodes, all of the same slots and levels, with a value everywhere.
pub(super) fn in_order<'a>(
    hierarchy: &Hierarchy,
    forecasts: &'a BTreeMap<String, Forecast>,
) -> Result<Vec<&'a Forecast>, Error> {
    let mut ordered: Vec<&Forecast> = Vec::with_capacity(hierarchy.nodes().len());
    for name in hierarchy.names() {
        let forecast = forecasts.get(name).ok_or_else(|| Error::MissingNode { node: excerpt(name) })?;
        let whole = ordered.first().copied().unwrap_or(forecast);
        let starts = |forecast: &'a Forecast| forecast.points.iter().map(|point| point.start);
        if !starts(forecast).eq(starts(whole)) || forecast.quantile_levels != whole.quantile_levels {
            return Err(Error::NodeSlots { node: excerpt(name) });
        }
        let sound =
            |point: &&Point| point.mean.is_finite() && point.quantiles.iter().all(|value| value.is_finite());
        if let Some(point) = forecast.points.iter().find(|point| !sound(point)) {
            return Err(Error::MissingValue { node: excerpt(name), start: point.start });
        }
        ordered.push(forecast);
    }
    if ordered.len() < forecasts.len()
        && let Some(name) =
            forecasts.keys().find(|name| hierarchy.names().all(|known| known != name.as_str()))
    {
        return Err(Error::UnknownNode { node: excerpt(name) });
    }
    Ok(ordered)
}

/// Divides what each node has more or less than its parts among these, in proportion to their size.
fn divide(hierarchy: &Hierarchy, means: &mut [f64]) {
    for (place, node) in hierarchy.nodes().iter().enumerate().filter(|(_, node)| !node.parts.is_empty()) {
        let whole = means.get(place).copied().unwrap_or(0.0);
        let parts: Vec<f64> = node.parts.iter().filter_map(|part| means.get(*part).copied()).collect();
        let over = whole - parts.iter().sum::<f64>();
        let size: f64 = parts.iter().map(|part| part.abs()).sum();
        for (part, mean) in node.parts.iter().zip(&parts) {
            let share = if size > 0.0 { mean.abs() / size } else { real(parts.len()).recip() };
            let divided = mean + over * share;
            if let Some(known) = means.get_mut(*part) {
                // At most `size` is taken away where the whole is not negative, so only rounding leads below zero.
                *known = if whole >= 0.0 && *mean >= 0.0 { divided.max(0.0) } else { divided };
            }
        }
    }
}

/// A point with another mean, its quantiles moved along.
fn moved(point: &Point, mean: f64) -> Point {
    let all_positive = point.quantiles.iter().all(|value| *value >= 0.0);
    let scaled = all_positive && point.mean > 0.0 && (0.0..=MOST_SCALED * point.mean).contains(&mean);
    let quantiles = point
        .quantiles
        .iter()
        .map(|value| {
            if scaled {
                value * (mean / point.mean)
            } else {
                let shifted = value + (mean - point.mean);
                if *value >= 0.0 && mean >= 0.0 { shifted.max(0.0) } else { shifted }
            }
        })
        .collect();
    Point { start: point.start, mean, quantiles }
}

#[cfg(test)]
mod tests {
    use super::super::tree::tests::tree;
    use super::*;
    use jiff::{ToSpan, civil::date};
    use proptest::prelude::*;

    fn forecast(means: &[f64], width: f64) -> Forecast {
        let start = date(2026, 1, 1).at(0, 0, 0, 0);
        let points = means.iter().enumerate().map(|(slot, &mean)| Point {
            start: start + i64::try_from(slot).unwrap().hours(),
            mean,
            quantiles: vec![(mean - width).max(mean.min(0.0)), mean, mean + width],
        });
        Forecast { model: "ridge", quantile_levels: vec![0.1, 0.5, 0.9], points: points.collect() }
    }

    fn named(means: &[f64], width: f64) -> BTreeMap<String, Forecast> {
        means.iter().enumerate().map(|(node, mean)| (format!("n{node}"), forecast(&[*mean], width))).collect()
    }

    fn mean(forecasts: &BTreeMap<String, Forecast>, node: &str) -> f64 {
        forecasts[node].points[0].mean
    }

    #[test]
    fn parts_of_mixed_sign_share_what_is_over_by_their_size() {
        // 10 = 8 - 2 + 4 more: of 10 in size, 8 get 3.2 and 2 get 0.8. A quotient of the whole and the sum, 10 / 6, would
        // have made the feed-in of the second larger for a larger load of all.
        let hierarchy = tree(&[0, 0]);
        let got = reconcile(&hierarchy, &named(&[10.0, 8.0, -2.0], 0.5), &Method::TopDown).unwrap();
        assert!((mean(&got, "n1") - 11.2).abs() < 1e-12 && (mean(&got, "n2") + 1.2).abs() < 1e-12);
    }

    #[test]
    fn parts_that_expect_nothing_share_alike() {
        let got = reconcile(&tree(&[0, 0]), &named(&[3.0, 0.0, 0.0], 0.5), &Method::TopDown).unwrap();
        assert!((mean(&got, "n1") - 1.5).abs() < 1e-12 && (mean(&got, "n2") - 1.5).abs() < 1e-12);
        assert_eq!(got["n1"].points[0].quantiles, [1.5, 1.5, 2.0]); // shifted: there was nothing to scale
    }

    #[test]
    fn quantiles_grow_with_their_mean() {
        let got = reconcile(&tree(&[0]), &named(&[3.0, 2.0], 0.5), &Method::TopDown).unwrap();
        assert_eq!(got["n1"].points[0].quantiles, [2.25, 3.0, 3.75]);
    }

    #[test]
    fn a_missing_part_is_named_and_not_zero() {
        let hierarchy = tree(&[0, 0]);
        let whole = named(&[3.0, 1.0, 1.0], 0.1);
        for method in [Method::BottomUp, Method::TopDown] {
            let refused = |forecasts: &BTreeMap<String, Forecast>| {
                reconcile(&hierarchy, forecasts, &method).unwrap_err()
            };
            let mut forecasts = whole.clone();
            forecasts.remove("n2");
            assert_eq!(
                refused(&forecasts).to_string(),
                "expected a forecast and errors of every node, got none of `n2`"
            );
            forecasts = whole.clone();
            forecasts.get_mut("n1").unwrap().points[0].mean = f64::NAN;
            assert!(matches!(refused(&forecasts), Error::MissingValue { node, .. } if node == "n1"));
            forecasts = whole.clone();
            forecasts.insert("n2".to_owned(), forecast(&[1.0, 2.0], 0.1));
            assert!(matches!(refused(&forecasts), Error::NodeSlots { node } if node == "n2"));
            forecasts = whole.clone();
            forecasts.insert("n9".to_owned(), forecast(&[1.0], 0.1));
            assert!(matches!(refused(&forecasts), Error::UnknownNode { node } if node == "n9"));
        }
    }

    proptest! {
        #[test]
        fn parts_add_up_quantiles_stay_in_order_and_nothing_falls_below_zero(
            parents in prop::collection::vec(0..99_usize, 1..12),
            seed in prop::collection::vec(0.0..100.0_f64, 13),
            errors in prop::collection::vec(-5.0..5.0_f64, 13 * 30),
            sign in prop::sample::select(vec![1.0, -1.0]), net: bool, method in 0..3_usize,
        ) {
            let hierarchy = tree(&parents);
            let nodes = parents.len() + 1;
            let sign_of = |node: usize| if net && node.is_multiple_of(2) { sign } else { 1.0 };
            let means: Vec<f64> = (0..nodes).map(|node| seed[node] * sign_of(node)).collect();
            let own = named(&means, 10.0);
            let column = |node: usize| errors[node * 30..(node + 1) * 30].to_vec();
            let method = match method {
                0 => Method::BottomUp,
                1 => Method::TopDown,
                _ => Method::MinT { errors: (0..nodes).map(|node| (format!("n{node}"), column(node))).collect() },
            };
            let got = reconcile(&hierarchy, &own, &method).unwrap();
            prop_assert_eq!(got.len(), nodes);
            for node in hierarchy.names() {
                let point = &got[node].points[0];
                let parts: Vec<f64> = hierarchy.parts(node).into_iter().map(|part| mean(&got, part)).collect();
                if !parts.is_empty() {
                    prop_assert!((point.mean - parts.iter().sum::<f64>()).abs() <= 1e-9);
                }
                prop_assert!(point.quantiles.is_sorted());
                if means.iter().all(|mean| *mean >= 0.0) {
                    prop_assert!(point.mean >= 0.0 && point.quantiles[0] >= 0.0, "{point:?}");
                }
            }
            // What adds up already is left alone.
            let again = reconcile(&hierarchy, &got, &method).unwrap();
            for node in hierarchy.names() {
                prop_assert!((mean(&again, node) - mean(&got, node)).abs() < 1e-6);
            }
            match method {
                Method::BottomUp => for leaf in hierarchy.leaves() {
                    prop_assert_eq!(mean(&got, leaf).to_bits(), mean(&own, leaf).to_bits());
                },
                Method::TopDown => prop_assert!((mean(&got, "n0") - mean(&own, "n0")).abs() < 1e-9),
                _ => {}
            }
        }
    }
}
