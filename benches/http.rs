//! Requests a second, and what they wait, of this server and of one of `FastAPI`, `SQLAlchemy` and uvicorn with the same three
//! routes (`peers/fastapi_server.py`), on the same databases and the same two cores.
//!
//! `make bench-http` runs it, and says what it needs. Each server gets an empty database. A million readings of thirty meters
//! come as one CSV; then 32 clients read days of those, each answer compared with what was sent; then the same clients send
//! quarter-hours of 32 other meters, one at a time, and what was acknowledged is counted afterwards. The clients are one
//! thread of this process; what the servers take of the processor is counted beside the wall clock, because all share it.
#![allow(clippy::unwrap_used, reason = "a bench may stop at what it did not expect")]
#![allow(clippy::indexing_slicing, reason = "a bench may stop at what is not there")]
#![allow(clippy::print_stdout, reason = "what was measured is printed")]

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fmt::Write as _,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use grid_benches::{
    energies,
    load::{self, Answer, Connection, Load, block_on, request},
    machine,
    served::{Served, cpu_seconds_of, free_port},
};
use grid_core::quantity::Energy;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

const CLIENTS: usize = 32;
const METERS: usize = 30;
/// Quarter-hours of a meter; all meters have a million together.
const QUARTERS: usize = 33_334;
const DAY: usize = 96;
/// Before anything counts.
const WARM: Duration = Duration::from_secs(2);
/// How long a server that has started is left alone before its memory is looked at.
const REST: Duration = Duration::from_secs(3);
/// How long each load lasts, in seconds, unless `GRID_BENCH_SECONDS` says it.
const SECONDS: u64 = 12;

fn main() {
    // `cargo test --benches` builds this and runs it for a moment; to measure it must be asked for by `cargo bench`.
    let arguments: Vec<_> = env::args().skip(1).collect();
    let named = arguments.iter().find(|argument| !argument.starts_with('-'));
    if !arguments.iter().any(|argument| argument == "--bench")
        || named.is_some_and(|name| !"http".contains(name.as_str()))
    {
        return;
    }
    let (ours, peer) = (program(), env::var_os("GRID_BENCH_HTTP_PEER"));
    let (true, Some(python)) = (ours.exists(), peer) else {
        println!(
            "skipped: http (`make bench-http` builds `{}` and sets GRID_BENCH_HTTP_PEER)",
            ours.display()
        );
        return;
    };
    println!("{}", machine::line());
    let readings = Readings::new();
    let postgres = env::var("GRID_BENCH_POSTGRES_SERVER").ok();
    let mut databases = vec![Database::Sqlite];
    match &postgres {
        Some(server) => databases.push(Database::Postgres(server)),
        None => println!("skipped: PostgreSQL (GRID_BENCH_POSTGRES_SERVER is not set)"),
    }
    let only = env::var("GRID_BENCH_ONLY").unwrap_or_default();
    databases.retain(|database| database.name().to_lowercase().contains(&only.to_lowercase()));
    let mut table = String::from(
        "| database | what | server | a second | p50 | p99 | a server-CPU-second | database CPU s | times the better peer | goal |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    let mut rest = String::from(
        "| database | server | first answer | ready | MB at rest | MB after the load |\n|---|---|---|---|---|---|\n",
    );
    for database in databases {
        // Two processes answer more reads; on SQLite they wait for each other where they write.
        let sides = [Side::Ours(&ours), Side::Peer(&python, 1), Side::Peer(&python, 2)];
        let measured = sides.map(|side| measure(&side, &database, &readings));
        let (_, peers) = measured.split_at(1);
        for (what, goal) in
            [("read of a day", 10.0), ("insert of a reading", 5.0), ("import of a million", 20.0)]
        {
            let best = peers.iter().map(|peer| peer.done[what].rate).fold(0.0, f64::max);
            for (place, measured) in measured.iter().enumerate() {
                let done = &measured.done[what];
                let times =
                    if place == 0 { format!("{:.1} | {goal}", done.rate / best) } else { "| ".to_owned() };
                let _ = writeln!(
                    table,
                    "| {} | {what} | {} | {:.0} | {} | {} | {:.0} | {:.1} | {times} |",
                    database.name(),
                    measured.server,
                    done.rate,
                    shown(done.p50),
                    shown(done.p99),
                    done.by_cpu,
                    done.database_cpu,
                );
            }
        }
        for measured in &measured {
            let _ = writeln!(
                rest,
                "| {} | {} | {} | {} | {:.1} | {:.1} |",
                database.name(),
                measured.server,
                shown(Some(measured.first_answer)),
                shown(Some(measured.ready)),
                measured.mb_at_rest,
                measured.mb_after,
            );
        }
    }
    println!("\n{table}\n{rest}\n{}", machine::line());
}

