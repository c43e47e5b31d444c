//! NREL's batterydata.energy.gov: names with the unit behind an underscore, a MATLAB day number.

use super::super::log::Format;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Nrel,
    recognise,
    names: &NAMES,
    positive: Positive::Charge,
    counter: Counter::Cycle,
};

/// The vendor's own names.
const NAMES: [Name; 7] = [
    Name::unused("amphr"),
    Name::unused("watthr"),
    Name::unused("absolutechargethroughput"),
    Name::unused("chargethroughput"),
    Name::unused("absoluteenergythroughput"),
    Name::unused("energythroughput"),
    Name::unused("segmentlabel"),
];

/// `Datenum_d`, or the throughput columns, beside `Voltage_V`.
fn recognise(layout: &Layout) -> Option<Signature> {
    let own = layout.has("datenum") || layout.has("absolutechargethroughput");
    let header = |name: &str| layout.columns.iter().any(|column| column.header == name);
    if !(own && header("Voltage_V") && header("Current_A")) {
        return None;
    }
    Signature::own(
        "`Datenum_d` or throughput beside `Voltage_V` and `Current_A` are of batterydata.energy.gov",
    )
}
