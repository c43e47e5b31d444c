//! Who is asking, and what they may see.
//!
//! The table in `docs/access.md` says who may call which route; a test walks all routes and compares.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, MatchedPath, OriginalUri},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
};
use grid_core::{
    auth::{self, ApiKey, Principal, Scope, Scopes, SharedSecret},
    energy::{Community, Device, Member, Role},
    store::{self, StoredApiKey},
};
use uuid::Uuid;

use crate::{
    app::App,
    clock,
    problem::Problem,
    quota::Held,
    services::{Services, short_lived},
};

/// The user behind a verified access token or API key, whose scopes allow what is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The user's id.
    pub(crate) id: Uuid,
    /// The user's name.
    pub(crate) username: String,
    /// What the token or the key allows.
    pub(crate) scopes: Scopes,
    /// How they showed who they are.
    pub(crate) by: By,
}

/// How a caller showed who they are.
#[derive(Clone, Debug)]
pub(crate) enum By {
    /// An access token.
    Token(Arc<Principal>),
    /// An API key.
    Key(Box<StoredApiKey>),
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        // A layer may have asked already.
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let text = bearer(parts)?;
        let services = app.services()?;
        let caller = if text.starts_with(ApiKey::PREFIX) {
            of_key(services, text).await?
        } else {
            of_token(services, text).await?
        };
        let caller = caller.allowed(parts)?;
        Held::take(&parts.extensions, app.user_requests(), caller.id)?;
        Ok(caller)
    }
}

/// Somebody with a good token, who asks for what is neither read from the database nor stored there.
///
/// Where the database answers, this is a [`Caller`]. While it cannot be reached, the token's signature, its times and its
/// scopes must hold, as must what this server knows of revocations; that its user may still log in is not asked, since
/// nothing of anybody is told or changed. An API key, of which only the database knows, is refused then, and so is every
/// token before the signing keys could be read for the first time, but for one of the HS256 mode, whose secret is a setting.
#[derive(Debug)]
pub(crate) struct Bearer {
    /// Whom the token is about.
    pub(crate) user: Uuid,
    caller: Result<Caller, Problem>,
}

impl Bearer {
    /// The caller; a refusal where the database could not be asked.
    pub(crate) fn caller(self) -> Result<Caller, Problem> {
        self.caller
    }
}

impl FromRequestParts<App> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let unreachable = match Caller::from_request_parts(parts, app).await {
            Ok(caller) => return Ok(Self { user: caller.id, caller: Ok(caller) }),
            Err(problem) if problem.status() == StatusCode::SERVICE_UNAVAILABLE => problem,
            Err(problem) => return Err(problem),
        };
        let text = bearer(parts)?;
        let principal = match (app.services(), app.config().shared_secret()) {
            _ if text.starts_with(ApiKey::PREFIX) => return Err(unreachable),
            (Ok(services), _) => services.verify(text).await?,
            (Err(_), Ok(Some(secret))) if SharedSecret::is_meant(text) => {
                let now = clock::now();
                short_lived(Arc::new(secret.verify(text, now)?), now)?
            }
            (Err(_), _) => return Err(unreachable),
        };
        let user = Caller::of_principal(principal).allowed(parts)?.id;
        Ok(Self { user, caller: Err(unreachable) })
    }
}

/// The token or key of the `Authorization` header.
fn bearer(parts: &Parts) -> Result<&str, Problem> {
    let mut headers = parts.headers.get_all(header::AUTHORIZATION).iter();
    let first = headers.next();
    if headers.next().is_some() {
        return Err(Problem::from(auth::Error::HeaderManyValues { got: 2 }));
    }
    auth::bearer(first.map(HeaderValue::as_bytes)).map_err(|error| {
        let missing = matches!(error, auth::Error::HeaderMissing);
        let problem = Problem::from(error);
        // RFC 6750, section 3.1: who sent nothing is told no error code.
        if missing { problem.challenge(HeaderValue::from_static("Bearer realm=\"grid\"")) } else { problem }
    })
}

