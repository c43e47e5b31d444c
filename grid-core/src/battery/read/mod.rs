//! Reads battery recordings of any vendor without being told which.
//!
//! One engine reads them all, block by block: bytes to text (`source`, `blocks`, `text`), the header line (`detect`), names
//! and units to columns (`column_map`, `synonyms`, `unit`, `table`), how numbers and dates are written (`marks`), lines to
//! cells (`split`), cells to numbers and times (`slot`, `decimal`, `number`, `time`), and columns to rows with their units
//! and directions (`batch`, `columns`).
//!
//! What only the whole file can tell, such as which way the current flows, are `decisions`: `scan` starts from what the
//! head of the file says, gathers `evidence` on the way (`elapsed`, `sign`, `convention`, `spread`, `damage`), and reads
//! again where that decides otherwise. Rows go to a recording (`source`) or into a summary (`summed`), which is all that
//! differs between the two; `reasons` says why all of it was taken so.
//!
//! A vendor's file says how its exports are told apart and what its own names mean (`vendor`); a file that no vendor
//! claims is read all the same, and one that is something else is refused by name (`foreign`).

mod arbin;
mod basytec;
mod batch;
mod batmon;
mod battery_archive;
mod battmo;
mod bdf;
mod biologic;
mod blocks;
mod cellpy;
mod column_map;
mod columns;
mod convention;
mod damage;
mod decimal;
mod decisions;
mod detect;
mod digatron;
mod e3dc;
mod elapsed;
mod enphase;
mod evidence;
mod foreign;
mod generic;
mod grid_level;
mod home;
mod home_assistant;
mod labels;
mod landt;
mod maccor;
mod marks;
mod nasa_pcoe;
mod nested;
mod neware;
mod novonix;
mod nrel;
mod number;
mod pec;
mod pybamm;
mod reasons;
mod repower;
mod scan;
mod sign;
mod slot;
mod sma;
mod solarman;
mod sonnen;
mod source;
mod split;
mod spread;
mod summed;
mod synonyms;
mod table;
mod tesla;
mod text;
mod time;
mod unit;
mod vendor;
mod victron_vrm;

#[cfg(test)]
mod block_tests;
#[cfg(test)]
mod tests;

pub use blocks::Progress;
pub use source::{
    ReadLimits, ReadOptions, Source, read, read_bytes, read_bytes_as, read_path, read_with, read_within,
};
pub use summed::{summarise_bytes, summarise_path, summarise_with};
