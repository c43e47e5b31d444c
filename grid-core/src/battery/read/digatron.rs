//! Digatron: a `#` between name and unit, and capacities as `AhCha`, `AhDch`, `AhStep`, `AhAccu`.

use super::detect::Layout;

/// `AhAccu`, or `Program Duration`, as Digatron's Battery Manager names them.
pub(super) fn recognise(layout: &Layout) -> Option<&'static str> {
    let own = layout.has("ahaccu") || layout.has("programduration") || layout.has("ahprev");
    own.then_some("`AhAccu` or `Program Duration` are Digatron's names")
}
