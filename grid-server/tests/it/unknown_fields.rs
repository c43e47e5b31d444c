//! A field that a request does not have is a mistake of the client's, and is told; only logging in passes it over.

use serde_json::json;

use crate::harness::Server;

#[tokio::test]
async fn a_field_that_is_not_known_is_refused_by_its_name() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let (device, community) = (ana.device("meter", "UTC").await, ana.community("UTC").await);
    let members = format!("{community}/members");
    let id = ana.get(&members).await.good()["items"][0]["id"].clone();
    let device_id = device.rsplit('/').next().unwrap();
    let share = json!({"member_id": id, "share": "1", "weight": 2});
    for (method, path, body, field) in [
        ("POST", "/api/v1/devices", json!({"name": "a", "kind": "meter", "timezone": "UTC"}), "timezone"),
        ("PATCH", &device, json!({"nmae": "b"}), "nmae"),
        ("POST", "/api/v1/communities", json!({"name": "a", "time_zone": "UTC", "zone": "UTC"}), "zone"),
        ("POST", &members, json!({"name": "b", "user": "ben"}), "user"),
        (
            "POST",
            &format!("{community}/devices"),
            json!({"device_id": device_id, "member_id": id, "member": "ana"}),
            "member",
        ),
        (
            "PATCH",
            &format!("{community}/devices/{device_id}"),
            json!({"member_id": id, "until": "2026-01-01"}),
            "until",
        ),
        ("POST", &format!("{community}/keys"), json!({"kind": "proportional", "from": "2026-01-01"}), "from"),
        ("POST", &format!("{community}/keys"), json!({"kind": "static", "shares": [share]}), "weight"),
    ] {
        let answer = ana.send(method, path, &[("content-type", b"application/json")], body.to_string()).await;
        let problem = answer.problem(422);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("unknown field `{field}`")), "{path}: {problem}");
        assert!(problem["hint"].as_str().unwrap().contains("/docs"), "{path}: {problem}");
        assert_eq!(problem["errors"][0]["line"], 1, "{path}: {problem}");
    }
    // Nothing of it was done.
    assert_eq!(ana.get(&device).await.good()["name"], "a meter");
    assert_eq!(ana.get(&members).await.good()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn who_registers_or_logs_in_may_send_more_than_is_read() {
    let server = Server::start().await;
    let mut person =
        json!({"username": "kat", "email": "kat@example.org", "password": "correct horse", "role": "x"});
    let client = server.client();
    assert_eq!(client.post("/api/v1/auth/register", &person).await.status, 201);
    person["remember"] = true.into();
    for path in ["/login", "/api/v1/auth/login"] {
        client.post(path, &person).await.good();
    }
}
