//! What a vendor's file says: its signature, its own names of columns, and what its current and its counts mean.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::{
    arbin, basytec, batmon, battery_archive, battmo, bdf, biologic, cellpy, digatron, e3dc, enphase, generic,
    grid_level, home, home_assistant, landt, maccor, nasa_pcoe, neware, novonix, nrel, pec, pybamm, repower,
    sma, solarman, sonnen, synonyms, tesla, victron_vrm,
};

/// The layout of one vendor.
#[derive(Debug)]
pub(super) struct Vendor {
    pub(super) format: Format,
    /// What tells the vendor's exports apart.
    pub(super) recognise: fn(&Layout) -> Option<Signature>,
    /// The vendor's own names; all others are in [`synonyms`].
    pub(super) names: &'static [Name],
    pub(super) positive: Positive,
    pub(super) counter: Counter,
}

/// The sign by which a layout was recognised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Signature {
    pub(super) why: &'static str,
    pub(super) confidence: f64,
}

impl Signature {
    const OWN: f64 = 0.98;

    /// By words that no other vendor writes.
    #[expect(clippy::unnecessary_wraps, reason = "the recognisers end with it")]
    pub(super) const fn own(why: &'static str) -> Option<Self> {
        Some(Self { why, confidence: Self::OWN })
    }

    /// By names that go together so with this vendor, each of which others may write.
    #[expect(clippy::unnecessary_wraps, reason = "the recognisers end with it")]
    pub(super) const fn usual(why: &'static str) -> Option<Self> {
        Some(Self { why, confidence: 0.85 })
    }

    /// Whether no other vendor writes so.
    pub(super) fn is_own(&self) -> bool {
        self.confidence >= Self::OWN
    }
}

/// Which direction of current and power a vendor counts as positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Positive {
    Charge,
    Discharge,
    /// Current without a sign; the state or the capacities say the direction.
    Unsigned,
    /// It differs from site to site, or no convention is known.
    Unstated,
}

impl Positive {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Charge => "charging is positive",
            Self::Discharge => "discharging is positive",
            Self::Unsigned => "current has no sign",
            Self::Unstated => "the direction is not stated",
        }
    }
}

/// When a vendor's counts of Ah and Wh start again from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counter {
    Step,
    HalfCycle,
    Cycle,
    /// Where the test's schedule says so, often never.
    Schedule,
    Never,
    /// One count that rises with charging and falls with discharging.
    Net,
    /// At midnight.
    Day,
    /// Each row holds the energy of its own interval.
    Interval,
    Unstated,
}

impl Counter {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Step => "start again at each step",
            Self::HalfCycle => "start again at each half cycle",
            Self::Cycle => "start again at each cycle",
            Self::Schedule => "start again where the schedule says so",
            Self::Never => "never start again",
            Self::Net => "rise with charging and fall with discharging",
            Self::Day => "start again at midnight",
            Self::Interval => "are of each row's own interval",
            Self::Unstated => "are not stated to start again anywhere",
        }
    }
}

/// A vendor's own name of a column, in lower case letters and digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    name: &'static str,
    meaning: Meaning,
}

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    /// `None` for a column that only sounds like one that is wanted.
    pub(super) role: Option<Role>,
    /// How surely: 10 surely, 1 by a guess.
    pub(super) sure: u8,
    pub(super) unit: UnitBy,
}

