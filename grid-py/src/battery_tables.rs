//! Cycles and steps of a recording as tables.

use grid_core::battery::{Agreement, CyclePurpose, CycleSummary, StepSummary};
use pyo3::prelude::*;

use crate::table::{PyTable, Table};

fn rows(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(crate) fn cycles(cycles: &[CycleSummary]) -> PyResult<PyTable> {
    let column = |of: fn(&CycleSummary) -> f64| cycles.iter().map(of);
    let maybe = |of: fn(&CycleSummary) -> Option<f64>| cycles.iter().map(of);
    let beside = |of: fn(&Agreement) -> f64| cycles.iter().map(move |cycle| cycle.agreement.as_ref().map(of));
    let agrees =
        |cycle: &CycleSummary| cycle.agreement.map(|agreement| if agreement.agrees { "yes" } else { "no" });
    Table::new()
        .integers("cycle", cycles.iter().map(|cycle| cycle.cycle))
        .floats("charge_capacity_ah", column(|cycle| cycle.charge_capacity_ah))
        .floats("discharge_capacity_ah", column(|cycle| cycle.discharge_capacity_ah))
        .floats("charge_energy_wh", column(|cycle| cycle.charge_energy_wh))
        .floats("discharge_energy_wh", column(|cycle| cycle.discharge_energy_wh))
        .optional_floats("coulombic_efficiency", maybe(|cycle| cycle.coulombic_efficiency))
        .optional_floats("charge_over_discharge", maybe(|cycle| cycle.charge_over_discharge))
        .optional_floats(
            "discharge_over_previous_charge",
            maybe(|cycle| cycle.discharge_over_previous_charge),
        )
        .optional_floats("energy_efficiency", maybe(|cycle| cycle.energy_efficiency))
        .optional_floats("voltage_efficiency", maybe(|cycle| cycle.voltage_efficiency))
        .optional_floats("charge_voltage_mean_v", maybe(|cycle| cycle.charge_voltage_mean_v))
        .optional_floats("discharge_voltage_mean_v", maybe(|cycle| cycle.discharge_voltage_mean_v))
        .optional_floats("charge_current_mean_a", maybe(|cycle| cycle.charge_current_mean_a))
        .optional_floats("discharge_current_mean_a", maybe(|cycle| cycle.discharge_current_mean_a))
        .optional_floats("charge_c_rate", maybe(|cycle| cycle.charge_c_rate))
        .optional_floats("discharge_c_rate", maybe(|cycle| cycle.discharge_c_rate))
        .optional_floats("rest_voltage_after_charge_v", maybe(|cycle| cycle.rest_voltage_after_charge_v))
        .optional_floats(
            "rest_voltage_after_discharge_v",
            maybe(|cycle| cycle.rest_voltage_after_discharge_v),
        )
        .optional_floats("voltage_min_v", maybe(|cycle| cycle.voltage_min_v))
        .optional_floats("voltage_max_v", maybe(|cycle| cycle.voltage_max_v))
        .optional_floats("temperature_min_c", maybe(|cycle| cycle.temperature_min_c))
        .optional_floats("temperature_max_c", maybe(|cycle| cycle.temperature_max_c))
        .optional_floats("temperature_mean_c", maybe(|cycle| cycle.temperature_mean_c))
        .optional_floats("vendor_charge_ah", beside(|agreement| agreement.vendor_charge_ah))
        .optional_floats("vendor_discharge_ah", beside(|agreement| agreement.vendor_discharge_ah))
        .optional_floats("integral_charge_ah", beside(|agreement| agreement.integral_charge_ah))
        .optional_floats("integral_discharge_ah", beside(|agreement| agreement.integral_discharge_ah))
        .texts("agrees", cycles.iter().map(agrees))
        .texts("label", cycles.iter().map(|cycle| cycle.label.as_deref()))
        .texts("purpose", cycles.iter().map(|cycle| cycle.purpose.map(CyclePurpose::as_str)))
        .integers("first_row", cycles.iter().map(|cycle| rows(cycle.first_row)))
        .integers("rows", cycles.iter().map(|cycle| rows(cycle.rows)))
        .floats("duration_s", column(|cycle| cycle.duration_s))
        .finish()
}

pub(crate) fn steps(steps: &[StepSummary]) -> PyResult<PyTable> {
    let column = |of: fn(&StepSummary) -> f64| steps.iter().map(of);
    let maybe = |of: fn(&StepSummary) -> Option<f64>| steps.iter().map(of);
    let kinds = steps.iter().map(|step| Some(step.kind.as_str()));
    Table::new()
        .integers("step", steps.iter().map(|step| step.step))
        .integers("cycle", steps.iter().map(|step| step.cycle))
        .texts("kind", kinds)
        .integers("first_row", steps.iter().map(|step| rows(step.first_row)))
        .integers("rows", steps.iter().map(|step| rows(step.rows)))
        .floats("duration_s", column(|step| step.duration_s))
        .floats("charge_capacity_ah", column(|step| step.charge_capacity_ah))
        .floats("discharge_capacity_ah", column(|step| step.discharge_capacity_ah))
        .floats("charge_energy_wh", column(|step| step.charge_energy_wh))
        .floats("discharge_energy_wh", column(|step| step.discharge_energy_wh))
        .optional_floats("start_voltage_v", maybe(|step| step.start_voltage_v))
        .optional_floats("end_voltage_v", maybe(|step| step.end_voltage_v))
        .optional_floats("current_mean_a", maybe(|step| step.current_mean_a))
        .finish()
}
