//! The program under many connections, and told to stop while it works.
#![cfg(target_os = "linux")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::{harness::folder, process::program};

/// The program on an empty database, ready; and where it listens.
fn started() -> (Child, String) {
    let mut child =
        program().args(["--port", "0"]).current_dir(folder()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let line = log.find(|line| line.contains("listening on http://")).unwrap();
    assert!(log.any(|line| line.contains("ready")));
    // A pipe that nobody reads would hold up the program.
    std::thread::spawn(move || log.for_each(drop));
    (child, line.rsplit("http://").next().unwrap().trim().to_owned())
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
    Some(head)
}

#[test]
fn told_to_stop_under_load_the_program_ends_within_ten_seconds_and_cuts_no_answer() {
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
    println!("held {} idle connections", idle.len());
}
