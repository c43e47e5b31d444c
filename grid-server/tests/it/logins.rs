//! Guessing, settings of logins, and what is stored of them.

use grid_core::store::{Options, Page, Store};
use grid_server::serve::Content;
use serde_json::json;

use crate::harness::Server;

fn login(name: &str, password: &str) -> serde_json::Value {
    json!({"username": name, "password": password})
}

#[tokio::test]
async fn guessing_is_throttled_for_one_account_whatever_its_name_and_not_for_others() {
    let server = Server::with(&["--account-tries", "3"], Content::AsItIs).await;
    server.user("kat").await;
    server.user("ana").await;
    let anyone = server.client();
    // Nobody's account is throttled like somebody's, so that the throttle tells nothing.
    for name in ["kat", "nobody"] {
        // What was right before does not count.
        for _ in 0..3 {
            anyone.post("/login", &login(name, "wrong horse")).await.problem(401);
        }
        let limited = anyone.post("/login", &login(&name.to_uppercase(), "correct horse")).await;
        assert_eq!(limited.problem(429)["error"], "temporarily_unavailable");
        let after: u64 = limited.header("retry-after").parse().unwrap();
        assert!((1..=30).contains(&after), "{after}");
    }
    for _ in 0..10 {
        anyone.log_in("ana", "correct horse").await;
    }
}

#[tokio::test]
async fn who_guesses_from_one_place_does_not_keep_the_owner_out() {
    // Passwords that cost little: the account has another try every few seconds, however busy the machine is.
    let cheap = ["--password-memory-kib", "64", "--password-passes", "1"];
    let arguments = [&["--account-tries", "3", "--proxies", "1"], cheap.as_slice()].concat();
    let server = Server::with(&arguments, Content::AsItIs).await;
    server.user("kat").await;
    let from = async |address: &str, name: &str, password: &str| {
        let headers: [(&str, &[u8]); 2] =
            [("content-type", b"application/json"), ("x-forwarded-for", address.as_bytes())];
        server.client().send("POST", "/login", &headers, login(name, password).to_string()).await
    };
    for _ in 0..3 {
        from("203.0.113.7", "kat", "wrong horse").await.problem(401);
    }
    from("203.0.113.7", "kat", "correct horse").await.problem(429);
    from("198.51.100.1", "kat", "correct horse").await.good();
    // From everywhere together, by either name, an account takes ten times as much.
    for network in 0..9 {
        for name in ["kat", "kat@example.org", "KAT"] {
            from(&format!("192.0.2.{network}"), name, "wrong horse").await.problem(401);
        }
    }
    from("198.51.100.1", "kat", "correct horse").await.problem(429);
}

#[tokio::test]
async fn guessing_from_one_address_is_throttled_over_all_accounts() {
    let arguments = ["--address-tries", "4", "--proxies", "1"];
    let server = Server::with(&arguments, Content::AsItIs).await;
    let from = async |address: &str, name: &str| {
        let headers: [(&str, &[u8]); 2] =
            [("content-type", b"application/json"), ("x-forwarded-for", address.as_bytes())];
        server.client().send("POST", "/login", &headers, login(name, "wrong horse").to_string()).await
    };
    for name in ["a", "b", "c", "d"] {
        from("203.0.113.7", name).await.problem(401);
    }
    from("203.0.113.7", "e").await.problem(429);
    // The first address is what the client claims.
    from("198.51.100.1, 203.0.113.7", "e").await.problem(429);
    from("203.0.113.8", "e").await.problem(401);
}

#[tokio::test]
async fn nobody_registers_where_registration_is_closed() {
    let server = Server::with(&["--registration", "closed"], Content::AsItIs).await;
    let person = json!({"username": "kat", "email": "kat@example.org", "password": "correct horse"});
    server.client().post("/api/v1/auth/register", &person).await.problem(403);
}

