//! Devices that come, move and go, and what it makes of a settlement.

use serde_json::{Value, json};

use crate::street::{HEADER, HOURS, Street, device, now, of, path_of, row};

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
