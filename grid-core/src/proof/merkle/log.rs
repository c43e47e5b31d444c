//! A log in memory.

use super::{
    super::{Digest, Error},
    Frontier, NodeId, Plan,
};

/// A log in memory, with all its complete subtrees: 64 bytes a leaf.
///
/// For programs without a database, and for everything that has the leaves at hand.
///
/// ```
/// use grid_core::proof::merkle::{Log, leaf_hash, verify_consistency, verify_inclusion};
/// let mut log = Log::default();
/// for leaf in ["a", "b", "c"] {
///     log.append(leaf_hash(leaf.as_bytes()))?;
/// }
/// let (old, new) = (log.root(2)?, log.root(3)?);
/// assert!(verify_inclusion(&leaf_hash(b"b"), 1, 3, &log.inclusion_path(1, 3)?, &new).is_ok());
/// assert!(verify_consistency((2, &old), (3, &new), &log.consistency_path(2, 3)?).is_ok());
/// # Ok::<(), grid_core::proof::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    frontier: Frontier,
    /// The complete subtrees of each level, from the left to the right.
    levels: Vec<Vec<Digest>>,
}

impl Log {
    /// How many leaves the log has.
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The right edge, to go on from elsewhere.
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Appends a leaf by its [`leaf_hash`](super::leaf_hash), and gives its index.
    ///
    /// # Errors
    ///
    /// [`Error::LogFull`].
    pub fn append(&mut self, leaf_hash: Digest) -> Result<u64, Error> {
        let index = self.frontier.size();
        // The subtrees come from the leaf upwards, so one for each level from the first on.
        for (level, node) in self.frontier.append(leaf_hash)?.into_iter().enumerate() {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            if let Some(nodes) = self.levels.get_mut(level) {
                nodes.push(node.hash);
            }
        }
        Ok(index)
    }

    /// The hash of a complete subtree, if the log has it.
    pub fn node(&self, id: NodeId) -> Option<Digest> {
        let nodes = self.levels.get(usize::try_from(id.level).ok()?)?;
        nodes.get(usize::try_from(id.index).ok()?).copied()
    }

    /// The root of the first `size` leaves.
    ///
    /// # Errors
    ///
    /// [`Error::NodeMissing`] where the log is smaller.
    pub fn root(&self, size: u64) -> Result<Digest, Error> {
        let root = Plan::root(size).path(|id| self.node(id))?;
        Ok(root.first().copied().unwrap_or_else(super::empty_root))
    }

    /// The path from a leaf to the root of the first `size` leaves.
    ///
    /// # Errors
    ///
    /// [`Error::IndexBeyondSize`], or [`Error::NodeMissing`] where the log is smaller.
    pub fn inclusion_path(&self, index: u64, size: u64) -> Result<Vec<Digest>, Error> {
        Plan::inclusion(index, size)?.path(|id| self.node(id))
    }

    /// The path from the first `old_size` leaves to the first `new_size`.
    ///
    /// # Errors
    ///
    /// [`Error::LogShrank`], or [`Error::NodeMissing`] where the log is smaller.
    pub fn consistency_path(&self, old_size: u64, new_size: u64) -> Result<Vec<Digest>, Error> {
        Plan::consistency(old_size, new_size)?.path(|id| self.node(id))
    }
}

impl Extend<Digest> for Log {
    /// Appends leaves by their hashes, as far as the log is not full.
    fn extend<I: IntoIterator<Item = Digest>>(&mut self, leaf_hashes: I) {
        for leaf_hash in leaf_hashes {
            if self.append(leaf_hash).is_err() {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{empty_root, leaf_hash, node_hash, published, verify_consistency, verify_inclusion},
        *,
    };

    /// RFC 9162 section 2.1.1, as it stands there.
    fn naive_root(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => empty_root(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(naive_split(leaves.len()));
                node_hash(&naive_root(left), &naive_root(right))
            }
        }
    }

    fn naive_split(count: usize) -> usize {
        let mut k = 1;
        while 2 * k < count {
            k *= 2;
        }
        k
    }

    /// RFC 9162 section 2.1.3.1: PATH.
    fn naive_inclusion(index: usize, leaves: &[Digest]) -> Vec<Digest> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let k = naive_split(leaves.len());
        let (left, right) = leaves.split_at(k);
        let (mut path, sibling) = if index < k {
            (naive_inclusion(index, left), naive_root(right))
        } else {
            (naive_inclusion(index - k, right), naive_root(left))
        };
        path.push(sibling);
        path
    }

