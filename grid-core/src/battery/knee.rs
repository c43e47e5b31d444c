//! The knee of a fading capacity: where it starts to fall faster.

use super::least_squares::{self, Fit, NORMAL_97_5, student};
use super::refusal::Refusal;

/// The least number of cycles in which a knee can be seen.
pub const LEAST_FOR_KNEE: usize = 20;

/// A knee: two straight lines that meet.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Knee {
    /// Where the lines meet, in the unit of the abscissa (cycles).
    pub at: f64,
    /// Lower end of its 95 % interval; no nearer to an end of the series than a tenth of it, as for `high`.
    pub low: f64,
    /// Upper end of its 95 % interval.
    pub high: f64,
    /// The capacity (or health) there.
    pub capacity: f64,
    /// Change per cycle before.
    pub slope_before: f64,
    /// Change per cycle after; below `slope_before`.
    pub slope_after: f64,
    /// The F statistic of the second slope.
    pub statistic: f64,
}

/// What the F statistic has to pass before a bend is more than chance, at the place that makes the most of it: 1 %.
///
/// Andrews: "Tests for parameter instability and structural change with unknown change point: a corrigendum",
/// Econometrica 71(1), 2003, table 1: one parameter, change between 15 and 85 % of the series.
const MORE_THAN_CHANCE: f64 = 12.16;

/// Finds the knee of a capacity (or health) over cycles, with its 95 % interval.
///
/// The model is that of Bacon and Watts with a sharp bend: `b0 + b1 (x - k) + b2 |x - k|`. It is fitted exactly: for
/// each `k` the rest is a linear least-squares problem, and the best `k` is sought over the series. The interval
/// holds every `k` whose sum of squares is no worse than chance would make it.
///
/// ```
/// let cycles: Vec<f64> = (0..200).map(f64::from).collect();
/// // One part in ten thousand a cycle, and ten times as much from cycle 120 on.
/// let health: Vec<f64> = cycles.iter().map(|x| 1.0 - 1e-4 * x - 9e-4 * (x - 120.0).max(0.0)).collect();
/// let knee = grid_core::battery::knee(&cycles, &health)?;
/// assert!((knee.at - 120.0).abs() < 0.5);
/// # Ok::<(), grid_core::battery::Refusal>(())
/// ```
///
/// # Errors
///
/// Returns [`Refusal::TooFew`] below 20 cycles, [`Refusal::Lengths`] for columns of different length, and
/// [`Refusal::NoKnee`] where the second slope is no steeper or no more than chance.
///
/// # References
///
/// Bacon, Watts: "Estimating the transition between two intersecting straight lines", Biometrika 58(3), 1971.
/// Fermín-Cueto et al.: "Identification and machine learning prediction of knee-point and knee-onset in capacity
/// degradation curves of lithium-ion cells", Energy and AI 1, 2020.
pub fn knee(cycles: &[f64], capacity: &[f64]) -> Result<Knee, Refusal> {
    let (x, y) = whole_rows(cycles, capacity)?;
    if x.len() < LEAST_FOR_KNEE {
        return Err(Refusal::TooFew {
            what: "full cycles to see a knee in",
            least: LEAST_FOR_KNEE,
            got: x.len(),
        });
    }
    let none = |statistic| Refusal::NoKnee { statistic, needed: MORE_THAN_CHANCE };
    let found = TwoSlopes::fit(&x, &y).ok_or_else(|| none(0.0))?;
    let line = least_squares::fit(&x, &y, |x| [1.0, x]).ok_or_else(|| none(0.0))?;
    let [_, slope_before, more] = found.fit.coefficients;
    let statistic =
        (line.squares - found.fit.squares) / found.fit.squares.max(f64::MIN_POSITIVE) * found.fit.freedom;
    // A straight line that fits to the last digit leaves nothing to a second one.
    let exact = line.squares <= 1e-20 * y.iter().map(|y| y * y).sum::<f64>();
    if more >= 0.0 || exact {
        return Err(none(0.0));
    }
    if statistic < MORE_THAN_CHANCE {
        return Err(none(statistic));
    }
    let (low, high) = found.interval(&x, &y);
    Ok(Knee {
        at: found.bend,
        low,
        high,
        capacity: found.fit.value(&terms(found.bend, found.bend)),
        slope_before,
        slope_after: slope_before + more,
        statistic,
    })
}

