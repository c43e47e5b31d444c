//! What an access token says (RFC 9068 section 2.2), with the names that the old system's services read.

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

use super::{Error, Scopes, token::Members};
use crate::error::describe;

/// The claims of an access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// The user's id, a UUID.
    pub sub: String,
    /// The services that it is meant for.
    #[serde(serialize_with = "one_or_many")]
    pub aud: Vec<String>,
    /// The first second at which it is no longer valid, since 1970.
    pub exp: i64,
    /// The first second at which it is valid, since 1970.
    pub nbf: i64,
    /// The second at which it was issued, since 1970.
    pub iat: i64,
    /// The token's own id, a UUID.
    pub jti: String,
    /// The session that it belongs to, a UUID, where there is one (`OpenID` Connect Back-Channel Logout 1.0 section 2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// What it allows.
    pub scope: Scopes,
    /// The program that asked for it.
    pub client_id: String,
    /// The user's name, where the old system's services look for it.
    pub username: String,
    /// The user's id again, where the old system's services look for it.
    pub id: String,
}

/// Whom a token is issued for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The user's id.
    pub user_id: Uuid,
    /// The user's name.
    pub username: String,
    /// What the token allows.
    pub scope: Scopes,
    /// The session that the token belongs to, where there is one.
    pub session_id: Option<Uuid>,
}

/// Who is asking, as a verified token says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Principal {
    /// The user's id.
    pub user_id: Uuid,
    /// The user's name when the token was issued.
    pub username: String,
    /// What the token allows.
    pub scopes: Scopes,
    /// The session that the token belongs to, where it names one.
    pub session_id: Option<Uuid>,
    /// The token's own id.
    pub token_id: Uuid,
    /// When the token was issued, where it says so: always, but for tokens of the HS256 mode.
    pub issued_at: Option<Timestamp>,
    /// The first instant at which the token is no longer valid.
    pub expires_at: Timestamp,
}

impl Claims {
    /// Reads claims of which each is there and has the right type; nothing is checked against a clock or a name.
    pub(super) fn read(members: &Members) -> Result<Self, Error> {
        Ok(Self {
            iss: text(members, "iss")?,
            sub: text(members, "sub")?,
            aud: audience(members)?,
            exp: seconds(members, "exp")?,
            nbf: seconds(members, "nbf")?,
            iat: seconds(members, "iat")?,
            jti: text(members, "jti")?,
            sid: optional_uuid(members, "sid")?.map(|session| session.to_string()),
            scope: scopes(members)?,
            client_id: text(members, "client_id")?,
            username: text(members, "username")?,
            id: text(members, "id")?,
        })
    }

    /// Who is asking.
    pub(super) fn principal(&self) -> Result<Principal, Error> {
        let user_id = uuid("sub", &self.sub)?;
        if self.id != self.sub {
            return Err(malformed("id", "the same as `sub`", &Value::from(self.id.as_str())));
        }
        Ok(Principal {
            user_id,
            username: self.username.clone(),
            scopes: self.scope.clone(),
            session_id: self.sid.as_deref().map(|text| uuid("sid", text)).transpose()?,
            token_id: uuid("jti", &self.jti)?,
            issued_at: Some(instant("iat", self.iat)?),
            expires_at: instant("exp", self.exp)?,
        })
    }
}

/// The instant of a claim that was read.
pub(super) fn instant(claim: &'static str, seconds: i64) -> Result<Timestamp, Error> {
    Timestamp::from_second(seconds).map_err(|_| malformed(claim, SECONDS, &Value::from(seconds)))
}

const SECONDS: &str = "whole seconds since 1970, before the year 10000";

pub(super) fn malformed(claim: &'static str, expected: &'static str, got: &Value) -> Error {
    Error::ClaimMalformed { claim, expected, got: describe(Some(got)) }
}

pub(super) fn member<'a>(members: &'a Members, claim: &'static str) -> Result<&'a Value, Error> {
    members.get(claim).ok_or(Error::ClaimMissing { claim })
}

pub(super) fn text(members: &Members, claim: &'static str) -> Result<String, Error> {
    match member(members, claim)? {
        Value::String(text) if !text.is_empty() => Ok(text.clone()),
        other => Err(malformed(claim, "a text that is not empty", other)),
    }
}

fn seconds(members: &Members, claim: &'static str) -> Result<i64, Error> {
    let value = member(members, claim)?;
    value
        .as_i64()
        .filter(|seconds| *seconds >= 0 && Timestamp::from_second(*seconds).is_ok())
        .ok_or_else(|| malformed(claim, SECONDS, value))
}

fn audience(members: &Members) -> Result<Vec<String>, Error> {
    const EXPECTED: &str = "a text or a list of texts";
    let value = member(members, "aud")?;
    match value {
        Value::String(one) => Ok(vec![one.clone()]),
        Value::Array(many) => many
            .iter()
            .map(|one| one.as_str().map(str::to_owned).ok_or_else(|| malformed("aud", EXPECTED, one)))
            .collect(),
        other => Err(malformed("aud", EXPECTED, other)),
    }
}

pub(super) fn scopes(members: &Members) -> Result<Scopes, Error> {
    const EXPECTED: &str = "scopes separated by spaces";
    match members.get("scope") {
        None => Ok(Scopes::default()),
        Some(value) => value
            .as_str()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| malformed("scope", EXPECTED, value)),
    }
}

/// Reads a UUID in the one form that is issued: lower case with hyphens.
pub(super) fn uuid(claim: &'static str, text: &str) -> Result<Uuid, Error> {
    Uuid::try_parse(text)
        .ok()
        .filter(|uuid| uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text)
        .ok_or_else(|| malformed(claim, "a UUID in lower case with hyphens", &Value::from(text)))
}

/// A UUID that may be absent.
pub(super) fn optional_uuid(members: &Members, claim: &'static str) -> Result<Option<Uuid>, Error> {
    members.contains_key(claim).then(|| uuid(claim, &text(members, claim)?)).transpose()
}

fn one_or_many<S: Serializer>(audience: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match audience {
        [one] => one.serialize(serializer),
        many => many.serialize(serializer),
    }
}
