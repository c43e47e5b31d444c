//! Battery Data Format (Linux Foundation): `Test Time / s` or `test_time_second`, charging positive by definition.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Bdf,
    recognise,
    names: &NAMES,
    positive: Positive::Charge,
    counter: Counter::Never,
};

/// The vendor's own names.
const NAMES: [Name; 7] = [
    // An earlier draft of the format numbered cycles so.
    Name::new("cycledimensionless", Role::Cycle, 8),
    Name::new("temperaturet1", Role::Temperature, 7),
    Name::new("temperaturet1celsius", Role::Temperature, 7),
    Name::new("netcapacity", Role::Capacity, 8),
    Name::new("netenergy", Role::Energy, 8),
    Name::unused("cumulativecapacity"),
    Name::unused("cumulativeenergy"),
];

/// Preferred labels, or machine names.
fn recognise(layout: &Layout) -> Option<Signature> {
    let header = |name: &str| layout.columns.iter().any(|column| column.header == name);
    let timed = ["test_time_second", "test_time_millisecond"].into_iter().any(header);
    if timed && (header("voltage_volt") || header("current_ampere")) {
        return Signature::own(
            "`test_time_…` and `voltage_volt` are machine names of the Battery Data Format",
        );
    }
    let labelled = layout.columns.iter().any(|column| column.header.starts_with("Test Time / "))
        && (header("Voltage / V") || header("Current / A"));
    if !labelled {
        return None;
    }
    Signature::own("`Test Time / s` and `Voltage / V` are labels of the Battery Data Format")
}
