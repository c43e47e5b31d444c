//! Header to column: what a name means, by a table of synonyms and by its unit.
//!
//! Names are compared in lower case and without anything but letters and digits, so that `Test Time`, `Test_Time`
//! and `TestTime` are one name. A name that the table does not have is still taken when it says both the quantity
//! (`… voltage …`) and a unit that fits, unless a word such as `max` or `cutoff` says that it is something else.

use super::generic;
use super::unit::{self, Dimension, Unit};
use super::vendor::{self, UnitBy, Vendor};

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
    /// What the battery can hold.
    EnergyCapacity,
    Cycle,
    Step,
    State,
    /// What the vendor calls the row's cycle or its procedure.
    Label,
}

impl Role {
    /// What the column's unit must measure, if the header states one.
    pub(super) fn dimension(self) -> Option<Dimension> {
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
            Self::StateOfCharge | Self::Cycle | Self::Step | Self::Label => Some(Dimension::Ratio),
            Self::ChargeCapacity | Self::DischargeCapacity | Self::Capacity => Some(Dimension::Charge),
            Self::ChargeEnergy
            | Self::DischargeEnergy
            | Self::Energy
            | Self::SolarEnergy
            | Self::LoadEnergy
            | Self::ImportEnergy
            | Self::ExportEnergy
            | Self::EnergyCapacity => Some(Dimension::Energy),
            Self::Clock | Self::State => None,
        }
    }

    /// How much the role says that a line is a battery header.
    pub(super) fn weight(self) -> u32 {
        match self {
            Self::Voltage | Self::Current => 4,
            Self::TestTime | Self::Clock => 3,
            Self::Power | Self::StateOfCharge | Self::ChargePower | Self::DischargePower => 2,
            Self::Label => 0,
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
    /// The unit that stood on a line of its own under the header.
    pub(super) unit_below: Option<Unit>,
}

/// From here on the whole name is known; below, its last word may be a unit.
const SURE: u8 = 8;

impl Column {
    /// Reads one field of a header line whose vendor is not known yet.
    pub(super) fn new(field: &str) -> Self {
        Self::of(&generic::VENDOR, field)
    }

    /// Reads one field of a header line of a vendor.
    pub(super) fn of(vendor: &Vendor, field: &str) -> Self {
        let header = field.trim().trim_matches(['"', '\t', ' ', '\u{feff}']).to_owned();
        let cleaned = header.trim_start_matches(['~', '#', '_', '\'']).trim_end_matches('\'').trim();
        let numbered = without_number(cleaned);
        let (name, unit_text) = split_unit(numbered.as_deref().unwrap_or(cleaned));
        let unit_text = unit_text.filter(|text| !says_when(text));
        let unit = unit_text.and_then(unit::parse);
        let squeezed = squeeze(name);
        let unknown_unit =
            unit.is_none() && unit_text.is_some_and(|text| !text.trim_matches('?').trim().is_empty());
        let mut column = Self { header: header.clone(), name: squeezed, unit, role: None, unit_below: None };
        if header.contains('|') || column.name.is_empty() && unit.is_none() || header.len() > 120 {
            return column;
        }
        if !unknown_unit && column.by_name(vendor) && column.role.is_none() {
            return column;
        }
        let sure = column.role.map_or(0, |(_, sure)| sure);
        if sure < SURE && unit_text.is_none() {
            // `voltage_V` says more than `voltagev`.
            let mut shorter = column.clone();
            shorter.by_suffix(vendor, cleaned);
            if shorter.role.is_some_and(|(_, shorter)| shorter > sure) {
                column = shorter;
            }
        }
        if column.role.is_none() && column.unit.is_some() {
            column.role = guessed(name, column.unit);
        }
        column
    }

    /// Takes what the tables say of the name; returns whether they settled it.
    fn by_name(&mut self, vendor: &Vendor) -> bool {
        let Some(meaning) = vendor::meaning(vendor, &self.name) else { return false };
        match meaning.unit {
            UnitBy::Header => {}
            UnitBy::Otherwise(text) => self.unit = self.unit.or_else(|| unit::parse(text)),
            UnitBy::Always(text) => self.unit = unit::parse(text),
        }
        self.role = meaning.role.and_then(|role| fitted(role, meaning.sure, self.unit));
        self.role.is_some() || meaning.role.is_none()
    }

    /// Takes the last word as the unit: `voltage_V`, `Time_s`, `Spannung V`, or the whole name: `Amps`.
    fn by_suffix(&mut self, vendor: &Vendor, text: &str) {
        if let Some((start, end)) = text.rsplit_once(['_', ' ', '.'])
            && let Some(unit) = unit::parse(end)
        {
            let start = start.strip_suffix(" in").unwrap_or(start);
            let mut shorter = Self {
                name: squeeze(start),
                unit: Some(unit),
                header: self.header.clone(),
                role: None,
                unit_below: None,
            };
            let settled = shorter.by_name(vendor);
            if !settled {
                shorter.role = guessed(start, Some(unit));
            }
            if settled || shorter.role.is_some() {
                *self = shorter;
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

/// Lower case letters and digits of a name, the letters without their accents.
pub(super) fn squeeze(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).map(plain).collect()
}

/// A letter without its accent, as in French, German, Italian, Portuguese and Spanish.
fn plain(letter: char) -> char {
    match letter {
        'à' | 'á' | 'â' | 'ã' | 'ä' => 'a',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        other => other,
    }
}

/// Whether what stands in the place of a unit says a zone or how dates are written: `UTC`, `Europe/Berlin`, `dd.MM.yyyy`.
fn says_when(text: &str) -> bool {
    let lower = text.to_lowercase();
    let zone = lower.split_once('/').is_some_and(|(area, _)| {
        ["europe", "america", "asia", "africa", "australia", "pacific", "atlantic", "etc"].contains(&area)
    });
    let words = [
        "utc", "gmt", "local", "lokal", "yyyy", "jjjj", "iso", "cet", "mez", "unix", "epoch", "d/m/y",
        "m/d/y",
    ];
    zone || words.iter().any(|word| lower.starts_with(word) || lower.ends_with(word))
}

/// `Aux_Temperature(C)_1` without the number behind the unit.
fn without_number(text: &str) -> Option<String> {
    let (start, number) = text.rsplit_once(['_', ' '])?;
    let counted = !number.is_empty() && number.len() <= 3 && number.bytes().all(|byte| byte.is_ascii_digit());
    let (name, unit) = start.strip_suffix([')', ']'])?.rsplit_once(['(', '['])?;
    (counted && !name.is_empty()).then(|| format!("{}{number}({unit})", name.trim_end_matches(['_', ' '])))
}

/// Whether two columns are two phases of one quantity: `AC Consumption L1` and `AC Consumption L2`.
pub(super) fn is_another_phase(first: &Column, column: &Column) -> bool {
    let stem =
        |name: &str| name.strip_suffix(['1', '2', '3']).filter(|stem| stem.ends_with('l')).map(str::to_owned);
    first.name != column.name && stem(&first.name).is_some_and(|name| Some(name) == stem(&column.name))
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
            // `temperatures/1` is the first of several.
            && !(separator == "/" && unit.bytes().all(|byte| byte.is_ascii_digit()))
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
        // `Battery Charge (%)` is a level and no power.
        (Role::ChargePower, Dimension::Ratio) => Role::StateOfCharge,
        (Role::ChargePower, Dimension::Charge) => Role::ChargeCapacity,
        (Role::DischargePower, Dimension::Charge) => Role::DischargeCapacity,
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
