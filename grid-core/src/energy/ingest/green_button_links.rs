//! What the readings of a Green Button feed are of, by the links between its entries.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{
    Options,
    gather::{Gather, Spot, Subject},
    green_button::{Entry, ReadingType, Written, quality_of},
};
use crate::{
    energy::Channel,
    error::excerpt,
    quantity::{Energy, Rounding, divide},
    series::Quality,
    time::Interval,
};

/// The entries of a feed by their links.
pub(super) struct Links<'a> {
    entries: &'a [Entry],
    by_own: HashMap<&'a str, usize>,
    by_related: HashMap<&'a str, usize>,
    /// The path of each usage point by its last part; `None` where several end alike.
    points: HashMap<&'a str, Option<&'a str>>,
    only_meter: Option<&'a Entry>,
    only_type: Option<&'a ReadingType>,
}

/// The one entry that is wanted, if there is just one.
fn only(entries: &[Entry], wanted: impl Fn(&Entry) -> bool) -> Option<&Entry> {
    let mut found = entries.iter().filter(|entry| wanted(entry));
    found.next().filter(|_| found.next().is_none())
}

/// Why readings are not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// They are not energies of an interval; what they are.
    LeftOut(String),
    /// Nothing says what they are.
    Astray,
}

impl Unread {
    fn left(why: &dyn std::fmt::Display) -> Self {
        Self::LeftOut(why.to_string())
    }
}

/// What the readings of an entry are.
#[derive(Clone, Debug)]
pub(super) struct Source {
    device: String,
    channel: Channel,
    power: i64,
    length: Option<i64>,
    quality: Quality,
}

impl<'a> Links<'a> {
    pub(super) fn of(entries: &'a [Entry]) -> Self {
        let mut by_own: HashMap<&str, usize> = HashMap::new();
        let mut by_related: HashMap<&str, usize> = HashMap::new();
        for (at, entry) in entries.iter().enumerate() {
            if !entry.own.is_empty() {
                by_own.entry(&entry.own).or_insert(at);
            }
            if entry.is_meter_reading {
                for target in &entry.related {
                    by_related.entry(target).or_insert(at);
                }
            }
        }
        let mut points: HashMap<&str, Option<&str>> = HashMap::new();
        for entry in entries.iter().filter(|entry| entry.is_usage_point) {
            let id = entry.own.rsplit('/').next().unwrap_or_default();
            let point = points.entry(id).or_insert(Some(&entry.own));
            if *point != Some(entry.own.as_str()) {
                *point = None;
            }
        }
        let only_meter = only(entries, |entry| entry.is_meter_reading);
        let only_type =
            only(entries, |entry| entry.reading_type.is_some()).and_then(|entry| entry.reading_type.as_ref());
        Self { entries, by_own, by_related, points, only_meter, only_type }
    }

