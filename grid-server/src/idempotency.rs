//! `Idempotency-Key`: a request that is sent again is not run again.
//!
//! A client that does not learn how its request ended sends it once more under the same key. The first one claims the key
//! in the database, which all servers share, runs to its end even where its client has gone, and leaves its answer there,
//! sealed; whoever comes later is given that answer, or told to wait, or told that nobody knows. Nothing runs twice: where
//! it is not certain that nothing happened, the claim is not given back.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{FromRequestParts, MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::future::Either;
use grid_core::{
    auth::{Fingerprint, IdempotencyKey, SealingKey},
    store::{Budget, Claim, KeptAnswer, Store},
};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::oneshot;
use tracing::Instrument;
use uuid::Uuid;

use self::{
    kept::{from_kept, to_keep},
    watched::{Watch, watched},
};
use crate::{
    admission::Place,
    app::App,
    caller::Caller,
    clock,
    layers::RequestId,
    origin::Origin,
    problem::{self, Problem},
    routes::auth::count_guess,
};

mod kept;
mod watched;

/// The header that names a request.
pub(crate) const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer that was given before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// How much longer than its time limit a request is believed to be running.
const GRACE: Duration = Duration::from_mins(1);
/// How many keys of one user are remembered at the same time: one every four seconds of the day for which they usually are.
const MOST_OF_ONE: u64 = 20_000;
/// How long it is tried to write down how a request ended, where the database does not take it at once.
const SETTLES: Duration = Duration::from_mins(2);
/// How long an answer waits for that where the database has just not answered: it takes a few milliseconds where it is there.
const SHORTLY: Duration = Duration::from_millis(100);

/// The routes that take a key, which are those that make something, and whether they take files. What manages logins is not
/// among them, nor what only calculates.
pub(crate) const ROUTES: [(&str, Size); 27] = [
    ("/api/v1/auth/api-keys", Size::Small),
    ("/api/v1/auth/register", Size::Small),
    ("/api/v1/auth/setup", Size::Small),
    ("/api/v1/battery/load", Size::File),
    ("/api/v1/battery/recordings", Size::File),
    ("/api/v1/battery/status", Size::Small),
    ("/api/v1/communities", Size::Small),
    ("/api/v1/communities/{id}/contracts", Size::Small),
    ("/api/v1/communities/{id}/devices", Size::Small),
    ("/api/v1/communities/{id}/keys", Size::Small),
    ("/api/v1/communities/{id}/keys/coefficients.txt", Size::File),
    ("/api/v1/communities/{id}/members", Size::Small),
    ("/api/v1/communities/{id}/prices", Size::Small),
    ("/api/v1/communities/{id}/readings", Size::File),
    ("/api/v1/communities/{id}/settlements", Size::Small),
    ("/api/v1/communities/{id}/tariffs", Size::Small),
    ("/api/v1/consumption_generation/register-entries", Size::Small),
    ("/api/v1/consumption_generation/register-entry", Size::Small),
    ("/api/v1/devices", Size::Small),
    ("/api/v1/devices/{id}/readings", Size::File),
    ("/api/v1/devices/{id}/registers", Size::Small),
    ("/api/v1/devices/{id}/substitutions", Size::Small),
    ("/api/v1/forecasts", Size::Small),
    ("/api/v1/users", Size::Small),
    ("/battery/load", Size::File),
    ("/battery/status", Size::Small),
    ("/register-entry", Size::Small),
];

/// Those of them that ask for no caller: a key belongs to the network there that it comes from.
const ANYBODYS: [&str; 2] = ["/api/v1/auth/register", "/api/v1/auth/setup"];

/// Whether a route takes a key.
pub(crate) fn takes_a_key(route: &str) -> bool {
    ROUTES.iter().any(|(path, _)| *path == route)
}

/// How large a body a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// That of any request.
    Small,
    /// That of a file.
    File,
}

/// Runs a request once, where it has a key and its route takes one.
pub(crate) async fn once(app: App, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let size = route.and_then(|route| ROUTES.iter().find(|(path, _)| *path == route));
    let is_named = request.method() == Method::POST && request.headers().contains_key(KEY);
    match size {
        Some((path, size)) if is_named => {
            let anybodys = ANYBODYS.contains(path);
            to_the_end(keyed(app, *size, anybodys, request, next)).await
        }
        _ => next.run(request).await,
    }
}

