//! The program under many connections, and told to stop while it works.
#![cfg(target_os = "linux")]

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
        mpsc::Receiver,
    },
    time::{Duration, Instant},
};

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::{
    databases::Database,
    harness::{Client, Server, folder},
    process::{Running, line_with, log_of, program},
};

/// The program on an empty database, ready; and where it listens.
fn started() -> (Child, String) {
    let (child, address, _) = started_with(program().current_dir(folder()));
    (child, address)
}

pub(crate) fn started_with(program: &mut Command) -> (Child, String, Receiver<String>) {
    let mut child = program.args(["--port", "0"]).stderr(Stdio::piped()).spawn().unwrap();
    let log = log_of(&mut child);
    let (line, _) = line_with(&log, "listening on http://");
    line_with(&log, "ready");
    (child, line.rsplit("http://").next().unwrap().trim().to_owned(), log)
}

fn tell_to_stop(child: &Child) {
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
}

/// Waits as long as Cloud Run does between SIGTERM and SIGKILL.
fn ended_in_time(child: &mut Child) {
    let since = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            assert_eq!(status.code(), Some(0));
            return;
        }
        if since.elapsed() > Duration::from_secs(10) {
            child.kill().unwrap();
            panic!("the program did not end within ten seconds");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Asks once on a connection that is kept; `None` where the server had closed it before it sent anything.
fn ask(stream: &mut BufReader<TcpStream>) -> Option<String> {
    stream.get_mut().write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").ok()?;
    Some(hear(stream)?.0)
}

/// Head, in small letters, and body of an answer; `None` where the server had closed before it sent anything.
fn hear(stream: &mut BufReader<TcpStream>) -> Option<(String, String)> {
    let (mut head, mut line) = (String::new(), String::new());
    loop {
        line.clear();
        match stream.read_line(&mut line) {
            Ok(0) | Err(_) if head.is_empty() => return None,
            read => assert!(read.unwrap() > 0, "an answer was cut in its head: {head}"),
        }
        if line == "\r\n" {
            break;
        }
        head.push_str(&line.to_ascii_lowercase());
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.trim().parse().unwrap()];
    stream.read_exact(&mut body).unwrap_or_else(|_| panic!("an answer was cut in its body: {head}"));
    Some((head, String::from_utf8(body).unwrap()))
}

#[test]
fn s134_told_to_stop_under_load_the_program_ends_within_ten_seconds_and_cuts_no_answer() {
    let (mut child, address) = started();
    // Connections that say nothing must not keep it.
    let _idle: Vec<_> = (0..20).map(|_| TcpStream::connect(&address).unwrap()).collect();
    let answered = AtomicU32::new(0);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut stream = BufReader::new(TcpStream::connect(&address).unwrap());
                    while let Some(head) = ask(&mut stream) {
                        assert!(head.starts_with("http/1.1 200"), "{head}");
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        while answered.load(Ordering::Relaxed) < 200 {
            std::thread::sleep(Duration::from_millis(5));
        }
        tell_to_stop(&child);
        for client in clients {
            client.join().unwrap();
        }
    });
    ended_in_time(&mut child);
}

/// The head of an upload of some length.
fn upload(path: &str, client: &Client, kind: &str, length: usize) -> String {
    format!(
        "POST {path}/readings?channel=import HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n",
        client.token()
    )
}

/// A file of so many hours.
fn hours(count: u32) -> String {
    let mut file = "start,end,energy_kwh\n".to_owned();
    for hour in 0..count {
        writeln!(file, "{},{},0.25", at(hour), at(hour + 1)).unwrap();
    }
    file
}

fn at(hour: u32) -> String {
    let start: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    (start + jiff::SignedDuration::from_hours(i64::from(hour))).to_string()
}

/// How many requests the program works on, this one among them.
fn in_flight(address: &str) -> u32 {
    let mut stream = BufReader::new(TcpStream::connect(address).unwrap());
    stream.get_mut().write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let (_, page) = hear(&mut stream).unwrap();
    let line = page.lines().find_map(|line| line.strip_prefix("grid_http_requests_in_flight "));
    line.unwrap().parse().unwrap()
}

/// Whether who comes now is sent away: there is nobody, or it is said that the program stops.
fn turns_away(address: &str) -> bool {
    let Ok(stream) = TcpStream::connect(address) else { return true };
    let mut stream = BufReader::new(stream);
    if stream.get_mut().write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n").is_err() {
        return true;
    }
    match hear(&mut stream) {
        None => true,
        Some((head, body)) => head.starts_with("http/1.1 503") && body.contains("\"stopping\""),
    }
}

/// Sends one reading after the other until it is not answered any more, and remembers what was acknowledged.
fn keep_writing(address: &str, client: &Client, device: &str, acknowledged: &Mutex<Vec<String>>) {
    let mut stream = BufReader::new(TcpStream::connect(address).unwrap());
    for hour in 0.. {
        let reading =
            format!("{{\"start\":\"{}\",\"end\":\"{}\",\"energy_kwh\":\"0.25\"}}", at(hour), at(hour + 1));
        let request = upload(device, client, "application/json", reading.len()) + &reading;
        if stream.get_mut().write_all(request.as_bytes()).is_err() {
            return;
        }
        match hear(&mut stream) {
            Some((head, _)) if head.starts_with("http/1.1 200") => {
                acknowledged.lock().unwrap().push(format!("{device} {}", at(hour)));
            }
            Some((head, body)) => {
                assert!(head.starts_with("http/1.1 503"), "{head}{body}");
                return;
            }
            None => return,
        }
    }
}

