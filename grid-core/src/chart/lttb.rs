//! A long column brought down to so many points for those who draw it themselves, such as a page or a notebook.

use super::downsample::{Line, is_drawable};

/// How many times as many points as wanted are kept by their height before the triangles choose.
const RATIO: usize = 4;

/// Brings a curve down to about `points` points that keep its shape: `MinMaxLTTB`.
///
/// First the lowest and the highest point of each of `2 · points` equal stretches of rows are kept, so that no spike is
/// lost to the choice that follows; then, of each of `points − 2` stretches of those, the point that spans the largest
/// triangle with the point chosen before and the mean of the next stretch; the first and the last point always stay.
/// Time is linear in the rows and small: one comparison each.
///
/// A point that is not finite is a gap: the curve is cut there, each piece is brought down by itself, in proportion to
/// its rows and to no less than two points, and comes back as a line of its own. So a gap is never drawn over. (The
/// charts of this module draw from [`downsample`](super::downsample), which keeps first, lowest, highest and last of
/// each column of pixels.)
///
/// ```
/// use grid_core::chart::minmax_lttb;
/// let x: Vec<f64> = (0..10_000).map(f64::from).collect();
/// let mut y: Vec<f64> = x.iter().map(|x| (x / 1000.0).sin()).collect();
/// y[4321] = 9.0;
/// let lines = minmax_lttb(&x, &y, 200);
/// assert_eq!((lines.len(), lines[0].len()), (1, 200));
/// assert!(lines[0].contains(&(4321.0, 9.0)));
/// ```
///
/// # References
///
/// Sveinn Steinarsson (2013), "Downsampling Time Series for Visual Representation", University of Iceland, section 4.2;
/// Van Der Donckt et al. (2023), "`MinMaxLTTB`: Leveraging MinMax-Preselection to Scale LTTB", IEEE VIS.
pub fn minmax_lttb(x: &[f64], y: &[f64], points: usize) -> Vec<Line> {
    let rows: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).collect();
    let known = |point: &(f64, f64)| is_drawable(point.0) && is_drawable(point.1);
    let total = rows.iter().filter(|point| known(point)).count();
    rows.chunk_by(|left, right| known(left) == known(right))
        .filter(|run| run.first().is_some_and(known))
        .map(|run| {
            // As many of the points as the piece has of the rows, rounded up; 128 bits hold the product.
            let share = u128::try_from(points).unwrap_or(u128::MAX).saturating_mul(width(run.len()))
                / width(total).max(1);
            reduced(run, usize::try_from(share).unwrap_or(usize::MAX).max(2))
        })
        .collect()
}

fn width(rows: usize) -> u128 {
    u128::try_from(rows).unwrap_or(u128::MAX)
}

/// One piece without gaps.
fn reduced(run: &[(f64, f64)], points: usize) -> Line {
    if run.len() <= points {
        return run.to_vec();
    }
    if run.len() > points.saturating_mul(RATIO) {
        triangles(&extremes(run, points.saturating_mul(RATIO / 2)), points)
    } else {
        triangles(run, points)
    }
}

/// The first and the last point, and of each stretch of the points between the lowest and the highest, in order.
fn extremes(run: &[(f64, f64)], stretches: usize) -> Line {
    let [first, inner @ .., last] = run else { return run.to_vec() };
    let mut kept = Line::with_capacity(2 * stretches + 2);
    kept.push(*first);
    for part in parts(inner, stretches) {
        let place = |(place, _): (usize, &(f64, f64))| place;
        let low = part.iter().enumerate().min_by(|a, b| a.1.1.total_cmp(&b.1.1)).map(place);
        let high = part.iter().enumerate().max_by(|a, b| a.1.1.total_cmp(&b.1.1)).map(place);
        let (Some(low), Some(high)) = (low, high) else { continue };
        kept.extend(part.get(low.min(high)));
        if low != high {
            kept.extend(part.get(low.max(high)));
        }
    }
    kept.push(*last);
    kept
}

