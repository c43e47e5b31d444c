//! Maccor: `Rec#`, `Cyc#`, `Amp-hr`, a state letter that gives the sign, capacities that restart at each step.

use super::detect::Layout;

/// MIMS exports, text exports and CSV: a record number beside a cycle and `Amp-hr`, `DPT Time`, `Md` or `State`.
pub(super) fn recognise(layout: &Layout) -> Option<&'static str> {
    let recorded = layout.has("rec");
    let cycled = ["cyc", "cyclec", "cyclep", "cycle"].iter().any(|name| layout.has(name));
    let own = ["dpttime", "amphr", "mamphr", "md", "watthr"].iter().any(|name| layout.has(name));
    (recorded && cycled && own)
        .then_some("`Rec`, a cycle and `DPT Time`, `Amp-hr` or `Md` are Maccor's names")
}
