//! A user's account: registering, who am I, another password.

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode},
};
use grid_core::{
    auth::Password,
    store::{User, new_id},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::guess::{self, Guess};
use crate::{
    app::App, caller::Caller, clock, config::Registration as Who, extract::Json, origin::Origin,
    period::field, problem::Problem, trail::Deed,
};

/// Somebody new. Fields that are not known are passed over, for the clients of the old system.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Registration {
    /// 1 to 64 characters without white space or `@`; case does not tell users apart.
    #[schema(example = "kat")]
    username: String,
    #[schema(example = "kat@example.org")]
    email: String,
    /// 8 to 128 characters, and not one of the most common passwords.
    #[schema(example = "correct horse battery", format = Password)]
    password: String,
}

/// A user.
#[derive(Serialize, ToSchema)]
pub(crate) struct Profile {
    user_id: Uuid,
    #[schema(example = "kat")]
    username: String,
    #[schema(example = "kat@example.org")]
    email: String,
    /// Whether the user administers the whole server.
    administrator: bool,
}

impl From<User> for Profile {
    fn from(user: User) -> Self {
        Self {
            user_id: user.id(),
            username: user.username().to_owned(),
            email: user.email().to_owned(),
            administrator: user.is_administrator(),
        }
    }
}

/// Registers a user.
#[utoipa::path(post, path = "/auth/register", tag = "auth", responses(
    (status = 201, description = "Registered", body = Profile),
    (status = 403, description = "Only administrators make users on this server", body = crate::problem::Body, content_type = "application/problem+json"),
    (status = 409, description = "The name or the address is taken", body = crate::problem::Body, content_type = "application/problem+json"),
    (status = 429, description = "Too many accounts from one address", body = crate::problem::Body, content_type = "application/problem+json"),
))]
pub(crate) async fn register(
    State(app): State<App>,
    origin: Origin,
    Json(body): Json<Registration>,
) -> Result<(StatusCode, Json<Profile>), Problem> {
    let services = app.services()?;
    if app.config().registration == Who::Closed {
        return Err(Problem::new(StatusCode::FORBIDDEN, "nobody can register here")
            .hint("ask an administrator of this server for an account"));
    }
    let password = field("/password", Password::choose(&body.password))?;
    let now = clock::now();
    let id = new_id(now);
    // Checked before the costly hash is made.
    User::new(id, &body.username, &body.email, String::new())?;
    let place = app.passwords().place().await?;
    Guess::from_address(&app, &origin).await?;
    let hasher = services.hasher().clone();
    let hash = place.run(move || hasher.hash(&password)).await??;
    let user = User::new(id, &body.username, &body.email, hash)?;
    services.store().create_user(&user, now).await?;
    Deed::new("register", id, user.username()).to(id).record(services, &origin).await?;
    Ok((StatusCode::CREATED, Json(user.into())))
}

/// Says who is asking.
#[utoipa::path(get, path = "/auth/me", tag = "auth", security(("bearerAuth" = [])), responses(
    (status = 200, description = "The user of the token", body = Profile),
))]
pub(crate) async fn me(State(app): State<App>, caller: Caller) -> Result<Json<Profile>, Problem> {
    match app.services()?.store().user(caller.id).await? {
        Some(user) => Ok(Json(user.into())),
        None => Err(Problem::new(StatusCode::UNAUTHORIZED, "the user of this token is not there any more")
            .challenge(HeaderValue::from_static("Bearer error=\"invalid_token\""))),
    }
}

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    /// The password until now.
    #[schema(example = "correct horse battery", format = Password)]
    old_password: String,
    /// 8 to 128 characters, and not one of the most common passwords.
    #[schema(example = "noon on the roof", format = Password)]
    new_password: String,
}

/// Changes the caller's password, and ends all their sessions but the one that asks.
#[utoipa::path(post, path = "/auth/password", tag = "auth", security(("bearerAuth" = [])), responses(
    (status = 204, description = "Changed; every other session of the user has ended"),
    (status = 403, description = "The old password is wrong", body = crate::problem::Body, content_type = "application/problem+json"),
    (status = 429, description = "Too many wrong passwords", body = crate::problem::Body, content_type = "application/problem+json"),
))]
pub(crate) async fn change_password(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    Json(body): Json<PasswordChange>,
) -> Result<StatusCode, Problem> {
    let services = app.services()?;
    let new = field("/new_password", Password::choose(&body.new_password))?;
    let deed = Deed::new("password.change", caller.id, &caller.username).to(caller.id);
    let right = guess::is_password_of(&app, &origin, caller.id, &body.old_password).await?;
    if right.is_none() {
        deed.refused("wrong_password").record(services, &origin).await?;
        return Err(Problem::new(StatusCode::FORBIDDEN, "the old password is wrong"));
    }
    let hasher = services.hasher().clone();
    let hash = app.passwords().run(move || hasher.hash(&new)).await??;
    let now = clock::now();
    let ended = services
        .store()
        .change_password(caller.id, &hash, caller.session_id(), now, services.last_token(now))
        .await?;
    services.revoked(ended);
    deed.record(services, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}
