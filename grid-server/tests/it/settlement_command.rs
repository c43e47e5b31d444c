//! Settling and verifying from the command line, and the key that signs.

use std::path::Path;

use grid_core::{
    proof::{Bundle, CanonicalJson},
    store::Options,
};
use serde_json::{Value, json};

use crate::{
    harness::{Server, folder},
    street::{HEADER, Street, now, path_of, refused, row, run, said},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_command_writes_what_the_server_answers() {
    let street = Street::new().await;
    let url = street.server.database_url();
    let out = folder();
    let read = |name: String| std::fs::read(out.join(name)).unwrap();
    let settle = |community: &str, more: &[&str]| {
        let fixed = ["settle", "--community", community, "--month", "2026-03", "--database-url", &url];
        run(&[&fixed[..], more].concat())
    };
    let folder_text = out.display().to_string();
    // A draft of the same instants is the same draft.
    let as_of = now().to_string();
    let draft = street.settle(json!({"as_of": as_of, "compare": [{"kind": "equal"}]})).await.good();
    let issued_at = draft["account"]["issued_at"].as_str().unwrap();
    let more = ["--as-of", &as_of, "--issued-at", issued_at, "--compare", "equal", "--out", &folder_text];
    let told = said(&settle("Las Acacias", &more));
    assert!(told.contains("draft\t") && told.contains("\tBen\t111.45 EUR\n"), "{told}");
    for statement in draft["statements"].as_array().unwrap() {
        let file = read(format!("{}.json", statement["id"].as_str().unwrap()));
        assert_eq!(String::from_utf8(file).unwrap(), CanonicalJson::from_value(statement).unwrap().as_str());
    }
    let account: Value = serde_json::from_slice(&read("account.json".to_owned())).unwrap();
    assert_eq!(account, draft["account"]);

    // Issued from the command line, and asked for over HTTP.
    let id = street.path.rsplit('/').next().unwrap();
    let told = said(&settle(id, &["--issue", "--out", &folder_text, "--lang", "es"]));
    assert!(told.contains("issued\t"), "{told}");
    let listed = street.ana.get(&format!("{}/statements", street.path)).await.good();
    for statement in listed["items"].as_array().unwrap() {
        let (id, path) = (statement["id"].as_str().unwrap(), path_of(statement));
        for (file, query) in [
            ("json", ""),
            ("html", "?format=html&lang=es"),
            ("pdf", "?format=pdf&lang=es"),
            ("proof.json", "/proof"),
        ] {
            let answer = street.ana.get(&format!("{path}{query}")).await;
            assert_eq!(read(format!("{id}.{file}")), answer.body, "{file}");
        }
    }
    let csv = street.ana.get(&format!("{}/statements?format=csv", street.path)).await;
    assert_eq!(read("lines.csv".to_owned()), csv.body);
    assert!(said(&settle(id, &["--issue"])).contains("unchanged\t2 members"));
    assert_eq!(street.settle(json!({"issue": true})).await.json()["unchanged"], 2);
    for (community, word) in [("Nowhere", "Nowhere"), ("00000000-0000-0000-0000-000000000007", "community")] {
        assert!(refused(&settle(community, &[])).contains(word));
    }
    assert_eq!(settle(id, &["--issue", "--as-of", &as_of]).status.code(), Some(2));
    // As many keys to compare with as over HTTP.
    said(&settle(id, &["--compare", "equal"].repeat(8)));
    let nine = refused(&settle(id, &["--compare", "equal"].repeat(9)));
    assert!(nine.contains("at most 8 keys to compare with, got 9"), "{nine}");

    verified_by_command(&street, &out, &listed["items"][0]).await;
}

/// A stranger has the file and the key, and no server.
async fn verified_by_command(street: &Street, out: &Path, statement: &Value) {
    let id = statement["id"].as_str().unwrap();
    let file = |name: &str| out.join(name).display().to_string();
    let (proof, alone) = (file(&format!("{id}.proof.json")), file(&format!("{id}.json")));
    let key = street.server.client().get("/api/v1/log/key").await.good();
    let (public, pem) = (key["public_key"].as_str().unwrap(), file("key.pem"));
    std::fs::write(&pem, key["pem"].as_str().unwrap()).unwrap();
    for key in [public, &pem] {
        assert!(said(&run(&["verify", &proof, "--key", key])).starts_with("verified: entry 0 of the 2 "));
    }
    // The statement alone, beside its proof.
    let bundle: Value = serde_json::from_slice(&std::fs::read(&proof).unwrap()).unwrap();
    std::fs::write(file("receipt.json"), bundle["proof"].to_string()).unwrap();
    said(&run(&["verify", &alone, "--key", public, "--proof", &file("receipt.json")]));

    let text = std::fs::read_to_string(&proof).unwrap();
    let mut changed = bundle.clone();
    changed["statement"]["member"]["name"] = "Bem".into();
    let other = grid_core::proof::LogKey::from_seed(&[1; 32]).unwrap().public_key().to_string();
    for (what, text, key) in [
        ("a name", changed.to_string(), public),
        ("an amount", text.replace("111.45", "111.46"), public),
        ("cut", text[..text.len() - 2].to_owned(), public),
        ("empty", String::new(), public),
        ("deep", "[".repeat(1_000_000), public),
        ("another key", text, &other),
    ] {
        std::fs::write(file("wrong.json"), text).unwrap();
        let told = refused(&run(&["verify", &file("wrong.json"), "--key", key]));
        assert!(told.lines().next().is_some_and(|line| line.len() > 10), "{what}: {told}");
    }
    assert!(refused(&run(&["verify", &file("absent.json"), "--key", public])).contains("absent.json"));
    assert!(refused(&run(&["verify", &proof, "--key", "absent.pem"])).contains("absent.pem"));
    refused(&run(&["verify", &proof, "--key", "ed25519:rubbish"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_the_log_is_sealed_and_outlives_a_restart() {
    let sealing = ["--sealing-key", "a text of at least 32 bytes, best made at random"];
    let sealed = async |url: &str| {
        let store = grid_core::store::Store::connect(url, Options::default()).await.unwrap();
        let keys = store.log_keys().await.unwrap();
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0].sealed, grid_core::proof::LogKey::from_pkcs8(&keys[0].pkcs8).is_err());
        keys[0].sealed
    };
    let made_sealed = Street::with(&sealing).await;
    made_sealed.settle(json!({"issue": true})).await.good();
    assert!(sealed(&made_sealed.server.database_url()).await);
    let public = made_sealed.key().await;
    // Anybody may ask for the public key: the private one is not opened each time.
    let store = grid_core::store::Store::connect(&made_sealed.server.database_url(), Options::default())
        .await
        .unwrap();
    store.seal_log_key(&public.key_id().to_string(), b"rubbish").await.unwrap();
    assert_eq!(made_sealed.key().await, public);

    let street = Street::new().await;
    street.settle(json!({"issue": true})).await.good();
    let url = street.server.database_url();
    assert!(!sealed(&url).await);
    let public = street.key().await;
    // Another server on the same database seals the key, and signs with it; the log keeps its name.
    let second = Server::on_with(&url, &[&sealing[..], &["--issuer", "elsewhere"]].concat()).await;
    let ana = second.client().log_in("ana", "correct horse").await;
    let used = |kwh: &str| HEADER.to_owned() + &row("ben", "Ben", "consumption", 0, kwh);
    let readings = format!("{}/readings", street.path);
    ana.csv(&readings, used("0")).await.good();
    let body = json!({"month": "2026-03", "issue": true});
    let issued = ana.post(&format!("{}/settlements", street.path), &body).await.good();
    for statement in issued["statements"].as_array().unwrap() {
        let proof = ana.get(&format!("{}/proof", path_of(statement))).await.text();
        let verified = Bundle::parse(&proof).unwrap().verify(&public).unwrap().clone();
        assert_eq!((verified.origin(), verified.tree_size()), ("grid", 4));
    }
    assert!(sealed(&url).await);
    assert_eq!(second.client().get("/api/v1/log/key").await.good()["public_key"], public.to_string());
    // Without what it was sealed with nothing is issued, and nothing is lost.
    ana.csv(&readings, used("1")).await.good();
    let settle =
        ["settle", "--community", "Las Acacias", "--month", "2026-03", "--issue", "--database-url", &url];
    refused(&run(&settle));
    said(&run(&[&settle[..], &sealing[..]].concat()));
    second.stop().await;
}