/// The server that is measured: `GRID_SERVER`, or what was built beside this bench.
fn program() -> PathBuf {
    let built = || env::current_exe().unwrap().parent().unwrap().with_file_name("grid-server");
    env::var_os("GRID_SERVER").map_or_else(built, PathBuf::from)
}

fn shown(time: Option<Duration>) -> String {
    time.map_or_else(String::new, |time| format!("{:.1} ms", time.as_secs_f64() * 1e3))
}

/// Where readings are kept.
enum Database<'a> {
    /// In a file.
    Sqlite,
    /// On a server, given as an address without a database.
    Postgres(&'a str),
}

impl Database<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// The address of a database that is empty, for us and for the peer.
    fn empty(&self) -> [String; 2] {
        match self {
            Self::Sqlite => {
                let folder = folder();
                let _ = fs::remove_dir_all(&folder);
                fs::create_dir_all(&folder).unwrap();
                let file = folder.join("grid.db").display().to_string();
                [format!("sqlite://{file}"), format!("sqlite+aiosqlite:///{file}")]
            }
            Self::Postgres(server) => {
                let maintenance = format!("--maintenance-db={server}/postgres");
                for command in ["dropdb --if-exists", "createdb"] {
                    let mut words = command.split(' ');
                    let mut command = Command::new(words.next().unwrap());
                    command.args(words).args([maintenance.as_str(), NAME]);
                    assert!(command.status().unwrap().success(), "{command:?}");
                }
                let address = format!("{server}/{NAME}");
                [address.clone(), address.replacen("postgres://", "postgresql+asyncpg://", 1)]
            }
        }
    }

    fn remove(&self) {
        match self {
            Self::Sqlite => fs::remove_dir_all(folder()).unwrap(),
            Self::Postgres(server) => {
                let maintenance = format!("--maintenance-db={server}/postgres");
                assert!(
                    Command::new("dropdb").args([maintenance.as_str(), NAME]).status().unwrap().success()
                );
            }
        }
    }
}

const NAME: &str = "grid_bench_http";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("http-{}", std::process::id()))
}

/// The readings that are sent, and the same as a file.
struct Readings {
    energies: Vec<Vec<Energy>>,
    file: String,
}

fn quarter(number: usize) -> String {
    let start: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
    (start + (15 * i64::try_from(number).unwrap()).minutes()).to_string()
}

fn kwh(energy: Energy) -> String {
    let mwh = energy.as_mwh();
    format!("{}.{:06}", mwh / 1_000_000, mwh % 1_000_000)
}

impl Readings {
    fn new() -> Self {
        let energies: Vec<Vec<Energy>> =
            (0..METERS).map(|meter| energies(u64::try_from(meter).unwrap(), QUARTERS, 500_000)).collect();
        let stamps: Vec<String> = (0..=QUARTERS).map(quarter).collect();
        let mut file = String::from("device,channel,start,end,energy_kwh,quality\n");
        for (meter, energies) in energies.iter().enumerate() {
            for (number, energy) in energies.iter().enumerate() {
                let (start, end) = (&stamps[number], &stamps[number + 1]);
                let _ =
                    writeln!(file, "{},import,{start},{end},{},measured", meter_name(meter), kwh(*energy));
            }
        }
        Self { energies, file }
    }
}

fn meter_name(number: usize) -> String {
    format!("meter {number}")
}

