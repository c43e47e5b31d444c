//! From shared energy to statements that add up to the last cent.
//!
//! A [`Statement`] is what one member is told about one period.

mod amount;
mod language;
mod statement;

pub use amount::Amount;
pub use language::Language;
pub use statement::{
    Comparison, FORMAT, Kind, LineKind, Party, Period, Quantities, Sharing, Statement, StatementLine,
    TariffName,
};
