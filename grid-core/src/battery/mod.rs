//! Battery recordings: read any vendor's file, find its cycles, and say what went in and out of each.
//!
//! [`read()`], [`read_bytes`] and [`read_path`] take text of any layout (CSV, TSV, `.txt`, `.mpt`) without being told
//! which one: encoding, delimiter, decimal mark, header line, units and the direction of the current are found in the
//! file, and [`Recording::evidence`] and [`Recording::remarks`] say what was found and what was odd.
//! [`Recording::cycles`] and [`summarise`] give capacity, energy and efficiency.
//!
//! What lies beyond the sums of a cycle: [`Recording::steps`], [`resistances`], [`incremental_capacities`],
//! [`count_state_of_charge`], [`rainflow`], [`health`], [`knee`], [`remaining_life`], [`home_storage`] and [`flags`].
//! Each is a function of a recording or of its columns, in a few passes over the rows, and refuses with its reason
//! ([`Refusal`]) where a number would be a guess.
//!
//! Everywhere: time in s, voltage in V, current in A and positive while charging, capacity in Ah, energy in Wh,
//! temperature in degrees Celsius. A missing cell is NaN, never zero.
//!
//! ```
//! let file = b"time,voltage,current\n0,3.6,1\n1800,3.8,1\n3600,4.0,1\n5400,3.7,-1\n7200,3.5,-1\n";
//! let recording = grid_core::battery::read_bytes(file)?;
//! let summary = grid_core::battery::summarise(&recording);
//! assert_eq!(summary.rows, 5);
//! assert_eq!(summary.cycles.len(), 1);
//! # Ok::<(), grid_core::battery::Error>(())
//! ```

mod analysis;
mod c_rate;
mod capacity;
mod charge_count;
mod cycle;
mod efficiency;
mod error;
mod evidence;
mod export;
mod fade_model;
mod flags;
mod fold;
mod format;
mod frozen;
mod health;
mod home_day;
mod home_interval;
mod home_storage;
mod incremental_capacity;
mod knee;
mod label;
mod least_squares;
mod level;
mod log;
#[cfg(test)]
mod noise;
mod numeric;
#[cfg(feature = "parquet")]
mod parquet;
mod peak;
mod rainflow;
mod read;
mod refusal;
mod remaining_life;
mod resistance;
mod rows;
mod savitzky_golay;
mod self_consumption;
mod state_of_charge;
mod step;
mod step_kind;
mod step_summary;
mod summary;

pub use analysis::{
    Analysis, AnalysisOptions, Charge, ChargeFigures, CyclePeaks, DepthOfDischarge, OrReason, analyse,
};
pub use c_rate::{CapacityReference, CapacitySource};
pub use capacity::{Agreement, DISAGREEMENT_BOUND, EnergyAgreement, Method};
pub use cycle::CycleSummary;
pub use efficiency::{charge_over_discharge, discharge_over_charge, discharge_over_previous_charge};
pub use error::Error;
pub use evidence::Evidence;
pub use fade_model::FadeModel;
pub use flags::{Flag, FlagKind, FlagLimits, flags};
pub use format::{Format, UnknownFormat};
pub use health::{FadeLevel, Health, HealthRow, LeftOut, Reference, health, health_by};
pub use home_day::{HomeDay, QualityHours};
pub use home_storage::{HomeStorage, HomeStorageOptions, NotKnown, home_storage};
pub use incremental_capacity::{
    CycleIncrementalCapacity, IncrementalCapacity, VoltageGrid, incremental_capacities, incremental_capacity,
};
pub use knee::{Knee, LEAST_FOR_KNEE, knee};
pub use label::{CyclePurpose, Labels};
pub use level::{Level, read_levels};
pub use log::{Channel, Recording, Remark};
pub use peak::Peak;
pub use rainflow::{DepthClass, RainflowCycle, depth_histogram, rainflow};
pub use read::{
    Progress, ReadLimits, ReadOptions, Source, read, read_bytes, read_bytes_as, read_path, read_with,
    read_within, summarise_bytes, summarise_path, summarise_with,
};
pub use refusal::Refusal;
pub use remaining_life::{
    BandPoint, DEFAULT_THRESHOLD, LEAST_FOR_REMAINING_LIFE, ModelScore, RemainingLife, remaining_life,
};
pub use resistance::{CurrentJump, Resistance, resistances, resistances_beyond};
pub use self_consumption::SelfConsumption;
pub use state_of_charge::{
    Anchor, AnchorKind, BoundSource, RecordedComparison, StateOfCharge, StateOfChargeOptions,
    count_state_of_charge,
};
pub use step::Direction;
pub use step_kind::StepKind;
pub use step_summary::StepSummary;
pub use summary::{Summary, summarise};
