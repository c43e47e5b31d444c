//! Who is there, users, communities and their members, and who did what.

use grid_core::{
    auth::{Password, PasswordHasher},
    energy::{Community, Member, Name},
    store::{User, blocking::Store, new_id},
};
use pyo3::prelude::*;

use super::{PyStore, tables};
use crate::{
    auth::{Id, instant_or_now},
    error::raise,
    table::PyTable,
    time::{self, Instant},
};

#[pymethods]
impl PyStore {
    /// Creates a user, whose password is kept as an Argon2id hash, and returns their id.
    ///
    /// The password has 8 to 128 characters and is none of the most common ones.
    #[pyo3(signature = (username, email, password, *, now=None))]
    fn create_user(
        &self,
        py: Python<'_>,
        username: &str,
        email: &str,
        password: &str,
        now: Option<Instant>,
    ) -> PyResult<String> {
        let now = instant_or_now(py, now)?;
        let password = Password::choose(password).map_err(raise)?;
        let hash = py.detach(|| PasswordHasher::default().hash(&password)).map_err(raise)?;
        let user = User::new(new_id(now), username, email, hash).map_err(raise)?;
        self.ask(py, |store| store.create_user(&user, now))?;
        Ok(user.id().to_string())
    }

    /// The id of the user with that name or e-mail address, or ``None``.
    fn find_user(&self, py: Python<'_>, name: &str) -> PyResult<Option<String>> {
        Ok(self.ask(py, |store| store.user_by_name(name))?.map(|user| user.id().to_string()))
    }

    /// Creates a community that ``owner``, a user, runs, and returns its id.
    #[pyo3(signature = (name, *, owner, time_zone, now=None))]
    fn create_community(
        &self,
        py: Python<'_>,
        name: &str,
        owner: Id,
        time_zone: &str,
        now: Option<Instant>,
    ) -> PyResult<String> {
        let now = instant_or_now(py, now)?;
        let name = Name::new(name).map_err(raise)?;
        let community = Community { id: new_id(now), name, calendar: time::calendar(time_zone)? };
        let creator = self.operator_for(py, owner.0, new_id(now))?;
        self.ask(py, |store| store.create_community(&community, &creator, now))?;
        Ok(community.id.to_string())
    }

    /// All communities: a table with ``id, name, time_zone``.
    fn communities(&self, py: Python<'_>) -> PyResult<PyTable> {
        let communities = self.all(py, Store::communities, |community| community.id)?;
        tables::communities(&communities)
    }

    /// Adds a member to a community and returns the member's id.
    ///
    /// ``user`` is the user who sees the member as theirs, if any; ``role`` is ``member`` or ``operator``.
    #[pyo3(signature = (community, name, *, user=None, role="member", now=None))]
    fn add_member(
        &self,
        py: Python<'_>,
        community: Id,
        name: &str,
        user: Option<Id>,
        role: &str,
        now: Option<Instant>,
    ) -> PyResult<String> {
        let now = instant_or_now(py, now)?;
        let member = Member {
            id: new_id(now),
            name: Name::new(name).map_err(raise)?,
            user: user.map(|user| user.0),
            role: role.parse().map_err(raise)?,
        };
        self.ask(py, |store| store.add_member(community.0, &member, now))?;
        Ok(member.id.to_string())
    }

    /// The members of a community: a table with ``id, name, user, role``.
    fn members(&self, py: Python<'_>, community: Id) -> PyResult<PyTable> {
        tables::members(&self.ask(py, |store| store.members(community.0))?)
    }

    /// The trail of what was done, the newest first, of everybody or of one user (``actor``), about everything or about one
    /// ``action``, such as ``settlement.issue``: a table with ``id, at, actor, actor_name, action, target, succeeded,
    /// reason, address, request_id``.
    #[pyo3(signature = (*, actor=None, action=None))]
    fn audit(&self, py: Python<'_>, actor: Option<Id>, action: Option<&str>) -> PyResult<PyTable> {
        let actor = actor.map(|actor| actor.0);
        let entries = self.all(py, |store, page| store.audit(page, actor, action), |entry| entry.id)?;
        tables::audit(&entries)
    }
}