    /// RFC 9162 section 2.1.4.1: SUBPROOF.
    fn naive_consistency(old: usize, leaves: &[Digest], known: bool) -> Vec<Digest> {
        if old == leaves.len() {
            return if known { Vec::new() } else { vec![naive_root(leaves)] };
        }
        let k = naive_split(leaves.len());
        let (left, right) = leaves.split_at(k);
        let (mut path, sibling) = if old <= k {
            (naive_consistency(old, left, known), naive_root(right))
        } else {
            (naive_consistency(old - k, right, false), naive_root(left))
        };
        path.push(sibling);
        path
    }

    fn leaves(count: u64) -> Vec<Digest> {
        (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
    }

    fn log_of(leaves: &[Digest]) -> Log {
        let mut log = Log::default();
        log.extend(leaves.iter().copied());
        log
    }

    fn of(size: usize) -> u64 {
        size.try_into().unwrap()
    }

    #[test]
    fn the_published_paths_hold() {
        let hashes: Vec<Digest> = published::leaves().iter().map(|leaf| leaf_hash(leaf)).collect();
        let log = log_of(&hashes);
        for (size, root) in (1..).zip(published::ROOTS) {
            assert_eq!(log.root(size).unwrap().to_string(), root);
        }
        for (index, size, path) in published::INCLUSION {
            let expected: Vec<Digest> = path.iter().map(|hash| hash.parse().unwrap()).collect();
            assert_eq!(log.inclusion_path(*index, *size).unwrap(), expected);
            let leaf = &hashes[usize::try_from(*index).unwrap()];
            assert_eq!(verify_inclusion(leaf, *index, *size, &expected, &log.root(*size).unwrap()), Ok(()));
        }
        for (old, new, path) in published::CONSISTENCY {
            let expected: Vec<Digest> = path.iter().map(|hash| hash.parse().unwrap()).collect();
            assert_eq!(log.consistency_path(*old, *new).unwrap(), expected);
            let (old_root, new_root) = (log.root(*old).unwrap(), log.root(*new).unwrap());
            assert_eq!(verify_consistency((*old, &old_root), (*new, &new_root), &expected), Ok(()));
        }
    }

    #[test]
    fn every_path_of_every_small_log_is_that_of_the_standard_and_verifies() {
        let all = leaves(131);
        let log = log_of(&all);
        for size in 1..=all.len() {
            let part = &all[..size];
            let root = log.root(of(size)).unwrap();
            assert_eq!(root, naive_root(part));
            for (index, leaf) in part.iter().enumerate() {
                let path = log.inclusion_path(of(index), of(size)).unwrap();
                assert_eq!(verify_inclusion(leaf, of(index), of(size), &path, &root), Ok(()));
                let old_size = of(index + 1);
                let old = log.root(old_size).unwrap();
                let grown = log.consistency_path(old_size, of(size)).unwrap();
                assert_eq!(verify_consistency((old_size, &old), (of(size), &root), &grown), Ok(()));
                // The slow way takes as many hashes as there are leaves, so in larger logs not for each of them.
                if size <= 40 || index % 13 == size % 13 {
                    assert_eq!(path, naive_inclusion(index, part));
                    assert_eq!(grown, naive_consistency(index + 1, part, true));
                }
            }
        }
    }

    #[test]
    fn an_empty_log_is_the_beginning_of_every_log() {
        let log = log_of(&leaves(3));
        let root = log.root(3).unwrap();
        assert_eq!(verify_consistency((0, &empty_root()), (3, &root), &[]), Ok(()));
        assert_eq!(verify_consistency((0, &empty_root()), (0, &empty_root()), &[]), Ok(()));
        assert!(verify_consistency((0, &root), (3, &root), &[]).is_err());
        assert_eq!(verify_consistency((3, &empty_root()), (3, &root), &[]), Err(Error::Forked { size: 3 }));
        assert!(verify_consistency((4, &root), (3, &root), &[]).is_err());
    }

    #[test]
    fn a_log_has_no_root_of_leaves_that_are_to_come() {
        let log = log_of(&leaves(5));
        assert_eq!(log.root(6), Err(Error::NodeMissing { level: 1, index: 2 }));
        assert!(log.inclusion_path(1, u64::MAX).is_err());
        assert!(log.consistency_path(1, u64::MAX).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn large_logs_hold(size in 1..3000_usize, part in any::<usize>(), stored in any::<usize>()) {
            let all = leaves(of(size));
            let log = log_of(&all);
            let root = log.root(of(size)).unwrap();
            prop_assert_eq!(root, naive_root(&all));
            prop_assert_eq!(root, log.frontier().root());
            let index = part % size;
            let path = log.inclusion_path(of(index), of(size)).unwrap();
            prop_assert_eq!(&path, &naive_inclusion(index, &all));
            prop_assert_eq!(verify_inclusion(&all[index], of(index), of(size), &path, &root), Ok(()));
            let old = stored % size + 1;
            let path = log.consistency_path(of(old), of(size)).unwrap();
            prop_assert_eq!(&path, &naive_consistency(old, &all, true));
            let old_root = log.root(of(old)).unwrap();
            prop_assert_eq!(verify_consistency((of(old), &old_root), (of(size), &root), &path), Ok(()));
        }

        #[test]
        fn a_changed_part_of_an_inclusion_is_found(size in 1..300_u64, part in any::<u64>(), bit in 0..256_usize, which in any::<usize>()) {
            let all = leaves(size);
            let log = log_of(&all);
            let (index, root) = (part % size, log.root(size).unwrap());
            let leaf = all[usize::try_from(index).unwrap()];
            let path = log.inclusion_path(index, size).unwrap();
            let flipped = |hash: &Digest| {
                let mut bytes = *hash.as_bytes();
                bytes[bit / 8] ^= 1 << (bit % 8);
                Digest::from_bytes(bytes)
            };
            prop_assert!(verify_inclusion(&flipped(&leaf), index, size, &path, &root).is_err());
            prop_assert!(verify_inclusion(&leaf, index, size, &path, &flipped(&root)).is_err());
            for other in (0..size + 2).filter(|other| *other != index) {
                prop_assert!(verify_inclusion(&leaf, other, size, &path, &root).is_err());
            }
            let wrong_length = |got: usize| Err(Error::WrongPathLength { expected: path.len(), got });
            let mut longer = path.clone();
            longer.push(root);
            prop_assert_eq!(verify_inclusion(&leaf, index, size, &longer, &root), wrong_length(longer.len()));
            if !path.is_empty() {
                let which = which % path.len();
                let mut changed = path.clone();
                changed[which] = flipped(&path[which]);
                prop_assert!(verify_inclusion(&leaf, index, size, &changed, &root).is_err());
                let mut shorter = path.clone();
                shorter.remove(which);
                prop_assert_eq!(verify_inclusion(&leaf, index, size, &shorter, &root), wrong_length(shorter.len()));
            }
        }

        #[test]
        fn a_log_that_was_rewritten_is_found(old in 1..200_usize, more in 1..200_usize, first in any::<usize>(), second in any::<usize>()) {
            let all = leaves(of(old + more));
            let log = log_of(&all);
            let old_root = log.root(of(old)).unwrap();
            // Three ways to rewrite what was there: replace an entry, exchange two, take one out.
            let (first, second) = (first % old, second % all.len());
            let mut replaced = all.clone();
            replaced[first] = leaf_hash(b"another");
            let mut exchanged = all.clone();
            exchanged.swap(first, second);
            let mut shorter = all.clone();
            shorter.remove(first);
            for rewritten in [replaced, exchanged, shorter] {
                if rewritten == all {
                    continue;
                }
                let log = log_of(&rewritten);
                let new_root = log.root(log.size()).unwrap();
                // The rewriter's own path, and that of the true log.
                for path in [log.consistency_path(of(old), log.size()), log_of(&all).consistency_path(of(old), log.size())] {
                    prop_assert!(verify_consistency((of(old), &old_root), (log.size(), &new_root), &path.unwrap()).is_err());
                }
            }
        }
    }
}
