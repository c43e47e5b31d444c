//! `grid-server demo`: a community to look at, loaded where the database is empty.

mod generator;
mod random;

use std::net::{Ipv4Addr, SocketAddr};

use grid_core::{
    auth::{Password, PasswordHasher},
    energy::{Community, Member, Name, Role},
    store::{Page, Store, User, new_id},
    time::Calendar,
};
use uuid::Uuid;

use crate::{app::App, clock, problem::Problem};

/// The demo login. It is public: it stands in README.md, and every start prints it.
const USERNAME: &str = "demo";
const PASSWORD: &str = "demo-community";
/// The demo community's id, the same in every database, so that what is written about it stays true.
const COMMUNITY: Uuid = Uuid::from_u128(0x0199_c2a0_0000_7000_8000_0000_0000_de30);

/// Loads the demo community where the database has no community yet; what a start that broke off left out is made up
/// for.
pub(crate) async fn load(app: &App) -> Result<(), Problem> {
    let store = app.services()?.store();
    let user = match store.user_by_name(USERNAME).await? {
        Some(user) => user.id(),
        None if is_empty(store).await? => create_user(app, store).await?,
        // Somebody's own data: nothing is added to it.
        None => return Ok(()),
    };
    if !exists(store).await? {
        create_community(store, user).await?;
    }
    if store.community_devices(COMMUNITY).await?.is_empty() {
        tracing::info!("loading the demo community");
        let readings = tokio::task::spawn_blocking(generator::readings);
        let readings = readings.await.map_err(|_| Problem::internal("the demo could not be generated"))??;
        let done = store.import_community(COMMUNITY, user, readings, clock::now()).await?;
        tracing::info!(
            readings = done.inserted,
            devices = done.devices_created,
            "the demo community is there"
        );
    }
    Ok(())
}

async fn is_empty(store: &Store) -> Result<bool, Problem> {
    Ok(store.communities(Page { after: None, limit: 1 }).await?.items.is_empty())
}

async fn exists(store: &Store) -> Result<bool, Problem> {
    match store.community(COMMUNITY).await {
        Ok(_) => Ok(true),
        Err(grid_core::store::Error::NotFound { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn create_user(app: &App, store: &Store) -> Result<Uuid, Problem> {
    let password = Password::parse(PASSWORD)?;
    let hash = app.passwords().run(move || PasswordHasher::default().hash(&password)).await??;
    let now = clock::now();
    let user = User::new(new_id(now), USERNAME, "demo@example.org", hash)?;
    store.create_user(&user, now).await?;
    Ok(user.id())
}

async fn create_community(store: &Store, user: Uuid) -> Result<(), Problem> {
    let now = clock::now();
    let community = Community {
        id: COMMUNITY,
        name: Name::new("Comunidad Las Acacias")?,
        calendar: Calendar::new(generator::ZONE)?,
    };
    let operator =
        Member { id: new_id(now), name: Name::new("Gestión")?, user: Some(user), role: Role::Operator };
    Ok(store.create_community(&community, &operator, now).await?)
}

/// What the start prints: where the server is, the login, and three lines that work as they are.
pub(crate) async fn welcome(app: &App, address: SocketAddr) -> Result<String, Problem> {
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
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
