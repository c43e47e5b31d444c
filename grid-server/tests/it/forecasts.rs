//! Forecasts over HTTP.

use std::fmt::Write as _;

use serde_json::json;

use crate::harness::Server;

/// Sixty days of hours that repeat every day, the evening higher than the morning.
fn days() -> Vec<f64> {
    (0..24 * 60).map(|hour| 1.0 + f64::from(hour % 24) / 10.0).collect()
}

#[tokio::test]
async fn a_series_that_repeats_is_forecast_to_repeat() {
    let server = Server::start().await;
    let (ana, tom) = (server.user("ana").await, server.user("tom").await);
    let question = json!({"series": {"start": "2026-01-01T00:00:00Z", "values": days()}, "horizon_hours": 24,
                          "levels": [50, 80], "model": "seasonal_naive"});
    let made = ana.post("/api/v1/forecasts", &question).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let forecast = made.json();
    let points = forecast["points"].as_array().unwrap();
    assert_eq!((points.len(), &forecast["model"]), (24, &json!("seasonal_naive")));
    assert_eq!(points[0]["start"], "2026-03-02T00:00:00Z");
    for key in ["mean", "q10", "q25", "q50", "q75", "q90"] {
        assert!((points[5][key].as_f64().unwrap() - 1.5).abs() < 1e-9, "{key} of {}", points[5]);
    }
    assert_eq!(forecast["evidence"]["origins"], 7);
    assert_eq!(forecast["evidence"]["mae"], 0.0);
    assert_eq!(
        forecast["evidence"]["mase"],
        json!(null),
        "every day is as the one before: nothing to divide by"
    );
    let path = made.header("location").to_owned();
    assert_eq!(ana.get(&path).await.good(), forecast);
    tom.get(&path).await.problem(404);
    let id = &forecast["id"].as_str().unwrap();
    let chart = ana.get(&format!("/api/v1/charts/forecast.svg?forecast={id}")).await;
    assert!(chart.status == 200 && chart.text().starts_with("<svg"), "{}", chart.text());
    tom.get(&format!("/api/v1/charts/forecast.svg?forecast={id}")).await.problem(404);
    assert_eq!(ana.get("/api/v1/forecasts").await.good()["items"][0]["id"], **id);
}

#[tokio::test]
async fn a_device_is_forecast_on_its_own_clock() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let device = ana.device("load", "Europe/Madrid").await;
    let mut table = String::from("channel,start,end,energy_kwh\n");
    for (hour, kwh) in days().iter().enumerate() {
        let at = |hour: usize| {
            jiff::Timestamp::from_second(1_767_222_000 + i64::try_from(hour).unwrap() * 3600).unwrap()
        };
        writeln!(table, "consumption,{},{},{kwh:.3}", at(hour), at(hour + 1)).unwrap();
    }
    ana.csv(&format!("{device}/readings"), table).await.good();
    let question = json!({"device": device.rsplit('/').next(), "horizon_hours": 48});
    let forecast = ana.post("/api/v1/forecasts", &question).await.good();
    assert_eq!(forecast["points"].as_array().unwrap().len(), 48);
    assert_eq!(forecast["time_zone"], "Europe/Madrid");
    assert_eq!(forecast["model"], "ridge");
    // Every day is as the one before, so that there is no change to divide an error by.
    assert_eq!(forecast["evidence"]["mase"], json!(null));
    assert!(forecast["evidence"]["mae"].as_f64().unwrap() < 1e-3, "{}", forecast["evidence"]);
    assert_eq!(forecast["evidence"]["scored"], 7 * 24);
}

#[tokio::test]
async fn repeating_yesterday_scores_one_where_every_day_grows_by_one() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let values: Vec<f64> = (0..24 * 10).map(|hour| f64::from(hour / 24)).collect();
    let question =
        json!({"series": {"start": "2026-01-01T00:00:00Z", "values": values}, "model": "seasonal_naive"});
    let evidence = &ana.post("/api/v1/forecasts", &question).await.good()["evidence"];
    assert_eq!((&evidence["mae"], &evidence["mase"]), (&json!(1.0), &json!(1.0)));
}

#[tokio::test]
async fn a_device_is_forecast_where_the_clock_changes_by_half_an_hour() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let device = ana.device("load", "Australia/Lord_Howe").await;
    let mut table = String::from("channel,start,end,energy_kwh\n");
    // Ten days of half hours from midnight of 30 September 2026; the clock changes on 4 October.
    for half in 0..480 {
        let at = |half: i64| jiff::Timestamp::from_second(1_790_688_600 + half * 1800).unwrap();
        writeln!(table, "consumption,{},{},0.5", at(half), at(half + 1)).unwrap();
    }
    ana.csv(&format!("{device}/readings"), table).await.good();
    let forecast = ana.post("/api/v1/forecasts", &json!({"device": device.rsplit('/').next()})).await.good();
    assert_eq!(forecast["points"].as_array().unwrap().len(), 24);
}

#[tokio::test]
async fn what_cannot_be_forecast_is_named() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let series = |values: Vec<f64>| json!({"start": "2026-01-01T00:00:00Z", "values": values});
    let device = ana.device("load", "UTC").await;
    let device = device.rsplit('/').next();
    for (question, status) in [
        (json!({}), 422),
        (json!({"series": series(days()), "model": "oracle"}), 422),
        (json!({"series": series(days()), "levels": [100]}), 422),
        (json!({"series": series(days()), "horizon_hours": 0}), 422),
        (json!({"series": series(days()), "resolution": "day"}), 422),
        (json!({"series": series(vec![1.0])}), 422),
        (json!({"series": {"start": "soon", "values": []}}), 422),
        (json!({"device": device}), 404),
        (json!({"device": "0199c2a0-0000-7000-8000-000000000000"}), 404),
    ] {
        ana.post("/api/v1/forecasts", &question).await.problem(status);
    }
}
