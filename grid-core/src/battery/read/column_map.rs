//! Header to column: what a name means, by a table of synonyms and by its unit.
//!
//! Names are compared in lower case and without anything but letters and digits, so that `Test Time`, `Test_Time`
//! and `TestTime` are one name. A name that the table does not have is still taken when it says both the quantity
//! (`… voltage …`) and a unit that fits, unless a word such as `max` or `cutoff` says that it is something else.

use super::synonyms::known;
use super::unit::{self, Dimension, Unit};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Role {
    TestTime,
    StepTime,
    Clock,
    Voltage,
    Current,
    Power,
    ChargePower,
    DischargePower,
    SolarPower,
    LoadPower,
    GridPower,
    ImportPower,
    ExportPower,
    Temperature,
    StateOfCharge,
    ChargeCapacity,
    DischargeCapacity,
    Capacity,
    ChargeEnergy,
    DischargeEnergy,
    Energy,
    SolarEnergy,
    LoadEnergy,
    ImportEnergy,
    ExportEnergy,
    Cycle,
    Step,
    State,
}

impl Role {
    /// What the column's unit must measure, if the header states one.
    fn dimension(self) -> Option<Dimension> {
        match self {
            Self::TestTime | Self::StepTime => Some(Dimension::Time),
            Self::Voltage => Some(Dimension::Voltage),
            Self::Current => Some(Dimension::Current),
            Self::Power
            | Self::ChargePower
            | Self::DischargePower
            | Self::SolarPower
            | Self::LoadPower
            | Self::GridPower
            | Self::ImportPower
            | Self::ExportPower => Some(Dimension::Power),
            Self::Temperature => Some(Dimension::Temperature),
            Self::StateOfCharge | Self::Cycle | Self::Step => Some(Dimension::Ratio),
            Self::ChargeCapacity | Self::DischargeCapacity | Self::Capacity => Some(Dimension::Charge),
            Self::ChargeEnergy
            | Self::DischargeEnergy
            | Self::Energy
            | Self::SolarEnergy
            | Self::LoadEnergy
            | Self::ImportEnergy
            | Self::ExportEnergy => Some(Dimension::Energy),
            Self::Clock | Self::State => None,
        }
    }

    /// How much the role says that a line is a battery header.
    pub(super) fn weight(self) -> u32 {
        match self {
            Self::Voltage | Self::Current => 4,
            Self::TestTime | Self::Clock => 3,
            Self::Power | Self::StateOfCharge | Self::ChargePower | Self::DischargePower => 2,
            _ => 1,
        }
    }
}

/// A column of the header line.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// The field's text, as in the file.
    pub(super) header: String,
    /// The name in lower case letters and digits.
    pub(super) name: String,
    /// The unit, if the header states a known one.
    pub(super) unit: Option<Unit>,
    /// What it means, and how surely (10 surely, 1 by a guess).
    pub(super) role: Option<(Role, u8)>,
}

impl Column {
    /// Reads one field of a header line.
    pub(super) fn new(field: &str) -> Self {
        let header = field.trim().trim_matches(['"', '\t', ' ', '\u{feff}']).to_owned();
        let cleaned = header.trim_start_matches(['~', '#', '_', '\'']).trim_end_matches('\'').trim();
        let (name, unit_text) = split_unit(cleaned);
        let unit = unit_text.and_then(unit::parse);
        let squeezed = squeeze(name);
        let unknown_unit =
            unit.is_none() && unit_text.is_some_and(|text| !text.trim_matches('?').trim().is_empty());
        let mut column = Self { header: header.clone(), name: squeezed, unit, role: None };
        if header.contains('|') || column.name.is_empty() && unit.is_none() || header.len() > 120 {
            return column;
        }
        if !unknown_unit {
            column.role = known(&column.name).and_then(|(role, sure)| fitted(role, sure, unit));
        }
        if column.role.is_none() && unit_text.is_none() {
            column.by_suffix(cleaned);
        }
        if column.role.is_none() && unit.is_some() {
            column.role = guessed(name, unit);
        }
        column
    }

    /// Takes the last word as the unit: `voltage_V`, `Time_s`, `Spannung V`, or the whole name: `Amps`.
    fn by_suffix(&mut self, text: &str) {
        if let Some((start, end)) = text.rsplit_once(['_', ' ', '.'])
            && let Some(unit) = unit::parse(end)
        {
            let name = squeeze(start.strip_suffix(" in").unwrap_or(start));
            let role = known(&name).and_then(|(role, sure)| fitted(role, sure, Some(unit)));
            let role = role.or_else(|| guessed(start, Some(unit)));
            if role.is_some() {
                (self.name, self.unit, self.role) = (name, Some(unit), role);
                return;
            }
        }
        if self.name.len() < 4 {
            return;
        }
        let Some(unit) = unit::parse(text) else { return };
        let role = match unit.dimension {
            Dimension::Current => Role::Current,
            Dimension::Voltage => Role::Voltage,
            Dimension::Charge => Role::Capacity,
            Dimension::Energy => Role::Energy,
            Dimension::Power => Role::Power,
            Dimension::Temperature => Role::Temperature,
            Dimension::Time | Dimension::Ratio | Dimension::Other => return,
        };
        (self.unit, self.role) = (Some(unit), Some((role, 7)));
    }

