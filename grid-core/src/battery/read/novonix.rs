//! Novonix: `[Summary]`, `[Protocol]` and `[Data]` blocks, times in hours, one net capacity.

use super::super::log::Format;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Novonix,
    recognise,
    names: &NAMES,
    positive: Positive::Charge,
    counter: Counter::Net,
};

/// The vendor's own names.
const NAMES: [Name; 4] = [
    Name::unused("stepposition"),
    Name::unused("circuittemperature"),
    Name::unused("dvdt"),
    Name::unused("didt"),
];

/// The blocks, or `Potential (V)` beside `Run Time (h)`.
fn recognise(layout: &Layout) -> Option<Signature> {
    let blocks = layout.preamble.contains("Novonix") || layout.preamble.contains("[Data]");
    if blocks && layout.has("potential") {
        return Signature::own("`Potential (V)` under Novonix's blocks");
    }
    let named = layout.has("potential") && (layout.has("runtime") || layout.has("cyclenumber"));
    if named { Signature::usual("`Potential (V)` with Novonix's times or cycles") } else { None }
}
