//! A recording of a battery: columns of equal length, in SI-like units, charging positive.

use std::fmt;

use super::cycle::{self, CycleSummary};

/// Which layout a recording came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Arbin (MITS Pro, and the tables that BEEP and CALCE publish).
    Arbin,
    /// Maccor (MIMS and text exports).
    Maccor,
    /// Neware (BTS, flat and nested).
    Neware,
    /// Battery Data Format of the Linux Foundation, by label or by machine name.
    Bdf,
    /// BioLogic (EC-Lab, BT-Lab).
    Biologic,
    /// Basytec.
    Basytec,
    /// Novonix.
    Novonix,
    /// PEC.
    Pec,
    /// Landt.
    Landt,
    /// Digatron.
    Digatron,
    /// A log of a home battery: Powerwall, Victron VRM, E3DC, Home Assistant, Enphase.
    Home,
    /// None of the above: columns by their names and units alone.
    Generic,
}

impl Format {
    /// The format's name in lower case, as the server and Python show it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Arbin => "arbin",
            Self::Maccor => "maccor",
            Self::Neware => "neware",
            Self::Bdf => "bdf",
            Self::Biologic => "biologic",
            Self::Basytec => "basytec",
            Self::Novonix => "novonix",
            Self::Pec => "pec",
            Self::Landt => "landt",
            Self::Digatron => "digatron",
            Self::Home => "home",
            Self::Generic => "generic",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something odd that was noticed while reading, and what was done about it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Remark {
    /// A stable name, for programs: `current_sign_turned`, `time_backward`, `last_line_truncated`, …
    pub code: &'static str,
    /// A sentence, for people.
    pub message: String,
    /// The line in the file, counted from 1, where one line is meant.
    pub line: Option<u64>,
}

impl Remark {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), line: None }
    }

    pub(super) fn at(code: &'static str, message: impl Into<String>, line: u64) -> Self {
        Self { code, message: message.into(), line: Some(line) }
    }
}

/// A further column of a home-battery log, such as the power of the solar plant beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// What it is, with its unit: `solar_power_w`, `load_power_w`, `grid_power_w`, `import_power_w`,
    /// `export_power_w`, or the same with `energy_wh`, as recorded.
    pub name: &'static str,
    /// One value a row; NaN where nothing was measured.
    pub values: Vec<f64>,
}

/// A recording of a battery, as columns of equal length.
///
/// A missing cell is NaN, never zero. Current and power are positive while charging, whatever the file had; a
/// [`Remark`] says when they were turned. The columns of capacity and energy are the vendor's own, in Ah and Wh but
/// otherwise as recorded: when they restart and what they count differs from vendor to vendor, and
/// [`cycles`](Self::cycles) takes care of it.
///
/// ```
/// let recording = grid_core::battery::read_bytes(b"Test Time / s,Voltage / V,Current / A\n0,3.7,0.1\n1,3.8,0.1\n")?;
/// assert_eq!(recording.len(), 2);
/// assert_eq!(recording.voltage_v, [3.7, 3.8]);
/// # Ok::<(), grid_core::battery::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// The layout that was recognised.
    pub format: Format,
    /// Why: header line, delimiter, signature, and what each column was taken for.
    pub evidence: Vec<String>,
    /// What was odd, and what was done about it.
    pub remarks: Vec<Remark>,
    /// The wall clock of the first row as the file has it, without a zone; the stated start of the test where rows
    /// have no clock.
    pub started_at: Option<jiff::civil::DateTime>,
    /// Seconds: the file's test time, or seconds from the first row where it has only a clock.
    pub time_s: Vec<f64>,
    /// Voltage in V; all NaN in a home-battery log that records only power or state of charge.
    pub voltage_v: Vec<f64>,
    /// Current in A, charging positive; all NaN in a home-battery log that records only power or state of charge.
    pub current_a: Vec<f64>,
    /// Power of the battery in W, charging positive, where the file records it and not both voltage and current.
    pub power_w: Option<Vec<f64>>,
    /// Temperature in degrees Celsius; of the cell where there are several.
    pub temperature_c: Option<Vec<f64>>,
    /// State of charge from 0 to 1.
    pub state_of_charge: Option<Vec<f64>>,
    /// The vendor's count of charged Ah.
    pub charge_capacity_ah: Option<Vec<f64>>,
    /// The vendor's count of discharged Ah.
    pub discharge_capacity_ah: Option<Vec<f64>>,
    /// The vendor's one count of Ah for both directions, where it has no pair: net or unsigned.
    pub capacity_ah: Option<Vec<f64>>,
    /// The vendor's count of charged Wh; of a home log with energies per interval, their running sum.
    pub charge_energy_wh: Option<Vec<f64>>,
    /// The vendor's count of discharged Wh; of a home log with energies per interval, their running sum.
    pub discharge_energy_wh: Option<Vec<f64>>,
    /// The vendor's one count of Wh for both directions, where it has no pair: net or unsigned.
    pub energy_wh: Option<Vec<f64>>,
    /// The vendor's cycle number of each row.
    pub cycle_index: Option<Vec<i64>>,
    /// The vendor's step number of each row.
    pub step_index: Option<Vec<i64>>,
    /// Seconds since the start of the step, where the file has them.
    pub step_time_s: Option<Vec<f64>>,
    /// Further columns of a home-battery log.
    pub channels: Vec<Channel>,
}

impl Recording {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.time_s.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.time_s.is_empty()
    }

    /// Capacity, energy and efficiency of each cycle: by the vendor's cycle column, else by the sign of the current.
    pub fn cycles(&self) -> Vec<CycleSummary> {
        cycle::summaries(self).0
    }

    /// Whether a remark with this code was made.
    pub fn has_remark(&self, code: &str) -> bool {
        self.remarks.iter().any(|remark| remark.code == code)
    }
}
