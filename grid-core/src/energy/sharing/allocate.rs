//! Sharing a whole period, interval by interval.

use super::Key;
use crate::{
    energy::Error,
    quantity::{Energy, Rounding, divide, largest_remainder},
};

/// How the cells of an allocation are rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CellRounding {
    /// By the largest remainder: every interval adds up exactly.
    #[default]
    Exact,
    /// Each cell by itself, half up to the milliwatt-hour, as grid operators publish it; an interval may be a few
    /// milliwatt-hours off.
    Operator,
}

/// A table of energies, one row an interval and one column a plant or a member, row by row.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    values: &'a [Energy],
    rows: usize,
    width: usize,
}

impl<'a> Columns<'a> {
    /// Makes a table of `columns` columns over `values`, which come row by row.
    ///
    /// # Errors
    ///
    /// [`Error::UnequalLengths`] where the values do not fill whole rows, [`Error::NegativeFlow`] where one is below
    /// zero.
    pub fn new(values: &'a [Energy], columns: usize) -> Result<Self, Error> {
        Self::with_rows(values, values.len().div_ceil(columns.max(1)), columns)
    }

    /// Makes a table of `rows` times `columns` values; there may be none of either.
    ///
    /// # Errors
    ///
    /// Those of [`Columns::new`].
    pub fn with_rows(values: &'a [Energy], rows: usize, columns: usize) -> Result<Self, Error> {
        let expected = rows.saturating_mul(columns);
        if expected != values.len() {
            return Err(Error::UnequalLengths { expected, intervals: rows, columns, got: values.len() });
        }
        if let Some(at) = values.iter().position(|energy| energy.is_negative()) {
            let got = values.get(at).copied().unwrap_or_default();
            return Err(Error::NegativeFlow { interval: at.checked_div(columns).unwrap_or(0), got });
        }
        Ok(Self { values, rows, width: columns })
    }

    /// How many rows there are.
    pub const fn intervals(&self) -> usize {
        self.rows
    }

    /// How many columns there are.
    pub const fn columns(&self) -> usize {
        self.width
    }

    fn rows(&self) -> impl Iterator<Item = &'a [Energy]> {
        (0..self.rows).map(|row| {
            let start = row.saturating_mul(self.width);
            self.values.get(start..start.saturating_add(self.width)).unwrap_or_default()
        })
    }
}

/// What each member got and what was left of each plant's production.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// Per interval and member, row by row.
    pub allocated: Vec<Energy>,
    /// Per interval and plant, row by row.
    pub surplus: Vec<Energy>,
}

