//! The engine of GRID, for energy communities: from the meter to the bill.
//!
//! Everything that GRID computes lives here, one module a subject; the HTTP server and the Python package
//! are thin faces over it, so that the three give the same number to the last digit. `docs/architecture.md`
//! says which module may name which.
//!
//! Exact where money follows ([`quantity::Energy`] counts milliwatt-hours), `f64` where physics follows
//! ([`battery`]). Missing is never zero ([`series::Quality`]). The clock, seeds and files come in as arguments.

pub mod battery;
pub mod energy;
pub mod error;
pub mod flow;
pub mod quantity;
pub mod series;
pub mod time;

#[cfg(feature = "auth")]
pub mod auth;
#[cfg(feature = "chart")]
pub mod chart;
#[cfg(feature = "forecast")]
pub mod forecast;
#[cfg(feature = "proof")]
pub mod proof;
#[cfg(feature = "_store")]
pub mod store;
