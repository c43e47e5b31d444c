//! The lines of many statements as one table for spreadsheets.

use crate::{
    energy::settlement::{Kind, LineKind, Statement},
    quantity::Energy,
};

/// The columns, in their order.
const COLUMNS: [&str; 19] = [
    "statement_id",
    "member",
    "period",
    "component",
    "kind",
    "quantity",
    "band",
    "tier",
    "energy_kwh",
    "unit_price",
    "unit",
    "amount",
    "currency",
    "power_w",
    "days",
    "base",
    "rate_percent",
    "document",
    "corrects",
];

/// Writes the lines of statements in long form, one row a line, below one head.
///
/// The `amount`s of a statement's rows add up to its total, those whose `kind` is `tax` to its taxes. Numbers are plain
/// decimals with a point, a period is an ISO 8601 interval of UTC instants, and what a line does not have is an empty
/// field. Fields are quoted where they must be, and rows end in CR LF.
///
/// Names come from people, and a spreadsheet runs a text that begins with `=`, `+`, `-` or `@` as a formula; such a text
/// gets an apostrophe before it. Numbers never do.
///
/// # References
///
/// RFC 4180 (quoting, line ends); OWASP, CSV Injection (which beginnings are dangerous).
///
/// ```
/// use grid_core::energy::settlement::{Statement, document::statements_csv};
/// # let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/energy/settlement/document/example.json"));
/// let statement: Statement = serde_json::from_str(text)?;
/// let table = statements_csv(&[statement]);
/// assert!(table.starts_with("statement_id,member,period,component,kind,"));
/// assert!(table.contains(",import,punta,,301.250000,0.182400,EUR/kWh,54.95,EUR,"));
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn statements_csv(statements: &[Statement]) -> String {
    let mut out = String::new();
    row(&mut out, &COLUMNS.map(str::to_owned));
    for statement in statements {
        let period = format!("{}/{}", statement.period.start, statement.period.end);
        let document = match statement.kind {
            Kind::Statement => "statement",
            Kind::Correction => "correction",
        };
        for line in &statement.lines {
            let kind = match line.kind {
                LineKind::Energy => "energy",
                LineKind::Capacity => "capacity",
                LineKind::Fixed => "fixed",
                LineKind::Tax => "tax",
                LineKind::Credit => "credit",
                LineKind::Excess => "excess",
            };
            row(
                &mut out,
                &[
                    statement.id.to_string(),
                    words(&statement.member.name),
                    period.clone(),
                    words(&line.component),
                    kind.to_owned(),
                    words(line.quantity.as_deref().unwrap_or_default()),
                    words(line.band.as_deref().unwrap_or_default()),
                    text(line.tier),
                    line.energy_kwh.map(Energy::to_kwh_string).unwrap_or_default(),
                    number(line.unit_price.as_deref()),
                    words(line.unit.as_deref().unwrap_or_default()),
                    line.amount.to_string(),
                    words(&statement.currency),
                    text(line.power_w),
                    text(line.days),
                    text(line.base),
                    number(line.rate_percent.as_deref()),
                    document.to_owned(),
                    text(statement.corrects),
                ],
            );
        }
    }
    out
}

fn text(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A decimal as it stands; what is none is a text like any other.
fn number(value: Option<&str>) -> String {
    let value = value.unwrap_or_default();
    if super::numbers::Decimal::parse(value).is_some() { value.to_owned() } else { words(value) }
}

/// A text that no spreadsheet takes for a formula.
fn words(text: &str) -> String {
    const DANGEROUS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    let first = text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control()).chars().next();
    let controlled = text.starts_with(['\t', '\r', '\n']);
    if controlled || first.is_some_and(|first| DANGEROUS.contains(&first)) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn row<const N: usize>(out: &mut String, fields: &[String; N]) {
    for (place, field) in fields.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        if field.contains(['"', ',', '\r', '\n', ';', '\t']) {
            out.push('"');
            out.push_str(&field.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(field);
        }
    }
    out.push_str("\r\n");
}
