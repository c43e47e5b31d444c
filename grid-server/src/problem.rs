//! Every refusal: RFC 9457 problem details, made from any [`Failure`] in one place.
//!
//! A [`Problem`] travels in the response's extensions and is written by `finish` around the routes, which knows
//! the request's id; responses that libraries make (405, 413, ...) become problems there as well.

use std::time::Duration;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use grid_core::error::{Failure, Kind, Place};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{cli::chain, layers::RequestId};

/// The media type of every refusal.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A refusal.
#[derive(Clone, Debug)]
pub struct Problem(Box<Content>);

#[derive(Clone, Debug)]
struct Content {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
    hint: Option<String>,
    places: Vec<Place>,
    retry_after: Option<Duration>,
    challenge: Option<HeaderValue>,
    /// The code of RFC 6749, for token routes.
    error: Option<&'static str>,
    /// Whether the answer goes to a client that knows RFC 6749 alone.
    plain: bool,
    /// Whether what was asked for may have been done.
    uncertain: bool,
}

/// The sorts of refusal: code, status, title, and what the page of the code says.
pub const CODES: [(&str, StatusCode, &str, &str); 18] = [
    (
        "malformed",
        StatusCode::BAD_REQUEST,
        "Malformed request",
        "The request could not be read: its JSON, its path or its form is broken. `errors` says where.",
    ),
    (
        "invalid",
        StatusCode::UNPROCESSABLE_ENTITY,
        "Invalid input",
        "The request could be read, and something in it breaks a rule. `errors` names the field, or the line and the column, what was expected and what came. Nothing was stored.",
    ),
    (
        "unauthenticated",
        StatusCode::UNAUTHORIZED,
        "Not authenticated",
        "The request has no access token, or one that cannot be believed. Log in at `/api/v1/auth/login` and send `Authorization: Bearer <access_token>`.",
    ),
    (
        "second-factor",
        StatusCode::UNAUTHORIZED,
        "Second factor needed",
        "Name and password are right, and the account has a second factor: log in again with `totp`, a code of six digits from the authenticator or a recovery code.",
    ),
    (
        "forbidden",
        StatusCode::FORBIDDEN,
        "Forbidden",
        "The caller is known and may not do this; another role is needed.",
    ),
    (
        "not-found",
        StatusCode::NOT_FOUND,
        "Not found",
        "There is no such thing, or it belongs to somebody else: the two are not told apart.",
    ),
    (
        "method-not-allowed",
        StatusCode::METHOD_NOT_ALLOWED,
        "Method not allowed",
        "The path exists, with other methods: the `Allow` header lists them.",
    ),
    (
        "not-acceptable",
        StatusCode::NOT_ACCEPTABLE,
        "Not acceptable",
        "The answer cannot be given in the media type that was asked for.",
    ),
    ("timeout", StatusCode::REQUEST_TIMEOUT, "Request timed out", "The request did not arrive in time."),
    (
        "conflict",
        StatusCode::CONFLICT,
        "Conflict",
        "The request contradicts what is stored: a name that is taken, a reading that overlaps another, more than one user or one community may keep, or an `Idempotency-Key` that was used already. `detail` says which; this request stored nothing.",
    ),
    (
        "stale",
        StatusCode::PRECONDITION_FAILED,
        "Out of date",
        "The caller's copy has been changed by somebody else; read it again.",
    ),
    (
        "too-large",
        StatusCode::PAYLOAD_TOO_LARGE,
        "Too large",
        "The body, or what was asked for, is larger than the limit.",
    ),
    (
        "unsupported-media-type",
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "Unsupported media type",
        "The body has a `Content-Type` that this path does not read, or a `Content-Encoding`, which none does: send it as it is.",
    ),
    (
        "limited",
        StatusCode::TOO_MANY_REQUESTS,
        "Too many requests",
        "The caller asks too often; `Retry-After` says when to ask again.",
    ),
    (
        "headers-too-large",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        "Headers too large",
        "The request's headers are larger than the limit.",
    ),
    (
        "internal",
        StatusCode::INTERNAL_SERVER_ERROR,
        "Internal error",
        "A fault of GRID's own. Its text is in the server's log, under the request id that `instance` gives.",
    ),
    (
        "unavailable",
        StatusCode::SERVICE_UNAVAILABLE,
        "Unavailable",
        "Something that is needed cannot be reached now, or is too slow, or the server is starting, stopping or full; `Retry-After` says when to ask again. Nothing was stored, unless `detail` says otherwise.",
    ),
    (
        "too-slow",
        StatusCode::GATEWAY_TIMEOUT,
        "Took too long",
        "The request was given up after the time limit of the server. Where it was to change something, it may have done so: look with GET.",
    ),
];

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.detail)
    }
}

impl std::error::Error for Problem {}

