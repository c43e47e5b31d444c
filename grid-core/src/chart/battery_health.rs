//! The chart of a battery's ageing: its health over cycles, what is to be expected, and where its life ends.

use super::{
    Error, Options, Svg,
    axis::{Axis, Ends, Zero, extent},
    downsample::{downsample, is_drawable},
    sheet::{Foot, Mark, draw},
    theme::Ink,
};

/// The health that one cycle showed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HealthPoint {
    /// The cycle, or another measure of age such as equivalent full cycles.
    pub cycle: f64,
    /// Capacity over the capacity when new, 1 for all of it; NaN is a gap.
    pub state_of_health: f64,
}

/// The health that is to be expected at a cycle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HealthForecast {
    /// The cycle, as in [`HealthPoint`].
    pub cycle: f64,
    /// What is most likely.
    pub state_of_health: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

/// Draws health over cycles with its forecast band, and a line at the end of life if one is given.
///
/// `end_of_life` is a share of the capacity when new, usually 0.8; `coverage` is what the band holds (0.8 for 80 %).
///
/// ```
/// use grid_core::chart::{HealthForecast, HealthPoint, Options, battery_health};
/// let past = [HealthPoint { cycle: 1.0, state_of_health: 1.0 }, HealthPoint { cycle: 200.0, state_of_health: 0.93 }];
/// let next = [HealthForecast { cycle: 400.0, state_of_health: 0.86, low: 0.83, high: 0.89 }];
/// let chart = battery_health(&past, &next, Some(0.8), 0.8, &Options::default())?;
/// assert!(chart.svg().contains("End of life"));
/// # Ok::<(), grid_core::chart::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Size`].
pub fn battery_health(
    past: &[HealthPoint],
    forecast: &[HealthForecast],
    end_of_life: Option<f64>,
    coverage: f64,
    options: &Options,
) -> Result<Svg, Error> {
    let language = options.language;
    let end = end_of_life.filter(|end| is_drawable(*end)).map(|end| end * 100.0);
    let measured: Vec<(f64, f64)> =
        past.iter().map(|point| (point.cycle, point.state_of_health * 100.0)).collect();
    let expected: Vec<[f64; 4]> = forecast
        .iter()
        .map(|point| [point.cycle, point.low * 100.0, point.state_of_health * 100.0, point.high * 100.0])
        .filter(|row| row.iter().all(|value| is_drawable(*value)))
        .collect();
    let shown: Vec<(f64, f64)> =
        measured.iter().copied().filter(|(x, y)| is_drawable(*x) && is_drawable(*y)).collect();
    let title = language.pick("State of health", "Estado de salud");
    let description = describe(&shown, &expected, end, options);
    draw(options, title, &description, |sheet| {
        let about = usize::try_from(options.height / 70).unwrap_or(5).clamp(2, 8);
        let heights =
            shown.iter().map(|(_, y)| *y).chain(expected.iter().flat_map(|[_, low, _, high]| [*low, *high]));
        let values = extent(heights);
        let y = Axis::linear(
            values.and_then(|(low, high)| extent([low, high].into_iter().chain(end))),
            Zero::Free,
            Ends::OnTicks,
            about,
            language,
        );
        let cycles = extent(shown.iter().map(|(x, _)| *x).chain(expected.iter().map(|[x, ..]| *x)));
        let x = Axis::counting(cycles, sheet.ticks_across(), language);
        let band = format!(
            "{} {} %",
            language.pick("Band of", "Banda del"),
            language.number((coverage * 100.0).clamp(0.0, 100.0), 0)
        );
        let mut entries = vec![(Mark::Line(Ink::Blue), language.pick("Measured", "Medido"))];
        if !expected.is_empty() {
            entries.push((Mark::Line(Ink::Orange), language.pick("Expected", "Esperado")));
            entries.push((Mark::Band(Ink::Orange, BAND), &band));
        }
        if end.is_some() {
            entries.push((Mark::Line(Ink::Axis), language.pick("End of life", "Fin de vida")));
        }
        let place = sheet.legend(&entries, &[&y], 480)?;
        if values.is_none() {
            sheet.panel(place, &Axis::blank(), &Axis::blank(), "%", Foot::Bare)?;
            return sheet.message(place, language.pick("No data", "Sin datos"));
        }
        let plot = sheet.panel(place, &x, &y, "%", Foot::Labels(language.pick("Cycle", "Ciclo")))?;
        if let Some(end) = end {
            plot.line(&[(x.low, end), (x.high, end)], Ink::Axis, 16)?;
        }
        if expected.len() > 1 {
            let upper = expected.iter().map(|[x, _, _, high]| (*x, *high));
            let lower = expected.iter().rev().map(|[x, low, ..]| (*x, *low));
            plot.polygon(upper.chain(lower).collect(), Ink::Orange, BAND)?;
        }
        let middle: Vec<(f64, f64)> = expected.iter().map(|[x, _, middle, _]| (*x, *middle)).collect();
        plot.line(&middle, Ink::Orange, 20)?;
        let (x, y): (Vec<f64>, Vec<f64>) = measured.iter().copied().unzip();
        for line in downsample(&x, &y, sheet.columns()) {
            plot.line(&line, Ink::Blue, 18)?;
        }
        Ok(())
    })
}

