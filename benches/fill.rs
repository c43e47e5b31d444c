//! A hundred million readings in PostgreSQL: how fast they are stored, how large they are, and what a user's month costs then.
//!
//! `make bench-fill` runs it, and says what it needs: about a gigabyte of disk and some minutes. A thousand users have three
//! devices each, with a year of quarter-hours. Then a thousand random users are asked for a random month, for all their
//! months, and, over HTTP, for a month again: first of a cold database, as far as `GRID_BENCH_COLD` makes it one, then of
//! one that has been asked before. The plans are printed, to see that no query reads more than it needs.
#![allow(clippy::unwrap_used, reason = "a bench may stop at what it did not expect")]
#![allow(clippy::indexing_slicing, reason = "a bench may stop at what is not there")]
#![allow(clippy::print_stdout, reason = "what was measured is printed")]
#![expect(clippy::disallowed_methods, reason = "tokens are issued for the server's own clock")]

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use grid_benches::{
    draws, energies,
    load::{self, Connection, block_on, percentile, request},
    machine,
    served::{Served, free_port},
};
use grid_core::{
    auth::{Issuer, Scopes, SigningKey, Subject},
    energy::{Channel, Device, DeviceKind, Name, Reading},
    series::Quality,
    store::{DeviceBatch, Error, Options, User, blocking::Store, new_id},
    time::{Calendar, Interval, Resolution},
};
use jiff::Timestamp;
use uuid::Uuid;

const NAME: &str = "grid_bench";
const USERS: usize = 1000;
const DEVICES: usize = 3;
/// Quarter-hours of a year.
const QUARTERS: usize = 35_040;
const YEAR: i16 = 2025;
/// 2025-01-01T00:00:00Z.
const START: i64 = 1_735_689_600;
/// How many write at the same time.
const WRITERS: usize = 2;
const QUERIES: usize = 1000;

fn main() {
    // `cargo test --benches` builds this and runs it for a moment; to measure it must be asked for by `cargo bench`.
    let arguments: Vec<_> = env::args().skip(1).collect();
    let named = arguments.iter().find(|argument| !argument.starts_with('-'));
    if !arguments.iter().any(|argument| argument == "--bench")
        || named.is_some_and(|name| !"fill".contains(name.as_str()))
    {
        return;
    }
    let (Ok(server), Some(_)) = (env::var("GRID_BENCH_POSTGRES_SERVER"), env::var_os("GRID_BENCH_FILL"))
    else {
        println!("skipped: fill (`make bench-fill` with GRID_BENCH_POSTGRES_SERVER runs it)");
        return;
    };
    println!("{}", machine::line());
    let database = Database::new(&server);
    let store = Store::connect(&database.address, Options::default()).unwrap();
    store.migrate().unwrap();
    let users = if database.is_new { fill(&store) } else { known(&store) };
    database.settle();
    println!("on disk: {}", database.tell("size.sql", &[]).trim());

    let asked = questions(&users);
    Database::cool();
    for state in ["cold", "warm"] {
        let times = timed(&asked, |user, month| {
            store.month_total(user.id, Channel::Consumption, month, Some(YEAR)).map(|energy| energy.is_some())
        });
        report("month_total", state, &times);
    }
    let http = Http::start(&database.address, &store);
    Database::cool();
    for state in ["cold", "warm"] {
        report("GET get-month-value over HTTP", state, &http.ask_months(&asked));
    }
    Database::cool();
    for state in ["cold", "warm"] {
        let times = timed(&asked, |user, _| {
            let (_, slots) = store.owner_totals(user.id, Channel::Consumption, Resolution::Month)?;
            Ok(slots.len() >= 12)
        });
        report("owner_totals by month, of the whole year", state, &times);
    }
    drop(http);
    let (user, month) = (&asked[0].0, asked[0].1);
    println!("{}", database.tell("explain.sql", &plan_of(user, month)));
    println!("{}", machine::line());
}

