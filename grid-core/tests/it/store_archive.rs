//! Everything in one file, from a database of each kind into one of each kind.

use std::io::{Read as _, Write as _};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use grid_core::{
    auth::{Revocation, Revoked},
    energy::Channel,
    quantity::Energy,
    store::{Archived, Page, Store, new_id},
};
use jiff::{Timestamp, ToSpan as _};
use uuid::Uuid;

use crate::{
    store::{TestDatabase, at, checks, now},
    store_checks::{all_time, batch, new_device, new_user, quarters, reading},
    store_street::{Street, recorded, signing},
};

/// A file of an archive: its name, and what is in it.
pub(crate) type File = (String, Vec<u8>);

pub(crate) async fn exported(store: &Store) -> (Vec<u8>, Archived) {
    let mut archive = Vec::new();
    let archived = store.export(&mut archive, now(), &mut |_| ()).await.unwrap();
    (archive, archived)
}

/// The files of an archive, read as tar is described and not as the store reads it.
pub(crate) fn unpacked(archive: &[u8]) -> Vec<File> {
    let mut tar = Vec::new();
    GzDecoder::new(archive).read_to_end(&mut tar).unwrap();
    let (mut at, mut files) = (0, Vec::new());
    while tar[at] != 0 {
        let text = |from: usize, to: usize| {
            let field = tar[at + from..at + to].split(|&byte| byte == 0).next().unwrap();
            String::from_utf8(field.to_vec()).unwrap()
        };
        let size = usize::from_str_radix(&text(124, 136), 8).unwrap();
        assert_eq!(text(100, 108), "0000600");
        let name = text(0, 100).strip_prefix("grid-archive/").unwrap().to_owned();
        files.push((name, tar[at + 512..at + 512 + size].to_vec()));
        at += 512 + size.div_ceil(512) * 512;
    }
    assert_eq!(tar.len() - at, 1024);
    files
}

/// An archive of these files, whatever they are.
pub(crate) fn packed(files: &[File]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    for (name, content) in files {
        let mut head = [0_u8; 512];
        let mut put = |at: usize, text: &[u8]| head[at..at + text.len()].copy_from_slice(text);
        put(0, format!("grid-archive/{name}").as_bytes());
        put(100, b"0000600\x000000000\x000000000\0");
        put(124, format!("{:011o}\x0000000000000\0        0", content.len()).as_bytes());
        put(257, b"ustar\x0000");
        let sum: u32 = head.iter().map(|&byte| u32::from(byte)).sum();
        head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.write_all(&head).unwrap();
        out.write_all(content).unwrap();
        out.write_all(&vec![0; content.len().next_multiple_of(512) - content.len()]).unwrap();
    }
    out.write_all(&[0; 1024]).unwrap();
    out.finish().unwrap()
}

/// Rows of every kind: what the checks of all databases leave behind, and what they do not.
async fn fill(store: &Store) {
    for (_, check) in checks() {
        check(store.clone()).await;
    }
    Street::new(store).await.issued(store, recorded()).await;
    let owner = new_user(store).await;
    let device = new_device(store, owner).await.id;
    let later = now() + 1.hours();
    for (moment, mwh) in [(now(), 5), (later, 7)] {
        let readings = vec![
            reading(at("1969-12-31T23:30:00.000001Z"), 60, Some(mwh)),
            reading(at("2026-03-29T00:00:00Z"), 0x7fff, None),
        ];
        store.ingest(&[batch(device, Channel::Discharge, readings)], moment).await.unwrap();
    }
    // A part of a table ends after 8 MiB.
    let many = quarters("2020-01-01T00:00:00Z", (0..70_000).map(|slot| (slot * 7919) % 5_000_000));
    store.ingest(&[batch(device, Channel::Import, many)], later).await.unwrap();
    let revocation = Revocation { what: Revoked::User(owner), at: now(), until: later };
    store.revoke(&revocation).await.unwrap();
    store.add_log_key("key of a test", &[0, 255, 10, 13], true, now()).await.unwrap();
}

