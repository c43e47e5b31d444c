//! From what a register shows to what was used between two looks at it.
//!
//! A meter's register only counts up. [`Register::advances`] takes what it showed at some instants ([`Read`]) and what
//! happened to it ([`Event`]: it rolled over, the meter was exchanged, it was reset), in any order, and gives the
//! energy between one look and the next as [`Reading`](super::Reading)s. A consumption is never negative: where a
//! counter fell and no event says why, the reading is missing and a [`Fault`] names what it looks like. Whether the
//! intervals fit a grid is not asked here; they are kept as they are, and spreading one over finer slots is the work
//! of [`substitute`](super::substitute::substitute).

mod advance;
mod event;
mod fault;
mod multiplier;
mod register;

pub use advance::Advances;
pub use event::{Event, Read};
pub use fault::Fault;
pub use multiplier::Multiplier;
pub use register::Register;

#[cfg(test)]
mod tests;
