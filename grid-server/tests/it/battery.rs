//! Battery recordings over HTTP.

use grid_server::serve::Content;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::harness::{Server, folder};

/// One charge and one discharge of an hour each at 1 A: 1 Ah in, 1 Ah out.
const CYCLE: &str =
    "time,voltage,current\n0,3.6,1\n1800,3.8,1\n3600,4.0,1\n3601,3.9,-1\n5401,3.7,-1\n7201,3.5,-1\n";

#[tokio::test]
async fn a_recording_is_kept_listed_and_drawn() {
    let server = Server::start().await;
    let (ana, tom) = (server.user("ana").await, server.user("tom").await);
    let made = ana.csv("/api/v1/battery/recordings?name=cell%2012", CYCLE).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let analysis = made.json();
    assert_eq!((&analysis["name"], &analysis["rows"]), (&json!("cell 12"), &json!(6)));
    assert!((analysis["charge_capacity_ah"].as_f64().unwrap() - 1.0).abs() < 0.01, "{analysis}");
    let path = made.header("location").to_owned();
    assert_eq!(ana.get(&path).await.good(), analysis);
    let list = ana.get("/api/v1/battery/recordings").await.good();
    assert_eq!(list["items"][0]["size_bytes"], CYCLE.len());
    let cycles = ana.get(&format!("{path}/cycles")).await.good();
    assert_eq!(cycles["items"], analysis["cycles"]);
    for kind in ["", "?kind=voltage", "?kind=capacity"] {
        let chart = ana.get(&format!("{path}/chart.svg{kind}")).await;
        assert!(chart.status == 200 && chart.text().starts_with("<svg"), "{kind}");
    }
    ana.get(&format!("{path}/chart.svg?kind=cake")).await.problem(422);
    for rest in ["", "/cycles", "/chart.svg"] {
        tom.get(&format!("{path}{rest}")).await.problem(404);
    }
}

#[tokio::test]
async fn a_form_is_read_like_a_file() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let form = format!(
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"cell.csv\"\r\n\r\n{CYCLE}\r\n--x--\r\n"
    );
    let kind = [("content-type", b"multipart/form-data; boundary=x".as_slice())];
    let made = ana.send("POST", "/api/v1/battery/recordings", &kind, form.clone()).await.good();
    assert_eq!((&made["name"], &made["rows"]), (&json!("cell.csv"), &json!(6)));
    let cut = &form[..form.len() - 10];
    ana.send("POST", "/api/v1/battery/recordings", &kind, cut.to_owned()).await.problem(400);
    ana.send("POST", "/api/v1/battery/recordings", &kind, "--x--\r\n").await.problem(422);
}

#[tokio::test]
async fn an_answer_without_storing_needs_no_login_and_no_database() {
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

#[tokio::test]
async fn what_is_no_recording_is_refused() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let header = "time_s,voltage_V,current_A\n";
    let twice = "time_s,voltage_V,voltage_V,current_A\n0,3.7,3.8,1\n1,3.7,3.8,1\n";
    // What, the file, and what the refusal must name of it.
    let refused: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", Vec::new(), "an empty file"),
        ("header only", header.into(), "line 1"),
        ("another table", "a,b\n1,2\n".into(), "`a`"),
        ("a wrong delimiter", header.replace(',', ":").into_bytes(), "a time and a voltage"),
        ("a duplicate column", twice.into(), "columns 2 and 3"),
        ("rubbish", vec![b'x'; 20 << 20], "a time and a voltage"),
        ("rubbish in lines", b"lorem ipsum dolor sit amet\n".repeat(700_000), "a time and a voltage"),
        ("an archive", b"PK\x03\x04\x00\x00\x00\x00".repeat(1000), ""),
    ];
    for (what, file, word) in refused {
        for path in ["/api/v1/battery/recordings?store=false", "/api/v1/battery/recordings"] {
            let problem = ana.csv(path, file.clone()).await.problem(422);
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.len() > 20 && detail.len() < 4096 && detail.contains(word), "{what}: {problem}");
        }
    }
    assert_eq!(ana.get("/api/v1/battery/recordings").await.good()["items"], json!([]), "nothing is kept");
    // What a person would read as it was meant is read.
    for (what, file) in [
        (
            "a byte order mark",
            [b"\xef\xbb\xbf".as_slice(), header.as_bytes(), b"0,3.7,1\n1,3.7,1\n"].concat(),
        ),
        ("decimal commas", b"Zeit [s];Spannung [V];Strom [A]\n0;3,70;1,0\n1;3,70;1,0\n".to_vec()),
        ("Latin-1", b"Total Time (s),Current(\xb5A),Voltage(mV)\n0,1000000,3700\n1,1000000,3700\n".to_vec()),
        ("a gap", format!("{header}0,3.7,1\n1,NaN,1\n2,3.7,1\n").into_bytes()),
        ("a cut last line", format!("{header}0,3.7,1\n1,3.7,1\n2,3.").into_bytes()),
        ("a clock that is set back", format!("{header}0,3.7,1\n1,3.7,1\n0,3.7,1\n").into_bytes()),
    ] {
        let read = ana.csv("/api/v1/battery/recordings?store=false", file).await.good();
        assert_eq!(read["voltage_max_v"], 3.7, "{what}: {read}");
    }
    assert_eq!(ana.get("/readyz").await.status, 200);
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
