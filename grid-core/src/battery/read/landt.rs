//! Landt: CSV with units behind underscores, or text with Maccor-like names.

use super::detect::Layout;

/// `channel_index` and `test_time_s`, or `DPt-Time` written with a stroke.
pub(super) fn recognise(layout: &Layout) -> Option<&'static str> {
    let csv = layout.has("channelindex") && layout.has("stepindex");
    let short = layout.has("testtime") && layout.header.contains("TestTime,Voltage/V");
    let text = layout.header.contains("DPt-Time") && layout.has("amphr");
    (csv || short || text)
        .then_some("`channel_index`, `TestTime` with `Voltage/V` or `DPt-Time` are Landt's names")
}
