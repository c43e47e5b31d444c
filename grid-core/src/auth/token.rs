//! The compact form of a token (RFC 7515 section 7.1), read strictly and believed in nothing.

use std::fmt;

use base64::{DecodeError, Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::Error;
use crate::error::excerpt;

/// The longest token that is looked at, in bytes; ours are about 600.
pub const LONGEST_TOKEN: usize = 8 * 1024;

/// The members of a header or of claims, each name once.
pub(super) type Members = Map<String, Value>;

/// A token cut at its dots.
#[derive(Clone, Copy)]
pub(super) struct Compact<'a> {
    header: &'a str,
    claims: &'a str,
    pub(super) signature: &'a str,
    /// What is signed: header, dot and claims, as they came.
    pub(super) message: &'a str,
}

impl<'a> Compact<'a> {
    pub(super) fn cut(token: &'a str) -> Result<Self, Error> {
        if token.len() > LONGEST_TOKEN {
            return Err(Error::TokenTooLong { most: LONGEST_TOKEN, got: token.len() });
        }
        let malformed = || Error::TokenMalformed { segments: token.split('.').count() };
        let (message, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
        let (header, claims) = message.split_once('.').ok_or_else(malformed)?;
        if claims.contains('.') {
            return Err(malformed());
        }
        Ok(Self { header, claims, signature, message })
    }

    pub(super) fn header(&self) -> Result<Members, Error> {
        object("header", self.header)
    }

    pub(super) fn claims(&self) -> Result<Members, Error> {
        object("claims", self.claims)
    }
}

/// Reads base64url without padding, where only one text stands for the same bytes.
pub(super) fn decode(segment: &'static str, text: &str) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD.decode(text).map_err(|fault| {
        let offset = match fault {
            DecodeError::InvalidByte(offset, _) | DecodeError::InvalidLastSymbol(offset, _) => offset,
            DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => text.len().saturating_sub(1),
        };
        Error::SegmentNotBase64 { segment, position: offset.saturating_add(1) }
    })
}

/// Writes base64url without padding.
pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn object(segment: &'static str, text: &str) -> Result<Members, Error> {
    let bytes = decode(segment, text)?;
    let object: Object = serde_json::from_slice(&bytes)
        .map_err(|fault| Error::SegmentNotObject { segment, column: fault.column().max(1) })?;
    match object.twice {
        None => Ok(object.members),
        Some(name) => Err(Error::DuplicateName { segment, name: excerpt(&name) }),
    }
}

/// A JSON object that remembers the first name that stood in it twice.
struct Object {
    members: Members,
    twice: Option<String>,
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut object = Object { members: Members::new(), twice: None };
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if object.members.contains_key(&name) {
                        object.twice.get_or_insert(name);
                    } else {
                        object.members.insert(name, value);
                    }
                }
                Ok(object)
            }
        }

        deserializer.deserialize_map(Reader)
    }
}
