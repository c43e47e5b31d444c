//! Communities: import, sums, keys and the balance, and who may do what.

use serde_json::{Value, json};

use crate::harness::{Client, Server};

/// The hour of README.md: Ana generates 3 kWh and uses 1, her neighbours use 0.9 and 0.6.
const NOON: &str = "device,member,channel,start,end,energy_kwh,quality\n\
    roof,Ana,generation,2026-06-01T10:00:00Z,2026-06-01T11:00:00Z,3.0,measured\n\
    ana,Ana,consumption,2026-06-01T10:00:00Z,2026-06-01T11:00:00Z,1.0,measured\n\
    ben,Ben,consumption,2026-06-01T10:00:00Z,2026-06-01T11:00:00Z,0.9,measured\n\
    eva,Eva,consumption,2026-06-01T10:00:00Z,2026-06-01T11:00:00Z,0.6,measured\n";
const HOUR: &str = "from=2026-06-01T10:00:00Z&to=2026-06-01T11:00:00Z";

async fn noon(client: &Client) -> String {
    let path = client.community("Europe/Madrid").await;
    let done = client.csv(&format!("{path}/readings"), NOON).await.good();
    assert_eq!(
        done,
        json!({"devices_created": 4, "members_created": 3, "inserted": 4, "unchanged": 0, "superseded": 0})
    );
    path
}

