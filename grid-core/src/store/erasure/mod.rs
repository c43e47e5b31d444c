//! Forgetting a person: what goes, and what has to stay and why.
//!
//! The account becomes a name that says nothing, because rows that stay refer to it. What others' accounts stand on stays
//! (`docs/decisions/0010-archive-and-erasure.md`): statements and their log, which anybody who has one can verify, and the
//! readings that they were made from, with those that wait for the next settlement of the same community.

mod devices;
mod person;
mod readings;
mod trail;

pub use person::Erased;
