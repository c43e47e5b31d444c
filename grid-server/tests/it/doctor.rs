//! `doctor` and `migrate --check`, against databases as an operator meets them: right, wrong, closed, silent.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener},
    process::Output,
};

use crate::{databases::Database, harness::folder, process::program};

/// The steps to a database on a host, in the order in which one comes after the other.
const BY_HOST: [&str; 6] = ["DNS", "TCP", "TLS", "login", "database", "schema"];

const PASSWORD: &str = "s3cret-p@ss";
/// The same as a part of an address.
const ENCODED: &str = "s3cret-p%40ss";

/// What the program said, and how it ended; never with a password.
fn said(output: &Output) -> (Option<i32>, String, String) {
    let (out, error) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    for secret in [PASSWORD, ENCODED, "s3cret"] {
        assert!(!out.contains(secret) && !error.contains(secret), "{out}{error}");
    }
    (output.status.code(), out, error)
}

fn doctor(url: &str) -> (Option<i32>, String, String) {
    said(&program().arg("doctor").env("GRID_DATABASE_URL", url).current_dir(folder()).output().unwrap())
}

/// The steps that were told below the settings, each with what came of it, in the order in which they stand there.
fn steps(out: &str) -> Vec<(&str, &str)> {
    let told = out.lines().skip_while(|line| !line.starts_with("  listens on ")).skip(1);
    let told = told.filter_map(|line| line.strip_prefix("  ")?.split_once(' '));
    // What is told besides of a step has no name, and a warning has a dash.
    told.filter(|(step, _)| !["", "-"].contains(step))
        .map(|(step, outcome)| (step, outcome.trim_start()))
        .collect()
}

/// The steps to the database of an address.
fn way(url: &str) -> &'static [&'static str] {
    match url.split_once("://").unwrap().0 {
        "sqlite" => &["folder", "writable", "database", "WAL", "schema"],
        "mysql" | "postgres" if url.contains("=%2F") => &["socket", "TLS", "login", "database", "schema"],
        "mysql" | "postgres" => &BY_HOST,
        _ => &["address"],
    }
}

/// Checks that a step fails, that those before it on its way have all come and did not, that none follows, and that the one
/// sentence says what to do.
fn stops_at(url: &str, step: &str, words: &[&str]) {
    let (code, out, error) = doctor(url);
    assert_eq!(code, Some(1), "{out}{error}");
    let told = steps(&out);
    let (last, before) = told.split_last().unwrap();
    assert!(last.0 == step && last.1.starts_with("FAILED: "), "{step}: {out}");
    assert!(before.iter().all(|(_, outcome)| outcome.starts_with("ok: ")), "{out}");
    let names: Vec<_> = told.iter().map(|(name, _)| *name).collect();
    let place = way(url).iter().position(|name| *name == step).unwrap();
    assert_eq!(names, way(url)[..=place], "{out}");
    let sentence = error.lines().collect::<Vec<_>>();
    assert!(sentence.len() == 1 && sentence[0].starts_with(&format!("error: {step}: ")), "{error}");
    for word in words {
        assert!(error.contains(word), "`{word}` in {error}");
    }
}

/// The address of a server for tests, with parts of it replaced; `None` with a line that says what is skipped.
fn server(variable: &str) -> Option<String> {
    let url = std::env::var(variable).ok();
    if url.is_none() {
        assert!(std::env::var_os("GRID_TEST_NO_SKIP").is_none(), "{variable} is not set");
        println!("skipped: doctor on a server ({variable} is not set)");
    }
    url
}

/// `scheme://user:password@host:port/database`, taken apart.
fn parts(url: &str) -> (&str, &str, &str) {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (user, place) = rest.rsplit_once('@').unwrap();
    let host = place.split('/').next().unwrap();
    (scheme, user.split(':').next().unwrap(), host)
}

/// A server that answers each connection with fixed bytes, one answer a message, and counts on being asked once.
fn scripted(answers: &[&[u8]]) -> u16 {
    scripted_after(&[], answers)
}

