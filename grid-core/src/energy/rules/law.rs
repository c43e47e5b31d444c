//! Which law.

use std::{fmt, str::FromStr};

use jiff::civil::Date;
use serde::Serialize;

use super::{Error, Rules, austria, colombia, france, germany, italy, spain};
use crate::error::excerpt;

/// A country's law of shared energy.
///
/// ```
/// use grid_core::{energy::rules::{KeyKind, Law}, time::Resolution};
/// use jiff::civil::date;
/// let rules = Law::Spain.rules_on(date(2026, 3, 1))?;
/// assert_eq!(rules.resolution, Resolution::HOUR);
/// assert!(rules.allows(KeyKind::Hourly));
/// assert!(!Law::Spain.rules_on(date(2020, 3, 1))?.allows(KeyKind::Hourly));
/// # Ok::<(), grid_core::energy::rules::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Law {
    /// Collective self-consumption by the Real Decreto 244/2019.
    Spain,
    /// Small-scale and collective self-generation by the resolutions of the CREG.
    Colombia,
    /// Energy communities and shared plants by the `ElWOG` and, from October 2026, the `ElWG`.
    Austria,
    /// Renewable energy communities by the decree of 7 December 2023.
    Italy,
    /// Collective self-consumption by the Code de l'énergie.
    France,
    /// Shared supply of a building by §42b `EnWG`.
    Germany,
}

impl Law {
    /// All laws, in the order of this enum.
    pub const ALL: [Self; 6] =
        [Self::Spain, Self::Colombia, Self::Austria, Self::Italy, Self::France, Self::Germany];

    /// The name that files and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spain => "spain",
            Self::Colombia => "colombia",
            Self::Austria => "austria",
            Self::Italy => "italy",
            Self::France => "france",
            Self::Germany => "germany",
        }
    }

    /// The texts that the law is written in.
    pub const fn citation(self) -> &'static str {
        match self {
            Self::Spain => {
                "Real Decreto 244/2019, arts. 13 and 14 and Anexo I (as changed by Orden TED/1247/2021)"
            }
            Self::Colombia => {
                "Resolución CREG 174 de 2021, art. 25; Resolución CREG 101 072 de 2025, arts. 19 to 21 and 28 and \
                 Anexo 4; Resolución CREG 101 087 de 2025; Decreto 2236 de 2023"
            }
            Self::Austria => "ElWOG 2010 §§16a to 16e (until 30 September 2026); ElWG §§66 to 72",
            Self::Italy => "DM MASE 7 dicembre 2023 n. 414; TIAD (ARERA); Regole Operative GSE, 16 July 2025",
            Self::France => "Code de l'énergie, art. L315-2 and D315-1 and following",
            Self::Germany => "EnWG §42b",
        }
    }

    /// All rules of this law, from the oldest.
    pub const fn versions(self) -> &'static [Rules] {
        match self {
            Self::Spain => spain::VERSIONS,
            Self::Colombia => colombia::VERSIONS,
            Self::Austria => austria::VERSIONS,
            Self::Italy => italy::VERSIONS,
            Self::France => france::VERSIONS,
            Self::Germany => germany::VERSIONS,
        }
    }

    /// The rules that are in force on a local day.
    ///
    /// # Errors
    ///
    /// [`Error::NotYetInForce`] before the first rules that this engine knows.
    pub fn rules_on(self, date: Date) -> Result<&'static Rules, Error> {
        let versions = self.versions();
        versions.iter().rev().find(|rules| rules.valid_from <= date).ok_or_else(|| Error::NotYetInForce {
            law: self,
            first: versions.first().map_or(Date::MAX, |rules| rules.valid_from),
            date,
        })
    }
}

impl FromStr for Law {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let trimmed = text.trim();
        Self::ALL
            .into_iter()
            .find(|law| law.as_str() == trimmed)
            .ok_or_else(|| Error::NotALaw { got: excerpt(text) })
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Resolution;
    use jiff::civil::date;

    #[test]
    fn names_round_trip_and_others_are_refused() {
        for law in Law::ALL {
            assert_eq!(law.as_str().parse(), Ok(law));
            assert_eq!(serde_json::to_value(law).unwrap(), law.as_str());
        }
        assert!("Spain".parse::<Law>().unwrap_err().to_string().contains("`Spain`"));
    }

    #[test]
    fn versions_stand_in_the_order_of_their_days_and_cite_something() {
        for law in Law::ALL {
            let versions = law.versions();
            assert!(!versions.is_empty());
            assert!(versions.windows(2).all(|pair| pair[0].valid_from < pair[1].valid_from), "{law}");
            for rules in versions {
                assert_eq!(rules.law, law);
                assert!(!rules.articles.is_empty() && !rules.keys.is_empty(), "{law}");
                assert_eq!(law.rules_on(rules.valid_from), Ok(rules));
                assert!(rules.resolution.fixed_seconds().is_some());
            }
            let before = versions[0].valid_from.yesterday().unwrap();
            assert!(matches!(law.rules_on(before), Err(Error::NotYetInForce { .. })), "{law}");
        }
    }

    #[test]
    fn a_change_of_law_changes_the_rules_on_its_day() {
        // ElWG §188 (1) and (3): §§16a to 16e ElWOG end on 30 September 2026, §§66 to 72 ElWG begin on 1 October.
        let austria = |day| Law::Austria.rules_on(day).unwrap().valid_from;
        assert_eq!(austria(date(2026, 9, 30)), date(2024, 4, 8));
        assert_eq!(austria(date(2026, 10, 1)), date(2026, 10, 1));
        let resolution = |law: Law| law.rules_on(date(2026, 6, 1)).unwrap().resolution;
        assert_eq!(
            Law::ALL.map(resolution),
            [
                Resolution::HOUR,
                Resolution::HOUR,
                Resolution::QUARTER_HOUR,
                Resolution::HOUR,
                Resolution::QUARTER_HOUR,
                Resolution::QUARTER_HOUR
            ]
        );
        assert_eq!(Law::France.rules_on(date(2020, 1, 1)).unwrap().resolution, Resolution::Seconds(1800));
    }

    #[test]
    fn rules_are_written_as_json_with_dates_and_lengths_as_text() {
        let json = serde_json::to_value(Law::Germany.rules_on(date(2026, 1, 1)).unwrap()).unwrap();
        assert_eq!(json["law"], "germany");
        assert_eq!(json["resolution"], "15min");
        assert_eq!(json["valid_from"], "2024-05-16");
        assert_eq!(json["articles"][0]["confidence"], "read");
    }
}
