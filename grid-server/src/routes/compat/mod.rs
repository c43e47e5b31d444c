//! The paths of the system before this one, with its parameters, its field names and its numbers.
//!
//! Its clients read bare lists and JSON numbers in kWh, and local times without an offset; `user_id` is always the caller's
//! own. Days, months and years are those of the user's first device. What was wrong with the answers is mended: an
//! empty list is an answer, an entry over midnight counts on each of its days, a refusal says the same in `detail` and in
//! `message`. The battery, the predictions and the logins of that system stand beside the new routes of the same subject.

mod aggregates;
mod devices;
mod entries;
mod older;
mod service;

use grid_core::{
    energy::Channel,
    series::Slot,
    store::Store,
    time::{Calendar, Resolution},
};
use jiff::civil::DateTime;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::not_one_of;
use crate::{
    app::App,
    caller::{Caller, not_found},
    problem::Problem,
};

/// What stands under `/api/v1`.
pub(super) fn plain() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(aggregates::by_delta))
        .routes(routes!(aggregates::by_device))
        .routes(routes!(aggregates::month))
        .routes(routes!(aggregates::average))
        .routes(routes!(older::by_delta))
        .routes(routes!(older::by_device))
        .routes(routes!(older::current_month))
        .routes(routes!(older::average))
        .routes(routes!(older::month_of_consumption))
        .routes(routes!(older::month_of_generation))
        .routes(routes!(entries::register))
        .routes(routes!(entries::register_many))
        .routes(routes!(devices::of_user))
}

/// What stands at the root.
pub(super) fn root() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(entries::register_at_root))
        .routes(routes!(service::health))
        .routes(routes!(service::status))
}

/// The channel of a `value_type`; consumption where nothing is said.
fn channel(value_type: Option<&str>) -> Result<Channel, Problem> {
    match value_type.map(str::trim) {
        None | Some("consumption") => Ok(Channel::Consumption),
        // The old pages said the one, its services the other.
        Some("generation" | "production") => Ok(Channel::Generation),
        Some(other) => Err(not_one_of("value_type", "`consumption` or `generation`", other)),
    }
}

/// The resolution of a `delta`, where it is one of those that the path has.
fn resolution(delta: &str, known: &[(&str, Resolution)], expected: &str) -> Result<Resolution, Problem> {
    let found = known.iter().find(|(name, _)| *name == delta.trim());
    found.map(|(_, resolution)| *resolution).ok_or_else(|| not_one_of("delta", expected, delta))
}

/// The user that is asked about, who is the caller; another is not found.
fn own(caller: &Caller, user: Uuid) -> Result<Uuid, Problem> {
    if user == caller.id { Ok(user) } else { Err(not_found("user", user)) }
}

/// What a user's devices came to in each day, month or year of which anything is known.
async fn totals(
    app: &App,
    user: Uuid,
    channel: Channel,
    resolution: Resolution,
) -> Result<(Calendar, Vec<Slot>), Problem> {
    let totals = move |store: Store| async move { store.owner_totals(user, channel, resolution).await };
    app.compute(user, totals).await
}

/// The local midnight at which a slot begins, as the old system wrote it: without an offset.
fn midnight(calendar: &Calendar, slot: &Slot) -> String {
    // Where clocks change at midnight, the first instant of a day is later; the day is the same.
    let at: DateTime = calendar.date_of(slot.interval.start()).at(0, 0, 0, 0);
    at.to_string()
}
