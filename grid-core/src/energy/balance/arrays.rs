//! The balance of two columns, for whoever has arrays rather than devices.

use crate::{
    energy::Error,
    flow::Flow,
    quantity::{Energy, Share},
};

/// Own use, surplus and residual demand, interval by interval and in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrayBalance {
    /// Per interval; `None` where consumption or generation is missing.
    pub flows: Vec<Option<Flow>>,
    /// The sums over the intervals where both are known.
    pub total: Flow,
    /// The part of the generation that was used on the spot; `None` without generation.
    pub self_consumption: Option<Share>,
    /// The part of the consumption that was met on the spot; `None` without consumption.
    pub self_sufficiency: Option<Share>,
    /// The part of the intervals in which both are known.
    pub completeness: Share,
}

/// Sets two columns of equal length against each other.
///
/// ```
/// use grid_core::{energy::balance::of_arrays, quantity::Energy};
/// let kwh = |kwh| Energy::from_kwh_f64(kwh);
/// let balance = of_arrays(&[kwh(1.0), kwh(2.0), None], &[kwh(3.0), kwh(0.5), kwh(1.0)])?;
/// assert_eq!(balance.total.own.to_string(), "1.5 kWh");
/// assert_eq!(balance.self_sufficiency.unwrap().to_string(), "0.500000");
/// # Ok::<(), grid_core::energy::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::UnequalLengths`], [`Error::NegativeFlow`], or [`Error::Quantity`] where a sum does not fit.
///
/// # References
///
/// R. Luthander et al., *Photovoltaic self-consumption in buildings: a review*, Applied Energy 142 (2015), eqs. 1-3.
pub fn of_arrays(
    consumption: &[Option<Energy>],
    generation: &[Option<Energy>],
) -> Result<ArrayBalance, Error> {
    if consumption.len() != generation.len() {
        let (expected, got) = (consumption.len(), generation.len());
        return Err(Error::UnequalLengths { expected, intervals: expected, columns: 1, got });
    }
    let mut flows = Vec::with_capacity(consumption.len());
    for (interval, (&load, &made)) in consumption.iter().zip(generation).enumerate() {
        if let Some(got) = [load, made].into_iter().flatten().find(|energy| energy.is_negative()) {
            return Err(Error::NegativeFlow { interval, got });
        }
        flows.push(load.zip(made).map(|(load, made)| Flow::of(load, made)));
    }
    let known = || flows.iter().flatten();
    let total = Flow {
        own: Energy::checked_sum(known().map(|flow| flow.own))?,
        surplus: Energy::checked_sum(known().map(|flow| flow.surplus))?,
        residual: Energy::checked_sum(known().map(|flow| flow.residual))?,
    };
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    Ok(ArrayBalance {
        self_consumption: part(total.own, Energy::checked_sum([total.own, total.surplus])?),
        self_sufficiency: part(total.own, Energy::checked_sum([total.own, total.residual])?),
        completeness: Share::of(count(known().count()), count(flows.len())),
        total,
        flows,
    })
}

/// The part of a whole; nothing below zero, and no answer without a whole.
pub(super) fn part(part: Energy, whole: Energy) -> Option<Share> {
    let whole = u64::try_from(whole.as_mwh()).ok().filter(|&mwh| mwh > 0)?;
    Some(Share::of(u64::try_from(part.as_mwh()).unwrap_or(0), whole))
}
