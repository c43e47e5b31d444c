//! The chart of a bill: how its parts add up to the total.

use super::{
    Error, Language, Options, Svg,
    axis::Axis,
    bars::{Heads, Row, Steps, bars, rows_in},
    sheet::{Foot, Mark, Place, draw},
    text::cut,
    theme::Ink,
};
use crate::{
    energy::settlement::{self, LineKind, Statement},
    quantity::{Currency, Money},
};

/// What a part of a bill is for. Parts stand in this order on the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartKind {
    /// Energy, from the grid or from the community.
    Energy,
    /// What does not follow the energy: capacity, meter rent, fees.
    Fixed,
    /// Taxes and levies.
    Tax,
    /// What is taken off: surplus, premiums, corrections.
    Credit,
}

impl PartKind {
    const ALL: [Self; 4] = [Self::Energy, Self::Fixed, Self::Tax, Self::Credit];

    const fn ink(self) -> Ink {
        match self {
            Self::Energy => Ink::Blue,
            Self::Fixed => Ink::Violet,
            Self::Tax => Ink::Pink,
            Self::Credit => Ink::Green,
        }
    }

    const fn name(self, language: Language) -> &'static str {
        match self {
            Self::Energy => language.pick("Energy", "Energía"),
            Self::Fixed => language.pick("Fixed", "Fijo"),
            Self::Tax => language.pick("Taxes", "Impuestos"),
            Self::Credit => language.pick("Credits", "Abonos"),
        }
    }
}

/// A part of a bill, such as a line of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BillPart<'a> {
    /// Its name, of any length; what is too long is cut on the chart and stands in the tooltip in full.
    pub name: &'a str,
    /// What it is for.
    pub kind: PartKind,
    /// Its amount; a credit is negative.
    pub amount: Money,
}

impl<'a> BillPart<'a> {
    /// The parts of a statement: the sum of the lines of each component, in the order of the statement.
    ///
    /// # Errors
    ///
    /// [`Error::Total`] where the currency is none, or a sum does not fit.
    pub fn of_statement(statement: &'a Statement, language: Language) -> Result<Vec<Self>, Error> {
        let total = |index| move |source| Error::Total { index, source };
        let currency: Currency = statement.currency.parse().map_err(total(0))?;
        let words = match language {
            Language::En => settlement::Language::English,
            Language::Es => settlement::Language::Spanish,
        };
        let mut components: Vec<&str> = Vec::new();
        let mut parts: Vec<Self> = Vec::new();
        for (index, line) in statement.lines.iter().enumerate() {
            let amount = line.amount.in_currency(currency);
            let place = components.iter().position(|component| *component == line.component);
            if let Some(part) = place.and_then(|place| parts.get_mut(place)) {
                part.amount = part.amount.checked_add(amount).map_err(total(index))?;
                continue;
            }
            let kind = match line.kind {
                LineKind::Energy => PartKind::Energy,
                LineKind::Capacity | LineKind::Fixed => PartKind::Fixed,
                LineKind::Tax => PartKind::Tax,
                LineKind::Credit | LineKind::Excess => PartKind::Credit,
            };
            components.push(&line.component);
            parts.push(Self { name: line.name(words), kind, amount });
        }
        Ok(parts)
    }
}

/// The most parts that have a bar of their own.
const MOST_PARTS: usize = 20;
/// The most names that a tooltip tells.
const MOST_TOLD: usize = 60;

