//! Health, the description, its pages, and what surrounds every request.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use grid_server::{problem::CODES, serve::Content};
use serde_json::json;

use crate::harness::Server;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

#[tokio::test]
async fn s58_the_server_says_how_it_is() {
    let server = Server::start().await;
    let client = server.client();
    assert_eq!(client.get("/healthz").await.good(), json!({"status": "ok"}));
    let ready = client.get("/readyz").await.good();
    assert_eq!(ready["checks"], json!({"database": "ok", "migrations": "ok", "signing_key": "ok"}));
    let database = &ready["dependencies"]["database"];
    assert_eq!((&database["status"], &database["reason"]), (&json!("ok"), &json!(null)));
    assert!(database["latency_ms"].as_f64().unwrap() > 0.0, "{database}");
}

#[tokio::test]
async fn every_refusal_is_a_problem_with_a_page() {
    let server = Server::start().await;
    let client = server.client();
    for (method, path, status) in [
        ("GET", "/nowhere", 404),
        ("GET", "/api/v1/nowhere", 404),
        ("POST", "/healthz", 405),
        ("DELETE", "/login", 405),
    ] {
        let problem = client.send(method, path, &[], "").await.problem(status);
        let page = client.get(problem["type"].as_str().unwrap()).await;
        assert_eq!(page.status, 200, "{problem}");
    }
    let refused = client.send("POST", "/healthz", &[], "").await;
    assert_eq!(refused.header("allow"), "GET,HEAD");
}

/// The headings of a page outside its blocks of code, as how deep each is and the name by which a link finds it.
fn headings(page: &str) -> Vec<(usize, String)> {
    let outside: String = page.split("```").step_by(2).collect();
    let heading = |line: &str| {
        let text = line.trim_start_matches('#');
        (line.len() - text.len(), text.trim().to_lowercase().replace(' ', "-"))
    };
    outside.lines().filter(|line| line.starts_with('#')).map(heading).collect()
}

/// A browser shows the page of a refusal as a page, and each of its links leads to another.
#[tokio::test]
async fn in_a_browser_the_page_of_a_refusal_leads_to_the_known_errors_in_both_languages() {
    let server = Server::start().await;
    let client = server.client();
    let browser: [(&str, &[u8]); 1] = [("accept", b"text/html,application/xhtml+xml,*/*;q=0.8")];
    let mut seen = std::collections::BTreeSet::from(["/docs/errors".to_owned()]);
    let mut next: Vec<String> = seen.iter().cloned().collect();
    while let Some(path) = next.pop() {
        let page = client.send("GET", &path, &browser, "").await;
        assert_eq!(
            (page.status.as_u16(), page.header("content-type")),
            (200, "text/html; charset=utf-8"),
            "{path}"
        );
        let varies =
            page.headers.get_all("vary").iter().any(|by| by.as_bytes().eq_ignore_ascii_case(b"accept"));
        assert!(varies, "{path}: {:?}", page.headers);
        let folder = path.rsplit_once('/').unwrap().0;
        for link in page.text().split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let file = link.split('#').next().unwrap();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            // As a browser resolves it.
            let mut parts: Vec<&str> =
                if file.starts_with('/') { vec![] } else { folder.split('/').collect() };
            for part in file.split('/') {
                match part {
                    "." | "" => {}
                    ".." => drop(parts.pop()),
                    name => parts.push(name),
                }
            }
            let found = format!("/{}", parts.join("/").trim_start_matches('/'));
            if seen.insert(found.clone()) {
                next.push(found);
            }
        }
    }
    for known in
        ["/docs/pages/known-errors.md", "/docs/pages/known-errors.es.md", "/docs/pages/deploy/database.es.md"]
    {
        assert!(seen.contains(known), "{known} in {seen:?}");
    }
    let plain = client.get("/docs/errors/unavailable").await;
    assert_eq!(plain.header("content-type"), "text/markdown; charset=utf-8");
}

