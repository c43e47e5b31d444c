//! Battery Archive: `Date_Time`, `Test_Time (s)`, `Cell_Temperature (C)`, counts that restart with the cycle.

use super::super::log::Format;
use super::detect::Layout;
use super::vendor::{Counter, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::BatteryArchive,
    recognise,
    names: &[],
    positive: Positive::Charge,
    counter: Counter::Cycle,
};

/// The temperatures of cell and environment beside a cycle and Arbin-like counts, without Arbin's steps.
fn recognise(layout: &Layout) -> Option<Signature> {
    let own = layout.has("environmenttemperature") && layout.has("celltemperature");
    let counted = layout.has("cycleindex") && layout.has("testtime") && layout.has("chargecapacity");
    if !(own && counted) || layout.has("datapoint") {
        return None;
    }
    Signature::own(
        "`Environment_Temperature` and `Cell_Temperature` with `Test_Time` are Battery Archive's names",
    )
}
