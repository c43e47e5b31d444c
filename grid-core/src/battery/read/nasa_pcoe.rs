//! NASA's Prognostics Center of Excellence: `Voltage_measured`, `Current_measured`, the load or charger beside them.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::NasaPcoe,
    recognise,
    names: &NAMES,
    positive: Positive::Charge,
    counter: Counter::Unstated,
};

/// The vendor's own names.
const NAMES: [Name; 7] = [
    Name::new("voltagemeasured", Role::Voltage, 10),
    Name::new("currentmeasured", Role::Current, 10),
    Name::new("temperaturemeasured", Role::Temperature, 9),
    Name::unused("currentload"),
    Name::unused("voltageload"),
    Name::unused("currentcharge"),
    Name::unused("voltagecharge"),
];

/// The measured pair, or a battery current of its impedance tables.
fn recognise(layout: &Layout) -> Option<Signature> {
    if !(layout.has("voltagemeasured") && layout.has("currentmeasured")) {
        return None;
    }
    let beside = ["currentload", "currentcharge", "temperaturemeasured"].iter().any(|name| layout.has(name));
    if beside {
        Signature::own("`Voltage_measured` and `Current_measured` with the load or charger are NASA's names")
    } else {
        Signature::usual("`Voltage_measured` and `Current_measured` are NASA's names")
    }
}
