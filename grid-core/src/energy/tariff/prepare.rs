//! What all members of a period have in common: bands, months and prices of its slots.

use jiff::{Timestamp, civil::Date};

use super::{
    Component, ComponentKind, Error, PriceBook, Pricing, Quantity, Tariff, TierPeriod,
    component::{Excess, PowerBasis},
    span::{Span, dates_of, last_date_of},
};
use crate::time::{self, Calendar, Interval};

/// A tariff whose slots of one period have their bands, months and prices; made once, and used for every member.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(super) tariff: Tariff,
    pub(super) slots: Vec<Interval>,
    pub(super) plans: Vec<Plan>,
}

/// What is known of a component before the member is.
#[derive(Clone, Debug)]
pub(super) enum Plan {
    /// Its dates do not meet the period.
    Absent,
    /// It prices energy.
    Energy { buckets: Buckets, prices: SlotPrices, months: Vec<Month> },
    /// It prices the highest power of each month.
    Peak { buckets: Buckets, months: Vec<Month> },
    /// It prices a stretch of time.
    Time(Span),
    /// It is a tax, and holds.
    Tax,
}

/// Which sum each slot goes to.
#[derive(Clone, Debug)]
pub(super) struct Buckets {
    /// The bucket of each slot, the one after the last for slots that do not count; `None` where all go to the first.
    pub(super) of_slot: Option<Vec<u32>>,
    pub(super) count: usize,
}

/// The price of each slot in millionths of a millionth (10^-12) of the currency's unit per kilowatt-hour.
#[derive(Clone, Debug, Default)]
pub(super) struct SlotPrices {
    /// Zero where the slot does not count, and where the price is missing.
    pub(super) prices: Vec<i64>,
    /// The slots that count and have no price.
    pub(super) missing: Vec<usize>,
}

/// A local month, as far as a component holds in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Month {
    /// Its year and its number.
    pub(super) date: (i16, i8),
    pub(super) span: Span,
}

impl Tariff {
    /// Finds the band, the month and the price of every slot of a period, once for all members.
    ///
    /// `slots` are the settlement's; they cover `period` without holes. What a component does not need is not asked
    /// for: a tariff without indexed prices takes an empty book.
    ///
    /// # Errors
    ///
    /// [`Error::NotYetValid`], [`Error::SlotsDoNotCover`], [`Error::UnknownSeries`], [`Error::OtherCurrency`], and
    /// where a slot has no one price [`Error::SlotAcrossBands`], [`Error::SlotAcrossDates`] or
    /// [`Error::SlotAcrossPrices`].
    pub fn prepare(
        &self,
        calendar: &Calendar,
        period: Interval,
        slots: &[Interval],
        prices: &PriceBook,
    ) -> Result<Prepared, Error> {
        let start = calendar.date_of(period.start());
        if start < self.valid_from {
            return Err(Error::NotYetValid { tariff: self.id.clone(), valid_from: self.valid_from, start });
        }
        let mut covered = period.start();
        for slot in slots {
            if slot.start() != covered {
                return Err(Error::SlotsDoNotCover { period, at: slot.start() });
            }
            covered = slot.end();
        }
        if covered != period.end() {
            return Err(Error::SlotsDoNotCover { period, at: covered });
        }
        let preparation = Preparation { tariff: self, calendar, period, slots, prices };
        let plans =
            self.components.iter().map(|component| preparation.plan(component)).collect::<Result<_, _>>()?;
        Ok(Prepared { tariff: self.clone(), slots: slots.to_vec(), plans })
    }
}

struct Preparation<'p> {
    tariff: &'p Tariff,
    calendar: &'p Calendar,
    period: Interval,
    slots: &'p [Interval],
    prices: &'p PriceBook,
}

