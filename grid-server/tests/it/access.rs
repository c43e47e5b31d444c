//! Who may call which route: `docs/access.md` says it, and every route of the description is walked and compared.

use std::{collections::BTreeMap, fmt::Write as _};

use grid_core::store::{Options, Store};
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Server};

const TABLE: &str = include_str!("../../../docs/access.md");
const ROLES: [&str; 5] = ["nobody", "stranger", "member", "operator", "administrator"];
const PASSWORD: &str = "correct horse";

/// A community with its operator and a member, and what belongs to the member.
struct World {
    member: String,
    /// The user behind that member.
    user: String,
    /// A device of the operator's: nobody puts another's into a community.
    of_operator: String,
    ids: BTreeMap<&'static str, String>,
}

fn id_of(answer: &Answer) -> String {
    assert!(answer.status.is_success(), "{}", answer.text());
    let body = answer.json();
    body["id"].as_str().or_else(|| body["user_id"].as_str()).unwrap().to_owned()
}

async fn as_user(server: &Server, name: &str) -> Client {
    server.client().log_in(name, PASSWORD).await
}

/// Makes what a route may be asked about, anew for each route, because some routes take it away.
async fn world(server: &Server) -> World {
    let (mia, olga) = (as_user(server, "mia").await, as_user(server, "olga").await);
    let community = olga.community("Europe/Madrid").await;
    let as_member = json!({"name": "Mia", "username": "mia"});
    let member = id_of(&olga.post(&format!("{community}/members"), &as_member).await);
    let device = mia.device("meter", "Europe/Madrid").await;
    let of_operator = olga.device("pv", "Europe/Madrid").await;
    let placed = json!({"device_id": of_operator.rsplit('/').next(), "member_id": member});
    olga.post(&format!("{community}/devices"), &placed).await.good();
    let statement = statement(&olga, &community).await;
    let recording = mia
        .csv(
            "/api/v1/battery/recordings?name=cell",
            "time,voltage,current\n0,3.6,1\n1800,3.8,1\n3600,4.0,1\n",
        )
        .await;
    let days: Vec<f64> = (0..24 * 30).map(|hour| f64::from(hour % 24)).collect();
    let series =
        json!({"series": {"start": "2026-01-01T00:00:00Z", "values": days}, "model": "seasonal_naive"});
    let forecast = mia.post("/api/v1/forecasts", &series).await;
    let key = json!({"name": "meter", "scope": "readings:write"});
    let api_key = mia.post("/api/v1/auth/api-keys", &key).await;
    let session = server.client().log_in("mia", PASSWORD).await.get("/api/v1/auth/sessions").await.good();
    let session = session["items"].as_array().unwrap().iter().find(|one| one["current"] == true).unwrap();
    let id_in = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    World {
        ids: [
            ("communities", id_in(&community)),
            ("devices", id_in(&device)),
            ("recordings", id_of(&recording)),
            ("forecasts", id_of(&forecast)),
            ("api-keys", id_of(&api_key)),
            ("sessions", session["id"].as_str().unwrap().to_owned()),
            ("statements", statement),
            (
                "users",
                server.client().log_in("tom", PASSWORD).await.get("/api/v1/auth/me").await.good()["user_id"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            ),
        ]
        .into_iter()
        .collect(),
        of_operator: id_in(&of_operator),
        member,
        user: mia.get("/api/v1/auth/me").await.good()["user_id"].as_str().unwrap().to_owned(),
    }
}

/// Issues the member Mia a statement of an hour, and gives its id.
async fn statement(olga: &Client, community: &str) -> String {
    let tariff = "id = \"t\"\ncurrency = \"EUR\"\nvalid_from = 2026-01-01\n\n[[schedules.all.rules]]\nband = \"all\"\n\n[[components]]\nid = \"energy\"\nkind = \"energy\"\n\
                  quantity = \"import\"\nprice_per_kwh = 0.15\n";
    let toml: [(&str, &[u8]); 1] = [("content-type", b"application/toml")];
    olga.send("POST", &format!("{community}/tariffs"), &toml, tariff).await.good();
    let contract = json!({"contract": {"resolution": "1h"}, "valid_from": "2026-01-01"});
    olga.post(&format!("{community}/contracts"), &contract).await.good();
    let hour = "device,member,channel,start,end,energy_kwh\nmeter,Mia,consumption,2026-02-01T00:00:00Z,2026-02-01T01:00:00Z,1\n";
    olga.csv(&format!("{community}/readings"), hour).await.good();
    let hour = json!({"from": "2026-02-01T00:00:00Z", "to": "2026-02-01T01:00:00Z", "issue": true});
    let issued = olga.post(&format!("{community}/settlements"), &hour).await.good();
    issued["statements"][0]["id"].as_str().unwrap().to_owned()
}

impl World {
    /// The path of a route with the ids of what is there.
    fn path(&self, template: &str) -> String {
        let mut segments: Vec<String> = Vec::new();
        for segment in template.split('/') {
            let filled = match segment {
                "{id}" => self.ids.get(segments.last().unwrap().as_str()).cloned(),
                "{device}" => Some(self.of_operator.clone()),
                "{user_id}" => Some(self.user.clone()),
                "{date}" => Some("2026-03-08".to_owned()),
                "{kind}" => Some("1".to_owned()),
                plain => Some(plain.to_owned()),
            };
            segments.push(filled.unwrap_or_else(|| panic!("no id for {template}: make one in `world`")));
        }
        let path = segments.join("/");
        // A picture is asked for as its document is.
        match template.replace(".png", ".svg").as_str() {
            "/api/v1/charts/energy-day.svg" | "/api/v1/charts/member-day.svg" => {
                format!("{path}?community={}&date=2026-03-01", self.ids["communities"])
            }
            "/api/v1/charts/forecast.svg" => format!("{path}?forecast={}", self.ids["forecasts"]),
            "/api/v1/charts/bill.svg" => format!("{path}?statement={}", self.ids["statements"]),
            "/api/v1/charts/community-month.svg" | "/api/v1/charts/load-by-band.svg" => {
                format!("{path}?community={}&month=2026-03", self.ids["communities"])
            }
            "/api/v1/communities/{id}/keys/coefficients.txt" => {
                format!("{path}?year=2026&cau=ES1234000000000001JN0FA001")
            }
            "/api/v1/log/consistency" => format!("{path}?from=1&to=1"),
            // Each path takes of these what it knows.
            _ if template.contains("/get-") => {
                format!("{path}?user_id={}&delta=day&month=3", self.user)
            }
            _ if template.ends_with("/prices") => format!("{path}?name=spot&from=2026-03-01&to=2026-03-02"),
            _ if template.ends_with("/balance") || template.ends_with("communities/{id}/completeness") => {
                format!("{path}?from=2026-03-01&to=2026-03-02")
            }
            _ => path,
        }
    }

    /// An hour of the member's device, as the old system took it.
    fn entry(&self) -> Value {
        json!({"user_id": self.user, "device_id": self.ids["devices"], "value": 1.5,
               "start_time": "2026-03-01T00:00:00Z", "end_time": "2026-03-01T01:00:00Z"})
    }

    /// A body that gets as far as the question of who may: where an empty one is refused before that, a whole one.
    fn body(&self, method: &str, template: &str, role: &str) -> (&'static str, String) {
        let json = "application/json";
        let reading = json!({"channel": "consumption", "start": "2026-03-01T00:00:00Z", "end": "2026-03-01T01:00:00Z", "energy_kwh": "1"});
        let name = format!("{role}-{}", self.member);
        match (method, template.trim_start_matches("/api/v1")) {
            ("POST", "/communities/{id}/readings") => (
                "text/csv",
                "device,member,channel,start,end,energy_kwh\nd,Mia,consumption,2026-03-01T00:00:00Z,2026-03-01T01:00:00Z,1\n".to_owned(),
            ),
            ("POST", "/devices/{id}/readings") => (json, reading.to_string()),
            ("POST", "/devices/{id}/registers") => (
                json,
                json!({"channel": "import", "reads": [{"at": "2026-03-01", "counter_kwh": "1"}]}).to_string(),
            ),
            ("POST", "/devices/{id}/substitutions") => {
                (json, json!({"channel": "import", "from": "2026-03-01", "to": "2026-03-02"}).to_string())
            }
            ("POST", "/communities/{id}/members") => (json, json!({"name": name}).to_string()),
            ("PATCH", "/communities/{id}/devices/{device}") => {
                (json, json!({"member_id": self.member}).to_string())
            }
            ("POST", "/communities/{id}/devices") => {
                (json, json!({"device_id": self.of_operator, "member_id": self.member}).to_string())
            }
            ("POST", "/communities/{id}/prices") => (
                "text/csv",
                "start,end,price\n2026-03-01T00:00:00Z,2026-03-01T01:00:00Z,0.1\n".to_owned(),
            ),
            ("POST", "/communities/{id}/contracts") => (json, json!({"contract": {}}).to_string()),
            ("POST", "/communities/{id}/settlements") => (json, json!({"month": "2026-03"}).to_string()),
            ("POST", "/communities/{id}/keys") => (json, json!({"kind": "proportional"}).to_string()),
            ("POST", "/auth/login" | "/auth/register") | (_, "/login") => {
                (json, json!({"username": "mia", "password": PASSWORD, "email": "mia@example.org"}).to_string())
            }
            ("POST", "/users") => (
                json,
                json!({"username": name.get(..40), "email": format!("{}@example.org", name.len()), "password": PASSWORD}).to_string(),
            ),
            ("POST", "/auth/introspect" | "/auth/revoke") => (json, json!({"token": "rubbish"}).to_string()),
            ("POST", "/auth/refresh") => (json, json!({}).to_string()),
            ("PATCH", "/users/{id}") => (json, json!({"disabled": false}).to_string()),
            ("POST", "/register-entry" | "/consumption_generation/register-entry") => {
                (json, self.entry().to_string())
            }
            ("POST", "/consumption_generation/register-entries") => (json, json!([self.entry()]).to_string()),
            ("POST", "/predict_consumption") => {
                (json, json!({"user_id": self.user, "date": "2026-03-08"}).to_string())
            }
            ("GET", _) => (json, String::new()),
            _ => (json, "{}".to_owned()),
        }
    }
}

/// What an answer says of the caller's right: all that is not a refusal for who they are is `yes`.
fn verdict(answer: &Answer) -> String {
    match answer.status.as_u16() {
        status @ (401 | 403 | 404) => status.to_string(),
        500.. => panic!("{}", answer.text()),
        _ => "yes".to_owned(),
    }
}

/// The rows of the table: route, then one verdict a role.
fn table() -> BTreeMap<String, Vec<String>> {
    let rows = TABLE.split("## Scopes").next().unwrap();
    rows.lines()
        .filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"))
        .map(|line| {
            let (route, cells) = line.split_once("` |").unwrap();
            (route.to_owned(), cells.split('|').map(|cell| cell.trim().to_owned()).collect())
        })
        .collect()
}

#[tokio::test]
async fn s4_s16_every_route_is_open_to_those_whom_the_table_names_and_to_nobody_else() {
    // Some seven hundred logins: the least that Argon2 takes.
    let cheap = ["--password-memory-kib", "8", "--password-passes", "1"];
    let server = Server::with(&cheap, grid_server::serve::Content::AsItIs).await;
    for name in ["mia", "olga", "otto", "ada", "tom"] {
        server.user(name).await;
    }
    let store = Store::connect(&server.database_url(), Options::default()).await.unwrap();
    let ada = store.user_by_name("ada").await.unwrap().unwrap().id();
    store.set_administrator(ada, true).await.unwrap();
    let anyone = server.client();
    as_user(&server, "otto").await.community("Europe/Madrid").await;
    let foreign = {
        let other = Server::start().await;
        other.user("mia").await
    };

    let document = anyone.get("/openapi.json").await.good();
    let mut seen = BTreeMap::new();
    // Whoever only reads leaves all as it is, and reads first. Logins wait for whatever else a machine has to do.
    let read = world(&server).await;
    let mut without = Vec::new();
    let mut readers = BTreeMap::new();
    for name in ["mia", "olga", "otto", "ada"] {
        readers.insert(name, anyone.log_in(name, PASSWORD).await);
    }
    let paths = document["paths"].as_object().unwrap();
    for method in ["get", "post", "put", "patch", "delete"] {
        for (template, _) in paths.iter().filter(|(_, item)| item.get(method).is_some()) {
            let method = method.to_uppercase();
            let made = if method == "GET" { None } else { Some(world(&server).await) };
            let world = made.as_ref().unwrap_or(&read);
            let path = world.path(template);
            let mut cells = Vec::new();
            // The member last: what is theirs may be gone afterwards.
            for role in ["nobody", "stranger", "operator", "administrator", "member"] {
                let (kind, body) = world.body(&method, template, role);
                let headers: [(&str, &[u8]); 1] = [("content-type", kind.as_bytes())];
                let name = match role {
                    "stranger" => "otto",
                    "operator" => "olga",
                    "administrator" => "ada",
                    _ => "mia",
                };
                let caller = match role {
                    "nobody" => anyone.clone(),
                    _ if method == "GET" => readers[name].clone(),
                    _ => anyone.log_in(name, PASSWORD).await,
                };
                let answer = verdict(&caller.send(&method, &path, &headers, body.clone()).await);
                if role == "nobody" {
                    // A token that is none is as good as none.
                    let wrong =
                        anyone.with_token("garbage").send(&method, &path, &headers, body.clone()).await;
                    assert_eq!(verdict(&wrong), answer, "{method} {template} with a wrong token");
                    let (method, path, answer) = (method.clone(), path.clone(), answer.clone());
                    without.push((method, path, kind, body.clone(), answer));
                }
                cells.push((role, answer));
            }
            let ordered = ROLES.iter().map(|role| cells.iter().find(|(of, _)| of == role).unwrap().1.clone());
            seen.insert(format!("{method} {template}"), ordered.collect::<Vec<String>>());
        }
    }
    // And so is another server's. Whose key nobody knows waits a moment for it to be made known, so all wait together.
    let mut wrong = tokio::task::JoinSet::new();
    for (method, path, kind, body, answer) in without {
        let client = anyone.with_token(foreign.token());
        wrong.spawn(async move {
            let headers: [(&str, &[u8]); 1] = [("content-type", kind.as_bytes())];
            let got = verdict(&client.send(&method, &path, &headers, body).await);
            assert_eq!(got, answer, "{method} {path} with the token of another server");
        });
    }
    wrong.join_all().await;
    let mut differences = String::new();
    let told = table();
    for (route, cells) in &seen {
        if told.get(route) != Some(cells) {
            writeln!(differences, "| `{route}` | {} |", cells.join(" | ")).unwrap();
        }
    }
    for route in told.keys().filter(|route| !seen.contains_key(*route)) {
        writeln!(differences, "no such route: {route}").unwrap();
    }
    assert!(
        differences.is_empty(),
        "docs/access.md does not say what the server does, which is:\n{differences}"
    );
}

/// The description tells a client which routes need a login: as the table does.
#[tokio::test]
async fn the_description_says_which_routes_need_a_login() {
    let server = Server::start().await;
    let document: Value = server.client().get("/openapi.json").await.good();
    for (route, cells) in table() {
        let (method, path) = route.split_once(' ').unwrap();
        let operation = &document["paths"][path][method.to_lowercase()];
        let needs = operation["security"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one.get("bearerAuth").is_some()));
        assert_eq!(needs, cells[0] == "401", "{route}");
    }
}
