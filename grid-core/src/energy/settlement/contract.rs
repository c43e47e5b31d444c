//! What a community has agreed beside its keys and its tariffs.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use uuid::Uuid;

use crate::{
    energy::{
        Error,
        rules::{Law, Rules},
        sharing::{CellRounding, Participation},
    },
    quantity::Power,
    time::Resolution,
};

/// By what a community settles: how finely, under which law, and what its members have contracted.
///
/// As JSON, every field may be left out:
///
/// ```
/// use grid_core::energy::settlement::{Contract, Surplus};
/// let day = jiff::civil::date(2026, 3, 1);
/// let contract: Contract = serde_json::from_str(r#"{"law": "spain"}"#)?;
/// assert_eq!(contract.surplus(), Surplus::Member);
/// assert_eq!(contract.resolution_on(day)?.to_string(), "1h");
/// let own: Contract = serde_json::from_str(r#"{"resolution": "5min", "surplus": "producer"}"#)?;
/// assert_eq!(own.resolution_on(day)?.to_string(), "5min");
/// assert!(serde_json::from_str::<Contract>(r#"{"resolution": "7min"}"#).is_err());
/// assert!(serde_json::from_str::<Contract>(r#"["1h", "spain"]"#).is_err(), "fields have names");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Contract {
    /// The settlement resolution; that of the law, or a quarter of an hour, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "resolution")]
    resolution: Option<Resolution>,
    /// The law by which the community shares.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "law")]
    law: Option<Law>,
    /// Whose is what nobody used; that of the law, or the producer's, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    surplus: Option<Surplus>,
    /// How the cells of an allocation are rounded.
    #[serde(default)]
    cells: Cells,
    /// The powers that members have contracted, by the names that the tariff gives them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", with = "powers")]
    contracted: BTreeMap<Uuid, BTreeMap<String, Power>>,
    /// The communities among which members divide their meters; who is not named takes part here with all of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    participation: BTreeMap<Uuid, Participation>,
}

impl Serialize for Contract {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

/// By the names of its fields only: what is derived would also take a list, in the order in which the fields stand above.
impl<'de> Deserialize<'de> for Contract {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Contract;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a contract: an object with the fields that differ from the law's")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Contract, A::Error> {
                Contract::deserialize(MapAccessDeserializer::new(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// Whose is what was offered to a member and not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surplus {
    /// The producer's: a member has what it used, and the plant sells the rest. Austria, France, Germany.
    Producer,
    /// The member's: all that is generated is divided, a member uses its part as far as it needs it, and the rest of its
    /// part is compensated on its own bill. Spain, RD 244/2019 Anexo I.
    Member,
    /// The member's, and nothing of it counts as used at once: its part of what was fed in is exchanged for what it took
    /// from the grid over the month. Colombia, CREG 101 072/2025 art. 20.
    Credit,
    /// The producer's, and sharing is only counted: everybody buys and sells as before, and a premium is paid for what
    /// was shared. Italy, DM MASE 414/2023.
    Virtual,
}

/// How the cells of an allocation are rounded, as a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Cells {
    #[default]
    Exact,
    Operator,
}

impl Contract {
    /// The resolutions in which communities settle.
    pub const RESOLUTIONS: [Resolution; 4] =
        [Resolution::Seconds(300), Resolution::QUARTER_HOUR, Resolution::Seconds(1800), Resolution::HOUR];

    /// Settles in slots of that length.
    ///
    /// # Errors
    ///
    /// [`Error::NotASettlementResolution`] where it is none of [`Contract::RESOLUTIONS`].
    pub fn with_resolution(mut self, resolution: Resolution) -> Result<Self, Error> {
        if !Self::RESOLUTIONS.contains(&resolution) {
            return Err(Error::NotASettlementResolution { got: resolution.to_string() });
        }
        self.resolution = Some(resolution);
        Ok(self)
    }

    /// Shares by a law.
    #[must_use]
    pub const fn with_law(mut self, law: Law) -> Self {
        self.law = Some(law);
        self
    }

    /// Says whose is what nobody used.
    #[must_use]
    pub const fn with_surplus(mut self, surplus: Surplus) -> Self {
        self.surplus = Some(surplus);
        self
    }

    /// Rounds the cells of allocations as told.
    #[must_use]
    pub const fn with_cells(mut self, rounding: CellRounding) -> Self {
        self.cells = match rounding {
            CellRounding::Exact => Cells::Exact,
            CellRounding::Operator => Cells::Operator,
        };
        self
    }

    /// Adds a power that a member has contracted, under the name that the tariff gives it.
    #[must_use]
    pub fn with_contracted(mut self, member: Uuid, name: &str, power: Power) -> Self {
        self.contracted.entry(member).or_default().insert(name.to_owned(), power);
        self
    }

