//! Making the first administrator, with the token that the server prints when it starts.

use axum::{extract::State, http::StatusCode};
use grid_core::{
    auth::{Password, SetupToken},
    error::{Failure, Kind},
    store::{User, new_id},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{account::Profile, guess::Guess};
use crate::{app::App, clock, extract::Json, origin::Origin, period::field, problem::Problem, trail::Deed};

/// The first administrator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Setup {
    /// What stands behind `#` in the link that the server printed.
    #[schema(example = "gridsetup_0123456789ABCDEFGHIJKLMNOPQRSTUV000000")]
    token: String,
    /// 1 to 64 characters without white space or `@`; case does not tell users apart.
    #[schema(example = "kat")]
    username: String,
    #[schema(example = "kat@example.org")]
    email: String,
    /// 8 to 128 characters, and not one of the most common passwords.
    #[schema(example = "correct horse battery", format = Password)]
    password: String,
}

/// Makes the first administrator, once.
#[utoipa::path(post, path = "/auth/setup", tag = "auth", operation_id = "set_up", responses(
    (status = 201, description = "Made: log in", body = Profile),
    (status = 404, description = "The link was used or has expired, or there is an administrator", body = crate::problem::Body, content_type = "application/problem+json"),
    (status = 409, description = "The name or the address is taken; the link stays good", body = crate::problem::Body, content_type = "application/problem+json"),
    (status = 429, description = "Too many tries from one address", body = crate::problem::Body, content_type = "application/problem+json"),
))]
pub(crate) async fn set_up(
    State(app): State<App>,
    origin: Origin,
    Json(body): Json<Setup>,
) -> Result<(StatusCode, Json<Profile>), Problem> {
    let services = app.services()?;
    let token = field("/token", SetupToken::parse(&body.token))?;
    let password = field("/password", Password::choose(&body.password))?;
    let now = clock::now();
    let id = new_id(now);
    // Checked before the costly hash is made, as is that there is anything to set up.
    let user = User::new(id, &body.username, &body.email, String::new())?;
    if services.store().has_administrator().await? {
        return Err(no_link());
    }
    let place = app.passwords().place().await?;
    let guess = Guess::from_address(&app, &origin).await?;
    let hasher = services.hasher().clone();
    let hash = place.run(move || hasher.hash(&password)).await??;
    let user = User::new(id, user.username(), user.email(), hash)?.administrator();
    let deed = Deed::new("setup", None, user.username()).with(token.hash());
    match services.store().use_setup_link(&token.hash(), &user, now).await {
        Err(error) if error.kind() == Kind::NotFound => {
            deed.refused("no_link").record(services, &origin).await?;
            Err(no_link())
        }
        Err(error) => Err(error.into()),
        Ok(()) => {
            guess.was_right(services).await?;
            let deed = Deed::new("setup", id, user.username()).to(id);
            deed.with(token.hash()).record(services, &origin).await?;
            Ok((StatusCode::CREATED, Json(user.into())))
        }
    }
}

fn no_link() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "this link is not good, or not any more")
        .hint("each start of a server without an administrator prints another one, which is good for a day")
}
