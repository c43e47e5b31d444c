//! What happens, told as it happens: by every server on a database, to whoever may read it, and to nobody else.

use std::{fmt::Write as _, time::Duration};

use grid_core::auth::{SharedSecret, Subject};
use grid_server::serve::Content;
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    Request,
    body::{Bytes, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};

use crate::{
    harness::{Client, Server},
    street::{FIRST, Street, now, of},
};

const EVENTS: &str = "/api/v1/events";
/// Longer than it takes on a busy machine; nothing waits for it where all is well.
const LONG: Duration = Duration::from_secs(20);

async fn send(owner: &Client, device: &str, hour: u32) {
    let body = json!({"channel": "consumption", "start": format!("2026-01-01T{hour:02}:00:00Z"),
        "end": format!("2026-01-01T{hour:02}:30:00Z"), "energy_kwh": "0.25"});
    owner.post(&format!("{device}/readings"), &body).await.good();
}

/// An open stream.
struct Stream {
    body: Incoming,
    read: String,
}

/// Opens a stream; the status where that is refused.
async fn open(server: &Server, client: &Client, path: &str, headers: &[(&str, &str)]) -> Result<Stream, u16> {
    let connection = TcpStream::connect(server.address).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(connection)).await.unwrap();
    tokio::spawn(connection);
    let mut request = Request::builder()
        .uri(path)
        .header("host", "localhost")
        .header("accept", "text/event-stream")
        // What is compressed may be held back.
        .header("accept-encoding", "gzip")
        .header("authorization", format!("Bearer {}", client.token()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    if answer.status() != 200 {
        return Err(answer.status().as_u16());
    }
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert!(!answer.headers().contains_key("content-encoding"));
    Ok(Stream { body: answer.into_body(), read: String::new() })
}

impl Stream {
    /// The next lines up to an empty one; `None` at the end.
    async fn piece(&mut self) -> Option<String> {
        loop {
            if let Some((piece, rest)) = self.read.split_once("\n\n") {
                let (piece, rest) = (piece.to_owned(), rest.to_owned());
                self.read = rest;
                return Some(piece);
            }
            let frame = self.body.frame().await?.ok()?;
            self.read.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
    }
}

/// The next event that is not only a sign of life: its id, its kind and what it says.
async fn next(stream: &mut Stream) -> (u64, String, Value) {
    loop {
        let piece = timeout(LONG, stream.piece()).await.unwrap().unwrap();
        let line = |start: &str| piece.lines().find_map(|line| line.strip_prefix(start).map(str::to_owned));
        if let Some(data) = line("data: ") {
            let data = serde_json::from_str(&data).unwrap();
            return (line("id: ").unwrap().parse().unwrap(), line("event: ").unwrap(), data);
        }
    }
}

fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

#[tokio::test]
async fn what_one_server_writes_the_stream_of_another_says() {
    let server = Server::start().await;
    let second = Server::on(&server.database_url()).await;
    let ana = server.user("ana").await;
    let device = ana.device("meter", "Europe/Madrid").await;
    let mut here = open(&server, &ana, EVENTS, &[]).await.unwrap();
    let mut there = open(&second, &ana, EVENTS, &[]).await.unwrap();
    send(&ana, &device, 7).await;
    let (first, ..) = next(&mut here).await;
    for (stream, known) in [(&mut there, Some(first))] {
        let (number, kind, data) = next(stream).await;
        assert_eq!((Some(number), kind.as_str()), (known, "readings"));
        assert_eq!((&data["device"], &data["channel"]), (&json!(id(&device)), &json!("consumption")));
        assert_eq!((&data["from"], &data["count"]), (&json!("2026-01-01T07:00:00Z"), &json!(1)));
        assert_eq!((&data["id"], &data["to"]), (&json!(number), &json!("2026-01-01T07:30:00Z")));
    }
    // The same reading again is no news; the next one is.
    send(&ana, &device, 7).await;
    send(&ana, &device, 8).await;
    assert_eq!(next(&mut there).await.2["from"], "2026-01-01T08:00:00Z");
}

#[tokio::test]
async fn who_comes_back_misses_nothing_and_hears_nothing_twice() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let device = ana.device("meter", "Europe/Madrid").await;
    let mut heard = Vec::new();
    let mut last = 0;
    for hour in 0..12 {
        send(&ana, &device, hour).await;
        // Every third time somebody listens, by the header or by the query.
        if hour % 3 == 2 {
            let number = last.to_string();
            let mut stream = if hour % 2 == 0 {
                open(&server, &ana, EVENTS, &[("last-event-id", number.as_str())]).await.unwrap()
            } else {
                open(&server, &ana, &format!("{EVENTS}?after={number}"), &[]).await.unwrap()
            };
            for _ in 0..3 {
                let (number, _, data) = next(&mut stream).await;
                last = number;
                heard.push(data["from"].as_str().unwrap().to_owned());
            }
        }
    }
    let sent: Vec<String> = (0..12).map(|hour| format!("2026-01-01T{hour:02}:00:00Z")).collect();
    assert_eq!(heard, sent);
    // Pages say the same.
    let (mut after, mut paged) = ("0".to_owned(), Vec::new());
    loop {
        let page = ana.get(&format!("{EVENTS}?limit=5&after={after}")).await.good();
        paged.extend(
            page["items"].as_array().unwrap().iter().map(|one| one["from"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(paged, sent);
    ana.send("GET", EVENTS, &[("last-event-id", b"x")], "").await.problem(400);
    ana.get(&format!("{EVENTS}?after=-1")).await.problem(422);
}

#[tokio::test]
async fn a_member_hears_of_the_community_and_a_stranger_does_not() {
    let server = Server::start().await;
    let (ana, ben, eva) = (server.user("ana").await, server.user("ben").await, server.user("eva").await);
    let community = ana.community("Europe/Madrid").await;
    ana.post(&format!("{community}/members"), &json!({"name": "Ben", "username": "ben"})).await.good();
    let mut members = open(&server, &ben, EVENTS, &[]).await.unwrap();
    let file = "device,channel,start,end,energy_kwh\n\
                casa,consumption,2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,0.5\n";
    ana.csv(&format!("{community}/readings"), file).await.good();
    let (_, kind, data) = next(&mut members).await;
    // Of the device, which is ana's, its owner alone is told.
    assert_eq!((kind.as_str(), &data["community"]), ("import", &json!(id(&community))));
    assert_eq!((&data["inserted"], &data["devices_created"]), (&json!(1), &json!(1)));
    let kinds = async |client: &Client, query: &str| {
        let page = client.get(&format!("{EVENTS}{query}")).await.good();
        let items = page["items"].as_array().unwrap().clone();
        let mut kinds: Vec<_> = items.iter().map(|one| one["kind"].as_str().unwrap().to_owned()).collect();
        // What one change says has no order.
        kinds.sort();
        kinds
    };
    assert_eq!(kinds(&ana, "").await, ["import", "readings"]);
    assert_eq!(kinds(&ana, &format!("?community={}", id(&community))).await, ["import"]);
    assert_eq!(kinds(&ben, "").await, ["import"]);
    assert!(kinds(&eva, "").await.is_empty());
    // That it is there is not told.
    for accept in ["application/json", "text/event-stream"] {
        for query in [format!("community={}", id(&community)), format!("device={}", uuid::Uuid::from_u128(7))]
        {
            let accept: (&str, &[u8]) = ("accept", accept.as_bytes());
            eva.send("GET", &format!("{EVENTS}?{query}"), &[accept], "").await.problem(404);
        }
    }
}

#[tokio::test]
async fn what_is_issued_is_told_to_the_community_as_it_happens() {
    let street = Street::new().await;
    let eva = street.server.user("eva").await;
    let path = format!("{EVENTS}?community={}", id(&street.path));
    let mut streams = [
        open(&street.server, &street.ana, &path, &[]).await.unwrap(),
        open(&street.server, &street.ben, &path, &[]).await.unwrap(),
    ];
    let draft = street.settle(json!({})).await.good();
    assert_eq!(draft["issued"], false);
    let issued = street.settle(json!({"issue": true})).await.good();
    assert_ne!(of(&issued, &street.of_ben)["id"], Value::Null);
    // A draft is no news, so this is the first thing that is told.
    for stream in &mut streams {
        let (number, kind, data) = next(stream).await;
        assert_eq!((kind.as_str(), &data["kind"]), ("statements", &json!("statements")));
        assert_eq!((&data["id"], &data["community"]), (&json!(number), &json!(id(&street.path))));
        assert_eq!((&data["settlement"], &data["count"]), (&issued["id"], &json!(2)));
        // March on the clock of Madrid.
        assert_eq!((&data["from"], &data["to"]), (&json!(FIRST), &json!("2026-03-31T22:00:00Z")));
    }
    assert_eq!(eva.get(EVENTS).await.good()["items"], json!([]));
}

#[tokio::test]
async fn a_forecast_is_told_to_the_owner_of_its_device_as_it_happens() {
    let server = Server::start().await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    let device = ana.device("load", "UTC").await;
    let mut table = String::from("channel,start,end,energy_kwh\n");
    for hour in 0..24 * 15 {
        let at = |hour: i64| {
            "2026-01-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap()
                + jiff::SignedDuration::from_hours(hour)
        };
        writeln!(table, "consumption,{},{},0.{:03}", at(hour), at(hour + 1), hour % 24).unwrap();
    }
    ana.csv(&format!("{device}/readings"), table).await.good();
    let mut stream = open(&server, &ana, EVENTS, &[]).await.unwrap();
    let question = json!({"device": id(&device), "horizon_hours": 24, "model": "seasonal_naive"});
    let forecast = ana.post("/api/v1/forecasts", &question).await.good();
    let (number, kind, data) = next(&mut stream).await;
    assert_eq!((kind.as_str(), &data["id"]), ("forecast", &json!(number)));
    assert_eq!((&data["forecast"], &data["device"]), (&forecast["id"], &json!(id(&device))));
    assert_ne!(forecast["id"], Value::Null);
    assert_eq!(ben.get(EVENTS).await.good()["items"], json!([]));
}

#[tokio::test]
async fn a_stream_ends_when_its_token_does() {
    const SECRET: &str = "a secret of the old system, 32 bytes and more";
    let server = Server::with(&["--jwt-hs256-secret", SECRET], Content::AsItIs).await;
    let ana = server.user("ana").await;
    let secret = SharedSecret::new(SECRET.as_bytes()).unwrap();
    let principal = secret.verify(ana.token(), now()).unwrap();
    let subject = Subject {
        user_id: principal.user_id,
        username: principal.username,
        scope: principal.scopes,
        session_id: principal.session_id,
    };
    let token = secret.issue(&subject, Duration::from_secs(3), now()).unwrap().token;
    let passing = server.client().with_token(&token);
    let mut ends = open(&server, &passing, EVENTS, &[]).await.unwrap();
    let mut stays = open(&server, &ana, EVENTS, &[]).await.unwrap();
    timeout(LONG, async { while ends.piece().await.is_some() {} }).await.expect("it goes on");
    assert_eq!(open(&server, &passing, EVENTS, &[]).await.err(), Some(401));
    // Of another token of the same user it goes on.
    let device = ana.device("meter", "UTC").await;
    send(&ana, &device, 7).await;
    assert_eq!(next(&mut stays).await.1, "readings");
}

#[tokio::test]
async fn recordings_and_forecasts_are_told_to_who_made_them() {
    let server = Server::start().await;
    let (ana, eva) = (server.user("ana").await, server.user("eva").await);
    let file =
        "time,voltage,current\n0,3.6,1\n1800,3.8,1\n3600,4.0,1\n3601,3.9,-1\n5401,3.7,-1\n7201,3.5,-1\n";
    let recording = ana.csv("/api/v1/battery/recordings", file).await.good();
    let items = ana.get(EVENTS).await.good()["items"].clone();
    assert_eq!((&items[0]["kind"], &items[0]["recording"]), (&json!("recording"), &recording["id"]));
    assert_eq!(eva.get(EVENTS).await.good()["items"], json!([]));
}

#[tokio::test]
async fn a_stream_ends_with_the_login_and_there_are_not_too_many() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    server.client().get(EVENTS).await.problem(401);
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(open(&server, &ana, EVENTS, &[]).await.unwrap());
    }
    let refused = ana.send("GET", EVENTS, &[("accept", b"text/event-stream")], "").await;
    refused.problem(429);
    assert!(!refused.header("retry-after").is_empty());
    // Who goes makes place.
    streams.pop();
    let ninth = timeout(LONG, async {
        loop {
            match open(&server, &ana, EVENTS, &[]).await {
                Ok(stream) => return stream,
                Err(status) => assert_eq!(status, 429),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    streams.push(ninth.await.expect("the place is still taken"));
    ana.post("/api/v1/auth/logout-all", &json!({})).await;
    for stream in &mut streams {
        timeout(LONG, async { while stream.piece().await.is_some() {} }).await.expect("it goes on");
    }
}

#[tokio::test]
async fn a_server_that_stops_ends_its_streams_at_once() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let mut streams =
        [open(&server, &ana, EVENTS, &[]).await.unwrap(), open(&server, &ana, EVENTS, &[]).await.unwrap()];
    let began = tokio::time::Instant::now();
    server.stop().await;
    // It drains for seven seconds where something does not end.
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    for stream in &mut streams {
        while stream.piece().await.is_some() {}
    }
}
