//! Errors of tariffs.

use jiff::{Timestamp, civil::Date};

use super::Quantity;
use crate::{
    error::{Failure, Kind, Place},
    quantity::{self, Energy},
    time::{self, Interval},
};

/// A tariff could not be read, or a bill not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A document is no tariff.
    #[error("line {line}, column {column}{}: expected {expected}, got {got}", at(pointer))]
    Document {
        /// The line, counted from 1.
        line: u64,
        /// The character of the line, counted from 1.
        column: u64,
        /// The JSON pointer of the value, in both formats; empty for the whole document.
        pointer: String,
        /// What was expected there.
        expected: String,
        /// What was found there, cut to a printable length.
        got: String,
    },
    /// A text is not a quantity.
    #[error(
        "expected a quantity `consumption`, `generation`, `self_consumed`, `received`, `given`, `import` or `export`, got `{got}`"
    )]
    NotAQuantity {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A column does not have one energy for each slot.
    #[error("`{quantity}`: expected {expected} energies, one for each slot, got {got}")]
    UnequalLength {
        /// The column.
        quantity: Quantity,
        /// How many slots there are.
        expected: usize,
        /// How many energies there are.
        got: usize,
    },
    /// A usage is of another number of slots than the tariff was prepared for.
    #[error("expected a usage of {expected} slots, as the tariff was prepared for, got one of {got}")]
    OtherSlots {
        /// How many slots were prepared.
        expected: usize,
        /// How many the usage has.
        got: usize,
    },
    /// An energy counts backwards.
    #[error("`{quantity}`, slot {slot}: expected an energy of zero or more, got {got}")]
    NegativeEnergy {
        /// The column.
        quantity: Quantity,
        /// The slot, counted from 0.
        slot: usize,
        /// The energy.
        got: Energy,
    },
    /// A component prices a quantity that the usage lacks.
    #[error("component `{component}` prices `{quantity}`, and the usage has no such column")]
    NoColumn {
        /// The component.
        component: String,
        /// The column that is missing.
        quantity: Quantity,
    },
    /// A component prices a contracted power that the usage lacks.
    #[error(
        "component `{component}` prices the contracted power `{name}`, and the usage has none of that name"
    )]
    NoPower {
        /// The component.
        component: String,
        /// The name of the power.
        name: String,
    },
    /// A starting quantity is named for what has no tiers.
    #[error("expected a component with tiers to start in, got `{component}`")]
    NoTiers {
        /// The component that was named.
        component: String,
    },
    /// A starting quantity counts backwards.
    #[error("expected a start of zero or more for component `{component}`, got {got}")]
    NegativeStart {
        /// The component.
        component: String,
        /// The energy.
        got: Energy,
    },
    /// The slots do not cover the period.
    #[error("expected slots that cover {period} without holes, got one that starts or ends at {at}")]
    SlotsDoNotCover {
        /// The period.
        period: Interval,
        /// Where they do not meet.
        at: Timestamp,
    },
    /// A slot lies in two bands.
    #[error("schedule `{schedule}`: the slot {slot} starts in band `{first}` and reaches into `{second}`")]
    SlotAcrossBands {
        /// The schedule.
        schedule: String,
        /// The slot.
        slot: Interval,
        /// The band of its start.
        first: String,
        /// The next band in it.
        second: String,
    },
    /// A slot lies in two months, or inside and outside of a component's dates.
    #[error("component `{component}`: the slot {slot} reaches over the start of {date}")]
    SlotAcrossDates {
        /// The component.
        component: String,
        /// The slot.
        slot: Interval,
        /// The date that begins in it.
        date: Date,
    },
    /// A period begins before its tariff.
    #[error("tariff `{tariff}` is valid from {valid_from} on, got a period that starts on {start}")]
    NotYetValid {
        /// The tariff.
        tariff: String,
        /// Its first day.
        valid_from: Date,
        /// The period's first day.
        start: Date,
    },
    /// A component is indexed to a series that is not there.
    #[error("component `{component}` follows the prices `{series}`, and the book has none of that name")]
    UnknownSeries {
        /// The component.
        component: String,
        /// The series.
        series: String,
    },
    /// Energy flowed in a slot whose price is not known.
    #[error("no price in `{series}` for the slot at {at}, in which {energy} flowed")]
    NoPrice {
        /// The series.
        series: String,
        /// The slot's start.
        at: Timestamp,
        /// The energy.
        energy: Energy,
    },
    /// A slot has two prices.
    #[error("`{series}`: the price changes within the slot {slot}")]
    SlotAcrossPrices {
        /// The series.
        series: String,
        /// The slot.
        slot: Interval,
    },
    /// Prices are in a currency that is not the tariff's, or not that of the prices before them.
    #[error("`{series}`: expected prices in {expected}, got {got}")]
    OtherCurrency {
        /// The series.
        series: String,
        /// The currency that is wanted.
        expected: String,
        /// The currency that was found.
        got: String,
    },
    /// Two prices hold at the same time.
    #[error("`{series}`: two prices hold at {at}")]
    PricesOverlap {
        /// The series.
        series: String,
        /// The first instant of both.
        at: Timestamp,
    },
    /// A row of a file of prices is wrong.
    #[error("line {line}, column {column}: expected {expected}, got `{got}`")]
    PriceRow {
        /// The line, counted from 1.
        line: u64,
        /// The field, counted from 1.
        column: u64,
        /// What was expected.
        expected: &'static str,
        /// What was found, cut to a printable length.
        got: String,
    },
    /// A file of prices could not be read from the disk or the network.
    #[error("failed to read the prices after line {line}: {reason}")]
    Unreadable {
        /// The last line that was read whole.
        line: u64,
        /// What the system said.
        reason: std::io::ErrorKind,
    },
    /// A quantity is wrong.
    #[error(transparent)]
    Quantity(#[from] quantity::Error),
    /// A time is wrong.
    #[error(transparent)]
    Time(#[from] time::Error),
}

fn at(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!(", `{pointer}`") }
}

