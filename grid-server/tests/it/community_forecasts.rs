//! Forecasts of a community and its members, which add up; regressors, explanations and backtests of a series.

use std::fmt::Write as _;

use grid_server::serve::Content;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::harness::{Client, Server};

const START: i64 = 1_767_222_000; // local midnight of 1 January 2026 in Madrid

/// A community of Mia and Tom, operated by Olga, with three weeks of hours of both.
async fn community(olga: &Client) -> String {
    let community = olga.community("Europe/Madrid").await;
    for (name, username) in [("Mia", "mia"), ("Tom", "tom")] {
        olga.post(&format!("{community}/members"), &json!({"name": name, "username": username})).await.good();
    }
    let mut table = String::from("device,member,channel,start,end,energy_kwh\n");
    for hour in 0..24 * 21 {
        let at = |hour: i64| Timestamp::from_second(START + hour * 3600).unwrap();
        for (member, size) in [("Mia", 1.0), ("Tom", 1.0 / 3.0)] {
            let kwh = size * f64::from(u8::try_from(1 + (hour % 24) / 4 + hour % 5).unwrap());
            let (start, end) = (at(hour), at(hour + 1));
            writeln!(table, "{member}'s meter,{member},consumption,{start},{end},{kwh:.6}").unwrap();
        }
    }
    olga.csv(&format!("{community}/readings"), table).await.good();
    community
}

/// The micro-kWh of each point.
fn amounts(points: &Value) -> Vec<i64> {
    let amount = |point: &Value| point["energy_kwh"].as_str().unwrap().replace('.', "").parse().unwrap();
    points.as_array().unwrap().iter().map(amount).collect()
}

#[tokio::test]
async fn members_add_up_to_their_community_by_every_method() {
    let server = Server::start().await;
    let (olga, mia, _tom) = (server.user("olga").await, server.user("mia").await, server.user("tom").await);
    let community = community(&olga).await;
    let path = format!("{community}/forecasts");
    for method in ["top_down", "bottom_up", "min_trace"] {
        let question =
            json!({"horizon_hours": 30, "levels": [80], "method": method, "model": "weekday_mean"});
        let answer = olga.post(&path, &question).await.good();
        assert_eq!((&answer["method"], &answer["model"]), (&json!(method), &json!("weekday_mean")));
        let whole = amounts(&answer["points"]);
        assert_eq!(whole.len(), 30);
        assert_eq!(answer["points"][0]["start"], "2026-01-21T23:00:00Z");
        assert!(answer["points"][0]["q10"].is_f64() && answer["points"][0].get("q25").is_none(), "{answer}");
        let members = answer["members"].as_array().unwrap();
        assert_eq!((members.len(), &answer["left_out"]), (2, &json!([])));
        let parts: Vec<Vec<i64>> = members.iter().map(|member| amounts(&member["points"])).collect();
        for (hour, amount) in whole.iter().enumerate() {
            assert_eq!(parts.iter().map(|part| part[hour]).sum::<i64>(), *amount, "{method} at {hour}");
        }
        // A member sees the community and their own part.
        let own = mia.post(&path, &question).await.good();
        assert_eq!(own["points"], answer["points"]);
        let names: Vec<&Value> = own["members"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
        assert_eq!(names, [&json!("Mia")]);
    }
    server.user("eve").await.post(&path, &json!({})).await.problem(404);
    olga.post(&path, &json!({"method": "mint"})).await.problem(422);
    // Nobody generates anything.
    olga.post(&path, &json!({"channel": "generation"})).await.problem(422);
}

#[tokio::test]
async fn a_community_is_forecast_in_the_slots_in_which_it_settles() {
    let server = Server::start().await;
    let (olga, _mia, _tom) = (server.user("olga").await, server.user("mia").await, server.user("tom").await);
    let community = community(&olga).await;
    let path = format!("{community}/forecasts");
    let question = json!({"horizon_hours": 24, "model": "weekday_mean"});
    let hours = olga.post(&path, &question).await.good();
    assert_eq!((&hours["resolution"], amounts(&hours["points"]).len()), (&json!("1h"), 24));

    let contract = json!({"contract": {"resolution": "15min"}, "valid_from": "2026-01-01"});
    olga.post(&format!("{community}/contracts"), &contract).await.good();
    let quarters = olga.post(&path, &question).await.good();
    assert_eq!(quarters["resolution"], "15min");
    let whole = amounts(&quarters["points"]);
    assert_eq!(whole.len(), 96);
    assert_eq!(quarters["points"][1]["start"], "2026-01-21T23:15:00Z");
    let members = quarters["members"].as_array().unwrap();
    let parts: Vec<Vec<i64>> = members.iter().map(|member| amounts(&member["points"])).collect();
    for (slot, amount) in whole.iter().enumerate() {
        assert_eq!(parts.iter().map(|part| part[slot]).sum::<i64>(), *amount, "at {slot}");
    }
    // An hour's reading is spread over its quarters, so that the mean of the weekdays is, too, but for rounding.
    for (hour, amount) in amounts(&hours["points"]).iter().enumerate() {
        let sum: i64 = whole[4 * hour..4 * hour + 4].iter().sum();
        assert!((sum - amount).abs() <= 4, "{sum} and {amount} at {hour}");
    }
    let asked = json!({"horizon_hours": 24, "model": "weekday_mean", "resolution": "1h"});
    assert_eq!(olga.post(&path, &asked).await.good()["points"], hours["points"]);
    for wrong in ["day", "7min", "90s"] {
        olga.post(&path, &json!({"resolution": wrong})).await.problem(422);
    }
}

/// Sixty days of hours that follow a temperature which is known a day further.
fn warm() -> (Vec<f64>, Vec<f64>) {
    let degrees = |hour: u32| 10.0 + f64::from(hour * 13 % 37) / 4.0 + f64::from(hour % 24) / 8.0;
    let temperature: Vec<f64> = (0..24 * 61).map(degrees).collect();
    (temperature.iter().take(24 * 60).map(|degree| 30.0 - degree).collect(), temperature)
}

#[tokio::test]
async fn a_forecast_says_what_it_was_made_by_and_why() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let (values, temperature) = warm();
    let series = json!({"start": "2026-01-01T00:00:00Z", "values": values,
                        "regressors": {"temperature": {"known": "ahead", "values": temperature}}});
    let question = json!({"series": series, "explain": true, "holidays": ["2026-01-06"]});
    let told = ana.post("/api/v1/forecasts?store=false", &question).await.good();
    let members = told["members"].as_array().unwrap();
    let sum: f64 = members.iter().map(|member| member["weight"].as_f64().unwrap()).sum();
    assert!(members.len() > 1 && (sum - 1.0).abs() < 1e-9, "{members:?}");
    assert!(told["weighed_by"].as_str().unwrap().contains("28 days"));
    let explanation = told["explanation"].as_array().unwrap();
    assert_eq!((explanation.len(), &explanation[0]["local_start"]), (24, &json!("2026-03-02T00:00:00")));
    for (explained, point) in explanation.iter().zip(told["points"].as_array().unwrap()) {
        let amounts = explained["contributions"].as_array().unwrap().iter();
        let sum: f64 = amounts.map(|one| one["amount"].as_f64().unwrap()).sum();
        let mean = explained["average"].as_f64().unwrap() + sum;
        assert!((mean - point["mean"].as_f64().unwrap()).abs() < 1e-6, "{explained} {point}");
    }
    let named = explanation[0]["contributions"].as_array().unwrap().iter();
    assert!(
        named.into_iter().any(|one| one["of"] == json!({"regressor": "temperature"})),
        "{}",
        explanation[0]
    );
    // One that is known ahead must be.
    let mut short = question.clone();
    short["series"]["regressors"]["temperature"]["values"] = json!(values);
    ana.post("/api/v1/forecasts?store=false", &short).await.problem(422);
    for wrong in [json!({"known": "never", "values": []}), json!({"values": []})] {
        short["series"]["regressors"]["temperature"] = wrong;
        ana.post("/api/v1/forecasts?store=false", &short).await.problem(422);
    }
}