/// Which server is measured.
enum Side<'a> {
    Ours(&'a Path),
    /// With so many processes.
    Peer(&'a OsString, u8),
}

/// What one kind of request came to.
struct Done {
    rate: f64,
    p50: Option<Duration>,
    p99: Option<Duration>,
    by_cpu: f64,
    database_cpu: f64,
}

/// What one server came to on one database.
struct Measured {
    server: String,
    first_answer: Duration,
    ready: Duration,
    mb_at_rest: f64,
    mb_after: f64,
    done: BTreeMap<&'static str, Done>,
}

/// A server that is ready, and what is needed to ask it.
struct Ready {
    served: Served,
    answers_after: Duration,
    mb_at_rest: f64,
    authorization: String,
    community: String,
    /// By name: those of the file, which ours makes itself, and those that send.
    devices: BTreeMap<String, String>,
    name: String,
}

fn measure(side: &Side<'_>, database: &Database<'_>, readings: &Readings) -> Measured {
    let addresses = database.empty();
    let mut server = match side {
        Side::Ours(program) => start_ours(program, &addresses[0]),
        Side::Peer(python, workers) => start_peer(python, *workers, &addresses[1]),
    };
    let seconds = env::var("GRID_BENCH_SECONDS").map_or(SECONDS, |text| text.parse().unwrap());
    let lasts = Duration::from_secs(seconds);
    println!("{} on {}, load average {}", server.name, database.name(), machine::load());
    let mut done = BTreeMap::new();
    done.insert("import of a million", import(&mut server, readings));
    done.insert("read of a day", read_days(&server, readings, lasts));
    done.insert("insert of a reading", insert(&server, lasts));
    let mb_after = server.served.resident_mb();
    let measured = Measured {
        server: server.name,
        first_answer: server.served.first_answer,
        ready: server.answers_after,
        mb_at_rest: server.mb_at_rest,
        mb_after,
        done,
    };
    drop(server.served);
    database.remove();
    measured
}

fn start_ours(program: &Path, address: &str) -> Ready {
    let port = free_port().unwrap();
    let mut command = Command::new(program);
    // What the caller sets is not what is measured.
    command.env_clear().args(["--port", &port.to_string(), "--database-url", address]).stderr(Stdio::null());
    let began = Instant::now();
    let mut served = Served::start(&mut command, port, "/healthz").unwrap();
    served.wait_for("/readyz").unwrap();
    let ready = began.elapsed();
    let mb_at_rest = mb_at_rest(&served);
    let to = served.address;
    let person = json!({"username": "kat", "email": "kat@example.org", "password": "correct horse battery"});
    ask(to, "POST", "/api/v1/auth/register", "", &person);
    let login = json!({"username": "kat", "password": "correct horse battery"});
    let login = ask(to, "POST", "/api/v1/auth/login", "", &login);
    let authorization = format!("Authorization: Bearer {}\r\n", login["access_token"].as_str().unwrap());
    let community = json!({"name": "bench", "time_zone": "UTC"});
    let community = ask(to, "POST", "/api/v1/communities", &authorization, &community);
    let mut devices = BTreeMap::new();
    for client in 0..CLIENTS {
        let device = json!({"name": sender_name(client), "kind": "meter", "time_zone": "UTC"});
        let device = ask(to, "POST", "/api/v1/devices", &authorization, &device);
        devices.insert(sender_name(client), device["id"].as_str().unwrap().to_owned());
    }
    let community = community["id"].as_str().unwrap().to_owned();
    Ready {
        served,
        answers_after: ready,
        mb_at_rest,
        authorization,
        community,
        devices,
        name: "grid-server".to_owned(),
    }
}

/// What a server takes that nobody asks anything, when it is done with its start.
fn mb_at_rest(served: &Served) -> f64 {
    std::thread::sleep(REST);
    served.resident_mb()
}

fn sender_name(client: usize) -> String {
    format!("sender {client}")
}

fn start_peer(python: &OsString, workers: u8, address: &str) -> Ready {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let names = (0..METERS).map(meter_name).chain((0..CLIENTS).map(sender_name));
    let mut command = Command::new(python);
    command
        .current_dir(&folder)
        .env("PEER_DATABASE", address)
        .args(["fastapi_server.py", "prepare"])
        .args(names);
    let prepared = command.output().unwrap();
    assert!(prepared.status.success(), "{}", String::from_utf8_lossy(&prepared.stderr));
    let prepared: Value = serde_json::from_slice(&prepared.stdout).unwrap();
    let port = free_port().unwrap();
    let mut command = Command::new(python);
    command.current_dir(&folder).env("PEER_DATABASE", address);
    command.args(["-m", "uvicorn", "fastapi_server:app", "--loop", "uvloop", "--http", "httptools"]);
    command.args(["--no-access-log", "--log-level", "warning"]);
    command.args(["--workers", &workers.to_string(), "--port", &port.to_string()]);
    let served = Served::start(&mut command, port, "/healthz").unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let devices = prepared["devices"].as_object().unwrap();
    Ready {
        answers_after: served.first_answer,
        mb_at_rest: mb_at_rest(&served),
        served,
        authorization: format!("Authorization: Bearer {}\r\n", text(&prepared["token"])),
        community: text(&prepared["community"]),
        devices: devices.iter().map(|(name, id)| (name.clone(), text(id))).collect(),
        name: format!("FastAPI, processes: {workers}"),
    }
}

/// Asks once, and expects a good answer.
fn ask(to: SocketAddr, method: &str, path: &str, authorization: &str, body: &Value) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    ask_with(to, method, path, &format!("{authorization}Content-Type: application/json\r\n"), &body)
}

