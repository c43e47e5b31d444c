//! The head of a log: how long it is and what its root is, signed.

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap as _};
use serde_json::{Value, json};

use super::{
    CanonicalJson, Digest, Error, KeyId, LogKey, PublicKey, Signature,
    members::Members,
    merkle::{self, LARGEST_SIZE},
};
use crate::error::excerpt;

/// What stands before the canonical JSON of a head when it is signed, so that no other text that the key signs can pass
/// for a head, and a later form of heads can be told from this one.
const DOMAIN: &[u8] = b"grid log head v1\n";
/// The longest name of a log, in characters.
const LONGEST_ORIGIN: usize = 200;

/// How long a log is and what its root is, at one time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TreeHead {
    origin: String,
    tree_size: u64,
    root_hash: Digest,
    timestamp: Timestamp,
}

impl TreeHead {
    /// Makes a head of the log `origin`: a name that stays the same, such as the server's, so that the head of one log
    /// does not pass for another's.
    ///
    /// The time is cut to microseconds, as databases keep it.
    ///
    /// # Errors
    ///
    /// [`Error::NotAnOrigin`], or [`Error::TooManyEntries`] past [`LARGEST_SIZE`].
    pub fn new(origin: &str, tree_size: u64, root_hash: Digest, timestamp: Timestamp) -> Result<Self, Error> {
        let length = origin.chars().count();
        if !(1..=LONGEST_ORIGIN).contains(&length) || origin.chars().any(char::is_control) {
            return Err(Error::NotAnOrigin { got: excerpt(origin) });
        }
        if tree_size > LARGEST_SIZE {
            return Err(Error::TooManyEntries { most: LARGEST_SIZE, got: tree_size });
        }
        let to_micros = TimestampRound::new().smallest(Unit::Microsecond).mode(RoundMode::Floor);
        // Only the very first instants of the calendar have nothing below them; they have no fraction either.
        let timestamp = timestamp.round(to_micros).unwrap_or(timestamp);
        Ok(Self { origin: origin.to_owned(), tree_size, root_hash, timestamp })
    }

    /// The log's name.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many leaves the log has.
    pub const fn tree_size(&self) -> u64 {
        self.tree_size
    }

    /// The root over these leaves.
    pub const fn root_hash(&self) -> &Digest {
        &self.root_hash
    }

    /// When the head was made.
    pub const fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// The bytes that are signed: `grid log head v1`, a line feed, and the canonical JSON of the four members.
    ///
    /// ```
    /// use grid_core::proof::{TreeHead, merkle};
    /// let head = TreeHead::new("grid.example", 0, merkle::empty_root(), "2026-04-01T06:00:00Z".parse().unwrap())?;
    /// assert_eq!(
    ///     String::from_utf8(head.signed_bytes()?).unwrap(),
    ///     "grid log head v1\n{\"origin\":\"grid.example\",\"root_hash\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b9\
    ///      34ca495991b7852b855\",\"timestamp\":\"2026-04-01T06:00:00Z\",\"tree_size\":0}",
    /// );
    /// # Ok::<(), grid_core::proof::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// None that a head could cause; the canonical form is fallible in general.
    pub fn signed_bytes(&self) -> Result<Vec<u8>, Error> {
        let canonical = CanonicalJson::from_value(&json!({
            "origin": self.origin,
            "tree_size": self.tree_size,
            "root_hash": self.root_hash.to_string(),
            "timestamp": self.timestamp.to_string(),
        }))?;
        Ok([DOMAIN, canonical.as_bytes()].concat())
    }

    /// Signs the head.
    ///
    /// # Errors
    ///
    /// [`Error::SigningFailed`].
    pub fn sign(self, key: &LogKey) -> Result<SignedHead, Error> {
        let signature = key.sign(&self.signed_bytes()?)?;
        Ok(SignedHead { head: self, key_id: key.key_id(), signature })
    }
}

/// A head and the signature over it: the community's word for its whole log.
///
/// In JSON it is one object: `origin`, `tree_size`, `root_hash`, `timestamp` (RFC 3339, UTC), `key_id`, `signature`.
///
/// ```
/// use grid_core::proof::{LogKey, SignedHead, TreeHead, merkle};
/// let key = LogKey::generate()?;
/// let head = TreeHead::new("grid.example", 0, merkle::empty_root(), "2026-04-01T06:00:00Z".parse().unwrap())?.sign(&key)?;
/// let text = serde_json::to_string(&head).unwrap();
/// let read = SignedHead::parse(&text)?;
/// assert_eq!(read.verify(&key.public_key())?.tree_size(), 0);
/// let changed = SignedHead::parse(&text.replace("06:00", "07:00"))?;
/// assert!(changed.verify(&key.public_key()).is_err());
/// # Ok::<(), grid_core::proof::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "Value")]
pub struct SignedHead {
    head: TreeHead,
    key_id: KeyId,
    signature: Signature,
}

