//! Axes: where the ticks lie and what they say.

use super::{Language, downsample::is_drawable};

/// One axis of a panel.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    /// The value at its start.
    pub(super) low: f64,
    /// The value at its end.
    pub(super) high: f64,
    pub(super) ticks: Vec<Tick>,
    /// A power of ten that every label leaves out, such as `×10⁶`; empty where there is none.
    pub(super) factor: String,
}

/// One tick of an axis.
#[derive(Clone, Debug)]
pub(super) struct Tick {
    pub(super) at: f64,
    pub(super) label: String,
    /// A second line, such as the date under a midnight.
    pub(super) below: Option<String>,
}

/// Whether an axis has to show zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zero {
    Shown,
    Free,
}

/// Whether an axis ends on ticks or where the values end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    OnTicks,
    OnValues,
}

/// The least and the most of what can be drawn.
pub(super) fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|value| is_drawable(*value)).fold(None, |extent, value| match extent {
        None => Some((value, value)),
        Some((low, high)) => Some((low.min(value), high.max(value))),
    })
}

impl Axis {
    /// An axis of nothing, which says no number.
    pub(super) const fn blank() -> Self {
        Self { low: 0.0, high: 1.0, ticks: Vec::new(), factor: String::new() }
    }

    /// An axis over values, with about so many ticks at 1, 2 or 5 times a power of ten.
    pub(super) fn linear(
        extent: Option<(f64, f64)>,
        zero: Zero,
        ends: Ends,
        about: usize,
        language: Language,
    ) -> Self {
        let Some((mut low, mut high)) = extent else { return Self::blank() };
        if zero == Zero::Shown {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        let size = low.abs().max(high.abs());
        // Less than a billionth of the value is no difference that a label could show.
        if high - low <= size * 1e-9 || high - low < 1e-90 {
            let pad = if size < 1e-90 { 1.0 } else { size * 0.1 };
            low = if zero == Zero::Shown && low >= 0.0 { 0.0 } else { low - pad };
            high += pad;
        }
        let step = step(high - low, about);
        let mut ticks: Vec<f64> = multiples(low, high, step, ends);
        if ends == Ends::OnTicks {
            low = ticks.first().map_or(low, |first| first.min(low));
            high = ticks.last().map_or(high, |last| last.max(high));
        }
        ticks.retain(|at| *at >= low - step * 1e-6 && *at <= high + step * 1e-6);
        let (labels, factor) = labels(&ticks, step, language);
        let ticks =
            ticks.into_iter().zip(labels).map(|(at, label)| Tick { at, label, below: None }).collect();
        Self { low, high, ticks, factor }
    }

    /// The same axis with labels that say how far from zero a value lies, where the side of zero is not a sign but a
    /// direction.
    pub(super) fn without_signs(mut self) -> Self {
        for tick in &mut self.ticks {
            tick.label = tick.label.trim_start_matches('\u{2212}').to_owned();
        }
        self
    }

    /// An axis over whole numbers, such as cycles, with room on both sides.
    pub(super) fn counting(extent: Option<(f64, f64)>, about: usize, language: Language) -> Self {
        let Some((low, high)) = extent else { return Self::blank() };
        let room = ((high - low) * 0.02).max(0.5);
        let step = step(high - low, about).max(1.0);
        let ticks = multiples(low, high, step, Ends::OnValues)
            .into_iter()
            .map(|at| Tick { at, label: language.number(at, 0), below: None })
            .collect();
        Self { low: low - room, high: high + room, ticks, factor: String::new() }
    }

    /// An axis over the seconds since a start, and the name of the unit that its labels are in.
    pub(super) fn elapsed(
        extent: Option<(f64, f64)>,
        about: usize,
        language: Language,
    ) -> (Self, &'static str) {
        let Some((low, high)) = extent else { return (Self::blank(), "s") };
        let (low, high) = if high - low > low.abs().max(high.abs()) * 1e-12 {
            (low, high)
        } else {
            (low - 0.5, high + 0.5)
        };
        let span = high - low;
        let (seconds, unit, steps): (f64, _, &[f64]) = if span <= 180.0 {
            (1.0, "s", &[])
        } else if span <= 3.0 * 3600.0 {
            (60.0, "min", &[1.0, 2.0, 5.0, 10.0, 15.0, 30.0])
        } else if span <= 4.0 * 86_400.0 {
            (3600.0, "h", &[0.5, 1.0, 2.0, 3.0, 6.0, 12.0, 24.0])
        } else {
            (86_400.0, language.pick("d", "d"), &[])
        };
        let wanted = span / seconds / count(about);
        let step =
            steps.iter().copied().find(|step| *step >= wanted).unwrap_or_else(|| step(span / seconds, about));
        let at = multiples(low / seconds, high / seconds, step, Ends::OnValues);
        let (labels, factor) = labels(&at, step, language);
        let ticks = at
            .into_iter()
            .zip(labels)
            .map(|(at, label)| Tick { at: at * seconds, label, below: None })
            .collect();
        (Self { low, high, ticks, factor }, unit)
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that cuts a span into at most `about` parts.
fn step(span: f64, about: usize) -> f64 {
    let wanted = span / count(about);
    let ten = 10_f64.powf(wanted.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].into_iter().map(|part| part * ten).find(|step| *step >= wanted * (1.0 - 1e-9));
    step.filter(|step| step.is_normal()).unwrap_or(1.0)
}

fn count(about: usize) -> f64 {
    f64::from(u32::try_from(about).unwrap_or(u32::MAX).max(1))
}

/// The multiples of a step from `low` to `high`, or those around them; never more than a hundred.
fn multiples(low: f64, high: f64, step: f64, ends: Ends) -> Vec<f64> {
    let (first, last) = match ends {
        Ends::OnTicks => ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil()),
        Ends::OnValues => ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor()),
    };
    (0..100_u32)
        .map(|place| first + f64::from(place))
        .take_while(|multiple| *multiple <= last)
        // Adding zero turns a negative zero into a plain one.
        .map(|multiple| multiple * step + 0.0)
        .collect()
}

/// The ticks' labels, with as many decimals as the step needs, and the power of ten that they leave out.
fn labels(ticks: &[f64], step: f64, language: Language) -> (Vec<String>, String) {
    let size = ticks.iter().fold(0.0_f64, |size, at| size.max(at.abs()));
    let ten = if size >= 1e6 || (size > 0.0 && size < 1e-3) { size.log10().floor() } else { 0.0 };
    let divisor = 10_f64.powf(ten);
    let decimals = (0..15).find(|decimals| {
        let scaled = step / divisor * 10_f64.powi(*decimals);
        (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1e-9) && scaled >= 0.5
    });
    let decimals = usize::try_from(decimals.unwrap_or(15)).unwrap_or(0);
    let labels = ticks.iter().map(|at| language.number(at / divisor, decimals)).collect();
    let factor = if ten == 0.0 { String::new() } else { format!("×10{}", superscript(&format!("{ten}"))) };
    (labels, factor)
}

fn superscript(digits: &str) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raise = |c: char| match c.to_digit(10).and_then(|digit| usize::try_from(digit).ok()) {
        Some(digit) => DIGITS.get(digit).copied().unwrap_or(c),
        None => '⁻',
    };
    digits.chars().map(raise).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn ticks_lie_on_round_numbers() {
        let axis = Axis::linear(Some((0.03, 0.97)), Zero::Shown, Ends::OnTicks, 5, Language::En);
        assert_eq!(said(&axis), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        let axis = Axis::linear(Some((2.95, 4.21)), Zero::Free, Ends::OnTicks, 5, Language::Es);
        assert_eq!(said(&axis), ["2,5", "3,0", "3,5", "4,0", "4,5"]);
    }

    #[test]
    fn very_large_and_very_small_values_leave_out_a_power_of_ten() {
        let axis = Axis::linear(Some((0.0, 4.2e9)), Zero::Shown, Ends::OnTicks, 5, Language::En);
        assert_eq!(axis.factor, "×10⁹");
        assert_eq!(said(&axis), ["0", "1", "2", "3", "4", "5"]);
        let axis = Axis::linear(Some((0.0, 4.2e-7)), Zero::Shown, Ends::OnTicks, 5, Language::En);
        assert_eq!(axis.factor, "×10⁻⁷");
    }

    #[test]
    fn a_constant_has_room_above_and_below() {
        for value in [0.0, 3.3, -7.0, 1e-200, 1e90] {
            let axis = Axis::linear(Some((value, value)), Zero::Free, Ends::OnTicks, 5, Language::En);
            assert!(axis.low < value && value < axis.high, "{value}: {axis:?}");
            assert!(axis.ticks.len() >= 2, "{value}: {axis:?}");
        }
    }

    #[test]
    fn elapsed_time_is_told_in_the_unit_that_fits() {
        let unit = |seconds| Axis::elapsed(Some((0.0, seconds)), 10, Language::En).1;
        assert_eq!([unit(60.0), unit(3600.0), unit(86_400.0), unit(1e7)], ["s", "min", "h", "d"]);
    }

    proptest! {
        #[test]
        fn an_axis_covers_its_values_with_few_ticks(a in -1e12..1e12_f64, b in -1e12..1e12_f64, shrink in 0..12_i32, about in 2..12_usize) {
            let scale = 10_f64.powi(-shrink);
            let (low, high) = (a.min(b) * scale, a.max(b) * scale);
            let axis = Axis::linear(Some((low, high)), Zero::Free, Ends::OnTicks, about, Language::En);
            prop_assert!(axis.low <= low && axis.high >= high);
            prop_assert!((2..=about + 2).contains(&axis.ticks.len()), "{axis:?}");
            let mut labels = said(&axis);
            labels.dedup();
            prop_assert_eq!(labels.len(), axis.ticks.len(), "labels repeat: {:?}", axis);
        }
    }
}
