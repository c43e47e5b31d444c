//! What administrators do with users, and the trail of what was done.

use grid_core::store::Store;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Server};

const USERS: &str = "/api/v1/users";
const ME: &str = "/api/v1/auth/me";
const AUDIT: &str = "/api/v1/audit";

/// A user who is made an administrator behind the server's back, and has logged in since.
async fn administrator(server: &Server, name: &str) -> Client {
    let client = server.user(name).await;
    let store = Store::connect(&server.database_url(), grid_core::store::Options::default()).await.unwrap();
    let id = store.user_by_name(name).await.unwrap().unwrap().id();
    store.set_administrator(id, true).await.unwrap();
    client.log_in(name, "correct horse").await
}

async fn id(client: &Client) -> String {
    client.get(ME).await.good()["user_id"].as_str().unwrap().to_owned()
}

async fn patch(client: &Client, id: &str, body: &Value) -> Answer {
    let json: &[(&str, &[u8])] = &[("content-type", b"application/json")];
    client.send("PATCH", &format!("{USERS}/{id}"), json, body.to_string()).await
}

fn person(name: &str) -> Value {
    json!({"username": name, "email": format!("{name}@example.org"), "password": "noon on the roof"})
}

#[tokio::test]
async fn only_an_administrator_sees_and_makes_users() {
    let server = Server::with(&["--registration", "closed"], grid_server::serve::Content::AsItIs).await;
    let anyone = server.client();
    anyone.post("/api/v1/auth/register", &person("kat")).await.problem(403);
    // The first one comes by the command line, or by the link.
    let store = Store::connect(&server.database_url(), grid_core::store::Options::default()).await.unwrap();
    let hash = grid_core::auth::PasswordHasher::default();
    let hash = hash.hash(&grid_core::auth::Password::parse("correct horse").unwrap()).unwrap();
    let root =
        grid_core::store::User::new(uuid::Uuid::from_u128(7), "root", "root@example.org", hash).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the server goes by the machine's clock")]
    store.create_user(&root.administrator(), jiff::Timestamp::now()).await.unwrap();
    let root = anyone.log_in("root", "correct horse").await;

    let made = root.post(USERS, &person("kat")).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert!(!made.text().contains("noon"));
    let path = made.header("location").to_owned();
    assert_eq!(root.get(&path).await.good(), made.json());
    assert_eq!(
        made.json(),
        json!({"id": path.rsplit('/').next(), "username": "kat", "email": "kat@example.org", "administrator": false, "disabled_at": null})
    );
    root.post(USERS, &person("KAT")).await.problem(409);
    let mut weak = person("eva");
    weak["password"] = "password".into();
    root.post(USERS, &weak).await.problem(422);
    root.get(&format!("{USERS}/{}", uuid::Uuid::nil())).await.problem(404);
    let mut second = person("eva");
    second["administrator"] = true.into();
    assert_eq!(root.post(USERS, &second).await.good()["administrator"], true);
    let first = root.get(&format!("{USERS}?limit=2")).await.good();
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let rest = root.get(&format!("{USERS}?after={}", first["next"].as_str().unwrap())).await.good();
    assert_eq!((&rest["items"][0]["username"], &rest["next"]), (&json!("eva"), &Value::Null));

    let kat = anyone.log_in("kat", "noon on the roof").await;
    for answer in [
        kat.get(USERS).await,
        kat.post(USERS, &person("ben")).await,
        kat.get(&path).await,
        kat.get(&format!("{USERS}/{}", uuid::Uuid::nil())).await,
        patch(&kat, path.rsplit('/').next().unwrap(), &json!({"administrator": true})).await,
        kat.get(AUDIT).await,
    ] {
        answer.problem(403);
        assert!(answer.header("www-authenticate").contains("scope=\"admin\""), "{answer:?}");
    }
    anyone.get(USERS).await.problem(401);
    // A login of an administrator that asked for less is less.
    let body = json!({"username": "root", "password": "correct horse", "scope": "read"});
    let token = anyone.post("/login", &body).await.good()["access_token"].clone();
    anyone.with_token(token.as_str().unwrap()).get(USERS).await.problem(403);
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once_and_may_come_back() {
    let server = Server::start().await;
    let root = administrator(&server, "root").await;
    let kat = server.user("kat").await;
    let key = kat.post("/api/v1/auth/api-keys", &json!({"name": "a", "scope": "read"})).await.good();
    let meter = kat.with_token(key["api_key"].as_str().unwrap());
    meter.get(ME).await.good();
    let id = id(&kat).await;
    assert!(patch(&root, &id, &json!({"disabled": true})).await.good()["disabled_at"].is_string());
    kat.get(ME).await.problem(401);
    meter.get(ME).await.problem(401);
    let login = json!({"username": "kat", "password": "correct horse"});
    let refused = kat.post("/login", &login).await.problem(401);
    assert_eq!(refused["detail"], "wrong username or password");

    assert_eq!(patch(&root, &id, &json!({"disabled": false})).await.good()["disabled_at"], Value::Null);
    kat.get(ME).await.problem(401);
    kat.log_in("kat", "correct horse").await.get(ME).await.good();
    patch(&root, &id, &json!({"enabled": true})).await.problem(422);
    patch(&root, &uuid::Uuid::nil().to_string(), &json!({"disabled": true})).await.problem(404);
}

#[tokio::test]
async fn another_password_ends_the_sessions_of_the_user() {
    let server = Server::start().await;
    let root = administrator(&server, "root").await;
    let kat = server.user("kat").await;
    let id = id(&kat).await;
    patch(&root, &id, &json!({"password": "short"})).await.problem(422);
    kat.get(ME).await.good();
    patch(&root, &id, &json!({"password": "noon on the roof"})).await.good();
    kat.get(ME).await.problem(401);
    kat.post("/login", &json!({"username": "kat", "password": "correct horse"})).await.problem(401);
    kat.log_in("kat", "noon on the roof").await;
}

#[tokio::test]
async fn there_is_always_an_administrator() {
    let server = Server::start().await;
    let root = administrator(&server, "root").await;
    let own = id(&root).await;
    for body in [json!({"disabled": true}), json!({"administrator": false})] {
        let problem = patch(&root, &own, &body).await.problem(409);
        assert!(problem["hint"].as_str().unwrap().contains("another user"), "{problem}");
    }
    root.get(USERS).await.good();

    let kat = server.user("kat").await;
    let id = id(&kat).await;
    patch(&root, &id, &json!({"administrator": true})).await.good();
    // A disabled one is none on whom the place could be left.
    patch(&root, &id, &json!({"disabled": true})).await.good();
    patch(&root, &own, &json!({"administrator": false})).await.problem(409);
    patch(&root, &id, &json!({"disabled": false})).await.good();
    let kat = kat.log_in("kat", "correct horse").await;
    kat.get(USERS).await.good();
    assert_eq!(patch(&root, &own, &json!({"administrator": false})).await.good()["administrator"], false);
    // What the old token allowed has ended with the role.
    root.get(ME).await.problem(401);
    root.log_in("root", "correct horse").await.get(USERS).await.problem(403);
    patch(&kat, &id, &json!({"disabled": true})).await.problem(409);
}

#[tokio::test]
async fn a_key_of_somebody_who_was_an_administrator_asks_about_nobody() {
    let server = Server::start().await;
    let (root, kat) = (administrator(&server, "root").await, administrator(&server, "kat").await);
    let body = json!({"name": "gateway", "scope": "introspect"});
    let key = kat.post("/api/v1/auth/api-keys", &body).await.good()["api_key"].clone();
    let gateway = kat.with_token(key.as_str().unwrap());
    let question = json!({"token": root.token()});
    let active = async || gateway.post("/api/v1/auth/introspect", &question).await.good()["active"].clone();
    assert_eq!(active().await, true);
    patch(&root, &id(&kat).await, &json!({"administrator": false})).await.good();
    assert_eq!(active().await, false);
}

#[tokio::test]
async fn the_trail_says_who_did_what_the_newest_first() {
    let server = Server::start().await;
    let root = administrator(&server, "root").await;
    let kat = server.user("kat").await;
    let id = id(&kat).await;
    kat.post("/login", &json!({"username": "kat", "password": "wrong horse"})).await.problem(401);
    patch(&root, &id, &json!({"administrator": true, "disabled": true})).await.good();

    let all = root.get(&format!("{AUDIT}?limit=4")).await.good();
    let told: Vec<_> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["action"].as_str().unwrap(), entry["actor_name"].as_str().unwrap()))
        .collect();
    let expected = [("user.disable", "root"), ("user.promote", "root"), ("login", "kat"), ("login", "kat")];
    assert_eq!(told, expected);
    let (newest, wrong, right) = (&all["items"][0], &all["items"][2], &all["items"][3]);
    assert_eq!((&newest["target"], &newest["succeeded"]), (&json!(id), &json!(true)));
    assert_eq!(newest["address"], "127.0.0.1");
    assert_eq!((&wrong["succeeded"], &wrong["reason"]), (&json!(false), &json!("wrong_password")));
    assert!(newest["request_id"].as_str().unwrap().starts_with("urn:uuid:"));
    let hash = right["token_hash"].as_str().unwrap();
    assert!(hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{hash}");

    let older = root.get(&format!("{AUDIT}?after={}", all["next"].as_str().unwrap())).await.good();
    assert_eq!(older["items"][0]["action"], "register");
    let filtered = root.get(&format!("{AUDIT}?actor={id}&action=login")).await.good();
    assert_eq!(filtered["items"].as_array().unwrap().len(), 1);
    let words = root.get(AUDIT).await.text();
    assert!(!words.contains("correct horse") && !words.contains("gridrt_"), "{words}");
}
