//! The chart of a battery's recording: voltage and current over time.

use super::{
    Error, Options, Svg,
    axis::{Axis, Ends, Zero, extent},
    downsample::{downsample, is_drawable},
    sheet::{Foot, Mark, Place, draw},
    theme::Ink,
};
use crate::battery::Recording;

/// The columns of a recording that the chart draws, of equal length; NaN where a value is missing.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'a> {
    /// Seconds since the start.
    pub time_s: &'a [f64],
    /// Voltage in volts.
    pub voltage_v: &'a [f64],
    /// Current in amperes, charging positive.
    pub current_a: &'a [f64],
}

impl<'a> From<&'a Recording> for Recorded<'a> {
    fn from(recording: &'a Recording) -> Self {
        Self { time_s: &recording.time_s, voltage_v: &recording.voltage_v, current_a: &recording.current_a }
    }
}

/// Draws voltage and current over time, one panel each, brought down to what the pixels can show.
///
/// Takes a [`Recording`], or the columns of one.
///
/// Rows are drawn in the order of their time; a row without a voltage or a current is a gap in that line.
///
/// ```
/// use grid_core::chart::{Options, Recorded, voltage_current};
/// let recording = Recorded {
///     time_s: &[0.0, 60.0, 120.0],
///     voltage_v: &[3.6, 3.7, 3.75],
///     current_a: &[1.0, 1.0, 0.5],
/// };
/// let chart = voltage_current(recording, &Options::default())?;
/// assert!(chart.svg().starts_with("<svg"));
/// # Ok::<(), grid_core::chart::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::UnequalLengths`] or [`Error::Size`].
pub fn voltage_current<'a>(recording: impl Into<Recorded<'a>>, options: &Options) -> Result<Svg, Error> {
    let recording = recording.into();
    let rows = recording.time_s.len();
    for (column, got) in [("voltage_v", recording.voltage_v.len()), ("current_a", recording.current_a.len())]
    {
        if got != rows {
            return Err(Error::UnequalLengths { column, expected: rows, got });
        }
    }
    if recording.time_s.is_sorted() {
        return in_order(recording, options);
    }
    let mut order: Vec<usize> = (0..rows).collect();
    let time = |row: &usize| recording.time_s.get(*row).copied().unwrap_or(f64::NAN);
    order.sort_by(|left, right| time(left).total_cmp(&time(right)));
    let sorted = |column: &[f64]| -> Vec<f64> {
        order.iter().map(|row| column.get(*row).copied().unwrap_or(f64::NAN)).collect()
    };
    let (time_s, voltage_v, current_a) =
        (sorted(recording.time_s), sorted(recording.voltage_v), sorted(recording.current_a));
    in_order(Recorded { time_s: &time_s, voltage_v: &voltage_v, current_a: &current_a }, options)
}

fn in_order(recording: Recorded<'_>, options: &Options) -> Result<Svg, Error> {
    let language = options.language;
    let span = |column: &[f64]| {
        let timed = recording.time_s.iter().zip(column).filter(|(time, _)| is_drawable(**time));
        extent(timed.map(|(_, value)| *value))
    };
    let (voltage, current) = (span(recording.voltage_v), span(recording.current_a));
    let known = |place: usize| {
        let column = if place == 0 { recording.voltage_v } else { recording.current_a };
        recording.time_s.iter().zip(column).filter(|(_, value)| is_drawable(**value)).map(|(time, _)| *time)
    };
    let time = extent(known(0).chain(known(1)));
    let title = language.pick("Voltage and current over time", "Tensión y corriente en el tiempo");
    let description = describe(recording.time_s.len(), time, voltage, current, options);
    draw(options, title, &description, |sheet| {
        let about = usize::try_from(options.height / 110).unwrap_or(4).clamp(2, 8);
        let volts = Axis::linear(voltage, Zero::Free, Ends::OnTicks, about, language);
        let amperes = Axis::linear(current, Zero::Shown, Ends::OnTicks, about, language);
        let (x, unit) = Axis::elapsed(time, sheet.ticks_across(), language);
        let place = sheet.legend(
            &[
                (Mark::Line(Ink::Blue), language.pick("Voltage", "Tensión")),
                (
                    Mark::Line(Ink::Orange),
                    language.pick("Current (charging positive)", "Corriente (carga positiva)"),
                ),
            ],
            &[&volts, &amperes],
            480,
        )?;
        let half = (place.bottom - place.top - 320) / 2;
        let upper = Place { bottom: place.top + half, ..place };
        let lower = Place { top: place.bottom - half, ..place };
        let foot = format!("{} ({unit})", language.pick("Time since the start", "Tiempo desde el inicio"));
        let top = sheet.panel(upper, &x, &volts, "V", Foot::Bare)?;
        let bottom = sheet.panel(lower, &x, &amperes, "A", Foot::Labels(&foot))?;
        for (plot, column, ink) in
            [(&top, recording.voltage_v, Ink::Blue), (&bottom, recording.current_a, Ink::Orange)]
        {
            for line in downsample(recording.time_s, column, sheet.columns()) {
                plot.line(&line, ink, 15)?;
            }
        }
        for (place, span) in [(upper, voltage), (lower, current)] {
            if span.is_none() {
                sheet.message(place, language.pick("No data", "Sin datos"))?;
            }
        }
        Ok(())
    })
}

fn describe(
    rows: usize,
    time: Option<(f64, f64)>,
    voltage: Option<(f64, f64)>,
    current: Option<(f64, f64)>,
    options: &Options,
) -> String {
    let language = options.language;
    let (Some((start, end)), true) = (time, voltage.is_some() || current.is_some()) else {
        return language.pick("The recording has no data.", "La medición no tiene datos.").to_owned();
    };
    let range = |span: Option<(f64, f64)>, unit: &str| match span {
        Some((low, high)) => format!(
            "{} {} {} {unit}",
            language.number(low, 3),
            language.pick("to", "a"),
            language.number(high, 3)
        ),
        None => language.pick("no data", "sin datos").to_owned(),
    };
    format!(
        "{} {}, {} h. {}: {}. {}: {}.",
        rows,
        language.pick("rows", "filas"),
        language.number((end - start) / 3600.0, 2),
        language.pick("Voltage", "Tensión"),
        range(voltage, "V"),
        language.pick("Current", "Corriente"),
        range(current, "A"),
    )
}