impl SignedHead {
    /// Puts a head together that was signed before, as a database has kept it. It is not verified.
    pub const fn from_parts(head: TreeHead, key_id: KeyId, signature: Signature) -> Self {
        Self { head, key_id, signature }
    }

    /// Reads a head from JSON, strictly. It is not verified.
    ///
    /// # Errors
    ///
    /// As [`parse_json`](super::parse_json), and [`Error::WrongMember`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::read(&super::parse_json(text)?, "")
    }

    pub(super) fn read(value: &Value, pointer: &str) -> Result<Self, Error> {
        let names = ["origin", "tree_size", "root_hash", "timestamp", "key_id", "signature"];
        let members = Members::new(value, pointer, &names)?;
        let tree_size = members.count("tree_size")?;
        let root_hash = members.text("root_hash", "64 hexadecimal digits", Digest::parse_exactly)?;
        let instant = |text: &str| {
            let instant: Timestamp = text.parse().ok()?;
            // One spelling for one instant, the one that was signed.
            (instant.to_string() == text && instant.subsec_nanosecond() % 1000 == 0).then_some(instant)
        };
        let timestamp = members.text("timestamp", "an instant like `2026-03-29T01:00:00Z`", instant)?;
        let head = members.text("origin", "a name of 1 to 200 characters", |origin| {
            TreeHead::new(origin, tree_size, root_hash, timestamp).ok()
        })?;
        let key_id = members.text("key_id", "16 hexadecimal digits", |text| text.parse().ok())?;
        let signature = members.text("signature", "86 base64url characters", |text| text.parse().ok())?;
        Ok(Self { head, key_id, signature })
    }

    /// What the head says, whether or not it is signed rightly: for messages and for looking up a key.
    pub const fn unverified(&self) -> &TreeHead {
        &self.head
    }

    /// The id of the key that the head says it was signed with.
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The signature.
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Checks the signature, and gives what was signed.
    ///
    /// # Errors
    ///
    /// [`Error::WrongKey`] where the head names another key, [`Error::WrongSignature`] where any of its bytes was changed.
    pub fn verify(&self, key: &PublicKey) -> Result<&TreeHead, Error> {
        if self.key_id != key.key_id() {
            return Err(Error::WrongKey { expected: key.key_id(), got: self.key_id });
        }
        if key.is_signature(&self.head.signed_bytes()?, &self.signature) {
            Ok(&self.head)
        } else {
            Err(Error::WrongSignature {
                key_id: self.key_id,
                origin: excerpt(&self.head.origin),
                size: self.head.tree_size,
            })
        }
    }
}

impl TryFrom<Value> for SignedHead {
    type Error = Error;

    fn try_from(value: Value) -> Result<Self, Error> {
        Self::read(&value, "")
    }
}

impl Serialize for SignedHead {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(6))?;
        map.serialize_entry("origin", &self.head.origin)?;
        map.serialize_entry("tree_size", &self.head.tree_size)?;
        map.serialize_entry("root_hash", &self.head.root_hash)?;
        map.serialize_entry("timestamp", &self.head.timestamp.to_string())?;
        map.serialize_entry("key_id", &self.key_id)?;
        map.serialize_entry("signature", &self.signature)?;
        map.end()
    }
}

/// Checks that the log only grew from the old head to the new one: both are signed, of one log, and `path` leads from the
/// one to the other.
///
/// Where the key was changed in between, verify each head with its own key and then the roots with
/// [`merkle::verify_consistency`].
///
/// # Errors
///
/// As [`SignedHead::verify`] and [`merkle::verify_consistency`], and [`Error::WrongOrigin`] where the heads are of two logs.
///
/// # References
///
/// RFC 9162 section 2.1.4.
///
/// ```
/// use grid_core::proof::{LogKey, TreeHead, merkle::{Log, leaf_hash}, verify_consistency};
/// let key = LogKey::generate()?;
/// let mut log = Log::default();
/// log.extend(["a", "b", "c"].map(|leaf| leaf_hash(leaf.as_bytes())));
/// let now = "2026-04-01T06:00:00Z".parse().unwrap();
/// let old = TreeHead::new("grid.example", 2, log.root(2)?, now)?.sign(&key)?;
/// let new = TreeHead::new("grid.example", 3, log.root(3)?, now)?.sign(&key)?;
/// verify_consistency(&old, &new, &log.consistency_path(2, 3)?, &key.public_key())?;
/// # Ok::<(), grid_core::proof::Error>(())
/// ```
pub fn verify_consistency(
    old: &SignedHead,
    new: &SignedHead,
    path: &[Digest],
    key: &PublicKey,
) -> Result<(), Error> {
    let (old, new) = (old.verify(key)?, new.verify(key)?);
    same_log(old, new)?;
    merkle::verify_consistency((old.tree_size, &old.root_hash), (new.tree_size, &new.root_hash), path)
}

