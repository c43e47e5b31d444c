//! A community's fixed key as Spain's file of coefficients: who is known by which supply point.

use uuid::Uuid;

use super::{Error, Store};
use crate::energy::{
    rules::{
        spain_coefficients::Coefficients,
        spain_key::{self, SupplyPoints},
    },
    sharing::Key,
};

impl Store {
    /// Which supply point (CUPS) is which member's in a community; with it a file of coefficients is read as a key for
    /// [`Store::set_key`].
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], or a fault of the database.
    pub async fn supply_points(&self, community: Uuid) -> Result<SupplyPoints, Error> {
        self.community(community).await?;
        let members = self.members(community).await?;
        // A device that has left, or will, names no supply point of the years to come.
        let devices: Vec<_> = self
            .community_devices(community, None)
            .await?
            .into_iter()
            .filter(|placed| placed.stretch.until().is_none())
            .map(|placed| (placed.device, placed.stretch.member))
            .collect();
        Ok(SupplyPoints::of(&members, &devices))
    }

    /// The coefficients of a local year: those of the last key that begins in it or before it, as a later file takes an
    /// earlier one's place.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`]; [`Error::Rules`] where that key is not of fixed shares, or a member who has one is not known by
    /// one supply point; or a fault of the database.
    pub async fn coefficients(&self, community: Uuid, year: i16) -> Result<Coefficients, Error> {
        let end = spain_key::year(&self.community(community).await?.calendar, year)?.end();
        let last = self.keys(community).await?.into_iter().rfind(|(valid_from, _)| *valid_from < end);
        // Whoever has set no key shares in proportion.
        let key = last.map_or(Key::Proportional, |(_, key)| key);
        Ok(self.supply_points(community).await?.coefficients(&key)?)
    }
}
