//! BioLogic: EC-Lab and BT-Lab text, with or without the preamble that counts its own lines.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Biologic,
    recognise,
    names: &NAMES,
    positive: Positive::Charge,
    counter: Counter::HalfCycle,
};

/// The vendor's own names.
const NAMES: [Name; 10] = [
    Name::new("ecell", Role::Voltage, 9),
    Name::new("ewe", Role::Voltage, 9),
    Name::new("ewev", Role::Voltage, 9),
    Name::new("ewece", Role::Voltage, 9),
    Name::new("eweece", Role::Voltage, 9),
    Name::new("qqo", Role::Capacity, 8),
    Name::new("qchargedischarge", Role::Capacity, 6),
    Name::new("ns", Role::Step, 7),
    Name::unused("mode"),
    Name::new("t", Role::Temperature, 6),
];

/// `EC-Lab ASCII FILE`, `BT-Lab ASCII FILE`, or `Ewe/V` and `Ecell/V` beside `time/s`.
fn recognise(layout: &Layout) -> Option<Signature> {
    if layout.preamble.contains("EC-Lab ASCII") || layout.preamble.contains("BT-Lab ASCII") {
        return Signature::own("the preamble says EC-Lab or BT-Lab");
    }
    let header = |name: &str| layout.columns.iter().any(|column| column.header == name);
    let potential = header("Ewe/V") || header("Ecell/V") || header("<Ewe>/V") || header("Ewe-Ece/V");
    if !(potential && (header("time/s") || header("I/mA") || header("<I>/mA"))) {
        return None;
    }
    Signature::own("`Ewe/V` or `Ecell/V` with `time/s` are BioLogic's names")
}
