//! Whole logs, and logs of which something was cut, changed, moved or forged.

use std::io::{self, BufReader};

use proptest::prelude::*;

use super::*;
use crate::{
    error::Failure,
    proof::{LogKey, Receipt, merkle::Log},
};

fn key() -> LogKey {
    LogKey::from_seed(&[7; 32]).unwrap()
}

fn statements(count: usize) -> Vec<String> {
    (0..count).map(|number| format!(r#"{{"member":"m{number}","amount":"{number}.00"}}"#)).collect()
}

fn log(entries: &[String]) -> Log {
    let mut log = Log::default();
    log.extend(entries.iter().map(|entry| CanonicalJson::parse(entry).unwrap().leaf_hash()));
    log
}

fn head(log: &Log, size: u64) -> SignedHead {
    let now = "2026-04-01T06:00:00Z".parse().unwrap();
    TreeHead::new("grid.example", size, log.root(size).unwrap(), now).unwrap().sign(&key()).unwrap()
}

/// Each entry with its receipt in the whole log.
fn bundles(entries: &[String]) -> Vec<String> {
    let log = log(entries);
    let head = head(&log, log.size());
    (0..log.size())
        .zip(entries)
        .map(|(index, entry)| {
            let statement = CanonicalJson::parse(entry).unwrap();
            let path = log.inclusion_path(index, log.size()).unwrap();
            let receipt = Receipt::new(index, statement.leaf_hash(), path, head.clone());
            Bundle::new(statement, receipt).to_string()
        })
        .collect()
}

fn verify(entries: &[String], heads: &[SignedHead]) -> Result<VerifiedLog, Error> {
    let whole = verify_log(entries, heads, &key().public_key());
    // The same from a file, with either line end and with or without the last one.
    for text in [entries.join("\n"), [entries, &[String::new()]].concat().join("\r\n")] {
        assert_eq!(verify_log_from(text.as_bytes(), heads, &key().public_key()), whole);
    }
    whole
}

#[test]
fn a_whole_log_holds() {
    for count in [0, 1, 2, 7, 16, 33] {
        let entries = statements(count);
        let log = log(&entries);
        let heads: Vec<SignedHead> = (0..=log.size()).rev().step_by(3).map(|size| head(&log, size)).collect();
        let verified = verify(&entries, &heads).unwrap();
        assert_eq!(verified.head(), heads[0].unverified());
        assert_eq!(verified.frontier(), log.frontier());
        assert_eq!(verify(&bundles(&entries), &heads).unwrap(), verified);
    }
}

#[test]
fn a_dropped_tail_is_found() {
    let entries = statements(9);
    let heads = [head(&log(&entries), 9)];
    for got in 0..9 {
        let cut = Err(Error::LogCut { expected: 9, got });
        let part = usize::try_from(got).unwrap();
        assert_eq!(verify(&entries[..part], &heads), cut);
        assert_eq!(verify(&bundles(&entries)[..part], &heads), cut);
    }
}

#[test]
fn an_entry_too_many_is_found() {
    let entries = statements(10);
    assert_eq!(verify(&entries, &[head(&log(&entries), 9)]), Err(Error::LogGrew { expected: 9 }));
}

#[test]
fn a_replaced_or_reordered_or_dropped_entry_lies_behind_the_last_head_that_held() {
    let entries = statements(12);
    let log = log(&entries);
    let heads = [4, 8, 12].map(|size| head(&log, size));
    for at in 0..12 {
        let group = u64::try_from(at / 4 * 4).unwrap();
        let changed = Error::EntriesChanged { first: group, last: group + 3 };
        let mut replaced = entries.clone();
        replaced[at] = r#"{"member":"m1","amount":"0.00"}"#.to_owned();
        assert_eq!(verify(&replaced, &heads).as_ref(), Err(&changed));
        if at < 11 {
            let mut moved = entries.clone();
            moved.swap(at, at + 1);
            assert_eq!(verify(&moved, &heads).as_ref(), Err(&changed));
            let mut dropped = entries.clone();
            dropped.remove(at);
            let refused = verify(&dropped, &heads).unwrap_err();
            if at < 8 {
                assert_eq!(refused, changed);
            } else {
                assert_eq!(refused, Error::LogCut { expected: 12, got: 11 });
            }
        }
    }
}

#[test]
fn a_bundle_says_itself_what_is_wrong() {
    let entries = statements(6);
    let whole = bundles(&entries);
    let heads = [head(&log(&entries), 6)];
    for at in 0..6 {
        let entry = u64::try_from(at).unwrap();
        let mut changed = whole.clone();
        changed[at] = changed[at].replace(".00", ".01");
        let refused = verify(&changed, &heads).unwrap_err();
        assert!(
            matches!(&refused, Error::EntryRefused { entry: found, source }
                if *found == entry && matches!(**source, Error::StatementChanged { .. })),
            "{refused}"
        );
        let mut moved = whole.clone();
        moved.swap(at, 5 - at);
        let first = at.min(5 - at);
        let (entry, expected) = (u64::try_from(5 - first).unwrap(), u64::try_from(first).unwrap());
        assert_eq!(verify(&moved, &heads), Err(Error::EntryMoved { entry, expected }));
    }
}

#[test]
fn the_head_in_a_bundle_is_not_believed_without_its_signature() {
    let entries = statements(6);
    let heads = [head(&log(&entries), 6)];
    let another = LogKey::from_seed(&[8; 32]).unwrap();
    // The first receipts are right, so that a head that was checked before stands in front of the forged one.
    for at in [0, 3] {
        let mut forged = bundles(&entries);
        let receipt = Bundle::parse(&forged[at]).unwrap().receipt().clone();
        let signed = receipt.head().unverified().clone().sign(&another).unwrap();
        let head = SignedHead::from_parts(signed.unverified().clone(), key().key_id(), *signed.signature());
        let receipt =
            Receipt::new(receipt.leaf_index(), *receipt.leaf_hash(), receipt.inclusion_path().to_vec(), head);
        forged[at] = Bundle::new(CanonicalJson::parse(&entries[at]).unwrap(), receipt).to_string();
        let refused = verify(&forged, &heads).unwrap_err();
        assert!(
            matches!(&refused, Error::EntryRefused { entry, source }
                if *entry == u64::try_from(at).unwrap() && matches!(**source, Error::WrongSignature { .. })),
            "{refused}"
        );
    }
}

#[test]
fn a_second_history_is_found_though_it_is_signed() {
    let entries = statements(6);
    let mut second = entries.clone();
    second[2] = r#"{"member":"m2","amount":"0.00"}"#.to_owned();
    let heads = [head(&log(&entries), 6)];
    // Every bundle of the second history holds by itself; its head and ours do not hold together.
    assert_eq!(verify(&bundles(&second), &heads), Err(Error::Forked { size: 6 }));
    let both = [head(&log(&entries), 6), head(&log(&second), 6)];
    assert_eq!(verify(&entries, &both), Err(Error::Forked { size: 6 }));
}

#[test]
fn the_head_in_a_bundle_narrows_the_answer() {
    let entries = statements(8);
    let mut mixed = entries.clone();
    // The receipt of entry 3 is from when the log had four entries.
    mixed[3] = bundles(&entries[..4])[3].clone();
    let heads = [head(&log(&entries), 8)];
    assert!(verify(&mixed, &heads).is_ok());
    mixed[1] = entries[0].clone();
    assert_eq!(verify(&mixed, &heads), Err(Error::EntriesChanged { first: 0, last: 3 }));
    mixed[1] = entries[1].clone();
    mixed[6] = entries[0].clone();
    assert_eq!(verify(&mixed, &heads), Err(Error::EntriesChanged { first: 4, last: 7 }));
}

#[test]
fn heads_that_do_not_belong_together_are_refused() {
    let entries = statements(3);
    let log = log(&entries);
    assert_eq!(verify(&entries, &[]), Err(Error::NoHead));
    let another = LogKey::from_seed(&[8; 32]).unwrap();
    let foreign = head(&log, 3).unverified().clone().sign(&another).unwrap();
    assert!(matches!(verify(&entries, &[foreign]), Err(Error::WrongKey { .. })));
    let elsewhere = head(&log, 3).unverified().clone();
    let elsewhere = TreeHead::new("other", 3, *elsewhere.root_hash(), elsewhere.timestamp()).unwrap();
    let elsewhere = elsewhere.sign(&key()).unwrap();
    assert!(matches!(verify(&entries, &[head(&log, 2), elsewhere.clone()]), Err(Error::WrongOrigin { .. })));
    let refused = verify(&bundles(&entries), &[elsewhere]).unwrap_err();
    assert!(matches!(refused, Error::EntryRefused { entry: 0, .. }), "{refused}");
    let nothing = TreeHead::new(
        "grid.example",
        0,
        *head(&log, 3).unverified().root_hash(),
        "2026-04-01T06:00:00Z".parse().unwrap(),
    );
    assert_eq!(verify(&[], &[nothing.unwrap().sign(&key()).unwrap()]), Err(Error::Forked { size: 0 }));
}

#[test]
fn lines_that_are_no_entries_name_their_line() {
    let entries = statements(3);
    let heads = [head(&log(&entries), 3)];
    for wrong in ["", "{", r#"{"a":1,"a":1}"#, "9007199254740993", r#"{"statement":1,"proof":2}"#] {
        let mut broken = entries.clone();
        wrong.clone_into(&mut broken[1]);
        let refused = verify(&broken, &heads).unwrap_err();
        assert!(matches!(refused, Error::EntryRefused { entry: 1, .. }), "{wrong}: {refused}");
        assert_eq!(refused.places()[0].line, Some(2), "{wrong}");
    }
    let not_text = [entries[0].as_bytes(), b"\n\xff\n"].concat();
    assert_eq!(
        verify_log_from(not_text.as_slice(), &heads, &key().public_key()),
        Err(Error::LogUnreadable { entry: 1, kind: ErrorKind::InvalidData })
    );
    let endless = BufReader::new(io::repeat(b'1'));
    let refused = verify_log_from(endless, &heads, &key().public_key()).unwrap_err();
    assert!(matches!(refused, Error::EntryRefused { entry: 0, .. }), "{refused}");
    assert_eq!(refused.kind(), crate::error::Kind::TooLarge);
}

#[test]
fn the_longest_line_is_read_with_either_end() {
    let entries = [format!("\"{}\"", "x".repeat(LONGEST_TEXT - 2)), "1".to_owned()];
    assert!(verify(&entries, &[head(&log(&entries), 2)]).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_log_that_verifies_is_the_log(
        count in 1..40_usize, first in any::<usize>(), second in any::<usize>(), what in 0..3_u8, bundled in any::<bool>(),
    ) {
        let statements = statements(count);
        let heads = [head(&log(&statements), u64::try_from(count).unwrap())];
        let entries = if bundled { bundles(&statements) } else { statements };
        prop_assert!(verify(&entries, &heads).is_ok());
        let (first, second) = (first % count, second % count);
        let mut other = entries.clone();
        match what {
            0 => other.swap(first, second),
            1 => other[first].clone_from(&entries[second]),
            _ => other.truncate(first),
        }
        prop_assert_eq!(verify(&other, &heads).is_ok(), other == entries);
    }
}
