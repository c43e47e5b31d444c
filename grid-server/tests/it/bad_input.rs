//! Files that are wrong: each is refused with its line and column, nothing of it is stored, and the server stays up.

use std::fmt::Write as _;

use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::harness::{Client, Server};

const HEADER: &str = "device,channel,start,end,energy_kwh,quality\n";
const GOOD: &str = "casa,import,2026-01-01T00:00:00Z,2026-01-01T00:15:00Z,0.25,measured\n";

fn row(start: &str, end: &str, energy: &str) -> String {
    format!("casa,import,2026-01-01T{start}:00Z,2026-01-01T{end}:00Z,{energy},measured\n")
}

async fn has_nothing(client: &Client, community: &str) {
    let devices = client.get(&format!("{community}/devices")).await.good();
    assert_eq!(devices["items"], json!([]), "nothing is half-written");
}

#[tokio::test]
async fn s140_each_wrong_file_is_refused_with_its_place() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let community = ana.community("Europe/Madrid").await;
    let path = format!("{community}/readings");
    let table = |rest: &str| format!("{HEADER}{GOOD}{rest}").into_bytes();
    // What, the file, the line, and a word of the message; the good line before the bad one must not stay.
    let cases: Vec<(&str, Vec<u8>, Option<u64>, &str)> = vec![
        ("empty", Vec::new(), None, "header"),
        ("header only", HEADER.into(), None, ""),
        (
            "no channel",
            "device;start;end;value\ncasa;2026-01-01T00:00:00Z;2026-01-01T00:15:00Z;1\n".into(),
            Some(2),
            "channel",
        ),
        ("decimal commas", table(&row("01:00", "01:15", "\"0,25\"")), Some(3), "0,25"),
        (
            "Latin-1",
            [table("").as_slice(), b"Mar\xeda,import,2026-01-01T01:00:00Z,2026-01-01T01:15:00Z,1,measured\n"]
                .concat(),
            Some(3),
            "",
        ),
        ("NaN", table(&row("01:00", "01:15", "NaN")), Some(3), "NaN"),
        ("infinite", table(&row("01:00", "01:15", "1e999")), Some(3), ""),
        ("negative", table(&row("01:00", "01:15", "-0.1")), Some(3), "-0.1"),
        ("end before start", table(&row("01:15", "01:00", "1")), Some(3), ""),
        (
            "a local time",
            table("casa,import,2026-01-01T01:00:00,2026-01-01T01:15:00,1,measured\n"),
            Some(3),
            "",
        ),
        (
            "an unknown channel",
            table("casa,exprot,2026-01-01T01:00:00Z,2026-01-01T01:15:00Z,1,measured\n"),
            Some(3),
            "exprot",
        ),
        ("a short line", table("casa,import\n"), Some(3), ""),
        ("an overlap", table(&row("00:10", "00:20", "1")), None, ""),
        ("the same twice, otherwise", table(&row("00:00", "00:15", "1")), None, ""),
        (
            "a duplicate column",
            format!("device,channel,start,end,energy_kwh,energy_kwh\n{GOOD}").into_bytes(),
            Some(1),
            "energy_kwh",
        ),
        (
            "a missing column",
            "device,start,end\ncasa,2026-01-01T00:00:00Z,2026-01-01T00:15:00Z\n".into(),
            Some(1),
            "",
        ),
        ("a zip", b"PK\x03\x04\x00\x00\x00\x00".to_vec(), None, ""),
        ("a page", b"<!doctype html><html>not a table</html>\n".to_vec(), Some(1), ""),
    ];
    for (what, file, line, word) in cases {
        let answer = ana.csv(&path, file).await;
        assert!(matches!(answer.status.as_u16(), 409 | 422), "{what}: {}", answer.text());
        let problem = answer.problem(answer.status.as_u16());
        if let Some(line) = line {
            assert_eq!(problem["errors"][0]["line"], line, "{what}: {problem}");
        }
        // Where the fault is of one cell, the column, too.
        let column = match what {
            "decimal commas" | "NaN" | "infinite" | "negative" => Some(5),
            "end before start" => Some(4),
            "an unknown channel" => Some(2),
            "a duplicate column" => Some(6),
            "Latin-1" => Some(1),
            _ => None,
        };
        if let Some(column) = column {
            assert_eq!(problem["errors"][0]["column"], column, "{what}: {problem}");
        }
        assert!(problem.to_string().contains(word), "{what}: {problem}");
        assert!(problem["hint"].is_string() || !problem["errors"].is_null(), "{what}: {problem}");
        has_nothing(&ana, &community).await;
    }
    // A byte order mark is no fault.
    let marked = [b"\xef\xbb\xbf".as_slice(), HEADER.as_bytes(), GOOD.as_bytes()].concat();
    assert_eq!(ana.csv(&path, marked).await.good()["inserted"], 1);
}

