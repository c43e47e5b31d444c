//! Reads battery recordings of any vendor without being told which.
//!
//! One engine reads them all: bytes to text (`text`), the header line (`detect`), names and units to columns
//! (`column_map`, `synonyms`, `unit`), cells to numbers and times (`number`, `time`) in one pass (`table`, `slot`), and the
//! columns to a recording with its signs and oddities settled (`assemble`, `elapsed`, `sign`). A vendor's file only says how
//! its exports are told apart; a file that no vendor claims is read all the same.

mod arbin;
mod assemble;
mod basytec;
mod bdf;
mod biologic;
mod column_map;
mod detect;
mod digatron;
mod elapsed;
mod generic;
mod home;
mod home_assistant;
mod landt;
mod maccor;
mod neware;
mod novonix;
mod number;
mod pec;
mod sign;
mod slot;
mod source;
mod synonyms;
mod table;
mod text;
mod time;
mod unit;
mod vendor;

#[cfg(test)]
mod tests;

pub use source::{ReadLimits, read, read_bytes, read_path, read_within};
