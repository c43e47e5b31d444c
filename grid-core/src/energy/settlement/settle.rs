//! A period's settlement: what was shared is priced, and every member gets a statement.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};
use rayon::prelude::*;
use uuid::Uuid;

use super::{
    Amount, Comparison, Contract, FORMAT, Kind, Party, Period, Sharing, Statement, Surplus, TariffName,
    account::CommunityAccount,
    line::statement_line,
    participation,
    usage::{MemberUsage, Shared},
};
use crate::{
    energy::{
        Community, Error,
        balance::{Account, Ground, Offered},
        rules::{KeyKind, Rules},
        sharing::Key,
        tariff::{Bill, Component, Prepared, PriceBook, Quantity, Tariff, Usage},
    },
    quantity::{Currency, Share},
    series::Quality,
    time::{Calendar, Interval},
};

/// All that a settlement stands on.
///
/// The same order gives the same documents, to the last byte, in every face of the engine: the clock comes in as
/// [`Order::issued_at`], and the ids of the documents follow from their content.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// The community.
    pub community: &'a Community,
    /// The period, of whole slots; a month as [`Calendar::month`] has it.
    pub period: Interval,
    /// What was agreed beside keys and tariffs.
    pub contract: &'a Contract,
    /// The members and their readings, of the whole period.
    pub accounts: &'a [Account],
    /// The keys, each with the instant from which it counts; in proportion to demand before the first.
    pub keys: &'a [(Timestamp, Key)],
    /// The tariffs: each for one member, or for all who have none of their own.
    pub tariffs: &'a [(Option<Uuid>, Tariff)],
    /// The prices that indexed tariffs name.
    pub prices: &'a PriceBook,
    /// Other keys to compare each member's bill with, [`MOST_COMPARED`] at most.
    pub compare: &'a [Key],
    /// What to do where readings are missing.
    pub missing: Missing,
    /// The readings count as they were recorded by then; written into the statements.
    pub as_of: Timestamp,
    /// When the statements are made; written into them.
    pub issued_at: Timestamp,
}

/// With how many other keys a settlement is compared: each is as much work as the settlement itself.
pub const MOST_COMPARED: usize = 8;

/// Refuses more keys to compare with than [`MOST_COMPARED`], before anything is loaded or settled.
pub(crate) fn few_compared(compare: &[Key]) -> Result<(), Error> {
    let (most, got) = (MOST_COMPARED, compare.len());
    if got > most { Err(Error::TooManyCompared { most, got }) } else { Ok(()) }
}

/// What a settlement does where readings are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Missing {
    /// Nothing is settled, and the error says whose readings are missing.
    #[default]
    Refuse,
    /// A member's slot in which a register is missing is left out of its bill, and the statement says how complete it is.
    LeaveOut,
}

/// A settled period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// What all members' statements come to.
    pub account: CommunityAccount,
    /// One statement for each member that has registers, by member id.
    pub statements: Vec<Statement>,
}

