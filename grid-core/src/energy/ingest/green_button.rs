//! Green Button "Download My Data": ESPI XML in an Atom feed.
//!
//! A feed has entries for usage points, meter readings (the channels of a usage point), reading types (what a channel
//! counts, in which unit) and blocks of interval readings. The entries name each other by links, in any order, so the
//! readings are kept as a few numbers each until the last entry is read. Only names without prefix are looked at.
//! A document type declaration is refused, and with it every entity that a document could define.
//!
//! # References
//!
//! NAESB REQ.21, Energy Services Provider Interface (ESPI), and its schema `espi.xsd` (namespace
//! `http://naesb.org/espi`): `uom` 72 is watt-hours, `flowDirection` 1 energy delivered to the customer and 19 received
//! from them, `accumulationBehaviour` 4 interval data, `powerOfTenMultiplier` the power of ten of the unit, times are
//! seconds since 1970 in UTC; the codes of `ReadingQuality` are those of `QualityOfReading`. Atom: RFC 4287.

use std::{
    collections::BTreeSet,
    io::{BufReader, Cursor, ErrorKind, Read},
};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use super::{
    Error, Ingested, Options,
    gather::{Gather, Spot},
    green_button_links::{Links, Source, Unread},
    markup::{LONGEST_PIECE, Markup},
    options::Format,
    sorted::Sorted,
    spill::Spill,
    table::{rejected, shown, without_mark},
};
use crate::series::Quality;

/// How deep elements may nest; ESPI needs nine levels.
const DEEPEST: usize = 64;
/// How many entries and links a feed may have beside its readings.
const MOST_LINKS: usize = 400_000;
/// How many reasons for leaving something out are told.
const MOST_TOLD: usize = 20;
/// The longest text of an element that is kept.
const LONGEST_TEXT: usize = 1024;

/// What a channel counts.
#[derive(Clone, Debug, Default)]
pub(super) struct ReadingType {
    pub(super) unit: Option<i64>,
    pub(super) power: Option<i64>,
    pub(super) flow: Option<i64>,
    pub(super) length: Option<i64>,
    pub(super) accumulation: Option<i64>,
    pub(super) commodity: Option<i64>,
    pub(super) quality: Option<i64>,
}

/// One interval reading as it is written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Written {
    pub(super) entry: usize,
    pub(super) line: u64,
    pub(super) start: Option<i64>,
    pub(super) duration: Option<i64>,
    pub(super) value: Option<i64>,
    pub(super) quality: Option<Quality>,
}

/// One Atom entry, without its readings.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) line: u64,
    pub(super) own: String,
    pub(super) up: String,
    pub(super) related: Vec<String>,
    pub(super) reading_type: Option<ReadingType>,
    pub(super) is_usage_point: bool,
    pub(super) is_meter_reading: bool,
    pub(super) has_readings: bool,
}

/// The feed so far.
#[derive(Default)]
struct Feed {
    entries: Vec<Entry>,
    readings: Vec<Written>,
    links: usize,
    path: Vec<Name>,
    text: String,
    reading: Written,
}

/// The elements that mean something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Entry,
    UsagePoint,
    MeterReading,
    ReadingType,
    IntervalReading,
    TimePeriod,
    ReadingQuality,
    Start,
    Duration,
    Value,
    Quality,
    Uom,
    Power,
    Flow,
    Length,
    Accumulation,
    Commodity,
    DefaultQuality,
    Other,
}

impl Name {
    fn of(name: &str) -> Self {
        match name {
            "entry" => Self::Entry,
            "UsagePoint" => Self::UsagePoint,
            "MeterReading" => Self::MeterReading,
            "ReadingType" => Self::ReadingType,
            "IntervalReading" => Self::IntervalReading,
            "timePeriod" => Self::TimePeriod,
            "ReadingQuality" => Self::ReadingQuality,
            "start" => Self::Start,
            "duration" => Self::Duration,
            "value" => Self::Value,
            "quality" => Self::Quality,
            "uom" => Self::Uom,
            "powerOfTenMultiplier" => Self::Power,
            "flowDirection" => Self::Flow,
            "intervalLength" => Self::Length,
            "accumulationBehaviour" => Self::Accumulation,
            "commodity" => Self::Commodity,
            "defaultQuality" => Self::DefaultQuality,
            _ => Self::Other,
        }
    }
}

/// The quality of a code of `QualityOfReading`: 0, 14, 17, 18 and 19 (valid, raw, validated, verified, revenue-quality)
/// were measured, 7 (edited by hand) was put in place, the others were worked out.
pub(super) const fn quality_of(code: i64) -> Quality {
    match code {
        0 | 14 | 17..=19 => Quality::Measured,
        7 => Quality::Substituted,
        _ => Quality::Estimated,
    }
}

