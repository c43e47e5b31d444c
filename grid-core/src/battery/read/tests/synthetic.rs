//! One recording of known numbers, written in any layout: two cycles of rest, charge, rest, discharge at 1.5 A, a row a
//! minute, a cell of 3.2 V and 1 V/Ah with 50 mOhm in series.

use super::super::super::log::{Format, Recording};
use super::read_bytes;

/// A row of the recording.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) number: u32,
    pub(super) time_s: f64,
    pub(super) step_time_s: f64,
    pub(super) voltage_v: f64,
    pub(super) current_a: f64,
    pub(super) temperature_c: f64,
    pub(super) charge_ah: f64,
    pub(super) discharge_ah: f64,
    pub(super) charge_wh: f64,
    pub(super) discharge_wh: f64,
    /// Of the step alone, without a sign.
    pub(super) step_ah: f64,
    pub(super) step_wh: f64,
    pub(super) cycle: i64,
    pub(super) step: i64,
}

/// Charge, and discharge, of each cycle.
pub(super) const CYCLE_AH: f64 = 0.25;

/// The rows.
pub(super) fn rows() -> Vec<Row> {
    const INTERVAL_S: f64 = 60.0;
    // Rows and current of each step.
    const STEPS: [(u32, f64); 4] = [(3, 0.0), (10, 1.5), (2, 0.0), (10, -1.5)];
    let mut rows: Vec<Row> = Vec::new();
    for cycle in 1..=2 {
        for (step, (length, current_a)) in (1..).zip(STEPS) {
            for index in 1..=length {
                let first = rows.is_empty();
                let before = rows.last().copied();
                let at = |get: fn(&Row) -> f64| before.as_ref().map_or(0.0, get);
                let moved = if first { 0.0 } else { current_a.abs() * INTERVAL_S / 3600.0 };
                let (charged, discharged) =
                    (if current_a > 0.0 { moved } else { 0.0 }, if current_a < 0.0 { moved } else { 0.0 });
                let charge_ah = at(|row| row.charge_ah) + charged;
                let discharge_ah = at(|row| row.discharge_ah) + discharged;
                let voltage_v = rounded(3.2 + (charge_ah - discharge_ah) + 0.05 * current_a, 1e4);
                let number = before.map_or(1, |row| row.number + 1);
                let begun = index == 1;
                rows.push(Row {
                    number,
                    time_s: f64::from(number - 1) * INTERVAL_S,
                    step_time_s: if cycle == 1 && step == 1 {
                        f64::from(index - 1) * INTERVAL_S
                    } else {
                        f64::from(index) * INTERVAL_S
                    },
                    voltage_v,
                    current_a,
                    temperature_c: 25.0 + 0.1 * f64::from(number % 7),
                    charge_ah,
                    discharge_ah,
                    charge_wh: at(|row| row.charge_wh) + charged * voltage_v,
                    discharge_wh: at(|row| row.discharge_wh) + discharged * voltage_v,
                    step_ah: if begun { moved } else { at(|row| row.step_ah) + moved },
                    step_wh: (if begun { 0.0 } else { at(|row| row.step_wh) }) + moved * voltage_v,
                    cycle,
                    step,
                });
            }
        }
    }
    rows
}

fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

