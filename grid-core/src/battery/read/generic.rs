//! Every other file: columns by their names and units alone.

use super::super::log::Format;
use super::vendor::{Counter, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Generic,
    recognise: |_| Some(SIGNATURE),
    names: &[],
    positive: Positive::Unstated,
    counter: Counter::Unstated,
};

/// What the evidence says when no vendor claims a layout.
pub(super) const SIGNATURE: Signature =
    Signature { why: "no vendor's signature is in it; columns go by their names and units", confidence: 0.6 };
