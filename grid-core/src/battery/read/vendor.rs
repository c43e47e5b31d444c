//! Asks each vendor's file in turn whether a layout is its own.

use super::super::log::Format;
use super::detect::Layout;
use super::{arbin, basytec, bdf, biologic, digatron, generic, home, landt, maccor, neware, novonix, pec};

/// What a vendor says when it recognises a layout: the reason, for the evidence.
type Recognise = fn(&Layout) -> Option<&'static str>;

/// The vendors, those with the surest signature first.
const VENDORS: [(Format, Recognise); 11] = [
    (Format::Biologic, biologic::recognise),
    (Format::Basytec, basytec::recognise),
    (Format::Novonix, novonix::recognise),
    (Format::Neware, neware::recognise),
    (Format::Pec, pec::recognise),
    (Format::Digatron, digatron::recognise),
    (Format::Landt, landt::recognise),
    (Format::Maccor, maccor::recognise),
    (Format::Bdf, bdf::recognise),
    (Format::Arbin, arbin::recognise),
    (Format::Home, home::recognise),
];

/// The format of a layout, and why.
pub(super) fn recognised(layout: &Layout) -> (Format, &'static str) {
    VENDORS
        .iter()
        .find_map(|(format, recognise)| recognise(layout).map(|why| (*format, why)))
        .unwrap_or((Format::Generic, generic::REASON))
}
