//! More logins than the server can take: some are told to come back, and who only reads does not notice.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use grid_server::serve::Content;
use serde_json::json;
use tokio::task::JoinSet;

use crate::harness::Server;

#[tokio::test]
async fn s116_logins_that_find_no_place_are_told_to_come_back_and_a_reader_is_answered_throughout() {
    // Room for 40 requests and one password at a time; tries enough that none is refused for guessing.
    let arguments = ["--max-requests", "40", "--password-workers", "1"];
    let tries = ["--account-tries", "1000", "--address-tries", "1000"];
    let server = Server::with(&[arguments, tries].concat(), Content::AsItIs).await;
    let kat = server.user("kat").await;
    let over = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn({
        let (kat, over) = (kat.clone(), Arc::clone(&over));
        async move {
            let mut read = 0;
            while !over.load(Ordering::Relaxed) || read == 0 {
                assert_eq!(kat.get("/api/v1/auth/me").await.good()["username"], "kat");
                assert_eq!(kat.get("/api/v1/devices").await.status, 200);
                read += 1;
            }
            read
        }
    });
    let mut logins = JoinSet::new();
    for _ in 0..200 {
        let anyone = server.client();
        logins.spawn(async move {
            anyone.post("/api/v1/auth/login", &json!({"username": "kat", "password": "correct horse"})).await
        });
    }
    let (mut taken, mut refused) = (0, 0);
    while let Some(answer) = logins.join_next().await {
        let answer = answer.unwrap();
        if answer.status == 200 {
            taken += 1;
            let token = answer.json()["access_token"].as_str().unwrap().to_owned();
            server.client().with_token(&token).get("/api/v1/auth/me").await.good();
        } else {
            refused += 1;
            answer.problem(503);
            let after: u64 = answer.header("retry-after").parse().unwrap();
            assert!((1..=60).contains(&after), "{after}");
        }
    }
    over.store(true, Ordering::Relaxed);
    assert!(reader.await.unwrap() > 0);
    assert_eq!(taken + refused, 200);
    assert!(taken > 0 && refused > 0, "{taken} taken, {refused} refused");
    // The places are free again.
    server.client().log_in("kat", "correct horse").await;
}
