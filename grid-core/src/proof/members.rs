//! Reading the members of a JSON object, and saying which one is wrong.

use serde_json::{Map, Value};

use super::{Error, merkle::LARGEST_SIZE};
use crate::error::{describe, excerpt};

/// A JSON object with exactly the members that it may have.
pub(super) struct Members<'a> {
    members: &'a Map<String, Value>,
    pointer: &'a str,
}

impl<'a> Members<'a> {
    /// Takes an object. A member beside `names` is refused: nobody would have signed it.
    pub(super) fn new(value: &'a Value, pointer: &'a str, names: &[&str]) -> Result<Self, Error> {
        let Value::Object(members) = value else {
            return Err(Error::WrongMember {
                pointer: pointer.to_owned(),
                expected: "an object",
                got: describe(Some(value)),
            });
        };
        let object = Self { members, pointer };
        match members.keys().find(|name| !names.contains(&name.as_str())) {
            Some(other) => Err(object.wrong(other, "no such member")),
            None => Ok(object),
        }
    }

    /// The pointer of a member.
    pub(super) fn pointer(&self, name: &str) -> String {
        // RFC 6901 section 3.
        format!("{}/{}", self.pointer, excerpt(name).replace('~', "~0").replace('/', "~1"))
    }

    pub(super) fn wrong(&self, name: &str, expected: &'static str) -> Error {
        Error::WrongMember { pointer: self.pointer(name), expected, got: describe(self.members.get(name)) }
    }

    pub(super) fn value(&self, name: &str, expected: &'static str) -> Result<&'a Value, Error> {
        self.members.get(name).ok_or_else(|| self.wrong(name, expected))
    }

    /// A text that `parse` takes.
    pub(super) fn text<T>(
        &self,
        name: &str,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Error> {
        let text = self.members.get(name).and_then(Value::as_str);
        text.and_then(parse).ok_or_else(|| self.wrong(name, expected))
    }

    /// A size or an index of a log.
    pub(super) fn count(&self, name: &str) -> Result<u64, Error> {
        let count = self.members.get(name).and_then(Value::as_u64);
        count
            .filter(|count| *count <= LARGEST_SIZE)
            .ok_or_else(|| self.wrong(name, "a whole number from 0 to 9007199254740991"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fault_names_its_member() {
        let value = json!({"size": -1, "name": 7, "a/b~": null});
        let other = Members::new(&value, "/proof", &["size", "name"]).err().unwrap();
        assert_eq!(other.to_string(), "expected no such member in `/proof/a~1b~0`, got null");
        let members = Members::new(&value, "", &["size", "name", "a/b~", "more"]).ok().unwrap();
        let count = members.count("size").unwrap_err();
        assert_eq!(
            count.to_string(),
            "expected a whole number from 0 to 9007199254740991 in `/size`, got the number -1"
        );
        let text = members.text("name", "a name", |text| Some(text.len())).unwrap_err();
        assert_eq!(text.to_string(), "expected a name in `/name`, got the number 7");
        assert_eq!(
            members.value("more", "more").unwrap_err().to_string(),
            "expected more in `/more`, got nothing"
        );
        for wrong in [json!(null), json!([1]), json!("text"), json!(true)] {
            assert!(Members::new(&wrong, "", &[]).is_err());
        }
    }
}