#[tokio::test]
async fn an_import_makes_devices_and_members_and_is_balanced() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let path = noon(&ana).await;
    let balance = ana.get(&format!("{path}/balance?{HOUR}")).await.good();
    for (key, value) in [
        ("consumption_kwh", "2.500000"),
        ("generation_kwh", "3.000000"),
        ("self_consumed_kwh", "1.000000"),
        ("shared_kwh", "1.500000"),
        ("import_kwh", "0.000000"),
        ("export_kwh", "0.500000"),
        ("self_sufficiency", "1.000000"),
        ("completeness", "1.000000"),
        ("quality", "measured"),
    ] {
        assert_eq!(balance[key], value, "{key} of {balance}");
    }
    assert_eq!(balance["members"].as_array().unwrap().len(), 3);
    let total = ana.get(&format!("{path}/balance?{HOUR}&by=total")).await.good();
    assert_eq!(total["members"], json!([]));
    // The description of the balance has the keys that it has.
    let document = server.client().get("/openapi.json").await.good();
    for (schema, value) in [("Balance", &balance), ("MemberBalance", &balance["members"][0])] {
        let described = &document["components"]["schemas"][schema]["properties"];
        let keys = |value: &Value| {
            value.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(keys(described), keys(value), "{schema}");
    }

    let again = ana.csv(&format!("{path}/readings"), NOON).await.good();
    assert_eq!((&again["unchanged"], &again["inserted"]), (&json!(4), &json!(0)));
    let sums =
        ana.get(&format!("{path}/readings?from=2026-06-01&to=2026-06-02&channel=consumption")).await.good();
    assert_eq!(sums["items"][0]["energy_kwh"], "2.500000");
    assert_eq!(ana.get(&format!("{path}/devices")).await.good()["items"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_static_key_shares_as_agreed() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let path = noon(&ana).await;
    let members = ana.get(&format!("{path}/members")).await.good();
    let id = |name: &str| {
        let members = members["items"].as_array().unwrap();
        members.iter().find(|member| member["name"] == name).unwrap()["id"].clone()
    };
    ana.get(&format!("{path}/balance?{HOUR}&key=static")).await.problem(409);
    let share = |name: &str, share: &str| json!({"member_id": id(name), "share": share});
    let key = json!({"kind": "static", "valid_from": "2026-01-01",
                     "shares": [share("Ana", "0"), share("Ben", "0.25"), share("Eva", "0.75")]});
    ana.post(&format!("{path}/keys"), &key).await.good();
    let keys = ana.get(&format!("{path}/keys")).await.good();
    assert_eq!(keys["items"][0]["valid_from"], "2025-12-31T23:00:00Z");
    // Of 2 kWh of surplus Ben's quarter is 0.5 of the 0.9 that he needs, and Eva needs 0.6 of her 1.5.
    for query in ["", "&key=static"] {
        let balance = ana.get(&format!("{path}/balance?{HOUR}{query}")).await.good();
        assert_eq!(
            (&balance["shared_kwh"], &balance["import_kwh"]),
            (&json!("1.100000"), &json!("0.400000"))
        );
    }
    let proportional = ana.get(&format!("{path}/balance?{HOUR}&key=proportional")).await.good();
    assert_eq!(proportional["shared_kwh"], "1.500000");

    let broken = json!({"kind": "static", "shares": [share("Ana", "0.5"), share("Ben", "0.4")]});
    let problem = ana.post(&format!("{path}/keys"), &broken).await.problem(422);
    assert!(problem["detail"].as_str().unwrap().contains("1000000 ppm"), "{problem}");
    ana.get(&format!("{path}/balance?{HOUR}&key=fair")).await.problem(422);
    ana.get(&format!("{path}/balance?{HOUR}&resolution=raw")).await.problem(422);
    ana.get(&format!("{path}/balance")).await.problem(422);
}

#[tokio::test]
async fn a_member_sees_what_is_theirs_and_a_stranger_nothing() {
    let server = Server::start().await;
    let (ana, ben, tom) = (server.user("ana").await, server.user("ben").await, server.user("tom").await);
    let path = noon(&ana).await;
    let member = json!({"name": "Ben himself", "username": "ben"});
    let made = ana.post(&format!("{path}/members"), &member).await.good();
    assert_eq!(made["role"], "member");
    ana.post(&format!("{path}/members"), &member).await.problem(409);
    ana.post(&format!("{path}/members"), &json!({"name": "X", "username": "nobody"})).await.problem(404);

    let own = ben.device("load", "Europe/Madrid").await;
    let balance = ben.get(&format!("{path}/balance?{HOUR}")).await.good();
    assert_eq!((&balance["consumption_kwh"], &balance["members"]), (&json!("2.500000"), &json!([])));
    assert_eq!(ben.get(&format!("{path}/devices")).await.good()["items"], json!([]));
    assert_eq!(ben.get("/api/v1/communities").await.good()["items"].as_array().unwrap().len(), 1);
    ben.csv(&format!("{path}/readings"), NOON).await.problem(403);
    ben.post(&format!("{path}/members"), &json!({"name": "Y"})).await.problem(403);
    ben.post(&format!("{path}/keys"), &json!({"kind": "proportional"})).await.problem(403);
    let device = json!({"device_id": own.rsplit('/').next(), "member_id": made["id"]});
    ben.post(&format!("{path}/devices"), &device).await.problem(403);
    ana.post(&format!("{path}/devices"), &device).await.problem(404);

    for rest in [
        "",
        "/members",
        "/devices",
        "/keys",
        "/balance?from=2026-01-01&to=2026-01-02",
        "/readings?from=2026-01-01&to=2026-01-02",
    ] {
        tom.get(&format!("{path}{rest}")).await.problem(404);
    }
    tom.csv(&format!("{path}/readings"), NOON).await.problem(404);
    tom.get(&format!("/api/v1/charts/energy-day.svg?community={}", path.rsplit('/').next().unwrap()))
        .await
        .problem(404);
    assert_eq!(tom.get("/api/v1/communities").await.good()["items"], json!([]));
}

#[tokio::test]
async fn a_device_of_ones_own_joins_and_the_day_is_drawn() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let path = noon(&ana).await;
    let device = ana.device("load", "Europe/Madrid").await;
    let reading = json!({"channel": "consumption", "start": "2026-06-01T10:00:00Z", "end": "2026-06-01T11:00:00Z",
                         "energy_kwh": "0.5", "quality": "measured"});
    ana.post(&format!("{device}/readings"), &reading).await.good();
    let members = ana.get(&format!("{path}/members")).await.good();
    let ben = members["items"].as_array().unwrap().iter().find(|member| member["name"] == "Ben").unwrap();
    let join = json!({"device_id": device.rsplit('/').next(), "member_id": ben["id"]});
    ana.post(&format!("{path}/devices"), &join).await.good();
    let balance = ana.get(&format!("{path}/balance?{HOUR}")).await.good();
    assert_eq!(balance["consumption_kwh"], "3.000000");

    let id = path.rsplit('/').next().unwrap();
    let chart = ana
        .get(&format!("/api/v1/charts/energy-day.svg?community={id}&date=2026-06-01&lang=es&theme=dark"))
        .await;
    assert_eq!((chart.status.as_u16(), chart.header("content-type")), (200, "image/svg+xml; charset=utf-8"));
    assert!(chart.text().starts_with("<svg") && chart.text().contains("Energía"), "{}", chart.text());
    ana.get(&format!("/api/v1/charts/energy-day.svg?community={id}&date=today")).await.problem(422);
    ana.get(&format!("/api/v1/charts/energy-day.svg?community={id}&theme=pink")).await.problem(422);
    ana.get("/api/v1/charts/cake.svg").await.problem(404);
}

#[tokio::test]
async fn a_member_is_found_by_username_and_never_by_address() {
    let server = Server::start().await;
    let (ana, _ben) = (server.user("ana").await, server.user("ben").await);
    let members = format!("{}/members", ana.community("UTC").await);
    let named = |name: &str| json!({"name": format!("house of {}", name.trim()), "username": name});
    ana.post(&members, &named("ben@example.org")).await.problem(404);
    ana.post(&members, &named("nobody")).await.problem(404);
    assert_ne!(ana.post(&members, &named("BEN")).await.good()["user_id"], Value::Null);
}

#[tokio::test]
async fn a_balance_of_too_many_slots_is_refused_before_it_is_computed() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let path = noon(&ana).await;
    for query in
        ["from=2020-01-01&to=2026-12-01&resolution=15min", "from=2026-06-01&to=2026-06-04&resolution=1s"]
    {
        let problem = ana.get(&format!("{path}/balance?{query}")).await.problem(413);
        assert!(problem["detail"].as_str().unwrap().contains("200000"), "{problem}");
        assert!(problem["hint"].is_string(), "{problem}");
        assert_eq!(problem["errors"][0]["pointer"], "resolution", "{problem}");
    }
    ana.get(&format!("{path}/balance?from=2026-01-01&to=2026-12-01&resolution=15min")).await.good();
}
