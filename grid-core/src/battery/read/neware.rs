//! Neware: BTS exports, flat or nested as cycle, step and record rows; capacities restart at each step.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Neware,
    recognise,
    names: &NAMES,
    positive: Positive::Charge,
    counter: Counter::Step,
};

/// The vendor's own names.
const NAMES: [Name; 19] = [
    Name::unused("datapoint"),
    Name::unused("recordid"),
    Name::unused("recordnumber"),
    Name::unused("jump"),
    Name::unused("数据序号"),
    Name::new("steps", Role::Step, 9),
    Name::new("avgt", Role::Temperature, 7),
    Name::new("chgcap", Role::ChargeCapacity, 9),
    Name::new("capchg", Role::ChargeCapacity, 9),
    Name::new("capacitancechg", Role::ChargeCapacity, 9),
    Name::new("dchgcap", Role::DischargeCapacity, 9),
    Name::new("capdchg", Role::DischargeCapacity, 9),
    Name::new("capacitancedchg", Role::DischargeCapacity, 9),
    Name::new("chgenergy", Role::ChargeEnergy, 9),
    Name::new("engychg", Role::ChargeEnergy, 9),
    Name::new("dchgenergy", Role::DischargeEnergy, 9),
    Name::new("engydchg", Role::DischargeEnergy, 9),
    Name::unused("chgtime"),
    Name::unused("dchgtime"),
];

/// Nested exports, flat BTS 8 (`Chg. Cap.(Ah)`), flat BTS 5 to 7 (`Capacitance_Chg(mAh)`), Chinese headers.
fn recognise(layout: &Layout) -> Option<Signature> {
    if layout.nesting.is_some() {
        return Signature::own(
            "cycle, step and record header lines above each other are Neware's nested export",
        );
    }
    let numbered = ["datapoint", "recordid", "recordnumber", "数据序号", "记录序号", "记录号"]
        .iter()
        .any(|name| layout.has(name));
    let counted =
        ["chgcap", "dchgcap", "capacitancechg", "capacitancedchg", "chgspeccap", "充电容量", "engychg"]
            .iter()
            .any(|name| layout.has(name));
    let staged = layout.has("steptype") || layout.has("stepid") || layout.has("工步类型");
    if counted && (numbered || staged) {
        return Signature::own("`Chg. Cap.` or `Capacitance_Chg` with a record number are Neware's");
    }
    let stepped =
        layout.has("jump") || layout.has("realtime") || layout.has("工步号") || layout.has("工步序号");
    if numbered && stepped {
        return Signature::usual("a record number beside Neware's steps or `Realtime`");
    }
    None
}
