//! Several programs on one database, started at the same instant on one that has nothing, not even tables.

use std::time::Duration;

use grid_core::store::{Options, Store};
use serde_json::json;

use crate::{
    databases::Database,
    harness::{Client, folder},
    process::program,
    setup::Program,
};

const ME: &str = "/api/v1/auth/me";
const PASSWORD: &str = "correct horse";

/// Asks until it is so; what one replica does, the others know within five seconds.
async fn soon(mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..50 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the others have not heard of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn s17_s103_s141_three_that_start_at_once_on_nothing_make_the_tables_once_and_serve_as_one() {
    let database = Database::without_tables(&folder());
    let arguments = ["--account-tries", "3", "--host", "0.0.0.0"];
    let begun: Vec<_> = (0..3).map(|_| Program::begin(&database.url, &arguments)).collect();
    let programs: Vec<_> = begun.into_iter().map(Program::when_ready).collect();
    let links: Vec<_> = programs.iter().map(Program::link).collect();
    let replicas: Vec<_> = links.iter().map(|(address, _)| Client::of(*address)).collect();
    let store = Store::connect(&database.url, Options::default()).await.unwrap();
    assert!(store.missing_migrations().await.unwrap().is_empty());
    for program in &programs {
        assert!(!program.log().contains("ERROR"), "{}", program.log());
    }

    // A login here is good there, and what is written through one is read through another at once.
    let person = json!({"username": "kat", "email": "kat@example.org", "password": PASSWORD});
    replicas[0].post("/api/v1/auth/register", &person).await.good();
    let token = replicas[1].log_in("kat", PASSWORD).await.token().to_owned();
    let kat: Vec<_> = replicas.iter().map(|replica| replica.with_token(&token)).collect();
    let device = kat[2].device("meter", "UTC").await;
    let reading = json!({
        "channel": "import", "start": "2026-01-01T00:00:00Z", "end": "2026-01-01T01:00:00Z", "energy_kwh": "0.25"
    });
    kat[0].post(&format!("{device}/readings"), &reading).await.good();
    for replica in &kat {
        let read = replica.get(&format!("{device}/readings")).await.good();
        assert_eq!(read["items"][0]["energy_kwh"], "0.250000");
    }

    // A key that is new is believed by all at once, and signs for all soon.
    let rotated = program().args(["keys", "rotate", "--database-url", &database.url]).output().unwrap();
    assert!(rotated.status.success(), "{rotated:?}");
    let key = store.signing_keys().await.unwrap().pop().unwrap().kid;
    for signer in &replicas {
        soon(async || {
            let token = signer.log_in("kat", PASSWORD).await.token().to_owned();
            for replica in &replicas {
                replica.with_token(&token).get(ME).await.good();
            }
            let now = store.signing_keys().await.unwrap().last().unwrap().created_at;
            grid_core::auth::inspect(&token, None, now).header.unwrap()["kid"] == key.as_str()
        })
        .await;
    }

    // A logout there ends it here.
    assert_eq!(kat[2].post("/api/v1/auth/logout", &json!({})).await.status, 204);
    kat[2].get(ME).await.problem(401);
    for replica in &kat[..2] {
        soon(async || replica.get(ME).await.status == 401).await;
    }

    // Three wrong tries are three, whoever was asked.
    for replica in &replicas {
        let wrong = json!({"username": "nobody", "password": "wrong horse"});
        replica.post("/login", &wrong).await.problem(401);
    }
    for replica in &replicas {
        replica.post("/login", &json!({"username": "nobody", "password": PASSWORD})).await.problem(429);
    }

    // Each has printed a link for the first administrator; the last of them is the one that is good, everywhere.
    let mut made = 0;
    for (number, (_, token)) in links.iter().enumerate() {
        let root = json!({
            "token": token, "username": format!("root{number}"), "email": format!("root{number}@example.org"),
            "password": "noon on the roof"
        });
        let answer = replicas[(number + 1) % 3].post("/api/v1/auth/setup", &root).await;
        made += usize::from(answer.status == 201);
        if answer.status != 201 {
            answer.problem(404);
        }
    }
    assert_eq!(made, 1);
}
