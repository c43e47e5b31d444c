//! Digatron: a `#` between name and unit, and capacities as `AhCha`, `AhDch`, `AhStep`, `AhAccu`.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Digatron,
    recognise,
    names: &NAMES,
    positive: Positive::Charge,
    counter: Counter::Never,
};

/// The vendor's own names.
const NAMES: [Name; 14] = [
    Name::new("programduration", Role::TestTime, 9),
    Name::new("progtime", Role::TestTime, 9),
    Name::new("programtime", Role::TestTime, 9),
    Name::new("prgtime", Role::TestTime, 9),
    Name::new("ahcha", Role::ChargeCapacity, 8),
    Name::new("ahdch", Role::DischargeCapacity, 8),
    Name::new("ahaccu", Role::Capacity, 6),
    Name::new("ahstep", Role::Capacity, 5),
    Name::unused("ahprev"),
    Name::new("whcha", Role::ChargeEnergy, 8),
    Name::new("whaccu", Role::Energy, 6),
    Name::new("whstep", Role::Energy, 5),
    Name::unused("whprev"),
    Name::new("tenv", Role::Temperature, 3),
];

/// `AhAccu`, or `Program Duration`, as Digatron's Battery Manager names them.
fn recognise(layout: &Layout) -> Option<Signature> {
    let own = layout.has("ahaccu") || layout.has("programduration") || layout.has("ahprev");
    if own { Signature::own("`AhAccu` or `Program Duration` are Digatron's names") } else { None }
}
