//! The API's description, browsable without a network: Swagger UI is compiled in.

use std::sync::Arc;

use axum::{
    Router,
    extract::Path,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use utoipa::openapi::OpenApi;

use crate::{
    app::App,
    problem::{CODES, Problem},
};

mod operators;
use operators::OPERATORS;

/// Only what this server itself sends; Swagger UI needs inline style attributes and icons as `data:`.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const PAGE: &str = include_str!("docs/index.html");
const START: &str = include_str!("docs/start.js");

/// The routes that are not part of the description.
pub(crate) fn router(document: &OpenApi) -> Router<App> {
    let text: Arc<str> = document.to_json().unwrap_or_default().into();
    let json = move || async move { ([(header::CONTENT_TYPE, "application/json")], text.to_string()) };
    Router::new()
        .route("/openapi.json", get(json))
        .route("/docs", get(|| async { asset(PAGE.as_bytes().to_vec(), "text/html; charset=utf-8") }))
        .route("/docs/start.js", get(|| async { asset(START.as_bytes().to_vec(), "text/javascript") }))
        .route("/docs/errors", get(errors))
        .route("/docs/errors/{code}", get(error_page))
        .route("/docs/{file}", get(file))
}

fn asset(bytes: Vec<u8>, kind: &str) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    response
}

async fn file(Path(name): Path<String>) -> Result<Response, Problem> {
    let missing = || Problem::new(StatusCode::NOT_FOUND, "there is no such page");
    match utoipa_swagger_ui::serve(&name, Arc::new(utoipa_swagger_ui::Config::from("/openapi.json"))) {
        Ok(Some(file)) => Ok(asset(file.bytes.into_owned(), &file.content_type)),
        _ => Err(missing()),
    }
}

/// The pages that `type` of a problem names.
async fn error_page(Path(code): Path<String>) -> Result<Response, Problem> {
    let (code, status, title, text) = CODES
        .into_iter()
        .find(|(listed, ..)| *listed == code)
        .ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "there is no such page"))?;
    let mut page = format!("# {title}\n\n`{code}`, HTTP {}\n\n{text}\n", status.as_u16());
    if let Some((_, english, spanish, pages)) = OPERATORS.iter().find(|(of, ..)| *of == code) {
        let more = format!(
            "\n## For whoever runs the server\n\n{english}\n\n## Para quien administra el servidor\n\n{spanish}\n\n\
             ## More, más\n\n{pages}; en español, los mismos con `.es.md` donde los haya.\n"
        );
        page.push_str(&more);
    }
    Ok(asset(page.into_bytes(), "text/markdown; charset=utf-8"))
}

async fn errors() -> Response {
    let lines: Vec<_> = CODES
        .iter()
        .map(|(code, status, title, _)| format!("- {} [{title}](/docs/errors/{code})", status.as_u16()))
        .collect();
    asset(format!("# Refusals\n\n{}\n", lines.join("\n")).into_bytes(), "text/markdown; charset=utf-8")
}
