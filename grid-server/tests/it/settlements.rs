//! From the meter to a bill that can be proved, over HTTP and from the command line.

use std::{fmt::Write as _, path::Path, process::Output};

use grid_core::{
    proof::{Bundle, CanonicalJson, Digest, PublicKey, SignedHead, verify_consistency},
    store::Options,
};
use grid_server::serve::Content;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use crate::{
    harness::{Client, Server, folder},
    process::program,
};

const TARIFF: &str = r#"id = "street"
currency = "EUR"
valid_from = 2026-01-01
name = { en = "The street", es = "La calle" }

[[components]]
id = "grid"
kind = "energy"
quantity = "import"
price_per_kwh = 0.20

[[components]]
id = "local"
kind = "energy"
quantity = "received"
price_per_kwh = 0.10

[[components]]
id = "sold"
kind = "credit"
quantity = "given"
price_per_kwh = 0.10
"#;

/// The first hour of March 2026 in Madrid, which has 743 of them.
const FIRST: &str = "2026-02-28T23:00:00Z";
const HOURS: i64 = 743;

/// Ana has a roof of 3 kW and uses 1 kW; Ben uses 1.5 kW.
struct Street {
    server: Server,
    ana: Client,
    ben: Client,
    path: String,
    of_ana: String,
    of_ben: String,
}

fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the server goes by the machine's clock")]
    Timestamp::now()
}

fn row(device: &str, member: &str, channel: &str, hour: i64, kwh: &str) -> String {
    let start = FIRST.parse::<Timestamp>().unwrap() + hour.hours();
    format!("{device},{member},{channel},{start},{},{kwh},measured\n", start + 1.hour())
}

const HEADER: &str = "device,member,channel,start,end,energy_kwh,quality\n";

fn march() -> String {
    let mut table = HEADER.to_owned();
    for hour in 0..HOURS {
        table += &row("roof", "ana", "generation", hour, "3");
        table += &row("ana", "ana", "consumption", hour, "1");
        table += &row("ben", "Ben", "consumption", hour, "1.5");
    }
    table
}

impl Street {
    /// With readings and a contract, and without a tariff.
    async fn bare(arguments: &[&str]) -> Self {
        let server = Server::with(arguments, Content::AsItIs).await;
        let (ana, ben) = (server.user("ana").await, server.user("ben").await);
        let path = ana.community("Europe/Madrid").await;
        let of_ana = ana.get(&format!("{path}/members")).await.good()["items"][0].clone();
        assert_eq!(of_ana["name"], "ana");
        let of_ben =
            ana.post(&format!("{path}/members"), &json!({"name": "Ben", "username": "ben"})).await.good();
        let text = |member: &Value| member["id"].as_str().unwrap().to_owned();
        let (of_ana, of_ben) = (text(&of_ana), text(&of_ben));
        ana.csv(&format!("{path}/readings"), march()).await.good();
        let contract = json!({"contract": {"resolution": "1h"}, "valid_from": "2026-01-01"});
        let made = ana.post(&format!("{path}/contracts"), &contract).await;
        assert_eq!((made.status.as_u16(), &made.json()["resolution"]), (201, &json!("1h")));
        Self { server, ana, ben, path, of_ana, of_ben }
    }

    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn with(arguments: &[&str]) -> Self {
        let street = Self::bare(arguments).await;
        street.toml(TARIFF).await.good();
        street
    }

    async fn toml(&self, text: &str) -> crate::harness::Answer {
        let headers: [(&str, &[u8]); 1] = [("content-type", b"application/toml")];
        self.ana.send("POST", &format!("{}/tariffs", self.path), &headers, text.to_owned()).await
    }

    async fn settle(&self, more: Value) -> crate::harness::Answer {
        let mut body = json!({"month": "2026-03"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.ana.post(&format!("{}/settlements", self.path), &body).await
    }

    /// Ben's energy in the first hour, told again.
    async fn ben_used(&self, kwh: &str) {
        let table = HEADER.to_owned() + &row("ben", "Ben", "consumption", 0, kwh);
        self.ana.csv(&format!("{}/readings", self.path), table).await.good();
    }

    async fn key(&self) -> PublicKey {
        let key = self.server.client().get("/api/v1/log/key").await.good();
        let public: PublicKey = key["public_key"].as_str().unwrap().parse().unwrap();
        assert_eq!(key["pem"].as_str().unwrap().parse::<PublicKey>().unwrap(), public);
        assert_eq!(key["key_id"], public.key_id().to_string());
        public
    }
}

fn of<'a>(answer: &'a Value, member: &str) -> &'a Value {
    let statements = answer["statements"].as_array().unwrap();
    statements.iter().find(|statement| statement["member"]["id"] == member).unwrap()
}