/// What a column of the file holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Is {
    /// Test time in units of so many seconds.
    Time(f64),
    StepTime(f64),
    /// `0:03:00.000`
    Hms,
    StepHms,
    /// `  0d 00:03:0.00`
    DayHms,
    StepDayHms,
    Clock(Moment),
    /// The following in units of so many V, A, Ah, Wh.
    Volt(f64),
    Ampere(f64),
    /// Without a sign.
    UnsignedAmpere(f64),
    /// Positive when discharging.
    DischargeAmpere(f64),
    ChargeAh(f64),
    DischargeAh(f64),
    ChargeWh(f64),
    DischargeWh(f64),
    /// Of the step, in the column of its direction.
    StepChargeAh(f64),
    StepDischargeAh(f64),
    StepChargeWh(f64),
    StepDischargeWh(f64),
    /// Of the step, whichever its direction.
    StepAh(f64),
    StepWh(f64),
    NetAh(f64),
    Celsius,
    Cycle,
    /// `1.0`
    CycleFloat,
    Step,
    /// Words for charge, discharge and rest.
    State([&'static str; 3]),
    Number,
    Text(&'static str),
}

/// How a date is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    Iso,
    /// `2024/05/13 11:19:51`
    Slashed,
    American,
    /// A tab, the date, and milliseconds.
    AmericanMs,
    /// `5/13/2024 11:19:51 AM`
    American12,
    /// `13-May-24 11:19:51 AM`
    Named12,
    German,
    Unix(f64),
    Excel,
    Matlab,
}

/// The wall clock of the first row: 2024-05-13 11:19:51.
const START_UNIX_S: f64 = 1_715_599_191.0;
/// The first row's date as [`Recording::started_at`] shows it.
pub(super) const STARTED: &str = "2024-05-13T11:19:51";

fn moment(time_s: f64, form: Moment) -> String {
    let start = jiff::civil::date(2024, 5, 13).at(11, 19, 51, 0);
    let at = start.checked_add(jiff::SignedDuration::from_secs_f64(time_s)).unwrap();
    let text = |form: &str| at.strftime(form).to_string();
    match form {
        Moment::Iso => text("%Y-%m-%d %H:%M:%S"),
        Moment::Slashed => text("%Y/%m/%d %H:%M:%S"),
        Moment::American => text("%m/%d/%Y %H:%M:%S"),
        Moment::AmericanMs => format!("\t{}.000", text("%m/%d/%Y %H:%M:%S")),
        Moment::American12 => text("%-m/%-d/%Y %-I:%M:%S %p"),
        Moment::Named12 => text("%d-%b-%y %-I:%M:%S %p"),
        Moment::German => text("%d.%m.%Y %H:%M:%S"),
        Moment::Unix(part_s) => format!("{:.0}", (START_UNIX_S + time_s) / part_s),
        Moment::Excel => format!("{:.9}", (START_UNIX_S + time_s) / 86_400.0 + 25_569.0),
        Moment::Matlab => format!("{:.9}", (START_UNIX_S + time_s) / 86_400.0 + 719_529.0),
    }
}

fn hms(time_s: f64, days: bool) -> String {
    let (hours, rest) = (time_s.div_euclid(3600.0), time_s.rem_euclid(3600.0));
    let (minutes, seconds) = (rest.div_euclid(60.0), rest.rem_euclid(60.0));
    if days {
        format!(
            "  {:.0}d {:02.0}:{minutes:02.0}:{seconds:.2}",
            hours.div_euclid(24.0),
            hours.rem_euclid(24.0)
        )
    } else {
        format!("{hours:.0}:{minutes:02.0}:{seconds:06.3}")
    }
}

impl Is {
    /// The cell of a row.
    fn cell(self, row: &Row) -> String {
        let number = |value: f64, unit: f64| {
            // Ten digits behind the point keep every figure of the recording.
            let text = format!("{:.10}", value / unit);
            let text = text.trim_end_matches('0').trim_end_matches('.');
            if text.is_empty() || text == "-0" { "0".to_owned() } else { text.to_owned() }
        };
        let charging = row.current_a > 0.0;
        let discharging = row.current_a < 0.0;
        let when = |is: bool, value: f64| if is { value } else { 0.0 };
        match self {
            Self::Time(unit) => number(row.time_s, unit),
            Self::StepTime(unit) => number(row.step_time_s, unit),
            Self::Hms => hms(row.time_s, false),
            Self::StepHms => hms(row.step_time_s, false),
            Self::DayHms => hms(row.time_s, true),
            Self::StepDayHms => hms(row.step_time_s, true),
            Self::Clock(form) => moment(row.time_s, form),
            Self::Volt(unit) => number(row.voltage_v, unit),
            Self::Ampere(unit) => number(row.current_a, unit),
            Self::UnsignedAmpere(unit) => number(row.current_a.abs(), unit),
            Self::DischargeAmpere(unit) => number(-row.current_a, unit),
            Self::ChargeAh(unit) => number(row.charge_ah, unit),
            Self::DischargeAh(unit) => number(row.discharge_ah, unit),
            Self::ChargeWh(unit) => number(row.charge_wh, unit),
            Self::DischargeWh(unit) => number(row.discharge_wh, unit),
            Self::StepChargeAh(unit) => number(when(charging, row.step_ah), unit),
            Self::StepDischargeAh(unit) => number(when(discharging, row.step_ah), unit),
            Self::StepChargeWh(unit) => number(when(charging, row.step_wh), unit),
            Self::StepDischargeWh(unit) => number(when(discharging, row.step_wh), unit),
            Self::StepAh(unit) => number(row.step_ah, unit),
            Self::StepWh(unit) => number(row.step_wh, unit),
            Self::NetAh(unit) => number(row.charge_ah - row.discharge_ah, unit),
            Self::Celsius => number(row.temperature_c, 1.0),
            Self::Cycle => row.cycle.to_string(),
            Self::CycleFloat => format!("{}.0", row.cycle),
            Self::Step => row.step.to_string(),
            Self::State([charge, discharge, rest]) => (if charging {
                charge
            } else if discharging {
                discharge
            } else {
                rest
            })
            .to_owned(),
            Self::Number => row.number.to_string(),
            Self::Text(text) => text.to_owned(),
        }
    }
}

/// A file of the recording.
#[derive(Clone, Copy, Debug)]
pub(super) struct File<'a> {
    /// Everything before the header line, with its line ends.
    pub(super) preamble: &'a str,
    pub(super) header: &'a str,
    pub(super) delimiter: char,
    /// What columns of the header hold, by name.
    pub(super) columns: &'a [(&'a str, Is)],
    /// What all other columns hold.
    pub(super) filler: &'a str,
    /// What stands behind the last field of each row.
    pub(super) trailing: &'a str,
    pub(super) end: &'a str,
    pub(super) comma: bool,
}

