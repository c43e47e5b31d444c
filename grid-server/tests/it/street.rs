//! A street with a roof on it, over HTTP: the community that settlements are tested with.

use std::process::Output;

use grid_core::proof::PublicKey;
use grid_server::serve::Content;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use crate::{
    harness::{Answer, Client, Server},
    process::program,
};

pub(crate) const TARIFF: &str = r#"id = "street"
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
pub(crate) const FIRST: &str = "2026-02-28T23:00:00Z";
pub(crate) const HOURS: i64 = 743;

/// Ana has a roof of 3 kW and uses 1 kW; Ben uses 1.5 kW.
pub(crate) struct Street {
    pub(crate) server: Server,
    pub(crate) ana: Client,
    pub(crate) ben: Client,
    pub(crate) path: String,
    pub(crate) of_ana: String,
    pub(crate) of_ben: String,
}

pub(crate) fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the server goes by the machine's clock")]
    Timestamp::now()
}

pub(crate) fn row(device: &str, member: &str, channel: &str, hour: i64, kwh: &str) -> String {
    let start = FIRST.parse::<Timestamp>().unwrap() + hour.hours();
    format!("{device},{member},{channel},{start},{},{kwh},measured\n", start + 1.hour())
}

pub(crate) const HEADER: &str = "device,member,channel,start,end,energy_kwh,quality\n";

pub(crate) fn march() -> String {
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
    pub(crate) async fn bare(arguments: &[&str]) -> Self {
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

    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(arguments: &[&str]) -> Self {
        let street = Self::bare(arguments).await;
        street.toml(TARIFF).await.good();
        street
    }

    pub(crate) async fn toml(&self, text: &str) -> Answer {
        let headers: [(&str, &[u8]); 1] = [("content-type", b"application/toml")];
        self.ana.send("POST", &format!("{}/tariffs", self.path), &headers, text.to_owned()).await
    }

    pub(crate) async fn settle(&self, more: Value) -> Answer {
        let mut body = json!({"month": "2026-03"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.ana.post(&format!("{}/settlements", self.path), &body).await
    }

    /// Ben's energy in the first hour, told again.
    pub(crate) async fn ben_used(&self, kwh: &str) {
        let table = HEADER.to_owned() + &row("ben", "Ben", "consumption", 0, kwh);
        self.ana.csv(&format!("{}/readings", self.path), table).await.good();
    }

    pub(crate) async fn key(&self) -> PublicKey {
        let key = self.server.client().get("/api/v1/log/key").await.good();
        let public: PublicKey = key["public_key"].as_str().unwrap().parse().unwrap();
        assert_eq!(key["pem"].as_str().unwrap().parse::<PublicKey>().unwrap(), public);
        assert_eq!(key["key_id"], public.key_id().to_string());
        public
    }
}

pub(crate) fn of<'a>(answer: &'a Value, member: &str) -> &'a Value {
    let statements = answer["statements"].as_array().unwrap();
    statements.iter().find(|statement| statement["member"]["id"] == member).unwrap()
}

pub(crate) fn path_of(statement: &Value) -> String {
    format!("/api/v1/statements/{}", statement["id"].as_str().unwrap())
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

pub(crate) fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The id of a device by its name in the community.
pub(crate) async fn device(street: &Street, name: &str) -> String {
    let found = street.ana.get(&format!("{}/devices", street.path)).await.good();
    let items = found["items"].as_array().unwrap();
    items.iter().find(|item| item["name"] == name).unwrap()["id"].as_str().unwrap().to_owned()
}
