//! Enphase: a report of energies an interval, with or without a battery.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Enphase,
    recognise,
    names: &NAMES,
    positive: Positive::Unsigned,
    counter: Counter::Interval,
};

/// The vendor's own names.
const NAMES: [Name; 8] = [
    Name::new("energyproduced", Role::SolarEnergy, 7),
    Name::new("energyconsumed", Role::LoadEnergy, 7),
    Name::new("exportedtogrid", Role::ExportEnergy, 7),
    Name::new("importedfromgrid", Role::ImportEnergy, 7),
    Name::new("storedinbatteries", Role::ChargeEnergy, 8),
    Name::new("dischargedfrombatteries", Role::DischargeEnergy, 8),
    Name::new("storedinbattery", Role::ChargeEnergy, 8),
    Name::new("dischargedfrombattery", Role::DischargeEnergy, 8),
];

/// `Energy Produced` beside `Exported to Grid` or `Energy Consumed`.
fn recognise(layout: &Layout) -> Option<Signature> {
    let own = layout.has("energyproduced") && (layout.has("exportedtogrid") || layout.has("energyconsumed"));
    if own { Signature::own("`Energy Produced` and `Energy Consumed` are Enphase's names") } else { None }
}
