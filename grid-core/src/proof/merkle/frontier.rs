//! The right edge of a log: all that appending needs.

use super::{
    super::{Digest, Error},
    LARGEST_SIZE, Node, NodeId, empty_root, node_hash,
};

/// The right edge of a log: the hashes of its complete subtrees, from the largest to the smallest.
///
/// One hash for each bit that is set in the size, so 20 hashes are enough for a million leaves. A database keeps it as
/// bytes, and appends without looking at another node.
///
/// ```
/// use grid_core::proof::merkle::{Frontier, leaf_hash};
/// let mut frontier = Frontier::default();
/// frontier.append(leaf_hash(b"one"))?;
/// let new = frontier.append(leaf_hash(b"two"))?;
/// // The second leaf, and the node over both: what a database has to keep.
/// assert_eq!(new.iter().map(|node| (node.id.level, node.id.index)).collect::<Vec<_>>(), [(0, 1), (1, 0)]);
///
/// let kept = frontier.to_bytes();
/// assert_eq!(Frontier::from_bytes(&kept)?, frontier);
/// # Ok::<(), grid_core::proof::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    subtrees: Vec<Digest>,
}

impl Frontier {
    /// How many leaves the log has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the log as it is now.
    ///
    /// # References
    ///
    /// RFC 9162 section 2.1.1.
    pub fn root(&self) -> Digest {
        join(self.subtrees.iter().copied()).unwrap_or_else(empty_root)
    }

    /// Appends a leaf by its [`leaf_hash`](super::leaf_hash), and gives the subtrees that it completes: the leaf first, then the
    /// nodes above it.
    ///
    /// # Errors
    ///
    /// [`Error::LogFull`] past [`LARGEST_SIZE`] leaves.
    pub fn append(&mut self, leaf_hash: Digest) -> Result<Vec<Node>, Error> {
        if self.size >= LARGEST_SIZE {
            return Err(Error::LogFull { most: LARGEST_SIZE });
        }
        let mut node = Node { id: NodeId { level: 0, index: self.size }, hash: leaf_hash };
        let mut complete = vec![node];
        // As in counting: where the last bit is set, two subtrees of one size become one.
        while node.id.index & 1 == 1 {
            let Some(left) = self.subtrees.pop() else { break };
            node = Node {
                id: NodeId { level: node.id.level + 1, index: node.id.index >> 1 },
                hash: node_hash(&left, &node.hash),
            };
            complete.push(node);
        }
        self.subtrees.push(node.hash);
        self.size += 1;
        Ok(complete)
    }

    /// The bytes to keep: the size in eight bytes, the largest first, and the hashes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        for hash in &self.subtrees {
            bytes.extend_from_slice(hash.as_bytes());
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    ///
    /// [`Error::FrontierUnreadable`] when the bytes are anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let unreadable = || Error::FrontierUnreadable { got: bytes.len() };
        let (size, hashes) = bytes.split_first_chunk::<8>().ok_or_else(unreadable)?;
        let size = u64::from_be_bytes(*size);
        let (hashes, rest) = hashes.as_chunks::<32>();
        if size > LARGEST_SIZE || !rest.is_empty() || u64::from(size.count_ones()) != count(hashes) {
            return Err(unreadable());
        }
        Ok(Self { size, subtrees: hashes.iter().copied().map(Digest::from_bytes).collect() })
    }
}

fn count<T>(items: &[T]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}

/// The root over complete subtrees that stand side by side, from the largest to the smallest; `None` over none.
pub(super) fn join(subtrees: impl DoubleEndedIterator<Item = Digest>) -> Option<Digest> {
    subtrees.rev().reduce(|right, left| node_hash(&left, &right))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{leaf_hash, published},
        *,
    };

    #[test]
    fn the_roots_are_the_published_ones() {
        let mut frontier = Frontier::default();
        assert_eq!(frontier.root().to_string(), published::EMPTY);
        for (leaf, root) in published::leaves().iter().zip(published::ROOTS) {
            frontier.append(leaf_hash(leaf)).unwrap();
            assert_eq!(frontier.root().to_string(), root);
        }
    }

    #[test]
    fn each_complete_subtree_comes_once() {
        let mut frontier = Frontier::default();
        let mut seen = Vec::new();
        for number in 0..200_u64 {
            let new = frontier.append(leaf_hash(&number.to_be_bytes())).unwrap();
            assert!(new.iter().all(|node| (node.id.index + 1) << node.id.level == number + 1));
            seen.extend(new.into_iter().map(|node| node.id));
        }
        let expected: Vec<NodeId> = (0..8_u32)
            .flat_map(|level| (0..200_u64 >> level).map(move |index| NodeId { level, index }))
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, expected);
    }

    #[test]
    fn bytes_that_are_no_frontier_are_refused() {
        let mut frontier = Frontier::default();
        for number in 0..5_u64 {
            frontier.append(leaf_hash(&number.to_be_bytes())).unwrap();
        }
        let bytes = frontier.to_bytes();
        assert_eq!(bytes.len(), 8 + 2 * 32);
        for wrong in [&bytes[..bytes.len() - 1], &bytes[..bytes.len() - 32], &bytes[..7], &[], &[255; 8]] {
            assert_eq!(Frontier::from_bytes(wrong), Err(Error::FrontierUnreadable { got: wrong.len() }));
        }
        let mut full = LARGEST_SIZE.to_be_bytes().to_vec();
        full.extend([7; 53 * 32]);
        let mut full = Frontier::from_bytes(&full).unwrap();
        assert_eq!(full.append(leaf_hash(b"")), Err(Error::LogFull { most: LARGEST_SIZE }));
    }

    proptest! {
        #[test]
        fn a_frontier_goes_on_from_its_bytes(size in 0..300_u64, cut in 0..300_u64) {
            let mut whole = Frontier::default();
            let mut kept = Frontier::default();
            for number in 0..size {
                whole.append(leaf_hash(&number.to_be_bytes())).unwrap();
                kept.append(leaf_hash(&number.to_be_bytes())).unwrap();
                if number == cut {
                    kept = Frontier::from_bytes(&kept.to_bytes()).unwrap();
                }
            }
            prop_assert_eq!(whole, kept);
        }

        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            if let Ok(frontier) = Frontier::from_bytes(&bytes) {
                prop_assert_eq!(frontier.to_bytes(), bytes);
            }
        }
    }
}
