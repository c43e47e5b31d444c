//! A statement as people read it: as a page for the screen, as a document for the printer, as rows for a spreadsheet.
//!
//! [`html`] and [`pdf`] set the same page in Spanish or English: what is due, where the energy came from, each line with
//! its quantity and price, the taxes, what the community saved, and how to check that the statement is the one that was
//! issued. [`statements_csv`] writes the lines of many statements below each other. All three are functions of the
//! statement alone, so that the same statement gives the same bytes anywhere, at any time.
//!
//! Amounts are never rounded here. Energies are shown to the watt-hour; the statement itself holds them exactly.
//!
//! ```
//! use grid_core::energy::settlement::{Language, Statement, document};
//! # let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/energy/settlement/document/example.json"));
//! let statement: Statement = serde_json::from_str(text)?;
//! assert!(document::html(&statement, Language::Spanish).contains("222,34\u{a0}€"));
//! assert!(document::pdf(&statement, Language::English).starts_with(b"%PDF-1.7"));
//! assert_eq!(document::statements_csv(&[statement]).lines().count(), 1 + 12);
//! # Ok::<(), serde_json::Error>(())
//! ```

mod csv;
mod font;
mod html;
mod lines;
mod look;
mod names;
mod numbers;
mod page;
mod pdf;
mod sheet;
mod table;
mod words;

#[cfg(test)]
mod tests;

pub use csv::statements_csv;
pub use html::html;
pub use pdf::pdf;
