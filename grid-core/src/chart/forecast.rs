//! The chart of a forecast: what was, what is expected, and how sure that is.

use jiff::Timestamp;

use super::{
    Error, Options, Svg,
    axis::{Axis, Ends, Zero, extent},
    clock::seconds,
    downsample::{Line, downsample, is_drawable},
    sheet::{Mark, Plot, draw},
    theme::Ink,
};
use crate::time::{Calendar, Interval};

/// What a forecast says about one slot, named by its start; NaN where a model does not say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ForecastPoint {
    /// The slot's start.
    pub start: Timestamp,
    /// The expected value.
    pub mean: f64,
    /// The quantile of 10 %, the lower end of the 80 % band.
    pub q10: f64,
    /// The quantile of 25 %, the lower end of the 50 % band.
    pub q25: f64,
    /// The median.
    pub q50: f64,
    /// The quantile of 75 %, the upper end of the 50 % band.
    pub q75: f64,
    /// The quantile of 90 %, the upper end of the 80 % band.
    pub q90: f64,
}

impl ForecastPoint {
    /// Takes the quantiles that the chart draws from those of a forecast; NaN for a level that it does not have.
    ///
    /// ```
    /// use grid_core::chart::ForecastPoint;
    /// let point = ForecastPoint::of_quantiles(jiff::Timestamp::UNIX_EPOCH, 2.0, &[0.1, 0.5, 0.9], &[1.0, 2.1, 3.0]);
    /// assert_eq!((point.q10, point.q50, point.q90), (1.0, 2.1, 3.0));
    /// assert!(point.q25.is_nan() && point.q75.is_nan());
    /// ```
    pub fn of_quantiles(start: Timestamp, mean: f64, levels: &[f64], quantiles: &[f64]) -> Self {
        let at = |level: f64| {
            let found = levels.iter().zip(quantiles).find(|(known, _)| (**known - level).abs() < 1e-9);
            found.map_or(f64::NAN, |(_, value)| *value)
        };
        Self { start, mean, q10: at(0.1), q25: at(0.25), q50: at(0.5), q75: at(0.75), q90: at(0.9) }
    }

    /// Lays a forecast, which is made in local time, on the instants of a calendar.
    ///
    /// # Errors
    ///
    /// [`crate::forecast::Error::OutOfRange`] where an instant lies outside the years -9999 to 9999.
    #[cfg(feature = "forecast")]
    pub fn of_forecast(
        forecast: &crate::forecast::Forecast,
        calendar: &Calendar,
    ) -> Result<Vec<Self>, crate::forecast::Error> {
        let points = forecast.local_to_instants(calendar.zone())?;
        let levels = &forecast.quantile_levels;
        Ok(points
            .into_iter()
            .map(|point| Self::of_quantiles(point.start, point.mean, levels, &point.quantiles))
            .collect())
    }
}

/// Draws the history and after it the forecast: the mean as a line, with bands that hold 50 % and 80 % of what is
/// expected.
///
/// A NaN in the history, or a step longer than half again the usual one, is a gap. Values are in
/// [`Options::unit`], or kWh.
///
/// ```
/// use grid_core::{chart::{ForecastPoint, Options, forecast}, time::Calendar};
/// let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
/// let history = [(at("2026-03-28T10:00:00Z"), 1.2), (at("2026-03-28T11:00:00Z"), 1.4)];
/// let next = ForecastPoint { start: at("2026-03-28T12:00:00Z"), mean: 1.5, q10: 1.1, q25: 1.3, q50: 1.5, q75: 1.7, q90: 2.0 };
/// let chart = forecast(&history, &[next], &Calendar::new("Europe/Madrid").unwrap(), &Options::default())?;
/// assert!(chart.svg().contains("kWh"));
/// # Ok::<(), grid_core::chart::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Unordered`] where a start is not after the one before it, or [`Error::Size`].
pub fn forecast(
    history: &[(Timestamp, f64)],
    points: &[ForecastPoint],
    calendar: &Calendar,
    options: &Options,
) -> Result<Svg, Error> {
    in_order(history.iter().map(|(start, _)| *start))?;
    in_order(points.iter().map(|point| point.start))?;
    let language = options.language;
    let unit = options.unit.as_deref().unwrap_or("kWh");
    let title = language.pick("Forecast", "Pronóstico");
    let description = describe(history, points, unit, options);
    let span = span(history, points);
    draw(options, title, &description, |sheet| {
        let said = points.iter().flat_map(|p| [p.mean, p.q10, p.q25, p.q75, p.q90]);
        let values = extent(history.iter().map(|(_, value)| *value).chain(said));
        // Energy starts at zero; what lies far from it, such as a temperature, would be flattened.
        let zero = match values {
            Some((low, high)) if low > 0.0 && low > (high - low) * 2.0 => Zero::Free,
            _ => Zero::Shown,
        };
        let y = Axis::linear(values, zero, Ends::OnTicks, sheet.ticks_up(), language);
        let mut entries = Vec::new();
        if !history.is_empty() {
            entries.push((Mark::Line(Ink::Quiet), language.pick("History", "Histórico")));
        }
        if !points.is_empty() {
            entries.extend([
                (Mark::Line(Ink::Blue), language.pick("Mean", "Media")),
                (Mark::Band(Ink::Blue, BOTH), language.pick("50 % band", "Banda del 50 %")),
                (Mark::Band(Ink::Blue, WIDE), language.pick("80 % band", "Banda del 80 %")),
            ]);
        }
        let place = sheet.legend(&entries, &[&y], 640)?;
        let (Some(span), Some(_)) = (span, values) else {
            return sheet.no_data(place, &y, unit);
        };
        let plot = sheet.local_panel(place, span, calendar, &y, unit)?;
        let at = |instant: Timestamp| seconds(span.start(), instant);

        let times: Vec<f64> = points.iter().map(|point| at(point.start)).collect();
        let column = |of: fn(&ForecastPoint) -> f64| points.iter().map(of).collect::<Vec<f64>>();
        band(&plot, &times, &column(|p| p.q10), &column(|p| p.q90), WIDE)?;
        band(&plot, &times, &column(|p| p.q25), &column(|p| p.q75), NARROW)?;
        for edge in [column(|p| p.q10), column(|p| p.q90)] {
            for line in with_gaps(&times, &edge, sheet.columns()) {
                plot.line(&line, Ink::Blue, 7)?;
            }
        }
        let past: Vec<f64> = history.iter().map(|(start, _)| at(*start)).collect();
        let values: Vec<f64> = history.iter().map(|(_, value)| *value).collect();
        for line in with_gaps(&past, &values, sheet.columns()) {
            plot.line(&line, Ink::Quiet, 16)?;
        }
        for line in with_gaps(&times, &column(|p| p.mean), sheet.columns()) {
            plot.line(&line, Ink::Blue, 24)?;
        }
        if let (Some(first), false) = (times.first(), history.is_empty()) {
            sheet.flag(&plot, *first, language.pick("Forecast", "Pronóstico"))?;
        }
        sheet.clock_changes(&plot, span, calendar)
    })
}

