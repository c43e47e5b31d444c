//! A law's rules as they stood from a day on.

use jiff::civil::Date;
use serde::{Serialize, Serializer};

use super::Law;
use crate::time::Resolution;

/// How sure this engine is of a point of a law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The text of the law or of the operator was read.
    Read,
    /// Another text that quotes the rule was read; the rule itself was not.
    Secondary,
    /// Known in general, without a text at hand; check it before money depends on it.
    GeneralKnowledge,
}

/// How a key that a law allows hands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// To each member one share for all times, agreed beforehand.
    Constant,
    /// To each member a share that differs by the hour, agreed beforehand.
    Hourly,
    /// In proportion to what each needs in the step.
    Proportional,
    /// The same to each member.
    Equal,
    /// Shares that the organiser states afterwards for each step.
    PerStep,
    /// Shares that the organiser states afterwards for each step, member and plant.
    PerStepAndPlant,
    /// Nothing is handed out: the community's sum counts.
    Sum,
}

/// One article, and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Article {
    /// Where it is written.
    pub citation: &'static str,
    /// What it says, in short.
    pub says: &'static str,
    /// How sure this engine is of it.
    pub confidence: Confidence,
}

/// A law's rules from a day on, until the next ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// Whose.
    pub law: Law,
    /// The first local day on which they hold.
    #[serde(serialize_with = "as_text")]
    pub valid_from: Date,
    /// How sure this engine is of that day.
    pub valid_from_confidence: Confidence,
    /// The length of the steps in which energy is settled.
    #[serde(serialize_with = "as_text")]
    pub resolution: Resolution,
    /// The keys that a community may agree on.
    pub keys: &'static [KeyKind],
    /// The articles that the formulas stand on.
    pub articles: &'static [Article],
}

impl Rules {
    /// Whether a community may agree on a key of this kind.
    pub fn allows(&self, key: KeyKind) -> bool {
        self.keys.contains(&key)
    }
}

fn as_text<T: std::fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
