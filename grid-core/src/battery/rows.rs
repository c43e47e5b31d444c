//! A run of consecutive rows as columns: what the reader gives and the folds take.

/// Consecutive rows as columns of equal length, in the units and directions of [`Recording`](super::Recording).
///
/// A missing cell is NaN. A column that the file does not have is `None`; time, voltage and current are always there.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rows<'a> {
    pub(crate) time_s: &'a [f64],
    pub(crate) voltage_v: &'a [f64],
    pub(crate) current_a: &'a [f64],
    pub(crate) power_w: Option<&'a [f64]>,
    pub(crate) temperature_c: Option<&'a [f64]>,
    pub(crate) state_of_charge: Option<&'a [f64]>,
    pub(crate) charge_capacity_ah: Option<&'a [f64]>,
    pub(crate) discharge_capacity_ah: Option<&'a [f64]>,
    pub(crate) capacity_ah: Option<&'a [f64]>,
    pub(crate) charge_energy_wh: Option<&'a [f64]>,
    pub(crate) discharge_energy_wh: Option<&'a [f64]>,
    pub(crate) energy_wh: Option<&'a [f64]>,
    pub(crate) cycle_index: Option<&'a [i64]>,
    pub(crate) step_index: Option<&'a [i64]>,
    pub(crate) step_time_s: Option<&'a [f64]>,
    /// Places among the names, 255 for a row without a label.
    pub(crate) labels: Option<&'a [u8]>,
    /// The labels of the file so far, of which a later batch may have more.
    pub(crate) label_names: &'a [String],
}