/// Shares what plants generate among members, interval by interval, never more to a member than they need.
///
/// The columns of `demand` stand in the order of the members' ids; with [`Key::Static`] they are the members of the
/// key. What is left over is attributed to the plants in proportion to what they produced.
///
/// With [`CellRounding::Exact`], what is allocated plus the surplus is what was generated, in each interval; a
/// proportional key allocates exactly the lesser of generation and demand.
///
/// ```
/// use grid_core::{energy::sharing::{CellRounding, Columns, Key, share}, quantity::Energy};
/// let generation = [10_000].map(Energy::from_mwh);
/// let demand = [2_000, 5_000, 8_000].map(Energy::from_mwh);
/// let shared = share(Columns::new(&generation, 1)?, Columns::new(&demand, 3)?, &Key::Proportional, CellRounding::Exact)?;
/// assert_eq!(shared.allocated, [1_333, 3_333, 5_334].map(Energy::from_mwh));
/// # Ok::<(), grid_core::energy::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::UnequalLengths`] where the tables have different numbers of intervals, [`Error::SharesDoNotFit`] where a
/// static key has other members than there are columns, [`Error::Quantity`] where a sum does not fit.
///
/// # References
///
/// `ElWOG` (Austria) §16e and the distribution models of the Austrian energy data exchange: static
/// `min(C_i, s_i·P)`, dynamic `C_i·P/ΣC` capped at `C_i`, rest of plant j `P_j − shared·P_j/ΣP`, cells rounded half up
/// to six decimals. Code de l'énergie (France) D.315: the default key is in proportion to consumption.
pub fn share(
    generation: Columns<'_>,
    demand: Columns<'_>,
    key: &Key,
    rounding: CellRounding,
) -> Result<Shared, Error> {
    if generation.intervals() != demand.intervals() {
        return Err(Error::UnequalLengths {
            expected: demand.intervals() * generation.columns(),
            intervals: demand.intervals(),
            columns: generation.columns(),
            got: generation.values.len(),
        });
    }
    let ppm: Option<Vec<u64>> = match key {
        Key::Proportional => None,
        Key::Static(key) if key.len() == demand.columns() => {
            Some(key.shares().iter().map(|(_, share)| u64::from(share.as_ppm())).collect())
        }
        Key::Static(key) => {
            return Err(Error::SharesDoNotFit { got: key.len(), members: demand.columns() });
        }
    };
    let mut shared = Shared {
        allocated: Vec::with_capacity(demand.values.len()),
        surplus: Vec::with_capacity(generation.values.len()),
    };
    let mut offered = Vec::with_capacity(demand.columns());
    for (produced, needed) in generation.rows().zip(demand.rows()) {
        let production = Energy::checked_sum(produced.iter().copied())?;
        let need = Energy::checked_sum(needed.iter().copied())?;
        offered.clear();
        match &ppm {
            // Everybody's need is met, so there is nothing to divide.
            None if need <= production && rounding == CellRounding::Exact => {
                offered.extend_from_slice(needed);
            }
            None => split(production, needed.iter().map(|energy| weight(*energy)), rounding, &mut offered)?,
            Some(shares) => split(production, shares.iter().copied(), rounding, &mut offered)?,
        }
        let before = shared.allocated.len();
        shared.allocated.extend(offered.iter().zip(needed).map(|(offer, need)| *offer.min(need)));
        let given = Energy::checked_sum(shared.allocated.iter().skip(before).copied())?;
        offered.clear();
        match rounding {
            CellRounding::Exact => {
                split(
                    production - given,
                    produced.iter().map(|energy| weight(*energy)),
                    rounding,
                    &mut offered,
                )?;
                shared.surplus.extend_from_slice(&offered);
            }
            CellRounding::Operator => {
                split(given, produced.iter().map(|energy| weight(*energy)), rounding, &mut offered)?;
                shared.surplus.extend(produced.iter().zip(&offered).map(|(all, used)| *all - *used));
            }
        }
    }
    Ok(shared)
}

/// Splits `total` by weights into `parts`; by no weights at all nobody gets anything.
fn split(
    total: Energy,
    weights: impl Iterator<Item = u64> + Clone,
    rounding: CellRounding,
    parts: &mut Vec<Energy>,
) -> Result<(), Error> {
    let sum: u128 = weights.clone().map(u128::from).sum();
    if total == Energy::ZERO || sum == 0 {
        parts.extend(weights.map(|_| Energy::ZERO));
        return Ok(());
    }
    match rounding {
        CellRounding::Exact => {
            let weights: Vec<u64> = weights.collect();
            parts.extend(largest_remainder(total.as_mwh(), &weights)?.into_iter().map(Energy::from_mwh));
        }
        CellRounding::Operator => {
            let whole = i128::try_from(sum).unwrap_or(i128::MAX);
            parts.extend(weights.map(|weight| {
                divide(i128::from(total.as_mwh()) * i128::from(weight), whole, Rounding::HalfUp)
                    .and_then(|mwh| i64::try_from(mwh).ok())
                    .map_or(total, Energy::from_mwh)
            }));
        }
    }
    Ok(())
}

