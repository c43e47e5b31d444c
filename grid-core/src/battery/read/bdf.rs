//! Battery Data Format (Linux Foundation): `Test Time / s` or `test_time_second`, charging positive by definition.

use super::detect::Layout;

/// Preferred labels, or machine names.
pub(super) fn recognise(layout: &Layout) -> Option<&'static str> {
    let header = |name: &str| layout.columns.iter().any(|column| column.header == name);
    if header("test_time_second") && (header("voltage_volt") || header("current_ampere")) {
        return Some("`test_time_second` and `voltage_volt` are machine names of the Battery Data Format");
    }
    let labelled = layout.columns.iter().any(|column| column.header.starts_with("Test Time / "))
        && (header("Voltage / V") || header("Current / A"));
    labelled.then_some("`Test Time / s` and `Voltage / V` are labels of the Battery Data Format")
}