/// Draws a bill's parts as a waterfall: each bar starts where the one above it ended, from energy over fixed parts and
/// taxes to credits, and the last one is the total. The total is the exact sum of the parts; a bill that was rounded
/// as a whole has its rounding among them.
///
/// Of more than twenty parts, or more than the chart's height has room for, the smallest are gathered, charges and
/// credits apart.
///
/// ```
/// use grid_core::chart::{BillPart, Options, PartKind, bill_parts};
/// let parts = [
///     BillPart { name: "Energy from the grid", kind: PartKind::Energy, amount: "31.20 EUR".parse()? },
///     BillPart { name: "VAT 21 %", kind: PartKind::Tax, amount: "6.55 EUR".parse()? },
///     BillPart { name: "Surplus", kind: PartKind::Credit, amount: "-4.10 EUR".parse()? },
/// ];
/// let chart = bill_parts(&parts, &Options::default())?;
/// assert!(chart.svg().contains("33.65"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::Total`] where the parts are in different currencies or add up to more than money can hold, or
/// [`Error::Size`].
pub fn bill_parts(parts: &[BillPart<'_>], options: &Options) -> Result<Svg, Error> {
    let language = options.language;
    let mut total: Option<Money> = None;
    for (index, part) in parts.iter().enumerate() {
        let sum = total.map_or(Ok(part.amount), |total| total.checked_add(part.amount));
        total = Some(sum.map_err(|source| Error::Total { index, source })?);
    }
    let title = language.pick("The bill's parts", "Las partes de la factura");
    draw(options, title, &describe(parts, total, language), |sheet| {
        let Some(total) = total else {
            let place = sheet.legend(&[], &[], 480)?;
            sheet.panel(place, &Axis::blank(), &Axis::blank(), "", Foot::Bare)?;
            return sheet.message(place, language.pick("No data", "Sin datos"));
        };
        let kinds = PartKind::ALL.into_iter().filter(|kind| parts.iter().any(|part| part.kind == *kind));
        let mut entries: Vec<(Mark, &str)> =
            kinds.map(|kind| (Mark::Block(kind.ink()), kind.name(language))).collect();
        entries.push((Mark::Block(Ink::Quiet), "Total"));
        let place = sheet.legend(&entries, &[], 480)?;
        let place = Place { left: sheet.edges().0, right: sheet.edges().1, ..place };
        let room = rows_in(place).saturating_sub(1).clamp(1, MOST_PARTS);
        let rows = rows(&gather(parts, room), total, language);
        let currency = total.currency();
        let heads = Heads {
            bars: language.pick("Amount, one part after the other", "Importe, una parte tras otra"),
            amounts: currency.code(),
            unit: currency.code(),
        };
        bars(sheet, place, &rows, Steps::Waterfall, &heads)
    })
}

/// The parts that share a row: one, or several that are gathered.
type Shared<'p, 'a> = Vec<&'p BillPart<'a>>;

/// Sorts the parts by their kind and gathers the smallest, until there are at most so many rows.
fn gather<'p, 'a>(parts: &'p [BillPart<'a>], most: usize) -> Vec<Shared<'p, 'a>> {
    let mut sorted: Vec<&BillPart<'_>> = parts.iter().collect();
    sorted.sort_by_key(|part| part.kind);
    if sorted.len() <= most {
        return sorted.into_iter().map(|part| vec![part]).collect();
    }
    let mut by_size: Vec<usize> = (0..sorted.len()).collect();
    let size = |place: &usize| sorted.get(*place).map_or(0, |part| part.amount.as_micros().unsigned_abs());
    by_size.sort_by_key(|place| std::cmp::Reverse(size(place)));
    let is_credit = |part: &&BillPart<'_>| part.amount.as_micros() < 0;
    // One row is for the rest; two where the rest has charges and credits, which would hide each other.
    for spare in [1, 2] {
        let Some(kept) = most.checked_sub(spare) else { continue };
        let mut shown = by_size.get(..kept).unwrap_or_default().to_vec();
        shown.sort_unstable();
        let (mut rows, mut rest) = (Vec::new(), Vec::new());
        for (place, part) in sorted.iter().enumerate() {
            if shown.binary_search(&place).is_ok() {
                rows.push(vec![*part]);
            } else {
                rest.push(*part);
            }
        }
        let (credits, charges): (Shared<'_, '_>, Shared<'_, '_>) = rest.into_iter().partition(is_credit);
        let groups: Vec<Shared<'_, '_>> =
            [charges, credits].into_iter().filter(|group| !group.is_empty()).collect();
        if groups.len() <= spare {
            rows.extend(groups);
            return rows;
        }
    }
    vec![sorted]
}

fn rows(shared: &[Shared<'_, '_>], total: Money, language: Language) -> Vec<Row> {
    let currency = total.currency();
    let mut ended: i128 = 0;
    let mut rows: Vec<Row> = Vec::with_capacity(shared.len() + 1);
    for parts in shared {
        let micros: i128 = parts.iter().map(|part| i128::from(part.amount.as_micros())).sum();
        let from = ended;
        ended += micros;
        let amount = sum_in_words(micros, total, language);
        let (name, ink, told) = if let [part] = parts.as_slice() {
            let name = shown_name(part, language);
            let told = format!("{name} · {amount} {currency}");
            (name, part.kind.ink(), told)
        } else {
            let name = gathered(parts, language);
            let told = format!("{name} · {amount} {currency} · {}", tell(parts, language));
            (name, Ink::Axis, told)
        };
        rows.push(Row { name, amount, reach: Some((units(from), units(ended))), ink, told });
    }
    let amount = words(total, language);
    rows.push(Row {
        name: "Total".to_owned(),
        told: format!("Total · {amount} {currency}"),
        amount,
        reach: Some((0.0, units(i128::from(total.as_micros())))),
        ink: Ink::Quiet,
    });
    rows
}

