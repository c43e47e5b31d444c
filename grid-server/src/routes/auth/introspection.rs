//! What other services ask of a token: whether it is good (RFC 7662), and that it be so no more (RFC 7009).

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use grid_core::auth::{ApiKey, Ended, RefreshToken, Revocation, Revoked, Scopes, sha256};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::sessions;
use crate::{
    app::App,
    caller::{Caller, scopes_of_key},
    clock,
    extract::Json,
    oauth::Parameters,
    origin::Origin,
    problem::Problem,
    services::Services,
    trail::Deed,
};

/// A token that is asked about, as JSON or as a form.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Question {
    /// An access token, a refresh token or an API key.
    token: String,
    /// What the caller takes it for; the server sees for itself.
    #[serde(default, rename = "token_type_hint")]
    #[schema(example = "access_token")]
    _token_type_hint: Option<String>,
}

/// What a token is (RFC 7662 section 2.2). Of one that is not good, nothing but that is told.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct Answer {
    /// Whether the token is good now.
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "read write")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "kat")]
    username: Option<String>,
    /// `Bearer`, `refresh_token` or `api_key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Bearer")]
    token_type: Option<&'static str>,
    /// Seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    /// The user's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "grid-api")]
    aud: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "grid")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<Uuid>,
    /// The session that the token belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<Uuid>,
}

/// Says whether a token is good, to its own user and to services with the scope `introspect`.
#[utoipa::path(post, path = "/auth/introspect", tag = "auth", security(("bearerAuth" = [])),
    request_body(content(
        (Question = "application/json"),
        (Question = "application/x-www-form-urlencoded"),
    )),
    responses((status = 200, description = "What the token is", body = Answer)))]
pub(crate) async fn introspect(
    State(app): State<App>,
    caller: Caller,
    Parameters(question): Parameters<Question>,
) -> Result<Response, Problem> {
    let services = app.services()?;
    let answer = look_at(services, &question.token).await?.unwrap_or_default();
    // To others a token that is not theirs is one that is not good.
    let may_know = caller.scopes.allows(Scopes::INTROSPECT) || answer.sub == Some(caller.id);
    let answer = if may_know { answer } else { Answer::default() };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

async fn look_at(services: &Services, token: &str) -> Result<Option<Answer>, Problem> {
    let store = services.store();
    let now = clock::now();
    if token.starts_with(RefreshToken::PREFIX) {
        let Ok(presented) = RefreshToken::parse(token) else { return Ok(None) };
        let session = sessions::of_token(services, &presented).await?;
        let Some(session) =
            session.filter(|session| session.is_live(now) && session.chain.current == presented.hash())
        else {
            return Ok(None);
        };
        return Ok(Some(Answer {
            active: true,
            scope: Some(session.scopes.to_string()),
            client_id: Some(session.client_id).filter(|client| !client.is_empty()),
            token_type: Some("refresh_token"),
            exp: Some(session.expires_at.as_second()),
            iat: Some(session.used_at.as_second()),
            sub: Some(session.user_id),
            sid: Some(session.id),
            iss: Some(services.issuer().to_owned()),
            ..Answer::default()
        }));
    }
    if token.starts_with(ApiKey::PREFIX) {
        let Ok(key) = ApiKey::parse(token) else { return Ok(None) };
        let stored = store.api_key_by_hash(&key.hash()).await?;
        let live = stored.filter(|stored| {
            // A key of one device is nobody's leave anywhere else.
            stored.revoked_at.is_none()
                && stored.device.is_none()
                && stored.expires_at.is_none_or(|end| now < end)
        });
        let Some(stored) = live else { return Ok(None) };
        let owner = store.user(stored.owner).await?.filter(|owner| owner.disabled_at().is_none());
        return Ok(owner.map(|owner| Answer {
            active: true,
            scope: Some(scopes_of_key(&stored, &owner).to_string()),
            username: Some(owner.username().to_owned()),
            token_type: Some("api_key"),
            exp: stored.expires_at.map(Timestamp::as_second),
            iat: Some(stored.created_at.as_second()),
            sub: Some(stored.owner),
            jti: Some(stored.id),
            ..Answer::default()
        }));
    }
    let Ok(principal) = services.verify(token).await else { return Ok(None) };
    // Another server may have ended the session a moment ago; whoever asks here wants to know now.
    let session = match principal.session_id {
        Some(id) => match store.session(id).await?.filter(|session| session.ended.is_none()) {
            Some(session) => Some(session),
            None => return Ok(None),
        },
        None => None,
    };
    let user = store.user(principal.user_id).await?.filter(|user| user.disabled_at().is_none());
    Ok(user.map(|_| Answer {
        active: true,
        scope: Some(principal.scopes.to_string()),
        client_id: session.map(|session| session.client_id).filter(|client| !client.is_empty()),
        username: Some(principal.username.clone()),
        token_type: Some("Bearer"),
        exp: Some(principal.expires_at.as_second()),
        iat: principal.issued_at.map(Timestamp::as_second),
        sub: Some(principal.user_id),
        aud: Some(services.audience().to_owned()),
        iss: Some(services.issuer().to_owned()),
        jti: Some(principal.token_id),
        sid: principal.session_id,
    }))
}

/// Ends a token: an access token alone, a refresh token with its session, an API key. Whoever has it may do so.
///
/// The answer is the same for a token that is not good: there is nothing left to do (RFC 7009 section 2.2).
#[utoipa::path(post, path = "/auth/revoke", tag = "auth",
    request_body(content(
        (Question = "application/json"),
        (Question = "application/x-www-form-urlencoded"),
    )),
    responses((status = 200, description = "The token is not good, or not any more")))]
pub(crate) async fn revoke(
    State(app): State<App>,
    origin: Origin,
    Parameters(question): Parameters<Question>,
) -> Result<StatusCode, Problem> {
    let services = app.services()?;
    let (token, now) = (question.token.as_str(), clock::now());
    let hash = sha256(token.as_bytes());
    if token.starts_with(RefreshToken::PREFIX) {
        let Ok(presented) = RefreshToken::parse(token) else { return Ok(StatusCode::OK) };
        if let Some(session) = sessions::of_token(services, &presented).await? {
            let ended = services
                .store()
                .end_session(session.id, Ended::LoggedOut, now, services.last_token(now))
                .await?;
            services.revoked(ended);
            let deed = Deed::new("token.revoke", session.user_id, "").to(session.id).with(presented.hash());
            deed.record(services, &origin).await?;
        }
    } else if token.starts_with(ApiKey::PREFIX) {
        let Ok(key) = ApiKey::parse(token) else { return Ok(StatusCode::OK) };
        if let Some(stored) = services.store().api_key_by_hash(&key.hash()).await? {
            services.store().revoke_api_key(stored.owner, stored.id, now).await?;
            let deed = Deed::new("api_key.revoke", stored.owner, "").to(stored.id).with(key.hash());
            deed.record(services, &origin).await?;
        }
    } else if let Ok(principal) = services.verify(token).await {
        let until = principal.expires_at;
        services.revoke(Revocation { what: Revoked::Token(principal.token_id), at: now, until }).await?;
        let deed = Deed::new("token.revoke", principal.user_id, &principal.username).to(principal.token_id);
        deed.with(hash).record(services, &origin).await?;
    }
    Ok(StatusCode::OK)
}
