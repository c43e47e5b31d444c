//! Which stored nodes a root or a path needs, and how they are put together.

use super::{
    super::{Digest, Error},
    NodeId, empty_root,
    frontier::join,
    node::split,
};

/// Which complete subtrees a root or a path needs, before anything is computed.
///
/// A database asks for [`Self::nodes`] in one go, however it likes, and hands them in; no leaf and no other node is
/// looked at. For a log of `n` leaves that is some `2 * log2(n)` nodes at the most.
///
/// ```
/// use std::collections::HashMap;
/// use grid_core::proof::merkle::{Frontier, Plan, leaf_hash, verify_inclusion};
///
/// // What a database keeps.
/// let mut stored = HashMap::new();
/// let mut frontier = Frontier::default();
/// for leaf in ["a", "b", "c", "d", "e"] {
///     stored.extend(frontier.append(leaf_hash(leaf.as_bytes()))?.into_iter().map(|node| (node.id, node.hash)));
/// }
///
/// let plan = Plan::inclusion(2, 5)?;
/// let fetched: HashMap<_, _> = plan.nodes().map(|id| (id, stored[&id])).collect();
/// let path = plan.path(|id| fetched.get(&id).copied())?;
/// assert!(verify_inclusion(&leaf_hash(b"c"), 2, 5, &path, &frontier.root()).is_ok());
/// # Ok::<(), grid_core::proof::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// One entry for each hash of the path; each made of complete subtrees side by side.
    elements: Vec<Vec<NodeId>>,
}

impl Plan {
    /// What the path from leaf `index` to the root of the first `size` leaves needs.
    ///
    /// # Errors
    ///
    /// [`Error::IndexBeyondSize`] where the log has no such leaf.
    ///
    /// # References
    ///
    /// RFC 9162 section 2.1.3.1.
    pub fn inclusion(index: u64, size: u64) -> Result<Self, Error> {
        if index >= size {
            return Err(Error::IndexBeyondSize { index, size });
        }
        let mut elements = Vec::new();
        let (mut start, mut end) = (0, size);
        while end - start > 1 {
            let middle = start + split(end - start);
            if index < middle {
                elements.push(cover(middle, end));
                end = middle;
            } else {
                elements.push(cover(start, middle));
                start = middle;
            }
        }
        elements.reverse();
        Ok(Self { elements })
    }

    /// What the path from the log of `old_size` leaves to that of `new_size` leaves needs.
    ///
    /// It needs nothing where the two are equal, or where the old log is empty: everything is consistent with nothing.
    ///
    /// # Errors
    ///
    /// [`Error::LogShrank`] where the new log is the smaller one.
    ///
    /// # References
    ///
    /// RFC 9162 section 2.1.4.1.
    pub fn consistency(old_size: u64, new_size: u64) -> Result<Self, Error> {
        if old_size > new_size {
            return Err(Error::LogShrank { old_size, new_size });
        }
        let mut elements = Vec::new();
        if old_size > 0 && old_size < new_size {
            let (mut start, mut end) = (0, new_size);
            while end != old_size {
                let middle = start + split(end - start);
                if old_size <= middle {
                    elements.push(cover(middle, end));
                    end = middle;
                } else {
                    elements.push(cover(start, middle));
                    start = middle;
                }
            }
            // With a start of zero this would be the old root, which the reader has.
            if start > 0 {
                elements.push(cover(start, end));
            }
            elements.reverse();
        }
        Ok(Self { elements })
    }

    /// What the root of the first `size` leaves needs; its path is that one hash.
    pub fn root(size: u64) -> Self {
        Self { elements: vec![cover(0, size)] }
    }

    /// How many hashes the path has.
    pub fn path_length(&self) -> usize {
        self.elements.len()
    }

