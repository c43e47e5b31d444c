//! Keys for meters and programs: made by a user, shown once, and good for a part of what the user may do.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use grid_core::{
    auth::{ApiKey, Scope, Scopes},
    energy::Name,
    error::Place,
    store::{StoredApiKey, new_id},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    app::App,
    caller::Caller,
    clock,
    extract::{Json, Path, Query},
    origin::Origin,
    page::{Listed, PageQuery},
    period::field,
    problem::Problem,
    trail::Deed,
};

/// The longest that a key with an end may last: ten years.
const MOST_DAYS: i64 = 3650;

/// A key to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApiKey {
    /// By which its owner knows it again.
    #[schema(example = "Casa 7, contador")]
    name: String,
    /// What it allows, separated by spaces: no more than the token that asks does, and never `admin`; `readings:write` where
    /// nothing is said.
    #[schema(example = "readings:write")]
    scope: Option<String>,
    /// The one device of the caller's that it is for; all that the caller has where nothing is said.
    device_id: Option<Uuid>,
    /// Days until it is no longer good; without an end where nothing is said.
    #[schema(minimum = 1, maximum = 3650, example = 365)]
    expires_in_days: Option<i64>,
}

/// What is known of a key; the key itself is told once, when it is made.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct ApiKeyView {
    id: Uuid,
    #[schema(value_type = String, example = "Casa 7, contador")]
    name: Name,
    /// Its beginning.
    #[schema(example = "gridkey_Ab12…")]
    hint: String,
    #[schema(example = "readings:write")]
    scope: String,
    /// The one device that it is for.
    device_id: Option<Uuid>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// To the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

impl From<StoredApiKey> for ApiKeyView {
    fn from(key: StoredApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            hint: key.hint,
            scope: key.scopes.to_string(),
            device_id: key.device,
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// A key that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeApiKey {
    /// The key. Keep it now: it is not shown again. Send it as `Authorization: Bearer <api_key>`.
    #[schema(example = "gridkey_0123456789ABCDEFGHIJKLMNOPQRSTUV0DRHml")]
    api_key: String,
    #[serde(flatten)]
    about: ApiKeyView,
}

/// Lists the caller's API keys, also those that are no longer good.
#[utoipa::path(get, path = "/auth/api-keys", tag = "auth", operation_id = "list_api_keys",
    security(("bearerAuth" = [])), params(PageQuery),
    responses((status = 200, description = "A page of keys, the oldest first", body = Listed<ApiKeyView>)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listed<ApiKeyView>>, Problem> {
    let keys = app.services()?.store().api_keys_of(caller.id, page.into()).await?;
    Ok(Json(Listed::of(keys, ApiKeyView::from)))
}

/// Makes an API key, and shows it once.
#[utoipa::path(post, path = "/auth/api-keys", tag = "auth", operation_id = "create_api_key",
    security(("bearerAuth" = [])), responses(
        (status = 201, description = "Made; the key is not shown again", body = MadeApiKey),
        (status = 403, description = "The token that asks does not allow that much itself", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "The caller has no such device", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    Json(body): Json<NewApiKey>,
) -> Result<Response, Problem> {
    let name = field("/name", Name::new(&body.name))?;
    let scopes = scopes_of(body.scope.as_deref().unwrap_or(Scopes::WRITE_READINGS), &caller.scopes)?;
    let now = clock::now();
    let expires_at = body.expires_in_days.map(|days| end(days, now)).transpose()?;
    let device = match body.device_id {
        Some(id) => Some(caller.device(&app, id).await?.id),
        None => None,
    };
    let services = app.services()?;
    let key = ApiKey::generate()?;
    let stored = StoredApiKey {
        id: new_id(now),
        owner: caller.id,
        name,
        hint: key.hint(),
        scopes,
        device,
        created_at: now,
        expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    services.store().create_api_key(&stored, &key.hash()).await?;
    let deed = Deed::new("api_key.create", caller.id, &caller.username).to(stored.id);
    deed.with(key.hash()).record(services, &origin).await.map_err(Problem::after_all)?;
    let made = MadeApiKey { api_key: key.expose().to_owned(), about: stored.into() };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(made)).into_response())
}

/// Revokes an API key: it is refused from now on.
#[utoipa::path(delete, path = "/auth/api-keys/{id}", tag = "auth", operation_id = "revoke_api_key",
    security(("bearerAuth" = [])), params(("id" = Uuid, Path, description = "The key")),
    responses((status = 204, description = "Revoked")))]
pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let services = app.services()?;
    services.store().revoke_api_key(caller.id, id, clock::now()).await?;
    let deed = Deed::new("api_key.revoke", caller.id, &caller.username).to(id);
    deed.record(services, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a key is to allow: something, known, and no more than the token that asks for it.
fn scopes_of(text: &str, own: &Scopes) -> Result<Scopes, Problem> {
    let scopes = field("/scope", text.parse::<Scopes>())?;
    let known = |scope: &Scope| Scopes::KNOWN.contains(&scope.as_str());
    let strange = scopes.iter().find(|scope| !known(scope)).map(Scope::to_string);
    if scopes.is_empty() || strange.is_some() {
        let expected = "`read`, `write`, `readings:write` or `introspect`, separated by spaces".to_owned();
        let got = grid_core::error::excerpt(&strange.unwrap_or_default());
        let detail = format!("expected {expected}, got `{got}`");
        let place = Place { pointer: Some("/scope".to_owned()), expected, got, ..Place::default() };
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).place(place));
    }
    // Whoever may change everything may send readings, too.
    let has = |name: &str| own.allows(name) || (name == Scopes::WRITE_READINGS && own.allows(Scopes::WRITE));
    for scope in scopes.iter().map(Scope::as_str) {
        if scope == Scopes::ADMIN {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "no API key administers the server: log in for that",
            ));
        }
        if !has(scope) {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                format!("a key cannot allow `{scope}`, which the token that asks for it does not allow"),
            ));
        }
    }
    Ok(scopes)
}

/// When a key that lasts so many days is no longer good.
fn end(days: i64, now: Timestamp) -> Result<Timestamp, Problem> {
    let end = Some(days)
        .filter(|days| (1..=MOST_DAYS).contains(days))
        .and_then(|days| now.checked_add(SignedDuration::from_hours(days * 24)).ok());
    end.ok_or_else(|| {
        let expected = format!("1 to {MOST_DAYS} days, or `null` for a key without an end");
        let place = Place {
            pointer: Some("/expires_in_days".to_owned()),
            expected: expected.clone(),
            got: days.to_string(),
            ..Place::default()
        };
        let detail = format!("expected {expected}, got {days}");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).place(place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_allows_no_more_than_the_token_that_makes_it() {
        let status = |text: &str, own: &str| match scopes_of(text, &own.parse().unwrap()) {
            Ok(scopes) => scopes.to_string(),
            Err(problem) => problem.status().as_str().to_owned(),
        };
        assert_eq!(status("readings:write", "read write"), "readings:write");
        assert_eq!(status("write  read", "read write"), "read write");
        assert_eq!(status("introspect", "introspect write"), "introspect");
        for (text, own) in [
            ("admin", "admin introspect read write"),
            ("introspect", "read write"),
            ("read", "write"),
            ("write", "readings:write"),
        ] {
            assert_eq!(status(text, own), "403", "{text}");
        }
        for text in ["", " ", "everything", "read,write", "read \"write\""] {
            assert_eq!(status(text, "read write"), "422", "{text}");
        }
    }

    #[test]
    fn a_key_lasts_a_day_to_ten_years() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(end(365, now).unwrap().to_string(), "1971-01-01T00:00:00Z");
        for days in [i64::MIN, -1, 0, 3651, i64::MAX] {
            assert_eq!(end(days, now).unwrap_err().status(), StatusCode::UNPROCESSABLE_ENTITY);
        }
    }
}