/// How strong the 80 % band is.
const WIDE: f64 = 0.16;
/// How much stronger the 50 % band is, on top of it.
const NARROW: f64 = 0.26;
/// How strong the two are together.
const BOTH: f64 = 0.38;

fn in_order(starts: impl Iterator<Item = Timestamp>) -> Result<(), Error> {
    let mut before: Option<Timestamp> = None;
    for (index, got) in starts.enumerate() {
        if let Some(earliest) = before.filter(|before| got <= *before) {
            return Err(Error::Unordered { index, earliest, got });
        }
        before = Some(got);
    }
    Ok(())
}

fn span(history: &[(Timestamp, f64)], points: &[ForecastPoint]) -> Option<Interval> {
    let starts = || history.iter().map(|(start, _)| *start).chain(points.iter().map(|point| point.start));
    let (first, last) = (starts().min()?, starts().max()?);
    // A single point stands at the left of an hour.
    Interval::new(first, last)
        .or_else(|_| Interval::new(first, first.checked_add(jiff::Span::new().hours(1)).unwrap_or(first)))
        .ok()
}

/// The lines of a column, broken where a value is missing or a step is far longer than the usual one.
fn with_gaps(times: &[f64], values: &[f64], columns: usize) -> Vec<Line> {
    let mut steps: Vec<f64> =
        times.windows(2).filter_map(|pair| Some(pair.last()? - pair.first()?)).collect();
    steps.sort_by(f64::total_cmp);
    let usual = steps.get(steps.len() / 2).copied().unwrap_or(f64::INFINITY);
    let (mut x, mut y) = (Vec::with_capacity(times.len()), Vec::with_capacity(times.len()));
    for (&time, &value) in times.iter().zip(values) {
        if x.last().is_some_and(|before| time - before > usual * 1.5) {
            x.push(f64::NAN);
            y.push(f64::NAN);
        }
        x.push(time);
        y.push(value);
    }
    downsample(&x, &y, columns)
}

/// Fills between two columns, broken where either is missing.
fn band(plot: &Plot<'_>, times: &[f64], low: &[f64], high: &[f64], alpha: f64) -> Result<(), Error> {
    let rows: Vec<(f64, f64, f64)> =
        times.iter().zip(low).zip(high).map(|((time, low), high)| (*time, *low, *high)).collect();
    let known = |row: &(f64, f64, f64)| is_drawable(row.1) && is_drawable(row.2);
    for run in rows.chunk_by(|left, right| known(left) == known(right)) {
        if run.first().is_some_and(known) {
            let upper = run.iter().map(|row| (row.0, row.2));
            let lower = run.iter().rev().map(|row| (row.0, row.1));
            plot.polygon(upper.chain(lower).collect(), Ink::Blue, alpha)?;
        }
    }
    Ok(())
}

fn describe(history: &[(Timestamp, f64)], points: &[ForecastPoint], unit: &str, options: &Options) -> String {
    let language = options.language;
    let Some((low, high)) = extent(points.iter().map(|point| point.mean)) else {
        return language.pick("There is no forecast to show.", "No hay pronóstico que mostrar.").to_owned();
    };
    format!(
        "{} {}, {} {}. {}: {} {} {} {unit}.",
        history.len(),
        language.pick("past values", "valores pasados"),
        points.len(),
        language.pick("forecast values", "valores pronosticados"),
        language.pick("Mean", "Media"),
        language.number(low, 2),
        language.pick("to", "a"),
        language.number(high, 2),
    )
}
