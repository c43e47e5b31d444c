//! What is answered, and stored as it was answered.

use std::collections::BTreeMap;

use grid_core::{
    chart::ForecastPoint,
    forecast::{
        self, Contribution, Explanation, Group, Member, PointInTime, quantile_name, quantile_of_name,
    },
};
use jiff::{Timestamp, civil::DateTime};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The layout of stored forecasts: 1 had neither `version` nor `inputs`.
const FORMAT: u32 = 2;

/// A forecast.
#[derive(Deserialize, Serialize, ToSchema)]
pub(crate) struct ForecastView {
    /// `null` where it is not stored.
    pub(crate) id: Option<Uuid>,
    pub(super) device: Option<Uuid>,
    pub(super) channel: Option<String>,
    /// The model that made it.
    #[schema(example = "auto")]
    pub(super) model: String,
    /// What made it; `null` for a forecast that was stored before this was kept.
    #[serde(default)]
    pub(super) version: Option<Version>,
    /// What it was made from; `null` for a forecast that was stored before this was kept.
    #[serde(default)]
    pub(super) inputs: Option<Inputs>,
    /// The models that it was made by, the one that counts most first; empty for a forecast that was stored before this was kept.
    #[serde(default)]
    pub(super) members: Vec<MemberView>,
    /// Why those count as much as they do.
    #[serde(default)]
    #[schema(example = "these weights would have had the least error in the last 28 days")]
    pub(super) weighed_by: Option<String>,
    /// What moves each slot of the first day away from its average, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) explanation: Option<Vec<ExplanationView>>,
    #[schema(example = "Europe/Madrid")]
    pub(crate) time_zone: String,
    /// One point a slot, in the unit of what was learnt from (kWh a slot for devices).
    pub(crate) points: Vec<PointView>,
    /// How good the model would have been in the last days; `null` where there are too few.
    pub(super) evidence: Option<Evidence>,
    /// The last values that were learnt from.
    pub(crate) recent: Vec<Value>,
    #[schema(value_type = String, format = DateTime)]
    pub(super) created_at: Timestamp,
}

/// A model that a forecast was made by.
#[derive(Deserialize, Serialize, ToSchema)]
#[schema(as = ForecastMember)]
pub(crate) struct MemberView {
    #[schema(example = "ridge")]
    model: String,
    /// Its weight; all add up to 1.
    #[schema(example = 0.62)]
    weight: f64,
}

impl From<Member> for MemberView {
    fn from(Member { model, weight }: Member) -> Self {
        Self { model: model.to_owned(), weight }
    }
}

/// Why the mean of a slot is as it is: the average and all amounts add up to it, unless it was kept from falling below zero.
#[derive(Deserialize, Serialize, ToSchema)]
#[schema(as = ForecastExplanation)]
pub(crate) struct ExplanationView {
    /// The start of the slot on the local clock.
    #[schema(example = "2026-03-02T05:00:00")]
    local_start: String,
    /// What the slot was on average.
    average: f64,
    contributions: Vec<ContributionView>,
}

/// What something adds to a forecast.
#[derive(Deserialize, Serialize, ToSchema)]
#[schema(as = ForecastContribution)]
pub(crate) struct ContributionView {
    /// What it is: `same_time`, `same_weekday`, `last_day`, `level`, `calendar`, `season`, `{"regressor": name}`, or
    /// `{"member": model}` for another model as a whole.
    #[schema(value_type = Object)]
    of: Group,
    /// By how much it moves the mean, in the unit of the values.
    amount: f64,
}

impl ExplanationView {
    /// The explanation of the slot that starts then on the local clock.
    pub(super) fn of(start: DateTime, explanation: Explanation) -> Self {
        let contributions = explanation.contributions.into_iter();
        Self {
            local_start: start.to_string(),
            average: explanation.average,
            contributions: contributions
                .map(|Contribution { group, amount }| ContributionView { of: group, amount })
                .collect(),
        }
    }
}

/// What made a forecast.
#[derive(Deserialize, Serialize, ToSchema)]
#[schema(as = ForecastVersion)]
pub(crate) struct Version {
    /// The layout of this answer, as it is stored.
    #[schema(example = 2)]
    format: u32,
    /// The version of GRID.
    #[schema(example = "0.1.0")]
    grid: String,
}

