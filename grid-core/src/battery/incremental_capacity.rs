//! Incremental capacity dQ/dV and differential voltage dV/dQ of a charge or a discharge.
//!
//! Phase changes of the electrodes are plateaus of the voltage, which dQ/dV turns into peaks; as a cell ages its peaks
//! move and shrink. Dividing differences of neighbouring rows fails, since the voltage of a plateau stands or goes back
//! by noise. So the charge is sorted into classes of voltage: what moved between two rows is spread evenly over the
//! voltages between them. Nothing is lost by that (the classes add up to the capacity exactly), the order of noisy
//! rows does not matter, and multiples of the class width are one grid for all cycles, which can then be laid over
//! each other. Monotone rearrangement would keep the charge, too, but bends plateaus where the voltage recovers
//! between pulses. A Savitzky-Golay filter smooths the classes, because it keeps height and width of peaks better than
//! a mean.

use super::charge_count::net_charge_ah;
use super::cycle::CycleSummary;
use super::log::Recording;
use super::numeric::{range, to_f64};
use super::peak::{Peak, peaks};
use super::refusal::Refusal;
use super::savitzky_golay::savitzky_golay;
use super::step::{Direction, REST_SHARE, Step, steps};
use super::step_kind::StepKind;

/// How fine the grid is and how it is smoothed.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct VoltageGrid {
    /// Width of a class in V; classes begin at its multiples.
    pub step_v: f64,
    /// How many classes one polynomial is laid through; odd. 1 with `order` 0 smooths nothing.
    pub window: usize,
    /// The degree of that polynomial.
    pub order: usize,
    /// The prominence from which on a peak counts, as a share of the highest value.
    pub least_prominence: f64,
}

/// The most classes that a grid may have.
const MOST_CLASSES: usize = 5000;

impl VoltageGrid {
    /// A grid of about 200 classes over the voltages at which current flows, of 1, 2 or 5 times a power of ten V (5 mV
    /// for a cell from 3.0 to 4.2 V), smoothed by cubics through 11 classes, with peaks from 5 % prominence on.
    ///
    /// # Errors
    ///
    /// Returns [`Refusal::NotRecorded`] where no voltage is known, or only one.
    pub fn of(recording: &Recording) -> Result<Self, Refusal> {
        const CLASSES: f64 = 200.0;
        // What a disconnected sensor shows at rest would make the classes coarser for nothing.
        let strongest = range(&recording.current_a).map_or(0.0, |(low, high)| low.abs().max(high.abs()));
        let flowing: Vec<f64> = recording
            .voltage_v
            .iter()
            .zip(&recording.current_a)
            .filter(|(_, current)| current.abs() > strongest * REST_SHARE)
            .map(|(voltage, _)| *voltage)
            .collect();
        let (low, high) = range(&flowing)
            .filter(|(low, high)| low < high)
            .ok_or(Refusal::NotRecorded { what: "a voltage that changes" })?;
        let width = (high - low) / CLASSES;
        let decade = 10_f64.powf(width.log10().floor());
        let step_v = [1.0, 2.0, 5.0]
            .into_iter()
            .map(|digit| digit * decade)
            .find(|step| *step >= width * 0.9)
            .unwrap_or(10.0 * decade);
        Ok(Self { step_v, window: 11, order: 3, least_prominence: 0.05 })
    }
}

/// dQ/dV and dV/dQ of one branch of a cycle, on classes of voltage.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct IncrementalCapacity {
    /// The middle of each class in V, rising.
    pub voltage_v: Vec<f64>,
    /// dQ/dV in Ah/V, smoothed; above zero for charge and discharge alike.
    pub dq_dv_ah_per_v: Vec<f64>,
    /// dV/dQ in V/Ah: one over the smoothed dQ/dV; NaN where that is below a thousandth of its highest value.
    pub dv_dq_v_per_ah: Vec<f64>,
    /// The capacity moved below the upper end of each class in Ah, before smoothing: the abscissa for dV/dQ.
    pub capacity_ah: Vec<f64>,
    /// The capacity of the branch in Ah: all classes before smoothing. Smoothing keeps it but for the ends, where it
    /// where a branch that breaks off steeply may be off by 3 %.
    pub branch_ah: f64,
    /// Peaks, by voltage.
    pub peaks: Vec<Peak>,
}

/// dQ/dV of both branches of one cycle.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct CycleIncrementalCapacity {
    /// The cycle's number.
    pub cycle: i64,
    /// Of the charge, without its constant-voltage part; or why there is none.
    pub charge: Result<IncrementalCapacity, Refusal>,
    /// Of the discharge, likewise.
    pub discharge: Result<IncrementalCapacity, Refusal>,
}

