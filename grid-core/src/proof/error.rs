//! Errors of proofs.

use std::convert::Infallible;

use super::{Digest, KeyId};
use crate::error::{Failure, Kind, Place};

/// Something was not proved, or could not be read or made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text is not JSON.
    #[error("expected JSON, got something else at line {line}, column {column}")]
    NotJson {
        /// Line of the fault, from 1.
        line: u64,
        /// Column of the fault in bytes, from 1.
        column: u64,
        /// How the text begins, cut to a printable length.
        got: String,
    },
    /// An object has two members of one name, so two readers may read two things.
    #[error("expected each name once in an object, got `{name}` again at line {line}, column {column}")]
    DuplicateName {
        /// The name as it is written.
        name: String,
        /// Line of the second one, from 1.
        line: u64,
        /// Column of the second one, from 1.
        column: u64,
    },
    /// A number would be another one in the canonical form.
    #[error("expected a number that an IEEE 754 double holds, got `{got}`")]
    NumberChanges {
        /// The number.
        got: String,
        /// Its line, from 1, where it stood in a text.
        line: Option<u64>,
        /// Its column, from 1, where it stood in a text.
        column: Option<u64>,
    },
    /// Objects and lists stand too deep in one another.
    #[error("expected at most {most} levels of objects and lists, got more")]
    TooDeep {
        /// The limit.
        most: usize,
    },
    /// A text is too long.
    #[error("expected at most {most} bytes, got {got}")]
    TooLong {
        /// The limit.
        most: usize,
        /// How long it is, or how much of it was read.
        got: usize,
    },
    /// Something has no form in JSON.
    #[error(
        "expected something with a form in JSON, got a number that is not finite or a name that is not a text"
    )]
    NotSerialisable,
    /// A text is not a SHA-256 digest.
    #[error("expected a SHA-256 digest of 64 hexadecimal digits, got `{got}`")]
    NotADigest {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A text is not the id of a key.
    #[error("expected a key id of 16 hexadecimal digits, got `{got}`")]
    NotAKeyId {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A text is not an Ed25519 signature.
    #[error("expected an Ed25519 signature of 86 base64url characters, got `{got}`")]
    NotASignature {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A text is not an Ed25519 public key.
    #[error("expected a public key `ed25519:` and 43 base64url characters, a PEM or a JWK, got `{got}`")]
    NotAPublicKey {
        /// The text, cut to a printable length.
        got: String,
    },
    /// Bytes are not an Ed25519 private key.
    #[error("expected an Ed25519 private key as PKCS#8, got {got} bytes of something else")]
    LogKeyUnreadable {
        /// How many bytes there were.
        got: usize,
    },
    /// A member of a receipt, a head or a bundle is not what it must be.
    #[error("expected {expected} in `{pointer}`, got {got}")]
    WrongMember {
        /// JSON pointer of the member.
        pointer: String,
        /// What was expected there.
        expected: &'static str,
        /// What stood there.
        got: String,
    },
    /// A text does not name the origin of a log.
    #[error("expected an origin of 1 to 200 characters without control characters, got `{got}`")]
    NotAnOrigin {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A log cannot be as large as a head says.
    #[error("expected a log of at most {most} entries, got {got}")]
    TooManyEntries {
        /// The limit.
        most: u64,
        /// The size.
        got: u64,
    },
    /// A head was signed with another key than the one that was given.
    #[error("expected a head signed with the key `{expected}`, got one signed with `{got}`")]
    WrongKey {
        /// The id of the key that was given.
        expected: KeyId,
        /// The id that the head names.
        got: KeyId,
    },
    /// A head was changed after it was signed, or was never signed.
    #[error("the signature of the head over {size} entries of `{origin}` is not that of the key `{key_id}`")]
    WrongSignature {
        /// The key.
        key_id: KeyId,
        /// The log that the head speaks of.
        origin: String,
        /// The size that it claims.
        size: u64,
    },
    /// Two heads are of two logs.
    #[error("expected a head of the log `{expected}`, got one of `{got}`")]
    WrongOrigin {
        /// The first head's log.
        expected: String,
        /// The other head's log.
        got: String,
    },
    /// A statement is another one than its receipt was made for.
    #[error("the statement was changed: its receipt is for the leaf {expected}, and it is the leaf {got}")]
    StatementChanged {
        /// The leaf that the receipt names.
        expected: Digest,
        /// The leaf that the statement is.
        got: Digest,
    },
    /// A path leads from the leaf to another root than the log's.
    #[error("the leaf is not entry {index} of the log of {size} entries: its path leads to another root")]
    NotInLog {
        /// The place that was claimed.
        index: u64,
        /// The log's size.
        size: u64,
    },
    /// A log has no such entry.
    #[error("expected an entry below the log's size {size}, got {index}")]
    IndexBeyondSize {
        /// The place that was asked for.
        index: u64,
        /// The log's size.
        size: u64,
    },
    /// A path has too few or too many hashes.
    #[error("expected a path of {expected} hashes, got {got}")]
    WrongPathLength {
        /// How many the tree needs.
        expected: usize,
        /// How many there are.
        got: usize,
    },
    /// The newer log is smaller than the older one.
    #[error("the log shrank from {old_size} to {new_size} entries")]
    LogShrank {
        /// The older size.
        old_size: u64,
        /// The newer size.
        new_size: u64,
    },
    /// Two heads of one size have two roots: the log has two histories.
    #[error("the log has two histories: two roots over the same {size} entries")]
    Forked {
        /// The size.
        size: u64,
    },
    /// A path does not lead from the older log to the newer one.
    #[error("the log of {new_size} entries does not begin with the log of {old_size} entries")]
    NotConsistent {
        /// The older size.
        old_size: u64,
        /// The newer size.
        new_size: u64,
    },
    /// An entry of an exported log does not hold by itself.
    #[error("entry {entry} of the log does not hold")]
    EntryRefused {
        /// The entry, from 0.
        entry: u64,
        /// What is wrong with it.
        source: Box<Self>,
    },
    /// An entry of an exported log stands in another's place.
    #[error("entry {entry} of the log stands in the place of entry {expected}")]
    EntryMoved {
        /// The entry that stands there by its own receipt, from 0.
        entry: u64,
        /// The entry that ought to stand there.
        expected: u64,
    },
    /// An exported log has other entries than those that were signed.
    #[error("the entries {first} to {last} of the log are not the ones that were signed")]
    EntriesChanged {
        /// The first that may be wrong, from 0.
        first: u64,
        /// The last that may be wrong.
        last: u64,
    },
    /// An exported log ends before its head does.
    #[error("the log ends after {got} entries, and its head was signed over {expected}")]
    LogCut {
        /// The head's size.
        expected: u64,
        /// How many entries there are.
        got: u64,
    },
    /// An exported log goes on behind its head.
    #[error("the log has more than the {expected} entries that its head was signed over")]
    LogGrew {
        /// The head's size.
        expected: u64,
    },
    /// There is no head to hold a log against.
    #[error("expected at least one signed head to hold the log against, got none")]
    NoHead,
    /// An exported log could not be read.
    #[error("failed to read the log behind entry {entry}")]
    LogUnreadable {
        /// How many entries could be read.
        entry: u64,
        /// Whether the reader failed, or the bytes are no text in UTF-8.
        kind: std::io::ErrorKind,
    },
    /// A log has as many entries as it can have.
    #[error("the log is full: it has {most} entries")]
    LogFull {
        /// The limit.
        most: u64,
    },
    /// A stored tree lacks a node.
    #[error("expected the node of level {level} and index {index} in the stored tree, got nothing")]
    NodeMissing {
        /// The node's level.
        level: u32,
        /// The node's index.
        index: u64,
    },
    /// Stored bytes are not the right edge of a log.
    #[error("expected the right edge of a log, got {got} bytes of something else")]
    FrontierUnreadable {
        /// How many bytes there were.
        got: usize,
    },
    /// The operating system gave no random bytes.
    #[error("failed to get random bytes from the operating system")]
    NoRandom,
    /// A head could not be signed.
    #[error("failed to sign with the key `{key_id}`")]
    SigningFailed {
        /// The key.
        key_id: KeyId,
    },
}

impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl Failure for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::TooLong { .. } => Kind::TooLarge,
            Self::EntryRefused { source, .. } => source.kind(),
            Self::NotJson { .. }
            | Self::DuplicateName { .. }
            | Self::NumberChanges { .. }
            | Self::TooDeep { .. }
            | Self::NotSerialisable
            | Self::NotADigest { .. }
            | Self::NotAKeyId { .. }
            | Self::NotASignature { .. }
            | Self::NotAPublicKey { .. }
            | Self::LogKeyUnreadable { .. }
            | Self::WrongMember { .. }
            | Self::NotAnOrigin { .. }
            | Self::TooManyEntries { .. }
            | Self::WrongKey { .. }
            | Self::WrongSignature { .. }
            | Self::WrongOrigin { .. }
            | Self::StatementChanged { .. }
            | Self::NotInLog { .. }
            | Self::IndexBeyondSize { .. }
            | Self::WrongPathLength { .. }
            | Self::LogShrank { .. }
            | Self::Forked { .. }
            | Self::NotConsistent { .. }
            | Self::EntryMoved { .. }
            | Self::EntriesChanged { .. }
            | Self::LogCut { .. }
            | Self::LogGrew { .. }
            | Self::NoHead
            | Self::LogUnreadable { .. } => Kind::Invalid,
            Self::LogFull { .. }
            | Self::NodeMissing { .. }
            | Self::FrontierUnreadable { .. }
            | Self::NoRandom
            | Self::SigningFailed { .. } => Kind::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::DuplicateName { .. } => "leave one of the two members out",
            Self::NumberChanges { .. } => "write the number as a text, such as `\"9007199254740993\"`",
            Self::NotAPublicKey { .. } => "take the public key as the community publishes it",
            Self::WrongKey { .. } => {
                "ask the community for the key with that id, or whether the receipt is its own"
            }
            Self::WrongSignature { .. } => "get the head again from the community; this one was changed",
            Self::StatementChanged { .. } => {
                "get the statement again from the community, and compare the two"
            }
            Self::NotInLog { .. } => {
                "ask the community for the statement's receipt; keep this one as evidence"
            }
            Self::Forked { .. } | Self::NotConsistent { .. } | Self::LogShrank { .. } => {
                "keep both heads: together they show that the log was rewritten"
            }
            Self::EntriesChanged { .. } => "check the receipts of these entries one by one",
            Self::LogCut { .. } => "get the rest of the log, or a head of that size",
            Self::LogGrew { .. } => "get a newer head",
            Self::EntryRefused { source, .. } => return source.hint(),
            _ => return None,
        };
        Some(hint.to_owned())
    }

    fn places(&self) -> Vec<Place> {
        let place = match self {
            Self::NotJson { line, column, got } => Place {
                line: Some(*line),
                column: Some(*column),
                expected: "JSON".to_owned(),
                got: got.clone(),
                ..Place::default()
            },
            Self::DuplicateName { name, line, column } => Place {
                line: Some(*line),
                column: Some(*column),
                expected: "each name once in an object".to_owned(),
                got: name.clone(),
                ..Place::default()
            },
            Self::NumberChanges { got, line, column } => Place {
                line: *line,
                column: *column,
                expected: "a number that an IEEE 754 double holds".to_owned(),
                got: got.clone(),
                ..Place::default()
            },
            Self::WrongMember { pointer, expected, got } => Place {
                pointer: Some(pointer.clone()),
                expected: (*expected).to_owned(),
                got: got.clone(),
                ..Place::default()
            },
            // The line of an export is its entry, counted from 1; what stands inside has no line of its own.
            Self::EntryRefused { entry, source } => {
                let mut places = source.places();
                for place in &mut places {
                    place.line = Some(entry.saturating_add(1));
                }
                return places;
            }
            _ => return Vec::new(),
        };
        vec![place]
    }
}