    /// The nodes that are needed, none twice.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.elements.iter().flatten().copied()
    }

    /// Puts the path together from the nodes.
    ///
    /// # Errors
    ///
    /// [`Error::NodeMissing`] where `node` does not have one.
    pub fn path(&self, node: impl Fn(NodeId) -> Option<Digest>) -> Result<Vec<Digest>, Error> {
        let hash = |id: &NodeId| node(*id).ok_or(Error::NodeMissing { level: id.level, index: id.index });
        self.elements
            .iter()
            .map(|ids| {
                let hashes = ids.iter().map(hash).collect::<Result<Vec<_>, _>>()?;
                Ok(join(hashes.into_iter()).unwrap_or_else(empty_root))
            })
            .collect()
    }
}

/// The complete subtrees over the leaves from `start` up to but without `end`, the largest first.
///
/// `start` is where a tree was cut, so it is a multiple of the size of every subtree behind it.
fn cover(start: u64, end: u64) -> Vec<NodeId> {
    let mut ids = Vec::new();
    let mut at = start;
    while at < end {
        let level = (end - at).ilog2();
        ids.push(NodeId { level, index: at >> level });
        at += 1 << level;
    }
    ids
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::{super::LARGEST_SIZE, *};

    fn id(level: u32, index: u64) -> NodeId {
        NodeId { level, index }
    }

    /// The tree of seven leaves that RFC 9162 section 2.1.5 draws, and its paths; `i`, `j`, `k`, `l` there are nodes here.
    #[test]
    fn the_paths_of_the_drawn_tree_hold() {
        let leaf = |index| vec![id(0, index)];
        let pair = |index| vec![id(1, index)];
        let four = vec![id(2, 0)];
        let right = vec![id(1, 2), id(0, 6)];
        let inclusion = |index| Plan::inclusion(index, 7).unwrap().elements;
        assert_eq!(inclusion(0), [leaf(1), pair(1), right.clone()]);
        assert_eq!(inclusion(3), [leaf(2), pair(0), right.clone()]);
        assert_eq!(inclusion(4), [leaf(5), leaf(6), four.clone()]);
        assert_eq!(inclusion(6), [pair(2), four.clone()]);
        let consistency = |old| Plan::consistency(old, 7).unwrap().elements;
        assert_eq!(consistency(3), [leaf(2), leaf(3), pair(0), right.clone()]);
        assert_eq!(consistency(4), [right]);
        assert_eq!(consistency(6), [pair(2), leaf(6), four]);
    }

    #[test]
    fn what_cannot_be_planned_is_refused() {
        assert_eq!(Plan::inclusion(0, 0), Err(Error::IndexBeyondSize { index: 0, size: 0 }));
        assert_eq!(Plan::inclusion(5, 5), Err(Error::IndexBeyondSize { index: 5, size: 5 }));
        assert_eq!(Plan::consistency(6, 5), Err(Error::LogShrank { old_size: 6, new_size: 5 }));
        assert_eq!(Plan::consistency(5, 5).unwrap().path_length(), 0);
        assert_eq!(Plan::consistency(0, 5).unwrap().path_length(), 0);
        assert_eq!(
            Plan::root(3).path(|id| (id.level == 0).then(empty_root)),
            Err(Error::NodeMissing { level: 1, index: 0 })
        );
    }

    proptest! {
        #[test]
        fn a_plan_needs_few_nodes_that_exist_and_none_twice(
            size in prop_oneof![1..300_u64, 1..=LARGEST_SIZE, Just(u64::MAX)],
            part in any::<u64>(),
        ) {
            let index = part % size;
            for plan in [
                Plan::inclusion(index, size).unwrap(),
                Plan::consistency(index + 1, size).unwrap(),
                Plan::root(size),
            ] {
                let nodes: Vec<NodeId> = plan.nodes().collect();
                prop_assert_eq!(nodes.iter().collect::<HashSet<_>>().len(), nodes.len());
                prop_assert!(nodes.len() <= 130);
                for node in nodes {
                    let end = (u128::from(node.index) + 1) << node.level;
                    prop_assert!(end <= u128::from(size), "{:?} is not complete", node);
                }
            }
        }
    }
}
