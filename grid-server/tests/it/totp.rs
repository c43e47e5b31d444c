//! The second factor: putting it on, logging in with it, losing the telephone, guessing, taking it off.

use grid_core::auth::TotpSecret;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::harness::{Answer, Client, Server};

const TOTP: &str = "/api/v1/auth/totp";
const STEP: SignedDuration = SignedDuration::from_secs(30);

/// An authenticator: it knows what the server has shown, and the time.
struct Authenticator(TotpSecret);

impl Authenticator {
    /// Takes the secret in as a person types it (RFC 4648 section 6).
    fn of(text: &str) -> Self {
        let digits = text.bytes().map(|letter| match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            other => panic!("{other} is no digit of base 32"),
        });
        let bits: Vec<_> = digits.flat_map(|digit| (0..5).rev().map(move |bit| digit >> bit & 1)).collect();
        let bytes: Vec<_> =
            bits.chunks_exact(8).map(|byte| byte.iter().fold(0_u8, |sum, bit| sum << 1 | bit)).collect();
        Self(TotpSecret::from_bytes(&bytes).unwrap())
    }

    /// The code of this half minute, or of one after it.
    fn code(&self, steps: i32) -> String {
        self.0.code(now() + STEP * steps).unwrap()
    }

    /// A code that is shown at no time near this one.
    fn wrong(&self) -> String {
        let near: Vec<_> = (-3..4).map(|steps| self.code(steps)).collect();
        (0..10).map(|code| format!("{code:06}")).find(|code| !near.contains(code)).unwrap()
    }
}

fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "an authenticator goes by the machine's clock")]
    Timestamp::now()
}

async fn put(client: &Client, code: &str) -> Answer {
    let body = json!({"code": code}).to_string();
    client.send("PUT", TOTP, &[("content-type", b"application/json")], body).await
}

async fn delete(client: &Client, password: &str, code: &str) -> Answer {
    let body = json!({"password": password, "code": code}).to_string();
    client.send("DELETE", TOTP, &[("content-type", b"application/json")], body).await
}

async fn log_in(client: &Client, code: &str) -> Answer {
    let body = json!({"username": "kat", "password": "correct horse", "totp": code});
    client.post("/api/v1/auth/login", &body).await
}

/// Puts a second factor on, and gives the authenticator and the recovery codes. The code of this half minute is used.
async fn put_on(kat: &Client) -> (Authenticator, Vec<String>) {
    let begun = kat.post(TOTP, &json!({"password": "correct horse"})).await;
    assert_eq!(begun.header("cache-control"), "no-store");
    let authenticator = Authenticator::of(begun.good()["secret"].as_str().unwrap());
    let confirmed = put(kat, &authenticator.code(0)).await;
    assert_eq!(confirmed.header("cache-control"), "no-store");
    let codes = confirmed.good()["recovery_codes"].clone();
    (authenticator, serde_json::from_value(codes).unwrap())
}

/// Puts a second factor on, and gives its recovery codes.
pub(crate) async fn with_second_factor(client: &Client) -> Vec<String> {
    put_on(client).await.1
}

#[tokio::test]
async fn a_second_factor_is_put_on_and_then_asked_for() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    assert_eq!(kat.get(TOTP).await.good(), json!({"enabled": false, "recovery_codes_left": null}));
    put(&kat, "123456").await.problem(404);
    kat.post(TOTP, &json!({"password": "wrong horse"})).await.problem(403);

    let first = kat.post(TOTP, &json!({"password": "correct horse"})).await.good();
    let begun = kat.post(TOTP, &json!({"password": "correct horse"})).await.good();
    let secret = begun["secret"].as_str().unwrap();
    assert_ne!(first["secret"], secret);
    assert_eq!(begun["uri"], format!("otpauth://totp/grid:kat?secret={secret}&issuer=grid"));
    let authenticator = Authenticator::of(secret);
    put(&kat, &authenticator.wrong()).await.problem(403);
    // What was not confirmed is not asked for.
    log_in(&kat, "").await.good();
    let confirmed = put(&kat, &authenticator.code(0)).await.good();
    assert_eq!(confirmed["recovery_codes"].as_array().unwrap().len(), 10);
    assert_eq!(kat.get(TOTP).await.good(), json!({"enabled": true, "recovery_codes_left": 10}));
    kat.post(TOTP, &json!({"password": "correct horse"})).await.problem(409);
    put(&kat, &authenticator.code(1)).await.problem(409);

    assert_eq!(log_in(&kat, "").await.problem(401)["type"], "/docs/errors/second-factor");
    log_in(&kat, &authenticator.wrong()).await.problem(401);
    log_in(&kat, &authenticator.code(0)).await.problem(401);
    let code = authenticator.code(1);
    log_in(&kat, &format!("{} {}", &code[..3], &code[3..])).await.good();
    // Each code once.
    log_in(&kat, &code).await.problem(401);
}

