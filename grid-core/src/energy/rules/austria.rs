//! Austria: energy communities and shared plants, by quarter-hour.
//!
//! The grid operator hands out each quarter-hour's generation by a static or a dynamic key and publishes, by metering
//! code, what was offered to a consumer (`G.02`), what the consumer used of it (`G.03`) and what is left of each plant
//! (`P.01`). A meter may belong to several communities, each with its participation factor; its readings are first
//! multiplied by that factor (`G.01T`), which is what [`Participation`](crate::energy::sharing::Participation) does.

use jiff::civil::date;

use super::{
    Allotment, Article, Confidence, Error, KeyKind, Law, Rules, Step,
    allotment::{not_negative, same_length, split, step, weights, whole_share_weights},
};
use crate::{
    energy::sharing::CellRounding,
    quantity::{self, Energy, Share},
    time::Resolution,
};

const SHARING: Article = Article {
    citation: "ElWOG 2010 §§16a to 16e; energiegemeinschaften.gv.at, Messung und Aufteilung; EDA, Aufteilungsmodelle",
    says: "by quarter-hour and capped at own consumption: static s_i*P, whose unused part is the community's surplus, or \
           dynamic C_i*P/sum(C)",
    confidence: Confidence::Read,
};
const CODES: Article = Article {
    citation: "EDA metering codes G.01, G.02, G.03, G.01T, P.01",
    says: "consumption or generation, offered part, own coverage, by participation factor, rest of the plant; operators \
           round half up to six decimals, cell by cell",
    confidence: Confidence::Read,
};
const PARTICIPATION: Article = Article {
    citation: "EDA, Mehrfachteilnahme and Teilnahmefaktor",
    says: "one meter in up to five communities, whose factors add up to at most 100 %; mandatory since 8 April 2024",
    confidence: Confidence::Read,
};
const ELWG: Article = Article {
    citation: "ElWG §§66 to 72 and §188 (1) and (3)",
    says: "joint use of energy from 1 October 2026, when §§16a to 16e ElWOG have ended; existing communities are taken \
           over. That the keys and metering codes stay as they are is assumed, not read",
    confidence: Confidence::Secondary,
};

/// The rules, by the day from which they hold.
pub(super) const VERSIONS: &[Rules] = &[
    Rules {
        law: Law::Austria,
        valid_from: date(2021, 7, 28),
        valid_from_confidence: Confidence::GeneralKnowledge,
        resolution: Resolution::QUARTER_HOUR,
        keys: &[KeyKind::Constant, KeyKind::Proportional],
        articles: &[SHARING, CODES],
    },
    Rules {
        law: Law::Austria,
        valid_from: date(2024, 4, 8),
        valid_from_confidence: Confidence::Read,
        resolution: Resolution::QUARTER_HOUR,
        keys: &[KeyKind::Constant, KeyKind::Proportional],
        articles: &[SHARING, CODES, PARTICIPATION],
    },
    Rules {
        law: Law::Austria,
        valid_from: date(2026, 10, 1),
        valid_from_confidence: Confidence::Secondary,
        resolution: Resolution::QUARTER_HOUR,
        keys: &[KeyKind::Constant, KeyKind::Proportional],
        articles: &[SHARING, CODES, PARTICIPATION, ELWG],
    },
];

/// How a community's generation is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model<'a> {
    /// By fixed shares that add up to one whole; what a consumer does not use is the community's surplus.
    Static(&'a [Share]),
    /// In proportion to what each consumes in the quarter-hour.
    Dynamic,
}

/// Shares a quarter-hour: what is offered to and used by each consumer, and what is left of each plant.
///
/// [`Allotment::assigned`] is `G.02`, [`Allotment::used`] is `G.03`, and [`Step::surplus`] is `P.01`. With
/// [`CellRounding::Operator`] every cell is rounded half up to six decimals of a kilowatt-hour, as operators publish it,
/// and a quarter-hour may be a few milliwatt-hours off; with [`CellRounding::Exact`] it adds up.
///
/// ```
/// use grid_core::{energy::{rules::austria::{Model, share_quarter_hour}, sharing::CellRounding}, quantity::Energy};
/// let consumption = [2_000, 6_000].map(Energy::from_mwh);
/// let step = share_quarter_hour(&[Energy::from_mwh(4_000)], &consumption, Model::Dynamic, CellRounding::Operator)?;
/// assert_eq!(step.members[1].used, Energy::from_mwh(3_000));
/// assert_eq!(step.surplus, [Energy::ZERO]);
/// # Ok::<(), grid_core::energy::rules::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::SharesDoNotFit`] unless static shares add up to one, [`Error::UnequalLengths`], [`Error::NegativeEnergy`],
/// [`Error::Quantity`] where a sum does not fit.
///
/// # References
///
/// `ElWOG` 2010 §16e; EDA, Aufteilungsmodelle: static `G.02_i = s_i · P`, dynamic `G.02_i = C_i · P / ΣC`;
/// `G.03_i = min(C_i, G.02_i)`; `P.01_j = P_j − ΣG.03 · P_j / ΣP` (all kWh; shares without unit).
pub fn share_quarter_hour(
    generation: &[Energy],
    consumption: &[Energy],
    model: Model<'_>,
    rounding: CellRounding,
) -> Result<Step, Error> {
    not_negative(generation, "generation")?;
    not_negative(consumption, "consumption")?;
    let production = Energy::checked_sum(generation.iter().copied())?;
    let offered = match model {
        Model::Dynamic => split(production, &weights(consumption), 0, rounding)?,
        Model::Static(shares) => {
            same_length("shares, one for each consumer", consumption.len(), shares.len())?;
            split(production, &whole_share_weights(shares, "shares")?, 0, rounding)?
        }
    };
    step(generation, &offered, consumption, rounding)
}

