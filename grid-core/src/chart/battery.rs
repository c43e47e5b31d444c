//! The charts of a battery's recording by name: one list for the server, Python and the command line.

use std::{fmt, str::FromStr};

use super::{
    ChargeLevels, DepthBin, Error, HealthForecast, HealthPoint, IncrementalCurve, Options, Recorded, Svg,
    battery_health, capacity_over_cycles, depth_of_discharge, incremental_capacity, minmax_lttb,
    state_of_charge, voltage_current,
};
use crate::{
    battery::{
        AnalysisOptions, Charge, CycleSummary, DepthOfDischarge, Health, Recording, VoltageGrid, health,
        incremental_capacities, remaining_life,
    },
    error::excerpt,
};

/// Which chart of a battery's recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BatteryChart {
    /// Voltage, current and temperature over time.
    #[default]
    Voltage,
    /// Capacity and coulombic efficiency over cycles.
    Capacity,
    /// dQ/dV over voltage, cycle by cycle.
    IncrementalCapacity,
    /// State of charge over days.
    StateOfCharge,
    /// Histogram of depths of discharge.
    DepthOfDischarge,
    /// State of health over cycles, with what is to be expected.
    Health,
}

impl BatteryChart {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 6] = [
        Self::Voltage,
        Self::Capacity,
        Self::IncrementalCapacity,
        Self::StateOfCharge,
        Self::DepthOfDischarge,
        Self::Health,
    ];

    /// Its name: `voltage`, `capacity`, `incremental_capacity`, `state_of_charge`, `depth_of_discharge`, `health`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Voltage => "voltage",
            Self::Capacity => "capacity",
            Self::IncrementalCapacity => "incremental_capacity",
            Self::StateOfCharge => "state_of_charge",
            Self::DepthOfDischarge => "depth_of_discharge",
            Self::Health => "health",
        }
    }
}

impl fmt::Display for BatteryChart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for BatteryChart {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| Error::NotABatteryChart { got: excerpt(text) })
    }
}

/// Draws one chart of a recording. A chart for which the recording has nothing says so.
///
/// ```
/// use grid_core::{battery::{AnalysisOptions, read_bytes}, chart::{BatteryChart, Options, battery}};
/// let recording = read_bytes(b"time_s,voltage_V,current_A\n0,3.6,1\n60,3.7,1\n")?;
/// let known = AnalysisOptions::default();
/// let chart = battery("capacity".parse()?, &recording, &recording.cycles(), &known, &Options::default())?;
/// assert!(chart.svg().contains("Capacity over cycles"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::Size`].
pub fn battery(
    kind: BatteryChart,
    recording: &Recording,
    cycles: &[CycleSummary],
    known: &AnalysisOptions,
    options: &Options,
) -> Result<Svg, Error> {
    match kind {
        BatteryChart::Voltage => voltage_current(Recorded::from(recording), options),
        BatteryChart::Capacity => capacity_over_cycles(cycles, options),
        BatteryChart::IncrementalCapacity => {
            let curves = slopes(recording, cycles);
            let curves: Vec<IncrementalCurve<'_>> = curves
                .iter()
                .map(|(cycle, volts, slopes)| IncrementalCurve {
                    cycle: *cycle,
                    voltage_v: volts,
                    dq_dv_ah_per_v: slopes,
                })
                .collect();
            incremental_capacity(&curves, options)
        }
        BatteryChart::StateOfCharge => {
            let levels = levels(recording, known);
            let levels = ChargeLevels {
                time_s: &recording.time_s,
                state_of_charge: &levels,
                started_at: recording.started_at,
            };
            state_of_charge(levels, options)
        }
        BatteryChart::DepthOfDischarge => depth_of_discharge(&depths(recording, known), options),
        BatteryChart::Health => {
            let (past, next) = ageing(cycles, known);
            battery_health(&past, &next, Some(known.end_of_life), BAND, options)
        }
    }
}

/// What the band of a remaining life holds.
const BAND: f64 = 0.9;

/// One curve of a chart, for those who draw it themselves.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct ChartSeries {
    /// What it shows, such as `voltage_v`, `charge_capacity_ah`, or `cycle 12 charge`.
    pub name: String,
    /// Points `[x, y]` of pieces without gaps.
    pub lines: Vec<Vec<(f64, f64)>>,
}

/// The curves of a chart as numbers.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct ChartData {
    /// The chart.
    pub kind: &'static str,
    /// What stands along the x axis, with its unit: `time_s`, `cycle`, `voltage_v`, `depth`.
    pub x: &'static str,
    /// Its curves.
    pub series: Vec<ChartSeries>,
}

