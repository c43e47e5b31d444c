//! How a store is asked: while other threads run, page by page, and with names where ids are wanted.

use grid_core::{
    energy::{Member, Name, Role},
    error::excerpt,
    store::{Error as StoreError, Ingested, Listed, Of, Page, blocking::Store},
    time::Interval,
};
use pyo3::{call::PyCallArgs, intern, prelude::*};
use uuid::Uuid;

use super::PyStore;
use crate::{
    auth::Id,
    error::{Error, raise},
};

impl PyStore {
    /// Asks the database while other threads run.
    pub(super) fn ask<T: Send>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(&Store) -> Result<T, StoreError> + Send,
    ) -> PyResult<T> {
        py.detach(|| call(&self.0)).map_err(raise)
    }

    /// The community of an id or a name.
    pub(super) fn community_id(&self, py: Python<'_>, asked: &Bound<'_, PyAny>) -> PyResult<Uuid> {
        let text = asked.str()?.to_string_lossy().into_owned();
        if let Ok(id) = text.trim().parse() {
            return Ok(id);
        }
        let all = self.all(py, Store::communities, |community| community.id)?;
        let mut named = all.iter().filter(|community| community.name.as_str() == text);
        match (named.next(), named.count()) {
            (Some(community), 0) => Ok(community.id),
            (first, more) => {
                let found = usize::from(first.is_some()).saturating_add(more);
                Err(raise(Error::NotACommunity { got: excerpt(&text), found }))
            }
        }
    }

    /// The member that a user is in a community which they create.
    pub(super) fn operator_for(&self, py: Python<'_>, owner: Uuid, id: Uuid) -> PyResult<Member> {
        let user = self.ask(py, |store| store.user(owner))?;
        // A user who is not there is refused by the store, which says so.
        let name = user.map_or_else(|| owner.to_string(), |user| user.username().to_owned());
        Ok(Member { id, name: Name::new(&name).map_err(raise)?, user: Some(owner), role: Role::Operator })
    }

    /// The user who runs a community.
    pub(super) fn operator_of(&self, py: Python<'_>, community: Uuid) -> PyResult<Uuid> {
        let members = self.ask(py, |store| store.members(community))?;
        let runs = |member: &Member| member.user.filter(|_| member.role == Role::Operator);
        let needed = || raise(Error::Needed { what: "an owner", when: "no user runs the community" });
        members.iter().find_map(runs).ok_or_else(needed)
    }

    /// The members of a community by name.
    pub(super) fn names(&self, py: Python<'_>, community: Uuid) -> PyResult<Vec<(String, Uuid)>> {
        let members = self.ask(py, |store| store.members(community))?;
        Ok(members.into_iter().map(|member| (member.name.to_string(), member.id)).collect())
    }

    /// The member of an id or a name, where one is told.
    pub(super) fn member_id(
        &self,
        py: Python<'_>,
        community: Uuid,
        asked: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Option<Uuid>> {
        let Some(asked) = asked else { return Ok(None) };
        let text = id_text(&self.names(py, community)?, &asked.str()?.to_string_lossy())?;
        text.parse().map(Some).map_err(|_| raise(Error::NotAnId { got: text }))
    }

    /// The local month of a community.
    pub(super) fn month(&self, py: Python<'_>, community: Uuid, month: &str) -> PyResult<Interval> {
        let community = self.ask(py, |store| store.community(community))?;
        community.calendar.month_named(month).map_err(raise)
    }

    /// Asks for every page of a list.
    pub(super) fn all<T: Send>(
        &self,
        py: Python<'_>,
        list: impl Fn(&Store, Page) -> Result<Listed<T>, StoreError> + Sync,
        id: fn(&T) -> Uuid,
    ) -> PyResult<Vec<T>> {
        let mut items: Vec<T> = Vec::new();
        loop {
            let page = Page { after: items.last().map(id), limit: Page::MOST };
            let listed = self.ask(py, |store| list(store, page))?;
            items.extend(listed.items);
            if listed.next.is_none() {
                return Ok(items);
            }
        }
    }
}

/// Whose readings are summed: exactly one may be told.
pub(super) fn one_of(device: Option<Id>, owner: Option<Id>, community: Option<Id>) -> PyResult<Of> {
    match (device, owner, community) {
        (Some(device), None, None) => Ok(Of::Device(device.0)),
        (None, Some(owner), None) => Ok(Of::Owner(owner.0)),
        (None, None, Some(community)) => Ok(Of::Community(community.0)),
        _ => {
            let what = "one of `device`, `owner` and `community`";
            Err(raise(Error::Needed { what, when: "readings are summed" }))
        }
    }
}

/// Makes a result of the package's own.
pub(super) fn result<'py>(
    py: Python<'py>,
    class: &str,
    fields: impl PyCallArgs<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    py.import(intern!(py, "grid_py.results"))?.getattr(class)?.call1(fields)
}

/// What readings did to those that were there.
pub(super) fn ingested(py: Python<'_>, done: Ingested) -> PyResult<Bound<'_, PyAny>> {
    result(py, "Ingested", (done.inserted, done.unchanged, done.superseded))
}

/// The id of a member that is told by id or by name, as the core's keys call it.
pub(super) fn id_text(members: &[(String, Uuid)], text: &str) -> PyResult<String> {
    if let Ok(id) = text.trim().parse::<Uuid>() {
        return Ok(id.to_string());
    }
    let named = members.iter().find(|(name, _)| name == text);
    let unknown = || raise(Error::NotAMember { got: excerpt(text) });
    named.map(|(_, id)| id.to_string()).ok_or_else(unknown)
}
