//! The evidence of a recording: how the file was understood, in the order in which it was found out.

use super::super::evidence::Evidence;
use super::super::log::Remark;
use super::column_map::Column;
use super::detect::Layout;
use super::slot::{Kind, Slot};
use super::time;
use super::unit::Dimension;
use super::vendor::{Counter, Positive};

/// How many unused columns are named.
const NAMED: usize = 12;

/// Everything that the layout and the columns say.
pub(super) fn of(layout: &Layout, slots: &[Slot], remarks: &[Remark]) -> Vec<Evidence> {
    let mut evidence = vec![
        Evidence::new(
            "format",
            layout.vendor.format.as_str(),
            layout.signature.why,
            layout.signature.confidence,
        ),
        Evidence::new(
            "header",
            format!("line {}", layout.header_line),
            "it is the first line that names a time and something measured, with numbers under it",
            0.95,
        ),
    ];
    evidence.extend(layout.encoding.clone());
    evidence.push(Evidence::new(
        "delimiter",
        layout.delimiter_name(),
        "the header names most with it, and the first rows have as many fields as the header",
        0.5 + 0.5 * layout.marks.evenness(),
    ));
    evidence.extend(layout.marks.evidence());
    evidence.extend(dates(layout, slots, remarks));
    evidence.extend(slots.iter().map(|slot| column(layout, slot)));
    if layout.vendor.counter != Counter::Unstated {
        evidence.push(Evidence::new(
            "counter",
            layout.vendor.counter.as_str(),
            format!("counts of Ah and Wh of {} do so; the rows decide", layout.vendor.format),
            0.8,
        ));
    }
    evidence.extend(unused(layout, slots));
    evidence
}

/// What the direction of the current and the units were settled by, once they are.
pub(super) fn settled(layout: &Layout, remarks: &[Remark]) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = remarks
        .iter()
        .filter_map(|remark| {
            let (what, found, confidence) = match remark.code {
                "current_sign_turned" | "power_sign_turned" => {
                    ("sign", "discharging is positive in the file", 0.95)
                }
                "current_sign_from_state" => ("sign", "no sign in the file", 0.97),
                "current_sign_from_capacity" => ("sign", "no sign in the file", 0.9),
                "sign_by_convention" => ("sign", "discharging is positive in the file", 0.7),
                "voltage_in_millivolts" => ("unit", "mV", 0.98),
                "time_unit_by_clock" => ("unit", "the time's unit, by the wall clock", 0.97),
                _ => return None,
            };
            Some(Evidence::new(what, found, remark.message.clone(), confidence))
        })
        .collect();
    if !evidence.iter().any(|evidence| evidence.what == "sign") {
        let convention = layout.vendor.positive;
        evidence.push(match convention {
            Positive::Charge => Evidence::new(
                "sign",
                convention.as_str(),
                format!("so counts {}, and nothing in the rows says otherwise", layout.vendor.format),
                0.9,
            ),
            _ => Evidence::new("sign", "as in the file", "nothing in the rows says otherwise", 0.6),
        });
    }
    evidence
}

