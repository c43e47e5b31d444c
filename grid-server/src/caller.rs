//! Who is asking, and what they may see.

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, StatusCode, header, request::Parts},
};
use grid_core::{
    auth,
    energy::{Community, Device, Member, Role},
    store,
};
use uuid::Uuid;

use crate::{app::App, problem::Problem};

/// The user behind a verified access token.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The user's id.
    pub(crate) id: Uuid,
    /// The user's name.
    pub(crate) username: String,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let mut headers = parts.headers.get_all(header::AUTHORIZATION).iter();
        let first = headers.next();
        if headers.next().is_some() {
            return Err(Problem::from(auth::Error::HeaderManyValues { got: 2 }));
        }
        let token = auth::bearer(first.map(HeaderValue::as_bytes)).map_err(|error| {
            let missing = matches!(error, auth::Error::HeaderMissing);
            let problem = Problem::from(error);
            // RFC 6750, section 3.1: who sent nothing is told no error code.
            if missing {
                problem.challenge(HeaderValue::from_static("Bearer realm=\"grid\""))
            } else {
                problem
            }
        })?;
        let principal = app.services()?.verify(token).await?;
        Ok(Self { id: principal.user_id, username: principal.username })
    }
}

impl Caller {
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

/// What the store says of an id that it does not have.
pub(crate) fn not_found(thing: &'static str, id: Uuid) -> Problem {
    Problem::from(store::Error::NotFound { thing, id: id.to_string() })
}
