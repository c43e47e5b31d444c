//! The second factor of the caller's account: putting it on, and taking it off.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use grid_core::{
    auth::{RecoveryCode, RecoveryCodes, TotpSecret},
    store,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    guess::{self, Guess},
    login,
};
use crate::{app::App, caller::Caller, clock, extract::Json, origin::Origin, problem::Problem, trail::Deed};

/// Whether the account has a second factor.
#[derive(Serialize, ToSchema)]
pub(crate) struct Status {
    /// Whether logging in needs a code.
    enabled: bool,
    /// How many recovery codes have not been used; `null` without a second factor.
    #[schema(example = 10)]
    recovery_codes_left: Option<usize>,
}

/// The password, so that nobody puts a second factor on an account whose screen was left open.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    #[schema(example = "correct horse battery", format = Password)]
    password: String,
}

/// A second factor that is not on yet: an authenticator takes it in, and a first code confirms it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Begun {
    /// To be typed into the authenticator.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// The same for a picture that the authenticator reads.
    #[schema(example = "otpauth://totp/grid:kat?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=grid")]
    uri: String,
}

/// What the authenticator shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirm {
    #[schema(example = "755224")]
    code: String,
}

/// The ways in for a user whose telephone is gone.
#[derive(Serialize, ToSchema)]
pub(crate) struct Confirmed {
    /// Each is good once in place of a code. Keep them now: they are not shown again.
    #[schema(example = json!(["4T9KD-X0B7M"]))]
    recovery_codes: Vec<String>,
}

/// Password and code, to take the second factor off.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Remove {
    #[schema(example = "correct horse battery", format = Password)]
    password: String,
    /// A code from the authenticator, or a recovery code.
    #[schema(example = "755224")]
    code: String,
}

/// Says whether the caller's account has a second factor.
#[utoipa::path(get, path = "/auth/totp", tag = "auth", operation_id = "totp_status", security(("bearerAuth" = [])),
    responses((status = 200, description = "Whether logging in needs a code", body = Status)))]
pub(crate) async fn status(State(app): State<App>, caller: Caller) -> Result<Json<Status>, Problem> {
    let store = app.services()?.store();
    let enabled = is_on(store.second_factor(caller.id).await?.as_ref());
    let left = if enabled { Some(store.recovery_codes_left(caller.id).await?) } else { None };
    Ok(Json(Status { enabled, recovery_codes_left: left }))
}

/// Begins a second factor, and shows its secret once. It is not on until a first code confirms it.
#[utoipa::path(post, path = "/auth/totp", tag = "auth", operation_id = "begin_totp", security(("bearerAuth" = [])),
    responses(
        (status = 200, description = "Begun; one that was begun before is forgotten", body = Begun),
        (status = 403, description = "The password is wrong", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "There is a second factor already", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 429, description = "Too many wrong passwords", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn begin(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    Json(body): Json<Begin>,
) -> Result<Response, Problem> {
    let services = app.services()?;
    let deed = Deed::new("totp.begin", caller.id, &caller.username).to(caller.id);
    if guess::is_password_of(&app, &origin, caller.id, &body.password).await?.is_none() {
        deed.refused("wrong_password").record(services, &origin).await?;
        return Err(wrong_password());
    }
    let secret = TotpSecret::generate()?;
    let uri = secret.uri(&label(services.issuer(), "grid"), &label(&caller.username, "user"))?;
    let stored = match services.sealing_key() {
        Some(key) => key.seal(secret.as_bytes(), &login::totp_context(caller.id))?,
        None => secret.as_bytes().to_vec(),
    };
    services.store().begin_second_factor(caller.id, &stored, clock::now()).await?;
    deed.record(services, &origin).await?;
    let begun = Begun { secret: secret.to_base32(), uri };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(begun)).into_response())
}

