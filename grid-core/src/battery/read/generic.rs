//! Every other file: columns by their names and units alone.

/// What the evidence says when no vendor claims a layout.
pub(super) const REASON: &str = "no vendor's signature; columns by their names and units";
