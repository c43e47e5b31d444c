//! Seventeen real homes over HTTP: one import, one balance, the published totals.

use serde_json::Value;

use crate::harness::Server;

#[path = "../../../grid-core/tests/it/citylearn.rs"]
mod files;

#[tokio::test]
async fn seventeen_homes_come_to_the_published_totals_over_http() {
    check(Server::start().await).await;
}

async fn check(server: Server) {
    let Some(year) = files::load() else { return };
    // A database server keeps what earlier runs left.
    let ana = server.user(&grid_core::store::new_id(jiff::Timestamp::UNIX_EPOCH).simple().to_string()).await;
    let path = ana.community(files::ZONE).await;
    let done = ana.csv(&format!("{path}/readings"), year.csv).await.good();
    assert_eq!((&done["inserted"], &done["devices_created"]), (&(17 * 2 * 8760).into(), &17.into()));
    let (from, to) = (year.interval.start(), year.interval.end());
    let balance = ana.get(&format!("{path}/balance?from={from}&to={to}")).await.good();
    let mwh = |value: &Value| value.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    for (key, expected) in [
        ("consumption_kwh", "load_total_mwh"),
        ("generation_kwh", "generation_total_mwh"),
        ("self_consumed_kwh", "own_total_mwh"),
        ("shared_kwh", "shareable_total_mwh"),
    ] {
        assert_eq!(mwh(&balance[key]), year.expected[expected].as_i64().unwrap(), "{key}");
    }
    let members = balance["members"].as_array().unwrap();
    let received: i64 = members.iter().map(|member| mwh(&member["received_kwh"])).sum();
    assert_eq!(received, year.expected["shareable_total_mwh"].as_i64().unwrap());
}
