//! The token routes as OAuth 2.0 has them (RFC 6749, 7009, 7662), and the old system's HS256 mode.

use grid_core::{
    auth::{Scopes, SharedSecret, Subject},
    store::{Options, Store, User, new_id},
};
use serde_json::json;

use crate::harness::{Answer, Server};

#[expect(clippy::disallowed_methods, reason = "the server's clock is the machine's")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

fn refusal(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.json();
    let description = body["error_description"].as_str().unwrap();
    assert!(
        description.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'"' && b != b'\\'),
        "{description}"
    );
    body["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_form_is_answered_as_rfc_6749_says() {
    let server = Server::start().await;
    server.user("kat").await;
    let anyone = server.client();
    let right = [("grant_type", "password"), ("username", "kat"), ("password", "correct horse")];
    for path in ["/login", "/api/v1/auth/login", "/api/v1/auth/login/"] {
        let tokens = anyone.form(path, &right).await.good();
        assert_eq!(tokens["token_type"], "bearer");
        let again =
            [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
        assert_eq!(anyone.form("/api/v1/auth/refresh", &again).await.good()["user_id"], tokens["user_id"]);
    }
    let wrong = [("grant_type", "password"), ("username", "kat"), ("password", "wrong horse")];
    assert_eq!(refusal(&anyone.form("/login", &wrong).await, 400), "invalid_grant");
    assert_eq!(refusal(&anyone.form("/login", &right[..2]).await, 400), "invalid_request");
    let other = [("grant_type", "client_credentials"), ("username", "kat"), ("password", "correct horse")];
    assert_eq!(refusal(&anyone.form("/login", &other).await, 400), "unsupported_grant_type");
    let rubbish = [("grant_type", "refresh_token"), ("refresh_token", "\"gridrt_ñ\\")];
    assert_eq!(refusal(&anyone.form("/api/v1/auth/refresh", &rubbish).await, 400), "invalid_grant");
    // To JSON the same is a problem of RFC 9457, with the same code in it.
    let problem =
        anyone.post("/login", &json!({"username": "kat", "password": "wrong horse"})).await.problem(401);
    assert_eq!(problem["error"], "invalid_grant");
    assert_eq!(problem["error_description"], problem["detail"]);
    let xml = anyone.send("POST", "/login", &[("content-type", b"text/xml")], "<a/>").await.problem(415);
    assert_eq!(xml["error"], "invalid_request");
}

#[tokio::test]
async fn the_client_of_a_basic_header_is_written_down() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    // RFC 7617, section 2: `Aladdin:open sesame`.
    let headers: [(&str, &[u8]); 2] = [
        ("authorization", b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("content-type", b"application/x-www-form-urlencoded"),
    ];
    let body = "grant_type=password&username=kat&password=correct+horse";
    server.client().send("POST", "/login", &headers, body).await.good();
    let sessions = kat.get("/api/v1/auth/sessions").await.good();
    assert!(sessions["items"].as_array().unwrap().iter().any(|session| session["client_id"] == "Aladdin"));
}

#[tokio::test]
async fn a_service_asks_about_tokens_and_a_user_only_about_their_own() {
    let server = Server::start().await;
    let (ana, kat) = (server.user("ana").await, server.user("kat").await);
    let ask = async |client: &crate::harness::Client, token: &str| {
        client.form("/api/v1/auth/introspect", &[("token", token)]).await.good()
    };
    let own = ask(&kat, kat.token()).await;
    assert_eq!(
        (&own["active"], &own["username"], &own["token_type"]),
        (&json!(true), &json!("kat"), &json!("Bearer"))
    );
    assert_eq!(own["aud"], "grid-api");
    assert!(own["exp"].as_i64().unwrap() - own["iat"].as_i64().unwrap() == 900);
    assert_eq!(ask(&ana, kat.token()).await, json!({"active": false}));
    assert_eq!(ask(&kat, "rubbish").await, json!({"active": false}));
    server.client().form("/api/v1/auth/introspect", &[("token", kat.token())]).await.problem(401);

    let store = Store::connect(&server.database_url(), Options::default()).await.unwrap();
    let id = store.user_by_name("ana").await.unwrap().unwrap().id();
    store.set_administrator(id, true).await.unwrap();
    let administrator = server.client().log_in("ana", "correct horse").await;
    assert_eq!(ask(&administrator, kat.token()).await["username"], "kat");

    let tokens =
        server.client().form("/login", &[("username", "kat"), ("password", "correct horse")]).await.good();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(ask(&kat, refresh).await["token_type"], "refresh_token");
    assert_eq!(server.client().form("/api/v1/auth/revoke", &[("token", refresh)]).await.status, 200);
    assert_eq!(ask(&kat, refresh).await, json!({"active": false}));
    assert_eq!(ask(&kat, tokens["access_token"].as_str().unwrap()).await, json!({"active": false}));
    // An access token ends alone.
    let access = kat.token().to_owned();
    assert_eq!(server.client().form("/api/v1/auth/revoke", &[("token", &access)]).await.status, 200);
    kat.get("/api/v1/auth/me").await.problem(401);
    assert_eq!(server.client().form("/api/v1/auth/revoke", &[("token", "rubbish")]).await.status, 200);
}

const SECRET: &str = "a secret of the old system, 32 bytes and more";

#[tokio::test]
async fn in_the_old_mode_logins_give_hs256_tokens_and_those_of_other_services_are_taken() {
    let server = Server::with(&["--jwt-hs256-secret", SECRET], grid_server::serve::Content::AsItIs).await;
    let kat = server.user("kat").await;
    let me = kat.get("/api/v1/auth/me").await.good();
    let secret = SharedSecret::new(SECRET.as_bytes()).unwrap();
    let principal = secret.verify(kat.token(), now()).unwrap();
    assert_eq!(
        (principal.username.as_str(), principal.user_id.to_string().as_str()),
        ("kat", me["user_id"].as_str().unwrap())
    );

    let of = |user_id, username: &str, session_id| {
        let scope = Scopes::of_user();
        let subject = Subject { user_id, username: username.to_owned(), scope, session_id };
        secret.issue(&subject, std::time::Duration::from_hours(1), now()).unwrap().token
    };
    let theirs = server.client().with_token(&of(principal.user_id, "kat", None));
    assert_eq!(theirs.get("/api/v1/auth/me").await.good(), me);
    let stranger = server.client().with_token(&of(uuid::Uuid::from_u128(9), "kat", None));
    stranger.get("/api/v1/auth/me").await.problem(401);
    // Whoever has the secret can name any session, and a token that is good for years.
    let made_up = server.client().with_token(&of(principal.user_id, "kat", Some(uuid::Uuid::from_u128(5))));
    made_up.get("/api/v1/auth/me").await.problem(401);
    let of_another = of(uuid::Uuid::from_u128(9), "kat", principal.session_id);
    server.client().with_token(&of_another).get("/api/v1/auth/me").await.problem(401);

    // A refresh that asks for nothing that there is gives no token that would allow more.
    let narrow = [("username", "kat"), ("password", "correct horse"), ("scope", "read")];
    let narrow = server.client().form("/login", &narrow).await.good();
    for scope in ["nope", ""] {
        let body = [("refresh_token", narrow["refresh_token"].as_str().unwrap()), ("scope", scope)];
        let refused = server.client().form("/api/v1/auth/refresh", &body).await;
        assert_eq!(refusal(&refused, 400), "invalid_scope");
    }

    let store = Store::connect(&server.database_url(), Options::default()).await.unwrap();
    store.disable_user(principal.user_id, now(), now() + jiff::SignedDuration::from_hours(1)).await.unwrap();
    theirs.get("/api/v1/auth/me").await.problem(401);
    // Without the setting such a token is nobody's.
    let second = Server::on(&server.database_url()).await;
    second.client().with_token(kat.token()).get("/api/v1/auth/me").await.problem(401);
}

#[tokio::test]
async fn a_hash_of_the_old_system_is_verified_and_renewed_at_login() {
    let server = Server::start().await;
    let store = Store::connect(&server.database_url(), Options::default()).await.unwrap();
    // Made by the Python package bcrypt 5.0.0: bcrypt.hashpw(b"correct horse", bcrypt.gensalt(4)).
    let old = "$2b$04$p/3mrmUNXQKbWzIM7Vy61OKaAqN5t9VwGCRTRlC0auayYY8nml5ay";
    let user = User::new(new_id(now()), "kat", "kat@example.org", old.to_owned()).unwrap();
    store.create_user(&user, now()).await.unwrap();
    let anyone = server.client();
    anyone.post("/login", &json!({"username": "kat", "password": "wrong horse"})).await.problem(401);
    anyone.log_in("kat", "correct horse").await;
    let renewed = store.user(user.id()).await.unwrap().unwrap();
    assert!(renewed.password().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", renewed.password());
    anyone.log_in("kat", "correct horse").await;
}
