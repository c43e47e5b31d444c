//! The faults of the system that GRID replaces, held shut: its root causes by their number, and those of its defects that a
//! server can have by theirs (both in CONTRACT 1.7).

use std::{
    fmt::Write as _,
    fs,
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::Stdio,
};

use grid_core::store::{Options, Store};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    battery::{FORM, form},
    databases::Database,
    harness::{Client, Server, folder},
    metrics::figures,
    predictions::{ZONE, id_of, thirty_days},
    process::{Running, line_with, log_of, program},
};

/// 1: a valid token was answered 403 "Not authenticated", because no credentials reached the application.
#[tokio::test]
async fn s49_s50_s53_fault_1_a_valid_token_is_never_403_and_nothing_redirects_it_away() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    for path in [
        "/api/v1/auth/me",
        "/api/v1/auth/me/",
        "/api/v1/devices",
        "/api/v1/devices/",
        "/api/v1/communities//",
    ] {
        let answer = kat.get(path).await;
        // A redirect may lose the header, so a slash too many is no reason for one.
        assert_eq!(answer.status, 200, "{path}");
    }
    server.client().get("/api/v1/auth/me").await.problem(401);
    // Swagger UI drops a header parameter of that name: the token must be a security scheme.
    let document = server.client().get("/openapi.json").await.good();
    assert_eq!(document["components"]["securitySchemes"]["bearerAuth"]["scheme"], "bearer");
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                assert!(!name.eq_ignore_ascii_case("authorization"), "{method} {path}");
            }
        }
    }
    let needs = &document["paths"]["/api/v1/devices"]["get"]["security"];
    assert_eq!(*needs, json!([{"bearerAuth": []}]));
}

/// 2: a token without segments was answered 500; it came from a client that looked for another field.
#[tokio::test]
async fn s46_fault_2_a_token_that_is_none_is_401_with_a_reason() {
    let server = Server::start().await;
    for (value, word) in [
        ("Bearer undefined", "undefined"),
        ("Bearer null", "null"),
        ("Bearer abc", "segments"),
        ("Bearer", "token"),
        ("Basic a2F0OmNhdA==", "Bearer"),
    ] {
        let answer =
            server.client().send("GET", "/api/v1/devices", &[("authorization", value.as_bytes())], "").await;
        let problem = answer.problem(401);
        assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
        assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""), "{answer:?}");
    }
    let twice = [("authorization", b"Bearer a".as_slice()), ("authorization", b"Bearer b".as_slice())];
    server.client().send("GET", "/api/v1/devices", &twice, "").await.problem(401);
}

/// 3: the database was asked for at a host that stood in the source, and not at the one that was configured.
#[test]
fn fault_3_the_host_that_is_asked_is_the_one_that_was_named_and_the_start_says_who_named_it() {
    for (is_in_environment, source) in
        [(true, "`MYSQL_HOST` in the environment"), (false, "`MYSQL_HOST` in `.env`, line 1")]
    {
        // They take connections, and never say a word.
        let [named, other] = ["named", "other"].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
        let address = |listener: &TcpListener| listener.local_addr().unwrap().to_string();
        let folder = folder();
        let in_file = address(if is_in_environment { &other } else { &named });
        let text = format!("MYSQL_HOST={in_file}\nMYSQL_USER=dev\nMYSQL_PASSWORD=s3cret\n");
        fs::write(folder.join(".env"), text).unwrap();
        let mut command = program();
        command.args(["--port", "0"]).current_dir(&folder).stderr(Stdio::piped());
        if is_in_environment {
            command.env("MYSQL_HOST", address(&named));
        }
        let mut child = Running(command.spawn().unwrap());
        let log = log_of(&mut child.0);
        let (place, _) = line_with(&log, "database: ");
        assert!(place.contains(&address(&named)) && place.contains(source), "{place}");
        // By then it has tried.
        let (refused, _) = line_with(&log, "trying again");
        assert!(!place.contains("s3cret") && !refused.contains("s3cret"), "{place}\n{refused}");
        for listener in [&named, &other] {
            listener.set_nonblocking(true).unwrap();
        }
        assert!(named.accept().is_ok(), "{source}: nobody came");
        let elsewhere = other.accept().map_err(|error| error.kind());
        assert_eq!(elsewhere.unwrap_err(), ErrorKind::WouldBlock, "{source}");
    }
}

