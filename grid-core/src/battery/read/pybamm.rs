//! `PyBaMM`: variables of a simulation, with the unit in brackets; discharging is positive.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Pybamm,
    recognise,
    names: &NAMES,
    positive: Positive::Discharge,
    counter: Counter::Net,
};

/// The vendor's own names.
const NAMES: [Name; 7] = [
    Name::unused("throughputcapacity"),
    Name::unused("throughputenergy"),
    Name::new("xaveragedcelltemperature", Role::Temperature, 8),
    Name::new("volumeaveragedcelltemperature", Role::Temperature, 8),
    Name::unused("batteryopencircuitvoltage"),
    Name::unused("bulkopencircuitvoltage"),
    Name::unused("xaveragedbatteryopencircuitvoltage"),
];

/// `[A.h]` written with a point, or `Terminal voltage [V]`, beside `Time [s]`.
fn recognise(layout: &Layout) -> Option<Signature> {
    let header = |name: &str| layout.columns.iter().any(|column| column.header == name);
    let simulated = ["Discharge capacity [A.h]", "Terminal voltage [V]", "Throughput capacity [A.h]"];
    let timed = layout.columns.iter().any(|column| column.header.starts_with("Time ["));
    if timed && simulated.into_iter().any(header) {
        return Signature::own("`Discharge capacity [A.h]` or `Terminal voltage [V]` are PyBaMM's names");
    }
    if timed && header("Battery voltage [V]") && header("Current [A]") {
        return Signature::usual(
            "`Battery voltage [V]` beside `Current [A]` and `Time [s]` are PyBaMM's names",
        );
    }
    None
}
