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
    placements::{PlacedDevice, Placing},
    quotas::{Kept, Room as _},
    rows,
    storing::Ingest as _,
};
use crate::{
    energy::{
        Channel, Community, Device, DeviceKind, Member, Name, Placement, Role,
        ingest::{Batch, Register, Sorted},
    },
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
    /// Takes a register of the file in.
    fn add(&mut self, cell: &str, register: &Register) -> Result<(), Error> {
        self.channels.push(register.channel);
        self.extent = self.extent.into_iter().chain(register.extent).reduce(Interval::hull);
        match (&self.member, &register.member) {
            (Some(expected), Some(got)) if expected != got => return Err(other_member(cell, expected, got)),
            (None, Some(member)) => self.member = Some(member.clone()),
            (_, _) => {}
        }
        Ok(())
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
    let (mut by_id, mut by_name) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
    for placed in there {
        by_id.entry(placed.device.id).or_default().push(placed);
        by_name.entry(placed.device.name.as_str()).or_default().push(placed);
    }
    let mut parties: BTreeMap<Name, Uuid> =
        members.iter().map(|member| (member.name.clone(), member.id)).collect();
    for (cell, device) in described {
        let id = Uuid::try_parse(cell).ok();
        let mut found: Vec<&PlacedDevice> = match id {
            Some(id) => by_id.get(&id).cloned(),
            None => by_name.get(cell.as_str()).cloned(),
        }
        .unwrap_or_default();
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
        let member = if let Some(&member) = parties.get(&party) {
            member
        } else {
            let id = rows::new_id(now);
            parties.insert(party.clone(), id);
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

/// The device of a register as a file names it.
fn cell(register: &Register) -> &str {
    register.device.as_deref().unwrap_or_default().trim()
}

/// How many readings are of no device.
fn nameless(readings: &Sorted, cells: &[&str]) -> Result<usize, Error> {
    if !cells.contains(&"") {
        return Ok(0);
    }
    let mut count = 0;
    for portion in readings.portions() {
        let portion = portion?;
        if cells.get(portion.register).is_none_or(|cell| cell.is_empty()) {
            count += portion.readings.len();
        }
    }
    Ok(count)
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
        self.import_community_sorted(community, owner, &Sorted::from(batches), now).await
    }

    /// The same of a file of any length. Memory holds as many readings at once as when the file was
    /// [read](crate::energy::ingest::read_sorted).
    ///
    /// # Errors
    ///
    /// [`energy::Error::Unkept`](crate::energy::Error::Unkept) where the scratch file cannot be read, and those of
    /// [`import_community`](Self::import_community).
    pub async fn import_community_sorted(
        &self,
        community: Uuid,
        owner: Uuid,
        readings: &Sorted,
        now: Timestamp,
    ) -> Result<Imported, Error> {
        let cells: Vec<&str> = readings.registers().iter().map(cell).collect();
        let mut described: BTreeMap<String, Described> = BTreeMap::new();
        for (cell, register) in cells.iter().zip(readings.registers()).filter(|(cell, _)| !cell.is_empty()) {
            described.entry((*cell).to_owned()).or_default().add(cell, register)?;
        }
        let count = nameless(readings, &cells)?;
        if count > 0 {
            return Err(Error::NoDevice { count });
        }
        on!(self, write "import a community's readings", |connection| {
            // Two files at once do not make the same device twice.
            Db::claim_community(&mut *connection, community).await?;
            let Community { calendar, .. } = load_community!(&mut *connection, community);
            let members = load_members!(&mut *connection, community);
            let there = Db::placed(&mut *connection, community, None).await?;
            let plan = plan(&described, &there, &members, owner, &calendar, now)?;
            let new = [
                (Kept::Members, community, u64::try_from(plan.members.len()).unwrap_or(u64::MAX)),
                (Kept::Devices, owner, u64::try_from(plan.devices.len()).unwrap_or(u64::MAX)),
            ];
            for (kept, whose, new) in new {
                Db::has_room(&mut *connection, &self.bounds, kept, whose, new).await?;
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
            let register = |(cell, register): (&&str, &Register)| {
                // Who names no device has no readings either.
                let device = plan.by_cell.get(*cell).copied().unwrap_or_default();
                (device, register.channel)
            };
            let registers: Vec<_> = cells.iter().zip(readings.registers()).map(register).collect();
            let ingested = Db::ingest_sorted(&mut *connection, readings, &registers, None, &self.bounds, now).await?;
            let what = Happening::Import {
                community,
                inserted: ingested.inserted,
                superseded: ingested.superseded,
                devices_created: plan.devices.len(),
            };
            Db::tell(&mut *connection, Audience::Community(community), &what, now).await?;
            // Again, now that nobody else adds.
            for (kept, whose, new) in new {
                if new > 0 {
                    Db::keeps(&mut *connection, &self.bounds, kept, whose, new).await?;
                }
            }
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
