//! Basytec: lines that start with `~`, a header such as `~Time[s]`, the start time in the preamble only.

use super::detect::Layout;

/// `Resultfile from Basytec …`, or `~Time[` at the start of the header line.
pub(super) fn recognise(layout: &Layout) -> Option<&'static str> {
    let short = layout.has("cvol") && layout.has("ccur") && layout.has("runtime");
    let own = layout.preamble.contains("Basytec") || layout.header.starts_with("~Time[") || short;
    own.then_some("`~Time[…]` or the preamble says Basytec")
}
