//! Cumulative registers, what looks wrong in readings, and substitutes.

use serde_json::{Value, json};

use crate::harness::{Client, Server};

/// A device of somebody's, and its path.
async fn metered(name: &str) -> (Server, Client, String) {
    let server = Server::start().await;
    let person = server.user(name).await;
    let device = person.device("meter", "UTC").await;
    (server, person, device)
}

fn read(at: &str, kwh: &str) -> Value {
    json!({"at": at, "counter_kwh": kwh})
}

fn report(reads: &[Value], events: &[Value]) -> Value {
    json!({"channel": "import", "digits": 5, "reads": reads, "events": events})
}

/// The energies of the device's readings, and their qualities.
async fn readings(client: &Client, device: &str) -> Vec<(Value, Value)> {
    let found = client.get(&format!("{device}/readings")).await.good();
    let items = found["items"].as_array().unwrap().iter();
    items.map(|item| (item["energy_kwh"].clone(), item["quality"].clone())).collect()
}

fn known(kwh: &str) -> (Value, Value) {
    (json!(kwh), json!("measured"))
}

fn missing() -> (Value, Value) {
    (Value::Null, json!("missing"))
}

fn counts(answer: &Value) -> [u64; 3] {
    ["inserted", "unchanged", "superseded"].map(|name| answer[name].as_u64().unwrap())
}

#[tokio::test]
async fn a_rollover_is_counted_and_a_call_goes_on_from_the_last_read() {
    let (_server, kat, device) = metered("kat").await;
    let path = format!("{device}/registers");
    let first = report(&[read("2026-01-01", "99990"), read("2026-01-02", "99998.5")], &[]);
    let done = kat.post(&path, &first).await.good();
    assert_eq!((counts(&done), counts(&done["reads"])), ([1, 0, 0], [2, 0, 0]));
    assert_eq!((&done["readings"][0]["energy_kwh"], &done["faults"]), (&json!("8.500000"), &json!([])));
    // The next call knows the counter and the digits from before.
    let next = json!({"channel": "import", "reads": [read("2026-01-03", "1.25")],
                      "events": [{"kind": "rollover", "at": "2026-01-02T12:00:00Z"}]});
    let done = kat.post(&path, &next).await.good();
    assert_eq!((counts(&done), counts(&done["reads"])), ([1, 0, 0], [2, 0, 0]));
    assert_eq!(readings(&kat, &device).await, [known("8.500000"), known("2.750000")]);
    // The same again changes nothing.
    let done = kat.post(&path, &next).await.good();
    assert_eq!((counts(&done)[0], counts(&done)[2], counts(&done["reads"])), (0, 0, [0, 2, 0]));
}

#[tokio::test]
async fn a_counter_that_falls_is_missing_until_an_event_says_why() {
    let (_server, kat, device) = metered("kat").await;
    let path = format!("{device}/registers");
    let reads = [read("2026-01-01", "500"), read("2026-01-31", "12"), read("2026-02-01", "13")];
    let done = kat.post(&path, &report(&reads, &[])).await.good();
    assert_eq!(done["faults"][0]["fault"], "unexplained_decrease");
    assert_eq!(done["faults"][0]["from_kwh"], "500.000000");
    assert_eq!(readings(&kat, &device).await, [missing(), known("1.000000")]);
    // The exchange lies between two reads that are stored: the missing reading across it is parted.
    let exchange =
        json!({"kind": "exchange", "at": "2026-01-15", "last_kwh": "540", "first_kwh": 2.5, "digits": 6});
    let done = kat.post(&path, &json!({"channel": "import", "events": [exchange]})).await.good();
    assert_eq!((counts(&done), &done["faults"]), ([2, 1, 1], &json!([])));
    let now = readings(&kat, &device).await;
    assert_eq!(now, [known("40.000000"), known("9.500000"), known("1.000000")]);
    // A reset of which nobody knows what it showed before leaves the energy before it unknown.
    let reset = json!({"kind": "reset", "at": "2026-02-10T00:00:00Z", "to_kwh": "0"});
    let after = json!({"channel": "import", "events": [reset], "reads": [read("2026-02-11", "4")]});
    let done = kat.post(&path, &after).await.good();
    assert_eq!(done["faults"][0]["fault"], "unknown_counter");
    assert_eq!(readings(&kat, &device).await[3..], [missing(), known("4.000000")]);
}

