//! `BattMo`: labels of the Battery Data Format, but discharging is positive.

use super::super::log::Format;
use super::detect::Layout;
use super::vendor::{Counter, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Battmo,
    recognise,
    names: &[],
    positive: Positive::Discharge,
    counter: Counter::Never,
};

/// `Protocol Name / 1` beside `Test Time / h`.
fn recognise(layout: &Layout) -> Option<Signature> {
    let header = |name: &str| layout.columns.iter().any(|column| column.header == name);
    let own = header("Protocol Name / 1") && header("Voltage / V");
    if own { Signature::own("`Protocol Name / 1` beside `Voltage / V` is BattMo's export") } else { None }
}
