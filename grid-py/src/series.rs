//! Energy over time: `Series` and its `Total`.

use grid_core::{
    quantity::Energy,
    series::{Piece, Quality, Series, Total},
    time::{Interval, Resolution},
};
use jiff::Timestamp;
use numpy::{
    PyArray1, PyFixedUnicode,
    datetime::{Datetime, units::Microseconds},
};
use pyo3::prelude::*;

use crate::{
    columns::{self, Columns},
    error::{Error, raise},
    quantity::PyEnergy,
    table::{PyTable, Table},
    time::{self, Instant},
};

/// A quality in a NumPy array: eleven characters hold the longest, `substituted`.
pub(crate) type QualityText = PyFixedUnicode<11>;

/// Energy on a regular grid of slots, each with a quality, on the calendar of one zone.
///
/// ``values`` has one number per slot, NaN where missing (missing is never zero); ``unit`` is ``"kWh"``, ``"Wh"``,
/// ``"MWh"`` or ``"mWh"``. Each is kept to the milliwatt-hour. The slots follow each other from ``start``, an instant
/// (text with an offset, an aware ``datetime``, or a ``numpy.datetime64`` in UTC). ``quality`` has one word per slot:
/// ``measured``, ``estimated``, ``substituted`` or ``missing``; without it what is there is measured.
///
/// >>> import grid_py as grid
/// >>> series = grid.Series([0.25, float("nan"), 0.5, 0.25], start="2026-01-01T00:00:00Z", resolution="15min")
/// >>> series.sum().energy
/// Energy("1 kWh")
/// >>> series.sum().completeness
/// 0.75
/// >>> len(series.gaps())
/// 1
/// >>> series.resample("1h").values
/// array([1.])
#[pyclass(frozen, eq, name = "Series", module = "grid_py")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PySeries(pub(crate) Series);

#[pymethods]
impl PySeries {
    #[new]
    #[pyo3(signature = (values, *, start, resolution, time_zone="UTC", unit="kWh", quality=None))]
    fn new(
        values: &Bound<'_, PyAny>,
        start: Instant,
        resolution: &str,
        time_zone: &str,
        unit: &str,
        quality: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let energies = columns::energies(values, "values", unit)?;
        let qualities = match quality {
            Some(quality) => columns::qualities(quality)?,
            None => energies.iter().copied().map(presumed).collect(),
        };
        let (resolution, calendar) = (time::resolution(resolution)?, time::calendar(time_zone)?);
        Series::new(start.0, resolution, calendar, &energies, &qualities).map(Self).map_err(raise)
    }

    /// Lays the rows of a table onto a regular grid.
    ///
    /// ``data`` has a column ``start`` of instants, a column ``energy_kwh`` (or another one, as ``value`` says), and
    /// may have ``end`` and ``quality``. Without ``end`` each row lasts one slot of ``resolution``. A row that reaches
    /// over several slots is spread over them in proportion to time; what no row covers is missing. Without
    /// ``resolution`` the grid is as fine as the first row is long.
    #[staticmethod]
    #[pyo3(signature = (data, *, value="energy_kwh", resolution=None, time_zone="UTC"))]
    fn from_dataframe(
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        value: &str,
        resolution: Option<&str>,
        time_zone: &str,
    ) -> PyResult<Self> {
        let columns = Columns::of(data)?;
        let calendar = time::calendar(time_zone)?;
        let resolution = resolution.map(time::resolution).transpose()?;
        let starts = columns.instants("start")?;
        let intervals: Vec<Interval> = if columns.has("end") {
            let ends = columns.instants("end")?;
            columns::same_length("end", starts.len(), ends.len())?;
            let pairs = starts.into_iter().zip(ends);
            pairs.map(|(start, end)| Interval::new(start, end)).collect::<Result<_, _>>().map_err(raise)?
        } else {
            let needed = || raise(Error::Needed { what: "a resolution", when: "there is no column `end`" });
            let resolution = resolution.ok_or_else(needed)?;
            let slots = starts.into_iter().map(|start| time::slot(&calendar, start, resolution));
            slots.collect::<PyResult<_>>()?
        };
        let energies = columns.energies(value)?;
        let qualities = if columns.has("quality") {
            columns.qualities("quality")?
        } else {
            energies.iter().copied().map(presumed).collect()
        };
        columns::same_length(value, intervals.len(), energies.len())?;
        columns::same_length("quality", intervals.len(), qualities.len())?;
        let Some(whole) = span(&intervals).map_err(raise)? else {
            return Series::new(
                Timestamp::UNIX_EPOCH,
                resolution.unwrap_or(Resolution::HOUR),
                calendar,
                &[],
                &[],
            )
            .map(Self)
            .map_err(raise);
        };
        let needed =
            || raise(Error::Needed { what: "a resolution", when: "the first row is not shorter than a day" });
        let resolution = resolution.or_else(|| time::length(*intervals.first()?)).ok_or_else(needed)?;
        py.detach(|| {
            let pieces = intervals.into_iter().zip(energies).zip(qualities);
            let pieces = pieces.map(|((interval, energy), quality)| Piece { interval, energy, quality });
            Series::from_pieces(calendar, whole, resolution, pieces)
        })
        .map(Self)
        .map_err(raise)
    }

