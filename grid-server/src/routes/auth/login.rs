//! Logging in with name and password, and with a second factor where the account has one.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use grid_core::{
    auth::{Chain, RecoveryCode, RefreshToken, Scopes, Session, Subject, TotpSecret, new_token_id},
    error::Place,
    store::{self, User, new_id},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::guess::{self, Guess, Whose};
use crate::{
    app::App,
    browser, clock,
    extract::Json,
    oauth::{self, Parameters},
    origin::Origin,
    problem::Problem,
    services::Services,
    trail::Deed,
};

/// A name and its password, as JSON or as the password form of OAuth 2.0 (RFC 6749 section 4.3.2). Fields that are not
/// known are passed over, for the clients of the old system.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Login {
    /// The name, or the e-mail address.
    #[schema(required = true, example = "kat")]
    username: Option<String>,
    #[schema(required = true, example = "correct horse battery", format = Password)]
    password: Option<String>,
    /// `password`, or nothing.
    #[schema(example = "password")]
    grant_type: Option<String>,
    /// What the tokens should allow at most, separated by spaces: `read`, `write`, `readings:write`, and for administrators
    /// `admin` and `introspect`; all that the user may do where nothing is said.
    #[schema(example = "read write")]
    scope: Option<String>,
    /// A code of the second factor, or a recovery code, where the account has one.
    #[schema(example = "755224")]
    totp: Option<String>,
    /// The name of the program, which the list of sessions shows.
    #[schema(example = "notebook")]
    client_id: Option<String>,
    /// Where a browser keeps the refresh token: in the `body`, or in a `cookie` that no script can read.
    #[serde(default)]
    refresh_in: RefreshIn,
}

/// Where the refresh token goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RefreshIn {
    /// Into the answer.
    #[default]
    Body,
    /// Into a cookie.
    Cookie,
}

/// Tokens. RFC 6749 section 5.1.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tokens {
    /// Send it as `Authorization: Bearer <access_token>`.
    access_token: String,
    /// The same again, as clients of the old system spell it.
    acces_token: String,
    /// Always `bearer`.
    #[schema(example = "bearer")]
    token_type: &'static str,
    /// Seconds until the access token is no longer valid.
    #[schema(example = 900)]
    expires_in: u64,
    /// Good once, for `/auth/refresh`; `null` where it is in the cookie.
    #[schema(required = true)]
    refresh_token: Option<String>,
    /// What the access token allows.
    #[schema(example = "read write")]
    scope: String,
    user_id: Uuid,
}

