//! E3/DC: a semicolon file in German; charging and discharging power in two unsigned columns.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::E3dc,
    recognise,
    names: &NAMES,
    positive: Positive::Unsigned,
    counter: Counter::Interval,
};

/// The vendor's own names.
const NAMES: [Name; 7] = [
    Name::new("solarproduktion", Role::SolarPower, 7),
    Name::new("batterieladen", Role::ChargePower, 8),
    Name::new("batterieentladen", Role::DischargePower, 8),
    Name::new("netzeinspeisung", Role::ExportPower, 7),
    Name::new("netzbezug", Role::ImportPower, 7),
    Name::new("hausverbrauch", Role::LoadPower, 7),
    Name::unused("abregelungsgrenze"),
];

/// `Batterie Laden` and `Batterie Entladen` beside `Abregelungsgrenze` or `Hausverbrauch`.
fn recognise(layout: &Layout) -> Option<Signature> {
    let pair = layout.has("batterieladen") && layout.has("batterieentladen");
    if pair && (layout.has("abregelungsgrenze") || layout.has("hausverbrauch")) {
        return Signature::own("`Batterie Laden` and `Batterie Entladen` with the house's are E3/DC's names");
    }
    None
}
