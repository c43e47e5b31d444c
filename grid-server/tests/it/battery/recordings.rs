//! Stored recordings: listed, shown, analysed, exported and removed, each by its owner alone.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::CYCLE;
use crate::harness::{Client, Server};

async fn stored(client: &Client, file: &str) -> (String, Value) {
    let made = client.csv("/api/v1/battery/recordings?name=cell%2012.csv", file.to_owned()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    (made.header("location").to_owned(), made.json())
}

#[tokio::test]
async fn a_recording_is_kept_listed_and_removed() {
    let server = Server::start().await;
    let (ana, tom) = (server.user("ana").await, server.user("tom").await);
    let (path, told) = stored(&ana, CYCLE).await;
    assert_eq!((&told["name"], &told["rows"]), (&json!("cell 12.csv"), &json!(6)));
    assert!((told["charge_capacity_ah"].as_f64().unwrap() - 1.0).abs() < 0.01, "{told}");
    assert!(told["evidence"].as_array().is_some_and(|why| !why.is_empty()), "{told}");
    assert!(told["remarks"].is_array() && told["started_at"].is_null(), "{told}");
    assert_eq!(ana.get(&path).await.good(), told);
    let list = ana.get("/api/v1/battery/recordings").await.good();
    assert_eq!(list["items"][0]["size_bytes"], CYCLE.len());
    let cycles = ana.get(&format!("{path}/cycles")).await.good();
    assert_eq!(cycles["items"], told["cycles"]);
    for rest in [
        "",
        "/cycles",
        "/steps",
        "/analysis",
        "/chart.svg",
        "/chart.png",
        "/chart.json",
        "/export.csv",
        "/export.parquet",
        "/export.json",
    ] {
        tom.get(&format!("{path}{rest}")).await.problem(404);
        server.client().get(&format!("{path}{rest}")).await.problem(401);
    }
    tom.delete(&path).await.problem(404);
    assert_eq!(ana.delete(&path).await.status, 204);
    for rest in ["", "/cycles", "/chart.svg"] {
        ana.get(&format!("{path}{rest}")).await.problem(404);
    }
    ana.delete(&path).await.problem(404);
    assert_eq!(ana.get("/api/v1/battery/recordings").await.good()["items"], json!([]));
    ana.get("/api/v1/battery/recordings/12").await.problem(404);
}

#[tokio::test]
async fn a_client_that_has_the_answer_is_told_so_as_long_as_the_recording_is_there() {
    let server = Server::start().await;
    let (ana, tom) = (server.user("ana").await, server.user("tom").await);
    let (path, _) = stored(&ana, CYCLE).await;
    for rest in ["", "/cycles", "/chart.svg", "/chart.png", "/export.csv"] {
        let path = format!("{path}{rest}");
        let first = ana.get(&path).await;
        assert_eq!(
            (first.status.as_u16(), first.header("cache-control")),
            (200, "private, no-cache"),
            "{rest}"
        );
        let tag = first.header("etag").to_owned();
        let again = |client: &Client, tag: &str| {
            let (client, path, tag) = (client.clone(), path.clone(), tag.to_owned());
            async move { client.send("GET", &path, &[("if-none-match", tag.as_bytes())], "").await }
        };
        let known = again(&ana, &tag).await;
        assert_eq!((known.status.as_u16(), known.body.len()), (304, 0), "{rest}");
        assert_eq!(
            (known.header("etag"), known.header("cache-control")),
            (tag.as_str(), "private, no-cache")
        );
        assert_eq!(again(&ana, "\"another\"").await.status, 200, "{rest}");
        again(&tom, &tag).await.problem(404);
    }
    let tag = ana.get(&path).await.header("etag").to_owned();
    // RFC 9110, section 13.1.2: a change that excludes what is there is refused.
    ana.send("DELETE", &path, &[("if-none-match", tag.as_bytes())], "").await.problem(412);
    assert_eq!(ana.delete(&path).await.status, 204);
    ana.send("GET", &path, &[("if-none-match", tag.as_bytes())], "").await.problem(404);
}

#[tokio::test]
async fn steps_come_a_page_at_a_time() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let (path, _) = stored(&ana, CYCLE).await;
    let all = ana.get(&format!("{path}/steps")).await.good();
    let steps = all["items"].as_array().unwrap();
    assert_eq!((steps.len(), &all["next"]), (2, &json!(null)), "{all}");
    assert_eq!((&steps[0]["kind"], &steps[0]["current_mean_a"]), (&json!("constant_current"), &json!(1.0)));
    assert_eq!((&steps[1]["kind"], &steps[1]["first_row"]), (&json!("constant_current"), &json!(3)));
    // The second between the two directions is the charge's for its half.
    let mean = steps[1]["current_mean_a"].as_f64().unwrap();
    assert!((mean + 1.0).abs() < 1e-3, "{mean}");
    let page = ana.get(&format!("{path}/steps?limit=1")).await.good();
    assert_eq!((&page["items"][0], &page["next"]), (&steps[0], &json!("0")));
    let page = ana.get(&format!("{path}/steps?limit=1&after=0")).await.good();
    assert_eq!((&page["items"][0], &page["next"]), (&steps[1], &json!(null)));
}