#[tokio::test]
async fn signing_keys_are_sealed_where_there_is_a_key_for_that() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    let url = server.database_url();
    let plain = Store::connect(&url, Options::default()).await.unwrap().signing_keys().await.unwrap();
    assert!(!plain[0].sealed);

    let sealing = ["--sealing-key", "a text of at least 32 bytes for this test"];
    let second = Server::on_with(&url, &sealing).await;
    let sealed = Store::connect(&url, Options::default()).await.unwrap().signing_keys().await.unwrap();
    assert!(
        sealed[0].sealed
            && !sealed[0].pkcs8.windows(32).any(|part| plain[0].pkcs8.windows(32).any(|p| p == part))
    );
    // The same key: what it signed before is still good.
    second.client().with_token(kat.token()).get("/api/v1/auth/me").await.good();
    second.stop().await;

    let wrong = Server::begin(
        crate::harness::folder(),
        &["--database-url", &url, "--sealing-key", "another text of at least 32 bytes as a key"],
        Content::AsItIs,
    )
    .await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(wrong.client().get("/readyz").await.status, 503);
    assert_eq!(wrong.client().get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_key_that_another_server_made_is_known_at_once_and_one_that_was_removed_is_not() {
    let server = Server::start().await;
    server.user("kat").await;
    let store = Store::connect(&server.database_url(), Options::default()).await.unwrap();
    let second = Server::on(&server.database_url()).await;
    let first_key = store.signing_keys().await.unwrap().remove(0);
    let before = server.client().log_in("kat", "correct horse").await;

    let key = grid_core::auth::SigningKey::generate().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the server's clock is the machine's")]
    let now = jiff::Timestamp::now();
    store.add_signing_key(key.key_id().as_str(), key.as_pkcs8(), false, now).await.unwrap();
    let signed_by_it = async |server: &Server| {
        let token = server.client().log_in("kat", "correct horse").await.token().to_owned();
        let inspection = grid_core::auth::inspect(&token, None, now);
        inspection.header.unwrap()["kid"] == key.key_id().as_str()
    };
    let mut tries = 0;
    while !signed_by_it(&server).await {
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        tries += 1;
        assert!(tries < 20, "the server never took the new key");
    }
    let after = server.client().log_in("kat", "correct horse").await;
    for token in [before.token(), after.token()] {
        second.client().with_token(token).get("/api/v1/auth/me").await.good();
    }
    let published = second.client().get("/.well-known/jwks.json").await;
    assert_eq!(published.good()["keys"].as_array().unwrap().len(), 2);
    let tag = published.header("etag").to_owned();
    let again =
        second.client().send("GET", "/.well-known/jwks.json", &[("if-none-match", tag.as_bytes())], "").await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));

    store.remove_signing_key(&first_key.kid).await.unwrap();
    let mut tries = 0;
    while second.client().with_token(before.token()).get("/api/v1/auth/me").await.status == 200 {
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        tries += 1;
        assert!(tries < 20, "the removed key is still believed after five seconds");
    }
    second.client().with_token(after.token()).get("/api/v1/auth/me").await.good();
}

#[tokio::test]
async fn what_was_done_is_written_down_without_tokens() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    let anyone = server.client();
    anyone.post("/login", &login("kat", "wrong horse")).await.problem(401);
    assert_eq!(kat.post("/api/v1/auth/logout", &json!({})).await.status, 204);
    let store = Store::connect(&server.database_url(), Options::default()).await.unwrap();
    let trail = store.audit(Page::FIRST, None, None).await.unwrap().items;
    let deeds: Vec<_> = trail.iter().rev().map(|entry| (entry.action.as_str(), entry.succeeded)).collect();
    assert_eq!(deeds, [("register", true), ("login", true), ("login", false), ("logout", true)]);
    assert!(
        trail.iter().all(|entry| entry.address == "127.0.0.1" && entry.request_id.starts_with("urn:uuid:"))
    );
    assert_eq!(trail[1].reason.as_deref(), Some("wrong_password"));
    assert!(trail[2].token_hash.is_some() && !format!("{trail:?}").contains(kat.token()));
}

#[tokio::test]
async fn s73_only_pages_of_listed_origins_may_call_from_a_browser() {
    let server =
        Server::with(&["--cors-origins", "https://a.example,https://b.example"], Content::AsItIs).await;
    let closed = Server::start().await;
    let ask = async |server: &Server, origin: &str| {
        let headers: [(&str, &[u8]); 3] = [
            ("origin", origin.as_bytes()),
            ("access-control-request-method", b"POST"),
            ("access-control-request-headers", b"authorization,content-type"),
        ];
        server.client().send("OPTIONS", "/api/v1/auth/login", &headers, "").await
    };
    for origin in ["https://a.example", "https://b.example"] {
        let answer = ask(&server, origin).await;
        assert_eq!(answer.header("access-control-allow-origin"), origin);
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
    }
    assert_eq!(ask(&server, "https://evil.example").await.header("access-control-allow-origin"), "");
    assert_eq!(ask(&closed, "https://a.example").await.header("access-control-allow-origin"), "");
}
