//! A long column brought down to what a screen can show, without losing a peak or closing a gap.

/// The points of a curve that have nothing missing between them, in order.
pub type Line = Vec<(f64, f64)>;

/// Whether a number can stand in a drawing; NaN, infinities and numbers beyond 1e100 count as missing.
pub(super) fn is_drawable(value: f64) -> bool {
    value.abs() < 1e100
}

/// Keeps of each of `columns` equal parts of the x range the first, the last, the lowest and the highest point.
///
/// What comes back looks the same at that many pixels as the whole column would. A point whose x or y is not finite
/// is a gap, and ends a line. Lines that begin and end within one column are too short to see as such: where there
/// are several in a column, only their lowest and their highest point stay, as lines of one point each; so there
/// are never more than twelve points in a column, however the gaps lie.
///
/// ```
/// use grid_core::chart::downsample;
/// let x = [0.0, 1.0, 2.0, 3.0, 4.0];
/// let lines = downsample(&x, &[5.0, 6.0, f64::NAN, 6.0, 7.0], 100);
/// assert_eq!(lines, [vec![(0.0, 5.0), (1.0, 6.0)], vec![(3.0, 6.0), (4.0, 7.0)]]);
/// ```
///
/// # References
///
/// Jugel, Jerzak, Hackenbroich and Markl (2014), "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 7.
pub fn downsample(x: &[f64], y: &[f64], columns: usize) -> Vec<Line> {
    let points = || x.iter().zip(y).map(|(&x, &y)| (x, y));
    let known = |(x, y): &(f64, f64)| is_drawable(*x) && is_drawable(*y);
    let low = points().filter(known).map(|(x, _)| x).fold(f64::INFINITY, f64::min);
    let high = points().filter(known).map(|(x, _)| x).fold(f64::NEG_INFINITY, f64::max);
    let columns = columns.max(1);
    let mut lines = Lines { done: Vec::new(), line: Vec::new(), bucket: None, short: None };
    for (at, (x, y)) in points().enumerate() {
        if known(&(x, y)) {
            lines.add(column_of(x, low, high, columns), Point { at, x, y });
        } else {
            lines.end();
        }
    }
    lines.end();
    lines.settle();
    lines.done
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a float from 0 to the number of columns; `as` saturates"
)]
fn column_of(x: f64, low: f64, high: f64, columns: usize) -> usize {
    let part = (x - low) / (high - low);
    if part.is_nan() { 0 } else { ((part * columns as f64) as usize).min(columns - 1) }
}

#[derive(Clone, Copy)]
struct Point {
    at: usize,
    x: f64,
    y: f64,
}

/// What is kept of the points of one line in one column.
#[derive(Clone, Copy)]
struct Bucket {
    column: usize,
    first: Point,
    lowest: Point,
    highest: Point,
    last: Point,
}

impl Bucket {
    const fn new(column: usize, point: Point) -> Self {
        Self { column, first: point, lowest: point, highest: point, last: point }
    }

    const fn add(&mut self, point: Point) {
        if point.y < self.lowest.y {
            self.lowest = point;
        }
        if point.y > self.highest.y {
            self.highest = point;
        }
        self.last = point;
    }

    fn write(&self, line: &mut Line) {
        let mut points = [self.first, self.lowest, self.highest, self.last];
        points.sort_by_key(|point| point.at);
        let mut before = None;
        for point in points {
            if before != Some(point.at) {
                line.push((point.x, point.y));
            }
            before = Some(point.at);
        }
    }
}

/// Lines on their way through the columns.
struct Lines {
    done: Vec<Line>,
    line: Line,
    bucket: Option<Bucket>,
    /// The lines that lie wholly in one column, and whether there are several.
    short: Option<(Bucket, bool)>,
}

impl Lines {
    fn add(&mut self, column: usize, point: Point) {
        match &mut self.bucket {
            Some(bucket) if bucket.column == column => bucket.add(point),
            bucket => {
                if let Some(full) = bucket.replace(Bucket::new(column, point)) {
                    full.write(&mut self.line);
                }
            }
        }
    }

    /// Ends the line at a gap.
    fn end(&mut self) {
        let Some(bucket) = self.bucket.take() else { return };
        if !self.line.is_empty() {
            bucket.write(&mut self.line);
            self.settle();
            self.done.push(std::mem::take(&mut self.line));
            return;
        }
        match &mut self.short {
            Some((short, several)) if short.column == bucket.column => {
                short.add(bucket.lowest);
                short.add(bucket.highest);
                *several = true;
            }
            _ => {
                self.settle();
                self.short = Some((bucket, false));
            }
        }
    }

