//! Battery recordings: read any vendor's file, find its cycles, and say what went in and out of each.
//!
//! [`read()`], [`read_bytes`] and [`read_path`] take text of any layout (CSV, TSV, `.txt`, `.mpt`) without being told
//! which one: encoding, delimiter, decimal mark, header line, units and the direction of the current are found in the
//! file, and [`Recording::evidence`] and [`Recording::remarks`] say what was found and what was odd.
//! [`Recording::cycles`] and [`summarise`] give capacity, energy and efficiency.
//!
//! Everywhere: time in s, voltage in V, current in A and positive while charging, capacity in Ah, energy in Wh,
//! temperature in degrees Celsius. A missing cell is NaN, never zero.
//!
//! ```
//! let file = b"time,voltage,current\n0,3.6,1\n1800,3.8,1\n3600,4.0,1\n5400,3.7,-1\n7200,3.5,-1\n";
//! let recording = grid_core::battery::read_bytes(file)?;
//! let summary = grid_core::battery::summarise(&recording);
//! assert_eq!(summary.rows, 5);
//! assert_eq!(summary.cycles.len(), 1);
//! # Ok::<(), grid_core::battery::Error>(())
//! ```

mod capacity;
mod cycle;
mod efficiency;
mod error;
mod log;
mod read;
mod summary;

pub use capacity::{Agreement, DISAGREEMENT_BOUND, Method};
pub use cycle::CycleSummary;
pub use efficiency::{charge_over_discharge, discharge_over_charge, discharge_over_previous_charge};
pub use error::Error;
pub use log::{Channel, Format, Recording, Remark};
pub use read::{ReadLimits, read, read_bytes, read_path, read_within};
pub use summary::{Summary, summarise};
