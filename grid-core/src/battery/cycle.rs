//! Cycles of a recording: by the vendor's count, else by the turns of the charge that has moved.

use std::collections::HashMap;

use super::capacity::{Agreement, EnergyAgreement, Judge, Method, Result};
use super::efficiency::{charge_over_discharge, discharge_over_charge, discharge_over_previous_charge};
use super::fold::Gathered;
use super::fold::part::Part;
use super::label::CyclePurpose;
use super::step_kind::StepKind;
use super::step_summary::StepSummary;

/// A cycle's capacity, energy and efficiency.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct CycleSummary {
    /// The vendor's cycle number, or a count from 1 where the file has none.
    pub cycle: i64,
    /// What the vendor calls the cycle in a column such as `Cycle_Label` or `Protocol`: of the labels of its rows the one
    /// that most have, and of several the first in the file; `None` where no row has one.
    pub label: Option<String>,
    /// What the cycle is for by the words of its label: see [`CyclePurpose::of`].
    pub purpose: Option<CyclePurpose>,
    /// Charged, in Ah; NaN where neither current nor a capacity was recorded.
    pub charge_capacity_ah: f64,
    /// Discharged, in Ah; NaN where neither current nor a capacity was recorded.
    pub discharge_capacity_ah: f64,
    /// Charged, in Wh; NaN where no power and no energy was recorded.
    pub charge_energy_wh: f64,
    /// Discharged, in Wh; NaN where no power and no energy was recorded.
    pub discharge_energy_wh: f64,
    /// Discharged over charged Ah of this cycle; `None` where nothing was charged or nothing discharged.
    pub coulombic_efficiency: Option<f64>,
    /// Discharged over charged Wh of this cycle; `None` where nothing was charged or nothing discharged.
    pub energy_efficiency: Option<f64>,
    /// The cycle's first row, from 0.
    pub first_row: usize,
    /// The number of the cycle's rows.
    pub rows: usize,
    /// Seconds from the cycle's first row to its last.
    pub duration_s: f64,
    /// Where the capacities come from.
    pub method: Method,
    /// The vendor's count beside the integral of the current, where there are both; `agrees` is false where they
    /// differ by more than [`DISAGREEMENT_BOUND`](super::DISAGREEMENT_BOUND).
    pub agreement: Option<Agreement>,
    /// The vendor's count of energy beside the integral of the power, where there are both.
    pub energy_agreement: Option<EnergyAgreement>,
    /// Charged over discharged Ah of this cycle: see [`charge_over_discharge`](super::charge_over_discharge).
    pub charge_over_discharge: Option<f64>,
    /// Discharged Ah of this cycle over charged Ah of the cycle before it in the list: see
    /// [`discharge_over_previous_charge`](super::discharge_over_previous_charge).
    pub discharge_over_previous_charge: Option<f64>,
    /// Mean discharge voltage over mean charge voltage: the energy efficiency is it times the coulombic efficiency,
    /// where energy and charge are of one method.
    pub voltage_efficiency: Option<f64>,
    /// Mean voltage while charging in V, each interval by the charge that it moved: charged energy over charge, both
    /// as integrals where a current was recorded, and else by the vendor's counts.
    pub charge_voltage_mean_v: Option<f64>,
    /// Mean voltage while discharging in V.
    pub discharge_voltage_mean_v: Option<f64>,
    /// Mean current while charging in A: the integral of the current over the time for which it was positive.
    pub charge_current_mean_a: Option<f64>,
    /// Mean current while discharging in A, as a positive number.
    pub discharge_current_mean_a: Option<f64>,
    /// Mean current while charging over the capacity in [`Summary::capacity_reference`](super::Summary), in 1/h.
    pub charge_c_rate: Option<f64>,
    /// Mean current while discharging over the same capacity, in 1/h.
    pub discharge_c_rate: Option<f64>,
    /// The last voltage in V of the last rest that follows a charge of this cycle, also where the rest itself is
    /// counted to the next cycle.
    pub rest_voltage_after_charge_v: Option<f64>,
    /// The last voltage in V of the last rest that follows a discharge of this cycle.
    pub rest_voltage_after_discharge_v: Option<f64>,
    /// Lowest voltage in V; `None` where none was recorded.
    pub voltage_min_v: Option<f64>,
    /// Highest voltage in V.
    pub voltage_max_v: Option<f64>,
    /// Lowest temperature in degrees Celsius; `None` where none was recorded.
    pub temperature_min_c: Option<f64>,
    /// Highest temperature in degrees Celsius.
    pub temperature_max_c: Option<f64>,
    /// Mean temperature over the rows in degrees Celsius.
    pub temperature_mean_c: Option<f64>,
}

/// The cycles of a recording as sums over their steps, and which of them each fragment belongs to.
#[derive(Debug, Default)]
pub(super) struct Cycles {
    pub(super) sums: Vec<Cycle>,
    pub(super) of_fragment: Vec<usize>,
}

