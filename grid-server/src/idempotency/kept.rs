//! An answer as bytes, to be kept, and from them again: a line for each header, an empty line, and the body.

use axum::{
    body::{Body, HttpBody, to_bytes},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};

/// The largest body that is kept.
pub(super) const LARGEST: usize = 256 << 10;

/// The headers that belong to the answer itself; all others are made anew by the layers.
const HEADERS: [HeaderName; 4] =
    [header::CONTENT_TYPE, header::LOCATION, header::ETAG, header::CACHE_CONTROL];

/// What is to be kept of an answer, and the answer again; nothing of one that is too large, or not there as a whole.
pub(super) async fn to_keep(response: Response) -> (Option<Vec<u8>>, Response) {
    let size = response.body().size_hint().exact().and_then(|size| usize::try_from(size).ok());
    if size.is_none_or(|size| size > LARGEST) {
        return (None, response);
    }
    let (parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return (None, Response::from_parts(parts, Body::empty()));
    };
    let mut kept = Vec::with_capacity(body.len() + 256);
    for name in &HEADERS {
        for value in parts.headers.get_all(name) {
            kept.extend(name.as_str().as_bytes());
            kept.push(b':');
            // No value of a header has the end of a line in it.
            kept.extend(value.as_bytes());
            kept.push(b'\n');
        }
    }
    kept.push(b'\n');
    kept.extend(&body);
    (Some(kept), Response::from_parts(parts, Body::from(body)))
}

/// An answer that was kept.
pub(super) fn from_kept(status: u16, mut kept: &[u8]) -> Option<Response> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    loop {
        let end = kept.iter().position(|byte| *byte == b'\n')?;
        let (line, rest) = kept.split_at_checked(end)?;
        kept = rest.get(1..)?;
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at_checked(colon)?;
        let name = HeaderName::from_bytes(name).ok()?;
        response.headers_mut().append(name, HeaderValue::from_bytes(value.get(1..)?).ok()?);
    }
    *response.body_mut() = Body::from(kept.to_vec());
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_comes_back_as_it_was_with_the_headers_that_are_its_own() {
        let answer = Response::builder()
            .status(201)
            .header("content-type", "application/json")
            .header("location", "/api/v1/devices/1")
            .header("x-request-id", "1")
            .body(Body::from("{\n\n}"))
            .unwrap();
        let (kept, answer) = to_keep(answer).await;
        assert_eq!(to_bytes(answer.into_body(), LARGEST).await.unwrap(), "{\n\n}");
        let again = from_kept(201, &kept.unwrap()).unwrap();
        assert_eq!(again.status(), StatusCode::CREATED);
        assert_eq!(again.headers().len(), 2);
        assert_eq!(again.headers()["location"], "/api/v1/devices/1");
        assert_eq!(to_bytes(again.into_body(), LARGEST).await.unwrap(), "{\n\n}");
    }

    #[tokio::test]
    async fn what_is_too_large_is_given_and_not_kept() {
        let large = vec![b'a'; LARGEST + 1];
        let (kept, answer) = to_keep(Response::new(Body::from(large.clone()))).await;
        assert_eq!(kept, None);
        assert_eq!(to_bytes(answer.into_body(), usize::MAX).await.unwrap(), large);
    }
}