/// Logs in with name and password.
#[utoipa::path(post, path = "/auth/login", tag = "auth",
    request_body(content(
        (Login = "application/json"),
        (Login = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, description = "Logged in", body = Tokens),
        (status = 400, description = "To a form: wrong name or password (`invalid_grant`), or not what was expected", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 401, description = "To JSON: wrong name or password, or a second factor is needed", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 403, description = "A page of another site asked for the cookie", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 429, description = "Too many wrong passwords", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn log_in(
    State(app): State<App>,
    origin: Origin,
    headers: HeaderMap,
    Parameters(body): Parameters<Login>,
) -> Result<Response, Problem> {
    if let Some(other) = body.grant_type.as_deref().filter(|grant| *grant != "password") {
        let detail =
            format!("expected the grant type `password`, got `{}`", grid_core::error::excerpt(other));
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail)
            .error("unsupported_grant_type")
            .hint("refresh tokens go to `/api/v1/auth/refresh`"));
    }
    if body.refresh_in == RefreshIn::Cookie {
        // Else another site could log a browser in as somebody else.
        browser::only_this_site(&headers, &app.config().cors_origins)?;
    }
    let name = body.username.ok_or_else(|| missing("username"))?;
    let password = body.password.ok_or_else(|| missing("password"))?;
    // Before anybody's password is looked at, so that a broken scope does not tell whether it is right.
    let asked = body.scope.as_deref().map(scopes_of).transpose()?;
    let services = app.services()?;
    let (guess, user) = guess::password(&app, &origin, Whose::Name(&name), &password).await?;
    let Some(user) = user else {
        let deed = Deed::new("login", None, &name).refused("wrong_password");
        deed.record(services, &origin).await?;
        return Err(wrong());
    };
    let scopes = asked.map_or_else(|| allowed(&user), |asked| asked.and(&allowed(&user)));
    let code = body.totp.as_deref().map(str::trim).filter(|code| !code.is_empty());
    let code_guess = match code {
        Some(_) => Some(Guess::of_code(&app, user.id()).await?),
        None => None,
    };
    if let Err(refused) = second_factor(services, &user, code).await? {
        let reason = match refused {
            SecondFactor::Missing => {
                guess.was_right(services).await?;
                "second_factor_missing"
            }
            SecondFactor::Wrong => "wrong_second_factor",
        };
        let deed = Deed::new("login", user.id(), user.username()).refused(reason);
        deed.record(services, &origin).await?;
        return Err(refused.into());
    }
    guess.was_right(services).await?;
    if let Some(guess) = code_guess {
        guess.was_right(services).await?;
    }
    if scopes.is_empty() {
        return Err(nothing_allowed());
    }
    let client = body.client_id.or_else(|| oauth::client_of(&headers)).unwrap_or_default();
    let (tokens, refresh) =
        start(services, app.config().session_limits(), &user, scopes, client, &origin).await?;
    let deed = Deed::new("login", user.id(), user.username()).to(refresh.session_id());
    deed.with(refresh.hash()).record(services, &origin).await?;
    Ok(hand_out(&app, tokens, &refresh, body.refresh_in))
}

/// Logs in, under the path of the old system.
#[utoipa::path(post, path = "/login", tag = "auth", operation_id = "log_in_at_root",
    request_body(content(
        (Login = "application/json"),
        (Login = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, description = "Logged in", body = Tokens),
        (status = 400, description = "To a form: wrong name or password (`invalid_grant`), or not what was expected", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 401, description = "To JSON: wrong name or password, or a second factor is needed", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 403, description = "A page of another site asked for the cookie", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 429, description = "Too many wrong passwords", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn log_in_at_root(
    state: State<App>,
    origin: Origin,
    headers: HeaderMap,
    body: Parameters<Login>,
) -> Result<Response, Problem> {
    log_in(state, origin, headers, body).await
}

fn missing(name: &'static str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("the field `{name}` is missing")).place(Place {
        pointer: Some(format!("/{name}")),
        expected: "a text".to_owned(),
        got: "nothing".to_owned(),
        ..Place::default()
    })
}

fn wrong() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "wrong username or password")
        .challenge(HeaderValue::from_static("Bearer realm=\"grid\""))
}

/// What a scope is answered of which the user, or the session, may do nothing.
pub(super) fn nothing_allowed() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "nothing of what `scope` asks for may be done")
        .error("invalid_scope")
        .hint("leave `scope` out to get all that may be done")
}

pub(super) fn scopes_of(text: &str) -> Result<Scopes, Problem> {
    text.parse::<Scopes>().map_err(|error| Problem::from(error).error("invalid_scope"))
}

/// All that a user's tokens may allow.
pub(super) fn allowed(user: &User) -> Scopes {
    if user.is_administrator() { Scopes::of_administrator() } else { Scopes::of_user() }
}

/// Why a second factor did not do.
pub(super) enum SecondFactor {
    /// There was no code.
    Missing,
    /// The code is wrong, or was used before.
    Wrong,
}

impl From<SecondFactor> for Problem {
    fn from(refused: SecondFactor) -> Self {
        match refused {
            SecondFactor::Missing => Self::second_factor(),
            SecondFactor::Wrong => Self::new(
                StatusCode::UNAUTHORIZED,
                "the code of the second factor is wrong, too old, or was used before",
            )
            .hint("wait for the next code, and check the clock of the authenticator")
            .challenge(HeaderValue::from_static("Bearer realm=\"grid\"")),
        }
    }
}

