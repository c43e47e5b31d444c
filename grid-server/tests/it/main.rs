//! The server as its users meet it: a real one, over real sockets.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod auth;
mod bad_input;
mod battery;
mod citylearn;
mod communities;
mod demo;
mod devices;
mod forecasts;
mod harness;
#[path = "../../../grid-core/tests/it/shared_data.rs"]
mod shared_data;
mod old_faults;
mod process;
mod readings;
mod service;
