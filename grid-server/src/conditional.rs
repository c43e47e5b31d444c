//! Conditional requests: what a client has already is not sent again, and what it has not seen is not overwritten.
//!
//! Every answer that fits into memory gets a tag made from its bytes ([RFC 9110], sections 8.8.3 and 13). The tag is weak,
//! because the same answer may come compressed or not. A handler that knows a cheaper one has set it already.
//!
//! [RFC 9110]: https://www.rfc-editor.org/rfc/rfc9110

use axum::{
    body::{Body, HttpBody, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use grid_core::proof::Digest;
use serde::Serialize;

use crate::problem::Problem;

/// The largest answer that is tagged, in which a page of readings has room; a longer one is mostly asked for once.
const MOST: u64 = 4 << 20;

/// The layer that tags answers, and compares tags with what a client says that it has.
pub(crate) async fn compare(request: Request, next: Next) -> Response {
    let changes = [Method::PUT, Method::PATCH, Method::DELETE].contains(request.method());
    let is_conditional =
        [header::IF_MATCH, header::IF_NONE_MATCH].iter().any(|name| request.headers().contains_key(name));
    if changes && is_conditional {
        let (look, ask) = (look_at(&request), look_at(&request));
        let (method, wanted) = (request.method().clone(), request.headers().clone());
        let refusal = unseen(tagged(next.clone().run(look).await).await, &wanted);
        if let Some(refusal) = refusal
            && is_taken(&method, ask, next.clone()).await
        {
            return refusal;
        }
        return next.run(request).await;
    }
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let wanted = request.headers().get(header::IF_NONE_MATCH).is_some().then(|| request.headers().clone());
    let mut response = tagged(next.run(request).await).await;
    let tag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
    if response.status() == StatusCode::OK
        && let (Some(headers), Some(tag)) = (wanted, tag)
        && is_known(&headers, tag)
    {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_DISPOSITION] {
            response.headers_mut().remove(name);
        }
    }
    response
}

/// The request that reads what `request` would change.
fn look_at(request: &Request) -> Request {
    let mut look = Request::new(Body::empty());
    *look.uri_mut() = request.uri().clone();
    *look.headers_mut() = request.headers().clone();
    let of_the_change = [
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        header::RANGE,
        header::CONTENT_TYPE,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
    ];
    for name in of_the_change {
        look.headers_mut().remove(name);
    }
    *look.extensions_mut() = request.extensions().clone();
    look
}

/// Whether there is this method under the path that `ask` is for. Where there is not, that is what a client is told,
/// whatever else it says.
async fn is_taken(method: &Method, mut ask: Request, next: Next) -> bool {
    // A method that no route has: the refusal lists those that there are.
    *ask.method_mut() = Method::TRACE;
    let answer = next.run(ask).await;
    let allowed = answer.headers().get(header::ALLOW).and_then(|allowed| allowed.to_str().ok());
    allowed.is_none_or(|allowed| allowed.split(',').any(|one| one.trim() == method.as_str()))
}

/// Why a change may not be made: what is there is not what the client has seen (`If-Match`), or is what it does not want to
/// change (`If-None-Match`).
fn unseen(there: Response, wanted: &HeaderMap) -> Option<Response> {
    let names_one = wanted.contains_key(header::IF_MATCH);
    match there.status() {
        StatusCode::OK => {}
        _ if !names_one => return None,
        // There is nothing to look at under this path: the change cannot be conditional.
        StatusCode::METHOD_NOT_ALLOWED => {
            let text = "`If-Match` is for what can be read under the same path";
            return Some(Problem::new(StatusCode::PRECONDITION_FAILED, text).into_response());
        }
        _ => return Some(there),
    }
    let tag = there.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default();
    let refusal = if names_one && !matches(wanted, header::IF_MATCH, tag) {
        stale()
    } else if is_known(wanted, tag) {
        let text = "what is there now is what `If-None-Match` excludes; nothing was changed";
        Problem::new(StatusCode::PRECONDITION_FAILED, text)
    } else {
        return None;
    };
    let mut refusal = refusal.into_response();
    if let Ok(tag) = HeaderValue::from_str(tag) {
        refusal.headers_mut().insert(header::ETAG, tag);
    }
    Some(refusal)
}

/// Checks in a handler, where nothing can come between, that what it is about to change is what `If-Match` names.
pub(crate) fn require(headers: &HeaderMap, there: &impl Serialize) -> Result<(), Problem> {
    if !headers.contains_key(header::IF_MATCH) {
        return Ok(());
    }
    let bytes = serde_json::to_vec(there).map_err(|error| Problem::internal(&error.to_string()))?;
    if matches(headers, header::IF_MATCH, &tag(&bytes)) { Ok(()) } else { Err(stale()) }
}

fn stale() -> Problem {
    let text = "what is there now is not what `If-Match` names; nothing was changed";
    Problem::new(StatusCode::PRECONDITION_FAILED, text)
        .hint("read it again, look at what changed, and send the change with its `ETag`")
}

/// An answer with its tag.
async fn tagged(response: Response) -> Response {
    let exact = response.body().size_hint().exact();
    let headers = response.headers();
    let is_kept = headers
        .get(header::CACHE_CONTROL)
        .and_then(|value| value.to_str().ok())
        .is_none_or(|value| !value.contains("no-store"));
    let is_tagged = response.status() == StatusCode::OK
        && is_kept
        && !headers.contains_key(header::ETAG)
        && exact.is_some_and(|bytes| (1..=MOST).contains(&bytes));
    if !is_tagged {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let most = usize::try_from(MOST).unwrap_or(usize::MAX);
    let Ok(bytes) = to_bytes(body, most).await else {
        return Problem::internal("an answer in memory could not be read").into_response();
    };
    if let Ok(tag) = HeaderValue::from_str(&tag(&bytes)) {
        parts.headers.insert(header::ETAG, tag);
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// The weak tag of some bytes.
fn tag(bytes: &[u8]) -> String {
    format!("W/\"{:.32}\"", Digest::of(bytes))
}

/// Whether a client has the answer of a tag (`If-None-Match`).
pub(crate) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    matches(headers, header::IF_NONE_MATCH, tag)
}

/// Whether a header names a tag, compared weakly (RFC 9110, section 8.8.3.2). `If-Match` ought to compare strongly, which a
/// weak tag never passes; what is compared here are the bytes themselves before they are compressed, so nothing is lost.
fn matches(headers: &HeaderMap, name: header::HeaderName, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let wanted = opaque(tag);
    let sent = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    sent.flat_map(|value| value.split(',')).any(|one| one.trim() == "*" || opaque(one) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &header::HeaderName, values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_tag_is_found_among_several_weak_or_strong_and_under_a_star() {
        let known = |values: &[&'static str]| is_known(&headers(&header::IF_NONE_MATCH, values), "W/\"a\"");
        assert!(known(&["W/\"a\""]) && known(&["\"a\""]) && known(&["*"]));
        assert!(known(&["\"b\", W/\"a\""]) && known(&["\"b\"", "\"a\""]));
        assert!(!known(&["\"b\""]) && !known(&["a"]) && !known(&[]));
    }

    #[tokio::test]
    async fn what_is_not_to_be_stored_or_is_no_success_has_no_tag() {
        let plain = tagged("text".into_response()).await;
        assert!(plain.headers()[header::ETAG].to_str().unwrap().starts_with("W/\""));
        for response in [
            ([(header::CACHE_CONTROL, "no-store")], "text").into_response(),
            (StatusCode::CREATED, "text").into_response(),
            "".into_response(),
            Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>("text")])).into_response(),
        ] {
            assert!(!tagged(response).await.headers().contains_key(header::ETAG));
        }
        let own = tagged(([(header::ETAG, "\"own\"")], "text").into_response()).await;
        assert_eq!(own.headers()[header::ETAG], "\"own\"");
    }
}
