//! Quantities with their units in the type.
//!
//! Energy, power, money, prices and shares are exact integers, because money follows them; electric charge, voltage,
//! current, resistance and temperature are `f64`, because they are measurements. Constructors name the unit, `as_…`
//! reads exactly and for free, `to_…_f64` reads with loss and says so. Rounding always has a name ([`Rounding`]).

mod charge;
mod decimal;
mod electric;
mod energy;
mod error;
mod money;
mod physical;
mod power;
mod price;
mod rounding;
mod share;

pub use charge::Charge;
pub use electric::{Current, Resistance, Temperature, Voltage};
pub use energy::Energy;
pub use error::Error;
pub use money::{Currency, Money};
pub use power::Power;
pub use price::Price;
pub use rounding::{Rounding, divide, largest_remainder};
pub use share::Share;

pub(crate) use decimal::parse_scaled;
