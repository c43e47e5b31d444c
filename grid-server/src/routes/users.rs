//! The users of the whole server. Only for administrators.

use axum::{
    extract::State,
    http::{HeaderName, StatusCode, header},
};
use grid_core::{
    auth::Password,
    store::{User, new_id},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    app::App,
    caller::{Caller, not_found},
    clock,
    extract::{Json, Path, Query},
    origin::Origin,
    page::{Listed, PageQuery},
    period::field,
    problem::Problem,
    services::Services,
    trail::Deed,
};

/// A user to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUser {
    /// 1 to 64 characters without white space or `@`; case does not tell users apart.
    #[schema(example = "kat")]
    username: String,
    #[schema(example = "kat@example.org")]
    email: String,
    /// 8 to 128 characters, and not one of the most common passwords.
    #[schema(example = "correct horse battery", format = Password)]
    password: String,
    /// Whether the user administers the whole server.
    #[serde(default)]
    administrator: bool,
}

/// What to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserChange {
    /// Whether the user is kept out. Their sessions end at once.
    disabled: Option<bool>,
    /// Whether the user administers the whole server. Who no longer does has to log in again.
    administrator: Option<bool>,
    /// Another password. The user's sessions end at once.
    #[schema(example = "noon on the roof", format = Password)]
    password: Option<String>,
}

/// A user, as administrators see them.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserView {
    id: Uuid,
    #[schema(example = "kat")]
    username: String,
    #[schema(example = "kat@example.org")]
    email: String,
    administrator: bool,
    /// Since when the user is kept out; `null` where they may log in.
    #[schema(value_type = Option<String>, format = DateTime)]
    disabled_at: Option<Timestamp>,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id(),
            username: user.username().to_owned(),
            email: user.email().to_owned(),
            administrator: user.is_administrator(),
            disabled_at: user.disabled_at(),
        }
    }
}

/// Lists all users, in the order in which they were made.
#[utoipa::path(get, path = "/users", tag = "administration", operation_id = "list_users",
    security(("bearerAuth" = [])), params(PageQuery), responses(
        (status = 200, description = "A page of users", body = Listed<UserView>),
        (status = 403, description = "The caller is no administrator", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listed<UserView>>, Problem> {
    caller.administrator(&app).await?;
    let users = app.services()?.store().users(page.into()).await?;
    Ok(Json(Listed::of(users, UserView::from)))
}

/// Makes a user, also where nobody can register.
#[utoipa::path(post, path = "/users", tag = "administration", operation_id = "create_user",
    security(("bearerAuth" = [])), responses(
        (status = 201, description = "Made; `Location` is the user's path", body = UserView),
        (status = 403, description = "The caller is no administrator", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "The name or the address is taken", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    Json(body): Json<NewUser>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<UserView>), Problem> {
    caller.administrator(&app).await?;
    let services = app.services()?;
    let password = field("/password", Password::choose(&body.password))?;
    let now = clock::now();
    let id = new_id(now);
    // Checked before the costly hash is made.
    User::new(id, &body.username, &body.email, String::new())?;
    let hash = hash(&app, services, password).await?;
    let user = User::new(id, &body.username, &body.email, hash)?;
    let user = if body.administrator { user.administrator() } else { user };
    services.store().create_user(&user, now).await?;
    Deed::new("user.create", caller.id, &caller.username)
        .to(id)
        .record(services, &origin)
        .await
        .map_err(Problem::after_all)?;
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/api/v1/users/{id}"))], Json(user.into())))
}

/// Gives a user.
#[utoipa::path(get, path = "/users/{id}", tag = "administration", operation_id = "show_user",
    security(("bearerAuth" = [])), params(("id" = Uuid, Path)), responses(
        (status = 200, description = "The user", body = UserView),
        (status = 403, description = "The caller is no administrator", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<UserView>, Problem> {
    caller.administrator(&app).await?;
    Ok(Json(found(app.services()?, id).await?.into()))
}

/// Keeps a user out or lets them in, makes them an administrator or no longer one, gives them another password.
#[utoipa::path(patch, path = "/users/{id}", tag = "administration", operation_id = "change_user",
    security(("bearerAuth" = [])), params(("id" = Uuid, Path)), responses(
        (status = 200, description = "The user as they are now", body = UserView),
        (status = 403, description = "The caller is no administrator", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "The caller is the last administrator", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn change(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    Path(id): Path<Uuid>,
    Json(body): Json<UserChange>,
) -> Result<Json<UserView>, Problem> {
    caller.administrator(&app).await?;
    let services = app.services()?;
    let store = services.store();
    let user = found(services, id).await?;
    // Whoever asks is an administrator, so the last one can only be who asks, unless another goes at this moment: that is
    // looked at again where the change is made.
    let leaves = body.disabled == Some(true) || body.administrator == Some(false);
    if leaves && id == caller.id && !store.has_other_administrator(id).await? {
        return Err(Problem::new(StatusCode::CONFLICT, "the last administrator cannot leave")
            .hint("make another user an administrator first"));
    }
    let password =
        body.password.as_deref().map(|text| field("/password", Password::choose(text))).transpose()?;
    let deed = |action| Deed::new(action, caller.id, &caller.username).to(id);
    if let Some(password) = password {
        let hash = hash(&app, services, password).await?;
        let keep = caller.session_id().filter(|_| id == caller.id);
        let now = clock::now();
        let ended = store.change_password(id, &hash, keep, now, services.last_token(now)).await?;
        services.revoked(ended);
        deed("user.set_password").record(services, &origin).await.map_err(Problem::after_all)?;
    }
    match body.administrator {
        Some(true) if !user.is_administrator() => {
            store.set_administrator(id, true).await?;
            deed("user.promote").record(services, &origin).await.map_err(Problem::after_all)?;
        }
        Some(false) if user.is_administrator() => {
            store.demote(id).await?;
            end_sessions(services, id).await?;
            deed("user.demote").record(services, &origin).await.map_err(Problem::after_all)?;
        }
        _ => {}
    }
    match body.disabled {
        Some(true) => {
            let now = clock::now();
            let ended = store.keep_out(id, now, services.last_token(now)).await?;
            services.revoked(ended);
            deed("user.disable").record(services, &origin).await.map_err(Problem::after_all)?;
        }
        Some(false) if user.disabled_at().is_some() => {
            store.enable_user(id).await?;
            deed("user.enable").record(services, &origin).await.map_err(Problem::after_all)?;
        }
        _ => {}
    }
    Ok(Json(found(services, id).await?.into()))
}

async fn found(services: &Services, id: Uuid) -> Result<User, Problem> {
    services.store().user(id).await?.ok_or_else(|| not_found("user", id))
}

async fn hash(app: &App, services: &Services, password: Password) -> Result<String, Problem> {
    let hasher = services.hasher().clone();
    Ok(app.passwords().run(move || hasher.hash(&password)).await??)
}

/// Ends the sessions of a user whose tokens allow what they no longer may.
async fn end_sessions(services: &Services, id: Uuid) -> Result<(), Problem> {
    let now = clock::now();
    let ended = services.store().end_sessions_of(id, None, now, services.last_token(now)).await?;
    services.revoked(ended);
    Ok(())
}
