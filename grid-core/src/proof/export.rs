//! A whole log that was exported, recomputed entry by entry.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    io::{BufRead, ErrorKind, Read as _},
};

use serde_json::Value;

use super::{
    Bundle, CanonicalJson, Digest, Error, LONGEST_TEXT, PublicKey, SignedHead, TreeHead,
    head::same_log,
    merkle::{Frontier, empty_root},
    parse_json,
};

/// Recomputes a log from its entries, one at a time, and holds it against signed heads.
///
/// An entry is a statement, or a [`Bundle`]: an object of a `statement` and a `proof`. Both may stand in one log. What is found
/// depends on what there is to hold an entry against. A bundle shows by its own receipt that it was changed or moved. Of
/// bare statements the heads alone show that something is wrong: the entry lies behind the last head that held, so the
/// more heads are given, the narrower is the answer. The heads inside the bundles count, too.
///
/// Keeps a few hashes, however long the log is. After a fault there is nothing more to ask.
///
/// ```
/// use grid_core::proof::{CanonicalJson, Error, LogKey, LogVerifier, TreeHead, merkle::Log};
/// let key = LogKey::generate()?;
/// let entries = [r#"{"amount":"1.00"}"#, r#"{"amount":"2.00"}"#, r#"{"amount":"3.00"}"#];
/// let mut log = Log::default();
/// for entry in entries {
///     log.append(CanonicalJson::parse(entry)?.leaf_hash())?;
/// }
/// let now = "2026-04-01T06:00:00Z".parse().unwrap();
/// let head = |size| TreeHead::new("grid.example", size, log.root(size)?, now)?.sign(&key);
/// let heads = [head(1)?, head(3)?];
///
/// let mut verifier = LogVerifier::new(&heads, &key.public_key())?;
/// verifier.entry(entries[0])?;
/// verifier.entry(r#"{"amount":"2.50"}"#)?;
/// assert_eq!(verifier.entry(entries[2]), Err(Error::EntriesChanged { first: 1, last: 2 }));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LogVerifier {
    key: PublicKey,
    /// The largest of the heads.
    head: TreeHead,
    /// The roots that were signed, by size; those that are behind are taken out.
    roots: BTreeMap<u64, Digest>,
    frontier: Frontier,
    /// Up to here a signed root has held.
    held: u64,
    /// The head of the last bundle: most have the same, and one signature is enough for all of them.
    known: Option<SignedHead>,
}

impl LogVerifier {
    /// Begins with the heads to hold the log against, in any order. The largest says how long the log must be.
    ///
    /// # Errors
    ///
    /// [`Error::NoHead`]; as [`SignedHead::verify`]; [`Error::WrongOrigin`] where they are of several logs, and
    /// [`Error::Forked`] where two have one size and two roots.
    pub fn new<'a>(heads: impl IntoIterator<Item = &'a SignedHead>, key: &PublicKey) -> Result<Self, Error> {
        // The empty log is where every log begins.
        let mut roots = BTreeMap::from([(0, empty_root())]);
        let mut largest: Option<&TreeHead> = None;
        for head in heads {
            let head = head.verify(key)?;
            if let Some(other) = largest {
                same_log(other, head)?;
            }
            add(&mut roots, head)?;
            if largest.is_none_or(|other| other.tree_size() < head.tree_size()) {
                largest = Some(head);
            }
        }
        let head = largest.ok_or(Error::NoHead)?.clone();
        Ok(Self { key: *key, head, roots, frontier: Frontier::default(), held: 0, known: None })
    }

    /// Takes the next entry.
    ///
    /// # Errors
    ///
    /// - [`Error::EntryRefused`]: the entry is no JSON that can be signed, or it does not fit its own receipt.
    /// - [`Error::EntryMoved`]: by its own receipt it is another entry.
    /// - [`Error::EntriesChanged`]: the log up to here has not the root that was signed.
    /// - [`Error::Forked`]: the receipts' heads have another history than the heads that were given.
    /// - [`Error::LogGrew`]: the largest head ends before this entry.
    pub fn entry(&mut self, text: &str) -> Result<(), Error> {
        let index = self.frontier.size();
        if index >= self.head.tree_size() {
            return Err(Error::LogGrew { expected: self.head.tree_size() });
        }
        let refused = |source| Error::EntryRefused { entry: index, source: Box::new(source) };
        let value = parse_json(text).map_err(refused)?;
        let leaf_hash = if is_bundle(&value) {
            let bundle = Bundle::read(&value).map_err(refused)?;
            self.check(&bundle).map_err(refused)?;
            if bundle.receipt().leaf_index() != index {
                return Err(Error::EntryMoved { entry: bundle.receipt().leaf_index(), expected: index });
            }
            if bundle.receipt().head().unverified().tree_size() <= self.head.tree_size() {
                add(&mut self.roots, bundle.receipt().head().unverified())?;
            }
            bundle.statement().leaf_hash()
        } else {
            CanonicalJson::from_value(&value).map_err(refused)?.leaf_hash()
        };
        self.frontier.append(leaf_hash)?;
        self.hold()
    }

    /// Checks a bundle, its head's signature only where it is another one than the last.
    fn check(&mut self, bundle: &Bundle) -> Result<(), Error> {
        let receipt = bundle.receipt();
        if self.known.as_ref() != Some(receipt.head()) {
            same_log(&self.head, receipt.head().verify(&self.key)?)?;
            self.known = Some(receipt.head().clone());
        }
        receipt.verify_path(&bundle.statement().leaf_hash())
    }

    /// Compares the root with the one that was signed over as many entries, if there is one.
    fn hold(&mut self) -> Result<(), Error> {
        let size = self.frontier.size();
        if let Some(root) = self.roots.remove(&size) {
            if root != self.frontier.root() {
                return Err(Error::EntriesChanged { first: self.held, last: size.saturating_sub(1) });
            }
            self.held = size;
        }
        Ok(())
    }

    /// Ends: the log has all the entries that its largest head was signed over.
    ///
    /// # Errors
    ///
    /// [`Error::LogCut`] where entries are missing at the end.
    pub fn finish(self) -> Result<VerifiedLog, Error> {
        let (expected, got) = (self.head.tree_size(), self.frontier.size());
        if got < expected {
            return Err(Error::LogCut { expected, got });
        }
        Ok(VerifiedLog { head: self.head, frontier: self.frontier })
    }
}