/// What a consumer pays the community for: the energy that it used of the offer (`G.03`).
///
/// # References
///
/// EDA metering codes: consumer's tariff times `G.03`.
pub const fn consumer_billed(part: &Allotment) -> Energy {
    part.used
}

/// What a community pays a producer for: what it counts of the generation (`G.01T`) less what is left of it (`P.01T`).
///
/// ```
/// use grid_core::{energy::rules::austria::producer_billed, quantity::Energy};
/// assert_eq!(producer_billed(Energy::from_mwh(900), Energy::from_mwh(300))?, Energy::from_mwh(600));
/// # Ok::<(), grid_core::energy::rules::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::NegativeEnergy`] for a generation below zero; an operator's rounded rest may be a few milliwatt-hours below
/// it. [`Error::Quantity`] where the difference does not fit.
///
/// # References
///
/// EDA metering codes: producer's tariff times `G.01T − P.01T` (kWh).
pub fn producer_billed(generation: Energy, left: Energy) -> Result<Energy, Error> {
    not_negative(&[generation], "generation")?;
    let out_of_range = quantity::Error::OutOfRange { quantity: "energy", unit: "milliwatt-hours" };
    let billed = generation.as_mwh().checked_sub(left.as_mwh()).ok_or(out_of_range)?;
    Ok(Energy::from_mwh(billed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        energy::sharing::{Columns, Key, SharingKey, share},
        quantity::largest_remainder,
    };
    use proptest::prelude::*;

    fn mwh(values: &[i64]) -> Vec<Energy> {
        values.iter().copied().map(Energy::from_mwh).collect()
    }

    fn shares(members: usize) -> impl Strategy<Value = Vec<Share>> {
        prop::collection::vec(0..100_u64, members).prop_map(|weights| {
            let weights = if weights.iter().all(|&w| w == 0) { vec![1; weights.len()] } else { weights };
            let parts = largest_remainder(1_000_000, &weights).unwrap();
            parts.into_iter().map(|ppm| Share::from_ppm(u32::try_from(ppm).unwrap()).unwrap()).collect()
        })
    }

    #[test]
    fn shares_that_do_not_fit_are_refused() {
        let half = Share::from_ppm(500_000).unwrap();
        let refused = |shares: &[Share], needs: &[i64]| {
            share_quarter_hour(&mwh(&[5]), &mwh(needs), Model::Static(shares), CellRounding::Exact).is_err()
        };
        assert!(refused(&[half], &[1]) && refused(&[half; 2], &[1]) && refused(&[half; 2], &[1, -1]));
        assert!(share_quarter_hour(&mwh(&[-5]), &mwh(&[1]), Model::Dynamic, CellRounding::Exact).is_err());
    }

    #[test]
    fn nobody_who_needs_anything_leaves_all_of_it() {
        let step =
            share_quarter_hour(&mwh(&[3, 4]), &mwh(&[0, 0]), Model::Dynamic, CellRounding::Exact).unwrap();
        assert_eq!(step.surplus, mwh(&[3, 4]));
        let none = share_quarter_hour(&[], &mwh(&[5]), Model::Dynamic, CellRounding::Operator).unwrap();
        assert_eq!((none.members[0].used, none.surplus.len()), (Energy::ZERO, 0));
    }

    proptest! {
        // The other implementation in this crate must give the same figures in both roundings.
        #[test]
        fn a_quarter_hour_is_what_the_sharing_of_a_period_gives(
            generation in prop::collection::vec(0..1_i64 << 40, 1..4),
            (need, shares) in (1..6_usize).prop_flat_map(|n| (prop::collection::vec(0..1_i64 << 40, n), shares(n))),
            operator in any::<bool>(), dynamic in any::<bool>(),
        ) {
            let rounding = if operator { CellRounding::Operator } else { CellRounding::Exact };
            let (generation, need) = (mwh(&generation), mwh(&need));
            let (model, key) = if dynamic {
                (Model::Dynamic, Key::Proportional)
            } else {
                let named = shares.iter().enumerate().map(|(n, share)| (format!("m{n}"), *share)).collect();
                (Model::Static(&shares), Key::Static(SharingKey::new(named).unwrap()))
            };
            let step = share_quarter_hour(&generation, &need, model, rounding).unwrap();
            let columns = (Columns::new(&generation, generation.len()).unwrap(), Columns::new(&need, need.len()).unwrap());
            let shared = share(columns.0, columns.1, &key, rounding).unwrap();
            prop_assert_eq!(step.members.iter().map(|part| part.used).collect::<Vec<_>>(), shared.allocated);
            prop_assert_eq!(step.surplus, shared.surplus);
        }

        // Invariants (a) and (b).
        #[test]
        fn what_is_used_and_left_is_what_was_generated(
            generation in prop::collection::vec(0..1_i64 << 40, 1..4), need in prop::collection::vec(0..1_i64 << 40, 1..6),
        ) {
            let step = share_quarter_hour(&mwh(&generation), &mwh(&need), Model::Dynamic, CellRounding::Exact).unwrap();
            let (made, needed): (i64, i64) = (generation.iter().sum(), need.iter().sum());
            prop_assert_eq!(step.used().unwrap().as_mwh(), made.min(needed));
            prop_assert_eq!(step.surplus.iter().copied().sum::<Energy>().as_mwh(), made - made.min(needed));
            let billed: Energy = generation.iter().zip(&step.surplus).map(|(made, left)| producer_billed(Energy::from_mwh(*made), *left).unwrap()).sum();
            prop_assert_eq!(billed, step.members.iter().map(consumer_billed).sum::<Energy>());
        }

        // Invariants (c) and (d).
        #[test]
        fn equal_consumers_and_split_plants_change_nothing(
            plant in 0..1_i64 << 40, cut in 0..=100_i64, need in 0..1_i64 << 38, other in 0..1_i64 << 38,
            half in 0..=500_000_u32, dynamic in any::<bool>(),
        ) {
            let shares = [half, 1_000_000 - 2 * half, half].map(|ppm| Share::from_ppm(ppm).unwrap());
            let model = if dynamic { Model::Dynamic } else { Model::Static(&shares) };
            let first = plant / 100 * cut;
            let needs = mwh(&[need, other, need]);
            let whole = share_quarter_hour(&mwh(&[plant]), &needs, model, CellRounding::Exact).unwrap();
            let cut = share_quarter_hour(&mwh(&[first, plant - first]), &needs, model, CellRounding::Exact).unwrap();
            prop_assert_eq!(&whole.members, &cut.members);
            prop_assert!((whole.members[0].used.as_mwh() - whole.members[2].used.as_mwh()).abs() <= 1);
        }

        // Invariant (c): places only break ties, so another order moves nobody by more than the unit that was tied.
        #[test]
        fn another_order_moves_nobody_by_more_than_a_unit(
            made in 0..1_i64 << 40, need in prop::collection::vec(0..1_i64 << 38, 4), turn in 0..4_usize,
        ) {
            let used = |needs: &[i64]| -> Vec<i64> {
                let step = share_quarter_hour(&mwh(&[made]), &mwh(needs), Model::Dynamic, CellRounding::Exact).unwrap();
                step.members.iter().map(|part| part.used.as_mwh()).collect()
            };
            let before = used(&need);
            let mut turned = need.clone();
            turned.rotate_left(turn);
            let mut after = used(&turned);
            after.rotate_right(turn);
            for (a, b) in before.iter().zip(&after) {
                prop_assert!((a - b).abs() <= 1);
            }
        }

        // Invariant (e).
        #[test]
        fn finer_steps_never_share_more(steps in prop::collection::vec((0..1_i64 << 36, prop::collection::vec(0..1_i64 << 36, 3)), 1..6)) {
            let used = |made: i64, needs: &[i64]| {
                let step = share_quarter_hour(&mwh(&[made]), &mwh(needs), Model::Dynamic, CellRounding::Exact).unwrap();
                step.used().unwrap()
            };
            let fine: Energy = steps.iter().map(|(made, needs)| used(*made, needs)).sum();
            let needs: Vec<i64> = (0..3).map(|m| steps.iter().map(|(_, needs)| needs[m]).sum()).collect();
            prop_assert!(fine <= used(steps.iter().map(|(made, _)| made).sum(), &needs));
        }
    }
}
