//! Hashes of leaves and nodes, and the place of a complete subtree.

use super::super::Digest;

/// How many leaves a log may have: 2^53 - 1, so that every size and index is exact in JSON.
pub const LARGEST_SIZE: u64 = (1 << 53) - 1;

/// The hash of a leaf: SHA-256 of a zero byte and the leaf.
///
/// # References
///
/// RFC 9162 section 2.1.1. Leaves and nodes begin differently, so that no leaf can pass for a node.
///
/// ```
/// use grid_core::proof::{Digest, merkle::leaf_hash};
/// assert_eq!(leaf_hash(b"a"), Digest::of(b"\0a"));
/// ```
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    Digest::of_parts(&[&[0], leaf])
}

/// The hash of a node: SHA-256 of a one byte, the left and the right hash.
///
/// # References
///
/// RFC 9162 section 2.1.1.
///
/// ```
/// use grid_core::proof::{Digest, merkle::node_hash};
/// let (left, right) = (Digest::of(b"left"), Digest::of(b"right"));
/// assert_ne!(node_hash(&left, &right), node_hash(&right, &left));
/// ```
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    Digest::of_parts(&[&[1], left.as_bytes(), right.as_bytes()])
}

/// The root of a log without leaves: SHA-256 of nothing.
///
/// # References
///
/// RFC 9162 section 2.1.1.
pub fn empty_root() -> Digest {
    Digest::of(b"")
}

/// The place of a complete subtree: with `level` 0 a leaf, else the node over `2^level` leaves.
///
/// The subtree of level `l` and index `i` is that of the leaves from `i * 2^l` up to but without `(i + 1) * 2^l`. It
/// never changes once the log has those leaves, so it can be kept under this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    /// How many nodes stand between this one and a leaf.
    pub level: u32,
    /// How many complete subtrees of this level stand left of it.
    pub index: u64,
}

/// A complete subtree and its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    /// Where it stands.
    pub id: NodeId,
    /// Its hash.
    pub hash: Digest,
}

/// The largest power of two that is smaller than `count`, which is at least 2: where RFC 9162 cuts a tree.
pub(super) const fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_cut_at_the_largest_smaller_power_of_two() {
        let cuts: Vec<u64> = (2..10).map(split).collect();
        assert_eq!(cuts, [1, 2, 2, 4, 4, 4, 4, 8]);
        assert_eq!(split(LARGEST_SIZE), 1 << 52);
    }
}
