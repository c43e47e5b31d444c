//! The demo: loaded once, and shown by lines that work as they are printed.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use grid_core::store::{Options, Page, Store};
use grid_server::serve::Content;
use serde_json::json;

use crate::{
    databases::Database,
    harness::{Client, Server, folder},
    process::program,
};

const COMMUNITY: &str = "/api/v1/communities/0199c2a0-0000-7000-8000-00000000de30";

#[tokio::test]
async fn the_demo_is_a_community_to_look_at() {
    let server = Server::with(&[], Content::Demo).await;
    let demo = server.client().log_in("demo", "demo-community").await;
    let devices = demo.get(&format!("{COMMUNITY}/devices")).await.good();
    let kinds: Vec<_> =
        devices["items"].as_array().unwrap().iter().map(|device| device["kind"].clone()).collect();
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
    let before = counted(&server.database_url(), &demo).await;
    let again = server.restart_with(Content::Demo).await;
    let demo = again.client().log_in("demo", "demo-community").await;
    assert_eq!(counted(&again.database_url(), &demo).await, before);
    assert_eq!(demo.get(&format!("{COMMUNITY}/balance?from=2026-03-01&to=2026-04-01")).await.good(), balance);
}

/// The user, and how many communities, members, devices and readings there are. A second user `demo` cannot be.
async fn counted(url: &str, demo: &Client) -> (String, [usize; 4]) {
    let store = Store::connect(url, Options::default()).await.unwrap();
    let page = Page { after: None, limit: Page::MOST };
    let devices = store.devices(page).await.unwrap().items;
    let mut readings = 0;
    for device in &devices {
        for (channel, extent) in store.channels(device.id).await.unwrap() {
            readings += store.readings(device.id, channel, extent, None).await.unwrap().len();
        }
    }
    let communities = store.communities(page).await.unwrap().items;
    let members = store.members(communities[0].id).await.unwrap().len();
    store.close().await;
    let profile = demo.get("/api/v1/auth/me").await.good();
    (profile["user_id"].to_string(), [communities.len(), members, devices.len(), readings])
}

#[tokio::test]
async fn somebody_who_is_called_demo_never_runs_the_demo_community() {
    // Once without anything, once with a community, once with a device alone.
    for filled in [None, Some("community"), Some("device")] {
        let server = Server::start().await;
        let demo = server.user("demo").await;
        match filled {
            Some("community") => drop(demo.community("UTC").await),
            Some(_) => drop(demo.device("meter", "UTC").await),
            None => {}
        }
        let communities = demo.get("/api/v1/communities").await.good();
        let again = server.restart_with(Content::Demo).await;
        let demo = again.client().log_in("demo", "correct horse").await;
        assert_eq!(demo.get("/api/v1/communities").await.good(), communities, "{filled:?}");
        demo.get(COMMUNITY).await.problem(404);
    }
}

#[tokio::test]
async fn a_database_with_data_stays_as_it_is() {
    let server = Server::start().await;
    server.user("ana").await.community("UTC").await;
    let again = server.restart_with(Content::Demo).await;
    let person = json!({"username": "demo", "password": "demo-community"});
    again.client().post("/login", &person).await.problem(401);
}

#[tokio::test]
async fn a_start_that_broke_off_is_made_up_for() {
    let server = Server::with(&[], Content::Demo).await;
    let demo = server.client().log_in("demo", "demo-community").await;
    let whole = counted(&server.database_url(), &demo).await;
    let (other, user) = (Server::start().await, whole.0.trim_matches('"').parse().unwrap());
    let store = Store::connect(&server.database_url(), Options::default()).await.unwrap();
    let user = store.user(user).await.unwrap().unwrap();
    store.close().await;
    // The first thing that a start makes is its user.
    let store = Store::connect(&other.database_url(), Options::default()).await.unwrap();
    store.create_user(&user, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    store.close().await;
    let other = other.restart_with(Content::Demo).await;
    let demo = other.client().log_in("demo", "demo-community").await;
    assert_eq!(counted(&other.database_url(), &demo).await, whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_start_at_once_make_one_community_and_both_serve() {
    let place = folder();
    let database = Database::empty(&place);
    let url = &database.url;
    let arguments = ["--database-url", url.as_str()];
    let (one, two) = tokio::join!(
        Server::begin(place.clone(), &arguments, Content::Demo),
        Server::begin(folder(), &arguments, Content::Demo)
    );
    tokio::join!(one.wait(), two.wait());
    let mut seen = Vec::new();
    for server in [&one, &two] {
        let demo = server.client().log_in("demo", "demo-community").await;
        seen.push(counted(url, &demo).await);
    }
    assert_eq!(seen[0], seen[1]);
    let alone = Server::with(&[], Content::Demo).await;
    let demo = alone.client().log_in("demo", "demo-community").await;
    assert_eq!(counted(&alone.database_url(), &demo).await, seen[0]);
    one.stop().await;
    two.stop().await;
}

/// A program that does not outlive a test that failed.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The three lines that a start prints, run as they are printed.
#[cfg(unix)]
#[test]
fn s101_the_lines_that_the_demo_prints_work() {
    for needed in ["curl", "sh"] {
        if Command::new("which").arg(needed).output().is_ok_and(|found| !found.status.success()) {
            println!("skipped: the demo's lines ({needed} is not there)");
            return;
        }
    }
    let place = folder();
    let child = program()
        .args(["demo", "--port", "0"])
        .current_dir(&place)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut running = Running(child.unwrap());
    let printed = BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let lines: Vec<_> =
        printed.filter(|line| line.starts_with("TOKEN=") || line.starts_with("curl ")).take(3).collect();
    let [token, balance, chart] = lines.as_slice() else { panic!("{lines:?}") };
    let sh = |script: &str| {
        let output =
            Command::new("sh").args(["-euc", script]).current_dir(&place).env("NO_PROXY", "*").output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let token_is = sh(&format!("{token}\nprintf %s \"$TOKEN\""));
    assert_eq!(token_is.split('.').count(), 3, "{token_is}");
    let answer: serde_json::Value = serde_json::from_str(&sh(&format!("{token}\n{balance}"))).unwrap();
    assert!(answer["shared_kwh"].is_string() && answer["members"][0]["name"].is_string(), "{answer}");
    sh(&format!("{token}\n{chart}"));
    let drawn = std::fs::read_to_string(place.join("energy-day.svg")).unwrap();
    assert!(drawn.starts_with("<svg") && drawn.trim_end().ends_with("</svg>"), "{drawn}");
    assert!(Command::new("kill").args(["-TERM", &running.0.id().to_string()]).status().unwrap().success());
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
}
