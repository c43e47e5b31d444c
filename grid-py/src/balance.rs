//! The balance of a community.

use grid_core::{
    energy::balance::{Balance, MemberBalance, SlotBalance},
    quantity::{Energy, Share},
};
use jiff::Timestamp;
use pyo3::prelude::*;

use crate::{
    json,
    quantity::PyEnergy,
    table::{PyTable, Table},
};

/// What a community consumed, generated and shared in a period.
///
/// Energies are exact, and ``None`` where nothing at all is known. ``to_dict()`` is what the HTTP API answers.
#[pyclass(frozen, eq, name = "Balance", module = "grid_py")]
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PyBalance(pub(crate) Balance);

#[pymethods]
impl PyBalance {
    /// The first instant of the first slot, in UTC.
    #[getter]
    fn start(&self) -> Timestamp {
        self.0.start
    }

    /// The first instant after the last slot, in UTC.
    #[getter]
    fn end(&self) -> Timestamp {
        self.0.end
    }

    /// The length of the slots in which generation was set against consumption.
    #[getter]
    fn resolution(&self) -> String {
        self.0.resolution.to_string()
    }

    /// What the loads used.
    #[getter]
    fn consumption_kwh(&self) -> Option<PyEnergy> {
        self.0.consumption_kwh.map(PyEnergy)
    }

    /// What was generated.
    #[getter]
    fn generation_kwh(&self) -> Option<PyEnergy> {
        self.0.generation_kwh.map(PyEnergy)
    }

    /// What was put into batteries.
    #[getter]
    fn charge_kwh(&self) -> Option<PyEnergy> {
        self.0.charge_kwh.map(PyEnergy)
    }

    /// What was taken out of batteries.
    #[getter]
    fn discharge_kwh(&self) -> Option<PyEnergy> {
        self.0.discharge_kwh.map(PyEnergy)
    }

    /// Supply that members used on the spot, each behind their own connection point.
    #[getter]
    fn self_consumed_kwh(&self) -> Option<PyEnergy> {
        self.0.self_consumed_kwh.map(PyEnergy)
    }

    /// Surplus of some members that others used in the same slot.
    #[getter]
    fn shared_kwh(&self) -> Option<PyEnergy> {
        self.0.shared_kwh.map(PyEnergy)
    }

    /// What came from outside the community.
    #[getter]
    fn import_kwh(&self) -> Option<PyEnergy> {
        self.0.import_kwh.map(PyEnergy)
    }

    /// What went outside the community.
    #[getter]
    fn export_kwh(&self) -> Option<PyEnergy> {
        self.0.export_kwh.map(PyEnergy)
    }

    /// The part of the generation that stayed in the community, from 0 to 1; ``None`` without generation.
    #[getter]
    fn self_consumption(&self) -> Option<f64> {
        self.0.self_consumption.map(Share::to_f64)
    }

    /// The part of the consumption that the community met itself, from 0 to 1; ``None`` without consumption.
    #[getter]
    fn self_sufficiency(&self) -> Option<f64> {
        self.0.self_sufficiency.map(Share::to_f64)
    }

    /// The part of the members' slots in which all their registers are known, from 0 to 1.
    #[getter]
    fn completeness(&self) -> f64 {
        self.0.completeness.to_f64()
    }

    /// The worst quality of any reading.
    #[getter]
    fn quality(&self) -> &'static str {
        self.0.quality.as_str()
    }

    /// The same for each member: a table with ``member_id, name, consumption_kwh, generation_kwh, charge_kwh,
    /// discharge_kwh, self_consumed_kwh, received_kwh, given_kwh, import_kwh, export_kwh, completeness, quality``.
    #[getter]
    fn members(&self) -> PyResult<PyTable> {
        let members = &self.0.members;
        let kwh = |of: fn(&MemberBalance) -> Option<Energy>| members.iter().map(move |m| to_kwh(of(m)));
        Table::new()
            .texts("member_id", members.iter().map(|member| Some(member.member_id.to_string())))
            .texts("name", members.iter().map(|member| Some(member.name.as_str())))
            .floats("consumption_kwh", kwh(|member| member.consumption_kwh))
            .floats("generation_kwh", kwh(|member| member.generation_kwh))
            .floats("charge_kwh", kwh(|member| member.charge_kwh))
            .floats("discharge_kwh", kwh(|member| member.discharge_kwh))
            .floats("self_consumed_kwh", kwh(|member| member.self_consumed_kwh))
            .floats("received_kwh", kwh(|member| member.received_kwh))
            .floats("given_kwh", kwh(|member| member.given_kwh))
            .floats("import_kwh", kwh(|member| member.import_kwh))
            .floats("export_kwh", kwh(|member| member.export_kwh))
            .floats("completeness", members.iter().map(|member| member.completeness.to_f64()))
            .texts("quality", members.iter().map(|member| Some(member.quality.as_str())))
            .finish()
    }

    /// The same for each slot: a table with ``start, end, consumption_kwh, generation_kwh, charge_kwh, discharge_kwh,
    /// self_consumed_kwh, shared_kwh, import_kwh, export_kwh, quality, completeness``, which ``chart.energy_day`` takes.
    #[getter]
    fn slots(&self) -> PyResult<PyTable> {
        let slots = &self.0.slots;
        let kwh = |of: fn(&SlotBalance) -> Option<Energy>| slots.iter().map(move |slot| to_kwh(of(slot)));
        Table::new()
            .instants("start", slots.iter().map(|slot| slot.interval.start()))
            .instants("end", slots.iter().map(|slot| slot.interval.end()))
            .floats("consumption_kwh", kwh(|slot| slot.sums.map(|sums| sums.consumption)))
            .floats("generation_kwh", kwh(|slot| slot.sums.map(|sums| sums.generation)))
            .floats("charge_kwh", kwh(|slot| slot.sums.map(|sums| sums.charge)))
            .floats("discharge_kwh", kwh(|slot| slot.sums.map(|sums| sums.discharge)))
            .floats("self_consumed_kwh", kwh(|slot| slot.sums.map(|sums| sums.own)))
            .floats("shared_kwh", kwh(|slot| slot.sums.map(|sums| sums.received)))
            .floats("import_kwh", kwh(|slot| slot.sums.map(|sums| sums.import)))
            .floats("export_kwh", kwh(|slot| slot.sums.map(|sums| sums.export)))
            .texts("quality", slots.iter().map(|slot| Some(slot.quality.as_str())))
            .floats("completeness", slots.iter().map(|slot| slot.completeness.to_f64()))
            .finish()
    }

    /// The balance as the HTTP API answers it: energies as decimal text of kWh under the same keys.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_python(py, &self.0)
    }

    fn __repr__(&self) -> String {
        let kwh =
            |energy: Option<Energy>| energy.map_or_else(|| "nothing".to_owned(), |energy| energy.to_string());
        let (used, made) = (kwh(self.0.consumption_kwh), kwh(self.0.generation_kwh));
        format!("<Balance {}/{}: consumed {used}, generated {made}>", self.0.start, self.0.end)
    }
}

fn to_kwh(energy: Option<Energy>) -> f64 {
    energy.map_or(f64::NAN, Energy::to_kwh_f64)
}
