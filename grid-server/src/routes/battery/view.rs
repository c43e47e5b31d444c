//! What recordings look like in JSON.

use grid_core::{
    battery::{Health, OrReason, Remark, Summary},
    energy::Name,
    store::StoredRecording,
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a file says.
#[derive(Serialize, ToSchema)]
#[schema(as = Recording)]
pub(crate) struct RecordingView {
    /// Its id; `null` where it was not stored.
    pub(super) id: Option<Uuid>,
    #[schema(value_type = String, example = "cell 12")]
    pub(super) name: Name,
    /// State of health of each full cycle, or `{"not_known": reason}`.
    #[schema(value_type = Object)]
    pub(super) health: OrReason<Health>,
    #[serde(flatten)]
    #[schema(value_type = SummaryView)]
    pub(super) summary: Summary,
}

/// One judgement about a file, for the API's description.
#[derive(ToSchema)]
#[schema(as = Evidence)]
#[expect(dead_code, reason = "describes the core's `Evidence`, which knows nothing of OpenAPI")]
pub(crate) struct EvidenceView {
    /// What was judged.
    #[schema(example = "delimiter")]
    what: String,
    /// What it was taken for.
    #[schema(example = "semicolon")]
    found: String,
    /// By what sign in the file.
    why: String,
    /// How sure that is, from 0 to 1.
    confidence: f64,
}

/// Something odd in a file, for the API's description.
#[derive(ToSchema)]
#[schema(as = Remark)]
#[expect(dead_code, reason = "describes the core's `Remark`, which knows nothing of OpenAPI")]
pub(crate) struct RemarkView {
    #[schema(example = "current_sign_turned")]
    code: String,
    message: String,
    line: Option<u64>,
}

/// A recording in numbers, for the API's description.
#[derive(ToSchema)]
#[schema(as = RecordingSummary)]
#[expect(dead_code, reason = "describes the core's `Summary`, which knows nothing of OpenAPI")]
pub(crate) struct SummaryView {
    #[schema(example = "arbin")]
    format: String,
    /// Why it was taken for what it is.
    evidence: Vec<EvidenceView>,
    /// What was odd, and what was done about it.
    #[schema(value_type = Vec<RemarkView>)]
    remarks: Vec<Remark>,
    /// The wall clock of the first row, without a zone.
    started_at: Option<String>,
    rows: u64,
    first_time_s: f64,
    last_time_s: f64,
    voltage_min_v: Option<f64>,
    voltage_max_v: Option<f64>,
    current_min_a: Option<f64>,
    current_max_a: Option<f64>,
    temperature_min_c: Option<f64>,
    temperature_max_c: Option<f64>,
    charge_capacity_ah: Option<f64>,
    discharge_capacity_ah: Option<f64>,
    charge_energy_wh: Option<f64>,
    discharge_energy_wh: Option<f64>,
    integral_charge_ah: Option<f64>,
    integral_discharge_ah: Option<f64>,
    integral_charge_wh: Option<f64>,
    integral_discharge_wh: Option<f64>,
    backward_times: u64,
    duplicate_times: u64,
    missing_voltages: u64,
    missing_currents: u64,
    /// What C-rates are relative to: `capacity_ah`, and its `source`.
    #[schema(value_type = Option<Object>)]
    capacity_reference: Option<()>,
    cycles: Vec<CycleView>,
}

/// A cycle, for the API's description.
#[derive(ToSchema)]
#[schema(as = Cycle)]
#[expect(dead_code, reason = "describes the core's `CycleSummary`, which knows nothing of OpenAPI")]
pub(crate) struct CycleView {
    cycle: i64,
    /// What the vendor calls it.
    #[schema(example = "Capacity check")]
    label: Option<String>,
    /// What it is for by the words of its label: `formation`, `diagnostic` or `ageing`.
    purpose: Option<String>,
    charge_capacity_ah: Option<f64>,
    discharge_capacity_ah: Option<f64>,
    charge_energy_wh: Option<f64>,
    discharge_energy_wh: Option<f64>,
    coulombic_efficiency: Option<f64>,
    energy_efficiency: Option<f64>,
    first_row: u64,
    rows: u64,
    duration_s: f64,
    /// Where the capacities come from.
    #[schema(example = "integral")]
    method: String,
    /// The vendor's count beside the integral of the current, where there are both; `agrees` says whether they do.
    #[schema(value_type = Option<Object>)]
    agreement: Option<()>,
    /// The same of energies.
    #[schema(value_type = Option<Object>)]
    energy_agreement: Option<()>,
    /// Charged over discharged Ah of this cycle.
    charge_over_discharge: Option<f64>,
    /// Discharged Ah over what the cycle before charged.
    discharge_over_previous_charge: Option<f64>,
    /// Mean discharge voltage over mean charge voltage.
    voltage_efficiency: Option<f64>,
    charge_voltage_mean_v: Option<f64>,
    discharge_voltage_mean_v: Option<f64>,
    charge_current_mean_a: Option<f64>,
    discharge_current_mean_a: Option<f64>,
    charge_c_rate: Option<f64>,
    discharge_c_rate: Option<f64>,
    rest_voltage_after_charge_v: Option<f64>,
    rest_voltage_after_discharge_v: Option<f64>,
    voltage_min_v: Option<f64>,
    voltage_max_v: Option<f64>,
    temperature_min_c: Option<f64>,
    temperature_max_c: Option<f64>,
    temperature_mean_c: Option<f64>,
}

/// A step, for the API's description.
#[derive(ToSchema)]
#[schema(as = Step)]
#[expect(dead_code, reason = "describes the core's `StepSummary`, which knows nothing of OpenAPI")]
pub(crate) struct StepView {
    step: i64,
    cycle: i64,
    /// `rest`, `constant_current`, `constant_voltage`, `constant_current_constant_voltage`, `constant_power`, `pulse`,
    /// `varying` or `unknown`.
    #[schema(example = "constant_current")]
    kind: String,
    first_row: u64,
    rows: u64,
    duration_s: f64,
    charge_capacity_ah: Option<f64>,
    discharge_capacity_ah: Option<f64>,
    charge_energy_wh: Option<f64>,
    discharge_energy_wh: Option<f64>,
    start_voltage_v: Option<f64>,
    end_voltage_v: Option<f64>,
    current_mean_a: Option<f64>,
}

/// What a recording says beyond its numbers, for the API's description. Each is the result, or `{"not_known": reason}`.
#[derive(ToSchema)]
#[schema(as = BatteryAnalysis)]
#[expect(dead_code, reason = "describes the core's `Analysis`, which knows nothing of OpenAPI")]
pub(crate) struct AnalysisView {
    /// State of health of each full cycle, and the fade.
    #[schema(value_type = Object)]
    health: (),
    /// Where the ageing becomes faster.
    #[schema(value_type = Object)]
    knee: (),
    /// The cycles that are left, with an interval.
    #[schema(value_type = Object)]
    remaining_life: (),
    /// Resistance at each jump of the current.
    #[schema(value_type = Object)]
    resistances: (),
    /// Peaks of dQ/dV, cycle by cycle.
    #[schema(value_type = Object)]
    incremental_capacity: (),
    /// The state of charge in figures.
    #[schema(value_type = Object)]
    state_of_charge: (),
    /// How deep the battery is cycled.
    #[schema(value_type = Object)]
    depth_of_discharge: (),
    /// What the battery of a home did.
    #[schema(value_type = Object)]
    home_storage: (),
    /// What looks wrong, each with its interval.
    #[schema(value_type = Object)]
    flags: (),
}

/// A curve of a chart, for the API's description.
#[derive(ToSchema)]
#[schema(as = ChartSeries)]
#[expect(dead_code, reason = "describes the core's `ChartSeries`, which knows nothing of OpenAPI")]
pub(crate) struct ChartSeriesView {
    #[schema(example = "voltage_v")]
    name: String,
    /// Points `[x, y]` of pieces without gaps.
    lines: Vec<Vec<Vec<f64>>>,
}

/// A chart as numbers, for the API's description.
#[derive(ToSchema)]
#[schema(as = ChartData)]
#[expect(dead_code, reason = "describes the core's `ChartData`, which knows nothing of OpenAPI")]
pub(crate) struct ChartDataView {
    #[schema(example = "voltage")]
    kind: String,
    /// What stands along the x axis.
    #[schema(example = "time_s")]
    x: String,
    series: Vec<ChartSeriesView>,
}

/// Bytes, for the API's description.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes what is no JSON")]
pub(crate) struct Binary(Vec<u8>);

/// A stored recording in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecordingItem {
    id: Uuid,
    #[schema(value_type = String)]
    name: Name,
    #[schema(value_type = String, example = "arbin")]
    format: Name,
    size_bytes: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<StoredRecording> for RecordingItem {
    fn from(stored: StoredRecording) -> Self {
        Self {
            id: stored.id,
            name: stored.name,
            format: stored.format,
            size_bytes: stored.size_bytes,
            created_at: stored.created_at,
        }
    }
}
