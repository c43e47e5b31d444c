//! What one interval gives to each member, and what it leaves of each plant.

use super::Error;
use crate::{
    energy::sharing::CellRounding,
    flow::Flow,
    quantity::{Energy, Rounding, Share, divide, largest_remainder},
};

/// What a key gave to one member in one interval, and what became of it.
///
/// `used + surplus` is what was assigned and `used + residual` what the member needed, to the last milliwatt-hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Allotment {
    /// What the key gave to the member.
    pub assigned: Energy,
    /// The part of it that the member used: the lesser of what was assigned and what was needed.
    pub used: Energy,
    /// The part of it that the member did not need.
    pub surplus: Energy,
    /// What the member took from the grid.
    pub residual: Energy,
}

impl Allotment {
    /// Sets what a member needs against what was assigned.
    ///
    /// ```
    /// use grid_core::{energy::rules::Allotment, quantity::Energy};
    /// let part = Allotment::of(Energy::from_mwh(5), Energy::from_mwh(2));
    /// assert_eq!((part.used, part.surplus), (Energy::from_mwh(2), Energy::from_mwh(3)));
    /// ```
    pub fn of(assigned: Energy, needed: Energy) -> Self {
        let Flow { own, surplus, residual } = Flow::of(needed, assigned);
        Self { assigned, used: own, surplus, residual }
    }
}

/// One interval of a community: each member's part, and what is left of each plant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// By member.
    pub members: Vec<Allotment>,
    /// What nobody used, by plant.
    pub surplus: Vec<Energy>,
}

impl Step {
    /// What the members used together.
    ///
    /// # Errors
    ///
    /// [`Error::Quantity`] where the sum does not fit.
    pub fn used(&self) -> Result<Energy, Error> {
        Ok(Energy::checked_sum(self.members.iter().map(|member| member.used))?)
    }
}

/// Sets assigned parts against what is needed, and attributes what nobody used to the plants by what they produced.
pub(super) fn step(
    generation: &[Energy],
    assigned: &[Energy],
    consumption: &[Energy],
    rounding: CellRounding,
) -> Result<Step, Error> {
    let members: Vec<Allotment> = assigned
        .iter()
        .zip(consumption)
        .map(|(assigned, needed)| Allotment::of(*assigned, *needed))
        .collect();
    let used = Energy::checked_sum(members.iter().map(|member| member.used))?;
    let surplus = left_over(generation, used, rounding)?;
    Ok(Step { members, surplus })
}

/// What is left of each plant once `used` is attributed to them in proportion to what they produced.
fn left_over(generation: &[Energy], used: Energy, rounding: CellRounding) -> Result<Vec<Energy>, Error> {
    let total = Energy::checked_sum(generation.iter().copied())?;
    let weights = weights(generation);
    Ok(match rounding {
        CellRounding::Exact => split(total - used, &weights, 0, rounding)?,
        CellRounding::Operator => split(used, &weights, 0, rounding)?
            .into_iter()
            .zip(generation)
            .map(|(used, produced)| (*produced - used).max(Energy::ZERO))
            .collect(),
    })
}

/// Splits `total` by `weights`, of which `unassigned` more belong to nobody; without any weight nobody gets anything.
pub(super) fn split(
    total: Energy,
    weights: &[u64],
    unassigned: u64,
    rounding: CellRounding,
) -> Result<Vec<Energy>, Error> {
    let sum = weights.iter().map(|&weight| i128::from(weight)).sum::<i128>() + i128::from(unassigned);
    if sum == 0 || total == Energy::ZERO {
        return Ok(vec![Energy::ZERO; weights.len()]);
    }
    let parts = match rounding {
        CellRounding::Exact if unassigned == 0 => largest_remainder(total.as_mwh(), weights)?,
        CellRounding::Exact => {
            let mut all = weights.to_vec();
            all.push(unassigned);
            let mut parts = largest_remainder(total.as_mwh(), &all)?;
            parts.truncate(weights.len());
            parts
        }
        CellRounding::Operator => weights
            .iter()
            .map(|&weight| {
                divide(i128::from(total.as_mwh()) * i128::from(weight), sum, Rounding::HalfUp)
                    .and_then(|mwh| i64::try_from(mwh).ok())
                    .unwrap_or(total.as_mwh())
            })
            .collect(),
    };
    Ok(parts.into_iter().map(Energy::from_mwh).collect())
}

/// Energies of zero or more as weights.
pub(super) fn weights(energies: &[Energy]) -> Vec<u64> {
    energies.iter().map(|energy| u64::try_from(energy.as_mwh()).unwrap_or(0)).collect()
}

/// Shares as weights, and how much of the whole they leave; refuses what is more than the whole.
pub(super) fn share_weights(shares: &[Share], what: &'static str) -> Result<(Vec<u64>, u64), Error> {
    let weights: Vec<u64> = shares.iter().map(|share| u64::from(share.as_ppm())).collect();
    let total: u64 = weights.iter().sum();
    match u64::from(Share::WHOLE.as_ppm()).checked_sub(total) {
        Some(unassigned) => Ok((weights, unassigned)),
        None => {
            Err(Error::SharesDoNotFit { what, expected: "1000000 ppm or less", total, members: shares.len() })
        }
    }
}

/// Shares as weights that add up to the whole.
pub(super) fn whole_share_weights(shares: &[Share], what: &'static str) -> Result<Vec<u64>, Error> {
    match share_weights(shares, what) {
        Ok((weights, 0)) => Ok(weights),
        Ok((_, unassigned)) => Err(Error::SharesDoNotFit {
            what,
            expected: "1000000 ppm",
            total: u64::from(Share::WHOLE.as_ppm()) - unassigned,
            members: shares.len(),
        }),
        Err(Error::SharesDoNotFit { what, total, members, .. }) => {
            Err(Error::SharesDoNotFit { what, expected: "1000000 ppm", total, members })
        }
        Err(other) => Err(other),
    }
}

/// Refuses energies below zero.
pub(super) fn not_negative(energies: &[Energy], what: &'static str) -> Result<(), Error> {
    match energies.iter().enumerate().find(|(_, energy)| energy.is_negative()) {
        Some((position, &got)) => Err(Error::NegativeEnergy { what, got, position }),
        None => Ok(()),
    }
}

/// Refuses a list of another length.
pub(super) fn same_length(what: &'static str, expected: usize, got: usize) -> Result<(), Error> {
    if expected == got { Ok(()) } else { Err(Error::UnequalLengths { what, expected, got }) }
}