/// The order of dates, and the zone of clocks.
fn dates(layout: &Layout, slots: &[Slot], remarks: &[Remark]) -> Vec<Evidence> {
    let order = slots.iter().find_map(|slot| match slot.kind {
        Kind::Clock { order } => Some(order),
        Kind::Number(_) | Kind::Duration | Kind::NumericClock | Kind::State | Kind::Label => None,
    });
    let Some(cell) = layout.marks.date() else { return Vec::new() };
    let shown = crate::error::excerpt(cell);
    let mut evidence = Vec::new();
    if time::is_year_first(cell) {
        evidence.push(Evidence::new(
            "date_order",
            "year, month, day",
            format!("`{shown}` starts with a year"),
            0.99,
        ));
    } else if time::names_a_month(cell) {
        evidence.push(Evidence::new("date_order", "the month by its name", format!("as in `{shown}`"), 0.99));
    } else if let Some(order) = order {
        let assumed = remarks.iter().any(|remark| remark.code == "date_order_assumed");
        let (why, confidence) = if assumed {
            ("no date of the file tells day and month apart, so the order was assumed", 0.5)
        } else {
            ("a number above twelve, or the even run of the clock, tells day and month apart", 0.95)
        };
        evidence.push(Evidence::new(
            "date_order",
            order.as_str(),
            format!("{why}; a date is `{shown}`"),
            confidence,
        ));
    }
    let header = layout.columns.iter().map(|column| column.header.as_str()).find_map(zone_of_header);
    evidence.push(match (time::zone(cell), header) {
        (Some(zone), _) => Evidence::new("zone", zone, format!("`{shown}` says it"), 0.99),
        (None, Some(zone)) => {
            Evidence::new("zone", zone, "the header says it, but rows of summer and winter may differ", 0.7)
        }
        (None, None) => Evidence::new("zone", "local, not stated", format!("`{shown}` names no zone"), 0.5),
    });
    evidence
}

/// A zone in the name of a column: `Europe/Tallinn (+03:00)`, `Timestamp (UTC)`.
fn zone_of_header(header: &str) -> Option<String> {
    let inner = header.rsplit_once(['(', '['])?.1.trim_end_matches([')', ']']).trim();
    let offset = inner.starts_with(['+', '-']) && inner.contains(':');
    let named =
        ["UTC", "GMT", "CET", "MEZ"].iter().any(|zone| inner.starts_with(zone)) || inner.contains("urope/");
    (offset || named).then(|| header.to_owned())
}

/// What one column was taken for.
fn column(layout: &Layout, slot: &Slot) -> Evidence {
    let column = layout.columns.get(slot.field);
    let (unit, sure) =
        column.map_or((None, 9), |column| (column.unit, column.role.map_or(5, |(_, sure)| sure)));
    let unit = match unit {
        Some(unit) if unit.changes() => format!(", times {}", unit.scale),
        None if slot.role.dimension().is_some_and(|dimension| dimension != Dimension::Ratio) => {
            ", without a unit".to_owned()
        }
        _ => String::new(),
    };
    let why = match sure {
        8.. => "its name says so",
        4..8 => "its name most likely says so",
        _ => "a word and the unit in its name suggest it",
    };
    Evidence::new(
        "column",
        format!("{:?} from \"{}\"{unit}", slot.role, slot.header),
        why,
        f64::from(sure) / 10.0,
    )
}

/// Columns that were not used, by reason.
fn unused(layout: &Layout, slots: &[Slot]) -> Vec<Evidence> {
    let left = || {
        layout.columns.iter().enumerate().filter(|(field, column)| {
            !column.header.is_empty() && slots.iter().all(|slot| slot.field != *field)
        })
    };
    let listed = |columns: Vec<&Column>| {
        let mut names: Vec<String> = columns
            .iter()
            .take(NAMED)
            .map(|column| format!("\"{}\"", crate::error::excerpt(&column.header)))
            .collect();
        if columns.len() > NAMED {
            names.push(format!("and {} more", columns.len() - NAMED));
        }
        names.join(", ")
    };
    let unknown: Vec<&Column> =
        left().map(|(_, column)| column).filter(|column| column.role.is_none()).collect();
    let other: Vec<&Column> =
        left().map(|(_, column)| column).filter(|column| column.role.is_some()).collect();
    let mut evidence = Vec::new();
    if !unknown.is_empty() {
        evidence.push(Evidence::new(
            "ignored",
            listed(unknown),
            "no quantity that is used has such a name and unit",
            0.8,
        ));
    }
    if !other.is_empty() {
        evidence.push(Evidence::new(
            "ignored",
            listed(other),
            "another column says the same more surely, or its cells are empty or no such values",
            0.8,
        ));
    }
    evidence
}