/// dQ/dV and dV/dQ from a branch's voltages in V and the charge moved up to each of them in Ah.
///
/// The charge may rise or fall; what moves against the direction of the whole branch counts as moving back. Rows
/// without voltage or charge are passed over. Linear in the rows.
///
/// ```
/// use grid_core::battery::{VoltageGrid, incremental_capacity};
/// // A cell that takes 2 Ah evenly from 3.0 to 4.0 V.
/// let voltage: Vec<f64> = (0..=1000).map(|row| 3.0 + f64::from(row) / 1000.0).collect();
/// let charge: Vec<f64> = (0..=1000).map(|row| f64::from(row) / 500.0).collect();
/// let grid = VoltageGrid { step_v: 0.01, window: 11, order: 3, least_prominence: 0.05 };
/// let curve = incremental_capacity(&voltage, &charge, grid)?;
/// assert!((curve.branch_ah - 2.0).abs() < 1e-9);
/// assert!((curve.dq_dv_ah_per_v[50] - 2.0).abs() < 1e-6);
/// # Ok::<(), grid_core::battery::Refusal>(())
/// ```
///
/// # Errors
///
/// Returns [`Refusal::Lengths`] for columns of different length, [`Refusal::OutOfRange`] for a grid of no width or of
/// more than 5000 classes, and [`Refusal::TooFew`] where the branch has fewer classes than the window.
///
/// # References
///
/// Dubarry, Anseán: "Best practices for incremental capacity analysis", Frontiers in Energy Research 10, 2022.
pub fn incremental_capacity(
    voltage_v: &[f64],
    charge_ah: &[f64],
    grid: VoltageGrid,
) -> Result<IncrementalCapacity, Refusal> {
    if voltage_v.len() != charge_ah.len() {
        return Err(Refusal::Lengths {
            what: "the charge",
            beside: "the voltage",
            expected: voltage_v.len(),
            got: charge_ah.len(),
        });
    }
    let mut classes = Classes::over(voltage_v, grid.step_v)?;
    classes.branch(voltage_v.iter().copied().zip(charge_ah.iter().copied()));
    classes.finish(grid)
}

/// dQ/dV and dV/dQ of the charge and the discharge of each cycle, on one grid.
///
/// The steps at constant voltage are left out: they move charge at no change of voltage. Linear in the rows.
///
/// ```
/// # use grid_core::battery::{VoltageGrid, incremental_capacities, read_bytes};
/// # let mut file = String::from("time_s,voltage_V,current_A\n");
/// # for minute in 0..=60 {
/// #     file += &format!("{},{},1\n", minute * 60, 3.0 + f64::from(minute) / 60.0);
/// # }
/// let recording = read_bytes(file.as_bytes())?;
/// let curves = incremental_capacities(&recording, &recording.cycles(), VoltageGrid::of(&recording)?);
/// assert!((curves[0].charge.as_ref().unwrap().branch_ah - 1.0).abs() < 1e-9);
/// assert!(curves[0].discharge.is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn incremental_capacities(
    recording: &Recording,
    cycles: &[CycleSummary],
    grid: VoltageGrid,
) -> Vec<CycleIncrementalCapacity> {
    let steps = steps(recording);
    let net = net_charge_ah(recording);
    cycles
        .iter()
        .map(|cycle| {
            let first = steps.partition_point(|step| step.first_row < cycle.first_row);
            let end = steps.partition_point(|step| step.first_row < cycle.first_row + cycle.rows);
            let own = steps.get(first..end).unwrap_or_default();
            CycleIncrementalCapacity {
                cycle: cycle.cycle,
                charge: branch(recording, &net, own, Direction::Charge, grid),
                discharge: branch(recording, &net, own, Direction::Discharge, grid),
            }
        })
        .collect()
}

/// dQ/dV of the steps of a cycle that go one way.
fn branch(
    recording: &Recording,
    net: &[f64],
    steps: &[Step],
    direction: Direction,
    grid: VoltageGrid,
) -> Result<IncrementalCapacity, Refusal> {
    let branch: Vec<_> = steps
        .iter()
        .filter(|step| step.direction == Some(direction) && step.kind != StepKind::ConstantVoltage)
        .filter_map(|step| {
            let rows = step.first_row..=step.last_row;
            Some((recording.voltage_v.get(rows.clone())?, net.get(rows)?))
        })
        .collect();
    let (low, high) = branch
        .iter()
        .filter_map(|(voltage, _)| range(voltage))
        .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
        .ok_or(Refusal::NotRecorded {
            what: match direction {
                Direction::Charge => "a charge with voltage and current",
                Direction::Discharge => "a discharge with voltage and current",
            },
        })?;
    let mut classes = Classes::over(&[low, high], grid.step_v)?;
    for (voltage, net) in branch {
        classes.branch(voltage.iter().copied().zip(net.iter().copied()));
    }
    classes.finish(grid)
}

