//! France: collective self-consumption by the four keys that the grid operator applies.
//!
//! In each step a key gives each consumer a part of the production; what the consumer does not use of it is surplus.
//! The organiser chooses a static key, the default (in proportion to consumption), percentages for each step (`dynamique
//! simple`) or percentages for each step, consumer and producer (`full dynamique`).
//!
//! The keys are taken from articles about them; the decree and the operator's contract were not read. In particular it
//! is assumed, not known, that percentages may add up to less than the whole, and that the rest is then surplus.

use jiff::civil::date;

use super::{
    Allotment, Article, Confidence, Error, KeyKind, Law, Rules, Step,
    allotment::{not_negative, same_length, share_weights, split, step, weights, whole_share_weights},
};
use crate::{
    energy::sharing::CellRounding,
    quantity::{Energy, Share},
    time::Resolution,
};

const KEYS: Article = Article {
    citation: "Code de l'énergie, art. D315-1 and following; Enedis, clés de répartition",
    says: "per step, affected_i = k_i * P and self-consumed is the lesser of that and C_i; keys static, default, simple \
           dynamic and full dynamic",
    confidence: Confidence::Secondary,
};
const HALF_HOURS: Article = Article {
    citation: "Enedis, autoconsommation collective",
    says: "steps of 30 minutes",
    confidence: Confidence::Secondary,
};
const QUARTER_HOURS: Article = Article {
    citation: "Enedis, autoconsommation collective",
    says: "steps of 15 minutes; from which day on is not known here, and the start of 2025 is an assumption",
    confidence: Confidence::GeneralKnowledge,
};

const ALL_KEYS: &[KeyKind] =
    &[KeyKind::Constant, KeyKind::Proportional, KeyKind::PerStep, KeyKind::PerStepAndPlant];

/// The rules, by the day from which they hold.
pub(super) const VERSIONS: &[Rules] = &[
    Rules {
        law: Law::France,
        valid_from: date(2017, 5, 1),
        valid_from_confidence: Confidence::GeneralKnowledge,
        resolution: Resolution::Seconds(1800),
        keys: ALL_KEYS,
        articles: &[KEYS, HALF_HOURS],
    },
    Rules {
        law: Law::France,
        valid_from: date(2025, 1, 1),
        valid_from_confidence: Confidence::GeneralKnowledge,
        resolution: Resolution::QUARTER_HOUR,
        keys: ALL_KEYS,
        articles: &[KEYS, QUARTER_HOURS],
    },
];