/// Works on a request in a task of its own, which goes on where the client does not wait: dropped on the way, it would leave
/// a claim of which nobody knows.
async fn to_the_end(work: impl Future<Output = Result<Response, Problem>> + Send + 'static) -> Response {
    // It has the time of its request there too.
    let work = match Budget::current() {
        Some(budget) => Either::Left(budget.limit(work)),
        None => Either::Right(work),
    };
    match tokio::spawn(work.in_current_span()).await {
        Ok(answer) => answer.unwrap_or_else(Problem::into_response),
        // As in any other handler.
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Problem::unavailable("the server is stopping", Duration::from_secs(1)).into_response(),
    }
}

/// One request with a key.
#[derive(Clone)]
struct Named {
    store: Store,
    hash: [u8; 32],
    sealing_key: SealingKey,
    /// Whether a refusal is kept, too. Where anybody may ask, it is not: each would be a row.
    keeps_refusals: bool,
}

async fn keyed(
    app: App,
    size: Size,
    anybodys: bool,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = key_of(request.headers())?;
    let (mut parts, body) = request.into_parts();
    let Ok(origin) = Origin::from_request_parts(&mut parts, &app).await;
    let owner = if anybodys {
        origin.as_owner()
    } else if parts.headers.contains_key(header::AUTHORIZATION) {
        let caller = Caller::from_request_parts(&mut parts, &app).await?;
        let id = caller.id;
        // Asked once for the request, and not again by its handler.
        parts.extensions.insert(caller);
        id
    } else {
        // A nobody is told so by the route.
        return Ok(next.run(Request::from_parts(parts, body)).await);
    };
    let named = Named {
        hash: key.hash(owner, parts.method.as_str(), parts.uri.path()),
        sealing_key: key.sealing_key(owner)?,
        store: app.services()?.store().clone(),
        keeps_refusals: !anybodys,
    };
    let now = clock::now();
    let expires_at = now.checked_add(app.config().idempotency_time()).unwrap_or(Timestamp::MAX);
    let fingerprint = fingerprint_of(&parts);
    match named.store.claim_request(&named.hash, owner, expires_at, now, MOST_OF_ONE).await? {
        Claim::Run(claim) => Ok(run(named, claim, fingerprint, (parts, body), next).await),
        Claim::TooMany => {
            let text = format!(
                "{MOST_OF_ONE} keys of this user or network are remembered, which is as many as may be"
            );
            Err(Problem::limited(text, Duration::from_mins(10))
                .hint("send what is the same when it is sent again, as readings are, without a key"))
        }
        known => {
            if anybodys {
                // A body that is the same has the same password in it.
                count_guess(&app, &origin).await?;
            }
            let (most, time) = match size {
                Size::Small => (app.config().max_body(), app.config().request_time()),
                Size::File => (app.config().max_upload(), app.config().upload_time()),
            };
            // Read in any case, because a client that is still sending would not see the answer.
            let read = tokio::time::timeout(time, read(body, fingerprint, most)).await;
            let fingerprint = read.unwrap_or_else(|_| Err(crate::upload::too_late()))?;
            let longest = app.config().upload_time().saturating_add(GRACE);
            named.again(known, fingerprint, longest, now)
        }
    }
}

/// The key of a request, which has one.
fn key_of(headers: &HeaderMap) -> Result<IdempotencyKey, Problem> {
    let mut values = headers.get_all(KEY).iter();
    let key = values.next().and_then(|value| IdempotencyKey::parse(value.as_bytes()));
    key.filter(|_| values.next().is_none()).ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            format!(
                "expected one `Idempotency-Key` of 1 to {} printable ASCII characters",
                IdempotencyKey::LONGEST
            ),
        )
        .hint("a random UUID is a good key: `Idempotency-Key: \"8e03978e-40d5-43dd-bc93-6894a57f9324\"`")
    })
}

/// What a request is known by, up to its body. Method and path are part of the key's hash.
fn fingerprint_of(parts: &Parts) -> Fingerprint {
    let kind = parts.headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    // The boundary of a form is made up anew each time it is sent, and stands in the body as well: a form that is sent
    // again is the same where its bytes are.
    Fingerprint::new([parts.uri.query().unwrap_or_default(), &String::from_utf8_lossy(kind)])
}

