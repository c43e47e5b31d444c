//! Forecasts over HTTP.

use std::{fmt::Write as _, time::Duration};

use grid_core::auth::{Scopes, SharedSecret, Subject};
use grid_server::serve::Content;
use jiff::Timestamp;
use serde_json::json;

use crate::harness::{Client, Server, folder};

/// Sixty days of hours that repeat every day, the evening higher than the morning.
fn days() -> Vec<f64> {
    (0..24 * 60).map(|hour| 1.0 + f64::from(hour % 24) / 10.0).collect()
}

#[tokio::test]
async fn s106_a_series_that_repeats_is_forecast_to_repeat() {
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
    assert_eq!(forecast["model"], "auto");
    let inputs = &forecast["inputs"];
    assert_eq!(
        (&inputs["slots"], &inputs["missing"], &inputs["model"]),
        (&json!(1440), &json!(0), &json!("auto"))
    );
    assert_eq!(inputs["from"], "2025-12-31T23:00:00Z");
    assert_eq!(forecast["version"]["format"], 2);
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
        (json!({"series": series(vec![])}), 422),
        (json!({"series": series(vec![1.0]), "model": "ridge"}), 422),
        (json!({"series": {"start": "soon", "values": []}}), 422),
        (json!({"device": device}), 404),
        (json!({"device": "0199c2a0-0000-7000-8000-000000000000"}), 404),
    ] {
        ana.post("/api/v1/forecasts", &question).await.problem(status);
    }
}

/// Ten days of hours of a device, from midnight UTC of 1 January 2026, and how many kWh each day's hours have.
async fn ten_days(ana: &Client, kwh: impl Fn(i64) -> Option<f64>) -> String {
    let device = ana.device("load", "UTC").await;
    send(ana, &device, 0..240, kwh).await;
    device
}

async fn send(ana: &Client, device: &str, hours: std::ops::Range<i64>, kwh: impl Fn(i64) -> Option<f64>) {
    let mut table = String::from("channel,start,end,energy_kwh\n");
    for hour in hours {
        let at = |hour: i64| jiff::Timestamp::from_second(1_767_225_600 + hour * 3600).unwrap();
        if let Some(kwh) = kwh(hour) {
            writeln!(table, "consumption,{},{},{kwh:.3}", at(hour), at(hour + 1)).unwrap();
        }
    }
    ana.csv(&format!("{device}/readings"), table).await.good();
}

#[tokio::test]
async fn a_stored_forecast_is_compared_with_what_came_since() {
    let server = Server::start().await;
    let (ana, tom) = (server.user("ana").await, server.user("tom").await);
    let device = ten_days(&ana, |hour| Some(if hour % 24 < 12 { 1.0 } else { 2.0 })).await;
    let question = json!({"device": device.rsplit('/').next(), "model": "seasonal_naive", "levels": [80]});
    let made = ana.post("/api/v1/forecasts", &question).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let path = format!("{}/accuracy", made.header("location"));
    let nothing = ana.get(&path).await.good();
    assert_eq!(
        (&nothing["scored"], &nothing["missing"], &nothing["mae"]),
        (&json!(0), &json!(24), &json!(null))
    );
    // Half a kWh more than yesterday in each of the first twelve hours but one, which is missing.
    send(&ana, &device, 240..252, |hour| (hour != 245).then_some(1.5)).await;
    let found = ana.get(&path).await.good();
    assert_eq!((&found["scored"], &found["missing"], &found["mae"]), (&json!(11), &json!(13), &json!(0.5)));
    assert_eq!(found["skill"], 0.0, "the forecast is the day before");
    // Every day was as the one before, so the interval has no width, and nothing that came lies in it.
    assert_eq!(found["coverage"], json!([{"level": 80, "share": 0.0}]));
    assert_eq!((&found["points"][0]["actual"], &found["points"][5]["actual"]), (&json!(1.5), &json!(null)));
    assert_eq!(found["points"][0]["mean"], 1.0);
    tom.get(&path).await.problem(404);
}

#[tokio::test]
async fn of_a_series_nothing_more_is_known() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let question = json!({"series": {"start": "2026-01-01T00:00:00Z", "values": days()}});
    let made = ana.post("/api/v1/forecasts", &question).await;
    ana.get(&format!("{}/accuracy", made.header("location"))).await.problem(409);
}

#[tokio::test]
async fn what_is_not_to_be_stored_is_answered_alone() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let question = json!({"series": {"start": "2026-01-01T00:00:00Z", "values": days()}});
    let answered = ana.post("/api/v1/forecasts?store=false", &question).await;
    assert_eq!((answered.status.as_u16(), answered.header("location")), (200, ""), "{}", answered.text());
    assert_eq!(answered.json()["id"], json!(null));
    assert_eq!(ana.get("/api/v1/forecasts").await.good()["items"], json!([]));
}

#[tokio::test]
async fn s44_s67_a_series_is_forecast_while_no_database_can_be_reached() {
    const SECRET: &str = "thirty-two bytes that nobody guesses";
    // Nothing listens on port 1.
    let arguments =
        ["--database-url", "postgres://grid:hidden@127.0.0.1:1/grid", "--jwt-hs256-secret", SECRET];
    let server = Server::begin(folder(), &arguments, Content::AsItIs).await;
    let token = |secret: &str, scope: Scopes, issued: Timestamp| {
        let kat =
            Subject { user_id: uuid::Uuid::from_u128(7), username: "kat".into(), scope, session_id: None };
        let secret = SharedSecret::new(secret.as_bytes()).unwrap();
        secret.issue(&kat, Duration::from_mins(15), issued).unwrap().token
    };
    #[expect(clippy::disallowed_methods, reason = "the server goes by the machine's clock")]
    let now = Timestamp::now();
    let question =
        json!({"series": {"start": "2026-01-01T00:00:00Z", "values": days()}, "model": "seasonal_naive"});
    let path = "/api/v1/forecasts?store=false";
    let kat = server.client().with_token(&token(SECRET, Scopes::of_user(), now));
    let answered = kat.post(path, &question).await;
    assert_eq!(answered.status, 200, "{}", answered.text());
    assert_eq!(answered.json()["points"].as_array().unwrap().len(), 24);
    let day: Vec<f64> = vec![0.25; 47];
    assert_eq!(
        kat.post("/predict/com", &json!(day)).await.good()["prediction"].as_array().unwrap().len(),
        48
    );
    // What is stored, or read from what is stored, is refused, and the refusal says what would do.
    let refused = kat.post("/api/v1/forecasts", &question).await.problem(503);
    assert!(refused["hint"].as_str().unwrap().contains("store=false"), "{refused}");
    assert!(!refused.to_string().contains("hidden"), "{refused}");
    kat.post(path, &json!({"device": uuid::Uuid::from_u128(1)})).await.problem(503);
    kat.get("/api/v1/forecasts").await.problem(503);
    // And so is who shows no good token.
    let reader = Scopes::of_user().iter().filter(|scope| scope.as_str() == Scopes::READ).cloned().collect();
    let old = now - jiff::SignedDuration::from_hours(1);
    for (token, status) in [
        (token("another secret of thirty-two bytes", Scopes::of_user(), now), 401),
        (token(SECRET, Scopes::of_user(), old), 401),
        (token(SECRET, reader, now), 403),
        ("garbage".to_owned(), 503),
        ("gridkey_0123456789".to_owned(), 503),
    ] {
        let answer = server.client().with_token(&token).post(path, &question).await;
        answer.problem(status);
    }
    server.client().post(path, &question).await.problem(401);
    server.stop().await;
}
