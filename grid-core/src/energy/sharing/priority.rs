//! Some before others.

use serde::{Deserialize, Serialize};

use super::ids::twice;
use crate::energy::Error;

/// Groups of members, one served before the next.
///
/// A group gets what is left by those before it, up to what its members need, in proportion to their need. Members that
/// no group names are served last, together, so that nothing is left over while anybody needs it.
///
/// In JSON it is the list of the groups, each the list of its members' ids.
///
/// ```
/// use grid_core::energy::sharing::Priority;
/// let priority = Priority::new(vec![vec!["school".into()], vec!["ben".into(), "ana".into()]])?;
/// assert_eq!(priority.groups()[1], ["ana", "ben"]);
/// # Ok::<(), grid_core::energy::Error>(())
/// ```
///
/// # References
///
/// DL 15/2022 and ERSE Regulamento 815/2023 (Portugal) name hierarchical groups among the ways to share; the order within
/// a group is this crate's choice.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<Vec<String>>")]
pub struct Priority {
    /// Each by member id, so that the order in which members are given changes nothing.
    groups: Vec<Vec<String>>,
}

impl Priority {
    /// Makes a key of groups of members' ids, the first served first.
    ///
    /// # Errors
    ///
    /// [`Error::EmptyGroup`] where a group has no members or there is no group, [`Error::MemberTwice`] where a member is
    /// in two groups or twice in one.
    pub fn new(mut groups: Vec<Vec<String>>) -> Result<Self, Error> {
        let empty = groups.iter().position(Vec::is_empty).or(groups.is_empty().then_some(0));
        if let Some(group) = empty {
            return Err(Error::EmptyGroup { group: group.saturating_add(1) });
        }
        let mut all: Vec<&str> = groups.iter().flatten().map(String::as_str).collect();
        all.sort_unstable();
        if let Some(id) = twice(all) {
            return Err(Error::MemberTwice { member: id.to_owned() });
        }
        for group in &mut groups {
            group.sort_unstable();
        }
        Ok(Self { groups })
    }

    /// The groups, the first served first, each with its members' ids in their order.
    pub fn groups(&self) -> &[Vec<String>] {
        &self.groups
    }
}

impl TryFrom<Vec<Vec<String>>> for Priority {
    type Error = Error;

    fn try_from(groups: Vec<Vec<String>>) -> Result<Self, Error> {
        Self::new(groups)
    }
}

impl Serialize for Priority {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.groups.serialize(serializer)
    }
}