/// An energy of zero or more as a weight.
fn weight(energy: Energy) -> u64 {
    u64::try_from(energy.as_mwh()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{energy::sharing::SharingKey, quantity::Share};
    use proptest::prelude::*;

    fn energies(mwh: &[i64]) -> Vec<Energy> {
        mwh.iter().copied().map(Energy::from_mwh).collect()
    }

    fn shared(generation: &[i64], demand: &[i64], key: &Key, rounding: CellRounding) -> Shared {
        let (generation, demand) = (energies(generation), energies(demand));
        let plants = Columns::new(&generation, generation.len()).unwrap();
        share(plants, Columns::new(&demand, demand.len()).unwrap(), key, rounding).unwrap()
    }

    fn static_key(ppm: &[u32]) -> Key {
        let shares = ppm.iter().enumerate().map(|(n, &ppm)| (format!("m{n}"), Share::from_ppm(ppm).unwrap()));
        Key::Static(SharingKey::new(shares.collect()).unwrap())
    }

    #[test]
    fn a_static_key_leaves_what_a_member_does_not_need() {
        // RD 244/2019, Anexo I: beta 0.5, 0.3, 0.2 of 10 kWh against 2, 5 and 1 kWh.
        let key = static_key(&[500_000, 300_000, 200_000]);
        let shared = shared(&[10_000_000], &[2_000_000, 5_000_000, 1_000_000], &key, CellRounding::Exact);
        assert_eq!(shared.allocated, energies(&[2_000_000, 3_000_000, 1_000_000]));
        assert_eq!(shared.surplus, energies(&[4_000_000]));
    }

    #[test]
    fn tables_that_do_not_fit_are_refused() {
        let three = energies(&[1, 2, 3]);
        assert!(Columns::new(&three, 2).is_err());
        assert!(Columns::new(&energies(&[-1]), 1).is_err());
        let (one, wide) = (Columns::new(&three, 1).unwrap(), Columns::new(&three, 3).unwrap());
        assert!(share(one, wide, &Key::Proportional, CellRounding::Exact).is_err());
        assert!(share(wide, wide, &static_key(&[1_000_000]), CellRounding::Exact).is_err());
        let nobody = Columns::with_rows(&[], 3, 0).unwrap();
        let left = share(one, nobody, &Key::Proportional, CellRounding::Exact).unwrap();
        assert_eq!((left.allocated.len(), left.surplus), (0, three.clone()));
        let none = Columns::new(&[], 0).unwrap();
        assert_eq!(share(none, none, &Key::Proportional, CellRounding::Exact), Ok(Shared::default()));
    }

    fn keys(members: usize) -> impl Strategy<Value = Key> {
        let shares = prop::collection::vec(0..100_u64, members).prop_map(|weights| {
            let weights = if weights.iter().all(|&w| w == 0) { vec![1; weights.len()] } else { weights };
            let parts = largest_remainder(1_000_000, &weights).unwrap();
            static_key(&parts.into_iter().map(|p| u32::try_from(p).unwrap()).collect::<Vec<_>>())
        });
        prop_oneof![Just(Key::Proportional), shares]
    }

    proptest! {
        #[test]
        fn allocated_plus_surplus_is_what_was_generated(
            generation in prop::collection::vec(0..1_i64 << 40, 1..4),
            (demand, key) in (1..6_usize).prop_flat_map(|n| (prop::collection::vec(0..1_i64 << 40, n), keys(n))),
        ) {
            let result = shared(&generation, &demand, &key, CellRounding::Exact);
            let total: i64 = generation.iter().sum();
            prop_assert_eq!(result.allocated.iter().sum::<Energy>() + result.surplus.iter().sum(), Energy::from_mwh(total));
            for (got, need) in result.allocated.iter().zip(energies(&demand)) {
                prop_assert!(*got <= need && !got.is_negative());
            }
            for (left, made) in result.surplus.iter().zip(energies(&generation)) {
                prop_assert!(*left <= made && !left.is_negative());
            }
            if key == Key::Proportional {
                prop_assert_eq!(result.allocated.iter().sum::<Energy>().as_mwh(), total.min(demand.iter().sum()));
            }
        }

        #[test]
        fn splitting_a_plant_in_two_changes_no_members_part(
            plant in 0..1_i64 << 40, cut in 0.0..1.0_f64,
            (demand, key) in (1..6_usize).prop_flat_map(|n| (prop::collection::vec(0..1_i64 << 40, n), keys(n))),
        ) {
            #[expect(clippy::as_conversions, clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any cut will do")]
            let first = (plant as f64 * cut) as i64;
            let whole = shared(&[plant], &demand, &key, CellRounding::Exact);
            let halves = shared(&[first, plant - first], &demand, &key, CellRounding::Exact);
            prop_assert_eq!(whole.allocated, halves.allocated);
        }

        #[test]
        fn two_identical_members_get_the_same_to_one_unit(generation in 0..1_i64 << 40, need in 0..1_i64 << 38, other in 0..1_i64 << 38) {
            let result = shared(&[generation], &[need, other, need], &Key::Proportional, CellRounding::Exact);
            prop_assert!((result.allocated[0].as_mwh() - result.allocated[2].as_mwh()).abs() <= 1);
        }

        #[test]
        fn an_operators_rounding_is_off_by_less_than_a_unit_a_cell(
            generation in prop::collection::vec(1..1_i64 << 40, 1..4), demand in prop::collection::vec(1..1_i64 << 40, 1..6),
        ) {
            let exact = shared(&generation, &demand, &Key::Proportional, CellRounding::Exact);
            let operator = shared(&generation, &demand, &Key::Proportional, CellRounding::Operator);
            for (a, b) in exact.allocated.iter().zip(&operator.allocated) {
                prop_assert!((a.as_mwh() - b.as_mwh()).abs() <= 1);
            }
        }
    }
}