/// What a client sees of a store, as of now and as of before.
async fn seen(store: &Store) -> Vec<String> {
    let mut seen = Vec::new();
    let mut page = Page::FIRST;
    loop {
        let listed = store.devices(page).await.unwrap();
        for device in &listed.items {
            for (channel, extent) in store.channels(device.id).await.unwrap() {
                for as_of in [None, Some(now()), Some(now() + 30.minutes())] {
                    let readings = store.readings(device.id, channel, extent, as_of).await.unwrap();
                    let energies = readings.iter().filter_map(|recorded| recorded.reading.energy());
                    let sum: i128 = energies.map(|energy| i128::from(energy.as_mwh())).sum();
                    seen.push(format!("{} {channel} {as_of:?} {} {sum}", device.id, readings.len()));
                }
                let mut history = store.history(device.id, channel, all_time()).await.unwrap();
                history.sort_unstable();
                seen.push(format!("{history:?}"));
            }
        }
        page.after = listed.next;
        if page.after.is_none() {
            break;
        }
    }
    seen.push(format!("{:?}", store.revocations(Timestamp::UNIX_EPOCH).await.unwrap()));
    seen
}

/// Every statement, with the proof that leads to the newest head.
async fn proofs(store: &Store, archive: &[File]) -> usize {
    let (_, statements) = archive.iter().find(|(name, _)| name == "statements.ndjson").unwrap();
    let mut verified = 0;
    for line in std::str::from_utf8(statements).unwrap().lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let id: Uuid = row["id"].as_str().unwrap().parse().unwrap();
        store.statement_bundle(id).await.unwrap().verify(&signing().public_key()).unwrap();
        verified += 1;
    }
    verified
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_comes_back_equal_from_every_kind_into_every_kind() {
    let kinds = ["SQLite", "MySQL", "PostgreSQL"];
    for kind in kinds {
        let Some(old) = TestDatabase::create(kind).await else { continue };
        old.store.migrate().await.unwrap();
        fill(&old.store).await;
        let (archive, archived) = exported(&old.store).await;
        let files = unpacked(&archive);
        for (table, rows) in &archived.tables {
            assert!(*rows > 0, "{kind}: no row of `{table}` was tried");
        }
        assert!(files.iter().any(|(name, _)| name == "readings.2.csv"), "{kind}");
        let before = seen(&old.store).await;
        for other in kinds {
            let Some(new) = TestDatabase::create(other).await else { continue };
            new.store.migrate().await.unwrap();
            let restored = new.store.restore(&mut archive.as_slice(), &mut |_| ()).await.unwrap();
            assert_eq!(restored, archived, "{kind} into {other}");
            let (again, _) = exported(&new.store).await;
            for ((name, content), (name_again, content_again)) in files.iter().zip(unpacked(&again)) {
                assert_eq!(*name, name_again, "{kind} into {other}");
                assert!(*content == content_again, "{kind} into {other}: `{name}` differs");
            }
            // Byte for byte, as both say that they were made at one instant.
            assert!(again == archive, "{kind} into {other}");
            assert_eq!(seen(&new.store).await, before, "{kind} into {other}");
            assert!(proofs(&new.store, &files).await >= 2, "{kind} into {other}");
            // What is restored goes on.
            Street::new(&new.store).await.issued(&new.store, recorded() + 1.hours()).await;
            new.remove().await;
        }
        old.remove().await;
    }
}