/// An amount is beyond what [`Money`](crate::quantity::Money) can hold.
pub(super) const TOO_MUCH_MONEY: Error = Error::Quantity(quantity::Error::OutOfRange {
    quantity: "an amount of the bill",
    unit: "millionths of the currency's unit",
});

impl Failure for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Quantity(error) => error.kind(),
            Self::Time(error) => error.kind(),
            Self::Document { .. }
            | Self::NotAQuantity { .. }
            | Self::UnequalLength { .. }
            | Self::OtherSlots { .. }
            | Self::NegativeEnergy { .. }
            | Self::NoColumn { .. }
            | Self::NoPower { .. }
            | Self::NoTiers { .. }
            | Self::NegativeStart { .. }
            | Self::SlotsDoNotCover { .. }
            | Self::SlotAcrossBands { .. }
            | Self::SlotAcrossDates { .. }
            | Self::NotYetValid { .. }
            | Self::UnknownSeries { .. }
            | Self::NoPrice { .. }
            | Self::SlotAcrossPrices { .. }
            | Self::OtherCurrency { .. }
            | Self::PricesOverlap { .. }
            | Self::PriceRow { .. }
            | Self::Unreadable { .. } => Kind::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Document { .. } => {
                Some("`docs/tariffs/README.md` explains every field and has tariffs to start from".to_owned())
            }
            Self::SlotAcrossBands { .. } | Self::SlotAcrossDates { .. } | Self::SlotAcrossPrices { .. } => {
                Some("settle in shorter slots, so that each has one price".to_owned())
            }
            Self::NotYetValid { .. } => {
                Some("bill the days before with the tariff that was valid then".to_owned())
            }
            Self::UnknownSeries { .. } | Self::NoPrice { .. } => {
                Some("load the missing prices; a price that is not known is not taken as zero".to_owned())
            }
            Self::NoPower { .. } => Some("give the member's contracted power under that name".to_owned()),
            Self::Quantity(error) => error.hint(),
            Self::Time(error) => error.hint(),
            _ => None,
        }
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::Document { line, column, pointer, expected, got } => vec![Place {
                pointer: Some(pointer.clone()),
                line: Some(*line),
                column: Some(*column),
                expected: expected.clone(),
                got: got.clone(),
            }],
            Self::PriceRow { line, column, expected, got } => vec![Place {
                pointer: None,
                line: Some(*line),
                column: Some(*column),
                expected: (*expected).to_owned(),
                got: got.clone(),
            }],
            _ => Vec::new(),
        }
    }
}
