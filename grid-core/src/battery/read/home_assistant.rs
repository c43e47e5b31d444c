//! Home Assistant's history export: one line a reading (`entity_id,state,last_changed`), turned into columns.

use std::collections::BTreeMap;

use super::super::error::Error;
use super::super::evidence::Evidence;
use super::super::log::{Format, Recording, Remark};
use super::marks;
use super::number::{Cell, DecimalMark, number, trim};
use super::text::{fields, lines, shown};
use super::time::{self, Clock, DateOrder};
use super::vendor::{Counter, Positive, Vendor};

/// See [`Vendor`]; its long layout has a reader of its own below.
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::HomeAssistant,
    recognise: |_| None,
    names: &[],
    positive: Positive::Unstated,
    counter: Counter::Unstated,
};

/// A quantity of the battery, by words in the entity's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Quantity {
    Voltage,
    Current,
    Power,
    Temperature,
    StateOfCharge,
}

impl Quantity {
    /// The quantity of `sensor.battery_voltage` and its like; entities that are not of the battery have none.
    fn of(entity: &str) -> Option<Self> {
        let name = entity.to_lowercase();
        let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
        if !has(&["batt", "soc", "state_of_charge", "accu", "akku", "powerwall", "bms"]) {
            return None;
        }
        Some(if has(&["soc", "state_of_charge", "level", "ladezustand", "percent"]) {
            Self::StateOfCharge
        } else if has(&["volt", "spannung"]) {
            Self::Voltage
        } else if has(&["current", "strom"]) {
            Self::Current
        } else if has(&["temp"]) {
            Self::Temperature
        } else if has(&["power", "leistung"]) {
            Self::Power
        } else {
            return None;
        })
    }
}

/// Whether the first line is the header of such an export, and where its three fields stand.
fn header(text: &[u8], end: u8) -> Option<[usize; 3]> {
    let first = lines(text, end, 0, 1).next()?;
    let names: Vec<String> = fields(first.bytes, b',').iter().map(|name| shown(trim(name))).collect();
    let place = |name: &str| names.iter().position(|other| other == name);
    Some([place("entity_id")?, place("state")?, place("last_changed").or_else(|| place("last_updated"))?])
}

/// Reads the export; `None` when the text is none.
///
/// Each moment at which a value of the battery changed becomes a row; what did not change in that moment is NaN.
pub(super) fn read(text: &[u8], end: u8) -> Option<Result<Recording, Error>> {
    let places = header(text, end)?;
    Some(rows(text, end, places))
}

fn rows(text: &[u8], end: u8, [entity, state, changed]: [usize; 3]) -> Result<Recording, Error> {
    let mut moments: BTreeMap<(i64, i32), (Clock, BTreeMap<Quantity, f64>)> = BTreeMap::new();
    let mut entities: BTreeMap<String, Option<Quantity>> = BTreeMap::new();
    let mut missing = 0_usize;
    for line in lines(text, end, 0, 1).skip(1).filter(|line| !line.is_blank()) {
        let cells = fields(line.bytes, b',');
        let cell = |place: usize| cells.get(place).copied().unwrap_or_default();
        let name = shown(trim(cell(entity)));
        let Some(quantity) = *entities.entry(name).or_insert_with_key(|name| Quantity::of(name)) else {
            continue;
        };
        let Some(at) = time::clock(cell(changed), DateOrder::MonthFirst) else {
            return Err(Error::NotANumber {
                line: line.number,
                column: u64::try_from(changed).unwrap_or(u64::MAX).saturating_add(1),
                header: "last_changed".to_owned(),
                expected: "a date and time like `2024-05-13T11:19:51.000Z`",
                got: crate::error::excerpt(&shown(cell(changed))),
            });
        };
        let Cell::Number(value) = number(cell(state), DecimalMark::Point) else {
            missing += 1;
            continue;
        };
        let moment =
            moments.entry((at.seconds - at.ahead_s, at.nanos)).or_insert_with(|| (at, BTreeMap::new()));
        moment.1.insert(quantity, value);
    }
    let Some((_, (first, _))) = moments.first_key_value() else { return Err(Error::NoRows { line: 1 }) };
    let first = *first;
    let column = |quantity: Quantity, factor: f64| -> Vec<f64> {
        moments
            .values()
            .map(|(_, values)| values.get(&quantity).map_or(f64::NAN, |value| value * factor))
            .collect()
    };
    let present = |quantity: Quantity| moments.values().any(|(_, values)| values.contains_key(&quantity));
    let optional = |quantity: Quantity, factor: f64| present(quantity).then(|| column(quantity, factor));
    let mut evidence = vec![
        Evidence::new(
            "format",
            Format::HomeAssistant.as_str(),
            "`entity_id`, `state` and `last_changed` are Home Assistant's history",
            0.99,
        ),
        marks::encoding(text),
        Evidence::new("delimiter", "comma", "Home Assistant writes its history so", 0.99),
    ];
    evidence.extend(entities.iter().filter_map(|(name, quantity)| {
        Some(Evidence::new(
            "column",
            format!("{:?} from \"{name}\"", (*quantity)?),
            "words in the entity's name say so",
            0.8,
        ))
    }));
    evidence.push(Evidence::new(
        "sign",
        "as in the file",
        "the export does not say which direction is positive",
        0.5,
    ));
    let unused: Vec<&str> =
        entities.iter().filter_map(|(name, quantity)| quantity.is_none().then_some(name.as_str())).collect();
    if !unused.is_empty() {
        evidence.push(Evidence::new(
            "ignored",
            unused.join(", "),
            "these entities are not the battery's",
            0.8,
        ));
    }
    let mut remarks = vec![
        Remark::new("time_from_clock", "seconds were counted from the wall clock of the first row"),
        Remark::new(
            "sign_not_known",
            "the export does not say which direction is positive; it was left as it is",
        ),
    ];
    if missing > 0 {
        remarks.push(Remark::new(
            "states_missing",
            format!("{missing} states are not numbers and count as missing"),
        ));
    }
    Ok(Recording {
        format: Format::HomeAssistant,
        evidence,
        remarks,
        started_at: first.civil(),
        time_s: moments.values().map(|(at, _)| first.until(*at)).collect(),
        voltage_v: column(Quantity::Voltage, 1.0),
        current_a: column(Quantity::Current, 1.0),
        power_w: optional(Quantity::Power, 1.0),
        temperature_c: optional(Quantity::Temperature, 1.0),
        state_of_charge: optional(Quantity::StateOfCharge, 0.01),
        charge_capacity_ah: None,
        discharge_capacity_ah: None,
        capacity_ah: None,
        charge_energy_wh: None,
        discharge_energy_wh: None,
        energy_wh: None,
        cycle_index: None,
        step_index: None,
        step_time_s: None,
        labels: None,
        channels: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::read_bytes;

    #[test]
    fn changes_become_rows_and_the_rest_is_missing() {
        let file = b"entity_id,state,last_changed\n\
            sensor.battery_soc,61.0,2025-09-02T07:30:00.000Z\n\
            sensor.kitchen_temperature,21,2025-09-02T07:30:00.000Z\n\
            sensor.battery_voltage,unknown,2025-09-02T07:30:01.000Z\n\
            sensor.battery_voltage,52.5,2025-09-02T07:30:02.500Z\n";
        let recording = read_bytes(file).unwrap();
        assert_eq!(recording.time_s, [0.0, 2.5]);
        assert_eq!(recording.state_of_charge.as_ref().map(|values| values[0]), Some(0.61));
        assert!(recording.voltage_v[0].is_nan());
        assert_eq!(recording.voltage_v[1..], [52.5]);
    }
}
