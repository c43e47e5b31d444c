//! Which node is a part of which.

use std::collections::BTreeMap;

use crate::{error::excerpt, forecast::Error};

/// A whole and its parts, and theirs, to any depth; a branch may be deeper than the next one.
///
/// ```
/// use grid_core::forecast::Hierarchy;
/// let hierarchy = Hierarchy::new([
///     ("community", None),
///     ("ana", Some("community")),
///     ("ben", Some("community")),
///     ("ana/oven", Some("ana")),
///     ("ana/rest", Some("ana")),
/// ])?;
/// assert_eq!(hierarchy.whole(), "community");
/// assert_eq!(hierarchy.parts("ana"), ["ana/oven", "ana/rest"]);
/// assert_eq!(hierarchy.leaves(), ["ben", "ana/oven", "ana/rest"]);
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hierarchy {
    /// Every node after the one that it is a part of, so the whole comes first.
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) name: String,
    /// The places of its parts among the nodes.
    pub(super) parts: Vec<usize>,
}

impl Hierarchy {
    /// Makes a hierarchy of each node's name and the name of the node that it is a part of; only the whole has none.
    ///
    /// # Errors
    ///
    /// [`Error::NodeTwice`] for a name that comes twice, [`Error::UnknownParent`] for a node of a whole that is not there,
    /// [`Error::Wholes`] where not exactly one node stands alone, [`Error::Cycle`] where nodes are parts of each other.
    pub fn new<N: Into<String>>(parents: impl IntoIterator<Item = (N, Option<N>)>) -> Result<Self, Error> {
        let mut names: Vec<String> = Vec::new();
        let mut places = BTreeMap::new();
        let mut parents_of: Vec<Option<String>> = Vec::new();
        for (name, parent) in parents {
            let name = name.into();
            if places.insert(name.clone(), names.len()).is_some() {
                return Err(Error::NodeTwice { node: excerpt(&name) });
            }
            names.push(name);
            parents_of.push(parent.map(Into::into));
        }
        let mut parts_of: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
        let mut wholes = Vec::new();
        for (place, (name, parent)) in names.iter().zip(&parents_of).enumerate() {
            let Some(parent) = parent else {
                wholes.push(place);
                continue;
            };
            let parts = places.get(parent).and_then(|parent| parts_of.get_mut(*parent));
            let unknown = || Error::UnknownParent { node: excerpt(name), parent: excerpt(parent) };
            parts.ok_or_else(unknown)?.push(place);
        }
        if wholes.len() > 1 || names.is_empty() {
            return Err(Error::Wholes { got: wholes.len() });
        }
        // Breadth first from the whole on; what is not met hangs on a cycle.
        let mut order = wholes;
        let mut new_places: Vec<Option<usize>> = vec![None; names.len()];
        let mut next = 0;
        while let Some(&place) = order.get(next) {
            if let Some(new_place) = new_places.get_mut(place) {
                *new_place = Some(next);
            }
            order.extend(parts_of.get(place).into_iter().flatten());
            next += 1;
        }
        if let Some((name, _)) = names.iter().zip(&new_places).find(|(_, new_place)| new_place.is_none()) {
            return Err(Error::Cycle { node: excerpt(name) });
        }
        let nodes = order
            .into_iter()
            .map(|place| Node {
                name: names.get(place).cloned().unwrap_or_default(),
                parts: parts_of
                    .get(place)
                    .into_iter()
                    .flatten()
                    .filter_map(|part| new_places.get(*part).copied().flatten())
                    .collect(),
            })
            .collect();
        Ok(Self { nodes })
    }

    /// The name of the whole.
    pub fn whole(&self) -> &str {
        self.nodes.first().map_or("", |node| node.name.as_str())
    }

    /// The names of all nodes, each after the one that it is a part of.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.nodes.iter().map(|node| node.name.as_str())
    }

    /// The names of the parts of a node, in the order in which they were given; none for a leaf or an unknown node.
    pub fn parts(&self, node: &str) -> Vec<&str> {
        let found = self.nodes.iter().find(|known| known.name == node);
        let parts = found.into_iter().flat_map(|node| &node.parts);
        parts.filter_map(|part| self.nodes.get(*part)).map(|part| part.name.as_str()).collect()
    }

    /// The names of the nodes that have no parts.
    pub fn leaves(&self) -> Vec<&str> {
        self.nodes.iter().filter(|node| node.parts.is_empty()).map(|node| node.name.as_str()).collect()
    }

    /// The nodes, each after the one that it is a part of.
    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Puts the sum of its parts in the place of every node that has parts.
    pub(super) fn add_up(&self, values: &mut [f64]) {
        for (place, node) in self.nodes.iter().enumerate().rev().filter(|(_, node)| !node.parts.is_empty()) {
            let sum = node.parts.iter().filter_map(|part| values.get(*part)).sum();
            if let Some(value) = values.get_mut(place) {
                *value = sum;
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A tree of `sizes.len() + 1` nodes: node `n + 1` is a part of one of the nodes before it.
    pub(in crate::forecast::hierarchy) fn tree(parents: &[usize]) -> Hierarchy {
        let mut nodes = vec![("n0".to_owned(), None)];
        for (place, parent) in parents.iter().enumerate() {
            nodes.push((format!("n{}", place + 1), Some(format!("n{}", parent % (place + 1)))));
        }
        Hierarchy::new(nodes).unwrap()
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        let none: [(&str, Option<&str>); 0] = [];
        assert!(matches!(Hierarchy::new(none), Err(Error::Wholes { got: 0 })));
        assert!(matches!(Hierarchy::new([("a", None), ("b", None)]), Err(Error::Wholes { got: 2 })));
        assert!(matches!(Hierarchy::new([("a", None), ("a", None)]), Err(Error::NodeTwice { .. })));
        let orphan = Hierarchy::new([("a", None), ("b", Some("c"))]).unwrap_err();
        assert_eq!(orphan.to_string(), "expected every whole among the nodes, got `b` as a part of `c`");
        let cycle = Hierarchy::new([("a", None), ("b", Some("c")), ("c", Some("b"))]);
        assert!(matches!(cycle, Err(Error::Cycle { node }) if node == "b"));
        assert!(matches!(Hierarchy::new([("a", Some("a"))]), Err(Error::Cycle { .. })));
    }

    #[test]
    fn the_order_of_the_nodes_does_not_matter() {
        let hierarchy = Hierarchy::new([("c", Some("b")), ("b", Some("a")), ("a", None)]).unwrap();
        assert_eq!(hierarchy.names().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(hierarchy.leaves(), ["c"]);
        assert!(hierarchy.parts("unknown").is_empty());
    }

    proptest! {
        #[test]
        fn the_whole_is_the_sum_of_the_leaves(parents in prop::collection::vec(0..99_usize, 0..30)) {
            let hierarchy = tree(&parents);
            prop_assert_eq!(hierarchy.names().len(), parents.len() + 1);
            let mut values = vec![1.0; parents.len() + 1];
            hierarchy.add_up(&mut values);
            prop_assert!((values[0] - crate::forecast::real(hierarchy.leaves().len())).abs() < 1e-9);
        }
    }
}
