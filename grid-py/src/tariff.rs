//! Tariffs, and what one member's energies cost by them.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use grid_core::{
    energy::tariff::{Bill, Quantity, Tariff, Usage},
    quantity::{Energy, Power},
    series::Series,
};
use jiff::civil::Date;
use pyo3::{
    prelude::*,
    types::{PyList, PyMapping, PyTuple},
};

use crate::{
    columns,
    error::{Error, raise},
    json, lines, prices,
    quantity::{PyMoney, PyPower},
    series::{PySeries, presumed},
    table::{PyTable, Table},
    time::{self, Instant},
};

/// Prices as data: what each kilowatt-hour, kilowatt, day and tax costs, and from when on.
///
/// ``document`` is TOML or JSON text, or the same as a dictionary; ``docs/tariffs/README.md`` explains every field. A
/// document that is no tariff raises ``InvalidError``, whose ``places`` name the line and the column.
///
/// >>> import grid_py as grid
/// >>> tariff = grid.Tariff('''
/// ... id = "flat"
/// ... currency = "EUR"
/// ... valid_from = 2026-01-01
/// ...
/// ... [[components]]
/// ... id = "grid"
/// ... kind = "energy"
/// ... quantity = "import"
/// ... price_per_kwh = "0.1283"
/// ... ''')
/// >>> bill = tariff.price({"import": [100.25, 20.1]}, start="2026-03-01T00:00:00Z", resolution="1h")
/// >>> bill.total
/// Money("15.44 EUR")
#[pyclass(frozen, eq, from_py_object, name = "Tariff", module = "grid_py")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PyTariff(pub(crate) Tariff);

#[pymethods]
impl PyTariff {
    #[new]
    fn new(document: &Bound<'_, PyAny>) -> PyResult<Self> {
        let text = json::document(document)?;
        if text.trim_start().starts_with('{') {
            Tariff::parse_json(&text).map(Self).map_err(raise)
        } else {
            Tariff::parse_toml(&text).map(Self).map_err(raise)
        }
    }

    /// Its id.
    #[getter]
    fn id(&self) -> &str {
        self.0.id()
    }

    /// What people call it, in English where it has a name in English; its id where it has none.
    #[getter]
    fn name(&self) -> &str {
        self.0.name().get("en").unwrap_or(self.0.id())
    }

    /// What people call it, by language.
    #[getter]
    fn names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_python(py, self.0.name())
    }

    /// The ISO 4217 code of the currency of every price.
    #[getter]
    fn currency(&self) -> String {
        self.0.currency().to_string()
    }

    /// The first local day on which it is valid.
    #[getter]
    fn valid_from(&self) -> Date {
        self.0.valid_from()
    }

    /// The document, every number as decimal text and every default left out.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_python(py, &self.0.to_json())
    }

    /// Prices the energies of one member.
    ///
    /// ``usage`` maps quantities (``consumption``, ``generation``, ``self_consumed``, ``received``, ``given``, ``import``,
    /// ``export``) to a ``Series`` each, or to arrays in kWh, which then begin at ``start`` and have slots of
    /// ``resolution``. ``prices`` maps the names of indexed prices to tables with ``start, end, price_per_kwh``, to CSV
    /// files (a path or ``bytes``), or to arrays with one price for each slot. ``contracted`` maps the tariff's names for
    /// contracted powers to powers.
    #[pyo3(signature = (
        usage, *, start=None, resolution=None, time_zone="UTC", prices=None, contracted=None, starting_at=None
    ))]
    #[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
    fn price(
        &self,
        py: Python<'_>,
        usage: &Bound<'_, PyMapping>,
        start: Option<Instant>,
        resolution: Option<&str>,
        time_zone: &str,
        prices: Option<&Bound<'_, PyAny>>,
        contracted: Option<&Bound<'_, PyMapping>>,
        starting_at: Option<&Bound<'_, PyMapping>>,
    ) -> PyResult<PyBill> {
        let mut known: Vec<(Quantity, Series)> = Vec::new();
        for item in usage.items()? {
            let (name, values): (String, Bound<'_, PyAny>) = item.extract()?;
            let series = match (values.cast::<PySeries>(), &start, resolution) {
                (Ok(series), _, _) => series.get().0.clone(),
                (Err(_), Some(start), Some(resolution)) => {
                    let energies = columns::energies(&values, &name, "kWh")?;
                    let qualities: Vec<_> = energies.iter().copied().map(presumed).collect();
                    let (resolution, calendar) = (time::resolution(resolution)?, time::calendar(time_zone)?);
                    Series::new(start.0, resolution, calendar, &energies, &qualities).map_err(raise)?
                }
                (Err(_), _, _) => {
                    let what = "`start` and `resolution`";
                    return Err(raise(Error::Needed { what, when: "the usage is an array" }));
                }
            };
            known.push((name.parse().map_err(raise)?, series));
        }
        let needed = || raise(Error::Needed { what: "a usage", when: "energies are priced" });
        let (_, first) = known.first().ok_or_else(needed)?;
        let period = first.interval().ok_or_else(needed)?;
        let slots: Vec<_> = first.slots().iter().map(|slot| slot.interval).collect();
        let book = prices::book(prices, self.0.currency(), &slots)?;
        let energies =
            known.iter().map(|(quantity, series)| Ok((*quantity, whole(*quantity, series, first)?)));
        let energies = energies.collect::<PyResult<Vec<_>>>()?;
        let contracted = named(contracted, power_of)?;
        let starting_at = named(starting_at, energy_of)?;
        let price = || {
            let prepared = self.0.prepare(first.calendar(), period, &slots, &book)?;
            let mut usage = Usage::new(slots.len());
            for (quantity, energies) in &energies {
                usage = usage.with(*quantity, energies)?;
            }
            for (name, power) in &contracted {
                usage = usage.with_contracted(name, *power);
            }
            for (component, energy) in &starting_at {
                usage = usage.starting_at(component, *energy);
            }
            prepared.price(&usage)
        };
        py.detach(price).map(PyBill).map_err(raise)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0.to_json().to_string().hash(&mut hasher);
        hasher.finish()
    }

    fn __getnewargs__(&self) -> (String,) {
        (self.0.to_json().to_string(),)
    }

    fn __repr__(&self) -> String {
        format!("<Tariff {} from {} on, {}>", self.0.id(), self.0.valid_from(), self.0.currency())
    }
}

