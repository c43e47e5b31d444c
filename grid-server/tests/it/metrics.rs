//! The server's figures, who may read them, and what reads them.

use std::{collections::BTreeMap, path::Path};

use grid_server::serve::Content;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Server};

/// The samples of a page, by name and labels as they stand; every line is checked on the way.
fn samples(answer: &Answer) -> BTreeMap<String, f64> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let mut types: BTreeMap<String, String> = BTreeMap::new();
    let mut samples = BTreeMap::new();
    for line in answer.text().lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} twice");
            continue;
        }
        if line.starts_with("# HELP ") {
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let name = series.split('{').next().unwrap();
        let family = types.keys().find(|family| {
            let rest = name.strip_prefix(family.as_str());
            rest == Some("") || rest.is_some_and(|rest| ["_bucket", "_sum", "_count"].contains(&rest))
        });
        assert!(family.is_some(), "{line} has no type");
        assert!(samples.insert(series.to_owned(), value.parse().unwrap()).is_none(), "{series} twice");
    }
    samples
}

/// What a server counts, by name and labels.
pub(crate) async fn figures(client: &Client) -> BTreeMap<String, f64> {
    samples(&client.get("/metrics").await)
}

#[tokio::test]
async fn s138_what_happened_is_counted_by_route_and_not_by_path() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let device = ana.device("meter", "UTC").await;
    let hours = "start,end,energy_kwh\n2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,1\n2026-01-01T01:00:00Z,2026-01-01T02:00:00Z,2\n";
    for _ in 0..2 {
        ana.csv(&format!("{device}/readings?channel=import"), hours).await.good();
    }
    let days: Vec<u32> = (0..24 * 30).map(|hour| hour % 24).collect();
    let series =
        json!({"series": {"start": "2026-01-01T00:00:00Z", "values": days}, "model": "seasonal_naive"});
    assert!(ana.post("/api/v1/forecasts", &series).await.status.is_success());
    for path in ["/nowhere/at/all", "/nowhere/else"] {
        ana.get(path).await.problem(404);
    }
    let client = server.client();
    figures(&client).await;
    let found = figures(&client).await;
    let is = |series: &str, value: f64| {
        assert_eq!(found.get(series), Some(&value), "{series} in {found:#?}");
    };
    let readings = r#"route="/api/v1/devices/{id}/readings",method="POST""#;
    is(&format!("grid_http_requests_total{{{readings},status=\"200\"}}"), 2.0);
    is(&format!("grid_http_request_duration_seconds_count{{{readings}}}"), 2.0);
    is(&format!("grid_http_request_duration_seconds_bucket{{{readings},le=\"+Inf\"}}"), 2.0);
    is(r#"grid_http_requests_total{route="none",method="GET",status="404"}"#, 2.0);
    is(r#"grid_http_requests_total{route="/metrics",method="GET",status="200"}"#, 1.0);
    is(r#"grid_readings_ingested_total{outcome="inserted"}"#, 2.0);
    is(r#"grid_readings_ingested_total{outcome="unchanged"}"#, 2.0);
    is("grid_forecast_duration_seconds_count", 1.0);
    is("grid_database_up", 1.0);
    // The request that asks is one.
    is("grid_http_requests_in_flight", 1.0);
    is(r#"grid_work_waiting{work="passwords"}"#, 0.0);
    assert!(!found.keys().any(|series| series.contains("nowhere") || series.contains(&device)), "{found:#?}");
    let open = found[r#"grid_database_connections{state="idle"}"#]
        + found[r#"grid_database_connections{state="in_use"}"#];
    assert!((1.0..=found["grid_database_connections_max"]).contains(&open), "{found:#?}");
    if cfg!(target_os = "linux") {
        assert!(found["process_resident_memory_bytes"] > 1e6 && found["process_open_fds"] > 3.0);
    }
}

#[tokio::test]
async fn s55_s93_without_a_database_the_figures_say_so() {
    let arguments = ["--database-url", "postgres://grid:secret@127.0.0.1:1/grid"];
    let server = Server::begin(crate::harness::folder(), &arguments, Content::AsItIs).await;
    assert!(figures(&server.client()).await["grid_database_up"] < 0.5);
    // Why is known once it was tried.
    let database = loop {
        let ready = server.client().get("/readyz").await;
        assert_eq!(ready.status, 503);
        let database = ready.json()["dependencies"]["database"].clone();
        assert_eq!(database["status"], "not reached yet");
        if database["latency_ms"].is_f64() {
            break database;
        }
        assert!(database["reason"].as_str().unwrap().contains("not been reached"), "{database}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(database["reason"], "nothing listens there");
}

#[tokio::test]
async fn the_figures_are_for_this_machine_unless_it_is_said_otherwise() {
    let local = Server::start().await;
    assert_eq!(local.client().get("/metrics").await.status, 200);
    // A proxy on the same machine passes on the requests of anybody.
    for header in ["x-forwarded-for", "forwarded", "via"] {
        let answer = local.client().send("GET", "/metrics", &[(header, b"203.0.113.1")], "").await;
        assert!(answer.problem(403)["hint"].as_str().unwrap().contains("GRID_METRICS"), "{header}");
    }
    let behind = Server::with(&["--proxies", "1"], Content::AsItIs).await;
    behind.client().get("/metrics").await.problem(403);
    let off = Server::with(&["--metrics", "off"], Content::AsItIs).await;
    off.client().get("/metrics").await.problem(404);
    let open = Server::with(&["--metrics", "open"], Content::AsItIs).await;
    let answer = open.client().send("GET", "/metrics", &[("x-forwarded-for", b"203.0.113.1")], "").await;
    assert_eq!(answer.status, 200);
    let with_token = ["--metrics", "token", "--metrics-token", " a token for the figures "];
    let token = Server::with(&with_token, Content::AsItIs).await;
    let refused = token.client().get("/metrics").await;
    refused.problem(401);
    assert!(refused.header("www-authenticate").starts_with("Bearer"), "{refused:?}");
    token.client().with_token("a token for the figurez").get("/metrics").await.problem(401);
    token.user("ana").await.get("/metrics").await.problem(401);
    assert_eq!(token.client().with_token("a token for the figures").get("/metrics").await.status, 200);
}

/// The names in the samples of `deploy/` are names that the server tells.
#[tokio::test]
async fn s125_the_dashboard_and_the_alerts_ask_for_figures_that_there_are() {
    let server = Server::start().await;
    let told: Vec<String> = figures(&server.client()).await.into_keys().collect();
    let told = [told, figures(&server.client()).await.into_keys().collect()].concat();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
    let dashboard = std::fs::read_to_string(folder.join("grafana-dashboard.json")).unwrap();
    let parsed: Value = serde_json::from_str(&dashboard).unwrap();
    assert!(parsed["panels"].as_array().unwrap().len() >= 8);
    let alerts = std::fs::read_to_string(folder.join("prometheus-alerts.yaml")).unwrap();
    for (file, text) in [("the dashboard", dashboard), ("the alerts", alerts)] {
        let word = |character: char| !(character.is_ascii_alphanumeric() || character == '_');
        let names: Vec<_> = text
            .split(word)
            .filter(|name| name.starts_with("grid_") || name.starts_with("process_"))
            .collect();
        assert!(names.len() >= 8, "{file} asks for hardly anything");
        for name in names {
            let is_told = told.iter().any(|series| series.split('{').next() == Some(name));
            assert!(is_told, "{file} asks for `{name}`");
        }
    }
}
