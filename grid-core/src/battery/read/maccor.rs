//! Maccor: `Rec#`, `Cyc#`, `Amp-hr`, a state letter that gives the sign, capacities that restart at each step.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Maccor,
    recognise,
    names: &NAMES,
    positive: Positive::Unsigned,
    counter: Counter::Step,
};

/// The vendor's own names.
const NAMES: [Name; 12] = [
    Name::new("test", Role::TestTime, 5),
    Name::new("cyclec", Role::Cycle, 8),
    Name::new("cyclep", Role::Cycle, 4),
    Name::new("md", Role::State, 8),
    Name::unused("es"),
    Name::new("amphr", Role::Capacity, 7),
    Name::new("watthr", Role::Energy, 7),
    Name::new("cap", Role::Capacity, 7),
    Name::new("ener", Role::Energy, 7),
    Name::new("wfchgcapah", Role::ChargeCapacity, 6),
    Name::new("logtemp001", Role::Temperature, 7),
    Name::new("temp01", Role::Temperature, 7),
];

/// MIMS exports, text exports and CSV: a record number beside a cycle and `Amp-hr`, `DPT Time`, `Md` or `State`.
fn recognise(layout: &Layout) -> Option<Signature> {
    if layout.has("endingstatus") && layout.has("wfchgcap") {
        return Signature::usual(
            "`_ending_status` and `_wf_chg_cap` are Maccor's columns as BEEP names them",
        );
    }
    let recorded = layout.has("rec");
    let cycled = ["cyc", "cyclec", "cyclep", "cycle"].iter().any(|name| layout.has(name));
    let own = ["dpttime", "amphr", "mamphr", "md", "watthr"].iter().any(|name| layout.has(name));
    if !(recorded && cycled && own) {
        return None;
    }
    Signature::own("`Rec`, a cycle and `DPT Time`, `Amp-hr` or `Md` are Maccor's names")
}
