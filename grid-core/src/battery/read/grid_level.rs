//! GRID's own earlier service: `Timestamp, Battery_Level, Battery_Capacity_kW[, Energy_Available_kW]`.
//!
//! What is labelled kW there are kWh: the energy that the battery can hold, and that it holds.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::GridLevel,
    recognise,
    names: &NAMES,
    positive: Positive::Unstated,
    counter: Counter::Net,
};

/// The vendor's own names.
const NAMES: [Name; 5] = [
    Name::new("batterylevel", Role::StateOfCharge, 9).otherwise("%"),
    Name::new("batterycapacity", Role::EnergyCapacity, 9).always("kWh"),
    Name::new("batterycapacitykw", Role::EnergyCapacity, 9).always("kWh"),
    Name::new("energyavailable", Role::Energy, 9).always("kWh"),
    Name::new("energyavailablekw", Role::Energy, 9).always("kWh"),
];

/// A level beside a capacity in kW.
fn recognise(layout: &Layout) -> Option<Signature> {
    let capacity = ["batterycapacity", "batterycapacitykw", "energyavailable", "energyavailablekw"];
    if layout.has("batterylevel") && capacity.iter().any(|name| layout.has(name)) {
        return Signature::own("`Battery_Level` with `Battery_Capacity_kW` are of GRID's earlier service");
    }
    None
}
