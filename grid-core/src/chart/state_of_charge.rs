//! The chart of a battery's state of charge over days.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::{
    Error, Options, Svg,
    axis::{Axis, Ends, Zero, extent},
    clock::local,
    downsample::{downsample, is_drawable},
    sheet::{Foot, Mark, draw},
    theme::Ink,
};
use crate::time::{Calendar, Interval};

/// The state of charge over time, as columns of equal length.
#[derive(Clone, Copy, Debug)]
pub struct ChargeLevels<'a> {
    /// Seconds since the start.
    pub time_s: &'a [f64],
    /// State of charge from 0 to 1; NaN is a gap.
    pub state_of_charge: &'a [f64],
    /// The wall clock at the first row, without a zone; `None` where only the seconds are known.
    pub started_at: Option<DateTime>,
}

/// Draws the state of charge over days, by the recording's own clock where it has one.
///
/// ```
/// use grid_core::chart::{ChargeLevels, Options, state_of_charge};
/// let levels = ChargeLevels { time_s: &[0.0, 3600.0, 7200.0], state_of_charge: &[0.4, 0.7, 0.9], started_at: None };
/// let chart = state_of_charge(levels, &Options::default())?;
/// assert!(chart.svg().contains("40.0 to 90.0 %"));
/// # Ok::<(), grid_core::chart::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::UnequalLengths`] or [`Error::Size`].
pub fn state_of_charge(levels: ChargeLevels<'_>, options: &Options) -> Result<Svg, Error> {
    let rows = levels.time_s.len();
    if levels.state_of_charge.len() != rows {
        return Err(Error::UnequalLengths {
            column: "state_of_charge",
            expected: rows,
            got: levels.state_of_charge.len(),
        });
    }
    let language = options.language;
    let mut order: Vec<usize> = (0..rows).collect();
    let at = |column: &[f64], row: &usize| column.get(*row).copied().unwrap_or(f64::NAN);
    if !levels.time_s.is_sorted() {
        order.sort_by(|left, right| at(levels.time_s, left).total_cmp(&at(levels.time_s, right)));
    }
    let x: Vec<f64> = order.iter().map(|row| at(levels.time_s, row)).collect();
    let y: Vec<f64> = order.iter().map(|row| at(levels.state_of_charge, row) * 100.0).collect();
    let known = || x.iter().zip(&y).filter(|(x, y)| is_drawable(**x) && is_drawable(**y));
    let (span, reach) = (extent(known().map(|(x, _)| *x)), extent(known().map(|(_, y)| *y)));
    let title = language.pick("State of charge", "Estado de carga");
    let description = describe(rows, span, reach, levels.started_at, options);
    draw(options, title, &description, |sheet| {
        let about = usize::try_from(options.height / 70).unwrap_or(5).clamp(2, 6);
        // From empty to full, unless a counter ran beyond.
        let full = reach.map(|(low, high)| (low.min(0.0), high.max(100.0)));
        let axis = Axis::linear(full, Zero::Shown, Ends::OnTicks, about, language);
        let place = sheet.legend(&[(Mark::Line(Ink::Green), title)], &[&axis], 640)?;
        let Some(span) = span else {
            sheet.panel(place, &Axis::blank(), &Axis::blank(), "%", Foot::Bare)?;
            return sheet.message(place, language.pick("No data", "Sin datos"));
        };
        let clock = levels.started_at.and_then(|start| by_clock(start, span, sheet.ticks_across(), language));
        let (across, foot) = if let Some(axis) = clock {
            (axis, language.pick("Clock of the recording", "Reloj de la medición").to_owned())
        } else {
            let (axis, unit) = Axis::elapsed(Some(span), sheet.ticks_across(), language);
            let words = language.pick("Time since the start", "Tiempo desde el inicio");
            (axis, format!("{words} ({unit})"))
        };
        let plot = sheet.panel(place, &across, &axis, "%", Foot::Labels(&foot))?;
        for line in downsample(&x, &y, sheet.columns()) {
            if let (Some(first), Some(last), true) = (line.first(), line.last(), line.len() > 1) {
                let floor = [(last.0, axis.low), (first.0, axis.low)];
                plot.polygon(line.iter().copied().chain(floor).collect(), Ink::Green, 0.16)?;
            }
            plot.line(&line, Ink::Green, 16)?;
        }
        Ok(())
    })
}

/// An axis of dates and hours, in seconds since the start.
///
/// The recording's clock has no zone; it is read as if its days all had 24 hours, which is what its seconds say.
fn by_clock(
    start: DateTime,
    (low, high): (f64, f64),
    about: usize,
    language: super::Language,
) -> Option<Axis> {
    let start = start.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let at = |seconds: f64| -> Option<Timestamp> {
        start.checked_add(jiff::SignedDuration::try_from_secs_f64(seconds).ok()?).ok()
    };
    let interval = Interval::new(at(low)?, at(high)?).ok()?;
    let mut axis = local(interval, &Calendar::new("UTC").ok()?, about, language);
    for tick in &mut axis.ticks {
        tick.at += low;
    }
    (axis.low, axis.high) = (axis.low + low, axis.high + low);
    Some(axis)
}

fn describe(
    rows: usize,
    span: Option<(f64, f64)>,
    reach: Option<(f64, f64)>,
    started_at: Option<DateTime>,
    options: &Options,
) -> String {
    let language = options.language;
    let (Some((start, end)), Some((low, high))) = (span, reach) else {
        return language.pick("The recording has no data.", "La medición no tiene datos.").to_owned();
    };
    let from = started_at.map_or_else(String::new, |start| {
        format!(" {} {} {start}.", language.pick("It starts", "Empieza"), language.pick("at", "a las"))
    });
    format!(
        "{rows} {}, {} {}: {} {} {} %.{from}",
        language.pick("rows", "filas"),
        language.number((end - start) / 86_400.0, 1),
        language.pick("days", "días"),
        language.number(low, 1),
        language.pick("to", "a"),
        language.number(high, 1),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_gives_dates_and_no_clock_gives_hours() {
        let time_s: Vec<f64> = (0..48_u32).map(|hour| f64::from(hour) * 3600.0).collect();
        let levels: Vec<f64> = (0..48_u32).map(|hour| f64::from(hour % 24) / 24.0).collect();
        let of = |started_at| ChargeLevels { time_s: &time_s, state_of_charge: &levels, started_at };
        let start = jiff::civil::date(2026, 3, 1).at(0, 0, 0, 0);
        let dated = state_of_charge(of(Some(start)), &Options::default()).unwrap().into_string();
        assert!(dated.contains("Mon 2 Mar") && dated.contains("Clock of the recording"), "{dated}");
        let bare = state_of_charge(of(None), &Options::default()).unwrap().into_string();
        assert!(bare.contains("Time since the start (h)"), "{bare}");
    }

    #[test]
    fn a_column_that_is_too_short_is_named() {
        let odd = ChargeLevels { time_s: &[0.0], state_of_charge: &[], started_at: None };
        let error = state_of_charge(odd, &Options::default()).unwrap_err();
        assert!(matches!(error, Error::UnequalLengths { expected: 1, got: 0, .. }), "{error}");
    }

    #[test]
    fn gaps_alone_say_that_there_is_no_data() {
        let gaps = ChargeLevels { time_s: &[0.0, 1.0], state_of_charge: &[f64::NAN; 2], started_at: None };
        assert!(state_of_charge(gaps, &Options::default()).unwrap().svg().contains("No data"));
    }
}