/// The rows in which both columns have a value.
pub(super) fn whole_rows(cycles: &[f64], capacity: &[f64]) -> Result<(Vec<f64>, Vec<f64>), Refusal> {
    if cycles.len() != capacity.len() {
        return Err(Refusal::Lengths {
            what: "the capacity",
            beside: "the cycles",
            expected: cycles.len(),
            got: capacity.len(),
        });
    }
    Ok(cycles
        .iter()
        .zip(capacity)
        .filter(|(x, y)| x.is_finite() && y.is_finite())
        .map(|(x, y)| (*x, *y))
        .unzip())
}

/// The terms of two lines that meet at `bend`.
fn terms(x: f64, bend: f64) -> [f64; 3] {
    [1.0, x, (x - bend).max(0.0)]
}

/// Two straight lines that meet, fitted to a series.
#[derive(Clone, Debug)]
pub(super) struct TwoSlopes {
    pub(super) bend: f64,
    pub(super) fit: Fit<3>,
    /// Places that were tried, with their sums of squares.
    tried: Vec<(f64, f64)>,
}

impl TwoSlopes {
    /// The best of all bends that leave a tenth of the points, and at least four, on each side; linear in the points.
    pub(super) fn fit(x: &[f64], y: &[f64]) -> Option<Self> {
        const MOST_TRIED: usize = 100;
        let margin = (x.len() / 10).max(4);
        let inner = x.get(margin..x.len().checked_sub(margin)?)?;
        let stride = inner.len().div_ceil(MOST_TRIED).max(1);
        let tried: Vec<(f64, f64)> =
            inner.iter().step_by(stride).filter_map(|bend| Some((*bend, squares(x, y, *bend)?))).collect();
        let best = tried.iter().enumerate().min_by(|a, b| a.1.1.total_cmp(&b.1.1))?.0;
        // Between the neighbours of the best the sum of squares has one valley.
        let end = |place: Option<usize>| place.and_then(|place| tried.get(place)).map(|(bend, _)| *bend);
        let here = end(Some(best))?;
        let (low, high) = (end(best.checked_sub(1)).unwrap_or(here), end(Some(best + 1)).unwrap_or(here));
        let bend = valley(low, high, |bend| squares(x, y, bend).unwrap_or(f64::INFINITY));
        let fit = least_squares::fit(x, y, |x| terms(x, bend))?;
        Some(Self { bend, fit, tried })
    }

    /// The bends around the best whose sum of squares 19 of 20 chances would not pass.
    fn interval(&self, x: &[f64], y: &[f64]) -> (f64, f64) {
        let freedom = (self.fit.freedom - 1.0).max(2.0);
        let bound = self.fit.squares * (1.0 + student(NORMAL_97_5, freedom).powi(2) / freedom);
        let within = |bend: f64| squares(x, y, bend).is_some_and(|squares| squares <= bound);
        // Outward to the first bend that does not hold, then halving between it and the last one that does.
        let edge = |outward: &mut dyn Iterator<Item = &(f64, f64)>| {
            let mut inside = self.bend;
            for (bend, squares) in outward {
                if *squares > bound {
                    let mut outside = *bend;
                    for _ in 0..40 {
                        let middle = 0.5 * (inside + outside);
                        if within(middle) { inside = middle } else { outside = middle }
                    }
                    return inside;
                }
                inside = *bend;
            }
            inside
        };
        let low = edge(&mut self.tried.iter().rev().filter(|(bend, _)| *bend < self.bend));
        let high = edge(&mut self.tried.iter().filter(|(bend, _)| *bend > self.bend));
        (low, high)
    }
}

fn squares(x: &[f64], y: &[f64], bend: f64) -> Option<f64> {
    Some(least_squares::fit(x, y, |x| terms(x, bend))?.squares)
}

