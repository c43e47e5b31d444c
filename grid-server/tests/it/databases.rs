//! An empty database for each test, of the kind that `GRID_TEST_SERVER_DATABASE` names: `sqlite` (the default), `mysql` on
//! the server of `GRID_TEST_MYSQL_URL`, or `postgres` on that of `GRID_TEST_POSTGRES_URL`.
//!
//! SQLite's is a new file. On a server, making a database and dropping it takes seconds, emptying one takes hundredths
//! of a second: a test takes the first that no other test is using, made by an earlier one with the same migrations, and
//! empties it. Which are in use, the server says, by a lock that goes with the connection of whoever holds it. They stay on
//! the server for the next run.
//!
//! What an address says of TLS or of a socket holds for all that a test does, so that the suite can be run over each way to a
//! server. Who owns the database is the user of that address. `GRID_TEST_SERVE_AS`, a name and a password, lets the tests serve as
//! another, who may read and write rows and nothing else.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    io::{BufRead, BufReader, Lines, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use crate::process::program;

/// A database that no other test uses as long as this is there.
pub(crate) struct Database {
    pub(crate) url: String,
    held: Option<Held>,
    /// Of a database that goes with the test.
    dropped: Option<String>,
}

/// Which database this run is about.
pub(crate) fn kind() -> String {
    std::env::var("GRID_TEST_SERVER_DATABASE").unwrap_or_else(|_| "sqlite".to_owned())
}

