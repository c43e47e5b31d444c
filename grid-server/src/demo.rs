//! `grid-server demo`: a community to look at, loaded where the database is empty.

mod generator;
mod random;

use std::{net::SocketAddr, time::Duration};

use axum::http::StatusCode;
use grid_core::{
    auth::Password,
    energy::{Community, Member, Name, Role, tariff::Tariff},
    error::{Failure, Kind},
    store::{self, Page, Store, User, new_id},
    time::Calendar,
};
use uuid::Uuid;

use crate::{app::App, clock, problem::Problem, serve::near};

/// The demo login. It is public: it stands in README.md, and every start prints it.
const USERNAME: &str = "demo";
const PASSWORD: &str = "demo-community";
/// The demo community's id, the same in every database, so that what is written about it stays true.
const COMMUNITY: Uuid = Uuid::from_u128(0x0199_c2a0_0000_7000_8000_0000_0000_de30);
/// The demo user's id. Nobody who registers gets it, so that it tells the demo's own user from another of the name.
const USER: Uuid = Uuid::from_u128(0x0199_c2a0_0000_7000_8000_0000_0000_de31);

/// The tariff of the demo community: an example that the documentation explains.
const TARIFF: &str = include_str!("../../docs/tariffs/flat.toml");

/// How long a start waits before it looks again at a database that another one keeps busy.
const PAUSE: Duration = Duration::from_secs(1);

/// Loads the demo community where the database is empty; what a start that broke off left out is made up for.
///
/// Any number of processes may do so at once: what one of them finds taken, another has made.
pub(crate) async fn load(app: &App) -> Result<(), Problem> {
    loop {
        match try_to_load(app).await {
            Err(problem) if problem.status() == StatusCode::SERVICE_UNAVAILABLE => {
                tracing::warn!("the demo community cannot be loaded yet: {problem}");
                tokio::time::sleep(PAUSE).await;
            }
            done => return done,
        }
    }
}

async fn try_to_load(app: &App) -> Result<(), Problem> {
    let store = app.services()?.store();
    let is_there = exists(store).await? || (is_empty(store).await? && found(app, store).await?);
    if !is_there {
        // Somebody's own data: nothing is added to it.
        return Ok(());
    }
    if store.tariffs(COMMUNITY).await?.is_empty() {
        // So that a month can be settled at once.
        store.add_tariff(COMMUNITY, None, &Tariff::parse_toml(TARIFF)?, clock::now()).await?;
    }
    if !store.community_devices(COMMUNITY, None).await?.is_empty() {
        return Ok(());
    }
    let members = store.members(COMMUNITY).await?;
    let Some(owner) = members.iter().find_map(|member| member.user) else { return Ok(()) };
    tracing::info!("loading the demo community");
    let readings = tokio::task::spawn_blocking(generator::readings);
    let readings = readings.await.map_err(|_| Problem::internal("the demo could not be generated"))??;
    match store.import_community(COMMUNITY, owner, readings, clock::now()).await {
        Err(error) if error.kind() == Kind::Conflict => {
            tracing::info!("another process loaded the demo community");
        }
        done => {
            let done = done?;
            tracing::info!(
                readings = done.inserted,
                devices = done.devices_created,
                "the demo community is there"
            );
        }
    }
    Ok(())
}

/// Whether nobody works with the database: there is no community and no device, and no user but the demo's own.
///
/// The store lists no users; a name or an address that is taken is found when the demo's own is made.
async fn is_empty(store: &Store) -> Result<bool, Problem> {
    let page = Page { after: None, limit: 1 };
    Ok(store.communities(page).await?.items.is_empty()
        && store.devices(page).await?.items.is_empty()
        && store.user_by_name(USERNAME).await?.is_none_or(|user| user.id() == USER))
}

/// Founds the community, with its operator; says whether it is there now.
async fn found(app: &App, store: &Store) -> Result<bool, Problem> {
    if store.user(USER).await?.is_none() {
        create_user(app, store).await?;
        // Somebody of that name who is not the demo's own must never run its community.
        if store.user(USER).await?.is_none() {
            return Ok(false);
        }
    }
    create_community(store).await?;
    Ok(true)
}

async fn exists(store: &Store) -> Result<bool, Problem> {
    match store.community(COMMUNITY).await {
        Ok(_) => Ok(true),
        Err(store::Error::NotFound { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn create_user(app: &App, store: &Store) -> Result<(), Problem> {
    let password = Password::parse(PASSWORD)?;
    let hasher = app.services()?.hasher().clone();
    let hash = app.passwords().run(move || hasher.hash(&password)).await??;
    let now = clock::now();
    let user = User::new(USER, USERNAME, "demo@example.org", hash)?;
    unless_taken(store.create_user(&user, now).await)
}

async fn create_community(store: &Store) -> Result<(), Problem> {
    let now = clock::now();
    let community = Community {
        id: COMMUNITY,
        name: Name::new("Comunidad Las Acacias")?,
        calendar: Calendar::new(generator::ZONE)?,
    };
    let operator =
        Member { id: new_id(now), name: Name::new("Gestión")?, user: Some(USER), role: Role::Operator };
    unless_taken(store.create_community(&community, &operator, now).await)
}

/// What is taken was made by another process that started at the same time.
fn unless_taken(made: Result<(), store::Error>) -> Result<(), Problem> {
    match made {
        Err(store::Error::Taken { .. }) => Ok(()),
        made => Ok(made?),
    }
}

/// What the start prints: where the server is, the login, and three lines that work as they are.
pub(crate) async fn welcome(app: &App, address: SocketAddr) -> Result<String, Problem> {
    let address = near(address);
    if !exists(app.services()?.store()).await? {
        return Ok(format!(
            "GRID is ready at http://{address} (the API: http://{address}/docs)\n\
             The database has data of its own; the demo community was not loaded into it.\n"
        ));
    }
    let (from, to, day) = (generator::SHOWN_FROM, generator::SHOWN_TO, generator::SHOWN_DAY);
    Ok(format!(
        r#"
GRID is ready at http://{address} (the API: http://{address}/docs)

Demo login: user {USERNAME}, password {PASSWORD}. It is public: keep the demo off the internet.

TOKEN=$(curl -s http://{address}/api/v1/auth/login -H 'Content-Type: application/json' -d '{{"username":"{USERNAME}","password":"{PASSWORD}"}}' | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
curl -s -H "Authorization: Bearer $TOKEN" 'http://{address}/api/v1/communities/{COMMUNITY}/balance?from={from}&to={to}'
curl -s -H "Authorization: Bearer $TOKEN" 'http://{address}/api/v1/charts/energy-day.svg?community={COMMUNITY}&date={day}' -o energy-day.svg

"#
    ))
}
