//! Tesla: the app's downloads, netzero, and Powerwall-Dashboard; the battery's power is positive when it discharges.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Tesla,
    recognise,
    names: &NAMES,
    positive: Positive::Discharge,
    counter: Counter::Interval,
};

/// The vendor's own names.
const NAMES: [Name; 17] = [
    Name::new("powerwall", Role::Power, 8),
    Name::new("topowerwall", Role::ChargePower, 8),
    Name::new("frompowerwall", Role::DischargePower, 8),
    Name::new("charge", Role::StateOfCharge, 9),
    Name::new("solarenergyexported", Role::SolarEnergy, 7),
    Name::new("gridenergyexportedfromsolar", Role::ExportEnergy, 7),
    Name::new("gridenergyexportedfrombattery", Role::ExportEnergy, 7),
    Name::new("gridenergyexportedfromgenerator", Role::ExportEnergy, 7),
    Name::unused("gridenergyexported"),
    Name::new("consumerenergyimportedfromgrid", Role::LoadEnergy, 7),
    Name::new("consumerenergyimportedfromsolar", Role::LoadEnergy, 7),
    Name::new("consumerenergyimportedfrombattery", Role::LoadEnergy, 7),
    Name::new("consumerenergyimportedfromgenerator", Role::LoadEnergy, 7),
    Name::new("batteryenergyexported", Role::DischargeEnergy, 7),
    Name::new("batteryenergyimportedfromgrid", Role::ChargeEnergy, 7),
    Name::new("batteryenergyimportedfromsolar", Role::ChargeEnergy, 7),
    Name::new("batteryenergyimportedfromgenerator", Role::ChargeEnergy, 7),
];

/// `Powerwall`, netzero's names of energies, or its five powers.
fn recognise(layout: &Layout) -> Option<Signature> {
    let any = |names: &[&str]| names.iter().any(|name| layout.has(name));
    if any(&[
        "powerwall",
        "frompowerwall",
        "topowerwall",
        "consumerenergyimportedfromgrid",
        "batteryenergyexported",
    ]) {
        return Signature::own("`Powerwall`, or energies by their way, are names of Tesla's exports");
    }
    let powers = ["timestamp", "solarpower", "batterypower", "gridpower", "loadpower"];
    if powers.iter().all(|name| layout.has(name)) {
        return Signature::usual(
            "`solar_power`, `battery_power`, `grid_power` and `load_power` are Tesla's names",
        );
    }
    if layout.columns.len() == 2 && layout.has("soe") {
        return Signature::usual("`soe` (state of energy) is Tesla's word");
    }
    None
}