fn path_of(statement: &Value) -> String {
    format!("/api/v1/statements/{}", statement["id"].as_str().unwrap())
}

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_settled_issued_corrected_and_proved() {
    let street = Street::new().await;
    let anybody = street.server.client();
    for path in ["head", "key"] {
        let problem = anybody.get(&format!("/api/v1/log/{path}")).await.problem(404);
        assert!(problem["hint"].is_string(), "{problem}");
    }
    let draft = street.settle(json!({"compare": [{"kind": "equal"}]})).await;
    assert_eq!(draft.status, 200);
    let draft = draft.json();
    assert_eq!((&draft["issued"], &draft["id"]), (&json!(false), &Value::Null));
    // 1.5 kWh of the 2 that Ana has left over, 743 times, at 0.10.
    assert_eq!(of(&draft, &street.of_ben)["total"], "111.45");
    assert_eq!(of(&draft, &street.of_ana)["total"], "-111.45");
    assert_eq!(draft["account"]["total"], "0.00");
    assert_eq!(of(&draft, &street.of_ben)["comparisons"][0]["total"], "222.90");
    let none = street.ana.get(&format!("{}/statements", street.path)).await.good();
    assert_eq!(none["items"], json!([]));

    let before = now();
    let first = street.settle(json!({"issue": true})).await;
    assert_eq!(first.status, 201);
    let first = first.json();
    assert_eq!((&first["issued"], &first["unchanged"]), (&json!(true), &json!(0)));
    let again = street.settle(json!({"issue": true})).await;
    assert_eq!(again.status, 200);
    let again = again.json();
    assert_eq!(
        (&again["issued"], &again["unchanged"], &again["statements"]),
        (&json!(false), &json!(2), &json!([]))
    );
    let public = street.key().await;
    let head = SignedHead::parse(&anybody.get("/api/v1/log/head").await.text()).unwrap();
    assert_eq!(head.verify(&public).unwrap().tree_size(), 2);

    // A late reading: the difference, and nothing of what was told changes.
    let text = street.ana.get(&path_of(of(&first, &street.of_ben))).await.text();
    street.ben_used("0").await;
    let second = street.settle(json!({"issue": true})).await;
    assert_eq!(second.status, 201);
    let second = second.json();
    let correction = of(&second, &street.of_ben);
    assert_eq!((&correction["kind"], &correction["total"]), (&json!("correction"), &json!("-0.15")));
    assert_eq!(correction["corrects"], of(&first, &street.of_ben)["id"]);
    assert_eq!(street.ana.get(&path_of(of(&first, &street.of_ben))).await.text(), text);
    let as_it_stood = street.settle(json!({"as_of": before.to_string()})).await.good();
    assert_eq!(of(&as_it_stood, &street.of_ben)["total"], "111.45");
    assert_eq!(of(&street.settle(json!({})).await.good(), &street.of_ben)["total"], "111.30");

    // All of it is in the log, and the log only grew.
    for statement in [&first, &second].iter().flat_map(|issued| issued["statements"].as_array().unwrap()) {
        let proof = street.ana.get(&format!("{}/proof", path_of(statement))).await;
        assert_eq!(proof.header("content-type"), "application/json");
        let verified = Bundle::parse(&proof.text()).unwrap().verify(&public).unwrap();
        assert_eq!(verified.tree_size(), 4);
        let alone = street.ana.get(&path_of(statement)).await.text();
        assert_eq!(CanonicalJson::parse(&alone).unwrap().as_str(), alone);
        assert_eq!(CanonicalJson::parse(&alone).unwrap().leaf_hash(), *verified.leaf_hash());
    }
    let grown: Value = anybody.get("/api/v1/log/consistency?from=2&to=4").await.good();
    let path: Vec<Digest> = grown["path"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hash| hash.as_str().unwrap().parse().unwrap())
        .collect();
    let newer = SignedHead::parse(&grown["head"].to_string()).unwrap();
    verify_consistency(&head, &newer, &path, &public).unwrap();
    assert_eq!(anybody.get("/api/v1/log/consistency?from=1&to=3").await.good()["head"], Value::Null);
    anybody.get("/api/v1/log/consistency?from=2&to=5").await.problem(404);
    anybody
        .get("/api/v1/log/consistency?from=18446744073709551615&to=18446744073709551615")
        .await
        .problem(404);
    for wrong in ["from=4&to=2", "from=-1&to=2", "from=2", "from=2&to=99999999999999999999"] {
        anybody.get(&format!("/api/v1/log/consistency?{wrong}")).await.problem(422);
    }

    // Who did it is written down.
    let store =
        grid_core::store::Store::connect(&street.server.database_url(), Options::default()).await.unwrap();
    let user = store.user_by_name("ana").await.unwrap().unwrap().id();
    store.set_administrator(user, true).await.unwrap();
    let root = street.server.client().log_in("ana", "correct horse").await;
    let audit = root.get("/api/v1/audit?action=settlement.issue").await.good();
    let targets: Vec<_> = audit["items"].as_array().unwrap().iter().map(|entry| &entry["target"]).collect();
    assert_eq!(targets, [&second["id"], &first["id"]]);
    assert_eq!(audit["items"][0]["actor_name"], "ana");
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_listed_and_shown_in_every_form() {
    let street = Street::new().await;
    street.settle(json!({"issue": true})).await.good();
    street.ben_used("0").await;
    street.settle(json!({"issue": true})).await.good();
    let list = format!("{}/statements", street.path);
    let all = street.ana.get(&format!("{list}?month=2026-03")).await.good();
    assert_eq!((all["items"].as_array().unwrap().len(), &all["next"]), (4, &Value::Null));
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = street.ana.get(&format!("{list}?limit=3{after}")).await.good();
        found.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(json!(found), all["items"]);
    let of_ben = street.ana.get(&format!("{list}?member_id={}", street.of_ben)).await.good();
    assert_eq!(of_ben["items"].as_array().unwrap().len(), 2);
    assert_eq!(street.ana.get(&format!("{list}?month=2026-04")).await.good()["items"], json!([]));
    let csv = street.ana.get(&format!("{list}?format=csv")).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert!(csv.text().lines().count() > 4, "{}", csv.text());
    for wrong in ["format=xml", "month=March", "limit=many", "member_id=ben", "after=-1"] {
        street.ana.get(&format!("{list}?{wrong}")).await.problem(422);
    }
    let settlements = format!("{}/settlements", street.path);
    let page = street.ana.get(&format!("{settlements}?limit=1")).await.good();
    let next = page["next"].as_str().unwrap();
    let rest = street.ana.get(&format!("{settlements}?limit=1&after={next}")).await.good();
    assert_eq!(rest["next"], Value::Null);
    assert_eq!(page["items"][0]["account"]["statements"], 2);
    assert_eq!(page["items"][0]["start"], FIRST);

    let path = path_of(&of_ben["items"][0]);
    for (form, kind) in [
        ("", "application/json"),
        ("?format=json", "application/json"),
        ("?format=html", "text/html; charset=utf-8"),
        ("?format=pdf", "application/pdf"),
        ("?format=csv", "text/csv; charset=utf-8"),
    ] {
        let answer = street.ben.get(&format!("{path}{form}")).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, kind));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(!answer.body.is_empty());
    }
    let page = |lang: &str| format!("{path}?format=html&lang={lang}");
    let english = street.ben.get(&page("en")).await;
    assert!(english.header("content-security-policy").starts_with("default-src 'none'"), "{english:?}");
    let (english, spanish) = (english.text(), street.ben.get(&page("es")).await.text());
    assert!(english.contains("lang=\"en\"") && spanish.contains("lang=\"es\""));
    assert!(english.contains("111.45") && spanish.contains("111,45"), "{spanish}");
    let pdf = street.ben.get(&format!("{path}?format=pdf&lang=es")).await;
    assert!(pdf.body.starts_with(b"%PDF-") && pdf.header("content-disposition").contains(".pdf"), "{pdf:?}");
    assert_ne!(pdf.body, street.ben.get(&format!("{path}?format=pdf&lang=en")).await.body);
    for wrong in ["format=docx", "format=html&lang=xx"] {
        street.ben.get(&format!("{path}?{wrong}")).await.problem(422);
    }
    // A name is text and nothing else.
    let script = "<script>alert(1)</script>";
    let other = Street::new().await;
    let member = other.ana.post(&format!("{}/members", other.path), &json!({"name": script})).await.good();
    other
        .ana
        .csv(&format!("{}/readings", other.path), {
            let mut table = HEADER.to_owned();
            for hour in 0..HOURS {
                write!(table, "{}", row("third", script, "consumption", hour, "0.1")).unwrap();
            }
            table
        })
        .await
        .good();
    let issued = other.settle(json!({"issue": true})).await.good();
    let page =
        other.ana.get(&format!("{}?format=html", path_of(of(&issued, member["id"].as_str().unwrap())))).await;
    assert!(!page.text().contains("<script"), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_sees_their_own_and_a_stranger_nothing() {
    let street = Street::new().await;
    let own = street.toml(TARIFF).await.good();
    assert_eq!(own["member_id"], Value::Null);
    let headers: [(&str, &[u8]); 1] = [("content-type", b"application/toml")];
    let for_ana = format!("{}/tariffs?member_id={}", street.path, street.of_ana);
    street.ana.send("POST", &for_ana, &headers, TARIFF).await.good();
    let issued = street.settle(json!({"issue": true})).await.good();
    let (tom, nobody) = (street.server.user("tom").await, street.server.client());
    let (of_ana, of_ben) = (path_of(of(&issued, &street.of_ana)), path_of(of(&issued, &street.of_ben)));
    for suffix in ["", "/proof", "?format=html", "?format=pdf"] {
        assert_eq!(street.ben.get(&format!("{of_ben}{suffix}")).await.status, 200);
        assert_eq!(street.ana.get(&format!("{of_ben}{suffix}")).await.status, 200);
        let hidden = street.ben.get(&format!("{of_ana}{suffix}")).await.problem(404);
        let absent = format!("/api/v1/statements/{}{suffix}", street.of_ben);
        let missing = street.ben.get(&absent).await.problem(404);
        // That it is there is not told.
        let detail =
            |problem: &Value| problem["detail"].as_str().unwrap().split('`').next().unwrap().to_owned();
        assert_eq!(detail(&hidden), detail(&missing));
        tom.get(&format!("{of_ben}{suffix}")).await.problem(404);
        nobody.get(&format!("{of_ben}{suffix}")).await.problem(401);
    }
    let list = format!("{}/statements", street.path);
    let seen = street.ben.get(&list).await.good();
    let seen = seen["items"].as_array().unwrap();
    assert!(seen.len() == 1 && seen[0]["member"]["id"] == street.of_ben.as_str(), "{seen:?}");
    street.ben.get(&format!("{list}?member_id={}", street.of_ana)).await.problem(404);
    assert_eq!(street.ben.get(&format!("{list}?member_id={}", street.of_ben)).await.status, 200);
    tom.get(&list).await.problem(404);
    let count = async |who: &Client| {
        who.get(&format!("{}/tariffs", street.path)).await.good()["items"].as_array().unwrap().len()
    };
    assert_eq!((count(&street.ana).await, count(&street.ben).await), (3, 2));
    for (path, body) in [
        ("settlements", json!({"month": "2026-03"})),
        ("contracts", json!({"contract": {}})),
        ("tariffs", json!({})),
    ] {
        let path = format!("{}/{path}", street.path);
        street.ben.post(&path, &body).await.problem(403);
        tom.post(&path, &body).await.problem(404);
        nobody.post(&path, &body).await.problem(401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_where_it_is() {
    let street = Street::bare(&[]).await;
    let settlements = format!("{}/settlements", street.path);
    let problem = street.settle(json!({})).await.problem(409);
    assert!(problem["hint"].as_str().unwrap().contains("tariff"), "{problem}");
    // Line and column of a tariff, in both of its forms.
    let problem =
        street.toml(&TARIFF.replace("price_per_kwh = 0.10", "price_per_kwh = \"cheap\"")).await.problem(422);
    assert_eq!(problem["errors"][0]["line"], 16, "{problem}");
    assert!(problem["errors"][0]["column"].is_u64(), "{problem}");
    let problem = street.toml(&TARIFF.replace("valid_from", "valid_form")).await.problem(422);
    assert!(problem.to_string().contains("valid_form") && problem["errors"][0]["line"] == 3, "{problem}");
    let tariffs = format!("{}/tariffs", street.path);
    let json = "{\n  \"id\": \"street\",\n  \"currency\": \"EURO\",\n  \"valid_from\": \"2026-01-01\", \"components\": []\n}";
    let kind: [(&str, &[u8]); 1] = [("content-type", b"application/json")];
    let problem = street.ana.send("POST", &tariffs, &kind, json).await.problem(422);
    assert_eq!(problem["errors"][0]["line"], 3, "{problem}");
    street
        .ana
        .send("POST", &tariffs, &[("content-type", b"application/xml")], "<tariff/>")
        .await
        .problem(415);
    street.ana.send("POST", &tariffs, &kind, &b"\xff\xfe"[..]).await.problem(422);
    street.ana.send("POST", &tariffs, &kind, "[".repeat(100_000)).await.problem(422);
    let stranger = format!("{tariffs}?member_id={}", uuid::Uuid::from_u128(7));
    street.ana.send("POST", &stranger, &[("content-type", b"application/toml")], TARIFF).await.problem(404);
    // The two forms are one.
    let toml = street.toml(TARIFF).await.good();
    let back = street.ana.post(&tariffs, &toml["tariff"]).await.good();
    assert_eq!(back["tariff"], toml["tariff"]);

    for wrong in [
        json!({"month": "2026-13"}),
        json!({"month": "2026-03", "from": "2026-03-01"}),
        json!({"from": "2026-03-01"}),
        json!({}),
        json!({"from": "2026-03-02", "to": "2026-03-01"}),
        json!({"from": "2026-03-01T00:10:00Z", "to": "2026-03-02"}),
        json!({"month": "2026-03", "missing": "zero"}),
        json!({"month": "2026-03", "as_of": "yesterday"}),
        json!({"month": "2026-03", "as_of": "2026-03-03", "issue": true}),
        json!({"month": "2026-03", "compare": [{"kind": "fair"}]}),
        json!({"month": "2026-03", "compare": vec![json!({"kind": "equal"}); 100]}),
        json!({"month": "2026-03", "isue": true}),
    ] {
        street.ana.post(&settlements, &wrong).await.problem(422);
    }
    street.ana.post(&settlements, &json!({"from": "1900-01-01", "to": "2100-01-01"})).await.problem(413);
    for month in ["0001-01", "9999-12"] {
        let status = street.ana.post(&settlements, &json!({"month": month})).await.status;
        assert!(status.is_client_error(), "{status}");
    }
    // Before anything was recorded there was nobody.
    street.settle(json!({"as_of": "2020-01-01"})).await.problem(409);

    // A month of which a reading is missing.
    let problem =
        street.ana.post(&settlements, &json!({"from": "2026-03-01", "to": "2026-04-02"})).await.problem(409);
    assert!(problem["detail"].as_str().unwrap().contains("743") && problem["hint"].is_string(), "{problem}");
    let wider = json!({"from": "2026-03-01", "to": "2026-04-02", "missing": "leave_out"});
    let left_out = street.ana.post(&settlements, &wider).await.good();
    assert_eq!(of(&left_out, &street.of_ben)["total"], "111.45");
    assert_ne!(of(&left_out, &street.of_ben)["completeness"], "1.000000");
    // What was issued is not issued again within another period.
    street.settle(json!({"issue": true})).await.good();
    let mut overlapping = wider.clone();
    overlapping["issue"] = true.into();
    let problem = street.ana.post(&settlements, &overlapping).await.problem(409);
    assert!(problem["hint"].as_str().unwrap().contains("same period"), "{problem}");

    let contracts = format!("{}/contracts", street.path);
    for wrong in [
        json!({"contract": {"resolution": "7min"}}),
        json!({"contract": {"law": "narnia"}}),
        json!({"contract": {"colour": "red"}}),
        json!({"contract": {}, "valid_from": "soon"}),
        json!({"contract": {"contracted": {"nobody": {"p1": "4.6 kW"}}}}),
    ] {
        street.ana.post(&contracts, &wrong).await.problem(422);
    }
    assert_eq!(street.ana.get(&contracts).await.good()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn prices_come_as_rows_and_replace_each_other() {
    let street = Street::bare(&[]).await;
    let indexed = TARIFF.replace(
        "quantity = \"import\"\nprice_per_kwh = 0.20",
        "quantity = \"consumption\"\nseries = \"spot\"",
    );
    street.toml(&indexed).await.good();
    let problem = street.settle(json!({})).await.problem(422);
    assert!(problem["detail"].as_str().unwrap().contains("spot"), "{problem}");
    let prices = format!("{}/prices?name=spot", street.path);
    let end = FIRST.parse::<Timestamp>().unwrap() + HOURS.hours();
    let flat = format!("start,end,price\n{FIRST},{end},0.05\n");
    assert_eq!(street.ana.csv(&prices, flat).await.good()["prices"], 1);
    // 111.45 to Ana, and 0.05 for each of 1114.5 kWh: 55.725, half up.
    assert_eq!(of(&street.settle(json!({})).await.good(), &street.of_ben)["total"], "167.18");
    // An hour at another price, later.
    let dear = format!("start,end,price\n{FIRST},2026-03-01T00:00:00Z,1.05\n");
    street.ana.csv(&prices, dear).await.good();
    assert_eq!(of(&street.settle(json!({})).await.good(), &street.of_ben)["total"], "168.68");
    let listed = street.ben.get(&format!("{prices}&from=2026-03-01&to=2026-03-02")).await.good();
    let listed: Vec<_> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|price| price["price_per_kwh"].as_str().unwrap())
        .collect();
    assert_eq!(listed, ["1.05", "0.05"]);

    for (rows, place) in [
        ("", 1),
        ("from,to,price\n", 1),
        ("start,end,price\n2026-03-01T00:00:00Z,2026-03-01T01:00:00Z,dear\n", 2),
        ("start,end,price\n2026-03-01T00:00:00Z,2026-03-01T00:00:00Z,1\n", 2),
        ("start,end,price\n2026-03-01T00:00:00,2026-03-01T01:00:00Z,1\n", 2),
    ] {
        let problem = street.ana.csv(&prices, rows).await.problem(422);
        assert_eq!(problem["errors"][0]["line"], place, "{problem}");
    }
    let row = "start,end,price\n2026-03-01T00:00:00Z,2026-03-01T01:00:00Z,1\n";
    let twice = row.to_owned() + &row.replace("start,end,price\n", "");
    street.ana.csv(&prices, twice).await.problem(422);
    for query in ["name=spot&currency=COP", "name=spot&currency=gold", "name=", "name=a%00b", ""] {
        street.ana.csv(&format!("{}/prices?{query}", street.path), row).await.problem(422);
    }
    street.ben.csv(&prices, row).await.problem(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_key_shares() {
    let street = Street::new().await;
    let keys = format!("{}/keys", street.path);
    let (ana, ben) = (&street.of_ana, &street.of_ben);
    // Ben needs 1.5 of the 2 kWh that Ana does not use; equal parts give him one of them, and her part stays hers.
    let cascade = json!({"kind": "cascade", "first": {"kind": "equal"}, "then": {"kind": "proportional"}});
    for (key, total) in [
        (json!({"kind": "priority", "groups": [[ben], [ana]]}), "111.45"),
        (cascade, "111.45"),
        (
            json!({"kind": "static", "shares": [{"member_id": ana, "share": "0.5"}, {"member_id": ben, "share": "0.5"}]}),
            "148.60",
        ),
    ] {
        let mut body = key.clone();
        body["valid_from"] = "2026-01-01".into();
        let made = street.ana.post(&keys, &body).await;
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!(made.json()["kind"], key["kind"]);
        let draft = street.settle(json!({})).await.good();
        assert_eq!(of(&draft, ben)["total"], total, "{key}");
        assert_eq!(of(&draft, ben)["sharing"]["keys"], json!([key["kind"]]));
    }
    let stranger = json!({"kind": "priority", "groups": [[uuid::Uuid::from_u128(7)]]});
    street.ana.post(&keys, &stranger).await.problem(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_writes_what_the_server_answers() {
    let street = Street::new().await;
    let url = street.server.database_url();
    let out = folder();
    let read = |name: String| std::fs::read(out.join(name)).unwrap();
    let settle = |community: &str, more: &[&str]| {
        let fixed = ["settle", "--community", community, "--month", "2026-03", "--database-url", &url];
        run(&[&fixed[..], more].concat())
    };
    let folder_text = out.display().to_string();
    // A draft of the same instants is the same draft.
    let as_of = now().to_string();
    let draft = street.settle(json!({"as_of": as_of, "compare": [{"kind": "equal"}]})).await.good();
    let issued_at = draft["account"]["issued_at"].as_str().unwrap();
    let more = ["--as-of", &as_of, "--issued-at", issued_at, "--compare", "equal", "--out", &folder_text];
    let told = said(&settle("Las Acacias", &more));
    assert!(told.contains("draft\t") && told.contains("\tBen\t111.45 EUR\n"), "{told}");
    for statement in draft["statements"].as_array().unwrap() {
        let file = read(format!("{}.json", statement["id"].as_str().unwrap()));
        assert_eq!(String::from_utf8(file).unwrap(), CanonicalJson::from_value(statement).unwrap().as_str());
    }
    let account: Value = serde_json::from_slice(&read("account.json".to_owned())).unwrap();
    assert_eq!(account, draft["account"]);

    // Issued from the command line, and asked for over HTTP.
    let id = street.path.rsplit('/').next().unwrap();
    let told = said(&settle(id, &["--issue", "--out", &folder_text, "--lang", "es"]));
    assert!(told.contains("issued\t"), "{told}");
    let listed = street.ana.get(&format!("{}/statements", street.path)).await.good();
    for statement in listed["items"].as_array().unwrap() {
        let (id, path) = (statement["id"].as_str().unwrap(), path_of(statement));
        for (file, query) in [
            ("json", ""),
            ("html", "?format=html&lang=es"),
            ("pdf", "?format=pdf&lang=es"),
            ("proof.json", "/proof"),
        ] {
            let answer = street.ana.get(&format!("{path}{query}")).await;
            assert_eq!(read(format!("{id}.{file}")), answer.body, "{file}");
        }
    }
    let csv = street.ana.get(&format!("{}/statements?format=csv", street.path)).await;
    assert_eq!(read("lines.csv".to_owned()), csv.body);
    assert!(said(&settle(id, &["--issue"])).contains("unchanged\t2 members"));
    assert_eq!(street.settle(json!({"issue": true})).await.json()["unchanged"], 2);
    for (community, word) in [("Nowhere", "Nowhere"), ("00000000-0000-0000-0000-000000000007", "community")] {
        assert!(refused(&settle(community, &[])).contains(word));
    }
    assert_eq!(settle(id, &["--issue", "--as-of", &as_of]).status.code(), Some(2));
    // As many keys to compare with as over HTTP.
    said(&settle(id, &["--compare", "equal"].repeat(8)));
    let nine = refused(&settle(id, &["--compare", "equal"].repeat(9)));
    assert!(nine.contains("at most 8 keys to compare with, got 9"), "{nine}");

    verified_by_command(&street, &out, &listed["items"][0]).await;
}

/// A stranger has the file and the key, and no server.
async fn verified_by_command(street: &Street, out: &Path, statement: &Value) {
    let id = statement["id"].as_str().unwrap();
    let file = |name: &str| out.join(name).display().to_string();
    let (proof, alone) = (file(&format!("{id}.proof.json")), file(&format!("{id}.json")));
    let key = street.server.client().get("/api/v1/log/key").await.good();
    let (public, pem) = (key["public_key"].as_str().unwrap(), file("key.pem"));
    std::fs::write(&pem, key["pem"].as_str().unwrap()).unwrap();
    for key in [public, &pem] {
        assert!(said(&run(&["verify", &proof, "--key", key])).starts_with("verified: entry 0 of the 2 "));
    }
    // The statement alone, beside its proof.
    let bundle: Value = serde_json::from_slice(&std::fs::read(&proof).unwrap()).unwrap();
    std::fs::write(file("receipt.json"), bundle["proof"].to_string()).unwrap();
    said(&run(&["verify", &alone, "--key", public, "--proof", &file("receipt.json")]));

    let text = std::fs::read_to_string(&proof).unwrap();
    let mut changed = bundle.clone();
    changed["statement"]["member"]["name"] = "Bem".into();
    let other = grid_core::proof::LogKey::from_seed(&[1; 32]).unwrap().public_key().to_string();
    for (what, text, key) in [
        ("a name", changed.to_string(), public),
        ("an amount", text.replace("111.45", "111.46"), public),
        ("cut", text[..text.len() - 2].to_owned(), public),
        ("empty", String::new(), public),
        ("deep", "[".repeat(1_000_000), public),
        ("another key", text, &other),
    ] {
        std::fs::write(file("wrong.json"), text).unwrap();
        let told = refused(&run(&["verify", &file("wrong.json"), "--key", key]));
        assert!(told.lines().next().is_some_and(|line| line.len() > 10), "{what}: {told}");
    }
    assert!(refused(&run(&["verify", &file("absent.json"), "--key", public])).contains("absent.json"));
    assert!(refused(&run(&["verify", &proof, "--key", "absent.pem"])).contains("absent.pem"));
    refused(&run(&["verify", &proof, "--key", "ed25519:rubbish"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_the_log_is_sealed_and_outlives_a_restart() {
    let sealing = ["--sealing-key", "a text of at least 32 bytes, best made at random"];
    let sealed = async |url: &str| {
        let store = grid_core::store::Store::connect(url, Options::default()).await.unwrap();
        let keys = store.log_keys().await.unwrap();
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0].sealed, grid_core::proof::LogKey::from_pkcs8(&keys[0].pkcs8).is_err());
        keys[0].sealed
    };
    let made_sealed = Street::with(&sealing).await;
    made_sealed.settle(json!({"issue": true})).await.good();
    assert!(sealed(&made_sealed.server.database_url()).await);
    let public = made_sealed.key().await;
    // Anybody may ask for the public key: the private one is not opened each time.
    let store = grid_core::store::Store::connect(&made_sealed.server.database_url(), Options::default())
        .await
        .unwrap();
    store.seal_log_key(&public.key_id().to_string(), b"rubbish").await.unwrap();
    assert_eq!(made_sealed.key().await, public);

    let street = Street::new().await;
    street.settle(json!({"issue": true})).await.good();
    let url = street.server.database_url();
    assert!(!sealed(&url).await);
    let public = street.key().await;
    // Another server on the same database seals the key, and signs with it; the log keeps its name.
    let second = Server::on_with(&url, &[&sealing[..], &["--issuer", "elsewhere"]].concat()).await;
    let ana = second.client().log_in("ana", "correct horse").await;
    let used = |kwh: &str| HEADER.to_owned() + &row("ben", "Ben", "consumption", 0, kwh);
    let readings = format!("{}/readings", street.path);
    ana.csv(&readings, used("0")).await.good();
    let body = json!({"month": "2026-03", "issue": true});
    let issued = ana.post(&format!("{}/settlements", street.path), &body).await.good();
    for statement in issued["statements"].as_array().unwrap() {
        let proof = ana.get(&format!("{}/proof", path_of(statement))).await.text();
        let verified = Bundle::parse(&proof).unwrap().verify(&public).unwrap().clone();
        assert_eq!((verified.origin(), verified.tree_size()), ("grid", 4));
    }
    assert!(sealed(&url).await);
    assert_eq!(second.client().get("/api/v1/log/key").await.good()["public_key"], public.to_string());
    // Without what it was sealed with nothing is issued, and nothing is lost.
    ana.csv(&readings, used("1")).await.good();
    let settle =
        ["settle", "--community", "Las Acacias", "--month", "2026-03", "--issue", "--database-url", &url];
    refused(&run(&settle));
    said(&run(&[&settle[..], &sealing[..]].concat()));
    second.stop().await;
}

/// The id of a device by its name in the community.
async fn device(street: &Street, name: &str) -> String {
    let found = street.ana.get(&format!("{}/devices", street.path)).await.good();
    let items = found["items"].as_array().unwrap();
    items.iter().find(|item| item["name"] == name).unwrap()["id"].as_str().unwrap().to_owned()
}

fn kwh(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_moves_in_mid_month_is_billed_to_each_member_for_their_time() {
    let street = Street::new().await;
    let issued = street.settle(json!({"issue": true})).await.good();
    let document = street.ana.get(&path_of(of(&issued, &street.of_ben))).await.text();
    let as_of = now().to_string();
    let stood = street.settle(json!({"as_of": as_of, "issue": false})).await.good();
    let eva = street.ana.post(&format!("{}/members", street.path), &json!({"name": "Eva"})).await.good();
    let eva = eva["id"].as_str().unwrap();
    let meter = format!("{}/devices/{}", street.path, device(&street, "ben").await);
    let json: &[(&str, &[u8])] = &[("content-type", b"application/json")];
    let moved = json!({"member_id": eva, "from": "2026-03-11"}).to_string();
    street.ben.send("PATCH", &meter, json, moved.clone()).await.problem(403);
    let answer = street.ana.send("PATCH", &meter, json, moved).await.good();
    assert_eq!((&answer["member_id"], &answer["from"]), (&json!(eva), &json!("2026-03-10T23:00:00Z")));

    // Ten days of 1.5 kWh an hour are Ben's, the rest of the 743 hours Eva's.
    let after = street.settle(json!({})).await.good();
    assert_eq!(after["statements"].as_array().unwrap().len(), 3);
    let used = |member: &str| kwh(&of(&after, member)["energy"]["consumption_kwh"]);
    assert_eq!((used(&street.of_ben), used(eva)), (360.0, 754.5));
    assert_eq!(
        (&of(&after, &street.of_ben)["total"], &of(&after, eva)["total"]),
        (&json!("36.00"), &json!("75.45"))
    );
    assert_eq!(of(&after, &street.of_ana)["total"], "-111.45");
    assert_eq!(after["account"]["total"], "0.00");
    assert_eq!(after["account"]["completeness"], "1.000000");
    // What was known when it was settled gives the same, and what was issued is corrected by the difference.
    let again = street.settle(json!({"as_of": as_of})).await.good();
    assert_eq!(again["account"]["energy"], stood["account"]["energy"]);
    assert_eq!(of(&again, &street.of_ben)["total"], "111.45");
    assert_eq!(street.ana.get(&path_of(of(&issued, &street.of_ben))).await.text(), document);
    let corrected = street.settle(json!({"issue": true})).await.good();
    assert_eq!(of(&corrected, &street.of_ben)["total"], "-75.45");
    assert_eq!(
        (&of(&corrected, eva)["kind"], &of(&corrected, eva)["total"]),
        (&json!("statement"), &json!("75.45"))
    );

    // Removed at the end of the month it is still the month's.
    let answer = street.ana.delete(&format!("{meter}?until=2026-04-01")).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    let last = street.settle(json!({"issue": true})).await.good();
    assert_eq!((&last["issued"], &last["unchanged"]), (&json!(false), &json!(3)));

    // Who counted when, and what was said of it.
    let list = async |query: &str| {
        let found = street.ana.get(&format!("{}/devices{query}", street.path)).await.good();
        let items = found["items"].as_array().unwrap();
        items
            .iter()
            .filter(|item| item["name"] == "ben")
            .map(|item| [&item["member_id"], &item["from"], &item["until"]].map(Value::clone))
            .collect::<Vec<_>>()
    };
    let [first, second] = ["2026-03-10T23:00:00Z", "2026-03-31T22:00:00Z"].map(|at| json!(at));
    let (ben, eva) = (json!(street.of_ben), json!(eva));
    assert_eq!(
        list("?ended=true").await,
        [[ben.clone(), Value::Null, first.clone()], [eva.clone(), first, second]]
    );
    assert_eq!(list(&format!("?as_of={as_of}")).await, [[ben, Value::Null, Value::Null]]);
    let said = street.ana.get(&meter).await.good();
    let members: Vec<&Value> =
        said["items"].as_array().unwrap().iter().map(|one| &one["member_id"]).collect();
    assert_eq!(members, [&json!(street.of_ben), &eva, &Value::Null]);
    street.ben.get(&meter).await.problem(403);
    let nowhere = format!("{}/devices/{}", street.path, uuid::Uuid::nil());
    street.ana.get(&nowhere).await.problem(404);
    street.ana.delete(&nowhere).await.problem(404);
    street
        .ana
        .send("PATCH", &nowhere, json, json!({"member_id": street.of_ben}).to_string())
        .await
        .problem(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_that_begins_after_the_month_is_named() {
    let street = Street::new().await;
    let table = HEADER.to_owned() + &row("casa 9", "Eva", "consumption", HOURS, "1");
    street.ana.csv(&format!("{}/readings", street.path), table).await.good();
    let problem = street.settle(json!({})).await.problem(409);
    let detail = problem["detail"].as_str().unwrap();
    let id = device(&street, "casa 9").await;
    assert!(
        ["Eva", "`consumption`", "2026-03-31T22:00:00Z", &id].iter().all(|part| detail.contains(part)),
        "{detail}"
    );
    assert!(problem["hint"].as_str().unwrap().contains("since when"), "{problem}");
    let incomplete = street.settle(json!({"missing": "leave_out"})).await.good();
    let eva = incomplete["statements"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["member"]["name"] == "Eva")
        .unwrap();
    assert_eq!(eva["completeness"], "0.000000");
    let found =
        street.ana.get(&format!("{}/completeness?from=2026-03-01&to=2026-04-01", street.path)).await.good();
    let register =
        found["items"].as_array().unwrap().iter().find(|item| item["device"] == json!(id)).unwrap();
    assert_eq!((&register["known"], &register["expected"]), (&json!(0), &json!(HOURS)));
    // Since when it counts says that nothing of it is missing.
    let since = json!({"device_id": id, "member_id": eva["member"]["id"], "from": "2026-04-01"});
    let answer = street.ana.post(&format!("{}/devices", street.path), &since).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["from"]), (201, &json!("2026-03-31T22:00:00Z")));
    assert_eq!(street.settle(json!({})).await.good()["statements"].as_array().unwrap().len(), 2);
    let other = json!({"device_id": id, "member_id": street.of_ben, "from": "2026-05-01"});
    let problem = street.ana.post(&format!("{}/devices", street.path), &other).await.problem(409);
    assert!(problem["hint"].as_str().unwrap().contains("move it"), "{problem}");
}
