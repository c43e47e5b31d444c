//! What OAuth 2.0 asks of token routes: bodies as a form or as JSON, and errors that every OAuth client reads.

use axum::{
    body::HttpBody,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::de::DeserializeOwned;

use crate::{
    extract::{Json, media_type},
    problem::Problem,
};

/// The media type of a form.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// The body of a token route: JSON, or a form (RFC 6749 section 4.3.2); an empty body is an empty object.
#[derive(Debug)]
pub(crate) struct Parameters<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if is_form(&request) {
            return match axum::Form::<T>::from_request(request, state).await {
                Ok(axum::Form(value)) => Ok(Self(value)),
                Err(rejection) => Err(Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    format!("the form is not what was expected: {}", rejection.body_text()),
                )),
            };
        }
        if request.body().is_end_stream()
            && let Ok(nothing) = serde_json::from_str("{}")
        {
            return Ok(Self(nothing));
        }
        Json::from_request(request, state).await.map(|Json(value)| Self(value))
    }
}

fn is_form(request: &Request) -> bool {
    media_type(request.headers()).as_deref() == Some(FORM)
}

/// The client that a program names with `Authorization: Basic` (RFC 6749 section 2.3.1). Clients are not registered, so
/// the name is only written down, and a password beside it is not looked at.
pub(crate) fn client_of(headers: &axum::http::HeaderMap) -> Option<String> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = text.split_once(' ')?;
    let bytes = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(rest.trim()).ok())??;
    let (client, _) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    (!client.is_empty()).then(|| client.to_owned())
}

/// The layer over token routes: gives each refusal the members that RFC 6749 section 5.2 asks for beside those of RFC 9457,
/// and to whoever sent a form also its media type and its status.
pub(crate) async fn speak(request: Request, next: Next) -> Response {
    let form = is_form(&request);
    let mut response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem.into_oauth(form).into_response(),
        None => Problem::new(status, status.canonical_reason().unwrap_or("the request was refused"))
            .into_oauth(form)
            .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_named_by_its_basic_header() {
        let of =
            |text: &str| client_of(&[(header::AUTHORIZATION, text.parse().unwrap())].into_iter().collect());
        // RFC 7617, section 2: `Aladdin:open sesame`.
        assert_eq!(of("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==").as_deref(), Some("Aladdin"));
        for text in ["Basic !", "Basic ", "Bearer a.b.c", "Basic OnB3", "Basic"] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
