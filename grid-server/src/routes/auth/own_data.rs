//! One's own data: all of it in a file, and the way out.

use std::io::BufWriter;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use grid_core::store::{Archived, AuditEntry, Erased};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use utoipa::ToSchema;

use super::{
    guess::{self, Guess},
    login,
};
use crate::{
    app::App, caller::Caller, clock, draft::Draft, extract::Json, hurry, origin::Origin, problem::Problem,
    spool::no_room, trail::Deed,
};

/// An archive.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes what is no JSON")]
pub(crate) struct OwnData(Vec<u8>);

/// Password and code, so that nobody erases an account whose screen was left open.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Goodbye {
    #[schema(example = "correct horse battery", format = Password)]
    password: String,
    /// A code from the authenticator, or a recovery code, where the account has a second factor.
    #[schema(example = "755224")]
    code: Option<String>,
}

/// What became of the account.
#[derive(Serialize, ToSchema)]
pub(crate) struct Gone {
    /// How many devices are gone with their readings.
    #[schema(example = 2)]
    devices: usize,
    /// How many devices stay without a name, with the readings that statements stand on or wait for.
    #[schema(example = 1)]
    devices_kept: usize,
    /// How many devices that counted for others went to an operator of their community.
    #[schema(example = 0)]
    devices_handed_over: usize,
    /// How many statements stay, which others can verify.
    #[schema(example = 12)]
    statements_kept: usize,
}

impl From<Erased> for Gone {
    fn from(erased: Erased) -> Self {
        Self {
            devices: erased.devices,
            devices_kept: erased.devices_kept,
            devices_handed_over: erased.devices_handed_over,
            statements_kept: erased.statements_kept,
        }
    }
}

/// Gives all that the server knows of the caller, as a `tar.gz` of CSV and JSON lines.
#[utoipa::path(get, path = "/auth/me/export", tag = "auth", operation_id = "export_own_data",
    security(("bearerAuth" = [])), responses(
        (status = 200, description = "The caller's account, readings, recordings and all else, without hashes and secrets", body = OwnData, content_type = "application/gzip"),
    ))]
pub(crate) async fn export(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
) -> Result<Response, Problem> {
    let services = app.services()?;
    // One of them reads all that there is of a user, and may be as large as that.
    let share = app.own_data().share(caller.id)?;
    Deed::new("user.export", caller.id, &caller.username).to(caller.id).record(services, &origin).await?;
    let (store, id, now) = (services.store().clone(), caller.id, clock::now());
    let (runtime, rooms) = (Handle::current(), app.rooms().clone());
    let kept = app.clone();
    let written = app.analyses(caller.id).run(move || -> Result<_, Problem> {
        let draft = Draft::new(&rooms).map_err(|error| no_room(&error))?;
        let mut writer = BufWriter::with_capacity(1 << 16, draft);
        let mut unwatched = |_| ();
        let exported = store.export_user(id, &mut writer, now, &mut unwatched);
        let _: Archived = runtime.block_on(hurry::at_length(&kept, exported))?;
        let draft = writer.into_inner().map_err(|error| no_room(error.error()))?;
        Ok((draft, share))
    });
    let (draft, share) = written.await??;
    let headers = [
        (header::CONTENT_TYPE, "application/gzip"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"grid-own-data.tar.gz\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let body = draft.into_body(share).map_err(|error| no_room(&error))?;
    Ok((headers, body).into_response())
}

/// Erases the caller. What others' accounts stand on stays without a name, and the answer says how much.
#[utoipa::path(delete, path = "/auth/me", tag = "auth", operation_id = "erase_me", security(("bearerAuth" = [])),
    responses(
        (status = 200, description = "Erased: no token of the caller is good any more", body = Gone),
        (status = 403, description = "The password or the code is wrong, or a code is needed", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "The caller is the only administrator, or the only operator of a community with other members", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 429, description = "Too many wrong passwords or codes", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn erase(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    Json(body): Json<Goodbye>,
) -> Result<Json<Gone>, Problem> {
    let services = app.services()?;
    let deed = Deed::new("user.erase", caller.id, &caller.username).to(caller.id);
    let Some(user) = guess::is_password_of(&app, &origin, caller.id, &body.password).await? else {
        deed.refused("wrong_password").record(services, &origin).await?;
        return Err(Problem::new(StatusCode::FORBIDDEN, "the password is wrong"));
    };
    let code = body.code.as_deref().map(str::trim).filter(|code| !code.is_empty());
    let guess = match code {
        Some(_) => Some(Guess::of_code(&app, caller.id).await?),
        None => None,
    };
    if login::second_factor(services, &user, code).await?.is_err() {
        deed.refused("wrong_code").record(services, &origin).await?;
        let problem =
            Problem::new(StatusCode::FORBIDDEN, "the code is missing, wrong, too old, or was used before");
        return Err(problem.hint("send the next code of the authenticator as `code`"));
    }
    if let Some(guess) = guess {
        guess.was_right(services).await?;
    }
    let now = clock::now();
    // Who it was is not to be known any more.
    let entry = AuditEntry {
        target: caller.id.to_string(),
        request_id: origin.request_id.clone(),
        ..AuditEntry::by_program("", "user.erase", now)
    };
    let erased = services.store().erase_user(caller.id, &entry, now, services.last_token(now));
    let erased = hurry::at_length(&app, erased).await?;
    services.revoked(erased.revocations.clone());
    Ok(Json(erased.into()))
}
