//! Registering, logging in, and the keys that tokens are verified with.

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use grid_core::{
    auth::{Password, PasswordHasher, Scopes, Subject},
    store::{User, new_id},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{app::App, caller::Caller, clock, extract::Json, period::field, problem::Problem};

/// Somebody new. Fields that are not known are passed over, for the clients of the old system.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Registration {
    /// 1 to 64 characters without white space or `@`; case does not tell users apart.
    #[schema(example = "kat")]
    username: String,
    #[schema(example = "kat@example.org")]
    email: String,
    /// 8 to 128 characters, and none of the most common passwords.
    #[schema(example = "correct horse battery", format = Password)]
    password: String,
}

/// A name and its password. Fields that are not known are passed over, for the clients of the old system.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Login {
    #[schema(example = "kat")]
    username: String,
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
}

/// An access token.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tokens {
    /// Send it as `Authorization: Bearer <access_token>`.
    access_token: String,
    /// The same again, as clients of the old system spell it.
    acces_token: String,
    /// Always `bearer`.
    #[schema(example = "bearer")]
    token_type: &'static str,
    /// Seconds until the token is no longer valid.
    #[schema(example = 3600)]
    expires_in: u64,
    /// Always `null`: the server issues no refresh tokens yet; log in again when the access token has expired.
    #[schema(required = true, value_type = Option<String>, example = json!(null))]
    refresh_token: Option<String>,
    user_id: Uuid,
}

impl From<User> for Profile {
    fn from(user: User) -> Self {
        Self { user_id: user.id(), username: user.username().to_owned(), email: user.email().to_owned() }
    }
}

/// Registers a user.
#[utoipa::path(post, path = "/auth/register", tag = "auth", responses(
    (status = 201, description = "Registered", body = Profile),
    (status = 409, description = "The name or the address is taken", body = crate::problem::Body, content_type = "application/problem+json"),
))]
pub(crate) async fn register(
    State(app): State<App>,
    Json(body): Json<Registration>,
) -> Result<(StatusCode, Json<Profile>), Problem> {
    let services = app.services()?;
    let password = field("/password", Password::choose(&body.password))?;
    let now = clock::now();
    let id = new_id(now);
    // Checked before the costly hash is made.
    User::new(id, &body.username, &body.email, String::new())?;
    let hash = app.passwords().run(move || PasswordHasher::default().hash(&password)).await??;
    let user = User::new(id, &body.username, &body.email, hash)?;
    services.store().create_user(&user, now).await?;
    Ok((StatusCode::CREATED, Json(user.into())))
}

/// Logs in with name and password.
#[utoipa::path(post, path = "/auth/login", tag = "auth", responses(
    (status = 200, description = "Logged in", body = Tokens),
    (status = 401, description = "Wrong name or password", body = crate::problem::Body, content_type = "application/problem+json"),
))]
pub(crate) async fn login(State(app): State<App>, Json(body): Json<Login>) -> Result<Response, Problem> {
    let services = app.services()?;
    // What cannot be anybody's password is answered like a wrong one.
    let Ok(password) = Password::parse(&body.password) else { return Err(wrong()) };
    let user = services.store().user_by_name(&body.username).await?;
    let hash = user.as_ref().map(|user| user.password().to_owned());
    let right = app
        .passwords()
        .run(move || {
            let hasher = PasswordHasher::default();
            match hash {
                Some(hash) => hasher.verify(&password, &hash),
                // The same work for a name that nobody has, so that the time does not tell.
                None => hasher.verify_nobody(&password),
            }
        })
        .await??;
    let Some(user) = user.filter(|_| right) else { return Err(wrong()) };
    let subject = Subject {
        user_id: user.id(),
        username: user.username().to_owned(),
        scope: Scopes::default(),
        session_id: None,
    };
    let issued = services.issue(&subject, clock::now())?;
    let tokens = Tokens {
        acces_token: issued.token.clone(),
        access_token: issued.token,
        token_type: "bearer",
        expires_in: issued.expires_in.as_secs(),
        refresh_token: None,
        user_id: subject.user_id,
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(tokens)).into_response())
}

/// Logs in, under the path of the old system.
#[utoipa::path(post, path = "/login", tag = "auth", operation_id = "login_at_root", responses(
    (status = 200, description = "Logged in", body = Tokens),
    (status = 401, description = "Wrong name or password", body = crate::problem::Body, content_type = "application/problem+json"),
))]
pub(crate) async fn login_at_root(state: State<App>, body: Json<Login>) -> Result<Response, Problem> {
    login(state, body).await
}

fn wrong() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "wrong username or password")
        .challenge(HeaderValue::from_static("Bearer realm=\"grid\""))
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

/// Gives the public keys that access tokens are verified with (RFC 7517).
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "service", responses(
    (status = 200, description = "The keys", body = serde_json::Value),
))]
pub(crate) async fn jwks(State(app): State<App>) -> Result<Response, Problem> {
    let keys = app.services()?.jwks()?;
    Ok(([(header::CACHE_CONTROL, "public, max-age=300")], Json(keys)).into_response())
}