/// The same of a server that speaks first.
fn scripted_after(greeting: &[u8], answers: &[&[u8]]) -> u16 {
    let greeting = greeting.to_vec();
    let answers: Vec<_> = answers.iter().map(|answer| answer.to_vec()).collect();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        // The first connection is the step that only looks whether the port is open.
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = [0; 4096];
            let _ = stream.write_all(&greeting);
            for answer in &answers {
                if !matches!(stream.read(&mut asked), Ok(1..)) {
                    break;
                }
                let _ = stream.write_all(answer);
            }
            let _ = stream.shutdown(Shutdown::Write);
        }
    });
    port
}

#[test]
fn s54_every_setting_is_listed_with_its_value_and_its_place_and_secrets_are_masked() {
    let folder = folder();
    std::fs::write(folder.join(".env"), format!("# ours\nMYSQL_USER=dev\nMYSQL_PASSWORD={PASSWORD}\n"))
        .unwrap();
    std::fs::write(folder.join("grid.toml"), "key_days = 30\nsealing_kye = \"x\"\n").unwrap();
    // Nothing listens on port 1.
    let output = program()
        .args(["doctor", "--port", "9000", "--config", "grid.toml"])
        .envs([
            ("MYSQL_HOST", "127.0.0.1:1"),
            ("GRID_SEALING_KEY", "s3cret of at least 32 bytes, made at random"),
        ])
        .current_dir(&folder)
        .output()
        .unwrap();
    let (code, out, error) = said(&output);
    assert_eq!(code, Some(1), "{out}{error}");
    let row = |name: &str| {
        let line = out.lines().find(|line| line.split_whitespace().next() == Some(name));
        line.unwrap_or_else(|| panic!("{name} in {out}")).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("PORT"), "PORT 9000 the flag `--port`");
    assert_eq!(row("GRID_KEY_DAYS"), "GRID_KEY_DAYS 30 `key_days` in `grid.toml`");
    assert_eq!(row("GRID_SESSION_DAYS"), "GRID_SESSION_DAYS 180 the default");
    assert_eq!(row("GRID_SEALING_KEY"), "GRID_SEALING_KEY *** `GRID_SEALING_KEY` in the environment");
    assert_eq!(row("MYSQL_PASSWORD"), "MYSQL_PASSWORD *** `MYSQL_PASSWORD` in `.env`, line 3");
    assert_eq!(row("MYSQL_HOST"), "MYSQL_HOST 127.0.0.1:1 `MYSQL_HOST` in the environment");
    assert!(!out.contains("CLOUD_SQL_HOST"), "names that nobody set are not listed: {out}");
    let place = "Database: MySQL or MariaDB at 127.0.0.1:1, as `dev`, database `GRID` (from `MYSQL_HOST` in the environment)";
    assert!(out.contains(place), "{out}");
    assert!(out.contains("`sealing_kye` in `grid.toml` (`sealing_key` is one)"), "{out}");
    assert!(error.starts_with("error: TCP: nothing listens on 127.0.0.1:1"), "{error}");
}

#[test]
fn a_first_start_on_sqlite_is_well_and_nothing_is_made_yet() {
    let folder = folder();
    let run = |arguments: &[&str]| said(&program().args(arguments).current_dir(&folder).output().unwrap());
    let (code, out, error) = run(&["doctor"]);
    assert_eq!((code, error.as_str()), (Some(0), ""), "{out}");
    for part in
        ["Database: SQLite at grid-data/grid.db (from the default)", "not there yet", "GRID_SEALING_KEY"]
    {
        assert!(out.contains(part), "{part} in {out}");
    }
    let (code, out, error) = run(&["migrate", "--check"]);
    assert_eq!(code, Some(1), "{out}{error}");
    assert!(
        out.starts_with("0001_users\n0002_signing_keys\n") && error.contains("have not run"),
        "{out}{error}"
    );
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "looking makes nothing");
    assert_eq!(run(&["migrate"]).0, Some(0));
    let (code, out, error) = run(&["migrate", "--check"]);
    assert_eq!((code, out.as_str(), error.as_str()), (Some(0), "", ""));
    let (code, out, _) = run(&["doctor"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("WAL        ok: readers") && out.contains("migrations have run"), "{out}");
}

