//! The chart of a battery's life: capacity and coulombic efficiency over cycles.

use super::{
    Error, Options, Svg,
    axis::{Axis, Ends, Zero, extent},
    downsample::{downsample, is_drawable},
    sheet::{Foot, Mark, Place, Plot, draw},
    theme::Ink,
};
use crate::battery::CycleSummary;

/// One cycle of a battery; NaN where a value is not known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CyclePoint {
    /// The cycle's number.
    pub cycle: f64,
    /// Charge that went in, in ampere-hours.
    pub charge_capacity_ah: f64,
    /// Charge that came out, in ampere-hours.
    pub discharge_capacity_ah: f64,
    /// What came out by what went in, 1 for all of it.
    pub coulombic_efficiency: f64,
}

impl From<&Self> for CyclePoint {
    fn from(cycle: &Self) -> Self {
        *cycle
    }
}

impl From<&CycleSummary> for CyclePoint {
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "no battery lasts 2^53 cycles")]
    fn from(cycle: &CycleSummary) -> Self {
        Self {
            cycle: cycle.cycle as f64,
            charge_capacity_ah: cycle.charge_capacity_ah,
            discharge_capacity_ah: cycle.discharge_capacity_ah,
            coulombic_efficiency: cycle.coulombic_efficiency.unwrap_or(f64::NAN),
        }
    }
}

/// The pixels that a cycle's marks need; where there are fewer they would run into each other, and only lines are
/// drawn.
const PIXELS_A_MARK: usize = 12;

/// Draws charge and discharge capacity over cycles, and coulombic efficiency on an axis of its own below them.
///
/// Takes [`CycleSummary`]s, or [`CyclePoint`]s.
///
/// A few cycles with an efficiency far from all others (a formation cycle, one that was cut off) do not flatten the
/// rest: they are drawn as triangles at the edge that they lie beyond.
///
/// # Errors
///
/// [`Error::Size`].
///
/// ```
/// use grid_core::chart::{CyclePoint, Options, capacity_over_cycles};
/// let cycle = |cycle, charge_capacity_ah, discharge_capacity_ah: f64| CyclePoint {
///     cycle, charge_capacity_ah, discharge_capacity_ah,
///     coulombic_efficiency: discharge_capacity_ah / charge_capacity_ah,
/// };
/// let chart = capacity_over_cycles(&[cycle(1.0, 2.5, 2.4), cycle(2.0, 2.41, 2.4)], &Options::default())?;
/// assert!(chart.svg().contains("Ah"));
/// # Ok::<(), grid_core::chart::Error>(())
/// ```
pub fn capacity_over_cycles<C>(cycles: &[C], options: &Options) -> Result<Svg, Error>
where
    CyclePoint: for<'c> From<&'c C>,
{
    let cycles: Vec<CyclePoint> = cycles.iter().map(CyclePoint::from).collect();
    draw_cycles(&cycles, options)
}

