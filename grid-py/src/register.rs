//! What a register showed and what happened to it, from Python's tables and dictionaries.

use grid_core::{
    energy::meter::{Advances, Event, Fault, Read, Register},
    quantity::Energy,
    series::Quality,
};
use pyo3::{intern, prelude::*, types::PyMapping};

use crate::{
    columns::{Columns, same_length},
    energy::results,
    error::{Error, no_choice, raise},
    quantity::PyPower,
    readings::rows,
    table::{PyTable, Table},
    tariff::energy_of,
    time::Instant,
};

/// Turns what a register showed into what was used between two looks at it.
///
/// ``reads`` is a table with ``at`` (instants), ``counter_kwh`` and, if wanted, ``quality``, in any order. ``events`` is a
/// list of dictionaries that say what happened to the register: ``{"kind": "rollover", "at": ...}``, ``{"kind":
/// "exchange", "at": ..., "last": "9120.5 kWh", "first": "0 kWh"}``, with the new one's ``digits`` and ``multiplier`` where
/// it is another than the old, or ``{"kind": "reset", "at": ..., "from": ..., "to": ...}``, where ``from`` may be left out;
/// ``last_kwh``, ``first_kwh``, ``from_kwh`` and ``to_kwh`` are the same as bare numbers, as the HTTP API has them. ``digits`` is how many whole digits the register has, ``multiplier`` what its
/// counter is multiplied with, and ``rated_power`` what the connection can carry, from which a rollover is told.
///
/// A consumption is never below zero: where a counter fell and no event says why, the reading is missing and a fault
/// names what it looks like. Returns ``Advances(readings, faults)``: a table with ``start, end, energy_kwh, quality``, and
/// one with ``fault, at, message``.
///
/// >>> import grid_py as grid
/// >>> days = ["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"]
/// >>> counted = grid.advances({"at": days, "counter_kwh": ["99990", "99998.5", "3.25"]}, digits=5,
/// ...     events=[{"kind": "rollover", "at": "2026-03-03T00:00:00Z"}])
/// >>> counted.readings["energy_kwh"]
/// array([8.5 , 4.75])
#[pyfunction]
#[pyo3(signature = (reads, *, events=None, digits=None, multiplier=None, rated_power=None))]
pub(crate) fn advances<'py>(
    py: Python<'py>,
    reads: &Bound<'py, PyAny>,
    events: Option<&Bound<'py, PyAny>>,
    digits: Option<u8>,
    multiplier: Option<&Bound<'py, PyAny>>,
    rated_power: Option<PyPower>,
) -> PyResult<Bound<'py, PyAny>> {
    let (reads, events) = (reads_of(reads)?, events_of(events)?);
    let mut register = register_of(digits, multiplier)?;
    if let Some(PyPower(power)) = rated_power {
        register = register.with_rated_power(power);
    }
    told(py, &py.detach(|| register.advances(&reads, &events)))
}

/// What a register counted, as ``Advances``.
pub(crate) fn told<'py>(py: Python<'py>, found: &Advances) -> PyResult<Bound<'py, PyAny>> {
    let tables = (rows(&found.readings).finish()?, faults(&found.faults)?);
    results(py)?.getattr(intern!(py, "Advances"))?.call1(tables)
}

/// What does not fit, one a row.
pub(crate) fn faults(faults: &[Fault]) -> PyResult<PyTable> {
    Table::new()
        .texts("fault", faults.iter().map(|fault| Some(fault.name())))
        .instants("at", faults.iter().map(Fault::at))
        .texts("message", faults.iter().map(|fault| Some(fault.to_string())))
        .finish()
}

/// The reads of a table.
pub(crate) fn reads_of(reads: &Bound<'_, PyAny>) -> PyResult<Vec<Read>> {
    let columns = Columns::of(reads)?;
    let (instants, counters) = (columns.instants("at")?, columns.energies("counter_kwh")?);
    let qualities = if columns.has("quality") {
        columns.qualities("quality")?
    } else {
        vec![Quality::Measured; instants.len()]
    };
    same_length("counter_kwh", instants.len(), counters.len())?;
    same_length("quality", instants.len(), qualities.len())?;
    let known = instants.into_iter().zip(counters).zip(qualities);
    // Nobody looked where there is no counter.
    let known = known.filter_map(|((at, counter), quality)| Some(Read { at, counter: counter?, quality }));
    let read = |read: Read| match read.quality {
        Quality::Missing => Err(raise(Error::WrongColumn {
            name: "quality".to_owned(),
            expected: "`measured`, `estimated` or `substituted` where there is a counter",
            got: "`missing`".to_owned(),
        })),
        _ => Ok(read),
    };
    known.map(read).collect()
}

