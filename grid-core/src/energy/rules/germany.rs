//! Germany: shared supply of a building (`Gemeinschaftliche Gebäudeversorgung`), by quarter-hour.
//!
//! What can be divided is the lesser of what was generated and what all participants used. It goes by the agreed key,
//! else in equal parts, and to nobody more than they used; what a key leaves over is not offered again.

use jiff::civil::date;

use super::{
    Article, Confidence, Error, KeyKind, Law, Rules, Step,
    allotment::{not_negative, same_length, split, step, weights, whole_share_weights},
};
use crate::{
    energy::sharing::CellRounding,
    quantity::{Energy, Share},
    time::Resolution,
};

const DIVISION: Article = Article {
    citation: "EnWG §42b (5)",
    says: "per 15 minutes, the lesser of generation and the participants' consumption is divided by the agreed key, in \
           case of doubt in equal parts, and to each at most their own consumption",
    confidence: Confidence::Read,
};
const SHARING: Article = Article {
    citation: "EnWG §42c",
    says: "energy sharing within one distribution area from 1 June 2026; not in these formulas",
    confidence: Confidence::GeneralKnowledge,
};

/// The rules, by the day from which they hold.
pub(super) const VERSIONS: &[Rules] = &[Rules {
    law: Law::Germany,
    valid_from: date(2024, 5, 16),
    valid_from_confidence: Confidence::GeneralKnowledge,
    resolution: Resolution::QUARTER_HOUR,
    keys: &[KeyKind::Constant, KeyKind::Proportional, KeyKind::Equal],
    articles: &[DIVISION, SHARING],
}];

/// How the participants agreed to divide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Agreement<'a> {
    /// By shares that add up to one whole.
    Shares(&'a [Share]),
    /// In proportion to what each uses.
    Proportional,
    /// Nothing was agreed: in equal parts.
    #[default]
    None,
}

