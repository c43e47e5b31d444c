//! Keys of meters and programs: what one may do with a key, and with what is none.

use grid_core::auth::ApiKey;
use jiff::ToSpan;
use serde_json::{Value, json};

use crate::{
    databases::Database,
    harness::{Client, Server, folder},
    setup::Program,
};

const KEYS: &str = "/api/v1/auth/api-keys";
const ME: &str = "/api/v1/auth/me";

fn reading() -> Value {
    json!({"channel": "import", "start": "2026-01-01T00:00:00Z", "end": "2026-01-01T01:00:00Z", "energy_kwh": "1.25"})
}

/// Makes a key and gives it with its path.
async fn made(owner: &Client, body: &Value) -> (String, String) {
    let answer = owner.post(KEYS, body).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (201, "no-store"), "{answer:?}");
    let made = answer.json();
    (made["api_key"].as_str().unwrap().to_owned(), format!("{KEYS}/{}", made["id"].as_str().unwrap()))
}

#[tokio::test]
async fn a_meter_sends_readings_to_its_device_and_does_nothing_else() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let (own, other) = (ana.device("meter", "UTC").await, ana.device("meter", "UTC").await);
    let id = own.rsplit('/').next().unwrap();
    let (key, _) = made(&ana, &json!({"name": "the meter's", "device_id": id})).await;
    let meter = ana.with_token(&key);
    meter.post(&format!("{own}/readings"), &reading()).await.good();
    assert_eq!(ana.get(&format!("{own}/readings")).await.good()["items"][0]["energy_kwh"], "1.250000");

    // What its register shows is a reading, too.
    let shown = json!({"channel": "export", "reads": [{"at": "2026-03-01", "counter_kwh": "7"}]});
    meter.post(&format!("{own}/registers"), &shown).await.good();
    meter.post(&format!("{other}/registers"), &shown).await.problem(403);
    let hole = json!({"channel": "export", "from": "2026-03-01", "to": "2026-03-02", "store": true});
    meter.post(&format!("{own}/substitutions"), &hole).await.problem(403);

    meter.post(&format!("{other}/readings"), &reading()).await.problem(403);
    assert_eq!(ana.get(&format!("{other}/readings")).await.good()["items"], json!([]));
    let needs = meter.get(&format!("{own}/readings")).await;
    assert!(needs.problem(403)["detail"].as_str().unwrap().contains("`read`"));
    assert!(needs.header("www-authenticate").contains("insufficient_scope"));
    let json: &[(&str, &[u8])] = &[("content-type", b"application/json")];
    for (method, path, body) in [
        ("GET", "/api/v1/devices", String::new()),
        ("PATCH", &own, r#"{"name": "mine"}"#.to_owned()),
        ("DELETE", &own, String::new()),
        ("POST", "/api/v1/devices", r#"{"name": "b", "kind": "meter"}"#.to_owned()),
        ("GET", KEYS, String::new()),
        ("POST", KEYS, r#"{"name": "another"}"#.to_owned()),
        ("GET", "/api/v1/auth/sessions", String::new()),
        ("POST", "/api/v1/auth/logout-all", String::new()),
        (
            "POST",
            "/api/v1/auth/password",
            r#"{"old_password": "correct horse", "new_password": "noon on the roof"}"#.to_owned(),
        ),
    ] {
        meter.send(method, path, json, body).await.problem(403);
    }
}

#[tokio::test]
async fn a_key_without_a_device_does_what_its_scope_says() {
    let server = Server::start().await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    let (of_ana, of_ben) = (ana.device("meter", "UTC").await, ben.device("meter", "UTC").await);
    let (key, _) = made(&ana, &json!({"name": "notebook", "scope": "read", "expires_in_days": null})).await;
    let notebook = ana.with_token(&key);
    assert_eq!(notebook.get(ME).await.good()["username"], "ana");
    notebook.get(&of_ana).await.good();
    // Nobody learns from a key that another's device is there.
    notebook.get(&of_ben).await.problem(404);
    notebook.post(&format!("{of_ana}/readings"), &reading()).await.problem(403);
    let shown = json!({"channel": "export", "reads": [{"at": "2026-03-01", "counter_kwh": "7"}]});
    notebook.post(&format!("{of_ana}/registers"), &shown).await.problem(403);

    let (sends, _) = made(&ana, &json!({"name": "gateway"})).await;
    let gateway = ana.with_token(&sends);
    gateway.post(&format!("{of_ana}/readings"), &reading()).await.good();
    gateway.post(&format!("{of_ben}/readings"), &reading()).await.problem(404);
}

#[tokio::test]
async fn a_key_is_listed_and_revoked_and_never_shown_again() {
    let server = Server::start().await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    let (key, path) = made(&ana, &json!({"name": " roof ", "scope": "read", "expires_in_days": 365})).await;
    assert_eq!(ApiKey::parse(&key).unwrap().expose(), key);
    ana.with_token(&key).get(ME).await.good();

    let answer = ana.get(KEYS).await;
    assert!(!answer.text().contains(&key[12..]), "{}", answer.text());
    let listed = answer.good()["items"][0].clone();
    assert_eq!(
        (&listed["name"], &listed["scope"], &listed["hint"]),
        (&json!("roof"), &json!("read"), &json!(format!("{}…", &key[..12])))
    );
    assert_eq!((&listed["device_id"], &listed["revoked_at"]), (&Value::Null, &Value::Null));
    let at = |name: &str| listed[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(at("last_used_at") >= at("created_at"));
    assert_eq!(at("created_at") + (365 * 24).hours(), at("expires_at"));
    assert_eq!(ben.get(KEYS).await.good()["items"], json!([]));

    // Another's key is not found, and stays.
    ben.delete(&path).await.problem(404);
    ana.with_token(&key).get(ME).await.good();
    assert_eq!(ana.delete(&path).await.status, 204);
    let refused = ana.with_token(&key).get(ME).await;
    refused.problem(401);
    assert!(refused.header("www-authenticate").contains("invalid_token"));
    assert_eq!(ana.delete(&path).await.status, 204, "revoked is revoked");
    assert!(ana.get(KEYS).await.good()["items"][0]["revoked_at"].is_string());
}

#[tokio::test]
async fn keys_come_a_page_at_a_time() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    for name in ["a", "b", "c"] {
        made(&ana, &json!({"name": name})).await;
    }
    let first = ana.get(&format!("{KEYS}?limit=2")).await.good();
    let next = first["next"].as_str().unwrap();
    let second = ana.get(&format!("{KEYS}?limit=2&after={next}")).await.good();
    let items = [first["items"].as_array().unwrap().as_slice(), second["items"].as_array().unwrap()].concat();
    let names: Vec<_> = items.iter().map(|key| key["name"].as_str().unwrap()).collect();
    assert_eq!((names, &second["next"]), (vec!["a", "b", "c"], &Value::Null));
}

#[tokio::test]
async fn what_is_no_good_key_is_401_and_what_cannot_be_made_is_told() {
    let server = Server::start().await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    let device = ben.device("meter", "UTC").await;
    let unknown = ApiKey::generate().unwrap();
    for text in [unknown.expose(), &unknown.expose()[..45], "gridkey_", "gridkey_é"] {
        ana.with_token("x").send("GET", ME, &[], "").await.problem(401);
        let refused = ana.with_token(text).get(ME).await;
        let problem = refused.problem(401);
        assert!(!refused.text().contains(&unknown.expose()[12..40]), "{problem}");
    }

    let id = device.rsplit('/').next().unwrap();
    for (body, status, word) in [
        (json!({"name": "a", "device_id": id}), 404, "device"),
        (json!({"name": "a", "scope": "admin"}), 403, "administers"),
        (json!({"name": "a", "scope": "introspect"}), 403, "introspect"),
        (json!({"name": "a", "scope": "all"}), 422, "all"),
        (json!({"name": " "}), 422, "name"),
        (json!({"name": "a", "expires_in_days": 0}), 422, "3650"),
        (json!({"name": "a", "key": "gridkey_"}), 422, "unknown field"),
    ] {
        let problem = ana.post(KEYS, &body).await.problem(status);
        assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
    }
    // A login that may only read makes no key at all.
    let body = json!({"username": "ana", "password": "correct horse", "scope": "read"});
    let token = ana.post("/api/v1/auth/login", &body).await.good()["access_token"].clone();
    let reader = ana.with_token(token.as_str().unwrap());
    reader.post(KEYS, &json!({"name": "a", "scope": "read"})).await.problem(403);
    assert_eq!(ana.get(KEYS).await.good()["items"], json!([]));
}

#[tokio::test]
async fn a_key_ends_with_its_time_and_with_its_owner() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let store =
        grid_core::store::Store::connect(&server.database_url(), grid_core::store::Options::default())
            .await
            .unwrap();
    let owner = store.user_by_name("ana").await.unwrap().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the key is looked at by the machine's clock")]
    let now = jiff::Timestamp::now();
    let mut keys = Vec::new();
    for (name, end) in [("over", now - 1.second()), ("lasts", now + 1.hour())] {
        let key = ApiKey::generate().unwrap();
        let stored = grid_core::store::StoredApiKey {
            id: grid_core::store::new_id(now),
            owner: owner.id(),
            name: grid_core::energy::Name::new(name).unwrap(),
            hint: key.hint(),
            scopes: "read".parse().unwrap(),
            device: None,
            created_at: now - 2.hours(),
            expires_at: Some(end),
            last_used_at: None,
            revoked_at: None,
        };
        store.create_api_key(&stored, &key.hash()).await.unwrap();
        keys.push(key);
    }
    ana.with_token(keys[0].expose()).get(ME).await.problem(401);
    let lasting = ana.with_token(keys[1].expose());
    lasting.get(ME).await.good();
    store.disable_user(owner.id(), now, now + 1.hour()).await.unwrap();
    lasting.get(ME).await.problem(401);
}

#[tokio::test]
async fn no_log_has_a_key() {
    let database = Database::empty(&folder());
    let program = Program::start(&database.url);
    let client = Client::of(program.link().0);
    let person = json!({"username": "ana", "email": "ana@example.org", "password": "correct horse"});
    client.post("/api/v1/auth/register", &person).await.good();
    let ana = client.log_in("ana", "correct horse").await;
    let (key, path) = made(&ana, &json!({"name": "a", "scope": "read"})).await;
    ana.with_token(&key).get(ME).await.good();
    ana.with_token(&key[..45]).get(ME).await.problem(401);
    assert_eq!(ana.delete(&path).await.status, 204);
    ana.with_token(&key).get(ME).await.problem(401);
    // What was asked is logged when it has been answered.
    while !program.log().contains(&path) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let log = program.log();
    assert!(!log.contains(&key[12..40]) && !log.contains(ana.token()), "{log}");
}
