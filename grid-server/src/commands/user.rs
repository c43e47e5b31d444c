//! `grid-server user`: making users, keeping them out, setting their passwords.

use std::io::{BufRead, Read};

use clap::Subcommand;
use grid_core::{
    auth::Password,
    store::{Page, Store, User, new_id},
};

use super::{Failed, find, is_asked_by_a_person, last_token, record};
use crate::{cli, clock, config::Config, serve, telemetry};

/// What to do about users.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Make a user; the password is asked for, or read from standard input.
    Create(Create),
    /// Keep a user from logging in, and end their sessions.
    Disable(Named),
    /// Let a user log in again.
    Enable(Named),
    /// Set a user's password, asked for or read from standard input, and end their sessions.
    SetPassword(Named),
    /// List the users: name, e-mail address, role, whether they may log in.
    List,
}

/// A user to make.
#[derive(clap::Args, Clone, Debug)]
pub struct Create {
    /// The name that the user logs in with.
    pub name: String,
    /// Their e-mail address.
    #[arg(long)]
    pub email: String,
    /// Whether they administer the whole server.
    #[arg(long)]
    pub admin: bool,
}

/// A user who is there.
#[derive(clap::Args, Clone, Debug)]
pub struct Named {
    /// The user's name, or their e-mail address.
    pub name: String,
}

/// Does it.
pub(crate) fn run(config: &Config, command: Command) -> Result<(), Failed> {
    telemetry::start(config);
    match command {
        Command::Create(new) => create(config, &new),
        Command::Disable(Named { name }) => serve::with_store(config, |store| async move {
            let user = find(&store, &name).await?;
            let now = clock::now();
            store.disable_user(user.id(), now, last_token(now)).await?;
            record(&store, "user.disable", user.id()).await?;
            cli::print(&format!("{} is kept out; their sessions have ended\n", user.username()))
        }),
        Command::Enable(Named { name }) => serve::with_store(config, |store| async move {
            let user = find(&store, &name).await?;
            store.enable_user(user.id()).await?;
            record(&store, "user.enable", user.id()).await?;
            cli::print(&format!("{} may log in\n", user.username()))
        }),
        Command::SetPassword(Named { name }) => set_password(config, name),
        Command::List => serve::with_store(config, |store| async move { list(&store).await }),
    }
}

fn create(config: &Config, new: &Create) -> Result<(), Failed> {
    // What is wrong with the name is told before anybody types a password.
    User::new(uuid::Uuid::nil(), &new.name, &new.email, String::new())?;
    let hash = config.password_hasher()?.hash(&password()?)?;
    let now = clock::now();
    let user = User::new(new_id(now), &new.name, &new.email, hash)?;
    let user = if new.admin { user.administrator() } else { user };
    serve::with_store(config, |store| async move {
        store.create_user(&user, now).await?;
        record(&store, "user.create", user.id()).await?;
        let role = if user.is_administrator() { "administrator" } else { "user" };
        cli::print(&format!("{} is there as {role} {}\n", user.username(), user.id()))
    })
}

fn set_password(config: &Config, name: String) -> Result<(), Failed> {
    let hasher = config.password_hasher()?;
    serve::with_store(config, |store| async move {
        let user = find(&store, &name).await?;
        // A person may take their time; nothing else runs here.
        let hash = hasher.hash(&password()?)?;
        let now = clock::now();
        store.change_password(user.id(), &hash, None, now, last_token(now)).await?;
        record(&store, "user.set_password", user.id()).await?;
        cli::print(&format!("{} has another password; their sessions have ended\n", user.username()))
    })
}

async fn list(store: &Store) -> Result<(), Failed> {
    let mut page = Page { after: None, limit: Page::MOST };
    loop {
        let listed = store.users(page).await?;
        for user in listed.items {
            let role = if user.is_administrator() { "administrator" } else { "user" };
            let state =
                user.disabled_at().map_or_else(|| "active".to_owned(), |at| format!("disabled since {at}"));
            cli::print(&format!("{}\t{}\t{role}\t{state}\n", user.username(), user.email()))?;
        }
        match listed.next {
            Some(next) => page.after = Some(next),
            None => return Ok(()),
        }
    }
}

/// A new password: typed twice by a person, who does not see it, or the first line of standard input. It is never an
/// argument, which other users of the machine see and the shell remembers.
fn password() -> Result<Password, Failed> {
    if is_asked_by_a_person() {
        let typed = rpassword::prompt_password("Password: ")?;
        let password = Password::choose(&typed)?;
        if rpassword::prompt_password("The same again: ")? != typed {
            return Err("the two passwords differ".into());
        }
        return Ok(password);
    }
    let mut line = String::new();
    std::io::stdin().lock().take(4096).read_line(&mut line)?;
    Ok(Password::choose(line.trim_end_matches(['\r', '\n']))?)
}
