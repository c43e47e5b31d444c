//! A statement and its receipt in one file.

use std::fmt;

use serde::Serialize;

use super::{
    CanonicalJson, Error, PublicKey, Receipt, Verified, members::Members, parse_json, verify_statement,
};

/// A statement and its receipt: the file that a member keeps, and hands to whoever doubts it.
///
/// Its text is `{"proof": {...}, "statement": {...}}`. See the module's example.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Bundle {
    proof: Receipt,
    statement: CanonicalJson,
}

impl Bundle {
    /// Puts a statement and its receipt together.
    pub const fn new(statement: CanonicalJson, receipt: Receipt) -> Self {
        Self { proof: receipt, statement }
    }

    /// Reads a statement and its receipt from JSON, strictly. They are not verified.
    ///
    /// # Errors
    ///
    /// As [`parse_json`], and [`Error::WrongMember`] where the text has other members than `statement` and `proof`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::read(&parse_json(text)?)
    }

    pub(super) fn read(value: &serde_json::Value) -> Result<Self, Error> {
        let members = Members::new(value, "", &["statement", "proof"])?;
        let statement = members.value("statement", "a statement")?;
        let proof = Receipt::read(members.value("proof", "a receipt")?, &members.pointer("proof"))?;
        Ok(Self { proof, statement: CanonicalJson::from_value(statement)? })
    }

    /// The statement.
    pub const fn statement(&self) -> &CanonicalJson {
        &self.statement
    }

    /// The receipt.
    pub const fn receipt(&self) -> &Receipt {
        &self.proof
    }

    /// Verifies that the statement is unchanged and in the log.
    ///
    /// # Errors
    ///
    /// As [`verify_statement`].
    pub fn verify(&self, key: &PublicKey) -> Result<Verified, Error> {
        verify_statement(&self.statement, &self.proof, key)
    }
}

impl fmt::Display for Bundle {
    /// Writes what [`Bundle::parse`] reads, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proof = serde_json::to_string(&self.proof).map_err(|_| fmt::Error)?;
        write!(f, r#"{{"proof":{proof},"statement":{}}}"#, self.statement)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        error::{Failure, Kind},
        proof::{Digest, LogKey, SignedHead, TreeHead, merkle::Log},
    };

    fn key() -> LogKey {
        LogKey::from_seed(&[7; 32]).unwrap()
    }

    fn statement(number: u64) -> CanonicalJson {
        CanonicalJson::from_value(&json!({
            "member": format!("member {number}"),
            "period": "2026-03",
            "lines": [{"energy_kwh": "12.500000", "amount": "1.25"}, {"amount": format!("{number}.00")}],
            "currency": "EUR",
            "days": 31,
            "self_sufficiency": 0.123_456_789_012_345_67,
        }))
        .unwrap()
    }

    fn log(size: u64) -> Log {
        let mut log = Log::default();
        log.extend((0..size).map(|number| statement(number).leaf_hash()));
        log
    }

    fn head(log: &Log) -> SignedHead {
        let now = "2026-04-01T06:00:00Z".parse().unwrap();
        TreeHead::new("grid.example", log.size(), log.root(log.size()).unwrap(), now)
            .unwrap()
            .sign(&key())
            .unwrap()
    }

    fn bundle(index: u64, size: u64) -> Bundle {
        let log = log(size);
        let path = log.inclusion_path(index, size).unwrap();
        let statement = statement(index);
        let receipt = Receipt::new(index, statement.leaf_hash(), path, head(&log));
        Bundle::new(statement, receipt)
    }

    #[test]
    fn a_bundle_comes_back_and_verifies() {
        for (index, size) in [(0, 1), (0, 2), (4, 5), (5, 13), (12, 13)] {
            let bundle = bundle(index, size);
            let text = bundle.to_string();
            assert_eq!(Bundle::parse(&text).as_ref(), Ok(&bundle));
            assert_eq!(Bundle::parse(&serde_json::to_string_pretty(&bundle).unwrap()).as_ref(), Ok(&bundle));
            let verified = bundle.verify(&key().public_key()).unwrap();
            assert_eq!((verified.leaf_index(), verified.tree_size()), (index, size));
            assert_eq!(verified.key_id(), key().key_id());
            let receipt = serde_json::to_string(bundle.receipt()).unwrap();
            assert_eq!(Receipt::parse(&receipt).as_ref(), Ok(bundle.receipt()));
            assert_eq!(&serde_json::from_str::<Receipt>(&receipt).unwrap(), bundle.receipt());
        }
    }

