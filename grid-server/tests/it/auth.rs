//! Registering, logging in, and every way to get it wrong.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::harness::Server;

#[tokio::test]
async fn s20_s22_a_user_registers_logs_in_and_is_known() {
    let server = Server::start().await;
    let anyone = server.client();
    let person = json!({"username": "kat", "email": "Kat@Example.org", "password": "correct horse"});
    let made = anyone.post("/api/v1/auth/register/", &person).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.json()["email"], "kat@example.org");
    assert!(!made.text().contains("correct horse"));
    // The same name in another case is the same name.
    let again = json!({"username": "KAT", "email": "other@example.org", "password": "correct horse"});
    anyone.post("/api/v1/auth/register", &again).await.problem(409);

    for path in ["/api/v1/auth/login", "/api/v1/auth/login/", "/login", "/login/"] {
        let answer = anyone.post(path, &json!({"username": "kat", "password": "correct horse"})).await;
        let tokens = answer.good();
        assert_eq!(tokens["token_type"], "bearer");
        assert_eq!(tokens["access_token"], tokens["acces_token"]);
        assert_eq!(tokens["expires_in"], 900);
        assert_eq!(tokens["scope"], "read write");
        assert!(tokens["refresh_token"].as_str().unwrap().starts_with("gridrt_"));
        assert_eq!(tokens["user_id"], made.json()["user_id"]);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let kat = anyone.log_in("kat", "correct horse").await;
    assert_eq!(kat.get("/api/v1/auth/me").await.good(), made.json());
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_are_answered_alike() {
    let server = Server::start().await;
    server.user("kat").await;
    let anyone = server.client();
    let mut details = Vec::new();
    for (name, password) in [("kat", "wrong horse"), ("nobody", "correct horse"), ("kat", "x"), ("", "")] {
        let answer = anyone.post("/login", &json!({"username": name, "password": password})).await;
        details.push(answer.problem(401)["detail"].clone());
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
    assert!(details.windows(2).all(|pair| pair[0] == pair[1]), "{details:?}");
}

#[tokio::test]
async fn a_burst_of_logins_waits_for_its_turn() {
    // Passwords that cost little: who waits for longer than five seconds is sent away, however busy the machine is.
    let cheap = ["--password-memory-kib", "64", "--password-passes", "1"];
    let server = Server::with(&cheap, grid_server::serve::Content::AsItIs).await;
    server.user("kat").await;
    let mut logins = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let client = server.client();
        logins.spawn(async move { client.log_in("kat", "correct horse").await.token().len() });
    }
    assert_eq!(logins.join_all().await.len(), 50);
}

#[tokio::test]
async fn what_cannot_be_registered_is_named() {
    let server = Server::start().await;
    let anyone = server.client();
    for (body, word) in [
        (json!({"username": "a b", "email": "a@example.org", "password": "correct horse"}), "username"),
        (json!({"username": "ab", "email": "nowhere", "password": "correct horse"}), "e-mail"),
        (json!({"username": "ab", "email": "a@example.org", "password": "short"}), "password"),
        (json!({"username": "ab", "email": "a@example.org", "password": "Password1"}), "common"),
        (json!({"username": "ab", "email": "a@example.org", "password": "Password1"}), "most common"),
        (json!({"username": "ab", "email": "a@example.org"}), "password"),
    ] {
        let problem = anyone.post("/api/v1/auth/register", &body).await.problem(422);
        assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
    }
}

#[tokio::test]
async fn a_key_that_signs_survives_a_restart_and_is_published() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    let keys = server.client().get("/.well-known/jwks.json").await.good();
    assert_eq!((&keys["keys"][0]["crv"], &keys["keys"][0]["alg"]), (&json!("Ed25519"), &json!("EdDSA")));
    assert!(keys["keys"][0].get("d").is_none(), "the private part is not published");
    let verifying = grid_core::auth::JwkSet::parse(&keys.to_string()).unwrap().to_verifying_keys().unwrap();
    let verifier = grid_core::auth::Verifier::new(verifying, "grid", "grid-api")
        .with_longest_lifetime(Duration::from_mins(15));
    #[expect(clippy::disallowed_methods, reason = "the token was issued by the machine's clock")]
    let now = jiff::Timestamp::now();
    assert_eq!(verifier.verify(kat.token(), now).unwrap().username, "kat");

    let second = server.restart().await;
    assert_eq!(second.client().get("/.well-known/jwks.json").await.good(), keys);
    second.client().log_in("kat", "correct horse").await;
}

/// Sends bytes as the value of `Authorization` that a library would not let through, and gives the status.
async fn status_of(address: std::net::SocketAddr, value: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut request =
        b"GET /api/v1/auth/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: ".to_vec();
    request.extend_from_slice(value);
    request.extend_from_slice(b"\r\n\r\n");
    stream.write_all(&request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let text = String::from_utf8_lossy(&answer);
    text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{text:?}"))
}

#[test]
fn no_bytes_in_authorization_are_more_than_401() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let server = runtime.block_on(Server::start());
    let bytes = prop::collection::vec(
        any::<u8>().prop_filter("a line's end ends the header", |b| !b"\r\n".contains(b)),
        0..200,
    );
    let prefix =
        prop::sample::select(vec!["", "Bearer ", "bearer", "Bearer eyJhbGciOiJFZERTQSJ9.", "Basic "]);
    let mut runner =
        proptest::test_runner::TestRunner::new(ProptestConfig { cases: 300, ..ProptestConfig::default() });
    runner
        .run(&(prefix, bytes), |(prefix, bytes)| {
            let value = [prefix.as_bytes(), &bytes].concat();
            let status = runtime.block_on(status_of(server.address, &value));
            // Bytes that HTTP itself forbids in a header are refused before anybody reads them (RFC 9110, section 5.5).
            let is_allowed = value.iter().all(|byte| *byte == b'\t' || (*byte >= 0x20 && *byte != 0x7f));
            prop_assert!(status == 401 || (!is_allowed && status == 400), "{status} for {value:?}");
            Ok(())
        })
        .unwrap();
    runtime.block_on(server.stop());
}
