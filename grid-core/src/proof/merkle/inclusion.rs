//! Whether a leaf is in a log.

use super::{
    super::{Digest, Error},
    Plan, node_hash,
};

/// The root to which a leaf's hash and its path lead, in a log of `size` leaves.
///
/// # Errors
///
/// [`Error::IndexBeyondSize`] where such a log has no leaf `index`, or [`Error::WrongPathLength`] where the path has
/// another number of hashes than the tree has steps.
///
/// # References
///
/// RFC 9162 section 2.1.3.2.
pub fn root_of_path(leaf_hash: &Digest, index: u64, size: u64, path: &[Digest]) -> Result<Digest, Error> {
    let expected = Plan::inclusion(index, size)?.path_length();
    if path.len() != expected {
        return Err(Error::WrongPathLength { expected, got: path.len() });
    }
    // The two numbers of the standard: the node's place on its level, and that of the level's last node. Where they are
    // equal they stay so, and all siblings that are left stand on the left; so the levels without one, which the standard
    // steps over here, need no step, as the length is right.
    let (mut place, mut last) = (index, size - 1);
    let mut hash = *leaf_hash;
    for sibling in path {
        if place & 1 == 1 || place == last {
            hash = node_hash(sibling, &hash);
        } else {
            hash = node_hash(&hash, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    Ok(hash)
}

/// Checks that the leaf `index` of a log of `size` leaves has a hash, given the log's root.
///
/// # Errors
///
/// As [`root_of_path`], and [`Error::NotInLog`] where the path leads to another root.
///
/// # References
///
/// RFC 9162 section 2.1.3.2.
///
/// ```
/// use grid_core::proof::merkle::{leaf_hash, node_hash, verify_inclusion};
/// let (one, two) = (leaf_hash(b"one"), leaf_hash(b"two"));
/// let root = node_hash(&one, &two);
/// assert!(verify_inclusion(&two, 1, 2, &[one], &root).is_ok());
/// assert!(verify_inclusion(&two, 0, 2, &[one], &root).is_err());
/// ```
pub fn verify_inclusion(
    leaf_hash: &Digest,
    index: u64,
    size: u64,
    path: &[Digest],
    root: &Digest,
) -> Result<(), Error> {
    if root_of_path(leaf_hash, index, size, path)? == *root {
        Ok(())
    } else {
        Err(Error::NotInLog { index, size })
    }
}
