//! A thousand logins at once, while a client that has a token keeps reading: what it waits, beside what it waits on a
//! server that does nothing else.
//!
//! The server runs as a process of its own, on an empty SQLite database. There are two sorts of reader. One asks again as
//! soon as it is answered, as a program does that works through a list. The other asks every four milliseconds, and each
//! answer's time counts from when the question was due, so that one stall counts for all the questions that it held up, as
//! it would for many people. One thread sends all logins and then gathers the answers, so that the load is the server's work and not ours.
#![allow(clippy::unwrap_used, reason = "a bench may stop at what it did not expect")]
#![allow(clippy::panic, reason = "a bench may stop at what it did not expect")]
#![allow(clippy::print_stdout, reason = "what was measured is printed")]

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

/// How many log in at once. Each takes a file descriptor here and one in the server: with `ulimit -n` below 1,100 or so the
/// bench stops at the first connection that it does not get.
const LOGINS: usize = 1000;
/// How often a steady reader asks.
const PERIOD: Duration = Duration::from_millis(4);
/// How long it asks an idle server.
const IDLE: Duration = Duration::from_secs(5);
/// How often all is measured.
const ROUNDS: usize = 3;
/// After how long without an answer the bench gives up.
const PATIENCE: Duration = Duration::from_mins(1);
/// The reader's p99 beside logins, in p99s on an idle server.
const GOAL: f64 = 5.0;

const PERSON: &str = r#"{"username":"kat","email":"kat@example.org","password":"correct horse"}"#;
const LOGIN: &str = r#"{"username":"kat","password":"correct horse"}"#;

fn main() {
    // `cargo test --benches` builds this and runs it for a moment; to measure it must be asked for by `cargo bench`.
    let arguments: Vec<_> = env::args().skip(1).collect();
    let named = arguments.iter().find(|argument| !argument.starts_with('-'));
    if !arguments.iter().any(|argument| argument == "--bench")
        || named.is_some_and(|name| !"logins".contains(name.as_str()))
    {
        return;
    }
    let program = program();
    if !program.exists() {
        println!("skipped: logins (`{}` is not built; `make bench` builds it)", program.display());
        return;
    }
    let server = Server::start(&program);
    let (status, _, _) = server.connect().ask("POST", "/api/v1/auth/register", "", PERSON);
    assert_eq!(status, 201);
    let (status, _, body) = server.connect().ask("POST", "/api/v1/auth/login", "", LOGIN);
    assert_eq!(status, 200, "{body}");
    let token = body.split("\"access_token\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();

    println!("{LOGINS} logins at once, a reader beside them; load average {}", load_average());
    for (pace, name) in
        [(Pace::OneAfterTheOther, "one question after the other"), (Pace::Steady, "a question every 4 ms")]
    {
        println!("{name}:");
        let mut ratios: Vec<_> = (1..=ROUNDS).map(|round| measure(round, pace, &server, token)).collect();
        ratios.sort_by(f64::total_cmp);
        let median = ratios.get(ROUNDS / 2).unwrap();
        println!(
            "p99 beside logins: {median:.1} times that of an idle server, the median of {ROUNDS} (goal: {GOAL} at most)"
        );
    }
}

/// When a reader asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// As soon as it was answered.
    OneAfterTheOther,
    /// Every [`PERIOD`], whatever it waits for.
    Steady,
}

/// The server that is measured: `GRID_SERVER`, or what was built beside this bench.
fn program() -> PathBuf {
    let built = || env::current_exe().unwrap().parent().unwrap().with_file_name("grid-server");
    env::var_os("GRID_SERVER").map_or_else(built, PathBuf::from)
}

/// One round: an idle server, then the same with logins.
fn measure(round: usize, pace: Pace, server: &Server, token: &str) -> f64 {
    let began = Instant::now();
    let idle = Times::of(read(server, token, pace, || began.elapsed() < IDLE));
    println!("{round}: idle    {idle}");
    let over = AtomicBool::new(false);
    let (loaded, logins) = thread::scope(|scope| {
        let logins = scope.spawn(|| {
            let logins = log_in_at_once(server);
            over.store(true, Ordering::Relaxed);
            logins
        });
        let loaded = Times::of(read(server, token, pace, || !over.load(Ordering::Relaxed)));
        (loaded, logins.join().unwrap())
    });
    let ratio = loaded.p99.as_secs_f64() / idle.p99.as_secs_f64();
    println!("{round}: logins  {loaded}, {ratio:.1} times idle at p99");
    println!("{round}: {logins}");
    ratio
}

