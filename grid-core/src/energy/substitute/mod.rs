//! What is missing, filled in and marked.
//!
//! [`substitute`] fills the missing slots of a [`Series`](crate::series::Series): a gap of up to two hours along the
//! line between its neighbours, a longer one by what the same local slot had on comparable days. Where a register
//! says how much was used in all, the filled slots are rescaled so that they and the measured ones add up to it, to
//! the milliwatt-hour. Each filled slot has the quality `substituted` and is listed with its [`Method`]; a measured
//! value is never changed; where no method works the slot stays missing.
//!
//! # References
//!
//! The order of the methods is that of *Standards for Validating, Editing, and Estimating Monthly and Interval Data*
//! (California, Direct Access, revision 2.0), section A: interpolation for gaps of two hours or less, reference days
//! for longer ones. How many days, how far to look for them and that holidays count as Sundays are choices of this
//! library, and stand in [`Rules`].

mod day_kind;
mod fill;
mod method;
mod pattern;
mod rescale;

pub use day_kind::DayKind;
pub use fill::{Fill, Substituted, substitute};
pub use method::{Method, Remark, Rules, WithoutPattern};

#[cfg(test)]
mod tests;