/// Settles a period: shares what was generated, prices it, and makes a statement for each member that has registers.
///
/// The sum of the statements is the community's account, line by line, because the account is made of them; that what the
/// members received is what others gave, to the last milliwatt-hour, follows from the sharing.
///
/// A tariff that begins within the period counts from its first local day on: the bill is then cut there, with lines for
/// each part. That is refused where a tariff counts the period as one, as tiers and caps do.
///
/// # Errors
///
/// [`Error::TooManyCompared`], [`Error::NotWholeSlots`], [`Error::IncompleteReadings`], [`Error::NobodyToSettle`], [`Error::NoTariff`],
/// [`Error::SeveralCurrencies`], [`Error::KeyDoesNotDivide`], [`Error::KeyNotAllowed`], [`Error::LawNotInForce`],
/// [`Error::PeriodCut`]; [`Error::Tariff`] where a tariff cannot be applied;
/// [`Error::Time`] and [`Error::Quantity`] where something does not fit.
pub fn settle(order: &Order<'_>) -> Result<Settlement, Error> {
    few_compared(order.compare)?;
    let calendar = &order.community.calendar;
    let first_day = calendar.date_of(order.period.start());
    let resolution = order.contract.resolution_on(first_day)?;
    let rules = order.contract.rules_on(first_day)?;
    let divided = order
        .contract
        .divides_meters()
        .then(|| participation::parts(order.accounts, order.community, order.contract))
        .transpose()?;
    let accounts = divided.as_deref().unwrap_or(order.accounts);
    let (ground, resolution) = Ground::new(calendar, order.period, Some(resolution), accounts)?;
    let whole = ground.intervals.first().map(|slot| slot.start()) == Some(order.period.start())
        && ground.intervals.last().map(|slot| slot.end()) == Some(order.period.end());
    if !whole {
        return Err(Error::NotWholeSlots { got: order.period, resolution: resolution.to_string() });
    }
    if ground.accounts.is_empty() {
        return Err(Error::NobodyToSettle);
    }
    if order.missing == Missing::Refuse {
        refuse_gaps(&ground)?;
    }
    if let Some(rules) = rules {
        let in_force = in_force(order.keys, &ground.intervals);
        if let Some(key) = in_force.iter().find(|key| !is_allowed(rules, **key)) {
            let kind = key.map_or(Key::Proportional.kind(), Key::kind);
            return Err(Error::KeyNotAllowed { law: rules.law.as_str(), kind });
        }
    }
    let shared = share(order, &ground, order.keys)?;
    let others = order
        .compare
        .iter()
        .map(|key| Ok((key.kind(), share(order, &ground, &[(Timestamp::MIN, key.clone())])?)))
        .collect::<Result<Vec<_>, Error>>()?;
    let pricing = Pricing::new(order, &ground)?;
    let head = Head {
        community: Party { id: order.community.id, name: order.community.name.to_string() },
        period: Period {
            start: order.period.start(),
            end: order.period.end(),
            time_zone: calendar.name().to_owned(),
        },
        sharing: Sharing {
            resolution: resolution.to_string(),
            law: order.contract.law().map(|law| law.as_str().to_owned()),
            keys: kinds(order.keys, &ground.intervals),
        },
        currency: pricing.currency,
    };
    let statements = (0..ground.accounts.len())
        .into_par_iter()
        .map(|at| statement(order, &ground, &pricing, &head, (&shared, &others), at))
        .collect::<Result<Vec<_>, Error>>()?;
    let account = CommunityAccount::of(&statements, order.as_of, order.issued_at)?;
    Ok(Settlement { account, statements })
}

/// What all statements of a settlement begin with.
struct Head {
    community: Party,
    period: Period,
    sharing: Sharing,
    currency: Currency,
}

fn refuse_gaps(ground: &Ground<'_>) -> Result<(), Error> {
    let slots = ground.intervals.len();
    let mut gaps = ground.accounts.iter().zip(&ground.members).filter_map(|(account, member)| {
        let known = member.slots.iter().flatten().count();
        (known < slots).then_some((account, known))
    });
    let Some((first, known)) = gaps.next() else { return Ok(()) };
    let number = |count| u64::try_from(count).unwrap_or(u64::MAX);
    Err(Error::IncompleteReadings {
        first: first.name.to_string(),
        known: number(known),
        slots: number(slots),
        members: 1 + gaps.count(),
    })
}

fn share(order: &Order<'_>, ground: &Ground<'_>, keys: &[(Timestamp, Key)]) -> Result<Shared, Error> {
    let surplus = order.contract.surplus();
    let offered = match surplus {
        Surplus::Producer | Surplus::Virtual => Offered::OnlyWhatIsUsed,
        Surplus::Member | Surplus::Credit => Offered::All,
    };
    if offered == Offered::All {
        let in_force = in_force(keys, &ground.intervals);
        // Before the first key the community shares in proportion to demand, which divides nothing.
        let demanding = in_force.iter().find(|key| !matches!(key, Some(Key::Static(_) | Key::Equal)));
        if let Some(key) = demanding {
            return Err(Error::KeyDoesNotDivide { kind: key.map_or("proportional", Key::kind) });
        }
    }
    Ok(Shared { surplus, shares: ground.share(keys, offered, order.contract.cells())? })
}

/// Whether a law lets a community share by a key; none stands for the time before the first, which is in proportion.
fn is_allowed(rules: &Rules, key: Option<&Key>) -> bool {
    let kinds: &[KeyKind] = match key {
        None | Some(Key::Proportional) => &[KeyKind::Proportional],
        Some(Key::Static(_)) => &[KeyKind::Constant],
        Some(Key::Equal) => &[KeyKind::Equal, KeyKind::Constant],
        // What each gets follows from the step, by what the community has agreed.
        Some(Key::Priority(_) | Key::Cascade(_)) => &[KeyKind::PerStep],
    };
    // Where only the community's sum counts, how it is told to members is theirs to agree.
    rules.allows(KeyKind::Sum) || kinds.iter().any(|kind| rules.allows(*kind))
}

