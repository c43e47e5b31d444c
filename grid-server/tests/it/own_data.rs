//! One's own data over HTTP: all of it in a file, and the way out.

use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Server};

const ME: &str = "/api/v1/auth/me";

async fn erase(client: &Client, body: &Value) -> Answer {
    client.send("DELETE", ME, &[("content-type", b"application/json")], body.to_string()).await
}

fn password() -> Value {
    json!({"password": "correct horse"})
}

/// The text of all files of an archive, one after another.
fn text(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), "application/gzip", "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.header("content-disposition").contains("grid-own-data.tar.gz"));
    let mut tar = Vec::new();
    GzDecoder::new(&*answer.body).read_to_end(&mut tar).unwrap();
    String::from_utf8_lossy(&tar).into_owned()
}

async fn reading(client: &Client, device: &str) {
    let reading = json!({"channel": "import", "start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:15:00Z", "energy_kwh": "0.250000"});
    client.post(&format!("{device}/readings"), &reading).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_their_own_data_and_nobody_elses() {
    let server = Server::start().await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    for client in [&ana, &ben] {
        reading(client, &client.device("meter", "Europe/Madrid").await).await;
    }
    let recording = "time,voltage,current\n0,3.6,1\n1800,3.8,1\n3600,4.0,1\n";
    ana.csv("/api/v1/battery/recordings?name=cell", recording).await.good();
    let export = format!("{ME}/export");
    let told = text(&ana.get(&export).await);
    for part in
        ["grid-archive/README.txt", "ana@example.org", "0.250000", recording, "\"action\":\"register\""]
    {
        assert!(told.contains(part), "{part}");
    }
    assert!(!told.contains("argon2") && !told.contains("ben"), "{told}");
    assert_eq!(told.matches("0.250000").count(), 1);
    server.client().get(&export).await.problem(401);
    // A key that a gateway holds does not take its owner's life along, whatever it may do.
    for scope in ["read", "read write"] {
        let key = ana.post("/api/v1/auth/api-keys", &json!({"name": "gateway", "scope": scope})).await.good();
        let key = ana.with_token(key["api_key"].as_str().unwrap());
        key.get(ME).await.good();
        key.get(&export).await.problem(403);
        erase(&key, &password()).await.problem(403);
    }
    ana.get(ME).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_is_asked_for_the_password_and_then_gone() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let elsewhere = server.client().log_in("ana", "correct horse").await;
    let device = ana.device("meter", "Europe/Madrid").await;
    reading(&ana, &device).await;
    assert_eq!(erase(&ana, &json!({})).await.status, 422);
    erase(&ana, &json!({"password": "wrong horse"})).await.problem(403);
    ana.get(ME).await.good();

    let gone = erase(&ana, &password()).await.good();
    assert_eq!(
        gone,
        json!({"devices": 1, "devices_kept": 0, "devices_handed_over": 0, "statements_kept": 0})
    );
    for client in [&ana, &elsewhere] {
        client.get(ME).await.problem(401);
        erase(client, &password()).await.problem(401);
    }
    let login = json!({"username": "ana", "password": "correct horse"});
    server.client().post("/api/v1/auth/login", &login).await.problem(401);
    // The name is free again, and who takes it finds nothing.
    let other = server.user("ana").await;
    other.get(&device).await.problem(404);
    assert!(!text(&other.get(&format!("{ME}/export")).await).contains("0.250000"));
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_the_password_are_counted() {
    let server = Server::with(&["--account-tries", "3"], grid_server::serve::Content::AsItIs).await;
    let ana = server.user("ana").await;
    let wrong = json!({"password": "wrong horse"});
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(erase(&ana, &wrong).await.status.as_u16());
    }
    assert_eq!(answers.first(), Some(&403));
    assert_eq!(answers.last(), Some(&429));
    // Nor does the right one help then.
    erase(&ana, &password()).await.problem(429);
    ana.get(ME).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_names_another_one_first() {
    let server = Server::start().await;
    let (olga, mia) = (server.user("olga").await, server.user("mia").await);
    let community = olga.community("Europe/Madrid").await;
    let members = format!("{community}/members");
    olga.post(&members, &json!({"name": "Mia", "username": "mia"})).await.good();
    let problem = erase(&olga, &password()).await.problem(409);
    assert!(problem["hint"].as_str().unwrap().contains("operator"), "{problem}");
    olga.get(&community).await.good();
    let second = server.user("oscar").await;
    olga.post(&members, &json!({"name": "Oscar", "username": "oscar", "role": "operator"})).await.good();
    erase(&olga, &password()).await.good();
    let left = second.get(&members).await.good().to_string();
    assert!(!left.contains("olga") && left.contains("former member"), "{left}");
    // A member without statements leaves none.
    assert_eq!(erase(&mia, &password()).await.good()["statements_kept"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_asked_for_too() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let codes = crate::totp::with_second_factor(&ana).await;
    erase(&ana, &password()).await.problem(403);
    erase(&ana, &json!({"password": "correct horse", "code": "000000"})).await.problem(403);
    ana.get(ME).await.good();
    erase(&ana, &json!({"password": "correct horse", "code": codes[0]})).await.good();
    ana.get(ME).await.problem(401);
}
