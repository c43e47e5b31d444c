//! SMA: the web interface's CSV3 (names, kinds and units on three lines) and registers such as `Metering.TotWhOut`.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Sma,
    recognise,
    names: &NAMES,
    positive: Positive::Unsigned,
    counter: Counter::Never,
};

/// The vendor's own names.
const NAMES: [Name; 31] = [
    Name::new("meteringtotwhout", Role::SolarEnergy, 7),
    Name::new("meteringgridmstotwhin", Role::ImportEnergy, 7),
    Name::new("meteringgridmstotwhout", Role::ExportEnergy, 7),
    Name::unused("meteringgridmsabswhin"),
    Name::unused("meteringgridmsabswhout"),
    Name::new("gridmstotw", Role::SolarPower, 7),
    Name::new("gridmstotwavg", Role::SolarPower, 7),
    Name::unused("metergridmstotwinavg"),
    Name::unused("dcmsvol"),
    Name::unused("dcmsvolavg"),
    Name::unused("dcmsamp"),
    Name::unused("dcmsampavg"),
    Name::unused("dcmswatt"),
    Name::unused("dcmswattavg"),
    Name::unused("gridmsphvphsa"),
    Name::unused("gridmsphvphsaavg"),
    Name::unused("gridmsaphsaavg"),
    Name::new("batvol", Role::Voltage, 8),
    Name::new("batvolavg", Role::Voltage, 8),
    Name::new("batamp", Role::Current, 8),
    Name::new("batampavg", Role::Current, 8),
    Name::new("battmpval", Role::Temperature, 8),
    Name::new("battmpvalavg", Role::Temperature, 8),
    Name::new("batchastt", Role::StateOfCharge, 9),
    Name::new("batchasttavg", Role::StateOfCharge, 9),
    Name::new("batchrgcurbatcha", Role::ChargePower, 8),
    Name::new("batchrgcurbatchaavg", Role::ChargePower, 8),
    Name::new("batdschcurbatdsch", Role::DischargePower, 8),
    Name::new("batdschcurbatdschavg", Role::DischargePower, 8),
    Name::new("batchrgbatchrg", Role::ChargeEnergy, 8),
    Name::new("batdschbatdsch", Role::DischargeEnergy, 8),
];

/// `Version CSV3|Tool WebUI` above the header, or register names.
fn recognise(layout: &Layout) -> Option<Signature> {
    if layout.preamble.contains("Version CSV") && layout.preamble.contains("WebUI") {
        return Signature::own("`Version CSV3|Tool WebUI` is the first line of SMA's export");
    }
    if layout.header.contains("Metering.TotWhOut") || layout.header.contains("GridMs.TotW") {
        return Signature::own("`Metering.TotWhOut` and `GridMs.TotW` are SMA's registers");
    }
    None
}
