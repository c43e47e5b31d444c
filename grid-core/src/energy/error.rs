//! Errors of energy accounting.

use uuid::Uuid;

use super::{Channel, ingest::Fault};
use crate::{
    error::{Failure, Kind, Place},
    quantity::{self, Energy},
    series,
    time::{self, Interval},
};

/// A rule of energy accounting was broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text is not a channel.
    #[error(
        "expected a channel `import`, `export`, `consumption`, `generation`, `charge` or `discharge`, got `{got}`"
    )]
    NotAChannel {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A text is not a kind of device.
    #[error("expected a kind `meter`, `pv`, `battery`, `load`, `ev_charger` or `other`, got `{got}`")]
    NotADeviceKind {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A text is not a role.
    #[error("expected a role `member` or `operator`, got `{got}`")]
    NotARole {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A text is not a name.
    #[error("expected a name of 1 to 200 characters without control characters, got `{got}`")]
    NotAName {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A text is not a language that documents are written in.
    #[error("expected a language `en` or `es`, got `{got}`")]
    NotALanguage {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A number cannot be a weight.
    #[error("expected weights that are finite and zero or more, got {got} in position {position}")]
    NotAWeight {
        /// The number, as text.
        got: String,
        /// Its position, from 0.
        position: usize,
    },
    /// A reading counts backwards.
    #[error("expected an energy of zero or more, got {got}")]
    NegativeEnergy {
        /// The energy.
        got: Energy,
    },
    /// A reading is beyond what any meter counts.
    #[error("expected an energy of at most {most}, got {got}")]
    ImplausibleEnergy {
        /// The energy.
        got: Energy,
        /// The limit.
        most: Energy,
    },
    /// A reading lasts too long.
    #[error("expected a reading of at most {most_days} days, got {got}")]
    IntervalTooLong {
        /// The interval.
        got: Interval,
        /// The limit in days.
        most_days: u64,
    },
    /// A reading is called missing and has an energy, or has none and is not called missing.
    #[error("expected quality `missing` exactly where there is no energy, got `{quality}`")]
    QualityContradictsEnergy {
        /// The quality.
        quality: &'static str,
    },
    /// A reading overlaps another one without being the same interval.
    #[error("the reading {got} overlaps the reading {other}")]
    Overlap {
        /// The interval of the reading that came.
        got: Interval,
        /// The interval of the one that it meets.
        other: Interval,
    },
    /// A file of readings could not be read.
    #[error("{} in `{file}`: {}", count(faults), faults.first().map_or_else(String::new, Fault::to_string))]
    Rejected {
        /// The file's name, or `body`.
        file: String,
        /// What is wrong, in the order of the lines; at most twenty.
        faults: Vec<Fault>,
    },
    /// A file could not be read from the disk or the network.
    #[error("failed to read `{file}` after line {line}: {reason}")]
    Unreadable {
        /// The file's name, or `body`.
        file: String,
        /// The last line that was read whole.
        line: u64,
        /// What the system said.
        reason: std::io::ErrorKind,
    },
    /// The shares do not add up to one whole.
    #[error("shares must add up to 1000000 ppm, got {total} over {members} members")]
    NotOneWhole {
        /// What they add up to.
        total: u64,
        /// Over how many members.
        members: usize,
    },
    /// A member stands twice in a key.
    #[error("expected each member once, got `{member}` twice")]
    MemberTwice {
        /// The member.
        member: String,
    },
    /// A member that a key names is not there, or one that is there is not named.
    #[error("expected a share for every member and no other, got {got} shares for {members} members")]
    SharesDoNotFit {
        /// How many shares there are.
        got: usize,
        /// How many members there are.
        members: usize,
    },
    /// A plant's production or a member's demand is below zero.
    #[error("interval {interval}: expected energies of zero or more, got {got}")]
    NegativeFlow {
        /// The number of the interval, counted from 0.
        interval: usize,
        /// The energy.
        got: Energy,
    },
    /// A table of energies does not have its shape.
    #[error("expected {expected} energies ({intervals} intervals times {columns}), got {got}")]
    UnequalLengths {
        /// How many there should be.
        expected: usize,
        /// How many intervals.
        intervals: usize,
        /// How many columns.
        columns: usize,
        /// How many there are.
        got: usize,
    },
    /// There are no readings to answer with.
    #[error("device `{device}` has no readings of channel `{channel}`")]
    NoReadings {
        /// The device.
        device: Uuid,
        /// The channel.
        channel: Channel,
    },
    /// A quantity is wrong.
    #[error(transparent)]
    Quantity(#[from] quantity::Error),
    /// A time is wrong.
    #[error(transparent)]
    Time(#[from] time::Error),
    /// A series is wrong.
    #[error(transparent)]
    Series(#[from] series::Error),
}

fn count(faults: &[Fault]) -> String {
    match faults.len() {
        1 => "one fault".to_owned(),
        many => format!("{many} faults"),
    }
}

impl Failure for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Overlap { .. } => Kind::Conflict,
            Self::NoReadings { .. } => Kind::NotFound,
            Self::Quantity(error) => error.kind(),
            Self::Time(error) => error.kind(),
            Self::Series(error) => error.kind(),
            Self::NotAChannel { .. }
            | Self::NotADeviceKind { .. }
            | Self::NotARole { .. }
            | Self::NotAName { .. }
            | Self::NotALanguage { .. }
            | Self::NotAWeight { .. }
            | Self::NegativeEnergy { .. }
            | Self::ImplausibleEnergy { .. }
            | Self::IntervalTooLong { .. }
            | Self::QualityContradictsEnergy { .. }
            | Self::Rejected { .. }
            | Self::Unreadable { .. }
            | Self::NotOneWhole { .. }
            | Self::MemberTwice { .. }
            | Self::SharesDoNotFit { .. }
            | Self::NegativeFlow { .. }
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
            Self::Quantity(error) => error.hint(),
            Self::Time(error) => error.hint(),
            Self::Series(error) => error.hint(),
            Self::NotAChannel { .. }
            | Self::NotADeviceKind { .. }
            | Self::NotARole { .. }
            | Self::NotAName { .. }
            | Self::NotALanguage { .. }
            | Self::NotAWeight { .. }
            | Self::ImplausibleEnergy { .. }
            | Self::IntervalTooLong { .. }
            | Self::NotOneWhole { .. }
            | Self::MemberTwice { .. }
            | Self::SharesDoNotFit { .. }
            | Self::NegativeFlow { .. }
            | Self::UnequalLengths { .. }
            | Self::NoReadings { .. } => None,
        }
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::Rejected { faults, .. } => faults.iter().map(Fault::place).collect(),
            _ => Vec::new(),
        }
    }
}