/// The token or key of a request that had one.
pub(crate) fn token(headers: &HeaderMap) -> Result<String, Problem> {
    let value = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    Ok(auth::bearer(value)?.to_owned())
}

/// Checks that a token or key with which somebody began to listen is still good.
pub(crate) async fn is_good(app: &App, token: &str) -> Result<(), Problem> {
    let services = app.services()?;
    if token.starts_with(ApiKey::PREFIX) {
        of_key(services, token).await?;
    } else {
        of_token(services, token).await?;
    }
    Ok(())
}

async fn of_token(services: &Services, token: &str) -> Result<Caller, Problem> {
    let principal = services.verify(token).await?;
    // A session is ended when its user is disabled. A token without one comes from another service, and its user is
    // looked at each time.
    if principal.session_id.is_none() || services.is_shared(token) {
        active(services, principal.user_id).await?;
    }
    if let (true, Some(id)) = (services.is_shared(token), principal.session_id) {
        // Whoever has the shared secret can name any session.
        let session = services.store().session(id).await?;
        let is_theirs = session
            .is_some_and(|session| session.user_id == principal.user_id && session.is_live(clock::now()));
        if !is_theirs {
            return Err(auth::Error::SessionOver.into());
        }
    }
    Ok(Caller::of_principal(principal))
}

async fn of_key(services: &Services, text: &str) -> Result<Caller, Problem> {
    let refused = || {
        Problem::new(StatusCode::UNAUTHORIZED, "the API key is unknown, expired or revoked")
            .challenge(HeaderValue::from_static("Bearer error=\"invalid_token\""))
    };
    let key = ApiKey::parse(text)?;
    let now = clock::now();
    let stored = services.store().api_key_by_hash(&key.hash()).await?.ok_or_else(refused)?;
    if stored.revoked_at.is_some() || stored.expires_at.is_some_and(|end| end <= now) {
        return Err(refused());
    }
    let owner = active(services, stored.owner).await?;
    // To the minute, so that a busy meter does not write with every reading.
    if stored.last_used_at.is_none_or(|used| now.duration_since(used).as_secs() >= 60) {
        services.store().note_api_key_use(stored.id, now).await?;
    }
    Ok(Caller {
        id: owner.id(),
        username: owner.username().to_owned(),
        scopes: scopes_of_key(&stored, &owner),
        by: By::Key(Box::new(stored)),
    })
}

/// What a key still allows: what only administrators may allow ends where its owner is none any more.
pub(crate) fn scopes_of_key(key: &StoredApiKey, owner: &store::User) -> Scopes {
    let still = |scope: &&Scope| owner.is_administrator() || scope.as_str() != Scopes::INTROSPECT;
    key.scopes.iter().filter(still).cloned().collect()
}

/// A user who is there and may log in.
async fn active(services: &Services, id: Uuid) -> Result<store::User, Problem> {
    let user = services.store().user(id).await?.filter(|user| user.disabled_at().is_none());
    user.ok_or_else(|| {
        Problem::new(StatusCode::UNAUTHORIZED, "the user of this token is not there any more, or is disabled")
            .challenge(HeaderValue::from_static("Bearer error=\"invalid_token\""))
    })
}

impl Caller {
    /// Whom a verified token is about.
    fn of_principal(principal: Arc<Principal>) -> Self {
        Self {
            id: principal.user_id,
            username: principal.username.clone(),
            scopes: principal.scopes.clone(),
            by: By::Token(principal),
        }
    }

