//! The HTTP face of GRID: it reads a request, asks `grid-core` and answers.
//!
//! No formula, no SQL and no loop over data lives here. [`router`] says which routes there are, [`problem`] is the
//! one place where an error becomes a response, [`config`] the one place where a setting is defined, and [`serve`]
//! starts and stops the whole.

pub mod app;
pub mod cli;
pub mod config;
pub mod problem;
pub mod readme;
pub mod router;
pub mod serve;

mod clock;
mod extract;
mod hashing;
mod layers;
mod openapi;
mod routes;
mod telemetry;

pub use cli::run;
