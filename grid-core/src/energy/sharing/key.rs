//! Who gets how much.

use std::str::FromStr;

use super::{Cascade, Priority, SharingKey};
use crate::energy::Error;

/// How a community hands out what it generates, interval by interval; never more to a member than they need.
///
/// In JSON a key is an object with its `kind`, the same in the database, over HTTP and in Python:
///
/// ```
/// use grid_core::energy::sharing::Key;
/// let key: Key = serde_json::from_str(
///     r#"{"kind": "cascade",
///         "first": {"kind": "static", "shares": [{"member_id": "ana", "share": "0.75"}, {"member_id": "ben", "share": "0.25"}]},
///         "then": {"kind": "priority", "groups": [["school"], ["ana", "ben"]]}}"#,
/// )?;
/// assert_eq!(key.kind(), "cascade");
/// assert_eq!(key.members(), ["ana", "ben", "school"]);
/// assert!(key.follows_demand());
/// assert_eq!(serde_json::from_str::<Key>(&serde_json::to_string(&key)?)?, key);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// Shares that differ from interval to interval are no key but a table: [`Coefficients`](super::Coefficients).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// To each member in proportion to what they need in that interval, so that nothing is left over while anybody
    /// needs it. Austria's dynamic model, the default key of France.
    Proportional,
    /// To each member the same part; what a member does not need is surplus, and is not offered to the others. Germany's
    /// § 42b `EnWG` where nothing is agreed. A [`Cascade`] offers the rest again.
    Equal,
    /// To each member a fixed share, agreed beforehand; what a member does not need is surplus. Spain's coefficients,
    /// Austria's static model, Colombia's PDE.
    Static(SharingKey),
    /// To one group of members after another, within a group in proportion to need. Portugal's hierarchical groups.
    Priority(Priority),
    /// By one key first, and what that leaves over by the next. Portugal's combinations.
    Cascade(Cascade),
}

impl Key {
    /// The name of its kind: `proportional`, `equal`, `static`, `priority` or `cascade`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Proportional => "proportional",
            Self::Equal => "equal",
            Self::Static(_) => "static",
            Self::Priority(_) => "priority",
            Self::Cascade(_) => "cascade",
        }
    }

    /// The ids of the members that it names, each once, in their order; none where it is for whoever is there.
    pub fn members(&self) -> Vec<&str> {
        let mut members: Vec<&str> = Vec::new();
        for step in self.steps() {
            match step {
                Self::Static(key) => members.extend(key.shares().iter().map(|(id, _)| id.as_str())),
                Self::Priority(priority) => {
                    members.extend(priority.groups().iter().flatten().map(String::as_str));
                }
                Self::Proportional | Self::Equal | Self::Cascade(_) => {}
            }
        }
        members.sort_unstable();
        members.dedup();
        members
    }

    /// Whether nothing is left over while anybody needs it: the lesser of generation and demand is shared, exactly.
    pub fn follows_demand(&self) -> bool {
        self.steps().iter().any(|step| matches!(step, Self::Proportional | Self::Priority(_)))
    }

    /// The keys that are used one after the other, none of them a cascade: those of a cascade, or just this one.
    pub fn steps(&self) -> &[Self] {
        match self {
            Self::Cascade(cascade) => cascade.steps(),
            single => std::slice::from_ref(single),
        }
    }
}

impl FromStr for Key {
    type Err = Error;

    /// Reads a key that is written as its JSON, or as its kind alone where that says it all.
    ///
    /// ```
    /// use grid_core::energy::sharing::Key;
    /// assert_eq!("equal".parse(), Ok(Key::Equal));
    /// assert_eq!(r#"{"kind": "proportional"}"#.parse(), Ok(Key::Proportional));
    /// assert!("static".parse::<Key>().is_err());
    /// ```
    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let key = if text.starts_with('{') {
            serde_json::from_str(text)
        } else {
            serde_json::from_value(serde_json::json!({ "kind": text }))
        };
        key.map_err(|error| Error::NotAKey { reason: error.to_string() })
    }
}
