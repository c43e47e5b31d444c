//! The program itself: arguments, signals, and the command line beside the API.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    databases::Database,
    harness::{Client, Server, folder},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_grid-server");

/// The program, with none of the settings of whoever runs the tests.
pub(crate) fn program() -> Command {
    let mut command = Command::new(PROGRAM);
    let is_ours = |name: &str| {
        ["PORT", "K_SERVICE", "GAE_SERVICE", "GOOGLE_CLOUD_PROJECT"].contains(&name)
            || ["GRID_", "DATABASE_URL", "MYSQL_", "CLOUD_SQL_"].iter().any(|start| name.starts_with(start))
    };
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_ours)) {
        command.env_remove(name);
    }
    command
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

/// What a program says, line by line; somebody reads it all the time, for a full pipe would hold the program up.
pub(crate) fn log_of(child: &mut Child) -> Receiver<String> {
    let (say, said) = channel();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    std::thread::spawn(move || {
        lines.map_while(Result::ok).for_each(|line| {
            // Also where nobody listens any more.
            let _ = say.send(line);
        });
    });
    said
}

/// The first line that has some words in it, and those before it.
pub(crate) fn line_with(log: &Receiver<String>, words: &str) -> (String, Vec<String>) {
    let mut before = Vec::new();
    loop {
        let Ok(line) = log.recv_timeout(Duration::from_secs(20)) else {
            panic!("`{words}` was not said, but {before:?}")
        };
        if line.contains(words) {
            return (line, before);
        }
        before.push(line);
    }
}

#[test]
fn a_wrong_setting_is_told_in_one_line() {
    for (command, word) in [
        (program().args(["--port", "http"]), "--port"),
        (program().env("PORT", "eighty"), "eighty"),
        (program().env("PORT", "99999"), "99999"),
        (program().env("GRID_HOST", "somewhere"), "somewhere"),
        (program().env("GRID_LOG_FORMAT", "xml"), "xml"),
        (&mut program().arg("sevre"), "sevre"),
    ]
    .map(|(command, word)| (command, word))
    {
        let output = run(command);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(word), "{said}");
    }
}

/// Without an end, all that would be told is that the database is not ready, again and again.
#[test]
fn a_secret_that_cannot_be_used_ends_the_program_at_once_and_is_not_shown() {
    let folder = folder();
    let empty = folder.join("empty");
    std::fs::write(&empty, "\n").unwrap();
    let (empty, nowhere) = (empty.display().to_string(), folder.join("nowhere").display().to_string());
    for (variable, value) in [
        ("GRID_SEALING_KEY", "sh0rt"),
        ("GRID_JWT_HS256_SECRET", "sh0rt"),
        ("GRID_SEALING_KEY_FILE", &nowhere),
        ("GRID_SEALING_KEY_FILE", &empty),
        ("GRID_JWT_HS256_SECRET_FILE", &nowhere),
        ("GRID_METRICS_TOKEN_FILE", &nowhere),
        ("GRID_DATABASE_URL_FILE", &nowhere),
    ] {
        let output =
            run(program().args(["--port", "0", "--log", "off"]).env(variable, value).current_dir(&folder));
        assert_eq!(output.status.code(), Some(2), "{variable}: {output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(&format!("`{variable}`")) && !said.contains("sh0rt"), "{said}");
    }
}

#[test]
fn an_address_that_is_none_ends_the_program_and_shows_no_secret() {
    let output =
        run(program().args(["--port", "0"]).env("GRID_DATABASE_URL", "oracle://ana:s3cret@host/grid"));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("oracle") && !said.contains("s3cret"), "{said}");
}

#[test]
fn migrate_openapi_and_healthcheck_answer_and_end() {
    let database = Database::empty(&folder());
    assert!(run(program().args(["migrate", "--database-url", &database.url])).status.success());
    assert!(run(program().args(["migrate", "--database-url", &database.url])).status.success());
    let openapi = run(program().arg("openapi").env("PORT", "1234"));
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    assert!(
        openapi.stdout == std::fs::read(committed).unwrap(),
        "openapi.json is out of date: run `make openapi`"
    );
    // Nothing listens on port 1.
    assert_eq!(run(program().args(["healthcheck", "--port", "1"])).status.code(), Some(1));
}

