//! Landt: CSV with units behind underscores, or text with Maccor-like names.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Landt,
    recognise,
    names: &NAMES,
    positive: Positive::Charge,
    counter: Counter::Step,
};

/// The vendor's own names.
const NAMES: [Name; 5] = [
    Name::unused("channelindex"),
    Name::new("datetimeisostring", Role::Clock, 9),
    Name::new("test", Role::TestTime, 5),
    Name::new("amphr", Role::Capacity, 7),
    Name::new("watthr", Role::Energy, 7),
];

/// `channel_index` and `test_time_s`, or `DPt-Time` written with a stroke.
fn recognise(layout: &Layout) -> Option<Signature> {
    if layout.has("channelindex") && layout.has("stepindex") {
        return Signature::own("`channel_index` with `step_index` are Landt's names");
    }
    if layout.header.contains("DPt-Time") && layout.has("amphr") {
        return Signature::own("`DPt-Time` with a stroke, and `Amp-hr`, are Landt's names");
    }
    if layout.has("testtime") && layout.header.contains("TestTime,Voltage/V") {
        return Signature::usual("`TestTime` followed by `Voltage/V` is Landt's order");
    }
    None
}