#[test]
fn a_file_that_cannot_be_the_database_is_told_by_the_step_that_fails() {
    let folder = folder();
    let url = |name: &str| format!("sqlite://{}", folder.join(name).display());
    stops_at(&url("nowhere/grid.db"), "folder", &["there is no folder", "make it"]);
    std::fs::write(
        folder.join("text.db"),
        "this is no database, but it is longer than a header of one: ".repeat(40),
    )
    .unwrap();
    stops_at(&url("text.db"), "database", &["no SQLite database"]);
    stops_at("oracle://ana:s3cret@db/grid", "address", &["oracle", "GRID_DATABASE_URL"]);
}

#[test]
fn s61_s130_who_cannot_be_reached_is_told_by_the_step_that_fails() {
    let listening = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = listening.local_addr().unwrap().port();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    // Side by side, because who is silent is waited for.
    std::thread::scope(|scope| {
        for scheme in ["mysql", "postgres"] {
            scope.spawn(move || {
                let at = |place: &str| format!("{scheme}://ana:{ENCODED}@{place}/grid");
                // RFC 6761: no name ends like this.
                stops_at(&at("grid-database.invalid"), "DNS", &["grid-database.invalid"]);
                stops_at(
                    &at(&format!("127.0.0.1:{closed}")),
                    "TCP",
                    &["nothing listens", "start the database"],
                );
                stops_at(&at(&format!("127.0.0.1:{silent}")), "TLS", &["says nothing for"]);
            });
        }
    });
    let socket = |option: &str| format!("{option}=%2Fcloudsql%2Fa%3Ab%3Ac");
    let by_socket = format!("postgres://ana:{ENCODED}@localhost/grid?{}", socket("host"));
    stops_at(&by_socket, "socket", &["/cloudsql/a:b:c", "Cloud SQL Client"]);
    let by_socket = format!("mysql://ana:{ENCODED}@localhost/grid?{}", socket("socket"));
    stops_at(&by_socket, "socket", &["/cloudsql/a:b:c"]);
}

/// The messages are those of PostgreSQL's protocol, version 3: `N` refuses TLS, `E` is an error with its code.
#[test]
fn what_a_server_refuses_is_told_in_our_words_and_not_in_its_own() {
    let at = |port: u16, options: &str| format!("postgres://ana:{ENCODED}@127.0.0.1:{port}/grid{options}");
    let wrong: &[&[u8]] =
        &[b"N", b"E\0\0\0\x3cSFATAL\0VFATAL\0C28P01\0Mno entry for s3cret-p@ss, user x\0\0"];
    stops_at(&at(scripted(wrong), ""), "login", &["refuses `ana` with this password", "GRID_DATABASE_URL"]);
    let full: &[&[u8]] = &[b"N", b"E\0\0\0\x2dSFATAL\0VFATAL\0C53300\0Mno slots are left\0\0"];
    stops_at(&at(scripted(full), ""), "login", &["no connection left", "GRID_DATABASE_CONNECTIONS"]);
    stops_at(&at(scripted(&[b"N"]), "?sslmode=require"), "TLS", &["no encrypted connection"]);
    stops_at(&at(scripted(&[b"HTTP/1.1 400 Bad Request\r\n\r\n"]), ""), "TLS", &["correct the port"]);
}

/// A packet of MySQL's protocol: three bytes of length, its number, and what it says.
fn packet(number: u8, said: &[u8]) -> Vec<u8> {
    let length = u32::try_from(said.len()).unwrap().to_le_bytes();
    [&length[..3], &[number], said].concat()
}