#[tokio::test]
async fn a_recovery_code_stands_in_for_the_telephone_once() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    let (_, codes) = put_on(&kat).await;
    log_in(&kat, &codes[3]).await.good();
    log_in(&kat, &codes[3]).await.problem(401);
    log_in(&kat, &codes[7].to_lowercase().replace('-', " ")).await.good();
    assert_eq!(kat.get(TOTP).await.good()["recovery_codes_left"], 8);
    // Those of another are nothing worth.
    let eva = server.user("eva").await;
    put_on(&eva).await;
    let body = json!({"username": "eva", "password": "correct horse", "totp": codes[0]});
    eva.post("/api/v1/auth/login", &body).await.problem(401);
}

#[tokio::test]
async fn the_second_factor_is_taken_off_with_password_and_code() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    delete(&kat, "correct horse", "123456").await.problem(404);
    let (authenticator, codes) = put_on(&kat).await;
    delete(&kat, "wrong horse", &authenticator.code(1)).await.problem(403);
    delete(&kat, "correct horse", &authenticator.wrong()).await.problem(403);
    delete(&kat, "correct horse", "").await.problem(403);
    assert_eq!(kat.get(TOTP).await.good()["enabled"], true);
    assert_eq!(delete(&kat, "correct horse", &codes[0]).await.status, 204);
    assert_eq!(kat.get(TOTP).await.good(), json!({"enabled": false, "recovery_codes_left": null}));
    log_in(&kat, "").await.good();
    put_on(&kat).await;
    log_in(&kat, &codes[1]).await.problem(401);
}

#[tokio::test]
async fn codes_cannot_be_guessed_many_at_a_time() {
    let server = Server::with(&["--account-tries", "3"], grid_server::serve::Content::AsItIs).await;
    let kat = server.user("kat").await;
    let (authenticator, codes) = put_on(&kat).await;
    for _ in 0..3 {
        log_in(&kat, &authenticator.wrong()).await.problem(401);
    }
    // Neither the right code nor the other door helps now.
    let refused = log_in(&kat, &codes[0]).await;
    refused.problem(429);
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    delete(&kat, "correct horse", &codes[0]).await.problem(429);
    assert_eq!(kat.get(TOTP).await.good(), json!({"enabled": true, "recovery_codes_left": 10}));

    let eva = server.user("eva").await;
    let begun = eva.post(TOTP, &json!({"password": "correct horse"})).await.good();
    let authenticator = Authenticator::of(begun["secret"].as_str().unwrap());
    for _ in 0..3 {
        put(&eva, &authenticator.wrong()).await.problem(403);
    }
    put(&eva, &authenticator.code(0)).await.problem(429);
}

#[tokio::test]
async fn the_secret_is_sealed_where_there_is_a_key_for_it() {
    let key = ["--sealing-key", "a text of at least 32 bytes, best made at random"];
    for arguments in [&key[..], &[]] {
        let server = Server::with(arguments, grid_server::serve::Content::AsItIs).await;
        let kat = server.user("kat").await;
        let id = kat.get("/api/v1/auth/me").await.good()["user_id"].as_str().unwrap().parse().unwrap();
        let (authenticator, _) = put_on(&kat).await;
        let store =
            grid_core::store::Store::connect(&server.database_url(), grid_core::store::Options::default())
                .await
                .unwrap();
        let stored = store.second_factor(id).await.unwrap().unwrap().secret;
        let open = authenticator.0.as_bytes();
        assert_eq!(stored.windows(open.len()).any(|part| part == open), arguments.is_empty());
        log_in(&kat, &authenticator.code(1)).await.good();
    }
}

#[tokio::test]
async fn the_trail_has_the_second_factor_and_no_secret() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    let (authenticator, codes) = put_on(&kat).await;
    delete(&kat, "correct horse", &authenticator.wrong()).await.problem(403);
    delete(&kat, "correct horse", &codes[0]).await;
    let store =
        grid_core::store::Store::connect(&server.database_url(), grid_core::store::Options::default())
            .await
            .unwrap();
    let entries = store.audit(grid_core::store::Page::default(), None, None).await.unwrap().items;
    let told: Vec<_> = entries
        .iter()
        .filter(|entry| entry.action.starts_with("totp."))
        .map(|entry| (entry.action.as_str(), entry.succeeded, entry.reason.as_deref()))
        .collect();
    let expected = [
        ("totp.disable", true, None),
        ("totp.disable", false, Some("wrong_code")),
        ("totp.enable", true, None),
        ("totp.begin", true, None),
    ];
    assert_eq!(told, expected);
    let all = format!("{entries:?}");
    assert!(!all.contains(&codes[0]) && !all.contains(&authenticator.0.to_base32()), "{all}");
}
