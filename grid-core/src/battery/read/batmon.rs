//! batmon-ha: samples of a battery management system; current is positive when it discharges.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Batmon,
    recognise,
    names: &NAMES,
    positive: Positive::Discharge,
    counter: Counter::Net,
};

/// The vendor's own names.
const NAMES: [Name; 9] = [
    Name::new("charge", Role::Capacity, 7).otherwise("Ah"),
    Name::unused("capacity"),
    Name::unused("cyclecapacity"),
    Name::unused("numcycles"),
    Name::unused("balancecurrent"),
    Name::unused("mostemperature"),
    Name::unused("uptime"),
    Name::new("temperatures1", Role::Temperature, 8),
    Name::new("temperatures", Role::Temperature, 7),
];

/// Two of its own names beside voltage, current and state of charge.
fn recognise(layout: &Layout) -> Option<Signature> {
    let own = ["numcycles", "cyclecapacity", "mostemperature", "balancecurrent", "mosfetstatus"];
    let found = own.iter().filter(|name| layout.has(name)).count();
    let sampled = layout.has("voltage") && layout.has("current") && layout.has("soc");
    if found > 1 && sampled {
        return Signature::own("`num_cycles`, `cycle_capacity` and `mos_temperature` are batmon-ha's names");
    }
    None
}
