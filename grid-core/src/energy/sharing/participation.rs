//! One member in several communities.

use serde::{Deserialize, Serialize};

use super::{CellRounding, ids::twice, rows::split, split::Splitter};
use crate::{
    energy::Error,
    quantity::{Energy, Share},
};

/// How a member's meter is divided among the communities that it takes part in.
///
/// Each community has a factor; together they are at most one whole, and what is left belongs to no community.
///
/// In JSON it is the list of the communities' ids and factors.
///
/// ```
/// use grid_core::{energy::sharing::{CellRounding, Participation}, quantity::Energy};
/// let participation = Participation::new(vec![("valley".into(), "0.6".parse()?), ("house".into(), "0.3".parse()?)])?;
/// let divided = participation.divide(&[1_001, 5].map(Energy::from_mwh), CellRounding::Exact)?;
/// assert_eq!(divided.of("valley"), Some([601, 3].map(Energy::from_mwh).as_slice()));
/// assert_eq!(divided.of("house"), Some([300, 2].map(Energy::from_mwh).as_slice()));
/// assert_eq!(divided.rest, [100, 0].map(Energy::from_mwh));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
///
/// `ElWOG` (Austria) §16e and the rules of the Austrian energy data exchange (EDA, Mehrfachteilnahme and
/// Teilnahmefaktor): since 2024-04-08 each meter has a participation factor for each community, up to five of them,
/// together at most 100 %; `G.01T = G.01 · f / 100` (kWh; f in percent).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<Factor<String>>")]
pub struct Participation {
    /// By community id, so that the order in which they are given changes nothing.
    factors: Vec<(String, Share)>,
}

/// A column of energies, divided among communities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divided {
    /// Each community's id and column, by id.
    pub communities: Vec<(String, Vec<Energy>)>,
    /// What belongs to no community.
    pub rest: Vec<Energy>,
}

impl Divided {
    /// A community's column.
    pub fn of(&self, community: &str) -> Option<&[Energy]> {
        let found = self.communities.iter().find(|(id, _)| id == community)?;
        Some(&found.1)
    }
}

impl Participation {
    /// The most communities that a member takes part in.
    pub const MOST_COMMUNITIES: usize = 5;

    /// Makes it of communities' ids and factors.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyCommunities`], [`Error::PastOneWhole`] or [`Error::CommunityTwice`].
    pub fn new(mut factors: Vec<(String, Share)>) -> Result<Self, Error> {
        if factors.len() > Self::MOST_COMMUNITIES {
            return Err(Error::TooManyCommunities { most: Self::MOST_COMMUNITIES, got: factors.len() });
        }
        let total: u64 = factors.iter().map(|(_, factor)| u64::from(factor.as_ppm())).sum();
        if total > u64::from(Share::WHOLE.as_ppm()) {
            return Err(Error::PastOneWhole { total, communities: factors.len() });
        }
        factors.sort();
        match twice(factors.iter().map(|(id, _)| id.as_str())) {
            Some(id) => Err(Error::CommunityTwice { community: id.to_owned() }),
            None => Ok(Self { factors }),
        }
    }

    /// The communities' ids and factors, by id.
    pub fn factors(&self) -> &[(String, Share)] {
        &self.factors
    }

    /// Divides a column of energies among the communities.
    ///
    /// With [`CellRounding::Exact`] the parts of each energy add up to it: what rounding down leaves over goes to the
    /// largest remainders, ties to the larger factor, then to the smaller community id, and at last to the rest.
    /// With [`CellRounding::Operator`] each part, that of the rest as well, is rounded half up by itself.
    ///
    /// # Errors
    ///
    /// [`Error::NegativeFlow`] where an energy is below zero.
    pub fn divide(&self, column: &[Energy], rounding: CellRounding) -> Result<Divided, Error> {
        if let Some((interval, got)) = column.iter().enumerate().find(|(_, energy)| energy.is_negative()) {
            return Err(Error::NegativeFlow { interval, got: *got });
        }
        let whole = i64::from(Share::WHOLE.as_ppm());
        let mut weights: Vec<i64> =
            self.factors.iter().map(|(_, factor)| i64::from(factor.as_ppm())).collect();
        weights.push(whole - weights.iter().sum::<i64>());
        let mut columns: Vec<Vec<Energy>> =
            weights.iter().map(|_| Vec::with_capacity(column.len())).collect();
        let (mut splitter, mut parts) = (Splitter::default(), vec![0; weights.len()]);
        for energy in column {
            split(energy.as_mwh(), &weights, whole, rounding, &mut splitter, &mut parts)?;
            for (column, part) in columns.iter_mut().zip(&parts) {
                column.push(Energy::from_mwh(*part));
            }
        }
        let rest = columns.pop().unwrap_or_default();
        let communities = self.factors.iter().map(|(id, _)| id.clone()).zip(columns).collect();
        Ok(Divided { communities, rest })
    }
}

