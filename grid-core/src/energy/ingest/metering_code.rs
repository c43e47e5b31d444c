//! The codes of the columns of an Austrian sheet.

use std::{fmt, str::FromStr};

use super::header;
use crate::energy::Channel;

/// What a column of the sheet holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MeteringCode {
    /// `G.01`: all that the meter counted.
    G01,
    /// `G.01T`: that, by the participation factor in this community.
    G01T,
    /// `G.02`: the share of the community's generation by the key.
    G02,
    /// `G.03`: the part of the share that was consumed in the same quarter-hour.
    G03,
    /// `G.03R`: the part of that from renewable sources.
    G03R,
    /// `P.01`: the generation that nobody in the community took.
    P01,
    /// `P.01T`: that, by the participation factor.
    P01T,
}

impl MeteringCode {
    /// All codes.
    pub const ALL: [Self; 7] =
        [Self::G01, Self::G01T, Self::G02, Self::G03, Self::G03R, Self::P01, Self::P01T];

    /// The code as the operators write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::G01 => "G.01",
            Self::G01T => "G.01T",
            Self::G02 => "G.02",
            Self::G03 => "G.03",
            Self::G03R => "G.03R",
            Self::P01 => "P.01",
            Self::P01T => "P.01T",
        }
    }

    /// The code in a cell: itself, behind an OBIS number, or the German words that the portal writes for it.
    pub(super) fn of(cell: &str) -> Option<Self> {
        let by_code =
            |word: &str| Self::ALL.into_iter().find(|code| code.as_str().eq_ignore_ascii_case(word));
        if let Some(code) = cell.split_whitespace().find_map(by_code) {
            return Some(code);
        }
        let words = header::words(cell);
        let has = |word: &str| words.iter().any(|other| other == word);
        let by_factor = words.iter().any(|word| word.starts_with("teilnahmefaktor"));
        if has("anteil") {
            Some(Self::G02)
        } else if has("eigendeckung") {
            Some(if words.iter().any(|word| word.starts_with("erneuerbar")) { Self::G03R } else { Self::G03 })
        } else if has("restuberschuss") {
            Some(Self::P01T)
        } else if words
            .iter()
            .any(|word| word.starts_with("uberschuss") || word.starts_with("gemeinschaftsuberschuss"))
        {
            Some(Self::P01)
        } else if by_factor {
            Some(Self::G01T)
        } else if has("gesamtverbrauch") || (has("gesamte") && has("erzeugung")) {
            Some(Self::G01)
        } else {
            None
        }
    }
}

impl fmt::Display for MeteringCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Which way a metering point counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EnergyDirection {
    /// `CONSUMPTION`.
    Consumption,
    /// `GENERATION`.
    Generation,
}

impl FromStr for EnergyDirection {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match header::channel(text) {
            Some(Channel::Consumption | Channel::Import) => Ok(Self::Consumption),
            Some(Channel::Generation | Channel::Export) => Ok(Self::Generation),
            _ => Err(()),
        }
    }
}