/// 4: the tables were to be made before anything had said which there are, and so there were none.
#[tokio::test]
async fn fault_4_a_server_that_starts_on_nothing_makes_every_table_that_is_asked_for() {
    let files = folder();
    let database = Database::without_tables(&files);
    let missing = program().args(["migrate", "--check", "--database-url", &database.url]).output().unwrap();
    assert_eq!(missing.status.code(), Some(1), "{missing:?}");
    assert!(missing.stdout.starts_with(b"0001_users\n"), "{missing:?}");

    let server = Server::on(&database.url).await;
    let store = Store::connect(&database.url, Options::default()).await.unwrap();
    assert!(store.missing_migrations().await.unwrap().is_empty());
    let user = id_of(&server.user("kat").await).await;
    let id = store.user_by_name("kat").await.unwrap().unwrap().id();
    store.set_administrator(id, true).await.unwrap();
    store.close().await;
    let kat = server.client().log_in("kat", "correct horse").await;
    let device = kat.device("load", ZONE).await;
    let community = kat.community(ZONE).await;
    let entry = json!({"device_id": device.rsplit('/').next(), "value": 1,
                       "start_time": "2026-03-01T00:00:00", "end_time": "2026-03-01T01:00:00"});
    kat.post("/register-entry", &entry).await.good();
    kat.post("/battery/status", &json!({"energy_available_kW": 4.2, "battery_capacity_kW": 10})).await.good();

    // Where a table is missing, the answer is that something went wrong in here.
    let document = kat.get("/openapi.json").await.good();
    let (mut count, mut found) = (0, 0);
    for (template, item) in document["paths"].as_object().unwrap() {
        let operation = &item["get"];
        let mut parameters = operation["parameters"].as_array().into_iter().flatten();
        let asks_more = parameters.any(|one| one["in"] == "query" && one["required"] == true);
        if operation["security"].is_null() || asks_more {
            continue;
        }
        // What was just made, where a path names one of these.
        let path =
            template.replace("/api/v1/devices/{id}", &device).replace("/api/v1/communities/{id}", &community);
        let part = |part: &str| if part.starts_with('{') { user.clone() } else { part.to_owned() };
        let path = path.split('/').map(part).collect::<Vec<_>>().join("/");
        let answer = kat.get(&path).await;
        assert!(answer.status.as_u16() < 500, "{path}: {}", answer.text());
        count += 1;
        found += usize::from(answer.status == 200);
    }
    assert!(count > 40 && found >= 30, "{found} of {count}");
    server.stop().await;
}

