//! From the meter to a bill that can be proved, over HTTP.

use std::fmt::Write as _;

use grid_core::{
    proof::{Bundle, CanonicalJson, Digest, SignedHead, verify_consistency},
    store::Options,
};
use serde_json::{Value, json};

use crate::{
    harness::Client,
    street::{FIRST, HEADER, HOURS, Street, TARIFF, now, of, path_of, row},
};

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
