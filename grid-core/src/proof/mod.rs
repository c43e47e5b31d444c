//! What was issued cannot be changed unseen.
//!
//! Every statement is a leaf of an append-only Merkle log ([`merkle`], RFC 9162), in its canonical JSON
//! ([`CanonicalJson`], RFC 8785). The log's head is signed (Ed25519, [`SignedHead`]), and a [`Receipt`] leads from a
//! statement to a head. A stranger needs the statement, its receipt and the public key, and no network: the three say
//! whether the statement is unchanged and in the log. Two heads and a path between them ([`verify_consistency`]) say that
//! the log only grew, and [`verify_log`] recomputes one that was exported as a whole.
//!
//! Nothing here reads a clock, a file or a database. A database keeps the leaves, the complete nodes that
//! [`merkle::Frontier::append`] returns and the frontier's own bytes; a [`merkle::Plan`] says which nodes a path needs.
//!
//! ```
//! use grid_core::proof::{Bundle, CanonicalJson, LogKey, Receipt, TreeHead, merkle::Log};
//!
//! let key = LogKey::generate()?;
//! let mut log = Log::default();
//! let march = CanonicalJson::parse(r#"{"member": "ana", "amount": "12.34", "currency": "EUR"}"#)?;
//! let index = log.append(march.leaf_hash())?;
//! log.append(CanonicalJson::parse(r#"{"member": "ben", "amount": "8.00", "currency": "EUR"}"#)?.leaf_hash())?;
//!
//! let now: jiff::Timestamp = "2026-04-01T06:00:00Z".parse().unwrap();
//! let head = TreeHead::new("grid.example", log.size(), log.root(log.size())?, now)?.sign(&key)?;
//! let path = log.inclusion_path(index, log.size())?;
//! let receipt = Receipt::new(index, march.leaf_hash(), path, head);
//! let text = Bundle::new(march, receipt).to_string();
//!
//! // The stranger's side.
//! let verified = Bundle::parse(&text)?.verify(&key.public_key())?;
//! assert_eq!((verified.origin(), verified.leaf_index(), verified.tree_size()), ("grid.example", 0, 2));
//! let changed = text.replace("12.34", "12.43");
//! assert!(Bundle::parse(&changed)?.verify(&key.public_key()).is_err());
//! # Ok::<(), grid_core::proof::Error>(())
//! ```
//!
//! What this does not show: that the log has one history for all its readers. A server that signs two histories is found
//! out when two of its heads are compared, so keep the heads that you were given.

mod base64;
mod bundle;
mod canonical;
mod error;
mod export;
mod hash;
mod head;
mod log_key;
mod members;
mod receipt;
mod scan;
mod signature;

pub mod merkle;

pub use bundle::Bundle;
pub use canonical::{CanonicalJson, DEEPEST, LONGEST_TEXT, parse_json};
pub use error::Error;
pub use export::{LogVerifier, VerifiedLog, verify_log, verify_log_from};
pub use hash::Digest;
pub use head::{SignedHead, TreeHead, verify_consistency};
pub use log_key::LogKey;
pub use receipt::{Receipt, Verified, verify_statement};
pub use signature::{KeyId, PublicKey, Signature};