/// The sums over a cycle.
#[derive(Clone, Debug)]
pub(super) struct Cycle {
    pub(super) number: i64,
    pub(super) first_row: usize,
    pub(super) part: Part,
}

impl Cycles {
    /// Rows with one number are one cycle, in the order in which the numbers first come.
    pub(super) fn of(gathered: &Gathered) -> Self {
        let mut cycles = Self::default();
        let mut known: HashMap<i64, usize> = HashMap::new();
        let mut starts = gathered.starts.iter().peekable();
        let mut count = 1;
        for fragment in &gathered.fragments {
            while starts.next_if(|start| **start <= fragment.first_row).is_some() {
                count += 1;
            }
            let number = fragment.cycle.unwrap_or(count);
            let index = *known.entry(number).or_insert(cycles.sums.len());
            if let Some(cycle) = cycles.sums.get_mut(index) {
                cycle.part.merge(&fragment.part);
            } else {
                let (first_row, part) = (fragment.first_row, fragment.part.clone());
                cycles.sums.push(Cycle { number, first_row, part });
            }
            cycles.of_fragment.push(index);
        }
        cycles
    }
}

/// The summaries of all cycles of a recording; what depends on other cycles and on steps is not there yet.
pub(super) fn summaries(cycles: &Cycles, judge: &Judge<'_>, labels: &[String]) -> Vec<CycleSummary> {
    cycles.sums.iter().map(|cycle| summary(cycle, judge, labels)).collect()
}

fn summary(cycle: &Cycle, judge: &Judge<'_>, labels: &[String]) -> CycleSummary {
    let part = &cycle.part;
    let label = part.labels.most(labels);
    let Result { moved, method, agreement, energy_agreement } = judge.cycle(part);
    let over = |energy: f64, charge: f64| (charge > 0.0 && !energy.is_nan()).then(|| energy / charge);
    let (charge_voltage_mean_v, discharge_voltage_mean_v) = if judge.has_current && part.voltages_v.is_some()
    {
        part.integral.voltages_v()
    } else {
        (over(moved.charge_wh, moved.charge_ah), over(moved.discharge_wh, moved.discharge_ah))
    };
    let (charge_current_mean_a, discharge_current_mean_a) =
        if judge.has_current { part.integral.currents_a() } else { (None, None) };
    let (voltage_min_v, voltage_max_v) = part.voltage.ends();
    let (temperature_min_c, temperature_max_c) = part.temperature.ends();
    CycleSummary {
        cycle: cycle.number,
        label: label.map(str::to_owned),
        purpose: label.and_then(CyclePurpose::of),
        charge_capacity_ah: moved.charge_ah,
        discharge_capacity_ah: moved.discharge_ah,
        charge_energy_wh: moved.charge_wh,
        discharge_energy_wh: moved.discharge_wh,
        coulombic_efficiency: discharge_over_charge(moved.charge_ah, moved.discharge_ah),
        energy_efficiency: discharge_over_charge(moved.charge_wh, moved.discharge_wh),
        first_row: cycle.first_row,
        rows: part.rows,
        duration_s: part.duration_s(),
        method,
        agreement,
        energy_agreement,
        charge_over_discharge: charge_over_discharge(moved.charge_ah, moved.discharge_ah),
        discharge_over_previous_charge: None,
        voltage_efficiency: charge_voltage_mean_v
            .zip(discharge_voltage_mean_v)
            .and_then(|(charge, discharge)| discharge_over_charge(charge, discharge)),
        charge_voltage_mean_v,
        discharge_voltage_mean_v,
        charge_current_mean_a,
        discharge_current_mean_a,
        charge_c_rate: None,
        discharge_c_rate: None,
        rest_voltage_after_charge_v: None,
        rest_voltage_after_discharge_v: None,
        voltage_min_v,
        voltage_max_v,
        temperature_min_c,
        temperature_max_c,
        temperature_mean_c: part.temperature_mean_c(),
    }
}

