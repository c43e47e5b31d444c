//! Files that are something else: said by name, with what to do instead.

use super::super::error::Error;
use super::column_map::{Column, Role};
use super::detect::names;
use super::number::{Cell, DecimalMark, number, trim};
use super::text::{Line, fields, lines, shown};
use super::time::{self, DateOrder};

/// How many lines are looked through for the header of another table.
const SEARCHED_LINES: usize = 300;
/// How many lines of nothing but numbers show that no line names the columns.
const UNNAMED_LINES: usize = 2;

/// A document that is no table: JSON, XML, HTML, rich text.
pub(super) fn document(text: &[u8]) -> Option<Error> {
    const TABLE: &str =
        "write its values as a table, one row a moment, for example `time_s,voltage_v,current_a`";
    let text = text.trim_ascii_start();
    let second = text.get(1..).map(<[u8]>::trim_ascii_start).and_then(|rest| rest.first().copied());
    let lower = text.get(..15).unwrap_or(text).to_ascii_lowercase();
    let (found, advice) = match text.first()? {
        b'{' if text.starts_with(b"{\\rtf") => ("a document in rich text", "save it as plain text or CSV"),
        b'{' if matches!(second, Some(b'"' | b'}')) => ("a JSON document", TABLE),
        // A block such as Novonix's `[Summary]` starts with a letter.
        b'[' if matches!(second, Some(b'{' | b'[' | b'"' | b']')) => ("a JSON document", TABLE),
        b'<' if lower.starts_with(b"<!doctype html") || lower.starts_with(b"<html") => (
            "an HTML page",
            "download the file itself instead of the page (one that asks to log in looks so)",
        ),
        b'<' if lower.starts_with(b"<?xml") || memchr::memmem::find(text, b"</").is_some() => (
            "an XML document",
            "open it in the program that wrote it, or in a spreadsheet, and save the table as CSV",
        ),
        _ => return None,
    };
    Some(Error::AnotherKind { line: Some(1), found: found.to_owned(), advice })
}

/// A table of something else: rows of numbers without names, or one row a cycle.
pub(super) fn table(text: &[u8], end: u8) -> Option<Error> {
    let filled = || lines(text, end, 0, 1).filter(|line| !line.is_blank());
    if filled().take(UNNAMED_LINES).filter(only_numbers).count() == UNNAMED_LINES {
        return Some(Error::AnotherKind {
            line: filled().next().map(|line| line.number),
            found: "rows of numbers and no line that names the columns".to_owned(),
            advice: "add a first line with the names and units, for example `time_s,voltage_v,current_a`",
        });
    }
    filled().take(SEARCHED_LINES).find_map(|line| {
        Some(Error::AnotherKind {
            line: Some(line.number),
            found: one_row_a_cycle(&line)?,
            advice: "give the time series that the summary was made from; its cycles are computed",
        })
    })
}

/// Readings of an energy meter or of a solar plant, with the names of the columns.
pub(super) fn meter(line: u64, names: &str) -> Error {
    Error::AnotherKind {
        line: Some(line),
        found: format!("meter readings of a house without a battery: {names}"),
        advice: "read it as energy readings, or add the battery's voltage, current, power or state of charge",
    }
}

/// Whether a line is two or more numbers or dates, and nothing else.
fn only_numbers(line: &Line<'_>) -> bool {
    b"\t,;| ".iter().any(|delimiter| {
        let cells = fields(line.bytes, *delimiter);
        let filled = || cells.iter().map(|cell| trim(cell)).filter(|cell| !cell.is_empty());
        let measured = |cell: &[u8]| matches!(number(cell, DecimalMark::Point), Cell::Number(_));
        let moment = |cell: &[u8]| {
            time::duration(cell).is_some()
                || time::clock(cell, DateOrder::DayFirst).is_some()
                || time::clock(cell, DateOrder::MonthFirst).is_some()
        };
        filled().count() > 1 && filled().any(measured) && filled().all(|cell| measured(cell) || moment(cell))
    })
}

/// The names of a header line of cycles: a cycle with its capacity, energy or efficiency, and neither voltage nor
/// current.
fn one_row_a_cycle(line: &Line<'_>) -> Option<String> {
    b"\t,;|".iter().find_map(|delimiter| {
        let columns: Vec<Column> =
            fields(line.bytes, *delimiter).into_iter().map(|field| Column::new(&shown(field))).collect();
        let has = |roles: &[Role]| {
            columns.iter().any(|column| column.role.is_some_and(|(role, _)| roles.contains(&role)))
        };
        let counted = has(&[
            Role::ChargeCapacity,
            Role::DischargeCapacity,
            Role::Capacity,
            Role::ChargeEnergy,
            Role::DischargeEnergy,
            Role::Energy,
        ]) || columns.iter().any(|column| column.name.contains("efficiency"));
        let summary = has(&[Role::Cycle]) && counted && !has(&[Role::Voltage, Role::Current]);
        summary.then(|| format!("a table with one row a cycle: {}", names(&columns)))
    })
}
