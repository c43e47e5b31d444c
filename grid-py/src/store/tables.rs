//! What a store answers, as tables.

use grid_core::{
    energy::{
        Channel, Community, Device, Member, Placement, Reading, Stretch,
        ledger::{Recorded, Superseded},
    },
    store::{AuditEntry, PlacedDevice},
    time::Interval,
};
use pyo3::prelude::*;

use crate::{
    readings::{devices, rows},
    table::{PyTable, Table},
};

pub(super) fn communities(communities: &[Community]) -> PyResult<PyTable> {
    Table::new()
        .texts("id", communities.iter().map(|community| Some(community.id.to_string())))
        .texts("name", communities.iter().map(|community| Some(community.name.as_str())))
        .texts("time_zone", communities.iter().map(|community| Some(community.calendar.name())))
        .finish()
}

pub(super) fn members(members: &[Member]) -> PyResult<PyTable> {
    Table::new()
        .texts("id", members.iter().map(|member| Some(member.id.to_string())))
        .texts("name", members.iter().map(|member| Some(member.name.as_str())))
        .texts("user", members.iter().map(|member| member.user.map(|user| user.to_string())))
        .texts("role", members.iter().map(|member| Some(member.role.as_str())))
        .finish()
}

/// The devices of a community, each with the member whose it is and since when.
pub(super) fn community_devices(placed: Vec<PlacedDevice>) -> PyResult<PyTable> {
    let (found, stretches): (Vec<Device>, Vec<Stretch>) =
        placed.into_iter().map(|placed| (placed.device, placed.stretch)).unzip();
    devices(&found)
        .texts("member", stretches.iter().map(|stretch| Some(stretch.member.to_string())))
        .optional_instants("valid_from", stretches.iter().map(Stretch::from))
        .optional_instants("valid_until", stretches.iter().map(Stretch::until))
        .finish()
}

/// All that was ever said of whom a device counts for.
pub(super) fn placements(said: &[Placement]) -> PyResult<PyTable> {
    Table::new()
        .texts("member", said.iter().map(|said| said.member.map(|member| member.to_string())))
        .optional_instants("valid_from", said.iter().map(|said| said.from))
        .optional_instants("valid_until", said.iter().map(|said| said.until))
        .instants("recorded_at", said.iter().map(|said| said.recorded_at))
        .finish()
}

pub(super) fn channels(channels: &[(Channel, Interval)]) -> PyResult<PyTable> {
    Table::new()
        .texts("channel", channels.iter().map(|(channel, _)| Some(channel.as_str())))
        .instants("start", channels.iter().map(|(_, extent)| extent.start()))
        .instants("end", channels.iter().map(|(_, extent)| extent.end()))
        .finish()
}

pub(super) fn readings(found: &[Recorded]) -> PyResult<PyTable> {
    let readings: Vec<Reading> = found.iter().map(|recorded| recorded.reading).collect();
    rows(&readings).instants("recorded_at", found.iter().map(|recorded| recorded.at)).finish()
}

/// Readings that others have replaced.
pub(super) fn history(found: &[Superseded]) -> PyResult<PyTable> {
    let readings: Vec<Reading> = found.iter().map(|old| old.reading).collect();
    rows(&readings)
        .instants("recorded_at", found.iter().map(|old| old.at))
        .instants("replaced_at", found.iter().map(|old| old.until))
        .finish()
}

/// What was done, and by whom.
pub(super) fn audit(entries: &[AuditEntry]) -> PyResult<PyTable> {
    Table::new()
        .texts("id", entries.iter().map(|entry| Some(entry.id.to_string())))
        .instants("at", entries.iter().map(|entry| entry.at))
        .texts("actor", entries.iter().map(|entry| entry.actor.map(|actor| actor.to_string())))
        .texts("actor_name", entries.iter().map(|entry| Some(entry.actor_name.as_str())))
        .texts("action", entries.iter().map(|entry| Some(entry.action.as_str())))
        .texts("target", entries.iter().map(|entry| Some(entry.target.as_str())))
        .booleans("succeeded", entries.iter().map(|entry| entry.succeeded))
        .texts("reason", entries.iter().map(|entry| entry.reason.as_deref()))
        .texts("address", entries.iter().map(|entry| Some(entry.address.as_str())))
        .texts("request_id", entries.iter().map(|entry| Some(entry.request_id.as_str())))
        .finish()
}