/// The curves of a chart as numbers, each brought down to about `points` by [`minmax_lttb`].
pub fn battery_data(
    kind: BatteryChart,
    recording: &Recording,
    cycles: &[CycleSummary],
    known: &AnalysisOptions,
    points: usize,
) -> ChartData {
    let line = |name: &str, x: &[f64], y: &[f64]| ChartSeries {
        name: name.to_owned(),
        lines: minmax_lttb(x, y, points.max(2)),
    };
    let time = &recording.time_s;
    let (x, series) = match kind {
        BatteryChart::Voltage => {
            let mut series = vec![
                line("voltage_v", time, &recording.voltage_v),
                line("current_a", time, &recording.current_a),
            ];
            series.extend(recording.temperature_c.as_ref().map(|column| line("temperature_c", time, column)));
            ("time_s", series)
        }
        BatteryChart::Capacity => {
            let numbers: Vec<f64> = cycles.iter().map(number_of).collect();
            let column = |of: fn(&CycleSummary) -> f64| cycles.iter().map(of).collect::<Vec<f64>>();
            let series = vec![
                line("charge_capacity_ah", &numbers, &column(|cycle| cycle.charge_capacity_ah)),
                line("discharge_capacity_ah", &numbers, &column(|cycle| cycle.discharge_capacity_ah)),
                line(
                    "coulombic_efficiency",
                    &numbers,
                    &column(|cycle| cycle.coulombic_efficiency.unwrap_or(f64::NAN)),
                ),
            ];
            ("cycle", series)
        }
        BatteryChart::IncrementalCapacity => {
            let series = slopes(recording, cycles)
                .iter()
                .map(|(cycle, volts, slopes)| line(&format!("cycle {cycle}"), volts, slopes))
                .collect();
            ("voltage_v", series)
        }
        BatteryChart::StateOfCharge => {
            ("time_s", vec![line("state_of_charge", time, &levels(recording, known))])
        }
        BatteryChart::DepthOfDischarge => {
            let bins = depths(recording, known);
            let points = bins.iter().map(|bin| (f64::midpoint(bin.from, bin.to), bin.cycles)).collect();
            ("depth", vec![ChartSeries { name: "cycles".to_owned(), lines: vec![points] }])
        }
        BatteryChart::Health => {
            let (past, next) = ageing(cycles, known);
            let (x, y): (Vec<f64>, Vec<f64>) =
                past.iter().map(|point| (point.cycle, point.state_of_health)).unzip();
            let ahead: Vec<f64> = next.iter().map(|point| point.cycle).collect();
            let column = |of: fn(&HealthForecast) -> f64| next.iter().map(of).collect::<Vec<f64>>();
            let series = vec![
                line("state_of_health", &x, &y),
                line("expected", &ahead, &column(|point| point.state_of_health)),
                line("expected_low", &ahead, &column(|point| point.low)),
                line("expected_high", &ahead, &column(|point| point.high)),
            ];
            ("cycle", series)
        }
    };
    ChartData { kind: kind.as_str(), x, series }
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a cycle's number, for an axis")]
fn number_of(cycle: &CycleSummary) -> f64 {
    cycle.cycle as f64
}

/// The curves of dQ/dV: charge above the axis, discharge below it.
fn slopes(recording: &Recording, cycles: &[CycleSummary]) -> Vec<(i64, Vec<f64>, Vec<f64>)> {
    let Ok(grid) = VoltageGrid::of(recording) else { return Vec::new() };
    let mut curves = Vec::new();
    for of_cycle in incremental_capacities(recording, cycles, grid) {
        if let Ok(curve) = of_cycle.charge {
            let slopes = curve.dq_dv_ah_per_v.iter().map(|slope| slope.abs()).collect();
            curves.push((of_cycle.cycle, curve.voltage_v, slopes));
        }
        if let Ok(curve) = of_cycle.discharge {
            let slopes = curve.dq_dv_ah_per_v.iter().map(|slope| -slope.abs()).collect();
            curves.push((of_cycle.cycle, curve.voltage_v, slopes));
        }
    }
    curves
}

/// The state of charge of each row; NaN where nothing is known of it.
fn levels(recording: &Recording, known: &AnalysisOptions) -> Vec<f64> {
    Charge::of(recording, known.nominal_ah)
        .map_or_else(|_| vec![f64::NAN; recording.len()], |charge| charge.levels)
}

fn depths(recording: &Recording, known: &AnalysisOptions) -> Vec<DepthBin> {
    let depth = DepthOfDischarge::of(&levels(recording, known));
    let classes = depth.map(|depth| depth.classes).unwrap_or_default();
    classes
        .into_iter()
        .map(|class| DepthBin { from: class.from, to: class.to, cycles: class.cycles })
        .collect()
}

/// Health so far, and what is to be expected where that can be said.
fn ageing(cycles: &[CycleSummary], known: &AnalysisOptions) -> (Vec<HealthPoint>, Vec<HealthForecast>) {
    let Ok(of_cycles) = health(cycles, known.nominal_ah) else { return (Vec::new(), Vec::new()) };
    let (x, y) = Health::series(&of_cycles);
    let next = remaining_life(&x, &y, known.end_of_life).map_or_else(
        |_| Vec::new(),
        |life| {
            life.band
                .into_iter()
                .map(|point| HealthForecast {
                    cycle: point.at,
                    state_of_health: point.capacity,
                    low: point.low,
                    high: point.high,
                })
                .collect()
        },
    );
    let past = x.into_iter().zip(y);
    (past.map(|(cycle, state_of_health)| HealthPoint { cycle, state_of_health }).collect(), next)
}
