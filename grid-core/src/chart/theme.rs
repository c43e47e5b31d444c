//! The colours of a chart, in light and dark.
//!
//! A drawing names inks, not colours: each [`Ink`] is handed to plotters as a code, and becomes a colour, or a CSS
//! variable with a colour to fall back on, when the document is put together.

use std::{fmt, str::FromStr};

use plotters::style::RGBColor;

use super::Error;
use crate::error::excerpt;

/// Which colours a chart has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Theme {
    /// Dark on white.
    Light,
    /// Light on near-black.
    Dark,
    /// Whichever the reader's system prefers (`prefers-color-scheme`), light where that is unknown.
    ///
    /// Colours are CSS variables on `.grid-chart` (`--grid-surface`, `--grid-text`, `--grid-blue` and so on), so that
    /// a page with a switch of its own can set them.
    #[default]
    Auto,
}

impl fmt::Display for Theme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Auto => "auto",
        })
    }
}

impl FromStr for Theme {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.trim() {
            "light" => Ok(Self::Light),
            "dark" => Ok(Self::Dark),
            "auto" => Ok(Self::Auto),
            _ => Err(Error::NotATheme { got: excerpt(text) }),
        }
    }
}

/// What a part of a drawing is painted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// The background.
    Surface,
    /// Titles and legends.
    Text,
    /// Numbers and units along the axes.
    Quiet,
    /// Axes, ticks and dividers.
    Axis,
    /// Grid lines, which only guide the eye.
    Rule,
    Blue,
    Green,
    Orange,
    Pink,
    Violet,
    Umber,
    /// The steps of a sequence, from its start to its end.
    Step1,
    Step2,
    Step3,
    Step4,
    Step5,
    Step6,
    /// Lines in the colour of the background, over what is estimated.
    Estimated,
    /// Lines on nothing, where a value is missing.
    Missing,
}

impl Ink {
    pub(super) const ALL: [Self; 19] = [
        Self::Surface,
        Self::Text,
        Self::Quiet,
        Self::Axis,
        Self::Rule,
        Self::Blue,
        Self::Green,
        Self::Orange,
        Self::Pink,
        Self::Estimated,
        Self::Missing,
        Self::Violet,
        Self::Umber,
        Self::Step1,
        Self::Step2,
        Self::Step3,
        Self::Step4,
        Self::Step5,
        Self::Step6,
    ];

    /// The inks of what comes one after the other, such as the cycles of a battery: in one order of lightness, so
    /// that every eye sees which is earlier.
    pub(super) const SEQUENCE: [Self; 6] =
        [Self::Step1, Self::Step2, Self::Step3, Self::Step4, Self::Step5, Self::Step6];

    /// The inks of things that have no colour of their own, in the order in which they are taken.
    pub(super) const SERIES: [Self; 6] =
        [Self::Blue, Self::Orange, Self::Green, Self::Pink, Self::Violet, Self::Umber];

    /// The colour by which plotters carries the ink: `#FF00` and the ink's place.
    pub(super) fn code(self) -> RGBColor {
        let place = Self::ALL.iter().position(|ink| *ink == self).unwrap_or(0);
        RGBColor(255, 0, u8::try_from(place).unwrap_or(0))
    }

    /// The ink of a code's last two hexadecimal digits.
    pub(super) fn of_code(digits: &str) -> Option<Self> {
        let place = usize::from_str_radix(digits, 16).ok()?;
        Self::ALL.get(place).copied()
    }

