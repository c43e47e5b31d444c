//! Handing out what was generated, to the last milliwatt-hour.
//!
//! A [`Key`] says who gets how much: in proportion to need, equal parts, fixed shares, one group before another, or one
//! key after another. [`share`] does a whole period by it, interval by interval, capped by what each member needs;
//! [`Key::for_members`] makes it ready for columns that are not just the members it names. [`share_by_coefficients`] takes
//! shares that differ from interval to interval, [`share_by_plant`] shares of each plant for itself. [`Participation`]
//! divides a member's meter among several communities beforehand, and [`apportion`] splits one amount by fixed shares.
//!
//! `docs/decisions/0005-balance-and-sharing.md` has the rules and where each is written.

mod allocate;
mod apportion;
mod by_plant;
mod cascade;
mod coefficients;
mod columns;
mod form;
mod ids;
mod key;
mod participation;
mod prepared;
mod priority;
mod reconcile;
mod rows;
mod split;
mod static_key;
mod weights;

pub use allocate::share;
pub use apportion::{apportion, apportion_by_weights};
pub use by_plant::share_by_plant;
pub use cascade::Cascade;
pub use coefficients::{Coefficients, share_by_coefficients};
pub use columns::{CellRounding, Columns, Shared};
pub use key::Key;
pub use participation::{Divided, Participation};
pub use prepared::PreparedKey;
pub use priority::Priority;
pub use reconcile::{Figures, Finding, ReconciledMember, Reconciliation, Strictness, Tally, reconcile};
pub use static_key::SharingKey;
pub use weights::whole_weights;

#[cfg(test)]
#[path = "laws.rs"]
mod laws;
