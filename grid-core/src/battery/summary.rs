//! A recording in numbers: rows, ranges, what moved in all, and each cycle.

use super::cycle::{self, CycleSummary};
use super::log::Recording;

/// A recording in numbers.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Summary {
    /// The recognised layout.
    pub format: &'static str,
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
    /// Each cycle.
    pub cycles: Vec<CycleSummary>,
}

/// Sums a recording up.
///
/// ```
/// let recording = grid_core::battery::read_bytes(b"t/s,U/V,I/A\n0,3.7,1\n3600,3.9,1\n")?;
/// let summary = grid_core::battery::summarise(&recording);
/// assert_eq!(summary.voltage_max_v, Some(3.9));
/// assert_eq!(summary.charge_capacity_ah, 1.0);
/// # Ok::<(), grid_core::battery::Error>(())
/// ```
pub fn summarise(recording: &Recording) -> Summary {
    let (cycles, integral) = cycle::summaries(recording);
    let total = |of: fn(&CycleSummary) -> f64| cycles.iter().map(of).sum();
    let (voltage_min_v, voltage_max_v) = range(&recording.voltage_v);
    let (current_min_a, current_max_a) = range(&recording.current_a);
    let (temperature_min_c, temperature_max_c) =
        recording.temperature_c.as_deref().map_or((None, None), range);
    let mut backward_times = 0;
    let mut duplicate_times = 0;
    for pair in recording.time_s.windows(2) {
        if let [before, now] = pair {
            backward_times += usize::from(now < before);
            #[expect(clippy::float_cmp, reason = "one and the same time, not nearly so")]
            let same = now == before;
            duplicate_times += usize::from(same);
        }
    }
    let missing = |values: &[f64]| values.iter().filter(|value| value.is_nan()).count();
    Summary {
        format: recording.format.as_str(),
        rows: recording.len(),
        first_time_s: recording.time_s.first().copied().unwrap_or(f64::NAN),
        last_time_s: recording.time_s.last().copied().unwrap_or(f64::NAN),
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
        integral_charge_ah: integral.charge_ah,
        integral_discharge_ah: integral.discharge_ah,
        integral_charge_wh: integral.charge_wh,
        integral_discharge_wh: integral.discharge_wh,
        backward_times,
        duplicate_times,
        missing_voltages: missing(&recording.voltage_v),
        missing_currents: missing(&recording.current_a),
        cycles,
    }
}

/// The lowest and the highest of the values that are there.
fn range(values: &[f64]) -> (Option<f64>, Option<f64>) {
    let (low, high) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    if low <= high { (Some(low), Some(high)) } else { (None, None) }
}
