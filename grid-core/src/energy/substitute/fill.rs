//! Filling the missing slots of a series.

use serde::Serialize;

use super::{Method, Remark, Rules, pattern::missing, rescale::rescale};
use crate::{
    energy::{Error, Reading, as_json},
    quantity::Energy,
    series::Series,
    time::Interval,
};

/// One slot that was filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fill {
    /// The slot's number, counted from 0.
    pub slot: usize,
    /// When.
    #[serde(with = "as_json::interval")]
    pub interval: Interval,
    /// How much was put there.
    #[serde(rename = "energy_kwh")]
    pub energy: Energy,
    /// How it was found.
    pub method: Method,
    /// The interval of the register's advance that it was rescaled to; `None` where there is none.
    #[serde(serialize_with = "optional")]
    pub advance: Option<Interval>,
}

#[expect(clippy::ref_option, reason = "the signature that serde calls")]
fn optional<S: serde::Serializer>(interval: &Option<Interval>, to: S) -> Result<S::Ok, S::Error> {
    match interval {
        Some(interval) => as_json::interval::serialize(interval, to),
        None => to.serialize_none(),
    }
}

/// A series whose missing slots were filled where a method worked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Substituted {
    /// The series; what was known in it is as it was.
    pub series: Series,
    /// The slots that were filled, in order.
    pub fills: Vec<Fill>,
    /// Where an advance of the register could not be kept to; short advances first.
    pub remarks: Vec<Remark>,
}

/// Fills the slots of `series` that start within `period` and have no energy.
///
/// A gap of at most [`Rules::longest_interpolation`] between two known slots lies on the line between them. Any other
/// gets, slot by slot, the average of the same local time on the last [`Rules::comparable_days`] days of the same
/// [`DayKind`](super::DayKind), filled up with the next days where there are not enough before; so `series` should
/// reach back some weeks before the period. Only what was measured or estimated by the operator is a basis, never a
/// substitute. An hour that the clock shows twice is like the same hour of a plain day, both times.
///
/// `advances` are what a cumulative register counted, as [`Register::advances`] gives them. One that begins and ends
/// with slots rescales the filled slots in it, by the largest remainder, so that filled and known slots add up to it
/// exactly. A slot of which a part is known is neither filled nor a basis.
///
/// [`Register::advances`]: crate::energy::meter::Register::advances
///
/// ```
/// use grid_core::{
///     energy::{Reading, substitute::{Method, Rules, substitute}},
///     quantity::Energy, series::{Quality, Series}, time::{Calendar, Resolution},
/// };
/// let start = "2026-01-01T00:00:00Z".parse().unwrap();
/// let kwh = [1.0, f64::NAN, f64::NAN, 4.0];
/// let series = Series::from_kwh_f64(start, Resolution::QUARTER_HOUR, Calendar::utc(), &kwh)?;
/// let period = series.interval().unwrap();
/// let filled = substitute(&series, period, &[], &Rules::default())?;
/// assert_eq!(filled.series.to_kwh_f64(), [1.0, 2.0, 3.0, 4.0]);
/// assert_eq!(filled.fills[0].method, Method::LinearInterpolation);
/// // The register says that it was 15 kWh in all, so 10 are left for the two.
/// let advance = Reading::new(period, Some("15 kWh".parse()?), Quality::Measured)?;
/// let filled = substitute(&series, period, &[advance], &Rules::default())?;
/// assert_eq!(filled.series.to_kwh_f64(), [1.0, 4.0, 6.0, 4.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::Quantity`] where a sum does not fit.
pub fn substitute(
    series: &Series,
    period: Interval,
    advances: &[Reading],
    rules: &Rules,
) -> Result<Substituted, Error> {
    let missing = missing(series, period, rules);
    let (values, remarks) = rescale(series.slots(), &missing, advances, rules)?;
    let fills: Vec<Fill> = missing
        .iter()
        .zip(values)
        .filter_map(|(slot, value)| {
            let value = value?;
            Some(Fill {
                slot: slot.slot,
                interval: slot.interval,
                energy: value.energy,
                method: value.method,
                advance: value.advance,
            })
        })
        .collect();
    let series = series.clone().fill(fills.iter().map(|fill| (fill.slot, fill.energy)));
    Ok(Substituted { series, fills, remarks })
}
