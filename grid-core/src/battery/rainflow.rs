//! Rainflow counting: how often a battery swung how deep, from any series.
//!
//! Wear goes with the depth of the swings, so a day of small ups and downs inside one deep discharge must be counted
//! as one deep cycle and some shallow ones. That is what rainflow counting does, for a state of charge as for a
//! stress.

use super::numeric::to_f64;
use super::refusal::Refusal;

/// One cycle or half cycle of a series.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct RainflowCycle {
    /// From its lowest to its highest value, in the unit of the series.
    pub depth: f64,
    /// The middle between both.
    pub mean: f64,
    /// 1 for a closed cycle, 0.5 for a half one.
    pub count: f64,
    /// The row of the reversal that it starts at; of a plateau, its last row.
    pub first_row: usize,
    /// The row of the reversal that it ends at.
    pub last_row: usize,
}

/// How many cycles had a depth in one class.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct DepthClass {
    /// The smallest depth of the class.
    pub from: f64,
    /// The depth where the next class begins; the last class holds it, too.
    pub to: f64,
    /// Cycles, halves counted as 0.5.
    pub cycles: f64,
    /// Their share of all cycles that were counted; zero where there are none.
    pub share: f64,
}

/// Counts the cycles of a series by rainflow, in one pass with a stack.
///
/// Missing values (NaN) are passed over, so a gap counts as the straight way between the values around it. Twice the
/// sum of `depth * count` is the whole way that the series went up and down.
///
/// ```
/// use grid_core::battery::rainflow;
/// let cycles = rainflow(&[0.2, 0.9, 0.5, 0.7, 0.1]);
/// // The dip from 0.9 to 0.5 and back to 0.7 closes a cycle inside the fall from 0.9 to 0.1.
/// let closed: Vec<f64> = cycles.iter().filter(|cycle| cycle.count == 1.0).map(|cycle| cycle.depth).collect();
/// assert_eq!(closed.len(), 1);
/// assert!((closed[0] - 0.2).abs() < 1e-12);
/// ```
///
/// # References
///
/// ASTM E1049-85 (reapproved 2017), section 5.4.4: rainflow counting.
pub fn rainflow(series: &[f64]) -> Vec<RainflowCycle> {
    let mut cycles = Vec::new();
    let mut count = |(first_row, from): (usize, f64), (last_row, to): (usize, f64), count: f64| {
        cycles.push(RainflowCycle {
            depth: (to - from).abs(),
            mean: 0.5 * (from + to),
            count,
            first_row,
            last_row,
        });
    };
    // Reversals that are not yet paired. Those before `start` are: the stack loses its bottom, too, when a half cycle
    // is counted there.
    let mut open: Vec<(usize, f64)> = Vec::new();
    let mut start = 0;
    for reversal in Reversals::new(series) {
        open.push(reversal);
        while let Some([before, from, to]) = open.get(start..).and_then(<[_]>::last_chunk::<3>).copied() {
            let (earlier, latest) = ((from.1 - before.1).abs(), (to.1 - from.1).abs());
            if latest < earlier {
                break;
            }
            if open.len() - start == 3 {
                count(before, from, 0.5);
                start += 1;
            } else {
                count(before, from, 1.0);
                open.truncate(open.len() - 3);
                open.push(to);
            }
        }
    }
    for pair in open.get(start..).unwrap_or_default().windows(2) {
        if let [from, to] = pair {
            count(*from, *to, 0.5);
        }
    }
    cycles
}

