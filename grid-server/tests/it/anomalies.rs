//! Anomalies of a device over HTTP, beside what the core says of the same hours.

use std::fmt::Write as _;

use grid_core::forecast::{Anomaly, AnomalySearch, Fit, History, Model, Site, clear_sky};
use jiff::{Timestamp, ToSpan, civil::date, tz::TimeZone};
use serde_json::{Value, json};

use crate::harness::{Client, Server};

const START: i64 = 1_767_225_600; // midnight UTC of 1 January 2026
const LEARNT: usize = 24 * 80;
const HOURS: usize = 24 * 87;

/// Days with an evening, and what nobody foresees.
fn usual(hour: usize) -> f64 {
    let hour = u32::try_from(hour).unwrap();
    let noise = hour.wrapping_mul(hour).wrapping_mul(2_654_435_761) >> 16;
    2.0 + f64::from(hour % 24 / 6) + f64::from(noise) / 65_536.0
}

/// Sends hours to a device's channel, to the milliwatt-hour.
async fn send(ana: &Client, device: &str, channel: &str, kwh: impl Fn(usize) -> f64) -> Vec<f64> {
    let mut table = String::from("channel,start,end,energy_kwh\n");
    let mut sent = Vec::new();
    for hour in 0..HOURS {
        let at = |hour: usize| Timestamp::from_second(START + i64::try_from(hour).unwrap() * 3600).unwrap();
        let text = format!("{:.6}", kwh(hour));
        writeln!(table, "{channel},{},{},{text}", at(hour), at(hour + 1)).unwrap();
        sent.push(text.parse().unwrap());
    }
    ana.csv(&format!("{device}/readings"), table).await.good();
    sent
}

fn history(values: &[f64], from: usize) -> History {
    let start = date(2026, 1, 1).at(0, 0, 0, 0) + i64::try_from(from).unwrap().hours();
    History::new(start, 60, values[from..].to_vec()).unwrap()
}

fn shown(anomaly: &Anomaly) -> Value {
    let instant = |at: jiff::civil::DateTime| at.to_zoned(TimeZone::UTC).unwrap().timestamp().to_string();
    json!({"kind": anomaly.kind.name(), "start": instant(anomaly.start), "end": instant(anomaly.end),
           "expected": anomaly.expected, "observed": anomaly.observed, "difference": anomaly.difference(),
           "severity": anomaly.severity})
}

#[tokio::test]
async fn an_hour_that_is_not_as_usual_is_found_as_the_core_finds_it() {
    let server = Server::start().await;
    let (ana, tom) = (server.user("ana").await, server.user("tom").await);
    let device = ana.device("load", "UTC").await;
    // On the last day: yesterday's value is what the model would have said of the day after.
    let odd = LEARNT + 6 * 24 + 6;
    let values =
        send(&ana, &device, "consumption", |hour| if hour == odd { 40.0 } else { usual(hour) }).await;
    let path = format!("{device}/anomalies");
    let asked = format!("{path}?model=seasonal_naive&level=80&false_alarms_per_year=12&from=2026-03-22");
    let answer = ana.get(&asked).await.good();
    assert_eq!(
        (&answer["from"], &answer["to"]),
        (&json!("2026-03-22T00:00:00Z"), &json!("2026-03-29T00:00:00Z"))
    );
    assert_eq!(answer["learnt_from"], "2026-01-01T00:00:00Z");
    let items = answer["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["kind"]), (1, &json!("above")));
    assert_eq!((&items[0]["start"], &items[0]["observed"]), (&json!("2026-03-28T06:00:00Z"), &json!(40.0)));

    let model = Model::SeasonalNaiveDay;
    let search = AnomalySearch { level: 80, false_alarms_per_year: 12.0, panel: None, zone: TimeZone::UTC };
    let fitted = model.fit(&history(&values[..LEARNT], 0)).unwrap();
    let found = search.run(&model, &fitted, &history(&values, LEARNT)).unwrap();
    assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), *items);

    // The last seven days are looked at where nothing is said, which are the same.
    assert_eq!(ana.get(&format!("{path}?model=seasonal_naive")).await.good(), answer);
    // Only what is asked about.
    let later = ana.get(&format!("{path}?model=seasonal_naive&from=2026-03-24&to=2026-03-26")).await.good();
    assert_eq!((&later["items"], &later["to"]), (&json!([]), &json!("2026-03-26T00:00:00Z")));
    let after = ana.get(&format!("{path}?from=2027-01-01")).await.good();
    assert_eq!((&after["items"], &after["from"]), (&json!([]), &Value::Null));
    for (query, word) in [
        ("model=oracle", "oracle"),
        ("level=100", "100"),
        ("false_alarms_per_year=0", "alarm"),
        ("latitude=40", "longitude"),
        ("latitude=91&longitude=0", "91"),
        ("from=2026-01-01&to=2026-03-20&model=seasonal_naive", ""),
        ("resolution=day", "day"),
    ] {
        let problem = ana.get(&format!("{path}?{query}")).await.problem(422);
        assert!(problem["detail"].as_str().unwrap().contains(word), "{query}: {problem}");
    }
    tom.get(&path).await.problem(404);
}

#[tokio::test]
async fn a_panel_that_gives_nothing_on_a_clear_day_is_found_where_its_place_is_told() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let device = ana.device("pv", "UTC").await;
    let site = Site::new(40.4, -3.7).unwrap();
    let start = date(2026, 1, 1).at(0, 0, 0, 0);
    let sun = clear_sky(site, &TimeZone::UTC, start, 60, HOURS).unwrap();
    let is_off = |hour: usize| (LEARNT + 48..LEARNT + 72).contains(&hour);
    let values =
        send(&ana, &device, "generation", |hour| if is_off(hour) { 0.0 } else { 0.004 * sun[hour] }).await;
    let query = "channel=generation&latitude=40.4&longitude=-3.7&from=2026-03-22";
    let answer = ana.get(&format!("{device}/anomalies?{query}")).await.good();
    let silent: Vec<&Value> =
        answer["items"].as_array().unwrap().iter().filter(|one| one["kind"] == "panel_silent").collect();
    assert_eq!(silent.len(), 1, "{answer}");
    assert!(silent[0]["start"].as_str().unwrap().starts_with("2026-03-24T"), "{answer}");

    let search =
        AnomalySearch { level: 80, false_alarms_per_year: 12.0, panel: Some(site), zone: TimeZone::UTC };
    let sunny = |values: &[f64], from| history(values, from).with_clear_sky(site, &TimeZone::UTC).unwrap();
    let fitted = Model::Auto.fit(&sunny(&values[..LEARNT], 0)).unwrap();
    let found = search.run(&Model::Auto, &fitted, &sunny(&values, LEARNT)).unwrap();
    assert_eq!(json!(found.iter().map(shown).collect::<Vec<_>>()), answer["items"]);
}
