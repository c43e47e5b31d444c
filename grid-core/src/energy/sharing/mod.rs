//! Handing out what was generated, to the last milliwatt-hour.
//!
//! A [`Key`] says who gets how much. [`apportion`] splits one amount by fixed shares; [`share`] does a whole period,
//! interval by interval, capped by what each member needs. `docs/decisions/0005-balance-and-sharing.md` has the rules
//! and where each is written.

mod allocate;
mod apportion;
mod key;
mod weights;

pub use allocate::{CellRounding, Columns, Shared, share};
pub use apportion::{apportion, apportion_by_weights};
pub use key::{Key, SharingKey};
pub use weights::whole_weights;