/// Notes a signed root; there is one for each size.
fn add(roots: &mut BTreeMap<u64, Digest>, head: &TreeHead) -> Result<(), Error> {
    match roots.entry(head.tree_size()) {
        Entry::Vacant(free) => {
            free.insert(*head.root_hash());
            Ok(())
        }
        Entry::Occupied(known) if known.get() == head.root_hash() => Ok(()),
        Entry::Occupied(_) => Err(Error::Forked { size: head.tree_size() }),
    }
}

fn is_bundle(value: &Value) -> bool {
    value.as_object().is_some_and(|members| {
        members.len() == 2 && members.contains_key("statement") && members.contains_key("proof")
    })
}

/// A log that was recomputed as a whole and has the root that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedLog {
    head: TreeHead,
    frontier: Frontier,
}

impl VerifiedLog {
    /// The head that the log has: its origin, size, root and time.
    pub const fn head(&self) -> &TreeHead {
        &self.head
    }

    /// The log's right edge, to go on from.
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }
}

/// Recomputes a whole log from its entries, and says which one breaks it; see [`LogVerifier`].
///
/// # Errors
///
/// As [`LogVerifier::new`], [`LogVerifier::entry`] and [`LogVerifier::finish`].
///
/// ```
/// use grid_core::proof::{CanonicalJson, Error, LogKey, TreeHead, merkle::Log, verify_log};
/// let key = LogKey::generate()?;
/// let export = "{\"amount\":\"1.00\"}\n{\"amount\":\"2.00\"}\n";
/// let mut log = Log::default();
/// for entry in export.lines() {
///     log.append(CanonicalJson::parse(entry)?.leaf_hash())?;
/// }
/// let now = "2026-04-01T06:00:00Z".parse().unwrap();
/// let head = TreeHead::new("grid.example", 2, log.root(2)?, now)?.sign(&key)?;
///
/// let public_key = key.public_key();
/// assert_eq!(verify_log(export.lines(), [&head], &public_key)?.head().tree_size(), 2);
/// let cut = verify_log(export.lines().take(1), [&head], &public_key);
/// assert_eq!(cut, Err(Error::LogCut { expected: 2, got: 1 }));
/// # Ok::<(), Error>(())
/// ```
pub fn verify_log<'a, E: AsRef<str>>(
    entries: impl IntoIterator<Item = E>,
    heads: impl IntoIterator<Item = &'a SignedHead>,
    key: &PublicKey,
) -> Result<VerifiedLog, Error> {
    let mut verifier = LogVerifier::new(heads, key)?;
    for entry in entries {
        verifier.entry(entry.as_ref())?;
    }
    verifier.finish()
}

/// Recomputes a whole log from lines of JSON (NDJSON), in bounded memory; see [`LogVerifier`].
///
/// # Errors
///
/// As [`verify_log`], and [`Error::LogUnreadable`] where the reader fails or the bytes are no text in UTF-8.
pub fn verify_log_from<'a>(
    mut lines: impl BufRead,
    heads: impl IntoIterator<Item = &'a SignedHead>,
    key: &PublicKey,
) -> Result<VerifiedLog, Error> {
    let mut verifier = LogVerifier::new(heads, key)?;
    let mut line = Vec::new();
    loop {
        let entry = verifier.frontier.size();
        line.clear();
        // One more than the longest text and its line end, so that a line that is too long is seen to be.
        let most = u64::try_from(LONGEST_TEXT).unwrap_or(u64::MAX).saturating_add(3);
        let read = lines.by_ref().take(most).read_until(b'\n', &mut line);
        if read.map_err(|fault| Error::LogUnreadable { entry, kind: fault.kind() })? == 0 {
            return verifier.finish();
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        // A text that is cut in the middle of a character is too long, which is the better answer.
        if text.len() > LONGEST_TEXT {
            let source = Box::new(Error::TooLong { most: LONGEST_TEXT, got: text.len() });
            return Err(Error::EntryRefused { entry, source });
        }
        let text = std::str::from_utf8(text)
            .map_err(|_| Error::LogUnreadable { entry, kind: ErrorKind::InvalidData })?;
        verifier.entry(text)?;
    }
}

#[cfg(test)]
mod tests;