fn draw_cycles(cycles: &[CyclePoint], options: &Options) -> Result<Svg, Error> {
    let language = options.language;
    let numbers: Vec<f64> = cycles.iter().map(|cycle| cycle.cycle).collect();
    let charge: Vec<f64> = cycles.iter().map(|cycle| cycle.charge_capacity_ah).collect();
    let discharge: Vec<f64> = cycles.iter().map(|cycle| cycle.discharge_capacity_ah).collect();
    let efficiency: Vec<f64> = cycles.iter().map(|cycle| cycle.coulombic_efficiency * 100.0).collect();
    let capacities = extent(charge.iter().chain(&discharge).copied());
    let usual = usual(&efficiency);
    let title = language.pick("Capacity over cycles", "Capacidad por ciclo");
    let description = describe(cycles, options);
    draw(options, title, &description, |sheet| {
        let about = usize::try_from(options.height / 100).unwrap_or(4).clamp(2, 8);
        let top = Axis::linear(capacities, Zero::Free, Ends::OnTicks, about, language);
        let below = Axis::linear(usual, Zero::Free, Ends::OnTicks, (about / 2).max(2), language);
        let x = Axis::counting(extent(numbers.iter().copied()), sheet.ticks_across(), language);
        let marked = cycles.len().saturating_mul(PIXELS_A_MARK) <= sheet.columns();
        let mark = |dotted, plain| if marked { dotted } else { plain };
        let mut entries = vec![
            (mark(Mark::Ring(Ink::Blue), Mark::Line(Ink::Blue)), language.pick("Charge", "Carga")),
            (mark(Mark::Disc(Ink::Orange), Mark::Line(Ink::Orange)), language.pick("Discharge", "Descarga")),
            (
                mark(Mark::Disc(Ink::Green), Mark::Line(Ink::Green)),
                language.pick("Coulombic efficiency", "Eficiencia coulómbica"),
            ),
        ];
        let outside = |value: f64| is_drawable(value) && (value < below.low || value > below.high);
        if efficiency.iter().any(|value| outside(*value)) {
            entries.push((Mark::Triangle(Ink::Green), language.pick("beyond the axis", "fuera del eje")));
        }
        let place = sheet.legend(&entries, &[&top, &below], 480)?;
        let room = place.bottom - place.top - 320;
        let upper = Place { bottom: place.top + room * 3 / 5, ..place };
        let lower = Place { top: place.bottom - room * 2 / 5, ..place };
        let unit = format!("Ah · {}", language.pick("capacity", "capacidad"));
        let capacity = sheet.panel(upper, &x, &top, &unit, Foot::Bare)?;
        let unit = format!("% · {}", language.pick("coulombic efficiency", "eficiencia coulómbica"));
        let ratio = sheet.panel(lower, &x, &below, &unit, Foot::Labels(language.pick("Cycle", "Ciclo")))?;
        let inside: Vec<f64> =
            efficiency.iter().map(|value| if outside(*value) { f64::NAN } else { *value }).collect();
        for (plot, column, ink) in [
            (&capacity, &charge, Ink::Blue),
            (&capacity, &discharge, Ink::Orange),
            (&ratio, &inside, Ink::Green),
        ] {
            curve(plot, &numbers, column, ink, marked, sheet.columns())?;
        }
        for (x, value) in numbers.iter().zip(&efficiency).filter(|(x, y)| is_drawable(**x) && outside(**y)) {
            sheet.triangle(&ratio, *x, *value, Ink::Green)?;
        }
        for (place, is_empty) in [(upper, capacities.is_none()), (lower, usual.is_none())] {
            if is_empty {
                sheet.message(place, language.pick("No data", "Sin datos"))?;
            }
        }
        Ok(())
    })
}

fn curve(plot: &Plot<'_>, x: &[f64], y: &[f64], ink: Ink, marked: bool, columns: usize) -> Result<(), Error> {
    let lines = downsample(x, y, columns);
    for line in &lines {
        plot.line(line, ink, 14)?;
    }
    if marked {
        for point in lines.into_iter().flatten() {
            // Charge lies under discharge nearly everywhere, so it shows as a ring around it.
            if ink == Ink::Blue { plot.ring(point, 42, ink)? } else { plot.disc(point, 27, ink)? }
        }
    }
    Ok(())
}

/// The range of all values but those far from the middle half (ten times its width, at least two per cent).
fn usual(values: &[f64]) -> Option<(f64, f64)> {
    let mut known: Vec<f64> = values.iter().copied().filter(|value| is_drawable(*value)).collect();
    known.sort_by(f64::total_cmp);
    let at = |part: usize| known.get((known.len().saturating_sub(1)) * part / 4).copied();
    let (lower, upper) = (at(1)?, at(3)?);
    let far = ((upper - lower) * 10.0).max(2.0);
    extent(known.iter().copied().filter(|value| (lower - far..=upper + far).contains(value)))
}

fn describe(cycles: &[CyclePoint], options: &Options) -> String {
    let language = options.language;
    let known: Vec<&CyclePoint> = cycles
        .iter()
        .filter(|cycle| is_drawable(cycle.cycle) && is_drawable(cycle.discharge_capacity_ah))
        .collect();
    let (Some(first), Some(last)) = (known.first(), known.last()) else {
        return language.pick("There are no cycles to show.", "No hay ciclos que mostrar.").to_owned();
    };
    let cycle = language.pick("cycle", "ciclo");
    format!(
        "{} {}. {}: {} Ah ({cycle} {}), {} Ah ({cycle} {}).",
        cycles.len(),
        language.pick("cycles", "ciclos"),
        language.pick("Discharge capacity", "Capacidad de descarga"),
        language.number(first.discharge_capacity_ah, 3),
        language.number(first.cycle, 0),
        language.number(last.discharge_capacity_ah, 3),
        language.number(last.cycle, 0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_that_was_cut_off_does_not_widen_the_axis() {
        assert_eq!(usual(&[99.1, 99.2, 2.0, 99.3, 99.2, f64::NAN]), Some((99.1, 99.3)));
        assert_eq!(usual(&[f64::NAN]), None);
    }
}
