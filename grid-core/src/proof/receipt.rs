//! What travels with a statement, and the check that a stranger makes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CanonicalJson, Digest, Error, KeyId, PublicKey, SignedHead, members::Members, merkle};

/// The longest path that any log has: one hash a level, and a size has at most 53 bits.
const LONGEST_PATH: usize = 64;

/// What travels with a statement: where it stands in the log, the path to the root, and the signed head.
///
/// In JSON it is an object with `leaf_index`, `leaf_hash`, `inclusion_path` and `head`. The hash of the leaf is there so that a
/// statement that was changed can be told from one that is not in the log; it is believed no further than that.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct Receipt {
    leaf_index: u64,
    leaf_hash: Digest,
    inclusion_path: Vec<Digest>,
    head: SignedHead,
}

impl Receipt {
    /// Puts a receipt together; see [`merkle::Plan::inclusion`] for the path. Nothing is verified here.
    pub const fn new(
        leaf_index: u64,
        leaf_hash: Digest,
        inclusion_path: Vec<Digest>,
        head: SignedHead,
    ) -> Self {
        Self { leaf_index, leaf_hash, inclusion_path, head }
    }

    /// Reads a receipt from JSON, strictly. It is not verified.
    ///
    /// # Errors
    ///
    /// As [`parse_json`](super::parse_json), and [`Error::WrongMember`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::read(&super::parse_json(text)?, "")
    }

    pub(super) fn read(value: &Value, pointer: &str) -> Result<Self, Error> {
        let members = Members::new(value, pointer, &["leaf_index", "leaf_hash", "inclusion_path", "head"])?;
        let leaf_index = members.count("leaf_index")?;
        let leaf_hash = members.text("leaf_hash", "64 hexadecimal digits", Digest::parse_exactly)?;
        let expected = "a list of up to 64 texts of 64 hexadecimal digits";
        let hashes =
            members.value("inclusion_path", expected)?.as_array().filter(|path| path.len() <= LONGEST_PATH);
        let inclusion_path = hashes
            .and_then(|path| path.iter().map(|hash| Digest::parse_exactly(hash.as_str()?)).collect())
            .ok_or_else(|| members.wrong("inclusion_path", expected))?;
        let head = SignedHead::read(members.value("head", "a signed head")?, &members.pointer("head"))?;
        Ok(Self { leaf_index, leaf_hash, inclusion_path, head })
    }

    /// Where the statement stands in the log, from 0.
    pub const fn leaf_index(&self) -> u64 {
        self.leaf_index
    }

    /// The leaf that the receipt was made for.
    pub const fn leaf_hash(&self) -> &Digest {
        &self.leaf_hash
    }

    /// The path from the leaf to the root.
    pub fn inclusion_path(&self) -> &[Digest] {
        &self.inclusion_path
    }

    /// The head that the path leads to.
    pub const fn head(&self) -> &SignedHead {
        &self.head
    }

    /// The id of the key that verifies the receipt.
    pub const fn key_id(&self) -> KeyId {
        self.head.key_id()
    }

    /// All but the signature: that the leaf is the statement's and the path leads to the head's root.
    pub(super) fn verify_path(&self, leaf_hash: &Digest) -> Result<(), Error> {
        let head = self.head.unverified();
        let size = head.tree_size();
        if self.leaf_index >= size {
            return Err(Error::IndexBeyondSize { index: self.leaf_index, size });
        }
        if *leaf_hash != self.leaf_hash {
            return Err(Error::StatementChanged { expected: self.leaf_hash, got: *leaf_hash });
        }
        merkle::verify_inclusion(leaf_hash, self.leaf_index, size, &self.inclusion_path, head.root_hash())
    }
}

impl TryFrom<Value> for Receipt {
    type Error = Error;

    fn try_from(value: Value) -> Result<Self, Error> {
        Self::read(&value, "")
    }
}

/// What was proved about a statement: the community `origin` has signed a log in which it is an entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct Verified {
    origin: String,
    leaf_index: u64,
    leaf_hash: Digest,
    tree_size: u64,
    root_hash: Digest,
    #[serde(serialize_with = "as_text")]
    timestamp: Timestamp,
    key_id: KeyId,
}

fn as_text<S: serde::Serializer>(timestamp: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(timestamp)
}

impl Verified {
    /// The name of the log. Compare it with the one that you expect, where one key signs several logs.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Where the statement stands in the log, from 0.
    pub const fn leaf_index(&self) -> u64 {
        self.leaf_index
    }

    /// The statement's hash as a leaf, by which the community finds it.
    pub const fn leaf_hash(&self) -> &Digest {
        &self.leaf_hash
    }

    /// How many entries the log had when the head was signed.
    pub const fn tree_size(&self) -> u64 {
        self.tree_size
    }

    /// The root that was signed.
    pub const fn root_hash(&self) -> &Digest {
        &self.root_hash
    }

    /// When the head was signed, by the signer's clock: the statement was issued before.
    pub const fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// The key that signed it.
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }
}

/// Verifies that a statement is unchanged and in the log, with the public key alone.
///
/// The statement is a JSON text, a [`Value`] or a [`CanonicalJson`]. Prefer the text: names that stand twice and numbers
/// that change are only seen there.
///
/// # Errors
///
/// - [`Error::WrongKey`]: the receipt is signed with another key.
/// - [`Error::WrongSignature`]: the head was changed.
/// - [`Error::IndexBeyondSize`]: the log has no such entry.
/// - [`Error::StatementChanged`]: the statement is not the one that the receipt was made for.
/// - [`Error::WrongPathLength`]: the path has too few or too many hashes.
/// - [`Error::NotInLog`]: the path leads to another root than the one that was signed.
/// - As [`parse_json`](super::parse_json) where the text is no JSON that can be signed.
///
/// # References
///
/// RFC 9162 section 2.1.3.2, RFC 8785, RFC 8032.
///
/// ```
/// # use grid_core::proof::{CanonicalJson, LogKey, Receipt, TreeHead, merkle::Log};
/// # let key = LogKey::generate()?;
/// # let mut log = Log::default();
/// # let leaf = CanonicalJson::parse(r#"{"amount": "12.34"}"#)?.leaf_hash();
/// # log.append(leaf)?;
/// # let head = TreeHead::new("grid.example", 1, log.root(1)?, "2026-04-01T06:00:00Z".parse().unwrap())?.sign(&key)?;
/// # let receipt = Receipt::new(0, leaf, log.inclusion_path(0, 1)?, head);
/// # let public_key = key.public_key();
/// use grid_core::proof::{Error, verify_statement};
/// let verified = verify_statement(r#"{"amount": "12.34"}"#, &receipt, &public_key)?;
/// assert_eq!(verified.origin(), "grid.example");
///
/// let changed = verify_statement(r#"{"amount": "12.35"}"#, &receipt, &public_key);
/// assert!(matches!(changed, Err(Error::StatementChanged { .. })));
/// # Ok::<(), Error>(())
/// ```
pub fn verify_statement<S>(statement: S, receipt: &Receipt, key: &PublicKey) -> Result<Verified, Error>
where
    S: TryInto<CanonicalJson>,
    Error: From<S::Error>,
{
    let head = receipt.head.verify(key)?;
    let leaf_hash = statement.try_into()?.leaf_hash();
    receipt.verify_path(&leaf_hash)?;
    Ok(Verified {
        origin: head.origin().to_owned(),
        leaf_index: receipt.leaf_index,
        leaf_hash,
        tree_size: head.tree_size(),
        root_hash: *head.root_hash(),
        timestamp: head.timestamp(),
        key_id: receipt.key_id(),
    })
}