/// Sorts cycles into classes of equal width from zero to `deepest`; a deeper one counts in the last class.
///
/// ```
/// use grid_core::battery::{depth_histogram, rainflow};
/// let swings = rainflow(&[0.0, 1.0, 0.0, 0.1, 0.0]);
/// let classes = depth_histogram(&swings, 10, 1.0)?;
/// assert_eq!(classes.len(), 10);
/// assert_eq!(classes[9].cycles, 1.0); // two halves of depth 1
/// # Ok::<(), grid_core::battery::Refusal>(())
/// ```
///
/// # Errors
///
/// Returns [`Refusal::OutOfRange`] when there is no class, or `deepest` is not above zero.
pub fn depth_histogram(
    cycles: &[RainflowCycle],
    classes: usize,
    deepest: f64,
) -> Result<Vec<DepthClass>, Refusal> {
    if classes == 0 {
        return Err(Refusal::OutOfRange { what: "a number of classes", expected: "above 0", got: 0.0 });
    }
    if deepest.is_nan() || deepest <= 0.0 || deepest.is_infinite() {
        return Err(Refusal::OutOfRange { what: "a deepest cycle", expected: "above 0", got: deepest });
    }
    let width = deepest / to_f64(classes);
    let mut histogram: Vec<DepthClass> = (0..classes)
        .map(|class| DepthClass {
            from: width * to_f64(class),
            to: width * to_f64(class + 1),
            cycles: 0.0,
            share: 0.0,
        })
        .collect();
    for cycle in cycles {
        let above = histogram.partition_point(|class| class.to <= cycle.depth).min(classes - 1);
        if let Some(class) = histogram.get_mut(above) {
            class.cycles += cycle.count;
        }
    }
    let all: f64 = histogram.iter().map(|class| class.cycles).sum();
    if all > 0.0 {
        for class in &mut histogram {
            class.share = class.cycles / all;
        }
    }
    Ok(histogram)
}

/// The first value, the turning points and the last value of a series, each with its row.
struct Reversals<'a> {
    rest: std::iter::Enumerate<std::slice::Iter<'a, f64>>,
    last: Option<(usize, f64)>,
    /// Whether the series rises; not known before it moves.
    rising: Option<bool>,
}

impl<'a> Reversals<'a> {
    fn new(series: &'a [f64]) -> Self {
        Self { rest: series.iter().enumerate(), last: None, rising: None }
    }
}