pub(super) fn read(
    head: &[u8],
    source: impl Read,
    file: &str,
    options: &Options,
    spill: Spill<'_>,
) -> Result<Ingested<Sorted>, Error> {
    let body = without_mark(head).to_vec();
    let markup = Markup::new(BufReader::with_capacity(256 * 1024, Cursor::new(body).chain(source)));
    let mut reader = Reader::from_reader(markup);
    reader.config_mut().expand_empty_elements = true;
    let mut gather = Gather::new(file, options, spill);
    let mut feed = Feed::default();
    let mut buffer = Vec::new();
    while !gather.is_hopeless() {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer);
        let line = reader.get_ref().line;
        let refuse = |expected: &str, got: String| Err(rejected(file, line, expected, got));
        match event {
            Ok(Event::Eof) => break,
            Ok(Event::DocType(_)) => {
                return refuse(
                    "a feed without a document type",
                    "`<!DOCTYPE`, which could define entities".to_owned(),
                );
            }
            Ok(Event::Start(start)) => {
                if feed.path.len() >= DEEPEST {
                    return refuse("elements that nest at most 64 deep", "deeper ones".to_owned());
                }
                feed.open(&start, line);
            }
            Ok(Event::End(_)) => feed.close(line, &mut gather),
            Ok(Event::Text(text)) => feed.add(&text),
            Ok(Event::CData(text)) => feed.add(&text),
            Ok(Event::GeneralRef(reference)) => match reference.resolve_char_ref() {
                Ok(Some(c)) => feed.add(c.encode_utf8(&mut [0; 4])),
                _ => match &*reference {
                    // No number has one of them.
                    "amp" | "lt" | "gt" | "quot" | "apos" => {}
                    other => {
                        return refuse("no entities but those of XML itself", shown(&format!("&{other};")));
                    }
                },
            },
            Ok(_) => {}
            Err(quick_xml::Error::Io(error)) if error.kind() == ErrorKind::FileTooLarge => {
                return refuse(
                    &format!("at most {LONGEST_PIECE} bytes between two brackets"),
                    "more; this is no feed of readings".to_owned(),
                );
            }
            Err(quick_xml::Error::Io(error)) if error.kind() != ErrorKind::InvalidData => {
                return Err(Error::Unreadable {
                    file: file.to_owned(),
                    line: line.saturating_sub(1),
                    reason: error.kind(),
                });
            }
            Err(error) => {
                return refuse("well-formed XML", crate::error::excerpt_of(&error.to_string(), 120));
            }
        }
        if gather.is_too_long(feed.readings.len(), line) {
            break;
        }
        if feed.links > MOST_LINKS {
            return Err(rejected(
                file,
                line,
                &format!("at most {MOST_LINKS} entries and links"),
                "more of them".to_owned(),
            ));
        }
    }
    if !feed.path.is_empty() && !gather.has_faults() {
        let line = reader.get_ref().line;
        gather.fault(Spot::line(line), "", "the end of the feed", "a file that breaks off");
    }
    let mut evidence = vec!["times are seconds since 1970, in UTC".to_owned()];
    if !gather.has_faults() {
        feed.settle(options, &mut gather, &mut evidence);
    }
    Ok(Ingested { format: Format::GreenButton, evidence, batches: gather.finish()? })
}

impl Feed {
    fn open(&mut self, start: &BytesStart<'_>, line: u64) {
        let local = start.local_name();
        let name = Name::of(local.as_ref());
        self.text.clear();
        if self.path.is_empty() && name != Name::Entry {
            // Whatever stands outside of an entry belongs to one without links.
            if self.entries.is_empty() {
                self.entries.push(Entry { line, ..Entry::default() });
            }
        }
        match name {
            Name::Entry => {
                self.links += 1;
                self.entries.push(Entry { line, ..Entry::default() });
            }
            Name::UsagePoint => self.entry(|entry| entry.is_usage_point = true),
            Name::MeterReading => self.entry(|entry| entry.is_meter_reading = true),
            Name::ReadingType => self.entry(|entry| entry.reading_type = Some(ReadingType::default())),
            Name::IntervalReading => {
                self.entry(|entry| entry.has_readings = true);
                self.reading =
                    Written { entry: self.entries.len().saturating_sub(1), line, ..Written::default() };
            }
            Name::Other if local.as_ref() == "link" => self.link(start),
            _ => {}
        }
        self.path.push(name);
    }

    fn entry(&mut self, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.entries.last_mut() {
            change(entry);
        }
    }

    fn link(&mut self, start: &BytesStart<'_>) {
        let (mut relation, mut target) = (String::new(), String::new());
        for attribute in start.attributes().flatten() {
            match attribute.key.local_name().as_ref() {
                "rel" => relation = attribute.value.to_string(),
                "href" => target = path_of(&attribute.value),
                _ => {}
            }
        }
        if target.len() > LONGEST_TEXT {
            return;
        }
        self.links += 1;
        self.entry(|entry| match relation.as_str() {
            "self" => entry.own = target,
            "up" => entry.up = target,
            "related" => entry.related.push(target),
            _ => {}
        });
    }

