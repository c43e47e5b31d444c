//! BioLogic: EC-Lab and BT-Lab text, with or without the preamble that counts its own lines.

use super::detect::Layout;

/// `EC-Lab ASCII FILE`, `BT-Lab ASCII FILE`, or `Ewe/V` and `Ecell/V` beside `time/s`.
pub(super) fn recognise(layout: &Layout) -> Option<&'static str> {
    if layout.preamble.contains("EC-Lab ASCII") || layout.preamble.contains("BT-Lab ASCII") {
        return Some("the preamble says EC-Lab or BT-Lab");
    }
    let header = |name: &str| layout.columns.iter().any(|column| column.header == name);
    let potential = header("Ewe/V") || header("Ecell/V") || header("<Ewe>/V") || header("Ewe-Ece/V");
    (potential && (header("time/s") || header("I/mA") || header("<I>/mA")))
        .then_some("`Ewe/V` or `Ecell/V` with `time/s` are BioLogic's names")
}
