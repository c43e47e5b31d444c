//! A file of a whole community's readings, with the devices and members that it names.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Error, Store,
    backend::on,
    books::Books as _,
    communities::{insert_member, load_community, load_members},
    devices::insert_device,
    events::{Audience, Happening, Tell},
    fault::{Fault, not_found, taken, unknown},
    ingest::{Ingest, Retired, by_channel},
    placements::{PlacedDevice, Placing},
    rows::{self, key},
    sql::sql,
};
use crate::{
    energy::{Channel, Community, Device, DeviceKind, Member, Name, Placement, Reading, Role, ingest::Batch},
    error::excerpt,
    time::{Calendar, Interval},
};

/// What became of a community's file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Imported {
    /// How many devices are new.
    pub devices_created: usize,
    /// How many members are new.
    pub members_created: usize,
    /// How many readings are new.
    pub inserted: usize,
    /// How many readings were there already.
    pub unchanged: usize,
    /// How many readings stand in the place of another one now.
    pub superseded: usize,
}

/// What a file says about one device.
#[derive(Debug, Default)]
struct Described {
    channels: Vec<Channel>,
    member: Option<String>,
    /// From its first reading to its last one.
    extent: Option<Interval>,
}

impl Described {
    /// Takes the extent of readings in.
    fn reach(&mut self, readings: &[Reading]) {
        for interval in readings.iter().map(|reading| reading.interval()) {
            let both = self.extent.and_then(|extent| {
                Interval::new(extent.start().min(interval.start()), extent.end().max(interval.end())).ok()
            });
            self.extent = Some(both.unwrap_or(interval));
        }
    }
}

/// What has to be there before the readings of a file can be.
#[derive(Debug, Default)]
struct Plan {
    members: Vec<Member>,
    /// New devices and their members.
    devices: Vec<(Device, Uuid)>,
    /// The device of each cell of the file.
    by_cell: BTreeMap<String, Uuid>,
}

/// What a device is, by what it counts.
fn kind_of(channels: &[Channel]) -> DeviceKind {
    let only = |allowed: &[Channel]| channels.iter().all(|channel| allowed.contains(channel));
    if only(&[Channel::Generation]) {
        DeviceKind::Pv
    } else if only(&[Channel::Charge, Channel::Discharge]) {
        DeviceKind::Battery
    } else if only(&[Channel::Consumption]) {
        DeviceKind::Load
    } else {
        DeviceKind::Meter
    }
}

fn other_member(device: &str, expected: &str, got: &str) -> Error {
    Error::OtherMember { device: excerpt(device), expected: excerpt(expected), got: excerpt(got) }
}

/// Finds the device of each cell (an id or a name) in the community, and plans those that are not there.
///
/// Of several devices of a name, one that took another's place, the one is meant that counts when the readings are of.
fn plan(
    described: &BTreeMap<String, Described>,
    there: &[PlacedDevice],
    members: &[Member],
    owner: Uuid,
    calendar: &Calendar,
    now: Timestamp,
) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    for (cell, device) in described {
        let id = Uuid::try_parse(cell).ok();
        let mut found: Vec<&PlacedDevice> = there
            .iter()
            .filter(|there| match id {
                Some(id) => there.device.id == id,
                None => there.device.name.as_str() == cell,
            })
            .collect();
        let counts =
            |there: &&PlacedDevice| device.extent.is_some_and(|extent| there.stretch.during.overlaps(extent));
        if found.iter().any(counts) {
            found.retain(counts);
        }
        if let Some(last) = found.last() {
            let ids: BTreeSet<Uuid> = found.iter().map(|there| there.device.id).collect();
            if ids.len() > 1 {
                return Err(Error::Ambiguous { thing: "device", name: cell.clone(), count: ids.len() });
            }
            if let Some(got) = &device.member {
                let party = Name::new(got)?;
                let name_of = |there: &PlacedDevice| {
                    members.iter().find(|known| known.id == there.stretch.member).map(|member| &member.name)
                };
                if !found.iter().any(|there| name_of(there).is_none_or(|name| *name == party)) {
                    let expected = name_of(last).map_or("", Name::as_str);
                    return Err(other_member(cell, expected, got));
                }
            }
            plan.by_cell.insert(cell.clone(), last.device.id);
            continue;
        }
        if let Some(id) = id {
            return Err(not_found("device of this community", &id));
        }
        let name = Name::new(cell)?;
        let party = device.member.as_deref().map_or_else(|| Ok(name.clone()), Name::new)?;
        let known = members.iter().chain(&plan.members).find(|member| member.name == party);
        let member = if let Some(member) = known {
            member.id
        } else {
            let id = rows::new_id(now);
            plan.members.push(Member { id, name: party, user: None, role: Role::Member });
            id
        };
        let device = Device {
            id: rows::new_id(now),
            owner,
            name,
            kind: kind_of(&device.channels),
            calendar: calendar.clone(),
            rated_power: None,
        };
        plan.by_cell.insert(cell.clone(), device.id);
        plan.devices.push((device, member));
    }
    Ok(plan)
}

