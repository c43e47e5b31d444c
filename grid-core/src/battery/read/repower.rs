//! Repower: `System Time`, `Relative Time(Sec)`, `Step State`, a temperature named `MTV1`.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Repower,
    recognise,
    names: &NAMES,
    positive: Positive::Charge,
    counter: Counter::Cycle,
};

/// The vendor's own names.
const NAMES: [Name; 2] = [Name::new("mtv1", Role::Temperature, 8), Name::new("mtv2", Role::Temperature, 3)];

/// `MTV1`, or `Step State` with `System Time`.
fn recognise(layout: &Layout) -> Option<Signature> {
    let timed = layout.has("systemtime") && layout.has("relativetime");
    if timed && layout.has("mtv1") {
        return Signature::own("`System Time`, `Relative Time` and `MTV1` are Repower's names");
    }
    if timed && layout.has("stepstate") {
        return Signature::usual("`System Time`, `Relative Time` and `Step State` are Repower's names");
    }
    None
}