/// Fills in what the cycle before and the rests between the steps say; `owners` are the places of the steps' cycles.
pub(super) fn complete(cycles: &mut [CycleSummary], steps: &[StepSummary], owners: &[usize]) {
    let previous = discharge_over_previous_charge(cycles);
    for (cycle, previous) in cycles.iter_mut().zip(previous) {
        cycle.discharge_over_previous_charge = previous;
    }
    let mut moved: Option<(usize, bool)> = None;
    for (step, owner) in steps.iter().zip(owners) {
        if step.kind != StepKind::Rest {
            let net = step.charge_capacity_ah - step.discharge_capacity_ah;
            moved = (net != 0.0 && !net.is_nan()).then_some((*owner, net > 0.0));
        } else if let Some((owner, charged)) = moved
            && let Some(cycle) = cycles.get_mut(owner)
        {
            let rest = if charged {
                &mut cycle.rest_voltage_after_charge_v
            } else {
                &mut cycle.rest_voltage_after_discharge_v
            };
            *rest = step.end_voltage_v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::read_bytes;

    #[test]
    fn a_cycle_is_one_charge_and_one_discharge_where_the_file_counts_none() {
        use std::fmt::Write as _;
        let mut file = String::from("time_s,voltage_V,current_A\n");
        for row in 0..400 {
            let current = if row / 50 % 2 == 0 { 1 } else { -1 };
            writeln!(file, "{},3.7,{current}", row * 10).unwrap();
        }
        let cycles = read_bytes(file.as_bytes()).unwrap().cycles();
        assert_eq!(cycles.iter().map(|cycle| cycle.cycle).collect::<Vec<_>>(), [1, 2, 3, 4]);
        // 50 rows of 10 s at 1 A; half of the interval in which the sign turns belongs to each direction.
        for cycle in &cycles {
            assert!((cycle.charge_capacity_ah - 500.0 / 3600.0).abs() < 10.0 / 3600.0, "{cycle:?}");
        }
    }

    /// 1 A in for an hour at 4.0 V, rest, 2 A out for half an hour at 3.6 V, rest; with these counts of charge.
    fn cycle(counts: [f64; 3]) -> super::CycleSummary {
        let [first, second, third] = counts;
        let file = format!(
            "Test_Time(s),Step_Time(s),Step_Index,Cycle_Index,Current(A),Voltage(V),Charge_Capacity(Ah),\
             Discharge_Capacity(Ah),Charge_Energy(Wh),Discharge_Energy(Wh)\n\
             0,0,1,1,1,4.0,0,0,0,0\n1800,1800,1,1,1,4.0,{first},0,2,0\n2700,2700,1,1,1,4.0,{second},0,3,0\n\
             3600,3600,1,1,1,4.0,{third},0,4.4,0\n3600,0,2,1,0,3.9,{third},0,4.4,0\n\
             5400,1800,2,1,0,3.85,{third},0,4.4,0\n5400,0,3,1,-2,3.6,{third},0.0001,4.4,0\n\
             7200,1800,3,1,-2,3.6,{third},1,4.4,3.6\n7200,0,4,1,0,3.5,{third},1,4.4,3.6\n\
             9000,1800,4,1,0,3.55,{third},1,4.4,3.6\n"
        );
        read_bytes(file.as_bytes()).unwrap().cycles().remove(0)
    }

    #[test]
    fn a_cycles_figures_are_those_that_can_be_worked_out_by_hand() {
        let cycle = cycle([0.5, 0.75, 1.0]);
        let near =
            |got: Option<f64>, expected: f64| assert!((got.unwrap() - expected).abs() < 1e-12, "{cycle:?}");
        near(cycle.coulombic_efficiency, 1.0);
        near(cycle.charge_voltage_mean_v, 4.0);
        near(cycle.discharge_voltage_mean_v, 3.6);
        near(cycle.voltage_efficiency, 0.9);
        near(cycle.charge_current_mean_a, 1.0);
        near(cycle.discharge_current_mean_a, 2.0);
        // Over the 1 Ah that this cycle, which is a full one, gave out.
        near(cycle.charge_c_rate, 1.0);
        near(cycle.discharge_c_rate, 2.0);
        near(cycle.rest_voltage_after_charge_v, 3.85);
        near(cycle.rest_voltage_after_discharge_v, 3.55);
        assert_eq!((cycle.voltage_min_v, cycle.voltage_max_v), (Some(3.5), Some(4.0)));
        assert_eq!((cycle.temperature_min_c, cycle.temperature_mean_c), (None, None));
        assert_eq!(cycle.discharge_over_previous_charge, None);
        assert!(cycle.agreement.unwrap().agrees);
        // The vendor counted 4.4 Wh where 4.0 V and 1 Ah make 4.0 Wh.
        let energy = cycle.energy_agreement.unwrap();
        assert!((energy.difference - 0.4 / 4.4).abs() < 1e-12 && !energy.agrees, "{energy:?}");
    }

    #[test]
    fn a_count_that_contradicts_the_current_or_itself_flags_its_cycle() {
        let apart = cycle([0.5001, 0.8, 1.1]).agreement.unwrap();
        assert!(!apart.agrees && (apart.difference - 0.1 / 1.1).abs() < 1e-12, "{apart:?}");
        // In the end 1 Ah, as by the current, but 0.1 Ah back on the way.
        let fell = cycle([0.5001, 0.4001, 1.0]).agreement.unwrap();
        assert!(
            !fell.agrees && fell.difference < 1e-12 && (fell.vendor_fell_ah - 0.1).abs() < 1e-12,
            "{fell:?}"
        );
    }

    #[test]
    fn a_pulse_makes_no_cycle() {
        use std::fmt::Write as _;
        let mut file = String::from("time_s,voltage_V,current_A\n");
        for row in 0..300 {
            let current = if row % 30 == 0 { -1 } else { 1 };
            writeln!(file, "{},3.7,{current}", row * 10).unwrap();
        }
        assert_eq!(read_bytes(file.as_bytes()).unwrap().cycles().len(), 1);
    }
}
