//! A request that is sent again under its key: answered again, refused, or told to wait, and never run twice.

use std::time::Duration;

use grid_core::{
    auth::IdempotencyKey,
    store::{Options, Store},
};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, task::JoinSet};
use uuid::Uuid;

use crate::harness::{Answer, Client, Server};

const DEVICES: &str = "/api/v1/devices";
const KEY: &str = "8e03978e-40d5-43dd-bc93-6894a57f9324";
const JSON: (&str, &[u8]) = ("content-type", b"application/json");

fn roof() -> Value {
    json!({"name": "roof", "kind": "pv", "time_zone": "Europe/Madrid"})
}

async fn post(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    client.send("POST", path, &[JSON, ("idempotency-key", key.as_bytes())], body.to_string()).await
}

async fn count(client: &Client) -> usize {
    client.get(DEVICES).await.good()["items"].as_array().unwrap().len()
}

fn is_replay(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == "true"
}

#[tokio::test]
async fn a_request_that_is_sent_again_gets_the_first_answer_and_makes_nothing() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let first = post(&ana, DEVICES, KEY, &roof()).await;
    assert_eq!(first.status, 201);
    assert!(!is_replay(&first));
    // With quotes, as the draft has it, it is the same key.
    for key in [KEY.to_owned(), format!("\"{KEY}\"")] {
        let again = post(&ana, DEVICES, &key, &roof()).await;
        assert!(is_replay(&again), "{again:?}");
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        for name in ["location", "content-type"] {
            assert_eq!(again.header(name), first.header(name));
        }
    }
    assert_eq!(count(&ana).await, 1);
    // A slash at the end is the same path, and a restart changes nothing.
    let server = server.restart().await;
    let ana = server.client().log_in("ana", "correct horse").await;
    assert!(is_replay(&post(&ana, &format!("{DEVICES}/"), KEY, &roof()).await));
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    assert_eq!(post(&ana, DEVICES, KEY, &roof()).await.status, 201);
    let mut other = roof();
    other["name"] = json!("wall");
    let key = ("idempotency-key", KEY.as_bytes());
    let kind: (&str, &[u8]) = ("content-type", b"application/merge-patch+json");
    for answer in [
        post(&ana, DEVICES, KEY, &other).await,
        post(&ana, &format!("{DEVICES}?a=1"), KEY, &roof()).await,
        ana.send("POST", DEVICES, &[kind, key], roof().to_string()).await,
    ] {
        let problem = answer.problem(422);
        assert!(problem["hint"].as_str().unwrap().contains("new key"), "{problem}");
    }
    assert_eq!(count(&ana).await, 1);
}

#[tokio::test]
async fn a_key_belongs_to_its_user_and_its_path() {
    let server = Server::start().await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    let made = |answer: Answer| {
        assert!(answer.status == 201 && !is_replay(&answer), "{answer:?}");
    };
    made(post(&ana, DEVICES, KEY, &roof()).await);
    made(post(&ben, DEVICES, KEY, &roof()).await);
    made(post(&ana, "/api/v1/communities", KEY, &json!({"name": "Sol", "time_zone": "Europe/Madrid"})).await);
    // Of an API key, the user is the one who made it.
    let program =
        post(&ana, "/api/v1/auth/api-keys", KEY, &json!({"name": "p", "scope": "read write"})).await;
    let program = server.client().with_token(program.good()["api_key"].as_str().unwrap());
    assert!(is_replay(&post(&program, DEVICES, KEY, &roof()).await));
    assert_eq!((count(&ana).await, count(&ben).await), (1, 1));
}

