//! Archives that were cut off, changed, or made up: each is refused with what was expected, and leaves nothing.

use std::io::{Cursor, Read};

use grid_core::{
    auth::sha256,
    error::{Failure as _, Kind},
    store::{ArchiveError, Error, Options, Store},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::store_archive::{File, by_hand, exported, packed};

async fn empty() -> Store {
    let store = Store::connect("sqlite::memory:", Options::default()).await.unwrap();
    store.migrate().await.unwrap();
    store
}

async fn is_empty(store: &Store) -> bool {
    exported(store).await.1.rows() == 0
}

/// Restores files into an empty store, and says what was wrong with them.
async fn refused(files: &[File]) -> ArchiveError {
    refused_bytes(&packed(files)).await
}

async fn refused_bytes(archive: &[u8]) -> ArchiveError {
    let store = empty().await;
    let error = store.restore(&mut Cursor::new(archive), &mut |_| ()).await.unwrap_err();
    assert!(is_empty(&store).await, "{error} left something behind");
    match error {
        Error::Archive(error) => error,
        other => panic!("{other:?}"),
    }
}

fn content<'a>(files: &'a mut [File], name: &str) -> &'a mut Vec<u8> {
    &mut files.iter_mut().find(|(file, _)| file == name).unwrap().1
}

/// Changes a file, and lets the manifest say so.
fn changed(name: &str, from: &str, to: &str) -> Vec<File> {
    let mut files = by_hand();
    let text = String::from_utf8(content(&mut files, name).clone()).unwrap();
    assert!(text.contains(from), "{text}");
    let text = text.replacen(from, to, 1);
    let hash = sha256(text.as_bytes()).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let mut manifest: Value = serde_json::from_slice(content(&mut files, "manifest.json")).unwrap();
    for listed in manifest["files"].as_array_mut().unwrap() {
        if listed["name"] == name {
            listed["bytes"] = json!(text.len());
            listed["sha256"] = json!(hash);
        }
    }
    *content(&mut files, "manifest.json") = manifest.to_string().into_bytes();
    *content(&mut files, name) = text.into_bytes();
    files
}

/// Changes what an archive says of itself, in both places.
fn of_format(member: &str, value: &Value) -> Vec<File> {
    let mut files = by_hand();
    for name in ["format.json", "manifest.json"] {
        let mut said: Value = serde_json::from_slice(content(&mut files, name)).unwrap();
        said[member] = value.clone();
        *content(&mut files, name) = said.to_string().into_bytes();
    }
    files
}

#[tokio::test]
async fn what_is_no_archive_is_named_so() {
    let not = async |bytes: &[u8]| match refused_bytes(bytes).await {
        ArchiveError::NotAnArchive { reason } => reason,
        other => panic!("{other:?}"),
    };
    assert!(not(b"SQLite format 3\0 and more that is no archive").await.contains("gzip"));
    assert!(not(&packed(&[])).await.contains("ends"));
    let mut tar = by_hand();
    tar[0].0 = "notes.txt".to_owned();
    assert!(matches!(refused(&tar).await, ArchiveError::UnexpectedFile { got, .. } if got == "notes.txt"));
    assert!(matches!(refused_bytes(b"").await, ArchiveError::CutOff { .. }));
    let mut longer = packed(&by_hand());
    longer.push(0);
    assert!(not(&longer).await.contains("follows"));
}

#[tokio::test]
async fn an_archive_of_a_later_program_is_left_to_it() {
    let error = refused(&of_format("version", &json!(2))).await;
    assert_eq!(
        error.to_string(),
        "expected an archive of format 1 or before, got one of format 2, made by a person"
    );
    assert!(error.hint().unwrap().contains("program that made it"));
    let error = refused(&of_format("schema", &json!(9999))).await;
    assert!(matches!(error, ArchiveError::NewerSchema { got: 9999, .. }), "{error}");
    let error = refused(&of_format("holds", &json!("own data"))).await;
    assert_eq!(error.to_string(), "expected an archive of everything, got one that holds `own data`");
    let error = refused(&of_format("format", &json!("another"))).await;
    assert!(matches!(error, ArchiveError::NotAnArchive { .. }), "{error}");
}

#[tokio::test]
async fn a_changed_file_is_told_from_what_the_manifest_says() {
    for name in ["users.ndjson", "readings.csv", "recordings/0193f3a0-0000-7000-8000-000000000005"] {
        let mut files = by_hand();
        let bytes = content(&mut files, name);
        // A digit, so that it is still what it was.
        let place = bytes.iter().rposition(u8::is_ascii_digit).unwrap();
        bytes[place] ^= 1;
        let error = refused(&files).await;
        assert!(
            matches!(&error, ArchiveError::Changed { file, what: "the SHA-256", .. } if file == name),
            "{error}"
        );
        assert_eq!(error.kind(), Kind::Invalid);
    }
    let mut files = by_hand();
    files.remove(5);
    assert!(
        matches!(refused(&files).await, ArchiveError::UnexpectedFile { expected, .. } if expected.contains("readings.csv"))
    );
    let mut files = by_hand();
    files.retain(|(name, _)| !name.starts_with("recordings/"));
    assert!(matches!(refused(&files).await, ArchiveError::UnexpectedFile { .. }));
}