    fn add(&mut self, text: &str) {
        if self.text.len() + text.len() <= LONGEST_TEXT {
            self.text.push_str(text);
        }
    }

    fn close(&mut self, line: u64, gather: &mut Gather<'_>) {
        let name = self.path.pop().unwrap_or(Name::Other);
        let is_in = |name| self.path.contains(&name);
        let (in_type, in_reading) = (is_in(Name::ReadingType), is_in(Name::IntervalReading));
        let in_period = self.path.last() == Some(&Name::TimePeriod);
        let in_quality = self.path.last() == Some(&Name::ReadingQuality);
        if name == Name::IntervalReading {
            self.readings.push(self.reading);
            return;
        }
        let wanted = match name {
            Name::Start | Name::Duration => in_reading && in_period,
            Name::Value => self.path.last() == Some(&Name::IntervalReading),
            Name::Quality => in_reading && in_quality,
            Name::Uom
            | Name::Power
            | Name::Flow
            | Name::Length
            | Name::Accumulation
            | Name::Commodity
            | Name::DefaultQuality => in_type,
            _ => false,
        };
        let text = std::mem::take(&mut self.text);
        if !wanted || text.trim().is_empty() {
            return;
        }
        let Ok(number) = text.trim().parse::<i64>() else {
            gather.fault(Spot::line(line), "", "a whole number", shown(text.trim()));
            return;
        };
        match name {
            Name::Start => self.reading.start = Some(number),
            Name::Duration => self.reading.duration = Some(number),
            Name::Value => self.reading.value = Some(number),
            Name::Quality => {
                // Of several the worst.
                let quality = quality_of(number);
                self.reading.quality =
                    Some(self.reading.quality.map_or(quality, |other| other.worst(quality)));
            }
            name => {
                if let Some(kind) = self.entries.last_mut().and_then(|entry| entry.reading_type.as_mut()) {
                    let slot = match name {
                        Name::Uom => &mut kind.unit,
                        Name::Power => &mut kind.power,
                        Name::Flow => &mut kind.flow,
                        Name::Length => &mut kind.length,
                        Name::Accumulation => &mut kind.accumulation,
                        Name::Commodity => &mut kind.commodity,
                        _ => &mut kind.quality,
                    };
                    *slot = Some(number);
                }
            }
        }
    }

    /// Follows the links and hands the readings on.
    fn settle(&self, options: &Options, gather: &mut Gather<'_>, evidence: &mut Vec<String>) {
        let links = Links::of(&self.entries);
        let mut sources: Vec<Option<Result<Source, Unread>>> = vec![None; self.entries.len()];
        let mut told: BTreeSet<String> = BTreeSet::new();
        let mut assumed = false;
        let mut taken = 0_usize;
        for reading in &self.readings {
            if gather.is_hopeless() {
                return;
            }
            let Some(slot) = sources.get_mut(reading.entry) else { continue };
            let source = slot.get_or_insert_with(|| links.source(reading.entry, options, &mut assumed));
            let source = match source {
                Ok(source) => source,
                Err(Unread::LeftOut(why)) => {
                    if told.len() < MOST_TOLD && !told.contains(why) {
                        told.insert(why.clone());
                    }
                    continue;
                }
                Err(Unread::Astray) => {
                    let expected = "a block of readings that leads to a reading type";
                    gather.fault(Spot::line(reading.line), "IntervalBlock", expected, "links to none");
                    continue;
                }
            };
            taken += 1;
            source.take(reading, gather);
        }
        if taken == 0 && !gather.has_faults() {
            let line = self.entries.iter().find(|entry| entry.has_readings).map_or(1, |entry| entry.line);
            let got = if told.is_empty() {
                "none".to_owned()
            } else {
                told.into_iter().collect::<Vec<_>>().join("; ")
            };
            gather.fault(Spot::line(line), "", "interval readings of electrical energy", got);
        } else {
            if assumed {
                evidence.push("a channel names no direction; taken as delivered to the customer".to_owned());
            }
            evidence.extend(told.into_iter().map(|why| format!("left out: {why}")));
        }
    }
}

/// The part of a link that says which resource it is, whatever host and base stand before it.
fn path_of(link: &str) -> String {
    let link = link.trim_end_matches('/');
    let roots = ["RetailCustomer/", "Subscription/", "UsagePoint/", "ReadingType/", "LocalTimeParameters/"];
    let at = roots.iter().filter_map(|root| link.find(root)).min().unwrap_or(0);
    link.get(at..).unwrap_or(link).to_owned()
}
