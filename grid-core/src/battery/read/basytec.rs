//! Basytec: lines that start with `~`, a header such as `~Time[s]`, the start time in the preamble only.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Basytec,
    recognise,
    names: &NAMES,
    positive: Positive::Charge,
    counter: Counter::Cycle,
};

/// The vendor's own names.
const NAMES: [Name; 16] = [
    Name::new("cvol", Role::Voltage, 9),
    Name::new("ccur", Role::Current, 8),
    Name::new("ctemp", Role::Temperature, 9),
    Name::new("tstep", Role::StepTime, 9),
    Name::unused("tset"),
    Name::unused("tcyc"),
    Name::new("ahcyccharge", Role::ChargeCapacity, 6),
    Name::new("ahcycdischarge", Role::DischargeCapacity, 6),
    Name::new("ahstep", Role::Capacity, 5),
    Name::new("whcyccharge", Role::ChargeEnergy, 6),
    Name::new("whcycdischarge", Role::DischargeEnergy, 6),
    Name::new("whstep", Role::Energy, 5),
    Name::new("line", Role::Step, 2),
    Name::new("cyccount", Role::Cycle, 4),
    Name::new("command", Role::State, 8),
    Name::unused("state"),
];

/// `Resultfile from Basytec …`, or `~Time[` at the start of the header line, or the short names of its raw tables.
fn recognise(layout: &Layout) -> Option<Signature> {
    if layout.preamble.contains("Basytec") || layout.header.starts_with("~Time[") {
        return Signature::own("`~Time[…]` or the preamble says Basytec");
    }
    let short = layout.has("cvol") && layout.has("ccur") && layout.has("runtime");
    if short { Signature::usual("`run_time`, `c_vol` and `c_cur` are Basytec's names") } else { None }
}
