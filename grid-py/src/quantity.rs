//! Exact quantities: `Energy`, `Power`, `Money`, `Price`, `Share`.

use std::hash::{DefaultHasher, Hash, Hasher};

use grid_core::quantity::{Currency, Energy, Error, Money, Power, Price, Rounding, Share};
use pyo3::{exceptions::PyTypeError, prelude::*, pyclass::CompareOp};

use crate::error::{no_choice, raise};

/// An amount of electrical energy, exact to one milliwatt-hour.
///
/// >>> import grid_py as grid
/// >>> grid.Energy("1.25 kWh") + grid.Energy("250 Wh")
/// Energy("1.5 kWh")
/// >>> grid.Energy("1.25 kWh").mwh
/// 1250000
#[pyclass(frozen, eq, ord, hash, from_py_object, name = "Energy", module = "grid_py")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PyEnergy(pub(crate) Energy);

#[pymethods]
impl PyEnergy {
    #[new]
    fn new(text: &str) -> PyResult<Self> {
        text.parse().map(Self).map_err(raise)
    }

    /// Makes an energy of whole milliwatt-hours.
    #[staticmethod]
    fn from_mwh(mwh: i64) -> Self {
        Self(Energy::from_mwh(mwh))
    }

    /// Rounds kilowatt-hours to the nearest milliwatt-hour, halves to even.
    #[staticmethod]
    fn from_kwh(kwh: f64) -> PyResult<Self> {
        let not_finite = || Error::NotAnAmount {
            expected: "a finite number of kilowatt-hours that fits 64 bits of milliwatt-hours",
            got: kwh.to_string(),
        };
        Energy::from_kwh_f64(kwh).map(Self).ok_or_else(|| raise(not_finite()))
    }

    /// The milliwatt-hours, exactly.
    #[getter]
    fn mwh(&self) -> i64 {
        self.0.as_mwh()
    }

    /// The kilowatt-hours, as the nearest float.
    #[getter]
    fn kwh(&self) -> f64 {
        self.0.to_kwh_f64()
    }

    fn __add__(&self, other: Self) -> PyResult<Self> {
        Energy::checked_sum([self.0, other.0]).map(Self).map_err(raise)
    }

    /// `sum()` starts from the number zero.
    fn __radd__(&self, other: i64) -> PyResult<Self> {
        if other == 0 {
            Ok(*self)
        } else {
            Err(PyTypeError::new_err("only an Energy can be added to an Energy"))
        }
    }

    fn __sub__(&self, other: Self) -> PyResult<Self> {
        let mwh = self.0.as_mwh().checked_sub(other.0.as_mwh());
        mwh.map(|mwh| Self(Energy::from_mwh(mwh))).ok_or_else(|| raise(OUT_OF_RANGE))
    }

    fn __bool__(&self) -> bool {
        self.0 != Energy::ZERO
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("Energy(\"{}\")", self.0)
    }

    fn __getnewargs__(&self) -> (String,) {
        (self.0.to_string(),)
    }
}

const OUT_OF_RANGE: Error = Error::OutOfRange { quantity: "energy", unit: "milliwatt-hours" };

/// An electrical power, exact to one milliwatt.
///
/// >>> import grid_py as grid
/// >>> grid.Power("4.6 kW") > grid.Power("250 W")
/// True
#[pyclass(frozen, eq, ord, hash, from_py_object, name = "Power", module = "grid_py")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PyPower(pub(crate) Power);

#[pymethods]
impl PyPower {
    #[new]
    fn new(text: &str) -> PyResult<Self> {
        text.parse().map(Self).map_err(raise)
    }

    /// Makes a power of whole milliwatts.
    #[staticmethod]
    fn from_milliwatt(milliwatt: i64) -> Self {
        Self(Power::from_milliwatt(milliwatt))
    }

    /// The milliwatts, exactly.
    #[getter]
    fn milliwatt(&self) -> i64 {
        self.0.as_milliwatt()
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("Power(\"{}\")", self.0)
    }

    fn __getnewargs__(&self) -> (String,) {
        (self.0.to_string(),)
    }
}

/// A part of a whole, exact to one part per million.
///
/// >>> import grid_py as grid
/// >>> grid.Share("13.5464 %")
/// Share("0.135464")
#[pyclass(frozen, eq, ord, hash, from_py_object, name = "Share", module = "grid_py")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PyShare(pub(crate) Share);

#[pymethods]
impl PyShare {
    #[new]
    fn new(text: &str) -> PyResult<Self> {
        text.parse().map(Self).map_err(raise)
    }

    /// Makes a share of parts per million, from 0 to 1000000.
    #[staticmethod]
    fn from_ppm(ppm: u32) -> PyResult<Self> {
        Share::from_ppm(ppm).map(Self).map_err(raise)
    }

    /// The parts per million, exactly.
    #[getter]
    fn ppm(&self) -> u32 {
        self.0.as_ppm()
    }

    fn __float__(&self) -> f64 {
        self.0.to_f64()
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("Share(\"{}\")", self.0)
    }

    fn __getnewargs__(&self) -> (String,) {
        (self.0.to_string(),)
    }
}

