//! JSON bodies, paths and queries, whose every refusal is a [`Problem`] that says where.

use axum::{
    extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    http::{StatusCode, header, request::Parts},
};
use bytes::Bytes;
use grid_core::error::{Place, excerpt};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = media_type(request.headers());
        if !kind.as_deref().is_none_or(is_json) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!("expected `application/json`, got `{}`", excerpt(&kind.unwrap_or_default())),
            )
            .hint("with curl: --json '{...}', or --header 'Content-Type: application/json'"));
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| unreadable(&rejection))?;
        parse_json(&body).map(Self)
    }
}

impl<T: serde::Serialize> axum::response::IntoResponse for Json<T> {
    fn into_response(self) -> axum::response::Response {
        axum::Json(self.0).into_response()
    }
}

/// Reads a JSON document and says where it is broken.
pub(crate) fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    serde_json::from_slice(body).map_err(|error| {
        let line = u64::try_from(error.line()).ok().filter(|line| *line > 0);
        let column = u64::try_from(error.column()).ok().filter(|_| line.is_some());
        let (status, expected, hint) = match error.classify() {
            serde_json::error::Category::Data => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "the fields of this request",
                "`/docs` lists the fields of every request; one that is not among them is refused",
            ),
            _ => (
                StatusCode::BAD_REQUEST,
                "a JSON document",
                "send one JSON document in UTF-8; with curl: --json '{...}'",
            ),
        };
        let problem = Problem::new(status, format!("the body is not what was expected: {error}"));
        problem.hint(hint).place(Place {
            pointer: None,
            line,
            column,
            expected: expected.to_owned(),
            got: excerpt(&text_near(body, error.line(), error.column())),
        })
    })
}

/// What stands in a text shortly before a place.
fn text_near(body: &[u8], line: usize, column: usize) -> String {
    let at = body.split(|byte| *byte == b'\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let until = at.get(..column.min(at.len())).unwrap_or_default();
    String::from_utf8_lossy(until.get(until.len().saturating_sub(30)..).unwrap_or_default()).into_owned()
}

/// A body that broke off or is too large.
pub(crate) fn unreadable(rejection: &BytesRejection) -> Problem {
    let status = rejection.status();
    let detail = if status == StatusCode::PAYLOAD_TOO_LARGE {
        "the body is larger than the limit".to_owned()
    } else {
        "the body broke off before its end".to_owned()
    };
    Problem::new(status, detail)
}

/// The values in the path.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            // Nothing can be found under an id that is none.
            Err(rejection) => Err(Problem::new(
                StatusCode::NOT_FOUND,
                format!("there is nothing here: {}", rejection.body_text()),
            )
            .hint("ids are UUIDs")),
        }
    }
}

/// The values of the query string.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                format!("the query is not what was expected: {}", innermost(&rejection)),
            )
            .hint("write `+` as `%2B` and put the whole address in quotes on a command line")),
        }
    }
}

/// The last cause of an error; those before it only say that the query could not be read.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(cause) = at.source() {
        at = cause;
    }
    at.to_string()
}

/// The media type of the body, in lower case and without its parameters.
pub(crate) fn media_type(headers: &axum::http::HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?;
    let text = String::from_utf8_lossy(value.as_bytes());
    let kind = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    (!kind.is_empty()).then_some(kind)
}

/// Whether a media type is JSON.
pub(crate) fn is_json(kind: &str) -> bool {
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}