impl Preparation<'_> {
    fn plan(&self, component: &Component) -> Result<Plan, Error> {
        if matches!(component.kind, ComponentKind::Tax { .. }) {
            // What is billed by periods counts as supplied at the period's end (Directive 2006/112/EC, article 64).
            let last = last_date_of(self.calendar, self.period)?;
            let holds =
                component.from.is_none_or(|from| from <= last) && component.to.is_none_or(|to| last < to);
            return Ok(if holds { Plan::Tax } else { Plan::Absent });
        }
        let Some(active) = self.active(component)? else { return Ok(Plan::Absent) };
        let quantity_plan = |pricing: &Pricing| self.energy(component, active, pricing);
        match &component.kind {
            ComponentKind::Energy { pricing, .. } | ComponentKind::Credit { pricing, .. } => {
                quantity_plan(pricing)
            }
            ComponentKind::Exchange { excess, .. } => {
                let counted = self.counted(component, active)?;
                let prices = match excess {
                    Excess::Flat(_) => SlotPrices::default(),
                    Excess::Indexed { series } => {
                        self.slot_prices(component, series, (1_000_000, 0), counted.as_deref())?
                    }
                };
                let (buckets, months) = self.by_month(component, active, counted.as_deref())?;
                Ok(Plan::Energy { buckets, prices, months })
            }
            ComponentKind::Capacity { power: PowerBasis::Peak(_), .. } => {
                let counted = self.counted(component, active)?;
                let (buckets, months) = self.by_month(component, active, counted.as_deref())?;
                Ok(Plan::Peak { buckets, months })
            }
            ComponentKind::Capacity { .. } | ComponentKind::Fixed { .. } => {
                Ok(Plan::Time(Span::of(&dates_of(self.calendar, active)?)?))
            }
            ComponentKind::Tax { .. } => Ok(Plan::Tax),
        }
    }

    fn energy(&self, component: &Component, active: Interval, pricing: &Pricing) -> Result<Plan, Error> {
        let counted = self.counted(component, active)?;
        let none = SlotPrices::default();
        match pricing {
            Pricing::TimeOfUse { schedule, .. } => {
                let bands = schedule.bands_of(self.calendar, self.slots)?;
                let count = schedule.bands().len();
                let of_slot = bands
                    .into_iter()
                    .enumerate()
                    .map(|(slot, band)| number(if counts(counted.as_deref(), slot) { band } else { count }))
                    .collect();
                let buckets = Buckets { of_slot: Some(of_slot), count };
                Ok(Plan::Energy { buckets, prices: none, months: Vec::new() })
            }
            Pricing::Tiered(tiers) if tiers.per() == TierPeriod::Month => {
                let (buckets, months) = self.by_month(component, active, counted.as_deref())?;
                Ok(Plan::Energy { buckets, prices: none, months })
            }
            Pricing::Flat(_) | Pricing::Tiered(_) => {
                Ok(Plan::Energy { buckets: whole(counted), prices: none, months: Vec::new() })
            }
            Pricing::Indexed { series, multiplier, adder } => {
                let terms = (multiplier.as_micros(), adder.as_micros_per_kwh());
                let prices = self.slot_prices(component, series, terms, counted.as_deref())?;
                Ok(Plan::Energy { buckets: whole(counted), prices, months: Vec::new() })
            }
        }
    }

    /// The part of the period in which a component holds.
    fn active(&self, component: &Component) -> Result<Option<Interval>, Error> {
        let start = match component.from {
            Some(from) => self.calendar.day(from)?.start().max(self.period.start()),
            None => self.period.start(),
        };
        let end = match component.to {
            Some(to) => self.calendar.day(to)?.start().min(self.period.end()),
            None => self.period.end(),
        };
        Ok(Interval::new(start, end).ok())
    }

    /// Which slots lie in the part in which a component holds; `None` where all do.
    fn counted(&self, component: &Component, active: Interval) -> Result<Option<Vec<bool>>, Error> {
        if active == self.period {
            return Ok(None);
        }
        let inside = |slot: &Interval| match active.intersection(*slot) {
            None => Ok(false),
            Some(part) if part == *slot => Ok(true),
            Some(part) => {
                let border = if part.start() == slot.start() { part.end() } else { part.start() };
                Err(self.across(component, *slot, border))
            }
        };
        self.slots.iter().map(inside).collect::<Result<_, _>>().map(Some)
    }

    fn across(&self, component: &Component, slot: Interval, border: Timestamp) -> Error {
        Error::SlotAcrossDates { component: component.id.clone(), slot, date: self.calendar.date_of(border) }
    }

    /// A bucket for each local month, and how much of each month the component holds.
    fn by_month(
        &self,
        component: &Component,
        active: Interval,
        counted: Option<&[bool]>,
    ) -> Result<(Buckets, Vec<Month>), Error> {
        let mut starts: Vec<(i16, i8)> = Vec::new();
        let mut of_slot: Vec<Option<usize>> = Vec::with_capacity(self.slots.len());
        let mut known: Option<(Interval, usize)> = None;
        for (index, slot) in self.slots.iter().enumerate() {
            if !counts(counted, index) {
                of_slot.push(None);
                continue;
            }
            let (month, bucket) = match known {
                Some((month, bucket)) if month.contains(slot.start()) => (month, bucket),
                _ => {
                    let date = self.calendar.date_of(slot.start());
                    let month = self.calendar.month(date.year(), date.month())?;
                    starts.push((date.year(), date.month()));
                    let bucket = starts.len() - 1;
                    known = Some((month, bucket));
                    (month, bucket)
                }
            };
            if slot.end() > month.end() {
                return Err(self.across(component, *slot, month.end()));
            }
            of_slot.push(Some(bucket));
        }
        let count = starts.len();
        let dates = dates_of(self.calendar, active)?;
        let months = starts
            .into_iter()
            .map(|(year, month)| {
                let of_month: Vec<Date> = dates
                    .iter()
                    .copied()
                    .filter(|date| (date.year(), date.month()) == (year, month))
                    .collect();
                Ok(Month { date: (year, month), span: Span::of(&of_month)? })
            })
            .collect::<Result<_, Error>>()?;
        let of_slot = of_slot.into_iter().map(|bucket| number(bucket.unwrap_or(count))).collect();
        Ok((Buckets { of_slot: Some(of_slot), count }, months))
    }

    /// The prices of the slots: a factor in millionths times the series, plus an adder.
    fn slot_prices(
        &self,
        component: &Component,
        series: &str,
        (multiplier, adder): (i64, i64),
        counted: Option<&[bool]>,
    ) -> Result<SlotPrices, Error> {
        let found = self.prices.of_slots(&component.id, series, self.tariff.currency, self.slots)?;
        let mut missing = Vec::new();
        let mut prices = Vec::with_capacity(found.len());
        for (slot, micros) in found.into_iter().enumerate() {
            let price = match micros {
                _ if !counts(counted, slot) => 0,
                None => {
                    missing.push(slot);
                    0
                }
                Some(micros) => {
                    let exact = i128::from(micros) * i128::from(multiplier) + i128::from(adder) * 1_000_000;
                    i64::try_from(exact).map_err(|_| super::error::TOO_MUCH_MONEY)?
                }
            };
            prices.push(price);
        }
        Ok(SlotPrices { prices, missing })
    }
}

