//! What a device's meter says of itself: cumulative registers, what looks wrong in its readings, and what is put in where
//! they are missing.

pub(super) mod findings;
mod outcome;
pub(super) mod registers;
pub(super) mod substitutions;
mod told;