/// Reads a body to its end and keeps nothing of it.
async fn read(mut body: Body, mut fingerprint: Fingerprint, most: usize) -> Result<[u8; 32], Problem> {
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "the body broke off before its end"))?;
        if let Some(piece) = frame.data_ref() {
            length = length.saturating_add(piece.len());
            if length > most {
                return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than the limit"));
            }
            fingerprint.update(piece);
        }
    }
    Ok(fingerprint.finish())
}

/// Runs a claimed request, and writes down how it ended.
async fn run(
    named: Named,
    claim: Uuid,
    fingerprint: Fingerprint,
    (parts, body): (Parts, Body),
    next: Next,
) -> Response {
    let id = parts.extensions.get::<RequestId>().cloned().unwrap_or_default();
    // The place among the requests that are worked on is held for as long as this is.
    let _place = parts.extensions.get::<Place>().cloned();
    let (body, watch) = watched(body, fingerprint);
    let response = next.run(Request::from_parts(parts, body)).await;
    let uncertain = response.extensions().get::<Problem>().is_some_and(Problem::may_have_happened);
    named.settle(claim, watch, uncertain, problem::written(response, &id)).await
}

/// How a request ended, as far as a repetition is concerned.
enum End {
    /// With this answer.
    Answered(KeptAnswer),
    /// Without having done anything: it may be tried again.
    Nothing,
    /// Nobody knows.
    Unknown,
}

impl Named {
    /// Writes down how a request ended, and gives its answer back.
    async fn settle(&self, claim: Uuid, watch: Watch, uncertain: bool, response: Response) -> Response {
        let status = response.status();
        let is_outcome = status.is_success() || self.keeps_refusals && is_kept(status);
        if !is_outcome {
            let nothing =
                !uncertain && (status.is_client_error() || status == StatusCode::SERVICE_UNAVAILABLE);
            let end = if nothing { End::Nothing } else { End::Unknown };
            if status == StatusCode::SERVICE_UNAVAILABLE {
                // Whoever is told that the database is gone is not to wait for it once more.
                let written = self.write_beside(claim, end);
                let _ = tokio::time::timeout(SHORTLY, written).await;
            } else {
                self.write(claim, end).await;
            }
            return response;
        }
        // A refusal may come before the body was read: it is then the same the next time, and costs nothing.
        let fingerprint = if status.is_success() { watch.rest().await } else { watch.whole() };
        let (end, response) = match fingerprint {
            None if status.is_success() => (End::Unknown, response),
            None => (End::Nothing, response),
            Some(fingerprint) => {
                let (answer, response) = to_keep(response).await;
                let sealed = answer.map(|answer| self.sealing_key.seal(&answer, &context(&self.hash)));
                match sealed.transpose() {
                    Ok(answer) => {
                        (End::Answered(KeptAnswer { fingerprint, status: status.as_u16(), answer }), response)
                    }
                    Err(_) => (End::Unknown, response),
                }
            }
        };
        self.write(claim, end).await;
        response
    }

    /// Writes down how a request ended. A database that does not take it is asked again, while the client has its answer.
    async fn write(&self, claim: Uuid, end: End) {
        if !self.try_write(claim, &end).await {
            drop(self.write_beside(claim, end));
        }
    }

    /// Writes down how a request ended in a task of its own, until the database takes it; gives word after the first time.
    fn write_beside(&self, claim: Uuid, end: End) -> oneshot::Receiver<()> {
        let (tell, tried) = oneshot::channel();
        let named = self.clone();
        tokio::spawn(async move {
            let until = tokio::time::Instant::now() + SETTLES;
            let mut pause = Duration::from_millis(500);
            let mut written = named.try_write(claim, &end).await;
            // Nobody may be waiting any more.
            let _ = tell.send(());
            while !written && tokio::time::Instant::now() < until {
                tokio::time::sleep(pause).await;
                written = named.try_write(claim, &end).await;
                pause = (pause * 2).min(Duration::from_secs(10));
            }
            if !written {
                tracing::warn!("how a request with an idempotency key ended could not be written down");
            }
        });
        tried
    }

