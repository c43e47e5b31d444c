//! Accounts, logins, sessions and tokens.

mod account;
mod api_keys;
mod guess;
mod introspection;
mod jwks;
mod login;
mod own_data;
mod sessions;
mod setup;
mod totp;

use axum::middleware::from_fn;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, oauth, origin::Origin, problem::Problem};

/// Counts a question from an address by which a password could be guessed.
pub(crate) async fn count_guess(app: &App, origin: &Origin) -> Result<(), Problem> {
    guess::Guess::from_address(app, origin).await.map(|_| ())
}

/// What stands under `/api/v1`.
pub(super) fn plain() -> OpenApiRouter<App> {
    let token_routes = OpenApiRouter::new()
        .routes(routes!(login::log_in))
        .routes(routes!(sessions::refresh))
        .routes(routes!(sessions::log_out))
        .routes(routes!(introspection::revoke))
        .layer(from_fn(oauth::speak));
    OpenApiRouter::new()
        .merge(token_routes)
        .routes(routes!(account::register))
        .routes(routes!(setup::set_up))
        .routes(routes!(account::me, own_data::erase))
        .routes(routes!(account::change_password))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::end))
        .routes(routes!(sessions::log_out_everywhere))
        .routes(routes!(introspection::introspect))
        .routes(routes!(api_keys::list, api_keys::create))
        .routes(routes!(api_keys::revoke))
        .routes(routes!(totp::status, totp::begin, totp::confirm, totp::remove))
}

/// What stands under `/api/v1` and may take as long as a file that arrives.
pub(super) fn long() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(own_data::export))
}

/// What stands at the root.
pub(super) fn root() -> OpenApiRouter<App> {
    let login = OpenApiRouter::new().routes(routes!(login::log_in_at_root)).layer(from_fn(oauth::speak));
    OpenApiRouter::new().merge(login).routes(routes!(jwks::jwks))
}
