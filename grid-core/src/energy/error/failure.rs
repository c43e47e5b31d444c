//! What an error of energy accounting means to a client: its kind, what to do about it, and its places in a file.

use std::time::Duration;

use super::Error;
use crate::{
    energy::ingest::Fault,
    error::{Failure, Kind, Place},
};

impl Failure for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Overlap { .. }
            | Self::IncompleteReadings { .. }
            | Self::NoTariff { .. }
            | Self::NobodyToSettle => Kind::Conflict,
            Self::FileTooLong { .. } => Kind::TooLarge,
            Self::Unkept { has_no_room: true, .. } => Kind::Unavailable,
            Self::Unkept { has_no_room: false, .. } => Kind::Internal,
            Self::NoReadings { .. } => Kind::NotFound,
            Self::Quantity(error) => error.kind(),
            Self::Time(error) => error.kind(),
            Self::Series(error) => error.kind(),
            Self::Tariff(error) => error.kind(),
            Self::TariffOfMember { fault, .. } => fault.kind(),
            Self::NotAChannel { .. }
            | Self::NotADeviceKind { .. }
            | Self::NotARole { .. }
            | Self::NotAName { .. }
            | Self::NotAnEnergyBehavior { .. }
            | Self::NotAHousingType { .. }
            | Self::NotOccupants { .. }
            | Self::NotALanguage { .. }
            | Self::NotAKey { .. }
            | Self::NotASettlementResolution { .. }
            | Self::NotWholeSlots { .. }
            | Self::TooManyCompared { .. }
            | Self::KeyDoesNotDivide { .. }
            | Self::KeyNotAllowed { .. }
            | Self::LawNotInForce { .. }
            | Self::PeriodCut { .. }
            | Self::SeveralCurrencies { .. }
            | Self::NotAStatement { .. }
            | Self::NothingToCorrect { .. }
            | Self::NotTheSameBill { .. }
            | Self::NotAWeight { .. }
            | Self::NegativeEnergy { .. }
            | Self::ImplausibleEnergy { .. }
            | Self::IntervalTooLong { .. }
            | Self::QualityContradictsEnergy { .. }
            | Self::Rejected { .. }
            | Self::Unreadable { .. }
            | Self::NotOneWhole { .. }
            | Self::RowNotOneWhole { .. }
            | Self::EmptyGroup { .. }
            | Self::TooManySteps { .. }
            | Self::PastOneWhole { .. }
            | Self::TooManyCommunities { .. }
            | Self::CommunityTwice { .. }
            | Self::MemberTwice { .. }
            | Self::SharesDoNotFit { .. }
            | Self::NegativeFlow { .. }
            | Self::NotAMultiplier { .. }
            | Self::NotAModulus { .. }
            | Self::NotAValidationRule { .. }
            | Self::UnequalLengths { .. } => Kind::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NegativeEnergy { .. } => {
                Some("use the channel for the other direction, such as `export` beside `import`".to_owned())
            }
            Self::QualityContradictsEnergy { .. } => {
                Some("leave the energy of a missing reading empty; missing is never zero".to_owned())
            }
            Self::Overlap { .. } => Some(
                "a correction must have the same start and end as the reading that it replaces".to_owned(),
            ),
            Self::Rejected { .. } => Some(
                "nothing was stored; correct the lines that are named and send the file again".to_owned(),
            ),
            Self::Unreadable { .. } => Some("nothing was stored; send the file again".to_owned()),
            Self::FileTooLong { .. } => Some("nothing was stored; send the file in parts".to_owned()),
            Self::Unkept { .. } => Some(
                "nothing was stored; the folder for temporary files (`TMPDIR`) needs room, and must let itself be written"
                    .to_owned(),
            ),
            Self::IncompleteReadings { .. } => Some(
                "ask for the missing readings, have them substituted, or allow an incomplete settlement, which leaves those \
                 slots out"
                    .to_owned(),
            ),
            Self::NoTariff { .. } => {
                Some("set a tariff that begins on that day or before, for the member or for the community".to_owned())
            }
            Self::KeyNotAllowed { .. } => Some(
                "set another key, or a contract without `law` for what the members have agreed among themselves; \
                 `docs/laws.md` lists the keys of each law"
                    .to_owned(),
            ),
            Self::PeriodCut { .. } => Some(
                "settle the days before it and those from it on as periods of their own, or let the tariff begin with a period"
                    .to_owned(),
            ),
            Self::KeyDoesNotDivide { .. } => {
                Some("set a key of the kind `static` or `equal`, or another `surplus` in the contract".to_owned())
            }
            Self::Quantity(error) => error.hint(),
            Self::Time(error) => error.hint(),
            Self::Series(error) => error.hint(),
            Self::Tariff(error) => error.hint(),
            Self::TariffOfMember { fault, .. } => fault.hint(),
            _ => None,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unkept { has_no_room: true, .. } => Some(Duration::from_secs(5)),
            _ => None,
        }
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::Rejected { faults, .. } => faults.iter().map(Fault::place).collect(),
            Self::Tariff(error) => error.places(),
            _ => Vec::new(),
        }
    }
}