#[tokio::test]
async fn who_registers_under_a_key_learns_that_they_have_and_another_learns_nothing() {
    let server = Server::start().await;
    let nobody = server.client();
    let path = "/api/v1/auth/register";
    let ana = json!({"username": "ana", "email": "ana@example.org", "password": "correct horse"});
    // A refusal is not kept: what was sent can be mended under the same key.
    let short = json!({"username": "ana", "email": "ana@example.org", "password": "x"});
    post(&nobody, path, KEY, &short).await.problem(422);
    let first = post(&nobody, path, KEY, &ana).await;
    assert_eq!(first.status, 201, "{first:?}");
    assert!(!is_replay(&first));
    let again = post(&nobody, path, KEY, &ana).await;
    assert!(is_replay(&again), "{again:?}");
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    // Without the key, or with another one, the name is taken; and the key alone tells nothing to who has not the password.
    nobody.post(path, &ana).await.problem(409);
    post(&nobody, path, "another", &ana).await.problem(409);
    let guess = json!({"username": "ana", "email": "ana@example.org", "password": "wrong horse"});
    let refused = post(&nobody, path, KEY, &guess).await;
    assert!(!refused.text().contains("ana@example.org"), "{refused:?}");
    refused.problem(422);
}

#[tokio::test]
async fn an_api_key_is_shown_again_to_who_has_the_key_and_lies_open_nowhere() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let body = json!({"name": "meter"});
    let first = post(&ana, "/api/v1/auth/api-keys", KEY, &body).await;
    let again = post(&ana, "/api/v1/auth/api-keys", KEY, &body).await;
    assert_eq!(first.good()["api_key"], again.good()["api_key"]);
    assert_eq!(again.header("cache-control"), "no-store");
    assert_eq!(ana.get("/api/v1/auth/api-keys").await.good()["items"].as_array().unwrap().len(), 1);
    let secret = first.good()["api_key"].as_str().unwrap().to_owned();
    // Where the database is a file: neither is in it.
    for file in std::fs::read_dir(&server.folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for text in [secret.as_bytes(), KEY.as_bytes()] {
            assert!(!bytes.windows(text.len()).any(|window| window == text));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_same_request_to_two_servers_at_once_one_makes_the_device() {
    let server = Server::start().await;
    let second = Server::on(&server.database_url()).await;
    let ana = server.user("ana").await;
    let there = second.client().log_in("ana", "correct horse").await;
    for round in 0..3 {
        let mut requests = JoinSet::new();
        for number in 0..8 {
            let client = if number % 2 == 0 { ana.clone() } else { there.clone() };
            requests.spawn(async move {
                loop {
                    let answer = post(&client, DEVICES, &format!("{KEY}-{round}"), &roof()).await;
                    if answer.status == 201 {
                        return (is_replay(&answer), answer.good()["id"].clone());
                    }
                    answer.problem(409);
                    assert_eq!(answer.header("retry-after"), "1");
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            });
        }
        let answers = requests.join_all().await;
        assert_eq!(answers.iter().filter(|(replayed, _)| !replayed).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|(_, id)| *id == answers[0].1), "{answers:?}");
        assert_eq!(count(&ana).await, round + 1);
    }
}

#[tokio::test]
async fn s127_the_same_file_of_readings_is_answered_again() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let path = format!("{}/readings", ana.device("meter", "Europe/Madrid").await);
    let mut file = "channel,start,end,energy_kwh\n".to_owned();
    for hour in 0..24 {
        let (from, to) = (hour, hour + 1);
        let day = |hour: i64| "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap() + hour.hours();
        let row = format!("consumption,{},{},0.25\n", day(from), day(to));
        file.push_str(&row);
    }
    let send = async |file: &str| {
        let headers: [(&str, &[u8]); 2] =
            [("content-type", b"text/csv"), ("idempotency-key", KEY.as_bytes())];
        ana.send("POST", &path, &headers, file.to_owned()).await
    };
    let first = send(&file).await;
    assert_eq!(first.good()["inserted"], 24, "{first:?}");
    let again = send(&file).await;
    // Run again, nothing would have been inserted.
    assert!(is_replay(&again) && again.body == first.body, "{again:?}");
    send(&format!("{file}\n")).await.problem(422);
}

#[tokio::test]
async fn what_was_answered_at_length_is_not_kept_and_not_done_again() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let values: Vec<u32> = (0..24 * 21).map(|hour| 1 + hour % 24).collect();
    let levels: Vec<u32> = (1..=99).collect();
    let body = json!({"series": {"start": "2026-01-01T00:00:00Z", "values": values}, "horizon_hours": 120,
                      "levels": levels, "model": "seasonal_naive"});
    let path = "/api/v1/forecasts";
    let first = post(&ana, path, KEY, &body).await;
    assert_eq!(first.status, 201, "{}", first.text());
    assert!(first.body.len() > 256 << 10, "{}", first.body.len());
    for _ in 0..2 {
        let again = post(&ana, path, KEY, &body).await;
        let problem = again.problem(409);
        assert!(problem["detail"].as_str().unwrap().contains("answered 201 before"), "{problem}");
        // It will not come later either.
        assert_eq!((again.header("retry-after"), is_replay(&again)), ("", false));
    }
    let mut other = body.clone();
    other["horizon_hours"] = json!(24);
    post(&ana, path, KEY, &other).await.problem(422);
    assert_eq!(ana.get(path).await.good()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_outcome_is_kept_and_what_may_change_is_tried_again() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    // The request itself is wrong, and stays so.
    let first = post(&ana, DEVICES, KEY, &json!({"name": "", "kind": "pv", "time_zone": "UTC"})).await;
    first.problem(422);
    let again = post(&ana, DEVICES, KEY, &json!({"name": "", "kind": "pv", "time_zone": "UTC"})).await;
    assert!(is_replay(&again) && again.body == first.body, "{again:?}");
    post(&ana, DEVICES, KEY, &roof()).await.problem(422);
    // Who may do it can change.
    let ben = server.user("ben").await;
    let path = format!("{}/members", ana.community("Europe/Madrid").await);
    let body = json!({"name": "Eva"});
    for _ in 0..2 {
        let refused = post(&ben, &path, KEY, &body).await;
        refused.problem(404);
        assert!(!is_replay(&refused));
    }
    assert!(!is_replay(&post(&ben, &path, KEY, &json!({"name": "Eva", "role": "member"})).await));
    // Nobody is answered what somebody was.
    post(&server.client(), DEVICES, KEY, &roof()).await.problem(401);
}

#[tokio::test]
async fn a_conflict_does_not_outlive_its_cause() {
    let server = Server::with(&["--user-devices", "1"], grid_server::serve::Content::AsItIs).await;
    let ana = server.user("ana").await;
    let first = ana.device("meter", "UTC").await;
    for _ in 0..2 {
        let full = post(&ana, DEVICES, KEY, &roof()).await;
        full.problem(409);
        assert!(!is_replay(&full), "{full:?}");
    }
    assert!(ana.delete(&first).await.status.is_success());
    let made = post(&ana, DEVICES, KEY, &roof()).await;
    assert_eq!((made.status.as_u16(), is_replay(&made)), (201, false), "{made:?}");
    assert!(is_replay(&post(&ana, DEVICES, KEY, &roof()).await));
}

#[tokio::test]
async fn what_is_no_key_is_refused_where_a_key_is_taken() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let long = "a".repeat(256);
    for key in ["", " ", "\"\"", "\"abc", "\"a\"b", "ñ", &long] {
        let problem = post(&ana, DEVICES, key, &roof()).await.problem(400);
        assert!(problem["detail"].as_str().unwrap().contains("255"), "{key}: {problem}");
    }
    let two: [(&str, &[u8]); 3] = [JSON, ("idempotency-key", b"a"), ("idempotency-key", b"a")];
    ana.send("POST", DEVICES, &two, roof().to_string()).await.problem(400);
    assert_eq!(count(&ana).await, 0);
    let eva = json!({"username": "eva", "email": "eva@example.org", "password": "correct horse"});
    post(&server.client(), "/api/v1/auth/register", &long, &eva).await.problem(400);
    // Elsewhere it says nothing.
    let login = json!({"username": "ana", "password": "correct horse"});
    assert_eq!(post(&server.client(), "/api/v1/auth/login", &long, &login).await.status, 200);
}

