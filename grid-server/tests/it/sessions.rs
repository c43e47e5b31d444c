//! Keeping a login alive, losing an answer, stealing a token, and ending a login.

use std::time::Duration;

use grid_core::store::{Options, Store};
use grid_server::serve::Content;
use serde_json::{Value, json};

use crate::harness::{Client, Server, folder};

const ME: &str = "/api/v1/auth/me";
const REFRESH: &str = "/api/v1/auth/refresh";
const SESSIONS: &str = "/api/v1/auth/sessions";

/// A pair of tokens.
struct Pair {
    access: String,
    refresh: String,
}

fn pair(answer: &Value) -> Pair {
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    Pair { access: text("access_token"), refresh: text("refresh_token") }
}

async fn log_in(client: &Client) -> Pair {
    let body = json!({"username": "kat", "password": "correct horse"});
    pair(&client.post("/api/v1/auth/login", &body).await.good())
}

async fn refresh(client: &Client, token: &str) -> Pair {
    pair(&client.post(REFRESH, &json!({"refresh_token": token})).await.good())
}

async fn is_good(client: &Client, access: &str) -> bool {
    client.with_token(access).get(ME).await.status == 200
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_an_old_one_ends_the_session() {
    let server = Server::start().await;
    server.user("kat").await;
    let anyone = server.client();
    let first = log_in(&anyone).await;
    let second = refresh(&anyone, &first.refresh).await;
    let third = refresh(&anyone, &second.refresh).await;
    assert_ne!(second.refresh, third.refresh);
    for access in [&first.access, &second.access, &third.access] {
        assert!(is_good(&anyone, access).await);
    }
    // Two steps back: nobody who got the answers sends that.
    let problem = anyone.post(REFRESH, &json!({"refresh_token": first.refresh})).await.problem(401);
    assert_eq!(problem["error"], "invalid_grant");
    for access in [&first.access, &second.access, &third.access] {
        let refused = anyone.with_token(access).get(ME).await;
        assert!(refused.problem(401)["detail"].as_str().unwrap().contains("revoked"));
    }
    anyone.post(REFRESH, &json!({"refresh_token": third.refresh})).await.problem(401);
    // Another login of the same user is another session.
    assert!(is_good(&anyone, &log_in(&anyone).await.access).await);
}

#[tokio::test]
async fn a_client_that_lost_the_answer_asks_again_and_stays_logged_in() {
    let server = Server::start().await;
    server.user("kat").await;
    let anyone = server.client();
    let first = log_in(&anyone).await;
    let lost = refresh(&anyone, &first.refresh).await;
    let again = refresh(&anyone, &first.refresh).await;
    assert!(!is_good(&anyone, &lost.access).await, "the pair that was lost is void");
    assert!(is_good(&anyone, &again.access).await && is_good(&anyone, &first.access).await);
    let next = refresh(&anyone, &again.refresh).await;
    assert!(is_good(&anyone, &next.access).await);
}

#[tokio::test]
async fn refreshes_at_the_same_time_leave_one_branch() {
    let server = Server::start().await;
    server.user("kat").await;
    let anyone = server.client();
    let first = log_in(&anyone).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (client, token) = (anyone.clone(), first.refresh.clone());
        tasks.spawn(async move { refresh(&client, &token).await });
    }
    let pairs = tasks.join_all().await;
    let mut good = 0;
    for pair in &pairs {
        good += usize::from(is_good(&anyone, &pair.access).await);
    }
    assert_eq!(good, 1, "of the pairs that were handed out, the last one counts");
}

#[tokio::test]
async fn rubbish_is_refused_as_such() {
    let server = Server::start().await;
    server.user("kat").await;
    let anyone = server.client();
    for body in [
        json!({"refresh_token": "rubbish"}),
        json!({"refresh_token": ""}),
        json!({"refresh_token": "gridrt_AAAA"}),
    ] {
        let problem = anyone.post(REFRESH, &body).await.problem(401);
        assert!(problem["detail"].as_str().unwrap().contains("gridrt_"), "{problem}");
    }
    let nothing = anyone.post(REFRESH, &json!({})).await.problem(422);
    assert_eq!(nothing["error"], "invalid_request");
    // One that was made up for a session that is there, which it must not end.
    let pair = log_in(&anyone).await;
    let session = anyone.with_token(&pair.access).get(SESSIONS).await.good()["items"][0]["id"].clone();
    let made_up = grid_core::auth::RefreshToken::first(session.as_str().unwrap().parse().unwrap()).unwrap();
    anyone.post(REFRESH, &json!({"refresh_token": made_up.expose()})).await.problem(401);
    assert!(is_good(&anyone, &refresh(&anyone, &pair.refresh).await.access).await);
}