/// Divides a quarter-hour's generation among the participants; what nobody got is left of the plants, by what they made.
///
/// [`Allotment::assigned`](super::Allotment::assigned) is the participant's part of the divisible quantity, before the cap at own consumption.
///
/// ```
/// use grid_core::{energy::rules::germany::{Agreement, divide_quarter_hour}, quantity::Energy};
/// let consumption = [100, 700].map(Energy::from_mwh);
/// let step = divide_quarter_hour(&[Energy::from_mwh(600)], &consumption, Agreement::None)?;
/// assert_eq!(step.members[0].used, Energy::from_mwh(100));
/// assert_eq!(step.members[1].used, Energy::from_mwh(300));
/// assert_eq!(step.surplus, [Energy::from_mwh(200)]);
/// # Ok::<(), grid_core::energy::rules::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::SharesDoNotFit`] unless agreed shares add up to one, [`Error::UnequalLengths`], [`Error::NegativeEnergy`],
/// [`Error::Quantity`] where a sum does not fit.
///
/// # References
///
/// `EnWG` §42b (5): divisible `min(P, ΣC)`; by the agreed key, in doubt in equal parts; capped at `C_i` (kWh per 15
/// minutes). The text was read as others quote it word for word.
pub fn divide_quarter_hour(
    generation: &[Energy],
    consumption: &[Energy],
    agreement: Agreement<'_>,
) -> Result<Step, Error> {
    not_negative(generation, "generation")?;
    not_negative(consumption, "consumption")?;
    let production = Energy::checked_sum(generation.iter().copied())?;
    let divisible = production.min(Energy::checked_sum(consumption.iter().copied())?);
    let weights = match agreement {
        Agreement::None => vec![1; consumption.len()],
        Agreement::Proportional => weights(consumption),
        Agreement::Shares(shares) => {
            same_length("shares, one for each participant", consumption.len(), shares.len())?;
            whole_share_weights(shares, "agreed shares")?
        }
    };
    let assigned = split(divisible, &weights, 0, CellRounding::Exact)?;
    step(generation, &assigned, consumption, CellRounding::Exact)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mwh(values: &[i64]) -> Vec<Energy> {
        values.iter().copied().map(Energy::from_mwh).collect()
    }

    fn agreement(kind: u8, shares: &[Share; 3]) -> Agreement<'_> {
        match kind {
            0 => Agreement::None,
            1 => Agreement::Proportional,
            _ => Agreement::Shares(shares),
        }
    }

    #[test]
    fn the_divisible_quantity_is_capped_before_it_is_divided() {
        // §42b (5): 1000 generated, 300 used by all; the key divides 300, not 1000.
        let half = [Share::from_ppm(500_000).unwrap(); 2];
        let step = divide_quarter_hour(&mwh(&[1000]), &mwh(&[100, 200]), Agreement::Shares(&half)).unwrap();
        assert_eq!(step.members.iter().map(|part| part.assigned.as_mwh()).collect::<Vec<_>>(), [150, 150]);
        assert_eq!(step.members.iter().map(|part| part.used.as_mwh()).collect::<Vec<_>>(), [100, 150]);
        assert_eq!(step.surplus, mwh(&[750]));
    }

    #[test]
    fn an_agreement_that_does_not_fit_is_refused() {
        let half = [Share::from_ppm(500_000).unwrap(); 2];
        assert!(divide_quarter_hour(&mwh(&[1]), &mwh(&[1]), Agreement::Shares(&half)).is_err());
        assert!(divide_quarter_hour(&mwh(&[1]), &mwh(&[1]), Agreement::Shares(&half[..1])).is_err());
        assert!(divide_quarter_hour(&mwh(&[1]), &mwh(&[-1]), Agreement::None).is_err());
    }

    proptest! {
        // Invariants (a) to (d).
        #[test]
        fn nothing_is_lost_and_nobody_gets_more_than_they_use(
            plant in 0..1_i64 << 40, cut in 0..=100_i64, need in 0..1_i64 << 38, other in 0..1_i64 << 38,
            half in 0..=500_000_u32, kind in 0..3_u8,
        ) {
            let shares = [half, 1_000_000 - 2 * half, half].map(|ppm| Share::from_ppm(ppm).unwrap());
            let needs = mwh(&[need, other, need]);
            let first = plant / 100 * cut;
            let whole = divide_quarter_hour(&mwh(&[plant]), &needs, agreement(kind, &shares)).unwrap();
            let halves = divide_quarter_hour(&mwh(&[first, plant - first]), &needs, agreement(kind, &shares)).unwrap();
            prop_assert_eq!(&whole.members, &halves.members);
            for step in [&whole, &halves] {
                let left: Energy = step.surplus.iter().copied().sum();
                prop_assert_eq!((step.used().unwrap() + left).as_mwh(), plant);
                prop_assert!(step.surplus.iter().all(|left| !left.is_negative()));
            }
            if kind == 1 {
                prop_assert_eq!(whole.used().unwrap().as_mwh(), plant.min(2 * need + other));
            }
            prop_assert!((whole.members[0].used.as_mwh() - whole.members[2].used.as_mwh()).abs() <= 1);
        }

        // Invariant (e). In equal parts, a step that is cut may lose a unit to rounding for each participant.
        #[test]
        fn finer_steps_never_share_more(
            steps in prop::collection::vec((0..1_i64 << 36, prop::collection::vec(0..1_i64 << 36, 3)), 1..6), proportional in any::<bool>(),
        ) {
            let agreement = if proportional { Agreement::Proportional } else { Agreement::None };
            let used = |made: i64, needs: &[i64]| {
                divide_quarter_hour(&mwh(&[made]), &mwh(needs), agreement).unwrap().used().unwrap().as_mwh()
            };
            let fine: i64 = steps.iter().map(|(made, needs)| used(*made, needs)).sum();
            let needs: Vec<i64> = (0..3).map(|m| steps.iter().map(|(_, needs)| needs[m]).sum()).collect();
            let coarse = used(steps.iter().map(|(made, _)| made).sum(), &needs);
            let units = if proportional { 0 } else { i64::try_from(steps.len()).unwrap() * 3 };
            prop_assert!(fine <= coarse + units, "{} {}", fine, coarse);
        }
    }
}