/// An amount of money, exact to a millionth of its currency's unit, never without its currency.
///
/// Amounts in two currencies are never equal and have no order: comparing them with ``<`` raises ``InvalidError``.
///
/// >>> import grid_py as grid
/// >>> grid.Money("12.345 EUR").rounded()
/// Money("12.35 EUR")
#[pyclass(frozen, from_py_object, name = "Money", module = "grid_py")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct PyMoney(pub(crate) Money);

#[pymethods]
impl PyMoney {
    #[new]
    fn new(text: &str) -> PyResult<Self> {
        text.parse().map(Self).map_err(raise)
    }

    /// Makes an amount of millionths of the currency's unit.
    #[staticmethod]
    fn from_micros(micros: i64, currency: &str) -> PyResult<Self> {
        Ok(Self(Money::from_micros(micros, currency.parse().map_err(raise)?)))
    }

    /// The millionths of the currency's unit, exactly.
    #[getter]
    fn micros(&self) -> i64 {
        self.0.as_micros()
    }

    /// The amount as decimal text, without the currency.
    #[getter]
    fn amount(&self) -> String {
        self.0.to_amount_string()
    }

    /// The currency's ISO 4217 code.
    #[getter]
    fn currency(&self) -> String {
        self.0.currency().to_string()
    }

    /// Rounds to the decimals that an invoice in this currency has.
    ///
    /// ``rounding`` is ``"half_up"``, ``"half_even"``, ``"down"``, ``"up"``, ``"floor"`` or ``"ceiling"``.
    #[pyo3(signature = (rounding="half_up"))]
    fn rounded(&self, rounding: &str) -> PyResult<Self> {
        self.0.rounded(rounding_of(rounding)?).map(Self).map_err(raise)
    }

    fn __add__(&self, other: Self) -> PyResult<Self> {
        self.0.checked_add(other.0).map(Self).map_err(raise)
    }

    fn __richcmp__(&self, other: Self, op: CompareOp) -> PyResult<bool> {
        let (left, right) = (self.0, other.0);
        compare((left.as_micros(), left.currency()), (right.as_micros(), right.currency()), op)
    }

    fn __hash__(&self) -> u64 {
        hash(&self.0)
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("Money(\"{}\")", self.0)
    }

    fn __getnewargs__(&self) -> (String,) {
        (self.0.to_string(),)
    }
}

/// A price of energy: an amount of money per kilowatt-hour.
///
/// >>> import grid_py as grid
/// >>> grid.Price("737.6 COP/kWh").of(grid.Energy("2.5 kWh"))
/// Money("1844.00 COP")
#[pyclass(frozen, from_py_object, name = "Price", module = "grid_py")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct PyPrice(pub(crate) Price);

#[pymethods]
impl PyPrice {
    #[new]
    fn new(text: &str) -> PyResult<Self> {
        text.parse().map(Self).map_err(raise)
    }

    /// The millionths of the currency's unit per kilowatt-hour, exactly.
    #[getter]
    fn micros_per_kwh(&self) -> i64 {
        self.0.as_micros_per_kwh()
    }

    /// The currency's ISO 4217 code.
    #[getter]
    fn currency(&self) -> String {
        self.0.currency().to_string()
    }

    /// What an energy costs at this price, rounded to a millionth of the currency's unit.
    #[pyo3(signature = (energy, rounding="half_up"))]
    fn of(&self, energy: PyEnergy, rounding: &str) -> PyResult<PyMoney> {
        self.0.of(energy.0, rounding_of(rounding)?).map(PyMoney).map_err(raise)
    }

    fn __richcmp__(&self, other: Self, op: CompareOp) -> PyResult<bool> {
        let (left, right) = (self.0, other.0);
        compare(
            (left.as_micros_per_kwh(), left.currency()),
            (right.as_micros_per_kwh(), right.currency()),
            op,
        )
    }

    fn __hash__(&self) -> u64 {
        hash(&self.0)
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("Price(\"{}\")", self.0)
    }

    fn __getnewargs__(&self) -> (String,) {
        (self.0.to_string(),)
    }
}

/// Compares counts of one currency; two currencies are unequal and have no order.
fn compare(left: (i64, Currency), right: (i64, Currency), op: CompareOp) -> PyResult<bool> {
    let order = match op {
        CompareOp::Eq => return Ok(left == right),
        CompareOp::Ne => return Ok(left != right),
        _ if left.1 == right.1 => left.0.cmp(&right.0),
        _ => {
            let (expected, got) = (left.1.to_string(), right.1.to_string());
            return Err(raise(Error::CurrencyMismatch { expected, got }));
        }
    };
    Ok(op.matches(order))
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn rounding_of(name: &str) -> PyResult<Rounding> {
    Ok(match name {
        "half_up" => Rounding::HalfUp,
        "half_even" => Rounding::HalfEven,
        "down" => Rounding::Down,
        "up" => Rounding::Up,
        "floor" => Rounding::Floor,
        "ceiling" => Rounding::Ceiling,
        _ => {
            let expected = "`half_up`, `half_even`, `down`, `up`, `floor` or `ceiling`";
            return Err(no_choice("the rounding", expected, name));
        }
    })
}
