//! The battery service of the old system: its paths, field names and number types (CONTRACT 1.3), without its faults.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{FORM, form};
use crate::harness::Server;

const BASES: [&str; 4] = ["/battery", "/api/v1/battery", "/battery", "/api/v1/battery"];

/// Rows of the last hours, so that a history has them.
fn table(hours_ago: &[i64]) -> String {
    let mut text = String::from("Timestamp,Battery_Level,Battery_Capacity_kW,Energy_Available_kW\n");
    for hours in hours_ago {
        writeln!(text, "{},50,10,", at(*hours).strftime("%Y-%m-%d %H:%M:%S")).unwrap();
    }
    text
}

#[expect(clippy::disallowed_methods, reason = "a history is told from now on")]
fn at(hours_ago: i64) -> jiff::Timestamp {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second() - hours_ago * 3600 - 60).unwrap()
}

#[tokio::test]
async fn a_level_is_kept_per_user_and_shown_under_all_four_paths() {
    let server = Server::start().await;
    let (ana, tom) = (server.user("ana").await, server.user("tom").await);
    for (place, base) in BASES.into_iter().enumerate() {
        let slash = if place > 1 { "/" } else { "" };
        let nothing = tom.get(&format!("{base}/current{slash}")).await.good();
        assert_eq!(nothing, json!({"message": "No data available"}));
        let status = json!({"energy_available_kW": 4.2, "battery_capacity_kW": 10});
        let kept = ana.post(&format!("{base}/status{slash}"), &status).await.good();
        assert!(kept["message"].is_string() && kept.as_object().unwrap().len() == 1, "{kept}");
        let now = ana.get(&format!("{base}/current{slash}")).await.good();
        let expected = [("battery_level", 42.0), ("battery_capacity_kW", 10.0), ("energy_available_kW", 4.2)];
        for (name, number) in expected {
            assert_eq!(now[name], json!(number), "{now}");
        }
        assert!(now["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{now}");
        let history = ana.get(&format!("{base}/history{slash}?delta=1h")).await.good();
        assert_eq!(history.as_array().unwrap().len(), place + 1);
        assert_eq!(history[place], now);
        assert_eq!(tom.get(&format!("{base}/history{slash}?delta=7d")).await.good(), json!([]));
    }
    for path in ["/battery/current", "/battery/history", "/api/v1/battery/current"] {
        server.client().get(path).await.problem(401);
    }
    server.client().post("/battery/status", &json!({})).await.problem(401);
    server.client().csv("/battery/load", "").await.problem(401);
}

/// Fault D1: errors were answered 200 with an `error`.
#[tokio::test]
async fn what_cannot_be_is_refused_and_not_kept() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    for (status, word) in [
        (json!({"energy_available_kW": 11, "battery_capacity_kW": 10}), "energy_available_kW"),
        (json!({"energy_available_kW": -1, "battery_capacity_kW": 10}), "energy_available_kW"),
        (json!({"energy_available_kW": 1, "battery_capacity_kW": 0}), "battery_capacity_kW"),
        (json!({"energy_available_kW": 1, "battery_capacity_kW": 1e300}), "battery_capacity_kW"),
        (json!({"energy_available_kW": 1}), "battery_capacity_kW"),
        (json!({"energy_available_kW": "full", "battery_capacity_kW": 10}), "invalid float"),
        (json!({"energy_available_kW": true, "battery_capacity_kW": 10}), "energy_available_kW"),
    ] {
        let problem = ana.post("/battery/status", &status).await.problem(422);
        assert!(problem.to_string().contains(word), "{status}: {problem}");
    }
    for delta in ["1w", "0h", "-1d", "x", ""] {
        let problem = ana.get(&format!("/battery/history?delta={delta}")).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], "delta", "{delta}: {problem}");
    }
    let header = "Timestamp,Battery_Level,Battery_Capacity_kW\n";
    for (file, line, word) in [
        (String::new(), None, "empty"),
        ("Timestamp,Battery_Level\n2026-01-01,5\n".to_owned(), Some(1), "Battery_Capacity_kW"),
        (header.to_owned(), Some(2), "rows"),
        (format!("{header}2026-01-01,50,10\n2026-01-02,101,10\n"), Some(3), "101"),
        (format!("{header}2026-01-01,50,10\nyesterday,10,10\n"), Some(3), "yesterday"),
    ] {
        let problem = ana.csv("/battery/load", file.clone()).await.problem(422);
        assert!(problem.to_string().contains(word), "{file}: {problem}");
        assert_eq!(problem["errors"][0]["line"], line.map_or(Value::Null, Value::from), "{file}: {problem}");
    }
    ana.csv("/battery/load?time_zone=Mars", table(&[1])).await.problem(422);
    assert_eq!(ana.get("/battery/current").await.good(), json!({"message": "No data available"}));
    // A page that loads nothing sends no body, or an empty one of JSON.
    for body in ["", "{}", "null"] {
        let answer = ana.send("POST", "/battery/load", &[("content-type", b"application/json")], body).await;
        assert_eq!(answer.good()["message"], "No file was sent, so nothing was loaded", "{body}");
    }
}