    /// The ink's name in CSS.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Surface => "surface",
            Self::Text => "text",
            Self::Quiet => "quiet",
            Self::Axis => "axis",
            Self::Rule => "rule",
            Self::Blue => "blue",
            Self::Green => "green",
            Self::Orange => "orange",
            Self::Pink => "pink",
            Self::Violet => "violet",
            Self::Umber => "umber",
            Self::Step1 => "step1",
            Self::Step2 => "step2",
            Self::Step3 => "step3",
            Self::Step4 => "step4",
            Self::Step5 => "step5",
            Self::Step6 => "step6",
            Self::Estimated => "estimated",
            Self::Missing => "missing",
        }
    }

    /// Whether the ink is a pattern of lines.
    pub(super) const fn is_hatched(self) -> bool {
        matches!(self, Self::Estimated | Self::Missing)
    }

    /// Its colour on white.
    pub(super) const fn light(self) -> &'static str {
        match self {
            Self::Surface | Self::Estimated => "#FFFFFF",
            Self::Text => "#1B2430",
            Self::Quiet => "#566070",
            Self::Axis | Self::Missing => "#7A8594",
            Self::Rule => "#E3E7EC",
            Self::Blue => "#174F8F",
            Self::Green => "#159A6B",
            Self::Orange => "#D1490C",
            Self::Pink => "#CC6FAE",
            Self::Violet => "#8A3FE0",
            Self::Umber => "#4A2A0C",
            Self::Step1 => "#1B0C6B",
            Self::Step2 => "#5A0FA0",
            Self::Step3 => "#96208F",
            Self::Step4 => "#C23A74",
            Self::Step5 => "#DC5A50",
            Self::Step6 => "#D97A1E",
        }
    }

    /// Its colour on near-black.
    pub(super) const fn dark(self) -> &'static str {
        match self {
            Self::Surface | Self::Estimated => "#12171E",
            Self::Text => "#E8ECF1",
            Self::Quiet => "#A3AEBB",
            Self::Axis | Self::Missing => "#76828F",
            Self::Rule => "#29323D",
            Self::Blue => "#4A90E2",
            Self::Green => "#5CD6A6",
            Self::Orange => "#F97B3C",
            Self::Pink => "#EFA0D5",
            Self::Violet => "#8A4FF0",
            Self::Umber => "#F2DC4B",
            Self::Step1 => "#6B5FD6",
            Self::Step2 => "#A25CE0",
            Self::Step3 => "#DB64C8",
            Self::Step4 => "#F4809A",
            Self::Step5 => "#FBAA6B",
            Self::Step6 => "#F7E46A",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEMES: [fn(Ink) -> &'static str; 2] = [Ink::light, Ink::dark];

    /// Linear-light sRGB (IEC 61966-2-1), as WCAG 2.2 defines it for relative luminance.
    fn linear(colour: &str) -> [f64; 3] {
        [1, 3, 5].map(|at| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        })
    }

    /// The contrast ratio of WCAG 2.2.
    fn contrast(one: &str, other: &str) -> f64 {
        let luminance = |colour| {
            let [red, green, blue] = linear(colour);
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// Full protanopia, deuteranopia and tritanopia: Machado, Oliveira and Fernandes (2009), "A Physiologically-based
    /// Model for Simulation of Color Vision Deficiency", table of severity 1.0; and plain sight.
    const SIGHTS: [[[f64; 3]; 3]; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ];

    fn lab(colour: &str, sight: [[f64; 3]; 3]) -> [f64; 3] {
        let seen = linear(colour);
        let [red, green, blue] =
            sight.map(|row| row.iter().zip(seen).map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 1.0));
        let curve = |t: f64| if t > 216.0 / 24389.0 { t.cbrt() } else { (24389.0 / 27.0 * t + 16.0) / 116.0 };
        let x = curve((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047);
        let y = curve(0.2126 * red + 0.7152 * green + 0.0722 * blue);
        let z = curve((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    #[test]
    fn black_on_white_has_the_contrast_that_wcag_gives() {
        assert!((contrast("#000000", "#FFFFFF") - 21.0).abs() < 1e-9);
    }

    #[test]
    fn text_has_a_contrast_of_four_and_a_half() {
        for colour in THEMES {
            for ink in [Ink::Text, Ink::Quiet] {
                let ratio = contrast(colour(ink), colour(Ink::Surface));
                assert!(ratio >= 4.5, "{ink:?} has {ratio:.2}");
            }
        }
    }

    #[test]
    fn what_is_drawn_has_a_contrast_of_three() {
        for colour in THEMES {
            for ink in Ink::SERIES.into_iter().chain(Ink::SEQUENCE).chain([Ink::Axis, Ink::Missing]) {
                let ratio = contrast(colour(ink), colour(Ink::Surface));
                assert!(ratio >= 3.0, "{ink:?} has {ratio:.2}");
            }
        }
    }

    #[test]
    fn series_keep_apart_for_every_sight() {
        // A difference of 2.3 in CIE 1976 L*a*b* is just noticeable (Mahy et al., 1994); ask for eight times that.
        for colour in THEMES {
            for sight in SIGHTS {
                for (place, one) in Ink::SERIES.iter().enumerate() {
                    for other in &Ink::SERIES[place + 1..] {
                        let (a, b) = (lab(colour(*one), sight), lab(colour(*other), sight));
                        let apart = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                        assert!(apart >= 18.4, "{one:?} and {other:?} are {apart:.1} apart");
                    }
                }
            }
        }
    }

    #[test]
    fn a_sequence_is_in_one_order_of_lightness_for_every_sight() {
        for colour in THEMES {
            for sight in SIGHTS {
                let lightness: Vec<f64> =
                    Ink::SEQUENCE.iter().map(|ink| lab(colour(*ink), sight)[0]).collect();
                assert!(lightness.windows(2).all(|pair| pair[1] > pair[0] + 1.0), "{lightness:?}");
            }
        }
    }

    #[test]
    fn every_ink_comes_back_from_its_code() {
        for ink in Ink::ALL {
            let RGBColor(red, green, blue) = ink.code();
            assert_eq!((red, green), (255, 0));
            assert_eq!(Ink::of_code(&format!("{blue:02X}")), Some(ink));
        }
    }
}
