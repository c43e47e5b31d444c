//! The HTTP face of GRID: it reads a request, asks `grid-core` and answers.
//!
//! No formula, no SQL and no loop over data lives here. [`router`] says which routes there are, [`problem`] is the
//! one place where an error becomes a response, [`config`] the one place where a setting is defined, and [`serve`]
//! starts and stops the whole.

pub mod app;
pub mod cli;
pub mod commands;
pub mod config;
pub mod problem;
pub mod readme;
pub mod router;
pub mod serve;

mod admission;
mod arriving;
mod body;
mod browser;
mod caller;
mod clock;
mod conditional;
mod connection;
mod demo;
mod draft;
mod extract;
mod forecasting;
mod form;
mod http1;
mod hurry;
mod idempotency;
mod import;
mod layers;
mod listeners;
mod metrics;
mod oauth;
mod openapi;
mod origin;
mod outlooks;
mod page;
mod period;
mod quota;
mod routes;
mod services;
mod setup;
mod spool;
mod telemetry;
mod trail;
mod upload;
mod workers;

pub use cli::run;
