//! A recording in numbers: rows, ranges, what moved in all, and each cycle.

use super::c_rate::{CapacityReference, CapacitySource};
use super::capacity::{Judge, Method};
use super::cycle::{self, CycleSummary, Cycles};
use super::evidence::Evidence;
use super::fold::part::Part;
use super::fold::{Fold, Gathered, Outcome};
use super::log::{Recording, Remark, start_as_text};
use super::step_summary::{self, StepSummary};

/// A recording in numbers.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Summary {
    /// The recognised layout.
    pub format: &'static str,
    /// Why it was taken for that, and what each column was taken for.
    pub evidence: Vec<Evidence>,
    /// What was odd, and what was done about it.
    pub remarks: Vec<Remark>,
    /// The wall clock of the first row, or the stated start of the test, without a zone.
    #[serde(serialize_with = "start_as_text")]
    pub started_at: Option<jiff::civil::DateTime>,
    /// The number of rows.
    pub rows: usize,
    /// Time of the first row in s.
    pub first_time_s: f64,
    /// Time of the last row in s.
    pub last_time_s: f64,
    /// Lowest voltage in V; `None` where none was recorded, as for all the ranges.
    pub voltage_min_v: Option<f64>,
    /// Highest voltage in V.
    pub voltage_max_v: Option<f64>,
    /// Lowest current in A: the strongest discharge.
    pub current_min_a: Option<f64>,
    /// Highest current in A: the strongest charge.
    pub current_max_a: Option<f64>,
    /// Lowest temperature in degrees Celsius.
    pub temperature_min_c: Option<f64>,
    /// Highest temperature in degrees Celsius.
    pub temperature_max_c: Option<f64>,
    /// Charged in all, in Ah: the sum over the cycles.
    pub charge_capacity_ah: f64,
    /// Discharged in all, in Ah.
    pub discharge_capacity_ah: f64,
    /// Charged in all, in Wh.
    pub charge_energy_wh: f64,
    /// Discharged in all, in Wh.
    pub discharge_energy_wh: f64,
    /// Charged in all by the integral of the current, in Ah, whatever the vendor counted.
    pub integral_charge_ah: f64,
    /// Discharged in all by the integral of the current, in Ah.
    pub integral_discharge_ah: f64,
    /// Charged in all by the integral of the power, in Wh.
    pub integral_charge_wh: f64,
    /// Discharged in all by the integral of the power, in Wh.
    pub integral_discharge_wh: f64,
    /// How often time runs backward.
    pub backward_times: usize,
    /// How often two rows have one time.
    pub duplicate_times: usize,
    /// Rows without a voltage.
    pub missing_voltages: usize,
    /// Rows without a current.
    pub missing_currents: usize,
    /// What C-rates are relative to; `None` where no cycle is full, and there are no C-rates.
    pub capacity_reference: Option<CapacityReference>,
    /// Each cycle.
    pub cycles: Vec<CycleSummary>,
    /// Each step; not in JSON where it is empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepSummary>,
}

/// Sums a recording up.
///
/// ```
/// let recording = grid_core::battery::read_bytes(b"t/s,U/V,I/A\n0,3.7,1\n3600,3.9,1\n")?;
/// let summary = grid_core::battery::summarise(&recording);
/// assert_eq!(summary.voltage_max_v, Some(3.9));
/// assert_eq!(summary.charge_capacity_ah, 1.0);
/// assert_eq!(summary.evidence, recording.evidence);
/// # Ok::<(), grid_core::battery::Error>(())
/// ```
pub fn summarise(recording: &Recording) -> Summary {
    let rows = recording.rows();
    let mut fold = Fold::new(recording.format);
    loop {
        fold.push(&rows);
        match fold.finish() {
            Outcome::Summary(summary) => {
                return Summary {
                    evidence: recording.evidence.clone(),
                    remarks: recording.remarks.clone(),
                    started_at: recording.started_at,
                    ..*summary
                };
            }
            Outcome::Again(assumptions) => fold = Fold::with(assumptions),
        }
    }
}

impl Summary {
    /// What a fold has gathered, in numbers; what is known of the file beside its rows is for its reader to add.
    pub(super) fn of(gathered: &Gathered) -> Self {
        let whole = &gathered.whole;
        let sums = Cycles::of(gathered);
        let judge = Judge::new(gathered);
        let mut cycles = cycle::summaries(&sums, &judge, &gathered.label_names);
        let methods: Vec<Method> = cycles.iter().map(|cycle| cycle.method).collect();
        let (steps, owners) = step_summary::summaries(gathered, &sums, &judge, &methods);
        cycle::complete(&mut cycles, &steps, &owners);
        let capacity_reference = CapacityReference::of(&cycles);
        if let Some(reference) = capacity_reference {
            reference.apply(&mut cycles);
        }
        let total = |of: fn(&CycleSummary) -> f64| cycles.iter().map(of).sum();
        let mut all = Part::default();
        for cycle in &sums.sums {
            all.merge(&cycle.part);
        }
        let (integral_charge_ah, integral_discharge_ah) = all.integral.capacity_ah();
        let (integral_charge_wh, integral_discharge_wh) = all.integral.energy_wh();
        let (voltage_min_v, voltage_max_v) = all.voltage.ends();
        let (current_min_a, current_max_a) = if whole.has_current() { all.flow.ends() } else { (None, None) };
        let (temperature_min_c, temperature_max_c) = all.temperature.ends();
        Self {
            format: gathered.format.as_str(),
            evidence: Vec::new(),
            remarks: Vec::new(),
            started_at: None,
            rows: whole.rows,
            first_time_s: whole.first_time_s.unwrap_or(f64::NAN),
            last_time_s: whole.last_time_s.unwrap_or(f64::NAN),
            voltage_min_v,
            voltage_max_v,
            current_min_a,
            current_max_a,
            temperature_min_c,
            temperature_max_c,
            charge_capacity_ah: total(|cycle| cycle.charge_capacity_ah),
            discharge_capacity_ah: total(|cycle| cycle.discharge_capacity_ah),
            charge_energy_wh: total(|cycle| cycle.charge_energy_wh),
            discharge_energy_wh: total(|cycle| cycle.discharge_energy_wh),
            integral_charge_ah,
            integral_discharge_ah,
            integral_charge_wh,
            integral_discharge_wh,
            backward_times: whole.backward_times,
            duplicate_times: whole.duplicate_times,
            missing_voltages: whole.missing_voltages,
            missing_currents: whole.missing_currents,
            capacity_reference,
            cycles,
            steps,
        }
    }

    /// The summary with C-rates by the nominal capacity, in Ah, instead of the first full cycle's discharge.
    ///
    /// A capacity that is not above zero changes nothing.
    ///
    /// ```
    /// let recording = grid_core::battery::read_bytes(b"t/s,U/V,I/A\n0,3.7,1\n3600,3.9,1\n")?;
    /// let summary = grid_core::battery::summarise(&recording).with_nominal_capacity(2.0);
    /// assert_eq!(summary.cycles[0].charge_c_rate, Some(0.5));
    /// # Ok::<(), grid_core::battery::Error>(())
    /// ```
    #[must_use]
    pub fn with_nominal_capacity(mut self, capacity_ah: f64) -> Self {
        if capacity_ah > 0.0 && capacity_ah.is_finite() {
            let reference = CapacityReference { capacity_ah, source: CapacitySource::Nominal };
            reference.apply(&mut self.cycles);
            self.capacity_reference = Some(reference);
        }
        self
    }
}
