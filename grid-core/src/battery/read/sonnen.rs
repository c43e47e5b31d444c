//! sonnen: the battery's own API, `Pac_total_W` positive when it discharges.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Sonnen,
    recognise,
    names: &NAMES,
    positive: Positive::Discharge,
    counter: Counter::Unstated,
};

/// The vendor's own names.
const NAMES: [Name; 10] = [
    Name::new("pactotal", Role::Power, 8),
    Name::new("pactotalw", Role::Power, 8),
    Name::new("gridfeedin", Role::ExportPower, 7),
    Name::new("gridfeedinw", Role::ExportPower, 7),
    Name::new("productionw", Role::SolarPower, 7),
    Name::new("consumptionw", Role::LoadPower, 7),
    Name::unused("consumptionavg"),
    Name::new("usoc", Role::StateOfCharge, 10),
    Name::unused("uac"),
    Name::unused("fac"),
];

/// `Pac_total_W` or `USOC`.
fn recognise(layout: &Layout) -> Option<Signature> {
    let own = layout.has("pactotal") || layout.has("pactotalw") || (layout.has("usoc") && layout.has("rsoc"));
    if own { Signature::own("`Pac_total_W`, `USOC` and `RSOC` are sonnen's names") } else { None }
}
