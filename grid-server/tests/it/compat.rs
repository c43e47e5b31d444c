//! Clients of the old system (CONTRACT 1.1 to 1.4): the requests and answers of `compat/golden.txt`, word for word, on
//! each database; and what does not fit into a line of that file.

use base64::Engine as _;
use serde_json::{Value, json};

use crate::harness::{Client, Server};

const GOLDEN: &str = include_str!("compat/golden.txt");
const PASSWORD: &str = "correct horse";

/// A request and what it must be answered.
struct Block {
    method: String,
    path: String,
    body: String,
    status: u16,
    /// Whether the answer may have more members.
    at_least: bool,
    answer: Value,
}

/// The blocks of the file, with what stands for an id filled in.
fn blocks(ids: &[(&str, &str)]) -> Vec<Block> {
    let mut text = GOLDEN.to_owned();
    for (name, id) in ids {
        text = text.replace(&format!("<{name}>"), id);
    }
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert_eq!(lines.len() % 2, 0, "a request and an answer each");
    let block = |pair: &[&str]| {
        let mut request = pair[0].splitn(3, ' ');
        let (status, answer) = pair[1].split_once(' ').unwrap();
        Block {
            method: request.next().unwrap().to_owned(),
            path: request.next().unwrap().to_owned(),
            body: request.next().unwrap_or_default().to_owned(),
            status: status.trim_end_matches('+').parse().unwrap(),
            at_least: status.ends_with('+'),
            answer: serde_json::from_str(answer).unwrap_or_else(|error| panic!("{error} in {answer}")),
        }
    };
    lines.chunks(2).map(block).collect()
}

/// Whether an answer is what was expected; `<any>` is anything but `null`.
fn fits(expected: &Value, got: &Value, at_least: bool) -> bool {
    match (expected, got) {
        (Value::String(any), got) if any == "<any>" => !got.is_null(),
        (Value::Object(expected), Value::Object(got)) => {
            (at_least || expected.len() == got.len())
                && expected
                    .iter()
                    .all(|(name, value)| got.get(name).is_some_and(|found| fits(value, found, at_least)))
        }
        (Value::Array(expected), Value::Array(got)) => {
            expected.len() == got.len()
                && expected.iter().zip(got).all(|(value, found)| fits(value, found, at_least))
        }
        (expected, got) => expected == got,
    }
}

/// The same path with a slash at its end, or without the one that it has.
fn other_slash(path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let path = path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned);
    if query.is_empty() { path } else { format!("{path}?{query}") }
}

async fn send(client: &Client, block: &Block, path: &str) -> (u16, Value, String) {
    // A body in quotes is the text of a table.
    let (kind, body) = match serde_json::from_str(&block.body) {
        Ok(Value::String(table)) => ("text/csv", table),
        _ => ("application/json", block.body.clone()),
    };
    let headers: [(&str, &[u8]); 1] = [("content-type", kind.as_bytes())];
    let answer = client.send(&block.method, path, &headers, body).await;
    (answer.status.as_u16(), answer.json(), answer.text())
}

/// A name that no earlier run on the same database had.
fn unused() -> String {
    #[expect(clippy::disallowed_methods, reason = "a database server keeps what earlier runs left")]
    let now = jiff::Timestamp::now();
    grid_core::store::new_id(now).simple().to_string()
}

async fn new_device(client: &Client, body: Value) -> String {
    client.post("/api/v1/devices", &body).await.good()["id"].as_str().unwrap().to_owned()
}

async fn id_of(client: &Client) -> String {
    client.get("/api/v1/auth/me").await.good()["user_id"].as_str().unwrap().to_owned()
}

async fn check(server: Server) {
    let (kat, tom) = (server.user(&unused()).await, server.user(&unused()).await);
    let zone = "America/Bogota";
    let fridge = json!({"name": "Refrigerador", "kind": "load", "time_zone": zone, "rated_power_w": 150});
    let fridge = new_device(&kat, fridge).await;
    let panels = new_device(&kat, json!({"name": "Paneles", "kind": "pv", "time_zone": zone})).await;
    let (user, other) = (id_of(&kat).await, id_of(&tom).await);
    let ids = [("user", &*user), ("other", &*other), ("fridge", &*fridge), ("panels", &*panels)];
    for block in blocks(&ids) {
        let asked = format!("{} {} {}", block.method, block.path, block.body);
        let (status, answer, text) = send(&kat, &block, &block.path).await;
        assert_eq!(status, block.status, "{asked}\n{text}");
        assert!(
            fits(&block.answer, &answer, block.at_least),
            "{asked}\nexpected {}\ngot      {text}",
            block.answer
        );
        if block.method == "GET" {
            let (status, answer, text) = send(&kat, &block, &other_slash(&block.path)).await;
            assert_eq!(status, block.status, "{asked} with the other slash\n{text}");
            assert!(fits(&block.answer, &answer, block.at_least), "{asked} with the other slash\n{text}");
        }
        // Whoever sends no token gets no data, and is told so by 401.
        let is_open = ["/health", "/status", "/api/v1/auth/register/", "/api/v1/auth/login/"];
        if !is_open.contains(&block.path.as_str()) {
            for path in [&block.path, &other_slash(&block.path)] {
                assert_eq!(
                    send(&server.client(), &block, path).await.0,
                    401,
                    "{asked} at {path} without a token"
                );
            }
        }
    }
}