fn counts(counted: Option<&[bool]>, slot: usize) -> bool {
    counted.is_none_or(|counted| counted.get(slot).copied().unwrap_or(false))
}

fn whole(counted: Option<Vec<bool>>) -> Buckets {
    let of_slot = counted.map(|counted| counted.into_iter().map(|counts| u32::from(!counts)).collect());
    Buckets { of_slot, count: 1 }
}

/// A bucket's number; there are fewer than slots and bands, which are far fewer than what fits.
fn number(bucket: usize) -> u32 {
    u32::try_from(bucket).unwrap_or(u32::MAX)
}

impl Prepared {
    /// The tariff.
    pub const fn tariff(&self) -> &Tariff {
        &self.tariff
    }

    /// The slots that it was prepared for.
    pub fn slots(&self) -> &[Interval] {
        &self.slots
    }

    /// The columns that a usage must have.
    ///
    /// ```
    /// # use grid_core::energy::tariff::{PriceBook, Quantity, Tariff};
    /// # use grid_core::time::{Calendar, Resolution};
    /// let tariff = Tariff::parse_toml(r#"
    ///     id = "flat"
    ///     currency = "EUR"
    ///     valid_from = 2026-01-01
    ///     [[components]]
    ///     id = "energy"
    ///     kind = "energy"
    ///     quantity = "import"
    ///     price_per_kwh = 0.1234
    /// "#)?;
    /// let utc = Calendar::utc();
    /// let day = utc.day(jiff::civil::date(2026, 3, 29))?;
    /// let prepared = tariff.prepare(&utc, day, &utc.slots(day, Resolution::HOUR)?, &PriceBook::new())?;
    /// assert_eq!(prepared.quantities(), [Quantity::Import]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn quantities(&self) -> Vec<Quantity> {
        let mut needed: Vec<Quantity> = self
            .tariff
            .components
            .iter()
            .zip(&self.plans)
            .filter(|(_, plan)| !matches!(plan, Plan::Absent))
            .flat_map(|(component, _)| match component.kind {
                ComponentKind::Energy { quantity, .. } | ComponentKind::Credit { quantity, .. } => {
                    vec![quantity]
                }
                ComponentKind::Exchange { quantity, against, .. } => vec![quantity, against],
                ComponentKind::Capacity { power: PowerBasis::Peak(quantity), .. } => vec![quantity],
                ComponentKind::Capacity { .. } | ComponentKind::Fixed { .. } | ComponentKind::Tax { .. } => {
                    Vec::new()
                }
            })
            .collect();
        needed.sort_unstable();
        needed.dedup();
        needed
    }

    /// The start of a slot.
    pub(super) fn start_of(&self, slot: usize) -> Result<Timestamp, Error> {
        self.slots.get(slot).map(|slot| slot.start()).ok_or(Error::Time(time::Error::OutOfRange))
    }
}