/// What the service before took: a form's numbers are text, and a field that it did not know was passed over.
#[tokio::test]
async fn a_status_may_come_as_text_and_with_more_fields() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let status = json!({"energy_available_kW": "4.5", "battery_capacity_kW": " 10 ", "timestamp": "now"});
    ana.post("/battery/status", &status).await.good();
    assert_eq!(ana.get("/battery/current").await.good()["battery_level"], 45.0);
}

/// Fault D2: each call appended the whole file again, and the page called at every change of its range.
#[tokio::test]
async fn loading_the_same_rows_again_makes_no_duplicates() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let file = table(&[30, 5, 2]);
    let loaded = ana.csv("/battery/load", file.clone()).await.good();
    assert_eq!(loaded["message"], "Battery data loaded: 3 rows, 3 of them new");
    for path in ["/battery/load", "/api/v1/battery/load", "/battery/load/"] {
        let again = ana.csv(path, file.clone()).await.good();
        assert_eq!(again["message"], "Battery data loaded: 3 rows, 0 of them new", "{path}");
        let again = ana.send("POST", path, &FORM, form("battery_data.csv", &file)).await.good();
        assert_eq!(again["message"], "Battery data loaded: 3 rows, 0 of them new", "{path}");
        // What the old page does: it asks for the file that lay on the server.
        let asked = ana.send("POST", path, &[], "").await.good();
        assert_eq!(asked["message"], "No file was sent, so nothing was loaded");
    }
    for (delta, rows) in [("1h", 0), ("3h", 1), ("12h", 2), ("1d", 2), ("3d", 3), ("7d", 3), ("180m", 1)] {
        let history = ana.get(&format!("/battery/history?delta={delta}")).await.good();
        let history = history.as_array().unwrap();
        assert_eq!(history.len(), rows, "{delta}");
        assert!(history.iter().all(|row| row["energy_available_kW"] == 5.0 && row["battery_level"] == 50.0));
        assert!(history.is_sorted_by_key(|row| row["timestamp"].as_str().unwrap().to_owned()), "{delta}");
    }
    // Local times are those of the zone that is told.
    let local = "Timestamp,Battery_Level,Battery_Capacity_kW\n2030-01-01 00:00:00,40,10\n";
    ana.csv("/battery/load?time_zone=America/Bogota", local).await.good();
    assert_eq!(ana.get("/battery/current").await.good()["timestamp"], "2030-01-01T05:00:00Z");
}

/// Fault D3: what is an energy was labelled kW; the names stay, and the description says the unit.
#[tokio::test]
async fn the_description_says_that_energies_are_in_kwh() {
    let server = Server::start().await;
    let document = server.client().get("/openapi.json").await.good();
    for path in ["/battery/status", "/battery/current", "/battery/history", "/battery/load"] {
        for base in ["", "/api/v1"] {
            assert!(document["paths"][format!("{base}{path}")].is_object(), "{base}{path}");
        }
    }
    for field in ["battery_capacity_kW", "energy_available_kW"] {
        let described = &document["components"]["schemas"]["BatteryLevel"]["properties"][field];
        assert!(described["description"].as_str().unwrap().contains("kWh"), "{described}");
        assert_eq!(described["type"], "number");
    }
}