impl Store {
    /// Takes in a community's file, all of it or nothing. The file's device is a device's id, or its name in this
    /// community; a name that is not there becomes a device of `owner`, its kind taken from its channels and its zone
    /// from the community, for the member whom the file names or else for one of the device's own name.
    ///
    /// # Errors
    ///
    /// [`Error::NoDevice`] where a batch names none, [`Error::NotFound`] for an id that is not in this community,
    /// [`Error::Ambiguous`] for a name that several devices have, [`Error::OtherMember`] where the file gives a device
    /// to another member than the one for whom it counts, and those of [`Store::ingest`].
    pub async fn import_community(
        &self,
        community: Uuid,
        owner: Uuid,
        batches: Vec<Batch>,
        now: Timestamp,
    ) -> Result<Imported, Error> {
        self.import_community_within(community, owner, batches, u64::MAX, now).await
    }

    /// The same, where `owner` may have no more than `most` devices with those that the file makes.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyDevices`], and those of [`import_community`](Self::import_community).
    pub async fn import_community_within(
        &self,
        community: Uuid,
        owner: Uuid,
        batches: Vec<Batch>,
        most: u64,
        now: Timestamp,
    ) -> Result<Imported, Error> {
        let mut described: BTreeMap<String, Described> = BTreeMap::new();
        let mut cells = Vec::with_capacity(batches.len());
        let mut nameless = 0;
        for batch in batches {
            let Some(cell) = batch.device.map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty())
            else {
                nameless += batch.readings.len();
                continue;
            };
            let device = described.entry(cell.clone()).or_default();
            device.channels.push(batch.channel);
            device.reach(&batch.readings);
            match (&device.member, batch.member) {
                (Some(expected), Some(got)) if *expected != got => {
                    return Err(other_member(&cell, expected, &got));
                }
                (None, Some(member)) => device.member = Some(member),
                (_, _) => {}
            }
            // The place of the device, whose id is known within the transaction alone.
            cells.push((cell, batch.channel, batch.readings));
        }
        if nameless > 0 {
            return Err(Error::NoDevice { count: nameless });
        }
        on!(self, write "import a community's readings", |connection| {
            // Two files at once do not make the same device twice.
            Db::claim_community(&mut *connection, community).await?;
            let Community { calendar, .. } = load_community!(&mut *connection, community);
            let members = load_members!(&mut *connection, community);
            let there = Db::placed(&mut *connection, community, None).await?;
            let plan = plan(&described, &there, &members, owner, &calendar, now)?;
            if !plan.devices.is_empty() {
                let (there,): (i64,) =
                    sqlx::query_as::<Db, (i64,)>(sql!("SELECT COUNT(*) FROM devices WHERE owner = ?"))
                        .bind(key(&owner))
                        .fetch_one(&mut *connection)
                        .await?;
                let there = u64::try_from(there).unwrap_or(0);
                let new = u64::try_from(plan.devices.len()).unwrap_or(u64::MAX);
                if there.saturating_add(new) > most {
                    return Err(Fault::Refused(Error::TooManyDevices { there, new, most }));
                }
            }
            for member in &plan.members {
                insert_member!(&mut *connection, community, member, now)
                    .map_err(|error| taken(error, "member name", member.name.as_str()))?;
            }
            let settled_as_of = Db::settled_as_of(&mut *connection, community).await?;
            for (device, member) in &plan.devices {
                insert_device!(&mut *connection, device, now)
                    .map_err(|error| unknown(Fault::Statement(error), "user", &owner))?;
                let said = Placement { member: Some(*member), from: None, until: None, recorded_at: now };
                Db::say_after(&mut *connection, settled_as_of, community, device.id, &[], said).await?;
            }
            let placed = cells.iter().filter_map(|(cell, channel, readings)| {
                plan.by_cell.get(cell).map(|device| (*device, *channel, readings.clone()))
            });
            let channels = by_channel(placed)?;
            let ingested = Db::ingest(&mut *connection, &channels, &Retired::new(), now).await?;
            let what = Happening::Import {
                community,
                inserted: ingested.inserted,
                superseded: ingested.superseded,
                devices_created: plan.devices.len(),
            };
            Db::tell(connection, Audience::Community(community), &what, now).await?;
            Ok(Imported {
                devices_created: plan.devices.len(),
                members_created: plan.members.len(),
                inserted: ingested.inserted,
                unchanged: ingested.unchanged,
                superseded: ingested.superseded,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_device_is_follows_from_what_it_counts() {
        assert_eq!(kind_of(&[Channel::Generation]), DeviceKind::Pv);
        assert_eq!(kind_of(&[Channel::Charge, Channel::Discharge]), DeviceKind::Battery);
        assert_eq!(kind_of(&[Channel::Consumption]), DeviceKind::Load);
        assert_eq!(kind_of(&[Channel::Consumption, Channel::Generation]), DeviceKind::Meter);
        assert_eq!(kind_of(&[Channel::Import]), DeviceKind::Meter);
    }
}
