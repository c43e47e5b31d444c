//! Errors of the laws.

use std::io::ErrorKind;

use jiff::{Timestamp, civil::Date};

use super::Law;
use crate::{
    energy,
    error::{Failure, Kind, Place},
    quantity::{self, Energy, Power, Share},
    time,
};

/// A rule of a law was broken, or a law asked for what it does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text is not a law.
    #[error("expected a law `spain`, `colombia`, `austria`, `italy`, `france` or `germany`, got `{got}`")]
    NotALaw {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A law is asked about a day before its first rules.
    #[error("expected a day from {first} on for the law of `{law}`, got {date}")]
    NotYetInForce {
        /// The law.
        law: Law,
        /// The first day that it has rules for.
        first: Date,
        /// The day that was asked about.
        date: Date,
    },
    /// The shares of one step do not fit the whole.
    #[error("the {what} must add up to {expected}, got {total} ppm over {members} members")]
    SharesDoNotFit {
        /// What the shares are called in the law.
        what: &'static str,
        /// What they must add up to.
        expected: &'static str,
        /// What they add up to.
        total: u64,
        /// Over how many members.
        members: usize,
    },
    /// A list is not as long as it must be.
    #[error("expected {expected} {what}, got {got}")]
    UnequalLengths {
        /// What is listed.
        what: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        got: usize,
    },
    /// A member stands twice.
    #[error("expected each consumer once, got `{consumer}` twice")]
    ConsumerTwice {
        /// The consumer.
        consumer: String,
    },
    /// An energy is below zero.
    #[error("expected a {what} of zero or more, got {got} in position {position}")]
    NegativeEnergy {
        /// What the energy is.
        what: &'static str,
        /// The energy.
        got: Energy,
        /// Its position, from 0.
        position: usize,
    },
    /// A plant or a community is larger than the law allows, or has a negative capacity.
    #[error("expected a capacity from 0 kW to {most}, got {got}")]
    CapacityOutOfRange {
        /// The most that the law allows.
        most: Power,
        /// The capacity.
        got: Power,
    },
    /// There is nothing to weigh plants by.
    #[error("expected an installed power above zero among {plants} plants")]
    NoCapacity {
        /// How many plants there are.
        plants: usize,
    },
    /// A capital grant is above what the premium's formula knows.
    #[error("expected a capital grant of at most {most} of the cost, got {got}")]
    GrantTooLarge {
        /// The limit.
        most: Share,
        /// The grant.
        got: Share,
    },
    /// An hour is not one of the 8760 of a year of coefficients.
    #[error("expected an hour from 1 to 8760, got {got}")]
    NotAnHour {
        /// The number.
        got: u16,
    },
    /// A text is not the name of a file of coefficients.
    #[error("expected a file name like `ES1234000000000001JN0FA001_2026.txt`, got `{got}`")]
    NotAFileName {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A text cannot be the code of a supply point.
    #[error("expected a supply point's code (CUPS) like `ES1234000000000001JN0F`, got `{got}`")]
    NotASupplyPoint {
        /// The text, cut to a printable length.
        got: String,
    },
    /// Coefficients for more years than the law lets one send.
    #[error("expected coefficients for at most {most} years, got year {year} after {first}")]
    TooManyYears {
        /// The limit, the first year included.
        most: i16,
        /// The first year.
        first: i16,
        /// The year that is too far.
        year: i16,
    },
    /// Coefficients differ by the hour where they must not.
    #[error("expected coefficients that are the same in each hour, got others in hour {hour}")]
    HoursDiffer {
        /// The first hour that differs from those before it.
        hour: u16,
    },
    /// A supply point is no member's, or several members'.
    #[error("expected {expected}, got `{got}`")]
    NobodysPoint {
        /// What it should be.
        expected: String,
        /// Its code, cut to a printable length.
        got: String,
    },
    /// A member has no supply point, or several.
    #[error("expected one supply point (CUPS) of the member `{member}`, got {got}")]
    NotOnePoint {
        /// The member, cut to a printable length.
        member: String,
        /// How many there are.
        got: usize,
    },
    /// A key has no coefficients, because its shares are not fixed.
    #[error("expected a key of the kind `static`, got `{kind}`")]
    NotFixed {
        /// The kind of the key.
        kind: &'static str,
    },
    /// A year's coefficients begin in another year.
    #[error("expected a start in {year}, got {got}")]
    OutsideYear {
        /// The year.
        year: i16,
        /// The instant.
        got: Timestamp,
    },
    /// A file could not be written.
    #[error("failed to write the coefficients: {reason}")]
    Unwritable {
        /// What the system said.
        reason: ErrorKind,
    },
    /// A rule of energy accounting was broken.
    #[error(transparent)]
    Energy(#[from] energy::Error),
    /// A quantity is wrong.
    #[error(transparent)]
    Quantity(#[from] quantity::Error),
    /// A time is wrong.
    #[error(transparent)]
    Time(#[from] time::Error),
}

impl Failure for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Energy(error) => error.kind(),
            Self::Quantity(error) => error.kind(),
            Self::Time(error) => error.kind(),
            Self::Unwritable { .. } => Kind::Internal,
            Self::NotALaw { .. }
            | Self::NotYetInForce { .. }
            | Self::SharesDoNotFit { .. }
            | Self::UnequalLengths { .. }
            | Self::ConsumerTwice { .. }
            | Self::NegativeEnergy { .. }
            | Self::CapacityOutOfRange { .. }
            | Self::NoCapacity { .. }
            | Self::GrantTooLarge { .. }
            | Self::NotAnHour { .. }
            | Self::NotAFileName { .. }
            | Self::NotASupplyPoint { .. }
            | Self::HoursDiffer { .. }
            | Self::NobodysPoint { .. }
            | Self::OutsideYear { .. }
            | Self::TooManyYears { .. } => Kind::Invalid,
            // The file is not at fault, but what the community has.
            Self::NotOnePoint { .. } | Self::NotFixed { .. } => Kind::Conflict,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::SharesDoNotFit { .. } => Some(
                "give six decimals, and let the largest members take what is missing, so that the sum is exact"
                    .to_owned(),
            ),
            Self::NotAnHour { .. } => Some(
                "the 29th of February has no hours of its own; it repeats those of the 28th".to_owned(),
            ),
            Self::NotAFileName { .. } => {
                Some("name it with the self-consumption code (CAU), `_`, the year and `.txt`".to_owned())
            }
            Self::HoursDiffer { .. } => Some(
                "a community settles by fixed shares; shares that differ by the hour are computed by `rules::spain::share_hours`"
                    .to_owned(),
            ),
            Self::NotOnePoint { .. } | Self::NobodysPoint { .. } => Some(
                "call each member, or one of its devices, by the code; each supply point needs a member of its own"
                    .to_owned(),
            ),
            Self::NotFixed { .. } => Some(
                "set fixed shares that add up to 1, with a key of the kind `static`".to_owned(),
            ),
            Self::Energy(error) => error.hint(),
            Self::Quantity(error) => error.hint(),
            Self::Time(error) => error.hint(),
            Self::NotALaw { .. }
            | Self::NotYetInForce { .. }
            | Self::UnequalLengths { .. }
            | Self::ConsumerTwice { .. }
            | Self::NegativeEnergy { .. }
            | Self::CapacityOutOfRange { .. }
            | Self::NoCapacity { .. }
            | Self::GrantTooLarge { .. }
            | Self::NotASupplyPoint { .. }
            | Self::OutsideYear { .. }
            | Self::TooManyYears { .. }
            | Self::Unwritable { .. } => None,
        }
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::Energy(error) => error.places(),
            _ => Vec::new(),
        }
    }
}
