//! Prices as data.