#[tokio::test]
async fn a_backtest_scores_a_series_that_is_sent() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    // Every day is one more than the day before, so that repeating yesterday is always one off.
    let values: Vec<f64> = (0..24 * 10).map(|hour| f64::from(hour / 24)).collect();
    let series = json!({"start": "2026-01-01T00:00:00Z", "values": values});
    let question = json!({"series": series, "model": "seasonal_naive", "origins": ["2026-01-08", "2026-01-09T00:00:00Z"]});
    let path = "/api/v1/forecasts/backtest";
    let scores = ana.post(path, &question).await.good();
    assert_eq!((&scores["origins"], &scores["scored"]), (&json!(2), &json!(48)));
    assert_eq!(
        (&scores["mae"], &scores["mase"], &scores["rmse"], &scores["skill"]),
        (&json!(1.0), &json!(1.0), &json!(1.0), &json!(0.0))
    );
    assert_eq!(ana.post(path, &json!({"series": series, "model": "drift"})).await.good()["origins"], 7);
    for origins in [json!(["2027-01-01"]), json!(["soon"]), json!(vec!["2026-01-08"; 401])] {
        ana.post(path, &json!({"series": series, "origins": origins})).await.problem(422);
    }
    ana.post(path, &json!({"device": "0199c2a0-0000-7000-8000-000000000000"})).await.problem(422);
    server.client().post(path, &question).await.problem(401);
}

#[tokio::test]
async fn scores_that_take_longer_than_a_request_may_are_refused_and_not_given_up() {
    let server = Server::with(&["--request-seconds", "2"], Content::AsItIs).await;
    let kat = server.user("kat").await;
    let quarters = 96 * 60;
    let values: Vec<f64> = (0..quarters)
        .map(|quarter| f64::from(quarter % 96) + f64::from(quarter * 7919 % 104_729) / 1e5)
        .collect();
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let origins: Vec<String> = (quarters - 500..quarters - 100)
        .map(|quarter| (start + SignedDuration::from_mins(15 * i64::from(quarter))).to_string())
        .collect();
    let mut question = json!({
        "series": {"start": start.to_string(), "resolution": "15min", "values": values},
        "model": "elastic_net",
        "origins": origins,
    });
    let problem = kat.post("/api/v1/forecasts/backtest", &question).await.problem(422);
    assert!(problem["detail"].as_str().unwrap().contains("got 400"), "{problem}");
    assert!(problem["hint"].as_str().unwrap().contains("fewer origins"), "{problem}");
    question["origins"] = json!(origins[..2]);
    assert_eq!(kat.post("/api/v1/forecasts/backtest", &question).await.good()["origins"], 2);
}
