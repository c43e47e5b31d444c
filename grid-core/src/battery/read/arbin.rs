//! Arbin: `Data_Point`, `Test_Time(s)`, `Cycle_Index`, capacities that run on until the schedule resets them.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Arbin,
    recognise,
    names: &NAMES,
    positive: Positive::Charge,
    counter: Counter::Schedule,
};

/// The vendor's own names.
const NAMES: [Name; 5] = [
    Name::unused("datapoint"),
    Name::new("auxtemperature1", Role::Temperature, 7),
    Name::new("auxtemperature", Role::Temperature, 7),
    Name::new("auxtemperature2", Role::Temperature, 3),
    Name::new("auxtemp1", Role::Temperature, 7),
];

/// MITS exports with underscores or blanks, and the tables without units that BEEP and CALCE keep.
fn recognise(layout: &Layout) -> Option<Signature> {
    let indexed = layout.has("cycleindex");
    let timed = layout.has("testtime");
    let counted = layout.has("chargecapacity");
    if !(indexed && timed && counted) || layout.header.contains("test_time_s") {
        return None;
    }
    let numbered = layout.has("datapoint") && (layout.has("stepindex") || layout.has("internalresistance"));
    if numbered {
        return Signature::own(
            "`Data_Point`, `Test_Time`, `Cycle_Index` and `Charge_Capacity` are Arbin's names",
        );
    }
    // BEEP keeps Arbin's columns in lower case, with its own names for the clock.
    let kept = layout.has("internalresistance") && layout.has("stepindex") || layout.has("datetime");
    if !(kept && layout.has("dischargecapacity")) || layout.header.contains("test_time") {
        return None;
    }
    Signature::usual("`Test_Time`, `Cycle_Index` and `Charge_Capacity` with a date are Arbin's names")
}