    /// Made by another program: hashes by Python's `hashlib` over `json.dumps(sort_keys=True, separators=(",", ":"))`, the
    /// signature by `openssl pkeyutl -sign -rawin` (OpenSSL 3.0.19) with the key of RFC 8032 section 7.1, TEST 1.
    #[test]
    fn a_bundle_of_another_program_verifies() {
        let text = r#"{
            "statement": {"member": "m1", "period": "2026-03", "amount": "1.25", "currency": "EUR", "note": "año €"},
            "proof": {
                "leaf_index": 1,
                "leaf_hash": "e2150c2b773ebeb658e70e789001776b6a6fc1f94357d13d8c3b03dbe9f107a4",
                "inclusion_path": [
                    "c8bb81be0ed02d35e9d8529d7bc643ee230a01662ce3e4320eee88acd43d9b05",
                    "b00d7db341e42dcdbff78cb92d51baadc6e3a591c8b30a52872909d94c58350a",
                    "ded8d3c88bc9406f32bd639ebc5bf9b174588601cc72fbe5d622ce1b628e7da7"
                ],
                "head": {
                    "origin": "grid.example",
                    "tree_size": 5,
                    "root_hash": "7b961d866ccc571bc3a63d3d796d70ecb805423aae8565f871960c725ca0af46",
                    "timestamp": "2026-04-01T06:00:00Z",
                    "key_id": "21fe31dfa154a261",
                    "signature": "vSpSwMbLq3VICTqkqVMem1fzYRCNmY5VuhgiHpHrvBIKban26gtRf8XfJpmJmLf1lA1mNhTYF4y_W0LSa-kfAg"
                }
            }
        }"#;
        let public = "ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".parse().unwrap();
        let verified = Bundle::parse(text).unwrap().verify(&public).unwrap();
        assert_eq!((verified.origin(), verified.leaf_index(), verified.tree_size()), ("grid.example", 1, 5));
        assert!(Bundle::parse(&text.replace("1.25", "1.26")).unwrap().verify(&public).is_err());
    }

    #[test]
    fn a_statement_may_be_text_or_value_and_laid_out_otherwise() {
        let bundle = bundle(3, 7);
        let (receipt, public) = (bundle.receipt(), key().public_key());
        let value: Value = serde_json::from_str(bundle.statement().as_str()).unwrap();
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let verified = verify_statement(bundle.statement(), receipt, &public);
        assert!(verified.is_ok());
        assert_eq!(verify_statement(pretty.as_str(), receipt, &public), verified);
        assert_eq!(verify_statement(&pretty, receipt, &public), verified);
        assert_eq!(verify_statement(&value, receipt, &public), verified);
    }

    /// The text of the bundle without its proof and with, each byte changed in several ways.
    #[test]
    fn every_changed_byte_of_a_bundle_is_found() {
        let public = key().public_key();
        let text = bundle(5, 13).to_string();
        let mut changed = 0;
        for at in 0..text.len() {
            for other in [b' ', b'0', b'7', b'a', b'F', b'"', b'_', text.as_bytes()[at] ^ 1] {
                let mut bytes = text.clone().into_bytes();
                if bytes[at] == other {
                    continue;
                }
                bytes[at] = other;
                let Ok(text) = String::from_utf8(bytes) else { continue };
                let verified = Bundle::parse(&text).and_then(|bundle| bundle.verify(&public));
                assert!(verified.is_err(), "{text}");
                changed += 1;
            }
        }
        assert!(changed > 7 * text.len());
    }

    #[test]
    fn each_fault_has_its_own_name() {
        let public = key().public_key();
        let whole = bundle(5, 13);
        let receipt = whole.receipt();
        let with = |index: u64, hash: Digest, path: Vec<Digest>, head: SignedHead| {
            verify_statement(whole.statement(), &Receipt::new(index, hash, path, head), &public).unwrap_err()
        };
        let (hash, path, signed) =
            (*receipt.leaf_hash(), receipt.inclusion_path().to_vec(), receipt.head().clone());

        let other = verify_statement(statement(6), receipt, &public).unwrap_err();
        assert_eq!(other, Error::StatementChanged { expected: hash, got: statement(6).leaf_hash() });
        // The statement changed, and its hash in the receipt with it.
        let forged = Receipt::new(5, statement(99).leaf_hash(), path.clone(), signed.clone());
        let other = verify_statement(statement(99), &forged, &public).unwrap_err();
        assert_eq!(other, Error::NotInLog { index: 5, size: 13 });

        assert_eq!(with(4, hash, path.clone(), signed.clone()), Error::NotInLog { index: 4, size: 13 });
        assert_eq!(
            with(13, hash, path.clone(), signed.clone()),
            Error::IndexBeyondSize { index: 13, size: 13 }
        );
        let longer = [path.clone(), vec![hash]].concat();
        assert_eq!(with(5, hash, longer, signed.clone()), Error::WrongPathLength { expected: 4, got: 5 });
        assert_eq!(with(5, hash, path[1..].to_vec(), signed), Error::WrongPathLength { expected: 4, got: 3 });

        let another = LogKey::from_seed(&[8; 32]).unwrap();
        assert_eq!(
            whole.verify(&another.public_key()),
            Err(Error::WrongKey { expected: another.key_id(), got: key().key_id() })
        );
        let resigned = receipt.head().unverified().clone().sign(&another).unwrap();
        let forged =
            SignedHead::from_parts(resigned.unverified().clone(), key().key_id(), *resigned.signature());
        let refused = with(5, hash, path, forged);
        assert!(matches!(refused, Error::WrongSignature { size: 13, .. }));
        assert_eq!(refused.kind(), Kind::Invalid);
        assert!(refused.hint().is_some());
    }

    #[test]
    fn what_is_no_bundle_is_refused_by_its_member() {
        let text = bundle(1, 3).to_string();
        for (from, to, pointer) in [
            ("\"statement\"", "\"document\"", "/document"),
            ("\"leaf_index\":1", "\"leaf_index\":-1", "/proof/leaf_index"),
            ("\"leaf_index\":1", "\"leaf_index\":1.5", "/proof/leaf_index"),
            ("\"inclusion_path\":[", "\"inclusion_path\":[1,", "/proof/inclusion_path"),
            ("\"tree_size\":3", "\"tree_size\":null", "/proof/head/tree_size"),
            ("\"leaf_hash\"", "\"leaf~hash\"", "/proof/leaf~0hash"),
        ] {
            let refused = Bundle::parse(&text.replace(from, to)).unwrap_err();
            assert!(matches!(&refused, Error::WrongMember { pointer: at, .. } if at == pointer), "{refused}");
            assert_eq!(refused.places()[0].pointer.as_deref(), Some(pointer));
        }
        // The same member twice: which statement was shown, and which was checked?
        let twice = text.replacen('{', r#"{"statement":{"amount":"0.00"},"#, 1);
        assert!(matches!(Bundle::parse(&twice), Err(Error::DuplicateName { .. })));
        let zeros = format!("\"inclusion_path\":[{}", "\"0\",".repeat(65));
        assert!(Bundle::parse(&text.replace("\"inclusion_path\":[", &zeros)).is_err());
        assert!(matches!(Bundle::parse("[]"), Err(Error::WrongMember { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_bundle_with_edits_never_verifies_unless_nothing_was_said_otherwise(
            edits in proptest::collection::vec((any::<usize>(), any::<u8>(), 0..3_u8), 1..4),
        ) {
            let whole = bundle(2, 5);
            let mut bytes = whole.to_string().into_bytes();
            for (at, byte, what) in edits {
                let at = at % bytes.len();
                match what {
                    0 => bytes[at] = byte,
                    1 => bytes.insert(at, byte),
                    _ => drop(bytes.remove(at)),
                }
            }
            let text = String::from_utf8_lossy(&bytes);
            if let Ok(read) = Bundle::parse(&text)
                && read.verify(&key().public_key()).is_ok()
            {
                prop_assert_eq!(read, whole);
            }
        }

        #[test]
        fn no_text_is_too_strange(text in "\\{?(\"(statement|proof|head)\":(\"\\PC{0,6}\"|[0-9.e-]{1,4}|\\{\\}),?){0,3}\\}?") {
            let _said = (Bundle::parse(&text), Receipt::parse(&text));
        }
    }
}
