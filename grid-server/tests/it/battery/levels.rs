//! The battery service of the old system: its paths, field names and number types (CONTRACT 1.3); its faults are in `old_faults`.

use std::fmt::Write as _;

use serde_json::json;

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
async fn s34_a_level_is_kept_per_user_and_shown_under_all_four_paths() {
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

/// What the service before took: a form's numbers are text, and a field that it did not know was passed over.
#[tokio::test]
async fn a_status_may_come_as_text_and_with_more_fields() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let status = json!({"energy_available_kW": "4.5", "battery_capacity_kW": " 10 ", "timestamp": "now"});
    ana.post("/battery/status", &status).await.good();
    assert_eq!(ana.get("/battery/current").await.good()["battery_level"], 45.0);
}

#[tokio::test]
async fn a_history_reaches_back_as_far_as_is_asked_and_comes_whole_or_in_pages() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    ana.csv("/battery/load", table(&[30, 5, 2])).await.good();
    for (delta, rows) in [("1h", 0), ("3h", 1), ("12h", 2), ("1d", 2), ("3d", 3), ("7d", 3), ("180m", 1)] {
        let history = ana.get(&format!("/battery/history?delta={delta}")).await.good();
        let history = history.as_array().unwrap();
        assert_eq!(history.len(), rows, "{delta}");
        assert!(history.iter().all(|row| row["energy_available_kW"] == 5.0 && row["battery_level"] == 50.0));
        assert!(history.is_sorted_by_key(|row| row["timestamp"].as_str().unwrap().to_owned()), "{delta}");
    }
    // A page at a time, by the addresses that are told.
    for base in ["/battery/history", "/api/v1/battery/history"] {
        let whole = ana.get(&format!("{base}?delta=7d")).await;
        assert_eq!(whole.header("link"), "");
        let mut rows = Vec::new();
        let mut query = "?delta=7d&limit=1".to_owned();
        while !query.is_empty() {
            let page = ana.get(&format!("{base}{query}")).await;
            let link = page.header("link").to_owned();
            query = link.strip_prefix('<').map_or(String::new(), |link| {
                link.strip_suffix(">; rel=\"next\"").expect("the next page").to_owned()
            });
            let page = page.good();
            assert_eq!(page.as_array().unwrap().len(), 1, "{page}");
            rows.extend(page.as_array().unwrap().clone());
        }
        assert_eq!(rows, *whole.good().as_array().unwrap());
        assert_eq!(ana.get(&format!("{base}?delta=3d&limit=3")).await.header("link"), "");
        for wrong in ["limit=0", "limit=100001", "after=yesterday"] {
            ana.get(&format!("{base}?{wrong}")).await.problem(422);
        }
    }
    // Local times are those of the zone that is told.
    let local = "Timestamp,Battery_Level,Battery_Capacity_kW\n2030-01-01 00:00:00,40,10\n";
    ana.csv("/battery/load?time_zone=America/Bogota", local).await.good();
    assert_eq!(ana.get("/battery/current").await.good()["timestamp"], "2030-01-01T05:00:00Z");
}