/// Checks the code of a user's second factor, where they have one. Each code is taken once.
pub(super) async fn second_factor(
    services: &Services,
    user: &User,
    code: Option<&str>,
) -> Result<Result<(), SecondFactor>, Problem> {
    let store = services.store();
    let Some(factor) = store.second_factor(user.id()).await?.filter(|factor| factor.confirmed_at.is_some())
    else {
        return Ok(Ok(()));
    };
    let Some(code) = code else { return Ok(Err(SecondFactor::Missing)) };
    let now = clock::now();
    let secret = totp_secret(services, user.id(), &factor.secret)?;
    let taken = match secret.verify(code, now, factor.last_step) {
        Some(step) => store.accept_step(user.id(), step).await?,
        None => match RecoveryCode::parse(code) {
            Ok(recovery) => store.use_recovery_code(user.id(), &recovery.hash(), now).await?,
            Err(_) => false,
        },
    };
    Ok(if taken { Ok(()) } else { Err(SecondFactor::Wrong) })
}

/// The secret of a second factor as it is stored: sealed, where there is a key for that.
pub(super) fn totp_secret(services: &Services, user: Uuid, stored: &[u8]) -> Result<TotpSecret, Problem> {
    let context = totp_context(user);
    Ok(match services.sealing_key() {
        // What was stored before there was a key has the length of a secret, and nothing sealed is as short.
        Some(key) if TotpSecret::from_bytes(stored).is_err() => {
            TotpSecret::from_bytes(&key.open(stored, &context)?)?
        }
        _ => TotpSecret::from_bytes(stored)?,
    })
}

/// What the sealed secret of a second factor is bound to.
pub(super) fn totp_context(user: Uuid) -> String {
    format!("second factor of {user}")
}

/// Begins a session of a user: its first pair of tokens.
async fn start(
    services: &Services,
    limits: grid_core::auth::SessionLimits,
    user: &User,
    scopes: Scopes,
    client_id: String,
    origin: &Origin,
) -> Result<(Tokens, RefreshToken), Problem> {
    let now = clock::now();
    let id = new_id(now);
    let refresh = RefreshToken::first(id)?;
    let access = new_token_id(now)?;
    let chain: Chain = Session::start(&refresh, access);
    let session = Session {
        id,
        user_id: user.id(),
        client_id: client_id.chars().filter(|c| !c.is_control()).take(120).collect(),
        scopes: scopes.clone(),
        address: origin.address.to_string(),
        user_agent: origin.user_agent.clone(),
        created_at: now,
        used_at: now,
        expires_at: Session::expiry(now, limits, now),
        ended: None,
        chain,
    };
    // Another password, or a user who was disabled, since the password was looked at.
    services.store().create_session(&session, user.password()).await.map_err(|error| match error {
        store::Error::PasswordChanged { .. } | store::Error::UserDisabled { .. } => wrong(),
        error => error.into(),
    })?;
    Ok((issue(services, user, id, access, scopes, now)?, refresh))
}

/// An access token of a session.
pub(super) fn issue(
    services: &Services,
    user: &User,
    session: Uuid,
    access: Uuid,
    scope: Scopes,
    now: Timestamp,
) -> Result<Tokens, Problem> {
    let allows = scope.to_string();
    let subject = Subject {
        user_id: user.id(),
        username: user.username().to_owned(),
        scope,
        session_id: Some(session),
    };
    let issued = services.issue(access, &subject, now)?;
    Ok(Tokens {
        acces_token: issued.token.clone(),
        access_token: issued.token,
        token_type: "bearer",
        expires_in: issued.expires_in.as_secs(),
        refresh_token: None,
        scope: allows,
        user_id: subject.user_id,
    })
}

/// The answer with a pair of tokens.
pub(super) fn hand_out(app: &App, mut tokens: Tokens, refresh: &RefreshToken, place: RefreshIn) -> Response {
    let cookie = match place {
        RefreshIn::Cookie => browser::keep(refresh, app.config().session_limits()),
        RefreshIn::Body => {
            tokens.refresh_token = Some(refresh.expose().to_owned());
            None
        }
    };
    let mut response =
        ([(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")], Json(tokens)).into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
