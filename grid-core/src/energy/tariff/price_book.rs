//! Prices that change by the hour.

use std::{collections::BTreeMap, io::Read};

use super::{Decimal, Error};
use crate::{
    error::excerpt,
    quantity::{Currency, Price},
    time::{Interval, parse_instant},
};

/// Series of prices by name, which indexed components follow: a day-ahead market, a regulated hourly price.
///
/// ```
/// use grid_core::energy::tariff::PriceBook;
/// use grid_core::quantity::Currency;
/// let mut book = PriceBook::new();
/// let csv = "start,end,price\n2026-03-29T00:00:00Z,2026-03-29T01:00:00Z,-0.00012\n";
/// book.read_csv("spot", csv.as_bytes(), Currency::EUR)?;
/// assert_eq!(book.series("spot").map(<[_]>::len), Some(1));
/// # Ok::<(), grid_core::energy::tariff::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceBook {
    series: BTreeMap<String, Vec<(Interval, Price)>>,
}

impl PriceBook {
    /// Makes a book without prices.
    pub const fn new() -> Self {
        Self { series: BTreeMap::new() }
    }

    /// Adds prices to a series, in any order.
    ///
    /// # Errors
    ///
    /// [`Error::PricesOverlap`] and [`Error::OtherCurrency`]; the book is then as before.
    pub fn insert(
        &mut self,
        name: &str,
        prices: impl IntoIterator<Item = (Interval, Price)>,
    ) -> Result<(), Error> {
        let mut all = self.series.get(name).cloned().unwrap_or_default();
        all.extend(prices);
        all.sort_by_key(|(interval, _)| *interval);
        for ((before, price), (after, other)) in all.iter().zip(all.iter().skip(1)) {
            if before.overlaps(*after) {
                return Err(Error::PricesOverlap { series: name.to_owned(), at: after.start() });
            }
            if price.currency() != other.currency() {
                return Err(Error::OtherCurrency {
                    series: name.to_owned(),
                    expected: price.currency().to_string(),
                    got: other.currency().to_string(),
                });
            }
        }
        self.series.insert(name.to_owned(), all);
        Ok(())
    }

    /// Reads a series from comma-separated rows `start,end,price`, with instants that have an offset or `Z` and
    /// prices per kilowatt-hour.
    ///
    /// # Errors
    ///
    /// [`Error::PriceRow`] and [`Error::Unreadable`], and those of [`PriceBook::insert`].
    pub fn read_csv(&mut self, name: &str, source: impl Read, currency: Currency) -> Result<(), Error> {
        const INSTANT: &str = "an instant like `2026-03-29T01:00:00Z` or with an offset";
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(source);
        let mut record = csv::StringRecord::new();
        let mut prices = Vec::new();
        let mut first = true;
        loop {
            let line = reader.position().line();
            match reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    return Err(match error.into_kind() {
                        csv::ErrorKind::Io(io) => Error::Unreadable { line, reason: io.kind() },
                        _ => row(line, 1, "text in UTF-8", "bytes of another encoding"),
                    });
                }
            }
            let line = record.position().map_or(line, csv::Position::line);
            let field = |index: usize| record.get(index).unwrap_or_default().trim();
            if std::mem::take(&mut first) {
                for (column, name) in (1..).zip(["start", "end", "price"]) {
                    let got = field(usize::try_from(column).unwrap_or(1) - 1).trim_start_matches('\u{feff}');
                    if !got.eq_ignore_ascii_case(name) {
                        return Err(row(line, column, "a header `start,end,price`", got));
                    }
                }
                continue;
            }
            if record.len() != 3 {
                let got = record.iter().collect::<Vec<_>>().join(",");
                return Err(row(line, 1, "three fields `start,end,price`", &got));
            }
            let start = parse_instant(field(0)).map_err(|_| row(line, 1, INSTANT, field(0)))?;
            let end = parse_instant(field(1)).map_err(|_| row(line, 2, INSTANT, field(1)))?;
            let interval =
                Interval::new(start, end).map_err(|_| row(line, 2, "an end after the start", field(1)))?;
            let price: Decimal = field(2)
                .parse()
                .map_err(|_| row(line, 3, "a price per kWh with up to six decimals", field(2)))?;
            prices.push((interval, Price::from_micros_per_kwh(price.as_micros(), currency)));
        }
        if first {
            return Err(row(1, 1, "a header `start,end,price`", ""));
        }
        self.insert(name, prices)
    }

    /// The prices of a series, in the order of time.
    pub fn series(&self, name: &str) -> Option<&[(Interval, Price)]> {
        self.series.get(name).map(Vec::as_slice)
    }

    /// The names of the series.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.series.keys().map(String::as_str)
    }

    /// The price of each slot, or `None` where some of the slot has none.
    pub(super) fn of_slots(
        &self,
        component: &str,
        name: &str,
        currency: Currency,
        slots: &[Interval],
    ) -> Result<Vec<Option<i64>>, Error> {
        let prices = self.series.get(name).ok_or_else(|| Error::UnknownSeries {
            component: component.to_owned(),
            series: name.to_owned(),
        })?;
        if let Some((_, price)) = prices.iter().find(|(_, price)| price.currency() != currency) {
            return Err(Error::OtherCurrency {
                series: name.to_owned(),
                expected: currency.to_string(),
                got: price.currency().to_string(),
            });
        }
        slots.iter().map(|slot| of_slot(prices, name, *slot)).collect()
    }
}

fn of_slot(prices: &[(Interval, Price)], name: &str, slot: Interval) -> Result<Option<i64>, Error> {
    let first = prices.partition_point(|(interval, _)| interval.end() <= slot.start());
    let mut covered = slot.start();
    let mut price = None;
    for (interval, other) in prices.iter().skip(first) {
        if covered >= slot.end() || interval.start() > covered {
            break;
        }
        let micros = other.as_micros_per_kwh();
        if price.is_some_and(|price| price != micros) {
            return Err(Error::SlotAcrossPrices { series: name.to_owned(), slot });
        }
        price = Some(micros);
        covered = interval.end();
    }
    Ok(if covered >= slot.end() { price } else { None })
}

fn row(line: u64, column: u64, expected: &'static str, got: &str) -> Error {
    Error::PriceRow { line, column, expected, got: excerpt(got) }
}
