//! Solarman and `GivEnergy`: energies of the day that start again at midnight, in kWh.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Solarman,
    recognise,
    names: &NAMES,
    positive: Positive::Unsigned,
    counter: Counter::Day,
};

/// The vendor's own names.
const NAMES: [Name; 14] = [
    Name::new("productiontoday", Role::SolarEnergy, 7).otherwise("kWh"),
    Name::new("productionthisday", Role::SolarEnergy, 7).otherwise("kWh"),
    Name::new("dailyproduction", Role::SolarEnergy, 7).otherwise("kWh"),
    Name::new("energychargedthisday", Role::ChargeEnergy, 8).otherwise("kWh"),
    Name::new("energydischargedthisday", Role::DischargeEnergy, 8).otherwise("kWh"),
    Name::new("dailychargingenergy", Role::ChargeEnergy, 8).otherwise("kWh"),
    Name::new("dailydischargingenergy", Role::DischargeEnergy, 8).otherwise("kWh"),
    Name::new("batterychargeenergytoday", Role::ChargeEnergy, 8).otherwise("kWh"),
    Name::new("batterydischargeenergytoday", Role::DischargeEnergy, 8).otherwise("kWh"),
    Name::new("batterychargetoday", Role::ChargeEnergy, 8).otherwise("kWh"),
    Name::new("batterydischargetoday", Role::DischargeEnergy, 8).otherwise("kWh"),
    Name::new("consumptionthisday", Role::LoadEnergy, 7).otherwise("kWh"),
    Name::new("gridfeedinthisday", Role::ExportEnergy, 7).otherwise("kWh"),
    Name::new("energypurchasedthisday", Role::ImportEnergy, 7).otherwise("kWh"),
];

/// Energies of this day, or of today, charged and discharged.
fn recognise(layout: &Layout) -> Option<Signature> {
    let any = |names: &[&str]| names.iter().any(|name| layout.has(name));
    if any(&[
        "energychargedthisday",
        "energydischargedthisday",
        "dailychargingenergy",
        "batterychargeenergytoday",
    ]) {
        return Signature::own("energies charged and discharged this day are Solarman's and GivEnergy's");
    }
    if layout.has("updatedtime") && any(&["productiontoday", "productionthisday", "batterychargetoday"]) {
        return Signature::own("`Updated Time` with the day's energies are Solarman's names");
    }
    None
}
