//! The key by which a client says that a request is one that it has sent before, and what a request is known by.
//!
//! The header's grammar and the answers to it are those of the IETF's draft "The Idempotency-Key HTTP Header Field"
//! (<https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>).

use std::fmt;

use aws_lc_rs::digest;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Error, SealingKey, sha256};

/// What a client calls a request by, so that sending it again does nothing twice.
///
/// Only its hash is stored, and what the request was answered is sealed with what is derived from it: the key must be as
/// hard to guess as the answer is secret. A random UUID is.
///
/// ```
/// use grid_core::auth::IdempotencyKey;
/// let key = IdempotencyKey::parse(br#""8e03978e-40d5-43dd-bc93-6894a57f9324""#).unwrap();
/// let bare = IdempotencyKey::parse(b"8e03978e-40d5-43dd-bc93-6894a57f9324").unwrap();
/// let ana = uuid::Uuid::from_u128(7);
/// assert_eq!(key.hash(ana, "POST", "/api/v1/devices"), bare.hash(ana, "POST", "/api/v1/devices"));
/// assert!(IdempotencyKey::parse(b"").is_none());
/// ```
#[derive(Clone)]
pub struct IdempotencyKey(Zeroizing<Vec<u8>>);

impl IdempotencyKey {
    /// The longest key, in characters.
    pub const LONGEST: usize = 255;

    /// Reads the value of the header: a string in quotes (RFC 9651, section 3.3.3), or the same without them, which many
    /// clients send. `None` where the key is empty, longer than [`Self::LONGEST`], or not printable ASCII.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let value = value.trim_ascii();
        let key = match value.strip_prefix(b"\"") {
            Some(rest) => unquoted(rest)?,
            None => Zeroizing::new(value.to_vec()),
        };
        let is_good = (1..=Self::LONGEST).contains(&key.len())
            && key.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
        is_good.then_some(Self(key))
    }

    /// What the key is stored as: another one for each caller, method and path.
    pub fn hash(&self, caller: Uuid, method: &str, path: &str) -> [u8; 32] {
        let mut all = self.0.to_vec();
        all.push(0);
        all.extend(caller.as_bytes());
        for part in [method, path] {
            all.extend(part.as_bytes());
            all.push(0);
        }
        let all = Zeroizing::new(all);
        sha256(&all)
    }

    /// What the answer to this caller is sealed with.
    ///
    /// # Errors
    ///
    /// [`Error::SealingFailed`], which HKDF does not give for a key of this length.
    pub fn sealing_key(&self, caller: Uuid) -> Result<SealingKey, Error> {
        SealingKey::derived(&self.0, &format!("answer to {caller}"))
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(…)")
    }
}

/// What stands before the closing quote, which must end the text; `\"` and `\\` stand for themselves.
fn unquoted(rest: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut key = Zeroizing::new(Vec::with_capacity(rest.len()));
    let mut bytes = rest.iter();
    loop {
        match bytes.next()? {
            b'"' => return bytes.next().is_none().then_some(key),
            b'\\' => match bytes.next()? {
                escaped @ (b'"' | b'\\') => key.push(*escaped),
                _ => return None,
            },
            byte => key.push(*byte),
        }
    }
}

/// What tells one request from another under the same key: a hash of its query, its media type and its body, which is fed
/// as it arrives.
///
/// ```
/// use grid_core::auth::Fingerprint;
/// let mut first = Fingerprint::new(["", "application/json"]);
/// first.update(b"{\"name\": ");
/// first.update(b"\"roof\"}");
/// let mut second = Fingerprint::new(["", "application/json"]);
/// second.update(b"{\"name\": \"roof\"}");
/// assert_eq!(first.finish(), second.finish());
/// ```
#[derive(Clone)]
pub struct Fingerprint(digest::Context);

impl Fingerprint {
    /// Begins with what stands before the body.
    pub fn new<'a>(head: impl IntoIterator<Item = &'a str>) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in head {
            // Each part by its own hash, so that where one ends is part of it.
            context.update(&sha256(part.as_bytes()));
        }
        Self(context)
    }

    /// Adds a piece of the body.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// SHA-256 of all of it.
    pub fn finish(self) -> [u8; 32] {
        let mut hash = [0; 32];
        for (to, from) in hash.iter_mut().zip(self.0.finish().as_ref()) {
            *to = *from;
        }
        hash
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_to_255_printable_characters_with_quotes_or_without() {
        let long = vec![b'a'; 255];
        for good in [b"a".as_slice(), b"\"a b\"", br#""a\"b\\c""#, b" key-1 ", &long] {
            assert!(IdempotencyKey::parse(good).is_some(), "{good:?}");
        }
        let too_long = vec![b'a'; 256];
        for wrong in
            [b"".as_slice(), b"\"\"", b"  ", b"\"a", b"\"a\"b", br#""a\b""#, b"\xc3\xb1", b"a\tb", &too_long]
        {
            assert!(IdempotencyKey::parse(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn a_key_is_another_one_for_another_caller_method_or_path() {
        let key = IdempotencyKey::parse(b"1").unwrap();
        let [ana, ben] = [1, 2].map(Uuid::from_u128);
        let hash = key.hash(ana, "POST", "/a");
        for other in [key.hash(ben, "POST", "/a"), key.hash(ana, "PUT", "/a"), key.hash(ana, "POST", "/b")] {
            assert_ne!(hash, other);
        }
    }

    #[test]
    fn only_the_same_key_and_caller_open_an_answer() {
        let key = IdempotencyKey::parse(b"1").unwrap();
        let [ana, ben] = [1, 2].map(Uuid::from_u128);
        let sealed = key.sealing_key(ana).unwrap().seal(b"answer", "a").unwrap();
        assert_eq!(key.sealing_key(ana).unwrap().open(&sealed, "a").unwrap().as_slice(), b"answer");
        assert!(key.sealing_key(ben).unwrap().open(&sealed, "a").is_err());
        let other = IdempotencyKey::parse(b"2").unwrap();
        assert!(other.sealing_key(ana).unwrap().open(&sealed, "a").is_err());
    }

    #[test]
    fn where_one_part_ends_is_part_of_the_fingerprint() {
        let finish = |head: [&str; 2]| Fingerprint::new(head).finish();
        assert_ne!(finish(["ab", "c"]), finish(["a", "bc"]));
    }
}