/// A refusal of MySQL. Before it knows what its client understands it sends no SQLSTATE.
fn refusal(number: u8, code: u16, state: &str, message: &str) -> Vec<u8> {
    packet(number, &[&[0xff], &code.to_le_bytes()[..], state.as_bytes(), message.as_bytes()].concat())
}

/// Protocol 10, a name, a thread, a challenge in two parts, and between them what the server can do: not TLS.
fn greeting() -> Vec<u8> {
    let able = [0x08_u8, 0xa2, 0x21, 0x02, 0x00, 0x08, 0x00];
    packet(
        0,
        &[
            &b"\x0a8.0.36\0\x07\0\0\0challeng\0"[..],
            &able[..],
            b"\x15\0\0\0\0\0\0\0\0\0\0and the rest\0mysql_native_password\0",
        ]
        .concat(),
    )
}

/// A refusal of PostgreSQL's protocol, version 3, with its code.
fn refused(code: &str, message: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0VFATAL\0C{code}\0M{message}\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
    [b"E", &length[..], fields.as_bytes()].concat()
}

/// The numbers and messages are those of <https://mariadb.com/kb/en/mariadb-error-codes/>, the packets those of
/// <https://mariadb.com/kb/en/clientserver-protocol/>.
#[test]
fn s64_who_may_not_come_from_here_or_not_use_the_database_is_told_so() {
    let postgres = |port: u16| format!("postgres://ana:{ENCODED}@127.0.0.1:{port}/grid");
    let no_entry =
        "no pg_hba.conf entry for host \"192.0.2.7\", user \"ana\", database \"grid\", s3cret-p@ss";
    let words = ["takes no login of `ana` from here", "pg_hba.conf"];
    stops_at(&postgres(scripted(&[b"N", &refused("28000", no_entry)])), "login", &words);

    let mysql = |port: u16| format!("mysql://ana:{ENCODED}@127.0.0.1:{port}/grid");
    let not_allowed = "Host '192.0.2.7' is not allowed to connect to this MariaDB server";
    let port = scripted_after(&refusal(0, 1130, "", not_allowed), &[]);
    stops_at(&mysql(port), "login", &["takes no login of `ana` from this machine", "CREATE USER"]);

    let no_right = "Access denied for user 'ana'@'%' to database 'grid', s3cret-p@ss";
    let port = scripted_after(&greeting(), &[&refusal(2, 1044, "#42000", no_right)]);
    stops_at(&mysql(port), "database", &["`ana` may not use the database `grid`", "grant it"]);

    let another_way = "Client does not support authentication protocol requested by server";
    let port = scripted_after(&greeting(), &[&refusal(2, 1251, "#08004", another_way)]);
    stops_at(&mysql(port), "login", &["encrypted connection", "mysql_native_password"]);
}

/// Who reads from the top finds the first thing that is wrong, and nothing that came of it.
#[test]
fn the_steps_come_in_their_order_and_the_first_that_fails_is_the_last() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let postgres = |place: &str| format!("postgres://ana:{ENCODED}@{place}");
    let mysql = |place: &str| format!("mysql://ana:{ENCODED}@{place}");
    let here = |port: u16, options: &str| format!("127.0.0.1:{port}/grid{options}");
    let no_tls = here(scripted(&[b"N"]), "?sslmode=require");
    let no_login = here(scripted(&[b"N", &refused("28P01", "no")]), "");
    let no_database = here(scripted(&[b"N", &refused("3D000", "no")]), "");
    let of_mysql = |answer: &[u8]| here(scripted_after(&greeting(), &[answer]), "");
    for (url, step) in [
        // RFC 6761: no name ends like this.
        (postgres("grid-database.invalid/grid"), "DNS"),
        (mysql("grid-database.invalid/grid"), "DNS"),
        (postgres(&here(closed, "")), "TCP"),
        (mysql(&here(closed, "")), "TCP"),
        (postgres(&no_tls), "TLS"),
        (mysql(&here(scripted_after(&greeting(), &[]), "?ssl-mode=REQUIRED")), "TLS"),
        (postgres(&no_login), "login"),
        (mysql(&of_mysql(&refusal(2, 1045, "#28000", "no"))), "login"),
        (postgres(&no_database), "database"),
        (mysql(&of_mysql(&refusal(2, 1049, "#42000", "no"))), "database"),
    ] {
        stops_at(&url, step, &[]);
    }
}