/// 5: the application listened on a port of its own, and not on the one that the platform had named.
#[tokio::test]
async fn fault_5_on_a_platform_it_listens_on_all_addresses_at_the_port_that_it_is_given() {
    // It takes connections, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = silent.local_addr().unwrap().to_string();
    for platform in ["K_SERVICE", "GAE_SERVICE"] {
        let folder = folder();
        // What somebody needed at home.
        fs::write(folder.join(".env"), "PORT=1\nMYSQL_USER=dev\n").unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = program();
        command.env(platform, "grid").env("PORT", port.to_string()).env("MYSQL_HOST", &host);
        let mut child = Running(command.current_dir(&folder).stderr(Stdio::piped()).spawn().unwrap());
        let log = log_of(&mut child.0);
        line_with(&log, &format!("listening on http://0.0.0.0:{port}"));
        let client = Client::of(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        assert_eq!(client.get("/healthz").await.status, 200, "{platform}");
        assert_eq!(client.get("/readyz").await.status, 503, "{platform}");
    }
}

/// D1: the battery's errors were answered 200 with an `error`.
#[tokio::test]
async fn d1_what_cannot_be_of_a_battery_is_refused_and_not_kept() {
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
        assert!(problem.get("error").is_none(), "{problem}");
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
    let good = format!("{header}2026-01-01,50,10\n");
    ana.csv("/battery/load?time_zone=Mars", good).await.problem(422);
    assert_eq!(ana.get("/battery/current").await.good(), json!({"message": "No data available"}));
}

/// D2: each call appended the whole file again, and the page called at every change of its range.
#[tokio::test]
async fn d2_loading_the_same_file_again_makes_no_duplicates() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let file = "Timestamp,Battery_Level,Battery_Capacity_kW\n2026-03-01 08:00:00,50,10\n\
                2026-03-01 08:01:00,51,10\n2026-03-01 08:02:00,52,10\n";
    let loaded = ana.csv("/battery/load", file).await.good();
    assert_eq!(loaded["message"], "Battery data loaded: 3 rows, 3 of them new");
    for path in ["/battery/load", "/api/v1/battery/load", "/battery/load/"] {
        let again = ana.csv(path, file).await.good();
        assert_eq!(again["message"], "Battery data loaded: 3 rows, 0 of them new", "{path}");
        let again = ana.send("POST", path, &FORM, form("battery_data.csv", file)).await.good();
        assert_eq!(again["message"], "Battery data loaded: 3 rows, 0 of them new", "{path}");
        // What the old page does: it asks for the file that lay on the server, with no body, or an empty one of JSON.
        let asked = ana.send("POST", path, &[], "").await.good();
        assert_eq!(asked["message"], "No file was sent, so nothing was loaded", "{path}");
        for body in ["", "{}", "null"] {
            let asked = ana.send("POST", path, &[("content-type", b"application/json")], body).await.good();
            assert_eq!(asked["message"], "No file was sent, so nothing was loaded", "{path} {body}");
        }
    }
    let history = ana.get("/battery/history?delta=3650d").await.good();
    let levels: Vec<_> = history.as_array().unwrap().iter().map(|row| row["battery_level"].clone()).collect();
    assert_eq!(Value::from(levels), json!([50.0, 51.0, 52.0]));
}

/// D3: what is an energy was labelled kW; the names stay, and the description says the unit.
#[tokio::test]
async fn d3_the_description_says_that_energies_are_in_kwh() {
    let server = Server::start().await;
    let document = server.client().get("/openapi.json").await.good();
    for path in ["/battery/status", "/battery/current", "/battery/history", "/battery/load"] {
        for base in ["", "/api/v1"] {
            assert!(document["paths"][format!("{base}{path}")].is_object(), "{base}{path}");
        }
    }
    for schema in ["BatteryLevel", "BatteryStatus"] {
        for field in ["battery_capacity_kW", "energy_available_kW"] {
            let described = &document["components"]["schemas"][schema]["properties"][field];
            assert!(described["description"].as_str().unwrap().contains("kWh"), "{schema}: {described}");
            assert_eq!(described["type"], "number", "{schema}: {described}");
        }
    }
}

/// A user with a device in Bogotá, as clients of the old system have one.
struct Household {
    client: Client,
    user: String,
    device: String,
}

impl Household {
    async fn new(server: &Server) -> Self {
        let client = server.user("kat").await;
        let device = client.device("load", ZONE).await.rsplit('/').next().unwrap().to_owned();
        let user = id_of(&client).await;
        Self { client, user, device }
    }

    /// Sends an entry, and gives what is said of it.
    async fn enters(&self, value_type: &str, kwh: f64, start: &str, end: &str) -> Value {
        let entry = json!({"user_id": self.user, "device_id": self.device, "value": kwh,
                           "start_time": start, "end_time": end, "value_type": value_type});
        self.client.post("/register-entry/", &entry).await.good()
    }

    /// What one of the old paths says of the user.
    async fn told(&self, path: &str, query: &str) -> Value {
        self.client.get(&format!("/api/v1/{path}/?user_id={}&{query}", self.user)).await.good()
    }
}

