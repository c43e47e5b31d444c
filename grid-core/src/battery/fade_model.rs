//! The models of a fading capacity, each with the error of its forecasts.

use super::knee::TwoSlopes;
use super::least_squares::{self, Fit};
use super::numeric::to_f64;

/// How a capacity fades.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FadeModel {
    /// The same loss in every cycle.
    Linear,
    /// A loss that goes with the square root of the cycles (or the time), as a growing layer on the anode makes it.
    SquareRoot,
    /// One loss a cycle up to a knee, and another one from there on.
    TwoSlope,
}

impl FadeModel {
    /// From the simplest to the one with the most parameters.
    pub const ALL: [Self; 3] = [Self::Linear, Self::SquareRoot, Self::TwoSlope];
}

/// A model that has been fitted to a series.
pub(super) enum Fitted {
    Linear(Fit<2>),
    SquareRoot(Fit<2>),
    TwoSlope { bend: f64, fit: Fit<4> },
}

impl Fitted {
    /// Fits a model; `None` where the points do not tell its parameters apart.
    pub(super) fn new(model: FadeModel, x: &[f64], y: &[f64]) -> Option<Self> {
        match model {
            FadeModel::Linear => least_squares::fit(x, y, |x| [1.0, x]).map(Self::Linear),
            FadeModel::SquareRoot => {
                least_squares::fit(x, y, |x| [1.0, x.max(0.0).sqrt()]).map(Self::SquareRoot)
            }
            FadeModel::TwoSlope => {
                let found = TwoSlopes::fit(x, y)?;
                let [_, _, more] = found.fit.coefficients;
                // The fourth term is what the first three change by when the bend moves: with it, errors know that
                // the bend is not known exactly. Its own coefficient comes out as nearly zero.
                let fit = least_squares::fit(x, y, |x| two_slopes(x, found.bend, more))?;
                Some(Self::TwoSlope { bend: found.bend, fit })
            }
        }
    }

    /// The fitted value at `x` and its standard error.
    pub(super) fn at(&self, x: f64) -> (f64, f64) {
        match self {
            Self::Linear(fit) => (fit.value(&[1.0, x]), fit.error(&[1.0, x])),
            Self::SquareRoot(fit) => {
                let terms = [1.0, x.max(0.0).sqrt()];
                (fit.value(&terms), fit.error(&terms))
            }
            Self::TwoSlope { bend, fit } => {
                let terms = two_slopes(x, *bend, fit.coefficients[2]);
                (fit.value(&terms), fit.error(&terms))
            }
        }
    }

    /// The variance of a value around the fit.
    pub(super) fn scatter(&self, points: usize) -> f64 {
        let squares = match self {
            Self::Linear(fit) | Self::SquareRoot(fit) => fit.squares,
            Self::TwoSlope { fit, .. } => fit.squares,
        };
        squares / to_f64(points)
    }

    /// Degrees of freedom of the errors.
    pub(super) fn freedom(&self) -> f64 {
        match self {
            Self::Linear(fit) | Self::SquareRoot(fit) => fit.freedom,
            Self::TwoSlope { fit, .. } => fit.freedom,
        }
    }
}

/// The terms of two lines that meet at `bend`, the second one steeper by `more`.
fn two_slopes(x: f64, bend: f64, more: f64) -> [f64; 4] {
    let after = if x > bend { 1.0 } else { 0.0 };
    [1.0, x, (x - bend).max(0.0), -more * after]
}