    /// The caller, where the token or key allows the request.
    fn allowed(self, parts: &Parts) -> Result<Self, Problem> {
        let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        // Under `/api/v1` the path of the request itself begins after that.
        let called = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(uri)| uri);
        self.may(&parts.method, path, called.path())?;
        Ok(self)
    }

    /// Checks that the token or key allows this method on this path.
    fn may(&self, method: &Method, path: &str, called: &str) -> Result<(), Problem> {
        if let By::Key(key) = &self.by {
            let reads_own = path == "/api/v1/auth/me" && (method == Method::GET || method == Method::HEAD);
            if path.starts_with("/api/v1/auth/") && !reads_own && path != "/api/v1/auth/introspect" {
                return Err(forbidden("an API key cannot manage logins: log in for this", None));
            }
            if let Some(device) = key.device {
                let own = format!("/api/v1/devices/{device}");
                let rest = called.strip_prefix(&own);
                if !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
                    return Err(forbidden("this API key is for one device and nothing else", None));
                }
            }
        }
        let anybody =
            ["/api/v1/auth/introspect", "/api/v1/auth/logout", "/api/v1/auth/logout-all"].contains(&path);
        let needed: &[&str] = if anybody {
            // Whose tokens a caller may ask about is decided there, and everybody may log out.
            &[]
        } else if method == Method::GET || method == Method::HEAD {
            &[Scopes::READ]
        } else if ["/readings", "/registers", "/register-entry", "/register-entries"]
            .iter()
            .any(|end| path.ends_with(end))
        {
            &[Scopes::WRITE, Scopes::WRITE_READINGS]
        } else {
            &[Scopes::WRITE]
        };
        if needed.is_empty() || needed.iter().any(|name| self.scopes.allows(name)) {
            return Ok(());
        }
        let (first, last) = (needed.first().unwrap_or(&""), needed.last().unwrap_or(&""));
        Err(forbidden(format!("this needs the scope `{last}`, which the token does not have"), Some(first)))
    }

    /// The session of the caller's token, where it has one.
    pub(crate) fn session_id(&self) -> Option<Uuid> {
        match &self.by {
            By::Token(principal) => principal.session_id,
            By::Key(_) => None,
        }
    }

    /// Checks that the caller is an administrator, and now, not only when the token was issued.
    pub(crate) async fn administrator(&self, app: &App) -> Result<(), Problem> {
        let user = app.services()?.store().user(self.id).await?;
        let is_one = user.is_some_and(|user| user.is_administrator() && user.disabled_at().is_none());
        if is_one && self.scopes.allows(Scopes::ADMIN) {
            Ok(())
        } else {
            Err(forbidden("only an administrator may do this", Some(Scopes::ADMIN)))
        }
    }

    /// The caller's own device; another's is not found, so that its existence is not told.
    pub(crate) async fn device(&self, app: &App, id: Uuid) -> Result<Device, Problem> {
        let device = app.services()?.store().device(id).await?;
        if device.owner == self.id { Ok(device) } else { Err(not_found("device", id)) }
    }

    /// A community that the caller belongs to, and as what.
    pub(crate) async fn community(&self, app: &App, id: Uuid) -> Result<(Community, Member), Problem> {
        let store = app.services()?.store();
        let community = store.community(id).await?;
        match store.member_of(id, self.id).await? {
            Some(member) => Ok((community, member)),
            None => Err(not_found("community", id)),
        }
    }

    /// A community that the caller runs.
    pub(crate) async fn operated(&self, app: &App, id: Uuid) -> Result<Community, Problem> {
        let (community, member) = self.community(app, id).await?;
        match member.role {
            Role::Operator => Ok(community),
            Role::Member => {
                Err(Problem::new(StatusCode::FORBIDDEN, "only an operator of the community may do this"))
            }
        }
    }
}

/// A refusal for somebody who is known (RFC 6750 section 3.1), with the scope that would do.
fn forbidden(detail: impl Into<String>, scope: Option<&str>) -> Problem {
    let problem = Problem::new(StatusCode::FORBIDDEN, detail);
    let challenge = scope
        .map(|scope| format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\""))
        .and_then(|text| HeaderValue::from_str(&text).ok());
    match challenge {
        Some(challenge) => problem.challenge(challenge),
        None => problem,
    }
}

/// What the store says of an id that it does not have.
pub(crate) fn not_found(thing: &'static str, id: Uuid) -> Problem {
    Problem::from(store::Error::NotFound { thing, id: id.to_string() })
}
