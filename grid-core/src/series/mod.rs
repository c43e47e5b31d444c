//! Energy over time: a value and a quality per slot, where missing is never zero.
//!
//! A [`Series`] is a regular grid of slots. Energy that comes in other pieces (a meter entry of five hours, a day
//! total) is laid onto a grid by [`Grid`], which spreads each piece over the slots that it touches, in proportion to
//! time and without losing a milliwatt-hour.

mod error;
mod quality;
mod resample;
#[expect(clippy::module_inception, reason = "the module is named after its one main type")]
mod series;

pub use error::Error;
pub use quality::Quality;
pub use resample::{Grid, Piece};
pub use series::{Series, Slot, Total};