/// S66, S97: who runs the server finds, from the refusal itself, the known errors that end in it and what to do.
#[tokio::test]
async fn s66_s97_the_page_of_an_outage_tells_an_operator_what_to_do_in_both_languages() {
    const IN_ENGLISH: &str = "\n## For whoever runs the server\n\n";
    const IN_SPANISH: &str = "\n\n## Para quien administra el servidor\n\n";
    let server = Server::start().await;
    let client = server.client();
    let read = |file: &str| {
        std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    };
    let index = client.get("/docs/errors").await.text();
    let listed: Vec<_> =
        index.split("](/docs/errors/").skip(1).map(|rest| rest.split_once(')').unwrap().0).collect();
    let codes: Vec<_> = CODES.iter().map(|(code, ..)| *code).collect();
    assert_eq!(listed, codes);
    for code in codes {
        let page = client.get(&format!("/docs/errors/{code}")).await.text();
        let (_, told) = page.split_once(IN_ENGLISH).unwrap_or_else(|| panic!("{code}: {page}"));
        let (english, told) = told.split_once(IN_SPANISH).unwrap_or_else(|| panic!("{code}: {page}"));
        let (spanish, more) = told.split_once("\n\n## ").unwrap_or_else(|| panic!("{code}: {page}"));
        assert!(english.len() > 40 && spanish.len() > 40 && english != spanish, "{code}: {page}");
        let named: Vec<_> =
            more.split('`').skip(1).step_by(2).filter(|text| text.starts_with("docs/")).collect();
        assert!(named.iter().any(|named| named.starts_with("docs/known-errors.md")), "{code}: {page}");
        for link in named.iter().copied() {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let text = read(file);
            // Whoever is refused has no checkout: the link leads to the page on this server.
            let below = file.strip_prefix("docs/").unwrap();
            let linked = format!("[`{link}`](/{})", link.replacen("docs/", "docs/pages/", 1));
            assert!(more.contains(&linked), "{code}: {linked} in {more}");
            assert!(client.get(&format!("/docs/pages/{below}")).await.text() == text, "{code}: {file}");
            if file.ends_with(".es.md") {
                continue;
            }
            let there = headings(&text);
            let place = there.iter().position(|(_, name)| name == heading);
            assert!(heading.is_empty() || place.is_some(), "{code}: {link}");
            let in_spanish = file.replace(".md", ".es.md");
            assert!(named.contains(&in_spanish.as_str()), "{code}: {in_spanish} is missing in {page}");
            // There the heading has another name, at the same place among headings as deep.
            let spanish = headings(&read(&in_spanish));
            let depths = |page: &[(usize, String)]| page.iter().map(|(depth, _)| *depth).collect::<Vec<_>>();
            assert_eq!(depths(&there), depths(&spanish), "{code}: {file} and {in_spanish}");
            if let Some(place) = place {
                assert_ne!(there[place].1, spanish[place].1, "{code}: {link} is in English on both pages");
            }
        }
    }
    let outage = client.get("/docs/errors/unavailable").await.text();
    assert!(
        outage.contains("docs/known-errors.md") && outage.contains("docs/deploy/database.md"),
        "{outage}"
    );
}

#[tokio::test]
async fn a_request_keeps_the_id_that_it_came_with_if_it_is_one() {
    let server = Server::start().await;
    let client = server.client();
    let answer = client.send("GET", "/nowhere", &[("x-request-id", b"abc-123")], "").await;
    assert_eq!(
        (answer.header("x-request-id"), &answer.problem(404)["instance"]),
        ("abc-123", &json!("urn:request:abc-123"))
    );
    let odd = client.send("GET", "/nowhere", &[("x-request-id", b"a b\"<script>")], "").await;
    assert!(odd.problem(404)["instance"].as_str().unwrap().starts_with("urn:uuid:"));
}

#[tokio::test]
async fn the_pages_need_nothing_from_elsewhere() {
    let server = Server::start().await;
    let client = server.client();
    for path in ["/docs", "/docs/"] {
        let page = client.get(path).await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
        let text = page.text();
        assert!(!text.contains("http://") && !text.contains("https://"), "{text}");
        for part in text.split(['"']).filter(|part| part.starts_with("/docs/")) {
            assert_eq!(client.get(part).await.status, 200, "{part}");
        }
        assert!(page.header("content-security-policy").contains("default-src 'none'"));
    }
    client.get("/docs/nothing.js").await.problem(404);
    client.get("/docs/..%2Fsecret").await.problem(404);
}

#[tokio::test]
async fn s137_every_answer_carries_the_headers_that_protect() {
    let server = Server::start().await;
    for path in ["/healthz", "/nowhere", "/docs", "/openapi.json"] {
        let answer = server.client().get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"), "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert!(answer.header("permissions-policy").contains("geolocation=()"), "{path}");
        // What runs here is nobody's business.
        assert_eq!((answer.header("server"), answer.header("x-powered-by")), ("", ""), "{path}");
    }
}