    /// Gives the column a unit that stood on a line of its own under the header.
    pub(super) fn set_unit(&mut self, unit: Unit) {
        if self.unit.is_none() {
            self.unit = Some(unit);
            self.role = match self.role {
                Some((role, sure)) => fitted(role, sure, Some(unit)),
                None => guessed(&self.header, Some(unit)),
            };
        }
    }
}

/// Lower case letters and digits of a name.
pub(super) fn squeeze(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Splits `Current(mA)`, `I/mA`, `Voltage [V]`, `Test Time / s`, `Voltage#V`, `Current, A`, `Strom in A`.
fn split_unit(text: &str) -> (&str, Option<&str>) {
    for (open, close) in [('(', ')'), ('[', ']'), ('{', '}')] {
        if let Some(inner) = text.strip_suffix(close)
            && let Some((name, unit)) = inner.rsplit_once(open)
            && !name.trim().is_empty()
        {
            return (name.trim_end_matches([' ', '_', '/']), Some(unit));
        }
    }
    for separator in [" / ", "/", "#", ",", " in "] {
        if let Some((name, unit)) = text.rsplit_once(separator)
            && !name.trim().is_empty()
            && !unit.trim().is_empty()
            && (unit::parse(unit).is_some() || separator == " / " || separator == "#")
        {
            // `Temperature/°C/°c` says it twice.
            let name = match name.rsplit_once('/') {
                Some((shorter, again)) if squeeze(again) == squeeze(unit) => shorter,
                _ => name,
            };
            return (name.trim(), Some(unit.trim()));
        }
    }
    (text, None)
}

/// The role if its dimension fits the unit; a capacity in Wh is an energy, a step in seconds is a step time.
fn fitted(role: Role, sure: u8, unit: Option<Unit>) -> Option<(Role, u8)> {
    let Some(unit) = unit else { return Some((role, sure)) };
    let fits = match role.dimension() {
        None => {
            return Some((role, sure)).filter(|_| role == Role::Clock && unit.dimension == Dimension::Time);
        }
        Some(wanted) => wanted == unit.dimension,
    };
    if fits {
        return Some((role, sure));
    }
    let other = match (role, unit.dimension) {
        (Role::ChargeCapacity | Role::ChargePower, Dimension::Energy) => Role::ChargeEnergy,
        (Role::DischargeCapacity | Role::DischargePower, Dimension::Energy) => Role::DischargeEnergy,
        (Role::Capacity, Dimension::Energy) => Role::Energy,
        (Role::Step, Dimension::Time) => Role::StepTime,
        (Role::SolarPower, Dimension::Energy) => Role::SolarEnergy,
        (Role::LoadPower, Dimension::Energy) => Role::LoadEnergy,
        (Role::ImportPower, Dimension::Energy) => Role::ImportEnergy,
        (Role::ExportPower, Dimension::Energy) => Role::ExportEnergy,
        (Role::ChargeEnergy, Dimension::Power) => Role::ChargePower,
        (Role::DischargeEnergy, Dimension::Power) => Role::DischargePower,
        // `charge`, `discharge` in Ah; a state of charge in Ah is a capacity.
        (Role::StateOfCharge, Dimension::Charge) => Role::Capacity,
        // `Q/C`: the C is read as Celsius first, and here it can only be coulomb.
        _ => return None,
    };
    Some((other, sure))
}

/// A role for a name that the table does not have, by a word in it and a unit that fits.
fn guessed(name: &str, unit: Option<Unit>) -> Option<(Role, u8)> {
    const ELSE: [&str; 48] = [
        "dcms",
        "gridms",
        "max",
        "min",
        "aux",
        "cut",
        "limit",
        "start",
        "end",
        "begin",
        "set",
        "avg",
        "average",
        "mean",
        "median",
        "open",
        "ocv",
        "mid",
        "upper",
        "lower",
        "delta",
        "diff",
        "ctrl",
        "control",
        "target",
        "nominal",
        "rated",
        "load",
        "source",
        "grid",
        "mains",
        "solar",
        "pv",
        "array",
        "rate",
        "density",
        "specific",
        "spec",
        "dv",
        "di",
        "dq",
        "efficiency",
        "per",
        "derivative",
        "std",
        "oneset",
        "onset",
        "reference",
    ];
    let unit = unit?;
    let lower = name.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    if words.any(|word| ELSE.contains(&word) || word.starts_with("max") || word.starts_with("min")) {
        return None;
    }
    let has = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    let role = match unit.dimension {
        Dimension::Voltage if has(&["volt", "spannung", "potential", "tens", "ecell", "ewe"]) => {
            Role::Voltage
        }
        Dimension::Current if has(&["current", "strom", "courant", "corriente", "amp"]) => Role::Current,
        Dimension::Temperature if has(&["temp", "surface", "cell"]) => Role::Temperature,
        Dimension::Time
            if has(&["time", "zeit", "tiempo", "temps"]) && !has(&["step", "cyc", "charge", "rest"]) =>
        {
            Role::TestTime
        }
        Dimension::Ratio if has(&["soc", "state of charge"]) => Role::StateOfCharge,
        Dimension::Charge if has(&["discharge", "dischg", "dchg"]) => Role::DischargeCapacity,
        Dimension::Charge if has(&["charge", "chg"]) => Role::ChargeCapacity,
        Dimension::Energy if has(&["discharge", "dischg", "dchg"]) => Role::DischargeEnergy,
        Dimension::Energy if has(&["charge", "chg"]) => Role::ChargeEnergy,
        Dimension::Power if has(&["batt"]) => Role::Power,
        _ => return None,
    };
    Some((role, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(header: &str) -> Option<Role> {
        Column::new(header).role.map(|(role, _)| role)
    }

    #[test]
    fn one_quantity_has_many_names() {
        for (header, expected) in [
            ("Current(mA)", Role::Current),
            ("I/mA", Role::Current),
            ("<I>/mA", Role::Current),
            ("I[A]", Role::Current),
            ("Current#A", Role::Current),
            ("current_A", Role::Current),
            ("current_ampere", Role::Current),
            ("Amps", Role::Current),
            ("mAmps", Role::Current),
            ("Voltage [V]", Role::Voltage),
            ("U[V]", Role::Voltage),
            ("Volts", Role::Voltage),
            ("Ecell/V", Role::Voltage),
            ("voltage_volt", Role::Voltage),
            ("Cell 1 Voltage (V)", Role::Voltage),
            ("\u{feff}Test Time / s", Role::TestTime),
            ("~Time[s]", Role::TestTime),
            ("Test (Sec)", Role::TestTime),
            ("test_time_second", Role::TestTime),
            ("Total Time (Hours in hh:mm:ss.xxx)", Role::TestTime),
            ("Step (Sec)", Role::StepTime),
            ("DPt Time", Role::Clock),
            ("\tCapacitance_Chg(mAh)", Role::ChargeCapacity),
            ("Charge Capacity (mWh)", Role::ChargeEnergy),
            ("Charge_Capacity_Ah", Role::ChargeCapacity),
            ("(Q-Qo)/mA.h", Role::Capacity),
            ("Amp-hr", Role::Capacity),
            ("Cap. [Ah]", Role::Capacity),
            ("Cyc#", Role::Cycle),
            ("T1[\u{fffd}C]", Role::Temperature),
            ("Temperature/°C/°c", Role::Temperature),
            ("Temperature (°C)", Role::Temperature),
            ("Ladezustand [%]", Role::StateOfCharge),
            ("AhCha#AH", Role::ChargeCapacity),
            ("Md", Role::State),
        ] {
            assert_eq!(role(header), Some(expected), "{header}");
        }
    }

    #[test]
    fn what_only_sounds_alike_is_not_taken() {
        for header in [
            "cutoff_voltage",
            "time at upper voltage",
            "charge_rate",
            "chamber temperature",
            "nominal capacity (Ah)",
            "cell type",
            "Min_Current (A)",
            "Spec. Cap.(mAh/g)",
            "dV/dt(V/s)",
            "|I|/A",
            "Capacitance charge/µF",
            "control/V",
            "Start Voltage(V)",
            "Oneset Volt.(V)",
            "Aux. Vmax(V)",
            "dQ/dV(mAh/V)",
            "Capacity_Chg(F)",
            "Capacity Density(mAh/g)",
            "Open Circuit Voltage 1 (V)",
            "Rec#",
            "50% DoD (mV)",
        ] {
            let found = role(header);
            assert!(
                found.is_none() || (header == "chamber temperature" && found == Some(Role::Temperature)),
                "{header}: {found:?}"
            );
        }
    }

    #[test]
    fn the_unit_of_a_header_is_kept() {
        assert_eq!(Column::new("Current(µA)").unit.map(|unit| unit.scale), Some(1e-6));
        assert_eq!(Column::new("Run Time (h)").unit.map(|unit| unit.scale), Some(3600.0));
        assert_eq!(Column::new("mAmp-hr").unit.map(|unit| unit.scale), Some(1e-3));
        assert_eq!(Column::new("Voltage").unit, None);
    }
}