/// The same with little in it, which is soon done: a street, settled.
#[tokio::test(flavor = "multi_thread")]
async fn a_settled_street_is_the_same_wherever_it_is_taken() {
    for old in TestDatabase::all().await {
        Street::new(&old.store).await.issued(&old.store, recorded()).await;
        let (archive, archived) = exported(&old.store).await;
        let before = seen(&old.store).await;
        for new in TestDatabase::all().await {
            let restored = new.store.restore(&mut archive.as_slice(), &mut |_| ()).await.unwrap();
            assert_eq!(restored, archived, "{} into {}", old.kind, new.kind);
            assert!(exported(&new.store).await.0 == archive, "{} into {}", old.kind, new.kind);
            assert_eq!(seen(&new.store).await, before, "{} into {}", old.kind, new.kind);
            assert_eq!(proofs(&new.store, &unpacked(&archive)).await, 2, "{} into {}", old.kind, new.kind);
            new.remove().await;
        }
        old.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_of_one_instant_and_tells_how_far_it_is() {
    for database in TestDatabase::all().await {
        let (kind, store) = (database.kind, database.store.clone());
        let device = new_device(&store, new_user(&store).await).await.id;
        let day = |start: &str| batch(device, Channel::Import, quarters(start, 0..3000));
        store.ingest(&[day("2026-01-01T00:00:00Z")], now()).await.unwrap();
        // Somebody writes while the export is under way.
        let (other, mut told) = (store.clone(), Vec::new());
        let mut archive = Vec::new();
        let mut meanwhile = Some(tokio::runtime::Handle::current());
        let archived = store
            .export(&mut archive, now(), &mut |progress| {
                if let Some(runtime) = meanwhile.take() {
                    let late = [day("2026-06-01T00:00:00Z")];
                    let write = other.ingest(&late, now());
                    tokio::task::block_in_place(|| runtime.block_on(write)).unwrap();
                }
                told.push((progress.table, progress.rows));
            })
            .await
            .unwrap();
        let rows = |name| archived.tables.iter().find(|(table, _)| *table == name).unwrap().1;
        assert_eq!((rows("readings"), rows("users")), (3000, 1), "{kind}");
        assert!(told.len() > 5 && told.is_sorted_by_key(|(_, rows)| *rows), "{kind}: {told:?}");
        assert_eq!(
            store.readings(device, Channel::Import, all_time(), None).await.unwrap().len(),
            6000,
            "{kind}"
        );
        database.remove().await;
    }
}

/// The archive in `archive_1/` was written by hand: whatever becomes of the program, it stays readable.
#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_the_first_format_is_read() {
    for database in TestDatabase::all().await {
        let (kind, store) = (database.kind, &database.store);
        let restored = store.restore(&mut packed(&by_hand()).as_slice(), &mut |_| ()).await.unwrap();
        assert_eq!(restored.rows(), 8, "{kind}");
        let ana = store.user_by_name("ana").await.unwrap().unwrap();
        assert_eq!((ana.email(), ana.password()), ("ana@example.org", "$argon2id$by-hand"), "{kind}");
        let devices = store.devices_of(ana.id(), Page::FIRST).await.unwrap().items;
        assert_eq!(devices[0].name.as_str(), "Contador \"7\", azotea", "{kind}");
        let readings = store.readings(devices[0].id, Channel::Import, all_time(), None).await.unwrap();
        let told: Vec<String> = readings
            .iter()
            .map(|recorded| format!("{:?} {}", recorded.reading.energy().map(Energy::as_mwh), recorded.at))
            .collect();
        assert_eq!(told, ["Some(250000) 2026-01-02T00:00:00.000001Z", "None 2026-01-02T00:00:00Z"], "{kind}");
        let recording = store.recordings_of(ana.id(), Page::FIRST).await.unwrap().items[0].id;
        assert_eq!(store.recording_bytes(recording).await.unwrap(), b"t,V\n0,3.7\n", "{kind}");
        database.remove().await;
    }
}

/// The files of the archive that was written by hand, in its order.
pub(crate) fn by_hand() -> Vec<File> {
    const FILES: &[(&str, &[u8])] = &[
        ("README.txt", include_bytes!("archive_1/README.txt")),
        ("format.json", include_bytes!("archive_1/format.json")),
        ("users.ndjson", include_bytes!("archive_1/users.ndjson")),
        ("devices.ndjson", include_bytes!("archive_1/devices.ndjson")),
        ("channels.ndjson", include_bytes!("archive_1/channels.ndjson")),
        ("readings.csv", include_bytes!("archive_1/readings.csv")),
        ("superseded_readings.csv", include_bytes!("archive_1/superseded_readings.csv")),
        ("battery_levels.csv", include_bytes!("archive_1/battery_levels.csv")),
        ("recordings.ndjson", include_bytes!("archive_1/recordings.ndjson")),
        ("recordings/0193f3a0-0000-7000-8000-000000000005", include_bytes!("archive_1/recording.csv")),
        ("manifest.json", include_bytes!("archive_1/manifest.json")),
    ];
    FILES.iter().map(|(name, content)| ((*name).to_owned(), content.to_vec())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_has_rows_is_not_restored_into() {
    use grid_core::{
        error::Failure as _,
        store::{ArchiveError, Error},
    };
    for database in TestDatabase::all().await {
        let (kind, store) = (database.kind, &database.store);
        let user = new_user(store).await;
        let error = store.restore(&mut packed(&by_hand()).as_slice(), &mut |_| ()).await.unwrap_err();
        assert!(
            matches!(error, Error::Archive(ArchiveError::NotEmpty { table: "users" })),
            "{kind}: {error:?}"
        );
        assert!(error.hint().unwrap().contains("empty"), "{kind}");
        assert!(store.user(user).await.unwrap().is_some(), "{kind}");
        assert!(store.user_by_name("ana").await.unwrap().is_none(), "{kind}");
        assert!(store.user(new_id(now())).await.unwrap().is_none(), "{kind}");
        database.remove().await;
    }
}

/// Gives a database a migration that this program does not know, as a later one would.
async fn made_newer(database: &TestDatabase) {
    use sqlx::Connection as _;
    const NEWER: &str = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                         SELECT 9999, description, success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1";
    match database.kind {
        #[cfg(feature = "sqlite")]
        "SQLite" => {
            let mut connection = sqlx::SqliteConnection::connect(&database.address).await.unwrap();
            sqlx::query(NEWER).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
        #[cfg(any(feature = "mysql", feature = "postgres"))]
        _ => crate::store::execute(&database.address, NEWER).await,
        #[cfg(not(any(feature = "mysql", feature = "postgres")))]
        other => unreachable!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_database_that_is_newer_nothing_is_left_out_unsaid() {
    use grid_core::{
        error::Failure as _,
        store::{AuditEntry, Error},
    };
    for database in TestDatabase::all().await {
        let (kind, store) = (database.kind, &database.store);
        let user = new_user(store).await;
        made_newer(&database).await;
        // A server goes on while a later one takes its place.
        store.ready().await.unwrap();
        let mut out = Vec::new();
        let entry = AuditEntry::by_program("", "user.erase", now());
        for refused in [
            store.export(&mut out, now(), &mut |_| ()).await.unwrap_err(),
            store.export_user(user, &mut out, now(), &mut |_| ()).await.unwrap_err(),
            store.erase_user(user, &entry, now(), now() + 1.hours()).await.unwrap_err(),
            store.restore(&mut packed(&by_hand()).as_slice(), &mut |_| ()).await.unwrap_err(),
        ] {
            assert!(matches!(refused, Error::ForeignMigration { version: 9999 }), "{kind}: {refused:?}");
            assert!(refused.hint().unwrap().contains("at least as new"), "{kind}");
        }
        assert!(out.is_empty(), "{kind}");
        database.remove().await;
    }
}

/// An archive that says when all of it was read, and ends when it may.
struct Held {
    archive: std::io::Cursor<Vec<u8>>,
    was_read: Option<tokio::sync::oneshot::Sender<()>>,
    may_end: std::sync::mpsc::Receiver<()>,
}

impl std::io::Read for Held {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.archive.read(buffer)?;
        if read == 0
            && let Some(was_read) = self.was_read.take()
        {
            was_read.send(()).unwrap();
            tokio::task::block_in_place(|| self.may_end.recv()).unwrap();
        }
        Ok(read)
    }
}

/// In SQLite the one writer waits for the other anyway.
#[cfg(any(feature = "mysql", feature = "postgres"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_archives_are_not_restored_into_one_database() {
    use grid_core::store::{ArchiveError, Error, Options};
    for database in TestDatabase::all().await {
        let (kind, store) = (database.kind, database.store.clone());
        if kind == "SQLite" {
            database.remove().await;
            continue;
        }
        // Of other people than the archive that was written by hand, so that no key of a table tells them apart.
        let Some(old) = TestDatabase::create("SQLite").await else { return };
        old.store.migrate().await.unwrap();
        new_user(&old.store).await;
        let other = exported(&old.store).await.0;
        old.remove().await;

        let (was_read, is_read) = tokio::sync::oneshot::channel();
        let (end, may_end) = std::sync::mpsc::channel();
        let archive = std::io::Cursor::new(packed(&by_hand()));
        let mut held = Held { archive, was_read: Some(was_read), may_end };
        let first = tokio::spawn(async move { store.restore(&mut held, &mut |_| ()).await });
        // All its rows are in, and not for others to see.
        is_read.await.unwrap();
        let second = Store::connect(&database.address, Options::default()).await.unwrap();
        let refused = second.restore(&mut other.as_slice(), &mut |_| ()).await.unwrap_err();
        assert!(matches!(refused, Error::Archive(ArchiveError::BeingRestored)), "{kind}: {refused:?}");
        end.send(()).unwrap();
        first.await.unwrap().unwrap();
        let late = second.restore(&mut other.as_slice(), &mut |_| ()).await.unwrap_err();
        assert!(
            matches!(late, Error::Archive(ArchiveError::NotEmpty { table: "users" })),
            "{kind}: {late:?}"
        );
        assert_eq!(second.users(Page::FIRST).await.unwrap().items.len(), 1, "{kind}");
        second.close().await;
        database.remove().await;
    }
}
