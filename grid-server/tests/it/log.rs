//! What the log tells at its usual level of requests that were refused.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::Stdio,
};

use serde_json::{Value, json};

use crate::{harness::folder, process::program};

/// Sends a request and waits for the end of its answer.
fn ask(address: &str, path: &str, id: &str, more: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {id}\r\nConnection: close\r\n{more}\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Clients of the old system sent `Bearer undefined`, and nothing told whoever ran it that they did.
#[test]
fn s57_a_refusal_is_one_line_with_its_reason_and_nothing_that_was_sent() {
    let mut child = program()
        .args(["--port", "0", "--log-format", "json"])
        .current_dir(folder())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut log = log.map(|line| serde_json::from_str::<Value>(&line).unwrap());
    let said = |entry: &Value| entry["message"].as_str().unwrap_or_default().to_owned();
    let listens = log.find(|entry| said(entry).contains("listening on http://")).unwrap();
    let address = said(&listens).rsplit("http://").next().unwrap().trim().to_owned();
    assert!(log.any(|entry| said(&entry) == "ready"));
    let token = "Authorization: Bearer undefined\r\n";
    assert!(ask(&address, "/api/v1/devices?secret=s3cret", "first", token).starts_with("HTTP/1.1 401"));
    assert!(ask(&address, "/nowhere", "nowhere", "").starts_with("HTTP/1.1 404"));
    assert!(ask(&address, "/healthz", "fine", "").starts_with("HTTP/1.1 200"));
    assert!(ask(&address, "/api/v1/devices", "last", "").starts_with("HTTP/1.1 401"));
    let mut entries = Vec::new();
    while entries.last().is_none_or(|entry: &Value| entry["request_id"] != "last") {
        entries.push(log.next().unwrap());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let of = |id: &str| entries.iter().filter(|entry| entry["request_id"] == id).collect::<Vec<_>>();
    let [refused] = of("first")[..] else { panic!("{entries:?}") };
    for (name, value) in [
        ("severity", json!("INFO")),
        ("status", json!(401)),
        ("reason", json!("unauthenticated")),
        ("method", json!("GET")),
        ("route", json!("/api/v1/devices")),
    ] {
        assert_eq!(refused[name], value, "{name} in {refused}");
    }
    assert!(
        !refused.to_string().contains("undefined") && !refused.to_string().contains("s3cret"),
        "{refused}"
    );
    assert!(of("nowhere").is_empty() && of("fine").is_empty(), "{entries:?}");
}
