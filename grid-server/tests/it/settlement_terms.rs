//! What a settlement goes by, and how it is refused: tariffs, prices, keys, contracts and periods.

use jiff::{Timestamp, ToSpan as _};
use serde_json::json;

use crate::street::{FIRST, HOURS, Street, TARIFF, of};

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