#[tokio::test]
async fn tables_and_columns_that_are_not_known_are_named() {
    let mut files = by_hand();
    files.insert(4, ("spells.ndjson".to_owned(), Vec::new()));
    let error = refused(&files).await;
    assert!(matches!(&error, ArchiveError::UnexpectedFile { got, .. } if got == "spells.ndjson"), "{error}");

    let files = changed("users.ndjson", "\"username_key\"", "\"spell\":1,\"username_key\"");
    let error = refused(&files).await;
    assert!(
        error.to_string().starts_with("`users.ndjson`, line 1: expected the columns id, username, "),
        "{error}"
    );
    let error = refused(&changed("users.ndjson", "\"email\":\"ana@example.org\",", "")).await;
    assert!(matches!(error, ArchiveError::OtherColumns { line: 1, .. }), "{error}");
    let error = refused(&changed("readings.csv", "quality,recorded_at", "quality,wand")).await;
    assert!(matches!(error, ArchiveError::OtherColumns { line: 1, .. }), "{error}");
    // A column that may be empty may be missing in what is older.
    let store = empty().await;
    let files = changed("users.ndjson", ",\"disabled_at\":null", "");
    store.restore(&mut packed(&files).as_slice(), &mut |_| ()).await.unwrap();
}

#[tokio::test]
async fn a_value_that_cannot_be_is_told_with_its_place() {
    for (name, from, to, told) in [
        (
            "users.ndjson",
            "true",
            "1",
            "`users.ndjson`, line 1, column `administrator`: expected `true` or `false`, got `1`",
        ),
        (
            "readings.csv",
            ",missing,",
            ",lost,",
            "`readings.csv`, line 3, column `quality`: expected a quality like `measured`, got `lost`",
        ),
        ("readings.csv", "0.250000", "0.2500001", "line 2, column `energy_kwh`: expected an energy in kWh"),
        ("readings.csv", "0.250000", "-0.250000", "`readings.csv` cannot be read: line 2 is no reading"),
        ("readings.csv", "0.250000,measured", ",measured", "line 2 is no reading"),
        (
            "readings.csv",
            "00:15:00Z,2026-01-01T00:30",
            "00:14:00Z,2026-01-01T00:30",
            "line 3 is not after the reading before it",
        ),
        ("readings.csv", ",measured", ",measured,1", "line 2 has 8 cells"),
        ("devices.ndjson", "{", "[", "line 1 is no JSON object"),
        ("devices.ndjson", "\n", "", "line 1 has no end"),
        (
            "devices.ndjson",
            "\"owner\":\"0193f3a0-0000-7000-8000-000000000001\"",
            "\"owner\":\"0193f3a0-0000-7000-8000-00000000000f\"",
            "`devices.ndjson`, line 1: the database refuses the row",
        ),
        ("recordings.ndjson", "\"size_bytes\":10", "\"size_bytes\":11", "its size is not the one"),
    ] {
        let error = refused(&changed(name, from, to)).await;
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[tokio::test]
async fn what_would_fill_the_memory_is_refused_before_it_does() {
    // A header that says 4 GiB, and nothing behind it.
    let store = empty().await;
    let mut files = by_hand();
    files.truncate(3);
    let mut tar = Vec::new();
    flate2::read::GzDecoder::new(packed(&files).as_slice()).read_to_end(&mut tar).unwrap();
    let head = tar.len() - 1024 - 1024;
    tar[head + 124..head + 136].copy_from_slice(b"40000000000\0");
    tar[head + 148..head + 156].copy_from_slice(b"        ");
    let sum: u32 = tar[head..head + 512].iter().map(|&byte| u32::from(byte)).sum();
    tar[head + 148..head + 156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut out, &tar).unwrap();
    let error = store.restore(&mut out.finish().unwrap().as_slice(), &mut |_| ()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge, "{error}");
}

/// The store's own work, on damaged bytes: whatever they are, nothing is restored and nothing panics.
#[test]
fn a_damaged_or_shortened_archive_leaves_nothing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let whole = packed(&by_hand());
    // What gzip has for bytes: some of its bits say nothing, such as when it was made, and the lengths of unused codes.
    let says = |bytes: &[u8]| {
        let mut tar = Vec::new();
        flate2::read::GzDecoder::new(bytes).read_to_end(&mut tar).ok().map(|_| tar)
    };
    let undamaged = says(&whole);
    assert!(undamaged.is_some());
    let config = ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(at in any::<prop::sample::Index>(), bit in 0..8_u32, cut in any::<bool>())| {
        let mut bytes = whole.clone();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] ^= 1 << bit }
        runtime.block_on(async {
            let store = empty().await;
            let outcome = store.restore(&mut bytes.as_slice(), &mut |_| ()).await;
            if cut || says(&bytes) != undamaged {
                assert!(outcome.is_err(), "byte {at}");
                assert!(is_empty(&store).await);
            }
        });
    });
}