    /// Divides a member's meters among communities; what is not this community's is not settled here.
    #[must_use]
    pub fn with_participation(mut self, member: Uuid, participation: Participation) -> Self {
        self.participation.insert(member, participation);
        self
    }

    /// The settlement resolution on a local day: the agreed one, or that of the law in force, or a quarter of an hour.
    ///
    /// # Errors
    ///
    /// [`Error::LawNotInForce`] on a day before the first rules of the law that this engine knows.
    pub fn resolution_on(&self, day: Date) -> Result<Resolution, Error> {
        match (self.resolution, self.rules_on(day)?) {
            (Some(resolution), _) => Ok(resolution),
            (None, Some(rules)) => Ok(rules.resolution),
            (None, None) => Ok(Resolution::QUARTER_HOUR),
        }
    }

    /// The rules of the law on a local day, if the community shares by a law.
    ///
    /// # Errors
    ///
    /// [`Error::LawNotInForce`].
    pub fn rules_on(&self, day: Date) -> Result<Option<&'static Rules>, Error> {
        let not_in_force = |law: Law| Error::LawNotInForce {
            law: law.as_str(),
            first: law.versions().first().map_or(Date::MAX, |rules| rules.valid_from),
            day,
        };
        self.law.map(|law| law.rules_on(day).map_err(|_| not_in_force(law))).transpose()
    }

    /// The law, if the community shares by one.
    pub const fn law(&self) -> Option<Law> {
        self.law
    }

    /// Whose is what nobody used.
    pub fn surplus(&self) -> Surplus {
        self.surplus.unwrap_or(match self.law {
            Some(Law::Spain) => Surplus::Member,
            Some(Law::Colombia) => Surplus::Credit,
            Some(Law::Italy) => Surplus::Virtual,
            Some(Law::Austria | Law::France | Law::Germany) | None => Surplus::Producer,
        })
    }

    /// How the cells of an allocation are rounded.
    pub const fn cells(&self) -> CellRounding {
        match self.cells {
            Cells::Exact => CellRounding::Exact,
            Cells::Operator => CellRounding::Operator,
        }
    }

    /// The communities among which a member divides its meters, if it does.
    pub fn participation(&self, member: Uuid) -> Option<&Participation> {
        self.participation.get(&member)
    }

    /// Whether any member divides its meters.
    pub(super) fn divides_meters(&self) -> bool {
        !self.participation.is_empty()
    }

    /// The contract as one member may see it: what was agreed by all, and of what is each member's own that member's.
    #[must_use]
    pub fn seen_by(mut self, member: Uuid) -> Self {
        self.contracted.retain(|other, _| *other == member);
        self.participation.retain(|other, _| *other == member);
        self
    }

    /// The powers that a member has contracted.
    pub fn contracted(&self, member: Uuid) -> impl Iterator<Item = (&str, Power)> {
        self.contracted.get(&member).into_iter().flatten().map(|(name, power)| (name.as_str(), *power))
    }
}

mod resolution {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::Contract;
    use crate::time::Resolution;

    #[expect(
        clippy::ref_option,
        clippy::trivially_copy_pass_by_ref,
        reason = "serde gives a reference to the field"
    )]
    pub(super) fn serialize<S: Serializer>(
        resolution: &Option<Resolution>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match resolution {
            Some(resolution) => serializer.collect_str(resolution),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Resolution>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        let resolution = text.parse().map_err(de::Error::custom)?;
        Contract::default().with_resolution(resolution).map_err(de::Error::custom)?;
        Ok(Some(resolution))
    }
}

mod law {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use crate::energy::rules::Law;

    #[expect(
        clippy::ref_option,
        clippy::trivially_copy_pass_by_ref,
        reason = "serde gives a reference to the field"
    )]
    pub(super) fn serialize<S: Serializer>(law: &Option<Law>, serializer: S) -> Result<S::Ok, S::Error> {
        match law {
            Some(law) => serializer.serialize_str(law.as_str()),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Law>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        text.parse().map(Some).map_err(de::Error::custom)
    }
}

mod powers {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer, de};
    use uuid::Uuid;

    use crate::quantity::Power;

    type Contracted = BTreeMap<Uuid, BTreeMap<String, Power>>;

    pub(super) fn serialize<S: Serializer>(powers: &Contracted, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(powers.iter().map(|(member, powers)| {
            let powers: BTreeMap<&str, String> =
                powers.iter().map(|(name, power)| (name.as_str(), power.to_string())).collect();
            (member, powers)
        }))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Contracted, D::Error> {
        let texts: BTreeMap<Uuid, BTreeMap<String, String>> = BTreeMap::deserialize(deserializer)?;
        let power = |(name, text): (String, String)| {
            text.parse::<Power>().map(|power| (name, power)).map_err(de::Error::custom)
        };
        texts
            .into_iter()
            .map(|(member, powers)| Ok((member, powers.into_iter().map(power).collect::<Result<_, _>>()?)))
            .collect()
    }
}