/// The keys that count in any of the slots, by time; `None` stands for the time before the first.
fn in_force<'k>(keys: &'k [(Timestamp, Key)], slots: &[Interval]) -> Vec<Option<&'k Key>> {
    let mut sorted: Vec<&(Timestamp, Key)> = keys.iter().collect();
    sorted.sort_by_key(|(from, _)| *from);
    let mut used: Vec<Option<usize>> =
        slots.iter().map(|slot| sorted.iter().rposition(|(from, _)| *from <= slot.start())).collect();
    used.dedup();
    used.into_iter().map(|at| at.and_then(|at| sorted.get(at)).map(|(_, key)| key)).collect()
}

fn kinds(keys: &[(Timestamp, Key)], slots: &[Interval]) -> Vec<String> {
    let mut kinds: Vec<String> = in_force(keys, slots)
        .into_iter()
        .map(|key| key.map_or("proportional", Key::kind).to_owned())
        .collect();
    kinds.dedup();
    kinds
}

/// The tariffs of a period, prepared once for all members that have them.
struct Pricing<'a> {
    currency: Currency,
    /// The parts into which the beginnings of tariffs cut the period: the first slot and how many there are.
    parts: Vec<Part>,
    tariffs: &'a [(Option<Uuid>, Tariff)],
    /// By part and tariff.
    prepared: BTreeMap<(usize, usize), Prepared>,
    /// Each account's tariff in each part.
    chosen: Vec<Vec<usize>>,
}

struct Part {
    first: usize,
    slots: usize,
}

impl<'a> Pricing<'a> {
    fn new(order: &Order<'a>, ground: &Ground<'_>) -> Result<Self, Error> {
        let calendar = &order.community.calendar;
        let starts = starts(calendar, order)?;
        let mut parts = Vec::with_capacity(starts.len());
        let mut chosen = vec![Vec::with_capacity(starts.len()); ground.accounts.len()];
        let mut prepared = BTreeMap::new();
        for (at, &(start, day)) in starts.iter().enumerate() {
            let end = starts.get(at + 1).map_or(order.period.end(), |(next, _)| *next);
            let interval = Interval::new(start, end)?;
            let first = ground.intervals.partition_point(|slot| slot.start() < start);
            let slots = ground.intervals.partition_point(|slot| slot.start() < end) - first;
            let mut used = BTreeSet::new();
            for (account, chosen) in ground.accounts.iter().zip(&mut chosen) {
                let tariff = in_force_on(order.tariffs, account.member, day)
                    .ok_or_else(|| Error::NoTariff { member: account.name.to_string(), day })?;
                used.insert(tariff);
                chosen.push(tariff);
            }
            let slots_of = ground.intervals.get(first..first + slots).unwrap_or_default();
            for tariff in used {
                if let Some((_, document)) = order.tariffs.get(tariff) {
                    let whole = |component: &&Component| !component.adds_up_in_parts();
                    if let Some(component) =
                        document.components().iter().find(whole).filter(|_| starts.len() > 1)
                    {
                        let (tariff, component) = (document.id().to_owned(), component.id().to_owned());
                        let cut = starts.last().map_or(day, |(_, day)| *day);
                        return Err(Error::PeriodCut { tariff, component, day: cut });
                    }
                    let ready = document.prepare(calendar, interval, slots_of, order.prices)?;
                    prepared.insert((at, tariff), ready);
                }
            }
            parts.push(Part { first, slots });
        }
        let mut currencies = prepared
            .keys()
            .filter_map(|(_, tariff)| order.tariffs.get(*tariff))
            .map(|(_, tariff)| tariff.currency());
        let currency = currencies.next().ok_or(Error::NobodyToSettle)?;
        if let Some(other) = currencies.find(|other| *other != currency) {
            return Err(Error::SeveralCurrencies { first: currency.to_string(), other: other.to_string() });
        }
        Ok(Self { currency, parts, tariffs: order.tariffs, prepared, chosen })
    }