/// How one step's production is handed out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Key<'a> {
    /// Static: by shares that hold for all steps and add up to one whole.
    Static(&'a [Share]),
    /// The default, where the organiser sends nothing: in proportion to consumption.
    #[default]
    Default,
    /// Simple dynamic: the organiser's shares of this step, at most one whole together.
    Simple(&'a [Share]),
    /// Full dynamic: the organiser's shares of this step by consumer and producer, consumer by consumer; those of one
    /// producer are at most one whole together.
    Full(&'a [Share]),
}

/// Shares one step's production.
///
/// [`Allotment::assigned`] is what is affected to a consumer, [`Allotment::used`] what the consumer uses of it, and
/// [`Step::surplus`] what is left of each producer. All keys but the full dynamic one share the producers' sum, and
/// attribute what is left by what each produced. The full dynamic key affects each producer's production by its own
/// column; where a consumer cannot use all, what it uses is attributed to producers by what they affected to it, which
/// is this engine's reading.
///
/// ```
/// use grid_core::{energy::rules::france::{Key, share_step}, quantity::Energy};
/// let consumption = [2, 8].map(Energy::from_mwh);
/// let full = ["1".parse()?, "0.5".parse()?, "0".parse()?, "0.5".parse()?];
/// let step = share_step(&[4, 6].map(Energy::from_mwh), &consumption, Key::Full(&full))?;
/// assert_eq!(step.members[0].assigned, Energy::from_mwh(7));
/// assert_eq!(step.members[1].used, Energy::from_mwh(3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::SharesDoNotFit`] where shares are not one whole (static) or more than it, [`Error::UnequalLengths`],
/// [`Error::NegativeEnergy`], [`Error::Quantity`] where a sum does not fit.
///
/// # References
///
/// Code de l'énergie, D315-x, as explained by others: affected `k_i · P`, self-consumed `min(affected_i, C_i)`, the rest
/// is surplus; default `k_i = C_i / ΣC`; full dynamic `Σ_j k_{i,j} · P_j` (kWh; keys without unit).
pub fn share_step(production: &[Energy], consumption: &[Energy], key: Key<'_>) -> Result<Step, Error> {
    not_negative(production, "production")?;
    not_negative(consumption, "consumption")?;
    let pot = Energy::checked_sum(production.iter().copied())?;
    let (weights, unassigned) = match key {
        Key::Full(matrix) => return full(production, consumption, matrix),
        Key::Default => (weights(consumption), 0),
        Key::Static(shares) => {
            same_length("shares, one for each consumer", consumption.len(), shares.len())?;
            (whole_share_weights(shares, "shares of a static key")?, 0)
        }
        Key::Simple(shares) => {
            same_length("shares, one for each consumer", consumption.len(), shares.len())?;
            share_weights(shares, "shares of a step")?
        }
    };
    let affected = split(pot, &weights, unassigned, CellRounding::Exact)?;
    step(production, &affected, consumption, CellRounding::Exact)
}

fn full(production: &[Energy], consumption: &[Energy], matrix: &[Share]) -> Result<Step, Error> {
    let producers = production.len();
    let cells = consumption.len().saturating_mul(producers);
    same_length("shares, consumers times producers", cells, matrix.len())?;
    // One column a producer, of what it affects to each consumer.
    let mut columns = Vec::with_capacity(producers);
    for (producer, &produced) in production.iter().enumerate() {
        let shares: Vec<Share> = matrix.iter().skip(producer).step_by(producers).copied().collect();
        let (weights, unassigned) = share_weights(&shares, "shares of a producer")?;
        columns.push(split(produced, &weights, unassigned, CellRounding::Exact)?);
    }
    let mut surplus = production.to_vec();
    let mut members = Vec::with_capacity(consumption.len());
    for (consumer, &needed) in consumption.iter().enumerate() {
        let affected: Vec<Energy> =
            columns.iter().map(|column| column.get(consumer).copied().unwrap_or_default()).collect();
        let part = Allotment::of(Energy::checked_sum(affected.iter().copied())?, needed);
        for (left, used) in
            surplus.iter_mut().zip(split(part.used, &weights(&affected), 0, CellRounding::Exact)?)
        {
            *left -= used;
        }
        members.push(part);
    }
    Ok(Step { members, surplus })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mwh(values: &[i64]) -> Vec<Energy> {
        values.iter().copied().map(Energy::from_mwh).collect()
    }

    fn share(ppm: u32) -> Share {
        Share::from_ppm(ppm).unwrap()
    }

    #[test]
    fn keys_that_hand_out_more_than_there_is_are_refused() {
        let needs = mwh(&[1, 1]);
        let of = |key| share_step(&mwh(&[5, 5]), &needs, key);
        let (more, less) = ([share(600_000); 2], [share(400_000); 2]);
        assert!(
            of(Key::Simple(&more)).is_err()
                && of(Key::Static(&more)).is_err()
                && of(Key::Static(&less)).is_err()
        );
        assert!(of(Key::Simple(&less)).is_ok());
        assert!(of(Key::Simple(&less[..1])).is_err() && of(Key::Full(&less)).is_err());
        // The second producer's column is 1.2.
        let column = [share(0), share(600_000), share(0), share(600_000)];
        assert!(matches!(of(Key::Full(&column)), Err(Error::SharesDoNotFit { total: 1_200_000, .. })));
    }

    #[test]
    fn a_simple_key_leaves_what_it_does_not_hand_out() {
        let step =
            share_step(&mwh(&[10]), &mwh(&[9, 9]), Key::Simple(&[share(500_000), share(200_000)])).unwrap();
        assert_eq!(step.members.iter().map(|part| part.used.as_mwh()).collect::<Vec<_>>(), [5, 2]);
        assert_eq!(step.surplus, mwh(&[3]));
    }

    #[test]
    fn a_full_key_leaves_each_producer_its_own_surplus() {
        // Consumer 0 takes all of producer 0, which is too much; producer 1 gives half to consumer 1.
        let matrix = [share(1_000_000), share(0), share(0), share(500_000)];
        let step = share_step(&mwh(&[10, 20]), &mwh(&[4, 100]), Key::Full(&matrix)).unwrap();
        assert_eq!(step.surplus, mwh(&[6, 10]));
    }

    proptest! {
        // Invariants (a) and (b), for all four keys.
        #[test]
        fn what_is_used_and_left_is_what_was_produced(
            production in prop::collection::vec(0..1_i64 << 40, 2), need in prop::collection::vec(0..1_i64 << 40, 3),
            cuts in prop::collection::vec(0..=333_333_u32, 6), kind in 0..4_u8,
        ) {
            let shares = [share(cuts[0]), share(cuts[1]), share(1_000_000 - cuts[0] - cuts[1])];
            let less = [share(cuts[0]), share(cuts[1]), share(cuts[2])];
            let matrix: Vec<Share> = cuts.iter().map(|&ppm| share(ppm)).collect();
            let key = match kind {
                0 => Key::Static(&shares),
                1 => Key::Default,
                2 => Key::Simple(&less),
                _ => Key::Full(&matrix),
            };
            let step = share_step(&mwh(&production), &mwh(&need), key).unwrap();
            let left: Energy = step.surplus.iter().copied().sum();
            prop_assert_eq!((step.used().unwrap() + left).as_mwh(), production.iter().sum::<i64>());
            for (left, made) in step.surplus.iter().zip(&production) {
                prop_assert!(!left.is_negative() && left.as_mwh() <= *made);
            }
            for (part, need) in step.members.iter().zip(&need) {
                prop_assert_eq!((part.used + part.residual).as_mwh(), *need);
            }
            if kind == 1 {
                prop_assert_eq!(step.used().unwrap().as_mwh(), production.iter().sum::<i64>().min(need.iter().sum()));
            }
        }

        // Invariants (c) and (d); a full dynamic key names producers, so a split plant is another agreement.
        #[test]
        fn equal_consumers_and_split_plants_change_nothing(
            plant in 0..1_i64 << 40, cut in 0..=100_i64, need in 0..1_i64 << 38, other in 0..1_i64 << 38,
            half in 0..=500_000_u32, kind in 0..3_u8,
        ) {
            let shares = [share(half), share(1_000_000 - 2 * half), share(half)];
            let key = match kind {
                0 => Key::Static(&shares),
                1 => Key::Default,
                _ => Key::Simple(&shares),
            };
            let first = plant / 100 * cut;
            let needs = mwh(&[need, other, need]);
            let whole = share_step(&mwh(&[plant]), &needs, key).unwrap();
            let halves = share_step(&mwh(&[first, plant - first]), &needs, key).unwrap();
            prop_assert_eq!(&whole.members, &halves.members);
            prop_assert!((whole.members[0].used.as_mwh() - whole.members[2].used.as_mwh()).abs() <= 1);
        }

        // A matrix whose columns are alike is a simple key, to one unit a producer.
        #[test]
        fn a_full_key_of_equal_columns_is_a_simple_key(
            production in prop::collection::vec(0..1_i64 << 40, 2), need in prop::collection::vec(0..1_i64 << 40, 3), cuts in prop::collection::vec(0..=333_333_u32, 3),
        ) {
            let simple: Vec<Share> = cuts.iter().map(|&ppm| share(ppm)).collect();
            let matrix: Vec<Share> = simple.iter().flat_map(|&part| [part, part]).collect();
            let full = share_step(&mwh(&production), &mwh(&need), Key::Full(&matrix)).unwrap();
            let simple = share_step(&mwh(&production), &mwh(&need), Key::Simple(&simple)).unwrap();
            for (a, b) in full.members.iter().zip(&simple.members) {
                prop_assert!((a.assigned.as_mwh() - b.assigned.as_mwh()).abs() <= 2);
            }
        }

        // Invariant (e).
        #[test]
        fn finer_steps_never_share_more(
            steps in prop::collection::vec((0..1_i64 << 36, prop::collection::vec(0..1_i64 << 36, 3)), 1..6), fixed in any::<bool>(),
        ) {
            let shares = [share(500_000), share(250_000), share(250_000)];
            let key = if fixed { Key::Static(&shares) } else { Key::Default };
            let used = |made: i64, needs: &[i64]| share_step(&mwh(&[made]), &mwh(needs), key).unwrap().used().unwrap().as_mwh();
            let fine: i64 = steps.iter().map(|(made, needs)| used(*made, needs)).sum();
            let needs: Vec<i64> = (0..3).map(|m| steps.iter().map(|(_, needs)| needs[m]).sum()).collect();
            let coarse = used(steps.iter().map(|(made, _)| made).sum(), &needs);
            let units = if fixed { i64::try_from(steps.len()).unwrap() * 3 } else { 0 };
            prop_assert!(fine <= coarse + units);
        }
    }
}
