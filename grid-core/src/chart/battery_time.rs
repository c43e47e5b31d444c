//! The chart of a battery's recording: voltage, current and temperature over time.

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
    /// Temperature in degrees Celsius; `None` where no sensor was there, and then it has no panel.
    pub temperature_c: Option<&'a [f64]>,
}

impl<'a> From<&'a Recording> for Recorded<'a> {
    fn from(recording: &'a Recording) -> Self {
        Self {
            time_s: &recording.time_s,
            voltage_v: &recording.voltage_v,
            current_a: &recording.current_a,
            temperature_c: recording.temperature_c.as_deref(),
        }
    }
}

/// Draws voltage, current and, where it is known, temperature over time, one panel each, brought down to what the pixels can show.
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
///     temperature_c: None,
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
    let temperatures = recording.temperature_c.map_or(rows, <[f64]>::len);
    for (column, got) in [
        ("voltage_v", recording.voltage_v.len()),
        ("current_a", recording.current_a.len()),
        ("temperature_c", temperatures),
    ] {
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
    let temperature_c = recording.temperature_c.map(sorted);
    let sorted = Recorded {
        time_s: &time_s,
        voltage_v: &voltage_v,
        current_a: &current_a,
        temperature_c: temperature_c.as_deref(),
    };
    in_order(sorted, options)
}

/// What one panel shows.
struct Curve<'a> {
    column: &'a [f64],
    unit: &'static str,
    ink: Ink,
    zero: Zero,
    name: &'static str,
}

fn in_order(recording: Recorded<'_>, options: &Options) -> Result<Svg, Error> {
    let language = options.language;
    let mut curves = vec![
        Curve {
            column: recording.voltage_v,
            unit: "V",
            ink: Ink::Blue,
            zero: Zero::Free,
            name: language.pick("Voltage", "Tensión"),
        },
        Curve {
            column: recording.current_a,
            unit: "A",
            ink: Ink::Orange,
            zero: Zero::Shown,
            name: language.pick("Current (charging positive)", "Corriente (carga positiva)"),
        },
    ];
    if let Some(column) = recording.temperature_c {
        curves.push(Curve {
            column,
            unit: "°C",
            ink: Ink::Green,
            zero: Zero::Free,
            name: language.pick("Temperature", "Temperatura"),
        });
    }
    let spans: Vec<Option<(f64, f64)>> = curves
        .iter()
        .map(|curve| {
            let timed = recording.time_s.iter().zip(curve.column).filter(|(time, _)| is_drawable(**time));
            extent(timed.map(|(_, value)| *value))
        })
        .collect();
    let known = |curve: &Curve<'_>| {
        let rows = recording.time_s.iter().zip(curve.column);
        extent(rows.filter(|(_, value)| is_drawable(**value)).map(|(time, _)| *time))
    };
    let time = extent(curves.iter().filter_map(known).flat_map(|(low, high)| [low, high]));
    let title = match recording.temperature_c {
        Some(_) => language.pick(
            "Voltage, current and temperature over time",
            "Tensión, corriente y temperatura en el tiempo",
        ),
        None => language.pick("Voltage and current over time", "Tensión y corriente en el tiempo"),
    };
    let description = describe(recording.time_s.len(), time, &curves, &spans, options);
    draw(options, title, &description, |sheet| {
        let panels = i32::try_from(curves.len()).unwrap_or(i32::MAX);
        let about = usize::try_from(options.height / 55).unwrap_or(4) / curves.len();
        let axes: Vec<Axis> = curves
            .iter()
            .zip(&spans)
            .map(|(curve, span)| Axis::linear(*span, curve.zero, Ends::OnTicks, about.clamp(2, 8), language))
            .collect();
        let (x, unit) = Axis::elapsed(time, sheet.ticks_across(), language);
        let entries: Vec<(Mark, &str)> =
            curves.iter().map(|curve| (Mark::Line(curve.ink), curve.name)).collect();
        let place = sheet.legend(&entries, &axes.iter().collect::<Vec<_>>(), 480)?;
        // Between two panels stands the unit of the lower one.
        let room = (place.bottom - place.top - BETWEEN * (panels - 1)) / panels;
        let foot = format!("{} ({unit})", language.pick("Time since the start", "Tiempo desde el inicio"));
        let mut top = place.top;
        for ((curve, span), axis) in curves.iter().zip(&spans).zip(&axes) {
            let is_last = top + 2 * room + BETWEEN > place.bottom;
            let panel = Place { top, bottom: if is_last { place.bottom } else { top + room }, ..place };
            let labels = if is_last { Foot::Labels(&foot) } else { Foot::Bare };
            let plot = sheet.panel(panel, &x, axis, curve.unit, labels)?;
            for line in downsample(recording.time_s, curve.column, sheet.columns()) {
                plot.line(&line, curve.ink, 15)?;
            }
            if span.is_none() {
                sheet.message(panel, language.pick("No data", "Sin datos"))?;
            }
            top += room + BETWEEN;
        }
        Ok(())
    })
}

/// Between two panels, in tenths of a pixel.
const BETWEEN: i32 = 320;

fn describe(
    rows: usize,
    time: Option<(f64, f64)>,
    curves: &[Curve<'_>],
    spans: &[Option<(f64, f64)>],
    options: &Options,
) -> String {
    let language = options.language;
    let Some((start, end)) = time else {
        return language.pick("The recording has no data.", "La medición no tiene datos.").to_owned();
    };
    let mut said = vec![format!(
        "{rows} {}, {} h.",
        language.pick("rows", "filas"),
        language.number((end - start) / 3600.0, 2)
    )];
    for (curve, span) in curves.iter().zip(spans) {
        let name = curve.name.split(" (").next().unwrap_or(curve.name);
        let range = match span {
            Some((low, high)) => format!(
                "{} {} {} {}",
                language.number(*low, 3),
                language.pick("to", "a"),
                language.number(*high, 3),
                curve.unit
            ),
            None => language.pick("no data", "sin datos").to_owned(),
        };
        said.push(format!("{name}: {range}."));
    }
    said.join(" ")
}
