//! What the errors of forecasting mean to whoever asked.

use super::Error;
use crate::error::{Failure, Kind};

impl Failure for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::TooLong { .. } => Kind::TooLarge,
            Self::Unsolved { .. } | Self::Unsaved { .. } => Kind::Internal,
            Self::Step { .. }
            | Self::NotFinite { .. }
            | Self::Mask { .. }
            | Self::RegressorNotFinite { .. }
            | Self::RegressorTwice { .. }
            | Self::RegressorEnds { .. }
            | Self::RegressorMissing { .. }
            | Self::UnknownRegressor { .. }
            | Self::OffGrid { .. }
            | Self::HalfLife { .. }
            | Self::OtherStep { .. }
            | Self::NotSaved { .. }
            | Self::SavedLater { .. }
            | Self::NotLonger { .. }
            | Self::TooShort { .. }
            | Self::AllMissing { .. }
            | Self::Horizon { .. }
            | Self::Quantile { .. }
            | Self::Level { .. }
            | Self::UnknownModel { .. }
            | Self::UnknownMethod { .. }
            | Self::Lengths { .. }
            | Self::NothingToScore { .. }
            | Self::NoOrigin
            | Self::Cancelled
            | Self::OriginOutside { .. }
            | Self::UnevenLevels { .. }
            | Self::NoReference { .. }
            | Self::WholeForecasts { .. }
            | Self::Coordinates { .. }
            | Self::NodeTwice { .. }
            | Self::UnknownParent { .. }
            | Self::Wholes { .. }
            | Self::Cycle { .. }
            | Self::MissingNode { .. }
            | Self::UnknownNode { .. }
            | Self::MissingValue { .. }
            | Self::NodeSlots { .. }
            | Self::ErrorColumn { .. }
            | Self::TooFewErrors { .. }
            | Self::FlatErrors { .. }
            | Self::EnergyRange { .. }
            | Self::Paths { .. }
            | Self::TooFewLevels { .. }
            | Self::PointQuantiles { .. }
            | Self::ErrorRow { .. }
            | Self::TooFewErrorDays { .. }
            | Self::NoBounds { .. }
            | Self::FalseAlarms { .. }
            | Self::TooFewReadings { .. }
            | Self::TooFewNights { .. }
            | Self::NeighbourStep { .. }
            | Self::OutOfRange => Kind::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::TooShort { .. } => Some(
                "ask for the model `auto`, which falls back to a simpler one, or give more history"
                    .to_owned(),
            ),
            Self::OffGrid { .. } => Some("resample the series first".to_owned()),
            Self::NotFinite { .. } => Some("mark a missing value as NaN".to_owned()),
            _ => None,
        }
    }
}