    fn get(&self, at: usize) -> Option<&'a Entry> {
        self.entries.get(at)
    }

    /// The channel that a block belongs to: the block is below it, or it names the block or its collection.
    fn meter_reading(&self, block: &'a Entry) -> Option<&'a Entry> {
        if block.is_meter_reading {
            return Some(block);
        }
        let parent =
            |path: &str| path.rsplit_once('/').map(|(parent, _)| parent.to_owned()).unwrap_or_default();
        let below = [parent(&block.up), parent(&parent(&block.own)), block.up.clone()];
        let by_path = below.iter().find_map(|path| self.by_own.get(path.as_str()));
        let by_name =
            || [&block.up, &block.own].into_iter().find_map(|path| self.by_related.get(path.as_str()));
        by_path
            .and_then(|at| self.get(*at))
            .filter(|entry| entry.is_meter_reading)
            .or_else(|| by_name().and_then(|at| self.get(*at)))
            .or(self.only_meter)
    }

    pub(super) fn source(&self, at: usize, options: &Options, assumed: &mut bool) -> Result<Source, Unread> {
        let block = self.get(at).ok_or(Unread::Astray)?;
        let channel = self.meter_reading(block);
        let linked = |entry: &Entry| {
            let mut targets = entry.related.iter().filter_map(|target| self.by_own.get(target.as_str()));
            targets.find_map(|at| self.get(*at)?.reading_type.as_ref())
        };
        let kind = channel
            .and_then(linked)
            .or_else(|| linked(block))
            .or(block.reading_type.as_ref())
            .or(self.only_type)
            .ok_or(Unread::Astray)?;
        let name = channel.map_or(block.own.as_str(), |channel| channel.own.as_str());
        let place = format!("`{}` (line {})", excerpt(name), channel.unwrap_or(block).line);
        match (kind.commodity, kind.unit) {
            (Some(commodity), _) if commodity > 2 => {
                return Err(Unread::left(&format_args!(
                    "{place} is of commodity {commodity}, which is no electricity"
                )));
            }
            (_, Some(72)) => {}
            (_, unit) => {
                let unit = unit.map_or_else(|| "no unit".to_owned(), |unit| format!("unit {unit}"));
                return Err(Unread::left(&format_args!("{place} has {unit}, and watt-hours are 72")));
            }
        }
        // 1 bulk, 3 cumulative and 9 summation are registers that count on.
        if let Some(accumulation @ (1 | 3 | 9)) = kind.accumulation {
            return Err(Unread::left(&format_args!(
                "{place} is a register that counts on (accumulation {accumulation}), not interval data (4)"
            )));
        }
        let device = self.usage_point(channel.unwrap_or(block));
        let channel = match kind.flow {
            Some(1) => Channel::Import,
            Some(19) => Channel::Export,
            None | Some(0) => options.channel().unwrap_or_else(|| {
                *assumed = true;
                Channel::Import
            }),
            Some(other) => {
                return Err(Unread::left(&format_args!(
                    "{place} has flow direction {other}, and one meter counts delivered (1) or received (19)"
                )));
            }
        };
        let power = kind.power.unwrap_or(0);
        if !(-12..=12).contains(&power) {
            return Err(Unread::left(&format_args!("{place} has the multiplier 10^{power}")));
        }
        let quality = kind.quality.map_or(Quality::Measured, quality_of);
        Ok(Source { device, channel, power, length: kind.length, quality })
    }

    /// The name of the usage point that an entry is below: the last part of its path, or all of it where another
    /// usage point ends alike.
    fn usage_point(&self, entry: &Entry) -> String {
        let path = if entry.own.is_empty() { &entry.up } else { &entry.own };
        let Some((before, rest)) = path.split_once("UsagePoint/") else { return String::new() };
        let id = rest.split('/').next().unwrap_or_default();
        match self.points.get(id) {
            Some(None) => format!("{before}UsagePoint/{id}"),
            Some(Some(_)) | None => id.to_owned(),
        }
    }
}

impl Source {
    pub(super) fn take(&self, reading: &Written, gather: &mut Gather<'_>) {
        let spot = Spot::line(reading.line);
        let Some(start) = reading.start.and_then(|start| Timestamp::from_second(start).ok()) else {
            let got = reading.start.map_or_else(|| "nothing".to_owned(), |start| format!("`{start}`"));
            return gather.fault(spot, "timePeriod/start", "seconds since 1970", got);
        };
        let length = reading.duration.or(self.length);
        let end = length
            .filter(|length| *length > 0)
            .and_then(|length| Timestamp::from_second(start.as_second().checked_add(length)?).ok());
        let Some(interval) = end.and_then(|end| Interval::new(start, end).ok()) else {
            let got = length.map_or_else(|| "nothing".to_owned(), |length| format!("`{length}`"));
            return gather.fault(spot, "timePeriod/duration", "seconds above zero", got);
        };
        let of = Subject { spot, header: "value", device: &self.device, channel: self.channel, interval };
        let quality = reading.quality.unwrap_or(self.quality);
        gather.take_written(of, reading.value, |value| self.energy(value), quality);
    }

    /// `value · 10^power` watt-hours, halves of a milliwatt-hour to even.
    fn energy(&self, value: i64) -> Option<Energy> {
        let power = self.power + 3;
        let scale = 10_i128.checked_pow(u32::try_from(power.unsigned_abs()).ok()?)?;
        let value = i128::from(value);
        let mwh =
            if power >= 0 { value.checked_mul(scale)? } else { divide(value, scale, Rounding::HalfEven)? };
        i64::try_from(mwh).ok().map(Energy::from_mwh)
    }
}