/// S134. What was under way ends, what was acknowledged is there, and who does not come to an end is not waited for.
#[tokio::test(flavor = "multi_thread")]
async fn s134_told_to_stop_while_it_is_written_to_the_program_loses_nothing_and_lets_an_upload_end() {
    const HOURS: u32 = 3000;
    let files = folder();
    let database = Database::empty(&files);
    let (mut child, address, log) =
        started_with(program().current_dir(&files).args(["--database-url", &database.url]));
    let client = Client::of(address.parse().unwrap());
    let ana = client.register("ana").await;
    let (whole, half) = (ana.device("meter", "UTC").await, ana.device("meter", "UTC").await);
    let mut devices = Vec::new();
    for _ in 0..4 {
        devices.push(ana.device("meter", "UTC").await);
    }
    let (file, acknowledged) = (hours(HOURS), Mutex::new(Vec::new()));
    let (first, rest) = file.split_at(file.len() / 2);
    let begun = tokio::task::block_in_place(|| {
        let [mut ends, mut never] = [&whole, &half].map(|device| {
            let mut stream = BufReader::new(TcpStream::connect(&address).unwrap());
            let begun = upload(device, &ana, "text/csv", file.len()) + first;
            stream.get_mut().write_all(begun.as_bytes()).unwrap();
            stream
        });
        while in_flight(&address) < 3 {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::scope(|scope| {
            for device in &devices {
                scope.spawn(|| keep_writing(&address, &ana, device, &acknowledged));
            }
            while acknowledged.lock().unwrap().len() < 40 {
                std::thread::sleep(Duration::from_millis(5));
            }
            tell_to_stop(&child);
            let told = Instant::now();
            line_with(&log, "stopping");
            while !turns_away(&address) {
                assert!(told.elapsed() < Duration::from_secs(5), "it still says that it is ready");
            }
            ends.get_mut().write_all(rest.as_bytes()).unwrap();
            let (head, body) = hear(&mut ends).unwrap();
            assert!(head.starts_with("http/1.1 200"), "{head}{body}");
            assert!(body.contains(&format!("\"inserted\":{HOURS}")), "{body}");
        });
        // It goes on, and is cut.
        let begun = Instant::now();
        ended_in_time(&mut child);
        assert_eq!(never.read(&mut [0; 1]).unwrap_or(0), 0, "half an upload was answered");
        begun
    });
    assert!(begun.elapsed() < Duration::from_secs(10));

    let server = Server::on(&database.url).await;
    let ana = server.client().log_in("ana", "correct horse").await;
    let acknowledged = acknowledged.into_inner().unwrap();
    for device in devices.iter().chain([&whole, &half]) {
        let page = ana.get(&format!("{device}/readings?limit=10000")).await.good();
        let there: std::collections::HashSet<_> =
            page["items"].as_array().unwrap().iter().map(|item| item["start"].as_str().unwrap()).collect();
        for one in acknowledged.iter().filter_map(|one| one.strip_prefix(&format!("{device} "))) {
            assert!(there.contains(one), "{device}: {one} was acknowledged and is not there");
        }
        if *device == whole {
            assert_eq!(there.len(), usize::try_from(HOURS).unwrap());
        }
        if *device == half {
            assert!(there.is_empty(), "half an upload was stored");
        }
    }
    server.stop().await;
}

/// As many as this process may open; five thousand where that is allowed.
#[test]
fn thousands_of_idle_connections_do_not_stop_the_program() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    let allowed = limit.maximum.map_or(5_000, |most| most.saturating_sub(200)).min(5_000);
    let (mut child, address) = started();
    let idle: Vec<_> = (0..allowed).map(|_| TcpStream::connect(&address).unwrap()).collect();
    let mut stream = BufReader::new(TcpStream::connect(&address).unwrap());
    assert!(ask(&mut stream).unwrap().starts_with("http/1.1 200"), "with {allowed} idle connections");
    tell_to_stop(&child);
    ended_in_time(&mut child);
    if allowed < 5_000 {
        println!("not run here: 5,000 idle connections, only {} (the hard limit of open files)", idle.len());
    }
}

/// As where the log goes through a pipe whose other end has died.
#[test]
fn a_program_whose_log_nobody_takes_works_and_ends_well() {
    let mut child = Running(
        program().args(["--port", "0"]).current_dir(folder()).stderr(Stdio::piped()).spawn().unwrap(),
    );
    let mut log = BufReader::new(child.0.stderr.take().unwrap()).lines().map(Result::unwrap);
    let line = log.find(|line| line.contains("listening on http://")).unwrap();
    assert!(log.any(|line| line.contains("ready")));
    drop(log);
    let address = line.rsplit("http://").next().unwrap().trim();
    // A refusal is logged.
    let mut stream = BufReader::new(TcpStream::connect(address).unwrap());
    stream.get_mut().write_all(b"GET /api/v1/devices HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let (status, _) = hear(&mut stream).unwrap();
    assert!(status.contains("401"), "{status}");
    tell_to_stop(&child.0);
    ended_in_time(&mut child.0);
}

#[test]
fn what_is_wrong_with_a_setting_is_not_made_worse_by_a_terminal_that_has_gone() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ended = program().args(["--port", "http"]).stderr(writer).status().unwrap();
    assert_eq!(ended.code(), Some(2));
}
