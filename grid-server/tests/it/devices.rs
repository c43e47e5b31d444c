//! Devices, and that nobody sees another's.

use serde_json::json;

use crate::harness::Server;

#[tokio::test]
async fn a_device_is_made_changed_and_deleted() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    let body =
        json!({"name": " Casa 7 ", "kind": "meter", "time_zone": "Europe/Madrid", "rated_power_w": 4600});
    let made = kat.post("/api/v1/devices", &body).await;
    assert_eq!(made.status, 201);
    let path = made.header("location").to_owned();
    let device = made.json();
    assert_eq!((&device["name"], &device["kind"]), (&json!("Casa 7"), &json!("meter")));
    assert_eq!(kat.get(&path).await.good(), device);
    let json_type = [("content-type", b"application/json".as_slice())];
    let changed = kat.send("PATCH", &path, &json_type, r#"{"kind":"pv"}"#).await.good();
    assert_eq!((&changed["kind"], &changed["rated_power_w"]), (&json!("pv"), &json!(4600)));
    assert_eq!(kat.send("DELETE", &path, &[], "").await.status, 204);
    kat.get(&path).await.problem(404);
}

#[tokio::test]
async fn anothers_device_is_not_found_whatever_is_done_to_it() {
    let server = Server::start().await;
    let (kat, tom) = (server.user("kat").await, server.user("tom").await);
    let path = kat.device("meter", "UTC").await;
    let unknown = "/api/v1/devices/0199c2a0-0000-7000-8000-000000000000";
    for (method, rest, body) in [
        ("GET", "", ""),
        ("PATCH", "", "{}"),
        ("DELETE", "", ""),
        ("GET", "/readings", ""),
        ("GET", "/readings?channel=import&from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z", ""),
        ("POST", "/readings", "[]"),
        ("POST", "/readings", "{"),
        ("POST", "/readings", READING),
        ("POST", "/readings?channel=none", READING),
        ("GET", "/completeness", ""),
    ] {
        let json_type = [("content-type", b"application/json".as_slice())];
        let theirs = tom.send(method, &format!("{path}{rest}"), &json_type, body).await.problem(404);
        let nobodys = tom.send(method, &format!("{unknown}{rest}"), &json_type, body).await.problem(404);
        let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        let detail = theirs["detail"].as_str().unwrap().replace(&id(&path), &id(unknown));
        assert_eq!(detail, nobodys["detail"], "{method} {rest}");
    }
    assert_eq!(tom.get("/api/v1/devices").await.good()["items"], json!([]));
    let kept = kat.get(&format!("{path}/readings")).await;
    assert_eq!(kept.good()["items"], json!([]), "nothing of theirs was stored");
}

const READING: &str =
    r#"{"channel":"import","start":"2026-03-01T00:00:00Z","end":"2026-03-01T00:15:00Z","energy_kwh":"1"}"#;

#[tokio::test]
async fn lists_come_in_pages() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    for _ in 0..5 {
        kat.device("meter", "UTC").await;
    }
    let mut seen = 0;
    let mut path = "/api/v1/devices?limit=2".to_owned();
    loop {
        let page = kat.get(&path).await.good();
        seen += page["items"].as_array().unwrap().len();
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/devices?limit=2&after={next}");
    }
    assert_eq!(seen, 5);
    kat.get("/api/v1/devices?limit=many").await.problem(422);
    kat.get("/api/v1/devices?after=me").await.problem(422);
}

#[tokio::test]
async fn a_wrong_value_is_named_with_its_place() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    for (body, pointer) in [
        (json!({"name": "", "kind": "meter"}), "/name"),
        (json!({"name": "a", "kind": "horse"}), "/kind"),
        (json!({"name": "a", "kind": "meter", "time_zone": "Madrid"}), "/time_zone"),
        (json!({"name": "a", "kind": "meter", "rated_power_w": -1}), "/rated_power_w"),
    ] {
        let problem = kat.post("/api/v1/devices", &body).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let json_type = [("content-type", b"application/json".as_slice())];
    let broken = kat.send("POST", "/api/v1/devices", &json_type, "{\n  \"name\": x}").await.problem(400);
    assert_eq!((&broken["errors"][0]["line"], &broken["errors"][0]["column"]), (&json!(2), &json!(11)));
    kat.send("POST", "/api/v1/devices", &[("content-type", b"text/plain")], "{}").await.problem(415);
    kat.send("PUT", "/api/v1/devices", &[], "").await.problem(405);
    kat.send("POST", "/api/v1/devices", &json_type, vec![b' '; 3 << 20]).await.problem(413);
}