#[tokio::test]
async fn a_read_is_corrected_and_a_late_one_parts_a_reading() {
    let (_server, kat, device) = metered("kat").await;
    let path = format!("{device}/registers");
    let reads = [read("2026-01-01", "100"), read("2026-01-02", "110"), read("2026-01-05", "140")];
    kat.post(&path, &report(&reads, &[])).await.good();
    let before = kat.get(&format!("{device}/readings")).await.good();
    let done = kat.post(&path, &report(&[read("2026-01-02", "112")], &[])).await.good();
    assert_eq!((counts(&done), counts(&done["reads"])), ([0, 0, 2], [0, 0, 1]));
    assert_eq!(readings(&kat, &device).await, [known("12.000000"), known("28.000000")]);
    let done = kat.post(&path, &report(&[read("2026-01-04", "133")], &[])).await.good();
    assert_eq!(counts(&done), [2, 0, 1]);
    assert_eq!(readings(&kat, &device).await, [known("12.000000"), known("21.000000"), known("7.000000")]);
    // What stood at the beginning can still be asked for.
    let then = before["items"][0]["recorded_at"].as_str().unwrap();
    let past = kat.get(&format!("{device}/readings?as_of={then}")).await.good();
    assert_eq!(past["items"], before["items"]);
}

#[tokio::test]
async fn what_is_only_computed_is_not_stored() {
    let (_server, kat, device) = metered("kat").await;
    let path = format!("{device}/registers");
    let body = report(&[read("2026-01-01", "1"), read("2026-01-02", "3")], &[]);
    let done = kat.post(&format!("{path}?store=false"), &body).await.good();
    assert_eq!(done["readings"][0]["energy_kwh"], "2.000000");
    assert_eq!(counts(&done["reads"]), [0, 0, 0]);
    assert_eq!(readings(&kat, &device).await, []);
    // Only the reads are kept: they go on being known, and no reading is there.
    kat.post(&format!("{path}?store=reads"), &body).await.good();
    assert_eq!(readings(&kat, &device).await, []);
    let next = report(&[read("2026-01-03", "7")], &[]);
    let done = kat.post(&format!("{path}?store=false"), &next).await.good();
    assert_eq!(done["readings"][0]["energy_kwh"], "4.000000");
    kat.post(&format!("{path}?store=perhaps"), &body).await.problem(422);
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_says_where() {
    let (_server, kat, device) = metered("kat").await;
    let path = format!("{device}/registers");
    let refused = async |body: Value| kat.post(&path, &body).await.problem(422);
    let at = async |body: Value| refused(body).await["errors"][0]["pointer"].clone();
    assert_eq!(at(json!({"channel": "imports", "reads": [read("2026-01-01", "1")]})).await, "/channel");
    assert_eq!(at(json!({"channel": "import"})).await, "/reads");
    assert_eq!(at(report(&[read("2026-01-01", "1"), read("yesterday", "1")], &[])).await, "/reads/1/at");
    let odd = json!({"at": "2026-01-01", "counter_kwh": "1", "quality": "missing"});
    assert_eq!(at(report(&[odd], &[])).await, "/reads/0/quality");
    assert_eq!(
        at(json!({"channel": "import", "digits": 0, "reads": [read("2026-01-01", "1")]})).await,
        "/digits"
    );
    let exchange =
        json!({"kind": "exchange", "at": "2026-01-01", "last_kwh": "1", "first_kwh": "0", "multiplier": "0"});
    assert_eq!(at(report(&[], &[exchange])).await, "/events/0/multiplier");
    for body in [
        report(&[json!({"at": "2026-01-01", "counter_kwh": "1", "unit": "kWh"})], &[]),
        report(&[], &[json!({"kind": "rollover", "at": "2026-01-01", "last_kwh": "1"})]),
        report(&[], &[json!({"kind": "explosion", "at": "2026-01-01"})]),
        // Five digits show no 100000, and one read has one value.
        report(&[read("2026-01-01", "100000")], &[]),
        report(&[read("2026-01-01", "1"), read("2026-01-01", "2")], &[]),
    ] {
        refused(body).await;
    }
    assert_eq!(readings(&kat, &device).await, []);
    // A register does not change without an exchange.
    kat.post(&path, &report(&[read("2026-01-01", "1")], &[])).await.good();
    let other = json!({"channel": "import", "multiplier": 40, "reads": [read("2026-01-02", "2")]});
    assert!(kat.post(&path, &other).await.problem(409)["hint"].as_str().unwrap().contains("exchange"));
    // Readings of the channel's own are not counted twice.
    let quarter = json!({"channel": "import", "start": "2026-01-02T10:00:00Z", "end": "2026-01-02T10:15:00Z",
                         "energy_kwh": "1", "quality": "measured"});
    kat.post(&format!("{device}/readings"), &quarter).await.good();
    let problem = kat.post(&path, &report(&[read("2026-01-03", "9")], &[])).await.problem(409);
    assert!(problem["hint"].as_str().unwrap().contains("store=reads"), "{problem}");
}

/// Hours of a device from 1 January 2026 on; `None` where there is no reading.
async fn hours(client: &Client, device: &str, kwh: impl Iterator<Item = Option<f64>>) {
    let start: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let at = |hour: i64| start + jiff::SignedDuration::from_hours(hour);
    let list: Vec<Value> = (0..)
        .zip(kwh)
        .filter_map(|(hour, kwh)| {
            let (start, end) = (at(hour), at(hour + 1));
            kwh.map(|kwh| {
                json!({"channel": "import", "start": start.to_string(), "end": end.to_string(),
                                 "energy_kwh": kwh, "quality": "measured"})
            })
        })
        .collect();
    client.post(&format!("{device}/readings"), &json!(list)).await.good();
}

/// A load that is never the same twice and has the same shape each day.
fn load(hour: u32) -> f64 {
    f64::from(200 + 10 * (hour % 24) + hour / 24 % 7) / 1000.0
}

#[tokio::test]
async fn findings_name_gaps_spikes_and_stuck_stretches() {
    let (_server, kat, device) = metered("kat").await;
    let odd = |hour: u32| match hour {
        // Day 5 has a gap of three hours, day 10 a spike, days 15 and 16 stand still.
        123..126 => None,
        250 => Some(40.0),
        360..400 => Some(0.2),
        hour => Some(load(hour)),
    };
    hours(&kat, &device, (0..30 * 24).map(odd)).await;
    let found = kat.get(&format!("{device}/findings")).await.good();
    let of = |rule: &str| -> Vec<&Value> {
        found["items"].as_array().unwrap().iter().filter(|item| item["rule"] == rule).collect()
    };
    let interval = |start: &str, end: &str| json!({"start": start, "end": end});
    assert_eq!(of("gap").len(), 1, "{found}");
    assert_eq!(of("gap")[0]["interval"], interval("2026-01-06T03:00:00Z", "2026-01-06T06:00:00Z"));
    assert_eq!((&of("gap")[0]["rows"], &of("gap")[0]["channel"]), (&json!(3), &json!("import")));
    assert_eq!(of("spike").len(), 1, "{found}");
    assert_eq!(of("spike")[0]["interval"], interval("2026-01-11T10:00:00Z", "2026-01-11T11:00:00Z"));
    assert_eq!(of("stuck").len(), 1, "{found}");
    assert_eq!(of("stuck")[0]["interval"], interval("2026-01-16T00:00:00Z", "2026-01-17T16:00:00Z"));
    // A part without anything odd has no findings; finer slots than there are would all be gaps.
    let part = kat.get(&format!("{device}/findings?from=2026-01-01&to=2026-01-05")).await.good();
    assert_eq!(part["items"], json!([]));
    let other = kat.get(&format!("{device}/findings?channel=export")).await.good();
    assert_eq!(other["items"], json!([]));
    kat.get(&format!("{device}/findings?resolution=fortnight")).await.problem(422);
}

#[tokio::test]
async fn substitutes_add_up_to_the_register_and_are_marked() {
    let (_server, kat, device) = metered("kat").await;
    // 29 January lacks six hours.
    let gap = 28 * 24 + 6..28 * 24 + 12;
    hours(&kat, &device, (0..30 * 24).map(|hour| (!gap.contains(&hour)).then(|| load(hour)))).await;
    let known: f64 = (28 * 24..29 * 24).filter(|hour| !gap.contains(hour)).map(load).sum();
    let day = format!("{:.3}", 1000.0 + known + 3.0);
    let reads = [read("2026-01-29", "1000"), read("2026-01-30", &day)];
    let registers = format!("{device}/registers?store=reads");
    kat.post(&registers, &report(&reads, &[])).await.good();
    let path = format!("{device}/substitutions");
    let mut body = json!({"channel": "import", "from": "2026-01-29", "to": "2026-01-30"});
    let shown = kat.post(&path, &body).await.good();
    assert_eq!((shown["fills"].as_array().unwrap().len(), &shown["stored"]), (6, &Value::Null));
    assert_eq!((&shown["remarks"], &shown["resolution"]), (&json!([]), &json!("1h")));
    assert_eq!(shown["fills"][0]["method"], "comparable_days");
    let mwh = |value: &Value| (value.as_str().unwrap().parse::<f64>().unwrap() * 1e6).round();
    let sum: f64 = shown["fills"].as_array().unwrap().iter().map(|fill| mwh(&fill["energy_kwh"])).sum();
    assert!((sum - 3e6).abs() < 0.5, "the register says 3 kWh, got {sum} mWh");
    let before = kat.get(&format!("{device}/readings?from=2026-01-29&to=2026-01-30")).await.good();
    assert_eq!(before["items"].as_array().unwrap().len(), 18, "nothing was stored");

    body["store"] = true.into();
    let stored = kat.post(&path, &body).await.good();
    assert_eq!(counts(&stored["stored"]), [6, 0, 0]);
    let after = kat.get(&format!("{device}/readings?from=2026-01-29&to=2026-01-30")).await.good();
    let items = after["items"].as_array().unwrap();
    let marked: Vec<_> = items.iter().filter(|item| item["quality"] == "substituted").collect();
    assert_eq!((items.len(), marked.len()), (24, 6));
    assert_eq!(marked[0]["energy_kwh"], shown["fills"][0]["energy_kwh"]);
    let total =
        kat.get(&format!("{device}/readings?from=2026-01-29&to=2026-01-30&resolution=day")).await.good();
    let off = mwh(&total["items"][0]["energy_kwh"]) - (known + 3.0) * 1e6;
    assert!(off.abs() < 0.5, "{off}");
    // What was measured is as it was.
    for item in before["items"].as_array().unwrap() {
        assert!(items.contains(item), "{item}");
    }
    // There is nothing left to fill.
    let again = kat.post(&path, &body).await.good();
    assert_eq!((&again["fills"], counts(&again["stored"])), (&json!([]), [0, 0, 0]));
}

#[tokio::test]
async fn a_missing_reading_makes_place_for_substitutes() {
    let (_server, kat, device) = metered("kat").await;
    hours(&kat, &device, (0..48).map(|hour| (hour % 24 < 10 || hour % 24 > 11).then(|| load(hour)))).await;
    // The first hour of the one gap is stored as missing, the two of the other together.
    let missing = |start: &str, end: &str| json!({"channel": "import", "start": start, "end": end, "quality": "missing"});
    let list = [
        missing("2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z"),
        missing("2026-01-02T10:00:00Z", "2026-01-02T12:00:00Z"),
    ];
    kat.post(&format!("{device}/readings"), &json!(list)).await.good();
    let advance = json!({"start": "2026-01-01T10:00:00Z", "end": "2026-01-01T12:00:00Z", "energy_kwh": 5});
    let body = json!({"channel": "import", "from": "2026-01-01", "to": "2026-01-03", "resolution": "1h",
                      "advances": [advance], "holidays": ["2026-01-01"], "store": true});
    let done = kat.post(&format!("{device}/substitutions"), &body).await.good();
    assert_eq!(done["fills"].as_array().unwrap().len(), 4, "{done}");
    assert_eq!(done["fills"][0]["method"], "linear_interpolation");
    assert_eq!(counts(&done["stored"]), [3, 0, 2]);
    let complete = kat.get(&format!("{device}/completeness")).await.good();
    assert_eq!(complete["items"][0]["completeness"], "1.000000");
    assert_eq!(complete["items"][0]["readings"]["substituted"], 4);
    for (field, value) in [
        ("holidays", json!(["Easter"])),
        ("from", json!("2026-02-01")),
        ("advances", json!([{"start": "2026-01-02", "end": "2026-01-01", "energy_kwh": 1}])),
        ("resolution", json!("fortnight")),
        ("without_pattern", json!("guess")),
        ("colour", json!("red")),
    ] {
        let mut wrong = body.clone();
        wrong[field] = value;
        let problem = kat.post(&format!("{device}/substitutions"), &wrong).await.problem(422);
        assert!(problem["errors"][0].is_object(), "{field}: {problem}");
    }
}

#[tokio::test]
async fn another_s_device_is_not_there() {
    let (server, _kat, device) = metered("kat").await;
    let ben = server.user("ben").await;
    let body = report(&[read("2026-01-01", "1")], &[]);
    ben.post(&format!("{device}/registers"), &body).await.problem(404);
    ben.get(&format!("{device}/findings")).await.problem(404);
    let fill = json!({"channel": "import", "from": "2026-01-01", "to": "2026-01-02"});
    ben.post(&format!("{device}/substitutions"), &fill).await.problem(404);
    server.client().post(&format!("{device}/registers"), &body).await.problem(401);
}

#[tokio::test]
async fn a_read_is_taken_back_by_its_instant_and_stays_in_the_history() {
    let (_server, kat, device) = metered("kat").await;
    let path = format!("{device}/registers");
    let reads = [read("2026-01-01", "10"), read("2026-01-02", "90"), read("2026-01-03", "30")];
    let done = kat.post(&path, &report(&reads, &[])).await.good();
    assert_eq!(done["faults"][0]["fault"], "unexplained_decrease");
    assert_eq!(readings(&kat, &device).await, [known("80.000000"), missing()]);
    let withdrawal = |day: &str| json!({"channel": "import", "withdrawn": [day]});
    // Only looked at, nothing is taken back.
    let preview = kat.post(&format!("{path}?store=false"), &withdrawal("2026-01-02")).await.good();
    assert_eq!(
        (&preview["readings"][0]["energy_kwh"], &preview["faults"]),
        (&json!("20.000000"), &json!([]))
    );
    assert_eq!(readings(&kat, &device).await, [known("80.000000"), missing()]);
    let done = kat.post(&path, &withdrawal("2026-01-02")).await.good();
    assert_eq!((counts(&done), counts(&done["reads"])), ([1, 0, 2], [0, 0, 1]));
    assert_eq!(readings(&kat, &device).await, [known("20.000000")]);
    let again = kat.post(&path, &withdrawal("2026-01-02")).await.good();
    assert_eq!((counts(&again), counts(&again["reads"])), ([0, 1, 0], [0, 1, 0]));
    kat.post(&path, &withdrawal("2026-01-09")).await.problem(404);
    let problem = kat.post(&path, &withdrawal("noon")).await.problem(422);
    assert_eq!(problem["errors"][0]["pointer"], "/withdrawn/0", "{problem}");
    kat.post(&path, &json!({"channel": "import"})).await.problem(422);
}