#[tokio::test]
async fn rubbish_is_refused_before_the_database_is_asked() {
    // Nothing listens on port 1.
    let arguments = ["--database-url", "postgres://grid:secret@127.0.0.1:1/grid"];
    let server = Server::begin(folder(), &arguments, Content::AsItIs).await;
    let ask = async |token: &str| server.client().post(REFRESH, &json!({"refresh_token": token})).await;
    ask("rubbish").await.problem(401);
    let good = grid_core::auth::RefreshToken::first(uuid::Uuid::from_u128(7)).unwrap();
    let mut changed = good.expose().to_owned();
    changed.replace_range(20..21, if changed.as_bytes()[20] == b'A' { "B" } else { "A" });
    ask(&changed).await.problem(401);
    // What could be a token has to be looked for.
    ask(good.expose()).await.problem(503);
}

#[tokio::test]
async fn a_user_sees_their_sessions_and_ends_them() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    server.user("kat").await;
    let anyone = server.client();
    let fields = [
        ("grant_type", "password"),
        ("username", "kat"),
        ("password", "correct horse"),
        ("client_id", "notebook"),
    ];
    let one = pair(&anyone.form("/login", &fields).await.good());
    let other = log_in(&anyone).await;
    let kat = anyone.with_token(&other.access);
    let sessions = kat.get(SESSIONS).await.good();
    let items = sessions["items"].as_array().unwrap();
    // The harness logged in once, too.
    assert_eq!(items.len(), 3);
    assert_eq!(items.iter().filter(|session| session["current"] == true).count(), 1);
    let of_one = items.iter().find(|session| session["client_id"] == "notebook").unwrap();
    assert_eq!(of_one["address"], "127.0.0.1");
    let path = format!("{SESSIONS}/{}", of_one["id"].as_str().unwrap());
    ana.delete(&path).await.problem(404);
    assert!(is_good(&anyone, &one.access).await);
    assert_eq!(kat.delete(&path).await.status, 204);
    assert!(!is_good(&anyone, &one.access).await && is_good(&anyone, &other.access).await);
    anyone.post(REFRESH, &json!({"refresh_token": one.refresh})).await.problem(401);
    assert_eq!(kat.get(SESSIONS).await.good()["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn logging_out_ends_one_session_or_all() {
    let server = Server::start().await;
    server.user("kat").await;
    let anyone = server.client();
    let [by_access, by_refresh, third, fourth] =
        [log_in(&anyone).await, log_in(&anyone).await, log_in(&anyone).await, log_in(&anyone).await];
    assert_eq!(
        anyone.with_token(&by_access.access).post("/api/v1/auth/logout", &json!({})).await.status,
        204
    );
    assert!(!is_good(&anyone, &by_access.access).await && is_good(&anyone, &by_refresh.access).await);
    let body = json!({"refresh_token": by_refresh.refresh});
    assert_eq!(anyone.post("/api/v1/auth/logout", &body).await.status, 204);
    assert!(!is_good(&anyone, &by_refresh.access).await && is_good(&anyone, &third.access).await);
    anyone.post("/api/v1/auth/logout", &json!({})).await.problem(401);
    let everywhere = anyone.with_token(&third.access).post("/api/v1/auth/logout-all", &json!({})).await;
    assert_eq!(everywhere.status, 204);
    for pair in [third, fourth] {
        assert!(!is_good(&anyone, &pair.access).await);
        anyone.post(REFRESH, &json!({"refresh_token": pair.refresh})).await.problem(401);
    }
}

#[tokio::test]
async fn another_password_ends_all_sessions_but_the_one_that_asked() {
    let server = Server::start().await;
    server.user("kat").await;
    let anyone = server.client();
    let (here, elsewhere) = (log_in(&anyone).await, log_in(&anyone).await);
    let kat = anyone.with_token(&here.access);
    let change = |old: &str, new: &str| json!({"old_password": old, "new_password": new});
    kat.post("/api/v1/auth/password", &change("wrong horse", "noon on the roof")).await.problem(403);
    kat.post("/api/v1/auth/password", &change("correct horse", "password1")).await.problem(422);
    assert!(is_good(&anyone, &elsewhere.access).await);
    let changed = kat.post("/api/v1/auth/password", &change("correct horse", "noon on the roof")).await;
    assert_eq!(changed.status, 204);
    assert!(is_good(&anyone, &here.access).await && !is_good(&anyone, &elsewhere.access).await);
    anyone.post("/login", &json!({"username": "kat", "password": "correct horse"})).await.problem(401);
    anyone.log_in("kat", "noon on the roof").await;
}

#[tokio::test]
async fn what_ends_on_one_server_has_ended_on_the_others_within_five_seconds() {
    let server = Server::start().await;
    server.user("kat").await;
    let second = Server::on(&server.database_url()).await;
    let pair = log_in(&server.client()).await;
    assert!(is_good(&second.client(), &pair.access).await);
    let logged_out = server.client().with_token(&pair.access).post("/api/v1/auth/logout", &json!({})).await;
    assert_eq!(logged_out.status, 204);
    let mut waited = Duration::ZERO;
    while is_good(&second.client(), &pair.access).await {
        tokio::time::sleep(Duration::from_millis(250)).await;
        waited += Duration::from_millis(250);
        assert!(waited < Duration::from_secs(5), "the other server still takes the token");
    }
    // A user who is disabled by another server, or from the command line.
    let pair = log_in(&server.client()).await;
    assert!(is_good(&second.client(), &pair.access).await);
    let store = Store::connect(&server.database_url(), Options::default()).await.unwrap();
    let kat = store.user_by_name("kat").await.unwrap().unwrap().id();
    #[expect(clippy::disallowed_methods, reason = "the server's clock is the machine's")]
    let now = jiff::Timestamp::now();
    store.disable_user(kat, now, now + jiff::SignedDuration::from_mins(15)).await.unwrap();
    let mut waited = Duration::ZERO;
    while is_good(&second.client(), &pair.access).await {
        tokio::time::sleep(Duration::from_millis(250)).await;
        waited += Duration::from_millis(250);
        assert!(waited < Duration::from_secs(5), "the other server still takes the token");
    }
    second.client().post(REFRESH, &json!({"refresh_token": pair.refresh})).await.problem(401);
    second.stop().await;
}

#[tokio::test]
async fn a_browser_keeps_its_refresh_token_where_no_script_and_no_other_site_gets_it() {
    let server = Server::start().await;
    server.user("kat").await;
    let anyone = server.client();
    let body = json!({"username": "kat", "password": "correct horse", "refresh_in": "cookie"});
    let log_in = async |site: &'static str| {
        let headers: [(&str, &[u8]); 2] =
            [("content-type", b"application/json"), ("sec-fetch-site", site.as_bytes())];
        anyone.send("POST", "/api/v1/auth/login", &headers, body.to_string()).await
    };
    log_in("cross-site").await.problem(403);
    let login = log_in("same-origin").await;
    assert_eq!(login.good()["refresh_token"], Value::Null);
    let cookie = login.header("set-cookie").split(';').next().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-grid_refresh=gridrt_"), "{cookie}");
    let ask = |path: &'static str, site: &'static str| {
        let (anyone, cookie) = (anyone.clone(), cookie.clone());
        async move {
            anyone
                .send("POST", path, &[("cookie", cookie.as_bytes()), ("sec-fetch-site", site.as_bytes())], "")
                .await
        }
    };
    ask(REFRESH, "cross-site").await.problem(403);
    ask("/api/v1/auth/logout", "same-site").await.problem(403);
    let refreshed = ask(REFRESH, "same-origin").await;
    assert_eq!(refreshed.good()["refresh_token"], Value::Null);
    assert_ne!(refreshed.header("set-cookie").split(';').next().unwrap(), cookie);
    let out = ask("/api/v1/auth/logout", "same-origin").await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    let access = refreshed.json()["access_token"].as_str().unwrap().to_owned();
    assert!(!is_good(&anyone, &access).await);
}