#[test]
fn s118_a_server_that_is_right_passes_and_one_that_is_not_stops_where_it_is_wrong() {
    for variable in ["GRID_TEST_MYSQL_URL", "GRID_TEST_POSTGRES_URL"] {
        let Some(url) = server(variable) else { continue };
        let (code, out, error) = doctor(&url);
        assert_eq!(code, Some(0), "{variable}: {out}{error}");
        let told = steps(&out);
        assert_eq!(told.iter().map(|(name, _)| *name).collect::<Vec<_>>(), BY_HOST, "{out}");
        assert!(told.iter().all(|(_, outcome)| outcome.starts_with("ok: ")), "{out}");
        let newer = Database::of_a_newer_program(&url);
        stops_at(&newer.url, "schema", &["999"]);
        let (scheme, user, host) = parts(&url);
        let plain = url.rsplit('/').next().unwrap();
        let password = url.split_once("://").unwrap().1.rsplit_once('@').unwrap().0;
        let missing = format!("{scheme}://{password}@{host}/grid_test_nothing_is_called_so");
        stops_at(&missing, "database", &["grid_test_nothing_is_called_so"]);
        if variable == "GRID_TEST_MYSQL_URL" {
            let wrong = format!("{scheme}://{user}:{ENCODED}@{host}/{plain}");
            stops_at(&wrong, "login", &["with this password", "GRID_DATABASE_URL"]);
        } else {
            // Where the server trusts everybody from here, a user that does not exist is what it refuses.
            let nobody = format!("{scheme}://grid_nobody:{ENCODED}@{host}/{plain}");
            stops_at(&nobody, "login", &["grid_nobody"]);
        }
        // S118: more connections than the server has for all of its clients.
        let output = program()
            .args(["doctor", "--database-url", &url, "--database-connections", "100", "--instances", "500"])
            .output()
            .unwrap();
        let (code, out, _) = said(&output);
        assert_eq!(code, Some(0), "{out}");
        assert!(out.contains("500 server(s) with 100 connections each come to 50000"), "{out}");
    }
}

#[test]
fn what_works_and_may_be_wrong_is_a_warning() {
    let run = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = program();
        command.arg("doctor").args(arguments).envs(environment.iter().copied()).current_dir(folder());
        let (code, out, error) = said(&command.output().unwrap());
        assert_eq!(code, Some(0), "{out}{error}");
        out
    };
    let open = run(&["--host", "0.0.0.0", "--instances", "2", "--metrics", "open"], &[("GRID_PORT", "1")]);
    for part in ["every address", "may register", "SQLite is for one server", "/metrics", "`PORT` is one"] {
        assert!(open.contains(part), "{part} in {open}");
    }
    let on_cloud_run = run(&[], &[("K_SERVICE", "grid")]);
    assert!(on_cloud_run.contains("lost when this instance ends") && !on_cloud_run.contains("every address"));
    let sealed = run(&[], &[("GRID_SEALING_KEY", "s3cret of at least 32 bytes, made at random")]);
    assert!(!sealed.contains("Warnings"), "{sealed}");
    let short = program().args(["doctor", "--sealing-key", "s3cret"]).current_dir(folder()).output().unwrap();
    let (code, out, error) = said(&short);
    assert_eq!(code, Some(1), "{out}");
    assert!(error.starts_with("error: settings: ") && error.contains("GRID_SEALING_KEY"), "{error}");
}
