//! Prices of energy over time, from files, tables and arrays.

use std::path::PathBuf;

use grid_core::{
    energy::tariff::{Decimal, PriceBook},
    quantity::{Currency, Energy, Price},
    time::Interval,
};
use jiff::Timestamp;
use pyo3::{
    prelude::*,
    types::{PyBytes, PyMapping},
};

use crate::{
    columns::{Columns, same_length},
    error::{Error, raise},
};

/// The column of a table of prices.
const PRICE: &str = "price_per_kwh";

/// A book of the series that a mapping names; arrays have one price for each of `slots`.
pub(crate) fn book(
    prices: Option<&Bound<'_, PyAny>>,
    currency: Currency,
    slots: &[Interval],
) -> PyResult<PriceBook> {
    let mut book = PriceBook::new();
    let Some(prices) = prices else { return Ok(book) };
    for item in prices.cast::<PyMapping>()?.items()? {
        let (name, data): (String, Bound<'_, PyAny>) = item.extract()?;
        book.insert(&name, series(&name, &data, currency, Some(slots))?).map_err(raise)?;
    }
    Ok(book)
}

/// One series: the path or the bytes of a CSV file, a table, or an array with one price for each of `slots`.
pub(crate) fn series(
    name: &str,
    data: &Bound<'_, PyAny>,
    currency: Currency,
    slots: Option<&[Interval]>,
) -> PyResult<Vec<(Interval, Price)>> {
    let read = |source: &mut dyn std::io::Read| {
        let mut book = PriceBook::new();
        book.read_csv(name, source, currency).map_err(raise)?;
        Ok(book.series(name).unwrap_or_default().to_vec())
    };
    if let Ok(bytes) = data.cast::<PyBytes>() {
        return read(&mut bytes.as_bytes());
    }
    if let Ok(path) = data.extract::<PathBuf>() {
        return read(&mut std::fs::File::open(path)?);
    }
    let price = |micros: i64| Price::from_micros_per_kwh(micros, currency);
    if !data.hasattr("keys")? && !data.hasattr("__arrow_c_stream__")? {
        let needed =
            || raise(Error::Needed { what: "a table with `start` and `end`", when: "prices are added" });
        let slots = slots.ok_or_else(needed)?;
        let values = data.try_iter()?.map(|value| micros(&value?)).collect::<PyResult<Vec<_>>>()?;
        same_length(name, slots.len(), values.len())?;
        return Ok(slots.iter().copied().zip(values.into_iter().map(price)).collect());
    }
    let columns = Columns::of(data)?;
    let (starts, ends) = (columns.instants("start")?, columns.instants("end")?);
    // A price per kilowatt-hour has the decimals of an energy: what is no text is rounded to the sixth, halves to even.
    let prices = columns.energies(PRICE)?;
    same_length("end", starts.len(), ends.len())?;
    same_length(PRICE, starts.len(), prices.len())?;
    let row = |((start, end), known): ((Timestamp, Timestamp), Option<Energy>)| {
        let missing = || Error::WrongColumn {
            name: PRICE.to_owned(),
            expected: "a price in every row",
            got: "none".to_owned(),
        };
        let known = known.ok_or_else(|| raise(missing()))?;
        Ok((Interval::new(start, end).map_err(raise)?, price(known.as_mwh())))
    };
    starts.into_iter().zip(ends).zip(prices).map(row).collect()
}

/// Millionths of a price: of decimal text exactly, of a number rounded, halves to even.
fn micros(value: &Bound<'_, PyAny>) -> PyResult<i64> {
    if let Ok(number) = value.extract::<f64>()
        && let Some(rounded) = Energy::from_kwh_f64(number)
    {
        return Ok(rounded.as_mwh());
    }
    let text: String = value.str()?.extract()?;
    text.parse::<Decimal>().map(Decimal::as_micros).map_err(raise)
}
