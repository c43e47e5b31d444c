//! A recording of a battery: columns of equal length, in SI-like units, charging positive.

use super::cycle::CycleSummary;
use super::evidence::Evidence;
pub(super) use super::format::Format;
use super::label::Labels;
use super::rows::Rows;
use super::step_summary::StepSummary;
use super::summary::summarise;
use crate::error::Place;

/// Something odd that was noticed while reading, and what was done about it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Remark {
    /// A stable name, for programs: `current_sign_turned`, `time_backward`, `last_line_truncated`, …
    pub code: &'static str,
    /// A sentence, for people.
    pub message: String,
    /// The line in the file, counted from 1, where one line is meant.
    pub line: Option<u64>,
    /// The first ten of the places that are meant, where they are lines or cells of the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
}

impl Remark {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), line: None, places: Vec::new() }
    }

    pub(super) fn at(code: &'static str, message: impl Into<String>, line: u64) -> Self {
        Self { code, message: message.into(), line: Some(line), places: Vec::new() }
    }

    pub(super) fn of_places(code: &'static str, message: impl Into<String>, places: &[Place]) -> Self {
        let line = places.first().and_then(|place| place.line);
        Self { code, message: message.into(), line, places: places.to_vec() }
    }
}

/// The wall clock of a start as text, `null` where it is not known.
#[expect(clippy::ref_option, reason = "what serde hands over")]
pub(super) fn start_as_text<S: serde::Serializer>(
    start: &Option<jiff::civil::DateTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match start {
        Some(start) => serializer.collect_str(start),
        None => serializer.serialize_none(),
    }
}

/// A further column of a home-battery log, such as the power of the solar plant beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// What it is, with its unit: `solar_power_w`, `load_power_w`, `grid_power_w`, `import_power_w`,
    /// `export_power_w`, or the same with `energy_wh`, as recorded; `energy_capacity_wh` is what the battery can
    /// hold.
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
    /// Why: signature, header line, delimiter, marks, dates, what each column was taken for, and what was not used.
    pub evidence: Vec<Evidence>,
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
    /// What the vendor calls the rows, in a column such as `Cycle_Label` or `Protocol`.
    pub labels: Option<Labels>,
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
        summarise(self).cycles
    }

    /// Kind, capacity and ends of each step: by the vendor's step column, else by where the current starts, stops and
    /// turns.
    ///
    /// ```
    /// use grid_core::battery::{StepKind, read_bytes};
    /// let file = b"time_s,voltage_V,current_A\n0,3.6,0\n600,3.6,0\n601,3.7,1\n2401,3.9,1\n2402,3.8,0\n3000,3.8,0\n";
    /// let steps = read_bytes(file)?.steps();
    /// let kinds: Vec<StepKind> = steps.iter().map(|step| step.kind).collect();
    /// assert_eq!(kinds, [StepKind::Rest, StepKind::ConstantCurrent, StepKind::Rest]);
    /// assert_eq!(steps[1].end_voltage_v, Some(3.9));
    /// # Ok::<(), grid_core::battery::Error>(())
    /// ```
    pub fn steps(&self) -> Vec<StepSummary> {
        summarise(self).steps
    }

    /// All rows as one batch.
    pub(crate) fn rows(&self) -> Rows<'_> {
        Rows {
            time_s: &self.time_s,
            voltage_v: &self.voltage_v,
            current_a: &self.current_a,
            power_w: self.power_w.as_deref(),
            temperature_c: self.temperature_c.as_deref(),
            state_of_charge: self.state_of_charge.as_deref(),
            charge_capacity_ah: self.charge_capacity_ah.as_deref(),
            discharge_capacity_ah: self.discharge_capacity_ah.as_deref(),
            capacity_ah: self.capacity_ah.as_deref(),
            charge_energy_wh: self.charge_energy_wh.as_deref(),
            discharge_energy_wh: self.discharge_energy_wh.as_deref(),
            energy_wh: self.energy_wh.as_deref(),
            cycle_index: self.cycle_index.as_deref(),
            step_index: self.step_index.as_deref(),
            step_time_s: self.step_time_s.as_deref(),
            labels: self.labels.as_ref().map(Labels::places),
            label_names: self.labels.as_ref().map_or(&[], Labels::names),
        }
    }

    /// Whether a remark with this code was made.
    pub fn has_remark(&self, code: &str) -> bool {
        self.remarks.iter().any(|remark| remark.code == code)
    }
}