/// Largest triangle, three buckets.
fn triangles(run: &[(f64, f64)], points: usize) -> Line {
    let [first, inner @ .., last] = run else { return run.to_vec() };
    if run.len() <= points {
        return run.to_vec();
    }
    let mut kept = Line::with_capacity(points);
    kept.push(*first);
    let mut before = *first;
    let mut buckets = parts(inner, points.saturating_sub(2)).peekable();
    while let Some(bucket) = buckets.next() {
        let (x, y) = buckets.peek().map_or(*last, |next| mean(next));
        // Twice the area of the triangle of the point before, this one, and the middle of the next bucket.
        let area = |point: &(f64, f64)| {
            ((before.0 - x) * (point.1 - before.1) - (before.0 - point.0) * (y - before.1)).abs()
        };
        if let Some(largest) = bucket.iter().max_by(|a, b| area(a).total_cmp(&area(b))) {
            before = *largest;
            kept.push(before);
        }
    }
    kept.push(*last);
    kept
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "no bucket has 2^53 points")]
fn mean(points: &[(f64, f64)]) -> (f64, f64) {
    let count = points.len().max(1) as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    (x, y)
}

/// So many parts of a slice, of equal lengths but for one.
fn parts<T>(slice: &[T], count: usize) -> impl Iterator<Item = &[T]> {
    let end = move |part: usize| {
        let (part, count) = (width(part), width(count).max(1));
        usize::try_from(width(slice.len()) * part / count).unwrap_or(slice.len())
    };
    (0..count).filter_map(move |part| slice.get(end(part)..end(part + 1))).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_curve_stays_whole() {
        assert_eq!(
            minmax_lttb(&[0.0, 1.0, 2.0], &[3.0, 1.0, 2.0], 3),
            [vec![(0.0, 3.0), (1.0, 1.0), (2.0, 2.0)]]
        );
        assert!(minmax_lttb(&[], &[], 10).is_empty());
    }

    #[test]
    fn the_largest_triangle_is_the_one_by_hand() {
        // Buckets [1, 2] and [3, 4]; from (0, 0) with the mean (3.5, 2.5) the triangle of (2, 5) is larger than that
        // of (1, 1): 0.5·|−3.5·5 + 2·2.5| = 6.25 against 0.5·|−3.5 + 2.5| = 0.5. From (2, 5) with the last point (5, 0):
        // (3, 1) gives 0.5·|−3·−4 − −1·−5| = 3.5, (4, 4) gives 0.5·|−3·−1 − −2·−5| = 3.5; of equals the later stays.
        let x = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
        let lines = minmax_lttb(&x, &[0.0, 1.0, 5.0, 1.0, 4.0, 0.0], 4);
        assert_eq!(lines, [vec![(0.0, 0.0), (2.0, 5.0), (4.0, 4.0), (5.0, 0.0)]]);
    }

    #[test]
    fn a_gap_parts_two_lines() {
        let x: Vec<f64> = (0..1000).map(f64::from).collect();
        let y: Vec<f64> =
            x.iter().map(|x| if (*x - 500.0).abs() < 0.5 { f64::NAN } else { x.sin() }).collect();
        let lines = minmax_lttb(&x, &y, 100);
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0][lines[0].len() - 1].0, lines[1][0].0), (499.0, 501.0));
    }

    proptest! {
        #[test]
        fn a_spike_stays_wherever_it_is(at in 1..9999_usize, height in prop_oneof![-50.0..-5.0_f64, 5.0..50.0_f64], points in 50..400_usize) {
            let x: Vec<f64> = (0..10_000).map(f64::from).collect();
            let mut y: Vec<f64> = x.iter().map(|x| (x * 0.003).sin()).collect();
            y[at] = height;
            let lines = minmax_lttb(&x, &y, points);
            prop_assert!(lines[0].contains(&(x[at], height)));
        }

        #[test]
        fn what_comes_back_is_of_the_curve_in_its_order_and_not_more_than_asked(
            y in prop::collection::vec(-1e6..1e6_f64, 2..3000), points in 2..500_usize,
        ) {
            let x: Vec<f64> = (0..y.len()).map(|row| f64::from(u32::try_from(row).unwrap())).collect();
            let lines = minmax_lttb(&x, &y, points);
            prop_assert_eq!(lines.len(), 1);
            prop_assert_eq!(lines[0].len(), points.min(y.len()));
            prop_assert!(lines[0].windows(2).all(|pair| pair[0].0 < pair[1].0));
            prop_assert!(lines[0].iter().all(|point| x.iter().zip(&y).any(|(x, y)| (*x, *y) == *point)));
            prop_assert_eq!(lines[0][0], (x[0], y[0]));
        }
    }
}
