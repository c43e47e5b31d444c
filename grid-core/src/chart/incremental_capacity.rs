//! The chart of incremental capacity: dQ/dV over voltage, one curve a cycle, coloured from the first to the last.

use super::{
    Error, Options, Svg,
    axis::{Axis, Ends, Zero, extent},
    downsample::{downsample, is_drawable},
    sheet::{Foot, Mark, draw},
    theme::Ink,
};

/// The incremental capacity of one cycle (or of one of its branches), over a rising or falling voltage.
#[derive(Clone, Copy, Debug)]
pub struct IncrementalCurve<'a> {
    /// The cycle's number.
    pub cycle: i64,
    /// Voltage in V.
    pub voltage_v: &'a [f64],
    /// dQ/dV in Ah/V, as many as voltages; below zero for a discharge, if it is to be drawn below the axis. NaN is a
    /// gap.
    pub dq_dv_ah_per_v: &'a [f64],
}

/// More curves than this cannot be told apart; of more, so many are drawn at even distances.
const MOST_CURVES: usize = 60;

/// Draws incremental capacity over voltage.
///
/// The cycles' colours go from the first step of a sequence to its last, so that a peak that shrinks or moves over the
/// life of a cell is seen at once. Of more than sixty curves sixty are drawn, the first and the last among them, and
/// the description says so.
///
/// ```
/// use grid_core::chart::{IncrementalCurve, Options, incremental_capacity};
/// let curve = IncrementalCurve { cycle: 1, voltage_v: &[3.5, 3.6, 3.7], dq_dv_ah_per_v: &[0.4, 2.1, 0.7] };
/// let chart = incremental_capacity(&[curve], &Options::default())?;
/// assert!(chart.svg().contains("Ah/V"));
/// # Ok::<(), grid_core::chart::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::UnequalLengths`] or [`Error::Size`].
pub fn incremental_capacity(curves: &[IncrementalCurve<'_>], options: &Options) -> Result<Svg, Error> {
    for curve in curves {
        if curve.dq_dv_ah_per_v.len() != curve.voltage_v.len() {
            return Err(Error::UnequalLengths {
                column: "dq_dv_ah_per_v",
                expected: curve.voltage_v.len(),
                got: curve.dq_dv_ah_per_v.len(),
            });
        }
    }
    let language = options.language;
    let shown = spread(curves);
    let points = || shown.iter().flat_map(|curve| curve.voltage_v.iter().zip(curve.dq_dv_ah_per_v));
    let drawn = || points().filter(|(x, y)| is_drawable(**x) && is_drawable(**y));
    let (volts, slopes) = (extent(drawn().map(|(x, _)| *x)), extent(drawn().map(|(_, y)| *y)));
    let cycles = extent_of_cycles(&shown);
    let title = language.pick("Incremental capacity over cycles", "Capacidad incremental por ciclo");
    let description = describe(curves.len(), &shown, volts, options);
    draw(options, title, &description, |sheet| {
        let about = usize::try_from(options.height / 70).unwrap_or(5).clamp(2, 8);
        let y = Axis::linear(slopes, Zero::Shown, Ends::OnTicks, about, language);
        let x = Axis::linear(volts, Zero::Free, Ends::OnValues, sheet.ticks_across(), language);
        let steps = legend_of(&shown, cycles, language.pick("Cycle", "Ciclo"));
        let entries: Vec<(Mark, &str)> =
            steps.iter().map(|(ink, label)| (Mark::Line(*ink), label.as_str())).collect();
        let place = sheet.legend(&entries, &[&y], 480)?;
        let foot = format!("{} (V)", language.pick("Voltage", "Tensión"));
        if slopes.is_none() {
            sheet.panel(place, &Axis::blank(), &y, "dQ/dV (Ah/V)", Foot::Bare)?;
            return sheet.message(place, language.pick("No data", "Sin datos"));
        }
        let plot = sheet.panel(place, &x, &y, "dQ/dV (Ah/V)", Foot::Labels(&foot))?;
        for curve in &shown {
            for line in runs(curve, sheet.columns()) {
                plot.line(&line, ink_of(curve.cycle, cycles), 13)?;
            }
        }
        Ok(())
    })
}

/// A curve's lines. What runs back in voltage cannot be brought down by columns, and is drawn as it is.
fn runs(curve: &IncrementalCurve<'_>, columns: usize) -> Vec<Vec<(f64, f64)>> {
    if curve.voltage_v.is_sorted() {
        return downsample(curve.voltage_v, curve.dq_dv_ah_per_v, columns);
    }
    let (mut x, mut y) = (curve.voltage_v.to_vec(), curve.dq_dv_ah_per_v.to_vec());
    x.reverse();
    y.reverse();
    if x.is_sorted() {
        return downsample(&x, &y, columns);
    }
    let points: Vec<(f64, f64)> = x.into_iter().zip(y).collect();
    let known = |point: &(f64, f64)| is_drawable(point.0) && is_drawable(point.1);
    points
        .chunk_by(|left, right| known(left) == known(right))
        .filter(|run| run.first().is_some_and(known))
        .map(<[_]>::to_vec)
        .collect()
}

/// At most [`MOST_CURVES`] of the curves, the first and the last among them.
fn spread<'a>(curves: &[IncrementalCurve<'a>]) -> Vec<IncrementalCurve<'a>> {
    if curves.len() <= MOST_CURVES {
        return curves.to_vec();
    }
    let last = curves.len() - 1;
    (0..MOST_CURVES).filter_map(|part| curves.get(part * last / (MOST_CURVES - 1)).copied()).collect()
}