/// D4: the pages asked for `production`, and the services knew `generation` alone.
#[tokio::test]
async fn d4_production_is_generation_wherever_a_value_type_is_said() {
    let server = Server::start().await;
    let kat = Household::new(&server).await;
    let entry = kat.enters("production", 1.5, "2026-03-01T11:00:00", "2026-03-01T12:00:00").await;
    assert_eq!(entry["value_type"], "generation");
    let day = json!([{"delta": "2026-03-01T00:00:00", "value": 1.5}]);
    for (path, query, generated, consumed) in [
        ("get-value-by-delta", "delta=day&", day, json!([])),
        ("get-value-by-device", "", json!([{"name": "a load", "total_value": 1.5}]), json!([])),
        (
            "get-month-value",
            "month=3&",
            json!({"total_month_value": 1.5}),
            json!({"total_month_value": null}),
        ),
        (
            "get-average-delta-value",
            "delta=day&",
            json!({"average_value": 1.5}),
            json!({"average_value": null}),
        ),
    ] {
        for (value_type, expected) in
            [("production", &generated), ("generation", &generated), ("consumption", &consumed)]
        {
            let query = format!("{query}value_type={value_type}");
            let told = kat.told(&format!("consumption_generation/{path}"), &query).await;
            assert_eq!(told, *expected, "{path} of {value_type}");
        }
    }
}

/// D5: a month was asked for without its year, and nothing said which one was meant.
#[tokio::test]
async fn d5_a_month_without_a_year_is_that_of_the_latest_year_that_has_data() {
    let server = Server::start().await;
    let kat = Household::new(&server).await;
    for (value_type, kwh, day) in [
        ("consumption", 3.0, "2024-03-10"),
        ("consumption", 2.0, "2024-04-10"),
        ("consumption", 5.0, "2025-03-10"),
        // It is no data of consumption.
        ("generation", 9.0, "2026-03-10"),
    ] {
        kat.enters(value_type, kwh, &format!("{day}T10:00:00"), &format!("{day}T11:00:00")).await;
    }
    for (query, kwh) in [
        ("month=3&value_type=consumption", json!(5.0)),
        ("month=3&value_type=consumption&year=2024", json!(3.0)),
        ("month=3&value_type=consumption&year=2026", json!(null)),
        // In 2025 there was none.
        ("month=4&value_type=consumption", json!(2.0)),
        ("month=4&value_type=consumption&year=2025", json!(null)),
        ("month=5&value_type=consumption", json!(null)),
        ("month=3&value_type=generation", json!(9.0)),
    ] {
        let told = kat.told("consumption_generation/get-month-value", query).await;
        assert_eq!(told, json!({"total_month_value": kwh}), "{query}");
    }
    for (path, kwh) in [("consumption/get-month-consumption", 5.0), ("generation/get-month-consumption", 9.0)]
    {
        assert_eq!(kat.told(path, "month=3").await, json!({"total_consumption": kwh}), "{path}");
    }
}

/// D6: an entry counted on the day that it began on, though it lasted into the next.
#[tokio::test]
async fn d6_an_entry_of_hours_over_midnight_counts_on_both_days() {
    let server = Server::start().await;
    let kat = Household::new(&server).await;
    // 23 hours of 1 kWh: 11 of them in the old year, 12 in the new one.
    let entry = kat.enters("consumption", 23.0, "2025-12-31T13:00:00", "2026-01-01T12:00:00").await;
    assert_eq!(entry["value"], 23.0);
    for (delta, old, new) in [
        ("day", "2025-12-31", "2026-01-01"),
        ("month", "2025-12-01", "2026-01-01"),
        ("year", "2025-01-01", "2026-01-01"),
    ] {
        let query = format!("delta={delta}&value_type=consumption");
        let told = kat.told("consumption_generation/get-value-by-delta", &query).await;
        let expected = json!([{"delta": format!("{old}T00:00:00"), "value": 11.0},
                              {"delta": format!("{new}T00:00:00"), "value": 12.0}]);
        assert_eq!(told, expected, "{delta}");
    }
    for (month, kwh) in [(12, 11.0), (1, 12.0)] {
        let query = format!("month={month}&value_type=consumption");
        let told = kat.told("consumption_generation/get-month-value", &query).await;
        assert_eq!(told, json!({"total_month_value": kwh}), "{month}");
    }
    let query = "delta=day&value_type=consumption";
    let average = kat.told("consumption_generation/get-average-delta-value", query).await;
    assert_eq!(average, json!({"average_value": 11.5}));
}

