//! Splitting one amount.

use super::SharingKey;
use crate::{
    energy::Error,
    quantity::{Energy, largest_remainder},
};

/// Splits `produced` among the members of `key`, to the last milliwatt-hour; the parts come by member id, as
/// [`SharingKey::shares`] lists them.
///
/// What rounding leaves over goes to the largest remainders, ties to the larger share and then to the smaller id, so
/// the parts add up to `produced` exactly.
///
/// ```
/// use grid_core::{energy::sharing::{SharingKey, apportion}, quantity::Energy};
/// let third = "0.333333".parse()?;
/// let key = SharingKey::new(vec![("a".into(), third), ("b".into(), third), ("c".into(), "0.333334".parse()?)])?;
/// let parts = apportion(Energy::from_mwh(1000), &key)?;
/// assert_eq!(parts, [333, 333, 334].map(Energy::from_mwh));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::NegativeFlow`] when `produced` is below zero.
///
/// # References
///
/// RD 244/2019 (Spain), Anexo I: what is shared adds up to what was generated.
pub fn apportion(produced: Energy, key: &SharingKey) -> Result<Vec<Energy>, Error> {
    let weights: Vec<u64> = key.shares().iter().map(|(_, share)| u64::from(share.as_ppm())).collect();
    apportion_by_weights(produced, &weights)
}

/// Splits `total` in proportion to `weights`, to the last milliwatt-hour, in their order.
///
/// What rounding leaves over goes to the largest remainders, ties to the larger weight and then to the earlier
/// position: give the weights in an order that is not chance, such as that of the members' ids.
///
/// # Errors
///
/// [`Error::NegativeFlow`] when `total` is below zero, [`Error::Quantity`] when it is not zero and no weight is above
/// zero.
pub fn apportion_by_weights(total: Energy, weights: &[u64]) -> Result<Vec<Energy>, Error> {
    if total.is_negative() {
        return Err(Error::NegativeFlow { interval: 0, got: total });
    }
    Ok(largest_remainder(total.as_mwh(), weights)?.into_iter().map(Energy::from_mwh).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::Share;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nothing_is_lost_or_made(mwh in 0..i64::MAX, a in 0..=1_000_000_u32) {
            let key = SharingKey::new(vec![
                ("ana".into(), Share::from_ppm(a).unwrap()),
                ("ben".into(), Share::from_ppm(1_000_000 - a).unwrap()),
            ]).unwrap();
            let parts = apportion(Energy::from_mwh(mwh), &key).unwrap();
            prop_assert_eq!(parts.into_iter().sum::<Energy>(), Energy::from_mwh(mwh));
        }

        #[test]
        fn the_order_of_the_members_changes_nothing(mwh in 0..i64::MAX, cuts in prop::collection::btree_set(0..1_000_000_u32, 1..8), turn in 0..8_usize) {
            let mut before = 0;
            let mut shares: Vec<(String, Share)> = Vec::new();
            for (number, cut) in cuts.into_iter().chain([1_000_000]).enumerate() {
                shares.push((format!("m{number}"), Share::from_ppm(cut - before).unwrap()));
                before = cut;
            }
            let key = SharingKey::new(shares.clone()).unwrap();
            let by = turn % shares.len();
            shares.rotate_left(by);
            let turned = SharingKey::new(shares).unwrap();
            prop_assert_eq!(apportion(Energy::from_mwh(mwh), &key), apportion(Energy::from_mwh(mwh), &turned));
        }
    }
}