fn ask_with(to: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> Value {
    let asked = request(method, path, headers, body);
    let (status, body) = block_on(async {
        let mut connection = Connection::open(to).await?;
        let answer = connection.ask(&asked).await?;
        Ok((answer.status, answer.body.to_vec()))
    })
    .unwrap();
    assert!((200..300).contains(&status), "{method} {path}: {status} {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap()
}

/// The clocks of the server and of PostgreSQL.
struct Clocks {
    server: f64,
    database: f64,
}

impl Clocks {
    fn read(server: &Served) -> Self {
        Self { server: server.cpu_seconds(), database: cpu_seconds_of("postgres") }
    }
}

fn import(server: &mut Ready, readings: &Readings) -> Done {
    let path = format!("/api/v1/communities/{}/readings", server.community);
    let headers = format!("{}Content-Type: text/csv\r\n", server.authorization);
    let (before, began) = (Clocks::read(&server.served), Instant::now());
    let answer = ask_with(server.served.address, "POST", &path, &headers, &readings.file);
    let took = began.elapsed();
    let after = Clocks::read(&server.served);
    let count = METERS * QUARTERS;
    assert_eq!(answer["inserted"], json!(count));
    // Ours has made devices of the names in the file.
    let devices = if server.devices.contains_key(&meter_name(0)) {
        Vec::new()
    } else {
        let path = "/api/v1/devices?limit=100";
        let listed = ask(server.served.address, "GET", path, &server.authorization, &Value::Null);
        listed["items"].as_array().unwrap().clone()
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    server.devices.extend(devices.iter().map(|device| (text(&device["name"]), text(&device["id"]))));
    println!(
        "  import of {count}: {took:.2?}, {:.2} s of the server's processor",
        after.server - before.server
    );
    Done {
        rate: load::number(count) / took.as_secs_f64(),
        p50: None,
        p99: None,
        by_cpu: load::number(count) / (after.server - before.server),
        database_cpu: after.database - before.database,
    }
}

/// Runs a load twice, the first time to get warm.
fn twice(
    server: &Ready,
    what: &str,
    lasts: Duration,
    make: impl Fn(usize, usize) -> Vec<u8> + Clone + 'static,
    check: impl Fn(usize, usize, Answer<'_>) -> bool + Clone + 'static,
) -> (Done, Vec<usize>) {
    let to = server.served.address;
    let (warm, turns) = load::run(to, CLIENTS, &[], WARM, make.clone(), check.clone()).unwrap();
    assert_eq!(warm.wrong, 0, "{:?}", warm.told);
    let before = Clocks::read(&server.served);
    let (load, turns): (Load, _) = load::run(to, CLIENTS, &turns, lasts, make, check).unwrap();
    let after = Clocks::read(&server.served);
    let done = Done {
        rate: load.rate(),
        p50: Some(load.percentile(50)),
        p99: Some(load.percentile(99)),
        by_cpu: load::number(load.times.len()) / (after.server - before.server),
        database_cpu: after.database - before.database,
    };
    println!("  {what}: {:.0} a second, {} wrong {:?}", done.rate, load.wrong, load.told);
    assert_eq!(load.wrong, 0);
    (done, turns)
}

fn read_days(server: &Ready, readings: &Readings, lasts: Duration) -> Done {
    // Each client goes through the days of all meters in an order of its own.
    let days = QUARTERS / DAY;
    let place = move |client: usize, turn: usize| {
        let number = client * 997 + turn * 7919;
        (number % METERS, (number / METERS) % days)
    };
    let ids: Vec<String> = (0..METERS).map(|meter| server.devices[&meter_name(meter)].clone()).collect();
    let (stamps, authorization): (Vec<String>, _) =
        ((0..=days).map(|day| quarter(day * DAY)).collect(), server.authorization.clone());
    let make = move |client: usize, turn: usize| {
        let (meter, day) = place(client, turn);
        let (id, from, to) = (&ids[meter], &stamps[day], &stamps[day + 1]);
        let path = format!("/api/v1/devices/{id}/readings?channel=import&from={from}&to={to}");
        request("GET", &path, &authorization, "")
    };
    let energies = readings.energies.clone();
    let check = move |client: usize, turn: usize, answer: Answer<'_>| {
        if answer.status != 200 {
            return false;
        }
        // To read all of it would take longer than to answer it: the size and the end each time, all of it now and then.
        if !turn.is_multiple_of(64) {
            return answer.body.len() > 90 * DAY && answer.body.ends_with(b"\"next\":null}");
        }
        let (meter, day) = place(client, turn);
        let said: Value = serde_json::from_slice(answer.body).unwrap();
        let said: Vec<(&str, &str)> = said["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| (item["start"].as_str().unwrap(), item["energy_kwh"].as_str().unwrap()))
            .collect();
        let sent: Vec<(String, String)> = (day * DAY..(day + 1) * DAY)
            .map(|number| (quarter(number), kwh(energies[meter][number])))
            .collect();
        said.len() == DAY && said.iter().zip(&sent).all(|(said, sent)| *said == (&*sent.0, &*sent.1))
    };
    twice(server, "read of a day", lasts, make, check).0
}

fn insert(server: &Ready, lasts: Duration) -> Done {
    let senders: Vec<String> =
        (0..CLIENTS).map(|client| server.devices[&sender_name(client)].clone()).collect();
    let (ids, authorization) = (senders.clone(), server.authorization.clone());
    let make = move |client: usize, turn: usize| {
        let path = format!("/api/v1/devices/{}/readings", ids[client]);
        let (start, end, energy) = (quarter(turn), quarter(turn + 1), kwh(Energy::from_mwh(250_000)));
        let body = format!(
            r#"{{"channel":"import","start":"{start}","end":"{end}","energy_kwh":"{energy}","quality":"measured"}}"#
        );
        request("POST", &path, &format!("{authorization}Content-Type: application/json\r\n"), &body)
    };
    let check = |_: usize, _: usize, answer: Answer<'_>| {
        answer.status == 200 && answer.body.windows(12).any(|part| part == b"\"inserted\":1")
    };
    let (done, turns) = twice(server, "insert of a reading", lasts, make, check);
    for client in [0, CLIENTS - 1] {
        let (id, to) = (&senders[client], quarter(turns[client]));
        let path =
            format!("/api/v1/devices/{id}/readings?channel=import&from={}&to={to}&limit=100000", quarter(0));
        let stored = ask(server.served.address, "GET", &path, &server.authorization, &Value::Null);
        assert_eq!(
            stored["items"].as_array().unwrap().len(),
            turns[client],
            "what was acknowledged is there"
        );
    }
    done
}
