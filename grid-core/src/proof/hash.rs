//! SHA-256 digests and their text forms.

use std::{fmt, str::FromStr};

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    Error,
    base64::{self, Alphabet},
};
use crate::error::excerpt;

/// A SHA-256 digest (FIPS 180-4): 32 bytes.
///
/// As text and in JSON it is 64 lower-case hexadecimal digits. Text from a person may also be upper case or base64;
/// JSON may not, so that a changed byte in it is always a fault.
///
/// ```
/// use grid_core::proof::Digest;
/// let empty = Digest::of(b"");
/// assert_eq!(empty.to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
/// assert_eq!(empty.to_base64(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
/// assert_eq!(empty.to_base64().parse::<Digest>()?, empty);
/// # Ok::<(), grid_core::proof::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Takes the 32 bytes of a digest.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Takes the bytes of a digest as a database has kept them, or `None` where they are not 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_parts(&[bytes])
    }

    /// The digest of parts, one behind the other.
    pub(super) fn of_parts(parts: &[&[u8]]) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(part);
        }
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(context.finish().as_ref()) {
            *to = *from;
        }
        Self(bytes)
    }

    /// The digest's bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest in base64 with padding (RFC 4648 section 4), as certificate transparency logs write it.
    pub fn to_base64(&self) -> String {
        base64::encode(&self.0, Alphabet::Standard)
    }

    /// Reads what [`Display`](fmt::Display) writes, and nothing else.
    pub(super) fn parse_exactly(text: &str) -> Option<Self> {
        from_hex(text).map(Self)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&to_hex(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = Error;

    /// Reads 64 hexadecimal digits of either case, or base64: padded, or base64url without padding.
    fn from_str(text: &str) -> Result<Self, Error> {
        // The shortest base64 of 32 bytes has 43 characters, the longest 44: none can be mistaken for hexadecimal.
        from_hex(&text.to_ascii_lowercase())
            .or_else(|| base64::decode_exactly(text, Alphabet::Standard))
            .or_else(|| base64::decode_exactly(text, Alphabet::Url))
            .map(Self)
            .ok_or_else(|| Error::NotADigest { got: excerpt(text) })
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse_exactly(&text).ok_or_else(|| de::Error::custom(Error::NotADigest { got: excerpt(&text) }))
    }
}

/// Writes bytes as lower-case hexadecimal digits.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    let digit = |bits: u8| char::from(if bits < 10 { b'0' + bits } else { b'a' + (bits - 10) });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Reads exactly `N` bytes of lower-case hexadecimal digits.
pub(super) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |character: u8| match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    };
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        let &[high, low] = pair else { return None };
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// FIPS 180-4 example `abc`, as NIST's "SHA-256 example" computes it.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn the_example_of_the_standard_holds() {
        assert_eq!(Digest::of(b"abc").to_string(), ABC);
        assert_eq!(Digest::of_parts(&[b"a", b"", b"bc"]).to_string(), ABC);
    }

    #[test]
    fn json_takes_one_spelling_and_a_person_may_use_others() {
        let digest = Digest::of(b"abc");
        assert_eq!(serde_json::to_string(&digest).unwrap(), format!("\"{ABC}\""));
        assert_eq!(serde_json::from_str::<Digest>(&format!("\"{ABC}\"")).unwrap(), digest);
        let upper = ABC.to_uppercase();
        assert_eq!(upper.parse::<Digest>(), Ok(digest));
        for other in [&*upper, &digest.to_base64(), &ABC[1..], ""] {
            assert!(serde_json::from_str::<Digest>(&format!("\"{other}\"")).is_err(), "{other}");
        }
        let url = digest.to_base64().trim_end_matches('=').replace('+', "-").replace('/', "_");
        assert_eq!(url.parse::<Digest>(), Ok(digest));
        assert_eq!("abc".parse::<Digest>(), Err(Error::NotADigest { got: "abc".to_owned() }));
        assert_eq!(Digest::from_slice(&[0; 31]), None);
    }

    proptest! {
        #[test]
        fn text_forms_come_back(bytes in any::<[u8; 32]>()) {
            let digest = Digest::from_bytes(bytes);
            prop_assert_eq!(digest.to_string().parse::<Digest>(), Ok(digest));
            prop_assert_eq!(digest.to_base64().parse::<Digest>(), Ok(digest));
            prop_assert_eq!(Digest::from_slice(digest.as_bytes()), Some(digest));
        }

        #[test]
        fn no_text_is_too_strange(text in "\\PC{0,70}") {
            if let Ok(digest) = text.parse::<Digest>() {
                prop_assert!(text.to_ascii_lowercase() == digest.to_string() || text.len() < 45);
            }
        }
    }
}