impl Default for File<'_> {
    fn default() -> Self {
        Self {
            preamble: "",
            header: "",
            delimiter: ',',
            columns: &[],
            filler: "0",
            trailing: "",
            end: "\n",
            comma: false,
        }
    }
}

impl File<'_> {
    /// The cells of one row, before they are joined.
    pub(super) fn cells(&self, row: &Row) -> Vec<String> {
        let names: Vec<&str> = self.header.split(self.delimiter).collect();
        for (name, _) in self.columns {
            assert!(names.iter().any(|other| other.trim_matches('"') == *name), "no column {name}");
        }
        let mut used: Vec<&str> = Vec::new();
        names
            .iter()
            .map(|name| name.trim_matches('"'))
            .map(|name| {
                // Of two columns with one name the first is meant.
                let known = self.columns.iter().find(|(other, _)| *other == name);
                let (Some((_, is)), false) = (known, used.contains(&name)) else {
                    return self.filler.to_owned();
                };
                used.push(name);
                let cell = is.cell(row);
                let is_number = !matches!(
                    is,
                    Is::Clock(Moment::German | Moment::Iso | Moment::American12) | Is::Text(_) | Is::State(_)
                );
                if self.comma && is_number { cell.replace('.', ",") } else { cell }
            })
            .collect()
    }

    /// The file's text.
    pub(super) fn text(&self, rows: &[Row]) -> String {
        let mut text = format!("{}{}{}", self.preamble, self.header, self.end);
        for row in rows {
            text.push_str(&self.cells(row).join(&self.delimiter.to_string()));
            text.push_str(self.trailing);
            text.push_str(self.end);
        }
        text
    }

    /// Reads the file and checks format, time, voltage and signed current.
    pub(super) fn check(&self, format: Format) -> Recording {
        check(self.text(&rows()).as_bytes(), format)
    }
}

/// Reads bytes and checks that they are the recording: format, time, voltage, signed current, and what else is there.
pub(super) fn check(bytes: &[u8], format: Format) -> Recording {
    let recording = read_bytes(bytes).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(recording.format, format, "{:#?}", recording.evidence);
    same_numbers(&recording);
    recording
}

/// Whether two figures are the same but for the rounding of a conversion.
pub(super) fn near(got: f64, expected: f64) -> bool {
    (got - expected).abs() <= 1e-7 + 1e-7 * expected.abs()
}

/// Checks that a recording has the known numbers in every column that it has.
pub(super) fn same_numbers(recording: &Recording) {
    let rows = rows();
    let shown = |what: &str| format!("{what}: {:#?} {:#?}", recording.remarks, recording.evidence);
    assert_eq!(recording.len(), rows.len(), "{}", shown("rows"));
    let all = |what: &str, values: &[f64], expected: fn(&Row) -> f64, within: f64| {
        for (row, value) in rows.iter().zip(values) {
            let expected = expected(row);
            assert!(
                (value - expected).abs() <= within + 1e-9 * expected.abs(),
                "{what} of row {}: {value} is not {expected}; {}",
                row.number,
                shown(what)
            );
        }
    };
    all("time", &recording.time_s, |row| row.time_s, 1e-3);
    all("voltage", &recording.voltage_v, |row| row.voltage_v, 1e-9);
    all("current", &recording.current_a, |row| row.current_a, 1e-9);
    if let Some(values) = &recording.temperature_c {
        all("temperature", values, |row| row.temperature_c, 1e-9);
    }
    if let Some(values) = &recording.cycle_index {
        assert!(values.iter().copied().eq(rows.iter().map(|row| row.cycle)), "{}", shown("cycles"));
    }
    if let Some(values) = &recording.step_index {
        assert!(values.iter().copied().eq(rows.iter().map(|row| row.step)), "{}", shown("steps"));
    }
    if let Some(at) = recording.started_at {
        // Days with nine digits behind the point are good to a tenth of a millisecond.
        let start = jiff::civil::date(2024, 5, 13).at(11, 19, 51, 0);
        let off = at.duration_since(start).as_secs_f64().abs();
        assert!(off < 1e-3, "start {at} {}", shown("start"));
    }
    let cycles = recording.cycles();
    assert_eq!(cycles.len(), 2, "{}", shown("number of cycles"));
    for cycle in &cycles {
        let (charge, discharge) = (cycle.charge_capacity_ah, cycle.discharge_capacity_ah);
        // A count by trapezoids loses up to one interval at each end of a step.
        let within = if recording.charge_capacity_ah.is_some() || recording.capacity_ah.is_some() {
            1e-6
        } else {
            0.026
        };
        assert!((charge - CYCLE_AH).abs() <= within, "charge {charge} {}", shown("charge"));
        assert!((discharge - CYCLE_AH).abs() <= within, "discharge {discharge} {}", shown("discharge"));
    }
}
