//! The API's description, browsable without a network: Swagger UI is compiled in.

use std::sync::Arc;

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use utoipa::openapi::OpenApi;

use crate::{
    app::App,
    problem::{CODES, Problem},
};

mod html;
mod operators;
mod pages;

use operators::OPERATORS;

/// Only what this server itself sends; Swagger UI needs inline style attributes and icons as `data:`.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const PAGE: &str = include_str!("docs/index.html");
const START: &str = include_str!("docs/start.js");
const KNOWN_ERRORS: &str = "docs/known-errors.md";

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
        .route("/docs/pages/{*path}", get(page))
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

/// A text in Markdown: as a page for whoever asks for HTML, as browsers do, and as it is for all others.
fn readable(headers: &HeaderMap, path: &str, markdown: &str) -> Response {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut response = if accepts.flat_map(|value| value.split(',')).any(is_html) {
        asset(html::page(path, markdown).into_bytes(), "text/html; charset=utf-8")
    } else {
        asset(markdown.as_bytes().to_vec(), "text/markdown; charset=utf-8")
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

fn is_html(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("text/html"))
        && !parts.any(|part| part == "q=0")
}

async fn file(Path(name): Path<String>) -> Result<Response, Problem> {
    let missing = || Problem::new(StatusCode::NOT_FOUND, "there is no such page");
    match utoipa_swagger_ui::serve(&name, Arc::new(utoipa_swagger_ui::Config::from("/openapi.json"))) {
        Ok(Some(file)) => Ok(asset(file.bytes.into_owned(), &file.content_type)),
        _ => Err(missing()),
    }
}

/// The pages that `type` of a problem names.
async fn error_page(headers: HeaderMap, Path(code): Path<String>) -> Result<Response, Problem> {
    let (code, status, title, text) = CODES
        .into_iter()
        .find(|(listed, ..)| *listed == code)
        .ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "there is no such page"))?;
    let mut page = format!("# {title}\n\n`{code}`, HTTP {}\n\n{text}\n", status.as_u16());
    if let Some((_, english, spanish, pages)) = OPERATORS.iter().find(|(of, ..)| *of == code) {
        let more = format!(
            "\n## For whoever runs the server\n\n{english}\n\n## Para quien administra el servidor\n\n{spanish}\n\n\
             ## More, más\n\n{}\n",
            linked(pages)
        );
        page.push_str(&more);
    }
    Ok(readable(&headers, "", &page))
}

/// The pages that a text names in backquotes, each a link; what was seen before stands among them.
fn linked(named: &str) -> String {
    let mut names: Vec<&str> = named.split('`').skip(1).step_by(2).collect();
    if !names.iter().any(|name| name.starts_with(KNOWN_ERRORS)) {
        names.push(KNOWN_ERRORS);
    }
    names.iter().fold(String::new(), |lines, name| lines + "- " + &pages::links(name) + "\n")
}

/// The pages of the folder `docs/`, as they stand there.
async fn page(headers: HeaderMap, Path(path): Path<String>) -> Result<Response, Problem> {
    let text = pages::page(&path).ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "there is no such page").hint("/docs/errors has a list")
    })?;
    Ok(readable(&headers, &path, text))
}

async fn errors(headers: HeaderMap) -> Response {
    let lines: Vec<_> = CODES
        .iter()
        .map(|(code, status, title, _)| format!("- {} [{title}](/docs/errors/{code})", status.as_u16()))
        .collect();
    readable(&headers, "", &format!("# Refusals\n\n{}\n", lines.join("\n")))
}
