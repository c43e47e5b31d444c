//! The faults of the system that GRID replaces (CONTRACT 1.7), held shut.

use serde_json::json;

use crate::harness::Server;

/// 1: a valid token was answered 403 "Not authenticated", because no credentials reached the application.
#[tokio::test]
async fn fault_1_a_valid_token_is_never_403_and_nothing_redirects_it_away() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    for path in ["/api/v1/auth/me", "/api/v1/auth/me/", "/api/v1/devices", "/api/v1/devices/", "/api/v1/communities//"] {
        let answer = kat.get(path).await;
        // A redirect may lose the header, so a slash too many is no reason for one.
        assert_eq!(answer.status, 200, "{path}");
    }
    server.client().get("/api/v1/auth/me").await.problem(401);
    // Swagger UI drops a header parameter of that name: the token must be a security scheme.
    let document = server.client().get("/openapi.json").await.good();
    assert_eq!(document["components"]["securitySchemes"]["bearerAuth"]["scheme"], "bearer");
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                assert!(!name.eq_ignore_ascii_case("authorization"), "{method} {path}");
            }
        }
    }
    let needs = &document["paths"]["/api/v1/devices"]["get"]["security"];
    assert_eq!(*needs, json!([{"bearerAuth": []}]));
}

/// 2: a token without segments was answered 500; it came from a client that looked for another field.
#[tokio::test]
async fn fault_2_a_token_that_is_none_is_401_with_a_reason() {
    let server = Server::start().await;
    for (value, word) in [
        ("Bearer undefined", "undefined"),
        ("Bearer null", "null"),
        ("Bearer abc", "parts"),
        ("Bearer", "token"),
        ("Basic a2F0OmNhdA==", "Bearer"),
    ] {
        let answer = server.client().send("GET", "/api/v1/devices", &[("authorization", value.as_bytes())], "").await;
        let problem = answer.problem(401);
        assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
        assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""), "{answer:?}");
    }
    let twice = [("authorization", b"Bearer a".as_slice()), ("authorization", b"Bearer b".as_slice())];
    server.client().send("GET", "/api/v1/devices", &twice, "").await.problem(401);
}
