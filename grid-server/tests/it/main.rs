//! The server as its users meet it: a real one, over real sockets.
#![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]
#![allow(clippy::panic, reason = "a test may stop at what it did not expect")]
#![allow(clippy::indexing_slicing, reason = "a test may stop at what is not there")]
#![allow(clippy::print_stdout, reason = "a test says what it skipped")]

mod access;
mod anomalies;
mod api_keys;
mod archive_command;
mod auth;
mod bad_input;
mod battery;
mod battery_command;
mod citylearn;
mod coefficients;
mod commands;
mod communities;
mod community_forecasts;
mod compat;
mod databases;
mod demo;
mod deploy;
mod described;
mod devices;
mod doctor;
mod events;
mod forecast_command;
mod forecasts;
mod harness;
mod idempotency;
mod lists;
mod load;
mod log;
mod logins;
mod long_files;
mod metering;
mod metrics;
mod oauth;
mod old_faults;
mod own_data;
mod predictions;
mod process;
mod protocol;
mod readings;
mod replicas;
mod service;
mod sessions;
mod settlement_command;
mod settlement_moves;
mod settlement_terms;
mod settlements;
mod setup;
#[path = "../../../grid-core/tests/it/shared_data.rs"]
mod shared_data;
mod shutdown;
mod street;
mod totp;
mod traces;
mod unknown_fields;
mod users;