/// What a client reads. `type` is a stable page, `instance` the request's id.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Body {
    /// A stable page about this sort of refusal.
    #[schema(example = "/docs/errors/invalid")]
    r#type: String,
    /// The sort of refusal.
    #[schema(example = "Invalid input")]
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 422)]
    status: u16,
    /// What is wrong with this request.
    detail: String,
    /// The same as `detail`, where clients of the old system look for it.
    message: String,
    /// The request's id, for a question about it.
    #[schema(example = "urn:uuid:0199c2a0-7a5b-7cc1-a5c6-0a52b3f7e3c1")]
    instance: String,
    /// What can be done about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// Where in the input the faults lie.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Fault>)]
    errors: Vec<Place>,
    /// On token routes: the code of RFC 6749, section 5.2.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "invalid_grant")]
    error: Option<&'static str>,
    /// On token routes: the same as `detail`, in the characters that RFC 6749 allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_description: Option<String>,
}

/// One fault of the input, for the API's description.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the core's `Place`, which knows nothing of OpenAPI")]
pub(crate) struct Fault {
    /// JSON pointer or column header of the faulty value.
    pointer: Option<String>,
    /// Line, counted from 1.
    line: Option<u64>,
    /// Column (field) of the line, counted from 1.
    column: Option<u64>,
    /// What was expected.
    expected: String,
    /// What was found.
    got: String,
}

impl Problem {
    /// A refusal with the status' own code and title.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let (code, _, title, _) = CODES.into_iter().find(|(_, listed, _, _)| *listed == status).unwrap_or(
            if status.is_server_error() {
                ("internal", status, "Internal error", "")
            } else {
                ("malformed", status, "Malformed request", "")
            },
        );
        Self(Box::new(Content {
            status,
            code,
            title,
            detail: detail.into(),
            hint: None,
            places: Vec::new(),
            retry_after: None,
            challenge: None,
            error: None,
            plain: false,
            uncertain: false,
        }))
    }

    /// The password is right, and a code of the second factor is missing.
    pub(crate) fn second_factor() -> Self {
        let mut problem = Self::new(
            StatusCode::UNAUTHORIZED,
            "name and password are right; this account also needs a code of its second factor",
        )
        .hint("log in again with `totp`, a code from the authenticator, or a recovery code")
        .challenge(HeaderValue::from_static("Bearer realm=\"grid\""));
        (problem.0.code, problem.0.title) = ("second-factor", "Second factor needed");
        problem.0.error = Some("mfa_required");
        problem
    }

    /// Somebody asks too often.
    pub(crate) fn limited(detail: impl Into<String>, retry_after: Duration) -> Self {
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, detail);
        problem.0.retry_after = Some(retry_after);
        problem
    }

    /// Names the code of RFC 6749 section 5.2, where the status does not tell it.
    #[must_use]
    pub(crate) fn error(mut self, code: &'static str) -> Self {
        self.0.error = Some(code);
        self
    }

    /// The same refusal for a client of OAuth 2.0; `plain` for one that sent a form, which knows nothing else.
    #[must_use]
    pub(crate) fn into_oauth(mut self, plain: bool) -> Self {
        let status = self.0.status;
        self.0.error = self.0.error.or(Some(match status {
            StatusCode::UNAUTHORIZED => "invalid_grant",
            StatusCode::FORBIDDEN => "unauthorized_client",
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                "temporarily_unavailable"
            }
            status if status.is_server_error() => "server_error",
            _ => "invalid_request",
        }));
        self.0.plain = plain;
        // RFC 6749, section 5.2: 400 for all but a client that cannot log in.
        if plain && matches!(status, StatusCode::UNAUTHORIZED | StatusCode::UNPROCESSABLE_ENTITY) {
            self.0.status = StatusCode::BAD_REQUEST;
            self.0.challenge = None;
        }
        self
    }

    /// A fault of the server's own; the text goes to the log, not to the client.
    pub fn internal(text: &str) -> Self {
        tracing::error!(error = text, "internal error");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
    }

    /// Something is not there yet, or not now.
    pub fn unavailable(detail: impl Into<String>, retry_after: Duration) -> Self {
        let mut problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, detail);
        problem.0.retry_after = Some(retry_after);
        problem
    }

    /// Says when to ask again.
    #[must_use]
    pub(crate) fn retry_after(mut self, after: Duration) -> Self {
        self.0.retry_after = Some(after);
        self
    }

    /// Says that something was done before this went wrong.
    #[must_use]
    pub(crate) fn after_all(mut self) -> Self {
        self.0.uncertain = true;
        self.0.detail.push_str("; what was asked for was done before that: look at it before you ask again");
        self
    }

    /// Whether what was asked for may have been done.
    pub(crate) const fn may_have_happened(&self) -> bool {
        self.0.uncertain
    }

    /// Adds what can be done about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds where a fault lies.
    #[must_use]
    pub fn place(mut self, place: Place) -> Self {
        self.0.places.push(place);
        self
    }

    /// Adds the challenge that a 401 must carry (RFC 6750, section 3).
    #[must_use]
    pub fn challenge(mut self, challenge: HeaderValue) -> Self {
        self.0.challenge = Some(challenge);
        self
    }

    /// The HTTP status.
    pub const fn status(&self) -> StatusCode {
        self.0.status
    }

    fn body(&self, id: &RequestId) -> Body {
        Body {
            r#type: format!("/docs/errors/{}", self.0.code),
            title: self.0.title,
            status: self.0.status.as_u16(),
            detail: self.0.detail.clone(),
            message: self.0.detail.clone(),
            instance: id.urn(),
            hint: self.0.hint.clone(),
            errors: self.0.places.clone(),
            error: self.0.error,
            error_description: self.0.error.map(|_| plain_ascii(&self.0.detail)),
        }
    }

    fn write(&self, id: &RequestId, mut headers: HeaderMap) -> Response {
        headers.remove(header::CONTENT_LENGTH);
        let kind = if self.0.plain { "application/json" } else { MEDIA_TYPE };
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(after) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
        }
        if let Some(challenge) = &self.0.challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge.clone());
        }
        let text = serde_json::to_vec(&self.body(id)).unwrap_or_default();
        let mut response = (self.0.status, headers, text).into_response();
        response.extensions_mut().insert(Reason(self.0.code));
        response
    }
}