impl Version {
    /// What this program makes.
    pub(super) fn own() -> Self {
        Self { format: FORMAT, grid: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// What a forecast was made from.
#[derive(Deserialize, Serialize, ToSchema)]
#[schema(as = ForecastInputs)]
pub(crate) struct Inputs {
    /// The start of the first slot that was learnt from.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) from: Option<Timestamp>,
    /// The start of the last one.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) until: Option<Timestamp>,
    /// The length of a slot in minutes.
    #[schema(example = 60)]
    pub(super) resolution_minutes: u32,
    /// How many slots there were on the local clock.
    #[schema(example = 1440)]
    pub(super) slots: usize,
    /// How many of them had no value.
    #[schema(example = 3)]
    pub(super) missing: usize,
    /// How far was looked.
    #[schema(example = 24)]
    pub(super) horizon_hours: u16,
    /// The intervals in percent.
    #[schema(example = json!([50, 80]))]
    pub(super) levels: Vec<u8>,
    /// The model that was asked for.
    #[schema(example = "auto")]
    pub(super) model: String,
}

/// A value that was learnt from.
#[derive(Deserialize, Serialize, ToSchema)]
pub(crate) struct Value {
    #[schema(value_type = String, format = DateTime)]
    pub(crate) start: Timestamp,
    pub(crate) value: Option<f64>,
}

/// A slot of a forecast. Other levels than 50 and 80 have keys of their own, such as `q05` and `q95` for 90.
#[derive(Deserialize, Serialize, ToSchema)]
pub(crate) struct PointView {
    #[schema(value_type = String, format = DateTime)]
    pub(super) start: Timestamp,
    pub(super) mean: Option<f64>,
    #[serde(flatten)]
    #[schema(value_type = Quantiles)]
    pub(super) quantiles: BTreeMap<String, Option<f64>>,
}

/// The quantiles of the usual levels, for the API's description.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the keys of a map")]
pub(crate) struct Quantiles {
    q10: Option<f64>,
    q25: Option<f64>,
    q50: Option<f64>,
    q75: Option<f64>,
    q90: Option<f64>,
}

impl PointView {
    /// A point with its quantiles of those levels.
    pub(super) fn of(point: PointInTime, levels: &[f64]) -> Self {
        let names = levels.iter().map(|level| quantile_name(*level));
        Self {
            start: point.start,
            mean: finite(point.mean),
            quantiles: names.zip(point.quantiles.into_iter().map(finite)).collect(),
        }
    }

    /// The point as the core knows it, with the levels of its quantiles.
    pub(super) fn known(&self) -> (PointInTime, Vec<f64>) {
        let nan = |value: Option<f64>| value.unwrap_or(f64::NAN);
        // The names lie in the order of their levels: both are told apart by the same decimals.
        let (levels, quantiles) = self
            .quantiles
            .iter()
            .filter_map(|(name, value)| Some((quantile_of_name(name)?, nan(*value))))
            .unzip();
        (PointInTime { start: self.start, mean: nan(self.mean), quantiles }, levels)
    }

    /// The point as the chart takes it.
    pub(crate) fn drawn(&self) -> ForecastPoint {
        let (point, levels) = self.known();
        ForecastPoint::of_quantiles(point.start, point.mean, &levels, &point.quantiles)
    }
}

/// A number as JSON has it.
pub(super) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// What the model would have scored: a forecast from each of the last days, with nothing but what was known then.
#[derive(Deserialize, Serialize, ToSchema)]
#[schema(as = ForecastEvidence)]
pub(crate) struct Evidence {
    /// Mean absolute error, in the unit of the values.
    mae: Option<f64>,
    /// That error over the one of repeating yesterday; below 1 is better than that.
    mase: Option<f64>,
    /// Weighted quantile loss.
    wql: Option<f64>,
    /// The share of the values that fell into each interval.
    coverage: Vec<Coverage>,
    /// How many forecasts were made.
    origins: usize,
    /// How many slots were scored.
    scored: usize,
}

/// The share of the values that fell into an interval.
#[derive(Deserialize, Serialize, ToSchema)]
pub(crate) struct Coverage {
    /// The interval's level in percent.
    level: u8,
    /// The share, 0 to 1; close to the level is good.
    share: Option<f64>,
}

impl From<forecast::Coverage> for Coverage {
    fn from(forecast::Coverage { level, share }: forecast::Coverage) -> Self {
        Self { level, share }
    }
}

impl From<forecast::Evidence> for Evidence {
    fn from(evidence: forecast::Evidence) -> Self {
        Self {
            mae: evidence.mae,
            mase: evidence.mase,
            wql: evidence.wql,
            coverage: evidence.coverage.into_iter().map(Coverage::from).collect(),
            origins: evidence.origins,
            scored: evidence.scored,
        }
    }
}