/// Puts the second factor on with a first code, and shows the recovery codes once.
#[utoipa::path(put, path = "/auth/totp", tag = "auth", operation_id = "confirm_totp", security(("bearerAuth" = [])),
    responses(
        (status = 200, description = "On: logging in needs a code from now on", body = Confirmed),
        (status = 403, description = "The code is wrong", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "No second factor was begun", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "There is a second factor already", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 429, description = "Too many wrong codes", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn confirm(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    Json(body): Json<Confirm>,
) -> Result<Response, Problem> {
    let services = app.services()?;
    let store = services.store();
    let begun = store.second_factor(caller.id).await?.ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "no second factor was begun")
            .hint("POST to this path first, and take the secret into an authenticator")
    })?;
    if is_on(Some(&begun)) {
        return Err(store::Error::HasSecondFactor { user: caller.id }.into());
    }
    let guess = Guess::of_code(&app, caller.id).await?;
    let secret = login::totp_secret(services, caller.id, &begun.secret)?;
    let now = clock::now();
    let deed = Deed::new("totp.enable", caller.id, &caller.username).to(caller.id);
    let Some(step) = secret.verify(&body.code, now, begun.last_step) else {
        deed.refused("wrong_code").record(services, &origin).await?;
        return Err(wrong_code());
    };
    guess.was_right(services).await?;
    let codes = RecoveryCodes::generate()?;
    store.confirm_second_factor(caller.id, &begun.secret, step, &codes.hashes(), now).await?;
    deed.record(services, &origin).await?;
    let recovery_codes = codes.iter().map(RecoveryCode::expose).map(str::to_owned).collect();
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(Confirmed { recovery_codes })).into_response())
}

/// Takes the second factor off, with the password and a code.
#[utoipa::path(delete, path = "/auth/totp", tag = "auth", operation_id = "remove_totp", security(("bearerAuth" = [])),
    responses(
        (status = 204, description = "Off: name and password are enough from now on"),
        (status = 403, description = "The password or the code is wrong", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "There is no second factor", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 429, description = "Too many wrong passwords or codes", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    Json(body): Json<Remove>,
) -> Result<StatusCode, Problem> {
    let services = app.services()?;
    if !is_on(services.store().second_factor(caller.id).await?.as_ref()) {
        return Err(Problem::new(StatusCode::NOT_FOUND, "there is no second factor"));
    }
    let deed = Deed::new("totp.disable", caller.id, &caller.username).to(caller.id);
    let Some(user) = guess::is_password_of(&app, &origin, caller.id, &body.password).await? else {
        deed.refused("wrong_password").record(services, &origin).await?;
        return Err(wrong_password());
    };
    let guess = Guess::of_code(&app, caller.id).await?;
    if login::second_factor(services, &user, Some(&body.code)).await?.is_err() {
        deed.refused("wrong_code").record(services, &origin).await?;
        return Err(wrong_code());
    }
    guess.was_right(services).await?;
    services.store().remove_second_factor(caller.id).await?;
    deed.record(services, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn is_on(factor: Option<&store::StoredSecondFactor>) -> bool {
    factor.is_some_and(|factor| factor.confirmed_at.is_some())
}

fn wrong_password() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "the password is wrong")
}

fn wrong_code() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "the code is wrong, too old, or was used before")
        .hint("wait for the next code, and check the clock of the authenticator")
}

/// A name as the authenticator shows it: that of an issuer without its scheme, and none with a colon, which separates
/// issuer and account there.
fn label(name: &str, otherwise: &str) -> String {
    let short = name.split_once("://").map_or(name, |(_, rest)| rest).trim_matches('/');
    if short.is_empty() { otherwise.to_owned() } else { short.replace(':', "_") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_issuer_and_every_username_has_a_label() {
        assert_eq!(label("https://grid.example:8443/", "grid"), "grid.example_8443");
        assert_eq!(label("", "grid"), "grid");
        let secret = TotpSecret::from_bytes(b"12345678901234567890").unwrap();
        for name in ["grid", "https://", ":", "a:b", "ñ/é", "://"] {
            assert!(secret.uri(&label(name, "grid"), &label(name, "user")).is_ok(), "{name}");
        }
    }
}
