//! Lists a page at a time, answers that a client has already, changes of what it has seen, and what one user may take.

use std::time::Duration;

use grid_server::serve::Content;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::{
    harness::{Client, Server},
    street::{FIRST, Street, TARIFF, device},
};

/// A path with one more parameter.
fn with(path: &str, parameter: &str) -> String {
    format!("{path}{}{parameter}", if path.contains('?') { '&' } else { '?' })
}

/// The items of a list, one page a time.
async fn pages(client: &Client, path: &str, limit: usize) -> Vec<Value> {
    let mut items = Vec::new();
    let mut next = path.to_owned();
    loop {
        let page = client.get(&with(&next, &format!("limit={limit}"))).await.good();
        let found = page["items"].as_array().unwrap();
        assert!(found.len() <= limit, "{path}");
        items.extend(found.iter().cloned());
        match page["next"].as_str() {
            Some(after) => next = with(path, &format!("after={}", after.replace('+', "%2B"))),
            None => return items,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_is_the_same_whole_and_in_pages() {
    let street = Street::new().await;
    let Street { server, ana, path, of_ben, .. } = &street;
    // Two of everything.
    street.toml(&TARIFF.replace("id = \"street\"", "id = \"later\"")).await.good();
    for day in ["2026-01-01", "2026-06-01"] {
        let key = json!({"kind": "proportional", "valid_from": day});
        ana.post(&format!("{path}/keys"), &key).await.good();
        let contract = json!({"contract": {"resolution": "1h"}, "valid_from": day});
        ana.post(&format!("{path}/contracts"), &contract).await.good();
    }
    let prices = format!("{path}/prices?name=spot");
    let rows = format!(
        "start,end,price\n{FIRST},2026-03-01T00:00:00Z,1\n2026-03-01T00:00:00Z,2026-03-01T01:00:00Z,2\n"
    );
    ana.csv(&prices, rows).await.good();
    let roof = device(&street, "roof").await;
    let moved = json!({"member_id": of_ben, "from": "2026-03-10"});
    let placed = format!("{path}/devices/{roof}");
    ana.send("PATCH", &placed, &[("content-type", b"application/json")], moved.to_string()).await.good();
    street.settle(json!({"issue": true})).await.good();
    server.client().log_in("ana", "correct horse").await;
    for (list, least) in [
        ("/api/v1/devices".to_owned(), 3),
        ("/api/v1/communities".to_owned(), 1),
        ("/api/v1/auth/sessions".to_owned(), 2),
        (format!("/api/v1/devices/{roof}/readings?from=2026-03-01&to=2026-03-02"), 24),
        (format!("/api/v1/devices/{roof}/findings?resolution=15min"), 0),
        (format!("{path}/members"), 2),
        (format!("{path}/devices?ended=true"), 4),
        (placed, 2),
        (format!("{path}/keys"), 2),
        (format!("{path}/contracts"), 2),
        (format!("{path}/tariffs"), 2),
        (format!("{prices}&from=2026-03-01&to=2026-03-02"), 2),
        (format!("{path}/settlements"), 1),
        (format!("{path}/statements"), 2),
    ] {
        let answer = ana.get(&list).await;
        let known: [(&str, &[u8]); 1] = [("if-none-match", answer.header("etag").as_bytes())];
        assert_eq!(ana.send("GET", &list, &known, "").await.status, 304, "{list}: {}", answer.header("etag"));
        let whole = answer.good();
        let whole = whole["items"].as_array().unwrap();
        assert!(whole.len() >= least, "{list}: {whole:?}");
        for limit in [1, 2] {
            assert_eq!(pages(ana, &list, limit).await, *whole, "{list}");
        }
        ana.get(&with(&list, "limit=0")).await.problem(422);
        if !list.contains("/settlements")
            && !list.contains("/statements")
            && !["/api/v1/devices", "/api/v1/communities"].contains(&&*list)
        {
            // An empty page would be taken for the end.
            let problem = ana.get(&with(&list, "after=nothing")).await.problem(422);
            assert_eq!(problem["errors"][0]["pointer"], "after", "{list} {problem}");
        }
    }
}

/// A recording of a cell that is charged.
const CELL: &str = "time,voltage,current\n0,3.6,1\n1800,3.8,1\n3600,4.0,1\n";

#[tokio::test]
async fn every_list_that_the_description_has_can_be_asked_for_in_pages() {
    let server = Server::start().await;
    let document = server.client().get("/openapi.json").await.good();
    // Reports over what is asked for, which is computed as a whole.
    let reports = [
        "/api/v1/devices/{id}/anomalies",
        "/api/v1/devices/{id}/completeness",
        "/api/v1/communities/{id}/completeness",
    ];
    let mut lists = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let answer = &item["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        let name = answer["$ref"].as_str().unwrap_or_default();
        let schema = &document["components"]["schemas"][name.rsplit('/').next().unwrap()];
        if schema["properties"]["items"].is_null() || reports.contains(&&**path) {
            continue;
        }
        lists += 1;
        let parameters = item["get"]["parameters"].as_array().unwrap_or_else(|| panic!("{path}"));
        for wanted in ["after", "limit"] {
            assert!(parameters.iter().any(|one| one["name"] == wanted), "{path} has no `{wanted}`");
        }
    }
    assert!(lists >= 15, "{lists}");
}

#[tokio::test]
async fn what_a_client_has_already_is_not_sent_again() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    let path = kat.device("meter", "Europe/Madrid").await;
    for list in ["/api/v1/devices", &path, "/api/v1/auth/me"] {
        let first = kat.get(list).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with("W/\"") && first.status == 200, "{first:?}");
        let again = kat.send("GET", list, &[("if-none-match", tag.as_bytes())], "").await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{again:?}");
        // The next cache has to ask again, and to tell users apart.
        assert_eq!((again.header("etag"), again.header("cache-control")), (&*tag, "private, no-cache"));
        assert_eq!(again.header("content-type"), "");
        let other = kat.send("GET", list, &[("if-none-match", b"\"other\"")], "").await;
        assert_eq!(other.good(), first.json());
    }
    // What has changed has another tag, and a refusal has none.
    let before = kat.get("/api/v1/devices").await.header("etag").to_owned();
    kat.device("pv", "Europe/Madrid").await;
    let after = kat.send("GET", "/api/v1/devices", &[("if-none-match", before.as_bytes())], "").await;
    assert_eq!(after.good()["items"].as_array().unwrap().len(), 2);
    let missing = kat.get("/api/v1/devices/0190a000-0000-7000-8000-000000000000").await;
    missing.problem(404);
    assert_eq!(missing.header("etag"), "");
    // Compressed or not, it is the same answer.
    let zipped = kat.send("GET", "/api/v1/devices", &[("accept-encoding", b"gzip")], "").await;
    assert_eq!(zipped.header("etag"), kat.get("/api/v1/devices").await.header("etag"));
    // RFC 1952, section 2.3.1: how a file in gzip begins.
    assert_eq!(zipped.header("content-encoding"), "gzip");
    assert!(zipped.body.starts_with(&[0x1f, 0x8b]), "{:?}", zipped.body);
}

#[tokio::test]
async fn what_a_client_has_not_seen_is_not_overwritten() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    let path = kat.device("meter", "Europe/Madrid").await;
    let json: (&str, &[u8]) = ("content-type", b"application/json");
    let seen = kat.get(&path).await.header("etag").to_owned();
    let rename = |name: &str| json!({ "name": name }).to_string();
    let with_tag =
        |tag: &str| [json, ("if-match", tag.as_bytes())].map(|(name, value)| (name, value.to_vec()));
    let send = async |method: &str, path: &str, tag: &str, body: String| {
        let headers = with_tag(tag);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_slice())).collect();
        kat.send(method, path, &headers, body).await
    };
    let changed = send("PATCH", &path, &seen, rename("attic")).await.good();
    assert_eq!(changed["name"], "attic");
    let stale = send("PATCH", &path, &seen, rename("cellar")).await;
    let problem = stale.problem(412);
    assert!(problem["hint"].as_str().unwrap().contains("ETag"), "{problem}");
    // The refusal says what is there now.
    let now = stale.header("etag").to_owned();
    assert_eq!(now, kat.get(&path).await.header("etag"));
    assert_eq!(kat.get(&path).await.good()["name"], "attic");
    assert_eq!(send("DELETE", &path, &seen, String::new()).await.status, 412);
    assert_eq!(send("PATCH", &path, "*", rename("cellar")).await.good()["name"], "cellar");
    // What somebody else has is not there, with or without a tag.
    let eva = server.user("eva").await;
    eva.send("PATCH", &path, &[json, ("if-match", b"*")], rename("mine")).await.problem(404);
    let now = kat.get(&path).await.header("etag").to_owned();
    // RFC 9110, section 13.1.2: what is there is not changed where its own tag is excluded.
    for (name, tag) in [("if-none-match", now.as_str()), ("if-none-match", "*")] {
        let refused = kat.send("DELETE", &path, &[(name, tag.as_bytes())], "").await;
        assert_eq!((refused.status.as_u16(), refused.header("etag")), (412, now.as_str()), "{refused:?}");
    }
    let both = [("if-match", now.as_bytes()), ("if-none-match", now.as_bytes())];
    kat.send("DELETE", &path, &both, "").await.problem(412);
    let others = [("if-match", now.as_bytes()), ("if-none-match", b"W/\"0\"")];
    assert_eq!(kat.send("DELETE", &path, &others, "").await.status, 204);
    kat.get(&path).await.problem(404);
    let kept = kat.csv("/api/v1/battery/recordings?name=cell", CELL).await.header("location").to_owned();
    let now = kat.get(&kept).await.header("etag").to_owned();
    let both = [("if-match", now.as_bytes()), ("if-none-match", now.as_bytes())];
    kat.send("DELETE", &kept, &both, "").await.problem(412);
    assert_eq!(kat.send("DELETE", &kept, &both[..1], "").await.status, 204);
    kat.get(&kept).await.problem(404);
    let profile = "/api/v1/users/me/profile";
    // A method that is not there is told as such, whatever was seen.
    assert_eq!(send("PATCH", profile, "W/\"0\"", "{}".to_owned()).await.status, 405);
    let seen = kat.get(profile).await.header("etag").to_owned();
    let three = json!({"number_occupant_living": 3}).to_string();
    assert_eq!(send("PUT", profile, &seen, three.clone()).await.good()["number_occupant_living"], 3);
    send("PUT", profile, &seen, three).await.problem(412);
}

