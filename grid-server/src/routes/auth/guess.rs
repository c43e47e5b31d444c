//! Guessing at passwords and codes: how often it may be tried, and by whom.
//!
//! Three throttles count each guess. A network (an IPv4 address, or a /64) may try a little everywhere; one network may try
//! little at one account; and an account takes ten times as much from everywhere together, so that who guesses from one
//! place cannot keep its owner out. All of them are in the database, which the servers share.

use std::{num::NonZeroU32, time::Duration};

use grid_core::{
    auth::{Decision, Password, Throttle, sha256},
    store::User,
};
use uuid::Uuid;

use crate::{app::App, clock, config::Config, origin::Origin, problem::Problem, services::Services};

/// Whose password or code it is that is tried.
#[derive(Clone, Copy)]
pub(super) enum Whose<'a> {
    /// Whoever has this name or e-mail address; perhaps nobody.
    Name(&'a str),
    /// This user's.
    User(Uuid),
}

/// A guess, which is counted until it turns out to be right.
pub(super) struct Guess(Vec<([u8; 32], Throttle)>);

impl Guess {
    /// Counts a guess at a code of a user's second factor, wherever it comes from: who gets as far as a code has the
    /// password already, so nobody else can keep the owner out by it.
    pub(super) async fn of_code(app: &App, id: Uuid) -> Result<Self, Problem> {
        let key = sha256(format!("code of {id}").as_bytes());
        Self::count(app.services()?, vec![(key, app.config().account_throttle())]).await
    }

    /// Counts something that an address may not do too often.
    pub(super) async fn from_address(app: &App, origin: &Origin) -> Result<Self, Problem> {
        Self::count(app.services()?, vec![network(app.config(), origin)]).await
    }

    async fn count(services: &Services, throttles: Vec<([u8; 32], Throttle)>) -> Result<Self, Problem> {
        for (key, throttle) in &throttles {
            // What was counted before stays counted: who is refused is not helped by that.
            let decision = services.store().pass_throttle(key, throttle, clock::now()).await?;
            passed(decision)?;
        }
        Ok(Self(throttles))
    }

    /// Takes the guess back: it was none.
    pub(super) async fn was_right(&self, services: &Services) -> Result<(), Problem> {
        for (key, throttle) in &self.0 {
            services.store().give_back(key, throttle).await?;
        }
        Ok(())
    }
}

fn passed(decision: Decision) -> Result<(), Problem> {
    match decision {
        Decision::Passed { .. } => Ok(()),
        Decision::Refused { retry_after } => Err(Problem::limited(
            "too many wrong passwords or codes, or too many accounts from one address",
            retry_after,
        )),
    }
}

fn network(config: &Config, origin: &Origin) -> ([u8; 32], Throttle) {
    (sha256(format!("network {}", origin.network()).as_bytes()), config.address_throttle())
}

/// The throttles of a guess. A name that nobody has is counted like any other, so that none of them tells who is there.
fn throttles(
    config: &Config,
    origin: &Origin,
    whose: Whose<'_>,
    user: Option<Uuid>,
) -> Vec<([u8; 32], Throttle)> {
    let called = match whose {
        Whose::Name(name) => format!("name {}", name.trim().to_lowercase()),
        Whose::User(id) => format!("user {id}"),
    };
    let whole = user.map_or_else(|| called.clone(), |id| format!("user {id}"));
    let from_here = format!("{called} from {}", origin.network());
    vec![
        network(config, origin),
        (sha256(from_here.as_bytes()), config.account_throttle()),
        (sha256(format!("all of {whole}").as_bytes()), everywhere(config)),
    ]
}

/// What an account takes from all networks together.
fn everywhere(config: &Config) -> Throttle {
    let most = config.account_tries.saturating_mul(NonZeroU32::MIN.saturating_add(9));
    Throttle::new(most, Duration::from_secs(10))
}

/// Guesses at a password: the user whose it is, in the same time whether there is none or it is another's.
///
/// The guess is counted when its turn has come, so that no more of them are under way than there are places: many who log
/// in at once with the right password wait for each other, and are not taken for somebody who tries many wrong ones. Who
/// would be refused then is refused before they wait, and keeps nobody's place.
pub(super) async fn password(
    app: &App,
    origin: &Origin,
    whose: Whose<'_>,
    password: &str,
) -> Result<(Guess, Option<User>), Problem> {
    let services = app.services()?;
    let waiting = app.passwords().queue()?;
    let (user, throttles) = look_up(app, services, origin, whose).await?;
    // Whoever has a place and counts keeps those who wait as long as the database keeps it.
    let place = app.counting().behind(app.passwords(), waiting.place()).await?;
    let counting = app.counting().begin();
    let guess = Guess::count(services, throttles).await?;
    drop(counting);
    // What cannot be anybody's password is answered like a wrong one.
    let Ok(password) = Password::parse(password) else { return Ok((guess, None)) };
    let stored = user.as_ref().map(|user| user.password().to_owned());
    let hasher = services.hasher().clone();
    let (right, renewed) = place
        .run(move || {
            let right = match &stored {
                Some(stored) => hasher.verify(&password, stored)?,
                // The same work for a name that nobody has, so that the time does not tell.
                None => hasher.verify_nobody(&password)?,
            };
            let renewed = match stored {
                Some(stored) if right && hasher.needs_rehash(&stored) => Some(hasher.hash(&password)?),
                _ => None,
            };
            Ok::<_, grid_core::auth::Error>((right, renewed))
        })
        .await??;
    let user = user.filter(|user| right && user.disabled_at().is_none());
    match (user, renewed) {
        (Some(user), Some(renewed)) => Ok((guess, Some(renew(services, user, &renewed).await?))),
        (user, _) => Ok((guess, user)),
    }
}

/// Looks for the user, and refuses at once what the throttles would refuse when its turn comes; nothing is counted yet.
async fn look_up(
    app: &App,
    services: &Services,
    origin: &Origin,
    whose: Whose<'_>,
) -> Result<(Option<User>, Vec<([u8; 32], Throttle)>), Problem> {
    let store = services.store();
    let _at_the_desk = app.desk().await?;
    let user = match whose {
        Whose::Name(name) => store.user_by_name(name).await?,
        Whose::User(id) => store.user(id).await?,
    };
    let throttles = throttles(app.config(), origin, whose, user.as_ref().map(User::id));
    for (key, throttle) in &throttles {
        passed(throttle.ask(store.throttle_state(key).await?, clock::now()))?;
    }
    Ok((user, throttles))
}

/// Stores a new hash of a password that was right, unless it was changed meanwhile.
async fn renew(services: &Services, user: User, renewed: &str) -> Result<User, Problem> {
    let store = services.store();
    store.renew_password(user.id(), user.password(), renewed).await?;
    let now = store.user(user.id()).await?.filter(|now| now.password() == renewed);
    // Another login renewed it first, or somebody changed it: only a look at the password tells which.
    now.ok_or_else(|| Problem::unavailable("the account was changed at this moment", Duration::from_secs(1)))
}

/// Counts a guess and verifies a user's password: the user, if it is theirs.
pub(super) async fn is_password_of(
    app: &App,
    origin: &Origin,
    id: Uuid,
    text: &str,
) -> Result<Option<User>, Problem> {
    let (guess, user) = password(app, origin, Whose::User(id), text).await?;
    if user.is_some() {
        guess.was_right(app.services()?).await?;
    }
    Ok(user)
}
