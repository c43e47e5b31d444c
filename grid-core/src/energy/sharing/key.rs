//! Who gets how much.

use crate::{energy::Error, quantity::Share};

/// How a community hands out what it generates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// To each member in proportion to what they need in that interval, so that nothing is left over while anybody
    /// needs it.
    Proportional,
    /// To each member a fixed share, agreed beforehand; what a member does not need is surplus.
    Static(SharingKey),
}

/// Fixed shares that add up to one whole.
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
        for pair in shares.windows(2) {
            if let [(first, _), (second, _)] = pair
                && first == second
            {
                return Err(Error::MemberTwice { member: first.clone() });
            }
        }
        Ok(Self { shares })
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
