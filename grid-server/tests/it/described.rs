//! What the suite is answered, held against what `openapi.json` says that each route may answer.

use std::sync::LazyLock;

use serde_json::{Map, Value};

static PATHS: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let mut described: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    match described["paths"].take() {
        Value::Object(paths) => paths,
        other => panic!("{other}"),
    }
});

/// Checks that a route which is described may answer so.
///
/// # Panics
///
/// Where it may not.
pub(crate) fn check(method: &str, path: &str, status: u16) {
    let path = path.split('?').next().unwrap_or_default().trim_end_matches('/');
    let fits = |template: &&String| {
        let (template, path) = (template.split('/'), path.split('/'));
        template.clone().count() == path.clone().count()
            && template.zip(path).all(|(template, segment)| template.starts_with('{') || template == segment)
    };
    // Of `/devices/{id}` and `/devices/list` the one with fewer parts that may be anything.
    let template = PATHS.keys().filter(fits).min_by_key(|template| template.matches('{').count());
    let Some(operation) = template.and_then(|template| PATHS[template].get(method.to_lowercase())) else {
        return;
    };
    assert!(
        operation["responses"].get(status.to_string()).is_some(),
        "{method} {path} answered {status}, which `openapi.json` does not describe: {:?}",
        operation["responses"].as_object().map(|responses| responses.keys().collect::<Vec<_>>())
    );
}

#[test]
fn s51_an_answer_that_is_not_described_is_found() {
    check("GET", "/api/v1/devices/?limit=1", 200);
    check("GET", "/nobody/described/this", 418);
    let found = std::panic::catch_unwind(|| check("GET", "/api/v1/devices/7", 418)).unwrap_err();
    let told = found.downcast::<String>().unwrap();
    assert!(told.starts_with("GET /api/v1/devices/7 answered 418"), "{told}");
}