#[tokio::test]
async fn an_analysis_has_each_result_or_its_reason() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let (path, _) = stored(&ana, CYCLE).await;
    let told = ana.get(&format!("{path}/analysis?nominal_ah=4&end_of_life=0.7")).await.good();
    assert!((told["health"]["state_of_health"].as_f64().unwrap() - 0.25).abs() < 1e-3, "{told}");
    for what in ["knee", "remaining_life", "home_storage"] {
        assert!(
            told[what]["not_known"].as_str().is_some_and(|why| why.starts_with("expected")),
            "{what}: {told}"
        );
    }
    assert!(told["flags"].is_array(), "{told}");
    for (query, word) in [
        ("nominal_ah=0", "above 0 Ah"),
        ("nominal_ah=inf", "above 0 Ah"),
        ("nominal_ah=x", "invalid"),
        ("end_of_life=1", "between 0 and 1"),
        ("end_of_life=80", "between 0 and 1"),
    ] {
        let problem = ana.get(&format!("{path}/analysis?{query}")).await.problem(422);
        assert!(problem.to_string().contains(word), "{query}: {problem}");
    }
}

#[tokio::test]
async fn what_is_exported_is_read_back_to_the_same_numbers() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let (path, told) = stored(&ana, CYCLE).await;
    for (ending, kind) in [("csv", "text/csv; charset=utf-8"), ("parquet", "application/vnd.apache.parquet")]
    {
        let export = ana.get(&format!("{path}/export.{ending}")).await;
        assert_eq!((export.status.as_u16(), export.header("content-type")), (200, kind));
        assert_eq!(
            export.header("content-disposition"),
            format!("attachment; filename=\"cell_12.{ending}\"")
        );
        let (_, again) = {
            let made = ana.csv("/api/v1/battery/recordings", export.body.clone()).await;
            (made.status, made.good())
        };
        for number in ["rows", "charge_capacity_ah", "voltage_max_v", "last_time_s"] {
            assert_eq!(again[number], told[number], "{ending}: {number}");
        }
    }
    let json = ana.get(&format!("{path}/export.json")).await.good();
    assert_eq!(json["voltage_v"], json!([3.6, 3.8, 4.0, 3.9, 3.7, 3.5]));
    assert_eq!(json["evidence"], told["evidence"]);
    ana.get(&format!("{path}/export.xlsx")).await.problem(404);
}

/// A megabyte is enough for what comes compressed, and not for what it is written out as.
#[tokio::test]
async fn an_export_that_finds_no_room_is_to_be_asked_for_later() {
    let server = Server::with(&["--spool-mb", "1"], grid_server::serve::Content::AsItIs).await;
    let ana = server.user("ana").await;
    let mut long = "time,voltage,current\n".to_owned();
    for second in 0..120_000 {
        writeln!(long, "{second},3.{:03},1", second % 997).unwrap();
    }
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packer, long.as_bytes()).unwrap();
    let packed = packer.finish().unwrap();
    assert!(packed.len() < 800_000 && long.len() > 1_400_000, "{} of {}", packed.len(), long.len());
    let kind: [(&str, &[u8]); 1] = [("content-type", b"application/octet-stream")];
    let made = ana.send("POST", "/api/v1/battery/recordings", &kind, packed).await;
    assert_eq!(made.status, 201, "{}", made.text());
    for ending in ["csv", "json"] {
        let refused = ana.get(&format!("{}/export.{ending}", made.header("location"))).await;
        refused.problem(503);
        assert!(!refused.header("retry-after").is_empty(), "{refused:?}");
    }
    // What is refused leaves its room.
    assert_eq!(ana.csv("/api/v1/battery/recordings", CYCLE).await.status, 201);
    assert_eq!(ana.get("/api/v1/auth/me/export").await.status, 200);
}
