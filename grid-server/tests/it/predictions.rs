//! The predictions under the paths of the old system (CONTRACT.md 1.4).

use std::fmt::Write as _;

use jiff::{Timestamp, civil::date, tz::TimeZone};
use serde_json::{Value, json};

use crate::harness::{Client, Server};

pub(crate) const ZONE: &str = "America/Bogota";

/// Thirty days of hours on the clock of Bogotá: one kWh an hour, three in the evening at eight; from 1 February 2026.
pub(crate) async fn thirty_days(ana: &Client, channel: &str, share: f64) -> String {
    let device = ana.device("load", ZONE).await;
    let start = date(2026, 2, 1).at(0, 0, 0, 0).to_zoned(TimeZone::get(ZONE).unwrap()).unwrap().timestamp();
    let mut table = String::from("channel,start,end,energy_kwh\n");
    for hour in 0..24 * 30 {
        let at = |hour: i64| Timestamp::from_second(start.as_second() + hour * 3600).unwrap();
        let kwh = share * if hour % 24 == 20 { 3.0 } else { 1.0 };
        writeln!(table, "{channel},{},{},{kwh:.3}", at(hour), at(hour + 1)).unwrap();
    }
    ana.csv(&format!("{device}/readings"), table).await.good();
    device
}

pub(crate) async fn id_of(user: &Client) -> String {
    user.get("/api/v1/auth/me").await.good()["user_id"].as_str().unwrap().to_owned()
}

fn near(value: &Value, expected: f64) {
    let got = value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
    assert!((got - expected).abs() < 0.01 * expected.max(1.0), "expected about {expected}, got {got}");
}

#[tokio::test]
async fn s59_a_day_and_its_week_are_predicted_over_all_devices_with_computed_peak_hours() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    // Two devices that come to 26 kWh a day together.
    thirty_days(&ana, "consumption", 0.25).await;
    thirty_days(&ana, "consumption", 0.75).await;
    let user = id_of(&ana).await;
    // 3 March is the day after the last reading.
    let day = json!({"user_id": user, "date": "2026-03-03"});
    for path in ["/predict_consumption", "/predict_consumption/"] {
        let answer = ana.post(path, &day).await.good();
        assert_eq!((&answer["user_id"], &answer["date"]), (&json!(user), &json!("2026-03-03")));
        near(&answer["predicted_consumption"], 26.0);
    }
    for path in [
        format!("/predict_consumption/{user}/2026-03-03/1"),
        format!("/predict_consumption/{user}/2026-03-03/1/"),
    ] {
        let week = ana.post(&path, &json!({})).await.good();
        near(&week["predicted_consumption"], 26.0);
        near(&week["total_week_consumption"], 7.0 * 26.0);
        assert!(week["porcentaje_val"].as_f64().unwrap().abs() < 1.0, "{week}");
        let hours = week["horas_p"].as_array().unwrap();
        assert_eq!(hours.len(), 24);
        near(&hours[20], 3.0);
        near(&hours[9], 1.0);
        assert_eq!(week["horas_pico"], json!([20]), "not the first and the tenth hour");
        let days = week["week_prediction"].as_object().unwrap();
        assert_eq!((days.len(), days.keys().next().unwrap().as_str()), (7, "2026-03-03"));
        near(&days["2026-03-09"], 26.0);
    }
    // A day amid the readings is predicted from those before it alone.
    let amid = ana.post("/predict_consumption", &json!({"user_id": user, "date": "2026-02-15"})).await.good();
    near(&amid["predicted_consumption"], 26.0);
}

#[tokio::test]
async fn generation_is_predicted_for_its_own_channel() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    thirty_days(&ana, "generation", 2.0).await;
    let user = id_of(&ana).await;
    let week = ana.post(&format!("/predict_consumption/{user}/2026-03-03/2"), &json!({})).await.good();
    near(&week["predicted_consumption"], 52.0);
    // Of the other channel there is no reading, and no number is made up.
    ana.post(&format!("/predict_consumption/{user}/2026-03-03/1"), &json!({})).await.problem(422);
}

#[tokio::test]
async fn predictions_are_for_the_user_who_asks_and_need_a_token() {
    let server = Server::start().await;
    let (ana, tom) = (server.user("ana").await, server.user("tom").await);
    let user = id_of(&ana).await;
    let day = json!({"user_id": user, "date": "2026-03-03"});
    for path in [format!("/predict_consumption/{user}/2026-03-03/1"), "/predict_consumption".to_owned()] {
        tom.post(&path, &day).await.problem(404);
        server.client().post(&path, &day).await.problem(401);
        // Nothing was ever recorded.
        ana.post(&path, &day).await.problem(422);
    }
    for path in
        [format!("/predict_consumption/{user}/2026-03-03/3"), format!("/predict_consumption/{user}/soon/1")]
    {
        ana.post(&path, &json!({})).await.problem(422);
    }
    ana.post("/predict_consumption", &json!({"user_id": user, "date": "2026-02-30"})).await.problem(422);
}

#[tokio::test]
async fn forty_seven_half_hours_give_the_forty_eight_that_follow() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let day = |count: u32| json!((0..count).map(|half| f64::from(half) / 10.0).collect::<Vec<_>>());
    for path in ["/predict/com", "/predict/com/"] {
        let answer = ana.post(path, &day(47)).await.good();
        assert_eq!(answer["model"], "com");
        let prediction = answer["prediction"].as_array().unwrap();
        assert_eq!(prediction.len(), 48);
        assert!(
            prediction.iter().all(|kwh| kwh.as_f64().is_some_and(|kwh| (0.0..=4.7).contains(&kwh))),
            "{answer}"
        );
    }
    for count in [0, 46, 48] {
        let refused = ana.post("/predict/com", &day(count)).await.problem(400);
        assert_eq!(refused["detail"], "Se requieren 47 datos iniciales.");
    }
    server.client().post("/predict/com", &day(47)).await.problem(401);
}
