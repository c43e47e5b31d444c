//! What a home battery changed at the meter.

use super::home_interval::HomeInterval;
use super::refusal::Refusal;
use crate::flow::Flow;
use crate::quantity::Energy;
use crate::series::Quality;

/// What a house drew and gave with its battery, and what it would have without.
///
/// Behind one meter, what is generated and used in the same interval never crosses it; the battery is a load while it
/// charges and a supply while it discharges. Daily sums cannot say what crossed the meter, and give no answer.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct SelfConsumption {
    /// Hours in which solar, load and battery are all known at intervals of at most an hour.
    pub hours: f64,
    /// Generated, in Wh.
    pub solar_wh: f64,
    /// Used in the house, in Wh.
    pub load_wh: f64,
    /// Drawn from the grid, in Wh.
    pub import_wh: f64,
    /// Given to the grid, in Wh.
    pub export_wh: f64,
    /// What would have been drawn without the battery, in Wh.
    pub import_without_wh: f64,
    /// What would have been given without the battery, in Wh.
    pub export_without_wh: f64,
    /// The share of the generation that stayed in the house, what the battery lost included; `None` without any.
    pub self_consumption: Option<f64>,
    /// The same without the battery.
    pub self_consumption_without: Option<f64>,
    /// The share of the load that did not come from the grid; `None` without load.
    pub self_sufficiency: Option<f64>,
    /// The same without the battery.
    pub self_sufficiency_without: Option<f64>,
    /// Wh of generation that the battery kept in the house: less export.
    pub added_self_consumption_wh: f64,
    /// Wh that the battery spared from the grid: less import. Below what it kept, by its losses.
    pub avoided_import_wh: f64,
    /// Drawn in the same hours by the recording's own grid column, in Wh, to hold against `import_wh`.
    pub recorded_import_wh: Option<f64>,
    /// Given by the recording's own grid column, in Wh.
    pub recorded_export_wh: Option<f64>,
}

/// Over longer intervals imports and exports of one interval would be set against each other, and vanish.
const LONGEST_FLOW_H: f64 = 1.0;

/// Sums up what crosses the meter with the battery, and what would have without it.
pub(super) fn self_consumption(intervals: &[HomeInterval]) -> Result<SelfConsumption, Refusal> {
    let energy = |wh: f64| Energy::from_kwh_f64(wh.max(0.0) / 1000.0);
    let wh = |energy: Energy| energy.to_kwh_f64() * 1000.0;
    let mut sum = SelfConsumption {
        hours: 0.0,
        solar_wh: 0.0,
        load_wh: 0.0,
        import_wh: 0.0,
        export_wh: 0.0,
        import_without_wh: 0.0,
        export_without_wh: 0.0,
        self_consumption: None,
        self_consumption_without: None,
        self_sufficiency: None,
        self_sufficiency_without: None,
        added_self_consumption_wh: 0.0,
        avoided_import_wh: 0.0,
        recorded_import_wh: None,
        recorded_export_wh: None,
    };
    let mut longest: Option<f64> = None;
    for interval in intervals.iter().filter(|interval| interval.quality != Quality::Missing) {
        let (Some(solar), Some(load)) =
            (interval.solar_wh.and_then(energy), interval.load_wh.and_then(energy))
        else {
            continue;
        };
        let (Some(charge), Some(discharge)) = (energy(interval.charge_wh), energy(interval.discharge_wh))
        else {
            continue;
        };
        if interval.hours > LONGEST_FLOW_H {
            longest = Some(longest.map_or(interval.hours, |longest| longest.max(interval.hours)));
            continue;
        }
        let with = Flow::of(load + charge, solar + discharge);
        let without = Flow::of(load, solar);
        sum.hours += interval.hours;
        sum.solar_wh += wh(solar);
        sum.load_wh += wh(load);
        sum.import_wh += wh(with.residual);
        sum.export_wh += wh(with.surplus);
        sum.import_without_wh += wh(without.residual);
        sum.export_without_wh += wh(without.surplus);
        let add = |sum: &mut Option<f64>, more: Option<f64>| {
            if let Some(more) = more {
                *sum = Some(sum.unwrap_or(0.0) + more);
            }
        };
        add(&mut sum.recorded_import_wh, interval.import_wh);
        add(&mut sum.recorded_export_wh, interval.export_wh);
    }
    if sum.hours <= 0.0 {
        return Err(match longest {
            Some(got) => {
                Refusal::OutOfRange { what: "rows at an interval in h", expected: "of at most 1", got }
            }
            None => Refusal::NotRecorded { what: "solar and load beside the battery" },
        });
    }
    let kept = |lost: f64, of: f64| (of > 0.0).then(|| 1.0 - lost / of);
    sum.self_consumption = kept(sum.export_wh, sum.solar_wh);
    sum.self_consumption_without = kept(sum.export_without_wh, sum.solar_wh);
    sum.self_sufficiency = kept(sum.import_wh, sum.load_wh);
    sum.self_sufficiency_without = kept(sum.import_without_wh, sum.load_wh);
    sum.added_self_consumption_wh = sum.export_without_wh - sum.export_wh;
    sum.avoided_import_wh = sum.import_without_wh - sum.import_wh;
    Ok(sum)
}