#[tokio::test]
async fn s42_s43_s56_the_old_requests_are_answered_in_the_old_shape() {
    check(Server::start().await).await;
}

/// Registering and logging in as the old pages do, and the claims that its services read.
#[tokio::test]
async fn s21_s23_an_old_page_registers_logs_in_and_finds_what_it_looks_for() {
    let server = Server::start().await;
    let client = server.client();
    let person = json!({"username": "kat", "email": "kat@example.org", "password": PASSWORD});
    assert_eq!(client.post("/api/v1/auth/register/", &person).await.status, 201);
    for path in ["/api/v1/auth/login/", "/api/v1/auth/login", "/login", "/login/"] {
        let told = client.post(path, &json!({"username": "kat", "password": PASSWORD})).await.good();
        assert_eq!(told["token_type"], "bearer");
        assert_eq!(told["access_token"], told["acces_token"], "one service spelt it so");
        let token = told["access_token"].as_str().unwrap();
        let claims = token.split('.').nth(1).unwrap();
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!((&claims["username"], &claims["id"]), (&json!("kat"), &told["user_id"]));
        assert!(claims["exp"].is_i64(), "{claims}");
        let introspected =
            client.with_token(token).post("/api/v1/auth/introspect", &json!({"token": token})).await;
        assert_eq!(introspected.good()["active"], true);
    }
}

/// The month that it is now has what was entered today, and a household is its user's own.
#[tokio::test]
async fn the_current_month_is_that_of_the_clock_and_a_household_is_its_users_own() {
    let server = Server::start().await;
    let (kat, tom) = (server.user("kat").await, server.user("tom").await);
    let user = id_of(&kat).await;
    let path = format!("/api/v1/consumption/get-current-month-consumption?user_id={user}");
    assert_eq!(kat.get(&path).await.good(), json!({"total_consumption": null}));
    let device = new_device(&kat, json!({"name": "Televisor", "kind": "load"})).await;
    #[expect(clippy::disallowed_methods, reason = "the month that it is now")]
    let now = jiff::Timestamp::now();
    let at = |second: i64| jiff::Timestamp::from_second(now.as_second() + second).unwrap().to_string();
    let entry = json!({"device_id": device, "value": 0.5, "start_time": at(0), "end_time": at(1)});
    kat.post("/register-entry", &entry).await.good();
    assert_eq!(kat.get(&path).await.good(), json!({"total_consumption": 0.5}));

    let json_type: [(&str, &[u8]); 1] = [("content-type", b"application/json")];
    let profile = r#"{"energy_behavior": "conservador", "housing_type": "casa rural"}"#;
    let kept = kat.send("PUT", "/api/v1/users/me/profile", &json_type, profile).await.good();
    assert_eq!(
        (&kept["energy_behavior"], &kept["housing_type"]),
        (&json!("Conservador"), &json!("Casa Rural"))
    );
    assert_eq!(tom.get("/api/v1/users/me/profile").await.good()["energy_behavior"], Value::Null);
}

/// A meter's key may send entries and nothing else.
#[tokio::test]
async fn a_key_for_readings_sends_entries_and_reads_none() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    let device = new_device(&kat, json!({"name": "Lavadora", "kind": "load", "rated_power_w": 2000})).await;
    let made =
        kat.post("/api/v1/auth/api-keys", &json!({"name": "meter", "scope": "readings:write"})).await.good();
    let meter = kat.with_token(made["api_key"].as_str().unwrap());
    let entry = json!({"device_id": device, "value": 1, "start_time": "2026-03-01T00:00:00", "end_time": "2026-03-01T01:00:00"});
    meter.post("/register-entry", &entry).await.good();
    meter.post("/api/v1/consumption_generation/register-entries", &json!([entry])).await.good();
    meter.get("/api/v1/devices/get-user-devices").await.problem(403);
    let listed = kat.get("/api/v1/devices/get-user-devices").await.good();
    assert_eq!(listed[0]["level_consumption"], "consumo moderado", "2 kW");
}