/// What a reader waited, for each of its questions; and how many were not answered 200.
fn read(server: &Server, token: &str, pace: Pace, goes_on: impl Fn() -> bool) -> (Vec<Duration>, usize) {
    let authorization = format!("Authorization: Bearer {token}\r\n");
    let mut connection = server.connect();
    let (mut times, mut refused) = (Vec::new(), 0);
    let mut due = Instant::now();
    for path in ["/api/v1/auth/me", "/api/v1/devices"].into_iter().cycle() {
        if !goes_on() {
            break;
        }
        match pace {
            Pace::OneAfterTheOther => due = Instant::now(),
            Pace::Steady => thread::sleep(due.saturating_duration_since(Instant::now())),
        }
        let (status, _, _) = connection.ask("GET", path, &authorization, "");
        times.push(due.elapsed());
        refused += usize::from(status != 200);
        due += PERIOD;
    }
    (times, refused)
}

/// Logs in on a thousand connections, and gathers what came.
fn log_in_at_once(server: &Server) -> Logins {
    let began = Instant::now();
    let mut connections: Vec<_> = (0..LOGINS)
        .map(|_| {
            let mut connection = server.connect();
            connection.send("POST", "/api/v1/auth/login", "", LOGIN);
            connection
        })
        .collect();
    let sent = began.elapsed();
    let mut logins = Logins { sent, ..Logins::default() };
    for connection in &mut connections {
        let (status, head, body) = connection.answer();
        match status {
            200 => logins.taken += 1,
            429 => logins.limited += 1,
            503 => logins.unavailable += 1,
            _ => panic!("{status}: {body}"),
        }
        let told = head.to_ascii_lowercase().contains("\r\nretry-after:");
        assert!(status == 200 || told, "{status} without Retry-After: {head}");
    }
    logins.took = began.elapsed();
    logins
}

/// What came of the logins; each of those refused was told when to come back.
#[derive(Default)]
struct Logins {
    sent: Duration,
    took: Duration,
    taken: usize,
    limited: usize,
    unavailable: usize,
}

impl std::fmt::Display for Logins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { sent, took, taken, limited, unavailable } = self;
        write!(
            f,
            "{taken} × 200, {limited} × 429, {unavailable} × 503 with Retry-After, sent in {sent:.0?}, all answered in {took:.1?}"
        )
    }
}

/// What a reader waited.
struct Times {
    count: usize,
    refused: usize,
    p50: Duration,
    p99: Duration,
    most: Duration,
}

impl Times {
    fn of((mut times, refused): (Vec<Duration>, usize)) -> Self {
        times.sort();
        let count = times.len();
        let at =
            |percent: usize| times.get((count * percent).div_ceil(100).saturating_sub(1)).copied().unwrap();
        Self { count, refused, p50: at(50), p99: at(99), most: at(100) }
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { count, refused, p50, p99, most } = self;
        write!(f, "p50 {p50:.2?}, p99 {p99:.2?}, longest {most:.2?} of {count} reads, {refused} refused")
    }
}

/// A server on an empty database; it ends with this value.
struct Server {
    process: Child,
    folder: PathBuf,
    address: SocketAddr,
}

impl Server {
    fn start(program: &Path) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("logins-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let process = Command::new(program)
            // One account and one address are all the load there is: nobody guesses here.
            .args(["--account-tries", "2000", "--address-tries", "5000"])
            .args(["--port", &address.port().to_string(), "--database-url"])
            .arg(format!("sqlite://{}", folder.join("grid.db").display()))
            // What the caller sets is not what is measured, but for how many passwords are hashed at once.
            .env_clear()
            .envs(env::var("GRID_PASSWORD_WORKERS").map(|count| ("GRID_PASSWORD_WORKERS", count)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { process, folder, address };
        let began = Instant::now();
        let is_ready =
            || TcpStream::connect(address).is_ok() && server.connect().ask("GET", "/readyz", "", "").0 == 200;
        while !is_ready() {
            assert!(began.elapsed() < PATIENCE, "the server was not ready within a minute");
            thread::sleep(Duration::from_millis(50));
        }
        server
    }

    fn connect(&self) -> Connection {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Connection(BufReader::new(stream))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A connection that is kept, and as much of HTTP/1.1 as this needs.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn ask(&mut self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String, String) {
        self.send(method, path, headers, body);
        self.answer()
    }

    fn send(&mut self, method: &str, path: &str, headers: &str, body: &str) {
        let length = body.len();
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{kind}{headers}Content-Length: {length}\r\n\r\n{body}"
        );
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
    }

    /// Status, head and body.
    fn answer(&mut self) -> (u16, String, String) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(self.0.read_line(&mut head).unwrap() > 0, "the server went away: {head}");
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().unwrap())
        });
        let mut body = vec![0; length.unwrap_or(0)];
        self.0.read_exact(&mut body).unwrap();
        (status, head, String::from_utf8(body).unwrap())
    }
}

/// How busy the machine is, where it says so.
fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