/// The lowest place of a function with one valley, by golden section.
fn valley(mut low: f64, mut high: f64, of: impl Fn(f64) -> f64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_8;
    let (mut a, mut b) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
    let (mut at_a, mut at_b) = (of(a), of(b));
    for _ in 0..40 {
        if at_a <= at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - GOLDEN * (high - low);
            at_a = of(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + GOLDEN * (high - low);
            at_b = of(b);
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::noise::Noise;
    use super::*;

    /// 300 cycles that lose 1e-4 each, and `more` on top after cycle `bend`, with noise of 0.003.
    fn bent(seed: u64, bend: f64, more: f64) -> (Vec<f64>, Vec<f64>) {
        let mut noise = Noise::new(seed);
        let x: Vec<f64> = (1..=300).map(f64::from).collect();
        let y =
            x.iter().map(|x| 1.0 - 1e-4 * x - more * (x - bend).max(0.0) + 0.003 * noise.normal()).collect();
        (x, y)
    }

    #[test]
    fn the_knee_is_that_of_an_exhaustive_search_and_its_interval_that_of_bacon_and_watts() {
        // NumPy least squares at every 0.02 cycles for the knee; for the half width of the interval, 1.96 times the
        // standard error by scipy 1.17.1 `curve_fit` of the Bacon-Watts model, as Fermin-Cueto et al. do (in the first
        // series it stops in a local valley, one cycle off and 0.05 % worse).
        let known =
            [(1, 180.0, 6e-4, 181.44, 2.13), (2, 220.0, 4e-4, 220.14, 3.87), (3, 120.0, 3e-4, 122.0, 4.44)];
        for (seed, bend, more, at, half) in known {
            let (x, y) = bent(seed, bend, more);
            let found = knee(&x, &y).unwrap();
            assert!((found.at - at).abs() < 0.03, "expected {at}, got {found:?}");
            let width = 0.5 * (found.high - found.low);
            assert!((0.8..1.6).contains(&(width / half)), "expected about {half}, got {width}");
            assert!((found.slope_before / -1e-4 - 1.0).abs() < 0.1 && found.slope_after < -3e-4);
        }
    }

    #[test]
    fn the_interval_holds_the_knee_as_often_as_it_says() {
        let held = (0..200)
            .filter(|seed| {
                let (x, y) = bent(1000 + seed, 180.0, 5e-4);
                let found = knee(&x, &y).unwrap();
                (found.low..=found.high).contains(&180.0)
            })
            .count();
        // 95 % of 200 are 190; three standard deviations are 9.
        assert!(held >= 181, "{held} of 200");
    }

    #[test]
    fn a_straight_fade_and_an_upward_bend_have_no_knee() {
        let found = (0..200)
            .filter(|seed| knee(&bent(*seed, 180.0, 0.0).0, &bent(*seed, 180.0, 0.0).1).is_ok())
            .count();
        // At a level of 1 %, of which half bend upward.
        assert!(found <= 6, "{found} of 200");
        let (x, y) = bent(1, 150.0, -5e-4);
        assert!(matches!(knee(&x, &y), Err(Refusal::NoKnee { .. })));
        let line: Vec<f64> = x.iter().map(|x| 1.0 - 1e-4 * x).collect();
        assert!(matches!(knee(&x, &line), Err(Refusal::NoKnee { .. })));
    }

    #[test]
    fn too_few_cycles_are_refused_with_their_number() {
        let (x, y) = bent(1, 10.0, 1e-3);
        assert_eq!(
            knee(&x[..19], &y[..19]).unwrap_err().to_string(),
            "expected at least 20 full cycles to see a knee in, got 19"
        );
        assert!(matches!(knee(&x, &y[1..]), Err(Refusal::Lengths { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_knee_without_noise_is_found_wherever_it_is(bend in 40.0..260.0_f64, more in 1e-4..1e-2_f64) {
            let x: Vec<f64> = (1..=300).map(f64::from).collect();
            let y: Vec<f64> = x.iter().map(|x| 1.0 - 1e-4 * x - more * (x - bend).max(0.0)).collect();
            prop_assert!((knee(&x, &y).unwrap().at - bend).abs() < 0.01);
        }
    }
}