impl Iterator for Reversals<'_> {
    type Item = (usize, f64);

    fn next(&mut self) -> Option<(usize, f64)> {
        for (row, &value) in self.rest.by_ref() {
            if value.is_nan() {
                continue;
            }
            let Some(last) = self.last.replace((row, value)) else {
                return self.last;
            };
            let rises = value > last.1;
            if (rises || value < last.1) && self.rising.replace(rises).is_some_and(|before| before != rises) {
                return Some(last);
            }
        }
        // The end is a reversal where the series moved at all: a standing one has its first value only.
        let moved = self.rising.take().is_some();
        self.last.take().filter(|_| moved)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::noise::Noise;
    use super::*;

    fn counts(cycles: &[RainflowCycle]) -> Vec<(f64, f64)> {
        let mut counts: Vec<(f64, f64)> = Vec::new();
        for cycle in cycles {
            match counts.iter_mut().find(|(depth, _)| (*depth - cycle.depth).abs() < 1e-9) {
                Some((_, count)) => *count += cycle.count,
                None => counts.push((cycle.depth, cycle.count)),
            }
        }
        counts.sort_by(|a, b| a.0.total_cmp(&b.0));
        counts
    }

    #[test]
    fn the_standards_own_example_is_counted_as_in_the_standard() {
        // ASTM E1049-85, figure 6 and its table.
        let cycles = rainflow(&[-2.0, 1.0, -3.0, 5.0, -1.0, 3.0, -4.0, 4.0, -2.0]);
        assert_eq!(counts(&cycles), [(3.0, 0.5), (4.0, 1.5), (6.0, 0.5), (8.0, 1.0), (9.0, 0.5)]);
        let closed = cycles.iter().find(|cycle| cycle.count > 0.75).unwrap();
        assert_eq!((closed.first_row, closed.last_row), (4, 5));
        assert!((closed.mean - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_standing_or_empty_series_has_no_cycle() {
        for series in [&[][..], &[0.5], &[0.5, 0.5, 0.5], &[f64::NAN, f64::NAN]] {
            assert!(rainflow(series).is_empty());
        }
        assert_eq!(rainflow(&[0.1, 0.9]).len(), 1);
    }

    #[test]
    fn classes_hold_every_cycle() {
        let swings = rainflow(&[0.0, 2.0, 0.5, 0.6, 0.0]);
        let classes = depth_histogram(&swings, 4, 1.0).unwrap();
        assert!((classes.iter().map(|class| class.cycles).sum::<f64>() - 2.0).abs() < 1e-12);
        assert!((classes[3].cycles - 1.0).abs() < 1e-12);
        assert!((classes[0].share - 0.5).abs() < 1e-12);
        assert!(depth_histogram(&swings, 0, 1.0).is_err());
        assert!(depth_histogram(&swings, 4, f64::NAN).is_err());
    }

    #[test]
    fn random_series_are_counted_as_by_another_program() {
        // `rainflow.extract_cycles` of PyPI rainflow 3.2.0 on the same numbers: how many rows it gives, the cycles, and
        // sums over them of depth, of the cube of depth, and of the first and the last row, each by count.
        let known = [
            (
                1000,
                1,
                false,
                349,
                339.5,
                [172.345_122_635_364_53, 86.056_123_837_093_89, 165_215.5, 166_993.0],
            ),
            (
                1000,
                1,
                true,
                271,
                267.5,
                [125.308_571_279_048_92, 1_474.596_701_625_372_8, 128_738.5, 130_092.0],
            ),
            (
                5000,
                2,
                false,
                1659,
                1652.5,
                [833.146_855_503_320_7, 417.338_661_064_713_16, 4_162_293.0, 4_176_509.5],
            ),
            (
                5000,
                2,
                true,
                1274,
                1268.5,
                [620.334_022_760_391_2, 15_202.429_668_472_23, 3_194_516.0, 3_203_663.5],
            ),
        ];
        for (length, seed, walk, rows, cycles, sums) in known {
            let mut noise = Noise::new(seed);
            let mut place = 0.0;
            let series: Vec<f64> = (0..length)
                .map(|_| {
                    let value = noise.uniform();
                    place += value - 0.5;
                    if walk { place } else { value }
                })
                .collect();
            let counted = rainflow(&series);
            assert_eq!(counted.len(), rows);
            let sum = |of: fn(&RainflowCycle) -> f64| -> f64 {
                counted.iter().map(|cycle| cycle.count * of(cycle)).sum()
            };
            assert!((sum(|_| 1.0) - cycles).abs() < 1e-9);
            let ours = [
                sum(|cycle| cycle.depth),
                sum(|cycle| cycle.depth.powi(3)),
                sum(|cycle| to_f64(cycle.first_row)),
                sum(|cycle| to_f64(cycle.last_row)),
            ];
            for (ours, theirs) in ours.into_iter().zip(sums) {
                assert!((ours - theirs).abs() < 1e-9 * theirs, "expected {theirs}, got {ours}");
            }
        }
    }

    /// The way up and down.
    fn way(series: &[f64]) -> f64 {
        series.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum()
    }

    proptest! {
        #[test]
        fn no_way_is_lost_or_counted_twice(series in prop::collection::vec(-10_i32..10, 0..200)) {
            let series: Vec<f64> = series.into_iter().map(f64::from).collect();
            let counted: f64 = rainflow(&series).iter().map(|cycle| 2.0 * cycle.count * cycle.depth).sum();
            prop_assert!((counted - way(&series)).abs() < 1e-6);
        }

        #[test]
        fn points_on_the_way_and_missing_ones_change_nothing(
            series in prop::collection::vec(-10_i32..10, 1..100), places in prop::collection::vec(0_usize..3, 100),
        ) {
            let series: Vec<f64> = series.into_iter().map(f64::from).collect();
            let mut longer = vec![series[0]];
            for (pair, more) in series.windows(2).zip(&places) {
                let way = pair[1] - pair[0];
                match more {
                    1 => longer.push(pair[0] + 0.5 * way),
                    2 => longer.extend([f64::NAN, pair[0], pair[0] + 0.25 * way, f64::NAN]),
                    _ => {}
                }
                longer.push(pair[1]);
            }
            let depths = |series: &[f64]| -> Vec<_> {
                rainflow(series).iter().map(|cycle| (cycle.depth, cycle.mean, cycle.count)).collect()
            };
            prop_assert_eq!(depths(&longer), depths(&series));
        }
    }
}