/// The parts that are gathered, in words.
fn tell(parts: &[&BillPart<'_>], language: Language) -> String {
    let told = parts
        .iter()
        .take(MOST_TOLD)
        .map(|part| format!("{} {}", shown_name(part, language), words(part.amount, language)));
    let rest = (parts.len() > MOST_TOLD).then(|| "…".to_owned());
    told.chain(rest).collect::<Vec<_>>().join(" · ")
}

/// A part's name as it is told, without the end of a very long one; its kind where it has none.
fn shown_name(part: &BillPart<'_>, language: Language) -> String {
    const ROOM: i32 = 20_000;
    let name = cut(part.name, 100, ROOM);
    if name.is_empty() { part.kind.name(language).to_owned() } else { name }
}

fn gathered(parts: &[&BillPart<'_>], language: Language) -> String {
    let count = parts.len();
    let credits = parts.iter().filter(|part| part.amount.as_micros() < 0).count();
    let (before, after) = match credits {
        0 => (language.pick("", "Otros "), language.pick(" other charges", " cargos")),
        _ if credits == count => (language.pick("", "Otros "), language.pick(" other credits", " abonos")),
        _ => ("", language.pick(" parts together", " partes juntas")),
    };
    format!("{before}{count}{after}")
}

fn words(amount: Money, language: Language) -> String {
    language.decimal(&amount.to_amount_string())
}

/// A sum of parts, which can be more than the total and than money can hold; only then it is not exact.
fn sum_in_words(micros: i128, total: Money, language: Language) -> String {
    match i64::try_from(micros) {
        Ok(micros) => words(Money::from_micros(micros, total.currency()), language),
        Err(_) => language.number(units(micros), 0),
    }
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "only where a bar ends; words are exact"
)]
fn units(micros: i128) -> f64 {
    micros as f64 / 1e6
}

/// The bill in words, for those who do not see it.
fn describe(parts: &[BillPart<'_>], total: Option<Money>, language: Language) -> String {
    let Some(total) = total else {
        return language.pick("There is no bill to show.", "No hay factura que mostrar.").to_owned();
    };
    let sums =
        PartKind::ALL.into_iter().filter(|kind| parts.iter().any(|part| part.kind == *kind)).map(|kind| {
            let of_kind = parts.iter().filter(|part| part.kind == kind);
            let micros: i128 = of_kind.map(|part| i128::from(part.amount.as_micros())).sum();
            let amount = sum_in_words(micros, total, language);
            format!("{} {amount}", kind.name(language))
        });
    format!(
        "{} {}. {}. Total {} {}.",
        parts.len(),
        if parts.len() == 1 { language.pick("part", "parte") } else { language.pick("parts", "partes") },
        sums.collect::<Vec<_>>().join(", "),
        words(total, language),
        total.currency()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::Currency;
    use proptest::prelude::*;

    fn part(micros: i64, kind: PartKind) -> BillPart<'static> {
        BillPart { name: "part", kind, amount: Money::from_micros(micros, Currency::EUR) }
    }

    #[test]
    fn parts_stand_by_kind_and_as_they_came() {
        let parts = [
            part(-1, PartKind::Credit),
            part(2, PartKind::Tax),
            part(3, PartKind::Energy),
            part(4, PartKind::Energy),
        ];
        let amounts: Vec<i64> = gather(&parts, 20).iter().map(|row| row[0].amount.as_micros()).collect();
        assert_eq!(amounts, [3, 4, 2, -1]);
    }

    #[test]
    fn gathered_charges_and_credits_do_not_hide_each_other() {
        let mut parts = vec![part(500, PartKind::Energy); 2];
        parts.extend(vec![part(7, PartKind::Fixed); 10]);
        parts.extend(vec![part(-7, PartKind::Credit); 10]);
        let rows = gather(&parts, 4);
        let lengths: Vec<usize> = rows.iter().map(Vec::len).collect();
        assert_eq!(lengths, [1, 1, 10, 10]);
        assert_eq!(gathered(&rows[2], Language::En), "10 other charges");
        assert_eq!(gathered(&rows[3], Language::Es), "Otros 10 abonos");
        assert_eq!(gathered(&gather(&parts, 1)[0], Language::En), "22 parts together");
    }

    proptest! {
        #[test]
        fn gathering_loses_no_part_and_keeps_to_the_room(
            amounts in prop::collection::vec((-1_000_000..1_000_000_i64, 0..4_usize), 1..60),
            most in 1..25_usize,
        ) {
            let parts: Vec<_> = amounts.iter().map(|(micros, kind)| part(*micros, PartKind::ALL[*kind])).collect();
            let rows = gather(&parts, most);
            prop_assert!(rows.len() <= most);
            prop_assert_eq!(rows.iter().map(Vec::len).sum::<usize>(), parts.len());
            let whole: i64 = amounts.iter().map(|(micros, _)| micros).sum();
            let shown: i64 = rows.iter().flatten().map(|part| part.amount.as_micros()).sum();
            prop_assert_eq!(whole, shown);
            // No part that is gathered is larger than one that has a row of its own, unless it is alone in its row.
            let alone = rows.iter().filter(|row| row.len() == 1).count();
            prop_assert!(alone + 2 >= most.min(parts.len()));
        }
    }
}
