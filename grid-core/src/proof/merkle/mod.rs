//! The append-only tree: hashes of leaves and nodes, growth, and the two sorts of path.
//!
//! The shape is that of certificate transparency logs, so that other programs can check it. A tree of any size is cut into
//! complete subtrees, a [`NodeId`] each; those never change once they are complete and are what a database keeps. What
//! grows at the right edge is computed from them. [`Frontier`] appends with a few hashes of state, a [`Plan`] says which
//! nodes a root or a path needs before it is computed, [`verify_inclusion`] and [`verify_consistency`] check paths, and
//! [`Log`] does it all in memory.
//!
//! # References
//!
//! RFC 9162 (Certificate Transparency Version 2.0) section 2.1.

mod consistency;
mod frontier;
mod inclusion;
mod log;
mod node;
mod plan;

pub use consistency::verify_consistency;
pub use frontier::Frontier;
pub use inclusion::{root_of_path, verify_inclusion};
pub use log::Log;
pub use node::{LARGEST_SIZE, Node, NodeId, empty_root, leaf_hash, node_hash};
pub use plan::Plan;

#[cfg(test)]
mod published;
