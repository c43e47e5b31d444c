//! Communities and who belongs to them.

use std::{fmt, str::FromStr};

use uuid::Uuid;

use super::{Error, Name};
use crate::{error::excerpt, time::Calendar};

/// Neighbours who share what they generate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Community {
    /// Its id, a UUID.
    pub id: Uuid,
    /// What people call it.
    pub name: Name,
    /// The calendar that its days and bills follow.
    pub calendar: Calendar,
}

/// A party to a community's sharing: a home, a business, a plant's owner. Devices hang on a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id, a UUID.
    pub id: Uuid,
    /// What people call it; unique within the community.
    pub name: Name,
    /// The user who sees it as theirs, if any.
    pub user: Option<Uuid>,
    /// What that user may do in the community.
    pub role: Role,
}

/// What a user may do in a community.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees the community's balance and what is theirs.
    Member,
    /// Runs the community.
    Operator,
}

impl Role {
    /// The name that JSON and stores use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Operator => "operator",
        }
    }
}

impl FromStr for Role {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.trim() {
            "member" => Ok(Self::Member),
            "operator" => Ok(Self::Operator),
            _ => Err(Error::NotARole { got: excerpt(text) }),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
