//! Readings of a device: stored once, corrected, summed by local days.

use serde_json::json;

use crate::harness::Server;

fn quarter(hour: &str, kwh: &str) -> serde_json::Value {
    json!({"channel": "import", "start": format!("2026-03-29T{hour}:00:00Z"), "end": format!("2026-03-29T{hour}:15:00Z"),
           "energy_kwh": kwh, "quality": "measured"})
}

#[tokio::test]
async fn the_same_again_changes_nothing_and_a_correction_keeps_what_was() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    let path = format!("{}/readings", kat.device("meter", "Europe/Madrid").await);
    let list = json!([quarter("10", "0.25"), quarter("11", "0.5")]);
    assert_eq!(kat.post(&path, &list).await.good(), json!({"inserted": 2, "unchanged": 0, "superseded": 0}));
    let first = kat.get(&path).await.good();
    assert_eq!(kat.post(&path, &list).await.good(), json!({"inserted": 0, "unchanged": 2, "superseded": 0}));
    assert_eq!(kat.get(&path).await.good(), first);
    assert_eq!(first["items"][0]["energy_kwh"], "0.250000");
    assert_eq!(first["items"][0]["start"], "2026-03-29T10:00:00Z");

    let corrected = kat.post(&path, &quarter("10", "0.26")).await.good();
    assert_eq!(corrected, json!({"inserted": 0, "unchanged": 0, "superseded": 1}));
    let now = kat.get(&path).await.good();
    assert_eq!(now["items"][0]["energy_kwh"], "0.260000");
    let before = first["items"][0]["recorded_at"].as_str().unwrap();
    let then = kat.get(&format!("{path}?as_of={before}")).await.good();
    assert_eq!(then["items"][0]["energy_kwh"], "0.250000");
}

#[tokio::test]
async fn s108_one_a_list_lines_and_a_table_are_the_same() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    let mut seen = Vec::new();
    for (kind, body) in [
        ("application/json", json!([quarter("10", "0.25"), quarter("11", "0.5")]).to_string()),
        ("application/x-ndjson", format!("{}\n{}\n", quarter("10", "0.25"), quarter("11", "0.5"))),
        (
            "text/csv",
            "channel,start,end,energy_kwh,quality\n\
            import,2026-03-29T10:00:00Z,2026-03-29T10:15:00Z,0.25,measured\n\
            import,2026-03-29T13:00:00+02:00,2026-03-29T13:15:00+02:00,0.5,measured\n"
                .to_owned(),
        ),
        (
            "text/csv; charset=utf-8",
            "start,end,energy_kwh\n\
            2026-03-29T10:00:00Z,2026-03-29T10:15:00Z,0.25\n2026-03-29T11:00:00Z,2026-03-29T11:15:00Z,0.5\n"
                .to_owned(),
        ),
    ] {
        let path = format!("{}/readings", kat.device("meter", "Europe/Madrid").await);
        let done = kat
            .send("POST", &format!("{path}?channel=import"), &[("content-type", kind.as_bytes())], body)
            .await;
        assert_eq!(done.good()["inserted"], 2, "{kind}");
        let mut items = kat.get(&path).await.good()["items"].clone();
        for item in items.as_array_mut().unwrap() {
            item.as_object_mut().unwrap().remove("recorded_at");
        }
        seen.push(items);
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
}

#[tokio::test]
async fn sums_follow_the_local_calendar() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    let path = format!("{}/readings", kat.device("meter", "Europe/Madrid").await);
    // From 22:00 to 04:00 local time, over the midnight before the clocks change at two: seven hours on the clock, six
    // in truth, of which two on the first day.
    let night = json!({"channel": "consumption", "start": "2026-03-28T21:00:00Z", "end": "2026-03-29T03:00:00Z",
                       "energy_kwh": "6.0", "quality": "measured"});
    kat.post(&path, &night).await.good();
    let days = kat.get(&format!("{path}?resolution=day&from=2026-03-28&to=2026-03-30")).await.good();
    let energies: Vec<_> =
        days["items"].as_array().unwrap().iter().map(|day| day["energy_kwh"].clone()).collect();
    assert_eq!(energies, ["2.000000", "4.000000"]);
    assert_eq!(days["items"][1]["start"], "2026-03-28T23:00:00Z");
    assert_eq!(days["items"][1]["end"], "2026-03-29T22:00:00Z");
    let hours = kat.get(&format!("{path}?resolution=1h&from=2026-03-29&to=2026-03-30")).await.good();
    assert_eq!(hours["items"].as_array().unwrap().len(), 23);
    for (resolution, slots) in [("month", 1), ("year", 1), ("15min", 92)] {
        let sums =
            kat.get(&format!("{path}?resolution={resolution}&from=2026-03-29&to=2026-03-30")).await.good();
        assert_eq!(sums["items"].as_array().unwrap().len(), slots, "{resolution}");
    }
    // What is asked of the user is what the devices have together.
    let second = format!("{}/readings", kat.device("load", "Europe/Madrid").await);
    kat.post(&second, &night).await.good();
    let sum = kat.get("/api/v1/readings?from=2026-03-28&to=2026-03-30&channel=consumption").await.good();
    assert_eq!(sum["items"][1]["energy_kwh"], "8.000000");
    // A page at a time it is the same.
    let all = kat.get("/api/v1/readings?from=2026-03-28&to=2026-03-30").await.good();
    let first = kat.get("/api/v1/readings?from=2026-03-28&to=2026-03-30&limit=1").await.good();
    let after = first["next"].as_str().unwrap();
    let rest = kat
        .get(&format!("/api/v1/readings?from=2026-03-28&to=2026-03-30&limit=1&after={after}"))
        .await
        .good();
    assert_eq!([&first["items"][0], &rest["items"][0]], [&all["items"][0], &all["items"][1]]);
    assert!(all["next"].is_null() && rest["next"].is_null());
    kat.get("/api/v1/readings?from=2026-03-28&to=2026-03-30&resolution=raw").await.problem(422);
    kat.get("/api/v1/readings?from=2026-03-28").await.problem(422);
}

#[tokio::test]
async fn completeness_names_the_gaps() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    let device = kat.device("meter", "UTC").await;
    kat.post(&format!("{device}/readings"), &json!([quarter("10", "1"), quarter("11", "1")])).await.good();
    let path = format!("{device}/completeness?from=2026-03-29T10:00:00Z&to=2026-03-29T11:15:00Z");
    let found = kat.get(&path).await.good();
    let item = &found["items"][0];
    assert_eq!((&item["completeness"], &item["quality"]), (&json!("0.400000"), &json!("missing")));
    assert_eq!(item["gaps"], json!([{"start": "2026-03-29T10:15:00Z", "end": "2026-03-29T11:00:00Z"}]));
    assert_eq!(item["readings"]["measured"], 2);
}

#[tokio::test]
async fn long_answers_come_in_pages() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    let path = format!("{}/readings", kat.device("meter", "UTC").await);
    let all: Vec<_> = ["10", "11", "12", "13", "14"].iter().map(|hour| quarter(hour, "1")).collect();
    kat.post(&path, &json!(all)).await.good();
    let page = kat.get(&format!("{path}?limit=3")).await.good();
    assert_eq!(page["items"].as_array().unwrap().len(), 3);
    let rest = kat.get(&format!("{path}?limit=3&after={}", page["next"].as_str().unwrap())).await.good();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (2, &json!(null)));
    assert_eq!(kat.get(&format!("{path}?from=2027-01-01")).await.good()["items"], json!([]));
}
