//! Everything that one recording says, in one answer: what the server, Python and the command line show.

use serde::Serialize;

use super::cycle::CycleSummary;
use super::flags::{Flag, FlagLimits, flags};
use super::health::{Health, health};
use super::home_storage::{HomeStorage, HomeStorageOptions, home_storage};
use super::incremental_capacity::{VoltageGrid, incremental_capacities};
use super::knee::{Knee, knee};
use super::log::Recording;
use super::peak::Peak;
use super::rainflow::{DepthClass, depth_histogram, rainflow};
use super::refusal::Refusal;
use super::remaining_life::{DEFAULT_THRESHOLD, RemainingLife, remaining_life};
use super::resistance::{CurrentJump, resistances};
use super::state_of_charge::{
    Anchor, BoundSource, RecordedComparison, StateOfChargeOptions, count_state_of_charge,
};

/// What the caller knows of the battery; what is `None` is read off the recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnalysisOptions {
    /// The capacity that the maker states, in Ah.
    pub nominal_ah: Option<f64>,
    /// The state of health at which its life ends, usually 0.8.
    pub end_of_life: f64,
    /// Bounds beyond which voltage, temperature and capacity are flagged.
    pub limits: FlagLimits,
    /// Of a home battery: its usable energy, and when it counts as full and empty.
    pub home: HomeStorageOptions,
}

impl Default for AnalysisOptions {
    fn default() -> Self {
        Self {
            nominal_ah: None,
            end_of_life: DEFAULT_THRESHOLD,
            limits: FlagLimits::default(),
            home: HomeStorageOptions::default(),
        }
    }
}

impl AnalysisOptions {
    /// What a person states of a battery: its nominal capacity in Ah, and the state of health at which its life ends.
    ///
    /// ```
    /// use grid_core::battery::AnalysisOptions;
    /// assert_eq!(AnalysisOptions::of(Some(2.5), None)?.end_of_life, 0.8);
    /// assert_eq!(
    ///     AnalysisOptions::of(Some(0.0), None).unwrap_err().to_string(),
    ///     "expected a nominal capacity above 0 Ah, got `0`",
    /// );
    /// # Ok::<(), grid_core::battery::Refusal>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Refusal::OutOfRange`] for a capacity that is not above zero, and for an end of life that is not between 0 and 1.
    pub fn of(nominal_ah: Option<f64>, end_of_life: Option<f64>) -> Result<Self, Refusal> {
        if let Some(got) = nominal_ah
            && !(got.is_finite() && got > 0.0)
        {
            return Err(Refusal::OutOfRange { what: "a nominal capacity", expected: "above 0 Ah", got });
        }
        let end_of_life = end_of_life.unwrap_or(DEFAULT_THRESHOLD);
        if !(end_of_life > 0.0 && end_of_life < 1.0) {
            let (what, expected) = ("a state of health at the end of life", "between 0 and 1");
            return Err(Refusal::OutOfRange { what, expected, got: end_of_life });
        }
        Ok(Self { nominal_ah, end_of_life, ..Self::default() })
    }
}

/// A result, or the sentence that says why there is none. In JSON the result itself, or `{"not_known": sentence}`.
#[derive(Clone, Debug, PartialEq)]
pub struct OrReason<T>(pub Result<T, Refusal>);

impl<T: Serialize> Serialize for OrReason<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Reason<'a> {
            not_known: &'a Refusal,
        }
        match &self.0 {
            Ok(value) => value.serialize(serializer),
            Err(refusal) => Reason { not_known: refusal }.serialize(serializer),
        }
    }
}

impl<T> OrReason<T> {
    /// The result, if there is one.
    pub const fn known(&self) -> Option<&T> {
        match &self.0 {
            Ok(value) => Some(value),
            Err(_) => None,
        }
    }
}

