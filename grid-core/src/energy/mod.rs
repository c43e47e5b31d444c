//! Energy accounting: devices and their readings, and what a community makes of them.
//!
//! A [`Device`] has channels; a [`Reading`] is the energy of one channel over one interval. [`ingest`] reads them from
//! files, [`ledger`] decides what is new, the same, a correction or a conflict, [`balance`] sets generation against
//! consumption, and [`sharing`] hands out what is left over, to the last milliwatt-hour. Before that, [`meter`] turns
//! what a register showed into readings, [`validate`] names what looks wrong, and [`substitute`] fills what is missing.

mod as_json;
mod channel;
mod community;
mod completeness;
mod consumption_level;
mod device;
mod error;
mod household;
mod placement;
mod reading;
mod register;

pub mod balance;
pub mod ingest;
pub mod ledger;
pub mod meter;
pub mod rules;
pub mod settlement;
pub mod sharing;
pub mod substitute;
pub mod tariff;
pub mod validate;

pub use channel::Channel;
pub use community::{Community, Member, Role};
pub use completeness::{RegisterReport, request_text};
pub use consumption_level::ConsumptionLevel;
pub use device::{Device, DeviceKind, Name};
pub use error::Error;
pub use household::{EnergyBehavior, Household, HousingType, Occupants};
pub use placement::{Placement, Stretch, Terms, standing};
pub use reading::Reading;
pub use register::{Completeness, completeness, mean, sum, sum_within};