#[cfg(unix)]
#[test]
fn told_to_stop_the_program_ends_well_although_somebody_holds_a_connection() {
    let folder = folder();
    let mut child =
        program().args(["--port", "0"]).current_dir(&folder).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let line = log.find(|line| line.contains("listening on http://")).unwrap();
    let address = line.rsplit("http://").next().unwrap().trim().to_owned();
    // What the site runs on is told: the host of the database, and who named it.
    assert!(log.any(|line| line.contains("sqlite://grid-data/grid.db") && line.contains("the default")));
    assert!(log.any(|line| line.contains("no database was named") && line.contains("`grid-data/`")));
    assert!(log.any(|line| line.contains("ready")));
    let port = address.rsplit(':').next().unwrap();
    assert!(run(program().args(["healthcheck", "--port", port])).status.success());
    let _held = std::net::TcpStream::connect(&address).unwrap();
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(log.any(|line| line.contains("stopped")));
    assert!(folder.join("grid-data/grid.db").exists());
    assert!(!folder.join("grid-data/grid.db-wal").exists(), "the log was written back");
}

#[test]
fn a_name_that_is_no_setting_is_told_at_the_start_in_one_line() {
    let folder = folder();
    std::fs::write(folder.join(".env"), "GRID_SEALNG_KEY=x\n").unwrap();
    let mut child = program()
        .args(["--port", "0"])
        .env("GRID_PORT", "9000")
        .current_dir(&folder)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let line = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap).next().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    for part in
        ["`GRID_PORT` in the environment (`PORT` is one)", "`.env`, line 1 (`GRID_SEALING_KEY` is one)"]
    {
        assert!(line.contains(part), "{part} in {line}");
    }
}

/// A child that does not outlive its test.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// S117: whoever starts many instances must not wait for each of them.
#[tokio::test]
async fn s117_it_answers_within_a_second_of_its_start_whatever_its_database_does() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://grid:s3cret@{}/grid", silent.local_addr().unwrap());
    // The fastest of three: other tests run beside this one.
    let mut took = Vec::new();
    for _ in 0..3 {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = program();
        command.args(["--port", &port.to_string(), "--database-url", &url]).current_dir(folder());
        let began = Instant::now();
        let _running = Running(command.stderr(Stdio::null()).spawn().unwrap());
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        while tokio::net::TcpStream::connect(address).await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "it does not listen");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(Client::of(address).get("/healthz").await.status, 200);
        took.push(began.elapsed());
        if began.elapsed() < Duration::from_secs(1) {
            return;
        }
    }
    panic!("{took:?}");
}

