//! The integration tests of grid-core, in one binary.
#![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]
#![allow(clippy::panic, reason = "a test may stop at what it did not expect")]
#![allow(clippy::indexing_slicing, reason = "a test may stop at what is not there")]
#![allow(clippy::print_stdout, reason = "a test says what it skipped and what it measured")]

mod citylearn;
mod energy;
mod layers;
mod meter_to_series;
mod pages;
mod rules;
mod shared_data;

#[cfg(feature = "auth")]
mod auth;

mod battery;
mod battery_analysis;

#[cfg(feature = "forecast")]
mod forecast;
#[cfg(feature = "forecast")]
mod forecast_saved;
#[cfg(feature = "forecast")]
mod forecast_sets;

#[cfg(feature = "chart")]
mod chart;
#[cfg(feature = "_store")]
mod store;
#[cfg(feature = "_store")]
mod store_agreement_checks;
#[cfg(feature = "_store")]
mod store_archive;
#[cfg(feature = "sqlite")]
mod store_archive_damage;
#[cfg(feature = "_store")]
mod store_auth_checks;
#[cfg(feature = "_store")]
mod store_checks;
#[cfg(feature = "_store")]
mod store_citylearn;
#[cfg(feature = "_store")]
mod store_community_checks;
#[cfg(all(feature = "mysql", feature = "postgres"))]
mod store_connections;
#[cfg(feature = "_store")]
mod store_contract_checks;
#[cfg(feature = "_store")]
mod store_device_checks;
#[cfg(feature = "_store")]
mod store_differences;
#[cfg(feature = "_store")]
mod store_document_checks;
#[cfg(feature = "_store")]
mod store_erasure;
#[cfg(feature = "_store")]
mod store_erasure_property;
#[cfg(feature = "_store")]
mod store_event_checks;
#[cfg(feature = "_store")]
mod store_finding_checks;
#[cfg(feature = "_store")]
mod store_import_checks;
#[cfg(feature = "_store")]
mod store_log;
#[cfg(feature = "_store")]
mod store_outages;
#[cfg(feature = "_store")]
mod store_own_data;
#[cfg(feature = "_store")]
mod store_placement_checks;
#[cfg(feature = "_store")]
mod store_quota_checks;
#[cfg(feature = "_store")]
mod store_reading_checks;
#[cfg(feature = "_store")]
mod store_register_checks;
#[cfg(feature = "_store")]
mod store_request_checks;
#[cfg(feature = "_store")]
mod store_settlement_checks;
#[cfg(feature = "_store")]
mod store_sorted;
#[cfg(feature = "_store")]
mod store_street;
#[cfg(feature = "_store")]
mod store_total_checks;
#[cfg(feature = "_store")]
mod store_user_checks;
#[cfg(feature = "_store")]
mod store_writer_checks;