#[tokio::test]
async fn a_user_may_keep_only_so_much() {
    let limits = ["--user-devices", "2", "--user-storage-mb", "1"];
    let server = Server::with(&limits, Content::AsItIs).await;
    let (kat, eva) = (server.user("kat").await, server.user("eva").await);
    kat.device("meter", "UTC").await;
    let second = kat.device("pv", "UTC").await;
    let one_more = json!({"name": "a third", "kind": "meter"});
    let problem = kat.post("/api/v1/devices", &one_more).await.problem(409);
    assert!(problem["hint"].as_str().unwrap().contains("GRID_USER_DEVICES"), "{problem}");
    // Another's are another's, and what was removed makes room.
    eva.device("meter", "UTC").await;
    assert_eq!(kat.delete(&second).await.status, 204);
    kat.post("/api/v1/devices", &one_more).await.good();
    // Nor does a file make more of them, and nothing of one that would is kept.
    let community = kat.community("UTC").await;
    let row = |name: &str| format!("{name},import,2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,1\n");
    let head = "device,channel,start,end,energy_kwh\n";
    let problem =
        kat.csv(&format!("{community}/readings"), format!("{head}{}", row("casa"))).await.problem(409);
    assert!(problem["hint"].as_str().unwrap().contains("GRID_USER_DEVICES"), "{problem}");
    assert_eq!(kat.get(&format!("{community}/members")).await.good()["items"].as_array().unwrap().len(), 1);
    let known = kat.get("/api/v1/devices").await.good()["items"][0]["id"].as_str().unwrap().to_owned();
    let member = kat.get(&format!("{community}/members")).await.good()["items"][0]["id"].clone();
    kat.post(&format!("{community}/devices"), &json!({"device_id": known, "member_id": member})).await.good();
    kat.csv(&format!("{community}/readings"), format!("{head}{}", row(&known))).await.good();

    let mut file = "time_s,voltage_v,current_a\n".to_owned();
    for second in 0..30_000 {
        let row = format!("{second},3.{:03},1.000\n", second % 1000);
        file.push_str(&row);
    }
    assert!((500_000..1_000_000).contains(&file.len()), "{}", file.len());
    let recordings = "/api/v1/battery/recordings";
    assert_eq!(kat.csv(recordings, file.clone()).await.status, 201);
    let problem = kat.csv(recordings, file.clone()).await.problem(409);
    assert!(problem["detail"].as_str().unwrap().contains("1000000"), "{problem}");
    assert_eq!(kat.get(recordings).await.good()["items"].as_array().unwrap().len(), 1);
    // What is not kept takes no room.
    assert_eq!(kat.csv(&format!("{recordings}?store=false"), file.clone()).await.status, 200);
    assert_eq!(eva.csv(recordings, file).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_cannot_take_every_place() {
    let server = Server::with(&["--user-requests", "2", "--user-uploads", "1"], Content::AsItIs).await;
    let (kat, eva) = (server.user("kat").await, server.user("eva").await);
    let path = format!("{}/readings", kat.device("meter", "UTC").await);
    // Two that begin and do not end.
    let begin = async |length: usize| {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-type: text/csv\r\ncontent-length: {length}\r\n\r\n",
            kat.token()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    };
    let mut open = vec![begin(20_000).await, begin(70_000).await];
    let refused = loop {
        let answer = kat.get("/api/v1/devices").await;
        if answer.status != 200 {
            break answer;
        }
        // The place of the request before may be given back a moment after its answer.
        for (stream, length) in open.iter_mut().zip([20_000, 70_000]) {
            if stream.try_read(&mut [0; 1024]).is_ok() {
                *stream = begin(length).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    refused.problem(429);
    assert_eq!(refused.header("retry-after"), "1");
    let mut others = JoinSet::new();
    for _ in 0..8 {
        let eva = eva.clone();
        others.spawn(async move { eva.get("/readyz").await.status });
    }
    assert!(others.join_all().await.iter().all(|status| *status == 200));
    eva.get("/api/v1/devices").await.good();
    // One of them goes; the other is the one file that may arrive.
    drop(open.remove(0));
    while kat.get("/api/v1/devices").await.status != 200 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let long = "channel,start,end,energy_kwh\n".to_owned() + &" ".repeat(70_000);
    let problem = kat.csv(&path, long).await.problem(429);
    assert!(problem["detail"].as_str().unwrap().contains("uploads"), "{problem}");
    drop(open);
    while kat.csv(&path, "channel,start,end,energy_kwh\n").await.status == 429 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_head_that_does_not_end_is_cut_off_and_a_connection_that_waits_is_not() {
    let server = Server::start().await;
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut buffer = [0; 4096];
    assert!(idle.read(&mut buffer).await.unwrap() > 0);
    let letters = async {
        // A letter a second, for twice as long as a head may take.
        for _ in 0..20 {
            if slow.write_all(b"G").await.is_err() {
                return;
            }
            let mut byte = [0];
            let wait = tokio::time::timeout(Duration::from_secs(1), slow.read(&mut byte));
            if let Ok(Ok(0) | Err(_)) = wait.await {
                return;
            }
        }
        panic!("the connection is still open");
    };
    letters.await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    assert!(idle.read(&mut buffer).await.unwrap() > 0);
}

/// How many of several answers are good; the others say that there is no more room.
async fn good(answers: JoinSet<crate::harness::Answer>) -> usize {
    let mut good = 0;
    for answer in answers.join_all().await {
        if answer.status.is_success() {
            good += 1;
        } else {
            let problem = answer.problem(409);
            assert!(problem["hint"].as_str().unwrap().contains("GRID_"), "{problem}");
        }
    }
    good
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_get_past_no_limit() {
    let limits = ["--user-devices", "5", "--user-storage-mb", "1", "--user-communities", "2"];
    let server = Server::with(&limits, Content::AsItIs).await;
    let kat = server.user("kat").await;
    let (mut devices, mut communities, mut recordings) = (JoinSet::new(), JoinSet::new(), JoinSet::new());
    for number in 0..30 {
        let kat = kat.clone();
        let meter = json!({"name": format!("meter {number}"), "kind": "meter"});
        devices.spawn(async move { kat.post("/api/v1/devices", &meter).await });
    }
    assert_eq!(good(devices).await, 5);
    assert_eq!(kat.get("/api/v1/devices").await.good()["items"].as_array().unwrap().len(), 5);
    for _ in 0..8 {
        let kat = kat.clone();
        let community = json!({"name": "Sol", "time_zone": "UTC"});
        communities.spawn(async move { kat.post("/api/v1/communities", &community).await });
    }
    assert_eq!(good(communities).await, 2);
    let mut file = "time_s,voltage_v,current_a\n".to_owned();
    for second in 0..20_000 {
        let row = format!("{second},3.{:03},1.000\n", second % 1000);
        file.push_str(&row);
    }
    assert!((334_000..500_000).contains(&file.len()), "{}", file.len());
    for _ in 0..4 {
        let (kat, file) = (kat.clone(), file.clone());
        recordings.spawn(async move { kat.csv("/api/v1/battery/recordings", file).await });
    }
    assert_eq!(good(recordings).await, 2);
}

#[tokio::test]
async fn what_takes_room_can_be_removed() {
    let server = Server::start().await;
    let (kat, eva) = (server.user("kat").await, server.user("eva").await);
    let days: Vec<f64> = (0..24 * 30).map(|hour| f64::from(hour % 24)).collect();
    let series =
        json!({"series": {"start": "2026-01-01T00:00:00Z", "values": days}, "model": "seasonal_naive"});
    let id = kat.post("/api/v1/forecasts", &series).await.good()["id"].as_str().unwrap().to_owned();
    let forecast = format!("/api/v1/forecasts/{id}");
    eva.delete(&forecast).await.problem(404);
    kat.get(&forecast).await.good();
    assert_eq!(kat.delete(&forecast).await.status, 204);
    kat.get(&forecast).await.problem(404);

    let levels = "Timestamp,Battery_Level,Battery_Capacity_kW\n\
                  2026-01-01T00:00:00Z,50,10\n2026-02-01T00:00:00Z,60,10\n";
    for client in [&kat, &eva] {
        client.csv("/api/v1/battery/load", levels).await.good();
    }
    let history = "/api/v1/battery/history";
    let count = async |client: &Client| {
        client.get(&format!("{history}?delta=3650d")).await.good().as_array().unwrap().len()
    };
    kat.delete(&format!("{history}?before=yesterday")).await.problem(422);
    assert_eq!(kat.delete(&format!("{history}?before=2026-02-01T00:00:00Z")).await.status, 204);
    assert_eq!((count(&kat).await, count(&eva).await), (1, 2));
    assert_eq!(kat.delete(history).await.status, 204);
    assert_eq!((count(&kat).await, count(&eva).await), (0, 2));
}
