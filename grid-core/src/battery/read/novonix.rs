//! Novonix: `[Summary]`, `[Protocol]` and `[Data]` blocks, times in hours, one net capacity.

use super::detect::Layout;

/// The blocks, or `Potential (V)` beside `Run Time (h)`.
pub(super) fn recognise(layout: &Layout) -> Option<&'static str> {
    let blocks = layout.preamble.contains("Novonix") || layout.preamble.contains("[Data]");
    let named = layout.has("potential") && (layout.has("runtime") || layout.has("cyclenumber"));
    (named || (blocks && layout.has("potential"))).then_some("`Potential (V)` with Novonix's blocks or times")
}