/// Refuses two heads that are not of one log.
pub(super) fn same_log(one: &TreeHead, other: &TreeHead) -> Result<(), Error> {
    if one.origin == other.origin {
        Ok(())
    } else {
        Err(Error::WrongOrigin { expected: excerpt(&one.origin), got: excerpt(&other.origin) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::proof::merkle::{Log, leaf_hash};

    fn key() -> LogKey {
        LogKey::from_seed(&[7; 32]).unwrap()
    }

    fn now() -> Timestamp {
        Timestamp::from_microsecond(1_775_023_200_123_456).unwrap()
    }

    fn log() -> Log {
        let mut log = Log::default();
        log.extend((0..20_u8).map(|leaf| leaf_hash(&[leaf])));
        log
    }

    fn head(log: &Log, size: u64) -> SignedHead {
        TreeHead::new("grid.example", size, log.root(size).unwrap(), now()).unwrap().sign(&key()).unwrap()
    }

    #[test]
    fn a_head_comes_back_from_its_json() {
        let head = head(&log(), 20);
        let text = serde_json::to_string(&head).unwrap();
        assert_eq!(SignedHead::parse(&text).as_ref(), Ok(&head));
        assert_eq!(serde_json::from_str::<SignedHead>(&text).unwrap(), head);
        let parts = SignedHead::from_parts(head.unverified().clone(), head.key_id(), *head.signature());
        assert_eq!(parts, head);
        assert_eq!(head.verify(&key().public_key()).unwrap().timestamp(), now());
    }

    #[test]
    fn the_time_is_cut_to_microseconds() {
        for (nanoseconds, micros) in [(1_999_i128, 1), (-1, -1), (1_000, 1)] {
            let time = Timestamp::from_nanosecond(nanoseconds).unwrap();
            let head = TreeHead::new("o", 0, merkle::empty_root(), time).unwrap();
            assert_eq!(head.timestamp(), Timestamp::from_microsecond(micros).unwrap());
        }
        for time in [Timestamp::MIN, Timestamp::MAX] {
            let head = TreeHead::new("o", 0, merkle::empty_root(), time).unwrap().sign(&key()).unwrap();
            let text = serde_json::to_string(&head).unwrap();
            assert_eq!(SignedHead::parse(&text).unwrap(), head);
        }
    }

    #[test]
    fn a_head_of_another_key_is_refused_and_names_both() {
        let other = LogKey::from_seed(&[8; 32]).unwrap();
        let refused = head(&log(), 3).verify(&other.public_key()).unwrap_err();
        assert_eq!(refused, Error::WrongKey { expected: other.key_id(), got: key().key_id() });
        // Somebody else's signature under the id of the right key.
        let forged =
            TreeHead::new("grid.example", 3, log().root(3).unwrap(), now()).unwrap().sign(&other).unwrap();
        let forged = SignedHead::from_parts(forged.head, key().key_id(), forged.signature);
        assert!(matches!(forged.verify(&key().public_key()), Err(Error::WrongSignature { .. })));
    }

    #[test]
    fn the_signature_is_not_over_the_json_alone() {
        let head = TreeHead::new("grid.example", 3, log().root(3).unwrap(), now()).unwrap();
        let bytes = head.signed_bytes().unwrap();
        let bare = key().sign(bytes.strip_prefix(DOMAIN).unwrap()).unwrap();
        let forged = SignedHead::from_parts(head, key().key_id(), bare);
        assert!(forged.verify(&key().public_key()).is_err());
    }

    #[test]
    fn every_changed_byte_of_a_head_is_found() {
        let text = serde_json::to_string(&head(&log(), 20)).unwrap();
        let public = key().public_key();
        assert!(SignedHead::parse(&text).unwrap().verify(&public).is_ok());
        for at in 0..text.len() {
            for other in [b' ', b'0', b'1', b'a', b'A', b'"', b'-', b'_', b'Z', text.as_bytes()[at] ^ 1] {
                let mut bytes = text.clone().into_bytes();
                if bytes[at] == other {
                    continue;
                }
                bytes[at] = other;
                let Ok(changed) = String::from_utf8(bytes) else { continue };
                let verified = SignedHead::parse(&changed).and_then(|head| head.verify(&public).cloned());
                assert!(verified.is_err(), "{changed}");
            }
        }
    }

    #[test]
    fn an_instant_has_one_spelling() {
        let text = serde_json::to_string(&head(&log(), 20)).unwrap();
        let spelt = now().to_string();
        for other in [
            spelt.replace('Z', "+00:00"),
            spelt.replace('T', " "),
            spelt.replace('Z', "000Z"),
            spelt.replace('Z', "001Z"),
            spelt.to_lowercase(),
        ] {
            let refused = SignedHead::parse(&text.replace(&spelt, &other)).unwrap_err();
            assert!(
                matches!(&refused, Error::WrongMember { pointer, .. } if pointer == "/timestamp"),
                "{other}: {refused}"
            );
        }
    }

    #[test]
    fn what_is_no_head_is_refused() {
        for origin in ["", "a\nb", &"x".repeat(201)] {
            assert!(matches!(
                TreeHead::new(origin, 0, merkle::empty_root(), now()),
                Err(Error::NotAnOrigin { .. })
            ));
        }
        assert!(TreeHead::new("o", LARGEST_SIZE, merkle::empty_root(), now()).unwrap().sign(&key()).is_ok());
        assert!(TreeHead::new("o", LARGEST_SIZE + 1, merkle::empty_root(), now()).is_err());
        let text = serde_json::to_string(&head(&log(), 20)).unwrap();
        for (from, to, pointer) in [
            ("\"tree_size\":20", "\"tree_size\":20.0", "/tree_size"),
            ("\"tree_size\":20", "\"tree_size\":\"20\"", "/tree_size"),
            ("\"tree_size\":20", "\"tree_size\":9007199254740992", "/tree_size"),
            ("\"origin\"", "\"from\"", "/from"),
            ("\"key_id\":\"", "\"key_id\":\"0", "/key_id"),
            ("\"signature\":\"", "\"signature\":\"0", "/signature"),
            ("\"root_hash\":\"", "\"root_hash\":\"0", "/root_hash"),
        ] {
            let refused = SignedHead::parse(&text.replace(from, to)).unwrap_err();
            assert!(matches!(&refused, Error::WrongMember { pointer: at, .. } if at == pointer), "{refused}");
        }
    }

    #[test]
    fn two_heads_show_that_the_log_only_grew() {
        let (log, public) = (log(), key().public_key());
        let path = |old, new| log.consistency_path(old, new).unwrap();
        for (old, new) in [(0, 20), (1, 20), (7, 20), (16, 20), (20, 20)] {
            assert_eq!(
                verify_consistency(&head(&log, old), &head(&log, new), &path(old, new), &public),
                Ok(())
            );
        }
        assert_eq!(
            verify_consistency(&head(&log, 20), &head(&log, 7), &path(7, 20), &public),
            Err(Error::LogShrank { old_size: 20, new_size: 7 })
        );
        let elsewhere =
            TreeHead::new("other.example", 20, log.root(20).unwrap(), now()).unwrap().sign(&key()).unwrap();
        assert!(matches!(
            verify_consistency(&head(&log, 7), &elsewhere, &path(7, 20), &public),
            Err(Error::WrongOrigin { .. })
        ));
        // A second history, signed with the right key.
        let mut second = Log::default();
        second.extend((0..20_u8).map(|leaf| leaf_hash(&[leaf.max(1)])));
        assert_eq!(
            verify_consistency(&head(&log, 20), &head(&second, 20), &[], &public),
            Err(Error::Forked { size: 20 })
        );
        let path = second.consistency_path(7, 20).unwrap();
        assert_eq!(
            verify_consistency(&head(&log, 7), &head(&second, 20), &path, &public),
            Err(Error::NotConsistent { old_size: 7, new_size: 20 })
        );
        // Only one of the two is signed.
        let forged = |head: SignedHead| SignedHead { signature: Signature::from_bytes([1; 64]), ..head };
        let path = log.consistency_path(7, 20).unwrap();
        for (old, new) in [(forged(head(&log, 7)), head(&log, 20)), (head(&log, 7), forged(head(&log, 20)))] {
            let refused = verify_consistency(&old, &new, &path, &public);
            assert!(matches!(refused, Err(Error::WrongSignature { .. })));
        }
        let other = LogKey::from_seed(&[8; 32]).unwrap().public_key();
        assert!(verify_consistency(&head(&log, 7), &head(&log, 20), &path, &other).is_err());
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "\\{?(\"(origin|tree_size|timestamp|key_id|x)\":(\"\\PC{0,6}\"|[0-9.e-]{1,4}|\\{\\}),?){0,5}\\}?") {
            let _said = SignedHead::parse(&text);
        }
    }
}