/// The peaks of one cycle's incremental capacity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CyclePeaks {
    /// The cycle's number.
    pub cycle: i64,
    /// While charging.
    pub charge: OrReason<Vec<Peak>>,
    /// While discharging.
    pub discharge: OrReason<Vec<Peak>>,
}

/// The state of charge in figures; [`Charge::levels`] has it row by row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChargeFigures {
    /// Whether the recording has a state of charge of its own, which then counts.
    pub recorded: bool,
    /// The capacity between empty and full, in Ah, and where it comes from; `None` where the state of charge is
    /// recorded and could not be counted beside.
    pub capacity_ah: Option<f64>,
    /// Where the capacity comes from.
    pub capacity_source: Option<BoundSource>,
    /// Where the count was set right, with the drift that was found there.
    pub anchors: Vec<Anchor>,
    /// The count beside the recording's own state of charge.
    pub against_recorded: Option<RecordedComparison>,
    /// Lowest level, from 0 to 1.
    pub lowest: f64,
    /// Highest level.
    pub highest: f64,
}

/// The state of charge of each row, and its figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Charge {
    /// From 0 to 1, one a row; NaN where it is not known.
    pub levels: Vec<f64>,
    /// In figures.
    pub figures: ChargeFigures,
}

impl Charge {
    /// The recording's own state of charge, or else the counted one.
    ///
    /// # Errors
    ///
    /// As [`count_state_of_charge`], where nothing is recorded.
    pub fn of(recording: &Recording, nominal_ah: Option<f64>) -> Result<Self, Refusal> {
        let options = StateOfChargeOptions { capacity_ah: nominal_ah, ..StateOfChargeOptions::default() };
        let counted = count_state_of_charge(recording, options);
        let recorded = recording.state_of_charge.clone();
        let (is_recorded, levels, counted) = match (recorded, counted) {
            (Some(levels), counted) => (true, levels, counted.ok()),
            (None, Ok(mut counted)) => (false, std::mem::take(&mut counted.state_of_charge), Some(counted)),
            (None, Err(refusal)) => return Err(refusal),
        };
        let known = || levels.iter().copied().filter(|level| !level.is_nan());
        let figures = ChargeFigures {
            recorded: is_recorded,
            capacity_ah: counted.as_ref().map(|counted| counted.capacity_ah),
            capacity_source: counted.as_ref().map(|counted| counted.capacity_source),
            against_recorded: counted.as_ref().and_then(|counted| counted.against_recorded),
            anchors: counted.map(|counted| counted.anchors).unwrap_or_default(),
            lowest: known().fold(f64::NAN, f64::min),
            highest: known().fold(f64::NAN, f64::max),
        };
        Ok(Self { levels, figures })
    }
}

/// How deep a battery is cycled.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DepthOfDischarge {
    /// Ten classes from 0 to 1, each with its number of cycles (a half cycle counts half).
    pub classes: Vec<DepthClass>,
    /// How many swings of 1 % or more there are, whole and half ones together, in cycles.
    pub cycles: f64,
    /// The deepest swing.
    pub deepest: f64,
}

/// Swings below one per cent are noise and rounding of the state of charge.
const LEAST_SWING: f64 = 0.01;

impl DepthOfDischarge {
    /// Rainflow cycles of a state of charge from 0 to 1, those below 1 % left out.
    ///
    /// # Errors
    ///
    /// Returns [`Refusal::TooFew`] where the state of charge never swings by 1 %.
    pub fn of(levels: &[f64]) -> Result<Self, Refusal> {
        let mut swings = rainflow(levels);
        swings.retain(|swing| swing.depth >= LEAST_SWING);
        if swings.is_empty() {
            return Err(Refusal::TooFew {
                what: "swings of the state of charge by 1 % or more",
                least: 1,
                got: 0,
            });
        }
        Ok(Self {
            classes: depth_histogram(&swings, 10, 1.0)?,
            cycles: swings.iter().map(|swing| swing.count).sum(),
            deepest: swings.iter().map(|swing| swing.depth).fold(0.0, f64::max),
        })
    }
}

