//! Neware: BTS exports, flat or nested as cycle, step and record rows; capacities restart at each step.

use super::detect::Layout;

/// Nested exports, flat BTS 8 (`Chg. Cap.(Ah)`), flat BTS 5 to 7 (`Capacitance_Chg(mAh)`), Chinese headers.
pub(super) fn recognise(layout: &Layout) -> Option<&'static str> {
    if layout.nesting.is_some() {
        return Some("cycle, step and record header lines above each other are Neware's nested export");
    }
    let numbered = layout.has("datapoint") || layout.has("recordid") || layout.has("数据序号");
    let counted = ["chgcap", "dchgcap", "capacitancechg", "capacitancedchg", "chgspeccap", "充电容量"]
        .iter()
        .any(|name| layout.has(name));
    let staged = layout.has("steptype") || layout.has("stepid") || layout.has("工步类型");
    (counted && (numbered || staged))
        .then_some("`Chg. Cap.` or `Capacitance_Chg` with a record number are Neware's")
}