/// What was seen: a container that did not listen on the port of `PORT`, because it asked its database first; requests that
/// hung on that database; and a database at a host that no configuration named.
#[tokio::test]
async fn s31_s32_s60_s65_it_listens_on_port_before_the_database_and_names_its_host() {
    // It takes connections, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = silent.local_addr().unwrap().to_string();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = [("PORT", port.to_string()), ("MYSQL_HOST", host.clone())];
    let mut command = program();
    command.envs(settings).envs([("MYSQL_USER", "dev"), ("MYSQL_PASSWORD", "s3cret")]);
    let mut child = Running(command.current_dir(folder()).stderr(Stdio::piped()).spawn().unwrap());
    let log = log_of(&mut child.0);
    let (_, mut said) = line_with(&log, &format!("listening on http://127.0.0.1:{port}"));
    let client = Client::of(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    for _ in 0..2 {
        assert_eq!(client.get("/healthz").await.status, 200);
        let ready = client.get("/readyz").await;
        assert_eq!(ready.status, 503, "{}", ready.text());
        assert_eq!(ready.json()["dependencies"]["database"]["status"], "not reached yet");
        let began = Instant::now();
        let login = client.post("/login", &json!({"username": "ana", "password": "correct horse"})).await;
        login.problem(503);
        assert!(!login.header("retry-after").is_empty(), "{login:?}");
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        for word in ["s3cret", "sqlx", "MySQL", &host] {
            assert!(!login.text().contains(word), "{}", login.text());
        }
    }
    let (place, before) = line_with(&log, "database: ");
    assert!(place.contains(&host) && place.contains("`MYSQL_HOST` in the environment"), "{place}");
    // It has tried, and tells what came of it.
    let (refused, between) = line_with(&log, "trying again");
    drop(child);
    said.extend(before.into_iter().chain(between).chain([place, refused]).chain(log.iter()));
    assert!(!said.iter().any(|line| line.contains("s3cret")), "{said:?}");
    assert!(!said.iter().any(|line| line.trim_end().ends_with(" ready")), "{said:?}");
}

#[tokio::test]
async fn an_import_by_command_line_is_what_a_post_is() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let (posted, imported) = (ana.community("Europe/Madrid").await, ana.community("Europe/Madrid").await);
    let mut table = String::from("device,channel,start,end,energy_kwh,quality\n");
    for hour in 0..23 {
        let (start, end) =
            (format!("2026-01-01T{hour:02}:00:00Z"), format!("2026-01-01T{:02}:00:00Z", hour + 1));
        writeln!(table, "casa,consumption,{start},{end},0.{hour:02}1,measured").unwrap();
        writeln!(table, "roof,generation,{start},{end},1.{hour:02},estimated").unwrap();
    }
    let file = server.folder.join("year.csv");
    std::fs::write(&file, &table).unwrap();
    let by_post = ana.csv(&format!("{posted}/readings"), table).await.good();
    let url = server.database_url();
    let id = imported.rsplit('/').next().unwrap();
    let file = file.display().to_string();
    let output = run(program().args(["import", "--community", id, &file, "--database-url", &url]));
    assert!(output.status.success(), "{output:?}");
    let by_command: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(by_command, by_post);
    let mut balances = Vec::new();
    for path in [&posted, &imported] {
        let mut balance =
            ana.get(&format!("{path}/balance?from=2026-01-01&to=2026-01-02&resolution=1h")).await.good();
        let mut members: Vec<_> = balance["members"].as_array_mut().unwrap().drain(..).collect();
        members.sort_by_key(|member| member["name"].to_string());
        for member in &mut members {
            member.as_object_mut().unwrap().remove("member_id");
        }
        balance["members"] = members.into();
        balances.push(balance);
    }
    assert_eq!(balances[0], balances[1]);
    assert_ne!(balances[0]["consumption_kwh"], serde_json::Value::Null);

    let device = ana.device("meter", "UTC").await;
    let one = server.folder.join("one.csv");
    std::fs::write(&one, "start,end,energy_kwh\n2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,1\n").unwrap();
    let id = device.rsplit('/').next().unwrap();
    let one = one.display().to_string();
    let arguments = ["import", "--device", id, &one, "--channel", "import", "--database-url", &url];
    assert!(run(program().args(arguments)).status.success());
    assert_eq!(ana.get(&format!("{device}/readings")).await.good()["items"][0]["energy_kwh"], "1.000000");
    // A wrong file is told with its name, line and column, and nothing of it is kept.
    let good = "start,end,energy_kwh\n2026-01-02T00:00:00Z,2026-01-02T01:00:00Z,1\n";
    let second = |energy: &str| format!("{good}2026-01-02T01:00:00Z,2026-01-02T02:00:00Z,{energy}\n");
    let latin: Vec<u8> = [good.as_bytes(), b"\xf1,2026-01-02T02:00:00Z,1\n"].concat();
    for (what, file, place) in [
        ("empty", Vec::new(), "line 1"),
        ("header only", b"start,end,energy_kwh\n".to_vec(), "at least one reading"),
        ("decimal comma", second("\"0,25\"").into_bytes(), "line 3, column 3"),
        ("Latin-1", latin, "line 3, column 1"),
        ("NaN", second("NaN").into_bytes(), "line 3, column 3"),
        ("negative", second("-1").into_bytes(), "line 3, column 3"),
        ("end before start", second("1").replace("T02", "T00").into_bytes(), "line 3, column 2"),
        (
            "twice",
            good.replacen("end", "start", 1).into_bytes(),
            "line 1: expected each column of times once",
        ),
        ("rubbish", vec![b'x'; 100 << 20], "expected a file of readings"),
        ("cut short", [good.as_bytes(), b"2026-01-02T01"].concat(), "line 3"),
    ] {
        std::fs::write(&one, file).unwrap();
        let output = run(program().args(arguments));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.code() == Some(1) && said.contains("one.csv") && said.contains(place),
            "{what}: {said}"
        );
    }
    assert_eq!(ana.get(&format!("{device}/readings")).await.good()["items"].as_array().unwrap().len(), 1);
}

/// The lines of README.md, run as they stand there.
#[tokio::test]
async fn s95_the_story_of_the_readme_is_true() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let story = text
        .split("<!-- story:curl:start -->")
        .nth(1)
        .unwrap()
        .split("<!-- story:curl:end -->")
        .next()
        .unwrap();
    let lines: Vec<_> = story.lines().filter(|line| !line.starts_with("```")).collect();
    if Command::new("curl").arg("--version").output().is_err() {
        println!("skipped: README.md's story (curl is not there)");
        return;
    }
    let server = Server::start().await;
    let base = format!("http://{}", server.address);
    let script = lines.join("\n");
    let output = tokio::task::spawn_blocking(move || {
        run(Command::new("sh").args(["-euc", &script]).env("GRID", base).env("NO_PROXY", "*"))
    })
    .await
    .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    for part in
        [r#""self_consumed_kwh":"1.000000""#, r#""shared_kwh":"1.500000""#, r#""export_kwh":"0.500000""#]
    {
        assert!(said.contains(part), "{said}");
    }
}