fn extent_of_cycles(curves: &[IncrementalCurve<'_>]) -> (i64, i64) {
    let cycles = || curves.iter().map(|curve| curve.cycle);
    (cycles().min().unwrap_or(0), cycles().max().unwrap_or(0))
}

/// Which step of the sequence of colours a cycle has.
fn step_of(cycle: i64, (first, last): (i64, i64)) -> usize {
    let steps = i128::try_from(Ink::SEQUENCE.len()).unwrap_or(1);
    let (along, span) = (i128::from(cycle) - i128::from(first), i128::from(last) - i128::from(first));
    if span <= 0 {
        return 0;
    }
    usize::try_from(along * steps / (span + 1)).unwrap_or(0)
}

fn ink_of(cycle: i64, span: (i64, i64)) -> Ink {
    Ink::SEQUENCE.get(step_of(cycle, span)).copied().unwrap_or(Ink::Blue)
}

/// Each colour that is used, with the cycles that have it.
fn legend_of(curves: &[IncrementalCurve<'_>], span: (i64, i64), word: &str) -> Vec<(Ink, String)> {
    let mut cycles: Vec<i64> = curves.iter().map(|curve| curve.cycle).collect();
    cycles.sort_unstable();
    cycles.dedup();
    cycles
        .chunk_by(|left, right| step_of(*left, span) == step_of(*right, span))
        .filter_map(|run| {
            let (first, last) = (run.first()?, run.last()?);
            let label =
                if first == last { format!("{word} {first}") } else { format!("{word} {first}–{last}") };
            Some((ink_of(*first, span), label))
        })
        .collect()
}

fn describe(
    given: usize,
    shown: &[IncrementalCurve<'_>],
    volts: Option<(f64, f64)>,
    options: &Options,
) -> String {
    let language = options.language;
    let Some((low, high)) = volts else {
        return language.pick("There are no curves to show.", "No hay curvas que mostrar.").to_owned();
    };
    let (first, last) = extent_of_cycles(shown);
    let highest = |cycle: i64| {
        let of = shown.iter().filter(|curve| curve.cycle == cycle);
        let points = of.flat_map(|curve| curve.voltage_v.iter().zip(curve.dq_dv_ah_per_v));
        points.filter(|(_, slope)| is_drawable(**slope)).max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))
    };
    let mut said = vec![format!(
        "{} {} {given} {}, {} {first} {} {last}, {} {} {} V.",
        shown.len(),
        language.pick("of", "de"),
        language.pick("curves", "curvas"),
        language.pick("cycles", "ciclos"),
        language.pick("to", "a"),
        language.number(low, 3),
        language.pick("to", "a"),
        language.number(high, 3),
    )];
    for cycle in if first == last { vec![first] } else { vec![first, last] } {
        if let Some((volt, slope)) = highest(cycle) {
            said.push(format!(
                "{} {cycle}: {} {} Ah/V {} {} V.",
                language.pick("Cycle", "Ciclo"),
                language.pick("strongest peak", "pico mayor"),
                language.number(*slope, 3),
                language.pick("at", "a"),
                language.number(*volt, 3),
            ));
        }
    }
    said.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(cycle: i64) -> IncrementalCurve<'static> {
        IncrementalCurve { cycle, voltage_v: &[3.5, 3.6, 3.7], dq_dv_ah_per_v: &[0.4, 2.1, 0.7] }
    }

    #[test]
    fn of_many_curves_the_first_and_the_last_are_drawn() {
        let curves: Vec<_> = (1..=1000).map(curve).collect();
        let shown = spread(&curves);
        assert_eq!(shown.len(), MOST_CURVES);
        assert_eq!((shown[0].cycle, shown[MOST_CURVES - 1].cycle), (1, 1000));
        let chart = incremental_capacity(&curves, &Options::default()).unwrap();
        assert!(chart.svg().contains("60 of 1000 curves"), "{}", chart.svg());
    }

    #[test]
    fn colours_go_from_the_first_step_to_the_last() {
        assert_eq!(ink_of(1, (1, 1000)), Ink::SEQUENCE[0]);
        assert_eq!(ink_of(1000, (1, 1000)), Ink::SEQUENCE[Ink::SEQUENCE.len() - 1]);
        assert_eq!(ink_of(7, (7, 7)), Ink::SEQUENCE[0]);
        let steps: Vec<usize> = (1..=1000).map(|cycle| step_of(cycle, (1, 1000))).collect();
        assert!(steps.is_sorted());
        assert_eq!(step_of(i64::MAX, (i64::MIN, i64::MAX)), Ink::SEQUENCE.len() - 1);
    }

    #[test]
    fn a_column_that_is_too_short_is_named() {
        let odd = IncrementalCurve { cycle: 1, voltage_v: &[3.5], dq_dv_ah_per_v: &[] };
        let error = incremental_capacity(&[odd], &Options::default()).unwrap_err();
        assert!(matches!(error, Error::UnequalLengths { expected: 1, got: 0, .. }), "{error}");
    }

    #[test]
    fn nothing_and_gaps_alone_say_that_there_is_no_data() {
        let gap = IncrementalCurve { cycle: 1, voltage_v: &[3.5], dq_dv_ah_per_v: &[f64::NAN] };
        for curves in [vec![], vec![gap]] {
            let chart = incremental_capacity(&curves, &Options::default()).unwrap();
            assert!(chart.svg().contains("No data"));
        }
    }
}