/// How strong the band is.
const BAND: f64 = 0.22;

fn describe(shown: &[(f64, f64)], expected: &[[f64; 4]], end: Option<f64>, options: &Options) -> String {
    let language = options.language;
    let cycle = language.pick("cycle", "ciclo");
    let mut said = vec![match (shown.first(), shown.last()) {
        (Some(first), Some(last)) => format!(
            "{}: {} % ({cycle} {}), {} % ({cycle} {}).",
            language.pick("Measured", "Medido"),
            language.number(first.1, 1),
            language.number(first.0, 0),
            language.number(last.1, 1),
            language.number(last.0, 0),
        ),
        _ => language.pick("There is no health to show.", "No hay estado de salud que mostrar.").to_owned(),
    }];
    if let Some([x, low, middle, high]) = expected.last() {
        said.push(format!(
            "{} {}: {} % ({} {} {} %).",
            language.pick("Expected at cycle", "Esperado en el ciclo"),
            language.number(*x, 0),
            language.number(*middle, 1),
            language.number(*low, 1),
            language.pick("to", "a"),
            language.number(*high, 1),
        ));
    }
    if let Some(end) = end {
        said.push(format!("{}: {} %.", language.pick("End of life", "Fin de vida"), language.number(end, 0)));
    }
    said.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past() -> Vec<HealthPoint> {
        (0..100_u32)
            .map(|cycle| HealthPoint {
                cycle: f64::from(cycle),
                state_of_health: if cycle == 50 { f64::NAN } else { 1.0 - f64::from(cycle) * 1e-3 },
            })
            .collect()
    }

    #[test]
    fn the_description_says_what_the_lines_show() {
        let next = [HealthForecast { cycle: 200.0, state_of_health: 0.8, low: 0.78, high: 0.82 }];
        let svg = battery_health(&past(), &next, Some(0.8), 0.8, &Options::default()).unwrap().into_string();
        let said = "Measured: 100.0 % (cycle 0), 90.1 % (cycle 99). Expected at cycle 200: 80.0 % (78.0 to 82.0 %). \
                    End of life: 80 %.";
        assert!(svg.contains(said), "{svg}");
    }

    #[test]
    fn without_a_forecast_there_is_none_in_the_legend() {
        let svg = battery_health(&past(), &[], None, 0.8, &Options::default()).unwrap().into_string();
        assert!(!svg.contains("Expected") && !svg.contains("End of life"));
    }

    #[test]
    fn nothing_says_that_there_is_nothing() {
        let svg = battery_health(&[], &[], Some(0.8), 0.8, &Options::default()).unwrap().into_string();
        assert!(svg.contains("No data"));
    }
}
