//! What somebody who is not logged in may do, and may not keep others from doing.

use grid_server::serve::Content;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::CYCLE;
use crate::harness::{Server, folder};

#[tokio::test]
async fn s27_an_answer_without_storing_needs_no_login_and_no_database() {
    // Nothing listens on port 1.
    let arguments = ["--database-url", "postgres://grid:secret@127.0.0.1:1/grid"];
    let server = Server::begin(folder(), &arguments, Content::AsItIs).await;
    let anyone = server.client();
    let analysis = anyone.csv("/api/v1/battery/recordings?store=false", CYCLE).await;
    assert_eq!(
        (analysis.status.as_u16(), &analysis.json()["id"]),
        (200, &json!(null)),
        "{}",
        analysis.text()
    );
    let kept = anyone.csv("/api/v1/battery/recordings", CYCLE).await;
    kept.problem(401);
    let answer = anyone.post("/login", &json!({"username": "a", "password": "correct horse"})).await;
    let problem = answer.problem(503);
    assert!(!answer.header("retry-after").is_empty());
    assert!(!problem.to_string().contains("secret"));
    assert_eq!(anyone.get("/healthz").await.status, 200);
    let ready = anyone.get("/readyz").await;
    assert_eq!(
        (ready.status.as_u16(), &ready.json()["checks"]["database"]),
        (503, &json!("not reached yet"))
    );
    server.stop().await;
}

/// Begins to send a file without a login, and goes on as slowly as may be: not at all.
async fn begin(server: &Server, kind: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST /api/v1/battery/recordings?store=false HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n\
         Content-Length: 100000\r\n\r\n"
    );
    stream.write_all(format!("{head}--x\r\n{CYCLE}").as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn who_is_not_logged_in_cannot_take_a_users_place() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let community = ana.community("UTC").await;
    let path = "/api/v1/battery/recordings?store=false";
    let mut held = Vec::new();
    loop {
        let kind = if held.len() % 2 == 0 { "text/csv" } else { "multipart/form-data; boundary=x" };
        held.push(begin(&server, kind).await);
        // One that waits for its network may not have been seen yet; after some more all places are taken.
        let answer = server.client().csv(path, CYCLE).await;
        if answer.status == 503 {
            answer.problem(503);
            assert!(!answer.header("retry-after").is_empty());
            break;
        }
        assert!(answer.status == 200 && held.len() < 100, "{}", answer.text());
    }
    let table = "device,channel,start,end,energy_kwh\n\
        casa,import,2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,1\n";
    assert_eq!(ana.csv(&format!("{community}/readings"), table).await.good()["inserted"], 1);
    assert_eq!(ana.csv("/api/v1/battery/recordings", CYCLE).await.status, 201);
}

#[tokio::test]
async fn a_file_without_a_login_that_does_not_end_is_given_up() {
    let server = Server::with(&["--request-seconds", "1"], Content::AsItIs).await;
    for kind in ["text/csv", "multipart/form-data; boundary=x"] {
        let mut stream = begin(&server, kind).await;
        let mut answer = Vec::new();
        let mut piece = [0; 1024];
        while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
            let length = stream.read(&mut piece).await.unwrap();
            assert_ne!(length, 0, "{kind}: no answer");
            answer.extend_from_slice(&piece[..length]);
        }
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with("HTTP/1.1 408"), "{kind}: {answer}");
        assert!(answer.contains("application/problem+json"), "{kind}: {answer}");
    }
}