/// The energies of a series, all of which must be known, in the slots of another.
fn whole(quantity: Quantity, series: &Series, first: &Series) -> PyResult<Vec<Energy>> {
    let same = series.interval() == first.interval() && series.resolution() == first.resolution();
    if !same {
        let got = series.interval().map_or_else(|| "none".to_owned(), |interval| interval.to_string());
        return Err(raise(Error::OtherSlots { name: quantity.to_string(), got }));
    }
    let missing = |slot: usize| Error::NotAnEnergy {
        place: format!("`{quantity}`, slot {slot}"),
        expected: "an energy in every slot",
        got: "a missing one".to_owned(),
    };
    let energy = |(slot, energy): (usize, Option<Energy>)| energy.ok_or_else(|| raise(missing(slot)));
    series.slots().iter().map(|slot| slot.energy).enumerate().map(energy).collect()
}

/// Values by name.
fn named<T>(
    mapping: Option<&Bound<'_, PyMapping>>,
    value: impl Fn(&Bound<'_, PyAny>) -> PyResult<T>,
) -> PyResult<Vec<(String, T)>> {
    let Some(mapping) = mapping else { return Ok(Vec::new()) };
    let pair = |item: Bound<'_, PyAny>| {
        let (name, given): (String, Bound<'_, PyAny>) = item.extract()?;
        Ok((name, value(&given)?))
    };
    mapping.items()?.iter().map(pair).collect()
}

/// A power: a `Power`, or its text.
pub(crate) fn power_of(value: &Bound<'_, PyAny>) -> PyResult<Power> {
    match value.extract::<PyPower>() {
        Ok(PyPower(power)) => Ok(power),
        Err(_) => value.str()?.to_string_lossy().parse().map_err(raise),
    }
}

/// An energy: an `Energy`, or its text.
pub(crate) fn energy_of(value: &Bound<'_, PyAny>) -> PyResult<Energy> {
    match value.extract::<crate::quantity::PyEnergy>() {
        Ok(energy) => Ok(energy.0),
        Err(_) => value.str()?.to_string_lossy().parse().map_err(raise),
    }
}

/// A tariff: a `Tariff`, or its document.
pub(crate) fn tariff_of(value: &Bound<'_, PyAny>) -> PyResult<Tariff> {
    match value.extract::<PyTariff>() {
        Ok(PyTariff(tariff)) => Ok(tariff),
        Err(_) => PyTariff::new(value).map(|tariff| tariff.0),
    }
}

/// One tariff, or a list of several.
pub(crate) fn tariffs_of(value: &Bound<'_, PyAny>) -> PyResult<Vec<Tariff>> {
    if value.cast::<PyList>().is_ok() || value.cast::<PyTuple>().is_ok() {
        value.try_iter()?.map(|tariff| tariff_of(&tariff?)).collect()
    } else {
        tariff_of(value).map(|tariff| vec![tariff])
    }
}

/// What a tariff makes of one member's energies: lines that are rounded, and their sums.
#[pyclass(frozen, eq, name = "Bill", module = "grid_py")]
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PyBill(Bill);

#[pymethods]
impl PyBill {
    /// The lines, in the order of the tariff's components: a table with ``component, kind, name``, what explains the
    /// line, and ``amount, amount_micros, currency``. ``amount`` is exact decimal text.
    #[getter]
    fn lines(&self) -> PyResult<PyTable> {
        let amounts: Vec<i64> = self.0.lines.iter().map(|line| line.amount.as_micros()).collect();
        let all: Vec<_> = self.0.lines.iter().collect();
        lines::add(Table::new(), &all, &amounts, self.0.currency.code())?.finish()
    }

    /// The sum of the lines that are no taxes.
    #[getter]
    fn net(&self) -> PyMoney {
        PyMoney(self.0.net)
    }

    /// The sum of the taxes.
    #[getter]
    fn taxes(&self) -> PyMoney {
        PyMoney(self.0.taxes)
    }

    /// The sum of all lines.
    #[getter]
    fn total(&self) -> PyMoney {
        PyMoney(self.0.total)
    }

    /// The bill with its lines, amounts as decimal text.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_python(py, &self.0)
    }

    fn __repr__(&self) -> String {
        format!("<Bill of {} lines, {}>", self.0.lines.len(), self.0.total)
    }
}
