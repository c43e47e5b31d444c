//! Fixed shares.

use serde::{Deserialize, Serialize};

use super::ids::twice;
use crate::{energy::Error, quantity::Share};

/// Fixed shares that add up to one whole.
///
/// In JSON it is the list of the members' ids and shares.
///
/// ```
/// use grid_core::{energy::sharing::SharingKey, quantity::Share};
/// let key = SharingKey::new(vec![("ana".into(), "0.6".parse()?), ("ben".into(), "0.4".parse()?)])?;
/// assert_eq!(key.share_of("ben"), Some("0.4".parse()?));
/// assert!(SharingKey::new(vec![("ana".into(), Share::NONE)]).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
///
/// RD 244/2019 (Spain), Anexo I: the coefficients of an hour add up to one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<MemberShare<String>>")]
pub struct SharingKey {
    /// By member id, so that the order in which members are given changes nothing.
    shares: Vec<(String, Share)>,
}

impl SharingKey {
    /// Makes a key of members' ids and shares.
    ///
    /// # Errors
    ///
    /// [`Error::NotOneWhole`] or [`Error::MemberTwice`].
    pub fn new(mut shares: Vec<(String, Share)>) -> Result<Self, Error> {
        let total: u64 = shares.iter().map(|(_, share)| u64::from(share.as_ppm())).sum();
        if total != u64::from(Share::WHOLE.as_ppm()) {
            return Err(Error::NotOneWhole { total, members: shares.len() });
        }
        shares.sort();
        match twice(shares.iter().map(|(id, _)| id.as_str())) {
            Some(id) => Err(Error::MemberTwice { member: id.to_owned() }),
            None => Ok(Self { shares }),
        }
    }

    /// The members' ids and shares, by id.
    pub fn shares(&self) -> &[(String, Share)] {
        &self.shares
    }

    /// One member's share.
    pub fn share_of(&self, member: &str) -> Option<Share> {
        let at = self.shares.binary_search_by(|(id, _)| id.as_str().cmp(member)).ok()?;
        self.shares.get(at).map(|(_, share)| *share)
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.shares.len()
    }

    /// Whether there is no member; never so, for a key adds up to one whole.
    pub fn is_empty(&self) -> bool {
        self.shares.is_empty()
    }
}

/// A member's share as JSON has it.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct MemberShare<Id> {
    member_id: Id,
    share: Share,
}

impl TryFrom<Vec<MemberShare<String>>> for SharingKey {
    type Error = Error;

    fn try_from(shares: Vec<MemberShare<String>>) -> Result<Self, Error> {
        Self::new(shares.into_iter().map(|of| (of.member_id, of.share)).collect())
    }
}

impl Serialize for SharingKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            self.shares.iter().map(|(id, share)| MemberShare { member_id: id.as_str(), share: *share }),
        )
    }
}