/// D7: where a list had nothing in it, the answer was 404.
#[tokio::test]
async fn d7_an_empty_list_is_200_and_a_list() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    let user = id_of(&kat).await;
    for path in [
        format!("consumption_generation/get-value-by-delta/?user_id={user}&delta=day&value_type=consumption"),
        format!("consumption_generation/get-value-by-delta?user_id={user}&delta=month&value_type=generation"),
        format!("consumption_generation/get-value-by-delta/?user_id={user}&delta=year&value_type=production"),
        format!("consumption_generation/get-value-by-device/?user_id={user}&value_type=consumption"),
        format!("consumption/get-consumption-by-delta/?user_id={user}&delta=day"),
        format!("consumption/get-consumption-by-device/?user_id={user}"),
        "devices/get-user-devices/".to_owned(),
        "battery/history/?delta=7d".to_owned(),
    ] {
        let answer = kat.get(&format!("/api/v1/{path}")).await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, "[]"), "{path}");
    }
    assert_eq!(kat.get("/battery/history").await.good(), json!([]));
    for path in ["devices", "communities", "battery/recordings", "forecasts"] {
        let listed = kat.get(&format!("/api/v1/{path}")).await.good();
        assert_eq!(listed["items"], json!([]), "{path}: {listed}");
    }
}

/// D9: the service said what was wrong in `detail`, and the page showed `message`, which was not there.
#[tokio::test]
async fn d9_a_refusal_says_the_same_in_message_and_in_detail() {
    let server = Server::start().await;
    let client = server.client();
    let kat = server.user("kat").await;
    let user = id_of(&kat).await;
    let again = json!({"username": "kat", "email": "kat@example.org", "password": "correct horse"});
    let wrong = json!({"username": "kat", "password": "wrong horse"});
    let weeks = format!(
        "/api/v1/consumption_generation/get-value-by-delta/?user_id={user}&delta=week&value_type=consumption"
    );
    for (answer, status, words) in [
        (client.post("/api/v1/auth/register/", &again).await, 409, "kat"),
        (client.post("/api/v1/auth/login/", &wrong).await, 401, "wrong username or password"),
        (client.get("/nowhere").await, 404, "no path `/nowhere`"),
        (client.delete("/login").await, 405, "Method"),
        (kat.get(&weeks).await, 422, "got `week`"),
    ] {
        let problem = answer.problem(status);
        assert!(problem["message"].as_str().is_some_and(|message| message.contains(words)), "{problem}");
        assert_eq!(problem["message"], problem["detail"]);
    }
}

/// D12: every request read all that was stored and learnt from it anew.
#[tokio::test]
async fn d12_what_was_predicted_is_said_again_until_there_are_other_readings() {
    let server = Server::start().await;
    let (ana, client) = (server.user("ana").await, server.client());
    let device = thirty_days(&ana, "consumption", 1.0).await;
    let user = id_of(&ana).await;
    let path = format!("/predict_consumption/{user}/2026-03-03/1");
    let learnt = async || figures(&client).await.get("grid_forecast_duration_seconds_count").copied();
    assert_eq!(learnt().await, Some(0.0));
    let first = ana.post(&path, &json!({})).await.good();
    assert_eq!(learnt().await, Some(1.0));
    assert_eq!(ana.post(&path, &json!({})).await.good(), first);
    // The day alone is the first of that week.
    let day = json!({"user_id": user, "date": "2026-03-03"});
    let day = ana.post("/predict_consumption", &day).await.good();
    assert_eq!(day["predicted_consumption"], first["predicted_consumption"]);
    assert_eq!(learnt().await, Some(1.0), "it learnt again from the same readings");
    // The last day, from its midnight in Bogotá on, comes in ten times as high, as a correction.
    let start: Timestamp = "2026-03-02T05:00:00Z".parse().unwrap();
    let mut table = String::from("channel,start,end,energy_kwh\n");
    for hour in 0..24 {
        let at = |hour: i64| start + SignedDuration::from_hours(hour);
        writeln!(table, "consumption,{},{},10.0", at(hour), at(hour + 1)).unwrap();
    }
    ana.csv(&format!("{device}/readings"), table).await.good();
    let second = ana.post(&path, &json!({})).await.good();
    assert_eq!(learnt().await, Some(2.0), "it did not learn from the correction");
    assert_ne!(second, first);
    assert_eq!(ana.post(&path, &json!({})).await.good(), second);
    assert_eq!(learnt().await, Some(2.0));
}
