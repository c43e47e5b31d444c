//! PEC: a preamble of `key:,value` lines, mV and mA, capacities that restart with the cycle.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Pec,
    recognise,
    names: &NAMES,
    positive: Positive::Charge,
    counter: Counter::Cycle,
};

/// The vendor's own names.
const NAMES: [Name; 5] = [
    Name::unused("test"),
    Name::unused("loadontime"),
    Name::unused("cyclechargetime"),
    Name::unused("cycledischargetime"),
    Name::new("stationtemperature", Role::Temperature, 1),
];

/// `Load On Time`, `Rack` and `Shelf`, or a test regime in the preamble.
fn recognise(layout: &Layout) -> Option<Signature> {
    let placed = layout.has("rack") && layout.has("shelf");
    let own = layout.has("loadontime") || placed || layout.preamble.contains("TestRegime");
    if own { Signature::own("`Load On Time`, `Rack` and `Shelf` or a test regime are PEC's") } else { None }
}
