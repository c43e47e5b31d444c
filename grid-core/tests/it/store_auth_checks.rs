//! What every database must do with logins and what guards them; one list, run on each.

mod accounts;
mod factors;
mod sessions;

use grid_core::{
    auth::{RefreshToken, Revoked, Session, sha256},
    error::{Failure as _, Kind},
    store::{Error, Store, User, new_id},
};
use jiff::{Timestamp, ToSpan as _};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    store::now,
    store_checks::{Check, HASH},
};

macro_rules! checks {
    ($($module:ident { $($name:ident,)* })*) => {
        /// The checks and their names.
        pub(crate) fn all() -> Vec<(&'static str, Check)> {
            vec![$($((stringify!($name), |store| Box::pin($module::$name(store))),)*)*]
        }
    };
}

checks! {
    accounts {
        // First, while the database has no administrator.
        a_setup_link_makes_one_administrator_once,
        a_setup_link_stands_beside_others_expires_and_survives_a_refusal,
        setup_links_of_many_starts_make_one_administrator,
        an_administrator_is_one_until_told_otherwise,
        users_are_listed_a_page_at_a_time,
        a_disabled_user_has_no_session_and_gets_none,
        a_login_and_a_disabling_at_once_leave_no_live_session,
        of_administrators_who_send_each_other_away_one_stays,
        another_password_ends_every_other_session,
        signing_keys_are_sealed_and_removed,
        an_api_key_is_found_by_its_hash_and_listed_for_its_owner,
        an_api_key_is_revoked_by_its_owner_alone,
        api_keys_that_are_no_longer_good_make_room,
        the_last_use_of_an_api_key_never_goes_back,
    }
    factors {
        a_second_factor_is_begun_again_until_it_is_confirmed,
        a_step_is_accepted_once_and_only_upwards,
        a_recovery_code_is_good_once_and_for_its_owner,
        audit_entries_come_back_newest_first,
        whatever_a_stranger_writes_is_recorded,
        failed_logins_are_forgotten_and_all_else_is_kept,
        a_throttle_lets_through_its_burst_however_many_ask_at_once,
        a_passage_is_given_back,
    }
    sessions {
        the_later_of_two_revocations_counts_and_an_expired_one_is_not_given,
        a_session_comes_back_as_it_was,
        whoever_logs_in_all_day_loses_the_sessions_that_were_not_used,
        a_session_is_changed_by_one_at_a_time,
        refreshers_at_once_never_share_a_step,
        an_ended_session_stays_ended_and_its_tokens_are_revoked,
        sessions_of_a_user_are_the_live_ones,
        what_no_longer_matters_is_forgotten,
    }
}

fn is<T: std::fmt::Debug>(result: Result<T, Error>, kind: Kind) -> Error {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    error
}

/// A hash that no other check has.
fn new_hash() -> [u8; 32] {
    // Even in its first bytes no other one is like it, which ids of one millisecond can be.
    sha256(new_id(now()).as_bytes())
}

fn some_user(name: &str) -> User {
    let id = new_id(now());
    let name = format!("{name}{}", id.simple());
    User::new(id, &name, &format!("{name}@example.org"), HASH.to_owned()).unwrap()
}

/// What many tasks get that ask the same at once.
async fn at_once<T, F>(tasks: u32, task: impl Fn(u32) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut running = JoinSet::new();
    for number in 0..tasks {
        running.spawn(task(number));
    }
    running.join_all().await
}

const AT_ONCE: u32 = 16;

fn until() -> Timestamp {
    now() + 15.minutes()
}

fn some_session(user_id: Uuid) -> (Session, RefreshToken) {
    let id = new_id(now());
    let first = RefreshToken::first(id).unwrap();
    let session = Session {
        id,
        user_id,
        client_id: "grid".to_owned(),
        scopes: "read write".parse().unwrap(),
        address: "192.0.2.7".to_owned(),
        user_agent: "Mozilla/5.0 (Móvil)".to_owned(),
        created_at: now(),
        used_at: now(),
        expires_at: now() + 720.hours(),
        ended: None,
        chain: Session::start(&first, new_id(now())),
    };
    (session, first)
}

async fn new_session(store: &Store, user: Uuid) -> Uuid {
    let (session, _) = some_session(user);
    store.create_session(&session, HASH).await.unwrap();
    session.id
}

async fn revoked(store: &Store, what: Revoked) -> bool {
    store.revocations(now()).await.unwrap().iter().any(|revocation| revocation.what == what)
}
