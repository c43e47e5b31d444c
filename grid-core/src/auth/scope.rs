//! What a token allows: the `scope` of OAuth 2.0.

use std::{collections::BTreeSet, fmt, str::FromStr};

use super::Error;

/// One permission, like `readings:write`: printable ASCII without spaces, `"` and `\` (RFC 6749 section 3.3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(String);

impl Scope {
    /// The permission's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Scope {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        if !text.is_empty() && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::NotAScope { got: crate::error::excerpt(text) })
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The permissions of a token: a set, written with single spaces in the order of the alphabet.
///
/// ```
/// use grid_core::auth::Scopes;
/// let scopes: Scopes = "readings:write readings:read".parse()?;
/// assert!(scopes.allows("readings:read"));
/// assert_eq!(scopes.to_string(), "readings:read readings:write");
/// # Ok::<(), grid_core::auth::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// To see what its owner may see.
    pub const READ: &str = "read";
    /// To change what its owner may change.
    pub const WRITE: &str = "write";
    /// To send readings and nothing else: for a meter.
    pub const WRITE_READINGS: &str = "readings:write";
    /// To ask about tokens of others (RFC 7662): for another service.
    pub const INTROSPECT: &str = "introspect";
    /// To do what an administrator may do.
    pub const ADMIN: &str = "admin";

    /// The scopes that GRID's own server knows.
    pub const KNOWN: [&str; 5] =
        [Self::READ, Self::WRITE, Self::WRITE_READINGS, Self::INTROSPECT, Self::ADMIN];

    /// What a user may do who asks for nothing in particular: `read write`.
    pub fn of_user() -> Self {
        Self::named([Self::READ, Self::WRITE])
    }

    /// What an administrator may do who asks for nothing in particular: `admin introspect read write`.
    pub fn of_administrator() -> Self {
        Self::named([Self::READ, Self::WRITE, Self::INTROSPECT, Self::ADMIN])
    }

    fn named<const N: usize>(names: [&str; N]) -> Self {
        names.into_iter().map(|name| Scope(name.to_owned())).collect()
    }

    /// The scopes that both sets have.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).cloned().collect())
    }

    /// Whether the permission of this name is among them.
    pub fn allows(&self, name: &str) -> bool {
        self.iter().any(|scope| scope.as_str() == name)
    }

    /// Whether nothing is allowed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The permissions, in the order of the alphabet.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl FromStr for Scopes {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.split(' ').filter(|name| !name.is_empty()).map(str::parse).collect()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, scope) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl serde::Serialize for Scopes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_the_standard_does_not_allow_is_refused() {
        for text in ["", "a b", "a\"b", "a\\b", "ñ", "a\n"] {
            assert!(text.parse::<Scope>().is_err(), "{text:?}");
        }
        assert!("a  b".parse::<Scopes>().is_ok(), "two spaces are one");
        assert!("".parse::<Scopes>().unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn text_round_trips(names in prop::collection::vec("[!#-\\[\\]-~]{1,12}", 0..6)) {
            let scopes: Scopes = names.join(" ").parse().unwrap();
            prop_assert_eq!(scopes.to_string().parse(), Ok(scopes.clone()));
            for name in &names {
                prop_assert!(scopes.allows(name));
            }
        }
    }
}