    async fn try_write(&self, claim: Uuid, end: &End) -> bool {
        let written = match end {
            End::Answered(answer) => self.store.settle_request(&self.hash, claim, answer).await,
            End::Nothing => self.store.give_request_back(&self.hash, claim).await,
            End::Unknown => self.store.lose_request(&self.hash, claim).await,
        };
        written.is_ok()
    }

    /// Answers a request that was sent before.
    fn again(
        &self,
        known: Claim,
        fingerprint: [u8; 32],
        longest: Duration,
        now: Timestamp,
    ) -> Result<Response, Problem> {
        match known {
            Claim::Answered(kept) if kept.fingerprint != fingerprint => Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "this `Idempotency-Key` was used for another request: its query, its media type or its body was not the same",
            )
            .hint("send the same bytes again, or this request under a new key")),
            Claim::Answered(kept) => {
                let status = kept.status;
                let Some(sealed) = kept.answer else {
                    return Err(Problem::new(
                        StatusCode::CONFLICT,
                        format!("this request was answered {status} before, and the answer was too large to be kept"),
                    )
                    .hint("it was done and is not done again: look with GET"));
                };
                let answer = self.sealing_key.open(&sealed, &context(&self.hash))?;
                let mut response = from_kept(status, &answer)
                    .ok_or_else(|| Problem::internal("the kept answer to a request is none"))?;
                response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
                Ok(response)
            }
            Claim::Running { since } if now.duration_since(since) <= signed(longest) => Err(Problem::new(
                StatusCode::CONFLICT,
                "the first request under this `Idempotency-Key` is still running",
            )
            .hint("send it again later, under the same key")
            .retry_after(Duration::from_secs(1))),
            Claim::Running { .. } | Claim::Unknown | Claim::TooMany | Claim::Run(_) => Err(Problem::new(
                StatusCode::CONFLICT,
                "the outcome of the first request under this `Idempotency-Key` is not known",
            )
            .hint("look with GET whether it was done; if it was not, send it under a new key")),
        }
    }
}

/// Whether a refusal is the outcome of the request, and would be the same again: not one that depends on who asks, when, how
/// far the request came, or what else is stored.
fn is_kept(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::PRECONDITION_FAILED
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY
    )
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

/// What a sealed answer is bound to: it cannot be put in the place of another.
fn context(hash: &[u8; 32]) -> String {
    hash.iter().fold("answer ".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a caller may POST that makes nothing: it manages logins, or calculates from what is sent or stored.
    const MAKES_NOTHING: [&str; 11] = [
        "/api/v1/auth/introspect",
        "/api/v1/auth/logout",
        "/api/v1/auth/logout-all",
        "/api/v1/auth/password",
        "/api/v1/auth/totp",
        "/api/v1/communities/{id}/forecasts",
        "/api/v1/communities/{id}/reconcile",
        "/api/v1/forecasts/backtest",
        "/predict/com",
        "/predict_consumption",
        "/predict_consumption/{user_id}/{date}/{kind}",
    ];

    #[test]
    fn every_post_that_makes_something_takes_a_key() {
        let document = crate::openapi::document().unwrap();
        let mut taking = Vec::new();
        for (path, item) in &document.paths.paths {
            let Some(post) = &item.post else { continue };
            let has_key = post.parameters.iter().flatten().any(|parameter| {
                matches!(parameter, utoipa::openapi::RefOr::T(one) if one.name == "Idempotency-Key")
            });
            if has_key {
                taking.push(path.as_str());
            }
            let secured = post.security.as_ref().is_some_and(|needs| !needs.is_empty());
            let makes =
                (secured || ANYBODYS.contains(&path.as_str())) && !MAKES_NOTHING.contains(&path.as_str());
            assert_eq!(has_key, makes, "{path} makes something and takes no key, or the other way round");
        }
        let mut listed = ROUTES.map(|(path, _)| path);
        listed.sort_unstable();
        taking.sort_unstable();
        assert_eq!(taking, listed);
    }

    #[test]
    fn the_page_lists_the_routes_that_take_a_key() {
        let page =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/http-api.md")).unwrap();
        let section = page.split("## Sending a request again").nth(1).unwrap().split("\n## ").next().unwrap();
        let mut listed: Vec<&str> =
            section.lines().filter_map(|line| line.strip_prefix("- `POST ")).collect();
        let mut routes = ROUTES.map(|(path, _)| format!("{path}`"));
        routes.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, routes);
    }
}
