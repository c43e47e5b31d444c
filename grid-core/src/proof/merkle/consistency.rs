//! Whether a log only grew.

use super::{
    super::{Digest, Error},
    Plan, empty_root, node_hash,
};

/// Checks that the log with the new root begins with the very leaves of the log with the old root.
///
/// Nothing else than growth passes: no leaf was changed, taken out, put in before the end or moved.
///
/// # Errors
///
/// [`Error::LogShrank`] where the new log is the smaller one, [`Error::Forked`] where both have one size and two roots,
/// [`Error::WrongPathLength`], and [`Error::NotConsistent`] where the path does not lead to both roots.
///
/// # References
///
/// RFC 9162 section 2.1.4.2. That section does not speak of an empty old log; it is consistent with every log, by an
/// empty path, as long as its root is that of an empty log.
///
/// ```
/// use grid_core::proof::merkle::{leaf_hash, node_hash, verify_consistency};
/// let (one, two) = (leaf_hash(b"one"), leaf_hash(b"two"));
/// assert!(verify_consistency((1, &one), (2, &node_hash(&one, &two)), &[two]).is_ok());
/// assert!(verify_consistency((1, &two), (2, &node_hash(&one, &two)), &[two]).is_err());
/// ```
pub fn verify_consistency(
    (old_size, old_root): (u64, &Digest),
    (new_size, new_root): (u64, &Digest),
    path: &[Digest],
) -> Result<(), Error> {
    let expected = Plan::consistency(old_size, new_size)?.path_length();
    if path.len() != expected {
        return Err(Error::WrongPathLength { expected, got: path.len() });
    }
    let not_consistent = || Error::NotConsistent { old_size, new_size };
    if old_size == new_size {
        return if old_root == new_root { Ok(()) } else { Err(Error::Forked { size: old_size }) };
    }
    if old_size == 0 {
        return if *old_root == empty_root() { Ok(()) } else { Err(not_consistent()) };
    }
    // Where the old log is one complete subtree, its root is the first node; otherwise the path begins with the last
    // subtree of the old log.
    let (first, rest) = if old_size.is_power_of_two() {
        (*old_root, path)
    } else {
        path.split_first().map(|(first, rest)| (*first, rest)).ok_or_else(not_consistent)?
    };
    let (mut place, mut last) = (old_size - 1, new_size - 1);
    while place & 1 == 1 {
        place >>= 1;
        last >>= 1;
    }
    // As in an inclusion: at the right edge the siblings stand on the left, up to the end.
    let (mut old, mut new) = (first, first);
    for hash in rest {
        if place & 1 == 1 || place == last {
            old = node_hash(hash, &old);
            new = node_hash(hash, &new);
        } else {
            new = node_hash(&new, hash);
        }
        place >>= 1;
        last >>= 1;
    }
    if old == *old_root && new == *new_root { Ok(()) } else { Err(not_consistent()) }
}