    /// The energy of each slot in kWh, as the nearest float, NaN where missing; shape `(len,)`.
    #[getter]
    fn values<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_vec(py, self.0.to_kwh_f64())
    }

    /// The quality of each slot, as text; shape `(len,)`.
    #[getter]
    fn quality<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<QualityText>> {
        quality_array(py, self.0.slots().iter().map(|slot| slot.quality))
    }

    /// How much of the time of each slot is known, from 0 to 1; shape `(len,)`.
    #[getter]
    fn completeness<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_vec(py, self.0.slots().iter().map(|slot| slot.completeness.to_f64()).collect())
    }

    /// The start of each slot, in UTC, as `datetime64[us]`; shape `(len,)`.
    #[getter]
    fn starts<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<Datetime<Microseconds>>> {
        time::array(py, self.0.slots().iter().map(|slot| slot.interval.start()))
    }

    /// The start of the first slot, in UTC, or ``None`` where there is no slot.
    #[getter]
    fn start(&self) -> Option<Timestamp> {
        self.0.interval().map(Interval::start)
    }

    /// The end of the last slot, in UTC, or ``None`` where there is no slot.
    #[getter]
    fn end(&self) -> Option<Timestamp> {
        self.0.interval().map(Interval::end)
    }

    /// The slots' length, like ``15min`` or ``day``.
    #[getter]
    fn resolution(&self) -> String {
        self.0.resolution().to_string()
    }

    /// The IANA zone whose days and months the series follows.
    #[getter]
    fn time_zone(&self) -> String {
        self.0.calendar().name().to_owned()
    }

    /// Sums up to coarser slots, such as ``1h``, ``day``, ``month`` or ``year`` of the series' own zone.
    fn resample(&self, py: Python<'_>, resolution: &str) -> PyResult<Self> {
        let resolution = time::resolution(resolution)?;
        py.detach(|| self.0.resample(resolution)).map(Self).map_err(raise)
    }

    /// The sum of what is known, with its quality and how complete it is.
    fn sum(&self) -> PyResult<PyTotal> {
        self.0.sum().map(PyTotal).map_err(raise)
    }

    /// The stretches without any value, as pairs of start and end in UTC.
    fn gaps(&self) -> Vec<(Timestamp, Timestamp)> {
        self.0.gaps().into_iter().map(|gap| (gap.start(), gap.end())).collect()
    }

    /// The slots as a table with the columns ``start, end, energy_kwh, quality, completeness``.
    fn to_table(&self) -> PyResult<PyTable> {
        let slots = self.0.slots();
        Table::new()
            .instants("start", slots.iter().map(|slot| slot.interval.start()))
            .instants("end", slots.iter().map(|slot| slot.interval.end()))
            .floats("energy_kwh", self.0.to_kwh_f64())
            .texts("quality", slots.iter().map(|slot| Some(slot.quality.as_str())))
            .floats("completeness", slots.iter().map(|slot| slot.completeness.to_f64()))
            .finish()
    }

    fn __add__(&self, other: &Self) -> PyResult<Self> {
        self.0.checked_add(&other.0).map(Self).map_err(raise)
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __repr__(&self) -> String {
        let (slots, resolution, zone) = (self.0.len(), self.0.resolution(), self.0.calendar().name());
        match self.0.interval() {
            Some(interval) => format!("<Series of {slots} slots of {resolution} over {interval} in {zone}>"),
            None => format!("<Series of no slots of {resolution} in {zone}>"),
        }
    }
}

/// The sum of a series: what is known, how far it can be trusted, and how complete it is.
#[pyclass(frozen, eq, name = "Total", module = "grid_py")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PyTotal(Total);

#[pymethods]
impl PyTotal {
    /// The sum of what is known, exactly; ``None`` where nothing is.
    #[getter]
    fn energy(&self) -> Option<PyEnergy> {
        self.0.energy.map(PyEnergy)
    }

    /// The sum of what is known in kWh, as the nearest float; NaN where nothing is.
    #[getter]
    fn kwh(&self) -> f64 {
        self.0.energy.map_or(f64::NAN, Energy::to_kwh_f64)
    }

    /// The worst quality of the slots.
    #[getter]
    fn quality(&self) -> &'static str {
        self.0.quality.as_str()
    }

    /// How much of the time is known, from 0 to 1.
    #[getter]
    fn completeness(&self) -> f64 {
        self.0.completeness.to_f64()
    }

    fn __float__(&self) -> f64 {
        self.kwh()
    }

    fn __repr__(&self) -> String {
        let energy = self.0.energy.map_or_else(|| "nothing known".to_owned(), |energy| energy.to_string());
        format!("<Total {energy}, {}, {} complete>", self.0.quality, self.0.completeness)
    }
}

/// The quality of an energy about which nothing else is said.
pub(crate) fn presumed(energy: Option<Energy>) -> Quality {
    if energy.is_some() { Quality::Measured } else { Quality::Missing }
}

/// Qualities as an array of text.
fn quality_array(
    py: Python<'_>,
    qualities: impl IntoIterator<Item = Quality>,
) -> Bound<'_, PyArray1<QualityText>> {
    let texts = qualities.into_iter().map(|quality| {
        let mut text = [0_u32; 11];
        text.iter_mut().zip(quality.as_str().chars()).for_each(|(place, letter)| *place = u32::from(letter));
        QualityText::from(text)
    });
    PyArray1::from_iter(py, texts)
}

/// From the first start to the last end.
fn span(intervals: &[Interval]) -> Result<Option<Interval>, grid_core::time::Error> {
    let first = intervals.iter().map(|interval| interval.start()).min();
    let last = intervals.iter().map(|interval| interval.end()).max();
    first.zip(last).map(|(start, end)| Interval::new(start, end)).transpose()
}