/// A community's factor as JSON has it.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Factor<Id> {
    community_id: Id,
    factor: Share,
}

impl TryFrom<Vec<Factor<String>>> for Participation {
    type Error = Error;

    fn try_from(factors: Vec<Factor<String>>) -> Result<Self, Error> {
        Self::new(factors.into_iter().map(|of| (of.community_id, of.factor)).collect())
    }
}

impl Serialize for Participation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            self.factors.iter().map(|(id, factor)| Factor { community_id: id.as_str(), factor: *factor }),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn participation(ppm: &[u32]) -> Result<Participation, Error> {
        let factor = |(number, &ppm): (usize, &u32)| (format!("c{number}"), Share::from_ppm(ppm).unwrap());
        Participation::new(ppm.iter().enumerate().map(factor).collect())
    }

    #[test]
    fn more_than_five_communities_or_one_whole_are_refused() {
        assert!(matches!(participation(&[1; 6]), Err(Error::TooManyCommunities { most: 5, got: 6 })));
        assert!(matches!(
            participation(&[600_000, 400_001]),
            Err(Error::PastOneWhole { total: 1_000_001, .. })
        ));
        let twice = vec![("c".to_owned(), Share::NONE), ("c".to_owned(), Share::WHOLE)];
        assert!(matches!(Participation::new(twice), Err(Error::CommunityTwice { .. })));
        let all_is_rest =
            participation(&[]).unwrap().divide(&[Energy::from_mwh(7)], CellRounding::Exact).unwrap();
        assert_eq!(all_is_rest.rest, [Energy::from_mwh(7)]);
        let below =
            participation(&[1]).unwrap().divide(&[Energy::ZERO, Energy::from_mwh(-1)], CellRounding::Exact);
        assert!(matches!(below, Err(Error::NegativeFlow { interval: 1, .. })));
    }

    #[test]
    fn json_is_read_and_written() {
        let json = r#"[{"community_id":"c0","factor":"0.400000"},{"community_id":"c1","factor":"0.600000"}]"#;
        let read: Participation = serde_json::from_str(json).unwrap();
        assert_eq!(read, participation(&[400_000, 600_000]).unwrap());
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        for wrong in [
            r#"[{"community_id":"a","factor":"1.1"}]"#,
            r#"[{"community_id":"a"}]"#,
            r#"[{"community_id":"a","factor":"1","of":2}]"#,
        ] {
            assert!(serde_json::from_str::<Participation>(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn parts_add_up_and_the_order_of_communities_changes_nothing(
            cuts in prop::collection::btree_set(0..=1_000_000_u32, 0..=5), turn in 0..5_usize,
            column in prop::collection::vec(0..i64::MAX, 1..20),
        ) {
            let mut before = 0;
            let mut factors = Vec::new();
            for (number, cut) in cuts.into_iter().enumerate() {
                factors.push((format!("c{number}"), Share::from_ppm(cut - before).unwrap()));
                before = cut;
            }
            let column: Vec<Energy> = column.into_iter().map(Energy::from_mwh).collect();
            let participation = Participation::new(factors.clone()).unwrap();
            let divided = participation.divide(&column, CellRounding::Exact).unwrap();
            let published = participation.divide(&column, CellRounding::Operator).unwrap();
            for (at, energy) in column.iter().enumerate() {
                let parts = divided.communities.iter().map(|(_, column)| column[at]).chain([divided.rest[at]]);
                prop_assert_eq!(Energy::checked_sum(parts).unwrap(), *energy);
            }
            for (id, factor) in &factors {
                for (exact, published) in divided.of(id).unwrap().iter().zip(published.of(id).unwrap()) {
                    prop_assert!((exact.as_mwh() - published.as_mwh()).abs() <= 1);
                }
                for (part, energy) in divided.of(id).unwrap().iter().zip(&column) {
                    let off = i128::from(part.as_mwh()) * 1_000_000 - i128::from(energy.as_mwh()) * i128::from(factor.as_ppm());
                    prop_assert!(off.abs() < 1_000_000);
                }
            }
            let by = turn % factors.len().max(1);
            factors.rotate_left(by);
            prop_assert_eq!(Participation::new(factors).unwrap().divide(&column, CellRounding::Exact).unwrap(), divided);
        }

        #[test]
        fn an_operators_part_is_the_factor_rounded_half_up(ppm in 0..=1_000_000_u32, mwh in 0..1_i64 << 40) {
            // G.01T = G.01 · f / 100, six decimals.
            let divided = participation(&[ppm]).unwrap().divide(&[Energy::from_mwh(mwh)], CellRounding::Operator).unwrap();
            let expected = (i128::from(mwh) * i128::from(ppm) * 2 + 1_000_000) / 2_000_000;
            prop_assert_eq!(i128::from(divided.of("c0").unwrap()[0].as_mwh()), expected);
        }
    }
}
