//! The demo: loaded once, and shown by lines that work as they are printed.

use grid_server::serve::Content;

use crate::harness::Server;

const COMMUNITY: &str = "/api/v1/communities/0199c2a0-0000-7000-8000-00000000de30";

#[tokio::test]
async fn the_demo_is_a_community_to_look_at() {
    let server = Server::with(&[], Content::Demo).await;
    let demo = server.client().log_in("demo", "demo-community").await;
    let devices = demo.get(&format!("{COMMUNITY}/devices")).await.good();
    let kinds: Vec<_> = devices["items"].as_array().unwrap().iter().map(|device| device["kind"].clone()).collect();
    let count = |kind: &str| kinds.iter().filter(|found| **found == kind).count();
    assert_eq!((count("pv"), count("battery")), (2, 2), "{kinds:?}");
    let balance = demo.get(&format!("{COMMUNITY}/balance?from=2026-03-01&to=2026-04-01")).await.good();
    assert!(balance["members"].as_array().unwrap().len() >= 8);
    assert_eq!((&balance["resolution"], &balance["quality"]), (&"15min".into(), &"missing".into()));
    for key in ["self_consumed_kwh", "shared_kwh", "import_kwh", "export_kwh"] {
        let kwh: f64 = balance[key].as_str().unwrap().parse().unwrap();
        assert!(kwh > 100.0, "{key} {kwh}");
    }
    // The second start finds it and adds nothing.
    let again = server.restart().await;
    let demo = again.client().log_in("demo", "demo-community").await;
    assert_eq!(demo.get(&format!("{COMMUNITY}/balance?from=2026-03-01&to=2026-04-01")).await.good(), balance);
}