    /// Writes the short lines of a column.
    fn settle(&mut self) {
        match self.short.take() {
            Some((bucket, true)) => {
                self.done.push(vec![(bucket.lowest.x, bucket.lowest.y)]);
                if bucket.highest.at != bucket.lowest.at {
                    self.done.push(vec![(bucket.highest.x, bucket.highest.y)]);
                }
            }
            Some((bucket, false)) => {
                let mut line = Line::new();
                bucket.write(&mut line);
                self.done.push(line);
            }
            None => {}
        }
    }
}

#[cfg(test)]
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "x counts points, and y is copied, never computed"
)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn short_columns_come_back_whole() {
        let x: Vec<f64> = (0..50).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|x| (x * 0.7).sin()).collect();
        let whole: Line = x.iter().copied().zip(y.iter().copied()).collect();
        assert_eq!(downsample(&x, &y, 50), [whole]);
    }

    #[test]
    fn nothing_and_only_gaps_give_nothing() {
        assert!(downsample(&[], &[], 10).is_empty());
        assert!(downsample(&[0.0, 1.0], &[f64::NAN, f64::INFINITY], 10).is_empty());
        assert!(downsample(&[f64::NAN, f64::INFINITY], &[0.0, 1.0], 0).is_empty());
    }

    #[test]
    fn a_gap_at_every_other_point_stays_small() {
        let x: Vec<f64> = (0..100_000).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|x| if x % 2.0 == 0.0 { x.sin() } else { f64::NAN }).collect();
        let lines = downsample(&x, &y, 100);
        assert!(lines.iter().all(|line| line.len() == 1));
        assert_eq!(lines.len(), 200);
    }

    fn values() -> impl Strategy<Value = Vec<f64>> {
        let value = prop_oneof![8 => -1e6..1e6_f64, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)];
        prop::collection::vec(value, 0..400)
    }

    proptest! {
        #[test]
        fn the_lowest_and_highest_of_every_column_survive(y in values(), columns in 1..60_usize) {
            let x: Vec<f64> = (0..y.len()).map(|at| at as f64 * 0.5).collect();
            let kept: Vec<(f64, f64)> = downsample(&x, &y, columns).concat();
            let known: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).filter(|p| p.1.is_finite()).collect();
            let low = known.first().map_or(0.0, |p| p.0);
            let high = known.last().map_or(0.0, |p| p.0);
            for column in 0..columns {
                let inside = |points: &[(f64, f64)]| -> Vec<f64> {
                    points.iter().filter(|p| column_of(p.0, low, high, columns) == column).map(|p| p.1).collect()
                };
                let (all, some) = (inside(&known), inside(&kept));
                prop_assert_eq!(all.iter().copied().fold(f64::INFINITY, f64::min), some.iter().copied().fold(f64::INFINITY, f64::min));
                prop_assert_eq!(all.iter().copied().fold(f64::NEG_INFINITY, f64::max), some.iter().copied().fold(f64::NEG_INFINITY, f64::max));
                prop_assert!(some.len() <= 12);
            }
        }

        #[test]
        fn no_line_runs_over_a_gap(y in values(), columns in 1..60_usize) {
            let x: Vec<f64> = (0..y.len()).map(|at| at as f64).collect();
            for line in downsample(&x, &y, columns) {
                let (from, to) = (line[0].0 as usize, line[line.len() - 1].0 as usize);
                prop_assert!(y[from..=to].iter().all(|y| y.is_finite()));
                prop_assert!(line.windows(2).all(|pair| pair[0].0 < pair[1].0));
                prop_assert!(line.iter().all(|p| y[p.0 as usize] == p.1));
            }
        }

        #[test]
        fn a_gap_wider_than_a_column_still_parts_two_lines(before in 1..200_usize, gap in 20..200_usize, after in 1..200_usize) {
            let y: Vec<f64> = (0..before + gap + after).map(|at| if (before..before + gap).contains(&at) { f64::NAN } else { 1.0 }).collect();
            let x: Vec<f64> = (0..y.len()).map(|at| at as f64).collect();
            let lines = downsample(&x, &y, 40);
            prop_assert_eq!(lines.len(), 2);
            prop_assert_eq!(lines[0].last().map(|p| p.0), Some(before as f64 - 1.0));
            prop_assert_eq!(lines[1].first().map(|p| p.0), Some((before + gap) as f64));
        }
    }
}