/// The status of each sort of refusal.
pub const fn status_of(kind: Kind) -> StatusCode {
    match kind {
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Stale => StatusCode::PRECONDITION_FAILED,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::Limited => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl<E: Failure + 'static> From<E> for Problem {
    fn from(error: E) -> Self {
        let kind = error.kind();
        let retry_after = error.retry_after();
        let uncertain = error.may_have_happened();
        let mut problem = match kind {
            Kind::Internal => Self::internal(&chain(&error)),
            Kind::Unavailable => {
                tracing::warn!(error = chain(&error), "unavailable");
                let after = retry_after.unwrap_or(Duration::from_secs(2));
                if uncertain {
                    let detail = "the database did not say how this ended: whether it was done is not known";
                    Self::unavailable(detail, after)
                        .hint("look with GET whether it was done before asking for it again")
                } else {
                    Self::unavailable("something that is needed cannot be reached now", after)
                }
            }
            Kind::Invalid
            | Kind::Unauthenticated
            | Kind::Forbidden
            | Kind::NotFound
            | Kind::Conflict
            | Kind::Stale
            | Kind::TooLarge
            | Kind::Limited => {
                let mut problem = Self::new(status_of(kind), error.to_string());
                problem.0.hint = error.hint();
                problem.0.places = error.places();
                problem.0.retry_after = retry_after;
                problem.0.challenge = (kind == Kind::Unauthenticated).then(|| challenge(&error.to_string()));
                problem
            }
        };
        problem.0.uncertain = uncertain;
        problem
    }
}

/// `WWW-Authenticate` for a token that was refused, with the reason.
fn challenge(reason: &str) -> HeaderValue {
    let safe = plain_ascii(reason);
    HeaderValue::from_str(&format!("Bearer error=\"invalid_token\", error_description=\"{safe}\""))
        .unwrap_or(HeaderValue::from_static("Bearer error=\"invalid_token\""))
}

/// A text in printable ASCII without quotes and backslashes (RFC 6749 section 5.2, RFC 6750 section 3).
fn plain_ascii(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '"' | '`' => '\'',
            '\\' => '/',
            c if c.is_ascii_graphic() || c == ' ' => c,
            _ => '?',
        })
        .collect()
}

/// The code of a refusal that is written, for the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reason(pub(crate) &'static str);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes problems, and turns refusals that libraries made into problems.
pub(crate) async fn finish<F>(request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let id = request.extensions().get::<RequestId>().cloned().unwrap_or_default();
    written(next(request).await, &id)
}

/// The answer to the request of an id, where it is a refusal as it is written.
pub(crate) fn written(mut response: Response, id: &RequestId) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = response.extensions_mut().remove::<Problem>();
    if problem.is_none() && is_own_answer(response.headers()) {
        return response;
    }
    let (parts, _) = response.into_parts();
    problem.unwrap_or_else(|| Problem::new(status, plain(status))).write(id, parts.headers)
}

/// Whether a handler answered a refusal with a JSON document of its own, as the readiness report is.
fn is_own_answer(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/"))
}

fn plain(status: StatusCode) -> &'static str {
    match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            "the path does not have this method; `Allow` lists those that it has"
        }
        StatusCode::NOT_FOUND => "there is no such path",
        StatusCode::PAYLOAD_TOO_LARGE => "the body is larger than the limit",
        status => status.canonical_reason().unwrap_or("the request was refused"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_page() {
        for kind in [
            Kind::Invalid,
            Kind::Unauthenticated,
            Kind::Forbidden,
            Kind::NotFound,
            Kind::Conflict,
            Kind::Stale,
            Kind::TooLarge,
            Kind::Limited,
            Kind::Unavailable,
            Kind::Internal,
        ] {
            assert!(CODES.iter().any(|(_, status, _, _)| *status == status_of(kind)), "{kind:?}");
        }
    }

    #[test]
    fn a_reason_cannot_break_out_of_its_header() {
        let header = challenge("got `a\"b\\c\r\nX: 1`ñ");
        assert_eq!(
            header.to_str().unwrap(),
            "Bearer error=\"invalid_token\", error_description=\"got 'a'b/c??X: 1'?\""
        );
    }
}
