//! Victron VRM: three header lines (device, quantity, unit), the zone in the first cell; charging is positive.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::VictronVrm,
    recognise,
    names: &NAMES,
    positive: Positive::Charge,
    counter: Counter::Never,
};

/// The vendor's own names.
const NAMES: [Name; 17] = [
    Name::new("dischargedenergy", Role::DischargeEnergy, 8),
    Name::new("chargedenergy", Role::ChargeEnergy, 8),
    Name::new("acconsumption", Role::LoadPower, 7),
    Name::new("acconsumptionl1", Role::LoadPower, 7),
    Name::new("acconsumptionl2", Role::LoadPower, 7),
    Name::new("acconsumptionl3", Role::LoadPower, 7),
    Name::new("gridl1", Role::GridPower, 7),
    Name::new("gridl2", Role::GridPower, 7),
    Name::new("gridl3", Role::GridPower, 7),
    Name::new("pvdccoupled", Role::SolarPower, 6),
    Name::new("pvaccoupledonoutputl1", Role::SolarPower, 4),
    Name::new("batterystateofchargesystem", Role::StateOfCharge, 8),
    Name::unused("consumedamphours"),
    Name::unused("timetogo"),
    Name::unused("startervoltage"),
    Name::unused("midpointvoltage"),
    Name::unused("auxiliaryvoltage"),
];

/// A zone with its distance from UTC where the name of the first column should be, or device numbers above the names.
fn recognise(layout: &Layout) -> Option<Signature> {
    let zone = layout.columns.first().is_some_and(|column| is_zone(&column.header));
    if zone {
        return Signature::own("the first header cell is a time zone, as in VRM's log");
    }
    let devices = layout.above.iter().filter(|cell| cell.ends_with(']') && cell.contains(" [")).count();
    if devices > 1 {
        Signature::usual("devices with their numbers stand above the names, as in VRM's log")
    } else {
        None
    }
}

/// Whether a text is a zone such as `Europe/Tallinn (+03:00)`.
fn is_zone(text: &str) -> bool {
    let Some((name, offset)) = text.trim_end_matches(')').split_once(" (") else { return false };
    (name.contains('/') || name == "UTC") && offset.starts_with(['+', '-'])
}

/// Whether a device's columns of voltage, current and charge are those of the battery.
///
/// A charger, an inverter and a meter have voltages and currents of their own.
pub(super) fn is_battery(device: &str) -> bool {
    let device = device.to_lowercase();
    ["battery", "bms", "system overview", "gateway", "smartshunt"].iter().any(|word| device.contains(word))
}