/// The server of this run's kind, or `None` for SQLite.
fn server() -> Option<String> {
    let variable = match kind().as_str() {
        "sqlite" => return None,
        "mysql" => "GRID_TEST_MYSQL_URL",
        "postgres" => "GRID_TEST_POSTGRES_URL",
        other => {
            panic!("expected `sqlite`, `mysql` or `postgres` in GRID_TEST_SERVER_DATABASE, got `{other}`")
        }
    };
    Some(std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set")))
}

impl Database {
    /// One without a row, with its tables made on a server, and none yet in a file.
    pub(crate) fn empty(folder: &Path) -> Self {
        let Some(server) = server() else { return Self::file(folder) };
        let mut held = Held::connect(&server);
        let schema = schema(&kind());
        for number in 0.. {
            let name = format!("grid_test_http_{schema:08x}_{number}");
            let url = on(&server, &name);
            if !held.lock(&name) {
                continue;
            }
            match held.has(&name).then(|| empty(&url)) {
                Some(Emptied::Done) => {}
                // Somebody of an earlier test has not gone yet.
                Some(Emptied::Occupied) => continue,
                Some(Emptied::HalfMade) | None => held.make(&name, &url),
            }
            return Self { url: as_who_serves(url), held: Some(held), dropped: None };
        }
        unreachable!("numbers do not end")
    }

    /// One in which nothing was made.
    pub(crate) fn without_tables(folder: &Path) -> Self {
        server().map_or_else(|| Self::file(folder), |server| Self::bare(&server))
    }

    /// One on a server that a newer program has migrated, as far as its list of migrations says.
    pub(crate) fn of_a_newer_program(server: &str) -> Self {
        let database = Self::bare(server);
        let mut inside = Held::connect(&database.url);
        let (bytes, none) = match inside.kind {
            Kind::MySql => ("BLOB", "x'00'"),
            Kind::Postgres => ("BYTEA", "decode('00', 'hex')"),
        };
        let columns = format!("version BIGINT, success BOOLEAN, checksum {bytes}");
        inside.ask(&format!("CREATE TABLE _sqlx_migrations ({columns});"));
        inside.ask(&format!("INSERT INTO _sqlx_migrations VALUES (999, TRUE, {none});"));
        database
    }

    /// One on a server in which there is nothing; it goes with the test.
    fn bare(server: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("grid_test_http_of_{}_{number}", std::process::id());
        let mut held = Held::connect(server);
        held.ask(&format!("DROP DATABASE IF EXISTS {name};"));
        held.ask(&format!("CREATE DATABASE {name};"));
        Self { url: on(server, &name), held: Some(held), dropped: Some(name) }
    }

    fn file(folder: &Path) -> Self {
        Self { url: format!("sqlite://{}", folder.join("grid.db").display()), held: None, dropped: None }
    }
}

/// The address of a database on a server, with what that of the server says of TLS or of a socket.
fn on(server: &str, name: &str) -> String {
    let (server, query) = server.split_once('?').unwrap_or((server, ""));
    let question = if query.is_empty() { "" } else { "?" };
    format!("{}/{name}{question}{query}", server.rsplit_once('/').unwrap().0)
}

/// The address of a database for the user who serves, with the rights that the pages give; that of the owner where nobody else
/// is named. MariaDB's users have theirs on every database whose name begins with `grid_test`.
fn as_who_serves(url: String) -> String {
    let Ok(who) = std::env::var("GRID_TEST_SERVE_AS") else { return url };
    let mut inside = Held::connect(&url);
    if let Kind::Postgres = inside.kind {
        let user = who.split(':').next().unwrap();
        inside
            .ask(&format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {user};"));
    }
    let (scheme, rest) = url.split_once("://").unwrap();
    format!("{scheme}://{who}@{}", rest.rsplit_once('@').unwrap().1)
}

impl Drop for Database {
    fn drop(&mut self) {
        if let (Some(held), Some(name)) = (&mut self.held, &self.dropped) {
            let force = if let Kind::Postgres = held.kind { " WITH (FORCE)" } else { "" };
            held.ask(&format!("DROP DATABASE {name}{force};"));
        }
    }
}

/// What became of a database that was found.
enum Emptied {
    Done,
    Occupied,
    HalfMade,
}

/// Removes every row.
fn empty(url: &str) -> Emptied {
    let mut inside = Held::connect(url);
    let look = match inside.kind {
        Kind::MySql => include_str!("databases/mysql.sql"),
        Kind::Postgres => include_str!("databases/postgres.sql"),
    };
    match inside.ask(look).as_slice() {
        [others, statement] if others == "0" => {
            inside.ask(statement);
            Emptied::Done
        }
        [others] if others == "0" => Emptied::HalfMade,
        _ => Emptied::Occupied,
    }
}

/// A number for what the migrations make.
fn schema(kind: &str) -> u32 {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../grid-core/src/store/migrations").join(kind);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        std::fs::read(file).unwrap().hash(&mut hasher);
    }
    u32::try_from(hasher.finish() >> 32).unwrap()
}

#[derive(Clone, Copy)]
enum Kind {
    MySql,
    Postgres,
}

/// A connection to a server, by the server's own client, because the faces hold no driver.
struct Held {
    kind: Kind,
    client: Child,
    say: ChildStdin,
    hear: Lines<BufReader<ChildStdout>>,
}

impl Held {
    fn connect(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (kind, mut command) = if scheme == "postgres" {
            let mut command = Command::new("psql");
            command.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only"]);
            command
                .args(["--set=ON_ERROR_STOP=1", "--dbname", url])
                .env("PGOPTIONS", "-c client_min_messages=error");
            (Kind::Postgres, command)
        } else {
            let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
            let (user, place) = rest.rsplit_once('@').unwrap();
            let (user, password) = user.split_once(':').unwrap();
            let (place, name) = place.split_once('/').unwrap();
            let (host, port) = place.split_once(':').unwrap_or((place, "3306"));
            let mut command = Command::new("mariadb");
            command.args(["--no-defaults", "--batch", "--skip-column-names", "--unbuffered"]);
            command.args(["--host", host, "--port", port, "--user", user]).env("MYSQL_PWD", password);
            for (option, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
                match option {
                    "socket" => command.args(["--socket", value]),
                    "ssl-ca" => command.args(["--ssl-ca", value]),
                    "ssl-mode" if value == "VERIFY_IDENTITY" => command.arg("--ssl-verify-server-cert"),
                    _ => panic!(
                        "expected `socket`, `ssl-ca` or `ssl-mode=VERIFY_IDENTITY` after `?`, got `{option}={value}`"
                    ),
                };
            }
            command.arg(name);
            (Kind::MySql, command)
        };
        let mut client = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (say, hear) = (client.stdin.take().unwrap(), client.stdout.take().unwrap());
        Self { kind, client, say, hear: BufReader::new(hear).lines() }
    }

    /// What the server answers, line by line.
    fn ask(&mut self, statements: &str) -> Vec<String> {
        const END: &str = "that was all";
        writeln!(self.say, "{statements}\nSELECT '{END}';").unwrap();
        let mut lines = Vec::new();
        loop {
            match self.hear.next() {
                Some(Ok(line)) if line == END => return lines,
                Some(Ok(line)) => lines.push(line),
                ended => panic!("{statements}: {ended:?} after {lines:?}"),
            }
        }
    }

    /// Makes a database anew, with its tables.
    fn make(&mut self, name: &str, url: &str) {
        self.ask(&format!("DROP DATABASE IF EXISTS {name};"));
        self.ask(&format!("CREATE DATABASE {name};"));
        if let Kind::Postgres = self.kind {
            // What these tests are about would be the same after a loss of power.
            self.ask(&format!("ALTER DATABASE {name} SET synchronous_commit = off;"));
        }
        let made = program().args(["migrate", "--database-url", url]).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        Self::connect(url).ask("CREATE TABLE made_for_tests (id INTEGER);");
    }

    fn has(&mut self, name: &str) -> bool {
        let asked = match self.kind {
            Kind::MySql => format!("SHOW DATABASES LIKE '{name}';"),
            Kind::Postgres => format!("SELECT 1 FROM pg_database WHERE datname = '{name}';"),
        };
        !self.ask(&asked).is_empty()
    }

    /// Whether this name is now in the hands of this connection.
    fn lock(&mut self, name: &str) -> bool {
        let asked = match self.kind {
            Kind::MySql => format!("SELECT GET_LOCK('{name}', 0);"),
            Kind::Postgres => format!("SELECT pg_try_advisory_lock(hashtextextended('{name}', 0))::int;"),
        };
        self.ask(&asked) == ["1"]
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.client.kill();
        let _ = self.client.wait();
    }
}