/// The same faults in a list of JSON: each is told with its place in the document, and nothing of the list stays.
#[tokio::test]
async fn each_wrong_document_is_refused_with_its_place() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let path = format!("{}/readings", ana.device("meter", "UTC").await);
    let one = |hour: u8, energy: &str| {
        format!(
            "{{\"channel\":\"import\",\"start\":\"2026-01-01T{hour:02}:00:00Z\",\
             \"end\":\"2026-01-01T{hour:02}:15:00Z\",\"energy_kwh\":{energy}}}"
        )
    };
    let list = |second: &str| format!("[{},{second}]", one(0, "\"0.25\"")).into_bytes();
    let backwards = one(1, "\"1\"").replace("01:15", "00:45");
    let cases: Vec<(&str, Vec<u8>, Option<&str>)> = vec![
        ("empty", Vec::new(), None),
        ("decimal comma", list(&one(1, "\"0,25\"")), Some("/1/energy_kwh")),
        ("NaN as text", list(&one(1, "\"NaN\"")), Some("/1/energy_kwh")),
        ("NaN", list(&one(1, "NaN")), None),
        ("negative", list(&one(1, "\"-0.1\"")), Some("/1/energy_kwh")),
        ("negative number", list(&one(1, "-0.1")), Some("/1/energy_kwh")),
        ("end before start", list(&backwards), Some("/1/end")),
        ("a field twice", list(&one(1, "1,\"energy_kwh\":2")), None),
        ("Latin-1", [b"[{\"channel\":\"import".as_slice(), b"\xf1\"}]"].concat(), None),
        ("cut short", list(&one(1, "1")).split_last().unwrap().1.to_vec(), None),
        ("a table", format!("{HEADER}{GOOD}").into_bytes(), None),
    ];
    for (what, document, pointer) in cases {
        let answer = ana.send("POST", &path, &[("content-type", b"application/json")], document).await;
        let problem = answer.problem(422);
        let place = &problem["errors"][0];
        match pointer {
            Some(pointer) => assert_eq!(place["pointer"], pointer, "{what}: {problem}"),
            None => assert!(place["line"].is_u64(), "{what}: {problem}"),
        }
        assert_eq!(ana.get(&path).await.good()["items"], json!([]), "{what}: nothing is half-written");
    }
    let marked = [b"\xef\xbb\xbf".as_slice(), &list(&one(1, "1"))].concat();
    let answer = ana.send("POST", &path, &[("content-type", b"application/json")], marked).await;
    assert_eq!(answer.good()["inserted"], 2);
}

#[tokio::test]
async fn s45_rubbish_and_what_is_too_large_are_refused() {
    let server = Server::with(&["--max-upload-mb", "24"], grid_server::serve::Content::AsItIs).await;
    let ana = server.user("ana").await;
    let community = ana.community("Europe/Madrid").await;
    let path = format!("{community}/readings");
    let mut state = 1_u32;
    let mut rubbish = |megabytes: usize| -> Vec<u8> {
        (0..megabytes << 20)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state.to_be_bytes()[0]
            })
            .collect()
    };
    ana.csv(&path, rubbish(20)).await.problem(422);
    ana.csv(&path, rubbish(25)).await.problem(413);
    let endless = format!("{HEADER}{}", "x".repeat(20 << 20));
    ana.csv(&path, endless).await.problem(422);
    // One that is good until it is too large.
    let mut long = HEADER.to_owned();
    for second in 0..400_000_u32 {
        let at = jiff::Timestamp::from_second(1_767_225_600 + i64::from(second)).unwrap();
        let end = jiff::Timestamp::from_second(1_767_225_601 + i64::from(second)).unwrap();
        writeln!(long, "casa,import,{at},{end},0.25,measured").unwrap();
    }
    assert!(long.len() > 25 << 20);
    ana.csv(&path, long).await.problem(413);
    has_nothing(&ana, &community).await;
    ana.send("POST", &path, &[("content-type", b"application/x-www-form-urlencoded")], "a=b")
        .await
        .problem(415);
    assert_eq!(ana.get("/readyz").await.status, 200);
}

