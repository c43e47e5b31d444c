//! Keeping a login alive, seeing where one is logged in, and ending it.

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use grid_core::{
    auth::{self, Ended, RefreshToken, Refreshed, Revocation, Revoked, Session, new_token_id},
    store,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::login::{self, RefreshIn, Tokens};
use crate::{
    app::App,
    browser::{self, BrowserToken},
    caller::{Caller, not_found},
    clock,
    extract::{Json, Path, Query},
    oauth::Parameters,
    origin::Origin,
    page::{Listed, NamedQuery},
    problem::Problem,
    services::Services,
    trail::Deed,
};

/// A refresh token, as JSON or as the form of OAuth 2.0 (RFC 6749 section 6). A browser that keeps it in its cookie sends
/// nothing.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct Refresh {
    /// The refresh token that the last answer gave.
    #[serde(rename = "refresh_token")]
    token: Option<String>,
    /// `refresh_token`, or nothing.
    #[schema(example = "refresh_token")]
    grant_type: Option<String>,
    /// What the access token should allow at most; all that the session may where nothing is said.
    #[schema(example = "read")]
    scope: Option<String>,
}

/// Gives the next pair of tokens for a refresh token, which is good once.
///
/// A client that never got the answer may ask again with the same token, within 60 seconds and as long as the token that
/// it did not get has not been used. Any other use of an old token ends the session: somebody else has it.
#[utoipa::path(post, path = "/auth/refresh", tag = "auth",
    request_body(content(
        (Option<Refresh> = "application/json"),
        (Option<Refresh> = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, description = "The next pair", body = Tokens),
        (status = 400, description = "To a form: the token is not good any more (`invalid_grant`), or not what was expected", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 401, description = "To JSON: the token is not good any more: log in again", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 403, description = "The cookie came with a request of another site", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn refresh(
    State(app): State<App>,
    origin: Origin,
    cookie: BrowserToken,
    Parameters(body): Parameters<Refresh>,
) -> Result<Response, Problem> {
    if let Some(other) = body.grant_type.as_deref().filter(|grant| *grant != "refresh_token") {
        let detail =
            format!("expected the grant type `refresh_token`, got `{}`", grid_core::error::excerpt(other));
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail).error("unsupported_grant_type"));
    }
    let (text, place) = match (body.token, cookie.0) {
        (Some(text), _) => (text, RefreshIn::Body),
        (None, Some(text)) => (text, RefreshIn::Cookie),
        (None, None) => {
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "expected a refresh token, got none")
                .hint("send `refresh_token`, or log in with `\"refresh_in\": \"cookie\"` from a browser"));
        }
    };
    // A scope that cannot be is refused before the token is used up.
    let asked = body.scope.as_deref().map(login::scopes_of).transpose()?;
    // Rubbish is refused before the database is asked.
    let presented = RefreshToken::parse(&text)?;
    let services = app.services()?;
    let refreshed = turn(&app, services, &presented).await;
    let (session, next) = match refreshed {
        Ok(refreshed) => refreshed,
        Err(refused) => {
            if let Some(session) = refused.replayed {
                let deed = Deed::new("session.replay", session.user_id, "").to(session.id);
                deed.refused("refresh_replayed").with(presented.hash()).record(services, &origin).await?;
            }
            return Err(refused.problem);
        }
    };
    let user = services.store().user(session.user_id).await?.filter(|user| user.disabled_at().is_none());
    let user = user.ok_or(auth::Error::SessionOver)?;
    let mut scopes = session.scopes.and(&login::allowed(&user));
    if let Some(asked) = asked {
        scopes = scopes.and(&asked);
    }
    if scopes.is_empty() {
        return Err(login::nothing_allowed());
    }
    let access = session.chain.access_token;
    let tokens = login::issue(services, &user, session.id, access, scopes, session.used_at)?;
    Ok(login::hand_out(&app, tokens, &next, place))
}

/// Why a refresh was refused, and the session that ended by it.
struct Refusal {
    problem: Problem,
    replayed: Option<Session>,
}

impl<E: Into<Problem>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self { problem: error.into(), replayed: None }
    }
}

/// Turns the chain of a session one step on, in the store.
async fn turn(
    app: &App,
    services: &Services,
    presented: &RefreshToken,
) -> Result<(Session, RefreshToken), Refusal> {
    let now = clock::now();
    let (next, access) = (presented.next()?, new_token_id(now)?);
    let limits = app.config().session_limits();
    let until = services.last_token(now);
    let turned = services
        .store()
        .update_session_revoking(presented.session_id(), |before: &Session| {
            let (after, outcome) = before.refresh(presented, &next, access, limits, now);
            let what = match outcome {
                Ok(Refreshed::Again { lost }) => Some(Revoked::Token(lost)),
                Err(auth::Error::RefreshReplayed) => Some(Revoked::Session(before.id)),
                _ => None,
            };
            let revocation = what.map(|what| Revocation { what, at: now, until });
            (after.clone(), revocation, (after, outcome, revocation))
        })
        .await?;
    let (session, outcome, revocation) = turned.ok_or(auth::Error::RefreshUnknown)?;
    services.revoked(revocation);
    match outcome {
        Ok(_) => Ok((session, next)),
        Err(error) => {
            let replayed = matches!(error, auth::Error::RefreshReplayed).then_some(session);
            Err(Refusal { problem: error.into(), replayed })
        }
    }
}

