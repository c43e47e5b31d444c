//! Arbin: `Data_Point`, `Test_Time(s)`, `Cycle_Index`, capacities that run on until the schedule resets them.

use super::detect::Layout;

/// MITS exports with underscores or blanks, and the tables without units that BEEP, CALCE and Battery Archive keep.
pub(super) fn recognise(layout: &Layout) -> Option<&'static str> {
    let indexed = layout.has("cycleindex");
    let timed = layout.has("testtime") || layout.has("testtimes");
    let counted = ["chargecapacity", "chargecapacityah"].iter().any(|name| layout.has(name));
    if !(indexed && timed && counted) || layout.header.contains("test_time") {
        return None;
    }
    let numbered = layout.has("datapoint") && (layout.has("stepindex") || layout.has("internalresistance"));
    let dated = layout.has("datetime") && layout.has("dischargecapacity");
    (numbered || dated)
        .then_some("`Data_Point`, `Test_Time`, `Cycle_Index` and `Charge_Capacity` are Arbin's names")
}
