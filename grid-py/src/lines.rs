//! The lines of bills and statements, as tables.

use grid_core::quantity::Currency;
use pyo3::prelude::*;
use serde_json::Value;

use crate::{json, table::Table};

/// What the lines of bills and statements have, and whether it is a number that a table holds as one.
const COLUMNS: [(&str, bool); 17] = [
    ("quantity", false),
    ("band", false),
    ("tier", true),
    ("month", false),
    ("energy_kwh", true),
    ("power_w", true),
    ("power_kw", true),
    ("days", true),
    ("months", false),
    ("unit_price", false),
    ("per", false),
    ("unit", false),
    ("fee", false),
    ("base", false),
    ("rate_percent", false),
    ("taxed", false),
    ("forfeited", false),
];

/// Adds lines to a table: what the core writes of them, their names in English, and their amounts.
///
/// Columns that no line has are left out. `amounts` are in millionths of the currency's unit.
pub(crate) fn add<L: serde::Serialize>(
    table: Table,
    lines: &[&L],
    amounts: &[i64],
    currency: &str,
) -> PyResult<Table> {
    let lines = lines.iter().map(|line| json::tree(*line)).collect::<PyResult<Vec<_>>>()?;
    let text = |line: &Value, field: &str| match line.get(field) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(number @ Value::Number(_)) => Some(number.to_string()),
        _ => None,
    };
    let mut table = table
        .texts("component", lines.iter().map(|line| text(line, "component")))
        .texts("kind", lines.iter().map(|line| text(line, "kind")))
        .texts("name", lines.iter().map(name));
    for (column, is_number) in COLUMNS {
        let cells: Vec<Option<String>> = lines.iter().map(|line| text(line, column)).collect();
        if cells.iter().all(Option::is_none) {
            continue;
        }
        table = if is_number {
            table.optional_floats(
                column,
                cells.into_iter().map(|cell| cell.and_then(|cell| cell.parse().ok())),
            )
        } else {
            table.texts(column, cells)
        };
    }
    Ok(table
        .texts("amount", lines.iter().map(|line| text(line, "amount")))
        .integers("amount_micros", amounts.iter().copied())
        .texts("currency", amounts.iter().map(|_| Some(currency))))
}

/// What people call a line: its English name, any other, or else the component's id.
fn name(line: &Value) -> Option<String> {
    let names = line.get("names").and_then(Value::as_object);
    let named = names.and_then(|names| names.get("en").or_else(|| names.values().next()));
    named.or_else(|| line.get("component")).and_then(Value::as_str).map(str::to_owned)
}

/// The currency of a document, by its code.
pub(crate) fn currency(code: &str) -> PyResult<Currency> {
    code.parse().map_err(crate::error::raise)
}