/// Charge sorted by voltage.
struct Classes {
    step_v: f64,
    /// Number of the first class: its lower end in steps.
    first: f64,
    /// Charge of the classes that a row reaches partly.
    part: Vec<f64>,
    /// Changes from class to class of the charge that rows leave in each class they pass wholly.
    whole: Vec<f64>,
}

impl Classes {
    fn over(voltage_v: &[f64], step_v: f64) -> Result<Self, Refusal> {
        let wrong =
            |expected, got| Refusal::OutOfRange { what: "a width of the classes of voltage", expected, got };
        if !step_v.is_finite() || step_v <= 0.0 {
            return Err(wrong("above 0", step_v));
        }
        let (low, high) = range(voltage_v).ok_or(Refusal::NotRecorded { what: "a voltage" })?;
        let first = (low / step_v).floor();
        let count = (high / step_v).floor() - first + 1.0;
        if count > to_f64(MOST_CLASSES) {
            return Err(wrong("that makes at most 5000 classes of the range", step_v));
        }
        let mut classes = Self { step_v, first, part: Vec::new(), whole: Vec::new() };
        let count = classes.index(count);
        classes.part = vec![0.0; count];
        classes.whole = vec![0.0; count + 1];
        Ok(classes)
    }

    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::unused_self,
        reason = "a float between 0 and 5000, rounded down"
    )]
    fn index(&self, place: f64) -> usize {
        place as usize
    }

    /// Adds the charge between each two rows of one step.
    fn branch(&mut self, rows: impl Iterator<Item = (f64, f64)>) {
        let mut before: Option<(f64, f64)> = None;
        for (voltage, charge) in rows {
            let place = voltage / self.step_v - self.first;
            if voltage.is_nan() || charge.is_nan() {
                continue;
            }
            if let Some((place_before, charge_before)) = before {
                self.add(place_before.min(place), place_before.max(place), charge - charge_before);
            }
            before = Some((place, charge));
        }
    }

    /// Spreads `charge` evenly over the places (in classes from the first) between `low` and `high`.
    #[expect(
        clippy::indexing_slicing,
        reason = "places come from voltages within the range that made the classes"
    )]
    fn add(&mut self, low: f64, high: f64, charge: f64) {
        let most = self.part.len() - 1;
        let (from, to) = (self.index(low).min(most), self.index(high).min(most));
        if from == to {
            self.part[from] += charge;
            return;
        }
        let density = charge / (high - low);
        let (first, last) = (to_f64(from + 1) - low, high - to_f64(to));
        self.part[from] += density * first;
        self.part[to] += density * last;
        self.whole[from + 1] += density;
        self.whole[to] -= density;
    }

    fn finish(self, grid: VoltageGrid) -> Result<IncrementalCapacity, Refusal> {
        let mut passing = 0.0;
        let mut charge: Vec<f64> = self
            .part
            .iter()
            .zip(&self.whole)
            .map(|(part, change)| {
                passing += change;
                part + passing
            })
            .collect();
        // A discharge counts downward; both are shown above zero.
        let sign = if charge.iter().sum::<f64>() < 0.0 { -1.0 } else { 1.0 };
        for charge in &mut charge {
            *charge *= sign;
        }
        let raw: Vec<f64> = charge.iter().map(|charge| charge / self.step_v).collect();
        let dq_dv_ah_per_v = savitzky_golay(&raw, grid.window, grid.order)?;
        let highest = dq_dv_ah_per_v.iter().copied().fold(0.0, f64::max);
        let voltage_v: Vec<f64> =
            (0..raw.len()).map(|class| (self.first + to_f64(class) + 0.5) * self.step_v).collect();
        let mut capacity = 0.0;
        let capacity_ah: Vec<f64> = charge
            .iter()
            .map(|charge| {
                capacity += charge;
                capacity
            })
            .collect();
        Ok(IncrementalCapacity {
            peaks: peaks(&voltage_v, &dq_dv_ah_per_v, grid.least_prominence * highest),
            dv_dq_v_per_ah: dq_dv_ah_per_v
                .iter()
                .map(|value| if *value > 1e-3 * highest { 1.0 / value } else { f64::NAN })
                .collect(),
            voltage_v,
            dq_dv_ah_per_v,
            capacity_ah,
            branch_ah: capacity,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GRID: VoltageGrid = VoltageGrid { step_v: 0.01, window: 11, order: 3, least_prominence: 0.05 };

    /// A cell with two plateaus: charge as two logistic steps of 1 and 0.6 Ah at 3.5 and 3.9 V, and a slope.
    fn two_plateaus(rows: i32) -> (Vec<f64>, Vec<f64>) {
        let logistic = |voltage: f64, middle: f64| 1.0 / (1.0 + (-(voltage - middle) / 0.02).exp());
        let voltage: Vec<f64> = (0..=rows).map(|row| 3.0 + 1.2 * f64::from(row) / f64::from(rows)).collect();
        let charge = voltage
            .iter()
            .map(|voltage| logistic(*voltage, 3.5) + 0.6 * logistic(*voltage, 3.9) + 0.1 * (voltage - 3.0))
            .collect();
        (voltage, charge)
    }

    #[test]
    fn what_a_disconnected_sensor_shows_at_rest_does_not_widen_the_classes() {
        use std::fmt::Write as _;
        let mut file = String::from("time_s,voltage_V,current_A\n");
        for minute in 0..=60 {
            writeln!(file, "{},{},1", minute * 60, 3.0 + 1.2 * f64::from(minute) / 60.0).unwrap();
        }
        let plain = VoltageGrid::of(&super::super::read_bytes(file.as_bytes()).unwrap()).unwrap();
        file.push_str("3660,-3.7865,0\n3720,-3.7865,0\n");
        let odd = VoltageGrid::of(&super::super::read_bytes(file.as_bytes()).unwrap()).unwrap();
        assert_eq!(plain, odd);
        assert!((plain.step_v - 0.01).abs() < 1e-12, "{plain:?}");
    }

    #[test]
    fn plateaus_are_peaks_of_their_capacity() {
        let (voltage, charge) = two_plateaus(5000);
        let curve = incremental_capacity(&voltage, &charge, GRID).unwrap();
        assert_eq!(curve.peaks.len(), 2);
        // By scipy 1.17.1 from the same two plateaus: `savgol_filter(diff(q) / 0.01, 11, 3)`, and the parabola through
        // each top. The areas are the plateaus' 1 and 0.6 Ah and a tenth of the V that they take of the slope.
        for (peak, (middle, height, area)) in
            curve.peaks.iter().zip([(3.5, 11.573_95, 1.07), (3.9, 6.984_37, 0.65)])
        {
            assert!((peak.voltage_v - middle).abs() < 0.002, "{peak:?}");
            assert!((peak.height_ah_per_v / height - 1.0).abs() < 1e-3, "{peak:?}");
            assert!((peak.area_ah - area).abs() < 0.03, "{peak:?}");
        }
    }

    #[test]
    fn a_discharge_looks_like_the_charge() {
        let (mut voltage, mut charge) = two_plateaus(3000);
        let up = incremental_capacity(&voltage, &charge, GRID).unwrap();
        voltage.reverse();
        charge.reverse();
        let down = incremental_capacity(&voltage, &charge, GRID).unwrap();
        for (up, down) in up.dq_dv_ah_per_v.iter().zip(&down.dq_dv_ah_per_v) {
            assert!((up - down).abs() < 1e-9);
        }
    }

    #[test]
    fn a_grid_of_no_width_or_of_too_many_classes_is_refused() {
        let (voltage, charge) = two_plateaus(100);
        for step_v in [0.0, -1.0, f64::NAN, 1e-6] {
            assert!(incremental_capacity(&voltage, &charge, VoltageGrid { step_v, ..GRID }).is_err());
        }
        assert!(incremental_capacity(&voltage, &charge[1..], GRID).is_err());
        let wide = VoltageGrid { step_v: 0.2, ..GRID };
        assert!(matches!(incremental_capacity(&voltage, &charge, wide), Err(Refusal::TooFew { .. })));
    }

    proptest! {
        #[test]
        fn the_curve_holds_the_capacity_of_the_branch(
            increments in prop::collection::vec((-0.004..0.01_f64, 0.0..0.01_f64), 400..900),
        ) {
            let (mut voltage, mut charge) = (vec![3.0], vec![0.0]);
            for (by_v, by_ah) in increments {
                voltage.push(voltage[voltage.len() - 1] + by_v);
                charge.push(charge[charge.len() - 1] + by_ah);
            }
            let total = charge[charge.len() - 1];
            let curve = incremental_capacity(&voltage, &charge, GRID).unwrap();
            prop_assert!((curve.branch_ah - total).abs() < 1e-9 * total.max(1.0));
            let smoothed: f64 = curve.dq_dv_ah_per_v.iter().sum::<f64>() * GRID.step_v;
            prop_assert!((smoothed / total - 1.0).abs() < 0.02, "{smoothed} for {total}");
        }
    }
}