#[tokio::test]
async fn a_token_may_allow_less_than_its_user() {
    let server = Server::start().await;
    server.user("kat").await;
    let anyone = server.client();
    let fields = |scope: &'static str| {
        [("grant_type", "password"), ("username", "kat"), ("password", "correct horse"), ("scope", scope)]
    };
    let narrow = anyone.form("/login", &fields("read")).await.good();
    assert_eq!(narrow["scope"], "read");
    let reader = anyone.with_token(narrow["access_token"].as_str().unwrap());
    assert_eq!(reader.get("/api/v1/devices").await.status, 200);
    let refused = reader
        .post("/api/v1/devices", &json!({"name": "a", "kind": "meter", "time_zone": "Europe/Madrid"}))
        .await;
    refused.problem(403);
    assert!(refused.header("www-authenticate").contains("insufficient_scope"));
    // Everybody may log out.
    let other = anyone.form("/login", &fields("read")).await.good();
    let other = anyone.with_token(other["access_token"].as_str().unwrap());
    assert_eq!(other.post("/api/v1/auth/logout", &json!({})).await.status, 204);
    // A refresh gives no more than the session has.
    let wide = json!({"refresh_token": narrow["refresh_token"], "scope": "read write admin"});
    assert_eq!(anyone.post(REFRESH, &wide).await.good()["scope"], "read");
    let none = anyone.form("/login", &fields("admin")).await;
    assert_eq!((none.status.as_u16(), &none.json()["error"]), (400, &json!("invalid_scope")));
}
