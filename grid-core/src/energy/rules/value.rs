//! Energies at prices, summed exactly and rounded once.

use super::Error;
use crate::quantity::{self, Currency, Energy, Money, Price, Rounding, divide};

/// An energy's value in millionths of a millionth of the currency's unit.
pub(super) fn product(energy: Energy, price: Price, currency: Currency) -> Result<i128, Error> {
    if price.currency() != currency {
        let (expected, got) = (currency.to_string(), price.currency().to_string());
        return Err(quantity::Error::CurrencyMismatch { expected, got }.into());
    }
    Ok(i128::from(energy.as_mwh()) * i128::from(price.as_micros_per_kwh()))
}

/// Adds [`product`]s.
pub(super) fn add(sum: i128, next: i128) -> Result<i128, Error> {
    sum.checked_add(next).ok_or_else(|| COST_OUT_OF_RANGE.into())
}

/// A sum of [`product`]s as money, half up.
pub(super) fn money(sum: i128, currency: Currency) -> Result<Money, Error> {
    divide(sum, 1_000_000, Rounding::HalfUp)
        .and_then(|micros| i64::try_from(micros).ok())
        .map(|micros| Money::from_micros(micros, currency))
        .ok_or_else(|| COST_OUT_OF_RANGE.into())
}

const COST_OUT_OF_RANGE: quantity::Error =
    quantity::Error::OutOfRange { quantity: "cost", unit: "millionths of the currency's unit" };

/// The difference of two amounts.
pub(super) fn less(from: Money, what: Money) -> Result<Money, Error> {
    let negated = what.as_micros().checked_neg().ok_or(COST_OUT_OF_RANGE)?;
    Ok(from.checked_add(Money::from_micros(negated, what.currency()))?)
}