    /// The bill of one account, the lines of its parts one after the other.
    fn bill(
        &self,
        contract: &Contract,
        account: &Account,
        at: usize,
        usage: &MemberUsage,
    ) -> Result<Bill, Error> {
        let mut whole: Option<Bill> = None;
        for (number, part) in self.parts.iter().enumerate() {
            let tariff =
                self.chosen.get(at).and_then(|chosen| chosen.get(number)).copied().unwrap_or_default();
            let Some(prepared) = self.prepared.get(&(number, tariff)) else { continue };
            let mut columns = Usage::new(part.slots);
            for quantity in Quantity::ALL {
                columns = columns.with(quantity, usage.part(quantity, part.first, part.slots))?;
            }
            for (name, power) in contract.contracted(account.member) {
                columns = columns.with_contracted(name, power);
            }
            let bill = prepared.price(&columns).map_err(|fault| Error::TariffOfMember {
                member: account.name.to_string(),
                fault: Box::new(fault),
            })?;
            whole = Some(match whole {
                None => bill,
                Some(mut all) => {
                    all.net = all.net.checked_add(bill.net)?;
                    all.taxes = all.taxes.checked_add(bill.taxes)?;
                    all.total = all.total.checked_add(bill.total)?;
                    all.lines.extend(bill.lines);
                    all
                }
            });
        }
        whole.ok_or(Error::NobodyToSettle)
    }

    /// The tariff that a statement names: that of the period's last part.
    fn named(&self, at: usize) -> Option<&'a Tariff> {
        let last = self.chosen.get(at)?.last()?;
        self.tariffs.get(*last).map(|(_, tariff)| tariff)
    }
}

/// The instants at which a part of the period begins, and the local day of each.
fn starts(calendar: &Calendar, order: &Order<'_>) -> Result<Vec<(Timestamp, Date)>, Error> {
    let first = (order.period.start(), calendar.date_of(order.period.start()));
    let mut starts = BTreeMap::from([first]);
    for (_, tariff) in order.tariffs {
        let day = tariff.valid_from();
        let start = calendar.day(day)?.start();
        if order.period.contains(start) {
            starts.insert(start, day);
        }
    }
    Ok(starts.into_iter().collect())
}

/// The place of the tariff that counts for a member on a day: its own that began last, or the community's.
fn in_force_on(tariffs: &[(Option<Uuid>, Tariff)], member: Uuid, day: Date) -> Option<usize> {
    let last_of = |whose: Option<Uuid>| {
        let began =
            |(_, (of, tariff)): &(usize, &(Option<Uuid>, Tariff))| *of == whose && tariff.valid_from() <= day;
        // Of two that begin on one day, the one that was set later counts.
        tariffs
            .iter()
            .enumerate()
            .filter(began)
            .max_by_key(|(_, (_, tariff))| tariff.valid_from())
            .map(|(at, _)| at)
    };
    last_of(Some(member)).or_else(|| last_of(None))
}

fn statement(
    order: &Order<'_>,
    ground: &Ground<'_>,
    pricing: &Pricing<'_>,
    head: &Head,
    (shared, others): (&Shared, &[(&'static str, Shared)]),
    at: usize,
) -> Result<Statement, Error> {
    let (Some(account), Some(member)) = (ground.accounts.get(at), ground.members.get(at)) else {
        return Err(Error::NobodyToSettle);
    };
    let usage = MemberUsage::of(ground, shared, at);
    let bill = pricing.bill(order.contract, account, at, &usage)?;
    let total = Amount::from(bill.total);
    let compare = |with: &str, usage: &MemberUsage| {
        let other = Amount::from(pricing.bill(order.contract, account, at, usage)?.total);
        let saved = super::statement::difference(other, total)?;
        Ok::<_, Error>(Comparison { with: with.to_owned(), total: other, saved })
    };
    let mut comparisons = vec![compare("without_community", &MemberUsage::alone(ground, at))?];
    for (place, (kind, shared)) in others.iter().enumerate() {
        // Of several keys of one kind each has a name of its own.
        let before = others.iter().take(place).filter(|(other, _)| other == kind).count();
        let name = if before == 0 { (*kind).to_owned() } else { format!("{kind} {}", before + 1) };
        comparisons.push(compare(&name, &MemberUsage::of(ground, shared, at))?);
    }
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let known = member.slots.iter().flatten().count();
    let tariff = pricing.named(at).map_or_else(TariffName::default, TariffName::of);
    let statement = Statement {
        format: FORMAT.to_owned(),
        id: Uuid::nil(),
        kind: Kind::Statement,
        corrects: None,
        community: head.community.clone(),
        member: Party { id: account.member, name: account.name.to_string() },
        period: head.period.clone(),
        issued_at: order.issued_at,
        as_of: order.as_of,
        sharing: head.sharing.clone(),
        tariff,
        currency: head.currency.to_string(),
        energy: usage.total(member)?,
        quality: if known == 0 { Quality::Missing } else { member.quality },
        completeness: Share::of(count(known), count(member.slots.len())),
        lines: bill.lines.iter().map(statement_line).collect(),
        net: bill.net.into(),
        taxes: bill.taxes.into(),
        total,
        comparisons,
    };
    Ok(statement.with_id())
}