/// Everything that one recording says beyond its [`Summary`](super::Summary).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Analysis {
    /// State of health of each full cycle, and the fade.
    pub health: OrReason<Health>,
    /// Where the ageing becomes faster.
    pub knee: OrReason<Knee>,
    /// The cycles that are left.
    pub remaining_life: OrReason<RemainingLife>,
    /// Resistance at each jump of the current.
    pub resistances: OrReason<Vec<CurrentJump>>,
    /// Peaks of the incremental capacity, cycle by cycle.
    pub incremental_capacity: OrReason<Vec<CyclePeaks>>,
    /// The state of charge.
    pub state_of_charge: OrReason<ChargeFigures>,
    /// How deep the battery is cycled.
    pub depth_of_discharge: OrReason<DepthOfDischarge>,
    /// What the battery of a home did.
    pub home_storage: OrReason<HomeStorage>,
    /// What looks wrong.
    pub flags: OrReason<Vec<Flag>>,
}

/// Analyses a recording.
///
/// What a recording does not hold is left out with the reason, never guessed.
///
/// ```
/// use grid_core::battery::{AnalysisOptions, analyse, read_bytes};
/// let file = b"time_s,voltage_V,current_A\n0,3.0,0\n1,3.1,1\n3601,4.2,1\n3602,4.1,0\n3700,4.1,0\n\
///     3701,4.0,-1\n5501,3.5,-1\n7301,3.0,-1\n7302,3.1,0\n7400,3.1,0\n";
/// let recording = read_bytes(file)?;
/// let analysis = analyse(&recording, &recording.cycles(), &AnalysisOptions::default());
/// let swings = analysis.depth_of_discharge.known().unwrap();
/// assert!((swings.deepest - 1.0).abs() < 1e-3);
/// let json = serde_json::to_value(&analysis)?;
/// assert_eq!(
///     json["remaining_life"]["not_known"],
///     "expected at least 20 full cycles to forecast from, got 1",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn analyse(recording: &Recording, cycles: &[CycleSummary], options: &AnalysisOptions) -> Analysis {
    let health = health(cycles, options.nominal_ah);
    let fade = health.as_ref().map(Health::series).map_err(Refusal::clone);
    let charge = Charge::of(recording, options.nominal_ah);
    let depth =
        charge.as_ref().map_err(Refusal::clone).and_then(|charge| DepthOfDischarge::of(&charge.levels));
    Analysis {
        knee: OrReason(fade.clone().and_then(|(cycles, health)| knee(&cycles, &health))),
        remaining_life: OrReason(
            fade.and_then(|(cycles, health)| remaining_life(&cycles, &health, options.end_of_life)),
        ),
        health: OrReason(health),
        resistances: OrReason(resistances(recording)),
        incremental_capacity: OrReason(peaks(recording, cycles)),
        state_of_charge: OrReason(charge.map(|charge| charge.figures)),
        depth_of_discharge: OrReason(depth),
        home_storage: OrReason(if recording.format.is_home() || !recording.channels.is_empty() {
            home_storage(recording, options.home)
        } else {
            Err(Refusal::NotRecorded { what: "the log of a home battery" })
        }),
        flags: OrReason(flags(recording, cycles, options.limits)),
    }
}

fn peaks(recording: &Recording, cycles: &[CycleSummary]) -> Result<Vec<CyclePeaks>, Refusal> {
    let curves = incremental_capacities(recording, cycles, VoltageGrid::of(recording)?);
    Ok(curves
        .into_iter()
        .map(|curves| CyclePeaks {
            cycle: curves.cycle,
            charge: OrReason(curves.charge.map(|curve| curve.peaks)),
            discharge: OrReason(curves.discharge.map(|curve| curve.peaks)),
        })
        .collect())
}
