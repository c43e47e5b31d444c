//! What is spoken over a connection: HTTP/1 alone, heads of a sensible size, bodies as they are and in time.

use std::time::Duration;

use grid_server::serve::Content;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::harness::Server;

/// All that comes back for some bytes, until the server closes the connection.
async fn said(server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    // A server that has heard enough may close before all is written.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer));
    // Where it stays open there is no end.
    let _ = read.await.unwrap();
    answer
}

/// One connection is one request at a time: over HTTP/2 it would be a hundred, which nothing here counts.
#[tokio::test]
async fn who_begins_with_http2_is_not_answered_in_it() {
    let server = Server::start().await;
    // RFC 9113, section 3.4: the preface, then a SETTINGS frame that may be empty.
    let answer = said(&server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{answer:?}");
    // RFC 7540, section 3.2: an upgrade that is asked for is not given.
    let upgrade = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade, http2-settings, close\r\n\
                   upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n\r\n";
    assert!(said(&server, upgrade.as_bytes()).await.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_as_such() {
    let server = Server::start().await;
    let of = |length: usize| {
        let long = "a".repeat(length);
        format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-long: {long}\r\nconnection: close\r\n\r\n")
    };
    assert!(said(&server, of(20_000).as_bytes()).await.starts_with(b"HTTP/1.1 200"));
    let answer = said(&server, of(40_000).as_bytes()).await;
    assert!(answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
    // Of one that is larger still not all is read, and the answer may be lost with the rest.
    let answer = said(&server, of(300_000).as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
    let many = "x-many: 1\r\n".repeat(200);
    let answer = said(&server, format!("GET / HTTP/1.1\r\nhost: localhost\r\n{many}\r\n").as_bytes()).await;
    assert!(answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
}

/// RFC 9110, section 15.5.16: 415, and in `Accept-Encoding` what is taken.
#[tokio::test]
async fn a_body_in_a_coding_is_refused_and_nothing_is_made_of_it() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let roof = json!({"name": "roof", "kind": "pv", "time_zone": "UTC"}).to_string();
    let devices = "/api/v1/devices";
    let kind: (&str, &[u8]) = ("content-type", b"application/json");
    let key: (&str, &[u8]) = ("idempotency-key", b"one");
    for coding in ["gzip", "br", "identity, gzip"] {
        let refused = ana
            .send("POST", devices, &[kind, key, ("content-encoding", coding.as_bytes())], roof.clone())
            .await;
        let problem = refused.problem(415);
        assert_eq!(problem["type"], "/docs/errors/unsupported-media-type");
        assert!(problem["detail"].as_str().unwrap().contains(coding), "{problem}");
        assert_eq!(refused.header("accept-encoding"), "identity");
    }
    assert!(ana.get(devices).await.good()["items"].as_array().unwrap().is_empty());
    // The key was not used up, and a body that is as it is may say so.
    let taken = ana.send("POST", devices, &[kind, key, ("content-encoding", b"identity")], roof).await;
    assert_eq!(taken.status, 201, "{}", taken.text());
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up_as_the_description_says() {
    let server = Server::with(&["--request-seconds", "1"], Content::AsItIs).await;
    // Too large to be waited for before the request has a place, and it does not come.
    let head = "POST /api/v1/auth/register HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                content-length: 20000\r\nconnection: close\r\n\r\n{";
    let began = std::time::Instant::now();
    let answer = String::from_utf8(said(&server, head.as_bytes()).await).unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1));
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    // The client was late and not the server.
    assert!(head.starts_with("HTTP/1.1 408 "), "{head}");
    assert!(head.contains("content-type: application/problem+json"), "{head}");
    let problem: Value = serde_json::from_str(body).unwrap();
    assert_eq!((&problem["type"], &problem["status"]), (&json!("/docs/errors/timeout"), &json!(408)));
    assert!(problem["detail"].as_str().unwrap().contains("within 1 seconds"), "{problem}");
    let document = server.client().get("/openapi.json").await.json();
    let paths = document["paths"].as_object().unwrap();
    let missing: Vec<_> = paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().iter().map(move |(method, told)| (method, path, told))
        })
        .filter(|(.., told)| told["responses"]["504"].is_null())
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    assert!(missing.is_empty(), "every route has a time limit, and these do not say so: {missing:?}");
}
