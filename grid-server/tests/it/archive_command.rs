//! Everything in one file from the command line, and back.

use std::{
    fmt::Write as _,
    fs,
    io::{Read as _, Write as _},
    path::Path,
    process::{Child, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    databases::Database,
    harness::{Server, folder},
    process::program,
};

fn run(url: &str, arguments: &[&str]) -> Output {
    program().args(arguments).args(["--database-url", url]).stdin(Stdio::null()).output().unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn new_database(folder: &Path, name: &str) -> String {
    format!("sqlite:{}", folder.join(name).display())
}

#[tokio::test(flavor = "multi_thread")]
async fn s115_a_server_on_what_was_restored_knows_everybody_and_everything() {
    let folder = folder();
    let file = folder.join("grid.tar.gz");
    let name = file.to_str().unwrap();
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let device = ana.device("meter", "Europe/Madrid").await;
    let readings = format!("{device}/readings");
    let reading = json!({"channel": "import", "start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:15:00Z", "energy_kwh": "0.250000"});
    ana.post(&readings, &reading).await.good();
    let url = server.database_url();

    assert!(said(&run(&url, &["export", name])).contains("users 1"));
    let old = fs::read(&file).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // What is there is written over only when that is said.
    assert!(refused(&run(&url, &["export", "--out", name])).contains("--force"));
    assert_eq!(fs::read(&file).unwrap(), old);
    said(&run(&url, &["export", "--force", "--out", name]));
    let piped = run(&url, &["export", "-"]);
    assert!(piped.status.success() && piped.stdout.starts_with(&[0x1f, 0x8b]));
    assert!(String::from_utf8(piped.stderr).unwrap().contains("wrote "));
    // Nothing else was left beside it.
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);

    let new = new_database(&folder, "new.db");
    let restored = said(&run(&new, &["restore", name]));
    assert!(restored.contains("users 1") && restored.contains("readings 1"), "{restored}");
    assert!(refused(&run(&new, &["restore", name])).contains("new, empty database"));
    assert!(said(&run(&new, &["user", "list"])).contains("ana"));

    let copy = Server::on(&new).await;
    // Whom the old server let in, the new one does: the keys are the same, and so is the password.
    let found = copy.client().with_token(ana.token()).get(&readings).await.good();
    assert_eq!(found["items"][0]["energy_kwh"], "0.250000");
    copy.client().log_in("ana", "correct horse").await;
    copy.stop().await;
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_cannot_be_exported_or_restored_leaves_nothing() {
    let folder = folder();
    let place = folder.join("grid.tar.gz");
    let file = place.to_str().unwrap();
    let missing = new_database(&folder, "missing.db");
    assert!(refused(&run(&missing, &["export", file])).contains("there is no database"));
    assert!(refused(&run(&missing, &["restore", file])).contains("failed to open"));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    fs::write(&place, "no archive").unwrap();
    let told = refused(&run(&missing, &["restore", file]));
    assert!(told.contains("expected an archive that `grid-server export` wrote"), "{told}");
    assert!(said(&run(&missing, &["user", "list"])).is_empty());
    assert_eq!(run(&missing, &["export"]).status.code(), Some(2));
    fs::remove_dir_all(folder).unwrap();
}

/// An archive that is larger than what a pipe and a program that reads from it hold.
async fn large_archive(folder: &Path) -> Vec<u8> {
    let server = Server::start().await;
    let device = server.user("ana").await;
    let path = device.device("meter", "UTC").await;
    let mut table = String::from("channel,start,end,energy_kwh\n");
    let (first, mut random) = (jiff::Timestamp::UNIX_EPOCH, 1_u64);
    for slot in 0..100_000_i64 {
        let start = first + jiff::SignedDuration::from_mins(15 * slot);
        let end = start + jiff::SignedDuration::from_mins(15);
        // Numbers that look like nothing (Knuth's MMIX) do not compress.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let energy = random >> 32;
        writeln!(table, "import,{start},{end},{}.{:06}", energy % 100, energy / 100 % 1_000_000).unwrap();
    }
    device.csv(&format!("{path}/readings"), table).await.good();
    let file = folder.join("large.tar.gz");
    said(&run(&server.database_url(), &["export", file.to_str().unwrap()]));
    server.stop().await;
    let archive = fs::read(&file).unwrap();
    assert!(archive.len() > 640_000, "{}", archive.len());
    archive
}

/// What became of a program that was told to stop: its status, and what it said.
fn ended(mut child: Child) -> (Option<i32>, String) {
    let since = Instant::now();
    while child.try_wait().unwrap().is_none() && since.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(5));
    }
    // One that goes on is ended, and has no status.
    let _ = child.kill();
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    (child.wait().unwrap().code(), told)
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_told_to_stop_ends_at_once_and_leaves_nothing() {
    let folder = folder();
    let archive = large_archive(&folder).await;
    let database = Database::without_tables(&folder);
    let url = database.url.as_str();
    for signal in ["-INT", "-TERM"] {
        let mut child = program()
            .args(["restore", "-", "--database-url", url])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        // When the pipe has taken it, a part of it is restored; the rest does not come.
        pipe.write_all(&archive[..archive.len() * 3 / 4]).unwrap();
        let told = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(told.unwrap().success());
        let (status, said_last) = ended(child);
        assert_eq!(status, Some(130), "{signal}: {said_last}");
        assert!(said_last.contains("stopped on request; nothing was left behind"), "{signal}: {said_last}");
        drop(pipe);
        assert!(said(&run(url, &["user", "list"])).is_empty(), "{signal}");
    }
    let file = folder.join("large.tar.gz");
    let restored = said(&run(url, &["restore", file.to_str().unwrap()]));
    assert!(restored.contains("users 1") && restored.contains("readings 100000"), "{restored}");
    fs::remove_dir_all(folder).unwrap();
}