#[tokio::test]
async fn whoever_has_gone_finds_the_answer_when_they_come_back() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let token = ana.token().to_owned();
    let send = async |body: &str, length: usize, key: &str| {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = format!(
            "POST {DEVICES} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\nidempotency-key: {key}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
    };
    let whole = roof().to_string();
    for number in 0..10 {
        let key = format!("{KEY}-{number}");
        send(&whole, whole.len(), &key).await;
        let again = loop {
            let answer = post(&ana, DEVICES, &key, &roof()).await;
            if answer.status != 409 {
                break answer;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        assert_eq!(again.status, 201, "{again:?}");
        assert_eq!(count(&ana).await, number + 1);
    }
    // Half a body makes nothing, and its key is free again.
    send(&whole[..20], whole.len(), "half").await;
    let made = loop {
        let answer = post(&ana, DEVICES, "half", &roof()).await;
        if answer.status != 409 {
            break answer;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!((made.status.as_u16(), is_replay(&made)), (201, false), "{made:?}");
    assert_eq!(count(&ana).await, 11);
}

#[tokio::test]
async fn what_a_server_that_died_had_begun_is_not_run_again() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let id: Uuid = ana.get("/api/v1/auth/me").await.good()["user_id"].as_str().unwrap().parse().unwrap();
    let store = Store::connect(&server.database_url(), Options::default()).await.unwrap();
    let now = crate::street::now();
    // An upload may take 300 seconds, and is believed to run for a minute more.
    for (key, ago, running) in [("recent", 0, true), ("almost", 300, true), ("long", 362, false)] {
        let begun = now - ago.seconds();
        let hash = IdempotencyKey::parse(key.as_bytes()).unwrap().hash(id, "POST", DEVICES);
        store.claim_request(&hash, id, now + 1.hour(), begun, 1000).await.unwrap();
        let answer = post(&ana, DEVICES, key, &roof()).await;
        let problem = answer.problem(409);
        assert_eq!(answer.header("retry-after"), if running { "1" } else { "" }, "{key}");
        assert_eq!(problem["detail"].as_str().unwrap().contains("not known"), !running, "{key}: {problem}");
    }
    assert_eq!(count(&ana).await, 0);
    store.close().await;
}

#[tokio::test]
async fn a_battery_is_not_twice_as_full_because_it_was_said_twice() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let status = json!({"battery_capacity_kW": 10.0, "energy_available_kW": 4.0});
    let first = post(&ana, "/api/v1/battery/status", KEY, &status).await;
    assert!(first.status == 200 && !is_replay(&first), "{first:?}");
    let again = post(&ana, "/api/v1/battery/status", KEY, &status).await;
    assert!(again.body == first.body && is_replay(&again), "{again:?}");
    let levels = ana.get("/api/v1/battery/history").await.good();
    assert_eq!(levels.as_array().map(Vec::len), Some(1), "{levels}");
    // By the path of the old system it is another request, and known again as well.
    let old = "/battery/status";
    let first = post(&ana, old, KEY, &status).await;
    assert!(first.status == 200 && !is_replay(&first), "{first:?}");
    assert!(is_replay(&post(&ana, old, KEY, &status).await));
    let levels = ana.get("/battery/history").await.good();
    assert_eq!(levels.as_array().map(Vec::len), Some(2), "{levels}");
}

/// Sent again after it was corrected, an entry would undo the correction.
#[tokio::test]
async fn an_entry_that_is_sent_again_does_not_undo_its_correction() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let device = ana.post(DEVICES, &roof()).await.good()["id"].clone();
    let user = ana.get("/api/v1/auth/me").await.good()["user_id"].clone();
    let entry = |value: f64| {
        json!({"user_id": user, "device_id": device, "value": value, "start_time": "2026-03-01T10:00:00",
               "end_time": "2026-03-01T12:00:00", "value_type": "generation"})
    };
    for path in ["/register-entry", "/api/v1/consumption_generation/register-entry"] {
        let first = post(&ana, path, KEY, &entry(1.0)).await;
        assert!(first.status == 200 && !is_replay(&first), "{first:?}");
        ana.post(path, &entry(2.0)).await.good();
        let again = post(&ana, path, KEY, &entry(1.0)).await;
        assert!(again.body == first.body && is_replay(&again), "{again:?}");
        let readings = ana.get(&format!("{DEVICES}/{}/readings", device.as_str().unwrap())).await.good();
        assert_eq!(readings["items"][0]["energy_kwh"], "2.000000", "{readings}");
    }
}