/// A register of which digits and a multiplier may be known.
pub(crate) fn register_of(digits: Option<u8>, multiplier: Option<&Bound<'_, PyAny>>) -> PyResult<Register> {
    let mut register = Register::new();
    if let Some(digits) = digits {
        register = register.with_digits(digits).map_err(raise)?;
    }
    if let Some(multiplier) = multiplier {
        register = register.with_multiplier(multiplier.str()?.to_string_lossy().parse().map_err(raise)?);
    }
    Ok(register)
}

/// What happened to a register, in any order.
pub(crate) fn events_of(events: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<Event>> {
    let Some(events) = events else { return Ok(Vec::new()) };
    events.try_iter()?.map(|event| Told(event?.cast_into::<PyMapping>()?).event()).collect()
}

/// An event as a dictionary.
struct Told<'py>(Bound<'py, PyMapping>);

impl<'py> Told<'py> {
    fn event(&self) -> PyResult<Event> {
        let at = needed("at", self.field("at")?)?.extract::<Instant>()?.0;
        let kind: String = needed("kind", self.field("kind")?)?.extract()?;
        match kind.as_str() {
            "rollover" => {
                self.only(&["kind", "at"], "`kind` or `at`")?;
                Ok(Event::Rollover { at })
            }
            "exchange" => {
                self.only(
                    &["kind", "at", "last", "last_kwh", "first", "first_kwh", "digits", "multiplier"],
                    "`kind`, `at`, `last`, `first`, `digits` or `multiplier`",
                )?;
                let (digits, multiplier) = (self.field("digits")?, self.field("multiplier")?);
                let digits = digits.map(|digits| digits.extract()).transpose()?;
                // Where neither is told the new one is like the old.
                let another = digits.is_some() || multiplier.is_some();
                let register = another.then(|| register_of(digits, multiplier.as_ref())).transpose()?;
                Ok(Event::Exchange {
                    at,
                    last: needed("last", self.energy("last", "last_kwh")?)?,
                    first: needed("first", self.energy("first", "first_kwh")?)?,
                    register,
                })
            }
            "reset" => {
                self.only(
                    &["kind", "at", "from", "from_kwh", "to", "to_kwh"],
                    "`kind`, `at`, `from` or `to`",
                )?;
                let from = self.energy("from", "from_kwh")?;
                Ok(Event::Reset { at, from, to: needed("to", self.energy("to", "to_kwh")?)? })
            }
            _ => Err(no_choice("the event", "`rollover`, `exchange` or `reset`", &kind)),
        }
    }

    fn field(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        if self.0.contains(name)? {
            Ok(Some(self.0.get_item(name)?).filter(|value| !value.is_none()))
        } else {
            Ok(None)
        }
    }

    /// An energy with its unit, or the number of kilowatt-hours.
    fn energy(&self, name: &str, kwh: &str) -> PyResult<Option<Energy>> {
        if let Some(energy) = self.field(name)? {
            return energy_of(&energy).map(Some);
        }
        let Some(number) = self.field(kwh)? else { return Ok(None) };
        Energy::parse_kwh(&number.str()?.to_string_lossy()).map(Some).map_err(raise)
    }

    /// Refuses a field that the event does not have.
    fn only(&self, known: &[&str], expected: &'static str) -> PyResult<()> {
        for name in self.0.keys()? {
            let name = name.str()?.to_string_lossy().into_owned();
            if !known.contains(&name.as_str()) {
                return Err(no_choice("a field of the event", expected, &name));
            }
        }
        Ok(())
    }
}

fn needed<T>(what: &'static str, value: Option<T>) -> PyResult<T> {
    value.ok_or_else(|| raise(Error::Needed { what, when: "something happened to a register" }))
}