/// A session of the caller.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnSession {
    id: Uuid,
    /// The program that logged in.
    #[schema(example = "notebook")]
    client_id: String,
    /// The address that it logged in from.
    #[schema(example = "192.0.2.7")]
    address: String,
    /// What the program said of itself.
    #[schema(example = "curl/8.5.0")]
    user_agent: String,
    /// What its tokens allow at most.
    #[schema(example = "read write")]
    scope: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last refreshed.
    #[schema(value_type = String, format = DateTime)]
    used_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Whether it is the one that asks.
    current: bool,
}

/// Lists the caller's sessions: where they are logged in.
#[utoipa::path(get, path = "/auth/sessions", tag = "auth", operation_id = "sessions_list", security(("bearerAuth" = [])), params(NamedQuery), responses(
    (status = 200, description = "The sessions that last, the oldest first", body = Listed<OwnSession>),
))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<NamedQuery>,
) -> Result<Json<Listed<OwnSession>>, Problem> {
    let current = caller.session_id();
    let sessions = app.services()?.store().sessions_of(caller.id, clock::now()).await?;
    let items = sessions
        .into_iter()
        .map(|session| OwnSession {
            id: session.id,
            client_id: session.client_id,
            address: session.address,
            user_agent: session.user_agent,
            scope: session.scopes.to_string(),
            created_at: session.created_at,
            used_at: session.used_at,
            expires_at: session.expires_at,
            current: current == Some(session.id),
        })
        .collect();
    Ok(Json(page.of(items, |session: &OwnSession| session.id.to_string())?))
}

/// Ends one of the caller's sessions.
#[utoipa::path(delete, path = "/auth/sessions/{id}", tag = "auth", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path, description = "The session")),
    responses((status = 204, description = "Ended: its tokens are refused from now on")))]
pub(crate) async fn end(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let services = app.services()?;
    let session = services.store().session(id).await?.filter(|session| session.user_id == caller.id);
    let session = session.ok_or_else(|| not_found("session", id))?;
    finish(services, &session, Ended::Revoked).await?;
    let deed = Deed::new("session.end", caller.id, &caller.username).to(id);
    deed.record(services, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn finish(services: &Services, session: &Session, why: Ended) -> Result<(), Problem> {
    let now = clock::now();
    let ended = services.store().end_session(session.id, why, now, services.last_token(now)).await?;
    services.revoked(ended);
    Ok(())
}

/// Ends the session of an access token, of a refresh token in the body, or of a browser's cookie.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", security(("bearerAuth" = []), ()),
    request_body(content(
        (Option<Refresh> = "application/json"),
        (Option<Refresh> = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 204, description = "Logged out: the tokens of the session are refused from now on"),
        (status = 409, description = "The token belongs to no session: another service signed it", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn log_out(
    State(app): State<App>,
    caller: Result<Caller, Problem>,
    origin: Origin,
    cookie: BrowserToken,
    Parameters(body): Parameters<Refresh>,
) -> Result<Response, Problem> {
    let services = app.services()?;
    let session = match (body.token.or(cookie.0), caller) {
        (Some(text), _) => {
            let presented = RefreshToken::parse(&text)?;
            of_token(services, &presented).await?.ok_or(auth::Error::RefreshUnknown)?
        }
        (None, caller) => {
            let caller = caller?;
            let id = caller.session_id().ok_or_else(|| {
                Problem::new(StatusCode::CONFLICT, "this token belongs to no session that could be ended")
                    .hint("it ends by itself when it expires; `/api/v1/auth/revoke` ends it now")
            })?;
            services.store().session(id).await?.ok_or(auth::Error::SessionOver)?
        }
    };
    finish(services, &session, Ended::LoggedOut).await?;
    Deed::new("logout", session.user_id, "").to(session.id).record(services, &origin).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, browser::forget())]).into_response())
}

/// The session of a refresh token, whichever of its tokens that is.
pub(super) async fn of_token(
    services: &Services,
    presented: &RefreshToken,
) -> Result<Option<Session>, store::Error> {
    let session = services.store().session(presented.session_id()).await?;
    Ok(session.filter(|session| session.chain.family == presented.family_hash()))
}

/// Ends all sessions of the caller, the one that asks among them.
#[utoipa::path(post, path = "/auth/logout-all", tag = "auth", security(("bearerAuth" = [])), responses(
    (status = 204, description = "Logged out everywhere"),
))]
pub(crate) async fn log_out_everywhere(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
) -> Result<(StatusCode, [(header::HeaderName, HeaderValue); 1]), Problem> {
    let services = app.services()?;
    let now = clock::now();
    let ended = services.store().end_sessions_of(caller.id, None, now, services.last_token(now)).await?;
    services.revoked(ended);
    // Tokens of other services that belong to no session.
    let what = Revoked::User(caller.id);
    services.revoke(Revocation { what, at: now, until: services.last_token(now) }).await?;
    let deed = Deed::new("logout.all", caller.id, &caller.username).to(caller.id);
    deed.record(services, &origin).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, browser::forget())]))
}