/// Where the unit of a column comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnitBy {
    /// The header, and the unit of [`Recording`](crate::battery::Recording) where it has none.
    Header,
    /// The header, and this unit where it has none.
    Otherwise(&'static str),
    /// This unit, whatever the header says.
    Always(&'static str),
}

impl Name {
    pub(super) const fn new(name: &'static str, role: Role, sure: u8) -> Self {
        Self { name, meaning: Meaning { role: Some(role), sure, unit: UnitBy::Header } }
    }

    /// A column that is not to be used.
    pub(super) const fn unused(name: &'static str) -> Self {
        Self { name, meaning: Meaning { role: None, sure: 10, unit: UnitBy::Header } }
    }

    /// The unit where the header states none.
    pub(super) const fn otherwise(mut self, unit: &'static str) -> Self {
        self.meaning.unit = UnitBy::Otherwise(unit);
        self
    }

    /// The unit, against the header.
    pub(super) const fn always(mut self, unit: &'static str) -> Self {
        self.meaning.unit = UnitBy::Always(unit);
        self
    }
}

/// The vendors, those with the surest signature first.
static VENDORS: [&Vendor; 28] = [
    &biologic::VENDOR,
    &basytec::VENDOR,
    &novonix::VENDOR,
    &repower::VENDOR,
    &neware::VENDOR,
    &pec::VENDOR,
    &digatron::VENDOR,
    &landt::VENDOR,
    &maccor::VENDOR,
    &nasa_pcoe::VENDOR,
    &nrel::VENDOR,
    &battmo::VENDOR,
    &bdf::VENDOR,
    &battery_archive::VENDOR,
    &arbin::VENDOR,
    &pybamm::VENDOR,
    &cellpy::VENDOR,
    &victron_vrm::VENDOR,
    &tesla::VENDOR,
    &sma::VENDOR,
    &e3dc::VENDOR,
    &enphase::VENDOR,
    &solarman::VENDOR,
    &sonnen::VENDOR,
    &batmon::VENDOR,
    &grid_level::VENDOR,
    &home_assistant::VENDOR,
    &home::VENDOR,
];

/// The vendor of a layout, and why.
pub(super) fn recognised(layout: &Layout) -> (&'static Vendor, Signature) {
    VENDORS
        .iter()
        .find_map(|vendor| (vendor.recognise)(layout).map(|signature| (*vendor, signature)))
        .unwrap_or((&generic::VENDOR, generic::SIGNATURE))
}

/// The vendor of a format.
pub(super) fn of(format: Format) -> &'static Vendor {
    VENDORS.iter().copied().find(|vendor| vendor.format == format).unwrap_or(&generic::VENDOR)
}

/// What a name means: by the vendor's own table, else by the common one, else by any vendor's.
pub(super) fn meaning(vendor: &Vendor, name: &str) -> Option<Meaning> {
    let own = |vendor: &Vendor| vendor.names.iter().find(|own| own.name == name).map(|own| own.meaning);
    let common =
        || synonyms::known(name).map(|(role, sure)| Meaning { role: Some(role), sure, unit: UnitBy::Header });
    own(vendor).or_else(common).or_else(|| {
        VENDORS.iter().find_map(|vendor| own(vendor).filter(|meaning| meaning.role.is_some())).map(
            // Another vendor's corrections of its own headers are not for this file.
            |meaning| Meaning { unit: UnitBy::Header, ..meaning },
        )
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::battery::read::column_map::squeeze;
    use crate::battery::read::unit;

    #[test]
    fn every_format_has_a_vendor_of_its_own() {
        for format in Format::all() {
            assert_eq!(of(*format).format, *format);
        }
    }

    #[test]
    fn names_are_squeezed_and_said_once_a_vendor() {
        for vendor in VENDORS {
            let names: BTreeSet<&str> = vendor.names.iter().map(|name| name.name).collect();
            assert_eq!(names.len(), vendor.names.len(), "{}", vendor.format);
            for name in vendor.names {
                assert_eq!(squeeze(name.name), name.name, "{}", vendor.format);
                // What all say the same is in the synonyms alone.
                let common = synonyms::known(name.name).map(|(role, sure)| Meaning {
                    role: Some(role),
                    sure,
                    unit: UnitBy::Header,
                });
                assert_ne!(common, Some(name.meaning), "{} of {} is common", name.name, vendor.format);
            }
        }
    }

    #[test]
    fn the_units_of_the_tables_fit_their_columns() {
        for name in VENDORS.iter().flat_map(|vendor| vendor.names) {
            if let (UnitBy::Otherwise(text) | UnitBy::Always(text), Some(role)) =
                (name.meaning.unit, name.meaning.role)
            {
                assert_eq!(unit::parse(text).map(|unit| unit.dimension), role.dimension(), "{}", name.name);
            }
        }
    }
}