/// What the plans are of: an owner and the UTC days of a month.
fn plan_of(user: &Asked, month: i8) -> [String; 4] {
    let calendar = Calendar::utc();
    let month = calendar.month(YEAR, month).unwrap();
    let day = |instant: Timestamp| instant.as_second().div_euclid(86_400);
    [
        format!("owner={}", user.id.simple()),
        format!("channel={}", Channel::Consumption.code()),
        format!("first={}", day(month.start())),
        format!("last={}", day(month.end()) - 1),
    ]
}

/// The database, which is dropped in the end unless `GRID_BENCH_KEEP` is set; one that was kept is not filled again.
struct Database {
    maintenance: String,
    address: String,
    is_new: bool,
}

impl Database {
    fn new(server: &str) -> Self {
        let maintenance = format!("--maintenance-db={server}/postgres");
        // Fails where it is there.
        let is_new = Command::new("createdb").args([maintenance.as_str(), NAME]).status().unwrap().success();
        Self { maintenance, address: format!("{server}/{NAME}"), is_new }
    }

    /// Runs a file of this folder with psql; the values are put in place of its names.
    fn tell(&self, file: &str, values: &[String]) -> String {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql").join(file);
        let mut command = Command::new("psql");
        command
            .args([self.address.as_str(), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f"])
            .arg(file);
        for value in values {
            command.args(["-v", value]);
        }
        let told = command.output().unwrap();
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        String::from_utf8(told.stdout).unwrap()
    }

    /// Does what PostgreSQL does by itself some minutes later: its statistics, and which pages everybody may see.
    fn settle(&self) {
        let began = Instant::now();
        self.tell("settle.sql", &[]);
        println!("vacuum and analyze: {:.1?}", began.elapsed());
    }

    /// Empties caches, where it is said how: a shell's command.
    fn cool() {
        if let Ok(command) = env::var("GRID_BENCH_COLD") {
            assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if env::var_os("GRID_BENCH_KEEP").is_none() {
            let _ = Command::new("dropdb").args(["--force", self.maintenance.as_str(), NAME]).status();
        }
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(START).unwrap()
}

/// A user's name and id.
#[derive(Clone)]
struct Asked {
    id: Uuid,
    name: String,
}

fn fill(store: &Store) -> Vec<Asked> {
    let intervals: Vec<Interval> = (0..QUARTERS)
        .map(|number| {
            let at =
                |number: usize| Timestamp::from_second(START + 900 * i64::try_from(number).unwrap()).unwrap();
            Interval::new(at(number), at(number + 1)).unwrap()
        })
        .collect();
    let began = Instant::now();
    let users: Vec<Asked> = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let intervals = &intervals;
                scope.spawn(move || {
                    let numbers = (writer..USERS).step_by(WRITERS);
                    numbers.map(|number| fill_user(store, number, intervals)).collect::<Vec<_>>()
                })
            })
            .collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    let (took, count) = (began.elapsed(), USERS * DEVICES * QUARTERS);
    let rate = load::number(count) / took.as_secs_f64();
    println!("stored {count} readings in {took:.1?}: {rate:.0} a second, {WRITERS} writers");
    users
}

fn fill_user(store: &Store, number: usize, intervals: &[Interval]) -> Asked {
    let id = new_id(now());
    let name = format!("user{number}");
    let user = User::new(id, &name, &format!("{name}@example.org"), "none".to_owned()).unwrap();
    store.create_user(&user, now()).unwrap();
    let batches: Vec<DeviceBatch> = (0..DEVICES)
        .map(|place| {
            let device = Device {
                id: new_id(now()),
                owner: id,
                name: Name::new(&format!("meter {place}")).unwrap(),
                kind: DeviceKind::Meter,
                calendar: Calendar::new("Europe/Madrid").unwrap(),
                rated_power: None,
            };
            store.create_device(&device, now()).unwrap();
            let seed = u64::try_from(number * DEVICES + place).unwrap();
            // Whole watt-hours, as meters count.
            let readings = energies(seed, QUARTERS, 500).into_iter().zip(intervals).map(|(wh, interval)| {
                let energy = grid_core::quantity::Energy::from_mwh(wh.as_mwh() * 1000);
                Reading::new(*interval, Some(energy), Quality::Measured).unwrap()
            });
            DeviceBatch { device: device.id, channel: Channel::Consumption, readings: readings.collect() }
        })
        .collect();
    assert_eq!(store.ingest(&batches, now()).unwrap().inserted, DEVICES * QUARTERS);
    Asked { id, name }
}

/// The users of a database that was kept.
fn known(store: &Store) -> Vec<Asked> {
    let users = (0..USERS).map(|number| {
        let name = format!("user{number}");
        let user = store.user_by_name(&name).unwrap().unwrap();
        Asked { id: user.id(), name }
    });
    users.collect()
}

fn questions(users: &[Asked]) -> Vec<(Asked, i8)> {
    let number = |draw: u64, below: usize| usize::try_from(draw % u64::try_from(below).unwrap()).unwrap();
    let mut draws = draws(7);
    let mut draw = || draws.next().unwrap();
    let one = |_| {
        let user = users[number(draw(), users.len())].clone();
        (user, i8::try_from(1 + number(draw(), 12)).unwrap())
    };
    (0..QUERIES).map(one).collect()
}

/// What each question takes, the shortest first.
fn timed(asked: &[(Asked, i8)], ask: impl Fn(&Asked, i8) -> Result<bool, Error>) -> Vec<Duration> {
    let mut times: Vec<Duration> = asked
        .iter()
        .map(|(user, month)| {
            let began = Instant::now();
            assert!(ask(user, *month).unwrap());
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    times
}

fn report(what: &str, state: &str, times: &[Duration]) {
    let [p50, p99, most] = [50, 99, 100].map(|percent| percentile(times, percent).as_secs_f64() * 1e3);
    println!("{what}, {state}: p50 {p50:.2} ms, p99 {p99:.2} ms, longest {most:.2} ms of {}", times.len());
}

/// The server on the same database, and tokens of its own key.
struct Http {
    served: Served,
    issuer: Issuer,
}

impl Http {
    fn start(address: &str, store: &Store) -> Self {
        let built = || env::current_exe().unwrap().parent().unwrap().with_file_name("grid-server");
        let program = env::var_os("GRID_SERVER").map_or_else(built, PathBuf::from);
        let port = free_port().unwrap();
        let mut command = Command::new(program);
        command.env_clear().args(["--port", &port.to_string(), "--database-url", address]);
        command.args(["--issuer", "bench", "--audience", "bench"]).stderr(Stdio::null());
        let served = Served::start(&mut command, port, "/readyz").unwrap();
        let key = SigningKey::from_pkcs8(&store.signing_keys().unwrap()[0].pkcs8).unwrap();
        Self { served, issuer: Issuer::new(key, "bench", "bench") }
    }

    /// A person asks once in a while, so each request waits for the one before.
    fn ask_months(&self, asked: &[(Asked, i8)]) -> Vec<Duration> {
        let requests: Vec<Vec<u8>> = asked
            .iter()
            .map(|(user, month)| {
                let subject = Subject {
                    user_id: user.id,
                    username: user.name.clone(),
                    scope: Scopes::of_user(),
                    session_id: Some(user.id),
                };
                let token = self.issuer.issue(&subject, Timestamp::now()).unwrap().token;
                let path = "/api/v1/consumption_generation/get-month-value";
                let path =
                    format!("{path}?user_id={}&month={month}&year={YEAR}&value_type=consumption", user.id);
                request("GET", &path, &format!("Authorization: Bearer {token}\r\n"), "")
            })
            .collect();
        let mut times = block_on(async {
            let mut connection = Connection::open(self.served.address).await?;
            let mut times = Vec::with_capacity(requests.len());
            for request in &requests {
                let began = Instant::now();
                let answer = connection.ask(request).await?;
                times.push(began.elapsed());
                let body = String::from_utf8_lossy(answer.body);
                assert!(answer.status == 200 && !body.contains("null"), "{}: {body}", answer.status);
            }
            Ok(times)
        })
        .unwrap();
        times.sort_unstable();
        times
    }
}
