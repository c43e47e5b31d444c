//! Charts of a recording: drawn, as pixels, as numbers, and honest where there is nothing to draw.

use std::fmt::Write as _;

use serde_json::json;

use super::CYCLE;
use crate::harness::Server;

const KINDS: [&str; 6] =
    ["voltage", "capacity", "incremental_capacity", "state_of_charge", "depth_of_discharge", "health"];

#[tokio::test]
async fn s26_every_kind_is_drawn_and_given_as_numbers_also_where_there_is_nothing() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    // The second has neither a whole cycle nor a current.
    let bare = "time,voltage\n0,3.6\n60,3.7\n";
    for file in [CYCLE, bare] {
        let path = ana.csv("/api/v1/battery/recordings", file).await.header("location").to_owned();
        for kind in KINDS {
            let svg = ana.get(&format!("{path}/chart.svg?kind={kind}&theme=dark&lang=es")).await;
            assert!(svg.status == 200 && svg.text().starts_with("<svg"), "{kind}: {}", svg.text());
            assert_eq!(svg.header("content-type"), "image/svg+xml; charset=utf-8");
            let numbers = ana.get(&format!("{path}/chart.json?kind={kind}&points=100")).await.good();
            assert_eq!(numbers["kind"], kind);
            let drawn = numbers["series"].as_array().unwrap();
            let is_empty = drawn.iter().all(|one| {
                one["lines"].as_array().unwrap().iter().all(|line| line.as_array().unwrap().is_empty())
            });
            // What is not there is said on the chart, and given as nothing, never as a zero.
            if file == bare && kind != "voltage" {
                assert!(is_empty, "{kind}: {numbers}");
                let said = if kind == "depth_of_discharge" { "Sin ciclos" } else { "Sin datos" };
                assert!(svg.text().contains(said), "{kind}");
            }
        }
        let usual = ana.get(&format!("{path}/chart.svg")).await;
        assert_eq!(usual.body, ana.get(&format!("{path}/chart.svg?kind=voltage")).await.body);
    }
}

#[tokio::test]
async fn pixels_come_at_the_scale_that_is_asked_for() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let path = ana.csv("/api/v1/battery/recordings", CYCLE).await.header("location").to_owned();
    for (query, pixels) in [("", [960 * 2, 480 * 2]), ("?scale=1&width=240&height=160", [240, 160])] {
        let png = ana.get(&format!("{path}/chart.png{query}")).await;
        assert_eq!((png.status.as_u16(), png.header("content-type")), (200, "image/png"), "{}", png.text());
        assert!(png.body.starts_with(b"\x89PNG\r\n\x1a\n"), "{query}");
        // Width and height stand at a fixed place (PNG, section 11.2.1).
        let side = |at: usize| u32::from_be_bytes(png.body[at..at + 4].try_into().unwrap());
        assert_eq!([side(16), side(20)], pixels, "{query}");
    }
}

#[tokio::test]
async fn what_no_chart_can_be_is_refused_by_its_name() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let path = ana.csv("/api/v1/battery/recordings", CYCLE).await.header("location").to_owned();
    for (rest, word) in [
        ("chart.svg?kind=cake", "`incremental_capacity`"),
        ("chart.png?kind=cake", "`incremental_capacity`"),
        ("chart.json?kind=cake", "`incremental_capacity`"),
        ("chart.svg?kind=health&nominal_ah=0", "above 0 Ah"),
        ("chart.json?kind=health&end_of_life=2", "between 0 and 1"),
        ("chart.png?scale=0", "1 to 4"),
        ("chart.png?scale=5", "1 to 4"),
        ("chart.svg?theme=pink", "`dark`"),
        ("chart.svg?width=1", "240"),
        ("chart.json?points=-1", "invalid"),
    ] {
        let problem = ana.get(&format!("{path}/{rest}")).await.problem(422);
        assert!(problem.to_string().contains(word), "{rest}: {problem}");
    }
    ana.get(&format!("{path}/chart.gif")).await.problem(404);
}

#[tokio::test]
async fn a_curve_has_about_as_many_points_as_are_asked_for_and_keeps_its_spike() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let mut file = String::from("time,voltage,current\n");
    for row in 0..5000 {
        let volt = if row == 3333 { "4.9" } else { "3.7" };
        writeln!(file, "{row},{volt},1").unwrap();
    }
    let path = ana.csv("/api/v1/battery/recordings", file).await.header("location").to_owned();
    let numbers = ana.get(&format!("{path}/chart.json?points=200")).await.good();
    let voltage =
        numbers["series"].as_array().unwrap().iter().find(|one| one["name"] == "voltage_v").unwrap();
    let points: Vec<_> =
        voltage["lines"].as_array().unwrap().iter().flat_map(|line| line.as_array().unwrap()).collect();
    assert!((50..=400).contains(&points.len()), "{}", points.len());
    assert!(points.contains(&&json!([3333.0, 4.9])), "the spike is lost");
}

#[tokio::test]
async fn the_other_charts_come_as_pixels_too() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let community = ana.community("Europe/Madrid").await;
    let id = community.rsplit('/').next().unwrap();
    let path = format!("/api/v1/charts/energy-day.png?community={id}&date=2026-03-01");
    let png = ana.get(&path).await;
    assert_eq!((png.status.as_u16(), png.header("content-type")), (200, "image/png"), "{}", png.text());
    assert!(png.body.starts_with(b"\x89PNG"));
    ana.get(&format!("{path}&scale=9")).await.problem(422);
    ana.get("/api/v1/charts/energy-day.gif").await.problem(404);
    server.client().get(&path).await.problem(401);
}
