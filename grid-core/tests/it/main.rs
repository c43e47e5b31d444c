//! The integration tests of grid-core, in one binary.
#![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

#[cfg(feature = "forecast")]
mod forecast;
