//! PEC: a preamble of `key:,value` lines, mV and mA, capacities that restart with the cycle.

use super::detect::Layout;

/// `Load On Time`, `Rack` and `Shelf`, or a test regime in the preamble.
pub(super) fn recognise(layout: &Layout) -> Option<&'static str> {
    let placed = layout.has("rack") && layout.has("shelf");
    let own = layout.has("loadontime") || placed || layout.preamble.contains("TestRegime");
    own.then_some("`Load On Time`, `Rack` and `Shelf` or a test regime are PEC's")
}