#[tokio::test]
async fn browsers_are_told_to_come_by_https_where_a_proxy_says_that_they_did() {
    let alone = Server::start().await;
    let behind = Server::with(&["--proxies", "1"], Content::AsItIs).await;
    for (server, scheme, told) in [
        (&alone, "https", ""),
        (&behind, "http", ""),
        (&behind, "https", "max-age=31536000"),
        // What stands before the last word was written by the client.
        (&behind, "https, http", ""),
    ] {
        let answer =
            server.client().send("GET", "/healthz", &[("x-forwarded-proto", scheme.as_bytes())], "").await;
        assert_eq!(answer.header("strict-transport-security"), told, "{scheme}");
    }
    assert_eq!(behind.client().get("/healthz").await.header("strict-transport-security"), "");
}

#[tokio::test]
async fn s2_the_committed_description_is_the_one_that_is_served() {
    let server = Server::start().await;
    let served = server.client().get("/openapi.json").await.good();
    let path = root().join("grid-server/openapi.json");
    let committed: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert!(served == committed, "grid-server/openapi.json is out of date: run `make openapi`");
    assert!(served["openapi"].as_str().unwrap().starts_with("3.1."));
    let schemas = served["components"]["schemas"].as_object().unwrap();
    // Everything that is pointed at is there.
    for part in served.to_string().split("#/components/").skip(1) {
        let (kind, name) = part.split_once('"').unwrap().0.split_once('/').unwrap();
        assert!(served["components"][kind].get(name).is_some(), "{kind}/{name}");
    }
    assert!(schemas.contains_key("Problem"));
    // Every operation says what it is and what it refuses, and how what it takes looks.
    let mut ids = BTreeSet::new();
    for (path, item) in served["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(operation["summary"].is_string(), "{method} {path}");
            assert!(operation["responses"].get("500").is_some(), "{method} {path}");
            let answers = |status: &str| operation["responses"].get(status).is_some();
            if operation["security"].is_array() {
                assert!(answers("401") && answers("403") && answers("429"), "{method} {path}");
            }
            let bodies = &operation["requestBody"]["content"];
            assert!(bodies.is_null() || answers("408"), "{method} {path}");
            for (kind, content) in bodies.as_object().into_iter().flatten() {
                let has_one = !content["example"].is_null() || has_an_example(&content["schema"], &served);
                assert!(has_one, "{method} {path} has no example of {kind}");
            }
            if ["put", "patch", "delete"].contains(&method.as_str()) {
                assert!(answers("412"), "{method} {path}");
                let is_declared = operation["parameters"].to_string().contains("If-Match");
                assert_eq!(is_declared, item.get("get").is_some(), "{method} {path}");
            }
            let id = operation["operationId"].as_str().unwrap().to_owned();
            assert!(ids.insert(id), "{method} {path} has the id of another operation");
        }
    }
}

/// Whether an example can be put together of those of the fields.
fn has_an_example(schema: &serde_json::Value, document: &serde_json::Value) -> bool {
    if let Some(name) = schema["$ref"].as_str() {
        return has_an_example(document.pointer(name.trim_start_matches('#')).unwrap(), document);
    }
    if !schema["example"].is_null() || !schema["enum"].is_null() || schema["format"] == "uuid" {
        return true;
    }
    if let Some(parts) = schema["allOf"].as_array().or(schema["oneOf"].as_array()) {
        return parts.iter().all(|part| has_an_example(part, document));
    }
    if let Some(fields) = schema["properties"].as_object() {
        return fields.values().all(|field| has_an_example(field, document));
    }
    match schema["type"].as_str().or(schema["type"][0].as_str()) {
        Some("boolean" | "null") => true,
        Some("array") => has_an_example(&schema["items"], document),
        _ => false,
    }
}

#[test]
fn s77_s88_s89_the_tables_of_the_readme_are_those_of_the_program() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let renewed = grid_server::readme::renew(&text).unwrap();
    assert!(renewed == text, "README.md is out of date: run `make readme`");
}

/// Of two types of one name the description would keep one, and describe the answers of both by it.
#[test]
fn no_two_types_are_described_under_one_name() {
    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { sources(&path, found) } else { found.push(path) }
        }
    }
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut named: BTreeMap<String, PathBuf> = BTreeMap::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for (at, _) in text.match_indices("ToSchema)]") {
            let rest = &text[at..];
            let line = rest.lines().find(|line| line.contains("struct ") || line.contains("enum ")).unwrap();
            let head = &rest[..rest.find(line).unwrap()];
            let own = line.split_once("struct ").or_else(|| line.split_once("enum ")).unwrap().1;
            let alias = head.split("schema(as = ").nth(1);
            let name: String =
                alias.unwrap_or(own).chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if let Some(other) = named.insert(name.clone(), file.clone()) {
                panic!("`{name}` is described in {} and in {}", other.display(), file.display());
            }
        }
    }
    assert!(named.len() > 100, "{}", named.len());
}