/// A hundred megabytes, within the limit that counts where nothing is set, sent as each of the formats of lines.
#[tokio::test]
async fn a_hundred_megabytes_of_rubbish_are_refused_and_the_server_goes_on() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let community = ana.community("Europe/Madrid").await;
    let path = format!("{community}/readings");
    let mut state = 1_u32;
    let block: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(1 << 20)
    .collect();
    let rubbish = bytes::Bytes::from(block.repeat(100));
    // What could be text, without an end of a line and with many.
    let letters = bytes::Bytes::from(vec![b'x'; 100 << 20]);
    let lines = bytes::Bytes::from(b"not a reading\n".repeat((100 << 20) / 14));
    for kind in ["text/csv", "application/x-ndjson"] {
        for body in [&rubbish, &letters, &lines] {
            let answer = ana.send("POST", &path, &[("content-type", kind.as_bytes())], body.clone()).await;
            let problem = answer.problem(422);
            assert!(answer.body.len() < 4096, "{kind}: the answer does not repeat the file");
            assert!(problem["hint"].is_string() || !problem["errors"].is_null(), "{kind}: {problem}");
        }
    }
    has_nothing(&ana, &community).await;
    assert_eq!(ana.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn a_conflict_of_a_later_device_takes_the_earlier_ones_back() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let community = ana.community("Europe/Madrid").await;
    let path = format!("{community}/readings");
    // `roof` is there and has an hour; `attic` comes before it and `well` after it, in the file and in the alphabet.
    let hour = "import,2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,1,measured\n";
    let first =
        format!("{HEADER}roof,{hour}attic,import,2026-01-02T00:00:00Z,2026-01-02T01:00:00Z,2,measured\n");
    ana.csv(&path, first).await.good();
    let devices = ana.get(&format!("{community}/devices")).await.good();
    let members = ana.get(&format!("{community}/members")).await.good();
    let sums = format!("{path}?from=2026-01-01&to=2026-01-04&resolution=1h");
    let before = ana.get(&sums).await.good();
    // `attic` has something new, something corrected, and `new` is not known yet; only `roof` contradicts.
    let second = format!(
        "{HEADER}attic,{hour}attic,import,2026-01-02T00:00:00Z,2026-01-02T01:00:00Z,3,measured\n\
         new,{hour}roof,import,2026-01-01T00:30:00Z,2026-01-01T01:30:00Z,1,measured\nwell,{hour}"
    );
    let problem = ana.csv(&path, second).await.problem(409);
    assert!(problem["detail"].as_str().unwrap().contains("overlap"), "{problem}");
    assert_eq!(ana.get(&sums).await.good(), before);
    assert_eq!(ana.get(&format!("{community}/devices")).await.good(), devices);
    assert_eq!(ana.get(&format!("{community}/members")).await.good(), members);
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let community = ana.community("Europe/Madrid").await;
    // Whole lines, of which more are announced than come.
    for framing in ["Content-Length: 100000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = format!(
            "POST {community}/readings HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nAuthorization: Bearer {}\r\n{framing}",
            ana.token()
        );
        let lines = format!("{HEADER}{GOOD}");
        let body =
            if framing.contains("chunked") { format!("{:x}\r\n{lines}\r\n", lines.len()) } else { lines };
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        // The server sees the end of the stream; what it answers to nobody does not matter.
        let mut rest = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest).await;
        has_nothing(&ana, &community).await;
    }
    assert_eq!(
        ana.csv(&format!("{community}/readings"), format!("{HEADER}{GOOD}")).await.good()["inserted"],
        1
    );
}
