//! Communities and who belongs to them.

use axum::{
    extract::State,
    http::{HeaderName, StatusCode, header},
};
use grid_core::{
    energy::{Community, Member, Name, RegisterReport, Role, request_text},
    store::{Store, new_id},
    time::Calendar,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    app::App,
    caller::{Caller, not_found},
    clock,
    extract::{Json, Path, Query},
    page::{Listed, NamedQuery, PageQuery},
    period::{Period, field},
    problem::Problem,
};

/// A community to found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCommunity {
    #[schema(example = "Las Acacias")]
    name: String,
    /// IANA zone that its days and bills follow.
    #[schema(example = "Europe/Madrid")]
    time_zone: String,
}

/// A community.
#[derive(Serialize, ToSchema)]
#[schema(as = Community)]
pub(crate) struct CommunityView {
    id: Uuid,
    #[schema(value_type = String, example = "Las Acacias")]
    name: Name,
    #[schema(example = "Europe/Madrid")]
    time_zone: String,
}

impl From<Community> for CommunityView {
    fn from(community: Community) -> Self {
        Self { id: community.id, name: community.name, time_zone: community.calendar.name().to_owned() }
    }
}

/// A member to take in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMember {
    /// Unique within the community.
    #[schema(example = "Casa 7")]
    name: String,
    /// The user who sees the member as theirs, by id ...
    user_id: Option<Uuid>,
    /// ... or by username; an e-mail address finds nobody.
    username: Option<String>,
    /// `member` or `operator`; `member` where nothing is said.
    role: Option<String>,
}

/// A member of a community.
#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
pub(crate) struct MemberView {
    id: Uuid,
    #[schema(value_type = String, example = "Casa 7")]
    name: Name,
    user_id: Option<Uuid>,
    #[schema(value_type = String, example = "member")]
    role: Role,
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        Self { id: member.id, name: member.name, user_id: member.user, role: member.role }
    }
}

/// Lists the communities that the caller belongs to.
#[utoipa::path(get, path = "/communities", tag = "communities", security(("bearerAuth" = [])), params(PageQuery),
    operation_id = "communities_list",
    responses((status = 200, description = "A page of communities", body = Listed<CommunityView>)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listed<CommunityView>>, Problem> {
    let communities = app.services()?.store().communities_of(caller.id, page.into()).await?;
    Ok(Json(Listed::of(communities, CommunityView::from)))
}

/// Founds a community; the caller becomes its operator.
#[utoipa::path(post, path = "/communities", tag = "communities", security(("bearerAuth" = [])),
    operation_id = "communities_create",
    responses((status = 201, description = "Founded; `Location` is its path", body = CommunityView)))]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<NewCommunity>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<CommunityView>), Problem> {
    let now = clock::now();
    let community = Community {
        id: new_id(now),
        name: field("/name", Name::new(&body.name))?,
        calendar: field("/time_zone", Calendar::new(&body.time_zone))?,
    };
    let operator = Member {
        id: new_id(now),
        name: Name::new(&caller.username)?,
        user: Some(caller.id),
        role: Role::Operator,
    };
    app.services()?.store().create_community(&community, &operator, now).await?;
    let location = format!("/api/v1/communities/{}", community.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(community.into())))
}

/// Gives a community.
#[utoipa::path(get, path = "/communities/{id}", tag = "communities", security(("bearerAuth" = [])),
    operation_id = "communities_show",
    params(("id" = Uuid, Path)), responses((status = 200, description = "The community", body = CommunityView)))]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<CommunityView>, Problem> {
    Ok(Json(caller.community(&app, id).await?.0.into()))
}

/// Lists the members of a community.
#[utoipa::path(get, path = "/communities/{id}/members", tag = "communities", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), NamedQuery), responses((status = 200, description = "The members", body = Listed<MemberView>)))]
pub(crate) async fn members(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(page): Query<NamedQuery>,
) -> Result<Json<Listed<MemberView>>, Problem> {
    caller.community(&app, id).await?;
    let members = app.services()?.store().members(id).await?;
    let members = members.into_iter().map(MemberView::from).collect();
    Ok(Json(page.of(members, |member: &MemberView| member.id.to_string())?))
}

/// Takes a member in. Only for operators.
#[utoipa::path(post, path = "/communities/{id}/members", tag = "communities", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path)), responses(
        (status = 201, description = "Taken in", body = MemberView),
        (status = 403, description = "The caller is no operator", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "The name is taken", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn add_member(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(body): Json<NewMember>,
) -> Result<(StatusCode, Json<MemberView>), Problem> {
    let community = caller.operated(&app, id).await?;
    let store = app.services()?.store();
    let user = match (body.user_id, body.username) {
        (Some(id), _) => Some(store.user(id).await?.ok_or_else(|| not_found("user", id))?.id()),
        (None, Some(name)) => {
            // The store finds addresses as well; an operator is not told who has one.
            let wanted = name.trim().to_lowercase();
            let found = store.user_by_name(&name).await?;
            let user = found.filter(|user| user.username().to_lowercase() == wanted);
            let missing = || {
                Problem::new(
                    StatusCode::NOT_FOUND,
                    format!("there is no user `{}`", grid_core::error::excerpt(&name)),
                )
            };
            Some(user.ok_or_else(missing)?.id())
        }
        (None, None) => None,
    };
    let now = clock::now();
    let member = Member {
        id: new_id(now),
        name: field("/name", Name::new(&body.name))?,
        user,
        role: body.role.map_or(Ok(Role::Member), |role| field("/role", role.parse::<Role>()))?,
    };
    store.add_member(community.id, &member, now).await?;
    Ok((StatusCode::CREATED, Json(member.into())))
}

/// How complete a community's registers are, and what to ask again.
#[derive(Serialize, ToSchema)]
pub(crate) struct CommunityCompletenessView {
    /// One item a register: how many slots are expected and known, by quality, the gaps, and what to ask again.
    #[schema(value_type = Vec<Object>)]
    items: Vec<RegisterReport>,
    /// What can be sent to whoever reads the meters; `null` where nothing is missing.
    request: Option<String>,
}

/// Says how complete the registers of a community's devices are over a period, and what to ask again. Only for operators.
#[utoipa::path(get, path = "/communities/{id}/completeness", tag = "settlement", operation_id = "communities_completeness", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), Period),
    responses(
        (status = 200, description = "By device and channel", body = CommunityCompletenessView),
        (status = 403, description = "The caller is no operator", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn completeness(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(period): Query<Period>,
) -> Result<Json<CommunityCompletenessView>, Problem> {
    let community = caller.operated(&app, id).await?;
    let interval = period.whole(&community.calendar)?;
    let reports = move |store: Store| async move { store.register_reports(id, interval).await };
    let items = app.compute(caller.id, reports).await?;
    let request = request_text(&items);
    Ok(Json(CommunityCompletenessView { items, request }))
}
