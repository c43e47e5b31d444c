//! From shared energy to statements that add up to the last cent.
//!
//! A [`Contract`] says how finely and under which law a community settles. [`settle`] takes it with the readings, keys,
//! tariffs and prices of a period ([`Order`]) and gives each member a [`Statement`], and the community the
//! [`CommunityAccount`] that they come to. [`correct`] makes the difference between what was issued and what a later
//! reading makes of it. [`document`] sets a statement as a page.
//!
//! Nothing here reads a clock, a file or a database: the same order gives the same bytes everywhere.

mod account;
mod amount;
mod contract;
mod correction;
mod language;
mod line;
mod participation;
mod settle;
mod statement;
mod usage;

pub mod document;

#[cfg(test)]
mod tests;

pub use account::{AccountLine, CommunityAccount};
pub use amount::Amount;
pub use contract::{Contract, Surplus};
pub use correction::correct;
pub use language::Language;
#[cfg(feature = "_store")]
pub(crate) use settle::few_compared;
pub use settle::{MOST_COMPARED, Missing, Order, Settlement, settle};
pub use statement::{
    Comparison, FORMAT, Kind, LineKind, Party, Period, Quantities, Sharing, Statement, StatementLine,
    TariffName,
};
